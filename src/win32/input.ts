// Mouse and keyboard of the session as if people used them (SendInput), and what state they are in. No grammar of keys, no waits.
import { type Handle, lastError, readLong, succeed, win32Error } from './ffi.ts';
import { kernel32, user32 } from './prototypes.ts';
import { ownerOf, type Point, postMessage, type Rectangle, readPoint } from './windows.ts';

export type MouseButton = 'left' | 'right' | 'middle';

/** One change of a key (virtual-key code), or of a character whatever the layout (several UTF-16 units are sent as such). */
export type KeyEvent =
  | { readonly key: number; readonly isDown: boolean; readonly isExtended?: boolean }
  | { readonly character: string; readonly isDown: boolean };

const inputSize = 40;
const mouse = {
  move: 0x1,
  wheel: 0x800,
  horizontalWheel: 0x1000,
  virtualDesk: 0x4000,
  absolute: 0x8000,
} as const;
const buttonFlags: Readonly<Record<MouseButton, { down: number; up: number }>> = {
  left: { down: 0x2, up: 0x4 },
  right: { down: 0x8, up: 0x10 },
  middle: { down: 0x20, up: 0x40 },
};
const keyFlags = { extended: 1, up: 2, unicode: 4 } as const;

/** Keys that have a twin on the number pad or left: they carry the extended flag unless an event says otherwise. */
const extendedKeys: ReadonlySet<number> = new Set([
  0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x2c, 0x2d, 0x2e, 0x5b, 0x5c, 0x5d, 0x6f, 0x90, 0xa3, 0xa5,
]);

const metric = { swapButton: 23, virtualX: 76, virtualY: 77, virtualWidth: 78, virtualHeight: 79 } as const;

/** The rectangle around all screens. */
export function virtualScreen(): Rectangle {
  return {
    x: user32.GetSystemMetrics(metric.virtualX),
    y: user32.GetSystemMetrics(metric.virtualY),
    width: user32.GetSystemMetrics(metric.virtualWidth),
    height: user32.GetSystemMetrics(metric.virtualHeight),
  };
}

export function mousePosition(): Point {
  const point = Buffer.alloc(8);
  succeed('GetCursorPos', user32.GetCursorPos(point));
  return readPoint(point);
}

/** Jumps to a point of the virtual screen. Throws WindowsError 5 where input is not let in (secure desktop, UIPI). */
export function moveMouse(to: Point): void {
  const screen = virtualScreen();
  // Windows scales back by floor(value * size / 65536): rounding up hits the very pixel.
  const scale = (value: number, start: number, size: number) =>
    Math.ceil(((Math.round(value) - start) * 65536) / size);
  send([
    mouseInput(
      mouse.move | mouse.absolute | mouse.virtualDesk,
      scale(to.x, screen.x, screen.width),
      scale(to.y, screen.y, screen.height),
    ),
  ]);
}

/** `left` is the main button, whichever that is for the person. */
export function mouseButton(button: MouseButton, isDown: boolean): void {
  const isSwapped = user32.GetSystemMetrics(metric.swapButton) !== 0;
  const physical = isSwapped && button !== 'middle' ? (button === 'left' ? 'right' : 'left') : button;
  send([mouseInput(buttonFlags[physical][isDown ? 'down' : 'up'])]);
}

/** 120 is one notch: away from the person, or to the right. */
export function mouseWheel(amount: number, isHorizontal: boolean): void {
  send([mouseInput(isHorizontal ? mouse.horizontalWheel : mouse.wheel, 0, 0, amount)]);
}

function mouseInput(flags: number, x = 0, y = 0, data = 0): Buffer {
  const input = Buffer.alloc(inputSize);
  input.writeInt32LE(x, 8);
  input.writeInt32LE(y, 12);
  input.writeInt32LE(data, 16);
  input.writeUInt32LE(flags, 20);
  return input;
}

/** All of them without a gap: nothing that people type comes between. */
export function sendKeys(events: readonly KeyEvent[]): void {
  const layout = keyboardLayout();
  send(events.flatMap((event) => keyInputs(event, layout)));
}

function keyInputs(event: KeyEvent, layout: number): Buffer[] {
  const up = event.isDown ? 0 : keyFlags.up;
  if ('character' in event) {
    return Array.from({ length: event.character.length }, (_, index) =>
      keyInput(0, event.character.charCodeAt(index), keyFlags.unicode | up),
    );
  }
  const isExtended = event.isExtended ?? extendedKeys.has(event.key);
  const toScanCode = 0;
  const scanCode = user32.MapVirtualKeyExW(event.key, toScanCode, layout | 0);
  return [keyInput(event.key, scanCode, (isExtended ? keyFlags.extended : 0) | up)];
}

function keyInput(key: number, scanCode: number, flags: number): Buffer {
  const keyboard = 1;
  const input = Buffer.alloc(inputSize);
  input.writeUInt32LE(keyboard, 0);
  input.writeUInt16LE(key, 8);
  input.writeUInt16LE(scanCode & 0xffff, 10);
  input.writeUInt32LE(flags, 12);
  return input;
}

function send(inputs: readonly Buffer[]): void {
  if (inputs.length === 0) return;
  if (user32.SendInput(inputs.length, Buffer.concat(inputs), inputSize) === inputs.length) return;
  // Blocked by UIPI or another desktop Windows sets no number of its own.
  const accessDenied = 5;
  throw win32Error('SendInput', lastError() || accessDenied);
}

/** Keeps people's mouse and keyboard out until it is ended or this thread ends. Needs elevation (WindowsError 5). */
export function blockInput(isBlocked: boolean): void {
  succeed('BlockInput', user32.BlockInput(Number(isBlocked)));
}

