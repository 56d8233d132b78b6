// The File actions on a real folder. CSV has its own file.
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { fileActions } from '../../../src/runtime/actions/file.ts';
import { failure } from '../../../src/runtime/actions/fileSystem.ts';
import { onWindows } from '../../../src/runtime/actions/platform.ts';
import { FileValue, FlowDatetime, FolderValue, type Value } from '../../../src/runtime/values.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeHost } from '../../fakes/host.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';
import { unprivileged } from './unprivileged.ts';

const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});

const run = (id: string, given: Record<string, Value>, context = contextIn(folder)) =>
  runAction(fileActions, `File.${id}`, given, context);
const outputs = async (id: string, given: Record<string, Value>) => (await run(id, given)).outputs ?? {};
const put = async (...names: string[]) => {
  for (const name of names) await writeFile(join(folder, name), `content of ${name}`);
};
const names = async (sub = '.') => (await readdir(join(folder, sub))).sort();
const content = (name: string) => readFile(join(folder, name), 'utf8');
const namesOf = (files: Value | undefined) => (files as FileValue[]).map((file) => basename(file.path));

describe('conditions and waits', () => {
  test.each([
    ['IfFile.Exists', 'a.txt', true],
    ['IfFile.Exists', 'no.txt', false],
    ['IfFile.Exists', 'sub', false],
    ['IfFile.DoesNotExist', 'a.txt', false],
    ['IfFile.DoesNotExist', 'no/way.txt', true],
    ['WaitForFile.Created', 'a.txt', true],
    ['WaitForFile.Created', 'no.txt', false],
    ['WaitForFile.Deleted', 'a.txt', false],
    ['WaitForFile.Deleted', 'no.txt', true],
  ])('%s %j is %s', async (id, file, condition) => {
    await put('a.txt');
    await mkdir(join(folder, 'sub'));
    expect(await run(id, { File: file })).toEqual({ condition });
  });
});

describe('copy and move', () => {
  beforeEach(async () => {
    await mkdir(join(folder, 'to'));
    await put('a.txt', 'b.TXT', 'c.csv', 'to/a.txt');
  });

  test.each([
    ['Copy', 'Overwrite', ['a.txt'], ['a.txt'], 'content of a.txt'],
    ['Copy', 'DoNothing', ['a.txt'], [], 'content of to/a.txt'],
    ['Copy', 'DoNothing', ['a.txt', 'c.csv'], ['c.csv'], 'content of to/a.txt'],
    ['Copy', 'Overwrite', ['*.txt'], ['a.txt', 'b.TXT'], 'content of a.txt'],
    ['Copy', 'Overwrite', ['?.*'], ['a.txt', 'b.TXT', 'c.csv'], 'content of a.txt'],
    ['Move', 'Overwrite', ['a.txt', 'b.TXT'], ['a.txt', 'b.TXT'], 'content of a.txt'],
    ['Move', 'DoNothing', ['*.*'], ['b.TXT', 'c.csv'], 'content of to/a.txt'],
  ])('%s with %s of %j brings %j', async (id, IfFileExists, Files, brought, first) => {
    const result = await outputs(id, { Files, Destination: 'to', IfFileExists });
    const list = result[id === 'Copy' ? 'CopiedFiles' : 'MovedFiles'];
    expect(namesOf(list)).toEqual(brought);
    for (const file of list as FileValue[]) expect(file.properties.get('Exists')).toBe(true);
    expect(await content('to/a.txt')).toBe(first);
    const left = await names();
    for (const name of brought) expect(left.includes(name)).toBe(id === 'Copy');
  });

  test('takes a File value and a Folder value', async () => {
    const Files = new FileValue(join(folder, 'c.csv'), new Map());
    const Destination = new FolderValue(join(folder, 'to'), new Map());
    expect(namesOf((await outputs('Copy', { Files, Destination })).CopiedFiles)).toEqual(['c.csv']);
  });

  test.runIf(!onWindows)('a name with a star that exists is itself, not a wildcard', async () => {
    await put('*.txt');
    expect(namesOf((await outputs('Copy', { Files: '*.txt', Destination: 'to' })).CopiedFiles)).toEqual([
      '*.txt',
    ]);
  });

  test.each([
    ['Copy', 'no.txt', 'to', /^FileNotFoundError: The file ".*no\.txt" does not exist\.$/],
    ['Copy', 'x*.txt', 'to', /^FileNotFoundError: .*x\*\.txt/],
    ['Copy', 'to', 'to', /^FileNotFoundError: ".*to" is a folder, not a file\.$/],
    ['Move', 'nowhere/a.txt', 'to', /^SourceFolderNotFoundError: .*nowhere/],
    ['Copy', 'a.txt', 'nowhere', /^DestinationFolderNotFoundError: The folder ".*nowhere" does not exist\.$/],
    ['Move', 'a.txt', 'c.csv', /^DestinationFolderNotFoundError: ".*c\.csv" is a file, not a folder\.$/],
    ['Copy', 'a.txt', '.', /^CopyFileError: .* are the same file\.$/],
    ['Move', 'a.txt', '.', /^MoveFileError: .* are the same file\.$/],
  ])('%s %s to %s fails with %s', async (id, Files, Destination, message) => {
    const before = await names();
    expect(await errorOf(run(id, { Files, Destination, IfFileExists: 'Overwrite' }))).toMatch(message);
    expect(await names()).toEqual(before);
    expect(await content('a.txt')).toBe('content of a.txt');
  });

  test('stops between two files when the run stops', async () => {
    const stopped = AbortSignal.abort(new Error('the run was stopped'));
    const work = run('Copy', { Files: '*.txt', Destination: 'to' }, contextIn(folder, { signal: stopped }));
    await expect(work).rejects.toBe(stopped.reason);
  });
});

