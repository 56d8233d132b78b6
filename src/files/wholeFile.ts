// Files of this machine, read and replaced as a whole, with failures that people can do something about. Knows nothing of flows.
import { randomUUID } from 'node:crypto';
import { chmodSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { asProductError, ProductError } from '../base/error.ts';

/** Throws ProductError `FileUnreadable`. */
export function readWhole(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw fileUnreadable(path, cause);
  }
}

/** Replaces a file: after a crash it has its old content or its new one. Throws ProductError `FileNotWritable`. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  let target = path;
  let mode: number | undefined;
  try {
    target = realpathSync(path);
    mode = statSync(target).mode;
  } catch {
    // a new file
  }
  // Renaming would also replace a file that is protected against writing.
  if (mode !== undefined && (mode & 0o222) === 0) throw fileNotWritable(path, new Error('EACCES'));
  const beside = join(dirname(target), `.${basename(target)}.${randomUUID()}.new`);
  try {
    writeFileSync(beside, bytes, { flush: true });
    if (mode !== undefined) chmodSync(beside, mode);
    renameSync(beside, target);
  } catch (cause) {
    rmSync(beside, { force: true });
    throw fileNotWritable(path, cause);
  }
}

/** `cause` as a file system operation threw it, when one did. */
export function fileUnreadable(path: string, cause?: unknown): ProductError {
  return new ProductError(
    'FileUnreadable',
    `${path} cannot be read${reasonOf(cause)}.`,
    'Check the path and its access rights.',
    { cause },
  );
}

export function fileNotWritable(path: string, cause: unknown): ProductError {
  return new ProductError(
    'FileNotWritable',
    `${path} cannot be written${reasonOf(cause)}.`,
    'Check that the folder exists, that your account may write there, and that no other program has the file open.',
    { cause },
  );
}

function reasonOf(cause: unknown): string {
  if (cause === undefined) return '';
  return ` (${(cause as NodeJS.ErrnoException).code ?? asProductError(cause).message})`;
}
