// Gets the servers that the slow tests of mail, FTP and databases start for themselves, on Debian and Ubuntu; does nothing when they are
// there. Nothing is started or set up on the machine: the tests run the programs with folders and ports of their own.
// `--check` installs nothing. Exit codes: 0 everything is there, 3 something is missing (a line for each says what, and how to get it).
import { accessSync, chmodSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CannotProvision, installDebian, skippedExitCode } from './provision-vscode.mjs';
import { setUp } from './setup.mjs';

/** Programs of each server, and the packages that bring them. */
const servers = [
  { name: 'openssl', programs: ['openssl'], packages: ['openssl'] },
  { name: 'PostgreSQL', programs: ['initdb', 'postgres'], packages: ['postgresql'] },
  { name: 'MariaDB', programs: ['mariadbd', 'mariadb-install-db'], packages: ['mariadb-server'] },
  { name: 'Dovecot', programs: ['dovecot'], packages: ['dovecot-imapd'] },
  {
    name: 'ProFTPD',
    programs: ['proftpd'],
    files: ['proftpd/mod_sftp.so'],
    packages: ['proftpd-core', 'proftpd-mod-crypto'],
  },
  { name: 'OpenSSH', programs: ['sshd', 'ssh-keygen'], packages: ['openssh-server', 'openssh-client'] },
];
const libraries = ['/usr/lib', '/usr/lib64', '/usr/libexec'];
const policy = '/usr/sbin/policy-rc.d';

function folders() {
  const postgres = '/usr/lib/postgresql';
  const versions = existsSync(postgres)
    ? readdirSync(postgres).map((version) => join(postgres, version, 'bin'))
    : [];
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', ...versions];
}

function isThere({ programs, files = [] }) {
  const places = folders();
  return (
    programs.every((program) => places.some((folder) => isProgram(join(folder, program)))) &&
    files.every((file) => libraries.some((folder) => existsSync(join(folder, file))))
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

/** Installs what is missing unless `install` is false. Gives the names of the servers that are missing then. */
export function provision({ install = true, say = console.log } = {}) {
  const missing = servers.filter((server) => !isThere(server));
  if (missing.length > 0 && install) {
    const packages = missing.flatMap((server) => server.packages);
    say(`Servers for tests: installing ${packages.join(', ')} with apt-get …`);
    withoutStarting(() => installDebian(packages, missing.map(({ name }) => name).join(', ')));
  }
  return servers.filter((server) => !isThere(server)).map(({ name }) => name);
}

/** Debian starts a service as soon as it is installed, unless this file says no. */
function withoutStarting(work) {
  const isOurs = process.getuid?.() === 0 && !existsSync(policy);
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
  setUp();
  let missing = [];
  try {
    missing = provision({ install: !process.argv.includes('--check') });
  } catch (error) {
    if (!(error instanceof CannotProvision)) throw error;
    console.log(error.message);
    missing = provision({ install: false });
  }
  for (const name of missing)
    console.log(`missing: ${name}, get it with: node scripts/provision-servers.mjs`);
  if (missing.length === 0)
    console.log(`Servers for tests: ${servers.map(({ name }) => name).join(', ')} are present`);
  process.exitCode = missing.length === 0 ? 0 : skippedExitCode;
}
