// Reads the XML of a worksheet into rows, in pieces, so that a sheet of any size needs no more memory than its cells. What stands in
// front of and behind the rows is kept as a tree.
import { StringDecoder } from 'node:string_decoder';
import { encodingOf } from '../office/package.ts';
import { damaged, OfficeProblem } from '../office/problem.ts';
import { decodeXml, parseXml, tagEnd, type XmlElement, XmlError } from '../office/xml.ts';
import { maxColumns, maxRows, parseArea } from './addresses.ts';
import {
  CellError,
  type CellValue,
  type Content,
  FormulaCell,
  isSame,
  Row,
  Rows,
  type SharedFormula,
} from './cells.ts';
import { decodeCellText } from './cellText.ts';
import { type RichText, readStringItem, type SharedStrings } from './sharedStrings.ts';

/** Beyond this a workbook cannot be held: some fifty bytes per cell. */
const maxCells = 40_000_000;

/** What surrounds the rows (settings, columns, merged cells, filters …) is small in every real sheet. */
const maxSurroundings = 64 * 1024 * 1024;

export interface SheetContent {
  readonly rows: Rows;
  /** The whole document without its rows: its `sheetData` element is empty. */
  readonly root: XmlElement;
  readonly toString: () => string;
  /** `x:` when all names are written with a prefix, else empty. */
  readonly prefix: string;
  readonly hasFormulas: boolean;
}

/** `pieces` are the bytes of the part. Throws an OfficeProblem for what is no worksheet. */
export async function readSheet(
  pieces: AsyncIterable<Buffer>,
  name: string,
  strings: SharedStrings,
  date1904: boolean,
): Promise<SheetContent> {
  const decoder = { text: (piece: Buffer) => piece.toString('utf8') };
  let started = false;
  let head = '';
  let tail = '';
  let rest = '';
  let reader: RowReader | undefined;
  let done = false;
  try {
    for await (const piece of pieces) {
      if (!started) {
        started = true;
        const encoding = encodingOf(piece);
        if (encoding === 'utf-8') {
          const utf8 = new StringDecoder('utf8');
          decoder.text = (bytes) => utf8.write(bytes);
        } else {
          const utf16 = new TextDecoder(encoding);
          decoder.text = (bytes) => utf16.decode(bytes, { stream: true });
        }
      }
      const text = decoder.text(piece);
      if (done) {
        tail += text;
        if (tail.length > maxSurroundings)
          throw damaged(`the worksheet "${name}" has too much behind its rows.`);
        continue;
      }
      rest += text;
      if (reader === undefined) {
        const opening = /<((?:\w+:)?)sheetData\s*(\/?)>/.exec(rest);
        if (opening === null) {
          if (rest.length > maxSurroundings)
            throw damaged(`the worksheet "${name}" has too much in front of its rows.`);
          continue;
        }
        const prefix = opening[1] as string;
        head = rest.slice(0, opening.index);
        rest = rest.slice(opening.index + opening[0].length);
        reader = new RowReader(prefix, name, strings, date1904);
        if (opening[2] === '/') {
          tail = rest;
          done = true;
          continue;
        }
      }
      const closing = `</${reader.prefix}sheetData>`;
      const end = rest.indexOf(closing);
      if (end >= 0) {
        reader.read(rest.slice(0, end));
        tail = rest.slice(end + closing.length);
        done = true;
        continue;
      }
      const whole = rest.lastIndexOf(reader.rowEnd);
      if (whole < 0) continue;
      reader.read(rest.slice(0, whole + reader.rowEnd.length));
      rest = rest.slice(whole + reader.rowEnd.length);
    }
    if (reader === undefined || !done) throw damaged(`the worksheet "${name}" has no rows, or is cut off.`);
    const document = parseXml(`${head}<${reader.prefix}sheetData/>${tail}`);
    return {
      rows: reader.rows,
      root: document.root,
      toString: () => document.toString(),
      prefix: reader.prefix,
      hasFormulas: reader.hasFormulas,
    };
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw damaged(`the worksheet "${name}" is no valid XML (${error.message}).`, { cause: error });
  }
}

class RowReader {
  readonly rows = new Rows();
  readonly prefix: string;
  readonly rowEnd: string;
  hasFormulas = false;
  readonly #name: string;
  readonly #strings: SharedStrings;
  readonly #date1904: boolean;
  readonly #cellEnd: string;
  readonly #shared = new Map<string, SharedFormula>();
  readonly #attributeTexts = new Map<string, string>();
  #cells = 0;
  #previous: Row | undefined;

