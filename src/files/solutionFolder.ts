// A solution between an archive and a folder on this machine. What belongs where, interchange/solution.ts decides.
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ProductError } from '../base/error.ts';
import { type PackedSolution, packSolution, type UnpackedSolution } from '../interchange/solution.ts';
import { writeZip } from '../interchange/zip.ts';
import { fileNotWritable, readWhole, writeWhole } from './wholeFile.ts';

/**
 * Writes the files of a solution. `overwrite`: also into a folder that has files, else `FolderNotEmpty` is thrown with the next
 * step `occupied`. Throws ProductError `FileNotWritable`.
 */
export function unpackInto(
  folder: string,
  { files }: Pick<UnpackedSolution, 'files'>,
  { overwrite, occupied }: { readonly overwrite: boolean; readonly occupied: string },
): void {
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there !== undefined && !there.isDirectory()) {
    throw new ProductError('FileNotWritable', `${folder} is a file, not a folder.`, 'Choose a new folder.');
  }
  if (!overwrite && there !== undefined && readdirSync(folder).length > 0) {
    throw new ProductError('FolderNotEmpty', `${folder} is not empty.`, occupied);
  }
  for (const { path, bytes } of files) {
    const target = join(folder, path);
    try {
      mkdirSync(dirname(target), { recursive: true });
    } catch (cause) {
      throw fileNotWritable(target, cause);
    }
    writeWhole(target, bytes);
  }
}

/** Makes `archive` of the folder. Throws ProductError `FileUnreadable`, `FileNotWritable` and the codes of `packSolution`. */
export function packFolder(folder: string, archive: string): PackedSolution {
  const packed = packSolution((path) => {
    const file = join(folder, path);
    return existsSync(file) ? readWhole(file) : undefined;
  });
  writeWhole(archive, writeZip(packed.parts));
  return packed;
}
