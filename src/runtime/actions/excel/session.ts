// An open workbook as a flow holds it: which worksheet is active, what is selected, where it is saved. Several instance values may
// stand for one workbook. No Excel is running; nothing is visible.
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { ActionContext } from '../../action.ts';
import { localTime } from '../../dotnet/timeZone.ts';
import { CsvError, parseCsv, printCsv } from '../csv.ts';
import { decodeText, encodeText } from '../encodings.ts';
import { exists } from '../fileSystem.ts';
import { onWindows } from '../platform.ts';
import { textCodePage } from '../windows.ts';
import { type Area, parseArea } from './addresses.ts';
import { maxFileBytes, replaceFile, writeArchive } from './archive.ts';
import { CellError, type CellValue, type Content, FormulaCell, Row } from './cells.ts';
import { readEntry } from './entry.ts';
import { Calculator, SheetNeeded, TurnNeeded } from './formula/calculator.ts';
import { storedName } from './formula/functions.ts';
import { FormulaError, tokenize } from './formula/tokens.ts';
import { CellRange } from './formula/values.ts';
import { formatValue } from './numberFormat.ts';
import { Package } from './package.ts';
import { WorkbookProblem } from './problem.ts';
import type { Sheet } from './sheet.ts';
import { type SheetEntry, type SheetTable, Workbook, type WorkbookKind, workbookTypes } from './workbook.ts';

/** How a workbook is kept on disk. */
export type FileKind = WorkbookKind | 'csv' | 'text' | 'unicodeText';

export interface Selection {
  readonly active: readonly [row: number, column: number];
  readonly area: Area;
}

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

  /** The cells a name, address or table stands for, as seen from a worksheet. Throws a WorkbookProblem when there are none. */
  async rangeNamed(name: string, sheet: Sheet, signal: AbortSignal): Promise<CellRange> {
    const area = parseArea(name);
    if (area !== undefined) return new CellRange(sheet, area);
    const found = await this.withValues(signal, (calculator) => calculator.rangeNamed(name, sheet));
    if (found !== undefined) return found;
    const known = this.workbook.names.filter(({ formula }) => formula.includes('!')).map((one) => one.name);
    throw new WorkbookProblem(
      `The workbook has no cells with the name "${name}".`,
      known.length === 0
        ? 'The workbook has no names; give an address such as B2.'
        : `Its names are: ${known.slice(0, 20).join(', ')}.`,
    );
  }

  /** The Excel table with a name, in any letter case. Throws a WorkbookProblem when there is none. */
  async tableNamed(name: string, signal: AbortSignal): Promise<SheetTable> {
    const tables = await this.workbook.tables();
    const found = tables.find((table) => table.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) {
      await this.workbook.sheet(found.sheetEntry, signal);
      return found;
    }
    throw new WorkbookProblem(
      `The workbook has no table "${name}".`,
      tables.length === 0
        ? 'It has no tables at all; use a range of cells.'
        : `Its tables are ${tables.map((table) => `"${table.name}"`).join(', ')}.`,
    );
  }

  /** The cells of the pivot table with a name. Throws a WorkbookProblem when there is none. */
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
    throw new WorkbookProblem(
      `The workbook has no pivot table "${name}".`,
      'Check its name in Excel (PivotTable Analyze).',
    );
  }

  // ── Saving ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Writes the workbook. The file is replaced as a whole; when anything fails it is as it was. Throws a WorkbookProblem, the system's
   * error or the signal's reason.
   */
  async save(path: string, kind: FileKind, signal: AbortSignal): Promise<void> {
    // A link stays a link: what it leads to is replaced.
    const target = await realpath(path).catch(() => path);
    await refuseLocked(target);
    if (kind in workbookTypes) await this.#saveWorkbook(target, kind as WorkbookKind, signal);
    else await this.#saveText(target, kind as Exclude<FileKind, WorkbookKind>, signal);
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

  async #saveText(path: string, kind: 'csv' | 'text' | 'unicodeText', signal: AbortSignal): Promise<void> {
    const sheet = await this.activeSheet(signal);
    const used = sheet.usedArea;
    const rows: string[][] = [];
    if (used !== undefined) {
      for (let row = 1; row <= used.bottom; row++) {
        const texts: string[] = [];
        for (let column = 1; column <= used.right; column++) {
          const value = await this.withValues(signal, (calculator) => calculator.valueOf(sheet, row, column));
          texts.push(this.shownText(sheet, row, column, value));
        }
        rows.push(texts);
      }
    }
    const text = printCsv(rows, kind === 'csv' ? ',' : '\t');
    const bytes = Buffer.from(
      encodeText(
        text,
        kind === 'unicodeText' ? 'Unicode' : 'DefaultEncoding',
        await textCodePage(signal),
        true,
      ),
    );
    await replaceFile(path, async (file) => void (await file.writeFile(bytes)), signal);
    this.workbook.changed = false;
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

// ── Opening ─────────────────────────────────────────────────────────────────────────────────────────────────────

const compoundFile = Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);

