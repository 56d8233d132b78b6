// What the orchestrator needs from a store. Every method is one transaction: it happened completely and is on disk when the promise
// resolves, or it did not happen. Decides nothing: the rules do. The store's clock gives all times but those that callers name.
import type { Event } from '../base/event.ts';
import type {
  ConnectionRecord,
  GroupRecord,
  MachineFacts,
  MachineRecord,
  PlacementSettings,
  SessionPlan,
} from '../protocol/fleet.ts';
import type { Companion, Run, RunError, RunEvent, RunPosition, RunState } from '../protocol/run.ts';
import type { QueuedRun, QueueState } from './rules.ts';

/** A run to be queued: `run` as everybody may see it (state `Queued`), and what only its worker gets. */
export interface NewRun {
  /** `requestedAt` and `expiresAt` are set by the store: `expiresAt` comes in as the time it may wait. */
  readonly run: Omit<Run, 'requestedAt' | 'expiresAt' | 'state'> & { readonly waitMs: number };
  /** The account it will run under. */
  readonly account: string;
  readonly flowText: string;
  /** The files the flow needs, as they were when the run was requested. */
  readonly companions: readonly Companion[];
  /** Sealed by whoever took the request; the store cannot read it. */
  readonly sealedInputs: Uint8Array;
}

/** A run that was given to a machine. `fence` tells this claim from every other of the same run. */
export interface Claim {
  readonly run: Run;
  readonly account: string;
  readonly fence: number;
  readonly flowText: string;
  readonly companions: readonly Companion[];
  readonly sealedInputs: Uint8Array;
  /** The session it gets; absent when it was claimed by an earlier owner of the store. */
  readonly session?: SessionPlan;
  /** Somebody wants it to end, and how it is to be recorded then. */
  readonly ending?: RunEnding;
}

/** Why and as what a run ends that is ended from outside. */
export interface RunEnding {
  readonly state: RunState;
  readonly error: RunError;
}

/**
 * What changes over a run's life. An absent field stays as it is. When it began or ended is said as milliseconds before now, by whatever
 * the reporter measures time with: which time of day that was, the clock of the store says.
 */
export type RunChange = {
  readonly state: RunState;
  /** Absent: this is not its beginning. */
  readonly startedAgo?: number;
  /** Of a final state; absent: it ended now. */
  readonly endedAgo?: number;
} & Partial<Pick<Run, 'outputs' | 'error' | 'position' | 'session'>>;

type WithoutPlace<T> = T extends unknown ? Omit<T, 'seq' | 'runId' | 'at'> : never;
/** An event before it has a number. Events of kind `run` are made by the store itself, from the record. */
export type EventBody = WithoutPlace<Exclude<RunEvent, { kind: 'run' }>>;

/** Who reports about a run: the holder of the fence, and the number of the report; one that was taken before is not taken again. */
export interface Holder {
  readonly runId: string;
  readonly fence: number;
  /** 1, 2, 3 … per claim; absent where reports cannot be repeated (in one process). */
  readonly report?: number;
}

/** A claim by the store, without what its worker gets. `ending`: somebody wants it to end. */
export type Held = Omit<Holder, 'report'> & Pick<Claim, 'ending'>;

/** What is to happen. Several of them share one transaction when they come while another is under way. */
export type Change =
  /**
   * Puts a run into its queue. Request times never go back within a queue, so a clock set back cannot reorder it. A run whose `id` is
   * there already is not added again. Result: `ProductError` `QueueFull`, `DesktopFlowsActionThrottled`, `MachineNotFound`, `MachineInGroup`,
   * `XrmMachineGroupNotFound`.
   */
  | {
      readonly kind: 'enqueue';
      readonly entry: NewRun;
      readonly queueLimit: number;
      readonly requestsPerMinute: number;
    }
  /** Applies the rules to a queue for the machines that ask for work; runs that start are handed out in `claims`. When none asks, only what waited too long gives up. */
  | { readonly kind: 'turn'; readonly queue: string; readonly asking: ReadonlySet<string> }
  /** Records `before` and then the change. Nothing happens unless the fence is the run's and the new state may follow. */
  | {
      readonly kind: 'change';
      readonly holder: Holder;
      readonly change: RunChange;
      readonly before: readonly EventBody[];
    }
  /** Records what a running worker reports, and its position; `announce` adds an event with the changed record. Same guard. */
  | {
      readonly kind: 'append';
      readonly holder: Holder;
      readonly bodies: readonly EventBody[];
      readonly position?: RunPosition;
      readonly announce: boolean;
    }
  /** Gives a claim back: the run takes its old place again (rule Q-20), or ends when somebody wanted that. Same guard. */
  | { readonly kind: 'giveBack'; readonly holder: Holder }
  /** Takes down that an active run is to end; its machine hears of it at its next heartbeat at the latest. The first wish counts. */
  | { readonly kind: 'end'; readonly runId: string; readonly ending: RunEnding }
  /** Cancels a queued run, changes its priority, moves it to the top or back (rules ). Nothing happens unless it is queued. */
  | { readonly kind: 'cancel'; readonly runId: string; readonly error: RunError }
  | { readonly kind: 'prioritize'; readonly runId: string; readonly priority: Run['priority'] }
  | { readonly kind: 'moveToTop'; readonly runId: string }
  | { readonly kind: 'moveBack'; readonly runId: string };

export interface Outcome {
  /** Whether it happened; false where a guard kept it from happening. */
  readonly done: boolean;
  readonly events: readonly RunEvent[];
  /** Of a turn. */
  readonly claims: readonly Claim[];
  /** The run afterwards, of changes that concern one and happened; also of a request that came again, which makes no event. */
  readonly run?: Run;
  /** What it was refused with. */
  readonly error?: unknown;
}

