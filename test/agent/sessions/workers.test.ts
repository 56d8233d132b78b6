// How a run gets its Windows session and how it leaves it: the real orchestrator, runner and rules, sessions in memory, on a fake clock.
import type { ChildProcess } from 'node:child_process';
import { hostname } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { embeddedLink } from '../../../src/agent/embeddedLink.ts';
import { Runner } from '../../../src/agent/runner.ts';
import type { SessionAct } from '../../../src/agent/sessions/policy.ts';
import { type SessionWorkers, sessionWorkers } from '../../../src/agent/sessions/workers.ts';
import { ProductError } from '../../../src/base/error.ts';
import { Log } from '../../../src/base/log.ts';
import { Orchestrator } from '../../../src/orchestration/orchestrator.ts';
import { defaultPlacement, defaultSettings } from '../../../src/orchestration/settings.ts';
import type { PlacementSettings } from '../../../src/protocol/fleet.ts';
import type { RunEvent } from '../../../src/protocol/run.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';
import { FakeWorker, memoryStore, request } from '../runs.ts';
import { codeOf } from './contract.ts';
import { type FakeHostOptions, FakeProcess, FakeSessionHost } from './fakeHost.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

interface Options {
  readonly machine?: Partial<FakeHostOptions>;
  readonly settings?: Partial<PlacementSettings>;
  /** Before the agent starts. */
  readonly prepare?: (host: FakeSessionHost) => unknown;
}

async function machine({ machine: how = {}, settings, prepare }: Options = {}) {
  const clock = new FakeClock();
  const host = new FakeSessionHost({
    clock,
    accounts: { ann: 'secret', bot: 'secret', bob: 'secret' },
    start: async () => new FakeProcess() as unknown as ChildProcess,
    openMs: 3_000,
    ...how,
  });
  await prepare?.(host);
  const store = memoryStore(clock);
  const log = new Log('test', () => clock.now());
  const all = { ...defaultSettings, leaseMs: Number.POSITIVE_INFINITY };
  await store.putMachine({ id: 'm1', name: hostname(), description: '', owner: 'ann', unattendedSlots: 3 });
  const set = (change: Partial<PlacementSettings>) =>
    store.setMachine('m1', { settings: { ...defaultPlacement, ...change } });
  await set(settings ?? {});
  const orchestrator = await Orchestrator.open({ store, clock, chance: () => 0, settings: all, log });
  const events: RunEvent[] = [];
  orchestrator.onEvents((batch) => events.push(...batch));
  const started: { worker: FakeWorker; process: FakeProcess }[] = [];
  const acts: SessionAct[] = [];
  const dialog: { answer: ((agreed: boolean) => void) | undefined; isThere: boolean } = {
    answer: undefined,
    isThere: true,
  };
  const passwords = new Map([
    ['ann', 'secret'],
    ['bot', 'secret'],
  ]);
  const workers: SessionWorkers = sessionWorkers({
    host,
    agentVersion: '1',
    program: 'node',
    script: 'worker',
    talk: (claim) => (child, report, debug) => {
      const worker = new FakeWorker(claim, report, debug);
      const process = child as unknown as FakeProcess;
      process.once('exit', () => worker.die('was killed by signal SIGKILL'));
      started.push({ worker, process });
      return worker;
    },
    credentialOf: async ({ account }) => {
      const password = passwords.get(account);
      if (password === undefined)
        throw new ProductError('CredentialMissing', 'There is no password.', 'Enter one.');
      return { account, password };
    },
    screen: { width: 1024, height: 768 },
    recording: () => [],
    ask: (_, __, signal) =>
      dialog.isThere
        ? new Promise((resolve, reject) => {
            dialog.answer = (agreed) => resolve({ agreed, by: 'bob' });
            signal.addEventListener('abort', () => reject(signal.reason));
          })
        : Promise.resolve(undefined),
    answerMs: 60_000,
    askAgainMs: 600_000,
    audit: (act) => acts.push(act),
    clock,
    log,
  });
  const runner = new Runner({
    link: embeddedLink(orchestrator, 'm1'),
    workers,
    clock,
    boot: 'boot',
    settings: all,
    log,
  });
  workers.onChange(() => runner.beat());
  await runner.start();
  const close = async () => {
    orchestrator.refuse();
    const closing = runner.close({ state: 'Canceled', error: { code: 'X', message: '', nextStep: '' } });
    await clock.advance(10_000);
    await closing;
    await workers.close();
    await orchestrator.close();
  };
  opened.push({ close });
  const start = async (mode: 'attended' | 'unattended', account = 'bot') => {
    const { id } = await orchestrator.enqueue(request({ mode, account, connection: 'c1' }));
    await settle();
    return id;
  };
  return {
    clock,
    host,
    orchestrator,
    runner,
    workers,
    events,
    started,
    acts,
    dialog,
    passwords,
    set,
    start,
    close,
    /** `bot active ours`, of every session the orchestrator would hear of now. */
    sessions: async () =>
      ((await workers.facts()).sessions ?? []).map(
        ({ account, state, ours, declined }) =>
          `${account} ${state}${ours ? ' ours' : ''}${declined ? ' declined' : ''}`,
      ),
    get last() {
      return started.at(-1) as (typeof started)[number];
    },
    run: (id: string) => orchestrator.get(id),
    /** The states it went through. */
    states: (id: string) =>
      events.flatMap((event) => (event.kind === 'run' && event.runId === id ? [event.run.state] : [])),
  };
}

