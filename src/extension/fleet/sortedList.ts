// A list that stays in order while items come and go one by one: a queue of thousands must not be sorted for every event.

export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];

  /** `compare` is a total order: it gives 0 for the same item only. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    this.#items.splice(this.#place(item), 0, item);
  }

  remove(item: T): void {
    const at = this.indexOf(item);
    if (at >= 0) this.#items.splice(at, 1);
  }

  /** -1: it is not there. */
  indexOf(item: T): number {
    const at = this.#place(item);
    const found = this.#items[at];
    return found !== undefined && this.#compare(found, item) === 0 ? at : -1;
  }

  /** Where the item is or would be. */
  #place(item: T): number {
    // What comes last is added last most of the time.
    const last = this.#items.at(-1);
    if (last !== undefined && this.#compare(last, item) < 0) return this.#items.length;
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.#items[middle] as T, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
