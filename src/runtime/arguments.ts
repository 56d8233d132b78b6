// The arguments of one action call as the action sees them: by catalog name, with the catalog's defaults, converted on demand.
import { type CatalogAction, type CatalogArgument, enumMember } from '../language/catalog/catalog.ts';
import { type ActionArguments, ActionError } from './action.ts';
import { describe, parseNumeric, toBoolean, toNumber, toNumeric, toText } from './convert.ts';
import { LogicError } from './errors.ts';
import { Datarow, EnumValue, FileValue, FolderValue, type Numeric, typeName, type Value } from './values.ts';

/** What all calls from one place of a flow have in common. Built once per place. */
export class ArgumentShape {
  readonly actionId: string;
  /** Position of the value by argument name, as spelled in the catalog and in lower case. */
  readonly #positions = new Map<string, number>();
  readonly #catalog = new Map<string, CatalogArgument>();
  readonly dynamic: readonly { readonly name: string; readonly position: number }[];

  /** `names` and `dynamic` as in `CallSite`. Without catalog entry the action sees exactly what the call gives. */
  constructor(
    actionId: string,
    entry: CatalogAction | undefined,
    names: readonly string[],
    dynamic: readonly boolean[],
  ) {
    this.actionId = actionId;
    for (const argument of entry?.arguments ?? []) {
      this.#catalog.set(argument.name, argument);
      this.#catalog.set(argument.name.toLowerCase(), argument);
    }
    names.forEach((name, position) => {
      if (dynamic[position]) return;
      this.#positions.set(name.toLowerCase(), position);
      const spelled = this.#catalog.get(name.toLowerCase())?.name;
      if (spelled !== undefined) this.#positions.set(spelled, position);
    });
    this.dynamic = names.flatMap((name, position) => (dynamic[position] ? [{ name, position }] : []));
  }

  position(name: string): number | undefined {
    return this.#positions.get(name) ?? this.#positions.get(name.toLowerCase());
  }

  argument(name: string): CatalogArgument | undefined {
    return this.#catalog.get(name) ?? this.#catalog.get(name.toLowerCase());
  }
}

/** Failed conversions are ActionErrors `InvalidArgument`: the error rules of the action see them. */
export class CallArguments implements ActionArguments {
  readonly #shape: ArgumentShape;
  readonly #values: readonly Value[];
  readonly #folder: string;

  constructor(shape: ArgumentShape, values: readonly Value[], folder: string) {
    this.#shape = shape;
    this.#values = values;
    this.#folder = folder;
  }

  get dynamic(): readonly { readonly name: string; readonly value: Value }[] {
    return this.#shape.dynamic.map(({ name, position }) => ({
      name,
      value: this.#values[position] as Value,
    }));
  }

  has(name: string): boolean {
    const value = this.#given(name);
    return value !== undefined && value !== null && value !== '';
  }

  value(name: string): Value {
    const value = this.#given(name);
    if (value !== undefined) return value;
    const argument = this.#shape.argument(name);
    return argument?.defaultValue === undefined ? null : typedDefault(argument.type, argument.defaultValue);
  }

  text(name: string): string {
    return toText(this.value(name));
  }

  number(name: string): number {
    const value = this.value(name);
    if (typeof value === 'number') return value;
    return this.#convert(name, 'a number', () => toNumber(value));
  }

  numeric(name: string): Numeric {
    const value = this.value(name);
    return this.#convert(name, 'a number', () => toNumeric(value));
  }

  integer(name: string): number {
    const value = this.number(name);
    if (!Number.isInteger(value)) throw this.#refuse(name, value, 'a whole number');
    return value;
  }

  boolean(name: string): boolean {
    const value = this.value(name);
    if (typeof value === 'boolean') return value;
    return this.#convert(name, 'True or False', () => toBoolean(value));
  }

  member(name: string): string {
    const value = this.value(name);
    const written = value instanceof EnumValue ? value.member : toText(value);
    const type = this.#shape.argument(name)?.enumType;
    const member = type === undefined ? written : enumMember(type, written);
    if (member === undefined) throw this.#refuse(name, value, `a member of ${type}`);
    return member;
  }

  list(name: string): Value[] {
    const value = this.value(name);
    if (Array.isArray(value)) return value;
    if (value instanceof Datarow) return value.cells;
    throw this.#refuse(name, value, 'a list');
  }

  path(name: string): string {
    const value = this.value(name);
    const path = this.#path(value);
    if (path === undefined || path === '') throw this.#refuse(name, value, 'a path');
    return path;
  }

  paths(name: string): string[] {
    const value = this.value(name);
    const paths = (Array.isArray(value) ? value : [value]).map((item) => this.#path(item));
    return paths.map((path) => {
      if (path === undefined || path === '') throw this.#refuse(name, value, 'a path or a list of paths');
      return path;
    });
  }

  #given(name: string): Value | undefined {
    const position = this.#shape.position(name);
    return position === undefined ? undefined : this.#values[position];
  }

  #path(value: Value): string | undefined {
    if (value instanceof FileValue || value instanceof FolderValue) return value.path;
    return typeof value === 'string' ? resolvePath(this.#folder, value.trim()) : undefined;
  }

  #convert<T>(name: string, wanted: string, convert: () => T): T {
    try {
      return convert();
    } catch (error) {
      if (error instanceof LogicError) throw this.#refuse(name, this.value(name), wanted);
      throw error;
    }
  }

  #refuse(name: string, value: Value, wanted: string): ActionError {
    return new ActionError(
      'InvalidArgument',
      value === null
        ? `The argument "${name}" of ${this.#shape.actionId} has no value; it expects ${wanted}.`
        : `${describe(value)} cannot be used for the argument "${name}" of ${this.#shape.actionId}, which expects ${wanted}.`,
      `Look at where the value of "${name}" comes from. It is a ${typeName(value)} value at this point.`,
    );
  }
}

function typedDefault(type: string, text: string): Value {
  if (/^boolean$/i.test(type)) return text.toLowerCase() === 'true';
  if (/^(int32|int64|decimal|double)$/i.test(type)) return parseNumeric(text) ?? text;
  return text;
}

/**
 * A path of a flow, absolute. Flows are written with backslashes; where paths use `/` (the flow's folder says which), a
 * backslash separates folders as well. A drive or network path is left as it is.
 */
export function resolvePath(folder: string, path: string): string {
  if (path === '' || /^[a-z]:/i.test(path) || path.startsWith('\\\\')) return path;
  const isPosix = folder.startsWith('/');
  const written = isPosix ? path.replaceAll('\\', '/') : path;
  if (written.startsWith('/') || (!isPosix && written.startsWith('\\'))) return written;
  const separator = isPosix ? '/' : '\\';
  return folder.endsWith(separator) ? folder + written : folder + separator + written;
}
