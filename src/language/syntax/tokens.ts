// The tokens of a text in packed arrays, their codes, and what the lexer noticed about them. Reads no text.
import { type ReservedWord, reservedWords } from './keywords.ts';
import type { Token, TokenKind, TokenList } from './tree.ts';

const kinds = [
  'space',
  'newline',
  'comment',
  'blockComment',
  'region',
  'word',
  'number',
  'text',
  'interpolated',
  'powerFx',
  'encrypted',
  'opaque',
  'datetime',
  'meta',
  'at',
  'attachment',
  'unknown',
] as const satisfies readonly TokenKind[];

export const symbols = [
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '.',
  '^',
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  '+',
  '-',
  '*',
  '/',
  '=>',
] as const;

type Codes<Names extends string> = { readonly [Name in Names]: number };

const firstSymbol = 32;
const firstKeyword = 64;

function codes<Names extends string>(names: readonly Names[], first: number): Codes<Names> {
  return Object.fromEntries(names.map((name, index) => [name, first + index])) as Codes<Names>;
}

/** Codes of tokens that are neither symbols nor reserved words. */
export const kindCode: Codes<(typeof kinds)[number]> = codes(kinds, 0);
export const symbolCode: Codes<(typeof symbols)[number]> = codes(symbols, firstSymbol);
export const wordCode: Codes<ReservedWord> = codes(reservedWords, firstKeyword);

export function isReservedWord(code: number): boolean {
  return code >= firstKeyword;
}

/** What the lexer noticed inside a literal, a comment or a block comment. */
export type MarkKind =
  | 'interpolation' // `%…%` with both percent signs
  | 'lonePercent'
  | 'bareQuote'
  | 'unterminated'
  | 'backslashBeforeQuotes'; // `\'''` where the text was meant to end

const markKinds: readonly MarkKind[] = [
  'interpolation',
  'lonePercent',
  'bareQuote',
  'unterminated',
  'backslashBeforeQuotes',
];
export const mark = {
  interpolation: 0,
  lonePercent: 1,
  bareQuote: 2,
  unterminated: 3,
  backslashBeforeQuotes: 4,
};

export interface Mark {
  readonly kind: MarkKind;
  readonly start: number;
  readonly end: number;
}

/**
 * Tokens in packed arrays: five bytes each, so that a file of any size fits. Beside them the marks of the lexer, and which tokens
 * were settled by text behind their own end.
 */
export class Tokens implements TokenList {
  #codes = new Uint8Array(64);
  #starts = new Uint32Array(64);
  #length = 0;
  #end = 0;
  #markKinds = new Uint8Array(8);
  #markStarts = new Uint32Array(8);
  #markEnds = new Uint32Array(8);
  #marks = 0;
  // Look-aheads beyond a token: where it starts, how far was read, how many characters were read in vain.
  #lookStarts = new Uint32Array(8);
  #lookEnds = new Uint32Array(8);
  #lookCosts = new Uint32Array(8);
  #looks = 0;
  /** Tokens inside the interpolations of the text, which are read apart. */
  inner = 0;

  get length(): number {
    return this.#length;
  }

  /** A kind, symbol or reserved-word code. */
  code(index: number): number {
    return this.#codes[index] as number;
  }

  kind(index: number): TokenKind {
    const code = this.#codes[index] as number;
    if (code >= firstKeyword) return 'word';
    return code >= firstSymbol ? 'symbol' : (kinds[code] as TokenKind);
  }

  start(index: number): number {
    return this.#starts[index] as number;
  }

  end(index: number): number {
    return index + 1 < this.#length ? (this.#starts[index + 1] as number) : this.#end;
  }

