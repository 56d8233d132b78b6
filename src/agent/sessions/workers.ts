// Workers in Windows sessions: gets the session that the plan of a claim names, starts the worker in it, watches it, and leaves it as it
// is to be left. Decides nothing: which session a run gets stands in its plan (orchestration/placement.ts), how one is made is the host's.

import type { Clock } from '../../base/clock.ts';
import { type Disposable, toDisposable } from '../../base/disposable.ts';
import { asProductError, ProductError } from '../../base/error.ts';
import { Emitter, type Event } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import { accountKey } from '../../orchestration/accounts.ts';
import type { Claim } from '../../orchestration/store.ts';
import type { MachineFacts, SessionPlan } from '../../protocol/fleet.ts';
import type { Run, RunError } from '../../protocol/run.ts';
import type { SessionFacts } from '../../protocol/sessions.ts';
import { SessionsChanged, type Worker, type WorkerHost, type WorkerReport } from '../runner.ts';
import type { WorkerTalk } from '../workerLauncher.ts';
import { computerName } from './computerName.ts';
import type { Credential, SessionChange, SessionHost, SessionOptions } from './host.ts';
import { type Ask, type Audit, clearTheWay, type Leaving, leavingOf } from './policy.ts';

export interface SessionWorkersOptions {
  readonly host: SessionHost;
  readonly agentVersion: string;
  /** A Node that every account may run, and the script of the workers. */
  readonly program: string;
  readonly script: string;
  /** Opens what the worker of a claim is told; throws when that is impossible. */
  readonly talk: (claim: Claim) => WorkerTalk;
  /** Account and password of the connection of a claim. */
  readonly credentialOf: (claim: Claim, signal: AbortSignal) => Promise<Credential>;
  readonly screen: SessionOptions;
  /** Accounts in whose session somebody records or tests a flow. */
  readonly recording: () => readonly string[];
  /** Asks the person of a session in the session itself. Where it cannot, whoever answers the questions of the run is asked. */
  readonly ask: Ask;
  /** How long a person has for an answer, and how long one who did not agree is left alone. */
  readonly answerMs: number;
  readonly askAgainMs: number;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SessionWorkers extends WorkerHost {
  /** The facts are others now: a heartbeat is due. */
  readonly onChange: Event<void>;
  /** Resolves when every session that a run has left is as it is to be left. Nothing is watched any more. */
  close(): Promise<void>;
}

/** Refusals of a host that only say that sessions are not as they were any more: the rules have to look again (rule Q-20). */
const changedCodes: ReadonlySet<string> = new Set([
  'SessionExistsForTheUserWhenUnattended',
  'Win10AlreadyHasActiveSession',
  'TooManyActiveSessions',
  'SessionNotFound',
]);

/** A host tells within two seconds that a session has ended; the processes inside end first. */
const goneMs = 2_500;

export const sessionWorkers = (options: SessionWorkersOptions): SessionWorkers => new Workers(options);

/** A session that is ready for a run. */
interface Place {
  readonly session: SessionFacts;
  readonly leaving: Leaving;
}

class Workers implements SessionWorkers {
  readonly #options: SessionWorkersOptions;
  readonly #changed = new Emitter<void>();
  readonly onChange = this.#changed.event;
  readonly #subscription: Disposable;
  /** Sessions that runs have, from the moment they are ready until they are left; what happens to them. */
  readonly #used = new Map<string, ((change: SessionChange) => void) | undefined>();
  /** Accounts that are just being signed in for a run. */
  readonly #opening = new Set<string>();
  /** Sessions that were made here and that a person has come back to since: theirs now. */
  readonly #taken = new Set<string>();
  /** Sessions whose persons did not agree to leave, until they are asked again. */
  readonly #declined = new Map<string, Disposable>();
  readonly #leaving = new Set<Promise<void>>();
  #adopted: Promise<void> | undefined;

  constructor(options: SessionWorkersOptions) {
    this.#options = options;
    this.#subscription = options.host.onChange((change) => this.#happened(change));
  }

  async facts(): Promise<MachineFacts> {
    const { host, agentVersion, recording } = this.#options;
    this.#adopted ??= this.#adopt();
    await this.#adopted;
    const { edition, sessionLimit, severalPerUser } = await host.facts();
    let sessions: SessionFacts[] | undefined;
    try {
      sessions = await this.#sessions();
    } catch (error) {
      if (asProductError(error).code !== 'UIFlowServiceNoRdpPermissions') throw error;
    }
    return {
      platform: `${process.platform} ${process.arch}`,
      agentVersion,
      host: computerName(),
      edition,
      sessionLimit,
      severalPerUser,
      ...(sessions && { sessions }),
      recording: [...recording()],
    };
  }

