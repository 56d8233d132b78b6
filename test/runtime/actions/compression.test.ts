// The Compression actions on real archives; those a packer would not make are made with the library, entry by entry.
import { mkdir, readdir, readFile, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader, ZipWriter } from '@zip.js/zip.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { compressionActions } from '../../../src/runtime/actions/compression/index.ts';
import { unpack, unpackLimits } from '../../../src/runtime/actions/compression/unpack.ts';
import { onWindows } from '../../../src/runtime/actions/platform.ts';
import type { FileValue, Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});

const run = (id: string, given: Record<string, Value>, context = contextIn(folder)) =>
  runAction(compressionActions, `Compression.${id}`, given, context);
const zip = (FilesOrFoldersToZip: Value, more: Record<string, Value> = {}) =>
  run('ZipFiles', { ArchivePath: 'a.zip', FilesOrFoldersToZip, ...more });
const unzip = (more: Record<string, Value> = {}) =>
  run('UnzipFiles', { ArchivePath: 'a.zip', DestinationFolder: 'out', ...more });
const put = async (files: Record<string, string>) => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
};
/** Paths of files and empty folders below `sub`, with what the files hold. */
async function tree(sub = 'out'): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(join(folder, sub), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(join(folder, sub).length + 1).replaceAll('\\', '/');
    if (entry.isFile()) found[name] = await readFile(path, 'utf8');
    else if ((await readdir(path)).length === 0) found[`${name}/`] = '';
  }
  return found;
}
/** Makes `a.zip` of entries as given. */
async function archiveOf(...entries: [string, string | Uint8Array, object?][]): Promise<void> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  for (const [name, content, options] of entries) {
    await writer.add(name, new Uint8ArrayReader(Buffer.from(content)), options);
  }
  await writeFile(join(folder, 'a.zip'), await writer.close());
}
const entriesIn = async (name = 'a.zip') =>
  await new ZipReader(new Uint8ArrayReader(await readFile(join(folder, name)))).getEntries();

