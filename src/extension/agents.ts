// The connection of this window to the agent of this machine: finds or starts it, keeps the run store up to date, comes back
// by itself after a loss. Starts an agent only when asked to, or to rescue unfinished runs of one that died. What concerns a run of
// another server goes there.
import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { asProductError, ProductError } from '../base/error.ts';
import { Emitter } from '../base/event.ts';
import type { Log } from '../base/log.ts';
import type { AgentMethod, AgentParams, AgentResult, Machine } from '../protocol/agent.ts';
import type { CloseReason } from '../protocol/link.ts';
import type { RunEvent } from '../protocol/run.ts';
import { loadAndSubscribe } from './fleet/presentRuns.ts';
import type { AgentPort, Link } from './localAgent.ts';
import { localSource, type RunSource, type RunStore } from './runs.ts';

export type AgentState =
  | { readonly kind: 'notStarted' }
  | { readonly kind: 'starting' }
  | {
      readonly kind: 'connected';
      readonly machine: Machine;
      readonly pid: number;
      readonly dataFolder: string;
      readonly startedAt: number;
    }
  | { readonly kind: 'reconnecting'; readonly reason: string; readonly attempt: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly nextStep: string };

/** Who answers for a run that the agent of this machine does not own. */
export interface RunOwner {
  readonly call: Link['call'];
  /** The name of a machine or group of it by its id; undefined when it has none. */
  nameOf(id: string): string | undefined;
}

export interface DebugMessage {
  readonly runId: string;
  readonly message: unknown;
}

const firstDelayMs = 250;
const longestDelayMs = 15_000;
/** After this many attempts (about a minute) a lost agent counts as gone. */
const attempts = 9;
/** An ended agent without unfinished runs is looked for this often: somebody may be restarting it. */
const attemptsWhenIdle = 4;

export class AgentConnection implements Disposable {
  readonly #port: AgentPort;
  readonly #store: RunStore;
  readonly #runs: RunSource;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #changes = new Emitter<AgentState>();
  readonly #debug = new Emitter<DebugMessage>();
  readonly #loading = new Set<string>();
  /** Runs whose events could not be read to their end because the link was lost: the next link reads them. */
  readonly #unread = new Set<string>();
  #state: AgentState | undefined;
  #link: Link | undefined;
  #machine: Machine | undefined;
  #opening: Promise<Link | undefined> | undefined;
  #starts = false;
  #adopting = false;
  #synchronising = false;
  #stopping = false;
  #retry: Disposable | undefined;
  #disposed = false;
  #owners: { ofRun(runId: string): RunOwner | undefined; nameOf(id: string): string | undefined } | undefined;

  /** Fires with the new state. */
  readonly onDidChange = this.#changes.event;
  /** What the worker of a run tells the debugger of this window; `null` at the end of the run. */
  readonly onDebug = this.#debug.event;

  /** `random` gives 0 ≤ n < 1: many windows must not return at the same moment. */
  constructor(port: AgentPort, store: RunStore, clock: Clock, log: Log, random: () => number) {
    this.#port = port;
    this.#store = store;
    this.#runs = store.source(localSource);
    this.#clock = clock;
    this.#log = log;
    this.#random = random;
  }

  /** Undefined until somebody looked. */
  get state(): AgentState | undefined {
    return this.#state;
  }

  get dataFolder(): string {
    return this.#port.dataFolder;
  }

