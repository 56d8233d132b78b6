// What an agent does for its clients: the methods of protocol/agent.ts, one Client per link. Decides nothing about runs.
import { type Disposable, DisposableStore, toDisposable } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import type { Event } from '../base/event.ts';
import type { Log } from '../base/log.ts';
import type { Orchestrator } from '../orchestration/orchestrator.ts';
import type { SqliteWorkQueues } from '../orchestration/sqliteWorkQueues.ts';
import type { RunEnding } from '../orchestration/store.ts';
import {
  type AgentMethod,
  type AgentParams,
  type AgentResult,
  agentMethods,
  type Machine,
  protocolVersion,
} from '../protocol/agent.ts';
import type { FleetMethod } from '../protocol/fleetMethods.ts';
import { checkProtocol } from '../protocol/link.ts';
import { invalidRequest, RpcPeer } from '../protocol/rpc.ts';
import { isTerminal, type Run } from '../protocol/run.ts';
import type { WorkQueueRecord } from '../protocol/workQueues.ts';
import { type Asker, maySee } from './fleetAccess.ts';
import { FleetApi, type FleetServices } from './fleetApi.ts';
import type { ClientTransport } from './gate.ts';
import type { Membership } from './orchestrator/membership.ts';
import type { Debugger, Runner } from './runner.ts';
import { editedInputs, prepareRun } from './runRequest.ts';
import type { Vault } from './seal.ts';
import { listedRuns } from './shown.ts';

/** What the methods work on. */
export interface AgentServices {
  readonly orchestrator: Orchestrator;
  readonly runner: Runner;
  /** Machines, groups, connections, queues and schedules. */
  readonly fleet: FleetServices;
  /** In the fleet of an orchestrator elsewhere. */
  readonly membership: Membership;
  /** Whoever is behind a link. */
  readonly asker: Asker;
  readonly vault: Vault;
  readonly log: Log;
  newId(): string;
  /** Opened at the first call. */
  workQueues(): SqliteWorkQueues;
  machine(): Machine;
  status(): Promise<AgentResult<'agent.status'>>;
  stop(): void;
  /** Until `stop`, whoever asks for an end when idle. */
  stay(): void;
  /** Once nothing runs or waits and nobody but `client` is connected. */
  stopWhenIdle(client: Client): void;
}

/** One answer or one stretch of events carries about this much. */
const pageBytes = 8 * 1024 * 1024;
const pumpBytes = 512 * 1024;
const maxListed = 1_000;

type Methods = { [M in AgentMethod]: (params: AgentParams<M>) => Promise<AgentResult<M>> | AgentResult<M> };

export class Client implements Disposable {
  readonly #services: AgentServices;
  readonly #fleet: FleetApi;
  readonly #methods: Methods;
  readonly #transport: ClientTransport;
  readonly #peer: RpcPeer;
  readonly #owned = new DisposableStore();
  #name = 'unknown';
  #greeted = false;
  /** Number of the last event that was sent; undefined before `subscribe`. */
  #cursor: number | undefined;
  #pumping = false;

  readonly onClose: Event<unknown>;

