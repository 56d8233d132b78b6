// All agents and orchestrators of this window: which they are, the tokens for them (in VS Code's secret storage, nowhere else), and
// which of them answers for a run. Runs themselves are in the run store, everything else of a server in its FleetStore.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import type { Run } from '../../protocol/run.ts';
import type { AgentConnection } from '../agents.ts';
import { Coalesced } from '../coalesced.ts';
import type { Link } from '../localAgent.ts';
import { memoryKeys } from '../names.ts';
import { localSource, type RunStore } from '../runs.ts';
import type { Memento, SecretStorage } from '../vscode.ts';
import { type FleetChange, FleetStore } from './fleetStore.ts';
import { LocalServer } from './localServer.ts';
import { RemoteServer } from './remoteServer.ts';
import type { Server } from './server.ts';

/** An orchestrator that somebody added. `certificate`: path of a PEM file that is trusted beside those of the system. */
export interface SavedServer {
  readonly id: string;
  readonly label: string;
  readonly address: string;
  readonly certificate?: string;
}

export interface RemoteDial extends Omit<SavedServer, 'id' | 'label'> {
  readonly token: string;
}

/** Connects to an orchestrator. Rejects with a ProductError. */
export type DialRemote = (dial: RemoteDial) => Promise<Link>;

export interface FleetOptions {
  readonly agent: AgentConnection;
  readonly runs: RunStore;
  readonly memory: Memento;
  readonly secrets: Pick<SecretStorage, 'get' | 'store' | 'delete' | 'onDidChange'>;
  readonly dial: DialRemote;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Makes the id of a new server. */
  readonly newId: () => string;
}

/** `servers`: some came, went or have another state; `fleet`: what one of them says of its machines. */
export type FleetNews =
  | { readonly kind: 'servers' }
  | { readonly kind: 'fleet'; readonly server: Server; readonly change: FleetChange };

/** While somebody looks, machines are asked this often for what no event tells: heartbeats, sessions. */
const lookMs = 5_000;
/** After runs changed, machines are read again this much later at the latest. */
const settleMs = 1_000;

export class Fleet implements Disposable {
  readonly #options: FleetOptions;
  readonly #local: LocalServer;
  readonly #remote = new Map<string, { readonly server: RemoteServer; readonly owned: DisposableStore }>();
  readonly #owned = new DisposableStore();
  readonly #changes = new Emitter<FleetNews>();
  readonly #stale = new Set<string>();
  readonly #soon: Coalesced;
  #visible = false;
  #looking: Disposable | undefined;

  readonly onDidChange = this.#changes.event;

