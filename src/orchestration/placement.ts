// Whether a run would start on a machine now, in which session, and if not, which one fact keeps it from starting. Pure; looks at one
// run and one machine. Order, queues and groups are rules.ts; what is told to people beyond the fact is verdict.ts.
import type { Blocker, MachineFacts, PlacementSettings, SessionPlan } from '../protocol/fleet.ts';
import type { Run } from '../protocol/run.ts';
import type { SessionFacts } from '../protocol/sessions.ts';
import { accountKey } from './accounts.ts';
import { harmOf, meansAgainst } from './clearing.ts';

/** A run that holds its place on a machine: `Starting`, `Running` or `Paused`. */
export interface ActiveRun {
  readonly id: string;
  readonly flow: string;
  readonly account: string;
  readonly mode: Run['mode'];
  /** The session it runs in, once there is one. */
  readonly session?: string;
  /** The session that makes room for its own: gone, as far as any other run is concerned. */
  readonly signsOut?: string;
  readonly startedAt?: number;
}

/** A machine as the rules see it. */
export interface MachineState {
  readonly id: string;
  readonly name: string;
  readonly online: boolean;
  /** Its own, or its group's where it is in one (rule SES-6). */
  readonly settings: PlacementSettings;
  readonly unattendedSlots: number;
  /** Absent: it has never been heard of. */
  readonly facts?: MachineFacts;
  readonly runs: readonly ActiveRun[];
}

/** What placement needs to know of a run. */
export interface Candidate {
  readonly account: string;
  readonly mode: Run['mode'];
  readonly elevated?: boolean | undefined;
}

/**
 * `ofAccount`: what blocks concerns the account of the run, so that a run of another account may fare better (rule Q-14). `removable`: a
 * session of a person blocks, and the session policy of the machine may still remove it.
 */
export type Placement =
  | { readonly kind: 'start'; readonly session: SessionPlan }
  | {
      readonly kind: 'blocked';
      readonly blocker: Blocker;
      readonly ofAccount: boolean;
      readonly removable: boolean;
    };

/** Most unattended runs a machine carries, whatever was allocated to it (rule CCY-5). */
export const mostUnattended = 10;

/**
 * The first fact that keeps `run` from starting on `machine` now, or the session it gets. The facts are looked at in the order in which a
 * person could remove them: what will never do, what the machine lacks, what our own runs hold, what sessions of people hold.
 */
export function place(run: Candidate, machine: MachineState): Placement {
  return (
    setupBlocker(run, machine) ??
    machineBlocker(machine) ??
    oursBlocker(run, machine) ??
    inSession(run, machine)
  );
}

/** The account as the computer means it, whatever the machine has been named since. */
export const keyOf = (account: string, { facts, name }: MachineState): string =>
  accountKey(account, facts?.host ?? name);

function setupBlocker(run: Candidate, machine: MachineState): Placement | undefined {
  if (run.mode !== 'unattended') return undefined;
  // Rule MODE-10.
  if (run.elevated === true) {
    return blocked(machine, {
      cause: 'setup',
      code: 'UnattendedElevated',
      message: 'An unattended run cannot run as administrator, and this one asks for it.',
      who: 'the owner of the flow',
      nextStep:
        'Run it attended with an agent that was started as administrator, or automate the program without elevation.',
    });
  }
  // Rules CCY-5, LIC-1, LIC-5.
  if (machine.unattendedSlots < 1) {
    return blocked(machine, {
      cause: 'setup',
      code: 'UnattendedNoAddon',
      message: `No unattended capacity is allocated to ${machine.name}.`,
      who: 'an owner of the machine',
      nextStep: 'Allocate capacity to the machine, or run the flow attended.',
    });
  }
  return undefined;
}

function machineBlocker(machine: MachineState): Placement | undefined {
  // Rules, TS-1.
  if (!machine.online || machine.facts === undefined) {
    return blocked(machine, {
      cause: 'machine',
      code: 'NoListenerConnected',
      message:
        machine.facts === undefined
          ? `${machine.name} has never been online.`
          : `${machine.name} is offline.`,
      who: `somebody at ${machine.name}`,
      nextStep: 'Switch the machine on, or start its agent (`dflow agent start`).',
    });
  }
  // Rules MNT-1, MNT-2.
  if (machine.settings.maintenance) {
    return blocked(machine, {
      cause: 'machine',
      code: 'MachineInMaintenance',
      message: `${machine.name} is in maintenance.`,
      who: 'an owner of the machine or its group',
      nextStep: 'End the maintenance.',
    });
  }
  // Rule SES-9's list: without a view of the sessions nothing may be promised.
  if (machine.facts.sessions === undefined) {
    return blocked(machine, {
      cause: 'setup',
      code: 'UIFlowServiceNoRdpPermissions',
      message: `The agent of ${machine.name} may not see the Windows sessions of its machine.`,
      who: `an administrator of ${machine.name}`,
      nextStep: 'Add the account of the agent’s service to the group Remote Desktop Users.',
    });
  }
  return undefined;
}

