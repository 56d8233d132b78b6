// Expressions: operators, access, calls, literals and the expressions inside texts. One pass, bounded recursion.
//
//   expression := operators over unary; weakest first: OR, XOR, AND, NOT, comparison, + -, * / MOD, unary -
//   access     := primary { .Name | [index] | [from:to] }
//   primary    := number | True | False | text | name | name(arguments) | (expression) | [list] | {table or object}
//
// The order of precedence is the conventional one: the designer accepts the mixes, no public source states an order.

import { syntaxMessages } from '../diagnostics.ts';
import { type Cursor, lineEnd } from './cursor.ts';
import { isReservedWord, kindCode, symbolCode, wordCode } from './tokens.ts';
import type {
  BinaryOperator,
  Expression,
  InterpolatedText,
  InterpolationPart,
  Name,
  TextPart,
} from './tree.ts';

const notPower = 4;
const operators: readonly (readonly [code: number, operator: BinaryOperator, power: number])[] = [
  [wordCode.OR, 'OR', 1],
  [wordCode.XOR, 'XOR', 2],
  [wordCode.AND, 'AND', 3],
  [symbolCode['='], '=', 5],
  [symbolCode['<>'], '<>', 5],
  [symbolCode['<'], '<', 5],
  [symbolCode['<='], '<=', 5],
  [symbolCode['>'], '>', 5],
  [symbolCode['>='], '>=', 5],
  [symbolCode['+'], '+', 6],
  [symbolCode['-'], '-', 6],
  [symbolCode['*'], '*', 7],
  [symbolCode['/'], '/', 7],
  [wordCode.MOD, 'MOD', 7],
];
const powers = new Uint8Array(256);
const operatorOf: BinaryOperator[] = [];
for (const [code, operator, power] of operators) {
  powers[code] = power;
  operatorOf[code] = operator;
}

/** An expression; a MissingExpression with a problem noted where there is none. `terminator` is a reserved word that ends it. */
export function parseExpression(cursor: Cursor, terminator: number = lineEnd): Expression {
  const outer = cursor.terminator;
  if (terminator !== lineEnd) cursor.terminator = terminator;
  const expression = binary(cursor, 1);
  cursor.terminator = outer;
  return expression;
}

function binary(cursor: Cursor, weakest: number): Expression {
  let left = unary(cursor);
  for (;;) {
    const code = cursor.code;
    const power = powers[code] as number;
    if (power === 0 || power < weakest) return left;
    const below = cursor.height;
    cursor.advance();
    const right = binary(cursor, power + 1);
    left = {
      kind: 'Binary',
      start: left.start,
      end: right.end,
      operator: operatorOf[code] as BinaryOperator,
      left,
      right,
    };
    cursor.raise(Math.max(below, cursor.height));
  }
}

function unary(cursor: Cursor): Expression {
  const { code, start } = cursor;
  if (code !== symbolCode['-'] && code !== wordCode.NOT) return parseAccess(cursor);
  if (!cursor.descend()) return cursor.missing();
  cursor.advance();
  const operand = code === wordCode.NOT ? binary(cursor, notPower) : unary(cursor);
  cursor.ascend();
  cursor.raise(cursor.height);
  return {
    kind: 'Unary',
    start,
    end: operand.end,
    operator: code === wordCode.NOT ? 'NOT' : '-',
    operand,
  };
}

/** A primary with its properties, items and slices: also the form of everything that can receive a value. */
export function parseAccess(cursor: Cursor): Expression {
  let target = primary(cursor);
  for (;;) {
    const below = cursor.height;
    if (cursor.code === symbolCode['.']) {
      cursor.advance();
      if (!cursor.isWord) {
        cursor.fail(syntaxMessages.expectedName('the property', cursor.found()));
        return target;
      }
      if (isReservedWord(cursor.code)) cursor.note(syntaxMessages.reservedWordAsProperty(cursor.slice()));
      const name = takeName(cursor);
      target = { kind: 'Member', start: target.start, end: name.end, target, name };
      cursor.raise(below);
    } else if (cursor.code === symbolCode['[']) {
      if (!cursor.descend()) return target;
      target = brackets(cursor, target, below);
      cursor.ascend();
    } else {
      return target;
    }
  }
}

