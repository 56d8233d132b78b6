// The FTP actions. ftpServer.ts and sftpServer.ts speak to the servers; session.ts is the connection a flow holds; transfer.ts and
// synchronize.ts move files. Synchronizing with a filter, and towards the server, is left out: how flows write it is not known.
import { basename, posix } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { InstanceValue, type Value } from '../../values.ts';
import { isFile, isFolder, pathOf, pathsOf, requireFolder } from '../fileSystem.ts';
import { networkReason, patiently } from '../network.ts';
import { type FtpOptions, openFtp } from './ftpServer.ts';
import { LoginRefused, type RemoteFiles, RemoteRefusal } from './remote.ts';
import { attempt, entryValue, FtpSession, remotePath, remotePaths, sessionOf } from './session.ts';
import { openSftp } from './sftpServer.ts';
import { synchronizeDownload } from './synchronize.ts';
import {
  downloadFile,
  downloadTree,
  type IfExists,
  localTarget,
  modeOf,
  remoteName,
  uploadFile,
  uploadTree,
} from './transfer.ts';

// ── Connections ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Opens a connection that the run closes at its end. Throws `ConnectionError` or `LoginFailureError`. */
async function connect(
  args: ActionArguments,
  context: ActionContext,
  protocol: string,
  open: (opened: (close: () => void) => void) => Promise<RemoteFiles>,
): Promise<InstanceValue> {
  const { signal } = context;
  const host = args.text('Host').trim();
  let close = () => {};
  const patience = { clock: context.host.clock, signal, seconds: Math.max(0, args.number('Timeout')) };
  try {
    const opened = (how: () => void) => {
      close = how;
    };
    const files = await patiently(
      patience,
      () => close(),
      () => open(opened),
    );
    const session = new FtpSession(
      files,
      context.own(() => files.close()),
    );
    const properties = new Map<string, Value>([
      ['Host', host],
      ['SecurityProtocol', protocol],
    ]);
    return new InstanceValue('FTP connection', session, properties);
  } catch (error) {
    close();
    if (signal.aborted) throw signal.reason;
    if (error instanceof LoginRefused) {
      throw new ActionError(
        'LoginFailureError',
        `The server "${host}" did not accept the login: ${error.message}.`,
        'Check user name, and password or key.',
        { cause: error },
      );
    }
    const { what, next } =
      error instanceof RemoteRefusal
        ? { what: error.message, next: 'The message is the one of the server.' }
        : networkReason(error);
    throw new ActionError('ConnectionError', `Cannot connect to "${host}": ${what}.`, next, { cause: error });
  }
}

function connectFtp(
  args: ActionArguments,
  context: ActionContext,
  security: FtpOptions['security'],
): Promise<InstanceValue> {
  const password = args.text('Password');
  if (password !== '') context.addSecret(password);
  const protocol = { none: 'None', explicit: 'FTPS explicit', implicit: 'FTPS implicit' }[security];
  return connect(args, context, protocol, (opened) =>
    openFtp(
      {
        host: args.text('Host').trim(),
        port: args.integer('Port'),
        user: args.text('Username'),
        password,
        security,
        acceptUntrusted: security !== 'none' && args.boolean('AcceptUntrustedCertificates'),
        isActive: args.boolean('ActiveMode'),
      },
      opened,
    ),
  );
}

function connectSftp(
  args: ActionArguments,
  context: ActionContext,
  by: 'password' | 'key' | 'key with pass phrase',
): Promise<InstanceValue> {
  const password = by === 'password' ? args.text('Password') : undefined;
  const passPhrase = by === 'key with pass phrase' ? args.text('PrivateKeyPassPhrase') : undefined;
  for (const secret of [password, passPhrase]) if (secret) context.addSecret(secret);
  return connect(args, context, 'SFTP', (opened) =>
    openSftp(
      {
        host: args.text('Host').trim(),
        port: args.integer('Port'),
        user: args.text('Username'),
        password,
        keyFile: by === 'password' ? undefined : pathOf(args, 'PathToPrivateKey'),
        passPhrase,
      },
      opened,
    ),
  );
}

