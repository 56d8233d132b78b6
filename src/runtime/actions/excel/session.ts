// An open workbook as a flow holds it: which worksheet is active, what is selected, where it is saved. Several instance values may
// stand for one workbook. No Excel is running; nothing is visible.
import { basename, resolve } from 'node:path';
import type { ActionContext } from '../../action.ts';
import { localTime } from '../../dotnet/timeZone.ts';
import { printCsv } from '../csv.ts';
import { encodeText } from '../encodings.ts';
import { writeArchive } from '../office/archive.ts';
import { OfficeProblem } from '../office/problem.ts';
import { replaceFile } from '../office/replaceFile.ts';
import { onWindows } from '../platform.ts';
import { textCodePage } from '../windows.ts';
import { type Area, parseArea } from './addresses.ts';
import { CellError, type CellValue, type Content, type FormulaCell } from './cells.ts';
import { Calculator, SheetNeeded, TurnNeeded } from './formula/calculator.ts';
import { CellRange } from './formula/values.ts';
import { formatValue } from './numberFormat.ts';
import type { Sheet } from './sheet.ts';
import {
  type SheetEntry,
  type SheetTable,
  type Workbook,
  type WorkbookKind,
  workbookTypes,
} from './workbook.ts';

/** How a workbook is kept on disk. */
export type FileKind = WorkbookKind | 'csv' | 'text' | 'unicodeText';

export interface Selection {
  readonly active: readonly [row: number, column: number];
  readonly area: Area;
}

/** So many cells are written as text before the run may stop. */
const sliceCells = 20_000;

/** What an Excel instance of a flow stands for. */
export class ExcelSession {
  readonly workbook: Workbook;
  /** Where it is saved; undefined for a new workbook. */
  path: string | undefined;
  kind: FileKind;
  isReadOnly: boolean;
  /** Closed instances stay in variables; using one is an error. */
  isClosed = false;
  readonly #context: ActionContext;
  readonly #selections = new Map<SheetEntry, Selection>();
  #active: SheetEntry;
  #calculator: Calculator | undefined;
  #tablesRevision = 0;

  constructor(
    workbook: Workbook,
    path: string | undefined,
    kind: FileKind,
    isReadOnly: boolean,
    context: ActionContext,
  ) {
    this.workbook = workbook;
    this.path = path;
    this.kind = kind;
    this.isReadOnly = isReadOnly;
    this.#context = context;
    this.#active = workbook.activeEntry;
  }

  /** The name people know the workbook by. */
  get name(): string {
    return this.path === undefined ? 'Book1' : basename(this.path);
  }

  // ── Worksheets ────────────────────────────────────────────────────────────────────────────────────────────────

