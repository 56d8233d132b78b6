// The words of a half-written line up to the caret, and whether the caret stands inside a text or a comment.
// Reads tokens, not the tree: while a line is typed, its tree is mostly missing. Knows no statement.
import { lexRange } from '../syntax/lexer.ts';
import { Tokens } from '../syntax/tokens.ts';
import type { FlowFile, Token, TokenKind } from '../syntax/tree.ts';

export interface Piece {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A text, comment … that the caret stands in: behind its opening and before its closing quotes. */
export interface Literal {
  readonly kind: TokenKind;
  readonly start: number;
  /** Behind the opening quotes. */
  readonly content: number;
}

export interface HalfLine {
  /** Offset of the first character of the line. A line spans several when a text in it does. */
  readonly start: number;
  /** Finished words and signs before the caret, without blanks. */
  readonly before: readonly Piece[];
  /** The word or number that touches the caret from the left; empty when there is none. */
  readonly word: string;
  /** Where that word starts; the caret when there is none. */
  readonly from: number;
  /** Where the word ends that the caret stands in or behind. */
  readonly to: number;
  readonly caret: number;
  /** When set, `before` ends before this literal, and there is no word. */
  readonly literal: Literal | undefined;
}

const openings: Partial<Readonly<Record<TokenKind, RegExp>>> = {
  text: /^(?:'''|')/,
  interpolated: /^\$'''/,
  powerFx: /^\$fx'/i,
  encrypted: /^p'/i,
  opaque: /^`/,
  datetime: /^d"/i,
  comment: /^#/,
  blockComment: /^\/#/,
  region: /^\*\*/,
  attachment: /^#/,
};
const endlessKinds: ReadonlySet<TokenKind> = new Set<TokenKind>(['comment', 'region', 'attachment']);
const wordBehind = /[\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;

/** Nobody writes a longer line by hand, and to read it at every key would make other typing wait. */
const longestLine = 100_000;

/** The line at an offset; undefined far behind in a very long one. O(length of the line + log of the file). */
export function halfLine(file: FlowFile, caret: number): HalfLine | undefined {
  const start = lineStart(file, caret);
  const literal = literalAt(file, start, caret);
  if ((literal?.start ?? caret) - start > longestLine) return undefined;
  return pieces(file.text, start, caret, 'file', literal);
}

/** The same for the inside of a `%…%` that starts at `start`: no comments, no annotations. */
export function halfExpression(text: string, start: number, caret: number): HalfLine {
  const tokens = new Tokens();
  lexRange(text, start, caret, 'expression', tokens);
  const last = tokens.length - 1;
  let literal: Literal | undefined;
  if (last >= 0 && tokens.end(last) === caret) {
    const kind = tokens.kind(last);
    literal = openLiteral(text, kind, tokens.start(last), caret, caret);
  }
  return pieces(text, start, caret, 'expression', literal);
}

function pieces(
  text: string,
  start: number,
  caret: number,
  mode: 'file' | 'expression',
  literal: Literal | undefined,
): HalfLine {
  const tokens = new Tokens();
  const end = literal?.start ?? caret;
  lexRange(text, start, end, mode, tokens);
  const before: Piece[] = [];
  for (const token of tokens) {
    if (token.kind === 'space' || token.kind === 'newline' || token.kind === 'blockComment') continue;
    before.push({ ...token, text: text.slice(token.start, token.end) });
  }
  let word = '';
  let from = caret;
  const last = before.at(-1);
  if (literal === undefined && last !== undefined && last.end === caret && last.kind === 'word') {
    word = last.text;
    from = last.start;
    before.pop();
  }
  wordBehind.lastIndex = caret;
  const to = literal === undefined ? caret + (wordBehind.exec(text)?.[0].length ?? 0) : caret;
  return { start, before, word, from, to, caret, literal };
}

/** The number of the tree's line that holds the caret; -1 on an empty file. */
function lineNumber({ lines, tokens }: FlowFile, caret: number): number {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tokens.start(lines.tokenStart(middle)) <= caret) low = middle;
    else high = middle - 1;
  }
  return high;
}

function lineStart(file: FlowFile, caret: number): number {
  const line = lineNumber(file, caret);
  if (line < 0) return 0;
  const first = file.lines.tokenStart(line);
  const behind = file.lines.tokenEnd(line);
  const last = behind - 1;
  // Behind the last line break of the file there is a line, but no token.
  if (last >= first && file.tokens.kind(last) === 'newline' && file.tokens.end(last) <= caret) return caret;
  return file.tokens.start(first);
}

function literalAt(file: FlowFile, start: number, caret: number): Literal | undefined {
  const token = caret === 0 ? undefined : tokenAt(file, caret - 1);
  if (token === undefined || token.start < start) return undefined;
  return openLiteral(file.text, token.kind, token.start, token.end, caret);
}

/** The token whose characters include the one at the offset; at the end of the text the last one. O(log tokens). */
export function tokenAt({ tokens }: FlowFile, offset: number): Token | undefined {
  let low = 0;
  let high = tokens.length - 1;
  if (high < 0) return undefined;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tokens.start(middle) <= offset) low = middle;
    else high = middle - 1;
  }
  return { kind: tokens.kind(low), start: tokens.start(low), end: tokens.end(low) };
}

/** The token as a literal around the caret; undefined when it is none, or is closed before the caret. */
function openLiteral(
  text: string,
  kind: TokenKind,
  start: number,
  end: number,
  caret: number,
): Literal | undefined {
  const opening = openings[kind]?.exec(text.slice(start, Math.min(end, start + 4)))?.[0];
  if (opening === undefined) return undefined;
  const content = start + opening.length;
  if (end < caret || (end === caret && !endlessKinds.has(kind) && isClosed(text, kind, opening, start, end)))
    return undefined;
  // Between the signs of the opening nothing can be typed that means something.
  return { kind, start, content: Math.max(content, start) };
}

function isClosed(text: string, kind: TokenKind, opening: string, start: number, end: number): boolean {
  const closing =
    kind === 'blockComment'
      ? '#/'
      : kind === 'datetime'
        ? '"'
        : opening.endsWith("'''")
          ? "'''"
          : opening.slice(-1);
  const inside = text.slice(start + opening.length, end);
  return inside.endsWith(closing) && !endsEscaped(inside, closing.length);
}

/** True when an odd number of backslashes stands before the last `length` characters: they are part of the text. */
function endsEscaped(inside: string, length: number): boolean {
  let at = inside.length - length;
  let backslashes = 0;
  while (at > 0 && inside.charAt(at - 1) === '\\') {
    backslashes++;
    at--;
  }
  return backslashes % 2 === 1;
}
