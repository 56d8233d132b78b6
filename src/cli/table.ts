// Tables of text that fit the terminal. Formats only.
import type { Output } from './terminal.ts';

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  /** May be shortened where the terminal is too narrow; of several, the widest one first. */
  readonly shrinks?: boolean;
  /** Left out where the terminal is too narrow for all; of several, the last one first. */
  readonly drops?: boolean;
  readonly right?: boolean;
}

const gap = 2;
const narrowest = 6;

/**
 * A line of titles and one line per row. On a terminal no line is longer than its width, as far as columns that shrink allow; into a file
 * or a pipe nothing is shortened. Columns without any text are left out. `indent`: blanks before each line.
 */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], out: Output, indent = 0): string {
  const cells = columns.map(({ value }) => rows.map((row) => oneLine(value(row))));
  const filled = columns.flatMap((column, index) =>
    cells[index]?.some((cell) => cell !== '') ? [{ column, cells: cells[index] as string[] }] : [],
  );
  const all = filled.map(({ column, cells }) => ({
    column,
    cells,
    width: cells.reduce((most, cell) => Math.max(most, widthOf(cell)), widthOf(column.title)),
  }));
  const room = out.columns - 1 - indent;
  const shown = out.isTTY ? fitting(all, room) : all;
  const widths = shown.map(({ width }) => width);
  if (out.isTTY) shrink(widths, shown, room);
  const line = (texts: readonly string[], style: (text: string) => string = (text) => text) =>
    `${' '.repeat(indent)}${style(
      texts
        .map((text, index) => fitted(text, widths[index] as number, shown[index]?.column.right === true))
        .join(' '.repeat(gap))
        .trimEnd(),
    )}\n`;
  const dim = (text: string) => (out.colors ? `\u001b[2m${text}\u001b[0m` : text);
  return [
    line(
      shown.map(({ column }) => column.title),
      dim,
    ),
    ...rows.map((_, row) => line(shown.map(({ cells }) => cells[row] as string))),
  ].join('');
}

/** `name  value` lines, aligned; long values go on under themselves where the terminal ends. Pairs without a value are left out. */
export function facts(
  pairs: readonly (readonly [name: string, value: string | undefined])[],
  out: Output,
): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => widthOf(name)));
  const room = out.isTTY ? Math.max(20, out.columns - width - gap - 3) : Number.POSITIVE_INFINITY;
  return shown
    .map(([name, value]) => {
      const lines = wrapped(oneLine(value), room);
      const indent = ' '.repeat(width + gap);
      return `  ${pad(name, width)}${' '.repeat(gap)}${lines.join(`\n  ${indent}`)}\n`;
    })
    .join('');
}

/** Without columns for which there is no room however much the others shrink. */
function fitting<C extends { readonly column: Column<never>; readonly width: number }>(
  columns: readonly C[],
  room: number,
): readonly C[] {
  const least = columns.reduce(
    (sum, { column, width }) => sum + gap + (column.shrinks === true ? Math.min(width, narrowest) : width),
    -gap,
  );
  const dropped = columns.findLastIndex(({ column }) => column.drops === true);
  if (least <= room || dropped < 0) return columns;
  return fitting(
    columns.filter((_, index) => index !== dropped),
    room,
  );
}

function shrink<T>(widths: number[], shown: readonly { readonly column: Column<T> }[], room: number): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, widths.length - 1) - room;
  while (excess > 0) {
    let widest = -1;
    shown.forEach(({ column }, index) => {
      const width = widths[index] as number;
      if (column.shrinks === true && width > narrowest && width > (widths[widest] ?? 0)) widest = index;
    });
    if (widest < 0) return;
    widths[widest] = (widths[widest] as number) - 1;
    excess--;
  }
}

function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > room) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

function fitted(text: string, width: number, right: boolean): string {
  return right ? pad(shortened(text, width), -width) : pad(shortened(text, width), width);
}

/** A negative width pads on the left. */
function pad(text: string, width: number): string {
  const blanks = ' '.repeat(Math.max(0, Math.abs(width) - widthOf(text)));
  return width < 0 ? blanks + text : text + blanks;
}

function shortened(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += widthOf(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** No line breaks and nothing that would steer the terminal. */
const oneLine = (text: string): string =>
  text.replace(/\s*[\r\n\t]+\s*/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|^[\p{Emoji_Presentation}\u{20000}-\u{3fffd}]/u;

/** Columns of a terminal that a text takes. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}
