// Reads small files that hold secrets, and refuses those that other accounts can read: by their modes, on Windows by their access lists.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { WindowsError } from '../../win32/errors.ts';
import { exposure } from '../access.ts';

/** More than any key, password or list of keys has, in bytes. */
export const mostSecretBytes = 64 * 1024;

export type PrivateFile =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'missing' }
  /** `who`: who else can read it, or whose it is. */
  | { readonly kind: 'exposed'; readonly who: string }
  | { readonly kind: 'unreadable'; readonly why: string };

/** What is judged is the open file, so that nobody can exchange it in between. Waits for no pipe. */
export function readPrivateFile(path: string): PrivateFile {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'missing' }
      : { kind: 'unreadable', why: code ?? 'it cannot be opened' };
  }
  try {
    const facts = fstatSync(file);
    if (!facts.isFile()) return { kind: 'unreadable', why: 'it is no ordinary file' };
    const self = process.geteuid?.();
    if (self !== undefined) {
      const mode = (facts.mode & 0o777).toString(8).padStart(4, '0');
      if ((facts.mode & 0o077) !== 0)
        return { kind: 'exposed', who: `other accounts have access, mode ${mode}` };
      if (facts.uid !== self && facts.uid !== 0) {
        return { kind: 'exposed', who: `it belongs to another account, user ${facts.uid}` };
      }
    }
    if (process.platform === 'win32') {
      const who = exposure(path);
      if (who !== undefined) return { kind: 'exposed', who };
    }
    if (facts.size > mostSecretBytes) {
      return { kind: 'unreadable', why: `it has ${facts.size} bytes, more than a secret` };
    }
    const bytes = Buffer.alloc(facts.size);
    const length = readSync(file, bytes, 0, bytes.length, 0);
    return { kind: 'read', bytes: bytes.subarray(0, length) };
  } catch (error) {
    if (error instanceof WindowsError) return { kind: 'unreadable', why: error.message };
    return { kind: 'unreadable', why: (error as NodeJS.ErrnoException).code ?? 'it cannot be read' };
  } finally {
    closeSync(file);
  }
}
