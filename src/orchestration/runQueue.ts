// The owner of the runs of one machine: takes requests, lets the rules start them, drives their workers, records what happens,
// announces every event in order. Knows no process and no socket: workers, clock and identifiers are given.
import type { Clock } from '../base/clock.ts';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { asProductError, ProductError } from '../base/error.ts';
import { Emitter } from '../base/event.ts';
import type { Log } from '../base/log.ts';
import {
  type Answer,
  isTerminal,
  type Run,
  type RunError,
  type RunEvent,
  type RunPosition,
  type RunState,
} from '../protocol/run.ts';
import type { FromWorker } from '../protocol/worker.ts';
import { type QueueSettings, timeoutError } from './rules.ts';
import type { Claim, EventBody, NewRun, RunChange, RunStore } from './store.ts';

/** What a worker reports: its own messages, and at last that its process is gone and how (`killed by signal SIGKILL`). */
export type WorkerReport = FromWorker | { readonly kind: 'exited'; readonly how: string };

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

/** Who is attached to a run: gets what its worker tells the debugger, and at last `null`, when the run has ended. */
export type Debugger = (runId: string, message: unknown) => void;

/** Where workers come from: the sessions of a machine. */
export interface WorkerHost {
  /** The account under which this machine's runs execute. */
  readonly account: string;
  /** How many runs its sessions can carry at once. */
  readonly slots: number;
  /** Starts a worker for `claim` and hands it flow and inputs; `debug`: it waits for a debugger first. Throws a ProductError when that is impossible. */
  launch(claim: Claim, report: (report: WorkerReport) => void, debug: boolean): Worker;
}

export interface RunQueueOptions {
  readonly store: RunStore;
  readonly clock: Clock;
  readonly workers: WorkerHost;
  readonly machineId: string;
  readonly settings: QueueSettings;
  readonly log: Log;
}

/** A request for a run. `id`: the same for a request that is made again; `sealedInputs` are sealed for this id, `inputs` is what may be shown of them. */
export type RunRequest = Pick<
  Run,
  'id' | 'flow' | 'inputs' | 'mode' | 'priority' | 'requestedBy' | 'resubmitOf' | 'timeoutSeconds'
> &
  Pick<NewRun, 'flowText' | 'companions' | 'sealedInputs'> & {
    /** Wait for a debugger before the first statement. */
    readonly debug?: boolean;
  };

/** Positions travel with a run's record at most this often. */
const announceMs = 1_000;
const hourMs = 60 * 60_000;

/** A claim that this queue drives. */
class ActiveRun {
  readonly claim: Claim;
  /** For what must happen in time: first its begin, then its end. */
  timers = new DisposableStore();
  /** Questions that nobody has answered yet. */
  readonly questions = new Set<string>();
  worker: Worker | undefined;
  debugger: Debugger | undefined;
  /** Why it is being ended from outside. */
  ending: { readonly state: RunState; readonly error: RunError } | undefined;
  position: RunPosition | undefined;
  announced: RunPosition | undefined;
  announcedAt = Number.NEGATIVE_INFINITY;
  /** A timer is under way that will announce the position. */
  announcing = false;
  /** How it ended, from the moment that is known; `ended` once it is on disk. */
  final: RunChange | undefined;
  ended = false;
  /** Its process is gone. */
  exited = false;

  constructor(claim: Claim) {
    this.claim = claim;
  }

  get id(): string {
    return this.claim.run.id;
  }
}

export class RunQueue {
  readonly #options: RunQueueOptions;
  readonly #events = new Emitter<readonly RunEvent[]>();
  readonly #changed = new Emitter<void>();
  /** Claims whose worker has not ended yet. */
  readonly #active = new Map<string, ActiveRun>();
  /** Waiting runs that are to wait for a debugger; only as long as this agent lives, because its links do not live longer. */
  readonly #debugged = new Set<string>();
  #sweep: Disposable | undefined;
  #pruneDue = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #accepting = true;
  #lastSeq = 0;

  /** New events, in order of `seq`. */
  readonly onEvents = this.#events.event;
  /** Something started or ended: the numbers of `counts` may be different now. */
  readonly onLoadChanged = this.#changed.event;

