// What the system itself puts around a key file: DPAPI on Windows, nothing elsewhere. A copy of the file opens on no other computer then,
// and for no other user where it was made by one. Knows nothing of what is in the file.
import { WindowsError } from '../../win32/errors.ts';
import { protect, unprotect } from '../../win32/security.ts';
import { ownAccount } from '../access.ts';

export interface Protection {
  /** `machine`: any account of this computer that can read the file; a service may change its account. `user`: this user only. */
  readonly scope: 'machine' | 'user';
  protect(bytes: Uint8Array): Buffer;
  /** Throws `Error` that says why it cannot. */
  unprotect(bytes: Uint8Array): Buffer;
}

/** What the key seals. It goes into what is protected: one file does not open as another, nor by chance for another program. */
export type Purpose = 'keys of credentials' | 'key of inputs';
/** LocalSystem, LocalService, NetworkService. */
const serviceAccounts: ReadonlySet<string> = new Set(['S-1-5-18', 'S-1-5-19', 'S-1-5-20']);

export const scopeOf = (account: string): Protection['scope'] =>
  serviceAccounts.has(account) ? 'machine' : 'user';

/** Undefined on systems that have none. */
export function systemProtection(purpose: Purpose = 'keys of credentials'): Protection | undefined {
  if (process.platform !== 'win32') return undefined;
  const scope = scopeOf(ownAccount());
  const name = `Desktop Flows: ${purpose}`;
  return {
    scope,
    protect: (bytes) => protect(bytes, scope, name),
    unprotect(bytes) {
      try {
        return unprotect(bytes, name);
      } catch (error) {
        if (!(error instanceof WindowsError)) throw error;
        throw new Error(
          `Windows does not open it: it was made on another computer or by another user, error ${error.number}`,
        );
      }
    },
  };
}

/** First word of a file that the system protects; then its scope, for people, and the protected bytes. */
const wrapping = 'protected';

/** The text of a protected file. */
export const wrapped = (bytes: Uint8Array, protection: Protection): string =>
  `${wrapping} ${protection.scope} ${protection.protect(bytes).toString('base64')}\n`;

/** Undefined: the file is none that `wrapped` made. Throws `Error` that says why it does not open here. */
export function unwrapped(file: Buffer, protection: Protection | undefined): Buffer | undefined {
  const text = file.toString('latin1');
  if (!text.startsWith(`${wrapping} `)) return undefined;
  if (protection === undefined) throw new Error('it was made on Windows, which alone can open it');
  return protection.unprotect(Buffer.from(text.trim().split(' ')[2] ?? '', 'base64'));
}
