// How a value turns into another type: text, number, Boolean, datetime, and the plain data that crosses a process.
// One place for all of it, so that a SET, a comparison and an action's argument never disagree. Culture is always invariant.
import { parseNumber } from '../language/syntax/numbers.ts';
import { decimalText, nearest, readDecimal } from './dotnet/decimal.ts';
import { LogicError } from './errors.ts';
import type { HostValue } from './host.ts';
import {
  CustomObject,
  Datarow,
  Datatable,
  EnumValue,
  ErrorValue,
  FileValue,
  FlowDatetime,
  FlowDecimal,
  FolderValue,
  InstanceValue,
  type Numeric,
  RepositoryValue,
  typeName,
  type Value,
  XmlNodeValue,
} from './values.ts';

// ── To text ─────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A value as it reads inside a text. Text is itself, blank is empty, Booleans are `True`/`False`, numbers see `decimalText` in dotnet/decimal.ts,
 * datetimes see `datetimeText`, files and folders are their path, errors their message. Lists, rows, tables and objects are
 * written like JSON: `["a", 1]`, `{ "key": "value" }`; a table is the list of its rows.
 */
export function toText(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return decimalText(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null) return '';
  if (value instanceof FlowDecimal) return decimalText(value);
  if (value instanceof FlowDatetime) return datetimeText(value);
  if (value instanceof FileValue || value instanceof FolderValue) return value.path;
  if (value instanceof ErrorValue) return value.message;
  if (value instanceof EnumValue) return value.member;
  if (value instanceof RepositoryValue) return value.path.join(' > ');
  if (value instanceof InstanceValue) return instanceText(value);
  if (value instanceof XmlNodeValue) return value.text;
  return nestedText(value);
}

/** What has a path, such as a file on a server, reads as that. */
function instanceText({ properties, typeName: name }: InstanceValue): string {
  const path = properties.get('FullName');
  return typeof path === 'string' ? path : name;
}

function nestedText(value: Value): string {
  if (isNumeric(value)) return decimalText(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(nestedText).join(', ')}]`;
  if (value instanceof Datarow) return nestedText(value.cells);
  if (value instanceof Datatable) return `[${value.rows.map(nestedText).join(', ')}]`;
  if (value instanceof CustomObject) {
    const entries = [...value.entries].map(([key, item]) => `${JSON.stringify(key)}: ${nestedText(item)}`);
    return entries.length === 0 ? '{ }' : `{ ${entries.join(', ')} }`;
  }
  return JSON.stringify(toText(value));
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `MM/dd/yyyy HH:mm:ss`, .NET's general format under the invariant culture. */
export function datetimeText(value: FlowDatetime): string {
  const at = value.fields;
  return `${two(at.getUTCMonth() + 1)}/${two(at.getUTCDate())}/${String(at.getUTCFullYear()).padStart(4, '0')} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** `yyyy-MM-ddTHH:mm:ss`, with milliseconds only when there are any. */
function wireDatetime(value: FlowDatetime): string {
  const iso = value.fields.toISOString().slice(0, -1);
  return iso.endsWith('.000') ? iso.slice(0, -4) : iso;
}

// ── From text ───────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The datetime a text spells: `yyyy-MM-dd` or `MM/dd/yyyy` (one-digit parts allowed), optionally followed by a time `HH:mm`,
 * `HH:mm:ss`, `HH:mm:ss.fff`, with `AM`/`PM` if any; undefined when it spells none. A UTC offset is read and ignored: flow
 * datetimes are wall-clock times.
 */
export function parseDatetime(text: string): FlowDatetime | undefined {
  const match =
    /^\s*(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\/(\d{1,2})\/(\d{4}))(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?\s*(AM|PM)?)?\s*(?:Z|[+-]\d{2}:?\d{0,2})?\s*$/i.exec(
      text,
    );
  if (!match) return undefined;
  const part = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day] =
    match[1] === undefined ? [part(6), part(4), part(5)] : [part(1), part(2), part(3)];
  let hour = part(7);
  const half = match[11]?.toUpperCase();
  if (half !== undefined && (hour < 1 || hour > 12)) return undefined;
  if (half === 'PM' && hour < 12) hour += 12;
  if (half === 'AM' && hour === 12) hour = 0;
  const millisecond = Number(`${match[10] ?? ''}000`.slice(0, 3));
  if (year < 1 || hour > 23 || part(8) > 59 || part(9) > 59) return undefined;
  const value = FlowDatetime.of(year, month, day, hour, part(8), part(9), millisecond);
  // A day such as 31 February would silently roll over into March.
  return value.fields.getUTCMonth() === month - 1 && value.fields.getUTCDate() === day ? value : undefined;
}

// ── Between types ───────────────────────────────────────────────────────────────────────────────────────────────

export function isNumeric(value: Value): value is Numeric {
  return typeof value === 'number' || value instanceof FlowDecimal;
}

/** The number a text spells: decimal point, optional sign and exponent, blanks around it; undefined when it spells none or one too large. */
export function parseNumeric(text: string): Numeric | undefined {
  return parseNumber(text) === undefined ? undefined : readDecimal(text.trim());
}

/** A number with all its digits, or text that spells one. Throws LogicError `ConversionFailed` otherwise. */
export function toNumeric(value: Value): Numeric {
  const number = isNumeric(value) ? value : typeof value === 'string' ? parseNumeric(value) : undefined;
  return (
    number ??
    impossible(
      value,
      'a number',
      'Check where the value comes from, or convert it with "Convert text to number" and handle its error.',
    )
  );
}

