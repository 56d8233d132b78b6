// Which variables of a flow hold secrets: the declared ones and everything computed from them, found without running the flow.
// Stronger than the designer, where a secret loses its mark as soon as it is copied. Masks nothing itself.
import type { ActionCall, Expression, FlowFile, Statement, Subflow } from '../syntax/tree.ts';
import { eachExpression, eachStatement, effects, rootVariable, variablesIn } from '../syntax/walk.ts';

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

/** A move of values between variables. A variable is `scope/name`, lower-cased; the shared scope is empty. */
interface Transfer {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly label: string;
}

interface Reason {
  readonly text: string;
  /** The sensitive variable it came from; undefined at an origin. */
  readonly from: string | undefined;
}

/**
 * Spreads sensitivity over the whole flow until nothing changes, whatever the order of the statements. Whatever is assigned from
 * an expression, an action or a call that mentions a sensitive variable is sensitive, also a mere length or comparison: safe
 * rather than clever. An error read with `ERROR => x` is not; its texts are masked by value while the flow runs.
 */
export function sensitivity(file: FlowFile): Sensitivity {
  const locals = new Map<string, Subflow>();
  const known = new Set<string>();
  for (const subflow of file.subflows) {
    known.add(subflow.name.text.toLowerCase());
    if (!subflow.global) locals.set(subflow.name.text.toLowerCase(), subflow);
  }
  const scopeOf = (subflow: string | undefined): string => {
    const name = subflow?.toLowerCase() ?? '';
    return locals.has(name) ? name : '';
  };

  const reasons = new Map<string, Reason>();
  const work: string[] = [];
  const mark = (key: string, reason: Reason) => {
    if (reasons.has(key)) return;
    reasons.set(key, reason);
    work.push(key);
  };
  const declare = (scope: string, names: readonly { readonly text: string }[]) => {
    for (const { text } of names)
      mark(keyOf(scope, text), { text: `${text} is declared sensitive`, from: undefined });
  };
  declare('', file.header.sensitive);
  for (const subflow of file.subflows) declare(scopeOf(subflow.name.text), subflow.sensitive);

  const transfers: Transfer[] = [];
  const collect = (scope: string, body: readonly Statement[]) => {
    const keys = (expressions: readonly Expression[]) => expressions.flatMap((e) => mentioned(e, scope));
    for (const { statement } of eachStatement(body)) {
      for (const effect of effects(statement)) {
        const to = effect.writes.flatMap((target) => targetKeys(target, scope));
        const label = `line ${effect.line + 1}: ${effect.action?.call.id ?? spelling(statement)}`;
        const call = effect.subflow;
        if (call !== undefined && known.has(call.name.text.toLowerCase())) {
          const callee = scopeOf(call.name.text);
          for (const argument of call.args) {
            transfers.push({ from: keys([argument.value]), to: [keyOf(callee, argument.name.text)], label });
          }
          for (const output of call.outputs) {
            transfers.push({
              from: [keyOf(callee, output.name.text)],
              to: targetKeys(output.target, scope),
              label,
            });
          }
          continue;
        }
        transfers.push({ from: keys(effect.reads), to, label });
        for (const [target, origin] of origins(effect.reads, effect.writes, effect.action?.call)) {
          for (const key of targetKeys(target, scope)) {
            mark(key, { text: `line ${effect.line + 1}: ${origin}`, from: undefined });
          }
        }
      }
    }
  };
  collect('', file.main);
  for (const subflow of file.subflows) collect(scopeOf(subflow.name.text), subflow.body);

  const readers = new Map<string, Transfer[]>();
  for (const transfer of transfers) {
    for (const key of transfer.from) {
      const list = readers.get(key);
      if (list === undefined) readers.set(key, [transfer]);
      else list.push(transfer);
    }
  }
  // Breadth first, so that the reason found for a variable is a shortest one.
  for (let next = 0; next < work.length; next++) {
    const from = work[next] as string;
    for (const { to, label } of readers.get(from) ?? [])
      for (const key of to) mark(key, { text: label, from });
  }

  const byScope = new Map<string, Set<string>>();
  for (const key of reasons.keys()) {
    const slash = key.lastIndexOf('/');
    const scope = key.slice(0, slash);
    const names = byScope.get(scope) ?? new Set();
    byScope.set(scope, names.add(key.slice(slash + 1)));
  }
  return {
    names: (subflow) => byScope.get(scopeOf(subflow)) ?? new Set(),
    why(name, subflow) {
      const path: string[] = [];
      let key: string | undefined = keyOf(scopeOf(subflow), name);
      for (let reason = reasons.get(key); reason !== undefined; ) {
        path.push(reason.text);
        key = reason.from;
        reason = key === undefined ? undefined : reasons.get(key);
      }
      return path.length === 0 ? undefined : path;
    },
  };
}

// A name holds no slash, a subflow's quoted name may: the last slash divides.
function keyOf(scope: string, name: string): string {
  return `${scope}/${name.toLowerCase()}`;
}

function targetKeys(target: Expression, scope: string): string[] {
  const root = rootVariable(target);
  return root === undefined ? [] : [keyOf(root.global ? '' : scope, root.name)];
}

/** Variables an expression mentions. In Power Fx and in texts the designer could not parse, every word may be one. */
function mentioned(expression: Expression, scope: string): string[] {
  const keys = variablesIn(expression).map((use) => keyOf(use.global ? '' : scope, use.name));
  for (const node of eachExpression(expression)) {
    if (node.kind !== 'PowerFx' && node.kind !== 'Opaque') continue;
    for (const word of node.value.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []) {
      keys.push(keyOf(scope, word), keyOf('', word));
    }
  }
  return keys;
}

/** Targets that receive a secret from outside the flow's variables: an encrypted text, a password typed or fetched. */
function origins(
  reads: readonly Expression[],
  writes: readonly Expression[],
  call: ActionCall | undefined,
): (readonly [target: Expression, origin: string])[] {
  if (reads.some((read) => [...eachExpression(read)].some((node) => node.kind === 'Encrypted'))) {
    return writes.map((target) => [target, 'an encrypted text'] as const);
  }
  const id = call?.id.toLowerCase() ?? '';
  if (call !== undefined && id.startsWith('cyberark.')) {
    return call.outputs.map((output) => [output.target, 'a password from CyberArk'] as const);
  }
  if (call !== undefined && id === 'display.inputdialog') {
    const type = call.args.find((argument) => argument.name.text.toLowerCase() === 'inputtype')?.value;
    const asksForPassword =
      type?.kind === 'Member' ? type.name.text.toLowerCase() === 'password' : type?.kind === 'Name';
    return asksForPassword
      ? call.outputs
          .filter((output) => output.name.text.toLowerCase() === 'userinput')
          .map((output) => [output.target, 'a password typed into a dialog'] as const)
      : [];
  }
  return [];
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
