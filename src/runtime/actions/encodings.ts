// Bytes of text files ⇄ text, by the members of the designer's file encodings. Knows no files.
import { codePageDecoder, decodeCodePage, encodeCodePage } from './codePages.ts';

const ascii = 20127;

/**
 * Text of a file. A byte order mark decides before `member`, as .NET's readers do; what the encoding does not define
 * becomes U+FFFD (`?` for ASCII). `systemPage` is the code page behind the system default.
 * Members: `SystemDefault`/`DefaultEncoding`, `UTF8`, `UTF8NoBOM`, `Unicode`, `UnicodeNoBOM`, `BigEndianUnicode`,
 * `ASCII`/`ANSI` (the designer shows `ANSI` as ASCII).
 */
export function decodeText(bytes: Uint8Array, member: string, systemPage: number): string {
  return decodeCodePage(bytes, pageOf(bytes, member, systemPage));
}

/** `decodeText` for a file in pieces; `start` are its first bytes, three at least where it has so many. */
export function textDecoder(
  start: Uint8Array,
  member: string,
  systemPage: number,
): (bytes: Uint8Array, isLast: boolean) => string {
  return codePageDecoder(pageOf(start, member, systemPage));
}

function pageOf(start: Uint8Array, member: string, systemPage: number): number {
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return 65001;
  if (start[0] === 0xff && start[1] === 0xfe) return 1200;
  if (start[0] === 0xfe && start[1] === 0xff) return 1201;
  switch (member) {
    case 'UTF8':
    case 'UTF8NoBOM':
      return 65001;
    case 'Unicode':
    case 'UnicodeNoBOM':
      return 1200;
    case 'BigEndianUnicode':
      return 1201;
    case 'ASCII':
    case 'ANSI':
      return ascii;
    default:
      return systemPage;
  }
}

/** Bytes of `text` in the encoding `member` names (see `decodeText`). `atStart`: the text begins the file, so the encodings that have a byte order mark write it. */
export function encodeText(text: string, member: string, systemPage: number, atStart: boolean): Uint8Array {
  switch (member) {
    case 'UTF8':
      return encodeCodePage(atStart ? `\ufeff${text}` : text, 65001);
    case 'UTF8NoBOM':
      return encodeCodePage(text, 65001);
    case 'Unicode':
      return Buffer.from(atStart ? `\ufeff${text}` : text, 'utf16le');
    case 'UnicodeNoBOM':
      return Buffer.from(text, 'utf16le');
    case 'BigEndianUnicode':
      return Buffer.from(atStart ? `\ufeff${text}` : text, 'utf16le').swap16();
    case 'ASCII':
    case 'ANSI':
      return encodeCodePage(text, ascii);
    default:
      return encodeCodePage(text, systemPage);
  }
}
