// The runs of one machine: takes claims from its orchestrator, drives their workers, reports what happens, ends what must end. Knows no
// process, no socket and no store: workers, clock and the way to the orchestrator are given. Which run starts is never decided here.
import type { Clock } from '../base/clock.ts';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { asProductError, ProductError } from '../base/error.ts';
import { Emitter } from '../base/event.ts';
import type { Log } from '../base/log.ts';
import { sameAccount } from '../orchestration/accounts.ts';
import type { AgentPort } from '../orchestration/orchestrator.ts';
import { timeoutError } from '../orchestration/rules.ts';
import type { QueueSettings } from '../orchestration/settings.ts';
import type { Change, Claim, EventBody, Held, Holder, RunChange, RunEnding } from '../orchestration/store.ts';
import type { MachineFacts } from '../protocol/fleet.ts';
import type { Answer, Question, RunError, RunPosition, RunState } from '../protocol/run.ts';
import type { FromWorker } from '../protocol/worker.ts';

/**
 * What a worker reports: its own messages, and at last that its process is gone and how (`killed by signal SIGKILL`). Its host may report
 * two things besides. `sessionLost`: the session is not fit for the run any more. `asked`: somebody has to agree before the worker can be
 * started; `answered` gets what they say, and `withdrawn` takes the question back.
 */
export type WorkerReport =
  | Exclude<FromWorker, { kind: 'workQueues' }>
  | { readonly kind: 'exited'; readonly how: string }
  | { readonly kind: 'sessionLost'; readonly error: RunError }
  | {
      readonly kind: 'asked';
      readonly fence: number;
      readonly question: Question;
      readonly answered: (answer: Answer, by: string) => void;
    };

/** `launch` found the sessions other than they were when the claim was made: the run takes its place in the queue again (rule Q-20). */
export class SessionsChanged extends Error {}

/** A worker that was launched for one claim. */
export interface Worker {
  /** Asks the flow to stop. */
  stop(): void;
  /** Asks the flow to stand still, and to go on; `halted` tells when it does. */
  pause(): void;
  resume(): void;
  /** Asks the flow to end where it is prepared for that. */
  safeStop(): void;
  /** Ends the process and all it started, at once. `exited` follows. */
  kill(): void;
  answer(questionId: string, answer: Answer): void;
  /** A message of the debugger that is attached; `null` when it left. */
  debug(message: unknown): void;
}

/** Where workers come from: the Windows sessions of this machine. */
export interface WorkerHost {
  /** What the machine can carry and which sessions are there, for the rules. */
  facts(): Promise<MachineFacts>;
  /**
   * Gets the session of `claim` ready, starts a worker in it, and hands it flow and inputs; `debug`: it waits for a debugger first.
   * Leaves the session as it is to be left once the worker has ended. Throws a `ProductError` when that is impossible, and
   * `SessionsChanged` when only the sessions have changed since the claim was made.
   */
  launch(
    claim: Claim,
    report: (report: WorkerReport) => void,
    debug: boolean,
    signal: AbortSignal,
  ): Promise<{ readonly worker: Worker; readonly session: string }>;
}

/** What an agent hears with a heartbeat. */
export interface Heard {
  /** Its claims: whatever it holds beyond them it must end. */
  readonly held: readonly Held[];
  /** Those of them that it did not name. */
  readonly told: readonly Claim[];
  /** This life of the agent was heard of for the first time. */
  readonly rebooted: boolean;
}

/** What of `held` is not in `holding`: claims of which the agent has to be told. */
export const beyond = (held: readonly Held[], holding: readonly Holder[]): readonly Held[] =>
  held.filter(({ runId, fence }) => !holding.some((known) => known.runId === runId && known.fence === fence));

/** The way to the orchestrator: in this process, or over a link that repeats what was not answered. */
export interface OrchestratorLink {
  /** This machine asks for work from now on. */
  attach(port: AgentPort): Disposable;
  /** What the agent has, and what it has by the orchestrator. Throws when the orchestrator cannot be reached. */
  heartbeat(boot: string, facts: MachineFacts, holding: readonly Holder[]): Promise<Heard>;
  /** Resolves when it is recorded. False: the claim is not this machine's any more. */
  report(change: Extract<Change, { kind: 'change' | 'append' | 'giveBack' }>): Promise<boolean>;
}

