// Programs the actions start and the processes they look at. A child that an action waits for never outlives the run.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { basename, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { DisposableStore } from '../../base/disposable.ts';
import { parseCsv } from './csv.ts';
import { onWindows, systemFolder } from './platform.ts';

export interface Program {
  readonly file: string;
  /** On Windows one element, the command line as written (nothing is quoted again). */
  readonly args: readonly string[];
  /** Working folder. */
  readonly folder: string;
  /** Besides those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Children that must not outlive this process: the worker may be told to exit at any moment. */
const owned = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of owned) killTree(child);
});

function own(child: ChildProcess): void {
  owned.add(child);
  tellGuardian('+', child);
}

function disown(child: ChildProcess): void {
  if (owned.delete(child)) tellGuardian('-', child);
}

/** Reads which process groups are owned, and kills those that are left when nobody can tell it any more. */
const guardianScript = `owned=' '
while read -r change group; do
  case $change in
    +) owned="$owned$group " ;;
    -) owned="\${owned%% $group *} \${owned#* $group }" ;;
  esac
done
for group in $owned; do kill -s KILL -- "-$group"; done 2>/dev/null`;

let guardian: ChildProcess | undefined;

/** A process that is killed runs no exit handler: the guardian, in a session of its own, notices and ends what it owned. Windows has none. */
function tellGuardian(change: '+' | '-', { pid }: ChildProcess): void {
  if (onWindows) return;
  if (guardian === undefined) {
    guardian = spawn('/bin/sh', ['-c', guardianScript], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    // Without it everything works but this.
    guardian.on('error', () => {});
    guardian.stdin?.on('error', () => {});
    guardian.unref();
    (guardian.stdin as Socket | null)?.unref();
  }
  guardian.stdin?.write(`${change} ${pid}\n`);
}

/** Kills a child and everything it started (its process group; on Windows its process tree). */
function killTree(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  if (onWindows) {
    spawnSync(join(systemFolder(), 'taskkill.exe'), ['/pid', String(pid), '/t', '/f'], { windowsHide: true });
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

/** Starts a program that is to live on after the run. Resolves with its process id; rejects with the system's error. */
export async function startDetached(program: Program): Promise<number> {
  const child = launch(program, 'ignore', undefined);
  await once(child, 'spawn');
  child.unref();
  return child.pid as number;
}

export interface Execution {
  readonly pid: number;
  /** 128 + signal number when a signal ended the program, as shells say it. */
  readonly exitCode: number;
  readonly output: Buffer;
  readonly errorOutput: Buffer;
}

/** `execute` gave up waiting. `pid` still runs when the program was to be left running. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** Most output that is kept of a program: it becomes one text, and takes several times this much memory on the way there. */
const outputLimit = 64 * 1024 * 1024;

/** After a program ended, what it started in the background may hold its output open; it is waited for this long (ms). */
const drainTime = 2_000;

/**
 * Runs a program to its end. `input` is all it can read from its standard input, `capture` collects its output.
 * Without `timeoutSeconds` it may take for ever; when the time is over `TimedOut` is thrown and the program killed with all
 * it started, or left running if `leaveRunning`. When the run stops everything is killed at once and the signal's reason thrown.
 */
export async function execute(
  program: Program,
  options: {
    readonly capture: boolean;
    readonly input?: string;
    readonly timeoutSeconds?: number | undefined;
    readonly leaveRunning?: boolean;
    readonly signal: AbortSignal;
    readonly clock: Clock;
  },
): Promise<Execution> {
  const { signal, clock } = options;
  signal.throwIfAborted();
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const child = launch(program, options.capture ? 'pipe' : 'ignore', options.input);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const output = collect(child.stdout, () => fail(new Error('it wrote more than 64 MB of output')));
  const errorOutput = collect(child.stderr, () =>
    fail(new Error('it wrote more than 64 MB of error output')),
  );
  await once(child, 'spawn');
  own(child);
  const stop = () => fail(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const timers = new DisposableStore();
  if (options.timeoutSeconds !== undefined) {
    timers.add(
      clock.after(options.timeoutSeconds * 1000, () => fail(new TimedOut('it did not end in time'))),
    );
  }
  try {
    await Promise.race([exited, failed]);
    const drainTimeOver = new Promise<void>((resolve) => timers.add(clock.after(drainTime, resolve)));
    await Promise.race([closed, drainTimeOver, failed]);
    return {
      pid: child.pid as number,
      exitCode: child.exitCode ?? 128 + signalNumber(child.signalCode),
      output: Buffer.concat(output),
      errorOutput: Buffer.concat(errorOutput),
    };
  } catch (error) {
    if (error instanceof TimedOut && options.leaveRunning === true) child.unref();
    else killTree(child);
    throw error;
  } finally {
    timers.dispose();
    signal.removeEventListener('abort', stop);
    disown(child);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

/** A program that is talked to while it runs. Never outlives the run: `kill` ends it with all it started. */
export interface Conversation {
  readonly child: ChildProcess;
  kill(): void;
}

/** Starts a program with its standard input, output and error output open. Rejects with the system's error. */
export async function converse(program: Program): Promise<Conversation> {
  const child = launch(program, 'pipe', { open: true });
  await once(child, 'spawn');
  own(child);
  child.once('exit', () => disown(child));
  return { child, kill: () => killTree(child) };
}

/** `input`: all it can read, unless its standard input is left `open` to the caller. */
function launch(
  program: Program,
  output: 'pipe' | 'ignore',
  input: string | undefined | { readonly open: true },
): ChildProcess {
  const child = spawn(program.file, program.args, {
    cwd: program.folder,
    stdio: [input === undefined ? 'ignore' : 'pipe', output, output],
    // Elsewhere: a process group of its own, so that all of it can be killed. Windows kills by process tree.
    detached: !onWindows,
    windowsHide: true,
    windowsVerbatimArguments: true,
    ...(program.environment && { env: { ...process.env, ...program.environment } }),
  });
  // A program that ends without reading its input is no error.
  child.stdin?.on('error', () => {});
  if (typeof input !== 'object') child.stdin?.end(input);
  return child;
}

function collect(stream: NodeJS.ReadableStream | null, tooMuch: () => void): Buffer[] {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > outputLimit) tooMuch();
    else chunks.push(chunk);
  });
  return chunks;
}

const signalNumber = (signal: NodeJS.Signals | null): number =>
  ({ SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 })[
    signal as string
  ] ?? 0;

// ── Running processes ───────────────────────────────────────────────────────────────────────────────────────────

export interface RunningProcess {
  readonly pid: number;
  /** File name of the program, with its ending; on Linux also the names the process was started under and gave itself. */
  readonly names: readonly string[];
  /** The account it runs under, as the system names it; undefined when the system does not say. */
  readonly user: string | undefined;
}

/** All processes this account may see. Their users take longer to find on some systems. Throws the system's error. */
export async function runningProcesses(signal: AbortSignal, withUsers = false): Promise<RunningProcess[]> {
  if (process.platform === 'linux') return await linuxProcesses(withUsers);
  const program = onWindows
    ? { file: join(systemFolder(), 'tasklist.exe'), args: [withUsers ? '/fo csv /nh /v' : '/fo csv /nh'] }
    : { file: '/bin/ps', args: ['-axo', 'pid=,user=,comm='] };
  const child = spawn(program.file, program.args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
    windowsVerbatimArguments: true,
    signal,
  });
  const output = collect(child.stdout, () => child.kill());
  await once(child, 'close');
  const text = Buffer.concat(output).toString('utf8');
  return onWindows ? parseTasklist(text) : parsePs(text);
}

/** `tasklist /fo csv /nh`: name, process id, and more, the same columns in every language; with `/v` the user is the seventh. */
export function parseTasklist(text: string): RunningProcess[] {
  return parseCsv(text, ',', true)
    .filter(([name = '', pid = '']) => name !== '' && /^\d+$/.test(pid))
    .map(([name = '', pid = '', , , , , user]) => ({ pid: Number(pid), names: [name], user }));
}

/** `ps -axo pid=,user=,comm=`: process id, user, then the path of the program. */
export function parsePs(text: string): RunningProcess[] {
  return text
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({ pid: Number(match[1]), names: [basename(match[3] as string)], user: match[2] }));
}

async function linuxProcesses(withUsers: boolean): Promise<RunningProcess[]> {
  const accounts = withUsers ? await linuxAccounts() : undefined;
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      const [own, commandLine, program, folder] = await Promise.all([
        readFile(`/proc/${id}/comm`, 'utf8').catch(() => undefined),
        readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => ''),
        // Only the owner and the administrator may know the program file.
        readlink(`/proc/${id}/exe`).catch(() => ''),
        accounts && stat(`/proc/${id}`).catch(() => undefined),
      ]);
      if (own === undefined) return [];
      const names = [basename(program), basename(commandLine.split('\0')[0] ?? '')].filter(
        (name) => name !== '',
      );
      // The system cuts a process's own name to 15 characters; the whole one says more.
      const short = own.trimEnd();
      if (!names.some((name) => name.startsWith(short))) names.push(short);
      const user = folder && (accounts?.get(folder.uid) ?? String(folder.uid));
      return [{ pid: Number(id), names, user }];
    }),
  );
  return found.flat();
}

