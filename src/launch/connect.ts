// Connects a shell to an agent on this machine: one WebSocket on loopback, the token in a header.
import { WebSocket } from 'ws';
import { Emitter } from '../base/event.ts';
import { type AgentAddress, maxFrameBytes } from '../protocol/agent.ts';
import { AgentLink, type CloseReason, connectionError, type Transport } from '../protocol/link.ts';

/** An agent sends a ping every 25 seconds; after this long without one it is gone. */
const silenceMs = 60_000;
const connectMs = 10_000;

/** Throws `AgentNotRunning`, `AgentTokenWrong`, `AgentUnreachable` or `ProtocolMismatch`. `client` names the shell in the agent's log. */
export async function connectAgent(
  address: Pick<AgentAddress, 'port' | 'token'>,
  client: string,
): Promise<AgentLink> {
  return AgentLink.open(await openTransport(address), client);
}

function openTransport({ port, token }: Pick<AgentAddress, 'port' | 'token'>): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, {
      headers: { authorization: `Bearer ${token}` },
      maxPayload: maxFrameBytes,
      perMessageDeflate: false,
      handshakeTimeout: connectMs,
    });
    const fail = (failure: Parameters<typeof connectionError>[1]) => {
      reject(connectionError(port, failure));
      socket.terminate();
    };
    socket.on('unexpected-response', (_request, response) =>
      fail({ status: response.statusCode, message: `it answered with HTTP status ${response.statusCode}.` }),
    );
    // Stays subscribed: without a listener a late socket error would end the process. The close event follows.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      fail({ systemCode: error.code, message: error.message }),
    );
    socket.once('open', () => resolve(webSocketTransport(socket)));
  });
}

function webSocketTransport(socket: WebSocket): Transport {
  const messages = new Emitter<string>();
  const closes = new Emitter<CloseReason>();
  let silence: NodeJS.Timeout;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => socket.terminate(), silenceMs);
  };
  heard();
  socket.on('ping', heard);
  socket.on('message', (data, isBinary) => {
    heard();
    if (!isBinary) messages.fire(data.toString());
  });
  socket.once('close', (code, reason) => {
    clearTimeout(silence);
    closes.fire({ code, reason: reason.toString() });
  });
  return {
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    onMessage: messages.event,
    onClose: closes.event,
  };
}