export interface RunnerOptions {
  readonly link: OrchestratorLink;
  readonly workers: WorkerHost;
  readonly clock: Clock;
  /** Tells this life of the agent from every other. */
  readonly boot: string;
  readonly settings: Pick<QueueSettings, 'heartbeatMs' | 'stopGraceMs' | 'startTimeoutMs'>;
  /** Hears what becomes of each run, before it is recorded. */
  readonly told?: (claim: Claim, change: RunChange) => void;
  readonly log: Log;
}

/** Who is attached to a run: gets what its worker tells the debugger, and at last `null`, when the run has ended. */
export type Debugger = (runId: string, message: unknown) => void;

/** A machine whose sessions keep changing, or are not what it says of them, asks for the same run again after a second, then less and less often. */
const retryMs = 1_000;
const longestRetryMs = 60_000;

/** Positions travel with a run's record at most this often. */
const announceMs = 1_000;

/** Claims that ended here and are not forgotten: far more than can end while an answer is under way. */
const mostRemembered = 1_000;

/** A claim that this runner drives. */
class ActiveRun {
  readonly claim: Claim;
  /** For what must happen in time: first its begin, then its end. */
  timers = new DisposableStore();
  /** Ends the preparation of its session. */
  readonly preparing = new AbortController();
  /** Questions that nobody has answered yet. */
  readonly questions = new Map<string, ((answer: Answer, by: string) => void) | undefined>();
  worker: Worker | undefined;
  session: string | undefined;
  debugger: Debugger | undefined;
  /** As the orchestrator knows it. */
  state: RunState = 'Starting';
  /** As it was told on. */
  readonly told: { state: RunState } = { state: 'Starting' };
  /** Why it is being ended from outside. */
  ending: RunEnding | undefined;
  position: RunPosition | undefined;
  announced: RunPosition | undefined;
  announcedAt = Number.NEGATIVE_INFINITY;
  /** A timer is under way that will announce the position. */
  announcing = false;
  /** How it ended, from the moment that is known, and when, on the monotonic clock; `ended` once it is recorded. */
  final: RunChange | undefined;
  endedAt: number | undefined;
  ended = false;
  /** It did not end by itself when it was to. */
  killed = false;
  /** Its process is gone. */
  exited = false;
  /** It never had one, and goes back to its queue. */
  goesBack = false;
  /** Number of the last report. */
  reports = 0;
  /** One report after the other. */
  tail: Promise<unknown> = Promise.resolve();

  constructor(claim: Claim) {
    this.claim = claim;
  }

  get id(): string {
    return this.claim.run.id;
  }

  /** For the next report. */
  holder(): Holder {
    return { runId: this.id, fence: this.claim.fence, report: ++this.reports };
  }
}

export class Runner implements AgentPort {
  readonly #options: RunnerOptions;
  readonly #changed = new Emitter<void>();
  /** Claims whose worker has not ended yet. */
  readonly #active = new Map<string, ActiveRun>();
  /** Fences of the claims that ended here last, by run. */
  readonly #over = new Map<string, number>();
  /** How often in a row a run was given back. */
  readonly #givenBack = new Map<string, number>();
  /** Waiting runs that are to wait for a debugger; only as long as this agent lives, because its links do not live longer. */
  readonly #debugged = new Set<string>();
  #attached: Disposable | undefined;
  #heart: Disposable | undefined;
  #beating: Promise<void> | undefined;
  /** Something changed while a heartbeat was under way. */
  #beatAgain = false;
  #first = true;
  #closing = false;

  /** A worker started or ended. */
  readonly onChange = this.#changed.event;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Says that this machine is there, settles what a former life of its agent left behind, and asks for work. Throws what the link throws. */
  async start(): Promise<void> {
    await this.#beating;
    // One at a time, from the first on: a late answer to another one would speak of runs that were settled meanwhile.
    const first = this.#beat();
    this.#beating = first
      .catch(() => {})
      .finally(() => {
        this.#beating = undefined;
      });
    await first;
    this.#attached = this.#options.link.attach(this);
    this.#beatLater();
  }

  /** How many claims it drives. */
  get size(): number {
    return this.#active.size;
  }

  // ── what the orchestrator says ────────────────────────────────────────────────────────────────────────────────

