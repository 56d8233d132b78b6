// Every mention of a named thing in one statement: variables, subflows, labels, UI elements, images, custom errors, flows.
// Uses point at nodes of the tree and hold no offsets of their own, so they stay right when the tree moves under an edit.
// Resolves nothing (see binder.ts).
import { findAction, findEnum } from '../catalog/catalog.ts';
import type {
  ActionCall,
  Argument,
  CallStatement,
  Condition,
  ErrorRules,
  Expression,
  Name,
  Node,
  Output,
  Statement,
} from '../syntax/tree.ts';
import { enumReference, operands } from '../syntax/walk.ts';

export type SymbolKind =
  | 'variable'
  | 'subflow'
  | 'label'
  | 'screen'
  | 'element'
  | 'image'
  | 'customError'
  | 'flow';

/**
 * `declare`: the header, `FUNCTION` or `LABEL` that makes it. `write`: gets a new value. `change`: an action changes the value in
 * place, or a part of it is assigned (`SET List[0] TO`). `read`: anything else, a `CALL` and a `GOTO` included.
 */
export type UseRole = 'declare' | 'write' | 'change' | 'read';

/** What gives a variable its value at a `write` or `change`. */
export type Producer =
  | { readonly kind: 'set'; readonly value: Expression }
  | { readonly kind: 'output'; readonly call: ActionCall; readonly output: Output }
  | { readonly kind: 'change'; readonly call: ActionCall; readonly argument: Argument }
  | { readonly kind: 'part'; readonly value: Expression }
  | { readonly kind: 'forEach'; readonly source: Expression }
  | { readonly kind: 'loopIndex' }
  | { readonly kind: 'subflowOutput'; readonly call: CallStatement; readonly output: Output }
  | { readonly kind: 'lastError' };

export interface Use {
  readonly kind: SymbolKind;
  /** As written, without quotes. */
  readonly name: string;
  /** Lower-cased name; of an element `screen\nelement`. */
  readonly key: string;
  readonly role: UseRole;
  /** Exactly the name in the text; with its quotes when it is written in quotes. */
  readonly node: Node;
  /** The whole reference: `GLOBAL.x` for a shared variable, `appmask['S']['E']` for an element; else the same as `node`. */
  readonly whole: Node;
  /** A variable written `GLOBAL.name`. */
  readonly global: boolean;
  /**
   * A word in Power Fx, or in a text that the designer could not parse: may be a variable, may be anything. Its node covers the
   * whole literal, because escapes hide where the word stands.
   */
  readonly loose: boolean;
  /** Spelled like a member of an enum the catalog does not know (`Module.Something.Member`): may be one. */
  readonly likeEnum: boolean;
  /** The statement that contains it; undefined in the header and in a `FUNCTION` line. */
  readonly statement: Statement | undefined;
  readonly producer: Producer | undefined;
  /** For an argument or output of `CALL sub name: …`: the callee, in whose scope the variable `name` lives. */
  readonly callee: Name | undefined;
}

const remembered = new WeakMap<Statement, readonly Use[]>();

/** The uses in a statement itself, not in the statements nested in it, in no particular order. Computed once per statement. */
export function usesOf(statement: Statement): readonly Use[] {
  let uses = remembered.get(statement);
  if (uses === undefined) {
    uses = collect(statement);
    remembered.set(statement, uses);
  }
  return uses;
}

const none: readonly Use[] = [];
const noDetails = {
  global: false,
  loose: false,
  likeEnum: false,
  producer: undefined,
  callee: undefined,
} as const;

/** A use of a plain name: a declaration in the header, a label, a subflow. */
export function nameUse(
  kind: SymbolKind,
  name: Name,
  role: UseRole,
  statement: Statement | undefined,
  callee?: Name,
): Use {
  return {
    ...noDetails,
    kind,
    name: name.text,
    key: name.text.toLowerCase(),
    role,
    node: name,
    whole: name,
    statement,
    callee,
  };
}

