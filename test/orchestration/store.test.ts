// What every run store must do. Another store joins by one more line in `stores`.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/orchestration/sqlite.ts';
import { isSafeSqlite } from '../../src/orchestration/sqliteFile.ts';
import type { RunStore } from '../../src/orchestration/store.ts';
import type { Run } from '../../src/protocol/run.ts';
import { newRun } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = () => join(folder, `${++files}.db`);

const stores: Record<string, () => RunStore> = {
  'SQLite in memory': () => openSqliteStore(':memory:'),
  'SQLite in a file': () => openSqliteStore(newPath()),
};
const machine = { id: 'm1', slots: 1, accepting: true };
const t0 = 1_000_000;

describe.each(Object.entries(stores))('%s', (_name, open) => {
  it('gives a queued run back as it was, with an event that shows it', async () => {
    const store = open();
    const entry = newRun(t0, { priority: 'high', resubmitOf: 'older' });
    const events = await store.enqueue(entry, 10);
    expect(events).toEqual([{ seq: 1, runId: entry.run.id, at: t0, kind: 'run', run: entry.run }]);
    expect(await store.get(entry.run.id)).toEqual(entry.run);
    expect(await store.entry(entry.run.id)).toEqual({ ...entry, fence: 0 });
    expect(await store.events(0, 1e6)).toEqual(events);
    expect(await store.counts()).toEqual({ queued: 1, running: 0 });
    store.close();
  });

  it('refuses a run beyond the limit with QueueFull and keeps nothing of it', async () => {
    const store = open();
    await store.enqueue(newRun(t0), 1);
    const refused = newRun(t0);
    await expect(store.enqueue(refused, 1)).rejects.toMatchObject({ code: 'QueueFull' });
    expect(await store.get(refused.run.id)).toBeUndefined();
    expect(await store.marks()).toEqual({ lastSeq: 1, prunedSeq: 0 });
    store.close();
  });

  it('keeps request order when the clock is set back', async () => {
    const store = open();
    const [first, second] = [newRun(t0), newRun(t0 - 60_000)];
    await store.enqueue(first, 10);
    await store.enqueue(second, 10);
    const { claims } = await store.schedule(machine, t0);
    expect(claims.map((claim) => claim.run.id)).toEqual([first.run.id]);
    store.close();
  });

  it('keeps what a flow needs as it was, once however many runs have it, as long as one of them is kept', async () => {
    const store = open();
    const companions = [
      { path: 'Child.robin', text: 'SET Y TO 1', ids: ['c-1'] },
      { path: 'controlRepo.appmask', text: '{"Screens":[]}' },
    ];
    const first = { ...newRun(t0, { account: 'ann' }), companions };
    const second = { ...newRun(t0 + 1, { account: 'ben' }), companions };
    await store.enqueue(first, 10);
    await store.enqueue(second, 10);
    expect((await store.entry(second.run.id))?.companions).toEqual(companions);
    const { claims } = await store.schedule(machine, t0 + 5);
    expect(claims[0]?.companions).toEqual(companions);
    await store.change(first.run.id, 1, { state: 'Running' }, t0);
    await store.change(first.run.id, 1, { state: 'Succeeded', endedAt: t0 + 9 }, t0 + 9);
    expect(await store.prune(10, t0 + 10)).toBe(1);
    expect((await store.entry(second.run.id))?.companions).toEqual(companions);
    store.close();
  });

  it('claims once: the run is Starting under a new fence, and only that fence changes it', async () => {
    const store = open();
    const entry = newRun(t0);
    await store.enqueue(entry, 10);
    const { claims, events } = await store.schedule(machine, t0 + 5);
    expect(claims).toMatchObject([{ fence: 1, flowText: entry.flowText, run: { state: 'Starting' } }]);
    expect(events).toMatchObject([{ seq: 2, kind: 'run', run: { state: 'Starting' } }]);
    expect((await store.schedule(machine, t0 + 5)).claims).toEqual([]);
    expect(await store.change(entry.run.id, 0, { state: 'Running' }, t0)).toBeUndefined();
    expect(await store.change(entry.run.id, 2, { state: 'Running' }, t0)).toBeUndefined();
    expect(await store.change(entry.run.id, 1, { state: 'Running', startedAt: t0 + 6 }, t0 + 6)).toHaveLength(
      1,
    );
    store.close();
  });

  it('never changes a finished run, and takes no more events for it', async () => {
    const store = open();
    const { run } = newRun(t0);
    await store.enqueue({ ...newRun(t0), run }, 10);
    await store.schedule(machine, t0);
    await store.change(run.id, 1, { state: 'Running' }, t0);
    await store.change(run.id, 1, { state: 'Succeeded', endedAt: t0 + 9, outputs: { A: 1 } }, t0 + 9);
    expect(await store.change(run.id, 1, { state: 'Lost' }, t0 + 10)).toBeUndefined();
    expect(
      await store.append(run.id, 1, [{ kind: 'lines', lines: [] }], undefined, false, t0),
    ).toBeUndefined();
    expect(await store.get(run.id)).toMatchObject({ state: 'Succeeded', outputs: { A: 1 } });
    store.close();
  });

  it('frees the slot in the transaction that ends a run', async () => {
    const store = open();
    const [first, second] = [newRun(t0), newRun(t0 + 1)];
    await store.enqueue(first, 10);
    await store.enqueue(second, 10);
    await store.schedule(machine, t0);
    await store.change(first.run.id, 1, { state: 'Lost', endedAt: t0 + 2 }, t0 + 2);
    expect((await store.schedule(machine, t0 + 2)).claims.map((claim) => claim.run.id)).toEqual([
      second.run.id,
    ]);
    store.close();
  });

  it('finds the runs that can start behind many that cannot, in the order of the queue', async () => {
    const store = open();
    // Ann's hundred come first; only one of them can run at a time.
    for (let i = 0; i < 100; i++) await store.enqueue(newRun(t0 + i), 1_000);
    const others = [
      newRun(t0 + 200, { account: 'ben' }),
      newRun(t0 + 201, { account: 'ben', priority: 'high' }),
    ];
    const moved = newRun(t0 + 300, { account: 'cem', movedToTopAt: t0 + 301 });
    for (const entry of [...others, moved]) await store.enqueue(entry, 1_000);
    const { claims } = await store.schedule({ ...machine, slots: 4 }, t0 + 400);
    expect(claims.map((claim) => claim.account).sort()).toEqual(['ann', 'ben', 'cem']);
    expect(claims.map((claim) => claim.run.id)).toContain(others[1]?.run.id);
    expect(claims[0]?.run.id).toBe(moved.run.id);
    store.close();
  });

  it('ends a run that waited too long as TimedOut', async () => {
    const store = open();
    const entry = newRun(t0, { expiresAt: t0 + 100 });
    await store.enqueue(entry, 10);
    const { claims, events } = await store.schedule(machine, t0 + 100);
    expect(claims).toEqual([]);
    expect(events).toMatchObject([
      { run: { state: 'TimedOut', endedAt: t0 + 100, error: { code: 'NoCandidateMachine' } } },
    ]);
    store.close();
  });

  it('numbers events without gaps, and replays each record as it was at that moment', async () => {
    const store = open();
    const { run } = newRun(t0);
    const sent = [
      ...(await store.enqueue({ ...newRun(t0), run }, 10)),
      ...(await store.schedule(machine, t0 + 1)).events,
    ];
    const position = { subflow: 'Main', line: 3, action: 'SET' };
    sent.push(...((await store.change(run.id, 1, { state: 'Running', startedAt: t0 + 2 }, t0 + 2)) ?? []));
    const log = { kind: 'log', level: 'info', message: 'half done' } as const;
    sent.push(
      ...((await store.append(run.id, 1, [{ kind: 'lines', lines: [] }, log], position, true, t0 + 3)) ?? []),
    );
    sent.push(
      ...((await store.change(run.id, 1, { state: 'Failed', endedAt: t0 + 4 }, t0 + 4, [log])) ?? []),
    );
    expect(sent.map((event) => event.seq)).toEqual(sent.map((_, index) => index + 1));
    expect(await store.events(0, 1e6)).toEqual(sent);
    expect(await store.events(0, 1e6, run.id)).toEqual(sent);
    expect(await store.events(4, 1e6)).toEqual(sent.slice(4));
    // Whatever the page size, pages join without gap or duplicate.
    const paged = [];
    for (
      let page = await store.events(0, 1);
      page.length > 0;
      page = await store.events(paged.at(-1)?.seq ?? 0, 1)
    )
      paged.push(...page);
    expect(paged).toEqual(sent);
    store.close();
  });

  it('deletes old finished runs with their events and says up to where', async () => {
    const store = open();
    const ended: Run[] = [];
    for (let i = 0; i < 4; i++) {
      const entry = newRun(t0 + i);
      await store.enqueue(entry, 10);
      await store.schedule(machine, t0 + i);
      await store.change(entry.run.id, 1, { state: 'Canceled', endedAt: t0 + i }, t0 + i);
      ended.push(entry.run);
    }
    await store.enqueue(newRun(t0 + 9), 10);
    expect(await store.prune(2, 0)).toBe(2);
    expect(await store.prune(500, t0 + 3)).toBe(1);
    expect((await store.list(10)).map((run) => run.state)).toEqual(['Queued', 'Canceled']);
    const { lastSeq, prunedSeq } = await store.marks();
    expect([lastSeq, prunedSeq]).toEqual([13, 9]);
    expect((await store.events(prunedSeq, 1e6)).map((event) => event.seq)).toEqual([10, 11, 12, 13]);
    store.close();
  });
});

