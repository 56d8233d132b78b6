// Rules that the tests of single functions do not show: what holds from the request of a run to its end, and in every era.
import { afterEach, describe, expect, test } from 'vitest';
import { prepareRun } from '../../src/agent/runRequest.ts';
import { notifyOfEnds } from '../../src/extension/notifications.ts';
import type { RunChange, RunStore } from '../../src/extension/runs.ts';
import type { VSCode } from '../../src/extension/vscode.ts';
import { runPhrase } from '../../src/extension/wording.ts';
import { place } from '../../src/orchestration/placement.ts';
import { decide, type QueuedRun, type QueueState } from '../../src/orchestration/rules.ts';
import { defaultPlacement, defaultSettings, eras } from '../../src/orchestration/settings.ts';
import { verdictOn } from '../../src/orchestration/verdict.ts';
import { type AgentParams, agentMethods } from '../../src/protocol/agent.ts';
import { type ConnectionRecord, connectionRecord, type Era } from '../../src/protocol/fleet.ts';
import type { Run } from '../../src/protocol/run.ts';
import { type Fixture, openMachine, request } from '../agent/runs.ts';
import { settle } from '../fakes/clock.ts';
import { machine, queue, session, waiting } from './fleet.ts';

const hour = 3_600_000;
/** For tests of hours: a machine that says little. */
const quiet = { sweepMs: hour / 4, heartbeatMs: hour / 4 };
const opened: Fixture[] = [];
afterEach(async () => {
  for (const fixture of opened.splice(0)) {
    fixture.orchestrator.refuse();
    for (const worker of fixture.workers.workers) worker.die('was ended by the test');
    await settle();
    await fixture.close();
    await fixture.store.close();
  }
});

async function open(...options: Parameters<typeof openMachine>): Promise<Fixture> {
  const fixture = await openMachine(...options);
  opened.push(fixture);
  return fixture;
}

const started = (state: QueueState, chance = 0): string[] =>
  decide(state, new Set(state.machines.map(({ id }) => id)), 0, () => chance).flatMap((decision) =>
    decision.kind === 'start' ? [`${decision.runId} on ${decision.machine}`] : [],
  );
const blocks = (placement: ReturnType<typeof place>): string =>
  placement.kind === 'start' ? placement.session.kind : placement.blocker.code;
const candidate = (account: string, mode: Run['mode'] = 'unattended') => ({ account, mode });