describe('zip and unzip', () => {
  const files = { 'in/a.txt': 'a', 'in/sub/b.csv': 'b;c', 'in/sub/ünïcödé 日本.txt': 'ß', 'alone.txt': '1' };

  test.each(['None', 'BestSpeed', 'BestBalanceOfSpeedAndCompression', 'BestCompression'])(
    'bring everything back with level %s',
    async (CompressionLevel) => {
      await put(files);
      await mkdir(join(folder, 'in/empty'));
      const result = await zip(['in', 'alone.txt'], { CompressionLevel });
      expect((result.outputs?.ZipFile as FileValue | undefined)?.path).toBe(join(folder, 'a.zip'));
      expect(await unzip()).toEqual({});
      expect(await tree()).toEqual({ ...files, 'in/empty/': '' });
    },
  );

  test('the level matters', async () => {
    await put({ 'a.txt': 'the same again and again, '.repeat(20_000) });
    const size = async (CompressionLevel: string, ArchivePath: string) => {
      await zip('a.txt', { CompressionLevel, ArchivePath });
      return (await stat(join(folder, ArchivePath))).size;
    };
    const [none, fast, best] = [
      await size('None', '0.zip'),
      await size('BestSpeed', '1.zip'),
      await size('BestCompression', '9.zip'),
    ];
    expect(none).toBeGreaterThan(500_000);
    expect(fast).toBeLessThan(20_000);
    expect(best).toBeLessThan(fast);
  });

  test('a password protects, and is a secret', async () => {
    await put({ 'a.txt': 'hidden' });
    const context = contextIn(folder);
    await run(
      'ZipFiles',
      { ArchivePath: 'a.zip', FilesOrFoldersToZip: 'a.txt', Password: 'pa55wörd' },
      context,
    );
    expect(context.secrets).toEqual(['pa55wörd']);
    expect((await readFile(join(folder, 'a.zip'))).includes('hidden')).toBe(false);
    expect(await errorOf(unzip())).toMatch(/^UnzipError: .*protected with a password/);
    expect(await errorOf(unzip({ Password: 'wrong' }))).toMatch(
      /^UnzipError: Cannot unpack "a.txt" of ".*": the password is wrong\.$/,
    );
    await unzip({ Password: 'pa55wörd' });
    expect(await tree()).toEqual({ 'a.txt': 'hidden' });
  });

  test('reads the older encryption too', async () => {
    await archiveOf(['a.txt', 'hidden', { password: 'old', zipCrypto: true }]);
    expect(await errorOf(unzip({ Password: 'new' }))).toMatch(/^UnzipError: .*the password is wrong/);
    await unzip({ Password: 'old' });
    expect(await tree()).toEqual({ 'a.txt': 'hidden' });
  });

  test('keeps times, and writes the comment', async () => {
    await put({ 'a.txt': 'a' });
    const modified = new Date('2020-02-29T12:34:56Z');
    await utimes(join(folder, 'a.txt'), modified, modified);
    await zip('a.txt', { ArchiveComment: 'fünf' });
    const reader = new ZipReader(new Uint8ArrayReader(await readFile(join(folder, 'a.zip'))));
    await reader.getEntries();
    expect(Buffer.from(reader.comment).toString()).toBe('fünf');
    await unzip();
    expect((await stat(join(folder, 'out/a.txt'))).mtime).toEqual(modified);
  });

  test('an existing archive keeps its other entries, its comment and their passwords', async () => {
    await put({ 'a.txt': 'a', 'b.txt': 'b' });
    await zip(['a.txt', 'b.txt'], { Password: 'one', ArchiveComment: 'first' });
    await put({ 'b.txt': 'new', 'c.txt': 'c' });
    await zip(['b.txt', 'c.txt']);
    expect((await entriesIn()).map(({ filename, encrypted }) => [filename, encrypted])).toEqual([
      ['a.txt', true],
      ['b.txt', false],
      ['c.txt', false],
    ]);
    await unzip({ Password: 'one' });
    expect(await tree()).toEqual({ 'a.txt': 'a', 'b.txt': 'new', 'c.txt': 'c' });
    const reader = new ZipReader(new Uint8ArrayReader(await readFile(join(folder, 'a.zip'))));
    await reader.getEntries();
    expect(Buffer.from(reader.comment).toString()).toBe('first');
  });

  test('paths may be wildcards or stand in one text in double quotes', async () => {
    await put({ 'a.txt': 'a', 'b.txt': 'b', 'c.csv': 'c', 'd e.csv': 'd' });
    await zip('*.txt');
    await zip('"c.csv", "d e.csv"');
    expect((await entriesIn()).map(({ filename }) => filename)).toEqual([
      'a.txt',
      'b.txt',
      'c.csv',
      'd e.csv',
    ]);
  });

  test('a folder is packed without the archive in it and without circles', async () => {
    await put({ 'in/a.txt': 'a' });
    if (!onWindows) await symlink(join(folder, 'in'), join(folder, 'in/again'));
    await zip('in', { ArchivePath: 'in/a.zip' });
    await zip('in', { ArchivePath: 'in/a.zip' });
    expect((await entriesIn('in/a.zip')).map(({ filename }) => filename)).toEqual(['in/', 'in/a.txt']);
    expect(await readdir(join(folder, 'in'))).toHaveLength(onWindows ? 2 : 3);
  });

  test.each([
    ['*.txt', '', ['a.txt', 'in/b.txt']],
    ['*.txt;*.CSV', '', ['a.txt', 'c.csv', 'in/b.txt']],
    ['', '*.txt', ['c.csv', 'in/d']],
    ['?.*', 'c*', ['a.txt', 'in/b.txt']],
    ['in/*', '', ['in/b.txt', 'in/d']],
    ['*', 'in\\*', ['a.txt', 'c.csv']],
  ])('masks %j without %j select %j', async (IncludeMask, ExcludeMask, names) => {
    await archiveOf(['a.txt', '1'], ['c.csv', '2'], ['in/b.txt', '3'], ['in/d', '4']);
    await unzip({ IncludeMask, ExcludeMask });
    expect(Object.keys(await tree()).sort()).toEqual(names);
  });

  test('files that exist are replaced', async () => {
    await put({ 'out/a.txt': 'an old and longer text', 'out/b.txt': 'b' });
    await archiveOf(['a.txt', 'new']);
    await unzip();
    expect(await tree()).toEqual({ 'a.txt': 'new', 'b.txt': 'b' });
  });

  test('backslashes between folders, as some programs write them', async () => {
    await archiveOf(['one\\two\\a.txt', 'a']);
    await unzip();
    expect(await tree()).toEqual({ 'one/two/a.txt': 'a' });
  });
});