function oursBlocker(run: Candidate, machine: MachineState): Placement | undefined {
  const key = keyOf(run.account, machine);
  const ofAccount = machine.runs.find((active) => keyOf(active.account, machine) === key);
  // Rules CCY-3, Q-20: one run per account and machine, always.
  if (ofAccount !== undefined) {
    return blocked(
      machine,
      {
        cause: 'ours',
        code: 'UIFlowAlreadyRunning',
        message: `A run of ${ofAccount.flow} already uses the account ${run.account} on ${machine.name}.`,
        who: 'nobody needs to',
        nextStep:
          'It starts when that run ends; a connection with another account would not have to wait on Windows Server.',
        run: ofAccount.id,
      },
      true,
    );
  }
  if (machine.facts?.recording.some((account) => keyOf(account, machine) === key) === true) {
    return blocked(
      machine,
      {
        cause: 'ours',
        code: 'LocalPlaybackOrRecordingOngoing',
        message: `${run.account} records or tests a flow on ${machine.name} right now.`,
        who: run.account,
        nextStep: 'Finish the recording or the test.',
      },
      true,
    );
  }
  const first = machine.runs[0];
  // Rule CCY-1.
  if (machine.facts?.edition === 'client' && first !== undefined) {
    return blocked(machine, {
      cause: 'ours',
      code: 'UIFlowAlreadyRunning',
      message: `${machine.name} carries one run at a time, and a run of ${first.flow} is on it.`,
      who: 'nobody needs to',
      nextStep: 'It starts when that run ends.',
      run: first.id,
    });
  }
  // Rules CCY-2, CCY-5, LIC-5.
  const unattended = machine.runs.filter(({ mode }) => mode === 'unattended');
  const slots = Math.min(machine.unattendedSlots, mostUnattended);
  if (run.mode === 'unattended' && unattended.length >= slots) {
    return blocked(machine, {
      cause: 'ours',
      code: 'UIFlowAlreadyRunning',
      message:
        slots === 1
          ? `The one unattended slot of ${machine.name} is taken.`
          : `All ${slots} unattended slots of ${machine.name} are taken.`,
      who: 'nobody needs to',
      nextStep: 'It starts when one of those runs ends; more capacity would let it start at once.',
      ...(unattended[0] && { run: unattended[0].id }),
    });
  }
  return undefined;
}

function inSession(run: Candidate, machine: MachineState): Placement {
  const { facts, runs } = machine;
  if (facts?.sessions === undefined) throw new Error('placement looked for a session of an unknown machine');
  // Sessions that are on their way: the machine has not told of them yet.
  const left = facts.sessions.filter(({ id }) => !runs.some(({ signsOut }) => signsOut === id));
  const isThere = ({ account, session }: ActiveRun) =>
    left.some(
      ({ id, ours, account: other }) =>
        id === session || (ours && keyOf(other, machine) === keyOf(account, machine)),
    );
  const planned = runs
    .filter((run) => run.mode === 'unattended' && !isThere(run))
    .map(
      ({ id, account }): SessionFacts => ({
        id: `new ${id}`,
        account,
        state: 'connecting',
        kind: 'remote',
        ours: true,
        since: 0,
      }),
    );
  const sessions = [...left, ...planned];
  return run.mode === 'attended'
    ? attended(run, machine, sessions)
    : unattended(run, machine, facts, sessions);
}

/** Attended runs use the active, unlocked session of their own account, and no other (rules MODE-1, MODE-6, C6, Q-12). */
function attended(run: Candidate, machine: MachineState, sessions: readonly SessionFacts[]): Placement {
  const own = sessionsOf(run.account, machine, sessions);
  const active = own.find(({ state }) => state === 'active');
  if (active !== undefined) return { kind: 'start', session: { kind: 'use', session: active.id } };
  const other = own[0];
  if (other !== undefined) {
    return blocked(machine, {
      cause: 'session',
      code: 'AttendedUserSessionNotActive',
      message: `The session of ${run.account} on ${machine.name} is ${other.state}.`,
      who: run.account,
      nextStep: other.state === 'locked' ? 'Unlock the session.' : 'Connect to the session again.',
    });
  }
  return blocked(machine, {
    cause: 'session',
    code: 'AttendedUserNotLoggedIn',
    message: `${run.account} is not signed in on ${machine.name}.`,
    who: run.account,
    nextStep: 'Sign in there, or use a connection with the account that is signed in.',
  });
}

