// `dflow solution`: a solution's zip file as a folder to work in, and back.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { ProductError } from '../base/error.ts';
import { packSolution, unpackSolution } from '../interchange/solution.ts';
import { readZip, writeZip, type ZipEntry } from '../interchange/zip.ts';
import { writeWhole } from './flowFile.ts';
import { counted, type Output, printable } from './terminal.ts';
import { exitCode } from './usage.ts';

/** `source` is a zip file or the folder of an unpacked export. Throws ProductError `FolderNotEmpty`, `FileNotWritable`, `FileUnreadable` and the codes of interchange/. */
export function unpack(source: string, folder: string, overwrite: boolean, out: Output): number {
  const { files, flows, notes } = unpackSolution(readParts(source));
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there !== undefined && !there.isDirectory()) {
    throw new ProductError('FileNotWritable', `${folder} is a file, not a folder.`, 'Name a new folder.');
  }
  if (!overwrite && there !== undefined && readdirSync(folder).length > 0) {
    throw new ProductError(
      'FolderNotEmpty',
      `${folder} is not empty.`,
      'Name a new folder, or add --overwrite to replace the files of the solution in it.',
    );
  }
  for (const { path, bytes } of files) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  for (const { name, path } of flows) out.write(`${join(folder, path)}  ${printable(name)}\n`);
  for (const note of notes) out.write(`Note: ${printable(note)}\n`);
  return exitCode.ok;
}

/** Writes `archive` as a whole. Throws the codes of interchange/ and `FileNotWritable`. */
export function pack(folder: string, archive: string, out: Output): number {
  const { parts, changed, notes } = packSolution((path) => {
    const file = join(folder, path);
    return existsSync(file) ? readFile(file) : undefined;
  });
  writeWhole(archive, writeZip(parts));
  for (const name of changed) out.write(`changed  ${printable(name)}\n`);
  for (const note of notes) out.write(`Note: ${printable(note)}\n`);
  out.write(`${archive}: ${counted(parts.length, 'file')}, ${counted(changed.length, 'flow')} changed\n`);
  return exitCode.ok;
}

export function list(source: string, json: boolean, out: Output): number {
  const { flows, notes } = unpackSolution(readParts(source));
  if (json) out.write(`${JSON.stringify({ flows, notes })}\n`);
  else {
    for (const { name } of flows) out.write(`${printable(name)}\n`);
    for (const note of notes) out.write(`Note: ${printable(note)}\n`);
  }
  return exitCode.ok;
}

function readParts(source: string): ZipEntry[] {
  if (!existsSync(source) || !statSync(source).isDirectory()) return readZip(readFile(source));
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .map((name) => join(source, name))
    .filter((path) => lstatSync(path).isFile())
    .sort()
    .map((path) => ({
      name: relative(source, path).split(sep).join('/'),
      bytes: readFile(path),
      // A zip file made of them later has a date that says nothing, not the time of this computer.
      date: '1980-01-01T00:00:00',
    }));
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ProductError(
      'FileUnreadable',
      `${path} cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      'Check the path and its access rights.',
      { cause },
    );
  }
}
