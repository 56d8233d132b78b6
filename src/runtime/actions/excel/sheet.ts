// One worksheet in memory: its cells, and the settings around them as the tree they were read as. No actions and no formulas' values.

import { OfficeProblem } from '../office/problem.ts';
import type { XmlElement } from '../office/xml.ts';
import { type Area, areaName, cellName, contains, isSingleCell, overlaps, parseArea } from './addresses.ts';
import { type Content, FormulaCell, type Row, type Rows } from './cells.ts';
import type { SheetContent } from './sheetReader.ts';

/** What may follow an element of a worksheet, in the order the format prescribes. */
const order = [
  'sheetPr',
  'dimension',
  'sheetViews',
  'sheetFormatPr',
  'cols',
  'sheetData',
  'sheetCalcPr',
  'sheetProtection',
  'protectedRanges',
  'scenarios',
  'autoFilter',
  'sortState',
  'dataConsolidate',
  'customSheetViews',
  'mergeCells',
  'phoneticPr',
  'conditionalFormatting',
  'dataValidations',
  'hyperlinks',
  'printOptions',
  'pageMargins',
  'pageSetup',
  'headerFooter',
  'rowBreaks',
  'colBreaks',
  'customProperties',
  'cellWatches',
  'ignoredErrors',
  'smartTags',
  'drawing',
  'legacyDrawing',
  'legacyDrawingHF',
  'picture',
  'oleObjects',
  'controls',
  'webPublishItems',
  'tableParts',
  'extLst',
];

export class Sheet {
  /** Changed through the workbook, which tells the formulas that refer to it. */
  name: string;
  readonly rows: Rows;
  readonly root: XmlElement;
  readonly prefix: string;
  /** Something on the sheet was changed since it was read or saved. */
  changed = false;
  readonly #print: () => string;
  #formulas: Map<number, FormulaColumn> | undefined;
  #arrays: FormulaCell[] | undefined;

  constructor(name: string, content: SheetContent) {
    this.name = name;
    this.rows = content.rows;
    this.root = content.root;
    this.prefix = content.prefix;
    this.#print = content.toString;
    if (!content.hasFormulas) {
      this.#formulas = new Map();
      this.#arrays = [];
    }
  }

  /** The document in front of and behind its rows. */
  get surroundings(): readonly [before: string, after: string] {
    const text = this.#print();
    const mark = `<${this.prefix}sheetData/>`;
    const at = text.indexOf(mark);
    return [text.slice(0, at), text.slice(at + mark.length)];
  }

  /** A child of the root, made in its place when it is not there. */
  part(name: string): XmlElement {
    return (
      this.root.child(name) ??
      this.root.insertBefore(this.root.create(name), order.slice(order.indexOf(name) + 1))
    );
  }

  // ── Cells ─────────────────────────────────────────────────────────────────────────────────────────────────────

  content(row: number, column: number): Content {
    return this.rows.get(row)?.value(column);
  }

  /** The style of a cell: its own, else the one of its row, else the one of its column. */
  style(row: number, column: number): number {
    const found = this.rows.get(row);
    return found?.style(column) ?? (found?.ownStyle || this.columnStyle(column));
  }

  columnStyle(column: number): number {
    const cols = this.root.child('cols');
    if (cols === undefined) return 0;
    const found = cols
      .all('col')
      .find((one) => Number(one.get('min')) <= column && Number(one.get('max')) >= column);
    return Number(found?.get('style') ?? 0);
  }

  /** Writes a cell; `style` keeps the one it has when undefined. */
  set(row: number, column: number, content: Content, style = this.style(row, column)): void {
    const target = this.rows.need(row);
    const old = target.value(column);
    if (old instanceof FormulaCell || content instanceof FormulaCell) this.formulasChanged();
    target.set(column, content, style);
    this.changed = true;
  }

  /** Throws an OfficeProblem when only a part of an array formula's cells would be written to. */
  requireWholeArrays(area: Area): void {
    for (const cell of this.arrays) {
      const covered = cell.area as Area;
      if (!overlaps(covered, area)) continue;
      if (
        area.top <= covered.top &&
        area.left <= covered.left &&
        area.bottom >= covered.bottom &&
        area.right >= covered.right
      )
        continue;
      throw new OfficeProblem(
        `A part of the array formula in ${areaName(covered)} of the worksheet "${this.name}" cannot be changed.`,
        'Change or clear the whole range of the array formula.',
      );
    }
  }

  /** The area of all cells that hold something; undefined when none does. */
  get usedArea(): Area | undefined {
    let top = 0;
    let bottom = 0;
    let left = Number.POSITIVE_INFINITY;
    let right = 0;
    for (const row of this.rows.list) {
      const { values, columns } = row;
      let first = 0;
      while (first < values.length && values[first] === undefined) first++;
      if (first === values.length) continue;
      let last = values.length - 1;
      while (values[last] === undefined) last--;
      if (top === 0) top = row.index;
      bottom = row.index;
      left = Math.min(left, columns[first] as number);
      right = Math.max(right, columns[last] as number);
    }
    return top === 0 ? undefined : { top, left, bottom, right };
  }

