// A server of its own for FTP, FTPS (explicit and implicit) and SFTP: ProFTPD with its crypto modules.
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openssl, selfSigned } from './certificate.ts';
import {
  account,
  accountName,
  findProgram,
  freePort,
  groupName,
  type Running,
  runAs,
  serverFolder,
  startServer,
} from './server.ts';

export const keygen = findProgram('ssh-keygen');
const modules = ['/usr/lib/proftpd', '/usr/lib64/proftpd', '/usr/libexec/proftpd'].find((folder) =>
  existsSync(join(folder, 'mod_sftp.so')),
);
export const proftpd = modules === undefined ? undefined : findProgram('proftpd');

export interface FtpServer extends Running {
  /** Where users begin. */
  readonly root: string;
  /** TLS from the start. */
  readonly implicitPort: number;
  readonly sftpPort: number;
  /** Private keys of the user, the second with a pass phrase. */
  readonly key: string;
  readonly lockedKey: string;
}

/** User `robin`. `closed/inner` may be entered, but not `closed`. */
export async function startFtp(password: string, passPhrase: string): Promise<FtpServer> {
  const folder = serverFolder();
  const own = (path: string) => {
    if (account !== undefined) chownSync(path, account.uid, account.gid);
    return path;
  };
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return own(join(folder, name));
  };
  const root = join(folder, 'root');
  for (const path of [root, join(root, 'closed'), join(root, 'closed', 'inner')]) {
    mkdirSync(path);
    own(path);
  }
  const hashed = execFileSync(openssl as string, ['passwd', '-6', '-stdin'], {
    input: password,
    encoding: 'utf8',
  }).trim();
  const { uid, gid } = account ?? { uid: process.getuid?.() as number, gid: process.getgid?.() as number };
  const users = file('users', `robin:${hashed}:${uid}:${gid}::${root}:/bin/sh\n`);
  const generate = (name: string, phrase: string) => {
    runAs(
      keygen as string,
      ['-q', '-t', 'ed25519', '-N', phrase, '-C', '', '-f', join(folder, name)],
      folder,
    );
    return join(folder, name);
  };
  const [host, key, lockedKey] = [generate('host', ''), generate('key', ''), generate('locked', passPhrase)];
  // ProFTPD reads public keys in the form of RFC 4716.
  const keys = [key, lockedKey].map((path) =>
    runAs(keygen as string, ['-e', '-m', 'RFC4716', '-f', `${path}.pub`], folder),
  );
  const certificate = selfSigned();
  const tls = `
  TLSEngine on
  TLSRSACertificateFile ${file('cert.pem', certificate.cert)}
  TLSRSACertificateKeyFile ${file('key.pem', certificate.key)}
  TLSRequired off`;
  const [port, implicitPort, sftpPort] = [await freePort(), await freePort(), await freePort()];
  const common = `
  TransferLog none
  WtmpLog off
  AuthUserFile ${users}
  AuthOrder mod_auth_file.c
  RequireValidShell off
  AllowOverwrite on
  ShowSymlinks on
  <Directory ${root}/closed>
    <Limit CWD>
      DenyAll
    </Limit>
  </Directory>
  <Directory ${root}/closed/inner>
    <Limit CWD>
      AllowAll
    </Limit>
  </Directory>`;
  // Newer versions have the transfers themselves as modules.
  const loaded = ['mod_ls', 'mod_xfer', 'mod_tls', 'mod_sftp']
    .filter((name) => existsSync(join(modules as string, `${name}.so`)))
    .map((name) => `LoadModule ${name}.c`)
    .join('\n');
  const configuration = file(
    'proftpd.conf',
    `
ServerType standalone
DefaultServer on
DefaultAddress 127.0.0.1
UseIPv6 off
UseReverseDNS off
ModulePath ${modules}
${loaded}
Port ${port}
User ${accountName}
Group ${groupName}
PidFile ${folder}/pid
ScoreboardFile ${folder}/score
<IfModule mod_delay.c>
  DelayEngine off
</IfModule>
SystemLog ${folder}/log
TimesGMT on
${common}
${tls}
<VirtualHost 127.0.0.1>
  Port ${implicitPort}
  ${common}
  ${tls}
  TLSOptions UseImplicitSSL
</VirtualHost>
<VirtualHost 127.0.0.1>
  Port ${sftpPort}
  ${common}
  SFTPEngine on
  SFTPHostKey ${host}
  SFTPAuthMethods publickey password
  SFTPAuthorizedUserKeys file:${file('authorized', keys.join(''))}
</VirtualHost>
`,
  );
  const server = await startServer(proftpd as string, ['-n', '-q', '-c', configuration], folder, port);
  return { ...server, root, implicitPort, sftpPort, key, lockedKey };
}

/** Names in a folder of the server, in order. */
export const namesIn = (path: string): string[] => readdirSync(path).sort();