test.runIf(!onWindows)(
  'a Windows path is refused where it has no meaning, before anything is written',
  async () => {
    for (const [id, given] of [
      ['IfFile.Exists', { File: 'C:\\in.txt' }],
      ['WriteText', { File: 'C:\\out.txt' }],
      ['Delete', { Files: ['C:\\*.*'] }],
    ] as const) {
      expect(await errorOf(run(id, given as Record<string, Value>))).toMatch(
        /^InvalidArgument: "C:.*" is not a complete path on this system\.$/,
      );
    }
  },
);

describe('delete', () => {
  test('deletes files, by wildcard too, and never folders', async () => {
    await mkdir(join(folder, 'sub.tmp'));
    await put('a.tmp', 'b.tmp', 'c.txt', 'd.txt');
    await run('Delete', { Files: ['*.tmp', 'd.txt'] });
    expect(await names()).toEqual(['c.txt', 'sub.tmp']);
  });

  test.runIf(!onWindows)('a link is deleted, not what it leads to', async () => {
    await put('real.txt');
    await symlink(join(folder, 'real.txt'), join(folder, 'link.txt'));
    await run('Delete', { Files: 'link.txt' });
    expect(await names()).toEqual(['real.txt']);
  });

  test.each([
    ['no.txt', /^FileNotFoundError: /],
    ['nowhere/no.txt', /^FilePathNotFoundError: .*nowhere/],
  ])('%s fails with %s', async (Files, message) => {
    expect(await errorOf(run('Delete', { Files }))).toMatch(message);
  });
});

