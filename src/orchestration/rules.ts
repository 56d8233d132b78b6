// The rules of the run queue: which run starts, which waits, which gives up, and which state may follow which.
// Pure functions of what is given; nothing else in the product decides these things. No store, no clock, no effects.
import { compareQueued, type QueuePlace, type RunError, type RunState } from '../protocol/run.ts';

export interface QueueSettings {
  /** Most runs that may wait for one machine. */
  readonly queueLimit: number;
  /** How long a run may wait, from its request. */
  readonly queueWaitMs: number;
  /** How long a stopped run may take to end by itself before its processes are killed: a stop takes effect within a second. */
  readonly stopGraceMs: number;
  /** How long a new worker may take until the flow begins. */
  readonly startTimeoutMs: number;
  /** How often expired runs are looked for and a failed claim is tried again. */
  readonly sweepMs: number;
  /** Finished runs kept with their events: at most this many … */
  readonly keepRuns: number;
  /** … and none that ended longer ago than this. */
  readonly keepMs: number;
}

/**
 * The product's documentation names 30 minutes, 3, 6 and 12 hours for the wait (rule Q-9); ours is 3 hours. 500 queued runs are its
 * documented limit (rule Q-18).
 */
export const defaultSettings: QueueSettings = {
  queueLimit: 500,
  queueWaitMs: 3 * 60 * 60_000,
  stopGraceMs: 800,
  startTimeoutMs: 60_000,
  sweepMs: 30_000,
  keepRuns: 500,
  keepMs: 30 * 24 * 60 * 60_000,
};

/** A waiting run as the rules see it. `account` is the account it will run under. */
export interface QueuedRun extends QueuePlace {
  readonly account: string;
  readonly expiresAt: number;
}

/** Everything that matters for one machine at one moment. `queued` may come in any order. */
export interface Snapshot {
  /** False while the agent stops: nothing new starts, what waits keeps waiting. */
  readonly accepting: boolean;
  /** How many runs the machine's sessions can carry at once; 1 on client editions of Windows (rule CCY-1). */
  readonly slots: number;
  /** Accounts of the runs that hold a slot now. */
  readonly busyAccounts: readonly string[];
  readonly queued: readonly QueuedRun[];
}

export type Decision =
  | { readonly kind: 'start'; readonly runId: string }
  | { readonly kind: 'expire'; readonly runId: string };

/**
 * What is to be done now, in order.
 *
 * - The wait is counted from the request and nothing restarts it (rule Q-9): a run past its time gives up, and can no longer start.
 * - Runs start in queue order over all users of the machine (rules ).
 * - Runs beyond the free slots wait (rule CCY-1); they do not fail (rule Q-21).
 * - Two runs of one account never run together (rule CCY-3). Such a run waits, and the next one of another account may go first
 *   (rule Q-14); with a single slot this never differs from waiting behind the head (rule Q-11).
 */
export function decide(snapshot: Snapshot, now: number): Decision[] {
  const decisions: Decision[] = [];
  const waiting: QueuedRun[] = [];
  for (const run of [...snapshot.queued].sort(compareQueued)) {
    if (run.expiresAt <= now) decisions.push({ kind: 'expire', runId: run.id });
    else waiting.push(run);
  }
  if (!snapshot.accepting) return decisions;
  const busy = new Set(snapshot.busyAccounts);
  let free = snapshot.slots - snapshot.busyAccounts.length;
  for (const run of waiting) {
    if (free <= 0) break;
    if (busy.has(run.account)) continue;
    busy.add(run.account);
    free--;
    decisions.push({ kind: 'start', runId: run.id });
  }
  return decisions;
}

/** Why a run that waited too long did not start: the product's own code for it. */
export function expiredError(waitedMs: number): RunError {
  return {
    code: 'NoCandidateMachine',
    message: `The run waited ${duration(waitedMs)} in the run queue and no slot became free on its machine.`,
    nextStep: 'See what kept the machine busy, then resubmit the run.',
  };
}

/** Why a run was ended that took longer than it may (rules RUN-10, RUN-11): the product's own code for it. */
export function timeoutError(seconds: number): RunError {
  return {
    code: 'DesktopFlowsActionTimeout',
    message: `The flow was stopped because it had not ended within ${duration(seconds * 1_000)}, as its run was given.`,
    nextStep:
      'Give the run more time, or see at the last action what it waits for. Check what the flow left behind.',
  };
}

function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes >= 120 && minutes % 60 === 0) return `${minutes / 60} hours`;
  if (minutes * 60_000 !== ms && ms < 10 * 60_000) return `${Math.round(ms / 1000)} seconds`;
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}

/** States in which a run holds a slot of its machine. */
export const activeStates: readonly RunState[] = ['Starting', 'Running', 'Paused'];

const following: Readonly<Record<RunState, readonly RunState[]>> = {
  Queued: ['Starting', 'Canceled', 'TimedOut', 'Skipped'],
  // Straight to `Succeeded` when the store could not take down the short `Running` in between.
  Starting: ['Running', 'Succeeded', 'Failed', 'Canceled', 'Lost'],
  Running: ['Paused', 'Succeeded', 'Failed', 'Canceled', 'TimedOut', 'Lost'],
  Paused: ['Running', 'Succeeded', 'Failed', 'Canceled', 'TimedOut', 'Lost'],
  Succeeded: [],
  Failed: [],
  Canceled: [],
  TimedOut: [],
  Skipped: [],
  Lost: [],
};

/** Whether a run in state `from` may change to `to`. A finished run never changes again. */
export const mayFollow = (from: RunState, to: RunState): boolean => following[from].includes(to);
