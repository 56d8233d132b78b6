// Seals the inputs of runs, so that the run store holds nothing readable of them. The key lies in the same folder, readable by its
// owner only, and protected by the system where it can: this protects backups, synchronised copies and support bundles of the store,
// not against the owner's own programs.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { ProductError } from '../base/error.ts';
import type { WireValue } from '../protocol/run.ts';
import { keepPrivate } from './access.ts';
import { type Protection, unwrapped, wrapped } from './credentials/protection.ts';
import { readIfPresent, writePrivateFile } from './dataFolder.ts';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
/** First byte of everything sealed. */
const format = 1;

export type Inputs = Readonly<Record<string, WireValue>>;

/** Seals and opens the inputs of one run. What was sealed for a run opens for that run only. */
export interface Vault {
  seal(runId: string, inputs: Inputs): Uint8Array;
  /** Throws `InputsUnreadable` when the key or the sealed bytes are not the right ones. */
  open(runId: string, sealed: Uint8Array): Inputs;
}

/**
 * The vault of a data folder; its key is made at first use. With `protection` a key without it, of an older version, is protected from then
 * on; without, the key can be copied to another computer. Throws `InputsKeyDamaged` and leaves such a file alone.
 */
export function openVault(dataFolder: string, protection?: Protection): Vault {
  const path = join(dataFolder, 'inputs.key');
  const file = readIfPresent(path);
  const keep = (key: Buffer) => {
    writePrivateFile(path, protection === undefined ? key : wrapped(key, protection));
    if (process.platform === 'win32') keepPrivate(path, 'file');
    return vault(key);
  };
  if (file === undefined) return keep(randomBytes(keyBytes));
  if (process.platform !== 'win32') chmodSync(path, 0o600);
  const key = file.length === keyBytes ? undefined : opened(path, file, protection);
  if (key !== undefined) return vault(key);
  return protection === undefined ? vault(file) : keep(file);
}

/** The key in a file that is more than the key. */
function opened(path: string, file: Buffer, protection: Protection | undefined): Buffer {
  let why = `it has ${file.length} bytes instead of ${keyBytes}`;
  try {
    const key = unwrapped(file, protection);
    if (key?.length === keyBytes) return key;
  } catch (error) {
    why = (error as Error).message;
  }
  throw new ProductError(
    'InputsKeyDamaged',
    `The key file ${path} cannot be used (${why}). It was left as it is.`,
    'Restore it from a backup, or delete it: queued runs with inputs must then be requested again.',
  );
}

export function vault(key: Uint8Array): Vault {
  return {
    seal(runId, inputs) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(runId));
      const body = Buffer.concat([cipher.update(JSON.stringify(inputs), 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(format), nonce, cipher.getAuthTag(), body]);
    },
    open(runId, sealed) {
      try {
        const bytes = Buffer.from(sealed);
        if (bytes[0] !== format) throw new Error(`unknown format ${bytes[0]}`);
        const nonce = bytes.subarray(1, 1 + nonceBytes);
        const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
        decipher.setAAD(Buffer.from(runId));
        decipher.setAuthTag(bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes));
        const body = bytes.subarray(1 + nonceBytes + tagBytes);
        return JSON.parse(
          Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8'),
        ) as Inputs;
      } catch {
        // The cause stays out: after a wrong key it could hold pieces of the plain text.
        throw new ProductError(
          'InputsUnreadable',
          'The sealed inputs of this run cannot be opened with the key of this data folder.',
          'Request the run again with its inputs.',
        );
      }
    },
  };
}
