// What FTP and SFTP servers have in common for the actions: files and directories by absolute path, one operation at a time.
import { posix } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** One entry of a directory. */
export interface RemoteEntry {
  readonly path: string;
  readonly name: string;
  readonly isDirectory: boolean;
  /** A link: never followed into. */
  readonly isLink: boolean;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970, or undefined when the server does not say. */
  readonly modified: number | undefined;
}

/** `text`: line ends are translated on the way (ASCII); not every protocol can. */
export type TransferMode = 'bytes' | 'text';

/** An open connection. Paths are absolute, with `/`. Every method throws a RemoteRefusal when the server says no, anything else when the connection fails. */
export interface RemoteFiles {
  readonly protocol: 'FTP' | 'FTPS' | 'SFTP';
  readonly isClosed: boolean;
  /** The directory in which the session began. */
  readonly home: string;
  /** Throws when it cannot be entered. */
  enter(path: string): Promise<void>;
  list(path: string): Promise<RemoteEntry[]>;
  kind(path: string): Promise<'file' | 'directory' | undefined>;
  download(path: string, to: Writable, mode: TransferMode): Promise<void>;
  upload(from: Readable, path: string, mode: TransferMode): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  deleteFile(path: string): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Only an empty one. */
  deleteDirectory(path: string): Promise<void>;
  /** A command of the protocol as text; undefined where there are none. */
  readonly command: ((text: string) => Promise<{ readonly code: number; readonly text: string }>) | undefined;
  /** Ends the connection at once. */
  close(): void;
}

/** The server said no. `message` is what it said. */
export class RemoteRefusal extends Error {
  override readonly name = 'RemoteRefusal';
  readonly code: number;
  /** The account may not do it. */
  readonly isDenied: boolean;
  constructor(code: number, message: string, isDenied: boolean, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.isDenied = isDenied;
  }
}

/** The server does not know the account, the password or the key. */
export class LoginRefused extends Error {
  override readonly name = 'LoginRefused';
}

/** A path as a flow writes it, absolute and tidy. Backslashes separate as well. */
export function absolutePath(directory: string, path: string): string {
  return posix.resolve(directory, path.trim().replaceAll('\\', '/'));
}

/** Names that servers list and that are no entries, or that would lead out of the directory. */
export function isEntryName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}
