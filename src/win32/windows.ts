// Windows of the session: which there are, what they are, and how to change them. Nothing here waits for a program longer than
// `patience`; nothing searches by selectors.
import { WindowsError, win32 } from './errors.ts';
import {
  type Address,
  callback,
  type Handle,
  lastError,
  succeed,
  wide,
  wideText,
  win32Error,
} from './ffi.ts';
import { dwmapi, kernel32, user32 } from './prototypes.ts';

/** Physical pixels of the virtual screen (of a client area where said). */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export interface Point {
  readonly x: number;
  readonly y: number;
}
export type WindowState = 'normal' | 'minimized' | 'maximized';

/** How long a program may take to answer one message, in ms. */
export const patience = 2000;

export const WM = {
  setText: 0x000c,
  getText: 0x000d,
  getTextLength: 0x000e,
  close: 0x0010,
  command: 0x0111,
  systemCommand: 0x0112,
  notify: 0x004e,
  null: 0x0000,
} as const;

const styleBits = { visible: 0x10000000, disabled: 0x08000000, child: 0x40000000 } as const;

/** Every top-level window of the desktop, front to back, invisible ones included. */
export function topLevelWindows(): Handle[] {
  return enumerate('EnumWindows', (address) => user32.EnumWindows(address, 0));
}

/** All windows below `parent`, in depth-first order of their stacking. */
export function descendantWindows(parent: Handle): Handle[] {
  return enumerate('EnumChildWindows', (address) => user32.EnumChildWindows(parent, address, 0));
}

function enumerate(name: string, start: (address: Address) => number): Handle[] {
  const handles: Handle[] = [];
  const visit = callback(['int', 'long', 'long'], (handle) => {
    handles.push(handle);
    return 1;
  });
  try {
    const isDone = start(visit.address);
    if (isDone === 0 && name === 'EnumWindows') throw win32Error(name, lastError());
  } finally {
    visit.release();
  }
  return handles;
}

/** Windows directly below `parent`, front to back (`GetWindow`). */
export function childWindows(parent: Handle): Handle[] {
  const first = 5;
  const next = 2;
  const handles: Handle[] = [];
  // A window that moves in the stacking order meanwhile could be seen twice.
  const seen = new Set<Handle>();
  for (
    let child = user32.GetWindow(parent, first);
    child !== 0 && !seen.has(child);
    child = user32.GetWindow(child, next)
  ) {
    seen.add(child);
    handles.push(child);
  }
  return handles;
}

/** The window before it in the order of the dialog, as the Tab key goes; 0 for the first. */
export function previousSibling(handle: Handle): Handle {
  return user32.GetWindow(handle, 3);
}

export function windowExists(handle: Handle): boolean {
  return user32.IsWindow(handle) !== 0;
}
export function isVisible(handle: Handle): boolean {
  return user32.IsWindowVisible(handle) !== 0;
}
export function isEnabled(handle: Handle): boolean {
  return user32.IsWindowEnabled(handle) !== 0;
}
/** Does not answer messages for 5 seconds; Windows shows "Not responding". */
export function isHung(handle: Handle): boolean {
  return user32.IsHungAppWindow(handle) !== 0;
}
/** Hidden by the system although it counts as visible: an app that is suspended, or a window of another virtual desktop. */
export function isCloaked(handle: Handle): boolean {
  const dwmaCloaked = 14;
  const cloaked = Buffer.alloc(4);
  return dwmapi.DwmGetWindowAttribute(handle, dwmaCloaked, cloaked, 4) === 0 && cloaked.readUInt32LE(0) !== 0;
}

/** Registered name of the window class; '' when the window is gone. */
export function className(handle: Handle): string {
  const buffer = Buffer.alloc(514);
  const length = user32.GetClassNameW(handle, buffer, 257);
  return buffer.toString('utf16le', 0, length * 2);
}

/** The class that the control is made from (`RealGetWindowClass`), e.g. `Button` for a superclassed one; '' when gone. */
export function realClassName(handle: Handle): string {
  const buffer = Buffer.alloc(514);
  const length = user32.RealGetWindowClassW(handle, buffer, 257);
  return buffer.toString('utf16le', 0, length * 2);
}

