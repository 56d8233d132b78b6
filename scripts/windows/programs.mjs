// Compiles the test programs of test/windows/programs/ for Windows: a program with one of each control, and the server of UI Automation
// that stands in for Wine's, which answers next to nothing. Built again when a source changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, places } from '../provision-windows.mjs';
import { root } from '../setup.mjs';

const sources = join(root, 'test/windows/programs');
const here = import.meta.url;

/** Gives the folder with `testProgram.exe` and, on Linux, `uiaServer.dll`. Throws with the compiler's messages. */
export function buildPrograms() {
  const hash = createHash('sha256').update(readFileSync(new URL(here)));
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)));
  const folder = join(cacheFolder, `windows-programs-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.partial-${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    const isWindows = process.platform === 'win32';
    const mingw = isWindows ? '' : 'x86_64-w64-mingw32-';
    compile(`${mingw}gcc`, [
      ...['-O1', '-Wall', '-Werror', '-municode', '-mwindows', '-static'],
      ...['-o', join(partial, 'testProgram.exe'), join(sources, 'testProgram.c')],
      ...['-lcomctl32', '-lgdi32', '-luxtheme'],
    ]);
    if (!isWindows)
      compile(`${mingw}g++`, [
        ...['-O1', '-Wall', '-shared', '-static', '-std=c++17', '-isystem', places().headers],
        ...['-o', join(partial, 'uiaServer.dll'), join(sources, 'uiaServer.cpp')],
        ...['-lole32', '-loleaut32', '-luuid', '-lcomctl32'],
      ]);
    try {
      renameSync(partial, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
    }
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

function compile(compiler, args) {
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${compiler} cannot compile a test program:\n${error?.message ?? stderr}`);
}
