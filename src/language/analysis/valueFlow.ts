// Where the value of every variable comes from at every place of a flow. Subflows share the variables of the flow, so calls connect the
// walks through their bodies (see bodyWalk.ts). Works on one version of a flow. What people ask about it is answered in types.ts.
import type { FlowParameter, Statement, Subflow } from '../syntax/tree.ts';
import type { Binding, Body, FlowSymbol } from './binder.ts';
import { type Restarts, restartsOf } from './bodyOutline.ts';
import { BodyWalk } from './bodyWalk.ts';
import { Effects } from './effects.ts';
import { declaredType } from './properties.ts';
import { anyType, only } from './typeSets.ts';
import { given, hasValue, mayHaveAny, missing, unknown, type Value, ValueGraph } from './valueGraph.ts';
import type { Place, Ways } from './ways.ts';

/** Steps the walk may take for each statement, and at least. Ordinary flows need 1 to 6; only one nested beyond reason needs more. */
const stepsPerStatement = 12;
const fewestSteps = 40_000;

/** What the walks through all bodies share. */
export class FlowValues {
  readonly binding: Binding;
  /** Everything the flow refers to stands in its text; else a variable may have a value from outside. */
  readonly whole: boolean;
  readonly graph = new ValueGraph();
  readonly values: (Value | undefined)[];
  readonly deadUses: Uint8Array;
  readonly unreachable: { readonly first: Statement; readonly last: Statement }[] = [];
  readonly restarts: Restarts;
  /** Where each statement begins, by its place in `binding.statements`. */
  readonly places: (Place | undefined)[];
  readonly variables: (FlowSymbol | undefined)[];
  /** The present values of the walk that is under way. */
  readonly current: (Value | undefined)[];
  readonly labels: readonly FlowSymbol[];
  /** All variables of the flow, those of local subflows left out. */
  readonly sharedVariables: readonly number[];
  readonly #bodyIndex: ReadonlyMap<Body, number>;
  readonly #effects: Effects;
  /** By body: values at its start that come from its calls, and what it leaves behind. */
  readonly #entries: readonly Map<number, Value>[];
  readonly #exits: readonly Map<number, Value>[];
  readonly #called: Uint8Array;
  readonly #pools = new Map<number, Value>();
  readonly #parameters = new Map<FlowSymbol, FlowParameter>();

  constructor(binding: Binding, whole: boolean) {
    this.binding = binding;
    this.whole = whole;
    const { bodies, symbolCount, uses, statements } = binding;
    this.values = new Array(uses.length);
    this.deadUses = new Uint8Array(uses.length);
    this.variables = new Array(symbolCount);
    this.current = new Array(symbolCount);
    this.places = new Array(statements.length);
    this.restarts = restartsOf(binding);
    for (const symbol of binding.symbols('variable')) this.variables[symbol.index] = symbol;
    this.#bodyIndex = new Map(bodies.map((body, i) => [body, i]));
    this.#effects = new Effects(binding, this.#bodyIndex);
    this.#entries = bodies.map(() => new Map());
    this.#exits = bodies.map(() => new Map());
    this.#called = new Uint8Array(bodies.length);
    this.labels = binding.symbols('label');
    this.sharedVariables = binding
      .symbols('variable')
      .filter((symbol) => symbol.owner === undefined)
      .map((symbol) => symbol.index);
    for (const parameter of binding.file.header.parameters) {
      const symbol = binding.variable(parameter.name.text, undefined);
      if (symbol === undefined) continue;
      if (parameter.direction === 'input' || !this.#parameters.has(symbol)) {
        this.#parameters.set(symbol, parameter);
      }
    }
  }