  take(claims: readonly Claim[]): void {
    for (const claim of claims) {
      // An answer that was under way while it ended here still speaks of it: a flow must not begin again.
      if ((this.#over.get(claim.run.id) ?? 0) >= claim.fence) continue;
      const known = this.#active.get(claim.run.id);
      if (known?.claim.fence === claim.fence) {
        if (claim.ending) this.end(claim.run.id, claim.ending);
      } else if (known === undefined && !this.#closing && !this.#isBusy(claim)) void this.#begin(claim);
      // A newer claim of a run whose old worker still ends, or of an account whose last worker does: it comes again with the next heartbeat.
    }
  }

  /** Whether a worker is still there for the account of a claim: a run that was lost meanwhile, and that nobody here has heard of yet (rule CCY-3). */
  #isBusy({ account }: Claim): boolean {
    return [...this.#active.values()].some((other) => sameAccount(other.claim.account, account));
  }

  end(runId: string, ending: RunEnding): void {
    const active = this.#active.get(runId);
    if (active) this.#end(active, ending);
  }

  // ── what people say ───────────────────────────────────────────────────────────────────────────────────────────

  /** The run with this identifier is to wait for a debugger before its first statement. */
  willBeDebugged(runId: string): void {
    this.#debugged.add(runId);
  }

  /** Whether the run is driven here. */
  has(runId: string): boolean {
    return this.#active.has(runId);
  }

  /** Passes a wish on to the worker of a run that has begun; its record changes when the flow follows it. False: it does not run here. */
  tell(runId: string, wish: 'pause' | 'resume' | 'safeStop'): boolean {
    const active = this.#active.get(runId);
    if (active?.worker === undefined || (active.state !== 'Running' && active.state !== 'Paused'))
      return false;
    active.worker[wish]();
    return true;
  }

  /** Gives an answer to the flow. The first one counts: throws `QuestionNotFound` afterwards. */
  async answer(runId: string, questionId: string, answer: Answer, by: string): Promise<void> {
    const active = this.#active.get(runId);
    const answered = active?.questions.get(questionId);
    if (active === undefined || !active.questions.delete(questionId)) {
      throw new ProductError(
        'QuestionNotFound',
        'This question is no longer open: it was answered by somebody else, it closed by itself, or its run has ended.',
        'Nothing is left to do.',
      );
    }
    try {
      await this.#afterwards(active, () => this.#append(active, [{ kind: 'answered', questionId, by }]));
    } catch (error) {
      active.questions.set(questionId, answered);
      throw error;
    }
    if (answered) answered(answer, by);
    else active.worker?.answer(questionId, answer);
  }

  /** Hands a message of a debugger to the worker of a run; `null` detaches it. False: the run is not running here. Throws `DebuggerAttached` when another one is attached. */
  debug(runId: string, message: unknown, from: Debugger): boolean {
    const active = this.#active.get(runId);
    if (active?.worker === undefined || active.final !== undefined) return false;
    if (active.debugger !== undefined && active.debugger !== from) {
      throw new ProductError(
        'DebuggerAttached',
        `Another debugger is attached to this run of ${active.claim.run.flow.name}.`,
        'Detach that one first.',
      );
    }
    if (message === null && active.debugger === undefined) return true;
    active.debugger = message === null ? undefined : from;
    active.worker.debug(message);
    return true;
  }

  /** A debugger is gone: the runs it was attached to go on without it. */
  debuggerGone(from: Debugger): void {
    for (const active of this.#active.values()) {
      if (active.debugger !== from) continue;
      active.debugger = undefined;
      active.worker?.debug(null);
    }
  }

  /** Begins nothing more, ends what runs as `ending` says, resolves when every worker has ended. */
  async close(ending: RunEnding): Promise<void> {
    this.#closing = true;
    this.#attached?.dispose();
    this.#heart?.dispose();
    for (const active of [...this.#active.values()]) {
      this.#end(active, ending);
      if (active.exited && !active.goesBack) this.#release(active);
    }
    if (this.#active.size === 0) return;
    await new Promise<void>((resolve) => {
      const subscription = this.onChange(() => {
        if (this.#active.size > 0) return;
        subscription.dispose();
        resolve();
      });
    });
  }

  // ── heartbeat ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Something about this machine changed that its orchestrator should know now. */
  beat(): void {
    if (this.#beating) {
      this.#beatAgain = true;
      return;
    }
    this.#beating = this.#beat()
      .catch((error: unknown) =>
        this.#options.log.warn('the orchestrator was not reached; it is tried again', describe(error)),
      )
      .finally(() => {
        this.#beating = undefined;
        if (!this.#beatAgain || this.#closing) return;
        this.#beatAgain = false;
        this.beat();
      });
  }

  #beatLater(): void {
    const { clock, settings } = this.#options;
    this.#heart = clock.after(settings.heartbeatMs, () => {
      this.beat();
      this.#beatLater();
    });
  }

  async #beat(): Promise<void> {
    const { link, workers, boot } = this.#options;
    const before = [...this.#active.values()].filter(({ ended }) => !ended);
    const { held, told } = await link.heartbeat(
      boot,
      await workers.facts(),
      before.map(({ id, claim }) => ({ runId: id, fence: claim.fence })),
    );
    const first = this.#first;
    const byStore = new Map(held.map((claim) => [claim.runId, claim]));
    for (const active of before) {
      const claim = byStore.get(active.id);
      // What this machine has and may not have any more: somebody else may have it by now.
      if (claim?.fence !== active.claim.fence) this.#disown(active);
      else if (claim.ending) this.#end(active, claim.ending);
    }
    for (const claim of told) {
      // A former life of this agent got it and may have begun it: what it did is not known.
      if (first) await this.#lost(claim);
      else this.take([claim]);
    }
    // Only now: where one of them could not be recorded, the next attempt to start finds it again.
    this.#first = false;
  }

  /** Somebody else may have the run by now: its worker ends at once, and nothing more is reported. */
  #disown(active: ActiveRun): void {
    if (active.ended) return;
    this.#options.log.warn('a run is no longer this machine’s and is ended', { runId: active.id });
    active.final ??= { state: 'Lost' };
    active.ended = true;
    this.#told(active, active.final);
    active.worker?.kill();
    active.preparing.abort();
    this.#release(active);
  }

  async #lost({ run, fence }: Claim): Promise<void> {
    const { link, log } = this.#options;
    const error: RunError = {
      code: 'AgentRestarted',
      message: `The agent ended while this run was ${run.state}${at(run.position)}. What the flow had done by then is done.`,
      nextStep: 'Check what the flow left behind, then resubmit the run.',
    };
    const change: RunChange = { state: 'Lost', error };
    await link.report({ kind: 'change', holder: { runId: run.id, fence }, change, before: [] });
    log.warn('a run was lost with the former agent', { runId: run.id });
  }

  // ── claims ────────────────────────────────────────────────────────────────────────────────────────────────────

  async #begin(claim: Claim): Promise<void> {
    const { workers, clock, settings } = this.#options;
    const active = new ActiveRun(claim);
    this.#active.set(active.id, active);
    this.#changed.fire();
    if (claim.ending) this.#end(active, claim.ending);
    try {
      const { worker, session } = await workers.launch(
        claim,
        (report) => {
          if (report.kind === 'debug') {
            // Past the record: it changes nothing there, and somebody waits for it.
            if (report.fence === claim.fence) active.debugger?.(active.id, report.message);
            return;
          }
          // Its record may have to wait for that of what came before.
          const at = clock.monotonic();
          this.#inTurn(active, () => this.#received(active, report, at));
        },
        this.#debugged.delete(active.id),
        active.preparing.signal,
      );
      active.worker = worker;
      active.session = session;
      if (active.ended) worker.kill();
    } catch (error) {
      active.exited = true;
      if (error instanceof SessionsChanged && active.ending === undefined) {
        void this.#giveBack(active, error.message);
        return;
      }
      const { code, message, nextStep } = asProductError(error);
      this.#inTurn(active, async () => {
        await this.#finish(active, active.ending ?? { state: 'Failed', error: { code, message, nextStep } });
        this.#release(active);
      });
      return;
    }
    if (active.ending) {
      this.#stop(active);
      return;
    }
    active.timers.add(
      clock.after(settings.startTimeoutMs, () => {
        const seconds = settings.startTimeoutMs / 1000;
        const error = workerNotStarted(`it did not begin within ${seconds} seconds`);
        this.#end(active, { state: 'Failed', error });
        active.worker?.kill();
      }),
    );
  }

  /** Rule Q-20: the rules decide again, with what the machine says of its sessions now. */
  async #giveBack(active: ActiveRun, why: string): Promise<void> {
    const { link, clock, settings, log } = this.#options;
    const times = this.#givenBack.get(active.id) ?? 0;
    this.#givenBack.delete(active.id);
    this.#givenBack.set(active.id, times + 1);
    forgetOldest(this.#givenBack);
    log.info('a run goes back to its queue', { runId: active.id, why, times: times + 1 });
    active.goesBack = true;
    if (times > 0) await this.#pause(active, Math.min(longestRetryMs, retryMs * 2 ** (times - 1)));
    await this.#beating;
    if (!this.#closing) this.beat();
    await this.#beating;
    this.#inTurn(active, async () => {
      if (active.ended) return this.#release(active);
      if (active.ending) {
        await this.#finish(active, active.ending);
        return this.#release(active);
      }
      try {
        await link.report({ kind: 'giveBack', holder: active.holder() });
      } catch (error) {
        log.error('a run could not be given back; it will be tried again', {
          runId: active.id,
          ...describe(error),
        });
        if (this.#closing) this.#release(active);
        else clock.after(settings.stopGraceMs, () => void this.#giveBack(active, why));
        return;
      }
      active.ended = true;
      this.#release(active);
    });
  }

  /** Waits so long, or until the run is to end. */
  #pause(active: ActiveRun, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = active.preparing;
      const over = () => {
        timer.dispose();
        signal.removeEventListener('abort', over);
        resolve();
      };
      const timer = this.#options.clock.after(ms, over);
      signal.addEventListener('abort', over);
      if (signal.aborted) over();
    });
  }

  /** `at`: when it came, on the monotonic clock. */
  async #received(active: ActiveRun, report: WorkerReport, at: number): Promise<void> {
    const { clock, settings } = this.#options;
    if (report.kind === 'exited') return this.#exited(active, report.how, at);
    if (report.kind === 'sessionLost') {
      if (!active.final) this.#end(active, { state: 'Failed', error: report.error });
      return;
    }
    if (active.ended || report.kind === 'ready' || report.fence !== active.claim.fence) return;
    switch (report.kind) {
      case 'started':
        active.timers.dispose();
        active.timers = new DisposableStore();
        this.#givenBack.delete(active.id);
        // Also where the store cannot take down now that it runs.
        this.#limit(active);
        await this.#change(active, {
          state: 'Running',
          startedAgo: clock.monotonic() - at,
          ...(active.session !== undefined && { session: active.session }),
        });
        if (active.state !== 'Running') this.#disown(active);
        break;
      case 'halted':
        await this.#change(active, { state: report.isHalted ? 'Paused' : 'Running' });
        break;
      case 'frame': {
        const bodies: EventBody[] = inOrder(report);
        if (report.lines.length > 0) bodies.unshift({ kind: 'lines', lines: report.lines });
        await this.#append(active, bodies, report.position);
        break;
      }
      case 'screenshot': {
        const { width, height, png } = report;
        await this.#append(active, [{ kind: 'screenshot', width, height, png }]);
        break;
      }
      case 'question':
      case 'asked':
        await this.#append(active, [{ kind: 'question', question: report.question }]);
        active.questions.set(report.question.id, report.kind === 'asked' ? report.answered : undefined);
        break;
      case 'withdrawn':
        if (active.questions.delete(report.questionId)) {
          await this.#append(active, [{ kind: 'answered', questionId: report.questionId, by: '' }]);
        }
        break;
      case 'finished': {
        // Who ended it knows why; the worker knows where.
        const why = report.outcome === 'Canceled' ? active.ending?.error : undefined;
        const error = why ? { ...report.error, ...why } : report.error;
        active.endedAt ??= at;
        await this.#finish(active, {
          state: (report.outcome === 'Canceled' && active.ending?.state) || report.outcome,
          outputs: report.outputs,
          ...(error && { error }),
        });
        // Its process has nothing left to do.
        clock.after(settings.stopGraceMs, () => {
          if (this.#active.has(active.id)) active.worker?.kill();
        });
        break;
      }
    }
  }

  async #exited(active: ActiveRun, how: string, at: number): Promise<void> {
    active.exited = true;
    active.endedAt ??= at;
    if (!active.final) {
      const { ending } = active;
      if (ending) await this.#finish(active, active.killed ? killed(ending, active.position) : ending);
      else if (active.state === 'Starting') {
        await this.#finish(active, {
          state: 'Lost',
          error: workerNotStarted(`its process ${how} before the flow began`),
        });
      } else await this.#finish(active, { state: 'Lost', error: workerLost(how, active.position) });
    }
    this.#release(active);
  }

  /** A run that takes longer than it may is stopped; one that is debugged takes as long as people do. */
  #limit(active: ActiveRun): void {
    const seconds = active.claim.run.timeoutSeconds;
    if (seconds === undefined || active.ending !== undefined) return;
    active.timers.add(
      this.#options.clock.after(seconds * 1_000, () => {
        if (active.debugger !== undefined) this.#limit(active);
        else this.#end(active, { state: 'TimedOut', error: timeoutError(seconds) });
      }),
    );
  }

  /** Makes a run end: its worker is asked to stop, and killed after the grace time. */
  #end(active: ActiveRun, ending: RunEnding): void {
    if (active.ended || active.ending) return;
    active.ending = ending;
    active.timers.dispose();
    active.preparing.abort();
    this.#stop(active);
  }

  #stop(active: ActiveRun): void {
    active.worker?.stop();
    this.#options.clock.after(this.#options.settings.stopGraceMs, () => {
      if (!this.#active.has(active.id)) return;
      active.killed = true;
      active.worker?.kill();
    });
  }

  /**
   * The final record: the first outcome counts. Where it cannot be recorded now it is tried again later until it can: the end of a run
   * must not get lost.
   */
  async #finish(active: ActiveRun, change: RunChange): Promise<void> {
    if (active.ended) return;
    const { clock, settings, log } = this.#options;
    active.final ??= change;
    active.endedAt ??= clock.monotonic();
    const { final, endedAt } = active;
    const withdrawn = [...active.questions.keys()].map(
      (questionId): EventBody => ({ kind: 'answered', questionId, by: '' }),
    );
    try {
      await this.#change(active, { ...final, endedAgo: clock.monotonic() - endedAt }, withdrawn);
    } catch (error) {
      log.error('the end of a run could not be recorded; it will be tried again', {
        runId: active.id,
        ...describe(error),
      });
      if (this.#closing) return; // the next start finds it without an end and calls it Lost
      clock.after(settings.stopGraceMs, () =>
        this.#inTurn(active, async () => {
          await this.#finish(active, final);
          this.#release(active);
        }),
      );
      return;
    }
    active.ended = true;
    active.debugger?.(active.id, null);
    active.debugger = undefined;
    active.timers.dispose();
    active.questions.clear();
    this.#changed.fire();
  }

  /** Forgets a run whose process is gone and whose end is recorded, or can be recorded no more. */
  #release(active: ActiveRun): void {
    if (!active.exited && !active.ended) return;
    if (active.worker !== undefined && !active.exited) return;
    if (!active.ended && !this.#closing) return;
    if (!this.#active.has(active.id)) return;
    active.timers.dispose();
    this.#active.delete(active.id);
    this.#over.set(active.id, active.claim.fence);
    forgetOldest(this.#over);
    this.#changed.fire();
    // The session is free, or gone: the next run may be waiting for it.
    if (!this.#closing) this.beat();
  }

  // ── reports ───────────────────────────────────────────────────────────────────────────────────────────────────

  async #change(active: ActiveRun, change: RunChange, before: readonly EventBody[] = []): Promise<void> {
    this.#told(active, change);
    const taken = await this.#options.link.report({
      kind: 'change',
      holder: active.holder(),
      change,
      before,
    });
    if (taken) active.state = change.state;
  }

  /** Once of each state: the end is recorded again until it can be. */
  #told({ claim, told }: ActiveRun, change: RunChange): void {
    if (told.state === change.state) return;
    told.state = change.state;
    this.#options.told?.(claim, change);
  }

  async #append(active: ActiveRun, bodies: readonly EventBody[], position?: RunPosition): Promise<void> {
    const { link, clock } = this.#options;
    const moved = position && !samePosition(position, active.position);
    // Compared with what was announced, not with the last frame: a run that comes to rest must not keep an old position in view.
    const stale = position !== undefined && !samePosition(position, active.announced);
    const announce = stale && clock.monotonic() - active.announcedAt >= announceMs;
    if (moved) active.position = position;
    if (announce) {
      active.announced = position;
      active.announcedAt = clock.monotonic();
    } else if (stale && !active.announcing) {
      active.announcing = true;
      clock.after(active.announcedAt + announceMs - clock.monotonic(), () => {
        active.announcing = false;
        if (!active.ended) this.#inTurn(active, () => this.#append(active, [], active.position));
      });
    }
    if (bodies.length === 0 && !moved && !announce) return;
    const taken = await link.report({
      kind: 'append',
      holder: active.holder(),
      bodies,
      ...((moved || announce) && position && { position }),
      announce,
    });
    if (!taken) this.#disown(active);
  }

  /** One report after the other, so that they are recorded in the order in which things happened. */
  #inTurn(active: ActiveRun, work: () => Promise<void>): void {
    this.#afterwards(active, work).catch((error: unknown) => {
      this.#options.log.error('a report about a run could not be recorded', {
        runId: active.id,
        ...describe(error),
      });
    });
  }

  #afterwards(active: ActiveRun, work: () => Promise<void>): Promise<void> {
    const done = active.tail.then(work);
    active.tail = done.catch(() => {});
    return done;
  }
}

