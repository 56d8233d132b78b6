// The run queue of this product as a subject: the orchestrator with a group of machines of one session each, fifty accounts, every rule in
// force. Each run starts, runs and ends, with an event for each, as agents report it.
import { systemClock } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';
import { Orchestrator } from '../../src/orchestration/orchestrator.ts';
import { defaultPlacement, defaultSettings } from '../../src/orchestration/settings.ts';
import type { Database } from '../../src/orchestration/store/database.ts';
import { openFleetStore } from '../../src/orchestration/store/fleetStore.ts';
import type { Claim, FleetStore, RunChange } from '../../src/orchestration/store.ts';
import { facts, request } from '../../test/orchestration/store/contract.ts';
import { payload, type Subject } from './subject.ts';

const accounts = 50;
const members = 16;

/** An orchestrator without limits on what waits, and without a lease: nobody beats. */
export async function openOrchestrator(store: FleetStore, leaseMs = Number.POSITIVE_INFINITY) {
  const settings = { ...defaultSettings, queueLimit: Number.MAX_SAFE_INTEGER, leaseMs };
  const log = new Log('bench', () => 0, []);
  const orchestrator = await Orchestrator.open({
    store,
    clock: systemClock,
    chance: Math.random,
    settings,
    log,
  });
  orchestrator.onEvents(() => {});
  return orchestrator;
}

/** A run of one of fifty accounts. */
export const runRequest = (id: number, queue: string, urgent = false) =>
  request(`r${id}`, queue, {
    account: `u${id % accounts}`,
    run: { inputs: { Text: payload }, ...(urgent && { priority: 'high' }) },
  });

/** A group of so many machines, each for so many unattended runs at once. Returns their identifiers. */
export async function addGroup(
  store: FleetStore,
  group: string,
  machines: number,
  unattendedSlots = 1,
): Promise<string[]> {
  const ids = Array.from({ length: machines }, (_, i) => `${group}m${i}`);
  await store.putGroup({
    id: group,
    name: group,
    description: '',
    owner: 'bench',
    settings: defaultPlacement,
  });
  for (const id of ids) {
    await store.putMachine({ id, name: id, description: '', owner: 'bench', unattendedSlots });
    await store.setMembership(id, group);
  }
  return ids;
}

/** What an agent reports of a run that does `work`. */
export async function carryOut(
  orchestrator: Orchestrator,
  { run, fence }: Claim,
  work: () => unknown,
): Promise<void> {
  const holder = { runId: run.id, fence };
  const say = (change: RunChange) => orchestrator.report({ kind: 'change', holder, change, before: [] });
  await say({ state: 'Running', startedAgo: 0 });
  await work();
  await say({ state: 'Succeeded', endedAgo: 0 });
}

export async function ours(database: Database): Promise<Subject> {
  const store = openFleetStore(database, Number.POSITIVE_INFINITY);
  const orchestrator = await openOrchestrator(store);
  const group = 'g';
  const machines = await addGroup(store, group, members);
  for (const id of machines) await orchestrator.heartbeat(id, 'boot', facts(), []);
  return {
    enqueue: (id, _, urgent) => orchestrator.enqueue(runRequest(id, group, urgent).entry),
    async enqueueMany(from, count) {
      for (let i = 0; i < count; i += 1_000) {
        const part = Array.from({ length: Math.min(1_000, count - i) }, (_, j) =>
          runRequest(from + i + j, group),
        );
        await store.commit(part, Math.random);
      }
    },
    async work(concurrency, started) {
      const under = new Set<Promise<void>>();
      const links = machines.slice(0, concurrency).map((id) =>
        orchestrator.attach(id, group, {
          take: (claims) => {
            for (const claim of claims) {
              const one = carryOut(orchestrator, claim, () => started(Number(claim.run.id.slice(1))));
              under.add(one);
              void one.finally(() => under.delete(one));
            }
          },
          end() {},
        }),
      );
      return async () => {
        for (const link of links) link.dispose();
        while (under.size > 0) await Promise.all(under);
      };
    },
    async close() {
      await orchestrator.close();
      await store.close();
    },
  };
}
