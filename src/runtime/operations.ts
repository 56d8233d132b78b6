// The slow side of the guarded operators and everything else an expression can do with values: arithmetic, comparison,
// functions, indexes, slices, properties, copies. Generated code calls these when its inline fast path does not apply.
// Rules and their evidence: docs/semantics.md. No state, no IO.
import {
  datetimeText,
  describe,
  isNumeric,
  parseNumeric,
  toBoolean,
  toDatetime,
  toNumber,
  toNumeric,
  toText,
} from './convert.ts';
import {
  addDecimals,
  compareDecimals,
  decimalRemainder,
  divideDecimals,
  multiplyDecimals,
  negateDecimal,
} from './dotnet/decimal.ts';
import { lowerCase, trimEnd, trimStart, upperCase } from './dotnet/text.ts';
import { LogicError } from './errors.ts';
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
  type Numeric,
  typeName,
  type Value,
  XmlNodeValue,
} from './values.ts';

// ── Arithmetic ──────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * `left + right`: numbers add; with a text on either side the other becomes text; a list takes the items of a list or one more
 * item; a table takes a list or row as a new row, or the rows of a table. The operands are never changed.
 */
export function add(left: Value, right: Value): Value {
  if (isNumeric(left) && isNumeric(right)) return inRange(addDecimals(left, right), left, '+', right);
  if (Array.isArray(left)) return [...left.map(copy), ...addedItems(right)];
  if (left instanceof Datatable) {
    const table = copy(left) as Datatable;
    appendRows(table, right);
    return table;
  }
  if (typeof left === 'string' || typeof right === 'string') return toText(left) + toText(right);
  return incompatible('+', left, right);
}

/**
 * `left + right`, into `left` itself when it is a list or table: only for one that nothing else refers to. `isFresh`: nor does anything
 * refer to the items of `right`.
 */
export function append(left: Value, right: Value, isFresh = false): Value {
  if (Array.isArray(left)) {
    const items = isFresh && Array.isArray(right) ? right : addedItems(right);
    for (let i = 0; i < items.length; i++) left.push(items[i] as Value);
  } else if (left instanceof Datatable) appendRows(left, right);
  else return add(left, right);
  return left;
}

function addedItems(value: Value): Value[] {
  return Array.isArray(value) ? value.map(copy) : [copy(value)];
}

function appendRows(table: Datatable, value: Value): void {
  if (value instanceof Datatable) {
    for (const row of value.rows) appendRow(table, row);
  } else if (value instanceof Datarow) appendRow(table, value.cells);
  else if (Array.isArray(value)) appendRow(table, value);
  else incompatible('+', table, value);
}

function appendRow(table: Datatable, cells: readonly Value[]): void {
  if (table.columns.length === 0 && table.rows.length === 0) {
    for (let i = 1; i <= cells.length; i++) table.columns.push(`Column${i}`);
  }
  if (cells.length > table.columns.length) {
    throw new LogicError(
      'IndexOutOfRange',
      `A row of ${cells.length} cells does not fit a table of ${table.columns.length} columns.`,
      'Give the row as many cells as the table has columns.',
    );
  }
  table.rows.push(table.columns.map((_, i) => copy(cells[i] ?? null)));
}

export function subtract(left: Value, right: Value): Numeric {
  const [a, b] = [toNumeric(left), toNumeric(right)];
  return inRange(addDecimals(a, negateDecimal(b)), a, '-', b);
}

export function multiply(left: Value, right: Value): Numeric {
  const [a, b] = [toNumeric(left), toNumeric(right)];
  return inRange(multiplyDecimals(a, b), a, '*', b);
}

export function divide(left: Value, right: Value): Numeric {
  const [dividend, divisor] = [toNumeric(left), toNumeric(right)];
  if (divisor === 0) throw divisionByZero(dividend);
  return inRange(divideDecimals(dividend, divisor), dividend, '/', divisor);
}

/** Remainder with the sign of the dividend, as .NET computes it. */
export function remainder(left: Value, right: Value): Numeric {
  const [dividend, divisor] = [toNumeric(left), toNumeric(right)];
  if (divisor === 0) throw divisionByZero(dividend);
  return inRange(decimalRemainder(dividend, divisor), dividend, 'MOD', divisor);
}

