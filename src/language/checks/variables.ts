// Variables that nothing gives a value, and members of enums written like variables.
import type { Body, BoundUse, FlowSymbol } from '../analysis/binder.ts';
import { isPowerFx } from '../analysis/dialect.ts';
import { enumsOfModule, findAction } from '../catalog/catalog.ts';
import { reservedWords } from '../syntax/keywords.ts';
import type { NameExpression, Subflow } from '../syntax/tree.ts';
import type { Context, Survey } from './context.ts';
import { type Finding, meaningMessages as say } from './findings.ts';

/** The parser has said that these are no names. */
const reserved: ReadonlySet<string> = new Set(reservedWords.map((word) => word.toLowerCase()));

/** Reports reads of variables without any value. `bare` are names that were reported as something else. */
export function checkVariables(
  context: Context,
  surveys: readonly Survey[],
  bare: ReadonlySet<object>,
): void {
  const { model, report, suggestions } = context;
  const { binding, file } = model;
  const repositories = new Set([
    'appmask',
    'imgrepo',
    ...file.header.imports.map((entry) => entry.alias.text.toLowerCase()),
  ]);
  if (isPowerFx(file)) for (const symbol of binding.symbols('variable')) checkSpelling(context, symbol);
  let possible: Possible | undefined;
  for (const symbol of binding.symbols('variable')) {
    if (hasValue(symbol)) continue;
    for (const use of symbol.uses) if (use.likeEnum) checkEnumType(context, use);
    const reads = symbol.uses.filter((use) => isRead(use) && !bare.has(use.node));
    const [first] = reads;
    if (first === undefined || repositories.has(first.key) || reserved.has(first.key)) continue;
    possible ??= possibleVariables(surveys, file.text);
    if (possible.get(symbol.owner)?.has(first.key) === true) continue;
    const near = suggestions.near(symbol.owner ?? binding, first.name, () =>
      binding
        .variablesOf(symbol.owner)
        .filter(hasValue)
        .map((other) => other.name),
    );
    for (const use of reads) {
      report.missing(use.node, say.variableUnknown(use.name, near), 'variable', use.key);
    }
  }
}

/** In a flow with Power Fx, names that differ in letter case are two variables. */
function checkSpelling({ report }: Context, { uses }: FlowSymbol): void {
  const [first, ...others] = uses.filter(({ role }) => role !== 'read');
  const other = others.find(({ name }) => name !== first?.name);
  if (first !== undefined && other !== undefined)
    report.add(other.node, say.powerFxSpelling(other.name, first.name));
}

/** `Module.Something.Member` where the module has no such enum that we know of. */
function checkEnumType({ model, report, suggestions }: Context, { node, name: module }: BoundUse): void {
  const rest = /^\s*\.\s*([\p{L}\p{N}_]+)/u.exec(model.file.text.slice(node.end, node.end + 200));
  if (rest === null) return;
  const type = `${module}.${rest[1]}`;
  const known = enumsOfModule(module);
  const near = suggestions.near(enumsOfModule, type, () => known.map((entry) => entry.type));
  const at = { start: node.start, end: node.end + rest[0].length };
  report.missing(at, say.enumUnknown(type, near), 'designer', type.toLowerCase());
}

/** Reports `finding` when no variable has the name of `value`. */
export function checkBareMember(
  { model, report }: Context,
  value: NameExpression,
  finding: Finding,
  { subflow }: Body,
): boolean {
  const symbol = model.binding.variable(value.name, subflow);
  if (symbol !== undefined && hasValue(symbol)) return false;
  report.add(value, finding);
  return true;
}

/** Whether anything in the flow gives the variable a value, in whatever order. Assigning a part of it counts. */
export function hasValue({ uses }: FlowSymbol): boolean {
  return uses.some(({ role }) => role !== 'read');
}

/** What surely reads a variable of this name space. */
export function isRead({ role, loose, likeEnum, statement, callee }: BoundUse): boolean {
  return role === 'read' && statement !== undefined && !loose && !likeEnum && callee === undefined;
}

type Possible = ReadonlyMap<Subflow | undefined, ReadonlySet<string>>;

/**
 * Lower-cased names that may have a value for reasons we cannot see: words of unreadable lines, and variables given to actions
 * whose arguments are not known well enough to tell which of them they change. By the name space they belong to.
 */
function possibleVariables(surveys: readonly Survey[], text: string): Possible {
  const possible = new Map<Subflow | undefined, Set<string>>();
  for (const { body, unread, actions } of surveys) {
    const owner = body.subflow?.global === false ? body.subflow : undefined;
    const names = possible.get(owner) ?? new Set();
    possible.set(owner, names);
    for (const { start, end } of unread) {
      for (const word of text.slice(start, end).match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []) {
        names.add(word.toLowerCase());
      }
    }
    for (const { statement } of actions) {
      if (findAction(statement.action.id)?.definition.argumentsKnown === true) continue;
      for (const { value } of statement.action.args) {
        if (value.kind === 'Name') names.add(value.name.toLowerCase());
      }
    }
  }
  return possible;
}
