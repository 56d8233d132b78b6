// Which proxy a request takes. The usual environment variables decide, as for most command-line programs; this machine itself is
// always reached directly.

const ports: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** The proxy for `url`, or undefined when it is reached directly. Throws a TypeError when the variable holds no address. */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv): URL | undefined {
  const read = (name: string) => environment[name.toLowerCase()] || environment[name];
  const proxy = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') ?? read('ALL_PROXY');
  if (proxy === undefined || isThisMachine(url.hostname)) return undefined;
  const port = url.port || ports[url.protocol];
  const excepted = (read('NO_PROXY') ?? '')
    .split(/[\s,]+/)
    .filter((rule) => rule !== '')
    .some((rule) => {
      const [name = '', only] = rule
        .toLowerCase()
        .replace(/^\*?\./, '')
        .split(':');
      if (only !== undefined && only !== port) return false;
      return name === '*' || url.hostname === name || url.hostname.endsWith(`.${name}`);
    });
  return excepted ? undefined : new URL(/^\w+:\/\//.test(proxy) ? proxy : `http://${proxy}`);
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\./.test(host);
}
