// Long computing in pieces: the event loop has its turn in between, so that the run can be stopped within a second.

/** So long (ms) a piece may take. */
const pieceMs = 50;

/** In a loop: `if (turns.isOver) await turns.next();`. */
export class Turns {
  readonly #signal: AbortSignal;
  #since = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get isOver(): boolean {
    return performance.now() - this.#since > pieceMs;
  }

  /** Throws the signal's reason. */
  async next(): Promise<void> {
    await new Promise((resume) => setImmediate(resume));
    this.#signal.throwIfAborted();
    this.#since = performance.now();
  }
}

/** So many items are sorted at one go. */
const sortedAtOnce = 4_000;

/** The items in the order of `compare`, those that are equal as they were. Throws the signal's reason. */
export async function sortInTurns<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
  signal: AbortSignal,
): Promise<T[]> {
  const turns = new Turns(signal);
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += sortedAtOnce) {
    runs.push(items.slice(at, at + sortedAtOnce).sort(compare));
    if (turns.isOver) await turns.next();
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      const [left, right] = [runs[at] as T[], runs[at + 1]];
      merged.push(right === undefined ? left : await merge(left, right, compare, turns));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge<T>(left: T[], right: T[], compare: (a: T, b: T) => number, turns: Turns): Promise<T[]> {
  const merged: T[] = [];
  let [l, r] = [0, 0];
  while (l < left.length && r < right.length) {
    const takesRight = compare(left[l] as T, right[r] as T) > 0;
    merged.push((takesRight ? right[r++] : left[l++]) as T);
    if (merged.length % 4096 === 0 && turns.isOver) await turns.next();
  }
  for (; l < left.length; l++) merged.push(left[l] as T);
  for (; r < right.length; r++) merged.push(right[r] as T);
  return merged;
}