function collect(statement: Statement): readonly Use[] {
  const uses: Use[] = [];
  const read = (expression: Expression | undefined) => {
    if (expression !== undefined) readInto(uses, expression, statement);
  };
  const write = (target: Expression | Name, role: UseRole, producer: Producer) => {
    if (!('kind' in target)) {
      uses.push({ ...nameUse('variable', target, role, statement), producer });
      return;
    }
    writeInto(uses, target, role, producer, statement);
  };
  const rules = (onError: ErrorRules | undefined) => {
    read(onError?.retry?.times);
    read(onError?.retry?.wait);
    for (const option of onError?.retry?.options ?? []) read(option.value);
  };
  const action = (call: ActionCall) => {
    const known = findAction(call.id)?.definition.arguments ?? [];
    for (const argument of call.args) {
      const name = argument.name.text.toLowerCase();
      const inOut = known.some((entry) => entry.inOut && entry.name.toLowerCase() === name);
      if (inOut && isPath(argument.value)) {
        write(argument.value, 'change', { kind: 'change', call, argument });
      } else read(argument.value);
    }
    for (const output of call.outputs) write(output.target, 'write', { kind: 'output', call, output });
    namedByAction(uses, call, statement);
  };
  const condition = (given: Condition) => {
    if (given.kind === 'Expression') read(given.expression);
    else {
      action(given.action);
      rules(given.onError);
    }
  };
  switch (statement.kind) {
    case 'Set':
      read(statement.value);
      write(statement.target, 'write', { kind: 'set', value: statement.value });
      break;
    case 'If':
      for (const branch of statement.branches) condition(branch.condition);
      break;
    case 'Switch':
      read(statement.value);
      for (const item of statement.cases) read(item.value);
      break;
    case 'ForEach':
      read(statement.source);
      write(statement.variable, 'write', { kind: 'forEach', source: statement.source });
      break;
    case 'LoopFromTo':
      read(statement.from);
      read(statement.to);
      read(statement.step);
      if (statement.variable !== undefined) write(statement.variable, 'write', { kind: 'loopIndex' });
      break;
    case 'While':
      condition(statement.condition);
      break;
    case 'Wait':
      condition(statement.condition);
      read(statement.timeout);
      break;
    case 'Action':
      action(statement.action);
      rules(statement.onError);
      break;
    case 'CallSubflow':
      uses.push(nameUse('subflow', statement.name, 'read', statement));
      for (const argument of statement.args) {
        read(argument.value);
        uses.push(nameUse('variable', argument.name, 'write', statement, statement.name));
      }
      for (const output of statement.outputs) {
        uses.push(nameUse('variable', output.name, 'read', statement, statement.name));
        write(output.target, 'write', { kind: 'subflowOutput', call: statement, output });
      }
      rules(statement.onError);
      break;
    case 'Block':
      for (const handler of statement.handlers) {
        if (handler.matches.kind === 'custom') {
          uses.push(nameUse('customError', handler.matches.name, 'declare', statement));
        }
        for (const argument of handler.args) read(argument.value);
      }
      break;
    case 'ExitFlow':
      read(statement.code);
      read(statement.message);
      break;
    case 'GetLastError':
      read(statement.reset);
      write(statement.variable, 'write', { kind: 'lastError' });
      break;
    case 'Label':
      uses.push(nameUse('label', statement.name, 'declare', statement));
      break;
    case 'Goto':
      uses.push(nameUse('label', statement.name, 'read', statement));
      break;
    default:
      return none;
  }
  return uses;
}

/** Names that are texts for the language but things for people: the flow that is run, a custom error that is thrown. */
function namedByAction(uses: Use[], call: ActionCall, statement: Statement): void {
  const id = call.id.toLowerCase();
  const wanted =
    id === 'external.runflow'
      ? 'flowid'
      : id === 'flowcontrol.throwcustomerror'
        ? 'customerrorcode'
        : undefined;
  if (wanted === undefined) return;
  const value = call.args.find((argument) => argument.name.text.toLowerCase() === wanted)?.value;
  const text = value === undefined ? undefined : constantText(value);
  if (value === undefined || text === undefined || text === '') return;
  uses.push({
    ...noDetails,
    kind: wanted === 'flowid' ? 'flow' : 'customError',
    name: text,
    key: text.toLowerCase(),
    role: 'read',
    node: value,
    whole: value,
    statement,
  });
}

