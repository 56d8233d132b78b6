// The database of one machine: a SQLite file in its data folder, in this process. Every transaction is in the journal beside the file
// before it is committed, and flushed to disk before it resolves. Knows no table.
import { existsSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Clock } from '../../base/clock.ts';
import { ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import { backupFile, damaged, findingsIn, guarded, openFile } from '../sqliteFile.ts';
import { type Database, type Row, type Sql, sqliteDialect, translate, type Value } from './database.ts';
import { copyMark, givesRows, markOf, type Statement, setMark } from './journal.ts';
import { catchUp, recoverFile } from './recovery.ts';
import { Safeguard } from './safeguard.ts';
import { sqliteKeeping, sqliteRepairs } from './schema.ts';

const what = 'run store';

/**
 * Opens a file, making or upgrading it where needed; `path` may be `:memory:`. Entry `index` of `migrations` brings it from version
 * `index` to `index + 1`. A file that is damaged, gone, or behind its journal is made again when there is somebody to tell: `tell` hears of
 * it (`StoreRecovered`), and must let people know; `log` has the progress. Throws as `openFile`, `StoreDamaged` only without `tell`.
 */
export function openSqliteDatabase(
  path: string,
  migrations: readonly string[],
  clock: Clock,
  tell?: (recovered: ProductError) => void,
  log?: Log,
): Database {
  const steps = migrations.map((migration) => translate(migration, sqliteDialect));
  if (path === ':memory:') return new SqliteDatabase(openFile(path, what, steps), path, clock);
  const safeguard = new Safeguard(path, clock, log);
  const open = () => openGuarded(path, steps, safeguard, log);
  const opened = (db: DatabaseSync) => new SqliteDatabase(db, path, clock, safeguard);
  try {
    return opened(open());
  } catch (error) {
    if (tell === undefined || !(error instanceof ProductError) || error.code !== 'StoreDamaged') throw error;
    log?.warn('the run store is damaged', { finding: error.message });
    tell(
      recoverFile(
        path,
        what,
        steps,
        { keeping: sqliteKeeping, repairs: sqliteRepairs },
        safeguard,
        clock.now(),
        log,
      ),
    );
    return opened(open());
  }
}

/** The file, once it and its journal are at the same transaction. Throws as `openFile`. */
function openGuarded(
  path: string,
  steps: readonly string[],
  safeguard: Safeguard,
  log: Log | undefined,
): DatabaseSync {
  const journals = safeguard.journals();
  const made = !existsSync(path);
  if (made && (journals.length > 0 || safeguard.base !== undefined))
    throw damaged(path, what, 'it is gone, but not its journal');
  const { isChanged } = safeguard;
  let db = openFile(path, what, steps);
  try {
    let mark = markOf(db) ?? 0;
    const last = journals.at(-1)?.last;
    const isCopy = mark === copyMark;
    if (isCopy) {
      // Somebody put a backup in its place.
      safeguard.forget();
      mark = 0;
      db.prepare(setMark).run(mark);
    } else if (last !== undefined && mark < last) {
      // The program ended between the journal and the commit, or what was in the write-ahead log is gone.
      db.close();
      if (!catchUp(path, steps, journals, log)) throw damaged(path, what, `it ends before its journal`);
      db = openFile(path, what, steps, { shared: true });
      mark = last;
    } else if (last === mark && isChanged) throw damaged(path, what, 'it was changed after it was closed');
    const leads = made || (!isCopy && last === mark && safeguard.canStart(journals));
    safeguard.begin(mark, steps.length, leads ? journals : undefined);
    return db;
  } catch (error) {
    if (db.isOpen) db.close();
    throw error;
  }
}

class SqliteDatabase implements Database {
  readonly dialect = sqliteDialect;
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #safeguard: Safeguard | undefined;
  /** Number of the last transaction that changed something. */
  #mark: number;
  readonly #statements = new Map<string, StatementSync>();
  #tail: Promise<unknown> = Promise.resolve();

  /** Nobody else has the file. */
  readonly onNotice = new Emitter<string>().event;

  constructor(db: DatabaseSync, path: string, clock: Clock, safeguard?: Safeguard) {
    this.#db = db;
    this.#path = path;
    this.#clock = clock;
    this.#safeguard = safeguard;
    this.#mark = markOf(db) ?? 0;
  }

  transaction<T>(work: (sql: Sql, now: number) => Promise<T>): Promise<T> {
    return this.#inTurn(async (sql) => {
      this.#guard(() => this.#prepared('BEGIN IMMEDIATE').run());
      try {
        const done = await work(sql, this.#clock.now());
        sql.end();
        this.#guard(() => this.#commit(sql.changes));
        return done;
      } catch (error) {
        sql.end();
        // SQLite has already rolled back by itself after some errors (disk full).
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  #commit(changes: readonly Statement[]): void {
    const guarded = changes.length > 0 ? this.#safeguard : undefined;
    if (guarded !== undefined) this.#prepared(setMark).run(this.#mark + 1);
    guarded?.write(this.#mark + 1, changes);
    try {
      this.#prepared('COMMIT').run();
    } catch (error) {
      guarded?.undo();
      throw error;
    }
    if (guarded !== undefined) this.#mark++;
  }

  read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#inTurn(work);
  }

  /** One after the other: there is one connection, and `work` may wait in between. */
  #inTurn<T>(work: (sql: Statements) => Promise<T>): Promise<T> {
    const result = this.#tail.then(() =>
      work(
        new Statements((statement) => this.#prepared(statement), this.#path, this.#safeguard !== undefined),
      ),
    );
    this.#tail = result.catch(() => {});
    return result;
  }

  async announce(): Promise<void> {}

  async backup(path: string): Promise<void> {
    await backupFile(this.#db, this.#path, path, what, (copy) => copy.prepare(setMark).run(copyMark));
  }

  check(): Promise<readonly string[]> {
    return this.#inTurn(async () => this.#guard(() => findingsIn(this.#db)));
  }

  async close(): Promise<void> {
    await this.#tail;
    // Folds the write-ahead log into the file, so that a stopped agent leaves one file behind.
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#db.close();
    await this.#safeguard?.close();
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
  readonly #isKept: boolean;
  #ended = false;
  /** What changed something, for the journal. */
  readonly changes: Statement[] = [];

  constructor(prepared: (statement: string) => StatementSync, path: string, isKept: boolean) {
    this.#prepared = prepared;
    this.#path = path;
    this.#isKept = isKept;
  }

  async all(statement: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return this.#use(statement, (prepared) => {
      const rows = prepared.all(...values) as Row[];
      if (givesRows(statement)) this.#keep(prepared, rows.length, values);
      return rows;
    });
  }

  async run(statement: string, ...values: readonly Value[]): Promise<number> {
    return this.#run(statement, values);
  }

  send(statement: string, ...values: readonly Value[]): void {
    this.#run(statement, values);
  }

  end(): void {
    this.#ended = true;
  }

  #run(statement: string, values: readonly Value[]): number {
    return this.#use(statement, (prepared) => {
      const rows = Number(prepared.run(...values).changes);
      this.#keep(prepared, rows, values);
      return rows;
    });
  }

  #keep(prepared: StatementSync, rows: number, values: readonly Value[]): void {
    if (this.#isKept && rows > 0) this.changes.push([prepared.sourceSQL, rows, ...values]);
  }

  #use<T>(statement: string, work: (prepared: StatementSync) => T): T {
    if (this.#ended) throw new Error('a statement came after the end of its transaction');
    return guarded(this.#path, what, () => work(this.#prepared(statement)));
  }
}
