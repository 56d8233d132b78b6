// JSON(…) and ParseJSON(…) of Power Fx. Numbers keep all their digits.
import { isNumeric } from '../convert.ts';
import { cultures } from '../dotnet/culture.ts';
import { formatDatetime } from '../dotnet/dateFormat.ts';
import { decimalText } from '../dotnet/decimal.ts';
import { JsonError, parseJson } from '../json.ts';
import { CustomObject, Datarow, Datatable, FlowDatetime, type Value } from '../values.ts';
import { powerFxError, rowsOf, textOf } from './values.ts';

/** `indent`: blanks for each level, 0 for one line. */
export function toJson(value: Value, indent: number, margin = '\n'): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (isNumeric(value)) return decimalText(value);
  if (value instanceof FlowDatetime)
    return JSON.stringify(formatDatetime(value, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", cultures.invariant));
  const inside = indent === 0 ? '' : margin + ' '.repeat(indent);
  const [between, end] = indent === 0 ? [',', ''] : [`,${inside}`, margin];
  const joined = (open: string, items: readonly string[], close: string) =>
    items.length === 0 ? open + close : open + inside + items.join(between) + end + close;
  const next = (item: Value) => toJson(item, indent, inside === '' ? margin : inside);
  const members = (entries: Iterable<readonly [string, Value]>) =>
    joined(
      '{',
      [...entries].map(([key, item]) => `${JSON.stringify(key)}:${indent === 0 ? '' : ' '}${next(item)}`),
      '}',
    );
  if (value instanceof CustomObject) return members(value.entries);
  if (value instanceof Datarow)
    return members(value.table.columns.map((name, i) => [name, value.cells[i] ?? null] as const));
  if (Array.isArray(value) || value instanceof Datatable) return joined('[', rowsOf(value).map(next), ']');
  return JSON.stringify(textOf(value));
}

export function fromJson(text: string): Value {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) throw powerFxError('The text given to ParseJSON is no valid JSON.');
    throw error;
  }
}
