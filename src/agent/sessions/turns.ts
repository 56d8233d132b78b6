// Sign-ins of a machine one after the other: who waits may give up, and who has given up may leave something that the next one waits for.

/** Gives each piece of work its turn. `after`: what has to end, besides the work, before the next turn. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<R>(signal: AbortSignal, work: (after: (cleared: Promise<void>) => void) => Promise<R>): Promise<R> {
    const turn = this.#last;
    let cleared: Promise<void> | undefined;
    const result = (async () => {
      await orAborted(turn, signal);
      return work((when) => {
        cleared = when;
      });
    })();
    this.#last = Promise.allSettled([turn, result]).then(() => cleared);
    return result;
  }

  /** Resolves when all that were asked for by now have ended. */
  async over(): Promise<void> {
    await this.#last;
  }
}

/** Waits for `turn`, but not longer than until the signal aborts; throws its reason then. */
async function orAborted(turn: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    await Promise.race([turn, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
