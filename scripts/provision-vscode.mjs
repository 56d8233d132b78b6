// Fetches what the VS Code suite needs on Linux and does nothing when it is there: a VS Code server (inside the npm package
// code-server), playwright-core, and Chromium. Everything lands outside the clone, in the user's cache folder.
// `--check` installs nothing. Exit codes: 0 ready, 3 something cannot be had here (the last line says what, and how to get it).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setUp, toolchainNode } from './setup.mjs';

const versions = { 'code-server': '4.139.1', 'playwright-core': '1.65.1' };
/** What the native modules of code-server are compiled with on Debian and Ubuntu. */
const buildPackages = [
  'build-essential',
  'libkrb5-dev',
  'libsecret-1-dev',
  'libx11-dev',
  'libxkbfile-dev',
  'pkg-config',
  'python3',
];
const browsers = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

export const skippedExitCode = 3;

/** How long apt-get waits while something else installs packages. */
const lockSeconds = 300;

/** Says that a suite cannot run here; `message` is `needs X, get it with Y`. */
export class CannotProvision extends Error {}

/**
 * Makes sure everything is there. Returns `{node, serverMain, playwright, browser}`: absolute paths of the Node to run the
 * server with, the server's entry, playwright-core's entry and the browser's program.
 * Throws CannotProvision when something cannot be had, or with `install: false` when something is not there yet.
 * `say` receives one line per thing found or done.
 */
export function provision({ install = true, say = console.log } = {}) {
  if (process.platform !== 'linux') {
    throw new CannotProvision(
      'needs Linux, get a part of it here with: node scripts/test-vscode.mjs --desktop',
    );
  }
  const base =
    process.env.DESKTOP_FLOWS_CACHE ||
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'desktop-flows');
  const folder = join(base, `vscode-server-${versions['code-server']}`);

  if (isInstalled(folder)) say(`VS Code server ${versions['code-server']}: present in ${folder}`);
  else if (install) installServer(folder, say);
  else throw new CannotProvision('needs a VS Code server, get it with: node scripts/provision-vscode.mjs');

  let browser = findBrowser();
  if (browser === undefined) {
    if (!install) throw new CannotProvision('needs Chromium, get it with: node scripts/provision-vscode.mjs');
    say('Chromium: installing with apt-get …');
    installDebian(['chromium'], 'a Chromium or Chrome browser');
    browser = findBrowser();
    if (browser === undefined)
      throw new CannotProvision('needs Chromium, get it with: apt-get install chromium');
  }
  say(`Browser: ${browser}`);
  return {
    node: toolchainNode,
    serverMain: serverMain(folder),
    playwright: join(folder, 'node_modules', 'playwright-core', 'index.mjs'),
    browser,
  };
}

function serverMain(folder) {
  return join(folder, 'node_modules', 'code-server', 'lib', 'vscode', 'out', 'server-main.js');
}

function isInstalled(folder) {
  return (
    existsSync(serverMain(folder)) &&
    Object.entries(versions).every(([name, version]) => {
      const manifest = join(folder, 'node_modules', name, 'package.json');
      return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
    })
  );
}

/** Installs beside the final place and renames, so that an interrupted install is never taken for a complete one. */
function installServer(folder, say) {
  const missing = existsSync('/usr/bin/dpkg') ? buildPackages.filter((name) => !isDebianInstalled(name)) : [];
  if (missing.length > 0) {
    say(`Build packages: installing ${missing.join(', ')} with apt-get …`);
    installDebian(missing, 'compilers and libraries for the VS Code server');
  }
  say(`VS Code server ${versions['code-server']}: installing with npm (about 600 MB, a minute or two) …`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  writeFileSync(
    join(partial, 'package.json'),
    JSON.stringify({ name: 'desktop-flows-vscode-server', private: true, dependencies: versions }),
  );
  const npm = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: partial,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, PATH: `${dirname(toolchainNode)}${delimiter}${process.env.PATH}` },
  });
  const starts =
    npm.status === 0 &&
    spawnSync(toolchainNode, [serverMain(partial), '--version'], { stdio: 'ignore' }).status === 0;
  if (!starts) {
    throw new CannotProvision(
      `needs a VS Code server, get it with: npm install code-server@${versions['code-server']} playwright-core@${versions['playwright-core']} (on Node 24, in ${folder}; the messages above say what failed)`,
    );
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
}

function findBrowser() {
  const named = process.env.DESKTOP_FLOWS_BROWSER;
  if (named) return named;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of browsers) {
      if (existsSync(join(folder, name))) return join(folder, name);
    }
  }
  return undefined;
}

function isDebianInstalled(name) {
  const query = spawnSync('dpkg', ['--status', name], { encoding: 'utf8' });
  return query.stdout?.includes('Status: install ok installed') ?? false;
}

/** Installs packages with apt-get; `what` names for people what they bring. Throws CannotProvision. */
export function installDebian(packages, what) {
  // Whoever installs something else at this moment, as systems do after they start, is waited for.
  const patiently = ['apt-get', '-o', `DPkg::Lock::Timeout=${lockSeconds}`];
  const command = [...patiently, 'install', '-y', '--no-install-recommends', ...packages];
  const hint = `needs ${what}, get it with: sudo apt-get install ${packages.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get')) throw new CannotProvision(hint);
  if (administrate(command) === 0) return;
  // Fresh images come without package lists. A source of somebody else's packages that fails does not matter.
  administrate([...patiently, 'update']);
  if (administrate(command) !== 0) throw new CannotProvision(hint);
}

/** Runs a command as the administrator, with sudo where that needs no password; gives its exit code, or null when it did not start. */
export function administrate(command) {
  // sudo passes no variables on.
  const line = ['env', 'DEBIAN_FRONTEND=noninteractive', ...command];
  if (process.getuid?.() !== 0) line.unshift('sudo', '-n');
  return spawnSync(line[0], line.slice(1), { stdio: ['ignore', 2, 2] }).status;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  setUp();
  if (process.platform !== 'linux') {
    console.log('Nothing to prepare: on this system the suite downloads a desktop VS Code itself.');
    process.exit(0);
  }
  try {
    provision({ install: !process.argv.includes('--check') });
  } catch (error) {
    if (!(error instanceof CannotProvision)) throw error;
    console.log(`skipped: ${error.message}`);
    process.exit(skippedExitCode);
  }
}
