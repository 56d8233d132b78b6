// The database of a group of machines: PostgreSQL 14 or later, shared by several orchestrators. Its clock rules; a notice reaches all
// of them. Knows no table.
import type { Client, Pool, PoolClient } from 'pg';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { Disposable } from '../../base/disposable.ts';
import { ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import { type Database, postgresDialect, type Row, type Sql, translate, type Value } from './database.ts';

export interface PostgresOptions {
  /** `postgres://user@host:port/database`; the password comes from `PGPASSWORD`, `.pgpass` or the address, and is never shown. */
  readonly address: string;
  /** Entry `index` brings the database from version `index` to `index + 1`. */
  readonly migrations: readonly string[];
  /** Most connections besides the one that listens. */
  readonly connections?: number;
  /** For the pause before it listens again; the time of runs is that of the database. */
  readonly clock?: Clock;
}

const channel = 'desktop_flows';
/** Key of the advisory lock under which one program at a time brings the tables up to date. */
const migrationLock = 716_402_911;
/** A transaction that somebody forgot would keep old rows alive and make every claim slower. */
const idleInTransactionMs = 30_000;
const statementMs = 30_000;
const connectMs = 10_000;
/**
 * The plans of our statements are those the indexes were made for, also where the planner has not counted the rows yet: a plan that was
 * good for an empty table would be kept for a long queue.
 */
export const planning =
  'SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off';
/**
 * The database asks to try again, or another transaction was first, which the next try will see: serialization failure, deadlock, a
 * name or identifier that came twice at once, a text that was pruned while a run of it came.
 */
const repeatable: ReadonlySet<string | undefined> = new Set(['40001', '40P01', '23505', '23503']);
const mostAttempts = 5;
const listenAgainMs = 1_000;

/**
 * Connects and brings the tables up to date; several programs may do so at once. Throws `DatabaseUnreachable`, `DatabaseRefused`,
 * `StoreTooNew`.
 */
export async function openPostgresDatabase(options: PostgresOptions): Promise<Database> {
  const { default: pg } = await import('pg');
  const shown = shownAddress(options.address);
  const settings = {
    connectionString: options.address,
    // Statements that do not wait for each other share one way to the database.
    pipeline: true,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    application_name: 'desktop-flows',
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        parsers[oid] ?? pg.types.getTypeParser(oid, format as 'text'),
    },
  };
  const pool = new pg.Pool({
    ...settings,
    max: options.connections ?? 8,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  });
  // Each use of a connection meets its failure itself.
  pool.on('error', () => {});
  pool.on('connect', (client) => void client.query(planning).catch(() => {}));
  const database = new PostgresDatabase(
    pool,
    () => new pg.Client(settings),
    shown,
    options.clock ?? systemClock,
  );
  try {
    await database.migrate(options.migrations);
    await database.listen();
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Known since the connection was made; missing in the types of the package. */
const processOf = (client: PoolClient): number =>
  (client as PoolClient & { readonly processID: number }).processID;

const toNumber = (text: string): number => Number(text);
/** int8 and numeric: our numbers stay below 2^53. bytea: plain bytes, as the other database gives them. */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  17: (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex')),
  20: toNumber,
  1700: toNumber,
};

/** The address without its password. */
function shownAddress(address: string): string {
  try {
    const url = new URL(address);
    return `${url.host}${url.pathname}`;
  } catch {
    return 'the given address';
  }
}

class PostgresDatabase implements Database {
  readonly dialect = postgresDialect;
  readonly #pool: Pool;
  readonly #listener: () => Client;
  readonly #shown: string;
  readonly #clock: Clock;
  readonly #notices = new Emitter<string>();
  /** Connections of this program, by the process that serves them: what they announce, it knows. */
  readonly #own = new Set<number>();
  readonly #topics = new Set<string>();
  #announcing: Promise<void> | undefined;
  #listening: Client | undefined;
  #again: Disposable | undefined;
  #closed = false;

  readonly onNotice = this.#notices.event;

  constructor(pool: Pool, listener: () => Client, shown: string, clock: Clock) {
    this.#clock = clock;
    this.#pool = pool;
    this.#listener = listener;
    this.#shown = shown;
    pool.on('connect', (client) => void this.#own.add(processOf(client)));
    pool.on('remove', (client) => void this.#own.delete(processOf(client)));
  }

  async transaction<T>(work: (sql: Sql, now: number) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        const { code } = error as { code?: string };
        if (!repeatable.has(code) || attempt === mostAttempts) throw this.#translated(error);
      }
    }
  }

  async #attempt<T>(work: (sql: Sql, now: number) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    const statements = new Statements(client);
    try {
      const results = (await client.query(
        'BEGIN; SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now',
      )) as unknown as readonly { rows: Row[] }[];
      const result = await work(statements, Number(results[1]?.rows[0]?.now));
      const committed = client.query('COMMIT');
      await statements.end(committed);
      // Where a statement failed unheard, the database has answered with ROLLBACK.
      if ((await committed).command !== 'COMMIT') throw new Error('the database did not commit');
      client.release();
      return result;
    } catch (error) {
      const cause = await statements.failure(error);
      // A connection that cannot roll back is of no use any more.
      await client.query('ROLLBACK').then(
        () => client.release(),
        (broken: Error) => client.release(broken),
      );
      throw cause;
    }
  }

  async read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    try {
      const client = await this.#pool.connect();
      try {
        const result = await work(new Statements(client));
        client.release();
        return result;
      } catch (error) {
        client.release(error as Error);
        throw error;
      }
    } catch (error) {
      throw this.#translated(error);
    }
  }

  async announce(topic: string): Promise<void> {
    this.#topics.add(topic);
    this.#announcing ??= (async () => {
      while (this.#topics.size > 0) {
        const topics = [...this.#topics];
        this.#topics.clear();
        try {
          await this.#pool.query('SELECT pg_notify($1, topic) FROM unnest($2::text[]) AS topic', [
            channel,
            topics,
          ]);
        } catch {
          // Whoever misses it looks again by itself within one sweep.
        }
      }
      this.#announcing = undefined;
    })();
    await this.#announcing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#again?.dispose();
    await this.#listening?.end().catch(() => {});
    await this.#pool.end().catch(() => {});
  }

  async migrate(migrations: readonly string[]): Promise<void> {
    await this.transaction(async (sql) => {
      await sql.all(`SELECT pg_advisory_xact_lock(${migrationLock})`);
      await sql.run('CREATE TABLE IF NOT EXISTS store_version (version INTEGER NOT NULL)');
      const version = Number((await sql.all('SELECT version FROM store_version'))[0]?.version ?? 0);
      if (version > migrations.length) {
        throw new ProductError(
          'StoreTooNew',
          `The database ${this.#shown} was written by a newer version of Desktop Flows (format ${version}, this version knows ${migrations.length}).`,
          'Use the newer version, or another database.',
        );
      }
      if (version === migrations.length) return;
      for (const step of migrations.slice(version)) {
        for (const statement of step.split(';')) if (statement.trim() !== '') await sql.run(statement);
      }
      await sql.run('DELETE FROM store_version');
      await sql.run('INSERT INTO store_version VALUES (?)', migrations.length);
    });
  }

  /** Listens on a connection of its own; when that breaks, on a new one, after which everything is to be looked at again. */
  async listen(): Promise<void> {
    const client = this.#listener();
    const broken = () => {
      if (this.#listening !== client) return;
      this.#listening = undefined;
      void client.end().catch(() => {});
      this.#listenLater();
    };
    client.on('error', broken);
    client.on('end', broken);
    client.on('notification', ({ processId, payload }) => {
      if (!this.#own.has(processId)) this.#notices.fire(payload ?? '');
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
    } catch (error) {
      void client.end().catch(() => {});
      throw this.#translated(error);
    }
    this.#listening = client;
  }

  #listenLater(): void {
    if (this.#closed) return;
    this.#again = this.#clock.after(listenAgainMs, () => {
      this.listen().then(
        () => this.#notices.fire(''),
        () => this.#listenLater(),
      );
    });
  }

  #translated(error: unknown): unknown {
    if (error instanceof ProductError) return error;
    const { code, message } = error as { code?: string; message: string };
    if (code === '53100') {
      return new ProductError(
        'DiskFull',
        `The disk of the database ${this.#shown} is full.`,
        'Free some space. Nothing that was accepted before is lost.',
        { cause: error },
      );
    }
    if (code !== undefined && /^(28|3D|42501)/.test(code)) {
      return new ProductError(
        'DatabaseRefused',
        `The database ${this.#shown} refused the orchestrator (${message}).`,
        'Check user, password (PGPASSWORD or .pgpass), database name and rights.',
        { cause: error },
      );
    }
    const lost =
      code === undefined ? /connect|terminat|timeout/i.test(message) : /^(08|57P|53300|E[A-Z]+$)/.test(code);
    if (!lost) return error;
    return new ProductError(
      'DatabaseUnreachable',
      `The database ${this.#shown} does not answer (${message}).`,
      'Check that PostgreSQL runs and can be reached from here. What was accepted is kept; it goes on by itself when the database is back.',
      { cause: error },
    );
  }
}

