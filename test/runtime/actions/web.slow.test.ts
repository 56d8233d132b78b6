// The HTTP actions against real servers of this machine: plain and TLS, slow, hanging, broken, huge, behind a proxy.
import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { webActions } from '../../../src/runtime/actions/web/index.ts';
import { Datatable, type FileValue, type Value } from '../../../src/runtime/values.ts';
import { FakeHost } from '../../fakes/host.ts';
import { openssl, selfSigned } from '../servers/certificate.ts';
import { available } from '../servers/server.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const folder = temporaryFolder();

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}
const seen: Seen[] = [];
const last = () => seen.at(-1) as Seen;

const open = new Set<net.Socket>();
const servers: (http.Server | net.Server)[] = [];
async function listen(server: http.Server | net.Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: net.Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const big = Buffer.alloc(8 * 1024 * 1024, 'z');
/** 320 MB of nothing in 300 KB. */
const bomb = Buffer.concat(Array(5).fill(gzipSync(Buffer.alloc(64 * 1024 * 1024))) as Buffer[]);
const withWrongSum = (packed: Buffer) => packed.fill(0x55, packed.length - 8, packed.length - 4);
const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** What the test site answers, by path. */
const site: Readonly<
  Record<string, (request: IncomingMessage, response: ServerResponse, body: string) => void>
> = {
  '/': (_, response) => response.setHeader('Content-Type', 'text/html; charset=utf-8').end('<p>Grüße 😀</p>'),
  '/echo': (request, response, body) =>
    response
      .setHeader('Content-Type', 'application/json')
      .setHeader('X-Two', ['a', 'b'])
      .end(JSON.stringify({ method: request.method, headers: request.headers, body })),
  '/latin': (_, response) =>
    response.setHeader('Content-Type', 'text/plain; charset=iso-8859-1').end(Buffer.from('Grüße', 'latin1')),
  '/gzip': (_, response) =>
    response.setHeader('Content-Encoding', 'gzip').end(gzipSync(Buffer.from('packed ä'))),
  '/brotli': (_, response) =>
    response.setHeader('Content-Encoding', 'br').end(brotliCompressSync(Buffer.from('packed ä'))),
  '/unknown-packing': (_, response) => response.setHeader('Content-Encoding', 'pack9').end('###'),
  '/bomb': (_, response) => response.setHeader('Content-Encoding', 'gzip').end(bomb),
  '/damaged': (_, response) =>
    response.setHeader('Content-Encoding', 'gzip').end(withWrongSum(gzipSync(big))),
  '/chunked': async (_, response) => {
    for (const word of ['one ', 'two ', 'three']) {
      response.write(word);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    response.end();
  },
  '/named': (_, response) =>
    response
      .setHeader(
        'Content-Disposition',
        `attachment; filename="x.txt"; filename*=UTF-8''${encodeURIComponent('../Übersicht 1.txt')}`,
      )
      .end('content'),
  '/evil': (_, response) =>
    response
      .setHeader('Content-Disposition', 'attachment; filename="../../../../tmp/evil.txt"')
      .end('content'),
  '/unquoted': (_, response) =>
    response
      .setHeader('Content-Disposition', 'attachment; filename=yearly report.csv; size=7')
      .end('content'),
  '/files/plan%20B.csv': (_, response) => response.end('a,b'),
  '/missing': (_, response) => response.writeHead(404).end('nothing here'),
  '/broken': (_, response) => {
    response.writeHead(200, { 'Content-Length': 1_000_000 });
    response.write('only the start', () => response.destroy());
  },
  '/hang': () => {},
  '/stall': (_, response) => void response.writeHead(200, { 'Content-Length': 1_000_000 }).write('start'),
  '/drip': (_, response) => {
    response.writeHead(200, { 'Content-Length': 1_000_000_000 });
    const timer = setInterval(() => response.write(Buffer.alloc(1000)), 10);
    response.once('close', () => clearInterval(timer));
  },
  '/big': (_, response) => response.end(big),
  '/moved': (_, response) => response.writeHead(302, { Location: '/echo' }).end(),
  '/kept': (_, response) => response.writeHead(307, { Location: '/echo' }).end(),
  '/circle': (_, response) => response.writeHead(302, { Location: '/circle' }).end(),
  '/to-file': (_, response) => response.writeHead(302, { Location: 'file:///etc/passwd' }).end(),
  '/login': (_, response) =>
    response.setHeader('Set-Cookie', ['session=s1; Path=/; HttpOnly', 'lang=de; Path=/']).end('in'),
  '/basic': (request, response) => {
    const expected = `Basic ${Buffer.from('ann:sécret').toString('base64')}`;
    if (request.headers.authorization === expected) response.end('welcome');
    else response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="test"' }).end('who are you?');
  },
  '/digest': (request, response) => {
    const given = Object.fromEntries(
      [...(request.headers.authorization ?? '').matchAll(/(\w+)="?([^",]*)"?/g)].map((one) => [
        one[1],
        one[2],
      ]),
    );
    const what = md5(`${request.method}:${request.url}`);
    const expected = md5(`${md5('ann:test:sécret')}:n1:${given.nc}:${given.cnonce}:auth:${what}`);
    if (given.response === expected) response.end('welcome');
    else
      response
        .writeHead(401, {
          'WWW-Authenticate': ['Basic realm="test"', 'Digest realm="test", qop="auth", nonce="n1"'],
        })
        .end();
  },
  '/ntlm': (_, response) => response.writeHead(401, { 'WWW-Authenticate': 'NTLM' }).end(),
  '/soap': (_, response) =>
    response.writeHead(500, { 'Content-Type': 'text/xml' }).end('<soap:Fault>no such order</soap:Fault>'),
};

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const { method = '', url = '', headers } = request;
  seen.push({ method, url, headers, body });
  const answer = site[new URL(url, 'http://x').pathname];
  if (answer === undefined) response.writeHead(404).end();
  else answer(request, response, body);
}

