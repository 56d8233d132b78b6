// What is wrong with one call of an action, by the catalog alone: its id, its arguments and outputs, members of enums.
import {
  type CatalogAction,
  enumMember,
  type FoundAction,
  findAction,
  findEnum,
  isImplemented,
  neededSystem,
} from '../catalog/catalog.ts';
import { isTestAction } from '../catalog/testActions.ts';
import type { ActionCall, Argument, Expression, Name, Node } from '../syntax/tree.ts';
import { type ActionPosition, enumReference } from '../syntax/walk.ts';
import type { OpenFacts } from './facts.ts';
import { type Finding, meaningMessages as say } from './findings.ts';
import type { Suggestions } from './suggestions.ts';

/**
 * Adds what is wrong with `call` to `facts`, and to `wrongMembers` the arguments that need no second look. False when this agent
 * cannot carry the action out, which is said once and makes further remarks about what it lacks pointless.
 */
export function actionFacts(
  facts: OpenFacts,
  call: ActionCall,
  position: ActionPosition,
  wrongMembers: Set<Expression>,
  suggestions: Suggestions,
): boolean {
  const at = idOf(call);
  const found = findAction(call.id);
  if (found === undefined) {
    // The parser has said that an id of other than two or three parts is none.
    const parts = call.id.split('.').length;
    if (parts < 2 || parts > 3) return false;
    facts.found.push({ at, finding: say.actionUnknown(call.id, suggestions.action(call.id)) });
    return false;
  }
  const { definition, writtenAs } = found;
  if (isTestAction(definition.id)) facts.testCalls.push(call);
  const implemented = isImplemented(call.id);
  if (!implemented) {
    facts.found.push({ at, finding: say.actionUnsupported(definition.displayName, definition.id) });
  }
  const needs = neededSystem(call.id);
  if (needs !== undefined) {
    facts.found.push({ at, finding: say.actionNeedsSystem(definition.displayName, definition.id, needs) });
  }
  const older = olderId(found);
  if (older !== undefined) facts.found.push({ at, finding: older });
  if (!writtenAs.argumentsKnown) return implemented;

  if (position === 'statement') {
    if (definition.kind === 'condition') {
      facts.found.push({ at, finding: say.conditionAsStatement(definition.displayName) });
    }
  } else if (definition.kind === 'action') {
    facts.found.push({ at, finding: say.actionAsCondition(definition.displayName) });
  }
  const owner = `“${definition.displayName}”`;
  const fixed = call.args.filter((argument) => !(argument.dynamic && writtenAs.dynamicArguments));
  for (const { at, name, near } of unknownNames(fixed, writtenAs.arguments, suggestions)) {
    facts.found.push({ at, finding: say.argumentUnknown(owner, name, near) });
  }
  const outputs = call.outputs.filter((output) => !(output.dynamic && writtenAs.dynamicArguments));
  for (const { at, name, near } of unknownNames(outputs, writtenAs.outputs, suggestions)) {
    facts.found.push({ at, finding: say.outputUnknown(owner, name, near) });
  }
  const given = new Set(fixed.map((argument) => argument.name.text.toLowerCase()));
  const missing = writtenAs.arguments.filter(
    (entry) => entry.required && !given.has(entry.name.toLowerCase()),
  );
  if (missing.length > 0) {
    const names = missing.map((entry) => entry.name);
    facts.found.push({ at, finding: say.argumentMissing(owner, names) });
  }
  for (const argument of fixed) enumFacts(facts, argument, writtenAs, wrongMembers);
  return implemented;
}

function olderId({ writtenAs, definition, replacedBy }: FoundAction): Finding | undefined {
  if (writtenAs.removed !== undefined) return say.actionRemoved(writtenAs.id, writtenAs.removed, replacedBy);
  return replacedBy === undefined ? undefined : say.actionOlder(writtenAs.id, definition.id);
}

function enumFacts(
  facts: OpenFacts,
  { name, value }: Argument,
  action: CatalogAction,
  wrongMembers: Set<Expression>,
): void {
  const key = name.text.toLowerCase();
  const expected = action.arguments.find((entry) => entry.name.toLowerCase() === key)?.enumType;
  if (expected === undefined) return;
  const reference = enumReference(value);
  if (reference !== undefined) {
    if (reference.type.toLowerCase() === expected.toLowerCase()) return;
    const finding = say.enumTypeWrong(name.text, expected, findEnum(expected)?.members[0] ?? '');
    // The same member of the right enum is what was meant, when there is one.
    const meant = enumMember(expected, reference.member.text);
    const suggestion = meant === undefined ? {} : { suggestion: `${expected}.${meant}` };
    facts.found.push({ at: value, finding: { ...finding, ...suggestion } });
    wrongMembers.add(value);
  } else if (value.kind === 'Name') {
    const member = enumMember(expected, value.name);
    if (member === undefined) return;
    facts.bareMembers.push({ value, finding: say.enumNotQualified(value.name, `${expected}.${member}`) });
  }
}

/** The given names that are none of `known`, with what was probably meant. */
export function unknownNames(
  given: readonly { readonly name: Name }[],
  known: readonly { readonly name: string }[],
  suggestions: Suggestions,
): { readonly at: Name; readonly name: string; readonly near: string | undefined }[] {
  return given
    .filter(({ name }) => {
      const key = name.text.toLowerCase();
      return !known.some((entry) => entry.name.toLowerCase() === key);
    })
    .map(({ name }) => ({
      at: name,
      name: name.text,
      near: suggestions.near(known, name.text, () => known.map((entry) => entry.name)),
    }));
}

/** The id of a call as a place; it moves with the call. */
export function idOf(call: ActionCall): Node {
  return {
    get start() {
      return call.idStart;
    },
    get end() {
      return call.idEnd;
    },
  };
}
