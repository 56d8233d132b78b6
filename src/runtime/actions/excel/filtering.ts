// Filters: which rows a worksheet or table hides. The conditions are kept in the file as Excel keeps them, so that a person sees
// and changes them there.
import type { ActionArguments, ActionDefinition } from '../../action.ts';
import { toText } from '../../convert.ts';
import type { Value } from '../../values.ts';
import { OfficeProblem } from '../office/problem.ts';
import type { XmlElement } from '../office/xml.ts';
import { workbookAction } from './action.ts';
import { type Area, areaName, columnName, isSameArea, isSingleCell, parseArea } from './addresses.ts';
import { columnArgument, namedArgument, rangeArgument } from './arguments.ts';
import type { CellValue } from './cells.ts';
import { requireUnlocked } from './edits.ts';
import { dateOf, numberOf } from './entry.ts';
import { compareTexts, wildcard } from './formula/values.ts';
import type { ExcelSession } from './session.ts';
import type { Sheet } from './sheet.ts';
import type { SheetTable } from './workbook.ts';

const filterError = 'ApplyFilterOnCellsInWorksheetError';

/** True when the filter of a sheet has conditions, so that rows may be hidden by it. */
export const hasFilter = (sheet: Sheet): boolean =>
  (sheet.root.child('autoFilter')?.all('filterColumn').length ?? 0) > 0;

// ── Conditions ──────────────────────────────────────────────────────────────────────────────────────────────────

interface Condition {
  /** As files write it: `equal`, `notEqual`, `greaterThan` … */
  readonly operator: string;
  /** With wildcards for "contains" and its kin; one blank for "empty". */
  readonly value: string;
}

/** Members of the designer's list of operators → what is stored. */
function conditionOf(member: string, value: string): Condition | undefined {
  const literal = value.replace(/[~*?]/g, '~$&');
  switch (member) {
    case 'None':
      return undefined;
    case 'Equal':
      return { operator: 'equal', value };
    case 'NotEqual':
      return { operator: 'notEqual', value };
    case 'GreaterThan':
    case 'GreaterThanOrEqual':
    case 'LessThan':
    case 'LessThanOrEqual':
      return { operator: member[0]?.toLowerCase() + member.slice(1), value };
    case 'IsEmpty':
      return { operator: 'equal', value: ' ' };
    case 'IsNotEmpty':
      return { operator: 'notEqual', value: ' ' };
    case 'StartsWith':
      return { operator: 'equal', value: `${literal}*` };
    case 'NotStartsWith':
      return { operator: 'notEqual', value: `${literal}*` };
    case 'EndsWith':
      return { operator: 'equal', value: `*${literal}` };
    case 'NotEndsWith':
      return { operator: 'notEqual', value: `*${literal}` };
    case 'Contains':
      return { operator: 'equal', value: `*${literal}*` };
    default:
      return { operator: 'notEqual', value: `*${literal}*` };
  }
}

/** What a cell is tested by: its value, and the text it shows. */
interface Tested {
  readonly value: CellValue;
  readonly shown: string;
}

type Test = (cell: Tested) => boolean;

function conditionTest({ operator, value }: Condition): Test {
  const isEmpty: Test = (cell) => cell.value === undefined || cell.shown.trim() === '';
  if (value.trim() === '') {
    if (operator === 'equal') return isEmpty;
    if (operator === 'notEqual') return (cell) => !isEmpty(cell);
  }
  const number = numberOf(value) ?? dateOf(value);
  if (operator === 'equal' || operator === 'notEqual') {
    const pattern = wildcard(value);
    const equals: Test = (cell) =>
      (number !== undefined && typeof cell.value === 'number' && cell.value === number) ||
      pattern.test(cell.shown);
    return operator === 'equal' ? equals : (cell) => !equals(cell);
  }
  const accept = (order: number): boolean => {
    if (operator === 'greaterThan') return order > 0;
    if (operator === 'greaterThanOrEqual') return order >= 0;
    return operator === 'lessThan' ? order < 0 : order <= 0;
  };
  return number === undefined
    ? (cell) => typeof cell.value === 'string' && accept(compareTexts(cell.value, value))
    : (cell) => typeof cell.value === 'number' && accept(cell.value - number);
}

