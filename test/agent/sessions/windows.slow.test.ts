// The host for Windows keeps the contract of all hosts on a played computer. Its programs are real processes that believe to be somebody
// else's. With the calls of Windows themselves: test/windows/sessions.windows.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startWindowsSessions } from '../../../src/agent/sessions/windows.ts';
import type { ProductError } from '../../../src/base/error.ts';
import { Log } from '../../../src/base/log.ts';
import { anyHost, codeOf, hostThatSignsIn, never, size } from './contract.ts';
import { believing } from './fakeHost.ts';
import { PlayedComputer } from './playedComputer.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-windows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const first = { account: 'ann', password: 'a secret' };
const second = { account: 'bob', password: 'another' };
const host = (name: string, signInMs: number, desktopMs: number) =>
  startWindowsSessions({
    folder: join(folder, name),
    sessionLimit: 3,
    log: new Log('sessions', Date.now, []),
    computer: new PlayedComputer({
      accounts: { ann: { password: first.password }, bob: { password: second.password } },
      start: believing,
      signInMs,
      desktopMs,
    }),
  });

// One attempt is given up before, one while and one after Windows makes its session.
hostThatSignsIn(async () => ({
  host: await host('signing', 100, 1_600),
  first,
  second,
  node: process.execPath,
}));

anyHost(async () => {
  const made = await host('any', 0, 0);
  return { host: made, session: await made.open(first, size, never), node: process.execPath };
});

describe('a sign-in that waits for somebody', () => {
  const waiting = async (name: string, hasNotice: boolean) => {
    const computer = new PlayedComputer({
      accounts: { ann: { password: first.password, prompts: true } },
      start: believing,
      setUp: { hasNotice },
    });
    const log = new Log('sessions', Date.now, []);
    const host = await startWindowsSessions({ folder: join(folder, name), sessionLimit: 3, log, computer });
    const error = await host.open(first, size, never).catch((thrown: ProductError) => thrown);
    const left = await computer.sessions();
    host.dispose();
    return { error, left };
  };

  it('says for what, and leaves nothing', async () => {
    const [prompt, notice] = await Promise.all([waiting('prompt', false), waiting('notice', true)]);
    expect(prompt.error).toMatchObject({ code: 'SessionCreationUserPromptedForCredentialsAfterConnection' });
    expect(notice.error).toMatchObject({
      code: 'SessionCreationError',
      message: expect.stringContaining('legal notice'),
    });
    expect([...prompt.left, ...notice.left]).toEqual([]);
  });
});

describe('a session that does not do what it is asked for', () => {
  it('is not locked, not disconnected, and is signed out all the same', async () => {
    const computer = new PlayedComputer({
      accounts: { ann: { password: first.password } },
      start: believing,
    });
    const log = new Log('sessions', Date.now, []);
    const host = await startWindowsSessions({
      folder: join(folder, 'stiff'),
      sessionLimit: 3,
      log,
      computer,
    });
    const { id } = await host.open(first, size, never);
    for (const act of ['lock', 'disconnect', 'signOut'] as const) computer.played.set(act, () => {});
    expect(await codeOf(host.lock(id))).toBe('SessionNotLocked');
    expect(await codeOf(host.disconnect(id))).toBe('SessionNotDisconnected');
    await host.signOut(id);
    expect(await host.list()).toEqual([]);
    host.dispose();
  });
});
