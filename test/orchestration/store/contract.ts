// What every store must do, whatever database is under it. A database joins by a file that calls `storeContract`.
import { afterEach, describe, expect, it } from 'vitest';
import { defaultPlacement } from '../../../src/orchestration/settings.ts';
import type { Database } from '../../../src/orchestration/store/database.ts';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import type { Change, Claim, FleetStore, Holder, Outcome } from '../../../src/orchestration/store.ts';
import type { GroupRecord, MachineFacts } from '../../../src/protocol/fleet.ts';
import { isTerminal, type Run, type RunEvent } from '../../../src/protocol/run.ts';

export interface Place {
  /** A new database with the tables in it, and no rows. */
  open(): Promise<Database>;
  /** The same database for another store. */
  again(database: Database): Promise<Database>;
  /** The clock of the database goes on by at least so much. */
  later(ms: number): Promise<void>;
  /** Long enough for a few transactions. */
  readonly leaseMs: number;
}

export const facts = (changes: Partial<MachineFacts> = {}): MachineFacts => ({
  platform: 'win32 x64',
  agentVersion: '1',
  edition: 'client',
  sessionLimit: 1,
  severalPerUser: false,
  sessions: [],
  recording: [],
  ...changes,
});

export const server = facts({ edition: 'server', sessionLimit: 10 });

export const group = (id: string, changes: Partial<GroupRecord> = {}): GroupRecord => ({
  id,
  name: `Group ${id}`,
  description: '',
  settings: defaultPlacement,
  owner: 'me',
  ...changes,
});

type EnqueueOf = Extract<Change, { kind: 'enqueue' }>;

export interface RequestChanges {
  readonly account?: string;
  readonly run?: Partial<EnqueueOf['entry']['run']>;
  readonly entry?: Partial<EnqueueOf['entry']>;
  readonly queueLimit?: number;
  readonly requestsPerMinute?: number;
}

/** A request for a run in `queue`. */
export function request(id: string, queue: string, changes: RequestChanges = {}): EnqueueOf {
  return {
    kind: 'enqueue',
    queueLimit: changes.queueLimit ?? 1_000_000,
    requestsPerMinute: changes.requestsPerMinute ?? 1_000_000,
    entry: {
      run: {
        id,
        flow: { name: 'Sample', path: '/flows/Sample.robin', hash: 'h' },
        queue,
        mode: 'unattended',
        priority: 'normal',
        requestedBy: 'me',
        inputs: { Text: 'x' },
        waitMs: 3_600_000,
        ...changes.run,
      },
      account: changes.account ?? 'ann',
      flowText: 'SET X TO 1',
      companions: [],
      sealedInputs: new Uint8Array([1, 2, 255]),
      ...changes.entry,
    },
  };
}

export const turn = (queue: string, ...asking: string[]): Change => ({
  kind: 'turn',
  queue,
  asking: new Set(asking),
});

export const change = (
  holder: Holder,
  state: Run['state'],
  more: Partial<Extract<Change, { kind: 'change' }>['change']> = {},
): Change => ({ kind: 'change', holder, change: { state, ...more }, before: [] });

const giveBack = (holder: Holder): Change => ({ kind: 'giveBack', holder });
const append = (holder: Holder, message: string): Change => ({
  kind: 'append',
  holder,
  bodies: [{ kind: 'log', level: 'info', message }],
  announce: false,
});
const error = (code: string) => ({ code, message: 'It was so.', nextStep: 'Look.' });
export const holderOf = ({ run, fence }: Claim): Holder => ({ runId: run.id, fence });
const rejected = (code: string) => expect.objectContaining({ code });

