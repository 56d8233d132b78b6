// Files and folders between this machine and a server.
import { createReadStream } from 'node:fs';
import { mkdir, readdir, utimes } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { PassThrough } from 'node:stream';
import { type ActionContext, ActionError } from '../../action.ts';
import { exists, failure, isFile, isFolder } from '../fileSystem.ts';
import { freePath, harmlessName, saveWhole, TooLarge } from '../savedFile.ts';
import type { RemoteFiles, TransferMode } from './remote.ts';
import { attempt, type FtpSession } from './session.ts';

/** A tree deeper than this is a mistake, or never ends. */
const deepest = 100;

/** What to do with a name that is taken: a member of `FTP.IfFtpFileExists`. */
export type IfExists = 'Overwrite' | 'Skip' | 'TransferWithUniqueName';

/** The mode a member of `FTP.FtpTransferType` asks for. Throws `InvalidArgument` for a text transfer where there is none. */
export function modeOf(files: RemoteFiles, member: string): TransferMode {
  if (member !== 'Ascii') return 'bytes';
  if (files.protocol !== 'SFTP') return 'text';
  throw new ActionError(
    'InvalidArgument',
    'SFTP transfers files as they are; there is no ASCII transfer.',
    'Choose "Auto" or "Binary" as transfer type.',
  );
}

// ── Download ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Saves a file of the server under `local`, as a whole or not at all. */
export async function downloadFile(
  session: FtpSession,
  context: ActionContext,
  remote: string,
  local: string,
  mode: TransferMode,
  code: string,
): Promise<void> {
  const doing = `download "${remote}"`;
  await attempt(
    session,
    context,
    code,
    doing,
    async () => {
      const content = new PassThrough();
      const saving = saveWhole(content, local);
      // When both fail, what the server said matters.
      saving.catch(() => {});
      try {
        await session.files.download(remote, content, mode);
      } catch (error) {
        content.destroy(error as Error);
        await saving.catch((saved) => {
          if (isLocal(saved)) throw failure(code, 'save', local, saved, context.signal);
        });
        throw error;
      }
      await saving.catch((error) => {
        throw isLocal(error) ? failure(code, 'save', local, error, context.signal) : error;
      });
    },
    'FTPConnectionAbortedError',
  );
}

function isLocal(error: unknown): boolean {
  return error instanceof TooLarge || typeof (error as NodeJS.ErrnoException).path === 'string';
}

/** Where a file goes in `folder`, or undefined when it is to be left alone. */
export async function localTarget(
  folder: string,
  name: string,
  ifExists: IfExists,
): Promise<string | undefined> {
  const own = harmlessName(name, 'download');
  const path = join(folder, own);
  if (ifExists === 'TransferWithUniqueName') return await freePath(folder, own, '_');
  return ifExists === 'Skip' && (await exists(path)) ? undefined : path;
}

/** A directory of the server with everything below it, into `local`, which is made. Links are left out. */
export async function downloadTree(
  session: FtpSession,
  context: ActionContext,
  remote: string,
  local: string,
  code: string,
  depth = 0,
): Promise<void> {
  if (depth > deepest) throw tooDeep(code, remote);
  const entries = await attempt(session, context, code, `list "${remote}"`, () => session.files.list(remote));
  await mkdir(local, { recursive: true }).catch((error) => {
    throw failure(code, 'create folder', local, error, context.signal);
  });
  for (const entry of entries) {
    if (entry.isLink) continue;
    const target = join(local, harmlessName(entry.name, 'download'));
    if (entry.isDirectory) await downloadTree(session, context, entry.path, target, code, depth + 1);
    else await downloadFile(session, context, entry.path, target, 'bytes', code);
  }
}

function tooDeep(code: string, path: string): ActionError {
  return new ActionError(
    code,
    `The folders in "${path}" are nested more than ${deepest} deep.`,
    'Look for a folder that contains itself by a link.',
  );
}

// ── Upload ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Puts a file of this machine on the server. */
export async function uploadFile(
  session: FtpSession,
  context: ActionContext,
  local: string,
  remote: string,
  mode: TransferMode,
  code: string,
): Promise<void> {
  await attempt(
    session,
    context,
    code,
    `upload "${local}" to "${remote}"`,
    async () => {
      const content = createReadStream(local);
      // Opened first: an error of this side must not cost the connection.
      await new Promise<void>((resolve, reject) => {
        content.once('open', () => resolve());
        content.once('error', (error) => reject(failure(code, 'read', local, error, context.signal)));
      });
      try {
        await session.files.upload(content, remote, mode);
      } finally {
        content.destroy();
      }
    },
    'FTPConnectionAbortedError',
  );
}

/** A name in a directory of the server, or undefined when the file is to be left alone. */
export function remoteName(name: string, taken: ReadonlySet<string>, ifExists: IfExists): string | undefined {
  if (!taken.has(name) || ifExists === 'Overwrite') return name;
  if (ifExists === 'Skip') return undefined;
  const extension = posix.extname(name);
  const stem = name.slice(0, name.length - extension.length);
  for (let number = 1; ; number++) {
    const own = `${stem}_${number}${extension}`;
    if (!taken.has(own)) return own;
  }
}

/** A folder of this machine with everything in it, as the directory `remote`, which is made when missing. */
export async function uploadTree(
  session: FtpSession,
  context: ActionContext,
  local: string,
  remote: string,
  code: string,
  depth = 0,
): Promise<void> {
  if (depth > deepest) throw tooDeep(code, local);
  const { files } = session;
  await attempt(session, context, code, `create "${remote}"`, async () => {
    if ((await files.kind(remote)) !== 'directory') await files.makeDirectory(remote);
  });
  const names = await readdir(local).catch((error) => {
    throw failure(code, 'read folder', local, error, context.signal);
  });
  for (const name of names.sort()) {
    const path = join(local, name);
    if (await isFolder(path))
      await uploadTree(session, context, path, posix.join(remote, name), code, depth + 1);
    else if (await isFile(path))
      await uploadFile(session, context, path, posix.join(remote, name), 'bytes', code);
  }
}

/** Gives a downloaded file the time of the one on the server, so that both can be compared later. */
export async function keepTime(path: string, modified: number | undefined): Promise<void> {
  if (modified !== undefined) await utimes(path, modified / 1000, modified / 1000);
}
