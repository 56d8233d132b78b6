// Where a name stands in a literal of Power Fx (`$fx'…'`). Knows just enough of Power Fx to tell a variable from a text, a property,
// a field, a function and a comment; evaluates nothing.
import type { Node } from '../syntax/tree.ts';

/** `certain` is false where the word may as well be a column: inside `Filter(Table, …)` and its like, and behind `As`. */
export interface NameInPowerFx extends Node {
  readonly certain: boolean;
}

/**
 * The places where `name` (in any letter case) may mean a variable, in the order of the text and without quotes around it.
 * `literal` covers the whole `$fx'…'`. O(length of the literal).
 */
export function namesInPowerFx(text: string, literal: Node, name: string): readonly NameInPowerFx[] {
  return new Scanner(text, literal, name.toLowerCase()).scan();
}

/** Functions that evaluate their arguments behind the first once per row, where the columns of the row are names. */
const rowFunctions = new Set(
  (
    'addcolumns average concat countif distinct dropcolumns filter forall groupby lookup max min patch refine remove removeif ' +
    'renamecolumns search showcolumns sort sortbycolumns stdevp sum summarize updateif varp with'
  ).split(' '),
);

const word = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const blanks = /[\s\u0085\ufeff]*/y;

/** An open bracket: of a call, a list, a record, or around an expression inside a text (`${…}` in a literal, `{…}` in `$"…"`). */
interface Open {
  readonly kind: 'call' | 'list' | 'record' | 'inLiteral' | 'inText';
  readonly rows: boolean;
  argument: number;
}

class Scanner {
  readonly #wanted: string;
  /** The literal without its quotes and escapes, and for each of its characters where that ends in the text. */
  readonly #content: string;
  readonly #ends: readonly number[] | undefined;
  readonly #start: number;
  readonly #open: Open[] = [];
  /** How many open calls are in an argument that is evaluated per row. */
  #rows = 0;
  #at = 0;
  /** The last word or sign, and the one before it. */
  #before = '';
  #beforeThat = '';
  readonly #found: NameInPowerFx[] = [];

