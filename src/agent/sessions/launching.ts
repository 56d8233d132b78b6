// Starts the process of a run with its private channel. Knows nothing of sessions, users or what the process is told.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ProductError } from '../../base/error.ts';

export interface ProcessStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly folder?: string;
  /** What it reads from standard input; absent: nothing. */
  readonly input?: string;
}

/**
 * A process of its own group on POSIX, so that everything it starts can be ended with it. Its channel is a pair of sockets that
 * have no name: nobody else can open it. Standard error is a pipe for its last words. Throws `WorkerNotStarted`.
 */
export async function startProcess(start: ProcessStart): Promise<ChildProcess> {
  const child = spawn(start.command, [...start.args], {
    detached: process.platform !== 'win32',
    stdio: [start.input === undefined ? 'ignore' : 'pipe', 'ignore', 'pipe', 'ipc'],
    env: start.environment,
    windowsHide: true,
    ...(start.folder === undefined ? {} : { cwd: start.folder }),
  });
  try {
    await once(child, 'spawn'); // rejects with the event `error`
  } catch (error) {
    throw notStarted(start.command, (error as Error).message, error);
  }
  child.stdin?.on('error', () => {}).end(start.input); // who does not read it has ended
  return child;
}

export function notStarted(program: string, reason: string, cause?: unknown): ProductError {
  return new ProductError(
    'WorkerNotStarted',
    `${program} could not be started in the session (${reason}).`,
    'Check that the account of the session may read and execute it, and every folder above it.',
    { cause },
  );
}