describe('eras', () => {
  const waits: readonly (readonly [Era, hours: number])[] = [
    ['2020', 0.5],
    ['2021', 3],
    ['2024', 6],
    ['2025', 12],
  ];

  test('C1: each has its longest wait, and three hours hold where nobody chose', async () => {
    expect(defaultSettings).toBe(eras['2021']);
    for (const [era, hours] of waits) {
      const { orchestrator, clock, workers } = await open({ settings: { ...eras[era], ...quiet } });
      await orchestrator.enqueue(request({ timeoutSeconds: 86_400 }));
      await settle();
      workers.last.begin();
      const { id, requestedAt, expiresAt } = await orchestrator.enqueue(request());
      expect(expiresAt - requestedAt).toBe(hours * hour);
      await clock.advance(hours * hour - 1);
      expect(await orchestrator.get(id)).toMatchObject({ state: 'Queued' });
      await clock.advance(quiet.sweepMs);
      await settle();
      expect(await orchestrator.get(id)).toMatchObject({ error: { code: 'NoCandidateMachine' } });
    }
  });

  test('C5: offline, a run waits as long as any other, and then gives up', () => {
    const offline = machine('pc', { online: false });
    const run = waiting('a', { requestedAt: 0, expiresAt: eras['2021'].queueWaitMs });
    const at = (now: number) => decide(queue([offline], [run]), new Set(['pc']), now, () => 0);
    expect(at(3 * hour - 1)).toEqual([]);
    expect(at(3 * hour)).toEqual([{ kind: 'expire', runId: 'a' }]);
  });

  test('C8: a run without a timeout of its own takes as long as it takes, or what the era says', async () => {
    for (const [era, seconds] of [
      ['2021', undefined],
      ['2024', 10_800],
    ] as const) {
      const { orchestrator } = await open({ settings: eras[era] });
      expect((await orchestrator.enqueue(request())).timeoutSeconds).toBe(seconds);
      expect((await orchestrator.enqueue(request({ timeoutSeconds: 86_400 }))).timeoutSeconds).toBe(86_400);
    }
  });

  test('Q-3: in 2020 the order is that of the requests, and nothing changes it', async () => {
    const { orchestrator, store, clock } = await open({ settings: eras['2020'] });
    await orchestrator.enqueue(request());
    const first = await orchestrator.enqueue(request());
    await clock.advance(1);
    const second = await orchestrator.enqueue(request({ priority: 'high' }));
    for (const change of [
      orchestrator.prioritize(second.id, 'high'),
      orchestrator.moveToTop(second.id),
      orchestrator.moveBack(second.id),
    ])
      await expect(change).rejects.toMatchObject({ code: 'QueueOrderFixed' });
    expect((await store.waiting('m1', 9)).map(({ id }) => id)).toEqual([first.id, second.id]);
  });

  test('C3: a run that waits is Queued, and the first one is the next to run', async () => {
    const { orchestrator } = await open();
    const runs = [];
    for (let i = 0; i < 3; i++) runs.push(await orchestrator.enqueue(request()));
    await settle();
    const [, next, last] = runs as [Run, Run, Run];
    expect([next.state, last.state]).toEqual(['Queued', 'Queued']);
    expect(await orchestrator.why(next.id)).toMatchObject({ kind: 'waits', position: 1 });
    expect(await orchestrator.why(last.id)).toMatchObject({ kind: 'waits', position: 2 });
  });

  test('C6: an attended run without a usable session says which of the two it is', () => {
    const run = candidate('ann', 'attended');
    expect(blocks(place(run, machine('pc', { sessions: ['ann locked'] })))).toBe(
      'AttendedUserSessionNotActive',
    );
    expect(blocks(place(run, machine('pc', { sessions: ['bob'] })))).toBe('AttendedUserNotLoggedIn');
  });

  test('C7: a run goes to a machine of its own or to a group, and to nothing else', async () => {
    const { orchestrator, store } = await open();
    await store.putGroup({
      id: 'g',
      name: 'Group',
      description: '',
      owner: 'ann',
      settings: defaultPlacement,
    });
    expect(await orchestrator.enqueue(request({ queue: 'g' }))).toMatchObject({
      queue: 'g',
      state: 'Queued',
    });
    expect(await orchestrator.enqueue(request({ queue: 'm1' }))).toMatchObject({ queue: 'm1' });
    await expect(orchestrator.enqueue(request({ queue: 'a gateway' }))).rejects.toMatchObject({
      code: 'MachineNotFound',
    });
  });
});

describe('requests', () => {
  test('TRG-1: nothing runs that nobody requested', async () => {
    const { orchestrator, workers, clock } = await open({ settings: quiet });
    await clock.advance(24 * hour);
    expect([await orchestrator.list(9), workers.workers]).toEqual([[], []]);
    await orchestrator.enqueue(request());
    await settle();
    expect(workers.workers.length).toBe(1);
  });

  const connection: ConnectionRecord = {
    id: 'c',
    name: 'Ann at PC',
    queue: 'm1',
    account: 'PC\\ann',
    credential: { kind: 'sealed' },
    usable: true,
    owner: 'ann',
  };

  test('TRG-3: a connection made once serves many runs', async () => {
    const { orchestrator, store } = await open();
    await store.putConnection(connection, undefined);
    for (let i = 0; i < 3; i++) await orchestrator.enqueue(request({ connection: 'c' }));
    expect((await orchestrator.list(9)).map((run) => run.connection)).toEqual(['c', 'c', 'c']);
    expect((await store.connections()).length).toBe(1);
  });

  test('CON-2: a connection has target, account and credential, and goes without none of them', () => {
    expect(connectionRecord.safeParse(connection).success).toBe(true);
    for (const part of ['queue', 'account', 'credential'])
      expect(connectionRecord.safeParse({ ...connection, [part]: undefined }).success).toBe(false);
  });

  const params: AgentParams<'runs.enqueue'> = {
    flow: {
      name: 'Sum',
      path: '/flows/Sum.robin',
      text: "@SENSITIVE: [Key]\n@INPUT Name : { 'Description': '', 'FriendlyName': 'Customer', 'Type': 'String' }\n@INPUT Key : { 'Description': '', 'FriendlyName': 'Key', 'Type': 'String' }\nSET Text TO Name\n",
    },
    inputs: { Customer: 'Ann', Key: 'a secret' },
    mode: 'attended',
    priority: 'normal',
    requestedBy: 'test',
  };
  const vault = { seal: (_run: string, values: unknown) => Buffer.from(JSON.stringify(values)) };
  const prepared = (changes: Partial<typeof params> = {}) =>
    prepareRun({ ...params, ...changes }, { queue: 'm1', account: 'ann' }, vault as never, 'run');

  test('ACT-3: a request says attended or unattended', () => {
    const { params: shape } = agentMethods['runs.enqueue'];
    for (const mode of ['attended', 'unattended'])
      expect(shape.safeParse({ ...params, mode }).success).toBe(true);
    for (const mode of [undefined, null, '', 'Attended', 'both'])
      expect(shape.safeParse({ ...params, mode }).success).toBe(false);
  });

  test('ACT-5: a request may say how long its run may take, up to thirty days (C8)', () => {
    const { params: shape } = agentMethods['runs.enqueue'];
    expect(shape.safeParse({ ...params, timeoutSeconds: 86_400 }).success).toBe(true);
    expect(shape.safeParse({ ...params, timeoutSeconds: 30 * 86_400 }).success).toBe(true);
    for (const timeoutSeconds of [0, 30 * 86_400 + 1, 1.5, '90'])
      expect(shape.safeParse({ ...params, timeoutSeconds }).success).toBe(false);
    expect(prepared({ timeoutSeconds: 90 }).run.timeoutSeconds).toBe(90);
  });

  test('ACT-7: inputs go by the external names of the flow, all that it asks for and no others', () => {
    expect(JSON.parse(Buffer.from(prepared().sealedInputs).toString())).toEqual(params.inputs);
    for (const [inputs, code] of [
      [{ Key: 'k' }, 'InputMissing'],
      [{ ...params.inputs, Other: 'x' }, 'InputUnknown'],
    ] as const)
      expect(() => prepared({ inputs })).toThrow(expect.objectContaining({ code }));
  });

  test('SEC-4: a sensitive input reaches the flow and no record', () => {
    const { run, sealedInputs } = prepared();
    expect(run.inputs).toEqual({ Customer: 'Ann', Key: { $type: 'secured' } });
    expect(Buffer.from(sealedInputs).toString()).toContain('a secret');
  });
});

