// Sorting in pieces gives what sorting at once gives.
import { expect, test } from 'vitest';
import { sortInTurns, Turns } from '../../../src/runtime/actions/turns.ts';
import { seed } from '../../seed.ts';

test.each([0, 1, 3999, 4000, 4001, 30_011])(
  '%i items, those that are equal in their order',
  async (length) => {
    let state = seed;
    const items = Array.from({ length }, (_, place) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return { key: state % 100, place };
    });
    const compare = (a: { key: number }, b: { key: number }) => a.key - b.key;
    const { signal } = new AbortController();
    expect(await sortInTurns(items, compare, signal)).toEqual(items.toSorted(compare));
  },
);

test('a stop is heard at the next turn', async () => {
  const stop = new AbortController();
  const turns = new Turns(stop.signal);
  expect(turns.isOver).toBe(false);
  await turns.next();
  setTimeout(() => stop.abort(new Error('stopped')), 0);
  await expect(
    (async () => {
      for (;;) if (turns.isOver) await turns.next();
    })(),
  ).rejects.toThrow('stopped');
});
