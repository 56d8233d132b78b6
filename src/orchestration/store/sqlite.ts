// The database of one machine: a SQLite file in its data folder, in this process. Every transaction is flushed to disk before it
// resolves. Knows no table.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Clock } from '../../base/clock.ts';
import { ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import { backupFile, findingsIn, guarded, openFile } from '../sqliteFile.ts';
import { type Database, type Row, type Sql, sqliteDialect, translate, type Value } from './database.ts';
import { recoverFile } from './recovery.ts';
import { sqliteRepairs } from './schema.ts';

const what = 'run store';

/**
 * Opens a file, making or upgrading it where needed; `path` may be `:memory:`. Entry `index` of `migrations` brings it from version
 * `index` to `index + 1`. A damaged file is moved aside and what can be read of it goes on in a new one when there is somebody to tell:
 * `tell` hears of it (`StoreRecovered`), and must let people know. Throws as `openFile`, `StoreDamaged` only without `tell`.
 */
export function openSqliteDatabase(
  path: string,
  migrations: readonly string[],
  clock: Clock,
  tell?: (recovered: ProductError) => void,
): Database {
  const steps = migrations.map((migration) => translate(migration, sqliteDialect));
  try {
    return new SqliteDatabase(openFile(path, what, steps), path, clock);
  } catch (error) {
    if (tell === undefined || !(error instanceof ProductError) || error.code !== 'StoreDamaged') throw error;
    tell(recoverFile(path, what, steps, sqliteRepairs, clock.now()));
    return new SqliteDatabase(openFile(path, what, steps), path, clock);
  }
}

class SqliteDatabase implements Database {
  readonly dialect = sqliteDialect;
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #statements = new Map<string, StatementSync>();
  #tail: Promise<unknown> = Promise.resolve();

  /** Nobody else has the file. */
  readonly onNotice = new Emitter<string>().event;

  constructor(db: DatabaseSync, path: string, clock: Clock) {
    this.#db = db;
    this.#path = path;
    this.#clock = clock;
  }

  transaction<T>(work: (sql: Sql, now: number) => Promise<T>): Promise<T> {
    return this.#inTurn(async (sql) => {
      this.#guard(() => this.#prepared('BEGIN IMMEDIATE').run());
      try {
        const done = await work(sql, this.#clock.now());
        sql.end();
        this.#guard(() => this.#prepared('COMMIT').run());
        return done;
      } catch (error) {
        sql.end();
        // SQLite has already rolled back by itself after some errors (disk full).
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#inTurn(work);
  }

  /** One after the other: there is one connection, and `work` may wait in between. */
  #inTurn<T>(work: (sql: Statements) => Promise<T>): Promise<T> {
    const result = this.#tail.then(() =>
      work(new Statements((statement) => this.#prepared(statement), this.#path)),
    );
    this.#tail = result.catch(() => {});
    return result;
  }

  async announce(): Promise<void> {}

  async backup(path: string): Promise<void> {
    await backupFile(this.#db, this.#path, path, what);
  }

  check(): Promise<readonly string[]> {
    return this.#inTurn(async () => this.#guard(() => findingsIn(this.#db)));
  }

  async close(): Promise<void> {
    await this.#tail;
    // Folds the write-ahead log into the file, so that a stopped agent leaves one file behind.
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#db.close();
  }

  #prepared(statement: string): StatementSync {
    let prepared = this.#statements.get(statement);
    if (prepared === undefined) {
      prepared = this.#db.prepare(translate(statement, sqliteDialect));
      this.#statements.set(statement, prepared);
    }
    return prepared;
  }

  #guard<T>(work: () => T): T {
    return guarded(this.#path, what, work);
  }
}

/** The statements of one piece of work. Whatever it leaves behind when it has ended must not run in the next one. */
class Statements implements Sql {
  readonly #prepared: (statement: string) => StatementSync;
  readonly #path: string;
  #ended = false;

  constructor(prepared: (statement: string) => StatementSync, path: string) {
    this.#prepared = prepared;
    this.#path = path;
  }

  async all(statement: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return this.#use(statement, (prepared) => prepared.all(...values) as Row[]);
  }

  async run(statement: string, ...values: readonly Value[]): Promise<number> {
    return this.#use(statement, (prepared) => Number(prepared.run(...values).changes));
  }

  send(statement: string, ...values: readonly Value[]): void {
    this.#use(statement, (prepared) => prepared.run(...values));
  }

  end(): void {
    this.#ended = true;
  }

  #use<T>(statement: string, work: (prepared: StatementSync) => T): T {
    if (this.#ended) throw new Error('a statement came after the end of its transaction');
    return guarded(this.#path, what, () => work(this.#prepared(statement)));
  }
}
