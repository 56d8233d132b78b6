// Small programs of the system, run to their end.
import { execFile, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** Nothing of the agent's own environment: it may hold what is not meant for others. */
export const plainEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
};

export interface CommandResult {
  /** Exit code; undefined when it was not started or did not end in time. */
  readonly code: number | undefined;
  readonly output: string;
  readonly errors: string;
}

export function runCommand(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = plainEnvironment,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { env: environment, cwd: '/', timeout: 10_000, killSignal: 'SIGKILL' },
      (error, output, errors) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
        resolve({ code, output, errors });
      },
    );
  });
}

/** Exit code of a program that goes on in the background once it has ended in front; undefined when it does not within 5 seconds. */
export function runDaemon(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: environment, cwd: '/', stdio: 'ignore', timeout: 5_000 });
    child.once('exit', (code) => resolve(code ?? undefined)).once('error', () => resolve(undefined));
  });
}

/** Asks again every 50 ms until the answer is not undefined, or `ms` milliseconds have passed. */
export async function until<T>(ms: number, ask: () => T | undefined): Promise<T | undefined> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = ask();
    if (answer !== undefined || performance.now() >= end) return answer;
    await delay(50);
  }
}
