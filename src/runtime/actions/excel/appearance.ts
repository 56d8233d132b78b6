// Widths of columns, heights of rows and background colors. Autofit estimates the width of texts: without fonts nothing is measured.
import type { ActionArguments, ActionDefinition } from '../../action.ts';
import { OfficeProblem } from '../office/problem.ts';
import { workbookAction } from './action.ts';
import { type Area, maxColumns, maxRows, requireOnSheet } from './addresses.ts';
import { columnArgument, type Target, targets } from './arguments.ts';
import { colorNames } from './colors.ts';
import { requireUnlocked } from './edits.ts';
import type { CellRange } from './formula/values.ts';
import type { ExcelSession } from './session.ts';
import type { Sheet } from './sheet.ts';

const resizeError = 'ResizeColumnsRowsError';

// ── Columns ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Gives columns a width in characters. Formats of whole columns stay. */
function setWidth(sheet: Sheet, first: number, last: number, width: number): void {
  const cols = sheet.part('cols');
  const covered = cols
    .all('col')
    .map((element) => ({ element, min: Number(element.get('min')), max: Number(element.get('max')) }));
  for (const { element, min, max } of covered) {
    if (max < first || min > last) continue;
    const at = cols.children.indexOf(element);
    const pieces = [];
    for (const [from, to, inside] of [
      [min, Math.min(max, first - 1), false],
      [Math.max(min, first), Math.min(max, last), true],
      [Math.max(min, last + 1), max, false],
    ] as const) {
      if (to < from) continue;
      const piece = element.clone().set('min', String(from)).set('max', String(to));
      if (inside)
        piece
          .set('width', String(width))
          .set('customWidth', '1')
          .set('hidden', undefined)
          .set('bestFit', undefined);
      pieces.push(piece);
    }
    cols.children.splice(at, 1, ...pieces);
  }
  // Columns that had no entry yet.
  let from = first;
  for (const { min, max } of [
    ...covered.filter((one) => one.max >= first && one.min <= last),
    { min: last + 1, max: last + 1 },
  ]) {
    if (from < min) {
      const made = cols.create('col', {
        min: String(from),
        max: String(Math.min(min - 1, last)),
        width: String(width),
        customWidth: '1',
      });
      const next = cols.all('col').find((one) => Number(one.get('min')) > from);
      if (next === undefined) cols.append(made);
      else cols.children.splice(cols.children.indexOf(next), 0, made);
    }
    from = Math.max(from, max + 1);
  }
  sheet.changed = true;
}

/** How wide a text is, in widths of the digit 0 at 11 points. Wide characters of East Asia count double. */
function textWidth(text: string, size: number, bold: boolean): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (
      code >= 0x1100 &&
      (code <= 0x115f ||
        (code >= 0x2e80 && code <= 0xa4cf) ||
        (code >= 0xac00 && code <= 0xd7a3) ||
        (code >= 0xf900 && code <= 0xfaff) ||
        (code >= 0xfe30 && code <= 0xfe4f) ||
        (code >= 0xff00 && code <= 0xff60) ||
        code >= 0x1f300)
    )
      width += 2;
    else if (/[ .,:;'!|ijlIft()[\]{}-]/.test(character)) width += 0.55;
    else if (/[mwMW@%—]/.test(character)) width += 1.5;
    else if (/[A-Z&]/.test(character)) width += 1.2;
    else width += 1;
  }
  return width * (size / 11) * (bold ? 1.08 : 1);
}

/** Excel's own limits. */
const maxWidth = 255;
const maxHeight = 409;

