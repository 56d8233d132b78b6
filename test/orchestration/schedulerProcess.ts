// An orchestrator with a scheduler in a process of its own, for tests that kill it. Arguments: address of the database, and how it
// behaves: `well`, or `dies before` / `dies after` each queued run with a chance of one in five.
import { systemClock } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';
import { Orchestrator, type RunRequest } from '../../src/orchestration/orchestrator.ts';
import { Scheduler } from '../../src/orchestration/scheduler.ts';
import { defaultSettings } from '../../src/orchestration/settings.ts';
import { openFleetStore } from '../../src/orchestration/store/fleetStore.ts';
import { openPostgresDatabase } from '../../src/orchestration/store/postgres.ts';
import { openScheduleStore } from '../../src/orchestration/store/schedules.ts';
import { postgresMigrations } from '../../src/orchestration/store/schema.ts';

const [address = '', behaviour = 'well'] = process.argv.slice(2);
const database = await openPostgresDatabase({ address, migrations: postgresMigrations });
const store = openFleetStore(database, 60_000);
const log = new Log('test', Date.now);
const settings = { ...defaultSettings, queueLimit: 1_000_000 };
const orchestrator = await Orchestrator.open({
  store,
  clock: systemClock,
  chance: Math.random,
  settings,
  log,
});

const maybeDie = (when: string): void => {
  if (behaviour === `dies ${when}` && Math.random() < 0.2) process.kill(process.pid, 'SIGKILL');
};

Scheduler.start({
  store: openScheduleStore(database),
  clock: systemClock,
  log,
  enqueue: async (request: RunRequest) => {
    maybeDie('before');
    await orchestrator.enqueue(request);
    maybeDie('after');
  },
  reseal: (_schedule, _run, sealed) => sealed,
  sweepMs: 500,
});
process.send?.('started');
