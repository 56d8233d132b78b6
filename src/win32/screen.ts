// Screens of the session, their modes, and pictures of them and of windows. Pixels are physical ones once `useScreenPixels` was called.
import { WindowsError } from './errors.ts';
import {
  bytesAt,
  callback,
  type Handle,
  has,
  lastError,
  readLong,
  succeed,
  wideText,
  win32Error,
} from './ffi.ts';
import { gdi32, shcore, user32 } from './prototypes.ts';
import { type Rectangle, readRectangle, responds, visibleRectangle, windowRectangle } from './windows.ts';

/** Rows from top to bottom, four bytes per pixel: red, green, blue, 255. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

export interface Screen {
  /** Name of the adapter's output, e.g. `\\.\DISPLAY1`. */
  readonly device: string;
  readonly rectangle: Rectangle;
  /** Without task bar. */
  readonly workArea: Rectangle;
  readonly isPrimary: boolean;
  readonly bitsPerPixel: number;
  readonly frequency: number;
  /** 96 is 100 %. */
  readonly dpi: number;
}

export interface ScreenMode {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  readonly frequency: number;
}

/** Coordinates are physical pixels of each screen from now on ("per monitor v2"), in this process or, where that is decided, this thread. */
export function useScreenPixels(): void {
  const perMonitorV2 = -4;
  if (has(user32, 'SetProcessDpiAwarenessContext')) user32.SetProcessDpiAwarenessContext(perMonitorV2);
  if (has(user32, 'SetThreadDpiAwarenessContext')) user32.SetThreadDpiAwarenessContext(perMonitorV2);
}

/** The primary screen first. */
export function screens(): Screen[] {
  const monitors: Handle[] = [];
  const visit = callback(['int', 'long', 'long', 'long', 'long'], (monitor) => {
    monitors.push(monitor);
    return 1;
  });
  try {
    succeed('EnumDisplayMonitors', user32.EnumDisplayMonitors(0, null, visit.address, 0));
  } finally {
    visit.release();
  }
  return monitors.map(screenOf).sort((a, b) => Number(b.isPrimary) - Number(a.isPrimary));
}

function screenOf(monitor: Handle): Screen {
  const info = Buffer.alloc(104);
  info.writeUInt32LE(104, 0);
  succeed('GetMonitorInfo', user32.GetMonitorInfoW(monitor, info));
  const device = wideText(info, 40);
  const mode = readMode(device, currentMode);
  return {
    device,
    rectangle: readRectangle(info, 4),
    workArea: readRectangle(info, 20),
    isPrimary: (info.readUInt32LE(36) & 1) !== 0,
    bitsPerPixel: mode?.bitsPerPixel ?? 32,
    frequency: mode?.frequency ?? 0,
    dpi: dpiOf(monitor),
  };
}

function dpiOf(monitor: Handle): number {
  const effective = 0;
  const x = Buffer.alloc(4);
  const y = Buffer.alloc(4);
  if (!has(shcore, 'GetDpiForMonitor') || shcore.GetDpiForMonitor(monitor, effective, x, y) !== 0) return 96;
  return x.readUInt32LE(0);
}

/** Scale of the screen a window is on: 96 is 100 %. */
export function windowDpi(window: Handle): number {
  return user32.GetDpiForWindow(window) || 96;
}

const currentMode = 0xffffffff;
const devMode = {
  size: 220,
  sizeField: 68,
  fields: 72,
  bits: 168,
  width: 172,
  height: 176,
  frequency: 184,
} as const;

function readMode(device: string, index: number): ScreenMode | undefined {
  const mode = Buffer.alloc(devMode.size);
  mode.writeUInt16LE(devMode.size, devMode.sizeField);
  if (user32.EnumDisplaySettingsExW(device, index, mode, 0) === 0) return undefined;
  return {
    width: mode.readUInt32LE(devMode.width),
    height: mode.readUInt32LE(devMode.height),
    bitsPerPixel: mode.readUInt32LE(devMode.bits),
    frequency: mode.readUInt32LE(devMode.frequency),
  };
}

/** Modes that a screen can show. */
export function screenModes(device: string): ScreenMode[] {
  const modes: ScreenMode[] = [];
  for (let mode = readMode(device, 0); mode !== undefined; mode = readMode(device, modes.length))
    modes.push(mode);
  return modes;
}

/** Why Windows did not change the mode (DISP_CHANGE_*). */
const changeFailures: Readonly<Record<number, string>> = {
  1: 'the computer must be restarted for this mode',
  [-1]: 'the display driver failed',
  [-2]: 'the screen cannot show this mode',
  [-3]: 'the setting cannot be written',
  [-4]: 'wrong flags',
  [-5]: 'wrong parameter',
  [-6]: 'two screens would need different settings',
};

