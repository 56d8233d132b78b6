// The lines of a flow with their text, as copying and pasting handle them, and what they mention of the repositories.
import { usesWhenEnabled } from '../language/analysis/disabledRows.ts';
import { type SymbolKind, type Use, usesOf } from '../language/analysis/uses.ts';
import type { FlowFile, LineRole, Statement } from '../language/syntax/tree.ts';
import { eachStatement } from '../language/syntax/walk.ts';

/** The texts of the repositories beside a flow; undefined for one that does not exist. */
export interface Repositories {
  readonly elements: string | undefined;
  readonly images: string | undefined;
}

/** Lines of the tree: a multi-line text makes a line span several physical lines. */
export interface Line {
  readonly index: number;
  readonly role: LineRole;
  readonly start: number;
  readonly end: number;
  /** With its line end. */
  readonly text: string;
  /** 0-based physical line of its first character. */
  readonly number: number;
}

export function linesOf({ lines, tokens, text }: FlowFile): Line[] {
  const all: Line[] = [];
  let number = 0;
  for (let index = 0; index < lines.length; index++) {
    const start = all.at(-1)?.end ?? 0;
    const last = lines.tokenEnd(index) - 1;
    const end = last < lines.tokenStart(index) ? start : tokens.end(last);
    all.push({ index, role: lines.role(index), start, end, text: text.slice(start, end), number });
    number += lineBreaks(text.slice(start, end));
  }
  return all;
}

export const lineBreaks = (text: string): number => text.match(/\r\n|\r|\n/g)?.length ?? 0;

/** Index of the line that an offset stands in. */
export function lineAt(lines: readonly Line[], offset: number): number {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle] as Line).start <= offset) low = middle;
    else high = middle - 1;
  }
  return Math.max(low, 0);
}

/** Index of the first line behind the head of the flow. A subflow's `@SENSITIVE` does not belong to the head. */
export function firstLineOfMain({ header }: FlowFile, lines: readonly Line[]): number {
  const code = lines.findIndex(({ role }) => !headRoles.has(role));
  const head = code < 0 ? lines : lines.slice(0, code);
  const described = header.meta.at(-1)?.end ?? -1;
  const last = head.findLast(({ role, start }) => role === 'header' || start < described);
  return last === undefined ? 0 : last.index + 1;
}

const headRoles: ReadonlySet<LineRole> = new Set(['header', 'meta', 'blank', 'comment']);

export const startOf = (statement: Statement): number => statement.meta[0]?.start ?? statement.start;

export const codeStart = ({ start, text }: Line): number => start + (/\S/.exec(text)?.index ?? 0);

export const indentation = (line: Line | undefined): string => /^[ \t]*/.exec(line?.text ?? '')?.[0] ?? '';

export function withoutMargin(text: string, margin: number): string {
  let at = 0;
  while (at < margin && (text[at] === ' ' || text[at] === '\t')) at++;
  return text.slice(at);
}

/** Mentions of UI elements and images in a text, those of disabled rows included: they are rows, and can be enabled again. */
export function repositoryUses(file: FlowFile): { readonly use: Use; readonly shift: number }[] {
  return [file.main, ...file.subflows.map(({ body }) => body)].flatMap((body) =>
    [...eachStatement(body)].flatMap(({ statement }) => {
      const disabled = statement.kind === 'Disabled';
      const uses = disabled ? usesWhenEnabled(file.text, statement) : usesOf(statement);
      const shift = disabled ? statement.start : 0;
      return uses.flatMap((use) => (inRepository.has(use.kind) ? [{ use, shift }] : []));
    }),
  );
}

const inRepository: ReadonlySet<SymbolKind> = new Set<SymbolKind>(['screen', 'element', 'image']);
