// Schedules and their firings in either database. That each time is fired once is the primary key of `firing`, and the identifier of its
// run, which follows from schedule and time.
import { createHash } from 'node:crypto';
import { asProductError, ProductError } from '../../base/error.ts';
import type { FiringRecord, ScheduleRecord, ScheduleSpec } from '../../protocol/schedules.ts';
import type { FiringResult, NewSchedule, OpenFiring, ScheduledRequest, ScheduleStore } from '../scheduler.ts';
import { checkSchedule, dueTimes, punctualMs, shownMoment, timesOf } from '../schedules.ts';
import type { Database, Row, Sql } from './database.ts';

/** Schedules that are fired in one transaction. */
const mostTogether = 20;
/** Open firings that are taken up in one transaction. */
const mostOpen = 200;
/** Who took a firing down settles it within milliseconds; after this time others do. */
const settleMs = 10_000;
/** Nobody can know any more, then, whether the run was queued: it may have ended and been deleted. */
const openMs = 24 * 60 * 60_000;
/** Firings kept per schedule. All of two days are kept besides: a clock that is set back by less fires nothing again. */
const keepFirings = 1_000;
const keepMs = 2 * 24 * 60 * 60_000;
const longestNote = 1_000;

/** What everybody may see of a schedule beyond its columns; the column `request` has what only its runs get. */
interface Shown {
  readonly flow: string;
  readonly queue: string;
  readonly spec: ScheduleSpec;
}

/** The schedules in `database`, which stays open. */
export function openScheduleStore(database: Database): ScheduleStore {
  return new SqlScheduleStore(database);
}

