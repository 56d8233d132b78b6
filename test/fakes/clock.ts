// A clock whose time only moves when a test says so. Deterministic: timers fire in order of due time, then of creation.
import type { Clock } from '../../src/base/clock.ts';
import { type Disposable, toDisposable } from '../../src/base/disposable.ts';

/** Lets everything that is ready run: microtasks, `setImmediate` callbacks and finished IO. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Timer {
  readonly due: number;
  readonly action: () => void;
}

export class FakeClock implements Clock {
  readonly #start: number;
  readonly #timers = new Set<Timer>();
  readonly #automatic: boolean;
  #elapsed = 0;
  #jumping = false;

  /**
   * `start`: the wall clock at the beginning, milliseconds. `automatic`: time jumps to the next timer whenever the
   * program has nothing else to do, so that an hour of waiting takes no time and needs no `advance`.
   */
  constructor(options: { readonly start?: number; readonly automatic?: boolean } = {}) {
    this.#start = options.start ?? Date.UTC(2026, 0, 31, 10, 0, 0);
    this.#automatic = options.automatic ?? false;
  }

  now(): number {
    return this.#start + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, action: () => void): Disposable {
    const timer: Timer = { due: this.#elapsed + Math.max(0, ms), action };
    this.#timers.add(timer);
    if (this.#automatic) void this.#jump();
    return toDisposable(() => this.#timers.delete(timer));
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time forward by `ms`, firing every timer that falls due (also those the fired ones start), and lets the program react after each. */
  async advance(ms: number): Promise<void> {
    const target = this.#elapsed + ms;
    await settle();
    for (let next = this.#next(); next && next.due <= target; next = this.#next()) await this.#fire(next);
    this.#elapsed = target;
    await settle();
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (!next || timer.due < next.due) next = timer;
    return next;
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    this.#elapsed = Math.max(this.#elapsed, timer.due);
    timer.action();
    await settle();
  }

  async #jump(): Promise<void> {
    if (this.#jumping) return;
    this.#jumping = true;
    await settle();
    for (let next = this.#next(); next; next = this.#next()) await this.#fire(next);
    this.#jumping = false;
  }
}
