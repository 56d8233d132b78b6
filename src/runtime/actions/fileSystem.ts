// What the File and Folder actions share: snapshots of files and folders, wildcards, and errors of the system in plain words.
import { constants, createReadStream, createWriteStream, type Dirent, type Stats } from 'node:fs';
import { copyFile, lstat, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, parse, posix, resolve, win32 } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ActionArguments, ActionError } from '../action.ts';
import { resolvePath } from '../arguments.ts';
import { localTime } from '../dotnet/timeZone.ts';
import { FileValue, type FlowDatetime, FolderValue, type Value } from '../values.ts';
import { onWindows } from './platform.ts';

// ── Paths of a call ─────────────────────────────────────────────────────────────────────────────────────────────

/** The path in the argument `name`, complete and tidy (no `.` and `..`, no separator at its end). Throws `InvalidArgument`, also for a path of another system. */
export function pathOf(args: ActionArguments, name: string): string {
  return tidy(args.path(name));
}

/** The paths in the argument `name`, see `pathOf`. */
export function pathsOf(args: ActionArguments, name: string): string[] {
  return args.paths(name).map(tidy);
}

/**
 * Like `pathsOf`; one text may also hold several paths in double quotes, `"a.txt" "b.txt"`, with anything between them.
 * `folder` is the flow's.
 */
export function severalPathsOf(args: ActionArguments, name: string, folder: string): string[] {
  const value = args.value(name);
  const quoted = typeof value === 'string' && value.trim().startsWith('"') ? value.match(/"[^"]+"/g) : null;
  if (quoted === null) return pathsOf(args, name);
  return quoted.map((path) => tidy(resolvePath(folder, path.slice(1, -1).trim())));
}

/** A drive path on a system without drives would otherwise become a strange name in whatever folder the run happens to be in. */
function tidy(path: string): string {
  if (isAbsolute(path)) return resolve(path);
  throw new ActionError(
    'InvalidArgument',
    `"${path}" is not a complete path on this system.`,
    'Give a path of this system, or one relative to the flow, or run the flow on Windows.',
  );
}

// ── Snapshots ───────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The file at an absolute path as it is now; a missing one has `Exists` False and only the properties its path gives.
 * `Size` is in bytes, times are local, `Extension` has its dot. Windows' hidden, system and archive marks cannot be read
 * here and are absent there; elsewhere a leading dot hides a file and the other two are False.
 */
export async function fileValue(path: string): Promise<FileValue> {
  const found = await statOf(path);
  const file = found?.isFile() ? found : undefined;
  const properties = new Map<string, Value>([
    ['FullName', path],
    ['RootPath', parse(path).root],
    ['Directory', dirname(path)],
    ['Name', basename(path)],
    ['NameWithoutExtension', nameWithoutExtension(path)],
    ['Extension', extensionOf(path)],
    ['Exists', file !== undefined],
    ['IsEmpty', file === undefined || file.size === 0],
  ]);
  if (file !== undefined) {
    properties.set('Size', file.size);
    setTimes(properties, file);
    properties.set('LastAccessed', localTime(file.atime.getTime()));
    properties.set('IsReadOnly', (file.mode & 0o222) === 0);
    if (!onWindows) {
      properties.set('IsHidden', basename(path).startsWith('.'));
      properties.set('IsSystem', false);
      properties.set('IsArchive', false);
    }
  }
  return new FileValue(path, properties);
}

/**
 * The folder at an absolute path as it is now; see `fileValue`. `FilesCount` and `FoldersCount` are absent when it may not be read. A
 * path of Windows is taken apart by the rules of Windows on every system.
 */
export async function folderValue(path: string): Promise<FolderValue> {
  const found = await statOf(path);
  const exists = found?.isDirectory() ?? false;
  const rules = /^[A-Za-z]:|^\\\\/.test(path) ? win32 : posix;
  const parent = rules.dirname(path);
  const properties = new Map<string, Value>([
    ['FullName', path],
    ['RootPath', rules.parse(path).root],
    ['Parent', parent === path ? '' : parent],
    ['Name', rules.basename(path)],
    ['Exists', exists],
  ]);
  if (found !== undefined && exists) {
    setTimes(properties, found);
    if (!onWindows) properties.set('IsHidden', basename(path).startsWith('.'));
    const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
    if (entries !== undefined) {
      const folders = entries.filter((entry) => entry.isDirectory()).length;
      properties.set('FilesCount', entries.length - folders);
      properties.set('FoldersCount', folders);
      properties.set('IsEmpty', entries.length === 0);
    }
  }
  return new FolderValue(path, properties);
}