export function storeContract(name: string, place: Place): void {
  const { leaseMs } = place;
  const opened: FleetStore[] = [];
  let database: Database;

  async function open(): Promise<FleetStore> {
    database = await place.open();
    const store = openFleetStore(database, leaseMs);
    opened.push(store);
    return store;
  }

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  const commit = (store: FleetStore, ...changes: Change[]): Promise<readonly Outcome[]> =>
    store.commit(changes, () => 0);

  async function one(store: FleetStore, change: Change): Promise<Outcome> {
    return (await commit(store, change))[0] as Outcome;
  }

  async function addMachine(store: FleetStore, id: string, about = facts()): Promise<void> {
    await store.putMachine({ id, name: `PC ${id}`, description: '', owner: 'me', unattendedSlots: 10 });
    await store.heartbeat(id, 'first', about, [], leaseMs);
  }

  async function withMachine(about = facts()): Promise<FleetStore> {
    const store = await open();
    await addMachine(store, 'm', about);
    return store;
  }

  const claims = async (store: FleetStore, queue = 'm', ...asking: string[]): Promise<readonly Claim[]> =>
    (await one(store, turn(queue, ...(asking.length > 0 ? asking : [queue])))).claims;

  /** One run that was claimed. */
  async function claimed(store: FleetStore, id = 'r'): Promise<Claim> {
    await one(store, request(id, 'm'));
    return (await claims(store))[0] as Claim;
  }

  const order = async (store: FleetStore, queue = 'm') =>
    (await store.waiting(queue, 100)).map(({ id }) => id);

  describe(`${name}: requests`, () => {
    it('gives a queued run back as it was, with one event that shows it', async () => {
      const store = await withMachine();
      const companions = [
        { path: 'Child.robin', text: 'SET Y TO 1', ids: ['c-1'] },
        { path: 'repo.appmask', text: '{"Screens":[]}' },
      ];
      const asked = request('r', 'm', {
        account: 'CORP\\Ann',
        entry: { companions, flowText: 'SET X TO “ü😀”\n' },
        run: {
          priority: 'high',
          elevated: true,
          connection: 'c',
          resubmitOf: 'older',
          timeoutSeconds: 90,
          logging: { level: 'warning', screenshot: false },
          inputs: { Text: 'a\u0000b', List: [1, null, true], Secret: { $type: 'secured' } },
        },
      });
      const { done, events, run, claims: none } = await one(store, asked);
      expect([done, none]).toEqual([true, []]);
      const { waitMs, ...shown } = asked.entry.run;
      const { requestedAt, expiresAt, ...rest } = run as Run;
      expect(rest).toEqual({ ...shown, state: 'Queued' });
      expect(expiresAt - requestedAt).toBe(waitMs);
      expect(events).toEqual([{ seq: 1, runId: 'r', at: requestedAt, kind: 'run', run }]);
      expect(await store.get('r')).toEqual(run);
      expect(await store.entry('r')).toEqual({
        run,
        account: 'CORP\\Ann',
        fence: 0,
        flowText: asked.entry.flowText,
        companions,
        sealedInputs: asked.entry.sealedInputs,
      });
      expect(await store.events(0, 1e6)).toEqual(events);
      expect(await store.counts()).toEqual({ queued: 1, running: 0 });
      expect(await store.list(10)).toEqual([run]);
      expect(await store.get('another')).toBeUndefined();
      expect(await store.entry('another')).toBeUndefined();
    });

    it('adds a run once, however often and when its request comes again', async () => {
      const store = await withMachine();
      const [first, second] = await commit(store, request('r', 'm'), request('r', 'm'));
      expect(first?.events).toHaveLength(1);
      expect(second).toEqual({ done: true, events: [], claims: [], run: first?.run });
      // Also where the queue would take no more.
      const again = await one(store, request('r', 'm', { queueLimit: 1 }));
      expect(again).toEqual({ done: true, events: [], claims: [], run: first?.run });
      const [claim] = await claims(store);
      await one(store, change(holderOf(claim as Claim), 'Succeeded'));
      expect((await one(store, request('r', 'm'))).run).toMatchObject({ state: 'Succeeded' });
      expect(await claims(store)).toEqual([]);
      expect((await store.marks()).lastSeq).toBe(3);
    });

    it('refuses a run beyond the limit of its queue and keeps nothing of it', async () => {
      const store = await withMachine();
      const limit = { queueLimit: 2 };
      const outcomes = await commit(
        store,
        request('a', 'm', limit),
        request('b', 'm', limit),
        request('c', 'm', limit),
      );
      expect(outcomes.map(({ done }) => done)).toEqual([true, true, false]);
      expect(outcomes[2]?.error).toEqual(rejected('QueueFull'));
      expect(await store.get('c')).toBeUndefined();
      expect((await store.marks()).lastSeq).toBe(2);
      // A place is free again after a start, a cancellation and an expiry, and taken by a run that comes back.
      const [claim] = await claims(store);
      expect((await one(store, request('d', 'm', limit))).done).toBe(true);
      await one(store, giveBack(holderOf(claim as Claim)));
      await one(store, { kind: 'cancel', runId: 'b', error: error('RunStopped') });
      expect((await one(store, request('e', 'm', limit))).error).toEqual(rejected('QueueFull'));
      await one(store, { kind: 'cancel', runId: 'd', error: error('RunStopped') });
      expect((await one(store, request('f', 'm', { ...limit, run: { waitMs: 10 } }))).done).toBe(true);
      await place.later(20);
      await one(store, turn('m'));
      expect((await one(store, request('g', 'm', limit))).done).toBe(true);
    });

    it('refuses more requests of one connection than it may make within a minute', async () => {
      const store = await withMachine();
      const of = (id: string, connection?: string) =>
        request(id, 'm', { requestsPerMinute: 2, run: connection === undefined ? {} : { connection } });
      const outcomes = await commit(store, of('a', 'c'), of('b', 'c'), of('x', 'c'), of('d', 'e'), of('f'));
      expect(outcomes.map(({ done }) => done)).toEqual([true, true, false, true, true]);
      expect(outcomes[2]?.error).toEqual(rejected('DesktopFlowsActionThrottled'));
      expect((await one(store, of('y', 'c'))).error).toEqual(rejected('DesktopFlowsActionThrottled'));
      expect((await one(store, of('a', 'c'))).done).toBe(true);
      expect((await one(store, of('z', 'e'))).done).toBe(true);
    });

    it('refuses targets that are unknown, removed, or members of a group', async () => {
      const store = await withMachine();
      await store.putGroup(group('g'));
      await addMachine(store, 'gone');
      await store.removeMachine('gone');
      await store.putGroup(group('gone-group'));
      await store.removeGroup('gone-group');
      await store.setMembership('m', 'g');
      const outcomes = await commit(
        store,
        ...['nowhere', 'gone', 'gone-group', 'm', 'g'].map((queue) => request(`in ${queue}`, queue)),
      );
      expect(outcomes.map(({ error }) => (error as { code?: string } | undefined)?.code)).toEqual([
        'MachineNotFound',
        'MachineNotFound',
        'XrmMachineGroupNotFound',
        'MachineInGroup',
        undefined,
      ]);
    });

    it('keeps out what the database does not take, and only that', async () => {
      const store = await withMachine();
      const [good, bad, other] = await commit(
        store,
        request('a', 'm'),
        request('b', 'm', { run: { priority: 'urgent' as Run['priority'] } }),
        request('c', 'm'),
      );
      expect([good?.done, bad?.done, other?.done]).toEqual([true, false, true]);
      expect(bad?.error).toBeDefined();
      expect((await store.events(0, 1e6)).map(({ seq, runId }) => [seq, runId])).toEqual([
        [1, 'a'],
        [2, 'c'],
      ]);
    });

    it('takes inputs of megabytes, several at once', async () => {
      const store = await withMachine();
      const inputs = { Text: 'é"\n'.repeat(1_000_000) };
      const sealedInputs = new Uint8Array(3_000_000).fill(7);
      const outcomes = await commit(
        store,
        ...['a', 'b', 'c'].map((id) => request(id, 'm', { run: { inputs }, entry: { sealedInputs } })),
      );
      expect(outcomes.map(({ done }) => done)).toEqual([true, true, true]);
      await store.heartbeat('m', 'first', facts(), [], leaseMs);
      const [claim] = await claims(store);
      expect(JSON.stringify(claim?.run.inputs) === JSON.stringify(inputs)).toBe(true);
      expect(claim?.sealedInputs.length).toBe(3_000_000);
    });
  });

  describe(`${name}: an agent that ends on purpose`, () => {
    it('leaves its machine offline, unless its next life was heard already', async () => {
      const store = await withMachine();
      const isOnline = async () => (await store.machines(leaseMs)).find(({ id }) => id === 'm')?.online;
      await store.heartbeat('m', 'first', facts(), [], leaseMs);
      expect(await isOnline()).toBe(true);
      await store.signOff('m', 'first', leaseMs);
      expect(await isOnline()).toBe(false);
      await store.heartbeat('m', 'second', facts(), [], leaseMs);
      await store.signOff('m', 'first', leaseMs);
      expect(await isOnline()).toBe(true);
    });
  });

  describe(`${name}: the queue`, () => {
    it('is in the order of moves to the top, priority, request and identifier', async () => {
      const store = await withMachine();
      for (const id of ['b', 'c', 'a', 'd', 'e']) {
        await one(store, request(id, 'm', { run: id === 'd' ? { priority: 'high' } : {} }));
        await place.later(2);
      }
      expect(await order(store)).toEqual(['d', 'b', 'c', 'a', 'e']);
      // Several moves within one transaction, and so at one time, still have an order.
      await commit(store, { kind: 'moveToTop', runId: 'e' }, { kind: 'moveToTop', runId: 'a' });
      await one(store, { kind: 'prioritize', runId: 'c', priority: 'high' });
      // Within a priority the time of the request counts, not that of the change.
      expect(await order(store)).toEqual(['a', 'e', 'c', 'd', 'b']);
      await one(store, { kind: 'moveBack', runId: 'a' });
      await one(store, { kind: 'prioritize', runId: 'c', priority: 'normal' });
      expect(await order(store)).toEqual(['e', 'd', 'b', 'c', 'a']);
      const started: string[] = [];
      for (;;) {
        const [claim] = await claims(store);
        if (claim === undefined) break;
        started.push(claim.run.id);
        await one(store, change(holderOf(claim), 'Succeeded'));
      }
      expect(started).toEqual(['e', 'd', 'b', 'c', 'a']);
    });

    it('says of a move what the run is then, and moves only what waits', async () => {
      const store = await withMachine();
      const claim = await claimed(store);
      await one(store, request('s', 'm'));
      const moved = await one(store, { kind: 'moveToTop', runId: 's' });
      expect(moved).toMatchObject({ done: true, run: { id: 's', movedToTopAt: expect.any(Number) } });
      expect(moved.events).toMatchObject([{ kind: 'run', run: { id: 's' } }]);
      const back = await one(store, { kind: 'moveBack', runId: 's' });
      expect(back.run).not.toHaveProperty('movedToTopAt');
      for (const runId of [claim.run.id, 'nowhere']) {
        const outcomes = await commit(
          store,
          { kind: 'moveToTop', runId },
          { kind: 'moveBack', runId },
          { kind: 'prioritize', runId, priority: 'high' },
          { kind: 'cancel', runId, error: error('RunStopped') },
        );
        for (const outcome of outcomes) expect(outcome).toEqual({ done: false, events: [], claims: [] });
      }
    });

    it('is looked at beyond what is in sight where accounts keep the first ones waiting', async () => {
      const store = await withMachine(server);
      for (let i = 0; i < 100; i++) await one(store, request(`ann${i}`, 'm'));
      await commit(
        store,
        request('ben1', 'm', { account: 'ben' }),
        request('ben2', 'm', { account: 'ben', run: { priority: 'high' } }),
        request('cem', 'm', { account: 'cem' }),
      );
      const started = (await claims(store)).map(({ run }) => run.id);
      expect(started.sort()).toEqual(['ann0', 'ben2', 'cem']);
    });

    it('gives as many as there is room for in one turn, also more than are in sight at once', async () => {
      const store = await open();
      await store.putGroup(group('g'));
      const machines = Array.from({ length: 20 }, (_, i) => `m${i}`);
      for (const id of machines) {
        await addMachine(store, id, server);
        await store.setMembership(id, 'g');
      }
      await commit(
        store,
        ...Array.from({ length: 150 }, (_, i) => request(`r${i}`, 'g', { account: `u${i}` })),
      );
      const taken = await claims(store, 'g', ...machines);
      expect(taken).toHaveLength(150);
      expect(new Set(taken.map(({ run }) => run.id)).size).toBe(150);
      expect(await store.counts('g')).toEqual({ queued: 0, running: 150 });
    });

    it('keeps the order of a group also behind more runs of one account than are in sight', async () => {
      const store = await open();
      await store.putGroup(group('g'));
      for (const id of ['m1', 'm2']) {
        await addMachine(store, id, server);
        await store.setMembership(id, 'g');
      }
      const ids = [...Array.from({ length: 70 }, (_, i) => `bot${10 + i}`), 'z1', 'z2', 'z3'];
      await commit(
        store,
        ...ids.map((id) => request(id, 'g', { account: id === 'z3' ? 'ben' : id.slice(0, 1) })),
      );
      const taken = await claims(store, 'g', 'm1', 'm2');
      // The second run of an account is due on the other machine before the first one of the next account.
      expect(taken.map(({ run }) => run.id)).toEqual(['bot10', 'bot11', 'z1', 'z2', 'z3']);
    });

    it('never gives a machine two runs of one account, however it is written', async () => {
      const store = await open();
      await store.putGroup(group('g'));
      for (const id of ['m1', 'm2']) {
        await addMachine(store, id, server);
        await store.setMembership(id, 'g');
      }
      for (const [i, account] of ['CORP\\Ann', 'ann@corp.example', 'corp\\ANN'].entries())
        await one(store, request(`r${i}`, 'g', { account }));
      const taken = await claims(store, 'g', 'm1', 'm2');
      expect(taken.map(({ run }) => run.machine).sort()).toEqual(['m1', 'm2']);
    });

    it('lets a run give up that waited too long: the first one in a turn, any one in a sweep', async () => {
      const store = await withMachine();
      await one(store, request('first', 'm', { run: { waitMs: 10, priority: 'high' } }));
      await place.later(20);
      const { events, claims: none } = await one(store, turn('m', 'm'));
      expect(none).toEqual([]);
      expect(events).toMatchObject([
        { run: { id: 'first', state: 'TimedOut', error: { code: 'NoCandidateMachine' } } },
      ]);
      await commit(store, ...Array.from({ length: 70 }, (_, i) => request(`r${i}`, 'm')));
      await one(store, request('zlast', 'm', { run: { waitMs: 10 } }));
      await place.later(20);
      const swept = await store.sweep(() => error('MachineLost'));
      expect(swept.events).toMatchObject([{ run: { id: 'zlast', state: 'TimedOut' } }]);
      expect(swept.queues).toEqual(['m']);
      expect(await store.counts()).toEqual({ queued: 70, running: 0 });
      // Runs still wait there.
      expect(await store.sweep(() => error('MachineLost'))).toEqual({ events: [], queues: ['m'] });
    });

    it('of a group without machines fails what comes, whoever asks', async () => {
      const store = await withMachine();
      await store.putGroup(group('empty'));
      const [queued] = await commit(store, request('r', 'empty'), turn('empty'));
      expect(queued?.done).toBe(true);
      expect(await store.get('r')).toMatchObject({ state: 'Failed', error: { code: 'GroupIsEmpty' } });
      expect(await store.counts()).toEqual({ queued: 0, running: 0 });
    });

    it('is shown as the rules see it', async () => {
      const store = await withMachine(server);
      const first = await claimed(store);
      for (const id of ['a', 'b', 'c']) {
        await one(store, request(id, 'm', { account: id }));
        await place.later(2);
      }
      const state = await store.queueState('m', leaseMs);
      expect(state).toMatchObject({
        id: 'm',
        name: 'PC m',
        kind: 'machine',
        machines: [{ id: 'm', online: true, runs: [{ id: first.run.id, account: 'ann' }] }],
        queued: [{ id: 'a' }],
      });
      const before = await store.get('c');
      const front = await store.queueState('m', leaseMs, {
        ...(before as Run),
        account: 'c',
        flow: 'Sample',
      });
      expect(front?.queued.map(({ id }) => id)).toEqual(['a', 'b']);
      expect(await store.queueState('nowhere', leaseMs)).toBeUndefined();
    });
  });

  describe(`${name}: claims`, () => {
    it('gives a run once, with everything its worker needs', async () => {
      const store = await withMachine();
      const companions = [{ path: 'Child.robin', text: 'SET Y TO 1' }];
      await one(store, request('r', 'm', { entry: { companions } }));
      const { claims: taken, events } = await one(store, turn('m', 'm'));
      expect(taken).toEqual([
        {
          run: expect.objectContaining({ id: 'r', state: 'Starting', machine: 'm' }),
          account: 'ann',
          fence: 1,
          flowText: 'SET X TO 1',
          companions,
          sealedInputs: new Uint8Array([1, 2, 255]),
          session: { kind: 'create' },
        },
      ]);
      expect(events).toMatchObject([{ seq: 2, run: { state: 'Starting', machine: 'm' } }]);
      expect(await claims(store)).toEqual([]);
      expect(await store.counts()).toEqual({ queued: 0, running: 1 });
    });

    it('gives nothing to machines that do not ask, are offline or in maintenance', async () => {
      const store = await withMachine();
      await one(store, request('r', 'm'));
      expect(await claims(store, 'm', 'another')).toEqual([]);
      await store.setMachine('m', { settings: { ...defaultPlacement, maintenance: true } });
      expect(await claims(store)).toEqual([]);
      await store.setMachine('m', { settings: defaultPlacement });
      await place.later(leaseMs);
      expect(await claims(store)).toEqual([]);
      await store.heartbeat('m', 'first', facts(), [], leaseMs);
      expect(await claims(store)).toHaveLength(1);
    });

    it('takes no word of anybody but the holder of the fence', async () => {
      const store = await withMachine();
      const { fence } = await claimed(store);
      for (const stale of [fence - 1, fence + 1]) {
        const holder = { runId: 'r', fence: stale };
        const outcomes = await commit(
          store,
          change(holder, 'Running'),
          append(holder, 'hello'),
          giveBack(holder),
          change({ ...holder, report: 1 }, 'Running'),
        );
        for (const outcome of outcomes) expect(outcome).toEqual({ done: false, events: [], claims: [] });
      }
      expect((await one(store, change({ runId: 'nowhere', fence }, 'Running'))).done).toBe(false);
      expect(await store.get('r')).toMatchObject({ state: 'Starting' });
    });

    it('changes a run only into a state that may follow', async () => {
      const store = await withMachine();
      const holder = holderOf(await claimed(store));
      expect((await one(store, change(holder, 'Paused'))).done).toBe(false);
      expect((await one(store, change(holder, 'Running', { startedAgo: 0 }))).done).toBe(true);
      expect((await one(store, change(holder, 'Running'))).done).toBe(false);
      expect((await one(store, giveBack(holder))).done).toBe(false);
      expect((await one(store, change(holder, 'Paused'))).done).toBe(true);
      expect((await one(store, change(holder, 'Running'))).done).toBe(true);
      const outputs = { Result: 'ü\u0000', Secret: { $type: 'secured' } } as const;
      const ended = await one(store, change(holder, 'Succeeded', { outputs }));
      expect(ended.run).toMatchObject({ state: 'Succeeded', outputs });
      for (const after of [change(holder, 'Failed'), change(holder, 'Lost'), append(holder, 'late')])
        expect(await one(store, after)).toEqual({ done: false, events: [], claims: [] });
      expect(await store.get('r')).toEqual(ended.run);
    });

    it('knows by its own clock when a run began and ended that is reported late', async () => {
      const store = await withMachine();
      const holder = holderOf(await claimed(store));
      await place.later(60);
      await one(store, change(holder, 'Running', { startedAgo: 40.4 }));
      await place.later(60);
      const outcome = await one(store, change(holder, 'Succeeded', { endedAgo: 20.4 }));
      const { requestedAt, startedAt = 0, endedAt = 0 } = outcome.run as Run;
      const at = outcome.events[0]?.at ?? 0;
      expect(endedAt).toBe(at - 20);
      expect(startedAt).toBeGreaterThan(requestedAt);
      expect(endedAt - startedAt).toBeGreaterThanOrEqual(80);
    });

    it('lets no run begin before it was requested, or end before it began, whatever its machine says', async () => {
      const store = await withMachine();
      const holder = holderOf(await claimed(store));
      await place.later(20);
      await one(store, change(holder, 'Running', { startedAgo: 1e9 }));
      const { run } = await one(store, change(holder, 'Succeeded', { endedAgo: 1e9 }));
      expect(run?.startedAt).toBe(run?.requestedAt);
      expect(run?.endedAt).toBe(run?.startedAt);
      const next = holderOf(await claimed(store, 'next'));
      const early = await one(store, change(next, 'Failed', { endedAgo: -1e9, error: error('Boom') }));
      expect(early.run?.endedAt).toBe(early.events[0]?.at);
    });

    it('takes each report once, and says so when it comes again', async () => {
      const store = await withMachine();
      const holder = holderOf(await claimed(store));
      const started = change({ ...holder, report: 1 }, 'Running', { startedAgo: 0 });
      const said = append({ ...holder, report: 2 }, 'half done');
      const [first, again] = await commit(store, started, started);
      expect([first?.done, first?.events.length]).toEqual([true, 1]);
      expect([again?.done, again?.events]).toEqual([true, []]);
      expect((await one(store, said)).events).toHaveLength(1);
      for (const late of [started, said]) {
        const outcome = await one(store, late);
        expect([outcome.done, outcome.events]).toEqual([true, []]);
      }
      const ended = change({ ...holder, report: 3 }, 'Failed', { error: error('Boom') });
      expect((await one(store, ended)).events).toHaveLength(1);
      expect([(await one(store, ended)).done, (await store.marks()).lastSeq]).toEqual([true, 5]);
      // Reports of the next claim are numbered anew.
      expect((await one(store, change({ ...holder, report: 4 }, 'Succeeded'))).done).toBe(false);
    });

    it('counts reports anew for every claim', async () => {
      const store = await withMachine();
      const first = holderOf(await claimed(store));
      expect((await one(store, giveBack({ ...first, report: 1 }))).done).toBe(true);
      const [claim] = await claims(store);
      const second = holderOf(claim as Claim);
      expect((await one(store, change({ ...first, report: 1 }, 'Running'))).done).toBe(false);
      expect((await one(store, change({ ...second, report: 1 }, 'Running'))).events).toHaveLength(1);
    });

    it('gives a run its old place again when its machine could not take it', async () => {
      const store = await withMachine();
      await one(store, request('a', 'm'));
      await place.later(2);
      await one(store, request('b', 'm'));
      const [claim] = await claims(store);
      const before = await store.get('b');
      const outcome = await one(store, giveBack(holderOf(claim as Claim)));
      expect(outcome.run).toMatchObject({ id: 'a', state: 'Queued' });
      expect(outcome.run).not.toHaveProperty('machine');
      expect(outcome.run).not.toHaveProperty('session');
      expect(await order(store)).toEqual(['a', 'b']);
      expect(await store.get('b')).toEqual(before);
      const [again] = await claims(store);
      expect(again).toMatchObject({ run: { id: 'a' }, fence: 3 });
      expect((await one(store, giveBack(holderOf(claim as Claim)))).done).toBe(false);
    });

    it('ends a run that is given back although somebody wants it to end', async () => {
      const store = await withMachine();
      const holder = { ...holderOf(await claimed(store)), report: 1 };
      const ending = { state: 'Canceled', error: error('RunStopped') } as const;
      await one(store, { kind: 'end', runId: 'r', ending });
      const outcome = await one(store, giveBack(holder));
      expect(outcome).toMatchObject({ done: true, run: { state: 'Canceled', error: ending.error } });
      expect(outcome.run?.endedAt).toBeGreaterThan(0);
      expect(await one(store, giveBack(holder))).toMatchObject({ done: true, events: [] });
      expect(await claims(store)).toEqual([]);
      expect(await store.counts()).toEqual({ queued: 0, running: 0 });
    });

    it('takes down the first wish that an active run ends, for its machine to hear', async () => {
      const store = await withMachine();
      await one(store, request('waits', 'm', { run: { priority: 'normal' } }));
      const claim = (await claims(store))[0] as Claim;
      await one(store, request('other', 'm'));
      const ending = { state: 'TimedOut', error: error('DesktopFlowsActionTimeout') } as const;
      expect((await one(store, { kind: 'end', runId: 'waits', ending })).done).toBe(true);
      const second = { state: 'Canceled', error: error('RunStopped') } as const;
      expect((await one(store, { kind: 'end', runId: 'waits', ending: second })).done).toBe(false);
      for (const runId of ['other', 'nowhere'])
        expect((await one(store, { kind: 'end', runId, ending })).done).toBe(false);
      const { held } = await store.heartbeat('m', 'first', facts(), [holderOf(claim)], leaseMs);
      expect(held).toEqual([{ runId: 'waits', fence: 1, ending }]);
      // What had ended by itself before is recorded as it ended.
      expect((await one(store, change(holderOf(claim), 'Succeeded'))).done).toBe(true);
      expect((await one(store, { kind: 'end', runId: 'waits', ending })).done).toBe(false);
    });

    it('does not start what is canceled in the same transaction', async () => {
      const store = await withMachine();
      await one(store, request('r', 'm'));
      const [ended, looked] = await commit(
        store,
        { kind: 'cancel', runId: 'r', error: error('RunStopped') },
        turn('m', 'm'),
      );
      expect(ended?.run).toMatchObject({ state: 'Canceled', error: error('RunStopped') });
      expect(looked?.claims).toEqual([]);
    });

    it('frees the slot in the transaction that ends a run', async () => {
      const store = await withMachine();
      const claim = await claimed(store);
      await one(store, request('next', 'm'));
      expect(await claims(store)).toEqual([]);
      const [, looked] = await commit(
        store,
        change(holderOf(claim), 'Failed', { error: error('Boom') }),
        turn('m', 'm'),
      );
      expect(looked?.claims.map(({ run }) => run.id)).toEqual(['next']);
    });

    it('takes many reports of many runs in one transaction, in the order in which they came', async () => {
      const store = await withMachine(server);
      await commit(
        store,
        ...['a', 'b', 'c'].map((account) => request(account, 'm', { account })),
        turn('m', 'm'),
      );
      const outcomes = await commit(
        store,
        ...['a', 'b', 'c'].flatMap((runId): Change[] => {
          const holder = { runId, fence: 1 };
          return [
            change(holder, 'Running', { startedAgo: 0 }),
            append(holder, `${runId} works`),
            change(holder, 'Succeeded'),
            append(holder, 'too late'),
          ];
        }),
      );
      expect(outcomes.map(({ done }) => done)).toEqual([1, 2, 3].flatMap(() => [true, true, true, false]));
      for (const runId of ['a', 'b', 'c']) {
        const seen = (await store.events(0, 1e6, runId)).map((event) =>
          event.kind === 'run' ? event.run.state : event.kind,
        );
        expect(seen).toEqual(['Queued', 'Starting', 'Running', 'log', 'Succeeded']);
      }
    });
  });

  describe(`${name}: machines`, () => {
    it('are known by unique names, whatever their case, and keep what was set when they register again', async () => {
      const store = await open();
      const machine = { id: 'm', name: 'PC', description: 'd', owner: 'me', unattendedSlots: 2 };
      await store.putMachine({ ...machine, keyHash: 'k' });
      await expect(store.putMachine({ ...machine, id: 'n', name: 'pc' })).rejects.toEqual(
        rejected('NameTaken'),
      );
      const settings = { ...defaultPlacement, reuseSessions: true };
      await store.setMachine('m', { settings, unattendedSlots: 5, name: 'Tower', description: 'e' });
      expect(await store.machines(leaseMs)).toEqual([
        {
          id: 'm',
          name: 'Tower',
          description: 'e',
          owner: 'me',
          settings,
          unattendedSlots: 5,
          online: false,
        },
      ]);
      await store.putMachine({ ...machine, name: 'PC 2' });
      expect(await store.machines(leaseMs)).toMatchObject([{ name: 'PC 2', settings, unattendedSlots: 5 }]);
      expect(await store.machineWithKey('k')).toBe('m');
      expect(await store.machineWithKey('other')).toBeUndefined();
      await store.putMachine({ ...machine, id: 'n', name: 'Other' });
      await expect(store.setMachine('n', { name: 'pc 2' })).rejects.toEqual(rejected('NameTaken'));
      await expect(store.setMachine('nowhere', {})).rejects.toEqual(rejected('MachineNotFound'));
      // A group may have the name of a machine.
      await store.putGroup(group('g', { name: 'PC 2' }));
      await expect(store.putGroup(group('h', { name: 'pc 2' }))).rejects.toEqual(rejected('NameTaken'));
    });

    it('are online as long as they are heard of, by the clock of the store', async () => {
      const store = await withMachine();
      const [online] = await store.machines(leaseMs);
      expect(online).toMatchObject({ online: true, facts: facts(), seenAt: expect.any(Number) });
      await place.later(leaseMs);
      expect(await store.machines(leaseMs)).toMatchObject([{ online: false }]);
      await expect(store.heartbeat('nowhere', 'b', facts(), [], leaseMs)).rejects.toEqual(
        rejected('MachineNotFound'),
      );
    });

    it('hear with each heartbeat what is theirs, and whether they were restarted', async () => {
      const store = await withMachine();
      const claim = await claimed(store);
      const beat = (boot: string) => store.heartbeat('m', boot, facts(), [holderOf(claim)], leaseMs);
      expect(claim.session).toEqual({ kind: 'create' });
      expect(await beat('first')).toEqual({ held: [holderOf(claim)], rebooted: false });
      expect((await beat('second')).rebooted).toBe(true);
      expect((await beat('second')).rebooted).toBe(false);
      await one(store, change(holderOf(claim), 'Succeeded'));
      expect((await beat('second')).held).toEqual([]);
    });

    it('have a whole lease from when they hear of a claim for the first time, and no other until they hold it', async () => {
      const store = await withMachine();
      const claim = await claimed(store);
      await place.later(leaseMs / 2);
      const beat = (...holding: Holder[]) => store.heartbeat('m', 'first', facts(), holding, leaseMs);
      const sweep = async () => (await store.sweep(() => error('MachineLost'))).events.length;
      expect((await beat()).held).toEqual([holderOf(claim)]);
      await place.later(leaseMs / 2 + 10);
      expect(await sweep()).toBe(0);
      await beat(holderOf(claim));
      await place.later(leaseMs / 2 + 10);
      expect((await beat()).held).toEqual([holderOf(claim)]);
      expect(await sweep()).toBe(0);
      await place.later(leaseMs / 2);
      expect(await sweep()).toBe(1);
      expect(await store.get('r')).toMatchObject({ state: 'Lost' });
    });

    it('lose their runs a lease after they were heard of last, and only those they do not hold', async () => {
      const store = await withMachine(server);
      await commit(
        store,
        ...['a', 'b', 'c'].map((account) => request(account, 'm', { account })),
        turn('m', 'm'),
      );
      await one(store, change({ runId: 'b', fence: 1 }, 'Running'));
      await store.heartbeat('m', 'first', server, [], leaseMs);
      await place.later(leaseMs / 2);
      const holding = [
        { runId: 'a', fence: 1 },
        { runId: 'c', fence: 7 },
      ];
      await store.heartbeat('m', 'first', server, holding, leaseMs);
      expect((await store.sweep(() => error('MachineLost'))).events).toEqual([]);
      await place.later(leaseMs / 2 + 10);
      const { events, queues } = await store.sweep((run) => error(`MachineLost ${run.state}`));
      const ends = events.map(
        (event) => event.kind === 'run' && [event.run.id, event.run.state, event.run.error?.code],
      );
      expect(ends).toEqual([
        ['b', 'Lost', 'MachineLost Running'],
        ['c', 'Lost', 'MachineLost Starting'],
      ]);
      expect(queues).toEqual(['m']);
      expect((await one(store, change({ runId: 'b', fence: 1 }, 'Succeeded'))).done).toBe(false);
      expect(await store.get('a')).toMatchObject({ state: 'Starting' });
    });

    it('never lose a run where there is no lease', async () => {
      const store = openFleetStore(await place.open(), Number.POSITIVE_INFINITY);
      opened.push(store);
      await store.putMachine({ id: 'm', name: 'PC', description: '', owner: 'me', unattendedSlots: 1 });
      await store.heartbeat('m', 'b', facts(), [], Number.POSITIVE_INFINITY);
      const claim = await claimed(store);
      await store.heartbeat('m', 'b', facts(), [holderOf(claim)], Number.POSITIVE_INFINITY);
      await place.later(leaseMs * 2);
      expect((await store.sweep(() => error('MachineLost'))).events).toEqual([]);
      expect(await store.machines(Number.POSITIVE_INFINITY)).toMatchObject([{ online: true }]);
    });

    it('go only when nothing of theirs waits or runs; their names are free then', async () => {
      const store = await withMachine();
      const claim = await claimed(store);
      await expect(store.removeMachine('m')).rejects.toEqual(rejected('QueueNotEmpty'));
      await one(store, change(holderOf(claim), 'Succeeded'));
      await one(store, request('waits', 'm'));
      await expect(store.removeMachine('m')).rejects.toEqual(rejected('QueueNotEmpty'));
      await one(store, { kind: 'cancel', runId: 'waits', error: error('RunStopped') });
      await store.removeMachine('m');
      await expect(store.removeMachine('m')).rejects.toEqual(rejected('MachineNotFound'));
      expect(await store.machines(leaseMs)).toEqual([]);
      expect(await store.queueState('m', leaseMs)).toBeUndefined();
      expect(await store.get('r')).toMatchObject({ state: 'Succeeded' });
      await store.putMachine({ id: 'n', name: 'PC m', description: '', owner: 'me', unattendedSlots: 1 });
      // It registers again.
      await store.putMachine({ id: 'm', name: 'PC again', description: '', owner: 'me', unattendedSlots: 1 });
      expect((await one(store, request('again', 'm'))).done).toBe(true);
    });
  });

  describe(`${name}: groups`, () => {
    it('give their settings to members, who keep them when they leave', async () => {
      const store = await withMachine();
      const settings = { ...defaultPlacement, reuseSessions: true, allocation: 'leastLoaded' } as const;
      await store.putGroup(group('g', { settings }));
      expect(await store.groups()).toEqual([group('g', { settings })]);
      await store.setMembership('m', 'g');
      expect(await store.machines(leaseMs)).toMatchObject([{ group: 'g', settings }]);
      await expect(store.setMachine('m', { settings: defaultPlacement })).rejects.toEqual(
        rejected('MachineInGroup'),
      );
      const later = { ...settings, maintenance: true };
      await store.putGroup(group('g', { settings: later }));
      await store.setMembership('m', undefined);
      const [machine] = await store.machines(leaseMs);
      expect(machine).toMatchObject({ settings: later });
      expect(machine).not.toHaveProperty('group');
      expect((await one(store, request('r', 'm'))).done).toBe(true);
    });

    it('make the connections to their members unusable, as removal does to its own', async () => {
      const store = await withMachine();
      await addMachine(store, 'n');
      await store.putGroup(group('g'));
      const connection = (id: string, queue: string) =>
        ({
          id,
          name: `C ${id}`,
          queue,
          account: 'ann',
          credential: { kind: 'none' },
          usable: true,
          owner: 'me',
        }) as const;
      for (const [id, queue] of [
        ['1', 'm'],
        ['2', 'n'],
        ['3', 'g'],
      ] as const)
        await store.putConnection(connection(id, queue), undefined);
      await store.setMembership('m', 'g');
      const usable = async () => (await store.connections()).map((each) => each.usable);
      expect(await usable()).toEqual([false, true, true]);
      await store.removeGroup('g');
      expect(await usable()).toEqual([false, true, false]);
      await store.removeMachine('n');
      expect(await usable()).toEqual([false, false, false]);
      await expect(store.removeGroup('g')).rejects.toEqual(rejected('XrmMachineGroupNotFound'));
      await expect(store.setMembership('m', 'g')).rejects.toEqual(rejected('XrmMachineGroupNotFound'));
      expect(await store.machines(leaseMs)).toMatchObject([{ id: 'm' }]);
      await store.putGroup(group('h', { name: 'Group g' }));
    });

    it('have at most 50 members, which are idle when they join', async () => {
      const store = await open();
      await store.putGroup(group('g'));
      for (let i = 0; i < 51; i++)
        await store.putMachine({
          id: `m${i}`,
          name: `${i}`,
          description: '',
          owner: 'me',
          unattendedSlots: 1,
        });
      await one(store, request('r', 'm0'));
      await expect(store.setMembership('m0', 'g')).rejects.toEqual(rejected('QueueNotEmpty'));
      for (let i = 1; i < 51; i++) await store.setMembership(`m${i}`, 'g');
      await one(store, { kind: 'cancel', runId: 'r', error: error('RunStopped') });
      await expect(store.setMembership('m0', 'g')).rejects.toEqual(rejected('GroupFull'));
      await store.setMembership('m1', 'g');
      await store.setMembership('m1', undefined);
      await store.setMembership('m0', 'g');
      await expect(store.setMembership('nowhere', 'g')).rejects.toEqual(rejected('MachineNotFound'));
      await expect(store.setMembership('m1', 'm0')).rejects.toEqual(rejected('XrmMachineGroupNotFound'));
    });

    it('share one queue; a member that leaves takes its active run along', async () => {
      const store = await open();
      await store.putGroup(group('g'));
      for (const id of ['m1', 'm2']) {
        await addMachine(store, id);
        await store.setMembership(id, 'g');
      }
      await commit(store, ...['a', 'b', 'c'].map((account) => request(account, 'g', { account })));
      expect((await claims(store, 'g', 'm1')).map(({ run }) => run.machine)).toEqual(['m1']);
      await expect(store.removeGroup('g')).rejects.toEqual(rejected('QueueNotEmpty'));
      await store.setMembership('m1', undefined);
      await one(store, request('own', 'm1'));
      expect(await claims(store, 'm1', 'm1')).toEqual([]);
      expect(await claims(store, 'g', 'm1')).toEqual([]);
      expect((await claims(store, 'g', 'm2')).map(({ run }) => run.id)).toEqual(['b']);
      await expect(store.removeMachine('m1')).rejects.toEqual(rejected('QueueNotEmpty'));
    });
  });

  describe(`${name}: connections`, () => {
    it('are kept with what was sealed for them, under unique names', async () => {
      const store = await withMachine();
      const connection = {
        id: 'c',
        name: 'Robot',
        queue: 'm',
        account: '.\\robot',
        credential: { kind: 'sealed' },
        usable: true,
        owner: 'me',
      } as const;
      await store.putConnection(connection, new Uint8Array([0, 1, 255]));
      expect(await store.connections()).toEqual([{ ...connection, sealed: new Uint8Array([0, 1, 255]) }]);
      await expect(store.putConnection({ ...connection, id: 'd', name: 'ROBOT' }, undefined)).rejects.toEqual(
        rejected('NameTaken'),
      );
      const reference = { ...connection, credential: { kind: 'reference', reference: 'env:X' } } as const;
      await store.putConnection(reference, undefined);
      expect(await store.connections()).toEqual([reference]);
      await store.removeConnection('c');
      expect(await store.connections()).toEqual([]);
    });
  });

  describe(`${name}: events`, () => {
    it('have no gaps and show each record as it was at that moment, on pages of any size', async () => {
      const store = await withMachine();
      const sent: RunEvent[] = [];
      const keep = async (...changes: Change[]) => {
        for (const { events } of await commit(store, ...changes)) sent.push(...events);
      };
      await keep(request('r', 'm'), turn('m', 'm'));
      const holder = { runId: 'r', fence: 1 };
      await keep({
        ...(change(holder, 'Running', { startedAgo: 0 }) as Extract<Change, { kind: 'change' }>),
        before: [{ kind: 'log', level: 'info', message: 'ü\u0000\ud800' }],
      });
      const position = { subflow: 'Main', line: 3, action: 'SET' };
      await keep({
        kind: 'append',
        holder,
        bodies: [{ kind: 'lines', lines: [] }],
        position,
        announce: true,
      });
      await keep(append(holder, 'more'), request('s', 'm', { account: 'ben' }));
      await keep(change(holder, 'Succeeded', { outputs: { A: 1 } }));
      sent.sort((a, b) => a.seq - b.seq);
      expect(sent.map(({ seq }) => seq)).toEqual(sent.map((_, index) => index + 1));
      expect(await store.events(0, 1e6)).toEqual(sent);
      expect(await store.events(0, 1e6, 'r')).toEqual(sent.filter(({ runId }) => runId === 'r'));
      expect(await store.events(4, 1e6)).toEqual(sent.slice(4));
      const paged: RunEvent[] = [];
      for (;;) {
        const page = await store.events(paged.at(-1)?.seq ?? 0, 1);
        if (page.length === 0) break;
        paged.push(...page);
      }
      expect(paged).toEqual(sent);
      expect(await store.marks()).toEqual({ lastSeq: sent.length, prunedSeq: 0 });
    });

    it('come in the order of the commits, without gaps at any moment, from two stores at once', async () => {
      const first = await open();
      const second = openFleetStore(await place.again(database), leaseMs);
      opened.push(second);
      await first.putGroup(group('g'));
      const machines = ['m1', 'm2', 'm3', 'm4'];
      for (const id of machines) {
        await first.putMachine({ id, name: id, description: '', owner: 'me', unattendedSlots: 1 });
        await first.heartbeat(id, 'b', facts(), [], 60_000);
        await first.setMembership(id, 'g');
      }
      const total = 120;
      const started: string[] = [];
      let ended = 0;
      const requesting = [first, second].map(async (store, which) => {
        for (let i = which; i < total; i += 2)
          // Both ask for the same run now and then.
          await commit(
            store,
            request(`r${i}`, 'g', { account: `u${i % 7}` }),
            request(`r${i - (i % 10)}`, 'g'),
          );
      });
      const working = [first, second].map(async (store, which) => {
        const own = machines.filter((_, index) => index % 2 === which);
        while (ended < total) {
          const taken = (await commit(store, turn('g', ...own)))[0]?.claims ?? [];
          started.push(...taken.map(({ run }) => run.id));
          for (const claim of taken) {
            await commit(store, change(holderOf(claim), 'Running', { startedAgo: 0 }));
            if ((await commit(store, change(holderOf(claim), 'Succeeded')))[0]?.done) ended++;
          }
          if (taken.length === 0) {
            for (const id of own) await store.heartbeat(id, 'b', facts(), [], 60_000);
            await new Promise((resolve) => setImmediate(resolve));
          }
        }
      });
      const seen: RunEvent[] = [];
      const reading = (async () => {
        for (;;) {
          const over = ended === total;
          const page = await second.events(seen.at(-1)?.seq ?? 0, 5_000);
          seen.push(...page);
          if (over && page.length === 0) return;
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      await Promise.all([...requesting, ...working, reading]);
      expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index + 1));
      expect(new Set(started).size).toBe(started.length);
      expect(started).toHaveLength(total);
      const states = new Map<string, string[]>();
      for (const event of seen)
        if (event.kind === 'run')
          states.set(event.runId, [...(states.get(event.runId) ?? []), event.run.state]);
      expect(states.size).toBe(total);
      for (const [id, path] of states)
        expect(path, id).toEqual(['Queued', 'Starting', 'Running', 'Succeeded']);
      expect(await first.counts('g')).toEqual({ queued: 0, running: 0 });
      expect(await first.queueState('g', leaseMs)).toMatchObject({ queued: [] });
    });
  });

  describe(`${name}: upkeep`, () => {
    async function finish(store: FleetStore, id: string, more: RequestChanges = {}): Promise<void> {
      await one(store, request(id, 'm', more));
      const [claim] = await claims(store);
      await one(store, change(holderOf(claim as Claim), 'Succeeded'));
    }

    it('deletes the oldest finished runs with their events, and texts that no run has any more', async () => {
      const store = await withMachine();
      const shared = [{ path: 'Child.robin', text: 'SET Y TO 1' }];
      for (let i = 0; i < 4; i++)
        await finish(store, `r${i}`, {
          entry: { companions: shared, flowText: `SET X TO ${i}` },
          run: { flow: { name: 'F', path: '', hash: `h${i}` } },
        });
      await one(store, request('waits', 'm', { entry: { companions: shared } }));
      const always = 1e15;
      expect(await store.prune(10, always)).toBe(0);
      expect(await store.prune(2, always)).toBe(2);
      expect((await store.list(10)).map(({ id }) => id).sort()).toEqual(['r2', 'r3', 'waits']);
      const { lastSeq, prunedSeq } = await store.marks();
      expect([lastSeq, prunedSeq]).toEqual([13, 6]);
      expect((await store.events(prunedSeq, 1e6)).map(({ seq }) => seq)).toEqual([7, 8, 9, 10, 11, 12, 13]);
      expect(await store.events(0, 1e6, 'r0')).toEqual([]);
      const texts = await database.read((sql) => sql.all('SELECT text FROM flow ORDER BY text'));
      expect(texts.map(({ text }) => text)).toEqual(['SET X TO 1', 'SET X TO 2', 'SET X TO 3', 'SET Y TO 1']);
      // By age.
      expect(await store.prune(10, 60_000)).toBe(0);
      await place.later(20);
      expect(await store.prune(10, 10)).toBe(2);
      expect(await order(store)).toEqual(['waits']);
      expect((await store.entry('waits'))?.companions).toEqual(shared);
    });

    it('deletes as many as there are, however many', async () => {
      const store = await withMachine();
      await commit(store, ...Array.from({ length: 1_100 }, (_, i) => request(`r${i}`, 'm')));
      await commit(
        store,
        ...Array.from(
          { length: 1_100 },
          (_, i): Change => ({
            kind: 'cancel',
            runId: `r${i}`,
            error: error('RunStopped'),
          }),
        ),
      );
      expect(await store.prune(50, 1e15)).toBe(1_050);
      expect(await store.list(2_000)).toHaveLength(50);
    });

    it('knows how long the last successful runs of a flow took', async () => {
      const store = await withMachine();
      const named = (name: string) => ({ run: { flow: { name, path: '', hash: 'h' } } });
      const played = async (id: string, took: number, state: 'Succeeded' | 'Failed') => {
        await store.heartbeat('m', 'first', facts(), [], leaseMs);
        await one(store, request(id, 'm', named('F')));
        const [claim] = await claims(store);
        const holder = holderOf(claim as Claim);
        await one(store, change(holder, 'Running', { startedAgo: 0 }));
        await place.later(took);
        await one(store, change(holder, state));
      };
      // Ten count; the first one and what failed do not.
      for (const [i, took] of [800, 5, 5, 5, 5, 5, 5, 5, 5, 5, 800].entries())
        await played(`r${i}`, took, 'Succeeded');
      await played('failed', 800, 'Failed');
      const found = await store.durations(['F', 'F', 'never']);
      expect([...found.keys()]).toEqual(['F']);
      expect(found.get('F')).toBeGreaterThanOrEqual(5);
      expect(found.get('F')).toBeLessThan(800);
    });

    it('counts what waits and runs, in all queues and in one', async () => {
      const store = await withMachine();
      await addMachine(store, 'n');
      await claimed(store);
      await commit(store, request('a', 'm'), request('b', 'n'));
      expect(await store.counts()).toEqual({ queued: 2, running: 1 });
      expect(await store.counts('m')).toEqual({ queued: 1, running: 1 });
      expect(await store.counts('n')).toEqual({ queued: 1, running: 0 });
      expect((await store.list(10, 'n')).map(({ id }) => id)).toEqual(['b']);
      expect((await store.list(2)).every(({ state }) => !isTerminal(state))).toBe(true);
    });
  });
}
