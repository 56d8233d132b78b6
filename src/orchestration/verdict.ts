// What somebody is told who asks whether, where and when a run would start. The same rules that start runs, put into words; decides
// nothing. Knows no store: the queue and how long flows take are given.
import type { Blocker, Verdict } from '../protocol/fleet.ts';
import { compareQueued } from '../protocol/run.ts';
import { keyOf, type MachineState, mostUnattended } from './placement.ts';
import { isExtended, look, type QueuedRun, type QueueState } from './rules.ts';

/** How long runs of a flow usually take, in milliseconds; undefined when it never ran. */
export type Expectation = (flow: string) => number | undefined;

/**
 * The verdict over a run that is queued, or would be: then it is judged at the place it would get. `queue.queued` must hold everything
 * that is before it. Looks at each run before it once.
 */
export function verdictOn(run: QueuedRun, queue: QueueState, now: number, expected: Expectation): Verdict {
  const before = queue.queued
    .filter((other) => other.id !== run.id && other.expiresAt > now && compareQueued(other, run) < 0)
    .sort(compareQueued);
  const position = before.length + 1;
  const waits = (blocker: Blocker): Verdict => {
    const forecast = forecastOf(run, before, queue, now, expected);
    return { kind: 'waits', blocker, position, expiresAt: run.expiresAt, ...(forecast && { forecast }) };
  };
  const outlook = look(run, queue.machines);
  // What never will do is the answer whatever stands before it.
  if (outlook.kind === 'fail' && outlook.blocker.cause === 'setup')
    return { kind: 'fails', blocker: outlook.blocker };
  const extended = isExtended(queue);
  const inFront = before.find((other) => {
    const its = look(other, queue.machines);
    if (its.kind === 'start') return true;
    return its.kind === 'wait' && !(extended && its.ofAccount);
  });
  if (inFront !== undefined && outlook.kind !== 'wait') return waits(behind(inFront, before.length, queue));
  switch (outlook.kind) {
    case 'start':
      return {
        kind: 'starts',
        machines: outlook.places.map(({ machine }) => machine.name),
        session: (outlook.places[0] as (typeof outlook.places)[number]).session,
      };
    case 'wait':
      return waits(outlook.blocker);
    case 'fail':
      return extended && outlook.ofAccount
        ? waits(outlook.blocker)
        : { kind: 'fails', blocker: outlook.blocker };
  }
}

function behind(head: QueuedRun, count: number, queue: QueueState): Blocker {
  return {
    cause: 'ours',
    code: 'BehindInQueue',
    message: `${count === 1 ? 'One run is' : `${count} runs are`} before it in the run queue of ${queue.name}; the next to run is ${head.flow}.`,
    who: 'nobody needs to',
    nextStep: 'It starts in its turn; an owner may raise its priority or move it to the top.',
    run: head.id,
  };
}

/**
 * When a slot is free for it, as if every run took as long as its flow usually does: slots are filled in queue order, each as soon as it
 * and the account of the run are free. Says nothing where a flow in front never ran, or where something other than runs of ours is in the way.
 */
function forecastOf(
  run: QueuedRun,
  before: readonly QueuedRun[],
  queue: QueueState,
  now: number,
  expected: Expectation,
): { inMs: number; because: string } | undefined {
  const usable = queue.machines.filter(
    ({ online, settings, facts }) => online && !settings.maintenance && facts,
  );
  const places: {
    readonly machine: MachineState;
    readonly freeAt: number[];
    readonly accounts: Map<string, number>;
  }[] = [];
  for (const machine of usable) {
    const accounts = new Map<string, number>();
    const remaining: number[] = [];
    for (const active of machine.runs) {
      const whole = expected(active.flow);
      if (whole === undefined) return undefined;
      const left = Math.max(0, whole - (now - (active.startedAt ?? now)));
      remaining.push(left);
      accounts.set(keyOf(active.account, machine), left);
    }
    const idle = Math.max(0, slotsOf(machine, run.mode) - remaining.length);
    places.push({ machine, freeAt: [...new Array<number>(idle).fill(0), ...remaining], accounts });
  }
  const slots = places.reduce((count, { freeAt }) => count + freeAt.length, 0);
  if (slots === 0) return undefined;
  /** Where it can start first: a slot, and nobody on that machine with its account (rule CCY-3). */
  const first = ({ account }: QueuedRun) => {
    let best: { at: number; slot: number; place: (typeof places)[number]; key: string } | undefined;
    for (const place of places) {
      const key = keyOf(account, place.machine);
      const soonest = Math.min(...place.freeAt);
      const at = Math.max(soonest, place.accounts.get(key) ?? 0);
      if (place.freeAt.length > 0 && (best === undefined || at < best.at))
        best = { at, slot: place.freeAt.indexOf(soonest), place, key };
    }
    return best as NonNullable<typeof best>;
  };
  for (const other of before) {
    const takes = expected(other.flow);
    if (takes === undefined) return undefined;
    const { at, slot, place, key } = first(other);
    place.freeAt[slot] = at + takes;
    place.accounts.set(key, at + takes);
  }
  const active = usable.reduce((count, { runs }) => count + runs.length, 0);
  return {
    inMs: first(run).at,
    because: `${active} running and ${before.length} waiting before it, each as long as its flow usually takes, on ${slots === 1 ? 'one slot' : `${slots} slots`}`,
  };
}

function slotsOf({ facts, unattendedSlots }: MachineState, mode: QueuedRun['mode']): number {
  if (facts === undefined || facts.edition === 'client') return 1;
  return mode === 'unattended'
    ? Math.min(facts.sessionLimit, unattendedSlots, mostUnattended)
    : facts.sessionLimit;
}
