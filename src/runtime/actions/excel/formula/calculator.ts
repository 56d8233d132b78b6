// Values of formulas. A formula whose cells nobody changed has the value the file gives; all others are computed, together with
// what they depend on. What cannot be computed here is never shown with an old value. The functions are in functions.ts.

import { OfficeProblem } from '../../office/problem.ts';
import { type Area, cellName, contains, maxColumns, maxRows, overlaps, parseArea } from '../addresses.ts';
import { type CellValue, FormulaCell, type Row } from '../cells.ts';
import { RichText } from '../sharedStrings.ts';
import type { Sheet } from '../sheet.ts';
import type { SheetEntry, SheetTable, Workbook } from '../workbook.ts';
import { type FunctionLibrary, type FunctionWorld, findFunction, lookupPlace } from './functions.ts';
import { type FormulaNode, parseFormula, walkFormula } from './parser.ts';
import { areaOf, moveEnd, sourceText } from './shift.ts';
import { FormulaError, isOnSheet, type ReferenceToken } from './tokens.ts';
import {
  asNumber,
  asText,
  CellRange,
  compareValues,
  ErrorResult,
  errors,
  fail,
  Matrix,
  NotComputable,
  type Operand,
} from './values.ts';

/** A worksheet is needed whose cells are not in memory yet. */
export class SheetNeeded extends Error {
  readonly entry: SheetEntry;
  constructor(entry: SheetEntry) {
    super('a worksheet must be read first');
    this.entry = entry;
  }
}

/** Much was computed at one go: others must have their turn, then the same is asked again and goes on where it stopped. */
export class TurnNeeded extends Error {
  constructor() {
    super('the event loop must have its turn');
  }
}

/** So long may formulas be computed at one go (ms): a run is to stop within a second. */
const turnMs = 150;

interface Place {
  readonly sheet: Sheet;
  readonly row: number;
  readonly column: number;
}

interface Task extends Place {
  readonly cell: FormulaCell;
}

interface Parsed {
  readonly tree: FormulaNode | undefined;
  readonly problem: string | undefined;
  /** What the formula refers to, or where it stands, only shows when it is computed (OFFSET, ROW): any change may reach it. */
  readonly isFloating: boolean;
  /** NOW, RAND …: never the same twice. */
  readonly isVolatile: boolean;
}

const floating = new Set(['OFFSET', 'INDIRECT', 'ROW', 'COLUMN']);
const volatile = new Set(['NOW', 'TODAY', 'RAND', 'RANDBETWEEN', 'RANDARRAY']);

/** Whole columns are as long as this many rows of a matrix at most; behind the last filled row there is nothing to see. */
const maxMatrixCells = 20_000_000;

export class Calculator {
  readonly #workbook: Workbook;
  readonly #library: FunctionLibrary;
  readonly #now: () => number;
  /** The tables of the workbook as they are now. */
  tables: readonly SheetTable[] = [];
  readonly #parsed = new WeakMap<object, Parsed>();
  /** Why a formula has no value, for the revision in which it was tried. */
  readonly #problems = new WeakMap<FormulaCell, { readonly revision: number; readonly reason: string }>();
  #turnStart = performance.now();
  /** Formulas whose precedents are being computed, and those being computed themselves: whoever needs one of them is in a circle. */
  readonly #waiting = new Set<FormulaCell>();
  readonly #matrices = new WeakMap<FormulaCell, { readonly revision: number; readonly value: Matrix }>();

  /** `now` gives local time in milliseconds, as datetimes of flows count. */
  constructor(workbook: Workbook, library: FunctionLibrary, now: () => number) {
    this.#workbook = workbook;
    this.#library = library;
    this.#now = now;
  }

  /** Computing starts, or goes on, with a fresh turn. */
  startTurn(): void {
    this.#turnStart = performance.now();
  }

