// An open connection as a flow holds it, and the errors of everything done with it.

import { posix } from 'node:path';
import { type ActionArguments, type ActionContext, ActionError } from '../../action.ts';
import { toText } from '../../convert.ts';
import { localTime } from '../../dotnet/timeZone.ts';
import { InstanceValue, type Value } from '../../values.ts';
import { extensionOf, nameWithoutExtension } from '../fileSystem.ts';
import { networkReason, patiently } from '../network.ts';
import { instanceArgument } from '../typed.ts';
import { absolutePath, type RemoteEntry, type RemoteFiles, RemoteRefusal } from './remote.ts';

export class FtpSession {
  readonly files: RemoteFiles;
  /** The run need not close it any more. */
  readonly release: () => void;
  /** Where relative paths start. */
  directory: string;

  constructor(files: RemoteFiles, release: () => void) {
    this.files = files;
    this.release = release;
    this.directory = files.home;
  }

  /** The complete path a flow means. */
  path(text: string): string {
    return absolutePath(this.directory, text);
  }
}

/** The session of the argument `Connection`, which must still be open. Throws `NotConnectedError`. */
export function sessionOf(args: ActionArguments): FtpSession {
  const session = instanceArgument(args, 'Connection', FtpSession, 'an FTP connection');
  if (session.files.isClosed) throw notConnected();
  return session;
}

function notConnected(cause?: unknown): ActionError {
  return new ActionError(
    'NotConnectedError',
    'The FTP connection is closed.',
    'Open it again with "Open FTP connection" or "Open secure FTP connection" before this action.',
    { cause },
  );
}

/**
 * Runs `work` on the server; when it fails the ActionError is `code`: `Cannot <doing>: <what the server said>.` A lost connection is
 * `abortedCode`. When the run stops the connection is closed and the reason thrown at once.
 */
export async function attempt<T>(
  session: FtpSession,
  { signal, host }: ActionContext,
  code: string,
  doing: string,
  work: () => Promise<T>,
  abortedCode = 'NotConnectedError',
): Promise<T> {
  try {
    return await patiently({ clock: host.clock, signal, seconds: 0 }, () => session.files.close(), work);
  } catch (error) {
    if (error instanceof ActionError) throw error;
    if (signal.aborted) throw signal.reason;
    if (error instanceof RemoteRefusal)
      throw new ActionError(
        code,
        `Cannot ${doing}: ${error.message}.`,
        'The message is the one of the server.',
        { cause: error },
      );
    const isLost = session.files.isClosed;
    throw new ActionError(
      isLost ? abortedCode : code,
      `Cannot ${doing}: ${networkReason(error).what}.`,
      isLost
        ? 'Open the connection again; if it stays so, ask who runs the server.'
        : networkReason(error).next,
      { cause: error },
    );
  }
}

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** A file or directory of a server as a flow holds it: by its path. */
export class RemotePath {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}

export function entryValue(entry: RemoteEntry): InstanceValue {
  const modified: [string, Value] = [
    'LastModified',
    entry.modified === undefined ? null : localTime(entry.modified),
  ];
  const common: [string, Value][] = [['FullName', entry.path], ['Name', entry.name], modified];
  return entry.isDirectory
    ? new InstanceValue(
        'FTP directory',
        new RemotePath(entry.path),
        new Map([...common, ['Parent', posix.dirname(entry.path)]]),
      )
    : new InstanceValue(
        'FTP file',
        new RemotePath(entry.path),
        new Map<string, Value>([
          ...common,
          ['Directory', posix.dirname(entry.path)],
          ['NameWithoutExtension', nameWithoutExtension(entry.name)],
          ['Extension', extensionOf(entry.name)],
          ['Size', entry.size],
        ]),
      );
}

/** Paths on the server: entries that were listed, texts, or a list of them. Throws `InvalidArgument`. */
export function remotePaths(session: FtpSession, args: ActionArguments, name: string): string[] {
  const value = args.value(name);
  return (Array.isArray(value) ? value : [value]).map((one) => {
    if (one instanceof InstanceValue && one.resource instanceof RemotePath) return one.resource.path;
    const text = one === null || one instanceof InstanceValue ? '' : toText(one).trim();
    if (text !== '') return session.path(text);
    throw new ActionError(
      'InvalidArgument',
      `The argument "${name}" holds something that is no path on the server.`,
      'Give a path, or what "List FTP directory" gave.',
    );
  });
}

/** The one path of an argument. */
export function remotePath(session: FtpSession, args: ActionArguments, name: string): string {
  const [path, ...others] = remotePaths(session, args, name);
  if (path !== undefined && others.length === 0) return path;
  throw new ActionError(
    'InvalidArgument',
    `The argument "${name}" needs exactly one path.`,
    'Give one path on the server.',
  );
}