  constructor(prefix: string, name: string, strings: SharedStrings, date1904: boolean) {
    this.prefix = prefix;
    this.rowEnd = `</${prefix}row>`;
    this.#cellEnd = `</${prefix}c>`;
    this.#name = name;
    this.#strings = strings;
    this.#date1904 = date1904;
  }

  /** Whole rows. */
  read(text: string): void {
    let at = 0;
    for (;;) {
      const start = text.indexOf('<', at);
      if (start < 0) return;
      if (text.startsWith('<!--', start)) {
        at = endOf(text, '-->', start);
        continue;
      }
      if (!text.startsWith(`<${this.prefix}row`, start))
        throw this.#damaged('something other than rows stands among its rows');
      const end = tagEnd(text, start);
      const isEmpty = text[end - 1] === '/';
      const row = this.#row(text.slice(start + this.prefix.length + 4, isEmpty ? end - 1 : end));
      at = end + 1;
      if (!isEmpty) {
        const closing = text.indexOf(this.rowEnd, at);
        if (closing < 0) throw this.#damaged('a row never ends');
        this.#readCells(text, at, closing, row);
        at = closing + this.rowEnd.length;
      }
      this.#previous = row;
    }
  }

  #row(attributes: string): Row {
    const last = this.rows.list.at(-1)?.index ?? 0;
    const written = /\sr\s*=\s*["'](\d+)["']/.exec(attributes)?.[1];
    const index = written === undefined ? last + 1 : Number(written);
    if (index <= last || index > maxRows) throw this.#damaged(`its rows are out of order at row ${index}`);
    const row = new Row(index);
    row.attributes = this.#sameText(
      attributes
        .replace(/\s(?:r|spans)\s*=\s*(?:"[^"]*"|'[^']*')/g, '')
        .replaceAll("'", '"')
        .trimEnd(),
    );
    this.rows.list.push(row);
    return row;
  }

  /** One object per text: a sheet has a million rows with the same attributes. */
  #sameText(text: string): string {
    const known = this.#attributeTexts.get(text);
    if (known !== undefined) return known;
    // Made anew, because a piece of a larger text would keep all of it in memory.
    const own = Buffer.from(text).toString();
    if (this.#attributeTexts.size < 10_000) this.#attributeTexts.set(own, own);
    return own;
  }

  #readCells(text: string, from: number, to: number, row: Row): void {
    const columns: number[] = [];
    const styles: number[] = [];
    const values: Content[] = [];
    let last = 0;
    let at = from;
    for (;;) {
      const start = text.indexOf('<', at);
      if (start < 0 || start >= to) break;
      if (text.startsWith('<!--', start)) {
        at = endOf(text, '-->', start);
        continue;
      }
      if (!text.startsWith(`<${this.prefix}c`, start))
        throw this.#damaged(`row ${row.index} holds something other than cells`);
      let column = 0;
      let style = 0;
      let type = '';
      let others = '';
      // Attributes, letter by letter: this is where nearly all the time of reading goes.
      let next = start + this.prefix.length + 2;
      let isEmpty = false;
      for (;;) {
        let code = text.charCodeAt(next);
        while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++next);
        if (code === 62) break;
        if (code === 47) {
          isEmpty = true;
          next++;
          break;
        }
        const equals = text.indexOf('=', next);
        if (equals < 0 || equals > to) throw this.#damaged(`a cell of row ${row.index} cannot be read`);
        const attribute = text.slice(next, equals).trimEnd();
        let quoteAt = equals + 1;
        while (text.charCodeAt(quoteAt) === 32) quoteAt++;
        const quote = text[quoteAt] as string;
        const end = text.indexOf(quote, quoteAt + 1);
        if ((quote !== '"' && quote !== "'") || end < 0 || end > to)
          throw this.#damaged(`a cell of row ${row.index} cannot be read`);
        if (attribute === 'r') column = columnOf(text, quoteAt + 1, end);
        else if (attribute === 's') style = Number(text.slice(quoteAt + 1, end));
        else if (attribute === 't') type = text.slice(quoteAt + 1, end);
        else others += ` ${attribute}="${text.slice(quoteAt + 1, end)}"`;
        next = end + 1;
      }
      if (column === 0) column = last + 1;
      if (column <= last || column > maxColumns)
        throw this.#damaged(`the cells of row ${row.index} are out of order`);
      last = column;
      at = next + 1;
      let content: Content;
      if (!isEmpty) {
        const end = text.indexOf(this.#cellEnd, at);
        if (end < 0 || end > to) throw this.#damaged(`a cell of row ${row.index} never ends`);
        content = this.#content(text, at, end, type, others, row.index, column);
        at = end + this.#cellEnd.length;
      }
      columns.push(column);
      styles.push(style);
      values.push(content);
    }
    this.#cells += columns.length;
    if (this.#cells > maxCells) {
      throw new OfficeProblem(
        `The worksheet "${this.#name}" has more than ${maxCells} cells, which is more than this agent holds in memory.`,
        'Split the workbook.',
      );
    }
    // A copy is no longer than its cells; a list that grows keeps room for more.
    row.values = values.slice();
    // Tables have the same columns and formats in every row.
    row.columns = isSame(columns, this.#previous?.columns) ? (this.#previous as Row).columns : columns;
    row.styles = isSame(styles, this.#previous?.styles) ? (this.#previous as Row).styles : styles;
  }

  #content(
    text: string,
    from: number,
    to: number,
    type: string,
    others: string,
    row: number,
    column: number,
  ): Content {
    const { prefix } = this;
    // `<v>5</v>` alone is by far the most frequent.
    if (prefix === '' && text.startsWith('<v>', from)) {
      const end = text.indexOf('</v>', from);
      if (end + 4 === to) return this.#value(text.slice(from + 3, end), type, row);
    }
    const { root } = parseXml(`<c>${text.slice(from, to)}</c>`);
    const value = root.child('v');
    const formula = root.child('f');
    const inline = root.child('is');
    let content: CellValue | RichText;
    if (inline !== undefined) content = readStringItem(inline.children.join(''), undefined);
    else if (value !== undefined) content = this.#value(value.children.join(''), type, row);
    if (formula === undefined) return content;
    this.hasFormulas = true;
    const cached = typeof content === 'object' && !(content instanceof CellError) ? content.text : content;
    // Programs that do not compute write an empty number.
    return this.#formula(formula, cached, cached !== undefined, others, row, column);
  }

