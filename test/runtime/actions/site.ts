// The local web site that browsers visit in tests: files of test/fixtures/site, and a few pages that behave badly.
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'site');

export interface Site {
  /** `http://127.0.0.1:<port>` */
  readonly address: string;
  /** Paths that were asked for, in order. */
  readonly visits: readonly string[];
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const visits: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://site');
    visits.push(url.pathname + url.search);
    answer(url, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    visits,
    close: () => closed(server),
  };
}

function answer(url: URL, response: ServerResponse): void {
  const html = (text: string) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(text);
  };
  switch (url.pathname) {
    case '/never':
      return;
    case '/slow':
      setTimeout(() => html('<title>Slow</title><p>Here at last</p>'), Number(url.searchParams.get('ms')));
      return;
    case '/submit':
      html(
        `<title>Sent</title><p id="sent">${[...url.searchParams].map((pair) => pair.join('=')).join('&')}</p>`,
      );
      return;
    case '/popup':
      html(
        '<title>Popup</title><button id="open" onclick="window.open(\'/greets\')">Open</button><button id="busy" onclick="for (;;);">Busy</button>',
      );
      return;
    case '/greets':
      html('<title>Greets</title><script>document.title += confirm("Welcome")</script>');
      return;
    case '/cookie':
      response.setHeader('set-cookie', 'visited=yes; max-age=1000');
      html(`<title>Cookies</title><p id="cookies">${url.searchParams.get('x') ?? ''}</p>`);
      return;
    case '/file/report.csv':
      response.setHeader('content-type', 'text/csv');
      response.setHeader('content-disposition', 'attachment; filename="report.csv"');
      response.end('a,b\r\n1,2\r\n');
      return;
    case '/broken':
      response.setHeader('content-disposition', 'attachment; filename="broken.bin"');
      response.setHeader('content-length', '1000');
      response.write('abc');
      setTimeout(() => response.destroy(), 100);
      return;
    default:
      try {
        const file = normalize(url.pathname === '/' ? '/index.html' : url.pathname);
        html(readFileSync(join(folder, file), 'utf8'));
      } catch {
        response.statusCode = 404;
        html('<title>Not found</title>');
      }
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
