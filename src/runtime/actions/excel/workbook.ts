// A workbook in memory: its worksheets, names, texts and formats, over the package it was read from. What a flow does not touch
// is written back as it was. No actions; what formulas result in is computed in formula/.

import { type PartContent, unpackInPieces } from '../office/archive.ts';
import { Package } from '../office/package.ts';
import { damaged, OfficeProblem } from '../office/problem.ts';
import { encodeXml, type XmlElement } from '../office/xml.ts';
import { Turns } from '../turns.ts';
import { type Area, areaName, maxColumns, maxRows, parseArea } from './addresses.ts';
import type { Content, FormulaCell } from './cells.ts';
import { decodeCellText } from './cellText.ts';
import { renameInFormula, sourceText } from './formula/shift.ts';
import { sheetText } from './formula/tokens.ts';
import { SharedStrings } from './sharedStrings.ts';
import { Sheet } from './sheet.ts';
import { readSheet } from './sheetReader.ts';
import { rowTexts } from './sheetWriter.ts';
import { Styles } from './styles.ts';

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const officeDocument = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const sheetType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml';
const header = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** The content types under which files of each kind say what they are. */
export const workbookTypes = {
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml',
  xlsm: 'application/vnd.ms-excel.sheet.macroEnabled.main+xml',
  xltx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml',
  xltm: 'application/vnd.ms-excel.template.macroEnabled.main+xml',
} as const;

export type WorkbookKind = keyof typeof workbookTypes;

/** What may stand behind these children of the workbook. */
const behindSheets = [
  'functionGroups',
  'externalReferences',
  'definedNames',
  'calcPr',
  'oleSize',
  'customWorkbookViews',
  'pivotCaches',
  'smartTagPr',
  'smartTagTypes',
  'webPublishing',
  'fileRecoveryPr',
  'webPublishObjects',
  'extLst',
];
const behindNames = behindSheets.slice(3);
const behindCalculation = behindSheets.slice(4);

export interface SheetEntry {
  readonly element: XmlElement;
  readonly partName: string;
  /** Charts have sheets of their own, which hold no cells. */
  readonly isWorksheet: boolean;
  sheet: Sheet | undefined;
}

export interface DefinedName {
  readonly name: string;
  /** The sheet it belongs to, undefined when to the whole workbook. */
  readonly sheetIndex: number | undefined;
  readonly formula: string;
  readonly element: XmlElement;
}

/** A table of Excel ("format as table"). */
export interface SheetTable {
  readonly name: string;
  readonly partName: string;
  readonly root: XmlElement;
  readonly sheetEntry: SheetEntry;
  /** Header and total rows included. */
  readonly area: Area;
  readonly headerRows: number;
  readonly totalRows: number;
  readonly columns: readonly string[];
}

export class Workbook {
  readonly parts: Package;
  readonly styles: Styles;
  readonly strings: SharedStrings;
  readonly date1904: boolean;
  /** The file asks whoever opens it to compute its formulas: programs that cannot compute write 0 or nothing as their values. */
  readonly computesOnLoad: boolean;
  readonly kind: WorkbookKind;
  readonly entries: SheetEntry[];
  /** Goes up with every change of a cell: what was computed before counts no more. */
  revision = 1;
  /** Areas that were changed since the values in the file were computed, by sheet. */
  readonly changedAreas = new Map<Sheet, Area[]>();
  /** Anything at all was changed since the workbook was read or saved. */
  changed = false;
  readonly #partName: string;
  readonly #root: XmlElement;
  /** The sheet the file shows as selected. */
  #front: SheetEntry;

