// The Machines view: this machine and every orchestrator with its groups, machines, their sessions and connections; each with its state,
// and why it cannot be reached when it cannot. A projection of the fleet; holds only the row objects that VS Code compares by identity.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { MachineFacts } from '../../protocol/fleet.ts';
import type { SessionFacts } from '../../protocol/sessions.ts';
import type { AgentConnection } from '../agents.ts';
import { Coalesced } from '../coalesced.ts';
import { remedyOf } from '../failureMessage.ts';
import type { Fleet, FleetNews } from '../fleet/fleet.ts';
import type { ListedGroup, ListedMachine } from '../fleet/fleetStore.ts';
import type { Server } from '../fleet/server.ts';
import { t } from '../l10n.ts';
import { fleetCommandIds, machineFlags } from '../names.ts';
import { localSource, type RunStore } from '../runs.ts';
import type { MarkdownString, TreeDataProvider, TreeItem, VSCode } from '../vscode.ts';
import { oneLine, timeText } from '../wording.ts';

interface OfServer {
  readonly server: string;
}
export type MachineNode =
  /** The machine of this window. */
  | ({ readonly kind: 'own' } & OfServer)
  | ({ readonly kind: 'server' } & OfServer)
  | ({ readonly kind: 'group'; readonly id: string } & OfServer)
  | ({ readonly kind: 'machine'; readonly id: string } & OfServer)
  | ({ readonly kind: 'session'; readonly machine: string; readonly id: string } & OfServer)
  | ({ readonly kind: 'unseen'; readonly machine: string } & OfServer)
  | ({ readonly kind: 'connections' } & OfServer)
  | ({ readonly kind: 'connection'; readonly id: string } & OfServer)
  | ({ readonly kind: 'failure'; readonly part: 'message' | 'nextStep' } & OfServer);

const redrawMs = 50;

export class MachineTree implements TreeDataProvider<MachineNode>, Disposable {
  readonly #vscode: VSCode;
  readonly #fleet: Fleet;
  readonly #agent: AgentConnection;
  readonly #clock: Clock;
  readonly #disposables = new DisposableStore();
  readonly #nodes = new Map<string, MachineNode>();
  readonly #stale = new Set<MachineNode>();
  readonly #redraw: Coalesced;
  #all = false;
  readonly #changes;
  readonly onDidChangeTreeData;

  constructor(vscode: VSCode, fleet: Fleet, agent: AgentConnection, runs: RunStore, clock: Clock) {
    this.#vscode = vscode;
    this.#fleet = fleet;
    this.#agent = agent;
    this.#clock = clock;
    this.#changes = this.#disposables.add(new vscode.EventEmitter<MachineNode | MachineNode[] | undefined>());
    this.onDidChangeTreeData = this.#changes.event;
    this.#redraw = this.#disposables.add(new Coalesced(clock, redrawMs, () => this.#flush()));
    this.#disposables.add(fleet.onDidChange((news) => this.#changed(news)));
    let counts = this.#ownCounts();
    this.#disposables.add(
      runs.onDidChange((change) => {
        if (change.kind === 'run' && change.run.machine !== undefined) this.#runChanged(change.run.machine);
        if ((change.kind !== 'run' && change.kind !== 'reset') || counts === this.#ownCounts()) return;
        counts = this.#ownCounts();
        this.#invalidate(this.#node({ kind: 'own', server: localSource }));
      }),
    );
  }

