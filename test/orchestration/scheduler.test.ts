// Schedules over a real store and a real queue, on a clock that the test moves and sets.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { ProductError } from '../../src/base/error.ts';
import { Log } from '../../src/base/log.ts';
import { Orchestrator, type RunRequest } from '../../src/orchestration/orchestrator.ts';
import { Scheduler, type ScheduleStore } from '../../src/orchestration/scheduler.ts';
import { defaultSettings } from '../../src/orchestration/settings.ts';
import type { Database } from '../../src/orchestration/store/database.ts';
import { openFleetStore } from '../../src/orchestration/store/fleetStore.ts';
import { openScheduleStore, runIdOf } from '../../src/orchestration/store/schedules.ts';
import { sqliteMigrations } from '../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../src/orchestration/store/sqlite.ts';
import type { FleetStore } from '../../src/orchestration/store.ts';
import type { FiringRecord } from '../../src/protocol/schedules.ts';
import { FakeClock, settle } from '../fakes/clock.ts';
import { addQueue, every, queueId, request, schedule } from './schedulesOf.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const start = Date.UTC(2026, 2, 2, 10);

/** Time that only moves when the test says so, on a wall clock that can be set. */
class SetClock implements Clock {
  readonly fake = new FakeClock({ start });
  ahead = 0;
  now = () => this.fake.now() + this.ahead;
  monotonic = () => this.fake.monotonic();
  after = (ms: number, action: () => void) => this.fake.after(ms, action);
}

let clock: SetClock;
let db: Database;
let fleet: FleetStore;
let schedules: ScheduleStore;
let orchestrator: Orchestrator;
let log: Log;
/** What the next requests are refused with. */
let refusal: ProductError | undefined;
/** How many were made. */
let requests: number;

beforeEach(async () => {
  clock = new SetClock();
  log = new Log('test', () => clock.now());
  refusal = undefined;
  requests = 0;
  db = openSqliteDatabase(':memory:', sqliteMigrations, clock);
  fleet = openFleetStore(db, 60_000);
  schedules = openScheduleStore(db);
  orchestrator = await Orchestrator.open({
    store: fleet,
    clock,
    chance: () => 0,
    settings: defaultSettings,
    log,
  });
  await addQueue(fleet);
  return async () => {
    await orchestrator.close();
    await fleet.close();
  };
});

const enqueue = async (asked: RunRequest): Promise<void> => {
  requests++;
  if (refusal !== undefined) throw refusal;
  await orchestrator.enqueue(asked);
};

function startScheduler(how: (asked: RunRequest) => Promise<unknown> = enqueue): Scheduler {
  return Scheduler.start({
    store: schedules,
    clock,
    log,
    enqueue: how,
    reseal: (_schedule, _run, sealed) => sealed.map((byte) => byte + 1),
    sweepMs: 5_000,
  });
}

async function advance(ms: number): Promise<void> {
  await clock.fake.advance(ms);
  for (let i = 0; i < 20; i++) await settle();
}

/** Each firing in the order of its time: `10:05 run`, `10:10 QueueFull: …`. */
async function firings(id: string): Promise<string[]> {
  const found = await schedules.firings(id, 1_000);
  return found
    .map((firing) => `${new Date(firing.dueAt).toISOString().slice(11, 16)} ${became(id, firing)}`)
    .reverse();
}

function became(id: string, { dueAt, run, note }: FiringRecord): string {
  if (run === undefined) return note ?? 'open';
  expect([run, note]).toEqual([runIdOf(id, dueAt), undefined]);
  return 'run';
}

const runs = async () => (await fleet.list(1_000)).length;

