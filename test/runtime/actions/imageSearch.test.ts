// Finding a picture in another: where it was put, nowhere else, within its tolerance, and fast.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Bitmap } from '../../../src/desktop/desktop.ts';
import { decodePng, encodePng } from '../../../src/desktop/png.ts';
import { encodeJpeg } from '../../../src/runtime/actions/image/jpeg.ts';
import { type Comparison, cutOut, findPicture } from '../../../src/runtime/actions/image/search.ts';
import { bitmapOf } from '../../../src/runtime/actions/ocr/picture.ts';

const never = new AbortController().signal;
const exact: Comparison = { tolerance: 0, algorithm: 'basic' };

function filled(width: number, height: number, color: (x: number, y: number) => readonly number[]): Bitmap {
  const pixels = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.set([...color(x, y), 255], (y * width + x) * 4);
  return { width, height, pixels };
}

/** Pixels as different as chance makes them, the same for the same seed. */
function noise(width: number, height: number, seed: number): Bitmap {
  let state = seed + 1;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % 256;
  };
  return filled(width, height, () => [next(), next(), next()]);
}

function put(screen: Bitmap, picture: Bitmap, x: number, y: number): void {
  for (let row = 0; row < picture.height; row++) {
    const from = row * picture.width * 4;
    screen.pixels.set(
      picture.pixels.subarray(from, from + picture.width * 4),
      ((y + row) * screen.width + x) * 4,
    );
  }
}