  private constructor(fields: {
    parts: Package;
    partName: string;
    root: XmlElement;
    styles: Styles;
    strings: SharedStrings;
    kind: WorkbookKind;
    entries: SheetEntry[];
  }) {
    this.parts = fields.parts;
    this.#partName = fields.partName;
    this.#root = fields.root;
    this.styles = fields.styles;
    this.strings = fields.strings;
    this.kind = fields.kind;
    this.entries = fields.entries;
    this.#front = this.activeEntry;
    const isOn = (part: string, name: string) =>
      /^(?:1|true)$/.test(fields.root.child(part)?.get(name) ?? '');
    this.date1904 = isOn('workbookPr', 'date1904');
    this.computesOnLoad = isOn('calcPr', 'fullCalcOnLoad');
  }

  /** Throws an OfficeProblem for what is no workbook, or one that is damaged. */
  static async read(parts: Package): Promise<Workbook> {
    const start = (await parts.relationships('')).find(({ kind }) => kind === 'officeDocument');
    if (start === undefined) throw damaged('it does not say which part is the workbook.');
    const partName = start.target;
    const type = await parts.contentType(partName);
    const kind = (Object.keys(workbookTypes) as WorkbookKind[]).find((one) => workbookTypes[one] === type);
    if (kind === undefined) throw otherKind(type);
    const { root } = await parts.document(partName);
    if (root.localName !== 'workbook') throw damaged('its main part is no workbook.');
    const related = await parts.relationships(partName);
    const partOf = (wanted: string) => related.find((one) => one.kind === wanted && !one.isExternal)?.target;
    const entries = (root.child('sheets')?.all('sheet') ?? []).map((element): SheetEntry => {
      const id = element.getLocal('id');
      const relationship = related.find((one) => one.id === id);
      const name = element.get('name');
      if (name === undefined || (relationship !== undefined && !parts.has(relationship.target))) {
        throw damaged(`the worksheet "${name ?? '?'}" is missing.`);
      }
      // Some macros of old are listed like sheets, but have no part.
      return {
        element,
        partName: relationship?.target ?? '',
        isWorksheet: relationship?.kind === 'worksheet',
        sheet: undefined,
      };
    });
    if (!entries.some(({ isWorksheet }) => isWorksheet)) throw damaged('it has no worksheet.');
    return new Workbook({
      parts,
      partName,
      root,
      styles: await Styles.read(parts, partOf('styles')),
      strings: await SharedStrings.read(parts, partOf('sharedStrings')),
      kind,
      entries,
    });
  }

  /** A new workbook with one empty worksheet, as Excel makes it. */
  static async blank(): Promise<Workbook> {
    return await Workbook.read(Package.of(blankParts));
  }

  // ── Worksheets ────────────────────────────────────────────────────────────────────────────────────────────────

  sheetName(entry: SheetEntry): string {
    return entry.element.get('name') ?? '';
  }

  /** By name in any letter case. */
  entryNamed(name: string): SheetEntry | undefined {
    const wanted = name.toLowerCase();
    return this.entries.find((entry) => this.sheetName(entry).toLowerCase() === wanted);
  }

  /** The cells of a worksheet, read when first asked for. Throws an OfficeProblem. */
  async sheet(entry: SheetEntry, signal: AbortSignal): Promise<Sheet> {
    if (entry.sheet === undefined) {
      const name = this.sheetName(entry);
      if (!entry.isWorksheet) {
        throw new OfficeProblem(
          `"${name}" is a chart or dialog, not a worksheet.`,
          'Activate a worksheet first.',
        );
      }
      const stored = this.parts.stored(entry.partName);
      const pieces =
        stored === undefined ? ofText(await this.parts.text(entry.partName)) : unpackInPieces(stored, signal);
      entry.sheet = new Sheet(name, await readSheet(pieces, name, this.strings, this.date1904));
    }
    return entry.sheet;
  }

