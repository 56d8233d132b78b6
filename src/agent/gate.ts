// The door of the agent: a WebSocket server on loopback that lets in only who knows the token. Knows no methods.
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { ProductError } from '../base/error.ts';
import { Emitter } from '../base/event.ts';
import type { Log } from '../base/log.ts';
import { maxFrameBytes } from '../protocol/agent.ts';
import type { CloseReason, Transport } from '../protocol/rpc.ts';

export interface GateOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly token: string;
  readonly log: Log;
  /** Called for every admitted client. */
  connected(transport: ClientTransport): void;
}

/** The channel to one client. `flushed` resolves when everything sent so far was taken by the system, or the client is gone. */
export interface ClientTransport extends Transport {
  flushed(): Promise<void>;
}

export interface Gate {
  readonly port: number;
  /** Lets nobody in any more and ends every link with `reason`. */
  close(reason: string): Promise<void>;
}

const pingMs = 25_000;
/** A client that has this much waiting for it does not read: it is sent away instead of filling our memory. */
const maxWaitingBytes = 2 * maxFrameBytes;

/** Opens the door. Throws `AgentPortInUse` or `AgentPortUnusable`. */
export async function openGate({ port, token, log, connected }: GateOptions): Promise<Gate> {
  const server = createServer((_request, response) => {
    response
      .writeHead(426, { 'content-type': 'text/plain' })
      .end('This is an agent of Desktop Flows. It speaks WebSocket only.\n');
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refused = refusal(request, token);
    if (refused) {
      log.warn('a connection was refused', { status: refused });
      socket.end(`HTTP/1.1 ${refused}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => connected(clientTransport(client)));
  });
  await listen(server, port);
  server.on('error', (error) => log.warn('a connection could not be taken', { error: error.message }));
  return {
    port: (server.address() as AddressInfo).port,
    async close(reason) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const client of sockets.clients) client.close(1001, reason);
      // A client that does not answer the goodbye must not hold up the end.
      const timer = setTimeout(() => {
        for (const client of sockets.clients) client.terminate();
        server.closeAllConnections();
      }, 500);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Status line of a refusal, or undefined when the request may pass. */
function refusal({ headers }: IncomingMessage, token: string): string | undefined {
  // Web pages cannot leave out Origin, and a page on a name that resolves to loopback shows it in Host: neither is a client of ours.
  if (headers.origin !== undefined) return '403 Forbidden';
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(headers.host ?? '')) return '403 Forbidden';
  const given = Buffer.from(/^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '');
  const wanted = Buffer.from(token);
  const matches = given.length === wanted.length && timingSafeEqual(given, wanted);
  return matches ? undefined : '401 Unauthorized';
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) => reject(listenError(port, error));
    server.once('error', refused);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.off('error', refused);
      resolve();
    });
  });
}

function listenError(port: number, error: NodeJS.ErrnoException): ProductError {
  if (error.code === 'EADDRINUSE') {
    return new ProductError(
      'AgentPortInUse',
      `Port ${port} of this machine is used by another program.`,
      'Leave out --port to take any free port, name another one, or end the program that uses it.',
      { cause: error },
    );
  }
  return new ProductError(
    'AgentPortUnusable',
    `The agent cannot listen on port ${port} (${error.code ?? error.message}).`,
    'Leave out --port to take any free port, or name one above 1023.',
    { cause: error },
  );
}

function clientTransport(socket: WebSocket): ClientTransport {
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
  }, pingMs);
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
        socket.close(4008, 'The client does not read what it is sent.');
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
