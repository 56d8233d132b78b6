// Accounts of the system as its name service knows them, local ones and those of a directory.
import { hostname } from 'node:os';
import { parseAccount } from '../../../orchestration/accounts.ts';
import { runCommand } from './commands.ts';

export interface SystemAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The account that a name in one of the forms of rule CON-3 means here; undefined when there is none. */
export async function findAccount(text: string): Promise<SystemAccount | undefined> {
  const account = parseAccount(text, hostname());
  // A number would be found as that of an account.
  if (account === undefined || /^\d+$/.test(account.user)) return undefined;
  const { user, authority } = account;
  for (const name of authority === undefined ? [user] : [`${user}@${authority}`, `${authority}\\${user}`]) {
    const found = await lookUp(name);
    if (found) return found;
  }
  return undefined;
}

export const accountOf = (uid: number): Promise<SystemAccount | undefined> => lookUp(String(uid));

async function lookUp(key: string): Promise<SystemAccount | undefined> {
  const { output } = await runCommand('getent', ['passwd', '--', key]);
  const [name, , uid, gid, , home] = output.split('\n', 1)[0]?.split(':') ?? [];
  if (!name || !uid || !gid || home === undefined) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home };
}

/** Whether the password of a local account is locked, which a failed sign-in does not tell. */
export async function isPasswordLocked(name: string): Promise<boolean> {
  const { output } = await runCommand('passwd', ['--status', name]);
  return output.split(' ')[1] === 'L';
}

/** Arguments of `setpriv` that make what follows run with the user and all groups of an account. */
export const asAccount = ({ uid, gid }: SystemAccount): readonly string[] => [
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--init-groups',
  '--',
];