  /** What a cell shows. Throws TurnNeeded when it takes long, an OfficeProblem that names the formula when it cannot be computed, SheetNeeded for a sheet not in memory. */
  valueOf(sheet: Sheet, row: number, column: number): CellValue {
    const content = sheet.content(row, column);
    if (content instanceof FormulaCell) return this.#formulaValue({ sheet, row, column, cell: content });
    if (sheet.arrays.length > 0) {
      const array = sheet.arrayAt(row, column);
      if (array?.area !== undefined) {
        const { top, left } = array.area;
        const anchor = { sheet, row: top, column: left, cell: array };
        this.#resolve(anchor);
        if (array.dirty?.value) {
          this.#requireComputed(anchor);
          return this.#matrices.get(array)?.value.rows[row - top]?.[column - left] ?? errors.notAvailable;
        }
      }
    }
    return content instanceof RichText ? content.text : content;
  }

  #formulaValue(task: Task): CellValue {
    this.#resolve(task);
    if (task.cell.dirty?.value !== true) return task.cell.cached;
    this.#requireComputed(task);
    return task.cell.computed?.value;
  }

  /** True when the value in the file is no longer the value of this formula. */
  isStale(task: Task): boolean {
    this.#resolve(task);
    return task.cell.dirty?.value === true;
  }

  /** The value of a stale formula; undefined when it cannot be computed. */
  computedValue(task: Task): { readonly value: CellValue } | undefined {
    this.#resolve(task);
    return this.#problems.get(task.cell)?.revision === this.#workbook.revision
      ? undefined
      : { value: task.cell.computed?.value };
  }

  #requireComputed({ sheet, row, column, cell }: Task): void {
    const problem = this.#problems.get(cell);
    if (problem?.revision !== this.#workbook.revision) return;
    const formula = sourceText(cell.source, row, column);
    throw new OfficeProblem(
      `The formula =${formula.length > 200 ? `${formula.slice(0, 200)}…` : formula} in ${cellName(row, column)} of the worksheet "${sheet.name}" cannot be computed here: ${problem.reason}. ${cell.hasCached ? 'Cells it depends on were changed, so the value in the file is out of date.' : 'The file has no value for it.'}`,
      'Compute the value in the flow, use a formula of functions that are supported (docs/excel.md), or run this step where Excel is installed.',
    );
  }

  // ── Which formulas must be computed, and in which order ───────────────────────────────────────────────────────

  /** Computes a formula and all it depends on, without nesting: chains of a hundred thousand formulas are common. */
  #resolve(start: Task): void {
    const { revision } = this.#workbook;
    if (start.cell.dirty?.revision === revision) return;
    const open = (task: Task) => {
      this.#waiting.add(task.cell);
      return { task, precedents: this.#precedents(task) };
    };
    const stack = [open(start)];
    try {
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
        const next = top.precedents.next();
        if (next.done === true) {
          this.#waiting.delete(top.task.cell);
          this.#settle(top.task);
          stack.pop();
        } else if (next.value.cell.dirty?.revision !== revision && !this.#waiting.has(next.value.cell)) {
          stack.push(open(next.value));
        }
      }
    } finally {
      for (const { task } of stack) this.#waiting.delete(task.cell);
    }
  }

  #settle(task: Task): void {
    const { cell } = task;
    const { revision } = this.#workbook;
    const isReached = this.#isReached(task);
    if (!isReached && !this.#workbook.computesOnLoad) {
      cell.dirty = { revision, value: false };
      return;
    }
    let value: CellValue;
    let isDirty = isReached;
    try {
      this.#waiting.add(cell);
      value = this.#compute(task);
      isDirty ||= value !== cell.cached || cell.area !== undefined;
    } catch (error) {
      if (!(error instanceof NotComputable)) throw error;
      // The value of a formula nothing changed is the best there is.
      if (isReached) this.#problems.set(cell, { revision, reason: error.message });
    } finally {
      this.#waiting.delete(cell);
    }
    cell.computed = { revision, value };
    cell.dirty = { revision, value: isDirty };
    if (performance.now() - this.#turnStart > turnMs) throw new TurnNeeded();
  }

  #isReached(task: Task): boolean {
    const { cell, sheet } = task;
    if (!cell.hasCached) return true;
    const parsed = this.#parse(cell);
    if (parsed.isVolatile) return true;
    const changes = this.#workbook.changedAreas;
    if (changes.size === 0) return false;
    // What cannot be read may refer to anything.
    if (parsed.tree === undefined || parsed.isFloating || cell.kind === 'dataTable') return true;
    for (const range of this.#ranges(task)) {
      if (changes.get(range.sheet)?.some((area) => overlaps(area, range.area))) return true;
      for (const precedent of range.sheet.formulasIn(range.area)) {
        if (precedent.cell.dirty?.value && precedent.cell.dirty.revision === this.#workbook.revision)
          return true;
      }
      for (const array of range.sheet.arrays) {
        if (array.area !== undefined && overlaps(array.area, range.area) && array.dirty?.value) return true;
      }
    }
    // Cells of the formula's own array may have been written to.
    return (
      cell.area !== undefined &&
      (changes.get(sheet)?.some((area) => overlaps(area, cell.area as Area)) ?? false)
    );
  }

  *#precedents(task: Task): Generator<Task> {
    for (const { sheet, area } of this.#ranges(task)) {
      for (const found of sheet.formulasIn(area)) yield { sheet, ...found };
      for (const array of sheet.arrays) {
        if (array.area !== undefined && overlaps(array.area, area)) {
          yield { sheet, row: array.area.top, column: array.area.left, cell: array };
        }
      }
    }
  }

  /** All ranges a formula names, also those of branches it may not take. */
  *#ranges(task: Task): Generator<CellRange> {
    const { tree } = this.#parse(task.cell);
    if (tree !== undefined) yield* this.#rangesIn(tree, task, task.cell.source, 0);
  }

  *#rangesIn(
    tree: FormulaNode,
    place: Place,
    origin: Origin | undefined,
    depth: number,
  ): Generator<CellRange> {
    for (const node of walkFormula(tree)) {
      try {
        if (node.kind === 'reference') {
          const range = this.#range(node.token, place, origin);
          if (range !== undefined) yield range;
        } else if (node.kind === 'table') {
          yield this.#tableRange(node.text, place);
        } else if (node.kind === 'name' && depth < 10) {
          const named = this.#namedTree(node.text, place);
          if (named !== undefined) yield* this.#rangesIn(named, place, nameOrigin, depth + 1);
        }
      } catch (error) {
        // Found again, and told, when the formula is computed.
        if (!(error instanceof NotComputable || error instanceof ErrorResult)) throw error;
      }
    }
  }

  #parse(cell: FormulaCell): Parsed {
    let parsed = this.#parsed.get(cell.source);
    if (parsed === undefined) {
      try {
        const tree = parseFormula(cell.source.text);
        const called = [...walkFormula(tree)].flatMap((node) =>
          node.kind === 'call' ? [plainName(node.name)] : [],
        );
        parsed = {
          tree,
          problem: undefined,
          isFloating: called.some((name) => floating.has(name)),
          isVolatile: called.some((name) => volatile.has(name)),
        };
      } catch (error) {
        if (!(error instanceof FormulaError)) throw error;
        parsed = { tree: undefined, problem: error.message, isFloating: true, isVolatile: false };
      }
      this.#parsed.set(cell.source, parsed);
    }
    return parsed;
  }

  // ── References ────────────────────────────────────────────────────────────────────────────────────────────────

  #sheetNamed(name: string | undefined, place: Place): Sheet | undefined {
    if (name === undefined) return place.sheet;
    const entry = this.#workbook.entryNamed(name);
    if (entry === undefined) return undefined;
    if (!entry.isWorksheet) throw new NotComputable(`it refers to the chart "${name}"`);
    if (entry.sheet === undefined) throw new SheetNeeded(entry);
    return entry.sheet;
  }

  /** Undefined when the sheet is gone or the place is off the sheet. */
  #range(token: ReferenceToken, place: Place, origin: Origin | undefined): CellRange | undefined {
    if (token.isExternal) throw new NotComputable('it refers to another file');
    if (token.lastSheet !== undefined)
      throw new NotComputable('it refers to a range over several worksheets');
    const sheet = this.#sheetNamed(token.sheet, place);
    if (sheet === undefined) return undefined;
    let { from, to } = token;
    if (origin !== undefined && (origin.row !== place.row || origin.column !== place.column)) {
      const rows = place.row - origin.row;
      const columns = place.column - origin.column;
      from = moveEnd(from, rows, columns);
      to = to && moveEnd(to, rows, columns);
      if (!isOnSheet(from) || (to !== undefined && !isOnSheet(to))) return undefined;
    }
    return new CellRange(sheet, areaOf({ from, to }));
  }

  #namedTree(text: string, place: Place): FormulaNode | undefined {
    const bang = text.lastIndexOf('!');
    const sheetName = bang < 0 ? undefined : text.slice(0, bang).replace(/^'|'$/g, '').replaceAll("''", "'");
    const entry = sheetName === undefined ? undefined : this.#workbook.entryNamed(sheetName);
    const index = this.#workbook.entries.findIndex((one) =>
      entry === undefined ? one.sheet === place.sheet : one === entry,
    );
    const found = this.#workbook.nameSeenFrom(text.slice(bang + 1), index);
    if (found === undefined) return undefined;
    try {
      return parseFormula(found.formula);
    } catch (error) {
      if (!(error instanceof FormulaError)) throw error;
      throw new NotComputable(`the name ${text} cannot be understood (${error.message})`);
    }
  }

  /** `Table1[Amount]`, `Table1[[#This Row],[Amount]]` and their kin. */
  #tableRange(text: string, place: Place): CellRange {
    const bracket = text.indexOf('[');
    const name = text.slice(0, bracket).toLowerCase();
    const table = this.tables.find((one) =>
      name === ''
        ? one.sheetEntry.sheet === place.sheet && contains(one.area, place.row, place.column)
        : one.name.toLowerCase() === name,
    );
    if (table === undefined) return fail(errors.reference);
    const sheet = this.#sheetNamed(this.#workbook.sheetName(table.sheetEntry), place) as Sheet;
    let inside = text.slice(bracket + 1, -1).trim();
    let thisRow = false;
    if (inside.startsWith('@')) {
      thisRow = true;
      inside = inside.slice(1);
    }
    const pieces = inside.startsWith('[')
      ? inside
          .split(/(?<=\])\s*([,:])\s*(?=\[)/)
          .map((piece) => (piece.length === 1 ? piece : piece.slice(1, -1)))
      : [inside];
    let { top, bottom, left, right } = table.area;
    const first = top + table.headerRows;
    const last = bottom - table.totalRows;
    let rows: readonly [number, number] = [first, last];
    const columns: number[] = [];
    for (const piece of pieces) {
      const plain = piece.replace(/'([[\]#'@])/g, '$1').toLowerCase();
      if (piece === ',' || piece === ':' || plain === '') continue;
      if (plain === '#all') rows = [top, bottom];
      else if (plain === '#data') rows = [first, last];
      else if (plain === '#headers') rows = [top, top + table.headerRows - 1];
      else if (plain === '#totals') rows = [bottom - table.totalRows + 1, bottom];
      else if (plain === '#this row') thisRow = true;
      else {
        const at = table.columns.findIndex((one) => one.toLowerCase() === plain);
        if (at < 0) return fail(errors.reference);
        columns.push(left + at);
      }
    }
    if (thisRow) {
      if (place.row < first || place.row > last) return fail(errors.value);
      rows = [place.row, place.row];
    }
    if (columns.length > 0) {
      left = Math.min(...columns);
      right = Math.max(...columns);
    }
    [top, bottom] = rows;
    if (bottom < top) return fail(errors.reference);
    return new CellRange(sheet, { top, bottom, left, right });
  }

  // ── Computing ─────────────────────────────────────────────────────────────────────────────────────────────────

  #compute(task: Task): CellValue {
    const { cell } = task;
    if (cell.kind === 'dataTable') throw new NotComputable('it is a what-if data table');
    const { tree, problem } = this.#parse(cell);
    if (tree === undefined) throw new NotComputable(problem ?? 'it cannot be understood');
    const isArray = cell.kind === 'array';
    try {
      const result = this.#evaluate(tree, { ...task, origin: cell.source, inArray: isArray });
      if (isArray && cell.area !== undefined) {
        const matrix = spread(this.#matrix(result), cell.area);
        this.#matrices.set(cell, { revision: this.#workbook.revision, value: matrix });
        return matrix.rows[0]?.[0] ?? 0;
      }
      // A formula never shows an empty cell: a reference to one gives 0.
      return this.#single(result, task) ?? 0;
    } catch (error) {
      if (error instanceof ErrorResult) return error.value;
      if (error instanceof RangeError) throw new NotComputable('it is nested too deep');
      throw error;
    }
  }

  #evaluate(node: FormulaNode, at: Spot): Operand {
    switch (node.kind) {
      case 'value':
        return node.value;
      case 'reference':
        return this.#range(node.token, at, at.origin) ?? errors.reference;
      case 'table':
        return this.#tableRange(node.text, at);
      case 'name': {
        const tree = this.#namedTree(node.text, at);
        if (tree === undefined) return errors.name;
        if (at.depth !== undefined && at.depth > 10)
          throw new NotComputable(`the name ${node.text} refers to itself`);
        return this.#evaluate(tree, { ...at, origin: nameOrigin, depth: (at.depth ?? 0) + 1 });
      }
      case 'array':
        return new Matrix(node.rows);
      case 'unary': {
        if (node.operator === '@') return this.#single(this.#evaluate(node.operand, at), at);
        const operand = this.#evaluate(node.operand, at);
        if (node.operator === '+') return operand;
        return this.#map([operand], at, ([value]) =>
          node.operator === '%' ? asNumber(value) / 100 : -asNumber(value),
        );
      }
      case 'binary':
        return this.#binary(node, at);
      case 'call':
        return this.#call(node, at);
    }
  }

  #binary(node: Extract<FormulaNode, { kind: 'binary' }>, at: Spot): Operand {
    const left = this.#evaluate(node.left, at);
    const right = this.#evaluate(node.right, at);
    if (node.operator === ':') {
      if (!(left instanceof CellRange) || !(right instanceof CellRange) || left.sheet !== right.sheet)
        return fail(errors.value);
      const [a, b] = [left.area, right.area];
      return new CellRange(left.sheet, {
        top: Math.min(a.top, b.top),
        left: Math.min(a.left, b.left),
        bottom: Math.max(a.bottom, b.bottom),
        right: Math.max(a.right, b.right),
      });
    }
    const operation = operations[node.operator] as (a: CellValue, b: CellValue) => CellValue;
    return this.#map([left, right], at, ([a, b]) => operation(a, b));
  }

  /** Applies `work` to single values, or to each place of tables and ranges where formulas take those whole. */
  #map(operands: readonly Operand[], at: Spot, work: (values: readonly CellValue[]) => CellValue): Operand {
    const given = operands.map((one) => (at.inArray || one instanceof Matrix ? one : this.#single(one, at)));
    const tables = given.map((one) =>
      one instanceof Matrix ? one : one instanceof CellRange ? this.#matrix(one) : undefined,
    );
    if (tables.every((one) => one === undefined)) return guarded(() => work(given as CellValue[]));
    const height = Math.max(...tables.map((one) => one?.rows.length ?? 1));
    const width = Math.max(...tables.map((one) => one?.width ?? 1));
    const rows: CellValue[][] = [];
    for (let row = 0; row < height; row++) {
      const values: CellValue[] = [];
      for (let column = 0; column < width; column++) {
        const picked = given.map((one, index) => {
          const table = tables[index];
          return table === undefined ? (one as CellValue) : pick(table, row, column);
        });
        values.push(guarded(() => work(picked)));
      }
      rows.push(values);
    }
    return new Matrix(rows);
  }

  #call(node: Extract<FormulaNode, { kind: 'call' }>, at: Spot): Operand {
    const name = plainName(node.name);
    const found = findFunction(name, this.#library);
    if (found === undefined) throw new NotComputable(`the function ${name} is not supported`);
    if (node.arguments.length < found.least || node.arguments.length > found.most) return fail(errors.value);
    const inArray = at.inArray || found.takesArrays === true;
    const spot: Spot = { ...at, inArray };
    const world: FunctionWorld = {
      argument: (index) => {
        const argument = node.arguments[index];
        return argument === undefined ? undefined : this.#evaluate(argument, spot);
      },
      isGiven: (index) => node.arguments[index] !== undefined,
      count: node.arguments.length,
      single: (operand) => this.#single(operand, at),
      matrix: (operand) => this.#matrix(operand),
      each: (operand, visit) => this.#each(operand, visit),
      map: (operands, work) => this.#map(operands, spot, work),
      isHiddenRow: (sheet, row) => sheet.rows.get(row)?.isHidden ?? false,
      formulaAt: (sheet, row, column) => {
        const content = sheet.content(row, column);
        return content instanceof FormulaCell ? sourceText(content.source, row, column) : undefined;
      },
      reference: (text) => this.#referenceFrom(text, at),
      row: at.row,
      column: at.column,
      inArray,
      date1904: this.#workbook.date1904,
      now: this.#now,
    };
    return found.run(world);
  }

  #referenceFrom(text: string, at: Spot): CellRange | undefined {
    let tree: FormulaNode;
    try {
      tree = parseFormula(text);
    } catch (error) {
      if (error instanceof FormulaError) return undefined;
      throw error;
    }
    const value = this.#evaluate(tree, { ...at, origin: undefined });
    return value instanceof CellRange ? value : undefined;
  }

  /** One value: of a range the cell in the row or column of the formula, of a table the first. */
  #single(operand: Operand, at: Place): CellValue {
    if (operand instanceof Matrix) return operand.rows[0]?.[0];
    if (!(operand instanceof CellRange)) return operand;
    const { top, left, bottom, right } = operand.area;
    if (top === bottom && left === right) return this.#cellValue(operand.sheet, top, left);
    if (left === right && at.row >= top && at.row <= bottom)
      return this.#cellValue(operand.sheet, at.row, left);
    if (top === bottom && at.column >= left && at.column <= right)
      return this.#cellValue(operand.sheet, top, at.column);
    return errors.value;
  }

  /** A cell as another formula sees it. */
  #cellValue(sheet: Sheet, row: number, column: number): CellValue {
    const content = sheet.content(row, column);
    if (!(content instanceof FormulaCell))
      return sheet.arrays.length === 0 ? plain(content) : this.valueOf(sheet, row, column);
    const task = { sheet, row, column, cell: content };
    if (content.dirty?.revision !== this.#workbook.revision) {
      if (this.#waiting.has(content)) throw new NotComputable('it depends on itself');
      this.#resolve(task);
    }
    if (content.dirty?.value !== true) return content.cached;
    const problem = this.#problems.get(content);
    if (problem?.revision === this.#workbook.revision) {
      throw new NotComputable(`${problem.reason} (in ${cellName(row, column)} of "${sheet.name}")`);
    }
    return content.computed?.value;
  }

  #matrix(operand: Operand): Matrix {
    if (operand instanceof Matrix) return operand;
    if (!(operand instanceof CellRange)) return new Matrix([[operand]]);
    const { sheet } = operand;
    const { top, left } = operand.area;
    // Whole rows and columns end where the sheet has nothing more.
    const used = sheet.usedArea;
    const bottom = operand.area.bottom === maxRows ? Math.max(top, used?.bottom ?? top) : operand.area.bottom;
    const right =
      operand.area.right === maxColumns ? Math.max(left, used?.right ?? left) : operand.area.right;
    if ((bottom - top + 1) * (right - left + 1) > maxMatrixCells)
      throw new NotComputable('it takes too many cells at once');
    const rows: CellValue[][] = [];
    for (let row = top; row <= bottom; row++) {
      const found = sheet.rows.get(row);
      const values: CellValue[] = new Array(right - left + 1).fill(undefined);
      if (found !== undefined) {
        for (let column = left; column <= right; column++) {
          if (found.find(column) >= 0) values[column - left] = this.#cellValue(sheet, row, column);
        }
      }
      rows.push(values);
    }
    return new Matrix(rows);
  }

  /** Every value of an operand that is not empty, with its place when it comes from a cell. */
  #each(
    operand: Operand,
    visit: (value: CellValue, sheet: Sheet | undefined, row: number, column: number) => void,
  ): void {
    if (operand instanceof Matrix) {
      for (const [row, values] of operand.rows.entries())
        for (const [column, value] of values.entries())
          if (value !== undefined) visit(value, undefined, row, column);
    } else if (operand instanceof CellRange) {
      const { sheet, area } = operand;
      const { rows } = sheet;
      const hasArrays = sheet.arrays.length > 0;
      // Sums over long columns spend all their time here.
      for (let place = rows.from(area.top); place < rows.list.length; place++) {
        const row = rows.list[place] as Row;
        if (row.index > area.bottom) return;
        const first = row.find(area.left);
        for (let at = first < 0 ? -1 - first : first; at < row.columns.length; at++) {
          const column = row.columns[at] as number;
          if (column > area.right) break;
          const content = row.values[at];
          if (content === undefined && !hasArrays) continue;
          const value =
            content instanceof FormulaCell || hasArrays
              ? this.#cellValue(sheet, row.index, column)
              : plain(content);
          if (value !== undefined) visit(value, sheet, row.index, column);
        }
      }
    } else if (operand !== undefined) visit(operand, undefined, 0, 0);
  }

  /**
   * What the function LOOKUP finds for a value in a range, or in the same place of another one; `place` is the cell it was found in.
   * Throws an OfficeProblem when a formula on the way cannot be computed.
   */
  lookup(
    wanted: CellValue,
    keys: CellRange,
    results: CellRange | undefined,
  ): {
    readonly value: CellValue;
    readonly place?: { readonly sheet: Sheet; readonly row: number; readonly column: number };
  } {
    try {
      const table = this.#matrix(keys);
      const isWide = table.width > table.rows.length;
      const list = isWide ? (table.rows[0] as readonly CellValue[]) : table.rows.map((row) => row[0]);
      const at = lookupPlace(list, wanted);
      if (at < 0) return { value: errors.notAvailable };
      const { sheet, area } = results ?? keys;
      const along = results === undefined ? isWide : area.top === area.bottom;
      const place = along
        ? { sheet, row: area.bottom, column: area.left + at }
        : { sheet, row: area.top + at, column: results === undefined ? area.right : area.left };
      return { value: this.#cellValue(sheet, place.row, place.column), place };
    } catch (error) {
      if (error instanceof ErrorResult) return { value: error.value };
      if (error instanceof NotComputable)
        throw new OfficeProblem(
          `The lookup cannot be done: ${error.message}.`,
          'Read the cells and search the data table instead.',
        );
      throw error;
    }
  }

  /** The cells a reference, name or table text stands for, as seen from a sheet; undefined when it stands for none. Throws SheetNeeded. */
  rangeNamed(text: string, sheet: Sheet): CellRange | undefined {
    const area = parseArea(text);
    if (area !== undefined) return new CellRange(sheet, area);
    try {
      return this.#referenceFrom(text, { sheet, row: 1, column: 1, origin: undefined, inArray: false });
    } catch (error) {
      if (error instanceof NotComputable || error instanceof ErrorResult) return undefined;
      throw error;
    }
  }
}

