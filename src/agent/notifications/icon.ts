// The thread that has the icon: serves its messages, shows what it is told to, and tells what a person chose. Knows nothing of the agent.
import type { MessagePort } from 'node:worker_threads';
import type { NotifiedRun, ToNotifier } from '../../protocol/notifications.ts';
import { pump } from '../../win32/hooks.ts';
import { NotifyIcon } from '../../win32/notifyIcon.ts';
import { type Command, Commands, menuOf, tipOf } from './texts.ts';

export type FromIcon =
  | { readonly kind: 'made'; readonly window: number }
  | { readonly kind: 'chosen'; readonly command: Command }
  | { readonly kind: 'shown'; readonly title: string; readonly isShown: boolean };

/** Title of its window, which nobody sees. */
export const iconName = 'Desktop Flows notifications';
/** Whoever sends something wakes the thread by a message; nothing else is waited for. */
const longMs = 3_600_000;
const blue = [0x1f, 0x6f, 0xc4] as const;
const amber = [0xe0, 0x9a, 0x1a] as const;
const gray = [0x80, 0x80, 0x80] as const;

/** Until it is told to end. Throws WindowsError. */
export async function showIcon(port: MessagePort): Promise<void> {
  const ended = new AbortController();
  const commands = new Commands();
  const say = (message: FromIcon) => port.postMessage(message);
  let menu = menuOf([], false, commands);
  const icon = new NotifyIcon({
    name: iconName,
    tip: tipOf([]),
    picture: pictureOf([]),
    menu: () => menu,
    chosen(number) {
      const command = commands.commandOf(number);
      if (command !== undefined) say({ kind: 'chosen', command });
    },
  });
  port.on('message', (message: ToNotifier) => {
    switch (message.kind) {
      case 'runs': {
        const { runs, logFolder } = message;
        menu = menuOf(runs, logFolder !== undefined, commands);
        icon.change(tipOf(runs), pictureOf(runs));
        break;
      }
      case 'notice': {
        const { title, text, isFailure } = message.notice;
        say({ kind: 'shown', title, isShown: icon.show(title, text, isFailure ? 'error' : 'information') });
        break;
      }
      case 'end':
        ended.abort();
    }
  });
  say({ kind: 'made', window: icon.window });
  try {
    await pump(ended.signal, longMs);
  } finally {
    icon.release();
    port.close();
  }
}

/** A disc with the sign of playing, or of a pause. */
function pictureOf(runs: readonly NotifiedRun[]): Uint8Array {
  const side = 32;
  const isPaused = runs.length > 0 && runs.every(({ state }) => state === 'Paused');
  const colour = runs.length === 0 ? gray : isPaused ? amber : blue;
  const picture = new Uint8Array(side * side * 4);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [right, down] = [x - 15.5, y - 15.5];
      // The edge is soft over one pixel.
      const opacity = Math.max(0, Math.min(1, 15.5 - Math.hypot(right, down)));
      const isSign = isPaused
        ? Math.abs(down) < 7 && Math.abs(right) > 2 && Math.abs(right) < 6
        : right > -5 && right < 8 - Math.abs(down) * 1.4;
      picture.set([...(isSign ? [255, 255, 255] : colour), Math.round(opacity * 255)], (y * side + x) * 4);
    }
  }
  return picture;
}
