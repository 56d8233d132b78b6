// Rows, columns and cells that come and go, with everything that refers to them: formulas of all sheets, names, merged cells, filters,
// tables, formats, links, comments, pictures and charts.

import { OfficeProblem } from '../office/problem.ts';
import type { XmlElement } from '../office/xml.ts';
import { Turns } from '../turns.ts';
import { type Area, areaName, maxColumns, maxRows, overlaps, parseArea } from './addresses.ts';
import type { Content, Row } from './cells.ts';
import { type SheetEdit, shiftArea, shiftFormula, sourceText } from './formula/shift.ts';
import type { Sheet } from './sheet.ts';
import type { SheetEntry, SheetTable, Workbook } from './workbook.ts';

/**
 * Puts in or takes out rows or columns of a sheet, or takes out some cells (`edit.across`). Throws an OfficeProblem, before anything
 * is changed, for what Excel refuses: cutting through an array formula, a table's header or a pivot table, pushing cells off the sheet.
 */
export async function editSheet(
  workbook: Workbook,
  entry: SheetEntry,
  edit: SheetEdit,
  signal: AbortSignal,
): Promise<void> {
  const sheet = await workbook.sheet(entry, signal);
  const tables = (await workbook.tables()).filter(({ sheetEntry }) => sheetEntry === entry);
  await refuseImpossible(workbook, sheet, entry, tables, edit);
  for (const other of workbook.entries) if (other.isWorksheet) await workbook.sheet(other, signal);

  // Formulas first, as long as every cell is still where its formula says.
  const change = (formula: string, home: string, resized?: () => void) =>
    shiftFormula(formula, home, sheet.name, edit, resized);
  const turns = new Turns(signal);
  await moveFormulas(workbook, sheet, edit, turns);
  for (const other of workbook.entries) {
    if (other.sheet === undefined) continue;
    const home = other.sheet.name;
    if (other.sheet !== sheet)
      await workbook.rewriteSheetFormulas(other.sheet, (formula) => change(formula, home), turns);
    else workbook.rewriteSheetSettings(sheet, (formula) => change(formula, home));
  }
  workbook.rewriteNames((formula, sheetIndex) => {
    const owner = sheetIndex === undefined ? undefined : workbook.entries[sheetIndex];
    return change(formula, owner === undefined ? '' : workbook.sheetName(owner));
  });
  await workbook.rewriteCharts((formula) => change(formula, ''));

  if (edit.across !== undefined) await moveCells(sheet, edit, turns);
  else if (edit.axis === 'row') moveRows(sheet, edit);
  else await moveColumns(sheet, edit, turns);
  sheet.formulasChanged();
  moveSettings(sheet, edit);
  for (const table of tables) await moveTable(workbook, entry, table, edit);
  await moveRelated(workbook, entry, sheet, edit);

  const areas = workbook.changedAreas.get(sheet);
  if (areas !== undefined)
    workbook.changedAreas.set(
      sheet,
      areas.flatMap((area) => shiftArea(area, edit) ?? []),
    );
  workbook.cellsChanged(sheet, editedArea(edit, edit.kind === 'insert' ? edit.count : 1));
}

/** The cells of an edit; for a deletion those that were deleted. */
function editedArea({ axis, at, count, across }: SheetEdit, length = count): Area {
  return axis === 'row'
    ? { top: at, bottom: at + length - 1, left: across?.[0] ?? 1, right: across?.[1] ?? maxColumns }
    : { left: at, right: at + length - 1, top: across?.[0] ?? 1, bottom: across?.[1] ?? maxRows };
}

