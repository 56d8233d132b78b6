// An orchestrator for tests of the fleet: numbered events, lists, subscriptions, roles of one asker. Decides nothing about runs: a test
// says what happens, also to its links (loss, delay, a revoked token, numbers that begin anew).
import { ProductError } from '../../src/base/error.ts';
import { Emitter } from '../../src/base/event.ts';
import type { DebugMessage } from '../../src/extension/agents.ts';
import type { ListedGroup, ListedMachine } from '../../src/extension/fleet/fleetStore.ts';
import type { Link } from '../../src/extension/localAgent.ts';
import type { ConnectionRecord, PlacementSettings, Verdict } from '../../src/protocol/fleet.ts';
import type { CloseReason } from '../../src/protocol/link.ts';
import { compareQueued, isTerminal, type Run, type RunEvent } from '../../src/protocol/run.ts';
import type { FakeClock } from '../fakes/clock.ts';

export const settings: PlacementSettings = {
  maintenance: false,
  reuseSessions: false,
  extendedPrioritization: 'auto',
  allocation: 'random',
  sessionPolicy: 'wait',
};

/** A machine that is online, with nothing to do. */
export const machineOf = (id: string, more: Partial<ListedMachine> = {}): ListedMachine => ({
  id,
  name: id.toUpperCase(),
  description: '',
  settings,
  unattendedSlots: 1,
  facts: {
    platform: 'Windows Server 2022',
    agentVersion: '0.1.0',
    edition: 'server',
    sessionLimit: 2,
    severalPerUser: false,
    sessions: [],
    recording: [],
  },
  online: true,
  owner: 'olga',
  queued: 0,
  running: 0,
  ...more,
});

export const groupOf = (
  id: string,
  machines: readonly string[],
  more: Partial<ListedGroup> = {},
): ListedGroup => ({
  id,
  name: id,
  description: '',
  settings,
  owner: 'olga',
  queued: 0,
  running: 0,
  machines,
  ...more,
});

interface FakeLink {
  readonly events: Emitter<RunEvent>;
  readonly debug: Emitter<DebugMessage>;
  readonly close: Emitter<CloseReason>;
  cursor: number;
  open: boolean;
}