  async launch(
    claim: Claim,
    report: (report: WorkerReport) => void,
    debug: boolean,
    signal: AbortSignal,
  ): Promise<{ readonly worker: Worker; readonly session: string }> {
    const plan = claim.session;
    if (plan === undefined) throw new SessionsChanged('nobody has decided which session it gets');
    const talk = this.#options.talk(claim);
    const key = accountKey(claim.account, computerName());
    this.#opening.add(key);
    try {
      const place =
        plan.kind === 'use' ? await this.#use(plan.session) : await this.#own(plan, claim, report, signal);
      const worker = await this.#start(place, claim, talk, report, debug, signal);
      return { worker, session: place.session.id };
    } finally {
      this.#opening.delete(key);
    }
  }

  async close(): Promise<void> {
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
    this.#subscription.dispose();
    for (const timer of this.#declined.values()) timer.dispose();
    this.#changed.dispose();
  }

  // ── sessions of this machine ──────────────────────────────────────────────────────────────────────────────────

  /** As the rules and the policy are to see them. */
  async #sessions(): Promise<SessionFacts[]> {
    return (await this.#options.host.list()).map((session) => ({
      ...session,
      ours: session.ours && !this.#taken.has(session.id),
      ...(this.#declined.has(session.id) && { declined: true }),
    }));
  }

  async #find(sessionId: string): Promise<SessionFacts | undefined> {
    return (await this.#sessions()).find(({ id }) => id === sessionId);
  }

  /** What a former life of the agent left connected: no run is in it any more, and it may make room. Not signed out, somebody may have come back to it. */
  async #adopt(): Promise<void> {
    const { host, log } = this.#options;
    try {
      for (const { id, ours, state } of await host.list())
        if (ours && state === 'active' && !this.#used.has(id)) await host.disconnect(id);
    } catch (error) {
      const { code, message } = asProductError(error);
      log.warn('sessions of before could not be looked after', { code, message });
    }
  }