async function refuseImpossible(
  workbook: Workbook,
  sheet: Sheet,
  entry: SheetEntry,
  tables: readonly SheetTable[],
  edit: SheetEdit,
): Promise<void> {
  const refuse = (what: string, next: string): never => {
    throw new OfficeProblem(`In the worksheet "${sheet.name}", ${what}.`, next);
  };
  const edited = editedArea(edit);
  const isRow = edit.axis === 'row';
  const isCut = (area: Area): boolean => {
    const [start, end, first, last] = isRow
      ? [area.top, area.bottom, area.left, area.right]
      : [area.left, area.right, area.top, area.bottom];
    if (edit.across !== undefined) {
      const [from, to] = edit.across;
      const isInStripe = first <= to && last >= from && end >= edit.at;
      // Cells that move sideways must move all of it, and take all of it or nothing out.
      if (isInStripe && (first < from || last > to)) return true;
      if (!isInStripe) return false;
    }
    if (edit.kind === 'insert') return start < edit.at && end >= edit.at;
    const taken = Math.min(end, edit.at + edit.count - 1) - Math.max(start, edit.at) + 1;
    return taken > 0 && taken < end - start + 1;
  };
  for (const { area } of sheet.arrays) {
    if (area !== undefined && isCut(area))
      refuse(
        `a part of the array formula in ${areaName(area)} cannot be changed`,
        'Clear the array formula first.',
      );
  }
  if (edit.across !== undefined) {
    const torn = sheet.mergedAreas.find(isCut);
    if (torn !== undefined)
      refuse(
        `the merged cells ${areaName(torn)} cannot be moved in part`,
        'Choose a range that holds all of them.',
      );
  }
  for (const table of tables) {
    const { area, headerRows } = table;
    if (edit.across !== undefined && isCut(area))
      refuse(
        `cells of the table "${table.name}" cannot be moved in part`,
        'Delete whole rows or columns, or clear the cells instead.',
      );
    if (edit.kind !== 'delete' || !isRow || edit.across !== undefined) continue;
    const holdsAll = edited.top <= area.top && edited.bottom >= area.bottom;
    if (!holdsAll && headerRows > 0 && edited.top <= area.top && edited.bottom >= area.top) {
      refuse(
        `row ${area.top} is the header of the table "${table.name}" and cannot be deleted alone`,
        'Delete the whole table, or rows below its header.',
      );
    }
    if (!holdsAll && edited.top <= area.top + headerRows && edited.bottom >= area.bottom - table.totalRows) {
      refuse(`the table "${table.name}" would have no row left`, 'Clear the last row instead.');
    }
  }
  for (const { kind, target } of await workbook.parts.relationships(entry.partName)) {
    if (kind !== 'pivotTable') continue;
    const { root } = await workbook.parts.document(target);
    const area = parseArea(root.child('location')?.get('ref') ?? '');
    if (area === undefined) continue;
    const isInside = edit.kind === 'insert' ? isCut(area) : overlaps(area, edited);
    if (isInside || (edit.across !== undefined && isCut(area)))
      refuse(
        `the pivot table "${root.get('name') ?? ''}" in ${areaName(area)} cannot be changed`,
        'Choose cells outside of it.',
      );
  }
  if (edit.kind === 'insert') {
    const used = sheet.usedArea;
    const last = isRow ? (used?.bottom ?? 0) : (used?.right ?? 0);
    const limit = isRow ? maxRows : maxColumns;
    if (last >= edit.at && last + edit.count > limit)
      refuse(
        'filled cells would be pushed off the sheet',
        'Delete what stands at the end of the sheet first.',
      );
  }
}

/** Tells the formulas of the edited sheet what they read and where they stand afterwards. The cells themselves are moved later. */
async function moveFormulas(workbook: Workbook, sheet: Sheet, edit: SheetEdit, turns: Turns): Promise<void> {
  const everywhere = { top: 1, left: 1, bottom: Infinity, right: Infinity };
  for (const { row, column, cell } of [...sheet.formulasIn(everywhere)]) {
    if (turns.isOver) await turns.next();
    let resized = false;
    const text = sourceText(cell.source, row, column);
    const shifted = shiftFormula(text, sheet.name, sheet.name, edit, () => {
      resized = true;
    });
    const place = shiftArea({ top: row, bottom: row, left: column, right: column }, edit);
    if (place === undefined) continue;
    const isMoved = place.top !== row || place.left !== column;
    if (cell.area !== undefined) cell.area = shiftArea(cell.area, edit) ?? cell.area;
    if (shifted === text && !isMoved) continue;
    cell.source = { text: shifted, row: place.top, column: place.left };
    if (resized) cell.hasCached = false;
    workbook.revision++;
  }
}

