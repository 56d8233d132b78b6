// What a call of a subflow may do to the variables of the flow: which it mentions and which it writes, by itself or in what it calls.
import type { Binding, Body, FlowSymbol } from './binder.ts';
import { tell } from './bodyOutline.ts';

/**
 * Pairs of a call and a variable that are followed one by one, at least and for each statement. Flows beyond it pass hundreds of
 * variables through hundreds of calls; there a variable may have, after a call that writes it, any value it ever gets.
 */
const fewestPairs = 20_000;
const pairsPerStatement = 2;

export class Effects {
  /** False when there are too many calls and variables to follow each through each. */
  readonly exact: boolean;
  /** Variables of the flow that more than one body mentions, in the order of their bits. The others matter to no call. */
  readonly #common: number[] = [];
  /** By symbol, its bit and one; 0 for others. */
  readonly #bits: Int32Array;
  /** By body: what is mentioned in it, there or in what it calls, and what is written. */
  readonly #own: readonly Int32Array[];
  readonly #mentions: readonly Int32Array[];
  readonly #writes: readonly Int32Array[];
  readonly #lists = new Map<Int32Array, readonly number[]>();

  constructor(binding: Binding, indexOf: ReadonlyMap<Body, number>) {
    const { bodies } = binding;
    this.#bits = new Int32Array(binding.symbolCount);
    const symbols = bodies.length === 1 ? [] : binding.symbols('variable').filter(isCommon);
    for (const { index } of symbols) this.#bits[index] = this.#common.push(index);
    const words = (symbols.length + 31) >>> 5;
    this.#own = bodies.map(() => new Int32Array(words));
    for (const { index, uses } of symbols) {
      for (const { body } of uses) {
        if (body !== undefined) this.#add(this.#own[indexOf.get(body) as number] as Int32Array, index);
      }
    }
    this.#writes = bodies.map(() => new Int32Array(words));
    this.#mentions = this.#own.map((bits) => bits.slice());
    this.exact = symbols.length === 0 || this.#spread(binding, indexOf);
  }

  /** Whether more than one body mentions a variable. */
  isCommon(variable: number): boolean {
    return this.#bits[variable] !== 0;
  }

  /** The variables that a body hands to a subflow it calls. */
  entered(callee: number): readonly number[] {
    return this.#list(this.#mentions[callee] as Int32Array);
  }

  /** The variables that a call may write, as far as the calling body must know. */
  changedBy(callee: number, body: number): readonly number[] {
    const changed = this.#list(this.#writes[callee] as Int32Array);
    if (this.exact) return changed;
    return this.#list(this.#own[body] as Int32Array).filter((variable) =>
      this.#has(this.#writes[callee] as Int32Array, variable),
    );
  }

  /** Adds what the called subflows do until nothing is new; false when that is too much to follow. */
  #spread(binding: Binding, indexOf: ReadonlyMap<Body, number>): boolean {
    const { bodies, bodyStarts, statements } = binding;
    const calls = bodies.map((_, body) => {
      const callees: number[] = [];
      const writes = this.#writes[body] as Int32Array;
      tell(binding, bodyStarts[body] as number, bodyStarts[body + 1] ?? statements.length, {
        write: ({ index }) => this.#add(writes, index),
        call: (subflow) => {
          const callee = subflow === undefined ? undefined : binding.bodyOf(subflow);
          if (callee !== undefined) callees.push(indexOf.get(callee) as number);
          else {
            writes.fill(-1);
            (this.#mentions[body] as Int32Array).fill(-1);
          }
        },
        label: () => {},
      });
      return callees;
    });
    const distinct = calls.map((callees) => [...new Set(callees)]);
    for (let again = true; again; ) {
      again = false;
      for (let body = bodies.length - 1; body >= 0; body--) {
        for (const callee of distinct[body] as number[]) {
          again = absorb(this.#mentions[body] as Int32Array, this.#mentions[callee] as Int32Array) || again;
          again = absorb(this.#writes[body] as Int32Array, this.#writes[callee] as Int32Array) || again;
        }
      }
    }
    const sizes = bodies.map(
      (_, body) => count(this.#mentions[body] as Int32Array) + count(this.#writes[body] as Int32Array),
    );
    let pairs = 0;
    for (const callees of calls) for (const callee of callees) pairs += sizes[callee] as number;
    return pairs <= fewestPairs + pairsPerStatement * statements.length;
  }

  #add(bits: Int32Array, variable: number): void {
    const bit = (this.#bits[variable] as number) - 1;
    if (bit >= 0) bits[bit >>> 5] = (bits[bit >>> 5] as number) | (1 << (bit & 31));
  }

  #has(bits: Int32Array, variable: number): boolean {
    const bit = (this.#bits[variable] as number) - 1;
    return ((bits[bit >>> 5] as number) & (1 << (bit & 31))) !== 0;
  }

  #list(bits: Int32Array): readonly number[] {
    let list = this.#lists.get(bits);
    if (list === undefined) {
      list = this.#common.filter((variable) => this.#has(bits, variable));
      this.#lists.set(bits, list);
    }
    return list;
  }
}

function isCommon({ owner, uses }: FlowSymbol): boolean {
  if (owner !== undefined) return false;
  let first: Body | undefined;
  for (const { body } of uses) {
    if (body === undefined || body === first) continue;
    if (first !== undefined) return true;
    first = body;
  }
  return false;
}

/** Adds the bits of `other`; false when they were there already. */
function absorb(bits: Int32Array, other: Int32Array): boolean {
  let changed = false;
  for (let i = 0; i < bits.length; i++) {
    const both = (bits[i] as number) | (other[i] as number);
    if (both !== bits[i]) {
      bits[i] = both;
      changed = true;
    }
  }
  return changed;
}

function count(bits: Int32Array): number {
  let sum = 0;
  for (let word of bits) for (; word !== 0; word &= word - 1) sum++;
  return sum;
}
