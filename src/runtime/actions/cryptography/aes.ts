// AES as the designer's actions use it: cipher block chaining, with the paddings and key derivation of .NET. Bytes in, bytes out.
import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { orAborted } from '../abort.ts';

const blockSize = 16;

/** How a key becomes the key of the cipher. `hash` is a member of Cryptography.EncryptionHashAlgorithm. */
export interface Derivation {
  readonly salt: Buffer;
  readonly hash: string;
  readonly iterations: number;
}

/**
 * Without a salt the key is derived as with one of 16 zero bytes, under the defaults of the actions that have one. No public
 * source says what the designer does there.
 */
export const withoutSalt: Derivation = { salt: Buffer.alloc(16), hash: 'SHA256', iterations: 100_000 };

/** Without an initialization vector the first block is chained to zeros. */
export const withoutVector: Buffer = Buffer.alloc(blockSize);

export const randomSalt = (): Buffer => randomBytes(16);
export const randomVector = (): Buffer => randomBytes(blockSize);

/** PBKDF2 (RFC 2898) over the UTF-8 bytes of `key`, as .NET's Rfc2898DeriveBytes takes a text. `bits`: 128, 192 or 256. Throws the signal's reason at once. */
export async function deriveKey(
  key: string,
  bits: number,
  { salt, hash, iterations }: Derivation,
  signal: AbortSignal,
): Promise<Buffer> {
  const derived = promisify(pbkdf2)(Buffer.from(key, 'utf8'), salt, iterations, bits / 8, hash.toLowerCase());
  return await orAborted(derived, signal);
}

/** Throws an Error in plain words when nothing is padded and `plain` does not fill its last block. */
export function encrypt(plain: Buffer, key: Buffer, vector: Buffer, padding: string): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, vector).setAutoPadding(false);
  return Buffer.concat([cipher.update(padded(plain, padding)), cipher.final()]);
}

/** Throws an Error in plain words when `encrypted` cannot be the result of `encrypt` with this key, vector and padding. */
export function decrypt(encrypted: Buffer, key: Buffer, vector: Buffer, padding: string): Buffer {
  if (encrypted.length % blockSize !== 0) throw new Error('it is no text that AES has encrypted');
  const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, vector).setAutoPadding(false);
  return unpadded(Buffer.concat([decipher.update(encrypted), decipher.final()]), padding);
}

function padded(plain: Buffer, padding: string): Buffer {
  const over = plain.length % blockSize;
  if (padding === 'None' || padding === 'Zeros') {
    if (over === 0) return plain;
    if (padding === 'Zeros') return Buffer.concat([plain, Buffer.alloc(blockSize - over)]);
    throw new Error(
      `without padding the text must be a multiple of ${blockSize} bytes long, and it has ${plain.length}`,
    );
  }
  const count = blockSize - over;
  const filling =
    padding === 'PKCS7'
      ? Buffer.alloc(count, count)
      : padding === 'ISO10126'
        ? randomBytes(count)
        : Buffer.alloc(count);
  filling[count - 1] = count;
  return Buffer.concat([plain, filling]);
}

function unpadded(plain: Buffer, padding: string): Buffer {
  if (padding === 'None' || padding === 'Zeros') return plain;
  const count = plain.at(-1) ?? 0;
  const filling = plain.subarray(plain.length - count, -1);
  const expected = padding === 'PKCS7' ? count : padding === 'ANSIX923' ? 0 : undefined;
  const isRight =
    count >= 1 &&
    count <= blockSize &&
    (expected === undefined || filling.every((byte) => byte === expected));
  if (isRight) return plain.subarray(0, plain.length - count);
  throw new Error('key, initialization vector, salt or padding is not the one it was encrypted with');
}
