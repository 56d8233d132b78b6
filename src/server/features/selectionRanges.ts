// Expand selection: word, expression by expression, argument, line, statement with its rules, branch, block, subflow, file.

import type { Position, SelectionRange } from 'vscode-languageserver';
import { callsOf } from '../../language/analysis/named.ts';
import { placeAt } from '../../language/analysis/places.ts';
import type { ActionCall, FlowFile, Node, Statement } from '../../language/syntax/tree.ts';
import { bodiesOf } from '../../language/syntax/walk.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import { rangeOf } from './range.ts';
import { sectionsOf } from './structure.ts';

export const selectionRanges: Feature = {
  capabilities: { selectionRangeProvider: true },
  register({ connection, answer }) {
    connection.onSelectionRanges(({ textDocument, positions }, token) =>
      answer('selection ranges', textDocument.uri, token, [], (analysis) =>
        positions.map((position) => selectionRangeAt(analysis, position)),
      ),
    );
  },
};

export function selectionRangeAt(analysis: Analysis, position: Position): SelectionRange {
  const around = rangesAround(analysis, analysis.lines.offset(position));
  let outer: SelectionRange | undefined;
  for (const node of around.reverse()) {
    const range = rangeOf(analysis, node);
    outer = outer === undefined ? { range } : { range, parent: outer };
  }
  return outer ?? { range: { start: position, end: position } };
}

/** Ranges that contain the offset, each inside the next, from the word to the whole text. */
export function rangesAround(analysis: Analysis, offset: number): Node[] {
  const { file, text } = analysis;
  const { subflow, statements, expressions } = placeAt(file, offset);
  const found: Node[] = [{ start: 0, end: text.length }];
  const add = (node: Node | undefined) => {
    if (node !== undefined && node.start <= offset && offset <= node.end && node.end > node.start)
      found.push(node);
  };
  if (file.attachment !== undefined) {
    add({ start: 0, end: trimmedEnd(text, file.attachment.start) });
    add(file.attachment);
  }
  add(wordAt(text, offset));
  add(lineAt(file, offset));
  for (const expression of expressions) {
    add(expression);
    if (expression.kind === 'Text' || expression.kind === 'Interpolated') add(contentOf(text, expression));
    if (expression.kind === 'Interpolated') expression.parts.forEach(add);
    if (expression.kind === 'Member') add(expression.name);
  }
  if (subflow !== undefined) {
    add(subflow);
    add(bodyRange(subflow.body));
  } else add(bodyRange(file.main));
  for (const statement of statements) {
    add(withMeta(statement));
    add(statement);
    for (const body of bodiesOf(statement)) add(bodyRange(body));
    for (const { line, lastLine } of sectionsOf(statement, analysis)) {
      const start = analysis.lines.offset({ line, character: 0 });
      const end = analysis.lines.offset({ line: lastLine + 1, character: 0 });
      add(trimmed(text, start, lastLine + 1 < analysis.lines.lineCount ? end : text.length));
    }
    if ('onError' in statement) add(statement.onError);
    for (const call of callsIn(statement)) {
      add(call);
      call.args.forEach(add);
      call.outputs.forEach(add);
    }
  }
  return nested(found);
}

/** The longest chain of ranges in which each contains the one before; the smallest first. */
function nested(ranges: readonly Node[]): Node[] {
  const bySize = ranges.toSorted((a, b) => a.end - a.start - (b.end - b.start));
  const chain: Node[] = [];
  for (const { start, end } of bySize) {
    const last = chain.at(-1);
    if (last !== undefined && (start > last.start || end < last.end)) continue;
    if (last === undefined || start < last.start || end > last.end) chain.push({ start, end });
  }
  return chain;
}

function callsIn(statement: Statement): readonly Pick<ActionCall, 'start' | 'end' | 'args' | 'outputs'>[] {
  return statement.kind === 'CallSubflow' ? [statement] : callsOf(statement);
}

function withMeta(statement: Statement): Node {
  return { start: statement.meta[0]?.start ?? statement.start, end: statement.end };
}

function bodyRange(body: readonly Statement[]): Node | undefined {
  const [first] = body;
  const last = body.at(-1);
  return first === undefined || last === undefined
    ? undefined
    : { start: withMeta(first).start, end: last.end };
}

function contentOf(text: string, literal: Node): Node | undefined {
  const quotes = /^\$?('''|')/.exec(text.slice(literal.start, literal.start + 4));
  if (quotes === null) return undefined;
  const end = literal.end - (quotes[1] as string).length;
  const start = literal.start + quotes[0].length;
  return end > start ? { start, end } : undefined;
}

function wordAt(text: string, offset: number): Node | undefined {
  const letter = /[\p{L}\p{Mn}\p{Mc}\p{Nd}_]/u;
  let start = offset;
  let end = offset;
  while (start > 0 && letter.test(text[start - 1] as string)) start--;
  while (end < text.length && letter.test(text[end] as string)) end++;
  return start < end ? { start, end } : undefined;
}

/** The line of the tree at the offset, without indentation and line end. */
function lineAt({ lines, tokens, text }: FlowFile, offset: number): Node | undefined {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens.end(lines.tokenEnd(middle) - 1) <= offset) low = middle + 1;
    else high = middle;
  }
  if (low >= lines.length || lines.role(low) === 'attachment') return undefined;
  return trimmed(text, tokens.start(lines.tokenStart(low)), tokens.end(lines.tokenEnd(low) - 1));
}

function trimmed(text: string, start: number, end: number): Node {
  let from = start;
  while (from < end && /\s/.test(text[from] as string)) from++;
  return { start: from, end: trimmedEnd(text, end) };
}

function trimmedEnd(text: string, end: number): number {
  let to = end;
  while (to > 0 && /\s/.test(text[to - 1] as string)) to--;
  return to;
}
