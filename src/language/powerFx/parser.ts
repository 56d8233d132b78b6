// Power Fx text → tree: the content of `$fx'…'`, either `=expression` or a text with `${expression}` in it. Formulas are read in their
// English form (decimal point, comma between arguments). Evaluates nothing and knows no functions (see functions.ts).
import { eachPowerFx, type PowerFx, type PowerFxOperator } from './tree.ts';

/** A text that is no Power Fx. The message says what was expected. */
export class PowerFxSyntaxError extends Error {
  override readonly name = 'PowerFxSyntaxError';
}

/** Expressions in expressions; deeper ones are refused, because they are walked recursively. */
const deepest = 200;

/** True when a field holds an expression at all; otherwise it is plain text. */
export function hasPowerFx(content: string): boolean {
  return content.startsWith('=') || content.includes('${');
}

/**
 * What a field of a Power Fx flow says (`content` without quotes and escapes): the expression behind a leading `=`, else a text in which
 * `${…}` are expressions and `$${` stands for `${`. Throws PowerFxSyntaxError.
 */
export function parsePowerFx(content: string): PowerFx {
  if (content.startsWith('=')) {
    const parser = new Parser(content, 1);
    const expression = parser.expression();
    parser.end();
    return expression;
  }
  const parts: (string | PowerFx)[] = [];
  let at = 0;
  for (let open = content.indexOf('${'); open >= 0; open = content.indexOf('${', at)) {
    if (content[open - 1] === '$' && open > at) {
      parts.push(`${content.slice(at, open - 1)}\${`);
      at = open + 2;
      continue;
    }
    if (open > at) parts.push(content.slice(at, open));
    const parser = new Parser(content, open + 2);
    parts.push(parser.expression());
    at = parser.closing();
  }
  if (at < content.length) parts.push(content.slice(at));
  return { kind: 'joined', parts };
}

/** The expression of a field, or undefined when it is no Power Fx this product can read. */
export function readPowerFx(content: string): PowerFx | undefined {
  try {
    return parsePowerFx(content);
  } catch (error) {
    if (error instanceof PowerFxSyntaxError) return undefined;
    throw error;
  }
}

/** Names in an expression that may be variables, each once, as spelled. Some of them may be columns of a table. */
export function namesIn(expression: PowerFx): string[] {
  const names = new Set<string>();
  for (const node of eachPowerFx(expression)) if (node.kind === 'name') names.add(node.name);
  return [...names];
}

interface Token {
  readonly kind: 'number' | 'text' | 'opening' | 'word' | 'quoted' | 'symbol' | 'end';
  /** The text of a text, the name of a name, otherwise as written. */
  readonly value: string;
  readonly end: number;
}

const blanks = /(?:[\s\u0085\ufeff]|\/\/[^\r\n]*|\/\*[\s\S]*?(?:\*\/|$))*/y;
const number = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const word = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}\p{Cf}]*/uy;
const symbol = /<>|<=|>=|&&|\|\||[-+*/^&=<>!%.,:()[\]{}@;]/y;

/** Operators by how tightly they bind, loosest first. */
const levels: readonly (readonly PowerFxOperator[])[] = [
  ['||'],
  ['&&'],
  ['in', 'exactin'],
  ['=', '<>', '<', '<=', '>', '>='],
  ['&'],
  ['+', '-'],
  ['*', '/'],
];

const words: Readonly<Record<string, PowerFxOperator>> = {
  or: '||',
  and: '&&',
  in: 'in',
  exactin: 'exactin',
};

