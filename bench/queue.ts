// How fast the run queue is, beside the naked database on the same disk in the same minute, and how soon a run's first event arrives.
// `node bench/queue.ts` (Node 24). Prints one JSON object per line.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startAgent } from '../src/agent/agent.ts';
import { connectAgent } from '../src/launch/connect.ts';
import { openSqliteStore } from '../src/orchestration/sqlite.ts';
import type { NewRun } from '../src/orchestration/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-bench-'));
const operations = 2_000;

try {
  const naked = nakedTransactions(join(folder, 'naked.db'));
  print('one row per transaction, node:sqlite alone', naked);
  await store(join(folder, 'runs.db'), naked);
  await latency(join(folder, 'agent'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The floor: one small insert per transaction, flushed. */
function nakedTransactions(path: string): number[] {
  const db = new DatabaseSync(path);
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT',
  );
  const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
  const times: number[] = [];
  for (let i = 0; i < operations; i++) {
    const start = performance.now();
    db.exec('BEGIN IMMEDIATE');
    insert.run(`run-${i}`, 'x'.repeat(300));
    db.exec('COMMIT');
    times.push(performance.now() - start);
  }
  db.close();
  return times;
}

async function store(path: string, naked: number[]): Promise<void> {
  const runs = openSqliteStore(path);
  const machine = { id: 'm', slots: 1, accepting: true };
  const floor = median(naked);
  let request = 1_000_000;
  const add = () => runs.enqueue(newRun(++request), 100_000);
  for (let i = 0; i < 400; i++) await add(); // a queue as full as it gets in practice
  const enqueue: number[] = [];
  const claimAndComplete: number[] = [];
  for (let i = 0; i < operations; i++) {
    let start = performance.now();
    await add();
    enqueue.push(performance.now() - start);
    start = performance.now();
    const { claims } = await runs.schedule(machine, request);
    const claim = claims[0] as (typeof claims)[number];
    await runs.change(claim.run.id, claim.fence, { state: 'Running', startedAt: request }, request);
    await runs.change(claim.run.id, claim.fence, { state: 'Succeeded', endedAt: request }, request);
    claimAndComplete.push(performance.now() - start);
  }
  print('enqueue with its event', enqueue, floor);
  print('claim, start and complete with their events (3 transactions)', claimAndComplete, floor * 3);
  runs.close();
}

/** From the call to the first event of the run's own (a frame of its worker), real processes. */
async function latency(dataFolder: string): Promise<void> {
  const workerScript = join(import.meta.dirname, '..', 'src', 'agent', 'worker', 'main.ts');
  const agent = await startAgent({ dataFolder, version: 'bench', workerScript });
  const link = await connectAgent(agent.address, 'bench');
  await link.call('subscribe', { after: 0 });
  const [queued, first]: [number[], number[]] = [[], []];
  for (let i = 0; i < 15; i++) {
    const start = performance.now();
    let heard = false;
    const ended = new Promise<void>((resolve) => {
      const subscription = link.onEvent((event) => {
        if (event.kind === 'lines' && !heard) first.push(performance.now() - start);
        heard ||= event.kind === 'lines';
        if (event.kind !== 'run' || event.run.endedAt === undefined) return;
        subscription.dispose();
        resolve();
      });
    });
    const flow = { name: 'Bench', path: '', text: 'SET X TO 1\nWAIT 0.1\n' };
    await link.call('runs.enqueue', {
      flow,
      inputs: {},
      mode: 'attended',
      priority: 'normal',
      requestedBy: 'bench',
    });
    queued.push(performance.now() - start);
    await ended;
  }
  print('request → accepted and on disk, over the link', queued);
  print('request → first event of the flow, worker from its sources', first);
  await agent.stop('bench over');
}

function newRun(requestedAt: number): NewRun {
  const shown = {
    id: `run-${requestedAt}`,
    flow: { name: 'Sample', path: '/flows/Sample.robin', hash: 'h' },
    machine: 'm',
  };
  const rest = {
    mode: 'attended',
    priority: 'normal',
    state: 'Queued',
    requestedBy: 'bench',
    inputs: { Text: 'x'.repeat(200) },
  } as const;
  return {
    run: { ...shown, ...rest, requestedAt, expiresAt: requestedAt + 1e9 },
    account: 'bench',
    flowText: 'SET X TO 1',
    companions: [],
    sealedInputs: new Uint8Array(300),
  };
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] as number;
}

function print(what: string, times: readonly number[], floor?: number): void {
  const sorted = [...times].sort((a, b) => a - b);
  const p95 = sorted[Math.floor(sorted.length * 0.95)] as number;
  const rounded = (value: number) => Number(value.toFixed(3));
  console.log(
    JSON.stringify({
      what,
      medianMs: rounded(median(times)),
      p95Ms: rounded(p95),
      perSecond: Math.round(1000 / median(times)),
      ...(floor !== undefined && { timesTheNakedDatabase: rounded(median(times) / floor) }),
    }),
  );
}