/** The text of a literal without anything computed in it; undefined for every other expression. */
export function constantText(expression: Expression): string | undefined {
  if (expression.kind === 'Text') return expression.value;
  if (expression.kind !== 'Interpolated') return undefined;
  let text = '';
  for (const part of expression.parts) {
    if (part.kind !== 'TextPart') return undefined;
    text += part.value;
  }
  return text;
}

function isPath(expression: Expression): boolean {
  let step = expression;
  while (step.kind === 'Member' || step.kind === 'Index') step = step.target;
  return step.kind === 'Name';
}

function isGlobal(expression: Expression): boolean {
  return expression.kind === 'Name' && expression.name.toLowerCase() === 'global';
}

function writeInto(
  uses: Use[],
  target: Expression,
  role: UseRole,
  producer: Producer,
  statement: Statement,
): void {
  let step = target;
  let part = false;
  for (;;) {
    if (step.kind === 'Index') {
      readInto(uses, step.index, statement);
      step = step.target;
      part = true;
    } else if (step.kind === 'Member' && !isGlobal(step.target)) {
      step = step.target;
      part = true;
    } else break;
  }
  const partial = part && role === 'write';
  const made: Producer =
    partial && producer.kind === 'set' ? { kind: 'part', value: producer.value } : producer;
  if (step.kind === 'Name') {
    uses.push({ ...variable(step.name, step, statement), role: partial ? 'change' : role, producer: made });
  } else if (step.kind === 'Member') {
    uses.push({
      ...variable(step.name.text, step.name, statement),
      whole: step,
      global: true,
      role: partial ? 'change' : role,
      producer: made,
    });
  }
}

function variable(name: string, node: Node, statement: Statement): Use {
  return {
    ...noDetails,
    kind: 'variable',
    name,
    key: name.toLowerCase(),
    role: 'read',
    node,
    whole: node,
    statement,
  };
}

function readInto(uses: Use[], expression: Expression, statement: Statement): void {
  const stack: Expression[] = [expression];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    switch (node.kind) {
      case 'Name':
        uses.push(variable(node.name, node, statement));
        break;
      case 'Member': {
        if (isGlobal(node.target)) {
          uses.push({ ...variable(node.name.text, node.name, statement), whole: node, global: true });
          break;
        }
        const reference = enumReference(node);
        if (reference === undefined) stack.push(node.target);
        else if (findEnum(reference.type) === undefined) {
          uses.push({ ...variable(reference.root.name, reference.root, statement), likeEnum: true });
        }
        break;
      }
      case 'Index':
        if (!repositoryInto(uses, node, statement)) stack.push(node.target, node.index);
        break;
      case 'PowerFx':
      case 'Opaque':
        for (const word of new Set(node.value.match(/[\p{L}_][\p{L}\p{N}_]*/gu))) {
          uses.push({ ...variable(word, node, statement), loose: true });
        }
        break;
      default:
        for (const operand of operands(node)) stack.push(operand);
    }
  }
}

/**
 * `appmask['Screen']`, `appmask['Screen']['Element']` and `imgrepo['Image']`. What a computed index names is not known; the variables in
 * it are read. False when it is an index of something else.
 */
function repositoryInto(uses: Use[], node: Expression & { kind: 'Index' }, statement: Statement): boolean {
  const inner = node.target;
  const base = inner.kind === 'Index' ? inner.target : inner;
  const repository = base.kind === 'Name' ? base.name.toLowerCase() : undefined;
  if (repository !== 'appmask' && (repository !== 'imgrepo' || inner.kind === 'Index')) return false;
  const named = (kind: SymbolKind, at: Expression, whole: Node, within?: string): string | undefined => {
    const name = constantText(at);
    if (name === undefined) readInto(uses, at, statement);
    else {
      const own = name.toLowerCase();
      const key = within === undefined ? own : `${within.toLowerCase()}\n${own}`;
      uses.push({ ...noDetails, kind, name, key, role: 'read', node: at, whole, statement });
    }
    return name;
  };
  if (repository === 'imgrepo') named('image', node.index, node);
  else if (inner.kind === 'Name') named('screen', node.index, node);
  else if (inner.kind === 'Index') {
    const screen = named('screen', inner.index, inner);
    if (screen === undefined) readInto(uses, node.index, statement);
    else named('element', node.index, node, screen);
  }
  return true;
}
