// "Export Diagnostics": what somebody else needs to understand a problem, as text in a new document. Redacted; contains no inputs,
// no outputs and no flow text. Nothing is sent anywhere.
import { homedir } from 'node:os';
import { formatLogLine, type Log } from '../base/log.ts';
import type { AgentConnection } from './agents.ts';
import type { RunStore } from './runs.ts';
import type { VSCode } from './vscode.ts';
import { timeText } from './wording.ts';

export function diagnosticsReport(
  vscode: VSCode,
  version: string,
  agent: AgentConnection,
  store: RunStore,
  log: Log,
  now: number,
): string {
  const { state } = agent;
  const runs = [...store.running(), ...store.queued(), ...store.finished()].slice(0, 50);
  const lines = [
    '# Desktop Flows diagnostics',
    '',
    `- Exported: ${timeText(now)}`,
    `- Desktop Flows ${version}, VS Code ${vscode.version}, Node ${process.versions.node}, ${process.platform} ${process.arch}`,
    `- Remote: ${vscode.env.remoteName ?? 'no'}, workspace trusted: ${vscode.workspace.isTrusted}`,
    `- Agent: ${describe(state)}`,
    `- Events seen: ${store.lastSeq}`,
    '',
    '## Runs',
    '',
    ...(runs.length === 0
      ? ['(none)']
      : runs.map(
          (run) =>
            `- ${run.id} ${run.state} requested ${timeText(run.requestedAt)}${run.error ? ` ${run.error.code}` : ''}`,
        )),
    '',
    '## Log',
    '',
    '```text',
    ...log.recent().map(formatLogLine),
    '```',
    '',
  ];
  return log.redactor.text(lines.join('\n')).replaceAll(homedir(), '~');
}

function describe(state: AgentConnection['state']): string {
  if (!state) return 'not looked for yet';
  switch (state.kind) {
    case 'connected':
      return `connected, version ${state.machine.agentVersion}, ${state.machine.platform}, process ${state.pid}, since ${timeText(state.startedAt)}, data folder ${state.dataFolder}`;
    case 'failed':
      return `failed, ${state.code}: ${state.message}`;
    case 'reconnecting':
      return `reconnecting, attempt ${state.attempt}: ${state.reason}`;
    default:
      return state.kind;
  }
}
