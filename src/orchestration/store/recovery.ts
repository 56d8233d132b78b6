// What can be saved of a damaged SQLite file: the file is moved aside as it is, and every row that can still be read goes into a new one
// in its place. Knows none of the tables.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { ProductError } from '../../base/error.ts';
import { findingsIn, guarded, openFile, type Row, sqliteModule } from '../sqliteFile.ts';

/** Where the end of a table cannot be read, it is looked for below this row … */
const mostRows = 2 ** 32;
/** … and given up after so many looks that failed. */
const mostFailures = 250_000;
const rowsAtOnce = 1_024;

/**
 * Replaces the damaged file at `path`. The file and its journal stay beside it, as `….damaged-TIME`; `now` gives the time. Rows that
 * cannot be read, and rows whose counterparts are lost, are missing from the new file; `repairs` is SQL that brings its tables in line
 * again. Returns `StoreRecovered`, to be told to people. Throws `StoreTooNew`, `StoreUnusable`, `DiskFull`; then the damaged file is where
 * it was.
 */
export function recoverFile(
  path: string,
  what: string,
  migrations: readonly string[],
  repairs: string,
  now: number,
): ProductError {
  const aside = `${path}.damaged-${new Date(now).toISOString().replace(/\D/g, '').slice(0, 14)}`;
  const made = `${path}.recovering`;
  removeFiles(made);
  try {
    const saved = guarded(path, what, () => copyReadable(path, made, migrations, repairs));
    moveFiles(path, aside);
    moveFiles(made, path);
    const counts = [...saved].filter(([, rows]) => rows > 0).map(([table, rows]) => `${rows} of ${table}`);
    return new ProductError(
      'StoreRecovered',
      `The ${what} ${path} was damaged. It was moved to ${aside}. Saved into a new one: ${counts.join(', ') || 'nothing, none of it could be read'}.`,
      'Look at the runs: what is missing was lost. Put a backup in its place if you have a better one, and check the disk.',
    );
  } catch (error) {
    removeFiles(made);
    throw error;
  }
}

/** Copies what can be read of `path`, with its journal, into the new file `made`. Returns how many rows of each table. */
function copyReadable(
  path: string,
  made: string,
  migrations: readonly string[],
  repairs: string,
): ReadonlyMap<string, number> {
  const { DatabaseSync } = sqliteModule();
  const saved = new Map<string, number>();
  const old = new DatabaseSync(path, { readOnly: true });
  try {
    const { version, tables } = outline(old);
    const target = openFile(made, 'recovered store', migrations.slice(0, version));
    try {
      target.exec('PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE');
      for (const table of tables) {
        if (columnsOf(target, table).length === 0) continue;
        // What the migrations put there is in the old file, too.
        target.exec(`DELETE FROM "${table}"`);
        saved.set(table, copyTable(old, target, table));
      }
      removeOrphans(target, saved);
      target.exec('COMMIT');
    } finally {
      target.close();
    }
  } finally {
    old.close();
  }
  const target = openFile(made, 'recovered store', migrations);
  target.exec(repairs);
  target.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  target.close();
  const file = openSync(made, 'r+');
  fsyncSync(file);
  closeSync(file);
  return saved;
}

/** Version and tables of a file; no version and none where even those cannot be read. */
function outline(db: DatabaseSync): { version: number; tables: readonly string[] } {
  try {
    const [version] = db.prepare('PRAGMA user_version').all() as Row[];
    const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all() as Row[];
    return { version: Number(version?.user_version), tables: tables.map(({ name }) => String(name)) };
  } catch {
    return { version: 0, tables: [] };
  }
}

const columnsOf = (db: DatabaseSync, table: string): readonly string[] =>
  (db.prepare('SELECT name FROM pragma_table_info(?)').all(table) as Row[]).map(({ name }) => String(name));

/** Every row that can be read, also behind pages that cannot: ranges of rows that fail are halved until only the lost rows are left. */
function copyTable(old: DatabaseSync, target: DatabaseSync, table: string): number {
  const columns = columnsOf(target, table).map((name) => `"${name}"`);
  const [kind] = target.prepare('SELECT wr FROM pragma_table_list(?)').all(table) as Row[];
  if (Number(kind?.wr) === 1) return copyInOrder(old, target, table, columns);
  const insert = target.prepare(
    `INSERT OR IGNORE INTO "${table}" (rowid, ${columns.join()}) VALUES (?, ${columns.map(() => '?').join()})`,
  );
  const select = old.prepare(
    `SELECT rowid AS "rowid of it", ${columns.join()} FROM "${table}" WHERE rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?`,
  );
  select.setReturnArrays(true);
  let failures = 0;
  let copied = 0;
  const ranges: [number, number][] = [[1, lastRow(old, table)]];
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const [from, to] = range;
    let rows: SQLInputValue[][];
    try {
      // No step beyond the last row that is wanted: it may be the last one before the damage.
      rows = select.all(from, to, Math.min(rowsAtOnce, to - from + 1)) as unknown as SQLInputValue[][];
    } catch {
      if (++failures === mostFailures) break;
      if (from < to) {
        const middle = Math.floor((from + to) / 2);
        ranges.push([middle + 1, to], [from, middle]);
      }
      continue;
    }
    for (const row of rows) copied += Number(insert.run(...row).changes);
    const last = rows.at(-1)?.[0];
    if (rows.length === rowsAtOnce && Number(last) < to) ranges.push([Number(last) + 1, to]);
  }
  return copied;
}

/** A table whose rows have no numbers: up to the first that cannot be read. */
function copyInOrder(
  old: DatabaseSync,
  target: DatabaseSync,
  table: string,
  columns: readonly string[],
): number {
  const insert = target.prepare(
    `INSERT OR IGNORE INTO "${table}" (${columns.join()}) VALUES (${columns.map(() => '?').join()})`,
  );
  const select = old.prepare(`SELECT ${columns.join()} FROM "${table}"`);
  select.setReturnArrays(true);
  let copied = 0;
  try {
    for (const row of select.iterate() as unknown as Iterable<SQLInputValue[]>)
      copied += Number(insert.run(...row).changes);
  } catch {
    // The rest is lost.
  }
  return copied;
}

function lastRow(db: DatabaseSync, table: string): number {
  try {
    const [row] = db.prepare(`SELECT max(rowid) AS last FROM "${table}"`).all() as Row[];
    return Number(row?.last ?? 0);
  } catch {
    return mostRows;
  }
}

/** Rows whose counterparts were lost, until none is left: removing one may leave others without theirs. */
function removeOrphans(target: DatabaseSync, saved: Map<string, number>): void {
  for (;;) {
    const orphans = target.prepare('PRAGMA foreign_key_check').all() as Row[];
    if (orphans.length === 0) break;
    for (const { table, rowid } of orphans) {
      const name = String(table);
      const { changes } = target.prepare(`DELETE FROM "${name}" WHERE rowid = ?`).run(rowid as number);
      saved.set(name, (saved.get(name) ?? 0) - Number(changes));
    }
  }
  const [finding] = findingsIn(target);
  if (finding !== undefined) throw new Error(`the recovered store is not sound: ${finding}`);
}

const suffixes = ['', '-wal', '-shm'];

function moveFiles(from: string, to: string): void {
  for (const suffix of suffixes) if (existsSync(from + suffix)) renameSync(from + suffix, to + suffix);
}

function removeFiles(path: string): void {
  for (const suffix of suffixes) rmSync(path + suffix, { force: true });
}
