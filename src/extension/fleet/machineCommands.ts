// Commands about orchestrators, machines and machine groups. Each finds what it is about (the row it was called on, else it asks), asks for
// what it needs, and tells what came of it.
import { ProductError } from '../../base/error.ts';
import type { AuditLine, PlacementSettings } from '../../protocol/fleet.ts';
import type { AgentConnection } from '../agents.ts';
import { t } from '../l10n.ts';
import { type FleetCommandName, fleetCommandIds } from '../names.ts';
import { localSource } from '../runs.ts';
import type { MachineNode } from '../views/machineTree.ts';
import type { VSCode } from '../vscode.ts';
import { counted, oneLine, timeText } from '../wording.ts';
import { diagnose, type Finding, type Head } from './diagnosis.ts';
import type { Fleet } from './fleet.ts';
import type { ListedGroup, ListedMachine } from './fleetStore.ts';
import { askChoice, askText, type Choice, confirmed, mustBeGiven, nameProblem } from './prompts.ts';
import type { Server } from './server.ts';

export interface MachineCommandContext {
  readonly vscode: VSCode;
  readonly fleet: Fleet;
  readonly agent: AgentConnection;
  readonly now: () => number;
}

type Handler = (target: unknown, selected?: unknown) => Promise<unknown>;
type Names = Extract<
  FleetCommandName,
  | 'addOrchestrator'
  | 'replaceToken'
  | 'renameServer'
  | 'removeServer'
  | 'reconnectServer'
  | 'pairThisMachine'
  | 'unpairThisMachine'
  | 'newPairingCode'
  | 'refreshMachines'
  | 'renameMachine'
  | 'removeMachine'
  | 'startMaintenance'
  | 'endMaintenance'
  | 'changeSettings'
  | 'addGroup'
  | 'joinGroup'
  | 'leaveGroup'
  | 'showAudit'
  | 'whyNothingRuns'
  | 'restartAgent'
>;

/** A machine or group together with who answers for it. */
export interface Place {
  readonly server: Server;
  readonly item: ListedMachine | ListedGroup;
  readonly kind: 'machine' | 'group';
}

