// Passwords at rest: opened for the right connection with the right key only, and lost with nothing but their own file or key.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type CredentialOwner,
  type CredentialStore,
  openCredentialStore,
  tryCredential,
} from '../../../src/agent/credentials/credentialStore.ts';
import { newKey, open, readKeys, seal, writeKeys } from '../../../src/agent/credentials/keys.ts';
import type { Protection } from '../../../src/agent/credentials/protection.ts';
import { References } from '../../../src/agent/credentials/references.ts';
import { ProductError } from '../../../src/base/error.ts';

const root = mkdtempSync(join(tmpdir(), 'dflow-credentials-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const secret = 'correct horse "battery" staple';
const owner = (
  id: string,
  credential: CredentialOwner['credential'] = { kind: 'sealed' },
): CredentialOwner => ({
  id,
  name: `Connection ${id}`,
  account: 'CONTOSO\\bot',
  credential,
});
const byReference = (reference: string) => owner('r', { kind: 'reference', reference });
const environment: NodeJS.ProcessEnv = {};
const code = (expected: string) => expect.objectContaining({ code: expected });

let folder: string;
let keyFile: string;
let store: CredentialStore;
/** The store as after a restart. */
const reopened = () => openCredentialStore(folder, new References({ environment, isAllowed: () => true }));

beforeEach(() => {
  folder = mkdtempSync(join(root, 'home-'));
  keyFile = join(folder, 'credentials.key');
  store = reopened();
});

/** All that lies in the data folder, as text. */
function allFiles(): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

const sealedFiles = () =>
  readdirSync(join(folder, 'credentials')).map((name) => join(folder, 'credentials', name));

describe('a password that is put', () => {
  it('comes back for its connection, after a restart too, until it is replaced or removed', async () => {
    store.put('a', secret);
    store.put('b', 'another');
    expect(await reopened().resolve(owner('a'))).toEqual({ account: 'CONTOSO\\bot', password: secret });
    store.put('a', 'a new one');
    expect((await store.resolve(owner('a'))).password).toBe('a new one');
    store.remove('a');
    store.remove('a');
    await expect(store.resolve(owner('a'))).rejects.toEqual(code('CredentialMissing'));
    expect((await store.resolve(owner('b'))).password).toBe('another');
  });

  it('is readable nowhere, and its files belong to their owner alone', () => {
    store.put('a', secret);
    store.put('a', secret);
    const text = allFiles();
    for (const form of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret), 'horse'])
      expect(text).not.toContain(form);
    expect(sealedFiles()).toHaveLength(1);
    if (process.platform !== 'win32') {
      for (const path of [keyFile, ...sealedFiles()]) expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(statSync(join(folder, 'credentials')).mode & 0o777).toBe(0o700);
    }
  });

  it('may be any text on one line, and its connection may have any identifier', async () => {
    const anyPassword = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      .filter((text) => !/\p{Cc}/u.test(text));
    await fc.assert(
      fc.asyncProperty(anyPassword, fc.string({ maxLength: 80 }), async (password, id) => {
        store.put(id, password);
        expect((await store.resolve(owner(id))).password).toBe(password);
      }),
      { numRuns: 40 },
    );
    store.put('../../outside', secret);
    expect(readdirSync(root).every((name) => name.startsWith('home-'))).toBe(true);
  });

  it.each(['', 'two\nlines', 'nul\0', 'x'.repeat(257)])(
    'is refused when no account has such a one: %.10j',
    async (password) => {
      store.put('a', secret);
      expect(() => store.put('a', password)).toThrow(code('CredentialInvalid'));
      expect((await store.resolve(owner('a'))).password).toBe(secret);
    },
  );

  it('does not open for another connection, nor when a single bit has changed', () => {
    const key = newKey();
    const sealed = seal(key, 'a', secret);
    expect(open(key, 'a', sealed)).toBe(secret);
    expect(open(key, 'b', sealed)).toBeUndefined();
    expect(open(newKey(), 'a', sealed)).toBeUndefined();
    // The first nine bytes name the key; they open nothing.
    for (let bit = 9 * 8; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(open(key, 'a', changed)).toBeUndefined();
    }
  });

  it('whose file was copied over that of another connection does not open there', async () => {
    store.put('a', secret);
    const [mine = ''] = sealedFiles();
    store.put('b', 'another');
    const other = sealedFiles().find((path) => path !== mine) as string;
    writeFileSync(other, readFileSync(mine));
    await expect(store.resolve(owner('b'))).rejects.toEqual(code('CredentialUnreadable'));
    writeFileSync(other, readFileSync(mine, 'utf8').replace('"a"', '"b"'));
    await expect(store.resolve(owner('b'))).rejects.toEqual(code('CredentialUnreadable'));
  });

  it.each(['', '{}', 'null', '{"connection":"b","sealed":"AAAA"}', '\0\0\0'])(
    'whose file is damaged (%j) takes no other with it',
    async (content) => {
      store.put('a', secret);
      const [mine] = sealedFiles();
      store.put('b', 'another');
      const other = sealedFiles().find((path) => path !== mine) as string;
      writeFileSync(other, content);
      await expect(store.resolve(owner('b'))).rejects.toEqual(code('CredentialUnreadable'));
      expect((await store.resolve(owner('a'))).password).toBe(secret);
      expect(readFileSync(other, 'utf8')).toBe(content);
    },
  );

  it('is not there for a connection without one', async () => {
    await expect(store.resolve(owner('a', { kind: 'none' }))).rejects.toEqual(code('CredentialMissing'));
    await expect(store.resolve(owner('a'))).rejects.toEqual(code('CredentialMissing'));
    expect(existsSync(keyFile)).toBe(false);
  });
});

