// The File actions. Everything happens on the file system of the machine that runs the flow; see fileSystem.ts for what
// they share with the Folder actions, encodings.ts and csv.ts for what is inside the files.
import { randomUUID } from 'node:crypto';
import {
  appendFile,
  type FileHandle,
  open,
  readFile,
  rename,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, posix, win32 } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { toText } from '../convert.ts';
import { cultures } from '../dotnet/culture.ts';
import { DateFormatError, formatDatetime } from '../dotnet/dateFormat.ts';
import { localTime } from '../dotnet/timeZone.ts';
import type { FileValue, FlowDatetime } from '../values.ts';
import { CsvError, printCsvRow, type RowSplitter } from './csv.ts';
import { csvRows, csvSeparator, csvSplitters, csvTable, type SplitterOf } from './csvTable.ts';
import { decodeText, encodeText, textDecoder } from './encodings.ts';
import {
  attempt,
  copyWithTimes,
  creationTime,
  exists,
  expandWildcards,
  extensionOf,
  fileValue,
  folderValue,
  isFile,
  isFolder,
  isSameEntry,
  mapEach,
  moveEntry,
  nameWithoutExtension,
  pathOf,
  pathsOf,
  requireFile,
  requireFolder,
  requirePlainName,
} from './fileSystem.ts';
import { onWindows } from './platform.ts';
import { datetimeArgument } from './typed.ts';
import { textCodePage } from './windows.ts';

// ── Conditions and waits ────────────────────────────────────────────────────────────────────────────────────────

const fileExists = async (args: ActionArguments): Promise<ActionResult> => ({
  condition: await isFile(pathOf(args, 'File')),
});
const fileDoesNotExist = async (args: ActionArguments): Promise<ActionResult> => ({
  condition: !(await isFile(pathOf(args, 'File'))),
});

// ── Copy, move, delete ──────────────────────────────────────────────────────────────────────────────────────────

/**
 * Copies or moves files into a folder. A file whose name is taken there is left alone (`DoNothing`) or replaces the other;
 * the result lists the files at their new place, without those left alone.
 */
async function transfer(args: ActionArguments, context: ActionContext, move: boolean): Promise<FileValue[]> {
  const { signal } = context;
  const code = move ? 'MoveFileError' : 'CopyFileError';
  const files = await expandWildcards(pathsOf(args, 'Files'));
  const destination = pathOf(args, 'Destination');
  await requireFolder(destination, 'DestinationFolderNotFoundError');
  const overwrite = args.member('IfFileExists') === 'Overwrite';
  const done: string[] = [];
  for (const file of files) {
    await requireFile(file, 'SourceFolderNotFoundError');
    const target = join(destination, basename(file));
    if (!overwrite && (await exists(target))) continue;
    await attempt(code, move ? 'move file' : 'copy file', `${file}" to "${target}`, signal, async () => {
      await requireOtherEntry(file, target, code);
      const copy = () => copyWithTimes(file, target, overwrite, signal);
      if (move) await moveEntry(file, target, copy, () => unlink(file));
      else await copy();
    });
    done.push(target);
  }
  return await mapEach(done, signal, fileValue);
}

/** Replacing a file by itself would destroy it. */
async function requireOtherEntry(file: string, target: string, code: string): Promise<void> {
  if (!(await isSameEntry(file, target))) return;
  throw new ActionError(
    code,
    `"${file}" and "${target}" are the same file.`,
    'Choose another destination folder, or set "If file exists" to "Do nothing".',
  );
}

async function deleteFiles(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  for (const file of await expandWildcards(pathsOf(args, 'Files'))) {
    // A link that leads nowhere can be deleted too.
    if (!(await exists(file)) || (await isFolder(file))) await requireFile(file, 'FilePathNotFoundError');
    await attempt('DeleteFileError', 'delete file', file, context.signal, () => unlink(file));
  }
  return {};
}

// ── Rename ──────────────────────────────────────────────────────────────────────────────────────────────────────

interface Naming {
  readonly path: string;
  /** Without extension. */
  readonly name: string;
  /** With its dot. */
  readonly extension: string;
  /** Position among the files of the call, from 0. */
  readonly index: number;
}

