// The clipboard of the session: texts, lists of files, pictures. Waits while another program holds it. Does not watch it.
import { setTimeout as sleep } from 'node:timers/promises';
import { WindowsError } from './errors.ts';
import { bytesAt, type Handle, lastError, succeed, wide, wideText, win32Error, writeAt } from './ffi.ts';
import { kernel32, shell32, user32 } from './prototypes.ts';
import type { Bitmap } from './screen.ts';
import { ownerOf } from './windows.ts';

const format = { dib: 8, unicodeText: 13, files: 15 } as const;

/** How long other programs may hold the clipboard before a call gives up, and how often is looked, in ms. */
export interface Patience {
  readonly patience?: number;
  readonly signal?: AbortSignal;
}
const defaultPatience = 3000;
const pause = 20;

/** Changes with everything that any program puts there. */
export function clipboardSequence(): number {
  return user32.GetClipboardSequenceNumber();
}

/** Its text; '' when it has none. */
export function clipboardText(options: Patience = {}): Promise<string> {
  return opened(options, () => {
    const memory = user32.GetClipboardData(format.unicodeText);
    return memory === 0 ? '' : wideText(contentOf(memory));
  });
}

/** Paths of files and folders that were copied; empty when there are none. */
export function clipboardFiles(options: Patience = {}): Promise<string[]> {
  return opened(options, () => {
    const drop = user32.GetClipboardData(format.files);
    if (drop === 0) return [];
    const count = shell32.DragQueryFileW(drop, 0xffffffff, null, 0);
    return Array.from({ length: count }, (_, index) => {
      const length = shell32.DragQueryFileW(drop, index, null, 0);
      const buffer = Buffer.alloc((length + 1) * 2);
      shell32.DragQueryFileW(drop, index, buffer, length + 1);
      return wideText(buffer);
    });
  });
}

export function setClipboardText(text: string, options: Patience = {}): Promise<void> {
  return replace(options, format.unicodeText, wide(text));
}

/** Absolute paths. */
export function setClipboardFiles(paths: readonly string[], options: Patience = {}): Promise<void> {
  const header = Buffer.alloc(20);
  header.writeUInt32LE(20, 0);
  const isWide = 1;
  header.writeUInt32LE(isWide, 16);
  return replace(options, format.files, Buffer.concat([header, ...paths.map(wide), wide('')]));
}

export function setClipboardPicture(picture: Bitmap, options: Patience = {}): Promise<void> {
  return replace(options, format.dib, deviceIndependent(picture));
}

export function emptyClipboard(options: Patience = {}): Promise<void> {
  return opened(options, () => {
    succeed('EmptyClipboard', user32.EmptyClipboard());
  });
}

/** Header and rows from bottom to top (CF_DIB). */
export function deviceIndependent({ width, height, pixels }: Bitmap): Buffer {
  const header = 40;
  const bytes = Buffer.alloc(header + width * height * 4);
  bytes.writeUInt32LE(header, 0);
  bytes.writeInt32LE(width, 4);
  bytes.writeInt32LE(height, 8);
  bytes.writeUInt16LE(1, 12);
  bytes.writeUInt16LE(32, 14);
  bytes.writeUInt32LE(width * height * 4, 20);
  for (let row = 0; row < height; row += 1) {
    let to = header + (height - 1 - row) * width * 4;
    for (let from = row * width * 4; from < (row + 1) * width * 4; from += 4, to += 4) {
      bytes[to] = pixels[from + 2] as number;
      bytes[to + 1] = pixels[from + 1] as number;
      bytes[to + 2] = pixels[from] as number;
      bytes[to + 3] = 255;
    }
  }
  return bytes;
}

function replace(options: Patience, kind: number, bytes: Buffer): Promise<void> {
  return opened(options, () => {
    succeed('EmptyClipboard', user32.EmptyClipboard());
    const moveable = 2;
    const memory = succeed('GlobalAlloc', kernel32.GlobalAlloc(moveable, bytes.length));
    writeAt(kernel32.GlobalLock(memory), bytes);
    kernel32.GlobalUnlock(memory);
    // From here on Windows owns the memory, unless it refuses it.
    if (user32.SetClipboardData(kind, memory) === 0) {
      const number = lastError();
      kernel32.GlobalFree(memory);
      throw win32Error('SetClipboardData', number);
    }
  });
}

function contentOf(memory: Handle): Buffer {
  const address = kernel32.GlobalLock(memory);
  if (address === 0) throw win32Error('GlobalLock', lastError());
  try {
    return bytesAt(address, kernel32.GlobalSize(memory));
  } finally {
    kernel32.GlobalUnlock(memory);
  }
}

/** Runs `use` while the clipboard is open for this process; waits for others that hold it. */
async function opened<R>({ patience = defaultPatience, signal }: Patience, use: () => R): Promise<R> {
  for (let waited = 0; ; waited += pause) {
    signal?.throwIfAborted();
    // Without a window of ours as owner: nobody has to answer messages for what lies there.
    if (user32.OpenClipboard(0) !== 0) break;
    const number = lastError();
    if (waited >= patience) throw win32Error('OpenClipboard', number, holder());
    await sleep(pause, undefined, signal === undefined ? {} : { signal }).catch(() =>
      signal?.throwIfAborted(),
    );
  }
  try {
    return use();
  } finally {
    user32.CloseClipboard();
  }
}

/** Who holds the clipboard, for the message. */
function holder(): string {
  const window = user32.GetOpenClipboardWindow();
  return window === 0 ? 'held by another program' : `held by process ${ownerOf(window).processId}`;
}

/** Whether `error` says that another program held the clipboard all the time. */
export function isClipboardBusy(error: unknown): boolean {
  return error instanceof WindowsError && error.call === 'OpenClipboard';
}
