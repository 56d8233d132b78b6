// The host of the fast tests keeps the promises of the real ones. Its programs are real processes that believe to be somebody else's.

import { startProcess } from '../../../src/agent/sessions/launching.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { anyHost, hostThatSignsIn, never, size } from './contract.ts';
import { FakeSessionHost, type Start } from './fakeHost.ts';

const start: Start = (account, { program, args, environment }) => {
  const pretend = `import os from 'node:os'; os.userInfo = () => ({ username: ${JSON.stringify(account)} });`;
  return startProcess({
    command: program,
    args,
    environment: {
      ...process.env,
      ...environment,
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(pretend)}`,
    },
  });
};
const first = { account: 'ann', password: 'a secret' };
const second = { account: 'bob', password: 'another' };
const host = (openMs: number) =>
  new FakeSessionHost({
    clock: systemClock,
    accounts: { ann: first.password, bob: second.password },
    start,
    openMs,
  });

// Longer than the longest time after which the contract gives up.
hostThatSignsIn(async () => ({ host: host(1_700), first, second, node: process.execPath }));

anyHost(async () => {
  const made = host(0);
  return { host: made, session: await made.open(first, size, never), node: process.execPath };
});