  #happened(change: SessionChange): void {
    const { id, ours, state, account } = change.session;
    if (change.kind === 'ended') {
      this.#taken.delete(id);
      this.#declined.get(id)?.dispose();
      this.#declined.delete(id);
    } else if (ours && state === 'active' && !this.#used.has(id) && !this.#opening.has(account)) {
      this.#taken.add(id);
      this.#options.log.info('a person came back to a session that was kept', { session: id, account });
    }
    this.#used.get(id)?.(change);
    this.#changed.fire();
  }

  // ── the session of a run ──────────────────────────────────────────────────────────────────────────────────────

  /** Rules MODE-1, MODE-6. */
  async #use(sessionId: string): Promise<Place> {
    const session = await this.#find(sessionId);
    if (session?.state !== 'active')
      throw new SessionsChanged(`the session ${sessionId} is ${session?.state ?? 'gone'}`);
    return { session, leaving: 'stay' };
  }

  async #own(
    plan: Exclude<SessionPlan, { kind: 'use' }>,
    claim: Claim,
    report: (report: WorkerReport) => void,
    signal: AbortSignal,
  ): Promise<Place> {
    const { host, credentialOf, screen } = this.#options;
    // It refuses in its own words, before anybody is asked for anything.
    if (host.kind === 'current') await host.open({ account: claim.account, password: '' }, screen, signal);
    const credential = await credentialOf(claim, signal);
    if (plan.clear) await this.#clear(plan.clear, claim, report, signal);
    try {
      if (plan.kind === 'reuse') {
        const first = await this.#find(plan.session);
        if (first === undefined || this.#used.has(plan.session))
          throw new SessionsChanged(`the session ${plan.session} is ${first ? 'in use' : 'gone'}`);
        const session = await host.reuse(plan.session, credential, signal);
        return { session: { ...session, ours: first.ours }, leaving: leavingOf(plan, first) };
      }
      if (plan.signOutFirst !== undefined) await this.#makeRoom(plan.signOutFirst);
      const session = await host.open(credential, screen, signal);
      return { session, leaving: leavingOf(plan, undefined) };
    } catch (error) {
      if (error instanceof ProductError && changedCodes.has(error.code))
        throw new SessionsChanged(error.message, { cause: error });
      throw error;
    }
  }

  /** Signs a session out that was only kept; one that somebody uses again by now stays. */
  async #makeRoom(sessionId: string): Promise<void> {
    const session = await this.#find(sessionId);
    if (session === undefined) return;
    if (!session.ours || this.#used.has(sessionId) || session.state === 'active')
      throw new SessionsChanged(`the session ${sessionId} is in use again`);
    await this.#options.host.signOut(sessionId);
  }

  async #clear(
    plan: Parameters<typeof clearTheWay>[0],
    claim: Claim,
    report: (report: WorkerReport) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { host, clock, audit, ask, answerMs, askAgainMs } = this.#options;
    const throughRun = askThroughRun(claim, report);
    const outcome = await clearTheWay(
      plan,
      runOf(claim),
      {
        host: {
          list: () => this.#sessions(),
          disconnect: (id) => host.disconnect(id),
          signOut: (id) => host.signOut(id),
        },
        clock,
        ask: async (...question) => (await ask(...question)) ?? throughRun(...question),
        answerMs,
        audit,
      },
      signal,
    );
    if (outcome.kind === 'changed') throw new SessionsChanged(`the session ${outcome.session} has changed`);
    if (outcome.kind === 'cleared') return;
    for (const id of outcome.sessions) {
      this.#declined.get(id)?.dispose();
      this.#declined.set(
        id,
        clock.after(askAgainMs, () => {
          this.#declined.delete(id);
          this.#changed.fire();
        }),
      );
    }
    throw new SessionsChanged('nobody agreed to leave');
  }

  // ── the worker in it ──────────────────────────────────────────────────────────────────────────────────────────

  async #start(
    place: Place,
    claim: Claim,
    talk: WorkerTalk,
    report: (report: WorkerReport) => void,
    debug: boolean,
    signal: AbortSignal,
  ): Promise<Worker> {
    const { host, program, script } = this.#options;
    const { id } = place.session;
    const watch = new Watch(claim.run.mode, report);
    this.#taken.delete(id);
    this.#used.set(id, (change) => watch.happened(change));
    this.#changed.fire();
    try {
      signal.throwIfAborted();
      const child = await host.launch(id, { program, args: [script], environment: {} });
      if (signal.aborted) {
        child.kill('SIGKILL');
        throw signal.reason;
      }
      const worker = talk(
        child,
        (said) => {
          if (said.kind === 'exited') this.#keepUntilLeft(this.#exited(said, watch, place, claim, report));
          else {
            if (said.kind === 'finished') watch.needsNoReason = true;
            report(said);
          }
        },
        debug,
      );
      return {
        stop: () => worker.stop(),
        pause: () => worker.pause(),
        resume: () => worker.resume(),
        safeStop: () => worker.safeStop(),
        kill: () => {
          watch.needsNoReason = true;
          worker.kill();
        },
        answer: (questionId, answer) => worker.answer(questionId, answer),
        debug: (message) => worker.debug(message),
      };
    } catch (error) {
      watch.isOver = true;
      const left = this.#leave(place, claim);
      this.#keepUntilLeft(left);
      await left;
      if (error instanceof ProductError && error.code === 'SessionNotFound')
        throw new SessionsChanged(error.message, { cause: error });
      throw error;
    }
  }

  async #exited(
    said: Extract<WorkerReport, { kind: 'exited' }>,
    watch: Watch,
    place: Place,
    claim: Claim,
    report: (report: WorkerReport) => void,
  ): Promise<void> {
    // A worker that ends without a word may have been ended with its session.
    if (this.#options.host.kind !== 'current') await watch.reason(this.#options.clock, goneMs);
    watch.isOver = true;
    report(said);
    await this.#leave(place, claim);
  }

  async #leave({ session, leaving }: Place, claim: Claim): Promise<void> {
    const { host, audit, log } = this.#options;
    const { id, account, ours } = session;
    const restored = (act: 'locked' | 'disconnected') => {
      if (!ours) audit({ act, session: id, account, ...runOf(claim), detail: 'as it was before the run' });
    };
    try {
      if (leaving === 'signOut') await host.signOut(id);
      else if (leaving === 'disconnect') {
        await host.disconnect(id);
        restored('disconnected');
      } else if (leaving === 'lock') {
        try {
          await host.lock(id);
          restored('locked');
        } catch (error) {
          if (asProductError(error).code !== 'SessionNotLocked') throw error;
          // Never left open for whoever comes by.
          await (ours ? host.signOut(id) : host.disconnect(id));
        }
      }
    } catch (error) {
      const { code, message } = asProductError(error);
      if (code !== 'SessionNotFound')
        log.error('the session of a run could not be left', { session: id, leaving, code, message });
    } finally {
      this.#used.delete(id);
      this.#changed.fire();
    }
  }

  #keepUntilLeft(work: Promise<void>): void {
    this.#leaving.add(work);
    void work.finally(() => this.#leaving.delete(work));
  }
}

