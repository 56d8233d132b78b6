// The process table of Linux, read from /proc: the truth about what runs, also after a crash of whoever started it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One living process; zombies are left out. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** First 15 characters of the name of its program. */
  readonly name: string;
  /** Clock ticks from the start of the system. With the pid it names a process for ever. */
  readonly started: number;
}

/** Clock ticks per second; the same on every Linux that Node runs on. */
export const ticksPerSecond = 100;

/** Reads a line of /proc/PID/stat. The name may hold blanks and brackets, so what follows is counted from its last bracket. */
export function parseStat(text: string): Process | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const rest = text.slice(close + 2).split(' ');
  const pid = Number.parseInt(text, 10);
  const [state, parent, started] = [rest[0], Number(rest[1]), Number(rest[19])];
  if (!Number.isInteger(pid) || !Number.isInteger(parent) || !Number.isInteger(started)) return undefined;
  if (state === 'Z' || state === 'X') return undefined;
  return { pid, parent, name: text.slice(open + 1, close), started };
}

export function readProcesses(): readonly Process[] {
  const found: Process[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const process = readProcess(Number(entry));
    if (process) found.push(process);
  }
  return found;
}

export function readProcess(pid: number): Process | undefined {
  const text = readOf(pid, 'stat');
  return text === undefined ? undefined : parseStat(text);
}

/** The same process still lives, and is no other one with its number. */
export const isAlive = ({ pid, started }: Pick<Process, 'pid' | 'started'>): boolean =>
  readProcess(pid)?.started === started;

/** Effective user, arguments and environment of a process; undefined when it is gone. */
export function userOf(pid: number): number | undefined {
  const uids = /^Uid:\s+\d+\s+(\d+)/m.exec(readOf(pid, 'status') ?? '');
  return uids === null ? undefined : Number(uids[1]);
}

/** The file a process runs: unlike name and arguments, it cannot choose it. */
export const programOf = (pid: number): string | undefined => linkOf(`/proc/${pid}/exe`);

export const argumentsOf = (pid: number): readonly string[] => parseList(readOf(pid, 'cmdline') ?? '');

export function environmentOf(pid: number): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const entry of parseList(readOf(pid, 'environ') ?? '')) {
    const at = entry.indexOf('=');
    if (at > 0) environment[entry.slice(0, at)] = entry.slice(at + 1);
  }
  return environment;
}

const parseList = (text: string): readonly string[] => text.split('\0').slice(0, -1);

/** Sends a signal unless the process is gone or its number belongs to another one by now. */
export function sendSignal(target: Pick<Process, 'pid' | 'started'>, name: NodeJS.Signals): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Wall-clock milliseconds of a start in ticks. */
export function wallClock(started: number): number {
  const uptime = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
  return Math.round(Date.now() - uptime * 1000 + (started * 1000) / ticksPerSecond);
}

/** Whether the process itself listens on a TCP port: another one may have taken it. */
export function listensOn(pid: number, port: number): boolean {
  const sockets = new Set<string>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const inode of listeners(readIfThere(file) ?? '', port)) sockets.add(inode);
  if (sockets.size === 0) return false;
  try {
    return readdirSync(`/proc/${pid}/fd`).some((entry) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${entry}`) ?? '')?.[1];
      return inode !== undefined && sockets.has(inode);
    });
  } catch {
    return false; // it is gone
  }
}

/** Inodes of the sockets that listen on `port`, from the text of /proc/net/tcp or tcp6. */
export function listeners(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === '0A' && local?.endsWith(`:${wanted}`) && inode ? [inode] : [];
  });
}

/** Paths of UNIX sockets with somebody connected, from the text of /proc/net/unix. */
export const connectedSockets = (table: string): ReadonlySet<string> =>
  socketPaths(table, (_, state) => state === '03');

/** Paths of UNIX sockets that somebody listens on. */
export const listeningSockets = (table: string): ReadonlySet<string> =>
  socketPaths(table, (flags) => flags === '00010000');

function socketPaths(table: string, isMeant: (flags: string, state: string) => boolean): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const line of table.split('\n')) {
    const [, , , flags, , state, , path] = line.trim().split(/\s+/);
    if (flags && state && path && isMeant(flags, state)) paths.add(path);
  }
  return paths;
}

function readOf(pid: number, what: string): string | undefined {
  return readIfThere(`/proc/${pid}/${what}`);
}

/** Files of /proc vanish with their process, between opening and reading too. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

export function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
