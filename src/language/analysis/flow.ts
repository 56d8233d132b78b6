// A flow as its callers see it: inputs, outputs, what is secret, how large. Decides whether given input values fit.
// Does not look at what the statements do (see check.ts and sensitivity.ts).
import { ProductError } from '../../base/error.ts';
import { nearest } from '../nearest.ts';
import { parseNumber } from '../syntax/numbers.ts';
import type { Expression, FlowFile, FlowParameter, Statement } from '../syntax/tree.ts';
import { eachStatement } from '../syntax/walk.ts';

export type ParameterType =
  | 'Text'
  | 'Number'
  | 'Boolean'
  | 'List'
  | 'Custom object'
  | 'Datatable'
  | 'Datetime'
  | 'Instance';

/** A value of an input as plain data; the same shape as a value on the wire. `null` is blank. */
export type FlowValue =
  | string
  | number
  | boolean
  | null
  | readonly FlowValue[]
  | { readonly $type: 'object'; readonly entries: { readonly [key: string]: FlowValue } }
  /** A number with more digits than a JavaScript number keeps. */
  | { readonly $type: 'number'; readonly value: string }
  | { readonly $type: 'datetime'; readonly value: string }
  | {
      readonly $type: 'datatable';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly FlowValue[])[];
    };

/** One input or output. */
export interface FlowParameterInfo {
  /** Variable inside the flow. */
  readonly name: string;
  /** What people and callers know it by: its FriendlyName, else its variable's name. */
  readonly externalName: string;
  readonly description: string;
  readonly type: ParameterType;
  readonly optional: boolean;
  readonly sensitive: boolean;
  /**
   * Absent when the flow gives none. A mandatory input whose default is empty (`''`, `[]`, `{ }`) has none: that is what the
   * designer writes when the field is left empty, and its cloud side asks for such an input. May be a secret when `sensitive`.
   */
  readonly defaultValue?: FlowValue;
  /** 0-based line of its declaration. */
  readonly line: number;
}

export interface FlowInfo {
  readonly inputs: readonly FlowParameterInfo[];
  readonly outputs: readonly FlowParameterInfo[];
  /** Lower-cased names of the variables listed in `@SENSITIVE`. What follows from them is in sensitivity.ts. */
  readonly sensitive: ReadonlySet<string>;
  /** Names of the subflows besides Main, in file order. */
  readonly subflows: readonly string[];
  /** Statements that can run: disabled rows, regions and error lines are not counted. */
  readonly statementCount: number;
}

/** Complete inputs by external name, or everything that is wrong with them (`InputMissing`, `InputUnknown`, `InputTwice`, `InputType`). */
export type InputCheck =
  | { readonly ok: true; readonly values: Readonly<Record<string, FlowValue>> }
  | { readonly ok: false; readonly problems: readonly ProductError[] };

/** What a flow asks for and gives back. Never fails: a damaged declaration counts as a Text input without default. */
export function flowInfo(file: FlowFile): FlowInfo {
  const sensitive = new Set(file.header.sensitive.map((name) => name.text.toLowerCase()));
  const parameters = (direction: FlowParameter['direction']) =>
    file.header.parameters
      .filter((parameter) => parameter.direction === direction)
      .map((parameter) => describe(parameter, sensitive));
  let statementCount = 0;
  const count = (body: readonly Statement[]) => {
    for (const { statement } of eachStatement(body)) if (!silent.has(statement.kind)) statementCount++;
  };
  count(file.main);
  for (const subflow of file.subflows) count(subflow.body);
  return {
    inputs: parameters('input'),
    outputs: parameters('output'),
    sensitive,
    subflows: file.subflows.map((subflow) => subflow.name.text),
    statementCount,
  };
}

const silent: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>([
  'Disabled',
  'Error',
  'Region',
  'EndRegion',
]);