describe.each(['basic', 'advanced'] as const)('%s', (algorithm) => {
  it('finds what was put somewhere, there and only there', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 50 }),
        fc.nat({ max: 40 }),
        fc.nat({ max: 20 }),
        fc.nat(),
        async (x, y, tolerance, seed) => {
          const picture = noise(10, 8, seed);
          const screen = filled(60, 48, () => [240, 240, 240]);
          put(screen, picture, x, y);
          expect(await findPicture(screen, picture, { tolerance, algorithm }, 5, never)).toEqual([
            { x, y, width: 10, height: 8 },
          ]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('finds nothing where it is not', async () => {
    const picture = noise(10, 8, 1);
    expect(await findPicture(noise(60, 48, 2), picture, { tolerance: 10, algorithm }, 5, never)).toEqual([]);
    expect(await findPicture(noise(9, 8, 1), picture, { tolerance: 100, algorithm }, 5, never)).toEqual([]);
  });

  it('counts from top to bottom and left to right, and stops where enough are found', async () => {
    const picture = noise(10, 8, 3);
    const screen = filled(80, 60, () => [0, 0, 0]);
    for (const [x, y] of [
      [60, 5],
      [5, 5],
      [30, 40],
    ] as const)
      put(screen, picture, x, y);
    const places = await findPicture(screen, picture, { tolerance: 5, algorithm }, 9, never);
    expect(places.map(({ x, y }) => [x, y])).toEqual([
      [5, 5],
      [60, 5],
      [30, 40],
    ]);
    expect(await findPicture(screen, picture, { tolerance: 5, algorithm }, 2, never)).toHaveLength(2);
  });
});

test('colours may differ by the tolerance, and not more', async () => {
  const picture = filled(10, 10, (x, y) => [x * 20, y * 20, 100]);
  const screen = filled(40, 40, () => [255, 0, 255]);
  put(
    screen,
    filled(10, 10, (x, y) => [x * 20, y * 20, 120]),
    7,
    9,
  );
  const places = (tolerance: number) =>
    findPicture(screen, picture, { tolerance, algorithm: 'basic' }, 1, never);
  expect(await places(7)).toEqual([]);
  expect(await places(8)).toEqual([{ x: 7, y: 9, width: 10, height: 10 }]);
});

test('few pixels may be others: at a tolerance of 20 four of a hundred', async () => {
  const picture = noise(10, 10, 5);
  const screen = filled(40, 40, () => [255, 255, 255]);
  put(screen, picture, 3, 4);
  const spoil = (count: number) => {
    for (let i = 0; i < count; i++) {
      const at = ((4 + i) * 40 + 3 + i) * 4;
      screen.pixels.set([0, 255 - (screen.pixels[at + 1] as number), 0], at);
    }
  };
  const found = () => findPicture(screen, picture, { tolerance: 20, algorithm: 'basic' }, 1, never);
  spoil(4);
  expect(await found()).toHaveLength(1);
  put(screen, picture, 3, 4);
  screen.pixels.fill(0, (4 * 40 + 3) * 4, (4 * 40 + 9) * 4);
  expect(await findPicture(screen, picture, exact, 1, never)).toEqual([]);
});

test('the advanced algorithm does not mind that everything became paler', async () => {
  const picture = filled(12, 12, (x, y) => ((x + y) % 5 === 0 ? [20, 20, 20] : [220, 220, 220]));
  const screen = filled(60, 60, () => [128, 128, 128]);
  put(
    screen,
    filled(12, 12, (x, y) => ((x + y) % 5 === 0 ? [90, 90, 90] : [160, 160, 160])),
    20,
    30,
  );
  expect(await findPicture(screen, picture, { tolerance: 10, algorithm: 'advanced' }, 1, never)).toEqual([
    { x: 20, y: 30, width: 12, height: 12 },
  ]);
  expect(await findPicture(screen, picture, { tolerance: 10, algorithm: 'basic' }, 1, never)).toEqual([]);
});

test('transparent pixels of the picture count as anything', async () => {
  const picture = noise(10, 10, 7);
  const screen = filled(40, 40, () => [9, 9, 9]);
  put(screen, picture, 11, 12);
  screen.pixels.set([1, 2, 3], (12 * 40 + 11) * 4);
  expect(await findPicture(screen, picture, exact, 1, never)).toEqual([]);
  picture.pixels[3] = 0;
  expect(await findPicture(screen, picture, exact, 1, never)).toHaveLength(1);
});

test('a plain picture on a plain screen is found side by side, not at every pixel', async () => {
  const screen = filled(30, 20, () => [7, 7, 7]);
  const picture = filled(10, 10, () => [7, 7, 7]);
  expect(
    await findPicture(screen, picture, { tolerance: 10, algorithm: 'advanced' }, 99, never),
  ).toHaveLength(6);
});

test('a search can be stopped', async () => {
  const stop = new AbortController();
  const search = findPicture(
    noise(1280, 800, 1),
    noise(200, 200, 2),
    { tolerance: 90, algorithm: 'advanced' },
    1,
    stop.signal,
  );
  setTimeout(() => stop.abort(new Error('stopped')), 20);
  await expect(search).rejects.toThrow('stopped');
});

/** Rows of text on windows of light colours, as screens look. */
const screenLike = (): Bitmap =>
  filled(1280, 800, (x, y) => {
    if (y % 18 < 9 && (x * 7 + y * 13 + ((x * x) >> 4)) % 5 < 2 && x % 640 < 500) return [30, 30, 40];
    return y < 40 ? [40, 90, 160] : x % 640 < 4 ? [200, 200, 200] : [252, 252, 252];
  });

test.each(['basic', 'advanced'] as const)('a picture of 40 × 40 on 1280 × 800: %s', async (algorithm) => {
  const screen = screenLike();
  const picture = noise(40, 40, 9);
  put(screen, picture, 1200, 740);
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    const [found] = await findPicture(screen, picture, { tolerance: 10, algorithm }, 1, never);
    times.push(performance.now() - start);
    expect(found).toEqual({ x: 1200, y: 740, width: 40, height: 40 });
  }
  // Far above what it takes on an idle machine: bench says how fast it is.
  expect(Math.min(...times)).toBeLessThan(1_500);
  if (process.env.SHOW_TIMES) console.log(algorithm, times.map(Math.round));
});

test('pictures are cut out row by row', () => {
  const whole = filled(6, 4, (x, y) => [x, y, 0]);
  const part = cutOut(whole, { x: 2, y: 1, width: 3, height: 2 });
  expect([...part.pixels.subarray(0, 4)]).toEqual([2, 1, 0, 255]);
  expect([...part.pixels.subarray(-4)]).toEqual([4, 2, 0, 255]);
  expect(decodePng(encodePng(part))).toEqual(part);
});

test('a JPEG file shows what it was made of', async () => {
  const picture = filled(37, 21, (x, y) => [x * 6, 200 - y * 8, (x + y) * 4]);
  const shown = await bitmapOf(encodeJpeg(picture), never);
  expect([shown.width, shown.height]).toEqual([37, 21]);
  let difference = 0;
  for (let i = 0; i < picture.pixels.length; i++)
    difference += Math.abs((picture.pixels[i] as number) - (shown.pixels[i] as number));
  expect(difference / picture.pixels.length).toBeLessThan(3);
});
