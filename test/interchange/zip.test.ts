// Zip archives: what is written is read back, other tools' archives are understood, and what is dangerous is refused with its reason.

import fc from 'fast-check';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readZip, writeZip, type ZipEntry } from '../../src/interchange/zip.ts';

const entry = (name: string, text: string): ZipEntry => ({
  name,
  bytes: strToU8(text),
  date: '2026-11-21T13:45:10',
});
const code = (archive: Uint8Array): string => {
  try {
    readZip(archive);
    return 'read';
  } catch (error) {
    return (error as { code: string }).code;
  }
};
/** Changes the record of the first entry in the directory. */
function patched(archive: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = archive.slice();
  const view = new DataView(copy.buffer);
  let at = 0;
  while (view.getUint32(at, true) !== 0x02014b50) at++;
  view.setUint16(at + offset, value, true);
  return copy;
}

describe('zip archives', () => {
  it('give back every name, date, content and the order', () => {
    const name = fc
      .stringMatching(/^[\p{L}\p{N} .[\]_-]{0,11}[\p{L}\p{N}_-]$/u)
      .filter((text) => text !== '.' && text !== '..');
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.record({
            name: fc.array(name, { minLength: 1, maxLength: 3 }).map((steps) => steps.join('/')),
            bytes: fc.uint8Array({ maxLength: 300 }),
            date: fc
              .date({ min: new Date('1981-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
              .map((date) => new Date(Math.floor(date.getTime() / 2000) * 2000).toISOString().slice(0, 19)),
          }),
          { selector: (part) => part.name, maxLength: 6 },
        ),
        (parts) => {
          expect(readZip(writeZip(parts))).toEqual(parts);
        },
      ),
    );
  });

  it('of other tools are read, stored or packed, with a comment behind them', () => {
    const other = zipSync({
      'a.txt': [strToU8('stored'), { level: 0 }],
      'b/c.txt': strToU8('packed '.repeat(50)),
    });
    const commented = new Uint8Array([...other, 104, 105]);
    new DataView(commented.buffer).setUint16(other.length - 2, 2, true);
    expect(
      readZip(commented).map(({ name, bytes }) => [name, new TextDecoder().decode(bytes).slice(0, 6)]),
    ).toEqual([
      ['a.txt', 'stored'],
      ['b/c.txt', 'packed'],
    ]);
  });

  it.each(['../out.txt', 'a/../../b', '/etc/passwd', 'C:/windows/x', 'a\\..\\..\\b', './a', 'a//b'])(
    'with an entry that leads outside are refused: %s',
    (name) => expect(code(writeZip([entry(name, 'x')]))).toBe('ZipUnsafePath'),
  );

  it('that are protected, damaged, cut off or dishonest are refused', () => {
    const sound = writeZip([entry('a.txt', 'hello '.repeat(100)), entry('b.txt', 'x')]);
    expect(code(sound)).toBe('read');
    expect(code(patched(sound, 8, 1))).toBe('ZipEncrypted');
    expect(code(patched(sound, 10, 12))).toBe('ZipUnsupported');
    expect(code(sound.slice(0, -5))).toBe('ZipDamaged');
    expect(code(sound.slice(40))).toBe('ZipDamaged');
    expect(code(strToU8('no archive at all'))).toBe('ZipDamaged');
    expect(code(writeZip([entry('a', '1'), entry('a', '2')]))).toBe('ZipDamaged');
    const flipped = sound.slice();
    flipped[40] = (flipped[40] as number) ^ 0xff;
    expect(code(flipped)).toBe('ZipDamaged');
    const end = sound.slice();
    end.fill(0xff, -6, -2);
    expect(code(end), 'Zip64').toBe('ZipUnsupported');
    // A bomb: a few bytes that promise a gigabyte.
    expect(code(patched(sound, 26, 0x3fff))).toBe('ZipDamaged');
  });

  it('that are damaged anywhere are read or refused, nothing else', () => {
    const sound = writeZip([entry('a.txt', 'hello '.repeat(30)), entry('b/c.txt', 'x')]);
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(255), (at, byte) => {
        const damaged = sound.slice();
        damaged[at] = byte;
        expect(code(damaged)).toMatch(/^(read|Zip(Damaged|Encrypted|Unsupported|UnsafePath|TooLarge))$/);
      }),
      { numRuns: 500 },
    );
  });
});