function divisionByZero(dividend: Numeric): LogicError {
  return new LogicError(
    'DivisionByZero',
    `${toText(dividend)} is divided by zero.`,
    'Test the divisor before the division.',
  );
}

export function negate(value: Value): Numeric {
  return negateDecimal(toNumeric(value));
}

/** The number a literal of so many digits stands for. Throws LogicError `NumberOutOfRange` when it is too large. */
export function longNumber(written: string): Numeric {
  const value = parseNumeric(written);
  if (value !== undefined) return value;
  throw new LogicError('NumberOutOfRange', `The number ${written} is too large.`, range);
}

const range = 'Numbers go up to 79,228,162,514,264,337,593,543,950,335, in both directions.';

function inRange(result: Numeric | undefined, left: Numeric, operator: string, right: Numeric): Numeric {
  if (result !== undefined) return result;
  throw new LogicError(
    'NumberOutOfRange',
    `The result of ${toText(left)} ${operator} ${toText(right)} is too large for a number.`,
    range,
  );
}

function incompatible(operator: string, left: Value, right: Value): never {
  throw new LogicError(
    'IncompatibleTypes',
    `'${operator}' cannot be applied to a ${typeName(left)} value and a ${typeName(right)} value.`,
    'Convert one of the values first, so that both have the same type.',
  );
}

// ── Comparison ──────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * `left = right`. Same types compare by content, text letter by letter and case-sensitively. Text compares with a number, a
 * Boolean or a datetime after it was read as one; blank equals empty text; any other mixture is unequal, never an error.
 */
export function equal(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (left === null) return right === '';
  if (right === null) return left === '';
  if (typeof left === 'string') return equalsText(right, left);
  if (typeof right === 'string') return equalsText(left, right);
  if (isNumeric(left) && isNumeric(right)) return compareDecimals(left, right) === 0;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left instanceof Datarow || right instanceof Datarow) return equal(cellsOf(left), cellsOf(right));
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, i) => equal(item, right[i] as Value))
    );
  }
  if (left instanceof FlowDatetime) return right instanceof FlowDatetime && left.ticks === right.ticks;
  if (left instanceof Datatable) {
    return right instanceof Datatable && equal(left.columns, right.columns) && equal(left.rows, right.rows);
  }
  if (left instanceof CustomObject) {
    return (
      right instanceof CustomObject &&
      left.entries.size === right.entries.size &&
      [...left.entries].every(
        ([key, item]) => right.entries.has(key) && equal(item, right.entries.get(key) as Value),
      )
    );
  }
  return typeName(left) === typeName(right) && toText(left) === toText(right);
}

const cellsOf = (value: Value): Value => (value instanceof Datarow ? value.cells : value);

function equalsText(value: Value, text: string): boolean {
  if (isNumeric(value)) {
    const number = parseNumeric(text);
    return number !== undefined && compareDecimals(number, value) === 0;
  }
  if (typeof value === 'boolean') return text.trim().toLowerCase() === String(value);
  if (value instanceof FlowDatetime) return datetimeText(value) === text.trim();
  if (value instanceof FileValue || value instanceof FolderValue) return value.path === text;
  if (value instanceof EnumValue) return value.member.toLowerCase() === text.toLowerCase();
  return false;
}

// Words sort as people expect (lower case first, accents after their letter), the same on every machine.
const words = new Intl.Collator('en');

/**
 * Negative, zero or positive as `left` is less than, equal to or greater than `right`. Numbers and datetimes compare by value,
 * also with text that reads as one; text with text alphabetically. Throws LogicError `IncompatibleTypes` or `ConversionFailed`.
 */
export function compare(left: Value, right: Value, operator: string): number {
  if (typeof left === 'string' && typeof right === 'string') return words.compare(left, right);
  if (isNumeric(left) || isNumeric(right)) {
    if (isSimple(left) && isSimple(right)) return compareDecimals(toNumeric(left), toNumeric(right));
  } else if (left instanceof FlowDatetime || right instanceof FlowDatetime) {
    return toDatetime(left).ticks - toDatetime(right).ticks;
  }
  return incompatible(operator, left, right);
}

const isSimple = (value: Value): boolean => typeof value === 'string' || isNumeric(value);

// ── Functions ───────────────────────────────────────────────────────────────────────────────────────────────────