// ── Directories ─────────────────────────────────────────────────────────────────────────────────────────────────

function missingDirectory(code: string, path: string): ActionError {
  return new ActionError(
    code,
    `The server has no directory "${path}".`,
    'Check the path; "List FTP directory" shows what is there.',
  );
}

async function listDirectory(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  const path = args.has('Path') ? remotePath(session, args, 'Path') : session.directory;
  return await attempt(session, context, 'ListingError', `list "${path}"`, async () => {
    if ((await session.files.kind(path)) !== 'directory')
      throw missingDirectory('DirectoryNotFoundError', path);
    const entries = await session.files.list(path);
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    return {
      outputs: {
        Directories: entries.filter((one) => one.isDirectory).map(entryValue),
        Files: entries.filter((one) => !one.isDirectory).map(entryValue),
      },
    };
  });
}

async function changeDirectory(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  const path = remotePath(session, args, 'SetWorkingDirectoryTo');
  return await attempt(
    session,
    context,
    'ChangeWorkingDirectoryError',
    `change the working directory to "${path}"`,
    async () => {
      try {
        await session.files.enter(path);
      } catch (error) {
        if (!(error instanceof RemoteRefusal) || error.isDenied) throw error;
        throw missingDirectory('DirectoryNotFoundError', path);
      }
      session.directory = path;
      return {};
    },
  );
}

async function createDirectory(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  const { files } = session;
  const path = remotePath(session, args, 'Directory');
  return await attempt(session, context, 'CreateDirectoryError', `create directory "${path}"`, async () => {
    if ((await files.kind(path)) !== undefined) {
      throw new ActionError(
        'FileExistsError',
        `The server has "${path}" already.`,
        'Choose another name, or delete it first.',
      );
    }
    // Directories on the way are made as well.
    const missing = [path];
    for (let at = posix.dirname(path); at !== '/'; at = posix.dirname(at)) {
      const kind = await files.kind(at);
      if (kind === 'directory') break;
      if (kind === 'file') throw missingDirectory('DirectoryNotFoundError', at);
      missing.unshift(at);
    }
    for (const directory of missing) {
      try {
        await files.makeDirectory(directory);
      } catch (error) {
        if (!(error instanceof RemoteRefusal) || !error.isDenied) throw error;
        throw new ActionError(
          'AccessDeniedError',
          `Cannot create directory "${directory}": ${error.message}.`,
          'Give the account the right to it on the server.',
          { cause: error },
        );
      }
    }
    return {};
  });
}

async function deleteDirectory(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  const { files } = session;
  const path = remotePath(session, args, 'Directory');
  const code = 'DeleteDirectoryError';
  return await attempt(session, context, code, `delete directory "${path}"`, async () => {
    if (path === '/')
      throw new ActionError(
        code,
        'The root directory of the server cannot be deleted.',
        'Give the path of a directory in it.',
      );
    if ((await files.kind(path)) !== 'directory')
      throw missingDirectory('RemoteDirectoryNotFoundError', path);
    if (session.directory === path || session.directory.startsWith(`${path}/`))
      await leave(session, posix.dirname(path));
    await deleteTree(files, path, context.signal);
    return {};
  });
}

/** A directory that is being deleted cannot stay the working directory. */
async function leave(session: FtpSession, parent: string): Promise<void> {
  try {
    await session.files.enter(parent);
    session.directory = parent;
  } catch (error) {
    if (!(error instanceof RemoteRefusal)) throw error;
    throw new ActionError(
      'WorkingDirectoryChangeError',
      `The directory to delete is the working directory, and the one above it, "${parent}", cannot be entered: ${error.message}.`,
      'Change the working directory to another one first.',
      { cause: error },
    );
  }
}

async function deleteTree(files: RemoteFiles, path: string, signal: AbortSignal): Promise<void> {
  for (const entry of await files.list(path)) {
    signal.throwIfAborted();
    // A link is deleted, not what it leads to.
    if (entry.isDirectory && !entry.isLink) await deleteTree(files, entry.path, signal);
    else await files.deleteFile(entry.path);
  }
  await files.deleteDirectory(path);
}

// ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Throws `code` unless the server has this file. */
async function requireRemoteFile(
  session: FtpSession,
  context: ActionContext,
  path: string,
  code: string,
): Promise<void> {
  const kind = await attempt(session, context, code, `find "${path}"`, () => session.files.kind(path));
  if (kind === 'file') return;
  throw new ActionError(
    code,
    kind === 'directory'
      ? `"${path}" on the server is a directory, not a file.`
      : `The server has no file "${path}".`,
    'Check the path; "List FTP directory" shows what is there.',
  );
}

async function downloadFiles(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  const folder = pathOf(args, 'DownloadInto');
  await requireFolder(folder, 'DirectoryNotFoundError');
  const mode = modeOf(session.files, args.member('TransferType'));
  const ifExists = args.member('IfFileExists') as IfExists;
  for (const path of remotePaths(session, args, 'RemoteFilePaths')) {
    await requireRemoteFile(session, context, path, 'RemoteFileNotFoundError');
    const target = await localTarget(folder, posix.basename(path), ifExists);
    if (target !== undefined) await downloadFile(session, context, path, target, mode, 'DownloadFileError');
  }
  return {};
}

async function downloadFolders(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  const folder = pathOf(args, 'DownloadInto');
  await requireFolder(folder, 'DirectoryNotFoundError');
  const code = 'DownloadDirectoryError';
  for (const path of remotePaths(session, args, 'RemotePath')) {
    const kind = await attempt(session, context, code, `find "${path}"`, () => session.files.kind(path));
    if (kind !== 'directory') throw missingDirectory('RemoteDirectoryNotFoundError', path);
    const target = await localTarget(folder, posix.basename(path), 'Overwrite');
    await downloadTree(session, context, path, target as string, code);
  }
  return {};
}

async function uploadFiles(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  const code = 'UploadFileError';
  const directory = args.has('RemoteLocation')
    ? remotePath(session, args, 'RemoteLocation')
    : session.directory;
  const mode = modeOf(session.files, args.member('TransferType'));
  const ifExists = args.member('IfFileExists') as IfExists;
  const paths = pathsOf(args, 'Files');
  for (const path of paths) {
    if (await isFile(path)) continue;
    throw new ActionError(
      'FileNotFoundError',
      `The file "${path}" does not exist.`,
      'Check the path, or test with "If file exists" before.',
    );
  }
  const entries =
    ifExists === 'Overwrite'
      ? []
      : await attempt(session, context, code, `list "${directory}"`, () => session.files.list(directory));
  const taken = new Set(entries.map(({ name }) => name));
  for (const path of paths) {
    const name = remoteName(basename(path), taken, ifExists);
    if (name === undefined) continue;
    await uploadFile(session, context, path, posix.join(directory, name), mode, code);
    taken.add(name);
  }
  return {};
}

async function uploadFolders(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  const code = 'UploadDirectoryError';
  const directory = remotePath(session, args, 'RemoteLocation');
  const kind = await attempt(session, context, code, `find "${directory}"`, () =>
    session.files.kind(directory),
  );
  if (kind !== 'directory') throw missingDirectory('RemoteDirectoryNotFoundError', directory);
  for (const path of pathsOf(args, 'Folders')) {
    if (!(await isFolder(path)))
      throw new ActionError(
        code,
        `The folder "${path}" does not exist.`,
        'Check the path, or test with "If folder exists" before.',
      );
    await uploadTree(session, context, path, posix.join(directory, basename(path)), code);
  }
  return {};
}

async function deleteFiles(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  for (const path of remotePaths(session, args, 'Files')) {
    await requireRemoteFile(session, context, path, 'FileNotFoundError');
    await attempt(session, context, 'DeleteFileError', `delete "${path}"`, () =>
      session.files.deleteFile(path),
    );
  }
  return {};
}

