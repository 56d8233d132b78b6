// What a text is when it has no head: a whole flow, a piece copied out of a larger one, or a few lines written to be pasted.
// It decides whether a name that the text does not contain is an error.
import type { FlowFile } from '../syntax/tree.ts';

/** Characters of code, without blanks and comments, up to which a text counts as a few lines that stand for themselves. */
const longestSnippet = 180;

const silent: ReadonlySet<string> = new Set(['space', 'newline', 'comment', 'blockComment', 'region']);

/** True when all that the flow refers to must stand in it: it has a head, or both a Main and subflows. */
export function isWhole({ header, main, subflows, text }: FlowFile): boolean {
  const bare =
    header.meta.length === 0 &&
    header.imports.length === 0 &&
    header.parameters.length === 0 &&
    header.sensitive.length === 0 &&
    !/^\s*@SENSITIVE\b/i.test(text);
  return !bare || (main.length > 0 && subflows.length > 0);
}

/**
 * A short text without head is judged as if pasted into an empty subflow, because what it lacks is most likely a mistake. A longer
 * one, one with the attachment of a copy, and a list of calls are pieces of a flow whose other pieces we cannot see.
 */
export function isSnippet(file: FlowFile, missingSubflows: number): boolean {
  return file.attachment === undefined && missingSubflows < 2 && isShort(file);
}

export function isShort({ tokens }: FlowFile): boolean {
  let length = 0;
  for (let i = 0; i < tokens.length && length <= longestSnippet; i++) {
    if (!silent.has(tokens.kind(i))) length += tokens.end(i) - tokens.start(i);
  }
  return length <= longestSnippet;
}