/** The title as Windows keeps it: never asks the program, so never waits. For texts of controls see `textOf`. */
export function titleOf(handle: Handle): string {
  const buffer = Buffer.alloc(1024);
  const length = user32.GetWindowTextW(handle, buffer, buffer.length / 2);
  return buffer.toString('utf16le', 0, length * 2);
}

/** Text of a window or control as it says itself (WM_GETTEXT), also in another process. Throws on no answer in time. */
export function textOf(handle: Handle): string {
  const length = sendMessage(handle, WM.getTextLength, 0, 0);
  if (length <= 0) return '';
  const buffer = Buffer.alloc((length + 1) * 2);
  const copied = sendMessage(handle, WM.getText, length + 1, buffer);
  return wideText(buffer, 0, Math.min(copied, length) * 2);
}

export function setText(handle: Handle, text: string): void {
  sendMessage(handle, WM.setText, 0, wide(text));
}

/**
 * Sends a message and waits for its result, at most `timeout` ms. Throws WindowsError 1460 (timeout) when the program does not
 * answer, 1400 when the window is gone, 5 when it runs with higher rights.
 */
export function sendMessage(
  handle: Handle,
  message: number,
  first: number,
  second: number | Uint8Array,
  timeout = patience,
): number {
  const abortIfHung = 2;
  const answer = Buffer.alloc(8);
  if (user32.SendMessageTimeoutW(handle, message, first, second, abortIfHung, timeout, answer) === 0) {
    // Some versions leave no error number when the time is over.
    const number = lastError();
    throw win32Error('SendMessageTimeout', number === 0 ? win32.timeout : number, `window ${handle}`);
  }
  return Number(answer.readBigInt64LE(0));
}

/** Puts a message into the queue of the window's thread; does not wait. */
export function postMessage(handle: Handle, message: number, first: number, second: number): void {
  succeed('PostMessage', user32.PostMessageW(handle, message, first, second), `window ${handle}`);
}

/** Whether the program behind the window answers at all, asked now. */
export function responds(handle: Handle, timeout = patience): boolean {
  try {
    sendMessage(handle, WM.null, 0, 0, timeout);
    return true;
  } catch (error) {
    if (error instanceof WindowsError && error.number !== win32.invalidWindowHandle) return false;
    throw error;
  }
}

/** Outer rectangle, with the invisible borders that Windows 10 gives to frames. Throws when the window is gone. */
export function windowRectangle(handle: Handle): Rectangle {
  const rect = Buffer.alloc(16);
  succeed('GetWindowRect', user32.GetWindowRect(handle, rect), `window ${handle}`);
  return readRectangle(rect);
}

/** What people see of the frame, without invisible borders and shadow; the outer rectangle where Windows does not say. */
export function visibleRectangle(handle: Handle): Rectangle {
  const dwmaExtendedFrameBounds = 9;
  const rect = Buffer.alloc(16);
  if (dwmapi.DwmGetWindowAttribute(handle, dwmaExtendedFrameBounds, rect, 16) === 0) {
    const rectangle = readRectangle(rect);
    if (rectangle.width > 0) return rectangle;
  }
  return windowRectangle(handle);
}

/** The inner area, on the screen. */
export function clientRectangle(handle: Handle): Rectangle {
  const rect = Buffer.alloc(16);
  succeed('GetClientRect', user32.GetClientRect(handle, rect), `window ${handle}`);
  const { x, y } = toScreen(handle, { x: 0, y: 0 });
  return { x, y, width: rect.readInt32LE(8), height: rect.readInt32LE(12) };
}

/** A point of the client area as a point of the screen. */
export function toScreen(handle: Handle, point: Point): Point {
  const buffer = writePoint(point);
  succeed('ClientToScreen', user32.ClientToScreen(handle, buffer), `window ${handle}`);
  return readPoint(buffer);
}

/** A point of the screen as a point of the client area. */
export function toClient(handle: Handle, point: Point): Point {
  const buffer = writePoint(point);
  succeed('ScreenToClient', user32.ScreenToClient(handle, buffer), `window ${handle}`);
  return readPoint(buffer);
}