  /** The value of a variable at the start of a body. */
  start(variable: number, body: number): Value {
    const symbol = this.variables[variable];
    const { subflow } = this.binding.bodies[body] as Body;
    if (symbol === undefined) return unknown;
    if (symbol.owner !== undefined) return symbol.owner === subflow ? startOfLocal(symbol) : unknown;
    if (body === 0) return this.#startOfFlow(symbol);
    if (this.#effects.exact && this.#effects.isCommon(variable)) return this.#entry(body, variable);
    // When no other body mentions it, it is as a former call of this subflow left it.
    const start = this.graph.growing(this.#startOfFlow(symbol), this.pool(variable));
    (this.#entries[body] as Map<number, Value>).set(variable, start);
    return start;
  }

  /** The statements of a body, by their places in `binding.statements`. */
  range(body: number): [from: number, to: number] {
    const { bodyStarts, statements } = this.binding;
    return [bodyStarts[body] as number, bodyStarts[body + 1] ?? statements.length];
  }

  /** Index of the body of a subflow; undefined when there is no such subflow. */
  bodyOf(subflow: Subflow | undefined): number | undefined {
    const body = subflow === undefined ? undefined : this.binding.bodyOf(subflow);
    return body === undefined ? undefined : this.#bodyIndex.get(body);
  }

  /** The variables that a call may write, as far as the calling body must know. */
  changedBy(callee: number, body: number): readonly number[] {
    return this.#effects.changedBy(callee, body);
  }

  /** Gives a subflow that is called the present values. */
  enter(callee: number, ways: Ways): void {
    this.#called[callee] = 1;
    if (!this.#effects.exact) return;
    const entered = this.#effects.entered(callee);
    ways.steps += entered.length;
    for (const variable of entered) this.#entry(callee, variable).from.push(ways.value(variable));
  }

  /** Notes what a subflow leaves behind at its end. */
  leave(body: number, ways: Ways): void {
    if (!this.#effects.exact || body === 0) return;
    for (const variable of this.#effects.changedBy(body, body)) {
      this.#exit(body, variable).from.push(ways.value(variable));
    }
  }

  /** The value of a variable behind a call of a subflow that may write it. */
  afterCall(callee: number, variable: number, before: Value): Value {
    return this.#effects.exact
      ? this.graph.afterCall(this.#exit(callee, variable), before)
      : this.graph.growing(this.pool(variable), before);
  }

  /** Any value the variable ever gets: for places that are reached from the middle of a subflow. */
  pool(variable: number): Value {
    return this.#remembered(this.#pools, variable, () => this.graph.growing());
  }

  /** Completes the values that stand for many places, once all bodies were walked. */
  finish(): void {
    this.#entries.forEach((entries, body) => {
      for (const [variable, entry] of entries) {
        if (!this.whole) entry.from.push(unknown);
        // Nobody knows yet where a subflow will be called: its variables may be as they are anywhere.
        else if (this.#called[body] === 0) {
          entry.from.push(this.#startOfFlow(this.variables[variable] as FlowSymbol), this.pool(variable));
        }
      }
    });
    for (const [variable, pool] of this.#pools) {
      for (const { role, index } of this.variables[variable]?.uses ?? []) {
        const writes = (role === 'write' || role === 'change') && this.deadUses[index] === 0;
        const value = writes ? this.values[index] : undefined;
        if (value !== undefined) pool.from.push(value);
      }
    }
    this.graph.settle();
  }

  #entry(body: number, variable: number): Value {
    return this.#remembered(this.#entries[body] as Map<number, Value>, variable, () => this.graph.entry());
  }

  #exit(body: number, variable: number): Value {
    return this.#remembered(this.#exits[body] as Map<number, Value>, variable, () => this.graph.growing());
  }

  #remembered(known: Map<number, Value>, variable: number, make: () => Value): Value {
    let value = known.get(variable);
    if (value === undefined) {
      value = make();
      known.set(variable, value);
    }
    return value;
  }

  #startOfFlow(symbol: FlowSymbol): Value {
    const parameter = this.#parameters.get(symbol);
    if (parameter !== undefined) {
      const declared = symbol.uses.find((use) => use.node === parameter.name);
      const state = parameter.direction === 'input' ? hasValue : mayHaveAny;
      return given(only(declaredType(parameter)), state, declared);
    }
    return this.whole && isWritten(symbol) ? missing : unknown;
  }
}

const isWritten = (symbol: FlowSymbol): boolean =>
  symbol.uses.some((use) => use.role === 'write' || use.role === 'change');

/** Inputs of a local subflow have a value of a type that is nowhere declared; what its outputs begin with is not documented. */
function startOfLocal(symbol: FlowSymbol): Value {
  const declared = symbol.uses.find((use) => use.role === 'declare');
  if (declared === undefined) return isWritten(symbol) ? missing : unknown;
  const { inputs } = symbol.owner as NonNullable<FlowSymbol['owner']>;
  return inputs.some((name) => name === declared.node) ? given(anyType, hasValue, declared) : unknown;
}

/** The values of a whole flow. */
export class ValueFlow {
  /** What each use reads or writes, by the index of the use. Undefined where the walk never came. */
  readonly values: readonly (Value | undefined)[];
  /** 1 for uses in statements that nothing leads to. */
  readonly deadUses: Uint8Array;
  /** In the order of the text. */
  readonly unreachable: readonly { readonly first: Statement; readonly last: Statement }[];
  readonly #binding: Binding;
  readonly #values: FlowValues;
  readonly #walks: readonly BodyWalk[];

  /** `whole`: everything the flow refers to stands in its text; else a variable may have a value from outside. */
  constructor(binding: Binding, whole: boolean) {
    const shared = new FlowValues(binding, whole);
    this.#binding = binding;
    this.#values = shared;
    const limit = fewestSteps + stepsPerStatement * binding.statements.length;
    const walks: BodyWalk[] = [];
    let steps = 0;
    for (let body = 0; body < binding.bodies.length && steps <= limit; body++) {
      const walk = new BodyWalk(shared, body);
      walk.run(limit - steps);
      steps += walk.ways.steps;
      walks.push(walk);
    }
    if (steps > limit) {
      this.values = [];
      this.deadUses = shared.deadUses;
      this.unreachable = [];
      this.#walks = [];
      return;
    }
    shared.finish();
    this.values = shared.values;
    this.deadUses = shared.deadUses;
    this.unreachable = shared.unreachable.sort((a, b) => a.first.start - b.first.start);
    this.#walks = walks;
  }

  /** The value of a variable where a statement begins. O(changes on the way there). */
  valueBefore(statement: Statement, symbol: FlowSymbol): Value | undefined {
    const index = this.#binding.indexOf(statement);
    if (index === undefined || this.#walks.length === 0) return undefined;
    for (let place = this.#values.places[index]; place !== undefined; place = place.previous) {
      if (place.variable === symbol.index) return place.value;
    }
    const body = this.#binding.bodyStarts.findLastIndex((start) => start <= index);
    return this.#walks[body]?.ways.started(symbol.index);
  }
}
