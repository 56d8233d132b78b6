// How changes of runs are written: one transaction for as many as came together. Applies what rules.ts decides and guards every change
// by fence and state. Knows nothing of machines beyond what a turn reads of them.
import { createHash } from 'node:crypto';
import { ProductError } from '../../base/error.ts';
import type { MachineFacts, SessionPlan } from '../../protocol/fleet.ts';
import { isTerminal, type Run, type RunEvent, type RunState } from '../../protocol/run.ts';
import { accountKey } from '../accounts.ts';
import { loggingOf } from '../logging.ts';
import type { ActiveRun, MachineState } from '../placement.ts';
import {
  activeStates,
  type Decision,
  decide,
  expiredError,
  failedError,
  isExtended,
  mayFollow,
  type QueuedRun,
  type QueueState,
} from '../rules.ts';
import type { Change, Claim, EventBody, Holder, Outcome, RunChange, RunEnding } from '../store.ts';
import type { Row, Sql } from './database.ts';
import { changingPart, json, runColumns, toRun } from './rows.ts';
import { isActive, queueOrder } from './schema.ts';

/** How far a turn looks at once. Where all of that waits for accounts, it looks at the first run of every other account (see `lanes`). */
const lookAhead = 64;
/** Rounds of one turn: each sees what the last one changed; a bound, not a goal. */
const mostRounds = 1_000;
/** Characters of rows that one statement inserts, unless one row alone is longer. */
const mostInsertedLength = 4_000_000;

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>;
type Draft = { done: boolean; events: RunEvent[]; claims: Claim[]; run?: Run; error?: unknown };
/** A change with the outcome that is being written for it. */
type Task<Kind extends Change['kind'] = Change['kind']> = {
  readonly change: ChangeOf<Kind>;
  readonly outcome: Draft;
};

/**
 * One transaction's worth of changes. Each kind is written by a fixed number of statements, however many changes of it there are, and
 * statements that do not need each other's results are sent in one go: in front of a database on another machine, the way costs time.
 */
export class Changes {
  readonly #sql: Sql;
  readonly #asked: number | Promise<number>;
  /** Known as soon as the first statements are answered. */
  #now = Number.NaN;
  readonly #leaseMs: number;
  readonly #chance: () => number;
  /** Rows of the queues concerned, locked. */
  readonly #queues = new Map<string, Row>();
  /** Events in the order in which they will be numbered: a message, or the record of a run as it was then. */
  readonly #records: { outcome: Draft; runId: string; body: EventBody | Run }[] = [];
  /** How many more runs wait in each queue than before, and when the last of them was requested. */
  readonly #counts = new Map<string, { waiting: number; latest?: number }>();

  constructor(sql: Sql, now: number | Promise<number>, leaseMs: number, chance: () => number) {
    this.#sql = sql;
    this.#asked = now;
    if (typeof now === 'number') this.#now = now;
    this.#leaseMs = leaseMs;
    this.#chance = chance;
  }

  /** `isAll`: nothing else belongs to the transaction. */
  async run(changes: readonly Change[], isAll = false): Promise<Outcome[]> {
    const tasks = changes.map(
      (change): Task => ({ change, outcome: { done: false, events: [], claims: [] } }),
    );
    const requests = ofKind(tasks, 'enqueue');
    const queues = await this.#concerned(changes);
    // What comes from workers first, then what people want, then requests, and turns at last: they see what the others freed and brought.
    const [now, , known, within, , ahead] = await Promise.all([
      this.#asked,
      this.#lock(queues),
      this.#known(requests),
      this.#within(requests),
      this.#reports(tasks),
      this.#ahead(changes),
    ]);
    this.#now = now;
    for (const task of tasks) await this.#wish(task);
    this.#enqueue(requests, known, within);
    await Promise.all(ofKind(tasks, 'turn').map((task) => this.#turn(task, ahead.get(task.change.queue))));
    this.#count();
    await this.#number(isAll);
    return tasks.map(({ outcome }) => outcome);
  }

  /** The time as a value of `{now ?}`. */
  get #given(): number | null {
    return Number.isNaN(this.#now) ? null : this.#now;
  }

  /** What turns will see first, asked for at once where nothing but plain reports comes before them. */
  async #ahead(changes: readonly Change[]): Promise<ReadonlyMap<string, QueueRows>> {
    const found = new Map<string, QueueRows>();
    const runs = new Set<string>();
    const asks: Promise<unknown>[] = [];
    for (const change of changes) {
      if (change.kind === 'turn') continue;
      if ((change.kind !== 'change' && change.kind !== 'append') || runs.has(change.holder.runId))
        return found;
      runs.add(change.holder.runId);
    }
    for (const change of changes) {
      if (change.kind !== 'turn' || change.asking.size === 0) continue;
      const { queue } = change;
      asks.push(queueRows(this.#sql, queue, lookAhead).then((rows) => found.set(queue, rows)));
    }
    await Promise.all(asks);
    return found;
  }

  async #concerned(changes: readonly Change[]): Promise<ReadonlySet<string>> {
    const queues = new Set<string>();
    const runs: string[] = [];
    for (const change of changes) {
      if (change.kind === 'enqueue') queues.add(change.entry.run.queue);
      else if (change.kind === 'turn') queues.add(change.queue);
      else if ('runId' in change && change.kind !== 'end') runs.push(change.runId);
      else if (change.kind === 'giveBack') runs.push(change.holder.runId);
    }
    if (runs.length > 0) {
      const rows = await this.#sql.all(`SELECT DISTINCT queue FROM run WHERE id IN ${idsIn}`, idRows(runs));
      for (const { queue } of rows) queues.add(String(queue));
    }
    return queues;
  }

  /** Queues always before runs and in one order, so that two transactions never wait for each other. */
  async #lock(queues: ReadonlySet<string>): Promise<void> {
    if (queues.size === 0) return;
    const rows = await this.#sql.all(
      `SELECT id, kind, name, settings, closed, waiting, latest_request FROM queue WHERE id IN ${idsIn} ORDER BY id{for update}`,
      idRows([...queues]),
    );
    for (const row of rows) this.#queues.set(String(row.id), row);
  }

  // ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Runs that are there already: their requests come again because an answer was lost. */
  async #known(tasks: readonly Task<'enqueue'>[]): Promise<Map<string, Run>> {
    if (tasks.length === 0) return new Map();
    const rows = await this.#sql.all(
      `SELECT ${runColumns} FROM run WHERE id IN ${idsIn}`,
      idRows(tasks.map(({ change }) => change.entry.run.id)),
    );
    return new Map(rows.map((row) => [String(row.id), toRun(row)]));
  }

  /** How many runs each connection requested within the last minute. */
  async #within(tasks: readonly Task<'enqueue'>[]): Promise<Map<string, number>> {
    const connections = new Set(tasks.flatMap(({ change }) => change.entry.run.connection ?? []));
    if (connections.size === 0) return new Map();
    const rows = await this.#sql.all(
      `SELECT connection, count(*) AS requests FROM run WHERE connection IN ${idsIn} AND requested_at > {now ?} - 60000 GROUP BY connection`,
      idRows([...connections]),
      this.#given,
    );
    return new Map(rows.map(({ connection, requests }) => [String(connection), Number(requests)]));
  }

  #enqueue(tasks: readonly Task<'enqueue'>[], known: Map<string, Run>, within: Map<string, number>): void {
    const texts = new Map<string, string>();
    const rows: object[] = [];
    const companions: object[] = [];
    for (const { change, outcome } of tasks) {
      const { run: requested, account, flowText, sealedInputs } = change.entry;
      const before = known.get(requested.id);
      if (before !== undefined) {
        outcome.done = true;
        outcome.run = before;
        continue;
      }
      const queue = this.#queues.get(requested.queue);
      const counts = this.#countsOf(requested.queue);
      const waiting = Number(queue?.waiting) + counts.waiting;
      const requests = requested.connection === undefined ? 0 : (within.get(requested.connection) ?? 0);
      if (queue === undefined || queue.closed !== null) outcome.error = targetGone(queue);
      else if (waiting >= change.queueLimit) outcome.error = queueFull(String(queue.name), waiting);
      // Rule TRG-8.
      else if (requests >= change.requestsPerMinute) outcome.error = throttled(change.requestsPerMinute);
      if (queue === undefined || outcome.error !== undefined) continue;
      if (requested.connection !== undefined) within.set(requested.connection, requests + 1);
      const { waitMs, logging: asked, ...shown } = requested;
      const logging = loggingOf(JSON.parse(String(queue.settings)), asked);
      const requestedAt = Math.max(this.#now, counts.latest ?? Number(queue.latest_request));
      counts.latest = requestedAt;
      counts.waiting++;
      const run: Run = {
        ...shown,
        ...(logging && { logging }),
        state: 'Queued',
        requestedAt,
        expiresAt: requestedAt + waitMs,
      };
      known.set(run.id, run);
      texts.set(run.flow.hash, flowText);
      rows.push({
        ...run,
        flow: run.flow.hash,
        name: run.flow.name,
        path: run.flow.path,
        account,
        lane: accountKey(account),
        elevated: run.elevated === true ? 1 : 0,
        logging: json(logging),
        inputs: JSON.stringify(run.inputs),
        sealed: Buffer.from(sealedInputs).toString('hex'),
      });
      for (const { path, text, ids } of change.entry.companions) {
        const hash = textKey(text);
        texts.set(hash, text);
        companions.push({ run: run.id, path, text: hash, ids: json(ids) });
      }
      outcome.done = true;
      this.#record(outcome, run);
    }
    // Texts are kept once, whatever runs have them.
    this.#insert(
      `INSERT INTO flow (hash, text) SELECT r.value->>'hash', r.value->>'text' FROM {rows ?} WHERE true ON CONFLICT DO NOTHING`,
      [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([hash, text]) => ({ hash, text })),
    );
    this.#insert(
      `INSERT INTO run (id, flow, flow_name, flow_path, queue, connection, account, lane, mode, elevated, priority, state, requested_by,
         requested_at, expires_at, timeout_seconds, logging, inputs, sealed_inputs, resubmit_of)
       SELECT r.value->>'id', r.value->>'flow', r.value->>'name', r.value->>'path', r.value->>'queue', r.value->>'connection',
         r.value->>'account', r.value->>'lane', r.value->>'mode', CAST(r.value->>'elevated' AS BIGINT), r.value->>'priority', 'Queued',
         r.value->>'requestedBy', CAST(r.value->>'requestedAt' AS BIGINT), CAST(r.value->>'expiresAt' AS BIGINT),
         CAST(r.value->>'timeoutSeconds' AS BIGINT), r.value->>'logging', r.value->>'inputs', {bytes r.value->>'sealed'}, r.value->>'resubmitOf'
       FROM {rows ?}`,
      rows,
    );
    this.#insert(
      `INSERT INTO companion (run, path, text, ids)
       SELECT r.value->>'run', r.value->>'path', r.value->>'text', r.value->>'ids' FROM {rows ?}`,
      companions,
    );
  }

  /** Rows of any size: no statement gets more of them than a database takes at once. */
  #insert(statement: string, rows: readonly object[]): void {
    let part: string[] = [];
    let size = 0;
    const send = () => {
      if (part.length > 0) this.#sql.send(statement, `[${part.join()}]`);
      part = [];
      size = 0;
    };
    for (const row of rows) {
      const text = JSON.stringify(row);
      if (size + text.length > mostInsertedLength) send();
      part.push(text);
      size += text.length;
    }
    send();
  }

  // ── a turn ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** `ahead`: what it sees first, where that is known. */
  async #turn(
    { change: { queue: queueId, asking }, outcome }: Task<'turn'>,
    ahead: QueueRows | undefined,
  ): Promise<void> {
    outcome.done = true;
    const row = this.#queues.get(queueId);
    if (row === undefined) return;
    if (asking.size === 0) {
      await this.#expire(queueId, outcome);
      // A group without a machine has nobody who could ever ask: its runs fail now (rule GRP-3).
      const [machine] = await this.#sql.all('SELECT 1 AS one FROM machine WHERE queue = ? LIMIT 1', queueId);
      if (machine !== undefined) return;
    }
    let wide = false;
    for (let round = 0; round < mostRounds; round++) {
      const rows = (round === 0 && ahead) || (await queueRows(this.#sql, queueId, lookAhead));
      const queue = await toQueue(this.#sql, row, rows, this.#now, this.#leaseMs, wide);
      const decided = decide(queue, asking, this.#now, this.#chance);
      const isWhole = queue.queued.length < lookAhead;
      const decisions = isWhole || !wide ? decided : inSight(decided, queue);
      const starts = decisions.filter((decision) => decision.kind === 'start');
      await this.#start(starts, outcome);
      await this.#leave(
        decisions.flatMap((decision) => (decision.kind === 'start' ? [] : [this.#end(decision, queue)])),
        outcome,
      );
      if (isWhole) return;
      // Where the first one that waits keeps all others waiting, there is more to see only when nothing in sight waits any more.
      if (decisions.length < queue.queued.length) {
        if (!isExtended(queue) || !hasRoom(queue, asking, starts)) return;
        // Everything in sight waits for its account: look at the first run of every other account, as long as that helps.
        if (wide && decisions.length === 0) return;
        wide = true;
      }
    }
  }

  /** How a run leaves the queue that the rules do not let start. */
  #end(
    decision: Exclude<Decision, { kind: 'start' }>,
    { queued }: QueueState,
  ): { runId: string; change: RunChange } {
    const { runId } = decision;
    if (decision.kind === 'fail')
      return { runId, change: { state: 'Failed', error: failedError(decision.blocker) } };
    const { expiresAt = 0, requestedAt = 0 } = queued.find(({ id }) => id === runId) ?? {};
    return { runId, change: timedOut(expiresAt - requestedAt) };
  }

  /** All of a queue that waited too long, also what lies further back than a turn looks (rule Q-9). */
  async #expire(queueId: string, outcome: Draft): Promise<void> {
    const rows = await this.#sql.all(
      // The queue and the order are written so that only the index of what is due serves them, and not that of everything that waits.
      `SELECT id, requested_at, expires_at FROM run WHERE state = 'Queued' AND expires_at <= ? AND queue || '' = ? ORDER BY expires_at`,
      this.#now,
      queueId,
    );
    const inOrder = rows.toSorted(
      (a, b) => Number(a.expires_at) - Number(b.expires_at) || (String(a.id) < String(b.id) ? -1 : 1),
    );
    await this.#leave(
      inOrder.map((row) => ({
        runId: String(row.id),
        change: timedOut(Number(row.expires_at) - Number(row.requested_at)),
      })),
      outcome,
    );
  }

  async #start(starts: readonly Extract<Decision, { kind: 'start' }>[], outcome: Draft): Promise<void> {
    if (starts.length === 0) return;
    const rows = await this.#sql.all(
      `UPDATE run SET state = 'Starting', machine = r.value->>'machine', session = r.value->>'session', plan = r.value->>'plan',
         fence = fence + 1, report = 0, told = 0, lease_until = ? FROM {rows ?}
       WHERE run.id = r.value->>'id' AND run.state = r.value->>'from' RETURNING ${claimColumns}`,
      Number.isFinite(this.#leaseMs) ? this.#now + this.#leaseMs : null,
      JSON.stringify(
        starts.map(({ runId, machine, session }) => ({
          id: runId,
          // A condition on both, so that no index but that of identifiers can seem to serve while the table is small.
          from: 'Queued',
          machine,
          session: session.kind === 'create' ? null : session.session,
          plan: JSON.stringify(session),
        })),
      ),
    );
    const claims = await toClaims(this.#sql, rows);
    for (const { runId } of starts) {
      const claim = claims.get(runId);
      if (claim === undefined) continue;
      this.#countsOf(claim.run.queue).waiting--;
      this.#record(outcome, claim.run);
      outcome.claims.push(claim);
    }
  }

  /** Waiting runs leave their queues without having started. */
  async #leave(gone: readonly { runId: string; change: RunChange }[], outcome: Draft): Promise<boolean> {
    if (gone.length === 0) return false;
    const changed = await this.#set(gone.map(({ runId, change }) => ({ runId, change, from: 'Queued' })));
    for (const { runId } of gone) {
      const row = changed.get(runId);
      if (row === undefined) continue;
      this.#countsOf(String(row.queue)).waiting--;
      this.#record(outcome, toRun(row));
    }
    return changed.size > 0;
  }

  // ── what people want ──────────────────────────────────────────────────────────────────────────────────────────

  async #wish({ change, outcome }: Task): Promise<void> {
    switch (change.kind) {
      case 'cancel': {
        const canceled: RunChange = { state: 'Canceled', error: change.error };
        outcome.done = await this.#leave([{ runId: change.runId, change: canceled }], outcome);
        break;
      }
      case 'end': {
        const changed = await this.#sql.run(
          `UPDATE run SET ending = ? WHERE id = ? AND ${isActive} AND ending IS NULL`,
          JSON.stringify(change.ending),
          change.runId,
        );
        outcome.done = changed > 0;
        break;
      }
      case 'prioritize':
        await this.#place(change.runId, 'priority = ?', [change.priority], outcome);
        break;
      case 'moveBack':
        await this.#place(change.runId, 'moved_to_top_at = NULL', [], outcome);
        break;
      case 'moveToTop': {
        // Later than every other move, also of the same millisecond (rule Q-2).
        const [row] = await this.#sql.all(
          `SELECT moved_to_top_at AS latest FROM run WHERE state = 'Queued' AND queue = (SELECT queue FROM run WHERE id = ?)
           ORDER BY ${queueOrder} LIMIT 1`,
          change.runId,
        );
        const at = Math.max(this.#now, Number(row?.latest ?? 0) + 1);
        await this.#place(change.runId, 'moved_to_top_at = ?', [at], outcome);
      }
    }
  }

  async #place(
    runId: string,
    set: string,
    values: readonly (string | number)[],
    outcome: Draft,
  ): Promise<void> {
    const [row] = await this.#sql.all(
      `UPDATE run SET ${set} WHERE id = ? AND state = 'Queued' RETURNING ${runColumns}`,
      ...values,
      runId,
    );
    outcome.done = row !== undefined;
    if (row !== undefined) this.#record(outcome, toRun(row));
  }

  // ── reports ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** In the order in which they came; as many at once as concern different runs. */
  async #reports(tasks: readonly Task[]): Promise<void> {
    let together: Task<'change' | 'append' | 'giveBack'>[] = [];
    const seen = new Set<string>();
    for (const task of tasks) {
      const { change } = task;
      if (change.kind !== 'change' && change.kind !== 'append' && change.kind !== 'giveBack') continue;
      if (seen.has(change.holder.runId)) {
        await this.#report(together);
        together = [];
        seen.clear();
      }
      seen.add(change.holder.runId);
      together.push(task as Task<'change' | 'append' | 'giveBack'>);
    }
    await this.#report(together);
  }

  async #report(tasks: readonly Task<'change' | 'append' | 'giveBack'>[]): Promise<void> {
    if (tasks.length === 0) return;
    const changed = await this.#set(
      tasks.map(({ change }) => ({
        ...change.holder,
        ...(change.kind === 'change'
          ? { change: change.change, from: precedents(change.change.state) }
          : change.kind === 'giveBack'
            ? { giveBack: true, from: 'Starting' }
            : {
                change: { ...(change.position && { position: change.position }) },
                from: activeStates.join(),
              }),
      })),
    );
    const refused = tasks.filter(({ change }) => !changed.has(change.holder.runId));
    const held = refused.length === 0 ? new Map<string, Row>() : await this.#held(refused);
    for (const { change, outcome } of tasks) {
      const { runId, fence, report } = change.holder;
      const row = changed.get(runId);
      if (row === undefined) {
        const holding = held.get(runId);
        if (holding === undefined || Number(holding.fence) !== fence) continue;
        // A report that was taken before counts as done, and changes nothing.
        outcome.done = report !== undefined && report <= Number(holding.report);
        if (change.kind === 'giveBack' && !outcome.done && holding.ending !== null)
          await this.#endInstead(change.holder, JSON.parse(String(holding.ending)) as RunEnding, outcome);
        continue;
      }
      outcome.done = true;
      const run = toRun(row);
      outcome.run = run;
      const bodies = change.kind === 'change' ? change.before : change.kind === 'append' ? change.bodies : [];
      for (const body of bodies) this.#records.push({ outcome, runId, body });
      if (change.kind !== 'append' || change.announce) this.#record(outcome, run);
      if (change.kind === 'giveBack') this.#countsOf(run.queue).waiting++;
    }
  }

  async #held(tasks: readonly Task<'change' | 'append' | 'giveBack'>[]): Promise<ReadonlyMap<string, Row>> {
    const rows = await this.#sql.all(
      `SELECT id, fence, report, ending FROM run WHERE id IN ${idsIn}`,
      idRows(tasks.map(({ change }) => change.holder.runId)),
    );
    return new Map(rows.map((row) => [String(row.id), row]));
  }

  /** A claim is given back of which somebody wants the run to end: it ends, and does not wait again. */
  async #endInstead(holder: Holder, ending: RunEnding, outcome: Draft): Promise<void> {
    const row = (await this.#set([{ ...holder, change: ending, from: 'Starting' }])).get(holder.runId);
    if (row === undefined) return;
    outcome.done = true;
    this.#record(outcome, toRun(row));
  }

  /**
   * Writes changes of different runs, each only when its run is in one of the states `from`, and, where a fence is given, only for its
   * holder and once per report. Gives the rows that were changed.
   */
  async #set(
    changes: readonly {
      runId: string;
      from: string;
      change?: Partial<RunChange>;
      fence?: number;
      report?: number;
      giveBack?: boolean;
    }[],
  ): Promise<ReadonlyMap<string, Row>> {
    const rows = await this.#sql.all(
      `UPDATE run SET
         state = CASE WHEN r.value->>'back' = '1' THEN 'Queued' ELSE coalesce(r.value->>'state', run.state) END,
         machine = CASE WHEN r.value->>'back' = '1' THEN NULL ELSE run.machine END,
         session = CASE WHEN r.value->>'back' = '1' THEN NULL ELSE coalesce(r.value->>'session', run.session) END,
         plan = CASE WHEN r.value->>'back' = '1' THEN NULL ELSE run.plan END,
         lease_until = CASE WHEN r.value->>'back' = '1' THEN NULL ELSE run.lease_until END,
         fence = run.fence + CASE WHEN r.value->>'back' = '1' THEN 1 ELSE 0 END,
         report = coalesce(CAST(r.value->>'report' AS BIGINT), run.report),
         started_at = CASE WHEN r.value->>'startedAgo' IS NULL THEN run.started_at
           WHEN {now ?} - CAST(r.value->>'startedAgo' AS BIGINT) < run.requested_at THEN run.requested_at
           ELSE {now ?} - CAST(r.value->>'startedAgo' AS BIGINT) END,
         ended_at = CASE WHEN r.value->>'endedAgo' IS NULL THEN run.ended_at
           WHEN {now ?} - CAST(r.value->>'endedAgo' AS BIGINT) < coalesce(run.started_at, run.requested_at)
             THEN coalesce(run.started_at, run.requested_at)
           ELSE {now ?} - CAST(r.value->>'endedAgo' AS BIGINT) END,
         outputs = coalesce(r.value->>'outputs', run.outputs),
         error = coalesce(r.value->>'error', run.error),
         position = coalesce(r.value->>'position', run.position)
       FROM {rows ?}
       WHERE run.id = r.value->>'id' AND r.value->>'from' LIKE '%' || run.state || '%'
         AND (r.value->>'fence' IS NULL OR CAST(r.value->>'fence' AS BIGINT) = run.fence)
         AND (r.value->>'report' IS NULL OR CAST(r.value->>'report' AS BIGINT) > run.report)
         AND (r.value->>'back' IS NULL OR run.ending IS NULL)
       RETURNING ${runColumns}`,
      this.#given,
      this.#given,
      this.#given,
      this.#given,
      JSON.stringify(
        [...changes]
          .sort((a, b) => (a.runId < b.runId ? -1 : 1))
          .map(({ runId, from, change, fence, report, giveBack }) => ({
            id: runId,
            from,
            fence,
            report,
            back: giveBack === true ? '1' : undefined,
            state: change?.state,
            session: change?.session,
            startedAgo: agoOf(change?.startedAgo),
            endedAgo:
              change?.state !== undefined && isTerminal(change.state)
                ? agoOf(change.endedAgo ?? 0)
                : undefined,
            outputs: json(change?.outputs),
            error: json(change?.error),
            position: json(change?.position),
          })),
      ),
    );
    return new Map(rows.map((row) => [String(row.id), row]));
  }

  // ── counting and numbering ────────────────────────────────────────────────────────────────────────────────────

  #countsOf(queue: string): { waiting: number; latest?: number } {
    const counts = this.#counts.get(queue) ?? { waiting: 0 };
    this.#counts.set(queue, counts);
    return counts;
  }

  #count(): void {
    const changed = [...this.#counts].filter(
      ([, { waiting, latest }]) => waiting !== 0 || latest !== undefined,
    );
    this.#insert(
      `UPDATE queue SET waiting = queue.waiting + CAST(r.value->>'waiting' AS BIGINT),
         latest_request = coalesce(CAST(r.value->>'latest' AS BIGINT), queue.latest_request)
       FROM {rows ?} WHERE queue.id = r.value->>'id'`,
      changed.map(([id, counts]) => ({ id, ...counts })),
    );
  }

  #record(outcome: Draft, run: Run): void {
    outcome.run = run;
    this.#records.push({ outcome, runId: run.id, body: run });
  }

  /** Numbers the events, at the very end: until the commit, nobody else can number any. */
  async #number(isAll: boolean): Promise<void> {
    const count = this.#records.length;
    if (count === 0) return;
    const counter = this.#sql.all(
      `UPDATE counter SET value = value + ? WHERE name = 'lastSeq' RETURNING value`,
      count,
    );
    // Heard below, unless what follows fails first.
    counter.catch(() => {});
    this.#insert(
      `INSERT INTO event (seq, run, at, body)
       SELECT counter.value - CAST(r.value->>'left' AS BIGINT), r.value->>'run', CAST(r.value->>'at' AS BIGINT), r.value->>'body'
       FROM counter, {rows ?} WHERE counter.name = 'lastSeq'`,
      this.#records.map(({ runId, body }, index) => ({
        left: count - 1 - index,
        run: runId,
        at: this.#now,
        body: JSON.stringify('kind' in body ? body : changingPart(body)),
      })),
    );
    if (isAll) this.#sql.commit?.();
    let seq = Number((await counter)[0]?.value) - count;
    for (const { outcome, runId, body } of this.#records) {
      const place = { seq: ++seq, runId, at: this.#now };
      outcome.events.push(
        'kind' in body ? ({ ...body, ...place } as RunEvent) : { kind: 'run', run: body, ...place },
      );
    }
  }
}

