// The session safety policy at work: removes sessions of people that are in the way of an unattended run, as its plan says, asks where
// it says so, and says how a session is left. What may be removed at all is decided by orchestration/clearing.ts; nothing is done here
// that no plan names, and nothing to a session that is not as it was when that was decided.
import { existsSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { asProductError } from '../../base/error.ts';
import type { Clearing, SessionPlan } from '../../protocol/fleet.ts';
import type { SessionFacts } from '../../protocol/sessions.ts';
import type { SessionHost } from './host.ts';

/** What somebody is asked who is signed in; nobody has to answer. */
export interface LeaveQuestion {
  readonly title: string;
  readonly message: string;
  /** The button that agrees. The other one, no answer and a dialog that goes away all mean no. */
  readonly agree: string;
  readonly refuse: string;
  readonly seconds: number;
}

/** Who has agreed or not. */
export interface LeaveAnswer {
  readonly agreed: boolean;
  readonly by: string;
}

/** Asks in a session; undefined when nobody can be asked this way. `signal` takes the question back. Never throws but the signal's reason. */
export type Ask = (
  session: SessionFacts,
  question: LeaveQuestion,
  signal: AbortSignal,
) => Promise<LeaveAnswer | undefined>;

/** One act of the policy, for the audit. */
export interface SessionAct {
  readonly act:
    | 'asked'
    | 'agreed'
    | 'declined'
    | 'noAnswer'
    | 'disconnected'
    | 'signedOut'
    | 'locked'
    | 'failed';
  readonly session: string;
  /** Whose session it is. */
  readonly account: string;
  /** For which run. */
  readonly runId: string;
  readonly flow: string;
  /** Who answered, or why it failed, or what of its first state is not restored. */
  readonly detail?: string;
}

export type Audit = (act: SessionAct) => void;

/** What is to be done now about a session that a plan names. `gone`: nothing is left to do. `changed`: the rules have to look again. */
export type NextStep = 'gone' | 'changed' | 'ask' | Clearing['act'];

/** Pure. `now`: the session as it is; absent: it has ended. */
export function nextStep(clearing: Clearing, now: SessionFacts | undefined, hasAgreed: boolean): NextStep {
  if (now === undefined) return 'gone';
  if (now.ours) return 'changed';
  // Its person has left it, which is all that was wanted.
  if (clearing.act === 'disconnect' && (now.state === 'disconnected' || now.state === 'locked'))
    return 'gone';
  if (now.state !== clearing.state || now.kind !== clearing.sort) return 'changed';
  return clearing.ask && !hasAgreed ? 'ask' : clearing.act;
}

export type Leaving = 'signOut' | 'lock' | 'disconnect' | 'stay';

/**
 * How the session of a run is left at its end (rules SES-2, SES-4): one made for it is signed out, or locked where sessions are reused;
 * one that was there gets back its first state. Attended runs leave theirs as it is. Pure. `first`: the session before the run took it.
 */
export function leavingOf(plan: SessionPlan, first: SessionFacts | undefined): Leaving {
  switch (plan.kind) {
    case 'use':
      return 'stay';
    case 'create':
      return plan.keep === true ? 'lock' : 'signOut';
    case 'reuse':
      return first?.ours === false && first.state === 'disconnected' ? 'disconnect' : 'lock';
  }
}

export interface ClearOptions {
  readonly host: Pick<SessionHost, 'list' | 'disconnect' | 'signOut'>;
  readonly clock: Clock;
  readonly ask: Ask;
  /** How long a person has for an answer. */
  readonly answerMs: number;
  readonly audit: Audit;
}

/** `declined`: sessions whose persons did not agree; then nothing was done. `changed`: something is not as it was decided upon. */
export type Cleared =
  | { readonly kind: 'cleared' }
  | { readonly kind: 'declined'; readonly sessions: readonly string[] }
  | { readonly kind: 'changed'; readonly session: string };

/**
 * Removes what `plan` says. Everybody is asked before anything is done, so that nobody leaves for a run that cannot start. Throws what
 * the host throws, and the reason of `signal`.
 */
export async function clearTheWay(
  plan: readonly Clearing[],
  run: { readonly runId: string; readonly flow: string },
  options: ClearOptions,
  signal: AbortSignal,
): Promise<Cleared> {
  const { host, audit } = options;
  const look = async (clearing: Clearing, hasAgreed: boolean) => {
    const now = (await host.list()).find(({ id }) => id === clearing.session);
    return { now, step: nextStep(clearing, now, hasAgreed) };
  };
  const declined: string[] = [];
  for (const clearing of plan) {
    const { now, step } = await look(clearing, false);
    if (step === 'changed') return { kind: 'changed', session: clearing.session };
    if (step !== 'ask' || now === undefined) continue;
    if (await isAgreed(now, clearing, run, options, signal)) continue;
    // Who has signed out instead of answering has answered.
    if ((await look(clearing, false)).step !== 'gone') declined.push(clearing.session);
  }
  signal.throwIfAborted();
  if (declined.length > 0) return { kind: 'declined', sessions: declined };
  for (const clearing of plan) {
    const { now, step } = await look(clearing, true);
    if (step === 'changed') return { kind: 'changed', session: clearing.session };
    if (now === undefined || step === 'gone' || step === 'ask') continue;
    const line = { session: now.id, account: now.account, ...run };
    try {
      await (step === 'signOut' ? host.signOut(now.id) : host.disconnect(now.id));
    } catch (error) {
      audit({ act: 'failed', ...line, detail: `${step}: ${asProductError(error).code}` });
      throw error;
    }
    audit(
      step === 'signOut'
        ? { act: 'signedOut', ...line, detail: `was ${now.state}; what was open in it is closed` }
        : { act: 'disconnected', ...line, detail: `was ${now.state}; what is open in it stays` },
    );
  }
  return { kind: 'cleared' };
}

async function isAgreed(
  session: SessionFacts,
  { act }: Clearing,
  run: { readonly runId: string; readonly flow: string },
  { ask, answerMs, clock, audit }: ClearOptions,
  signal: AbortSignal,
): Promise<boolean> {
  signal.throwIfAborted();
  const seconds = Math.ceil(answerMs / 1_000);
  const line = { session: session.id, account: session.account, ...run };
  audit({ act: 'asked', ...line });
  const over = new AbortController();
  const timer = clock.after(answerMs, () => over.abort());
  try {
    const answer = await ask(
      session,
      questionOf(act, run.flow, seconds),
      AbortSignal.any([signal, over.signal]),
    );
    const isLate = over.signal.aborted || answer === undefined;
    if (isLate) audit({ act: 'noAnswer', ...line });
    else audit({ act: answer.agreed ? 'agreed' : 'declined', ...line, detail: `by ${answer.by}` });
    return !isLate && answer.agreed;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!over.signal.aborted) throw error;
    audit({ act: 'noAnswer', ...line });
    return false;
  } finally {
    timer.dispose();
  }
}

