// The store of an orchestrator over either database. Changes of runs are written in changes.ts; here is everything else: machines,
// groups, connections, what is read, and upkeep.
import { ProductError } from '../../base/error.ts';
import type { Event } from '../../base/event.ts';
import type { ConnectionRecord, GroupRecord, MachineFacts, MachineRecord } from '../../protocol/fleet.ts';
import { compareQueued, type Run, type RunError, type RunEvent } from '../../protocol/run.ts';
import type { QueuedRun, QueueState } from '../rules.ts';
import { defaultPlacement } from '../settings.ts';
import type { Change, Claim, FleetStore, Held, Holder, NewMachine, Outcome, RunEnding } from '../store.ts';
import { Changes, readClaims, readQueue, toQueued } from './changes.ts';
import type { Database, Row, Sql } from './database.ts';
import { runColumns, toConnection, toEvent, toGroup, toMachine, toRun } from './rows.ts';
import { isActive, queueOrder } from './schema.ts';

/** Most machines of a group (rule GRP-3). */
const mostMembers = 50;
/** Runs of a flow that say how long it usually takes. */
const durationSample = 10;
const eventPage = 200;
/** Runs that one transaction of `prune` deletes: nobody waits long for it. */
const prunedTogether = 500;
/** More waiting runs than these are not read for one verdict. */
const mostInFront = 10_000;

/** A store over `database`, which it closes. A lease of `leaseMs` without a word means that a machine is offline. */
export function openFleetStore(database: Database, leaseMs: number): FleetStore {
  return new SqlFleetStore(database, leaseMs);
}

class SqlFleetStore implements FleetStore {
  readonly #db: Database;
  readonly #leaseMs: number;
  readonly onNotice: Event<string>;
  readonly backup?: (path: string) => Promise<void>;
  readonly check?: () => Promise<readonly string[]>;

  constructor(db: Database, leaseMs: number) {
    this.#db = db;
    this.#leaseMs = leaseMs;
    this.onNotice = db.onNotice;
    if (db.backup) this.backup = (path) => (db.backup as NonNullable<Database['backup']>)(path);
    if (db.check) this.check = () => (db.check as NonNullable<Database['check']>)();
  }

  async commit(changes: readonly Change[], chance: () => number): Promise<readonly Outcome[]> {
    try {
      const work = (sql: Sql, now: number | Promise<number>) =>
        new Changes(sql, now, this.#leaseMs, chance).run(changes, true);
      return await (this.#db.pipelined?.(work) ?? this.#db.transaction(work));
    } catch (error) {
      // Something in them that the database does not take must not keep the others out.
      if (error instanceof ProductError) throw error;
      if (changes.length === 1) return [{ done: false, events: [], claims: [], error }];
      const outcomes: Outcome[] = [];
      for (const change of changes) outcomes.push(...(await this.commit([change], chance)));
      return outcomes;
    }
  }

  // ── machines ──────────────────────────────────────────────────────────────────────────────────────────────────

  async putMachine({ id, name, description, owner, unattendedSlots, keyHash }: NewMachine): Promise<void> {
    await this.#db.transaction(async (sql) => {
      await free(sql, 'machine', name, id);
      await sql.run(
        `INSERT INTO queue (id, kind, name, description, settings, owner) VALUES (?, 'machine', ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, owner = excluded.owner,
           closed = CASE queue.closed WHEN 'removed' THEN NULL ELSE queue.closed END`,
        id,
        name,
        description,
        JSON.stringify(defaultPlacement),
        owner,
      );
      await sql.run(
        `INSERT INTO machine (id, queue, unattended_slots, key_hash) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET key_hash = coalesce(excluded.key_hash, machine.key_hash)`,
        id,
        id,
        unattendedSlots,
        keyHash ?? null,
      );
    });
  }