// ── Cells ───────────────────────────────────────────────────────────────────────────────────────────────────────

function moveRows(sheet: Sheet, { kind, at, count }: SheetEdit): void {
  const { list } = sheet.rows;
  const from = sheet.rows.from(at);
  if (kind === 'delete') {
    const to = sheet.rows.from(at + count);
    list.splice(from, to - from);
    for (let index = from; index < list.length; index++) (list[index] as Row).index -= count;
    return;
  }
  while (list.length > 0 && (list.at(-1) as Row).index + count > maxRows && (list.at(-1) as Row).index >= at)
    list.pop();
  for (let index = from; index < list.length; index++) (list[index] as Row).index += count;
  // New rows look like the one above, as in Excel.
  const above = sheet.rows.get(at - 1);
  if (above === undefined) return;
  const formatted = above.columns
    .map((column, index) => [column, above.styles[index] as number] as const)
    .filter(([, style]) => style !== 0);
  if (formatted.length === 0 && above.ownStyle === 0) return;
  for (let index = at; index < at + count; index++) {
    const row = sheet.rows.need(index);
    row.columns = formatted.map(([column]) => column);
    row.styles = formatted.map(([, style]) => style);
    row.values = formatted.map(() => undefined);
    if (above.ownStyle !== 0) row.attributes = ` s="${above.ownStyle}" customFormat="1"`;
  }
}

async function moveColumns(sheet: Sheet, { kind, at, count }: SheetEdit, turns: Turns): Promise<void> {
  const moved = new Map<readonly number[], readonly number[]>();
  for (const row of sheet.rows.list) {
    if (turns.isOver) await turns.next();
    const { columns } = row;
    if (columns.length === 0 || (columns.at(-1) as number) < at) {
      if (kind === 'insert' && columns.at(-1) === at - 1) formatNew(row, at, count);
      continue;
    }
    if (kind === 'delete') {
      const first = columns.findIndex((column) => column >= at);
      let last = first;
      while (last < columns.length && (columns[last] as number) < at + count) last++;
      row.values.splice(first, last - first);
      if (last > first) row.styles = row.styles.toSpliced(first, last - first);
      row.columns = sharedResult(moved, columns, () =>
        columns.flatMap((column) => (column < at ? [column] : column >= at + count ? [column - count] : [])),
      );
    } else {
      while ((row.columns.at(-1) ?? 0) + count > maxColumns) row.delete(row.columns.at(-1) as number);
      const kept = row.columns;
      row.columns = sharedResult(moved, kept, () =>
        kept.map((column) => (column < at ? column : column + count)),
      );
      formatNew(row, at, count);
    }
  }
}

/** Rows that shared their columns before still share them afterwards. */
function sharedResult(
  known: Map<readonly number[], readonly number[]>,
  key: readonly number[],
  make: () => number[],
): readonly number[] {
  let result = known.get(key);
  if (result === undefined) {
    result = make();
    known.set(key, result);
  }
  return result;
}

/** Cells of new columns look like the one to the left. */
function formatNew(row: Row, at: number, count: number): void {
  const style = row.style(at - 1) ?? 0;
  if (style === 0) return;
  for (let column = at; column < at + count; column++) row.set(column, undefined, style);
}

