// The Folder actions. Snapshots, wildcards and error wording are in fileSystem.ts.
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { type FileValue, FlowDatetime, type FolderValue, type Value } from '../values.ts';
import { orAborted } from './abort.ts';
import {
  attempt,
  compareNames,
  copyTree,
  entriesOf,
  exists,
  fileValue,
  folderValue,
  isFolder,
  isSameEntry,
  mapEach,
  moveEntry,
  nameFilter,
  pathOf,
  requireFolder,
  requirePlainName,
} from './fileSystem.ts';
import { agentNeeded, onWindows } from './platform.ts';

const missing = 'FolderNotFoundError';

// ── Lists ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Paths of the files or folders below `folder` in name order, those of a folder before those of its subfolders. Links to
 * folders are listed but not entered. A subfolder that may not be read fails the action or is skipped.
 */
async function list(
  kind: 'files' | 'folders',
  folder: string,
  args: ActionArguments,
  signal: AbortSignal,
): Promise<string[]> {
  const [code, doing] =
    kind === 'files'
      ? ['RetrieveListOfFilesError', 'list the files of folder']
      : ['RetrieveListOfSubfoldersError', 'list the subfolders of folder'];
  const wanted = nameFilter(args.text(kind === 'files' ? 'FileFilter' : 'FolderFilter'));
  const deep = args.boolean('IncludeSubfolders');
  const strict = args.boolean('FailOnAccessDenied');
  const found: string[] = [];
  const open = [folder];
  for (let at = 0; at < open.length; at++) {
    const current = open[at] as string;
    const entries = await attempt(code, doing, current, signal, () => entriesOf(current)).catch((error) => {
      if (strict || current === folder || signal.aborted) throw error;
      return undefined;
    });
    if (entries === undefined) continue;
    found.push(...entries[kind].filter((path) => wanted(basename(path))));
    if (deep) open.push(...entries.folders.filter((path) => !entries.links.has(path)));
  }
  return found;
}

type Entry = FileValue | FolderValue;

