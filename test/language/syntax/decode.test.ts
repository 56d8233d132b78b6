// Bytes of flow files: every encoding there and back, and clear words for all others.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProductError } from '../../../src/base/error.ts';
import { decodeFlow, encodeFlow, type FlowEncoding } from '../../../src/language/syntax/decode.ts';

const encodings: FlowEncoding[] = ['utf-8', 'utf-8-bom', 'utf-16le', 'utf-16be'];
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

function failure(action: () => unknown): ProductError {
  try {
    action();
  } catch (error) {
    if (error instanceof ProductError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('decodeFlow', () => {
  test.each([
    ['utf-8', 'SET Ä'],
    ['utf-8-bom', '\u00ef\u00bb\u00bfSET \u00c3\u0084'],
    ['utf-16le', '\u00ff\u00feS\0E\0T\0 \0\u00c4\0'],
    ['utf-16be', '\u00fe\u00ff\0S\0E\0T\0 \0\u00c4'],
  ] as const)('knows %s and keeps its mark out of the text', (encoding, bytes) => {
    const input = encoding === 'utf-8' ? new TextEncoder().encode(bytes) : latin1(bytes);
    expect(decodeFlow(input)).toEqual({ text: 'SET Ä', encoding });
  });

  test('an empty file is empty UTF-8', () => {
    expect(decodeFlow(new Uint8Array())).toEqual({ text: '', encoding: 'utf-8' });
  });

  test.each([
    ['UTF-16 (little endian) without', 'S\0E\0T\0 \0A\0'],
    ['UTF-16 (big endian) without', '\0S\0E\0T\0 \0A'],
    ['UTF-32', '\u00ff\u00fe\0\0S\0\0\0'],
    ['odd number of bytes (5)', '\u00ff\u00feS\0E'],
    ['byte E9 at offset 4', 'SET \u00e9 TO 1'],
    ['byte FF at offset 4', '\u00ef\u00bb\u00bfA\u00ff'],
    ['byte ED at offset 1', 'A\u00ed\u00a0\u0080'],
    ['byte C0 at offset 1', 'A\u00c0\u0080'],
    ['byte E2 at offset 2', 'AB\u00e2\u0082'],
    ['byte F4 at offset 0', '\u00f4\u0090\u0080\u0080'],
  ])('refuses %s', (message, bytes) => {
    const error = failure(() => decodeFlow(latin1(bytes)));
    expect(error.code).toBe('FlowEncodingUnknown');
    expect(error.message).toContain(message);
    expect(error.nextStep).toContain('UTF-8');
  });

  test('a few NUL characters are still UTF-8', () => {
    expect(decodeFlow(latin1('SET A TO \0\0')).encoding).toBe('utf-8');
  });
});

describe('encodeFlow', () => {
  test('is the inverse of decodeFlow for any text', () => {
    // Real text: the mostly-NUL texts that look like unmarked UTF-16 are left out.
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    fc.assert(
      fc.property(text, fc.constantFrom(...encodings), (original, encoding) => {
        const bytes = encodeFlow(original, encoding);
        const decoded = decodeFlow(bytes);
        expect(decoded).toEqual({ text: original, encoding });
        expect(encodeFlow(decoded.text, decoded.encoding)).toEqual(bytes);
      }),
    );
  });

  test('UTF-16 keeps lone surrogates and long texts, UTF-8 refuses the former', () => {
    const odd = `${'x'.repeat(100_000)}\ud800y`;
    expect(decodeFlow(encodeFlow(odd, 'utf-16le')).text).toBe(odd);
    const error = failure(() => encodeFlow(odd, 'utf-8'));
    expect(error.code).toBe('FlowNotEncodable');
    expect(error.message).toContain('offset 100000');
  });
});
