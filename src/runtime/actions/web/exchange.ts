// One HTTP request with everything that may lie between it and its answer: proxy, TLS, cookies, redirects, a request for
// credentials, compression. What is done with the answer is decided by its user.
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { type Duplex, PassThrough, pipeline, type Readable } from 'node:stream';
import tls from 'node:tls';
import zlib from 'node:zlib';
import { type Patience, patiently, TimeIsOver, tlsOptions } from '../network.ts';
import { authorization, type Credentials, parseChallenges } from './authentication.ts';
import type { CookieJar } from './cookies.ts';
import { proxyFor } from './proxy.ts';

export interface Exchange {
  readonly url: URL;
  readonly method: string;
  /** Name and value; names are unique, whatever their letter case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | undefined;
  readonly followRedirects: boolean;
  readonly acceptUntrusted: boolean;
  readonly credentials: Credentials | undefined;
  readonly cookies: CookieJar;
  /** `seconds` is the longest silence: until the headers of an answer are there, and between two pieces of its body. */
  readonly patience: Patience;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** `Name: value`, one per header as it came. */
  readonly headers: readonly string[];
  readonly message: IncomingMessage;
  /** Where the answer came from after all redirects. */
  readonly url: URL;
  /** Decompressed. Ends with an error when the connection breaks off, falls silent, or the run stops. */
  readonly body: Readable;
}

/** As many as browsers follow. */
const mostRedirects = 20;

/** The answer is no use: `message` says why, in words. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
}

/** Headers that must not reach a server the flow did not name. */
const confidential: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** Sends a request and gives the answer as soon as its headers are there. Throws what the network said, `TimeIsOver`, or an ExchangeError. */
export async function exchange(wanted: Exchange): Promise<Answer> {
  let { url, method, body } = wanted;
  let headers = wanted.headers;
  for (let redirects = 0; ; redirects++) {
    const isHome = url.origin === wanted.url.origin;
    const message = await hop(wanted, url, method, headers, body, isHome);
    const location = message.headers.location;
    const status = message.statusCode as number;
    if (!wanted.followRedirects || location === undefined || ![301, 302, 303, 307, 308].includes(status)) {
      try {
        return answer(message, method, url, wanted.patience);
      } catch (error) {
        message.destroy();
        throw error;
      }
    }
    message.destroy();
    if (redirects === mostRedirects) {
      throw new ExchangeError(`the server redirects again and again (more than ${mostRedirects} times)`);
    }
    url = redirectTarget(location, url);
    if ((status < 303 && method === 'POST') || (status === 303 && method !== 'HEAD')) {
      method = 'GET';
      body = undefined;
      headers = headers.filter(([name]) => !/^content-/i.test(name));
    }
    if (url.origin !== wanted.url.origin) {
      headers = headers.filter(([name]) => !confidential.has(name.toLowerCase()));
    }
  }
}

function redirectTarget(location: string, from: URL): URL {
  let url: URL;
  try {
    // Headers arrive as bytes; addresses that are not plain ASCII are UTF-8.
    url = new URL(Buffer.from(location, 'latin1').toString('utf8'), from);
  } catch {
    throw new ExchangeError('the server redirects to something that is no address');
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new ExchangeError(`the server redirects to an address that is not of the web (${url.protocol})`);
}

/** One request to one server, repeated once when the server asks for credentials and may have them. */
async function hop(
  wanted: Exchange,
  url: URL,
  method: string,
  headers: Exchange['headers'],
  body: Buffer | undefined,
  isHome: boolean,
): Promise<IncomingMessage> {
  const { cookies, credentials, patience } = wanted;
  const send = async (answerToChallenge: string | undefined) => {
    const cookie = [
      headers.find(([name]) => name.toLowerCase() === 'cookie')?.[1],
      cookies.header(url, patience.clock.now()),
    ].filter((one) => one !== undefined);
    const message = await request(
      url,
      method,
      [
        ...headers.filter(([name]) => name.toLowerCase() !== 'cookie'),
        ...(cookie.length === 0 ? [] : [['Cookie', cookie.join('; ')] as const]),
        ...(answerToChallenge === undefined ? [] : [['Authorization', answerToChallenge] as const]),
      ],
      body,
      wanted,
    );
    for (const one of message.headers['set-cookie'] ?? []) cookies.store(one, url, patience.clock.now());
    return message;
  };
  const message = await send(undefined);
  if (message.statusCode !== 401 || credentials === undefined || !isHome) return message;
  if (headers.some(([name]) => name.toLowerCase() === 'authorization')) return message;
  const asked = message.headersDistinct['www-authenticate'] ?? [];
  const reply = authorization(parseChallenges(asked), credentials, method, url.pathname + url.search);
  if (reply === undefined) return message;
  message.destroy();
  return await send(reply);
}

async function request(
  url: URL,
  method: string,
  headers: Exchange['headers'],
  body: Buffer | undefined,
  { acceptUntrusted, patience }: Exchange,
): Promise<IncomingMessage> {
  const opened: { destroy(): void }[] = [];
  const giveUp = () => {
    for (const one of opened) one.destroy();
  };
  return await patiently(patience, giveUp, async () => {
    const proxy = proxyFor(url, process.env);
    if (proxy !== undefined && proxy.protocol !== 'http:')
      throw new ExchangeError(
        `the proxy of this machine is of a kind (${proxy.protocol}) that is not supported`,
      );
    const isSecure = url.protocol === 'https:';
    const port = url.port || (isSecure ? 443 : 80);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const options: https.RequestOptions = {
      method,
      host,
      port,
      path: url.pathname + url.search,
      headers: headersOf(url, headers, body),
    };
    const security = isSecure ? securityOf(host, acceptUntrusted) : {};
    if (proxy !== undefined && isSecure) {
      const tunnel = await openTunnel(proxy, `${url.hostname}:${port}`, opened);
      options.createConnection = () => tls.connect({ ...security, socket: tunnel });
    } else {
      options.agent = false;
    }
    if (proxy !== undefined && !isSecure) {
      options.host = proxy.hostname;
      options.port = proxy.port || 80;
      options.path = `${url.origin}${url.pathname}${url.search}`;
      Object.assign(options.headers as object, proxyHeaders(proxy));
    }
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = isSecure ? https.request({ ...options, ...security }) : http.request(options);
      opened.push(sent);
      sent.once('response', resolve);
      sent.on('error', reject);
      sent.end(body);
    });
  });
}

