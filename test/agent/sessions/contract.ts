// What every session host promises (src/agent/sessions/host.ts), as tests: one suite for `current`, `linux` and `windows`. The machine
// and its accounts are the business of the file that calls it.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type {
  Credential,
  Launch,
  SessionChange,
  SessionHost,
  SessionOptions,
} from '../../../src/agent/sessions/host.ts';
import { accountKey } from '../../../src/orchestration/accounts.ts';
import { type SessionFacts, sessionFacts } from '../../../src/protocol/sessions.ts';

export const never = new AbortController().signal;
export const size: SessionOptions = { width: 1024, height: 768 };

/** Changes are told within two seconds. */
const changeMs = 2_000;

/** Changes of a host, kept from the moment this is made. */
export class Changes {
  readonly #seen: SessionChange[] = [];

  constructor(host: SessionHost) {
    host.onChange((change) => this.#seen.push(change));
  }

  /** `active`, `locked` … for a change, the reason for an end. */
  of(sessionId: string): readonly string[] {
    return this.#seen
      .filter(({ session }) => session.id === sessionId)
      .map((change) => (change.kind === 'ended' ? change.reason : change.session.state));
  }

  /** Waits until the last change of a session is `wanted`. */
  async expectLast(sessionId: string, wanted: string, ms = changeMs): Promise<void> {
    await expect.poll(() => this.of(sessionId).at(-1), { timeout: ms, interval: 20 }).toBe(wanted);
  }
}

/** A program that says who it is, answers and stays. `node` is a Node that every account may run. */
export const talker = (node: string, environment: Launch['environment'] = {}): Launch => ({
  program: node,
  args: [
    '-e',
    `process.on('message', (text) => process.send({ text, user: require('node:os').userInfo().username, environment: process.env }));
     setInterval(() => {}, 1000);`,
  ],
  environment,
});

export interface Answer {
  readonly text: string;
  readonly user: string;
  readonly environment: Readonly<Record<string, string>>;
}

export async function ask(child: ChildProcess, text: string): Promise<Answer> {
  const answer = once(child, 'message', { signal: AbortSignal.timeout(10_000) });
  child.send(text);
  return (await answer)[0] as Answer;
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error) => (error as { code?: string }).code ?? String(error),
  );
}

export const plainName = (account: string): string => account.replace(/^.*\\|@.*$/g, '');

/**
 * What holds for every host, in a session that is there when `setUp` ends. `joins`: arguments with which a Node joins the channel, where
 * that is not Node's own.
 */
export function anyHost(
  setUp: () => Promise<{ host: SessionHost; session: SessionFacts; node: string; joins?: readonly string[] }>,
) {
  describe('every host', () => {
    let host: SessionHost;
    let session: SessionFacts;
    let node: string;
    let joins: readonly string[];
    beforeAll(async () => {
      ({ host, session, node, joins = [] } = await setUp());
    });

    it('says what the machine carries', async () => {
      const { edition, sessionLimit } = await host.facts();
      expect(['client', 'server']).toContain(edition);
      expect(sessionLimit).toBeGreaterThanOrEqual(1);
      if (edition === 'client') expect(sessionLimit).toBe(1);
    });

    it('lists sessions in the vocabulary of the protocol, each once', async () => {
      const sessions = await host.list();
      for (const one of sessions) {
        expect(sessionFacts.parse(one)).toEqual(one);
        expect(one.account).toBe(accountKey(one.account, hostname()));
        expect(one.since).toBeGreaterThan(Date.UTC(2020));
        expect(one.since).toBeLessThan(Date.now() + 1_000);
      }
      expect(new Set(sessions.map(({ id }) => id)).size).toBe(sessions.length);
      expect(sessions.find(({ id }) => id === session.id)).toEqual(session);
      expect(await host.list()).toEqual(sessions);
    });

    it('starts a program in a session as its user, with a channel of its own', async () => {
      const value = `a'b"c $HOME \`x\`\nline`;
      const launch = talker(node, { DFLOW_TEST_VALUE: value });
      const child = await host.launch(session.id, { ...launch, args: [...joins, ...launch.args] });
      try {
        const answer = await ask(child, 'hello');
        expect(answer.text).toBe('hello');
        expect(answer.user.toLowerCase()).toBe(plainName(session.account));
        expect(answer.environment.DFLOW_TEST_VALUE).toBe(value);
      } finally {
        child.kill('SIGKILL');
      }
      await once(child, 'exit');
    });

    it('says that a program cannot be started', async () => {
      const launch = { program: '/no/such/program', args: [], environment: {} };
      await expect(host.launch(session.id, launch)).rejects.toMatchObject({
        code: 'WorkerNotStarted',
        message: expect.stringContaining('/no/such/program'),
      });
    });

    it('does not take one session for another', async () => {
      expect(await codeOf(host.launch(`${session.id}0`, talker(node)))).toBe('SessionNotFound');
    });
  });
}

export interface Machine {
  readonly host: SessionHost;
  /** Two accounts that may sign in, without a session. The limit of the machine is three sessions. */
  readonly first: Credential;
  readonly second: Credential;
  readonly node: string;
  /** As of `anyHost`. */
  readonly joins?: readonly string[];
}

