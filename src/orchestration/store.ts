// What the run queue needs from a store. Every method is one transaction: it happened completely and is on disk when the
// promise resolves, or it did not happen. Decides nothing: the rules do. All times are wall-clock milliseconds given by the caller.
import type { Companion, Run, RunEvent, RunPosition, RunState } from '../protocol/run.ts';

/** A run to be queued: `run` as everybody may see it (state `Queued`), and what only its worker gets. */
export interface NewRun {
  readonly run: Run;
  /** The account it will run under. */
  readonly account: string;
  readonly flowText: string;
  /** The files the flow needs, as they were when the run was requested. */
  readonly companions: readonly Companion[];
  /** Sealed by the agent; the store cannot read it. */
  readonly sealedInputs: Uint8Array;
}

/** A run that was given to this machine. `fence` tells this claim from every other of the same run. */
export interface Claim extends NewRun {
  readonly fence: number;
}

/** What changes over a run's life. An absent field stays as it is. */
export type RunChange = { readonly state: RunState } & Partial<
  Pick<Run, 'startedAt' | 'endedAt' | 'outputs' | 'error' | 'position'>
>;

type WithoutPlace<T> = T extends unknown ? Omit<T, 'seq' | 'runId' | 'at'> : never;
/** An event before it has a number. Events of kind `run` are made by the store itself, from the record. */
export type EventBody = WithoutPlace<Exclude<RunEvent, { kind: 'run' }>>;

export interface RunStore {
  /** Number of the newest event, and of the newest one that was deleted; 0 = none yet. */
  marks(): Promise<{ readonly lastSeq: number; readonly prunedSeq: number }>;
  /** Adds a run at its place. Request times never go back within a queue, so a clock set back cannot reorder it. Throws `QueueFull` at `queueLimit` waiting runs. */
  enqueue(entry: NewRun, queueLimit: number): Promise<RunEvent[]>;
  /** Reads the machine's snapshot, applies the decisions of the rules, and hands out the runs that start now (state `Starting`). */
  schedule(
    machine: { readonly id: string; readonly slots: number; readonly accepting: boolean },
    now: number,
  ): Promise<{ readonly claims: Claim[]; readonly events: RunEvent[] }>;
  /**
   * Changes a run and records `before` and then the change as events. Returns nothing, and does nothing, when the run is not in a state
   * that `change.state` may follow or is held by another claim.
   */
  change(
    runId: string,
    fence: number,
    change: RunChange,
    now: number,
    before?: readonly EventBody[],
  ): Promise<RunEvent[] | undefined>;
  /** Records what a running worker reports, and its position; `announce` adds an event with the changed record. Same guard as `change`. */
  append(
    runId: string,
    fence: number,
    bodies: readonly EventBody[],
    position: RunPosition | undefined,
    announce: boolean,
    now: number,
  ): Promise<RunEvent[] | undefined>;
  get(runId: string): Promise<Run | undefined>;
  /** A run with what its worker gets, for another claim or a resubmission. */
  entry(runId: string): Promise<Claim | undefined>;
  /** Newest request first. */
  list(limit: number): Promise<Run[]>;
  /** Runs of a machine that hold a slot, with their fences. */
  active(machineId: string): Promise<Claim[]>;
  counts(): Promise<{ readonly queued: number; readonly running: number }>;
  /** Events after `after`, of one run or of all, in order: as many as fit into about `maxBytes`, at least one if there is any. */
  events(after: number, maxBytes: number, runId?: string): Promise<RunEvent[]>;
  /** Deletes finished runs, with their events, beyond the newest `keepRuns` or ended before `endedBefore`. Returns how many. */
  prune(keepRuns: number, endedBefore: number): Promise<number>;
  close(): void;
}
