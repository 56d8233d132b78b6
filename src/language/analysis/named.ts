// What the text at an offset names, and where exactly the names of a thing stand. For every feature that starts at the caret.
// Knows one flow; what other files say about it, the server adds.
import { findEnum } from '../catalog/catalog.ts';
import type {
  ActionCall,
  Argument,
  Condition,
  FlowFile,
  Node,
  Output,
  Statement,
  Subflow,
} from '../syntax/tree.ts';
import { eachExpression, eachStatement, enumReference, expressionsOf } from '../syntax/walk.ts';
import { type Binding, type BoundUse, type FlowSymbol, nameRange } from './binder.ts';
import { contains, placeAt } from './places.ts';
import { namesInPowerFx } from './powerFx.ts';
import type { Use } from './uses.ts';

/** `range` is the name as one would select it: without quotes. */
export type Named = { readonly range: Node; readonly statement: Statement | undefined } & (
  | { readonly kind: 'symbol'; readonly use: BoundUse }
  | { readonly kind: 'action'; readonly call: ActionCall }
  /** `type` is `Module.EnumType`; the range covers all three parts. */
  | { readonly kind: 'enumMember'; readonly type: string; readonly member: string }
  /** `@Name:` or `@Name=>` of `External.RunFlow`: an input or output of the flow that `run` names. */
  | { readonly kind: 'flowParameter'; readonly run: BoundUse; readonly argument: Argument | Output }
);

/** The innermost thing that is named at the offset; undefined on keywords, texts and blanks. An offset right behind a name counts. */
export function namedAt(binding: Binding, offset: number): Named | undefined {
  const { file } = binding;
  const { statements, expressions } = placeAt(file, offset);
  const statement = describedAt(file, offset) ?? statements.at(-1);
  const inHead = named(file.text, binding.headerUses, offset, undefined);
  if (inHead !== undefined || statement === undefined) return inHead;

  const uses = binding.usesIn(statement);
  if (offset < statement.start) return runFlowName(binding, statement, offset);
  for (const call of callsOf(statement)) {
    if (call.idStart <= offset && offset <= call.idEnd) {
      return { kind: 'action', call, statement, range: { start: call.idStart, end: call.idEnd } };
    }
    const run = uses.find((use) => use.kind === 'flow');
    const argument = [...call.args, ...call.outputs].find(({ name }) => contains(name, offset));
    if (argument?.dynamic && run !== undefined) {
      return { kind: 'flowParameter', run, argument, statement, range: nameRange(file.text, argument.name) };
    }
  }
  const use = named(file.text, uses, offset, statement);
  if (use !== undefined) return use;
  for (const expression of expressions) {
    const reference = enumReference(expression);
    if (reference === undefined || findEnum(reference.type) === undefined) continue;
    return {
      kind: 'enumMember',
      type: reference.type,
      member: reference.member.text,
      statement,
      range: expression,
    };
  }
  return undefined;
}

/**
 * Where the name stands at a use, as one would select it. A word in Power Fx may stand in its literal several times, or not at all
 * when it only looked like a variable.
 */
export function namePlaces(text: string, use: Pick<Use, 'node' | 'name' | 'key' | 'loose'>): readonly Node[] {
  if (!use.loose) return [nameRange(text, use.node)];
  if (text[use.node.start] === '$') return namesInPowerFx(text, use.node, use.name);
  return wordPlaces(text, use.node, use.key);
}

/** The uses that make a thing: its declarations, or the first value a variable gets when nothing declares it. */
export function declarationsOf(symbol: FlowSymbol): readonly BoundUse[] {
  const declared = symbol.uses.filter((use) => use.role === 'declare');
  if (declared.length > 0) return declared;
  const first =
    symbol.uses.find((use) => use.role === 'write' && use.callee === undefined) ??
    symbol.uses.find((use) => use.role === 'change');
  return first === undefined ? [] : [first];
}

/** Every call of an action by exactly this id, any letter case. */
export function callsOfAction(file: FlowFile, id: string): Node[] {
  const wanted = id.toLowerCase();
  const found: Node[] = [];
  for (const { statement } of everyStatement(file)) {
    for (const call of callsOf(statement)) {
      if (call.id.toLowerCase() === wanted) found.push({ start: call.idStart, end: call.idEnd });
    }
  }
  return found;
}

