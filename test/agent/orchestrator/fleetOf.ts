// One machine whose orchestrators are on the other side of a bad network: everything real but network, clock and workers.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agents } from '../../../src/agent/orchestrator/agents.ts';
import { Journal } from '../../../src/agent/orchestrator/journal.ts';
import { RemoteLink } from '../../../src/agent/orchestrator/link.ts';
import { Runner, type WorkerReport } from '../../../src/agent/runner.ts';
import { vault } from '../../../src/agent/seal.ts';
import { Log } from '../../../src/base/log.ts';
import { Orchestrator } from '../../../src/orchestration/orchestrator.ts';
import { defaultSettings, type QueueSettings } from '../../../src/orchestration/settings.ts';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import type { Claim, FleetStore } from '../../../src/orchestration/store.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';
import { FakeWorker, FakeWorkerHost } from '../runs.ts';
import { Network } from './network.ts';

export const machine = 'm1';
export const orchestratorVault = vault(randomBytes(32));
const agentVault = vault(randomBytes(32));

/** What a life of the agent did, over all of its lives. */
export interface Deeds {
  /** Run → how often its worker was started. */
  readonly launched: Map<string, number>;
  /** Runs whose worker reported a result that the agent took. */
  readonly finished: Set<string>;
  readonly inputs: Map<string, unknown>;
}

class RecordingHost extends FakeWorkerHost {
  readonly #deeds: Deeds;

  constructor(deeds: Deeds) {
    super();
    this.#deeds = deeds;
  }

  override readonly start = (
    claim: Claim,
    report: (report: WorkerReport) => void,
    debug: boolean,
  ): FakeWorker => {
    const { launched, inputs } = this.#deeds;
    const { id } = claim.run;
    launched.set(id, (launched.get(id) ?? 0) + 1);
    inputs.set(id, agentVault.open(id, claim.sealedInputs));
    const worker = new FakeWorker(claim, report, debug);
    this.workers.push(worker);
    return worker;
  };

  get alive(): readonly FakeWorker[] {
    return this.workers.filter(({ alive }) => alive);
  }
}

export interface AgentLife {
  readonly link: RemoteLink;
  readonly runner: Runner;
  readonly host: RecordingHost;
  readonly journal: Journal;
  /** As a power cut: nothing more is said, and the workers are gone. */
  crash(): void;
}

export class Fleet {
  readonly clock = new FakeClock();
  readonly network: Network;
  readonly settings: QueueSettings;
  readonly store: FleetStore;
  readonly log: Log;
  readonly deeds: Deeds = { launched: new Map(), finished: new Set(), inputs: new Map() };
  readonly folder = mkdtempSync(join(tmpdir(), 'fleet-'));
  readonly #chance: () => number;
  readonly #instances = new Map<string, { readonly orchestrator: Orchestrator; readonly agents: Agents }>();
  #lives = 0;
  agent: AgentLife | undefined;

  constructor(chance: () => number, settings: Partial<QueueSettings> = {}) {
    this.#chance = chance;
    this.network = new Network(chance);
    this.settings = { ...defaultSettings, queueLimit: 100_000, ...settings };
    const database = openSqliteDatabase(':memory:', sqliteMigrations, this.clock);
    this.store = openFleetStore(database, this.settings.leaseMs);
    this.log = new Log('test', () => this.clock.now());
  }

  async open(addresses: readonly string[]): Promise<void> {
    await this.store.putMachine({
      id: machine,
      name: 'PC',
      description: '',
      owner: 'ann',
      unattendedSlots: 1,
    });
    for (const address of addresses) await this.up(address);
  }

  /** An instance of the orchestrator begins to listen. */
  async up(address: string): Promise<void> {
    const { store, clock, settings, log } = this;
    const orchestrator = await Orchestrator.open({ store, clock, chance: this.#chance, settings, log });
    const agents = new Agents({
      orchestrator,
      store,
      registry: { queueOf: async () => machine, credential: async () => undefined },
      vault: orchestratorVault,
      instance: address,
      heartbeatMs: settings.heartbeatMs,
      log,
    });
    this.#instances.set(address, { orchestrator, agents });
    this.network.serve(address, (transport) => agents.admit(machine, transport));
  }

  /** It is killed: answers it has not sent are never sent. What it had committed stays. */
  async down(address: string): Promise<void> {
    this.network.down(address);
    const instance = this.#instances.get(address);
    this.#instances.delete(address);
    await instance?.orchestrator.close();
  }

  get orchestrator(): Orchestrator {
    const [first] = this.#instances.values();
    if (first === undefined) throw new Error('no instance is up');
    return first.orchestrator;
  }

  agentsOf(address: string): Agents {
    return this.#instances.get(address)?.agents as Agents;
  }

  isUp(address: string): boolean {
    return this.#instances.has(address);
  }

  /** The agent starts, with what its former life left in the journal. */
  startAgent(addresses: readonly string[]): AgentLife {
    const { clock, settings, log, deeds, network } = this;
    const journal = Journal.open(join(this.folder, 'reports.journal'));
    const host = new RecordingHost(deeds);
    let dead = false;
    const link = new RemoteLink({
      addresses,
      dial: (address) => network.dial(address),
      journal,
      vault: agentVault,
      agentVersion: '1',
      clock,
      chance: this.#chance,
      log,
    });
    const boot = `boot ${++this.#lives}`;
    const runner = new Runner({ link, workers: host, clock, boot, settings, log });
    link.serve(Object.assign(runner, { testConnection: async () => ({ ok: true }) }));
    const start = () => {
      if (dead) return;
      runner.start().catch(() => clock.after(1_000, start));
    };
    let started = false;
    link.onConnected(() => {
      if (started) return;
      started = true;
      start();
    });
    const life: AgentLife = {
      link,
      runner,
      host,
      journal,
      crash: () => {
        dead = true;
        for (const worker of host.workers) worker.alive = false;
        link.close();
        journal.close();
        if (this.agent === life) this.agent = undefined;
      },
    };
    this.agent = life;
    return life;
  }

  /** Lets what is ready happen, without time. */
  async settle(turns = 20): Promise<void> {
    for (let i = 0; i < turns; i++) await settle();
  }

  async close(): Promise<void> {
    this.agent?.crash();
    for (const address of [...this.#instances.keys()]) await this.down(address);
    await this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
