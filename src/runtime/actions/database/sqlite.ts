// SQLite. Its library works while everything else stands still, so it has a process of its own, which can be ended at any moment;
// the file then rolls back what was not committed.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Value } from '../../values.ts';
import { firstLine } from '../network.ts';
import { binary, datetime, exactNumber, floatingNumber } from './cells.ts';
import { type Driver, type Result, StatementRefused } from './connection.ts';

/** How long a statement waits for somebody else's lock on the file, as in the original driver (ms). */
const lockTime = 100_000;

/** How often the process looks whether the run it works for is still there (ms). */
const watchTime = 1_000;

/** A statement keeps the process from hearing of anything, so a thread of it sees when the run's process was killed, and ends everything. */
const watcher = `
const parent = require('node:worker_threads').workerData;
const isGone = () => {
  if (process.ppid !== parent) return true;
  try { process.kill(parent, 0); return false; } catch { return true; }
};
setInterval(() => { if (isGone()) process.kill(process.pid, 'SIGKILL'); }, ${watchTime});
`;

/**
 * What the process does: receives statements, sends columns, rows in portions, and the end. The text of a statement may hold several;
 * the library says where each of them ends.
 */
const script = `
const { DatabaseSync } = require('node:sqlite');
const { Worker } = require('node:worker_threads');
const send = (message) => new Promise((resolve) => process.send(message, resolve));
process.once('disconnect', () => process.exit());
new Worker(${JSON.stringify(watcher)}, { eval: true, workerData: process.ppid });
let database;
process.on('message', async ({ open, run }) => {
  try {
    if (open) database = new DatabaseSync(open, { timeout: ${lockTime} });
    for (let rest = run ?? ''; ; ) {
      const text = rest.replace(/^(?:\\s|;|--[^\\n]*(?:\\n|$)|\\/\\*[^]*?\\*\\/)+/, '');
      if (text === '') break;
      const statement = database.prepare(text);
      rest = text.slice(statement.sourceSQL.length);
      statement.setReadBigInts(true);
      const columns = statement.columns();
      if (columns.length === 0) { statement.run(); continue; }
      statement.setReturnArrays(true);
      await send({ columns: columns.map(({ name, type }) => [name, type ?? '']) });
      let rows = [];
      for (const row of statement.iterate()) {
        if (rows.push(row) === 1000) { await send({ rows }); rows = []; }
      }
      await send({ rows });
    }
    await send({ done: true });
  } catch (error) {
    await send({ error: String(error.message) });
  }
});
`;

type Message =
  | { readonly columns: readonly (readonly [name: string, type: string])[] }
  | { readonly rows: readonly (readonly unknown[])[] }
  | { readonly done: true }
  | { readonly error: string };

function cell(value: unknown, type: string): Value {
  if (typeof value === 'bigint') return /^bool/i.test(type) ? value !== 0n : exactNumber(String(value));
  if (typeof value === 'number') return floatingNumber(value);
  if (value instanceof Uint8Array) return binary(value);
  // SQLite has no dates: a column declared as one holds text.
  if (typeof value === 'string' && /date|timestamp/i.test(type)) return datetime(value);
  return (value ?? null) as Value;
}

/** Opens a database file, which is made when missing. Throws StatementRefused when it is none. */
export async function openSqlite(file: string, opened: (close: () => void) => void): Promise<Driver> {
  const child = spawn(process.execPath, ['--no-warnings', '-e', script], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
    windowsHide: true,
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
  const driver = new Sqlite(child);
  opened(() => driver.close());
  await driver.ask({ open: file });
  return driver;
}

class Sqlite implements Driver {
  readonly #child: ChildProcess;
  #isClosed = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    const ended = () => {
      this.#isClosed = true;
    };
    child.once('exit', ended);
    child.once('error', ended);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends a message and receives everything up to the end of its work. */
  ask(message: { readonly open?: string; readonly run?: string }, result?: Result): Promise<void> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      let columns: readonly (readonly [string, string])[] = [];
      const onMessage = (answer: Message) => {
        if ('columns' in answer) {
          columns = answer.columns;
          result?.begin(columns.map(([name]) => name));
        } else if ('rows' in answer) {
          for (const row of answer.rows)
            result?.add(row.map((value, at) => cell(value, columns[at]?.[1] ?? '')));
        } else {
          finish();
          if ('error' in answer) reject(new StatementRefused(firstLine(answer.error)));
          else resolve();
        }
      };
      const onEnd = (reason: unknown) => {
        finish();
        reject(reason instanceof Error ? reason : new Error('the process of the database ended'));
      };
      const finish = () => {
        child.off('message', onMessage);
        child.off('exit', onEnd);
        child.off('error', onEnd);
      };
      child.on('message', onMessage);
      child.once('exit', onEnd);
      child.once('error', onEnd);
      child.send(message, (error) => {
        if (error !== null) onEnd(error);
      });
    });
  }

  run(statement: string, result: Result): Promise<void> {
    return this.ask({ run: statement }, result);
  }

  /** There is no gentler way: the statement and what was not committed are gone, and so is the connection. */
  cancel(): void {
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#child.kill('SIGKILL');
  }
}
