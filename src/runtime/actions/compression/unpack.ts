// Unpacks a ZIP archive into a folder. Everything in an archive is a stranger's claim: names, sizes and kinds are checked
// before a byte is written, and sizes again while writing.
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Entry, FileEntry } from '@zip.js/zip.js';
import { ActionError } from '../../action.ts';
import { attempt, failure, fileMissing, isFile, nameFilter } from '../fileSystem.ts';
import { onWindows } from '../platform.ts';
import { fileReader, fileWriter, type ZipLibrary, zipLibrary } from './archive.ts';

/** How far an archive may expand before it is taken for one made to fill the disk. */
export interface UnpackLimits {
  /** Entries: their list is held in memory. */
  readonly entries: number;
  /** Bytes of all files together. */
  readonly bytes: number;
  /** From `ratioFrom` bytes on, all files together may be at most so many times larger than the archive. */
  readonly ratio: number;
  readonly ratioFrom: number;
}

/** Text packs 5 to 50 times smaller and log files 100 times; one layer of deflate ends at 1,032 times. */
export const unpackLimits: UnpackLimits = {
  entries: 1_000_000,
  bytes: 256 * 1024 ** 3,
  ratio: 200,
  ratioFrom: 256 * 1024 ** 2,
};

export interface Unpacking {
  readonly archive: string;
  readonly destination: string;
  readonly password: string;
  /** Masks for file names such as `*.txt;*.csv`; a mask with a slash is for the whole path inside the archive. */
  readonly include: string;
  readonly exclude: string;
  readonly limits: UnpackLimits;
}

/**
 * Unpacks what the masks select; files that exist are replaced, one by one and only when they are complete. Throws
 * `ArchiveNotFoundError`, `InvalidArchiveError`, `CreateFolderError`, `UnzipError`, and the signal's reason.
 */
export async function unpack(work: Unpacking, signal: AbortSignal): Promise<void> {
  const { archive, destination } = work;
  if (!(await isFile(archive)))
    throw await fileMissing(archive, 'ArchiveNotFoundError', 'an archive', 'archive');
  const file = await attempt('UnzipError', 'open archive', archive, signal, () => open(archive, 'r'));
  try {
    const { size } = await file.stat();
    const zip = await zipLibrary();
    const reader = new zip.ZipReader(fileReader(zip, file, size, signal), { filenameValidation: 'tolerant' });
    const entries = await listEntries(zip, reader, work, signal);
    const wanted = select(entries, work);
    await attempt('CreateFolderError', 'create folder', destination, signal, () =>
      mkdir(destination, { recursive: true }),
    );
    const expansion = new Expansion(work, size);
    for (const entry of wanted) {
      signal.throwIfAborted();
      try {
        await extract(entry, join(destination, ...partsOf(entry.filename)), work, signal, expansion);
      } catch (error) {
        throw unpackFailure(zip, entry, work, expansion.refusal ?? error, signal);
      }
    }
  } finally {
    await file.close();
  }
}

async function listEntries(
  zip: ZipLibrary,
  reader: { getEntriesGenerator(): AsyncGenerator<Entry, unknown> },
  { archive, limits }: Unpacking,
  signal: AbortSignal,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      signal.throwIfAborted();
      if (entries.length === limits.entries) {
        throw suspicious(archive, `it has more than ${limits.entries.toLocaleString('en')} entries`);
      }
      entries.push(entry);
    }
  } catch (error) {
    if (error instanceof ActionError || signal.aborted) throw error;
    const split = (error as Error).message === zip.ERR_SPLIT_ZIP_FILE;
    throw new ActionError(
      'InvalidArchiveError',
      split
        ? `"${archive}" is one part of an archive in several files, which cannot be unpacked.`
        : `"${archive}" is not a ZIP archive, or it is damaged: ${lowerFirst((error as Error).message)}.`,
      'Check whether the file was transferred completely; other kinds of archive (7z, rar, tar.gz) need a program of their own.',
      { cause: error },
    );
  }
  return entries;
}

/** The entries the masks select. Throws `UnzipError` when any of them would end up elsewhere than in the destination. */
function select(entries: readonly Entry[], { archive, include, exclude }: Unpacking): Entry[] {
  const included = mask(include === '' ? '*' : include);
  const excluded = mask(exclude);
  return entries.filter((entry) => {
    const parts = partsOf(entry.filename);
    const name = parts.at(-1) ?? '';
    const path = parts.join('/');
    if (!included(name, path) || excluded(name, path)) return false;
    const problem = entry.symlink ? 'it is a link' : unsafe(entry.filename, parts);
    if (problem === undefined) return true;
    throw new ActionError(
      'UnzipError',
      `Nothing was unpacked, because the entry "${entry.filename}" of "${archive}" is not safe: ${problem}.`,
      'Do not trust this archive unless you know why it holds such an entry; an exclude mask can leave it out.',
    );
  });
}

