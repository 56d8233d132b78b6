// A PostgreSQL of its own, with password and TLS.
import { chmodSync, chownSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSigned } from './certificate.ts';
import { account, findProgram, freePort, type Running, runAs, serverFolder, startServer } from './server.ts';

const home = '/usr/lib/postgresql';
const folders = existsSync(home)
  ? readdirSync(home)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(home, version, 'bin'))
  : [];

export const initdb = findProgram('initdb', folders);
export const postgres = findProgram('postgres', folders);

/** User `robin`, database `postgres`. */
export async function startPostgres(password: string): Promise<Running> {
  const folder = serverFolder();
  const data = join(folder, 'data');
  const secret = join(folder, 'secret');
  writeFileSync(secret, password);
  const { key, cert } = selfSigned();
  for (const [name, text] of [
    ['server.key', key],
    ['server.crt', cert],
  ] as const) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o600);
  }
  if (account !== undefined)
    for (const name of ['secret', 'server.key', 'server.crt'])
      chownSync(join(folder, name), account.uid, account.gid);
  // biome-ignore format: one option per word
  runAs(initdb as string, ['-D', data, '-U', 'robin', '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', '--locale=C', '--no-sync'], folder);
  const port = await freePort();
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    ssl: 'on',
    ssl_key_file: join(folder, 'server.key'),
    ssl_cert_file: join(folder, 'server.crt'),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return await startServer(postgres as string, ['-D', data, ...options], folder, port, 'SIGINT');
}
