// Time as an argument, so that queues and interpreters run under a fake clock in tests.
import { type Disposable, toDisposable } from './disposable.ts';

export interface Clock {
  /** Wall clock, milliseconds since 1970-01-01T00:00Z. For display and for the store only. */
  now(): number;
  /** Monotonic milliseconds, for durations. */
  monotonic(): number;
  /** Calls `action` once after `ms` milliseconds unless disposed first. */
  after(ms: number, action: () => void): Disposable;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, action) {
    let left = ms;
    let timer: ReturnType<typeof setTimeout>;
    const wait = () => {
      const step = Math.min(left, longestTimerMs);
      left -= step;
      timer = setTimeout(left > 0 ? wait : action, step);
    };
    wait();
    return toDisposable(() => clearTimeout(timer));
  },
};

/** A longer timer of the platform (24.8 days) would fire at once. */
const longestTimerMs = 2 ** 31 - 1;