/** The cell for which a formula was written: elsewhere its relative references are moved. Undefined for one that is read as it stands. */
interface Origin {
  readonly row: number;
  readonly column: number;
}

/** Relative references of names are kept as seen from the first cell. */
const nameOrigin: Origin = { row: 1, column: 1 };

interface Spot extends Place {
  readonly origin: Origin | undefined;
  /** Operators take ranges whole, place by place. */
  readonly inArray: boolean;
  /** How many names lie in between. */
  readonly depth?: number;
}

const plain = (content: CellValue | RichText): CellValue =>
  content instanceof RichText ? content.text : content;

/** Newer functions carry a prefix in files. */
export const plainName = (name: string): string => name.toUpperCase().replace(/^_XLFN\.(?:_XLWS\.)?/, '');

function guarded(work: () => CellValue): CellValue {
  try {
    return work();
  } catch (error) {
    if (error instanceof ErrorResult) return error.value;
    throw error;
  }
}

/** A single row or column counts for all rows or columns. */
function pick({ rows, width }: Matrix, row: number, column: number): CellValue {
  const found = rows[rows.length === 1 ? 0 : row];
  if (found === undefined || (width > 1 && column >= width)) return errors.notAvailable;
  return found[width === 1 ? 0 : column];
}

/** The results of an array formula over its cells. */
function spread(matrix: Matrix, area: Area): Matrix {
  const rows: CellValue[][] = [];
  for (let row = 0; row <= area.bottom - area.top; row++) {
    const values: CellValue[] = [];
    for (let column = 0; column <= area.right - area.left; column++)
      values.push(pick(matrix, row, column) ?? 0);
    rows.push(values);
  }
  return new Matrix(rows);
}