/** Whole milliseconds ago. The statement sees to it that nothing ends before it began, or begins before it was requested. */
const agoOf = (ago: number | undefined): number | undefined =>
  ago === undefined ? undefined : Math.round(Math.max(0, ago));

/** Identifiers as a value, and where they are looked for. */
const idsIn = `(SELECT r.value->>'id' FROM {rows ?})`;
const idRows = (ids: readonly string[]): string =>
  JSON.stringify([...new Set(ids)].sort().map((id) => ({ id })));

const ofKind = <Kind extends Change['kind']>(tasks: readonly Task[], kind: Kind): Task<Kind>[] =>
  tasks.filter(({ change }) => change.kind === kind) as unknown as Task<Kind>[];

/** The states of a claimed run from which it may come into `state`, as one text. */
const precedents = (state: RunState): string => activeStates.filter((from) => mayFollow(from, state)).join();

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What `toQueued` and `toActive` read. */
const placeColumns =
  'id, state, account, mode, elevated, flow_name, priority, moved_to_top_at, requested_at, expires_at, machine, session, plan, started_at';

/** Rows of a queue's machines, and of the runs on them and the first that wait. */
type QueueRows = readonly [machines: readonly Row[], runs: readonly Row[]];

/** Costs one index seek per machine and run in sight, however long the queue is. */
function queueRows(sql: Sql, id: string, limit: number): Promise<QueueRows> {
  return Promise.all([
    sql.all(
      `SELECT machine.*, queue.name FROM machine JOIN queue ON queue.id = machine.id WHERE machine.queue = ? ORDER BY machine.id`,
      id,
    ),
    sql.all(
      `SELECT ${placeColumns} FROM run WHERE ${isActive} AND machine IN (SELECT machine.id FROM machine WHERE machine.queue = ?)
       UNION ALL SELECT * FROM (
         SELECT ${placeColumns} FROM run WHERE queue = ? AND state = 'Queued' ORDER BY ${queueOrder} LIMIT ${limit}) AS head`,
      id,
      id,
    ),
  ]);
}

