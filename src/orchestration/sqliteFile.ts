// SQLite files of the data folder: opened durably, brought to the newest version, refused when they are damaged or newer than this
// program. Knows none of the tables.
import { chmodSync, closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { ProductError } from '../base/error.ts';

export type Row = Record<string, SQLOutputValue>;

/**
 * Opens a file, making or upgrading it where needed. `path` may be `:memory:`; `what` names the file for people. Entry `index` of
 * `migrations` brings it from version `index` to `index + 1`. A `shared` file may be open in other processes: it is not read through
 * for damages. Throws `NodeTooOld`, `StoreDamaged`, `StoreTooNew` or `StoreUnusable`; a file it cannot read is never changed.
 */
export function openFile(
  path: string,
  what: string,
  migrations: readonly string[],
  { shared = false }: { readonly shared?: boolean } = {},
): DatabaseSync {
  const { DatabaseSync } = sqliteModule();
  const made = path !== ':memory:' && !existsSync(path);
  return guarded(path, what, () => {
    if (path !== ':memory:' && process.platform !== 'win32') makePrivate(path, made);
    const db = new DatabaseSync(path, { timeout: 5_000, enableForeignKeyConstraints: true });
    try {
      if (!made) {
        if (path !== ':memory:' && !shared && statSync(path).size === 0)
          throw damaged(path, what, 'the file is empty');
        checkFile(db, path, what, migrations.length, shared);
      }
      if (pragma(db, 'journal_mode') !== 'wal') db.exec('PRAGMA journal_mode = WAL;');
      db.exec('PRAGMA synchronous = FULL;');
      migrate(db, migrations);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** For its owner only, whatever folder it is in; SQLite gives the files beside it the same mode. */
function makePrivate(path: string, made: boolean): void {
  try {
    if (made) closeSync(openSync(path, 'wx', 0o600));
    else chmodSync(path, 0o600);
  } catch {
    // Opening it says what is wrong with the place.
  }
}

/** `node:sqlite`, refused where its SQLite is older than 3.51.3: before that, concurrent checkpoints could damage a file in WAL mode. */
export function sqliteModule(): typeof import('node:sqlite') {
  const sqlite = process.getBuiltinModule?.('node:sqlite');
  const version = process.versions.sqlite;
  if (sqlite && version !== undefined && isSafeSqlite(version)) return sqlite;
  throw new ProductError(
    'NodeTooOld',
    `The agent cannot run on Node ${process.versions.node}${version ? `: its SQLite ${version} can damage its files` : ', which has no SQLite'}.`,
    'Use Node 22.22.3 or later, or 24.15 or later.',
  );
}

/** SQLite 3.51.3 came with Node 22.22.3 and 24.15.0. */
export function isSafeSqlite(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return major > 3 || (major === 3 && (minor > 51 || (minor === 51 && patch >= 3)));
}

const pragma = (db: DatabaseSync, name: string): SQLOutputValue | undefined =>
  first(db.prepare(`PRAGMA ${name}`).all())[name];

function checkFile(db: DatabaseSync, path: string, what: string, known: number, shared: boolean): void {
  const version = Number(pragma(db, 'user_version'));
  if (version > known) {
    throw new ProductError(
      'StoreTooNew',
      `The ${what} ${path} was written by a newer version of Desktop Flows (format ${version}, this version knows ${known}).`,
      'Use the newer version, or give this one a data folder of its own (DESKTOP_FLOWS_HOME).',
    );
  }
  if (shared) return;
  const finding = String(first(db.prepare('PRAGMA quick_check(1)').all()).quick_check);
  if (finding !== 'ok') throw damaged(path, what, finding);
}

function migrate(db: DatabaseSync, migrations: readonly string[]): void {
  const settings = [
    Number(pragma(db, 'synchronous')) === 2,
    Number(pragma(db, 'foreign_keys')) === 1,
    ['wal', 'memory'].includes(String(pragma(db, 'journal_mode'))),
  ];
  if (settings.includes(false))
    throw new Error('SQLite did not accept the settings that make its files durable');
  if (Number(pragma(db, 'user_version')) === migrations.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    // Again, now that nobody else can change it.
    for (const step of migrations.slice(Number(pragma(db, 'user_version')))) db.exec(step);
    db.exec(`PRAGMA user_version = ${migrations.length}`);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** What is wrong inside a file, one sentence each: pages, indexes, and rows whose counterparts are missing. Reads all of it. */
export function findingsIn(db: DatabaseSync): readonly string[] {
  const pages = db.prepare('PRAGMA integrity_check').all() as Row[];
  const orphans = db.prepare('PRAGMA foreign_key_check').all() as Row[];
  return [
    ...pages.map((row) => String(row.integrity_check)).filter((finding) => finding !== 'ok'),
    ...orphans.map(({ table, rowid, parent }) => `row ${rowid} of ${table} has no counterpart in ${parent}`),
  ];
}

/**
 * Copies a file while it is written to, and checks the copy, which `mark` may change then; `db` is used where there is no file (`:memory:`). Throws `BackupExists`,
 * `StoreDamaged`, `StoreUnusable`, `DiskFull`; then there is no copy.
 */
export async function backupFile(
  db: DatabaseSync,
  path: string,
  copy: string,
  what: string,
  mark: (copy: DatabaseSync) => void,
): Promise<void> {
  const { DatabaseSync, backup } = sqliteModule();
  if (existsSync(copy)) {
    throw new ProductError(
      'BackupExists',
      `There already is a file ${copy}, which a backup does not replace.`,
      'Name another file, or move that one away.',
    );
  }
  const part = `${copy}.part`;
  try {
    // A connection of its own sees one state of the file from beginning to end, and keeps nobody from writing.
    const source =
      path === ':memory:' ? db : guarded(path, what, () => new DatabaseSync(path, { readOnly: true }));
    try {
      rmSync(part, { force: true });
      // All pages in one step: a copy in several steps begins again whenever somebody writes.
      await backup(source, part, { rate: 2 ** 31 - 1 }).catch((error) =>
        guarded(copy, 'backup', () => fail(error)),
      );
    } finally {
      if (source !== db) source.close();
    }
    const made = guarded(part, 'backup', () => new DatabaseSync(part));
    try {
      const [finding] = guarded(part, 'backup', () => findingsIn(made));
      if (finding !== undefined) throw damaged(path, what, finding);
      guarded(part, 'backup', () => mark(made));
    } finally {
      made.close();
    }
    renameSync(part, copy);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

function fail(error: unknown): never {
  throw error;
}

export function first(rows: readonly Row[]): Row {
  const row = rows[0];
  if (!row) throw new Error('the store gave no row where there must be one');
  return row;
}

// ── errors ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Runs `work` in one immediate transaction; all of it is on disk when this returns, or nothing of it. Throws as `guarded`. */
export function inTransaction<T>(db: DatabaseSync, path: string, what: string, work: () => T): T {
  return guarded(path, what, () => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has already rolled back by itself after some errors (disk full).
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  });
}

/** Runs `work` and gives SQLite's own errors a code of the product. */
export function guarded<T>(path: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translate(path, what, error);
  }
}

function translate(path: string, what: string, error: unknown): unknown {
  const { code, errcode, message } = error as { code?: string; errcode?: number; message: string };
  if (code === 'ENOSPC') return diskFull(path, what, error);
  if (code !== 'ERR_SQLITE_ERROR' || errcode === undefined) return error;
  switch (errcode & 0xff) {
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return damaged(path, what, message);
    case 13: // SQLITE_FULL
      return diskFull(path, what, error);
    case 5: // SQLITE_BUSY
    case 8: // SQLITE_READONLY
    case 10: // SQLITE_IOERR
    case 14: // SQLITE_CANTOPEN
      return new ProductError(
        'StoreUnusable',
        `The ${what} ${path} cannot be read or written (${message}).`,
        'Check that the folder is on a local disk, is writable, and that no other program holds the file.',
        { cause: error },
      );
    default:
      return error;
  }
}

function diskFull(path: string, what: string, cause: unknown): ProductError {
  return new ProductError(
    'DiskFull',
    `The disk of the ${what} ${path} is full.`,
    'Free some space. Nothing that was accepted before is lost.',
    { cause },
  );
}

/** `StoreDamaged` with what was found. */
export function damaged(path: string, what: string, finding: string): ProductError {
  return new ProductError(
    'StoreDamaged',
    `The ${what} ${path} is damaged or is something else (${finding}). It was left as it is.`,
    'Put a backup in its place, or move it away, with the folder “.recovery” beside it where there is one, to begin with an empty one.',
  );
}
