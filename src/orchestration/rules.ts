// The rules of a run queue: which run starts where, which waits, which fails, which gives up, and which state may follow which.
// Pure functions of what is given; nothing else in the product decides these things. No store, no clock, no effects.
import type { Blocker, SessionPlan } from '../protocol/fleet.ts';
import { compareQueued, type QueuePlace, type Run, type RunError, type RunState } from '../protocol/run.ts';
import { accountKey } from './accounts.ts';
import { type ActiveRun, type Candidate, type MachineState, type Placement, place } from './placement.ts';

/** A waiting run as the rules see it. */
export interface QueuedRun extends QueuePlace, Candidate {
  readonly flow: string;
  readonly expiresAt: number;
}

/** One queue at one moment: that of a group, or that of a machine in no group (rules GRP-3, C7). */
export interface QueueState {
  readonly id: string;
  readonly name: string;
  readonly kind: 'machine' | 'group';
  readonly machines: readonly MachineState[];
  /** In any order; may be only as much of the queue as is looked at (see `lookAhead` of the store). */
  readonly queued: readonly QueuedRun[];
}

export type Decision =
  | {
      readonly kind: 'start';
      readonly runId: string;
      readonly machine: string;
      readonly session: SessionPlan;
    }
  | { readonly kind: 'expire'; readonly runId: string }
  | { readonly kind: 'fail'; readonly runId: string; readonly blocker: Blocker };

/**
 * What is to be done now, in order. Only machines in `asking` get a run: machines ask for work, nobody pushes, so an offline
 * one costs nothing (rule GRP-2). `chance` gives 0 ≤ x < 1.
 *
 * - The wait is counted from the request and nothing restarts it (rule Q-9): a run past its time gives up, and can no longer start.
 * - Runs are looked at in queue order over all accounts (rules ), the first one first (rule Q-11). It starts on one of the
 *   machines that would take it (rules, GRP-3).
 * - When some machine would take it but does not ask now, it stays the next to run, and what is behind it waits for it.
 * - When only our own runs, maintenance or being offline keep it waiting, it waits (rules, MNT-2).
 * - When only sessions of people do, it fails at once (rules ), or, with extended prioritization, lets the next one try (rule Q-14).
 *   Where the session policy of a machine can remove them it starts there, if no machine is free without that; where it may be able to
 *   later, it waits.
 */
export function decide(
  queue: QueueState,
  asking: ReadonlySet<string>,
  now: number,
  chance: () => number,
): Decision[] {
  const decisions: Decision[] = [];
  const waiting: QueuedRun[] = [];
  for (const run of [...queue.queued].sort(compareQueued)) {
    if (run.expiresAt <= now) decisions.push({ kind: 'expire', runId: run.id });
    else waiting.push(run);
  }
  const extended = isExtended(queue);
  const machines = new Map(queue.machines.map((machine) => [machine.id, machine]));
  /** What a run of an account meets is the same for the next run of that account, until something starts. */
  const met = new Set<string>();
  for (const run of waiting) {
    const lane = `${run.mode} ${run.elevated === true} ${accountKey(run.account)}`;
    if (met.has(lane)) continue;
    const outlook = look(run, [...machines.values()]);
    if (outlook.kind === 'start') {
      const asked = outlook.places.filter(({ machine }) => asking.has(machine.id));
      const chosen = choose(asked, chance);
      if (chosen === undefined) {
        if (!extended) break;
        met.add(lane);
        continue;
      }
      const { machine, session } = chosen;
      decisions.push({ kind: 'start', runId: run.id, machine: machine.id, session });
      machines.set(machine.id, withRun(machine, run, session));
      met.clear();
      continue;
    }
    if (outlook.kind === 'fail' && !(extended && outlook.ofAccount)) {
      decisions.push({ kind: 'fail', runId: run.id, blocker: outlook.blocker });
      continue;
    }
    if (!(extended && outlook.ofAccount)) break;
    met.add(lane);
  }
  return decisions;
}

/** Where a run could start; else whether it waits or fails, and the one blocker that says why. */
export type Outlook =
  | {
      readonly kind: 'start';
      readonly places: readonly { readonly machine: MachineState; readonly session: SessionPlan }[];
    }
  | { readonly kind: 'wait' | 'fail'; readonly blocker: Blocker; readonly ofAccount: boolean };

