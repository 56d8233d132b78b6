// Virtual time: one heap of events, delivered one after the other; after each, everything that became ready runs to its end. Nothing in
// a story waits for anything real, so a day takes seconds and a story can be told again.
import type { Clock } from '../../../src/base/clock.ts';
import { type Disposable, toDisposable } from '../../../src/base/disposable.ts';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly label: string;
  /** Nothing happens any more when whoever planned it is gone. */
  readonly isAlive: () => boolean;
  action: (() => void) | undefined;
}

const always = (): boolean => true;
const isBefore = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class Time {
  readonly start = Date.UTC(2026, 0, 31, 10, 0, 0);
  readonly #heap: Due[] = [];
  readonly #trace: (line: string) => void;
  #now = this.start;
  #orders = 0;
  /** Events delivered so far. */
  steps = 0;

  constructor(trace: (line: string) => void) {
    this.#trace = trace;
  }

  get now(): number {
    return this.#now;
  }

  after(ms: number, label: string, action: () => void, isAlive: () => boolean = always): Disposable {
    const due: Due = {
      at: this.#now + Math.max(0, Math.round(ms)),
      order: ++this.#orders,
      label,
      isAlive,
      action,
    };
    this.#push(due);
    return toDisposable(() => {
      due.action = undefined;
    });
  }

  /** Delivers the next event and lets the program react. False: nothing is planned any more. */
  async step(): Promise<boolean> {
    for (;;) {
      const due = this.#pop();
      if (due === undefined) return false;
      const { action } = due;
      if (action === undefined || !due.isAlive()) continue;
      this.#now = due.at;
      this.steps += 1;
      this.#trace(`${due.at} ${due.label}`);
      action();
      // An immediate comes after all microtasks, also those that microtasks make.
      await new Promise(setImmediate);
      return true;
    }
  }

  /** The clock of one program: `skew` is what its wall clock is wrong by; `sleepsUntil`: its timers wait while its machine sleeps. */
  clock(
    label: string,
    isAlive: () => boolean,
    skew: () => number,
    sleepsUntil: () => number = () => 0,
  ): Clock {
    const after = (ms: number, action: () => void): Disposable => {
      let planned: Disposable | undefined;
      const plan = (delay: number): void => {
        planned = this.after(
          delay,
          label,
          () => {
            const rest = sleepsUntil() - this.#now;
            if (rest > 0) plan(rest);
            else action();
          },
          isAlive,
        );
      };
      plan(ms);
      return toDisposable(() => planned?.dispose());
    };
    return { now: () => this.#now + skew(), monotonic: () => this.#now - this.start, after };
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let index = heap.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(heap[parent] as Due, due)) break;
      heap[index] = heap[parent] as Due;
      index = parent;
    }
    heap[index] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Due, heap[child] as Due)) child += 1;
      if (!isBefore(heap[child] as Due, last)) break;
      heap[index] = heap[child] as Due;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}
