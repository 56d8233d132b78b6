// What an orchestrator does for its clients: the methods of protocol/agent.ts that make sense without a machine of its own, one
// OrchestratorClient per link. Wishes about a run go to the agent that runs it. Decides nothing about runs.
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { ProductError } from '../../base/error.ts';
import type { Log } from '../../base/log.ts';
import type { Orchestrator } from '../../orchestration/orchestrator.ts';
import {
  type AgentMethod,
  type AgentParams,
  type AgentResult,
  agentMethods,
  type Machine,
  protocolVersion,
} from '../../protocol/agent.ts';
import type { FleetMethod } from '../../protocol/fleetMethods.ts';
import { checkProtocol } from '../../protocol/link.ts';
import type { RelayMethod, RelayParams } from '../../protocol/orchestrator.ts';
import { invalidRequest, RpcPeer } from '../../protocol/rpc.ts';
import { isTerminal, type Run, type RunEvent } from '../../protocol/run.ts';
import { type Asker, maySee } from '../fleetAccess.ts';
import { FleetApi, type FleetServices } from '../fleetApi.ts';
import type { ClientTransport } from '../gate.ts';
import { editedInputs, prepareRun } from '../runRequest.ts';
import type { Vault } from '../seal.ts';
import { listedRuns } from '../shown.ts';
import type { DebugMessage } from './agents.ts';
import type { Relay } from './relay.ts';

export interface ClientServices {
  readonly orchestrator: Orchestrator;
  readonly fleet: FleetServices;
  readonly relay: Relay;
  readonly vault: Vault;
  readonly asker: Asker;
  /** Names this link among all debuggers of all instances. */
  readonly debugger: string;
  /** The orchestrator as clients see it: a machine that runs nothing itself. */
  readonly machine: Machine;
  newId(): string;
  readonly log: Log;
}

/** What only the agent of a machine can do. */
type OwnMethod =
  | 'workQueues.list'
  | 'workQueues.add'
  | 'workQueues.setState'
  | 'workQueues.items'
  | 'agent.stop'
  | 'agent.stay'
  | 'agent.status'
  | 'agent.pair'
  | 'agent.unpair';
type ClientMethod = Exclude<AgentMethod, OwnMethod | FleetMethod>;
type Served = Readonly<Record<string, (params: never) => Promise<unknown>>>;
type Methods = { [M in ClientMethod]: (params: AgentParams<M>) => Promise<AgentResult<M>> };

/** One answer or one stretch of events carries about this much. */
const pageBytes = 8 * 1024 * 1024;
const pumpBytes = 512 * 1024;
const maxListed = 1_000;
/** Runs of which a link remembers whether its user may see them. */
const mostKnown = 10_000;

export class OrchestratorClient implements Disposable {
  readonly #services: ClientServices;
  readonly #transport: ClientTransport;
  readonly #peer: RpcPeer;
  readonly #fleet: FleetApi;
  readonly #methods: Served;
  readonly #owned = new DisposableStore();
  /** Run → whether this link's user may see it. */
  readonly #visible = new Map<string, boolean>();
  /** Machines with runs that are debugged over this link. */
  readonly #debugged = new Set<string>();
  #name = 'unknown';
  #greeted = false;
  /** Number of the last event that was looked at; undefined before `subscribe`. */
  #cursor: number | undefined;
  #pumping = false;

