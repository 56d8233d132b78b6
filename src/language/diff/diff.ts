// What differs in meaning between two flows: rows added, removed, moved and changed, inputs and outputs, subflows. Layout and
// letter case of names mean nothing.
import { type FlowParameterInfo, flowInfo } from '../analysis/flow.ts';
import { callsOf } from '../analysis/named.ts';
import { parse } from '../syntax/parser.ts';
import type { ActionCall, Argument, FlowFile, Node, Output } from '../syntax/tree.ts';
import { matchInOrder } from './match.ts';
import { type Row, type RowBody, rowsOf } from './rows.ts';

/** Where a row stands. `line` is 0-based; `subflow` is `Main` or a name. */
export interface RowPlace {
  readonly subflow: string;
  readonly line: number;
}

/** A value that differs; undefined where it is absent. */
export interface ValueChange {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export type FlowChange =
  | { readonly kind: 'added'; readonly text: string; readonly after: RowPlace }
  | { readonly kind: 'removed'; readonly text: string; readonly before: RowPlace }
  /** Runs elsewhere: in another order, block or subflow. `rows` more than 1: that many rows from there on. */
  | {
      readonly kind: 'moved';
      readonly text: string;
      readonly rows: number;
      readonly before: RowPlace;
      readonly after: RowPlace;
    }
  | {
      readonly kind: 'changed';
      readonly text: string;
      readonly before: RowPlace;
      readonly after: RowPlace;
      /** Arguments and outputs by name; a row without arguments has one entry with an empty name. */
      readonly values: readonly ValueChange[];
    }
  | { readonly kind: 'subflowAdded' | 'subflowRemoved'; readonly name: string; readonly rows: number }
  | { readonly kind: 'subflowRenamed'; readonly before: string; readonly after: string }
  | {
      readonly kind: 'parameterAdded' | 'parameterRemoved';
      readonly direction: 'input' | 'output';
      readonly name: string;
    }
  | {
      readonly kind: 'parameterChanged';
      readonly direction: 'input' | 'output';
      readonly name: string;
      readonly values: readonly ValueChange[];
    }
  | { readonly kind: 'sensitiveAdded' | 'sensitiveRemoved'; readonly name: string };

/** The differences, head first, then body by body in the order of `after`. Near-linear in the length of both texts. */
export function diffFlows(before: FlowFile, after: FlowFile): FlowChange[] {
  return [...headChanges(before, after), ...bodyChanges(rowsOf(before), rowsOf(after))];
}

// ── Head ────────────────────────────────────────────────────────────────────────────────────────────────────────

function headChanges(before: FlowFile, after: FlowFile): FlowChange[] {
  const [old, now] = [flowInfo(before), flowInfo(after)];
  const changes: FlowChange[] = [];
  for (const direction of ['input', 'output'] as const) {
    const [olds, nows] = direction === 'input' ? [old.inputs, now.inputs] : [old.outputs, now.outputs];
    const known = new Map(olds.map((parameter) => [parameter.name.toLowerCase(), parameter]));
    const kept = new Set(nows.map(({ name }) => name.toLowerCase()));
    for (const parameter of nows) {
      const { name } = parameter;
      const same = known.get(name.toLowerCase());
      if (same === undefined) changes.push({ kind: 'parameterAdded', direction, name });
      else {
        const values = fieldChanges(same, parameter);
        if (values.length > 0) changes.push({ kind: 'parameterChanged', direction, name, values });
      }
    }
    for (const { name } of olds) {
      if (!kept.has(name.toLowerCase())) changes.push({ kind: 'parameterRemoved', direction, name });
    }
  }
  const parameters = new Set(
    [...old.inputs, ...old.outputs, ...now.inputs, ...now.outputs].map(({ name }) => name.toLowerCase()),
  );
  const variables = (names: ReadonlySet<string>, others: ReadonlySet<string>) =>
    [...names].filter((name) => !others.has(name) && !parameters.has(name));
  for (const name of variables(now.sensitive, old.sensitive)) changes.push({ kind: 'sensitiveAdded', name });
  for (const name of variables(old.sensitive, now.sensitive))
    changes.push({ kind: 'sensitiveRemoved', name });
  return changes;
}

/** The default of a sensitive input is a secret: only that it differs is said. */
function fieldChanges(before: FlowParameterInfo, after: FlowParameterInfo): ValueChange[] {
  const secret = before.sensitive || after.sensitive;
  const fields = (parameter: FlowParameterInfo): readonly (readonly [string, string | undefined])[] => [
    ['external name', parameter.externalName],
    ['description', parameter.description],
    ['type', parameter.type],
    ['optional', parameter.optional ? 'yes' : 'no'],
    ['sensitive', parameter.sensitive ? 'yes' : 'no'],
    ['default', parameter.defaultValue === undefined ? undefined : JSON.stringify(parameter.defaultValue)],
  ];
  const others = fields(after);
  return fields(before).flatMap(([name, value], index): ValueChange[] => {
    const other = others[index]?.[1];
    if (value === other) return [];
    if (name === 'default' && secret) {
      return [{ name, before: value && '••••', after: other && '••••' }];
    }
    return [{ name, before: value, after: other }];
  });
}

// ── Bodies ──────────────────────────────────────────────────────────────────────────────────────────────────────

function bodyChanges(before: readonly RowBody[], after: readonly RowBody[]): FlowChange[] {
  const { pairs, added, removed, renamed } = pairBodies(before, after);
  const rows = new RowPairs(before, after, pairs);
  const subflow = (kind: 'subflowAdded' | 'subflowRemoved') => (body: RowBody) =>
    ({ kind, name: nameOf(body), rows: body.rows.length }) as const;
  return [
    ...renamed,
    ...added.map(subflow('subflowAdded')),
    ...removed.map(subflow('subflowRemoved')),
    ...pairs.flatMap(([old, now]) => [...rows.removedFrom(old), ...rows.changesIn(now, false)]),
    ...added.flatMap((body) => rows.changesIn(body, true)),
  ];
}

/** Which row of one flow is which of the other. */
class RowPairs {
  /** The row of `before` that a row of `after` is, and back. */
  readonly #origin = new Map<Row, Row>();
  readonly #target = new Map<Row, Row>();
  /** Rows of `after`. */
  readonly #changed = new Set<Row>();
  readonly #moved = new Set<Row>();

