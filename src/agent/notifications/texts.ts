// What notifications and the menu of the icon say. Pure.
import type { RunChange } from '../../orchestration/store.ts';
import type { NotificationSetting } from '../../protocol/fleet.ts';
import { type Notice, type NotifiedRun, type Wish, wishes } from '../../protocol/notifications.ts';
import { isTerminal } from '../../protocol/run.ts';
import type { MenuEntry } from '../../win32/notifyIcon.ts';

/** What a person is told of a change; undefined: nothing. `before`: undefined when the run just begins. */
export function noticeOf(
  setting: NotificationSetting,
  flow: string,
  before: NotifiedRun['state'] | undefined,
  { state, error }: RunChange,
): Notice | undefined {
  const isFailure = isTerminal(state) && state !== 'Succeeded' && state !== 'Canceled';
  if (setting === 'off' || (setting === 'failures' && !isFailure) || state === before) return undefined;
  return { title: flow, text: textOf(), isFailure };

  function textOf(): string {
    switch (state) {
      case 'Running':
        return before === undefined ? 'The flow runs.' : 'The flow goes on.';
      case 'Paused':
        return 'The flow is paused.';
      case 'Succeeded':
        return 'The flow has succeeded.';
      case 'Canceled':
        return `The flow was stopped. ${error?.message ?? ''}`.trim();
      default: {
        const reason = error === undefined ? '' : ` ${error.message} ${error.nextStep}`;
        return `The flow has ${state === 'TimedOut' ? 'taken too long' : 'failed'}.${reason}`;
      }
    }
  }
}

/** Beside the pointer. */
export function tipOf(runs: readonly NotifiedRun[]): string {
  const [first] = runs;
  if (first === undefined) return 'Desktop Flows: no flow runs';
  const others = runs.length === 1 ? '' : ` and ${runs.length - 1} more`;
  return `Desktop Flows: ${first.flow}${others} ${first.state === 'Paused' ? '(paused)' : '(running)'}`;
}

export type Command = { readonly runId: string; readonly wish: Wish } | 'openLog' | 'leave';

/** Numbers of the menu's commands; one that was given keeps its meaning, whatever changes while the menu is open. */
export class Commands {
  readonly #runs: string[] = [];

  numberOf(command: Command): number {
    if (command === 'openLog') return 1;
    if (command === 'leave') return 2;
    let index = this.#runs.indexOf(command.runId);
    if (index < 0) index = this.#runs.push(command.runId) - 1;
    return first + index * wishes.length + wishes.indexOf(command.wish);
  }

  /** Undefined: no such command was given. */
  commandOf(number: number): Command | undefined {
    if (number === 1) return 'openLog';
    if (number === 2) return 'leave';
    const runId = this.#runs[Math.floor((number - first) / wishes.length)];
    const wish = wishes[(number - first) % wishes.length];
    return runId === undefined || wish === undefined ? undefined : { runId, wish };
  }
}

const first = 16;

const words: Readonly<Record<Wish, string>> = {
  pause: 'Pause',
  resume: 'Resume',
  safeStop: 'Stop at a safe place',
  stop: 'Stop',
};

export function menuOf(
  runs: readonly NotifiedRun[],
  hasLog: boolean,
  commands: Commands,
): readonly MenuEntry[] {
  const item = (runId: string, wish: Wish): MenuEntry => ({
    text: words[wish],
    command: commands.numberOf({ runId, wish }),
  });
  return [
    ...(runs.length === 0 ? [{ text: 'No flow runs' }] : []),
    ...runs.map(({ id, flow, state }) => ({
      text: `${flow} (${state === 'Paused' ? 'paused' : 'running'})`,
      items: [item(id, state === 'Paused' ? 'resume' : 'pause'), item(id, 'safeStop'), item(id, 'stop')],
    })),
    {},
    ...(hasLog ? [{ text: 'Open log folder', command: commands.numberOf('openLog') }] : []),
    { text: 'Exit notifications', command: commands.numberOf('leave') },
  ];
}
