// Which variables of a flow hold secrets: the declared ones and everything computed from them, found without running the flow.
// Stronger than the designer, where a secret loses its mark as soon as it is copied. Masks nothing itself.
import { findAction } from '../catalog/catalog.ts';
import type {
  ActionCall,
  CallStatement,
  Condition,
  Expression,
  FlowFile,
  Name,
  Statement,
  Subflow,
} from '../syntax/tree.ts';
import { bodiesOf, eachExpression, rootVariable, variablesIn } from '../syntax/walk.ts';
import { constantText } from './uses.ts';

/**
 * Variables are asked for by subflow, because a local subflow (`FUNCTION name in1, OUTPUT out1`) has variables of its own. Main and
 * the global subflows share one name space: leave `subflow` out, or name any of them. `GLOBAL.x` is `x` of that shared space.
 */
export interface Sensitivity {
  /** Lower-cased names of the sensitive variables. */
  names(subflow?: string): ReadonlySet<string>;
  /**
   * Why a variable is sensitive, from its own assignment back to the origin, such as
   * `['line 12: SET Copy', 'line 3: Text.Trim', 'Password is declared sensitive']`. Lines are 1-based. Undefined when it is not.
   */
  why(name: string, subflow?: string): readonly string[] | undefined;
}

/** A mention of a variable in a statement. */
interface Mention {
  /** Lower-cased. */
  readonly name: string;
  /** Written `GLOBAL.name`. */
  readonly global: boolean;
  /** A word in Power Fx, or in a text the designer could not parse: may be a variable of either name space. */
  readonly loose: boolean;
}

/** A step of a statement that moves values from variables into others. Holds nodes, no lines: those move when the text changes. */
interface Move {
  readonly from: readonly Mention[];
  readonly to: readonly Mention[];
  readonly at: { readonly line: number };
  readonly label: string;
}

/** A variable that receives a secret from outside the flow's variables. */
interface Origin {
  readonly to: Mention;
  readonly at: { readonly line: number };
  readonly secret: string;
}

/** What a statement does with values, whatever stands around it. */
interface Doings {
  readonly moves: readonly Move[];
  readonly origins: readonly Origin[];
  /** For `External.RunFlow`: what the flow that is run gives back, by lower-cased name. */
  readonly runs: readonly {
    readonly id: string;
    readonly at: Move['at'];
    readonly outputs: readonly { readonly name: string; readonly to: readonly Mention[] }[];
  }[];
  /** What a custom error that is thrown says. */
  readonly throws: readonly { readonly says: readonly Mention[]; readonly at: Move['at'] }[];
  /** The variable of `ERROR => x`. */
  readonly catches: readonly Mention[];
  /** Variables whose value is changed where it is, not replaced. */
  readonly changes: readonly Mention[];
  /** For `LOOP FOREACH`: a change of the item is a change of what the loop runs over. */
  readonly item:
    | { readonly item: Mention; readonly of: readonly Mention[]; readonly at: Move['at'] }
    | undefined;
  /** For `CALL`: what moves when the subflow is known, by the name inside the subflow. */
  readonly call: { readonly statement: CallStatement; readonly entering: readonly Entering[] } | undefined;
}
type Entering = { readonly inside: string } & (
  | { readonly from: readonly Mention[] }
  | { readonly to: readonly Mention[] }
);

/** A variable of one name space. Those of Main and the global subflows have the space `undefined`. */
interface Variable {
  readonly space: Subflow | undefined;
  readonly name: string;
  readonly readers: (readonly [move: Pick<Move, 'at' | 'label'>, to: readonly Variable[]])[];
  reason: Reason | undefined;
  /** Where the secret comes from, and how many variables lie on the way, both ends included. */
  origin: Variable | undefined;
  steps: number;
}

interface Reason {
  readonly at: { readonly line: number } | undefined;
  readonly text: string;
  /** The sensitive variable it came from; undefined at an origin. */
  readonly from: Variable | undefined;
}

