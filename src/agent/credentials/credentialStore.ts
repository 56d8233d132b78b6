// The passwords of connections on this machine: sealed here, or found by a reference each time. Says who may sign in and how, never
// whether; a password leaves it only by `resolve`, into the hands of the session host.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { asProductError, ProductError } from '../../base/error.ts';
import { Redactor } from '../../base/redact.ts';
import type { ConnectionRecord } from '../../protocol/fleet.ts';
import { writePrivateFile } from '../dataFolder.ts';
import type { Credential } from '../sessions/host.ts';
import { type Key, keyIdOf, newKey, open, readKeys, seal, writeKeys } from './keys.ts';
import type { References } from './references.ts';

/** Windows takes passwords up to 256 characters. */
const longestPassword = 256;
const sealedEnding = '.sealed';

export type CredentialOwner = Pick<ConnectionRecord, 'id' | 'name' | 'account' | 'credential'>;

export type TestResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: { code: string; message: string; nextStep: string } };

export interface CredentialStore {
  /** Seals the password of a connection in place of an earlier one; on disk when it returns. Throws `CredentialInvalid`, `CredentialKeyDamaged`, `CredentialKeyExposed`. */
  put(connectionId: string, password: string): void;
  /**
   * The account and password of a connection. Throws `CredentialMissing`, `CredentialUnreadable`, `CredentialInvalid`,
   * `CredentialKeyMissing`, `CredentialKeyDamaged`, `CredentialKeyExposed`, and as `References.resolve`.
   */
  resolve(connection: CredentialOwner, signal?: AbortSignal): Promise<Credential>;
  /** One that is not there is no error. */
  remove(connectionId: string): void;
  /**
   * Seals all with a new key, and forgets the old ones that nothing needs any more. Interrupted at any point, it loses nothing; what
   * cannot be opened stays as it is. Throws `CredentialKeyMissing`, `CredentialKeyDamaged`, `CredentialKeyExposed`.
   */
  changeKey(): { readonly sealed: number; readonly unreadable: number };
}

