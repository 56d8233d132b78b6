// Synchronize directories, from the server to this machine.
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ActionArguments, type ActionContext, ActionError, type ActionResult } from '../../action.ts';
import type { Value } from '../../values.ts';
import { failure, fileValue, isFolder, pathOf } from '../fileSystem.ts';
import { harmlessName } from '../savedFile.ts';
import type { RemoteEntry } from './remote.ts';
import { attempt, type FtpSession, remotePath, sessionOf } from './session.ts';
import { downloadFile, keepTime } from './transfer.ts';

/** File systems and servers round times differently. */
const tolerance = 2_000;
const failed = 'SynchronizationFailedError';

interface Work {
  readonly session: FtpSession;
  readonly context: ActionContext;
  readonly deletes: boolean;
  readonly subdirectories: boolean;
  /** How much later the clock of the server shows (ms). */
  readonly ahead: number;
  readonly added: Value[];
  readonly modified: Value[];
  readonly deleted: Value[];
}

/** Makes a local folder like a directory of the server: files that are missing, of another size, or older are downloaded. */
export async function synchronizeDownload(
  args: ActionArguments,
  context: ActionContext,
): Promise<ActionResult> {
  const session = sessionOf(args);
  const local = pathOf(args, 'LocalFolder');
  if (!(await isFolder(local))) {
    throw new ActionError(
      failed,
      `The local folder "${local}" does not exist.`,
      'Create it first, or correct the path.',
    );
  }
  const minutes = args.number('TimeDifferenceHours') * 60 + args.number('TimeDifferenceMinutes');
  const work: Work = {
    session,
    context,
    deletes: args.boolean('DeleteIfSourceAbsent'),
    subdirectories: args.boolean('IncludeSubdirectories'),
    ahead: minutes * 60_000 * (args.boolean('TimeDifferenceAhead') ? 1 : -1),
    added: [],
    modified: [],
    deleted: [],
  };
  await synchronize(work, remotePath(session, args, 'FtpDirectory'), local);
  return { outputs: { FilesAdded: work.added, FilesModified: work.modified, FilesDeleted: work.deleted } };
}

async function synchronize(work: Work, remote: string, local: string): Promise<void> {
  const { session, context } = work;
  const listed = await attempt(session, context, 'ListingError', `list "${remote}"`, () =>
    session.files.list(remote),
  );
  const entries = listed.filter(({ isLink }) => !isLink);
  const names = new Set<string>();
  for (const entry of entries) {
    const name = harmlessName(entry.name, 'download');
    names.add(name.toLowerCase());
    const target = join(local, name);
    if (!entry.isDirectory) await fetchWhenOlder(work, entry, target);
    else if (work.subdirectories) {
      await makeFolder(target, context);
      await synchronize(work, entry.path, target);
    }
  }
  if (work.deletes) await deleteOthers(work, local, names);
}

async function fetchWhenOlder(work: Work, entry: RemoteEntry, target: string): Promise<void> {
  const found = await stat(target).catch(() => undefined);
  const modified = entry.modified === undefined ? undefined : entry.modified - work.ahead;
  const isCurrent =
    found?.isFile() === true &&
    found.size === entry.size &&
    (modified === undefined || found.mtime.getTime() + tolerance >= modified);
  if (isCurrent) return;
  await downloadFile(work.session, work.context, entry.path, target, 'bytes', 'DownloadFileError');
  await keepTime(target, modified);
  (found === undefined ? work.added : work.modified).push(await fileValue(target));
}

async function makeFolder(path: string, { signal }: ActionContext): Promise<void> {
  if (await isFolder(path)) return;
  await mkdir(path).catch((error) => {
    throw failure(failed, 'create folder', path, error, signal);
  });
}

/** Deletes what the directory of the server does not have. Folders count only when they are synchronized at all. */
async function deleteOthers(work: Work, local: string, names: ReadonlySet<string>): Promise<void> {
  const { signal } = work.context;
  for (const entry of await readdir(local, { withFileTypes: true })) {
    if (names.has(entry.name.toLowerCase()) || (entry.isDirectory() && !work.subdirectories)) continue;
    const path = join(local, entry.name);
    const files = entry.isDirectory() ? await filesBelow(path) : [path];
    const code = entry.isDirectory() ? 'DeleteDirectoryError' : failed;
    await rm(path, { recursive: true }).catch((error) => {
      throw failure(code, 'delete', path, error, signal);
    });
    for (const file of files) work.deleted.push(await fileValue(file));
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}