describe('rename', () => {
  const at = FlowDatetime.of(2026, 3, 9, 14, 5, 6);
  test.each<[string, Record<string, Value>, string[]]>([
    ['Rename', { NewName: 'new' }, ['new.v1.txt']],
    ['Rename', { NewName: 'new', KeepExtension: false }, ['new']],
    ['Rename', { NewName: 'new.csv', KeepExtension: false }, ['new.csv']],
    ['RenameAddText', { TextToAdd: '_old' }, ['report.v1_old.txt', 'todo_old']],
    ['RenameAddText', { TextToAdd: 'x-', TextPosition: 'BeforeName' }, ['x-report.v1.txt', 'x-todo']],
    ['RenameRemoveText', { TextToRemove: 'o' }, ['reprt.v1.txt', 'td']],
    ['RenameReplaceText', { TextToReplace: 'o', ReplaceWith: '$&0' }, ['rep$&0rt.v1.txt', 't$&0d$&0']],
    ['RenameChangeExtension', { NewExtension: '.csv' }, ['report.v1.csv', 'todo.csv']],
    ['RenameChangeExtension', { NewExtension: '' }, ['report.v1', 'todo']],
    ['RenameAddCustomDateTime', { CustomDateTime: at }, ['report.v1 20260309.txt', 'todo 20260309']],
    [
      'RenameAddCustomDateTime',
      {
        CustomDateTime: at,
        DateTimeFormat: 'HH-mm-ss',
        DateTimeSeparator: 'Dash',
        DateTimePosition: 'BeforeName',
      },
      ['14-05-06-report.v1.txt', '14-05-06-todo'],
    ],
    [
      'RenameAddSequentialSuffix',
      { StartNumberingAt: 9, IncrementBy: 3, SequenceSeparator: 'Underscore' },
      ['report.v1_9.txt', 'todo_12'],
    ],
    [
      'OverwriteWithSequentialSuffix',
      { SequenceNewName: 'scan', StartNumberingAt: 1, IncrementBy: 1, UsePadding: true },
      ['scan 001.txt', 'scan 002'],
    ],
    [
      'OverwriteWithSequentialSuffix',
      {
        SequenceNewName: 'n',
        StartNumberingAt: 1,
        IncrementBy: 1,
        SequencePosition: 'BeforeName',
        SequenceSeparator: 'Nothing',
      },
      ['1n.txt', '2n'],
    ],
  ])('%s %j gives %j', async (id, given, expected) => {
    await put('report.v1.txt', 'todo');
    const Files = id === 'Rename' ? 'report.v1.txt' : ['report.v1.txt', 'todo'];
    const wanted = id === 'Rename' && given.KeepExtension === undefined ? ['new.txt'] : expected;
    const { RenamedFiles } = await outputs(`RenameFiles.${id}`, { Files, ...given });
    expect(namesOf(RenamedFiles)).toEqual(wanted);
    const left = await names();
    for (const name of wanted) expect(left).toContain(name);
    expect(left).toHaveLength(2);
  });

  test('a sequential rename takes all its arguments together', async () => {
    await put('a.txt', 'b.txt');
    const { RenamedFiles } = await outputs('RenameFiles.OverwriteWithSequentialSuffix', {
      Files: ['a.txt', 'b.txt'],
      SequenceNewName: 'n',
      SequencePosition: 'AfterName',
      StartNumberingAt: 1,
      IncrementBy: 1,
      SequenceSeparator: 'Dash',
      UsePadding: true,
      Padding: 2,
      IfFileExists: 'DoNothing',
    });
    expect(namesOf(RenamedFiles)).toEqual(['n-01.txt', 'n-02.txt']);
  });

  test.each([
    ['Current', '20260131'],
    ['LastModified', '20240229'],
    ['LastAccessed', '20250704'],
  ])('adds the date %s', async (DateTimeToAdd, expected) => {
    await put('a.txt');
    await utimes(join(folder, 'a.txt'), new Date(2025, 6, 4, 12), new Date(2024, 1, 29, 12));
    const host = new FakeHost({ clock: new FakeClock({ start: new Date(2026, 0, 31, 12).getTime() }) });
    await run(
      'RenameFiles.RenameAddDateOrTime',
      { Files: 'a.txt', DateTimeToAdd },
      contextIn(folder, { host }),
    );
    expect(await names()).toEqual([`a ${expected}.txt`]);
  });

  test.each([
    ['DoNothing', [], ['a.txt', 'b.txt'], 'content of b.txt'],
    ['Overwrite', ['b.txt'], ['b.txt'], 'content of a.txt'],
  ])('a name that is taken: %s', async (IfFileExists, renamed, left, text) => {
    await put('a.txt', 'b.txt');
    const result = await outputs('RenameFiles.Rename', { Files: 'a.txt', NewName: 'b', IfFileExists });
    expect(namesOf(result.RenamedFiles)).toEqual(renamed);
    expect(await names()).toEqual(left);
    expect(await content('b.txt')).toBe(text);
  });

  test('letter case can be changed', async () => {
    await put('a.txt');
    await run('RenameFiles.Rename', { Files: 'a.txt', NewName: 'A' });
    expect(await names()).toEqual(['A.txt']);
  });

  test.each<[string, Record<string, Value>, RegExp]>([
    ['Rename', { Files: 'no.txt', NewName: 'x' }, /^FileNotFoundError: /],
    ['Rename', { Files: 'nowhere/no.txt', NewName: 'x' }, /^DirectoryNotFoundError: /],
    [
      'RenameAddCustomDateTime',
      { Files: 'a.txt', CustomDateTime: 'no date' },
      /^InvalidArgument: The Text value 'no date' cannot be used for the argument "CustomDateTime"/,
    ],
    ['Rename', { Files: 'a.txt', NewName: '../x' }, /^RenameFileError: .*"\.\.\/x\.txt" is not a valid name/],
    ['Rename', { Files: 'a.txt', NewName: '', KeepExtension: false }, /^RenameFileError: /],
    ['Rename', { Files: 'a.txt', NewName: 'x'.repeat(300) }, /^RenameFileError: Cannot rename file /],
    ['RenameReplaceText', { Files: 'a.txt', TextToReplace: '', ReplaceWith: 'x' }, /^RenameFileError: /],
    [
      'RenameAddCustomDateTime',
      { Files: 'a.txt', CustomDateTime: at, DateTimeFormat: 'Q' },
      /^RenameFileError: The datetime format "Q" cannot be used/,
    ],
  ])('%s %j fails with %s', async (id, given, message) => {
    await put('a.txt');
    expect(await errorOf(run(`RenameFiles.${id}`, given))).toMatch(message);
    expect(await names()).toEqual(['a.txt']);
  });
});

