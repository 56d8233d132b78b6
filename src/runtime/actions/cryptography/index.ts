// The Cryptography actions: texts and text files through AES (aes.ts), and hashes. Keys are secrets from the moment they are read.
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { decodeText, encodeText } from '../encodings.ts';
import { attempt, fileValue, freeName, pathOf, requireFile } from '../fileSystem.ts';
import { textCodePage } from '../windows.ts';
import {
  type Derivation,
  decrypt,
  deriveKey,
  encrypt,
  randomSalt,
  randomVector,
  withoutSalt,
  withoutVector,
} from './aes.ts';

/** Ten million rounds take about ten seconds of a processor, a hundred times the default; more is a mistake. */
const iterationLimit = 10_000_000;

/** Bytes of `text` in the encoding of the call, without byte order mark. */
async function encoded(args: ActionArguments, text: string, signal: AbortSignal): Promise<Buffer> {
  return Buffer.from(encodeText(text, args.member('Encoding'), await textCodePage(signal), false));
}

function secret(args: ActionArguments, context: ActionContext, name: string): string {
  const key = args.text(name);
  if (key === '') return refuse(`The argument "${name}" is empty.`, 'Give a key that is not empty.');
  context.addSecret(key);
  return key;
}

/** Every problem of these actions has one documented name; `named` puts it in. */
class Refusal extends Error {
  readonly nextStep: string;
  constructor(message: string, nextStep: string) {
    super(message);
    this.nextStep = nextStep;
  }
}

function refuse(message: string, nextStep: string): never {
  throw new Refusal(message, nextStep);
}

/** Runs `work`; a Refusal becomes the ActionError `code`. */
async function named<T>(code: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new ActionError(code, error.message, error.nextStep, { cause: error });
  }
}

// ── AES ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Which of salt and initialization vector a variant of an AES action uses. */
interface Variant {
  readonly suffix: string;
  readonly salt: boolean;
  readonly vector: boolean;
}

const variants: readonly Variant[] = [
  { suffix: '', salt: false, vector: false },
  { suffix: 'UseIV', salt: false, vector: true },
  { suffix: 'UseSalt', salt: true, vector: false },
  { suffix: 'UseSaltAndIV', salt: true, vector: true },
];

const keyBits = (args: ActionArguments): number => Number(args.member('KeySize').replace('Bits', ''));

function derivation(args: ActionArguments, salt: Buffer): Derivation {
  const iterations = args.integer('Iterations');
  if (iterations < 1 || iterations > iterationLimit) {
    refuse(
      `${iterations} is no possible number of iterations.`,
      'Give a number from 1 to 10,000,000; the default is 100,000.',
    );
  }
  return { salt, hash: args.member('HashAlgorithm'), iterations };
}

async function encryption(
  args: ActionArguments,
  context: ActionContext,
  { salt: useSalt, vector: useVector }: Variant,
  plain: Buffer,
): Promise<ActionResult> {
  const key = secret(args, context, 'EncryptionKey');
  const salt = randomSalt();
  const vector = useVector ? randomVector() : withoutVector;
  const derived = await deriveKey(
    key,
    keyBits(args),
    useSalt ? derivation(args, salt) : withoutSalt,
    context.signal,
  );
  return {
    outputs: {
      EncryptedText: orRefuse('The text cannot be encrypted', 'Choose another padding, such as PKCS7.', () =>
        encrypt(plain, derived, vector, args.member('PaddingMode')),
      ).toString('base64'),
      ...(useSalt ? { Salt: salt.toString('base64') } : {}),
      ...(useVector ? { InitializationVector: vector.toString('base64') } : {}),
    },
  };
}

async function decryption(
  args: ActionArguments,
  context: ActionContext,
  { salt: useSalt, vector: useVector }: Variant,
): Promise<string> {
  const key = secret(args, context, 'DecryptionKey');
  const encrypted = base64(args, 'TextToDecrypt');
  const how = useSalt ? derivation(args, base64(args, 'Salt')) : withoutSalt;
  const vector = useVector ? base64(args, 'InitializationVector') : withoutVector;
  if (vector.length !== withoutVector.length) {
    refuse(
      `The initialization vector has ${vector.length} bytes; AES needs 16.`,
      'Give the initialization vector as the encrypting action produced it.',
    );
  }
  const derived = await deriveKey(key, keyBits(args), how, context.signal);
  const plain = orRefuse(
    'The text cannot be decrypted',
    'Decrypt with the same key, key size, padding, salt and initialization vector it was encrypted with.',
    () => decrypt(encrypted, derived, vector, args.member('Padding')),
  );
  const text = decodeText(plain, args.member('Encoding'), await textCodePage(context.signal));
  // Zeros are filling here, not text: the length of the text is not kept.
  return args.member('Padding') === 'Zeros' ? text.replace(/\0+$/, '') : text;
}

function orRefuse<T>(what: string, nextStep: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    return refuse(`${what}: ${(error as Error).message}.`, nextStep);
  }
}

