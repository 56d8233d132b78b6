// What the actions that reach other machines share: which certificates are trusted, the system's errors in plain words, and work
// that ends at once when the run stops or its time is over. Knows no protocol.
import tls from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { ActionError } from '../action.ts';

let authorities: string[] | undefined;
let trusted: tls.SecureContext | undefined;

/** Certificates (PEM) of well-known authorities and of those this machine trusts besides, a company's own. Read once: it takes a while. */
export function trustedAuthorities(): readonly string[] | undefined {
  // Older versions of Node cannot read the certificates of the machine.
  const read: typeof tls.getCACertificates | undefined = tls.getCACertificates;
  if (read !== undefined) authorities ??= [...read('default'), ...read('system')];
  return authorities;
}

function trustedContext(): tls.SecureContext {
  const ca = trustedAuthorities();
  trusted ??= tls.createSecureContext(ca === undefined ? {} : { ca: [...ca] });
  return trusted;
}

/** Options of every TLS connection. `acceptUntrusted`: whoever answers is believed, as the flow asked for. */
export function tlsOptions(acceptUntrusted: boolean): {
  readonly secureContext?: tls.SecureContext;
  readonly rejectUnauthorized: boolean;
} {
  if (acceptUntrusted) return { rejectUnauthorized: false };
  return { secureContext: trustedContext(), rejectUnauthorized: true };
}

/** The time an action may take is over. */
export class TimeIsOver extends Error {
  override readonly name = 'TimeIsOver';
  constructor(seconds: number) {
    super(`there was no answer within ${seconds} seconds`);
  }
}

/** What belongs to every exchange with another machine. */
export interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** 0 waits for ever. */
  readonly seconds: number;
}

/**
 * Runs `work`; `giveUp` is called once when the run stops (its reason is then thrown at once) or the time is over (`TimeIsOver`),
 * and must end whatever `work` waits for.
 */
export async function patiently<T>(
  patience: Patience,
  giveUp: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const { clock, signal, seconds } = patience;
  signal.throwIfAborted();
  let fail: (reason: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const stop = (reason: unknown) => {
    fail(reason);
    giveUp();
  };
  const onAbort = () => stop(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = seconds > 0 ? clock.after(seconds * 1000, () => stop(new TimeIsOver(seconds))) : undefined;
  try {
    const working = work();
    // Its own failure, caused by giving up, comes too late to matter.
    working.catch(() => {});
    return await Promise.race([working, failed]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    timer?.dispose();
  }
}

const certificateStep =
  'Have the certificate corrected, add its authority to the trusted ones of this machine, or accept untrusted ones in the action if you know the server (in a connection string SSLMode=require or TrustServerCertificate=yes).';

/** Code of the system or of TLS → what happened, and what to do next. */
const reasons: Readonly<Record<string, readonly [what: string, next: string]>> = {
  ECONNREFUSED: [
    'nothing accepts connections there',
    'Check address and port, and whether the server is running.',
  ],
  ENOTFOUND: ['there is no machine of this name', 'Check the spelling of the address and the network.'],
  EAI_AGAIN: ['the name could not be looked up', 'Check the network connection of this machine.'],
  ECONNRESET: ['the connection was cut off', 'Try again; if it stays so, ask who runs the server.'],
  EPIPE: ['the connection was cut off', 'Try again; if it stays so, ask who runs the server.'],
  ECONNABORTED: ['the connection was cut off', 'Try again; if it stays so, ask who runs the server.'],
  ETIMEDOUT: ['the machine does not answer', 'Check the address, and whether a firewall is in between.'],
  EHOSTUNREACH: ['the machine cannot be reached', 'Check the address and the network of this machine.'],
  ENETUNREACH: ['the network cannot be reached', 'Check the address and the network of this machine.'],
  EACCES: ['this machine does not permit the connection', 'Check the firewall of this machine.'],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'the server vouches for itself only (self-signed certificate)',
    certificateStep,
  ],
  SELF_SIGNED_CERT_IN_CHAIN: ['the authority of its certificate is not trusted', certificateStep],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['the authority of its certificate is not trusted', certificateStep],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['the authority of its certificate is not trusted', certificateStep],
  CERT_HAS_EXPIRED: ['its certificate has expired', certificateStep],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', certificateStep],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is made out to another name', certificateStep],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    'the server does not speak TLS on this port',
    'Check the port, and whether the connection is to be secure.',
  ],
  ERR_STREAM_PREMATURE_CLOSE: [
    'the connection was cut off',
    'Try again; if it stays so, ask who runs the server.',
  ],
  Z_DATA_ERROR: ['the compressed answer is damaged', 'Try again; if it stays so, ask who runs the server.'],
  Z_BUF_ERROR: ['the compressed answer is incomplete', 'Try again; if it stays so, ask who runs the server.'],
  EPROTO: ['no secure connection came about', 'Check the port, and whether the connection is to be secure.'],
};

/** What happened on the way to another machine, in words without a full stop, and what to do next; `otherwise` when only the other side knows. */
export function networkReason(
  error: unknown,
  otherwise = 'Check the address and the settings of the action; if they are right, ask who runs the server.',
): { readonly what: string; readonly next: string } {
  for (const one of chain(error)) {
    if (one instanceof TimeIsOver)
      return { what: one.message, next: 'Check whether the server is reachable, or allow more time.' };
    const code = codeOf(one);
    const known = reasons[code];
    if (known !== undefined) return { what: known[0], next: known[1] };
    if (code.startsWith('HPE_'))
      return { what: 'the server does not answer in HTTP', next: 'Check address and port.' };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    what: firstLine(message),
    next: otherwise,
  };
}

/** True when a server answered a request for TLS in plain text. */
export function speaksPlainly(error: unknown): boolean {
  return [...chain(error)].some((one) => codeOf(one) === 'ERR_SSL_WRONG_VERSION_NUMBER');
}

function codeOf(error: unknown): string {
  // Libraries that have codes of their own keep the system's one beside it.
  const { code, originalCode, message } = error as NodeJS.ErrnoException & { originalCode?: string };
  return code === 'EPROTO' && message.includes('wrong version number')
    ? 'ERR_SSL_WRONG_VERSION_NUMBER'
    : String(originalCode ?? code);
}

/** An error and what caused it; of several attempts (one per address of a name) the first. */
function* chain(error: unknown): Generator<unknown> {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; depth++) {
    yield at;
    at = (at as AggregateError).errors?.[0] ?? at.cause;
  }
}

/** The first line of what another machine said, shortened, without the full stop. */
export function firstLine(text: string): string {
  const line = text.trim().split(/\r?\n/, 1)[0] as string;
  return (line.length > 300 ? `${line.slice(0, 300)}…` : line).replace(/\.$/, '');
}

/** An ActionError passes unchanged, as does the reason a run stopped; anything else becomes `code`: `<doing>: <what happened>.` */
export function networkFailure(
  code: string,
  doing: string,
  error: unknown,
  signal: AbortSignal,
  otherwise?: string,
): unknown {
  if (error instanceof ActionError) return error;
  if (signal.aborted) return signal.reason;
  const { what, next } = networkReason(error, otherwise);
  return new ActionError(code, `${doing}: ${what}.`, next, { cause: error });
}
