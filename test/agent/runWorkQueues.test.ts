// The work queues of one run at the agent: what becomes of its items when it ends, and when it dies.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RunWorkQueues } from '../../src/agent/runWorkQueues.ts';
import { openWorkQueues, type SqliteWorkQueues } from '../../src/orchestration/sqliteWorkQueues.ts';
import type { WorkQueueCall } from '../../src/protocol/worker.ts';
import { FakeClock } from '../fakes/clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-queues-'));
const opened: SqliteWorkQueues[] = [];
afterEach(() => {
  for (const queues of opened.splice(0)) queues.close();
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;

describe('the work queues of a run', () => {
  it('leave its item in processing when it ended, and give it to others when it died', async () => {
    const clock = new FakeClock();
    const open = (holder: string) =>
      openWorkQueues(join(folder, 'workQueues.db'), holder, clock, () => `id-${++count}`);
    const machine = open('machine');
    opened.push(machine);
    const { id: queue } = await machine.addQueue('Orders', 0);
    const item = { value: '', uniqueId: '', status: 'Queued', priority: 'Normal', notes: '' } as const;
    for (const name of ['first', 'second', 'third']) await machine.add(queue, { ...item, name });
    const ended = new RunWorkQueues(() => open('ended'));
    const died = new RunWorkQueues(() => open('died'));
    const take: WorkQueueCall = { method: 'take', queue };
    expect((await ended.answer(1, take)).result).toMatchObject({ name: 'first' });
    expect((await died.answer(1, take)).result).toMatchObject({ name: 'second' });
    // As long as they live, theirs.
    await clock.advance(120_000);
    expect(await machine.take(queue)).toMatchObject({ name: 'third' });
    ended.close(false);
    died.close(true);
    expect(await machine.take(queue)).toBeUndefined();
    await clock.advance(120_000);
    expect(await machine.take(queue)).toMatchObject({ name: 'second' });
    expect(await machine.take(queue)).toBeUndefined();
    expect((await ended.answer(2, take)).error?.code).toBe('InternalError');
  });

  it('tell a worker what kept the file from being opened', async () => {
    const broken = new RunWorkQueues(() => openWorkQueues('/nowhere/q.db', 'r', new FakeClock(), () => 'i'));
    expect(await broken.answer(7, { method: 'queue', idOrName: 'Orders' })).toMatchObject({
      id: 7,
      error: { code: 'StoreUnusable' },
    });
    broken.close(true);
  });
});
