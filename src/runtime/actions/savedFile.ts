// Files that other machines send: their names made harmless, and written so that a file is complete or not there at all.
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { exists } from './fileSystem.ts';

/** More than this is not saved: no flow means to fill a disk. */
export const largestFile = 20 * 1024 ** 3;

/** The other side sent more than `largestFile`. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** Writes all of `content` into the file `path`, which is replaced in one step at the end; until then it is untouched. Throws what reading or the system says, or TooLarge. */
export async function saveWhole(content: Readable, path: string, limit = largestFile): Promise<void> {
  const partial = join(dirname(path), `.${randomUUID()}.part`);
  let size = 0;
  const guard = new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length;
      if (size > limit) done(new TooLarge(`it is larger than ${limit.toLocaleString('en')} bytes`));
      else done(null, chunk);
    },
  });
  try {
    await pipeline(content, guard, createWriteStream(partial, { flags: 'wx' }));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Names of devices, which Windows would open instead of a file. */
const devices = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?$/i;
/** File systems take 255 bytes; some are left for an addition to the name. */
const longestName = 200;

/**
 * A name from another machine as the name of a file in the folder it is put into, on every system: no folders, no characters or
 * names that mean something else there, not hidden, not too long. `fallback` when nothing is left.
 */
export function harmlessName(name: string, fallback: string): string {
  const last = name.split(/[\\/]/).at(-1) as string;
  const plain = last
    .replace(/[\u0000-\u001f\u007f<>:"|?*]/g, '_')
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  if (plain === '') return fallback;
  return shortened(devices.test(plain) ? `_${plain}` : plain);
}

function shortened(name: string): string {
  const bytes = (text: string) => Buffer.byteLength(text, 'utf8');
  if (bytes(name) <= longestName) return name;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && bytes(name.slice(dot)) <= 20 ? name.slice(dot) : '';
  let stem = '';
  for (const character of name.slice(0, name.length - extension.length)) {
    if (bytes(stem + character + extension) > longestName) break;
    stem += character;
  }
  return stem + extension;
}

/** A path in `folder` where nothing is yet: `name`, or with `separator` and a number before its extension. */
export async function freePath(folder: string, name: string, separator: string): Promise<string> {
  const dot = name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (let number = 0; ; number++) {
    const path = join(folder, number === 0 ? name : `${stem}${separator}${number}${extension}`);
    if (!(await exists(path))) return path;
  }
}