  /** Empty while there is nothing but an agent that is not started: the view's welcome text then says what to do. */
  getChildren(node?: MachineNode): MachineNode[] {
    if (!node) return this.#rootNodes();
    const server = this.#fleet.server(node.server);
    if (!server) return [];
    switch (node.kind) {
      case 'own':
        return [...this.#failureNodes(server), ...this.#insideOwn(server)];
      case 'server':
        return [...this.#failureNodes(server), ...this.#insideServer(server)];
      case 'group':
        return this.#machinesIn(server, node.id);
      case 'machine':
        return this.#sessionNodes(server, server.store.machine(node.id));
      case 'connections':
        return server.store.lists.connections
          .toSorted((a, b) => a.name.localeCompare(b.name))
          .map(({ id }) => this.#node({ kind: 'connection', server: server.id, id }));
      default:
        return [];
    }
  }

  getTreeItem(node: MachineNode): TreeItem {
    const server = this.#fleet.server(node.server);
    const item = server ? this.#itemOf(node, server) : new this.#vscode.TreeItem(t('(gone)'));
    item.id = idOf(node);
    // A row keeps its old expansion: the failed one has an id of its own so that its reason is open.
    if (node.kind === 'own' && server?.state.kind === 'failed') item.id += ':failed';
    return item;
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  // ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #rootNodes(): MachineNode[] {
    return this.#fleet.servers.flatMap((server) => {
      if (server.kind === 'orchestrator') return [this.#node({ kind: 'server', server: server.id })];
      return server.state.kind === 'off' && this.#fleet.servers.length === 1
        ? []
        : [this.#node({ kind: 'own', server: server.id })];
    });
  }

  #failureNodes({ id, state }: Server): MachineNode[] {
    if (state.kind !== 'failed') return [];
    return [
      this.#node({ kind: 'failure', server: id, part: 'message' }),
      this.#node({ kind: 'failure', server: id, part: 'nextStep' }),
    ];
  }

  #insideOwn(server: Server): MachineNode[] {
    if (server.state.kind !== 'connected' || !server.store.isKnown) return [];
    // Its agent may have been told of others by hand; the own one is the row above.
    const own = this.#own(server);
    return [
      ...this.#sessionNodes(server, own),
      ...server.store.lists.machines
        .filter(({ id }) => id !== own?.id)
        .map(({ id }) => this.#node({ kind: 'machine', server: server.id, id })),
      ...this.#connectionNodes(server),
    ];
  }

  #insideServer(server: Server): MachineNode[] {
    if (!server.store.isKnown) return [];
    const groups = server.store.lists.groups
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .map(({ id }) => this.#node({ kind: 'group', server: server.id, id }));
    return [...groups, ...this.#machinesIn(server, undefined), ...this.#connectionNodes(server)];
  }

  /** Its connections; no row while there are none: the command to add one is on the row above. */
  #connectionNodes(server: Server): MachineNode[] {
    return server.store.lists.connections.length === 0
      ? []
      : [this.#node({ kind: 'connections', server: server.id })];
  }

  #machinesIn({ id: server, store }: Server, group: string | undefined): MachineNode[] {
    return store.lists.machines
      .filter((machine) => machine.group === group)
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .map(({ id }) => this.#node({ kind: 'machine', server, id }));
  }

  #sessionNodes({ id: server }: Server, machine: ListedMachine | undefined): MachineNode[] {
    if (!machine?.facts || !machine.online) return [];
    const { sessions } = machine.facts;
    if (sessions === undefined) return [this.#node({ kind: 'unseen', server, machine: machine.id })];
    return sessions.map(({ id }) => this.#node({ kind: 'session', server, machine: machine.id, id }));
  }

  #own({ store }: Server): ListedMachine | undefined {
    const { state } = this.#agent;
    return state?.kind === 'connected' ? store.machine(state.machine.id) : undefined;
  }

  #node(wanted: MachineNode): MachineNode {
    const key = idOf(wanted);
    const known = this.#nodes.get(key);
    if (known) return known;
    this.#nodes.set(key, wanted);
    return wanted;
  }

  // ── looks ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #itemOf(node: MachineNode, server: Server): TreeItem {
    switch (node.kind) {
      case 'own':
        return this.#ownItem(server);
      case 'server':
        return this.#serverItem(server);
      case 'group':
        return this.#groupItem(server, server.store.group(node.id));
      case 'machine':
        return this.#machineItem(server, server.store.machine(node.id));
      case 'session':
        return this.#sessionItem(server, server.store.machine(node.machine), node.id);
      case 'unseen':
        return this.#unseenItem();
      case 'connections':
        return this.#connectionsItem(server);
      case 'connection':
        return this.#connectionItem(server, node.id);
      case 'failure':
        return this.#failureItem(server, node.part);
    }
  }

  /** `said`: how the row is spoken, where its description is not all there is to say. */
  #item(
    label: string,
    description: string,
    look: { readonly icon: string; readonly color?: string },
    opens: 'closed' | 'open' | 'leaf',
    spokenAs: string,
  ): TreeItem {
    const { TreeItemCollapsibleState: state, ThemeIcon, ThemeColor } = this.#vscode;
    const item = new this.#vscode.TreeItem(
      label,
      opens === 'leaf' ? state.None : opens === 'open' ? state.Expanded : state.Collapsed,
    );
    item.description = description;
    item.iconPath = new ThemeIcon(
      look.icon,
      look.color === undefined ? undefined : new ThemeColor(look.color),
    );
    item.accessibilityInformation = { label: `${spokenAs}: ${description}` };
    return item;
  }

  #ownItem(server: Server): TreeItem {
    const state = this.#agent.state ?? { kind: 'notStarted' };
    const machine = this.#own(server);
    const name =
      state.kind === 'connected' ? oneLine(machine?.name ?? state.machine.name, 60) : t('This machine');
    const tooltip = new this.#vscode.MarkdownString();
    const flags: string[] = [machineFlags.machine, machineFlags.own];
    const make = (description: string, icon: string, color?: string) => {
      const inside = this.getChildren(this.#node({ kind: 'own', server: server.id })).length > 0;
      const item = this.#item(
        name,
        description,
        { icon, ...(color !== undefined && { color }) },
        inside ? 'open' : 'leaf',
        t('{0}, this machine', name),
      );
      item.contextValue = flags.join(' ');
      item.tooltip = tooltip;
      return item;
    };
    switch (state.kind) {
      case 'connected': {
        flags.push(machineFlags.stoppable);
        tooltip.appendText(t('{0} (this machine, {1})', name, state.machine.platform));
        const row = rowsOf(tooltip);
        row(
          t('Agent'),
          t(
            'version {0}, process {1}, since {2}',
            state.machine.agentVersion,
            state.pid,
            timeText(state.startedAt),
          ),
        );
        row(t('Data folder'), state.dataFolder);
        row(t('Attended runs as'), state.machine.user);
        if (machine) {
          flags.push(machine.settings.maintenance ? machineFlags.inMaintenance : machineFlags.atWork);
          flags.push(machineFlags.queue);
          this.#machineRows(row, server, machine);
        } else row(t('Runs at the same time'), String(state.machine.slots));
        return machine?.settings.maintenance === true
          ? make(`${t('Maintenance')} · ${this.#ownCounts()}`, 'tools', 'notificationsWarningIcon.foreground')
          : make(`${t('Connected')} · ${this.#ownCounts()}`, 'vm-active', 'testing.iconPassed');
      }
      case 'starting':
        return make(t('Starting the agent…'), 'loading~spin');
      case 'reconnecting':
        tooltip.appendText(t('Connection lost: {0}', oneLine(state.reason, 200)));
        return make(
          t('Connection lost, trying again ({0}) · {1} when last seen', state.attempt, this.#ownCounts()),
          'sync~spin',
        );
      case 'failed':
        flags.push(machineFlags.startable);
        tooltip.appendText(oneLine(state.message, 500));
        return make(t('Agent failed · {0}', oneLine(state.code, 60)), 'error', 'testing.iconFailed');
      case 'notStarted':
        flags.push(machineFlags.startable);
        return make(t('Agent not started'), 'vm-outline');
    }
  }

  #serverItem(server: Server): TreeItem {
    const { state, store } = server;
    const label = oneLine(server.label, 60);
    const tooltip = new this.#vscode.MarkdownString();
    tooltip.appendText(t('{0} (orchestrator)', label));
    const row = rowsOf(tooltip);
    row(t('Address'), server.address);
    const machines = store.lists.machines;
    const counts = t(
      '{0} of {1} machines online',
      machines.filter(({ online }) => online).length,
      machines.length,
    );
    const seen = store.isKnown ? ` · ${t('{0} when last seen', counts)}` : '';
    const make = (description: string, icon: string, color?: string) => {
      const item = this.#item(
        label,
        description,
        { icon, ...(color !== undefined && { color }) },
        'open',
        t('Orchestrator {0}', label),
      );
      item.contextValue = [
        machineFlags.orchestrator,
        ...(state.kind === 'failed' ? [machineFlags.refused] : []),
      ].join(' ');
      item.tooltip = tooltip;
      return item;
    };
    switch (state.kind) {
      case 'connected':
        row(t('Version'), state.version);
        row(t('Signed in as'), state.user);
        row(t('Rules of'), store.lists.era);
        return make(
          machines.length === 0 ? t('Connected · no machine yet') : counts,
          'server',
          'testing.iconPassed',
        );
      case 'reconnecting':
        row(t('Connection lost'), state.reason);
        return make(t('Connection lost, trying again ({0}){1}', state.attempt, seen), 'sync~spin');
      case 'failed':
        row(t('Reason'), state.message);
        return make(`${oneLine(state.code, 60)}${seen}`, 'error', 'testing.iconFailed');
      default:
        return make(`${t('Connecting…')}${seen}`, 'loading~spin');
    }
  }

  #groupItem(server: Server, group: ListedGroup | undefined): TreeItem {
    const name = oneLine(group?.name ?? '', 60);
    const members = server.store.lists.machines.filter((machine) => machine.group === group?.id);
    const maintenance = group?.settings.maintenance === true;
    const parts = [
      ...(maintenance ? [t('Maintenance')] : []),
      members.length === 0
        ? t('no machine')
        : t('{0} of {1} online', members.filter(({ online }) => online).length, members.length),
      t('{0} running, {1} queued', group?.running ?? 0, group?.queued ?? 0),
    ];
    const item = this.#item(
      name,
      parts.join(' · '),
      maintenance ? { icon: 'tools', color: 'notificationsWarningIcon.foreground' } : { icon: 'layers' },
      'open',
      t('Machine group {0}', name),
    );
    item.contextValue = [
      machineFlags.group,
      machineFlags.queue,
      maintenance ? machineFlags.inMaintenance : machineFlags.atWork,
    ].join(' ');
    const tooltip = new this.#vscode.MarkdownString();
    tooltip.appendText(t('{0} (machine group)', name));
    if (group) {
      const row = rowsOf(tooltip);
      if (group.description !== '') row(t('Description'), group.description);
      row(t('Owner'), group.owner);
      settingRows(row, group.settings);
    }
    item.tooltip = tooltip;
    return item;
  }

  #machineItem(server: Server, machine: ListedMachine | undefined): TreeItem {
    const name = oneLine(machine?.name ?? '', 60);
    const maintenance = machine?.settings.maintenance === true;
    const busy = server.store.runsOn(machine?.id ?? '').filter(({ mode }) => mode === 'unattended').length;
    const counts = [
      ...(machine && machine.unattendedSlots > 0
        ? [t('{0} of {1} slots used', busy, machine.unattendedSlots)]
        : [t('no unattended slot')]),
      machine?.group === undefined
        ? t('{0} running, {1} queued', machine?.running ?? 0, machine?.queued ?? 0)
        : t('{0} running', machine.running),
    ];
    const state = !machine?.online
      ? machine?.seenAt === undefined
        ? t('Never connected')
        : t('Offline since {0}', timeText(this.#ours(server, machine.seenAt)))
      : maintenance
        ? t('Maintenance')
        : t('Online');
    const look = !machine?.online
      ? { icon: 'vm-outline' }
      : maintenance
        ? { icon: 'tools', color: 'notificationsWarningIcon.foreground' }
        : machine.running > 0
          ? { icon: 'vm-running', color: 'testing.iconPassed' }
          : { icon: 'vm-active', color: 'testing.iconPassed' };
    const offlineNote = !machine?.online && maintenance ? [t('Maintenance')] : [];
    const item = this.#item(
      name,
      [state, ...offlineNote, ...counts].join(' · '),
      look,
      this.#sessionNodes(server, machine).length > 0 ? 'closed' : 'leaf',
      t('Machine {0}', name),
    );
    item.contextValue = [
      machineFlags.machine,
      machineFlags.removable,
      machine?.group === undefined ? machineFlags.single : machineFlags.member,
      ...(machine?.group === undefined ? [machineFlags.queue] : []),
      maintenance ? machineFlags.inMaintenance : machineFlags.atWork,
    ].join(' ');
    const tooltip = new this.#vscode.MarkdownString();
    tooltip.appendText(t('{0} (machine)', name));
    if (machine) this.#machineRows(rowsOf(tooltip), server, machine);
    item.tooltip = tooltip;
    return item;
  }

  #machineRows(row: Row, server: Server, machine: ListedMachine): void {
    const { facts } = machine;
    if (machine.description !== '') row(t('Description'), machine.description);
    if (facts) {
      row(t('System'), `${facts.platform}, ${editionText(facts)}`);
      row(t('Agent version'), facts.agentVersion);
    }
    if (machine.seenAt !== undefined) row(t('Last heard of'), timeText(this.#ours(server, machine.seenAt)));
    row(t('Unattended runs at the same time'), String(machine.unattendedSlots));
    row(t('Owner'), machine.owner);
    settingRows(row, machine.settings);
  }

  #sessionItem(server: Server, machine: ListedMachine | undefined, id: string): TreeItem {
    const session = machine?.facts?.sessions?.find((one) => one.id === id);
    const account = oneLine(session?.account ?? '', 60) || t('(gone)');
    const run = server.store.runsOn(machine?.id ?? '').find((one) => one.session === id);
    const words = session ? sessionWords(session) : '';
    const item = this.#item(
      account,
      run ? t('{0} · runs {1}', words, oneLine(run.flow.name, 60)) : words,
      {
        icon:
          session?.state === 'locked' ? 'lock' : session?.state === 'active' ? 'account' : 'debug-disconnect',
      },
      'leaf',
      t('Session of {0}', account),
    );
    const tooltip = new this.#vscode.MarkdownString();
    tooltip.appendText(t('Session {0} of {1}', oneLine(id, 40), account));
    if (session) {
      const row = rowsOf(tooltip);
      row(t('State'), words);
      row(t('Since'), timeText(this.#ours(server, session.since)));
      if (session.declined === true) row(t('Asked to leave'), t('declined; asked again later'));
    }
    item.tooltip = tooltip;
    return item;
  }

  #unseenItem(): TreeItem {
    const item = this.#item(
      t('Sessions cannot be listed'),
      'UIFlowServiceNoRdpPermissions',
      { icon: 'warning', color: 'notificationsWarningIcon.foreground' },
      'leaf',
      t('Sessions cannot be listed'),
    );
    item.tooltip = t('The agent may not look at sessions. Give its account the right: Remote Desktop Users.');
    return item;
  }

  #connectionsItem(server: Server): TreeItem {
    const count = server.store.lists.connections.length;
    const item = this.#item(t('Connections'), String(count), { icon: 'key' }, 'closed', t('Connections'));
    item.contextValue = machineFlags.connections;
    return item;
  }

  #connectionItem(server: Server, id: string): TreeItem {
    const connection = server.store.connection(id);
    const name = oneLine(connection?.name ?? '', 60) || t('(gone)');
    const target = server.store.nameOf(connection?.queue ?? '');
    const kind = connection?.credential.kind;
    const credential =
      kind === 'sealed'
        ? t('password kept sealed')
        : kind === 'reference'
          ? t('password by reference')
          : t('no password, attended only');
    const parts = [
      oneLine(connection?.account ?? '', 60),
      target === undefined ? t('target is gone') : oneLine(target, 60),
      credential,
    ];
    if (connection?.usable === false) parts.unshift(t('Unusable'));
    const item = this.#item(
      name,
      parts.join(' · '),
      connection?.usable === false
        ? { icon: 'warning', color: 'notificationsWarningIcon.foreground' }
        : { icon: 'key' },
      'leaf',
      t('Connection {0}', name),
    );
    item.contextValue = machineFlags.connection;
    item.command = {
      command: fleetCommandIds.editConnection,
      title: t('Edit Connection'),
      arguments: [this.#node({ kind: 'connection', server: server.id, id })],
    };
    return item;
  }

  #failureItem({ state, kind }: Server, part: 'message' | 'nextStep'): TreeItem {
    const text = state.kind === 'failed' ? oneLine(state[part], 1_000) : '';
    const item = new this.#vscode.TreeItem(text, this.#vscode.TreeItemCollapsibleState.None);
    item.iconPath = new this.#vscode.ThemeIcon(part === 'message' ? 'info' : 'lightbulb');
    item.tooltip = text;
    const remedy =
      part === 'nextStep' && kind === 'agent' && state.kind === 'failed'
        ? remedyOf(this.#vscode, state)
        : undefined;
    if (remedy) item.command = remedy;
    item.accessibilityInformation = {
      label: part === 'message' ? t('Reason: {0}', text) : t('Next step: {0}', text),
    };
    return item;
  }

  /** A time of the server as our clock would have said it. */
  #ours(server: Server, at: number): number {
    const now = this.#clock.now();
    return at - (server.store.serverTime(now) - now);
  }

  #ownCounts(): string {
    const { runs } = this.#fleet.local.store;
    return t('{0} running, {1} queued', runs.count('running'), runs.count('queued'));
  }

  // ── changes ───────────────────────────────────────────────────────────────────────────────────────────────────

  #changed(news: FleetNews): void {
    if (news.kind === 'servers') {
      this.#invalidate(undefined);
      return;
    }
    const { server, change } = news;
    const top = this.#node({ kind: server.id === localSource ? 'own' : 'server', server: server.id });
    if (change.kind === 'structure') {
      this.#invalidate(top);
      return;
    }
    const own = this.#own(server)?.id;
    for (const id of change.ids) {
      if (id === own) this.#invalidate(top);
      else if (server.store.group(id)) this.#invalidate(this.#node({ kind: 'group', server: server.id, id }));
      else if (server.store.machine(id)) {
        this.#invalidate(this.#node({ kind: 'machine', server: server.id, id }));
        // How many of a group and of all are online is said above it.
        const { group } = server.store.machine(id) as ListedMachine;
        if (group !== undefined)
          this.#invalidate(this.#node({ kind: 'group', server: server.id, id: group }));
        if (server.kind === 'orchestrator') this.#invalidate(top);
      } else this.#invalidate(this.#node({ kind: 'connection', server: server.id, id }));
    }
  }

  #runChanged(machineId: string): void {
    for (const { id: server, store } of this.#fleet.servers) {
      if (server === localSource || !store.machine(machineId)) continue;
      this.#invalidate(this.#node({ kind: 'machine', server, id: machineId }));
    }
  }

  /** Undefined: the whole tree. */
  #invalidate(node: MachineNode | undefined): void {
    if (node) this.#stale.add(node);
    else this.#all = true;
    this.#redraw.soon();
  }

  #flush(): void {
    // A machine of this window that appears is a row of the root.
    if (this.#all || this.#nodes.size === 0) this.#changes.fire(undefined);
    else this.#changes.fire([...this.#stale]);
    this.#all = false;
    this.#stale.clear();
  }
}

