// Writes a picture as PNG (RFC 2083): eight bits per channel, no alpha.
import { crc32, deflateSync } from 'node:zlib';
import type { Screen } from './screen.ts';

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const pixelBytes = 3;

export function encodePng({ width, height, rgb }: Screen): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // bits, colour type RGB, compression, filter, no interlace
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(filtered(width, height, rgb), { level: 6 })),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** Each row as its difference from the row above (filter 2): what programs draw is mostly the same from row to row. */
function filtered(width: number, height: number, rgb: Uint8Array): Uint8Array {
  const row = width * pixelBytes;
  const rows = new Uint8Array(height * (row + 1));
  for (let y = 0, to = 0, from = 0; y < height; y++) {
    rows[to++] = 2;
    for (let x = 0; x < row; x++, to++, from++)
      rows[to] = (rgb[from] as number) - (y === 0 ? 0 : (rgb[from - row] as number));
  }
  return rows;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