/** Every mention of `Module.EnumType.Member`, any letter case. */
export function mentionsOfMember(file: FlowFile, type: string, member: string): Node[] {
  const wantedType = type.toLowerCase();
  const wantedMember = member.toLowerCase();
  const found: Node[] = [];
  for (const { statement } of everyStatement(file)) {
    for (const outer of expressionsOf(statement)) {
      for (const expression of eachExpression(outer)) {
        if (expression.kind !== 'Member' || expression.name.text.toLowerCase() !== wantedMember) continue;
        if (enumReference(expression)?.type.toLowerCase() === wantedType) found.push(expression);
      }
    }
  }
  return found;
}

/** The same input or output wherever the text runs the same flow. */
export function mentionsOfParameter(
  text: string,
  { run, argument }: Extract<Named, { readonly kind: 'flowParameter' }>,
): Node[] {
  const wanted = argument.name.text.toLowerCase();
  const found: Node[] = [];
  for (const { statement } of run.symbol.uses) {
    for (const call of statement === undefined ? [] : callsOf(statement)) {
      const same: readonly (Argument | Output)[] = 'target' in argument ? call.outputs : call.args;
      for (const { name, dynamic } of same) {
        if (dynamic && name.text.toLowerCase() === wanted) found.push(nameRange(text, name));
      }
    }
  }
  return found;
}

/** The calls of actions in the statement itself. */
export function callsOf(statement: Statement): readonly ActionCall[] {
  const inCondition = (condition: Condition) => (condition.kind === 'Action' ? [condition.action] : []);
  switch (statement.kind) {
    case 'Action':
      return [statement.action];
    case 'If':
      return statement.branches.flatMap((branch) => inCondition(branch.condition));
    case 'While':
    case 'Wait':
      return inCondition(statement.condition);
    default:
      return [];
  }
}

function* everyStatement(
  file: FlowFile,
): Generator<{ readonly statement: Statement; readonly subflow: Subflow | undefined }> {
  for (const { statement } of eachStatement(file.main)) yield { statement, subflow: undefined };
  for (const subflow of file.subflows) {
    for (const { statement } of eachStatement(subflow.body)) yield { statement, subflow };
  }
}

function named(
  text: string,
  uses: readonly BoundUse[],
  offset: number,
  statement: Statement | undefined,
): Named | undefined {
  const word = wordAt(text, offset).toLowerCase();
  // Behind the last of two names that touch, the later one is meant.
  for (let i = uses.length - 1; i >= 0; i--) {
    const use = uses[i] as BoundUse;
    if (!contains(use.node, offset)) continue;
    // Every word of a literal is a use that covers all of it.
    if (use.loose && use.key !== word) continue;
    const range = use.loose
      ? namePlaces(text, use).find((place) => contains(place, offset))
      : nameRange(text, use.node);
    if (range !== undefined) return { kind: 'symbol', use, statement, range };
  }
  return undefined;
}

/** The word that the offset stands in or touches. */
function wordAt(text: string, offset: number): string {
  const before = /[\p{L}\p{N}_]*$/u.exec(text.slice(Math.max(0, offset - longestWord), offset))?.[0] ?? '';
  const behind = /^[\p{L}\p{N}_]*/u.exec(text.slice(offset, offset + longestWord))?.[0] ?? '';
  return before + behind;
}

const longestWord = 256;

/** The statement that the `@@` line at the offset describes. */
function describedAt(file: FlowFile, offset: number): Statement | undefined {
  const { text } = file;
  const lineStart = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  const descriptions = /[ \t]*@@[^\r\n]*[\r\n]+/y;
  let at = offset === 0 ? 0 : lineStart;
  for (descriptions.lastIndex = at; descriptions.test(text); ) at = descriptions.lastIndex;
  if (at === lineStart) return undefined;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return placeAt(file, at).statements.at(-1);
}

/** The name of a flow in the `@@flowname` line above `External.RunFlow`. */
function runFlowName(binding: Binding, statement: Statement, offset: number): Named | undefined {
  const use = binding.usesIn(statement).find(({ kind }) => kind === 'flow');
  const line = statement.meta.find(
    ({ key, value }) => key.text.toLowerCase() === 'flowname' && contains(value, offset),
  );
  if (use === undefined || line === undefined) return undefined;
  return { kind: 'symbol', use, statement, range: nameRange(binding.file.text, line.value) };
}

function wordPlaces(text: string, node: Node, key: string): Node[] {
  const places: Node[] = [];
  for (const found of text.slice(node.start, node.end).matchAll(/[\p{L}_][\p{L}\p{N}_]*/gu)) {
    if (found[0].toLowerCase() !== key) continue;
    const start = node.start + found.index;
    places.push({ start, end: start + found[0].length });
  }
  return places;
}
