// The debug adapter of one run, as VS Code sees it: passes the messages of the Debug Adapter Protocol on to the worker of the run
// and back. Understands none of them, except that it answers while there is no worker yet, and notes when the run stops.
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { asProductError } from '../../base/error.ts';
import { isTerminal, type Run } from '../../protocol/run.ts';
import type { AgentConnection } from '../agents.ts';
import type { RunStore } from '../runs.ts';
import type { DebugAdapter, DebugProtocolMessage, Event, EventEmitter, VSCode } from '../vscode.ts';

/** The fields of a message that the relay looks at. */
interface Frame {
  readonly type?: unknown;
  readonly seq?: unknown;
  readonly command?: unknown;
  readonly success?: unknown;
  readonly event?: unknown;
  readonly arguments?: { readonly terminateDebuggee?: unknown };
  readonly body?: { readonly reason?: unknown };
}

/** What is said of a run that is stopped: `exception` when it stands on an error. */
export type Stop = 'exception' | 'other' | undefined;

export class RunAdapter implements DebugAdapter {
  readonly #agent: AgentConnection;
  readonly #store: RunStore;
  readonly #runId: string;
  /** True when the session ends with the run, and the run with the session. */
  readonly #owns: boolean;
  readonly #stopped: (stop: Stop) => void;
  readonly #messages: EventEmitter<DebugProtocolMessage>;
  readonly #owned = new DisposableStore();
  /** Requests that wait until the run has a worker; undefined since it has one. */
  #waiting: Frame[] | undefined = [];
  #over = false;

  readonly onDidSendMessage: Event<DebugProtocolMessage>;

  /**
   * `owns`: the run was started for this session. `stopped` hears when the run stops for the debugger and when it goes on; at the
   * end it hears `undefined`.
   */
  constructor(
    vscode: VSCode,
    agent: AgentConnection,
    store: RunStore,
    { runId, owns }: { readonly runId: string; readonly owns: boolean },
    stopped: (stop: Stop) => void,
  ) {
    this.#agent = agent;
    this.#store = store;
    this.#runId = runId;
    this.#owns = owns;
    this.#stopped = stopped;
    this.#messages = new vscode.EventEmitter<DebugProtocolMessage>();
    this.onDidSendMessage = this.#messages.event;
    const add = (item: Disposable) => this.#owned.add(item);
    add(this.#messages);
    add(agent.onDebug(({ runId: of, message }) => of === runId && this.#received(message)));
    add(store.onDidChange(() => this.#look()));
    add(
      agent.onDidChange(({ kind }) => {
        // Runs go on without this window; the debugger of a lost link is gone for good.
        if (this.#waiting === undefined && kind !== 'connected')
          this.#end('The connection to the agent was lost.');
      }),
    );
    this.#look();
  }

  /** From VS Code. */
  handleMessage(message: DebugProtocolMessage): void {
    const frame = message as Frame;
    if (this.#over) this.#refuse(frame, 'The run has ended.');
    else if (this.#waiting === undefined) this.#send(frame);
    else if (frame.command === 'disconnect' || frame.command === 'terminate') this.#giveUp(frame);
    else this.#waiting.push(frame);
  }

  /** The session is over: whoever attached leaves, and the run goes on. */
  dispose(): void {
    if (!this.#over) {
      this.#over = true;
      this.#stopped(undefined);
      if (this.#waiting === undefined) {
        this.#agent.call('runs.debug', { runId: this.#runId, message: null }).catch(() => undefined); // it has ended
      }
    }
    this.#owned.dispose();
  }

  /** Hands over what waited as soon as the run has a worker. */
  #look(): void {
    const run: Run | undefined = this.#store.get(this.#runId);
    if (this.#over || this.#waiting === undefined || run === undefined) return;
    if (isTerminal(run.state)) {
      this.#end(run.error?.message ?? 'The run ended before it began.');
    } else if (run.state === 'Running' || run.state === 'Paused') {
      const waited = this.#waiting;
      this.#waiting = undefined;
      for (const frame of waited) this.#send(frame);
    }
  }

  #send(frame: Frame): void {
    // VS Code's own `launch` carries the whole configuration; what the worker reads of it has nothing to hide.
    this.#agent
      .call('runs.debug', { runId: this.#runId, message: frame })
      .catch((error: unknown) => this.#refuse(frame, asProductError(error).message));
  }

  #received(message: unknown): void {
    if (message === null) {
      this.#end(undefined);
      return;
    }
    const { type, event, body, command, success } = message as Frame;
    if (type === 'response') {
      if (success === true && resuming.has(String(command))) this.#stopped(undefined);
    } else if (type === 'event' && event === 'stopped') {
      this.#stopped(body?.reason === 'exception' ? 'exception' : 'other');
    } else if (type === 'event' && event === 'continued') this.#stopped(undefined);
    this.#messages.fire(message as DebugProtocolMessage);
  }

  /** The person ends the session before the run has begun. */
  #giveUp(frame: Frame): void {
    const stays = !this.#owns || frame.arguments?.terminateDebuggee === false;
    const stop = stays ? Promise.resolve() : this.#agent.call('runs.stop', { runId: this.#runId });
    stop.catch(() => undefined); // it has ended already
    this.#answer(frame, {});
    this.#end(undefined);
  }

  /** `why` is shown in the console. */
  #end(why: string | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopped(undefined);
    for (const frame of this.#waiting ?? []) this.#refuse(frame, why ?? 'The run has ended.');
    if (why !== undefined) this.#event('output', { category: 'console', output: `${why}\n` });
    this.#event('terminated', {});
  }

  #refuse(frame: Frame, message: string): void {
    if (frame.type === 'request') this.#answer(frame, { success: false, message });
  }

  #answer({ seq, command }: Frame, more: object): void {
    this.#messages.fire({ type: 'response', seq: 0, request_seq: seq, command, success: true, ...more });
  }

  #event(event: string, body: object): void {
    this.#messages.fire({ type: 'event', seq: 0, event, body });
  }
}

/** Requests after which the run goes on. */
const resuming: ReadonlySet<string> = new Set([
  'continue',
  'next',
  'stepIn',
  'stepOut',
  'stepBack',
  'reverseContinue',
  'goto',
  'restartFrame',
  'repeatAction',
  'skipAction',
]);
