// An IMAP server of its own (Dovecot 2.3 or 2.4) with one account.
import { execFileSync } from 'node:child_process';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSigned } from './certificate.ts';
import {
  account,
  accountName,
  findProgram,
  freePort,
  groupName,
  type Running,
  serverFolder,
  startServer,
} from './server.ts';

const found = findProgram('dovecot');
const version = found === undefined ? '' : execFileSync(found, ['--version'], { encoding: 'utf8' });
/** 2.4 is configured in another way than 2.3. */
const isNewer = version.startsWith('2.4.');
/** Only versions whose configuration is known. */
export const dovecot = isNewer || version.startsWith('2.3.') ? found : undefined;

export interface ImapServer extends Running {
  /** TLS from the start; `port` greets in plain text and offers STARTTLS. */
  readonly securePort: number;
}

/** User `robin` with folders INBOX, Archive and Inbox-like names below each other by `/`. */
export async function startDovecot(password: string): Promise<ImapServer> {
  const folder = serverFolder();
  const own = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    if (account !== undefined) chownSync(join(folder, name), account.uid, account.gid);
    return join(folder, name);
  };
  const { key, cert } = selfSigned();
  const users = own('users', `robin:{PLAIN}${password}\n`);
  const [port, securePort] = [await freePort(), await freePort()];
  const places = {
    folder,
    users,
    cert: own('cert.pem', cert),
    key: own('key.pem', key),
  };
  const configuration = own(
    'dovecot.conf',
    `${isNewer ? settings24(version, places) : settings23(places)}
base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = yes
auth_failure_delay = 0
default_internal_user = ${accountName}
default_internal_group = ${groupName}
default_login_user = ${accountName}
first_valid_uid = 1
first_valid_gid = 1
namespace inbox {
  inbox = yes
  separator = /
  mailbox Archive {
    auto = create
  }
  mailbox "Rechnungen/Über 2026" {
    auto = create
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${securePort}
    ssl = yes
  }
}
service anvil {
  chroot =
  # Otherwise whoever once gave a wrong password waits longer and longer.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`,
  );
  const server = await startServer(dovecot as string, ['-F', '-c', configuration], folder, port);
  return { ...server, securePort };
}

interface Places {
  readonly folder: string;
  readonly users: string;
  readonly cert: string;
  readonly key: string;
}

function settings23({ folder, users, cert, key }: Places): string {
  return `
ssl_cert = <${cert}
ssl_key = <${key}
disable_plaintext_auth = no
mail_location = maildir:${folder}/mail:LAYOUT=fs
passdb {
  driver = passwd-file
  args = ${users}
}
userdb {
  driver = static
  args = uid=${accountName} gid=${groupName} home=${folder}
}`;
}

/** The versions have to stand first. */
function settings24(version: string, { folder, users, cert, key }: Places): string {
  const [number] = /^[\d.]+/.exec(version) as RegExpExecArray;
  return `dovecot_config_version = ${number}
dovecot_storage_version = ${number}
ssl_server_cert_file = ${cert}
ssl_server_key_file = ${key}
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = ${folder}/mail
mailbox_list_layout = fs
passdb passwd-file {
  passwd_file_path = ${users}
}
userdb static {
  fields {
    uid = ${accountName}
    gid = ${groupName}
    home = ${folder}
  }
}`;
}
