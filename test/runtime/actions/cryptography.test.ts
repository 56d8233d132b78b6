// The Cryptography actions: round trips, values of other programs, and errors.
import { createCipheriv, pbkdf2Sync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { cryptographyActions } from '../../../src/runtime/actions/cryptography/index.ts';
import type { FileValue, Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});

const run = (id: string, given: Record<string, Value>, context = contextIn(folder)) =>
  runAction(cryptographyActions, `Cryptography.${id}`, given, context);
const outputs = async (id: string, given: Record<string, Value>): Promise<Record<string, Value>> => ({
  ...(await run(id, given)).outputs,
});
const encryptText = (suffix: string, given: Record<string, Value>) =>
  outputs(`EncryptText.EncryptTextWithAES${suffix}`, { EncryptionKey: 'key', ...given });
const decryptText = (suffix: string, given: Record<string, Value>) =>
  outputs(`DecryptText.DecryptTextWithAES${suffix}`, { DecryptionKey: 'key', ...given });

const suffixes = ['', 'UseIV', 'UseSalt', 'UseSaltAndIV'];
const text = 'Grüße, 世界 🙂\r\n'.repeat(3);

describe('AES', () => {
  test.each(suffixes)('decrypts what it encrypted%s', async (suffix) => {
    const { EncryptedText, ...more } = await encryptText(suffix, { TextToEncrypt: text });
    const expected = [suffix.includes('Salt') && 'Salt', suffix.includes('IV') && 'InitializationVector'];
    expect(Object.keys(more)).toEqual(expected.filter(Boolean));
    expect(await decryptText(suffix, { TextToDecrypt: EncryptedText ?? '', ...more })).toEqual({
      DecryptedText: text,
    });
  });

  test.each(['PKCS7', 'Zeros', 'ANSIX923', 'ISO10126'])('pads with %s', async (mode) => {
    for (const TextToEncrypt of ['', 'x', 'exactly16 bytes.', 'more than sixteen bytes']) {
      if (mode === 'Zeros' && TextToEncrypt === '') continue;
      const Encoding = 'UTF8';
      const { EncryptedText } = await encryptText('', { TextToEncrypt, PaddingMode: mode, Encoding });
      const given = { TextToDecrypt: EncryptedText ?? '', Padding: mode, Encoding };
      expect((await decryptText('', given)).DecryptedText).toBe(TextToEncrypt);
    }
  });

  test('without padding the text must fill its blocks', async () => {
    const given = { PaddingMode: 'None', Encoding: 'UTF8' };
    const { EncryptedText } = await encryptText('', { TextToEncrypt: 'exactly16 bytes.', ...given });
    expect(
      (await decryptText('', { TextToDecrypt: EncryptedText ?? '', Padding: 'None', Encoding: 'UTF8' }))
        .DecryptedText,
    ).toBe('exactly16 bytes.');
    expect(await errorOf(encryptText('', { TextToEncrypt: 'short', ...given }))).toBe(
      'EncryptTextError: The text cannot be encrypted: without padding the text must be a multiple of 16 bytes long, and it has 5.',
    );
  });

  test.each([
    ['DefaultEncoding', 'abc'],
    ['ANSI', 'abc'],
    ['Unicode', text],
    ['BigEndianUnicode', text],
    ['UTF8', text],
  ])('works in the encoding %s', async (Encoding, TextToEncrypt) => {
    const { EncryptedText } = await encryptText('', { TextToEncrypt, Encoding });
    const given = { TextToDecrypt: EncryptedText ?? '', Encoding };
    expect((await decryptText('', given)).DecryptedText).toBe(TextToEncrypt);
  });

  test.each(['Bits128', 'Bits192', 'Bits256'])('derives a key of %s as RFC 2898 says', async (KeySize) => {
    const { EncryptedText, Salt, InitializationVector } = await encryptText('UseSaltAndIV', {
      TextToEncrypt: text,
      EncryptionKey: 'schlüssel',
      KeySize,
      Encoding: 'UTF8',
      HashAlgorithm: 'SHA512',
      Iterations: 1234,
    });
    const bits = Number(KeySize.slice(4));
    const bytes = (value: Value | undefined) => Buffer.from(value as string, 'base64');
    const key = pbkdf2Sync('schlüssel', bytes(Salt), 1234, bits / 8, 'sha512');
    const cipher = createCipheriv(`aes-${bits}-cbc`, key, bytes(InitializationVector));
    expect(EncryptedText).toBe(cipher.update(text, 'utf8', 'base64') + cipher.final('base64'));
  });

  test('without salt and vector the same text gives the same result, for good', async () => {
    // Kept texts must stay readable: this value may never change.
    expect((await encryptText('', { TextToEncrypt: 'kept', EncryptionKey: 'Pa$$w0rd' })).EncryptedText).toBe(
      'padMlElue9xTGadEl8ubcg==',
    );
  });

  test('keys are secrets', async () => {
    const context = contextIn(folder);
    const id = 'EncryptText.EncryptTextWithAES';
    await run(id, { TextToEncrypt: 'x', EncryptionKey: 'geheim' }, context);
    expect(context.secrets).toEqual(['geheim']);
  });

  test('a file of any encoding goes through and comes back', async () => {
    await writeFile(join(folder, 'in.txt'), `\ufeff${text}`, 'utf16le');
    for (const suffix of suffixes) {
      const { EncryptedText, ...more } = await outputs(`EncryptFromFile.EncryptFromFileWithAES${suffix}`, {
        FileToEncrypt: 'in.txt',
        EncryptionKey: 'key',
      });
      expect((await decryptText(suffix, { TextToDecrypt: EncryptedText ?? '', ...more })).DecryptedText).toBe(
        text,
      );
      const result = await outputs(`DecryptToFile.DecryptToFileWithAES${suffix}`, {
        TextToDecrypt: EncryptedText ?? '',
        DecryptionKey: 'key',
        DecryptToFile: 'out.txt',
        IfFileExists: 'Overwrite',
        ...more,
      });
      expect((result.DecryptedFile as FileValue).path).toBe(join(folder, 'out.txt'));
      expect(await readFile(join(folder, 'out.txt'))).toEqual(await readFile(join(folder, 'in.txt')));
    }
  });

  test.each([
    ['Overwrite', 'out.txt', 'new'],
    ['DoNotModifyFiles', 'out.txt', 'old'],
    ['AddSequentialSuffix', 'out (3).txt', 'old'],
  ])('%s when the file exists', async (IfFileExists, name, kept) => {
    await writeFile(join(folder, 'out.txt'), 'old');
    await writeFile(join(folder, 'out (2).txt'), 'old too');
    const { EncryptedText } = await encryptText('', { TextToEncrypt: 'new', Encoding: 'ANSI' });
    const { DecryptedFile } = await outputs('DecryptToFile.DecryptToFileWithAES', {
      TextToDecrypt: EncryptedText ?? '',
      DecryptionKey: 'key',
      DecryptToFile: 'out.txt',
      Encoding: 'ANSI',
      IfFileExists,
    });
    expect(basename((DecryptedFile as FileValue).path)).toBe(name);
    expect(await readFile(join(folder, 'out.txt'), 'utf8')).toBe(kept);
  });
});

