// Every action seen in public flows is supported, or needs something that only a Windows desktop or another product has.
import { expect, it } from 'vitest';
import { seenActions, shareReport } from '../../../scripts/support/share.ts';

const seen = seenActions();

it('counts 316 actions', () => {
  expect(seen).toHaveLength(316);
  expect(seen.every(({ calls }) => calls > 0)).toBe(true);
});

it('supports all that need no desktop', () => {
  const missing = seen.filter(({ supported, needs }) => !supported && needs === undefined);
  expect(missing.map(({ id }) => id)).toEqual(notHonest);
});

it('says both shares and what the others need', () => {
  expect(shareReport()).toMatch(
    /^Supported of all actions seen in flows: +\d+ of 316 ids \(.+\), \d+ of \d+ calls/,
  );
});

/** Left out because they could not be done honestly here. */
const notHonest: readonly string[] = ['Scripting.RunDotNetScript'];