  get activeEntry(): SheetEntry {
    // The active worksheet may have been deleted.
    if (!this.workbook.entries.includes(this.#active)) this.#active = this.workbook.activeEntry;
    return this.#active;
  }

  activate(entry: SheetEntry): void {
    this.#active = entry;
  }

  async activeSheet(signal: AbortSignal): Promise<Sheet> {
    return await this.workbook.sheet(this.activeEntry, signal);
  }

  entryOf(sheet: Sheet): SheetEntry {
    return this.workbook.entries.find((entry) => entry.sheet === sheet) as SheetEntry;
  }

  selectionOf(sheet: Sheet): Selection {
    return this.#selections.get(this.entryOf(sheet)) ?? sheet.selection;
  }

  select(sheet: Sheet, area: Area, active: readonly [number, number] = [area.top, area.left]): void {
    this.#selections.set(this.entryOf(sheet), { active, area });
  }

  // ── Values ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Runs `work` with the evaluator, and again whenever it needs a worksheet that is not in memory yet or has taken long: `work` must
   * do no harm when it runs several times. Throws the signal's reason when the run stops.
   */
  async withValues<T>(signal: AbortSignal, work: (calculator: Calculator) => T): Promise<T> {
    for (;;) {
      const calculator = await this.#evaluator();
      calculator.startTurn();
      try {
        return work(calculator);
      } catch (error) {
        if (error instanceof SheetNeeded) await this.workbook.sheet(error.entry, signal);
        else if (error instanceof TurnNeeded) await new Promise((resume) => setImmediate(resume));
        else throw error;
        signal.throwIfAborted();
      }
    }
  }

  async #evaluator(): Promise<Calculator> {
    const { workbook } = this;
    if (this.#calculator === undefined) {
      const library = (await import('@formulajs/formulajs')) as Readonly<Record<string, unknown>>;
      const { clock } = this.#context.host;
      this.#calculator = new Calculator(workbook, library, () => localTime(clock.now()).ticks);
    }
    // Tables may have other areas after any change.
    if (this.#tablesRevision !== workbook.revision) {
      this.#calculator.tables = await workbook.tables();
      this.#tablesRevision = workbook.revision;
    }
    return this.#calculator;
  }

  /** The cells a name, address or table stands for, as seen from a worksheet. Throws an OfficeProblem when there are none. */
  async rangeNamed(name: string, sheet: Sheet, signal: AbortSignal): Promise<CellRange> {
    const area = parseArea(name);
    if (area !== undefined) return new CellRange(sheet, area);
    const found = await this.withValues(signal, (calculator) => calculator.rangeNamed(name, sheet));
    if (found !== undefined) return found;
    const known = this.workbook.names.filter(({ formula }) => formula.includes('!')).map((one) => one.name);
    throw new OfficeProblem(
      `The workbook has no cells with the name "${name}".`,
      known.length === 0
        ? 'The workbook has no names; give an address such as B2.'
        : `Its names are: ${known.slice(0, 20).join(', ')}.`,
    );
  }

  /** The Excel table with a name, in any letter case. Throws an OfficeProblem when there is none. */
  async tableNamed(name: string, signal: AbortSignal): Promise<SheetTable> {
    const tables = await this.workbook.tables();
    const found = tables.find((table) => table.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) {
      await this.workbook.sheet(found.sheetEntry, signal);
      return found;
    }
    throw new OfficeProblem(
      `The workbook has no table "${name}".`,
      tables.length === 0
        ? 'It has no tables at all; use a range of cells.'
        : `Its tables are ${tables.map((table) => `"${table.name}"`).join(', ')}.`,
    );
  }

  /** The cells of the pivot table with a name. Throws an OfficeProblem when there is none. */
  async pivotArea(name: string): Promise<Area> {
    const { parts } = this.workbook;
    for (const entry of this.workbook.entries) {
      for (const { kind, target } of await parts.relationships(entry.partName)) {
        if (kind !== 'pivotTable') continue;
        const { root } = await parts.document(target);
        const area = parseArea(root.child('location')?.get('ref') ?? '');
        if (area !== undefined && root.get('name')?.toLowerCase() === name.toLowerCase()) return area;
      }
    }
    throw new OfficeProblem(
      `The workbook has no pivot table "${name}".`,
      'Check its name in Excel (PivotTable Analyze).',
    );
  }

  // ── Saving ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Writes the workbook. The file is replaced as a whole; when anything fails it is as it was. Throws an OfficeProblem, the system's
   * error or the signal's reason.
   */
  async save(path: string, kind: FileKind, signal: AbortSignal): Promise<void> {
    if (kind in workbookTypes) await this.#saveWorkbook(path, kind as WorkbookKind, signal);
    else await this.#saveText(path, kind as Exclude<FileKind, WorkbookKind>, signal);
    this.path = path;
    this.kind = kind;
    this.isReadOnly = false;
  }

  async #saveWorkbook(path: string, kind: WorkbookKind, signal: AbortSignal): Promise<void> {
    const { workbook } = this;
    const values = await this.#currentValues(signal);
    this.#storeSelections();
    await workbook.setActiveEntry(this.activeEntry, signal);
    if (kind === 'xlsx' || kind === 'xltx') await workbook.dropMacros();
    await workbook.prepare(kind, (cell) => values(cell));
    await writeArchive(path, workbook.contents(), signal);
    for (const entry of workbook.entries) if (entry.sheet !== undefined) entry.sheet.changed = false;
    workbook.changed = false;
  }

