// What an action costs besides itself: with its record, events and journal, and with a debugger attached: `node bench/debugger.ts`.
// Queue, store on disk, worker and interpreter run in this one process, so that all they do is counted. Also: how soon a pause takes
// effect in a tight loop, and how often a debugger is told something.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedLink } from '../src/agent/embeddedLink.ts';
import { Runner } from '../src/agent/runner.ts';
import { currentSession } from '../src/agent/session.ts';
import { WorkerRun } from '../src/agent/worker/host.ts';
import { NoPicture } from '../src/agent/worker/screen.ts';
import { systemClock } from '../src/base/clock.ts';
import { Log } from '../src/base/log.ts';
import { Orchestrator } from '../src/orchestration/orchestrator.ts';
import { stoppedError } from '../src/orchestration/rules.ts';
import { defaultSettings } from '../src/orchestration/settings.ts';
import { openFleetStore } from '../src/orchestration/store/fleetStore.ts';
import { sqliteMigrations } from '../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../src/orchestration/store/sqlite.ts';
import { fromWorker, type ToWorker } from '../src/protocol/worker.ts';
import { machine, median, verdict } from './figures.ts';

const actions = 200_000;
const rounds = 5;
const runId = 'bench';
const noPicture = async () => {
  throw new NoPicture('a bench has no desktop');
};
const flowPath = '/flows/Bench.robin';
const folder = mkdtempSync(join(tmpdir(), 'dflow-bench-'));

/** A run of `text` through queue, store and worker; gives the milliseconds from its first to its last statement, and what its debugger was told. */
async function play(text: string, debugged: readonly object[] = [], debug = false) {
  const path = join(folder, `${performance.now()}.db`);
  const store = openFleetStore(
    openSqliteDatabase(path, sqliteMigrations, systemClock),
    Number.POSITIVE_INFINITY,
  );
  const told: { readonly at: number; readonly message: { readonly event?: string } }[] = [];
  let worker: WorkerRun | undefined;
  let started = 0;
  let finished: () => void = () => {};
  const end = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const tell = (message: ToWorker) => void worker?.receive(JSON.parse(JSON.stringify(message)) as ToWorker);
  const settings = { ...defaultSettings, leaseMs: Number.POSITIVE_INFINITY };
  const log = new Log('bench', () => Date.now());
  await store.putMachine({ id: 'm', name: 'm', description: '', owner: 'a', unattendedSlots: 1 });
  const orchestrator = await Orchestrator.open({ store, clock: systemClock, chance: () => 0, settings, log });
  const workers = currentSession(
    (claim, report) => {
      worker = new WorkerRun(
        async (message) => {
          const received = fromWorker.parse(JSON.parse(JSON.stringify(message)));
          if (received.kind === 'started') started = performance.now();
          if (received.kind !== 'workQueues') report(received);
          if (received.kind !== 'finished') return;
          finished();
          report({ kind: 'exited', how: 'ended' });
        },
        systemClock,
        noPicture,
      );
      setImmediate(() =>
        tell({
          kind: 'start',
          fence: claim.fence,
          flow: { name: 'Bench', path: flowPath, text, companions: [] },
          inputs: {},
          logging: {},
          debug,
        }),
      );
      return {
        stop: () => tell({ kind: 'stop' }),
        pause: () => {},
        resume: () => {},
        safeStop: () => {},
        kill: () => {},
        answer: () => {},
        debug: (message) => tell({ kind: 'debug', message }),
      };
    },
    'bench',
    0,
  );
  const runner = new Runner({
    link: embeddedLink(orchestrator, 'm'),
    workers,
    clock: systemClock,
    boot: 'bench',
    settings,
    log,
  });
  await runner.start();
  await orchestrator.enqueue({
    run: {
      id: runId,
      flow: { name: 'Bench', path: flowPath, hash: '' },
      queue: 'm',
      inputs: {},
      mode: 'attended',
      priority: 'normal',
      requestedBy: 'bench',
    },
    account: workers.account,
    flowText: text,
    sealedInputs: new Uint8Array(),
    companions: [],
  });
  const listen = (_: string, message: unknown) =>
    void told.push({ at: performance.now(), message: message as { readonly event?: string } });
  let seq = 0;
  const ask = async (message: object) => {
    runner.debug(runId, { seq: ++seq, type: 'request', ...message }, listen);
  };
  while (started === 0) await new Promise((resolve) => setImmediate(resolve));
  for (const message of debugged) await ask(message);
  return {
    told,
    ask,
    async end() {
      await end;
      const ms = performance.now() - started;
      await runner.close({ state: 'Canceled', error: stoppedError() });
      await orchestrator.close();
      await store.close();
      return ms;
    },
  };
}

const attach = [
  { command: 'initialize' },
  { command: 'attach' },
  { command: 'setExceptionBreakpoints', arguments: { filters: ['unhandled'] } },
  { command: 'configurationDone' },
];
const never = {
  command: 'setBreakpoints',
  arguments: { source: { path: flowPath }, breakpoints: [{ line: 2, condition: 'i < 0' }] },
};
const log = {
  command: 'setBreakpoints',
  arguments: { source: { path: flowPath }, breakpoints: [{ line: 2, logMessage: 'i is {i}' }] },
};
const flow = `LOOP i FROM 1 TO ${actions}\nText.Trim Text: 'abc' TrimOption: Text.TrimOption.Both TrimmedText=> Trimmed\nEND\n`;

console.log(machine());
for (const [name, debugged, goal] of [
  ['action with record, events and journal', [], 20],
  ['… with a debugger attached', attach, 40],
  ['… and a condition on the action', [...attach.slice(0, 2), never, ...attach.slice(2)], 40],
  ['… and a log point on the action', [...attach.slice(0, 2), log, ...attach.slice(2)], 40],
] as const) {
  const times: number[] = [];
  let told = 0;
  for (let i = 0; i < rounds; i++) {
    const run = await play(flow, debugged);
    const ms = await run.end();
    times.push((ms / actions) * 1000);
    const outputs = run.told.filter(({ message }) => message?.event === 'output').length;
    // The first one waits for nothing, and the last one is sent at the end.
    told = Math.max(told, (outputs - 2) / (ms / 1000));
  }
  const us = median(times);
  console.log(
    `${name.padEnd(42)} ${us.toFixed(1).padStart(6)} µs, ${verdict(us, goal, 'µs')}${told > 0 ? `; at most ${told.toFixed(0)} messages/s (goal ≤ 20)` : ''}`,
  );
}

const pauses: number[] = [];
const run = await play('SET n TO 0\nLOOP WHILE n >= 0\nSET n TO n + 1\nEND\n', attach);
for (let i = 0; i < 20; i++) {
  await new Promise((resolve) => setTimeout(resolve, 60));
  const stops = run.told.length;
  const start = performance.now();
  await run.ask({ command: 'pause', arguments: { threadId: 1 } });
  let stop: (typeof run.told)[number] | undefined;
  while (stop === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
    stop = run.told.slice(stops).find(({ message }) => message?.event === 'stopped');
  }
  pauses.push(stop.at - start);
  await run.ask({ command: 'continue', arguments: { threadId: 1 } });
}
console.log(
  `${'pause in a tight loop'.padEnd(42)} ${median(pauses).toFixed(1).padStart(6)} ms, slowest ${Math.max(...pauses).toFixed(1)} ms, ${verdict(Math.max(...pauses), 10, 'ms')}`,
);
await run.ask({ command: 'disconnect', arguments: { terminateDebuggee: true } });
await run.end();
rmSync(folder, { recursive: true, force: true });