class Statements implements Sql {
  readonly #client: PoolClient;
  readonly #sent: Promise<unknown>[] = [];
  #ended = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  async all(statement: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return (await this.#query(statement, values)).rows;
  }

  async run(statement: string, ...values: readonly Value[]): Promise<number> {
    return (await this.#query(statement, values)).rowCount ?? 0;
  }

  send(statement: string, ...values: readonly Value[]): void {
    const sent = this.#query(statement, values);
    // Heard in `end`.
    sent.catch(() => {});
    this.#sent.push(sent);
  }

  /** Nothing may follow, or it would run outside its transaction. Rejects as the first statement that failed unheard, or as `last`. */
  async end(last?: Promise<unknown>): Promise<void> {
    this.#ended = true;
    last?.catch(() => {});
    await Promise.all([...this.#sent, last]);
  }

  /** The error of the transaction, after `error`: where a statement failed unheard, those after it say only that something failed. */
  async failure(error: unknown): Promise<unknown> {
    this.#ended = true;
    for (const result of await Promise.allSettled(this.#sent))
      if (result.status === 'rejected') return result.reason;
    return error;
  }

  #query(statement: string, values: readonly Value[]) {
    if (this.#ended) throw new Error('a statement came after the end of its transaction');
    const { name, text } = prepared(statement);
    return this.#client.query<Row>(values.length === 0 ? { text } : { name, text, values: [...values] });
  }
}

/** Statements are known by a name, so that each connection plans them once. */
const known = new Map<string, { name: string; text: string }>();

function prepared(statement: string): { name: string; text: string } {
  let entry = known.get(statement);
  if (entry === undefined) {
    entry = { name: `s${known.size + 1}`, text: translate(statement, postgresDialect) };
    known.set(statement, entry);
  }
  return entry;
}
