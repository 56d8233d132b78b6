// Pictures of the screen as files: in which format, and saying what kept one from being written.
import { writeFile } from 'node:fs/promises';
import type { Bitmap } from '../../../desktop/desktop.ts';
import { encodePng } from '../../../desktop/png.ts';
import { attempt } from '../fileSystem.ts';
import { encodeBmp, encodeGif, encodeTiff } from '../webAutomation/picture.ts';
import { encodeJpeg } from './jpeg.ts';

/** Members of the image formats of all modules. */
const encoders: Readonly<Record<string, (picture: Bitmap) => Uint8Array>> = {
  Png: encodePng,
  Bmp: (picture) => encodeBmp(opaque(picture)),
  Gif: (picture) => encodeGif(opaque(picture)),
  Tiff: (picture) => encodeTiff(opaque(picture)),
  Jpg: encodeJpeg,
  Jpeg: encodeJpeg,
};

/** Writes the picture. Throws the ActionError `code`. */
export async function savePicture(
  path: string,
  format: string,
  picture: Bitmap,
  code: string,
  signal: AbortSignal,
): Promise<void> {
  const encode = encoders[format] ?? encodePng;
  await attempt(code, 'save the picture as', path, signal, () =>
    writeFile(path, encode(picture), { signal }),
  );
}

function opaque({ width, height, pixels }: Bitmap): {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
} {
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0, at = 0; i < rgb.length; i += 3, at += 4) rgb.set(pixels.subarray(at, at + 3), i);
  return { width, height, rgb };
}