  heartbeat(
    machineId: string,
    boot: string,
    facts: MachineFacts,
    holding: readonly Holder[],
    leaseMs: number,
  ): Promise<{ held: readonly Held[]; rebooted: boolean }> {
    return this.#db.transaction(async (sql, now) => {
      const [machine] = await sql.all('SELECT boot FROM machine WHERE id = ?{for update}', machineId);
      if (machine === undefined) throw machineNotFound(machineId);
      await sql.run(
        'UPDATE machine SET facts = ?, seen_at = ?, boot = ? WHERE id = ?',
        JSON.stringify(facts),
        now,
        boot,
        machineId,
      );
      const active = await sql.all(
        `UPDATE run SET told = 1, lease_until = CASE WHEN told = 0 OR id IN (
             SELECT r.value->>'id' FROM {rows ?} WHERE CAST(r.value->>'fence' AS BIGINT) = run.fence) THEN ? ELSE lease_until END
         WHERE machine = ? AND ${isActive} RETURNING id, fence, ending`,
        JSON.stringify(holding.map(({ runId, fence }) => ({ id: runId, fence }))),
        Number.isFinite(leaseMs) ? now + leaseMs : null,
        machineId,
      );
      return {
        held: active.map(({ id, fence, ending }) => ({
          runId: String(id),
          fence: Number(fence),
          ...(ending !== null && { ending: JSON.parse(String(ending)) as RunEnding }),
        })),
        rebooted: machine.boot !== null && machine.boot !== boot,
      };
    });
  }

  signOff(machineId: string, boot: string, leaseMs: number): Promise<void> {
    return this.#db.transaction(async (sql, now) => {
      await sql.run(
        'UPDATE machine SET seen_at = ? WHERE id = ? AND boot = ? AND seen_at > ?',
        now - leaseMs,
        machineId,
        boot,
        now - leaseMs,
      );
    });
  }

  machines(leaseMs: number): Promise<readonly MachineRecord[]> {
    return this.#db.transaction(async (sql, now) => {
      const rows = await sql.all(
        `SELECT machine.*, own.name, own.description, own.owner, works.settings AS effective FROM machine
         JOIN queue AS own ON own.id = machine.id JOIN queue AS works ON works.id = machine.queue ORDER BY lower(own.name)`,
      );
      return rows.map((row) => toMachine(row, now, leaseMs));
    });
  }

  machineWithKey(keyHash: string): Promise<string | undefined> {
    return this.#db.read(async (sql) => {
      const [row] = await sql.all('SELECT id FROM machine WHERE key_hash = ?', keyHash);
      return row && String(row.id);
    });
  }

  async setMachine(machineId: string, change: Parameters<FleetStore['setMachine']>[1]): Promise<void> {
    await this.#db.transaction(async (sql) => {
      const [machine] = await sql.all('SELECT queue FROM machine WHERE id = ?', machineId);
      if (machine === undefined) throw machineNotFound(machineId);
      if (change.name !== undefined) await free(sql, 'machine', change.name, machineId);
      if (change.settings !== undefined && machine.queue !== machineId) {
        throw new ProductError(
          'MachineInGroup',
          'This machine is in a machine group, whose settings hold for all its members.',
          'Change the settings of the group, or take the machine out of it first.',
        );
      }
      await sql.run(
        'UPDATE queue SET name = coalesce(?, name), description = coalesce(?, description), settings = coalesce(?, settings) WHERE id = ?',
        change.name ?? null,
        change.description ?? null,
        change.settings === undefined ? null : JSON.stringify(change.settings),
        machineId,
      );
      if (change.unattendedSlots !== undefined)
        await sql.run(
          'UPDATE machine SET unattended_slots = ? WHERE id = ?',
          change.unattendedSlots,
          machineId,
        );
    });
  }

  async removeMachine(machineId: string): Promise<void> {
    await this.#db.transaction(async (sql) => {
      await lockQueues(sql, [machineId]);
      await queueOf(sql, machineId);
      await idle(sql, machineId);
      await sql.run('DELETE FROM machine WHERE id = ?', machineId);
      await close(sql, machineId, 'removed');
    });
  }

  // ── groups ────────────────────────────────────────────────────────────────────────────────────────────────────

  async putGroup({ id, name, description, settings, owner }: GroupRecord): Promise<void> {
    await this.#db.transaction(async (sql) => {
      await free(sql, 'group', name, id);
      await sql.run(
        `INSERT INTO queue (id, kind, name, description, settings, owner) VALUES (?, 'group', ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, settings = excluded.settings,
           owner = excluded.owner`,
        id,
        name,
        description,
        JSON.stringify(settings),
        owner,
      );
    });
  }

  groups(): Promise<readonly GroupRecord[]> {
    return this.#db.read(async (sql) =>
      (await sql.all(`SELECT * FROM queue WHERE kind = 'group' AND closed IS NULL ORDER BY lower(name)`)).map(
        toGroup,
      ),
    );
  }

  async removeGroup(groupId: string): Promise<void> {
    await this.#db.transaction(async (sql) => {
      const [group] = await lockQueues(sql, [groupId]);
      if (group?.kind !== 'group' || group.closed !== null) throw groupNotFound();
      await idle(sql, groupId);
      const members = await sql.all('SELECT id FROM machine WHERE queue = ? ORDER BY id', groupId);
      for (const { id } of members) await leaveGroup(sql, String(id));
      await close(sql, groupId, 'removed');
    });
  }

  async setMembership(machineId: string, groupId: string | undefined): Promise<void> {
    await this.#db.transaction(async (sql) => {
      const locked = await lockQueues(sql, groupId === undefined ? [machineId] : [machineId, groupId]);
      const now = await queueOf(sql, machineId);
      if (now === (groupId ?? machineId)) return;
      if (groupId === undefined) {
        await leaveGroup(sql, machineId);
        return;
      }
      const group = locked.find(
        ({ id, kind, closed }) => id === groupId && kind === 'group' && closed === null,
      );
      if (group === undefined) throw groupNotFound();
      const [members] = await sql.all('SELECT count(*) AS n FROM machine WHERE queue = ?', groupId);
      if (Number(members?.n) >= mostMembers) {
        throw new ProductError(
          'GroupFull',
          `The machine group ${String(group.name)} has ${mostMembers} machines, which is the limit.`,
          'Take a machine out of it, or use another group.',
        );
      }
      await idle(sql, machineId);
      await sql.run('UPDATE machine SET queue = ? WHERE id = ?', groupId, machineId);
      await close(sql, machineId, 'inGroup');
    });
  }

  // ── connections ───────────────────────────────────────────────────────────────────────────────────────────────

  async putConnection(connection: ConnectionRecord, sealed: Uint8Array | undefined): Promise<void> {
    const { id, name, queue, account, credential, usable, owner } = connection;
    await this.#db.transaction(async (sql) => {
      const [other] = await sql.all(
        'SELECT id FROM connection WHERE lower(name) = lower(?) AND id <> ?',
        name,
        id,
      );
      if (other !== undefined) throw nameTaken('connection', name);
      await sql.run(
        `INSERT INTO connection (id, name, queue, account, credential, sealed, usable, owner) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, queue = excluded.queue, account = excluded.account,
           credential = excluded.credential, sealed = excluded.sealed, usable = excluded.usable, owner = excluded.owner`,
        id,
        name,
        queue,
        account,
        JSON.stringify(credential),
        sealed ?? null,
        usable ? 1 : 0,
        owner,
      );
    });
  }

  connections(): Promise<readonly (ConnectionRecord & { readonly sealed?: Uint8Array })[]> {
    return this.#db.read(async (sql) =>
      (await sql.all('SELECT * FROM connection ORDER BY lower(name)')).map(toConnection),
    );
  }

  async removeConnection(connectionId: string): Promise<void> {
    await this.#db.transaction((sql) => sql.run('DELETE FROM connection WHERE id = ?', connectionId));
  }

  // ── runs ──────────────────────────────────────────────────────────────────────────────────────────────────────

  get(runId: string): Promise<Run | undefined> {
    return this.#db.read(async (sql) => {
      const [row] = await sql.all(`SELECT ${runColumns} FROM run WHERE id = ?`, runId);
      return row && toRun(row);
    });
  }

  entry(runId: string): Promise<Claim | undefined> {
    return this.#db.read(async (sql) => (await readClaims(sql, [runId])).get(runId));
  }

  list(limit: number, queue?: string): Promise<readonly Run[]> {
    return this.#db.read(async (sql) => {
      const rows =
        queue === undefined
          ? await sql.all(`SELECT ${runColumns} FROM run ORDER BY requested_at DESC, id DESC LIMIT ?`, limit)
          : await sql.all(
              `SELECT ${runColumns} FROM run WHERE queue = ? ORDER BY requested_at DESC, id DESC LIMIT ?`,
              queue,
              limit,
            );
      return rows.map(toRun);
    });
  }

  waiting(queue: string, limit: number): Promise<readonly Run[]> {
    return this.#db.read(async (sql) =>
      (
        await sql.all(
          `SELECT ${runColumns} FROM run WHERE queue = ? AND state = 'Queued' ORDER BY ${queueOrder} LIMIT ?`,
          queue,
          limit,
        )
      ).map(toRun),
    );
  }

  queueState(queueId: string, leaseMs: number, before?: QueuedRun): Promise<QueueState | undefined> {
    return this.#db.transaction(async (sql, now) => {
      const [row] = await sql.all(`SELECT * FROM queue WHERE id = ? AND closed IS NULL`, queueId);
      if (row === undefined) return undefined;
      const queue = await readQueue(sql, row, now, leaseMs, 1);
      if (before === undefined) return queue;
      const rows = await sql.all(
        `SELECT id, account, lane, mode, elevated, flow_name, priority, moved_to_top_at, requested_at, expires_at FROM run
         WHERE queue = ? AND state = 'Queued' ORDER BY ${queueOrder} LIMIT ${mostInFront}`,
        queueId,
      );
      return { ...queue, queued: rows.map(toQueued).filter((run) => compareQueued(run, before) < 0) };
    });
  }

  durations(flows: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.#db.read(async (sql) => {
      const found = new Map<string, number>();
      for (const flow of new Set(flows)) {
        const rows = await sql.all(
          `SELECT ended_at - started_at AS took FROM run WHERE flow_name = ? AND state = 'Succeeded' AND started_at IS NOT NULL
           ORDER BY ended_at DESC LIMIT ${durationSample}`,
          flow,
        );
        const took = rows.map((row) => Number(row.took)).sort((a, b) => a - b);
        const median = took[took.length >> 1];
        if (median !== undefined) found.set(flow, median);
      }
      return found;
    });
  }

  counts(queue?: string): Promise<{ queued: number; running: number }> {
    return this.#db.read(async (sql) => {
      const [where, values] = queue === undefined ? ['', []] : [' AND queue = ?', [queue]];
      const [queued] = await sql.all(
        `SELECT count(*) AS n FROM run WHERE state = 'Queued'${where}`,
        ...values,
      );
      const [running] = await sql.all(`SELECT count(*) AS n FROM run WHERE ${isActive}${where}`, ...values);
      return { queued: Number(queued?.n), running: Number(running?.n) };
    });
  }

  loads(): Promise<{ queued: ReadonlyMap<string, number>; running: ReadonlyMap<string, number> }> {
    return this.#db.read(async (sql) => {
      const queued = await sql.all('SELECT id, waiting AS n FROM queue WHERE waiting > 0');
      const running = await sql.all(
        `SELECT machine AS id, count(*) AS n FROM run WHERE ${isActive} GROUP BY machine`,
      );
      const byId = (rows: readonly Row[]) => new Map(rows.map(({ id, n }) => [String(id), Number(n)]));
      return { queued: byId(queued), running: byId(running) };
    });
  }

  active(): Promise<readonly Run[]> {
    return this.#db.read(async (sql) =>
      (await sql.all(`SELECT ${runColumns} FROM run WHERE ${isActive} ORDER BY machine, lane`)).map(toRun),
    );
  }

  events(after: number, maxBytes: number, runId?: string): Promise<readonly RunEvent[]> {
    return this.#db.read(async (sql) => {
      const found: RunEvent[] = [];
      let bytes = 0;
      let last = after;
      while (bytes < maxBytes) {
        const rows: readonly Row[] =
          runId === undefined
            ? await sql.all(`SELECT * FROM event WHERE seq > ? ORDER BY seq LIMIT ${eventPage}`, last)
            : await sql.all(
                `SELECT * FROM event WHERE run = ? AND seq > ? ORDER BY seq LIMIT ${eventPage}`,
                runId,
                last,
              );
        const ids = [...new Set(rows.map(({ run }) => String(run)))].map((id) => ({ id }));
        const records =
          ids.length === 0
            ? []
            : await sql.all(
                `SELECT ${runColumns} FROM run WHERE id IN (SELECT r.value->>'id' FROM {rows ?})`,
                JSON.stringify(ids),
              );
        const runs = new Map(records.map((row) => [String(row.id), row]));
        for (const row of rows) {
          last = Number(row.seq);
          const record = runs.get(String(row.run));
          // Pruned since the page was read.
          if (record === undefined) continue;
          found.push(toEvent(row, toRun(record)));
          bytes += String(row.body).length + String(record.inputs).length;
          if (bytes >= maxBytes) break;
        }
        if (rows.length < eventPage) break;
      }
      return found;
    });
  }

  marks(): Promise<{ lastSeq: number; prunedSeq: number }> {
    return this.#db.read(async (sql) => {
      const rows = await sql.all('SELECT name, value FROM counter');
      const value = (name: string) => Number(rows.find((row) => row.name === name)?.value ?? 0);
      return { lastSeq: value('lastSeq'), prunedSeq: value('prunedSeq') };
    });
  }

  // ── upkeep ────────────────────────────────────────────────────────────────────────────────────────────────────

  async sweep(
    lost: (run: Run) => RunError,
  ): Promise<{ events: readonly RunEvent[]; queues: readonly string[] }> {
    const { outcomes, lostIn, due, waiting } = await this.#db.transaction(async (sql, now) => {
      const rows = await sql.all(
        `SELECT ${runColumns}, fence FROM run WHERE ${isActive} AND lease_until <= ? ORDER BY lease_until, id{for update}`,
        now,
      );
      const changes = rows.map(
        (row): Change => ({
          kind: 'change',
          holder: { runId: String(row.id), fence: Number(row.fence) },
          change: { state: 'Lost', error: lost(toRun(row)) },
          before: [],
        }),
      );
      return {
        outcomes: await new Changes(sql, now, this.#leaseMs, () => 0).run(changes),
        lostIn: rows.map(({ queue }) => String(queue)),
        due: await sql.all(
          `SELECT queue FROM run WHERE state = 'Queued' AND expires_at <= ? ORDER BY expires_at`,
          now,
        ),
        waiting: await sql.all('SELECT id FROM queue WHERE waiting > 0'),
      };
    });
    const waitedIn = [...new Set(due.map(({ queue }) => String(queue)))];
    // In a transaction of its own: queues are locked before runs.
    const expired = await this.commit(
      waitedIn.map((queue): Change => ({ kind: 'turn', queue, asking: new Set() })),
      () => 0,
    );
    return {
      events: [...outcomes, ...expired].flatMap(({ events }) => events),
      queues: [...new Set([...lostIn, ...waitedIn, ...waiting.map(({ id }) => String(id))])],
    };
  }

  async prune(keepRuns: number, keepMs: number): Promise<number> {
    let deleted = 0;
    for (;;) {
      const part = await this.#db.transaction((sql, now) => pruneSome(sql, now - keepMs, keepRuns));
      deleted += part;
      if (part < prunedTogether) return deleted;
    }
  }

  announce(queue: string): Promise<void> {
    return this.#db.announce(queue);
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}

