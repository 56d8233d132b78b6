// A store whose file is damaged is made again from its copy and its journal: with runs in all states, events, schedules and connections,
// whatever the damage is; and what becomes of it when copy or journal are damaged, too.
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProductError } from '../../../src/base/error.ts';
import { Log, type LogLine } from '../../../src/base/log.ts';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import { openScheduleStore } from '../../../src/orchestration/store/schedules.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import type { Change, FleetStore } from '../../../src/orchestration/store.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { every, schedule, request as scheduled } from '../schedulesOf.ts';
import { change, facts, holderOf, request, server, turn } from './contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-recovery-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const page = 4_096;
const day = 24 * 3_600_000;
const error = { code: 'Boom', message: 'm', nextStep: 'n' };
const clock = new FakeClock();
const lines: LogLine[] = [];
const log = new Log('store', () => clock.now(), [(line) => lines.push(line)]);
let count = 0;
const newPath = () => join(folder, `${++count}.db`);

function open(path: string, told: ProductError[] = []) {
  const database = openSqliteDatabase(
    path,
    sqliteMigrations,
    clock,
    (recovered) => told.push(recovered),
    log,
  );
  return { database, store: openFleetStore(database, 60_000), told };
}

const commit = (store: FleetStore, ...changes: Change[]) => store.commit(changes, () => 0);