/** The identifier of the run of one time: a UUID of version 8 that sorts by time. */
export function runIdOf(scheduleId: string, dueAt: number): string {
  const bytes = createHash('sha256').update(`${scheduleId} ${dueAt}`).digest().subarray(0, 16);
  bytes.writeUIntBE(dueAt, 0, 6);
  bytes[6] = 0x80 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

class SqlScheduleStore implements ScheduleStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  // ── schedules ─────────────────────────────────────────────────────────────────────────────────────────────────

  add({ id, name, owner, spec, enabled, request }: NewSchedule): Promise<ScheduleRecord> {
    return this.#db.transaction(async (sql, now) => {
      await free(sql, name, id);
      checkSchedule(spec, now);
      await sql.run(
        'INSERT INTO schedule (id, name, spec, request, sealed_inputs, enabled, next_at, owner) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        id,
        name,
        shownOf(request, spec),
        requestText(request),
        request.sealedInputs,
        enabled ? 1 : 0,
        enabled ? (timesOf(spec).next(now) ?? null) : null,
        owner,
      );
      return toRecord(await find(sql, id));
    });
  }

  change(
    schedule: string,
    change: Partial<Pick<NewSchedule, 'name' | 'spec' | 'enabled' | 'request'>>,
  ): Promise<ScheduleRecord> {
    return this.#db.transaction(async (sql, now) => {
      const row = await find(sql, schedule, '{for update}');
      const id = String(row.id);
      const was = toRecord(row);
      if (change.name !== undefined) await free(sql, change.name, id);
      if (change.spec !== undefined) checkSchedule(change.spec, now);
      const spec = change.spec ?? was.spec;
      const enabled = change.enabled ?? was.enabled;
      const isAnew = change.spec !== undefined || enabled !== was.enabled;
      const nextAt = isAnew ? (enabled ? timesOf(spec).next(now) : undefined) : was.nextAt;
      const { request } = change;
      const shown: Shown = { ...(JSON.parse(String(row.spec)) as Shown), spec };
      await sql.run(
        'UPDATE schedule SET name = ?, spec = ?, enabled = ?, next_at = ? WHERE id = ?',
        change.name ?? was.name,
        request === undefined ? JSON.stringify(shown) : shownOf(request, spec),
        enabled ? 1 : 0,
        nextAt ?? null,
        id,
      );
      if (request !== undefined) {
        await sql.run(
          'UPDATE schedule SET request = ?, sealed_inputs = ? WHERE id = ?',
          requestText(request),
          request.sealedInputs,
          id,
        );
      }
      return toRecord(await find(sql, id));
    });
  }

  async remove(schedule: string): Promise<void> {
    await this.#db.transaction(async (sql) => {
      const { id } = await find(sql, schedule);
      await sql.run('DELETE FROM schedule WHERE id = ?', String(id));
    });
  }

  get(schedule: string): Promise<ScheduleRecord> {
    return this.#db.transaction(async (sql) => toRecord(await find(sql, schedule)));
  }

  list(): Promise<readonly ScheduleRecord[]> {
    return this.#db.transaction(async (sql) =>
      (await sql.all(`SELECT ${columns} FROM schedule ORDER BY lower(name)`)).map(toRecord),
    );
  }

  firings(schedule: string, limit: number): Promise<readonly FiringRecord[]> {
    return this.#db.transaction(async (sql) => {
      const { id } = await find(sql, schedule);
      const rows = await sql.all(
        'SELECT due_at, fired_at, run, note FROM firing WHERE schedule = ? ORDER BY due_at DESC LIMIT ?',
        String(id),
        limit,
      );
      return rows.map(({ due_at, fired_at, run, note }) => ({
        dueAt: Number(due_at),
        firedAt: Number(fired_at),
        ...(run !== null && { run: String(run) }),
        ...(note !== null && { note: String(note) }),
      }));
    });
  }

  // ── firing ────────────────────────────────────────────────────────────────────────────────────────────────────

  fire(): Promise<{ now: number; opened: readonly OpenFiring[]; next: number | undefined }> {
    return this.#db.transaction(async (sql, now) => {
      const due = await sql.all(
        `SELECT id, spec, next_at FROM schedule WHERE enabled = 1 AND next_at <= ? ORDER BY next_at, id LIMIT ${mostTogether}{for update}`,
        now,
      );
      const opened = due.length === 0 ? [] : await this.#take(sql, due, now);
      const [earliest] = await sql.all(
        'SELECT next_at FROM schedule WHERE enabled = 1 AND next_at IS NOT NULL ORDER BY next_at LIMIT 1',
      );
      return { now, opened, next: earliest && Number(earliest.next_at) };
    });
  }

  async #take(sql: Sql, due: readonly Row[], now: number): Promise<OpenFiring[]> {
    const plans = due.map((row) => planOf(row, now));
    const firings = await sql.all(
      `INSERT INTO firing (schedule, due_at, fired_at, note)
       SELECT r.value->>'schedule', CAST(r.value->>'dueAt' AS BIGINT), CAST(? AS BIGINT), r.value->>'note' FROM {rows ?} WHERE true
       ON CONFLICT DO NOTHING RETURNING schedule, due_at, note`,
      now,
      JSON.stringify(plans.flatMap(({ firings }) => firings)),
    );
    await sql.run(
      `UPDATE schedule SET next_at = CAST(r.value->>'next' AS BIGINT) FROM {rows ?} WHERE schedule.id = r.value->>'schedule'`,
      JSON.stringify(plans.map(({ schedule, next }) => ({ schedule, next }))),
    );
    return openFirings(
      sql,
      firings.filter(({ note }) => note === null),
    );
  }

  unsettled(): Promise<readonly OpenFiring[]> {
    return this.#db.transaction(async (sql, now) => {
      const rows = await sql.all(
        `SELECT firing.schedule, firing.due_at, firing.fired_at, schedule.enabled, schedule.spec FROM firing
         JOIN schedule ON schedule.id = firing.schedule
         WHERE firing.run IS NULL AND firing.note IS NULL AND (firing.fired_at <= ? OR firing.fired_at > ?)
         ORDER BY firing.due_at, firing.schedule LIMIT ${mostOpen}`,
        now - settleMs,
        now,
      );
      if (rows.length === 0) return [];
      const runs = rows.map((row) => runIdOf(String(row.schedule), Number(row.due_at)));
      const known = await sql.all(
        `SELECT id FROM run WHERE id IN (SELECT r.value->>'id' FROM {rows ?})`,
        JSON.stringify(runs.map((id) => ({ id }))),
      );
      const isKnown = new Set(known.map(({ id }) => String(id)));
      const again: Row[] = [];
      const results: FiringResult[] = [];
      rows.forEach((row, index) => {
        const firing = { scheduleId: String(row.schedule), dueAt: Number(row.due_at) };
        const run = runs[index] as string;
        const note = isKnown.has(run) ? undefined : noteOnOpen(row, now);
        if (isKnown.has(run)) results.push({ ...firing, run });
        else if (note !== undefined) results.push({ ...firing, note });
        else again.push(row);
      });
      await settle(sql, results);
      return openFirings(sql, again);
    });
  }

  async settle(results: readonly FiringResult[]): Promise<void> {
    if (results.length > 0) await this.#db.transaction((sql) => settle(sql, results));
  }

  async reckon(): Promise<void> {
    await this.#db.transaction(async (sql, now) => {
      const rows = await sql.all(
        'SELECT id, spec, next_at FROM schedule WHERE enabled = 1 ORDER BY id{for update}',
      );
      const earlier = rows.flatMap((row) => {
        const next = nextOf(row, now);
        const isLate = next !== undefined && (row.next_at === null || next < Number(row.next_at));
        return isLate ? [{ schedule: row.id, next }] : [];
      });
      if (earlier.length === 0) return;
      await sql.run(
        `UPDATE schedule SET next_at = CAST(r.value->>'next' AS BIGINT) FROM {rows ?} WHERE schedule.id = r.value->>'schedule'`,
        JSON.stringify(earlier),
      );
    });
  }

  prune(): Promise<number> {
    return this.#db.transaction(async (sql, now) => {
      const many = await sql.all(
        `SELECT schedule FROM firing GROUP BY schedule HAVING count(*) > ${keepFirings} ORDER BY schedule`,
      );
      let deleted = 0;
      for (const { schedule } of many) {
        deleted += await sql.run(
          `DELETE FROM firing WHERE schedule = ? AND due_at < ? AND due_at <=
             (SELECT due_at FROM firing WHERE schedule = ? ORDER BY due_at DESC LIMIT 1 OFFSET ${keepFirings})`,
          String(schedule),
          now - keepMs,
          String(schedule),
        );
      }
      return deleted;
    });
  }
}