/**
 * Fits `given` to the flow's inputs (rule ACT-7). Keys are matched by external name exactly, then in any letter case, then by variable name.
 * Values are plain data; text is converted to the type of its input (`5`, `true`, `2026-01-31 10:00`, JSON for lists, objects and
 * tables), because a command line gives text only. Blank (`null`, or empty text where text is not wanted) stands for "not given".
 * Defaults are filled in and an optional input without one becomes blank. Problems never contain a given value: it may be secret.
 */
export function checkInputs(info: FlowInfo, given: Readonly<Record<string, unknown>>): InputCheck {
  const problems: ProductError[] = [];
  const matched = new Map<FlowParameterInfo, { readonly key: string; readonly value: unknown }>();
  for (const [key, value] of Object.entries(given)) {
    const input = findInput(info, key);
    if (input === undefined) problems.push(unknownInput(info, key));
    else if (matched.has(input)) {
      problems.push(
        new ProductError(
          'InputTwice',
          `The input "${input.externalName}" is given twice, as "${matched.get(input)?.key}" and as "${key}".`,
          `Give "${input.externalName}" once.`,
        ),
      );
    } else matched.set(input, { key, value });
  }
  const values: [string, FlowValue][] = [];
  for (const input of info.inputs) {
    const value = matched.get(input)?.value;
    if (isBlank(value, input.type)) {
      if (value !== undefined && input.optional) values.push([input.externalName, null]);
      else if (input.defaultValue !== undefined) values.push([input.externalName, input.defaultValue]);
      else if (input.optional) values.push([input.externalName, null]);
      else problems.push(missingInput(input));
      continue;
    }
    const converted = convert(value, input.type);
    if (converted === undefined) {
      problems.push(
        new ProductError(
          'InputType',
          `The input "${input.externalName}" does not accept the value given: it expects ${expectation[input.type]}.`,
          input.type === 'Instance'
            ? `Call this flow from another flow that owns the instance.`
            : `Give "${input.externalName}" as ${expectation[input.type]}.`,
        ),
      );
    } else values.push([input.externalName, converted]);
  }
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, values: Object.fromEntries(values) as Record<string, FlowValue> };
}

// ── Declarations ────────────────────────────────────────────────────────────────────────────────────────────────

// Types seen in exported flows, and the names the documentation uses for them. Everything else is a live instance
// (browser, Excel …) or a session, which only another flow can pass.
const parameterTypes = new Map<string, ParameterType>(
  Object.entries({
    string: 'Text',
    text: 'Text',
    numeric: 'Number',
    number: 'Number',
    bool: 'Boolean',
    boolean: 'Boolean',
    list: 'List',
    customobject: 'Custom object',
    datatable: 'Datatable',
    datetime: 'Datetime',
  }),
);

/** What a `'Type'` of a declaration means, in any letter case; undefined for live instances and what nobody knows. */
export function parameterType(written: string): ParameterType | undefined {
  return parameterTypes.get(written.toLowerCase());
}

function describe(parameter: FlowParameter, sensitive: ReadonlySet<string>): FlowParameterInfo {
  const fields = new Map<string, Expression>();
  if (parameter.definition.kind === 'Object') {
    for (const entry of parameter.definition.entries) {
      const key = constantValue(entry.key);
      if (typeof key === 'string') fields.set(key.toLowerCase(), entry.value);
    }
  }
  const text = (key: string): string => {
    const field = fields.get(key);
    const value = field === undefined ? undefined : constantValue(field);
    return typeof value === 'string' ? value : '';
  };
  const typeName = text('type');
  const type = typeName === '' ? 'Text' : (parameterType(typeName) ?? 'Instance');
  const optionalField = fields.get('isoptional');
  const optional = optionalField !== undefined && constantValue(optionalField) === true;
  const defaultField = fields.get('defaultvalue');
  const defaultValue =
    defaultField === undefined ? undefined : asDefault(constantValue(defaultField), type, optional);
  return {
    name: parameter.name.text,
    externalName: text('friendlyname') || parameter.name.text,
    description: text('description'),
    type,
    optional,
    sensitive: sensitive.has(parameter.name.text.toLowerCase()),
    ...(defaultValue === undefined ? {} : { defaultValue }),
    line: parameter.line,
  };
}

