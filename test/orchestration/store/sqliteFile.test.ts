// The file of a SQLite store: made, upgraded from every older version, copied, checked, refused, and saved when it is damaged.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import type { ProductError } from '../../../src/base/error.ts';
import { isSafeSqlite } from '../../../src/orchestration/sqliteFile.ts';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import type { FleetStore } from '../../../src/orchestration/store.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { facts, request, turn } from './contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-store-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = () => join(folder, `${++files}.db`);
const clock = new FakeClock();
const rejected = (code: string) => expect.objectContaining({ code });

function open(path: string, tell?: (recovered: ProductError) => void): FleetStore {
  return openFleetStore(openSqliteDatabase(path, sqliteMigrations, clock, tell), 60_000);
}

async function withMachine(path: string): Promise<FleetStore> {
  const store = open(path);
  await store.putMachine({ id: 'm', name: 'PC', description: '', owner: 'me', unattendedSlots: 1 });
  await store.heartbeat('m', 'b', facts(), [], 60_000);
  return store;
}

const commit = (store: FleetStore, ...changes: Parameters<FleetStore['commit']>[0]) =>
  store.commit(changes, () => 0);

/** Runs with texts that take a few pages each, so that a damaged page costs few of them. */
async function fill(store: FleetStore, runs: number): Promise<void> {
  const inputs = { Text: 'x'.repeat(1_500) };
  await commit(store, ...Array.from({ length: runs }, (_, i) => request(`r${i}`, 'm', { run: { inputs } })));
}

