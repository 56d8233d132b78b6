// CSV text ⇄ rows of fields, with the rules of the designer's CSV actions. Pure: no files, no tables, no types of cells.

/** Where one line of a CSV text cannot be understood. `line` is 1-based. */
export class CsvError extends Error {
  override readonly name = 'CsvError';
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * Rows of a separated text. Blank lines are skipped; a field may be quoted (`""` inside is one quote, line ends are kept);
 * a quote inside an unquoted field is an ordinary character. `trim` removes white space around every field.
 * `separator` may have several characters. Throws a CsvError for a quote that is never closed or is followed by text.
 */
export function parseCsv(text: string, separator: string, trim: boolean): string[][] {
  if (separator === '') throw new RangeError('a separator has at least one character');
  const rows: string[][] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const end = lineEnd(text, at);
    // A line without separators and without visible characters is no row; a line of separators is.
    if (text.slice(at, end).trim() === '' && !text.slice(at, end).includes(separator)) {
      at = afterLineEnd(text, end);
      line++;
      continue;
    }
    const row: string[] = [];
    const rowLine = line;
    for (;;) {
      const opening = skipBlanks(text, at, separator);
      let field: string;
      if (text[opening] === '"') {
        const closing = closingQuote(text, opening, rowLine);
        field = text.slice(opening + 1, closing).replaceAll('""', '"');
        line += countLineEnds(text, opening, closing);
        at = skipBlanks(text, closing + 1, separator);
        const done = at >= text.length || isLineEnd(text, at) || text.startsWith(separator, at);
        if (!done) throw new CsvError(line, `text follows the closing quote of field ${row.length + 1}`);
      } else {
        const stop = fieldEnd(text, at, separator);
        field = text.slice(at, stop);
        at = stop;
      }
      row.push(trim ? field.trim() : field);
      if (at >= text.length || isLineEnd(text, at)) break;
      at += separator.length;
    }
    rows.push(row);
    at = afterLineEnd(text, at);
    line++;
  }
  return rows;
}

/** Rows of a text whose columns have fixed widths in characters; a width of 0 or less takes the rest of the line. Blank lines are skipped, short lines give empty fields. */
export function parseFixedWidths(text: string, widths: readonly number[], trim: boolean): string[][] {
  const rows: string[][] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line.trim() === '') continue;
    let at = 0;
    rows.push(
      widths.map((width) => {
        const field = width > 0 ? line.slice(at, at + width) : line.slice(at);
        at += field.length;
        return trim ? field.trim() : field;
      }),
    );
  }
  return rows;
}

/** Text of `rows`, every row ended by CR LF. Quotes a field when it would otherwise be read back as something else. */
export function printCsv(rows: readonly (readonly string[])[], separator: string): string {
  let text = '';
  for (const row of rows) {
    const fields = row.map((field) => quoted(field, separator));
    // A row that would look like a blank line must be visible.
    if (fields.length === 1 && fields[0]?.trim() === '') fields[0] = `"${fields[0]}"`;
    text += `${fields.join(separator)}\r\n`;
  }
  return text;
}

function quoted(field: string, separator: string): string {
  const needed = field.includes('"') || field.includes('\n') || field.includes('\r');
  // A separator of several characters may also be completed by the characters around a field.
  const split =
    field.includes(separator) ||
    (separator.length > 1 && `${field}${separator}`.indexOf(separator) < field.length);
  return needed || split ? `"${field.replaceAll('"', '""')}"` : field;
}

const isLineEnd = (text: string, at: number): boolean => text[at] === '\n' || text[at] === '\r';

function lineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isLineEnd(text, at)) at++;
  return at;
}

/** Looks no further than the line: a text without separators must not cost a search to its end per field. */
function fieldEnd(text: string, from: number, separator: string): number {
  let at = from;
  while (at < text.length && !isLineEnd(text, at) && !text.startsWith(separator, at)) at++;
  return at;
}

function afterLineEnd(text: string, at: number): number {
  return at + (text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1);
}

function skipBlanks(text: string, from: number, separator: string): number {
  let at = from;
  while ((text[at] === ' ' || text[at] === '\t') && !text.startsWith(separator, at)) at++;
  return at;
}

/** Offset of the quote that closes the field opened at `opening`. */
function closingQuote(text: string, opening: number, line: number): number {
  for (let at = opening + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at === -1) throw new CsvError(line, 'a quoted field is never closed');
    if (text[at + 1] !== '"') return at;
  }
}

function countLineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) {
    if (text[at] === '\n' || (text[at] === '\r' && text[at + 1] !== '\n')) count++;
  }
  return count;
}
