// The Run Queue view: what runs, what waits and in which order, what ended. A projection of the run store; holds only the
// row objects that VS Code compares by identity. One event refreshes one row, unless rows move.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { isTerminal, type Run } from '../../protocol/run.ts';
import { commandIds, flagsOf } from '../names.ts';
import type { RunChange, RunStore } from '../runs.ts';
import type { MarkdownString, TreeDataProvider, TreeItem, VSCode } from '../vscode.ts';
import {
  counted,
  durationText,
  errorText,
  flowName,
  oneLine,
  runPhrase,
  runTime,
  stateLooks,
  stateWord,
  timeText,
} from '../wording.ts';

type GroupName = 'running' | 'queued' | 'finished';

interface RunNode {
  readonly kind: 'run';
  readonly runId: string;
}
export type QueueNode = RunNode | { readonly kind: 'group'; readonly group: GroupName };

const groups: Readonly<
  Record<GroupName, { readonly node: QueueNode; readonly label: string; readonly icon: string }>
> = {
  running: { node: { kind: 'group', group: 'running' }, label: 'Running', icon: 'play-circle' },
  queued: { node: { kind: 'group', group: 'queued' }, label: 'Queued', icon: 'list-ordered' },
  finished: { node: { kind: 'group', group: 'finished' }, label: 'Recent', icon: 'history' },
};
const shownFinished = 50;
/** How often the durations of running rows move on while the view is visible. */
const tickMs = 1_000;

export class RunQueueView implements TreeDataProvider<QueueNode>, Disposable {
  readonly #vscode: VSCode;
  readonly #store: RunStore;
  readonly #clock: Clock;
  readonly #disposables = new DisposableStore();
  readonly #nodes = new Map<string, RunNode>();
  readonly #changes;
  readonly onDidChangeTreeData;
  #visible = false;
  #ticking: Disposable | undefined;
  #queueOrder = '';

  constructor(vscode: VSCode, store: RunStore, clock: Clock) {
    this.#vscode = vscode;
    this.#store = store;
    this.#clock = clock;
    this.#changes = this.#disposables.add(new vscode.EventEmitter<QueueNode | QueueNode[] | undefined>());
    this.onDidChangeTreeData = this.#changes.event;
    this.#disposables.add(store.onDidChange((change) => this.#changed(change)));
  }

