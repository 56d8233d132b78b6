// The panel of all running flows (`Show Flow Monitor`): a web view beside problems and terminal, repainted from the run store while it is
// in sight. What it says is decided in monitor.ts.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Run } from '../../protocol/run.ts';
import type { AgentConnection } from '../agents.ts';
import { Coalesced } from '../coalesced.ts';
import { t } from '../l10n.ts';
import { commandIds } from '../names.ts';
import { monitorViewId } from '../runDetails/names.ts';
import { type RunAct, runActs, storyActs } from '../runDetails/story.ts';
import { WebPage } from '../runDetails/webPage.ts';
import type { RunStore } from '../runs.ts';
import type { VSCode, WebviewView } from '../vscode.ts';
import { oneLine } from '../wording.ts';
import { monitorOf } from './monitor.ts';

const repaintMs = 100;
const tickMs = 1_000;

export interface MonitorContext {
  readonly vscode: VSCode;
  readonly store: RunStore;
  readonly agent: AgentConnection;
  readonly clock: Clock;
  readonly script: () => string;
  readonly showRun: (run: Run) => void;
  readonly failed: (doing: string, error: unknown) => void;
}

/** Registers the view. */
export function registerMonitor(context: MonitorContext): Disposable {
  return context.vscode.window.registerWebviewViewProvider(monitorViewId, {
    resolveWebviewView: (view) => resolve(context, view),
  });
}

function resolve(
  { vscode, store, agent, clock, script, showRun, failed }: MonitorContext,
  view: WebviewView,
): void {
  const owned = new DisposableStore();
  const page = owned.add(new WebPage(vscode, view.webview, script()));
  const paint = () => {
    const running = store.running();
    view.badge =
      running.length === 0
        ? undefined
        : { value: running.length, tooltip: t('{0} flows are running', running.length) };
    if (!view.visible) return;
    const silence = silenceOf(agent);
    page.show(
      monitorOf(store, {
        now: clock.now(),
        machineName: (machineId) => agent.machineName(machineId),
        ...(silence === undefined ? {} : { silence }),
      }),
    );
    if (running.length > 0) tick.soon();
  };
  const repaint = owned.add(new Coalesced(clock, repaintMs, paint));
  const tick = owned.add(new Coalesced(clock, tickMs, paint));
  owned.add(page.onReady(paint));
  owned.add(store.onDidChange(repaint.soon));
  owned.add(agent.onDidChange(repaint.soon));
  owned.add(view.onDidChangeVisibility(() => (view.visible ? repaint.soon() : page.hidden())));
  owned.add(
    page.onAct(({ id, argument = '' }) => {
      const run = store.get(argument);
      if (id === storyActs.openRun && run) showRun(run);
      else if (id in runActs)
        void Promise.resolve(
          vscode.commands.executeCommand(commandIds[id as RunAct], { kind: 'run', runId: argument }),
        ).catch((error) => failed('the flow monitor', error));
    }),
  );
  view.onDidDispose(() => owned.dispose());
}

function silenceOf({ state }: AgentConnection): string | undefined {
  switch (state?.kind) {
    case 'connected':
      return undefined;
    case 'failed':
      return `${oneLine(state.message, 300)} ${oneLine(state.nextStep, 300)}`;
    case 'reconnecting':
      return t('The connection to the agent was lost. Trying again; this is what was known last.');
    case 'starting':
      return t('The agent is starting…');
    default:
      return t('The agent is not started: run a flow, and it starts.');
  }
}
