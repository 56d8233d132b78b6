// Bytes of a flow file ⇄ text. UTF-8 with or without byte order mark, and UTF-16 with one; never guesses silently.
import { ProductError } from '../../base/error.ts';

/** How a file was written, so that it can be written back the same way. Both UTF-16 forms begin with a byte order mark. */
export type FlowEncoding = 'utf-8' | 'utf-8-bom' | 'utf-16le' | 'utf-16be';

export interface DecodedFlow {
  /** Without the byte order mark. */
  readonly text: string;
  readonly encoding: FlowEncoding;
}

const saveAsUtf8 =
  'Save the file as UTF-8 (in VS Code: click the encoding in the status bar, “Save with Encoding”, UTF-8) and try again.';

/** The text of a flow file. Throws ProductError `FlowEncodingUnknown` when the bytes are in none of the known encodings. */
export function decodeFlow(bytes: Uint8Array): DecodedFlow {
  if (startsWith(bytes, [0xff, 0xfe, 0, 0]) || startsWith(bytes, [0, 0, 0xfe, 0xff])) {
    throw unknown('The file is in UTF-32.');
  }
  if (startsWith(bytes, [0xff, 0xfe])) return { text: fromUtf16(bytes, true), encoding: 'utf-16le' };
  if (startsWith(bytes, [0xfe, 0xff])) return { text: fromUtf16(bytes, false), encoding: 'utf-16be' };
  const marked = startsWith(bytes, [0xef, 0xbb, 0xbf]);
  if (!marked) refuseUnmarkedUtf16(bytes);
  const content = marked ? bytes.subarray(3) : bytes;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    return { text, encoding: marked ? 'utf-8-bom' : 'utf-8' };
  } catch (cause) {
    const offset = firstInvalidUtf8(content) + (marked ? 3 : 0);
    const value = bytes[offset]?.toString(16).toUpperCase().padStart(2, '0');
    throw unknown(`The file is not valid UTF-8: the byte ${value} at offset ${offset} does not fit.`, {
      cause,
    });
  }
}

/**
 * The bytes of `text` in `encoding`; the inverse of `decodeFlow`. Throws ProductError `FlowNotEncodable` for half a
 * surrogate pair in UTF-8, which has no form for it.
 */
export function encodeFlow(text: string, encoding: FlowEncoding): Uint8Array {
  switch (encoding) {
    case 'utf-8':
    case 'utf-8-bom': {
      if (!text.isWellFormed()) {
        throw new ProductError(
          'FlowNotEncodable',
          `The text has half of a character (a lone surrogate) at offset ${loneSurrogate(text)}; UTF-8 cannot hold it.`,
          'Delete the character at that place and save again.',
        );
      }
      return new TextEncoder().encode(encoding === 'utf-8-bom' ? `\ufeff${text}` : text);
    }
    case 'utf-16le':
      return toUtf16(text, true);
    case 'utf-16be':
      return toUtf16(text, false);
  }
}

function unknown(what: string, options?: ErrorOptions): ProductError {
  return new ProductError('FlowEncodingUnknown', what, saveAsUtf8, options);
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

function fromUtf16(bytes: Uint8Array, littleEndian: boolean): string {
  if (bytes.length % 2 !== 0) {
    throw unknown(
      `The file starts as UTF-16 but has an odd number of bytes (${bytes.length}), so its end is cut off.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunk = 8_192;
  const units = new Uint16Array(chunk);
  let text = '';
  for (let at = 2; at < bytes.length; at += 2 * chunk) {
    const count = Math.min(chunk, (bytes.length - at) / 2);
    for (let i = 0; i < count; i++) units[i] = view.getUint16(at + 2 * i, littleEndian);
    text += String.fromCharCode(...units.subarray(0, count));
  }
  return text;
}

function toUtf16(text: string, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(2 * text.length + 2);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xfeff, littleEndian);
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i + 2, text.charCodeAt(i), littleEndian);
  return bytes;
}

/** UTF-16 without a mark shows as NUL in every second byte of the Latin letters, digits and blanks all code consists of. */
function refuseUnmarkedUtf16(bytes: Uint8Array): void {
  const sample = bytes.subarray(0, 2_048);
  if (sample.length < 4) return;
  const nuls = [0, 0];
  for (let i = 0; i < sample.length; i++) {
    if (sample[i] === 0) nuls[i % 2] = (nuls[i % 2] as number) + 1;
  }
  const [even, odd] = nuls as [number, number];
  const many = sample.length / 5;
  if (odd > many && even < odd / 4)
    throw unknown('The file looks like UTF-16 (little endian) without a byte order mark.');
  if (even > many && odd < even / 4)
    throw unknown('The file looks like UTF-16 (big endian) without a byte order mark.');
}

/** Offset of the first byte that no UTF-8 character explains. */
function firstInvalidUtf8(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = utf8Length(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return at;
}

/** Length of the well-formed UTF-8 character at `at`, or 0. */
function utf8Length(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  // The second byte excludes overlong forms, surrogates and anything above U+10FFFF.
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[at + 1] ?? 0;
  if (second < lowest || second > highest) return 0;
  for (let i = 2; i < length; i++) {
    if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

function loneSurrogate(text: string): number {
  return /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.exec(text)?.index ?? 0;
}