describe('a file of an older version', () => {
  function former(version: number): string {
    const path = newPath();
    const db = new DatabaseSync(path);
    for (const step of sqliteMigrations.slice(0, version)) db.exec(step);
    db.exec(
      `PRAGMA user_version = ${version}; INSERT INTO flow VALUES ('h', 'SET X TO 1'), ('c', 'SET Y TO 1')`,
    );
    const insert = db.prepare(
      `INSERT INTO run (id, flow, flow_name, flow_path, machine, account, mode, priority, moved_to_top_at, state, fence, requested_by,
         requested_at, expires_at, started_at, ended_at, inputs, sealed_inputs, outputs, error, resubmit_of, position)
       VALUES (?, 'h', 'Sample', '/Sample.robin', 'pc-1', 'Ann', 'attended', ?, ?, ?, ?, 'me', ?, ?, ?, ?, '{"A":1}', x'00ff', ?, ?, ?, ?)`,
    );
    const far = clock.now() + 1e9;
    insert.run(
      'done',
      'normal',
      null,
      'Failed',
      1,
      100,
      far,
      110,
      120,
      null,
      '{"code":"Boom","message":"m","nextStep":"n"}',
      null,
      null,
    );
    insert.run('well', 'normal', null, 'Succeeded', 3, 101, far, 111, 131, '{"B":2}', null, 'done', null);
    insert.run(
      'active',
      'normal',
      null,
      'Running',
      2,
      102,
      far,
      112,
      null,
      null,
      null,
      null,
      '{"subflow":"Main","line":3,"action":"SET"}',
    );
    insert.run('waits', 'normal', null, 'Queued', 0, 103, far, null, null, null, null, null, null);
    insert.run('first', 'high', null, 'Queued', 0, 104, far, null, null, null, null, null, null);
    insert.run('top', 'normal', 200, 'Queued', 4, 105, far, null, null, null, null, null, null);
    const event = db.prepare('INSERT INTO event VALUES (?, ?, ?, ?)');
    event.run(7, 'done', 100, '{"kind":"run","run":{"state":"Queued","priority":"normal"}}');
    event.run(8, 'done', 101, '{"kind":"log","level":"info","message":"hello"}');
    event.run(9, 'waits', 103, '{"kind":"run","run":{"state":"Queued","priority":"normal"}}');
    db.exec(
      `UPDATE counter SET value = 9 WHERE name = 'lastSeq'; UPDATE counter SET value = 6 WHERE name = 'prunedSeq'`,
    );
    if (version > 1) db.exec(`INSERT INTO companion VALUES ('waits', 'Child.robin', 'c', '["id"]')`);
    if (version > 2) db.exec(`UPDATE run SET timeout_seconds = 90 WHERE id = 'waits'`);
    db.close();
    return path;
  }

  it.each([1, 2, 3])('(version %i) is brought over without loss, and its queue goes on', async (version) => {
    const path = former(version);
    const store = open(path);
    expect(await store.check?.()).toEqual([]);
    expect((await store.waiting('pc-1', 10)).map(({ id }) => id)).toEqual(['top', 'first', 'waits']);
    expect(await store.counts()).toEqual({ queued: 3, running: 1 });
    expect(await store.get('done')).toEqual({
      id: 'done',
      flow: { name: 'Sample', path: '/Sample.robin', hash: 'h' },
      queue: 'pc-1',
      machine: 'pc-1',
      mode: 'attended',
      priority: 'normal',
      state: 'Failed',
      requestedBy: 'me',
      requestedAt: 100,
      expiresAt: clock.now() + 1e9,
      startedAt: 110,
      endedAt: 120,
      inputs: { A: 1 },
      error: { code: 'Boom', message: 'm', nextStep: 'n' },
    });
    expect(await store.get('well')).toMatchObject({ resubmitOf: 'done', outputs: { B: 2 } });
    expect(await store.entry('waits')).toMatchObject({
      account: 'Ann',
      fence: 0,
      flowText: 'SET X TO 1',
      sealedInputs: new Uint8Array([0, 255]),
      companions: version > 1 ? [{ path: 'Child.robin', text: 'SET Y TO 1', ids: ['id'] }] : [],
    });
    expect((await store.get('waits'))?.timeoutSeconds).toBe(version > 2 ? 90 : undefined);
    expect(await store.get('waits')).not.toHaveProperty('machine');
    expect((await store.events(6, 1e6)).map(({ seq, kind }) => `${seq} ${kind}`)).toEqual([
      '7 run',
      '8 log',
      '9 run',
    ]);
    expect(await store.marks()).toEqual({ lastSeq: 9, prunedSeq: 6 });

    // Its agent comes, says that it no longer has the active run, and goes on with the queue.
    await store.putMachine({ id: 'pc-1', name: 'PC', description: '', owner: 'me', unattendedSlots: 1 });
    const { held } = await store.heartbeat('pc-1', 'b', facts({ sessions: [] }), [], 60_000);
    expect(held).toEqual([{ runId: 'active', fence: 2 }]);
    const error = { code: 'MachineLost', message: 'm', nextStep: 'n' };
    const [lost] = await commit(
      store,
      {
        kind: 'change',
        holder: { runId: 'active', fence: 2 },
        change: { state: 'Lost', error },
        before: [],
      },
      request('new', 'pc-1', { run: { priority: 'high' } }),
    );
    expect(lost).toMatchObject({ done: true, events: [{ seq: 10 }] });
    await commit(store, { kind: 'moveToTop', runId: 'new' });
    await store.close();

    const again = open(path);
    expect((await again.waiting('pc-1', 10)).map(({ id }) => id)).toEqual(['new', 'top', 'first', 'waits']);
    await again.close();
  });

  it('is the older file still when it cannot be brought over', () => {
    const path = former(3);
    const db = new DatabaseSync(path);
    db.exec(`CREATE TABLE queue (something_else TEXT)`);
    db.close();
    expect(() => open(path)).toThrow();
    const after = new DatabaseSync(path);
    expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: 3 });
    expect(after.prepare('SELECT count(*) AS n FROM run').get()).toEqual({ n: 6 });
    after.close();
  });
});