const operations: Readonly<Record<string, (left: CellValue, right: CellValue) => CellValue>> = {
  '+': (left, right) => finite(nearZero(asNumber(left), asNumber(right), asNumber(left) + asNumber(right))),
  '-': (left, right) => finite(nearZero(asNumber(left), asNumber(right), asNumber(left) - asNumber(right))),
  '*': (left, right) => finite(asNumber(left) * asNumber(right)),
  '/': (left, right) => {
    const [dividend, divisor] = [asNumber(left), asNumber(right)];
    return divisor === 0 ? errors.divide : finite(dividend / divisor);
  },
  '^': (left, right) => {
    const [base, power] = [asNumber(left), asNumber(right)];
    if (base === 0 && power === 0) return errors.number;
    if (base === 0 && power < 0) return errors.divide;
    return finite(base ** power);
  },
  '&': (left, right) => asText(left) + asText(right),
  '=': (left, right) => compareValues(left, right) === 0,
  '<>': (left, right) => compareValues(left, right) !== 0,
  '<': (left, right) => compareValues(left, right) < 0,
  '>': (left, right) => compareValues(left, right) > 0,
  '<=': (left, right) => compareValues(left, right) <= 0,
  '>=': (left, right) => compareValues(left, right) >= 0,
};

const finite = (value: number): CellValue => (Number.isFinite(value) ? value : errors.number);

/** Excel makes a difference 0 when it is only the error of binary fractions: 1.1-1-0.1. */
function nearZero(left: number, right: number, result: number): number {
  return Math.abs(result) < Math.max(Math.abs(left), Math.abs(right)) * 2 ** -50 ? 0 : result;
}
