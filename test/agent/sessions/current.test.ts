// The host that works in the session it is in: what it says and refuses. Starting programs in it: current.slow.test.ts.
import { hostname, userInfo } from 'node:os';
import { expect, it } from 'vitest';
import { currentSessionHost } from '../../../src/agent/sessions/current.ts';
import { accountKey } from '../../../src/orchestration/accounts.ts';
import { codeOf, never, size } from './contract.ts';

it('is one session of the user, on a machine that carries one', async () => {
  const host = currentSessionHost();
  expect(await host.facts()).toEqual({ edition: 'client', sessionLimit: 1, severalPerUser: false });
  const sessions = await host.list();
  expect(sessions).toMatchObject([{ state: 'active', kind: 'console', ours: false }]);
  expect(sessions[0]?.account.replace(/^.*\\/, '')).toBe(accountKey(userInfo().username, hostname()));
});

it('touches no session, its own neither', async () => {
  const host = currentSessionHost();
  const credential = { account: userInfo().username, password: 'secret' };
  const [session] = await host.list();
  const id = session?.id ?? '';
  for (const act of [
    host.open(credential, size, never),
    host.reuse(id, credential, never),
    host.lock(id),
    host.disconnect(id),
    host.signOut(id),
  ])
    expect(await codeOf(act)).toBe('SessionsNotSupported');
  expect(await host.list()).toEqual([session]);
});