/**
 * Unattended runs get a session of their own, or one that was kept for them (rules MODE-1 to MODE-5, SES-2, SES-4, SES-5, SES-7). What
 * keeps them from it says what must go (rule TS-2).
 */
function unattended(
  run: Candidate,
  machine: MachineState,
  facts: MachineFacts,
  sessions: readonly SessionFacts[],
): Placement {
  if (facts.makesSessions === false) {
    return blocked(machine, {
      cause: 'session',
      code: 'Win10AlreadyHasActiveSession',
      message: `The agent of ${machine.name} makes no sessions, and an unattended run needs one of its own.`,
      who: `an administrator of ${machine.name}`,
      nextStep:
        'Start the agent again with `dflow agent start --sessions client` (or `server`), or request the run as attended.',
    });
  }
  const own = sessionsOf(run.account, machine, sessions);
  const kept = machine.settings.reuseSessions && !facts.severalPerUser ? own.find(isReusable) : undefined;
  const others = kept === undefined ? sessions : sessions.filter(({ id }) => id !== kept.id);
  if (facts.edition === 'client') {
    // Any session of anyone blocks (rule MODE-3), except one of ours that nobody uses any more.
    const foreign = others.find((session) => !isIdle(session, machine));
    if (foreign?.ours === true) return leaving(foreign, machine);
    const idle = others.find((session) => isIdle(session, machine));
    const plan = kept === undefined ? create(machine, facts, idle) : reuse(kept);
    if (foreign === undefined) return { kind: 'start', session: plan };
    const people = others.filter((session) => !isIdle(session, machine));
    const [code, who] = ['Win10AlreadyHasActiveSession', foreign.account] as const;
    return cleared(run, machine, facts, people, plan, {
      cause: 'session',
      code,
      message: `${machine.name} runs a client edition of Windows, and ${who} has a session there (${foreign.state}).`,
      who,
      nextStep:
        'Sign that session out: on Windows 10 and 11 an unattended run needs a machine without any session.',
    });
  }
  if (kept !== undefined) return { kind: 'start', session: reuse(kept) };
  // A session of the same account blocks in any state (rule MODE-4), unless it is ours and idle: then it makes room.
  const same = own.find((session) => !isIdle(session, machine));
  if (same?.ours === true) return leaving(same, machine);
  if (same !== undefined) {
    const [code, step] = sameUser[same.state];
    const people = own.filter((session) => !isIdle(session, machine));
    return cleared(run, machine, facts, people, create(machine, facts, undefined), {
      cause: 'session',
      code,
      message: `${run.account} already has a session on ${machine.name} (${same.state}).`,
      who: run.account,
      nextStep: step,
    });
  }
  const idleOwn = own[0];
  if (idleOwn !== undefined) return { kind: 'start', session: create(machine, facts, idleOwn) };
  // Rule CCY-4: two, or more where the system is set up for more.
  if (sessions.length < facts.sessionLimit)
    return { kind: 'start', session: create(machine, facts, undefined) };
  // Full (rule MODE-5): a session kept for reuse makes room; one of our own runs will (rule Q-21); one of a person may not.
  const idle = sessions.find((session) => isIdle(session, machine));
  if (idle !== undefined) return { kind: 'start', session: create(machine, facts, idle) };
  const used = sessions.find(({ ours }) => ours);
  if (used !== undefined) {
    const holder = machine.runs.find(({ session }) => session === used.id);
    return blocked(machine, {
      cause: 'ours',
      code: 'UIFlowAlreadyRunning',
      message: `All ${facts.sessionLimit} sessions of ${machine.name} are in use, at least one of them by our own runs.`,
      who: 'nobody needs to',
      nextStep: 'It starts when one of those runs ends.',
      ...(holder && { run: holder.id }),
    });
  }
  const full: Omit<Blocker, 'machine'> = {
    cause: 'session',
    code: 'TooManyActiveSessions',
    message: `All ${facts.sessionLimit} sessions that ${machine.name} allows are in use by people.`,
    who: `an administrator of ${machine.name}`,
    nextStep: 'Sign one session out, or allow more (more than two need Remote Desktop Services).',
  };
  // One of them is enough: the one whose person loses least.
  const outlooks = [...sessions]
    .sort((a, b) => harmOf(a) - harmOf(b) || a.since - b.since)
    .map((session) => cleared(run, machine, facts, [session], create(machine, facts, undefined), full));
  return (
    outlooks.find(({ kind }) => kind === 'start') ??
    outlooks.find((outlook) => outlook.kind === 'blocked' && outlook.removable) ??
    blocked(machine, full)
  );
}

