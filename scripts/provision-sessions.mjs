// Gets what the slow tests of sessions need, on Debian and Ubuntu as root: xrdp and its X server, FreeRDP, a window manager, a locker
// and an X server without a screen. Does nothing when it is there. Nothing is started or set up on the machine: the tests run the
// programs with folders, ports and accounts of their own.
// Needs none of the project's packages, so it never installs them. `--check` installs nothing at all. Exit codes: 0 everything is there,
// 3 something is missing (a line for each says what, and how to get it).
import { accessSync, chmodSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CannotProvision, installDebian, skippedExitCode } from './provision-vscode.mjs';

/** Programs of each part, and the packages that bring them. */
const parts = [
  { name: 'xrdp', programs: ['xrdp', 'xrdp-sesman', 'xrdp-dis'], packages: ['xrdp'] },
  {
    name: 'xorgxrdp',
    files: ['/usr/lib/xorg/modules/libxorgxrdp.so', '/usr/lib/xorg/Xorg'],
    packages: ['xorgxrdp'],
  },
  { name: 'Xsession', files: ['/etc/X11/Xsession'], packages: ['x11-common'] },
  { name: 'xauth', programs: ['xauth'], packages: ['xauth'] },
  { name: 'FreeRDP', programs: ['xfreerdp'], packages: ['freerdp2-x11'] },
  { name: 'Openbox', programs: ['openbox'], packages: ['openbox'] },
  { name: 'Xvfb', programs: ['Xvfb'], packages: ['xvfb'] },
  { name: 'i3lock', programs: ['i3lock'], packages: ['i3lock'] },
  { name: 'xmessage', programs: ['xmessage'], packages: ['x11-utils'] },
  { name: 'openssl', programs: ['openssl'], packages: ['openssl'] },
  { name: 'accounts', programs: ['useradd', 'userdel', 'chpasswd'], packages: ['passwd'] },
];
/** What no package brings. */
const otherwise = { Linux: 'a Linux machine', root: 'sudo npm test' };
const policy = '/usr/sbin/policy-rc.d';

function isThere({ programs = [], files = [] }) {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return (
    programs.every((program) => places.some((folder) => isProgram(join(folder, program)))) &&
    files.every((file) => existsSync(file))
  );
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Installs what is missing unless `install` is false. Gives the names of what is missing then. */
export function provision({ install = true, say = console.log } = {}) {
  if (process.platform !== 'linux') return ['Linux'];
  const missing = parts.filter((part) => !isThere(part));
  if (missing.length > 0 && install) {
    const packages = missing.flatMap((part) => part.packages);
    say(`Sessions: installing ${packages.join(', ')} with apt-get …`);
    withoutStarting(() => installDebian(packages, missing.map(({ name }) => name).join(', ')));
  }
  const left = parts.filter((part) => !isThere(part)).map(({ name }) => name);
  // Other users' sessions, and accounts to have them.
  return process.getuid() === 0 ? left : [...left, 'root'];
}

/** Debian starts a service as soon as it is installed, unless this file says no. */
function withoutStarting(work) {
  const isOurs = process.getuid() === 0 && !existsSync(policy);
  if (isOurs) {
    writeFileSync(policy, '#!/bin/sh\nexit 101\n');
    chmodSync(policy, 0o755);
  }
  try {
    work();
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  let missing = [];
  try {
    missing = provision({ install: !process.argv.includes('--check') });
  } catch (error) {
    if (!(error instanceof CannotProvision)) throw error;
    console.log(error.message);
    missing = provision({ install: false });
  }
  for (const name of missing)
    console.log(
      `missing: ${name}, get it with: ${otherwise[name] ?? 'sudo node scripts/provision-sessions.mjs'}`,
    );
  if (missing.length === 0)
    console.log(`Sessions for tests: ${parts.map(({ name }) => name).join(', ')} are present`);
  process.exitCode = missing.length === 0 ? 0 : skippedExitCode;
}