describe('sessions and accounts', () => {
  test('MODE-1: an unattended run signs in by itself, an attended one takes what is there', () => {
    expect(place(candidate('bot'), machine('pc'))).toEqual({ kind: 'start', session: { kind: 'create' } });
    expect(place(candidate('ann', 'attended'), machine('pc', { sessions: ['ann'] }))).toEqual({
      kind: 'start',
      session: { kind: 'use', session: session('ann').id },
    });
  });

  test('SES-2: each unattended run gets a session of its own, which must be left before the next one', () => {
    const first = place(candidate('bot'), machine('pc'));
    const leaving = place(candidate('bot'), machine('pc', { sessions: ['bot active ours'] }));
    const next = place(candidate('bot'), machine('pc'));
    expect([first, leaving, next].map(blocks)).toEqual(['create', 'UIFlowAlreadyRunning', 'create']);
  });

  test('SES-6: a member has the settings of its group, and keeps them when it leaves', async () => {
    const { store } = await open();
    const settings = { ...defaultPlacement, reuseSessions: true };
    await store.putGroup({ id: 'g', name: 'Group', description: '', owner: 'ann', settings });
    const own = async () => (await store.machines(hour))[0]?.settings;
    expect(await own()).toEqual(defaultPlacement);
    await store.setMembership('m1', 'g');
    expect(await own()).toEqual(settings);
    await store.setMembership('m1', undefined);
    expect(await own()).toEqual(settings);
  });

  test('CON-15: a local account is that of each member, a domain account one for all of them', () => {
    const server = { edition: 'server' } as const;
    const members = [machine('A', { ...server, sessions: ['A\\bot'] }), machine('B', server)];
    expect(started(queue(members, [waiting('r', { account: '.\\bot' })]))).toEqual(['r on B']);
    const joined = [machine('A', { ...server, sessions: ['CORP\\bot'] }), machine('B', server)];
    expect(started(queue(joined, [waiting('r', { account: 'bot@corp.example' })]))).toEqual(['r on B']);
    expect(blocks(place(candidate('.\\bot'), joined[0] as (typeof joined)[0]))).toBe('create');
  });

  test('CCY-4: two at once on a plain server, more where it is set up for more', () => {
    const runs = ['a', 'b', 'c', 'd'].map((account) => waiting(account, { account }));
    const with_ = (sessionLimit: number) =>
      started(queue([machine('srv', { edition: 'server', sessionLimit })], runs)).length;
    expect([with_(2), with_(3)]).toEqual([2, 3]);
  });

  test('LIC-5: as many unattended runs at once as capacity was allocated for, attended ones besides', () => {
    const runs = ['a', 'b', 'c'].map((account) => waiting(account, { account }));
    const attended: QueuedRun = waiting('ann', { account: 'ann', mode: 'attended', movedToTopAt: 1 });
    const srv = machine('srv', { edition: 'server', slots: 2, sessions: ['ann'] });
    expect(started(queue([srv], [...runs, attended]))).toEqual(['ann on srv', 'a on srv', 'b on srv']);
  });

  test('GRP-1: chance gives every member of a group its part', () => {
    const members = ['A', 'B', 'C', 'D'].map((name) => machine(name));
    const chosen = [0, 0.25, 0.5, 0.999].map((chance) => started(queue(members, [waiting('r')]), chance));
    expect(chosen).toEqual([['r on A'], ['r on B'], ['r on C'], ['r on D']]);
  });
});

