// Writing, clearing, inserting and deleting; which cells are active and selected.
import type { ActionArguments, ActionDefinition } from '../../action.ts';
import { ActionError } from '../../action.ts';
import { workbookAction } from './action.ts';
import { areaBetween, requireOnSheet } from './addresses.ts';
import { cellArgument, columnsArgument, namedArgument, type Target, targets } from './arguments.ts';
import { clearArea, requireUnlocked, writeValue } from './edits.ts';
import type { SheetEdit } from './formula/shift.ts';
import type { ExcelSession } from './session.ts';
import { editSheet } from './structure.ts';

// ── Writing and clearing ────────────────────────────────────────────────────────────────────────────────────────

const writeError = 'WriteValueToExcelError';

const writing = (variant: string, target: Target): ActionDefinition =>
  workbookAction(`WriteToExcel.${variant}`, writeError, async (args, session, signal) => {
    const { sheet, area } = await target(args, session, signal);
    await writeValue(session, sheet, area.top, area.left, args.value('Value'), signal);
  });

const writingNamed = workbookAction(
  'WriteToExcel.WriteNamedCell',
  writeError,
  async (args, session, signal) => {
    const { sheet, area } = await namedArgument(args, session, signal);
    const value = args.value('Value');
    if (!args.boolean('WriteToAllCells')) {
      await writeValue(session, sheet, area.top, area.left, value, signal);
      return;
    }
    const row = new Array(area.right - area.left + 1).fill(value);
    await writeValue(
      session,
      sheet,
      area.top,
      area.left,
      new Array(area.bottom - area.top + 1).fill(row),
      signal,
    );
  },
);

/** Contents go, formats stay: what is written there next looks like what was there. */
const clearing = (variant: string, target: Target): ActionDefinition =>
  workbookAction(`ClearCellsFromExcel.${variant}`, 'ClearCellsError', async (args, session, signal) => {
    const { sheet, area } = await target(args, session, signal);
    requireOnSheet(area);
    await clearArea(session, sheet, area, false, signal);
  });

// ── Rows, columns and cells that come and go ────────────────────────────────────────────────────────────────────

async function edit(session: ExcelSession, change: SheetEdit, signal: AbortSignal): Promise<void> {
  const entry = session.activeEntry;
  const sheet = await session.activeSheet(signal);
  requireUnlocked(session, sheet, undefined);
  await editSheet(session.workbook, entry, change, signal);
}

/** A row or column that is not on the sheet has an error name of its own. */
function existing<T>(find: () => T, code: string): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof ActionError && error.code !== 'InvalidArgument') throw error;
    const { message, nextStep } = error as { message: string; nextStep?: string };
    throw new ActionError(code, message, nextStep ?? 'Check the value.', { cause: error });
  }
}

const rowEdit = (id: string, code: string, kind: SheetEdit['kind']): ActionDefinition =>
  workbookAction(id, code, async (args, session, signal) => {
    const at = existing(() => {
      const row = args.integer('Index');
      requireOnSheet({ top: row, bottom: row, left: 1, right: 1 });
      return row;
    }, 'FindRowError');
    await edit(session, { axis: 'row', kind, at, count: 1 }, signal);
  });

const columnEdit = (id: string, code: string, kind: SheetEdit['kind']): ActionDefinition =>
  workbookAction(id, code, async (args, session, signal) => {
    const columns = existing(() => columnsArgument(args, 'Column'), 'FindColumnError');
    await edit(session, { axis: 'column', kind, ...columns }, signal);
  });

const deletingCells = (variant: string, target: Target): ActionDefinition =>
  workbookAction(`DeleteCells.${variant}`, 'DeleteCellsError', async (args, session, signal) => {
    const { area } = await target(args, session, signal);
    const change: SheetEdit =
      args.member('ShiftCellsDirection') === 'Left'
        ? {
            axis: 'column',
            kind: 'delete',
            at: area.left,
            count: area.right - area.left + 1,
            across: [area.top, area.bottom],
          }
        : {
            axis: 'row',
            kind: 'delete',
            at: area.top,
            count: area.bottom - area.top + 1,
            across: [area.left, area.right],
          };
    await edit(session, change, signal);
  });

// ── Active cell and selection ───────────────────────────────────────────────────────────────────────────────────

const activateError = 'ActivateCellError';

const activatingNamed = workbookAction(
  'ActivateCellInExcel.ActivateNamedCell',
  activateError,
  async (args, session, signal) => {
    const { sheet, area } = await namedArgument(args, session, signal);
    session.activate(session.entryOf(sheet));
    session.select(sheet, { ...area, bottom: area.top, right: area.left });
  },
);

async function moveActive(args: ActionArguments, session: ExcelSession, signal: AbortSignal): Promise<void> {
  const sheet = await session.activeSheet(signal);
  const [row, column] = session.selectionOf(sheet).active;
  const offset = args.integer('OffsetFromActiveCell');
  const [down, across] = { Left: [0, -1], Right: [0, 1], Above: [-1, 0], Below: [1, 0] }[
    args.member('Direction')
  ] as [number, number];
  const area = areaBetween(
    row + down * offset,
    column + across * offset,
    row + down * offset,
    column + across * offset,
  );
  requireOnSheet(area);
  session.select(sheet, area);
}

const selecting = (variant: string, target: Target): ActionDefinition =>
  workbookAction(`SelectCellsFromExcel.${variant}`, 'SelectCellsError', async (args, session, signal) => {
    const { sheet, area } = await target(args, session, signal);
    session.activate(session.entryOf(sheet));
    session.select(sheet, area);
  });

export const changingActions: readonly ActionDefinition[] = [
  writing('WriteCell', targets.cell('Column', 'Row')),
  writing('Write', targets.active),
  writingNamed,
  clearing('ClearCells', targets.range),
  clearing('ClearCellsRelativeTo', targets.relative),
  clearing('ClearNamedCell', targets.named('CellName')),
  clearing('ClearSingleCell', targets.cell('SingleCellColumn', 'SingleCellRow')),
  rowEdit('InsertRow', 'InsertRowError', 'insert'),
  rowEdit('DeleteRow', 'DeleteRowError', 'delete'),
  columnEdit('InsertColumn', 'InsertColumnError', 'insert'),
  columnEdit('DeleteColumn', 'DeleteColumnError', 'delete'),
  deletingCells('DeleteCell', targets.cell('StartColumn', 'StartRow')),
  deletingCells('DeleteCells', targets.range),
  workbookAction('ActivateCellInExcel.ActivateCell', activateError, async (args, session, signal) => {
    session.select(await session.activeSheet(signal), cellArgument(args, 'Column', 'Row'));
  }),
  workbookAction('ActivateCellInExcel.ActivateCellRelativeTo', activateError, moveActive),
  activatingNamed,
  workbookAction('GetActiveCell', 'GetActiveCellError', async (_, session, signal) => {
    const [row, column] = session.selectionOf(await session.activeSheet(signal)).active;
    return { ActiveCellColumnIndex: column, ActiveCellRowIndex: row };
  }),
  workbookAction('GetSelectedCellRange', 'RetrieveSelectedRangeOfCellsError', async (_, session, signal) => {
    const { area } = session.selectionOf(await session.activeSheet(signal));
    return {
      FirstColumnIndex: area.left,
      FirstRowIndex: area.top,
      LastColumnIndex: area.right,
      LastRowIndex: area.bottom,
    };
  }),
  selecting('SelectCells', targets.range),
  selecting('SelectCellsRelativeTo', targets.relative),
  selecting('SelectNamedCell', targets.named('CellName')),
];
