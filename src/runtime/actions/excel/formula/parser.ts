// A formula as a tree. Which functions there are is not known here.
import { CellError, type CellValue } from '../cells.ts';
import { FormulaError, type FormulaToken, type ReferenceToken, tokenize } from './tokens.ts';

export type FormulaNode =
  | { readonly kind: 'value'; readonly value: CellValue }
  | { readonly kind: 'reference'; readonly token: ReferenceToken }
  /** A defined name, or a table with its brackets. */
  | { readonly kind: 'name' | 'table'; readonly text: string }
  /** `arguments`: undefined for one left out, as in `IF(A1,,2)`. */
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly (FormulaNode | undefined)[] }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: FormulaNode }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: FormulaNode;
      readonly right: FormulaNode;
    }
  | { readonly kind: 'array'; readonly rows: readonly (readonly CellValue[])[] };

/** From the loosest to the tightest; all go from left to right. */
const levels: readonly (readonly string[])[] = [
  ['=', '<>', '<', '>', '<=', '>='],
  ['&'],
  ['+', '-'],
  ['*', '/'],
  ['^'],
];

/** Excel allows 64 levels; formulas a person wrote have a tenth of that. */
const maxDepth = 200;

/** The tree of a formula without its `=`. Throws a FormulaError. */
export function parseFormula(formula: string): FormulaNode {
  return new Parser(tokenize(formula)).whole();
}

class Parser {
  readonly #tokens: readonly FormulaToken[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly FormulaToken[]) {
    // A blank between two references takes their intersection, which hardly anybody writes; all others say nothing.
    this.#tokens = tokens.filter((token, index) => {
      if (token.kind !== 'space') return true;
      const [before, after] = [tokens[index - 1], tokens[index + 1]];
      if (before?.kind === 'reference' && after?.kind === 'reference')
        throw new FormulaError('it takes the intersection of two ranges');
      return false;
    });
  }

  whole(): FormulaNode {
    const node = this.#binary(0);
    if (this.#at < this.#tokens.length)
      throw new FormulaError(`"${this.#tokens[this.#at]?.text}" is not expected`);
    return node;
  }

  #operator(): string | undefined {
    const token = this.#tokens[this.#at];
    return token?.kind === 'operator' ? token.text : undefined;
  }

  #expect(operator: string): void {
    if (this.#operator() !== operator) throw new FormulaError(`"${operator}" is missing`);
    this.#at++;
  }

  #binary(level: number): FormulaNode {
    const operators = levels[level];
    if (operators === undefined) return this.#prefixed();
    if (++this.#depth > maxDepth * levels.length) throw new FormulaError('it is nested too deep');
    let left = this.#binary(level + 1);
    for (
      let operator = this.#operator();
      operator !== undefined && operators.includes(operator);
      operator = this.#operator()
    ) {
      this.#at++;
      left = { kind: 'binary', operator, left, right: this.#binary(level + 1) };
    }
    this.#depth--;
    return left;
  }

  /** Unlike in mathematics, `-2^2` is 4. */
  #prefixed(): FormulaNode {
    const operator = this.#operator();
    if (operator === '-' || operator === '+' || operator === '@') {
      this.#at++;
      if (++this.#depth > maxDepth * levels.length) throw new FormulaError('it is nested too deep');
      const operand = this.#prefixed();
      this.#depth--;
      return { kind: 'unary', operator, operand };
    }
    let node = this.#range();
    while (this.#operator() === '%') {
      this.#at++;
      node = { kind: 'unary', operator: '%', operand: node };
    }
    return node;
  }

  /** `INDEX(…):A5` */
  #range(): FormulaNode {
    let node = this.#primary();
    for (;;) {
      const operator = this.#operator();
      if (operator === ':') {
        this.#at++;
        node = { kind: 'binary', operator, left: node, right: this.#primary() };
      } else if (operator === '#') {
        throw new FormulaError('it refers to the spilled cells of another formula');
      } else return node;
    }
  }

  #primary(): FormulaNode {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new FormulaError('it ends too early');
    switch (token.kind) {
      case 'number':
        return { kind: 'value', value: Number(token.text) };
      case 'text':
        return { kind: 'value', value: token.text.slice(1, -1).replaceAll('""', '"') };
      case 'error':
        return {
          kind: 'value',
          value: CellError.of(
            token.text.slice(token.text.lastIndexOf('!', token.text.length - 2) + 1).toUpperCase(),
          ),
        };
      case 'reference':
        return { kind: 'reference', token };
      case 'table':
        return { kind: 'table', text: token.text };
      case 'name':
        if (/^true$/i.test(token.text)) return { kind: 'value', value: true };
        if (/^false$/i.test(token.text)) return { kind: 'value', value: false };
        return { kind: 'name', text: token.text };
      case 'function':
        return this.#call(token.text);
      default:
    }
    if (token.text === '(') {
      const node = this.#binary(0);
      if (this.#operator() === ',') throw new FormulaError('it joins several ranges');
      this.#expect(')');
      return node;
    }
    if (token.text === '{') return this.#array();
    throw new FormulaError(`"${token.text}" is not expected`);
  }

  #call(name: string): FormulaNode {
    this.#expect('(');
    const given: (FormulaNode | undefined)[] = [];
    if (this.#operator() === ')') {
      this.#at++;
      return { kind: 'call', name, arguments: given };
    }
    for (;;) {
      const operator = this.#operator();
      given.push(operator === ',' || operator === ')' ? undefined : this.#binary(0));
      if (this.#operator() === ')') break;
      this.#expect(',');
    }
    this.#at++;
    return { kind: 'call', name, arguments: given };
  }

  #array(): FormulaNode {
    const rows: CellValue[][] = [[]];
    for (;;) {
      const sign = this.#operator() === '-' ? -1 : 1;
      if (sign < 0) this.#at++;
      const item = this.#primary();
      if (item.kind !== 'value') throw new FormulaError('a list in braces holds something other than values');
      rows.at(-1)?.push(typeof item.value === 'number' ? sign * item.value : item.value);
      const operator = this.#operator();
      this.#at++;
      if (operator === '}') return { kind: 'array', rows };
      if (operator === ';') rows.push([]);
      else if (operator !== ',') throw new FormulaError('a list in braces is never closed');
    }
  }
}

/** Every part of a tree, the whole first. */
export function* walkFormula(node: FormulaNode): Generator<FormulaNode> {
  yield node;
  switch (node.kind) {
    case 'call':
      for (const one of node.arguments) if (one !== undefined) yield* walkFormula(one);
      break;
    case 'unary':
      yield* walkFormula(node.operand);
      break;
    case 'binary':
      yield* walkFormula(node.left);
      yield* walkFormula(node.right);
      break;
    default:
  }
}
