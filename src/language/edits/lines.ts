// Edits of whole lines: inserting, removing, and the line ends and blanks of the text around them.
import type { Node } from '../syntax/tree.ts';
import type { TextEdit } from './edit.ts';

/** Where the line of an offset begins. */
export function lineStart(text: string, offset: number): number {
  let start = offset;
  while (start > 0 && !isLineEnd(text.charCodeAt(start - 1))) start--;
  return start;
}

/** Where the line of an offset ends, before its line end. */
export function lineStop(text: string, offset: number): number {
  let stop = offset;
  while (stop < text.length && !isLineEnd(text.charCodeAt(stop))) stop++;
  return stop;
}

/** The blanks a line begins with. */
export function indentOf(text: string, offset: number): string {
  const start = lineStart(text, offset);
  return /^[ \t]*/.exec(text.slice(start, lineStop(text, offset)))?.[0] ?? '';
}

/** Where the blanks begin that stand before an offset on its line. */
export function blanksBefore(text: string, offset: number): number {
  let start = offset;
  while (start > 0 && (text[start - 1] === ' ' || text[start - 1] === '\t')) start--;
  return start;
}

/** Removes a part of a line and the blanks before it. */
export function removeWithBlanks(text: string, { start, end }: Node): TextEdit {
  return { start: blanksBefore(text, start), end, text: '' };
}

/** Removes all lines that `node` touches, or only the node when something else stands on them. */
export function removeLines(text: string, { start, end }: Node): TextEdit {
  const first = lineStart(text, start);
  const stop = lineStop(text, end);
  if (text.slice(first, start).trim() !== '' || text.slice(end, stop).trim() !== '') {
    return { start, end, text: '' };
  }
  if (stop < text.length) return { start: first, end: stop + lineEndLength(text, stop), text: '' };
  // The last line takes the line end before it along.
  const before = first === 0 ? 0 : text.slice(0, first).endsWith('\r\n') ? 2 : 1;
  return { start: first - before, end: stop, text: '' };
}

function lineEndLength(text: string, at: number): number {
  return text.startsWith('\r\n', at) ? 2 : 1;
}

function isLineEnd(code: number): boolean {
  return code === 10 || code === 13;
}
