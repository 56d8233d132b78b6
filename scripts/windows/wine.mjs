// Makes Wine out of Debian's packages, unpacked into a folder together with the C library they were built for, so that it runs on any
// Debian and the machine's own packages stay as they are. The name of that folder in the cache has the hash of this file.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { CannotProvision, installDebian } from '../provision-vscode.mjs';

/** The release of Debian that brings the wanted Wine. */
const release = 'trixie';
const mirror = 'http://deb.debian.org/debian';
export const wineMajor = '10.0';
/** What is unpacked, with everything it depends on. */
const winePackages = ['wine', 'wine64', 'fonts-wine', 'fonts-liberation'];
/** Only its headers, which declare UI Automation; those of older releases do not. */
const headerPackage = 'mingw-w64-common';
/** Parts of packages that nothing here reads. */
const unread = [
  ...['bug', 'doc', 'icons', 'iso-codes', 'lintian', 'locale', 'man', 'xml'].map(
    (name) => `usr/share/${name}`,
  ),
  'usr/lib/x86_64-linux-gnu/gconv',
  'usr/i686-w64-mingw32',
];

const libraries = 'usr/lib/x86_64-linux-gnu';
const loader = `${libraries}/ld-linux-x86-64.so.2`;

/** Unpacks Wine into `folder`, made to live in `home`, the folder it will be renamed to. */
export async function unpackWine(folder, home) {
  const hint = `needs Wine ${wineMajor}, get it with: node scripts/provision-windows.mjs (the messages above say what failed)`;
  const apt = join(folder, '.apt');
  const archives = fetchDebian(apt, hint);
  await inParallel(archives, (archive) => {
    const isHeaders = basename(archive).startsWith(`${headerPackage}_`);
    const what = isHeaders ? ['./usr/share/mingw-w64'] : unread.map((path) => `--exclude=./${path}`);
    // Paths reach the shell as arguments, never as text of the command.
    const line =
      'archive=$1 folder=$2; shift 2; dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$folder" "$@"';
    return runSoon(['sh', '-c', line, 'sh', archive, folder, ...what], hint);
  });
  rmSync(apt, { recursive: true });

  const programs = join(folder, 'usr/lib/wine');
  for (const program of ['wine64', 'wineserver64'])
    run(
      [
        'patchelf',
        '--set-interpreter',
        join(home, libraries, 'ld-linux-x86-64.so.2'),
        // The older kind of path, which holds for libraries of libraries too.
        '--force-rpath',
        '--set-rpath',
        ['', 'pulseaudio'].map((part) => join(home, libraries, part)).join(':'),
        join(programs, program),
      ],
      hint,
    );
  // Debian's script would start the machine's own server.
  rmSync(join(programs, 'wineserver'));
  symlinkSync('wineserver64', join(programs, 'wineserver'));
  // Where the server looks for its tables when it is not in /usr.
  symlinkSync('.', join(folder, 'usr/share/wine/wine'));
  // Only these fonts, so that texts have the same size on every machine; an edit control without any crashes.
  writeFileSync(
    join(folder, 'fonts.conf'),
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${home}/usr/share/fonts</dir><cachedir>${home}/font-cache</cachedir></fontconfig>
`,
  );

  const modules = join(folder, libraries, 'wine/x86_64-windows');
  // What the installation script of Debian's package does: Wine loads it only as one of its own.
  const compression = readFileSync(join(folder, 'usr/x86_64-w64-mingw32/lib/zlib1.dll'));
  wineMark.copy(compression, 64);
  writeFileSync(join(modules, 'zlib1.dll'), compression);
  // Without what only debuggers read, Wine and each machine of it are a third as large.
  const files = readdirSync(modules).map((name) => join(modules, name));
  await inParallel(chunks(files.filter(isWines), 40), (some) =>
    runSoon(['x86_64-w64-mingw32-strip', '--strip-debug', ...some], hint),
  );
  for (const path of files.filter((path) => !/\.(a|nls|tlb)$/.test(path))) markAsWines(path);

  const check = [join(folder, loader), '--library-path', join(folder, libraries)];
  run([...check, join(programs, 'wineserver64'), '--version'], hint, { quiet: true });
}

/** What makes a module one of Wine's own; it stands 64 bytes after the module's start, where other modules say that they need Windows. */
const wineMark = Buffer.alloc(32);
wineMark.write('Wine builtin DLL');

function isWines(path) {
  const file = openSync(path, 'r');
  try {
    const there = Buffer.alloc(16);
    readSync(file, there, 0, 16, 64);
    return there.equals(wineMark.subarray(0, 16));
  } finally {
    closeSync(file);
  }
}

function markAsWines(path) {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, wineMark, 0, wineMark.length, 64);
  } finally {
    closeSync(file);
  }
}

/** Fetches packages with a state of apt's own in `folder`, as if nothing were installed. Gives the paths of the archives. */
function fetchDebian(folder, hint) {
  for (const path of ['lists/partial', 'archives/partial'])
    mkdirSync(join(folder, path), { recursive: true });
  const key = '/usr/share/keyrings/debian-archive-keyring.gpg';
  if (!existsSync(key)) installDebian(['debian-archive-keyring'], 'the keys of Debian');
  writeFileSync(join(folder, 'status'), '');
  writeFileSync(
    join(folder, 'sources.list'),
    ['', '-updates']
      .map((suffix) => `deb [signed-by=${key} arch=amd64] ${mirror} ${release}${suffix} main\n`)
      .join(''),
  );
  // Given as arguments, these win over the machine's settings; those for proxies stay.
  const options = {
    'Dir::State': folder,
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': join(folder, 'archives'),
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Sandbox::User': '',
    'APT::Keep-Downloaded-Packages': 'true',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'Debug::NoLocking': 'true',
  };
  const apt = ['apt-get', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
  if (!existsSync('/usr/bin/apt-get')) throw new CannotProvision(hint);
  run([...apt, '-qq', 'update'], hint);
  const archives = join(folder, 'archives');
  run([...apt, '-qq', '-y', '--no-install-recommends', '--download-only', 'install', ...winePackages], hint);
  run([...apt, '-qq', 'download', headerPackage], hint, { cwd: archives });
  return readdirSync(archives)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(archives, name));
}

// ---- commands

/** Runs a command with its messages on stderr; throws CannotProvision with `hint` when it fails. */
export function run(command, hint, { quiet = false, cwd } = {}) {
  const output = quiet ? 'ignore' : 2;
  const { status } = spawnSync(command[0], command.slice(1), { cwd, stdio: ['ignore', output, output] });
  if (status !== 0) throw new CannotProvision(hint);
}

function runSoon(command, hint) {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 2, 2] });
    child.once('error', () => reject(new CannotProvision(hint)));
    child.once('close', (code) => (code === 0 ? resolve() : reject(new CannotProvision(hint))));
  });
}

/** As many at once as there are processors. */
async function inParallel(items, work) {
  const left = [...items];
  const line = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, line));
}

function chunks(items, size) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
