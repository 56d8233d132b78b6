// Screenshots in the formats browsers do not write: PNG decoded to pixels, and pixels written as BMP, GIF and TIFF.
import { inflateSync } from 'node:zlib';

/** Pixels row by row, three bytes each: red, green, blue. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** Reads a PNG as browsers write it: 8 bits per channel, with or without transparency, not interlaced. Throws Error for others. */
export function decodePng(png: Buffer): Pixels {
  let at = 8;
  let [width, height, channels] = [0, 0, 0];
  const packed: Buffer[] = [];
  while (at < png.length) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') {
      width = data.readUInt32BE(0);
      height = data.readUInt32BE(4);
      channels = data[9] === 6 ? 4 : data[9] === 2 ? 3 : 0;
      if (data[8] !== 8 || channels === 0 || data[12] !== 0) throw new Error('an unusual kind of PNG');
    } else if (type === 'IDAT') packed.push(data);
    at += length + 12;
  }
  const rows = inflateSync(Buffer.concat(packed));
  const rgb = new Uint8Array(width * height * 3);
  const stride = width * channels;
  let before = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1);
    const row = new Uint8Array(rows.subarray(start + 1, start + 1 + stride));
    unfilter(row, before, rows[start] as number, channels);
    for (let x = 0; x < width; x++)
      rgb.set(row.subarray(x * channels, x * channels + 3), (y * width + x) * 3);
    before = row;
  }
  return { width, height, rgb };
}

/** Undoes one of the five row filters of PNG, in place. */
function unfilter(row: Uint8Array, above: Uint8Array, filter: number, step: number): void {
  for (let i = 0; i < row.length; i++) {
    const left = i < step ? 0 : (row[i - step] as number);
    const up = above[i] as number;
    const corner = i < step ? 0 : (above[i - step] as number);
    const guess =
      filter === 1
        ? left
        : filter === 2
          ? up
          : filter === 3
            ? (left + up) >> 1
            : filter === 4
              ? paeth(left, up, corner)
              : 0;
    row[i] = (row[i] as number) + guess;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const sum = left + up - corner;
  const [a, b, c] = [Math.abs(sum - left), Math.abs(sum - up), Math.abs(sum - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** A BMP with 24 bits per pixel. */
export function encodeBmp({ width, height, rgb }: Pixels): Buffer {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const bmp = Buffer.alloc(54 + stride * height);
  bmp.write('BM', 'latin1');
  bmp.writeUInt32LE(bmp.length, 2);
  bmp.writeUInt32LE(54, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(width, 18);
  bmp.writeInt32LE(height, 22);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  bmp.writeUInt32LE(stride * height, 34);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      const to = 54 + (height - 1 - y) * stride + x * 3;
      bmp[to] = rgb[from + 2] as number;
      bmp[to + 1] = rgb[from + 1] as number;
      bmp[to + 2] = rgb[from] as number;
    }
  }
  return bmp;
}

/** An uncompressed TIFF with 24 bits per pixel. */
export function encodeTiff({ width, height, rgb }: Pixels): Buffer {
  // Tag, type (3: 16 bits, 4: 32 bits), count, value.
  const entries = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, 3, 0],
    [259, 3, 1, 1],
    [262, 3, 1, 2],
    [273, 4, 1, 0],
    [277, 3, 1, 3],
    [278, 4, 1, height],
    [279, 4, 1, rgb.length],
  ] as const;
  const bitsAt = 8 + 2 + entries.length * 12 + 4;
  const pixelsAt = bitsAt + 6;
  const head = Buffer.alloc(pixelsAt);
  head.write('II', 'latin1');
  head.writeUInt16LE(42, 2);
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(entries.length, 8);
  for (const [index, [tag, type, count, value]] of entries.entries()) {
    const at = 10 + index * 12;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeUInt32LE(count, at + 4);
    const written = tag === 258 ? bitsAt : tag === 273 ? pixelsAt : value;
    if (type === 3 && count === 1) head.writeUInt16LE(written, at + 8);
    else head.writeUInt32LE(written, at + 8);
  }
  for (let channel = 0; channel < 3; channel++) head.writeUInt16LE(8, bitsAt + channel * 2);
  return Buffer.concat([head, rgb]);
}

/** A GIF; its 216 colours are six steps of red, green and blue each. */
export function encodeGif({ width, height, rgb }: Pixels): Buffer {
  const head = Buffer.alloc(13 + 256 * 3 + 10 + 1);
  head.write('GIF89a', 'latin1');
  head.writeUInt16LE(width, 6);
  head.writeUInt16LE(height, 8);
  head[10] = 0xf7; // 256 colours
  for (let colour = 0; colour < 216; colour++) {
    head[13 + colour * 3] = Math.floor(colour / 36) * 51;
    head[14 + colour * 3] = (Math.floor(colour / 6) % 6) * 51;
    head[15 + colour * 3] = (colour % 6) * 51;
  }
  const image = 13 + 256 * 3;
  head[image] = 0x2c;
  head.writeUInt16LE(width, image + 5);
  head.writeUInt16LE(height, image + 7);
  head[image + 10] = 8;
  const step = (channel: number) => Math.round(channel / 51);
  const colours = new Uint8Array(width * height);
  for (let i = 0; i < colours.length; i++) {
    const [red = 0, green = 0, blue = 0] = rgb.subarray(i * 3, i * 3 + 3);
    colours[i] = step(red) * 36 + step(green) * 6 + step(blue);
  }
  return Buffer.concat([head, compressed(colours), Buffer.from([0, 0x3b])]);
}

/** LZW as GIF has it, in blocks of at most 255 bytes. */
function compressed(colours: Uint8Array): Buffer {
  const [clear, end] = [256, 257];
  const bytes: number[] = [];
  let [bits, held] = [0, 0];
  let [size, next] = [9, 258];
  let known = new Map<number, number>();
  const put = (code: number) => {
    held |= code << bits;
    for (bits += size; bits >= 8; bits -= 8) {
      bytes.push(held & 0xff);
      held >>>= 8;
    }
  };
  put(clear);
  let prefix = colours[0] ?? 0;
  for (const colour of colours.subarray(1)) {
    const key = prefix * 256 + colour;
    const longer = known.get(key);
    if (longer !== undefined) {
      prefix = longer;
      continue;
    }
    put(prefix);
    known.set(key, next++);
    if (next > 1 << size && size < 12) size++;
    if (next > 4095) {
      put(clear);
      known = new Map();
      [size, next] = [9, 258];
    }
    prefix = colour;
  }
  put(prefix);
  put(end);
  if (bits > 0) bytes.push(held & 0xff);
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 255) {
    const block = bytes.slice(at, at + 255);
    blocks.push(Buffer.from([block.length, ...block]));
  }
  return Buffer.concat(blocks);
}