  #formula(
    element: XmlElement,
    cached: CellValue,
    hasCached: boolean,
    others: string,
    row: number,
    column: number,
  ): FormulaCell {
    const kind = element.get('t');
    const group = element.get('si');
    let source: SharedFormula | undefined;
    if (kind === 'shared' && group !== undefined) {
      source = this.#shared.get(group);
      if (source === undefined || element.text !== '') {
        source = { text: element.text, row, column };
        this.#shared.set(group, source);
      }
    } else source = { text: element.text, row, column };
    const cell = new FormulaCell(source, cached, hasCached);
    cell.cellAttributes = this.#sameText(others);
    if (kind === 'array' || kind === 'dataTable') {
      cell.kind = kind;
      cell.area = parseArea(element.get('ref') ?? '');
    }
    for (const [name, attribute] of element.attributes) {
      if (!['t', 'ref', 'si', 'ca', 'xml:space'].includes(name))
        cell.formulaAttributes += ` ${name}="${attribute}"`;
    }
    return cell;
  }

  #value(raw: string, type: string, row: number): CellValue | RichText {
    switch (type) {
      case '':
      case 'n': {
        if (raw === '') return undefined;
        const number = Number(raw);
        if (Number.isNaN(number)) throw this.#damaged(`row ${row} has a number "${raw.slice(0, 30)}"`);
        return number;
      }
      case 's': {
        const item = this.#strings.items[Number(raw)];
        if (item === undefined) throw this.#damaged(`row ${row} refers to a text that is not there`);
        return item;
      }
      case 'str':
      case 'inlineStr':
        return decodeCellText(raw);
      case 'b':
        return raw.trim() === '1' || raw.trim() === 'true';
      case 'e':
        return CellError.of(decodeXml(raw));
      case 'd': {
        const time = Date.parse(/[zZ]|[+-]\d\d:\d\d$/.test(raw) ? raw : `${raw}Z`);
        if (Number.isNaN(time)) throw this.#damaged(`row ${row} has a date "${raw.slice(0, 30)}"`);
        return time / 86_400_000 + (this.#date1904 ? 24_107 : 25_569);
      }
      default:
        throw this.#damaged(`row ${row} has a cell of the unknown type "${type}"`);
    }
  }

  #damaged(what: string): OfficeProblem {
    return damaged(`in the worksheet "${this.#name}", ${what}.`);
  }
}

function endOf(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  if (end < 0) throw new XmlError('a comment never ends', from);
  return end + mark.length;
}

/** The column of a cell name such as `AB12`. */
function columnOf(text: string, from: number, to: number): number {
  let column = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code >= 65 && code <= 90) column = column * 26 + code - 64;
    else if (code >= 97 && code <= 122) column = column * 26 + code - 96;
    else break;
  }
  return column;
}