  /** Durations move on only while somebody can see them. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    this.#tick();
  }

  getChildren(node?: QueueNode): QueueNode[] {
    if (!node) {
      const shown = (Object.keys(groups) as GroupName[]).filter((group) => this.#runsOf(group).length > 0);
      return shown.map((group) => groups[group].node);
    }
    if (node.kind === 'run') return [];
    return this.#runsOf(node.group).map((run) => this.#node(run.id));
  }

  getParent(node: QueueNode): QueueNode | undefined {
    if (node.kind === 'group') return undefined;
    const run = this.#store.get(node.runId);
    return run && groups[groupOf(run)].node;
  }

  getTreeItem(node: QueueNode): TreeItem {
    return node.kind === 'group' ? this.#groupItem(node.group) : this.#runItem(node.runId);
  }

  dispose(): void {
    this.#ticking?.dispose();
    this.#disposables.dispose();
  }

  #groupItem(group: GroupName): TreeItem {
    const { label, icon } = groups[group];
    const count = this.#runsOf(group).length;
    const item = new this.#vscode.TreeItem(label, this.#vscode.TreeItemCollapsibleState.Expanded);
    item.id = `group:${group}`;
    item.description = String(count);
    item.iconPath = new this.#vscode.ThemeIcon(icon);
    item.accessibilityInformation = { label: `${label}: ${counted(count, 'run')}` };
    return item;
  }

  #runItem(runId: string): TreeItem {
    const run = this.#store.get(runId);
    const item = new this.#vscode.TreeItem(
      run ? flowName(run) : '(gone)',
      this.#vscode.TreeItemCollapsibleState.None,
    );
    item.id = `run:${runId}`;
    if (!run) return item;
    const asks = this.#store.detail(runId).questions.size > 0;
    const phrase = `${asks ? 'Waits for your answer · ' : ''}${runPhrase(run, this.#clock.now(), this.#store.standing(run))}`;
    const look = asks
      ? { icon: 'comment-discussion', color: 'notificationsWarningIcon.foreground' }
      : stateLooks[run.state];
    item.description = phrase;
    item.iconPath = new this.#vscode.ThemeIcon(
      look.icon,
      look.color === undefined ? undefined : new this.#vscode.ThemeColor(look.color),
    );
    item.tooltip = this.#tooltip(run, phrase);
    item.contextValue = flagsOf(run, asks).join(' ');
    item.command = { command: commandIds.showRun, title: 'Show Run', arguments: [this.#node(runId)] };
    item.accessibilityInformation = {
      label: `${flowName(run)}, ${stateWord(run.state)}, ${phrase}${run.resubmitOf ? ', resubmitted' : ''}`,
    };
    return item;
  }

  #tooltip(run: Run, phrase: string): MarkdownString {
    const tooltip = new this.#vscode.MarkdownString();
    // Only `appendText` for what others wrote: a name must not become a link or an image.
    const row = (name: string, value: string) => {
      tooltip.appendMarkdown(`\n\n**${name}:** `);
      tooltip.appendText(oneLine(value, 300));
    };
    tooltip.appendText(`${flowName(run)}: ${phrase}`);
    row('Flow', run.flow.path);
    row(
      'Requested',
      `${timeText(run.requestedAt)} by ${run.requestedBy} (${run.mode}, priority ${run.priority})`,
    );
    if (run.state === 'Queued') row('Gives up waiting', timeText(run.expiresAt));
    if (run.startedAt !== undefined)
      row(
        'Started',
        `${timeText(run.startedAt)} after waiting ${durationText(run.startedAt - run.requestedAt)}`,
      );
    if (run.endedAt !== undefined)
      row(
        'Ended',
        `${timeText(run.endedAt)}${run.startedAt === undefined ? '' : ` after ${durationText(runTime(run, run.endedAt) ?? 0)}`}`,
      );
    if (run.error) {
      row('Error', errorText(run.error, 200));
      row('Next step', run.error.nextStep);
    }
    if (run.resubmitOf) row('Resubmitted from', run.resubmitOf);
    row('Run', run.id);
    return tooltip;
  }

  #changed(change: RunChange): void {
    switch (change.kind) {
      case 'reset':
        this.#nodes.clear();
        this.#queueOrder = this.#orderOfQueue();
        this.#changes.fire(undefined);
        break;
      case 'run':
        this.#runChanged(change.run, change.before);
        break;
      case 'question':
      case 'answered':
        this.#changes.fire(this.#node(change.runId));
        break;
      case 'detail':
        return;
    }
    this.#tick();
  }

  #runChanged(run: Run, before: Run | undefined): void {
    const group = groupOf(run);
    const oldGroup = before && groupOf(before);
    const order = this.#orderOfQueue();
    const queueMoved = order !== this.#queueOrder;
    this.#queueOrder = order;
    this.#changes.fire(this.#redrawnFor(run, group, oldGroup, queueMoved));
  }

  /** The fewest rows that show a change of `run`; undefined is the whole tree. */
  #redrawnFor(
    run: Run,
    group: GroupName,
    oldGroup: GroupName | undefined,
    queueMoved: boolean,
  ): QueueNode | QueueNode[] | undefined {
    if (group === oldGroup && !queueMoved) return this.#node(run.id);
    // A group that appears or disappears is a row of the root.
    const appeared = group !== oldGroup && this.#runsOf(group).length === 1;
    const disappeared = oldGroup !== undefined && group !== oldGroup && this.#runsOf(oldGroup).length === 0;
    if (appeared || disappeared) return undefined;
    const touched = new Set<GroupName>([
      group,
      ...(oldGroup ? [oldGroup] : []),
      ...(queueMoved ? (['queued'] as const) : []),
    ]);
    return [...touched].map((name) => groups[name].node);
  }

  #orderOfQueue(): string {
    return this.#store
      .queued()
      .map(({ id }) => id)
      .join(' ');
  }

  #tick(): void {
    if (this.#ticking || !this.#visible || this.#store.running().length === 0) return;
    this.#ticking = this.#clock.after(tickMs, () => {
      this.#ticking = undefined;
      if (!this.#visible) return;
      for (const run of this.#store.running()) this.#changes.fire(this.#node(run.id));
      this.#tick();
    });
  }

  #runsOf(group: GroupName): Run[] {
    switch (group) {
      case 'running':
        return this.#store.running();
      case 'queued':
        return this.#store.queued();
      case 'finished':
        return this.#store.finished().slice(0, shownFinished);
    }
  }

  #node(runId: string): RunNode {
    let known = this.#nodes.get(runId);
    if (!known) {
      known = { kind: 'run', runId };
      this.#nodes.set(runId, known);
    }
    return known;
  }
}

function groupOf(run: Run): GroupName {
  if (isTerminal(run.state)) return 'finished';
  return run.state === 'Queued' ? 'queued' : 'running';
}