function asDefault(
  value: FlowValue | undefined,
  type: ParameterType,
  optional: boolean,
): FlowValue | undefined {
  if (value === undefined) return undefined;
  // `{ }` is the empty table and `{{ }}` the empty object, but in a header either may stand for both.
  const fitting = isEmptyCollection(value) ? emptyValue(type, value) : value;
  if (!optional && (fitting === '' || isEmptyCollection(fitting))) return undefined;
  return isBlank(fitting, type) ? null : convert(fitting, type);
}

function isEmptyCollection(value: FlowValue): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (isList(value)) return value.length === 0;
  if (value.$type === 'object') return Object.keys(value.entries).length === 0;
  return value.$type === 'datatable' && value.columns.length === 0 && value.rows.length === 0;
}

function emptyValue(type: ParameterType, otherwise: FlowValue): FlowValue {
  if (type === 'Custom object') return { $type: 'object', entries: {} };
  if (type === 'Datatable') return { $type: 'datatable', columns: [], rows: [] };
  return otherwise;
}

/**
 * The value of an expression that needs no variable: literals, lists, tables, objects, negative numbers. Undefined when it needs one.
 * A table without header row has the columns `Column1`, `Column2` …, as the designer names them.
 */
function constantValue(expression: Expression): FlowValue | undefined {
  switch (expression.kind) {
    case 'Number':
    case 'Boolean':
    case 'Text':
      return expression.value;
    case 'Interpolated': {
      let text = '';
      for (const part of expression.parts) {
        if (part.kind !== 'TextPart') return undefined;
        text += part.value;
      }
      return text;
    }
    case 'Datetime': {
      const value = wallClock(expression.value);
      return value === undefined ? undefined : { $type: 'datetime', value };
    }
    case 'Parenthesized':
      return constantValue(expression.inner);
    case 'Unary': {
      const operand = constantValue(expression.operand);
      return expression.operator === '-' && typeof operand === 'number' ? -operand : undefined;
    }
    case 'List':
      return constantValues(expression.items);
    case 'Object': {
      const keys = constantValues(expression.entries.map((entry) => entry.key));
      const values = constantValues(expression.entries.map((entry) => entry.value));
      if (keys === undefined || values === undefined || !keys.every((key) => typeof key === 'string')) {
        return undefined;
      }
      return {
        $type: 'object',
        entries: Object.fromEntries(keys.map((key, i) => [key, values[i] as FlowValue])),
      };
    }
    case 'Table': {
      const header = expression.header === undefined ? [] : constantValues(expression.header);
      if (expression.rowValues.length > 0) return undefined; // a row by name is no constant
      const rows = expression.rows.map(constantValues);
      if (header === undefined || !rows.every((row) => row !== undefined)) return undefined;
      const width = Math.max(header.length, ...rows.map((row) => row.length));
      return {
        $type: 'datatable',
        columns: Array.from({ length: width }, (_, i) => String(header[i] ?? `Column${i + 1}`)),
        rows: rows.map((row) => Array.from({ length: width }, (_, i) => row[i] ?? null)),
      };
    }
    default:
      return undefined;
  }
}

