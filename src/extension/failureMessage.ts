// How a failure of ours is told: what happened, what next, and a button that does it. Failures of flows are told elsewhere.
import { asProductError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import { t } from './l10n.ts';
import { commandIds, settingIds, settingsSection } from './names.ts';
import type { Command, VSCode } from './vscode.ts';
import { oneLine } from './wording.ts';

interface Told {
  readonly code: string;
  readonly nextStep: string;
}

/** The command that a next step speaks of: opening the setting it names, or a restart of the language server. */
export function remedyOf(vscode: VSCode, { code, nextStep }: Told): Command | undefined {
  const setting = Object.values(settingIds)
    .map((id) => `${settingsSection}.${id}`)
    .find((id) => nextStep.includes(id));
  if (setting) {
    // Settings of a machine are on a page of their own when the machine is a remote one.
    const page = vscode.env.remoteName === undefined ? 'openSettings' : 'openRemoteSettings';
    return {
      title: t('Open Setting'),
      command: `workbench.action.${page}`,
      arguments: [{ query: `@id:${setting}` }],
    };
  }
  return code === 'LanguageServerNotRunning'
    ? { title: t('Restart Language Server'), command: commandIds.restartLanguageServer }
    : undefined;
}

/** What happened, what next, and the code, on one line. */
export const failureText = ({ message, nextStep, code }: Told & { readonly message: string }): string =>
  `${oneLine(message, 500)} ${oneLine(nextStep, 300)} (${code})`;

/** Shows a failure with its next step, its remedy and the way to the log. `doing` names the attempt in the log. */
export async function showFailure(
  vscode: VSCode,
  log: Log,
  doing: string,
  error: unknown,
  showLog: () => void,
): Promise<void> {
  const failure = asProductError(error);
  log.error(`${doing}: ${failure.message}`, {
    code: failure.code,
    ...(failure.code === 'InternalError' ? { stack: stackOf(failure.cause) } : {}),
  });
  const remedy = remedyOf(vscode, failure);
  const choice = await vscode.window.showErrorMessage(
    failureText(failure),
    ...(remedy ? [remedy.title] : []),
    t('Show Log'),
  );
  if (choice === t('Show Log')) showLog();
  else if (choice && remedy)
    await vscode.commands.executeCommand(remedy.command, ...(remedy.arguments ?? []));
}

const stackOf = (cause: unknown): string =>
  cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