export function machineCommands(context: MachineCommandContext): Readonly<Record<Names, Handler>> {
  const { vscode, fleet, agent, now } = context;
  const told = (text: string) => void vscode.window.setStatusBarMessage(`$(check) ${text}`, 5_000);
  const inform = (text: string) => vscode.window.showInformationMessage(text);

  return {
    async addOrchestrator() {
      const title = t('Add Orchestrator');
      const address = await askText(vscode, {
        title,
        prompt: t('Its address, as its owner gave it. People who run one: docs/machine-groups.md.'),
        placeHolder: 'wss://flows.example:7420',
        problem: (text) =>
          /^wss?:\/\/[^/@\s]+\/?$/.test(text.trim()) ? undefined : t('The form is wss://host:port.'),
      });
      if (address === undefined) return;
      const token = await askText(vscode, {
        title,
        prompt: t('Your token for it. It is kept in the secret storage of VS Code and shown nowhere.'),
        password: true,
        problem: mustBeGiven,
      });
      if (token === undefined) return;
      const place = address.trim().replace(/\/$/, '');
      const label = await askText(vscode, {
        title,
        prompt: t('What it is called in the Machines view.'),
        value: new URL(place).host,
        problem: nameProblem,
      });
      if (label === undefined) return;
      const certificate = await certificateFor(place);
      if (certificate === 'canceled') return;
      const saved = {
        label: label.trim(),
        address: place,
        ...(certificate !== undefined && { certificate }),
      };
      await busy(t('Connecting to {0}…', place), () => fleet.add(saved, token.trim()));
      told(t('{0} is in the Machines view', label.trim()));
    },

    async replaceToken(target) {
      const server = await serverOf(target, t('New token for which orchestrator?'));
      if (!server) return;
      const token = await askText(vscode, {
        title: t('Replace Token'),
        prompt: t('Your new token for {0}.', oneLine(server.label, 60)),
        password: true,
        problem: mustBeGiven,
      });
      if (token === undefined) return;
      await busy(t('Connecting to {0}…', server.label), () => fleet.setToken(server.id, token.trim()));
      told(t('{0} has taken the token', oneLine(server.label, 60)));
    },

    async renameServer(target) {
      const server = await serverOf(target, t('Rename which orchestrator?'));
      if (!server) return;
      const label = await askText(vscode, {
        title: t('Rename Orchestrator'),
        prompt: t('What {0} is called in this window.', server.address),
        value: server.label,
        problem: nameProblem,
      });
      if (label !== undefined) await fleet.rename(server.id, label.trim());
    },

    async removeServer(target) {
      const server = await serverOf(target, t('Remove which orchestrator?'));
      if (!server) return;
      const yes = t('Remove');
      const agreed = await confirmed(
        vscode,
        t('Remove {0} from this window?', oneLine(server.label, 60)),
        t('Its token is deleted here. Its machines, queues and runs stay as they are.'),
        yes,
      );
      if (agreed) await fleet.remove(server.id);
    },

    async reconnectServer(target) {
      const server = await serverOf(target, t('Connect to which orchestrator?'));
      if (server?.state.kind === 'connected') return inform(t('{0} is connected.', server.label));
      server?.retry();
      return undefined;
    },

    async pairThisMachine() {
      const title = t('Register This Machine');
      const known = fleet.servers.filter(({ kind }) => kind === 'orchestrator').map(({ address }) => address);
      const addresses = await askText(vscode, {
        title,
        prompt: t('Addresses of the orchestrator, of all its instances, separated by blanks.'),
        value: known.join(' '),
        placeHolder: 'wss://flows.example:7420',
        problem: mustBeGiven,
      });
      if (addresses === undefined) return;
      const code = await askText(vscode, {
        title,
        prompt: t('The pairing code. It registers one machine, once, within ten minutes.'),
        problem: mustBeGiven,
      });
      if (code === undefined) return;
      const state = agent.state;
      const name = await askText(vscode, {
        title,
        prompt: t('What this machine is called there.'),
        value: state?.kind === 'connected' ? state.machine.name : '',
      });
      if (name === undefined) return;
      const answer = await busy(t('Registering this machine…'), () =>
        agent.call('agent.pair', {
          addresses: addresses.trim().split(/\s+/),
          code: code.trim(),
          ...(name.trim() !== '' && { name: name.trim() }),
        }),
      );
      for (const server of fleet.servers) void server.refresh();
      told(t('This machine is registered as {0}', oneLine(answer.name, 60)));
    },

    async unpairThisMachine() {
      const yes = t('Take Out');
      const agreed = await confirmed(
        vscode,
        t('Take this machine out of its orchestrator?'),
        t('Its key there becomes worthless. Its own queue stays.'),
        yes,
      );
      if (!agreed) return;
      const { told: wasTold } = await agent.call('agent.unpair', {});
      for (const server of fleet.servers) void server.refresh();
      await inform(
        wasTold
          ? t('This machine belongs to no orchestrator any more.')
          : t(
              'This machine has left, but its orchestrator could not be told and still lists it: remove it there.',
            ),
      );
    },

    async newPairingCode(target) {
      const server = await serverOf(target, t('A pairing code of which orchestrator?'));
      if (!server) return;
      const { code, expiresAt } = await server.call('pairing.new', {});
      const minutes = Math.max(1, Math.round((expiresAt - server.store.serverTime(now())) / 60_000));
      const copy = t('Copy Command');
      const choice = await vscode.window.showInformationMessage(
        t('Pairing code {0}, good for one machine within {1} minutes.', code, minutes),
        { modal: true, detail: t('On the machine: dflow agent pair {0} {1}', server.address, code) },
        copy,
      );
      if (choice === copy) await vscode.env.clipboard.writeText(`dflow agent pair ${server.address} ${code}`);
    },

    async refreshMachines() {
      for (const server of fleet.servers) {
        if (server.state.kind === 'connected') void server.refresh();
        else server.retry();
      }
    },

    async renameMachine(target) {
      const place = await placeOf(target, t('Rename which machine or group?'));
      if (!place) return;
      const name = await askText(vscode, {
        title: place.kind === 'machine' ? t('Rename Machine') : t('Rename Machine Group'),
        prompt: t('Runs and connections go on under the new name.'),
        value: place.item.name,
        problem: nameProblem,
      });
      if (name === undefined || name.trim() === place.item.name) return;
      await change(place, { name: name.trim() });
    },

    async removeMachine(target) {
      const place = await placeOf(
        target,
        t('Remove which machine or group?'),
        (candidate) => !isOwn(candidate),
      );
      if (!place) return;
      const { server, item, kind } = place;
      if (isOwn(place)) {
        throw new ProductError(
          'OwnMachine',
          `${item.name} is the machine of this window's agent, which cannot do without it.`,
          'Stop the agent if nothing shall run here.',
        );
      }
      const yes = t('Remove');
      const agreed = await confirmed(
        vscode,
        t('Remove {0}?', oneLine(item.name, 60)),
        kind === 'machine'
          ? t('Its agent is refused from then on; it can be registered again with a new pairing code.')
          : t('Its machines stay, and work on queues of their own again.'),
        yes,
      );
      if (!agreed) return;
      if (kind === 'machine') await server.call('machines.remove', { machine: item.id });
      else await server.call('groups.remove', { group: item.id });
      await server.refresh();
    },

    startMaintenance: (target, selected) => maintenance(target, selected, true),
    endMaintenance: (target, selected) => maintenance(target, selected, false),

    async changeSettings(target) {
      const place = await placeOf(target, t('Settings of which machine or group?'));
      if (!place) return;
      // The settings of a group hold for its machines.
      const { server, item } = place;
      const group = 'group' in item && item.group !== undefined ? server.store.group(item.group) : undefined;
      if (group && !(await continueWith(group, item.name))) return;
      const owner: Place = group ? { server, item: group, kind: 'group' } : place;
      const setting = await askChoice(
        vscode,
        t('Settings of {0}', oneLine(owner.item.name, 60)),
        settingChoices(owner, place),
      );
      if (setting) await setOne(setting, owner, place);
    },

    async addGroup(target) {
      const server = await serverOf(target, t('A machine group on which orchestrator?'));
      if (!server) return;
      const name = await askText(vscode, {
        title: t('Add Machine Group'),
        prompt: t('Machines of a group share one queue.'),
        problem: nameProblem,
      });
      if (name === undefined) return;
      await server.call('groups.put', { name: name.trim() });
      await server.refresh();
    },

    async joinGroup(target) {
      const place = await placeOf(
        target,
        t('Which machine joins a group?'),
        ({ kind, item, server }) =>
          kind === 'machine' &&
          !('group' in item && item.group !== undefined) &&
          server.kind === 'orchestrator',
      );
      if (!place) return;
      const { server, item } = place;
      const groups = server.store.lists.groups.map((group) => ({
        label: oneLine(group.name, 60),
        description: counted(group.machines.length, 'machine'),
        value: group,
      }));
      if (groups.length === 0) return inform(t('{0} has no machine group yet. Add one first.', server.label));
      const group = await askChoice(vscode, t('{0} joins which group?', oneLine(item.name, 60)), groups);
      if (!group) return;
      const yes = t('Join');
      const broken = server.store.lists.connections.filter(({ queue }) => queue === item.id);
      const agreed = await confirmed(
        vscode,
        t('{0} joins {1}?', oneLine(item.name, 60), oneLine(group.name, 60)),
        broken.length === 0
          ? t('It takes over the settings of the group.')
          : t(
              'It takes over the settings of the group. Connections to the machine itself cannot be used any more: {0}.',
              broken.map(({ name }) => oneLine(name, 40)).join(', '),
            ),
        yes,
      );
      if (!agreed) return;
      await server.call('groups.join', { group: group.id, machine: item.id });
      await server.refresh();
      return undefined;
    },

    async leaveGroup(target) {
      const place = await placeOf(
        target,
        t('Which machine leaves its group?'),
        ({ item }) => 'group' in item && item.group !== undefined,
      );
      if (!place) return;
      await place.server.call('groups.leave', { machine: place.item.id });
      await place.server.refresh();
      told(t('{0} has left its group and keeps the settings of it', oneLine(place.item.name, 60)));
    },

    async showAudit(target) {
      const place = await placeOf(target, t('Changes of which machine or group?'));
      if (!place) return;
      const { lines } = await place.server.call('audit.list', { queue: place.item.id, limit: 500 });
      if (lines.length === 0) return inform(t('Nobody has changed anything about {0} yet.', place.item.name));
      await vscode.window.showQuickPick(lines.map(auditChoice), {
        title: t('Changes of {0}, the newest first', oneLine(place.item.name, 60)),
        matchOnDescription: true,
        matchOnDetail: true,
      });
      return undefined;
    },

    async whyNothingRuns(target) {
      const found = await targetOf(target);
      if (!found) return;
      const { server, queue } = found;
      await server.refresh();
      const findings = diagnose(server, queue, await headOf(server, queue));
      const worst = findings.filter(({ kind }) => kind === 'problem').length;
      const notes = findings.filter(({ kind }) => kind === 'note').length;
      const name = oneLine(
        (queue === undefined ? undefined : server.store.nameOf(queue)) ?? server.label,
        60,
      );
      const chosen = await vscode.window.showQuickPick(findings.map(findingChoice), {
        title: t('Why can nothing run on {0}?', name),
        placeHolder:
          worst > 0
            ? t('{0} to fix; choosing a line copies it', counted(worst, 'problem'))
            : notes > 0
              ? t('Runs can start; {0} about some of them', counted(notes, 'note'))
              : t('Everything is in order: runs can start'),
        matchOnDetail: true,
      });
      if (chosen) await vscode.env.clipboard.writeText(textOf(chosen.finding));
    },

    async restartAgent() {
      const { runs } = fleet.local.store;
      const running = runs.count('running');
      if (running > 0) {
        const yes = t('Restart Agent');
        const agreed = await confirmed(
          vscode,
          t('Restart the agent of this machine?'),
          t('{0} in progress will be canceled. Queued runs stay.', counted(running, 'run')),
          yes,
        );
        if (!agreed) return;
      }
      if (agent.state?.kind === 'connected') await busy(t('Restarting the agent…'), () => agent.restart());
      else await busy(t('Starting the agent…'), () => agent.start());
    },
  };

  // ── finding what is meant ─────────────────────────────────────────────────────────────────────────────────────

  /** An orchestrator: of the row, the only one, or the one that is picked. Says so when there is none. */
  async function serverOf(target: unknown, title: string): Promise<Server | undefined> {
    const named = nodeOf(target)?.server;
    const known = named === undefined ? undefined : fleet.server(named);
    if (known?.kind === 'orchestrator') return known;
    const candidates = fleet.servers.filter(({ kind }) => kind === 'orchestrator');
    if (candidates.length === 0) {
      const add = t('Add Orchestrator');
      const choice = await vscode.window.showInformationMessage(
        t('This window knows no orchestrator. One is needed for several machines or several people.'),
        add,
      );
      if (choice === add) await vscode.commands.executeCommand(fleetCommandIds.addOrchestrator);
      return undefined;
    }
    if (candidates.length === 1) return candidates[0];
    return askChoice(
      vscode,
      title,
      candidates.map((server) => ({
        label: oneLine(server.label, 60),
        description: server.address,
        value: server,
      })),
    );
  }

  function places(): Place[] {
    return fleet.servers
      .filter(({ state }) => state.kind === 'connected')
      .flatMap((server): Place[] => [
        ...server.store.lists.groups.map((item): Place => ({ server, item, kind: 'group' })),
        ...server.store.lists.machines.map((item): Place => ({ server, item, kind: 'machine' })),
      ]);
  }

  function placeAt(target: unknown): Place | undefined {
    const node = nodeOf(target);
    const server = node && fleet.server(node.server);
    if (!node || !server) return undefined;
    const id = idIn(node);
    const machine = id === undefined ? undefined : server.store.machine(id);
    if (machine) return { server, item: machine, kind: 'machine' };
    const group = id === undefined ? undefined : server.store.group(id);
    return group && { server, item: group, kind: 'group' };
  }

  async function placeOf(
    target: unknown,
    title: string,
    applies: (place: Place) => boolean = () => true,
  ): Promise<Place | undefined> {
    const named = placeAt(target);
    if (named) return named;
    const candidates = places().filter(applies);
    if (candidates.length === 0) {
      await inform(t('There is no such machine: see the Machines view for what is connected.'));
      return undefined;
    }
    if (candidates.length === 1) return candidates[0];
    return askChoice(vscode, title, candidates.map(placeChoice));
  }

  /** What a diagnosis is about: also a server that cannot be reached. */
  async function targetOf(
    target: unknown,
  ): Promise<{ server: Server; queue: string | undefined } | undefined> {
    const named = placeAt(target);
    if (named) return { server: named.server, queue: named.item.id };
    const server = fleet.server(nodeOf(target)?.server ?? '');
    if (server) return { server, queue: server.id === localSource ? ownId() : undefined };
    const away = fleet.servers
      .filter(({ state }) => state.kind !== 'connected')
      .map((one) => ({
        label: oneLine(one.label, 60),
        description: t('cannot be reached'),
        value: { server: one, queue: undefined as string | undefined },
      }));
    const items = [
      ...away,
      ...places().map((place) => ({
        ...placeChoice(place),
        value: { server: place.server, queue: place.item.id as string | undefined },
      })),
    ];
    return items.length === 1 ? items[0]?.value : askChoice(vscode, t('Why can nothing run where?'), items);
  }

  /** Of a row of either view. */
  function idIn(node: MachineNode): string | undefined {
    if (node.kind === 'own') return ownId();
    if ('queue' in node && typeof node.queue === 'string') return node.queue;
    return 'id' in node && node.kind !== 'session' && node.kind !== 'connection' ? node.id : undefined;
  }

  function ownId(): string | undefined {
    return agent.state?.kind === 'connected' ? agent.state.machine.id : undefined;
  }

  function isOwn({ server, item }: Place): boolean {
    return server.id === localSource && item.id === ownId();
  }

  // ── doing ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async function maintenance(target: unknown, selected: unknown, on: boolean): Promise<void> {
    const chosen = Array.isArray(selected) ? selected.flatMap((node) => placeAt(node) ?? []) : [];
    const one =
      chosen.length > 0
        ? undefined
        : await placeOf(
            target,
            on
              ? t('Maintenance of which machine or group?')
              : t('End the maintenance of which machine or group?'),
            ({ item }) => item.settings.maintenance !== on,
          );
    for (const place of one ? [one] : chosen) {
      await change(place, { settings: { maintenance: on } });
      told(
        on
          ? t('{0} is in maintenance: what runs goes on, nothing new starts', oneLine(place.item.name, 60))
          : t('{0} takes runs again', oneLine(place.item.name, 60)),
      );
    }
  }

  async function change(
    { server, item, kind }: Place,
    what: { name?: string; settings?: Partial<PlacementSettings>; unattendedSlots?: number },
  ): Promise<void> {
    if (kind === 'machine') await server.call('machines.set', { machine: item.id, ...what });
    else {
      const { unattendedSlots: _, ...rest } = what;
      await server.call('groups.put', { group: item.id, ...rest });
    }
    await server.refresh();
  }

  async function continueWith(group: ListedGroup, machine: string): Promise<boolean> {
    const yes = t('Settings of the Group');
    const choice = await vscode.window.showInformationMessage(
      t(
        '{0} is in the machine group {1}, whose settings hold for it.',
        oneLine(machine, 60),
        oneLine(group.name, 60),
      ),
      yes,
    );
    return choice === yes;
  }

  async function setOne(setting: Setting, owner: Place, place: Place): Promise<void> {
    if (setting === 'unattendedSlots') {
      const text = await askText(vscode, {
        title: t('Unattended Slots of {0}', oneLine(place.item.name, 60)),
        prompt: t('How many unattended runs it carries at once, 0 to 10.'),
        value: String('unattendedSlots' in place.item ? place.item.unattendedSlots : 1),
        problem: (given) => (/^(\d|10)$/.test(given.trim()) ? undefined : t('A number from 0 to 10.')),
      });
      if (text !== undefined) await change(place, { unattendedSlots: Number(text) });
      return;
    }
    const { label, values } = settingLooks()[setting];
    const current = owner.item.settings[setting];
    const value = await askChoice(
      vscode,
      `${oneLine(owner.item.name, 60)}: ${label}`,
      values.map(([known, words]) => ({
        label: words,
        ...(known === current && { description: t('as now') }),
        value: { known },
      })),
    );
    if (value) await change(owner, { settings: { [setting]: value.known } });
  }

  async function headOf(server: Server, queue: string | undefined): Promise<Head | undefined> {
    if (queue === undefined || server.state.kind !== 'connected') return undefined;
    const [first] = server.store.runs.queued(server.store.machine(queue)?.group ?? queue);
    if (!first) return undefined;
    try {
      const { verdict } = await server.call('queue.why', { runId: first.id });
      return verdict.kind === 'starts' ? undefined : { flow: first.flow.name, blocker: verdict.blocker };
    } catch {
      return undefined; // it has started meanwhile
    }
  }

  /** A certificate that is no public authority's; undefined: none is needed. */
  async function certificateFor(address: string): Promise<string | undefined | 'canceled'> {
    if (address.startsWith('ws://')) return undefined;
    const kind = await askChoice(vscode, t('Add Orchestrator'), [
      {
        label: t('Its certificate is of a public authority, or trusted by this system'),
        value: 'public' as const,
      },
      { label: t('Choose the certificate (PEM) to trust…'), value: 'file' as const },
    ]);
    if (kind !== 'file') return kind === undefined ? 'canceled' : undefined;
    const [file] =
      (await vscode.window.showOpenDialog({
        title: t('Certificate of the orchestrator'),
        filters: { PEM: ['pem', 'crt', 'cer'] },
      })) ?? [];
    return file?.fsPath ?? 'canceled';
  }

  function busy<T>(title: string, work: () => Promise<T>): Promise<T> {
    return Promise.resolve(
      vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, work),
    );
  }
}

