// Offsets of the tree as ranges of the protocol (UTF-16 code units).
import type { Range } from 'vscode-languageserver';
import type { Analysis } from '../workspace.ts';

/** The range of a node or diagnostic. */
export function rangeOf({ lines }: Analysis, node: { readonly start: number; readonly end: number }): Range {
  return { start: lines.position(node.start), end: lines.position(node.end) };
}
