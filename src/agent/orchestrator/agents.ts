// The agents that are connected to this instance of an orchestrator: what they say goes to the orchestrator, what it says goes to them.
// Trusts an agent with its own claims only. Decides nothing.
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { asProductError, ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import type { AgentPort, Orchestrator } from '../../orchestration/orchestrator.ts';
import type { Claim, FleetStore, RunEnding } from '../../orchestration/store.ts';
import {
  type AgentLinkMethod,
  type AgentLinkParams,
  type AgentLinkResult,
  agentEnds,
  agentLinkMethods,
  orchestratorProtocol,
  type RelayMethod,
  type RelayParams,
  type RelayResult,
  relayedDebug,
  relayMethods,
  type WireClaim,
} from '../../protocol/orchestrator.ts';
import { invalidRequest, RpcPeer, type Transport } from '../../protocol/rpc.ts';
import type { Vault } from '../seal.ts';
import { isFinal, type Report } from './journal.ts';
import type { Registry } from './registry.ts';

export interface AgentsOptions {
  readonly orchestrator: Orchestrator;
  readonly store: FleetStore;
  readonly registry: Pick<Registry, 'queueOf' | 'credential'>;
  /** Opens what was sealed when a run was requested or a connection made. */
  readonly vault: Vault;
  /** Tells this instance from the others. */
  readonly instance: string;
  readonly heartbeatMs: number;
  readonly log: Log;
}

export interface DebugMessage {
  readonly runId: string;
  readonly message: unknown;
  readonly debugger: string;
}

type Methods = { [M in AgentLinkMethod]: (params: AgentLinkParams<M>) => Promise<AgentLinkResult<M>> };

/** An agent that does not answer a person's wish within this has one problem more than ours; a sign-in takes its time. */
export const relayMs = (method: RelayMethod): number => (method === 'connection.test' ? 95_000 : 5_000);

export class Agents {
  readonly options: AgentsOptions;
  readonly #connected = new Map<string, ConnectedAgent>();
  readonly #debug = new Emitter<DebugMessage>();
  readonly #arrived = new Emitter<string>();

  /** What a worker tells a debugger. */
  readonly onDebug = this.#debug.event;
  /** A machine is connected to this instance now. */
  readonly onArrived = this.#arrived.event;

  constructor(options: AgentsOptions) {
    this.options = options;
  }

  get size(): number {
    return this.#connected.size;
  }

  /** Identifiers of the machines whose agents are connected here. */
  get machines(): readonly string[] {
    return [...this.#connected.keys()];
  }

  /** Takes a connection of the agent of `machineId` over; one that it had before is at its end. */
  admit(machineId: string, transport: Transport): void {
    this.#connected.get(machineId)?.close('Its agent has connected anew.');
    const agent = new ConnectedAgent(machineId, transport, this.options, (message) =>
      this.#debug.fire(message),
    );
    this.#connected.set(machineId, agent);
    agent.onClose(() => {
      if (this.#connected.get(machineId) === agent) this.#connected.delete(machineId);
    });
    this.#arrived.fire(machineId);
  }

  /** Passes a person's wish on. Undefined: the machine is not connected here. Throws what its agent throws, and `MachineNotConnected`. */
  ask<M extends RelayMethod>(
    machineId: string,
    method: M,
    params: RelayParams<M>,
  ): Promise<RelayResult<M>> | undefined {
    return this.#connected.get(machineId)?.ask(method, params);
  }

  /** All agents go to another instance: this one is of no use to them now. */
  sendAway(reason: string): void {
    for (const agent of this.#connected.values()) agent.close(reason);
  }

  /** A machine may work on another queue now, or is gone. */
  async changed(machineId: string): Promise<void> {
    await this.#connected.get(machineId)?.queueChanged();
  }

  /** Tells the machine that a run of its is to end, as the store has it. */
  async end(machineId: string, runId: string): Promise<void> {
    const ending = (await this.options.store.entry(runId))?.ending;
    if (ending !== undefined) this.#connected.get(machineId)?.end(runId, ending);
  }
}

class ConnectedAgent {
  readonly machineId: string;
  readonly #options: AgentsOptions;
  readonly #peer: RpcPeer;
  readonly #debug: (message: DebugMessage) => void;
  readonly #owned = new DisposableStore();
  /** `run fence` of claims that are known to be this machine's. */
  readonly #own = new Set<string>();
  /** Debuggers of its runs: they hear when the link ends. */
  readonly #debuggers = new Map<string, DebugMessage>();
  #attached: Disposable | undefined;
  #queue: string | undefined;
  /** Which life of the agent this is. */
  #boot: string | undefined;

  readonly onClose: RpcPeer['onClose'];

  constructor(
    machineId: string,
    transport: Transport,
    options: AgentsOptions,
    debug: (message: DebugMessage) => void,
  ) {
    this.machineId = machineId;
    this.#options = options;
    this.#debug = debug;
    this.#peer = this.#owned.add(
      new RpcPeer(transport, {
        request: (method, params) => this.#request(method, params),
        notification: (method, params) => this.#notified(method, params),
      }),
    );
    this.onClose = this.#peer.onClose;
    this.onClose(({ code, reason }) => {
      options.log.info('an agent is gone', { machine: machineId, reason });
      if (code === agentEnds && this.#boot !== undefined) {
        options.orchestrator.signOff(machineId, this.#boot).catch((error: unknown) => {
          options.log.warn('a machine seems to be there until its lease is over', { error: String(error) });
        });
      }
      this.#attached?.dispose();
      this.#owned.dispose();
      for (const debugged of this.#debuggers.values()) debug({ ...debugged, message: null });
    });
  }

  close(reason: string): void {
    this.#peer.close(4001, reason);
  }

  end(runId: string, ending: RunEnding): void {
    this.#peer.notify('end', { runId, ending });
  }

  async ask<M extends RelayMethod>(method: M, params: RelayParams<M>): Promise<RelayResult<M>> {
    let late: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(notConnected(this.machineId)), relayMs(method));
    });
    try {
      if (method === 'run.debug') this.#noteDebugger(params as RelayParams<'run.debug'>, true);
      const answer = await Promise.race([this.#peer.call(method, params), silence]);
      const result = relayMethods[method].result.safeParse(answer);
      if (!result.success) throw invalidRequest(`answer to ${method}`, result.error);
      return result.data as RelayResult<M>;
    } catch (error) {
      if (method === 'run.debug') this.#noteDebugger(params as RelayParams<'run.debug'>, false);
      if (error instanceof ProductError && error.code === 'LinkClosed') throw notConnected(this.machineId);
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  async queueChanged(): Promise<void> {
    if (this.#queue === undefined) return;
    const queue = await this.#options.registry.queueOf(this.machineId);
    if (queue === undefined) this.close('This machine was removed.');
    else if (queue !== this.#queue) this.#attach(queue);
  }

  // ── what the agent says ───────────────────────────────────────────────────────────────────────────────────────

  async #request(method: string, params: unknown): Promise<unknown> {
    if (!Object.hasOwn(agentLinkMethods, method)) {
      throw new ProductError(
        'MethodNotFound',
        `An orchestrator has no method ${method.slice(0, 100)}.`,
        'Use agent and orchestrator of the same version.',
      );
    }
    const name = method as AgentLinkMethod;
    const parsed = agentLinkMethods[name].params.safeParse(params);
    if (!parsed.success) throw invalidRequest(`request ${name}`, parsed.error);
    try {
      return await (this.#methods[name] as (params: unknown) => Promise<unknown>)(parsed.data);
    } catch (error) {
      if (!(error instanceof ProductError))
        this.#options.log.error('a request of an agent failed', {
          method: name,
          machine: this.machineId,
          error: String((error as Error).stack ?? error),
        });
      throw error;
    }
  }

  readonly #methods: Methods = {
    'agent.hello': async ({ protocol, agentVersion }) => {
      checkVersion(protocol);
      const { instance, heartbeatMs, log } = this.#options;
      log.info('an agent is connected', { machine: this.machineId, agentVersion });
      return { machine: this.machineId, instance, heartbeatMs };
    },
    'agent.attach': async () => {
      const queue = await this.#options.registry.queueOf(this.machineId);
      if (queue === undefined) throw removed();
      this.#attach(queue);
      return {};
    },
    'agent.heartbeat': async ({ boot, facts, holding }) => {
      const { orchestrator } = this.#options;
      await this.queueChanged();
      this.#boot = boot;
      const { held, rebooted } = await orchestrator.heartbeat(this.machineId, boot, facts, holding);
      for (const { runId, fence } of held) this.#own.add(`${runId} ${fence}`);
      return { held: [...held], rebooted };
    },
    'agent.claim': async (holder) => {
      const claim = await this.#options.orchestrator.claim(this.machineId, holder);
      const open = claim && (await this.#open(claim));
      return open === undefined ? {} : { claim: open };
    },
    'agent.report': async (params) => {
      const report = params.report as Report;
      const { runId, fence } = report.holder;
      if (!(await this.#owns(runId, fence))) return { taken: false };
      const taken = await this.#options.orchestrator.report(report);
      if (isFinal(report)) this.#own.delete(`${runId} ${fence}`);
      return { taken };
    },
    'agent.credential': async (holder) => {
      const { orchestrator, store, registry, vault } = this.#options;
      const claim = await orchestrator.claim(this.machineId, holder);
      if (claim === undefined) throw notActive();
      const asked = claim.run.connection;
      const found = (await store.connections()).find(({ id }) => id === asked);
      if (found === undefined) return {};
      const { sealed: _sealed, ...connection } = found;
      const sealed =
        connection.credential.kind === 'sealed' ? await registry.credential(connection.id) : undefined;
      if (sealed === undefined) return { connection };
      const { password } = vault.open(connection.id, sealed);
      return { connection, password: String(password) };
    },
    'agent.leave': async () => {
      await this.#options.store.removeMachine(this.machineId);
      this.#options.log.info('a machine has left', { machine: this.machineId });
      return {};
    },
  };

  #notified(method: string, params: unknown): void {
    if (method !== 'debug') return; // a newer agent may say more
    const parsed = relayedDebug.safeParse(params);
    if (!parsed.success) return;
    const { runId, message, debugger: name } = parsed.data;
    if (message === null) this.#debuggers.delete(`${runId} ${name}`);
    this.#debug({ runId, message, debugger: name });
  }

  #noteDebugger({ runId, message, debugger: name }: RelayParams<'run.debug'>, isAttached: boolean): void {
    if (message === null || !isAttached) this.#debuggers.delete(`${runId} ${name}`);
    else this.#debuggers.set(`${runId} ${name}`, { runId, message: null, debugger: name });
  }

  // ── claims ────────────────────────────────────────────────────────────────────────────────────────────────────

  #attach(queue: string): void {
    this.#attached?.dispose();
    this.#queue = queue;
    const port: AgentPort = {
      take: (claims) => {
        for (const claim of claims) void this.#hand(claim);
      },
      end: (runId, ending) => this.end(runId, ending),
    };
    this.#attached = this.#options.orchestrator.attach(this.machineId, queue, port);
  }

  async #hand(claim: Claim): Promise<void> {
    this.#own.add(`${claim.run.id} ${claim.fence}`);
    const open = await this.#open(claim);
    if (open !== undefined) this.#peer.notify('take', { claim: open });
  }

  /** The claim as it travels. Undefined when its inputs cannot be opened: it has failed then. */
  async #open({ sealedInputs, ...claim }: Claim): Promise<WireClaim | undefined> {
    const { vault, orchestrator, log } = this.#options;
    const { id } = claim.run;
    let inputs: WireClaim['inputs'];
    try {
      inputs = { ...vault.open(id, sealedInputs) };
    } catch (error) {
      const { code, message, nextStep } = asProductError(error);
      log.error('a run cannot be handed out', { runId: id, code, message });
      await orchestrator
        .report({
          kind: 'change',
          holder: { runId: id, fence: claim.fence },
          change: { state: 'Failed', error: { code, message, nextStep } },
          before: [],
        })
        .catch((failure: unknown) => log.error('its end could not be recorded', { error: String(failure) }));
      return undefined;
    }
    return { ...claim, companions: [...claim.companions], inputs };
  }

  /** Whether a claim is or was this machine's: nobody reports about the runs of others. */
  async #owns(runId: string, fence: number): Promise<boolean> {
    if (this.#own.has(`${runId} ${fence}`)) return true;
    const run = await this.#options.store.get(runId);
    if (run?.machine !== this.machineId) return false;
    this.#own.add(`${runId} ${fence}`);
    return true;
  }
}

/** Both sides must speak the same version. Throws `ProtocolMismatch`. */
export function checkVersion(theirs: number): void {
  if (theirs === orchestratorProtocol) return;
  throw new ProductError(
    'ProtocolMismatch',
    `The agent speaks version ${theirs} of the protocol and the orchestrator version ${orchestratorProtocol}.`,
    'Update the older of the two.',
  );
}

/** Nobody can be reached there now. */
export function notConnected(machine: string): ProductError {
  return new ProductError(
    'MachineNotConnected',
    `The agent of the machine ${machine} is not connected to any orchestrator, or does not answer.`,
    'Check that the machine and its agent run and have a network. What runs there goes on.',
  );
}

const removed = (): ProductError =>
  new ProductError(
    'MachineNotFound',
    'This machine is no longer registered with the orchestrator.',
    'Pair it again: dflow agent pair',
  );

const notActive = (): ProductError =>
  new ProductError('RunNotActive', 'The run is no longer this machine’s.', 'Nothing is left to do.');
