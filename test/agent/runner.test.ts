// The life of runs, told with workers that do what the test says, on a clock that moves when the test says.
import { describe, expect, it } from 'vitest';
import { SessionsChanged } from '../../src/agent/runner.ts';
import { ProductError } from '../../src/base/error.ts';
import type { RunRequest } from '../../src/orchestration/orchestrator.ts';
import { stoppedError } from '../../src/orchestration/rules.ts';
import { defaultSettings } from '../../src/orchestration/settings.ts';
import type { FleetStore } from '../../src/orchestration/store.ts';
import type { RunEvent } from '../../src/protocol/run.ts';
import { FakeClock, settle } from '../fakes/clock.ts';
import { FakeWorkerHost, type Fixture, memoryStore, nextId, openMachine, request } from './runs.ts';

const open = (store?: FleetStore, options: Parameters<typeof openMachine>[0] = {}) =>
  openMachine({ ...options, ...(store && { store }) });

/** The states a run went through, as its events tell. */
const states = (events: readonly RunEvent[], runId: string) =>
  events.flatMap((event) => (event.kind === 'run' && event.runId === runId ? [event.run.state] : []));

/** A run that was queued and has begun. */
async function running({ orchestrator, workers }: Fixture) {
  const run = await orchestrator.enqueue(request());
  await settle();
  workers.last.begin();
  await settle();
  return { run, worker: workers.last };
}