/** The test a stored filter of one column stands for; undefined for a kind this agent cannot apply (colors, top 10, calendar). */
function storedTest(column: XmlElement): Test | undefined {
  const [only, ...more] = column.elements;
  if (only === undefined || more.length > 0) return undefined;
  if (only.localName === 'customFilters') {
    const tests = only
      .all('customFilter')
      .map((one) => conditionTest({ operator: one.get('operator') ?? 'equal', value: one.get('val') ?? '' }));
    const isAnd = /^(?:1|true)$/.test(only.get('and') ?? '');
    return (cell) => (isAnd ? tests.every((test) => test(cell)) : tests.some((test) => test(cell)));
  }
  if (only.localName !== 'filters' || only.all('dateGroupItem').length > 0) return undefined;
  const shown = new Set(only.all('filter').map((one) => (one.get('val') ?? '').toLowerCase()));
  const blank = /^(?:1|true)$/.test(only.get('blank') ?? '');
  return ({ value, shown: text }) =>
    text.trim() === ''
      ? blank
      : shown.has(text.toLowerCase()) || (typeof value === 'number' && shown.has(String(value)));
}

// ── Applying ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where a filter stands: the element that keeps it, and the rows below its header. */
interface Filter {
  readonly sheet: Sheet;
  readonly element: XmlElement;
  readonly area: Area;
  readonly firstRow: number;
  readonly lastRow: number;
}