/** Whether `signIn` takes a credential; it runs nothing. Never throws, and repeats no password. */
export async function tryCredential(
  resolve: (signal: AbortSignal) => Promise<Credential>,
  signIn: (credential: Credential, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<TestResult> {
  const redactor = new Redactor();
  try {
    const credential = await resolve(signal);
    redactor.add(credential.password);
    await signIn(credential, signal);
    return { ok: true };
  } catch (thrown) {
    const { code, message, nextStep } = asProductError(thrown);
    return {
      ok: false,
      error: { code, message: redactor.text(message), nextStep: redactor.text(nextStep) },
    };
  }
}

/** The store in a data folder; nothing is made before the first password is put. */
export function openCredentialStore(dataFolder: string, references: References): CredentialStore {
  return new FileCredentialStore(dataFolder, references);
}

class FileCredentialStore implements CredentialStore {
  readonly #folder: string;
  readonly #keyFile: string;
  readonly #references: References;

  constructor(dataFolder: string, references: References) {
    this.#folder = join(dataFolder, 'credentials');
    this.#keyFile = join(dataFolder, 'credentials.key');
    this.#references = references;
  }

  put(connectionId: string, password: string): void {
    checkPassword(password, 'The password');
    let [key] = readKeys(this.#keyFile);
    if (key === undefined) {
      // After a loss, too: what the lost key sealed says so by itself when it is needed.
      key = newKey();
      writeKeys(this.#keyFile, [key]);
    }
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#write(connectionId, key, password);
  }

  async resolve(connection: CredentialOwner, signal?: AbortSignal): Promise<Credential> {
    const { account, name, credential } = connection;
    switch (credential.kind) {
      case 'sealed':
        return { account, password: this.#open(connection) };
      case 'reference': {
        const password = await this.#references.resolve(credential.reference, signal);
        checkPassword(password, `What the reference of the connection ${name} leads to`);
        return { account, password };
      }
      case 'none':
        throw missing(name, 'has no password: only attended runs can use it');
    }
  }

  remove(connectionId: string): void {
    rmSync(this.#path(connectionId), { force: true });
  }

  changeKey(): { sealed: number; unreadable: number } {
    const keys = readKeys(this.#keyFile);
    const files = this.#files();
    if (keys.length === 0 && files.length > 0) throw keyMissing(this.#keyFile);
    const fresh = newKey();
    // Both, until everything is sealed with the new one.
    writeKeys(this.#keyFile, [fresh, ...keys]);
    let sealed = 0;
    const needed = new Set<string | undefined>();
    for (const path of files) {
      const { owner, bytes } = readSealed(path) ?? {};
      const keyId = bytes && keyIdOf(bytes);
      const key = keys.find(({ id }) => id === keyId);
      const password =
        owner === undefined || bytes === undefined || key === undefined ? undefined : open(key, owner, bytes);
      if (owner === undefined || password === undefined) needed.add(keyId);
      else {
        this.#write(owner, fresh, password);
        sealed++;
      }
    }
    writeKeys(this.#keyFile, [fresh, ...keys.filter(({ id }) => needed.has(id))]);
    return { sealed, unreadable: files.length - sealed };
  }

  #open({ id, name }: CredentialOwner): string {
    const path = this.#path(id);
    if (!existsSync(path)) throw missing(name, 'has no password on this machine');
    const keys = readKeys(this.#keyFile);
    if (keys.length === 0) throw keyMissing(this.#keyFile);
    const { bytes } = readSealed(path) ?? {};
    if (bytes === undefined) throw unreadable(name, `the file ${path} is damaged`);
    const keyId = keyIdOf(bytes);
    const key = keys.find((each) => each.id === keyId);
    if (key === undefined) throw unreadable(name, 'it was sealed with a key that is not here any more');
    const password = open(key, id, bytes);
    if (password === undefined) throw unreadable(name, `the file ${path} is damaged`);
    return password;
  }

  #write(connectionId: string, key: Key, password: string): void {
    const sealed = seal(key, connectionId, password).toString('base64');
    writePrivateFile(this.#path(connectionId), JSON.stringify({ connection: connectionId, sealed }));
  }

  /** Identifiers come from elsewhere: none of their characters gets into a path. */
  #path(connectionId: string): string {
    const name = createHash('sha256').update(connectionId).digest('hex').slice(0, 32);
    return join(this.#folder, `${name}${sealedEnding}`);
  }

  #files(): string[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith(sealedEnding))
      .sort()
      .map((name) => join(this.#folder, name));
  }
}

/** Undefined when it is something else. */
function readSealed(path: string): { readonly owner: string; readonly bytes: Buffer } | undefined {
  try {
    const { connection, sealed } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    if (typeof connection !== 'string' || typeof sealed !== 'string') return undefined;
    return { owner: connection, bytes: Buffer.from(sealed, 'base64') };
  } catch {
    return undefined;
  }
}

/** `what` begins the sentence; the password itself is not part of it. */
function checkPassword(password: string, what: string): void {
  const why =
    password === ''
      ? 'is empty'
      : password.length > longestPassword
        ? `has more than ${longestPassword} characters`
        : /\p{Cc}/u.test(password)
          ? 'has line ends or other control characters'
          : undefined;
  if (why === undefined) return;
  throw new ProductError(
    'CredentialInvalid',
    `${what} ${why}: no account has such a password.`,
    'Give the password alone, on one line.',
  );
}

function missing(name: string, what: string): ProductError {
  return new ProductError(
    'CredentialMissing',
    `The connection ${name} ${what}.`,
    'Enter its password, or give it a reference that leads to one.',
  );
}

function unreadable(name: string, why: string): ProductError {
  return new ProductError(
    'CredentialUnreadable',
    `The password of the connection ${name} cannot be opened: ${why}.`,
    'Restore the data folder from a backup, or enter the password again. Other connections are not affected.',
  );
}

function keyMissing(path: string): ProductError {
  return new ProductError(
    'CredentialKeyMissing',
    `The key file ${path} is gone, and the passwords sealed with it cannot be opened.`,
    'Put it back from a backup. Without one, enter the passwords of the connections again; references are not affected.',
  );
}