let base = '';
let elsewhere = '';
beforeAll(async () => {
  base = `http://127.0.0.1:${await listen(http.createServer(handle))}`;
  elsewhere = `http://localhost:${new URL(base).port}`;
});
afterAll(() => {
  for (const socket of open) socket.destroy();
  for (const server of servers) server.close();
});

const inFolder = (path: string, signal?: AbortSignal) =>
  contextIn(path, {
    host: new FakeHost({ clock: systemClock }),
    ...(signal === undefined ? {} : { signal }),
  });

async function call(
  id: string,
  given: Record<string, Value>,
  context = inFolder('/'),
): Promise<Record<string, Value>> {
  return { ...(await runAction(webActions, `Web.${id}`, given, context)).outputs };
}
const invoke = (path: string, given: Record<string, Value> = {}, context = inFolder('/')) =>
  call('InvokeWebService.InvokeWebService', { Url: base + path, ...given }, context);
const fetchText = async (path: string, given: Record<string, Value> = {}) =>
  (await call('DownloadFromWeb.Download', { Url: base + path, ...given })).WebPageText;
const echo = (outputs: Record<string, Value>) =>
  JSON.parse(outputs.Response as string) as { method: string; headers: Record<string, string>; body: string };

describe('Download from web', () => {
  it.each([
    ['/', '<p>Grüße 😀</p>'],
    ['/latin', 'Grüße'],
    ['/gzip', 'packed ä'],
    ['/brotli', 'packed ä'],
    ['/chunked', 'one two three'],
  ])('gets the text of %s', async (path, text) => {
    expect(await fetchText(path)).toBe(text);
  });

  it('reads the text in the encoding the action names', async () => {
    expect(await fetchText('/', { Encoding: 'iso_8859_1' })).toContain('GrÃ¼Ã');
    expect(await errorOf(fetchText('/', { Encoding: 'IBM037' }))).toMatch(/^InvalidArgument: .*IBM037/);
  });

  it('says which browser it is', async () => {
    await fetchText('/');
    expect(last().headers['user-agent']).toContain('Firefox/3.6');
    await fetchText('/', { UserAgent: 'Robot 1' });
    expect(last().headers['user-agent']).toBe('Robot 1');
  });

  it('posts parameters as a form', async () => {
    const Parameters = new Datatable(
      ['Name', 'Value'],
      [
        ['näme', 'a&b'],
        ['n', 5],
      ],
    );
    const { WebPageText } = await call('DownloadFromWeb.DownloadUsePost', {
      Url: `${base}/echo`,
      Parameters,
    });
    expect(last()).toMatchObject({ method: 'POST', body: 'n%C3%A4me=a%26b&n=5' });
    expect(last().headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(WebPageText).toContain('"method":"POST"');
  });

  it('saves to a file, which is replaced as a whole', async () => {
    const path = await folder();
    await writeFile(join(path, 'big.bin'), 'old');
    const given = { Url: `${base}/big`, FilePath: 'big.bin' };
    const { DownloadedFile } = await call('DownloadFromWeb.DownloadToFile', given, inFolder(path));
    expect((DownloadedFile as FileValue).properties.get('Size')).toBe(big.length);
    expect((await readFile(join(path, 'big.bin'))).equals(big)).toBe(true);
  });

  it.each([
    ['/named', 'Übersicht 1.txt'],
    ['/evil', 'evil.txt'],
    ['/unquoted', 'yearly report.csv'],
    ['/files/plan%20B.csv', 'plan B.csv'],
    ['/', 'download'],
  ])('saves %s to a folder as %s', async (url, name) => {
    const path = await folder();
    const given = { Url: base + url, DestinationFolder: path };
    const { DownloadedFile } = await call('DownloadFromWeb.DownloadToFolder', given);
    expect((DownloadedFile as FileValue).path).toBe(join(path, name));
    expect(await readdir(path)).toEqual([name]);
  });

  it.each([
    [
      '/missing?token=s3cret',
      /^DownloadFromWebError: http:\/\/127[.\d:]+\/missing\?… answered with the error status 404 \(Not Found\)/,
    ],
    ['/broken', /^DownloadFromWebError: .*\/broken did not arrive: the connection was cut off/],
    ['/damaged', /^DownloadFromWebError: .*damaged/],
    ['/unknown-packing', /^DownloadFromWebError: .*compressed in a way \("pack9"\)/],
    ['/circle', /^DownloadFromWebError: .*redirects again and again/],
    ['/to-file', /^DownloadFromWebError: .*not of the web/],
    ['/bomb', /^DownloadFromWebError: .*larger than 256 MB/],
  ])('%s fails', async (path, message) => {
    expect(await errorOf(fetchText(path))).toMatch(message);
  });

  it.each(['/broken', '/missing', '/damaged'])('leaves nothing of %s behind', async (url) => {
    const path = await folder();
    await writeFile(join(path, 'kept.txt'), 'as before');
    const given = { Url: base + url, FilePath: 'kept.txt' };
    await errorOf(call('DownloadFromWeb.DownloadToFile', given, inFolder(path)));
    expect(await readdir(path)).toEqual(['kept.txt']);
    expect(await readFile(join(path, 'kept.txt'), 'utf8')).toBe('as before');
  });

  it('needs the folder to be there, and to be writable', async () => {
    const path = await folder();
    const download = (FilePath: string) =>
      call('DownloadFromWeb.DownloadToFile', { Url: `${base}/`, FilePath }, inFolder(path));
    expect(await errorOf(download('no/x.txt'))).toMatch(/^DirectoryNotFoundError: .*no" does not exist/);
    const before = seen.length;
    expect(
      await errorOf(call('DownloadFromWeb.DownloadToFolder', { Url: base, DestinationFolder: `${path}/no` })),
    ).toMatch(/^DirectoryNotFoundError/);
    expect(seen.length).toBe(before);
    await writeFile(join(path, 'file'), '');
    expect(await errorOf(download('file/x.txt'))).toMatch(/^DirectoryNotFoundError/);
    await chmod(path, 0o500);
    // The administrator may write anyway.
    if (process.getuid?.() !== 0)
      expect(await errorOf(download('x.txt'))).toMatch(/^DownloadFromWebError: .*denied/);
    await chmod(path, 0o700);
  });

  it.each([
    ['ftp://127.0.0.1/x', 'DownloadFromWebError: The value of "Url" is no web address.'],
    ['www.example.com', 'DownloadFromWebError: The value of "Url" is no web address.'],
    ['', 'DownloadFromWebError: The value of "Url" is no web address.'],
    [
      'http://nobody.invalid/a?key=1',
      'DownloadFromWebError: GET http://nobody.invalid/a?… failed: there is no machine of this name.',
    ],
  ])('%j is no address to download from', async (Url, message) => {
    expect(await errorOf(call('DownloadFromWeb.Download', { Url }))).toBe(message);
  });

  it('tells a refused connection, a server that is none, and a proxy it cannot use', async () => {
    const port = await listen(net.createServer((socket) => socket.end('SSH-2.0-x\r\n')));
    expect(await errorOf(call('DownloadFromWeb.Download', { Url: `http://127.0.0.1:${port}/` }))).toMatch(
      /not answer in HTTP/,
    );
    expect(await errorOf(call('DownloadFromWeb.Download', { Url: 'http://127.0.0.1:1/' }))).toBe(
      'DownloadFromWebError: GET http://127.0.0.1:1/ failed: nothing accepts connections there.',
    );
  });
});

describe('Invoke web service', () => {
  it.each(['Get', 'Post', 'Put', 'Delete', 'Patch', 'Options'])('sends %s', async (Method) => {
    const outputs = await invoke('/echo', { Method, RequestBody: '{"ä":1}', EncodeRequestBody: false });
    expect(echo(outputs)).toMatchObject({ method: Method.toUpperCase(), body: '{"ä":1}' });
    expect(outputs.StatusCode).toBe(200);
    expect(outputs.ResponseHeaders).toEqual(
      expect.arrayContaining(['Content-Type: application/json', 'X-Two: a', 'X-Two: b']),
    );
  });

  it('sends HEAD, and not CONNECT', async () => {
    expect((await invoke('/gzip', { Method: 'Head' })).Response).toBe('');
    expect(await errorOf(invoke('/', { Method: 'Connect' }))).toMatch(/^InvalidArgument: .*CONNECT/);
  });

  it('sends the headers of the action, and those of the flow instead of its own', async () => {
    const outputs = await invoke('/echo', {
      Method: 'Post',
      Accept: 'application/json',
      ContentType: 'application/json',
      CustomHeaders: 'X-Key:  a: b \r\nuser-agent: Mine\n\nX-Name: Jürgen',
      RequestBody: '{}',
    });
    const { headers } = echo(outputs);
    expect(headers).toMatchObject({
      accept: 'application/json',
      'content-type': 'application/json',
      'x-key': 'a: b',
      'user-agent': 'Mine',
    });
    expect(Buffer.from(headers['x-name'] as string, 'latin1').toString()).toBe('Jürgen');
  });

  it.each([
    ['X-Key', 'Line 1 of the custom headers is no header'],
    ['A: 1\nB c: 2', 'Line 2 of the custom headers is no header'],
    ['Content-Length: 3', 'Line 1 of the custom headers sets "Content-Length"'],
    ['X: \u0001', 'A header of the request holds'],
  ])('refuses the custom headers %j', async (CustomHeaders, message) => {
    expect(await errorOf(invoke('/echo', { CustomHeaders }))).toContain(
      `InvalidHeaderInCustomHeadersError: ${message}`,
    );
  });

  it('trims and encodes the body as asked', async () => {
    const body = async (given: Record<string, Value>) =>
      echo(await invoke('/echo', { Method: 'Post', RequestBody: ' a=ä b ', ...given })).body;
    expect(await body({})).toBe('a%3D%C3%A4%20b');
    expect(await body({ EncodeRequestBody: false })).toBe('a=ä b');
    expect(await body({ EncodeRequestBody: false, TrimRequestBody: false })).toBe(' a=ä b ');
  });

  it('gives error statuses as results, or fails', async () => {
    const outputs = await invoke('/missing');
    expect(outputs).toMatchObject({ StatusCode: 404, Response: 'nothing here' });
    expect(await errorOf(invoke('/missing', { FailOnErrorStatus: true }))).toMatch(
      /^InvokeWebServiceError: .*404/,
    );
  });

  it('follows redirects or not', async () => {
    expect(echo(await invoke('/moved', { Method: 'Post', RequestBody: 'x' }))).toMatchObject({
      method: 'GET',
      body: '',
    });
    expect(echo(await invoke('/kept', { Method: 'Post', RequestBody: 'x' }))).toMatchObject({
      method: 'POST',
      body: 'x',
    });
    const outputs = await invoke('/moved', { FollowRedirection: false });
    expect(outputs.StatusCode).toBe(302);
    expect(outputs.ResponseHeaders).toContain('Location: /echo');
  });

  it('tells no secrets to a server it was sent to by another', async () => {
    const port = await listen(
      http.createServer((_, response) => response.writeHead(302, { Location: `${elsewhere}/basic` }).end()),
    );
    const given = {
      Url: `http://127.0.0.1:${port}/`,
      Username: 'ann',
      Password: 'sécret',
      CustomHeaders: 'Authorization: Bearer t0ken\nX-Other: 1',
    };
    const outputs = await call('InvokeWebService.InvokeWebServiceUseAuth', given);
    expect(outputs.StatusCode).toBe(401);
    expect(last().headers.authorization).toBeUndefined();
    expect(last().headers['x-other']).toBe('1');
  });

  it('keeps cookies for the run until it is to clear them', async () => {
    const context = inFolder('/');
    await invoke('/login', {}, context);
    await invoke('/echo', { CustomHeaders: 'Cookie: own=1' }, context);
    expect(last().headers.cookie).toBe('own=1; session=s1; lang=de');
    await invoke('/echo');
    expect(last().headers.cookie).toBeUndefined();
    await invoke('/echo', { ClearCookies: true }, context);
    expect(last().headers.cookie).toBeUndefined();
  });

  it.each(['/basic', '/digest'])('signs in at %s', async (path) => {
    const context = inFolder('/');
    const sign = (Password: string) =>
      call(
        'InvokeWebService.InvokeWebServiceUseAuth',
        { Url: base + path, Username: 'ann', Password },
        context,
      );
    expect(await sign('sécret')).toMatchObject({ Response: 'welcome', StatusCode: 200 });
    expect((await sign('wrong')).StatusCode).toBe(401);
    expect(context.secrets).toContain('sécret');
    expect(context.secrets).toContain(Buffer.from('ann:sécret').toString('base64'));
  });

  it('signs in with what stands in the address, and never shows it', async () => {
    const context = inFolder('/');
    const address = `http://ann:s%C3%A9cret@127.0.0.1:${new URL(base).port}`;
    expect(await call('DownloadFromWeb.Download', { Url: `${address}/basic` }, context)).toEqual({
      WebPageText: 'welcome',
    });
    expect(context.secrets).toContain('sécret');
    const message = await errorOf(call('DownloadFromWeb.Download', { Url: `${address}/missing` }, context));
    expect(message).not.toMatch(/cret|ann/);
  });

  it('cannot sign in with NTLM, and says so', async () => {
    const given = { Url: `${base}/ntlm`, UserName: 'ann', Password: 'x' };
    expect(await errorOf(call('DownloadFromWeb.DownloadUseAuth', given))).toMatch(/401/);
  });

  it('saves the answer', async () => {
    const path = await folder();
    const outputs = await call('InvokeWebService.InvokeWebServiceSaveToFolderPost', {
      Url: `${base}/named`,
      RequestBody: 'x',
      DestinationFolder: path,
    });
    expect(outputs).toMatchObject({ StatusCode: 200 });
    expect(await readFile((outputs.DownloadedFile as FileValue).path, 'utf8')).toBe('content');
    await call('InvokeWebService.InvokeWebServiceSaveToFilePut', {
      Url: `${base}/echo`,
      FilePath: `${path}/put.json`,
    });
    expect(await readFile(join(path, 'put.json'), 'utf8')).toContain('"method":"PUT"');
    expect(
      await errorOf(
        call('InvokeWebService.InvokeWebServiceSaveToFile', { Url: base, FilePath: `${path}/no/x` }),
      ),
    ).toMatch(/^DirectoryNotFoundError/);
  });
});

describe('time', () => {
  it.each(['/hang', '/stall'])('is over when %s says nothing', async (path) => {
    const started = performance.now();
    expect(await errorOf(invoke(path, { ConnectionTimeout: 1 }))).toMatch(
      /^InvokeWebServiceError: .*no answer within 1 seconds/,
    );
    expect(performance.now() - started).toBeLessThan(1_900);
  });

  it('is not over while something arrives', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stopped')), 1_600);
    const context = inFolder('/', stop.signal);
    await expect(invoke('/drip', { ConnectionTimeout: 1 }, context)).rejects.toThrow('stopped');
  });

  it.each(['/hang', '/stall', '/drip'])('a stop of the run ends %s at once', async (url) => {
    const path = await folder();
    const stop = new AbortController();
    let stopped = 0;
    setTimeout(() => {
      stopped = performance.now();
      stop.abort(new Error('stopped'));
    }, 200);
    const given = { Url: base + url, FilePath: 'x.bin' };
    await expect(call('DownloadFromWeb.DownloadToFile', given, inFolder(path, stop.signal))).rejects.toThrow(
      'stopped',
    );
    expect(performance.now() - stopped).toBeLessThan(5_000); // a busy machine is no failure
    expect(await readdir(path)).toEqual([]);
  });
});

describe('Invoke SOAP web service', () => {
  const envelope = (namespace: string) => `  <e:Envelope xmlns:e="${namespace}"><e:Body/></e:Envelope>`;
  const soap = (given: Record<string, Value>, path = '/echo') =>
    call('InvokeSoapService.InvokeSoapService', { Endpoint: base + path, ...given });

  it('sends the envelope as its version wants it', async () => {
    const outputs = await soap({
      RequestBody: envelope('http://schemas.xmlsoap.org/soap/envelope/'),
      CustomHeaders: 'SOAPAction: "urn:order"',
    });
    expect(outputs.StatusCode).toBe(200);
    expect(last()).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: '"urn:order"' },
    });
    expect(last().body).toMatch(/^<e:Envelope/);
    await soap({ RequestBody: envelope('http://www.w3.org/2003/05/soap-envelope') });
    expect(last().headers['content-type']).toBe('application/soap+xml; charset=utf-8');
  });

  it('gives a fault as result, or fails', async () => {
    const given = { RequestBody: envelope('x') };
    expect(await soap(given, '/soap')).toMatchObject({
      StatusCode: 500,
      Response: expect.stringContaining('no such order'),
    });
    expect(await errorOf(soap({ ...given, FailOnErrorStatus: true }, '/soap'))).toMatch(
      /^InvokeSOAPServiceError: .*500/,
    );
    expect(await errorOf(soap({ ...given, CustomHeaders: 'x' }))).toMatch(
      /^InvalidHeaderInCustomHeadersError/,
    );
    expect(
      await errorOf(
        call('InvokeSoapService.InvokeSoapService', { Endpoint: 'http://127.0.0.1:1', RequestBody: 'x' }),
      ),
    ).toMatch(/^InvokeSOAPServiceError: .*nothing accepts/);
  });

  it('signs in', async () => {
    const outputs = await call('InvokeSoapService.InvokeSoapServiceUseAuth', {
      Endpoint: `${base}/basic`,
      RequestBody: 'x',
      Username: 'ann',
      Password: 'sécret',
    });
    expect(outputs.Response).toBe('welcome');
  });
});

