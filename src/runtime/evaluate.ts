// One expression, evaluated over variables that somebody else keeps: for a debugger's watch, hover and conditions, and as the oracle
// that generated code is compared with. Written from docs/semantics.md, not from compile.ts; shares only the rules about values.
import { enumMember } from '../language/catalog/catalog.ts';
import { hasPowerFx, PowerFxSyntaxError, parsePowerFx } from '../language/powerFx/parser.ts';
import type { BinaryExpression, Expression, FunctionCall } from '../language/syntax/tree.ts';
import { enumReference } from '../language/syntax/walk.ts';
import { toBoolean, toDatetime, toText } from './convert.ts';
import { functionNotFound, LogicError, notAssigned, notReadable, unsupportedExpression } from './errors.ts';
import * as operations from './operations.ts';
import { evaluatePowerFx } from './powerFx/evaluate.ts';
import { EnumValue, type FlowDatetime, RepositoryValue, type Value } from './values.ts';

/** The variables of one place in a flow. Names come in any letter case; `global` for one written `GLOBAL.name`. */
export interface Variables {
  /** Undefined for a variable that was never assigned. */
  get(name: string, global: boolean): Value | undefined;
  /** The wall clock of this machine, for Power Fx; without one it has no Today and Now. */
  now?(): FlowDatetime;
}

export interface AssignableVariables extends Variables {
  set(name: string, global: boolean, value: Value): void;
}

/**
 * The value of an expression. Changes nothing; a list, table or object may be the variable's own: copy it before keeping it. Throws
 * the LogicError that the expression gives in a flow.
 */
export function evaluateExpression(expression: Expression, variables: Variables): Value {
  const value = (inner: Expression): Value => evaluateExpression(inner, variables);
  const fresh = (inner: Expression): Value => operations.copy(value(inner));
  switch (expression.kind) {
    case 'Number':
      return expression.written === undefined ? expression.value : operations.longNumber(expression.written);
    case 'Boolean':
    case 'Text':
      return expression.value;
    case 'Interpolated': {
      const [only] = expression.parts;
      if (expression.parts.length === 1 && only?.kind === 'Interpolation') return value(only.expression);
      return expression.parts
        .map((part) => (part.kind === 'TextPart' ? part.value : toText(value(part.expression))))
        .join('');
    }
    case 'Datetime':
      return toDatetime(expression.value);
    case 'Parenthesized':
      return value(expression.inner);
    case 'Name':
      return variable(expression.name, false, variables);
    case 'Member': {
      if (isGlobal(expression.target)) return variable(expression.name.text, true, variables);
      const member = enumValue(expression);
      return member ?? operations.property(value(expression.target), expression.name.text);
    }
    case 'Index': {
      const path = repositoryPath(expression);
      if (path !== undefined)
        return new RepositoryValue(
          path.type,
          path.names.map((name) => toText(value(name))),
        );
      const target = value(expression.target);
      return operations.item(target, value(expression.index));
    }
    case 'Slice': {
      const target = value(expression.target);
      const from = expression.from === undefined ? null : value(expression.from);
      return operations.slice(target, from, expression.to === undefined ? null : value(expression.to));
    }
    case 'Call':
      return callFunction(expression, variables);
    case 'Unary':
      return expression.operator === 'NOT'
        ? !toBoolean(value(expression.operand))
        : operations.negate(value(expression.operand));
    case 'Binary':
      return binary(expression, variables);
    case 'List':
      return expression.items.map(fresh);
    case 'Table': {
      const header = expression.header?.map(fresh);
      const rows = expression.rows.map((row) => row.map(fresh));
      return operations.table(header, [
        ...rows,
        ...expression.rowValues.map((row) => operations.rowOf(value(row))),
      ]);
    }
    case 'Object':
      return operations.object(
        expression.entries.map((entry) => [value(entry.key), fresh(entry.value)] as const),
      );
    case 'PowerFx':
      return hasPowerFx(expression.value) ? powerFx(expression.value, variables) : expression.value;
    case 'Encrypted':
      return unsupported('encrypted text');
    case 'Opaque':
      return unsupported('unreadable argument');
    case 'Missing':
      throw notReadable();
  }
}

/**
 * Stores a value where `target` says: in a variable, or in place in a property or item of what a variable holds. Throws the
 * LogicError that `SET target TO …` gives in a flow, `StatementNotReadable` when the expression is no target.
 */