describe('text', () => {
  const sample = 'Grüße €\nλ 😀';

  // What each encoding writes: byte order mark, then the text; characters it lacks become question marks.
  test.each<[string, string, string, string]>([
    ['UTF8', 'efbbbf', 'utf8', sample],
    ['UTF8NoBOM', '', 'utf8', sample],
    ['Unicode', 'fffe', 'utf16le', sample],
    ['UnicodeNoBOM', '', 'utf16le', sample],
    ['BigEndianUnicode', 'feff', 'utf16be', sample],
    ['ANSI', '', 'latin1', 'Gr??e ?\n? ??'],
    ...(onWindows ? [] : [['DefaultEncoding', '', 'utf8', sample] as [string, string, string, string]]),
  ])('%s: what is written is read back', async (encoding, mark, form, expected) => {
    const given = { File: 'a.txt', TextToWrite: sample, AppendNewLine: false, Encoding: encoding };
    await run('WriteText', given);
    const bytes = await readFile(join(folder, 'a.txt'));
    const body =
      form === 'utf16be'
        ? Buffer.from(expected, 'utf16le').swap16()
        : Buffer.from(expected, form as BufferEncoding);
    expect(bytes.toString('hex')).toBe(mark + body.toString('hex'));
    const readers: Record<string, string> = { UTF8NoBOM: 'UTF8', UnicodeNoBOM: 'Unicode' };
    const read = { File: 'a.txt', Encoding: readers[encoding] ?? encoding };
    expect(await outputs('ReadTextFromFile.ReadText', read)).toEqual({ Content: expected });
    await run('WriteText', { ...given, IfFileExists: 'Append' });
    expect(await outputs('ReadTextFromFile.ReadText', read)).toEqual({ Content: expected + expected });
  });

  test('a byte order mark decides, whatever encoding the flow names', async () => {
    for (const Encoding of ['UTF8', 'Unicode', 'BigEndianUnicode']) {
      await run('WriteText', {
        File: `${Encoding}.txt`,
        TextToWrite: sample,
        AppendNewLine: false,
        Encoding,
      });
      const read = await outputs('ReadTextFromFile.ReadText', { File: `${Encoding}.txt`, Encoding: 'ANSI' });
      expect(read).toEqual({ Content: sample });
    }
  });

  test('bytes that are no UTF-8 do not stop the flow', async () => {
    await writeFile(join(folder, 'a.txt'), Buffer.from([0x61, 0xff, 0x62]));
    expect(await outputs('ReadTextFromFile.ReadText', { File: 'a.txt' })).toEqual({ Content: 'a\ufffdb' });
  });

  test.each([
    ['', []],
    ['one', ['one']],
    ['one\r\ntwo\nthree\rfour', ['one', 'two', 'three', 'four']],
    ['one\n\ntwo\n', ['one', '', 'two']],
    ['\n', ['']],
  ])('the lines of %j are %j', async (text, lines) => {
    await writeFile(join(folder, 'a.txt'), text);
    expect(await outputs('ReadTextFromFile.ReadTextAsList', { File: 'a.txt' })).toEqual({ Contents: lines });
  });

  test('the designer’s defaults: UTF-16 with mark, a CR LF at the end, existing content replaced', async () => {
    await put('a.txt');
    await run('WriteText', { File: 'a.txt', TextToWrite: 12.5 });
    expect((await readFile(join(folder, 'a.txt'))).toString('hex')).toBe(
      `fffe${Buffer.from('12.5\r\n', 'utf16le').toString('hex')}`,
    );
  });

  test('a list is written as lines', async () => {
    await run('WriteText', { File: 'a.txt', TextToWrite: ['x', 1, true], Encoding: 'UTF8NoBOM' });
    expect(await content('a.txt')).toBe('x\r\n1\r\nTrue\r\n');
  });

  test.each<[string, Record<string, Value>, RegExp]>([
    [
      'ReadTextFromFile.ReadText',
      { File: 'no.txt' },
      /^FileNotFoundError: The file ".*no\.txt" does not exist\.$/,
    ],
    ['ReadTextFromFile.ReadText', { File: 'nowhere/no.txt' }, /^DirectoryNotFoundError: .*nowhere/],
    ['ReadTextFromFile.ReadTextAsList', { File: '.' }, /^FileNotFoundError: ".*" is a folder, not a file\.$/],
    ['WriteText', { File: 'nowhere/no.txt' }, /^InvalidDirectoryForFileError: .*nowhere/],
    ['WriteText', { File: '.' }, /^WriteTextToFileError: Cannot write text to file /],
  ])('%s %j fails with %s', async (id, given, message) => {
    expect(await errorOf(run(id, given))).toMatch(message);
  });
});