describe('order', () => {
  test('Q-6: another priority changes that run only', async () => {
    const { orchestrator, store, clock } = await open();
    await orchestrator.enqueue(request());
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      ids.push((await orchestrator.enqueue(request())).id);
      await clock.advance(1);
    }
    const [a, b, c] = ids as [string, string, string];
    await orchestrator.prioritize(c, 'high');
    const order = (await store.waiting('m1', 9)).map(({ id, priority }) => [id, priority]);
    expect(order).toEqual([
      [c, 'high'],
      [a, 'normal'],
      [b, 'normal'],
    ]);
  });
});

describe('limits', () => {
  test('Q-18, C2: a queue takes so many waiting runs and no more', async () => {
    for (const era of Object.values(eras)) expect(era.queueLimit).toBe(500);
    const { orchestrator } = await open({ settings: { queueLimit: 2 } });
    await orchestrator.enqueue(request());
    await settle();
    for (let i = 0; i < 2; i++) await orchestrator.enqueue(request());
    await expect(orchestrator.enqueue(request())).rejects.toMatchObject({ code: 'QueueFull' });
  });

  test('TRG-8: one connection asks for so many runs a minute, others are not concerned', async () => {
    expect(defaultSettings.requestsPerMinute).toBe(70);
    const { orchestrator, clock } = await open({ settings: { requestsPerMinute: 2 } });
    const ask = (connection: string) => orchestrator.enqueue(request({ connection }));
    for (let i = 0; i < 2; i++) await ask('a');
    await expect(ask('a')).rejects.toMatchObject({ code: 'DesktopFlowsActionThrottled' });
    await ask('b');
    await clock.advance(60_001);
    await ask('a');
  });

  test('Q-20: a run that is given back takes its old place', async () => {
    const { orchestrator, workers, store } = await open();
    await orchestrator.enqueue(request());
    const behind = await orchestrator.enqueue(request());
    await settle();
    const { run, fence } = workers.last.claim;
    const given = await store.commit([{ kind: 'giveBack', holder: { runId: run.id, fence } }], () => 0);
    expect(given[0]?.done).toBe(true);
    expect((await store.waiting('m1', 9)).map(({ id }) => id)).toEqual([run.id, behind.id]);
  });
});

