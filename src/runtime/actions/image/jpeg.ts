// Writes JPEG files: baseline, no subsampling of colours, the example tables of the standard (ITU-T T.81, annex K). Reads none.
import type { Bitmap } from '../../../desktop/desktop.ts';

/** From 1 (small) to 100. */
const quality = 90;

/** Order in which the 64 coefficients of a block are written. */
const zigzag = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
];

/** Tables K.1 (brightness) and K.2 (colour), in rows. */
const brightnessSteps = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
  29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
  121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const colourSteps = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/** How many codes there are of each length, and what they stand for: tables K.3 to K.6. */
interface Code {
  readonly counts: readonly number[];
  readonly symbols: readonly number[];
}
const dcBrightness: Code = {
  counts: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
  symbols: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
};
const dcColour: Code = {
  counts: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
  symbols: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
};
const acBrightness: Code = {
  counts: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
  symbols: hex(
    '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
  ),
};
const acColour: Code = {
  counts: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
  symbols: hex(
    '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
  ),
};

function hex(text: string): number[] {
  return [...Buffer.from(text.replaceAll(' ', ''), 'hex')];
}

/** Code and length of every symbol. */
function codesOf({ counts, symbols }: Code): Map<number, readonly [code: number, length: number]> {
  const codes = new Map<number, readonly [number, number]>();
  let code = 0;
  let next = 0;
  counts.forEach((count, index) => {
    for (let n = 0; n < count; n++) codes.set(symbols[next++] as number, [code++, index + 1]);
    code <<= 1;
  });
  return codes;
}

class Bits {
  readonly #bytes: number[] = [];
  #held = 0;
  #count = 0;

  put(value: number, length: number): void {
    for (let bit = length - 1; bit >= 0; bit--) {
      this.#held = (this.#held << 1) | ((value >> bit) & 1);
      if (++this.#count < 8) continue;
      this.#bytes.push(this.#held);
      if (this.#held === 0xff) this.#bytes.push(0);
      this.#held = 0;
      this.#count = 0;
    }
  }

  end(): Buffer {
    while (this.#count > 0) this.put(1, 1);
    return Buffer.from(this.#bytes);
  }
}

const cosines = Float64Array.from(
  { length: 64 },
  (_, i) => Math.cos(((2 * (i & 7) + 1) * (i >> 3) * Math.PI) / 16) * ((i >> 3 === 0 ? Math.SQRT1_2 : 1) / 2),
);

/** The picture as a JPEG file. */
export function encodeJpeg({ width, height, pixels }: Bitmap): Buffer {
  const factor = quality < 50 ? 5000 / quality : 200 - quality * 2;
  const scaled = (steps: readonly number[]) =>
    steps.map((step) => Math.min(255, Math.max(1, Math.floor((step * factor + 50) / 100))));
  const steps = [scaled(brightnessSteps), scaled(colourSteps), scaled(colourSteps)] as const;
  const codes = [
    { dc: codesOf(dcBrightness), ac: codesOf(acBrightness) },
    { dc: codesOf(dcColour), ac: codesOf(acColour) },
    { dc: codesOf(dcColour), ac: codesOf(acColour) },
  ] as const;
  const bits = new Bits();
  const before = [0, 0, 0];
  const block = new Float64Array(64);
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      for (const channel of [0, 1, 2] as const) {
        for (let i = 0; i < 64; i++) {
          const x = Math.min(width - 1, left + (i & 7));
          const y = Math.min(height - 1, top + (i >> 3));
          block[i] = component(pixels, (y * width + x) * 4, channel);
        }
        before[channel] = writeBlock(
          bits,
          block,
          steps[channel],
          codes[channel].dc,
          codes[channel].ac,
          before[channel] as number,
        );
      }
    }
  }
  const size = Buffer.alloc(4);
  size.writeUInt16BE(height, 0);
  size.writeUInt16BE(width, 2);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, Buffer.from('4a46494600010100000100010000', 'hex')),
    segment(0xdb, Buffer.from([0, ...zigzag.map((i) => steps[0][i] as number)])),
    segment(0xdb, Buffer.from([1, ...zigzag.map((i) => steps[1][i] as number)])),
    segment(0xc0, Buffer.concat([Buffer.from([8]), size, Buffer.from('03011100021101031101', 'hex')])),
    ...(
      [
        [0x00, dcBrightness],
        [0x10, acBrightness],
        [0x01, dcColour],
        [0x11, acColour],
      ] as const
    ).map(([id, { counts, symbols }]) => segment(0xc4, Buffer.from([id, ...counts, ...symbols]))),
    segment(0xda, Buffer.from('03010002110311003f00', 'hex')),
    bits.end(),
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** Brightness and the two differences of colour, around 0. */
function component(pixels: Uint8Array, at: number, channel: 0 | 1 | 2): number {
  const [red, green, blue] = [pixels[at] as number, pixels[at + 1] as number, pixels[at + 2] as number];
  if (channel === 0) return 0.299 * red + 0.587 * green + 0.114 * blue - 128;
  if (channel === 1) return -0.168736 * red - 0.331264 * green + 0.5 * blue;
  return 0.5 * red - 0.418688 * green - 0.081312 * blue;
}

/** Writes one block and gives its first coefficient, from which the next block's is counted. */
function writeBlock(
  bits: Bits,
  block: Float64Array,
  steps: readonly number[],
  dc: ReturnType<typeof codesOf>,
  ac: ReturnType<typeof codesOf>,
  before: number,
): number {
  const rows = new Float64Array(64);
  for (let y = 0; y < 8; y++) {
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let x = 0; x < 8; x++) sum += (block[y * 8 + x] as number) * (cosines[u * 8 + x] as number);
      rows[y * 8 + u] = sum;
    }
  }
  const coefficients = zigzag.map((i) => {
    const [u, v] = [i & 7, i >> 3];
    let sum = 0;
    for (let y = 0; y < 8; y++) sum += (rows[y * 8 + u] as number) * (cosines[v * 8 + y] as number);
    return Math.round(sum / (steps[i] as number));
  });
  const put = (table: ReturnType<typeof codesOf>, symbol: number) => {
    const [code, length] = table.get(symbol) as readonly [number, number];
    bits.put(code, length);
  };
  const putValue = (value: number, size: number) =>
    bits.put(value < 0 ? value + (1 << size) - 1 : value, size);
  const first = coefficients[0] as number;
  const change = first - before;
  put(dc, sizeOf(change));
  putValue(change, sizeOf(change));
  let zeros = 0;
  let last = 63;
  while (last > 0 && coefficients[last] === 0) last--;
  for (let i = 1; i <= last; i++) {
    const value = coefficients[i] as number;
    if (value === 0) {
      zeros++;
      continue;
    }
    for (; zeros > 15; zeros -= 16) put(ac, 0xf0);
    put(ac, (zeros << 4) | sizeOf(value));
    putValue(value, sizeOf(value));
    zeros = 0;
  }
  if (last < 63) put(ac, 0);
  return first;
}

/** Bits that a value takes. */
const sizeOf = (value: number): number => 32 - Math.clz32(Math.abs(value));

function segment(marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}
