// The values of variables and how they are made of each other; finds out their types. A value is written by a statement, or it is the
// join of the values that different ways bring along. Knows nothing of statements (see valueFlow.ts).
import type { BoundUse } from './binder.ts';
import { anyType, noTypes, type TypeSet, union } from './typeSets.ts';

/** Whether a variable has a value, as the ways to a place tell it; several at once. */
export const hasValue = 1;
export const hasNone = 2;
/** Nobody knows: it may come from another part of a copied flow, or from a subflow that is not there. */
export const mayHaveAny = 4;
/** The variable is as it was when its subflow was called. */
const asCalled = 8;

type Kind = 'write' | 'join' | 'entry' | 'afterCall' | 'doubt';

export class Value {
  types: TypeSet;
  state: number;
  /** Final values never change; the others grow until the graph is settled. */
  final: boolean;
  readonly kind: Kind;
  /** What it is joined from or computed from. */
  readonly from: Value[];
  /** The write or declaration that gave it. */
  readonly write: BoundUse | undefined;
  /** Where the value was changed in place: what it was before. */
  readonly before: Value | undefined;
  readonly compute: (() => TypeSet) | undefined;
  dependents: Value[] | undefined;
  queued = false;

  constructor(
    kind: Kind,
    types: TypeSet,
    state: number,
    final: boolean,
    from: Value[],
    write: BoundUse | undefined,
    before: Value | undefined,
    compute: (() => TypeSet) | undefined,
  ) {
    this.kind = kind;
    this.types = types;
    this.state = state;
    this.final = final;
    this.from = from;
    this.write = write;
    this.before = before;
    this.compute = compute;
  }
}

const nothing: Value[] = [];

/** A value from nowhere in the text. */
export function given(types: TypeSet, state: number, write?: BoundUse): Value {
  return new Value('write', types, state, true, nothing, write, undefined, undefined);
}

export const missing = given(noTypes, hasNone);
export const unknown = given(anyType, mayHaveAny);

export class ValueGraph {
  readonly #open: Value[] = [];

  /** What a write gives, when its types depend on no variable. */
  written(write: BoundUse, types: TypeSet): Value {
    return new Value('write', types, hasValue, true, nothing, write, undefined, undefined);
  }

  /** What a write gives, with types computed from those of `from`. `before` is the value it changes in place. */
  computed(write: BoundUse, from: Value[], before: Value | undefined, compute: () => TypeSet): Value {
    const final = from.every((value) => value.final) && (before === undefined || before.final);
    const inputs = before === undefined ? from : [...from, before];
    const types = final ? compute() : noTypes;
    return this.#note(new Value('write', types, hasValue, final, inputs, write, before, compute));
  }

  /** The value where several ways meet. */
  join(values: readonly Value[]): Value {
    const different: Value[] = [];
    let final = true;
    for (const value of values) {
      if (different.length > 20 || !different.includes(value)) different.push(value);
      if (!value.final) final = false;
    }
    if (different.length === 1) return different[0] as Value;
    const join = new Value('join', noTypes, 0, final, different, undefined, undefined, undefined);
    if (final) evaluate(join);
    return this.#note(join);
  }

  /** A join to which values can be added until the graph is settled. */
  growing(...values: Value[]): Value {
    return this.#note(new Value('join', noTypes, 0, false, values, undefined, undefined, undefined));
  }

  /** The value at the start of a subflow; its calls add theirs. */
  entry(): Value {
    return this.#note(new Value('entry', noTypes, asCalled, false, [], undefined, undefined, undefined));
  }

  /** What a subflow leaves behind, or `before` if it may have left that alone. */
  afterCall(exit: Value, before: Value): Value {
    return this.#note(
      new Value('afterCall', noTypes, 0, false, [exit, before], undefined, undefined, undefined),
    );
  }

  /** `before`, or anything else. */
  doubt(before: Value): Value {
    const doubt = new Value('doubt', anyType, 0, before.final, [before], undefined, undefined, undefined);
    if (doubt.final) evaluate(doubt);
    return this.#note(doubt);
  }

  /** Finds the types and states of all values. Linear in the edges of the graph: no value changes more than a few times. */
  settle(): void {
    for (const value of this.#open) {
      for (const input of value.from) {
        if (input.final) continue;
        if (input.dependents === undefined) input.dependents = [value];
        else input.dependents.push(value);
      }
      value.queued = true;
    }
    const queue = this.#open;
    for (let i = 0; i < queue.length; i++) {
      const value = queue[i] as Value;
      value.queued = false;
      if (!evaluate(value) || value.dependents === undefined) continue;
      for (const dependent of value.dependents) {
        if (dependent.queued) continue;
        dependent.queued = true;
        queue.push(dependent);
      }
    }
  }

  #note(value: Value): Value {
    if (!value.final) this.#open.push(value);
    return value;
  }
}

/** The values that a settled join may be. */
export function alternatives({ kind, from }: Value): readonly Value[] {
  const [exit] = from;
  return kind === 'afterCall' && exit !== undefined && (exit.state & asCalled) === 0 ? [exit] : from;
}

/** Computes a value anew; false when it stays as it was. Only ever adds types and states. */
function evaluate(value: Value): boolean {
  let { types, state } = value;
  switch (value.kind) {
    case 'write':
      types = union(types, value.compute?.() ?? noTypes);
      break;
    case 'join':
      for (const input of value.from) {
        types = union(types, input.types);
        state |= input.state;
      }
      break;
    case 'entry':
      for (const input of value.from) {
        types = union(types, input.types);
        state |= input.state & ~asCalled;
      }
      break;
    case 'afterCall': {
      const [exit, before] = value.from as [Value, Value];
      types = union(types, exit.types);
      state |= exit.state & ~asCalled;
      if ((exit.state & asCalled) !== 0) {
        types = union(types, before.types);
        state |= before.state;
      }
      break;
    }
    case 'doubt': {
      const [before] = value.from as [Value];
      state |= (before.state & ~hasNone) | ((before.state & hasNone) === 0 ? 0 : mayHaveAny);
      break;
    }
  }
  if (types === value.types && state === value.state) return false;
  value.types = types;
  value.state = state;
  return true;
}