  *[Symbol.iterator](): Iterator<Token> {
    for (let i = 0; i < this.#length; i++)
      yield { kind: this.kind(i), start: this.start(i), end: this.end(i) };
  }

  hasMark(index: number): boolean {
    const first = this.#firstMark(this.start(index));
    return first < this.#marks && (this.#markStarts[first] as number) < this.end(index);
  }

  #firstMark(from: number): number {
    return firstAt(this.#markStarts, this.#marks, from);
  }

  /** The marks that begin inside the token, in text order. */
  marks(index: number): Mark[] {
    const end = this.end(index);
    const found: Mark[] = [];
    let low = this.#firstMark(this.start(index));
    for (; low < this.#marks && (this.#markStarts[low] as number) < end; low++) {
      found.push({
        kind: markKinds[this.#markKinds[low] as number] as MarkKind,
        start: this.#markStarts[low] as number,
        end: this.#markEnds[low] as number,
      });
    }
    return found;
  }

  /** Forgets everything; the arrays are kept for the next use. */
  reset(): void {
    this.#length = 0;
    this.#end = 0;
    this.#marks = 0;
    this.#looks = 0;
  }

  add(code: number, start: number, end: number): void {
    if (this.#length === this.#codes.length) this.#growTokens(this.#length * 2);
    this.#codes[this.#length] = code;
    this.#starts[this.#length] = start;
    this.#length++;
    this.#end = end;
  }

  get markCount(): number {
    return this.#marks;
  }

  addMark(kind: number, start: number, end: number): void {
    if (this.#marks === this.#markKinds.length) this.#growMarks(this.#marks * 2);
    this.#markKinds[this.#marks] = kind;
    this.#markStarts[this.#marks] = start;
    this.#markEnds[this.#marks] = end;
    this.#marks++;
  }

  dropMarks(count: number): void {
    this.#marks = count;
  }

  // ── Look-aheads ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Notes that the token that starts at `start` was settled by reading up to `end`, `cost` characters of it in vain. */
  addLook(start: number, end: number, cost: number): void {
    if (this.#looks === this.#lookStarts.length) this.#growLooks(this.#looks * 2);
    this.#lookStarts[this.#looks] = start;
    this.#lookEnds[this.#looks] = end;
    this.#lookCosts[this.#looks] = cost;
    this.#looks++;
  }

  /** Start of the first token before `line` that was settled by text at or behind `change`; `line` when there is none. */
  settledBehind(change: number, line: number): number {
    for (let i = 0; i < this.#looks && (this.#lookStarts[i] as number) < line; i++) {
      if ((this.#lookEnds[i] as number) >= change) return this.#lookStarts[i] as number;
    }
    return line;
  }

  /** Characters read in vain by all look-aheads together. */
  get lookCost(): number {
    let cost = 0;
    for (let i = 0; i < this.#looks; i++) cost += this.#lookCosts[i] as number;
    return cost;
  }

  // ── Changes ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Moves every offset by `by`. */
  move(by: number): void {
    this.#end += by;
    moved(this.#starts, 0, this.#length, by);
    moved(this.#markStarts, 0, this.#marks, by);
    moved(this.#markEnds, 0, this.#marks, by);
    moved(this.#lookStarts, 0, this.#looks, by);
    moved(this.#lookEnds, 0, this.#looks, by);
  }

  /**
   * Replaces the tokens `from..to`, which cover the offsets `start..end`, by `tokens`, whose offsets are counted from `start`.
   * What follows moves by `by` characters.
   */
  splice(from: number, to: number, start: number, end: number, tokens: Tokens, by: number): void {
    const firstMark = this.#firstMark(start);
    const lastMark = this.#firstMark(end);
    const firstLook = firstAt(this.#lookStarts, this.#looks, start);
    const lastLook = firstAt(this.#lookStarts, this.#looks, end);
    tokens.move(start);

    const length = this.#length + tokens.#length - (to - from);
    if (length > this.#codes.length) this.#growTokens(Math.max(length, this.#codes.length * 2));
    place(this.#codes, this.#length, from, to, tokens.#codes, tokens.#length);
    place(this.#starts, this.#length, from, to, tokens.#starts, tokens.#length);
    moved(this.#starts, from + tokens.#length, length, by);
    this.#length = length;
    this.#end += by;

    const marks = this.#marks + tokens.#marks - (lastMark - firstMark);
    if (marks > this.#markKinds.length) this.#growMarks(Math.max(marks, this.#markKinds.length * 2));
    place(this.#markKinds, this.#marks, firstMark, lastMark, tokens.#markKinds, tokens.#marks);
    place(this.#markStarts, this.#marks, firstMark, lastMark, tokens.#markStarts, tokens.#marks);
    place(this.#markEnds, this.#marks, firstMark, lastMark, tokens.#markEnds, tokens.#marks);
    moved(this.#markStarts, firstMark + tokens.#marks, marks, by);
    moved(this.#markEnds, firstMark + tokens.#marks, marks, by);
    this.#marks = marks;

    const looks = this.#looks + tokens.#looks - (lastLook - firstLook);
    if (looks > this.#lookStarts.length) this.#growLooks(Math.max(looks, this.#lookStarts.length * 2));
    place(this.#lookStarts, this.#looks, firstLook, lastLook, tokens.#lookStarts, tokens.#looks);
    place(this.#lookEnds, this.#looks, firstLook, lastLook, tokens.#lookEnds, tokens.#looks);
    place(this.#lookCosts, this.#looks, firstLook, lastLook, tokens.#lookCosts, tokens.#looks);
    moved(this.#lookStarts, firstLook + tokens.#looks, looks, by);
    moved(this.#lookEnds, firstLook + tokens.#looks, looks, by);
    this.#looks = looks;
  }

  #growTokens(capacity: number): void {
    this.#codes = grown(this.#codes, capacity, Uint8Array);
    this.#starts = grown(this.#starts, capacity, Uint32Array);
  }

  #growMarks(capacity: number): void {
    this.#markKinds = grown(this.#markKinds, capacity, Uint8Array);
    this.#markStarts = grown(this.#markStarts, capacity, Uint32Array);
    this.#markEnds = grown(this.#markEnds, capacity, Uint32Array);
  }

  #growLooks(capacity: number): void {
    this.#lookStarts = grown(this.#lookStarts, capacity, Uint32Array);
    this.#lookEnds = grown(this.#lookEnds, capacity, Uint32Array);
    this.#lookCosts = grown(this.#lookCosts, capacity, Uint32Array);
  }
}

/** Index of the first of `length` ascending numbers that is at least `from`. */
function firstAt(numbers: Uint32Array, length: number, from: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as number) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

function moved(numbers: Uint32Array, from: number, to: number, by: number): void {
  if (by === 0) return;
  for (let i = from; i < to; i++) numbers[i] = (numbers[i] as number) + by;
}

/** Puts the first `count` of `items` where `from..to` of the first `length` of `array` stood. There is room. */
function place<A extends Uint8Array | Uint32Array>(
  array: A,
  length: number,
  from: number,
  to: number,
  items: A,
  count: number,
): void {
  array.copyWithin(from + count, to, length);
  array.set(items.subarray(0, count), from);
}

/** A copy with room for `capacity` items. */
export function grown<A extends Uint8Array | Uint32Array>(
  array: A,
  capacity: number,
  type: new (length: number) => A,
): A {
  const larger = new type(capacity);
  larger.set(array);
  return larger;
}
