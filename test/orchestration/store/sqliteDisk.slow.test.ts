// A SQLite store on a disk that is full, and on one that cannot be written. Needs the right to mount one (root on Linux).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import type { FleetStore } from '../../../src/orchestration/store.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { facts, request, turn } from './contract.ts';

const mayMount = process.platform === 'linux' && process.getuid?.() === 0;
if (!mayMount)
  console.log('skipped: needs the right to mount a disk, get it by running the tests as root on Linux');

const rejected = (code: string) => expect.objectContaining({ code });
const open = (path: string) =>
  openFleetStore(openSqliteDatabase(path, sqliteMigrations, new FakeClock()), 60_000);

describe.skipIf(!mayMount)('a disk of two megabytes', () => {
  let disk = '';
  beforeEach(() => {
    disk = mkdtempSync(join(tmpdir(), 'dflow-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk]);
  });
  afterEach(() => {
    execFileSync('umount', [disk]);
    rmdirSync(disk);
  });

  async function withMachine(): Promise<FleetStore> {
    const store = open(join(disk, 'runs.db'));
    await store.putMachine({ id: 'm', name: 'PC', description: '', owner: 'me', unattendedSlots: 1 });
    await store.heartbeat('m', 'b', facts(), [], 60_000);
    return store;
  }

  it('that is full keeps what was accepted, refuses what comes, and goes on when there is space again', async () => {
    const store = await withMachine();
    const inputs = { Text: 'x'.repeat(20_000) };
    const accepted: string[] = [];
    let refused: unknown;
    for (let i = 0; refused === undefined && i < 1_000; i++) {
      try {
        await store.commit([request(`r${i}`, 'm', { run: { inputs } })], () => 0);
        accepted.push(`r${i}`);
      } catch (error) {
        refused = error;
      }
    }
    expect(refused).toEqual(rejected('DiskFull'));
    expect((await store.list(1_000)).map(({ id }) => id).sort()).toEqual(accepted.toSorted());
    await expect(store.backup?.(join(disk, 'copy.db'))).rejects.toEqual(rejected('DiskFull'));
    execFileSync('mount', ['-o', 'remount,size=16m', disk]);
    const [{ claims = [] } = {}] = await store.commit([turn('m', 'm')], () => 0);
    expect(claims.map(({ run }) => run.id)).toEqual([accepted[0]]);
    expect((await store.marks()).lastSeq).toBe(accepted.length + 1);
    expect(await store.check?.()).toEqual([]);
    await store.close();
  });

  it('that is full when the program starts gives DiskFull', () => {
    const filler = join(disk, 'filler');
    try {
      writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024));
    } catch {
      // Full is what it is to be.
    }
    expect(() => open(join(disk, 'runs.db'))).toThrow(rejected('DiskFull'));
    rmSync(filler);
  });

  it('that cannot be written gives StoreUnusable, and loses nothing', async () => {
    const store = await withMachine();
    await store.commit([request('r', 'm')], () => 0);
    await store.close();
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    expect(() => open(join(disk, 'runs.db'))).toThrow(rejected('StoreUnusable'));
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    const again = open(join(disk, 'runs.db'));
    expect(await again.counts()).toEqual({ queued: 1, running: 0 });
    await again.close();
  });
});
