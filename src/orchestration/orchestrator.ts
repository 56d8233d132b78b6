// The owner of runs, queues, machines and groups over one store: takes requests, lets the rules place them, hands claims to the agents
// that are attached here, records what they report, announces every event in order. Several orchestrators may share a store. Knows no
// process, no socket and no database: store, clock, chance and agents are given.
import type { Clock } from '../base/clock.ts';
import { type Disposable, toDisposable } from '../base/disposable.ts';
import { asProductError, ProductError } from '../base/error.ts';
import { Emitter } from '../base/event.ts';
import type { Log } from '../base/log.ts';
import type { MachineFacts, PlacementRequest, Verdict } from '../protocol/fleet.ts';
import { isTerminal, type Run, type RunEvent } from '../protocol/run.ts';
import { canceledError, lostError, type QueuedRun, stoppedError } from './rules.ts';
import type { QueueSettings } from './settings.ts';
import type { Change, Claim, FleetStore, Held, Holder, NewRun, Outcome, RunEnding } from './store.ts';
import { verdictOn } from './verdict.ts';

/** An agent as its orchestrator sees it. It is told, never asked: what it must not miss, its next heartbeat repeats. */
export interface AgentPort {
  /** Runs that are its own from now on. One it has already (same run and fence) is the same claim, told again. */
  take(claims: readonly Claim[]): void;
  /** An active run of its is to end. */
  end(runId: string, ending: RunEnding): void;
}

export interface OrchestratorOptions {
  readonly store: FleetStore;
  readonly clock: Clock;
  /** 0 ≤ x < 1 */
  readonly chance: () => number;
  readonly settings: QueueSettings;
  readonly log: Log;
}

/** A request for a run. `id` is new and unique: the same request sent twice is one run. */
export type RunRequest = Omit<NewRun, 'run'> & { readonly run: Omit<NewRun['run'], 'waitMs'> };

/** The queue a run waits in, and the account it will execute under. */
export type RunTarget = Pick<Run, 'queue' | 'connection'> & Pick<NewRun, 'account'>;

/** Most changes that share one transaction. */
const mostTogether = 256;
const mostStopAttempts = 3;
const eventPageBytes = 512 * 1024;
const hourMs = 60 * 60_000;

