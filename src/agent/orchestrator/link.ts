// The way from a machine to an orchestrator on another one: finds one that answers, repeats what was not answered, and lets nothing that
// was lost, late or doubled on the way begin a run twice. Opens no socket: `dial` gives connected transports. Decides nothing about runs.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, toDisposable } from '../../base/disposable.ts';
import { asProductError, ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import type { AgentPort } from '../../orchestration/orchestrator.ts';
import type { Claim, Held, Holder } from '../../orchestration/store.ts';
import type { ConnectionRecord, MachineFacts } from '../../protocol/fleet.ts';
import {
  type AgentLinkMethod,
  type AgentLinkParams,
  type AgentLinkResult,
  agentEnds,
  agentLinkMethods,
  endMessage,
  orchestratorProtocol,
  type RelayMethod,
  type RelayParams,
  type RelayResult,
  relayMethods,
  takeMessage,
  type WireClaim,
  type WireReport,
} from '../../protocol/orchestrator.ts';
import { invalidRequest, RpcPeer, type Transport } from '../../protocol/rpc.ts';
import { beyond, type Debugger, type Heard, type OrchestratorLink, type Runner } from '../runner.ts';
import type { Vault } from '../seal.ts';
import { type Entry, isFinal, type Journal, type Report } from './journal.ts';

export interface RemoteLinkOptions {
  /** Where orchestrators are: the first that answers is used, the next one when it goes away. At least one. */
  readonly addresses: readonly string[];
  /** Throws when nobody answers there, or this machine is refused (`MachineKeyRefused`). */
  dial(address: string): Promise<Transport>;
  /** Reports of this machine that were not answered yet, also those of a former life. Stays with its owner. */
  readonly journal: Journal;
  /** Seals the inputs of claims as they arrive. */
  readonly vault: Pick<Vault, 'seal'>;
  readonly agentVersion: string;
  readonly clock: Clock;
  /** 0 ≤ x < 1 */
  readonly chance: () => number;
  readonly log: Log;
}

/** Whose runs people on other machines pause, answer and debug. */
export type Reached = Pick<Runner, 'tell' | 'answer' | 'debug' | 'debuggerGone' | 'beat'> & {
  /** Tries a credential, without running anything. */
  testConnection(
    connection: ConnectionRecord,
    password: string | undefined,
  ): Promise<RelayResult<'connection.test'>>;
};

export interface Hello {
  readonly machine: string;
  readonly heartbeatMs: number;
}

/** An answer that takes longer than this does not come: the next orchestrator is asked. */
const answerMs = 15_000;
const firstPauseMs = 200;
const longestPauseMs = 15_000;
/** A store that could not take a report now is asked again after this. */
const storePauseMs = 1_000;
/** A fault of the orchestrator with a report may pass; one that comes this often is in the report. */
const mostFaults = 10;
/** Claims whose end is remembered, so that a late word of them is recognised. */
const mostEnded = 10_000;
/** Of what runs report while no orchestrator is there, this much is kept; what leads to states is kept always. */
const mostWaiting = 64 * 1024 * 1024;
/** Refusals that mean the report itself, not the moment. */
const unacceptable: ReadonlySet<string> = new Set(['InvalidRequest', 'MessageTooLarge', 'MethodNotFound']);

/** An entry on its way, with those who wait for its answer. */
interface Waiting {
  readonly entry: Entry;
  readonly length: number;
  /** When this life took it up, monotonic; absent for one of a former life. */
  readonly since: number | undefined;
  readonly kept: boolean;
  settle(taken: boolean): void;
  faults: number;
}

export class RemoteLink implements OrchestratorLink {
  readonly #options: RemoteLinkOptions;
  readonly #connected = new Emitter<Hello>();
  /** Reports by run: of each run one is on its way at a time, in order. */
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #sending = new Set<string>();
  /** Claims this machine has or had, to complete what a heartbeat only names. */
  readonly #claims = new Map<string, Claim>();
  /** Run → fence of the claim whose end was reported. */
  readonly #ended = new Map<string, number>();
  readonly #debuggers = new Map<string, Debugger>();
  #length = 0;
  #dropped = 0;
  #unkept = 0;
  #port: AgentPort | undefined;
  #reached: Reached | undefined;
  #peer: RpcPeer | undefined;
  #hello: Hello | undefined;
  #pause: Disposable | undefined;
  #address: number;
  #failures = 0;
  #closed = false;

  /** A link to an orchestrator stands, again or for the first time. */
  readonly onConnected = this.#connected.event;

  constructor(options: RemoteLinkOptions) {
    this.#options = options;
    // Agents spread over the orchestrators.
    this.#address = Math.floor(options.chance() * options.addresses.length);
    for (const entry of options.journal.pending) {
      this.#noteEnd(entry.report);
      void this.#queue(entry, true, undefined);
    }
    void this.#connect();
  }

  /** Whom people on other machines reach through this link. */
  serve(reached: Reached): void {
    this.#reached = reached;
  }

  /** What the orchestrator said of itself; undefined while none is there. */
  get hello(): Hello | undefined {
    return this.#hello;
  }

  /** How many reports wait for an answer. */
  get unanswered(): number {
    return [...this.#waiting.values()].reduce((sum, list) => sum + list.length, 0);
  }

  // ── as the runner sees it ─────────────────────────────────────────────────────────────────────────────────────

  attach(port: AgentPort): Disposable {
    this.#port = port;
    this.#attachNow();
    return toDisposable(() => {
      if (this.#port === port) this.#port = undefined;
    });
  }

  async heartbeat(boot: string, facts: MachineFacts, holding: readonly Holder[]): Promise<Heard> {
    // Ends that are still on their way keep their lease: they must not become Lost before they arrive.
    const leaving = [...this.#waiting.values()].flatMap((list) =>
      list.flatMap(({ entry: { report } }) => (isFinal(report) ? [report.holder] : [])),
    );
    const before = [...this.#claims.keys()];
    const named = [...holding, ...leaving].map(({ runId, fence }) => ({ runId, fence }));
    const answer = await this.#call('agent.heartbeat', { boot, facts, holding: named });
    const held = answer.held as readonly Held[];
    const told: Claim[] = [];
    for (const { runId, fence, ending } of beyond(held, named)) {
      if (this.#isOver(runId, fence)) continue;
      const claim = this.#known(runId, fence) ?? (await this.#fetch(runId, fence));
      // Its end may have been reported while it was fetched.
      if (claim === undefined || this.#isOver(runId, fence)) continue;
      told.push({ ...claim, ...(ending && { ending }) });
    }
    const current = new Set([...told.map(({ run }) => run.id), ...holding.map(({ runId }) => runId)]);
    for (const id of before) if (!current.has(id)) this.#claims.delete(id);
    return { held, told, rebooted: answer.rebooted };
  }

  /** Resolves with true as soon as the report is in the journal: the link then sees to it. Where the disk takes nothing, when it is answered. */
  report(report: Report): Promise<boolean> {
    const { journal, clock, log } = this.#options;
    const length = report.kind === 'append' ? JSON.stringify(report.bodies).length : 0;
    if (report.kind === 'append' && this.#length + length > mostWaiting) {
      if (this.#dropped++ === 0)
        log.warn('the orchestrator is away for long: details of runs are no longer kept');
      return Promise.resolve(true);
    }
    this.#noteEnd(report);
    const at = clock.now();
    let entry: Entry;
    let kept = true;
    try {
      entry = journal.add(report, at);
    } catch (error) {
      log.error('the journal cannot be written; a report is kept in memory only', { error: String(error) });
      kept = false;
      entry = { number: -++this.#unkept, at, report };
    }
    const answered = this.#queue(entry, kept, clock.monotonic());
    return kept ? Promise.resolve(true) : answered;
  }

  // ── for the agent ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes this machine out of the orchestrator's list. Throws as the orchestrator does, and when none is there. */
  async leave(): Promise<void> {
    await this.#call('agent.leave', {});
  }

  /** What the session of a claim is opened with; waits for an orchestrator where none is there. Throws as the orchestrator does, and the reason of `signal`. */
  async credential({ run, fence }: Claim, signal: AbortSignal): Promise<AgentLinkResult<'agent.credential'>> {
    for (;;) {
      signal.throwIfAborted();
      try {
        return await this.#call('agent.credential', { runId: run.id, fence });
      } catch (error) {
        if (!passes(error)) throw error;
      }
      await this.#connection(signal);
    }
  }

  /** Resolves when a link stands, or at the end of `signal`. */
  #connection(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.#hello !== undefined || signal.aborted) return resolve();
      const over = () => {
        subscription.dispose();
        signal.removeEventListener('abort', over);
        resolve();
      };
      const subscription = this.onConnected(over);
      signal.addEventListener('abort', over);
    });
  }

  /** Ends the link. What was not answered stays in the journal. */
  close(): void {
    this.#closed = true;
    this.#pause?.dispose();
    this.#peer?.close(agentEnds, 'the agent ends');
  }

  // ── reports ───────────────────────────────────────────────────────────────────────────────────────────────────

  #queue(entry: Entry, kept: boolean, since: number | undefined): Promise<boolean> {
    const { report } = entry;
    const length = report.kind === 'append' ? JSON.stringify(report.bodies).length : 0;
    this.#length += length;
    return new Promise((settle) => {
      const { runId } = report.holder;
      const list = this.#waiting.get(runId) ?? [];
      this.#waiting.set(runId, list);
      list.push({ entry, length, since, kept, settle, faults: 0 });
      void this.#send(runId);
    });
  }

  /** Sends what waits of one run, one after the other, as long as the link stands. */
  async #send(runId: string): Promise<void> {
    if (this.#sending.has(runId)) return;
    this.#sending.add(runId);
    try {
      for (;;) {
        const waiting = this.#waiting.get(runId)?.[0];
        if (waiting === undefined || this.#hello === undefined) return;
        let taken: boolean;
        try {
          ({ taken } = await this.#call('agent.report', { report: this.#wire(waiting) }));
        } catch (error) {
          const { code, message } = asProductError(error);
          if (passes(error)) return; // it is sent again over the next link
          if (code === 'InternalError') waiting.faults++;
          if (!unacceptable.has(code) && waiting.faults < mostFaults) {
            this.#options.clock.after(storePauseMs, () => void this.#send(runId));
            return;
          }
          this.#options.log.error('a report about a run is not accepted', { runId, code, message });
          if (this.#reduce(runId, waiting)) continue;
          taken = false;
        }
        this.#answered(runId, waiting, taken);
      }
    } finally {
      this.#sending.delete(runId);
    }
  }

  #answered(runId: string, { entry, length, kept, settle }: Waiting, taken: boolean): void {
    const list = this.#waiting.get(runId);
    list?.shift();
    if (list?.length === 0) this.#waiting.delete(runId);
    this.#length -= length;
    if (kept) this.#options.journal.done(entry.number);
    // The next heartbeat says what became of it; better now than later.
    if (!taken && !isFinal(entry.report)) this.#reached?.beat();
    if (this.#waiting.size === 0 && this.#dropped > 0) {
      this.#options.log.warn('details of runs were not kept while the orchestrator was away', {
        reports: this.#dropped,
      });
      this.#dropped = 0;
    }
    settle(taken);
  }

  /** The end of a run must arrive, if not with all that belongs to it. False: there is nothing to leave out. */
  #reduce(runId: string, waiting: Waiting): boolean {
    const { report } = waiting.entry;
    const list = this.#waiting.get(runId);
    if (report.kind !== 'change' || list === undefined) return false;
    if (report.change.outputs === undefined && report.before.length === 0) return false;
    const { outputs: _outputs, ...change } = report.change;
    list[0] = {
      ...waiting,
      entry: { ...waiting.entry, report: { ...report, change, before: [] } },
      faults: 0,
    };
    return true;
  }

  /** What began or ended while it was reported has done so earlier by as much as the report has waited. */
  #wire({ entry: { report, at }, since }: Waiting): WireReport {
    if (report.kind !== 'change') {
      return report.kind === 'append' ? { ...report, bodies: [...report.bodies] } : report;
    }
    const { clock } = this.#options;
    // Of a former life only the wall clock knows, which may have been set since.
    const waited = since === undefined ? Math.max(0, clock.now() - at) : clock.monotonic() - since;
    const { startedAgo, endedAgo } = report.change;
    return {
      kind: 'change',
      holder: report.holder,
      change: {
        ...report.change,
        ...(startedAgo !== undefined && { startedAgo: startedAgo + waited }),
        ...(endedAgo !== undefined && { endedAgo: endedAgo + waited }),
      },
      before: [...report.before],
    };
  }

  // ── claims ────────────────────────────────────────────────────────────────────────────────────────────────────

  #noteEnd(report: Report): void {
    if (!isFinal(report)) return;
    const { runId, fence } = report.holder;
    this.#ended.delete(runId);
    this.#ended.set(runId, fence);
    if (this.#ended.size <= mostEnded) return;
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined) this.#ended.delete(oldest);
  }

  /** Whether the end of this claim, or of a later one, was reported: whatever is said of it comes late. */
  #isOver(runId: string, fence: number): boolean {
    const ended = this.#ended.get(runId);
    return ended !== undefined && fence <= ended;
  }

  #known(runId: string, fence: number): Claim | undefined {
    const claim = this.#claims.get(runId);
    return claim?.fence === fence ? claim : undefined;
  }

  async #fetch(runId: string, fence: number): Promise<Claim | undefined> {
    const { claim } = await this.#call('agent.claim', { runId, fence });
    return claim && this.#received(claim);
  }

  #received({ inputs, run, session, ending, ...claim }: WireClaim): Claim {
    const received = {
      ...claim,
      run,
      sealedInputs: this.#options.vault.seal(run.id, inputs),
      ...(session && { session: session as NonNullable<Claim['session']> }),
    } as Claim;
    // A late word of an earlier claim must not hide the newer one.
    if ((this.#claims.get(run.id)?.fence ?? 0) <= claim.fence) this.#claims.set(run.id, received);
    return ending === undefined ? received : { ...received, ending: ending as NonNullable<Claim['ending']> };
  }

  // ── what the orchestrator says ────────────────────────────────────────────────────────────────────────────────

  #notified(method: string, params: unknown): void {
    if (method === 'take') {
      const parsed = takeMessage.safeParse(params);
      if (!parsed.success) {
        this.#damaged(method, parsed.error);
        return;
      }
      const { run, fence } = parsed.data.claim;
      if (this.#isOver(run.id, fence) || this.#port === undefined) return; // the next heartbeat tells what is left of it
      if ((this.#claims.get(run.id)?.fence ?? 0) > fence) return;
      this.#port.take([this.#received(parsed.data.claim)]);
    } else if (method === 'end') {
      const parsed = endMessage.safeParse(params);
      if (parsed.success)
        this.#port?.end(parsed.data.runId, parsed.data.ending as NonNullable<Claim['ending']>);
      else this.#damaged(method, parsed.error);
    }
  }

  #damaged(what: string, error: Parameters<typeof invalidRequest>[1]): void {
    this.#options.log.error('the orchestrator sent something else than agreed', {
      problem: invalidRequest(what, error).message,
    });
  }

  async #requested(method: string, params: unknown): Promise<unknown> {
    if (!Object.hasOwn(relayMethods, method)) {
      throw new ProductError(
        'MethodNotFound',
        `An agent has no method ${method.slice(0, 100)}.`,
        'Use agent and orchestrator of the same version.',
      );
    }
    const reached = this.#reached;
    const parsed = relayMethods[method as RelayMethod].params.safeParse(params);
    if (!parsed.success) throw invalidRequest(`request ${method}`, parsed.error);
    if (reached === undefined) return { done: false };
    switch (method as RelayMethod) {
      case 'run.tell': {
        const { runId, wish } = parsed.data as RelayParams<'run.tell'>;
        return { done: reached.tell(runId, wish) };
      }
      case 'run.answer': {
        const { runId, questionId, answer, by } = parsed.data as RelayParams<'run.answer'>;
        await reached.answer(runId, questionId, answer, by);
        return { done: true };
      }
      case 'run.debug': {
        const { runId, message, debugger: name } = parsed.data as RelayParams<'run.debug'>;
        return { done: reached.debug(runId, message, this.#debugger(name)) };
      }
      case 'connection.test': {
        const { connection, password } = parsed.data as RelayParams<'connection.test'>;
        return reached.testConnection(connection, password);
      }
      case 'run.debuggerGone': {
        const { debugger: name } = parsed.data as RelayParams<'run.debuggerGone'>;
        this.#debuggerGone(name);
        return { done: true };
      }
    }
  }

  /** The same function for the same debugger: the runner tells debuggers apart by it. */
  #debugger(name: string): Debugger {
    const known = this.#debuggers.get(name);
    if (known) return known;
    const made: Debugger = (runId, message) =>
      this.#peer?.notify('debug', { runId, message, debugger: name });
    this.#debuggers.set(name, made);
    return made;
  }

  #debuggerGone(name: string): void {
    const known = this.#debuggers.get(name);
    this.#debuggers.delete(name);
    if (known) this.#reached?.debuggerGone(known);
  }

  // ── connection ────────────────────────────────────────────────────────────────────────────────────────────────

  async #connect(): Promise<void> {
    const { addresses, dial, agentVersion, log } = this.#options;
    if (this.#closed) return;
    const address = addresses[this.#address % addresses.length] as string;
    this.#address++;
    let peer: RpcPeer;
    try {
      const transport = await dial(address);
      peer = new RpcPeer(transport, {
        request: (method, params) => this.#requested(method, params),
        notification: (method, params) => this.#notified(method, params),
      });
    } catch (error) {
      this.#failed(address, error);
      return;
    }
    if (this.#closed) {
      peer.dispose();
      return;
    }
    this.#peer = peer;
    peer.onClose((reason) => {
      if (this.#peer !== peer) return;
      this.#peer = undefined;
      const stood = this.#hello !== undefined;
      this.#hello = undefined;
      // Their messages may be lost: whoever debugs begins anew, and the runs go on.
      for (const name of [...this.#debuggers.keys()]) this.#debuggerGone(name);
      if (stood && !this.#closed) log.warn('the link to the orchestrator ended', { address, ...reason });
      this.#connectLater();
    });
    try {
      const { machine, heartbeatMs } = await this.#call('agent.hello', {
        protocol: orchestratorProtocol,
        agentVersion,
      });
      if (this.#peer !== peer) return;
      this.#failures = 0;
      this.#hello = { machine, heartbeatMs };
      log.info('connected to the orchestrator', { address });
    } catch (error) {
      log.warn('an orchestrator did not greet', { address, ...describe(error) });
      peer.close(1000, 'no greeting');
      return;
    }
    for (const runId of this.#waiting.keys()) void this.#send(runId);
    this.#connected.fire(this.#hello);
    this.#attachNow();
  }

  #attachNow(): void {
    if (this.#port === undefined || this.#hello === undefined) return;
    // One that is not answered shows as the end of the link, after which it is made again.
    this.#call('agent.attach', {}).catch(() => this.#peer?.close(4000, 'not attached'));
    // What was said to nobody while the link was away.
    this.#reached?.beat();
  }

  #failed(address: string, error: unknown): void {
    this.#options.log.warn('an orchestrator was not reached', { address, ...describe(error) });
    this.#connectLater();
  }

  #connectLater(): void {
    if (this.#closed) return;
    const { addresses, clock, chance } = this.#options;
    // Every address is tried once before the pauses grow.
    const round = Math.floor(this.#failures++ / addresses.length);
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(round, 10));
    this.#pause = clock.after(pause * (0.5 + chance() / 2), () => void this.#connect());
  }

  async #call<M extends AgentLinkMethod>(method: M, params: AgentLinkParams<M>): Promise<AgentLinkResult<M>> {
    const peer = this.#peer;
    if (peer === undefined) throw unreachable(this.#options.addresses);
    const late = this.#options.clock.after(answerMs, () => peer.close(4000, 'no answer'));
    try {
      const result = agentLinkMethods[method].result.safeParse(await peer.call(method, params));
      if (!result.success) throw invalidRequest(`answer to ${method}`, result.error);
      return result.data as AgentLinkResult<M>;
    } finally {
      late.dispose();
    }
  }
}

/** Whether an error says that nobody was there, and not what somebody said. */
function passes(error: unknown): boolean {
  const { code } = asProductError(error);
  return code === 'LinkClosed' || code === 'OrchestratorUnreachable';
}

function describe(error: unknown): { code: string; problem: string } {
  const { code, message } = asProductError(error);
  return { code, problem: message };
}

export function unreachable(addresses: readonly string[]): ProductError {
  return new ProductError(
    'OrchestratorUnreachable',
    `No orchestrator answers at ${addresses.join(', ')}.`,
    'Check the address, and that the orchestrator runs and can be reached from here. Runs that are under way go on.',
  );
}