async function autofitColumns(
  session: ExcelSession,
  sheet: Sheet,
  first: number,
  last: number,
  signal: AbortSignal,
): Promise<void> {
  const used = sheet.usedArea;
  if (used === undefined) return;
  const { styles } = session.workbook;
  const merged = sheet.mergedAreas;
  for (let column = Math.max(first, used.left); column <= Math.min(last, used.right); column++) {
    let widest = 0;
    await session.withValues(signal, (calculator) => {
      for (const row of sheet.rows.list) {
        const style = row.style(column);
        if (style === undefined || row.value(column) === undefined) continue;
        if (
          merged.some(
            (area) =>
              area.right > area.left &&
              row.index >= area.top &&
              row.index <= area.bottom &&
              column >= area.left &&
              column <= area.right,
          )
        )
          continue;
        const shown = session.shownText(
          sheet,
          row.index,
          column,
          calculator.valueOf(sheet, row.index, column),
        );
        const { size, bold } = styles.font(style);
        for (const line of shown.split('\n')) widest = Math.max(widest, textWidth(line, size, bold));
      }
    });
    if (widest > 0)
      setWidth(sheet, column, column, Math.min(maxWidth, Math.round((widest + 1.7) * 100) / 100));
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
}

// ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Takes fixed heights away: Excel then gives every row the height its texts need when it opens the file. */
function autofitRows(sheet: Sheet, first: number, last: number): void {
  for (const row of sheet.rows.between(first, last)) {
    row.setAttribute('ht', undefined);
    row.setAttribute('customHeight', undefined);
  }
  sheet.changed = true;
}

function setHeight(sheet: Sheet, first: number, last: number, height: number): void {
  for (let index = first; index <= last; index++) {
    const row = sheet.rows.need(index);
    row.setAttribute('ht', String(height));
    row.setAttribute('customHeight', '1');
  }
  sheet.changed = true;
}

function setAllHeights(sheet: Sheet, height: number): void {
  sheet.part('sheetFormatPr').set('defaultRowHeight', String(height)).set('customHeight', '1');
  for (const row of sheet.rows.list) {
    row.setAttribute('ht', String(height));
    row.setAttribute('customHeight', '1');
  }
  sheet.changed = true;
}

// ── The actions ─────────────────────────────────────────────────────────────────────────────────────────────────

type Span = (args: ActionArguments) => readonly [first: number, last: number];

const oneColumn: Span = (args) => [columnArgument(args, 'Column'), columnArgument(args, 'Column')];
const columnRange: Span = (args) =>
  ascending(columnArgument(args, 'StartColumn'), columnArgument(args, 'EndColumn'));
const allColumns: Span = () => [1, maxColumns];
const oneRow: Span = (args) => onSheet(args.integer('Row'), args.integer('Row'));
const rowRange: Span = (args) => onSheet(args.integer('StartRow'), args.integer('EndRow'));
const allRows: Span = () => [1, maxRows];

const ascending = (a: number, b: number): readonly [number, number] => (a <= b ? [a, b] : [b, a]);

function onSheet(a: number, b: number): readonly [number, number] {
  const [first, last] = ascending(a, b);
  requireOnSheet({ top: first, bottom: last, left: 1, right: 1 });
  return [first, last];
}

function resizing(
  variant: string,
  span: Span,
  run: (
    session: ExcelSession,
    sheet: Sheet,
    span: readonly [number, number],
    args: ActionArguments,
    signal: AbortSignal,
  ) => void | Promise<void>,
): ActionDefinition {
  return workbookAction(`ResizeColumnsOrRows.${variant}`, resizeError, async (args, session, signal) => {
    const sheet = await session.activeSheet(signal);
    requireUnlocked(session, sheet, undefined);
    await run(session, sheet, span(args), args, signal);
    session.workbook.changed = true;
  });
}

function sizeArgument(args: ActionArguments, name: 'Width' | 'Height', limit: number): number {
  const size = args.number(name);
  if (size >= 0 && size <= limit) return size;
  throw new OfficeProblem(
    `${name} ${size} is not possible; it must be from 0 to ${limit}.`,
    'Widths are counted in characters, heights in points.',
  );
}

const fitColumns = (variant: string, span: Span) =>
  resizing(variant, span, (session, sheet, [first, last], _, signal) =>
    autofitColumns(session, sheet, first, last, signal),
  );
const fitRows = (variant: string, span: Span) =>
  resizing(variant, span, (_, sheet, [first, last]) => autofitRows(sheet, first, last));
const resizeColumns = (variant: string, span: Span) =>
  resizing(variant, span, (_, sheet, [first, last], args) =>
    setWidth(sheet, first, last, sizeArgument(args, 'Width', maxWidth)),
  );
const resizeRows = (variant: string, span: Span) =>
  resizing(variant, span, (_, sheet, [first, last], args) => {
    const height = sizeArgument(args, 'Height', maxHeight);
    if (last - first + 1 === maxRows) setAllHeights(sheet, height);
    else setHeight(sheet, first, last, height);
  });

// ── Colors ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** A color of more cells than this would only make the file large; whole rows and columns are colored in Excel. */
const maxColored = 2_000_000;

function paint(session: ExcelSession, sheet: Sheet, area: Area, color: string | undefined): void {
  requireOnSheet(area);
  requireUnlocked(session, sheet, area);
  if ((area.bottom - area.top + 1) * (area.right - area.left + 1) > maxColored) {
    throw new OfficeProblem(
      `More than ${maxColored} cells cannot be colored at once.`,
      'Choose a smaller range.',
    );
  }
  const { styles } = session.workbook;
  for (let row = area.top; row <= area.bottom; row++) {
    for (let column = area.left; column <= area.right; column++) {
      sheet.set(row, column, sheet.content(row, column), styles.withFill(sheet.style(row, column), color));
    }
  }
  sheet.changed = true;
  session.workbook.changed = true;
}

/** `#RRGGBB`, `RRGGBB`, with two more digits in front for an opacity that cells do not have, or `#RGB`. */
function hexColor(args: ActionArguments): string {
  const text = args.text('ColorHexValue').trim().replace(/^#/, '').toUpperCase();
  if (/^[0-9A-F]{3}$/.test(text)) return [...text].map((digit) => digit + digit).join('');
  if (/^(?:[0-9A-F]{2})?[0-9A-F]{6}$/.test(text)) return text.slice(-6);
  throw new OfficeProblem(
    `"${args.text('ColorHexValue')}" is no hexadecimal color.`,
    'Give it like #FFCC00.',
  );
}

function namedColor(args: ActionArguments): string | undefined {
  const name = args.text('ColorName').trim().toLowerCase().replaceAll(' ', '');
  if (name === 'transparent' || name === 'none') return undefined;
  const color = colorNames.get(name);
  if (color !== undefined) return color;
  throw new OfficeProblem(
    `There is no color "${args.text('ColorName')}".`,
    'Give a .NET color name such as LightYellow, or use the hexadecimal value.',
  );
}

function coloring(where: string, target: Target): ActionDefinition[] {
  const make = (how: 'Hex' | 'Predefined', color: (args: ActionArguments) => string | undefined) =>
    workbookAction(`SetColor.SetColor${where}${how}`, 'SetColorError', async (args, session, signal) => {
      const chosen = color(args);
      const { sheet, area }: CellRange = await target(args, session, signal);
      paint(session, sheet, area, chosen);
    });
  return [make('Hex', hexColor), make('Predefined', namedColor)];
}

export const appearanceActions: readonly ActionDefinition[] = [
  fitColumns('AutofitSingleColumn', oneColumn),
  fitColumns('AutofitRangeOfColumns', columnRange),
  fitColumns('AutofitAllColumns', allColumns),
  fitRows('AutofitSingleRow', oneRow),
  fitRows('AutofitRangeOfRows', rowRange),
  fitRows('AutofitAllRows', allRows),
  resizeColumns('ResizeSingleColumn', oneColumn),
  resizeColumns('ResizeRangeOfColumns', columnRange),
  resizeColumns('ResizeAllColumns', allColumns),
  resizeRows('ResizeSingleRow', oneRow),
  resizeRows('ResizeRangeOfRows', rowRange),
  resizeRows('ResizeAllRows', allRows),
  ...coloring('SingleCell', targets.cell('StartColumn', 'StartRow')),
  ...coloring('Range', targets.range),
  ...coloring('NamedCell', targets.named('CellName')),
];