describe('errors of zip', () => {
  test.each([
    ['FileOrFolderNotFoundError', { FilesOrFoldersToZip: 'no.txt' }],
    ['FileOrFolderNotFoundError', { FilesOrFoldersToZip: ['a.txt', '*.no'] }],
    ['FileOrFolderNameInvalidError', { FilesOrFoldersToZip: 'a\0b' }],
    ['FileOrFolderNameInvalidError', { FilesOrFoldersToZip: onWindows ? 'C:\\' : '/' }],
    ['InvalidArchiveAlreadyExistsButItError', { ArchivePath: 'a.txt', FilesOrFoldersToZip: 'a.txt' }],
    ['ZipError', { ArchivePath: 'no/a.zip', FilesOrFoldersToZip: 'a.txt' }],
    ['ZipError', { ArchivePath: 'folder', FilesOrFoldersToZip: 'a.txt' }],
    ['ZipError', { FilesOrFoldersToZip: 'a.txt', ArchiveComment: 'x'.repeat(70_000) }],
  ])('%s (%#)', async (code, given) => {
    await put({ 'a.txt': 'a', 'folder/b.txt': 'b' });
    expect(await errorOf(zip(given.FilesOrFoldersToZip, given))).toMatch(new RegExp(`^${code}: `));
    expect((await readdir(folder)).sort()).toEqual(['a.txt', 'folder']);
  });

  test('stops in the middle of a file and leaves the old archive', async () => {
    await put({ 'a.txt': 'a' });
    await zip('a.txt');
    const before = await readFile(join(folder, 'a.zip'));
    await writeFile(join(folder, 'big'), '');
    await truncate(join(folder, 'big'), 4 * 1024 ** 3);
    const controller = new AbortController();
    const work = run(
      'ZipFiles',
      { ArchivePath: 'a.zip', FilesOrFoldersToZip: 'big', CompressionLevel: 'BestCompression' },
      contextIn(folder, { signal: controller.signal }),
    );
    setTimeout(() => controller.abort(new Error('stopped')), 100);
    const start = Date.now();
    await expect(work).rejects.toThrow('stopped');
    expect(Date.now() - start).toBeLessThan(1100);
    expect(await readFile(join(folder, 'a.zip'))).toEqual(before);
    expect((await readdir(folder)).sort()).toEqual(['a.txt', 'a.zip', 'big']);
  });
});

