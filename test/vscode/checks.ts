// A very small test runner for suites that live inside a VS Code: runs checks one after the other and says what came out.
// No grouping, no retries: a check that needs a second try is a broken check.

/** Collects the results of one suite. */
export class Checks {
  passed = 0;
  failed = 0;
  readonly #say: (line: string) => void;
  readonly #onFailure: (name: string) => Promise<void>;

  /** `say` receives one text per check; `onFailure` may gather evidence. */
  constructor(say: (line: string) => void, onFailure: (name: string) => Promise<void> = async () => {}) {
    this.#say = say;
    this.#onFailure = onFailure;
  }

  /** Runs `body` within `limit` milliseconds; a text it returns is printed as a note. Never throws. */
  async check(name: string, body: () => Promise<unknown>, limit = 60_000): Promise<void> {
    const start = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${limit / 1000} s`)), limit);
    });
    try {
      const note = await Promise.race([body(), late]);
      this.passed++;
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      this.#say(`  ✓ ${name} (${seconds} s)${typeof note === 'string' ? `: ${note}` : ''}`);
    } catch (error) {
      this.failed++;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#say(`  ✗ ${name}\n${text.replace(/^/gm, '      ')}`);
      await this.#onFailure(name);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Fails with `message` unless `condition` holds. */
export function expect(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Calls `probe` until it gives something truthy and returns that; after `limit` milliseconds fails, naming `what` and the last error. */
export async function until<T>(
  what: string,
  probe: () => T | PromiseLike<T>,
  limit = 20_000,
  every = 50,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + limit;
  for (;;) {
    let problem = '';
    try {
      const value = await probe();
      if (value) return value as Exclude<T, false | null | undefined>;
    } catch (error) {
      problem = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() > end) throw new Error(`waited ${limit / 1000} s in vain for ${what}${problem}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
