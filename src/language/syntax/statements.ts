// One line each: simple statements, action calls, conditions, and the heads of blocks. Knows nothing of nesting (see blocks.ts).

import { type Problem, syntaxMessages } from '../diagnostics.ts';
import { type Cursor, lineEnd } from './cursor.ts';
import { failForStrangeSign, parseAccess, parseExpression, plainText } from './expressions.ts';
import { isReservedWord, kindCode, symbolCode, wordCode } from './tokens.ts';
import type {
  ActionCall,
  ActionStatement,
  Argument,
  BlockHandler,
  CallStatement,
  Condition,
  ErrorStatement,
  ExitFlow,
  Expression,
  GetLastError,
  MetaLine,
  Name,
  Output,
  SetStatement,
  Statement,
  WaitStatement,
} from './tree.ts';

/** What every statement begins with; `end` is filled in when the line is complete. */
export interface Head {
  readonly start: number;
  readonly line: number;
  readonly meta: readonly MetaLine[];
}

/** Complains about whatever is left on the line. */
export function finishLine(cursor: Cursor): void {
  if (cursor.atEnd || failForStrangeSign(cursor)) return;
  cursor.fail(startsStatement(cursor) ? syntaxMessages.twoStatements() : unexpected(cursor));
}

function unexpected(cursor: Cursor): Problem {
  return syntaxMessages.unexpectedText(cursor.shown());
}

const statementWords: readonly number[] = [
  wordCode.SET,
  wordCode.IF,
  wordCode.ELSE,
  wordCode.END,
  wordCode.SWITCH,
  wordCode.CASE,
  wordCode.LOOP,
  wordCode.EXIT,
  wordCode.NEXT,
  wordCode.LABEL,
  wordCode.GOTO,
  wordCode.CALL,
  wordCode.WAIT,
  wordCode.THROW,
  wordCode.BLOCK,
  wordCode.ON,
  wordCode.DISABLE,
  wordCode.FUNCTION,
];

function startsStatement(cursor: Cursor): boolean {
  return (
    statementWords.includes(cursor.code) ||
    (cursor.code === kindCode.word && cursor.peek() === symbolCode['.'] && isWordCode(cursor.peek(2)))
  );
}

function isWordCode(code: number): boolean {
  return code === kindCode.word || (code !== lineEnd && isReservedWord(code));
}

// ── Names ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A name as a word or in quotes; undefined, with a problem noted, where there is none. `what` completes “the name of …”. */
export function parseName(cursor: Cursor, what: string, use: 'variable' | 'label'): Name | undefined {
  if (cursor.code === kindCode.text) return quotedName(cursor);
  if (!cursor.isWord) {
    if (!failForStrangeSign(cursor)) cursor.fail(syntaxMessages.expectedName(what, cursor.found()));
    return undefined;
  }
  if (isReservedWord(cursor.code)) {
    const word = cursor.slice();
    cursor.note(
      use === 'label' ? syntaxMessages.reservedWordAsLabel(word) : syntaxMessages.reservedWordAsName(word),
    );
  }
  return takeWord(cursor);
}

function quotedName(cursor: Cursor): Name {
  const name = { start: cursor.start, end: cursor.end, text: plainText(cursor), quoted: true };
  cursor.advance();
  return name;
}

/** The word at the cursor, reserved or not, as a name. */
export function takeWord(cursor: Cursor): Name {
  const name = { start: cursor.start, end: cursor.end, text: cursor.slice(), quoted: false };
  cursor.advance();
  return name;
}

/** Stands for a name that is missing. */
export function noName(cursor: Cursor): Name {
  return { start: cursor.start, end: cursor.start, text: '', quoted: false };
}

function expectWord(cursor: Cursor, code: number, word: string, form: string): boolean {
  if (cursor.take(code)) return true;
  if (!failForStrangeSign(cursor)) cursor.fail(syntaxMessages.expectedKeyword(word, form));
  return false;
}