/** How a run fares on the machines of its queue, without regard to the runs before it. */
export function look(run: Candidate, machines: readonly MachineState[]): Outlook {
  const places: { machine: MachineState; session: SessionPlan }[] = [];
  const blocked: Extract<Placement, { kind: 'blocked' }>[] = [];
  for (const machine of machines) {
    const placement = place(run, machine);
    if (placement.kind === 'start') places.push({ machine, session: placement.session });
    else blocked.push(placement);
  }
  if (places.length > 0) {
    // Nobody is asked or signed out on one machine while another is free.
    const free = places.filter(({ session }) => session.kind === 'use' || session.clear === undefined);
    return { kind: 'start', places: free.length > 0 ? free : places };
  }
  const ofAccount = blocked.some((placement) => placement.ofAccount);
  // What passes by itself comes first: it is why the run need not fail.
  for (const cause of ['ours', 'machine', 'session', 'setup'] as const) {
    const found =
      blocked.find(({ blocker, removable }) => blocker.cause === cause && removable) ??
      blocked.find(({ blocker }) => blocker.cause === cause);
    if (found !== undefined) {
      return {
        kind: cause === 'ours' || cause === 'machine' || found.removable ? 'wait' : 'fail',
        blocker: found.blocker,
        ofAccount,
      };
    }
  }
  return {
    kind: 'fail',
    ofAccount: false,
    blocker: {
      cause: 'setup',
      code: 'GroupIsEmpty',
      message: 'The machine group has no machine.',
      who: 'an owner of the group',
      nextStep: 'Add a machine to the group (`dflow group join`).',
    },
  };
}

/** Rule Q-14: on where it is set, and by itself where a machine carries several sessions. */
export function isExtended({ machines }: QueueState): boolean {
  return machines.some(
    ({ settings, facts }) =>
      settings.extendedPrioritization === 'on' ||
      (settings.extendedPrioritization === 'auto' && facts?.edition === 'server' && facts.sessionLimit > 1),
  );
}

/** Random among the eligible ones (rules GRP-3, GRP-1), or the one with the fewest runs. */
function choose<P extends { readonly machine: MachineState }>(
  places: readonly P[],
  chance: () => number,
): P | undefined {
  const least = places[0]?.machine.settings.allocation === 'leastLoaded';
  const fewest = least ? Math.min(...places.map(({ machine }) => machine.runs.length)) : 0;
  const best = least ? places.filter(({ machine }) => machine.runs.length === fewest) : places;
  return best[Math.floor(chance() * best.length)];
}

/** The machine once `run` has been given to it. */
function withRun(machine: MachineState, run: QueuedRun, plan: SessionPlan): MachineState {
  return { ...machine, runs: [...machine.runs, activeWith(run, plan)] };
}

/** A run that has just got its place. */
function activeWith({ id, flow, account, mode }: QueuedRun, plan: SessionPlan): ActiveRun {
  return {
    id,
    flow,
    account,
    mode,
    ...(plan.kind !== 'create' && { session: plan.session }),
    ...(plan.kind === 'create' && plan.signOutFirst !== undefined && { signsOut: plan.signOutFirst }),
  };
}

/** Why a run could not start at all (rules ). */
export function failedError({ code, message, nextStep }: Blocker): RunError {
  return { code, message, nextStep: `${nextStep} Then resubmit the run.` };
}

/** Why a run that waited too long did not start: the product's own code for it. */
export function expiredError(waitedMs: number): RunError {
  return {
    code: 'NoCandidateMachine',
    message: `The run waited ${duration(waitedMs)} in the run queue and no slot became free on its machine.`,
    nextStep: 'See what kept the machine busy, then resubmit the run.',
  };
}

/** Why a run ended that somebody took out of its queue. */
export function canceledError(): RunError {
  return {
    code: 'RunCanceled',
    message: 'The run was taken out of its queue by request. The flow did nothing.',
    nextStep: 'Resubmit the run to have it after all.',
  };
}

/** Why a run ended that somebody stopped. */
export function stoppedError(): RunError {
  return {
    code: 'RunStopped',
    message: 'The run was stopped by request.',
    nextStep: 'Check what the flow left behind; resubmit the run to begin again.',
  };
}

/** What is said of a run whose machine was not heard of for a whole lease: what it did there is not known. */
export function lostError({ state, position }: Run): RunError {
  const where =
    position === undefined
      ? ''
      : `; it was last seen at line ${position.line} of ${position.subflow} (${position.action})`;
  return {
    code: 'MachineLost',
    message: `The machine of this run was not heard of for a minute while the run was ${state}${where}. What the flow had done by then is done.`,
    nextStep: 'Check the machine and what the flow left behind, then resubmit the run.',
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
  const seconds = Math.round(ms / 1_000);
  if (minutes * 60_000 !== ms && ms < 10 * 60_000) return seconds === 1 ? '1 second' : `${seconds} seconds`;
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}

/** States in which a run holds a slot of its machine. */
export const activeStates: readonly RunState[] = ['Starting', 'Running', 'Paused'];

const following: Readonly<Record<RunState, readonly RunState[]>> = {
  Queued: ['Starting', 'Failed', 'Canceled', 'TimedOut', 'Skipped'],
  // Back to `Queued` when its machine could not take it after all (rule Q-20). Straight to `Succeeded` when the store could not take
  // down the short `Running` in between.
  Starting: ['Queued', 'Running', 'Succeeded', 'Failed', 'Canceled', 'TimedOut', 'Lost'],
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
