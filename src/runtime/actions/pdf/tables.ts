// Finds tables on the pages of a PDF by geometry: where ruling lines make a grid, the grid; elsewhere rows of text that stand in
// the same columns. Nothing in a PDF says what is a table, so both are guesses, on the generous side.
import type { Fragment, Ruling } from './document.ts';
import { type Line, linesOf, runsOf } from './lines.ts';

export interface PageContent {
  readonly number: number;
  readonly fragments: readonly Fragment[];
  readonly horizontal: readonly Ruling[];
  readonly vertical: readonly Ruling[];
}

export interface FoundTable {
  /** All rows have the same number of cells. */
  readonly rows: string[][];
  readonly startPage: number;
  endPage: number;
  /** Which table of its page it is, from 1. */
  readonly order: number;
}

interface Placed {
  readonly rows: string[][];
  readonly top: number;
  bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Lines so close are the same line. */
const tolerance = 3;

/**
 * The tables of the pages from top to bottom. `merge`: a table at the end of a page and one of as many columns at the same place at
 * the start of the next are one, without the header repeated there.
 */
export function findTables(pages: readonly PageContent[], merge: boolean): FoundTable[] {
  const found: FoundTable[] = [];
  let open: { table: FoundTable; placed: Placed } | undefined;
  for (const page of pages) {
    const placed = tablesOn(page);
    const bounds = contentBounds(page);
    for (const [index, one] of placed.entries()) {
      const first = index === 0 && isAlone(page, bounds.top, one.top);
      if (
        merge &&
        first &&
        open !== undefined &&
        continues(open.placed, one) &&
        open.table.endPage === page.number - 1
      ) {
        const [header] = open.table.rows;
        const repeated = header !== undefined && header.join('\0') === one.rows[0]?.join('\0');
        open.table.rows.push(...one.rows.slice(repeated ? 1 : 0));
        open.table.endPage = page.number;
        open = { table: open.table, placed: one };
      } else {
        const table = { rows: one.rows, startPage: page.number, endPage: page.number, order: index + 1 };
        found.push(table);
        open = { table, placed: one };
      }
    }
    const last = placed.at(-1);
    if (last === undefined || !isAlone(page, last.bottom, bounds.bottom)) open = undefined;
  }
  return found;
}

function contentBounds({ fragments }: PageContent): { top: number; bottom: number } {
  const ys = fragments.map(({ y }) => y);
  return { top: Math.min(...ys), bottom: Math.max(...ys) };
}

/** True when there is at most one line of text between the two heights: a page number, a running title. */
function isAlone({ fragments }: PageContent, from: number, to: number): boolean {
  return (
    linesOf(fragments.filter(({ y }) => y > from + tolerance && y < to + tolerance)).length <= 1 ||
    to - from < 30
  );
}

const continues = (above: Placed, below: Placed): boolean =>
  above.rows[0]?.length === below.rows[0]?.length &&
  Math.abs(above.left - below.left) < 12 &&
  Math.abs(above.right - below.right) < 40;

function tablesOn(page: PageContent): Placed[] {
  const ruled = ruledTables(page);
  const rest = page.fragments.filter(
    ({ x, y }) =>
      !ruled.some(
        (table) =>
          y > table.top && y < table.bottom + tolerance && x > table.left - tolerance && x < table.right,
      ),
  );
  return [...ruled, ...alignedTables(rest)].sort((a, b) => a.top - b.top || a.left - b.left);
}

// ── Grids ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface Grid {
  horizontal: Ruling[];
  vertical: Ruling[];
}

/** A page with more lines than the densest table has cell borders is a drawing. */
const rulingLimit = 10_000;

function ruledTables({ fragments, horizontal, vertical }: PageContent): Placed[] {
  if (horizontal.length + vertical.length > rulingLimit) return [];
  return connected(joined(horizontal), joined(vertical)).flatMap((grid) => {
    const rows = distinct(grid.horizontal.map(({ at }) => at));
    const columns = distinct(grid.vertical.map(({ at }) => at));
    // A frame around something is no table.
    if (rows.length < 2 || columns.length < 2 || (rows.length - 1) * (columns.length - 1) < 2) return [];
    const [top, bottom] = [rows[0] as number, rows.at(-1) as number];
    const [left, right] = [columns[0] as number, columns.at(-1) as number];
    const cells: Fragment[][][] = rows.slice(1).map(() => columns.slice(1).map(() => []));
    for (const fragment of fragments.flatMap((one) => splitAt(one, grid.vertical))) {
      const middle = fragment.x + Math.min(fragment.width, fragment.size) / 2;
      const row = rows.findLastIndex((at) => at <= fragment.y - fragment.size * 0.3);
      const column = columns.findLastIndex((at) => at <= middle);
      cells[row]?.[column]?.push(fragment);
    }
    const texts = cells.map((row) => row.map(cellText)).filter((row) => row.some((text) => text !== ''));
    if (texts.length === 0) return [];
    return [{ rows: texts, top, bottom, left, right }];
  });
}