/** A certificate is checked against the name of the host, which an address has none of. */
function securityOf(host: string, acceptUntrusted: boolean): tls.ConnectionOptions {
  return { ...tlsOptions(acceptUntrusted), ...(net.isIP(host) === 0 ? { servername: host } : {}) };
}

function headersOf(
  url: URL,
  headers: Exchange['headers'],
  body: Buffer | undefined,
): http.OutgoingHttpHeaders {
  const all: http.OutgoingHttpHeaders = { Host: url.host };
  const set = (name: string, value: string | number) => {
    const taken = Object.keys(all).find((one) => one.toLowerCase() === name.toLowerCase());
    all[taken ?? name] = value;
  };
  set('Accept-Encoding', 'gzip, br');
  for (const [name, value] of headers) set(name, value);
  if (body !== undefined) set('Content-Length', body.length);
  return all;
}

function proxyHeaders(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {};
  const known = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'Proxy-Authorization': `Basic ${Buffer.from(known, 'utf8').toString('base64')}` };
}

function openTunnel(proxy: URL, target: string, opened: { destroy(): void }[]): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asked = http.request({
      host: proxy.hostname,
      port: proxy.port || 80,
      method: 'CONNECT',
      path: target,
      headers: { Host: target, ...proxyHeaders(proxy) },
      agent: false,
    });
    opened.push(asked);
    asked.once('connect', (message, socket) => {
      opened.push(socket);
      if (message.statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(new ExchangeError(`the proxy of this machine refused the connection (${message.statusCode})`));
      }
    });
    asked.on('error', reject);
    asked.end();
  });
}

// ── The body of an answer ───────────────────────────────────────────────────────────────────────────────────────

function answer(message: IncomingMessage, method: string, url: URL, patience: Patience): Answer {
  const headers: string[] = [];
  for (let at = 0; at < message.rawHeaders.length; at += 2) {
    headers.push(`${message.rawHeaders[at]}: ${message.rawHeaders[at + 1]}`);
  }
  return {
    status: message.statusCode as number,
    reason: message.statusMessage ?? '',
    headers,
    message,
    url,
    body: bodyOf(message, method === 'HEAD', patience),
  };
}

/** The body as the server meant it, with an error instead of an end when something goes wrong. */
function bodyOf(message: IncomingMessage, isEmpty: boolean, { clock, signal, seconds }: Patience): Readable {
  const end = new PassThrough();
  const decompress = isEmpty ? [] : decompressors(message.headers['content-encoding']);
  const stop = (reason: unknown) => message.destroy(reason as Error);
  const onAbort = () => stop(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const wait = () =>
    seconds > 0 ? clock.after(seconds * 1000, () => stop(new TimeIsOver(seconds))) : undefined;
  let timer = wait();
  message.on('data', () => {
    timer?.dispose();
    timer = wait();
  });
  const done = () => {
    timer?.dispose();
    signal.removeEventListener('abort', onAbort);
  };
  pipeline([message, ...decompress, end], (error) => {
    done();
    // A reader that has not begun to listen yet must hear of it as well.
    if (error) end.destroy(signal.aborted ? (signal.reason as Error) : error);
  });
  return end;
}

/** What undoes the encodings of an answer, outermost first. Throws an ExchangeError for one that is not known: its bytes are no content. */
function decompressors(encodings: string | undefined): Duplex[] {
  return (encodings ?? '')
    .toLowerCase()
    .split(',')
    .map((one) => one.trim())
    .reverse()
    .flatMap((encoding): Duplex[] => {
      switch (encoding) {
        case '':
        case 'identity':
          return [];
        case 'gzip':
        case 'x-gzip':
          return [zlib.createGunzip()];
        case 'deflate':
          return [zlib.createInflate()];
        case 'br':
          return [zlib.createBrotliDecompress()];
        default:
          throw new ExchangeError(
            `the answer is compressed in a way ("${encoding}") that this agent does not know`,
          );
      }
    });
}