  /** The last row that is there, and the last column with a cell or a format of its own; 0 when none is. */
  get extent(): readonly [row: number, column: number] {
    const { list } = this.rows;
    let column = Math.max(
      0,
      ...(this.root.child('cols')?.all('col') ?? []).map((one) => Number(one.get('max'))),
    );
    for (const { columns } of list) column = Math.max(column, columns.at(-1) ?? 0);
    return [list.at(-1)?.index ?? 0, column];
  }

  /** The last row of a column that holds something; 0 when none does. */
  lastFilledRow(column: number): number {
    for (let at = this.rows.list.length - 1; at >= 0; at--) {
      const row = this.rows.list[at] as Row;
      if (row.value(column) !== undefined) return row.index;
    }
    return 0;
  }

  // ── Formulas ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A formula came, went or moved. */
  formulasChanged(): void {
    this.#formulas = undefined;
    this.#arrays = undefined;
  }

  get hasFormulas(): boolean {
    return this.#index().size > 0;
  }

  /** Formulas whose results fill several cells. */
  get arrays(): readonly FormulaCell[] {
    if (this.#arrays === undefined) {
      this.#arrays = [...this.formulasIn({ top: 1, left: 1, bottom: Infinity, right: Infinity })]
        .map(({ cell }) => cell)
        .filter(({ area }) => area !== undefined && !isSingleCell(area));
    }
    return this.#arrays;
  }

  /** The array formula whose results include this cell. */
  arrayAt(row: number, column: number): FormulaCell | undefined {
    return this.arrays.find(({ area }) => area !== undefined && contains(area, row, column));
  }

  *formulasIn(area: Area): Generator<PlacedFormula> {
    const index = this.#index();
    for (const [column, { rows, cells }] of index) {
      if (column < area.left || column > area.right) continue;
      let low = 0;
      let high = rows.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((rows[middle] as number) < area.top) low = middle + 1;
        else high = middle;
      }
      for (let at = low; at < rows.length && (rows[at] as number) <= area.bottom; at++) {
        yield { row: rows[at] as number, column, cell: cells[at] as FormulaCell };
      }
    }
  }

  #index(): Map<number, FormulaColumn> {
    if (this.#formulas === undefined) {
      this.#formulas = new Map();
      for (const row of this.rows.list) {
        for (let at = 0; at < row.values.length; at++) {
          const content = row.values[at];
          if (!(content instanceof FormulaCell)) continue;
          const column = row.columns[at] as number;
          let found = this.#formulas.get(column);
          if (found === undefined) {
            found = { rows: [], cells: [] };
            this.#formulas.set(column, found);
          }
          found.rows.push(row.index);
          found.cells.push(content);
        }
      }
    }
    return this.#formulas;
  }

  // ── Around the cells ──────────────────────────────────────────────────────────────────────────────────────────

  get mergedAreas(): Area[] {
    const list = this.root.child('mergeCells');
    if (list === undefined) return [];
    return list.all('mergeCell').flatMap((one) => parseArea(one.get('ref') ?? '') ?? []);
  }

  set mergedAreas(areas: readonly Area[]) {
    const old = this.root.child('mergeCells');
    if (areas.length === 0) {
      if (old !== undefined) this.root.remove(old);
      return;
    }
    const list = this.part('mergeCells');
    list.children.length = 0;
    for (const area of areas) list.append(list.create('mergeCell', { ref: areaName(area) }));
    list.set('count', String(areas.length));
  }

  /** The cell that stands for `row`, `column`: the first one of a merged area. */
  anchor(row: number, column: number): readonly [row: number, column: number] {
    const merged = this.mergedAreas.find((area) => contains(area, row, column));
    return merged === undefined ? [row, column] : [merged.top, merged.left];
  }

  /** Active cell and selection as the file has them. */
  get selection(): { readonly active: readonly [row: number, column: number]; readonly area: Area } {
    const views = this.root.child('sheetViews')?.all('sheetView') ?? [];
    const found = views[0]?.all('selection').at(-1);
    const area = parseArea((found?.get('sqref') ?? 'A1').split(' ')[0] as string) ?? {
      top: 1,
      left: 1,
      bottom: 1,
      right: 1,
    };
    const active = parseArea(found?.get('activeCell') ?? (areaName(area).split(':')[0] as string));
    return { active: [active?.top ?? area.top, active?.left ?? area.left], area };
  }

  set selection({
    active,
    area,
  }: { readonly active: readonly [row: number, column: number]; readonly area: Area }) {
    const views = this.part('sheetViews');
    const view = views.child('sheetView') ?? views.append(views.create('sheetView', { workbookViewId: '0' }));
    const found =
      view.all('selection').at(-1) ??
      view.insertBefore(view.create('selection'), ['pivotSelection', 'extLst']);
    found.set('activeCell', cellName(active[0], active[1])).set('sqref', areaName(area));
    found.set('activeCellId', undefined);
  }

  /** The area the file says the cells have; brought up to date before the sheet is written. */
  updateDimension(): void {
    const dimension = this.root.child('dimension');
    if (dimension === undefined) return;
    const used = this.usedArea;
    dimension.set('ref', used === undefined ? 'A1' : areaName(used));
  }
}

interface FormulaColumn {
  readonly rows: number[];
  readonly cells: FormulaCell[];
}

export interface PlacedFormula {
  readonly row: number;
  readonly column: number;
  readonly cell: FormulaCell;
}
