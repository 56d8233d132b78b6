// What an agent does for its clients: the methods of protocol/agent.ts, one Client per link. Decides nothing about runs.
import { createHash } from 'node:crypto';
import { type Disposable, DisposableStore, toDisposable } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import type { Event } from '../base/event.ts';
import type { Log } from '../base/log.ts';
import { LineIndex } from '../base/text.ts';
import { bundle } from '../files/companions.ts';
import { checkInputs, flowInfo } from '../language/analysis/flow.ts';
import { check } from '../language/checks/check.ts';
import { isBlocking } from '../language/diagnostics.ts';
import { parse } from '../language/syntax/parser.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import type { Debugger, RunQueue } from '../orchestration/runQueue.ts';
import type { SqliteWorkQueues } from '../orchestration/sqliteWorkQueues.ts';
import {
  type AgentMethod,
  type AgentParams,
  type AgentResult,
  agentMethods,
  type Machine,
  maxFlowBytes,
  protocolVersion,
} from '../protocol/agent.ts';
import { checkProtocol } from '../protocol/link.ts';
import { invalidRequest, RpcPeer } from '../protocol/rpc.ts';
import type { Companion, Run } from '../protocol/run.ts';
import type { WorkQueueRecord } from '../protocol/workQueues.ts';
import type { ClientTransport } from './gate.ts';
import type { Vault } from './seal.ts';
import { listedRuns, shownInputs } from './shown.ts';

