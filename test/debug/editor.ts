// An editor that debugs a run in the same process, and writes down every message both ways.
import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebugSession } from '../../src/debug/session.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import type { HostValue } from '../../src/runtime/host.ts';
import { createRun, type FlowRun, type Outcome, type RunOptions } from '../../src/runtime/run.ts';
import { World } from '../runtime/world.ts';

export const flowPath = '/flows/Test.robin';

export interface EditorOptions {
  readonly inputs?: Readonly<Record<string, HostValue>>;
  readonly world?: World;
  /** The run was not started for debugging: it begins behind `start`, or at once. */
  readonly attach?: 'before' | 'running';
  readonly flows?: RunOptions['flows'];
}

type Body = Record<string, unknown>;

export class Editor {
  readonly world: World;
  readonly run: FlowRun;
  /** Every message, in order: `{"editor": …}` asks, `{"run": …}` answers or tells. */
  readonly log: string[] = [];
  readonly messages: DebugProtocol.ProtocolMessage[] = [];
  session: DebugSession;
  outcome: Promise<Outcome>;
  #begin: () => void = () => {};
  #seq = 0;
  #read = 0;
  readonly #flow: { readonly name: string; readonly path: string; readonly text: string };
  readonly #waiting = new Set<() => void>();

  constructor(text: string, { inputs = {}, world = new World(), attach, flows }: EditorOptions = {}) {
    this.world = world;
    this.#flow = { name: 'Test', path: flowPath, text };
    this.run = createRun({
      flow: parse(text),
      name: 'Test',
      folder: '/flows',
      path: flowPath,
      jumps: attach === undefined,
      inputs,
      host: world.host,
      actions: world.actions,
      observer: { actionEnded: (record) => world.records.push(record) },
      ...(flows && { flows }),
    });
    const begun = new Promise<void>((resolve) => {
      this.#begin = resolve;
    });
    this.session = this.#open(attach === undefined ? this.#begin : undefined);
    if (attach === 'running') this.#begin();
    this.outcome = begun
      .then(() => this.run.start())
      .then((outcome) => {
        const { error } = outcome;
        this.session.ended(
          outcome.outcome === 'Succeeded',
          error && `Line ${error.line} of ${error.subflow}: ${error.code}: ${error.message}`,
        );
        return outcome;
      });
  }

  #open(begin: (() => void) | undefined): DebugSession {
    return new DebugSession({
      debugger: this.run.debugger,
      clock: this.world.host.clock,
      flow: this.#flow,
      begin,
      stop: (reason) => this.run.stop(reason),
      send: (message) => {
        const sent = JSON.parse(JSON.stringify(message)) as DebugProtocol.ProtocolMessage;
        this.messages.push(sent);
        const { seq: _, ...shown } = sent as unknown as Body;
        this.log.push(JSON.stringify({ run: shown }));
        for (const wake of [...this.#waiting]) wake();
      },
    });
  }

  /** Another editor comes to the same run. */
  again(): void {
    this.session = this.#open(undefined);
  }

  /** Sends a request; gives the body of its answer. Rejects with the text of a refusal. */
  async ask<B = Body>(command: string, args?: Body): Promise<B> {
    const seq = ++this.#seq;
    this.log.push(JSON.stringify({ editor: { seq, command, ...(args && { arguments: args }) } }));
    this.session.receive({ type: 'request', seq, command, ...(args && { arguments: args }) });
    const isAnswer = (message: DebugProtocol.ProtocolMessage) =>
      message.type === 'response' && (message as DebugProtocol.Response).request_seq === seq;
    const answer = (await this.#until(() => this.messages.find(isAnswer))) as DebugProtocol.Response;
    if (!answer.success) throw new Error(`${answer.message}: ${answer.body?.error?.variables?.text}`);
    return answer.body as B;
  }

  /** The next event of a kind that was not awaited yet. */
  async event<B = Body>(event: string): Promise<B> {
    const found = await this.#until(() => {
      for (let i = this.#read; i < this.messages.length; i++) {
        const message = this.messages[i] as DebugProtocol.Event;
        if (message.type === 'event' && message.event === event) {
          this.#read = i + 1;
          return message;
        }
      }
      return undefined;
    });
    return found.body as B;
  }

  #until<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`nothing came:\n${this.log.slice(-6).join('\n')}`)),
        3_000,
      );
      const look = () => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(late);
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  // ── What every session does ───────────────────────────────────────────────────────────────────────────────────

  /** The greeting, breakpoints on `lines`, and off. */
  async start(
    setup: {
      readonly lines?: readonly (number | DebugProtocol.SourceBreakpoint)[];
      readonly filters?: readonly string[];
      readonly arguments?: Body;
      readonly command?: 'launch' | 'attach';
    } = {},
  ): Promise<void> {
    await this.ask('initialize', { adapterID: 'desktop-flow', supportsInvalidatedEvent: true });
    await this.ask(setup.command ?? 'launch', setup.arguments ?? {});
    if (setup.lines !== undefined) {
      await this.ask('setBreakpoints', {
        source: { path: flowPath },
        breakpoints: setup.lines.map((line) => (typeof line === 'number' ? { line } : line)),
      });
    }
    await this.ask('setExceptionBreakpoints', { filters: setup.filters ?? [] });
    await this.ask('configurationDone');
    this.#begin();
  }

  /** Waits until the run stands still, and tells why and where. */
  async stop(): Promise<{ readonly reason: string; readonly line: number; readonly text?: string }> {
    const { reason, threadId, text } = await this.event<DebugProtocol.StoppedEvent['body']>('stopped');
    const { stackFrames } = await this.ask<DebugProtocol.StackTraceResponse['body']>('stackTrace', {
      threadId,
    });
    return { reason, line: stackFrames[0]?.line ?? 0, ...(text !== undefined && { text }) };
  }

  /** A request that makes the run go on until it stands still again. */
  async move(command: string, args: Body = {}) {
    await this.ask(command, { threadId: 1, ...args });
    return this.stop();
  }

  frames() {
    return this.ask<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId: 1 });
  }

  /** The scopes of a frame by name, with their variables by name. */
  async scopes(frame = 0): Promise<Record<string, Record<string, string>>> {
    const { stackFrames } = await this.frames();
    const { scopes } = await this.ask<DebugProtocol.ScopesResponse['body']>('scopes', {
      frameId: stackFrames[frame]?.id,
    });
    const shown: Record<string, Record<string, string>> = {};
    for (const { name, variablesReference, expensive } of scopes) {
      if (expensive) continue;
      const { variables } = await this.ask<DebugProtocol.VariablesResponse['body']>('variables', {
        variablesReference,
      });
      shown[name] = Object.fromEntries(variables.map((variable) => [variable.name, variable.value]));
    }
    return shown;
  }

  async evaluate(expression: string, context = 'watch'): Promise<string> {
    const { result } = await this.ask<DebugProtocol.EvaluateResponse['body']>('evaluate', {
      expression,
      context,
    });
    return result;
  }
}
