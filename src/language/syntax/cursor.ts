// The parser's place in the tokens of one line, and its list of problems. Knows no grammar.
import { type Diagnostic, type Problem, syntaxMessages } from '../diagnostics.ts';
import { lexRange } from './lexer.ts';
import { isReservedWord, kindCode, Tokens } from './tokens.ts';
import type { Expression, MissingExpression } from './tree.ts';

/** `Cursor.code` behind the last token of the line. */
export const lineEnd = 255;

/** Brackets, signs and calls inside each other. The designer never comes near; it keeps recursion bounded. */
const deepestNesting = 256;
/** Height of one expression tree: nesting plus chains such as `a + b + …`. It keeps every later tree walk bounded. */
const highestTree = 1_000;
export const mostDiagnostics = 1_000;
/** Tokens inside the interpolations of one file that are read. */
export const mostInnerTokens = 3_000_000;

export class Cursor {
  readonly text: string;
  readonly diagnostics: Diagnostic[] = [];
  tokens: Tokens;
  /** Code of the current token: see lexer.ts; `lineEnd` behind the last. Blanks and comments are never current. */
  code = lineEnd;
  start = 0;
  end = 0;
  /** Where the token before the current one ended. */
  lastEnd = 0;
  /** A reserved word that ends the expression being parsed, such as THEN. */
  terminator = lineEnd;
  /** Height of the expression parsed last. */
  height = 0;
  /** Tokens inside interpolations so far: they count towards the size of a flow too. */
  innerTokens = 0;
  #index = 0;
  #limit = 0;
  #depth = 0;
  #silent = false;
  #failed = false;
  /** Token lists for the insides of texts, one per nesting level. */
  readonly #inner: Tokens[] = [];

  constructor(text: string, tokens: Tokens) {
    this.text = text;
    this.tokens = tokens;
  }

  /** Goes to the first token of the line `from..to` (token indexes). */
  enterLine(from: number, to: number): void {
    this.#failed = false;
    this.#silent = false;
    this.#depth = 0;
    this.terminator = lineEnd;
    this.#index = from - 1;
    this.#limit = to;
    this.end = from < this.tokens.length ? this.tokens.start(from) : this.text.length;
    this.advance();
  }

  get index(): number {
    return this.#index;
  }

  get atEnd(): boolean {
    return this.code === lineEnd;
  }

  /** True once a problem made the rest of the line unreadable. */
  get failed(): boolean {
    return this.#failed;
  }

  get isWord(): boolean {
    return this.code === kindCode.word || (this.code !== lineEnd && isReservedWord(this.code));
  }

  advance(): void {
    this.lastEnd = this.end;
    const index = this.#next(this.#index);
    this.#index = index;
    if (index >= this.#limit) {
      this.code = lineEnd;
      this.start = this.end = this.lastEnd;
      return;
    }
    this.code = this.tokens.code(index);
    this.start = this.tokens.start(index);
    this.end = this.tokens.end(index);
  }

  #next(from: number): number {
    let index = from + 1;
    while (index < this.#limit) {
      const code = this.tokens.code(index);
      if (code === kindCode.comment) return this.#limit;
      if (code !== kindCode.space && code !== kindCode.blockComment) break;
      index++;
    }
    return index;
  }

  /** Code of the token `steps` behind the current one. */
  peek(steps = 1): number {
    let index = this.#index;
    for (let i = 0; i < steps && index < this.#limit; i++) index = this.#next(index);
    return index < this.#limit ? this.tokens.code(index) : lineEnd;
  }

  /** Steps over the current token when it has this code. */
  take(code: number): boolean {
    if (this.code !== code) return false;
    this.advance();
    return true;
  }

  slice(): string {
    return this.text.slice(this.start, this.end);
  }

  /** ` before “…”`, or nothing at the end of the line: a phrase for messages. */
  found(): string {
    return this.atEnd ? '' : ` before ${this.shown()}`;
  }

  shown(): string {
    const text = this.slice();
    return `“${text.length > 30 ? `${text.slice(0, 30).toWellFormed()}…` : text}”`;
  }

  // ── Problems ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** No problems are noted until the next line: for disabled lines. */
  silence(): void {
    this.#silent = true;
  }

  /** Notes a problem behind which parsing goes on normally. */
  note(problem: Problem, start = this.start, end = this.end): void {
    if (this.#silent || this.#failed) return;
    this.noteAnyway(problem, start, end);
  }

  /** Notes a problem that is no part of the current line. */
  noteAnyway(problem: Problem, start: number, end: number): void {
    const { length } = this.diagnostics;
    if (length < mostDiagnostics) this.diagnostics.push({ ...problem, start, end });
    else if (length === mostDiagnostics) {
      this.diagnostics.push({ ...syntaxMessages.tooManyProblems(mostDiagnostics), start, end });
    }
  }

  /** Notes a problem and gives up on the rest of the line, so that one mistake gives one message. */
  fail(problem: Problem, start = this.start, end = this.end): void {
    this.note(problem, start, end);
    this.#failed = true;
    const stopped = this.lastEnd;
    this.#index = this.#limit;
    this.code = lineEnd;
    this.start = this.end = this.lastEnd = stopped;
  }

  missing(): MissingExpression {
    return { kind: 'Missing', start: this.start, end: this.start };
  }

  // ── Depth ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Enters one more level of nesting; false when that is one too many (the line has then failed). */
  descend(): boolean {
    if (this.#depth >= deepestNesting) {
      this.fail(syntaxMessages.nestingTooDeep(deepestNesting));
      return false;
    }
    this.#depth++;
    return true;
  }

  ascend(): void {
    this.#depth--;
  }

  /** Records the height of the node just built over children of height `below`. */
  raise(below: number): void {
    this.height = below + 1;
    if (this.height > highestTree) this.fail(syntaxMessages.nestingTooDeep(highestTree));
  }

  // ── Insides of texts ──────────────────────────────────────────────────────────────────────────────────────────

  /** Runs `parse` over the tokens of `start..end`, the inside of an interpolation, and comes back to the current token. */
  inside(start: number, end: number, parse: () => Expression): Expression {
    if (this.innerTokens > mostInnerTokens) {
      this.fail(syntaxMessages.flowTooLarge(), start, end);
      return this.missing();
    }
    const { tokens, code, lastEnd, terminator } = this;
    const outer = { start: this.start, end: this.end };
    const index = this.#index;
    const limit = this.#limit;
    let inner = this.#inner[this.#depth];
    if (inner === undefined) {
      inner = new Tokens();
      this.#inner[this.#depth] = inner;
    }
    lexRange(this.text, start, end, 'expression', inner);
    this.innerTokens += inner.length;
    this.tokens = inner;
    this.#index = -1;
    this.#limit = inner.length;
    this.end = start;
    this.terminator = lineEnd;
    this.advance();
    const result = parse();
    this.tokens = tokens;
    this.lastEnd = lastEnd;
    this.terminator = terminator;
    // After a failure inside, the line stays given up.
    if (this.#failed) {
      this.#index = limit;
      this.#limit = limit;
      this.code = lineEnd;
      this.start = this.end = this.lastEnd = outer.end;
    } else {
      this.#index = index;
      this.#limit = limit;
      this.code = code;
      this.start = outer.start;
      this.end = outer.end;
    }
    return result;
  }
}