describe('path parts', () => {
  test.each([
    ['C:\\data\\a.b.csv', 'C:\\', 'C:\\data', 'a.b.csv', 'a.b', '.csv'],
    ['\\\\server\\share\\x\\y', '\\\\server\\share\\', '\\\\server\\share\\x', 'y', 'y', ''],
    ['sub\\a.txt', '', 'sub', 'a.txt', 'a', '.txt'],
    ['a.txt', '', '', 'a.txt', 'a', '.txt'],
    ['.profile', '', '', '.profile', '', '.profile'],
    ...(onWindows ? [] : [['/var/log/a.log', '/', '/var/log', 'a.log', 'a', '.log']]),
  ])('%s', async (File, root, directory, name, stem, extension) => {
    const parts = await outputs('GetPathPart', { File: File as string });
    const path = (value: Value | undefined) => (value instanceof FolderValue ? value.path : value);
    expect([path(parts.RootPath), path(parts.Directory)]).toEqual([root, directory]);
    expect([parts.FileName, parts.FileNameWithoutExtension, parts.Extension]).toEqual([
      name,
      stem,
      extension,
    ]);
  });

  test.each(['', 'C:\\a|b.txt', 'C:\\what?.txt'])('%j is no path', async (File) => {
    expect(await errorOf(run('GetPathPart', { File }))).toMatch(/^FilePathContainsInvalidCharactersError: /);
  });
});