/** Takes out the cells of `edit.across` and moves those behind them into the gap. */
async function moveCells(sheet: Sheet, { axis, at, count, across }: SheetEdit, turns: Turns): Promise<void> {
  const [first, last] = across as readonly [number, number];
  if (axis === 'column') {
    for (const row of sheet.rows.between(first, last)) {
      if (turns.isOver) await turns.next();
      const kept = row.columns.map(
        (column, index) => [column, row.styles[index] as number, row.values[index]] as const,
      );
      const left = kept.flatMap(([column, style, value]): (readonly [number, number, Content])[] =>
        column < at ? [[column, style, value]] : column >= at + count ? [[column - count, style, value]] : [],
      );
      row.columns = left.map(([column]) => column);
      row.styles = left.map(([, style]) => style);
      row.values = left.map(([, , value]) => value);
    }
    return;
  }
  const bottom = sheet.rows.list.at(-1)?.index ?? 0;
  for (let target = at; target <= bottom; target++) {
    if (turns.isOver) await turns.next();
    const source = sheet.rows.get(target + count);
    const cells: (readonly [number, Content, number])[] = [];
    for (let index = 0; index < (source?.columns.length ?? 0); index++) {
      const column = source?.columns[index] as number;
      if (column >= first && column <= last)
        cells.push([column, source?.values[index], source?.styles[index] as number]);
    }
    const row = cells.length > 0 ? sheet.rows.need(target) : sheet.rows.get(target);
    if (row === undefined) continue;
    for (const column of row.columns.filter((one) => one >= first && one <= last)) row.delete(column);
    for (const [column, value, style] of cells) row.set(column, value, style);
  }
}

// ── What surrounds the cells ────────────────────────────────────────────────────────────────────────────────────

/** Attributes and elements of the sheet that name areas. */
function moveSettings(sheet: Sheet, edit: SheetEdit): void {
  sheet.changed = true;
  if (edit.across === undefined && edit.axis === 'column') {
    moveColumnSettings(sheet, edit);
    moveFilterColumns(sheet.root.child('autoFilter'), edit);
  }
  for (const part of sheet.root.elements) {
    // The selection of a person stays where it is on the screen.
    if (['sheetData', 'dimension', 'cols', 'sheetViews', 'tableParts'].includes(part.localName)) continue;
    moveReferences(part, edit);
    if (part.localName === 'rowBreaks' || part.localName === 'colBreaks') moveBreaks(part, edit);
    if (part.get('ref') === '' || part.get('sqref') === '' || isEmptied(part)) sheet.root.remove(part);
    else if (part.get('count') !== undefined) part.set('count', String(part.elements.length));
  }
}

const lists = [
  'mergeCells',
  'hyperlinks',
  'dataValidations',
  'protectedRanges',
  'ignoredErrors',
  'cellWatches',
];
const isEmptied = (part: XmlElement): boolean => lists.includes(part.localName) && part.elements.length === 0;

/** Moves `ref`, `sqref` and their like; elements of which nothing is left are removed. */
function moveReferences(element: XmlElement, edit: SheetEdit): void {
  for (const name of ['ref', 'sqref', 'r']) {
    const written = element.get(name);
    if (written === undefined || (name === 'r' && element.localName !== 'cellWatch')) continue;
    element.set(name, moveAreas(written, edit));
  }
  for (const child of [...element.elements]) {
    if (child.localName === 'sqref') {
      child.text = moveAreas(child.text, edit);
      continue;
    }
    moveReferences(child, edit);
    const isGone = child.get('ref') === '' || child.get('sqref') === '' || child.child('sqref')?.text === '';
    // One cell alone is not merged with anything.
    const isAlone = child.localName === 'mergeCell' && !child.get('ref')?.includes(':');
    if (isGone || isAlone) element.remove(child);
  }
}

function moveAreas(text: string, edit: SheetEdit): string {
  return text
    .split(/\s+/)
    .flatMap((one) => {
      const area = parseArea(one);
      if (area === undefined) return [one];
      const moved = shiftArea(area, edit);
      return moved === undefined ? [] : moved === area ? [one] : [areaName(moved)];
    })
    .join(' ');
}