// ── Action calls ──────────────────────────────────────────────────────────────────────────────────────────────────

interface Inputs {
  readonly args: readonly Argument[];
  readonly outputs: readonly Output[];
}

const none: Inputs = { args: [], outputs: [] };

/** `Name: value Name=> variable @Dynamic: value …`, up to the end of the line, a closing parenthesis or a problem. */
function parseArguments(cursor: Cursor): Inputs {
  if (cursor.atEnd) return none;
  const args: Argument[] = [];
  const outputs: Output[] = [];
  const givenInputs = new Set<string>();
  const givenOutputs = new Set<string>();
  while (!cursor.atEnd && cursor.code !== symbolCode[')']) {
    const { start } = cursor;
    const dynamic = cursor.code === kindCode.at;
    const next = cursor.peek(dynamic ? 2 : 1);
    const isInput = next === symbolCode[':'];
    if (!isInput && next !== symbolCode['=>']) {
      argumentExpected(cursor);
      break;
    }
    if (dynamic) cursor.advance();
    if (!cursor.isWord && cursor.code !== kindCode.text) {
      argumentExpected(cursor);
      break;
    }
    const name = cursor.code === kindCode.text ? quotedName(cursor) : takeWord(cursor);
    cursor.advance();
    if (isInput) {
      const value = parseExpression(cursor);
      noteDuplicate(cursor, givenInputs, name, dynamic);
      args.push({ start, end: value.end, name, dynamic, value });
    } else {
      const target = parseTarget(cursor);
      noteDuplicate(cursor, givenOutputs, name, dynamic);
      outputs.push({ start, end: target.end, name, dynamic, target });
    }
  }
  return { args, outputs };
}

function argumentExpected(cursor: Cursor): void {
  if (failForStrangeSign(cursor)) return;
  cursor.fail(
    startsStatement(cursor)
      ? syntaxMessages.twoStatements()
      : syntaxMessages.expectedArgument(cursor.shown()),
  );
}

/** Notes `name` when it was given before; `given` remembers it. Dynamic arguments are names of their own. */
function noteDuplicate(cursor: Cursor, given: Set<string>, name: Name, dynamic: boolean): void {
  const before = given.size;
  given.add((dynamic ? '@' : '') + name.text.toLowerCase());
  if (given.size === before) cursor.note(syntaxMessages.duplicateArgument(name.text), name.start, name.end);
}

function sameName(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase();
}

/** Something that can receive a value: a variable, an item or a property of one. */
function parseTarget(cursor: Cursor): Expression {
  const target = parseAccess(cursor);
  if (target.kind !== 'Name' && target.kind !== 'Member' && target.kind !== 'Index') {
    if (target.kind !== 'Missing') cursor.fail(syntaxMessages.invalidTarget(), target.start, target.end);
  }
  return target;
}

/** `Module.Action[.Variant]` and its arguments. A single `_` stands for “no arguments”. */
function parseActionCall(cursor: Cursor): ActionCall {
  const { start } = cursor;
  cursor.advance();
  let parts = 1;
  while (cursor.code === symbolCode['.'] && isWordCode(cursor.peek())) {
    cursor.advance();
    cursor.advance();
    parts++;
  }
  const idEnd = cursor.lastEnd;
  const id = cursor.text.slice(start, idEnd);
  if (parts < 2 || parts > 3) cursor.fail(syntaxMessages.badActionId(id), start, idEnd);
  const noArguments =
    cursor.code === kindCode.word && cursor.slice() === '_' && cursor.peek() !== symbolCode[':'];
  if (noArguments) cursor.advance();
  const { args, outputs } = noArguments ? none : parseArguments(cursor);
  return { start, end: cursor.lastEnd, id, idStart: start, idEnd, args, outputs };
}

export function startsAction(cursor: Cursor): boolean {
  return cursor.code === kindCode.word && cursor.peek() === symbolCode['.'];
}