/** Hides the rows that do not pass all conditions, and shows the others. Filters of other kinds keep hidden what they hid. */
async function apply(
  session: ExcelSession,
  { sheet, element, area, firstRow, lastRow }: Filter,
  signal: AbortSignal,
): Promise<void> {
  const columns = element.all('filterColumn').map((column) => ({
    column: area.left + Number(column.get('colId')),
    test: storedTest(column),
  }));
  const keepsHidden = columns.some(({ test }) => test === undefined);
  let from = firstRow;
  while (from <= lastRow) {
    const first = from;
    await session.withValues(signal, (calculator) => {
      const last = Math.min(lastRow, first + 20_000);
      for (let index = first; index <= last; index++) {
        const passes = columns.every(({ column, test }) => {
          if (test === undefined) return true;
          const value = calculator.valueOf(sheet, index, column);
          return test({ value, shown: session.shownText(sheet, index, column, value) });
        });
        const row = sheet.rows.get(index);
        const hidden = !passes || (keepsHidden && (row?.isHidden ?? false));
        if (hidden !== (row?.isHidden ?? false)) sheet.rows.need(index).isHidden = hidden;
      }
      from = last + 1;
    });
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
  sheet.changed = true;
  // Subtotals leave hidden rows out.
  session.workbook.cellsChanged(sheet, { ...area, top: firstRow, bottom: Math.max(firstRow, lastRow) });
  if (hasFilter(sheet)) sheet.part('sheetPr').set('filterMode', '1');
  else sheet.root.child('sheetPr')?.set('filterMode', undefined);
}

/** The condition of one column, in place of the one it had. */
function setColumn(filter: XmlElement, id: number, content: XmlElement): void {
  for (const old of filter.all('filterColumn')) if (Number(old.get('colId')) === id) filter.remove(old);
  const column = filter.create('filterColumn', { colId: String(id) });
  column.append(content);
  const next = filter.all('filterColumn').find((one) => Number(one.get('colId')) > id);
  if (next !== undefined) filter.children.splice(filter.children.indexOf(next), 0, column);
  else filter.insertBefore(column, ['sortState', 'extLst']);
}

/** The filter of the worksheet over `area`; one that stood elsewhere is taken away, with the rows it hid shown again. */
function sheetFilter(session: ExcelSession, sheet: Sheet, area: Area): Filter {
  const existing = sheet.root.child('autoFilter');
  const covered = parseArea(existing?.get('ref') ?? '');
  if (existing !== undefined && covered !== undefined && !isSameArea(covered, area)) {
    showAll(sheet, covered.top + 1, covered.bottom);
    sheet.root.remove(existing);
  }
  const element = sheet.part('autoFilter');
  element.set('ref', areaName(area));
  const entry = session.entryOf(sheet);
  session.workbook.setHiddenName('_xlnm._FilterDatabase', entry, area);
  return { sheet, element, area, firstRow: area.top + 1, lastRow: area.bottom };
}

function showAll(sheet: Sheet, first: number, last: number): void {
  for (const row of sheet.rows.between(first, last)) if (row.isHidden) row.isHidden = false;
}

function tableFilter(session: ExcelSession, table: SheetTable): Filter {
  const { root, area, headerRows, totalRows } = table;
  if (headerRows === 0)
    throw new OfficeProblem(
      `The table "${table.name}" has no header, so it cannot be filtered.`,
      'Show the header row of the table in Excel.',
    );
  const element =
    root.child('autoFilter') ??
    root.insertBefore(root.create('autoFilter'), ['sortState', 'tableColumns', 'tableStyleInfo', 'extLst']);
  element.set('ref', areaName({ ...area, bottom: area.bottom - totalRows }));
  session.workbook.parts.touch(table.partName);
  session.workbook.changed = true;
  return {
    sheet: table.sheetEntry.sheet as Sheet,
    element,
    area,
    firstRow: area.top + headerRows,
    lastRow: area.bottom - totalRows,
  };
}

function tableColumn(table: SheetTable, name: string): number {
  const at = table.columns.findIndex((one) => one.toLowerCase() === name.trim().toLowerCase());
  if (at >= 0) return at;
  throw new OfficeProblem(
    `The table "${table.name}" has no column "${name}".`,
    `Its columns are ${table.columns.map((one) => `"${one}"`).join(', ')}.`,
  );
}

type Place = 'Worksheet' | 'RangeCoordinates' | 'RangeNamedCell' | 'Table';

/** The filter an action means, and the number of its column in it. */
async function filterOf(
  args: ActionArguments,
  session: ExcelSession,
  place: Place,
  signal: AbortSignal,
): Promise<readonly [Filter, number]> {
  if (place === 'Table') {
    const table = await session.tableNamed(args.text('TableName').trim(), signal);
    requireUnlocked(session, table.sheetEntry.sheet as Sheet, undefined);
    return [tableFilter(session, table), tableColumn(table, args.text('Column'))];
  }
  const range =
    place === 'RangeNamedCell'
      ? await namedArgument(args, session, signal, 'NamedCell')
      : {
          sheet: await session.activeSheet(signal),
          area: place === 'RangeCoordinates' ? rangeArgument(args) : undefined,
        };
  const { sheet } = range;
  const used = sheet.usedArea;
  // Whole columns end where the sheet does.
  const area =
    range.area === undefined || used === undefined
      ? (range.area ?? used)
      : { ...range.area, bottom: Math.max(range.area.top, Math.min(range.area.bottom, used.bottom)) };
  if (area === undefined)
    throw new OfficeProblem(
      `The worksheet "${sheet.name}" is empty; there is nothing to filter.`,
      'Write the data before it is filtered.',
    );
  if (isSingleCell(area))
    throw new OfficeProblem(
      `A single cell (${areaName(area)}) cannot be filtered.`,
      'Give the range with its header row.',
    );
  const column = columnArgument(args, 'Column');
  if (column < area.left || column > area.right) {
    throw new OfficeProblem(
      `Column ${columnName(column)} is not within the range ${areaName(area)} to filter.`,
      'Choose a column of the range.',
    );
  }
  requireUnlocked(session, sheet, undefined);
  return [sheetFilter(session, sheet, area), column - area.left];
}

function filtering(kind: 'Simple' | 'Advanced', place: Place): ActionDefinition {
  return workbookAction(
    `FilterCellsFromExcel.Filter${kind}${place}`,
    filterError,
    async (args, session, signal) => {
      // Read first: a wrong argument must not leave half a filter behind.
      const make = kind === 'Simple' ? simpleFilter(args) : advancedFilter(args);
      const [filter, id] = await filterOf(args, session, place, signal);
      setColumn(filter.element, id, make(filter.element));
      await apply(session, filter, signal);
    },
  );
}

function advancedFilter(args: ActionArguments): (parent: XmlElement) => XmlElement {
  const first = conditionOf(
    args.member('AdvancedFilterFirstConditionOperator'),
    args.text('AdvancedFilterFirstConditionValue'),
  );
  const second = conditionOf(
    args.member('AdvancedFilterSecondConditionOperator'),
    args.text('AdvancedFilterSecondConditionValue'),
  );
  const conditions = [first, second].filter((one) => one !== undefined);
  if (conditions.length === 0)
    throw new OfficeProblem('The filter has no condition.', 'Choose an operator for the first condition.');
  const isAnd = args.member('AdvancedFilterLogicalOperator') === 'IsAnd';
  return (parent) => {
    const list = parent.create('customFilters', isAnd && conditions.length > 1 ? { and: '1' } : {});
    for (const { operator, value } of conditions) {
      list.append(
        list.create('customFilter', operator === 'equal' ? { val: value } : { operator, val: value }),
      );
    }
    return list;
  };
}

function simpleFilter(args: ActionArguments): (parent: XmlElement) => XmlElement {
  const given = args.value('SimpleFilterValues');
  const items: readonly Value[] = Array.isArray(given)
    ? given
    : typeof given === 'string' && given.trim() === '[]'
      ? []
      : [given];
  const texts = items.map(toText);
  if (texts.length === 0)
    throw new OfficeProblem(
      'The list of values to filter by is empty: no row would be left.',
      'Give the values whose rows are to stay visible.',
    );
  return (parent) => {
    const list = parent.create('filters', texts.some((text) => text.trim() === '') ? { blank: '1' } : {});
    for (const text of new Set(texts))
      if (text.trim() !== '') list.append(list.create('filter', { val: text }));
    return list;
  };
}

// ── Clearing ────────────────────────────────────────────────────────────────────────────────────────────────────

async function clear(
  session: ExcelSession,
  filter: Filter,
  id: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const column of filter.element.all('filterColumn')) {
    if (id === undefined || Number(column.get('colId')) === id) filter.element.remove(column);
  }
  if (filter.element.all('filterColumn').length === 0) showAll(filter.sheet, filter.firstRow, filter.lastRow);
  await apply(session, filter, signal);
}