test('a temporary file is new, empty and only for its user', async () => {
  const { TempFile: a } = await outputs('GetTempPath', {});
  const { TempFile: b } = await outputs('GetTempPath', {});
  const [first, second] = [a as FileValue, b as FileValue];
  expect(first.path).not.toBe(second.path);
  expect([first.properties.get('Size'), first.properties.get('Extension')]).toEqual([0, '.tmp']);
  await run('Delete', { Files: [first, second] });
});

describe('Base64 and binary data', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

  test.each([
    ['ConvertToBase64', 'Base64Text', 'ConvertFromBase64'],
    ['ConvertToBinary', 'BinaryData', 'ConvertFromBinary'],
  ])('%s and back keeps every byte', async (there, name, back) => {
    await writeFile(join(folder, 'in.bin'), bytes);
    const data = (await outputs(there, { File: 'in.bin' }))[name] as Value;
    await run(back, { [name]: data, File: 'out.bin' });
    expect(await readFile(join(folder, 'out.bin'))).toEqual(bytes);
    await run(back, { [name]: 'YQ==', File: 'out.bin' });
    expect(await readFile(join(folder, 'out.bin'))).toEqual(bytes);
    await run(back, { [name]: 'YQ==', File: 'out.bin', IfFileExists: 'Overwrite' });
    expect((await readFile(join(folder, 'out.bin'))).length).toBeLessThan(5);
  });

  test.each<[string, Record<string, Value>, RegExp]>([
    ['ConvertToBase64', { File: 'no.bin' }, /^FileNotFoundError: /],
    ['ConvertFromBase64', { Base64Text: 'not base64!', File: 'a' }, /^ConvertBase64ToFileError: /],
    ['ConvertFromBase64', { Base64Text: 'YQ==', File: 'nowhere/a' }, /^InvalidDirectoryForFileError: /],
    ['ConvertFromBinary', { BinaryData: 'λ', File: 'a' }, /^ConvertBinaryDataToFileError: .*not binary data/],
  ])('%s %j fails with %s', async (id, given, message) => {
    expect(await errorOf(run(id, given))).toMatch(message);
  });
});

test('a File value has the documented properties as they were read', async () => {
  await mkdir(join(folder, 'to'));
  await writeFile(join(folder, 'a.tar.gz'), 'four');
  await utimes(join(folder, 'a.tar.gz'), new Date(2025, 6, 4, 1, 2, 3), new Date(2024, 1, 29, 23, 59, 58));
  const { RenamedFiles } = await outputs('RenameFiles.Rename', { Files: 'a.tar.gz', NewName: 'b' });
  const file = (RenamedFiles as FileValue[])[0] as FileValue;
  expect(Object.fromEntries(file.properties)).toMatchObject({
    FullName: join(folder, 'b.gz'),
    Directory: folder,
    Name: 'b.gz',
    NameWithoutExtension: 'b',
    Extension: '.gz',
    Size: 4,
    Exists: true,
    IsEmpty: false,
    IsReadOnly: false,
    LastModified: FlowDatetime.of(2024, 2, 29, 23, 59, 58),
    LastAccessed: FlowDatetime.of(2025, 7, 4, 1, 2, 3),
  });
});

test.each([
  ['ENOENT', 'it does not exist'],
  ['EACCES', 'access is denied'],
  ['EPERM', 'the system does not permit it'],
  ['EBUSY', 'it is in use by another program'],
  ['ENOSPC', 'the disk is full'],
  ['EROFS', 'the disk is read-only'],
  ['EMFILE', 'too many files are open'],
])('%s is said in plain words, with the path and a next step', async (code, words) => {
  const system = Object.assign(new Error('raw'), { code });
  const thrown = failure('CopyFileError', 'copy file', '/a/b.txt', system, new AbortController().signal);
  expect(await errorOf(Promise.reject(thrown))).toBe(`CopyFileError: Cannot copy file "/a/b.txt": ${words}.`);
});

