// What people do with mouse and keyboard everywhere, what happens to windows, hot keys, and messages of Windows to a window of ours.
// To be used in a thread of its own that runs `pump`: Windows drops hooks whose thread answers late.
import { setImmediate as turn } from 'node:timers/promises';
import {
  bytesAt,
  type Callback,
  callback,
  type Handle,
  lastError,
  pointTo,
  readLong,
  succeed,
  wide,
  win32Error,
  writeLong,
} from './ffi.ts';
import type { MouseButton } from './input.ts';
import { kernel32, user32 } from './prototypes.ts';
import { type Point, readPoint } from './windows.ts';

/** Something that Windows calls until `release`. */
export interface Registration {
  release(): void;
}

export interface KeyboardEvent {
  readonly key: number;
  readonly scanCode: number;
  readonly isExtended: boolean;
  readonly isDown: boolean;
  /** A program made it, not a person. */
  readonly isInjected: boolean;
  /** Milliseconds since the system started, as a 32-bit number. */
  readonly time: number;
}

export interface MouseEvent {
  readonly kind: 'move' | 'down' | 'up' | 'wheel' | 'horizontalWheel';
  readonly point: Point;
  /** Of `down` and `up`; undefined for extra buttons. */
  readonly button: MouseButton | undefined;
  /** Of the wheels: 120 is one notch. */
  readonly amount: number;
  readonly isInjected: boolean;
  readonly time: number;
}

/** True keeps the event from every program. */
export type Watcher<E> = (event: E) => boolean | undefined;

const hook = { keyboard: 13, mouse: 14 } as const;

/** Every key, before any program gets it. */
export function watchKeyboard(listener: Watcher<KeyboardEvent>): Registration {
  return installHook(hook.keyboard, 24, (message, data) => {
    const flags = data.readUInt32LE(8);
    const isUp = (flags & 0x80) !== 0;
    return listener({
      key: data.readUInt32LE(0),
      scanCode: data.readUInt32LE(4),
      isExtended: (flags & 1) !== 0,
      isDown: !isUp && (message === 0x100 || message === 0x104),
      isInjected: (flags & 0x10) !== 0,
      time: data.readUInt32LE(12),
    });
  });
}

const mouseMessages: Readonly<Record<number, { kind: MouseEvent['kind']; button?: MouseButton }>> = {
  512: { kind: 'move' },
  513: { kind: 'down', button: 'left' },
  514: { kind: 'up', button: 'left' },
  516: { kind: 'down', button: 'right' },
  517: { kind: 'up', button: 'right' },
  519: { kind: 'down', button: 'middle' },
  520: { kind: 'up', button: 'middle' },
  522: { kind: 'wheel' },
  523: { kind: 'down' },
  524: { kind: 'up' },
  526: { kind: 'horizontalWheel' },
};

/** Every move, button and wheel, before any program gets it. */
export function watchMouse(listener: Watcher<MouseEvent>): Registration {
  return installHook(hook.mouse, 32, (message, data) => {
    const known = mouseMessages[message];
    if (known === undefined) return undefined;
    const isWheel = known.kind === 'wheel' || known.kind === 'horizontalWheel';
    return listener({
      kind: known.kind,
      point: readPoint(data),
      button: known.button,
      amount: isWheel ? data.readInt16LE(10) : 0,
      isInjected: (data.readUInt32LE(12) & 1) !== 0,
      time: data.readUInt32LE(16),
    });
  });
}

function installHook(
  kind: number,
  size: number,
  heard: (message: number, data: Buffer) => boolean | undefined,
): Registration {
  const procedure = callback(['long', 'int', 'long', 'long'], (code, message, data) => {
    if (code === 0 && heard(message, bytesAt(data, size)) === true) return 1;
    return user32.CallNextHookEx(0, code, message, data);
  });
  const handle = user32.SetWindowsHookExW(kind, procedure.address, kernel32.GetModuleHandleW(null), 0);
  return registered('SetWindowsHookEx', handle, procedure, () => user32.UnhookWindowsHookEx(handle));
}

export interface WindowEvent {
  /** EVENT_* number, e.g. 0x0003 foreground, 0x8005 focus, 0x800C name. */
  readonly event: number;
  readonly window: Handle;
  /** OBJID_*; 0 is the window itself. */
  readonly object: number;
  readonly child: number;
  readonly threadId: number;
  readonly time: number;
}

