// SFTP. The key of the server is not checked against known ones: the actions have no argument for it.
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client, ConnectConfig, SFTPWrapper } from 'ssh2';
import { firstLine } from '../network.ts';
import { isEntryName, LoginRefused, type RemoteEntry, type RemoteFiles, RemoteRefusal } from './remote.ts';

/** Sent when nothing else is, so that a dead connection is noticed (ms); after three without answer it is given up. */
const aliveInterval = 15_000;

export interface SftpOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly keyFile: string | undefined;
  readonly passPhrase: string | undefined;
}

/** Connects and signs in; `opened` receives what ends it. Throws LoginRefused (also for a key that cannot be read), or what the network says. */
export async function openSftp(
  options: SftpOptions,
  opened: (close: () => void) => void,
): Promise<RemoteFiles> {
  const { password, keyFile, passPhrase } = options;
  const { default: ssh2 } = await import('ssh2');
  const client = new ssh2.Client();
  opened(() => client.destroy());
  const credentials: ConnectConfig =
    keyFile === undefined
      ? { password: password ?? '', tryKeyboard: true }
      : {
          privateKey: await privateKey(keyFile),
          ...(passPhrase === undefined ? {} : { passphrase: passPhrase }),
        };
  // Some servers ask for the password as a question.
  client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) =>
    answer(prompts.map(() => password ?? '')),
  );
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    client.once('ready', () =>
      client.sftp((error, session) => (error === undefined ? resolve(session) : reject(error))),
    );
    client.on('error', (error) => {
      const isLogin = error.level === 'client-authentication';
      reject(isLogin ? new LoginRefused(firstLine(error.message), { cause: error }) : error);
    });
    client.once('close', () => reject(new Error('the server closed the connection')));
    try {
      client.connect({
        host: options.host,
        port: options.port,
        username: options.user,
        readyTimeout: 0,
        keepaliveInterval: aliveInterval,
        ...credentials,
      });
    } catch (error) {
      // A key that cannot be read is thrown at once.
      reject(new LoginRefused(firstLine((error as Error).message), { cause: error }));
    }
  });
  client.setNoDelay(true);
  const home = await new Promise<string>((resolve, reject) =>
    sftp.realpath('.', (error, path) => (error === undefined ? resolve(path) : reject(error))),
  );
  return new SftpServer(client, sftp, home);
}

async function privateKey(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new LoginRefused(`the private key "${path}" cannot be read`, { cause: error });
  }
}

/** Length of a piece of a file (bytes), which every server takes, and how many of them are under way at a time. */
const pieceLength = 32 * 1024;
const mostAsked = 32;

const endOfFile = 1;
const noSuchFile = 2;
const permissionDenied = 3;
const failed = 4;

/** What the numbers of the protocol mean; servers often send no text. */
const meanings: Readonly<Record<number, string>> = {
  [noSuchFile]: 'there is no such file or directory',
  [permissionDenied]: 'permission denied',
  [failed]: 'the server could not do it',
};

/** Errors of the protocol have a number as code; others are those of the connection. */
function refusal(error: Error): Error {
  const { code } = error as Error & { code?: unknown };
  if (typeof code !== 'number') return error;
  const text = meanings[code] ?? firstLine(error.message);
  return new RemoteRefusal(code, text, code === permissionDenied, { cause: error });
}

class SftpServer implements RemoteFiles {
  readonly protocol = 'SFTP';
  readonly command = undefined;
  readonly home: string;
  readonly #client: Client;
  readonly #sftp: SFTPWrapper;
  /** Questions the server has not answered yet. */
  readonly #unanswered = new Set<(reason: Error) => void>();
  #isClosed = false;

  constructor(client: Client, sftp: SFTPWrapper, home: string) {
    this.#client = client;
    this.#sftp = sftp;
    this.home = home;
    client.once('close', () => {
      this.#isClosed = true;
      for (const reject of this.#unanswered) reject(new Error('the connection was cut off'));
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  #ask<T>(question: (answer: (error: Error | null | undefined, result?: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#unanswered.add(reject);
      question((error, result) => {
        this.#unanswered.delete(reject);
        if (error) reject(refusal(error));
        else resolve(result as T);
      });
    });
  }

  async enter(path: string): Promise<void> {
    const kind = await this.kind(path);
    if (kind !== 'directory') throw new RemoteRefusal(noSuchFile, 'there is no such directory', false);
    const handle = await this.#ask<Buffer>((answer) => this.#sftp.opendir(path, answer));
    await this.#ask<void>((answer) => this.#sftp.close(handle, answer));
  }

  async list(path: string): Promise<RemoteEntry[]> {
    const entries = await this.#ask<Parameters<Parameters<SFTPWrapper['readdir']>[1] & {}>[1]>((answer) =>
      this.#sftp.readdir(path, answer),
    );
    const found: RemoteEntry[] = [];
    for (const { filename, attrs } of entries.filter((entry) => isEntryName(entry.filename))) {
      found.push({
        path: posix.join(path, filename),
        name: filename,
        isDirectory: attrs.isDirectory(),
        isLink: attrs.isSymbolicLink(),
        size: attrs.size,
        modified: attrs.mtime * 1000,
      });
    }
    return found;
  }