  #storeSelections(): void {
    for (const [entry, selection] of this.#selections) {
      const { sheet } = entry;
      // A sheet on which only a cell was selected stays as it was, byte for byte.
      if (sheet === undefined || !sheet.changed || !this.workbook.entries.includes(entry)) continue;
      sheet.selection = selection;
    }
  }

  /** Computes every formula whose value in the file is out of date, so that programs without an evaluator see the new one too. */
  async #currentValues(signal: AbortSignal): Promise<(cell: FormulaCell) => Content> {
    const { workbook } = this;
    const hasChanges = workbook.changedAreas.size > 0;
    if (hasChanges)
      for (const entry of workbook.entries) if (entry.isWorksheet) await workbook.sheet(entry, signal);
    let since = performance.now();
    for (const entry of workbook.entries) {
      const { sheet } = entry;
      if (sheet === undefined || (!hasChanges && !sheet.changed)) continue;
      for (const { row, column, cell } of sheet.formulasIn({
        top: 1,
        left: 1,
        bottom: Infinity,
        right: Infinity,
      })) {
        if (performance.now() - since > 50) {
          await new Promise((done) => setImmediate(done));
          signal.throwIfAborted();
          since = performance.now();
        }
        const task = { sheet, row, column, cell };
        const result = await this.withValues(signal, (calculator) => {
          if (!calculator.isStale(task)) return undefined;
          return { computed: calculator.computedValue(task), calculator };
        });
        if (result === undefined) continue;
        sheet.changed = true;
        cell.hasCached = result.computed !== undefined;
        cell.cached = result.computed?.value;
        if (cell.area !== undefined && result.computed !== undefined)
          storeArray(sheet, cell, cell.area, (r, c) => result.calculator.valueOf(sheet, r, c));
      }
    }
    workbook.changedAreas.clear();
    // What is in the cells now is what the file says.
    workbook.revision++;
    return (cell) => (cell.hasCached ? cell.cached : undefined);
  }

  /** The active worksheet as text, in pieces: it may be longer than any text can be, and the run may stop in between. */
  async #saveText(path: string, kind: 'csv' | 'text' | 'unicodeText', signal: AbortSignal): Promise<void> {
    const sheet = await this.activeSheet(signal);
    const separator = kind === 'csv' ? ',' : '\t';
    const encoding = kind === 'unicodeText' ? 'Unicode' : 'DefaultEncoding';
    const page = await textCodePage(signal);
    const { bottom, right } = sheet.usedArea ?? { bottom: 0, right: 0 };
    const slice = Math.max(1, Math.floor(sliceCells / Math.max(1, right)));
    await replaceFile(
      path,
      async (file) => {
        for (let row = 1; row <= bottom; row += slice) {
          const last = Math.min(bottom, row + slice - 1);
          const text = await this.withValues(signal, (calculator) =>
            printCsv(this.#shownRows(calculator, sheet, row, last, right), separator),
          );
          await file.writeFile(encodeText(text, encoding, page, row === 1));
          await new Promise((resume) => setImmediate(resume));
          signal.throwIfAborted();
        }
      },
      signal,
    );
    this.workbook.changed = false;
  }

  *#shownRows(
    calculator: Calculator,
    sheet: Sheet,
    top: number,
    bottom: number,
    width: number,
  ): Generator<string[]> {
    for (let row = top; row <= bottom; row++) {
      yield Array.from({ length: width }, (_, at) =>
        this.shownText(sheet, row, at + 1, calculator.valueOf(sheet, row, at + 1)),
      );
    }
  }

  /** A value as its cell shows it. */
  shownText(sheet: Sheet, row: number, column: number, value: CellValue): string {
    if (value === undefined) return '';
    if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
    if (value instanceof CellError) return value.code;
    return formatValue(value, this.workbook.styles.format(sheet.style(row, column)), this.workbook.date1904);
  }
}

function storeArray(
  sheet: Sheet,
  cell: FormulaCell,
  area: Area,
  resultAt: (row: number, column: number) => CellValue,
): void {
  for (let row = area.top; row <= area.bottom; row++) {
    for (let column = area.left; column <= area.right; column++) {
      if (sheet.content(row, column) === cell) continue;
      sheet.rows.need(row).set(column, resultAt(row, column), sheet.style(row, column));
    }
  }
}

// ── The workbooks that are open ─────────────────────────────────────────────────────────────────────────────────

const sessions = new Set<ExcelSession>();

/** Keeps a session until it is closed or the run ends. What was not saved is then gone. */
export function register(session: ExcelSession, context: ActionContext): void {
  sessions.add(session);
  const release = context.own(() => close(session));
  releases.set(session, release);
}

const releases = new WeakMap<ExcelSession, () => void>();

export function close(session: ExcelSession): void {
  session.isClosed = true;
  sessions.delete(session);
  releases.get(session)?.();
}

/** Letter case makes no difference where the system makes none. */
function isSamePath(a: string | undefined, b: string): boolean {
  if (a === undefined) return false;
  const [one, other] = [resolve(a), resolve(b)];
  return one === other || (onWindows && one.toLowerCase() === other.toLowerCase());
}

/** True when another session has the file at this path. */
export const isOpenElsewhere = (path: string, session: ExcelSession): boolean =>
  [...sessions].some((one) => one !== session && isSamePath(one.path, path));

/** The open workbook with this path, or with this name when no folder is given; undefined when none has. */
export function openSession(path: string, name: string): ExcelSession | undefined {
  const fold = (text: string) => text.toLowerCase();
  const all = [...sessions].reverse();
  return (
    all.find((session) => isSamePath(session.path, path)) ??
    (/[\\/]/.test(name)
      ? undefined
      : all.find(
          (session) =>
            fold(session.name) === fold(name) || fold(session.name.replace(/\.[^.]*$/, '')) === fold(name),
        ))
  );
}