function forgetOldest(remembered: Map<string, number>): void {
  for (const [oldest] of remembered) {
    if (remembered.size <= mostRemembered) break;
    remembered.delete(oldest);
  }
}

const samePosition = (a: RunPosition, b: RunPosition | undefined): boolean =>
  b !== undefined &&
  a.line === b.line &&
  a.subflow === b.subflow &&
  a.action === b.action &&
  a.flow === b.flow;

const at = (position: RunPosition | undefined): string =>
  position
    ? ` at line ${position.line} of ${position.subflow}${position.flow === undefined ? '' : ` in the flow "${position.flow}"`} (${position.action})`
    : '';

function describe(error: unknown): { code: string; message: string } {
  const { code, message } = asProductError(error);
  return { code, message };
}

function workerLost(how: string, position: RunPosition | undefined): RunError {
  return {
    code: 'WorkerLost',
    message: `The process of this run ${how} without reporting a result${at(position) || ', before its first action'}. What the flow had done by then is done.`,
    nextStep:
      'Check what the flow left behind (programs that it started may still run), then resubmit the run. agent.log has the process’s last words.',
    // A line of a flow that another one runs is none of the run's own.
    ...(position &&
      position.flow === undefined && {
        line: position.line,
        subflow: position.subflow,
        action: position.action,
      }),
  };
}

