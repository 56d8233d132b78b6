// The door of an orchestrator: a WebSocket server for agents, clients and those who pair, encrypted unless it listens on loopback only.
// Lets in whom `admit` knows. Knows no methods.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import { isLoopback, orchestratorPingMs } from '../../launch/orchestrator.ts';
import { maxFrameBytes } from '../../protocol/agent.ts';
import type { CloseReason } from '../../protocol/rpc.ts';
import type { ClientTransport } from '../gate.ts';

export interface DoorOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly host: string;
  /** Files (PEM); absent: without encryption, which only loopback or `insecure` allows. */
  readonly certificate?: string;
  readonly key?: string;
  readonly insecure?: boolean;
  readonly log: Log;
  /** What becomes of a connection to `path` by who shows `secret`; undefined: refused. `from`: network address of the other side. */
  admit(
    path: string,
    secret: string | undefined,
    from: string,
  ): Promise<((transport: ClientTransport) => void) | undefined>;
}

export interface Door {
  readonly port: number;
  /** `wss://host:port` */
  readonly address: string;
  /** Lets nobody in any more and ends every link with `reason`. */
  close(reason: string): Promise<void>;
}

/** Who has this much waiting does not read, and is sent away. */
const maxWaitingBytes = 2 * maxFrameBytes;

/** Opens the door. Throws `OrchestratorNotSecure`, `CertificateUnusable`, `OrchestratorPortInUse`, `OrchestratorPortUnusable`. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { port, host, log, admit } = options;
  const server = makeServer(options);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refuse = (status: string) => {
      log.warn('a connection was refused', { status, from: request.socket.remoteAddress });
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    };
    // A web page cannot leave out Origin: none of ours is one.
    if (request.headers.origin !== undefined) return refuse('403 Forbidden');
    const { pathname } = new URL(request.url ?? '/', 'http://door');
    const secret = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    admit(pathname, secret, request.socket.remoteAddress ?? '').then(
      (connected) => {
        if (connected === undefined) return refuse('401 Unauthorized');
        sockets.handleUpgrade(request, socket, head, (client) => connected(socketTransport(client)));
      },
      (error: unknown) => {
        log.error('nobody can be let in', { error: String(error) });
        refuse('503 Service Unavailable');
      },
    );
  });
  await listen(server, port, host);
  server.on('error', (error) => log.warn('a connection could not be taken', { error: error.message }));
  const bound = (server.address() as AddressInfo).port;
  const scheme = options.certificate === undefined ? 'ws' : 'wss';
  return {
    port: bound,
    address: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close(reason) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const client of sockets.clients) client.close(1001, reason);
      // Who does not answer the goodbye must not hold up the end.
      const timer = setTimeout(() => {
        for (const client of sockets.clients) client.terminate();
        server.closeAllConnections();
      }, 500);
      await closed;
      clearTimeout(timer);
    },
  };
}

function makeServer({ host, certificate, key, insecure }: DoorOptions): Server {
  const answer = (
    _request: IncomingMessage,
    response: Parameters<Parameters<typeof createServer>[1] & object>[1],
  ) =>
    response
      .writeHead(426, { 'content-type': 'text/plain' })
      .end('This is an orchestrator of Desktop Flows. It speaks WebSocket only.\n');
  if (certificate === undefined || key === undefined) {
    if (!isLoopback(host) && insecure !== true) {
      throw new ProductError(
        'OrchestratorNotSecure',
        `On ${host} the orchestrator can be reached over the network, and has no certificate to encrypt with.`,
        'Give it one (--certificate FILE --key FILE), or let it listen on 127.0.0.1.',
      );
    }
    return createServer(answer);
  }
  try {
    return createSecureServer(
      { cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.2' },
      answer,
    );
  } catch (error) {
    throw new ProductError(
      'CertificateUnusable',
      `Certificate ${certificate} and key ${key} cannot be used (${(error as Error).message}).`,
      'Give two PEM files that belong together: the certificate with its chain, and its private key.',
      { cause: error },
    );
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) => reject(listenError(port, host, error));
    server.once('error', refused);
    server.listen({ port, host, exclusive: true }, () => {
      server.off('error', refused);
      resolve();
    });
  });
}

function listenError(port: number, host: string, error: NodeJS.ErrnoException): ProductError {
  if (error.code === 'EADDRINUSE') {
    return new ProductError(
      'OrchestratorPortInUse',
      `Port ${port} on ${host} is used by another program.`,
      'Name another --port, or end the program that uses it.',
      { cause: error },
    );
  }
  return new ProductError(
    'OrchestratorPortUnusable',
    `The orchestrator cannot listen on ${host}, port ${port} (${error.code ?? error.message}).`,
    'Name an address of this machine (--host) and a port above 1023 (--port).',
    { cause: error },
  );
}

/** The server's end of a WebSocket: pings, so that both sides notice a silent network. */
function socketTransport(socket: WebSocket): ClientTransport {
  const messages = new Emitter<string>();
  const closes = new Emitter<CloseReason>();
  let alive = true;
  const pings = setInterval(() => {
    if (!alive) {
      socket.terminate();
      return;
    }
    alive = false;
    socket.ping();
  }, orchestratorPingMs);
  socket.on('pong', () => {
    alive = true;
  });
  socket.on('error', () => {}); // the close event follows
  socket.on('message', (data, isBinary) => {
    alive = true;
    if (isBinary) socket.close(1003, 'The link carries text only.');
    else messages.fire(data.toString());
  });
  socket.once('close', (code, reason) => {
    clearInterval(pings);
    closes.fire({ code, reason: reason.toString() });
  });
  return {
    send(text) {
      if (socket.bufferedAmount > maxWaitingBytes)
        socket.close(4008, 'The other side does not read what it is sent.');
      else socket.send(text, () => {}); // a failed write shows as the close
    },
    close: (code, reason) => socket.close(code, reason),
    flushed: () =>
      new Promise((resolve) => {
        if (socket.readyState !== socket.OPEN || socket.bufferedAmount === 0) return resolve();
        // Done after everything before it; on a socket that breaks it is done with an error.
        socket.pong('', undefined, () => resolve());
      }),
    onMessage: messages.event,
    onClose: closes.event,
  };
}