const finish = async ({ last }: { last: { worker: FakeWorker } }) => {
  last.worker.begin();
  await settle();
  last.worker.finish();
  await settle();
};

describe('an unattended run', () => {
  it('SES-2: signs in, runs, and signs out', async () => {
    const m = await machine();
    const id = await m.start('unattended');
    expect(await m.run(id)).toMatchObject({ state: 'Starting' });
    await m.clock.advance(3_000);
    expect(await m.sessions()).toEqual(['bot active ours']);
    m.last.worker.begin();
    await settle();
    const [session] = await m.host.list();
    expect(await m.run(id)).toMatchObject({ state: 'Running', session: session?.id });
    m.last.worker.finish();
    await settle();
    expect((await m.run(id)).state).toBe('Succeeded');
    expect(await m.sessions()).toEqual([]);
    expect(m.acts).toEqual([]);
  });

  it('SES-4: locks its session where sessions are reused, and the next run unlocks it', async () => {
    const m = await machine({ settings: { reuseSessions: true } });
    await m.start('unattended');
    await m.clock.advance(3_000);
    await finish(m);
    expect(await m.sessions()).toEqual(['bot locked ours']);
    const id = await m.start('unattended');
    await m.clock.advance(3_000);
    expect(await m.sessions()).toEqual(['bot active ours']);
    await finish(m);
    const [session] = await m.host.list();
    expect(await m.run(id)).toMatchObject({ state: 'Succeeded', session: session?.id });
    expect(m.host.acts).toEqual([`lock ${session?.id}`, `reuse ${session?.id}`, `lock ${session?.id}`]);
    // No longer wanted: the next run makes room.
    await m.set({});
    await m.start('unattended');
    await m.clock.advance(3_000);
    await finish(m);
    expect(await m.sessions()).toEqual([]);
  });

  it('SES-7: gives a session of a person back as it was', async () => {
    const m = await machine({ settings: { reuseSessions: true } });
    const { id } = m.host.signedIn('bot', { state: 'disconnected' });
    await settle();
    await m.start('unattended');
    await m.clock.advance(3_000);
    await finish(m);
    expect(m.host.acts).toEqual([`reuse ${id}`, `disconnect ${id}`]);
    expect(await m.sessions()).toEqual(['bot disconnected']);
    expect(m.acts).toMatchObject([
      { act: 'disconnected', account: 'bot', detail: 'as it was before the run' },
    ]);
  });

  it('waits until the session of the run before it has gone', async () => {
    const m = await machine({ machine: { edition: 'client' } });
    await m.start('unattended');
    await m.clock.advance(3_000);
    const second = await m.start('unattended', 'ann');
    m.last.worker.begin();
    await settle();
    m.last.worker.finish();
    await m.clock.advance(3_000);
    expect(await m.sessions()).toEqual(['ann active ours']);
    expect(m.started).toHaveLength(2);
    expect(m.states(second)).toEqual(['Queued', 'Starting']);
  });

  it.each([
    ['the password is wrong', 'SessionCreationInvalidCredentials', (m: Made) => m.passwords.set('bot', 'x')],
    ['there is none', 'CredentialMissing', (m: Made) => m.passwords.delete('bot')],
    [
      'its worker cannot be started',
      'WorkerNotStarted',
      (m: Made) => m.host.failures.set('launch', new ProductError('WorkerNotStarted', 'No.', 'Look.')),
    ],
  ])('leaves no session behind when %s', async (_, code, prepare) => {
    const m = await machine();
    prepare(m);
    const id = await m.start('unattended');
    await m.clock.advance(10_000);
    expect(await m.run(id)).toMatchObject({ state: 'Failed', error: { code } });
    expect(await m.sessions()).toEqual([]);
  });

  it.each([0, 1_000, 2_999])('leaves none when it is canceled after %d ms', async (ms) => {
    const m = await machine();
    const id = await m.start('unattended');
    await m.clock.advance(ms);
    await m.orchestrator.stop(id);
    await m.clock.advance(5_000);
    expect((await m.run(id)).state).toBe('Canceled');
    expect(await m.sessions()).toEqual([]);
  });

  it('leaves none when the agent stops while it runs', async () => {
    const m = await machine();
    await m.start('unattended');
    await m.clock.advance(3_000);
    m.last.worker.begin();
    await settle();
    opened.length = 0;
    await m.close();
    expect(await m.host.list()).toEqual([]);
  });

  it('signs out what cannot be locked, and disconnects it when it is a person’s', async () => {
    const m = await machine({ settings: { reuseSessions: true } });
    const refused = () =>
      m.host.failures.set('lock', new ProductError('SessionNotLocked', 'A menu is open.', 'Close it.'));
    refused();
    await m.start('unattended');
    await m.clock.advance(3_000);
    await finish(m);
    expect(await m.sessions()).toEqual([]);
    m.host.signedIn('bot', { state: 'locked' });
    await settle();
    refused();
    await m.start('unattended');
    await m.clock.advance(3_000);
    await finish(m);
    expect(await m.sessions()).toEqual(['bot disconnected']);
  });
});