function brackets(cursor: Cursor, target: Expression, below: number): Expression {
  cursor.advance();
  const from = cursor.code === symbolCode[':'] ? undefined : parseExpression(cursor);
  let height = Math.max(below, from === undefined ? 0 : cursor.height);
  const slice = cursor.take(symbolCode[':']);
  let to: Expression | undefined;
  if (slice && cursor.code !== symbolCode[']']) {
    to = parseExpression(cursor);
    height = Math.max(height, cursor.height);
  }
  closing(cursor, ']', 'after the index');
  cursor.raise(height);
  const place = { start: target.start, end: cursor.lastEnd };
  return slice
    ? { kind: 'Slice', ...place, target, from, to }
    : { kind: 'Index', ...place, target, index: from as Expression };
}

function closing(cursor: Cursor, symbol: ']' | ')' | '}', purpose: string): void {
  if (!cursor.take(symbolCode[symbol])) expected(cursor, symbol, purpose);
}

/** Fails for a missing symbol, or for what typically stands in its place: percent signs and double quotes. */
function expected(cursor: Cursor, symbol: string, purpose: string): void {
  if (!failForStrangeSign(cursor)) {
    cursor.fail(syntaxMessages.expectedSymbol(symbol, purpose, cursor.found()));
  }
}

/** Fails when the current token is a sign that people bring from elsewhere. True when it was one. */
export function failForStrangeSign(cursor: Cursor): boolean {
  if (cursor.code !== kindCode.unknown) return false;
  const sign = cursor.slice();
  if (sign !== '%' && sign !== '"') return false;
  cursor.fail(sign === '%' ? syntaxMessages.barePercent() : syntaxMessages.doubleQuotes());
  return true;
}

function takeName(cursor: Cursor): Name {
  const name = { start: cursor.start, end: cursor.end, text: cursor.slice(), quoted: false };
  cursor.advance();
  return name;
}

// ── Primaries ─────────────────────────────────────────────────────────────────────────────────────────────────────

function primary(cursor: Cursor): Expression {
  const { code, start, end } = cursor;
  cursor.height = 1;
  switch (code) {
    case kindCode.word:
      return cursor.peek() === symbolCode['('] ? call(cursor) : variable(cursor);
    case kindCode.number: {
      const written = cursor.slice();
      const value = Number(written);
      cursor.advance();
      if (cursor.isWord && cursor.start === end && cursor.code === kindCode.word) {
        cursor.fail(
          syntaxMessages.nameStartsWithDigit(cursor.text.slice(start, cursor.end)),
          start,
          cursor.end,
        );
      }
      return written.length <= 15 && value < 1e15
        ? { kind: 'Number', start, end, value }
        : { kind: 'Number', start, end, value, written };
    }
    case kindCode.text: {
      const value = plainText(cursor);
      cursor.advance();
      return { kind: 'Text', start, end, value };
    }
    case kindCode.interpolated:
      return interpolated(cursor);
    case kindCode.powerFx:
      return { kind: 'PowerFx', start, end, value: closedText(cursor, 4, "$fx'", "'") };
    case kindCode.encrypted:
      return { kind: 'Encrypted', start, end, value: closedText(cursor, 2, "P'", "'") };
    case kindCode.opaque:
      return { kind: 'Opaque', start, end, value: closedText(cursor, 1, '`', '`') };
    case kindCode.datetime:
      return { kind: 'Datetime', start, end, value: closedText(cursor, 2, 'd"', '"') };
    case symbolCode['(']:
      return parenthesized(cursor);
    case symbolCode['[']: {
      const items = list(cursor);
      return { kind: 'List', start, end: cursor.lastEnd, items };
    }
    case symbolCode['{']:
      return braces(cursor);
    case wordCode.TRUE:
    case wordCode.FALSE:
      cursor.advance();
      return { kind: 'Boolean', start, end, value: code === wordCode.TRUE };
  }
  if (code === lineEnd || !isReservedWord(code) || code === cursor.terminator) {
    const missing = cursor.missing();
    if (!failForStrangeSign(cursor)) cursor.fail(syntaxMessages.expectedExpression(cursor.found()));
    return missing;
  }
  // `GLOBAL.x` is a variable of the flow; any other reserved word stands where a variable was meant.
  if (code !== wordCode.GLOBAL || cursor.peek() !== symbolCode['.']) {
    cursor.note(syntaxMessages.reservedWordAsName(cursor.slice()));
  }
  return variable(cursor);
}

function variable(cursor: Cursor): Expression {
  const { start, end } = cursor;
  const name = cursor.slice();
  cursor.advance();
  return { kind: 'Name', start, end, name };
}