  constructor(options: FleetOptions) {
    this.#options = options;
    const { agent, runs, clock, log, secrets } = options;
    this.#soon = this.#owned.add(new Coalesced(clock, settleMs, () => this.#refreshStale()));
    this.#local = this.#owned.add(
      new LocalServer(agent, new FleetStore(runs.source(localSource)), () => clock.now(), log),
    );
    this.#watch(this.#local, this.#owned);
    agent.route({
      ofRun: (runId) => {
        const server = this.ofRun(runId);
        return server === undefined || server.id === localSource
          ? undefined
          : {
              call: (method, params) => server.call(method, params),
              nameOf: (id) => server.store.nameOf(id),
            };
      },
      nameOf: (id) => this.nameOf(id),
    });
    this.#owned.add(
      runs.onDidChange((change) => {
        if (change.kind !== 'run' || change.before?.state === change.run.state) return;
        const source = runs.sourceOf(change.run.id);
        if (source === undefined) return;
        this.#stale.add(source);
        this.#soon.soon();
      }),
    );
    // Another window may have given a new token.
    this.#owned.add(
      secrets.onDidChange(({ key }) => {
        for (const { server } of this.#remote.values())
          if (key === memoryKeys.token(server.id)) server.retry();
      }),
    );
    for (const saved of this.#saved()) this.#open(saved);
  }

  /** This machine first, then by name. */
  get servers(): readonly Server[] {
    const remote = [...this.#remote.values()].map(({ server }) => server);
    return [this.#local, ...remote.sort((a, b) => a.label.localeCompare(b.label))];
  }

  get local(): Server {
    return this.#local;
  }

  server(id: string): Server | undefined {
    return id === localSource ? this.#local : this.#remote.get(id)?.server;
  }

  /** Who answers for a run; undefined when nobody here knows it. */
  ofRun(runId: string): Server | undefined {
    const source = this.#options.runs.sourceOf(runId);
    return source === undefined ? undefined : this.server(source);
  }

  /** Name of a machine or group of any server. */
  nameOf(id: string): string | undefined {
    for (const { store } of this.servers) {
      const name = store.nameOf(id);
      if (name !== undefined) return name;
    }
    return undefined;
  }

  /** The time of the server that owns the run, when ours is `now`. */
  serverTime(run: Run, now: number): number {
    return this.ofRun(run.id)?.store.serverTime(now) ?? now;
  }

  /** Connects to the orchestrators. Their failures are told by their states. */
  start(): void {
    for (const { server } of this.#remote.values()) server.retry();
  }

  /** While something of it is on the screen, machines are read again every few seconds. */
  setVisible(visible: boolean): void {
    if (visible === this.#visible) return;
    this.#visible = visible;
    this.#looking?.dispose();
    if (visible) this.#look();
  }

  /**
   * Adds an orchestrator once it has answered; `token` goes into the secret storage. Rejects with a ProductError of the connection, or
   * `ServerKnown`.
   */
  async add(place: Omit<SavedServer, 'id'>, token: string): Promise<Server> {
    const known = this.servers.find(
      ({ address, kind }) => kind === 'orchestrator' && address === place.address,
    );
    if (known) {
      throw new ProductError(
        'ServerKnown',
        `The orchestrator at ${place.address} is in the Machines view already, as ${known.label}.`,
        'Give that one a new token if it refuses this window.',
      );
    }
    const link = await this.#options.dial({ ...place, token });
    link.dispose();
    const saved: SavedServer = { ...place, id: this.#options.newId() };
    await this.#options.secrets.store(memoryKeys.token(saved.id), token);
    await this.#save([...this.#saved(), saved]);
    const server = this.#open(saved);
    server.retry();
    this.#changes.fire({ kind: 'servers' });
    return server;
  }

  /** Another token for an orchestrator, once it was taken. Rejects with a ProductError. */
  async setToken(id: string, token: string): Promise<void> {
    const saved = this.#saved().find((one) => one.id === id);
    if (!saved) return;
    const link = await this.#options.dial({ ...saved, token });
    link.dispose();
    await this.#options.secrets.store(memoryKeys.token(id), token);
    this.#remote.get(id)?.server.retry();
  }

  async rename(id: string, label: string): Promise<void> {
    await this.#save(this.#saved().map((saved) => (saved.id === id ? { ...saved, label } : saved)));
    this.#remote.get(id)?.server.rename(label);
  }

  /** Forgets an orchestrator and its token. It is not told: machines and runs stay as they are. */
  async remove(id: string): Promise<void> {
    await this.#save(this.#saved().filter((saved) => saved.id !== id));
    await this.#options.secrets.delete(memoryKeys.token(id));
    this.#remote.get(id)?.owned.dispose();
    this.#remote.delete(id);
    this.#changes.fire({ kind: 'servers' });
  }

  dispose(): void {
    this.#looking?.dispose();
    for (const { owned } of this.#remote.values()) owned.dispose();
    this.#owned.dispose();
    this.#changes.dispose();
  }

  #open(saved: SavedServer): RemoteServer {
    const { runs, clock, log, random, dial, secrets, agent } = this.#options;
    const owned = new DisposableStore();
    const server = owned.add(
      new RemoteServer(
        saved,
        async () => {
          const token = await secrets.get(memoryKeys.token(saved.id));
          if (token === undefined) {
            throw new ProductError(
              'TokenMissing',
              `This window has no token for ${saved.label}.`,
              'Run "Desktop Flows: Replace Token" with one that its owner made (dflow orchestrator token new).',
            );
          }
          return dial({ ...saved, token });
        },
        new FleetStore(runs.source(saved.id)),
        clock,
        log,
        random,
      ),
    );
    owned.add(server.onDebug((message) => agent.relayDebug(message)));
    this.#watch(server, owned);
    this.#remote.set(saved.id, { server, owned });
    return server;
  }

  #watch(server: Server, owned: DisposableStore): void {
    owned.add(server.onDidChange(() => this.#changes.fire({ kind: 'servers' })));
    owned.add(server.store.onDidChange((change) => this.#changes.fire({ kind: 'fleet', server, change })));
  }

  #refreshStale(): void {
    for (const id of this.#stale) void this.server(id)?.refresh();
    this.#stale.clear();
  }

  #look(): void {
    for (const server of this.servers) if (server.state.kind === 'connected') void server.refresh();
    this.#looking = this.#options.clock.after(lookMs, () => this.#look());
  }

  #saved(): readonly SavedServer[] {
    return this.#options.memory.get<readonly SavedServer[]>(memoryKeys.servers, []);
  }

  async #save(servers: readonly SavedServer[]): Promise<void> {
    await this.#options.memory.update(memoryKeys.servers, servers);
  }
}
