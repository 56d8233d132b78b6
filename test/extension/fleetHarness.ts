// What tests of machines and queues need beside the usual window: secrets, drag and drop, links, tasks, progress; and a window that holds the
// fleet alone, with an agent and orchestrators that live in this process.
import { Log } from '../../src/base/log.ts';
import { AgentConnection } from '../../src/extension/agents.ts';
import type { DialRemote } from '../../src/extension/fleet/fleet.ts';
import { type StartedFleet, startFleet } from '../../src/extension/fleet/startFleet.ts';
import { InputForm } from '../../src/extension/inputs.ts';
import type { FlowLanguage } from '../../src/extension/languageClient.ts';
import { memoryKeys } from '../../src/extension/names.ts';
import { OwnRuns } from '../../src/extension/ownRuns.ts';
import { RunFlow } from '../../src/extension/runFlow.ts';
import { RunStore } from '../../src/extension/runs.ts';
import type {
  DataTransfer,
  TreeDataProvider,
  TreeDragAndDropController,
} from '../../src/extension/vscode.ts';
import type { FlowRequestResult } from '../../src/protocol/editor.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeVSCode, Memento } from '../fakes/vscode.ts';
import { FakeServer } from './fakeServer.ts';
import { FakeAgent } from './harness.ts';

export class FakeSecrets {
  readonly values = new Map<string, string>();
  readonly #listeners = new Set<(event: { key: string }) => void>();
  readonly onDidChange = (listener: (event: { key: string }) => void) => {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  };
  async get(key: string): Promise<string | undefined> {
    return this.values.get(key);
  }
  async store(key: string, value: string): Promise<void> {
    this.values.set(key, value);
    for (const listener of this.#listeners) listener({ key });
  }
  async delete(key: string): Promise<void> {
    this.values.delete(key);
  }
}

class FakeData {
  readonly #items = new Map<string, { readonly value: unknown }>();
  set(mime: string, item: { readonly value: unknown }): void {
    this.#items.set(mime, item);
  }
  get(mime: string) {
    return this.#items.get(mime);
  }
}

type Row = unknown;
export interface Equipment {
  readonly vscode: FakeVSCode;
  readonly uriHandlers: { handleUri(uri: unknown): Promise<void> }[];
  readonly taskProviders: { provideTasks(): Promise<{ execution: unknown; name: string }[]> }[];
  /** Options with which views were made, and what was set on them. */
  readonly views: Map<
    string,
    {
      readonly dragAndDropController?: TreeDragAndDropController<Row>;
      readonly treeDataProvider: TreeDataProvider<Row>;
      readonly view: {
        badge?: { value: number; tooltip: string } | undefined;
        description?: string;
        selection: Row[];
      };
    }
  >;
}

/** Adds to the fake what the views and commands of machines use beyond it. */
export function equipped(vscode: FakeVSCode): Equipment {
  const equipment: Equipment = { vscode, uriHandlers: [], taskProviders: [], views: new Map() };
  const api = vscode.api as unknown as Record<string, Record<string, unknown>> & Record<string, unknown>;
  const none = { dispose: () => undefined };
  Object.assign(api, {
    ProgressLocation: { Notification: 15 },
    TaskScope: { Workspace: 2 },
    DataTransferItem: class {
      readonly value: unknown;
      constructor(value: unknown) {
        this.value = value;
      }
    },
    CustomExecution: class {
      readonly open: () => Promise<unknown>;
      constructor(open: () => Promise<unknown>) {
        this.open = open;
      }
    },
    Task: class {
      readonly definition: unknown;
      readonly scope: unknown;
      readonly name: string;
      readonly source: string;
      readonly execution: unknown;
      detail = '';
      constructor(definition: unknown, scope: unknown, name: string, source: string, execution: unknown) {
        this.definition = definition;
        this.scope = scope;
        this.name = name;
        this.source = source;
        this.execution = execution;
      }
    },
    tasks: {
      registerTaskProvider: (_type: string, provider: Equipment['taskProviders'][number]) => {
        equipment.taskProviders.push(provider);
        return none;
      },
    },
  });
  const window = api.window as Record<string, unknown>;
  const createTreeView = window.createTreeView as (id: string, options: object) => object;
  Object.assign(window, {
    withProgress: (_options: unknown, work: () => Promise<unknown>) => work(),
    registerUriHandler: (handler: Equipment['uriHandlers'][number]) => {
      equipment.uriHandlers.push(handler);
      return none;
    },
    createTreeView: (id: string, options: { treeDataProvider: TreeDataProvider<Row> }) => {
      const view = Object.defineProperties(
        { selection: [] as Row[] },
        Object.getOwnPropertyDescriptors(createTreeView(id, options)),
      );
      equipment.views.set(id, { ...options, view });
      return view;
    },
  });
  (api.workspace as Record<string, unknown>).asRelativePath = (uri: { path: string }) => uri.path.slice(1);
  return equipment;
}

export class FleetWindow {
  readonly clock = new FakeClock();
  readonly equipment = equipped(new FakeVSCode());
  readonly vscode = this.equipment.vscode;
  readonly agent = new FakeAgent(this.clock);
  readonly secrets = new FakeSecrets();
  readonly globalState = new Memento();
  readonly memory = new Memento();
  readonly runs = new RunStore();
  /** Orchestrators by address. */
  readonly servers = new Map<string, FakeServer>();
  flow: FlowRequestResult = {
    name: 'archive',
    inputs: [],
    outputs: [],
    blocking: [],
    companions: [],
    hash: '',
  };
  started!: StartedFleet;
  #connection!: AgentConnection;