function setTimes(properties: Map<string, Value>, found: Stats): void {
  properties.set('CreationTime', creationTime(found));
  properties.set('LastModified', localTime(found.mtime.getTime()));
}

/** Some file systems keep no time of creation: then the earliest that is known. */
export function creationTime({ birthtime, ctime, mtime }: Stats): FlowDatetime {
  return localTime(birthtime.getTime() || Math.min(ctime.getTime(), mtime.getTime()));
}

/** The last extension with its dot, as .NET has it: `.profile` is all extension, and a dot at the end begins none. */
export function extensionOf(path: string): string {
  const name = basename(path);
  const dot = name.lastIndexOf('.');
  return dot < 0 || dot === name.length - 1 ? '' : name.slice(dot);
}

export function nameWithoutExtension(path: string): string {
  const name = basename(path);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? name : name.slice(0, dot);
}

/** Undefined when nothing is there or it cannot be looked at. */
async function statOf(path: string): Promise<Stats | undefined> {
  return await stat(path).catch(() => undefined);
}

export async function isFile(path: string): Promise<boolean> {
  return (await statOf(path))?.isFile() ?? false;
}

export async function isFolder(path: string): Promise<boolean> {
  return (await statOf(path))?.isDirectory() ?? false;
}

/** True when this account may read the file. */
export async function mayRead(file: string): Promise<boolean> {
  try {
    await (await open(file, 'r')).close();
    return true;
  } catch {
    return false;
  }
}

/** True when anything has this name, a broken link too. */
export async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

/** True when both names lead to the same entry of the disk (`a.txt` and `A.TXT` on Windows). */
export async function isSameEntry(a: string, b: string): Promise<boolean> {
  if (resolve(a) === resolve(b)) return true;
  const [one, other] = await Promise.all([statOf(a), statOf(b)]);
  return (
    one !== undefined &&
    other !== undefined &&
    one.ino === other.ino &&
    one.dev === other.dev &&
    one.ino !== 0
  );
}

// ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A test for names by one or several wildcards separated by `;`: `*` any characters, `?` one character; `*.*` is every
 * name. Letter case does not matter, on no system: flows were written for Windows.
 */
export function nameFilter(filter: string): (name: string) => boolean {
  const patterns = filter
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return (name) => patterns.some((pattern) => matches(name, pattern));
}

/** One wildcard against one name. Goes back to the last `*` only, so the cost is at most name length × pattern length. */
function matches(name: string, pattern: string): boolean {
  const text = name.toLowerCase();
  const wanted = pattern === '*.*' ? '*' : pattern.toLowerCase();
  let at = 0;
  let from = 0;
  let star = -1;
  let retry = 0;
  while (at < text.length) {
    if (wanted[from] === '*') {
      star = from++;
      retry = at;
    } else if (from < wanted.length && (wanted[from] === '?' || wanted[from] === text[at])) {
      from++;
      at++;
    } else if (star >= 0) {
      from = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (wanted[from] === '*') from++;
  return from === wanted.length;
}

/** Paths of files; one whose last part holds `*` or `?` (and is no existing name itself) stands for all files of its folder that match. */
export async function expandWildcards(paths: readonly string[]): Promise<string[]> {
  const expanded: string[] = [];
  for (const path of paths) {
    if (!/[*?]/.test(basename(path)) || (await exists(path))) {
      expanded.push(path);
      continue;
    }
    const folder = dirname(path);
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const names = entries
      .filter((entry) => !entry.isDirectory() && matches(entry.name, basename(path)))
      .map((entry) => entry.name);
    // A wildcard that finds nothing stays what it is, so that the action reports it as a missing file.
    if (names.length === 0) expanded.push(path);
    else expanded.push(...names.sort(compareNames).map((name) => join(folder, name)));
  }
  return expanded;
}

const collator = new Intl.Collator('en');

/** The order in which lists of files and folders come: by name, letter case last. */
export const compareNames = (a: string, b: string): number => collator.compare(a, b);

/** The entries of a folder in name order; links to folders count as folders. */
export async function entriesOf(
  folder: string,
): Promise<{ files: string[]; folders: string[]; links: Set<string> }> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a: Dirent, b: Dirent) => compareNames(a.name, b.name));
  const files: string[] = [];
  const folders: string[] = [];
  const links = new Set<string>();
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const linked = entry.isSymbolicLink() && (await isFolder(path));
    if (linked) links.add(path);
    if (linked || entry.isDirectory()) folders.push(path);
    else files.push(path);
  }
  return { files, folders, links };
}