/** A rename action: `newName` gives the whole new name, extension included. A name already taken is left alone or replaced, see `transfer`. */
function renaming(
  variant: string,
  newName: (file: Naming, args: ActionArguments, context: ActionContext) => string | Promise<string>,
): ActionDefinition {
  return {
    id: `File.${variant}`,
    async run(args, context) {
      const { signal } = context;
      const overwrite = args.member('IfFileExists') === 'Overwrite';
      const done: string[] = [];
      for (const [index, path] of (await expandWildcards(pathsOf(args, 'Files'))).entries()) {
        await requireFile(path, 'DirectoryNotFoundError');
        const file = { path, name: nameWithoutExtension(path), extension: extensionOf(path), index };
        const name = await newName(file, args, context);
        requirePlainName(name, 'RenameFileError', `rename file "${path}"`);
        const target = join(dirname(path), name);
        // A change of letter case is a rename, not a clash.
        const taken = (await exists(target)) && !(await isSameEntry(path, target));
        if (taken && !overwrite) continue;
        await attempt('RenameFileError', 'rename file', `${path}" to "${target}`, signal, () =>
          rename(path, target),
        );
        done.push(target);
      }
      return { outputs: { RenamedFiles: await mapEach(done, signal, fileValue) } };
    },
  };
}

const separators: Readonly<Record<string, string>> = {
  Nothing: '',
  Space: ' ',
  Dash: '-',
  Period: '.',
  Underscore: '_',
};

/** `addition` before or after `name`, as `position` (a member of File.AddTextPosition) says. */
function added(name: string, addition: string, separator: string, position: string): string {
  const between = separators[separator] ?? '';
  return position === 'BeforeName' ? `${addition}${between}${name}` : `${name}${between}${addition}`;
}

function withDate(file: Naming, args: ActionArguments, date: FlowDatetime): string {
  const format = args.text('DateTimeFormat');
  try {
    const text = formatDatetime(date, format, cultures.invariant);
    return (
      added(file.name, text, args.member('DateTimeSeparator'), args.member('DateTimePosition')) +
      file.extension
    );
  } catch (error) {
    if (!(error instanceof DateFormatError)) throw error;
    throw new ActionError(
      'RenameFileError',
      `The datetime format "${format}" cannot be used: ${error.message}.`,
      'Give a .NET date format such as yyyyMMdd.',
    );
  }
}

/** The time a member of File.DateTimeToAdd names. */
async function timeOf(file: Naming, member: string, context: ActionContext): Promise<FlowDatetime> {
  if (member === 'Current') return localTime(context.host.clock.now());
  const found = await stat(file.path);
  if (member === 'CreationTime') return creationTime(found);
  return localTime((member === 'LastAccessed' ? found.atime : found.mtime).getTime());
}

function withNumber(file: Naming, args: ActionArguments, name: string): string {
  const number = args.integer('StartNumberingAt') + file.index * args.integer('IncrementBy');
  const digits = String(Math.abs(number)).padStart(
    args.boolean('UsePadding') ? args.integer('Padding') : 0,
    '0',
  );
  const text = number < 0 ? `-${digits}` : digits;
  return (
    added(name, text, args.member('SequenceSeparator'), args.member('SequencePosition')) + file.extension
  );
}

/** The text a name must hold for a replacement to make sense. */
function requiredText(args: ActionArguments, name: string): string {
  const text = args.text(name);
  if (text !== '') return text;
  throw new ActionError(
    'RenameFileError',
    'The text to look for in the file name is empty.',
    `Give a text for ${name}.`,
  );
}