/** A queue as the rules see it (`queue`: its row): its machines with what runs on them, and the first `limit` waiting runs. */
export async function readQueue(
  sql: Sql,
  queue: Row,
  now: number,
  leaseMs: number,
  limit: number,
): Promise<QueueState> {
  return toQueue(sql, queue, await queueRows(sql, String(queue.id), limit), now, leaseMs, false);
}

/** With `wide`, the first waiting run of every account besides: one index seek each. */
async function toQueue(
  sql: Sql,
  queue: Row,
  [machines, runs]: QueueRows,
  now: number,
  leaseMs: number,
  wide: boolean,
): Promise<QueueState> {
  const id = String(queue.id);
  const waiting = runs.filter(({ state }) => state === 'Queued');
  if (wide) waiting.push(...(await lanes(sql, id, new Set(waiting.map((row) => String(row.id))))));
  const settings = JSON.parse(String(queue.settings)) as MachineState['settings'];
  return {
    id,
    name: String(queue.name),
    kind: queue.kind as QueueState['kind'],
    machines: machines.map((row) => ({
      id: String(row.id),
      name: String(row.name),
      online: row.seen_at !== null && now - Number(row.seen_at) < leaseMs,
      settings,
      unattendedSlots: Number(row.unattended_slots),
      ...(row.facts !== null && { facts: JSON.parse(String(row.facts)) as MachineFacts }),
      runs: runs.filter(({ state, machine }) => state !== 'Queued' && machine === row.id).map(toActive),
    })),
    queued: waiting.map(toQueued),
  };
}