/**
 * Spreads sensitivity over the whole flow until nothing changes, whatever the order of the statements. Whatever is assigned from
 * an expression, an action or a call that mentions a sensitive variable is sensitive, also a mere length or comparison: safe
 * rather than clever. An error read with `ERROR => x` is not, unless a custom error says something sensitive: what else errors say of
 * secrets is withheld while the flow runs.
 */
export function sensitivity(file: FlowFile, known: KnownSecrets = {}): Sensitivity {
  const bodies = [undefined, ...file.subflows];
  const doings = bodies.map((subflow) => doingsOf(subflow?.body ?? file.main));
  const hasSecrets =
    file.header.sensitive.length > 0 ||
    file.subflows.some((subflow) => subflow.sensitive.length > 0) ||
    (known.also ?? []).length > 0 ||
    doings.some((list) =>
      list.some(
        ({ origins, runs }) =>
          origins.length > 0 ||
          (known.called !== undefined && runs.some(({ outputs }) => outputs.length > 0)),
      ),
    );
  return hasSecrets ? spread(file, doings, known) : nothingSensitive;
}

/** Secrets that the text of a flow does not tell of. Names are lower-cased. */
export interface KnownSecrets {
  /** Variables of Main, such as inputs that were given a secret. */
  readonly also?: readonly string[];
  /** The outputs that hold secrets of the flow with that `FlowId`, by every name they are known by. */
  readonly called?: (id: string) => ReadonlySet<string>;
}

const noNames: ReadonlySet<string> = new Set();
const nothingSensitive: Sensitivity = { names: () => noNames, why: () => undefined };

/** Steps of a way that are told; of a longer one, the last is told as well. */
const mostReasons = 12;

