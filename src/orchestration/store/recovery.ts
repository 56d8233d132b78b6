// How a damaged SQLite file is replaced: it is moved aside as it is, and a new one is made of the last copy and the journal beside it, or,
// where those do not suffice, of every row that can still be read. Knows none of the tables but `counter`.
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { ProductError } from '../../base/error.ts';
import type { Log } from '../../base/log.ts';
import { findingsIn, guarded, openFile, type Row, sqliteModule } from '../sqliteFile.ts';
import { type JournalFile, type JournalHead, markOf, Replay, setMark } from './journal.ts';
import { checksumOf, type Safeguard } from './safeguard.ts';

/** Where the end of a table cannot be read, it is looked for below this row … */
const mostRows = 2 ** 32;
/** … and given up after so many looks that failed. */
const mostFailures = 250_000;
const rowsAtOnce = 1_024;
/** Transactions between two lines of the log. */
const progressEvery = 2_000;

/** SQL for a store made of what could be read: `keeping` gives rows that are to stay their counterparts back, `repairs` brings the tables in line. */
export interface Mending {
  readonly keeping: string;
  readonly repairs: string;
}

/**
 * Replaces the damaged file at `path`, in which `finding` was found. It stays beside it with its write-ahead log, as `….damaged-TIME`. The
 * new one is made of the last copy and the journal of `safeguard`; where those do not lead up to the end, with the rows that can still be
 * read of the damaged file. Returns `StoreRecovered`, to be told to people, and whether nothing is missing. Throws `StoreTooNew`,
 * `StoreUnusable`, `DiskFull`; then the damaged file is where it was.
 */
export function recoverFile(
  path: string,
  what: string,
  migrations: readonly string[],
  mending: Mending,
  safeguard: Safeguard,
  now: number,
  log: Log | undefined,
): ProductError {
  const aside = `${path}.damaged-${new Date(now).toISOString().replace(/\D/g, '').slice(0, 14)}`;
  const made = `${path}.recovering`;
  const saved = `${path}.saved`;
  for (const file of [made, saved]) removeFiles(file);
  try {
    const { isWhole, kept } = guarded(path, what, () =>
      makeAgain(path, made, saved, migrations, mending, safeguard, log),
    );
    const wasThere = existsSync(path);
    safeguard.seal(made);
    moveFiles(path, aside);
    moveFiles(made, path);
    const counts = [...kept].filter(([, rows]) => rows > 0).map(([table, rows]) => `${rows} of ${table}`);
    const where = wasThere ? `was damaged. It was moved to ${aside}.` : 'was gone.';
    return isWhole
      ? new ProductError(
          'StoreRecovered',
          `The ${what} ${path} ${where} A new one was made from its copy and its journal, up to the last change.`,
          'Nothing is missing. Check the disk, and delete the file that was moved aside when you do not need it any more.',
        )
      : new ProductError(
          'StoreRecovered',
          `The ${what} ${path} ${where} Its journal does not reach to the end. Saved into a new one: ${counts.join(', ') || 'nothing, none of it could be read'}.`,
          'Look at the runs: what is missing was lost. Put a backup in its place if you have a better one, and check the disk.',
        );
  } catch (error) {
    removeFiles(made);
    throw error;
  } finally {
    removeFiles(saved);
  }
}

type Made = { readonly isWhole: boolean; readonly kept: ReadonlyMap<string, number> };

function makeAgain(
  path: string,
  made: string,
  saved: string,
  migrations: readonly string[],
  mending: Mending,
  safeguard: Safeguard,
  log: Log | undefined,
): Made {
  const replayed = replay(made, migrations, mending, safeguard, log);
  const mark = existsSync(path) ? markIn(path) : undefined;
  const isWhole = replayed?.isExact === true && (mark === undefined || mark <= replayed.mark);
  if (isWhole && (mark !== undefined || !existsSync(path))) return finish(made, new Map());
  let kept = new Map<string, number>();
  if (existsSync(path)) {
    log?.info('reading what is left of the damaged run store', { path });
    kept = copyReadable(path, saved, migrations, mending);
    // Where the damaged file does not say how far it came: rows that the journal does not know say that it came further.
    if (isWhole && !hasMore(saved, made)) return finish(made, new Map());
    if (replayed !== undefined) addMissing(saved, made, kept);
    removeFiles(made);
    moveFiles(saved, made);
  }
  withFile(made, (db) => {
    mend(db, kept, mending.keeping);
    db.exec(mending.repairs);
  });
  // A number that the journal never had: nothing leads up to here.
  withFile(made, (db) => db.prepare(setMark).run(Math.max(mark ?? 0, replayed?.mark ?? 0) + 2));
  return { ...finish(made, kept), isWhole: false };
}