function base64(args: ActionArguments, name: string): Buffer {
  const text = args.text(name).replace(/\s+/g, '');
  if (text !== '' && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    return Buffer.from(text, 'base64');
  }
  return refuse(
    `The argument "${name}" is not Base64.`,
    'Give the text as the encrypting action produced it.',
  );
}

const encryptText = (variant: Variant): ActionDefinition => ({
  id: `Cryptography.EncryptText.EncryptTextWithAES${variant.suffix}`,
  run: (args, context) =>
    named('EncryptTextError', async () =>
      encryption(args, context, variant, await encoded(args, args.text('TextToEncrypt'), context.signal)),
    ),
});

const decryptText = (variant: Variant): ActionDefinition => ({
  id: `Cryptography.DecryptText.DecryptTextWithAES${variant.suffix}`,
  run: (args, context) =>
    named('DecryptTextError', async () => ({
      outputs: { DecryptedText: await decryption(args, context, variant) },
    })),
});

/** The file is text in the encoding of the call: its byte order mark is no part of it. */
const encryptFromFile = (variant: Variant): ActionDefinition => ({
  id: `Cryptography.EncryptFromFile.EncryptFromFileWithAES${variant.suffix}`,
  async run(args, context) {
    const file = pathOf(args, 'FileToEncrypt');
    await requireFile(file, 'FileNotFoundError');
    const code = 'EncryptContentsOfFileError';
    const bytes = await attempt(code, 'read file', file, context.signal, () =>
      readFile(file, { signal: context.signal }),
    );
    return await named(code, async () => {
      const text = decodeText(bytes, args.member('Encoding'), await textCodePage(context.signal));
      return encryption(args, context, variant, await encoded(args, text, context.signal));
    });
  },
});

const decryptToFile = (variant: Variant): ActionDefinition => ({
  id: `Cryptography.DecryptToFile.DecryptToFileWithAES${variant.suffix}`,
  async run(args, context) {
    const code = 'DecryptAndStoreContentsToFileError';
    const { signal } = context;
    const wanted = pathOf(args, 'DecryptToFile');
    const target = await freeName(wanted, args.member('IfFileExists'));
    if (target === undefined) return { outputs: { DecryptedFile: await fileValue(wanted) } };
    const text = await named(code, () => decryption(args, context, variant));
    const bytes = encodeText(text, args.member('Encoding'), await textCodePage(signal), true);
    await attempt(code, 'write file', target, signal, () => writeFile(target, bytes, { signal }));
    return { outputs: { DecryptedFile: await fileValue(target) } };
  },
});

// ── Hashes ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Hexadecimal in capitals, as .NET writes bytes. */
const hashed = (hash: Hash | Hmac): ActionResult => ({
  outputs: { HashedText: hash.digest('hex').toUpperCase() },
});

const plainHash = (args: ActionArguments): Hash => createHash(args.member('HashAlgorithm').toLowerCase());

/** The key becomes bytes in the encoding of the call. */
async function keyedHash(args: ActionArguments, context: ActionContext, algorithm: string): Promise<Hmac> {
  const key = await encoded(args, secret(args, context, 'HashKey'), context.signal);
  return createHmac(args.member(algorithm).replace('HMAC', '').toLowerCase(), key);
}

/** A file is hashed byte for byte, so that the result is the one any other program gives. */
async function hashFile(file: string, code: string, hash: Hash | Hmac, signal: AbortSignal): Promise<void> {
  await requireFile(file, 'FileNotFoundError');
  await attempt(code, 'read file', file, signal, async () => {
    for await (const chunk of createReadStream(file, { signal })) hash.update(chunk as Buffer);
  });
}

const hashes: readonly ActionDefinition[] = [
  {
    id: 'Cryptography.HashText',
    run: async (args, { signal }) =>
      hashed(plainHash(args).update(await encoded(args, args.text('TextToHash'), signal))),
  },
  {
    id: 'Cryptography.HashFromFile',
    async run(args, { signal }) {
      const hash = plainHash(args);
      await hashFile(pathOf(args, 'File'), 'HashFileError', hash, signal);
      return hashed(hash);
    },
  },
  {
    id: 'Cryptography.HashTextWithKey',
    run: (args, context) =>
      named('HashTextWithKeyError', async () => {
        const hash = await keyedHash(args, context, 'HashAlgorithm');
        return hashed(hash.update(await encoded(args, args.text('TextToHash'), context.signal)));
      }),
  },
  {
    id: 'Cryptography.HashFromFileWithKey',
    async run(args, context) {
      const code = 'HashFileWithKeyError';
      const hash = await named(code, () => keyedHash(args, context, 'KeyedHashAlgorithm'));
      await hashFile(pathOf(args, 'FileToHash'), code, hash, context.signal);
      return hashed(hash);
    },
  },
];

export const cryptographyActions: readonly ActionDefinition[] = [
  ...variants.flatMap((variant) => [
    encryptText(variant),
    decryptText(variant),
    encryptFromFile(variant),
    decryptToFile(variant),
  ]),
  ...hashes,
];