describe('the key', () => {
  it('that is lost is said to be lost; references and new passwords go on, and it may come back', async () => {
    store.put('a', secret);
    environment.DFLOW_TEST_PASSWORD = 'from elsewhere';
    renameSync(keyFile, `${keyFile}.lost`);
    await expect(store.resolve(owner('a'))).rejects.toEqual(code('CredentialKeyMissing'));
    expect(() => store.changeKey()).toThrow(code('CredentialKeyMissing'));
    expect((await store.resolve(byReference('env:DFLOW_TEST_PASSWORD'))).password).toBe('from elsewhere');
    expect(sealedFiles()).toHaveLength(1);
    renameSync(`${keyFile}.lost`, keyFile);
    expect((await store.resolve(owner('a'))).password).toBe(secret);

    rmSync(keyFile);
    store.put('b', 'another');
    expect((await store.resolve(owner('b'))).password).toBe('another');
    await expect(store.resolve(owner('a'))).rejects.toMatchObject({
      code: 'CredentialUnreadable',
      message: expect.stringContaining('a key that is not here any more'),
    });
    store.put('a', 'entered again');
    expect((await store.resolve(owner('a'))).password).toBe('entered again');
  });

  it.each([
    ['cut off', (text: string) => text.slice(0, 40)],
    ['empty', () => ''],
    ['one digit wrong', (text: string) => text.replace(/.=\n$/, (end) => (end[0] === 'A' ? 'E=\n' : 'A=\n'))],
    ['something else', () => '{"password":"hunter2"}'],
  ])('that is damaged (%s) is left alone, and nothing is lost', async (_, damage) => {
    store.put('a', secret);
    const good = readFileSync(keyFile, 'utf8');
    writeFileSync(keyFile, damage(good));
    for (const attempt of [() => store.put('b', 'another'), () => store.changeKey()])
      expect(attempt).toThrow(code('CredentialKeyDamaged'));
    await expect(store.resolve(owner('a'))).rejects.toEqual(code('CredentialKeyDamaged'));
    await expect(store.resolve(owner('a'))).rejects.toEqual(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
    expect(readFileSync(keyFile, 'utf8')).toBe(damage(good));
    writeFileSync(keyFile, good);
    expect((await store.resolve(owner('a'))).password).toBe(secret);
  });

  it.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o620, 0o666])(
    'that others have access to (mode %o) is refused',
    async (mode) => {
      store.put('a', secret);
      chmodSync(keyFile, mode);
      await expect(store.resolve(owner('a'))).rejects.toEqual(code('CredentialKeyExposed'));
      expect(() => store.put('b', 'another')).toThrow(code('CredentialKeyExposed'));
      chmodSync(keyFile, 0o600);
      expect((await store.resolve(owner('a'))).password).toBe(secret);
    },
  );

  it('that the system protects opens where it was made, and nowhere else', () => {
    const played = (computer: string): Protection => ({
      scope: 'machine',
      protect: (bytes) => Buffer.from(`${computer}${Buffer.from(bytes).toString('hex')}`),
      unprotect(bytes) {
        const text = Buffer.from(bytes).toString();
        if (!text.startsWith(computer)) throw new Error('Windows does not open it');
        return Buffer.from(text.slice(computer.length), 'hex');
      },
    });
    const keys = [newKey(), newKey()];
    writeKeys(keyFile, keys, played('here'));
    const text = readFileSync(keyFile, 'utf8');
    expect(text).toMatch(/^protected machine /);
    for (const { bytes } of keys) expect(text).not.toContain(bytes.toString('base64'));
    expect(readKeys(keyFile, played('here'))).toEqual(keys);
    for (const elsewhere of [played('there'), undefined])
      expect(() => readKeys(keyFile, elsewhere)).toThrow(code('CredentialKeyDamaged'));
    expect(readFileSync(keyFile, 'utf8')).toBe(text);
    // What an older version left is read, and protected from the next time on.
    writeKeys(keyFile, keys, undefined);
    expect(readKeys(keyFile, played('here'))).toEqual(keys);
  });

  it('is changed: all passwords stay, the old key opens nothing any more and is gone', async () => {
    for (const id of ['a', 'b', 'c']) store.put(id, `${secret} ${id}`);
    const [old] = readKeys(keyFile);
    const before = allFiles();
    expect(store.changeKey()).toEqual({ sealed: 3, unreadable: 0 });
    for (const id of ['a', 'b', 'c'])
      expect((await reopened().resolve(owner(id))).password).toBe(`${secret} ${id}`);
    expect(readKeys(keyFile)).toHaveLength(1);
    expect(readKeys(keyFile)[0]?.id).not.toBe(old?.id);
    expect(allFiles()).not.toContain(old?.bytes.toString('base64'));
    expect(before).toContain(old?.bytes.toString('base64'));
  });

  it('whose change was interrupted after any file opens everything, and the next change ends it', async () => {
    const ids = ['a', 'b', 'c'];
    for (let done = 0; done <= ids.length; done++) {
      for (const id of ids) store.put(id, `${secret} ${id}`);
      const fresh = newKey();
      writeKeys(keyFile, [fresh, ...readKeys(keyFile)]);
      for (const path of sealedFiles().slice(0, done)) {
        const { connection } = JSON.parse(readFileSync(path, 'utf8')) as { connection: string };
        const sealed = seal(fresh, connection, `${secret} ${connection}`).toString('base64');
        writeFileSync(path, JSON.stringify({ connection, sealed }));
      }
      for (const id of ids) expect((await store.resolve(owner(id))).password).toBe(`${secret} ${id}`);
      expect(store.changeKey()).toEqual({ sealed: 3, unreadable: 0 });
      expect(readKeys(keyFile)).toHaveLength(1);
      for (const id of ids) expect((await store.resolve(owner(id))).password).toBe(`${secret} ${id}`);
    }
  });

  it('whose change fails half-way loses nothing', async () => {
    for (const id of ['a', 'b', 'c']) store.put(id, `${secret} ${id}`);
    const inTheWay = `${sealedFiles()[1]}.new`;
    mkdirSync(inTheWay);
    expect(() => store.changeKey()).toThrow();
    for (const id of ['a', 'b', 'c'])
      expect((await store.resolve(owner(id))).password).toBe(`${secret} ${id}`);
    rmSync(inTheWay, { recursive: true });
    expect(store.changeKey()).toEqual({ sealed: 3, unreadable: 0 });
    expect(readKeys(keyFile)).toHaveLength(1);
  });

  it('is kept as long as there is something sealed with it that could not be opened', async () => {
    store.put('a', secret);
    store.put('b', 'another');
    const [old] = readKeys(keyFile);
    const path = sealedFiles()[0] as string;
    const good = readFileSync(path, 'utf8');
    const { connection, sealed } = JSON.parse(good) as { connection: string; sealed: string };
    const bytes = Buffer.from(sealed, 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    writeFileSync(path, JSON.stringify({ connection, sealed: bytes.toString('base64') }));
    expect(store.changeKey()).toEqual({ sealed: 1, unreadable: 1 });
    expect(readKeys(keyFile).map(({ id }) => id)).toContain(old?.id);
    writeFileSync(path, good);
    expect((await store.resolve(owner('a'))).password).toBe(secret);
    expect(store.changeKey()).toEqual({ sealed: 2, unreadable: 0 });
    expect(readKeys(keyFile)).toHaveLength(1);
  });

  it('may be changed before there is anything to seal', async () => {
    expect(store.changeKey()).toEqual({ sealed: 0, unreadable: 0 });
    store.put('a', secret);
    expect((await store.resolve(owner('a'))).password).toBe(secret);
  });
});