export function assign(target: Expression, value: Value, variables: AssignableVariables): void {
  if (target.kind === 'Name') variables.set(target.name, false, value);
  else if (target.kind === 'Member' && isGlobal(target.target)) variables.set(target.name.text, true, value);
  else if (target.kind === 'Member')
    operations.setProperty(evaluateExpression(target.target, variables), target.name.text, value);
  else if (target.kind === 'Index') {
    const container = evaluateExpression(target.target, variables);
    operations.setItem(container, evaluateExpression(target.index, variables), value);
  } else {
    throw new LogicError(
      'StatementNotReadable',
      'A value can only be stored in a variable, in a property or in an item.',
      'Name a variable, or a path that starts with one.',
    );
  }
}

function variable(name: string, global: boolean, variables: Variables): Value {
  const value = variables.get(name, global);
  if (value !== undefined) return value;
  throw notAssigned(name);
}

function enumValue(expression: Expression): EnumValue | undefined {
  const reference = enumReference(expression);
  const member = reference && enumMember(reference.type, reference.member.text);
  return member === undefined ? undefined : new EnumValue(reference?.type as string, member);
}

/** The names in `appmask['Screen']`, `appmask['Screen']['Element']` and `imgrepo['Image']`, outermost first. */
function repositoryPath(
  expression: Extract<Expression, { kind: 'Index' }>,
): { readonly type: 'UI element' | 'Image'; readonly names: readonly Expression[] } | undefined {
  const { target, index } = expression;
  const [base, names] = target.kind === 'Index' ? [target.target, [target.index, index]] : [target, [index]];
  if (base.kind !== 'Name') return undefined;
  const name = base.name.toLowerCase();
  if (name === 'appmask') return { type: 'UI element', names };
  return name === 'imgrepo' && names.length === 1 ? { type: 'Image', names } : undefined;
}

function callFunction({ name, args }: FunctionCall, variables: Variables): Value {
  const argument = (index: number, otherwise: Value): Value => {
    const given = args[index];
    return given === undefined ? otherwise : evaluateExpression(given, variables);
  };
  // The questions about emptiness may be asked of a variable that was never assigned.
  const asked = (): Value => {
    const [first] = args;
    return first?.kind === 'Name' ? (variables.get(first.name, false) ?? null) : argument(0, null);
  };
  const test = (ask: (where: Value, wanted: Value, ignoreCase: Value) => boolean): boolean => {
    const where = argument(0, null);
    const wanted = argument(1, null);
    return ask(where, wanted, argument(2, false));
  };
  switch (name.text.toLowerCase()) {
    case 'isempty':
      return operations.isEmpty(asked());
    case 'isnotempty':
      return !operations.isEmpty(asked());
    case 'isblank':
      return operations.isBlank(asked());
    case 'isnotblank':
      return !operations.isBlank(asked());
    case 'contains':
      return test(operations.contains);
    case 'notcontains':
      return !test(operations.contains);
    case 'startswith':
      return test(operations.startsWith);
    case 'notstartswith':
      return !test(operations.startsWith);
    case 'endswith':
      return test(operations.endsWith);
    case 'notendswith':
      return !test(operations.endsWith);
    case 'blank':
      return null;
    default:
      throw functionNotFound(name.text);
  }
}

function binary({ operator, left, right }: BinaryExpression, variables: Variables): Value {
  const first = evaluateExpression(left, variables);
  const second = (): Value => evaluateExpression(right, variables);
  switch (operator) {
    case 'AND':
      return toBoolean(first) && toBoolean(second());
    case 'OR':
      return toBoolean(first) || toBoolean(second());
    case 'XOR':
      return toBoolean(first) !== toBoolean(second());
    case '+':
      return operations.add(first, second());
    case '-':
      return operations.subtract(first, second());
    case '*':
      return operations.multiply(first, second());
    case '/':
      return operations.divide(first, second());
    case 'MOD':
      return operations.remainder(first, second());
    case '=':
      return operations.equal(first, second());
    case '<>':
      return !operations.equal(first, second());
    case '<':
      return operations.compare(first, second(), operator) < 0;
    case '<=':
      return operations.compare(first, second(), operator) <= 0;
    case '>':
      return operations.compare(first, second(), operator) > 0;
    case '>=':
      return operations.compare(first, second(), operator) >= 0;
  }
}

function powerFx(content: string, variables: Variables): Value {
  try {
    return evaluatePowerFx(parsePowerFx(content), {
      get: (name) => variables.get(name, false),
      now: () => variables.now?.() ?? unsupported('time'),
    });
  } catch (error) {
    if (error instanceof PowerFxSyntaxError) return unsupported('Power Fx expression');
    throw error;
  }
}

function isGlobal(expression: Expression): boolean {
  return expression.kind === 'Name' && expression.name.toLowerCase() === 'global';
}

function unsupported(what: string): never {
  throw unsupportedExpression(what);
}
