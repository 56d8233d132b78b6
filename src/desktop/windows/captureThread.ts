// The thread that hears what people do with mouse and keyboard while something is captured, and shows frames. Entry of its own. It keeps
// a click or key back (not for long) until its element is found; what that means is decided in capture/session.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { type Frames, frames } from '../../win32/frame.ts';
import {
  type KeyboardEvent,
  type MouseEvent,
  pump,
  watchKeyboard,
  watchMouse,
  watchWindows,
} from '../../win32/hooks.ts';
import { isKeyLocked, typedCharacter } from '../../win32/input.ts';
import { useScreenPixels } from '../../win32/screen.ts';
import { foregroundWindow, rootOf } from '../../win32/windows.ts';
import type { HeldModifiers } from '../capture/events.ts';
import type { HeardInput } from '../capture/session.ts';
import type { CaptureThreadData, FromCaptureThread, ToCaptureThread } from './captureThreadMessages.ts';

/** Windows takes a hook away that answers later than 300 ms; nobody notices so little. */
const holdLimit = 220;
/** Between two places of the mouse that the inspector looks at, in ms. */
const moveEvery = 60;

const key = { escape: 0x1b, capsLock: 0x14, backspace: 0x08 } as const;
const modifierOf: Readonly<Record<number, keyof HeldModifiers>> = {
  16: 'shift',
  17: 'control',
  18: 'alt',
  91: 'windows',
  92: 'windows',
  160: 'shift',
  161: 'shift',
  162: 'control',
  163: 'control',
  164: 'alt',
  165: 'alt',
};
/** Lock keys, and keys that input methods and packets use: nothing a flow could send. */
const silent: ReadonlySet<number> = new Set([0x14, 0x90, 0x91, 0xe5, 0xe7, 0xff]);

const port = parentPort;
const { what, found } = workerData as CaptureThreadData;
// What it throws ends the thread and is told to whoever started it.
if (port !== null) void serve(port);

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const ended = new AbortController();
  const marks = new Int32Array(found);
  const tell = (message: FromCaptureThread) => port.postMessage(message);
  let shown: Frames | undefined;
  let lastId = 0;
  const down = new Set<number>();
  /** A run of characters into one field needs no new look at the focus. */
  let isTyping = false;
  let front = foregroundWindow();
  let movedAt = 0;

  port.on('message', (message: ToCaptureThread) => {
    if (message.kind === 'end') return ended.abort();
    shown ??= frames();
    shown.show(message.rectangles);
  });

  useScreenPixels();
  const registrations =
    what === 'show'
      ? []
      : [
          watchMouse((event) => (event.isInjected ? undefined : mouse(event))),
          watchKeyboard((event) => (event.isInjected ? undefined : keyboard(event))),
          ...(what === 'record'
            ? [watchWindows(3, 3, () => noticeFront()), watchWindows(0x8005, 0x8005, moved)]
            : []),
        ];
  try {
    tell({ kind: 'ready' });
    await pump(ended.signal);
  } finally {
    for (const one of registrations) one.release();
    shown?.release();
    port.close();
  }

  function say(input: HeardInput, isHeld: boolean): void {
    lastId += 1;
    tell({ kind: 'heard', id: lastId, input });
    if (isHeld) hold(lastId);
  }

  function hold(id: number): void {
    const end = performance.now() + holdLimit;
    for (;;) {
      const mark = Atomics.load(marks, 0);
      const left = end - performance.now();
      if (mark >= id || left <= 0) return;
      Atomics.wait(marks, 0, mark, left);
    }
  }

  function noticeFront(): void {
    const now = foregroundWindow();
    if (now === 0 || now === front) return;
    front = now;
    isTyping = false;
    say({ kind: 'foreground', window: rootOf(now) }, false);
  }

  function moved(): void {
    if (isTyping) say({ kind: 'focus' }, false);
    isTyping = false;
  }

  function mouse({ kind, button, point, time }: MouseEvent): boolean | undefined {
    if (what === 'inspect') {
      if (kind === 'move' && performance.now() - movedAt > moveEvery) {
        movedAt = performance.now();
        say({ kind: 'move', point }, false);
      }
      const isTaken = button === 'left' && held().control;
      if (isTaken && kind === 'down') say({ kind: 'take', point }, false);
      // The program must not hear of it.
      return isTaken && (kind === 'down' || kind === 'up') ? true : undefined;
    }
    if (button === undefined || (kind !== 'down' && kind !== 'up')) return undefined;
    if (kind === 'down') {
      noticeFront();
      isTyping = false;
    }
    say({ kind, button, point, time }, kind === 'down');
    return undefined;
  }

  function keyboard({ key: code, isDown, scanCode, time }: KeyboardEvent): boolean | undefined {
    if (modifierOf[code] !== undefined) {
      if (isDown) down.add(code);
      else down.delete(code);
      return undefined;
    }
    if (what === 'inspect') {
      if (code !== key.escape) return undefined;
      if (isDown) say({ kind: 'escape' }, false);
      return true;
    }
    if (!isDown || silent.has(code)) return undefined;
    noticeFront();
    const modifiers = held();
    const character = typedCharacter(code, scanCode, { ...modifiers, capsLock: isKeyLocked(key.capsLock) });
    const isText =
      character !== undefined &&
      character >= ' ' &&
      modifiers.control === modifiers.alt &&
      !modifiers.windows;
    const goesOn = isText || code === key.backspace;
    say({ kind: 'key', key: code, character, modifiers, time }, !(isTyping && goesOn));
    isTyping = goesOn;
    return undefined;
  }

  function held(): HeldModifiers {
    const names = new Set([...down].map((code) => modifierOf[code]));
    return {
      alt: names.has('alt'),
      control: names.has('control'),
      shift: names.has('shift'),
      windows: names.has('windows'),
    };
  }
}
