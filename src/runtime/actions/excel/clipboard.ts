// Copy and paste between cells. All instances of a run share one clipboard, as under Excel; the clipboard of the system is not used.
import type { ActionArguments, ActionDefinition } from '../../action.ts';
import { OfficeProblem } from '../office/problem.ts';
import { Turns } from '../turns.ts';
import { workbookAction } from './action.ts';
import { type Area, cellName, contains, maxColumns, maxRows, overlaps } from './addresses.ts';
import { columnArgument, namedArgument, type Target, targets } from './arguments.ts';
import { CellError, type Content, FormulaCell } from './cells.ts';
import { clearArea } from './edits.ts';
import { hasFilter } from './filtering.ts';
import { moveFormula, sourceText } from './formula/shift.ts';
import type { CellRange } from './formula/values.ts';
import type { ExcelSession } from './session.ts';
import { RichText } from './sharedStrings.ts';
import type { Sheet } from './sheet.ts';

/** A copied cell, its place counted from the corner of what was copied. `text` and place are those of a formula. */
interface CopiedCell {
  readonly row: number;
  readonly column: number;
  readonly content: Content;
  readonly style: number;
  readonly formula: { readonly text: string; readonly row: number; readonly column: number } | undefined;
}

interface Copied {
  readonly session: ExcelSession;
  readonly height: number;
  readonly width: number;
  readonly cells: readonly CopiedCell[];
  readonly merged: readonly Area[];
}

/** A copy of more cells than this would hold the memory of a whole run. */
const maxCopied = 20_000_000;

let copied: Copied | undefined;

/** Forgets what was copied from workbooks that are closed. */
function current(): Copied {
  if (copied?.session.isClosed) copied = undefined;
  if (copied !== undefined) return copied;
  throw new OfficeProblem(
    'Nothing was copied, or the workbook it was copied from was closed.',
    'Copy cells before they are pasted, and close the workbook afterwards.',
  );
}

/** Remembers cells with their formats. Rows hidden by a filter are left out, as Excel does. */
async function copyCells(
  session: ExcelSession,
  { sheet, area }: CellRange,
  signal: AbortSignal,
): Promise<void> {
  const skipsHidden = hasFilter(sheet);
  const cells: CopiedCell[] = [];
  const turns = new Turns(signal);
  let hidden = 0;
  for (const row of sheet.rows.between(area.top, area.bottom)) {
    if (turns.isOver) await turns.next();
    if (skipsHidden && row.isHidden) {
      hidden++;
      continue;
    }
    for (let at = 0; at < row.columns.length; at++) {
      const column = row.columns[at] as number;
      if (column < area.left || column > area.right) continue;
      const content = row.values[at];
      if (cells.length >= maxCopied)
        throw new OfficeProblem(
          `More than ${maxCopied} cells cannot be copied at once.`,
          'Copy a smaller range.',
        );
      cells.push({
        row: row.index - area.top - hidden,
        column: column - area.left,
        content,
        style: row.styles[at] as number,
        formula:
          content instanceof FormulaCell
            ? { text: sourceText(content.source, row.index, column), row: row.index, column }
            : undefined,
      });
    }
  }
  const merged =
    hidden > 0
      ? []
      : sheet.mergedAreas.filter(
          (one) => contains(area, one.top, one.left) && contains(area, one.bottom, one.right),
        );
  copied = {
    session,
    height: area.bottom - area.top + 1 - hidden,
    width: area.right - area.left + 1,
    cells,
    merged: merged.map((one) => ({
      top: one.top - area.top,
      bottom: one.bottom - area.top,
      left: one.left - area.left,
      right: one.right - area.left,
    })),
  };
}

/** Pastes with the corner at `row`, `column`; what was there is replaced, empty cells included. */
async function pasteCells(
  session: ExcelSession,
  sheet: Sheet,
  row: number,
  column: number,
  signal: AbortSignal,
): Promise<void> {
  const { cells, height, width, merged, session: source } = current();
  const whole = height >= maxRows || width >= maxColumns;
  const area = {
    top: row,
    left: column,
    bottom: height >= maxRows ? maxRows : row + height - 1,
    right: width >= maxColumns ? maxColumns : column + width - 1,
  };
  if (
    area.bottom > maxRows ||
    area.right > maxColumns ||
    (whole && ((height >= maxRows && row > 1) || (width >= maxColumns && column > 1)))
  ) {
    throw new OfficeProblem(
      `The copied cells do not fit on the worksheet from ${cellName(row, column)} on.`,
      'Paste them nearer to the top left corner, or copy fewer cells.',
    );
  }
  const cut = sheet.mergedAreas.find(
    (one) =>
      overlaps(one, area) && !(contains(area, one.top, one.left) && contains(area, one.bottom, one.right)),
  );
  if (cut !== undefined) {
    throw new OfficeProblem(
      `The copied cells would cover only a part of the merged cells at ${cellName(cut.top, cut.left)}.`,
      'Paste them elsewhere, or unmerge the cells in Excel.',
    );
  }
  const { styles } = session.workbook;
  const foreign = source.workbook !== session.workbook;
  const adopted = new Map<number, number>();
  // All of it is made before anything is replaced: what cannot be pasted leaves the target as it was.
  const turns = new Turns(signal);
  const pasted: {
    readonly at: readonly [number, number];
    readonly content: Content;
    readonly style: number;
  }[] = [];
  for (const cell of cells) {
    if (turns.isOver) await turns.next();
    let { style } = cell;
    if (foreign) {
      style = adopted.get(cell.style) ?? styles.adopt(source.workbook.styles, cell.style);
      adopted.set(cell.style, style);
    }
    const at = [row + cell.row, column + cell.column] as const;
    pasted.push({ at, content: pastedContent(cell, at[0], at[1], foreign), style });
  }
  await clearArea(session, sheet, area, true, signal);
  for (const { at, content, style } of pasted) {
    if (turns.isOver) await turns.next();
    sheet.set(at[0], at[1], content, style);
  }
  if (cells.length > 0) {
    const kept = sheet.mergedAreas.filter((one) => !overlaps(one, area));
    if (merged.length > 0 || kept.length !== sheet.mergedAreas.length) {
      sheet.mergedAreas = [
        ...kept,
        ...merged.map((one) => ({
          top: one.top + row,
          bottom: one.bottom + row,
          left: one.left + column,
          right: one.right + column,
        })),
      ];
    }
  }
  session.workbook.cellsChanged(sheet, area);
  session.select(sheet, area);
}

