// Packs files and folders into a ZIP archive, new or existing. The archive is built beside the old one and takes its place
// only when it is complete.
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { ZipWriter } from '@zip.js/zip.js';
import { ActionError } from '../../action.ts';
import {
  attempt,
  entriesOf,
  exists,
  expandWildcards,
  failure,
  isSameEntry,
  requireFolder,
} from '../fileSystem.ts';
import { onWindows } from '../platform.ts';
import { fileReader, fileWriter, type ZipLibrary, zipLibrary } from './archive.ts';

export interface Packing {
  readonly archive: string;
  /** Files and folders; a wildcard stands for the files it matches. */
  readonly paths: readonly string[];
  /** 0 (stored) to 9. */
  readonly level: number;
  readonly password: string;
  readonly comment: string;
}

/** A file or folder with its name inside the archive; folder names end with `/`. */
interface Item {
  readonly name: string;
  readonly path: string;
  readonly modified: Date;
}

/** The comment of an archive holds at most this many bytes. */
const commentLimit = 0xffff;

/**
 * Packs `paths`; a folder goes in with everything below it. Entries of an existing archive stay, those of the same name are
 * replaced. Throws `FileOrFolderNotFoundError`, `FileOrFolderNameInvalidError`, `InvalidArchiveAlreadyExistsButItError`,
 * `ZipError`, and the signal's reason.
 */
export async function pack(work: Packing, signal: AbortSignal): Promise<void> {
  const { archive } = work;
  await requireFolder(dirname(archive), 'ZipError');
  const items = await collect(work, signal);
  const zip = await zipLibrary();
  const unfinished = join(dirname(archive), `.${randomUUID()}.part`);
  try {
    await attempt('ZipError', 'write archive', archive, signal, async () => {
      const file = await open(unfinished, 'wx');
      try {
        await write(zip, work, items, new zip.ZipWriter(fileWriter(file), { useWebWorkers: false }), signal);
      } finally {
        await file.close();
      }
      await rename(unfinished, archive);
    });
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function write(
  zip: ZipLibrary,
  { archive, level, password, comment }: Packing,
  items: readonly Item[],
  writer: ZipWriter<unknown>,
  signal: AbortSignal,
): Promise<void> {
  let oldComment: Uint8Array | undefined;
  if (await exists(archive)) oldComment = await appendOld(zip, writer, archive, items, signal);
  for (const { name, path, modified } of items) {
    signal.throwIfAborted();
    const content = name.endsWith('/')
      ? undefined
      : (Readable.toWeb(createReadStream(path)) as ReadableStream);
    try {
      await writer.add(name, content, {
        signal,
        level,
        lastModDate: modified,
        extendedTimestamp: true,
        ...(name.endsWith('/') ? { directory: true } : {}),
        ...(password === '' || name.endsWith('/') ? {} : { password, encryptionStrength: 3 }),
      });
    } catch (error) {
      throw failure('ZipError', 'pack file', path, error, signal);
    }
  }
  const bytes = Buffer.from(comment, 'utf8');
  if (bytes.length > commentLimit) {
    throw new ActionError(
      'ZipError',
      `The comment is ${bytes.length.toLocaleString('en')} bytes long; an archive takes at most 65,535.`,
      'Shorten the comment.',
    );
  }
  await writer.close(comment === '' ? oldComment : bytes);
}

/** Copies the entries of the existing archive that are not replaced, as they are. Returns its comment. */
async function appendOld(
  zip: ZipLibrary,
  writer: ZipWriter<unknown>,
  archive: string,
  items: readonly Item[],
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const replaced = new Set(items.map(({ name }) => name.toLowerCase()));
  const file = await open(archive, 'r');
  try {
    const { size } = await file.stat();
    try {
      const seen = new Set<string>();
      const reader = new zip.ZipReader(fileReader(zip, file, size, signal), {
        filenameValidation: 'tolerant',
      });
      await reader.getEntries();
      await writer.appendZip(fileReader(zip, file, size, signal), {
        filter: ({ filename }) => {
          if (seen.has(filename) || replaced.has(filename.replaceAll('\\', '/').toLowerCase())) return false;
          seen.add(filename);
          return true;
        },
        readerOptions: { filenameValidation: 'tolerant' },
      });
      return reader.comment;
    } catch (error) {
      if (signal.aborted || (error as NodeJS.ErrnoException).code !== undefined) throw error;
      throw new ActionError(
        'InvalidArchiveAlreadyExistsButItError',
        `"${archive}" exists already, but it is not a ZIP archive.`,
        'Choose another name for the archive, or delete the file first.',
        { cause: error },
      );
    }
  } finally {
    await file.close();
  }
}

/** All files and folders to pack, each name once: a later path of the same name wins. */
async function collect({ archive, paths }: Packing, signal: AbortSignal): Promise<Item[]> {
  const items = new Map<string, Item>();
  for (const path of paths) requireProperName(path);
  for (const path of await expandWildcards(paths)) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) {
      throw new ActionError(
        'FileOrFolderNotFoundError',
        `"${path}" does not exist.`,
        'Check the path: spelling, drive, and whether an earlier step created it.',
      );
    }
    await attempt('ZipError', 'read folder', path, signal, () =>
      collectInto(items, path, basename(path), archive, signal, new Set()),
    );
  }
  return [...items.values()];
}

async function collectInto(
  items: Map<string, Item>,
  path: string,
  name: string,
  archive: string,
  signal: AbortSignal,
  above: ReadonlySet<string>,
): Promise<void> {
  signal.throwIfAborted();
  const found = await stat(path);
  if (!found.isDirectory()) {
    // The archive itself may lie in a folder that is packed.
    if (found.isFile() && !(await isSameEntry(path, archive))) {
      items.set(name.toLowerCase(), { name, path, modified: found.mtime });
    }
    return;
  }
  // A link to a folder above would never end.
  const real = await realpath(path);
  if (above.has(real)) return;
  items.set(`${name}/`.toLowerCase(), { name: `${name}/`, path, modified: found.mtime });
  const { files, folders } = await entriesOf(path);
  const inside = new Set(above).add(real);
  for (const entry of [...files, ...folders]) {
    // A link that leads nowhere is no content.
    if ((await stat(entry).catch(() => undefined)) === undefined) continue;
    await collectInto(items, entry, `${name}/${basename(entry)}`, archive, signal, inside);
  }
}

function requireProperName(path: string): void {
  const last = basename(path);
  if (last !== '' && !path.includes('\0') && !(onWindows && /[<>"|]/.test(last))) return;
  throw new ActionError(
    'FileOrFolderNameInvalidError',
    `"${path.replaceAll('\0', '\\0')}" cannot be the path of a file or folder to pack.`,
    'Give a path with a name, and without characters a path may not have.',
  );
}
