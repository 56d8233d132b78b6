// The page of all ended runs (`Show Run History`): one per window, read from the agent when it opens, when runs end, and on demand.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { isTerminal, type Run } from '../../protocol/run.ts';
import { Coalesced } from '../coalesced.ts';
import { t } from '../l10n.ts';
import { settingsSection } from '../names.ts';
import type { RunStore } from '../runs.ts';
import type { VSCode, WebviewPanel } from '../vscode.ts';
import { historyOf } from './history.ts';
import { detailSettingIds, pageTypes } from './names.ts';
import type { RunReader } from './panels.ts';
import { storyActs } from './story.ts';
import { WebPage } from './webPage.ts';

/** Runs end in crowds: the page is read again at most this often. */
const rereadMs = 2_000;
/** More runs than this are not read: the newest count. */
const mostRuns = 5_000;
export const defaultHistoryDays = 30;

export interface HistoryContext {
  readonly vscode: VSCode;
  readonly store: RunStore;
  readonly reader: RunReader;
  readonly clock: Clock;
  readonly script: () => string;
  readonly showRun: (run: Run) => void;
}

export class HistoryPanel implements Disposable {
  readonly #context: HistoryContext;
  #open: { readonly panel: WebviewPanel; readonly owned: DisposableStore } | undefined;
  #runs: readonly Run[] = [];

  constructor(context: HistoryContext) {
    this.#context = context;
  }

  show(): void {
    if (this.#open) {
      this.#open.panel.reveal();
      return;
    }
    const { vscode, store, reader, clock, script } = this.#context;
    const panel = vscode.window.createWebviewPanel(
      pageTypes.history,
      t('Run History'),
      vscode.ViewColumn.Active,
      {
        enableFindWidget: true,
      },
    );
    const owned = new DisposableStore();
    this.#open = { panel, owned };
    const page = owned.add(new WebPage(vscode, panel.webview, script()));
    const paint = () =>
      page.show(
        historyOf(this.#runs, {
          now: clock.now(),
          days: this.#days(),
          machineName: reader.machineName,
          isConnected: reader.isConnected(),
        }),
      );
    const read = async () => {
      if (!panel.visible) return;
      try {
        if (reader.isConnected()) this.#runs = await reader.runs(mostRuns);
        else if (this.#runs.length === 0) this.#runs = store.finished();
      } catch {
        this.#runs = store.finished(); // the connection ended meanwhile; the page says so
      }
      paint();
    };
    const again = owned.add(new Coalesced(clock, rereadMs, () => void read()));
    owned.add(page.onReady(() => void read()));
    owned.add(page.onAct(({ id, argument }) => void this.#act(id, argument, read)));
    owned.add(reader.onDidChange(again.soon));
    owned.add(
      store.onDidChange((change) => {
        if (change.kind === 'reset' || (change.kind === 'run' && isTerminal(change.run.state))) again.soon();
      }),
    );
    owned.add(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(`${settingsSection}.${detailSettingIds.historyDays}`)) paint();
      }),
    );
    owned.add(
      panel.onDidChangeViewState(() => {
        if (!panel.visible) page.hidden();
      }),
    );
    panel.onDidDispose(() => {
      owned.dispose();
      this.#open = undefined;
    });
  }

  dispose(): void {
    this.#open?.panel.dispose();
  }

  #days(): number {
    const days = this.#context.vscode.workspace
      .getConfiguration(settingsSection)
      .get<number>(detailSettingIds.historyDays, defaultHistoryDays);
    return Number.isFinite(days) && days >= 1 ? Math.floor(days) : defaultHistoryDays;
  }

  async #act(id: string, argument: string | undefined, read: () => Promise<void>): Promise<void> {
    const { vscode, store, showRun } = this.#context;
    if (id === 'refresh') return read();
    if (id === 'days') {
      await vscode.commands.executeCommand('workbench.action.openSettings', {
        query: `@id:${settingsSection}.${detailSettingIds.historyDays}`,
      });
    } else if (id === storyActs.openRun) {
      const run = store.get(argument ?? '') ?? this.#runs.find((each) => each.id === argument);
      if (run) showRun(run);
    }
  }
}