  private constructor(options: RunQueueOptions) {
    this.#options = options;
  }

  /** Takes over a store: runs that were active when its last owner died become `Lost`, queued ones keep their place and start. */
  static async open(options: RunQueueOptions): Promise<RunQueue> {
    const queue = new RunQueue(options);
    await queue.#inTurn(async () => {
      queue.#lastSeq = (await options.store.marks()).lastSeq;
      await queue.#recover();
    });
    queue.#sweepLater(0);
    return queue;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Puts a run into the queue, or gives the one that has this `id` already. Resolves when it is on disk. Throws `QueueFull`, `AgentStopping`, or an error of the store. */
  async enqueue(request: RunRequest): Promise<Run> {
    const { clock, settings, machineId, workers, store } = this.#options;
    return this.#inTurn(async () => {
      if (!this.#accepting) throw stopping();
      const known = await store.get(request.id);
      if (known) return known;
      const now = clock.now();
      const { flowText, companions, sealedInputs, debug, ...shown } = request;
      const run: Run = {
        ...shown,
        machine: machineId,
        state: 'Queued',
        requestedAt: now,
        expiresAt: now + settings.queueWaitMs,
      };
      const entry = { run, account: workers.account, flowText, companions, sealedInputs };
      const events = await store.enqueue(entry, settings.queueLimit);
      this.#publish(events);
      if (debug === true) this.#debugged.add(run.id);
      void this.#schedule();
      return recordOf(events);
    });
  }

  /**
   * A new run of the same flow text and inputs under the identifier `id`. `reseal` seals the old run's inputs for the new one.
   * Throws `RunNotFound`, `RunNotFinished`, and as `enqueue`.
   */
  async resubmit(
    runId: string,
    id: string,
    requestedBy: string,
    reseal: (sealedInputs: Uint8Array) => Uint8Array,
  ): Promise<Run> {
    const old = await this.#options.store.entry(runId);
    if (!old) throw notFound(runId);
    if (!isTerminal(old.run.state)) {
      throw new ProductError(
        'RunNotFinished',
        `The run of ${old.run.flow.name} is ${old.run.state}: only a finished run can be resubmitted.`,
        'Wait for its end, or stop it first.',
      );
    }
    const { flow, inputs, mode, priority, timeoutSeconds } = old.run;
    return this.enqueue({
      id,
      flow,
      inputs,
      mode,
      priority,
      requestedBy,
      ...(timeoutSeconds !== undefined && { timeoutSeconds }),
      resubmitOf: runId,
      flowText: old.flowText,
      companions: old.companions,
      sealedInputs: reseal(old.sealedInputs),
    });
  }

  /**
   * Cancels a queued run at once. Asks an active one to stop, and kills its processes if it has not ended within the grace time; its
   * record changes when it has ended. A finished run is left as it is. Throws `RunNotFound`.
   */
  async stop(runId: string): Promise<Run> {
    const { store, clock } = this.#options;
    return this.#inTurn(async () => {
      const entry = await store.entry(runId);
      if (!entry) throw notFound(runId);
      const active = this.#active.get(runId);
      if (entry.run.state === 'Queued') {
        const now = clock.now();
        const events = await store.change(runId, entry.fence, { state: 'Canceled', endedAt: now }, now);
        if (!events) return entry.run;
        this.#publish(events);
        this.#changed.fire();
        return recordOf(events);
      }
      if (active) this.#end(active, 'Canceled', stopped());
      return entry.run;
    });
  }

  /** Passes a wish on to the worker of a run that has begun; the record changes when the flow follows it. Throws `RunNotFound`, `RunNotActive`. */
  async tell(runId: string, wish: 'pause' | 'resume' | 'safeStop'): Promise<Run> {
    return this.#inTurn(async () => {
      const run = await this.get(runId);
      const worker = this.#active.get(runId)?.worker;
      if (worker === undefined || (run.state !== 'Running' && run.state !== 'Paused')) {
        throw new ProductError(
          'RunNotActive',
          `The run of ${run.flow.name} is ${run.state}: only one that runs can be paused, resumed or stopped safely.`,
          run.state === 'Queued' || run.state === 'Starting'
            ? 'Wait until it runs, or stop it.'
            : 'Nothing is left to do.',
        );
      }
      worker[wish]();
      return run;
    });
  }

  /** Gives an answer to the flow. The first one counts: throws `QuestionNotFound` afterwards, `RunNotFound` for an unknown run. */
  async answer(runId: string, questionId: string, answer: Answer, by: string): Promise<void> {
    return this.#inTurn(async () => {
      const active = this.#active.get(runId);
      if (!active && !(await this.#options.store.get(runId))) throw notFound(runId);
      if (!active?.questions.has(questionId)) {
        throw new ProductError(
          'QuestionNotFound',
          'This question is no longer open: it was answered by somebody else, it closed by itself, or its run has ended.',
          'Nothing is left to do.',
        );
      }
      await this.#append(active, [{ kind: 'answered', questionId, by }]);
      active.questions.delete(questionId);
      active.worker?.answer(questionId, answer);
    });
  }

  /**
   * Hands a message of a debugger to the worker of a run; the first one attaches it, `null` detaches it. Throws `RunNotFound`,
   * `RunNotActive`, and `DebuggerAttached` when another one is attached.
   */
  async debug(runId: string, message: unknown, from: Debugger): Promise<void> {
    const active = this.#active.get(runId);
    if (active?.worker === undefined || active.final !== undefined) {
      if (message === null) return;
      const { flow, state } = await this.get(runId);
      throw new ProductError(
        'RunNotActive',
        `The run of ${flow.name} is ${state}: a debugger needs one that has begun and not ended.`,
        isTerminal(state) ? 'Start a new run in the debugger.' : 'Wait until it has begun.',
      );
    }
    if (active.debugger !== undefined && active.debugger !== from) {
      throw new ProductError(
        'DebuggerAttached',
        `Another debugger is attached to this run of ${active.claim.run.flow.name}.`,
        'Detach that one first.',
      );
    }
    if (message !== null) active.debugger = from;
    else if (active.debugger === undefined) return;
    else active.debugger = undefined;
    active.worker.debug(message);
  }

  /** A debugger is gone: the runs it was attached to go on without it. */
  debuggerGone(from: Debugger): void {
    for (const active of this.#active.values()) {
      if (active.debugger !== from) continue;
      active.debugger = undefined;
      active.worker?.debug(null);
    }
  }

  async get(runId: string): Promise<Run> {
    const run = await this.#options.store.get(runId);
    if (!run) throw notFound(runId);
    return run;
  }

  /** Newest first. */
  list(limit: number): Promise<Run[]> {
    return this.#options.store.list(limit);
  }

  /** Kept events after `after`, in order, about `maxBytes` of them. Throws `RunNotFound`. */
  async events(after: number, maxBytes: number, runId?: string): Promise<RunEvent[]> {
    if (runId !== undefined) await this.get(runId);
    return this.#options.store.events(after, maxBytes, runId);
  }

  /** Whether every event after `after` is still kept. Not for a number that was never given: it is of another store. */
  async keepsAllAfter(after: number): Promise<boolean> {
    return after <= this.#lastSeq && after >= (await this.#options.store.marks()).prunedSeq;
  }

  counts(): Promise<{ readonly queued: number; readonly running: number }> {
    return this.#options.store.counts();
  }

  /** Accepts and starts nothing more, cancels what runs, resolves when every worker has ended. Queued runs stay queued. */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      this.#accepting = false;
      this.#sweep?.dispose();
      const { code, message, nextStep } = stopping();
      for (const active of [...this.#active.values()]) {
        this.#end(active, 'Canceled', { code, message, nextStep });
        if (active.exited && active.final) await this.#finish(active, active.final);
        this.#release(active);
      }
    });
    if (this.#active.size > 0) {
      await new Promise<void>((resolve) => {
        const subscription = this.onLoadChanged(() => {
          if (this.#active.size > 0) return;
          subscription.dispose();
          resolve();
        });
      });
    }
    await this.#tail;
  }

  // ── claims ────────────────────────────────────────────────────────────────────────────────────────────────────

  #schedule(): Promise<void> {
    const { store, clock, machineId, workers, log } = this.#options;
    return this.#inTurn(async () => {
      if (!this.#accepting) return;
      const machine = { id: machineId, slots: workers.slots, accepting: this.#accepting };
      const { claims, events } = await store.schedule(machine, clock.now());
      this.#publish(events);
      for (const claim of claims) await this.#launch(claim);
      if (events.length > 0) this.#changed.fire();
    }).catch((error: unknown) => {
      // Nothing was claimed; the next sweep tries again.
      log.error('the run queue could not be scheduled', describe(error));
    });
  }

  async #launch(claim: Claim): Promise<void> {
    const { workers, clock, settings, log } = this.#options;
    const active = new ActiveRun(claim);
    this.#active.set(active.id, active);
    try {
      active.worker = workers.launch(
        claim,
        (report) => {
          if (report.kind === 'debug') {
            // Past the store: it changes no record, and somebody waits for it.
            if (report.fence === active.claim.fence) active.debugger?.(active.id, report.message);
            return;
          }
          this.#inTurn(() => this.#received(active, report)).catch((error: unknown) => {
            log.error('a report of a worker could not be recorded', {
              runId: active.id,
              kind: report.kind,
              ...describe(error),
            });
          });
        },
        this.#debugged.delete(active.id),
      );
    } catch (error) {
      const { code, message, nextStep } = asProductError(error);
      active.exited = true;
      await this.#finish(active, { state: 'Failed', error: { code, message, nextStep } });
      this.#release(active);
      return;
    }
    active.timers.add(
      clock.after(settings.startTimeoutMs, () => {
        const seconds = settings.startTimeoutMs / 1000;
        this.#end(active, 'Failed', workerNotStarted(`it did not begin within ${seconds} seconds`));
        active.worker?.kill();
      }),
    );
  }

  async #received(active: ActiveRun, report: WorkerReport): Promise<void> {
    const { clock } = this.#options;
    if (report.kind === 'exited') return this.#exited(active, report.how);
    if (active.ended || report.kind === 'ready' || report.fence !== active.claim.fence) return;
    switch (report.kind) {
      case 'started':
        active.timers.dispose();
        active.timers = new DisposableStore();
        await this.#change(active, { state: 'Running', startedAt: clock.now() });
        this.#limit(active);
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
      case 'question':
        await this.#append(active, [{ kind: 'question', question: report.question }]);
        active.questions.add(report.question.id);
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
        await this.#finish(active, {
          state: (report.outcome === 'Canceled' && active.ending?.state) || report.outcome,
          outputs: report.outputs,
          ...(error && { error }),
        });
        // Its process has nothing left to do.
        clock.after(this.#options.settings.stopGraceMs, () => {
          if (this.#active.has(active.id)) active.worker?.kill();
        });
        break;
      }
    }
  }

  async #exited(active: ActiveRun, how: string): Promise<void> {
    active.exited = true;
    if (!active.final) {
      const { ending } = active;
      if (ending) await this.#finish(active, ending);
      else if ((await this.#options.store.get(active.id))?.state === 'Starting') {
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
        else this.#end(active, 'TimedOut', timeoutError(seconds));
      }),
    );
  }

  /** Makes a run end as `state`: its worker is asked to stop, and killed after the grace time. */
  #end(active: ActiveRun, state: RunState, error: RunError): void {
    if (active.ended || active.ending) return;
    active.ending = { state, error };
    active.timers.dispose();
    active.worker?.stop();
    this.#options.clock.after(this.#options.settings.stopGraceMs, () => {
      if (this.#active.has(active.id)) active.worker?.kill();
    });
  }

  /**
   * The final record: the first outcome counts. A store that cannot write now is tried again later until it can, while the queue
   * goes on answering: the end of a run must not get lost.
   */
  async #finish(active: ActiveRun, change: RunChange): Promise<void> {
    if (active.ended) return;
    const { clock, settings, log } = this.#options;
    active.final ??= { ...change, endedAt: clock.now() };
    const { final } = active;
    const withdrawn = [...active.questions].map(
      (questionId): EventBody => ({ kind: 'answered', questionId, by: '' }),
    );
    try {
      await this.#change(active, final, withdrawn);
    } catch (error) {
      log.error('the end of a run could not be recorded; it will be tried again', {
        runId: active.id,
        ...describe(error),
      });
      if (!this.#accepting) return; // the next start finds it without an end and calls it Lost
      clock.after(settings.stopGraceMs, () => {
        void this.#inTurn(async () => {
          await this.#finish(active, final);
          this.#release(active);
        });
      });
      return;
    }
    active.ended = true;
    active.debugger?.(active.id, null);
    active.debugger = undefined;
    active.timers.dispose();
    active.questions.clear();
    this.#changed.fire();
    void this.#schedule();
  }

  /** Forgets a run whose process is gone and whose end is on disk, or can be written no more. */
  #release(active: ActiveRun): void {
    if (!active.exited || !this.#active.has(active.id) || (!active.ended && this.#accepting)) return;
    active.timers.dispose();
    this.#active.delete(active.id);
    this.#changed.fire();
    void this.#schedule();
  }

  // ── records ───────────────────────────────────────────────────────────────────────────────────────────────────

  async #change(active: ActiveRun, change: RunChange, before: readonly EventBody[] = []): Promise<void> {
    const { store, clock } = this.#options;
    this.#publish((await store.change(active.id, active.claim.fence, change, clock.now(), before)) ?? []);
  }

  async #append(active: ActiveRun, bodies: readonly EventBody[], position?: RunPosition): Promise<void> {
    const { store, clock } = this.#options;
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
        if (!active.ended) void this.#inTurn(() => this.#append(active, [], active.position)).catch(() => {}); // the next frame tries again
      });
    }
    this.#publish(
      (await store.append(
        active.id,
        active.claim.fence,
        bodies,
        moved || announce ? position : undefined,
        announce,
        clock.now(),
      )) ?? [],
    );
  }

  async #recover(): Promise<void> {
    const { store, clock, machineId, log } = this.#options;
    for (const { run, fence } of await store.active(machineId)) {
      const now = clock.now();
      const error: RunError = {
        code: 'AgentRestarted',
        message: `The agent ended while this run was ${run.state}${at(run.position)}. What the flow had done by then is done.`,
        nextStep: 'Check what the flow left behind, then resubmit the run.',
      };
      this.#publish((await store.change(run.id, fence, { state: 'Lost', endedAt: now, error }, now)) ?? []);
      log.warn('a run was lost with the former agent', { runId: run.id });
    }
  }

  #sweepLater(ms: number): void {
    const { clock, settings, store, log } = this.#options;
    this.#sweep = clock.after(ms, () => {
      void this.#schedule();
      if (clock.monotonic() >= this.#pruneDue) {
        this.#pruneDue = clock.monotonic() + hourMs;
        this.#inTurn(() => store.prune(settings.keepRuns, clock.now() - settings.keepMs)).catch(
          (error: unknown) => log.error('old runs could not be deleted', describe(error)),
        );
      }
      this.#sweepLater(settings.sweepMs);
    });
  }

  #publish(events: readonly RunEvent[]): void {
    const last = events.at(-1);
    if (!last) return;
    this.#lastSeq = last.seq;
    this.#events.fire(events);
  }

  /** One thing at a time, so that events leave in the order of their numbers whatever store is used. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => {});
    return result;
  }
}

/** The record in the last event of a change. */
function recordOf(events: readonly RunEvent[]): Run {
  const last = events.at(-1);
  if (last?.kind !== 'run') throw new Error('a change of a run must end with its record');
  return last.run;
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

function notFound(runId: string): ProductError {
  return new ProductError(
    'RunNotFound',
    `The agent keeps no run with the identifier ${runId.slice(0, 100)}.`,
    'It may have been deleted by age: list the runs again.',
  );
}

function stopping(): ProductError {
  return new ProductError(
    'AgentStopping',
    'The agent is stopping.',
    'Start it again (`dflow agent start`) and repeat the request; queued runs then go on.',
  );
}

function stopped(): RunError {
  return {
    code: 'RunStopped',
    message: 'The run was stopped by request.',
    nextStep: 'Check what the flow left behind; resubmit the run to begin again.',
  };
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