/**
 * Of decisions over the first runs of a queue and of every account: those up to where the last run in sight of some account leaves. Its
 * next one may be due before what was decided after that.
 */
function inSight(decisions: readonly Decision[], { queued }: QueueState): readonly Decision[] {
  const lanes = new Map(queued.map(({ id, account }) => [id, accountKey(account)]));
  const left = new Map<string, number>();
  for (const lane of lanes.values()) left.set(lane, (left.get(lane) ?? 0) + 1);
  const end = decisions.findIndex(({ runId }) => {
    const lane = lanes.get(runId) ?? '';
    left.set(lane, (left.get(lane) ?? 0) - 1);
    return left.get(lane) === 0;
  });
  return end === -1 ? decisions : decisions.slice(0, end + 1);
}

/** Whether a machine that asks could take one more run of anybody: each run has a session of its own. */
function hasRoom(
  { machines }: QueueState,
  asking: ReadonlySet<string>,
  starts: readonly { readonly machine: string }[],
): boolean {
  return machines.some(({ id, facts, runs }) => {
    if (!asking.has(id) || facts === undefined) return false;
    const started = starts.filter(({ machine }) => machine === id).length;
    return runs.length + started < Math.max(facts.sessionLimit, facts.sessions?.length ?? 0);
  });
}

