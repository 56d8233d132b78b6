// What the workspace index keeps of one flow once its tree is gone: its interface, its named parts, and what it mentions of other files.
// Pure; reads no file.
import type { Range } from 'vscode-languageserver';
import type { LineIndex } from '../base/text.ts';
import { flowEnding } from '../interchange/fileNames.ts';
import { nameRange } from '../language/analysis/binder.ts';
import { importPath, mentionsOutside, summaryOf } from '../language/analysis/summary.ts';
import type { FlowSummary } from '../language/analysis/surroundings.ts';
import type { FlowFile } from '../language/syntax/tree.ts';

/** A name and where exactly it stands, without quotes. */
export interface NamedPlace {
  readonly name: string;
  readonly range: Range;
}

/** A mention of something that lives in another file. `key` is lower-cased; of an element it is `screen\nelement`. */
export interface OutsideUse {
  readonly kind: 'screen' | 'element' | 'image' | 'flow';
  readonly key: string;
  readonly range: Range;
}

export interface FlowEntry {
  readonly uri: string;
  readonly summary: FlowSummary;
  /** The file names in its IMPORT lines, by alias; undefined where there is none. */
  readonly imports: { readonly elements: string | undefined; readonly images: string | undefined };
  readonly inputs: readonly NamedPlace[];
  readonly outputs: readonly NamedPlace[];
  readonly subflows: readonly NamedPlace[];
  readonly uses: readonly OutsideUse[];
}

/** The entry of a parsed flow. `id` is what a solution calls it. `name` is its file name without the ending. */
export function entryOf(
  uri: string,
  name: string,
  id: string | undefined,
  file: FlowFile,
  lines: LineIndex,
): FlowEntry {
  const { header, subflows, text } = file;
  const place = (node: { readonly start: number; readonly end: number }): Range => {
    const { start, end } = nameRange(text, node);
    return { start: lines.position(start), end: lines.position(end) };
  };
  const parameters = (direction: 'input' | 'output'): NamedPlace[] =>
    header.parameters
      .filter((parameter) => parameter.direction === direction)
      .map((parameter) => ({ name: parameter.name.text, range: place(parameter.name) }));
  const mentions = mentionsOutside(file);
  return {
    uri,
    summary: summaryOf(file, name, id, mentions),
    imports: { elements: importPath(file, 'appmask'), images: importPath(file, 'imgrepo') },
    inputs: parameters('input'),
    outputs: parameters('output'),
    subflows: subflows.map((subflow) => ({ name: subflow.name.text, range: place(subflow.name) })),
    uses: mentions.map(({ use }) => ({ kind: use.kind, key: use.key, range: place(use.node) })),
  };
}

/** The name of the flow in a document: the file name without folder and ending, or what the editor calls what was never saved. */
export function nameOfFlow(uri: string): string {
  const path = uri.replace(/[?#].*$/s, '').replace(/^[A-Za-z][\w+.-]*:/, '');
  const file = path.slice(path.lastIndexOf('/') + 1);
  let name = file;
  try {
    name = decodeURIComponent(file);
  } catch {
    // A stray % is part of the name.
  }
  return name.replace(flowEnding, '');
}