function call(cursor: Cursor): Expression {
  const name = takeName(cursor);
  const args = items(cursor, ')', 'after the arguments');
  return { kind: 'Call', start: name.start, end: cursor.lastEnd, name, args };
}

function parenthesized(cursor: Cursor): Expression {
  const { start } = cursor;
  if (!cursor.descend()) return cursor.missing();
  cursor.advance();
  const inner = parseExpression(cursor);
  closing(cursor, ')', 'to close the parenthesis');
  cursor.ascend();
  cursor.raise(cursor.height);
  return { kind: 'Parenthesized', start, end: cursor.lastEnd, inner };
}

function list(cursor: Cursor): Expression[] {
  return items(cursor, ']', 'after the items');
}

/** Expressions between the current opening bracket and `close`, separated by commas. */
function items(cursor: Cursor, close: ']' | ')', purpose: string): Expression[] {
  const found: Expression[] = [];
  if (!cursor.descend()) return found;
  cursor.advance();
  let height = 0;
  if (cursor.code !== symbolCode[close]) {
    do {
      found.push(parseExpression(cursor));
      height = Math.max(height, cursor.height);
    } while (cursor.take(symbolCode[',']));
  }
  closing(cursor, close, purpose);
  cursor.ascend();
  cursor.raise(height);
  return found;
}

/** `{ }` and `{ ^[…], […] }` are tables, `{{ }}` and `{ key: value }` are objects. */
function braces(cursor: Cursor): Expression {
  const { start } = cursor;
  if (!cursor.descend()) return cursor.missing();
  cursor.advance();
  const below = cursor.height;
  let found: Expression;
  switch (cursor.code) {
    case symbolCode['{']:
      cursor.advance();
      closing(cursor, '}', 'to close the empty object {{ }}');
      closing(cursor, '}', 'to close the empty object {{ }}');
      found = { kind: 'Object', start, end: cursor.lastEnd, entries: [] };
      break;
    case symbolCode['}']:
    case symbolCode['^']:
    case symbolCode['[']:
      found = table(cursor, start);
      break;
    default:
      found = objectOrTable(cursor, start);
  }
  cursor.ascend();
  cursor.raise(Math.max(below, cursor.height));
  return found;
}

function table(cursor: Cursor, start: number, firstRow?: Expression): Expression {
  let header: Expression[] | undefined;
  const rows: Expression[][] = [];
  const rowValues: Expression[] = [];
  let height = cursor.height;
  if (firstRow !== undefined) rowValues.push(firstRow);
  else if (cursor.code !== symbolCode['}']) {
    if (cursor.take(symbolCode['^'])) {
      if (cursor.code === symbolCode['[']) header = list(cursor);
      else expected(cursor, '[', 'to start the header of the table');
    } else {
      tableRow(cursor, rows, rowValues);
    }
    height = cursor.height;
  }
  while (cursor.take(symbolCode[','])) {
    tableRow(cursor, rows, rowValues);
    height = Math.max(height, cursor.height);
  }
  closing(cursor, '}', 'after the rows of the table');
  cursor.height = height;
  return { kind: 'Table', start, end: cursor.lastEnd, header, rows, rowValues };
}

/** A row is `[…]`, or a variable that holds a list. Behind such a variable all rows are `rowValues`, so their order is kept. */
function tableRow(cursor: Cursor, rows: Expression[][], rowValues: Expression[]): void {
  if (cursor.code === symbolCode['['] && rowValues.length === 0) rows.push(list(cursor));
  else rowValues.push(parseExpression(cursor));
}

/** `{ key: value, … }`; without a colon behind the first expression it was the first row of a table. */
function objectOrTable(cursor: Cursor, start: number): Expression {
  const entries: { key: Expression; value: Expression }[] = [];
  let height = 0;
  do {
    const key = parseAccess(cursor);
    if (entries.length === 0 && (cursor.code === symbolCode[','] || cursor.code === symbolCode['}'])) {
      return table(cursor, start, key);
    }
    if (!cursor.take(symbolCode[':'])) {
      expected(cursor, ':', 'between the key and its value');
      break;
    }
    const value = parseExpression(cursor);
    height = Math.max(height, cursor.height);
    entries.push({ key, value });
  } while (cursor.take(symbolCode[',']));
  closing(cursor, '}', 'after the entries of the object');
  cursor.height = height;
  return { kind: 'Object', start, end: cursor.lastEnd, entries };
}

