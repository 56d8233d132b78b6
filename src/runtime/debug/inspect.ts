// Values as a debugger shows them: one bounded line each, and what is inside, in pages. Never shows a secret that the run knows.
import type { Redactor } from '../../base/redact.ts';
import { datetimeText, toText } from '../convert.ts';
import {
  CustomObject,
  Datarow,
  Datatable,
  EnumValue,
  ErrorValue,
  FileValue,
  FlowDatetime,
  FolderValue,
  InstanceValue,
  RepositoryValue,
  typeName,
  type Value,
} from '../values.ts';

/** Characters of one line. */
export const lineCharacters = 200;
/** Of a text, this much is searched for secrets before it is cut, so that none is shown in part. */
const searchedCharacters = 20_000;
/** Items of a list or object that its line shows. */
const shownItems = 5;

/** Something inside a value. `path` continues an expression of the language, as in `['Name']` or `.Hour`. */
export interface Part {
  readonly name: string;
  readonly value: Value;
  readonly path: string;
  /** Whether `SET` can change it. */
  readonly settable: boolean;
}

/** How many parts a value has: `items` have numbers from 0, `names` come first and are few. */
export interface PartCounts {
  readonly items: number;
  readonly names: number;
}

export class Inspector {
  readonly #redactor: Redactor;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** One line, spelled like a literal of the language where there is one. Cost is bounded however large the value. */
  line(value: Value): string {
    return cut(this.#line(value, 2), lineCharacters);
  }

  /** The whole value as text, for copying; cut at `most` characters. */
  whole(value: Value, most: number): string {
    if (typeof value === 'string') return cut(this.#redactor.text(value), most);
    return cut(this.#redactor.text(toText(value)), most);
  }

  /** A text that may contain a secret. */
  masked(text: string): string {
    return this.#redactor.text(text);
  }

  #line(value: Value, depth: number): string {
    if (value === null) return 'Blank()';
    if (typeof value === 'string') return this.#text(value);
    if (Array.isArray(value)) {
      if (depth === 0) return `List, ${counted(value.length, 'item')}`;
      return this.#items(
        value.length,
        (i) => this.#line(value[i] as Value, depth - 1),
        '[',
        ']',
        value.length > shownItems ? `List, ${counted(value.length, 'item')}: ` : '',
      );
    }
    if (value instanceof Datatable)
      return `Datatable, ${counted(value.rows.length, 'row')} × ${counted(value.columns.length, 'column')}`;
    if (value instanceof Datarow)
      return `Datarow ${this.#items(value.cells.length, (i) => this.#line(value.cells[i] as Value, 0), '[', ']', '')}`;
    if (value instanceof CustomObject) {
      if (depth === 0) return `Custom object, ${counted(value.entries.size, 'property', 'properties')}`;
      if (value.entries.size === 0) return '{{ }}';
      const entries = firstEntries(value.entries, shownItems);
      return this.#items(
        value.entries.size,
        (i) => {
          const [key, item] = entries[i] as [string, Value];
          return `${this.#text(key)}: ${this.#line(item, depth - 1)}`;
        },
        '{ ',
        ' }',
        '',
      );
    }
    const masked = this.#redactor.text(scalarText(value));
    if (value instanceof FlowDatetime) return `d"${masked}"`;
    if (value instanceof FileValue || value instanceof FolderValue) return `${value.typeName} ${masked}`;
    if (value instanceof ErrorValue) return value.message === '' ? 'no error' : `Error: ${masked}`;
    return masked;
  }