describe('a test of a connection', () => {
  const { signal } = new AbortController();
  const test = (
    connection: CredentialOwner,
    signIn: Parameters<typeof tryCredential>[1],
  ): ReturnType<typeof tryCredential> =>
    tryCredential((given) => store.resolve(connection, given), signIn, signal);

  it('gives the credential to the sign-in, and runs nothing else', async () => {
    store.put('a', secret);
    const seen: unknown[] = [];
    expect(
      await test(owner('a'), async (credential, given) => {
        seen.push(credential, given);
      }),
    ).toEqual({ ok: true });
    expect(seen).toEqual([{ account: 'CONTOSO\\bot', password: secret }, signal]);
  });

  it('says why it failed, without the password in any form', async () => {
    store.put('a', secret);
    const result = await test(owner('a'), () =>
      Promise.reject(
        new ProductError(
          'SessionCreationInvalidCredentials',
          `xfreerdp /p:${secret} (${Buffer.from(secret).toString('base64')}) failed`,
          `Check ${JSON.stringify(secret)}.`,
        ),
      ),
    );
    expect(result).toMatchObject({ ok: false, error: { code: 'SessionCreationInvalidCredentials' } });
    expect(JSON.stringify(result)).not.toMatch(/horse|Y29ycmVjd/);
  });

  it('says so when there is no credential to try, or its reference leads nowhere', async () => {
    const never = () => Promise.reject(new Error('must not be called'));
    expect(await test(owner('x'), never)).toMatchObject({
      error: { code: 'CredentialMissing' },
    });
    expect(await test(byReference('env:DFLOW_TEST_NOWHERE'), never)).toMatchObject({
      error: { code: 'ReferenceNotFound' },
    });
    environment.DFLOW_TEST_LINES = 'one\ntwo';
    expect(await test(byReference('env:DFLOW_TEST_LINES'), never)).toMatchObject({
      error: { code: 'CredentialInvalid', message: expect.not.stringContaining('two') },
    });
  });
});
