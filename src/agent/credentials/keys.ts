// The keys that seal credentials at rest: a file in the data folder that only its owner can read, and that the system protects besides where
// it can. It protects backups, synchronised copies and support bundles of the other files, not against the owner's own programs. Knows
// no connection and no password rule.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { ProductError } from '../../base/error.ts';
import { keepPrivate } from '../access.ts';
import { writePrivateFile } from '../dataFolder.ts';
import { readPrivateFile } from './privateFile.ts';
import { type Protection, systemProtection, unwrapped, wrapped } from './protection.ts';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const idBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;
/** First byte of everything sealed. */
const format = 2;

/** Newest first: the first one seals, all open. `id`: beginning of the key's own hash, so that a damaged key is found. */
export interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

export function newKey(): Key {
  const bytes = randomBytes(keyBytes);
  return { id: idOf(bytes), bytes };
}

const idOf = (key: Buffer): string =>
  createHash('sha256')
    .update(key)
    .digest('hex')
    .slice(0, 2 * idBytes);

/**
 * The keys in a file; none if there is no such file. Throws `CredentialKeyExposed` when others can read it, `CredentialKeyDamaged` when
 * it is something else, or the system does not open it. Leaves the file as it is. A file without protection is read all the same: it was
 * written by an older version.
 */
export function readKeys(path: string, protection = systemProtection()): readonly Key[] {
  const file = readPrivateFile(path);
  switch (file.kind) {
    case 'missing':
      return [];
    case 'exposed':
      throw new ProductError(
        'CredentialKeyExposed',
        `The key file ${path} does not protect the credentials: ${file.who}.`,
        'Give it back to the account of the agent and take the rights of all others away (`chmod 600`; Windows: `icacls`), then change the key: others may have read it.',
      );
    case 'unreadable':
      throw damaged(path, file.why);
    case 'read': {
      const keys: Key[] = [];
      for (const line of linesOf(path, file.bytes, protection)) {
        if (line === '') continue;
        const [, id = '', text = ''] = /^([0-9a-f]{16}) ([A-Za-z0-9+/]{43}=)$/.exec(line) ?? [];
        const bytes = Buffer.from(text, 'base64');
        if (bytes.length !== keyBytes || idOf(bytes) !== id) {
          throw damaged(path, `line ${keys.length + 1} is no key`);
        }
        keys.push({ id, bytes });
      }
      if (keys.length === 0) throw damaged(path, 'it has no key');
      return keys;
    }
  }
}

/** Replaces the file as a whole, readable by its owner only. */
export function writeKeys(path: string, keys: readonly Key[], protection = systemProtection()): void {
  const text = keys.map(({ id, bytes }) => `${id} ${bytes.toString('base64')}\n`).join('');
  writePrivateFile(path, protection === undefined ? text : wrapped(Buffer.from(text), protection));
  if (process.platform === 'win32') keepPrivate(path, 'file');
}

function linesOf(path: string, file: Buffer, protection: Protection | undefined): readonly string[] {
  try {
    return (unwrapped(file, protection) ?? file).toString('latin1').split('\n');
  } catch (error) {
    throw damaged(path, (error as Error).message);
  }
}

/** What was sealed for an owner (an identifier) opens for that owner only. */
export function seal(key: Key, owner: string, secret: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key.bytes, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(owner));
  const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(format), Buffer.from(key.id, 'hex'), nonce, cipher.getAuthTag(), body]);
}

/** The key that sealed something; undefined when it is nothing that `seal` made. */
export function keyIdOf(sealed: Buffer): string | undefined {
  if (sealed[0] !== format || sealed.length < 1 + idBytes + nonceBytes + tagBytes) return undefined;
  return sealed.toString('hex', 1, 1 + idBytes);
}

/** Undefined when the key is not the right one, or a single bit has changed. */
export function open(key: Key, owner: string, sealed: Buffer): string | undefined {
  const nonceAt = 1 + idBytes;
  const tagAt = nonceAt + nonceBytes;
  const bodyAt = tagAt + tagBytes;
  try {
    const decipher = createDecipheriv(algorithm, key.bytes, sealed.subarray(nonceAt, tagAt), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(owner));
    decipher.setAuthTag(sealed.subarray(tagAt, bodyAt));
    return Buffer.concat([decipher.update(sealed.subarray(bodyAt)), decipher.final()]).toString('utf8');
  } catch {
    // The cause stays out: it could hold pieces of the plain text.
    return undefined;
  }
}

function damaged(path: string, why: string): ProductError {
  return new ProductError(
    'CredentialKeyDamaged',
    `The key file ${path} cannot be used (${why}). It was left as it is, and so were the credentials.`,
    'Restore it from a backup. Without one, move it away and enter the passwords of the connections again; references are not affected.',
  );
}