export function readRectangle(rect: Buffer, offset = 0): Rectangle {
  const x = rect.readInt32LE(offset);
  const y = rect.readInt32LE(offset + 4);
  return { x, y, width: rect.readInt32LE(offset + 8) - x, height: rect.readInt32LE(offset + 12) - y };
}

/** RECT (left, top, right, bottom). */
export function writeRectangle({ x, y, width, height }: Rectangle): Buffer {
  const rect = Buffer.alloc(16);
  [x, y, x + width, y + height].forEach((value, index) => {
    rect.writeInt32LE(value, index * 4);
  });
  return rect;
}

export function readPoint(buffer: Buffer, offset = 0): Point {
  return { x: buffer.readInt32LE(offset), y: buffer.readInt32LE(offset + 4) };
}

export function writePoint({ x, y }: Point): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeInt32LE(x, 0);
  buffer.writeInt32LE(y, 4);
  return buffer;
}

/** A POINT as Windows takes it by value: both halves of one 64-bit number. */
export function pointValue(point: Point): bigint {
  return writePoint({ x: Math.round(point.x), y: Math.round(point.y) }).readBigInt64LE(0);
}

export function stateOf(handle: Handle): WindowState {
  if (user32.IsIconic(handle) !== 0) return 'minimized';
  return user32.IsZoomed(handle) !== 0 ? 'maximized' : 'normal';
}

/** Style bits (GWL_STYLE) without sign. */
export function styleOf(handle: Handle): number {
  return user32.GetWindowLongPtrW(handle, -16) >>> 0;
}
/** Extended style bits (GWL_EXSTYLE) without sign. */
export function extendedStyleOf(handle: Handle): number {
  return user32.GetWindowLongPtrW(handle, -20) >>> 0;
}
/** Whether it is a control inside another window. */
export function isChild(handle: Handle): boolean {
  return (styleOf(handle) & styleBits.child) !== 0;
}

/** Process and thread that made the window; zeros when it is gone. */
export function ownerOf(handle: Handle): { readonly processId: number; readonly threadId: number } {
  const id = Buffer.alloc(4);
  const threadId = user32.GetWindowThreadProcessId(handle, id);
  return { processId: id.readUInt32LE(0), threadId };
}

/** Number of the control in its dialog (GetDlgCtrlID) as a signed 32-bit number; 0 for windows that have none. */
export function controlId(handle: Handle): number {
  return isChild(handle) ? user32.GetDlgCtrlID(handle) : 0;
}

/** Window that contains it; for a top-level window its owner, 0 without. */
export function parentOf(handle: Handle): Handle {
  return user32.GetParent(handle);
}
/** Top-level window it is in (itself when it is one). */
export function rootOf(handle: Handle): Handle {
  return user32.GetAncestor(handle, 2);
}
/** Window that owns this top-level window (dialogs have one); 0 without. */
export function ownerWindowOf(handle: Handle): Handle {
  return user32.GetWindow(handle, 4);
}
export function foregroundWindow(): Handle {
  return user32.GetForegroundWindow();
}

/** Control with the keyboard focus, of the thread of a window or of the foreground; 0 when there is none. */
export function focusedWindow(threadId = 0): Handle {
  return guiThread(threadId)?.focus ?? 0;
}

/** Active window, focus and caret of a thread (0: foreground); undefined when it has no windows. */
export function guiThread(
  threadId = 0,
):
  | { readonly active: Handle; readonly focus: Handle; readonly isInMenu: boolean; readonly caret: Rectangle }
  | undefined {
  const info = Buffer.alloc(72);
  info.writeUInt32LE(72, 0);
  if (user32.GetGUIThreadInfo(threadId, info) === 0) return undefined;
  const inMenuMode = 0x4 | 0x10;
  return {
    active: Number(info.readBigInt64LE(8)),
    focus: Number(info.readBigInt64LE(16)),
    isInMenu: (info.readUInt32LE(4) & inMenuMode) !== 0,
    caret: readRectangle(info, 56),
  };
}