  /** The worksheet the file opens with. */
  get activeEntry(): SheetEntry {
    const tab = Number(this.#root.child('bookViews')?.child('workbookView')?.get('activeTab') ?? 0);
    const entry = this.entries[tab];
    return entry?.isWorksheet ? entry : (this.entries.find((one) => one.isWorksheet) as SheetEntry);
  }

  /** Tells the file which sheet is in front. */
  async setActiveEntry(entry: SheetEntry, signal: AbortSignal): Promise<void> {
    const views =
      this.#root.child('bookViews') ??
      this.#root.insertBefore(this.#root.create('bookViews'), ['sheets', ...behindSheets]);
    const view = views.child('workbookView') ?? views.append(views.create('workbookView'));
    const tab = this.entries.indexOf(entry);
    if (Number(view.get('activeTab') ?? 0) !== tab) {
      view.set('activeTab', tab === 0 ? undefined : String(tab));
      // The first tab that is scrolled to would hide one in front of it.
      if (Number(view.get('firstSheet') ?? 0) > tab) view.set('firstSheet', undefined);
      this.parts.touch(this.#partName);
    }
    if (entry === this.#front) return;
    // Two selected sheets would be a group, and whoever edits one in Excel would edit both.
    for (const one of [this.#front, entry]) {
      if (!this.entries.includes(one)) continue;
      const sheet = await this.sheet(one, signal);
      const views = sheet.part('sheetViews');
      const shown =
        views.child('sheetView') ?? views.append(views.create('sheetView', { workbookViewId: '0' }));
      shown.set('tabSelected', one === entry ? '1' : undefined);
      sheet.changed = true;
    }
    this.#front = entry;
  }

  /** Throws an OfficeProblem when a sheet cannot have this name. */
  requireName(name: string, except?: SheetEntry): void {
    const reason =
      name.trim() === ''
        ? 'is empty'
        : name.length > 31
          ? `has ${name.length} characters, more than the 31 a worksheet's name can have`
          : /[\\/?*[\]:\x00-\x1f]/.test(name)
            ? 'has one of the characters \\ / ? * [ ] :'
            : name.startsWith("'") || name.endsWith("'")
              ? 'starts or ends with an apostrophe'
              : name.toLowerCase() === 'history'
                ? 'is reserved by Excel'
                : undefined;
    if (reason !== undefined) {
      throw new OfficeProblem(`The worksheet name "${name}" ${reason}.`, 'Choose another name.');
    }
    const taken = this.entryNamed(name);
    if (taken !== undefined && taken !== except) {
      throw new OfficeProblem(
        `The workbook already has a worksheet "${this.sheetName(taken)}".`,
        'Choose another name; letter case makes no difference.',
      );
    }
  }

  /** Adds a worksheet with the given content, or an empty one, at a place among the sheets. */
  async addSheet(name: string, place: number, text = blankSheet): Promise<SheetEntry> {
    this.requireName(name);
    const folder = this.#partName.slice(0, this.#partName.lastIndexOf('/') + 1);
    const partName = this.parts.freeName(`${folder}worksheets/sheet`, '.xml');
    this.parts.put(partName, text);
    await this.parts.setContentType(partName, sheetType);
    const id = await this.parts.relate(this.#partName, 'worksheet', partName);
    const sheets = this.#root.child('sheets') as XmlElement;
    const sheetId = Math.max(0, ...this.entries.map(({ element }) => Number(element.get('sheetId')))) + 1;
    const element = sheets.create('sheet', { name, sheetId: String(sheetId) });
    element.set(this.#relationshipAttribute(), id);
    const next = this.entries[place]?.element;
    if (next === undefined) sheets.append(element);
    else sheets.children.splice(sheets.children.indexOf(next), 0, element);
    const entry: SheetEntry = { element, partName, isWorksheet: true, sheet: undefined };
    // Names that belong to one sheet count the sheets by their place.
    this.entries.splice(place, 0, entry);
    this.#moveLocalNames((index) => (index >= place ? index + 1 : index));
    this.parts.touch(this.#partName);
    this.changed = true;
    return entry;
  }

  /** `r:id`, whatever prefix the file uses for relationships. */
  #relationshipAttribute(): string {
    const used = this.entries
      .flatMap(({ element }) => [...element.attributes.keys()])
      .find((name) => name.endsWith(':id'));
    if (used !== undefined) return used;
    this.#root.set('xmlns:r', officeDocument);
    return 'r:id';
  }

  async renameSheet(entry: SheetEntry, newName: string, signal: AbortSignal): Promise<void> {
    this.requireName(newName, entry);
    const name = this.sheetName(entry);
    if (newName === name) return;
    await this.#rewriteFormulas((formula) => renameInFormula(formula, name, newName), signal);
    entry.element.set('name', newName);
    if (entry.sheet !== undefined) entry.sheet.name = newName;
    this.parts.touch(this.#partName);
    this.changed = true;
  }

  /** Deletes a sheet; formulas that refer to it become `#REF!`. Throws an OfficeProblem when no visible one would remain. */
  async deleteSheet(entry: SheetEntry, signal: AbortSignal): Promise<void> {
    const isVisible = (one: SheetEntry) => !/hidden/i.test(one.element.get('state') ?? '');
    const name = this.sheetName(entry);
    if (!this.entries.some((one) => one !== entry && isVisible(one) && one.isWorksheet)) {
      throw new OfficeProblem(
        `"${name}" is the only visible worksheet; a workbook needs one.`,
        'Add another worksheet first.',
      );
    }
    const place = this.entries.indexOf(entry);
    await this.#rewriteFormulas((formula) => renameInFormula(formula, name, undefined), signal);
    for (const { element, sheetIndex } of this.names) {
      if (sheetIndex === place) this.#root.child('definedNames')?.remove(element);
    }
    for (const { kind, target, isExternal } of await this.parts.relationships(entry.partName)) {
      // Tables belong to their sheet alone; other parts may be shared and stay, as Excel ignores what nobody refers to.
      if (kind === 'table' && !isExternal) await this.parts.remove(target);
    }
    const related = (await this.parts.relationships(this.#partName)).find(
      ({ target }) => target === entry.partName,
    );
    if (related !== undefined) await this.parts.unrelate(this.#partName, related.id);
    await this.parts.remove(entry.partName);
    this.#root.child('sheets')?.remove(entry.element);
    this.entries.splice(place, 1);
    if (entry.sheet !== undefined) this.changedAreas.delete(entry.sheet);
    this.#moveLocalNames((index) => (index > place ? index - 1 : index));
    this.revision++;
    await this.#dropCalculationOrder();
    this.parts.touch(this.#partName);
    this.changed = true;
  }

  #moveLocalNames(move: (index: number) => number): void {
    for (const { element, sheetIndex } of this.names) {
      if (sheetIndex !== undefined) element.set('localSheetId', String(move(sheetIndex)));
    }
  }

  // ── Names and tables ──────────────────────────────────────────────────────────────────────────────────────────

  get names(): DefinedName[] {
    return (this.#root.child('definedNames')?.all('definedName') ?? []).map((element) => {
      const local = element.get('localSheetId');
      return {
        name: element.get('name') ?? '',
        sheetIndex: local === undefined ? undefined : Number(local),
        formula: element.text,
        element,
      };
    });
  }

  /** What a name stands for, as seen from a sheet: its own names go before those of the workbook. */
  nameSeenFrom(name: string, sheetIndex: number): DefinedName | undefined {
    const wanted = name.toLowerCase();
    const found = this.names.filter((one) => one.name.toLowerCase() === wanted);
    return (
      found.find((one) => one.sheetIndex === sheetIndex) ?? found.find((one) => one.sheetIndex === undefined)
    );
  }

  /** Adds or replaces a hidden name of one sheet, such as the one Excel keeps for a filter. */
  setHiddenName(name: string, entry: SheetEntry, area: Area | undefined): void {
    const index = this.entries.indexOf(entry);
    const list =
      this.#root.child('definedNames') ??
      this.#root.insertBefore(this.#root.create('definedNames'), behindNames);
    let element = this.names.find((one) => one.name === name && one.sheetIndex === index)?.element;
    if (area === undefined) {
      if (element !== undefined) list.remove(element);
      if (list.elements.length === 0) this.#root.remove(list);
    } else {
      element ??= list.append(list.create('definedName', { name, localSheetId: String(index), hidden: '1' }));
      const fixed = areaName(area).replace(/([A-Z]+)(\d+)/g, '$$$1$$$2');
      element.text = `${sheetText(this.sheetName(entry))}!${fixed}`;
    }
    this.parts.touch(this.#partName);
  }

  /** The tables of all worksheets. */
  async tables(): Promise<SheetTable[]> {
    const found: SheetTable[] = [];
    for (const sheetEntry of this.entries) {
      if (!sheetEntry.isWorksheet) continue;
      for (const { kind, target } of await this.parts.relationships(sheetEntry.partName)) {
        if (kind !== 'table') continue;
        const { root } = await this.parts.document(target);
        const area = parseArea(root.get('ref') ?? '');
        if (area === undefined) throw damaged(`the table in ${target} has no area.`);
        found.push({
          name: root.get('displayName') ?? root.get('name') ?? '',
          partName: target,
          root,
          sheetEntry,
          area,
          headerRows: Number(root.get('headerRowCount') ?? 1),
          totalRows: Number(root.get('totalsRowCount') ?? 0),
          columns: (root.child('tableColumns')?.all('tableColumn') ?? []).map((column) =>
            decodeCellText(encodeXml(column.get('name') ?? '')),
          ),
        });
      }
    }
    return found;
  }

  // ── Changes ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Tells that the cells of an area may have other values than before. */
  cellsChanged(sheet: Sheet, area: Area): void {
    this.revision++;
    this.changed = true;
    sheet.changed = true;
    const areas = this.changedAreas.get(sheet);
    const last = areas?.at(-1);
    if (areas === undefined || last === undefined) {
      this.changedAreas.set(sheet, [area]);
      return;
    }
    // Flows write cell after cell: neighbours are told as one area.
    const isNext =
      area.left >= last.left - 1 &&
      area.right <= last.right + 1 &&
      area.top >= last.top - 1 &&
      area.top <= last.bottom + 1;
    if (isNext || areas.length > 200) areas.push(union(areas.pop() as Area, area));
    else areas.push(area);
  }

  /** All cells of a sheet may have moved. */
  sheetChanged(sheet: Sheet): void {
    this.cellsChanged(sheet, { top: 1, left: 1, bottom: maxRows, right: maxColumns });
  }

  /** Every formula of the workbook (cells, names, formats, validations) through `change`. */
  async #rewriteFormulas(change: (formula: string) => string, signal: AbortSignal): Promise<void> {
    const turns = new Turns(signal);
    for (const entry of this.entries) {
      if (!entry.isWorksheet) continue;
      const sheet = await this.sheet(entry, signal);
      await this.rewriteSheetFormulas(sheet, (formula) => change(formula), turns);
    }
    this.rewriteNames(change);
    await this.rewriteCharts(change);
  }

  /** The formulas of one sheet through `change`. */
  async rewriteSheetFormulas(sheet: Sheet, change: (formula: string) => string, turns: Turns): Promise<void> {
    const everywhere = { top: 1, left: 1, bottom: Infinity, right: Infinity };
    const sources = new Map<object, string>();
    for (const { row, column, cell } of sheet.formulasIn(everywhere)) {
      if (turns.isOver) await turns.next();
      // Most formulas stay as they are, and those who share one can go on sharing it.
      let changedSource = sources.get(cell.source);
      if (changedSource === undefined) {
        changedSource = change(cell.source.text);
        sources.set(cell.source, changedSource);
      }
      const isAlone = cell.source.row === row && cell.source.column === column;
      // Without a sheet's name in it, a formula means the same kind of cells wherever it was filled to.
      if (changedSource === cell.source.text && (isAlone || !changedSource.includes('!'))) continue;
      const text = isAlone ? cell.source.text : sourceText(cell.source, row, column);
      const changed = isAlone ? changedSource : change(text);
      if (changed === text) continue;
      cell.source = { text: changed, row, column };
      cell.hasCached = false;
      this.cellsChanged(sheet, { top: row, bottom: row, left: column, right: column });
    }
    this.rewriteSheetSettings(sheet, change);
  }

  /** The formulas around the cells of one sheet (conditional formats, validations) through `change`. */
  rewriteSheetSettings(sheet: Sheet, change: (formula: string) => string): void {
    for (const element of formulaElements(sheet.root)) {
      const changed = change(element.text);
      if (changed === element.text) continue;
      element.text = changed;
      sheet.changed = true;
    }
  }

  rewriteNames(change: (formula: string, sheetIndex: number | undefined) => string): void {
    for (const { element, formula, sheetIndex } of this.names) {
      const changed = change(formula, sheetIndex);
      if (changed === formula) continue;
      element.text = changed;
      this.parts.touch(this.#partName);
    }
  }

  /** Where charts take their data from. */
  async rewriteCharts(change: (formula: string) => string): Promise<void> {
    for (const name of this.parts.names) {
      if (!/\/charts\/chart[^/]*\.xml$/i.test(name)) continue;
      const { root } = await this.parts.document(name);
      for (const element of root.walk()) {
        if (element.localName !== 'f') continue;
        const changed = change(element.text);
        if (changed === element.text) continue;
        element.text = changed;
        this.parts.touch(name);
      }
    }
  }

  // ── Saving ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Brings the parts up to date, so that they can be written. `resultFor` gives the value a formula is written with, undefined to
   * leave it to Excel.
   */
  async prepare(kind: WorkbookKind, resultFor: (cell: FormulaCell) => Content): Promise<void> {
    if (kind !== this.kind || (await this.parts.contentType(this.#partName)) !== workbookTypes[kind]) {
      await this.parts.setContentType(this.#partName, workbookTypes[kind]);
    }
    let changedCells = false;
    for (const entry of this.entries) {
      const { sheet } = entry;
      if (sheet === undefined || !sheet.changed) continue;
      changedCells = true;
      sheet.updateDimension();
      const [before, after] = sheet.surroundings;
      const { prefix } = sheet;
      // Texts of new cells get their numbers while the sheet is written, so the table of texts is written after it.
      this.parts.put(
        entry.partName,
        function* (this: Workbook) {
          yield before;
          if (sheet.rows.list.length === 0) yield `<${prefix}sheetData/>`;
          else {
            yield `<${prefix}sheetData>`;
            yield* rowTexts(sheet.rows.list, prefix, this.strings, resultFor);
            yield `</${prefix}sheetData>`;
          }
          yield after;
        }.bind(this),
      );
    }
    if (changedCells || this.changedAreas.size > 0) {
      const calculation =
        this.#root.child('calcPr') ?? this.#root.insertBefore(this.#root.create('calcPr'), behindCalculation);
      calculation.set('fullCalcOnLoad', '1');
      this.parts.touch(this.#partName);
      await this.#dropCalculationOrder();
    }
  }

  /** What is to be written, the table of texts last: the sheets add to it while they are written. Call `prepare` before. */
  *contents(): Generator<readonly [string, PartContent]> {
    for (const [name, content] of this.parts.contents())
      if (name !== this.strings.partName) yield [name, content];
    const texts = this.strings.content(this.parts);
    if (texts !== undefined) yield texts;
  }

  /** The order of calculation lists every formula; Excel makes a new one when there is none. */
  async #dropCalculationOrder(): Promise<void> {
    const order = (await this.parts.relationships(this.#partName)).find(({ kind }) => kind === 'calcChain');
    if (order === undefined) return;
    await this.parts.unrelate(this.#partName, order.id);
    await this.parts.remove(order.target);
  }

  /** Macros and what belongs to them are left out, as Excel does when a workbook is saved without. */
  async dropMacros(): Promise<void> {
    for (const { id, kind, target } of await this.parts.relationships(this.#partName)) {
      if (kind !== 'vbaProject') continue;
      await this.parts.unrelate(this.#partName, id);
      await this.parts.remove(target);
    }
  }

  /** True when a person protected the file against changes, or its structure. */
  get writeProtection(): 'password' | 'recommended' | undefined {
    const sharing = this.#root.child('fileSharing');
    if (sharing === undefined) return undefined;
    if (sharing.get('hashValue') !== undefined || sharing.get('reservationPassword') !== undefined)
      return 'password';
    return /^(?:1|true)$/.test(sharing.get('readOnlyRecommended') ?? '') ? 'recommended' : undefined;
  }

  /** Throws an OfficeProblem when sheets may not be added, renamed or deleted. */
  requireOpenStructure(): void {
    if (!/^(?:1|true)$/.test(this.#root.child('workbookProtection')?.get('lockStructure') ?? '')) return;
    throw new OfficeProblem(
      'The structure of the workbook is protected: worksheets cannot be added, renamed, moved or deleted.',
      'Take the protection off in Excel (Review > Protect Workbook).',
    );
  }
}

function otherKind(type: string | undefined): OfficeProblem {
  if (type?.includes('sheet.binary')) {
    return new OfficeProblem(
      'It is an Excel binary workbook (.xlsb), which this agent cannot read.',
      'Open it in Excel and save it as an Excel workbook (.xlsx).',
    );
  }
  const program = type?.includes('word')
    ? 'Word'
    : /presentation|powerpoint/.test(type ?? '')
      ? 'PowerPoint'
      : 'another program';
  return new OfficeProblem(`It is a file of ${program}, not a workbook.`, 'Check the path.');
}

/** Elements around the cells that hold formulas: conditional formats and validations, in both generations of the format. */
function* formulaElements(root: XmlElement): Generator<XmlElement> {
  for (const part of root.elements) {
    if (!['conditionalFormatting', 'dataValidations', 'extLst'].includes(part.localName)) continue;
    for (const element of part.walk())
      if (/^(?:formula[12]?|f)$/.test(element.localName) && element.elements.length === 0) yield element;
  }
}

const union = (a: Area, b: Area): Area => ({
  top: Math.min(a.top, b.top),
  left: Math.min(a.left, b.left),
  bottom: Math.max(a.bottom, b.bottom),
  right: Math.max(a.right, b.right),
});

async function* ofText(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text, 'utf8');
}

const blankSheet = `${header}<worksheet xmlns="${main}" xmlns:r="${officeDocument}"><dimension ref="A1"/><sheetViews><sheetView workbookViewId="0"/></sheetViews><sheetFormatPr defaultRowHeight="15"/><sheetData/><pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/></worksheet>`;

const blankParts: Readonly<Record<string, string>> = {
  '[Content_Types].xml': `${header}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${workbookTypes.xlsx}"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${sheetType}"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>`,
  '_rels/.rels': `${header}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${officeDocument}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  'xl/workbook.xml': `${header}<workbook xmlns="${main}" xmlns:r="${officeDocument}"><bookViews><workbookView/></bookViews><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  'xl/_rels/workbook.xml.rels': `${header}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${officeDocument}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${officeDocument}/styles" Target="styles.xml"/><Relationship Id="rId3" Type="${officeDocument}/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
  'xl/worksheets/sheet1.xml': blankSheet,
  'xl/sharedStrings.xml': `${header}<sst xmlns="${main}" count="0" uniqueCount="0"/>`,
  'xl/styles.xml': `${header}<styleSheet xmlns="${main}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`,
};
