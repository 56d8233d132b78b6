// Evaluates a Power Fx expression over the variables of a flow. Pure: it changes nothing. The functions are in functions.ts, conversions
// and order in values.ts; what part of Power Fx this is: docs/power-fx.md.
import { powerFxEnums, powerFxFunctions } from '../../language/powerFx/functions.ts';
import type { PowerFx, PowerFxOperator } from '../../language/powerFx/tree.ts';
import { parseNumeric } from '../convert.ts';
import { addDecimals, divideDecimals, multiplyDecimals, nearest, negateDecimal } from '../dotnet/decimal.ts';
import { LogicError } from '../errors.ts';
import * as operations from '../operations.ts';
import { CustomObject, Datarow, Datatable, FlowDatetime, type Value } from '../values.ts';
import { functions } from './functions.ts';
import {
  columnOf,
  inRange,
  isTime,
  numberOf,
  order,
  power,
  powerFxError,
  rowsOf,
  same,
  textOf,
  timeMs,
  truthOf,
} from './values.ts';

/** What an expression sees of its flow. */
export interface PowerFxScope {
  /** Undefined for a variable without value. */
  get(name: string): Value | undefined;
  /** The wall clock of this machine. */
  now(): FlowDatetime;
}

/** The row a formula is evaluated for, inside of which further ones may be. */
export interface Row {
  readonly value: Value;
  /** Given with `As`. */
  readonly name: string | undefined;
  readonly outer: Row | undefined;
}

/** The value of an expression. It may be a part of a variable: copy it before keeping it. Throws LogicError. */
export function evaluatePowerFx(expression: PowerFx, scope: PowerFxScope): Value {
  return new Formula(scope).evaluate(expression, undefined);
}

/** An argument of a function, evaluated when it is asked for. */
export interface Given {
  readonly node: PowerFx;
  value(): Value;
  /** Its value for one row of `table`, an argument too. */
  forRow(row: Value, table: Given): Value;
}

export class Formula {
  readonly #scope: PowerFxScope;

  constructor(scope: PowerFxScope) {
    this.#scope = scope;
  }

  now(): FlowDatetime {
    return this.#scope.now();
  }

  evaluate(node: PowerFx, row: Row | undefined): Value {
    switch (node.kind) {
      case 'number':
        return parseNumeric(node.written) ?? operations.longNumber(node.written);
      case 'text':
      case 'boolean':
        return node.value;
      case 'joined':
        return node.parts
          .map((part) => (typeof part === 'string' ? part : textOf(this.evaluate(part, row))))
          .join('');
      case 'name':
        return this.#name(node.name, row);
      case 'field':
        return this.#field(node, row);
      case 'record':
        return new CustomObject(
          node.entries.map(({ key, value }) => [key, operations.copy(this.evaluate(value, row))] as const),
        );
      case 'table':
        return node.items.map((item) => operations.copy(this.evaluate(item, row)));
      case 'as':
        return this.evaluate(node.table, row);
      case 'unary': {
        const operand = this.evaluate(node.operand, row);
        if (node.operator === '!') return !truthOf(operand);
        if (node.operator === '-') return negateDecimal(numberOf(operand));
        return inRange(divideDecimals(numberOf(operand), 100));
      }
      case 'binary':
        return this.#binary(node.operator, node.left, node.right, row);
      case 'call':
        return this.#call(node.name, node.args, row);
    }
  }