function moveBreaks(part: XmlElement, edit: SheetEdit): void {
  if (edit.across !== undefined || (part.localName === 'rowBreaks') !== (edit.axis === 'row')) return;
  for (const one of part.all('brk')) {
    const id = Number(one.get('id'));
    if (id < edit.at - 1) continue;
    if (edit.kind === 'delete' && id < edit.at + edit.count - 1) part.remove(one);
    else one.set('id', String(edit.kind === 'insert' ? id + edit.count : id - edit.count));
  }
}

/** Widths and formats of whole columns. A new column takes those of the one to the left. */
function moveColumnSettings(sheet: Sheet, { kind, at, count }: SheetEdit): void {
  const cols = sheet.root.child('cols');
  if (cols === undefined) return;
  for (const col of cols.all('col')) {
    let [first, last] = [Number(col.get('min')), Number(col.get('max'))];
    if (kind === 'insert') {
      if (first >= at) first += count;
      if (last >= at - 1) last += count;
    } else {
      if (last < at) continue;
      if (first >= at && last < at + count) {
        cols.remove(col);
        continue;
      }
      first = first >= at + count ? first - count : Math.min(first, at);
      last = last >= at + count ? last - count : at - 1;
    }
    if (first > maxColumns) cols.remove(col);
    else col.set('min', String(first)).set('max', String(Math.min(last, maxColumns)));
  }
  if (cols.elements.length === 0) sheet.root.remove(cols);
}

/** Columns of a filter count from its left border. */
function moveFilterColumns(filter: XmlElement | undefined, { kind, at, count }: SheetEdit): void {
  const area = parseArea(filter?.get('ref') ?? '');
  if (filter === undefined || area === undefined) return;
  // Nothing changes for a filter that moves as a whole, or not at all.
  if (kind === 'insert' ? at <= area.left || at > area.right : at + count <= area.left || at > area.right)
    return;
  for (const column of filter.all('filterColumn')) {
    const place = area.left + Number(column.get('colId'));
    if (kind === 'insert') {
      if (place >= at) column.set('colId', String(place + count - area.left));
    } else if (place >= at && place < at + count) filter.remove(column);
    else {
      const left = area.left >= at ? Math.max(at, area.left - count) : area.left;
      column.set('colId', String((place >= at + count ? place - count : place) - left));
    }
  }
}

async function moveTable(
  workbook: Workbook,
  entry: SheetEntry,
  table: SheetTable,
  edit: SheetEdit,
): Promise<void> {
  const { root, area } = table;
  workbook.parts.touch(table.partName);
  const moved = shiftArea(area, edit);
  if (moved === undefined) {
    const related = (await workbook.parts.relationships(entry.partName)).find(
      ({ target }) => target === table.partName,
    );
    await workbook.parts.remove(table.partName);
    const list = entry.sheet?.root.child('tableParts');
    for (const part of list?.elements ?? []) if (part.getLocal('id') === related?.id) list?.remove(part);
    list?.set('count', String(list.elements.length));
    if (list?.elements.length === 0) entry.sheet?.root.remove(list);
    if (related !== undefined) await workbook.parts.unrelate(entry.partName, related.id);
    return;
  }
  root.set('ref', areaName(moved));
  const filter = root.child('autoFilter');
  if (edit.axis === 'column' && edit.across === undefined) {
    moveFilterColumns(filter, edit);
    moveTableColumns(entry, table, edit);
  }
  for (const child of root.elements)
    if (child.localName === 'autoFilter' || child.localName === 'sortState') moveReferences(child, edit);
}

