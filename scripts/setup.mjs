// Makes a fresh clone usable: installs the locked dependencies when they are missing or the lock file changed.
// Runs on any Node ≥ 20 with nothing installed, so it may import Node's own modules only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.desktop-flows-setup');

/** The toolchain's own Node (24.x): every build, test and agent runs on it, whatever Node started the command. */
export const toolchainNode = join(
  root,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);

/** Installs what is missing; does nothing (and reads two small files) when nothing changed. Exits with a message when it cannot. */
export function setUp() {
  const [major] = process.versions.node.split('.');
  if (Number(major) < 20) fail(`Node ${process.versions.node} is too old. Install Node 20 or newer.`);
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(toolchainNode)) return;

  console.error('Setting up (once): installing the locked dependencies …');
  npm('ci', '--no-audit', '--no-fund', '--loglevel=error');
  // Some npm versions do not run install scripts on their own; the toolchain's Node arrives by one.
  if (!existsSync(toolchainNode))
    npm('rebuild', 'node', 'esbuild', '--foreground-scripts', '--loglevel=error');
  if (!existsSync(toolchainNode)) {
    fail(
      'The package `node` did not bring its program. Allow its install script (npm approve node) and try again.',
    );
  }
  writeFileSync(stamp, wanted);
}

function npm(...args) {
  const bundled = process.env.npm_execpath?.endsWith('.js') ? process.env.npm_execpath : undefined;
  const run = bundled
    ? spawnSync(process.execPath, [bundled, ...args], { cwd: root, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (run.status !== 0)
    fail(`npm ${args[0]} failed. Check the network and the messages above, then try again.`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Runs a script or tool with the toolchain's Node, its folder first in PATH; returns the exit code. */
export function runTool(args, options = {}) {
  const path = `${dirname(toolchainNode)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}`;
  const { env, ...rest } = options;
  const run = spawnSync(toolchainNode, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path, ...env },
    ...rest,
  });
  return run.status ?? 1;
}