export class FakeServer {
  readonly calls: { readonly method: string; readonly params: Record<string, unknown> }[] = [];
  readonly runs = new Map<string, Run>();
  machines: ListedMachine[] = [];
  groups: ListedGroup[] = [];
  connections: ConnectionRecord[] = [];
  /** Answers to methods, by name, where the usual one will not do; an error is thrown. */
  readonly answers = new Map<string, unknown>();
  verdict: Verdict = { kind: 'starts', machines: ['SRV-1'], session: { kind: 'create' } };
  up = true;
  token = 'good';
  /** Every answer takes this long. */
  latencyMs = 0;
  /** How far its clock is ahead. */
  aheadMs = 0;
  /** The asker sees only runs of this requester. */
  sees: string | undefined;
  readonly #clock: FakeClock;
  #events: RunEvent[] = [];
  #seq = 0;
  /** Events up to this number are not kept any more. */
  #forgotten = 0;
  #instance = 1;
  #links: FakeLink[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get now(): number {
    return this.#clock.now() + this.aheadMs;
  }

  get links(): number {
    return this.#links.length;
  }

  readonly dial = async (token: string): Promise<Link> => {
    await this.#delay();
    if (!this.up) throw new ProductError('OrchestratorUnreachable', 'No orchestrator answers.', 'Check it.');
    if (token !== this.token)
      throw new ProductError('OrchestratorRefused', 'The token is not known.', 'Make a new token.');
    return this.#link();
  };

  /** The runs the asker may see, as the server has them. */
  visible(): Run[] {
    return [...this.runs.values()].filter(
      ({ requestedBy }) => this.sees === undefined || requestedBy === this.sees,
    );
  }

  put(id: string, change: Partial<Run> = {}): Run {
    const before = this.runs.get(id);
    const run: Run = {
      id,
      flow: { name: id, path: `/flows/${id}.robin`, hash: '' },
      queue: 'srv-1',
      mode: 'unattended',
      priority: 'normal',
      state: 'Queued',
      requestedBy: 'ann',
      requestedAt: this.now,
      expiresAt: this.now + 3 * 3_600_000,
      inputs: {},
      ...before,
      ...change,
    };
    this.runs.set(id, run);
    this.emit({ kind: 'run', seq: 0, at: 0, runId: id, run });
    return run;
  }

  emit(body: RunEvent): void {
    const event = { ...body, seq: ++this.#seq, at: this.now } as RunEvent;
    this.#events.push(event);
    for (const link of this.#links) this.#pump(link);
  }

  /** Every link is lost; `up` says whether new ones come about. */
  drop(code = 1006, reason = ''): void {
    for (const link of this.#links.splice(0)) {
      link.open = false;
      link.close.fire({ code, reason });
    }
  }

  /** Older events cannot be asked for any more. */
  forget(): void {
    this.#forgotten = this.#seq;
    this.#events = [];
  }

  /** The store was replaced: other runs, and numbers that begin anew. */
  renumber(): void {
    this.drop();
    this.#events = [];
    this.#seq = 0;
    this.#forgotten = 0;
    this.#instance++;
    const kept = [...this.runs.values()];
    this.runs.clear();
    for (const run of kept.slice(kept.length / 2)) this.put(run.id, run);
  }

  called(method: string): Record<string, unknown>[] {
    return this.calls.filter((call) => call.method === method).map(({ params }) => params);
  }

  #link(): Link {
    const link: FakeLink = {
      events: new Emitter(),
      debug: new Emitter(),
      close: new Emitter(),
      cursor: Number.POSITIVE_INFINITY,
      open: true,
    };
    this.#links.push(link);
    return {
      agent: {
        protocol: 1,
        pid: 1,
        machine: {
          id: `instance ${this.#instance}`,
          name: 'server',
          platform: 'linux x64',
          agentVersion: '0.1.0',
          user: 'ann',
          slots: 0,
        },
        lastSeq: this.#seq,
      },
      onEvent: link.events.event,
      onDebug: link.debug.event,
      onClose: link.close.event,
      dispose: () => {
        link.open = false;
        this.#links = this.#links.filter((other) => other !== link);
        link.close.fire({ code: 1000, reason: '' });
      },
      call: (async (method: string, params: Record<string, unknown>) => {
        this.calls.push({ method, params });
        await this.#delay();
        if (!link.open) throw new ProductError('LinkClosed', 'The link ended.', 'Try again.');
        const answer = this.answers.get(method) ?? this.#answer(link, method, params);
        if (answer instanceof Error) throw answer;
        return answer;
      }) as Link['call'],
    };
  }

  #delay(): Promise<void> {
    if (this.latencyMs === 0) return Promise.resolve();
    return new Promise((resolve) => this.#clock.after(this.latencyMs, resolve));
  }

  #pump(link: FakeLink): void {
    for (const event of this.#events) {
      if (event.seq <= link.cursor) continue;
      link.cursor = event.seq;
      const run = event.kind === 'run' ? event.run : this.runs.get(event.runId);
      if (this.sees === undefined || run?.requestedBy === this.sees) link.events.fire(event);
    }
  }

  #loads<T extends { id: string }>(of: readonly T[], runs: (item: T, run: Run) => boolean): T[] {
    const all = [...this.runs.values()];
    return of.map((item) => ({
      ...item,
      queued: all.filter((run) => run.state === 'Queued' && run.queue === item.id).length,
      running: all.filter((run) => !isTerminal(run.state) && run.state !== 'Queued' && runs(item, run))
        .length,
    }));
  }

  #answer(link: FakeLink, method: string, params: Record<string, unknown>): unknown {
    const runs = this.visible();
    const one = () => this.runs.get(String(params.runId)) as Run;
    switch (method) {
      case 'runs.list':
        return {
          runs: runs.sort((a, b) => b.requestedAt - a.requestedAt).slice(0, Number(params.limit)),
          lastSeq: this.#seq,
        };
      case 'queue.list':
        return {
          waiting: runs.filter(({ state }) => state === 'Queued').sort(compareQueued),
          running: runs.filter(({ state }) => !isTerminal(state) && state !== 'Queued'),
        };
      case 'subscribe': {
        const after = Number(params.after);
        link.cursor = Math.min(after, this.#seq);
        const complete = after >= this.#forgotten && after <= this.#seq;
        queueMicrotask(() => link.open && this.#pump(link));
        return { lastSeq: this.#seq, complete };
      }
      case 'machines.list':
        return {
          machines: this.#loads(this.machines, (machine, run) => run.machine === machine.id).map((machine) =>
            machine.online ? { ...machine, seenAt: this.now - 2_000 } : machine,
          ),
          era: '2021',
        };
      case 'groups.list':
        return { groups: this.#loads(this.groups, (group, run) => run.queue === group.id) };
      case 'connections.list':
        return { connections: this.connections };
      case 'queue.why':
        return { verdict: this.verdict, run: one() };
      case 'queue.verdict':
        return { verdict: this.verdict, queue: { id: 'srv-1', name: 'SRV-1' }, account: 'ann' };
      case 'runs.moveToTop':
        return { run: this.put(String(params.runId), { movedToTopAt: this.now }) };
      case 'runs.moveBack': {
        const { movedToTopAt: _, ...back } = one();
        this.runs.delete(back.id);
        return { run: this.put(back.id, back) };
      }
      case 'runs.prioritize':
        return { run: this.put(String(params.runId), { priority: params.priority as Run['priority'] }) };
      case 'runs.stop':
        return { run: this.put(String(params.runId), { state: 'Canceled', endedAt: this.now }) };
      case 'runs.resubmit':
        return { run: this.put(`again-${params.runId}`, { resubmitOf: String(params.runId) }) };
      case 'runs.enqueue':
        return { run: this.put(`run-${this.runs.size + 1}`, { mode: params.mode as Run['mode'] }) };
      case 'machines.set': {
        const {
          machine: named,
          settings: changed,
          ...rest
        } = params as {
          machine: string;
          settings?: Partial<PlacementSettings>;
        };
        this.machines = this.machines.map((machine) =>
          machine.id === named
            ? { ...machine, ...rest, settings: { ...machine.settings, ...changed } }
            : machine,
        );
        return { machine: this.machines.find(({ id }) => id === named) };
      }
      case 'machines.remove':
        this.machines = this.machines.filter(({ id }) => id !== params.machine);
        return {};
      case 'connections.put': {
        const { password, reference, target, connection, ...rest } = params as Record<
          string,
          string | undefined
        >;
        const before = this.connections.find(({ id }) => id === connection);
        const record: ConnectionRecord = {
          id: connection ?? `c-${this.connections.length + 1}`,
          name: '',
          queue: target ?? '',
          account: '',
          credential: { kind: 'none' },
          usable: true,
          owner: 'ann',
          ...before,
          ...(rest as { name?: string; account?: string }),
          ...(target !== undefined && { queue: target }),
          ...(password && { credential: { kind: 'sealed' as const } }),
          ...(reference !== undefined && { credential: { kind: 'reference' as const, reference } }),
        };
        this.connections = [...this.connections.filter(({ id }) => id !== record.id), record];
        return { connection: record };
      }
      case 'connections.remove':
        this.connections = this.connections.filter(({ id }) => id !== params.connection);
        return {};
      case 'pairing.new':
        return { code: 'ABCD-EFGH', expiresAt: this.now + 600_000 };
      case 'audit.list':
        return {
          lines: [
            { at: this.now, who: 'olga', what: 'changed the machine', subject: 'SRV-1: maintenance=true' },
          ],
        };
      default:
        return {};
    }
  }
}
