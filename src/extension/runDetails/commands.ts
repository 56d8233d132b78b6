// The commands of run details, history, flow monitor and inline status. Like those of ../commands.ts, none ends in silence.
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Run } from '../../protocol/run.ts';
import { t } from '../l10n.ts';
import { settingsSection } from '../names.ts';
import type { RunPages } from '../runPage.ts';
import type { VSCode } from '../vscode.ts';
import type { HistoryPanel } from './historyPanel.ts';
import { type DetailCommandName, detailCommandIds, detailSettingIds, monitorViewId } from './names.ts';
import type { RunPanels } from './panels.ts';

export interface DetailCommandContext {
  readonly vscode: VSCode;
  readonly panels: RunPanels;
  readonly pages: RunPages;
  readonly history: HistoryPanel;
  /** The run of the row or page the command was called on; else one that the person picks. */
  readonly pick: (target: unknown, title: string) => Promise<Run | undefined>;
  readonly failed: (doing: string, error: unknown) => void;
}

export function registerDetailCommands({
  vscode,
  panels,
  pages,
  history,
  pick,
  failed,
}: DetailCommandContext): Disposable {
  const table: Readonly<Record<DetailCommandName, (target: unknown, more?: unknown) => Promise<unknown>>> = {
    async showRunAsText(target) {
      const run = await pick(target, t('Show which run as text?'));
      if (run) await pages.show(run);
    },
    async downloadRun(target, form) {
      const run = await pick(target, t('Download which run?'));
      if (!run) return;
      const chosen =
        form === 'json' || form === 'html'
          ? form
          : (
              await vscode.window.showQuickPick(
                [
                  { label: 'JSON', description: t('for programs'), form: 'json' as const },
                  { label: 'HTML', description: t('a page to read and to send'), form: 'html' as const },
                ],
                { title: t('Download the run as') },
              )
            )?.form;
      if (chosen) await panels.download(run, chosen);
    },
    showHistory: async () => history.show(),
    showMonitor: async () => vscode.commands.executeCommand(`${monitorViewId}.focus`),
    async toggleInlineStatus() {
      const settings = vscode.workspace.getConfiguration(settingsSection);
      const isOn = !settings.get<boolean>(detailSettingIds.inlineStatus, true);
      await settings.update(detailSettingIds.inlineStatus, isOn, vscode.ConfigurationTarget.Global);
      vscode.window.setStatusBarMessage(
        isOn ? t('Run status is shown behind lines') : t('Run status is no longer shown behind lines'),
        3_000,
      );
    },
  };
  const disposables = new DisposableStore();
  for (const [name, command] of Object.entries(table)) {
    disposables.add(
      vscode.commands.registerCommand(
        detailCommandIds[name as DetailCommandName],
        async (target: unknown, more: unknown) => {
          try {
            await command(target, more);
          } catch (error) {
            failed(name, error);
          }
        },
      ),
    );
  }
  return disposables;
}