/** Events of accessibility between two numbers, of all programs but this one. */
export function watchWindows(
  first: number,
  last: number,
  listener: (event: WindowEvent) => void,
): Registration {
  const outOfContextSkipOwn = 0x2;
  const procedure = callback(
    ['void', 'long', 'uint', 'long', 'int', 'int', 'uint', 'uint'],
    (_hook, event, window, object, child, threadId, time) => {
      listener({ event, window, object, child, threadId, time });
      return 0;
    },
  );
  const handle = user32.SetWinEventHook(first, last, 0, procedure.address, 0, 0, outOfContextSkipOwn);
  return registered('SetWinEventHook', handle, procedure, () => user32.UnhookWinEvent(handle));
}

function registered(name: string, handle: Handle, procedure: Callback, remove: () => void): Registration {
  if (handle === 0) {
    const number = lastError();
    procedure.release();
    throw win32Error(name, number);
  }
  let isReleased = false;
  return {
    release() {
      if (isReleased) return;
      isReleased = true;
      remove();
      procedure.release();
    },
  };
}

export interface Modifiers {
  readonly alt?: boolean;
  readonly control?: boolean;
  readonly shift?: boolean;
  readonly windows?: boolean;
}

const hotKeys = new Map<number, () => void>();
let lastHotKey = 0;

/** Calls back each time the combination is pressed, whatever has the focus. Throws WindowsError 1409 when another program has it. */
export function registerHotKey(modifiers: Modifiers, key: number, listener: () => void): Registration {
  const noRepeat = 0x4000;
  const flags =
    (modifiers.alt ? 1 : 0) |
    (modifiers.control ? 2 : 0) |
    (modifiers.shift ? 4 : 0) |
    (modifiers.windows ? 8 : 0) |
    noRepeat;
  lastHotKey += 1;
  const id = lastHotKey;
  succeed('RegisterHotKey', user32.RegisterHotKey(0, id, flags, key));
  hotKeys.set(id, listener);
  return {
    release() {
      if (hotKeys.delete(id)) user32.UnregisterHotKey(0, id);
    },
  };
}

/**
 * Serves the messages of this thread until the signal aborts: without it nothing above calls back. The event loop gets its turn
 * after each wait of at most `period` ms.
 */
export async function pump(signal: AbortSignal, period = 20): Promise<void> {
  const message = Buffer.alloc(48);
  const allInput = 0x4ff;
  const inputAvailable = 4;
  while (!signal.aborted) {
    user32.MsgWaitForMultipleObjectsEx(0, null, period, allInput, inputAvailable);
    serveMessages(message);
    await turn();
  }
}

/** Serves what waits now. */
export function serveMessages(message = Buffer.alloc(48)): void {
  const remove = 1;
  const hotKey = 0x312;
  while (user32.PeekMessageW(message, 0, 0, 0, remove) !== 0) {
    if (message.readUInt32LE(8) === hotKey) hotKeys.get(readLong(message, 16))?.();
    else {
      user32.TranslateMessage(message);
      user32.DispatchMessageW(message);
    }
  }
}

const messagesOnly = -3;

/**
 * A window without a picture, for notifications. `heard` gives the result of a message, or undefined for the usual one. With a `parent` of
 * 0 it is one of the top level, which hears what Windows says to all.
 */
export function messageWindow(
  name: string,
  heard: (message: number, first: number, second: number) => number | undefined,
  parent: Handle = messagesOnly,
): Registration & { readonly handle: Handle } {
  const procedure = callback(['long', 'long', 'uint', 'long', 'long'], (window, message, first, second) => {
    const result = heard(message, first, second);
    return result ?? user32.DefWindowProcW(window, message, first, second);
  });
  const instance = kernel32.GetModuleHandleW(null);
  const className = `${name} ${kernel32.GetCurrentThreadId()}`;
  const text = wide(className);
  const windowClass = Buffer.alloc(80);
  windowClass.writeUInt32LE(80, 0);
  writeLong(windowClass, procedure.address, 8);
  writeLong(windowClass, instance, 24);
  pointTo(windowClass, text, 64);
  const atom = user32.RegisterClassExW(windowClass);
  if (atom === 0) {
    const number = lastError();
    procedure.release();
    throw win32Error('RegisterClassEx', number);
  }
  const handle = user32.CreateWindowExW(0, className, name, 0, 0, 0, 0, 0, parent, 0, instance, 0);
  const number = handle === 0 ? lastError() : 0;
  const release = () => {
    if (handle !== 0) user32.DestroyWindow(handle);
    user32.UnregisterClassW(className, instance);
    procedure.release();
  };
  if (handle === 0) {
    release();
    throw win32Error('CreateWindowEx', number);
  }
  return { handle, release };
}