function nodeOf(target: unknown): MachineNode | undefined {
  const node = target as { kind?: unknown; server?: unknown } | undefined;
  return typeof node?.kind === 'string' && typeof node.server === 'string'
    ? (target as MachineNode)
    : undefined;
}

const placeChoice = (place: Place): Choice<Place> => ({
  label: oneLine(place.item.name, 60),
  description: `${place.kind === 'group' ? t('machine group') : t('machine')} · ${oneLine(place.server.label, 60)}`,
  value: place,
});

type Setting =
  | 'reuseSessions'
  | 'extendedPrioritization'
  | 'allocation'
  | 'sessionPolicy'
  | 'logLevel'
  | 'unattendedSlots';

interface SettingLook {
  readonly label: string;
  readonly values: readonly (readonly [string | boolean, string])[];
}

const settingLooks = (): Readonly<Record<Exclude<Setting, 'unattendedSlots'>, SettingLook>> => ({
  reuseSessions: {
    label: t('Reuse sessions'),
    values: [
      [true, t('On: sessions of unattended runs are locked at the end and used again')],
      [false, t('Off: they are signed out')],
    ],
  },
  sessionPolicy: {
    label: t('Sessions of people in the way'),
    values: [
      ['wait', t('Nothing is done: runs wait or fail')],
      ['ask', t('Their people are asked')],
      ['disconnect', t('Remote ones are disconnected')],
      ['signOut', t('Remote ones are signed out')],
      ['signOutConsole', t('All are signed out, also who works at the machine')],
    ],
  },
  extendedPrioritization: {
    label: t('Extended prioritization'),
    values: [
      ['auto', t('Automatic: where a machine carries several sessions')],
      ['on', t('On: a run that a session keeps waiting lets the next one go first')],
      ['off', t('Off: the first run is always the next')],
    ],
  },
  allocation: {
    label: t('Which machine of the group gets a run'),
    values: [
      ['random', t('Any that can take it')],
      ['leastLoaded', t('The one with the fewest runs')],
    ],
  },
  logLevel: {
    label: t('What runs write down at least'),
    values: [
      ['asked', t('What each asks for')],
      ['full', t('Everything')],
      ['debug', t('Everything but loops, calls and waits')],
      ['custom', t('Messages of the flow, and errors')],
      ['warning', t('Warnings and errors')],
      ['error', t('Errors that nobody handled')],
    ],
  },
});