describe('a SQLite file', () => {
  it('is as durable as it must be, and complete after the process that wrote it is gone without closing it', async () => {
    const path = newPath();
    const store = openSqliteStore(path);
    const entry = newRun(t0);
    await store.enqueue(entry, 10);
    // The first store is still open, as after a kill: the second reads what its transactions left.
    const second = openSqliteStore(path);
    expect(await second.get(entry.run.id)).toEqual(entry.run);
    second.close();
    store.close();
    const file = new DatabaseSync(path);
    expect(file.prepare('PRAGMA journal_mode').all()).toEqual([{ journal_mode: 'wal' }]);
    file.close();
  });

  it.each([
    [
      'text instead of a database',
      () => Buffer.from('this is no database, but it is long enough to look like one '.repeat(200)),
    ],
    [
      'pages of zeros in the middle',
      (good: Buffer) =>
        Buffer.concat([good.subarray(0, 4096), Buffer.alloc(4096 * 3), good.subarray(4096 * 4)]),
    ],
    ['nothing in it', () => Buffer.alloc(0)],
    ['the first half only', (good: Buffer) => good.subarray(0, 4096 * 4)],
  ])('with %s is refused with StoreDamaged and left as it is', async (_what, damage) => {
    const path = newPath();
    const store = openSqliteStore(path);
    for (let i = 0; i < 30; i++) await store.enqueue(newRun(t0), 100);
    store.close();
    const bytes = damage(readFileSync(path));
    writeFileSync(path, bytes);
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: 'StoreDamaged' }));
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('serves a machine whose identifier was lost: its unfinished runs come along', async () => {
    const path = newPath();
    const store = openSqliteStore(path, 'm1');
    const waiting = newRun(t0);
    await store.enqueue(waiting, 10);
    store.close();
    const again = openSqliteStore(path, 'm2');
    const { claims } = await again.schedule({ ...machine, id: 'm2' }, t0 + 1);
    expect(claims.map((claim) => claim.run.id)).toEqual([waiting.run.id]);
    again.close();
  });

  it.skipIf(process.platform === 'win32')('can be read by its owner only, in any folder', async () => {
    const path = newPath();
    const store = openSqliteStore(path);
    await store.enqueue(newRun(t0), 10);
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777, file).toBe(0o600);
    store.close();
  });

  it('of a newer version is refused with StoreTooNew and left as it is', () => {
    const path = newPath();
    openSqliteStore(path).close();
    const file = new DatabaseSync(path);
    file.exec('PRAGMA user_version = 99');
    file.close();
    const bytes = readFileSync(path);
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: 'StoreTooNew' }));
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('in a folder that does not exist gives StoreUnusable', () => {
    expect(() => openSqliteStore(join(folder, 'nowhere', 'runs.db'))).toThrow(
      expect.objectContaining({ code: 'StoreUnusable' }),
    );
  });

  it.each([
    ['3.51.2', false], // Node 22.22.2, 24.14.1
    ['3.51.3', true], // Node 22.22.3, 24.15.0
    ['3.47.2', false],
    ['3.53.4', true],
    ['4.0.0', true],
  ])('is not opened with SQLite %s when that may damage it', (version, safe) => {
    expect(isSafeSqlite(version)).toBe(safe);
  });
});
