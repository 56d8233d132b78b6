// The agent's folder: made for its owner only, with small files that are either complete or absent.
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ProductError } from '../base/error.ts';
import { isInProfile, keepPrivate } from './access.ts';

/**
 * Makes the folder if it is not there, for its owner only: mode 0700; on Windows the user's own profile protects it, and elsewhere an
 * access list for the account, the system and administrators does. Throws `DataFolderUnusable`.
 */
export function prepareDataFolder(folder: string): void {
  try {
    // A folder that was there keeps its mode: it may hold other things. The files in it are private one by one.
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (made !== undefined && process.platform === 'win32' && !isInProfile(folder))
      keepPrivate(folder, 'folder');
  } catch (error) {
    throw dataFolderError(folder, error);
  }
}

/** What the system says of a file in the data folder (`EACCES`, `ENOSPC` …), as an error of the product; any other error as it is. */
export function dataFolderError(folder: string, error: unknown): unknown {
  if (error instanceof ProductError || typeof (error as NodeJS.ErrnoException).syscall !== 'string')
    return error;
  return new ProductError(
    'DataFolderUnusable',
    `The data folder ${folder} cannot be used (${(error as Error).message}).`,
    'Make it writable for your account and free some space on its disk, or set DESKTOP_FLOWS_HOME to another folder.',
    { cause: error },
  );
}

/** Writes a file that only its owner can read; another process sees either the old content or all of the new one. */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, typeof content === 'string' ? Buffer.from(content) : content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  // A folder that was there before us may let others read what is made in it.
  if (process.platform === 'win32' && !isInProfile(path)) keepPrivate(draft, 'file');
  renameSync(draft, path);
}

/** The machine's identifier: made at the first start, then the same for the life of the data folder. */
export function machineId(folder: string): string {
  const path = join(folder, 'machine-id');
  const known = readIfPresent(path)?.toString('utf8').trim();
  if (known) return known;
  const made = randomUUID();
  writePrivateFile(path, made);
  return made;
}

export function readIfPresent(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * What a worker is started with besides: Node keeps its compiled program in the folder and begins with that the next time. Must be one
 * that only the account of the worker can write to. A worker does not pass it on.
 */
export const compiledIn = (dataFolder: string): { readonly NODE_COMPILE_CACHE: string } => ({
  NODE_COMPILE_CACHE: join(dataFolder, 'compiled'),
});

/** The work queues of the machine. */
export const workQueuesFile = (dataFolder: string): string => join(dataFolder, 'workQueues.db');
