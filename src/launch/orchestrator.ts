// Connects an agent or a shell to an orchestrator on another machine: one WebSocket, the key or token in a header. Keeps, for the shells of
// one account, which orchestrator that is.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { WebSocket } from 'ws';
import * as z from 'zod/mini';
import { ProductError } from '../base/error.ts';
import { Emitter } from '../base/event.ts';
import { maxFrameBytes } from '../protocol/agent.ts';
import { AgentLink, type CloseReason, type Transport } from '../protocol/link.ts';
import { clientPath } from '../protocol/orchestrator.ts';

export interface OrchestratorDial {
  /** `wss://host:port`; `ws://` on loopback only, unless `insecure`. */
  readonly address: string;
  readonly path: string;
  /** Key of an agent, or token of a client. Absent: who pairs. */
  readonly secret?: string;
  /** Certificates (PEM) that are trusted beside those of the system. */
  readonly certificates?: string;
  /** Also without encryption over a network: everybody on the way reads and changes everything. */
  readonly insecure?: boolean;
}

/** An orchestrator sends a ping this often; after `silenceMs` without a word it is gone. */
export const orchestratorPingMs = 10_000;
const silenceMs = 25_000;
const connectMs = 5_000;

/** A connected transport. Throws `OrchestratorAddressInvalid`, `OrchestratorNotSecure`, `OrchestratorUnreachable`, `OrchestratorRefused`. */
export function dialOrchestrator(dial: OrchestratorDial): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const url = new URL(dial.path, orchestratorAddress(dial.address, dial.insecure ?? false));
    const socket = new WebSocket(url, {
      headers: dial.secret === undefined ? {} : { authorization: `Bearer ${dial.secret}` },
      maxPayload: maxFrameBytes,
      perMessageDeflate: false,
      handshakeTimeout: connectMs,
      ...(dial.certificates !== undefined && { ca: [...rootCertificates, dial.certificates] }),
    });
    const fail = (error: ProductError) => {
      reject(error);
      socket.terminate();
    };
    socket.on('unexpected-response', (_request, response) =>
      fail(refused(url.host, response.statusCode ?? 0)),
    );
    // Stays subscribed: without a listener a late socket error would end the process. The close event follows.
    socket.on('error', (error) => fail(unreachable(url.host, error.message)));
    socket.once('open', () => resolve(webSocketTransport(socket)));
  });
}

/** A link of a shell to an orchestrator. Throws as `dialOrchestrator`, and `ProtocolMismatch`. `client` names the shell in its log. */
export async function connectOrchestrator(
  dial: Omit<OrchestratorDial, 'path'>,
  client: string,
): Promise<AgentLink> {
  return AgentLink.open(await dialOrchestrator({ ...dial, path: clientPath }), client);
}

/** The address without path. Throws `OrchestratorAddressInvalid`, and `OrchestratorNotSecure` where secrets would travel in clear. */
export function orchestratorAddress(address: string, insecure: boolean): string {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw addressInvalid();
  }
  if ((url.protocol !== 'wss:' && url.protocol !== 'ws:') || url.username !== '' || url.password !== '')
    throw addressInvalid();
  if (url.protocol === 'ws:' && !insecure && !isLoopback(url.hostname)) {
    throw new ProductError(
      'OrchestratorNotSecure',
      `${url.host} would be spoken to without encryption: everybody on the way could read inputs of flows and keys.`,
      'Give the orchestrator a certificate (--certificate, --key) and use wss://.',
    );
  }
  return `${url.protocol}//${url.host}`;
}

/** Content of `orchestrator.json` in the data folder. */
const saved = z.object({
  address: z.string(),
  token: z.string(),
  certificates: z.optional(z.string()),
  insecure: z.optional(z.boolean()),
});
type Saved = Pick<OrchestratorDial, 'address' | 'certificates' | 'insecure'> & { readonly token: string };
const savedFile = (dataFolder: string): string => join(dataFolder, 'orchestrator.json');

/** Keeps an orchestrator and the token for it, readable by their owner only. */
export function saveOrchestrator(dataFolder: string, orchestrator: Saved): void {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const draft = `${savedFile(dataFolder)}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, JSON.stringify(orchestrator), { mode: 0o600, flag: 'wx' });
  renameSync(draft, savedFile(dataFolder));
}

/** Undefined: none was kept, or it cannot be read. */
export function savedOrchestrator(dataFolder: string): Saved | undefined {
  try {
    const { certificates, insecure, ...known } = saved.parse(
      JSON.parse(readFileSync(savedFile(dataFolder), 'utf8')),
    );
    return {
      ...known,
      ...(certificates !== undefined && { certificates }),
      ...(insecure !== undefined && { insecure }),
    };
  } catch {
    return undefined;
  }
}

export function forgetOrchestrator(dataFolder: string): void {
  rmSync(savedFile(dataFolder), { force: true });
}

export const isLoopback = (host: string): boolean =>
  /^(localhost|\[?::1\]?)$/i.test(host) || (isIP(host) === 4 && host.startsWith('127.'));

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
    send: (text) => socket.send(text, () => {}), // a failed write shows as the close
    close: (code, reason) => {
      socket.close(code, reason);
      // A goodbye that nobody answers must not keep the program.
      setTimeout(() => socket.terminate(), 500).unref();
    },
    onMessage: messages.event,
    onClose: closes.event,
  };
}

function addressInvalid(): ProductError {
  return new ProductError(
    'OrchestratorAddressInvalid',
    'The address of an orchestrator has the form wss://host:port, without user, password or path.',
    'Take the address that dflow orchestrator has printed.',
  );
}

function refused(host: string, status: number): ProductError {
  if (status === 401) {
    return new ProductError(
      'OrchestratorRefused',
      `The orchestrator at ${host} does not know this key or token.`,
      'A machine that was removed is paired again (dflow agent pair); a token is made anew (dflow orchestrator token new).',
    );
  }
  if (status === 503) {
    return new ProductError(
      'OrchestratorUnreachable',
      `The orchestrator at ${host} takes nobody now: its database does not answer.`,
      'Try again when PostgreSQL is back. What was accepted is kept, and what runs goes on.',
    );
  }
  return unreachable(host, `it answered with HTTP status ${status}`);
}

function unreachable(host: string, why: string): ProductError {
  return new ProductError(
    'OrchestratorUnreachable',
    `No orchestrator answers at ${host} (${why}).`,
    'Check the address, its certificate, and that the orchestrator runs and can be reached from here.',
  );
}
