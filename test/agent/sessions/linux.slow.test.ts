// Real sign-ins: xrdp, its X sessions and FreeRDP on the loopback, with accounts of their own. The contract of all hosts, and what only
// this one has: its limits, refusals of the system, its own servers found again after a crash.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Credential } from '../../../src/agent/sessions/host.ts';
import { anyHost, ask, Changes, codeOf, hostThatSignsIn, never, size, talker } from './contract.ts';
import { canMakeSessions, LinuxMachine } from './linuxMachine.ts';

const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'ignore' });
const homeOf = ({ account }: Credential) => join('/home', account);

/** Every process with its arguments and environment, as far as root can read them. */
function everyProcess(): readonly { pid: number; args: string[]; environment: string[] }[] {
  return readdirSync('/proc').flatMap((entry) => {
    try {
      const [args, environment] = ['cmdline', 'environ'].map((name) =>
        readFileSync(join('/proc', entry, name), 'utf8').split('\0'),
      );
      return /^\d+$/.test(entry) && args && environment ? [{ pid: Number(entry), args, environment }] : [];
    } catch {
      return [];
    }
  });
}

const processesOf = (argument: string) => everyProcess().filter(({ args }) => args.includes(argument));

describe.skipIf(!canMakeSessions())('sessions on Linux', () => {
  let machine: LinuxMachine;
  let first: Credential;
  let second: Credential;
  beforeAll(() => {
    machine = new LinuxMachine();
    first = machine.account();
    second = machine.account();
  });
  afterAll(async () => {
    await machine.remove();
  });

  describe('by contract', () => {
    describe('signing in', () => {
      hostThatSignsIn(async () => ({ host: await machine.host(), first, second, node: machine.node }));
      afterAll(() => machine.stopHosts());
    });

    afterAll(() => machine.stopHosts());
    const folder = { path: '' };
    const shown: string[] = [];
    anyHost(async () => {
      folder.path = machine.newFolder();
      const host = await machine.host({ folder: folder.path });
      const look = () => {
        for (const { args, environment } of everyProcess())
          shown.push(...[...args, ...environment].filter((text) => text.includes(first.password)));
      };
      const timer = setInterval(look, 50);
      const session = await host.open(first, size, never);
      clearInterval(timer);
      look();
      return { host, session, node: machine.node };
    });

    it('shows the password to nobody', () => {
      for (const entry of readdirSync(folder.path, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile() && readFileSync(path, 'utf8').includes(first.password)) shown.push(path);
      }
      for (const line of machine.log)
        if (JSON.stringify(line).includes(first.password.slice(-12))) shown.push(line.message);
      expect(shown).toEqual([]);
    });
  });

  describe('refused by the system', () => {
    let group: string;
    let folder: string;
    let host: Awaited<ReturnType<LinuxMachine['host']>>;
    beforeAll(async () => {
      group = machine.group();
      folder = machine.newFolder();
      host = await machine.host({ folder, group, sessionLimit: 1 });
    });
    afterAll(async () => {
      await machine.stopHosts();
    });
    const allowed = (...options: string[]) => machine.account('--groups', group, ...options);

    it('for the state of the account', async () => {
      const [locked, expired, old] = [allowed(), allowed(), allowed()];
      run('usermod', '--lock', locked.account);
      run('chage', '--expiredate', '1', expired.account);
      run('chage', '--lastday', '0', old.account);
      await expect(host.open(locked, size, never)).rejects.toMatchObject({
        code: 'AccountLockedOut',
        message: expect.stringContaining('locked'),
      });
      await expect(host.open(expired, size, never)).rejects.toMatchObject({
        code: 'AccountLockedOut',
        message: expect.stringContaining('expired'),
      });
      expect(await codeOf(host.open(old, size, never))).toBe(
        'SessionCreationUserPromptedForCredentialsAfterConnection',
      );
    });

    it('for want of the right', async () => {
      expect(await codeOf(host.open(first, size, never))).toBe('RdpPermissionNotGranted');
      const root = { account: 'root', password: 'x' };
      expect(await codeOf(host.open(root, size, never))).toBe('RdpPermissionNotGranted');
    });

    it('for what is wrong at home', async () => {
      const [without, dying] = [allowed(), allowed()];
      renameSync(homeOf(without), `${homeOf(without)}.away`);
      await expect(host.open(without, size, never)).rejects.toMatchObject({
        code: 'SessionCreationError',
        message: expect.stringContaining(homeOf(without)),
      });
      renameSync(`${homeOf(without)}.away`, homeOf(without));
      writeFileSync(join(homeOf(dying), '.xsession'), 'exit 1\n');
      await expect(host.open(dying, size, never)).rejects.toMatchObject({
        code: 'SessionCreationError',
        message: expect.stringContaining('ended'),
      });
      expect(await host.list()).toEqual([]);
    });

    it('for want of a free session, and when Remote Desktop is off', async () => {
      const [one, two] = [allowed(), allowed()];
      const session = await host.open(one, size, never);
      expect(await codeOf(host.open(two, size, never))).toBe('TooManyActiveSessions');
      expect(await host.list()).toEqual([session]);

      const changes = new Changes(host);
      for (const { pid } of processesOf(join(folder, 'xrdp.ini'))) process.kill(pid, 'SIGKILL');
      await changes.expectLast(session.id, 'disconnected');
      expect(await codeOf(host.open(two, size, never))).toBe('RDPIsNotEnabled');
      expect(await codeOf(host.reuse(session.id, one, never))).toBe('RDPIsNotEnabled');
    });
  });

  describe('with a host of its own', () => {
    afterEach(() => machine.stopHosts());

    it('starts nothing as root that a user has put in its way, and sees this user sign out', async () => {
      const user = machine.account();
      const trap = join(homeOf(user), 'trap');
      mkdirSync(trap);
      const caught = join(trap, 'caught');
      for (const name of ['setpriv', 'sh', 'cat', 'i3lock', 'xrdp-dis']) {
        const path = join(trap, name);
        writeFileSync(
          path,
          `#!/bin/sh\n/usr/bin/id -u >>${caught}\nPATH=/usr/bin:/usr/sbin:/bin\nexec ${name} "$@"\n`,
        );
        chmodSync(path, 0o755);
      }
      writeFileSync(
        join(homeOf(user), '.xsessionrc'),
        `export PATH=${trap}:$PATH LD_DEBUG=libs LD_DEBUG_OUTPUT=${trap}/loaded\n`,
      );
      run('chown', '-R', `${user.account}:`, homeOf(user));
      const host = await machine.host();
      const session = await host.open(user, size, never);
      const child = await host.launch(session.id, talker(machine.node));
      const { environment } = await ask(child, '');
      expect(environment.PATH).toContain(trap);
      await host.lock(session.id);
      await host.disconnect(session.id);
      const changes = new Changes(host);
      for (const { pid } of processesOf('/usr/bin/openbox').filter((one) =>
        one.environment.includes(`USER=${user.account}`),
      ))
        process.kill(pid, 'SIGTERM');
      await changes.expectLast(session.id, 'SessionHasLoggedOff');
      await expect.poll(() => child.exitCode ?? child.signalCode).not.toBeNull();
      const uids = existsSync(caught) ? readFileSync(caught, 'utf8').split('\n') : [];
      expect(uids).not.toContain('0');
      const uid = Number(execFileSync('id', ['-u', user.account], { encoding: 'utf8' }));
      const loaded = readdirSync(trap).filter((name) => name.startsWith('loaded'));
      expect(loaded.length).toBeGreaterThan(0);
      for (const name of loaded)
        expect(Number(execFileSync('stat', ['--format=%u', join(trap, name)], { encoding: 'utf8' }))).toBe(
          uid,
        );
    });

    it('carries one session on a client edition, whoever has it', async () => {
      const host = await machine.host({ edition: 'client' });
      expect(await host.facts()).toMatchObject({ edition: 'client', sessionLimit: 1 });
      await host.open(first, size, never);
      expect(await codeOf(host.open(first, size, never))).toBe('Win10AlreadyHasActiveSession');
      expect(await codeOf(host.open(second, size, never))).toBe('Win10AlreadyHasActiveSession');
    });

    it('gives a user several sessions where that is allowed, and reuses none of them', async () => {
      const host = await machine.host({ severalPerUser: true });
      const one = await host.open(first, size, never);
      const two = await host.open(first, size, never);
      expect(new Set([one.id, two.id]).size).toBe(2);
      const inOne = await host.launch(one.id, talker(machine.node));
      const inTwo = await host.launch(two.id, talker(machine.node));
      const displays = [await ask(inOne, ''), await ask(inTwo, '')].map(
        ({ environment }) => environment.DISPLAY,
      );
      expect(new Set(displays).size).toBe(2);
      await host.lock(one.id);
      expect((await host.list()).map(({ state }) => state).toSorted()).toEqual(['active', 'locked']);
      expect(await codeOf(host.reuse(one.id, first, never))).toBe('SessionExistsForTheUserWhenUnattended');
      for (const path of displays.map(
        (display) => `/run/xrdp/sockdir/xrdp_disconnect_display_${display?.slice(1, 3)}`,
      ))
        rmSync(path);
      expect(await codeOf(host.disconnect(two.id))).toBe('SessionNotDisconnected');
      await host.signOut(one.id);
      expect(await host.list()).toEqual([two]);
      expect((await ask(inTwo, 'still here')).text).toBe('still here');
    });

    it('tells which limit has ended a session', async () => {
      const host = await machine.host({ idleLimitMs: 4_000, durationLimitMs: 6_000 });
      const changes = new Changes(host);
      const idle = await host.open(first, size, never);
      const child = await host.launch(idle.id, talker(machine.node));
      const long = await host.open(second, size, never);
      await host.disconnect(long.id);
      await changes.expectLast(idle.id, 'SessionHasLoggedOffWithMaxIdleTime', 12_000);
      await expect.poll(() => child.exitCode ?? child.signalCode).not.toBeNull();
      expect(changes.of(long.id).at(-1)).toBe('disconnected');
      await changes.expectLast(long.id, 'MaxRDSessionDurationReached', 12_000);
      expect(await host.list()).toEqual([]);
    });

    it('finds its sessions again after a crash of the agent, but none under other settings or a dead server', async () => {
      const folder = machine.newFolder();
      const options = { folder, edition: 'server', sessionLimit: 2, severalPerUser: false } as const;
      const session = await machine.killedAfterOpening(options, first);
      const host = await machine.host(options);
      expect(await host.list()).toEqual([{ ...session, since: expect.closeTo(session.since, -3) }]);
      await host.lock(session.id);
      expect(await host.reuse(session.id, first, never)).toMatchObject({ id: session.id, state: 'active' });
      host.dispose();
      for (const { pid } of processesOf(join(folder, 'sesman.ini'))) process.kill(pid, 'SIGKILL');
      const fresh = await machine.host(options);
      expect(await fresh.list()).toEqual([]);
      const again = await fresh.open(first, size, never);
      expect(again.id).not.toBe(session.id);
      fresh.dispose();
      const changed = await machine.host({ ...options, sessionLimit: 3 });
      expect(await changed.list()).toEqual([]);
      await machine.stopHosts();
      expect(everyProcess().filter(({ args }) => args.some((text) => text.startsWith(folder)))).toEqual([]);
    });

    it('works where it may not mount', async () => {
      const folder = machine.newFolder();
      const options = { folder, edition: 'server', sessionLimit: 2, severalPerUser: false } as const;
      const session = await machine.killedAfterOpening(options, first, [
        'setpriv',
        '--bounding-set=-sys_admin',
      ]);
      expect(readFileSync(join(folder, 'state.json'), 'utf8')).toContain('"ownNamespace":false');
      const host = await machine.host(options);
      expect(await host.list()).toMatchObject([{ id: session.id, state: 'active' }]);
    });
  });
});