/** No characters, items, rows or properties; blank is empty; other types never are. */
export function isEmpty(value: Value): boolean {
  if (value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  if (value instanceof Datatable) return value.rows.length === 0;
  if (value instanceof CustomObject) return value.entries.size === 0;
  return value instanceof ErrorValue && value.message === '';
}

/** No value, or a text without characters. */
export function isBlank(value: Value): boolean {
  return value === null || value === '';
}

/** A text contains a text; a list an item equal to `wanted`; an object a property of that name. */
export function contains(where: Value, wanted: Value, ignoreCase: Value): boolean {
  const fold = foldCase(ignoreCase);
  const same = (item: Value): boolean =>
    typeof item === 'string' ? fold(item) === fold(toText(wanted)) : equal(item, wanted);
  if (Array.isArray(where)) return where.some(same);
  if (where instanceof Datarow) return where.cells.some(same);
  if (where instanceof CustomObject) return where.get(toText(wanted)) !== undefined;
  return fold(toText(where)).includes(fold(toText(wanted)));
}

export function startsWith(where: Value, wanted: Value, ignoreCase: Value): boolean {
  const fold = foldCase(ignoreCase);
  return fold(toText(where)).startsWith(fold(toText(wanted)));
}

export function endsWith(where: Value, wanted: Value, ignoreCase: Value): boolean {
  const fold = foldCase(ignoreCase);
  return fold(toText(where)).endsWith(fold(toText(wanted)));
}

function foldCase(ignoreCase: Value): (text: string) => string {
  return toBoolean(ignoreCase) ? (text) => text.toLowerCase() : (text) => text;
}

// ── Parts of a value ────────────────────────────────────────────────────────────────────────────────────────────

/** `target[index]`: item of a list, row of a table, cell of a row (by place or column), property of an object. Negative places count from the end. */
export function item(target: Value, index: Value): Value {
  if (Array.isArray(target) && typeof index === 'number') {
    const found = target[index];
    if (found !== undefined) return found;
  }
  if (Array.isArray(target)) return target[place(target.length, index, 'list', 'items')] as Value;
  if (target instanceof Datatable) {
    return new Datarow(target, target.rows[place(target.rows.length, index, 'table', 'rows')] as Value[]);
  }
  if (target instanceof Datarow) return target.cells[cell(target, index)] as Value;
  if (target instanceof CustomObject) {
    const name = toText(index);
    return ownProperty(target, name);
  }
  if (typeof index === 'string') return property(target, index);
  throw noIndex(target);
}

/** `target[index] = value` in place. A new property of an object is added; a list or table is never enlarged. */
export function setItem(target: Value, index: Value, value: Value): void {
  if (Array.isArray(target)) target[place(target.length, index, 'list', 'items')] = value;
  else if (target instanceof Datarow) target.cells[cell(target, index)] = value;
  else if (target instanceof CustomObject) target.set(toText(index), value);
  else if (target instanceof Datatable)
    setRow(target, place(target.rows.length, index, 'table', 'rows'), value);
  else throw noIndex(target);
}

function setRow(table: Datatable, row: number, value: Value): void {
  const cells = cellsOf(value);
  if (!Array.isArray(cells) || cells.length !== table.columns.length) {
    throw new LogicError(
      'IncompatibleTypes',
      `A row of this table is a list of ${table.columns.length} cells, not a ${typeName(value)} value${Array.isArray(cells) ? ` of ${cells.length}` : ''}.`,
      'Give a list or a data row with one cell per column.',
    );
  }
  table.rows[row] = cells.map(copy);
}

function noIndex(target: Value): LogicError {
  return new LogicError(
    'IncompatibleTypes',
    `A ${typeName(target)} value has no items.`,
    'Only lists, tables, rows and objects can be indexed: check what the variable holds at this point.',
  );
}

function place(length: number, index: Value, what: string, unit: string): number {
  const number = toNumber(index);
  const position = number < 0 ? length + number : number;
  if (!Number.isInteger(position) || position < 0 || position >= length) {
    throw new LogicError(
      'IndexOutOfRange',
      `Index ${toText(number)} is outside the ${what}, which has ${length} ${unit}. The first index is 0.`,
      `Check the number of ${unit} before using the index.`,
    );
  }
  return position;
}

function cell(row: Datarow, index: Value): number {
  if (typeof index === 'string') {
    const column = row.table.columnIndex(index);
    if (column >= 0) return column;
    if (parseNumeric(index) === undefined) {
      throw new LogicError(
        'PropertyNotFound',
        `The row has no column '${index}'. Its columns are ${row.table.columns.map((name) => `'${name}'`).join(', ')}.`,
        'Check the spelling of the column name, and whether the table was read with its first line as column names.',
      );
    }
  }
  return place(row.cells.length, index, 'row', 'cells');
}

/** `target[from:to]` of a list or table: from inclusive, to exclusive, negative from the end, beyond the end means the end. */
export function slice(target: Value, from: Value, to: Value): Value {
  const bound = (value: Value): number | undefined =>
    value === null ? undefined : Math.trunc(toNumber(value));
  if (Array.isArray(target)) return target.slice(bound(from), bound(to)).map(copy);
  if (target instanceof Datatable) {
    return new Datatable(
      [...target.columns],
      target.rows.slice(bound(from), bound(to)).map((row) => row.map(copy)),
    );
  }
  throw noIndex(target);
}

/** `target.name = value` in place; only objects have properties that can be set. */
export function setProperty(target: Value, name: string, value: Value): void {
  if (!(target instanceof CustomObject)) {
    throw new LogicError(
      'IncompatibleTypes',
      `The property '${name}' of a ${typeName(target)} value cannot be changed.`,
      'Only the properties of an object can be set: check what the variable holds at this point.',
    );
  }
  target.set(name, value);
}

/** A property of an object; blank is a value, absent is an error. */
function ownProperty(target: CustomObject, name: string): Value {
  const value = target.get(name);
  return value === undefined ? missingProperty(target, name) : value;
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** `target.name`, in any letter case: a documented property of the value's type, or any property of an object. */
export function property(target: Value, name: string): Value {
  if (target instanceof CustomObject) return ownProperty(target, name);
  const value = typeProperty(target, name.toLowerCase());
  return value === undefined ? missingProperty(target, name) : value;
}

function typeProperty(target: Value, name: string): Value | undefined {
  if (typeof target === 'string') return textProperty(target, name);
  if (Array.isArray(target)) return name === 'count' ? target.length : undefined;
  if (target instanceof FlowDatetime) return datetimeProperty(target, name);
  if (target instanceof Datatable) return tableProperty(target, name);
  if (target instanceof Datarow) {
    if (name === 'columnscount') return target.cells.length;
    return name === 'columnsnames' ? [...target.table.columns] : undefined;
  }
  if (target instanceof FileValue || target instanceof FolderValue || target instanceof InstanceValue) {
    for (const [key, value] of target.properties) if (key.toLowerCase() === name) return value;
    return undefined;
  }
  if (target instanceof XmlNodeValue) return target.property(name);
  return target instanceof ErrorValue ? errorProperty(target, name) : undefined;
}

function textProperty(text: string, name: string): Value | undefined {
  switch (name) {
    case 'length':
      return text.length;
    case 'isempty':
      return text === '';
    case 'toupper':
      return upperCase(text);
    case 'tolower':
      return lowerCase(text);
    case 'trimmed':
      return trimStart(trimEnd(text));
    default:
      return undefined;
  }
}

function datetimeProperty(value: FlowDatetime, name: string): Value | undefined {
  const at = value.fields;
  switch (name) {
    case 'year':
      return at.getUTCFullYear();
    case 'month':
      return at.getUTCMonth() + 1;
    case 'day':
      return at.getUTCDate();
    case 'dayofweek':
      return days[at.getUTCDay()] as string;
    case 'dayofyear':
      return Math.floor((at.getTime() - FlowDatetime.of(at.getUTCFullYear(), 1, 1).ticks) / 86_400_000) + 1;
    case 'hour':
      return at.getUTCHours();
    case 'minute':
      return at.getUTCMinutes();
    case 'second':
      return at.getUTCSeconds();
    default:
      return undefined;
  }
}

function tableProperty(table: Datatable, name: string): Value | undefined {
  switch (name) {
    case 'rowscount':
      return table.rows.length;
    case 'columns':
      return [...table.columns];
    case 'isempty':
      return table.rows.length === 0;
    case 'columnheadersrow':
      return new Datarow(table, [...table.columns]);
    default:
      return undefined;
  }
}

function errorProperty(error: ErrorValue, name: string): Value | undefined {
  switch (name) {
    case 'actionindex':
      return error.actionIndex;
    case 'actionname':
      return error.actionName;
    case 'errordetails':
      return error.errorDetails;
    case 'location':
      return error.location;
    case 'message':
      return error.message;
    case 'subflowname':
      return error.subflowName;
    default:
      return undefined;
  }
}

function missingProperty(target: Value, name: string): never {
  throw new LogicError(
    'PropertyNotFound',
    target === null
      ? `A blank value has no property '${name}'.`
      : `${describe(target)} has no property '${name}'.`,
    'Check the name of the property and the type of the value at this point.',
  );
}

// ── Copies and new values ───────────────────────────────────────────────────────────────────────────────────────

/** A value that shares nothing changeable with the original. A row keeps the names of its columns. */
export function copy(value: Value): Value {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Datatable) {
    return new Datatable(
      [...value.columns],
      value.rows.map((row) => row.map(copy)),
    );
  }
  if (value instanceof Datarow) {
    return new Datarow(new Datatable([...value.table.columns], []), value.cells.map(copy));
  }
  if (value instanceof CustomObject) {
    return new CustomObject([...value.entries].map(([key, entry]) => [key, copy(entry)] as const));
  }
  return value;
}

/** `{ ^[header], [row], … }`. Rows are as long as the longest line, missing cells are blank; without header the columns are `Column1`, `Column2` … */
export function table(header: readonly Value[] | undefined, rows: readonly (readonly Value[])[]): Datatable {
  const width = Math.max(header?.length ?? 0, 0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, i) => toText(header?.[i] ?? `Column${i + 1}`));
  return new Datatable(
    columns,
    rows.map((row) => columns.map((_, i) => row[i] ?? null)),
  );
}