/** A machine as it registers or changes. */
export interface NewMachine {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly owner: string;
  readonly unattendedSlots: number;
  /** SHA-256 of the key its agent proves itself with; absent for the machine of an embedded orchestrator. */
  readonly keyHash?: string;
}

export interface FleetStore {
  /** Runs with several changes at once; the outcomes come in the order of the changes. `chance` gives 0 ≤ x < 1. */
  commit(changes: readonly Change[], chance: () => number): Promise<readonly Outcome[]>;

  // ── machines, groups, connections ──
  /** Adds or renames a machine with a queue of its own. Throws `NameTaken`. */
  putMachine(machine: NewMachine): Promise<void>;
  /**
   * Takes down what an agent says; `boot` tells one life of the agent from the next. Extends the leases of the claims in `holding`, and once
   * that of each other one: it hears of that now, and shall have the time to begin it. Throws `MachineNotFound`.
   */
  heartbeat(
    machineId: string,
    boot: string,
    facts: MachineFacts,
    holding: readonly Holder[],
    leaseMs: number,
  ): Promise<{
    /** Its claims by the store: whatever the agent holds beyond them it must stop. */
    readonly held: readonly Held[];
    /** The machine came back after a restart of its agent. */
    readonly rebooted: boolean;
  }>;
  /** This life of its agent has ended on purpose: the machine is offline from now on. Does nothing where a later one was heard already. */
  signOff(machineId: string, boot: string, leaseMs: number): Promise<void>;
  machines(leaseMs: number): Promise<readonly MachineRecord[]>;
  /** The machine whose agent has this key. */
  machineWithKey(keyHash: string): Promise<string | undefined>;
  setMachine(
    machineId: string,
    change: Partial<{
      name: string;
      description: string;
      settings: PlacementSettings;
      unattendedSlots: number;
    }>,
  ): Promise<void>;
  removeMachine(machineId: string): Promise<void>;
  /** Throws `NameTaken`. */
  putGroup(group: GroupRecord): Promise<void>;
  groups(): Promise<readonly GroupRecord[]>;
  removeGroup(groupId: string): Promise<void>;
  /**
   * A machine joins a group, or leaves it (`undefined`): it takes the group's settings, and keeps them when it leaves (rule SES-6); its
   * connections become unusable when it joins (rule CON-14). Throws `GroupFull` beyond 50 members (rule GRP-3).
   */
  setMembership(machineId: string, groupId: string | undefined): Promise<void>;
  putConnection(connection: ConnectionRecord, sealed: Uint8Array | undefined): Promise<void>;
  connections(): Promise<readonly (ConnectionRecord & { readonly sealed?: Uint8Array })[]>;
  removeConnection(connectionId: string): Promise<void>;

  // ── runs ──
  get(runId: string): Promise<Run | undefined>;
  /** A run with what its worker gets, for another claim or a resubmission. */
  entry(runId: string): Promise<Claim | undefined>;
  /** Newest request first; of one queue or of all. */
  list(limit: number, queue?: string): Promise<readonly Run[]>;
  /** Waiting runs in the order in which they will be looked at. */
  waiting(queue: string, limit: number): Promise<readonly Run[]>;
  /** The queue as the rules see it now, with all that is before `run` (or the head alone). Undefined when there is no such queue. */
  queueState(queue: string, leaseMs: number, before?: QueuedRun): Promise<QueueState | undefined>;
  /** How long the last successful runs of these flows took, in milliseconds, in the median. */
  durations(flows: readonly string[]): Promise<ReadonlyMap<string, number>>;
  counts(queue?: string): Promise<{ readonly queued: number; readonly running: number }>;
  /** How many runs wait in each queue and hold a place on each machine; what is not there has none. */
  loads(): Promise<{
    readonly queued: ReadonlyMap<string, number>;
    readonly running: ReadonlyMap<string, number>;
  }>;
  /** Runs that hold a place, by machine. */
  active(): Promise<readonly Run[]>;
  /** Events after `after`, of one run or of all, in order: as many as fit into about `maxBytes`, at least one if there is any. */
  events(after: number, maxBytes: number, runId?: string): Promise<readonly RunEvent[]>;
  /** Number of the newest event, and of the newest one that was deleted; 0 = none yet. */
  marks(): Promise<{ readonly lastSeq: number; readonly prunedSeq: number }>;

  // ── upkeep ──
  /** Runs whose lease has run out become `Lost`; those that waited too long give up. Queues in which something changed, or in which runs wait. */
  sweep(
    lost: (run: Run) => RunError,
  ): Promise<{ readonly events: readonly RunEvent[]; readonly queues: readonly string[] }>;
  /** Deletes finished runs, with their events, beyond the newest `keepRuns` or ended longer ago than `keepMs`. Returns how many. */
  prune(keepRuns: number, keepMs: number): Promise<number>;
  /** A copy of the store in one file while it works on; SQLite only (PostgreSQL has `pg_dump`). Throws `FileExists`, `StoreDamaged`, `StoreUnusable`, `DiskFull`. */
  backup?(path: string): Promise<void>;
  /** Reads everything and says what is wrong with it, one sentence each; SQLite only (PostgreSQL has `pg_amcheck`). */
  check?(): Promise<readonly string[]>;
  /** A queue of which others, on this store, changed something; an empty text: look at all of them. */
  readonly onNotice: Event<string>;
  announce(queue: string): Promise<void>;
  close(): Promise<void>;
}