  #items(
    count: number,
    item: (index: number) => string,
    open: string,
    close: string,
    prefix: string,
  ): string {
    const parts: string[] = [];
    let length = prefix.length;
    for (let i = 0; i < Math.min(count, shownItems) && length < lineCharacters; i++) {
      const part = item(i);
      length += part.length + 2;
      parts.push(part);
    }
    if (parts.length < count) parts.push('…');
    return `${prefix}${open}${parts.join(', ')}${close}`;
  }

  #text(text: string): string {
    const searched = text.length > searchedCharacters ? text.slice(0, searchedCharacters) : text;
    const masked = this.#redactor.text(searched);
    const shown = cut(masked, lineCharacters - 2);
    return `'${shown.replace(/['\\]/g, '\\$&').replace(/\r\n|\n|\r/g, '↵')}'`;
  }

  // ── Inside ────────────────────────────────────────────────────────────────────────────────────────────────────

  counts(value: Value): PartCounts {
    if (Array.isArray(value)) return { items: value.length, names: 0 };
    if (value instanceof Datatable) return { items: value.rows.length, names: 0 };
    return {
      items: 0,
      names: value instanceof CustomObject ? value.entries.size : this.#names(value).length,
    };
  }

  /** Items `start` to `start + count` of a list or table. */
  items(value: Value, start: number, count: number): Part[] {
    const parts: Part[] = [];
    const part = (index: number, item: Value) =>
      parts.push({ name: `[${index}]`, value: item, path: `[${index}]`, settable: true });
    if (Array.isArray(value)) {
      const end = Math.min(value.length, start + count);
      for (let i = start; i < end; i++) part(i, value[i] as Value);
    } else if (value instanceof Datatable) {
      const end = Math.min(value.rows.length, start + count);
      for (let i = start; i < end; i++) part(i, new Datarow(value, value.rows[i] as Value[]));
    }
    return parts;
  }

  /** Properties `start` to `start + count` of an object, row, date, file … */
  names(value: Value, start: number, count: number): Part[] {
    if (!(value instanceof CustomObject)) return this.#names(value).slice(start, start + count);
    const parts: Part[] = [];
    let index = 0;
    for (const [key, item] of value.entries) {
      if (index >= start + count) break;
      if (index++ >= start)
        parts.push({
          name: this.#redactor.text(key),
          value: item,
          path: `[${literal(key)}]`,
          settable: true,
        });
    }
    return parts;
  }

  #names(value: Value): readonly Part[] {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return [];
    if (value instanceof Datarow) {
      return value.cells.map((cell, i) => ({
        name: this.#redactor.text(value.table.columns[i] ?? `${i}`),
        value: cell,
        path: `[${i}]`,
        settable: true,
      }));
    }
    const read = (name: string, item: Value): Part => ({
      name,
      value: item,
      path: `.${name}`,
      settable: false,
    });
    if (value instanceof FlowDatetime) {
      const at = value.fields;
      return [
        read('Year', at.getUTCFullYear()),
        read('Month', at.getUTCMonth() + 1),
        read('Day', at.getUTCDate()),
        read('Hour', at.getUTCHours()),
        read('Minute', at.getUTCMinutes()),
        read('Second', at.getUTCSeconds()),
      ];
    }
    if (value instanceof FileValue || value instanceof FolderValue || value instanceof InstanceValue)
      return [...value.properties].map(([name, item]) => read(name, item));
    if (value instanceof ErrorValue) {
      return [
        read('ActionIndex', value.actionIndex),
        read('ActionName', value.actionName),
        read('ErrorDetails', value.errorDetails),
        read('Location', value.location),
        read('Message', value.message),
        read('SubflowName', value.subflowName),
      ];
    }
    return [];
  }

  type(value: Value): string {
    return typeName(value);
  }
}

/** Text that has no literal, or whose literal is its text. */
function scalarText(
  value: Exclude<Value, string | null | Value[] | Datatable | Datarow | CustomObject>,
): string {
  if (value instanceof FlowDatetime) {
    const text = datetimeText(value);
    return text.replace(/^(\d\d)\/(\d\d)\/(\d{4})/, '$3-$1-$2');
  }
  if (value instanceof EnumValue) return `${value.type}.${value.member}`;
  if (value instanceof RepositoryValue) return `${value.typeName} ${toText(value)}`;
  return toText(value);
}

/** A text as a literal of the language. */
export function literal(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** At most `most` characters, of which the last says that there were more. Not a slice that keeps the whole text alive. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const short = `${text.slice(0, most - 1)}…`;
  return text.length > 100 * most ? [...short].join('') : short;
}

function firstEntries(entries: ReadonlyMap<string, Value>, count: number): [string, Value][] {
  const first: [string, Value][] = [];
  for (const entry of entries) {
    if (first.length >= count) break;
    first.push(entry);
  }
  return first;
}