/** `doings` of Main and then of each subflow. */
function spread(
  file: FlowFile,
  doings: readonly (readonly Doings[])[],
  { also = [], called }: KnownSecrets,
): Sensitivity {
  const locals = new Map<string, Subflow>();
  const known = new Set<string>();
  for (const subflow of file.subflows) {
    const name = subflow.name.text.toLowerCase();
    known.add(name);
    if (!subflow.global) locals.set(name, subflow);
  }
  const spaceOf = (subflow: string | undefined) => locals.get(subflow?.toLowerCase() ?? '');
  const spaces = new Map<Subflow | undefined, Map<string, Variable>>([[undefined, new Map()]]);
  for (const local of locals.values()) spaces.set(local, new Map());
  const variable = (space: Subflow | undefined, name: string): Variable => {
    const names = spaces.get(space) as Map<string, Variable>;
    let found = names.get(name);
    if (found === undefined) {
      found = { space, name, readers: [], reason: undefined, origin: undefined, steps: 0 };
      names.set(name, found);
    }
    return found;
  };
  const meant = (mentions: readonly Mention[], space: Subflow | undefined): Variable[] =>
    mentions.flatMap(({ name, global, loose }) =>
      loose && space !== undefined
        ? [variable(space, name), variable(undefined, name)]
        : [variable(global ? undefined : space, name)],
    );

  const work: Variable[] = [];
  const mark = (to: Variable, reason: Reason) => {
    if (to.reason !== undefined) return;
    to.reason = reason;
    to.origin = reason.from?.origin ?? to;
    to.steps = (reason.from?.steps ?? 0) + 1;
    work.push(to);
  };
  const declare = (space: Subflow | undefined, names: readonly Name[]) => {
    for (const { text } of names) {
      mark(variable(space, text.toLowerCase()), {
        at: undefined,
        text: `${text} is declared sensitive`,
        from: undefined,
      });
    }
  };
  declare(undefined, file.header.sensitive);
  for (const subflow of file.subflows) declare(spaceOf(subflow.name.text), subflow.sensitive);
  for (const name of also)
    mark(variable(undefined, name), { at: undefined, text: `${name} was given a secret`, from: undefined });

  const move = (from: readonly Variable[], to: readonly Variable[], at: Move['at'], label: string) => {
    const entry = [{ at, label }, to] as const;
    for (const each of from) each.readers.push(entry);
  };
  const spaceAt = (i: number) => (i === 0 ? undefined : spaceOf((file.subflows[i - 1] as Subflow).name.text));
  const caught = doings.flatMap((list, i) => list.flatMap(({ catches }) => meant(catches, spaceAt(i))));
  const changed = new Set(
    doings.flatMap((list, i) => list.flatMap(({ changes }) => meant(changes, spaceAt(i)))),
  );
  doings.forEach((list, i) => {
    const space = spaceAt(i);
    for (const { moves, origins, runs, throws, item, call } of list) {
      for (const { says, at } of throws) move(meant(says, space), caught, at, 'custom error');
      if (item !== undefined) {
        const items = meant([item.item], space).filter((each) => changed.has(each));
        move(items, meant(item.of, space), item.at, 'change of an item');
      }
      for (const { id, at, outputs } of runs) {
        const secret = called?.(id);
        for (const { name, to } of outputs) {
          if (!secret?.has(name)) continue;
          const text = `${name} is sensitive in the flow that is run`;
          for (const each of meant(to, space)) mark(each, { at, text, from: undefined });
        }
      }
      if (call !== undefined && known.has(call.statement.name.text.toLowerCase())) {
        const callee = spaceOf(call.statement.name.text);
        const label = `CALL ${call.statement.name.text}`;
        for (const step of call.entering) {
          const inside = [variable(callee, step.inside)];
          if ('from' in step) move(meant(step.from, space), inside, call.statement, label);
          else move(inside, meant(step.to, space), call.statement, label);
        }
        continue;
      }
      for (const { from, to, at, label } of moves) move(meant(from, space), meant(to, space), at, label);
      for (const { to, at, secret } of origins) {
        for (const each of meant([to], space)) mark(each, { at, text: secret, from: undefined });
      }
    }
  });
  // Breadth first, so that the reason found for a variable is a shortest one.
  for (let next = 0; next < work.length; next++) {
    const from = work[next] as Variable;
    for (const [{ at, label }, to] of from.readers)
      for (const each of to) mark(each, { at, text: label, from });
  }

  const names = new Map<Subflow | undefined, Set<string>>();
  for (const { space, name } of work) {
    const list = names.get(space);
    if (list === undefined) names.set(space, new Set([name]));
    else list.add(name);
  }
  return {
    names: (subflow) => names.get(spaceOf(subflow)) ?? noNames,
    why(name, subflow) {
      const path: string[] = [];
      const start = spaces.get(spaceOf(subflow))?.get(name.toLowerCase());
      const tell = ({ at, text }: Reason) =>
        path.push(at === undefined ? text : `line ${at.line + 1}: ${text}`);
      let step = start;
      for (; step?.reason !== undefined && path.length < mostReasons; step = step.reason.from)
        tell(step.reason);
      if (step?.reason !== undefined) {
        if (step.steps > 2) path.push(`… ${step.steps - 1} more steps …`);
        else if (step.origin !== step) tell(step.reason);
        if (step.origin?.reason !== undefined) tell(step.origin.reason);
      }
      return path.length === 0 ? undefined : path;
    },
  };
}

// ── One statement ───────────────────────────────────────────────────────────────────────────────────────────────

const remembered = new WeakMap<Statement, Doings>();
const nothingDone: Doings = {
  moves: [],
  origins: [],
  runs: [],
  throws: [],
  catches: [],
  changes: [],
  item: undefined,
  call: undefined,
};

