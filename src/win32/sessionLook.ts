// One look at all sessions of the computer, their questions to people, and accounts by name: as in sessions.ts and security.ts, but on
// threads of the pool, because the service behind them can take its time. A look that hangs holds one such thread, and no more.
import { win32 } from './errors.ts';
import { bytesAt, has, readLong, textAt, wide, wideText, win32Error } from './ffi.ts';
import { fileTime } from './processes.ts';
import { advapi32, wtsapi32 } from './prototypes.ts';
import { type SessionFacts, type SessionTimes, sessionStates } from './sessions.ts';

/** A session with what has to be asked for one by one; undefined where this Windows does not say. */
export interface SessionRow extends SessionFacts {
  readonly isRemote: boolean | undefined;
  readonly isLocked: boolean | undefined;
  readonly times: SessionTimes;
}

const thisServer = 0;

/** All sessions but that of services and listeners. Throws WindowsError when they cannot be listed. */
export async function lookAtSessions(): Promise<SessionRow[]> {
  const found = await enumerated();
  return Promise.all(
    found
      .filter(({ sessionId, state }) => sessionId !== 0 && state !== 'listening')
      .map(async ({ sessionId, state, station }) => {
        const [user, domain, protocol, times, flags] = await Promise.all(
          [5, 7, 16, 24, 25].map((kind) => information(sessionId, kind)),
        );
        return {
          sessionId,
          state,
          station,
          user: user === undefined ? '' : wideText(user),
          domain: domain === undefined ? '' : wideText(domain),
          isRemote: protocol === undefined ? undefined : protocol.readUInt16LE(0) === 2,
          isLocked: lockIn(flags),
          times: timesIn(times),
        };
      }),
  );
}

async function enumerated(): Promise<Pick<SessionFacts, 'sessionId' | 'state' | 'station'>[]> {
  const list = Buffer.alloc(8);
  const count = Buffer.alloc(4);
  if (has(wtsapi32, 'WTSEnumerateSessionsExW')) {
    const level = Buffer.alloc(4);
    level.writeUInt32LE(1);
    if ((await wtsapi32.WTSEnumerateSessionsExW.async(thisServer, level, 0, list, count)) !== 0) {
      const typeOfLevel1 = 2;
      return rows(list, count, { size: 56, state: 4, sessionId: 8, station: 16 }, (address, length) =>
        wtsapi32.WTSFreeMemoryExW(typeOfLevel1, address, length),
      );
    }
  }
  if ((await wtsapi32.WTSEnumerateSessionsW.async(thisServer, 0, 1, list, count)) === 0)
    throw win32Error('WTSEnumerateSessions', win32.accessDenied); // the last error of a thread of the pool cannot be asked
  return rows(list, count, { size: 24, sessionId: 0, station: 8, state: 16 }, (address) =>
    wtsapi32.WTSFreeMemory(address),
  );
}

function rows(
  list: Buffer,
  count: Buffer,
  at: { readonly size: number; readonly sessionId: number; readonly station: number; readonly state: number },
  free: (address: number, length: number) => unknown,
): Pick<SessionFacts, 'sessionId' | 'state' | 'station'>[] {
  const address = readLong(list);
  const length = count.readUInt32LE(0);
  try {
    const bytes = bytesAt(address, length * at.size);
    return Array.from({ length }, (_, index) => {
      const row = bytes.subarray(index * at.size);
      return {
        sessionId: row.readUInt32LE(at.sessionId),
        state: sessionStates[row.readUInt32LE(at.state)] ?? 'down',
        station: textAt(readLong(row, at.station)),
      };
    });
  } finally {
    free(address, length);
  }
}

async function information(sessionId: number, kind: number): Promise<Buffer | undefined> {
  const found = Buffer.alloc(8);
  const size = Buffer.alloc(4);
  const done = await wtsapi32.WTSQuerySessionInformationW.async(thisServer, sessionId, kind, found, size);
  if (done === 0) return undefined;
  const address = readLong(found);
  try {
    return bytesAt(address, size.readUInt32LE(0));
  } finally {
    wtsapi32.WTSFreeMemory(address);
  }
}

/** WTSINFOEX: level 1, then session, state, flags. */
function lockIn(bytes: Buffer | undefined): boolean | undefined {
  if (bytes === undefined || bytes.length < 20 || bytes.readUInt32LE(0) !== 1) return undefined;
  const flags = bytes.readInt32LE(16);
  return flags === 0 ? true : flags === 1 ? false : undefined;
}

/** WTSINFO. */
function timesIn(bytes: Buffer | undefined): SessionTimes {
  if (bytes === undefined || bytes.length < 216) return {};
  const places = { connected: 176, disconnected: 184, lastInput: 192, signedIn: 200 };
  return Object.fromEntries(
    Object.entries(places).flatMap(([name, place]) => {
      const time = bytes.readBigInt64LE(place);
      return time <= 0n ? [] : [[name, fileTime(time)]];
    }),
  );
}

/** Shows a question with Yes and No in a session and waits for the answer; undefined when nobody answers in time, or it cannot be shown. */
export async function askSession(
  sessionId: number,
  { title, text, seconds }: { readonly title: string; readonly text: string; readonly seconds: number },
): Promise<boolean | undefined> {
  const [titleBytes, textBytes] = [wide(title), wide(text)];
  const yesNoQuestionSecondDefaultTop = 0x4 | 0x20 | 0x100 | 0x40000;
  const answer = Buffer.alloc(4);
  const waits = 1;
  const done = await wtsapi32.WTSSendMessageW.async(
    thisServer,
    sessionId,
    titleBytes,
    titleBytes.length - 2,
    textBytes,
    textBytes.length - 2,
    yesNoQuestionSecondDefaultTop,
    seconds,
    answer,
    waits,
  );
  const [yes, no] = [6, 7];
  const said = answer.readUInt32LE(0);
  return done === 0 || (said !== yes && said !== no) ? undefined : said === yes;
}

/** Domain and name of an account as Windows itself writes them, for any form that it takes; undefined when nobody knows it. */
export async function findAccount(
  text: string,
): Promise<{ readonly domain: string; readonly name: string } | undefined> {
  const sid = Buffer.alloc(128);
  const [domain, name] = [Buffer.alloc(514), Buffer.alloc(514)];
  const lengths = Buffer.alloc(12);
  const full = () => {
    lengths.writeUInt32LE(sid.length, 0);
    lengths.writeUInt32LE(257, 4);
    lengths.writeUInt32LE(257, 8);
  };
  const kind = Buffer.alloc(4);
  full();
  if (
    (await advapi32.LookupAccountNameW.async(null, text, sid, lengths, domain, lengths.subarray(4), kind)) ===
    0
  )
    return undefined;
  full();
  const [nameLength, domainLength] = [lengths.subarray(8), lengths.subarray(4)];
  if ((await advapi32.LookupAccountSidW.async(null, sid, name, nameLength, domain, domainLength, kind)) === 0)
    return undefined;
  return { domain: wideText(domain), name: wideText(name) };
}

/** Asks Windows to sign a session out, and does not wait until it is. One that is gone is no error. */
export async function endSession(sessionId: number): Promise<void> {
  await wtsapi32.WTSLogoffSession.async(thisServer, sessionId, 0);
}

/** Asks Windows to disconnect a session, and does not wait until it is. */
export async function cutSession(sessionId: number): Promise<void> {
  await wtsapi32.WTSDisconnectSession.async(thisServer, sessionId, 0);
}