describe('a run', () => {
  it('goes from the queue through its worker to its end, each step an event', async () => {
    const fixture = await open();
    const { run, worker } = await running(fixture);
    worker.finish();
    await settle();
    expect(states(fixture.events, run.id)).toEqual(['Queued', 'Starting', 'Running', 'Succeeded']);
    expect(fixture.events.map((event) => event.seq)).toEqual([1, 2, 3, 4]);
    expect(await fixture.orchestrator.get(run.id)).toMatchObject({
      state: 'Succeeded',
      outputs: { Sum: 3 },
      inputs: { Password: { $type: 'secured' } },
      startedAt: expect.any(Number),
      endedAt: expect.any(Number),
    });
    expect(await fixture.orchestrator.counts()).toEqual({ queued: 0, running: 0 });
  });

  it('runs alone: the next one starts when it ends', async () => {
    const { orchestrator, workers } = await open();
    for (let i = 0; i < 3; i++) await orchestrator.enqueue(request());
    await settle();
    expect(workers.workers).toHaveLength(1);
    workers.last.begin();
    workers.last.finish();
    await settle();
    expect(workers.workers).toHaveLength(2);
  });

  it.each([
    ['was killed by signal SIGKILL', 'Lost', 'WorkerLost'],
    ['ended with exit code 0', 'Lost', 'WorkerLost'],
  ])('whose process %s is %s, with the last position, and can be resubmitted', async (how, state, code) => {
    const fixture = await open();
    const { run, worker } = await running(fixture);
    const position = { subflow: 'Main', line: 12, action: 'File.Copy' };
    worker.say({ kind: 'frame', ...worker.fence, position, lines: [], actions: [], omitted: 1, logs: [] });
    worker.die(how);
    await settle();
    const lost = await fixture.orchestrator.get(run.id);
    expect(lost).toMatchObject({ state, error: { code, line: 12, subflow: 'Main' } });
    expect(lost.error?.message).toContain(how);

    const again = await fixture.orchestrator.resubmit(
      run.id,
      { id: nextId(), requestedBy: 'ann' },
      (sealed) => Uint8Array.from(sealed, (byte) => byte + 1),
    );
    await settle();
    expect(again).toMatchObject({ state: 'Queued', resubmitOf: run.id, inputs: run.inputs, flow: run.flow });
    expect(fixture.workers.last.claim).toMatchObject({
      flowText: 'SET X TO 1',
      sealedInputs: Uint8Array.of(2, 3, 4),
    });
    fixture.workers.last.begin();
    fixture.workers.last.finish();
    await settle();
    expect((await fixture.orchestrator.get(again.id)).state).toBe('Succeeded');
  });

  it('is Paused while its flow stands still, and can be stopped then', async () => {
    const { orchestrator, runner, workers } = await open();
    const { id } = await orchestrator.enqueue(request());
    await settle();
    expect(runner.tell(id, 'pause')).toBe(false);
    workers.last.begin();
    await settle();
    runner.tell(id, 'pause');
    expect((await orchestrator.get(id)).state).toBe('Running');
    workers.last.say({ kind: 'halted', ...workers.last.fence, isHalted: true });
    await settle();
    expect((await orchestrator.get(id)).state).toBe('Paused');
    runner.tell(id, 'resume');
    workers.last.say({ kind: 'halted', ...workers.last.fence, isHalted: false });
    await settle();
    expect((await orchestrator.get(id)).state).toBe('Running');
    runner.tell(id, 'safeStop');
    expect(workers.last.heard).toEqual(['pause', 'resume', 'safeStop']);
    workers.last.say({ kind: 'halted', ...workers.last.fence, isHalted: true });
    await orchestrator.stop(id);
    workers.last.finish('Canceled');
    await settle();
    expect(await orchestrator.get(id)).toMatchObject({ state: 'Canceled', error: { code: 'RunStopped' } });
    expect(runner.tell(id, 'resume')).toBe(false);
    expect(runner.tell('nobody', 'pause')).toBe(false);
  });

  it('is TimedOut when it takes longer than it was given, counted from its start, also when its worker hangs', async () => {
    for (const hangs of [false, true]) {
      const { orchestrator, workers, clock } = await open();
      const { id } = await orchestrator.enqueue(request({ timeoutSeconds: 90 }));
      await settle();
      await clock.advance(30_000);
      workers.last.begin();
      await settle();
      await clock.advance(89_999);
      await settle();
      expect(workers.last.heard).toEqual([]);
      await clock.advance(1);
      await settle();
      expect(workers.last.heard).toEqual(['stop']);
      if (hangs) await clock.advance(defaultSettings.stopGraceMs);
      else workers.last.finish('Canceled');
      await settle();
      expect(await orchestrator.get(id)).toMatchObject({
        state: 'TimedOut',
        timeoutSeconds: 90,
        error: { code: 'DesktopFlowsActionTimeout', message: expect.stringContaining('90 seconds') },
      });
    }
  });

  it('that is debugged is not timed out', async () => {
    const { orchestrator, runner, workers, clock } = await open();
    const { id } = await orchestrator.enqueue(request({ timeoutSeconds: 10 }));
    await settle();
    workers.last.begin();
    await settle();
    const debug = () => {};
    runner.debug(id, { type: 'request' }, debug);
    await clock.advance(10_000);
    await settle();
    expect(workers.last.heard).toEqual([]);
    runner.debug(id, null, debug);
    await clock.advance(10_000);
    await settle();
    expect(workers.last.heard).toEqual(['stop']);
  });

  it('is Failed when no worker can be had for it, and the queue goes on', async () => {
    const workers = new FakeWorkerHost();
    workers.failure = new ProductError('InputsUnreadable', 'no key', 'ask again');
    const { orchestrator } = await open(undefined, { workers });
    const run = await orchestrator.enqueue(request());
    await settle();
    expect(await orchestrator.get(run.id)).toMatchObject({
      state: 'Failed',
      error: { code: 'InputsUnreadable' },
    });
    workers.failure = undefined;
    await orchestrator.enqueue(request());
    await settle();
    expect(workers.workers).toHaveLength(1);
  });

  it('whose worker never begins is ended', async () => {
    const { orchestrator, workers, clock } = await open();
    const run = await orchestrator.enqueue(request());
    await clock.advance(defaultSettings.startTimeoutMs);
    await clock.advance(defaultSettings.stopGraceMs);
    expect(workers.last.heard).toContain('kill');
    expect(await orchestrator.get(run.id)).toMatchObject({
      state: 'Failed',
      error: { code: 'WorkerNotStarted' },
    });
  });

  it('is not touched by reports of another claim', async () => {
    const fixture = await open();
    const { run, worker } = await running(fixture);
    worker.say({ kind: 'finished', fence: 7, outcome: 'Failed', outputs: {} });
    await settle();
    expect((await fixture.orchestrator.get(run.id)).state).toBe('Running');
  });

  it('gives up waiting after three hours from its request, also behind a long run', async () => {
    const fixture = await open();
    await running(fixture);
    const waiting = await fixture.orchestrator.enqueue(request());
    await fixture.clock.advance(defaultSettings.queueWaitMs - 1_000);
    expect((await fixture.orchestrator.get(waiting.id)).state).toBe('Queued');
    await fixture.clock.advance(1_000 + defaultSettings.sweepMs);
    expect(await fixture.orchestrator.get(waiting.id)).toMatchObject({
      state: 'TimedOut',
      error: { code: 'NoCandidateMachine' },
    });
  });

  /** A store in memory that takes down no report while `broken`. */
  function breakable() {
    const store = memoryStore(new FakeClock());
    const state = { broken: false };
    const proxy = new Proxy(store, {
      get(target, name: keyof FleetStore) {
        const member: unknown = target[name];
        if (typeof member !== 'function') return member;
        if (name !== 'commit') return member.bind(target);
        return (...given: Parameters<FleetStore['commit']>) =>
          state.broken && given[0].some(({ kind }) => kind === 'change')
            ? Promise.reject(new Error('disk full'))
            : store.commit(...given);
      },
    });
    return { state, store: proxy as FleetStore };
  }

  it('keeps its end through a store that cannot write for a while, in which the queue goes on answering', async () => {
    const { state, store } = breakable();
    const fixture = await open(store);
    const { run, worker } = await running(fixture);
    state.broken = true;
    worker.finish();
    await fixture.clock.advance(60_000);
    const waiting = await fixture.orchestrator.enqueue(request());
    expect((await fixture.orchestrator.get(run.id)).state).toBe('Running');
    expect(fixture.workers.workers).toHaveLength(1); // its slot is not free before its end is on disk
    state.broken = false;
    await fixture.clock.advance(defaultSettings.stopGraceMs);
    expect(await fixture.orchestrator.get(run.id)).toMatchObject({ state: 'Succeeded', outputs: { Sum: 3 } });
    expect((await fixture.orchestrator.get(waiting.id)).state).toBe('Starting');
  });

  it('does not keep the queue from closing when it cannot be written at all', async () => {
    const { state, store } = breakable();
    const fixture = await open(store);
    const { worker } = await running(fixture);
    state.broken = true;
    worker.finish();
    await fixture.clock.advance(0);
    await fixture.close();
    expect(fixture.workers.workers).toHaveLength(1);
  });
});