const renames: readonly ActionDefinition[] = [
  renaming('RenameFiles.Rename', (file, args) =>
    args.boolean('KeepExtension') ? args.text('NewName') + file.extension : args.text('NewName'),
  ),
  renaming(
    'RenameFiles.RenameAddText',
    (file, args) =>
      added(file.name, args.text('TextToAdd'), 'Nothing', args.member('TextPosition')) + file.extension,
  ),
  renaming(
    'RenameFiles.RenameRemoveText',
    (file, args) => file.name.replaceAll(requiredText(args, 'TextToRemove'), '') + file.extension,
  ),
  renaming(
    'RenameFiles.RenameReplaceText',
    (file, args) =>
      file.name.replaceAll(requiredText(args, 'TextToReplace'), () => args.text('ReplaceWith')) +
      file.extension,
  ),
  renaming('RenameFiles.RenameChangeExtension', (file, args) => {
    const extension = args.text('NewExtension').replace(/^\./, '');
    return extension === '' ? file.name : `${file.name}.${extension}`;
  }),
  renaming('RenameFiles.RenameAddDateOrTime', async (file, args, context) =>
    withDate(file, args, await timeOf(file, args.member('DateTimeToAdd'), context)),
  ),
  renaming('RenameFiles.RenameAddCustomDateTime', (file, args) =>
    withDate(file, args, datetimeArgument(args, 'CustomDateTime')),
  ),
  renaming('RenameFiles.RenameAddSequentialSuffix', (file, args) => withNumber(file, args, file.name)),
  renaming('RenameFiles.OverwriteWithSequentialSuffix', (file, args) =>
    withNumber(file, args, args.text('SequenceNewName')),
  ),
];

// ── Text ────────────────────────────────────────────────────────────────────────────────────────────────────────

async function readText(args: ActionArguments, { signal }: ActionContext): Promise<string> {
  const file = pathOf(args, 'File');
  await requireFile(file, 'DirectoryNotFoundError');
  return await attempt('ReadFromFileError', 'read file', file, signal, async () =>
    decodeText(await readFile(file, { signal }), args.member('Encoding'), await textCodePage(signal)),
  );
}

/** The lines of a text as .NET reads them: CR LF, LF or CR end a line, and the end of the last line starts no new one. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** New lines are CR LF on every system: a flow writes the same bytes wherever it runs. */
async function writeText(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const value = args.value('TextToWrite');
  // A list is written as its lines.
  const text = Array.isArray(value) ? value.map(toText).join('\r\n') : args.text('TextToWrite');
  const content = args.boolean('AppendNewLine') ? `${text}\r\n` : text;
  const file = pathOf(args, 'File');
  await requireFolder(dirname(file), 'InvalidDirectoryForFileError');
  await attempt('WriteTextToFileError', 'write text to file', file, signal, () =>
    write(file, content, args.member('Encoding'), args.member('IfFileExists') === 'Append', signal),
  );
  return {};
}

/** Writes or appends; a byte order mark goes only to the start of a file. */
async function write(
  file: string,
  text: string,
  encoding: string,
  append: boolean,
  signal: AbortSignal,
): Promise<void> {
  const page = await textCodePage(signal);
  if (!append) return await writeFile(file, encodeText(text, encoding, page, true), { signal });
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  await appendFile(file, encodeText(text, encoding, page, size === 0));
}

// ── CSV ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const readError = 'ReadFromCSVError';

/** So much of a file is in memory beside its rows; the run may stop between two of them. */
const csvPieceLength = 1024 ** 2;

/** The rows of a file as `splitter` finds them. A file larger than any text can be is read all the same. */
async function readRows(
  file: string,
  encoding: string,
  splitter: RowSplitter,
  signal: AbortSignal,
): Promise<string[][]> {
  const page = await textCodePage(signal);
  const rows: string[][] = [];
  const handle = await open(file, 'r');
  try {
    let decode: ReturnType<typeof textDecoder> | undefined;
    let piece = csvPieceLength;
    for (let isLast = false; !isLast; ) {
      signal.throwIfAborted();
      const bytes = await readFully(handle, piece);
      isLast = bytes.length < piece;
      decode ??= textDecoder(bytes, encoding, page);
      const found = splitter.push(decode(bytes, isLast), isLast);
      for (const row of found) rows.push(row);
      // A row longer than a piece is looked at again with each: larger ones keep that rare.
      if (found.length === 0) piece *= 2;
    }
    return rows;
  } finally {
    await handle.close();
  }
}