export function isKeyDown(key: number): boolean {
  return (user32.GetAsyncKeyState(key) & 0x8000) !== 0;
}
/** Caps lock, num lock, scroll lock. */
export function isKeyLocked(key: number): boolean {
  return (user32.GetKeyState(key) & 1) !== 0;
}

/** Layout (HKL) of a window's thread, or of the foreground; as an unsigned number. */
export function keyboardLayout(window: Handle = user32.GetForegroundWindow()): number {
  return user32.GetKeyboardLayout(window === 0 ? 0 : ownerOf(window).threadId) >>> 0;
}

/** Layouts that are set up for the person. */
export function keyboardLayouts(): number[] {
  const count = user32.GetKeyboardLayoutList(0, null);
  const list = Buffer.alloc(count * 8);
  const written = user32.GetKeyboardLayoutList(count, list);
  return Array.from({ length: written }, (_, index) => readLong(list, index * 8) >>> 0);
}

/** Asks a window to change to a layout; it does so when it reads its messages. */
export function setKeyboardLayout(window: Handle, layout: number): void {
  const inputLanguageChangeRequest = 0x50;
  postMessage(window, inputLanguageChangeRequest, 0, layout | 0);
}

/** A key and what is held with it; `control` and `alt` together are AltGr. */
export interface LayoutKey {
  readonly key: number;
  readonly shift: boolean;
  readonly control: boolean;
  readonly alt: boolean;
}

/** The key and modifiers that type a character (one UTF-16 unit) in a layout; undefined when none do. */
export function characterKey(character: string, layout: number): LayoutKey | undefined {
  const found = user32.VkKeyScanExW(character.charCodeAt(0), layout | 0);
  // Further modifiers are those of a layout itself (Hankaku and the like): no key of ours stands for them.
  if (found === 0xffff || found >> 11 !== 0) return undefined;
  return {
    key: found & 0xff,
    shift: (found & 0x100) !== 0,
    control: (found & 0x200) !== 0,
    alt: (found & 0x400) !== 0,
  };
}

/** What keys type one after the other in a layout; '' when the last is an accent that waits for its letter. */
export function typedBy(keys: readonly LayoutKey[], layout: number, isCapsLocked: boolean): string {
  let typed = '';
  let isWaiting = false;
  for (const { key, shift, control, alt } of keys) {
    const toScanCode = 0;
    const scanCode = user32.MapVirtualKeyExW(key, toScanCode, layout | 0);
    const held = { shift, control, alt, capsLock: isCapsLocked };
    const { count, text } = translateKey(key, scanCode, held, layout, 0);
    typed += text;
    isWaiting = count < 0;
  }
  // An accent that waits would change the next letter that this thread asks for.
  const space = 0x20;
  const none = { shift: false, control: false, alt: false, capsLock: false };
  if (isWaiting) translateKey(space, 0, none, layout, 0);
  return isWaiting ? '' : typed;
}

interface HeldKeys {
  readonly shift: boolean;
  readonly control: boolean;
  readonly alt: boolean;
  readonly capsLock: boolean;
}

/** ToUnicodeEx: `count` is negative for an accent that waits. */
function translateKey(
  key: number,
  scanCode: number,
  held: HeldKeys,
  layout: number,
  flags: number,
): { readonly count: number; readonly text: string } {
  const state = Buffer.alloc(256);
  if (held.shift) state[0x10] = 0x80;
  if (held.control) state[0x11] = 0x80;
  if (held.alt) state[0x12] = 0x80;
  if (held.capsLock) state[0x14] = 1;
  const buffer = Buffer.alloc(32);
  const count = user32.ToUnicodeEx(key, scanCode, state, buffer, buffer.length / 2, flags, layout | 0);
  return { count, text: count > 0 ? buffer.toString('utf16le', 0, count * 2) : '' };
}

/**
 * What a key types in the layout of the window in front while others are held; undefined when it types nothing, or only together with
 * the next one (accents). Changes no state of the keyboard.
 */
export function typedCharacter(key: number, scanCode: number, held: HeldKeys): string | undefined {
  const keepState = 4;
  const { count, text } = translateKey(key, scanCode, held, keyboardLayout(), keepState);
  return count > 0 ? text : undefined;
}

/** Within so many milliseconds two clicks are one double click. */
export const doubleClickTime = (): number => user32.GetDoubleClickTime();

const cursors: Readonly<Record<string, number>> = {
  Arrow: 32512,
  IBeam: 32513,
  Wait: 32514,
  Cross: 32515,
  UpArrow: 32516,
  SizeNWSE: 32642,
  SizeNESW: 32643,
  SizeWE: 32644,
  SizeNS: 32645,
  SizeAll: 32646,
  No: 32648,
  Hand: 32649,
  AppStarting: 32650,
  Help: 32651,
};

/** Name of the mouse pointer among those of the system; `Custom` for one of a program, `Hidden` when none is shown. */
export function cursorName(): string {
  const info = Buffer.alloc(24);
  info.writeUInt32LE(24, 0);
  succeed('GetCursorInfo', user32.GetCursorInfo(info));
  const isShowing = (info.readUInt32LE(4) & 1) !== 0;
  const handle = readLong(info, 8);
  if (!isShowing || handle === 0) return 'Hidden';
  return (
    Object.keys(cursors).find((name) => user32.LoadCursorW(0, cursors[name] as number) === handle) ?? 'Custom'
  );
}

/** Milliseconds since a person (or SendInput) last used mouse or keyboard. */
export function idleTime(): number {
  const info = Buffer.alloc(8);
  info.writeUInt32LE(8, 0);
  succeed('GetLastInputInfo', user32.GetLastInputInfo(info));
  return (kernel32.GetTickCount() - info.readUInt32LE(4)) >>> 0;
}