describe('stopping', () => {
  it('cancels a queued run at once', async () => {
    const fixture = await open();
    await running(fixture);
    const waiting = await fixture.orchestrator.enqueue(request());
    expect(await fixture.orchestrator.stop(waiting.id)).toMatchObject({ state: 'Canceled' });
    expect(fixture.workers.workers).toHaveLength(1);
  });

  it('asks a running flow, which ends as Canceled', async () => {
    const fixture = await open();
    const { run, worker } = await running(fixture);
    expect(await fixture.orchestrator.stop(run.id)).toMatchObject({ state: 'Running' });
    expect(worker.heard).toEqual(['stop']);
    worker.finish('Canceled');
    await fixture.clock.advance(60_000);
    expect((await fixture.orchestrator.get(run.id)).state).toBe('Canceled');
    expect(worker.heard).toEqual(['stop']);
  });

  it('kills what does not stop within the grace time', async () => {
    const fixture = await open();
    const { run, worker } = await running(fixture);
    await fixture.orchestrator.stop(run.id);
    await fixture.clock.advance(defaultSettings.stopGraceMs - 1);
    expect(worker.heard).toEqual(['stop']);
    await fixture.clock.advance(1);
    expect(worker.heard).toEqual(['stop', 'kill']);
    expect(await fixture.orchestrator.get(run.id)).toMatchObject({
      state: 'Canceled',
      error: { code: 'RunKilled', message: expect.stringContaining('did not end by itself') },
    });
  });

  it('leaves a finished run as it is, and knows no others', async () => {
    const fixture = await open();
    const { run, worker } = await running(fixture);
    worker.finish();
    await settle();
    expect(await fixture.orchestrator.stop(run.id)).toMatchObject({ state: 'Succeeded' });
    await expect(fixture.orchestrator.stop('nobody')).rejects.toMatchObject({ code: 'RunNotFound' });
    await expect(
      fixture.orchestrator.resubmit('nobody', { id: nextId(), requestedBy: 'a' }, (s) => s),
    ).rejects.toMatchObject({
      code: 'RunNotFound',
    });
  });

  it('of the agent cancels what runs and keeps what waits', async () => {
    const store = memoryStore(new FakeClock());
    const fixture = await open(store);
    const { run, worker } = await running(fixture);
    const waiting = await fixture.orchestrator.enqueue(request());
    const closed = fixture.close();
    await settle();
    expect(worker.heard).toEqual(['stop']);
    await expect(fixture.orchestrator.enqueue(request())).rejects.toMatchObject({ code: 'AgentStopping' });
    await fixture.clock.advance(defaultSettings.stopGraceMs);
    await closed;
    expect(await store.get(run.id)).toMatchObject({ state: 'Canceled', error: { code: 'AgentStopping' } });
    expect(await store.get(waiting.id)).toMatchObject({ state: 'Queued' });
  });
});

