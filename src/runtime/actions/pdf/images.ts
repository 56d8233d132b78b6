// The pictures on the pages of a PDF, and a plain PNG writer for them.
import { crc32, deflateSync } from 'node:zlib';
import type { PDFPageProxy } from 'unpdf/pdfjs';
import { orAborted } from '../abort.ts';

/** Pixels from the upper left, row by row. One byte per channel; `channels` 1: grey, 3: red green blue, 4: with opacity. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly pixels: Uint8Array;
}

/** As pdf.js hands pictures over. `kind` 1: one bit per pixel, 2: three bytes, 3: four bytes. */
interface Decoded {
  readonly width: number;
  readonly height: number;
  readonly kind: number;
  readonly data?: Uint8Array | Uint8ClampedArray;
}

/** Every picture of a page once, in the order in which they are painted. Stencils, which have a shape but no colors, are left out. */
export async function picturesOn(page: PDFPageProxy, signal: AbortSignal): Promise<Picture[]> {
  const { getResolvedPDFJS } = await import('unpdf');
  const { OPS } = await getResolvedPDFJS();
  const { fnArray, argsArray } = await orAborted(page.getOperatorList(), signal);
  const names = new Set<string>();
  const found: Picture[] = [];
  for (const [index, operation] of fnArray.entries()) {
    const given = argsArray[index] as unknown[];
    let decoded: Decoded | undefined;
    if (operation === OPS.paintInlineImageXObject) decoded = given[0] as Decoded;
    else if (operation === OPS.paintImageXObject || operation === OPS.paintImageXObjectRepeat) {
      const name = given[0] as string;
      if (names.has(name)) continue;
      names.add(name);
      const shared = name.startsWith('g_') ? page.commonObjs : page.objs;
      const ready = new Promise<Decoded>((resolve) => {
        shared.get(name, resolve);
      });
      decoded = await orAborted(ready, signal);
    }
    const picture = decoded && pictureOf(decoded);
    if (picture) found.push(picture);
  }
  return found;
}

function pictureOf({ width, height, kind, data }: Decoded): Picture | undefined {
  if (data === undefined) return undefined;
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (kind === 3) return { width, height, channels: 4, pixels };
  if (kind === 2) return { width, height, channels: 3, pixels };
  const stride = (width + 7) >> 3;
  const grey = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      grey[y * width + x] = ((pixels[y * stride + (x >> 3)] as number) >> (7 - (x & 7))) & 1 ? 255 : 0;
    }
  }
  return { width, height, channels: 1, pixels: grey };
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** The picture as a PNG file. */
export function png({ width, height, channels, pixels }: Picture): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = { 1: 0, 3: 2, 4: 6 }[channels];
  const stride = width * channels;
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++)
    rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
