// Debugging of flows: registers what VS Code asks for, knows the sessions of this window, and carries out the commands that go
// beyond the Debug Adapter Protocol.
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { asProductError, ProductError } from '../../base/error.ts';
import type { Log } from '../../base/log.ts';
import { debugRequests, type ValueHistoryBody, type ValueHistoryEntry } from '../../protocol/debug.ts';
import type { AgentConnection } from '../agents.ts';
import { pathOf } from '../documents.ts';
import { failureText } from '../failureMessage.ts';
import type { FlowLanguage } from '../languageClient.ts';
import { contextKeys, debugType, languageId } from '../names.ts';
import type { RunFlow } from '../runFlow.ts';
import type { RunStore } from '../runs.ts';
import type { DebugSession, Uri, VSCode } from '../vscode.ts';
import { flowName, oneLine } from '../wording.ts';
import { DebugConfigurations } from './configurations.ts';
import { FlowExpressions, InlineVariables } from './inlineValues.ts';
import { RunAdapter, type Stop } from './runAdapter.ts';

export interface DebuggingContext {
  readonly vscode: VSCode;
  readonly agent: AgentConnection;
  readonly store: RunStore;
  readonly language: FlowLanguage;
  readonly runFlow: RunFlow;
  readonly log: Log;
  readonly now: () => number;
  /** Tells a person of a failure of ours. */
  readonly failed: (error: unknown) => void;
}

export class Debugging implements Disposable {
  readonly #context: DebuggingContext;
  readonly #owned = new DisposableStore();
  /** Where each session of ours stands, by its id. */
  readonly #stops = new Map<string, Stop>();