/** A row of a table literal given as a value: the items of a list, the cells of a row, else one cell. */
export function rowOf(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value;
  return value instanceof Datarow ? value.cells : [value];
}

/** `{ 'key': value, … }`; a key that comes twice keeps its last value. */
export function object(entries: readonly (readonly [Value, Value])[]): CustomObject {
  const result = new CustomObject();
  for (const [key, value] of entries) result.set(toText(key), value);
  return result;
}

/** What `LOOP FOREACH` runs over: items of a list, rows of a table, cells of a row. As they are when the loop starts. */
export function items(value: Value): readonly Value[] {
  if (Array.isArray(value)) return [...value];
  if (value instanceof Datatable) return value.rows.map((row) => new Datarow(value, row));
  if (value instanceof Datarow) return [...value.cells];
  throw new LogicError(
    'IncompatibleTypes',
    `LOOP FOREACH runs over a list, a table or a row, not over a ${typeName(value)} value.`,
    'Check what the variable holds at this point; a text can be split into a list first.',
  );
}

/** How often `LOOP FROM first TO last STEP step` runs: both bounds included, none when they lie the other way round. */
export function rounds(first: Numeric, last: Numeric, step: Numeric): number {
  if (step === 0) {
    throw new LogicError(
      'InvalidLoopStep',
      `The loop counts from ${toText(first)} to ${toText(last)} in steps of ${toText(step)} and would never end.`,
      'Give an increment that is not zero; a loop that counts down needs a negative one.',
    );
  }
  return Math.max(0, Math.floor(toNumber(divide(subtract(last, first), step))) + 1);
}

/** The loop variable in round `round`, counted from 0. */
export function counted(first: Numeric, round: number, step: Numeric): Numeric {
  const value = (first as number) + round * (step as number);
  const isWhole = Number.isSafeInteger(first) && Number.isSafeInteger(step) && Number.isSafeInteger(value);
  return isWhole ? value : (add(first, multiply(round, step)) as Numeric);
}

/** What a variable holds that is first mentioned as the in-and-out argument of an action, by the argument's catalog type. */
export function emptyOf(type: string): Value {
  if (/^list/i.test(type)) return [];
  if (/^datatable$/i.test(type)) return new Datatable([], []);
  if (/^customobject$/i.test(type)) return new CustomObject();
  if (/^(decimal|double|int32|int64)$/i.test(type)) return 0;
  return /^string$/i.test(type) ? '' : null;
}
