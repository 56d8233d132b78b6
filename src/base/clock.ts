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
    const timer = setTimeout(action, ms);
    return toDisposable(() => clearTimeout(timer));
  },
};
