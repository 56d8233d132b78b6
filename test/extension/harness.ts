// A window with the extension in it: fake VS Code, fake clock, and an agent and a language server that live in this process.
// The agent follows the protocol (numbered events, lists, subscriptions) but runs nothing: a test says what happens.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Disposable } from '../../src/base/disposable.ts';
import { ProductError } from '../../src/base/error.ts';
import { Emitter } from '../../src/base/event.ts';
import type { DebugMessage } from '../../src/extension/agents.ts';
import { startExtension } from '../../src/extension/extension.ts';
import type { ListedMachine } from '../../src/extension/fleet/fleetStore.ts';
import type { AgentPort, Link } from '../../src/extension/localAgent.ts';
import type { Tester } from '../../src/extension/testing/tester.ts';
import type {
  EditFlowParams,
  EditorRequests,
  FlowContents,
  FlowRequestResult,
  TestsParams,
} from '../../src/protocol/editor.ts';
import type { CloseReason } from '../../src/protocol/link.ts';
import {
  type ActionRecord,
  isTerminal,
  type LineStatus,
  type Run,
  type RunEvent,
} from '../../src/protocol/run.ts';
import { testsIn } from '../../src/server/features/tests.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeVSCode, Memento } from '../fakes/vscode.ts';
import { equipped, FakeSecrets } from './fleetHarness.ts';

// Golden texts contain local times.
process.env.TZ = 'UTC';

export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

type EventBody = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 'seq' | 'at'> : never) : never;

