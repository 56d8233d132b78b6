// What every suite that runs on Windows shares: the test program and what it logged, waiting, and the one list of what Wine does not have.
// Runs in Windows' own node.exe; starts no machine (scripts/windows/machine.mjs does, outside).
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether this is Wine. Only tests ask. */
export const isWine = process.env.DESKTOP_FLOWS_WINE === '1';

/** What Wine 10 does not do, or says it did without doing it. What needs it is proven by the acceptance run on real Windows only. */
export const stubs = {
  menus: 'items of another program’s menu bar cannot be read',
  blockInput: 'BlockInput fails with 120',
  printWindow: 'PrintWindow gives FALSE',
  lockWorkStation: 'LockWorkStation fails with 120',
  sessions: 'there is one session, and none can be made, left or ended',
  logOn: 'LogonUser takes any password',
  scheduler: 'the Task Scheduler never runs a task',
  powerShell: 'powershell.exe does nothing and says 0',
  junction: 'junctions cannot be made',
  msaa: 'MSAA answers E_NOTIMPL for what is inside a window',
  recovery: 'the service manager does not restart a service that died',
  commandLine: 'NtQueryInformationProcess does not know command lines',
  layouts: 'there is the layout of the screen only, and AltGr counts only on its own keyboard',
  accessControl: 'rights of files and pipes are stored, not enforced',
} as const;

/** For the `skip` of a test: skips it under Wine, with the reason; runs it on Windows. */
export function onlyWindows(stub: keyof typeof stubs): string | false {
  return isWine ? stubs[stub] : false;
}

const programs = process.env.DESKTOP_FLOWS_TEST_PROGRAMS ?? 'C:\\programs';
export const testProgramPath = join(programs, 'testProgram.exe');

/** Waits until `look` gives something that is not undefined or false, looking every 20 ms. Throws with `what` after `ms`. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 10_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A folder that is deleted when the test program or the test that asked for it is done. */
export function temporaryFolder(name = 'test'): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), `desktop-flows-${name}-`));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 10 }) };
}

export interface TestProgram {
  readonly process: ChildProcess;
  readonly processId: number;
  /** Title of its window. */
  readonly title: string;
  /** Lines so far, oldest first: `ready`, `ok=1`, `name=text` … */
  log(): readonly string[];
  /** Waits for a line of the log. */
  logged(line: string | RegExp, ms?: number): Promise<string>;
  /** Kills it when it still runs. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the test program and waits until its window stands; `options` are its own (see programs/testProgram.c). */
export async function startTestProgram(
  options: { readonly title?: string; readonly rows?: number; readonly elements?: number } = {},
): Promise<TestProgram> {
  const folder = mkdtempSync(join(tmpdir(), 'desktop-flows-program-'));
  const file = join(folder, 'log.txt');
  const title = options.title ?? 'Test program';
  const args = ['--log', file, '--title', title];
  if (options.rows !== undefined) args.push('--rows', String(options.rows));
  if (options.elements !== undefined) args.push('--elements', String(options.elements));
  const child = spawn(testProgramPath, args, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve());
    child.once('error', reject);
  });
  const log = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
  const logged = (line: string | RegExp, ms?: number) =>
    until(
      `the test program to log ${line}; it logged: ${log().slice(-10).join(' | ')}`,
      () => log().find((one) => (typeof line === 'string' ? one === line : line.test(one))),
      ms,
    );
  await Promise.race([
    logged('ready', 30_000),
    ended.then(() => Promise.reject(new Error('the test program ended at once'))),
  ]);
  return {
    process: child,
    processId: child.pid ?? 0,
    title,
    log,
    logged,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
