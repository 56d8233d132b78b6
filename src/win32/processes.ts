// Processes of this computer: which there are, whose they are, how to end them; jobs that end with their owner; counts of this process.
import { failedWith, win32 } from './errors.ts';
import {
  closeHandle,
  type Handle,
  lastError,
  pointedIn,
  readLong,
  succeed,
  wideText,
  win32Error,
  withHandle,
} from './ffi.ts';
import { kernel32, ntdll, user32 } from './prototypes.ts';
import { integrityLevel, isTokenElevated, processToken, tokenUser } from './security.ts';

export interface ProcessFacts {
  readonly processId: number;
  readonly parentId: number;
  /** File name with ending. */
  readonly name: string;
  readonly threads: number;
}

/** All processes, those of other accounts included. */
export function processes(): ProcessFacts[] {
  const snapProcesses = 2;
  const snapshot = kernel32.CreateToolhelp32Snapshot(snapProcesses, 0);
  if (snapshot === -1) throw win32Error('CreateToolhelp32Snapshot', lastError());
  return withHandle(snapshot, () => {
    const entry = Buffer.alloc(568);
    entry.writeUInt32LE(entry.length, 0);
    const found: ProcessFacts[] = [];
    for (
      let more = kernel32.Process32FirstW(snapshot, entry);
      more !== 0;
      more = kernel32.Process32NextW(snapshot, entry)
    ) {
      found.push({
        processId: entry.readUInt32LE(8),
        parentId: entry.readUInt32LE(32),
        name: wideText(entry, 44, 564),
        threads: entry.readUInt32LE(28),
      });
    }
    return found;
  });
}

const access = { terminate: 0x1, queryLimited: 0x1000, synchronize: 0x100000 } as const;

/** Runs `use` with a process; undefined when it is gone. Throws WindowsError 5 where this account may not. */
function withProcess<R>(processId: number, rights: number, use: (process: Handle) => R): R | undefined {
  const process = kernel32.OpenProcess(rights, 0, processId);
  if (process === 0) {
    const number = lastError();
    if (number === win32.invalidParameter) return undefined;
    throw win32Error('OpenProcess', number, `process ${processId}`);
  }
  return withHandle(process, use);
}

/** Path of its program; undefined when it is gone or may not be asked. */
export function processFile(processId: number): string | undefined {
  return readable(processId, (process) => {
    const buffer = Buffer.alloc(65_536);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(buffer.length / 2);
    if (kernel32.QueryFullProcessImageNameW(process, 0, buffer, length) === 0) return undefined;
    return buffer.toString('utf16le', 0, length.readUInt32LE(0) * 2);
  });
}

/** File name of its program without ending, as the designer and the task manager know it; '' when it is gone or may not be asked. */
export function processName(processId: number): string {
  const file = processFile(processId) ?? processes().find((one) => one.processId === processId)?.name ?? '';
  return (file.split('\\').at(-1) as string).replace(/\.exe$/i, '');
}

/** How it was started; undefined when it is gone or may not be asked. May hold what others gave it: not for logs. */
export function commandLine(processId: number): string | undefined {
  const processCommandLine = 60;
  return readable(processId, (process) => {
    const buffer = Buffer.alloc(66_000);
    const size = Buffer.alloc(4);
    if (ntdll.NtQueryInformationProcess(process, processCommandLine, buffer, buffer.length, size) !== 0)
      return undefined;
    return pointedIn(buffer, 8).toString('utf16le', 0, buffer.readUInt16LE(0));
  });
}

/** Milliseconds since 1970 when it started; undefined when it is gone or may not be asked. With the id it tells a process for good. */
export function startTime(processId: number): number | undefined {
  return readable(processId, (process) => {
    const times = Buffer.alloc(32);
    const done = kernel32.GetProcessTimes(
      process,
      times,
      times.subarray(8),
      times.subarray(16),
      times.subarray(24),
    );
    return done === 0 ? undefined : fileTime(times.readBigInt64LE(0));
  });
}

/** Milliseconds since 1970 of a FILETIME (100 ns since 1601). */
export function fileTime(time: bigint): number {
  const from1601To1970 = 11_644_473_600_000n;
  return Number(time / 10_000n - from1601To1970);
}

function readable<R>(processId: number, read: (process: Handle) => R | undefined): R | undefined {
  try {
    return withProcess(processId, access.queryLimited, read);
  } catch (error) {
    if (failedWith(error, win32.accessDenied)) return undefined;
    throw error;
  }
}