  constructor(transport: ClientTransport, services: AgentServices) {
    this.#services = services;
    this.#fleet = new FleetApi(services.fleet, services.asker);
    this.#methods = { ...this.#ownMethods(), ...this.#fleet.methods };
    this.#transport = transport;
    this.#peer = this.#owned.add(
      new RpcPeer(transport, {
        request: (method, params) => this.#request(method, params),
        notification: () => {},
      }),
    );
    this.onClose = this.#peer.onClose;
    this.onClose(() => this.dispose());
    this.#owned.add(services.orchestrator.onEvents(() => void this.#pump()));
    this.#owned.add(toDisposable(() => services.runner.debuggerGone(this.#debugger)));
  }

  dispose(): void {
    this.#cursor = undefined;
    this.#owned.dispose();
  }

  async #request(method: string, params: unknown): Promise<unknown> {
    if (!Object.hasOwn(agentMethods, method)) {
      throw new ProductError(
        'MethodNotFound',
        `This agent has no method ${method.slice(0, 100)}.`,
        'Use shell and agent of the same version.',
      );
    }
    const name = method as AgentMethod;
    const parsed = agentMethods[name].params.safeParse(params);
    if (!parsed.success) throw invalidRequest(`request ${name}`, parsed.error);
    if (!this.#greeted && name !== 'hello') {
      throw new ProductError('InvalidRequest', `The request ${name} came before hello.`, 'Call hello first.');
    }
    try {
      return await (this.#methods[name] as (params: unknown) => unknown)(parsed.data);
    } catch (error) {
      if (!(error instanceof ProductError))
        this.#services.log.error('a request failed', {
          method: name,
          error: String((error as Error).stack ?? error),
        });
      throw error;
    }
  }

  readonly #debugger: Debugger = (runId, message) => this.#peer.notify('debug', { runId, message });

  #ownMethods(): Omit<Methods, FleetMethod> {
    return {
      hello: ({ protocol, client }) => {
        checkProtocol(protocol);
        this.#greeted = true;
        this.#name = client.slice(0, 100);
        this.#services.log.info('client connected', { client: this.#name });
        return {
          protocol: protocolVersion,
          pid: process.pid,
          machine: this.#services.machine(),
          lastSeq: this.#services.orchestrator.lastSeq,
        };
      },
      'runs.enqueue': async (params) => ({ run: await this.#enqueue(params) }),
      'runs.list': async ({ limit }) => {
        // The number first: an event between the two is then sent again rather than missed.
        const { orchestrator } = this.#services;
        const lastSeq = orchestrator.lastSeq;
        const runs = await orchestrator.list(Math.min(Math.max(0, Math.floor(limit)), maxListed));
        const seen = await Promise.all(runs.map((run) => maySee(this.#services.asker, run)));
        return {
          runs: listedRuns(
            runs.filter((_, index) => seen[index]),
            pageBytes,
          ),
          lastSeq,
        };
      },
      'runs.get': async ({ runId }) => ({ run: await this.#fleet.run(runId) }),
      'runs.events': async ({ runId, after }) => {
        await this.#fleet.run(runId);
        return { events: [...(await this.#services.orchestrator.events(after, pageBytes, runId))] };
      },
      'runs.stop': async ({ runId }) => {
        await this.#fleet.run(runId);
        this.#services.log.info('a run is to be stopped', { runId, client: this.#name });
        return { run: await this.#services.orchestrator.stop(runId) };
      },
      'runs.safeStop': async ({ runId }) => {
        this.#services.log.info('a run is to stop where it is prepared for it', {
          runId,
          client: this.#name,
        });
        return { run: await this.#tell(runId, 'safeStop') };
      },
      'runs.pause': async ({ runId }) => ({ run: await this.#tell(runId, 'pause') }),
      'runs.resume': async ({ runId }) => ({ run: await this.#tell(runId, 'resume') }),
      'runs.resubmit': async (params) => ({ run: await this.#resubmit(params) }),
      'runs.answer': async ({ runId, questionId, answer, by }) => {
        await this.#fleet.run(runId);
        await this.#services.runner.answer(runId, questionId, answer, by);
        return {};
      },
      'runs.debug': async ({ runId, message }) => {
        if (!this.#services.runner.debug(runId, message, this.#debugger) && message !== null) {
          const { flow, state } = await this.#services.orchestrator.get(runId);
          throw new ProductError(
            'RunNotActive',
            `The run of ${flow.name} is ${state}: a debugger needs one that has begun and not ended.`,
            isTerminal(state) ? 'Start a new run in the debugger.' : 'Wait until it has begun.',
          );
        }
        return {};
      },
      'workQueues.list': async () => ({ queues: await this.#services.workQueues().queues() }),
      'workQueues.add': async ({ name, maxRetries }) => ({
        queue: await this.#services.workQueues().addQueue(name, maxRetries),
      }),
      'workQueues.setState': async ({ queue, state }) => {
        const { id } = await this.#workQueue(queue);
        await this.#services.workQueues().setState(id, state);
        return { queue: await this.#workQueue(id) };
      },
      'workQueues.items': async ({ queue }) => {
        const { id } = await this.#workQueue(queue);
        const all = await this.#services.workQueues().items(id);
        let used = 0;
        const items = all.filter((item) => {
          used += item.value.length + item.notes.length + item.name.length;
          return used <= pageBytes;
        });
        return { items, more: all.length - items.length };
      },
      subscribe: async ({ after }) => {
        const { orchestrator } = this.#services;
        const result = { lastSeq: orchestrator.lastSeq, complete: await orchestrator.keepsAllAfter(after) };
        this.#cursor = Math.min(after, result.lastSeq);
        setImmediate(() => void this.#pump());
        return result;
      },
      'agent.stop': ({ whenIdle }) => {
        this.#services.log.info('the agent is to stop', { whenIdle, client: this.#name });
        // After the answer has left.
        setImmediate(() => (whenIdle ? this.#services.stopWhenIdle(this) : this.#services.stop()));
        return {};
      },
      'agent.stay': () => {
        this.#services.stay();
        return {};
      },
      'agent.pair': (params) => this.#services.membership.pair(params),
      'agent.unpair': () => this.#services.membership.unpair(agentLeft()),
      'agent.status': () => this.#services.status(),
    };
  }

  async #tell(runId: string, wish: 'pause' | 'resume' | 'safeStop'): Promise<Run> {
    const run = await this.#fleet.run(runId);
    if (this.#services.runner.tell(runId, wish)) return run;
    throw new ProductError(
      'RunNotActive',
      `The run of ${run.flow.name} is ${run.state}: only one that runs can be paused, resumed or stopped safely.`,
      run.state === 'Queued' || run.state === 'Starting'
        ? 'Wait until it runs, or stop it.'
        : 'Nothing is left to do.',
    );
  }

  async #workQueue(idOrName: string): Promise<WorkQueueRecord> {
    const queue = await this.#services.workQueues().queue(idOrName);
    if (queue !== undefined) return queue;
    throw new ProductError(
      'WorkQueueNotFound',
      `There is no work queue "${idOrName.slice(0, 100)}" on this machine.`,
      'See which there are: dflow workqueue list',
    );
  }

  async #enqueue(params: AgentParams<'runs.enqueue'>): Promise<Run> {
    const { orchestrator, runner, vault, log, newId } = this.#services;
    const { id = newId(), debug, flow, mode } = params;
    const prepared = prepareRun(params, await this.#fleet.target(params, mode), vault, id);
    if (debug === true) runner.willBeDebugged(id);
    const run = await orchestrator.enqueue({ ...prepared, run: { ...prepared.run, id } });
    log.info('run queued', { runId: id, flow: flow.name, client: this.#name });
    return run;
  }

  async #resubmit(params: AgentParams<'runs.resubmit'>): Promise<Run> {
    const { orchestrator, vault, fleet, newId } = this.#services;
    const { id = newId(), runId, requestedBy, priority, connection, queue, inputs: changed } = params;
    const { mode } = await this.#fleet.run(runId);
    const elsewhere = connection !== undefined || queue !== undefined;
    const target = elsewhere ? await this.#fleet.target({ connection, queue }, mode) : undefined;
    const old = changed === undefined ? undefined : await fleet.store.entry(runId);
    const edited = old && editedInputs(old, changed ?? {}, vault, id);
    return orchestrator.resubmit(
      runId,
      {
        id,
        requestedBy,
        ...(target && { target }),
        ...(priority !== undefined && { priority }),
        ...(edited && { inputs: edited.inputs }),
      },
      (sealed) => edited?.sealed ?? vault.seal(id, vault.open(runId, sealed)),
    );
  }

  /** Sends the events that this client has not had, in order, as fast as it takes them; what it has not taken waits in the store. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    const { orchestrator, log } = this.#services;
    try {
      while (this.#cursor !== undefined && this.#cursor < orchestrator.lastSeq) {
        const events = await orchestrator.events(this.#cursor, pumpBytes);
        const last = events.at(-1);
        if (!last || this.#cursor === undefined) break;
        for (const event of events) this.#peer.notify('event', { event });
        this.#cursor = last.seq;
        await this.#transport.flushed();
      }
    } catch (error) {
      log.error('events could not be read for a client', { error: String(error) });
      this.#peer.close(1011, 'The agent cannot read its events.');
    } finally {
      this.#pumping = false;
    }
  }
}

/** How runs of an orchestrator end whose machine leaves it. */
function agentLeft(): RunEnding {
  return {
    state: 'Canceled',
    error: {
      code: 'MachineLeft',
      message: 'The machine of this run was taken out of the orchestrator.',
      nextStep: 'Resubmit the run: another machine gets it.',
    },
  };
}