/** What the statements of a body do, nested ones included, in the order of the text. Those that do nothing are left out. */
function doingsOf(body: readonly Statement[]): Doings[] {
  const found: Doings[] = [];
  const lists = [{ list: body, next: 0 }];
  for (let open = lists.at(-1); open !== undefined; open = lists.at(-1)) {
    const statement = open.list[open.next++];
    if (statement === undefined) {
      lists.pop();
      continue;
    }
    let doings = remembered.get(statement);
    if (doings === undefined) {
      doings = analyse(statement);
      remembered.set(statement, doings);
    }
    if (doings !== nothingDone) found.push(doings);
    const inner = bodiesOf(statement);
    for (let i = inner.length - 1; i >= 0; i--) {
      lists.push({ list: inner[i] as readonly Statement[], next: 0 });
    }
  }
  return found;
}

function analyse(statement: Statement): Doings {
  const moves: Move[] = [];
  const origins: Origin[] = [];
  const runs: Doings['runs'][number][] = [];
  const throws: Doings['throws'][number][] = [];
  const catches: Mention[] = [];
  const changes: Mention[] = [];
  let item: Doings['item'];
  const move = (reads: readonly (Expression | undefined)[], writes: readonly Mention[]) => {
    if (writes.length > 0)
      moves.push({ from: mentioned(reads), to: writes, at: statement, label: spelling(statement) });
    if (reads.some(isEncrypted)) {
      for (const to of writes) origins.push({ to, at: statement, secret: 'an encrypted text' });
    }
  };
  const action = (call: ActionCall, at: Move['at']) => {
    const known = findAction(call.id)?.definition.arguments ?? [];
    const values = call.args.map(({ value }) => value);
    const reads = [...values, ...call.outputs.flatMap(({ target }) => pathReads(target))];
    const changed = call.args.filter(({ name }) =>
      known.some((entry) => entry.inOut && entry.name.toLowerCase() === name.text.toLowerCase()),
    );
    const targets = [...call.outputs.map(({ target }) => target), ...changed.map(({ value }) => value)];
    const to = targets.flatMap(target);
    changes.push(...changed.flatMap(({ value }) => target(value)));
    changes.push(...call.outputs.flatMap((output) => inPlace(output.target)));
    if (call.id.toLowerCase() === 'flowcontrol.throwcustomerror')
      throws.push({ says: mentioned(values), at });
    if (to.length === 0) return;
    const id = call.args.find(({ name }) => name.text.toLowerCase() === 'flowid')?.value;
    const flow =
      id === undefined || call.id.toLowerCase() !== 'external.runflow' ? undefined : constantText(id);
    if (flow !== undefined) {
      const outputs = call.outputs.map((output) => ({
        name: output.name.text.toLowerCase(),
        to: target(output.target),
      }));
      runs.push({ id: flow, at, outputs });
    }
    moves.push({ from: mentioned(reads), to, at, label: call.id });
    if (reads.some(isEncrypted))
      origins.push(...to.map((each) => ({ to: each, at, secret: 'an encrypted text' })));
    else origins.push(...secretsOf(call).map(({ to: each, secret }) => ({ to: each, at, secret })));
  };
  const condition = (given: Condition, at: Move['at']) => {
    if (given.kind === 'Action') action(given.action, at);
  };
  let call: Doings['call'];
  switch (statement.kind) {
    case 'Set':
      move([statement.value, ...pathReads(statement.target)], target(statement.target));
      changes.push(...inPlace(statement.target));
      break;
    case 'If':
      for (const branch of statement.branches) condition(branch.condition, branch);
      break;
    case 'ForEach':
      move([statement.source], [named(statement.variable.text)]);
      item = { item: named(statement.variable.text), of: target(statement.source), at: statement };
      break;
    case 'LoopFromTo':
      move(
        [statement.from, statement.to, statement.step],
        statement.variable === undefined ? [] : [named(statement.variable.text)],
      );
      break;
    case 'While':
    case 'Wait':
      condition(statement.condition, statement);
      break;
    case 'Action':
      action(statement.action, statement);
      break;
    case 'CallSubflow': {
      const { args, outputs } = statement;
      move(
        [...args.map(({ value }) => value), ...outputs.flatMap((output) => pathReads(output.target))],
        outputs.flatMap((output) => target(output.target)),
      );
      const entering = [
        ...args.map(({ name, value }) => ({ inside: name.text.toLowerCase(), from: mentioned([value]) })),
        ...outputs.map((output) => ({ inside: output.name.text.toLowerCase(), to: target(output.target) })),
      ];
      call = { statement, entering };
      break;
    }
    case 'GetLastError':
      move([statement.reset, ...pathReads(statement.variable)], target(statement.variable));
      catches.push(...target(statement.variable));
      changes.push(...inPlace(statement.variable));
      break;
    default:
      return nothingDone;
  }
  const isNothing = moves.length + throws.length === 0 && call === undefined;
  return isNothing ? nothingDone : { moves, origins, runs, throws, catches, changes, item, call };
}