function mask(masks: string): (name: string, path: string) => boolean {
  const [forPaths, forNames] = [true, false].map((withSlash) =>
    masks
      .split(';')
      .map((one) => one.trim().replaceAll('\\', '/'))
      .filter((one) => one.includes('/') === withSlash)
      .join(';'),
  ) as [string, string];
  const [name, path] = [nameFilter(forNames), nameFilter(forPaths)];
  return (ownName, ownPath) => name(ownName) || path(ownPath);
}

/** Programs for Windows write backslashes between folders. */
const partsOf = (name: string): string[] => name.split(/[\\/]/).filter((part) => part !== '' && part !== '.');

function unsafe(name: string, parts: readonly string[]): string | undefined {
  if (/^[\\/]/.test(name)) return 'it has an absolute path';
  if (/^[a-z]:/i.test(name)) return 'it names a drive';
  if (parts.includes('..')) return 'it leads out of the destination folder';
  if (parts.length === 0 || name.includes('\0')) return 'it has no proper name';
  if (!onWindows) return undefined;
  if (parts.some((part) => /[<>:"|?*\x00-\x1f]|[ .]$/.test(part))) return 'Windows does not allow its name';
  const device = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
  return parts.some((part) => device.test(part)) ? 'its name is that of a device' : undefined;
}

async function extract(
  entry: Entry,
  target: string,
  { password }: Unpacking,
  signal: AbortSignal,
  expansion: Expansion,
): Promise<void> {
  if (entry.directory) {
    await mkdir(target, { recursive: true });
    return;
  }
  await mkdir(dirname(target), { recursive: true });
  if ((await stat(target).catch(() => undefined))?.isDirectory()) {
    throw Object.assign(new Error('a folder is in its place'), { code: 'EISDIR' });
  }
  const unfinished = join(dirname(target), `.${randomUUID()}.part`);
  try {
    const file = await open(unfinished, 'wx');
    try {
      await (entry as FileEntry).getData(
        fileWriter(file, (bytes) => expansion.add(bytes)),
        {
          signal,
          ...(password === '' || !entry.encrypted ? {} : { password }),
          checkCrc32: true,
          checkOverlappingEntry: true,
          useWebWorkers: false,
        },
      );
    } finally {
      await file.close();
    }
    const modified = entry.lastModDate;
    if (!Number.isNaN(modified.getTime())) await utimes(unfinished, modified, modified);
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Counts what all files together unpack to. */
class Expansion {
  readonly #limits: UnpackLimits;
  readonly #archiveSize: number;
  readonly #archive: string;
  #total = 0;
  /** Set once a limit is passed; a stream that fails does not always hand on what it failed with. */
  refusal: ActionError | undefined;

  constructor({ limits, archive }: Unpacking, archiveSize: number) {
    this.#limits = limits;
    this.#archive = archive;
    this.#archiveSize = archiveSize;
  }

  add(bytes: number): void {
    this.#total += bytes;
    const { ratio, ratioFrom, bytes: most } = this.#limits;
    if (this.#total > most) {
      this.refusal = suspicious(this.#archive, `it holds more than ${most.toLocaleString('en')} bytes`);
    } else if (this.#total > ratioFrom && this.#total > this.#archiveSize * ratio) {
      this.refusal = suspicious(this.#archive, `it unpacks to more than ${ratio} times its size`);
    }
    if (this.refusal !== undefined) throw this.refusal;
  }
}

function suspicious(archive: string, reason: string): ActionError {
  return new ActionError(
    'UnzipError',
    `Unpacking "${archive}" was stopped: ${reason}, as archives do that are made to fill a disk.`,
    'When the archive is known to be good, unpack it with another program.',
  );
}

function unpackFailure(
  zip: ZipLibrary,
  { filename: name, zipCrypto }: Entry,
  { archive, password }: Unpacking,
  error: unknown,
  signal: AbortSignal,
): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof ActionError) return error;
  const where = `Cannot unpack "${name}" of "${archive}"`;
  const { message, code } = error as NodeJS.ErrnoException;
  const fail = (what: string, next: string) =>
    new ActionError('UnzipError', `${where}: ${what}.`, next, { cause: error });
  if (message === zip.ERR_ENCRYPTED || message === zip.ERR_INVALID_PASSWORD) {
    return fail(
      password === '' ? 'it is protected with a password' : 'the password is wrong',
      'Give the password the archive was made with.',
    );
  }
  if (message === zip.ERR_UNSUPPORTED_COMPRESSION || message === zip.ERR_UNSUPPORTED_ENCRYPTION) {
    return fail(
      'it is compressed or encrypted in a way that is not supported',
      'Pack it again with deflate compression, and with AES or ZipCrypto encryption if any.',
    );
  }
  if (message === zip.ERR_OVERLAPPING_ENTRY) {
    return fail('it shares its data with another entry', 'Do not trust this archive.');
  }
  if (code !== undefined) return failure('UnzipError', `unpack "${name}" of`, archive, error, signal);
  if (zipCrypto) {
    // One wrong password in 256 passes the test of this old encryption and shows only in what comes out.
    return fail(
      'the password is wrong, or the archive is damaged there',
      'Give the password the archive was made with.',
    );
  }
  return fail(
    `the archive is damaged there (${lowerFirst(message)})`,
    'Check whether the file was transferred completely.',
  );
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
