// The Run Queue view: per machine and group what runs, what waits and in which order, what ended. A projection of the run store; holds only
// the row objects that VS Code compares by identity, how much of each list is shown, and a filter. One event redraws the rows it changed.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter } from '../../base/event.ts';
import { isTerminal, type Run } from '../../protocol/run.ts';
import { Coalesced } from '../coalesced.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Server } from '../fleet/server.ts';
import type { WaitingReasons } from '../fleet/waitingReasons.ts';
import { t } from '../l10n.ts';
import { commandIds, flagsOf, hiddenFleetCommandIds, machineFlags, viewIds } from '../names.ts';
import { localSource, type RunChange, type RunStore } from '../runs.ts';
import type { CancellationToken, TreeDataProvider, TreeItem, VSCode } from '../vscode.ts';
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
import { emptyFilter, matches, type RunFilter } from './runFilter.ts';

export type ListName = 'running' | 'queued' | 'finished';

export interface RunNode {
  readonly kind: 'run';
  readonly runId: string;
}
interface ListPlace {
  readonly server: string;
  readonly queue: string;
  readonly list: ListName;
}
export type QueueNode =
  | RunNode
  | { readonly kind: 'queue'; readonly server: string; readonly queue: string }
  | ({ readonly kind: 'list' } & ListPlace)
  | ({ readonly kind: 'more' } & ListPlace)
  /** A server that cannot be reached: what is shown of it may be old. */
  | { readonly kind: 'away'; readonly server: string };

const listNames: readonly ListName[] = ['running', 'queued', 'finished'];
const listLooks: Readonly<Record<ListName, { readonly label: () => string; readonly icon: string }>> = {
  running: { label: () => t('Running'), icon: 'play-circle' },
  queued: { label: () => t('Queued'), icon: 'list-ordered' },
  finished: { label: () => t('Recent'), icon: 'history' },
};
/** How many runs of a list are shown at first, and how many more each time. */
const pageOf: Readonly<Record<ListName, number>> = { running: 200, queued: 100, finished: 50 };
/** Events come faster than anybody can see; this much later their rows are redrawn, all at once. */
const redrawMs = 50;
/** How often the durations of running rows move on while the view is visible. */
const tickMs = 1_000;
/** Rows that count down are redrawn every so many ticks. */
const countdownTicks = 15;
/** A run that gives up waiting within this time says so in its row. */
const soonMs = 10 * 60_000;

export class QueueTree implements TreeDataProvider<QueueNode>, Disposable {
  readonly #vscode: VSCode;
  readonly #fleet: Fleet;
  readonly #runs: RunStore;
  readonly #reasons: WaitingReasons;
  readonly #clock: Clock;
  readonly #disposables = new DisposableStore();
  readonly #nodes = new Map<string, QueueNode>();
  /** List → how many of its runs are shown, where these are more than at first. */
  readonly #shown = new Map<string, number>();
  readonly #changes;
  readonly #filtered = new Emitter<RunFilter>();
  readonly #stale = new Set<QueueNode>();
  readonly #redraw: Coalesced;
  #all = false;
  #filter = emptyFilter;
  #visible = false;
  #ticking: Disposable | undefined;
  #ticks = 0;
  /** With so many rows it is time to forget some. */
  #sweepAt = 1_000;
  /** Which queues the root shows. */
  #roots = '';
  readonly onDidChangeTreeData;
  readonly onDidFilter = this.#filtered.event;