const columns = 'id, name, spec, enabled, next_at, owner';

/** By identifier, else by name. */
async function find(sql: Sql, schedule: string, lock = ''): Promise<Row> {
  const [row] = await sql.all(
    `SELECT ${columns} FROM schedule WHERE id = ? OR lower(name) = lower(?) ORDER BY CASE id WHEN ? THEN 0 ELSE 1 END LIMIT 1${lock}`,
    schedule,
    schedule,
    schedule,
  );
  if (row !== undefined) return row;
  throw new ProductError(
    'ScheduleNotFound',
    `There is no schedule “${schedule.slice(0, 100)}”.`,
    'List them: `dflow schedule list`.',
  );
}

async function free(sql: Sql, name: string, id: string): Promise<void> {
  const [other] = await sql.all('SELECT id FROM schedule WHERE lower(name) = lower(?) AND id <> ?', name, id);
  if (other === undefined) return;
  throw new ProductError(
    'NameTaken',
    `There already is a schedule with the name ${name}.`,
    'Choose another name.',
  );
}

async function openFirings(sql: Sql, firings: readonly Row[]): Promise<OpenFiring[]> {
  if (firings.length === 0) return [];
  const rows = await sql.all(
    `SELECT id, request, sealed_inputs FROM schedule WHERE id IN (SELECT r.value->>'id' FROM {rows ?})`,
    JSON.stringify([...new Set(firings.map(({ schedule }) => String(schedule)))].map((id) => ({ id }))),
  );
  const requests = new Map(rows.map((row) => [String(row.id), toRequest(row)]));
  return firings
    .flatMap(({ schedule, due_at }) => {
      const scheduleId = String(schedule);
      const dueAt = Number(due_at);
      const request = requests.get(scheduleId);
      return request === undefined ? [] : [{ scheduleId, dueAt, runId: runIdOf(scheduleId, dueAt), request }];
    })
    .sort((a, b) => a.dueAt - b.dueAt);
}

