// The Folder actions on a real folder.
import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join, parse, relative, sep } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { nameFilter } from '../../../src/runtime/actions/fileSystem.ts';
import { folderActions } from '../../../src/runtime/actions/folder.ts';
import { onWindows } from '../../../src/runtime/actions/platform.ts';
import { type FileValue, FlowDatetime, type FolderValue, type Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';
import { unprivileged } from './unprivileged.ts';

const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});

const run = (id: string, given: Record<string, Value>, signal = new AbortController().signal) =>
  runAction(folderActions, `Folder.${id}`, given, contextIn(folder, { signal }));
const outputs = async (id: string, given: Record<string, Value>) => (await run(id, given)).outputs ?? {};
/** Makes files, and folders for names that end in `/`. */
const put = async (...names: string[]) => {
  for (const name of names) {
    const path = join(folder, name);
    await mkdir(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (!name.endsWith('/')) await writeFile(path, `content of ${name}`);
  }
};
/** Everything below the test's folder, `/` between parts. */
const tree = async () => {
  const entries = await readdir(folder, { recursive: true });
  return entries.map((name) => name.split(sep).join('/')).sort();
};
const pathsOf = (list: Value | undefined) =>
  (list as (FileValue | FolderValue)[]).map((entry) => relative(folder, entry.path).split(sep).join('/'));

test.each([
  ['*', ['a.txt', 'noending', '.hidden']],
  ['*.*', ['a.txt', 'noending', '.hidden']],
  ['*.txt', ['a.txt', 'A.TXT', 'x.y.txt']],
  ['a?.csv', ['ab.csv', 'a1.csv']],
  ['*.csv;*.txt', ['a.csv', 'a.txt']],
  [' *.csv ; b* ', ['a.csv', 'b']],
  ['rep*2026*.x', ['report-2026-01.x', 'rep2026.x']],
  ['(a)+[b].txt', ['(a)+[b].txt']],
  ['Ä*', ['ärger.txt']],
])('the filter %j takes %j', (filter, names) => {
  for (const name of names) expect([name, nameFilter(filter)(name)]).toEqual([name, true]);
});

test.each([
  ['*.txt', ['a.txt.bak', 'txt', 'a.csv']],
  ['a?.csv', ['a.csv', 'abc.csv']],
  ['', ['a']],
  ['report', ['report1']],
])('the filter %j refuses %j', (filter, names) => {
  for (const name of names) expect([name, nameFilter(filter)(name)]).toEqual([name, false]);
});

test('a filter of many stars costs no more than length by length', () => {
  expect(nameFilter(`${'*a'.repeat(60)}b`)('a'.repeat(200))).toBe(false);
});

test.each([
  ['IfFolderExists.Exists', 'sub', true],
  ['IfFolderExists.Exists', 'a.txt', false],
  ['IfFolderExists.Exists', 'no', false],
  ['IfFolderExists.DoesNotExist', 'sub', false],
  ['IfFolderExists.DoesNotExist', 'no', true],
])('%s %s is %s', async (id, Path, condition) => {
  await put('sub/', 'a.txt');
  expect(await run(id, { Path })).toEqual({ condition });
});

describe('lists', () => {
  beforeEach(() => put('b.txt', 'A.txt', 'c.csv', 'sub/d.txt', 'sub/deep/e.txt', 'other/'));

  test.each<[string, Record<string, Value>, string[]]>([
    ['GetFiles', {}, ['A.txt', 'b.txt', 'c.csv']],
    ['GetFiles', { FileFilter: '*.TXT' }, ['A.txt', 'b.txt']],
    ['GetFiles', { FileFilter: '*.csv;a*' }, ['A.txt', 'c.csv']],
    [
      'GetFiles',
      { FileFilter: '*.txt', IncludeSubfolders: true },
      ['A.txt', 'b.txt', 'sub/d.txt', 'sub/deep/e.txt'],
    ],
    ['GetFiles', { FileFilter: 'none' }, []],
    ['GetFiles', { Folder: 'sub' }, ['sub/d.txt']],
    ['GetSubfolders', {}, ['other', 'sub']],
    ['GetSubfolders', { IncludeSubfolders: true }, ['other', 'sub', 'sub/deep']],
    ['GetSubfolders', { FolderFilter: 'd*', IncludeSubfolders: true }, ['sub/deep']],
  ])('%s %j', async (id, given, expected) => {
    const result = await outputs(id, { Folder: '.', ...given });
    expect(pathsOf(result.Files ?? result.Subfolders)).toEqual(expected);
  });

  test.each<[Record<string, Value>, string[]]>([
    [{ SortBy1: 'Size' }, ['b.txt', 'c.csv', 'A.txt']],
    [{ SortBy1: 'Size', SortDescending1: true }, ['A.txt', 'c.csv', 'b.txt']],
    [{ SortBy1: 'Extension', SortBy2: 'Size', SortDescending2: true }, ['c.csv', 'A.txt', 'b.txt']],
    [{ SortBy1: 'LastModified', SortDescending1: true }, ['c.csv', 'b.txt', 'A.txt']],
    [
      { SortBy1: 'Exists', SortBy2: 'NoSort', SortBy3: 'Name', SortDescending3: true },
      ['c.csv', 'b.txt', 'A.txt'],
    ],
  ])('sorted by %j', async (given, expected) => {
    for (const [name, size, day] of [
      ['b.txt', 1, 2],
      ['c.csv', 10, 3],
      ['A.txt', 200, 1],
    ] as const) {
      await writeFile(join(folder, name), 'x'.repeat(size));
      await utimes(join(folder, name), new Date(2025, 0, day), new Date(2025, 0, day));
    }
    expect(pathsOf((await outputs('GetFiles', { Folder: '.', ...given })).Files)).toEqual(expected);
  });

  test.runIf(!onWindows)('links to folders are listed but not entered, so that a circle ends', async () => {
    await symlink(folder, join(folder, 'sub', 'circle'));
    await symlink(join(folder, 'gone'), join(folder, 'broken'));
    const files = await outputs('GetFiles', { Folder: '.', IncludeSubfolders: true });
    expect(pathsOf(files.Files)).toEqual([
      'A.txt',
      'b.txt',
      'broken',
      'c.csv',
      'sub/d.txt',
      'sub/deep/e.txt',
    ]);
    const folders = await outputs('GetSubfolders', { Folder: '.', IncludeSubfolders: true });
    expect(pathsOf(folders.Subfolders)).toEqual(['other', 'sub', 'sub/circle', 'sub/deep']);
  });

  test.skipIf(onWindows)('a subfolder that may not be read', async () => {
    await chmod(folder, 0o755);
    await chmod(join(folder, 'sub'), 0);
    const given = { Folder: '.', IncludeSubfolders: true };
    const lenient = { ...given, FailOnAccessDenied: false };
    const [files, folders, found] = await unprivileged(async () => [
      await errorOf(run('GetFiles', given)),
      await errorOf(run('GetSubfolders', given)),
      await outputs('GetFiles', lenient),
    ]);
    await chmod(join(folder, 'sub'), 0o700);
    expect(files).toMatch(/^RetrieveListOfFilesError: .*sub": access is denied/);
    expect(folders).toMatch(/^RetrieveListOfSubfoldersError: .*sub": access is denied/);
    expect(pathsOf((found as Record<string, Value>).Files)).toEqual(['A.txt', 'b.txt', 'c.csv']);
  });

  test('a missing folder', async () => {
    for (const id of ['GetFiles', 'GetSubfolders']) {
      expect(await errorOf(run(id, { Folder: 'nowhere' }))).toMatch(
        /^FolderNotFoundError: .*nowhere" does not exist/,
      );
    }
  });

  test('a Folder value has the documented properties as they were read', async () => {
    await utimes(join(folder, 'sub'), new Date(2025, 0, 2), new Date(2024, 1, 29, 3, 4, 5));
    const { Subfolders } = await outputs('GetSubfolders', { Folder: '.', FolderFilter: 'sub' });
    expect(Object.fromEntries((Subfolders as FolderValue[])[0]?.properties ?? [])).toMatchObject({
      FullName: join(folder, 'sub'),
      RootPath: parse(folder).root,
      Parent: folder,
      Name: 'sub',
      Exists: true,
      IsEmpty: false,
      FilesCount: 1,
      FoldersCount: 1,
      LastModified: FlowDatetime.of(2024, 2, 29, 3, 4, 5),
    });
  });

  test('a stopped run ends the search', async () => {
    const stopped = AbortSignal.abort(new Error('the run was stopped'));
    await expect(run('GetFiles', { Folder: '.' }, stopped)).rejects.toBe(stopped.reason);
  });
});

describe('create', () => {
  test.each([
    ['.', 'new', 'new'],
    ['.', join('a', 'b'), 'a/b'],
    ['.', 'a\\b/c', 'a/b/c'],
    ['there', 'sub', 'there/sub'],
  ])('%s %s', async (FolderPath, FolderName, expected) => {
    await put('there/sub/');
    const { Folder } = await outputs('Create', { FolderPath, FolderName });
    expect(pathsOf([Folder as Value])).toEqual([expected]);
    expect(await tree()).toContain(expected);
  });

  test.each([
    ['nowhere', 'x', /^FolderNotFoundError: /],
    ['', '', /^NewFolderPathAndNameEmptyError: /],
    [
      '.',
      'a.txt',
      /^CreateFolderError: Cannot create folder ".*a\.txt": something with this name already exists\.$/,
    ],
  ])('%j %j fails with %s', async (FolderPath, FolderName, message) => {
    await put('a.txt');
    expect(await errorOf(run('Create', { FolderPath, FolderName }))).toMatch(message);
  });
});

describe('copy and move', () => {
  beforeEach(() => put('from/a.txt', 'from/deep/b.txt', 'from/empty/', 'to/'));

  test('a folder goes into the destination with everything in it', async () => {
    const whole = ['to/from', 'to/from/a.txt', 'to/from/deep', 'to/from/deep/b.txt', 'to/from/empty'];
    const { CopiedFolder } = await outputs('Copy', { Folder: 'from', Destination: 'to' });
    expect(pathsOf([CopiedFolder as Value])).toEqual(['to/from']);
    expect(await tree()).toEqual(expect.arrayContaining(['from/deep/b.txt', ...whole]));
    await put('second/');
    const { MovedFolder } = await outputs('Move', { Folder: join('to', 'from'), Destination: 'second' });
    expect(pathsOf([MovedFolder as Value])).toEqual(['second/from']);
    expect((await tree()).filter((name) => name.startsWith('to/'))).toEqual([]);
    expect((await tree()).filter((name) => name.startsWith('second/'))).toHaveLength(whole.length);
  });

  test.each([
    ['DoNothing', 'old'],
    ['Overwrite', 'content of from/a.txt'],
  ])('a folder that is there already: %s', async (IfFolderExists, expected) => {
    await put('to/from/kept.txt');
    await writeFile(join(folder, 'to/from/a.txt'), 'old');
    await run('Copy', { Folder: 'from', Destination: 'to', IfFolderExists });
    expect(await readFile(join(folder, 'to/from/a.txt'), 'utf8')).toBe(expected);
    expect(await tree()).toContain('to/from/kept.txt');
  });

  test.each([
    ['Copy', 'nowhere', 'to', /^FolderNotFoundError: /],
    ['Copy', 'from', 'nowhere', /^DestinationFolderNotFoundError: /],
    ['Copy', 'from', join('from', 'deep'), /^CopyFolderError: .*its own place or inside it/],
    ['Copy', 'from', '.', /^CopyFolderError: /],
    ['Move', 'from', join('from', 'deep'), /^MoveFolderError: /],
    ['Move', 'from', 'taken', /^MoveFolderError: .*something with this name already exists/],
  ])('%s %s to %s fails with %s', async (id, Folder, Destination, message) => {
    await put('taken/from/x.txt');
    const before = await tree();
    expect(
      await errorOf(
        run(id, { Folder, Destination, ...(id === 'Copy' ? { IfFolderExists: 'Overwrite' } : {}) }),
      ),
    ).toMatch(message);
    expect(await tree()).toEqual(before);
  });
});

describe('rename, delete, empty', () => {
  beforeEach(() => put('sub/a.txt', 'sub/deep/b.txt', 'taken/', 'c.txt'));

  test('rename', async () => {
    const { RenamedFolder } = await outputs('Rename', { Folder: 'sub', NewName: 'new' });
    expect(pathsOf([RenamedFolder as Value])).toEqual(['new']);
    expect(await tree()).toContain('new/deep/b.txt');
  });

  test('delete', async () => {
    await run('Delete', { Folder: 'sub' });
    expect(await tree()).toEqual(['c.txt', 'taken']);
  });

  test('empty', async () => {
    await run('Empty', { Folder: 'sub' });
    expect(await tree()).toEqual(['c.txt', 'sub', 'taken']);
  });

  test.runIf(!onWindows)('what a link leads to is never deleted', async () => {
    await put('bin/');
    await symlink(join(folder, 'sub'), join(folder, 'bin', 'link'));
    await run('Empty', { Folder: 'bin' });
    await symlink(join(folder, 'sub'), join(folder, 'bin', 'link'));
    await run('Delete', { Folder: 'bin' });
    expect(await tree()).toEqual(['c.txt', 'sub', 'sub/a.txt', 'sub/deep', 'sub/deep/b.txt', 'taken']);
  });

  test.each<[string, Record<string, Value>, RegExp]>([
    ['Rename', { Folder: 'nowhere', NewName: 'x' }, /^FolderNotFoundError: /],
    [
      'Rename',
      { Folder: 'sub', NewName: 'taken' },
      /^RenameFolderError: .*something with this name already exists/,
    ],
    ['Rename', { Folder: 'sub', NewName: '../up' }, /^RenameFolderError: .*"\.\.\/up" is not a valid name/],
    ['Rename', { Folder: 'sub', NewName: '..\\up' }, /^RenameFolderError: .* is not a valid name/],
    ['Delete', { Folder: 'nowhere' }, /^FolderNotFoundError: /],
    ['Delete', { Folder: 'c.txt' }, /^FolderNotFoundError: ".*c\.txt" is a file, not a folder/],
  ])('%s %j fails with %s', async (id, given, message) => {
    const before = await tree();
    expect(await errorOf(run(id, given))).toMatch(message);
    expect(await tree()).toEqual(before);
  });
});

describe.runIf(process.platform === 'linux')('special folders', () => {
  test.each([
    ['DesktopDirectory', 'Desktop'],
    ['Personal', 'Documents'],
    ['ApplicationData', basename(process.env.XDG_CONFIG_HOME || '.config')],
    ['LocalApplicationData', basename(process.env.XDG_DATA_HOME || 'share')],
  ])('%s ends in %s where the user has not chosen another', async (SpecialFolder, name) => {
    const { SpecialFolderPath } = await outputs('GetSpecialFolder', { SpecialFolder });
    expect(basename((SpecialFolderPath as FolderValue).path)).toBe(name);
  });

  test('the user’s own choice counts', async () => {
    const before = process.env.XDG_CONFIG_HOME;
    process.env.XDG_CONFIG_HOME = folder;
    try {
      await writeFile(join(folder, 'user-dirs.dirs'), '# by hand\nXDG_DESKTOP_DIR="$HOME/Schreibtisch"\n');
      const { SpecialFolderPath } = await outputs('GetSpecialFolder', {});
      expect((SpecialFolderPath as FolderValue).path).toMatch(/.\/Schreibtisch$/);
    } finally {
      if (before === undefined) delete process.env.XDG_CONFIG_HOME;
      else process.env.XDG_CONFIG_HOME = before;
    }
  });

  test('a folder only Windows has', async () => {
    const work = run('GetSpecialFolder', { SpecialFolder: 'StartMenu' });
    expect(await errorOf(work)).toBe('ActionFailed: This system has no special folder "StartMenu".');
  });
});

describe.skipIf(onWindows)('without the right to change anything', () => {
  test.each<[string, Record<string, Value>, string]>([
    ['Create', { FolderPath: '.', FolderName: 'new' }, 'CreateFolderError: Cannot create folder'],
    ['Copy', { Folder: 'sub', Destination: 'to' }, 'CopyFolderError: Cannot copy folder'],
    ['Move', { Folder: 'sub', Destination: 'to' }, 'MoveFolderError: Cannot move folder'],
    ['Rename', { Folder: 'sub', NewName: 'x' }, 'RenameFolderError: Cannot rename folder'],
    ['Delete', { Folder: 'sub' }, 'DeleteFolderError: Cannot delete folder'],
    ['Empty', { Folder: 'sub' }, 'DeleteFolderContentsError: Cannot empty folder'],
  ])('%s %j fails', async (id, given, message) => {
    await put('sub/a.txt', 'to/');
    for (const name of ['.', 'sub', 'to']) await chmod(join(folder, name), 0o555);
    const before = await tree();
    const error = await unprivileged(() => errorOf(run(id, given)));
    for (const name of ['.', 'sub', 'to']) await chmod(join(folder, name), 0o755);
    expect(error).toContain(message);
    expect(error).toContain('access is denied');
    expect(await tree()).toEqual(before);
  });
});

test('a copied folder keeps the times of its files', async () => {
  await put('from/deep/a.txt', 'to/');
  const then = new Date(2020, 1, 3, 4, 5, 6);
  await utimes(join(folder, 'from/deep/a.txt'), then, then);
  await outputs('Copy', { Folder: 'from', Destination: 'to' });
  expect((await stat(join(folder, 'to/from/deep/a.txt'))).mtime).toEqual(then);
});
