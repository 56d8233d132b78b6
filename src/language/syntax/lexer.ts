// Text → tokens. Covers every character of any input, never throws, and is linear in the length of the text.
// It finds where literals end and marks what is odd inside them; values and messages are the parser's business.
import { reservedWords } from './keywords.ts';
import { kindCode, mark, symbolCode, symbols, Tokens, wordCode } from './tokens.ts';

/** All tokens of `text`: contiguous, none empty, the last ends at `text.length`. Never throws. */
export function lex(text: string): Tokens {
  const tokens = new Tokens();
  lexRange(text, 0, text.length, 'file', tokens);
  return tokens;
}

/** The same in pieces: yields between them, so that the caller can do something else. */
export function* lexInPieces(text: string): Generator<undefined, Tokens> {
  const tokens = new Tokens();
  const lexer = new Lexer(text, 0, text.length, true, tokens);
  for (let at = 0; at < text.length; ) {
    at = lexer.run(at, Math.min(at + pieceLength, text.length));
    yield;
  }
  return tokens;
}

/** Characters; takes about a millisecond. */
const pieceLength = 100_000;

/**
 * Lexes `from..to` into `tokens` (after a reset). In `expression` mode, the inside of `%…%`, there are no
 * comments, regions, annotations and attachments.
 */
export function lexRange(
  text: string,
  from: number,
  to: number,
  mode: 'file' | 'expression',
  tokens: Tokens,
): void {
  tokens.reset();
  new Lexer(text, from, to, mode === 'file', tokens).run(from, to);
}

/**
 * Lexes the lines of `text` from `from`, the start of one, up to `until`, the end of one, just as `lex` would. False when a token
 * reaches over `until`.
 */
export function lexLines(text: string, from: number, until: number, tokens: Tokens): boolean {
  tokens.reset();
  return new Lexer(text, 0, text.length, true, tokens).run(from, until) === until;
}

/** What look-aheads of a file of any size may cost; see `Lexer.#patience`. */
export const leastPatience = 1_000_000;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const HASH = 35;
const DOLLAR = 36;
const PERCENT = 37;
const QUOTE = 39;
const STAR = 42;
const DOT = 46;
const SLASH = 47;
const AT = 64;
const BACKSLASH = 92;
const BACKTICK = 96;

/** An interpolation is never longer than this; it bounds the look-ahead for its closing percent sign. */
const longestInterpolation = 65_536;

const attachmentMark = '# [ControlRepository]';

// Class of each ASCII character: 1 = word start, 2 = digit, 4 = blank.
const ascii = new Uint8Array(128);
for (let c = 65; c <= 90; c++) ascii[c] = ascii[c + 32] = 1;
ascii[95] = 1;
for (let c = 48; c <= 57; c++) ascii[c] = 2;
ascii[TAB] = ascii[11] = ascii[12] = ascii[SPACE] = 4;

const letter = /^[\p{L}\p{Nl}]$/u;
const letterOrMark = /^[\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]$/u;
const otherBlank = /^[\p{Zs}\u0085\u2028\u2029\ufeff]$/u;

const singleSymbols = new Uint8Array(128);
for (const symbol of symbols) {
  if (symbol.length === 1) singleSymbols[symbol.charCodeAt(0)] = symbolCode[symbol];
}

const longestReservedWord = Math.max(...reservedWords.map((word) => word.length));
const reservedCodes = new Map<number, { readonly word: string; readonly code: number }>();
for (const word of reservedWords) {
  let hash = 0;
  for (let i = 0; i < word.length; i++) hash = hashLetter(hash, word.charCodeAt(i));
  reservedCodes.set(hash, { word: word.toLowerCase(), code: wordCode[word] });
}

function hashLetter(hash: number, letterCode: number): number {
  return (Math.imul(hash, 31) + (letterCode | 32)) | 0;
}

class Lexer {
  readonly #text: string;
  readonly #to: number;
  readonly #wholeFile: boolean;
  readonly #tokens: Tokens;
  /** Characters that look-ahead may still read in vain. It keeps the lexer linear on hostile input. */
  #patience: number;
  /** True as long as the line has had nothing but blanks. */
  #lineStart = true;
  /** Behind the last character that look-ahead for the current token has read. */
  #seen = 0;
  /** Where the search for `#/` last failed: there is none behind it either. */
  #noBlockCommentEnd = false;

