// What a person types into a debugger: expressions, SET statements, messages of log points. Reads them with the parser of the language
// and evaluates them over the variables of one place. Says which of them would tell a secret; decides nothing else.
import { parse } from '../../language/syntax/parser.ts';
import type { Expression, SetStatement } from '../../language/syntax/tree.ts';
import { eachExpression, variablesIn } from '../../language/syntax/walk.ts';
import type { CompiledSubflow, VariableSlots } from '../compile.ts';
import { type AssignableVariables, assign, evaluateExpression } from '../evaluate.ts';
import { copy } from '../operations.ts';
import type { Value } from '../values.ts';
import { DebugError } from './errors.ts';

/** Longer texts are not read. */
const longest = 10_000;

/** The variables of one open subflow and those it reaches with `GLOBAL.`. */
export class VariableScope implements AssignableVariables {
  readonly own: CompiledSubflow;
  readonly slots: VariableSlots;
  readonly shared: CompiledSubflow;
  readonly sharedSlots: VariableSlots;

  constructor(
    own: CompiledSubflow,
    slots: VariableSlots,
    shared: CompiledSubflow,
    sharedSlots: VariableSlots,
  ) {
    this.own = own;
    this.slots = slots;
    this.shared = shared;
    this.sharedSlots = sharedSlots;
  }

  get(name: string, global: boolean): Value | undefined {
    const slot = this.slotOf(name, global);
    if (slot === undefined) return undefined;
    return (global ? this.sharedSlots : this.slots).peek(slot) as Value | undefined;
  }

  set(name: string, global: boolean, value: Value): void {
    const slot = this.slotOf(name, global);
    if (slot === undefined) {
      throw new DebugError(
        'VariableUnknown',
        `The flow has no variable '${name}' in this place.`,
        'Only variables that the flow mentions can be set.',
      );
    }
    (global ? this.sharedSlots : this.slots).poke(slot, value);
  }

  slotOf(name: string, global: boolean): number | undefined {
    return (global ? this.shared : this.own).variables.get(name.toLowerCase());
  }

  /** Whether the value of an expression depends on a sensitive variable. */
  tellsSecret(expression: Expression): boolean {
    if (variablesIn(expression).some(({ name, global }) => this.isSensitive(name, global))) return true;
    // In a Power Fx text every word may be a variable.
    for (const node of eachExpression(expression)) {
      if (node.kind !== 'PowerFx' && node.kind !== 'Opaque') continue;
      const words = node.value.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [];
      if (words.some((word) => this.isSensitive(word, false) || this.isSensitive(word, true))) return true;
    }
    return false;
  }

  /** Why an expression can never have a value here: it mentions a variable that the flow does not have in this place. */
  missing(expression: Expression): string | undefined {
    for (const { name, global } of variablesIn(expression)) {
      if (this.slotOf(name, global) !== undefined) continue;
      const elsewhere = !global && this.slotOf(name, true) !== undefined;
      return `There is no variable '${name}' in this place.${elsewhere ? ` That of Main is GLOBAL.${name}.` : ''}`;
    }
    return undefined;
  }

  isSensitive(name: string, global: boolean): boolean {
    return (global ? this.shared : this.own).sensitive.has(name.toLowerCase());
  }

  evaluate(expression: Expression): Value {
    return evaluateExpression(expression, this);
  }

  /** Stores a copy of the value, as `SET` does. */
  assign(target: Expression, value: Value): void {
    assign(target, copy(value), this);
  }
}

/** Reads one expression; `%expression%` is one too. Throws DebugError `ExpressionWrong`. */
export function readExpression(text: string): Expression {
  const trimmed = text.trim();
  if (/^SET\s/i.test(trimmed))
    throw new DebugError(
      'ExpressionWrong',
      'SET changes a variable; here only an expression can stand.',
      'Type SET … TO … in the debug console.',
    );
  const inner = /^%([^%]*)%$/.exec(trimmed)?.[1] ?? trimmed;
  return readSet(`SET x TO ${inner}`, text).value;
}

/** Reads `SET variable TO expression`; undefined when the text does not begin like one. Throws DebugError `ExpressionWrong`. */
export function readAssignment(text: string): SetStatement | undefined {
  return /^\s*SET\s/i.test(text) ? readSet(text.trim(), text) : undefined;
}

function readSet(line: string, shown: string): SetStatement {
  const wrong = (why: string) =>
    new DebugError('ExpressionWrong', why, "Texts stand in quotes: 'abc'. An example: Count + 1");
  if (shown.trim() === '') throw wrong('There is no expression.');
  if (line.length > longest) throw wrong(`The expression is longer than ${longest} characters.`);
  const file = parse(line);
  const [statement] = file.main;
  const [problem] = file.diagnostics;
  if (file.main.length !== 1 || statement?.kind !== 'Set' || file.subflows.length > 0)
    throw wrong('This is not one expression, nor SET variable TO expression.');
  if (problem !== undefined) throw wrong(problem.message);
  return statement;
}

/** A message with `%expression%` or `{expression}` in it. Braces that hold no expression, and `%%`, are text. */
export function readMessage(text: string): readonly (string | Expression)[] {
  const parts: (string | Expression)[] = [];
  let at = 0;
  for (const match of text.slice(0, longest).matchAll(/%%|%([^%]+)%|\{([^{}]+)\}/g)) {
    parts.push(text.slice(at, match.index));
    at = match.index + match[0].length;
    const inner = match[1] ?? match[2];
    parts.push(inner === undefined ? '%' : expressionOr(inner, match[0]));
  }
  parts.push(text.slice(at, longest));
  return parts;
}

function expressionOr(text: string, otherwise: string): Expression | string {
  try {
    return readExpression(text);
  } catch {
    return otherwise;
  }
}
