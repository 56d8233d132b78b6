// The host of the fast tests keeps the promises of the real ones. Its programs are real processes that believe to be somebody else's.

import { systemClock } from '../../../src/base/clock.ts';
import { anyHost, hostThatSignsIn, never, size } from './contract.ts';
import { believing, FakeSessionHost } from './fakeHost.ts';

const first = { account: 'ann', password: 'a secret' };
const second = { account: 'bob', password: 'another' };
const host = (openMs: number) =>
  new FakeSessionHost({
    clock: systemClock,
    accounts: { ann: first.password, bob: second.password },
    start: believing,
    openMs,
  });

// Longer than the longest time after which the contract gives up.
hostThatSignsIn(async () => ({ host: host(1_700), first, second, node: process.execPath }));

anyHost(async () => {
  const made = host(0);
  return { host: made, session: await made.open(first, size, never), node: process.execPath };
});
