// Pieces of text on a page → lines, and lines → text that keeps columns and gaps. Pure geometry.
import type { Fragment } from './document.ts';

export interface Line {
  /** From left to right. */
  readonly fragments: Fragment[];
  /** Baseline. */
  readonly y: number;
  readonly size: number;
}

/** Fragments whose baselines are about the same, from top to bottom. */
export function linesOf(fragments: readonly Fragment[]): Line[] {
  const lines: { fragments: Fragment[]; y: number; size: number }[] = [];
  for (const fragment of [...fragments].sort((a, b) => a.y - b.y || a.x - b.x)) {
    const last = lines.at(-1);
    if (last !== undefined && fragment.y - last.y <= Math.min(last.size, fragment.size) * 0.4) {
      last.fragments.push(fragment);
      last.size = Math.max(last.size, fragment.size);
    } else {
      lines.push({ fragments: [fragment], y: fragment.y, size: fragment.size });
    }
  }
  for (const line of lines) line.fragments.sort((a, b) => a.x - b.x);
  return lines;
}

/** Text of a page with every piece in the column where it stands; a gap of more than a line is one blank line. */
export function layoutText(fragments: readonly Fragment[]): string {
  const lines = linesOf(fragments);
  const characters = fragments.reduce((count, { text }) => count + text.length, 0);
  if (characters === 0) return '';
  const unit = fragments.reduce((sum, { width }) => sum + width, 0) / characters || 1;
  const left = Math.min(...fragments.map(({ x }) => x));
  const rows: string[] = [];
  for (const [index, line] of lines.entries()) {
    const above = lines[index - 1];
    if (above !== undefined && line.y - above.y > 2.2 * Math.max(above.size, line.size)) rows.push('');
    let row = '';
    let end = Number.NEGATIVE_INFINITY;
    for (const { text, x, width, size } of line.fragments) {
      const gap = x - end;
      // Letters that follow each other closely are one word, wherever rounding would put them.
      if (row !== '' && gap < size * 0.15) row += text;
      else row = row.padEnd(Math.max(Math.round((x - left) / unit), row === '' ? 0 : row.length + 1)) + text;
      end = x + width;
    }
    rows.push(row.trimEnd());
  }
  return rows.join('\r\n');
}

/** The pieces of a line joined to runs of text; a gap wider than `gap` letter sizes separates them. */
export function runsOf(line: Line, gap: number): Fragment[] {
  const runs: Fragment[] = [];
  for (const fragment of line.fragments) {
    const last = runs.at(-1);
    const space = last === undefined ? 0 : fragment.x - (last.x + last.width);
    if (last !== undefined && space <= gap * line.size) {
      const joint = space > 0.15 * line.size && !last.text.endsWith(' ') ? ' ' : '';
      runs[runs.length - 1] = {
        ...last,
        text: last.text + joint + fragment.text,
        width: fragment.x + fragment.width - last.x,
      };
    } else {
      runs.push(fragment);
    }
  }
  return runs;
}
