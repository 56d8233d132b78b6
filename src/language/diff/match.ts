// Which items of one list are which of another: the longest run of equal ones that keeps its order, as nearly as can be had in
// O(n log n). Items that occur once on both sides decide; between them repeated ones are paired in their order.

/** For every index of `before` the index of `after` it is matched with, or -1. Indexes increase along both lists. */
export function matchInOrder(before: readonly string[], after: readonly string[]): Int32Array {
  const matched = new Int32Array(before.length).fill(-1);
  const work: Gap[] = [{ fromBefore: 0, toBefore: before.length, fromAfter: 0, toAfter: after.length }];
  for (let gap = work.pop(); gap !== undefined; gap = work.pop()) {
    let { fromBefore, toBefore, fromAfter, toAfter } = gap;
    while (fromBefore < toBefore && fromAfter < toAfter && before[fromBefore] === after[fromAfter]) {
      matched[fromBefore++] = fromAfter++;
    }
    while (fromBefore < toBefore && fromAfter < toAfter && before[toBefore - 1] === after[toAfter - 1]) {
      matched[--toBefore] = --toAfter;
    }
    if (fromBefore === toBefore || fromAfter === toAfter) continue;
    const rest = { fromBefore, toBefore, fromAfter, toAfter };
    const unique = increasing(pairs(before, after, rest, true));
    const anchors = unique.length > 0 ? unique : increasing(pairs(before, after, rest, false));
    for (const [left, right] of anchors) matched[left] = right;
    if (unique.length === 0) continue;
    let previous: readonly [number, number] = [fromBefore - 1, fromAfter - 1];
    for (const anchor of [...unique, [toBefore, toAfter] as const]) {
      work.push({
        fromBefore: previous[0] + 1,
        toBefore: anchor[0],
        fromAfter: previous[1] + 1,
        toAfter: anchor[1],
      });
      previous = anchor;
    }
  }
  return matched;
}

interface Gap {
  readonly fromBefore: number;
  readonly toBefore: number;
  readonly fromAfter: number;
  readonly toAfter: number;
}

/** Equal items as pairs, in the order of `before`: those that occur once on both sides, or the first with the first and so on. */
function pairs(
  before: readonly string[],
  after: readonly string[],
  { fromBefore, toBefore, fromAfter, toAfter }: Gap,
  unique: boolean,
): (readonly [number, number])[] {
  const places = new Map<string, number[]>();
  for (let index = fromAfter; index < toAfter; index++) {
    const item = after[index] as string;
    const known = places.get(item);
    if (known === undefined) places.set(item, [index]);
    else known.push(index);
  }
  const seen = new Map<string, number>();
  for (let index = fromBefore; index < toBefore; index++) {
    const item = before[index] as string;
    seen.set(item, (seen.get(item) ?? 0) + 1);
  }
  const nth = new Map<string, number>();
  const found: (readonly [number, number])[] = [];
  for (let index = fromBefore; index < toBefore; index++) {
    const item = before[index] as string;
    const there = places.get(item);
    if (there === undefined || (unique && (there.length > 1 || (seen.get(item) as number) > 1))) continue;
    const count = nth.get(item) ?? 0;
    nth.set(item, count + 1);
    const right = there[count];
    if (right !== undefined) found.push([index, right]);
  }
  return found;
}

/** The longest part of the pairs in which the right sides increase, too. */
function increasing(given: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const tails: number[] = [];
  const previous = new Int32Array(given.length).fill(-1);
  for (let index = 0; index < given.length; index++) {
    const right = (given[index] as readonly [number, number])[1];
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((given[tails[middle] as number] as readonly [number, number])[1] < right) low = middle + 1;
      else high = middle;
    }
    previous[index] = low === 0 ? -1 : (tails[low - 1] as number);
    tails[low] = index;
  }
  const chosen: (readonly [number, number])[] = [];
  for (let index = tails.at(-1) ?? -1; index >= 0; index = previous[index] as number) {
    chosen.push(given[index] as readonly [number, number]);
  }
  return chosen.reverse();
}