/** Throws `code` unless `name` is one plain file or folder name; a backslash means a folder on every system. */
export function requirePlainName(name: string, code: string, doing: string): void {
  if (
    name.trim() === '' ||
    name === '.' ||
    name === '..' ||
    /[\\/\0]/.test(name) ||
    (onWindows && /[<>:"|?*]/.test(name))
  ) {
    throw new ActionError(
      code,
      `Cannot ${doing}: "${name}" is not a valid name.`,
      'Give a name without folders and without characters a file name may not have.',
    );
  }
}

/**
 * Where a new file may be written when `path` is asked for, by a member of the `IfFileExists` enums: the path itself when it
 * is free or may be overwritten; undefined when the existing file is to stay (`DoNotModifyFiles`); else the first free of
 * `name (2).ext`, `name (3).ext` …, as Windows numbers copies.
 */
export async function freeName(path: string, ifExists: string): Promise<string | undefined> {
  if (ifExists === 'Overwrite' || !(await exists(path))) return path;
  if (ifExists === 'DoNotModifyFiles') return undefined;
  for (let number = 2; ; number++) {
    const name = `${nameWithoutExtension(path)} (${number})${extensionOf(path)}`;
    const numbered = join(dirname(path), name);
    if (!(await exists(numbered))) return numbered;
  }
}

/** Gives `from` the path `to`; across disks the caller's `copy` and then `remove` do it. */
export async function moveEntry(
  from: string,
  to: string,
  copy: () => Promise<void>,
  remove: () => Promise<void>,
): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copy();
    await remove();
  }
}

/** Larger files (bytes) are copied piece by piece, because the system's own copy cannot be stopped. */
const largeFile = 32 * 1024 ** 2;

/**
 * Copies a file with its times, as Windows does. Without `overwrite` fails with EEXIST when `to` is there. When the run stops, or copying
 * fails in the middle, nothing unfinished is left.
 */
export async function copyWithTimes(
  from: string,
  to: string,
  overwrite: boolean,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { size, atime, mtime, mode } = await stat(from);
  if (size <= largeFile) await copyFile(from, to, overwrite ? 0 : constants.COPYFILE_EXCL);
  else {
    const target = createWriteStream(to, { flags: overwrite ? 'w' : 'wx', mode });
    let isOurs = false;
    target.once('open', () => {
      isOurs = true;
    });
    try {
      await pipeline(createReadStream(from, { highWaterMark: 1024 ** 2 }), target, { signal });
    } catch (error) {
      if (isOurs) await rm(to, { force: true });
      throw error;
    }
  }
  if (!onWindows) await utimes(to, atime, mtime);
}

/** Copies a folder with everything in it into `to`, which is created when missing; files that exist are replaced. */
export async function copyTree(from: string, to: string, signal: AbortSignal): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    signal.throwIfAborted();
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target, signal);
    else await copyWithTimes(source, target, true, signal);
  }
}