describe('errors of unzip', () => {
  test('ArchiveNotFoundError', async () => {
    await mkdir(join(folder, 'dir.zip'));
    expect(await errorOf(unzip())).toMatch(/^ArchiveNotFoundError: The archive ".*a\.zip" does not exist\.$/);
    expect(await errorOf(unzip({ ArchivePath: 'dir.zip' }))).toMatch(/^ArchiveNotFoundError: .*folder/);
  });

  test.each([
    ['no archive', Buffer.from('just some text that is long enough to be looked at')],
    ['nothing', Buffer.alloc(0)],
    ['another kind', Buffer.from('377abcaf271c0004', 'hex')],
  ])('InvalidArchiveError: %s', async (_, bytes) => {
    await writeFile(join(folder, 'a.zip'), bytes);
    expect(await errorOf(unzip())).toMatch(/^InvalidArchiveError: ".*a\.zip" is not a ZIP archive/);
  });

  test('InvalidArchiveError: an archive cut short', async () => {
    await archiveOf(['a.txt', 'a'.repeat(1000)]);
    await truncate(join(folder, 'a.zip'), 60);
    expect(await errorOf(unzip())).toMatch(/^InvalidArchiveError: /);
  });

  test('CreateFolderError', async () => {
    await archiveOf(['a.txt', 'a']);
    await put({ out: 'a file' });
    expect(await errorOf(unzip())).toMatch(/^CreateFolderError: Cannot create folder ".*out"/);
  });

  test('UnzipError: damaged content', async () => {
    await archiveOf(['a.txt', 'abcdef', { level: 0 }]);
    const bytes = await readFile(join(folder, 'a.zip'));
    bytes[bytes.indexOf('abcdef') + 2] = 0x41;
    await writeFile(join(folder, 'a.zip'), bytes);
    expect(await errorOf(unzip())).toMatch(/^UnzipError: .*the archive is damaged there/);
    expect(await tree()).toEqual({});
  });

  test('UnzipError: a folder is where a file belongs', async () => {
    await archiveOf(['a.txt', 'a']);
    await mkdir(join(folder, 'out/a.txt'), { recursive: true });
    expect(await errorOf(unzip())).toMatch(/^UnzipError: Cannot unpack "a\.txt" of ".*": it is a folder/);
  });

  test.each([
    '../a.txt',
    'x/../../a.txt',
    '..\\a.txt',
    '/etc/a.txt',
    '\\\\server\\share\\a.txt',
    'C:\\a.txt',
    'c:a.txt',
  ])('UnzipError: %s leads out of the folder, and nothing is unpacked', async (name) => {
    await archiveOf(['good.txt', 'good'], [name, 'evil']);
    expect(await errorOf(unzip())).toMatch(
      /^UnzipError: Nothing was unpacked, because the entry ".*" of ".*" is not safe/,
    );
    expect((await readdir(folder)).sort()).toEqual(['a.zip']);
  });

  test('UnzipError: links', async () => {
    await archiveOf(['link', '/etc', { unixMode: 0o120777 }]);
    expect(await errorOf(unzip())).toMatch(/^UnzipError: .*not safe: it is a link/);
    await unzip({ ExcludeMask: 'link' });
    expect(await tree()).toEqual({});
  });

  test('UnzipError: names of devices, which are names like others where no device has them', async () => {
    await archiveOf(['aux.txt', 'a']);
    if (onWindows) expect(await errorOf(unzip())).toMatch(/name is that of a device/);
    else {
      await unzip();
      expect(Object.keys(await tree())).toEqual(['aux.txt']);
    }
  });

  test('UnzipError: an archive made to fill the disk', async () => {
    await archiveOf(['zeros', Buffer.alloc(5_000_000)]);
    const work = {
      archive: join(folder, 'a.zip'),
      destination: join(folder, 'out'),
      password: '',
      include: '*',
      exclude: '',
    };
    const signal = new AbortController().signal;
    const limited = (limits: object) => unpack({ ...work, limits: { ...unpackLimits, ...limits } }, signal);
    expect(await errorOf(limited({ ratioFrom: 1_000_000 }))).toMatch(
      /^UnzipError: .*more than 200 times its size/,
    );
    expect(await errorOf(limited({ bytes: 4_999_999 }))).toMatch(/^UnzipError: .*more than 4,999,999 bytes/);
    expect(await errorOf(limited({ entries: 0 }))).toMatch(/^UnzipError: .*more than 0 entries/);
    expect(await tree()).toEqual({});
    await limited({ bytes: 5_000_000 });
    expect(Object.keys(await tree())).toEqual(['zeros']);
  });

  test('UnzipError: entries that share their data', async () => {
    await archiveOf(['a', 'x'.repeat(100), { level: 0 }], ['b', 'x'.repeat(100), { level: 0 }]);
    const bytes = await readFile(join(folder, 'a.zip'));
    // The second entry of the directory is made to point at the data of the first.
    const directory = bytes.lastIndexOf(Buffer.from('504b0102', 'hex'));
    bytes.writeUInt32LE(0, directory + 42);
    await writeFile(join(folder, 'a.zip'), bytes);
    expect(await errorOf(unzip())).toMatch(/^UnzipError: Cannot unpack "b"/);
  });

  test('stops in the middle of a file and leaves no part of it', async () => {
    await writeFile(join(folder, 'big'), '');
    await truncate(join(folder, 'big'), 80 * 1024 ** 2);
    await zip('big', { CompressionLevel: 'None' });
    const controller = new AbortController();
    const work = run(
      'UnzipFiles',
      { ArchivePath: 'a.zip', DestinationFolder: 'out' },
      contextIn(folder, { signal: controller.signal }),
    );
    setTimeout(() => controller.abort(new Error('stopped')), 20);
    const start = Date.now();
    await expect(work).rejects.toThrow('stopped');
    expect(Date.now() - start).toBeLessThan(1050);
    expect(await tree()).toEqual({});
  });
});