  constructor(context: DebuggingContext) {
    this.#context = context;
    const { vscode, agent, store, runFlow, language, log, now, failed } = context;
    const configurations = new DebugConfigurations(vscode, runFlow, agent, store, now, failed);
    const add = (item: Disposable) => this.#owned.add(item);
    add(vscode.debug.registerDebugConfigurationProvider(debugType, configurations));
    add(
      vscode.debug.registerDebugAdapterDescriptorFactory(debugType, {
        createDebugAdapterDescriptor: async (session) => {
          const { request, runId, ticket } = session.configuration;
          const stopped = (stop: Stop) => this.#stopped(session, stop);
          try {
            const owns = request !== 'attach';
            const id = owns ? await this.#start(configurations, session, ticket) : String(runId);
            log.info('debugger', { runId: id, request });
            return new vscode.DebugAdapterInlineImplementation(
              new RunAdapter(vscode, agent, store, { runId: id, owns }, stopped),
            );
          } catch (error) {
            // VS Code shows the text of the error.
            throw new Error(failureText(asProductError(error)));
          }
        },
      }),
    );
    add(vscode.debug.onDidChangeActiveDebugSession(() => this.#showStop()));
    add(vscode.debug.onDidTerminateDebugSession(({ id }) => this.#stops.delete(id)));
    add(vscode.languages.registerInlineValuesProvider(languageId, new InlineVariables(vscode, language)));
    add(vscode.languages.registerEvaluatableExpressionProvider(languageId, new FlowExpressions(vscode)));
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** Debugs the flow at `uri`, else the one in front. `startLine` (1-based): begins at that row of Main. */
  async debug(uri?: Uri, startLine?: number): Promise<void> {
    const { vscode } = this.#context;
    const address = uri ?? vscode.window.activeTextEditor?.document.uri;
    await vscode.debug.startDebugging(address && vscode.workspace.getWorkspaceFolder(address), {
      type: debugType,
      request: 'launch',
      name: 'Debug Flow',
      ...(address && { program: pathOf(address) }),
      ...(startLine !== undefined && { startLine }),
    });
  }

  /** Attaches to a run; undefined: to the one that the person picks. */
  async attach(runId: string | undefined): Promise<void> {
    const run = runId === undefined ? undefined : this.#context.store.get(runId);
    await this.#context.vscode.debug.startDebugging(undefined, {
      type: debugType,
      request: 'attach',
      name: run ? `Attach to ${flowName(run)}` : 'Attach to Run',
      ...(runId !== undefined && { runId }),
    });
  }

  /** Starts the flow in front at the row of the cursor, without carrying out what stands before it. */
  async runFromHere(): Promise<void> {
    const { window } = this.#context.vscode;
    const editor = window.activeTextEditor;
    if (editor?.document.languageId !== languageId) {
      await window.showInformationMessage('Open a flow and put the cursor on the row to begin with.');
      return;
    }
    await this.debug(editor.document.uri, editor.selection.active.line + 1);
  }

  /** Carries the action on which the run stopped with an error out again, or goes on behind it. */
  async afterError(request: 'repeatAction' | 'skipAction'): Promise<void> {
    const session = this.#session();
    const thread = this.#context.vscode.debug.activeStackItem;
    const threadId = thread && 'threadId' in thread ? thread.threadId : 1;
    await asked(session, debugRequests[request], { threadId });
  }

  /** Shows what a variable was at each row. `target` is what the variables view calls a command with. */
  async showValueHistory(target: unknown): Promise<void> {
    const { window, debug, workspace } = this.#context.vscode;
    const session = this.#session();
    const name =
      variableOf(target) ??
      (await window.showInputBox({ prompt: 'Name of the variable', title: 'Show Value History' }));
    if (!name) return;
    const item = debug.activeStackItem;
    const frameId = item && 'frameId' in item ? item.frameId : undefined;
    const body = (await asked(session, debugRequests.valueHistory, {
      name,
      ...(frameId !== undefined && { frameId }),
    })) as ValueHistoryBody;
    if (body.entries.length === 0) {
      await window.showInformationMessage(
        `Nothing is known of earlier values of "${oneLine(name, 60)}": the debugger has seen no row that wrote it.`,
      );
      return;
    }
    // The newest is looked for most often.
    const items = [...body.entries].reverse().map((entry) => ({
      entry,
      label: oneLine(entry.value, 80),
      description: placeOf(entry),
    }));
    const chosen = await window.showQuickPick(items, {
      title: `Values of ${body.name}${body.omitted > 0 ? ` (${body.omitted} older ones left out)` : ''}`,
      matchOnDescription: true,
    });
    const line = chosen?.entry.line ?? 0;
    const program = window.activeTextEditor?.document;
    if (line === 0 || program?.languageId !== languageId) return;
    const at = new this.#context.vscode.Position(Math.min(line, program.lineCount) - 1, 0);
    await window.showTextDocument(await workspace.openTextDocument(program.uri), {
      selection: new this.#context.vscode.Range(at, at),
    });
  }

  async #start(configurations: DebugConfigurations, session: DebugSession, ticket: unknown): Promise<string> {
    // A session that VS Code restarts comes with the ticket of the first one: then the inputs are asked for again.
    const launch =
      configurations.take(ticket) ??
      (await configurations.prepare(session.workspaceFolder, session.configuration));
    if (launch === undefined) {
      throw new ProductError(
        'DebugNotPrepared',
        'The flow was not started: its inputs were not given, or something forbids it.',
        'Start it again with Debug Flow or F5.',
      );
    }
    const run = await this.#context.runFlow.enqueue(launch.prepared, { debug: true, mode: launch.mode });
    return run.id;
  }

  #session(): DebugSession {
    const session = this.#context.vscode.debug.activeDebugSession;
    if (session?.type === debugType) return session;
    throw new ProductError(
      'NotDebugging',
      'No flow is being debugged.',
      'Start it with Debug Flow, or attach to a run from the Run Queue.',
    );
  }

  #stopped(session: DebugSession, stop: Stop): void {
    if (stop === undefined) this.#stops.delete(session.id);
    else this.#stops.set(session.id, stop);
    this.#showStop();
  }

  #showStop(): void {
    const { debug, commands } = this.#context.vscode;
    const stop = debug.activeDebugSession && this.#stops.get(debug.activeDebugSession.id);
    void commands.executeCommand('setContext', contextKeys.stoppedOnError, stop === 'exception');
  }
}

/** Rejects with a ProductError that has the words of the adapter. */
async function asked(session: DebugSession, request: string, args: object): Promise<unknown> {
  try {
    return await session.customRequest(request, args);
  } catch (error) {
    throw new ProductError(
      'DebugRequestRefused',
      error instanceof Error ? error.message : String(error),
      'It is possible only while the run is stopped.',
      { cause: error },
    );
  }
}

const placeOf = ({ step, line, subflow, action }: ValueHistoryEntry): string =>
  line === 0 ? 'when the debugger came' : `step ${step} · line ${line} (${subflow}, ${action})`;

/** The name in what VS Code gives to a command in the menu of a variable. */
function variableOf(target: unknown): string | undefined {
  const { variable, container } = (target ?? {}) as {
    variable?: { name?: unknown; evaluateName?: unknown };
    container?: { name?: unknown };
  };
  const name = variable?.evaluateName ?? variable?.name;
  return typeof name === 'string' && container !== undefined ? name : undefined;
}
