// A clock for flows under test that asked for a fake one: waiting takes no time, the clock jumps ahead instead. While an action is
// being carried out time passes as it does, so that a timeout of a real action still means what it says.
import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';

export class SkippingClock implements Clock {
  readonly #real: Clock;
  readonly #isActing: () => boolean;
  /** Milliseconds by which this clock is ahead of the real one. */
  #skipped = 0;
  readonly #wallOffset: number;

  /** `now`: the wall clock at the start, milliseconds; the real one when undefined. `isActing`: an action is being carried out. */
  constructor(real: Clock, now: number | undefined, isActing: () => boolean) {
    this.#real = real;
    this.#wallOffset = now === undefined ? 0 : now - real.now();
    this.#isActing = isActing;
  }

  now(): number {
    return this.#real.now() + this.#wallOffset + this.#skipped;
  }

  monotonic(): number {
    return this.#real.monotonic() + this.#skipped;
  }

  after(ms: number, action: () => void): Disposable {
    if (this.#isActing()) return this.#real.after(ms, action);
    // Not at once: whoever waits in a loop must leave room for a stop, and what follows may be an action after all.
    let later: Disposable | undefined;
    const timer = this.#real.after(0, () => {
      if (this.#isActing()) {
        later = this.#real.after(ms, action);
        return;
      }
      this.#skipped += Math.max(0, ms);
      action();
    });
    return {
      dispose: () => {
        timer.dispose();
        later?.dispose();
      },
    };
  }
}