export function parseAction(cursor: Cursor, head: Head): ActionStatement {
  const action = parseActionCall(cursor);
  return { kind: 'Action', ...head, end: cursor.lastEnd, action, onError: undefined };
}

// ── Conditions ────────────────────────────────────────────────────────────────────────────────────────────────────

/** An expression, or an action call in parentheses. */
function parseCondition(cursor: Cursor, terminator: number = lineEnd): Condition {
  if (!startsActionCondition(cursor))
    return { kind: 'Expression', expression: parseExpression(cursor, terminator) };
  cursor.advance();
  const action = parseActionCall(cursor);
  if (!cursor.take(symbolCode[')']) && !cursor.failed) {
    cursor.fail(syntaxMessages.expectedSymbol(')', 'to close the action', cursor.found()));
  }
  return { kind: 'Action', action, onError: undefined };
}

/**
 * `(Module.Action Name: …` is an action; `(Table.RowsCount) > …` is an expression. What follows the dotted name decides.
 */
function startsActionCondition(cursor: Cursor): boolean {
  if (
    cursor.code !== symbolCode['('] ||
    cursor.peek(1) !== kindCode.word ||
    cursor.peek(2) !== symbolCode['.']
  ) {
    return false;
  }
  let step = 2;
  // An id has three parts at most; one more is looked at, for ids written wrongly.
  while (step < 8 && cursor.peek(step) === symbolCode['.'] && isWordCode(cursor.peek(step + 1))) step += 2;
  const next = cursor.peek(step);
  if (next === kindCode.at) return true;
  if (next === kindCode.word && cursor.peek(step + 1) === symbolCode[')']) return true; // `_`
  const after = cursor.peek(step + 1);
  return (
    (isWordCode(next) || next === kindCode.text) && (after === symbolCode[':'] || after === symbolCode['=>'])
  );
}

// ── Simple statements ─────────────────────────────────────────────────────────────────────────────────────────────

const setForm = 'SET Name TO value';

export function parseSet(cursor: Cursor, head: Head): SetStatement {
  cursor.advance();
  if (cursor.code === wordCode.TO && cursor.peek() !== wordCode.TO) {
    cursor.fail(syntaxMessages.expectedName('the variable', cursor.found()));
  }
  const target = parseTarget(cursor);
  expectWord(cursor, wordCode.TO, 'TO', setForm);
  const value = cursor.failed ? cursor.missing() : parseExpression(cursor);
  return { kind: 'Set', ...head, end: cursor.lastEnd, target, value };
}

export function parseCall(cursor: Cursor, head: Head): CallStatement {
  cursor.advance();
  const name = parseName(cursor, 'the subflow', 'label') ?? noName(cursor);
  const { args, outputs } = parseArguments(cursor);
  return { kind: 'CallSubflow', ...head, end: cursor.lastEnd, name, args, outputs, onError: undefined };
}

export function parseLabel(cursor: Cursor, head: Head, kind: 'Label' | 'Goto'): Statement {
  cursor.advance();
  const name = parseName(cursor, 'the label', 'label') ?? noName(cursor);
  return { kind, ...head, end: cursor.lastEnd, name };
}

export function parseWait(cursor: Cursor, head: Head): WaitStatement {
  cursor.advance();
  const condition = parseCondition(cursor, wordCode.FOR);
  const timeout = cursor.take(wordCode.FOR) ? parseExpression(cursor) : undefined;
  return { kind: 'Wait', ...head, end: cursor.lastEnd, condition, timeout };
}

