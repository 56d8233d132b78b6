// Tells the person who started a run in this window how it ended, with the next actions at hand. Silent for the runs of others,
// and as far as the notification setting wants it.
import type { Disposable } from '../base/disposable.ts';
import { isTerminal, type Run } from '../protocol/run.ts';
import { t } from './l10n.ts';
import { type CommandName, commandIds, settingIds, settingsSection } from './names.ts';
import { endedBadly, type RunStore } from './runs.ts';
import type { VSCode } from './vscode.ts';
import { durationText, errorText, flowName, oneLine, runTime, stateWord, valueText } from './wording.ts';

const actions = {
  'Show Run': 'showRun',
  'Open Line': 'openFailingLine',
  Resubmit: 'resubmitRun',
  'Copy Details': 'copyErrorDetails',
} satisfies Record<string, CommandName>;
type Action = keyof typeof actions;

const titles = (): Record<Action, string> => ({
  'Show Run': t('Show Run'),
  'Open Line': t('Open Line'),
  Resubmit: t('Resubmit'),
  'Copy Details': t('Copy Details'),
});

/** Only for runs that were requested here (rule RUN-13), and only their end (rule RUN-14). */
export function notifyOfEnds(vscode: VSCode, store: RunStore, isOwn: (runId: string) => boolean): Disposable {
  return store.onDidChange((change) => {
    if (change.kind !== 'run' || !isOwn(change.run.id)) return;
    const { run, before } = change;
    if (isTerminal(run.state) && before && !isTerminal(before.state)) void notify(vscode, run);
  });
}

async function notify(vscode: VSCode, run: Run): Promise<void> {
  const wanted = vscode.workspace
    .getConfiguration(settingsSection)
    .get<string>(settingIds.notifications, 'all');
  if (wanted === 'off' || (wanted === 'failures' && !endedBadly(run))) return;
  const text = sentence(run);
  const choice = await (run.state === 'Succeeded'
    ? vscode.window.showInformationMessage(text, ...offered(['Show Run', 'Resubmit']))
    : run.state === 'Failed' || run.state === 'TimedOut'
      ? vscode.window.showErrorMessage(
          text,
          ...offered(
            run.error?.line === undefined
              ? ['Show Run', 'Resubmit', 'Copy Details']
              : ['Open Line', 'Show Run', 'Resubmit', 'Copy Details'],
          ),
        )
      : vscode.window.showWarningMessage(
          text,
          ...offered(
            run.state === 'Canceled' ? ['Show Run', 'Resubmit'] : ['Resubmit', 'Show Run', 'Copy Details'],
          ),
        ));
  if (choice)
    await vscode.commands.executeCommand(commandIds[actions[choice.action]], { kind: 'run', runId: run.id });
}

const offered = (names: readonly Action[]): readonly { readonly title: string; readonly action: Action }[] =>
  names.map((action) => ({ title: titles()[action], action }));

function sentence(run: Run): string {
  const name = flowName(run);
  const took = runTime(run, run.endedAt ?? 0);
  const after = took === undefined ? '' : ` ${t('after {0}', durationText(took))}`;
  if (run.state === 'Succeeded') {
    const outputs = Object.entries(run.outputs ?? {}).map(
      ([key, value]) => `${oneLine(key, 40)} = ${valueText(value, 80)}`,
    );
    const more = outputs.length > 3 ? ', …' : '';
    return `${t('{0} succeeded in {1}.', name, durationText(took ?? 0))}${outputs.length === 0 ? '' : ` ${outputs.slice(0, 3).join(', ')}${more}`}`;
  }
  const word = stateWord(run.state).toLowerCase();
  const ended = `${run.state === 'Lost' || run.state === 'Skipped' ? t('{0} was {1}', name, word) : t('{0} {1}', name, word)}${after}`;
  if (!run.error || run.state === 'Canceled') return `${ended}.`;
  return `${ended}: ${errorText(run.error, 300)} ${oneLine(run.error.nextStep, 200)}`;
}