/** Account names by number. */
async function linuxAccounts(): Promise<Map<number, string>> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const accounts = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name = '', , uid = ''] = line.split(':');
    if (uid !== '' && !accounts.has(Number(uid))) accounts.set(Number(uid), name);
  }
  return accounts;
}

/** True when a process runs under the account a flow names: any letter case, with its domain or machine or without. */
export function hasUser({ user }: RunningProcess, wanted: string): boolean {
  if (user === undefined) return false;
  const [own, name] = [user, wanted.trim()].map((text) => text.toLowerCase());
  return own === name || own?.split('\\').at(-1) === name;
}

/** True when a process has the name a flow gives: any letter case, `.exe` or not. */
export function hasName(process: RunningProcess, name: string): boolean {
  const plain = (text: string) =>
    text
      .trim()
      .toLowerCase()
      .replace(/\.exe$/, '');
  return process.names.some((own) => plain(own) === plain(name));
}

// ── Command lines ───────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The arguments of one command-line text, split as Windows programs do: blanks separate, double quotes hold blanks
 * together, `\"` is a quote, other backslashes are themselves. For systems where a program takes a list, not a text.
 */
export function splitCommandLine(text: string): string[] {
  const found: string[] = [];
  let current: string | undefined;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '\\' && text[at + 1] === '"') {
      current = `${current ?? ''}"`;
      at++;
    } else if (character === '"') {
      quoted = !quoted;
      current ??= '';
    } else if (!quoted && (character === ' ' || character === '\t')) {
      if (current !== undefined) found.push(current);
      current = undefined;
    } else {
      current = `${current ?? ''}${character}`;
    }
  }
  if (current !== undefined) found.push(current);
  return found;
}
