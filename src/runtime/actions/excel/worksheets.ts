// The worksheets of a workbook: list, activate, add, rename, delete.
import { type ActionArguments, type ActionDefinition, ActionError } from '../../action.ts';
import { OfficeProblem } from '../office/problem.ts';
import { excelAction, workbookAction } from './action.ts';
import { columnName, maxColumns } from './addresses.ts';
import { sheetNamed, sheetNumbered } from './arguments.ts';
import type { ExcelSession } from './session.ts';
import type { SheetEntry } from './workbook.ts';

type Find = (args: ActionArguments, session: ExcelSession) => SheetEntry;

const notFound = 'FindWorksheetError';
const byName: Find = (args, session) => sheetNamed(session, args.text('Name'), notFound);
const byIndex: Find = (args, session) => sheetNumbered(session, args.integer('Index'), notFound);

function activating(variant: string, find: Find): ActionDefinition {
  return workbookAction(`SetActiveWorksheet.${variant}`, 'ActivateWorksheetError', (args, session) => {
    const entry = find(args, session);
    const name = session.workbook.sheetName(entry);
    if (!entry.isWorksheet)
      throw new OfficeProblem(`"${name}" is a chart, not a worksheet.`, 'Activate a worksheet.');
    if (/hidden/i.test(entry.element.get('state') ?? '')) {
      throw new OfficeProblem(
        `The worksheet "${name}" is hidden, and a hidden worksheet cannot be active.`,
        'Show it in Excel (Unhide), or use another one.',
      );
    }
    session.activate(entry);
  });
}

function renaming(variant: string, find: Find): ActionDefinition {
  return workbookAction(
    `RenameWorksheet.${variant}`,
    'RenameWorksheetError',
    async (args, session, signal) => {
      const entry = find(args, session);
      session.workbook.requireOpenStructure();
      await session.workbook.renameSheet(entry, args.text('NewName'), signal);
    },
  );
}

function deleting(variant: string, find: Find): ActionDefinition {
  return workbookAction(
    `DeleteWorksheet.${variant}`,
    'DeleteWorksheetError',
    async (args, session, signal) => {
      const entry = find(args, session);
      const { workbook } = session;
      workbook.requireOpenStructure();
      const place = workbook.entries.indexOf(entry);
      const wasActive = session.activeEntry === entry;
      await workbook.deleteSheet(entry, signal);
      if (!wasActive) return;
      // The next sheet comes to the front, or the last one.
      const rest = [...workbook.entries.slice(place), ...workbook.entries.slice(0, place).reverse()];
      const next = rest.find((one) => one.isWorksheet && !/hidden/i.test(one.element.get('state') ?? ''));
      if (next !== undefined) session.activate(next);
    },
  );
}

export const worksheetActions: readonly ActionDefinition[] = [
  workbookAction('GetAllWorksheets', 'RetrieveAllWorksheetNamesError', (_, { workbook }) => ({
    Worksheets: workbook.entries
      .filter(({ isWorksheet }) => isWorksheet)
      .map((entry) => workbook.sheetName(entry)),
  })),
  workbookAction('GetActiveWorksheet', 'RetrieveActiveWorksheetError', (_, session) => ({
    Name: session.workbook.sheetName(session.activeEntry),
    Index: session.workbook.entries.indexOf(session.activeEntry) + 1,
  })),
  activating('ActivateWorksheetByName', byName),
  activating('ActivateWorksheetByIndex', byIndex),
  renaming('RenameWorksheetWithName', byName),
  renaming('RenameWorksheetWithIndex', byIndex),
  deleting('DeleteWorksheetByName', byName),
  deleting('DeleteWorksheetByIndex', byIndex),
  workbookAction('AddWorksheet', 'AddWorksheetError', async (args, session) => {
    const name = args.text('Name');
    const { workbook } = session;
    workbook.requireOpenStructure();
    const taken = workbook.entryNamed(name);
    if (taken !== undefined) {
      throw new ActionError(
        'WorksheetWithSameNameAlreadyExistsError',
        `"${session.name}" already has a worksheet "${workbook.sheetName(taken)}".`,
        'Choose another name, or test the list of worksheets first; letter case makes no difference.',
      );
    }
    const place = args.member('WorksheetPosition') === 'First' ? 0 : workbook.entries.length;
    session.activate(await workbook.addSheet(name, place));
  }),
  excelAction('GetColumnName', 'ActionFailed', (args) => {
    const column = args.integer('CellColumnIndex');
    if (column >= 1 && column <= maxColumns) return { outputs: { ColumnName: columnName(column) } };
    throw new OfficeProblem(
      `There is no column ${column}; columns are counted from 1 to ${maxColumns}.`,
      'Check how the number is computed.',
    );
  }),
];