/** The agent's side of the protocol, played by the test. */
export class FakeAgent {
  readonly calls: { readonly method: string; readonly params: Record<string, unknown> }[] = [];
  readonly runs: Run[] = [];
  /** What `machines.list` answers. */
  machines: ListedMachine[] = [];
  events: RunEvent[] = [];
  /** An agent that nobody started yet cannot be attached to. */
  running = false;
  /** Fails the next attempts to reach or start it. */
  failures: ProductError[] = [];
  machineId = 'm-1';
  /** Pictures of failed runs, Base64 by run. */
  readonly screenshots = new Map<string, string>();
  /** The links are lost instead of answering the call after so many more. */
  lostAfterCalls = Number.POSITIVE_INFINITY;
  /** The links are lost instead of answering for the events of a run once more, after so many answers. */
  lostAfterPages = Number.POSITIVE_INFINITY;
  /** How many events one answer holds. */
  eventsPerPage = 1_000;
  attached = 0;
  opened = 0;
  readonly #clock: FakeClock;
  #links: {
    readonly events: Emitter<RunEvent>;
    readonly debug: Emitter<DebugMessage>;
    readonly close: Emitter<CloseReason>;
    after: number;
  }[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  readonly port: AgentPort = {
    dataFolder: '/data/desktop-flows',
    attach: async () => {
      this.attached++;
      this.#mayFail();
      return this.running ? this.#link() : undefined;
    },
    open: async () => {
      this.opened++;
      this.#mayFail();
      this.running = true;
      return this.#link();
    },
  };

  /** Announces an event to everybody who subscribed. */
  emit(body: EventBody): void {
    const event = { ...body, seq: (this.events.at(-1)?.seq ?? 0) + 1, at: this.#clock.now() } as RunEvent;
    this.events.push(event);
    for (const link of this.#links) if (event.seq > link.after) link.events.fire(event);
  }

  /** Changes a run and announces it. */
  change(runId: string, change: Partial<Run>): Run {
    const at = this.runs.findIndex(({ id }) => id === runId);
    const run = { ...(this.runs[at] as Run), ...change };
    this.runs[at] = run;
    this.emit({ kind: 'run', runId, run });
    return run;
  }

  /** Puts a run of `text` into the queue. */
  queue(id: string, name: string, more: Partial<Run> = {}, text = ''): Run {
    const now = this.#clock.now();
    const run: Run = {
      id,
      flow: { name, path: `/flows/${name}.robin`, hash: sha256(text) },
      queue: 'm-1',
      machine: 'm-1',
      mode: 'attended',
      priority: 'normal',
      state: 'Queued',
      requestedBy: 'ada',
      requestedAt: now,
      expiresAt: now + 3 * 3_600_000,
      inputs: {},
      ...more,
    };
    this.runs.push(run);
    this.emit({ kind: 'run', runId: id, run });
    return run;
  }

  lines(runId: string, ...lines: (Partial<LineStatus> & { line: number })[]): void {
    this.emit({
      kind: 'lines',
      runId,
      lines: lines.map((line) => ({ subflow: 'Main', state: 'ok', count: 1, ms: 0, ...line })),
    });
  }

  actions(runId: string, ...actions: (Partial<ActionRecord> & { line: number; action: string })[]): void {
    this.emit({
      kind: 'actions',
      runId,
      omitted: 0,
      actions: actions.map((action) => ({
        subflow: 'Main',
        at: this.#clock.now(),
        ms: 0,
        outcome: 'ok',
        ...action,
      })),
    });
  }

  /** The links end: `1006` as after a crash, `1001` as after a clean stop. */
  drop(code: number, reason = ''): void {
    this.running = false;
    for (const link of this.#links.splice(0)) link.close.fire({ code, reason });
  }

  /** The worker of a run tells its debugger something; `null`: the run has ended. */
  debug(runId: string, message: unknown): void {
    for (const link of this.#links) link.debug.fire({ runId, message });
  }

  called(method: string): Record<string, unknown>[] {
    return this.calls.filter((call) => call.method === method).map(({ params }) => params);
  }

  #mayFail(): void {
    const failure = this.failures.shift();
    if (failure) throw failure;
  }

  #link(): Link {
    const link = {
      events: new Emitter<RunEvent>(),
      debug: new Emitter<DebugMessage>(),
      close: new Emitter<CloseReason>(),
      after: Number.POSITIVE_INFINITY,
    };
    this.#links.push(link);
    return {
      agent: {
        protocol: 1,
        pid: 4711,
        machine: { ...fakeMachine, id: this.machineId },
        lastSeq: this.#lastSeq(),
      },
      onEvent: link.events.event,
      onDebug: link.debug.event,
      onClose: link.close.event,
      dispose: () => {
        this.#links = this.#links.filter((other) => other !== link);
        link.close.fire({ code: 1000, reason: 'closed by this side' });
      },
      call: (async (method: string, params: Record<string, unknown>) => {
        this.calls.push({ method, params });
        if (this.lostAfterCalls-- === 0) this.drop(1006);
        if (method === 'runs.events' && this.lostAfterPages-- === 0) this.drop(1006);
        if (!this.#links.includes(link))
          throw new ProductError('LinkClosed', 'The link ended.', 'Try again.');
        return this.#answer(link, method, params);
      }) as Link['call'],
    };
  }

  #lastSeq(): number {
    return this.events.at(-1)?.seq ?? 0;
  }

  #answer(
    link: { events: Emitter<RunEvent>; after: number },
    method: string,
    params: Record<string, unknown>,
  ): unknown {
    const runId = params.runId as string;
    switch (method) {
      case 'runs.list':
        return { runs: [...this.runs].reverse(), lastSeq: this.#lastSeq() };
      case 'subscribe': {
        const after = params.after as number;
        const complete = after >= this.#lastSeq() || (this.events[0]?.seq ?? 0) <= after + 1;
        link.after = after;
        for (const event of this.events) if (event.seq > after) link.events.fire(event);
        return { lastSeq: this.#lastSeq(), complete };
      }
      case 'runs.events': {
        const kept = this.events.filter((event) => event.runId === runId && event.seq > Number(params.after));
        return { events: kept.slice(0, this.eventsPerPage) };
      }
      case 'queue.list':
        return {
          waiting: this.runs.filter(({ state }) => state === 'Queued'),
          running: this.runs.filter(({ state }) => !isTerminal(state) && state !== 'Queued'),
        };
      case 'machines.list':
        return { machines: this.machines, era: '2021' };
      case 'groups.list':
        return { groups: [] };
      case 'connections.list':
        return { connections: [] };
      case 'runs.screenshot':
        return { width: 800, height: 600, png: this.screenshots.get(runId) };
      case 'runs.enqueue': {
        const { flow, inputs } = params as {
          flow: { name: string; path: string; text: string };
          inputs: Run['inputs'];
        };
        return {
          run: this.queue(`run-${this.runs.length + 1}`, flow.name, {
            inputs,
            flow: { name: flow.name, path: flow.path, hash: sha256(flow.text) },
          }),
        };
      }
      case 'runs.resubmit': {
        const old = this.runs.find(({ id }) => id === runId) as Run;
        return {
          run: this.queue(`run-${this.runs.length + 1}`, old.flow.name, {
            flow: old.flow,
            resubmitOf: runId,
          }),
        };
      }
      case 'runs.debug':
        return {};
      case 'runs.pause':
        return { run: this.change(runId, { state: 'Paused' }) };
      case 'runs.resume':
        return { run: this.change(runId, { state: 'Running' }) };
      case 'runs.safeStop':
        return { run: this.runs.find(({ id }) => id === runId) };
      case 'runs.stop':
        return { run: this.change(runId, { state: 'Canceled', endedAt: this.#clock.now() }) };
      case 'runs.answer': {
        const open = this.events.some(
          (event) => event.kind === 'question' && event.question.id === params.questionId,
        );
        const gone = this.events.some(
          (event) => event.kind === 'answered' && event.questionId === params.questionId,
        );
        if (!open || gone)
          throw new ProductError('QuestionNotFound', 'The question is gone.', 'Nothing to do.');
        this.emit({
          kind: 'answered',
          runId,
          questionId: params.questionId as string,
          by: params.by as string,
        });
        return {};
      }
      case 'agent.status':
        return {
          machine: fakeMachine,
          pid: 4711,
          port: 1,
          dataFolder: '/data/desktop-flows',
          startedAt: this.#clock.now(),
          running: 0,
          queued: 0,
          clients: 1,
        };
      case 'agent.stop':
        queueMicrotask(() => this.drop(1001, 'stopped'));
        return {};
      default:
        throw new Error(`the fake agent has no ${method}`);
    }
  }
}

const fakeMachine = {
  id: 'm-1',
  name: 'DESK-7',
  platform: 'Windows 11',
  agentVersion: '0.1.0',
  user: 'DESK-7\\ada',
  slots: 1,
};

export class Window {
  readonly clock = new FakeClock();
  readonly vscode = equipped(new FakeVSCode()).vscode;
  readonly agent = new FakeAgent(this.clock);
  readonly memory = new Memento();
  /** What the language server says of every flow. */
  flow: FlowRequestResult = {
    name: 'archive',
    inputs: [],
    outputs: [],
    blocking: [],
    companions: [],
    hash: '',
  };
  /** What it says to every other request; a test replaces it. */
  contents: FlowContents = { inputs: [], outputs: [], variables: [], subflows: [] };
  edited: EditFlowParams[] = [];
  answer(method: keyof EditorRequests, params: object): unknown {
    switch (method) {
      case 'desktopFlows/flow':
        return this.flow;
      case 'desktopFlows/flowContents':
        return this.contents;
      case 'desktopFlows/tests':
        return testsIn(params as TestsParams);
      case 'desktopFlows/editFlow':
        this.edited.push(params as EditFlowParams);
        return { version: 1, edits: [] };
      default:
        throw new Error(`the fake language server has no ${method}`);
    }
  }
  /** Plays the process that runs tests; a test replaces it. */
  tester: Tester = async () => {};
  readonly languageCalls: string[] = [];
  /** The language server crashed so often that it stays down. */
  languageGaveUp: () => void = () => {};
  #extension: Disposable | undefined;

  /** What activation does, and nothing more. */
  activate(): void {
    const context = {
      extensionPath: join(import.meta.dirname, '..', '..'),
      extension: { packageJSON: { version: '0.1.0' } },
      workspaceState: this.memory,
      globalState: new Memento(),
      secrets: new FakeSecrets(),
    };
    this.#extension = startExtension(
      this.vscode.api,
      context as unknown as Parameters<typeof startExtension>[1],
      {
        clock: this.clock,
        random: () => 0.5,
        agent: () => this.agent.port,
        orchestrator: () => async () => {
          throw new ProductError('OrchestratorUnreachable', 'No orchestrator answers.', 'Check it.');
        },
        pageScript: () => '/* paints */',
        tester: () => (request, told, signal) => this.tester(request, told, signal),
        language: (_script, _channel, _log, gaveUp) => {
          this.languageGaveUp = gaveUp;
          const note = (call: string) => async () => void this.languageCalls.push(call);
          return {
            start: note('start'),
            restart: note('restart'),
            stop: note('stop'),
            ask: async (method, params) => {
              this.languageCalls.push(method.slice('desktopFlows/'.length));
              return this.answer(method, params) as never;
            },
          };
        },
      },
    );
  }

  /** An activated window that is connected to a running agent. */
  static async connected(): Promise<Window> {
    const window = new Window();
    window.agent.running = true;
    window.activate();
    await window.clock.advance(0);
    return window;
  }

  /** Lets everything that was started finish, and everything that waits to be painted appear. */
  async settle(): Promise<void> {
    await this.clock.advance(300);
  }

  dispose(): void {
    this.#extension?.dispose();
  }
}
