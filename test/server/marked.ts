// Flows with marks in their text, for tests: `<|>` is where the caret stands, `«…»` is a range. Marks may be nested and repeated.
import { TextDocument } from 'vscode-languageserver-textdocument';
import { noSurroundings, type Surroundings } from '../../src/language/analysis/surroundings.ts';
import { Analysis } from '../../src/server/workspace.ts';

export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Marked {
  /** The text without its marks. */
  readonly text: string;
  readonly analysis: Analysis;
  /** Offsets of all `<|>`. */
  readonly carets: readonly number[];
  /** Offset of the first `<|>`. Throws when the text has none. */
  readonly caret: number;
  /** The ranges in the order in which they start; their offsets leave the marks out. */
  readonly ranges: readonly Range[];
}

/** Where the marks stand and the text without them, for whoever opens the text in some other way. */
export function unmarked(source: string): Omit<Marked, 'analysis'> {
  let text = '';
  const carets: number[] = [];
  const ranges: { start: number; end: number }[] = [];
  const open: { start: number; end: number }[] = [];
  for (const piece of source.split(/(<\|>|«|»)/)) {
    if (piece === '<|>') carets.push(text.length);
    else if (piece === '«') {
      const range = { start: text.length, end: text.length };
      ranges.push(range);
      open.push(range);
    } else if (piece === '»') {
      const range = open.pop();
      if (range === undefined) throw new Error('There is a » without its «.');
      range.end = text.length;
    } else text += piece;
  }
  if (open.length > 0) throw new Error('There is a « without its ».');
  return {
    text,
    carets,
    ranges,
    get caret() {
      const [first] = carets;
      if (first === undefined) throw new Error('The text has no <|>.');
      return first;
    },
  };
}

/** Opens the text as the document `uri`; `surroundings` is what the flow sees of other files. */
export function marked(
  source: string,
  surroundings?: Surroundings,
  uri = 'file:///flows/Test.robin',
): Marked {
  const marks = unmarked(source);
  const analysis = analysed(marks.text, surroundings, uri);
  const { text, carets, ranges } = marks;
  return {
    text,
    carets,
    ranges,
    analysis,
    get caret() {
      return marks.caret;
    },
  };
}

/** A text without marks, opened. */
export function analysed(
  text: string,
  surroundings: Surroundings = noSurroundings,
  uri = 'file:///flows/Test.robin',
): Analysis {
  return new Analysis(TextDocument.create(uri, 'robin', 1, text), '1', { surroundings });
}