/** `work` for every item, a few at a time, results in order. */
export async function mapEach<T, R>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += 64) {
    signal.throwIfAborted();
    results.push(...(await Promise.all(items.slice(at, at + 64).map(work))));
  }
  return results;
}

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What the system said → what happened, and what to do next. */
const reasons: Readonly<Record<string, readonly [what: string, next: string]>> = {
  ENOENT: ['it does not exist', 'Check the path: spelling, drive, and whether an earlier step created it.'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'Check the path.'],
  EISDIR: ['it is a folder', 'Give the path of a file, or use a Folder action.'],
  EACCES: ['access is denied', 'Give the account that runs the flow the right to it, or use another place.'],
  EPERM: [
    'the system does not permit it',
    'Check the rights of the account that runs the flow and whether it is write-protected.',
  ],
  EROFS: ['the disk is read-only', 'Use another place.'],
  EBUSY: ['it is in use by another program', 'Close the program that uses it, or let the action retry.'],
  ETXTBSY: ['it is in use by another program', 'Close the program that uses it, or let the action retry.'],
  EEXIST: [
    'something with this name already exists',
    'Choose another name, or delete the existing one first.',
  ],
  ENOTEMPTY: ['the folder there is not empty', 'Choose another name, or delete the existing folder first.'],
  ENOSPC: ['the disk is full', 'Free some space and run the flow again.'],
  EDQUOT: ['the disk quota is used up', 'Free some space and run the flow again.'],
  EMFILE: ['too many files are open', 'Run the flow again when other programs have finished.'],
  ENFILE: ['too many files are open', 'Run the flow again when other programs have finished.'],
  ENAMETOOLONG: ['the path is too long', 'Use shorter names or a place nearer to the root.'],
  EINVAL: [
    'the system does not accept this path or operation',
    'Check the path for characters it may not have.',
  ],
  ELOOP: ['its links lead in a circle', 'Repair the symbolic links.'],
  ERR_STRING_TOO_LONG: [
    'it is too large to be held as one text',
    'Split the file, or process it with a program.',
  ],
  ERR_FS_FILE_TOO_LARGE: ['it is larger than 2 GB', 'Split the file, or process it with a program.'],
};

/** The ActionError `code` for a failed operation: `Cannot <doing> "<path>": <what the system said>.` An ActionError, and the reason a run stopped, pass unchanged. */
export function failure(
  code: string,
  doing: string,
  path: string,
  error: unknown,
  signal: AbortSignal,
): unknown {
  if (error instanceof ActionError || (signal.aborted && error === signal.reason)) return error;
  if (signal.aborted && (error as Error).name === 'AbortError') return signal.reason;
  const { code: errno, message } = error as NodeJS.ErrnoException;
  const [what, next] = reasons[errno ?? ''] ?? [
    message,
    'Check the path and the rights of the account that runs the flow.',
  ];
  return new ActionError(code, `Cannot ${doing} "${path}": ${what}.`, next, { cause: error });
}

/** Runs `work`; what it throws becomes the ActionError `code`, see `failure`. */
export async function attempt<T>(
  code: string,
  doing: string,
  path: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    signal.throwIfAborted();
    return await work();
  } catch (error) {
    throw failure(code, doing, path, error, signal);
  }
}

/** The error `code` of a path at which no file is: `kind` is what it should be, `name` what it is called. */
export async function fileMissing(
  path: string,
  code: string,
  kind = 'a file',
  name = 'file',
): Promise<ActionError> {
  return new ActionError(
    code,
    (await isFolder(path)) ? `"${path}" is a folder, not ${kind}.` : `The ${name} "${path}" does not exist.`,
    'Check the path, or test with "If file exists" before.',
  );
}

/** Throws `FileNotFoundError`, or `folderCode` when already the folder is missing, unless `path` is a file. */
export async function requireFile(path: string, folderCode: string): Promise<void> {
  if (await isFile(path)) return;
  if (!(await isFolder(dirname(path)))) {
    throw new ActionError(
      folderCode,
      `The folder "${dirname(path)}" does not exist.`,
      'Check the path: spelling, drive, and whether an earlier step created the folder.',
    );
  }
  throw await fileMissing(path, 'FileNotFoundError');
}

/** Throws `code` unless `path` is a folder. */
export async function requireFolder(path: string, code: string): Promise<void> {
  if (await isFolder(path)) return;
  throw new ActionError(
    code,
    (await isFile(path)) ? `"${path}" is a file, not a folder.` : `The folder "${path}" does not exist.`,
    'Check the path, or create the folder with "Create folder" before.',
  );
}
