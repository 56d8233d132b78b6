// References to credentials: which are read, which are refused, and that none gives anything away. Programs: references.slow.test.ts.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parseReference, References } from '../../../src/agent/credentials/references.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-references-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const code = (expected: string) => expect.objectContaining({ code: expected });
const posix = process.platform !== 'win32';

function references(environment: NodeJS.ProcessEnv = {}, isAllowed: () => boolean = () => true): References {
  return new References({ environment, isAllowed });
}

describe.runIf(posix)('a reference', () => {
  it.each([
    ['env:BOT_PASSWORD', { kind: 'env', name: 'BOT_PASSWORD' }],
    ['file:/run/secrets/bot password', { kind: 'file', path: '/run/secrets/bot password' }],
    [
      'command:/usr/bin/pass show rpa/bot',
      { kind: 'command', program: '/usr/bin/pass', args: ['show', 'rpa/bot'] },
    ],
    [
      'command:"/opt/my tools/ask" "a b" "" $HOME;ls \'x\'',
      { kind: 'command', program: '/opt/my tools/ask', args: ['a b', '', '$HOME;ls', "'x'"] },
    ],
  ])('%s', (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
  });

  it.each([
    'hunter2',
    'env:',
    'env:1PASSWORD',
    'env:A B',
    'env:A=B',
    'ENV:A',
    'file:relative/path',
    'file:',
    'command:pass show x',
    'command:/bin/echo "open',
    'command:/bin/echo a"b"c',
    'command:   ',
    'file:/a\0b',
    'command:/bin/echo a\nb',
    'vault:secret/bot',
    `file:/${'x'.repeat(1_000)}`,
  ])('not %.40j, which is not repeated', (text) => {
    const attempt = () => parseReference(text);
    expect(attempt).toThrow(code('ReferenceInvalid'));
    if (text.length > 8) expect(attempt).not.toThrow(text);
  });

  it('of any text is read or refused with a code', () => {
    const part = fc.string({ unit: fc.constantFrom(...'aZ_1 "\\/:$\n') });
    fc.assert(
      fc.property(fc.constantFrom('', 'env:', 'file:/', 'command:/'), part, (kind, text) => {
        try {
          parseReference(kind + text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ReferenceInvalid' });
        }
      }),
    );
  });

  it('is used only when the owner of the machine allows it', async () => {
    const environment = { BOT: 'secret' };
    const refused = references(environment, () => false);
    for (const text of ['env:BOT', 'file:/etc/hostname', 'command:/bin/echo --password=hunter2']) {
      await expect(refused.resolve(text)).rejects.toEqual(code('ReferenceNotAllowed'));
      expect(() => refused.claim(text)).toThrow(expect.not.stringContaining('hunter2'));
    }
    expect(environment).toEqual({ BOT: 'secret' });
  });
});

describe('a variable', () => {
  it('leaves the environment when it is claimed, and stays known', async () => {
    const environment: NodeJS.ProcessEnv = { BOT: 'secret', OTHER: 'x' };
    const known = references(environment);
    known.claim('env:BOT');
    expect(environment).toEqual({ OTHER: 'x' });
    expect(await known.resolve('env:BOT')).toBe('secret');
    expect(await known.resolve('env:BOT')).toBe('secret');
    known.claim('env:OTHER');
    expect(environment).toEqual({});
  });

  it('that is not set says so', async () => {
    await expect(references().resolve('env:NOWHERE')).rejects.toMatchObject({
      code: 'ReferenceNotFound',
      message: expect.stringContaining('environment variable NOWHERE'),
    });
    await expect(references().resolve('env:toString')).rejects.toEqual(code('ReferenceNotFound'));
  });
});

describe.runIf(posix)('a file', () => {
  const path = join(folder, 'password');
  const write = (content: string | Buffer, mode = 0o600): string => {
    writeFileSync(path, content);
    chmodSync(path, mode);
    return `file:${path}`;
  };

  it.each(['secret', 'secret\n', 'secret\r\n'])(
    'gives its text without the line end: %j',
    async (content) => {
      expect(await references().resolve(write(content, 0o400))).toBe('secret');
    },
  );

  it('is read anew each time (rule CON-10)', async () => {
    const known = references();
    expect(await known.resolve(write('old'))).toBe('old');
    expect(await known.resolve(write('new'))).toBe('new');
  });

  it.each([0o644, 0o640, 0o604, 0o660, 0o610])(
    'that others have access to (mode %o) is refused',
    async (mode) => {
      await expect(references().resolve(write('secret', mode))).rejects.toMatchObject({
        code: 'ReferenceExposed',
        message: expect.stringContaining(mode.toString(8)),
      });
    },
  );

  it('behind a link is judged itself', async () => {
    const link = join(folder, 'link');
    write('secret', 0o644);
    symlinkSync(path, link);
    await expect(references().resolve(`file:${link}`)).rejects.toEqual(code('ReferenceExposed'));
    write('secret');
    expect(await references().resolve(`file:${link}`)).toBe('secret');
  });

  it.skipIf(process.geteuid?.() !== 0)('of another account is refused', async () => {
    const { chownSync } = await import('node:fs');
    const reference = write('secret');
    chownSync(path, 12_345, 12_345);
    await expect(references().resolve(reference)).rejects.toEqual(code('ReferenceExposed'));
    rmSync(path);
  });

  it('that is missing, a folder, too large or no text says so', async () => {
    const { resolve } = { resolve: (text: string) => references().resolve(text) };
    await expect(resolve(`file:${join(folder, 'nowhere')}`)).rejects.toEqual(code('ReferenceNotFound'));
    mkdirSync(join(folder, 'sub'), { mode: 0o700 });
    await expect(resolve(`file:${join(folder, 'sub')}`)).rejects.toEqual(code('ReferenceFailed'));
    await expect(resolve(write('x'.repeat(64 * 1024 + 1)))).rejects.toEqual(code('ReferenceFailed'));
    await expect(resolve(write(Buffer.from([0x73, 0xff])))).rejects.toEqual(code('ReferenceFailed'));
  });
});