describe('a schedule', () => {
  it('is kept, found by name or identifier, listed, changed and removed', async () => {
    const spec = every(3_600, start + hourMs);
    const made = await schedules.add(schedule('a', spec, { name: 'Nightly' }));
    expect(made).toEqual({
      id: 'a',
      name: 'Nightly',
      flow: 'Invoices',
      queue: queueId,
      spec,
      enabled: true,
      nextAt: start + hourMs,
      owner: 'ann',
    });
    await schedules.add(schedule('b', spec, { name: 'daily', enabled: false }));
    expect((await schedules.list()).map(({ name, nextAt }) => [name, nextAt])).toEqual([
      ['daily', undefined],
      ['Nightly', start + hourMs],
    ]);
    expect(await schedules.get('NIGHTLY')).toEqual(made);
    const changed = await schedules.change('Nightly', {
      name: 'a better name',
      request: { ...request('elsewhere'), flowText: 'SET B TO 2' },
    });
    expect(changed).toEqual({ ...made, name: 'a better name', queue: 'elsewhere' });
    await schedules.remove('a better name');
    await expect(schedules.get('a')).rejects.toMatchObject({ code: 'ScheduleNotFound' });
  });

  it('has a name of its own', async () => {
    await schedules.add(schedule('a', every(60, start), { name: 'Nightly' }));
    await schedules.add(schedule('b', every(60, start)));
    const taken = { code: 'NameTaken' };
    await expect(schedules.add(schedule('c', every(60, start), { name: 'nightly' }))).rejects.toMatchObject(
      taken,
    );
    await expect(schedules.change('b', { name: 'NIGHTLY' })).rejects.toMatchObject(taken);
    await schedules.change('a', { name: 'NIGHTLY' });
  });

  it('that does not exist, or makes no sense, is refused and changes nothing', async () => {
    const missing = { code: 'ScheduleNotFound', message: 'There is no schedule “x”.' };
    await expect(schedules.change('x', { enabled: false })).rejects.toMatchObject(missing);
    await expect(schedules.remove('x')).rejects.toMatchObject(missing);
    await expect(schedules.firings('x', 10)).rejects.toMatchObject(missing);
    const wrong = { code: 'ScheduleInvalid' };
    await expect(schedules.add(schedule('a', every(0, start)))).rejects.toMatchObject(wrong);
    const past = every(60, start, { until: start });
    await expect(schedules.add(schedule('a', past))).rejects.toMatchObject(wrong);
    expect(await schedules.list()).toEqual([]);
    const made = await schedules.add(schedule('a', every(60, start)));
    await expect(schedules.change('a', { spec: past })).rejects.toMatchObject(wrong);
    expect(await schedules.get('a')).toEqual(made);
  });
});

