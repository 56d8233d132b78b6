// Folding: the head, subflows, regions, every block, comments, long texts and the attachment. The closing line stays visible.
import { type FoldingRange, FoldingRangeKind } from 'vscode-languageserver';
import type { Statement, TokenKind, TokenList } from '../../language/syntax/tree.ts';
import { eachStatement } from '../../language/syntax/walk.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import { sectionsOf } from './structure.ts';

export const folding: Feature = {
  capabilities: { foldingRangeProvider: true },
  register({ connection, answer }) {
    connection.onFoldingRanges(({ textDocument }, token) =>
      answer('folding ranges', textDocument.uri, token, [], foldingRangesOf),
    );
  },
};

export function foldingRangesOf(analysis: Analysis): FoldingRange[] {
  const { file, lines } = analysis;
  const found: FoldingRange[] = [];
  const add = (startLine: number, endLine: number, kind?: FoldingRangeKind) => {
    if (endLine > startLine) found.push(kind ? { startLine, endLine, kind } : { startLine, endLine });
  };

  const addBody = (body: readonly Statement[]) => {
    const regions: number[] = [];
    for (const { statement } of eachStatement(body)) {
      for (const section of sectionsOf(statement, analysis)) add(section.line, section.lastLine);
      if (statement.kind === 'Region') regions.push(statement.line);
      else if (statement.kind === 'EndRegion') {
        const start = regions.pop();
        if (start !== undefined) add(start, statement.line, FoldingRangeKind.Region);
      }
    }
  };
  addBody(file.main);
  for (const subflow of file.subflows) {
    add(subflow.line, (subflow.endLine ?? lines.lineOf(subflow.end) + 1) - 1);
    addBody(subflow.body);
  }
  addLines(analysis, add);
  if (file.attachment) add(lines.lineOf(file.attachment.start), lines.lineCount - 1);
  return found.sort((a, b) => a.startLine - b.startLine);
}

type Add = (startLine: number, endLine: number, kind?: FoldingRangeKind) => void;

/** What shows in the lines alone: the head of the flow, runs of comments, block comments, and texts of several lines. */
function addLines({ file, lines }: Analysis, add: Add): void {
  const { tokens } = file;
  let head: { readonly first: number; last: number } | undefined;
  let comments: { readonly first: number; last: number } | undefined;
  for (let index = 0; index < file.lines.length; index++) {
    const role = file.lines.role(index);
    const from = file.lines.tokenStart(index);
    const to = file.lines.tokenEnd(index);
    const line = lines.lineOf(tokens.start(from));
    if (role === 'comment' && startsComment(tokens, from, to)) {
      comments ??= { first: line, last: line };
      comments.last = line;
    } else {
      if (comments !== undefined) add(comments.first, comments.last, FoldingRangeKind.Comment);
      comments = undefined;
    }
    if (role === 'header') head ??= { first: line, last: line };
    if (role === 'header' && head !== undefined) head.last = lines.lineOf(tokens.end(to - 1) - 1);
    for (let token = from; token < to; token++) {
      const kind = tokens.kind(token);
      if (!spansLines.has(kind)) continue;
      const lastLine = lines.lineOf(tokens.end(token));
      add(
        lines.lineOf(tokens.start(token)),
        kind === 'blockComment' ? lastLine : lastLine - 1,
        kind === 'blockComment' ? FoldingRangeKind.Comment : undefined,
      );
    }
  }
  if (comments !== undefined) add(comments.first, comments.last, FoldingRangeKind.Comment);
  if (head !== undefined) {
    const [meta] = file.header.meta;
    add(
      Math.min(head.first, meta === undefined ? head.first : lines.lineOf(meta.start)),
      head.last,
      FoldingRangeKind.Imports,
    );
  }
}

const spansLines: ReadonlySet<TokenKind> = new Set(['blockComment', 'text', 'interpolated', 'powerFx']);

function startsComment(tokens: TokenList, from: number, to: number): boolean {
  let token = from;
  while (token < to && tokens.kind(token) === 'space') token++;
  return token < to && tokens.kind(token) === 'comment';
}