/** The deepest visible window at a point of the screen (disabled ones too); 0 when there is none. */
export function windowAt(point: Point): Handle {
  let handle = user32.WindowFromPoint(pointValue(point));
  // WindowFromPoint passes over disabled children: descend by hand.
  for (let depth = 0; handle !== 0 && depth < 64; depth += 1) {
    const skipInvisible = 1;
    const child = user32.ChildWindowFromPointEx(handle, pointValue(toClient(handle, point)), skipInvisible);
    if (child === 0 || child === handle) break;
    handle = child;
  }
  return handle;
}

/**
 * Brings a window to the front, restoring it when minimised. True when it is the foreground window afterwards: Windows refuses
 * while a person types elsewhere; the input of the foreground thread is joined for that reason.
 */
export function activate(handle: Handle): boolean {
  if (!windowExists(handle))
    throw win32Error('SetForegroundWindow', win32.invalidWindowHandle, `window ${handle}`);
  if (stateOf(handle) === 'minimized') showWindow(handle, 'restored');
  if (user32.SetForegroundWindow(handle) === 0 || foregroundWindow() !== handle) joinedForeground(handle);
  raise(handle);
  return foregroundWindow() === handle;
}

function joinedForeground(handle: Handle): void {
  const front = foregroundWindow();
  const { threadId } = ownerOf(front);
  const own = ownerOf(handle).threadId;
  if (threadId === 0 || own === 0 || threadId === own || isHung(front)) return;
  if (user32.AttachThreadInput(own, threadId, 1) === 0) return;
  try {
    user32.BringWindowToTop(handle);
    user32.SetForegroundWindow(handle);
  } finally {
    user32.AttachThreadInput(own, threadId, 0);
  }
}

/** Gives the keyboard focus to a control, of another process too, whose window comes to the front. True when it has it afterwards. */
export function focusControl(handle: Handle): boolean {
  activate(rootOf(handle));
  const { threadId } = ownerOf(handle);
  const own = kernel32.GetCurrentThreadId();
  if (threadId === 0 || threadId === own) {
    user32.SetFocus(handle);
  } else if (!isHung(handle) && user32.AttachThreadInput(own, threadId, 1) !== 0) {
    try {
      user32.SetFocus(handle);
    } finally {
      user32.AttachThreadInput(own, threadId, 0);
    }
  }
  return focusedWindow(threadId) === handle;
}

const swp = { noSize: 1, noMove: 2, noZOrder: 4, noActivate: 0x10, asyncPosition: 0x4000 } as const;

/** To the top of the stacking order; being in the foreground does not always imply it. */
export function raise(handle: Handle): void {
  user32.SetWindowPos(handle, 0, 0, 0, 0, 0, swp.noMove | swp.noSize);
}

/** Changes place or size (outer rectangle), what is left out stays. A window that hangs changes later. */
export function place(handle: Handle, to: Partial<Rectangle>): void {
  const isMoved = to.x !== undefined && to.y !== undefined;
  const isSized = to.width !== undefined && to.height !== undefined;
  const flags =
    swp.noZOrder |
    swp.noActivate |
    (isMoved ? 0 : swp.noMove) |
    (isSized ? 0 : swp.noSize) |
    (isHung(handle) ? swp.asyncPosition : 0);
  succeed(
    'SetWindowPos',
    user32.SetWindowPos(handle, 0, to.x ?? 0, to.y ?? 0, to.width ?? 0, to.height ?? 0, flags),
    `window ${handle}`,
  );
}

export type Show = 'hidden' | 'restored' | 'minimized' | 'maximized' | 'shown';
const showCommands: Readonly<Record<Show, number>> = {
  hidden: 0,
  restored: 9,
  minimized: 6,
  maximized: 3,
  shown: 5,
};

/** Never waits for a program that hangs. */
export function showWindow(handle: Handle, show: Show): void {
  if (!windowExists(handle)) throw win32Error('ShowWindow', win32.invalidWindowHandle, `window ${handle}`);
  if (isHung(handle)) user32.ShowWindowAsync(handle, showCommands[show]);
  else user32.ShowWindow(handle, showCommands[show]);
}

/** Asks the window to close, as the cross does; the program may ask back or refuse. */
export function requestClose(handle: Handle): void {
  postMessage(handle, WM.close, 0, 0);
}
