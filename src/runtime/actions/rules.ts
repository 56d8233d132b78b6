// The rules of Filter data table, Filter list and Join data tables: reading them from the table the designer writes, and testing values.
import { ActionError } from '../action.ts';
import { toText } from '../convert.ts';
import { LogicError } from '../errors.ts';
import { compare, contains, endsWith, equal, isBlank, isEmpty, startsWith } from '../operations.ts';
import type { Datatable, Value } from '../values.ts';

type Test = (left: Value, right: Value, ignoreCase: boolean) => boolean;

/** One line of a rule editor. `subjects` are the other columns in order: the column and the value, or the two columns of a join. */
export interface Rule {
  /** How it is joined to the rule before it; of no meaning for the first. */
  readonly joinedBy: 'and' | 'or';
  readonly test: Test;
  /** The test is whether both are equal. */
  readonly isEquality: boolean;
  readonly subjects: readonly Value[];
}

const equals: Test = (left, right, ignoreCase) =>
  ignoreCase && typeof left === 'string' && typeof right === 'string'
    ? left.toLowerCase() === right.toLowerCase()
    : equal(left, right);

/** Blank cells are neither greater nor less than anything. */
const ordered =
  (accept: (order: number) => boolean): Test =>
  (left, right, ignoreCase) => {
    if (left === null || right === null) return false;
    const fold = (value: Value) => (ignoreCase && typeof value === 'string' ? value.toLowerCase() : value);
    return accept(compare(fold(left), fold(right), '<'));
  };

// Names as designers write them, without `Than` and `To` and in lower case. Seen in flows: Equal, NotEqual, Contains,
// NotContains, IsEmpty, IsNotEmpty; the others follow the labels of the designer.
const tests: Readonly<Record<string, Test>> = {
  equal: equals,
  notequal: (left, right, ignoreCase) => !equals(left, right, ignoreCase),
  greater: ordered((order) => order > 0),
  greaterorequal: ordered((order) => order >= 0),
  less: ordered((order) => order < 0),
  lessorequal: ordered((order) => order <= 0),
  contains: (left, right, ignoreCase) => contains(toText(left), toText(right), ignoreCase),
  notcontains: (left, right, ignoreCase) => !contains(toText(left), toText(right), ignoreCase),
  startswith: (left, right, ignoreCase) => startsWith(left, right, ignoreCase),
  notstartswith: (left, right, ignoreCase) => !startsWith(left, right, ignoreCase),
  endswith: (left, right, ignoreCase) => endsWith(left, right, ignoreCase),
  notendswith: (left, right, ignoreCase) => !endsWith(left, right, ignoreCase),
  isempty: isEmpty,
  isnotempty: (left) => !isEmpty(left),
  isblank: isBlank,
  isnotblank: (left) => !isBlank(left),
};

/**
 * The rules in a table with the columns `OPERATOR`, optionally `RULE` (`And`, `Or`; the default is And), and one or two more.
 * Throws ActionFailed when there is no such column or an operator is unknown.
 */
export function readRules(table: Datatable): Rule[] {
  const operator = table.columnIndex('OPERATOR');
  const joint = table.columnIndex('RULE');
  if (operator < 0) return invalid('The rules have no column OPERATOR.');
  return table.rows.map((row) => {
    const name = toText(row[operator] ?? null);
    const test = tests[name.toLowerCase().replace(/than|to$/g, '')];
    if (test === undefined) return invalid(`There is no operator '${name}'.`);
    const word = joint < 0 ? '' : toText(row[joint] ?? null).toLowerCase();
    return {
      joinedBy: word === 'or' ? 'or' : 'and',
      test,
      isEquality: test === equals,
      subjects: row.filter((_, index) => index !== operator && index !== joint),
    };
  });
}

function invalid(reason: string): never {
  throw new ActionError(
    'ActionFailed',
    reason,
    "Give the rules as the designer writes them: { ^['RULE', 'COLUMN', 'OPERATOR', 'VALUE'], … }.",
  );
}

/**
 * True when the rules hold; And binds stronger than Or, no rules hold always. `operands` gives what a rule compares.
 * Throws `ColumnTypeMismatchError` when two values have no order.
 */
export function holds(
  rules: readonly Rule[],
  operands: (rule: Rule) => readonly [Value, Value],
  ignoreCase: boolean,
): boolean {
  let holdsSoFar = true;
  for (let index = 0; index < rules.length; index++) {
    const rule = rules[index] as Rule;
    if (index > 0 && rule.joinedBy === 'or') {
      if (holdsSoFar) return true;
      holdsSoFar = true;
    }
    holdsSoFar &&= passes(rule, operands(rule), ignoreCase);
  }
  return holdsSoFar;
}

function passes(rule: Rule, [left, right]: readonly [Value, Value], ignoreCase: boolean): boolean {
  try {
    return rule.test(left, right, ignoreCase);
  } catch (error) {
    if (!(error instanceof LogicError)) throw error;
    throw new ActionError(
      'ColumnTypeMismatchError',
      `The values '${toText(left)}' and '${toText(right)}' cannot be compared: ${error.message}`,
      'Make sure that all cells of the column have the type of the value they are compared with.',
      { cause: error },
    );
  }
}