describe('after a crash of the agent', () => {
  it('the run that was active is Lost, and queued ones start in their order', async () => {
    const store = memoryStore(new FakeClock());
    const before = await open(store);
    const { run, worker } = await running(before);
    const waiting = [];
    for (let i = 0; i < 5; i++) waiting.push((await before.orchestrator.enqueue(request())).id);
    worker.alive = false; // it dies with its agent, and the agent hears nothing
    before.orchestrator.refuse();

    const after = await open(store); // a clock of its own: the timers of a dead process never fire
    expect(await after.orchestrator.get(run.id)).toMatchObject({
      state: 'Lost',
      error: { code: 'AgentRestarted' },
    });
    for (let i = 0; i < 5; i++) {
      await after.clock.advance(1);
      after.workers.last.begin();
      after.workers.last.finish();
      await settle();
    }
    expect(after.workers.workers.map((each) => each.claim.run.id)).toEqual(waiting);
  });
});

describe('questions', () => {
  const question = {
    id: 'q1',
    kind: 'message',
    title: 'Go on?',
    message: '',
    options: ['Yes', 'No'],
  } as const;

  it('are announced, answered once, and the answer reaches the flow', async () => {
    const fixture = await open();
    const { run, worker } = await running(fixture);
    worker.say({ kind: 'question', ...worker.fence, question: { ...question, options: ['Yes', 'No'] } });
    await settle();
    expect(fixture.events.at(-1)).toMatchObject({ kind: 'question', question: { id: 'q1' } });
    const yes = { button: 'Yes', values: [] };
    await fixture.runner.answer(run.id, 'q1', yes, 'editor');
    await expect(
      fixture.runner.answer(run.id, 'q1', { button: 'No', values: [] }, 'dflow'),
    ).rejects.toMatchObject({ code: 'QuestionNotFound' });
    expect(worker.answers).toEqual([{ questionId: 'q1', answer: yes }]);
    expect(fixture.events.at(-1)).toMatchObject({ kind: 'answered', questionId: 'q1', by: 'editor' });
  });

  it('close with the flow that asked them', async () => {
    const fixture = await open();
    const { run, worker } = await running(fixture);
    worker.say({ kind: 'question', ...worker.fence, question: { ...question, options: ['Yes'] } });
    worker.die('was killed by signal SIGKILL');
    await settle();
    expect(fixture.events.slice(-2)).toMatchObject([
      { kind: 'answered', questionId: 'q1' },
      { kind: 'run', run: { state: 'Lost' } },
    ]);
    await expect(
      fixture.runner.answer(run.id, 'q1', { button: 'Yes', values: [] }, 'x'),
    ).rejects.toMatchObject({ code: 'QuestionNotFound' });
  });
});