  /** What stayed in its order first, then what moved within a body, then what moved to another, then what became something similar. */
  constructor(
    before: readonly RowBody[],
    after: readonly RowBody[],
    pairs: readonly (readonly [RowBody, RowBody])[],
  ) {
    for (const [old, now] of pairs) {
      const matched = matchInOrder(
        old.rows.map((row) => row.key),
        now.rows.map((row) => row.key),
      );
      for (const [index, row] of old.rows.entries()) {
        const right = now.rows[matched[index] as number];
        if (right !== undefined) this.#pair(row, right);
      }
      this.#pairMoved([old], [now]);
    }
    this.#pairMoved(before, after);
    for (const [old, now] of pairs) this.#pairSimilar(old.rows, now.rows);
  }

  #pair(left: Row, right: Row): void {
    this.#origin.set(right, left);
    this.#target.set(left, right);
  }

  /** Rows that are gone here and new there, word for word, in their order. */
  #pairMoved(before: readonly RowBody[], after: readonly RowBody[]): void {
    const gone = Map.groupBy(before.flatMap((body) => this.#gone(body)).reverse(), (row) => row.key);
    for (const row of after.flatMap(({ rows }) => rows.filter((candidate) => !this.#origin.has(candidate)))) {
      const left = gone.get(row.key)?.pop();
      if (left === undefined) continue;
      this.#pair(left, row);
      this.#moved.add(row);
    }
  }

  /** Between two rows that stayed, rows of one shape are versions of one another, in their order. */
  #pairSimilar(old: readonly Row[], now: readonly Row[]): void {
    const places = new Map(now.map((row, index) => [row, index]));
    let left: Row[] = [];
    let from = 0;
    const close = (until: number) => {
      const right = now.slice(from, until).filter((row) => !this.#origin.has(row));
      const found = matchInOrder(
        left.map((row) => row.shape),
        right.map((row) => row.shape),
      );
      for (const [index, row] of left.entries()) {
        const other = right[found[index] as number];
        if (other === undefined) continue;
        this.#pair(row, other);
        if (row.ownKey !== other.ownKey) this.#changed.add(other);
      }
      left = [];
      from = until + 1;
    };
    for (const row of old) {
      const other = this.#target.get(row);
      if (other === undefined) left.push(row);
      else if (!this.#moved.has(other)) close(places.get(other) as number);
    }
    close(now.length);
  }

  #gone({ rows }: RowBody): Row[] {
    return rows.filter((row) => !this.#target.has(row));
  }

  removedFrom(body: RowBody): FlowChange[] {
    return this.#gone(body).map((row) => ({ kind: 'removed', text: row.text, before: placeOf(row) }));
  }

  /** What was added, changed and moved into a body of `after`. Rows that a new body brings along are not named one by one. */
  changesIn({ rows }: RowBody, isNew: boolean): FlowChange[] {
    const found: FlowChange[] = [];
    let run: { readonly left: Row; readonly right: Row; readonly at: number; rows: number } | undefined;
    for (const row of rows) {
      const left = this.#origin.get(row);
      if (left === undefined) {
        run = undefined;
        if (!isNew) found.push({ kind: 'added', text: row.text, after: placeOf(row) });
        continue;
      }
      if (this.#changed.has(row)) {
        const values = valueChanges(left, row);
        found.push({ kind: 'changed', text: row.text, before: placeOf(left), after: placeOf(row), values });
      }
      if (this.#stayed(left, row)) {
        if (!this.#moved.has(row)) run = undefined;
        continue;
      }
      if (run !== undefined && left.parent === run.left.parent && row.parent === run.right.parent) {
        run.rows++;
        const known = found[run.at];
        if (known?.kind === 'moved') found[run.at] = { ...known, rows: run.rows };
        continue;
      }
      run = { left, right: row, at: found.length, rows: 1 };
      found.push({ kind: 'moved', text: row.text, rows: 1, before: placeOf(left), after: placeOf(row) });
    }
    return found;
  }

  /** What stands in a block that moved has moved with it. */
  #stayed(left: Row, right: Row): boolean {
    const { parent } = right;
    const sameBlock =
      left.parent === undefined ? parent === undefined : this.#target.get(left.parent) === parent;
    return sameBlock && (!this.#moved.has(right) || (parent !== undefined && this.#moved.has(parent)));
  }
}

const nameOf = ({ subflow }: RowBody): string => subflow?.name.text ?? 'Main';
const placeOf = (row: Row): RowPlace => ({ subflow: nameOf(row.body), line: row.line });

interface BodyPairs {
  readonly pairs: readonly (readonly [RowBody, RowBody])[];
  readonly added: readonly RowBody[];
  readonly removed: readonly RowBody[];
  readonly renamed: readonly FlowChange[];
}

/** Bodies by name; a subflow that lost its name and most of whose rows stand in a new one was renamed. */
function pairBodies(before: readonly RowBody[], after: readonly RowBody[]): BodyPairs {
  const left = byName(before);
  const names = byName(after);
  const lost = new Map([...left].filter(([key]) => !names.has(key)));
  const pairs: (readonly [RowBody, RowBody])[] = [];
  const added: RowBody[] = [];
  const renamed: FlowChange[] = [];
  for (const [key, body] of names) {
    const same = left.get(key);
    const twin = same === undefined ? mostAlike(body, lost) : key;
    const old = twin === undefined ? undefined : left.get(twin);
    if (twin === undefined || old === undefined) {
      added.push(body);
      continue;
    }
    pairs.push([old, body]);
    left.delete(twin);
    lost.delete(twin);
    if (same === undefined)
      renamed.push({ kind: 'subflowRenamed', before: nameOf(old), after: nameOf(body) });
  }
  return { pairs, added, removed: [...left.values()], renamed };
}

/** Bodies by name. A mistake may give two subflows one name: they are told apart by their order. */
function byName(bodies: readonly RowBody[]): Map<string, RowBody> {
  const found = new Map<string, RowBody>();
  const count = new Map<string, number>();
  for (const body of bodies) {
    const name = body.subflow === undefined ? '' : nameOf(body).toLowerCase();
    const nth = (count.get(name) ?? 0) + 1;
    count.set(name, nth);
    found.set(`${nth} ${name}`, body);
  }
  return found;
}

/** The key of the body that shares more than half of all rows; the first 20 candidates are enough for people who rename subflows. */
function mostAlike(body: RowBody, among: ReadonlyMap<string, RowBody>): string | undefined {
  const keys = new Set(body.rows.map((row) => row.key));
  let best: string | undefined;
  let bestShare = 0.5;
  let tried = 0;
  for (const [name, candidate] of among) {
    if (++tried > 20) break;
    const shared = candidate.rows.filter((row) => keys.has(row.key)).length;
    const share = (2 * shared) / (body.rows.length + candidate.rows.length || 1);
    if (share > bestShare) {
      best = name;
      bestShare = share;
    }
  }
  return best;
}

// ── What changed in a row ───────────────────────────────────────────────────────────────────────────────────────

function valueChanges(before: Row, after: Row): ValueChange[] {
  const [old, now] = [callIn(before.text), callIn(after.text)];
  const whole: ValueChange[] = [{ name: '', before: before.text, after: after.text }];
  if (old === undefined || now === undefined) return whole;
  if (old.call.id.toLowerCase() !== now.call.id.toLowerCase() || old.disabled !== now.disabled) return whole;
  const olds = values(old);
  const nows = values(now);
  const found: ValueChange[] = [];
  for (const [key, { name, text }] of olds) {
    const other = nows.get(key);
    if (other?.text !== text) found.push({ name, before: text, after: other?.text });
  }
  for (const [key, { name, text }] of nows) {
    if (!olds.has(key)) found.push({ name, before: undefined, after: text });
  }
  return found.length === 0 ? whole : found;
}

interface CallIn {
  readonly call: ActionCall;
  readonly text: string;
  readonly disabled: boolean;
}

function callIn(row: string): CallIn | undefined {
  const disabled = /^DISABLE\s+/i.exec(row)?.[0] ?? '';
  const text = row.slice(disabled.length);
  const [statement] = parse(text).main;
  const [call] = statement === undefined ? [] : callsOf(statement);
  return call === undefined ? undefined : { call, text, disabled: disabled !== '' };
}

function values({ call, text }: CallIn): Map<string, { readonly name: string; readonly text: string }> {
  const slice = ({ start, end }: Node) => text.slice(start, end);
  const entry = (part: Argument | Output, sign: string, value: Node) => {
    const name = `${part.dynamic ? '@' : ''}${part.name.text}`;
    return [
      `${name.toLowerCase()}${sign}`,
      { name: sign === '' ? name : `${name}=>`, text: slice(value) },
    ] as const;
  };
  return new Map([
    ...call.args.map((argument) => entry(argument, '', argument.value)),
    ...call.outputs.map((output) => entry(output, '=>', output.target)),
  ]);
}

// ── For people ──────────────────────────────────────────────────────────────────────────────────────────────────

/** One line for a change; lines are counted from 1. */
export function describeChange(change: FlowChange): string {
  switch (change.kind) {
    case 'added':
      return `+ ${at(change.after)}: ${short(change.text)}`;
    case 'removed':
      return `- ${at(change.before)}: ${short(change.text)}`;
    case 'moved': {
      const more = change.rows > 1 ? ` and ${change.rows - 1} more` : '';
      return `> ${at(change.before)} → ${at(change.after)}: ${short(change.text)}${more}`;
    }
    case 'changed':
      return `~ ${at(change.after)}: ${changedText(change.text, change.values)}`;
    case 'subflowAdded':
      return `+ subflow ${change.name} (${change.rows} rows)`;
    case 'subflowRemoved':
      return `- subflow ${change.name} (${change.rows} rows)`;
    case 'subflowRenamed':
      return `~ subflow ${change.before} → ${change.after}`;
    case 'parameterAdded':
      return `+ ${change.direction} ${change.name}`;
    case 'parameterRemoved':
      return `- ${change.direction} ${change.name}`;
    case 'parameterChanged':
      return `~ ${change.direction} ${change.name}: ${change.values.map(valueText).join(', ')}`;
    case 'sensitiveAdded':
      return `+ sensitive ${change.name}`;
    case 'sensitiveRemoved':
      return `- sensitive ${change.name}`;
  }
}

const at = ({ subflow, line }: RowPlace): string => `${subflow} line ${line + 1}`;

function changedText(text: string, values: readonly ValueChange[]): string {
  const [only] = values;
  if (only !== undefined && only.name === '')
    return `${short(only.before ?? '')} → ${short(only.after ?? '')}`;
  const head = /^(?:DISABLE\s+)?(?:\S+\s+\()?[\w.]+/i.exec(text)?.[0] ?? '';
  return `${head} ${values.map(valueText).join(', ')}`;
}

function valueText({ name, before, after }: ValueChange): string {
  if (before === undefined) return `${name} added: ${short(after ?? '')}`;
  if (after === undefined) return `${name} removed: ${short(before)}`;
  return `${name}: ${short(before)} → ${short(after)}`;
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length <= 100 ? line : `${line.slice(0, 99)}…`;
}