/** Pieces that stand close together may come as one, even across a line: cut at the blank nearest to it. */
function splitAt(fragment: Fragment, vertical: readonly Ruling[]): Fragment[] {
  const { text, x, y, width } = fragment;
  const line = vertical.find(
    ({ at, from, to }) =>
      at > x + tolerance && at < x + width - tolerance && from < y && to > y - fragment.size,
  );
  if (line === undefined) return [fragment];
  const expected = ((line.at - x) / width) * text.length;
  const blanks = [...text.matchAll(/\s+/g)].map((match) => match.index);
  const [cut] = blanks.sort((a, b) => Math.abs(a - expected) - Math.abs(b - expected));
  if (cut === undefined || Math.abs(cut - expected) > 0.2 * text.length + 1) return [fragment];
  const rest = {
    ...fragment,
    text: text.slice(cut).trimStart(),
    x: line.at + 1,
    width: x + width - line.at - 1,
  };
  return [{ ...fragment, text: text.slice(0, cut), width: line.at - 1 - x }, ...splitAt(rest, vertical)];
}

const cellText = (fragments: readonly Fragment[]): string =>
  linesOf(fragments)
    .map((line) => runsOf(line, Number.POSITIVE_INFINITY)[0]?.text.trim() ?? '')
    .join(' ');

/** Pieces of the same line as one. */
function joined(rulings: readonly Ruling[]): Ruling[] {
  const sorted = [...rulings].sort((a, b) => a.at - b.at || a.from - b.from);
  const result: Ruling[] = [];
  for (const ruling of sorted) {
    const known = result.findIndex(
      (one) =>
        Math.abs(one.at - ruling.at) <= 1 &&
        ruling.from <= one.to + tolerance &&
        ruling.to >= one.from - tolerance,
    );
    const one = result[known];
    if (one === undefined) result.push(ruling);
    else
      result[known] = { at: one.at, from: Math.min(one.from, ruling.from), to: Math.max(one.to, ruling.to) };
  }
  return result;
}

/** Lines that cross or touch each other, directly or through others. */
function connected(horizontal: readonly Ruling[], vertical: readonly Ruling[]): Grid[] {
  const grids: Grid[] = [];
  for (const line of horizontal) {
    const crossing = new Set(vertical.filter((other) => crosses(line, other)));
    if (crossing.size === 0) continue;
    const parts = grids.filter((grid) => grid.vertical.some((other) => crossing.has(other)));
    const merged: Grid = {
      horizontal: [line, ...parts.flatMap((grid) => grid.horizontal)],
      vertical: [...new Set([...crossing, ...parts.flatMap((grid) => grid.vertical)])],
    };
    for (const part of parts) grids.splice(grids.indexOf(part), 1);
    grids.push(merged);
  }
  return grids;
}

const crosses = (line: Ruling, other: Ruling): boolean =>
  other.at >= line.from - tolerance &&
  other.at <= line.to + tolerance &&
  line.at >= other.from - tolerance &&
  line.at <= other.to + tolerance;

function distinct(places: readonly number[]): number[] {
  const result: number[] = [];
  for (const place of [...places].sort((a, b) => a - b)) {
    if (place - (result.at(-1) ?? Number.NEGATIVE_INFINITY) > tolerance) result.push(place);
  }
  return result;
}

// ── Columns without lines ───────────────────────────────────────────────────────────────────────────────────────

/** Gaps wider than this many letter sizes separate columns. */
const columnGap = 1;

function alignedTables(fragments: readonly Fragment[]): Placed[] {
  const blocks: { line: Line; runs: Fragment[] }[][] = [];
  let block: { line: Line; runs: Fragment[] }[] = [];
  const close = () => {
    if (block.length > 1) blocks.push(block);
    block = [];
  };
  for (const line of linesOf(fragments)) {
    const runs = runsOf(line, columnGap);
    const above = block.at(-1)?.line;
    if (above !== undefined && line.y - above.y > 2.5 * Math.max(above.size, line.size)) close();
    if (runs.length < 2) close();
    else block.push({ line, runs });
  }
  close();
  return blocks.flatMap(alignedTable);
}

function alignedTable(block: readonly { line: Line; runs: readonly Fragment[] }[]): Placed[] {
  const columns = columnsOf(block.flatMap(({ runs }) => runs));
  if (columns.length < 2 || (columns.length === 2 && block.length < 3)) return [];
  const rows = block.map(({ runs }) =>
    columns.map(({ from, to }) =>
      runs
        .filter(({ x, width }) => x + width / 2 >= from && x + width / 2 <= to)
        .map(({ text }) => text.trim())
        .join(' '),
    ),
  );
  // Text in two columns of a page has long lines in both.
  const lengths = rows.flat().filter((text) => text !== '');
  const average = lengths.reduce((sum, text) => sum + text.length, 0) / lengths.length;
  if (columns.length === 2 && average > 40) return [];
  const [first, last] = [block[0] as (typeof block)[number], block.at(-1) as (typeof block)[number]];
  return [
    {
      rows,
      top: first.line.y - first.line.size,
      bottom: last.line.y,
      left: Math.min(...columns.map(({ from }) => from)),
      right: Math.max(...columns.map(({ to }) => to)),
    },
  ];
}

/** The stretches of the page's width that hold text of any row. */
function columnsOf(runs: readonly Fragment[]): { from: number; to: number }[] {
  const columns: { from: number; to: number }[] = [];
  for (const { x, width } of [...runs].sort((a, b) => a.x - b.x)) {
    const last = columns.at(-1);
    if (last !== undefined && x <= last.to) last.to = Math.max(last.to, x + width);
    else columns.push({ from: x, to: x + width });
  }
  return columns;
}
