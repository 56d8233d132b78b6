// One projection per server: what it makes of lost links, slow answers, numbers that begin anew, clocks that differ and floods.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Log } from '../../src/base/log.ts';
import { FleetStore } from '../../src/extension/fleet/fleetStore.ts';
import { RemoteServer } from '../../src/extension/fleet/remoteServer.ts';
import { SortedList } from '../../src/extension/fleet/sortedList.ts';
import { RunStore } from '../../src/extension/runs.ts';
import { isTerminal, type Run, type RunState } from '../../src/protocol/run.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeServer, groupOf, machineOf } from './fakeServer.ts';

function scene(token = 'good') {
  const clock = new FakeClock();
  const fake = new FakeServer(clock);
  fake.machines = [machineOf('srv-1'), machineOf('srv-2', { group: 'floor' })];
  fake.groups = [groupOf('floor', ['SRV-2'])];
  const runs = new RunStore();
  const store = new FleetStore(runs.source('s-1'));
  const server = new RemoteServer(
    { id: 's-1', label: 'flows.example', address: 'wss://flows.example:7420' },
    () => fake.dial(token),
    store,
    clock,
    new Log('test', () => clock.now()),
    () => 0.5,
  );
  return { clock, fake, runs, store, server };
}

const byId = (runs: readonly Run[]) => [...runs].sort((a, b) => (a.id < b.id ? -1 : 1));
const known = (runs: RunStore) => byId([...runs.running(), ...runs.queued(), ...runs.finished()]);

type Step =
  | { readonly kind: 'change'; readonly id: string; readonly state: RunState; readonly queue: string }
  | { readonly kind: 'machine'; readonly online: boolean }
  | {
      readonly kind:
        | 'drop'
        | 'down'
        | 'up'
        | 'forget'
        | 'renumber'
        | 'revoke'
        | 'grant'
        | 'slow'
        | 'fast'
        | 'refresh';
    }
  | { readonly kind: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      state: fc.constantFrom<RunState>('Queued', 'Starting', 'Running', 'Paused', 'Failed', 'Succeeded'),
      queue: fc.constantFrom('srv-1', 'floor'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('machine' as const), online: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        ...([
          'drop',
          'down',
          'up',
          'forget',
          'renumber',
          'revoke',
          'grant',
          'slow',
          'fast',
          'refresh',
        ] as const),
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 9_000 }) }),
  },
);

function take(fake: FakeServer, server: RemoteServer, what: Step): void {
  switch (what.kind) {
    case 'change': {
      // Queues of runs never change, and an end is final.
      const before = fake.runs.get(what.id);
      if (before && isTerminal(before.state)) return;
      fake.put(what.id, {
        state: what.state,
        queue: before?.queue ?? what.queue,
        ...(isTerminal(what.state) && { endedAt: fake.now }),
      });
      return;
    }
    case 'machine':
      fake.machines = fake.machines.map((machine) => ({ ...machine, online: what.online }));
      return;
    case 'drop':
      fake.drop();
      return;
    case 'down':
      fake.up = false;
      fake.drop(1001, 'stopping');
      return;
    case 'up':
      fake.up = true;
      return;
    case 'forget':
      fake.forget();
      return;
    case 'renumber':
      fake.renumber();
      return;
    case 'revoke':
      fake.token = 'other';
      fake.drop(4001, 'token removed');
      return;
    case 'grant':
      fake.token = 'good';
      return;
    case 'slow':
      fake.latencyMs = 5_000;
      return;
    case 'fast':
      fake.latencyMs = 0;
      return;
    case 'refresh':
      void server.refresh();
  }
}

