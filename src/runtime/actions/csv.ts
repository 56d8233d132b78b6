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

/** Splits a text into rows that comes in pieces: what a piece leaves unfinished waits for the next. */
export interface RowSplitter {
  /** Rows that are complete now; with the last piece all that are left. */
  push(text: string, isLast: boolean): string[][];
}

/**
 * Rows of a separated text. Blank lines are skipped; a field may be quoted (`""` inside is one quote, line ends are kept);
 * a quote inside an unquoted field is an ordinary character. `trim` removes white space around every field.
 * `separator` may have several characters. Throws a CsvError for a quote that is never closed or is followed by text.
 */
export function parseCsv(text: string, separator: string, trim: boolean): string[][] {
  return new CsvSplitter(separator, trim).push(text, true);
}

/**
 * `parseCsv` for a text in pieces. Read like `Excel` opens a text, blank lines are rows, quotes count at the very start of a field only,
 * and nothing is an error: what follows a closing quote belongs to the field, and a quote that is never closed ends with the text.
 */
export class CsvSplitter implements RowSplitter {
  readonly #separator: string;
  readonly #trim: boolean;
  readonly #likeExcel: boolean;
  readonly #same = new SameTexts();
  #rest = '';
  #line = 1;
  /** Where the quoted field that was read last ends. */
  #fieldEnd = 0;

  constructor(separator: string, trim: boolean, like: 'designer' | 'Excel' = 'designer') {
    if (separator === '') throw new RangeError('a separator has at least one character');
    this.#separator = separator;
    this.#trim = trim;
    this.#likeExcel = like === 'Excel';
  }

  push(piece: string, isLast: boolean): string[][] {
    const text = this.#rest + piece;
    const rows: string[][] = [];
    const row: string[] = [];
    let at = 0;
    while (at < text.length) {
      const lineStart = this.#line;
      row.length = 0;
      const end = this.#readRow(text, at, isLast, row);
      if (end === undefined) {
        this.#line = lineStart;
        break;
      }
      // A line without separators and without visible characters is no row; a line of separators is.
      if (
        this.#likeExcel ||
        row.length > 1 ||
        text.charCodeAt(at) > 32 ||
        text.slice(at, end).trim() !== ''
      ) {
        // A copy is no longer than its fields; a list that grows keeps room for more.
        rows.push(row.slice());
      }
      at = afterLineEnd(text, end);
      this.#line++;
    }
    this.#rest = text.slice(at);
    return rows;
  }

  /** Reads the fields of the row at `from` into `row` and returns where its line ends; undefined when the text ends too early. */
  #readRow(text: string, from: number, isLast: boolean, row: string[]): number | undefined {
    const separator = this.#separator;
    let at = from;
    for (;;) {
      const opening = this.#likeExcel ? at : skipBlanks(text, at, separator);
      let field: string | undefined;
      if (text.charCodeAt(opening) === 34) {
        field = this.#quotedField(text, opening, isLast, row.length + 1);
        if (field === undefined) return undefined;
        at = this.#fieldEnd;
      } else {
        const stop = fieldEnd(text, at, separator);
        field = text.slice(at, stop);
        at = stop;
      }
      row.push(this.#same.of(this.#trim ? field.trim() : field));
      // A carriage return at the end may be half of a line end.
      if (!isLast && (at >= text.length || (text[at] === '\r' && at + 1 === text.length))) return undefined;
      if (at >= text.length || isLineEnd(text, at)) return at;
      at += separator.length;
    }
  }