/** What holds for a host that signs people in, on a server edition where each user has one session. */
export function hostThatSignsIn(setUp: () => Promise<Machine>) {
  describe('a host that signs in', () => {
    let machine: Machine;
    let host: SessionHost;
    let changes: Changes;
    let talking: Launch;
    beforeAll(async () => {
      machine = await setUp();
      host = machine.host;
      changes = new Changes(host);
      const launch = talker(machine.node);
      talking = { ...launch, args: [...(machine.joins ?? []), ...launch.args] };
    });
    afterEach(async () => {
      for (const { id } of await host.list()) await host.signOut(id);
    });

    it('opens sessions of several users side by side and signs each out with all that runs in it', async () => {
      const { first, second } = machine;
      const before = Date.now();
      const [one, two] = await Promise.all([host.open(first, size, never), host.open(second, size, never)]);
      expect(one).toMatchObject({
        account: accountKey(first.account, hostname()),
        state: 'active',
        kind: 'remote',
        ours: true,
      });
      expect(one.since).toBeGreaterThan(before - 1_000);
      expect(one.since).toBeLessThan(Date.now() + 1_000);
      expect(await host.list()).toEqual(expect.arrayContaining([one, two]));
      await changes.expectLast(one.id, 'active');

      const inOne = await host.launch(one.id, talking);
      const inTwo = await host.launch(two.id, talking);
      expect([(await ask(inOne, '')).user, (await ask(inTwo, '')).user]).toEqual([
        plainName(first.account),
        plainName(second.account),
      ]);
      const end = once(inOne, 'exit', { signal: AbortSignal.timeout(5_000) });
      await host.signOut(one.id);
      await end;
      expect((await host.list()).map(({ id }) => id)).toEqual([two.id]);
      await changes.expectLast(one.id, 'SessionHasLoggedOff');
      expect((await ask(inTwo, 'still here')).text).toBe('still here');
      await host.signOut(one.id); // no error
      for (const act of [
        host.lock(one.id),
        host.disconnect(one.id),
        host.launch(one.id, talking),
        host.reuse(one.id, first, never),
      ])
        expect(await codeOf(act)).toBe('SessionNotFound');
    });

    it('locks, disconnects and reuses a session, and what runs inside goes on', async () => {
      const { first, second } = machine;
      const session = await host.open(first, size, never);
      const child = await host.launch(session.id, talking);
      const { id } = session;
      const now = async () => (await host.list()).find((one) => one.id === id)?.state;

      expect(await codeOf(host.open(first, size, never))).toBe('SessionExistsForTheUserWhenUnattended');
      expect(await codeOf(host.reuse(id, first, never))).toBe('SessionExistsForTheUserWhenUnattended');
      await host.lock(id);
      await host.lock(id);
      expect(await now()).toBe('locked');
      await changes.expectLast(id, 'locked');
      expect(await codeOf(host.reuse(id, second, never))).toBe('SessionCreationInvalidCredentials');
      const wrong = { ...first, password: `${first.password}x` };
      expect(await codeOf(host.reuse(id, wrong, never))).toBe('SessionCreationInvalidCredentials');
      expect(await now()).toBe('locked');
      // Any form of the name of a local account will do.
      const name = plainName(first.account);
      expect(await host.reuse(id, { ...first, account: `.\\${name}` }, never)).toEqual(session);
      await changes.expectLast(id, 'active');

      await host.disconnect(id);
      await host.disconnect(id);
      expect(await now()).toBe('disconnected');
      await changes.expectLast(id, 'disconnected');
      await host.lock(id);
      expect(await now()).toBe('disconnected');
      expect(await host.reuse(id, { ...first, account: `${hostname()}\\${name}` }, never)).toEqual(session);
      await changes.expectLast(id, 'active');
      expect((await ask(child, 'still here')).text).toBe('still here');
    });

    it('refuses who is not who they say', async () => {
      const { first } = machine;
      const wrong = (credential: Partial<Credential>) =>
        host.open({ ...first, ...credential }, size, never).then(
          () => 'no error',
          (error) => {
            expect(`${error.message} ${error.nextStep}`).not.toContain('Wrong-but-secret');
            return error.code;
          },
        );
      const invalid = 'SessionCreationInvalidCredentials';
      expect(await wrong({ password: 'Wrong-but-secret' })).toBe(invalid);
      expect(await wrong({ password: `${first.password}\n` })).toBe(invalid);
      expect(await wrong({ password: '' })).toBe(invalid);
      expect(await wrong({ account: 'nobody-of-this-name' })).toBe(invalid);
      expect(await wrong({ account: `NOSUCHDOMAIN\\${plainName(first.account)}` })).toBe(invalid);
      expect(await wrong({ account: 'no such/name' })).toBe(invalid);
      expect(await wrong({ account: '' })).toBe(invalid);
      expect(await host.list()).toEqual([]);
    });

    it.each([0, 150, 1_500])('leaves nothing behind when opening is given up after %d ms', async (ms) => {
      const { first } = machine;
      const reason = new Error('given up');
      const abort = new AbortController();
      const open = host.open(first, size, abort.signal);
      open.catch(() => {});
      if (ms > 0) await delay(ms);
      const at = performance.now();
      abort.abort(reason);
      await expect(open).rejects.toBe(reason);
      expect(performance.now() - at).toBeLessThan(2_000);
      // Nobody has to wait for the rest: the next one does.
      const session = await host.open(first, size, never);
      expect(await host.list()).toEqual([session]);
    });
  });
}
