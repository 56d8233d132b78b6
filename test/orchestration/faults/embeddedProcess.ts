// An orchestrator over a SQLite file with the runner of its machine, in a process of its own. Argument: JSON of `EmbeddedSetup`. Told the
// identifier of a run it queues it and says so once that is on disk, or says why not.
import { embeddedLink } from '../../../src/agent/embeddedLink.ts';
import { Runner } from '../../../src/agent/runner.ts';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { asProductError } from '../../../src/base/error.ts';
import { Log } from '../../../src/base/log.ts';
import { Orchestrator } from '../../../src/orchestration/orchestrator.ts';
import { defaultSettings, type QueueSettings } from '../../../src/orchestration/settings.ts';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import { tinyWorkers } from './tinyWorkers.ts';

export interface EmbeddedSetup {
  readonly file: string;
  readonly deeds: string;
  readonly settings: Partial<QueueSettings>;
  /** How far the clock of this machine is off, in milliseconds. */
  readonly offset: number;
}

export type ToEmbedded =
  | { readonly enqueue: string; readonly text: string }
  | { readonly offset: number }
  | 'killWorker';

const setup = JSON.parse(process.argv[2] as string) as EmbeddedSetup;
let { offset } = setup;
const clock: Clock = { ...systemClock, now: () => Date.now() + offset };
const settings = { ...defaultSettings, ...setup.settings, leaseMs: Number.POSITIVE_INFINITY };
const log = new Log('embedded', clock.now);
const store = openFleetStore(openSqliteDatabase(setup.file, sqliteMigrations, clock), settings.leaseMs);
await store.putMachine({ id: 'pc', name: 'PC', description: '', owner: 'me', unattendedSlots: 10 });
const orchestrator = await Orchestrator.open({ store, clock, chance: Math.random, settings, log });
const workers = tinyWorkers(setup.deeds, 'several');
const runner = new Runner({
  link: embeddedLink(orchestrator, 'pc'),
  workers,
  clock,
  boot: String(process.pid),
  settings,
  log,
});

process.on('disconnect', () => process.exit(0));
process.on('message', (said: ToEmbedded) => {
  if (said === 'killWorker') workers.killOne();
  else if ('offset' in said) ({ offset } = said);
  else void enqueue(said.enqueue, said.text);
});

async function enqueue(id: string, flowText: string): Promise<void> {
  try {
    await orchestrator.enqueue({
      run: {
        id,
        flow: { name: 'Short', path: 'Short.robin', hash: flowText },
        queue: 'pc',
        inputs: {},
        mode: 'unattended',
        priority: 'normal',
        requestedBy: 'test',
      },
      account: `user${id.charCodeAt(id.length - 1) % 3}`,
      flowText,
      companions: [],
      sealedInputs: new Uint8Array([1]),
    });
    process.send?.({ queued: id });
  } catch (error) {
    process.send?.({ refused: id, code: asProductError(error).code });
  }
}

for (;;) {
  try {
    await runner.start();
    break;
  } catch (error) {
    log.error('not started', { code: asProductError(error).code });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
process.send?.('started');