/** `EXIT LOOP`, `EXIT FUNCTION`, or `EXIT [Code: n] [ErrorMessage: text]`. */
export function parseExit(cursor: Cursor, head: Head): Statement {
  cursor.advance();
  if (cursor.take(wordCode.LOOP)) return { kind: 'ExitLoop', ...head, end: cursor.lastEnd };
  if (cursor.take(wordCode.FUNCTION)) return { kind: 'ExitSubflow', ...head, end: cursor.lastEnd };
  let code: Expression | undefined;
  let message: Expression | undefined;
  for (const { name, value } of parseArguments(cursor).args) {
    if (sameName(name.text, 'Code')) code = value;
    else if (sameName(name.text, 'ErrorMessage')) message = value;
    else cursor.note(syntaxMessages.unknownExitArgument(name.text), name.start, name.end);
  }
  return { kind: 'ExitFlow', ...head, end: cursor.lastEnd, code, message } satisfies ExitFlow;
}

/** `ERROR => variable [Reset: True]` */
export function parseGetLastError(cursor: Cursor, head: Head): GetLastError {
  cursor.advance();
  if (!cursor.take(symbolCode['=>'])) {
    cursor.fail(syntaxMessages.expectedSymbol('=>', 'after ERROR', cursor.found()));
  }
  const variable = cursor.failed ? cursor.missing() : parseTarget(cursor);
  let reset: Expression | undefined;
  for (const { name, value } of parseArguments(cursor).args) {
    if (sameName(name.text, 'Reset')) reset = value;
    else cursor.fail(syntaxMessages.unexpectedText(`“${name.text}”`), name.start, name.end);
  }
  return { kind: 'GetLastError', ...head, end: cursor.lastEnd, variable, reset };
}

/** A statement of two fixed words, such as `NEXT LOOP`. */
export function parsePair(
  cursor: Cursor,
  head: Head,
  form: string,
  second: ReadonlyMap<number, 'NextLoop' | 'NextAction' | 'ThrowError' | 'RepeatAction' | 'RepeatBlock'>,
): Statement {
  const word = cursor.slice().toUpperCase();
  cursor.advance();
  const kind = second.get(cursor.code);
  if (kind === undefined) {
    cursor.fail(syntaxMessages.expectedKeyword(`The word behind ${word}`, form));
    return parseError(cursor, head);
  }
  cursor.advance();
  return { kind, ...head, end: cursor.lastEnd };
}

/** The rest of the line as an ErrorStatement; the problem has been noted already. */
export function parseError(cursor: Cursor, head: Head): ErrorStatement {
  return { kind: 'Error', ...head, end: Math.max(head.start, cursor.lastEnd) };
}

// ── Heads of blocks ───────────────────────────────────────────────────────────────────────────────────────────────

/** The condition of IF or ELSE IF, behind the keyword and up to THEN. */
export function parseBranchCondition(cursor: Cursor): Condition {
  const condition = parseCondition(cursor, wordCode.THEN);
  if (!cursor.failed) expectWord(cursor, wordCode.THEN, 'THEN', 'IF condition THEN');
  return condition;
}

export type LoopHead =
  | { readonly kind: 'ForEach'; readonly variable: Name; readonly source: Expression }
  | { readonly kind: 'While'; readonly condition: Condition }
  | {
      readonly kind: 'LoopFromTo';
      readonly variable: Name | undefined;
      readonly from: Expression;
      readonly to: Expression;
      readonly step: Expression | undefined;
    };

const fromToForm = 'LOOP Index FROM 1 TO 10 STEP 1';

