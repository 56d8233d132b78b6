// Waiting for browsers: time limits, and promises that end at once when the run stops.
import type { Clock } from '../../../base/clock.ts';
import type { ActionContext } from '../../action.ts';

/** Time that is left for something, by the clock of the run. */
export class Deadline {
  readonly #clock: Clock;
  readonly #end: number;
  readonly seconds: number;

  constructor(clock: Clock, seconds: number) {
    this.#clock = clock;
    this.seconds = seconds;
    this.#end = clock.monotonic() + seconds * 1000;
  }

  /** Milliseconds; never below 0. */
  get left(): number {
    return Math.max(0, this.#end - this.#clock.monotonic());
  }

  get isOver(): boolean {
    return this.left === 0;
  }
}

/** Ends after `ms`, or with the signal's reason when the run stops. */
export function delay({ host, signal }: ActionContext, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const timer = host.clock.after(ms, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    const stop = () => {
      timer.dispose();
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** What `work` gives, or the signal's reason as soon as the run stops; the work itself cannot be stopped and is left alone. */
export async function untilStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => {});
  signal.throwIfAborted();
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Ends after `ms`, whatever becomes of the run. */
export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve);
  });

/** `untilStopped` with a limit: throws `late()` when the work has not ended after `seconds`. */
export async function within<T>(
  { host, signal }: ActionContext,
  seconds: number,
  work: Promise<T>,
  late: () => Error,
): Promise<T> {
  let timer: { dispose(): void } | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = host.clock.after(seconds * 1000, () => reject(late()));
  });
  work.catch(() => {});
  try {
    return await untilStopped(signal, Promise.race([work, over]));
  } finally {
    timer?.dispose();
  }
}
