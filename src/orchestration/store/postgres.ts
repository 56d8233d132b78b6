// The database of a group of machines: PostgreSQL 14 or later, shared by several orchestrators. Its clock rules; a notice reaches all
// of them. Knows no table.
import type { Socket } from 'node:net';
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
/**
 * A network that is cut in silence, or a server that was replaced, must show within ten seconds, also where an orchestrator asks only
 * every two: what takes a second at most when all is well is given up after six. The database itself ends a statement a second earlier,
 * and the transaction of somebody who was cut off another second before that: its locks are free when others have waited for them, not
 * after they gave up. All of it concerns runs and queues; tables are brought up to date without hurry.
 */
const answerMs = 6_000;
const statementMs = 5_000;
const idleInTransactionMs = 4_000;
const connectMs = 5_000;
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
/** What is announced within this time is told once. */
const announceMs = 5;

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
  const makePool = () => {
    const pool = new pg.Pool({
      ...settings,
      max: options.connections ?? 8,
      query_timeout: answerMs,
      statement_timeout: statementMs,
      idle_in_transaction_session_timeout: idleInTransactionMs,
    });
    // Each use of a connection meets its failure itself.
    pool.on('error', () => {});
    pool.on('connect', (client) => void client.query(planning).catch(() => {}));
    return pool;
  };
  const database = new PostgresDatabase(
    makePool,
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

/** The server has not answered, or nobody is there any more to answer. */
const isSilent = (error: unknown): boolean =>
  (error as { code?: string }).code === undefined && /timeout/i.test((error as Error).message);

class PostgresDatabase implements Database {
  readonly dialect = postgresDialect;
  readonly #makePool: () => Pool;
  #pool: Pool;
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
  /** Gives the listening connection up for a new one. */
  #broken: (() => void) | undefined;
  #closed = false;

  readonly onNotice = this.#notices.event;

  constructor(makePool: () => Pool, listener: () => Client, shown: string, clock: Clock) {
    this.#clock = clock;
    this.#makePool = makePool;
    this.#pool = this.#open();
    this.#listener = listener;
    this.#shown = shown;
  }

  #open(): Pool {
    const pool = this.#makePool();
    pool.on('connect', (client) => void this.#own.add(processOf(client)));
    pool.on('remove', (client) => void this.#own.delete(processOf(client)));
    return pool;
  }

  /** All connections of `pool` go the way of the one that is silent: nobody shall wait for each of them in turn. */
  #leave(pool: Pool): void {
    if (pool !== this.#pool || this.#closed) return;
    this.#pool = this.#open();
    void pool.end().catch(() => {});
    this.#broken?.();
  }

  transaction<T>(work: (sql: Sql, now: number) => Promise<T>): Promise<T> {
    return this.pipelined(async (sql, now) => work(sql, await now));
  }

  async pipelined<T>(work: (sql: Sql, now: Promise<number>) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        const { code } = error as { code?: string };
        if (!repeatable.has(code) || attempt === mostAttempts) throw this.#translated(error);
      }
    }
  }

  async #attempt<T>(work: (sql: Sql, now: Promise<number>) => Promise<T>): Promise<T> {
    const pool = this.#pool;
    const client = await this.#connected(pool);
    const statements = new Statements(client);
    try {
      const result = await work(statements, statements.begin());
      await statements.end();
      client.release();
      return result;
    } catch (error) {
      const cause = await statements.failure(error);
      if (isSilent(error) || isSilent(cause)) {
        this.#leave(pool);
        client.release(error as Error);
        throw cause;
      }
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
      const pool = this.#pool;
      const client = await this.#connected(pool);
      try {
        const result = await work(new Statements(client));
        client.release();
        return result;
      } catch (error) {
        if (isSilent(error)) this.#leave(pool);
        client.release(error as Error);
        throw error;
      }
    } catch (error) {
      throw this.#translated(error);
    }
  }

  async #connected(pool: Pool): Promise<PoolClient> {
    try {
      return await pool.connect();
    } catch (error) {
      // It was left in this moment: the next one is asked.
      if (pool !== this.#pool && !this.#closed) return this.#connected(this.#pool);
      throw error;
    }
  }

  async announce(topic: string): Promise<void> {
    this.#topics.add(topic);
    this.#announcing ??= (async () => {
      while (this.#topics.size > 0) {
        const topics = [...this.#topics];
        this.#topics.clear();
        try {
          await this.#pool.query({
            name: 'announce',
            text: 'SELECT pg_notify($1, topic) FROM unnest($2::text[]) AS topic',
            values: [channel, topics],
          });
          // The database tells each notice to everybody: many a second are told together.
          await new Promise<void>((resolve) => void this.#clock.after(announceMs, resolve));
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

  /** On a connection of its own, without the hurry of the others. */
  async migrate(migrations: readonly string[]): Promise<void> {
    const client = this.#listener();
    client.on('error', () => {}); // the statement that waits meets it
    try {
      await client.connect();
      await client.query('BEGIN');
      await client.query(`SELECT pg_advisory_xact_lock(${migrationLock})`);
      await client.query('CREATE TABLE IF NOT EXISTS store_version (version INTEGER NOT NULL)');
      const { rows } = await client.query<Row>('SELECT version FROM store_version');
      const version = Number(rows[0]?.version ?? 0);
      if (version > migrations.length) {
        throw new ProductError(
          'StoreTooNew',
          `The database ${this.#shown} was written by a newer version of Desktop Flows (format ${version}, this version knows ${migrations.length}).`,
          'Use the newer version, or another database.',
        );
      }
      if (version < migrations.length) {
        for (const step of migrations.slice(version))
          for (const statement of step.split(';'))
            if (statement.trim() !== '') await client.query(translate(statement, postgresDialect));
        await client.query('DELETE FROM store_version');
        await client.query('INSERT INTO store_version VALUES ($1)', [migrations.length]);
      }
      await client.query('COMMIT');
    } catch (error) {
      throw this.#translated(error);
    } finally {
      await client.end().catch(() => {});
    }
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
    this.#broken = broken;
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
      code === undefined
        ? /connect|terminat|timeout/i.test(message)
        : /^(08|57|25P03|53300|E[A-Z]+$)/.test(code);
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
  #committed: Promise<{ readonly command: string }> | undefined;
  #corked = false;
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

  /** Begins the transaction; resolves to the time at which it began. What is sent meanwhile goes the same way. */
  async begin(): Promise<number> {
    this.#cork();
    const begun = this.#client.query(`BEGIN; SELECT ${postgresDialect.now('NULL')} AS now`);
    const sent = begun.then((results) => {
      const [, answer] = results as unknown as readonly { readonly rows: readonly Row[] }[];
      return Number(answer?.rows[0]?.now);
    });
    sent.catch(() => {});
    this.#sent.push(sent);
    return sent;
  }

  /** Nothing may follow, or it would run outside its transaction. */
  commit(): void {
    this.#cork();
    this.#ended = true;
    this.#committed = this.#client.query('COMMIT');
    this.#committed.catch(() => {});
  }

  /** Resolves when everything is on disk; rejects as the first statement that failed unheard. */
  async end(): Promise<void> {
    if (this.#committed === undefined) this.commit();
    await Promise.all([...this.#sent, this.#committed]);
    // Where a statement failed unheard, the database has answered with ROLLBACK.
    if ((await this.#committed)?.command !== 'COMMIT') throw new Error('the database did not commit');
  }

  /** The error of the transaction, after `error`: where a statement failed unheard, those after it say only that something failed. */
  async failure(error: unknown): Promise<unknown> {
    this.#ended = true;
    for (const result of await Promise.allSettled(this.#sent))
      if (result.status === 'rejected') return result.reason;
    return error;
  }

  /** What is sent in one go leaves in one piece: each piece costs this computer more than its contents do. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    const socket = socketOf(this.#client);
    socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      socket.uncork();
    });
  }

  #query(statement: string, values: readonly Value[]) {
    if (this.#ended) throw new Error('a statement came after the end of its transaction');
    const { name, text } = prepared(statement);
    this.#cork();
    return this.#client.query<Row>(values.length === 0 ? { text } : { name, text, values: [...values] });
  }
}

/** The socket below a connection; missing in the types of the package. */
const socketOf = (client: PoolClient): Socket =>
  (client as PoolClient & { readonly connection: { readonly stream: Socket } }).connection.stream;

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
