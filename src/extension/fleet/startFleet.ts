// Machines, run queues and connections in this window: builds the fleet, its two views and its commands, and connects them. The only part of
// fleet/ that the rest of the extension needs to know.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Log } from '../../base/log.ts';
import type { AgentConnection } from '../agents.ts';
import { Coalesced } from '../coalesced.ts';
import { Connections } from '../connections/connectionCommands.ts';
import { isUri } from '../documents.ts';
import { showFailure } from '../failureMessage.ts';
import { t } from '../l10n.ts';
import {
  contextKeys,
  type FleetCommandName,
  fleetCommandIds,
  hiddenFleetCommandIds,
  languageId,
  taskType,
  viewIds,
} from '../names.ts';
import type { RunFlow } from '../runFlow.ts';
import type { RunStore } from '../runs.ts';
import { MachineTree } from '../views/machineTree.ts';
import { QueueDrag } from '../views/queueDrag.ts';
import { type ListName, QueueTree } from '../views/queueTree.ts';
import { emptyFilter, filterText } from '../views/runFilter.ts';
import type { Memento, SecretStorage, TreeView, Uri, VSCode } from '../vscode.ts';
import { counted } from '../wording.ts';
import { type DialRemote, Fleet } from './fleet.ts';
import { machineCommands } from './machineCommands.ts';
import { queueCommands, runIdsOf } from './queueCommands.ts';
import { RunLinks } from './runLinks.ts';
import { RunTasks } from './runTasks.ts';
import { RunTermsForm } from './runTerms.ts';
import { WaitingReasons } from './waitingReasons.ts';

export interface FleetSetup {
  readonly vscode: VSCode;
  readonly agent: AgentConnection;
  readonly runs: RunStore;
  readonly runFlow: RunFlow;
  /** Of all windows: which orchestrators there are. */
  readonly globalState: Memento;
  /** Of this workspace: how flows were run last. */
  readonly workspaceState: Memento;
  readonly secrets: Pick<SecretStorage, 'get' | 'store' | 'delete' | 'onDidChange'>;
  readonly dial: DialRemote;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly showLog: () => void;
}

export interface StartedFleet extends Disposable {
  readonly fleet: Fleet;
  readonly machinesTree: Pick<TreeView<unknown>, 'visible' | 'onDidChangeVisibility'>;
  readonly queueTree: Pick<TreeView<unknown>, 'visible' | 'onDidChangeVisibility'>;
  /** Connects to what is remote: later than activation. */
  start(): void;
}

/** The number on the Run Queue follows a flood of events this much later. */
const badgeMs = 250;

/** Argument of the keys of the Run Queue: the selected rows are meant. */
const onSelection = 'selection';

type Handler = (target: unknown, selected?: unknown) => Promise<unknown>;

