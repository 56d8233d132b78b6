// Pictures of the desktop a worker runs in: the port, and which system has which way. Where there is none it says why; nothing fails.
import type { Bitmap, Desktop } from '../../desktop/desktop.ts';
import { DesktopError } from '../../desktop/errors.ts';
import { encodePng } from '../../desktop/png.ts';
import { readX11Screen } from './x11.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** Throws `NoPicture`. */
export type TakePicture = () => Promise<Picture>;

/** There is no picture; the message says why, as a clause without capital letter and full stop. */
export class NoPicture extends Error {}

/** What a picture may take on disk and over the link; larger ones are halved until they fit. */
const mostBytes = 1_000_000;
/** How long a run waits for it at its end. */
const patienceMs = 5_000;

/** `desktop`: of this session, on a system where actions have one. */
export function pictureOf(
  platform: NodeJS.Platform,
  environment: NodeJS.ProcessEnv,
  desktop?: () => Promise<Desktop>,
): TakePicture {
  if (desktop !== undefined)
    return async () => {
      try {
        return smallEnough(await (await desktop()).capture('all', AbortSignal.timeout(patienceMs)));
      } catch (error) {
        if (error instanceof DesktopError) throw new NoPicture(asClause(error.message));
        throw error;
      }
    };
  if (platform !== 'linux')
    return async () => {
      throw new NoPicture(`this version cannot take one on ${platform}`);
    };
  return async () => smallEnough(await readX11Screen(environment, AbortSignal.timeout(patienceMs)));
}

const asClause = (sentence: string): string =>
  `${sentence.slice(0, 1).toLowerCase()}${sentence.slice(1).replace(/\.$/, '')}`;

export function smallEnough(screen: Bitmap, most = mostBytes): Picture {
  const png = encodePng(screen);
  if (png.length <= most) return { width: screen.width, height: screen.height, png };
  return smallEnough(halved(screen), most);
}

/** Each pixel the mean of four. */
function halved({ width, height, pixels }: Bitmap): Bitmap {
  const half = { width: Math.max(1, width >> 1), height: Math.max(1, height >> 1) };
  const small = new Uint8Array(half.width * half.height * 4);
  const right = width > 1 ? 4 : 0;
  const below = height > 1 ? width * 4 : 0;
  for (let y = 0, to = 0; y < half.height; y++) {
    for (let x = 0; x < half.width; x++) {
      const from = (y * 2 * width + x * 2) * 4;
      for (let channel = 0; channel < 4; channel++, to++) {
        const at = from + channel;
        const sum =
          (pixels[at] as number) +
          (pixels[at + right] as number) +
          (pixels[at + below] as number) +
          (pixels[at + below + right] as number);
        small[to] = sum >> 2;
      }
    }
  }
  return { ...half, pixels: small };
}