/** Changes the mode until the person signs out. A frequency of 0 leaves the choice to Windows. */
export function changeScreenMode(device: string, mode: ScreenMode): void {
  const field = { bits: 0x40000, width: 0x80000, height: 0x100000, frequency: 0x400000 } as const;
  const buffer = Buffer.alloc(devMode.size);
  buffer.writeUInt16LE(devMode.size, devMode.sizeField);
  buffer.writeUInt32LE(
    field.bits | field.width | field.height | (mode.frequency === 0 ? 0 : field.frequency),
    devMode.fields,
  );
  buffer.writeUInt32LE(mode.bitsPerPixel, devMode.bits);
  buffer.writeUInt32LE(mode.width, devMode.width);
  buffer.writeUInt32LE(mode.height, devMode.height);
  buffer.writeUInt32LE(mode.frequency, devMode.frequency);
  const outcome = user32.ChangeDisplaySettingsExW(device, buffer, 0, 0, 0);
  if (outcome === 0) return;
  const reason = changeFailures[outcome] ?? 'Windows gives no reason';
  const wanted = `${mode.width} × ${mode.height}, ${mode.bitsPerPixel} bits`;
  throw new WindowsError(
    'WindowsCallFailed',
    'ChangeDisplaySettingsEx',
    outcome >>> 0,
    false,
    `${device} was not changed to ${wanted}: ${reason}.`,
  );
}

/** What a part of the virtual screen shows now. Throws WindowsError while the session is locked or its desktop is not shown. */
export function captureScreen(rectangle: Rectangle): Bitmap {
  const screen = succeed('GetDC', user32.GetDC(0));
  try {
    return drawn(rectangle.width, rectangle.height, (context) =>
      succeed('BitBlt', blit(context, screen, rectangle.width, rectangle.height, rectangle.x, rectangle.y)),
    );
  } finally {
    user32.ReleaseDC(0, screen);
  }
}

/**
 * What a window shows, even where others cover it: it draws itself (PrintWindow), or, when it does not answer or cannot, what Windows
 * keeps of it. Without invisible borders. Minimised windows have nothing to show: restore them first.
 */
export function captureWindow(window: Handle): Bitmap {
  const outer = windowRectangle(window);
  const inner = visibleRectangle(window);
  const { width, height } = outer;
  const whole = drawn(width, height, (context, isBlank) => {
    const renderFullContent = 2;
    // Some windows say they drew themselves and left the picture as it was.
    if (responds(window) && user32.PrintWindow(window, context, renderFullContent) !== 0 && !isBlank())
      return;
    const own = succeed('GetWindowDC', user32.GetWindowDC(window));
    try {
      succeed('BitBlt', blit(context, own, width, height, 0, 0));
    } finally {
      user32.ReleaseDC(window, own);
    }
  });
  return cropped(whole, { ...inner, x: inner.x - outer.x, y: inner.y - outer.y });
}

function blit(to: Handle, from: Handle, width: number, height: number, x: number, y: number): number {
  const copy = 0x00cc0020;
  return gdi32.BitBlt(to, 0, 0, width, height, from, x, y, copy);
}

/** Runs `draw` on a device context of memory and gives what it drew. `isBlank` tells whether anything was drawn so far. */
function drawn(
  width: number,
  height: number,
  draw: (context: Handle, isBlank: () => boolean) => void,
): Bitmap {
  const info = Buffer.alloc(40);
  info.writeUInt32LE(40, 0);
  info.writeInt32LE(width, 4);
  info.writeInt32LE(-height, 8); // from top to bottom
  info.writeUInt16LE(1, 12);
  info.writeUInt16LE(32, 14);
  const bits = Buffer.alloc(8);
  const context = succeed('CreateCompatibleDC', gdi32.CreateCompatibleDC(0));
  let section: Handle = 0;
  try {
    section = gdi32.CreateDIBSection(context, info, 0, bits, 0, 0);
    if (section === 0) throw win32Error('CreateDIBSection', lastError(), `${width} × ${height} pixels`);
    const before = gdi32.SelectObject(context, section);
    try {
      const content = () => {
        gdi32.GdiFlush();
        return bytesAt(readLong(bits), width * height * 4);
      };
      draw(context, () => content().every((byte) => byte === 0));
      return { width, height, pixels: toRgba(content()) };
    } finally {
      gdi32.SelectObject(context, before);
    }
  } finally {
    if (section !== 0) gdi32.DeleteObject(section);
    gdi32.DeleteDC(context);
  }
}

/** Blue, green, red, undefined → red, green, blue, 255; in place. */
export function toRgba(bytes: Buffer): Uint8Array {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as number;
    words[index] = 0xff000000 | ((word & 0xff) << 16) | (word & 0xff00) | ((word >>> 16) & 0xff);
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Part of a picture; what lies outside it is left away. */
export function cropped(bitmap: Bitmap, part: Rectangle): Bitmap {
  const x = Math.max(0, part.x);
  const y = Math.max(0, part.y);
  const width = Math.min(bitmap.width, part.x + part.width) - x;
  const height = Math.min(bitmap.height, part.y + part.height) - y;
  if (width <= 0 || height <= 0) return { width: 0, height: 0, pixels: new Uint8Array(0) };
  if (width === bitmap.width && height === bitmap.height) return bitmap;
  const pixels = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row += 1) {
    const start = ((y + row) * bitmap.width + x) * 4;
    pixels.set(bitmap.pixels.subarray(start, start + width * 4), row * width * 4);
  }
  return { width, height, pixels };
}