/** The next `length` bytes; fewer at the end of the file only. */
async function readFully(handle: FileHandle, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** A read action; `splitterOf` says how its text falls into rows. All cells are text. */
function reading(variant: string, splitterOf: SplitterOf): ActionDefinition {
  return {
    id: `File.ReadFromCSVFile.${variant}`,
    async run(args, { signal }) {
      const file = pathOf(args, 'CSVFile');
      const table = await attempt(readError, 'read CSV file', file, signal, async () => {
        try {
          const splitter = await splitterOf(args, args.boolean('TrimFields'), signal);
          return csvTable(
            await readRows(file, args.member('Encoding'), splitter, signal),
            args.boolean('FirstLineContainsColumnNames'),
            readError,
          );
        } catch (error) {
          if (!(error instanceof CsvError)) throw error;
          throw new ActionError(
            readError,
            `Cannot read CSV file "${file}": line ${error.line}: ${error.message}.`,
            'Check the quotes in that line and the separator the action uses.',
          );
        }
      });
      return { outputs: { CSVTable: table } };
    },
  };
}

const splitters = csvSplitters(readError);
const csvReaders: readonly ActionDefinition[] = [
  reading('ReadCSV', splitters.predefined),
  reading('ReadCSVWithCustomSeparator', splitters.custom),
  reading('ReadCSVWithFixedColumnWidths', splitters.fixedWidths),
];

/** Rows are written as they become text, never all at once. */
function writingCsv(variant: string, custom: boolean): ActionDefinition {
  return {
    id: `File.WriteToCSVFile.${variant}`,
    async run(args, { signal }) {
      const file = pathOf(args, 'CSVFile');
      const rows = csvRows(args.value('VariableToWrite'), args.boolean('IncludeColumnNames'));
      const separator = await csvSeparator(args, custom, 'WriteError', signal);
      const encoding = args.member('CsvFileEncoding');
      const append = args.member('IfFileExists') === 'Append';
      const page = await textCodePage(signal);
      await attempt('WriteError', 'write CSV file', file, signal, async () => {
        const handle = await open(file, append ? 'a' : 'w');
        try {
          let atStart = !append || (await handle.stat()).size === 0;
          const write = async (text: string) => {
            signal.throwIfAborted();
            await handle.writeFile(encodeText(text, encoding, page, atStart));
            atStart = false;
          };
          let text = '';
          for (const row of rows) {
            text += printCsvRow(row, separator);
            if (text.length < csvPieceLength) continue;
            await write(text);
            text = '';
          }
          await write(text);
        } finally {
          await handle.close();
        }
      });
      return {};
    },
  };
}

// ── Paths and temporary files ───────────────────────────────────────────────────────────────────────────────────

/**
 * The parts of a path as it is written (a relative one stays relative). On Windows and for texts that are plainly Windows
 * paths the rules of Windows hold, else those of the system.
 */
async function pathParts(args: ActionArguments): Promise<ActionResult> {
  const text = args.text('File');
  const windows = onWindows || /^[A-Za-z]:|^\\\\/.test(text) || (text.includes('\\') && !text.includes('/'));
  const invalid = windows ? /[<>"|?*\x00-\x1f]/ : /\0/;
  if (text.trim() === '' || invalid.test(text)) {
    throw new ActionError(
      'FilePathContainsInvalidCharactersError',
      `"${text}" is not a path.`,
      'Give a path without characters a path may not have (< > " | ? *).',
    );
  }
  const path = windows ? win32 : posix;
  const { root, base } = path.parse(text);
  const directory = base === '' || !/[\\/]/.test(text) ? '' : path.dirname(text);
  return {
    outputs: {
      RootPath: root === '' ? '' : await folderValue(root),
      Directory: directory === '' ? '' : await folderValue(directory),
      FileName: base,
      FileNameWithoutExtension: nameWithoutExtension(base),
      Extension: extensionOf(base),
    },
  };
}

async function temporaryFile({ signal }: ActionContext): Promise<FileValue> {
  const path = join(tmpdir(), `tmp${randomUUID().replaceAll('-', '').slice(0, 12)}.tmp`);
  return await attempt('CreateTemporaryFileError', 'create temporary file', path, signal, async () => {
    const file = await open(path, 'wx', 0o600);
    await file.close();
    return await fileValue(path);
  });
}

// ── Base64 and binary data ──────────────────────────────────────────────────────────────────────────────────────

/** The bytes of the file in `File`. */
async function readBytes(
  args: ActionArguments,
  code: string,
  doing: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const file = pathOf(args, 'File');
  await requireFile(file, 'FileNotFoundError');
  return await attempt(code, doing, file, signal, () => readFile(file, { signal }));
}

/** Writes `bytes` to `File` unless it exists and is to be left alone. */
async function writeBytes(
  args: ActionArguments,
  bytes: Buffer,
  code: string,
  signal: AbortSignal,
): Promise<ActionResult> {
  const file = pathOf(args, 'File');
  await requireFolder(dirname(file), 'InvalidDirectoryForFileError');
  if (args.member('IfFileExists') !== 'Overwrite' && (await exists(file))) return {};
  await attempt(code, 'write file', file, signal, () => writeFile(file, bytes, { signal }));
  return {};
}

function fromBase64(text: string): Buffer {
  const compact = text.replace(/\s+/g, '');
  if (compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact))
    return Buffer.from(compact, 'base64');
  throw new ActionError(
    'ConvertBase64ToFileError',
    'The text is not Base64.',
    'Check where the text comes from; a prefix such as "data:image/png;base64," must be cut off before.',
  );
}

/** Binary data is a text with one character (0-255) per byte: the only form in which a flow value can hold it. */
function fromBinary(text: string): Buffer {
  if (!/[^\x00-\xff]/.test(text)) return Buffer.from(text, 'latin1');
  throw new ActionError(
    'ConvertBinaryDataToFileError',
    'The value is text, not binary data.',
    'Use the value an action such as "Convert file to binary data" gave, or "Write text to file" for text.',
  );
}

export const fileActions: readonly ActionDefinition[] = [
  { id: 'File.IfFile.Exists', run: fileExists },
  { id: 'File.IfFile.DoesNotExist', run: fileDoesNotExist },
  { id: 'File.WaitForFile.Created', run: fileExists },
  { id: 'File.WaitForFile.Deleted', run: fileDoesNotExist },
  {
    id: 'File.Copy',
    run: async (args, context) => ({ outputs: { CopiedFiles: await transfer(args, context, false) } }),
  },
  {
    id: 'File.Move',
    run: async (args, context) => ({ outputs: { MovedFiles: await transfer(args, context, true) } }),
  },
  { id: 'File.Delete', run: deleteFiles },
  ...renames,
  {
    id: 'File.ReadTextFromFile.ReadText',
    run: async (args, context) => ({ outputs: { Content: await readText(args, context) } }),
  },
  {
    id: 'File.ReadTextFromFile.ReadTextAsList',
    run: async (args, context) => ({ outputs: { Contents: linesOf(await readText(args, context)) } }),
  },
  { id: 'File.WriteText', run: writeText },
  ...csvReaders,
  writingCsv('WriteCSV', false),
  writingCsv('WriteCSVWithCustomSeparator', true),
  { id: 'File.GetPathPart', run: pathParts },
  {
    id: 'File.GetTempPath',
    run: async (_, context) => ({ outputs: { TempFile: await temporaryFile(context) } }),
  },
  {
    id: 'File.ConvertToBase64',
    async run(args, { signal }) {
      const bytes = await readBytes(args, 'ConvertFileToBase64Error', 'convert file to Base64', signal);
      return { outputs: { Base64Text: bytes.toString('base64') } };
    },
  },
  {
    id: 'File.ConvertFromBase64',
    run: (args, { signal }) =>
      writeBytes(args, fromBase64(args.text('Base64Text')), 'ConvertBase64ToFileError', signal),
  },
  {
    id: 'File.ConvertToBinary',
    async run(args, { signal }) {
      const bytes = await readBytes(
        args,
        'ConvertFileToBinaryDataError',
        'convert file to binary data',
        signal,
      );
      return { outputs: { BinaryData: bytes.toString('latin1') } };
    },
  },
  {
    id: 'File.ConvertFromBinary',
    run: (args, { signal }) =>
      writeBytes(args, fromBinary(args.text('BinaryData')), 'ConvertBinaryDataToFileError', signal),
  },
];