/** What the methods work on. */
export interface AgentServices {
  readonly queue: RunQueue;
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
    this.#transport = transport;
    this.#peer = this.#owned.add(
      new RpcPeer(transport, {
        request: (method, params) => this.#request(method, params),
        notification: () => {},
      }),
    );
    this.onClose = this.#peer.onClose;
    this.onClose(() => this.dispose());
    this.#owned.add(services.queue.onEvents(() => void this.#pump()));
    this.#owned.add(toDisposable(() => services.queue.debuggerGone(this.#debugger)));
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

  readonly #methods: Methods = {
    hello: ({ protocol, client }) => {
      checkProtocol(protocol);
      this.#greeted = true;
      this.#name = client.slice(0, 100);
      this.#services.log.info('client connected', { client: this.#name });
      return {
        protocol: protocolVersion,
        pid: process.pid,
        machine: this.#services.machine(),
        lastSeq: this.#services.queue.lastSeq,
      };
    },
    'runs.enqueue': async (params) => ({ run: await this.#enqueue(params) }),
    'runs.list': async ({ limit }) => {
      // The number first: an event between the two is then sent again rather than missed.
      const { queue } = this.#services;
      const lastSeq = queue.lastSeq;
      const runs = await queue.list(Math.min(Math.max(0, Math.floor(limit)), maxListed));
      return { runs: listedRuns(runs, pageBytes), lastSeq };
    },
    'runs.get': async ({ runId }) => ({ run: await this.#services.queue.get(runId) }),
    'runs.events': async ({ runId, after }) => ({
      events: await this.#services.queue.events(after, pageBytes, runId),
    }),
    'runs.stop': async ({ runId }) => {
      this.#services.log.info('a run is to be stopped', { runId, client: this.#name });
      return { run: await this.#services.queue.stop(runId) };
    },
    'runs.safeStop': async ({ runId }) => {
      this.#services.log.info('a run is to stop where it is prepared for it', { runId, client: this.#name });
      return { run: await this.#services.queue.tell(runId, 'safeStop') };
    },
    'runs.pause': async ({ runId }) => ({ run: await this.#services.queue.tell(runId, 'pause') }),
    'runs.resume': async ({ runId }) => ({ run: await this.#services.queue.tell(runId, 'resume') }),
    'runs.resubmit': async ({ runId, requestedBy, id = this.#services.newId() }) => {
      const { queue, vault } = this.#services;
      return {
        run: await queue.resubmit(runId, id, requestedBy, (sealed) =>
          vault.seal(id, vault.open(runId, sealed)),
        ),
      };
    },
    'runs.answer': async ({ runId, questionId, answer, by }) => {
      await this.#services.queue.answer(runId, questionId, answer, by);
      return {};
    },
    'runs.debug': async ({ runId, message }) => {
      await this.#services.queue.debug(runId, message, this.#debugger);
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
      const { queue } = this.#services;
      const result = { lastSeq: queue.lastSeq, complete: await queue.keepsAllAfter(after) };
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
    'agent.status': () => this.#services.status(),
  };

  async #workQueue(idOrName: string): Promise<WorkQueueRecord> {
    const queue = await this.#services.workQueues().queue(idOrName);
    if (queue !== undefined) return queue;
    throw new ProductError(
      'WorkQueueNotFound',
      `There is no work queue "${idOrName.slice(0, 100)}" on this machine.`,
      'See which there are: dflow workqueue list',
    );
  }

  async #enqueue({
    id = this.#services.newId(),
    flow,
    inputs,
    mode,
    priority,
    requestedBy,
    timeoutSeconds,
    debug,
  }: AgentParams<'runs.enqueue'>): Promise<Run> {
    const companions = flow.companions ?? [];
    refuseTooLarge(flow.name, [{ path: flow.path || flow.name, text: flow.text }, ...companions]);
    const file = parse(flow.text);
    refuseErrors(flow.path || flow.name, file);
    for (const called of bundle(flow.name, file, companions).called) refuseErrors(called.path, called.file);
    const info = flowInfo(file);
    const checked = checkInputs(info, inputs);
    if (!checked.ok) throw checked.problems[0] as ProductError;
    const sensitive = new Set(
      info.inputs.filter((input) => input.sensitive).map((input) => input.externalName),
    );
    const { queue, vault, log } = this.#services;
    const run = await queue.enqueue({
      id,
      flow: { name: flow.name, path: flow.path, hash: createHash('sha256').update(flow.text).digest('hex') },
      flowText: flow.text,
      companions,
      inputs: shownInputs(checked.values, sensitive),
      sealedInputs: vault.seal(id, checked.values),
      mode,
      priority,
      requestedBy,
      ...(timeoutSeconds !== undefined && { timeoutSeconds }),
      ...(debug === true && { debug }),
    });
    log.info('run queued', { runId: id, flow: flow.name, client: this.#name });
    return run;
  }

  /** Sends the events that this client has not had, in order, as fast as it takes them; what it has not taken waits in the store. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    const { queue, log } = this.#services;
    try {
      while (this.#cursor !== undefined && this.#cursor < queue.lastSeq) {
        const events = await queue.events(this.#cursor, pumpBytes);
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

function refuseTooLarge(name: string, files: readonly Companion[]): void {
  const sizes = files.map(({ text }) => Buffer.byteLength(text));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes <= maxFlowBytes) return;
  const megabytes = (size: number) => `${(size / 1024 / 1024).toFixed(1)} MB`;
  const most = Math.max(...sizes);
  const largest = files[sizes.indexOf(most)]?.path;
  throw new ProductError(
    'FlowTooLarge',
    files.length === 1
      ? `${name} has ${megabytes(bytes)}; a flow may have ${maxFlowBytes / 1024 / 1024} MB.`
      : `${name} and what it needs have ${megabytes(bytes)}, most of it in ${largest} (${megabytes(most)}); together they may have ${maxFlowBytes / 1024 / 1024} MB.`,
    'Split the flow, remove images and screenshots that it does not use, or move data out of it into files.',
  );
}

function refuseErrors(path: string, file: FlowFile): void {
  const blocking = check(file, { blockingOnly: true }).filter(isBlocking);
  if (blocking.length === 0) return;
  const first = blocking[0] as (typeof blocking)[number];
  const line = new LineIndex(file.text).lineOf(first.start) + 1;
  throw new ProductError(
    'FlowHasErrors',
    `${path}:${line}: ${first.code}: ${first.message}${blocking.length > 1 ? ` (and ${blocking.length - 1} more)` : ''}`,
    'Mend the flow (`dflow check` lists all of it), then run it again.',
  );
}