/** The run gets `plan` once the session policy of the machine has removed all of `people`; where it may not, `blocker` blocks. */
function cleared(
  run: Candidate,
  machine: MachineState,
  facts: MachineFacts,
  people: readonly SessionFacts[],
  plan: OwnSession,
  blocker: Omit<Blocker, 'machine'>,
): Placement {
  // One of ours among them goes by itself, and the rules look again then.
  if (people.some(({ ours }) => ours)) return blocked(machine, blocker);
  const own = sessionsOf(run.account, machine, people);
  const means = people.map((session) => {
    const canReuse =
      machine.settings.reuseSessions && !facts.severalPerUser && own.length === 1 && session === own[0];
    return { session, canReuse, ...meansAgainst(session, machine.settings.sessionPolicy, canReuse) };
  });
  if (means.some(({ kind }) => kind === 'never')) return blocked(machine, blocker);
  const later = means.find((each) => each.kind === 'later');
  if (later?.kind === 'later') {
    const step = removableSteps[later.because](later.session.account);
    return blocked(machine, { ...blocker, nextStep: `${blocker.nextStep} ${step}` }, true, true);
  }
  const clear = means.flatMap((each) => (each.kind === 'clear' ? [each.clearing] : []));
  const left = clear.find(({ act }) => act === 'disconnect');
  return {
    kind: 'start',
    session: left !== undefined ? { kind: 'reuse', session: left.session, clear } : { ...plan, clear },
  };
}

const removableSteps = {
  declined: (account: string) =>
    `${account} was asked to leave and has not agreed, and is asked again later.`,
  away: (account: string) => `${account} is asked to leave once back in the session.`,
  signingIn: (account: string) => `It is looked at again when ${account} is signed in.`,
} as const;

const sameUser: Readonly<Record<SessionFacts['state'], readonly [code: string, nextStep: string]>> = {
  active: ['SessionExistsForTheUserWhenUnattended', 'Sign that session out, or run the flow attended in it.'],
  connecting: [
    'SessionExistsForTheUserWhenUnattended',
    'Sign that session out, or run the flow attended in it.',
  ],
  locked: ['UnattendedUserSessionLocked', 'Sign that session out, or let the machine reuse sessions.'],
  disconnected: [
    'UnattendedUserSessionDisconnected',
    'Sign that session out, or let the machine reuse sessions.',
  ],
};

function sessionsOf(
  account: string,
  machine: MachineState,
  sessions: readonly SessionFacts[],
): SessionFacts[] {
  const key = keyOf(account, machine);
  return sessions.filter((session) => keyOf(session.account, machine) === key);
}

/**
 * Whether a session may be taken into use again: nobody works in it. The product's two texts contradict each other; the reading here is
 * that of rule SES-7: locked or disconnected, whoever made it.
 */
const isReusable = ({ state }: SessionFacts): boolean => state === 'locked' || state === 'disconnected';

/** A session the agent made whose run has ended: it may be signed out to make room. */
const isIdle = (session: SessionFacts, machine: MachineState): boolean =>
  session.ours && isReusable(session) && !machine.runs.some((run) => run.session === session.id);

type OwnSession = Exclude<SessionPlan, { kind: 'use' }>;

/** A new session, kept at the end where sessions are reused (rules SES-4, SES-5). */
const create = (
  { settings }: MachineState,
  { severalPerUser }: MachineFacts,
  signOutFirst: SessionFacts | undefined,
): OwnSession => ({
  kind: 'create',
  ...(signOutFirst !== undefined && { signOutFirst: signOutFirst.id }),
  ...(settings.reuseSessions && !severalPerUser && { keep: true }),
});

const reuse = ({ id }: SessionFacts): OwnSession => ({ kind: 'reuse', session: id });

/** The run has ended, its session has not yet: it will be gone, or kept, in a moment. */
function leaving(session: SessionFacts, machine: MachineState): Placement {
  return blocked(machine, {
    cause: 'ours',
    code: 'UIFlowAlreadyRunning',
    message: `The session of ${session.account} that the agent made on ${machine.name} is still being left.`,
    who: 'nobody needs to',
    nextStep: 'It starts when the session has been signed out or locked.',
  });
}

function blocked(
  machine: MachineState,
  blocker: Omit<Blocker, 'machine'>,
  ofAccount = blocker.cause === 'session',
  removable = false,
): Placement {
  return { kind: 'blocked', blocker: { ...blocker, machine: machine.id }, ofAccount, removable };
}
