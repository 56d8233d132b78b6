// The run store of one machine: a SQLite file in the data folder, written by one agent. Every write is one immediate transaction,
// flushed to disk before it returns. Holds no rule of the queue: it applies what rules.ts decides.
import { createHash } from 'node:crypto';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { ProductError } from '../base/error.ts';
import type { Run, RunEvent, RunPosition, RunState } from '../protocol/run.ts';
import { activeStates, decide, expiredError, mayFollow, type Snapshot } from './rules.ts';
import { first, guarded, inTransaction, openFile, type Row } from './sqliteFile.ts';
import type { Claim, EventBody, NewRun, RunChange, RunStore } from './store.ts';

/** Each entry brings the file from version `index` to `index + 1`. Entries are never changed once released. */
const migrations: readonly string[] = [
  `CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
   INSERT INTO counter VALUES ('lastSeq', 0), ('prunedSeq', 0);
   CREATE TABLE flow (hash TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
   CREATE TABLE run (
     id TEXT PRIMARY KEY,
     flow TEXT NOT NULL REFERENCES flow (hash),
     flow_name TEXT NOT NULL,
     flow_path TEXT NOT NULL,
     machine TEXT NOT NULL,
     account TEXT NOT NULL,
     mode TEXT NOT NULL,
     priority TEXT NOT NULL CHECK (priority IN ('normal', 'high')),
     moved_to_top_at INTEGER,
     state TEXT NOT NULL CHECK (state IN ('Queued', 'Starting', 'Running', 'Paused', 'Succeeded', 'Failed', 'Canceled', 'TimedOut', 'Skipped', 'Lost')),
     fence INTEGER NOT NULL DEFAULT 0,
     requested_by TEXT NOT NULL,
     requested_at INTEGER NOT NULL,
     expires_at INTEGER NOT NULL,
     started_at INTEGER,
     ended_at INTEGER,
     inputs TEXT NOT NULL,
     sealed_inputs BLOB NOT NULL,
     outputs TEXT,
     error TEXT,
     resubmit_of TEXT,
     position TEXT
   ) STRICT;
   CREATE INDEX run_queue ON run (machine, coalesce(moved_to_top_at, 0) DESC, priority, requested_at, id) WHERE state = 'Queued';
   CREATE INDEX run_expiry ON run (machine, expires_at) WHERE state = 'Queued';
   CREATE UNIQUE INDEX run_exclusive ON run (machine, account) WHERE state IN ('Starting', 'Running', 'Paused');
   CREATE INDEX run_recent ON run (requested_at DESC, id DESC);
   CREATE INDEX run_finished ON run (ended_at DESC) WHERE ended_at IS NOT NULL;
   CREATE INDEX run_flow ON run (flow);
   CREATE TABLE event (
     seq INTEGER PRIMARY KEY,
     run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
     at INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX event_run ON event (run, seq);`,
  `CREATE TABLE companion (
     run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
     path TEXT NOT NULL,
     text TEXT NOT NULL REFERENCES flow (hash),
     ids TEXT,
     PRIMARY KEY (run, path)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX companion_text ON companion (text);`,
  'ALTER TABLE run ADD COLUMN timeout_seconds INTEGER;',
];

/**
 * Opens the store, making or upgrading the file where needed. `path` may be `:memory:`. `owner` is the identifier of the machine
 * whose file it is: unfinished runs under another one become its own.
 * Throws `NodeTooOld`, `StoreDamaged`, `StoreTooNew` or `StoreUnusable`; a file it cannot read is never changed.
 */