describe('a file', () => {
  it('is as durable as it must be, and complete after its program is gone without closing it', async () => {
    const path = newPath();
    const store = await withMachine(path);
    await commit(store, request('r', 'm'));
    // The first store is still open, as after a kill: the second reads what its transactions left.
    const second = open(path);
    expect(await second.get('r')).toMatchObject({ state: 'Queued' });
    await second.close();
    await store.close();
    expect(readdirSync(folder).filter((name) => name.startsWith(`${files}.db`))).toEqual([
      `${files}.db`,
      `${files}.db.recovery`,
    ]);
  });

  it.skipIf(process.platform === 'win32')('can be read by its owner only', async () => {
    const path = newPath();
    const store = await withMachine(path);
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777, file).toBe(0o600);
    await store.close();
  });

  it('of a newer version is refused and left as it is', async () => {
    const path = newPath();
    await open(path).close();
    const file = new DatabaseSync(path);
    file.exec('PRAGMA user_version = 99');
    file.close();
    const bytes = readFileSync(path);
    expect(() => open(path, () => expect.unreachable())).toThrow(rejected('StoreTooNew'));
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('in a folder that does not exist gives StoreUnusable', () => {
    expect(() => open(join(folder, 'nowhere', 'runs.db'))).toThrow(rejected('StoreUnusable'));
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

describe('a backup', () => {
  it('is a whole store, taken while others write', async () => {
    const store = await withMachine(newPath());
    await fill(store, 500);
    const copy = newPath();
    let over = false;
    const writing = (async () => {
      for (let i = 0; !over; i++) {
        await commit(store, request(`w${i}`, 'm'));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await (store.backup as NonNullable<FleetStore['backup']>)(copy);
    over = true;
    await writing;
    await store.close();
    const restored = open(copy);
    expect(await restored.check?.()).toEqual([]);
    const { lastSeq } = await restored.marks();
    const { queued } = await restored.counts();
    expect(queued).toBeGreaterThanOrEqual(500);
    expect(lastSeq).toBe(queued);
    await restored.close();
  });

  it('never replaces a file, and leaves nothing behind where it cannot be made', async () => {
    const store = await withMachine(newPath());
    const backup = store.backup as NonNullable<FleetStore['backup']>;
    const copy = newPath();
    writeFileSync(copy, 'mine');
    await expect(backup(copy)).rejects.toEqual(rejected('BackupExists'));
    expect(readFileSync(copy, 'utf8')).toBe('mine');
    await expect(backup(join(folder, 'nowhere', 'copy.db'))).rejects.toEqual(rejected('StoreUnusable'));
    await store.close();
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('can be taken of a store in memory', async () => {
    const store = await withMachine(':memory:');
    await fill(store, 3);
    const copy = newPath();
    await (store.backup as NonNullable<FleetStore['backup']>)(copy);
    await store.close();
    const restored = open(copy);
    expect((await restored.counts()).queued).toBe(3);
    await restored.close();
  });
});

describe('a check', () => {
  it('names rows whose counterparts are missing', async () => {
    const path = newPath();
    const store = await withMachine(path);
    await fill(store, 1);
    const file = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    file.exec('DELETE FROM flow');
    file.close();
    expect(await store.check?.()).toEqual(['row 1 of run has no counterpart in flow']);
    await store.close();
  });
});

const page = 4_096;
const zeros = (good: Buffer, from: number, pages: number): Buffer =>
  Buffer.concat([
    good.subarray(0, from * page),
    Buffer.alloc(pages * page),
    good.subarray((from + pages) * page),
  ]);

/** Where the rows of the table lie: its last leaf pages. */
function leavesOf(path: string, table: string): number[] {
  const bytes = readFileSync(path);
  const db = new DatabaseSync(path);
  const { rootpage } = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(table) as {
    rootpage: number;
  };
  db.close();
  // An interior page of a table: four bytes of a child in each cell, and the last child in its header.
  const at = (rootpage - 1) * page;
  if (bytes[at] !== 5) return [rootpage];
  const cells = bytes.readUInt16BE(at + 3);
  return Array.from({ length: cells }, (_, i) =>
    bytes.readUInt32BE(at + bytes.readUInt16BE(at + 12 + 2 * i)),
  );
}

describe('a damaged file', () => {
  async function damagedFile(damage: (good: Buffer, path: string) => Buffer): Promise<string> {
    const path = newPath();
    const store = await withMachine(path);
    await fill(store, 200);
    await commit(store, turn('m', 'm'));
    await store.close();
    writeFileSync(path, damage(readFileSync(path), path));
    return path;
  }

  const damages: readonly [string, (good: Buffer, path: string) => Buffer][] = [
    [
      'text instead of a database',
      () => Buffer.from('this is no database, whatever its name says. '.repeat(300)),
    ],
    ['pages of zeros in the middle', (good) => zeros(good, 40, 3)],
    ['nothing in it', () => Buffer.alloc(0)],
    ['the first half only', (good) => good.subarray(0, page * 30)],
  ];

  it.each(damages)('with %s is refused and left as it is where nobody can be told', async (_what, damage) => {
    const path = await damagedFile(damage);
    const bytes = readFileSync(path);
    expect(() => open(path)).toThrow(rejected('StoreDamaged'));
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it.each(damages)('with %s is moved aside, and a sound one goes on in its place', async (_what, damage) => {
    const path = await damagedFile(damage);
    const bytes = readFileSync(path);
    const told: ProductError[] = [];
    const store = open(path, (recovered) => told.push(recovered));
    expect(told).toEqual([rejected('StoreRecovered')]);
    const [aside] = readdirSync(folder).filter((name) => name.startsWith(`${files}.db.damaged-`));
    expect(told[0]?.message).toContain(aside);
    expect(readFileSync(join(folder, aside as string)).equals(bytes)).toBe(true);
    expect(await store.check?.()).toEqual([]);
    await store.putMachine({ id: 'm', name: 'PC', description: '', owner: 'me', unattendedSlots: 1 });
    const { lastSeq } = await store.marks();
    expect(await commit(store, request('new', 'm'))).toMatchObject([
      { done: true, events: [{ seq: lastSeq + 1 }] },
    ]);
    await store.close();
    // Told once.
    await open(path, () => expect.unreachable()).close();
  });

  it('without copy and journal loses the rows of the damaged page and no others, and its counts are right again', async () => {
    let lost = 0;
    const path = await damagedFile((good, path) => {
      const leaf = leavesOf(path, 'run')[3] as number;
      lost = good.readUInt16BE((leaf - 1) * page + 3);
      return zeros(good, leaf - 1, 1);
    });
    rmSync(`${path}.recovery`, { recursive: true });
    expect(lost).toBeGreaterThan(0);
    const store = open(path, () => {});
    const { queued, running } = await store.counts();
    expect(queued + running).toBe(200 - lost);
    expect(running).toBe(1);
    const runs = await store.list(300);
    const events = await store.events(0, 1e7);
    expect(new Set(events.map(({ runId }) => runId))).toEqual(new Set(runs.map(({ id }) => id)));
    // Whoever followed the events begins anew.
    const { lastSeq, prunedSeq } = await store.marks();
    expect([lastSeq, prunedSeq]).toEqual([201, 201]);
    // The limit of the queue counts what is really there.
    const limit = { queueLimit: queued + 1 };
    const outcomes = await commit(store, request('x', 'm', limit), request('y', 'm', limit));
    expect(outcomes.map(({ done }) => done)).toEqual([true, false]);
    const [{ claims = [] } = {}] = await commit(store, turn('m', 'm'));
    expect(claims).toEqual([]);
    await store.close();
  });

  it('without copy and journal keeps in sight, as lost, the runs whose flow can no longer be read', async () => {
    const path = await damagedFile((good, path) => zeros(good, (leavesOf(path, 'flow')[0] as number) - 1, 1));
    rmSync(`${path}.recovery`, { recursive: true });
    const store = open(path, () => {});
    const runs = await store.list(300);
    expect(runs).toHaveLength(200);
    expect(new Set(runs.map(({ state, error }) => `${state} ${error?.code}`))).toEqual(
      new Set(['Lost StoreRecovered']),
    );
    expect(await store.counts()).toEqual({ queued: 0, running: 0 });
    expect(await store.check?.()).toEqual([]);
    // The same flow again has its text.
    await commit(store, request('anew', 'm'));
    expect((await store.entry('anew'))?.flowText).toBe('SET X TO 1');
    expect((await store.get(runs[0]?.id as string))?.flow.hash).toBe('lost');
    await store.close();
  });

  it('is read together with its journal', async () => {
    const path = newPath();
    const store = await withMachine(path);
    await fill(store, 200);
    const backup = newPath();
    await (store.backup as NonNullable<FleetStore['backup']>)(backup);
    await commit(store, request('only in the journal', 'm'));
    // As after a kill: what is in the journal has not come into the file.
    const [file, journal] = [readFileSync(path), readFileSync(`${path}-wal`)];
    await store.close();
    const killed = newPath();
    writeFileSync(`${killed}-wal`, journal);
    writeFileSync(killed, file);
    expect(journal.length).toBeGreaterThan(0);
    const whole = open(killed);
    expect(await whole.get('only in the journal')).toBeDefined();
    expect(await whole.counts()).toEqual({ queued: 201, running: 0 });
    await whole.close();
    expect(existsSync(`${killed}-wal`)).toBe(false);
  });
});
