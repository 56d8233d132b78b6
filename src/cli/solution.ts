// `dflow solution`: a solution's zip file as a folder to work in, and back.
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { packFolder, unpackInto } from '../files/solutionFolder.ts';
import { readWhole } from '../files/wholeFile.ts';
import { unpackSolution } from '../interchange/solution.ts';
import { readZip, type ZipEntry } from '../interchange/zip.ts';
import { counted, type Output, printable } from './terminal.ts';
import { exitCode } from './usage.ts';

/** `source` is a zip file or the folder of an unpacked export. Throws ProductError `FolderNotEmpty`, `FileNotWritable`, `FileUnreadable` and the codes of interchange/. */
export function unpack(source: string, folder: string, overwrite: boolean, out: Output): number {
  const { files, flows, notes } = unpackSolution(readParts(source));
  unpackInto(
    folder,
    { files },
    {
      overwrite,
      occupied: 'Name a new folder, or add --overwrite to replace the files of the solution in it.',
    },
  );
  for (const { name, path } of flows) out.write(`${join(folder, path)}  ${printable(name)}\n`);
  for (const note of notes) out.write(`Note: ${printable(note)}\n`);
  return exitCode.ok;
}

/** Writes `archive` as a whole. Throws the codes of interchange/, `FileUnreadable` and `FileNotWritable`. */
export function pack(folder: string, archive: string, out: Output): number {
  const { parts, changed, notes } = packFolder(folder, archive);
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
  if (!existsSync(source) || !statSync(source).isDirectory()) return readZip(readWhole(source));
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .map((name) => join(source, name))
    .filter((path) => lstatSync(path).isFile())
    .sort()
    .map((path) => ({
      name: relative(source, path).split(sep).join('/'),
      bytes: readWhole(path),
      // A zip file made of them later has a date that says nothing, not the time of this computer.
      date: '1980-01-01T00:00:00',
    }));
}