export function openSqliteStore(path: string, owner?: string): RunStore {
  const db = openFile(path, 'run store', migrations);
  return guarded(path, 'run store', () => {
    try {
      if (owner !== undefined) adopt(db, owner);
      return new SqliteStore(db, path);
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** The file is this machine's alone: unfinished runs under another identifier (its file was lost) would wait for ever. */
function adopt(db: DatabaseSync, owner: string): void {
  db.prepare(
    `UPDATE OR IGNORE run SET machine = ? WHERE machine <> ? AND state IN ('Queued', 'Starting', 'Running', 'Paused')`,
  ).run(owner, owner);
}

class SqliteStore implements RunStore {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
  }

  async marks(): Promise<{ lastSeq: number; prunedSeq: number }> {
    return guarded(this.#path, 'run store', () => ({
      lastSeq: this.#counter('lastSeq'),
      prunedSeq: this.#counter('prunedSeq'),
    }));
  }

  async enqueue(
    { run, account, flowText, companions, sealedInputs }: NewRun,
    queueLimit: number,
  ): Promise<RunEvent[]> {
    return this.#transaction(() => {
      const queue = this.#one(
        `SELECT count(*) AS waiting, max(requested_at) AS latest FROM run WHERE machine = ? AND state = 'Queued'`,
        run.machine,
      );
      if (Number(queue.waiting) >= queueLimit) {
        throw new ProductError(
          'QueueFull',
          `${queue.waiting} runs already wait for this machine, which is the limit.`,
          'Wait until some have run, or cancel runs that are no longer needed.',
        );
      }
      const delay = Math.max(0, Number(queue.latest ?? 0) - run.requestedAt);
      this.#keepText(run.flow.hash, flowText);
      this.#run(
        `INSERT INTO run (id, flow, flow_name, flow_path, machine, account, mode, priority, moved_to_top_at, state, requested_by,
           requested_at, expires_at, inputs, sealed_inputs, resubmit_of, timeout_seconds)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'Queued', ?, ?, ?, ?, ?, ?, ?)`,
        run.id,
        run.flow.hash,
        run.flow.name,
        run.flow.path,
        run.machine,
        account,
        run.mode,
        run.priority,
        run.movedToTopAt ?? null,
        run.requestedBy,
        run.requestedAt + delay,
        run.expiresAt + delay,
        JSON.stringify(run.inputs),
        sealedInputs,
        run.resubmitOf ?? null,
        run.timeoutSeconds ?? null,
      );
      for (const { path, text, ids } of companions) {
        const hash = createHash('sha256').update(text).digest('hex');
        this.#keepText(hash, text);
        this.#run(
          'INSERT INTO companion (run, path, text, ids) VALUES (?, ?, ?, ?)',
          run.id,
          path,
          hash,
          json(ids),
        );
      }
      return this.#record(run.id, [], true, run.requestedAt);
    });
  }

  async schedule(
    machine: { readonly id: string; readonly slots: number; readonly accepting: boolean },
    now: number,
  ): Promise<{ claims: Claim[]; events: RunEvent[] }> {
    return this.#transaction(() => {
      const claims: Claim[] = [];
      const events: RunEvent[] = [];
      // Until the rules have nothing more to say: each round sees what the last one changed.
      for (;;) {
        const decisions = decide(this.#snapshot(machine, now), now);
        if (decisions.length === 0) break;
        for (const { kind, runId } of decisions) {
          if (kind === 'start') {
            this.#run(`UPDATE run SET state = 'Starting', fence = fence + 1 WHERE id = ?`, runId);
          } else {
            const { waited } = this.#one(
              'SELECT expires_at - requested_at AS waited FROM run WHERE id = ?',
              runId,
            );
            this.#write(runId, { state: 'TimedOut', endedAt: now, error: expiredError(Number(waited)) });
          }
          events.push(...this.#record(runId, [], true, now));
          if (kind === 'start') claims.push(this.#claim(runId) as Claim);
        }
      }
      return { claims, events };
    });
  }

  async change(
    runId: string,
    fence: number,
    change: RunChange,
    now: number,
    before: readonly EventBody[] = [],
  ): Promise<RunEvent[] | undefined> {
    return this.#transaction(() => {
      const held = this.#held(runId, fence);
      if (held === undefined || !mayFollow(held, change.state)) return undefined;
      this.#write(runId, change);
      return this.#record(runId, before, true, now);
    });
  }

  async append(
    runId: string,
    fence: number,
    bodies: readonly EventBody[],
    position: RunPosition | undefined,
    announce: boolean,
    now: number,
  ): Promise<RunEvent[] | undefined> {
    return this.#transaction(() => {
      const held = this.#held(runId, fence);
      if (held === undefined || !activeStates.includes(held)) return undefined;
      if (position) this.#run('UPDATE run SET position = ? WHERE id = ?', JSON.stringify(position), runId);
      return this.#record(runId, bodies, announce, now);
    });
  }

  async get(runId: string): Promise<Run | undefined> {
    return guarded(this.#path, 'run store', () => {
      const row = this.#all('SELECT * FROM run WHERE id = ?', runId)[0];
      return row && toRun(row);
    });
  }

  async entry(runId: string): Promise<Claim | undefined> {
    return guarded(this.#path, 'run store', () => this.#claim(runId));
  }

  async list(limit: number): Promise<Run[]> {
    return guarded(this.#path, 'run store', () =>
      this.#all('SELECT * FROM run ORDER BY requested_at DESC, id DESC LIMIT ?', limit).map(toRun),
    );
  }

  async active(machineId: string): Promise<Claim[]> {
    return guarded(this.#path, 'run store', () =>
      this.#all(`SELECT id FROM run WHERE machine = ? AND ${isActive}`, machineId).map(
        (row) => this.#claim(String(row.id)) as Claim,
      ),
    );
  }

  async counts(): Promise<{ queued: number; running: number }> {
    return guarded(this.#path, 'run store', () => ({
      queued: Number(this.#one(`SELECT count(*) AS n FROM run WHERE state = 'Queued'`).n),
      running: Number(this.#one(`SELECT count(*) AS n FROM run WHERE ${isActive}`).n),
    }));
  }

  async events(after: number, maxBytes: number, runId?: string): Promise<RunEvent[]> {
    return guarded(this.#path, 'run store', () => {
      const found: RunEvent[] = [];
      const runs = new Map<string, Run>();
      let bytes = 0;
      const rows =
        runId === undefined
          ? this.#statement('SELECT * FROM event WHERE seq > ? ORDER BY seq').iterate(after)
          : this.#statement('SELECT * FROM event WHERE run = ? AND seq > ? ORDER BY seq').iterate(
              runId,
              after,
            );
      for (const row of rows) {
        const id = String(row.run);
        let run = runs.get(id);
        if (!run) {
          run = toRun(this.#one('SELECT * FROM run WHERE id = ?', id));
          runs.set(id, run);
          bytes += JSON.stringify(run.inputs).length;
        }
        found.push(toEvent(row, run));
        bytes += String(row.body).length;
        if (bytes >= maxBytes) break;
      }
      return found;
    });
  }

  async prune(keepRuns: number, endedBefore: number): Promise<number> {
    return this.#transaction(() => {
      const old = `ended_at IS NOT NULL AND (ended_at < ? OR id NOT IN
        (SELECT id FROM run WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, id DESC LIMIT ?))`;
      const newest = this.#one(
        `SELECT max(seq) AS seq FROM event WHERE run IN (SELECT id FROM run WHERE ${old})`,
        endedBefore,
        keepRuns,
      ).seq;
      const deleted = Number(this.#run(`DELETE FROM run WHERE ${old}`, endedBefore, keepRuns).changes);
      if (deleted > 0) {
        this.#run(
          'DELETE FROM flow WHERE hash NOT IN (SELECT flow FROM run UNION SELECT text FROM companion)',
        );
        this.#run(`UPDATE counter SET value = max(value, ?) WHERE name = 'prunedSeq'`, newest ?? 0);
      }
      return deleted;
    });
  }

  close(): void {
    // Folds the write-ahead log into the file, so that a stopped agent leaves one file behind.
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#db.close();
  }

  // ── inside a transaction ──────────────────────────────────────────────────────────────────────────────────────

  /** What the rules look at: runs past their time, and the head of the queue without accounts that are busy. */
  #snapshot(
    machine: { readonly id: string; readonly slots: number; readonly accepting: boolean },
    now: number,
  ): Snapshot {
    const busyAccounts = this.#all(
      `SELECT account FROM run WHERE machine = ? AND ${isActive}`,
      machine.id,
    ).map((row) => String(row.account));
    const columns = 'SELECT id, account, priority, moved_to_top_at, requested_at, expires_at FROM run';
    const queued = [
      ...this.#all(`${columns} WHERE machine = ? AND state = 'Queued' AND expires_at <= ?`, machine.id, now),
      // In queue order (Q-2; 'high' sorts before 'normal'). The plus keeps SQLite on the index that has this order.
      ...this.#all(
        `${columns} WHERE machine = ? AND state = 'Queued' AND +expires_at > ? AND account NOT IN (SELECT value FROM json_each(?))
         ORDER BY coalesce(moved_to_top_at, 0) DESC, priority, requested_at, id LIMIT ${lookAhead}`,
        machine.id,
        now,
        JSON.stringify(busyAccounts),
      ),
    ].map((row) => ({
      id: String(row.id),
      account: String(row.account),
      priority: row.priority as Run['priority'],
      requestedAt: Number(row.requested_at),
      expiresAt: Number(row.expires_at),
      ...(row.moved_to_top_at !== null && { movedToTopAt: Number(row.moved_to_top_at) }),
    }));
    return { accepting: machine.accepting, slots: machine.slots, busyAccounts, queued };
  }

  /** State of the run when `fence` is its current claim. */
  #held(runId: string, fence: number): RunState | undefined {
    const row = this.#all('SELECT state, fence FROM run WHERE id = ?', runId)[0];
    return row && Number(row.fence) === fence ? (row.state as RunState) : undefined;
  }

  #write(runId: string, change: RunChange): void {
    this.#run(
      `UPDATE run SET state = ?, started_at = coalesce(?, started_at), ended_at = coalesce(?, ended_at),
         outputs = coalesce(?, outputs), error = coalesce(?, error), position = coalesce(?, position) WHERE id = ?`,
      change.state,
      change.startedAt ?? null,
      change.endedAt ?? null,
      json(change.outputs),
      json(change.error),
      json(change.position),
      runId,
    );
  }

  /** Numbers and stores events; with `announce`, the changed record as the last one. */
  #record(runId: string, bodies: readonly EventBody[], announce: boolean, now: number): RunEvent[] {
    const count = bodies.length + (announce ? 1 : 0);
    if (count === 0) return [];
    const run = announce ? toRun(this.#one('SELECT * FROM run WHERE id = ?', runId)) : undefined;
    let seq = Number(
      this.#one(`UPDATE counter SET value = value + ? WHERE name = 'lastSeq' RETURNING value`, count).value,
    );
    seq -= count;
    const events: RunEvent[] = [];
    const add = (event: RunEvent, stored: object) => {
      events.push(event);
      this.#run(
        'INSERT INTO event (seq, run, at, body) VALUES (?, ?, ?, ?)',
        event.seq,
        runId,
        now,
        JSON.stringify(stored),
      );
    };
    for (const body of bodies) add({ ...body, seq: ++seq, runId, at: now }, body);
    if (run) add({ kind: 'run', run, seq: ++seq, runId, at: now }, changingPart(run));
    return events;
  }

  /** Texts are kept once, whatever runs have them. */
  #keepText(hash: string, text: string): void {
    this.#run('INSERT INTO flow (hash, text) VALUES (?, ?) ON CONFLICT DO NOTHING', hash, text);
  }

  #claim(runId: string): Claim | undefined {
    const row = this.#all(
      'SELECT run.*, flow.text FROM run JOIN flow ON flow.hash = run.flow WHERE id = ?',
      runId,
    )[0];
    return (
      row && {
        run: toRun(row),
        account: String(row.account),
        fence: Number(row.fence),
        flowText: String(row.text),
        companions: this.#all(
          `SELECT companion.path, flow.text, companion.ids FROM companion JOIN flow ON flow.hash = companion.text
           WHERE companion.run = ? ORDER BY companion.path`,
          runId,
        ).map(({ path, text, ids }) => ({
          path: String(path),
          text: String(text),
          ...(ids !== null && { ids: JSON.parse(String(ids)) as string[] }),
        })),
        sealedInputs: row.sealed_inputs as Uint8Array,
      }
    );
  }

  #counter(name: 'lastSeq' | 'prunedSeq'): number {
    return Number(this.#one('SELECT value FROM counter WHERE name = ?', name).value);
  }

  #transaction<T>(work: () => T): T {
    return inTransaction(this.#db, this.#path, 'run store', work);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  #one(sql: string, ...values: SQLInputValue[]): Row {
    return first(this.#all(sql, ...values));
  }

  #run(sql: string, ...values: SQLInputValue[]): { changes: number | bigint } {
    return this.#statement(sql).run(...values);
  }
}