/** Deletes the oldest of the finished runs that need not be kept, and the texts that no run has any more. Returns how many runs. */
async function pruneSome(sql: Sql, endedBefore: number, keepRuns: number): Promise<number> {
  const [firstBeyond] = await sql.all(
    'SELECT ended_at, id FROM run WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, id DESC LIMIT 1 OFFSET ?',
    keepRuns,
  );
  const beyond = firstBeyond !== undefined && Number(firstBeyond.ended_at) >= endedBefore;
  const old = await sql.all(
    `SELECT id FROM run WHERE ended_at IS NOT NULL AND (ended_at, id) <= (?, ?) ORDER BY ended_at, id LIMIT ${prunedTogether}`,
    beyond ? Number(firstBeyond.ended_at) : endedBefore,
    beyond ? String(firstBeyond.id) : '',
  );
  if (old.length === 0) return 0;
  const ids = JSON.stringify(old.map(({ id }) => ({ id })));
  const inIds = `IN (SELECT r.value->>'id' FROM {rows ?})`;
  const [newest] = await sql.all(`SELECT max(seq) AS seq FROM event WHERE run ${inIds}`, ids);
  const texts = await sql.all(
    `SELECT flow AS id FROM run WHERE id ${inIds} UNION ALL SELECT text FROM companion WHERE run ${inIds}`,
    ids,
    ids,
  );
  const deleted = await sql.run(`DELETE FROM run WHERE id ${inIds}`, ids);
  sql.send(
    `DELETE FROM flow WHERE hash ${inIds} AND NOT EXISTS (SELECT 1 FROM run WHERE run.flow = flow.hash)
       AND NOT EXISTS (SELECT 1 FROM companion WHERE companion.text = flow.hash)`,
    JSON.stringify(texts),
  );
  const seq = Number(newest?.seq ?? 0);
  sql.send(`UPDATE counter SET value = ? WHERE name = 'prunedSeq' AND value < ?`, seq, seq);
  return deleted;
}

