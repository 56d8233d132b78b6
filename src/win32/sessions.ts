// Sessions of this computer (Remote Desktop Services): which there are and in what state, whose they are, ending and disconnecting them,
// locking, notifications. Changing sessions of others needs the rights of the system. Creating one is no matter of Windows' functions.
import { failedWith, win32 } from './errors.ts';
import {
  bytesAt,
  checkStatus,
  type Handle,
  has,
  lastError,
  readLong,
  succeed,
  textAt,
  wide,
  wideText,
  win32Error,
} from './ffi.ts';
import { messageWindow, type Registration } from './hooks.ts';
import { fileTime } from './processes.ts';
import { kernel32, user32, wtsapi32 } from './prototypes.ts';

/** As the terminal services number them (WTS_CONNECTSTATE_CLASS). */
export const sessionStates = [
  'active',
  'connected',
  'connectQuery',
  'shadow',
  'disconnected',
  'idle',
  'listening',
  'reset',
  'down',
  'initializing',
] as const;
export type SessionState = (typeof sessionStates)[number];

export interface SessionFacts {
  readonly sessionId: number;
  /** Of its station, e.g. `Console` or `RDP-Tcp#3`; '' when disconnected. */
  readonly station: string;
  readonly state: SessionState;
  /** '' while nobody is signed in. */
  readonly user: string;
  readonly domain: string;
}

const thisServer = 0;

/** All sessions, session 0 and listeners included. */
export function sessions(): SessionFacts[] {
  return extendedSessions() ?? plainSessions();
}

/** Undefined where this Windows does not do it. */
function extendedSessions(): SessionFacts[] | undefined {
  if (!has(wtsapi32, 'WTSEnumerateSessionsExW')) return undefined;
  const level = Buffer.alloc(4);
  level.writeUInt32LE(1);
  const found = Buffer.alloc(8);
  const count = Buffer.alloc(4);
  if (wtsapi32.WTSEnumerateSessionsExW(thisServer, level, 0, found, count) === 0) return undefined;
  const list = readLong(found);
  const size = 56;
  const sessionInfoLevel1 = 2;
  try {
    const rows = bytesAt(list, count.readUInt32LE(0) * size);
    return indexes(count).map((index) => {
      const row = rows.subarray(index * size);
      return {
        sessionId: row.readUInt32LE(8),
        station: textAt(readLong(row, 16)),
        state: sessionStates[row.readUInt32LE(4)] ?? 'down',
        user: textAt(readLong(row, 32)),
        domain: textAt(readLong(row, 40)),
      };
    });
  } finally {
    wtsapi32.WTSFreeMemoryExW(sessionInfoLevel1, list, count.readUInt32LE(0));
  }
}

function plainSessions(): SessionFacts[] {
  const found = Buffer.alloc(8);
  const count = Buffer.alloc(4);
  const version = 1;
  succeed('WTSEnumerateSessions', wtsapi32.WTSEnumerateSessionsW(thisServer, 0, version, found, count));
  const list = readLong(found);
  const size = 24;
  try {
    const rows = bytesAt(list, count.readUInt32LE(0) * size);
    return indexes(count).map((index) => {
      const row = rows.subarray(index * size);
      const sessionId = row.readUInt32LE(0);
      return {
        sessionId,
        station: textAt(readLong(row, 8)),
        state: sessionStates[row.readUInt32LE(16)] ?? 'down',
        user: sessionText(sessionId, 'user'),
        domain: sessionText(sessionId, 'domain'),
      };
    });
  } finally {
    wtsapi32.WTSFreeMemory(list);
  }
}

function indexes(count: Buffer): number[] {
  return Array.from({ length: count.readUInt32LE(0) }, (_, index) => index);
}

const infoClasses = {
  user: 5,
  station: 6,
  domain: 7,
  clientName: 10,
  protocol: 16,
  times: 24,
  flags: 25,
} as const;

/** Undefined when the session is gone, this account may not ask, or this Windows does not say. */
function sessionInformation(sessionId: number, kind: keyof typeof infoClasses): Buffer | undefined {
  const found = Buffer.alloc(8);
  const size = Buffer.alloc(4);
  if (wtsapi32.WTSQuerySessionInformationW(thisServer, sessionId, infoClasses[kind], found, size) === 0)
    return undefined;
  const address = readLong(found);
  try {
    return bytesAt(address, size.readUInt32LE(0));
  } finally {
    wtsapi32.WTSFreeMemory(address);
  }
}

/** '' where it is not known. */
export function sessionText(sessionId: number, kind: 'user' | 'domain' | 'station' | 'clientName'): string {
  const bytes = sessionInformation(sessionId, kind);
  return bytes === undefined ? '' : wideText(bytes);
}

/** Whether people see it through Remote Desktop; undefined where it is not known. */
export function isRemote(sessionId: number): boolean | undefined {
  const bytes = sessionInformation(sessionId, 'protocol');
  return bytes === undefined ? undefined : bytes.readUInt16LE(0) === 2;
}

/** Milliseconds since 1970; parts that never happened are undefined. */
export interface SessionTimes {
  readonly signedIn?: number;
  readonly connected?: number;
  readonly disconnected?: number;
  readonly lastInput?: number;
}

export function sessionTimes(sessionId: number): SessionTimes {
  const bytes = sessionInformation(sessionId, 'times');
  if (bytes === undefined || bytes.length < 216) return {};
  const at = (offset: number) => {
    const time = bytes.readBigInt64LE(offset);
    return time <= 0n ? undefined : fileTime(time);
  };
  const times = { connected: at(176), disconnected: at(184), lastInput: at(192), signedIn: at(200) };
  return Object.fromEntries(Object.entries(times).filter(([, time]) => time !== undefined));
}