describe('errors of AES', () => {
  const valid = 'AAAAAAAAAAAAAAAAAAAAAA==';

  test.each([
    ['', { TextToDecrypt: 'no base 64!' }, 'The argument "TextToDecrypt" is not Base64.'],
    ['', { TextToDecrypt: '' }, 'The argument "TextToDecrypt" is not Base64.'],
    ['', { TextToDecrypt: 'AAAA' }, 'The text cannot be decrypted: it is no text that AES has encrypted.'],
    ['', { TextToDecrypt: valid, DecryptionKey: '' }, 'The argument "DecryptionKey" is empty.'],
    [
      'UseIV',
      { TextToDecrypt: valid, InitializationVector: 'AAAA' },
      'The initialization vector has 3 bytes; AES needs 16.',
    ],
    [
      'UseIV',
      { TextToDecrypt: valid, InitializationVector: '?' },
      'The argument "InitializationVector" is not Base64.',
    ],
    ['UseSalt', { TextToDecrypt: valid, Salt: '?' }, 'The argument "Salt" is not Base64.'],
    [
      'UseSalt',
      { TextToDecrypt: valid, Salt: 'AAAA', Iterations: 0 },
      '0 is no possible number of iterations.',
    ],
    [
      'UseSaltAndIV',
      { TextToDecrypt: valid, Salt: 'AAAA', InitializationVector: valid, Iterations: 1e9 },
      '1000000000 is no possible number of iterations.',
    ],
  ])('DecryptTextError (%s, %j)', async (suffix, given, message) => {
    expect(await errorOf(decryptText(suffix, given as Record<string, Value>))).toBe(
      `DecryptTextError: ${message}`,
    );
  });

  test.each([
    ['DecryptionKey', 'other'],
    ['KeySize', 'Bits128'],
    ['Padding', 'ANSIX923'],
    ['Salt', valid],
    ['HashAlgorithm', 'SHA1'],
    ['Iterations', 99_999],
  ])('DecryptTextError when %s is another one', async (name, value) => {
    // The last block tells: with 30 bytes of text a wrong one passes for the right one in 1 of 256 cases at most, and always the same way here.
    const given = { TextToDecrypt: 'fixed', Salt: 'AAAAAAAAAAAAAAAAAAAAAA==' };
    const key = pbkdf2Sync('key', Buffer.alloc(16, 7), 100_000, 32, 'sha256');
    const cipher = createCipheriv('aes-256-cbc', key, Buffer.alloc(16));
    given.TextToDecrypt =
      cipher.update('A text of thirty bytes or so..', 'utf16le', 'base64') + cipher.final('base64');
    given.Salt = Buffer.alloc(16, 7).toString('base64');
    expect((await decryptText('UseSalt', given)).DecryptedText).toBe('A text of thirty bytes or so..');
    expect(await errorOf(decryptText('UseSalt', { ...given, [name]: value }))).toBe(
      'DecryptTextError: The text cannot be decrypted: key, initialization vector, salt or padding is not the one it was encrypted with.',
    );
  });

  test('files', async () => {
    await mkdir(join(folder, 'dir'));
    const encryptFile = (given: Record<string, Value>) =>
      outputs('EncryptFromFile.EncryptFromFileWithAES', { EncryptionKey: 'key', ...given });
    const decryptFile = (given: Record<string, Value>) =>
      outputs('DecryptToFile.DecryptToFileWithAES', {
        DecryptionKey: 'key',
        DecryptToFile: 'out.txt',
        ...given,
      });
    expect(await errorOf(encryptFile({ FileToEncrypt: 'no.txt' }))).toMatch(/^FileNotFoundError: /);
    expect(await errorOf(encryptFile({ FileToEncrypt: 'dir' }))).toMatch(/^FileNotFoundError: .*folder/);
    await writeFile(join(folder, 'a.txt'), 'a');
    expect(
      await errorOf(encryptFile({ FileToEncrypt: 'a.txt', PaddingMode: 'None', Encoding: 'UTF8' })),
    ).toMatch(/^EncryptContentsOfFileError: The text cannot be encrypted: without padding/);
    const code = 'DecryptAndStoreContentsToFileError';
    expect(await errorOf(decryptFile({ TextToDecrypt: '?' }))).toMatch(new RegExp(`^${code}: .*Base64`));
    const { EncryptedText = '' } = await encryptText('', { TextToEncrypt: 'x' });
    expect(await errorOf(decryptFile({ TextToDecrypt: EncryptedText, DecryptToFile: 'no/a.txt' }))).toMatch(
      new RegExp(`^${code}: Cannot write file ".*": it does not exist`),
    );
  });

  test('a long key derivation does not keep a run from stopping', async () => {
    const controller = new AbortController();
    const work = run(
      'EncryptText.EncryptTextWithAESUseSalt',
      { TextToEncrypt: 'x', EncryptionKey: 'key', Iterations: 1_000_000 },
      contextIn(folder, { signal: controller.signal }),
    );
    setTimeout(() => controller.abort(new Error('stopped')), 20);
    const start = Date.now();
    await expect(work).rejects.toThrow('stopped');
    expect(Date.now() - start).toBeLessThan(300);
  });
});

