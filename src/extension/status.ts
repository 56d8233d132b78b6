// The status bar item: what runs and where it is, or the state of the agent. Always text, so that screen readers have it too.
import type { Clock } from '../base/clock.ts';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import type { AgentConnection } from './agents.ts';
import { Coalesced } from './coalesced.ts';
import { t } from './l10n.ts';
import { commandIds, viewIds } from './names.ts';
import type { RunStore } from './runs.ts';
import type { StatusBarItem, VSCode } from './vscode.ts';
import { elapsedText, flowName, oneLine, placeText, runTime, stateLooks, stateWord } from './wording.ts';

/** A running flow changes its position up to 20 times a second; nobody can read that. */
const repaintMs = 200;
/** How often the time of a running flow moves on. */
const tickMs = 1_000;

interface Look {
  readonly icon: string;
  readonly text: string;
  readonly speech: string;
  readonly background?: string;
  readonly command?: { readonly command: string; readonly title: string; readonly arguments: unknown[] };
}

export class StatusItem implements Disposable {
  readonly #vscode: VSCode;
  readonly #agent: AgentConnection;
  readonly #store: RunStore;
  readonly #clock: Clock;
  readonly #item: StatusBarItem;
  readonly #disposables = new DisposableStore();
  readonly #tick: Coalesced;

  constructor(vscode: VSCode, agent: AgentConnection, store: RunStore, clock: Clock) {
    this.#vscode = vscode;
    this.#agent = agent;
    this.#store = store;
    this.#clock = clock;
    this.#item = this.#disposables.add(
      vscode.window.createStatusBarItem('desktopFlows.status', vscode.StatusBarAlignment.Left, 10),
    );
    this.#item.name = 'Desktop Flows';
    const repaint = this.#disposables.add(new Coalesced(clock, repaintMs, () => this.#paint()));
    this.#tick = this.#disposables.add(new Coalesced(clock, tickMs, () => this.#paint()));
    this.#disposables.add(agent.onDidChange(repaint.soon));
    this.#disposables.add(store.onDidChange(repaint.soon));
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #paint(): void {
    const look = this.#look();
    if (!look) {
      this.#item.hide();
      return;
    }
    this.#item.text = `$(${look.icon}) ${look.text}`;
    this.#item.tooltip = look.speech;
    this.#item.accessibilityInformation = { label: `Desktop Flows: ${look.speech}` };
    this.#item.backgroundColor = look.background ? new this.#vscode.ThemeColor(look.background) : undefined;
    this.#item.command = look.command ?? { command: `${viewIds.runQueue}.focus`, title: t('Show Run Queue') };
    this.#item.show();
    if (this.#agent.state?.kind === 'connected' && this.#store.running().length > 0) this.#tick.soon();
  }

  #look(): Look | undefined {
    const state = this.#agent.state;
    switch (state?.kind) {
      case undefined:
        return undefined;
      case 'notStarted':
        return {
          icon: 'vm-outline',
          text: t('Desktop Flows: agent not started'),
          speech: t('the agent is not started; it starts when you run a flow'),
        };
      case 'starting':
        return {
          icon: 'loading~spin',
          text: t('Desktop Flows: agent starting…'),
          speech: t('the agent is starting'),
        };
      case 'reconnecting':
        return {
          icon: 'sync~spin',
          text: t('Desktop Flows: reconnecting…'),
          speech: t('connection to the agent lost, attempt {0}', state.attempt),
        };
      case 'failed':
        return {
          icon: 'error',
          text: t('Desktop Flows: agent cannot be reached'),
          speech: `${t('the agent cannot be reached.')} ${oneLine(state.message, 300)} ${oneLine(state.nextStep, 300)}`,
          background: 'statusBarItem.errorBackground',
          command: { command: `${viewIds.machines}.focus`, title: t('Show Machines'), arguments: [] },
        };
      case 'connected':
        return this.#work();
    }
  }

  #work(): Look {
    const running = this.#store.running();
    const asking = running.find(({ id }) => this.#store.detail(id).questions.size > 0);
    if (asking) {
      return {
        icon: 'comment-discussion',
        text: t('{0} waits for your answer', flowName(asking)),
        speech: t('{0} waits for your answer', flowName(asking)),
        background: 'statusBarItem.warningBackground',
        command: {
          command: commandIds.answerQuestion,
          title: t('Answer'),
          arguments: [{ kind: 'run', runId: asking.id }],
        },
      };
    }
    const waiting = this.#store.queued().length;
    const queued = waiting === 0 ? '' : ` ${t('(+{0} queued)', waiting)}`;
    const [run] = running;
    if (run && running.length === 1) {
      const { place } = this.#store.standing(run);
      const took = runTime(run, this.#clock.now());
      const isPaused = run.state === 'Paused';
      const state = isPaused ? t('paused') : stateWord(run.state);
      const since = isPaused ? `${t('paused')} · ` : took === undefined ? '' : `${elapsedText(took)} · `;
      return {
        icon: isPaused ? stateLooks.Paused.icon : 'sync~spin',
        text: `${flowName(run)} · ${place ? `${since}${t('line {0}', place.line)}` : state}${queued}`,
        speech: `${isPaused ? t('{0} is paused', flowName(run)) : t('{0} is running', flowName(run))}${place || !isPaused ? `, ${place ? placeText(place) : state}` : ''}${waiting === 0 ? '' : `, ${queuedText(waiting)}`}`,
        command: {
          command: commandIds.showRun,
          title: t('Show Run'),
          arguments: [{ kind: 'run', runId: run.id }],
        },
      };
    }
    if (running.length > 1) {
      const text = `${t('{0} flows running', running.length)}${queued}`;
      return { icon: 'sync~spin', text, speech: text };
    }
    return waiting === 0
      ? {
          icon: 'vm-active',
          text: t('Desktop Flows ready'),
          speech: t('the agent is ready, nothing is running'),
        }
      : {
          icon: 'clock',
          text: queuedText(waiting),
          speech: queuedText(waiting),
        };
  }
}

const queuedText = (count: number): string => (count === 1 ? t('1 run queued') : t('{0} runs queued', count));
