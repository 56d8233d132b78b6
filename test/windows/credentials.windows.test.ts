// Secrets at rest with Windows' own means: keys protected by DPAPI, found again after a restart, and files that only their owner can read.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exposure, keepPrivate, ownAccount } from '../../src/agent/access.ts';
import { openCredentialStore } from '../../src/agent/credentials/credentialStore.ts';
import { newKey, readKeys, writeKeys } from '../../src/agent/credentials/keys.ts';
import { readPrivateFile } from '../../src/agent/credentials/privateFile.ts';
import { scopeOf, systemProtection } from '../../src/agent/credentials/protection.ts';
import { References } from '../../src/agent/credentials/references.ts';
import { prepareDataFolder, writePrivateFile } from '../../src/agent/dataFolder.ts';
import { openVault } from '../../src/agent/seal.ts';
import { protect, setSecurity } from '../../src/win32/security.ts';
import { temporaryFolder } from './harness.ts';

const references = new References({ environment: {}, isAllowed: () => true });
const connection = {
  id: 'connection-1',
  name: 'The robot',
  account: '.\\robot',
  credential: { kind: 'sealed' },
} as const;
const secret = `ä $%1'"\\ secret`;

describe('passwords of connections', () => {
  it('are found again by the next process of the agent, and by nobody who has the files only', async () => {
    using folder = temporaryFolder('credentials');
    openCredentialStore(folder.path, references).put(connection.id, secret);
    const source = (path: string) => JSON.stringify(new URL(`../../src/agent/${path}`, import.meta.url).href);
    const out = join(folder.path, 'found.txt');
    const script = `
      import { writeFileSync } from 'node:fs';
      import { openCredentialStore } from ${source('credentials/credentialStore.ts')};
      const [, folder, out, connection] = process.argv;
      const { password } = await openCredentialStore(folder, {}).resolve(JSON.parse(connection));
      writeFileSync(out, password);`;
    const args = ['--input-type=module', '-e', script, folder.path, out, JSON.stringify(connection)];
    execFileSync(process.execPath, args, { stdio: 'ignore' });
    assert.equal(readFileSync(out, 'utf8'), secret);

    const keyFile = join(folder.path, 'credentials.key');
    const [key] = readKeys(keyFile);
    const text = readFileSync(keyFile, 'utf8');
    assert.match(text, /^protected (user|machine) \S+\n$/);
    assert.ok(!text.includes(key?.bytes.toString('base64') as string));
    assert.ok(!text.includes(key?.id as string));
  });

  it('do not open when the key was protected for something else, and the file stays', () => {
    using folder = temporaryFolder('credentials');
    const store = openCredentialStore(folder.path, references);
    store.put(connection.id, secret);
    const keyFile = join(folder.path, 'credentials.key');
    const other = protect(Buffer.from('0123'), 'user', 'another purpose').toString('base64');
    writePrivateFile(keyFile, `protected user ${other}\n`);
    keepPrivate(keyFile, 'file');
    assert.throws(() => readKeys(keyFile), { code: 'CredentialKeyDamaged' });
    assert.throws(() => store.put('another', secret), { code: 'CredentialKeyDamaged' });
    assert.match(readFileSync(keyFile, 'utf8'), new RegExp(other.slice(0, 40).replaceAll('+', '\\+')));
  });

  it('are sealed anew with a new key', async () => {
    using folder = temporaryFolder('credentials');
    const store = openCredentialStore(folder.path, references);
    store.put(connection.id, secret);
    const before = readKeys(join(folder.path, 'credentials.key'))[0]?.id;
    assert.deepEqual(store.changeKey(), { sealed: 1, unreadable: 0 });
    assert.notEqual(readKeys(join(folder.path, 'credentials.key'))[0]?.id, before);
    assert.equal((await store.resolve(connection)).password, secret);
  });

  it('are of the machine for services, and of the user for everybody else', () => {
    assert.equal(scopeOf('S-1-5-18'), 'machine');
    assert.equal(scopeOf('S-1-5-21-1-2-3-1001'), 'user');
    assert.equal(systemProtection()?.scope, scopeOf(ownAccount()));
  });
});

describe('the key of inputs', () => {
  const open = (path: string) => openVault(path, systemProtection('key of inputs'));

  it('of an older version is protected, opens what it sealed, and opens as no other key', () => {
    using folder = temporaryFolder('inputs');
    const file = join(folder.path, 'inputs.key');
    const sealed = openVault(folder.path).seal('run', { Password: secret });
    const plain = readFileSync(file);
    assert.equal(plain.length, 32);
    assert.deepEqual(open(folder.path).open('run', sealed), { Password: secret });
    const text = readFileSync(file);
    assert.match(text.toString('latin1'), /^protected (user|machine) \S+\n$/);
    assert.ok(!text.includes(plain) && !text.includes(plain.toString('base64')));
    assert.equal(exposure(file), undefined);
    assert.deepEqual(open(folder.path).open('run', sealed), { Password: secret });
    assert.throws(() => openVault(folder.path, systemProtection()), { code: 'InputsKeyDamaged' });
    assert.deepEqual(readFileSync(file), text);
  });
});

describe('files of the agent', () => {
  it('are for their owner, the system and administrators', () => {
    using folder = temporaryFolder('access');
    const data = join(folder.path, 'data');
    prepareDataFolder(data);
    keepPrivate(data, 'folder');
    const keyFile = join(data, 'keys');
    writeKeys(keyFile, [newKey()]);
    assert.equal(exposure(keyFile), undefined);
    assert.equal(readPrivateFile(keyFile).kind, 'read');
  });

  it('are refused when others can read them', () => {
    using folder = temporaryFolder('access');
    const keyFile = join(folder.path, 'keys');
    writeKeys(keyFile, [newKey()]);
    setSecurity(keyFile, 'file', `D:P(A;;FA;;;SY)(A;;FA;;;${ownAccount()})(A;;FR;;;WD)`);
    assert.match(exposure(keyFile) ?? '', /other accounts have access, WD/);
    assert.throws(() => readKeys(keyFile), { code: 'CredentialKeyExposed' });
  });

  it('are made private outside the profile, where the folder was there before', () => {
    const folder = join(process.env.ProgramData ?? 'C:\\ProgramData', `desktop-flows-test-${process.pid}`);
    mkdirSync(folder);
    try {
      const file = join(folder, 'agent.json');
      for (const text of ['{}', '{"a":1}']) {
        writePrivateFile(file, text);
        assert.equal(exposure(file), undefined);
        assert.equal(readFileSync(file, 'utf8'), text);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