/** A table has one entry per column, whose name is what stands in its header. */
function moveTableColumns(
  entry: SheetEntry,
  { root, area, columns, headerRows }: SheetTable,
  { kind, at, count }: SheetEdit,
): void {
  const list = root.child('tableColumns');
  if (list === undefined || at > area.right || (kind === 'insert' && at <= area.left)) return;
  if (kind === 'delete') {
    const all = list.all('tableColumn');
    for (const [index, column] of all.entries())
      if (area.left + index >= at && area.left + index < at + count) list.remove(column);
  } else {
    let id = Math.max(0, ...list.all('tableColumn').map((column) => Number(column.get('id'))));
    const names = new Set(columns.map((name) => name.toLowerCase()));
    const next = list.all('tableColumn')[at - area.left] as XmlElement;
    for (let index = 0; index < count; index++) {
      let number = 1;
      while (names.has(`column${number}`)) number++;
      names.add(`column${number}`);
      const made = list.create('tableColumn', { id: String(++id), name: `Column${number}` });
      list.children.splice(list.children.indexOf(next), 0, made);
      if (headerRows > 0) entry.sheet?.set(area.top, at + index, `Column${number}`);
    }
  }
  list.set('count', String(list.all('tableColumn').length));
}

/** Comments, pictures, charts and pivot tables that stand on the sheet. */
async function moveRelated(
  workbook: Workbook,
  entry: SheetEntry,
  sheet: Sheet,
  edit: SheetEdit,
): Promise<void> {
  for (const { kind, target, isExternal } of await workbook.parts.relationships(entry.partName)) {
    if (isExternal || !workbook.parts.has(target)) continue;
    if (kind === 'comments' || kind === 'threadedComment') {
      const { root } = await workbook.parts.document(target);
      for (const list of [root, ...root.all('commentList')]) moveReferences(list, edit);
      workbook.parts.touch(target);
    } else if (kind === 'drawing' && edit.across === undefined) {
      const { root } = await workbook.parts.document(target);
      const name = edit.axis === 'row' ? 'row' : 'col';
      for (const anchor of root.elements) {
        if (anchor.get('editAs') === 'absolute') continue;
        for (const end of anchor.elements) {
          if (end.localName !== 'from' && end.localName !== 'to') continue;
          const place = end.child(name);
          if (place !== undefined) place.text = String(movedIndex(Number(place.text), edit));
        }
      }
      workbook.parts.touch(target);
    } else if (kind === 'vmlDrawing') {
      // The boxes of comments; old markup that is not always well-formed, so only the two numbers are replaced.
      const text = await workbook.parts.text(target);
      const moved = text.replace(
        /<(\w+:)?(Row|Column)>(\d+)<\/(?:\w+:)?\2>/g,
        (whole, prefix, name, number) =>
          (name === 'Row') === (edit.axis === 'row') && edit.across === undefined
            ? `<${prefix ?? ''}${name}>${movedIndex(Number(number), edit)}</${prefix ?? ''}${name}>`
            : whole,
      );
      if (moved !== text) workbook.parts.put(target, moved);
    } else if (kind === 'pivotTable') {
      const { root } = await workbook.parts.document(target);
      const location = root.child('location');
      if (location !== undefined) moveReferences(root, edit);
      workbook.parts.touch(target);
    }
  }
  for (const name of workbook.parts.names) {
    if (!/\/pivotCacheDefinition\d*\.xml$/i.test(name)) continue;
    const { root } = await workbook.parts.document(name);
    const source = root.child('cacheSource')?.child('worksheetSource');
    if (source?.get('sheet')?.toLowerCase() !== sheet.name.toLowerCase() || source.get('ref') === undefined)
      continue;
    source.set('ref', moveAreas(source.get('ref') as string, edit));
    workbook.parts.touch(name);
  }
}

/** A row or column that counts from 0. */
function movedIndex(index: number, { kind, at, count }: SheetEdit): number {
  if (index < at - 1) return index;
  if (kind === 'insert') return index + count;
  return index >= at - 1 + count ? index - count : at - 1;
}
