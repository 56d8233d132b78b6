// What captured windows and elements are called, and which part of a text stays the same from one day to the next.
import type { SelectorAttribute } from '../selector.ts';

const longestName = 50;

/** `Button 'OK'`, as the designer names elements; without a name by its id or class, and by its type alone when it has neither. */
export function elementName(tag: string, name: string, id: string, className: string): string {
  const type = typeName(tag);
  const text = [name, id, className].map(oneLine).find((one) => one !== '');
  return text === undefined ? type : `${type} '${text}'`;
}

/** `list item` → `List Item`. */
export const typeName = (tag: string): string =>
  tag === '' ? 'Element' : tag.replace(/(^|\s)\p{L}/gu, (letter) => letter.toUpperCase());

function oneLine(text: string): string {
  const line = text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .replace(/&(?=\S)/g, '')
    .trim();
  const letters = [...line];
  return letters.length <= longestName ? line : `${letters.slice(0, longestName - 1).join('')}…`;
}

/** Names that are taken get a number: `Button 'OK' 2`. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name;
  for (let count = 2; isTaken(free); count++) free = `${name} ${count}`;
  return free;
}

/** Parts of a text that differ from day to day: dates, times, amounts, counters, identifiers, paths, versions. */
const changing =
  /[\p{L}]:\\[^\s"]*|[0-9a-f]{8}-[0-9a-f-]{20,}|\(\s*\d+\s*\)|\[\s*\d+\s*\]|\d[\d.,:/\\%-]*\d|(?<![\p{L}\d])\d+(?![\p{L}])|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b/giu;

/** A part of a name shorter than this says too little. */
const shortestPart = 3;

/**
 * The condition that a name will still meet when its changing parts have others: all of it, its beginning, its end or its longest part.
 * Undefined when nothing of it stays. `isTitle`: the title of a window, which says `document - program`.
 */
export function stableName(name: string, isTitle: boolean): SelectorAttribute | undefined {
  if (name === '') return undefined;
  const equal = { name: 'Name', operator: 'EqualTo', value: name };
  if (isTitle) {
    const program = /^.+( [-–—] [^-–—]+)$/u.exec(name)?.[1];
    if (program !== undefined && !hasChanging(program))
      return { name: 'Name', operator: 'EndsWith', value: program };
  }
  if (!hasChanging(name)) return equal;
  const parts = [...name.matchAll(changing)];
  // A short number alone belongs to the name, such as "Step 2" of a dialog; so does everything that is nothing but a number.
  if (parts.length === 1 && /^\d{1,2}$/.test(parts[0]?.[0] ?? '')) return equal;
  const edges = [0, ...parts.flatMap(({ index, 0: text }) => [index, index + text.length]), name.length];
  let best: { readonly start: number; readonly end: number } | undefined;
  for (let at = 0; at < edges.length; at += 2) {
    const [start, end] = [edges[at] ?? 0, edges[at + 1] ?? 0];
    if (lettersIn(name.slice(start, end)) < shortestPart) continue;
    if (best === undefined || end - start > best.end - best.start) best = { start, end };
  }
  if (best === undefined) return undefined;
  const { start, end } = best;
  const operator = start === 0 ? 'StartsWith' : end === name.length ? 'EndsWith' : 'Contains';
  return { name: 'Name', operator, value: name.slice(start, end) };
}

const hasChanging = (text: string): boolean => text.search(changing) >= 0;

const lettersIn = (text: string): number => (text.match(/\p{L}/gu) ?? []).length;

/** Ids that programs make up anew each time: handles, GUIDs, counters. */
export const isStableId = (id: string): boolean =>
  id !== '' && !/^-?\d{6,}$|[0-9a-f]{8}-[0-9a-f]{4}|\d{6,}|^(?:0x)?[0-9a-f]{8,}$|^-1$|^0$|^65535$/i.test(id);

/** The classes that toolkits register have parts that change: `WindowsForms10.EDIT.app.0.378734a`, `Afx:00400000:8`. */
export function stableClass(className: string): SelectorAttribute | undefined {
  if (className === '') return undefined;
  const wrapped = /^((?:WindowsForms\d+|HwndWrapper|Afx|ATL|GlassWndClass)[.:[](?:\w+\.)?)/.exec(
    className,
  )?.[1];
  return wrapped === undefined
    ? { name: 'Class', operator: 'EqualTo', value: className }
    : { name: 'Class', operator: 'StartsWith', value: wrapped };
}