  /** The name of a machine by the id that runs carry: known of the machine whose agent answered last, else the id itself. */
  machineName(machineId: string): string {
    if (this.#machine?.id === machineId) return this.#machine.name;
    return this.#owners?.nameOf(machineId) ?? machineId;
  }

  /** From now on calls about a run of another server go there. `nameOf`: of machines and groups of all of them. */
  route(owners: {
    ofRun(runId: string): RunOwner | undefined;
    nameOf(id: string): string | undefined;
  }): void {
    this.#owners = owners;
  }

  /** What reaches this window of a run of another server. */
  relayDebug(message: DebugMessage): void {
    this.#debug.fire(message);
  }

  /** Connects to an agent that already runs; never starts one. Never rejects: the state says what came of it. */
  async look(): Promise<void> {
    if (this.#link || this.#retry) return;
    await this.#open(false).catch(() => undefined);
  }

  /** Connects, and starts the agent when none runs. Rejects with a ProductError. */
  async start(): Promise<void> {
    await this.#ready();
  }

  /** Calls the agent, which is started when none runs. Rejects with a ProductError. */
  async call<M extends AgentMethod>(method: M, params: AgentParams<M>): Promise<AgentResult<M>> {
    const owner = 'runId' in params ? this.#owners?.ofRun(String(params.runId)) : undefined;
    if (owner) return owner.call(method, params);
    const link = await this.#ready();
    return link.call(method, params);
  }

  /** Calls the agent that is connected; never starts one. Rejects with a ProductError, `LinkClosed` when none is. */
  async ask<M extends AgentMethod>(method: M, params: AgentParams<M>): Promise<AgentResult<M>> {
    if (this.#link) return this.#link.call(method, params);
    throw new ProductError(
      'LinkClosed',
      'The agent of this machine is not connected.',
      'Run "Desktop Flows: Start Agent".',
    );
  }

  /** Ends the agent and starts it again: what runs is canceled, what waits stays. Rejects with a ProductError. */
  async restart(): Promise<void> {
    await this.stop();
    await this.#gone();
    await this.start();
  }

  /** Resolves when no link is open any more. */
  #gone(): Promise<void> {
    if (!this.#link) return Promise.resolve();
    return new Promise((resolve) => {
      const heard = this.#changes.event(() => {
        if (this.#link) return;
        heard.dispose();
        resolve();
      });
    });
  }

  /** Stops the agent: running runs are canceled, queued ones stay for its next start. */
  async stop(): Promise<void> {
    if (!this.#link) return;
    this.#stopping = true;
    try {
      await this.#link.call('agent.stop', { whenIdle: false });
    } catch (error) {
      // It may end before its answer is through: that is what was asked for.
      if (asProductError(error).code !== 'LinkClosed') {
        this.#stopping = false;
        throw error;
      }
    }
  }

  /** Reads what happened in a run before this window listened. Never rejects: what is missing stays marked as incomplete. */
  async loadDetail(runId: string): Promise<void> {
    const elsewhere = this.#owners?.ofRun(runId);
    const link = elsewhere ?? this.#link;
    if (!link) this.#unread.add(runId);
    if (!link || this.#loading.has(runId)) return;
    this.#loading.add(runId);
    const replay = this.#store.replay(runId);
    try {
      // A page holds a few megabytes; the first empty one is the end.
      for (let after = 0; ; ) {
        const { events } = await link.call('runs.events', { runId, after });
        const last = events.at(-1);
        if (!last) return replay.finish();
        replay.take(events);
        after = last.seq;
      }
    } catch (error) {
      this.#log.warn('events of a run cannot be read', { runId, code: asProductError(error).code });
      if (!elsewhere && this.#link !== link) this.#unread.add(runId);
    } finally {
      replay.dispose();
      this.#loading.delete(runId);
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#retry?.dispose();
    this.#link?.dispose();
    this.#changes.dispose();
    this.#debug.dispose();
  }

  async #ready(): Promise<Link> {
    if (this.#link && !this.#opening) return this.#link;
    this.#retry?.dispose();
    this.#retry = undefined;
    return (await this.#open(true)) as Link;
  }

  /** One attempt at a time. Resolves to undefined when no agent runs and none was to be started: never with `start`. */
  #open(start: boolean): Promise<Link | undefined> {
    if (this.#opening) {
      // Whoever looks is content with a start; whoever starts must not be content with a look.
      if (!start || this.#starts) return this.#opening;
      return this.#opening.then(
        (link) => link ?? this.#open(true),
        () => this.#open(true),
      );
    }
    this.#starts = start;
    this.#opening = this.#attempt(start).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #attempt(start: boolean): Promise<Link | undefined> {
    if (start) this.#enter({ kind: 'starting' });
    try {
      const link = start ? await this.#port.open() : await this.#port.attach();
      if (link) await this.#adopt(link);
      else this.#enter({ kind: 'notStarted' });
      return link;
    } catch (error) {
      const failure = asProductError(error);
      // An agent that goes away while it is asked for its runs may be back in a moment.
      if (failure.code === 'LinkClosed') this.#reconnect(1, failure.message, true);
      else this.#fail(failure);
      throw failure;
    }
  }

  async #adopt(link: Link): Promise<void> {
    if (this.#disposed) return link.dispose();
    const { machine, pid } = link.agent;
    if (this.#machine && this.#machine.id !== machine.id) this.#runs.clear();
    this.#machine = machine;
    this.#link = link;
    this.#stopping = false;
    this.#adopting = true;
    link.onEvent((event) => this.#received(link, event));
    link.onDebug((message) => this.#debug.fire(message));
    link.onClose((reason) => this.#lost(link, reason));
    try {
      await this.#synchronise(link);
      const { dataFolder, startedAt } = await link.call('agent.status', {});
      // It may end between an answer and our hearing of it.
      if (this.#link !== link)
        throw new ProductError(
          'LinkClosed',
          'The agent ended just when it was reached.',
          'Run "Desktop Flows: Start Agent".',
        );
      this.#log.info('connected to the agent', {
        pid,
        version: machine.agentVersion,
        lastSeq: this.#runs.lastSeq,
      });
      this.#enter({ kind: 'connected', machine, pid, dataFolder, startedAt });
      const unread = [...this.#unread];
      this.#unread.clear();
      for (const runId of unread) void this.loadDetail(runId);
    } catch (error) {
      this.#link = undefined;
      link.dispose();
      throw error;
    } finally {
      this.#adopting = false;
    }
  }

  /** Brings the store to the agent's present: by the missed events when they are still there, else by a new list. */
  async #synchronise(link: Link): Promise<void> {
    this.#synchronising = true;
    try {
      const known = this.#runs.lastSeq;
      if (known > 0 && link.agent.lastSeq >= known) {
        const { complete } = await link.call('subscribe', { after: known });
        if (complete) return;
      }
      await loadAndSubscribe(link, this.#runs);
    } finally {
      this.#synchronising = false;
    }
  }

  #received(link: Link, event: RunEvent): void {
    if (link !== this.#link) return;
    if (this.#runs.apply(event) !== 'gap' || this.#synchronising) return;
    this.#log.warn('events are missing; reading the list of runs again', {
      have: this.#runs.lastSeq,
      got: event.seq,
    });
    this.#resynchronise(link);
  }

  #resynchronise(link: Link): void {
    this.#synchronising = true;
    loadAndSubscribe(link, this.#runs)
      // The link is of no use when its list cannot be read; its end brings a new one.
      .catch(() => link.dispose())
      .finally(() => {
        this.#synchronising = false;
      });
  }

  #lost(link: Link, { code, reason }: CloseReason): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    if (this.#disposed || this.#adopting) return; // whoever adopts it hears of its end by a call that fails
    this.#log.warn('the link to the agent ended', { code, reason });
    if (this.#stopping) {
      this.#stopping = false;
      this.#enter({ kind: 'notStarted' });
    } else {
      // 1006: nobody said goodbye. Only then is an agent with unfinished runs started again; whoever stopped it wanted that.
      this.#reconnect(1, reason || 'the agent went away', code === 1006);
    }
  }

  #reconnect(attempt: number, reason: string, died: boolean): void {
    if (this.#disposed) return;
    this.#enter({ kind: 'reconnecting', reason, attempt });
    const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1)) * (0.8 + 0.4 * this.#random());
    this.#retry = this.#clock.after(delay, () => {
      const unfinished = this.#runs.count('running') + this.#runs.count('queued') > 0;
      // The first attempt only looks: another window, or the person who restarts it, may be faster.
      void this.#again(attempt, reason, died, died && unfinished && attempt > 1);
    });
  }

  async #again(attempt: number, reason: string, died: boolean, start: boolean): Promise<void> {
    try {
      const link = start ? await this.#port.open() : await this.#port.attach();
      if (!this.#retry) return link?.dispose(); // somebody pressed Start meanwhile
      if (link) {
        await this.#adopt(link);
        this.#retry = undefined;
        return;
      }
    } catch (error) {
      const failure = asProductError(error);
      this.#log.warn('the agent cannot be reached', {
        attempt,
        code: failure.code,
        message: failure.message,
      });
      if (!this.#retry) return;
      if (attempt >= attempts) {
        this.#retry = undefined;
        return this.#fail(failure);
      }
      return this.#reconnect(attempt + 1, failure.message, died);
    }
    const idle = this.#runs.count('running') === 0;
    if (attempt >= (idle ? attemptsWhenIdle : attempts)) {
      this.#retry = undefined;
      this.#enter({ kind: 'notStarted' });
    } else this.#reconnect(attempt + 1, reason, died);
  }

  #fail(error: ProductError): void {
    this.#log.error(error.message, { code: error.code, nextStep: error.nextStep });
    this.#enter({ kind: 'failed', code: error.code, message: error.message, nextStep: error.nextStep });
  }

  #enter(state: AgentState): void {
    if (this.#disposed || (state.kind === 'notStarted' && this.#state?.kind === 'notStarted')) return;
    this.#state = state;
    this.#changes.fire(state);
  }
}
