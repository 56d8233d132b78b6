// Commands about runs that wait: their order, their reasons, and which of them are shown. Many at once where many are selected.
import { asProductError, ProductError } from '../../base/error.ts';
import { type Run, runStates } from '../../protocol/run.ts';
import { t } from '../l10n.ts';
import type { FleetCommandName } from '../names.ts';
import type { RunStore } from '../runs.ts';
import type { QueueTree } from '../views/queueTree.ts';
import { emptyFilter, type RunFilter } from '../views/runFilter.ts';
import type { VSCode } from '../vscode.ts';
import { counted, durationText, flowName, oneLine, stateWord, timeText } from '../wording.ts';
import type { Fleet } from './fleet.ts';
import { askChoice } from './prompts.ts';
import { reasonOf } from './waitingReasons.ts';

export interface QueueCommandContext {
  readonly vscode: VSCode;
  readonly fleet: Fleet;
  readonly runs: RunStore;
  readonly tree: QueueTree;
  readonly now: () => number;
}

type Handler = (target: unknown, selected?: unknown) => Promise<unknown>;
type Names = Extract<
  FleetCommandName,
  'whyWaiting' | 'moveToTop' | 'undoMove' | 'changePriority' | 'filterRuns' | 'clearRunFilter'
>;

export function queueCommands(context: QueueCommandContext): Readonly<Record<Names, Handler>> {
  const { vscode, fleet, runs, tree, now } = context;
  const inform = (text: string) => vscode.window.showInformationMessage(text);
  const told = (text: string) => void vscode.window.setStatusBarMessage(`$(check) ${text}`, 5_000);

  return {
    async whyWaiting(target) {
      const [run] = await waiting(target, undefined, t('Why does which run wait?'));
      const server = run && fleet.ofRun(run.id);
      if (!run || !server) return undefined;
      const { verdict } = await server.call('queue.why', { runId: run.id });
      const reason = reasonOf(verdict);
      const left = durationText(Math.max(0, run.expiresAt - server.store.serverTime(now())));
      const until = t('It gives up waiting in {0}, at {1}.', left, timeText(run.expiresAt));
      if (!reason) return inform(t('{0} is about to start. {1}', flowName(run), until));
      const detail = [
        reason.nextStep,
        reason.forecast === undefined ? '' : t('Expected to start {0}.', reason.forecast),
        until,
      ];
      return vscode.window.showInformationMessage(
        t('{0} waits: {1} ({2})', flowName(run), oneLine(reason.message, 300), reason.code),
        { modal: true, detail: detail.filter((line) => line !== '').join('\n\n') },
      );
    },

    moveToTop: (target, selected) =>
      each(
        target,
        selected,
        t('Move which run to the top?'),
        () => true,
        async (chosen) => {
          await moveToTop(fleet, chosen);
          told(
            chosen.length === 1
              ? t('{0} is next to run', flowName(chosen[0] as Run))
              : t('{0} are at the top', counted(chosen.length, 'run')),
          );
        },
      ),

    undoMove: (target, selected) =>
      each(
        target,
        selected,
        t('Move which run back?'),
        ({ movedToTopAt }) => movedToTopAt !== undefined,
        async (chosen) => {
          await forEach(chosen, (run) => callAbout(fleet, run).call('runs.moveBack', { runId: run.id }));
          told(t('Priority and request time count again'));
        },
      ),

    changePriority: (target, selected) =>
      each(
        target,
        selected,
        t('Change the priority of which run?'),
        () => true,
        async (chosen) => {
          const all = new Set(chosen.map(({ priority }) => priority));
          const priority = await askChoice(
            vscode,
            chosen.length === 1
              ? t('Priority of {0}', flowName(chosen[0] as Run))
              : t('Priority of {0}', counted(chosen.length, 'run')),
            (['high', 'normal'] as const).map((value) => ({
              label: value === 'high' ? t('High') : t('Normal'),
              description: all.size === 1 && all.has(value) ? t('as now') : '',
              value,
            })),
          );
          if (!priority) return;
          await forEach(chosen, (run) =>
            callAbout(fleet, run).call('runs.prioritize', { runId: run.id, priority }),
          );
        },
      ),

    async filterRuns() {
      const known = [...runs.running(), ...runs.queued(), ...runs.finished()];
      const names = (of: (run: Run) => string) => [...new Set(known.map(of))].sort();
      const items: { label: string; description: string; value: Partial<RunFilter> }[] = [
        ...runStates.map((state) => ({
          label: stateWord(state),
          description: t('state'),
          value: { states: [state] },
        })),
        ...names(({ flow }) => flow.name).map((flow) => ({
          label: oneLine(flow, 60),
          description: t('flow'),
          value: { flow },
        })),
        ...names(({ requestedBy }) => requestedBy).map((user) => ({
          label: oneLine(user, 60),
          description: t('requested by'),
          value: { user },
        })),
      ];
      const { filter } = tree;
      const chosen = await vscode.window.showQuickPick(
        items.map((item) => ({ ...item, picked: isPart(filter, item.value) })),
        {
          title: t('Show which runs?'),
          placeHolder: t('States, one flow, one person. None: all runs.'),
          canPickMany: true,
          matchOnDescription: true,
        },
      );
      if (!chosen) return;
      const states = chosen.flatMap(({ value }) => value.states ?? []);
      // The last of each: a run has one flow and one requester.
      const flow = chosen.findLast(({ value }) => value.flow !== undefined)?.value.flow;
      const user = chosen.findLast(({ value }) => value.user !== undefined)?.value.user;
      tree.setFilter(
        chosen.length === 0
          ? emptyFilter
          : {
              ...(flow !== undefined && { flow }),
              ...(user !== undefined && { user }),
              ...(states.length > 0 && { states }),
            },
      );
    },

    async clearRunFilter() {
      tree.setFilter(emptyFilter);
    },
  };

  async function each(
    target: unknown,
    selected: unknown,
    title: string,
    applies: (run: Run) => boolean,
    work: (runs: readonly Run[]) => Promise<void>,
  ): Promise<void> {
    const chosen = (await waiting(target, selected, title)).filter(applies);
    if (chosen.length > 0) await work(chosen);
  }

  /** The runs that wait among the selected rows; else that of the row; else the one the person picks. Says so when none waits. */
  async function waiting(target: unknown, selected: unknown, title: string): Promise<readonly Run[]> {
    const named = runIdsOf(target, selected).flatMap((id) => runs.get(id) ?? []);
    if (named.length > 0) {
      const queued = named.filter(({ state }) => state === 'Queued');
      if (queued.length === 0)
        await inform(
          t(
            '{0} does not wait any more: {1}.',
            flowName(named[0] as Run),
            stateWord((named[0] as Run).state),
          ),
        );
      return queued;
    }
    const candidates = runs.queued();
    if (candidates.length === 0) {
      await inform(t('No run waits.'));
      return [];
    }
    const run = await askChoice(
      vscode,
      title,
      candidates.slice(0, 200).map((one) => ({
        label: flowName(one),
        description: `${fleet.nameOf(one.queue) ?? ''} · ${t('by {0}', oneLine(one.requestedBy, 40))}`,
        value: one,
      })),
    );
    return run ? [run] : [];
  }
}

