// What a debug session is to debug: completes configurations (F5 without launch.json debugs the flow in front), asks for inputs as
// Run Flow does, and keeps what must not be in a configuration: inputs.
import { isAbsolute, join } from 'node:path';
import { isTerminal, type Run, type WireValue } from '../../protocol/run.ts';
import type { AgentConnection } from '../agents.ts';
import { pathOf, uriOf } from '../documents.ts';
import { debugType, languageId } from '../names.ts';
import type { PreparedRun, RunFlow } from '../runFlow.ts';
import type { RunStore } from '../runs.ts';
import type {
  DebugConfiguration,
  DebugConfigurationProvider,
  Uri,
  VSCode,
  WorkspaceFolder,
} from '../vscode.ts';
import { flowName, oneLine, runPhrase, timeText } from '../wording.ts';

/** VS Code puts the path of the file in front here. */
const fileInFront = ['$', '{file}'].join('');

/** A launch that was asked for and not started yet. */
export interface PreparedLaunch {
  readonly prepared: PreparedRun;
  readonly mode: Run['mode'];
}

export class DebugConfigurations implements DebugConfigurationProvider {
  readonly #vscode: VSCode;
  readonly #runFlow: RunFlow;
  readonly #agent: AgentConnection;
  readonly #store: RunStore;
  readonly #now: () => number;
  readonly #failed: (error: unknown) => void;
  /** By the ticket in the configuration: inputs, also sensitive ones, stay in here. */
  readonly #launches = new Map<string, PreparedLaunch>();
  #tickets = 0;

  /** `failed` tells the person why nothing can be debugged. */
  constructor(
    vscode: VSCode,
    runFlow: RunFlow,
    agent: AgentConnection,
    store: RunStore,
    now: () => number,
    failed: (error: unknown) => void,
  ) {
    this.#vscode = vscode;
    this.#runFlow = runFlow;
    this.#agent = agent;
    this.#store = store;
    this.#now = now;
    this.#failed = failed;
  }

  /** The launch behind a ticket, once. */
  take(ticket: unknown): PreparedLaunch | undefined {
    const launch = this.#launches.get(String(ticket));
    this.#launches.delete(String(ticket));
    return launch;
  }

  /** What a new launch.json begins with. */
  provideDebugConfigurations(): DebugConfiguration[] {
    return [
      { type: debugType, request: 'launch', name: 'Debug the flow in front', program: fileInFront },
      { type: debugType, request: 'attach', name: 'Attach to a run' },
    ];
  }

  /** F5 without launch.json comes with nothing in it. */
  resolveDebugConfiguration(
    _folder: WorkspaceFolder | undefined,
    configuration: DebugConfiguration,
  ): DebugConfiguration | undefined {
    if (configuration.type && configuration.request) return configuration;
    const document = this.#vscode.window.activeTextEditor?.document;
    if (document?.languageId !== languageId) return undefined;
    return {
      ...configuration,
      type: debugType,
      request: 'launch',
      name: 'Debug Flow',
      program: pathOf(document.uri),
    };
  }

  /** Undefined when the person gave up, was told why not, or wanted a run without a debugger. */
  async resolveDebugConfigurationWithSubstitutedVariables(
    folder: WorkspaceFolder | undefined,
    configuration: DebugConfiguration,
  ): Promise<DebugConfiguration | undefined> {
    try {
      return configuration.request === 'attach'
        ? await this.#attach(configuration)
        : await this.#launch(folder, configuration);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** Undefined when the person gave up, or was told why the flow cannot run. Rejects with a ProductError. */
  async prepare(
    folder: WorkspaceFolder | undefined,
    { program, inputs, mode }: DebugConfiguration,
  ): Promise<PreparedLaunch | undefined> {
    const prepared = await this.#runFlow.prepare(this.#program(folder, program), asInputs(inputs));
    return prepared && { prepared, mode: mode === 'unattended' ? 'unattended' : 'attended' };
  }

  async #launch(
    folder: WorkspaceFolder | undefined,
    configuration: DebugConfiguration,
  ): Promise<DebugConfiguration | undefined> {
    const launch = await this.prepare(folder, configuration);
    if (!launch) return undefined;
    if (configuration.noDebug === true) {
      await this.#runFlow.enqueue(launch.prepared, { mode: launch.mode });
      return undefined;
    }
    const ticket = `launch ${++this.#tickets}`;
    // One that VS Code gave up on meanwhile is forgotten.
    this.#launches.clear();
    this.#launches.set(ticket, launch);
    const { inputs: _, ...rest } = configuration;
    return { ...rest, ticket };
  }

  #program(folder: WorkspaceFolder | undefined, program: unknown): Uri | undefined {
    if (typeof program !== 'string' || program === '') return undefined;
    const isWhole = isAbsolute(program) || /^[a-z][a-z0-9+.-]+:/i.test(program);
    return uriOf(this.#vscode, isWhole || !folder ? program : join(folder.uri.fsPath, program));
  }

  async #attach(configuration: DebugConfiguration): Promise<DebugConfiguration | undefined> {
    await this.#agent.look();
    const runId = configuration.runId || (await this.#pick());
    return runId === undefined ? undefined : { ...configuration, runId };
  }

  async #pick(): Promise<string | undefined> {
    const runs = this.#store.running().filter((run) => !isTerminal(run.state));
    if (runs.length === 0) {
      await this.#vscode.window.showInformationMessage(
        'Nothing is running: there is no run to attach to. Debug Flow starts one.',
      );
      return undefined;
    }
    if (runs.length === 1) return runs[0]?.id;
    const items = runs.map((run) => ({
      runId: run.id,
      label: flowName(run),
      description: runPhrase(run, this.#now(), this.#store.standing(run)),
      detail: `${timeText(run.requestedAt)} · ${oneLine(run.flow.path, 100)}`,
    }));
    return (
      await this.#vscode.window.showQuickPick(items, {
        title: 'Attach to which run?',
        matchOnDescription: true,
        matchOnDetail: true,
      })
    )?.runId;
  }
}

/** Inputs as launch.json has them: plain JSON; what the agent cannot use it refuses by name. */
function asInputs(inputs: unknown): Record<string, WireValue> {
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs)) return {};
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as WireValue),
    ]),
  );
}
