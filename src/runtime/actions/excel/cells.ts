// What a worksheet holds in memory: rows of cells, made small because a sheet may have millions. No XML and no rules of Excel.
import { type Area, areaName } from './addresses.ts';
import type { RichText } from './sharedStrings.ts';

/** An error value such as `#N/A`, one object per error. */
export class CellError {
  readonly code: string;
  private constructor(code: string) {
    this.code = code;
  }
  static readonly #known = new Map<string, CellError>();
  static of(code: string): CellError {
    let known = CellError.#known.get(code);
    if (known === undefined) {
      known = new CellError(code);
      CellError.#known.set(code, known);
    }
    return known;
  }
}

/** What a formula can result in, and what cells without formula hold; `undefined` is an empty cell. */
export type CellValue = number | string | boolean | CellError | undefined;

export type Content = CellValue | RichText | FormulaCell;

/** A formula as it was entered somewhere; cells that share it see its relative references moved. */
export interface SharedFormula {
  readonly text: string;
  readonly row: number;
  readonly column: number;
}

/** A cell with a formula. `cached` is the value the file has for it. */
export class FormulaCell {
  /** Without `=`, as the file writes it. Shared by all cells that were filled from one formula. */
  source: SharedFormula;
  cached: CellValue;
  /** False when the file has no value: it must be computed before anybody may see one. */
  hasCached: boolean;
  /** For an array formula or data table: the cells that hold its results. */
  area: Area | undefined;
  /** `array`, `dataTable`, or undefined for an ordinary one. */
  kind: string | undefined;
  /** Further attributes of `<f>` and of `<c>`, as written. */
  formulaAttributes: string;
  cellAttributes: string;
  /** What the evaluator found, and for which state of the workbook. */
  computed: { readonly revision: number; readonly value: CellValue } | undefined;
  /** Whether a change reaches this cell, for which state of the workbook. */
  dirty: { readonly revision: number; readonly value: boolean } | undefined;

  constructor(source: SharedFormula, cached: CellValue, hasCached: boolean) {
    this.source = source;
    this.cached = cached;
    this.hasCached = hasCached;
    this.area = undefined;
    this.kind = undefined;
    this.formulaAttributes = '';
    this.cellAttributes = '';
    this.computed = undefined;
    this.dirty = undefined;
  }

  /** A copy that can go to another place: what was computed does not go with it. */
  copy(source: SharedFormula): FormulaCell {
    const made = new FormulaCell(source, this.cached, false);
    made.kind = this.kind;
    made.formulaAttributes = this.formulaAttributes;
    made.cellAttributes = this.cellAttributes;
    return made;
  }
}

const none: readonly number[] = [];

/**
 * One row. `columns` (ascending), `styles` and `values` run side by side. Rows that look alike share `columns` and `styles`, so these
 * are replaced, never changed.
 */
export class Row {
  index: number;
  columns: readonly number[] = none;
  styles: readonly number[] = none;
  values: Content[] = [];
  /** Attributes of the row as written, without its number and span: height, hidden, style … */
  attributes = '';

  constructor(index: number) {
    this.index = index;
  }

  /** Where a column is among the cells; where it would be inserted, as `-1 - place`, when it has no cell. */
  find(column: number): number {
    const { columns } = this;
    // Rows mostly have all their cells from the first on.
    const guess = column - (columns[0] ?? column);
    if (columns[guess] === column) return guess;
    let low = 0;
    let high = columns.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((columns[middle] as number) < column) low = middle + 1;
      else high = middle;
    }
    return columns[low] === column ? low : -1 - low;
  }

  value(column: number): Content {
    const at = this.find(column);
    return at < 0 ? undefined : this.values[at];
  }

  style(column: number): number | undefined {
    const at = this.find(column);
    return at < 0 ? undefined : this.styles[at];
  }

  set(column: number, value: Content, style: number): void {
    const at = this.find(column);
    if (at >= 0) {
      this.values[at] = value;
      if (this.styles[at] !== style) this.styles = this.styles.with(at, style);
      return;
    }
    const place = -1 - at;
    if (place === this.columns.length) {
      this.columns = [...this.columns, column];
      this.styles = [...this.styles, style];
      this.values.push(value);
      return;
    }
    this.columns = this.columns.toSpliced(place, 0, column);
    this.styles = this.styles.toSpliced(place, 0, style);
    this.values.splice(place, 0, value);
  }

  delete(column: number): void {
    const at = this.find(column);
    if (at < 0) return;
    this.columns = this.columns.toSpliced(at, 1);
    this.styles = this.styles.toSpliced(at, 1);
    this.values.splice(at, 1);
  }

  get isHidden(): boolean {
    return /\shidden="(?:1|true)"/.test(this.attributes);
  }

  set isHidden(hidden: boolean) {
    this.setAttribute('hidden', hidden ? '1' : undefined);
  }

  /** The style that new cells of this row get, 0 when it has none. */
  get ownStyle(): number {
    return /\scustomFormat="(?:1|true)"/.test(this.attributes) ? Number(this.attribute('s') ?? 0) : 0;
  }

  attribute(name: string): string | undefined {
    return new RegExp(`\\s${name}="([^"]*)"`).exec(this.attributes)?.[1];
  }

  setAttribute(name: string, value: string | undefined): void {
    const without = this.attributes.replace(new RegExp(`\\s${name}="[^"]*"`), '');
    this.attributes = value === undefined ? without : `${without} ${name}="${value}"`;
  }
}

/** All rows of a sheet, in order. Rows that have neither cells nor attributes need not be there. */
export class Rows {
  /** Ascending by `index`. Changed through the methods only. */
  readonly list: Row[] = [];
  #last = 0;

  /** Place of a row in `list`; where it would be inserted, as `-1 - place`, when it is not there. */
  find(index: number): number {
    const { list } = this;
    // Flows go through a sheet row by row: the same row as last time, or the one behind it.
    const guess = list[this.#last]?.index === index ? this.#last : this.#last + 1;
    if (list[guess]?.index === index) {
      this.#last = guess;
      return guess;
    }
    if (list.length === 0 || (list.at(-1) as Row).index < index) return -1 - list.length;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list[middle] as Row).index < index) low = middle + 1;
      else high = middle;
    }
    if (list[low]?.index !== index) return -1 - low;
    this.#last = low;
    return low;
  }

  get(index: number): Row | undefined {
    const at = this.find(index);
    return at < 0 ? undefined : this.list[at];
  }

  /** The row, made when it is not there. */
  need(index: number): Row {
    const at = this.find(index);
    if (at >= 0) return this.list[at] as Row;
    const row = new Row(index);
    const place = -1 - at;
    if (place === this.list.length) this.list.push(row);
    else this.list.splice(place, 0, row);
    this.#last = place;
    return row;
  }

  /** Place of the first row at or behind `index`. */
  from(index: number): number {
    const at = this.find(index);
    return at < 0 ? -1 - at : at;
  }

  /** The rows between two numbers, both included. */
  *between(top: number, bottom: number): Generator<Row> {
    for (let at = this.from(top); at < this.list.length; at++) {
      const row = this.list[at] as Row;
      if (row.index > bottom) return;
      yield row;
    }
  }
}

/** The formula of a cell that shares it with others cannot be named without its place; for messages. */
export const arrayName = (cell: FormulaCell): string =>
  cell.area === undefined ? 'its range' : areaName(cell.area);

/** True when two lists hold the same numbers. */
export function isSame(a: readonly number[], b: readonly number[] | undefined): boolean {
  if (b === undefined || a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
