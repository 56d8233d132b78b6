import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePng, encodePng } from '../../src/desktop/png.ts';

const bitmaps = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9 }), fc.boolean())
  .chain(([width, height, isOpaque]) =>
    fc.uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 }).map((pixels) => {
      if (isOpaque) for (let at = 3; at < pixels.length; at += 4) pixels[at] = 255;
      return { width, height, pixels };
    }),
  );

function chunk(type: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, Buffer.from(type, 'latin1'), data, Buffer.alloc(4)]);
}

/** A PNG of hand-made rows, each with its filter in front. */
function png(
  {
    width,
    height,
    depth,
    kind,
    interlace = 0,
  }: Record<'width' | 'height' | 'depth' | 'kind', number> & {
    interlace?: number;
  },
  rows: readonly number[],
  extra: Buffer = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, kind, 0, 0, interlace], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    extra,
    chunk('IDAT', deflateSync(Buffer.from(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const pixelsOf = (file: Uint8Array) => {
  const { width, pixels } = decodePng(file);
  return Array.from({ length: pixels.length / 4 }, (_, at) =>
    [...pixels.subarray(at * 4, at * 4 + 4)].join(),
  ).map((pixel, at) => (at % width === 0 && at > 0 ? `/${pixel}` : pixel));
};

describe('PNG', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(bitmaps, (bitmap) => {
        expect(decodePng(encodePng(bitmap))).toEqual(bitmap);
      }),
    );
  });

  it('undoes every filter of a row', () => {
    // One grey channel, rows with the filters none, left, above, average and Paeth.
    const rows = [0, 10, 20, 30, 1, 5, 5, 5, 2, 1, 1, 1, 3, 2, 2, 2, 4, 1, 1, 1];
    expect(
      pixelsOf(png({ width: 3, height: 5, depth: 8, kind: 0 }, rows)).map(
        (one) => one.replace('/', '').split(',')[0],
      ),
    ).toEqual(['10', '20', '30', '5', '10', '15', '6', '11', '16', '5', '10', '15', '6', '11', '16']);
  });

  it('reads few bits, palettes, transparent colours and 16 bits', () => {
    expect(pixelsOf(png({ width: 3, height: 1, depth: 1, kind: 0 }, [0, 0b10100000]))).toEqual([
      '255,255,255,255',
      '0,0,0,255',
      '255,255,255,255',
    ]);
    const palette = Buffer.concat([
      chunk('PLTE', Buffer.from([1, 2, 3, 4, 5, 6])),
      chunk('tRNS', Buffer.from([9])),
    ]);
    expect(pixelsOf(png({ width: 2, height: 1, depth: 4, kind: 3 }, [0, 0x01], palette))).toEqual([
      '1,2,3,9',
      '4,5,6,255',
    ]);
    const clear = chunk('tRNS', Buffer.from([0, 7, 0, 8, 0, 9]));
    expect(pixelsOf(png({ width: 2, height: 1, depth: 8, kind: 2 }, [0, 7, 8, 9, 7, 8, 8], clear))).toEqual([
      '7,8,9,0',
      '7,8,8,255',
    ]);
    expect(pixelsOf(png({ width: 1, height: 1, depth: 16, kind: 4 }, [0, 0xff, 0xff, 0x80, 0x00]))).toEqual([
      '255,255,255,128',
    ]);
  });

  it('reads interlaced pictures', () => {
    // 2 x 2: passes 1 (0,0), 6 (1,0) and 7 (second row).
    expect(
      pixelsOf(png({ width: 2, height: 2, depth: 8, kind: 0, interlace: 1 }, [0, 1, 0, 2, 0, 3, 4])),
    ).toEqual(['1,1,1,255', '2,2,2,255', '/3,3,3,255', '4,4,4,255']);
  });

  it.each([
    ['no PNG', Buffer.from('GIF89a'), 'no PNG'],
    ['without pixels', png({ width: 1, height: 1, depth: 8, kind: 0 }, [0]), 'cut off'],
    [
      'cut off',
      encodePng({ width: 9, height: 9, pixels: new Uint8Array(9 * 9 * 4) }).subarray(0, 50),
      'cut off|complete',
    ],
    ['of an unknown kind', png({ width: 1, height: 1, depth: 3, kind: 0 }, [0, 0]), 'unknown kind'],
    [
      'far too large',
      png({ width: 2 ** 31 - 1, height: 2 ** 31 - 1, depth: 8, kind: 0 }, [0, 0]),
      'more than',
    ],
    [
      'packed wrongly',
      Buffer.concat([
        png({ width: 1, height: 1, depth: 8, kind: 0 }, [0, 0]).subarray(0, 33),
        chunk('IDAT', Buffer.from('junk')),
      ]),
      'damaged',
    ],
  ])('refuses a picture that is %s', (_, file, reason) => {
    expect(() => decodePng(file)).toThrow(new RegExp(reason));
  });

  it('never fails without words', () => {
    const file = encodePng({ width: 5, height: 4, pixels: new Uint8Array(80).fill(200) });
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: file.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        (at, value) => {
          const damaged = Buffer.from(file);
          damaged[at] = value;
          try {
            decodePng(damaged);
          } catch (error) {
            expect((error as Error).message).toMatch(/^the PNG|^it is/);
          }
        },
      ),
    );
  });
});
