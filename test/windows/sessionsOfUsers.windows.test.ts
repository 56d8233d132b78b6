// Sessions of several users, by the contract of all hosts: on a played computer everywhere, and with real sign-ins through FreeRDP on a
// Windows Server, as the system, with accounts that are made for it and removed after it. Without Remote Desktop Services nobody else
// may be signed in there: the suite needs two sessions at once.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import './sharedSuites.ts';
import type { Credential, SessionHost } from '../../src/agent/sessions/host.ts';
import { startWindowsSessions, type WindowsSessionHost } from '../../src/agent/sessions/windows.ts';
import { Log } from '../../src/base/log.ts';
import { accountOf } from '../../src/win32/security.ts';
import { isWine, temporaryFolder } from './harness.ts';

const { hostThatSignsIn, never, size } = await import('../agent/sessions/contract.ts');
const { believing } = await import('../agent/sessions/fakeHost.ts');
const { PlayedComputer } = await import('../agent/sessions/playedComputer.ts');

const folder = temporaryFolder('users');
after(() => folder[Symbol.dispose]());
const log = new Log('sessions', Date.now, []);

describe('on a played computer', () => {
  const first = { account: 'ann', password: 'a secret' };
  const second = { account: 'bob', password: 'another' };
  let host: WindowsSessionHost;
  hostThatSignsIn(async () => {
    const computer = new PlayedComputer({
      accounts: { ann: { password: first.password }, bob: { password: second.password } },
      start: believing,
      signInMs: 100,
      desktopMs: 1_600,
    });
    host = await startWindowsSessions({
      folder: join(folder.path, 'played'),
      sessionLimit: 3,
      log,
      computer,
    });
    return { host, first, second, node: process.execPath };
  });
  after(() => host.dispose());
});

// Wine has no sessions to be made: there is nothing to skip, the table in docs/sessions.md has what only this shows.
if (!isWine)
  describe('with real sign-ins', () => {
    const made: string[] = [];
    const remoteDesktopUsers = accountOf('S-1-5-32-555')?.name as string;
    const account = (): Credential => {
      const name = `dflowt${made.length}`;
      const password = `Aa1!${randomBytes(12).toString('hex')}`;
      execFileSync('net', ['user', name, password, '/add'], { stdio: 'ignore' });
      made.push(name);
      execFileSync('net', ['localgroup', remoteDesktopUsers, name, '/add'], { stdio: 'ignore' });
      return { account: `.\\${name}`, password };
    };
    let host: WindowsSessionHost;
    before(async () => {
      host = await startWindowsSessions({ folder: join(folder.path, 'real'), sessionLimit: 3, log });
    });
    after(() => {
      host?.dispose();
      for (const name of made) execFileSync('net', ['user', name, '/delete'], { stdio: 'ignore' });
    });

    /** People and whoever runs this are not there for the suite: it signs everybody out. */
    const withoutPeople = (): SessionHost => ({
      kind: host.kind,
      facts: () => host.facts(),
      list: async () => (await host.list()).filter((one) => made.includes(one.account)),
      open: (...given) => host.open(...given),
      reuse: (...given) => host.reuse(...given),
      launch: (...given) => host.launch(...given),
      lock: (id) => host.lock(id),
      disconnect: (id) => host.disconnect(id),
      signOut: (id) => host.signOut(id),
      onChange: host.onChange,
      dispose: () => host.dispose(),
    });

    hostThatSignsIn(async () => ({
      host: withoutPeople(),
      first: account(),
      second: account(),
      node: process.execPath,
      joins: ['--import', new URL('./joinChannel.ts', import.meta.url).href],
    }));

    it('says why Windows refuses', async () => {
      const user = account();
      const codeOf = (credential: Credential) =>
        host.open(credential, size, never).then(
          () => 'no error',
          ({ code }) => code,
        );
      const name = user.account.slice(2);
      execFileSync('net', ['localgroup', remoteDesktopUsers, name, '/delete'], { stdio: 'ignore' });
      assert.equal(await codeOf(user), 'RdpPermissionNotGranted');
      execFileSync('net', ['user', name, '/active:no'], { stdio: 'ignore' });
      assert.equal(await codeOf(user), 'AccountLockedOut');
    });
  });