  async kind(path: string): Promise<'file' | 'directory' | undefined> {
    try {
      const stats = await this.#ask<{ isDirectory(): boolean }>((answer) => this.#sftp.stat(path, answer));
      return stats.isDirectory() ? 'directory' : 'file';
    } catch (error) {
      // Some say of a path through a file only that it failed.
      if (error instanceof RemoteRefusal && (error.code === noSuchFile || error.code === failed))
        return undefined;
      throw error;
    }
  }

  async download(path: string, to: Writable): Promise<void> {
    const handle = await this.#ask<Buffer>((answer) => this.#sftp.open(path, 'r', answer));
    try {
      await pipeline(Readable.from(this.#pieces(handle)), to);
    } finally {
      this.#sftp.close(handle, () => {});
    }
  }

  /** The content of an open file. Many pieces are asked for at a time: waiting for each would take a journey of the network every time. */
  async *#pieces(handle: Buffer): AsyncGenerator<Buffer> {
    const asked: Promise<Buffer | undefined>[] = [];
    for (let at = 0; ; ) {
      while (asked.length < mostAsked) {
        const piece = this.#piece(handle, at, pieceLength);
        // Looked at in its turn, if at all.
        piece.catch(() => {});
        asked.push(piece);
        at += pieceLength;
      }
      const piece = await asked.shift();
      if (piece === undefined) return;
      yield piece;
    }
  }

  /** Undefined at the end of the file; shorter than `length` only just before it. */
  async #piece(handle: Buffer, position: number, length: number): Promise<Buffer | undefined> {
    const found: Buffer[] = [];
    for (let have = 0; have < length; ) {
      const buffer = Buffer.allocUnsafe(length - have);
      const read = await this.#ask<number>((answer) =>
        this.#sftp.read(handle, buffer, 0, length - have, position + have, (error, count) =>
          // The end is an error in this protocol.
          (error as { code?: unknown } | undefined)?.code === endOfFile
            ? answer(undefined, 0)
            : answer(error, count),
        ),
      );
      if (read === 0) break;
      found.push(buffer.subarray(0, read));
      have += read;
    }
    return found.length === 0 ? undefined : Buffer.concat(found);
  }

  async upload(from: Readable, path: string): Promise<void> {
    const handle = await this.#ask<Buffer>((answer) => this.#sftp.open(path, 'w', answer));
    try {
      const sent: Promise<void>[] = [];
      let position = 0;
      for await (const chunk of from as AsyncIterable<Buffer>) {
        for (let at = 0; at < chunk.length; at += pieceLength) {
          const piece = chunk.subarray(at, at + pieceLength);
          const place = position;
          position += piece.length;
          const done = this.#ask<void>((answer) =>
            this.#sftp.write(handle, piece, 0, piece.length, place, answer),
          );
          done.catch(() => {});
          sent.push(done);
          if (sent.length >= mostAsked) await sent.shift();
        }
      }
      await Promise.all(sent);
    } catch (error) {
      this.#sftp.close(handle, () => {});
      throw error;
    }
    // A server may find out only now that its disk is full.
    await this.#ask<void>((answer) => this.#sftp.close(handle, answer));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#ask<void>((answer) => this.#sftp.rename(from, to, answer));
  }

  async deleteFile(path: string): Promise<void> {
    await this.#ask<void>((answer) => this.#sftp.unlink(path, answer));
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#ask<void>((answer) => this.#sftp.mkdir(path, answer));
  }

  async deleteDirectory(path: string): Promise<void> {
    await this.#ask<void>((answer) => this.#sftp.rmdir(path, answer));
  }

  close(): void {
    this.#isClosed = true;
    this.#client.destroy();
  }
}
