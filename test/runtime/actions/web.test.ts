// The parts of the HTTP actions that need no network.
import { describe, expect, it } from 'vitest';
import { findAction } from '../../../src/language/catalog/catalog.ts';
import { harmlessName } from '../../../src/runtime/actions/savedFile.ts';
import { authorization, parseChallenges } from '../../../src/runtime/actions/web/authentication.ts';
import { CookieJar } from '../../../src/runtime/actions/web/cookies.ts';
import { webActions } from '../../../src/runtime/actions/web/index.ts';
import { proxyFor } from '../../../src/runtime/actions/web/proxy.ts';
import { textOf } from '../../../src/runtime/actions/web/text.ts';

describe('the table of actions', () => {
  it('has the ids of the catalog, each once', () => {
    const ids = webActions.map(({ id }) => id);
    expect(ids.filter((id) => findAction(id)?.definition.id !== id)).toEqual([]);
    expect(new Set(ids).size).toBe(12 + 18 + 2);
  });
});

describe('cookies', () => {
  const at = (address: string) => new URL(address);
  const jarWith = (header: string, from = 'http://www.example.com/shop/cart') => {
    const jar = new CookieJar();
    jar.store(header, at(from), 0);
    return jar;
  };

  it('go back to the host and folder they came from', () => {
    const jar = jarWith('a=1; Path=/shop');
    expect(jar.header(at('http://www.example.com/shop/x'), 1)).toBe('a=1');
    expect(jar.header(at('http://www.example.com/shopping'), 1)).toBeUndefined();
    expect(jar.header(at('http://example.com/shop'), 1)).toBeUndefined();
  });

  it('reach the hosts below a domain they name, never foreign ones', () => {
    expect(jarWith('a=1; Domain=example.com').header(at('http://api.example.com/shop/'), 1)).toBe('a=1');
    expect(jarWith('a=1; Domain=other.com').header(at('http://other.com/shop/'), 1)).toBeUndefined();
    expect(jarWith('a=1; Domain=com').header(at('http://www.example.com/shop/'), 1)).toBeUndefined();
  });

  it('end when they expire or are replaced, and stay on secure connections', () => {
    expect(jarWith('a=1; Max-Age=10').header(at('http://www.example.com/shop/'), 10_000)).toBeUndefined();
    const jar = jarWith('a=1; Secure', 'https://www.example.com/');
    expect(jar.header(at('http://www.example.com/'), 1)).toBeUndefined();
    expect(jar.header(at('https://www.example.com/'), 1)).toBe('a=1');
    jar.store('a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT', at('https://www.example.com/'), 1);
    expect(jar.header(at('https://www.example.com/'), 1)).toBeUndefined();
  });
});

describe('requests for credentials', () => {
  it('are answered as in the example of RFC 7616', () => {
    const challenges = parseChallenges([
      'Basic realm="x", Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    ]);
    expect(challenges.map(({ scheme }) => scheme)).toEqual(['basic', 'digest']);
    const header = authorization(
      challenges,
      { user: 'Mufasa', password: 'Circle of Life' },
      'GET',
      '/dir/index.html',
    );
    expect(header).toMatch(/^Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/);
    expect(header).toMatch(
      /response="[0-9a-f]{64}", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="\w+", opaque="FQhe/,
    );
  });

  it('of older servers too', () => {
    // RFC 2069, as corrected by its errata: without qop the answer depends on nothing random.
    const challenges = parseChallenges([
      'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    ]);
    expect(
      authorization(challenges, { user: 'Mufasa', password: 'CircleOfLife' }, 'GET', '/dir/index.html'),
    ).toContain('response="1949323746fe6a43ef61f9606e7febea"');
  });

  it('that this agent cannot answer get nothing', () => {
    expect(
      authorization(parseChallenges(['NTLM', 'Negotiate']), { user: 'a', password: 'b' }, 'GET', '/'),
    ).toBeUndefined();
  });
});

describe('proxies', () => {
  const environment = {
    HTTPS_PROXY: 'proxy.local:3128',
    http_proxy: 'http://p:8080',
    NO_PROXY: '.inner.example, other.example:444',
  };
  it.each([
    ['https://www.example.com/', 'http://proxy.local:3128/'],
    ['http://www.example.com/', 'http://p:8080/'],
    ['https://a.inner.example/', undefined],
    ['https://other.example/', 'http://proxy.local:3128/'],
    ['https://other.example:444/', undefined],
    ['https://localhost:9/', undefined],
    ['http://127.0.0.1/', undefined],
  ])('%s → %s', (url, proxy) => {
    expect(proxyFor(new URL(url), environment)?.href).toBe(proxy);
  });
});

describe('the text of an answer', () => {
  it.each([
    ['what the server says', Buffer.from([0x80, 0xe9]), 'text/html; charset="windows-1252"', '€é'],
    ['a byte order mark', Buffer.from('\ufeffä', 'utf16le'), 'text/plain; charset=utf-8', 'ä'],
    [
      'what a page says of itself',
      Buffer.from('<meta charset="iso-8859-2">\xb1', 'latin1'),
      'text/html',
      '<meta charset="iso-8859-2">ą',
    ],
    [
      'an XML declaration',
      Buffer.from("<?xml version='1.0' encoding='koi8-r'?>\xc1", 'latin1'),
      'application/xml',
      "<?xml version='1.0' encoding='koi8-r'?>а",
    ],
    ['UTF-8', Buffer.from('žluťoučký 😀'), '', 'žluťoučký 😀'],
    ['Windows-1252 when it is no UTF-8', Buffer.from([0x63, 0xe9]), 'application/json', 'cé'],
    ['a charset nobody knows', Buffer.from('ä'), 'text/plain; charset=klingon', 'ä'],
  ])('%s decides', (_, bytes, contentType, text) => {
    expect(textOf(bytes, 'AutoDetect', contentType)).toBe(text);
  });

  it('is in the encoding of the action when it names one', () => {
    expect(textOf(Buffer.from([0x82, 0xa0]), 'shift_jis', 'text/plain; charset=utf-8')).toBe('あ');
  });
});

describe('names from other machines', () => {
  it.each([
    ['report.pdf', 'report.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\evil.exe', 'evil.exe'],
    ['..', 'download'],
    ['', 'download'],
    ['a/b/', 'download'],
    ['.bashrc', 'bashrc'],
    ['con.txt', '_con.txt'],
    ['a<b>:"|?*\u0000.txt', 'a_b_______.txt'],
    ['invoice\u202etxt.exe', 'invoicetxt.exe'],
    ['Rechnung ä 😀.pdf. . ', 'Rechnung ä 😀.pdf'],
  ])('%j → %j', (name, harmless) => {
    expect(harmlessName(name, 'download')).toBe(harmless);
  });

  it('keep their ending when they are too long', () => {
    const name = harmlessName(`${'ä'.repeat(300)}.pdf`, 'x');
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
    expect(name.endsWith('ä.pdf')).toBe(true);
  });
});