describe('the scheduler', () => {
  it('starts a run at each time, with what the schedule keeps', async () => {
    await schedules.add(schedule('a', every(300, start)));
    const scheduler = startScheduler();
    await advance(11 * minuteMs);
    expect(await firings('a')).toEqual(['10:05 run', '10:10 run']);
    const entry = await fleet.entry(runIdOf('a', start + 5 * minuteMs));
    expect(entry).toMatchObject({
      run: {
        queue: queueId,
        state: 'Queued',
        requestedBy: 'ann',
        requestedAt: start + 5 * minuteMs,
        inputs: { Month: 'May' },
      },
      account: 'bot',
      flowText: 'SET A TO 1',
      companions: [{ path: 'ui.json', text: '{}' }],
    });
    expect([...(entry?.sealedInputs ?? [])]).toEqual([2, 3, 4]);
    expect((await schedules.get('a')).nextAt).toBe(start + 15 * minuteMs);
    await scheduler.close();
    await advance(hourMs);
    expect(await runs()).toBe(2);
  });

  it('starts at the very millisecond, also what was added a moment before', async () => {
    const at: number[] = [];
    const scheduler = startScheduler(async () => at.push(clock.now()));
    await advance(1_234);
    await schedules.add(schedule('a', { ...every(1, 0), times: { kind: 'once', at: start + 2_345 } }));
    scheduler.wake();
    await advance(2_000);
    expect(at).toEqual([start + 2_345]);
    expect((await schedules.get('a')).nextAt).toBeUndefined();
    await scheduler.close();
  });

  it('fires many schedules that are due at once', async () => {
    for (let i = 0; i < 75; i++) await schedules.add(schedule(`s${i}`, every(300, start)));
    const scheduler = startScheduler();
    await advance(5 * minuteMs + 1_000);
    expect(await runs()).toBe(75);
    await scheduler.close();
  });

  it.each([
    ['skip', ['13:00 Missed, with all times since 2026-03-02T11:00:00Z: nothing is started for it.']],
    [
      'one',
      [
        '12:00 Missed, with all times since 2026-03-02T11:00:00Z: one run stands for all that was missed.',
        '13:00 run',
      ],
    ],
    ['all', ['11:00 run', '12:00 run', '13:00 run']],
  ] as const)('after a time without it: %s', async (missed, expected) => {
    await schedules.add(schedule('a', every(3_600, start, { missed })));
    await advance(3.5 * hourMs);
    const scheduler = startScheduler();
    await advance(0);
    expect(await firings('a')).toEqual(expected);
    await advance(30 * minuteMs);
    expect((await firings('a')).at(-1)).toBe('14:00 run');
    await scheduler.close();
  });

  it('starts a hundred missed runs at most', async () => {
    await schedules.add(schedule('a', every(60, start, { missed: 'all' })));
    await advance(10 * hourMs);
    const scheduler = startScheduler();
    await advance(0);
    const found = await firings('a');
    expect(found).toHaveLength(101);
    expect(found[0]).toBe(
      '18:20 Missed, with all times since 2026-03-02T10:01:00Z: only the last 100 missed times are started.',
    );
    expect(await runs()).toBe(100);
    await scheduler.close();
  });

  it('fires a changed schedule by its new times only', async () => {
    await schedules.add(schedule('a', every(300, start, { missed: 'all' })));
    await advance(12 * minuteMs);
    await schedules.change('a', { spec: every(600, start, { missed: 'all' }) });
    const scheduler = startScheduler();
    await advance(10 * minuteMs);
    expect(await firings('a')).toEqual(['10:20 run']);
    await scheduler.close();
  });

  it('loses no due time when something else of the schedule is changed', async () => {
    await schedules.add(schedule('a', every(300, start, { missed: 'one' })));
    await advance(6 * minuteMs);
    await schedules.change('a', { name: 'renamed' });
    const scheduler = startScheduler();
    await advance(0);
    expect(await firings('a')).toEqual(['10:05 run']);
    await scheduler.close();
  });

  it('fires nothing of a schedule that is disabled while it is due, nor what was due then once it is enabled', async () => {
    await schedules.add(schedule('a', every(300, start, { missed: 'all' })));
    await advance(6 * minuteMs);
    await schedules.change('a', { enabled: false });
    const scheduler = startScheduler();
    await advance(6 * minuteMs);
    await schedules.change('a', { enabled: true });
    scheduler.wake();
    await advance(4 * minuteMs);
    expect(await firings('a')).toEqual(['10:15 run']);
    await scheduler.close();
  });

  it('notes why a run was refused, and goes on', async () => {
    await schedules.add(schedule('a', every(300, start)));
    await schedules.add(schedule('b', every(300, start), { request: request('gone') }));
    const scheduler = startScheduler();
    refusal = new ProductError('QueueFull', 'The queue has 500 runs.\0', 'Wait.');
    await advance(6 * minuteMs);
    refusal = undefined;
    await advance(5 * minuteMs);
    expect(await firings('a')).toEqual(['10:05 QueueFull: The queue has 500 runs.', '10:10 run']);
    expect((await firings('b'))[1]).toMatch(/^10:10 MachineNotFound: The machine or machine group/);
    await scheduler.close();
  });

  it('does not start what a failing key cannot seal for it, and says so', async () => {
    await schedules.add(schedule('a', every(300, start)));
    const scheduler = Scheduler.start({
      store: schedules,
      clock,
      log,
      enqueue,
      reseal: () => {
        throw new ProductError(
          'InputsUnreadable',
          'The sealed inputs cannot be opened.',
          'Make the schedule again.',
        );
      },
      sweepMs: 5_000,
    });
    await advance(6 * minuteMs);
    expect(await firings('a')).toEqual(['10:05 InputsUnreadable: The sealed inputs cannot be opened.']);
    await scheduler.close();
  });

  it('tries again what failed for a moment', async () => {
    await schedules.add(schedule('a', every(300, start)));
    const scheduler = startScheduler();
    refusal = new ProductError('DatabaseUnreachable', 'The database does not answer.', 'Wait.');
    await advance(5 * minuteMs + 20_000);
    expect(await firings('a')).toEqual(['10:05 open']);
    refusal = undefined;
    await advance(10_000);
    expect(await firings('a')).toEqual(['10:05 run']);
    await scheduler.close();
  });

  it('goes on after a failure of the store', async () => {
    await schedules.add(schedule('a', every(300, start)));
    const fire = schedules.fire.bind(schedules);
    let failures = 3;
    schedules.fire = () => (failures-- > 0 ? Promise.reject(new Error('disk')) : fire());
    const scheduler = startScheduler();
    await advance(6 * minuteMs);
    expect(await firings('a')).toEqual(['10:05 run']);
    expect(log.recent().filter(({ message }) => message.startsWith('schedules could not')).length).toBe(3);
    await scheduler.close();
  });
});

