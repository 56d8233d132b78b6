// The rules once more, written from the rule rows as plainly as possible and without a thought for speed: what the product decides is
// compared with this. Shares no code with src/orchestration.
import type { MachineFacts, PlacementSettings, SessionPlan } from '../../../src/protocol/fleet.ts';
import type { Run, RunState } from '../../../src/protocol/run.ts';
import type { SessionFacts } from '../../../src/protocol/sessions.ts';

/** A run as a careful bystander knows it from what was committed. */
export interface SeenRun {
  run: Run;
  account: string;
  /** Who that is, whatever form the account was written in. */
  person: string;
  fence: number;
  report: number;
  leaseUntil: number | undefined;
  /** Its machine has heard of the claim. */
  told: boolean;
  /** The session that is signed out for its own. */
  makesRoom: string | undefined;
  /** How often a machine gave it back. */
  givenBack: number;
  /** Fences under which a worker was begun. */
  begun: number[];
  /** When the worker of the last fence began its flow and ended, by the one clock that is always right. */
  truly: { readonly fence: number; startedAt?: number; endedAt?: number } | undefined;
  ending: boolean;
}

export interface SeenMachine {
  readonly id: string;
  name: string;
  queue: string;
  seenAt: number | undefined;
  facts: MachineFacts | undefined;
  factsText: string;
  slots: number;
  readonly runs: Map<string, SeenRun>;
}

export interface SeenQueue {
  readonly id: string;
  settings: PlacementSettings;
  readonly waiting: Map<string, SeenRun>;
  /** Waiting runs in order; undefined once that may have changed. */
  order: SeenRun[] | undefined;
  latestRequest: number;
  /** Counts everything that may change who is next. */
  version: number;
}

export const isFinal = (state: RunState): boolean =>
  ['Succeeded', 'Failed', 'Canceled', 'TimedOut', 'Skipped', 'Lost'].includes(state);
export const isActive = (state: RunState): boolean => ['Starting', 'Running', 'Paused'].includes(state);

/** Latest move to the top, then priority, then request (rule Q-2). */
export function inOrder(runs: Iterable<SeenRun>): SeenRun[] {
  return [...runs].sort(({ run: a }, { run: b }) => {
    const [topA, topB] = [a.movedToTopAt ?? 0, b.movedToTopAt ?? 0];
    if (topA !== topB) return topB - topA;
    if (a.priority !== b.priority) return a.priority === 'high' ? -1 : 1;
    if (a.requestedAt !== b.requestedAt) return a.requestedAt - b.requestedAt;
    return a.id < b.id ? -1 : 1;
  });
}

/** The clock, whether a machine is in reach, and whose account a name means. */
export interface Circumstances {
  readonly now: number;
  readonly leaseMs: number;
  readonly personOf: (account: string) => string;
}

/** `clear`: starts once the session policy has removed somebody; `later`: it may be able to, not now. */
export type Fate = {
  readonly to: 'start' | 'clear' | 'ours' | 'machine' | 'later' | 'session' | 'setup';
  readonly ofAccount: boolean;
};
const to = (fate: Fate['to'], ofAccount = fate === 'session' || fate === 'later'): Fate => ({
  to: fate,
  ofAccount,
});

/** What a session policy can do about the session of a person; `canStay`: it is enough that nobody works in it any more. */
function removal(
  { state, kind, declined }: SessionFacts,
  policy: PlacementSettings['sessionPolicy'],
  canStay: boolean,
): 'clear' | 'later' | 'session' {
  if (policy === 'wait') return 'session';
  if (policy === 'disconnect' && (!canStay || state === 'locked' || state === 'disconnected'))
    return 'session';
  if (state === 'connecting') return 'later';
  // Who sits at the machine is asked, unless the policy names the console.
  const isAsked =
    policy === 'ask' || (policy !== 'signOutConsole' && state === 'active' && kind === 'console');
  return isAsked && (state !== 'active' || declined === true) ? 'later' : 'clear';
}

