// A real program with a store in a file, killed at a random moment again and again; each time its file is damaged before it goes on.
import { type ChildProcess, fork } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { ProductError } from '../../../src/base/error.ts';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import type { EmbeddedSetup, ToEmbedded } from '../faults/embeddedProcess.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-recovery-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'runs.db');
const program = fileURLToPath(new URL('../faults/embeddedProcess.ts', import.meta.url));

function start(acknowledged: Set<string>, ended: Set<string>): ChildProcess {
  const setup: EmbeddedSetup = {
    file,
    deeds: join(folder, 'deeds'),
    settings: { queueLimit: 1e6 },
    offset: 0,
  };
  const child = fork(program, [JSON.stringify(setup)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  child.on('message', (said: { queued?: string; refused?: string } | string) => {
    if (typeof said === 'string') return;
    if (said.queued !== undefined) acknowledged.add(said.queued);
    if (said.refused !== undefined) ended.add(said.refused);
  });
  return child;
}

const damages: readonly ((size: number) => void)[] = [
  () => overwrite(0, 100),
  (size) => overwrite(4_096 * Math.floor((Math.random() * size) / 4_096), 4_096),
  (size) => truncateSync(file, Math.floor(Math.random() * size)),
  () => rmSync(`${file}-wal`, { force: true }),
];

function overwrite(at: number, length: number): void {
  const opened = openSync(file, 'r+');
  writeSync(opened, Buffer.alloc(length), 0, length, at);
  closeSync(opened);
}

it('loses no acknowledged run, nor an end that was told, when it is killed and its file damaged', async () => {
  const acknowledged = new Set<string>();
  const refused = new Set<string>();
  let recovered = 0;
  for (let round = 0; round < 12; round++) {
    const child = start(acknowledged, refused);
    const exit = new Promise((resolve) => child.once('exit', resolve));
    const before = acknowledged.size;
    const text = 'X'.repeat(200);
    for (let i = 0; i < 400; i++) child.send({ enqueue: `r${round}-${i}`, text } satisfies ToEmbedded);
    const until = performance.now() + 20_000;
    while (acknowledged.size < before + 20 + Math.random() * 300 && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 2));
    child.kill('SIGKILL');
    await exit;
    expect(existsSync(file)).toBe(true);
    (damages[round % damages.length] as (size: number) => void)(statSync(file).size);
    const told: ProductError[] = [];
    const database = openSqliteDatabase(file, sqliteMigrations, systemClock, (error) => told.push(error));
    const store = openFleetStore(database, Number.POSITIVE_INFINITY);
    recovered += told.length;
    for (const { nextStep } of told) expect(nextStep).toContain('Nothing is missing');
    const runs = new Map((await store.list(1_000_000)).map((run) => [run.id, run]));
    expect([...acknowledged].filter((id) => !runs.has(id))).toEqual([]);
    // What is known of each run agrees with its last event.
    const last = new Map<string, string>();
    for (let after = 0; ; ) {
      const events = await store.events(after, 1e6);
      if (events.length === 0) break;
      for (const event of events) {
        after = event.seq;
        if (event.kind === 'run') last.set(event.runId, event.run.state);
      }
    }
    expect([...runs.values()].filter(({ id, state }) => last.get(id) !== state)).toEqual([]);
    expect(await store.check?.()).toEqual([]);
    await store.close();
  }
  expect([...refused]).toEqual([]);
  expect(acknowledged.size).toBeGreaterThan(200);
  // What the write-ahead log has newer does no harm: not every damage is one.
  expect(recovered).toBeGreaterThanOrEqual(2);
  console.log(`${acknowledged.size} runs acknowledged, ${recovered} damaged stores made again, 0 lost`);
}, 240_000);
