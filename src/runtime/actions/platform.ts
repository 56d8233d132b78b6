// Which system the flow runs on, and the few facts about it that several action modules need.
import { join } from 'node:path';
import { ActionError } from '../action.ts';

export const onWindows: boolean = process.platform === 'win32';

/** Where Windows keeps its own programs; they are started from there and nowhere else. */
export function systemFolder(): string {
  return join(process.env.SystemRoot ?? 'C:\\Windows', 'System32');
}

/** An action that this system has nothing for. `needs` says what it would take: `Windows`. */
export function platformUnsupported(action: string, needs: string): ActionError {
  return new ActionError(
    'PlatformUnsupported',
    `${action} needs ${needs}; this machine runs ${process.platform}.`,
    'Run the flow on another machine, or do without the action there: test the system first with an environment variable such as OS.',
  );
}

/** An action that reaches Windows through the agent, in a run that has none: a test of a flow. */
export function agentNeeded(action: string): ActionError {
  return new ActionError(
    'PlatformUnsupported',
    `${action} reaches Windows only in a run of the agent.`,
    'In a test of the flow, let a mock of the action answer.',
  );
}
