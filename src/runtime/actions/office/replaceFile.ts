// Puts a new Office file in the place of the one that is there. Knows nothing of what is in it.
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { exists } from '../fileSystem.ts';
import { OfficeProblem } from './problem.ts';

/**
 * Writes a file as a whole: the content goes into a new file beside `path`, which then takes its place. Whoever reads `path` sees the
 * old content or the new one, never half of it. A link stays a link: what it leads to is replaced. Throws an OfficeProblem for a file
 * that is write-protected or open in an Office program, what `write` throws, the system's error or the signal's reason; then `path` is
 * as it was and nothing else is left.
 */
export async function replaceFile(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const target = await realpath(path).catch(() => path);
  await refuseLocked(target);
  const mode = await stat(target)
    .then((found) => found.mode & 0o777)
    .catch(() => undefined);
  if (mode !== undefined && (mode & 0o222) === 0) {
    throw new OfficeProblem(
      `"${path}" is write-protected.`,
      'Save under another name, or take the write protection off the file.',
    );
  }
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID().slice(0, 8)}.tmp`);
  const file = await open(temporary, 'wx', mode);
  try {
    try {
      await write(file);
      if (mode !== undefined) await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    signal.throwIfAborted();
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/** Office programs leave a file beside the one they have open: Excel with its whole name, Word without its first two letters when it is long. */
async function refuseLocked(path: string): Promise<void> {
  const name = basename(path);
  const locks = [`~$${name}`, `.~lock.${name}#`];
  if (/\.do[ct][xm]$/i.test(name)) locks.push(`~$${name.slice(2)}`);
  for (const lock of locks) {
    if (!(await exists(join(dirname(path), lock)))) continue;
    throw new OfficeProblem(
      `"${path}" is open in another program: there is a lock file "${lock}" beside it.`,
      'Close the file there and save again, or delete the lock file when it is left over from a crash.',
    );
  }
}
