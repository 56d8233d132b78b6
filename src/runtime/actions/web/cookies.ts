// The cookies of one run: kept from call to call, never on disk (RFC 6265 without a list of public suffixes).

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  /** Only for exactly this host, not for those below it. */
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  /** Milliseconds since 1970; Infinity for the time of the run. */
  readonly expires: number;
}

/** More cookies than this are not kept for one run, as in browsers; the oldest goes first. */
const most = 3_000;
/** Longer ones are ignored, as in browsers. */
const longest = 4_096;

export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  clear(): void {
    this.#cookies.clear();
  }

  /** The `Cookie` header for a request, or undefined when there is nothing to send. `now`: milliseconds since 1970. */
  header(url: URL, now: number): string | undefined {
    const host = url.hostname.toLowerCase();
    const found = [...this.#cookies.values()].filter(
      (cookie) =>
        cookie.expires > now &&
        (cookie.hostOnly ? host === cookie.domain : isWithin(host, cookie.domain)) &&
        pathMatches(url.pathname, cookie.path) &&
        (!cookie.secure || url.protocol === 'https:'),
    );
    found.sort((a, b) => b.path.length - a.path.length);
    return found.length === 0 ? undefined : found.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  /** Takes in one `Set-Cookie` header of an answer from `url`; a cookie for a foreign place is ignored. */
  store(header: string, url: URL, now: number): void {
    const [pair = '', ...parts] = header.split(';');
    const equals = pair.indexOf('=');
    if (equals < 1 || header.length > longest) return;
    const attributes = new Map(
      parts.map((part) => {
        const at = part.indexOf('=');
        return at < 0
          ? [part.trim().toLowerCase(), '']
          : [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()];
      }),
    );
    const host = url.hostname.toLowerCase();
    const asked = (attributes.get('domain') ?? '').replace(/^\./, '').toLowerCase();
    // A domain without a dot (`com`) would reach half of the web.
    if (asked !== '' && (!isWithin(host, asked) || (asked !== host && !asked.includes('.')))) return;
    const cookie: Cookie = {
      name: pair.slice(0, equals).trim(),
      value: pair.slice(equals + 1).trim(),
      domain: asked === '' ? host : asked,
      hostOnly: asked === '',
      path: attributes.get('path')?.startsWith('/') ? (attributes.get('path') as string) : folderOf(url),
      secure: attributes.has('secure'),
      expires: expiry(attributes, now),
    };
    if (cookie.secure && url.protocol !== 'https:') return;
    const key = `${cookie.name}\n${cookie.domain}\n${cookie.path}`;
    this.#cookies.delete(key);
    if (cookie.expires > now) this.#cookies.set(key, cookie);
    if (this.#cookies.size > most) this.#cookies.delete(this.#cookies.keys().next().value as string);
  }
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !/^[\d.]+$|:/.test(host));
}

function pathMatches(path: string, prefix: string): boolean {
  return (
    path === prefix || (path.startsWith(prefix) && (prefix.endsWith('/') || path[prefix.length] === '/'))
  );
}

function folderOf({ pathname }: URL): string {
  return pathname.slice(0, pathname.lastIndexOf('/')) || '/';
}

function expiry(attributes: ReadonlyMap<string, string>, now: number): number {
  const age = attributes.get('max-age');
  if (age !== undefined && /^-?\d+$/.test(age)) return now + Number(age) * 1000;
  const at = Date.parse(attributes.get('expires') ?? '');
  return Number.isNaN(at) ? Number.POSITIVE_INFINITY : at;
}