describe('Q-20: a run whose session has changed', () => {
  it('goes back once that can be recorded, and keeps its place', async () => {
    const fixture = await open();
    const { orchestrator, workers, clock, events } = fixture;
    const start = workers.launch.bind(workers);
    let refusals = 1;
    workers.launch = async (...args) => {
      if (refusals-- > 0) throw new SessionsChanged('locked');
      return start(...args);
    };
    const report = orchestrator.report.bind(orchestrator);
    let failures = 2;
    orchestrator.report = async (change) => {
      if (change.kind === 'giveBack' && failures-- > 0) throw new Error('no link');
      return report(change);
    };
    const first = await orchestrator.enqueue(request());
    const second = await orchestrator.enqueue(request());
    await clock.advance(10_000);
    expect(failures).toBe(-1);
    expect(states(events, first.id)).toEqual(['Queued', 'Starting', 'Queued', 'Starting']);
    expect(states(events, second.id)).toEqual(['Queued']);
    workers.last.begin();
    workers.last.finish();
    await settle();
    expect((await orchestrator.get(first.id)).state).toBe('Succeeded');
  });

  it('ends instead where somebody wants that', async () => {
    const { orchestrator, workers, events, clock } = await open();
    let refuse: () => void = () => {};
    workers.launch = () =>
      new Promise((_, reject) => {
        refuse = () => reject(new SessionsChanged('locked'));
      });
    const { id } = await orchestrator.enqueue(request());
    await settle();
    await orchestrator.stop(id);
    refuse();
    await clock.advance(2_000);
    expect(states(events, id)).toEqual(['Queued', 'Starting', 'Canceled']);
  });
});

describe('a heartbeat', () => {
  it('is followed by another when something changed while it was under way', async () => {
    const { runner, workers } = await open();
    let looks = 0;
    const facts = workers.facts.bind(workers);
    workers.facts = () => {
      looks++;
      return facts();
    };
    runner.beat();
    runner.beat();
    runner.beat();
    await settle();
    await settle();
    expect(looks).toBe(2);
  });
});

describe('a thousand queued runs', () => {
  it('all run once, in the order of the queue, high priority first', async () => {
    const settings = { queueLimit: 1_000 };
    const store = memoryStore(new FakeClock());
    const { orchestrator, workers } = await open(store, { settings });
    const requests = Array.from({ length: 1_000 }, (_, i) =>
      request({ priority: i % 10 === 9 ? 'high' : 'normal' }),
    );
    const [first, ...rest] = requests.map((each) => each.run.id);
    await orchestrator.enqueue(requests[0] as RunRequest);
    await settle(); // it holds the slot while the others come
    await Promise.all(requests.slice(1).map((each) => orchestrator.enqueue(each)));
    await expect(
      Promise.all([orchestrator.enqueue(request()), orchestrator.enqueue(request())]),
    ).rejects.toMatchObject({
      code: 'QueueFull',
    });
    for (let i = 0; i < 1_000; i++) {
      workers.last.begin();
      workers.last.finish();
      await settle();
    }
    const high = rest.filter((_, i) => i % 10 === 8);
    const normal = rest.filter((_, i) => i % 10 !== 8);
    const order = workers.workers.map((worker) => worker.claim.run.id).slice(0, 1_000);
    expect(order).toEqual([first, ...high, ...normal]);
  });

  it('are pruned to the newest five hundred within the hour after they ended', async () => {
    const clock = new FakeClock();
    const store = memoryStore(clock);
    await store.putMachine({ id: 'm1', name: 'PC', description: '', owner: 'ann', unattendedSlots: 1 });
    const limits = { queueLimit: 1_000, requestsPerMinute: 1_000 };
    for (let i = 0; i < 600; i++) {
      const { run, ...entry } = request();
      await store.commit(
        [{ kind: 'enqueue', entry: { ...entry, run: { ...run, waitMs: 1_000 } }, ...limits }],
        () => 0,
      );
      await store.commit([{ kind: 'cancel', runId: run.id, error: stoppedError() }], () => 0);
      await clock.advance(1);
    }
    const { orchestrator } = await open(store, { clock });
    await clock.advance(10);
    await settle();
    expect(await orchestrator.list(1_000)).toHaveLength(500);
    expect(await orchestrator.keepsAllAfter(0)).toBe(false);
    expect(await orchestrator.keepsAllAfter(200)).toBe(true);
    expect(await orchestrator.keepsAllAfter(orchestrator.lastSeq)).toBe(true);
    expect(await orchestrator.keepsAllAfter(orchestrator.lastSeq + 1)).toBe(false);
  });
});
