// The way of this window to one orchestrator: connects, keeps its projection up to date, comes back by itself after a loss, and says why
// when it cannot. Starts nothing.
import type { Clock } from '../../base/clock.ts';
import type { Disposable } from '../../base/disposable.ts';
import { asProductError, ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import type { AgentMethod, AgentParams, AgentResult } from '../../protocol/agent.ts';
import type { RunEvent } from '../../protocol/run.ts';
import type { DebugMessage } from '../agents.ts';
import type { Link } from '../localAgent.ts';
import type { FleetStore } from './fleetStore.ts';
import { fleetLists, SingleFlight } from './listing.ts';
import { loadAndSubscribe } from './presentRuns.ts';
import type { Server, ServerState } from './server.ts';

const firstDelayMs = 250;
/** In the first minute it is tried often: a restart is short. */
const delayMs = 2_000;
const longestDelayMs = 15_000;
const eagerAttempts = 25;
/** What refuses this window may have been told to take it again. */
const refusedDelayMs = 60_000;
const mostListed = 1_000;

/** Codes of failures that pass only when somebody changes something. */
const refusals: ReadonlySet<string> = new Set([
  'OrchestratorRefused',
  'OrchestratorAddressInvalid',
  'OrchestratorNotSecure',
  'ProtocolMismatch',
  'TokenMissing',
  'FileUnreadable',
]);

export interface RemotePlace {
  readonly id: string;
  readonly label: string;
  readonly address: string;
}

export class RemoteServer implements Server, Disposable {
  readonly kind = 'orchestrator';
  readonly store: FleetStore;
  readonly #dial: () => Promise<Link>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #changes = new Emitter<void>();
  readonly #debug = new Emitter<DebugMessage>();
  readonly #reading = new SingleFlight(() => this.#read());
  #place: RemotePlace;
  #state: ServerState = { kind: 'connecting' };
  #link: Link | undefined;
  #waiting: Disposable | undefined;
  #disposed = false;
  /** How many attempts to connect there were. */
  #attempts = 0;
  /** Which instance told what is known. */
  #instance: string | undefined;
  readonly onDidChange = this.#changes.event;
  readonly onDebug = this.#debug.event;

  /** `dial` gives a link, or rejects with a ProductError. `random` gives 0 ≤ n < 1: many windows must not return at the same moment. */
  constructor(
    place: RemotePlace,
    dial: () => Promise<Link>,
    store: FleetStore,
    clock: Clock,
    log: Log,
    random: () => number,
  ) {
    this.#place = place;
    this.#dial = dial;
    this.store = store;
    this.#clock = clock;
    this.#log = log;
    this.#random = random;
  }

  get id(): string {
    return this.#place.id;
  }

  get label(): string {
    return this.#place.label;
  }

  get address(): string {
    return this.#place.address;
  }

  get state(): ServerState {
    return this.#state;
  }

  rename(label: string): void {
    this.#place = { ...this.#place, label };
    this.#changes.fire();
  }

  async call<M extends AgentMethod>(method: M, params: AgentParams<M>): Promise<AgentResult<M>> {
    const link = this.#link;
    if (!link || this.#state.kind !== 'connected') {
      throw new ProductError(
        'ServerNotConnected',
        `${this.label} is not connected${'message' in this.#state ? `: ${this.#state.message}` : ''}.`,
        'nextStep' in this.#state ? this.#state.nextStep : 'It is tried again all the time; wait for it.',
      );
    }
    return link.call(method, params);
  }

  refresh(): Promise<void> {
    return this.#reading.run();
  }

  async older(): Promise<number> {
    const { runs } = await this.call('runs.list', { limit: mostListed });
    this.store.runs.loadOlder(runs);
    return this.store.runs.count('finished');
  }

  /** Connects now; again at once when it waits to try again. */
  retry(): void {
    if (this.#link || this.#disposed) return;
    this.#waiting?.dispose();
    void this.#attempt(1);
  }

  dispose(): void {
    this.#disposed = true;
    this.#waiting?.dispose();
    this.#link?.dispose();
    this.#changes.dispose();
    this.#debug.dispose();
    this.store.runs.remove();
  }

  async #attempt(attempt: number): Promise<void> {
    // Whoever is asked to try while an attempt is under way makes the older one worthless.
    const mine = ++this.#attempts;
    this.#waiting = undefined;
    if (attempt === 1) this.#enter({ kind: 'connecting' });
    try {
      const link = await this.#dial();
      if (this.#disposed || mine !== this.#attempts) return link.dispose();
      await this.#adopt(link);
    } catch (error) {
      if (this.#disposed || mine !== this.#attempts) return;
      const failure = asProductError(error);
      this.#log.warn('an orchestrator cannot be reached', {
        server: this.id,
        attempt,
        code: failure.code,
        message: failure.message,
      });
      if (refusals.has(failure.code)) {
        const { code, message, nextStep } = failure;
        this.#enter({ kind: 'failed', code, message, nextStep });
        this.#later(refusedDelayMs, attempt + 1);
      } else this.#reconnect(attempt, failure.message);
    }
  }

  async #adopt(link: Link): Promise<void> {
    this.#link = link;
    let ended: ProductError | undefined;
    link.onEvent((event) => this.#received(link, event));
    link.onDebug((message) => this.#debug.fire(message));
    link.onClose(({ code, reason }) => {
      ended = new ProductError('LinkClosed', reason || `${this.label} went away (${code})`, 'Try again.');
      this.#lost(link, ended.message);
    });
    try {
      await this.#synchronise(link);
      this.store.update(await fleetLists(link), this.#clock.now());
      if (ended) throw ended;
      const { machine } = link.agent;
      this.#enter({ kind: 'connected', version: machine.agentVersion, user: machine.user });
    } catch (error) {
      if (this.#link === link) this.#link = undefined;
      link.dispose();
      throw error;
    }
  }

  /** By the missed events when they are still there, else by new lists. */
  async #synchronise(link: Link): Promise<void> {
    const known = this.store.runs.lastSeq;
    // Another instance may work on another store, which numbers anew; so does one that has not come as far.
    const isSame = link.agent.machine.id === this.#instance;
    this.#instance = undefined;
    if (isSame && known > 0 && link.agent.lastSeq >= known) {
      const { complete } = await link.call('subscribe', { after: known });
      if (!complete) await loadAndSubscribe(link, this.store.runs);
    } else await loadAndSubscribe(link, this.store.runs);
    this.#instance = link.agent.machine.id;
  }

  #received(link: Link, event: RunEvent): void {
    if (link !== this.#link) return;
    this.store.apply(event, this.#clock.now());
  }

  #lost(link: Link, reason: string): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    // Whoever adopts it hears of its end by a call that fails.
    if (this.#disposed || this.#state.kind !== 'connected') return;
    this.#reconnect(1, reason);
  }

  #reconnect(attempt: number, reason: string): void {
    this.#enter({ kind: 'reconnecting', reason, attempt });
    const delay =
      attempt > eagerAttempts ? longestDelayMs : Math.min(delayMs, firstDelayMs * 2 ** (attempt - 1));
    this.#later(delay, attempt + 1);
  }

  #later(ms: number, attempt: number): void {
    this.#waiting = this.#clock.after(ms * (0.8 + 0.4 * this.#random()), () => void this.#attempt(attempt));
  }

  async #read(): Promise<void> {
    const link = this.#link;
    if (!link || this.#state.kind !== 'connected') return;
    try {
      this.store.update(await fleetLists(link), this.#clock.now());
    } catch (error) {
      const { code } = asProductError(error);
      this.#log.warn('machines cannot be listed', { server: this.id, code });
    }
  }

  #enter(state: ServerState): void {
    if (this.#disposed) return;
    this.#state = state;
    this.#changes.fire();
  }
}
