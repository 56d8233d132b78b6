// The present value of each variable while one walks through a body, and joins of the ways that lead to a place. Going back to an
// earlier place and comparing two places costs what changed between them.
import type { Value, ValueGraph } from './valueGraph.ts';

/** A place: what was changed on the way to it, newest first. Undefined at the start of the body. */
export interface Place {
  readonly variable: number;
  readonly value: Value;
  readonly before: Value;
  readonly previous: Place | undefined;
  readonly length: number;
}

export class Ways {
  readonly graph: ValueGraph;
  /** Changes noted so far, a measure of the work. */
  steps = 0;
  readonly #current: (Value | undefined)[];
  readonly #start: (variable: number) => Value;
  readonly #started = new Map<number, Value>();
  #place: Place | undefined;

  /**
   * `current` is an empty table of variables, to be used by one walk after the other. `start` gives the value of a variable at the start
   * of the body; it is asked once for each.
   */
  constructor(graph: ValueGraph, current: (Value | undefined)[], start: (variable: number) => Value) {
    this.graph = graph;
    this.#current = current;
    this.#start = start;
  }

  /** Empties the table for the next walk. */
  end(): void {
    for (const variable of this.#started.keys()) this.#current[variable] = undefined;
  }

  get place(): Place | undefined {
    return this.#place;
  }

  value(variable: number): Value {
    let value = this.#current[variable];
    if (value === undefined) {
      value = this.#start(variable);
      this.#started.set(variable, value);
      this.#current[variable] = value;
    }
    return value;
  }

  /** The value at the start of the body, if anyone asked for it so far. */
  started(variable: number): Value | undefined {
    return this.#started.get(variable);
  }

  set(variable: number, value: Value): void {
    const before = this.value(variable);
    this.steps++;
    this.#place = {
      variable,
      value,
      before,
      previous: this.#place,
      length: this.#place === undefined ? 1 : this.#place.length + 1,
    };
    this.#current[variable] = value;
  }

  /** Back to a place one came through. */
  back(to: Place | undefined): void {
    while (this.#place !== to && this.#place !== undefined) {
      const { variable, before, previous } = this.#place;
      this.#current[variable] = before;
      this.#place = previous;
    }
  }

  /** A join of ways that all come through the present place, which it can go back to. */
  meeting(): Meeting {
    return new Meeting(this, this.#place, true);
  }

  /** A join of ways from anywhere in the body. */
  meetingOfAll(): Meeting {
    return new Meeting(this, undefined, false);
  }

  /** Calls `there` with what lies between `other` and the place where both ways part, `here` with the same of the present place. */
  compare(other: Place | undefined, there: (change: Place) => void, here: (change: Place) => void): void {
    let a = other;
    let b = this.#place;
    while (a !== b) {
      this.steps++;
      if (b === undefined || (a !== undefined && a.length >= b.length)) {
        there(a as Place);
        a = (a as Place).previous;
      } else {
        here(b);
        b = b.previous;
      }
    }
  }
}

/** The values of a variable on the ways that meet. */
interface Slot {
  readonly values: Value[];
  /** The way at which it was opened, as long as the value of the ways before may be found farther back; else `settled`. */
  since: number;
}

const settled = -1;

/** Ways that meet, such as the branches of an IF, or everything that leads to a label. */
export class Meeting {
  /** How many ways were added. */
  count = 0;
  readonly #ways: Ways;
  readonly #base: Place | undefined;
  readonly #based: boolean;
  #last: Place | undefined;
  /** Variables that are not the same on all ways and, if there is a base, at the base. */
  readonly #slots = new Map<number, Slot>();

  constructor(ways: Ways, base: Place | undefined, based: boolean) {
    this.#ways = ways;
    this.#base = base;
    this.#last = base;
    this.#based = based;
  }

  /** Adds the way to the present place. Costs what changed since the last way that was added. */
  add(): void {
    // Without a base the first way is what the others are compared with.
    for (const variable of this.count === 0 && !this.#based ? [] : this.#open()) {
      const { values } = this.#slots.get(variable) as Slot;
      const value = this.#ways.value(variable);
      if (values[values.length - 1] !== value) values.push(value);
    }
    this.count++;
    this.#last = this.#ways.place;
  }

  /** Goes back to the base and from there on with the joined values. */
  finish(): void {
    this.#ways.back(this.#base);
    if (this.count > 0) this.#take();
  }

  /** Goes on at the present place with the joined values, and with open ones for `growing`, to which later ways are added. */
  finishHere(growing: Iterable<number>): Heads {
    if (this.count > 0) this.#open();
    const { graph } = this.#ways;
    const heads: { variable: number; value: Value }[] = [];
    for (const variable of growing) {
      const known = this.#slots.get(variable)?.values;
      const value = graph.growing();
      if (known !== undefined) value.from.push(...new Set(known));
      else if (this.count > 0) value.from.push(this.#ways.value(variable));
      this.#slots.delete(variable);
      heads.push({ variable, value });
    }
    this.#take();
    for (const { variable, value } of heads) this.#ways.set(variable, value);
    return heads;
  }

  #take(): void {
    for (const [variable, { values }] of this.#slots) {
      const value = this.#ways.graph.join(values);
      if (value !== this.#ways.value(variable)) this.#ways.set(variable, value);
    }
  }

  /** The variables that differ between the last way and the present place, some more than once; each has a slot afterwards. */
  #open(): readonly number[] {
    const changed: number[] = [];
    this.#ways.compare(
      this.#last,
      ({ variable, value }) => {
        changed.push(variable);
        // Without a slot all ways so far have the same value, that of the last way.
        const slot = this.#slots.get(variable);
        if (slot === undefined) this.#slots.set(variable, { values: [value], since: settled });
        else if (slot.since === this.count) {
          slot.values[0] = value;
          slot.since = settled;
        }
      },
      ({ variable, before }) => {
        changed.push(variable);
        const slot = this.#slots.get(variable);
        if (slot === undefined) {
          const values = this.count === 0 ? [] : [before];
          this.#slots.set(variable, { values, since: this.count === 0 ? settled : this.count });
        } else if (slot.since === this.count) slot.values[0] = before;
      },
    );
    return changed;
  }
}

/** Open joins at a place to which later ways lead back. */
export type Heads = readonly { readonly variable: number; readonly value: Value }[];