export function startFleet(setup: FleetSetup): StartedFleet {
  const { vscode, agent, runs, runFlow, clock, log, showLog } = setup;
  const owned = new DisposableStore();
  const now = () => clock.now();
  const failed = (error: unknown) => void showFailure(vscode, log, 'machines', error, showLog);

  const fleet = owned.add(
    new Fleet({
      agent,
      runs,
      memory: setup.globalState,
      secrets: setup.secrets,
      dial: setup.dial,
      clock,
      random: setup.random,
      log: log.child('fleet'),
      newId: randomUUID,
    }),
  );
  const reasons = owned.add(new WaitingReasons(fleet, runs, clock));
  const connections = new Connections(vscode, fleet, log.child('connections'));
  runFlow.useFleet(fleet, new RunTermsForm(vscode, fleet, connections, setup.workspaceState));

  const machines = owned.add(new MachineTree(vscode, fleet, agent, runs, clock));
  const machinesTree = owned.add(
    vscode.window.createTreeView(viewIds.machines, { treeDataProvider: machines, canSelectMany: true }),
  );
  const queue = owned.add(new QueueTree(vscode, fleet, runs, reasons, clock));
  const queueTree = owned.add(
    vscode.window.createTreeView(viewIds.runQueue, {
      treeDataProvider: queue,
      canSelectMany: true,
      dragAndDropController: new QueueDrag(vscode, fleet, runs, failed),
    }),
  );

  const look = () => {
    queue.setVisible(queueTree.visible);
    fleet.setVisible(queueTree.visible || machinesTree.visible);
  };
  owned.add(queueTree.onDidChangeVisibility(look));
  owned.add(machinesTree.onDidChangeVisibility(look));

  const badge = owned.add(
    new Coalesced(clock, badgeMs, () => {
      const running = runs.running().length;
      const queued = runs.queued().length;
      const count = running + queued;
      queueTree.badge =
        count === 0
          ? undefined
          : {
              value: count,
              tooltip: t('{0}: {1} running, {2} queued', counted(count, 'run'), running, queued),
            };
    }),
  );
  owned.add(
    runs.onDidChange(({ kind }) => {
      if (kind === 'run' || kind === 'reset') badge.soon();
    }),
  );
  owned.add(
    queue.onDidFilter((filter) => {
      const on = filter !== emptyFilter;
      queueTree.description = on ? filterText(filter) : '';
      void vscode.commands.executeCommand('setContext', contextKeys.runsFiltered, on);
    }),
  );
  const table: Readonly<Record<FleetCommandName, Handler>> = {
    ...machineCommands({ vscode, fleet, agent, now }),
    ...queueCommands({ vscode, fleet, runs, tree: queue, now }),
    ...connections.commands,
    async runFlowOn(target) {
      const place = placeIn(target);
      const flow = typeof target === 'string' ? vscode.Uri.parse(target, true) : target;
      const uri = isUri(flow) ? flow : place && (await flowFile(vscode));
      if (place && !uri) return;
      await runFlow.runOn(uri, place);
    },
    async resubmitRunWith(target, selected) {
      const [id] = runIdsOf(target, selected);
      const run = id === undefined ? await endedRun(vscode, runs) : runs.get(id);
      if (run) await runFlow.resubmitWith(run);
    },
  };
  const register = (id: string, name: string, command: Handler) =>
    owned.add(
      vscode.commands.registerCommand(id, async (target: unknown, selected: unknown) => {
        try {
          await command(target, selected);
        } catch (error) {
          await showFailure(vscode, log, name, error, showLog);
        }
      }),
    );
  for (const [name, command] of Object.entries(table))
    register(fleetCommandIds[name as FleetCommandName], name, (target, selected) =>
      // A key knows nothing of the row that has the focus.
      target === onSelection ? command(undefined, [...queueTree.selection]) : command(target, selected),
    );
  register(hiddenFleetCommandIds.showMoreRuns, 'showMoreRuns', (place) =>
    queue.showMore(place as { server: string; queue: string; list: ListName }),
  );

  owned.add(vscode.window.registerUriHandler(new RunLinks(vscode, fleet, runFlow, failed)));
  owned.add(vscode.tasks.registerTaskProvider(taskType, new RunTasks(vscode, runFlow, runs, agent, now)));

  return {
    fleet,
    machinesTree,
    queueTree,
    start: () => {
      look();
      fleet.start();
    },
    dispose: () => owned.dispose(),
  };
}

/** The machine or group of the row that a command was called on. */
function placeIn(
  target: unknown,
): { readonly server: string; readonly queue: string | undefined } | undefined {
  const node = target as { kind?: unknown; server?: unknown; id?: unknown; queue?: unknown } | undefined;
  if (isUri(target) || typeof node?.server !== 'string' || typeof node.kind !== 'string') return undefined;
  const queue = typeof node.queue === 'string' ? node.queue : node.id;
  return { server: node.server, queue: typeof queue === 'string' ? queue : undefined };
}

/** The flow in front, else one that is picked among those of the workspace. */
async function flowFile(vscode: VSCode): Promise<Uri | undefined> {
  const { window, workspace } = vscode;
  const front = window.activeTextEditor?.document;
  if (front?.languageId === languageId) return front.uri;
  const files = await workspace.findFiles('**/*.{robin,pad}', '**/node_modules/**', 500);
  const chosen = await window.showQuickPick(
    files.map((uri) => ({ label: workspace.asRelativePath(uri), uri })),
    { title: t('Run which flow?'), placeHolder: t('A .robin or .pad file of this workspace') },
  );
  return chosen?.uri;
}

async function endedRun(vscode: VSCode, runs: RunStore) {
  const ended = runs.finished();
  if (ended.length === 0) {
    await vscode.window.showInformationMessage(t('No run has ended yet: there is nothing to resubmit.'));
    return undefined;
  }
  const chosen = await vscode.window.showQuickPick(
    ended.slice(0, 200).map((run) => ({ label: run.flow.name, description: run.state, run })),
    { title: t('Resubmit which run?'), matchOnDescription: true },
  );
  return chosen?.run;
}
