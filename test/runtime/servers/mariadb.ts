// A MariaDB (or MySQL) of its own.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  accountName,
  findProgram,
  freePort,
  type Running,
  runAs,
  serverFolder,
  startServer,
} from './server.ts';

export const mariadbd = findProgram('mariadbd');
export const mariadbInstall = findProgram('mariadb-install-db');

/** User `robin` with `password`, database `test`. Without TLS, which newer versions have unless told not to. */
export async function startMariaDb(password: string): Promise<Running> {
  const folder = serverFolder();
  const data = join(folder, 'data');
  const setup = join(folder, 'setup.sql');
  writeFileSync(
    setup,
    `CREATE DATABASE IF NOT EXISTS test CHARACTER SET utf8mb4;
CREATE USER robin@'%' IDENTIFIED BY '${password}';
GRANT ALL ON *.* TO robin@'%';
`,
  );
  // biome-ignore format: one option per word
  runAs(mariadbInstall as string, ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', `--user=${accountName}`], folder);
  const port = await freePort();
  // biome-ignore format: one option per word
  return await startServer(mariadbd as string, ['--no-defaults', `--datadir=${data}`, `--port=${port}`, '--bind-address=127.0.0.1', '--skip-ssl', `--socket=${join(folder, 'socket')}`, `--pid-file=${join(folder, 'pid')}`, `--init-file=${setup}`, `--user=${accountName}`], folder, port);
}