/** How far a round looks; what lies behind is seen by the next one. */
const lookAhead = 64;

const isActive = `state IN ('Starting', 'Running', 'Paused')`;

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

function toRun(row: Row): Run {
  return {
    id: String(row.id),
    flow: { name: String(row.flow_name), path: String(row.flow_path), hash: String(row.flow) },
    machine: String(row.machine),
    mode: row.mode as Run['mode'],
    priority: row.priority as Run['priority'],
    state: row.state as RunState,
    requestedBy: String(row.requested_by),
    requestedAt: Number(row.requested_at),
    expiresAt: Number(row.expires_at),
    inputs: JSON.parse(String(row.inputs)),
    ...(row.timeout_seconds !== null && { timeoutSeconds: Number(row.timeout_seconds) }),
    ...(row.moved_to_top_at !== null && { movedToTopAt: Number(row.moved_to_top_at) }),
    ...(row.started_at !== null && { startedAt: Number(row.started_at) }),
    ...(row.ended_at !== null && { endedAt: Number(row.ended_at) }),
    ...(row.outputs !== null && { outputs: JSON.parse(String(row.outputs)) }),
    ...(row.error !== null && { error: JSON.parse(String(row.error)) }),
    ...(row.resubmit_of !== null && { resubmitOf: String(row.resubmit_of) }),
    ...(row.position !== null && { position: JSON.parse(String(row.position)) }),
  };
}

/** An event of kind `run` keeps only what can change: flow and inputs stay in the record, which may hold megabytes of them. */
function changingPart({
  state,
  priority,
  movedToTopAt,
  startedAt,
  endedAt,
  outputs,
  error,
  position,
}: Run): object {
  return {
    kind: 'run',
    run: { state, priority, movedToTopAt, startedAt, endedAt, outputs, error, position },
  };
}

function toEvent(row: Row, run: Run): RunEvent {
  const body = JSON.parse(String(row.body));
  const place = { seq: Number(row.seq), runId: run.id, at: Number(row.at) };
  if (body.kind !== 'run') return { ...body, ...place };
  const {
    movedToTopAt: _,
    startedAt: _s,
    endedAt: _e,
    outputs: _o,
    error: _r,
    position: _p,
    ...constant
  } = run;
  return { kind: 'run', run: { ...constant, ...body.run }, ...place };
}