function questionOf(act: Clearing['act'], name: string, seconds: number): LeaveQuestion {
  // Somebody else chose the name.
  const flow = name.replaceAll(/\p{Cc}/gu, ' ').slice(0, 100);
  return {
    title: 'Desktop Flows',
    message:
      act === 'signOut'
        ? `The flow "${flow}" waits to run on this machine, and your session is in its way. Sign out for it?\n\nPrograms that are open will be closed, and what is not saved is lost.\n\nWithout an answer within ${seconds} seconds you stay signed in.`
        : `The flow "${flow}" waits to run under your account. May it use your session?\n\nYou will be disconnected, and your programs stay open. Sign in again when it has ended.\n\nWithout an answer within ${seconds} seconds nothing happens.`,
    agree: act === 'signOut' ? 'Sign out' : 'Disconnect',
    refuse: 'Not now',
    seconds,
  };
}

/** A program that shows a question with two buttons, and the exit code that means the one that agrees. */
export interface DialogProgram {
  readonly program: string;
  readonly args: (question: LeaveQuestion) => readonly string[];
  readonly agreed: number;
}

/** What Linux desktops have, the better one first. The refusal is the default of both; both end by themselves. */
export const linuxDialogs: readonly DialogProgram[] = [
  {
    program: '/usr/bin/zenity',
    args: ({ title, message, agree, refuse, seconds }) => [
      '--question',
      '--default-cancel',
      '--no-markup',
      `--title=${title}`,
      `--text=${message}`,
      `--ok-label=${agree}`,
      `--cancel-label=${refuse}`,
      `--timeout=${seconds}`,
    ],
    agreed: 0,
  },
  {
    program: '/usr/bin/xmessage',
    args: ({ title, message, agree, refuse, seconds }) => [
      '-center',
      '-title',
      title,
      '-buttons',
      `${refuse}:10,${agree}:11`,
      '-default',
      refuse,
      '-timeout',
      `${seconds}`,
      message,
    ],
    agreed: 11,
  },
];

/** Asks by a dialog in the session itself, which only its person sees. */
export function dialogIn(
  host: Pick<SessionHost, 'launch'>,
  dialogs: readonly DialogProgram[],
  isThere: (path: string) => boolean = existsSync,
): Ask {
  return async (session, question, signal) => {
    const dialog = dialogs.find(({ program }) => isThere(program));
    if (dialog === undefined) return undefined;
    const { program, agreed } = dialog;
    let child: Awaited<ReturnType<SessionHost['launch']>>;
    try {
      child = await host.launch(session.id, { program, args: dialog.args(question), environment: {} });
    } catch {
      return undefined; // it has gone, or nothing can be started in it
    }
    const close = () => void child.kill('SIGKILL');
    signal.addEventListener('abort', close);
    if (signal.aborted) close();
    const code = await new Promise<number | null>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
      else child.once('exit', resolve).once('error', () => resolve(null));
    });
    signal.removeEventListener('abort', close);
    signal.throwIfAborted();
    return { agreed: code === agreed, by: session.account };
  };
}
