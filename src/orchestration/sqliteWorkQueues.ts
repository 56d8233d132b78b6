// The work queues of one machine: a SQLite file in the data folder that its agent opens once for each run that uses them. Every write is
// one immediate transaction, flushed to disk before it returns. An item in processing is leased: when its run dies, the lease ends and the
// item can be given to another. Knows no flow and no action.
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import type { WorkItemRecord, WorkQueueRecord } from '../protocol/workQueues.ts';
import { guarded, inTransaction, openFile, type Row } from './sqliteFile.ts';

/** Each entry brings the file from version `index` to `index + 1`. Entries are never changed once released. */
const migrations: readonly string[] = [
  `CREATE TABLE queue (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'stopped')),
     max_retries INTEGER NOT NULL,
     created_at INTEGER NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX queue_name ON queue (lower(name));
   CREATE TABLE item (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     queue TEXT NOT NULL REFERENCES queue (id) ON DELETE CASCADE,
     name TEXT NOT NULL,
     value TEXT NOT NULL,
     unique_id TEXT NOT NULL,
     status TEXT NOT NULL,
     priority INTEGER NOT NULL,
     notes TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     delay_until INTEGER,
     expires_at INTEGER,
     holder TEXT,
     leased_until INTEGER,
     UNIQUE (queue, unique_id)
   ) STRICT;
   CREATE INDEX item_next ON item (queue, priority, seq) WHERE status = 'Queued';
   CREATE INDEX item_leased ON item (leased_until) WHERE leased_until IS NOT NULL;
   CREATE INDEX item_queue ON item (queue, seq);`,
];

/** How long an item stays with a worker that is not heard of, and how often a worker is. */
const leaseMs = 60_000;
const renewMs = 15_000;

const priorities = { High: 100, Normal: 200, Low: 300 } as const;

const what = 'work queue file';

type NewItem = Omit<WorkItemRecord, 'id' | 'queue' | 'createdAt'>;
type ItemChange = { readonly [K in 'status' | 'notes' | 'delayUntil' | 'expiresAt']?: WorkItemRecord[K] };

/**
 * Opens the work queues in the file `path`, making it where needed, for one holder of items: a run, or whoever only looks. `newId`
 * gives identifiers that nobody else has.
 * Throws `NodeTooOld`, `StoreDamaged`, `StoreTooNew` or `StoreUnusable`.
 */
export function openWorkQueues(
  path: string,
  holder: string,
  clock: Clock,
  newId: () => string,
): SqliteWorkQueues {
  return new SqliteWorkQueues(openFile(path, what, migrations, { shared: true }), path, holder, clock, newId);
}

export class SqliteWorkQueues {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #holder: string;
  readonly #clock: Clock;
  readonly #newId: () => string;
  #renewal: Disposable | undefined;

  constructor(db: DatabaseSync, path: string, holder: string, clock: Clock, newId: () => string) {
    this.#db = db;
    this.#path = path;
    this.#holder = holder;
    this.#clock = clock;
    this.#newId = newId;
  }