  /** An orchestrator that was added in an earlier life of the window. */
  known(id: string, label: string): FakeServer {
    const fake = new FakeServer(this.clock);
    const address = `wss://${id}.example:7420`;
    this.servers.set(address, fake);
    const saved = this.globalState.get<object[]>(memoryKeys.servers, []);
    this.globalState.values.set(memoryKeys.servers, [...saved, { id, label, address }]);
    this.secrets.values.set(memoryKeys.token(id), 'good');
    return fake;
  }

  async open({ agent = true }: { readonly agent?: boolean } = {}): Promise<void> {
    const { clock, runs, vscode } = this;
    const log = new Log('test', () => clock.now());
    this.agent.running = agent;
    this.#connection = new AgentConnection(this.agent.port, runs, clock, log, () => 0.5);
    const language: Pick<FlowLanguage, 'ask'> = { ask: async () => this.flow as never };
    const runFlow = new RunFlow(
      vscode.api,
      language as FlowLanguage,
      this.#connection,
      new InputForm(vscode.api, this.memory),
      new OwnRuns(this.memory),
      log,
      'ada',
    );
    const dial: DialRemote = ({ address, token }) => (this.servers.get(address) as FakeServer).dial(token);
    this.started = startFleet({
      vscode: vscode.api,
      agent: this.#connection,
      runs,
      runFlow,
      globalState: this.globalState,
      workspaceState: this.memory,
      secrets: this.secrets as never,
      dial,
      clock,
      random: () => 0.5,
      log,
      showLog: () => undefined,
    });
    if (agent) await this.#connection.look();
    this.started.start();
    await this.settle();
  }

  async settle(): Promise<void> {
    await this.clock.advance(400);
  }

  /** Runs a command and lets it come to its next question, or to its end. */
  async run(command: string, ...args: unknown[]): Promise<void> {
    void this.vscode.run(command, ...args);
    await this.settle();
  }

  /** Answers the open dialog, and lets what follows happen. */
  async answer(choice: unknown): Promise<void> {
    this.vscode.dialog.answer(choice);
    await this.settle();
  }

  /** Chooses in the open quick pick the entry whose label has the text. */
  async choose(text: string): Promise<void> {
    const { quickPick } = this.vscode;
    const label = quickPick.items.map((item) => item.label).find((one) => one.includes(text));
    if (label === undefined)
      throw new Error(`no "${text}" among ${quickPick.items.map((item) => item.label).join(' | ')}`);
    quickPick.choose(label);
    quickPick.hide();
    await this.settle();
  }

  /** The row of a view whose label has the text. */
  async row(view: string, text: string): Promise<unknown> {
    const { treeDataProvider: provider } = this.equipment.views.get(view) as {
      treeDataProvider: TreeDataProvider<Row>;
    };
    const walk = async (parent?: Row): Promise<Row | undefined> => {
      for (const child of (await provider.getChildren(parent)) ?? []) {
        const item = await provider.getTreeItem(child);
        if (String(item.label).includes(text)) return child;
        const below = await walk(child);
        if (below) return below;
      }
      return undefined;
    };
    const found = await walk();
    if (!found) throw new Error(`no row "${text}" in ${view}`);
    return found;
  }

  async drop(view: string, from: readonly unknown[], to: unknown): Promise<void> {
    const { dragAndDropController: drag } = this.equipment.views.get(view) as {
      dragAndDropController: TreeDragAndDropController<Row>;
    };
    const data = new FakeData() as unknown as DataTransfer;
    await drag.handleDrag?.(from, data, {} as never);
    void drag.handleDrop?.(to, data, {} as never);
    await this.settle();
  }

  dispose(): void {
    this.started.dispose();
    this.#connection.dispose();
  }
}
