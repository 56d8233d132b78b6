// What an agent, or an orchestrator for many of them, does for its clients: the methods of protocol/agent.ts, one Client per link. Decides
// nothing about runs; how it reaches one that runs, `RunReach` knows.
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import type { Event } from '../base/event.ts';
import type { Log } from '../base/log.ts';
import type { Orchestrator } from '../orchestration/orchestrator.ts';
import {
  type AgentMethod,
  type AgentParams,
  type AgentResult,
  agentMethods,
  type Machine,
  protocolVersion,
} from '../protocol/agent.ts';
import type { CaptureMethod } from '../protocol/capture.ts';
import type { FleetMethod } from '../protocol/fleetMethods.ts';
import { checkProtocol } from '../protocol/link.ts';
import { invalidRequest, RpcPeer } from '../protocol/rpc.ts';
import { isTerminal, lostFlow, type Run, type RunEvent } from '../protocol/run.ts';
import { type Asker, nameOf, owns, type Roles, seesRun } from './fleetAccess.ts';
import { FleetApi, type FleetServices } from './fleetApi.ts';
import type { ClientTransport } from './gate.ts';
import type { RunReach } from './reach.ts';
import type { Debugger } from './runner.ts';
import { editedInputs, prepareRun } from './runRequest.ts';
import { screenshotOf, withoutPicture } from './screenshot.ts';
import type { Vault } from './seal.ts';
import { listedRuns } from './shown.ts';

/** What only the agent of a machine can do. */
export type OwnMethod =
  | 'workQueues.list'
  | 'workQueues.add'
  | 'workQueues.setState'
  | 'workQueues.items'
  | 'connections.rekey'
  | 'agent.stop'
  | 'agent.stay'
  | 'agent.status'
  | 'agent.pair'
  | 'agent.unpair'
  | CaptureMethod;

export type MethodsOf<M extends AgentMethod> = {
  readonly [N in M]: (params: AgentParams<N>) => Promise<AgentResult<N>> | AgentResult<N>;
};

/** What the methods work on. */
export interface ApiServices {
  readonly orchestrator: Orchestrator;
  /** Machines, groups, connections, queues and schedules. */
  readonly fleet: FleetServices;
  /** Whoever is behind a link. */
  readonly asker: Asker;
  readonly vault: Vault;
  readonly log: Log;
  newId(): string;
  /** As clients see it; an orchestrator: a machine that runs nothing itself. */
  machine(): Machine;
  reach(said: Debugger): RunReach;
  /** Absent: an orchestrator. */
  readonly own?: (client: Client) => MethodsOf<OwnMethod>;
  /** Another token or role holds somewhere; absent where there is one user only. */
  readonly onAccessChanged?: Event<void>;
}

/** One answer or one stretch of events carries about this much. */
const pageBytes = 8 * 1024 * 1024;
const pumpBytes = 512 * 1024;
const maxListed = 1_000;
/** Runs of which a link remembers whose they are. */
const mostKnown = 10_000;
/** Roles that were looked up so long ago are looked up anew before events are sent: what was announced may not have been heard. */
const rolesMs = 5_000;

type Methods = MethodsOf<Exclude<AgentMethod, OwnMethod>> & Partial<MethodsOf<OwnMethod>>;

/** How an editor names itself: it has a window of its own for what a flow asks. */
const isEditor = /^VS Code\b/;

export class Client implements Disposable {
  readonly #services: ApiServices;
  readonly #fleet: FleetApi;
  readonly #reach: RunReach;
  readonly #methods: Methods;
  readonly #transport: ClientTransport;
  readonly #peer: RpcPeer;
  readonly #owned = new DisposableStore();
  /** Run → in which queue, and who requested it: both never change. */
  readonly #known = new Map<string, Pick<Run, 'queue' | 'requestedBy'>>();
  #roles: { readonly of: Roles; readonly since: number } | undefined;
  #name = 'unknown';
  /** Runs that an editor queued. */
  readonly #queued = new Set<string>();
  #greeted = false;
  /** Number of the last event that was looked at; undefined before `subscribe`. */
  #cursor: number | undefined;
  #pumping = false;

  readonly onClose: Event<unknown>;

