// Cuts a picture out of another and makes it larger, before its text is read. The libraries at hand decode pictures only on the pages of a PDF, so it is put on
// one and taken from there.
import type { PDFPageProxy } from 'unpdf/pdfjs';
import type { Bitmap } from '../../../desktop/desktop.ts';
import { orAborted } from '../abort.ts';
import { type Picture, picturesOn, png } from '../pdf/images.ts';

/** Pixels of the enlarged picture; each takes up to 16 bytes on its way. */
const pixelLimit = 100_000_000;

/** Edges in pixels of the picture; right and lower edge are the first pixels outside. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly right: number | undefined;
  readonly bottom: number | undefined;
}

/**
 * The part `region` of the PNG or JPEG picture in `bytes` as PNG, `across` times as wide and `down` times as high. Throws an Error in
 * plain words when it is another kind of file, damaged, would be too large, or the region is outside of it.
 */
export async function prepare(
  bytes: Uint8Array,
  region: Region,
  across: number,
  down: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const picture = cut(await decode(bytes, signal), region);
  if (picture.width * across * picture.height * down > pixelLimit) {
    throw new Error(`the enlarged picture would have more than ${pixelLimit.toLocaleString('en')} pixels`);
  }
  return png(scaled(picture, across, down));
}

function cut(picture: Picture, region: Region): Picture {
  const { width, height, channels, pixels } = picture;
  const { left, top, right = width, bottom = height } = region;
  if (left < 0 || top < 0 || left >= right || top >= bottom || right > width || bottom > height) {
    throw new Error(`the picture is ${width} × ${height} pixels large, and the area is not inside of it`);
  }
  const stride = (right - left) * channels;
  const part = new Uint8Array(stride * (bottom - top));
  for (let y = top; y < bottom; y++) {
    const from = (y * width + left) * channels;
    part.set(pixels.subarray(from, from + stride), (y - top) * stride);
  }
  return { width: right - left, height: bottom - top, channels, pixels: part };
}

/** A PNG or JPEG picture. Throws as `prepare`. */
export async function bitmapOf(bytes: Uint8Array, signal: AbortSignal): Promise<Bitmap> {
  const { width, height, channels, pixels } = await decode(bytes, signal);
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++)
    for (let channel = 0; channel < 3; channel++)
      rgba[i * 4 + channel] = pixels[i * channels + (channels === 1 ? 0 : channel)] as number;
  return { width, height, pixels: rgba };
}

async function decode(bytes: Uint8Array, signal: AbortSignal): Promise<Picture> {
  const kind = bytes[0] === 0x89 ? 'png' : bytes[0] === 0xff && bytes[1] === 0xd8 ? 'jpeg' : undefined;
  if (kind === undefined) throw new Error('only PNG and JPEG pictures can be cut or enlarged');
  const { PDFDocument } = await import('@cantoo/pdf-lib');
  const { getDocumentProxy } = await import('unpdf');
  const carrier = await PDFDocument.create();
  const image = await (kind === 'png' ? carrier.embedPng(bytes) : carrier.embedJpg(bytes));
  carrier.addPage([10, 10]).drawImage(image);
  const pdf = await orAborted(
    getDocumentProxy(await carrier.save(), { verbosity: 0, isOffscreenCanvasSupported: false }),
    signal,
  );
  try {
    const page: PDFPageProxy = await orAborted(pdf.getPage(1), signal);
    const [picture] = await picturesOn(page, signal);
    if (picture === undefined) throw new Error('the picture could not be decoded');
    return picture;
  } finally {
    await pdf.loadingTask.destroy();
  }
}

/** The whole picture. */
export const everything: Region = { left: 0, top: 0, right: undefined, bottom: undefined };

/** Between two pixels the colors pass over into each other, which keeps the edges of letters smooth. */
export function scaled({ width, height, channels, pixels }: Picture, across: number, down: number): Picture {
  if (across === 1 && down === 1) return { width, height, channels, pixels };
  const [wide, high] = [width * across, height * down];
  const result = new Uint8Array(wide * high * channels);
  const at = (x: number, y: number, channel: number): number =>
    pixels[
      (Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)) * channels +
        channel
    ] as number;
  for (let y = 0; y < high; y++) {
    const fromY = (y + 0.5) / down - 0.5;
    const top = Math.floor(fromY);
    const partY = fromY - top;
    for (let x = 0; x < wide; x++) {
      const fromX = (x + 0.5) / across - 0.5;
      const left = Math.floor(fromX);
      const partX = fromX - left;
      for (let channel = 0; channel < channels; channel++) {
        const upper = at(left, top, channel) * (1 - partX) + at(left + 1, top, channel) * partX;
        const lower = at(left, top + 1, channel) * (1 - partX) + at(left + 1, top + 1, channel) * partX;
        result[(y * wide + x) * channels + channel] = Math.round(upper * (1 - partY) + lower * partY);
      }
    }
  }
  return { width: wide, height: high, channels, pixels: result };
}