  constructor(text: string, from: number, to: number, wholeFile: boolean, tokens: Tokens) {
    this.#text = text;
    this.#to = to;
    this.#wholeFile = wholeFile;
    this.#tokens = tokens;
    this.#patience = 4 * (to - from) + leastPatience;
  }

  /** Lexes from the end of a token until one ends at or behind `until`; gives the end of that token. */
  run(from: number, until: number): number {
    const tokens = this.#tokens;
    let at = from;
    while (at < until) {
      const c = this.#text.charCodeAt(at);
      const type = c < 128 ? (ascii[c] as number) : 0;
      if (type === 1) {
        at = this.#word(at);
      } else if (type === 4) {
        const start = at++;
        while (at < this.#to && this.#isBlank(at)) at++;
        tokens.add(kindCode.space, start, at);
        continue; // blanks do not end the start of a line
      } else if (type === 2) {
        at = this.#number(at);
      } else if (c === LF || c === CR) {
        const start = at++;
        if (c === CR && at < this.#to && this.#text.charCodeAt(at) === LF) at++;
        tokens.add(kindCode.newline, start, at);
        this.#lineStart = true;
        continue;
      } else if (c < 128) {
        const start = at;
        const patience = this.#patience;
        at = this.#punctuation(at, c);
        // The character behind a token stands on the same line: looking at it is no look-ahead.
        if (this.#seen > at + 1 || patience !== this.#patience)
          this.#settled(start, at, patience - this.#patience);
      } else {
        const blank = this.#isBlank(at);
        at = this.#beyondAscii(at);
        if (blank) continue;
      }
      this.#lineStart = false;
    }
    return at;
  }

  /** Notes what the token `start..end` owes to the text behind it. */
  #settled(start: number, end: number, cost: number): void {
    this.#tokens.addLook(start, Math.max(end, this.#seen), cost);
    this.#seen = 0;
  }

  #sees(offset: number): void {
    if (offset > this.#seen) this.#seen = Math.min(offset, this.#to);
  }

  #at(offset: number): number {
    return offset < this.#to ? this.#text.charCodeAt(offset) : -1;
  }

  #add(code: number, start: number, end: number): number {
    this.#tokens.add(code, start, end);
    return end;
  }

  #isBlank(at: number): boolean {
    const c = this.#text.charCodeAt(at);
    return c < 128 ? ascii[c] === 4 : otherBlank.test(this.#text.charAt(at));
  }