/** The first waiting run of every account of a queue, one index seek each. */
async function lanes(sql: Sql, queueId: string, without: ReadonlySet<string>): Promise<readonly Row[]> {
  const first = await sql.all(laneHeads, queueId, queueId, queueId);
  const ids = first.map(({ id }) => String(id)).filter((id) => !without.has(id));
  if (ids.length === 0) return [];
  return sql.all(`SELECT ${placeColumns} FROM run WHERE id IN ${idsIn}`, idRows(ids));
}

/**
 * Ordered also by what is equal everywhere, and without `min`: that leaves only the index that the seeks are made for, whatever the
 * database knows of its rows.
 */
const inLaneOrder = `ORDER BY run.queue, run.lane, ${queueOrder} LIMIT 1`;
const laneHeads = `WITH RECURSIVE lane (name) AS (
    SELECT (SELECT run.lane FROM run WHERE run.queue = ? AND run.state = 'Queued' ${inLaneOrder})
    UNION ALL
    SELECT (SELECT run.lane FROM run WHERE run.queue = ? AND run.state = 'Queued' AND run.lane > lane.name ${inLaneOrder})
      FROM lane WHERE lane.name IS NOT NULL
  )
  SELECT (SELECT run.id FROM run WHERE run.queue = ? AND run.state = 'Queued' AND run.lane = lane.name ${inLaneOrder}) AS id
  FROM lane WHERE lane.name IS NOT NULL`;