function constantValues(expressions: readonly Expression[]): FlowValue[] | undefined {
  const values = expressions.map(constantValue);
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** The DefaultValue of an input that is no constant or does not fit the input's type; undefined when all is well. */
export function unfitDefault(parameter: FlowParameter): Expression | undefined {
  if (parameter.definition.kind !== 'Object') return undefined;
  const expression = parameter.definition.entries.find(
    (entry) => String(constantValue(entry.key)).toLowerCase() === 'defaultvalue',
  )?.value;
  if (expression === undefined) return undefined;
  const { type } = describe(parameter, new Set());
  const value = constantValue(expression);
  if (value === undefined) return expression;
  const fits = isBlank(value, type) || isEmptyCollection(value) || convert(value, type) !== undefined;
  return fits ? undefined : expression;
}

// ── Given values ────────────────────────────────────────────────────────────────────────────────────────────────

function findInput(info: FlowInfo, key: string): FlowParameterInfo | undefined {
  const wanted = key.toLowerCase();
  return (
    info.inputs.find((input) => input.externalName === key) ??
    info.inputs.find((input) => input.externalName.toLowerCase() === wanted) ??
    info.inputs.find((input) => input.name.toLowerCase() === wanted)
  );
}

function unknownInput(info: FlowInfo, key: string): ProductError {
  const names = info.inputs.map((input) => input.externalName);
  const near = nearest(key, names);
  return new ProductError(
    'InputUnknown',
    `The flow has no input "${key}".`,
    names.length === 0
      ? 'Leave it out: this flow takes no inputs.'
      : near !== undefined
        ? `Did you mean "${near}"?`
        : `Its inputs are ${names.map((name) => `"${name}"`).join(', ')}.`,
  );
}

function missingInput(input: FlowParameterInfo): ProductError {
  const name = input.externalName;
  return new ProductError(
    'InputMissing',
    `The input "${name}" (${input.type}) has no value and the flow has no default for it.`,
    input.type === 'Instance'
      ? 'Only another flow can pass an instance: call this flow from one, or make the input optional.'
      : `Give "${name}" as ${expectation[input.type]}, on the command line with ${
          input.sensitive
            ? `--input-env "${name}=VARIABLE" (a sensitive value stays out of sight there)`
            : `--input "${name}=…"`
        }.`,
  );
}

const expectation: Readonly<Record<ParameterType, string>> = {
  Text: 'text',
  Number: 'a number such as 5 or -2.5',
  Boolean: 'true or false',
  List: 'a list, as JSON such as ["a", 2]',
  'Custom object': 'an object, as JSON such as {"name": "value"}',
  Datatable: 'a table, as JSON such as [{"column": "value"}]',
  Datetime: 'a date and time such as 2026-01-31 10:00:00',
  Instance: 'an instance that only another flow can pass',
};

function isBlank(value: unknown, type: ParameterType): boolean {
  return (
    value === undefined ||
    value === null ||
    (type !== 'Text' && typeof value === 'string' && value.trim() === '')
  );
}

function convert(value: unknown, type: ParameterType): FlowValue | undefined {
  switch (type) {
    case 'Text':
      return typeof value === 'string' ? value : undefined;
    case 'Number':
      if (typeof value === 'number') return finite(value);
      return numberFrom(field(value, 'number', 'value') ?? value);
    case 'Boolean': {
      if (typeof value === 'boolean') return value;
      const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
      return word === 'true' ? true : word === 'false' ? false : undefined;
    }
    case 'Datetime': {
      const text = field(value, 'datetime', 'value') ?? value;
      const clock = typeof text === 'string' ? wallClock(text) : undefined;
      return clock === undefined ? undefined : { $type: 'datetime', value: clock };
    }
    case 'List': {
      const list = plain(fromText(value));
      return isList(list) ? list : undefined;
    }
    case 'Custom object': {
      const object = plain(fromText(value));
      return isKind(object, 'object') ? object : undefined;
    }
    case 'Datatable':
      return asTable(plain(fromText(value)));
    case 'Instance':
      return undefined;
  }
}

/** The number a text spells, with all its digits. */
function numberFrom(text: unknown): FlowValue | undefined {
  if (typeof text !== 'string') return undefined;
  const value = parseNumber(text);
  if (value === undefined) return undefined;
  const digits = text.replace(/e.*/i, '').replace(/\D/g, '').replace(/^0+/, '');
  return digits.length <= 15 || Number.isSafeInteger(value) ? value : { $type: 'number', value: text.trim() };
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function fromText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** JSON-like data, or data that is on-the-wire already, as a flow value. */
function plain(value: unknown): FlowValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return finite(value);
  if (Array.isArray(value)) {
    const items = value.map(plain);
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  if (typeof value !== 'object') return undefined;
  const number = field(value, 'number', 'value');
  if (number !== undefined) return numberFrom(number);
  const clock = field(value, 'datetime', 'value');
  if (clock !== undefined) return convert(clock, 'Datetime');
  const columns = field(value, 'datatable', 'columns');
  if (columns !== undefined) return asTable(columnsAndRows(columns, field(value, 'datatable', 'rows')));
  const entries = Object.entries(field(value, 'object', 'entries') ?? value).map(
    ([key, item]) => [key, plain(item)] as const,
  );
  return entries.every((entry): entry is readonly [string, FlowValue] => entry[1] !== undefined)
    ? { $type: 'object', entries: Object.fromEntries(entries) }
    : undefined;
}

/** A table from itself, from a list of objects (the form of cloud flows) or from an object of `columns` and `rows`. */
function asTable(value: FlowValue | undefined): FlowValue | undefined {
  if (value === undefined || value === null || typeof value !== 'object') return undefined;
  if (!isList(value)) {
    if (value.$type === 'datatable') return value;
    return value.$type === 'object' ? columnsAndRows(value.entries.columns, value.entries.rows) : undefined;
  }
  const columns: string[] = [];
  for (const row of value) {
    if (!isKind(row, 'object')) return undefined;
    for (const key of Object.keys(row.entries)) if (!columns.includes(key)) columns.push(key);
  }
  const rows = value.map((row) =>
    columns.map((column) =>
      isKind(row, 'object') && Object.hasOwn(row.entries, column) ? (row.entries[column] as FlowValue) : null,
    ),
  );
  return { $type: 'datatable', columns, rows };
}

function columnsAndRows(columns: unknown, rows: unknown): FlowValue | undefined {
  if (!Array.isArray(columns) || !columns.every((column) => typeof column === 'string')) return undefined;
  const cells = plain(rows);
  if (!isList(cells) || !cells.every((row) => isList(row) && row.length === columns.length)) return undefined;
  return { $type: 'datatable', columns, rows: cells as readonly (readonly FlowValue[])[] };
}

function isList(value: FlowValue | undefined): value is readonly FlowValue[] {
  return Array.isArray(value);
}

function isKind<K extends 'object' | 'datatable' | 'datetime'>(
  value: FlowValue | undefined,
  kind: K,
): value is Extract<FlowValue, { $type: K }> {
  return (
    value !== undefined &&
    value !== null &&
    typeof value === 'object' &&
    !isList(value) &&
    value.$type === kind
  );
}

/** A field of a tagged wire value, or undefined when `value` is something else. */
function field(value: unknown, type: string, key: string): unknown {
  if (value === null || typeof value !== 'object' || !('$type' in value) || value.$type !== type)
    return undefined;
  return (value as Record<string, unknown>)[key];
}

/**
 * `2026-01-31`, `2026-01-31 10:00`, `2026-01-31T10:00:00.5` or a datetime literal's `2026-01-31 10:00:00.00+000` as
 * `2026-01-31T10:00:00` (milliseconds only when there are any). A zone is not accepted: flow datetimes have none.
 */
function wallClock(text: string): string | undefined {
  const match =
    /^\s*(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(?:\+000)?)?\s*$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = ''] = match;
  const ms = `${fraction}000`.slice(0, 3);
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const date = new Date(`${iso}.${ms}Z`);
  // A day such as 31 February would silently roll over.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(iso)) return undefined;
  return ms === '000' ? iso : `${iso}.${ms}`;
}
