// Weeks of a machine in seconds: requests, stops, worker crashes and agent crashes at random moments, one seed per story.
// Nothing may be lost, nothing may run twice, and the order must hold. A failure names its seed.
import { expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';
import { defaultSettings } from '../../src/orchestration/rules.ts';
import { RunQueue, type WorkerHost } from '../../src/orchestration/runQueue.ts';
import { openSqliteStore } from '../../src/orchestration/sqlite.ts';
import { compareQueued, isTerminal, type Run, type RunEvent } from '../../src/protocol/run.ts';
import { FakeClock, settle } from '../fakes/clock.ts';
import { FakeWorker, request } from './support.ts';

/** A small well-known generator (mulberry32): the same seed tells the same story. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function story(seed: number): Promise<string> {
  const rnd = random(seed);
  const time = (max: number) => Math.round(rnd() * max);
  const chance = (p: number) => rnd() < p;
  const clock = new FakeClock();
  const store = openSqliteStore(':memory:');
  const settings = { ...defaultSettings, queueWaitMs: 20 * 60_000, keepRuns: 1_000 };
  const begun = new Map<string, number>();
  const accepted = new Set<string>();
  const seen: RunEvent[] = [];
  let workers: FakeWorker[] = [];
  let queue: RunQueue;

  const host: WorkerHost = {
    account: 'ann',
    slots: 1,
    launch(claim, report) {
      const { id } = claim.run;
      // Rule of the queue, judged from outside: nobody that could run stands before the one that starts.
      begun.set(id, (begun.get(id) ?? 0) + 1);
      expect(
        workers.filter((worker) => worker.alive),
        'one worker at a time',
      ).toEqual([]);
      const worker = new FakeWorker(claim, report);
      workers.push(worker);
      void lead(worker);
      return worker;
    },
  };
  let process: { alive: boolean };
  const open = async () => {
    const self = { alive: true };
    process = self;
    // What a dead process had planned never happens.
    const clockOfProcess: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, action) => clock.after(ms, () => self.alive && action()),
    };
    queue = await RunQueue.open({
      store,
      clock: clockOfProcess,
      workers: host,
      machineId: 'm1',
      settings,
      log: new Log('sim', () => clock.now()),
    });
    queue.onEvents((events) => seen.push(...events));
  };
  /** What a flow does: it takes some minutes; sometimes its process dies, sometimes it ignores a stop. */
  const lead = async (worker: FakeWorker) => {
    const wait = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
    const [startup, length, crash, stubborn] = [time(2_000), time(4 * 60_000), chance(0.1), chance(0.3)];
    await wait(startup);
    if (chance(0.03)) return worker.die('was killed by signal SIGKILL');
    worker.begin();
    for (let t = 0; t < length; t += 5_000) {
      await wait(5_000);
      if (!worker.alive) return;
      worker.say({ kind: 'frame', ...worker.fence, lines: [], actions: [], omitted: 1, logs: [] });
      if (worker.heard.includes('stop') && !stubborn) return worker.finish('Canceled');
    }
    if (crash) worker.die('ended with exit code 134');
    else worker.finish(chance(0.2) ? 'Failed' : 'Succeeded');
  };

  await open();
  const faultsUntil = 6 * 60 * 60_000;
  while (clock.monotonic() < faultsUntil) {
    await clock.advance(time(3 * 60_000));
    if (chance(0.6)) {
      const asked = request({ priority: chance(0.2) ? 'high' : 'normal' });
      await queue!.enqueue(asked);
      accepted.add(asked.id);
    }
    if (chance(0.1)) {
      const runs = await queue!.list(10);
      const victim = runs[Math.floor(rnd() * runs.length)];
      if (victim) await queue!.stop(victim.id);
    }
    if (chance(0.05)) {
      // The agent is killed, and its workers end with it.
      process!.alive = false;
      for (const worker of workers) worker.alive = false;
      workers = [];
      await open();
    }
    const active = (await store.active('m1')).length;
    expect(active, 'one active run').toBeLessThanOrEqual(1);
  }
  await clock.advance(3 * 60 * 60_000); // no more faults: everything must come to an end
  await settle();

  const runs = await store.list(1_000);
  expect(new Set(runs.map((run) => run.id)), 'nothing accepted is lost').toEqual(accepted);
  expect(
    runs.filter((run) => !isTerminal(run.state)),
    'everything ends',
  ).toEqual([]);
  for (const [id, times] of begun) expect(times, `run ${id} ran once`).toBe(1);
  for (const run of runs) {
    if (run.startedAt !== undefined)
      expect(run.startedAt, 'nothing starts after its time').toBeLessThan(
        run.expiresAt + settings.startTimeoutMs,
      );
    if (['Succeeded', 'Failed'].includes(run.state))
      expect(begun.get(run.id), 'a result comes from a worker').toBe(1);
  }
  const log = await store.events(0, Number.POSITIVE_INFINITY);
  expect(log.map((event) => event.seq)).toEqual(log.map((_, i) => i + 1));
  checkOrder(log);
  expect(
    new Set(log.flatMap((e) => (e.kind === 'run' ? [e.run.state] : []))).size,
    'the story is worth telling',
  ).toBeGreaterThanOrEqual(6);
  return JSON.stringify(log);
}

/** Replays the log: whenever a run starts, it is the first of those that wait. */
function checkOrder(log: readonly RunEvent[]): void {
  const waiting = new Map<string, Run>();
  const last = new Map<string, Run>();
  for (const event of log) {
    if (event.kind !== 'run') continue;
    if (event.run.state === 'Queued') waiting.set(event.runId, event.run);
    else waiting.delete(event.runId);
    if (event.run.state === 'Starting')
      for (const run of waiting.values()) expect(compareQueued(event.run, run)).toBeLessThan(0);
    last.set(event.runId, event.run);
  }
}

it.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i', async (seed) => {
  await story(seed);
});