describe('a crash', () => {
  /** An orchestrator that dies when it queues a run: before it, or after. */
  function dying(when: 'before' | 'after'): (asked: RunRequest) => Promise<unknown> {
    return async (asked) => {
      if (when === 'after') await enqueue(asked);
      await new Promise(() => {});
    };
  }

  it.each(['before', 'after'] as const)(
    '%s the run is queued: exactly one run, by the next orchestrator',
    async (when) => {
      await schedules.add(schedule('a', every(300, start)));
      startScheduler(dying(when));
      await advance(5 * minuteMs);
      expect(await firings('a')).toEqual(['10:05 open']);
      const second = startScheduler();
      // Nobody takes it from one who is only slow.
      await advance(9_000);
      expect(await firings('a')).toEqual(['10:05 open']);
      await advance(6_000);
      expect(await firings('a')).toEqual(['10:05 run']);
      expect(await runs()).toBe(1);
      await second.close();
    },
  );

  it('with hundreds of runs to be queued: the next orchestrator queues all of them', async () => {
    await schedules.add(schedule('a', every(60, start, { missed: 'all' })));
    await schedules.add(schedule('b', every(60, start, { missed: 'all' })));
    await schedules.add(schedule('c', every(60, start, { missed: 'all' })));
    await advance(10 * hourMs);
    startScheduler(dying('before'));
    await advance(0);
    const second = startScheduler();
    await advance(15_000);
    expect(await runs()).toBe(300);
    await second.close();
  });

  it('before the run is queued, with nobody there for long: the rule for missed times holds', async () => {
    await schedules.add(schedule('a', every(3_600, start)));
    await schedules.add(schedule('b', every(3_600, start, { missed: 'one' })));
    await schedules.add(schedule('c', every(3_600, start, { missed: 'one' })));
    startScheduler(dying('before'));
    await advance(hourMs);
    // The dead one fires no more.
    await schedules.change('c', { enabled: false });
    clock.ahead += 30 * minuteMs;
    const second = startScheduler();
    await advance(20_000);
    expect(await firings('a')).toEqual(['11:00 Missed: nothing is started for it.']);
    expect(await firings('b')).toEqual(['11:00 run']);
    expect(await firings('c')).toEqual(['11:00 The schedule was disabled before the run was queued.']);
    await second.close();
  });

  it('more than a day ago: nothing is started that may have run before', async () => {
    await schedules.add(
      schedule('a', { ...every(1, 0, { missed: 'all' }), times: { kind: 'once', at: start + hourMs } }),
    );
    startScheduler(dying('after'));
    await advance(hourMs);
    // Its record was deleted by age.
    await db.transaction((sql) => sql.run('DELETE FROM run'));
    clock.ahead += 25 * hourMs;
    const second = startScheduler();
    await advance(20_000);
    expect(await firings('a')).toEqual([expect.stringContaining('whether it ran is not known')]);
    expect(await runs()).toBe(0);
    await second.close();
  });

  it('of one who was only slow: two tried, one run', async () => {
    await schedules.add(schedule('a', every(300, start)));
    let release: () => void = () => {};
    const slow = startScheduler(async (asked) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      await enqueue(asked);
    });
    await advance(5 * minuteMs);
    const second = startScheduler();
    await advance(20_000);
    expect(await firings('a')).toEqual(['10:05 run']);
    release();
    await advance(0);
    expect(await firings('a')).toEqual(['10:05 run']);
    expect(await runs()).toBe(1);
    await slow.close();
    await second.close();
  });
});