/** Whether it runs as administrator. Throws WindowsError 5 where this account may not ask: then it mostly does. */
export function isElevated(processId: number): boolean | undefined {
  return withProcess(processId, access.queryLimited, (process) =>
    withHandle(processToken(process), isTokenElevated),
  );
}

/** Integrity level (see security.ts): a program with a higher one than ours takes no messages and no input from us. */
export function processIntegrity(processId: number): number | undefined {
  return withProcess(processId, access.queryLimited, (process) =>
    withHandle(processToken(process), integrityLevel),
  );
}

/** SID of its account. */
export function processUser(processId: number): string | undefined {
  return withProcess(processId, access.queryLimited, (process) =>
    withHandle(processToken(process), tokenUser),
  );
}

/** The session it runs in; undefined when it is gone. */
export function processSession(processId: number): number | undefined {
  const session = Buffer.alloc(4);
  return kernel32.ProcessIdToSessionId(processId, session) === 0 ? undefined : session.readUInt32LE(0);
}

export function isRunning(processId: number): boolean {
  const waitTimeout = 258;
  return (
    withProcess(
      processId,
      access.synchronize,
      (process) => kernel32.WaitForSingleObject(process, 0) === waitTimeout,
    ) ?? false
  );
}

/** Ends it at once, its windows are not asked. False when it was gone already. */
export function terminate(processId: number, exitCode = 1): boolean {
  return (
    withProcess(processId, access.terminate, (process) => {
      if (kernel32.TerminateProcess(process, exitCode) !== 0) return true;
      const number = lastError();
      // Ending one that ends just now is refused.
      if (number === win32.accessDenied && !isRunning(processId)) return false;
      throw win32Error('TerminateProcess', number, `process ${processId}`);
    }) ?? false
  );
}

/** Processes that end together: when the job is closed, also because this process ended, all in it end, with what they started. */
export class Job {
  #handle: Handle;

  constructor() {
    this.#handle = succeed('CreateJobObject', kernel32.CreateJobObjectW(null, null));
    const killOnClose = 0x2000;
    try {
      this.#limit(killOnClose);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #limit(flags: number): void {
    const extendedLimits = 9;
    const limits = Buffer.alloc(144);
    limits.writeUInt32LE(flags, 16);
    succeed(
      'SetInformationJobObject',
      kernel32.SetInformationJobObject(this.#handle, extendedLimits, limits, limits.length),
    );
  }

  /** Closes the job and lets what is in it go on. */
  letGo(): void {
    this.#limit(0);
    this.close();
  }

  /** What it starts from now on belongs to the job, too. */
  assign(process: Handle): void {
    succeed('AssignProcessToJobObject', kernel32.AssignProcessToJobObject(this.#handle, process));
  }

  /** A running process by its id. */
  assignId(processId: number): void {
    const setQuotaAndTerminate = 0x101;
    const done = withProcess(processId, setQuotaAndTerminate, (process) => this.assign(process));
    if (done === undefined && !isRunning(processId))
      throw win32Error('OpenProcess', win32.invalidParameter, `process ${processId}`);
  }

  processIds(): number[] {
    const idList = 3;
    const list = Buffer.alloc(8 + 1024 * 8);
    succeed(
      'QueryInformationJobObject',
      kernel32.QueryInformationJobObject(this.#handle, idList, list, list.length, null),
    );
    return Array.from({ length: list.readUInt32LE(4) }, (_, index) => readLong(list, 8 + index * 8));
  }

  terminate(exitCode = 1): void {
    succeed('TerminateJobObject', kernel32.TerminateJobObject(this.#handle, exitCode));
  }

  close(): void {
    closeHandle(this.#handle);
    this.#handle = 0;
  }
}

/** Handles and objects of the user interface that this process holds: tests want them flat. */
export function ownResources(): {
  readonly handles: number;
  readonly gdiObjects: number;
  readonly userObjects: number;
} {
  const self = kernel32.GetCurrentProcess();
  const count = Buffer.alloc(4);
  succeed('GetProcessHandleCount', kernel32.GetProcessHandleCount(self, count));
  return {
    handles: count.readUInt32LE(0),
    gdiObjects: user32.GetGuiResources(self, 0),
    userObjects: user32.GetGuiResources(self, 1),
  };
}