  constructor(transport: ClientTransport, services: ClientServices) {
    this.#services = services;
    this.#transport = transport;
    this.#fleet = new FleetApi(services.fleet, services.asker);
    this.#methods = { ...this.#ownMethods(), ...this.#fleet.methods } as Served;
    this.#peer = this.#owned.add(
      new RpcPeer(transport, {
        request: (method, params) => this.#request(method, params),
        notification: () => {},
      }),
    );
    this.#peer.onClose(() => this.dispose());
    this.#owned.add(services.orchestrator.onEvents(() => void this.#pump()));
    this.#owned.add(services.relay.onDebug((message) => this.#debug(message)));
  }

  dispose(): void {
    this.#cursor = undefined;
    this.#owned.dispose();
    const { relay, debugger: name } = this.#services;
    for (const machine of this.#debugged)
      relay.ask(machine, 'run.debuggerGone', { debugger: name }).catch(() => {}); // its link has told it
    this.#debugged.clear();
  }

  async #request(method: string, params: unknown): Promise<unknown> {
    const serve = Object.hasOwn(this.#methods, method) ? this.#methods[method] : undefined;
    if (serve === undefined) {
      throw new ProductError(
        'MethodNotFound',
        `An orchestrator has no method ${method.slice(0, 100)}.`,
        'Ask the agent of the machine for what concerns one machine alone; else use shell and orchestrator of the same version.',
      );
    }
    const parsed = agentMethods[method as AgentMethod].params.safeParse(params);
    if (!parsed.success) throw invalidRequest(`request ${method}`, parsed.error);
    if (!this.#greeted && method !== 'hello')
      throw new ProductError(
        'InvalidRequest',
        `The request ${method} came before hello.`,
        'Call hello first.',
      );
    try {
      return await serve(parsed.data as never);
    } catch (error) {
      if (!(error instanceof ProductError))
        this.#services.log.error('a request failed', {
          method,
          error: String((error as Error).stack ?? error),
        });
      throw error;
    }
  }

  #ownMethods(): Methods {
    const { orchestrator, relay, log, asker } = this.#services;
    return {
      hello: async ({ protocol, client }) => {
        checkProtocol(protocol);
        this.#greeted = true;
        this.#name = client.slice(0, 100);
        log.info('client connected', { client: this.#name, principal: asker.principal });
        return {
          protocol: protocolVersion,
          pid: process.pid,
          machine: this.#services.machine,
          lastSeq: orchestrator.lastSeq,
        };
      },
      'runs.enqueue': async (params) => ({ run: await this.#enqueue(params) }),
      'runs.list': async ({ limit }) => {
        // The number first: an event between the two is then sent again rather than missed.
        const lastSeq = orchestrator.lastSeq;
        const runs = await orchestrator.list(Math.min(Math.max(0, Math.floor(limit)), maxListed));
        const seen = await Promise.all(runs.map((run) => maySee(asker, run)));
        const visible = runs.filter((_, index) => seen[index]);
        return { runs: listedRuns(visible, pageBytes), lastSeq };
      },
      'runs.get': async ({ runId }) => ({ run: await this.#fleet.run(runId) }),
      'runs.events': async ({ runId, after }) => {
        await this.#fleet.run(runId);
        return { events: [...(await orchestrator.events(after, pageBytes, runId))] };
      },
      'runs.stop': async ({ runId }) => {
        await this.#fleet.run(runId);
        log.info('a run is to be stopped', { runId, by: asker.principal });
        const run = await orchestrator.stop(runId);
        if (!isTerminal(run.state) && run.machine !== undefined) relay.end(run.machine, runId);
        return { run };
      },
      'runs.safeStop': ({ runId }) => this.#tell(runId, 'safeStop'),
      'runs.pause': ({ runId }) => this.#tell(runId, 'pause'),
      'runs.resume': ({ runId }) => this.#tell(runId, 'resume'),
      'runs.resubmit': async (params) => ({ run: await this.#resubmit(params) }),
      'runs.answer': async ({ runId, questionId, answer }) => {
        const run = await this.#fleet.run(runId);
        await this.#ask(run, 'run.answer', { runId, questionId, answer, by: asker.principal });
        return {};
      },
      'runs.debug': async ({ runId, message }) => {
        const run = await this.#fleet.run(runId);
        const { debugger: name } = this.#services;
        if (run.machine !== undefined && message !== null) this.#debugged.add(run.machine);
        const { done } = await this.#ask(run, 'run.debug', { runId, message, debugger: name });
        if (!done && message !== null)
          throw notActive(run, 'a debugger needs one that has begun and not ended');
        return {};
      },
      subscribe: async ({ after }) => {
        const result = { lastSeq: orchestrator.lastSeq, complete: await orchestrator.keepsAllAfter(after) };
        this.#cursor = Math.min(after, result.lastSeq);
        setImmediate(() => void this.#pump());
        return result;
      },
    };
  }

  async #tell(runId: string, wish: 'pause' | 'resume' | 'safeStop'): Promise<{ run: Run }> {
    const run = await this.#fleet.run(runId);
    const { done } = await this.#ask(run, 'run.tell', { runId, wish });
    if (!done) throw notActive(run, 'only one that runs can be paused, resumed or stopped safely');
    return { run };
  }

  #ask<M extends RelayMethod>({ machine, ...run }: Run, method: M, params: RelayParams<M>) {
    if (machine === undefined || isTerminal(run.state)) throw notActive(run, 'it is not on a machine now');
    return this.#services.relay.ask(machine, method, params);
  }

  async #enqueue(params: AgentParams<'runs.enqueue'>): Promise<Run> {
    const { orchestrator, vault, newId, asker, log } = this.#services;
    if (params.debug === true) {
      throw new ProductError(
        'InvalidRequest',
        'A run in a machine group does not wait for a debugger: nobody knows yet which machine it gets.',
        'Start it without one and attach the debugger to the run.',
      );
    }
    const { id = newId(), flow, mode } = params;
    const prepared = prepareRun(params, await this.#fleet.target(params, mode), vault, id);
    const run = await orchestrator.enqueue({
      ...prepared,
      // Whoever has the token, not whoever the shell says.
      run: { ...prepared.run, id, requestedBy: asker.principal },
    });
    log.info('run queued', { runId: id, flow: flow.name, by: asker.principal });
    return run;
  }

  async #resubmit(params: AgentParams<'runs.resubmit'>): Promise<Run> {
    const { orchestrator, vault, fleet, newId, asker } = this.#services;
    const { id = newId(), runId, priority, connection, queue, inputs: changed } = params;
    const before = await this.#fleet.run(runId);
    // Also for the same target: access to it may have been taken away.
    const target = await this.#fleet.target(
      connection === undefined && queue === undefined
        ? before.connection === undefined
          ? { queue: before.queue }
          : { connection: before.connection }
        : { connection, queue },
      before.mode,
    );
    const old = changed === undefined ? undefined : await fleet.store.entry(runId);
    const edited = old && editedInputs(old, changed ?? {}, vault, id);
    return orchestrator.resubmit(
      runId,
      {
        id,
        requestedBy: asker.principal,
        target,
        ...(priority !== undefined && { priority }),
        ...(edited && { inputs: edited.inputs }),
      },
      (sealed) => edited?.sealed ?? vault.seal(id, vault.open(runId, sealed)),
    );
  }

  #debug({ runId, message, debugger: name }: DebugMessage): void {
    if (name === this.#services.debugger) this.#peer.notify('debug', { runId, message });
  }

  /** Sends the events that this client has not had and may see, in order, as fast as it takes them. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    const { orchestrator, log } = this.#services;
    try {
      while (this.#cursor !== undefined && this.#cursor < orchestrator.lastSeq) {
        const events = await orchestrator.events(this.#cursor, pumpBytes);
        const last = events.at(-1);
        if (!last) break;
        for (const event of events) if (await this.#isVisible(event)) this.#peer.notify('event', { event });
        if (this.#cursor === undefined) break;
        this.#cursor = last.seq;
        await this.#transport.flushed();
      }
    } catch (error) {
      log.error('events could not be read for a client', { error: String(error) });
      this.#peer.close(1011, 'The orchestrator cannot read its events.');
    } finally {
      this.#pumping = false;
    }
  }

  async #isVisible(event: RunEvent): Promise<boolean> {
    const { orchestrator, asker } = this.#services;
    const known = this.#visible.get(event.runId);
    if (known !== undefined) return known;
    const run = event.kind === 'run' ? event.run : await orchestrator.get(event.runId).catch(() => undefined);
    const visible = run !== undefined && (await maySee(asker, run));
    if (this.#visible.size >= mostKnown) this.#visible.clear();
    this.#visible.set(event.runId, visible);
    return visible;
  }
}

function notActive({ flow, state }: Pick<Run, 'flow' | 'state'>, why: string): ProductError {
  return new ProductError(
    'RunNotActive',
    `The run of ${flow.name} is ${state}: ${why}.`,
    state === 'Queued' || state === 'Starting' ? 'Wait until it runs, or stop it.' : 'Nothing is left to do.',
  );
}