/** Like `toNumeric`, as the nearest JavaScript number: for counts, seconds and everything else that needs no more than 15 digits. */
export function toNumber(value: Value): number {
  return typeof value === 'number' ? value : nearest(toNumeric(value));
}

/** A Boolean, or the text `True`/`False` in any letter case. Throws LogicError `ConversionFailed` otherwise. */
export function toBoolean(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  if (word === 'true') return true;
  if (word === 'false') return false;
  return impossible(
    value,
    'True or False',
    'Compare the value with something, so that the result is True or False.',
  );
}

/** A datetime, or text that spells one. Throws LogicError `ConversionFailed` otherwise. */
export function toDatetime(value: Value): FlowDatetime {
  if (value instanceof FlowDatetime) return value;
  const datetime = typeof value === 'string' ? parseDatetime(value) : undefined;
  return (
    datetime ?? impossible(value, 'a date', 'Convert it with "Convert text to datetime" and its format.')
  );
}

/** Calls `visit` with every text, number and date inside a value, in each form in which it is written. */
export function eachText(value: Value, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value);
  else if (isNumeric(value)) visit(decimalText(value));
  else if (Array.isArray(value)) for (const item of value) eachText(item, visit);
  else if (value instanceof Datarow) for (const cell of value.cells) eachText(cell, visit);
  else if (value instanceof Datatable) for (const row of value.rows) eachText(row, visit);
  else if (value instanceof CustomObject) for (const item of value.entries.values()) eachText(item, visit);
  else if (value instanceof FlowDatetime) {
    visit(datetimeText(value));
    visit(wireDatetime(value));
  } else if (value instanceof XmlNodeValue) visit(value.text);
}

/** True when a part of a list, table or object, or the name of one, reads exactly `text`. */
export function holdsText(value: Value, text: string): boolean {
  const isPart = (part: Value): boolean => toText(part) === text || holdsText(part, text);
  if (Array.isArray(value)) return value.some(isPart);
  if (value instanceof Datarow) return value.cells.some(isPart) || value.table.columns.includes(text);
  if (value instanceof Datatable)
    return value.columns.includes(text) || value.rows.some((row) => isPart(row));
  if (value instanceof CustomObject)
    return value.entries.has(text) || [...value.entries.values()].some(isPart);
  return false;
}

function impossible(value: Value, wanted: string, nextStep: string): never {
  throw new LogicError('ConversionFailed', `${describe(value)} cannot be used as ${wanted}.`, nextStep);
}

/** A value in a message: its type, and its text in quotes when that is short. */
export function describe(value: Value): string {
  if (value === null) return 'A blank value';
  const text = toText(value);
  const shown = text.length <= 60 ? text : `${text.slice(0, 60)}…`;
  return `The ${typeName(value)} value '${shown}'`;
}

// ── Plain data that crosses a process ───────────────────────────────────────────────────────────────────────────

/**
 * A value from outside as a flow value. A number stands for the digits with which it is written, up to 17; one that no decimal holds
 * stays as it is. `{$type:'secured'}` and `{$type:'other'}` carry no value and become blank.
 */
export function fromHostValue(value: HostValue): Value {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? value : (readDecimal(String(value)) ?? value);
  if (value === null || typeof value !== 'object') return value;
  if (isHostList(value)) return value.map(fromHostValue);
  switch (value.$type) {
    case 'object':
      return new CustomObject(
        Object.entries(value.entries).map(([key, item]) => [key, fromHostValue(item)] as const),
      );
    case 'number':
      return parseNumeric(value.value) ?? null;
    case 'datetime':
      return parseDatetime(value.value) ?? null;
    case 'datatable':
      return new Datatable(
        [...value.columns],
        value.rows.map((row) => row.map(fromHostValue)),
      );
    default:
      return null;
  }
}

/** Readers of plain data walk it recursively: what lies deeper than this is shown only. */
const deepest = 200;

/** A flow value as plain data. Files, folders and errors travel as their text; a number that JSON cannot hold is shown only. */
export function toHostValue(value: Value, depth = 0): HostValue {
  if (typeof value === 'number' && !Number.isFinite(value))
    return { $type: 'other', text: decimalText(value) };
  if (value === 0) return 0; // JSON knows no negative zero, and neither do flows
  if (value === null || typeof value !== 'object') return value;
  if (depth > deepest) return { $type: 'other', text: `… (a ${typeName(value)} value, nested too deep)` };
  const inner = (item: Value): HostValue => toHostValue(item, depth + 1);
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof FlowDecimal) {
    const text = decimalText(value);
    const number = nearest(value);
    return String(number) === text ? number : { $type: 'number', value: text };
  }
  if (value instanceof FlowDatetime) return { $type: 'datetime', value: wireDatetime(value) };
  if (value instanceof Datarow) return value.cells.map(inner);
  if (value instanceof Datatable) {
    return {
      $type: 'datatable',
      columns: [...value.columns],
      rows: value.rows.map((row) => row.map(inner)),
    };
  }
  if (value instanceof CustomObject) {
    // A null prototype, so that a key such as `__proto__` is data like any other.
    const entries: Record<string, HostValue> = Object.create(null);
    for (const [key, item] of value.entries) entries[key] = inner(item);
    return { $type: 'object', entries };
  }
  return { $type: 'other', text: toText(value) };
}

function isHostList(value: HostValue): value is readonly HostValue[] {
  return Array.isArray(value);
}