/** Locks queues in the one order in which everybody does, before any run or machine. */
async function lockQueues(sql: Sql, ids: readonly string[]): Promise<readonly Row[]> {
  return sql.all(
    `SELECT id, kind, name, settings, closed FROM queue WHERE id IN (SELECT r.value->>'id' FROM {rows ?}) ORDER BY id{for update}`,
    JSON.stringify(ids.map((id) => ({ id }))),
  );
}

/** The queue a machine works on; its own queue is locked, so that it stays so. Throws `MachineNotFound`. */
async function queueOf(sql: Sql, machineId: string): Promise<string> {
  const [machine] = await sql.all('SELECT queue FROM machine WHERE id = ?', machineId);
  if (machine === undefined) throw machineNotFound(machineId);
  const queue = String(machine.queue);
  if (queue !== machineId) await lockQueues(sql, [queue]);
  return queue;
}

/** A queue takes no more runs, and connections to it are of no use (rule CON-14). */
async function close(sql: Sql, queueId: string, why: 'inGroup' | 'removed'): Promise<void> {
  await sql.run('UPDATE queue SET closed = ? WHERE id = ?', why, queueId);
  await sql.run('UPDATE connection SET usable = 0 WHERE queue = ?', queueId);
}

/** Rule SES-6: it keeps the settings of the group. */
async function leaveGroup(sql: Sql, machineId: string): Promise<void> {
  await sql.run(
    `UPDATE queue SET closed = NULL,
       settings = (SELECT works.settings FROM machine JOIN queue AS works ON works.id = machine.queue WHERE machine.id = ?) WHERE id = ?`,
    machineId,
    machineId,
  );
  await sql.run('UPDATE machine SET queue = id WHERE id = ?', machineId);
}