describe('hashes', () => {
  // The values of FIPS 180 and RFC 4231 for these texts.
  test.each([
    ['SHA256', 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD'],
    [
      'SHA384',
      'CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED8086072BA1E7CC2358BAECA134C825A7',
    ],
    [
      'SHA512',
      'DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F',
    ],
  ])('%s', async (HashAlgorithm, HashedText) => {
    expect(await outputs('HashText', { TextToHash: 'abc', HashAlgorithm, Encoding: 'UTF8' })).toEqual({
      HashedText,
    });
    await writeFile(join(folder, 'a.bin'), 'abc');
    expect(await outputs('HashFromFile', { File: 'a.bin', HashAlgorithm })).toEqual({ HashedText });
  });

  test.each([
    ['HMACSHA256', '5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843'],
    [
      'HMACSHA384',
      'AF45D2E376484031617F78D2B58A6B1B9C7EF464F5A01B47E42EC3736322445E8E2240CA5E69E2C78B3239ECFAB21649',
    ],
    [
      'HMACSHA512',
      '164B7A7BFCF819E2E395FBE73B56E0A387BD64222E831FD610270CD7EA2505549758BF75C05A994A6D034F65F8F0E6FDCAEAB1A34D4A6B4B636E070A38BCE737',
    ],
  ])('%s', async (algorithm, HashedText) => {
    const TextToHash = 'what do ya want for nothing?';
    const context = contextIn(folder);
    const given = { TextToHash, HashKey: 'Jefe', HashAlgorithm: algorithm, Encoding: 'UTF8' };
    expect((await run('HashTextWithKey', given, context)).outputs).toEqual({ HashedText });
    expect(context.secrets).toEqual(['Jefe']);
    await writeFile(join(folder, 'a.txt'), TextToHash);
    expect(
      await outputs('HashFromFileWithKey', {
        FileToHash: 'a.txt',
        HashKey: 'Jefe',
        KeyedHashAlgorithm: algorithm,
        Encoding: 'UTF8',
      }),
    ).toEqual({ HashedText });
  });

  test('the encoding of a text matters, UTF-16 unless given', async () => {
    const unicode = await outputs('HashText', { TextToHash: 'abc' });
    expect(unicode.HashedText).toBe('13E228567E8249FCE53337F25D7970DE3BD68AB2653424C7B8F9FD05E33CAEDF');
    expect(await outputs('HashText', { TextToHash: 'abc', Encoding: 'Unicode' })).toEqual(unicode);
  });

  test('errors', async () => {
    await mkdir(join(folder, 'dir'));
    expect(await errorOf(outputs('HashFromFile', { File: 'no.txt' }))).toMatch(/^FileNotFoundError: /);
    expect(await errorOf(outputs('HashFromFileWithKey', { FileToHash: 'dir', HashKey: 'k' }))).toMatch(
      /^FileNotFoundError: .*folder/,
    );
    expect(await errorOf(outputs('HashTextWithKey', { TextToHash: 'x', HashKey: '' }))).toBe(
      'HashTextWithKeyError: The argument "HashKey" is empty.',
    );
    expect(await errorOf(outputs('HashFromFileWithKey', { FileToHash: 'x', HashKey: '' }))).toBe(
      'HashFileWithKeyError: The argument "HashKey" is empty.',
    );
  });

  // The system lists this file, but nobody can read its start.
  test.runIf(process.platform === 'linux')('files that cannot be read', async () => {
    const file = '/proc/self/mem';
    expect(await errorOf(outputs('HashFromFile', { File: file }))).toMatch(
      /^HashFileError: Cannot read file/,
    );
    expect(await errorOf(outputs('HashFromFileWithKey', { FileToHash: file, HashKey: 'k' }))).toMatch(
      /^HashFileWithKeyError: Cannot read file/,
    );
    expect(
      await errorOf(
        outputs('EncryptFromFile.EncryptFromFileWithAES', { FileToEncrypt: file, EncryptionKey: 'k' }),
      ),
    ).toMatch(/^EncryptContentsOfFileError: Cannot read file/);
  });
});
