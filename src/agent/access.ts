// Who may read what the agent keeps, on Windows: access lists in place of the modes of POSIX. Decides nothing about what is a secret.
import { relative } from 'node:path';
import { ProductError } from '../base/error.ts';
import { WindowsError } from '../win32/errors.ts';
import { securityOf, setSecurity, tokenUser, withOwnToken } from '../win32/security.ts';

/** The system and the administrators, who can take any right they want. */
const trusted = { system: ['SY', 'S-1-5-18'], administrators: ['BA', 'S-1-5-32-544'] } as const;
/** Places that stand for the owner of what inherits them. */
const ownerPlaces = ['CO', 'S-1-3-0', 'OW', 'S-1-3-4'];

/** Everything for one account, the system and administrators, nothing for others; what is made in a folder inherits it. Pure. */
export const privateAccess = (account: string, kind: 'file' | 'folder'): string => {
  const inheritance = kind === 'folder' ? 'OICI' : '';
  const accounts = account === 'S-1-5-18' ? ['SY', 'BA'] : ['SY', 'BA', account];
  return `D:P${accounts.map((one) => `(A;${inheritance};FA;;;${one})`).join('')}`;
};

/** Accounts that an access list (SDDL) gives anything to, besides `account`, the system and administrators. Pure. */
export function othersIn(sddl: string, account: string): readonly string[] {
  const [, flags, list] = /D:([A-Z_]*)((?:\([^)]*\))*)/.exec(sddl) ?? [];
  // Without a list everybody may do everything.
  if (list === undefined || flags?.includes('NO_ACCESS_CONTROL')) return ['WD'];
  const own = new Set<string>([...trusted.system, ...trusted.administrators, ...ownerPlaces, account]);
  if (account.endsWith('-500')) own.add('LA');
  const others = [...list.matchAll(/\(([^)]*)\)/g)].flatMap(([, entry]) => {
    const [type, , rights, , , whose = ''] = (entry as string).split(';');
    return (type === 'A' || type === 'XA') && rights !== '' && !own.has(whose) ? [whose] : [];
  });
  return [...new Set(others)];
}

/** Whose something is (SDDL). Pure. */
export const ownerIn = (sddl: string): string | undefined => /O:(S-[\d-]+|[A-Z]{2})/.exec(sddl)?.[1];

/** SID of the account of this process. */
export const ownAccount = (): string => withOwnToken(tokenUser);

/** What lies in the profile of the user is private by what it inherits. */
export function isInProfile(path: string, env: NodeJS.ProcessEnv = process.env): boolean {
  if (!env.USERPROFILE) return false;
  const way = relative(env.USERPROFILE, path);
  return way !== '' && !way.startsWith('..') && !/^[a-z]:/i.test(way);
}

/** Takes a file or folder away from everybody but this account, the system and administrators. Throws `DataFolderUnusable`. */
export function keepPrivate(path: string, kind: 'file' | 'folder'): void {
  try {
    setSecurity(path, 'file', privateAccess(ownAccount(), kind));
  } catch (cause) {
    if (!(cause instanceof WindowsError)) throw cause;
    throw new ProductError(
      'DataFolderUnusable',
      `${path} cannot be kept from other accounts (${cause.message}).`,
      'Use a folder of your own on a disk that keeps rights of access (NTFS): set DESKTOP_FLOWS_HOME.',
      { cause },
    );
  }
}

/** Who else can read a file, or whose it is; undefined when it is private. Throws WindowsError. */
export function exposure(path: string): string | undefined {
  const account = ownAccount();
  const sddl = securityOf(path, 'file');
  const others = othersIn(sddl, account);
  if (others.length > 0) return `other accounts have access, ${others.join(', ')}`;
  const owner = ownerIn(sddl);
  const owners: readonly (string | undefined)[] = [
    account,
    ...trusted.system,
    ...trusted.administrators,
    undefined,
  ];
  const isOwn = owners.includes(owner) || (owner === 'LA' && account.endsWith('-500'));
  return isOwn ? undefined : `it belongs to another account, ${owner}`;
}