/** What happens to the session of a run while its worker lives. The first thing that ends the run counts. */
class Watch {
  readonly #mode: Run['mode'];
  readonly #report: (report: WorkerReport) => void;
  readonly #told = Promise.withResolvers<void>();
  #isLost = false;
  /** The run has its result, or was killed: nothing that happens to the session explains more. */
  needsNoReason = false;
  isOver = false;

  constructor(mode: Run['mode'], report: (report: WorkerReport) => void) {
    this.#mode = mode;
    this.#report = report;
  }

  happened(change: SessionChange): void {
    const error = lossOf(change, this.#mode);
    if (error === undefined || this.#isLost || this.isOver) return;
    this.#isLost = true;
    this.#report({ kind: 'sessionLost', error });
    this.#told.resolve();
  }

  /** Waits for what may explain the end of the worker. */
  async reason(clock: Clock, ms: number): Promise<void> {
    if (this.needsNoReason || this.#isLost) return;
    const timer = clock.after(ms, () => this.#told.resolve());
    await this.#told.promise;
    timer.dispose();
  }
}

/** Why a run ends with what happened to its session (rules SES-9, MODE-4, MODE-6); undefined where it goes on. */
export function lossOf(change: SessionChange, mode: Run['mode']): RunError | undefined {
  const { account, state } = change.session;
  const done = 'What the flow had done by then is done.';
  const step = 'Check what the flow left behind, then resubmit the run.';
  if (change.kind === 'ended') {
    const { reason } = change;
    const [message, nextStep] = endings[reason];
    return {
      code: reason,
      message: `The session of ${account} ${message}. ${done}`,
      nextStep: `${nextStep} ${step}`,
    };
  }
  if (state !== 'locked' && state !== 'disconnected') return undefined;
  return {
    code:
      mode === 'attended'
        ? 'AttendedUserSessionNotActive'
        : state === 'locked'
          ? 'UnattendedUserSessionLocked'
          : 'UnattendedUserSessionDisconnected',
    message: `The session of ${account} was ${state} under the run. ${done}`,
    nextStep: `Leave the session alone while a flow runs in it. ${step}`,
  };
}

const endings = {
  SessionHasLoggedOff: ['was signed out under the run', 'Leave sessions of runs alone.'],
  SessionHasLoggedOffWithMaxIdleTime: [
    'was ended because nobody had used it for as long as the machine allows',
    'Raise the limit (Windows: `MaxIdleTime`).',
  ],
  MaxRDSessionDurationReached: [
    'was ended at the age that the machine allows',
    'Raise the limit (Windows: `MaxConnectionTime`), or make the run shorter.',
  ],
} as const;

const runOf = ({ run }: Claim) => ({ runId: run.id, flow: run.flow.name });

/** Asks whoever answers the questions of a run. */
function askThroughRun({ fence }: Claim, report: (report: WorkerReport) => void): Ask {
  return ({ id, account }, { title, message, agree, refuse, seconds }, signal) =>
    new Promise((resolve, reject) => {
      const questionId = `session ${id}`;
      const over = toDisposable(() => signal.removeEventListener('abort', aborted));
      const aborted = () => {
        over.dispose();
        report({ kind: 'withdrawn', fence, questionId });
        reject(signal.reason);
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', aborted);
      report({
        kind: 'asked',
        fence,
        question: {
          id: questionId,
          kind: 'message',
          title,
          message: `To ${account}: ${message}`,
          icon: 'warning',
          options: [refuse, agree],
          preset: refuse,
          timeoutSeconds: seconds,
        },
        answered: ({ button }, by) => {
          over.dispose();
          resolve({ agreed: button === agree, by });
        },
      });
    });
}
