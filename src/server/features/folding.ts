// Folding: subflows, regions, every block, block comments and the attachment. The closing line stays visible.
import { type FoldingRange, FoldingRangeKind } from 'vscode-languageserver';
import type { Statement } from '../../language/syntax/tree.ts';
import { eachStatement } from '../../language/syntax/walk.ts';
import type { Analysis } from '../workspace.ts';
import { sectionsOf } from './structure.ts';

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
  for (const token of file.tokens) {
    if (token.kind === 'blockComment') {
      add(lines.lineOf(token.start), lines.lineOf(token.end), FoldingRangeKind.Comment);
    }
  }
  if (file.attachment) add(lines.lineOf(file.attachment.start), lines.lineCount - 1);
  return found.sort((a, b) => a.startLine - b.startLine);
}