/** A machine or group may change its queue, or go, only while nothing of it runs or waits. */
async function idle(sql: Sql, queueId: string): Promise<void> {
  const [row] = await sql.all(
    `SELECT count(*) AS n FROM run WHERE (queue = ? AND state = 'Queued') OR (${isActive} AND (queue = ? OR machine = ?))`,
    queueId,
    queueId,
    queueId,
  );
  if (Number(row?.n) === 0) return;
  throw new ProductError(
    'QueueNotEmpty',
    Number(row?.n) === 1 ? 'One run waits or runs there.' : `${Number(row?.n)} runs wait or run there.`,
    'Wait for their end, or cancel them first.',
  );
}

async function free(sql: Sql, kind: 'machine' | 'group', name: string, id: string): Promise<void> {
  const [other] = await sql.all(
    `SELECT id FROM queue WHERE kind = ? AND lower(name) = lower(?) AND id <> ? AND (closed IS NULL OR closed <> 'removed')`,
    kind,
    name,
    id,
  );
  if (other !== undefined) throw nameTaken(kind === 'machine' ? 'machine' : 'machine group', name);
}

function nameTaken(what: string, name: string): ProductError {
  return new ProductError(
    'NameTaken',
    `There already is a ${what} with the name ${name}.`,
    'Choose another name.',
  );
}

function groupNotFound(): ProductError {
  return new ProductError(
    'XrmMachineGroupNotFound',
    'There is no such machine group.',
    'List them: `dflow group list`.',
  );
}

function machineNotFound(machineId: string): ProductError {
  return new ProductError(
    'MachineNotFound',
    `No machine with the identifier ${machineId.slice(0, 100)} is registered here.`,
    'Register it again: `dflow agent pair`.',
  );
}