// ── Texts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Value of the `'…'` or `'''…'''` at the cursor; notes when it is unterminated. */
export function plainText(cursor: Cursor): string {
  const { text, start, end } = cursor;
  const triple = text.startsWith("'''", start) && end - start !== 2;
  const quotes = triple ? 3 : 1;
  const open = noteUnterminated(cursor, triple ? "'''" : "'", triple ? "'''" : "'");
  return unescaped(text, start + quotes, open ? end : end - quotes);
}

/** Value of a literal that is `prefix` characters, its content, and one closing character. Steps over it. */
function closedText(cursor: Cursor, prefix: number, opening: string, closing: string): string {
  const { text, start, end } = cursor;
  const open = noteUnterminated(cursor, opening, closing);
  const value =
    opening === "$fx'"
      ? unescaped(text, start + prefix, open ? end : end - 1)
      : text.slice(start + prefix, open ? end : end - 1);
  cursor.advance();
  return value;
}

function noteUnterminated(cursor: Cursor, opening: string, closing: string): boolean {
  const open = cursor.tokens.hasMark(cursor.index);
  if (open) cursor.note(syntaxMessages.unterminatedText(opening, closing));
  return open;
}

function interpolated(cursor: Cursor): InterpolatedText {
  const { text, start, end } = cursor;
  const parts: (TextPart | InterpolationPart)[] = [];
  let height = 0;
  let from = start + 4;
  let to = end - 3;
  const literal = (until: number) => {
    if (until > from)
      parts.push({ kind: 'TextPart', start: from, end: until, value: literalPart(text, from, until) });
  };
  if (!cursor.descend()) return { kind: 'Interpolated', start, end, parts };
  if (cursor.tokens.hasMark(cursor.index)) {
    for (const mark of cursor.tokens.marks(cursor.index)) {
      switch (mark.kind) {
        case 'interpolation': {
          literal(mark.start);
          const expression = cursor.inside(mark.start + 1, mark.end - 1, () => interpolation(cursor));
          height = Math.max(height, cursor.height);
          parts.push({ kind: 'Interpolation', start: mark.start, end: mark.end, expression });
          from = mark.end;
          break;
        }
        case 'lonePercent':
          cursor.note(syntaxMessages.lonePercent(), mark.start, mark.end);
          break;
        case 'bareQuote':
          cursor.note(syntaxMessages.bareQuote(), mark.start, mark.end);
          break;
        case 'unterminated':
          cursor.note(syntaxMessages.unterminatedText("$'''", "'''"));
          to = end;
          break;
        case 'backslashBeforeQuotes':
          cursor.note(syntaxMessages.backslashBeforeQuotes(), mark.start, mark.end);
          break;
      }
    }
  }
  literal(to);
  cursor.ascend();
  cursor.advance();
  cursor.raise(height);
  return { kind: 'Interpolated', start, end, parts };
}

function interpolation(cursor: Cursor): Expression {
  const expression = parseExpression(cursor);
  if (!cursor.atEnd && !failForStrangeSign(cursor)) {
    cursor.fail(syntaxMessages.expectedSymbol('%', 'to close the expression', cursor.found()));
  }
  return expression;
}

const special = /\\|\r|\n/;
const escapes = /\\(['"\\])|\r\n|\r|\n/g;
const specialInLiteral = /[\\%\r\n]/;
const literalEscapes = /\\(['"\\])|\\%|%%|\r\n|\r|\n/g;

/**
 * The text with its escapes resolved: a backslash only escapes `'`, `"` and `\`; before any other character it stands for
 * itself. Line breaks become CRLF, as the designer stores them whatever the file has (both observed in the designer).
 */
function unescaped(text: string, start: number, end: number): string {
  const raw = text.slice(start, end);
  return special.test(raw) ? raw.replace(escapes, (_, escaped?: string) => escaped ?? '\r\n') : raw;
}

/** Like `unescaped`, for a part of `$'''…'''`: `%%` is one percent sign, and `\%` vanishes (observed in the designer). */
function literalPart(text: string, start: number, end: number): string {
  const raw = text.slice(start, end);
  if (!specialInLiteral.test(raw)) return raw;
  return raw.replace(literalEscapes, (found, escaped?: string) => {
    if (escaped !== undefined) return escaped;
    if (found === '%%') return '%';
    return found === '\\%' ? '' : '\r\n';
  });
}
