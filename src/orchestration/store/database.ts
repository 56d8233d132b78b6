// A database that the store speaks to: transactions, statements, notices. Two of them, SQLite in a file of this machine and PostgreSQL,
// are told apart only here, in `Dialect`. Knows no table.
import type { Event } from '../../base/event.ts';

export type Value = string | number | Uint8Array | null;
export type Row = Readonly<Record<string, Value>>;

/**
 * Statements inside one transaction. `?` marks a value. `{rows ?}` stands for the elements of a JSON array as rows `r` with the column
 * `value`, read with `r.value->>'name'` (text in PostgreSQL: cast numbers), `{bytes x}` for the bytes of a text of hexadecimal digits,
 * `{now ?}` for the time of the transaction: its value may be null where the database can tell it by itself (see `pipelined`).
 */
export interface Sql {
  all(statement: string, ...values: readonly Value[]): Promise<readonly Row[]>;
  /** Number of rows that changed. */
  run(statement: string, ...values: readonly Value[]): Promise<number>;
  /** For changes whose outcome nobody waits for; when one fails, the transaction does. Statements take effect in the order of the calls. */
  send(statement: string, ...values: readonly Value[]): void;
  /** Nothing follows: the transaction may be committed behind what was sent, before the answers are here. */
  commit?(): void;
}

export interface Database {
  readonly dialect: Dialect;
  /**
   * Runs `work` in one transaction: on disk when the promise resolves, or nothing happened. `now` is the clock of the database, in
   * wall-clock milliseconds: of all programs that share it, its clock rules. `work` may run again when the database asks for it, so it
   * must change nothing else. Throws `StoreUnusable`, `DiskFull`, `StoreDamaged`; after `StoreUnusable` the outcome may be unknown.
   */
  transaction<T>(work: (sql: Sql, now: number) => Promise<T>): Promise<T>;
  /**
   * As `transaction`, but `work` begins before the clock of the database has answered: its first statements go the same way as the
   * beginning. Missing where there is no way to save.
   */
  pipelined?<T>(work: (sql: Sql, now: Promise<number>) => Promise<T>): Promise<T>;
  /** Runs `work`, which only reads; each statement may see what was committed after the one before. Throws as `transaction`. */
  read<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Tells the others who share the database; what is announced several times in a short while may be told once. */
  announce(topic: string): Promise<void>;
  /** Topics that others announced. After a broken link to the database: an empty text, look at everything again. */
  readonly onNotice: Event<string>;
  /** A copy in one file, while others go on; PostgreSQL has its own means for that. */
  backup?(path: string): Promise<void>;
  /** What is wrong with the file, one sentence each; PostgreSQL has its own means for that. */
  check?(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Where the two databases write the same thing differently. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /** Types of columns; `id` sorts by code units in both. */
  readonly id: string;
  readonly integer: string;
  readonly bytes: string;
  readonly tableEnd: string;
  /** Appended to a SELECT that must keep others from its rows until the transaction ends; SQLite has one writer anyway. */
  readonly forUpdate: string;
  rows(value: string): string;
  fromHex(text: string): string;
  now(value: string): string;
}

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  id: 'TEXT',
  integer: 'INTEGER',
  bytes: 'BLOB',
  tableEnd: ' STRICT',
  forUpdate: '',
  rows: (value) => `json_each(${value}) AS r`,
  fromHex: (text) => `unhex(${text})`,
  now: (value) => value,
};

export const postgresDialect: Dialect = {
  name: 'postgres',
  id: 'TEXT COLLATE "C"',
  integer: 'BIGINT',
  bytes: 'BYTEA',
  tableEnd: '',
  forUpdate: ' FOR UPDATE',
  rows: (value) => `jsonb_array_elements(CAST(${value} AS jsonb)) AS r(value)`,
  fromHex: (text) => `decode(${text}, 'hex')`,
  now: (value) => `coalesce(CAST(${value} AS BIGINT), floor(extract(epoch FROM now()) * 1000)::bigint)`,
};

/** A statement in the words of a dialect: see `Sql`. `{id}`, `{integer}`, `{bytes}`, `{end}` and `{for update}` stand for its own. */
export function translate(statement: string, dialect: Dialect): string {
  const words: Readonly<Record<string, string>> = {
    id: dialect.id,
    integer: dialect.integer,
    bytes: dialect.bytes,
    end: dialect.tableEnd,
    'for update': dialect.forUpdate,
  };
  const said = statement.replace(
    /\{(rows|bytes|now) ([^{}]+)\}|\{([a-z ]+)\}/g,
    (whole, call, value, word) => {
      if (call === 'rows') return dialect.rows(value);
      if (call === 'bytes') return dialect.fromHex(value);
      if (call === 'now') return dialect.now(value);
      return words[word] ?? whole;
    },
  );
  if (dialect.name === 'sqlite') return said;
  let index = 0;
  return said.replace(/\?/g, () => `$${++index}`);
}