/** A stop that became a kill; whatever else ended the run is still the reason. */
function killed({ state, error }: RunEnding, position: RunPosition | undefined): RunEnding {
  return {
    state,
    error: {
      ...error,
      code: error.code === 'RunStopped' ? 'RunKilled' : error.code,
      message: `${error.message} It did not end by itself${at(position)}, so its processes were ended.`,
    },
  };
}

function workerNotStarted(why: string): RunError {
  return {
    code: 'WorkerNotStarted',
    message: `The process of this run could not be started: ${why}. The flow did nothing.`,
    nextStep: 'Read agent.log in the data folder, then resubmit the run.',
  };
}

/** Actions and messages of one frame as they happened: a message stands behind the actions that began before it. */
function inOrder({ actions, omitted, logs }: Extract<FromWorker, { kind: 'frame' }>): EventBody[] {
  const bodies: EventBody[] = [];
  let next = 0;
  const actionsUntil = (end: number, left: number) => {
    if (end > next || left > 0)
      bodies.push({ kind: 'actions', actions: actions.slice(next, end), omitted: left });
    next = end;
  };
  for (const { at, level, message, line, subflow, flow } of logs) {
    const later = actions.findIndex((action, index) => index >= next && action.at > at);
    actionsUntil(later === -1 ? actions.length : later, 0);
    bodies.push({ kind: 'log', level, message, line, subflow, ...(flow !== undefined && { flow }) });
  }
  actionsUntil(actions.length, omitted);
  return bodies;
}
