// The Machines view: this machine, the state of its agent, and why it cannot be reached when it cannot.
// A projection of the connection and the run store.
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { AgentConnection, AgentState } from '../agents.ts';
import { remedyOf } from '../failureMessage.ts';
import { machineFlags } from '../names.ts';
import type { RunStore } from '../runs.ts';
import type { TreeDataProvider, TreeItem, VSCode } from '../vscode.ts';
import { oneLine, timeText } from '../wording.ts';

export type MachineNode =
  | { readonly kind: 'machine' }
  | { readonly kind: 'failure'; readonly part: 'message' | 'nextStep' };

const thisMachine: MachineNode = { kind: 'machine' };
const failureParts: readonly MachineNode[] = [
  { kind: 'failure', part: 'message' },
  { kind: 'failure', part: 'nextStep' },
];

export class MachinesView implements TreeDataProvider<MachineNode>, Disposable {
  readonly #vscode: VSCode;
  readonly #agent: AgentConnection;
  readonly #store: RunStore;
  readonly #disposables = new DisposableStore();
  readonly onDidChangeTreeData;

  constructor(vscode: VSCode, agent: AgentConnection, store: RunStore) {
    this.#vscode = vscode;
    this.#agent = agent;
    this.#store = store;
    const changes = this.#disposables.add(new vscode.EventEmitter<MachineNode | undefined>());
    this.onDidChangeTreeData = changes.event;
    this.#disposables.add(agent.onDidChange(() => changes.fire(undefined)));
    let counts = this.#counts();
    this.#disposables.add(
      store.onDidChange(({ kind }) => {
        if ((kind !== 'run' && kind !== 'reset') || counts === this.#counts()) return;
        counts = this.#counts();
        changes.fire(thisMachine);
      }),
    );
  }

  /** Empty while no agent is started: the view's welcome text then says what to do. */
  getChildren(node?: MachineNode): MachineNode[] {
    const kind = this.#agent.state?.kind;
    if (node) return node.kind === 'machine' && kind === 'failed' ? [...failureParts] : [];
    return kind === undefined || kind === 'notStarted' ? [] : [thisMachine];
  }

  getTreeItem(node: MachineNode): TreeItem {
    const state = this.#agent.state ?? { kind: 'notStarted' };
    return node.kind === 'machine' ? this.#machineItem(state) : this.#failureItem(node.part, state);
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #machineItem(state: AgentState): TreeItem {
    const { ThemeIcon, ThemeColor, TreeItemCollapsibleState } = this.#vscode;
    const failed = state.kind === 'failed';
    const item = new this.#vscode.TreeItem(
      state.kind === 'connected' ? oneLine(state.machine.name, 60) : 'This machine',
      failed ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.None,
    );
    // A row keeps its old expansion: the failed one has an id of its own so that its reason is open.
    item.id = failed ? 'machine:this:failed' : 'machine:this';
    item.contextValue = machineFlags.machine;
    const tooltip = new this.#vscode.MarkdownString();
    const row = (name: string, value: string) => {
      tooltip.appendMarkdown(`\n\n**${name}:** `);
      tooltip.appendText(oneLine(value, 300));
    };
    switch (state.kind) {
      case 'connected':
        item.description = `Connected · ${this.#counts()}`;
        item.iconPath = new ThemeIcon('vm-active', new ThemeColor('testing.iconPassed'));
        item.contextValue += ` ${machineFlags.stoppable}`;
        tooltip.appendText(`${oneLine(state.machine.name, 60)} (this machine, ${state.machine.platform})`);
        row(
          'Agent',
          `version ${state.machine.agentVersion}, process ${state.pid}, since ${timeText(state.startedAt)}`,
        );
        row('Data folder', state.dataFolder);
        row('Attended runs as', state.machine.user);
        row('Runs at the same time', String(state.machine.slots));
        break;
      case 'starting':
        item.description = 'Starting the agent…';
        item.iconPath = new ThemeIcon('loading~spin');
        break;
      case 'reconnecting':
        item.description = `Connection lost, trying again (${state.attempt}) · ${this.#counts()} when last seen`;
        item.iconPath = new ThemeIcon('sync~spin');
        tooltip.appendText(`Connection lost: ${oneLine(state.reason, 200)}`);
        break;
      case 'failed':
        item.description = `Agent failed · ${oneLine(state.code, 60)}`;
        item.iconPath = new ThemeIcon('error', new ThemeColor('testing.iconFailed'));
        item.contextValue += ` ${machineFlags.startable}`;
        tooltip.appendText(oneLine(state.message, 500));
        break;
      case 'notStarted':
        item.description = 'Agent not started';
        item.iconPath = new ThemeIcon('vm-outline');
        item.contextValue += ` ${machineFlags.startable}`;
    }
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: `${item.label}, this machine: ${item.description}` };
    return item;
  }

  #failureItem(part: 'message' | 'nextStep', state: AgentState): TreeItem {
    const text = state.kind === 'failed' ? oneLine(state[part], 1_000) : '';
    const item = new this.#vscode.TreeItem(text, this.#vscode.TreeItemCollapsibleState.None);
    item.id = `machine:this:${part}`;
    item.iconPath = new this.#vscode.ThemeIcon(part === 'message' ? 'info' : 'lightbulb');
    item.tooltip = text;
    const remedy = part === 'nextStep' && state.kind === 'failed' ? remedyOf(this.#vscode, state) : undefined;
    if (remedy) item.command = remedy;
    item.accessibilityInformation = { label: `${part === 'message' ? 'Reason' : 'Next step'}: ${text}` };
    return item;
  }

  #counts(): string {
    return `${this.#store.running().length} running, ${this.#store.queued().length} queued`;
  }
}