/** Whether a session is locked; undefined where this Windows does not say (see `inputDesktop` for the own one). */
export function isSessionLocked(sessionId: number): boolean | undefined {
  const bytes = sessionInformation(sessionId, 'flags');
  if (bytes === undefined || bytes.length < 20 || bytes.readUInt32LE(0) !== 1) return undefined;
  const flags = bytes.readInt32LE(16);
  return flags === 0 ? true : flags === 1 ? false : undefined;
}

/** Session that the screen of the computer shows; undefined while none does. */
export function consoleSession(): number | undefined {
  const none = 0xffffffff;
  const sessionId = kernel32.WTSGetActiveConsoleSessionId();
  return sessionId === none ? undefined : sessionId;
}

/** Name of the desktop that gets input in the own session: `Default`, `Winlogon` (locked, UAC) …; undefined where it may not be asked. */
export function inputDesktop(): string | undefined {
  const readObjects = 1;
  const desktop = user32.OpenInputDesktop(0, 0, readObjects);
  // The secure desktop lets nobody in: that is an answer, too.
  if (desktop === 0) return undefined;
  try {
    const name = 2;
    const buffer = Buffer.alloc(514);
    succeed(
      'GetUserObjectInformation',
      user32.GetUserObjectInformationW(desktop, name, buffer, buffer.length, null),
    );
    return wideText(buffer);
  } finally {
    user32.CloseDesktop(desktop);
  }
}

/** Whether the own session shows another desktop than that of programs: locked, asking for rights, screen saver with password. */
export function isOwnSessionLocked(): boolean {
  return inputDesktop() !== 'Default';
}

/** Locks the own session. Windows does it a moment later. */
export function lockSession(): void {
  succeed('LockWorkStation', user32.LockWorkStation());
}

/** Token of who is signed in, to be closed; undefined while nobody is. Only for the system account. */
export function sessionToken(sessionId: number): Handle | undefined {
  const token = Buffer.alloc(8);
  if (wtsapi32.WTSQueryUserToken(sessionId, token) !== 0) return readLong(token);
  const number = lastError();
  const noToken = 1008;
  if (number === noToken || number === win32.fileNotFound) return undefined;
  throw win32Error('WTSQueryUserToken', number, `session ${sessionId}`);
}

/** The session lives on without a screen. Comes back when that is done, on another thread of the pool meanwhile. */
export async function disconnectSession(sessionId: number): Promise<void> {
  await changed(
    'WTSDisconnectSession',
    sessionId,
    await wtsapi32.WTSDisconnectSession.async(thisServer, sessionId, 1),
  );
}

/** Ends all programs of the session and the session; unsaved work is lost. Comes back when that is done. */
export async function signOutSession(sessionId: number): Promise<void> {
  await changed(
    'WTSLogoffSession',
    sessionId,
    await wtsapi32.WTSLogoffSession.async(thisServer, sessionId, 1),
  );
}

/** The last error of a thread of the pool cannot be asked: says what is true of the session instead. */
function changed(call: string, sessionId: number, done: number): void {
  if (done !== 0) return;
  const isThere = sessions().some((session) => session.sessionId === sessionId);
  checkStatus(call, isThere ? win32.accessDenied : win32.fileNotFound, `session ${sessionId}`);
}

/** Shows a message in a session, without waiting for an answer. */
export function messageSession(sessionId: number, title: string, text: string): void {
  const [titleBytes, textBytes] = [wide(title), wide(text)];
  const information = 0x40;
  const answer = Buffer.alloc(4);
  const done = wtsapi32.WTSSendMessageW(
    thisServer,
    sessionId,
    titleBytes,
    titleBytes.length - 2,
    textBytes,
    textBytes.length - 2,
    information,
    0,
    answer,
    0,
  );
  succeed('WTSSendMessage', done, `session ${sessionId}`);
}

/** What a session went through (WTS_*), as notifications number it. */
export const sessionEvents: Readonly<Record<number, string>> = {
  1: 'consoleConnected',
  2: 'consoleDisconnected',
  3: 'remoteConnected',
  4: 'remoteDisconnected',
  5: 'signedIn',
  6: 'signedOut',
  7: 'locked',
  8: 'unlocked',
  9: 'remoteControl',
  10: 'created',
  11: 'terminated',
};

/** Calls back for what happens to sessions: all of the computer, or the own one. The thread must `pump` (hooks.ts). */
export function watchSessions(
  which: 'all' | 'own',
  heard: (event: string, sessionId: number) => void,
): Registration & { readonly window: Handle } {
  const sessionChange = 0x2b1;
  const window = messageWindow('Desktop Flows sessions', (message, event, sessionId) => {
    if (message !== sessionChange) return undefined;
    const name = sessionEvents[event];
    if (name !== undefined) heard(name, sessionId);
    return 0;
  });
  try {
    const done = wtsapi32.WTSRegisterSessionNotification(window.handle, which === 'all' ? 1 : 0);
    succeed('WTSRegisterSessionNotification', done);
  } catch (error) {
    window.release();
    throw error;
  }
  return {
    window: window.handle,
    release() {
      wtsapi32.WTSUnRegisterSessionNotification(window.handle);
      window.release();
    },
  };
}

/** Whether a call failed because there is no such session (any more). */
export function isNoSession(error: unknown): boolean {
  return failedWith(error, win32.fileNotFound) || failedWith(error, win32.invalidParameter);
}
