// Many requests, one action a moment later: events arrive far more often than anybody can see.
import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';

export class Coalesced implements Disposable {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #action: () => void;
  #waiting: Disposable | undefined;

  /** `action` runs `ms` milliseconds after the first of any number of calls of `soon`. */
  constructor(clock: Clock, ms: number, action: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#action = action;
  }

  readonly soon = (): void => {
    this.#waiting ??= this.#clock.after(this.#ms, () => {
      this.#waiting = undefined;
      this.#action();
    });
  };

  dispose(): void {
    this.#waiting?.dispose();
  }
}
