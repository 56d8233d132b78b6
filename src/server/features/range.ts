// Offsets of the tree as ranges of the protocol (UTF-16 code units).
import type { Range } from 'vscode-languageserver';
import type { Analysis } from '../workspace.ts';

/** The range of a node or diagnostic. */
export function rangeOf(
  { lines }: Pick<Analysis, 'lines'>,
  node: { readonly start: number; readonly end: number },
): Range {
  return { start: lines.position(node.start), end: lines.position(node.end) };
}

/** Where the physical line of an offset ends, before its line break. */
export function lineEnd(text: string, offset: number): number {
  const rest = /[^\r\n]*/y;
  rest.lastIndex = offset;
  rest.test(text);
  return rest.lastIndex;
}
