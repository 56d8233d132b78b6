// Gets the servers that the slow tests of mail, FTP and databases start for themselves, on Debian and Ubuntu; does nothing when they are
// there. Nothing is started or set up on the machine: the tests run the programs with folders and ports of their own.
// `--check` installs nothing. Exit codes: 0 everything is there, 3 something is missing (a line for each says what, and how to get it).
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { administrate, CannotProvision, installDebian, skippedExitCode } from './provision-vscode.mjs';
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
/** Those of the queue bench, which no test needs. */
export const benchServers = [
  { name: 'PostgreSQL', programs: ['initdb', 'postgres'], packages: ['postgresql'] },
  { name: 'Redis', programs: ['redis-server'], packages: ['redis-server'] },
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

/** Installs what is missing of `wanted` unless `install` is false. Gives a line `needs X, get it with Y` for each server that is missing then. */
export function provision({ install = true, say = console.log, wanted = servers } = {}) {
  const missing = wanted.filter((server) => !isThere(server));
  if (missing.length > 0 && install) {
    const packages = missing.flatMap((server) => server.packages);
    say(`Servers: installing ${packages.join(', ')} with apt-get …`);
    withoutStarting(() => {
      // One package that cannot be had must not cost the others.
      if (!isInstalled(missing)) for (const server of missing) isInstalled([server]);
    });
  }
  return wanted
    .filter((server) => !isThere(server))
    .map(({ name, packages }) => {
      const way = install
        ? `sudo apt-get install ${packages.join(' ')}`
        : 'node scripts/provision-servers.mjs';
      return `needs ${name}, get it with: ${way}`;
    });
}

function isInstalled(wanted) {
  try {
    installDebian(
      wanted.flatMap(({ packages }) => packages),
      wanted.map(({ name }) => name).join(', '),
    );
    return true;
  } catch (error) {
    if (error instanceof CannotProvision) return false;
    throw error;
  }
}

/** Debian starts a service as soon as it is installed, unless this file says no. */
function withoutStarting(work) {
  const isOurs = !existsSync(policy) && existsSync('/usr/bin/apt-get');
  if (isOurs)
    administrate(['sh', '-c', `printf '#!/bin/sh\\nexit 101\\n' > ${policy} && chmod 755 ${policy}`]);
  try {
    work();
  } finally {
    if (isOurs) administrate(['rm', '-f', policy]);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  setUp();
  const missing = provision({ install: !process.argv.includes('--check') });
  for (const line of missing) console.log(`skipped: ${line}`);
  if (missing.length === 0)
    console.log(`Servers for tests: ${servers.map(({ name }) => name).join(', ')} are present`);
  process.exitCode = missing.length === 0 ? 0 : skippedExitCode;
}
