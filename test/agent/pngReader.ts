// Reads the PNG files that tests get: eight bits per channel, no alpha, no interlace. Checks every part's checksum.
import { crc32, inflateSync } from 'node:zlib';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue. */
  readonly rgb: Uint8Array;
}

export function readPng(png: Uint8Array): Pixels {
  const bytes = Buffer.from(png);
  if (bytes.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') throw new Error('no PNG file');
  let header = Buffer.alloc(0);
  const data: Buffer[] = [];
  for (let at = 8; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const part = bytes.subarray(at + 8, at + 8 + size);
    if (crc32(bytes.subarray(at + 4, at + 8 + size)) !== bytes.readUInt32BE(at + 8 + size))
      throw new Error(`the checksum of ${type} is wrong`);
    if (type === 'IHDR') header = part;
    if (type === 'IDAT') data.push(part);
    at += 12 + size;
  }
  if (header.subarray(8).toString('hex') !== '0802000000') throw new Error('another kind of PNG');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const rows = inflateSync(Buffer.concat(data));
  const row = width * 3;
  const rgb = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (row + 1)];
    if (filter !== 0 && filter !== 2) throw new Error(`filter ${filter}`);
    for (let x = 0; x < row; x++) {
      const above = filter === 2 && y > 0 ? (rgb[(y - 1) * row + x] as number) : 0;
      rgb[y * row + x] = (rows[y * (row + 1) + 1 + x] as number) + above;
    }
  }
  return { width, height, rgb };
}
