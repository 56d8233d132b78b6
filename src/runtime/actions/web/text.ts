// Bytes of a web answer → text, and a name for the file it is saved to.
import type { ActionArguments } from '../../action.ts';
import { ActionError } from '../../action.ts';
import { codePageOf, decodeCodePage } from '../codePages.ts';
import { harmlessName } from '../savedFile.ts';
import type { Answer } from './exchange.ts';

/** Refuses, before anything is sent, an encoding of the argument `Encoding` that this agent cannot read. Gives the member. */
export function requireEncoding(args: ActionArguments): string {
  const member = args.member('Encoding');
  if (member === 'AutoDetect' || codePageOf(member) !== undefined) return member;
  throw new ActionError(
    'InvalidArgument',
    `This agent cannot read the encoding "${member}".`,
    'Choose "Auto-detect" or another encoding, or save the answer to a file and convert it with a program.',
  );
}

/**
 * The text of an answer. With `AutoDetect` a byte order mark decides, then what the server says, then what an HTML or XML text says of
 * itself; else it is UTF-8, or Windows-1252 when it cannot be that.
 */
export function textOf(bytes: Uint8Array, member: string, contentType: string): string {
  if (member !== 'AutoDetect') return decodeCodePage(bytes, codePageOf(member) as number);
  const marked = byteOrderMark(bytes);
  if (marked !== undefined) return decodeCodePage(bytes, marked);
  const named = charsetIn(contentType) ?? (/html|xml/i.test(contentType) ? charsetInside(bytes) : undefined);
  const text = named === undefined ? undefined : decodeNamed(bytes, named);
  if (text !== undefined) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return decodeCodePage(bytes, 1252);
  }
}

function byteOrderMark([a, b, c]: Uint8Array): number | undefined {
  if (a === 0xef && b === 0xbb && c === 0xbf) return 65001;
  if (a === 0xff && b === 0xfe) return 1200;
  return a === 0xfe && b === 0xff ? 1201 : undefined;
}

function charsetIn(contentType: string): string | undefined {
  return /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType)?.[1];
}

function charsetInside(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  return /<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)|<meta[^>]*\bcharset\s*=\s*["']?([\w.:-]+)/i
    .exec(start)
    ?.slice(1)
    .find((one) => one !== undefined);
}

/** Undefined for a name nobody knows. */
function decodeNamed(bytes: Uint8Array, name: string): string | undefined {
  const page = codePageOf(name.replaceAll('-', '_'));
  if (page !== undefined) return decodeCodePage(bytes, page);
  try {
    return new TextDecoder(name).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The name a server gives the file it sends, else the last part of its address; harmless in any folder. */
export function fileNameOf({ message, url }: Answer): string {
  const disposition = message.headers['content-disposition'] ?? '';
  const extended = /;\s*filename\*\s*=\s*([\w-]*)'[^']*'([^\s;]+)/i.exec(disposition);
  if (extended !== null) {
    const bytes = percentDecoded(extended[2] as string);
    const name = decodeNamed(bytes, extended[1] as string) ?? Buffer.from(bytes).toString('utf8');
    return harmlessName(name, 'download');
  }
  const plain = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]+))/i.exec(disposition);
  if (plain !== null) {
    const name = plain[1]?.replace(/\\(["\\])/g, '$1') ?? (plain[2] as string);
    // Headers arrive as bytes; most servers mean UTF-8.
    return harmlessName(textOf(Buffer.from(name, 'latin1'), 'AutoDetect', ''), 'download');
  }
  const last = url.pathname.split('/').at(-1) as string;
  return harmlessName(Buffer.from(percentDecoded(last)).toString('utf8'), 'download');
}

function percentDecoded(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const [, code, other] of text.matchAll(/%([0-9a-f]{2})|([\s\S])/gi)) {
    if (code === undefined) bytes.push(...Buffer.from(other as string, 'utf8'));
    else bytes.push(Number.parseInt(code, 16));
  }
  return Uint8Array.from(bytes);
}
