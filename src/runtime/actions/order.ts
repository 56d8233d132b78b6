// Order and identity of values, for actions that sort, filter or remove duplicates. How two single values compare is in operations.ts.
import { isNumeric, toText } from '../convert.ts';
import { compare } from '../operations.ts';
import { CustomObject, Datarow, Datatable, FlowDatetime, typeName, type Value } from '../values.ts';

/** The one type of all values that are not blank; undefined when there are several, blank's name when all are blank. */
export function commonType(values: readonly Value[]): string | undefined {
  let common: string | undefined;
  for (const value of values) {
    if (value === null) continue;
    if (common !== undefined && common !== typeName(value)) return undefined;
    common = typeName(value);
  }
  return common ?? typeName(null);
}

/** Compares two values of one type: blank first, False before True, files and folders by path, everything else as `<` does. */
export function compareAlike(left: Value, right: Value): number {
  if (left === null || right === null) return Number(left !== null) - Number(right !== null);
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (isNumeric(left) || left instanceof FlowDatetime) return compare(left, right, '<');
  return compare(toText(left), toText(right), '<');
}

/** A text that two values share exactly when they are the same: of one type, with the same content. */
export function identity(value: Value, ignoreCase: boolean): string {
  const all = (values: readonly Value[]) => values.map((item) => identity(item, ignoreCase)).join('');
  const content = (): string => {
    if (typeof value === 'string') return ignoreCase ? value.toLowerCase() : value;
    if (Array.isArray(value)) return all(value);
    if (value instanceof Datarow) return all(value.cells);
    if (value instanceof Datatable) return all([value.columns, ...value.rows]);
    if (value instanceof CustomObject)
      return [...value.entries]
        .map(([key, item]) => identity(key, false) + identity(item, ignoreCase))
        .sort()
        .join('');
    if (value instanceof FlowDatetime) return String(value.ticks);
    return toText(value);
  };
  const text = content();
  // Its length keeps what stands side by side apart.
  return `${typeName(value)} ${text.length} ${text}`;
}