  // ── Queues ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Throws ProductError `WorkQueueExists`. */
  async addQueue(name: string, maxRetries: number): Promise<WorkQueueRecord> {
    return this.#transaction(() => {
      if (this.#find(name) !== undefined) {
        throw new ProductError(
          'WorkQueueExists',
          `There is a work queue "${name}" already.`,
          'Use it, or choose another name.',
        );
      }
      const id = this.#newId();
      this.#run(
        `INSERT INTO queue (id, name, state, max_retries, created_at) VALUES (?, ?, 'active', ?, ?)`,
        id,
        name,
        maxRetries,
        this.#clock.now(),
      );
      return this.#find(id) as WorkQueueRecord;
    });
  }

  async setState(id: string, state: WorkQueueRecord['state']): Promise<void> {
    this.#run('UPDATE queue SET state = ? WHERE id = ?', state, id);
  }

  /** With the number of items in each status, by name. */
  async queues(): Promise<(WorkQueueRecord & { readonly items: Readonly<Record<string, number>> })[]> {
    return this.#all('SELECT * FROM queue ORDER BY lower(name)').map((row) => ({
      ...toQueue(row),
      items: Object.fromEntries(
        this.#all(
          'SELECT status, count(*) AS number FROM item WHERE queue = ? GROUP BY status ORDER BY status',
          String(row.id),
        ).map(({ status, number }) => [String(status), Number(number)]),
      ),
    }));
  }

  async queue(idOrName: string): Promise<WorkQueueRecord | undefined> {
    return this.#find(idOrName);
  }

  /** SQLite itself knows the letter case of ASCII only. */
  #find(idOrName: string): WorkQueueRecord | undefined {
    const wanted = idOrName.toLowerCase();
    const rows = this.#all('SELECT * FROM queue');
    const row =
      rows.find(({ id }) => id === wanted) ?? rows.find(({ name }) => String(name).toLowerCase() === wanted);
    return row && toQueue(row);
  }

  // ── Items ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async add(queue: string, item: NewItem): Promise<WorkItemRecord | undefined> {
    return this.#transaction(() => {
      const id = this.#newId();
      const { changes } = this.#run(
        `INSERT INTO item (id, queue, name, value, unique_id, status, priority, notes, created_at, delay_until, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (queue, unique_id) DO NOTHING`,
        id,
        queue,
        item.name,
        item.value,
        item.uniqueId === '' ? `system-${this.#newId()}` : item.uniqueId,
        item.status,
        priorities[item.priority],
        item.notes,
        this.#clock.now(),
        item.delayUntil ?? null,
        item.expiresAt ?? null,
      );
      return Number(changes) === 0 ? undefined : this.#item(id);
    });
  }

  async take(
    queue: string,
    wanted?: (queued: readonly WorkItemRecord[]) => readonly WorkItemRecord[],
  ): Promise<WorkItemRecord | undefined> {
    const taken = this.#transaction(() => {
      const now = this.#clock.now();
      this.#run(
        `UPDATE item SET status = 'Queued', holder = NULL, leased_until = NULL WHERE status = 'Processing' AND leased_until <= ?`,
        now,
      );
      const next =
        wanted === undefined
          ? this.#all(
              `SELECT * FROM item WHERE queue = ? AND status = 'Queued' AND coalesce(delay_until, 0) <= ? AND coalesce(expires_at, ?) >= ?
               ORDER BY priority, seq LIMIT 1`,
              queue,
              now,
              now,
              now,
            ).map(toItem)[0]
          : wanted(
              this.#all(`SELECT * FROM item WHERE queue = ? AND status = 'Queued' ORDER BY seq`, queue).map(
                toItem,
              ),
            )[0];
      if (next === undefined) return undefined;
      this.#run(
        `UPDATE item SET status = 'Processing', holder = ?, leased_until = ? WHERE id = ?`,
        this.#holder,
        now + leaseMs,
        next.id,
      );
      return this.#item(next.id);
    });
    if (taken !== undefined) this.#keep();
    return taken;
  }

  async item(id: string): Promise<WorkItemRecord | undefined> {
    return this.#item(id);
  }

  async items(queue: string): Promise<WorkItemRecord[]> {
    return this.#all('SELECT * FROM item WHERE queue = ? ORDER BY seq', queue).map(toItem);
  }

  async change(id: string, change: ItemChange): Promise<WorkItemRecord | undefined> {
    return this.#transaction(() => {
      const row = this.#all('SELECT * FROM item WHERE id = ?', id)[0];
      // A worker that was away for longer than its lease must not overwrite what another one does with the item.
      if (row === undefined || (row.status === 'Processing' && row.holder !== this.#holder)) return undefined;
      const item = { ...toItem(row), ...change };
      const isKept = item.status === 'Processing';
      this.#run(
        `UPDATE item SET status = ?, notes = ?, delay_until = ?, expires_at = ?, holder = ?, leased_until = ? WHERE id = ?`,
        item.status,
        item.notes,
        item.delayUntil ?? null,
        item.expiresAt ?? null,
        isKept ? (row.holder ?? null) : null,
        isKept ? (row.leased_until ?? null) : null,
        id,
      );
      return this.#item(id);
    });
  }

  /**
   * Ends the leases of this holder and closes the file. Items it did not finish stay in processing, as the product leaves them (rule
   * WQ-9): only those of a worker that died are given to others.
   */
  close(): void {
    this.#renewal?.dispose();
    this.#run('UPDATE item SET leased_until = NULL WHERE holder = ?', this.#holder);
    this.#db.close();
  }

  /** Closes the file for a holder that died: its items are given to others once their leases have run out. */
  abandon(): void {
    this.#renewal?.dispose();
    this.#db.close();
  }

  /** Renews the leases of this holder for as long as it has any. */
  #keep(): void {
    this.#renewal ??= this.#clock.after(renewMs, () => {
      this.#renewal = undefined;
      if (this.#renew()) this.#keep();
    });
  }

  /** True unless there is nothing to renew. A file that cannot be written for a moment is tried again; the lease lasts for several tries. */
  #renew(): boolean {
    const now = this.#clock.now();
    try {
      const { changes } = this.#run(
        `UPDATE item SET leased_until = ? WHERE holder = ? AND leased_until > ?`,
        now + leaseMs,
        this.#holder,
        now,
      );
      return Number(changes) > 0;
    } catch (error) {
      if (error instanceof ProductError) return true;
      throw error;
    }
  }

  #item(id: string): WorkItemRecord | undefined {
    const row = this.#all('SELECT * FROM item WHERE id = ?', id)[0];
    return row && toItem(row);
  }

  #transaction<T>(work: () => T): T {
    return inTransaction(this.#db, this.#path, what, work);
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return guarded(this.#path, what, () => this.#db.prepare(sql).all(...values));
  }

  #run(sql: string, ...values: SQLInputValue[]): { changes: number | bigint } {
    return guarded(this.#path, what, () => this.#db.prepare(sql).run(...values));
  }
}

function toQueue(row: Row): WorkQueueRecord {
  return {
    id: String(row.id),
    name: String(row.name),
    state: row.state as WorkQueueRecord['state'],
    maxRetries: Number(row.max_retries),
  };
}

function toItem(row: Row): WorkItemRecord {
  const { High, Normal } = priorities;
  return {
    id: String(row.id),
    queue: String(row.queue),
    name: String(row.name),
    value: String(row.value),
    uniqueId: String(row.unique_id),
    status: row.status as WorkItemRecord['status'],
    priority: row.priority === High ? 'High' : row.priority === Normal ? 'Normal' : 'Low',
    notes: String(row.notes),
    createdAt: Number(row.created_at),
    delayUntil: row.delay_until === null ? undefined : Number(row.delay_until),
    expiresAt: row.expires_at === null ? undefined : Number(row.expires_at),
  };
}
