// Starts programs: as another account, on a desktop of its session, in a job, with standard handles of ours. Passes on no handle but those.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  closeHandle,
  type Handle,
  lastError,
  pointTo,
  readLong,
  succeed,
  textAt,
  wide,
  win32Error,
  writeLong,
} from './ffi.ts';
import type { Job } from './processes.ts';
import { advapi32, kernel32, userenv } from './prototypes.ts';

export interface Start {
  /** Path of the program. */
  readonly file: string;
  readonly args: readonly string[];
  readonly folder?: string;
  /** A primary token; this account without. */
  readonly token?: Handle;
  /** All variables of the new process; those of its account without. */
  readonly environment?: Readonly<Record<string, string>>;
  /** `winsta0\default` unless said otherwise. */
  readonly desktop?: string;
  /** What it reads from standard input, to its end; at most 4,000 bytes. The way to hand over a secret. */
  readonly input?: Uint8Array;
  /** Path of the file that standard output and standard error are appended to; nowhere without. */
  readonly output?: string;
  /** What gets standard error instead; to be inherited, and closed by the caller. */
  readonly errors?: Handle;
  /** No console window. True unless said otherwise. */
  readonly isHidden?: boolean;
  /** It joins before its first instruction. */
  readonly job?: Job;
}

/** A program that was started; `close` gives the handle back and leaves the program alone. */
export class StartedProcess {
  readonly processId: number;
  #handle: Handle;

  constructor(handle: Handle, processId: number) {
    this.#handle = handle;
    this.processId = processId;
  }