/** Reads a workbook from a file. Throws a WorkbookProblem, or the system's error. */
export async function openWorkbook(
  path: string,
  readOnly: boolean,
  context: ActionContext,
): Promise<ExcelSession> {
  const found = await stat(path);
  if (!found.isFile())
    throw new WorkbookProblem(`"${path}" is a folder, not a file.`, 'Give the path of a workbook.');
  if (found.size > maxFileBytes) {
    throw new WorkbookProblem(`"${path}" is larger than the 1 GB this agent reads.`, 'Split the workbook.');
  }
  const bytes = await readFile(path, { signal: context.signal });
  const ending = extname(path).toLowerCase().slice(1);
  // Someone may have marked the file itself as read-only.
  const isReadOnly = readOnly || (found.mode & 0o222) === 0;
  if (bytes.subarray(0, 8).equals(compoundFile)) throw olderFile(path, bytes);
  if (bytes.length === 0 && !['csv', 'txt'].includes(ending)) {
    throw new WorkbookProblem(`"${path}" is empty.`, 'Check whether the step that writes it has finished.');
  }
  if (bytes.subarray(0, 2).toString('latin1') !== 'PK')
    return await openText(path, bytes, ending, isReadOnly, context);
  const parts = Package.read(bytes);
  if (!parts.has('[Content_Types].xml')) {
    const isOpenDocument = parts.has('META-INF/manifest.xml');
    throw new WorkbookProblem(
      isOpenDocument
        ? `"${path}" is an OpenDocument file (.ods).`
        : `"${path}" is a zip file, but no workbook.`,
      'Save it as an Excel workbook (.xlsx) first.',
    );
  }
  const workbook = await Workbook.read(parts);
  if (ending in workbookTypes && ending !== workbook.kind) {
    throw new WorkbookProblem(
      `"${path}" is a .${workbook.kind} file with the ending .${ending}, which Excel refuses to open.`,
      `Give the file the ending .${workbook.kind}.`,
    );
  }
  if (workbook.writeProtection === 'password' && !isReadOnly) {
    throw new WorkbookProblem(
      `"${path}" is protected against changes by a password, which this agent cannot check.`,
      'Open the workbook as read-only and save it under another name, or take the password off in Excel.',
    );
  }
  return new ExcelSession(workbook, path, workbook.kind, isReadOnly, context);
}

/** Files of the time before 2007, and password-protected ones of today, share one container. */
function olderFile(path: string, bytes: Buffer): WorkbookProblem {
  const isProtected = bytes.includes(Buffer.from('EncryptedPackage', 'utf16le'));
  return isProtected
    ? new WorkbookProblem(
        `"${path}" is protected by a password. This agent cannot open encrypted workbooks, not even with the password.`,
        'Take the password off in Excel (File > Info > Protect Workbook), or run this flow where Excel is installed.',
      )
    : new WorkbookProblem(
        `"${path}" is a file of Excel 97-2003 (.xls), which this agent cannot read.`,
        'Open it in Excel and save it as an Excel workbook (.xlsx).',
      );
}

async function openText(
  path: string,
  bytes: Buffer,
  ending: string,
  isReadOnly: boolean,
  context: ActionContext,
): Promise<ExcelSession> {
  if (ending !== 'csv' && ending !== 'txt') {
    throw new WorkbookProblem(
      `"${path}" is no workbook.`,
      'Check the path: a workbook is an .xlsx, .xlsm, .xltx, .xltm or .csv file.',
    );
  }
  const text = decodeText(bytes, 'DefaultEncoding', await textCodePage(context.signal));
  let rows: string[][];
  try {
    rows = parseCsv(text, ending === 'csv' ? ',' : '\t', false);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new WorkbookProblem(
      `Line ${error.line} of "${path}" cannot be read: ${error.message}.`,
      'Check the quotes in that line.',
      { cause: error },
    );
  }
  const workbook = await Workbook.blank();
  const entry = workbook.activeEntry;
  const name =
    basename(path)
      .replace(/\.[^.]*$/, '')
      .replace(/[\\/?*[\]:']/g, '_')
      .slice(0, 31) || 'Sheet1';
  await workbook.renameSheet(entry, name, context.signal);
  const sheet = await workbook.sheet(entry, context.signal);
  for (const [at, fields] of rows.entries()) {
    const row = new Row(at + 1);
    const styles: number[] = [];
    row.columns = fields.map((_, index) => index + 1);
    row.values = fields.map((field) => {
      const [content, style] = enteredContent(field, workbook, 0, at + 1, styles.length + 1);
      styles.push(style);
      return content;
    });
    row.styles = styles;
    sheet.rows.list.push(row);
  }
  sheet.formulasChanged();
  workbook.sheetChanged(sheet);
  workbook.changed = false;
  return new ExcelSession(workbook, path, ending === 'csv' ? 'csv' : 'text', isReadOnly, context);
}

/** What a text becomes when it is entered into a cell of this style, and the style the cell then has. */
export function enteredContent(
  text: string,
  workbook: Workbook,
  style: number,
  row: number,
  column: number,
): readonly [Content, number] {
  if (text === '') return [undefined, style];
  const { styles } = workbook;
  if (styles.isText(style)) return [text, style];
  const entry = readEntry(text, workbook.date1904);
  if (entry.kind === 'text') return [entry.value, style];
  if (entry.kind === 'formula')
    return [new FormulaCell({ text: storedFormula(entry.text), row, column }, undefined, false), style];
  const { format } = entry;
  return [
    entry.value,
    format === undefined || !styles.isGeneral(style) ? style : styles.withFormat(style, format),
  ];
}

/** A formula as files keep it; as it was entered when it cannot be understood. */
function storedFormula(text: string): string {
  try {
    return tokenize(text)
      .map((token) => (token.kind === 'function' ? storedName(token.text) : token.text))
      .join('');
  } catch (error) {
    if (error instanceof FormulaError) return text;
    throw error;
  }
}

// ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Office programs leave a file beside a workbook as long as they have it open. */
async function refuseLocked(path: string): Promise<void> {
  for (const name of [`~$${basename(path)}`, `.~lock.${basename(path)}#`]) {
    const lock = join(dirname(path), name);
    if (!(await exists(lock))) continue;
    throw new WorkbookProblem(
      `"${path}" is open in another program: there is a lock file "${name}" beside it.`,
      'Close the workbook there and save again, or delete the lock file when it is left over from a crash.',
    );
  }
}