/** Ids of the runs a command is about: of all selected rows when the one it was called on is among them. */
export function runIdsOf(target: unknown, selected: unknown): readonly string[] {
  const idOf = (node: unknown): readonly string[] => {
    const { kind, runId } = (node ?? {}) as { kind?: unknown; runId?: unknown };
    return kind === 'run' && typeof runId === 'string' ? [runId] : [];
  };
  return Array.isArray(selected) && selected.length > 0 ? selected.flatMap(idOf) : idOf(target);
}

/** Puts runs to the top of their queues so that they keep their order: the last one that is moved is the first to run. */
export const moveToTop = (fleet: Fleet, chosen: readonly Run[]): Promise<void> =>
  forEach([...chosen].reverse(), (run) => callAbout(fleet, run).call('runs.moveToTop', { runId: run.id }));

/** The server that answers for a run. Throws `RunNotFound`. */
export function callAbout(fleet: Fleet, run: Run) {
  const server = fleet.ofRun(run.id);
  if (server) return server;
  throw new ProductError(
    'RunNotFound',
    `Nobody this window is connected to knows the run of ${run.flow.name} any more.`,
    'Connect to its server again.',
  );
}

/** One after the other. Those that started meanwhile are passed over; the first other failure ends it. */
async function forEach(chosen: readonly Run[], work: (run: Run) => Promise<unknown>): Promise<void> {
  let passed: ProductError | undefined;
  for (const run of chosen) {
    try {
      await work(run);
    } catch (error) {
      const failure = asProductError(error);
      if (failure.code !== 'RunNotQueued' || chosen.length === 1) throw failure;
      passed = failure;
    }
  }
  if (passed) throw passed;
}

const isPart = (filter: RunFilter, part: Partial<RunFilter>): boolean =>
  (part.flow !== undefined && part.flow === filter.flow) ||
  (part.user !== undefined && part.user === filter.user) ||
  (part.states !== undefined && filter.states?.includes(part.states[0] as Run['state']) === true);
