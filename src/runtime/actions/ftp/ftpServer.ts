// FTP and FTPS.
import net from 'node:net';
import { posix } from 'node:path';
import { type Readable, Transform, type Writable } from 'node:stream';
import tls from 'node:tls';
import type { Client, FTPContext, FTPResponse } from 'basic-ftp';
import { firstLine, TimeIsOver, tlsOptions } from '../network.ts';
import {
  isEntryName,
  LoginRefused,
  type RemoteEntry,
  type RemoteFiles,
  RemoteRefusal,
  type TransferMode,
} from './remote.ts';

/** A minute. */
const silenceTime = 60_000;

export interface FtpOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly security: 'none' | 'explicit' | 'implicit';
  readonly acceptUntrusted: boolean;
  /** The server opens the connections for data. */
  readonly isActive: boolean;
}

/**
 * Connects and signs in; `opened` receives what ends it, and `silence` is how long the server may then be silent in the middle of an
 * operation (ms). Throws LoginRefused, RemoteRefusal or what the network says.
 */
export async function openFtp(
  options: FtpOptions,
  opened: (close: () => void) => void,
  silence = silenceTime,
): Promise<RemoteFiles> {
  const { default: ftp } = await import('basic-ftp');
  const client = new ftp.Client(silence);
  opened(() => client.close());
  const { host, port, security } = options;
  const secure = () => ({
    ...tlsOptions(options.acceptUntrusted),
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
  });
  try {
    if (security === 'implicit') await client.connectImplicitTLS(host, port, secure());
    else await client.connect(host, port);
    if (security === 'explicit') await client.useTLS(secure());
  } catch (error) {
    throw isReply(error) ? refusal(error) : error;
  }
  try {
    await client.login(options.user, options.password);
  } catch (error) {
    if (!isReply(error)) throw error;
    throw new LoginRefused(serverText(error.message), { cause: error });
  }
  try {
    await client.useDefaultSettings();
    if (options.isActive) letServerConnect(client);
    else heedCommandsFirst(client);
    return new FtpServer(client, security === 'none' ? 'FTP' : 'FTPS', await client.pwd());
  } catch (error) {
    throw isReply(error) ? refusal(error) : error;
  }
}

interface ReplyError extends Error {
  readonly code: number;
}

/** True for an answer of the server; errors of the connection have no number. */
function isReply(error: unknown): error is ReplyError {
  return typeof (error as Partial<ReplyError>).code === 'number';
}

function refusal(error: ReplyError): RemoteRefusal {
  const { code } = error;
  const isDenied = code === 550 && /permission|denied|not permitted|access/i.test(error.message);
  return new RemoteRefusal(code, serverText(error.message), isDenied, { cause: error });
}

/** What a server says, without the number in front. */
function serverText(message: string): string {
  return firstLine(message.replace(/^\d{3}[ -]/, ''));
}

class FtpServer implements RemoteFiles {
  readonly #client: Client;
  readonly protocol: 'FTP' | 'FTPS';
  readonly home: string;

  constructor(client: Client, protocol: 'FTP' | 'FTPS', home: string) {
    this.#client = client;
    this.protocol = protocol;
    this.home = home;
  }

  get isClosed(): boolean {
    return this.#client.closed;
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isReply(error)) throw refusal(error);
      // The package names the connection that was silent.
      if (error instanceof Error && error.message.startsWith('Timeout ('))
        throw new TimeIsOver(this.#client.ftp.timeout / 1000);
      throw error;
    }
  }

  async enter(path: string): Promise<void> {
    await this.#try(() => this.#client.cd(path));
  }

  async list(path: string): Promise<RemoteEntry[]> {
    const entries = await this.#try(() => this.#client.list(path));
    return entries
      .filter(({ name }) => isEntryName(name))
      .map((entry) => ({
        path: posix.join(path, entry.name),
        name: entry.name,
        isDirectory: entry.isDirectory,
        isLink: entry.isSymbolicLink,
        size: entry.size,
        modified: entry.modifiedAt?.getTime(),
      }));
  }

  /** Asks cheap questions first; not every server can tell the size of a file. */
  async kind(path: string): Promise<'file' | 'directory' | undefined> {
    const before = await this.#try(() => this.#client.pwd());
    const isDirectory = await answers(() => this.enter(path));
    if (isDirectory) await this.enter(before);
    if (isDirectory) return 'directory';
    if (await answers(() => this.#try(() => this.#client.size(path)))) return 'file';
    const found: RemoteEntry[] = [];
    await answers(async () => void found.push(...(await this.list(posix.dirname(path)))));
    const entry = found.find(({ name }) => name === posix.basename(path));
    return entry === undefined ? undefined : entry.isDirectory ? 'directory' : 'file';
  }

  async download(path: string, to: Writable, mode: TransferMode): Promise<void> {
    await this.#inMode(mode, () => this.#client.downloadTo(to, path));
  }

  async upload(from: Readable, path: string, mode: TransferMode): Promise<void> {
    // On the way text lines end with CR LF, whatever they end with here.
    const content = mode === 'text' ? from.compose(withCrLf()) : from;
    await this.#inMode(mode, () => this.#client.uploadFrom(content as Readable, path));
  }

  async #inMode(mode: TransferMode, transfer: () => Promise<unknown>): Promise<void> {
    await this.#try(async () => {
      if (mode === 'text') await this.#client.send('TYPE A');
      try {
        await transfer();
      } finally {
        if (mode === 'text' && !this.#client.closed) await this.#client.send('TYPE I');
      }
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#try(() => this.#client.rename(from, to));
  }

  async deleteFile(path: string): Promise<void> {
    await this.#try(() => this.#client.remove(path));
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#try(() => this.#client.send(`MKD ${path}`));
  }

  async deleteDirectory(path: string): Promise<void> {
    await this.#try(() => this.#client.send(`RMD ${path}`));
  }

  readonly command = async (text: string) => {
    const { code, message } = await this.#try(() => this.#client.send(text));
    return { code, text: message.replace(/^\d{3}[ -]/, '') };
  };

  close(): void {
    this.#client.close();
  }
}

/** True when the server does not refuse. */
async function answers(question: () => Promise<unknown>): Promise<boolean> {
  try {
    await question();
    return true;
  } catch (error) {
    if (error instanceof RemoteRefusal) return false;
    throw error;
  }
}

function withCrLf(): Transform {
  let last = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const bytes: number[] = [];
      for (const byte of chunk) {
        if (byte === 10 && last !== 13) bytes.push(13);
        bytes.push(byte);
        last = byte;
      }
      done(null, Buffer.from(bytes));
    },
  });
}

