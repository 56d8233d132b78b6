// Answers to a server that asks for a user name and password: Basic (RFC 7617) and Digest (RFC 7616).
import { createHash, randomBytes } from 'node:crypto';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The challenges of all `WWW-Authenticate` headers of an answer. */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  // A scheme, or one of its parameters `name=value`, `name="value"`.
  const token =
    /\s*,?\s*(?:([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))|([\w-]+)(?=\s|,|$))/gy;
  for (const header of headers) {
    token.lastIndex = 0;
    for (let match = token.exec(header); match !== null && match[0] !== ''; match = token.exec(header)) {
      if (match[4] !== undefined) found.push({ scheme: match[4].toLowerCase(), parameters: new Map() });
      else
        found
          .at(-1)
          ?.parameters.set(
            (match[1] as string).toLowerCase(),
            match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '',
          );
    }
  }
  return found;
}

const algorithms: Readonly<Record<string, string>> = { md5: 'md5', 'sha-256': 'sha256' };

/**
 * The `Authorization` header that answers the strongest challenge this agent knows; undefined when there is none. A server that
 * refused without saying how it wants to be asked gets Basic.
 */
export function authorization(
  challenges: readonly Challenge[],
  credentials: Credentials,
  method: string,
  target: string,
): string | undefined {
  const digest = challenges.find(
    ({ scheme, parameters }) =>
      scheme === 'digest' &&
      algorithms[(parameters.get('algorithm') ?? 'md5').toLowerCase()] !== undefined &&
      (!parameters.has('qop') || qopOf(parameters) === 'auth'),
  );
  if (digest !== undefined) return digestAnswer(digest.parameters, credentials, method, target);
  if (challenges.length > 0 && !challenges.some(({ scheme }) => scheme === 'basic')) return undefined;
  return `Basic ${basicCredentials(credentials)}`;
}

/** User name and password as they travel with Basic. */
export function basicCredentials({ user, password }: Credentials): string {
  return Buffer.from(`${user}:${password}`, 'utf8').toString('base64');
}

function qopOf(parameters: ReadonlyMap<string, string>): string | undefined {
  return parameters
    .get('qop')
    ?.split(',')
    .map((one) => one.trim().toLowerCase())
    .find((one) => one === 'auth');
}

function digestAnswer(
  parameters: ReadonlyMap<string, string>,
  { user, password }: Credentials,
  method: string,
  target: string,
): string {
  const named = parameters.get('algorithm');
  const hash = (text: string) =>
    createHash(algorithms[(named ?? 'md5').toLowerCase()] as string)
      .update(text, 'utf8')
      .digest('hex');
  const realm = parameters.get('realm') ?? '';
  const nonce = parameters.get('nonce') ?? '';
  const qop = qopOf(parameters);
  const own = randomBytes(12).toString('hex');
  const secret = hash(`${user}:${realm}:${password}`);
  const what = hash(`${method}:${target}`);
  const response =
    qop === undefined
      ? hash(`${secret}:${nonce}:${what}`)
      : hash(`${secret}:${nonce}:00000001:${own}:auth:${what}`);
  const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
  return `Digest ${[
    `username=${quoted(user)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(target)}`,
    `response="${response}"`,
    ...(named === undefined ? [] : [`algorithm=${named}`]),
    ...(qop === undefined ? [] : ['qop=auth', 'nc=00000001', `cnonce="${own}"`]),
    ...(parameters.has('opaque') ? [`opaque=${quoted(parameters.get('opaque') as string)}`] : []),
  ].join(', ')}`;
}
