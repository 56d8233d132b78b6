// Pictures of the desktop a worker runs in: the port, and which system has which way. Where there is none it says why; nothing fails.
import { encodePng } from './png.ts';
import { readX11Screen } from './x11.ts';

/** Pixels from the upper left corner, row by row, three bytes each: red, green, blue. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

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

export function pictureOf(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): TakePicture {
  if (platform !== 'linux')
    return async () => {
      throw new NoPicture(
        `this version cannot take one on ${platform === 'win32' ? 'Windows' : platform} yet`,
      );
    };
  return async () => smallEnough(await readX11Screen(environment, AbortSignal.timeout(patienceMs)));
}

export function smallEnough(screen: Screen, most = mostBytes): Picture {
  const png = encodePng(screen);
  if (png.length <= most) return { width: screen.width, height: screen.height, png };
  return smallEnough(halved(screen), most);
}

/** Each pixel the mean of four. */
function halved({ width, height, rgb }: Screen): Screen {
  const half = { width: Math.max(1, width >> 1), height: Math.max(1, height >> 1) };
  const small = new Uint8Array(half.width * half.height * 3);
  const right = width > 1 ? 3 : 0;
  const below = height > 1 ? width * 3 : 0;
  for (let y = 0, to = 0; y < half.height; y++) {
    for (let x = 0; x < half.width; x++) {
      const from = (y * 2 * width + x * 2) * 3;
      for (let channel = 0; channel < 3; channel++, to++) {
        const at = from + channel;
        const sum =
          (rgb[at] as number) +
          (rgb[at + right] as number) +
          (rgb[at + below] as number) +
          (rgb[at + below + right] as number);
        small[to] = sum >> 2;
      }
    }
  }
  return { ...half, rgb: small };
}
