// Real servers for tests: started by the test on a free port of this machine with a folder of their own, ended with it. Nothing of the
// system's own configuration is used, and no server runs as the administrator.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, chownSync, constants, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A program by name, in PATH and where servers usually lie; undefined when it is not installed. */
export function findProgram(name: string, more: readonly string[] = []): string | undefined {
  for (const folder of [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    ...more,
  ]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Next folder.
    }
  }
  return undefined;
}

/** Whether the programs of a suite are there; says what is missing and how to get it, because such a suite is skipped. */
export function available(what: string, programs: readonly (string | undefined)[]): boolean {
  const missing = programs.some((program) => program === undefined);
  if (missing) console.log(`skipped: needs ${what}, get it with: node scripts/provision-servers.mjs`);
  return !missing;
}

const isAdministrator = process.getuid?.() === 0;

function id(option: string): string {
  if (process.platform === 'win32') return '';
  return execFileSync('id', [option, ...(isAdministrator ? ['nobody'] : [])], { encoding: 'utf8' }).trim();
}

/** The account servers run under when it is not that of the test: the administrator starts them as `nobody`. */
export const account = isAdministrator ? { uid: Number(id('-u')), gid: Number(id('-g')) } : undefined;
export const accountName = id('-un');
export const groupName = id('-gn');

/** A new folder that belongs to the account of the servers. */
export function serverFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'dflow-server-')));
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  return folder;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a program of a server to its end, under the account of the servers. */
export function runAs(program: string, args: readonly string[], folder: string): string {
  return execFileSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, HOME: folder, TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...account,
  });
}

export interface Running {
  readonly folder: string;
  readonly port: number;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a server that stays in the foreground and waits until `port` accepts connections. */
export async function startServer(
  program: string,
  args: readonly string[],
  folder: string,
  port: number,
  stopSignal: NodeJS.Signals = 'SIGTERM',
): Promise<Running> {
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, HOME: folder, TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...account,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = () => killGroup(child, 'SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.removeListener('exit', kill);
    killGroup(child, stopSignal);
    const tooSlow = setTimeout(kill, 5_000);
    await ended;
    clearTimeout(tooSlow);
    killGroup(child, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  for (let tries = 0; ; tries++) {
    if (await accepts(port)) return { folder, port, stop };
    if (child.exitCode !== null || tries === 200) {
      await stop();
      throw new Error(`${program} did not start: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid as number), signal);
  } catch {
    // It is gone already.
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