  /** Undefined while it runs. */
  exitCode(): number | undefined {
    const signaled = 0;
    if (kernel32.WaitForSingleObject(this.#handle, 0) !== signaled) return undefined;
    const code = Buffer.alloc(4);
    succeed(
      'GetExitCodeProcess',
      kernel32.GetExitCodeProcess(this.#handle, code),
      `process ${this.processId}`,
    );
    return code.readUInt32LE(0);
  }

  /** Its exit code, as soon as it ended (looks every 50 ms). Rejects with the signal's reason. */
  async ended(signal: AbortSignal): Promise<number> {
    for (;;) {
      const code = this.exitCode();
      if (code !== undefined) return code;
      signal.throwIfAborted();
      await sleep(50, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  terminate(exitCode = 1): void {
    kernel32.TerminateProcess(this.#handle, exitCode);
  }

  close(): void {
    closeHandle(this.#handle);
    this.#handle = 0;
  }
}

/** Starts a program. Throws WindowsError 2 when the file is not there, 1314 when this account may not start for others. */
export function start(options: Start): StartedProcess {
  const opened: Handle[] = [];
  let attributes: Buffer | undefined;
  try {
    const standard = standardHandles(options, opened);
    attributes = handleList(standard);
    const desktop = wide(options.desktop ?? 'winsta0\\default');
    const info = Buffer.alloc(112);
    info.writeUInt32LE(info.length, 0);
    pointTo(info, desktop, 16);
    const useStandardHandles = 0x100;
    info.writeUInt32LE(useStandardHandles, 60);
    standard.forEach((handle, index) => {
      writeLong(info, handle, 80 + index * 8);
    });
    pointTo(info, attributes, 104);

    const block = environmentBlock(options.environment ?? environmentOf(options.token));
    const line = wide(commandLineOf([options.file, ...options.args]));
    const suspended = 0x4;
    const unicodeEnvironment = 0x400;
    const extendedInfo = 0x80000;
    const noWindow = 0x8000000;
    const flags = suspended | unicodeEnvironment | extendedInfo | (options.isHidden === false ? 0 : noWindow);
    const folder = options.folder ?? null;
    const started = Buffer.alloc(24);
    const inherits = 1;
    if (options.token === undefined) {
      const done = kernel32.CreateProcessW(
        options.file,
        line,
        null,
        null,
        inherits,
        flags,
        block,
        folder,
        info,
        started,
      );
      succeed('CreateProcess', done, options.file);
    } else {
      const done = advapi32.CreateProcessAsUserW(
        options.token,
        options.file,
        line,
        null,
        null,
        inherits,
        flags,
        block,
        folder,
        info,
        started,
      );
      succeed('CreateProcessAsUser', done, options.file);
    }
    const process = readLong(started);
    const thread = readLong(started, 8);
    opened.push(thread);
    try {
      options.job?.assign(process);
    } catch (error) {
      kernel32.TerminateProcess(process, 1);
      closeHandle(process);
      throw error;
    }
    kernel32.ResumeThread(thread);
    return new StartedProcess(process, started.readUInt32LE(16));
  } finally {
    if (attributes !== undefined) kernel32.DeleteProcThreadAttributeList(attributes);
    closeHandle(...opened);
  }
}

/** SECURITY_ATTRIBUTES of a handle that a child gets. */
function inheritable(): Buffer {
  const attributes = Buffer.alloc(24);
  attributes.writeUInt32LE(24, 0);
  attributes.writeUInt32LE(1, 16);
  return attributes;
}

/** Input, output and errors of the child; all are closed here after the start. */
function standardHandles(options: Start, opened: Handle[]): readonly [Handle, Handle, Handle] {
  const nothing = openFile('NUL', opened);
  const output = options.output === undefined ? nothing : openFile(options.output, opened);
  const errors = options.errors ?? output;
  if (options.input === undefined) return [nothing, output, errors];
  if (options.input.length > 4000) throw new RangeError('Standard input takes at most 4,000 bytes');
  const ends = Buffer.alloc(16);
  const size = 4096;
  succeed('CreatePipe', kernel32.CreatePipe(ends, ends.subarray(8), inheritable(), size));
  const [readEnd, writeEnd] = [readLong(ends), readLong(ends, 8)];
  opened.push(readEnd, writeEnd);
  const inherit = 1;
  kernel32.SetHandleInformation(writeEnd, inherit, 0);
  const written = Buffer.alloc(4);
  // Fits into the pipe: does not wait for a reader.
  succeed('WriteFile', kernel32.WriteFile(writeEnd, options.input, options.input.length, written, null));
  return [readEnd, output, errors];
}

function openFile(path: string, opened: Handle[]): Handle {
  const readAndAppend = path === 'NUL' ? 0xc0000000 : 0x00120004 | 0x80;
  const share = 3;
  const openAlways = 4;
  const handle = kernel32.CreateFileW(path, readAndAppend, share, inheritable(), openAlways, 0x80, 0);
  if (handle === -1) throw win32Error('CreateFile', lastError(), path);
  opened.push(handle);
  return handle;
}

/** The handles that a child gets, and no others that happen to be inheritable. */
function handleList(handles: readonly Handle[]): Buffer {
  const size = Buffer.alloc(8);
  kernel32.InitializeProcThreadAttributeList(null, 1, 0, size);
  const list = Buffer.alloc(readLong(size));
  succeed('InitializeProcThreadAttributeList', kernel32.InitializeProcThreadAttributeList(list, 1, 0, size));
  const unique = [...new Set(handles)];
  const values = Buffer.alloc(unique.length * 8);
  unique.forEach((handle, index) => {
    writeLong(values, handle, index * 8);
  });
  const handleListAttribute = 0x20002;
  const done = kernel32.UpdateProcThreadAttribute(
    list,
    0,
    handleListAttribute,
    values,
    values.length,
    null,
    null,
  );
  succeed('UpdateProcThreadAttribute', done);
  kept.set(list, values);
  return list;
}

/** The list points to the values: they live as long as it does. */
const kept = new WeakMap<Buffer, Buffer>();

/** Variables that an account gets when it signs in; this process's without a token. */
export function environmentOf(token: Handle | undefined): Readonly<Record<string, string>> {
  if (token === undefined) return process.env as Readonly<Record<string, string>>;
  const found = Buffer.alloc(8);
  succeed('CreateEnvironmentBlock', userenv.CreateEnvironmentBlock(found, token, 0));
  const address = readLong(found);
  try {
    return readEnvironment(address);
  } finally {
    userenv.DestroyEnvironmentBlock(address);
  }
}

function readEnvironment(address: number): Record<string, string> {
  const variables: Record<string, string> = {};
  for (let at = address; ; ) {
    const text = textAt(at);
    if (text === '') return variables;
    // `=C:=C:\folder` are current folders of drives: their names begin with the sign.
    const sign = text.indexOf('=', 1);
    if (sign > 0) variables[text.slice(0, sign)] = text.slice(sign + 1);
    at += (text.length + 1) * 2;
  }
}

/** Variables as Windows takes them: sorted by name whatever its case, one end more at the end. */
export function environmentBlock(variables: Readonly<Record<string, string | undefined>>): Buffer {
  const lines = Object.entries(variables)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a.toUpperCase() < b.toUpperCase() ? -1 : 1))
    .map(([name, value]) => `${name}=${value}\0`);
  return Buffer.from(`${lines.join('')}\0${lines.length === 0 ? '\0' : ''}`, 'utf16le');
}

/** A command line that programs take apart into exactly these arguments (rules of CommandLineToArgvW). */
export function commandLineOf(args: readonly string[]): string {
  return args.map(quoted).join(' ');
}

function quoted(argument: string): string {
  if (argument !== '' && !/[\s"]/.test(argument)) return argument;
  // Backslashes are doubled only where a quotation mark follows.
  return `"${argument.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}