function existingFilter(sheet: Sheet): Filter | undefined {
  const element = sheet.root.child('autoFilter');
  const area = parseArea(element?.get('ref') ?? '');
  return element === undefined || area === undefined
    ? undefined
    : { sheet, element, area, firstRow: area.top + 1, lastRow: area.bottom };
}

function clearing(variant: string, table: boolean, oneColumn: boolean): ActionDefinition {
  return workbookAction(
    `ClearFilterFromExcel.${variant}`,
    'ClearFilterOnCellsInWorksheetError',
    async (args, session, signal) => {
      if (table) {
        const found = await session.tableNamed(args.text('TableName').trim(), signal);
        const id = oneColumn ? tableColumn(found, args.text('Column')) : undefined;
        if (found.root.child('autoFilter') === undefined) return;
        requireUnlocked(session, found.sheetEntry.sheet as Sheet, undefined);
        await clear(session, tableFilter(session, found), id, signal);
        return;
      }
      const sheet = await session.activeSheet(signal);
      const column = oneColumn ? columnArgument(args, 'Column') : undefined;
      const filter = existingFilter(sheet);
      if (filter === undefined) return;
      if (column !== undefined && (column < filter.area.left || column > filter.area.right)) {
        throw new OfficeProblem(
          `Column ${columnName(column)} is not within the filter ${areaName(filter.area)}.`,
          'Choose a column of the filter.',
        );
      }
      requireUnlocked(session, sheet, undefined);
      await clear(session, filter, column === undefined ? undefined : column - filter.area.left, signal);
    },
  );
}

const places: readonly Place[] = ['Worksheet', 'RangeCoordinates', 'RangeNamedCell', 'Table'];

export const filteringActions: readonly ActionDefinition[] = [
  ...places.map((place) => filtering('Advanced', place)),
  ...places.map((place) => filtering('Simple', place)),
  clearing('ClearFilterWorksheet', false, false),
  clearing('ClearFilterSpecificColumnWorksheet', false, true),
  clearing('ClearFilterTable', true, false),
  clearing('ClearFilterTableSpecificColumn', true, true),
];