export class Orchestrator {
  readonly #options: OrchestratorOptions;
  readonly #events = new Emitter<readonly RunEvent[]>();
  readonly #changed = new Emitter<void>();
  readonly #agents = new Map<string, { readonly port: AgentPort; queue: string }>();
  readonly #waiting: {
    change: Change;
    resolve: (outcome: Outcome) => void;
    reject: (error: unknown) => void;
  }[] = [];
  readonly #turns = new Set<string>();
  /** The queues of the runs that were handed out here and have not ended yet. */
  readonly #placed = new Map<string, string>();
  #committing: Promise<void> | undefined;
  #reading: Promise<void> | undefined;
  /** There may be more than the reading that is under way has seen. */
  #readAgain = false;
  #sweep: Disposable | undefined;
  readonly #notices: Disposable;
  #pruneDue = 0;
  #lastSeq: number;
  #accepting = true;

  /** New events of all orchestrators on this store, in order of `seq`. */
  readonly onEvents = this.#events.event;
  /** Something started, ended or was queued: `counts` may be different now. */
  readonly onLoadChanged = this.#changed.event;

  private constructor(options: OrchestratorOptions, lastSeq: number) {
    this.#options = options;
    this.#lastSeq = lastSeq;
    this.#notices = options.store.onNotice((topic) => {
      // Letters between the servers, not queues.
      if (topic.includes(' ')) return;
      void this.#catchUp();
      if (topic === '') for (const { queue } of this.#agents.values()) this.#turnSoon(queue);
      else this.#turnSoon(topic);
    });
  }

  static async open(options: OrchestratorOptions): Promise<Orchestrator> {
    // Before anything is heard of: what is announced from then on comes after it, without a gap.
    const { lastSeq } = await options.store.marks();
    const orchestrator = new Orchestrator(options, lastSeq);
    orchestrator.#sweepLater(0);
    return orchestrator;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  // ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Puts a run into its queue. Resolves when it is on disk. Throws `QueueFull`, `DesktopFlowsActionThrottled`, `MachineNotFound`,
   * `AgentStopping`, or an error of the store. What the request leaves open, the era of the settings says (rules ACT-5, C8, Q-3). A run
   * starts by nothing but a request (rule TRG-1), and waits as `Queued`.
   */
  async enqueue({ run, ...entry }: RunRequest): Promise<Run> {
    if (!this.#accepting) throw agentStopping();
    const { queueLimit, queueWaitMs, requestsPerMinute, order, runTimeoutSeconds } = this.#options.settings;
    const committed = this.#commit({
      kind: 'enqueue',
      entry: {
        ...entry,
        run: {
          ...(runTimeoutSeconds !== undefined && { timeoutSeconds: runTimeoutSeconds }),
          ...run,
          ...(order === 'requested' && { priority: 'normal' }),
          waitMs: queueWaitMs,
        },
      },
      queueLimit,
      requestsPerMinute,
    });
    // In the same transaction, where nothing else is under way: what can start starts with its request.
    this.#turnSoon(run.queue);
    return recordOf(await committed);
  }

  /** A new run of the same flow and inputs (rule RUN-9), on the same target unless another is named; `reseal` seals the inputs for the new one. Throws `RunNotFound`, `RunNotFinished`, and as `enqueue`. */
  async resubmit(
    runId: string,
    {
      target,
      ...changes
    }: Pick<Run, 'id' | 'requestedBy'> &
      Partial<Pick<Run, 'priority' | 'inputs'>> & { readonly target?: RunTarget },
    reseal: (sealedInputs: Uint8Array) => Uint8Array,
  ): Promise<Run> {
    const old = await this.#options.store.entry(runId);
    if (old === undefined) throw notFound(runId);
    if (!isTerminal(old.run.state)) {
      throw new ProductError(
        'RunNotFinished',
        `The run of ${old.run.flow.name} is ${old.run.state}: only a finished run can be resubmitted.`,
        'Wait for its end, or stop it first.',
      );
    }
    const { flow, elevated, mode, priority, inputs, timeoutSeconds, logging } = old.run;
    const { queue, account, connection }: RunTarget = target ?? { ...old.run, account: old.account };
    return this.enqueue({
      run: {
        flow,
        queue,
        mode,
        priority,
        inputs,
        ...(connection !== undefined && { connection }),
        ...(elevated !== undefined && { elevated }),
        ...(timeoutSeconds !== undefined && { timeoutSeconds }),
        ...(logging !== undefined && { logging }),
        ...changes,
        resubmitOf: runId,
      },
      account,
      flowText: old.flowText,
      companions: old.companions,
      sealedInputs: reseal(old.sealedInputs),
    });
  }

  /** Cancels a queued run at once; has an active one ended by its machine. A finished run is left as it is. Throws `RunNotFound`. */
  async stop(runId: string): Promise<Run> {
    const ending: RunEnding = { state: 'Canceled', error: stoppedError() };
    const run = await this.get(runId);
    if (isTerminal(run.state)) return run;
    // A run that starts, or is given back, in this moment is met by the next attempt.
    for (let attempt = 1; attempt <= mostStopAttempts; attempt++) {
      if ((await this.#commit({ kind: 'cancel', runId, error: canceledError() })).done) break;
      if ((await this.#commit({ kind: 'end', runId, ending })).done) {
        const { machine, queue } = await this.get(runId);
        const agent = machine === undefined ? undefined : this.#agents.get(machine);
        if (agent) agent.port.end(runId, ending);
        else void this.#options.store.announce(queue);
        break;
      }
      const { state } = await this.get(runId);
      if (isTerminal(state)) break;
    }
    return this.get(runId);
  }

  /** Of that run alone (rules ). Throws `RunNotFound`, `RunNotQueued`, `QueueOrderFixed`. */
  prioritize(runId: string, priority: Run['priority']): Promise<Run> {
    return this.#place({ kind: 'prioritize', runId, priority });
  }

  /** Rule Q-7: before all others; of several, the one moved last. Throws as `prioritize`. */
  moveToTop(runId: string): Promise<Run> {
    return this.#place({ kind: 'moveToTop', runId });
  }

  /** Undoes `moveToTop`: priority and request time count again. Throws as `prioritize`. */
  moveBack(runId: string): Promise<Run> {
    return this.#place({ kind: 'moveBack', runId });
  }

  async #place(change: Change & { runId: string }): Promise<Run> {
    // Rule Q-3.
    if (this.#options.settings.order === 'requested') {
      throw new ProductError(
        'QueueOrderFixed',
        'Runs start in the order of their requests here: this orchestrator follows the rules of 2020, which know no priority.',
        'Wait for its turn, or cancel runs before it that are no longer needed.',
      );
    }
    const outcome = await this.#commit(change);
    if (outcome.done) {
      this.#turnSoon(recordOf(outcome).queue);
      return recordOf(outcome);
    }
    const run = await this.get(change.runId);
    throw new ProductError(
      'RunNotQueued',
      `The run of ${run.flow.name} is ${run.state}: only a waiting run has a place in the queue.`,
      'Nothing is left to do.',
    );
  }

  // ── lists ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Newest first. */
  list(limit: number): Promise<readonly Run[]> {
    return this.#options.store.list(limit);
  }

  counts(): Promise<{ readonly queued: number; readonly running: number }> {
    return this.#options.store.counts();
  }

  /** Kept events after `after`, in order, about `maxBytes` of them. Throws `RunNotFound`. */
  async events(after: number, maxBytes: number, runId?: string): Promise<readonly RunEvent[]> {
    if (runId !== undefined) await this.get(runId);
    return this.#options.store.events(after, maxBytes, runId);
  }

  /** Whether every event after `after` is still kept. Not for a number that was never given: it is of another store. */
  async keepsAllAfter(after: number): Promise<boolean> {
    return after <= this.#lastSeq && after >= (await this.#options.store.marks()).prunedSeq;
  }

  // ── questions ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Throws `RunNotFound`. */
  async get(runId: string): Promise<Run> {
    const run = await this.#options.store.get(runId);
    if (run === undefined) throw notFound(runId);
    return run;
  }

  /** Whether, where and when a run would start that somebody is about to request. Throws `MachineNotFound`. */
  verdict(request: PlacementRequest, flow: string): Promise<Verdict> {
    const now = this.#options.clock.now();
    const { queueWaitMs } = this.#options.settings;
    const { queue, ...candidate } = request;
    // Behind everything that waits: its request comes last, and its identifier sorts last.
    return this.#verdict(
      queue,
      { ...candidate, flow, id: '\uffff', requestedAt: now, expiresAt: now + queueWaitMs },
      now,
    );
  }

  /** Why a queued run has not started yet, and when it will. Throws `RunNotFound`, `RunNotQueued`. */
  async why(runId: string): Promise<Verdict> {
    const entry = await this.#options.store.entry(runId);
    if (entry === undefined) throw notFound(runId);
    const { run, account } = entry;
    if (run.state !== 'Queued') {
      throw new ProductError(
        'RunNotQueued',
        `The run of ${run.flow.name} does not wait: it is ${run.state}.`,
        'Look at the run itself: `dflow runs show`.',
      );
    }
    const { queue, flow, ...place } = run;
    return this.#verdict(queue, { ...place, account, flow: flow.name }, this.#options.clock.now());
  }

  async #verdict(queue: string, run: QueuedRun, now: number): Promise<Verdict> {
    const { store, settings } = this.#options;
    const state = await store.queueState(queue, settings.leaseMs, run);
    if (state === undefined) {
      throw new ProductError(
        'MachineNotFound',
        'There is no such machine or group.',
        'List them: `dflow machine list`.',
      );
    }
    const flows = [...state.queued, ...state.machines.flatMap(({ runs }) => runs)].map(({ flow }) => flow);
    const durations = await store.durations(flows);
    return verdictOn(run, state, now, (flow) => durations.get(flow));
  }

  // ── agents ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** An agent asks for work from now on, until it is disposed. A machine has one agent: a second one takes the place of the first. */
  attach(machineId: string, queue: string, port: AgentPort): Disposable {
    const agent = { port, queue };
    this.#agents.set(machineId, agent);
    this.#turnSoon(queue);
    return toDisposable(() => {
      if (this.#agents.get(machineId) === agent) this.#agents.delete(machineId);
    });
  }

  /**
   * What an agent says of itself. Returns the claims it has by the store: one it does not know it gets with `claim` and begins, one it
   * knows beyond them it ends without a word. `rebooted`: its claims of before cannot be known to it. Throws `MachineNotFound`.
   */
  async heartbeat(
    machineId: string,
    boot: string,
    facts: MachineFacts,
    holding: readonly Holder[],
  ): Promise<{ readonly held: readonly Held[]; readonly rebooted: boolean }> {
    const { store, settings } = this.#options;
    const answer = await store.heartbeat(machineId, boot, facts, holding, settings.leaseMs);
    const agent = this.#agents.get(machineId);
    if (agent) this.#turnSoon(agent.queue);
    return answer;
  }

  /** An agent has ended on purpose. Its claims keep their leases. */
  signOff(machineId: string, boot: string): Promise<void> {
    return this.#options.store.signOff(machineId, boot, this.#options.settings.leaseMs);
  }

  /** A claim of a machine with all that its worker gets. Undefined: it is no longer its own. */
  async claim(
    machineId: string,
    { runId, fence }: Pick<Held, 'runId' | 'fence'>,
  ): Promise<Claim | undefined> {
    const claim = await this.#options.store.entry(runId);
    return claim?.fence === fence && claim.run.machine === machineId && !isTerminal(claim.run.state)
      ? claim
      : undefined;
  }

  /** Records what the holder of a claim reports. False: the claim is no longer its own, and it must end the run. */
  async report(change: Extract<Change, { kind: 'change' | 'append' | 'giveBack' }>): Promise<boolean> {
    const { runId } = change.holder;
    const frees = change.kind === 'giveBack' || (change.kind === 'change' && isTerminal(change.change.state));
    const committed = this.#commit(change);
    const queue = this.#placed.get(runId);
    // In the same transaction, where nothing else is under way: the next run starts with the end of this one.
    if (frees && queue !== undefined) this.#turnSoon(queue);
    const outcome = await committed;
    const last = outcome.events.at(-1);
    if (frees) {
      this.#placed.delete(runId);
      if (queue === undefined && last?.kind === 'run') this.#turnSoon(last.run.queue);
    }
    return outcome.done;
  }

  // ── commits and turns ─────────────────────────────────────────────────────────────────────────────────────────

  #commit(change: Change): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      this.#commitSoon();
    });
  }

  #turnSoon(queue: string): void {
    if (!this.#accepting) return;
    this.#turns.add(queue);
    this.#commitSoon();
  }

  #commitSoon(): void {
    // On a microtask: what the same caller asks for in one go shares the transaction.
    this.#committing ??= Promise.resolve().then(async () => {
      while (this.#waiting.length > 0 || this.#turns.size > 0) await this.#commitOnce();
      this.#committing = undefined;
    });
  }

  async #commitOnce(): Promise<void> {
    const { store, chance, log } = this.#options;
    const batch = this.#waiting.splice(0, mostTogether);
    const turns = [...this.#turns].map(
      (queue): Change => ({ kind: 'turn', queue, asking: this.#asking(queue) }),
    );
    this.#turns.clear();
    try {
      const outcomes = await store.commit([...batch.map(({ change }) => change), ...turns], chance);
      this.#publish(outcomes.flatMap(({ events }) => events).sort((a, b) => a.seq - b.seq));
      batch.forEach(({ resolve, reject }, index) => {
        const outcome = outcomes[index] as Outcome;
        if (outcome.error !== undefined) reject(outcome.error);
        else resolve(outcome);
      });
      for (const { error } of outcomes.slice(batch.length))
        if (error !== undefined) log.error('a run queue could not be looked at', describe(error));
      for (const { claims } of outcomes) this.#hand(claims);
    } catch (error) {
      if (batch.length === 0) log.error('a run queue could not be looked at', describe(error));
      for (const { reject } of batch) reject(error);
      // The next sweep looks at the queues again.
    }
  }

  #asking(queue: string): ReadonlySet<string> {
    const asking = new Set<string>();
    for (const [machineId, agent] of this.#agents) if (agent.queue === queue) asking.add(machineId);
    return asking;
  }

  #hand(claims: readonly Claim[]): void {
    for (const claim of claims) {
      // An agent that left in this moment gets it with its next heartbeat, or loses it with its lease.
      this.#placed.set(claim.run.id, claim.run.queue);
      if (claim.run.machine !== undefined) this.#agents.get(claim.run.machine)?.port.take([claim]);
    }
  }

  // ── events ────────────────────────────────────────────────────────────────────────────────────────────────────

  #publish(events: readonly RunEvent[]): void {
    if (events.length === 0) return;
    if (events.some(({ seq }, index) => seq !== this.#lastSeq + 1 + index)) {
      // Another orchestrator was first: its events stand before these, or between them.
      void this.#catchUp();
      return;
    }
    this.#lastSeq = (events.at(-1) as RunEvent).seq;
    this.#events.fire(events);
    this.#changed.fire();
    for (const queue of new Set(events.flatMap((event) => (event.kind === 'run' ? [event.run.queue] : []))))
      void this.#options.store.announce(queue);
  }

  /** Announces what the store has and nobody here has heard of. */
  #catchUp(): Promise<void> {
    this.#readAgain = true;
    this.#reading ??= (async () => {
      try {
        while (this.#readAgain) {
          this.#readAgain = false;
          const events = (await this.#options.store.events(this.#lastSeq, eventPageBytes)).filter(
            ({ seq }) => seq > this.#lastSeq,
          );
          const last = events.at(-1);
          if (last === undefined) continue;
          this.#readAgain = true;
          this.#lastSeq = last.seq;
          this.#events.fire(events);
          this.#changed.fire();
        }
      } catch (error) {
        this.#options.log.error('events could not be read; the next sweep tries again', describe(error));
      } finally {
        this.#reading = undefined;
      }
    })();
    return this.#reading;
  }

  // ── upkeep ────────────────────────────────────────────────────────────────────────────────────────────────────

  #sweepLater(ms: number): void {
    const { clock, settings } = this.#options;
    this.#sweep = clock.after(ms, () => {
      void this.#sweepOnce().finally(() => {
        if (this.#accepting) this.#sweepLater(settings.sweepMs);
      });
    });
  }

  async #sweepOnce(): Promise<void> {
    const { store, clock, settings, log } = this.#options;
    try {
      const { events, queues } = await store.sweep(lostError);
      this.#publish(events);
      for (const queue of queues) this.#turnSoon(queue);
      await this.#catchUp();
      if (clock.monotonic() >= this.#pruneDue) {
        this.#pruneDue = clock.monotonic() + hourMs;
        await store.prune(settings.keepRuns, settings.keepMs);
      }
    } catch (error) {
      log.error('the run queues could not be swept; it is tried again', describe(error));
    }
  }

  /** Accepts and places nothing more from now on; what agents report is still recorded. */
  refuse(): void {
    this.#accepting = false;
    this.#turns.clear();
  }

  /** As `refuse`, for good; resolves when what was under way is on disk. The store stays open. */
  async close(): Promise<void> {
    this.refuse();
    this.#sweep?.dispose();
    this.#notices.dispose();
    await this.#committing;
    await this.#reading;
  }
}

/** The record after a change. */
function recordOf({ run }: Outcome): Run {
  if (run === undefined) throw new Error('a change of a run must end with its record');
  return run;
}

function describe(error: unknown): { code: string; message: string } {
  const { code, message } = asProductError(error);
  return { code, message };
}

function notFound(runId: string): ProductError {
  return new ProductError(
    'RunNotFound',
    `No run with the identifier ${runId.slice(0, 100)} is kept here.`,
    'It may have been deleted by age: list the runs again.',
  );
}

/** Why nothing is accepted any more. */
export function agentStopping(): ProductError {
  return new ProductError(
    'AgentStopping',
    'The agent is stopping.',
    'Start it again (`dflow agent start`) and repeat the request; queued runs then go on.',
  );
}