describe('proxies', () => {
  it('carry requests for other machines, plain and secure', async () => {
    const asked: string[] = [];
    const proxy = http.createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`);
      response.end('from the proxy');
    });
    proxy.on('connect', (request, socket) => {
      asked.push(`CONNECT ${request.url}`);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    const address = `http://me:p%40ss@127.0.0.1:${await listen(proxy)}`;
    process.env.http_proxy = address;
    process.env.https_proxy = address;
    try {
      expect(await call('DownloadFromWeb.Download', { Url: 'http://far.invalid/a?b=1' })).toEqual({
        WebPageText: 'from the proxy',
      });
      expect(await errorOf(call('DownloadFromWeb.Download', { Url: 'https://far.invalid/' }))).toMatch(
        /proxy of this machine refused .*403/,
      );
      const basic = Buffer.from('me:p@ss').toString('base64');
      expect(asked).toEqual([`GET http://far.invalid/a?b=1 Basic ${basic}`, 'CONNECT far.invalid:443']);
    } finally {
      delete process.env.http_proxy;
      delete process.env.https_proxy;
    }
  });
});

describe.skipIf(!available('openssl', [openssl]))('secure connections', () => {
  let secure = '';
  beforeAll(async () => {
    secure = `https://localhost:${await listen(https.createServer(selfSigned(), handle))}`;
  });

  it('need a certificate that is trusted, or to be told otherwise', async () => {
    expect(await errorOf(call('DownloadFromWeb.Download', { Url: `${secure}/latin` }))).toMatch(
      /^DownloadFromWebError: .*self-signed/,
    );
    const given = { Url: `${secure}/latin`, AcceptUntrustedCertificates: true };
    expect(await call('DownloadFromWeb.Download', given)).toEqual({ WebPageText: 'Grüße' });
  });

  it('need a server that offers them', async () => {
    expect(
      await errorOf(call('DownloadFromWeb.Download', { Url: `${base.replace('http', 'https')}/` })),
    ).toMatch(/does not speak TLS/);
  });

  it('go through a proxy', async () => {
    const proxy = http.createServer();
    proxy.on('connect', (_, socket) => {
      const target = net.connect(Number(new URL(secure).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
    });
    process.env.https_proxy = `http://127.0.0.1:${await listen(proxy)}`;
    try {
      const given = { Url: 'https://far.invalid/latin', AcceptUntrustedCertificates: true };
      expect(await call('DownloadFromWeb.Download', given)).toEqual({ WebPageText: 'Grüße' });
    } finally {
      delete process.env.https_proxy;
    }
  });
});