  constructor(transport: ClientTransport, services: ApiServices) {
    this.#services = services;
    this.#fleet = new FleetApi(services.fleet, services.asker);
    this.#reach = this.#owned.add(
      services.reach((runId, message) => this.#peer.notify('debug', { runId, message })),
    );
    this.#methods = { ...this.#runMethods(), ...this.#fleet.methods, ...services.own?.(this) };
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
    if (services.onAccessChanged)
      this.#owned.add(
        services.onAccessChanged(() => {
          this.#roles = undefined;
        }),
      );
  }

  /** What the client said it is. */
  get name(): string {
    return this.#name;
  }

  /** Whether this is the editor that queued the run: it shows what the flow asks. */
  asksFor(runId: string): boolean {
    return this.#queued.has(runId);
  }

  close(code: number, reason: string): void {
    this.#peer.close(code, reason);
  }

  dispose(): void {
    this.#cursor = undefined;
    this.#owned.dispose();
  }

  async #request(method: string, params: unknown): Promise<unknown> {
    const name = method as AgentMethod;
    const serve = Object.hasOwn(this.#methods, method)
      ? (this.#methods[name] as (params: unknown) => unknown)
      : undefined;
    if (serve === undefined) {
      const isElsewhere = Object.hasOwn(agentMethods, method);
      throw new ProductError(
        'MethodNotFound',
        isElsewhere
          ? `An orchestrator does not serve ${method}: it concerns one machine alone.`
          : `There is no method ${method.slice(0, 100)} here.`,
        isElsewhere
          ? 'Ask the agent of the machine: leave out --orchestrator.'
          : 'Use shell and agent of the same version.',
      );
    }
    const parsed = agentMethods[name].params.safeParse(params);
    if (!parsed.success) throw invalidRequest(`request ${name}`, parsed.error);
    if (!this.#greeted && name !== 'hello') {
      throw new ProductError('InvalidRequest', `The request ${name} came before hello.`, 'Call hello first.');
    }
    try {
      return await serve(parsed.data);
    } catch (error) {
      if (!(error instanceof ProductError))
        this.#services.log.error('a request failed', {
          method: name,
          error: String((error as Error).stack ?? error),
        });
      throw error;
    }
  }

  #runMethods(): MethodsOf<Exclude<AgentMethod, OwnMethod | FleetMethod>> {
    const { orchestrator, asker, log } = this.#services;
    return {
      hello: ({ protocol, client }) => {
        checkProtocol(protocol);
        this.#greeted = true;
        this.#name = client.slice(0, 100);
        log.info('client connected', { client: this.#name, principal: asker.principal });
        return {
          protocol: protocolVersion,
          pid: process.pid,
          machine: this.#services.machine(),
          lastSeq: orchestrator.lastSeq,
        };
      },
      'runs.enqueue': async (params) => ({ run: await this.#enqueue(params) }),
      'runs.list': async ({ limit }) => {
        // The number first: an event between the two is then sent again rather than missed.
        const lastSeq = orchestrator.lastSeq;
        const wanted = Math.min(Math.max(0, Math.floor(limit)), maxListed);
        const roles = await asker.roles();
        // Of those who see only their own, others may have requested the newest.
        const runs = await orchestrator.list(owns(roles('')) ? wanted : maxListed);
        const seen = runs.filter((run) => seesRun(asker, roles(run.queue), run.requestedBy));
        return { runs: listedRuns(seen.slice(0, wanted), pageBytes), lastSeq };
      },
      'runs.get': async ({ runId }) => ({ run: await this.#fleet.run(runId) }),
      'runs.events': async ({ runId, after }) => {
        await this.#fleet.run(runId);
        return { events: (await orchestrator.events(after, pageBytes, runId)).map(withoutPicture) };
      },
      'runs.screenshot': async ({ runId }) =>
        screenshotOf(await this.#fleet.run(runId), (after, bytes, id) =>
          orchestrator.events(after, bytes, id),
        ),
      'runs.stop': async ({ runId }) => {
        await this.#fleet.run(runId);
        log.info('a run is to be stopped', { runId, by: asker.principal, client: this.#name });
        const run = await orchestrator.stop(runId);
        if (!isTerminal(run.state)) this.#reach.end(run);
        return { run };
      },
      'runs.safeStop': ({ runId }) => this.#tell(runId, 'safeStop'),
      'runs.pause': ({ runId }) => this.#tell(runId, 'pause'),
      'runs.resume': ({ runId }) => this.#tell(runId, 'resume'),
      'runs.resubmit': async (params) => ({ run: await this.#resubmit(params) }),
      'runs.answer': async (given) => {
        const run = await this.#fleet.run(given.runId);
        await this.#reach.answer(run, { ...given, by: nameOf(asker, given.by) });
        return {};
      },
      'runs.debug': async ({ runId, message }) => {
        const run = await this.#fleet.run(runId);
        if (!(await this.#reach.debug(run, message)) && message !== null) {
          const { flow, state } = await orchestrator.get(runId);
          throw new ProductError(
            'RunNotActive',
            `The run of ${flow.name} is ${state}: a debugger needs one that has begun and not ended.`,
            isTerminal(state) ? 'Start a new run in the debugger.' : 'Wait until it has begun.',
          );
        }
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
    const { log, asker } = this.#services;
    log.info('a run is told something', { runId, wish, by: asker.principal, client: this.#name });
    if (await this.#reach.tell(run, wish)) return { run };
    throw new ProductError(
      'RunNotActive',
      `The run of ${run.flow.name} is ${run.state}: only one that runs can be paused, resumed or stopped safely.`,
      run.state === 'Queued' || run.state === 'Starting'
        ? 'Wait until it runs, or stop it.'
        : 'Nothing is left to do.',
    );
  }

  async #enqueue(params: AgentParams<'runs.enqueue'>): Promise<Run> {
    const { orchestrator, vault, log, newId, asker, fleet } = this.#services;
    const { id = newId(), debug, flow, mode } = params;
    if (debug === true && this.#reach.willBeDebugged === undefined) {
      throw new ProductError(
        'InvalidRequest',
        'A run in a machine group does not wait for a debugger: nobody knows yet which machine it gets.',
        'Start it without one and attach the debugger to the run.',
      );
    }
    const requestedBy = nameOf(asker, params.requestedBy);
    const target = await this.#fleet.target(params, mode);
    // A run for a group or another machine may get what this one does not have.
    const system =
      target.queue !== fleet.own?.machineId ? undefined : process.platform === 'win32' ? 'windows' : 'other';
    const prepared = prepareRun({ ...params, requestedBy }, target, vault, id, system);
    if (debug === true) this.#reach.willBeDebugged?.(id);
    if (isEditor.test(this.#name)) this.#queued.add(id);
    const run = await orchestrator.enqueue({ ...prepared, run: { ...prepared.run, id } });
    log.info('run queued', { runId: id, flow: flow.name, by: asker.principal, client: this.#name });
    return run;
  }

  async #resubmit(params: AgentParams<'runs.resubmit'>): Promise<Run> {
    const { orchestrator, vault, fleet, newId, asker } = this.#services;
    const { id = newId(), runId, requestedBy, priority, connection, queue, inputs: changed } = params;
    const before = await this.#fleet.run(runId);
    if (before.flow.hash === lostFlow) {
      throw new ProductError(
        'FlowTextLost',
        `The text of ${before.flow.name} as it was then was lost with a run store that was damaged.`,
        'Run the flow again from its file: `dflow run`.',
      );
    }
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
        requestedBy: nameOf(asker, requestedBy),
        target,
        ...(priority !== undefined && { priority }),
        ...(edited && { inputs: edited.inputs }),
      },
      (sealed) => edited?.sealed ?? vault.seal(id, vault.open(runId, sealed)),
    );
  }

  // ── events ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends the events that this client has not had and may see, in order, as fast as it takes them; what it has not taken waits in the
   * store.
   */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    const { orchestrator, log } = this.#services;
    try {
      while (this.#cursor !== undefined && this.#cursor < orchestrator.lastSeq) {
        const events = await orchestrator.events(this.#cursor, pumpBytes);
        const last = events.at(-1);
        if (!last) break;
        const seen = await this.#seen(events);
        if (this.#cursor === undefined) break;
        for (const event of seen) this.#peer.notify('event', { event: withoutPicture(event) });
        this.#cursor = last.seq;
        await this.#transport.flushed();
      }
    } catch (error) {
      log.error('events could not be read for a client', { error: String(error) });
      this.#peer.close(1011, 'Events cannot be read now.');
    } finally {
      this.#pumping = false;
    }
  }

  async #seen(events: readonly RunEvent[]): Promise<readonly RunEvent[]> {
    const { asker, fleet } = this.#services;
    const now = fleet.now();
    if (this.#roles === undefined || Math.abs(now - this.#roles.since) > rolesMs)
      this.#roles = { of: await asker.roles(), since: now };
    const roles = this.#roles.of;
    if (owns(roles(''))) return events;
    const seen: RunEvent[] = [];
    for (const event of events) {
      const run = await this.#runOf(event);
      if (run !== undefined && seesRun(asker, roles(run.queue), run.requestedBy)) seen.push(event);
    }
    return seen;
  }

  /** Undefined: it was deleted since. */
  async #runOf(event: RunEvent): Promise<Pick<Run, 'queue' | 'requestedBy'> | undefined> {
    const known = this.#known.get(event.runId);
    if (known !== undefined) return known;
    const run = event.kind === 'run' ? event.run : await this.#services.fleet.store.get(event.runId);
    if (run === undefined) return undefined;
    if (this.#known.size >= mostKnown) this.#known.clear();
    const { queue, requestedBy } = run;
    this.#known.set(event.runId, { queue, requestedBy });
    return { queue, requestedBy };
  }
}
