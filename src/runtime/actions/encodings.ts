// Bytes of text files ⇄ text, by the members of the designer's file encodings. Knows no files.
import { decodeCodePage, encodeCodePage } from './codePages.ts';

const ascii = 20127;

/**
 * Text of a file. A byte order mark decides before `member`, as .NET's readers do; what the encoding does not define
 * becomes U+FFFD (`?` for ASCII). `systemPage` is the code page behind the system default.
 * Members: `SystemDefault`/`DefaultEncoding`, `UTF8`, `UTF8NoBOM`, `Unicode`, `UnicodeNoBOM`, `BigEndianUnicode`,
 * `ASCII`/`ANSI` (the designer shows `ANSI` as ASCII).
 */
export function decodeText(bytes: Uint8Array, member: string, systemPage: number): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return decodeCodePage(bytes, 65001);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeCodePage(bytes, 1200);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decodeCodePage(bytes, 1201);
  switch (member) {
    case 'UTF8':
    case 'UTF8NoBOM':
      return decodeCodePage(bytes, 65001);
    case 'Unicode':
    case 'UnicodeNoBOM':
      return decodeCodePage(bytes, 1200);
    case 'BigEndianUnicode':
      return decodeCodePage(bytes, 1201);
    case 'ASCII':
    case 'ANSI':
      return decodeCodePage(bytes, ascii);
    default:
      return decodeCodePage(bytes, systemPage);
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
