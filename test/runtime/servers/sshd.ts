// An OpenSSH server of its own. It lets in only the account it runs under, by key.
import { chownSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  account,
  accountName,
  findProgram,
  freePort,
  type Running,
  runAs,
  serverFolder,
  startServer,
} from './server.ts';

export const sshd = findProgram('sshd');

export interface SshServer extends Running {
  readonly user: string;
  readonly key: string;
  /** An empty folder of that account. */
  readonly root: string;
}

export async function startSshd(keygen: string): Promise<SshServer> {
  const folder = serverFolder();
  const own = (path: string) => {
    if (account !== undefined) chownSync(path, account.uid, account.gid);
    return path;
  };
  const [host, key] = [join(folder, 'host'), join(folder, 'key')];
  for (const path of [host, key]) runAs(keygen, ['-q', '-t', 'ed25519', '-N', '', '-f', path], folder);
  const authorized = join(folder, 'authorized');
  copyFileSync(`${key}.pub`, authorized);
  own(authorized);
  const root = join(folder, 'root');
  mkdirSync(root);
  own(root);
  const port = await freePort();
  const configuration = join(folder, 'sshd_config');
  writeFileSync(
    configuration,
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${host}
PidFile ${folder}/pid
AuthorizedKeysFile ${authorized}
StrictModes no
# Without it an account that has no password counts as locked.
UsePAM yes
PasswordAuthentication no
Subsystem sftp internal-sftp
`,
  );
  own(configuration);
  const server = await startServer(sshd as string, ['-D', '-e', '-f', configuration], folder, port);
  return { ...server, user: accountName, key, root };
}