/** How long a reply may come after the connection for data broke (ms). */
const replyTime = 2_000;

/** The connection for data breaks as well when the server refuses a transfer; the reply that says why must not be lost by that. */
function heedCommandsFirst(client: Client): void {
  let prepare = client.prepareTransfer;
  const prepared = async (ftp: FTPContext) => {
    const response = await prepare(ftp);
    // The first time the package finds out which command the server knows, and puts that in this place.
    if (client.prepareTransfer !== prepared) prepare = client.prepareTransfer;
    client.prepareTransfer = prepared;
    waitForReply(ftp);
    return response;
  };
  client.prepareTransfer = prepared;
}

/** An error of the connection for data ends everything only when no reply ends the transfer soon. */
function waitForReply(ftp: FTPContext): void {
  const socket = ftp.dataSocket;
  if (socket === undefined) return;
  for (const event of ['error', 'close']) socket.removeAllListeners(event);
  socket.on('error', (error) => {
    setTimeout(() => {
      if (ftp.dataSocket === socket) ftp.closeWithError(error);
    }, replyTime).unref();
  });
}

// ── Active mode ─────────────────────────────────────────────────────────────────────────────────────────────────

/** A connection for data that the server is about to open. */
interface Expected {
  readonly socket: Promise<net.Socket>;
  giveUp(): void;
}

/**
 * Active mode, which the package does not have: for each transfer a port is opened and told to the server. The server connects once
 * it has the command, so the answer that a transfer begins is held back until the connection is there.
 */
function letServerConnect(client: Client): void {
  const { ftp } = client;
  let expected: Expected | undefined;
  client.prepareTransfer = async (context) => {
    const [response, next] = await announce(context);
    expected = next;
    // Takes the place of the connection until it is there.
    context.dataSocket = new net.Socket();
    return response;
  };
  const handle = ftp.handle.bind(ftp);
  ftp.handle = (command, onResponse) => {
    const awaited = expected;
    expected = undefined;
    if (awaited === undefined) return handle(command, onResponse);
    let turn = Promise.resolve();
    return handle(command, (response, task) => {
      if (response instanceof Error) {
        awaited.giveUp();
        onResponse(response, task);
        return;
      }
      turn = turn
        .then(async () => {
          if (response.code === 150 || response.code === 125)
            ftp.dataSocket = secured(await awaited.socket, ftp);
          onResponse(response, task);
        })
        .catch((error: Error) => onResponse(error, task));
    });
  };
}

async function announce(ftp: FTPContext): Promise<[FTPResponse, Expected]> {
  const { localAddress, remoteAddress } = ftp.socket;
  if (localAddress === undefined) throw new Error('the connection is closed');
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, localAddress, resolve);
  });
  const { port } = server.address() as net.AddressInfo;
  const socket = new Promise<net.Socket>((resolve) => {
    server.on('connection', (incoming) => {
      // Nobody else may deliver the data.
      if (incoming.remoteAddress !== remoteAddress) {
        incoming.destroy();
        return;
      }
      server.close();
      resolve(incoming);
    });
  });
  const giveUp = () => server.close();
  try {
    return [await ftp.request(portCommand(localAddress, port)), { socket, giveUp }];
  } catch (error) {
    giveUp();
    throw error;
  }
}

/** `PORT h1,h2,h3,h4,p1,p2`, or for IPv6 `EPRT |2|address|port|`. */
function portCommand(address: string, port: number): string {
  const plain = address.replace(/^::ffff:/i, '');
  return net.isIPv4(plain)
    ? `PORT ${plain.replaceAll('.', ',')},${port >> 8},${port & 255}`
    : `EPRT |2|${plain.replace(/%.*$/, '')}|${port}|`;
}

/** With FTPS the data is secured too, in the session of the connection for commands. */
function secured(socket: net.Socket, ftp: FTPContext): net.Socket | tls.TLSSocket {
  if (!(ftp.socket instanceof tls.TLSSocket)) return socket;
  const session = ftp.tlsSessionStore ?? ftp.socket.getSession();
  return tls.connect({ ...ftp.tlsOptions, socket, ...(session === undefined ? {} : { session }) });
}
