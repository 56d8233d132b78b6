// What Windows itself is and has: version, settings of texts, folders, sounds, screen saver, recycle bin, printers.
import { win32 } from './errors.ts';
import {
  checkResult,
  guid,
  lastError,
  pointedIn,
  readLong,
  succeed,
  textAt,
  wide,
  wideText,
  win32Error,
} from './ffi.ts';
import { kernel32, ntdll, ole32, shell32, user32, winmm, winspool } from './prototypes.ts';

export interface WindowsVersion {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
  /** Workstation: one session at a time. */
  readonly product: 'workstation' | 'server' | 'domainController';
  /** PRODUCT_* number of GetProductInfo, e.g. 48 Professional, 101 Home, 7 Server Standard. */
  readonly edition: number;
}

/** The true version: not what a program's manifest makes of it. */
export function windowsVersion(): WindowsVersion {
  const info = Buffer.alloc(284);
  info.writeUInt32LE(info.length, 0);
  ntdll.RtlGetVersion(info);
  const [major, minor, build] = [info.readUInt32LE(4), info.readUInt32LE(8), info.readUInt32LE(12)];
  const type = info.readUInt8(282);
  const edition = Buffer.alloc(4);
  kernel32.GetProductInfo(major, minor, 0, 0, edition);
  return {
    major,
    minor,
    build,
    product: type === 3 ? 'server' : type === 2 ? 'domainController' : 'workstation',
    edition: edition.readUInt32LE(0),
  };
}

/** Code pages of texts ("ANSI") and of console programs ("OEM"). */
export function codePages(): { readonly text: number; readonly console: number } {
  return { text: kernel32.GetACP(), console: kernel32.GetOEMCP() };
}

/** List separator of the regional settings of this account. */
export function listSeparator(): string {
  const separator = 0xc;
  const buffer = Buffer.alloc(16);
  succeed('GetLocaleInfoEx', kernel32.GetLocaleInfoEx(null, separator, buffer, buffer.length / 2));
  return wideText(buffer);
}

/** A text with the variables between percent signs filled in, as Windows does it for expandable texts. */
export function expandVariables(text: string): string {
  const needed = succeed('ExpandEnvironmentStrings', kernel32.ExpandEnvironmentStringsW(text, null, 0));
  const buffer = Buffer.alloc(needed * 2);
  succeed('ExpandEnvironmentStrings', kernel32.ExpandEnvironmentStringsW(text, buffer, needed));
  return wideText(buffer);
}

/** Path of a known folder by its GUID (FOLDERID_*); undefined when this account does not have it. */
export function knownFolder(id: string): string | undefined {
  const found = Buffer.alloc(8);
  const result = shell32.SHGetKnownFolderPath(guid(id), 0, 0, found);
  const address = readLong(found);
  try {
    const fileNotFound = 0x80070002;
    if (result >>> 0 === fileNotFound) return undefined;
    checkResult('SHGetKnownFolderPath', result, id);
    return textAt(address);
  } finally {
    ole32.CoTaskMemFree(address);
  }
}

/** Tells all programs that settings changed (`Environment`, `Policy` …); waits for none longer than 100 ms each. */
export async function announceSettingChange(area: string): Promise<void> {
  const everyone = 0xffff;
  const settingChange = 0x1a;
  const abortIfHung = 2;
  await user32.SendMessageTimeoutW.async(
    everyone,
    settingChange,
    0,
    wide(area),
    abortIfHung,
    100,
    Buffer.alloc(8),
  );
}

// Sounds

/** Plays a sound file (WAVE); returns at once. Throws when it is no such file. */
export function playSoundFile(path: string): void {
  const flags = { asynchronous: 1, noDefault: 2, file: 0x20000 } as const;
  const done = winmm.PlaySoundW(path, 0, flags.asynchronous | flags.noDefault | flags.file);
  succeed('PlaySound', done, path);
}

/** Plays to the end. */
export async function playSoundFileToEnd(path: string): Promise<boolean> {
  const flags = { noDefault: 2, file: 0x20000 } as const;
  return (await winmm.PlaySoundW.async(path, 0, flags.noDefault | flags.file)) !== 0;
}

/** A sound of the system by its name in the sound settings (`SystemAsterisk`, `SystemExclamation` …). */
export function playSystemSound(name: string): void {
  const flags = { asynchronous: 1, alias: 0x10000 } as const;
  succeed('PlaySound', winmm.PlaySoundW(name, 0, flags.asynchronous | flags.alias), name);
}

export function stopSound(): void {
  winmm.PlaySoundW(null, 0, 0);
}

// Screen saver

const screenSaver = { isActive: 0x10, setActive: 0x11, isRunning: 0x72 } as const;

/** Whether one comes after the idle time. */
export function isScreenSaverEnabled(): boolean {
  return setting(screenSaver.isActive);
}
export function isScreenSaverRunning(): boolean {
  return setting(screenSaver.isRunning);
}
function setting(number: number): boolean {
  const value = Buffer.alloc(4);
  succeed('SystemParametersInfo', user32.SystemParametersInfoW(number, 0, value, 0));
  return value.readUInt32LE(0) !== 0;
}
export function enableScreenSaver(isEnabled: boolean): void {
  const store = 1;
  const announce = 2;
  const done = user32.SystemParametersInfoW(screenSaver.setActive, Number(isEnabled), null, store | announce);
  succeed('SystemParametersInfo', done);
}
export function startScreenSaver(): void {
  const systemCommand = 0x112;
  const startIt = 0xf140;
  const desktop = user32.GetDesktopWindow();
  succeed('PostMessage', user32.PostMessageW(desktop, systemCommand, startIt, 0));
}

// Recycle bin

/** Empties the recycle bin of all drives, of this account, without questions. One that is empty stays so. */
export async function emptyRecycleBin(): Promise<void> {
  const silent = 7;
  const result = await shell32.SHEmptyRecycleBinW.async(0, null, silent);
  // What Windows says when there is nothing in it.
  const unexpected = 0x8000ffff;
  if (result >>> 0 !== unexpected) checkResult('SHEmptyRecycleBin', result);
}

// Printers

/** Undefined when there is none. */
export function defaultPrinter(): string | undefined {
  const length = Buffer.alloc(4);
  winspool.GetDefaultPrinterW(null, length);
  const buffer = Buffer.alloc(Math.max(2, length.readUInt32LE(0) * 2));
  if (winspool.GetDefaultPrinterW(buffer, length) === 0) {
    const number = lastError();
    if (number === win32.fileNotFound) return undefined;
    throw win32Error('GetDefaultPrinter', number);
  }
  return wideText(buffer);
}

/** Throws WindowsError 1801 when there is no such printer. */
export function setDefaultPrinter(name: string): void {
  succeed('SetDefaultPrinter', winspool.SetDefaultPrinterW(name), name);
}

/** Names of the printers of this computer and account. */
export function printers(): string[] {
  const localAndConnections = 2 | 4;
  const level = 4;
  const sizes = Buffer.alloc(8);
  const size = 24;
  winspool.EnumPrintersW(localAndConnections, null, level, null, 0, sizes, sizes.subarray(4));
  const buffer = Buffer.alloc(Math.max(size, sizes.readUInt32LE(0)));
  const done = winspool.EnumPrintersW(
    localAndConnections,
    null,
    level,
    buffer,
    buffer.length,
    sizes,
    sizes.subarray(4),
  );
  succeed('EnumPrinters', done);
  return Array.from({ length: sizes.readUInt32LE(4) }, (_, index) =>
    wideText(pointedIn(buffer, index * size)),
  );
}