function pastedContent(
  { content, formula }: CopiedCell,
  row: number,
  column: number,
  foreign: boolean,
): Content {
  if (content instanceof FormulaCell && formula !== undefined) {
    if (content.kind !== undefined) {
      throw new OfficeProblem(
        'An array formula or data table cannot be pasted.',
        'Copy the cells around it, or read its values and write them.',
      );
    }
    if (foreign && formula.text.includes('!')) {
      throw new OfficeProblem(
        `The formula =${formula.text} refers to another worksheet, which it would look for in the wrong workbook.`,
        'Read the values and write them, instead of copying the formula.',
      );
    }
    return content.copy({
      text: moveFormula(formula.text, row - formula.row, column - formula.column),
      row,
      column,
    });
  }
  // A formatted text keeps its formats, but not its number in the other workbook's table of texts.
  if (content instanceof RichText && foreign) return new RichText(content.text, content.xml, undefined);
  return content;
}

// ── Append ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Pastes below the last filled cell of a column; `area` limits where that is looked for. */
async function append(
  session: ExcelSession,
  sheet: Sheet,
  column: number,
  area: Area | undefined,
  signal: AbortSignal,
): Promise<void> {
  let last = sheet.lastFilledRow(column);
  if (area !== undefined) {
    last = Math.min(last, area.bottom);
    while (last >= area.top && sheet.content(last, column) === undefined) last--;
    if (last < area.top) last = area.top - 1;
  }
  await pasteCells(session, sheet, last + 1, column, signal);
}

/** The column whose first filled cell has this text. */
function headerColumn(sheet: Sheet, name: string, area: Area | undefined): number {
  const wanted = name.trim().toLowerCase();
  const searched = area ?? sheet.usedArea;
  if (searched !== undefined && wanted !== '') {
    for (let column = searched.left; column <= Math.min(searched.right, maxColumns); column++) {
      const content = sheet.content(searched.top, column);
      if (plainText(content).trim().toLowerCase() === wanted) return column;
    }
  }
  throw new OfficeProblem(
    `No column has the header "${name}" in ${searched === undefined ? 'the empty worksheet' : `row ${searched.top}`} of "${sheet.name}".`,
    'Check the spelling of the header.',
  );
}

function plainText(content: Content): string {
  if (content instanceof RichText) return content.text;
  if (content instanceof FormulaCell) return typeof content.cached === 'string' ? content.cached : '';
  return content === undefined || content instanceof CellError ? '' : String(content);
}

function appending(variant: string, named: boolean, byHeader: boolean): ActionDefinition {
  return workbookAction(
    `AppendCells.AppendCells${variant}`,
    'AppendCellsError',
    async (args, session, signal) => {
      const range = named ? await namedArgument(args, session, signal) : undefined;
      const sheet = range?.sheet ?? (await session.activeSheet(signal));
      const column = byHeader
        ? headerColumn(sheet, args.text('HeaderName'), range?.area)
        : columnArgument(args, 'ColumnName');
      await append(session, sheet, column, range?.area, signal);
    },
  );
}

const copying = (variant: string, target: Target): ActionDefinition =>
  workbookAction(`CopyCellsFromExcel.${variant}`, 'CopyCellsError', async (args, session, signal) => {
    await copyCells(session, await target(args, session, signal), signal);
  });

const pasting = (
  variant: string,
  target: (args: ActionArguments, session: ExcelSession, signal: AbortSignal) => Promise<CellRange>,
): ActionDefinition =>
  workbookAction(`PasteCellsToExcel.${variant}`, 'PasteCellsError', async (args, session, signal) => {
    const { sheet, area } = await target(args, session, signal);
    await pasteCells(session, sheet, area.top, area.left, signal);
  });

export const clipboardActions: readonly ActionDefinition[] = [
  copying('CopyCell', targets.cell('StartColumn', 'StartRow')),
  copying('CopyCells', targets.range),
  copying('Copy', targets.selection),
  copying('CopyAllCells', targets.used),
  copying('CopyNamedCell', targets.named('CellName')),
  pasting('Paste', targets.active),
  pasting('PasteAt', targets.cell('Column', 'Row')),
  pasting('PasteAtNamedCell', targets.named('CellName')),
  appending('ActiveSheetColumn', false, false),
  appending('ActiveSheetHeader', false, true),
  appending('NamedCellColumn', true, false),
  appending('NamedCellHeader', true, true),
];
