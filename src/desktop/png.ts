// Pictures as PNG files and back. Other formats, scaling and comparing are done elsewhere.
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import type { Bitmap } from './desktop.ts';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Pictures with more pixels are refused: they would not fit into memory with what is made of them. */
const pixelLimit = 200_000_000;

/** Opaque pictures are written without transparency. Written fast rather than small: a screen takes some 20 ms. */
export function encodePng({ width, height, pixels }: Bitmap): Buffer {
  const isOpaque = everyAlphaIsFull(pixels);
  const channels = isOpaque ? 3 : 4;
  const stride = width * channels;
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0, from = 0, to = 0; y < height; y++) {
    // The filter "difference to the left" for every row: screens have long runs of one colour.
    rows[to++] = 1;
    let [red, green, blue, alpha] = [0, 0, 0, 0];
    for (let x = 0; x < width; x++, from += 4) {
      const r = pixels[from] as number;
      const g = pixels[from + 1] as number;
      const b = pixels[from + 2] as number;
      rows[to++] = r - red;
      rows[to++] = g - green;
      rows[to++] = b - blue;
      red = r;
      green = g;
      blue = b;
      if (!isOpaque) {
        const a = pixels[from + 3] as number;
        rows[to++] = a - alpha;
        alpha = a;
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = isOpaque ? 2 : 6;
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 1 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function everyAlphaIsFull(pixels: Uint8Array): boolean {
  for (let at = 3; at < pixels.length; at += 4) if (pixels[at] !== 255) return false;
  return true;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits per channel: 1, 2, 4, 8, 16. */
  readonly depth: number;
  readonly kind: 0 | 2 | 3 | 4 | 6;
  readonly isInterlaced: boolean;
}

const channelsOf = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

/** Any PNG; unlike in other pictures of this product the fourth byte of a pixel may be below 255. Throws Error in plain words. */
export function decodePng(file: Uint8Array): Bitmap {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (!bytes.subarray(0, 8).equals(signature)) throw new Error('it is no PNG picture');
  let header: Header | undefined;
  let palette: Buffer | undefined;
  let transparency: Buffer | undefined;
  const packed: Buffer[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (data.length < length) throw new Error('the PNG picture is cut off');
    if (type === 'IHDR') header = readHeader(data);
    else if (type === 'PLTE') palette = data;
    else if (type === 'tRNS') transparency = data;
    else if (type === 'IDAT') packed.push(data);
    else if (type === 'IEND') break;
    at += length + 12;
  }
  if (header === undefined || packed.length === 0) throw new Error('the PNG picture is not complete');
  if (header.kind === 3 && palette === undefined) throw new Error('the PNG picture has no palette');
  const { width, height } = header;
  if (width * height > pixelLimit)
    throw new Error(`the PNG picture has more than ${pixelLimit.toLocaleString('en')} pixels`);
  const passes = header.isInterlaced ? interlaced(header) : [{ x: 0, y: 0, dx: 1, dy: 1, width, height }];
  const size = passes.reduce((sum, pass) => sum + (rowLength(header, pass.width) + 1) * pass.height, 0);
  let rows: Buffer;
  try {
    rows = inflateSync(Buffer.concat(packed), { maxOutputLength: Math.max(size, 1) });
  } catch {
    throw new Error('the PNG picture is damaged');
  }
  if (rows.length < size) throw new Error('the PNG picture is cut off');
  const pixels = new Uint8Array(width * height * 4);
  const paint = painter(header, pixels, palette, transparency);
  let at = 0;
  for (const pass of passes) {
    const length = rowLength(header, pass.width);
    const step = Math.max(1, (channelsOf[header.kind] * header.depth) >> 3);
    let above: Uint8Array = new Uint8Array(length);
    for (let row = 0; row < pass.height; row++) {
      const line = rows.subarray(at + 1, at + 1 + length);
      unfilter(line, above, rows[at] as number, step);
      for (let column = 0; column < pass.width; column++)
        paint(line, column, ((pass.y + row * pass.dy) * width + pass.x + column * pass.dx) * 4);
      above = line;
      at += length + 1;
    }
  }
  return { width, height, pixels };
}

function readHeader(data: Buffer): Header {
  const [depth, kind] = [data[8] ?? 0, data[9] ?? 0];
  const depths: Readonly<Record<number, readonly number[]>> = {
    0: [1, 2, 4, 8, 16],
    2: [8, 16],
    3: [1, 2, 4, 8],
    4: [8, 16],
    6: [8, 16],
  };
  if (data.length < 13 || !depths[kind]?.includes(depth))
    throw new Error('the PNG picture is of an unknown kind');
  const [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
  if (width === 0 || height === 0) throw new Error('the PNG picture is empty');
  return { width, height, depth, kind: kind as Header['kind'], isInterlaced: data[12] === 1 };
}

/** The seven passes of an interlaced picture that have pixels. */
function interlaced({ width, height }: Header) {
  return [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ]
    .map(([x = 0, y = 0, dx = 1, dy = 1]) => ({
      x,
      y,
      dx,
      dy,
      width: Math.ceil((width - x) / dx),
      height: Math.ceil((height - y) / dy),
    }))
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

const rowLength = ({ kind, depth }: Header, width: number): number =>
  Math.ceil((width * channelsOf[kind] * depth) / 8);

/** Undoes one of the five row filters, in place. */
function unfilter(row: Uint8Array, above: Uint8Array, filter: number, step: number): void {
  if (filter === 0) return;
  for (let i = 0; i < row.length; i++) {
    const left = i < step ? 0 : (row[i - step] as number);
    const up = above[i] as number;
    let guess: number;
    if (filter === 1) guess = left;
    else if (filter === 2) guess = up;
    else if (filter === 3) guess = (left + up) >> 1;
    else {
      const corner = i < step ? 0 : (above[i - step] as number);
      const sum = left + up - corner;
      const [a, b, c] = [Math.abs(sum - left), Math.abs(sum - up), Math.abs(sum - corner)];
      guess = a <= b && a <= c ? left : b <= c ? up : corner;
    }
    row[i] = (row[i] as number) + guess;
  }
}

type Paint = (row: Uint8Array, column: number, to: number) => void;

/** Writes the pixel `column` of an unfiltered row. */
function painter(
  { kind, depth }: Header,
  pixels: Uint8Array,
  palette: Buffer | undefined,
  transparency: Buffer | undefined,
): Paint {
  const channels = channelsOf[kind];
  const top = 2 ** depth - 1;
  /** As stored. */
  const sample = (row: Uint8Array, index: number): number => {
    if (depth === 8) return row[index] as number;
    if (depth === 16) return (row[index * 2] as number) * 256 + (row[index * 2 + 1] as number);
    const bit = index * depth;
    return ((row[bit >> 3] as number) >> (8 - depth - (bit & 7))) & top;
  };
  const byte = (value: number) => (depth === 8 ? value : Math.round((value * 255) / top));
  const put = (to: number, red: number, green: number, blue: number, alpha: number) => {
    pixels[to] = red;
    pixels[to + 1] = green;
    pixels[to + 2] = blue;
    pixels[to + 3] = alpha;
  };
  if (kind === 3) {
    return (row, column, to) => {
      const entry = sample(row, column);
      const at = entry * 3;
      put(
        to,
        palette?.[at] ?? 0,
        palette?.[at + 1] ?? 0,
        palette?.[at + 2] ?? 0,
        transparency?.[entry] ?? 255,
      );
    };
  }
  // One colour may stand for "transparent" in pictures without an alpha channel.
  const clear = (index: number) =>
    transparency !== undefined && transparency.length >= index * 2 + 2
      ? transparency.readUInt16BE(index * 2)
      : -1;
  if (kind === 0 || kind === 4) {
    const hidden = clear(0);
    return (row, column, to) => {
      const value = sample(row, column * channels);
      const grey = byte(value);
      put(to, grey, grey, grey, kind === 4 ? byte(sample(row, column * 2 + 1)) : value === hidden ? 0 : 255);
    };
  }
  const [hiddenRed, hiddenGreen, hiddenBlue] = [clear(0), clear(1), clear(2)];
  return (row, column, to) => {
    const red = sample(row, column * channels);
    const green = sample(row, column * channels + 1);
    const blue = sample(row, column * channels + 2);
    const isHidden = red === hiddenRed && green === hiddenGreen && blue === hiddenBlue;
    const alpha = kind === 6 ? byte(sample(row, column * 4 + 3)) : isHidden ? 0 : 255;
    put(to, byte(red), byte(green), byte(blue), alpha);
  };
}