class Parser {
  readonly #text: string;
  #token: Token;
  #depth = 0;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#token = this.#read(start);
  }

  expression(): PowerFx {
    if (++this.#depth > deepest) throw new PowerFxSyntaxError('It is nested too deeply.');
    const left = this.#level(0);
    this.#depth--;
    return left;
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#token.kind !== 'end') throw this.#unexpected();
  }

  /** Expects the `}` of a `${…}` or `{…}`; gives the place behind it. */
  closing(): number {
    if (!this.#is('}')) throw this.#unexpected('}');
    return this.#token.end;
  }

  #level(index: number): PowerFx {
    const operators = levels[index];
    if (operators === undefined) return this.#as();
    let left = this.#level(index + 1);
    for (
      let operator = this.#operator(operators);
      operator !== undefined;
      operator = this.#operator(operators)
    ) {
      this.#advance();
      left = { kind: 'binary', operator, left, right: this.#level(index + 1) };
    }
    return left;
  }

  #operator(operators: readonly PowerFxOperator[]): PowerFxOperator | undefined {
    const { kind, value } = this.#token;
    const operator = kind === 'symbol' ? value : kind === 'word' ? words[value.toLowerCase()] : undefined;
    // `Or(…)` and `And(…)` are calls, but those stand where an operand is expected.
    return operators.find((entry) => entry === operator);
  }

  #as(): PowerFx {
    const table = this.#prefixed();
    if (!this.#isWord('as')) return table;
    this.#advance();
    return { kind: 'as', table, name: this.#name() };
  }

  #prefixed(): PowerFx {
    const operator = this.#is('-') ? '-' : this.#is('!') || this.#isNot() ? '!' : undefined;
    if (operator === undefined) return this.#power();
    this.#advance();
    if (++this.#depth > deepest) throw new PowerFxSyntaxError('It is nested too deeply.');
    const operand = this.#prefixed();
    this.#depth--;
    return { kind: 'unary', operator, operand };
  }

  /** `Not x`; `Not(x)` is a call. */
  #isNot(): boolean {
    return this.#isWord('not') && this.#read(this.#token.end).value !== '(';
  }

  #power(): PowerFx {
    const left = this.#postfixed();
    if (!this.#is('^')) return left;
    this.#advance();
    return { kind: 'binary', operator: '^', left, right: this.#prefixed() };
  }

  #postfixed(): PowerFx {
    let node = this.#primary();
    for (;;) {
      if (this.#is('%')) {
        this.#advance();
        node = { kind: 'unary', operator: '%', operand: node };
      } else if (this.#is('.') || this.#is('!')) {
        this.#advance();
        node = { kind: 'field', target: node, name: this.#name() };
      } else return node;
    }
  }

  #primary(): PowerFx {
    const { kind, value } = this.#token;
    switch (kind) {
      case 'number':
        this.#advance();
        return { kind, written: value };
      case 'text':
        this.#advance();
        return { kind, value };
      case 'opening':
        return this.#joinedText();
      case 'quoted':
        this.#advance();
        return { kind: 'name', name: value };
      case 'word': {
        this.#advance();
        if (this.#is('(')) return { kind: 'call', name: value, args: this.#list('(', ')') };
        const lower = value.toLowerCase();
        if (lower === 'true' || lower === 'false') return { kind: 'boolean', value: lower === 'true' };
        return { kind: 'name', name: value };
      }
      default:
        break;
    }
    if (this.#is('(')) {
      this.#advance();
      const inner = this.expression();
      this.#expect(')');
      return inner;
    }
    if (this.#is('[')) return { kind: 'table', items: this.#list('[', ']') };
    if (this.#is('{')) return this.#record();
    throw this.#unexpected('a value');
  }

  #record(): PowerFx {
    this.#advance();
    const entries: { key: string; value: PowerFx }[] = [];
    while (!this.#is('}')) {
      if (entries.length > 0) this.#expect(',');
      const key = this.#name();
      this.#expect(':');
      entries.push({ key, value: this.expression() });
    }
    this.#advance();
    return { kind: 'record', entries };
  }

  #list(open: string, close: string): PowerFx[] {
    this.#expect(open);
    const items: PowerFx[] = [];
    while (!this.#is(close)) {
      if (items.length > 0) this.#expect(',');
      items.push(this.expression());
    }
    this.#advance();
    return items;
  }

  /** `$"…"` from behind its opening quote: doubled quotes and brackets stand for themselves. */
  #joinedText(): PowerFx {
    const text = this.#text;
    const parts: (string | PowerFx)[] = [];
    let piece = '';
    for (let at = this.#token.end; ; at++) {
      const sign = text[at];
      if (sign === undefined) throw new PowerFxSyntaxError('A text is not closed with a quote.');
      if ((sign === '"' || sign === '{' || sign === '}') && text[at + 1] === sign) {
        piece += sign;
        at++;
      } else if (sign === '"') {
        if (piece !== '') parts.push(piece);
        this.#token = this.#read(at + 1);
        return { kind: 'joined', parts };
      } else if (sign === '{') {
        if (piece !== '') parts.push(piece);
        piece = '';
        this.#token = this.#read(at + 1);
        parts.push(this.expression());
        at = this.closing() - 1;
      } else piece += sign;
    }
  }

  #name(): string {
    const { kind, value } = this.#token;
    if (kind !== 'word' && kind !== 'quoted') throw this.#unexpected('a name');
    this.#advance();
    return value;
  }

  #is(value: string): boolean {
    return this.#token.kind === 'symbol' && this.#token.value === value;
  }

  #isWord(value: string): boolean {
    return this.#token.kind === 'word' && this.#token.value.toLowerCase() === value;
  }

  #expect(value: string): void {
    if (!this.#is(value)) throw this.#unexpected(value);
    this.#advance();
  }

  #unexpected(expected?: string): PowerFxSyntaxError {
    const { kind, value } = this.#token;
    const found = kind === 'end' ? 'it ends' : `“${value}” stands`;
    return new PowerFxSyntaxError(
      expected === undefined
        ? `${found} where nothing is expected.`
        : `${found} where ${expected} is expected.`,
    );
  }

  #advance(): void {
    this.#token = this.#read(this.#token.end);
  }

  #read(from: number): Token {
    const text = this.#text;
    blanks.lastIndex = from;
    blanks.exec(text);
    const at = blanks.lastIndex;
    if (at >= text.length) return { kind: 'end', value: '', end: at };
    const sign = text[at] as string;
    if (sign === '"') return this.#closed('text', '"', at);
    if (sign === "'") return this.#closed('quoted', "'", at);
    if (text.startsWith('$"', at)) return { kind: 'opening', value: '$"', end: at + 2 };
    for (const [kind, pattern] of [
      ['number', number],
      ['word', word],
      ['symbol', symbol],
    ] as const) {
      pattern.lastIndex = at;
      const value = pattern.exec(text)?.[0];
      if (value !== undefined) return { kind, value, end: at + value.length };
    }
    throw new PowerFxSyntaxError(
      `“${String.fromCodePoint(text.codePointAt(at) as number)}” is no part of Power Fx.`,
    );
  }

  /** A text or name from quote to quote; a doubled quote stands for itself. */
  #closed(kind: 'text' | 'quoted', quote: string, at: number): Token {
    for (let end = this.#text.indexOf(quote, at + 1); end >= 0; end = this.#text.indexOf(quote, end + 2)) {
      if (this.#text[end + 1] === quote) continue;
      const value = this.#text.slice(at + 1, end).replaceAll(quote + quote, quote);
      return { kind, value, end: end + 1 };
    }
    throw new PowerFxSyntaxError('A text is not closed with a quote.');
  }
}
