// Rows of the store as the records everybody shares.
import type { ConnectionRecord, GroupRecord, MachineFacts, MachineRecord } from '../../protocol/fleet.ts';
import type { Run, RunEvent, RunState } from '../../protocol/run.ts';
import type { Row, Value } from './database.ts';

export const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
const read = <T>(value: Value | undefined): T => JSON.parse(String(value)) as T;

/** What `toRun` reads. What only workers get is large and not among it. */
export const runColumns = `id, flow, flow_name, flow_path, queue, connection, mode, elevated, priority, moved_to_top_at, state, machine,
  session, requested_by, requested_at, expires_at, started_at, ended_at, timeout_seconds, logging, inputs, outputs, error, resubmit_of, position`;

export function toRun(row: Row): Run {
  return {
    id: String(row.id),
    flow: { name: String(row.flow_name), path: String(row.flow_path), hash: String(row.flow) },
    queue: String(row.queue),
    mode: row.mode as Run['mode'],
    priority: row.priority as Run['priority'],
    state: row.state as RunState,
    requestedBy: String(row.requested_by),
    requestedAt: Number(row.requested_at),
    expiresAt: Number(row.expires_at),
    inputs: read(row.inputs),
    ...(row.machine !== null && { machine: String(row.machine) }),
    ...(row.session !== null && { session: String(row.session) }),
    ...(row.connection !== null && { connection: String(row.connection) }),
    ...(row.elevated === 1 && { elevated: true }),
    ...(row.timeout_seconds !== null && { timeoutSeconds: Number(row.timeout_seconds) }),
    ...(row.logging !== null && { logging: read<NonNullable<Run['logging']>>(row.logging) }),
    ...(row.moved_to_top_at !== null && { movedToTopAt: Number(row.moved_to_top_at) }),
    ...(row.started_at !== null && { startedAt: Number(row.started_at) }),
    ...(row.ended_at !== null && { endedAt: Number(row.ended_at) }),
    ...(row.outputs !== null && { outputs: read<NonNullable<Run['outputs']>>(row.outputs) }),
    ...(row.error !== null && { error: read<NonNullable<Run['error']>>(row.error) }),
    ...(row.resubmit_of !== null && { resubmitOf: String(row.resubmit_of) }),
    ...(row.position !== null && { position: read<NonNullable<Run['position']>>(row.position) }),
  };
}

/** What of a run can change: flow and inputs stay in the record, which may hold megabytes of them. */
const changing = [
  'state',
  'priority',
  'machine',
  'session',
  'movedToTopAt',
  'startedAt',
  'endedAt',
  'outputs',
  'error',
  'position',
] as const satisfies readonly (keyof Run)[];

/** An event of kind `run` as it is kept. */
export function changingPart(run: Run): object {
  return { kind: 'run', run: Object.fromEntries(changing.map((name) => [name, run[name]])) };
}

/** A kept event; `run` is its record as it is now. */
export function toEvent(row: Row, run: Run): RunEvent {
  const body = read<{ kind: string; run?: Partial<Run> }>(row.body);
  const place = { seq: Number(row.seq), runId: run.id, at: Number(row.at) };
  if (body.kind !== 'run') return { ...body, ...place } as unknown as RunEvent;
  const constant = { ...run } as Partial<Record<keyof Run, unknown>>;
  for (const name of changing) delete constant[name];
  return { kind: 'run', run: { ...constant, ...body.run } as Run, ...place };
}

/** Of `queue JOIN machine`; `effective`: the settings of the queue it works on. */
export function toMachine(row: Row, now: number, leaseMs: number): MachineRecord {
  const seenAt = row.seen_at === null ? undefined : Number(row.seen_at);
  return {
    id: String(row.id),
    name: String(row.name),
    description: String(row.description),
    settings: read(row.effective),
    unattendedSlots: Number(row.unattended_slots),
    online: seenAt !== undefined && now - seenAt < leaseMs,
    owner: String(row.owner),
    ...(row.queue !== row.id && { group: String(row.queue) }),
    ...(row.facts !== null && { facts: read<MachineFacts>(row.facts) }),
    ...(seenAt !== undefined && { seenAt }),
  };
}

export function toGroup(row: Row): GroupRecord {
  return {
    id: String(row.id),
    name: String(row.name),
    description: String(row.description),
    settings: read(row.settings),
    owner: String(row.owner),
  };
}

export function toConnection(row: Row): ConnectionRecord & { readonly sealed?: Uint8Array } {
  return {
    id: String(row.id),
    name: String(row.name),
    queue: String(row.queue),
    account: String(row.account),
    credential: read(row.credential),
    usable: Number(row.usable) === 1,
    owner: String(row.owner),
    ...(row.sealed !== null && { sealed: row.sealed as Uint8Array }),
  };
}