  #lineEnd(from: number): number {
    let at = from;
    while (at < this.#to) {
      const c = this.#text.charCodeAt(at);
      if (c === LF || c === CR) break;
      at++;
    }
    return at;
  }

  // ── Words and numbers ─────────────────────────────────────────────────────────────────────────────────────────

  #word(start: number): number {
    let at = start;
    let hash = 0;
    let plain = true;
    while (at < this.#to) {
      const c = this.#text.charCodeAt(at);
      if (c < 128) {
        if (((ascii[c] as number) & 3) === 0) break;
        hash = hashLetter(hash, c);
        at++;
      } else {
        const length = this.#matches(at, letterOrMark);
        if (length === 0) break;
        plain = false;
        at += length;
      }
    }
    const length = at - start;
    if (length === 1 && this.#at(at) === QUOTE && (this.#text.charCodeAt(start) | 32) === 112) {
      return this.#closedOnLine(kindCode.encrypted, start, at + 1, QUOTE);
    }
    if (length === 1 && this.#at(at) === DOUBLE_QUOTE && (this.#text.charCodeAt(start) | 32) === 100) {
      return this.#closedOnLine(kindCode.datetime, start, at + 1, DOUBLE_QUOTE);
    }
    if (plain && length <= longestReservedWord) {
      const reserved = reservedCodes.get(hash);
      if (reserved !== undefined && this.#text.slice(start, at).toLowerCase() === reserved.word) {
        return this.#add(reserved.code, start, at);
      }
    }
    return this.#add(kindCode.word, start, at);
  }

  /** Length of the character at `at` when it matches, else 0. */
  #matches(at: number, pattern: RegExp): number {
    const point = this.#text.codePointAt(at) as number;
    const length = point > 0xffff && at + 1 < this.#to ? 2 : 1;
    return pattern.test(String.fromCodePoint(point)) ? length : 0;
  }

  #number(start: number): number {
    let at = this.#digits(start);
    if (this.#at(at) === DOT && ascii[this.#at(at + 1)] === 2) at = this.#digits(at + 1);
    if ((this.#at(at) | 32) === 101) {
      const sign = this.#at(at + 1) === 43 || this.#at(at + 1) === 45 ? 1 : 0;
      if (ascii[this.#at(at + 1 + sign)] === 2) at = this.#digits(at + 1 + sign);
    }
    return this.#add(kindCode.number, start, at);
  }

  #digits(from: number): number {
    let at = from;
    while (ascii[this.#at(at)] === 2) at++;
    return at;
  }

  #beyondAscii(start: number): number {
    if (this.#isBlank(start)) return this.#add(kindCode.space, start, start + 1);
    if (this.#matches(start, letter) > 0) return this.#word(start);
    return this.#unknown(start);
  }

  /** One token for a run of characters that mean nothing. A run stops at ASCII, so `%` and its kind stay single. */
  #unknown(start: number): number {
    let at = start + 1;
    if (this.#text.charCodeAt(start) >= 128) {
      while (
        at < this.#to &&
        this.#text.charCodeAt(at) >= 128 &&
        !this.#isBlank(at) &&
        this.#matches(at, letter) === 0
      ) {
        at++;
      }
    }
    return this.#add(kindCode.unknown, start, at);
  }

  // ── Punctuation ───────────────────────────────────────────────────────────────────────────────────────────────

  #punctuation(start: number, c: number): number {
    switch (c) {
      case QUOTE:
        return this.#plainText(start);
      case DOLLAR:
        return this.#dollar(start);
      case BACKTICK:
        return this.#closedOnLine(kindCode.opaque, start, start + 1, BACKTICK);
      case HASH:
        return this.#hash(start);
      case SLASH:
        if (this.#wholeFile && this.#at(start + 1) === HASH) return this.#blockComment(start);
        break;
      case STAR:
        if (this.#wholeFile && this.#lineStart && isRegion.test(this.#text.slice(start, start + 12))) {
          return this.#add(kindCode.region, start, this.#lineEnd(start));
        }
        break;
      case AT:
        if (!this.#wholeFile) break;
        return this.#at(start + 1) === AT
          ? this.#add(kindCode.meta, start, start + 2)
          : this.#add(kindCode.at, start, start + 1);
      case 60: // <
        if (this.#at(start + 1) === 62) return this.#add(symbolCode['<>'], start, start + 2);
        if (this.#at(start + 1) === 61) return this.#add(symbolCode['<='], start, start + 2);
        break;
      case 61: // =
        if (this.#at(start + 1) === 62) return this.#add(symbolCode['=>'], start, start + 2);
        break;
      case 62: // >
        if (this.#at(start + 1) === 61) return this.#add(symbolCode['>='], start, start + 2);
        break;
    }
    const symbol = singleSymbols[c] as number;
    return symbol === 0 ? this.#unknown(start) : this.#add(symbol, start, start + 1);
  }

  #hash(start: number): number {
    if (!this.#wholeFile) return this.#unknown(start);
    if (this.#lineStart && this.#text.startsWith(attachmentMark, start)) {
      return this.#add(kindCode.attachment, start, this.#to);
    }
    return this.#add(kindCode.comment, start, this.#lineEnd(start));
  }

  #blockComment(start: number): number {
    if (!this.#noBlockCommentEnd) {
      const close = this.#text.indexOf('#/', start + 2);
      if (close >= 0 && close + 2 <= this.#to) return this.#add(kindCode.blockComment, start, close + 2);
      this.#noBlockCommentEnd = true;
    }
    this.#sees(this.#to);
    const end = this.#lineEnd(start);
    this.#tokens.addMark(mark.unterminated, start, end);
    return this.#add(kindCode.comment, start, end);
  }

  // ── Literals ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A literal that must close on its own line; otherwise it ends where the line ends. */
  #closedOnLine(code: number, start: number, content: number, closing: number): number {
    for (let at = content; at < this.#to; at++) {
      const c = this.#text.charCodeAt(at);
      if (c === closing) return this.#add(code, start, at + 1);
      if (c === LF || c === CR) break;
    }
    return this.#unterminated(code, start);
  }

  #unterminated(code: number, start: number): number {
    const end = this.#lineEnd(start);
    this.#tokens.addMark(mark.unterminated, start, end);
    return this.#add(code, start, end);
  }

  /** How far a literal that starts at `start` may reach: anywhere, or only its line once patience is used up. */
  #horizon(start: number): number {
    return this.#patience > 0 ? this.#to : this.#lineEnd(start);
  }

  #plainText(start: number): number {
    const triple = this.#at(start + 1) === QUOTE && this.#at(start + 2) === QUOTE;
    const close = triple
      ? this.#tripleQuoteEnd(start + 3, this.#horizon(start))
      : this.#singleQuoteEnd(start + 1);
    return close >= 0 ? this.#add(kindCode.text, start, close) : this.#unterminated(kindCode.text, start);
  }

  /** Behind the `'` that closes a text whose content starts at `content`; -1 when its line has none. */
  #singleQuoteEnd(content: number): number {
    let at = content;
    for (; at < this.#to; at++) {
      const c = this.#text.charCodeAt(at);
      if (c === QUOTE) return at + 1;
      if (c === LF || c === CR) break;
      if (c === BACKSLASH && isEscaped(this.#at(at + 1))) at++;
    }
    this.#sees(at);
    return -1;
  }

  /** Behind the `'''` that closes a text whose content starts at `content`; -1 when there is none before `limit`. */
  #tripleQuoteEnd(content: number, limit: number): number {
    let severalLines = false;
    let at = content;
    for (; at < limit; at++) {
      const c = this.#text.charCodeAt(at);
      if (c === QUOTE && this.#at(at + 1) === QUOTE && this.#at(at + 2) === QUOTE && at + 2 < limit) {
        if (severalLines && this.#opensAnother(at)) break;
        // Inside an interpolation the caller may reject what was found here.
        this.#sees(at + 4);
        return at + 3;
      }
      if (c === LF || c === CR) severalLines = true;
      else if (c === BACKSLASH && isEscaped(this.#at(at + 1))) at++;
    }
    this.#sees(at + 4);
    this.#patience -= at - content;
    return -1;
  }

  /**
   * True when the `'''` at `at`, on a later line than the text began, is the opening of the next `$'''…'''`: it stands
   * behind a dollar sign and something follows that cannot follow a finished text. Then the first text was never closed.
   */
  #opensAnother(at: number): boolean {
    return (
      this.#text.charCodeAt(at - 1) === DOLLAR &&
      at + 3 < this.#to &&
      !mayFollowText.test(this.#text.charAt(at + 3))
    );
  }

  #dollar(start: number): number {
    if (this.#text.startsWith("'''", start + 1) && start + 4 <= this.#to) return this.#interpolated(start);
    if (
      (this.#at(start + 1) | 32) === 102 &&
      (this.#at(start + 2) | 32) === 120 &&
      this.#at(start + 3) === QUOTE
    ) {
      return this.#powerFx(start);
    }
    return this.#unknown(start);
  }

  /** `$fx'…'` may span lines. It is unterminated when the next quote belongs to another `$fx'` on a later line. */
  #powerFx(start: number): number {
    const limit = this.#horizon(start);
    let severalLines = false;
    let at = start + 4;
    for (; at < limit; at++) {
      const c = this.#text.charCodeAt(at);
      if (c === QUOTE) {
        if (severalLines && this.#text.slice(at - 3, at).toLowerCase() === '$fx') break;
        return this.#add(kindCode.powerFx, start, at + 1);
      }
      if (c === LF || c === CR) severalLines = true;
      else if (c === BACKSLASH && isEscaped(this.#at(at + 1))) at++;
    }
    this.#sees(at + 1);
    this.#patience -= at - start;
    return this.#unterminated(kindCode.powerFx, start);
  }

  #interpolated(start: number): number {
    const marksBefore = this.#tokens.markCount;
    const limit = this.#horizon(start);
    let severalLines = false;
    let bareQuote = false;
    let at = start + 4;
    while (at < limit) {
      const c = this.#text.charCodeAt(at);
      if (c === BACKSLASH) {
        // `\%` swallows its percent sign; the other escapes are \' \" \\.
        at += isEscaped(this.#at(at + 1)) || this.#at(at + 1) === PERCENT ? 2 : 1;
      } else if (c === PERCENT) {
        if (this.#at(at + 1) === PERCENT) {
          at += 2;
          continue;
        }
        const close = this.#interpolationEnd(at + 1);
        if (close < 0) this.#tokens.addMark(mark.lonePercent, at, at + 1);
        else this.#tokens.addMark(mark.interpolation, at, close + 1);
        at = close < 0 ? at + 1 : close + 1;
      } else if (c === QUOTE) {
        if (this.#at(at + 1) === QUOTE && this.#at(at + 2) === QUOTE) {
          if (severalLines && this.#opensAnother(at)) break;
          return this.#add(kindCode.interpolated, start, at + 3);
        }
        if (!bareQuote) this.#tokens.addMark(mark.bareQuote, at, at + 1);
        bareQuote = true;
        at++;
      } else {
        if (c === LF || c === CR) severalLines = true;
        at++;
      }
    }
    // Never closed: the text ends with its line, or better at a `\'''` that was meant to close it.
    this.#sees(at + 4);
    this.#patience -= at - start;
    this.#tokens.dropMarks(marksBefore);
    const lineEnd = this.#lineEnd(start);
    const swallowed = this.#text.slice(start + 4, lineEnd).indexOf("\\'''");
    if (swallowed < 0) return this.#unterminated(kindCode.interpolated, start);
    const backslash = start + 4 + swallowed;
    this.#tokens.addMark(mark.backslashBeforeQuotes, backslash, backslash + 4);
    return this.#add(kindCode.interpolated, start, backslash + 4);
  }

  /**
   * Offset of the percent sign that closes the interpolation whose inside starts at `inside`; -1 when the opening one
   * stands alone. An interpolation has no line break outside quotes, and a quote in it never touches a name or another quote.
   */
  #interpolationEnd(inside: number): number {
    const limit = Math.min(this.#to, inside + (this.#patience > 0 ? longestInterpolation : 256));
    let at = inside;
    while (at < limit) {
      const c = this.#text.charCodeAt(at);
      if (c === PERCENT) return at;
      if (c === LF || c === CR || c === BACKSLASH) break;
      if (c !== QUOTE) {
        at++;
        continue;
      }
      if (at > inside && isWordLetter(this.#text.charCodeAt(at - 1))) break;
      const close = this.#quoteEndInside(at, limit);
      if (close < 0 || isWordLetter(this.#at(close)) || this.#at(close) === QUOTE) break;
      at = close;
    }
    this.#sees(at + 2);
    this.#patience -= Math.min(at, limit) - inside;
    return -1;
  }

  /** Behind the text that starts with the quote at `at` inside an interpolation; -1 when it does not close there. */
  #quoteEndInside(at: number, limit: number): number {
    if (this.#at(at + 1) !== QUOTE || this.#at(at + 2) !== QUOTE) {
      const close = this.#singleQuoteEnd(at + 1);
      return close > limit ? -1 : close;
    }
    const close = this.#tripleQuoteEnd(at + 3, limit);
    // `$'''100%''' B: $'''…`: what looks like a text inside the percent sign is the code between two texts.
    if (close >= 0 && codeBeforeText.test(this.#text.slice(Math.max(at + 3, close - 24), close - 3)))
      return -1;
    return close;
  }
}

const isRegion = /^\*\*(?:END)?REGION(?![\p{L}\p{Nd}_])/iu;
const mayFollowText = /[\s)\]},+\-*/=<>#:]/;
const codeBeforeText = /(?:[:,([=+<>]|\bTO)\s*\$$/i;

/** Characters that a backslash escapes: `'`, `"` and `\`. Before any other it is an ordinary character. */
function isEscaped(c: number): boolean {
  return c === QUOTE || c === DOUBLE_QUOTE || c === BACKSLASH;
}

function isWordLetter(c: number): boolean {
  return c > 0 && c < 128 && ((ascii[c] as number) & 3) !== 0;
}