/** What follows LOOP; undefined, with a problem noted, when it is no loop. */
export function parseLoopHead(cursor: Cursor): LoopHead | undefined {
  cursor.advance();
  if (cursor.take(wordCode.FOREACH)) {
    const variable = parseName(cursor, 'the loop variable', 'variable') ?? noName(cursor);
    if (!cursor.failed) expectWord(cursor, wordCode.IN, 'IN', 'LOOP FOREACH Item IN List');
    return { kind: 'ForEach', variable, source: cursor.failed ? cursor.missing() : parseExpression(cursor) };
  }
  if (cursor.take(wordCode.WHILE)) return { kind: 'While', condition: parseCondition(cursor) };
  let variable: Name | undefined;
  if (cursor.code !== wordCode.FROM || cursor.peek() === wordCode.FROM) {
    if (!cursor.isWord) {
      cursor.fail(
        syntaxMessages.expectedKeyword(
          'FROM, FOREACH or WHILE',
          `${fromToForm}, LOOP FOREACH … or LOOP WHILE …`,
        ),
      );
      return undefined;
    }
    variable = parseName(cursor, 'the loop variable', 'variable');
  }
  expectWord(cursor, wordCode.FROM, 'FROM', fromToForm);
  const from = cursor.failed ? cursor.missing() : parseExpression(cursor, wordCode.TO);
  if (!cursor.failed) expectWord(cursor, wordCode.TO, 'TO', fromToForm);
  const to = cursor.failed ? cursor.missing() : parseExpression(cursor, wordCode.STEP);
  const step = cursor.take(wordCode.STEP) ? parseExpression(cursor) : undefined;
  return { kind: 'LoopFromTo', variable, from, to, step };
}

export type CaseOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';
const caseOperators: ReadonlyMap<number, CaseOperator> = new Map(
  (['=', '<>', '<', '<=', '>', '>='] as const).map((operator) => [symbolCode[operator], operator]),
);

/** What follows CASE. Without an operator the value is compared for equality (the designer accepts that form). */
export function parseCaseHead(cursor: Cursor): {
  readonly operator: CaseOperator;
  readonly value: Expression;
} {
  cursor.advance();
  const operator = caseOperators.get(cursor.code);
  if (operator !== undefined) cursor.advance();
  return { operator: operator ?? '=', value: parseExpression(cursor) };
}

export interface OnErrorHead {
  readonly errorName: Name | undefined;
  readonly retry:
    | {
        readonly times: Expression;
        readonly wait: Expression | undefined;
        readonly options: readonly Argument[];
      }
    | undefined;
}

const retryForm = 'ON ERROR REPEAT 3 TIMES WAIT 5';

/** What follows `ON ERROR`: nothing, an error name, or `REPEAT n TIMES [WAIT s] [Option: value …]`. */
export function parseOnErrorHead(cursor: Cursor): OnErrorHead {
  if (cursor.take(wordCode.REPEAT)) {
    const times = parseExpression(cursor, wordCode.TIMES);
    if (!cursor.failed) expectWord(cursor, wordCode.TIMES, 'TIMES', retryForm);
    const wait = cursor.take(wordCode.WAIT) ? parseExpression(cursor) : undefined;
    return { errorName: undefined, retry: { times, wait, options: parseArguments(cursor).args } };
  }
  if (cursor.code === wordCode.GOTO) cursor.fail(syntaxMessages.onErrorGoto());
  const errorName = cursor.atEnd ? undefined : parseName(cursor, 'the error', 'label');
  return { errorName, retry: undefined };
}

/** What follows `ON BLOCK ERROR`: nothing, `all`, an error name, or `'code' IsUserDefinedErrorCode: True`. */
export function parseOnBlockErrorHead(cursor: Cursor): Pick<BlockHandler, 'matches' | 'args'> {
  if (cursor.code === wordCode.REPEAT) {
    cursor.fail(syntaxMessages.repeatOnBlock());
    return { matches: { kind: 'default' }, args: [] };
  }
  if (cursor.atEnd) return { matches: { kind: 'default' }, args: [] };
  // `IsUserDefinedErrorCode: …` without a code is still an argument.
  const name = cursor.peek() === symbolCode[':'] ? undefined : parseName(cursor, 'the error', 'label');
  const { args } = parseArguments(cursor);
  if (name === undefined) return { matches: { kind: 'default' }, args };
  if (!name.quoted && sameName(name.text, 'all')) return { matches: { kind: 'all' }, args };
  const custom = args.some(
    ({ name: argument, value }) =>
      sameName(argument.text, 'IsUserDefinedErrorCode') && value.kind === 'Boolean' && value.value,
  );
  return { matches: { kind: custom ? 'custom' : 'named', name }, args };
}