/** The session a run was to get when it was given to its machine. */
const planOf = ({ plan }: Row): SessionPlan | undefined =>
  plan === null ? undefined : (JSON.parse(String(plan)) as SessionPlan);

const toActive = (row: Row): ActiveRun => ({
  id: String(row.id),
  flow: String(row.flow_name),
  account: String(row.account),
  mode: row.mode as Run['mode'],
  ...(row.session !== null && { session: String(row.session) }),
  ...signsOut(planOf(row)),
  ...(row.started_at !== null && { startedAt: Number(row.started_at) }),
});

const signsOut = (plan: SessionPlan | undefined): { signsOut?: string } =>
  plan?.kind === 'create' && plan.signOutFirst !== undefined ? { signsOut: plan.signOutFirst } : {};

export const toQueued = (row: Row): QueuedRun => ({
  id: String(row.id),
  flow: String(row.flow_name),
  account: String(row.account),
  mode: row.mode as Run['mode'],
  priority: row.priority as Run['priority'],
  requestedAt: Number(row.requested_at),
  expiresAt: Number(row.expires_at),
  ...(Number(row.elevated) === 1 && { elevated: true }),
  ...(row.moved_to_top_at !== null && { movedToTopAt: Number(row.moved_to_top_at) }),
});

/** What `toClaims` reads; of the table `run` alone, so that a change may return it. */
const claimColumns = `${runColumns}, account, fence, sealed_inputs, ending, plan,
  (SELECT flow.text FROM flow WHERE flow.hash = run.flow) AS text,
  (SELECT count(*) FROM companion WHERE companion.run = run.id) AS companions`;