  constructor(vscode: VSCode, fleet: Fleet, runs: RunStore, reasons: WaitingReasons, clock: Clock) {
    this.#vscode = vscode;
    this.#fleet = fleet;
    this.#runs = runs;
    this.#reasons = reasons;
    this.#clock = clock;
    this.#changes = this.#disposables.add(new vscode.EventEmitter<QueueNode | QueueNode[] | undefined>());
    this.onDidChangeTreeData = this.#changes.event;
    this.#redraw = this.#disposables.add(new Coalesced(clock, redrawMs, () => this.#flush()));
    this.#disposables.add(runs.onDidChange((change) => this.#changed(change)));
    this.#disposables.add(
      fleet.onDidChange((news) => {
        if (news.kind === 'servers' || news.change.kind === 'structure') this.#invalidate(undefined);
      }),
    );
    this.#disposables.add(reasons.onDidChange((runId) => this.#invalidate(this.node(runId))));
  }

  /** Durations move on and reasons are asked for only while somebody can see them. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    this.#tick();
    this.#askHeads();
  }

  get filter(): RunFilter {
    return this.#filter;
  }

  setFilter(filter: RunFilter): void {
    this.#filter = filter;
    this.#filtered.fire(filter);
    this.#invalidate(undefined);
  }

  /** Shows the next page of a list; `load`: asks the server for older runs when all that is known is shown. Rejects with a ProductError. */
  async showMore({ server, queue, list }: ListPlace): Promise<void> {
    const key = keyOf({ server, queue, list });
    const shown = (this.#shown.get(key) ?? pageOf[list]) + pageOf[list];
    this.#shown.set(key, shown);
    if (list === 'finished' && this.#runsOf({ server, queue, list }).length < shown)
      await this.#fleet.server(server)?.older();
    this.#invalidate(undefined);
  }

  getChildren(node?: QueueNode): QueueNode[] {
    switch (node?.kind) {
      case undefined:
        return this.#rootNodes();
      case 'queue':
        return this.#listNodes(node.server, node.queue);
      case 'list':
        return this.#rowsOf(node);
      default:
        return [];
    }
  }

  getParent(node: QueueNode): QueueNode | undefined {
    switch (node.kind) {
      case 'queue':
      case 'away':
        return undefined;
      case 'list':
        return this.#isFlat() ? undefined : this.#node({ ...node, kind: 'queue' });
      case 'more':
        return this.#node({ ...node, kind: 'list' });
      case 'run': {
        const place = this.#placeOf(node.runId);
        return place && this.#node({ kind: 'list', ...place });
      }
    }
  }

  getTreeItem(node: QueueNode): TreeItem {
    switch (node.kind) {
      case 'queue':
        return this.#queueItem(node);
      case 'list':
        return this.#listItem(node);
      case 'more':
        return this.#moreItem(node);
      case 'away':
        return this.#awayItem(node.server);
      case 'run':
        return this.#runItem(node.runId);
    }
  }

  /** Adds to the tooltip of a run that waits what it waits for, which its server is asked. */
  async resolveTreeItem(item: TreeItem, node: QueueNode, token: CancellationToken): Promise<TreeItem> {
    if (node.kind !== 'run') return item;
    const run = this.#runs.get(node.runId);
    if (!run) return item;
    if (run.state === 'Queued') await this.#reasons.ask(run.id);
    if (!token.isCancellationRequested) item.tooltip = this.#tooltip(run);
    return item;
  }

  /** The row of a run. */
  node(runId: string): RunNode {
    return this.#node({ kind: 'run', runId }) as RunNode;
  }

  dispose(): void {
    this.#ticking?.dispose();
    this.#disposables.dispose();
    this.#filtered.dispose();
  }

  // ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** One machine and nothing else: its lists need no row above them. */
  #isFlat(): boolean {
    const { servers } = this.#fleet;
    return servers.length === 1 && (servers[0]?.store.queues().length ?? 0) <= 1;
  }

  #rootNodes(): QueueNode[] {
    if (this.#isFlat()) {
      const { store } = this.#fleet.local;
      const queue = store.queues()[0]?.id ?? [...store.runs.queues()][0];
      return queue === undefined ? [] : this.#listNodes(localSource, queue);
    }
    return this.#fleet.servers.flatMap((server) => [
      ...(isAway(server) ? [this.#node({ kind: 'away', server: server.id })] : []),
      ...server.store.queues().map(({ id }) => this.#node({ kind: 'queue', server: server.id, queue: id })),
    ]);
  }

  #listNodes(server: string, queue: string): QueueNode[] {
    return listNames
      .filter((list) => this.#unfiltered({ server, queue, list }).length > 0)
      .map((list) => this.#node({ kind: 'list', server, queue, list }));
  }

  #rowsOf(place: ListPlace): QueueNode[] {
    const runs = this.#runsOf(place);
    const shown = this.#shown.get(keyOf(place)) ?? pageOf[place.list];
    const rows: QueueNode[] = runs.slice(0, shown).map(({ id }) => this.node(id));
    if (runs.length > shown || this.#mayHaveOlder(place, runs.length))
      rows.push(this.#node({ kind: 'more', server: place.server, queue: place.queue, list: place.list }));
    return rows;
  }

  /** A source keeps so many ended runs; when it is full, its server may know older ones. */
  #mayHaveOlder({ server, list }: ListPlace, shown: number): boolean {
    const kept = this.#fleet.server(server)?.store.runs.count('finished') ?? 0;
    return list === 'finished' && shown > 0 && kept >= keptAtFirst && kept < mostKept;
  }

  #unfiltered({ server, queue, list }: ListPlace): readonly Run[] {
    return this.#fleet.server(server)?.store.runs[list](queue) ?? [];
  }

  #runsOf(place: ListPlace): readonly Run[] {
    const runs = this.#unfiltered(place);
    return this.#filter === emptyFilter ? runs : runs.filter((run) => matches(this.#filter, run));
  }

  #node(wanted: QueueNode): QueueNode {
    const key = idOf(wanted);
    let known = this.#nodes.get(key);
    if (!known) {
      // Without what a spread brought along.
      known = cleaned(wanted);
      this.#nodes.set(key, known);
    }
    return known;
  }

  #placeOf(runId: string): ListPlace | undefined {
    const run = this.#runs.get(runId);
    const server = this.#runs.sourceOf(runId);
    return run && server !== undefined ? { server, queue: run.queue, list: listOf(run) } : undefined;
  }

  // ── looks ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #queueItem({ server: id, queue }: { readonly server: string; readonly queue: string }): TreeItem {
    const server = this.#fleet.server(id);
    const store = server?.store;
    const group = store?.group(queue);
    const machine = store?.machine(queue);
    const known = store?.queues().find((one) => one.id === queue)?.name;
    const name = oneLine(known ?? '', 60) || t('a machine that is gone');
    const item = new this.#vscode.TreeItem(name, this.#vscode.TreeItemCollapsibleState.Expanded);
    item.id = `queue:${id}/${queue}`;
    const counts = this.#counts(id, queue);
    const where = id === localSource ? t('this machine') : oneLine(server?.label ?? '', 60);
    const note =
      (group ?? machine)?.settings.maintenance === true
        ? ` · ${t('Maintenance')}`
        : machine && !machine.online
          ? ` · ${t('Offline')}`
          : '';
    item.description = `${counts}${note} · ${where}`;
    item.iconPath = new this.#vscode.ThemeIcon(
      group ? 'layers' : machine?.online === false ? 'vm-outline' : 'vm',
    );
    item.contextValue = machineFlags.queue;
    item.accessibilityInformation = {
      label: `${group ? t('Machine group') : t('Machine')} ${name}: ${item.description}`,
    };
    return item;
  }

  #counts(server: string, queue: string): string {
    const running = this.#unfiltered({ server, queue, list: 'running' }).length;
    const queued = this.#unfiltered({ server, queue, list: 'queued' }).length;
    return t('{0} running, {1} queued', running, queued);
  }

  #listItem(place: ListPlace): TreeItem {
    const look = listLooks[place.list];
    const all = this.#unfiltered(place).length;
    const count = this.#runsOf(place).length;
    const item = new this.#vscode.TreeItem(look.label(), this.#vscode.TreeItemCollapsibleState.Expanded);
    item.id = idOf({ ...place, kind: 'list' });
    item.description = count === all ? String(all) : t('{0} of {1}', count, all);
    item.iconPath = new this.#vscode.ThemeIcon(look.icon);
    item.accessibilityInformation = { label: `${look.label()}: ${counted(count, 'run')}` };
    return item;
  }

  #moreItem(place: ListPlace): TreeItem {
    const left = this.#runsOf(place).length - (this.#shown.get(keyOf(place)) ?? pageOf[place.list]);
    const text =
      left > 0 ? t('Show {0} more of {1}', Math.min(left, pageOf[place.list]), left) : t('Show older runs');
    const item = new this.#vscode.TreeItem(text, this.#vscode.TreeItemCollapsibleState.None);
    item.id = idOf({ ...place, kind: 'more' });
    item.iconPath = new this.#vscode.ThemeIcon('ellipsis');
    item.command = { command: hiddenFleetCommandIds.showMoreRuns, title: text, arguments: [place] };
    item.accessibilityInformation = { label: text };
    return item;
  }

  #awayItem(id: string): TreeItem {
    const server = this.#fleet.server(id);
    const item = new this.#vscode.TreeItem(
      oneLine(server?.label ?? '', 60),
      this.#vscode.TreeItemCollapsibleState.None,
    );
    item.id = `away:${id}`;
    item.description = awayText(server);
    item.iconPath = new this.#vscode.ThemeIcon(
      server?.state.kind === 'failed' ? 'error' : 'debug-disconnect',
    );
    item.tooltip = item.description;
    item.command = { command: `${viewIds.machines}.focus`, title: t('Show Machines') };
    item.accessibilityInformation = { label: `${item.label}: ${item.description}` };
    return item;
  }

  #runItem(runId: string): TreeItem {
    const run = this.#runs.get(runId);
    const item = new this.#vscode.TreeItem(
      run ? flowName(run) : t('(gone)'),
      this.#vscode.TreeItemCollapsibleState.None,
    );
    item.id = `run:${runId}`;
    if (!run) return item;
    const asks = this.#runs.detail(runId).questions.size > 0;
    const phrase = this.#phrase(run, asks);
    const look = asks
      ? { icon: 'comment-discussion', color: 'notificationsWarningIcon.foreground' }
      : stateLooks[run.state];
    item.description = phrase;
    item.iconPath = new this.#vscode.ThemeIcon(
      look.icon,
      look.color === undefined ? undefined : new this.#vscode.ThemeColor(look.color),
    );
    // The tooltip comes when it is asked for: thousands of rows are made, few are hovered.
    item.contextValue = flagsOf(run, asks).join(' ');
    item.command = { command: commandIds.showRun, title: t('Show Run'), arguments: [this.node(runId)] };
    item.accessibilityInformation = {
      label: `${flowName(run)}, ${stateWord(run.state)}, ${phrase}${run.resubmitOf ? `, ${t('resubmitted')}` : ''}`,
    };
    return item;
  }

  #now(run: Run): number {
    return this.#fleet.serverTime(run, this.#clock.now());
  }

  #phrase(run: Run, asks: boolean): string {
    const parts = [runPhrase(run, this.#now(run), this.#runs.standing(run))];
    if (asks) parts.unshift(t('Waits for your answer'));
    if (run.state === 'Queued') {
      if (run.priority === 'high') parts.push(t('high priority'));
      if (run.movedToTopAt !== undefined) parts.push(t('moved to the top'));
      // Of those behind it, it is the place that they wait for.
      const reason = this.#runs.standing(run).ahead === 0 ? this.#reasons.known(run.id) : undefined;
      if (reason) parts.push(oneLine(reason.brief, 80));
      const left = run.expiresAt - this.#now(run);
      if (left < soonMs) parts.push(t('gives up in {0}', durationText(Math.max(0, left))));
    }
    // Whose it is says something only where several people are.
    if (!isTerminal(run.state) && this.#runs.sourceOf(run.id) !== localSource)
      parts.push(oneLine(run.requestedBy, 40));
    return parts.join(' · ');
  }

  #tooltip(run: Run) {
    const now = this.#now(run);
    const tooltip = new this.#vscode.MarkdownString();
    // Only `appendText` for what others wrote: a name must not become a link or an image.
    const row = (name: string, value: string) => {
      tooltip.appendMarkdown(`\n\n**${name}:** `);
      tooltip.appendText(oneLine(value, 300));
    };
    tooltip.appendText(
      `${flowName(run)}: ${this.#phrase(run, this.#runs.detail(run.id).questions.size > 0)}`,
    );
    const reason = run.state === 'Queued' ? this.#reasons.known(run.id) : undefined;
    if (reason) {
      row(t('Waits because'), reason.message);
      row(t('Who can change that'), reason.nextStep);
      if (reason.forecast) row(t('Expected to start'), reason.forecast);
    }
    row(t('Flow'), run.flow.path);
    row(
      t('Requested'),
      t('{0} by {1} ({2}, priority {3})', timeText(run.requestedAt), run.requestedBy, run.mode, run.priority),
    );
    row(t('Queue'), this.#fleet.nameOf(run.queue) ?? run.queue);
    if (run.machine !== undefined) row(t('Machine'), this.#fleet.nameOf(run.machine) ?? run.machine);
    if (run.session !== undefined) row(t('Session'), run.session);
    if (run.state === 'Queued') {
      const left = durationText(Math.max(0, run.expiresAt - now));
      row(t('Gives up waiting'), t('in {0}, at {1}', left, timeText(run.expiresAt)));
    }
    if (run.startedAt !== undefined)
      row(
        t('Started'),
        t('{0} after waiting {1}', timeText(run.startedAt), durationText(run.startedAt - run.requestedAt)),
      );
    if (run.endedAt !== undefined) {
      const took = runTime(run, run.endedAt);
      row(
        t('Ended'),
        took === undefined
          ? timeText(run.endedAt)
          : t('{0} after {1}', timeText(run.endedAt), durationText(took)),
      );
    }
    if (run.error) {
      row(t('Error'), errorText(run.error, 200));
      row(t('Next step'), run.error.nextStep);
    }
    if (run.resubmitOf) row(t('Resubmitted from'), run.resubmitOf);
    row(t('Run'), run.id);
    return tooltip;
  }

  // ── changes ───────────────────────────────────────────────────────────────────────────────────────────────────

  #changed(change: RunChange): void {
    switch (change.kind) {
      case 'reset':
        this.#sweep();
        this.#invalidate(undefined);
        break;
      case 'run':
        this.#runChanged(change.run, change.before);
        break;
      case 'question':
      case 'answered':
        this.#invalidate(this.node(change.runId));
        break;
      case 'detail':
        return;
    }
    this.#tick();
  }

  #runChanged(run: Run, before: Run | undefined): void {
    const place = this.#placeOf(run.id);
    if (!place) return;
    const list = place.list;
    const old = before && listOf(before);
    if (list === old && (list === 'finished' || samePlace(run, before as Run))) {
      this.#invalidate(this.node(run.id));
      return;
    }
    const at = (name: ListName) => ({ ...place, list: name });
    // A list or a queue that appears or disappears is a row of what is above it.
    const touched = [...new Set<ListName>([list, ...(old ? [old] : [])])];
    const came = list !== old && this.#unfiltered(place).length === 1;
    const went = old !== undefined && list !== old && this.#unfiltered(at(old)).length === 0;
    if (this.#isFlat()) {
      if (came || went) this.#invalidate(undefined);
      else for (const name of touched) this.#invalidate(this.#node({ kind: 'list', ...at(name) }));
    } else if (list === old) this.#invalidate(this.#node({ kind: 'list', ...place }));
    else this.#invalidate(this.#queueNode(place));
    this.#askHeads();
  }

  /** The row of a queue; the whole tree when the root does not show it yet. */
  #queueNode({ server, queue }: ListPlace): QueueNode | undefined {
    const node = this.#node({ kind: 'queue', server, queue });
    return this.#roots.includes(idOf(node)) ? node : undefined;
  }

  /** Undefined: the whole tree. */
  #invalidate(node: QueueNode | undefined): void {
    if (node) this.#stale.add(node);
    else this.#all = true;
    this.#redraw.soon();
  }

  #flush(): void {
    if (this.#nodes.size > this.#sweepAt) this.#sweep();
    const roots = this.#rootNodes().map(idOf).join('\n');
    if (this.#all || roots !== this.#roots) this.#changes.fire(undefined);
    else {
      // What is below a row that is redrawn is redrawn with it.
      const rows = [...this.#stale].filter((node) => !this.#isBelowStale(node));
      if (rows.length > 0) this.#changes.fire(rows);
    }
    this.#roots = roots;
    this.#all = false;
    this.#stale.clear();
  }

  /** Forgets the rows of runs that are not known any more. */
  #sweep(): void {
    for (const [key, node] of this.#nodes)
      if (node.kind === 'run' && !this.#runs.get(node.runId)) this.#nodes.delete(key);
    this.#sweepAt = 2 * this.#nodes.size + 1_000;
  }

  #isBelowStale(node: QueueNode): boolean {
    for (let above = this.getParent(node); above; above = this.getParent(above))
      if (this.#stale.has(above)) return true;
    return false;
  }

  /** What the first of each queue waits for is part of its row. */
  #askHeads(): void {
    if (!this.#visible) return;
    for (const { store, state } of this.#fleet.servers) {
      if (state.kind !== 'connected') continue;
      for (const queue of store.runs.queues()) {
        const head = store.runs.queued(queue)[0];
        if (head) this.#reasons.watch(head.id);
      }
    }
  }

  #tick(): void {
    if (this.#ticking || !this.#visible) return;
    if (this.#runs.running().length === 0 && this.#counting().length === 0) return;
    this.#ticking = this.#clock.after(tickMs, () => {
      this.#ticking = undefined;
      if (!this.#visible) return;
      for (const { id } of this.#runs.running()) this.#stale.add(this.node(id));
      if (++this.#ticks % countdownTicks === 0)
        for (const { id } of this.#counting()) this.#stale.add(this.node(id));
      this.#flush();
      this.#tick();
    });
  }

  /** Runs on the screen that give up soon. */
  #counting(): Run[] {
    return this.#fleet.servers.flatMap(({ id, store }) =>
      [...store.runs.queues()].flatMap((queue) =>
        store.runs
          .queued(queue)
          .slice(0, this.#shown.get(keyOf({ server: id, queue, list: 'queued' })) ?? pageOf.queued)
          .filter((run) => run.expiresAt - this.#now(run) < soonMs),
      ),
    );
  }
}

/** As in RunStore: so many ended runs are kept at first; a server lists so many. */
const keptAtFirst = 500;
const mostKept = 1_000;

const listOf = ({ state }: Run): ListName =>
  isTerminal(state) ? 'finished' : state === 'Queued' ? 'queued' : 'running';

const samePlace = (a: Run, b: Run): boolean =>
  a.priority === b.priority && a.movedToTopAt === b.movedToTopAt && a.startedAt === b.startedAt;

const keyOf = ({ server, queue, list }: ListPlace): string => `${server}/${queue}/${list}`;

function idOf(node: QueueNode): string {
  switch (node.kind) {
    case 'run':
      return `run:${node.runId}`;
    case 'queue':
      return `queue:${node.server}/${node.queue}`;
    case 'away':
      return `away:${node.server}`;
    default:
      return `${node.kind}:${keyOf(node)}`;
  }
}

function cleaned(node: QueueNode): QueueNode {
  switch (node.kind) {
    case 'run':
      return { kind: 'run', runId: node.runId };
    case 'queue':
      return { kind: 'queue', server: node.server, queue: node.queue };
    case 'away':
      return { kind: 'away', server: node.server };
    default:
      return { kind: node.kind, server: node.server, queue: node.queue, list: node.list };
  }
}

const isAway = ({ id, state }: Server): boolean =>
  state.kind !== 'connected' && !(id === localSource && state.kind === 'off');

function awayText(server: Server | undefined): string {
  const state = server?.state;
  switch (state?.kind) {
    case 'failed':
      return t('{0} The rows below are as they were last seen.', oneLine(state.message, 200));
    case 'connecting':
      return t('Connecting…');
    case 'reconnecting':
      return t(
        'Connection lost, trying again ({0}). The rows below are as they were last seen.',
        state.attempt,
      );
    default:
      return t('Not connected');
  }
}