/** Sorts by up to three properties (`SortBy1` …, `SortDescending1` …); entries equal in all keep their order. A missing property comes first. */
function sorted<T extends Entry>(entries: readonly T[], args: ActionArguments): T[] {
  const keys = [1, 2, 3]
    .map((rank) => ({
      property: args.member(`SortBy${rank}`),
      descending: args.boolean(`SortDescending${rank}`),
    }))
    .filter((key) => key.property !== 'NoSort');
  return [...entries].sort((a, b) => {
    for (const { property, descending } of keys) {
      const order = compareValues(a.properties.get(property), b.properties.get(property));
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
}

function compareValues(a: Value | undefined, b: Value | undefined): number {
  if (typeof a === 'string' && typeof b === 'string') return compareNames(a, b);
  const rank = (value: Value | undefined) =>
    value instanceof FlowDatetime ? value.ticks : Number(value ?? -1);
  return rank(a) - rank(b);
}

// ── Create, copy, move, rename, delete ──────────────────────────────────────────────────────────────────────────

async function create(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const name = args.text('FolderName');
  if (name.trim() === '' && !args.has('FolderPath')) {
    throw new ActionError(
      'NewFolderPathAndNameEmptyError',
      'The new folder has neither a place nor a name.',
      'Give the folder to create it in and its name.',
    );
  }
  const parent = pathOf(args, 'FolderPath');
  await requireFolder(parent, missing);
  // Several folders at once, in the way of Windows.
  const path = join(parent, name.replaceAll('\\', '/'));
  await attempt('CreateFolderError', 'create folder', path, signal, () => mkdir(path, { recursive: true }));
  return { outputs: { Folder: await folderValue(path) } };
}

async function copy(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const { from, to } = await placeIn(args, 'CopyFolderError');
  if (args.member('IfFolderExists') === 'Overwrite' || !(await exists(to))) {
    await attempt('CopyFolderError', 'copy folder', `${from}" to "${to}`, signal, () =>
      copyTree(from, to, signal),
    );
  }
  return { outputs: { CopiedFolder: await folderValue(to) } };
}

async function move(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const { from, to } = await placeIn(args, 'MoveFolderError');
  await attempt('MoveFolderError', 'move folder', `${from}" to "${to}`, signal, async () => {
    if (await exists(to)) throw Object.assign(new Error(), { code: 'EEXIST' });
    await moveEntry(
      from,
      to,
      () => copyTree(from, to, signal),
      () => orAborted(rm(from, { recursive: true }), signal),
    );
  });
  return { outputs: { MovedFolder: await folderValue(to) } };
}

/** The folder to copy or move and its place inside the destination; both folders must exist, one not inside the other. */
async function placeIn(args: ActionArguments, code: string): Promise<{ from: string; to: string }> {
  const from = pathOf(args, 'Folder');
  const destination = pathOf(args, 'Destination');
  await requireFolder(from, missing);
  await requireFolder(destination, 'DestinationFolderNotFoundError');
  const to = join(destination, basename(from));
  const inside = relative(from, destination);
  if ((await isSameEntry(from, to)) || (!inside.startsWith('..') && !isAbsolute(inside))) {
    throw new ActionError(
      code,
      `The folder "${from}" cannot be put into "${destination}", which is its own place or inside it.`,
      'Choose a destination outside the folder.',
    );
  }
  return { from, to };
}

async function renameFolder(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const from = pathOf(args, 'Folder');
  const name = args.text('NewName');
  await requireFolder(from, missing);
  requirePlainName(name, 'RenameFolderError', `rename folder "${from}"`);
  const to = join(dirname(from), name);
  await attempt('RenameFolderError', 'rename folder', `${from}" to "${to}`, signal, async () => {
    // Without this, an empty folder of that name would be replaced on some systems.
    if ((await exists(to)) && !(await isSameEntry(from, to)))
      throw Object.assign(new Error(), { code: 'EEXIST' });
    await rename(from, to);
  });
  return { outputs: { RenamedFolder: await folderValue(to) } };
}

async function deleteFolder(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const folder = await disposable(args, 'DeleteFolderError');
  await attempt('DeleteFolderError', 'delete folder', folder, signal, () =>
    orAborted(rm(folder, { recursive: true }), signal),
  );
  return {};
}

async function empty(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const folder = await disposable(args, 'DeleteFolderContentsError');
  await attempt('DeleteFolderContentsError', 'empty folder', folder, signal, async () => {
    const { files, folders } = await entriesOf(folder);
    for (const path of [...files, ...folders]) {
      signal.throwIfAborted();
      // A link is removed itself, never what it leads to.
      await orAborted(rm(path, { recursive: true }), signal);
    }
  });
  return {};
}

/** The folder to delete or empty; the root of a disk is refused, because it can only be a mistake of the flow. */
async function disposable(args: ActionArguments, code: string): Promise<string> {
  const folder = pathOf(args, 'Folder');
  await requireFolder(folder, missing);
  if (dirname(folder) !== folder) return folder;
  throw new ActionError(
    code,
    `"${folder}" is the root of a disk; its contents are not deleted.`,
    'Check the value the flow gives as folder.',
  );
}

// ── Special folders ─────────────────────────────────────────────────────────────────────────────────────────────

/** Member of Folder.SpecialFolder → its key in the user's list of folders (freedesktop), and the usual English name. */
const userFolders: Readonly<Record<string, readonly [key: string, name: string]>> = {
  DesktopDirectory: ['XDG_DESKTOP_DIR', 'Desktop'],
  Personal: ['XDG_DOCUMENTS_DIR', 'Documents'],
  MyMusic: ['XDG_MUSIC_DIR', 'Music'],
  MyPictures: ['XDG_PICTURES_DIR', 'Pictures'],
  Templates: ['XDG_TEMPLATES_DIR', 'Templates'],
};

/** Windows answers itself, so redirected folders are right; elsewhere the nearest folder of that system, as .NET maps them. */
async function specialFolder(args: ActionArguments, { shell }: ActionContext): Promise<ActionResult> {
  const member = args.member('SpecialFolder');
  if (onWindows && shell === undefined) throw agentNeeded('Folder.GetSpecialFolder');
  const path = shell === undefined ? await specialFolderElsewhere(member) : shell.specialFolder(member);
  if (path === undefined || path === '') {
    throw new ActionError(
      'ActionFailed',
      `This system has no special folder "${member}".`,
      'Run the flow on Windows, or give the folder itself.',
    );
  }
  return { outputs: { SpecialFolderPath: await folderValue(path) } };
}

async function specialFolderElsewhere(member: string): Promise<string | undefined> {
  const home = homedir();
  const mac = process.platform === 'darwin';
  const config = process.env.XDG_CONFIG_HOME || join(home, mac ? 'Library/Application Support' : '.config');
  const user = userFolders[member];
  if (user !== undefined) {
    const listed = await readFile(join(config, 'user-dirs.dirs'), 'utf8').catch(() => '');
    const line = new RegExp(`^${user[0]}="(.*)"\\s*$`, 'm').exec(listed);
    return line === null ? join(home, user[1]) : (line[1] as string).replace(/^\$HOME/, home);
  }
  switch (member) {
    case 'ApplicationData':
      return config;
    case 'LocalApplicationData':
      return process.env.XDG_DATA_HOME || join(home, mac ? 'Library/Application Support' : '.local/share');
    case 'InternetCache':
      return process.env.XDG_CACHE_HOME || join(home, mac ? 'Library/Caches' : '.cache');
    case 'CommonApplicationData':
      return mac ? '/Library/Application Support' : '/usr/share';
    default:
      return undefined;
  }
}

export const folderActions: readonly ActionDefinition[] = [
  {
    id: 'Folder.IfFolderExists.Exists',
    run: async (args) => ({ condition: await isFolder(pathOf(args, 'Path')) }),
  },
  {
    id: 'Folder.IfFolderExists.DoesNotExist',
    run: async (args) => ({ condition: !(await isFolder(pathOf(args, 'Path'))) }),
  },
  {
    id: 'Folder.GetFiles',
    async run(args, { signal }) {
      const folder = pathOf(args, 'Folder');
      await requireFolder(folder, missing);
      const files = await mapEach(await list('files', folder, args, signal), signal, fileValue);
      return { outputs: { Files: sorted(files, args) } };
    },
  },
  {
    id: 'Folder.GetSubfolders',
    async run(args, { signal }) {
      const folder = pathOf(args, 'Folder');
      await requireFolder(folder, missing);
      const folders = await mapEach(await list('folders', folder, args, signal), signal, folderValue);
      return { outputs: { Subfolders: sorted(folders, args) } };
    },
  },
  { id: 'Folder.Create', run: create },
  { id: 'Folder.Copy', run: copy },
  { id: 'Folder.Move', run: move },
  { id: 'Folder.Rename', run: renameFolder },
  { id: 'Folder.Delete', run: deleteFolder },
  { id: 'Folder.Empty', run: empty },
  { id: 'Folder.GetSpecialFolder', run: specialFolder },
];