/** Everything that is in a store, as it says itself. */
function contentOf(path: string): unknown {
  const db = new DatabaseSync(path);
  try {
    const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`).all();
    return tables.map(({ name }) => {
      const keys = db.prepare('SELECT name FROM pragma_table_info(?) WHERE pk > 0').all(name as string);
      const order = keys.map((key) => key.name).join();
      return [name, db.prepare(`SELECT * FROM "${name}" ORDER BY ${order}`).all()];
    });
  } finally {
    db.close();
  }
}

/** Runs in all states with events, companions, texts over several pages; a connection, schedules that fired, a run that was deleted. */
async function fill(path: string, runs: number, length: number): Promise<ReturnType<typeof open>> {
  const opened = open(path);
  const { store, database } = opened;
  await store.putMachine({ id: 'm', name: 'PC', description: '', owner: 'me', unattendedSlots: 10 });
  await store.heartbeat('m', 'b', server, [], 60_000);
  for (let i = 0; i < runs; i++) {
    const text = `${i} ${'x'.repeat(i % 5 === 0 ? length : 50)}`;
    await commit(
      store,
      request(`r${i}`, 'm', {
        account: `u${i}`,
        run: { inputs: { Text: text }, flow: { name: 'F', path: '/F.robin', hash: `h${i % 9}` } },
        entry: { flowText: `${i % 9} ${text}`, companions: [{ path: 'c.json', text }] },
      }),
    );
    if (i % 3 === 0) await commit(store, { kind: 'moveToTop', runId: `r${i}` });
    if (i % 11 === 0) await commit(store, { kind: 'cancel', runId: `r${i}`, error });
    if (i % 4 !== 1) continue;
    const [{ claims = [] } = {}] = await commit(store, turn('m', 'm'));
    for (const [at, claim] of claims.entries()) {
      const holder = holderOf(claim);
      if (at % 5 !== 4) await commit(store, change(holder, 'Running', { startedAgo: 0 }));
      const last = (['Succeeded', 'Failed', 'TimedOut', 'Lost'] as const)[(i + at) % 5];
      if (last === undefined) continue;
      await commit(store, change(holder, last, { endedAgo: 0, ...(last !== 'Succeeded' && { error }) }));
    }
  }
  const connection = { id: 'c', name: 'Robot', queue: 'm', account: '.\\robot', owner: 'me', usable: true };
  await store.putConnection({ ...connection, credential: { kind: 'sealed' } }, new Uint8Array([0, 1, 255]));
  const schedules = openScheduleStore(database);
  for (const id of ['a', 'b'])
    await schedules.add(schedule(id, every(60, clock.now()), { request: scheduled('m') }));
  await clock.advance(120_000);
  await schedules.fire();
  await store.prune(10, day);
  return opened;
}

/** A store with its companions under another name. */
function copyOf(path: string): string {
  const copy = newPath();
  for (const suffix of ['', '-wal', '.recovery'])
    if (existsSync(path + suffix)) cpSync(path + suffix, copy + suffix, { recursive: true });
  return copy;
}

const journalsOf = (path: string): string[] =>
  readdirSync(`${path}.recovery`)
    .filter((name) => name.startsWith('journal-'))
    .sort()
    .map((name) => join(`${path}.recovery`, name));

const baseOf = (path: string): string | undefined => {
  const name = readdirSync(`${path}.recovery`).find((each) => each.startsWith('base-'));
  return name && join(`${path}.recovery`, name);
};

/** Time goes on until a copy is made, which is due after a day. */
async function waitForBase({ store }: { store: FleetStore }, path: string, before?: string): Promise<void> {
  await clock.advance(day + 1);
  await store.heartbeat('m', 'b', facts(), [], 60_000);
  const deadline = performance.now() + 20_000;
  while (baseOf(path) === before || baseOf(path) === undefined) {
    expect(performance.now()).toBeLessThan(deadline);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

type Damage = (path: string) => void;
const over = (path: string, at: number, bytes: Uint8Array): void => {
  const content = readFileSync(path);
  content.set(bytes.subarray(0, Math.max(0, content.length - at)), at);
  writeFileSync(path, content);
};
const randomBytes = (seed: number, length: number): Uint8Array => {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
};
const damages: fc.Arbitrary<readonly [string, Damage]> = fc.oneof(
  fc
    .uniqueArray(fc.tuple(fc.nat(), fc.option(fc.nat())), { minLength: 1, maxLength: 6 })
    .map((pages): readonly [string, Damage] => [
      `pages ${JSON.stringify(pages)}`,
      (path) => {
        const all = statSync(path).size / page;
        for (const [at, seed] of pages)
          over(path, (at % all) * page, seed === null ? new Uint8Array(page) : randomBytes(seed, page));
      },
    ]),
  fc
    .nat({ max: 999 })
    .map((share): readonly [string, Damage] => [
      `cut at ${share} ‰`,
      (path) => truncateSync(path, Math.floor((statSync(path).size * share) / 1_000)),
    ]),
  fc
    .nat({ max: 100 })
    .map((length): readonly [string, Damage] => [
      `no header (${length})`,
      (path) => over(path, 0, new Uint8Array(length + 16)),
    ]),
  fc.constant<readonly [string, Damage]>(['gone', (path) => rmSync(path)]),
);

describe.each([
  ['its journal from the beginning', false],
  ['its copy and the journal since', true],
])('a damaged file, made again from %s,', (_what, withBase) => {
  let closed = '';
  let killed = '';
  beforeAll(async () => {
    const path = newPath();
    const opened = await fill(path, 60, 9_000);
    if (withBase) {
      await waitForBase(opened, path);
      await commit(opened.store, ...[1, 2, 3].map((i) => request(`after ${i}`, 'm')));
    }
    // As a kill leaves it: part of it is in the write-ahead log only.
    killed = copyOf(path);
    await opened.store.close();
    closed = path;
  }, 60_000);

  it('has every run, event, schedule and connection as it was', async () => {
    const before = contentOf(copyOf(closed));
    await fc.assert(
      fc.asyncProperty(damages, async ([, damage]) => {
        const path = copyOf(closed);
        damage(path);
        const wasDamaged = !existsSync(path) || !readFileSync(path).equals(readFileSync(closed));
        const { store, told } = open(path);
        expect(told.map(({ code }) => code)).toEqual(wasDamaged ? ['StoreRecovered'] : []);
        if (wasDamaged) expect(told[0]?.nextStep).toContain('Nothing is missing');
        expect(await store.check?.()).toEqual([]);
        await store.close();
        expect(contentOf(path)).toEqual(before);
        // Told once.
        const again = open(path);
        expect(again.told).toEqual([]);
        await again.store.close();
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  it.each<readonly [string, Damage]>([
    ['the header of the file', (path) => over(path, 0, new Uint8Array(100))],
    ['half of the file', (path) => truncateSync(path, page * 5)],
    ['the write-ahead log', (path) => rmSync(`${path}-wal`)],
    ['a page of the write-ahead log', (path) => over(`${path}-wal`, 60_000, new Uint8Array(page))],
    ['all of it', (path) => [path, `${path}-wal`].forEach((file) => void rmSync(file))],
  ])('after a kill, without %s', async (_lost, damage) => {
    const whole = copyOf(killed);
    const before = contentOf(whole);
    const path = copyOf(killed);
    damage(path);
    const { store } = open(path);
    expect(await store.check?.()).toEqual([]);
    await store.close();
    expect(contentOf(path)).toEqual(before);
  });

  it('goes on from there, and is made again when it is damaged once more', async () => {
    const path = copyOf(closed);
    truncateSync(path, 100);
    const { store } = open(path);
    const { lastSeq } = await store.marks();
    expect(await commit(store, request('new', 'm'))).toMatchObject([{ events: [{ seq: lastSeq + 1 }] }]);
    await store.close();
    truncateSync(path, 200);
    const again = open(path);
    expect(again.told).toHaveLength(1);
    expect(await again.store.get('new')).toMatchObject({ state: 'Queued' });
    await again.store.close();
  });

  it('says how far it is', async () => {
    const path = copyOf(closed);
    truncateSync(path, 100);
    lines.length = 0;
    await open(path).store.close();
    const said = lines.map(({ message }) => message);
    expect(said).toContain('the run store is damaged');
    expect(said).toContain('did a part of the journal again');
    if (withBase) expect(said).toContain('taking the copy of the run store');
  });

  it('keeps a transaction that was in the journal when the program ended before its commit, and one that is torn away', async () => {
    const path = copyOf(closed);
    const { store } = open(path);
    const before = readFileSync(path);
    await commit(store, request('unanswered', 'm'));
    await store.close();
    writeFileSync(path, before);
    const again = open(path);
    expect(again.told).toEqual([]);
    expect(await again.store.get('unanswered')).toMatchObject({ state: 'Queued' });
    await commit(again.store, request('torn', 'm'));
    await again.store.close();
    // Power fails: the end of the journal had not come to the disk, the store had.
    const newest = journalsOf(path).at(-1) as string;
    truncateSync(newest, statSync(newest).size - 3);
    const later = open(path);
    expect(later.told).toEqual([]);
    expect(await later.store.get('torn')).toMatchObject({ state: 'Queued' });
    await later.store.close();
  });
});

describe('when copy or journal are damaged, too,', () => {
  let closed = '';
  let runs: string[] = [];
  beforeAll(async () => {
    closed = newPath();
    const opened = await fill(closed, 40, 50);
    await waitForBase(opened, closed);
    await commit(opened.store, ...[1, 2, 3].map((i) => request(`after ${i}`, 'm')));
    runs = (await opened.store.list(1_000)).map(({ id }) => id).sort();
    await opened.store.close();
  }, 60_000);

  const idsAfter = async (path: string) => {
    const { store, told } = open(path);
    const ids = (await store.list(1_000)).map(({ id }) => id).sort();
    expect(await store.check?.()).toEqual([]);
    await store.close();
    expect(told).toMatchObject([{ code: 'StoreRecovered' }]);
    return { ids, said: `${told[0]?.message} ${told[0]?.nextStep}` };
  };

  it('a torn journal is completed from what can be read of the file', async () => {
    const path = copyOf(closed);
    for (const journal of journalsOf(path)) truncateSync(journal, Math.min(statSync(journal).size, 300));
    over(path, 30 * page, new Uint8Array(page));
    const { ids, said } = await idsAfter(path);
    expect(said).toContain('does not reach to the end');
    expect(ids).toEqual(expect.arrayContaining(runs.filter((id) => !id.startsWith('after'))));
  });

  it('a journal without its copy gives what was requested since, the file the rest', async () => {
    const path = copyOf(closed);
    rmSync(baseOf(path) as string);
    over(path, 0, new Uint8Array(100));
    const { ids, said } = await idsAfter(path);
    expect(said).toContain('what is missing was lost');
    expect(ids).toEqual([]);
    const readable = copyOf(closed);
    rmSync(baseOf(readable) as string);
    over(readable, 30 * page, new Uint8Array(page));
    const other = await idsAfter(readable);
    expect(other.ids.length).toBeGreaterThan(runs.length / 2);
  });

  it('a damaged copy is not taken for a good one', async () => {
    const path = copyOf(closed);
    const base = baseOf(path) as string;
    over(base, 0, new Uint8Array(100));
    over(path, 0, new Uint8Array(100));
    const { said } = await idsAfter(path);
    expect(said).toContain('what is missing was lost');
    expect(said).not.toContain('Nothing is missing');
  });
});

describe('copy and journal', () => {
  it.skipIf(process.platform === 'win32')('can be read by their owner only', async () => {
    const path = newPath();
    const opened = await fill(path, 5, 50);
    await waitForBase(opened, path);
    await opened.store.close();
    expect(statSync(`${path}.recovery`).mode & 0o777).toBe(0o700);
    const names = readdirSync(`${path}.recovery`);
    expect(names.map((name) => name.split('-')[0]).sort()).toEqual(['base', 'journal', 'seal']);
    for (const name of names) expect(statSync(join(`${path}.recovery`, name)).mode & 0o777, name).toBe(0o600);
  });

  it('no longer have a deleted run a day later, nor grow without end', async () => {
    const path = newPath();
    const opened = open(path);
    const { store } = opened;
    await store.putMachine({ id: 'm', name: 'PC', description: '', owner: 'me', unattendedSlots: 1 });
    await commit(store, request('secret', 'm', { run: { inputs: { Text: 'to be forgotten' } } }));
    await commit(store, { kind: 'cancel', runId: 'secret', error });
    const has = () =>
      readdirSync(`${path}.recovery`).filter((name) =>
        readFileSync(join(`${path}.recovery`, name)).includes('to be forgotten'),
      );
    await waitForBase(opened, path);
    expect(has()).toHaveLength(1);
    const first = baseOf(path);
    await clock.advance(60_000);
    await store.prune(0, day);
    expect(await store.get('secret')).toBeUndefined();
    await waitForBase(opened, path, first);
    expect(has()).toEqual([]);
    // More than the journal may hold.
    const second = baseOf(path);
    const inputs = { Text: 'x'.repeat(2_000_000) };
    for (let i = 0; i < 10; i++) await commit(store, request(`big ${i}`, 'm', { run: { inputs } }));
    await commit(store, request('one more', 'm'));
    const deadline = performance.now() + 20_000;
    while (baseOf(path) === second) {
      expect(performance.now()).toBeLessThan(deadline);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const size = journalsOf(path).reduce((sum, file) => sum + statSync(file).size, 0);
    // Some came while the copy was made.
    expect(size).toBeLessThan(6_000_000);
    await store.close();
  }, 60_000);

  it('follow a backup that takes the place of the store', async () => {
    const path = newPath();
    const { store } = await fill(path, 5, 50);
    const backup = newPath();
    await store.backup?.(backup);
    await commit(store, request('later', 'm'));
    await store.close();
    renameSync(backup, path);
    const restored = open(path);
    expect(restored.told).toEqual([]);
    expect(await restored.store.get('later')).toBeUndefined();
    await restored.store.close();
    expect(readdirSync(folder).filter((name) => name.startsWith(`${basename(path)}.damaged`))).toEqual([]);
  });

  it('that cannot be written keep no run from being accepted, and are made later', async () => {
    const path = newPath();
    const opened = await fill(path, 5, 50);
    await opened.store.close();
    const recovery = `${path}.recovery`;
    rmSync(recovery, { recursive: true });
    writeFileSync(recovery, 'in the way');
    const again = open(path);
    expect(await commit(again.store, request('accepted', 'm'))).toMatchObject([{ done: true }]);
    expect(lines.at(-1)?.message).toBe('the journal of the run store cannot be written');
    rmSync(recovery);
    await clock.advance(60_001);
    await commit(again.store, request('next', 'm'));
    const deadline = performance.now() + 20_000;
    while (!existsSync(recovery) || baseOf(path) === undefined) {
      expect(performance.now()).toBeLessThan(deadline);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await again.store.close();
    truncateSync(path, 50);
    const recovered = open(path);
    expect(recovered.told[0]?.nextStep).toContain('Nothing is missing');
    expect(await recovered.store.get('accepted')).toMatchObject({ state: 'Queued' });
    await recovered.store.close();
  });
});