  /** The field that is quoted at `opening`, its end in `#fieldEnd`; undefined when the text ends too early. */
  #quotedField(text: string, opening: number, isLast: boolean, number: number): string | undefined {
    const separator = this.#separator;
    let closing = closingQuote(text, opening);
    if (closing < 0) {
      if (!isLast) return undefined;
      if (!this.#likeExcel) throw new CsvError(this.#line, 'a quoted field is never closed');
      closing = text.length;
    }
    let field = text.slice(opening + 1, closing);
    if (field.includes('"')) field = field.replaceAll('""', '"');
    this.#line += countLineEnds(text, opening, closing);
    if (this.#likeExcel) {
      this.#fieldEnd = fieldEnd(text, closing + 1, separator);
      return field + text.slice(closing + 1, this.#fieldEnd);
    }
    const at = skipBlanks(text, closing + 1, separator);
    const done = at >= text.length || isLineEnd(text, at) || text.startsWith(separator, at);
    if (!done && (isLast || at + separator.length <= text.length)) {
      throw new CsvError(this.#line, `text follows the closing quote of field ${number}`);
    }
    this.#fieldEnd = at;
    return field;
  }
}

/** Gives texts that come again as the object they were before: the columns of large tables repeat few short texts. */
class SameTexts {
  readonly #recent: string[] = new Array(4096).fill('');

  of(text: string): string {
    const { length } = text;
    if (length === 0 || length > 40) return text;
    const mixed =
      text.charCodeAt(0) * 7 +
      text.charCodeAt(length >> 1) * 1031 +
      text.charCodeAt(length - 1) * 131 +
      length * 31;
    const place = mixed & 4095;
    const known = this.#recent[place] as string;
    if (known === text) return known;
    this.#recent[place] = text;
    return text;
  }
}

/** Rows of a text whose columns have fixed widths in characters; a width of 0 or less takes the rest of the line. Blank lines are skipped, short lines give empty fields. */
export class FixedWidthSplitter implements RowSplitter {
  readonly #widths: readonly number[];
  readonly #trim: boolean;
  #rest = '';

  constructor(widths: readonly number[], trim: boolean) {
    this.#widths = widths;
    this.#trim = trim;
  }

  push(piece: string, isLast: boolean): string[][] {
    const lines = (this.#rest + piece).split(isLast ? /\r\n|\n|\r/ : /\r\n|\n|\r(?!$)/);
    this.#rest = isLast ? '' : (lines.pop() ?? '');
    return lines.filter((line) => line.trim() !== '').map((line) => this.#fields(line));
  }

  #fields(line: string): string[] {
    let at = 0;
    return this.#widths.map((width) => {
      const field = width > 0 ? line.slice(at, at + width) : line.slice(at);
      at += field.length;
      return this.#trim ? field.trim() : field;
    });
  }
}

/** Text of `rows`, every row ended by CR LF. Quotes a field when it would otherwise be read back as something else. */
export function printCsv(rows: Iterable<readonly string[]>, separator: string): string {
  let text = '';
  for (const row of rows) text += printCsvRow(row, separator);
  return text;
}

/** One row as `printCsv` writes it. */
export function printCsvRow(row: readonly string[], separator: string): string {
  // A row that would look like a blank line must be visible.
  if (row.length === 1 && row[0]?.trim() === '') return `"${row[0]}"\r\n`;
  return `${row.map((field) => quoted(field, separator)).join(separator)}\r\n`;
}

function quoted(field: string, separator: string): string {
  const needed = field.includes('"') || field.includes('\n') || field.includes('\r');
  // A separator of several characters may also be completed by the characters around a field.
  const split =
    field.includes(separator) ||
    (separator.length > 1 && `${field}${separator}`.indexOf(separator) < field.length);
  return needed || split ? `"${field.replaceAll('"', '""')}"` : field;
}

function isLineEnd(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 10 || code === 13;
}

/** Looks no further than the line: a text without separators must not cost a search to its end per field. */
function fieldEnd(text: string, from: number, separator: string): number {
  const first = separator.charCodeAt(0);
  const isLong = separator.length > 1;
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13) break;
    if (code === first && (!isLong || text.startsWith(separator, at))) break;
  }
  return at;
}

function afterLineEnd(text: string, at: number): number {
  return at + (text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1);
}

function skipBlanks(text: string, from: number, separator: string): number {
  let at = from;
  for (; ; at++) {
    const code = text.charCodeAt(at);
    if ((code !== 32 && code !== 9) || text.startsWith(separator, at)) return at;
  }
}

/** Offset of the quote that closes the field opened at `opening`; -1 when there is none. */
function closingQuote(text: string, opening: number): number {
  for (let at = opening + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at === -1 || text[at + 1] !== '"') return at;
  }
}

function countLineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) {
    if (text[at] === '\n' || (text[at] === '\r' && text[at + 1] !== '\n')) count++;
  }
  return count;
}
