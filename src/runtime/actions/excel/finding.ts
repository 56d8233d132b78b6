// Find and replace in the active worksheet. `*`, `?` and `~` mean in a text to find what they mean in Excel.
import type { ActionArguments, ActionDefinition } from '../../action.ts';
import { Datatable, type Value } from '../../values.ts';
import { OfficeProblem } from '../office/problem.ts';
import { Turns } from '../turns.ts';
import { workbookAction } from './action.ts';
import { cellArea } from './addresses.ts';
import { CellError, FormulaCell } from './cells.ts';
import { requireUnlocked } from './edits.ts';
import { enteredContent } from './entered.ts';
import type { Calculator } from './formula/calculator.ts';
import { sourceText } from './formula/shift.ts';
import { plainNumber, wildcard } from './formula/values.ts';
import type { ExcelSession } from './session.ts';
import { RichText } from './sharedStrings.ts';
import type { Sheet } from './sheet.ts';

const findError = 'FindAndOrReplaceTextError';

type Place = readonly [row: number, column: number];

interface Search {
  readonly pattern: RegExp;
  readonly replacement: string | undefined;
}

function searchOf(args: ActionArguments, replaces: boolean): Search {
  const text = args.text('TextToFind');
  const whole = args.boolean('MatchEntireCellContents');
  if (text === '')
    throw new OfficeProblem('The text to find is empty.', 'Give a text; "Get empty cell" finds empty cells.');
  return {
    pattern: wildcard(text, { anywhere: !whole, matchCase: args.boolean('MatchCase') }),
    replacement: replaces ? args.text('TextToReplaceWith') : undefined,
  };
}

/** What is searched in a cell: what it shows, and the number behind it; where cells are replaced, what a person would edit. */
function textsOf(
  session: ExcelSession,
  calculator: Calculator,
  sheet: Sheet,
  [row, column]: Place,
  replaces: boolean,
): string[] {
  const content = sheet.content(row, column);
  if (content === undefined) return [];
  if (replaces) return [editedText(content, row, column)];
  const value = calculator.valueOf(sheet, row, column);
  const shown = session.shownText(sheet, row, column, value);
  return typeof value === 'number' && plainNumber(value) !== shown ? [shown, plainNumber(value)] : [shown];
}

function editedText(content: unknown, row: number, column: number): string {
  if (content instanceof FormulaCell) return `=${sourceText(content.source, row, column)}`;
  if (content instanceof RichText) return content.text;
  if (content instanceof CellError) return content.code;
  if (typeof content === 'boolean') return content ? 'TRUE' : 'FALSE';
  return typeof content === 'number' ? plainNumber(content) : String(content);
}

/** All cells that match, in the order of the search. */
async function find(
  session: ExcelSession,
  sheet: Sheet,
  search: Search,
  byColumns: boolean,
  onlyFirst: boolean,
  signal: AbortSignal,
): Promise<Place[]> {
  const found: Place[] = [];
  let at = 0;
  const { list } = sheet.rows;
  while (at < list.length && !(onlyFirst && !byColumns && found.length > 0)) {
    const from = at;
    const before = found.length;
    await session.withValues(signal, (calculator) => {
      found.length = before;
      for (at = from; at < Math.min(from + 5000, list.length); at++) {
        const row = list[at];
        for (const column of row?.columns ?? []) {
          const place: Place = [row?.index as number, column];
          const texts = textsOf(session, calculator, sheet, place, search.replacement !== undefined);
          if (texts.some((text) => search.pattern.test(text))) found.push(place);
          if (onlyFirst && !byColumns && found.length > 0) return;
        }
      }
    });
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
  if (byColumns) found.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  return onlyFirst ? found.slice(0, 1) : found;
}

function replace(
  session: ExcelSession,
  sheet: Sheet,
  [row, column]: Place,
  { pattern, replacement }: Search,
): void {
  requireUnlocked(session, sheet, cellArea(row, column));
  sheet.requireWholeArrays(cellArea(row, column));
  const text = editedText(sheet.content(row, column), row, column);
  const changed = text.replace(new RegExp(pattern.source, `${pattern.flags}g`), () => replacement as string);
  const [content, style] = enteredContent(changed, session.workbook, sheet.style(row, column), row, column);
  sheet.set(row, column, content, style);
  session.workbook.cellsChanged(sheet, cellArea(row, column));
}

function searching(variant: string, replaces: boolean, all: boolean): ActionDefinition {
  return workbookAction(
    `FindAndReplace.${variant}`,
    findError,
    async (args, session, signal): Promise<Readonly<Record<string, Value>>> => {
      const sheet = await session.activeSheet(signal);
      const search = searchOf(args, replaces);
      const found = await find(session, sheet, search, args.member('SearchBy') === 'Columns', !all, signal);
      if (replaces) {
        const turns = new Turns(signal);
        for (const place of found) {
          if (turns.isOver) await turns.next();
          replace(session, sheet, place, search);
        }
      }
      if (all)
        return {
          Cells: new Datatable(
            ['Row', 'Column'],
            found.map(([row, column]) => [row, column]),
          ),
        };
      // No row and no column have the number 0: nothing was found.
      const [row, column] = found[0] ?? [0, 0];
      return { FoundColumnIndex: column, FoundRowIndex: row };
    },
  );
}

export const findingActions: readonly ActionDefinition[] = [
  searching('FindSingle', false, false),
  searching('FindAll', false, true),
  searching('FindAndReplaceSingle', true, false),
  searching('FindAndReplaceAll', true, true),
];