describe.skipIf(onWindows)('without the right to read or change anything', () => {
  test.each<[string, Record<string, Value>, string]>([
    ['Copy', { Files: 'a.txt', Destination: 'to' }, 'CopyFileError: Cannot copy file'],
    ['Move', { Files: 'a.txt', Destination: 'to' }, 'MoveFileError: Cannot move file'],
    ['Delete', { Files: 'a.txt' }, 'DeleteFileError: Cannot delete file'],
    ['RenameFiles.Rename', { Files: 'a.txt', NewName: 'b' }, 'RenameFileError: Cannot rename file'],
    ['ReadTextFromFile.ReadText', { File: 'a.txt' }, 'ReadFromFileError: Cannot read file'],
    ['WriteText', { File: 'a.txt', TextToWrite: 'x' }, 'WriteTextToFileError: Cannot write text to file'],
    ['ConvertToBase64', { File: 'a.txt' }, 'ConvertFileToBase64Error: Cannot convert file to Base64'],
    [
      'ConvertToBinary',
      { File: 'a.txt' },
      'ConvertFileToBinaryDataError: Cannot convert file to binary data',
    ],
  ])('%s %j fails', async (id, given, message) => {
    await put('a.txt');
    await mkdir(join(folder, 'to'));
    await chmod(join(folder, 'a.txt'), 0);
    for (const name of ['.', 'to']) await chmod(join(folder, name), 0o555);
    const error = await unprivileged(() => errorOf(run(id, given)));
    for (const name of ['.', 'to']) await chmod(join(folder, name), 0o755);
    expect(error).toContain(message);
    expect(error).toContain('access is denied');
    expect(await names()).toEqual(['a.txt', 'to']);
  });
});

test('a temporary file needs a folder for such files', async () => {
  vi.stubEnv('TMPDIR', join(folder, 'nowhere')).stubEnv('TEMP', join(folder, 'nowhere'));
  try {
    expect(await errorOf(run('GetTempPath', {}))).toMatch(
      /^CreateTemporaryFileError: Cannot create temporary file/,
    );
  } finally {
    vi.unstubAllEnvs();
  }
});

test.skipIf(onWindows)('a link that leads nowhere can be deleted', async () => {
  await symlink('/nowhere', join(folder, 'link'));
  await run('Delete', { Files: 'link' });
  expect(await names()).toEqual([]);
});

describe('a large file', () => {
  const large = 40 * 1024 ** 2;

  test.each(['Copy', 'Move'])('%s keeps its content and times', async (id) => {
    await mkdir(join(folder, 'to'));
    const then = new Date(2020, 1, 3, 4, 5, 6);
    for (const [name, size] of [
      ['large', large],
      ['small', 3],
    ] as const) {
      await writeFile(join(folder, name), Buffer.alloc(size, 7));
      await utimes(join(folder, name), then, then);
    }
    await run(id, { Files: ['large', 'small'], Destination: 'to' });
    expect((await readFile(join(folder, 'to/large'))).equals(Buffer.alloc(large, 7))).toBe(true);
    for (const name of ['large', 'small']) expect((await stat(join(folder, 'to', name))).mtime).toEqual(then);
  });

  test('is not half there when the run stops while it is copied', async () => {
    await mkdir(join(folder, 'to'));
    await writeFile(join(folder, 'large'), Buffer.alloc(large));
    const stop = new AbortController();
    const work = run(
      'Copy',
      { Files: 'large', Destination: 'to' },
      contextIn(folder, { signal: stop.signal }),
    );
    await vi.waitUntil(() => existsSync(join(folder, 'to/large')), { interval: 0 });
    stop.abort(new Error('the run was stopped'));
    await expect(work).rejects.toBe(stop.signal.reason);
    expect(await names('to')).toEqual([]);
  });

  test.each(['ANSI', 'UTF8'])('is read and written as %s in bounded time and memory', async (Encoding) => {
    const text = 'abcdefg\n'.repeat(1_000_000);
    const before = performance.now();
    await run('WriteText', { File: 'a.txt', TextToWrite: text, AppendNewLine: false, Encoding });
    expect((await outputs('ReadTextFromFile.ReadText', { File: 'a.txt', Encoding })).Content).toBe(text);
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});