  constructor(text: string, literal: Node, wanted: string) {
    this.#wanted = wanted;
    this.#start = literal.start + 4;
    const raw = text.slice(this.#start, literal.end - 1);
    this.#content = raw;
    if (raw.includes('\\')) {
      let content = '';
      const ends: number[] = [];
      for (let i = 0; i < raw.length; i++) {
        if (raw[i] === '\\' && /['"\\]/.test(raw[i + 1] ?? '')) i++;
        content += raw[i];
        ends.push(this.#start + i + 1);
      }
      this.#content = content;
      this.#ends = ends;
    }
  }

  scan(): readonly NameInPowerFx[] {
    const content = this.#content;
    if (!content.toLowerCase().includes(this.#wanted)) return [];
    if (content.startsWith('=')) this.#at = 1;
    else this.#literalText();
    for (;;) {
      this.#at = this.#behindBlanks(this.#at);
      if (this.#at >= content.length) return this.#found;
      this.#step();
    }
  }

  #step(): void {
    const content = this.#content;
    const at = this.#at;
    const sign = content[at] as string;
    if (content.startsWith('//', at)) {
      while (this.#at < content.length && !/[\r\n]/.test(content[this.#at] as string)) this.#at++;
    } else if (content.startsWith('/*', at)) {
      const end = content.indexOf('*/', at + 2);
      this.#at = end < 0 ? content.length : end + 2;
    } else if (sign === '"') {
      if (this.#before === '$') {
        this.#at++;
        this.#interpolatedText();
      } else {
        this.#at = this.#behindQuote(at, '"');
        this.#note('"');
      }
    } else if (sign === "'") {
      this.#at = this.#behindQuote(at, "'");
      this.#name(at + 1, Math.max(at + 1, this.#at - 1));
    } else {
      word.lastIndex = at;
      const length = word.exec(content)?.[0].length ?? 0;
      if (length > 0) {
        this.#at = at + length;
        this.#name(at, this.#at);
      } else {
        this.#at++;
        this.#sign(sign);
      }
    }
  }

  #name(from: number, to: number): void {
    const spelled = this.#content.slice(from, to);
    if (spelled.toLowerCase() === this.#wanted) {
      const meaning = this.#meaning();
      if (meaning !== 'other') {
        this.#found.push({
          start: this.#endOf(from - 1),
          end: this.#endOf(to - 1),
          certain: meaning === 'variable',
        });
      }
    }
    this.#note(spelled);
  }

  #meaning(): 'variable' | 'column' | 'other' {
    const next = this.#content[this.#behindBlanks(this.#at)];
    if (this.#before === '.' || this.#before === '!' || next === '(') return 'other';
    if (next === ':' && this.#open.at(-1)?.kind === 'record') return 'other';
    if (this.#before === '@' && this.#beforeThat !== '[') return 'other';
    return this.#rows > 0 || this.#before === '@' || this.#before.toLowerCase() === 'as'
      ? 'column'
      : 'variable';
  }

  #sign(sign: string): void {
    const open = this.#open;
    if (sign === '(') {
      open.push({ kind: 'call', rows: rowFunctions.has(this.#before.toLowerCase()), argument: 0 });
    } else if (sign === '[') open.push({ kind: 'list', rows: false, argument: 0 });
    else if (sign === '{') open.push({ kind: 'record', rows: false, argument: 0 });
    else if (sign === ',' || sign === ';') {
      const inner = open.at(-1);
      if (inner !== undefined && inner.argument++ === 0 && inner.rows) this.#rows++;
    } else if (sign === ')' || sign === ']' || sign === '}') {
      const closed = open.pop();
      if (closed?.rows && closed.argument > 0) this.#rows--;
      if (closed?.kind === 'inLiteral' || closed?.kind === 'inText') {
        if (closed.kind === 'inText') this.#interpolatedText();
        else this.#literalText();
        return;
      }
    }
    this.#note(sign);
  }

  /** Steps over text of the literal itself, up to its end or into the next `${`. */
  #literalText(): void {
    const content = this.#content;
    for (;;) {
      const next = content.indexOf('${', this.#at);
      if (next < 0) {
        this.#at = content.length;
        return;
      }
      this.#at = next + 2;
      if (content[next - 1] !== '$') {
        this.#enter('inLiteral');
        return;
      }
    }
  }

  /** Steps over text of `$"…"`, up to its end or into the next `{`. */
  #interpolatedText(): void {
    const content = this.#content;
    for (; this.#at < content.length; this.#at++) {
      const sign = content[this.#at];
      if (sign !== '"' && sign !== '{') continue;
      if (content[this.#at + 1] === sign) this.#at++;
      else {
        this.#at++;
        if (sign === '{') this.#enter('inText');
        else this.#note('"');
        return;
      }
    }
  }

  #enter(kind: 'inLiteral' | 'inText'): void {
    this.#open.push({ kind, rows: false, argument: 0 });
    this.#note('{');
  }

  #note(sign: string): void {
    this.#beforeThat = this.#before;
    this.#before = sign;
  }

  /** Behind the quote that closes the one at `at`; a doubled quote does not. */
  #behindQuote(at: number, quote: string): number {
    const content = this.#content;
    for (let end = content.indexOf(quote, at + 1); end >= 0; end = content.indexOf(quote, end + 2)) {
      if (content[end + 1] !== quote) return end + 1;
    }
    return content.length;
  }

  #behindBlanks(at: number): number {
    blanks.lastIndex = at;
    blanks.exec(this.#content);
    return blanks.lastIndex;
  }

  /** Where the character of `#content` ends in the text. */
  #endOf(index: number): number {
    return index < 0 ? this.#start : (this.#ends?.[index] ?? this.#start + index + 1);
  }
}