/** Runs with what their workers get. */
export async function readClaims(sql: Sql, runIds: readonly string[]): Promise<ReadonlyMap<string, Claim>> {
  if (runIds.length === 0) return new Map();
  return toClaims(sql, await sql.all(`SELECT ${claimColumns} FROM run WHERE id IN ${idsIn}`, idRows(runIds)));
}

async function toClaims(sql: Sql, rows: readonly Row[]): Promise<ReadonlyMap<string, Claim>> {
  const accompanied = rows.filter(({ companions }) => Number(companions) > 0).map(({ id }) => String(id));
  const companions =
    accompanied.length === 0
      ? []
      : await sql.all(
          `SELECT companion.run, companion.path, flow.text, companion.ids FROM companion JOIN flow ON flow.hash = companion.text
           WHERE companion.run IN ${idsIn} ORDER BY companion.run, companion.path`,
          idRows(accompanied),
        );
  return new Map(
    rows.map((row) => [
      String(row.id),
      {
        run: toRun(row),
        account: String(row.account),
        fence: Number(row.fence),
        flowText: String(row.text),
        companions: companions
          .filter(({ run }) => run === row.id)
          .map(({ path, text, ids }) => ({
            path: String(path),
            text: String(text),
            ...(ids !== null && { ids: JSON.parse(String(ids)) as string[] }),
          })),
        sealedInputs: row.sealed_inputs as Uint8Array,
        ...(row.plan !== null && { session: planOf(row) as SessionPlan }),
        ...(row.ending !== null && { ending: JSON.parse(String(row.ending)) as RunEnding }),
      },
    ]),
  );
}

const timedOut = (waitMs: number): RunChange => ({ state: 'TimedOut', error: expiredError(waitMs) });

const textKey = (text: string): string => createHash('sha256').update(text).digest('hex');

function targetGone(queue: Row | undefined): ProductError {
  if (queue?.closed === 'inGroup') {
    return new ProductError(
      'MachineInGroup',
      `The machine ${String(queue.name)} is in a machine group and works only for that.`,
      'Request the run for the group, or take the machine out of it first.',
    );
  }
  // Rule GRP-3.
  if (queue?.kind === 'group') {
    return new ProductError(
      'XrmMachineGroupNotFound',
      'The machine group of this run was removed.',
      'Choose another target (`dflow group list`), or mend the connection.',
    );
  }
  return new ProductError(
    'MachineNotFound',
    'The machine or machine group of this run is not known here (any more).',
    'List the machines (`dflow machine list`), then choose another target or mend the connection.',
  );
}

function queueFull(name: string, waiting: number): ProductError {
  return new ProductError(
    'QueueFull',
    `${waiting} runs already wait for ${name}, which is the limit.`,
    'Wait until some have run, or cancel runs that are no longer needed.',
  );
}

function throttled(requestsPerMinute: number): ProductError {
  return new ProductError(
    'DesktopFlowsActionThrottled',
    `This connection requested ${requestsPerMinute} runs within the last minute, which is the limit.`,
    'Repeat the request in a minute, or spread the runs over several connections.',
  );
}
