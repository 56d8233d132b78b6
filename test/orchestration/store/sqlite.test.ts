// The store over SQLite: the contract in memory and in a file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Database } from '../../../src/orchestration/store/database.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { storeContract } from './contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

for (const [name, path] of [
  ['SQLite in memory', () => ':memory:'],
  ['SQLite in a file', () => join(folder, `${++files}.db`)],
] as const) {
  const clock = new FakeClock();
  storeContract(name, {
    open: async () => openSqliteDatabase(path(), sqliteMigrations, clock),
    // One program has the file: its other stores share the connection.
    again: async (database: Database) => borrowed(database),
    later: (ms) => clock.advance(ms),
    leaseMs: 60_000,
  });
}

/** A database whose owner closes it. */
function borrowed(database: Database): Database {
  return {
    dialect: database.dialect,
    onNotice: database.onNotice,
    transaction: (work) => database.transaction(work),
    read: (work) => database.read(work),
    announce: (topic) => database.announce(topic),
    close: async () => {},
  };
}