function settingChoices(owner: Place, place: Place): Choice<Setting>[] {
  const looks = Object.entries(settingLooks()) as [Exclude<Setting, 'unattendedSlots'>, SettingLook][];
  const rows = looks
    .filter(([setting]) => setting !== 'allocation' || owner.kind === 'group')
    .map(([setting, { label, values }]): Choice<Setting> => {
      const current = owner.item.settings[setting] ?? 'asked';
      return {
        label,
        description: values.find(([value]) => value === current)?.[1] ?? String(current),
        value: setting,
      };
    });
  if ('unattendedSlots' in place.item)
    rows.push({
      label: t('Unattended slots'),
      description: String(place.item.unattendedSlots),
      value: 'unattendedSlots',
    });
  return rows;
}

const auditChoice = ({ at, who, what, subject }: AuditLine) => ({
  label: `${timeText(at)} · ${oneLine(who, 60)}`,
  description: what,
  detail: oneLine(subject, 200),
});

const findingIcons = { good: 'pass', note: 'warning', problem: 'error' } as const;

function findingChoice(finding: Finding) {
  const words = { good: t('In order'), note: t('Note'), problem: t('To fix') }[finding.kind];
  return {
    label: `$(${findingIcons[finding.kind]}) ${oneLine(plain(finding.text), 200)}`,
    description: finding.code === undefined ? words : `${words} · ${finding.code}`,
    ...(finding.nextStep !== undefined && { detail: `→ ${oneLine(plain(finding.nextStep), 300)}` }),
    finding,
  };
}

/** Names of others must not become icons of an entry. */
const plain = (text: string): string => text.replace(/\$\(/g, '$\u200b(');

const textOf = ({ text, nextStep, code }: Finding): string =>
  [text, ...(nextStep === undefined ? [] : [nextStep]), ...(code === undefined ? [] : [`(${code})`])].join(
    ' ',
  );