/** A note gives way to a run: two may have tried, and one of them was refused. */
async function settle(sql: Sql, results: readonly FiringResult[]): Promise<void> {
  const started = results.filter((result) => 'run' in result);
  if (started.length > 0) {
    await sql.run(
      `UPDATE firing SET run = r.value->>'run', note = NULL FROM {rows ?}
       WHERE firing.schedule = r.value->>'scheduleId' AND firing.due_at = CAST(r.value->>'dueAt' AS BIGINT)`,
      JSON.stringify(started),
    );
  }
  for (const result of results) {
    if ('run' in result) continue;
    await sql.run(
      'UPDATE firing SET note = ? WHERE schedule = ? AND due_at = ? AND run IS NULL',
      // Without what PostgreSQL keeps in no text.
      result.note.slice(0, longestNote).replaceAll('\0', '').toWellFormed(),
      result.scheduleId,
      result.dueAt,
    );
  }
}

// ── what is due ───────────────────────────────────────────────────────────────────────────────────────────────────

interface Plan {
  readonly schedule: string;
  readonly firings: readonly { readonly schedule: string; readonly dueAt: number; readonly note?: string }[];
  readonly next: number | null;
}

function planOf(row: Row, now: number): Plan {
  const schedule = String(row.id);
  const nextAt = Number(row.next_at);
  try {
    const { spec } = shownIn(row);
    const { fire, missed, next } = dueTimes(timesOf(spec), spec.missed, nextAt, now);
    return {
      schedule,
      next: next ?? null,
      firings: [
        ...(missed === undefined
          ? []
          : [{ schedule, dueAt: missed.to, note: missedNote(missed, spec.missed) }]),
        ...fire.map((dueAt) => ({ schedule, dueAt })),
      ],
    };
  } catch (error) {
    // It was fine when it was made: this system does not know its time zone.
    const { code, message } = asProductError(error);
    return { schedule, next: null, firings: [{ schedule, dueAt: nextAt, note: `${code}: ${message}` }] };
  }
}

function nextOf(row: Row, now: number): number | undefined {
  try {
    return timesOf(shownIn(row).spec).next(now);
  } catch {
    return undefined;
  }
}

function missedNote({ from, to }: { from: number; to: number }, policy: ScheduleSpec['missed']): string {
  const which = from === to ? 'Missed' : `Missed, with all times since ${shownMoment(from)}`;
  const what = {
    skip: 'nothing is started for it',
    one: 'one run stands for all that was missed',
    all: 'only the last 100 missed times are started',
  };
  return `${which}: ${what[policy]}.`;
}

/** Why an open firing is not tried again. */
function noteOnOpen(row: Row, now: number): string | undefined {
  if (Number(row.fired_at) < now - openMs) {
    return 'The orchestrator stopped while it started this run, more than a day ago: whether it ran is not known.';
  }
  if (Number(row.enabled) === 0) return 'The schedule was disabled before the run was queued.';
  const { missed } = shownIn(row).spec;
  const isMissed = missed === 'skip' && Number(row.due_at) < now - punctualMs;
  return isMissed ? missedNote({ from: 0, to: 0 }, missed) : undefined;
}

// ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const shownIn = (row: Row): Shown => JSON.parse(String(row.spec)) as Shown;

const shownOf = ({ run }: ScheduledRequest, spec: ScheduleSpec): string =>
  JSON.stringify({ flow: run.flow.name, queue: run.queue, spec } satisfies Shown);

function requestText({ sealedInputs: _, ...request }: ScheduledRequest): string {
  return JSON.stringify(request);
}

const toRequest = (row: Row): ScheduledRequest => ({
  ...(JSON.parse(String(row.request)) as Omit<ScheduledRequest, 'sealedInputs'>),
  sealedInputs: row.sealed_inputs as Uint8Array,
});

function toRecord(row: Row): ScheduleRecord {
  return {
    id: String(row.id),
    name: String(row.name),
    ...shownIn(row),
    enabled: Number(row.enabled) === 1,
    ...(row.next_at !== null && { nextAt: Number(row.next_at) }),
    owner: String(row.owner),
  };
}
