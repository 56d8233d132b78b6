// 1,000 machines in groups of 50 on one orchestrator and one PostgreSQL: what they cost while nothing runs and while work comes, and how
// long a request waits until it starts. Machines beat as agents do; their links are calls within this process, and the processor time
// told is that of the orchestrator with them in it.
import { setTimeout as pause } from 'node:timers/promises';
import { defaultSettings } from '../../src/orchestration/settings.ts';
import { openFleetStore } from '../../src/orchestration/store/fleetStore.ts';
import { openPostgresDatabase } from '../../src/orchestration/store/postgres.ts';
import { postgresMigrations } from '../../src/orchestration/store/schema.ts';
import type { Holder } from '../../src/orchestration/store.ts';
import { facts } from '../../test/orchestration/store/contract.ts';
import { addGroup, carryOut, openOrchestrator, runRequest } from './ours.ts';
import type { PostgresServer } from './servers.ts';

export interface FleetFigures {
  readonly name: string;
  readonly seconds: number;
  readonly queriesPerSecond: number;
  /** Shares of one processor. */
  readonly orchestratorCpu: number;
  readonly databaseCpu: number | undefined;
  /** Milliseconds from request to start, of each run. */
  readonly starts: readonly number[];
}

const groups = 20;
const membersOfGroup = 50;
const runMs = 1_000;

/** Idle machines, then `perSecond` runs of a second each, then a thousand requests at once. */
export async function fleetFigures(
  server: PostgresServer,
  seconds: number,
  perSecond: number,
): Promise<readonly FleetFigures[]> {
  const address = await server.create();
  const database = await openPostgresDatabase({ address, migrations: postgresMigrations });
  const store = openFleetStore(database, defaultSettings.leaseMs);
  const orchestrator = await openOrchestrator(store, defaultSettings.leaseMs);
  const names = Array.from({ length: groups }, (_, i) => `f${i}`);
  const requested = new Map<number, number>();
  let starts: number[] = [];
  let ended = 0;
  const beats: NodeJS.Timeout[] = [];
  for (const group of names) {
    for (const machine of await addGroup(store, group, membersOfGroup)) {
      const holding = new Set<Holder>();
      const beat = () => void orchestrator.heartbeat(machine, 'boot', facts(), [...holding]).catch(() => {});
      await orchestrator.heartbeat(machine, 'boot', facts(), []);
      orchestrator.attach(machine, group, {
        take: (claims) => {
          for (const claim of claims) {
            const id = Number(claim.run.id.slice(1));
            starts.push(performance.now() - (requested.get(id) as number));
            const holder = { runId: claim.run.id, fence: claim.fence };
            holding.add(holder);
            void carryOut(orchestrator, claim, () => pause(runMs)).then(() => {
              holding.delete(holder);
              ended++;
            });
          }
        },
        end() {},
      });
      beats.push(
        setTimeout(() => {
          beat();
          beats.push(setInterval(beat, defaultSettings.heartbeatMs));
        }, Math.random() * defaultSettings.heartbeatMs),
      );
    }
  }
  let next = 0;
  const ask = () => {
    const id = next++;
    requested.set(id, performance.now());
    return orchestrator.enqueue(runRequest(id, names[id % groups] as string).entry);
  };
  const queries = await countQueries();
  const measured = async (name: string, work: () => Promise<unknown>): Promise<FleetFigures> => {
    starts = [];
    const began = performance.now();
    const cpu = process.cpuUsage();
    const databaseCpu = server.cpu();
    const before = queries.count;
    await work();
    const took = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    const used = server.cpu();
    return {
      name,
      seconds: took / 1_000,
      queriesPerSecond: ((queries.count - before) / took) * 1_000,
      orchestratorCpu: (user + system) / 1_000 / took,
      databaseCpu: used === undefined || databaseCpu === undefined ? undefined : (used - databaseCpu) / took,
      starts,
    };
  };
  const figures = [
    await measured('nothing to do', () => pause(seconds * 1_000)),
    await measured(`${perSecond} runs/s of ${runMs / 1_000} s`, async () => {
      const asked: Promise<unknown>[] = [];
      const began = performance.now();
      for (let i = 0; i < seconds * perSecond; i++) {
        const wait = began + (i * 1_000) / perSecond - performance.now();
        if (wait > 1) await pause(wait);
        asked.push(ask());
      }
      await Promise.all(asked);
      while (ended < next) await pause(20);
    }),
    await measured('1,000 requests at once', async () => {
      await Promise.all(Array.from({ length: 1_000 }, ask));
      while (ended < next) await pause(20);
    }),
  ];
  for (const beat of beats) clearTimeout(beat);
  queries.stop();
  await orchestrator.close();
  await store.close();
  return figures;
}

/** Everything this process asks a PostgreSQL from now on. */
async function countQueries(): Promise<{ readonly count: number; stop(): void }> {
  const { default: pg } = await import('pg');
  const prototype = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const { query } = prototype;
  const counter = {
    count: 0,
    stop: () => {
      prototype.query = query;
    },
  };
  prototype.query = function (this: unknown, ...args: unknown[]) {
    counter.count++;
    return query.apply(this, args);
  };
  return counter;
}