const named = (name: string, global = false, loose = false): Mention => ({
  name: name.toLowerCase(),
  global,
  loose,
});

function target(expression: Expression): Mention[] {
  const root = rootVariable(expression);
  return root === undefined ? [] : [named(root.name, root.global)];
}

/** The variable of a target that is a part of what it holds. */
function inPlace(expression: Expression): Mention[] {
  const root = rootVariable(expression);
  const isPart = expression.kind === 'Index' || (expression.kind === 'Member' && root?.global === false);
  return isPart ? target(expression) : [];
}

/** The expressions inside a target's path, such as `i` in `List[i]`. */
function pathReads(path: Expression): Expression[] {
  const reads: Expression[] = [];
  for (let step = path; ; step = step.target) {
    if (step.kind === 'Index') reads.push(step.index);
    else if (step.kind !== 'Member') return reads;
  }
}

/** Variables that expressions mention. In Power Fx and in texts the designer could not parse, every word may be one. */
function mentioned(expressions: readonly (Expression | undefined)[]): Mention[] {
  const found: Mention[] = [];
  for (const expression of expressions) {
    if (expression === undefined) continue;
    for (const use of variablesIn(expression)) found.push(named(use.name, use.global));
    for (const node of eachExpression(expression)) {
      if (node.kind !== 'PowerFx' && node.kind !== 'Opaque') continue;
      for (const word of node.value.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [])
        found.push(named(word, false, true));
    }
  }
  return found;
}

function isEncrypted(expression: Expression | undefined): boolean {
  if (expression === undefined) return false;
  for (const node of eachExpression(expression)) if (node.kind === 'Encrypted') return true;
  return false;
}

/** Outputs that are secrets by themselves: a password typed or fetched. */
function secretsOf(call: ActionCall): { readonly to: Mention; readonly secret: string }[] {
  const id = call.id.toLowerCase();
  const outputs = (secret: string, only?: string) =>
    call.outputs
      .filter(({ name }) => only === undefined || name.text.toLowerCase() === only)
      .flatMap((output) => target(output.target).map((to) => ({ to, secret })));
  if (id.startsWith('cyberark.')) return outputs('a password from CyberArk');
  if (id !== 'display.inputdialog') return [];
  const type = call.args.find((argument) => argument.name.text.toLowerCase() === 'inputtype')?.value;
  const asksForPassword =
    type?.kind === 'Member' ? type.name.text.toLowerCase() === 'password' : type?.kind === 'Name';
  return asksForPassword ? outputs('a password typed into a dialog', 'userinput') : [];
}

function spelling(statement: Statement): string {
  switch (statement.kind) {
    case 'Set':
      return `SET ${rootVariable(statement.target)?.name ?? ''}`;
    case 'ForEach':
      return `LOOP FOREACH ${statement.variable.text}`;
    case 'LoopFromTo':
      return `LOOP ${statement.variable?.text ?? ''}`;
    case 'CallSubflow':
      return `CALL ${statement.name.text}`;
    default:
      return statement.kind;
  }
}