/** On disk, in one file. */
function finish(made: string, kept: ReadonlyMap<string, number>): Made {
  withFile(made, (db) => db.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
  const file = openSync(made, 'r+');
  fsyncSync(file);
  closeSync(file);
  return { isWhole: true, kept };
}

function withFile<T>(path: string, work: (db: DatabaseSync) => T): T {
  const db = new (sqliteModule().DatabaseSync)(path, { enableForeignKeyConstraints: false });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

function markIn(path: string): number | undefined {
  try {
    const db = new (sqliteModule().DatabaseSync)(path, { readOnly: true });
    try {
      return markOf(db);
    } finally {
      db.close();
    }
  } catch {
    return undefined;
  }
}

// ── from the copy and the journal ───────────────────────────────────────────────────────────────────────────────────

/** Makes the file `made`. Undefined where there is neither copy nor journal; not exact where some of it is damaged or missing. */
function replay(
  made: string,
  migrations: readonly string[],
  mending: Mending,
  safeguard: Safeguard,
  log: Log | undefined,
): { mark: number; isExact: boolean } | undefined {
  const journals = safeguard.journals();
  const base = safeguard.base;
  const isSound = base !== undefined && checksumOf(base.path) === base.checksum;
  if (base === undefined && journals.length === 0) return undefined;
  if (isSound || (base === undefined && journals[0]?.head?.fresh === true)) {
    try {
      if (base !== undefined) {
        log?.info('taking the copy of the run store', { bytes: statSync(base.path).size });
        copyFileSync(base.path, made, constants.COPYFILE_FICLONE);
      }
      return { mark: redo(made, journals, migrations, log), isExact: true };
    } catch (error) {
      if (!(error instanceof Gap)) throw error;
      log?.warn('the journal of the run store does not lead up to the end', { reason: error.message });
      removeFiles(made);
    }
  }
  // What there is, in its order, each transaction by itself: what does not fit is left out.
  if (isSound) copyFileSync(base.path, made);
  else if (base !== undefined) copyReadable(base.path, made, migrations, mending);
  let mark = 0;
  for (const journal of journals) {
    const db = openFile(made, 'recovered store', migrations.slice(0, journal.head?.version), {
      shared: true,
    });
    try {
      db.exec('PRAGMA foreign_keys = OFF; BEGIN');
      mark = Math.max(mark, markOf(db) ?? 0);
      const again = new Replay(db);
      for (const record of journal.records()) {
        if (record.mark <= mark) continue;
        mark = record.mark;
        db.exec('SAVEPOINT one');
        try {
          again.apply(record);
        } catch {
          db.exec('ROLLBACK TO one');
        }
        db.exec('RELEASE one');
      }
      db.exec('COMMIT');
    } finally {
      db.close();
    }
  }
  openFile(made, 'recovered store', migrations).close();
  return { mark, isExact: false };
}

/** The journal does not go on where the store is, or does not have the effect it had. */
class Gap extends Error {}

/**
 * Does the transactions of the journal again that the file lacks, and brings it to the newest version in between as it was brought then.
 * Returns the number of the last one. Throws `Gap`, and what SQLite says; the file is then as it was or in the state of an earlier transaction.
 */
function redo(
  path: string,
  journals: readonly JournalFile[],
  migrations: readonly string[],
  log: Log | undefined,
): number {
  let mark: number | undefined;
  for (const [index, journal] of journals.entries()) {
    const { version, start } = journal.head as JournalHead;
    // Checked when all is done: not once for each part.
    const db = openFile(path, 'recovered store', migrations.slice(0, version), { shared: true });
    try {
      let reached = markOf(db) ?? 0;
      // The first one may begin before the copy was made.
      if (mark === undefined ? start > reached : start !== mark)
        throw new Gap(`transactions ${reached + 1} to ${start} are missing`);
      db.exec('BEGIN IMMEDIATE');
      const again = new Replay(db);
      for (const record of journal.records()) {
        if (record.mark <= reached) continue;
        if (record.mark !== reached + 1) throw new Gap(`transaction ${reached + 1} is missing`);
        try {
          again.apply(record);
        } catch (error) {
          throw new Gap((error as Error).message);
        }
        reached = record.mark;
        if (reached % progressEvery === 0)
          log?.info('doing the journal of the run store again', { transaction: reached });
      }
      db.exec('COMMIT');
      mark = Math.max(reached, journal.last ?? 0);
      log?.info('did a part of the journal again', {
        part: index + 1,
        of: journals.length,
        transaction: mark,
      });
    } finally {
      db.close();
    }
  }
  const db = openFile(path, 'recovered store', migrations);
  try {
    const [finding] = findingsIn(db);
    if (finding !== undefined) throw new Gap(finding);
    return markOf(db) ?? 0;
  } finally {
    db.close();
  }
}

/** Brings a sound file up to the end of the journal, whose last transactions it lacks. False where the journal does not fit to it. */
export function catchUp(
  path: string,
  migrations: readonly string[],
  journals: readonly JournalFile[],
  log: Log | undefined,
): boolean {
  const mark = markIn(path);
  const from = journals.findLastIndex(
    ({ head }) => head !== undefined && mark !== undefined && head.start <= mark,
  );
  if (from < 0) return false;
  try {
    redo(path, journals.slice(from), migrations, log);
    return true;
  } catch (error) {
    if (!(error instanceof Gap)) throw error;
    return false;
  }
}

// ── from the damaged file ───────────────────────────────────────────────────────────────────────────────────────────

/** Whether the file `saved` has rows that `made` lacks. */
function hasMore(saved: string, made: string): boolean {
  return withFile(made, (db) => {
    db.prepare('ATTACH ? AS saved').run(saved);
    return tablesOf(db).some((table) => {
      const keys = keysOf(db, table).join();
      const sql = `SELECT 1 FROM saved."${table}" WHERE (${keys}) NOT IN (SELECT ${keys} FROM main."${table}") LIMIT 1`;
      return table !== 'counter' && db.prepare(sql).get() !== undefined;
    });
  });
}

/** Adds the rows of `made` that the file `saved` lacks: what can be read of the damaged file is newer than the journal. */
function addMissing(saved: string, made: string, kept: Map<string, number>): void {
  withFile(saved, (db) => {
    db.prepare('ATTACH ? AS journal').run(made);
    db.exec('BEGIN IMMEDIATE');
    for (const table of tablesOf(db)) {
      const columns = columnsOf(db, table)
        .map((name) => `"${name}"`)
        .join();
      // Numbers that were given out are never given out again.
      const known =
        table === 'counter'
          ? 'ON CONFLICT DO UPDATE SET value = max(value, excluded.value)'
          : 'ON CONFLICT DO NOTHING';
      const { changes } = db
        .prepare(
          `INSERT INTO main."${table}" (${columns}) SELECT ${columns} FROM journal."${table}" WHERE true ${known}`,
        )
        .run();
      kept.set(table, (kept.get(table) ?? 0) + Number(changes));
    }
    db.exec('COMMIT');
  });
}

const tablesOf = (db: DatabaseSync): readonly string[] =>
  (
    db
      .prepare(`SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
      .all() as Row[]
  ).map(({ name }) => String(name));

const keysOf = (db: DatabaseSync, table: string): readonly string[] =>
  (db.prepare('SELECT name FROM pragma_table_info(?) WHERE pk > 0').all(table) as Row[]).map(
    ({ name }) => `"${name}"`,
  );

/** Copies what can be read of `path`, with its write-ahead log, into the new file `made`. Returns how many rows of each table. */
function copyReadable(
  path: string,
  made: string,
  migrations: readonly string[],
  { keeping }: Mending,
): Map<string, number> {
  const saved = new Map<string, number>();
  const old = new (sqliteModule().DatabaseSync)(path, { readOnly: true });
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
      target.exec('COMMIT');
      // Rows whose counterparts are missing may find them in the journal; what is to be brought to another version must be sound before.
      if (version < migrations.length) mend(target, saved, version > 0 ? keeping : '');
    } finally {
      target.close();
    }
  } finally {
    old.close();
  }
  openFile(made, 'recovered store', migrations).close();
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

/** Removes rows whose counterparts were lost, until none is left: removing one may leave others without theirs. */
function mend(target: DatabaseSync, saved: Map<string, number>, keeping: string): void {
  target.exec(keeping);
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
