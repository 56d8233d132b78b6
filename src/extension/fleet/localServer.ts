// The agent of this machine among the servers of the fleet: its state in their terms, and its lists. Connecting and starting it is
// agents.ts' business.
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { asProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import type { AgentMethod, AgentParams, AgentResult } from '../../protocol/agent.ts';
import type { AgentConnection } from '../agents.ts';
import { t } from '../l10n.ts';
import { localSource } from '../runs.ts';
import type { FleetStore } from './fleetStore.ts';
import { fleetLists, SingleFlight } from './listing.ts';
import type { Server, ServerState } from './server.ts';

const mostListed = 1_000;

export class LocalServer implements Server, Disposable {
  readonly id = localSource;
  readonly kind = 'agent';
  readonly store: FleetStore;
  readonly #agent: AgentConnection;
  readonly #now: () => number;
  readonly #log: Log;
  readonly #changes = new Emitter<void>();
  readonly #owned = new DisposableStore();
  readonly #reading = new SingleFlight(() => this.#read());
  readonly onDidChange = this.#changes.event;

  constructor(agent: AgentConnection, store: FleetStore, now: () => number, log: Log) {
    this.#agent = agent;
    this.store = store;
    this.#now = now;
    this.#log = log;
    let machine = '';
    this.#owned.add(
      agent.onDidChange((state) => {
        if (state.kind === 'connected') {
          if (machine !== '' && machine !== state.machine.id) store.forgetLists();
          machine = state.machine.id;
          void this.refresh();
        }
        this.#changes.fire();
      }),
    );
  }

  get label(): string {
    const { state } = this.#agent;
    return state?.kind === 'connected' ? state.machine.name : t('This machine');
  }

  get address(): string {
    return this.#agent.dataFolder;
  }

  get state(): ServerState {
    const state = this.#agent.state;
    switch (state?.kind) {
      case 'connected':
        return { kind: 'connected', version: state.machine.agentVersion, user: state.machine.user };
      case 'starting':
        return { kind: 'connecting' };
      case 'reconnecting':
      case 'failed':
        return state;
      default:
        return { kind: 'off' };
    }
  }

  call<M extends AgentMethod>(method: M, params: AgentParams<M>): Promise<AgentResult<M>> {
    // What is asked by the way must not start an agent that has just ended.
    return this.state.kind === 'connected'
      ? this.#agent.ask(method, params)
      : this.#agent.call(method, params);
  }

  refresh(): Promise<void> {
    return this.#reading.run();
  }

  async older(): Promise<number> {
    const { runs } = await this.call('runs.list', { limit: mostListed });
    this.store.runs.loadOlder(runs);
    return this.store.runs.count('finished');
  }

  retry(): void {
    void this.#agent.look();
  }

  dispose(): void {
    this.#owned.dispose();
    this.#changes.dispose();
  }

  async #read(): Promise<void> {
    if (this.#agent.state?.kind !== 'connected') return;
    try {
      this.store.update(await fleetLists({ call: (...wanted) => this.#agent.ask(...wanted) }), this.#now());
    } catch (error) {
      this.#log.warn('machines cannot be listed', { code: asProductError(error).code });
    }
  }
}