type Made = Awaited<ReturnType<typeof machine>>;

describe('an attended run', () => {
  it('MODE-1: uses the session of its user and leaves it as it is', async () => {
    const m = await machine({ prepare: (host) => host.signedIn('bob') });
    const id = await m.start('attended', 'bob');
    await finish(m);
    expect((await m.run(id)).state).toBe('Succeeded');
    expect(await m.sessions()).toEqual(['bob active']);
    expect(m.host.acts).toEqual([]);
  });
});

describe('what happens to the session under a run', () => {
  it.each([
    ['attended', 'locked', 'AttendedUserSessionNotActive'],
    ['attended', 'disconnected', 'AttendedUserSessionNotActive'],
    ['unattended', 'locked', 'UnattendedUserSessionLocked'],
    ['unattended', 'disconnected', 'UnattendedUserSessionDisconnected'],
  ] as const)('%s, %s: %s', async (mode, state, code) => {
    const m = await machine({ prepare: (host) => mode === 'attended' && host.signedIn('bot') });
    const id = await m.start(mode);
    await m.clock.advance(3_000);
    m.last.worker.begin();
    await settle();
    const [session] = await m.host.list();
    m.host.become(session?.id ?? '', state);
    await settle();
    expect(m.last.worker.heard).toContain('stop');
    m.last.worker.finish('Canceled');
    await m.clock.advance(5_000);
    expect(await m.run(id)).toMatchObject({ state: 'Failed', error: { code } });
    expect(await m.sessions()).toEqual(mode === 'attended' ? [`bot ${state}`] : []);
  });

  it.each([
    ['SessionHasLoggedOff', 0],
    ['SessionHasLoggedOff', 2_000],
    ['SessionHasLoggedOffWithMaxIdleTime', 700],
    ['MaxRDSessionDurationReached', 700],
  ] as const)('SES-9: ended with %s, told %d ms after its processes have gone', async (reason, ms) => {
    const m = await machine();
    const id = await m.start('unattended');
    await m.clock.advance(3_000);
    m.last.worker.begin();
    await settle();
    const [session] = await m.host.list();
    await m.host.end(session?.id ?? '', reason, ms);
    await m.clock.advance(3_000);
    expect(await m.run(id)).toMatchObject({
      state: 'Failed',
      error: { code: reason, message: expect.stringContaining('bot') },
    });
    expect(m.runner.size).toBe(0);
  });

  it('says that a worker was lost where nothing happened to its session', async () => {
    const m = await machine();
    const id = await m.start('unattended');
    await m.clock.advance(3_000);
    m.last.worker.begin();
    await settle();
    m.last.process.kill('SIGSEGV');
    await m.clock.advance(3_000);
    expect(await m.run(id)).toMatchObject({ state: 'Lost', error: { code: 'WorkerLost' } });
    expect(await m.sessions()).toEqual([]);
  });

  it('is told to the orchestrator at once', async () => {
    const m = await machine();
    const id = await m.start('attended', 'bob');
    expect(await m.run(id)).toMatchObject({ state: 'Queued' });
    m.host.signedIn('bob');
    await settle();
    await settle();
    expect((await m.run(id)).state).toBe('Starting');
  });
});