type Row = (name: string, value: string) => void;

/** Adds rows to a tooltip. Only `appendText` for what others wrote: a name must not become a link or an image. */
const rowsOf =
  (tooltip: MarkdownString): Row =>
  (name, value) => {
    tooltip.appendMarkdown(`\n\n**${name}:** `);
    tooltip.appendText(oneLine(value, 300));
  };

function settingRows(row: Row, settings: ListedMachine['settings']): void {
  row(t('Reuse sessions'), settings.reuseSessions ? t('on') : t('off'));
  row(t('Sessions in the way'), settings.sessionPolicy);
  row(t('Extended prioritization'), settings.extendedPrioritization);
}

const editionText = ({ edition, sessionLimit }: MachineFacts): string =>
  edition === 'client'
    ? t('client edition (one session)')
    : t('server edition (up to {0} sessions)', sessionLimit);

function sessionWords({ state, kind, ours }: SessionFacts): string {
  const words = {
    active: t('active'),
    locked: t('locked'),
    disconnected: t('disconnected'),
    connecting: t('connecting'),
  }[state];
  const where = ours ? t('made for runs') : kind === 'console' ? t('at the machine') : t('remote');
  return `${words} · ${where}`;
}

function idOf(node: MachineNode): string {
  switch (node.kind) {
    case 'own':
      return 'machine:this';
    case 'server':
    case 'connections':
      return `${node.kind}:${node.server}`;
    case 'session':
      return `session:${node.server}/${node.machine}/${node.id}`;
    case 'unseen':
      return `unseen:${node.server}/${node.machine}`;
    case 'failure':
      return node.server === localSource
        ? `machine:this:${node.part}`
        : `failure:${node.server}:${node.part}`;
    default:
      return `${node.kind}:${node.server}/${node.id}`;
  }
}