describe('the projection of a server', () => {
  it('ends equal to the server, whatever is lost on the way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.constantFrom(undefined, 'ann'),
        async (steps, sees) => {
          const { clock, fake, runs, store, server } = scene();
          fake.sees = sees;
          fake.put('others', { requestedBy: 'bob' });
          server.retry();
          for (const what of steps) {
            if (what.kind === 'wait') await clock.advance(what.ms);
            else take(fake, server, what);
          }
          fake.up = true;
          fake.token = 'good';
          await clock.advance(120_000);
          // As it does while a view is open.
          for (let i = 0; i < 3; i++) {
            void server.refresh();
            await clock.advance(30_000);
          }
          expect(server.state.kind).toBe('connected');
          expect(known(runs)).toEqual(byId(fake.visible()));
          expect(store.lists.machines.map(({ online }) => online)).toEqual(
            fake.machines.map(({ online }) => online),
          );
          server.dispose();
          expect([known(runs), clock.pending]).toEqual([[], 0]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is right again within five seconds of a lost link, without asking for what it knows', async () => {
    const { clock, fake, runs, server } = scene();
    fake.put('a', { state: 'Running' });
    server.retry();
    await clock.advance(0);
    fake.up = false;
    fake.drop();
    expect(server.state).toMatchObject({ kind: 'reconnecting', attempt: 1 });
    await clock.advance(20_000);
    fake.put('a', { state: 'Succeeded' });
    fake.up = true;
    fake.calls.length = 0;
    await clock.advance(5_000);
    expect([server.state.kind, runs.get('a')?.state]).toEqual(['connected', 'Succeeded']);
    expect(fake.called('runs.list')).toEqual([]);
  });

  it('says why it is refused, and takes a new token at once', async () => {
    const { clock, fake, server } = scene('old');
    server.retry();
    await clock.advance(0);
    expect(server.state).toMatchObject({ kind: 'failed', code: 'OrchestratorRefused' });
    await expect(server.call('machines.list', {})).rejects.toMatchObject({
      code: 'ServerNotConnected',
      nextStep: 'Make a new token.',
    });
    fake.token = 'old';
    server.retry();
    await clock.advance(0);
    expect(server.state.kind).toBe('connected');
  });

  it('reads lists one at a time, however slow the answers are', async () => {
    const { clock, fake, server } = scene();
    server.retry();
    await clock.advance(0);
    fake.latencyMs = 5_000;
    fake.calls.length = 0;
    for (let i = 0; i < 20; i++) {
      void server.refresh();
      await clock.advance(100);
    }
    expect(fake.called('machines.list')).toHaveLength(1);
    await clock.advance(20_000);
    expect(fake.called('machines.list')).toHaveLength(2);
  });

  it.each([
    ['an hour ahead', 3_600_000],
    ['an hour behind', -3_600_000],
  ])('counts with the time of a server whose clock is %s', async (_, ahead) => {
    const { clock, fake, store, server } = scene();
    fake.aheadMs = ahead;
    server.retry();
    await clock.advance(0);
    expect(Math.abs(store.serverTime(clock.now()) - fake.now)).toBeLessThan(5_000);
    fake.put('a');
    expect(store.serverTime(clock.now())).toBe(fake.now);
  });

  it('takes small differences of clocks for none', async () => {
    const { clock, fake, store, server } = scene();
    fake.aheadMs = 9_000;
    server.retry();
    await clock.advance(0);
    expect(store.serverTime(clock.now())).toBe(clock.now());
  });

  it('tells only of the machine that differs, and of nothing when nothing does', async () => {
    const { clock, fake, store, server } = scene();
    server.retry();
    await clock.advance(0);
    const news: unknown[] = [];
    store.onDidChange((change) => news.push(change));
    await server.refresh();
    fake.machines = fake.machines.map((machine) => ({ ...machine, online: machine.id !== 'srv-2' }));
    await server.refresh();
    fake.machines = [...fake.machines, machineOf('srv-3')];
    await server.refresh();
    expect(news).toEqual([{ kind: 'items', ids: ['srv-2'] }, { kind: 'structure' }]);
  });

  it('keeps memory flat over a flood of 100,000 events, and reads older runs when asked to', async () => {
    const { clock, fake, runs, store, server } = scene();
    server.retry();
    await clock.advance(0);
    for (let i = 0; i < 50_000; i++) {
      const id = `r${i}`;
      const run = fake.put(id, { requestedAt: i });
      fake.put(id, { ...run, state: 'Succeeded', endedAt: i });
      fake.forget();
      if (i > 1_200) fake.runs.delete(`r${i - 1_200}`);
    }
    expect([store.runs.lastSeq, store.runs.size, runs.finished().length]).toEqual([100_000, 500, 500]);
    expect(runs.finished()[0]?.id).toBe('r49999');
    expect(await server.older()).toBe(1_000);
    expect(runs.finished().at(-1)?.id).toBe('r49000');
  }, 60_000);
});

it('a list that is changed one by one is in the order in which sorting would put it', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 30 }))), (steps) => {
      const list = new SortedList<number>((a, b) => a - b);
      const plain = new Set<number>();
      for (const [adds, item] of steps) {
        if (adds && !plain.has(item)) {
          plain.add(item);
          list.add(item);
        } else if (!adds) {
          plain.delete(item);
          list.remove(item);
        }
        expect(list.indexOf(item) >= 0).toBe(plain.has(item));
      }
      expect(list.items).toEqual([...plain].sort((a, b) => a - b));
    }),
  );
});
