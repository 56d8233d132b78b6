// Names of Windows accounts in the forms people write them. Knows no directory: two forms of one domain account that only a directory
// could bring together (`DOMAIN\user` and `user@domain`) count as one when user and first label of the domain agree.
import { ProductError } from '../base/error.ts';

/** More than any directory allows for a user and its domain together. */
const longestAccount = 400;

/** `authority` is the domain, the machine, or undefined for a bare name; `local` means an account of the machine itself. */
export interface Account {
  readonly user: string;
  readonly authority: string | undefined;
  readonly local: boolean;
}

/**
 * Reads the forms of rule CON-3: `DOMAIN\user`, `user@domain`, `user`, `MACHINE\user`, `local\user`, `.\user`. Undefined for anything else.
 * Which of them a machine wants depends on what it is joined to (rule CON-4): sign-ins get the name as it was typed.
 */
export function parseAccount(text: string, machine?: string): Account | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > longestAccount) return undefined;
  if (/\s[\\@]|[\\@]\s/.test(trimmed) || /[\p{Cc}"/[\]:;|=,+*?<>]/u.test(trimmed)) {
    return undefined;
  }
  const back = trimmed.indexOf('\\');
  if (back >= 0) {
    const authority = trimmed.slice(0, back);
    const user = trimmed.slice(back + 1);
    if (authority === '' || user === '' || user.includes('\\') || user.includes('@')) return undefined;
    const lower = authority.toLowerCase();
    const local = lower === '.' || lower === 'local' || lower === machine?.toLowerCase();
    return { user, authority: local ? undefined : authority, local };
  }
  const at = trimmed.lastIndexOf('@');
  if (at >= 0) {
    const user = trimmed.slice(0, at);
    const authority = trimmed.slice(at + 1);
    return user === '' || authority === '' || user.includes('@')
      ? undefined
      : { user, authority, local: false };
  }
  return { user: trimmed, authority: undefined, local: false };
}

/**
 * One key per account on one machine, whatever form it was written in: upper and lower case, the three ways to say "of this machine",
 * and both forms of a domain account give the same key. A bare name is taken for an account of the machine, so each member of a group has its
 * own (rule CON-15).
 */
export function accountKey(text: string, machine?: string): string {
  const account = parseAccount(text, machine);
  if (account === undefined) return text.trim().toLowerCase();
  const user = account.user.toLowerCase();
  if (account.authority === undefined) return user;
  return `${(account.authority.split('.')[0] as string).toLowerCase()}\\${user}`;
}

/** Whether two names mean the same account on a machine. */
export const sameAccount = (a: string, b: string, machine?: string): boolean =>
  accountKey(a, machine) === accountKey(b, machine);

/** Throws `AccountInvalid` for what is in none of the forms of rule CON-3. */
export function checkAccount(text: string): void {
  if (parseAccount(text) !== undefined) return;
  throw new ProductError(
    'AccountInvalid',
    `“${text.slice(0, 100)}” is no name of a Windows account.`,
    'Write DOMAIN\\user (machines that are joined to a domain), user@domain (joined to Entra ID), or .\\user (an account of the machine).',
  );
}