  #name(name: string, row: Row | undefined): Value {
    for (let at = row; at !== undefined; at = at.outer) {
      if (at.name === name || (name === 'ThisRecord' && at.name === undefined)) return at.value;
      const column = at.name === undefined ? columnOf(at.value, name) : undefined;
      if (column !== undefined) return column;
    }
    const value = this.#scope.get(name);
    if (value !== undefined) return value;
    throw new LogicError(
      'VariableNotAssigned',
      `The variable '${name}' has no value yet.`,
      'Assign it before this line; in Power Fx names are told apart by upper and lower case.',
    );
  }

  #field({ target, name }: Extract<PowerFx, { kind: 'field' }>, row: Row | undefined): Value {
    if (target.kind === 'name') {
      const member = powerFxEnums.get(target.name)?.find((entry) => entry === name);
      if (member !== undefined && this.#scope.get(target.name) === undefined) return member;
    }
    const value = this.evaluate(target, row);
    if (value === null) return null;
    if (value instanceof CustomObject) return value.get(name) ?? null;
    if (value instanceof Datarow) return columnOf(value, name) ?? operations.property(value, name);
    // A column of a table, as a table of its own.
    if (Array.isArray(value) || value instanceof Datatable)
      return rowsOf(value).map((item) => columnOf(item, name) ?? null);
    return columnOf(value, name) ?? operations.property(value, name);
  }

  #binary(operator: PowerFxOperator, left: PowerFx, right: PowerFx, row: Row | undefined): Value {
    const first = this.evaluate(left, row);
    const second = (): Value => this.evaluate(right, row);
    switch (operator) {
      case '||':
        return truthOf(first) || truthOf(second());
      case '&&':
        return truthOf(first) && truthOf(second());
      case '&':
        return textOf(first) + textOf(second());
      case '=':
        return same(first, second());
      case '<>':
        return !same(first, second());
      case '<':
        return order(first, second()) < 0;
      case '<=':
        return order(first, second()) <= 0;
      case '>':
        return order(first, second()) > 0;
      case '>=':
        return order(first, second()) >= 0;
      case 'in':
        return isIn(first, second(), (text) => text.toLowerCase());
      case 'exactin':
        return isIn(first, second(), (text) => text);
      case '+':
        return sum(first, second());
      case '-':
        return difference(first, second());
      case '*':
        return inRange(multiplyDecimals(numberOf(first), numberOf(second())));
      case '/':
        return operations.divide(numberOf(first), numberOf(second()));
      case '^':
        return power(numberOf(first), numberOf(second()));
    }
  }

  #call(name: string, args: readonly PowerFx[], row: Row | undefined): Value {
    const known = powerFxFunctions.get(name.toLowerCase());
    const run = known && functions.get(known.name);
    if (run === undefined || known === undefined) {
      throw new LogicError(
        'FunctionNotFound',
        `There is no function '${name}' in Power Fx here.`,
        'Use another function; docs/power-fx.md lists them.',
      );
    }
    if (args.length < known.least || args.length > known.most)
      throw powerFxError(`${known.name} does not take ${args.length} values.`);
    return run(
      args.map((node) => ({
        node,
        value: () => this.evaluate(node, row),
        forRow: (value, table) =>
          this.evaluate(node, {
            value,
            name: table.node.kind === 'as' ? table.node.name : undefined,
            outer: row,
          }),
      })),
      this,
    );
  }
}

const dayMs = 86_400_000;

/** Numbers add; a number added to a date is days, a time added to a date its hours. */
function sum(left: Value, right: Value): Value {
  if (left instanceof FlowDatetime && right instanceof FlowDatetime) {
    const [time, date] = isTime(left) ? [left, right] : [right, left];
    if (isTime(time)) return new FlowDatetime(date.ticks + timeMs(time));
  } else if (left instanceof FlowDatetime) return shifted(left, right, 1);
  else if (right instanceof FlowDatetime) return shifted(right, left, 1);
  return inRange(addDecimals(numberOf(left), numberOf(right)));
}

/** Numbers subtract; two dates give the days between them. */
function difference(left: Value, right: Value): Value {
  if (left instanceof FlowDatetime && right instanceof FlowDatetime) {
    if (isTime(right) && !isTime(left)) return new FlowDatetime(left.ticks - timeMs(right));
    return inRange(divideDecimals(left.ticks - right.ticks, dayMs));
  }
  if (left instanceof FlowDatetime) return shifted(left, right, -1);
  return inRange(addDecimals(numberOf(left), negateDecimal(numberOf(right))));
}

function shifted(date: FlowDatetime, days: Value, sign: number): FlowDatetime {
  return new FlowDatetime(
    date.ticks + sign * Math.round(nearest(inRange(multiplyDecimals(numberOf(days), dayMs)))),
  );
}

/** A text is in a text, or a value in a table; texts by `fold`. */
function isIn(wanted: Value, where: Value, fold: (text: string) => string): boolean {
  if (Array.isArray(where) || where instanceof Datatable) {
    return rowsOf(where).some((row) =>
      typeof row === 'string' && typeof wanted === 'string' ? fold(row) === fold(wanted) : same(row, wanted),
    );
  }
  if (where === null && wanted === null) return true;
  return fold(textOf(where)).includes(fold(textOf(wanted)));
}