/** What becomes of a run on one machine. */
export function fateOn(
  { run, person }: SeenRun,
  machine: SeenMachine,
  settings: PlacementSettings,
  { now, leaseMs, personOf }: Circumstances,
): Fate {
  const { facts, slots } = machine;
  const unattended = run.mode === 'unattended';
  if (unattended && (run.elevated === true || slots < 1)) return to('setup');
  const online = machine.seenAt !== undefined && now - machine.seenAt < leaseMs;
  if (!online || facts === undefined || settings.maintenance) return to('machine');
  if (facts.sessions === undefined) return to('setup');
  const others = [...machine.runs.values()];
  if (others.some((other) => other.person === person)) return to('ours', true);
  if (facts.recording.some((account) => personOf(account) === person)) return to('ours', true);
  const client = facts.edition === 'client';
  if (client && others.length > 0) return to('ours');
  const robots = others.filter((other) => other.run.mode === 'unattended');
  if (unattended && robots.length >= Math.min(slots, 10)) return to('ours');

  // What makes room for a run is gone, even if the machine has not said so yet.
  const told = facts.sessions.filter(({ id }) => !others.some(({ makesRoom }) => makesRoom === id));
  const own = told.filter(({ account }) => personOf(account) === person);
  if (!unattended) return to(own.some(({ state }) => state === 'active') ? 'start' : 'session');
  const quiet = (state: string) => state === 'locked' || state === 'disconnected';
  const used = new Set(others.map((other) => other.run.session));
  const idle = (session: (typeof told)[number]) =>
    session.ours && quiet(session.state) && !used.has(session.id);
  const reusable = settings.reuseSessions && !facts.severalPerUser && own.find(({ state }) => quiet(state));
  /** The policy against all of these sessions; one of ours among them goes by itself. */
  const without = (people: readonly SessionFacts[]): Fate => {
    if (people.some(({ ours }) => ours)) return to('session');
    const theirs = people.filter(({ account }) => personOf(account) === person);
    const canStay = settings.reuseSessions && !facts.severalPerUser && theirs.length === 1;
    const each = people.map((session) =>
      removal(session, settings.sessionPolicy, canStay && session === theirs[0]),
    );
    return to(each.includes('session') ? 'session' : each.includes('later') ? 'later' : 'clear');
  };
  const inTheWay = told.filter((session) => session !== reusable && !idle(session));
  if (client) {
    if (inTheWay.length === 0) return to('start');
    return inTheWay[0]?.ours === true ? to('ours') : without(inTheWay);
  }
  if (reusable) return to('start');
  const ownInTheWay = own.filter((session) => !idle(session));
  if (ownInTheWay.length > 0) return ownInTheWay[0]?.ours === true ? to('ours') : without(ownInTheWay);
  if (own.length > 0) return to('start');
  /** Runs whose session the machine has not told of yet. */
  const coming = robots.filter(
    (other) =>
      !told.some(
        ({ id, ours, account }) => id === other.run.session || (ours && personOf(account) === other.person),
      ),
  );
  if (told.length + coming.length < facts.sessionLimit || told.some(idle)) return to('start');
  if (coming.length > 0 || told.some(({ ours }) => ours)) return to('ours');
  // One of them is enough.
  const each = told.map((session) => without([session]).to);
  return to((['clear', 'later'] as const).find((fate) => each.includes(fate)) ?? 'session');
}

/** What becomes of a run on all machines of its queue. */
export function fateIn(
  run: SeenRun,
  machines: readonly SeenMachine[],
  settings: PlacementSettings,
  circumstances: Circumstances,
): Fate & { readonly places: readonly SeenMachine[] } {
  const fates = machines.map((machine) => fateOn(run, machine, settings, circumstances));
  const ofAccount = fates.some((fate) => fate.ofAccount);
  // Nobody has to go on one machine while another is free.
  for (const kind of ['start', 'clear', 'ours', 'machine', 'later', 'session'] as const) {
    const places = machines.filter((_, index) => fates[index]?.to === kind);
    if (places.length > 0) return { to: kind, ofAccount, places };
  }
  return { to: 'setup', ofAccount, places: [] };
}

/** Rule Q-14. */
export const isExtended = (machines: readonly SeenMachine[], settings: PlacementSettings): boolean =>
  machines.length > 0 &&
  (settings.extendedPrioritization === 'on' ||
    (settings.extendedPrioritization === 'auto' &&
      machines.some(({ facts }) => facts?.edition === 'server' && facts.sessionLimit > 1)));

/** What is wrong with the session a run got; undefined: nothing. */
export function wrongSession(
  { run, person }: SeenRun,
  machine: SeenMachine,
  plan: SessionPlan | undefined,
  personOf: (account: string) => string,
): string | undefined {
  if (plan === undefined) return 'it got no session';
  const id = plan.kind === 'create' ? plan.signOutFirst : plan.session;
  if (id === undefined) return undefined;
  const session = machine.facts?.sessions?.find((other) => other.id === id);
  if (session === undefined) return `the machine never told of session ${id}`;
  const quiet = session.state === 'locked' || session.state === 'disconnected';
  const user = [...machine.runs.values()].find(
    (other) => other.run.id !== run.id && other.run.session === id,
  );
  if (user !== undefined) return `session ${id} is used by ${user.run.id}`;
  const other = [...machine.runs.values()].find((one) => one.run.id !== run.id && one.makesRoom === id);
  if (other !== undefined) return `session ${id} makes room for ${other.run.id}`;
  if (plan.kind === 'create')
    return session.ours && quiet ? undefined : `session ${id} may not be signed out (${session.state})`;
  if (personOf(session.account) !== person) return `session ${id} is ${session.account}’s`;
  if (plan.kind === 'use')
    return session.state === 'active' ? undefined : `session ${id} is ${session.state}`;
  const isLeft = plan.clear?.some((clearing) => clearing.session === id && clearing.act === 'disconnect');
  return quiet || isLeft ? undefined : `session ${id} is in use`;
}