/** A name alone stays in the directory; with a path the file is moved. */
async function renameFile(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  const from = remotePath(session, args, 'FileToRename');
  await requireRemoteFile(session, context, from, 'FileNotFoundError');
  const name = args.text('NewFileName').trim();
  const to = /[\\/]/.test(name) ? session.path(name) : posix.join(posix.dirname(from), name);
  await attempt(session, context, 'RenameFileError', `rename "${from}" to "${to}"`, async () => {
    if (name === '' || to === posix.dirname(from))
      throw new ActionError('RenameFileError', 'The new name is empty.', 'Give the new name of the file.');
    await session.files.rename(from, to);
  });
  return {};
}

async function invokeCommand(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  const code = 'InvokeCommandError';
  const { files } = session;
  const { command } = files;
  if (command === undefined) {
    throw new ActionError(
      code,
      'SFTP knows no commands in text form.',
      'Use the other FTP actions, or connect by FTP.',
    );
  }
  const text = args.text('Command').trim();
  const valid = args
    .text('ValidReplyCodes')
    .split(/[;,\s]+/)
    .filter((one) => one !== '');
  return await attempt(session, context, code, `carry out "${text.split(' ')[0]}"`, async () => {
    // Relative paths in the command mean the working directory of the flow.
    await files.enter(session.directory);
    const reply = await command(text).catch((error: unknown) => {
      if (error instanceof RemoteRefusal && valid.includes(String(error.code)))
        return { code: error.code, text: error.message };
      throw error;
    });
    if (valid.length > 0 && !valid.includes(String(reply.code))) {
      throw new ActionError(
        code,
        `The server answered with ${reply.code}, not with ${valid.join(' or ')}.`,
        'Check the command, or allow this reply code.',
      );
    }
    return { outputs: { ReplyCode: String(reply.code), ReplyText: reply.text } };
  });
}

export const ftpActions: readonly ActionDefinition[] = [
  {
    id: 'FTP.OpenConnection',
    run: async (args, context) => ({ outputs: { Connection: await connectFtp(args, context, 'none') } }),
  },
  {
    id: 'FTP.OpenSecureConnection.ConnectWithFtpsExplicit',
    run: async (args, context) => ({
      outputs: { SftpConnection: await connectFtp(args, context, 'explicit') },
    }),
  },
  {
    id: 'FTP.OpenSecureConnection.ConnectWithFtpsImplicit',
    run: async (args, context) => ({
      outputs: { SftpConnection: await connectFtp(args, context, 'implicit') },
    }),
  },
  {
    id: 'FTP.OpenSecureConnection.ConnectWithSftpUsernameAndPassword',
    run: async (args, context) => ({
      outputs: { SftpConnection: await connectSftp(args, context, 'password') },
    }),
  },
  {
    id: 'FTP.OpenSecureConnection.ConnectWithSftpPrivateKey',
    run: async (args, context) => ({ outputs: { SftpConnection: await connectSftp(args, context, 'key') } }),
  },
  {
    id: 'FTP.OpenSecureConnection.ConnectWithSftpPrivateKeyAndPassPhrase',
    run: async (args, context) => ({
      outputs: { SftpConnection: await connectSftp(args, context, 'key with pass phrase') },
    }),
  },
  {
    id: 'FTP.CloseConnection',
    run(args) {
      const session = sessionOf(args);
      session.files.close();
      session.release();
      return {};
    },
  },
  { id: 'FTP.ListDirectory', run: listDirectory },
  { id: 'FTP.ChangeWorkingDirectory', run: changeDirectory },
  { id: 'FTP.CreateDirectory', run: createDirectory },
  { id: 'FTP.DeleteDirectory', run: deleteDirectory },
  { id: 'FTP.DownloadFiles', run: downloadFiles },
  { id: 'FTP.DownloadFolders', run: downloadFolders },
  { id: 'FTP.UploadFiles', run: uploadFiles },
  { id: 'FTP.UploadFolders', run: uploadFolders },
  { id: 'FTP.DeleteFiles', run: deleteFiles },
  { id: 'FTP.RenameFile', run: renameFile },
  { id: 'FTP.InvokeCommand', run: invokeCommand },
  { id: 'FTP.SynchronizeDirectory.SynchronizeDownloadAll', run: synchronizeDownload },
];