describe('the end of a run', () => {
  test('RUN-9: a failed run is submitted again with what it had', async () => {
    const { orchestrator, workers } = await open();
    const run = await orchestrator.enqueue(request({ priority: 'high', sealedInputs: new Uint8Array([7]) }));
    await settle();
    workers.last.begin();
    await expect(
      orchestrator.resubmit(run.id, { id: 'early', requestedBy: 'ann' }, (sealed) => sealed),
    ).rejects.toMatchObject({ code: 'RunNotFinished' });
    workers.last.finish('Failed');
    await settle();
    const again = await orchestrator.resubmit(
      run.id,
      { id: 'again', requestedBy: 'ann' },
      (sealed) => sealed,
    );
    await settle();
    expect(again).toMatchObject({ id: 'again', resubmitOf: run.id, priority: 'high', inputs: run.inputs });
    expect(workers.last.claim).toMatchObject({ run: { id: 'again' }, sealedInputs: new Uint8Array([7]) });
  });

  test('RUN-10: a run that takes longer than it may ends as timed out', async () => {
    const { orchestrator, workers, clock } = await open({ settings: quiet });
    const { id } = await orchestrator.enqueue(request({ timeoutSeconds: 2 * 86_400 }));
    await settle();
    workers.last.begin();
    await settle();
    await clock.advance(48 * hour - 1);
    expect((await orchestrator.get(id)).state).toBe('Running');
    await clock.advance(1 + defaultSettings.stopGraceMs);
    await settle();
    expect(await orchestrator.get(id)).toMatchObject({
      state: 'TimedOut',
      error: { code: 'DesktopFlowsActionTimeout' },
    });
  });

  /** What is shown in a window that requested the run `mine`. */
  function shownFor(run: Run): string[] {
    const shown: string[] = [];
    const show =
      (kind: string) =>
      async (text: string, ...actions: string[]) => {
        shown.push(kind, text, ...actions);
      };
    const vscode = {
      workspace: { getConfiguration: () => ({ get: (_name: string, value: string) => value }) },
      window: {
        showInformationMessage: show('information'),
        showWarningMessage: show('warning'),
        showErrorMessage: show('error'),
      },
    } as unknown as VSCode;
    let tell: (change: RunChange) => void = () => {};
    const store = {
      onDidChange: (listener: typeof tell) => {
        tell = listener;
        return { dispose: () => {} };
      },
    } as unknown as RunStore;
    notifyOfEnds(vscode, store, (runId) => runId === 'mine');
    tell({ kind: 'run', run, before: { ...run, state: 'Running' } } as RunChange);
    return shown;
  }

  const ended = (changes: Partial<Run>): Run => ({
    ...request().run,
    id: 'mine',
    state: 'Succeeded',
    requestedAt: 0,
    expiresAt: hour,
    startedAt: 0,
    endedAt: 1_000,
    ...changes,
  });

  test('RUN-13: only who requested a run here is told of its end', () => {
    expect(shownFor(ended({})).length).toBeGreaterThan(0);
    expect(shownFor(ended({ id: 'of a schedule' }))).toEqual([]);
  });

  test('RUN-14: success, failure and cancellation are told apart, with what can be done next', () => {
    const error = { code: 'FileNotFoundError', message: 'No file.', nextStep: 'Look.', line: 3 };
    const failed = shownFor(ended({ state: 'Failed', error }));
    expect(failed).toEqual(
      expect.arrayContaining([
        'error',
        expect.stringContaining('FileNotFoundError'),
        'Open Line',
        'Resubmit',
      ]),
    );
    expect(shownFor(ended({}))).toEqual(expect.arrayContaining(['information', 'Show Run']));
    expect(shownFor(ended({ state: 'Canceled' }))[0]).toBe('warning');
    expect(shownFor(ended({ state: 'Paused' }))).toEqual([]);
  });

  test('RUN-15: a running flow shows its subflow and action, a failed one where and why', () => {
    const phrase = (run: Run) => runPhrase(run, 2_000, { ahead: 0, place: run.position });
    const position = { line: 12, subflow: 'Read', action: 'File.Copy' };
    const running = phrase(ended({ state: 'Running', position }));
    for (const part of ['12', 'Read', 'File.Copy']) expect(running).toContain(part);
    const error = { code: 'FileNotFoundError', message: 'No file.', nextStep: 'Look.', line: 3 };
    expect(phrase(ended({ state: 'Failed', error }))).toMatch(/line 3.*FileNotFoundError/);
  });
});

describe('trouble', () => {
  const told = (run: Parameters<typeof place>[0], at: ReturnType<typeof machine>) => {
    const placement = place(run, at);
    return placement.kind === 'blocked' ? placement.blocker : undefined;
  };

  test('TS-1: offline, see whether it is on; online, see to what its agent may', () => {
    expect(told(candidate('bot'), machine('pc', { online: false }))).toMatchObject({
      cause: 'machine',
      nextStep: expect.stringMatching(/Switch the machine on.*agent/),
    });
    expect(told(candidate('bot'), machine('pc', { sessions: 'hidden' }))).toMatchObject({
      cause: 'setup',
      nextStep: expect.stringContaining('service'),
    });
  });

  test('TS-2: without a session to be had: none at all on a client edition, one fewer on a server', () => {
    const client = told(candidate('bot'), machine('pc', { sessions: ['ann locked'] }));
    expect(client?.nextStep).toMatch(/without any session/);
    const server = { edition: 'server', sessionLimit: 2, sessions: ['ann', 'bob'] } as const;
    expect(told(candidate('bot'), machine('srv', server))?.nextStep).toMatch(/Sign one session out/);
  });

  test('TS-9: a target shows whether it is online before anything is tried', async () => {
    const { store, clock, runner } = await open();
    const online = async () => (await store.machines(60_000)).map((record) => record.online);
    expect(await online()).toEqual([true]);
    await runner.close({ state: 'Canceled', error: { code: 'x', message: 'x', nextStep: 'x' } });
    await clock.advance(60_000);
    expect(await online()).toEqual([false]);
    const off = machine('pc', { online: false });
    const verdict = verdictOn(waiting('r', { expiresAt: 9 }), queue([off]), 0, () => undefined);
    expect(verdict).toMatchObject({ kind: 'waits', blocker: { code: 'NoListenerConnected' } });
  });
});