describe('the clock of the store', () => {
  it('set back: no time is fired again, and the times that come are not lost', async () => {
    await schedules.add(schedule('a', every(3_600, start)));
    const scheduler = startScheduler();
    await advance(2.5 * hourMs);
    expect(await firings('a')).toEqual(['11:00 run', '12:00 run']);
    // 12:30 → 10:30.
    clock.ahead -= 2 * hourMs;
    await advance(2 * hourMs);
    expect(await firings('a')).toEqual(['11:00 run', '12:00 run']);
    await advance(hourMs);
    expect(await firings('a')).toEqual(['11:00 run', '12:00 run', '13:00 run']);
    expect([await runs(), requests]).toEqual([3, 3]);
    await scheduler.close();
  });

  it('that was a year ahead and is set right: the schedule goes on at once', async () => {
    clock.ahead = 365 * 24 * hourMs;
    await schedules.add(schedule('a', every(3_600, start)));
    const scheduler = startScheduler();
    await advance(1.5 * hourMs);
    clock.ahead = 0;
    await advance(hourMs);
    expect((await schedules.firings('a', 10)).map(({ dueAt }) => dueAt - start)).toEqual([
      (365 * 24 + 1) * hourMs,
      2 * hourMs,
    ]);
    await scheduler.close();
    // Also when nobody watched it being set right.
    clock.ahead = 365 * 24 * hourMs;
    await schedules.change('a', { spec: every(1_800, start) });
    clock.ahead = 0;
    const second = startScheduler();
    await advance(30 * minuteMs);
    expect((await firings('a'))[1]).toBe('13:00 run');
    await second.close();
  });

  it('set forward: what lies between is missed', async () => {
    await schedules.add(schedule('a', every(3_600, start, { missed: 'one' })));
    const scheduler = startScheduler();
    await advance(minuteMs);
    clock.ahead += 3 * hourMs;
    await advance(5_000);
    expect(await firings('a')).toEqual([expect.stringMatching(/^12:00 Missed/), '13:00 run']);
    await scheduler.close();
  });
});

describe('the store of schedules', () => {
  it('keeps a thousand firings of each schedule, and those of two days', async () => {
    await schedules.add(schedule('a', every(60, start)));
    await schedules.add(schedule('b', every(60, start)));
    const day = 24 * hourMs;
    clock.ahead = 10 * day;
    await db.transaction(async (sql) => {
      for (let i = 0; i < 1_500; i++)
        await sql.run(
          `INSERT INTO firing VALUES ('a', ?, 0, 'r', NULL)`,
          start + (i < 400 ? i : 9 * day + i),
        );
      for (let i = 0; i < 800; i++)
        await sql.run(`INSERT INTO firing VALUES ('b', ?, 0, 'r', NULL)`, start + i);
    });
    expect(await schedules.prune()).toBe(400);
    clock.ahead = 20 * day;
    expect(await schedules.prune()).toBe(100);
    expect(await schedules.firings('a', 9_999)).toHaveLength(1_000);
    expect(await schedules.firings('b', 9_999)).toHaveLength(800);
  });

  it('says so when a schedule cannot be read on this system, and fires the others', async () => {
    await schedules.add(schedule('a', every(300, start)));
    await schedules.add(schedule('b', every(300, start)));
    await db.transaction((sql) =>
      sql.run(`UPDATE schedule SET spec = replace(spec, '"UTC"', '"Europe/Atlantis"') WHERE id = 'a'`),
    );
    const scheduler = startScheduler();
    await advance(6 * minuteMs);
    expect(await firings('a')).toEqual([expect.stringMatching(/^10:05 ScheduleInvalid: “Europe\/Atlantis”/)]);
    expect(await firings('b')).toEqual(['10:05 run']);
    await scheduler.close();
  });

  it('gives runs identifiers that follow from schedule and time, and sort by time', () => {
    expect(runIdOf('a', start)).toBe(runIdOf('a', start));
    expect(runIdOf('a', start)).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(runIdOf('b', start)).not.toBe(runIdOf('a', start));
    expect(runIdOf('a', start) < runIdOf('b', start + 1)).toBe(true);
  });
});