describe('Q-20: sessions that have changed since the decision', () => {
  it('a sign-in that was refused for them gives the run its place back', async () => {
    const m = await machine({ settings: { extendedPrioritization: 'off' } });
    m.host.failures.set(
      'open',
      new ProductError('TooManyActiveSessions', 'All are in use.', 'Sign one out.'),
    );
    const id = await m.start('unattended');
    await m.clock.advance(4_000);
    expect(m.states(id)).toEqual(['Queued', 'Starting', 'Queued', 'Starting']);
    await finish(m);
    expect((await m.run(id)).state).toBe('Succeeded');
  });

  it('again and again, it is tried less and less often, and can be stopped meanwhile', async () => {
    const m = await machine();
    const full = new ProductError('TooManyActiveSessions', 'All are in use.', 'Wait.');
    m.host.open = () => Promise.reject(full);
    const id = await m.start('unattended');
    await m.clock.advance(120_000);
    const times = m.states(id).filter((state) => state === 'Starting').length;
    expect(times).toBeGreaterThan(4);
    expect(times).toBeLessThan(12);
    await m.orchestrator.stop(id);
    await m.clock.advance(2_000);
    expect((await m.run(id)).state).toBe('Canceled');
    expect(m.runner.size).toBe(0);
  });

  it('one that waits to be tried again is canceled when the agent stops', async () => {
    const m = await machine();
    m.host.open = () => Promise.reject(new ProductError('TooManyActiveSessions', 'All are in use.', 'Wait.'));
    const id = await m.start('unattended');
    await m.clock.advance(5_000);
    await m.runner.close({ state: 'Canceled', error: { code: 'X', message: '', nextStep: '' } });
    expect((await m.run(id)).state).toBe('Canceled');
  });

  it('a kept session that is to make room, and is in use again, stays', async () => {
    const m = await machine({
      settings: { reuseSessions: false },
      prepare: (host) => host.signedIn('bot', { state: 'locked', ours: true }),
    });
    const [session] = await m.host.list();
    const list = m.host.list.bind(m.host);
    // Its user is back, and nobody has been told yet.
    m.host.list = async () => (await list()).map((each) => ({ ...each, state: 'active' }));
    await m.start('unattended');
    await m.clock.advance(5_000);
    expect(m.host.acts).toEqual([]);
    expect((await list()).map(({ id }) => id)).toEqual([session?.id]);
  });

  it('a session that was locked in this moment is judged by the rules', async () => {
    const m = await machine({ prepare: (host) => host.signedIn('bob') });
    const [session] = await m.host.list();
    // Nobody has been told yet.
    const list = m.host.list.bind(m.host);
    m.host.list = async () => (await list()).map((each) => ({ ...each, state: 'locked' }));
    const id = await m.start('attended', 'bob');
    await m.clock.advance(1_000);
    expect(session?.state).toBe('active');
    // With extended prioritization it waits for its session (rule Q-14).
    expect(m.states(id)).toEqual(['Queued', 'Starting', 'Queued']);
    expect(await m.orchestrator.why(id)).toMatchObject({
      kind: 'waits',
      blocker: { code: 'AttendedUserSessionNotActive' },
    });
  });

  it('a kept session that its user came back to is theirs', async () => {
    const m = await machine({ settings: { reuseSessions: true } });
    await m.start('unattended');
    await m.clock.advance(3_000);
    await finish(m);
    const [session] = await m.host.list();
    m.host.become(session?.id ?? '', 'active');
    await settle();
    expect(await m.sessions()).toEqual(['bot active']);
    const id = await m.start('unattended');
    await m.clock.advance(10_000);
    expect((await m.run(id)).state).toBe('Queued');
    expect(await m.sessions()).toEqual(['bot active']);
  });
});

describe('the session policy', () => {
  const client = { machine: { edition: 'client' } } as const;

  it('signs a person out, and says so in the audit', async () => {
    const m = await machine({ ...client, settings: { sessionPolicy: 'signOut' } });
    m.host.signedIn('bob', { state: 'locked' });
    await settle();
    const id = await m.start('unattended');
    await m.clock.advance(3_000);
    await finish(m);
    expect((await m.run(id)).state).toBe('Succeeded');
    expect(await m.sessions()).toEqual([]);
    expect(m.acts).toMatchObject([{ act: 'signedOut', account: 'bob', runId: id, flow: 'Sample' }]);
  });

  it('never signs out who works at the machine itself without a yes, unless it names the console', async () => {
    const m = await machine({ ...client, settings: { sessionPolicy: 'signOut' } });
    m.host.signedIn('bob', { kind: 'console' });
    await settle();
    const id = await m.start('unattended');
    await m.clock.advance(61_000);
    expect(m.host.acts).toEqual([]);
    expect(m.acts.map(({ act }) => act)).toEqual(['asked', 'noAnswer']);
    expect(await m.sessions()).toEqual(['bob active declined']);
    await m.set({ sessionPolicy: 'signOutConsole' });
    m.runner.beat();
    await m.clock.advance(10_000);
    expect(await m.sessions()).toEqual(['bot active ours']);
    expect((await m.run(id)).state).toBe('Starting');
  });

  it('asks, waits after a no, and asks again later', async () => {
    const m = await machine({ ...client, settings: { sessionPolicy: 'ask' } });
    m.host.signedIn('bob');
    await settle();
    const id = await m.start('unattended');
    await m.clock.advance(1_000);
    m.dialog.answer?.(false);
    await m.clock.advance(1_000);
    expect((await m.run(id)).state).toBe('Queued');
    expect(await m.orchestrator.why(id)).toMatchObject({
      kind: 'waits',
      blocker: { code: 'Win10AlreadyHasActiveSession', nextStep: expect.stringContaining('has not agreed') },
    });
    m.dialog.answer = undefined;
    await m.clock.advance(590_000);
    expect(m.dialog.answer).toBeUndefined();
    await m.clock.advance(20_000);
    expect(m.dialog.answer).toBeDefined();
    (m.dialog.answer as unknown as (agreed: boolean) => void)(true);
    await m.clock.advance(5_000);
    expect(await m.sessions()).toEqual(['bot active ours']);
    await finish(m);
    expect((await m.run(id)).state).toBe('Succeeded');
    expect(m.acts.map(({ act }) => act)).toEqual(['asked', 'declined', 'asked', 'agreed', 'signedOut']);
  });

  it('asks whoever answers the questions of the run where it cannot ask in the session', async () => {
    const m = await machine({ ...client, settings: { sessionPolicy: 'ask' } });
    m.dialog.isThere = false;
    m.host.signedIn('bob');
    await settle();
    const id = await m.start('unattended');
    const asked = m.events.find((event) => event.kind === 'question');
    expect(asked).toMatchObject({
      runId: id,
      question: { options: ['Not now', 'Sign out'], preset: 'Not now', timeoutSeconds: 60 },
    });
    const questionId = asked?.kind === 'question' ? asked.question.id : '';
    await m.runner.answer(id, questionId, { button: 'Sign out', values: [] }, 'VS Code');
    expect(await codeOf(m.runner.answer(id, questionId, { button: 'Sign out', values: [] }, 'x'))).toBe(
      'QuestionNotFound',
    );
    await m.clock.advance(3_000);
    expect(await m.sessions()).toEqual(['bot active ours']);
    expect(m.acts).toContainEqual(expect.objectContaining({ act: 'agreed', detail: 'by VS Code' }));
  });

  it('takes the question back when nobody answers, or the run is canceled', async () => {
    for (const cancels of [false, true]) {
      const m = await machine({ ...client, settings: { sessionPolicy: 'ask' } });
      m.dialog.isThere = false;
      m.host.signedIn('bob');
      await settle();
      const id = await m.start('unattended');
      if (cancels) await m.orchestrator.stop(id);
      else await m.clock.advance(60_000);
      await m.clock.advance(1_000);
      expect(m.events.filter(({ kind }) => kind === 'answered')).toHaveLength(1);
      expect((await m.run(id)).state).toBe(cancels ? 'Canceled' : 'Queued');
      expect(m.host.acts).toEqual([]);
    }
  });

  it('disconnects its own user where sessions are reused, and leaves the session to them', async () => {
    const m = await machine({ settings: { sessionPolicy: 'disconnect', reuseSessions: true } });
    const { id } = m.host.signedIn('bot');
    await settle();
    await m.start('unattended');
    await m.clock.advance(3_000);
    await finish(m);
    expect(m.host.acts).toEqual([`disconnect ${id}`, `reuse ${id}`, `disconnect ${id}`]);
    expect(await m.sessions()).toEqual(['bot disconnected']);
    expect(m.acts.map(({ act }) => act)).toEqual(['disconnected', 'disconnected']);
  });

  it('touches nobody for a run that has no password', async () => {
    const m = await machine({ ...client, settings: { sessionPolicy: 'signOut' } });
    m.passwords.clear();
    m.host.signedIn('bob');
    await settle();
    const id = await m.start('unattended');
    await m.clock.advance(1_000);
    expect(await m.run(id)).toMatchObject({ state: 'Failed', error: { code: 'CredentialMissing' } });
    expect(await m.sessions()).toEqual(['bob active']);
  });
});

describe('after a crash of the agent', () => {
  it('a session that it left connected makes room', async () => {
    const m = await machine({
      prepare: (host) => {
        host.signedIn('bot', { ours: true });
        host.signedIn('bob');
      },
    });
    expect(await m.sessions()).toEqual(['bot disconnected ours', 'bob active']);
    const id = await m.start('unattended');
    await m.clock.advance(3_000);
    await finish(m);
    expect((await m.run(id)).state).toBe('Succeeded');
    expect(await m.sessions()).toEqual(['bob active']);
  });
});
