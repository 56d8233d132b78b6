// Finds a picture in another. Pure: pixels in, places out; no screen, no files.
import type { Bitmap, Point, Rectangle } from '../../../desktop/desktop.ts';
import { Turns } from '../turns.ts';

/** How a picture is compared. `tolerance`: 0 (pixel by pixel the same) to 100 (anything). */
export interface Comparison {
  readonly tolerance: number;
  /** `advanced` compares light and dark rather than colours, and does not mind that all of it became lighter, darker or paler. */
  readonly algorithm: 'basic' | 'advanced';
}

/** A place where the picture was found. `difference`: 0 is the same; only to be compared with that of other places of the same picture. */
interface Match {
  readonly x: number;
  readonly y: number;
  readonly difference: number;
}

/**
 * The places of `wanted` in `within`, from top to bottom and left to right, none overlapping; at most `most`. A place fits when few
 * pixels differ by more than the tolerance. Throws the signal's reason.
 */
export async function findPicture(
  within: Bitmap,
  wanted: Bitmap,
  comparison: Comparison,
  most: number,
  signal: AbortSignal,
): Promise<Rectangle[]> {
  const { width, height } = wanted;
  const found: Match[] = [];
  if (width === 0 || height === 0 || width > within.width || height > within.height) return [];
  const measure =
    comparison.algorithm === 'advanced'
      ? shapeMeasure(within, wanted, comparison.tolerance)
      : pixelMeasure(within, wanted, comparison.tolerance);
  const turns = new Turns(signal);
  for (let y = 0; y <= within.height - height && found.length < most; y++) {
    if (turns.isOver) await turns.next();
    // What was found reaches this far down; nothing that overlaps it counts.
    const taken = found.filter((match) => Math.abs(y - match.y) < height);
    for (let x = 0; x <= within.width - width; x++) {
      const over = taken.find((match) => Math.abs(x - match.x) < width);
      if (over !== undefined) {
        x = over.x + width - 1;
        continue;
      }
      const difference = measure(x, y);
      if (difference === undefined) continue;
      const match = bestNear({ x, y, difference }, within, wanted, measure);
      found.push(match);
      taken.push(match);
      if (found.length >= most) break;
    }
  }
  return found.sort((a, b) => a.y - b.y || a.x - b.x).map(({ x, y }) => ({ x, y, width, height }));
}

type Measure = (x: number, y: number) => number | undefined;

/** A blurred or tolerant picture also fits beside its place: the best place around is meant. */
function bestNear(first: Match, within: Bitmap, wanted: Bitmap, measure: Measure): Match {
  let best = first;
  const [across, down] = [wanted.width >> 1, wanted.height >> 1];
  const lastX = within.width - wanted.width;
  const lastY = within.height - wanted.height;
  for (let y = first.y; y <= Math.min(lastY, first.y + down) && best.difference > 0; y++) {
    for (let x = Math.max(0, first.x - across); x <= Math.min(lastX, first.x + across); x++) {
      const difference = measure(x, y);
      if (difference !== undefined && difference < best.difference) best = { x, y, difference };
    }
  }
  return best;
}

// ── Pixel by pixel ──────────────────────────────────────────────────────────────────────────────────────────────

/** Of each colour channel so many of the highest bits make the kind of a pixel, when it is asked how rare it is. */
const kindBits = 4;
const kindOf = (pixels: Uint8Array, at: number): number =>
  (((pixels[at] as number) >> (8 - kindBits)) << (2 * kindBits)) |
  (((pixels[at + 1] as number) >> (8 - kindBits)) << kindBits) |
  ((pixels[at + 2] as number) >> (8 - kindBits));

/**
 * A pixel is the same when no channel differs by more than the tolerance allows; at most its square, as a part of all, may be others.
 * Pixels that are rare on the screen come first: where the picture is not, that mostly shows after a few.
 */
function pixelMeasure(within: Bitmap, wanted: Bitmap, tolerance: number): Measure {
  const share = Math.min(100, Math.max(0, tolerance)) / 100;
  const limit = Math.floor(share * 255);
  const order = rareFirst(within, wanted);
  const count = order.length;
  const allowed = Math.floor(share * share * count);
  const from = new Int32Array(count);
  const to = new Int32Array(count);
  order.forEach((index, n) => {
    const [x, y] = [index % wanted.width, Math.floor(index / wanted.width)];
    from[n] = index * 4;
    to[n] = (y * within.width + x) * 4;
  });
  const [a, b] = [wanted.pixels, within.pixels];
  const mayFit = meanTest(within, wanted, limit, allowed);
  return (x, y) => {
    if (!mayFit(x, y)) return undefined;
    const base = (y * within.width + x) * 4;
    let others = 0;
    let difference = 0;
    for (let n = 0; n < count; n++) {
      const i = from[n] as number;
      const j = base + (to[n] as number);
      const red = Math.abs((a[i] as number) - (b[j] as number));
      const green = Math.abs((a[i + 1] as number) - (b[j + 1] as number));
      const blue = Math.abs((a[i + 2] as number) - (b[j + 2] as number));
      if ((red > limit || green > limit || blue > limit) && ++others > allowed) return undefined;
      difference += red + green + blue;
    }
    return difference;
  };
}

/**
 * Whether the sums of the picture and of its quarters are near enough for a place to fit at all: four reads each, and on most of a
 * screen the first of them decides.
 */
function meanTest(
  within: Bitmap,
  wanted: Bitmap,
  limit: number,
  allowed: number,
): (x: number, y: number) => boolean {
  const { width, height } = wanted;
  for (let at = 3; at < wanted.pixels.length; at += 4)
    if ((wanted.pixels[at] as number) < 128) return () => true; // Transparent pixels may be anything.
  const greens = (bitmap: Bitmap) => {
    const values = new Uint8Array(bitmap.width * bitmap.height);
    for (let i = 0, at = 1; i < values.length; i++, at += 4) values[i] = bitmap.pixels[at] as number;
    return new Sums(values, bitmap.width, bitmap.height);
  };
  const [own, screen] = [greens(wanted), greens(within)];
  const [half, middle] = [width >> 1, height >> 1];
  const parts = [
    [0, 0, width, height],
    [0, 0, half, middle],
    [half, 0, width - half, middle],
    [0, middle, half, height - middle],
    [half, middle, width - half, height - middle],
  ].map(([x = 0, y = 0, w = 0, h = 0]) => {
    const sum = own.of(x, y, w, h);
    // Each pixel that counts as the same adds `limit` at most, each other one 255.
    const slack = w * h * limit + allowed * 255;
    return { x, y, w, h, least: sum - slack, most: sum + slack };
  });
  return (left, top) => {
    for (const { x, y, w, h, least, most } of parts) {
      const sum = screen.of(left + x, top + y, w, h);
      if (sum < least || sum > most) return false;
    }
    return true;
  };
}

/** The pixels of the picture that can be seen (not transparent), those of colours that are rare on the screen first. */
function rareFirst(within: Bitmap, wanted: Bitmap): number[] {
  const often = new Int32Array(1 << (3 * kindBits));
  // Every seventh pixel tells enough of what is rare.
  for (let at = 0; at + 3 < within.pixels.length; at += 28) {
    const kind = kindOf(within.pixels, at);
    often[kind] = (often[kind] as number) + 1;
  }
  const visible: number[] = [];
  for (let index = 0; index < wanted.width * wanted.height; index++)
    if ((wanted.pixels[index * 4 + 3] as number) >= 128) visible.push(index);
  const rarity = visible.map((index) => often[kindOf(wanted.pixels, index * 4)] as number);
  const places = visible.map((_, n) => n).sort((m, n) => (rarity[m] as number) - (rarity[n] as number));
  return places.map((n) => visible[n] as number);
}

// ── Light and dark ──────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Sums over rectangles of bytes in four reads. They are kept modulo 2 ** 32: what a rectangle has in it is right as long as it is below
 * 2 ** 31, however large the whole is.
 */
class Sums {
  readonly #sums: Int32Array;
  readonly #stride: number;

  constructor(values: Uint8Array, width: number, height: number) {
    this.#stride = width + 1;
    const sums = new Int32Array((width + 1) * (height + 1));
    for (let y = 0, i = 0; y < height; y++) {
      let at = (y + 1) * this.#stride + 1;
      for (let x = 0, row = 0; x < width; x++, at++) {
        row += values[i++] as number;
        sums[at] = ((sums[at - this.#stride] as number) + row) | 0;
      }
    }
    this.#sums = sums;
  }

  of(x: number, y: number, width: number, height: number): number {
    const top = y * this.#stride + x;
    const bottom = top + height * this.#stride;
    const sums = this.#sums;
    return (
      ((sums[bottom + width] as number) -
        (sums[bottom] as number) -
        (sums[top + width] as number) +
        (sums[top] as number)) |
      0
    );
  }
}

/** Sums of the squares of bytes over rectangles. */
class SquareSums {
  readonly #sums: Float64Array;
  readonly #stride: number;

  constructor(values: Uint8Array, width: number, height: number) {
    this.#stride = width + 1;
    const sums = new Float64Array((width + 1) * (height + 1));
    for (let y = 0, i = 0; y < height; y++) {
      let at = (y + 1) * this.#stride + 1;
      for (let x = 0, row = 0; x < width; x++, at++) {
        const value = values[i++] as number;
        row += value * value;
        sums[at] = (sums[at - this.#stride] as number) + row;
      }
    }
    this.#sums = sums;
  }

  of(x: number, y: number, width: number, height: number): number {
    const top = y * this.#stride + x;
    const bottom = top + height * this.#stride;
    const sums = this.#sums;
    return (
      (sums[bottom + width] as number) -
      (sums[bottom] as number) -
      (sums[top + width] as number) +
      (sums[top] as number)
    );
  }
}

/** So many rows are compared before a look at whether the rest could still make up for them. */
const rowsBetweenLooks = 4;

/** Contrast (standard deviation) that a picture needs to have a shape at all. */
const leastContrast = 2;

/** Normalised cross-correlation of the brightness: 1 is the same shape; the tolerance is how much may be missing from that. */
function shapeMeasure(within: Bitmap, wanted: Bitmap, tolerance: number): Measure {
  const { width, height } = wanted;
  const count = width * height;
  const template = brightness(wanted);
  const { centred, strength } = centre(Float64Array.from(template));
  // A plain area has no shape: colours say more.
  if (strength / Math.sqrt(count) < leastContrast) return pixelMeasure(within, wanted, tolerance);
  const screen = brightness(within);
  const screenWidth = within.width;
  const sums = new Sums(screen, screenWidth, within.height);
  const squares = new SquareSums(screen, screenWidth, within.height);
  // The same picture comes out as 1 but for the last digits.
  const needed = 1 - Math.min(100, Math.max(0, tolerance)) / 100 - 1e-9;
  const mayFit = coarseTest(template, width, height, sums, screenWidth, within.height, needed);
  const leastSpread = leastContrast * leastContrast * count;
  // Strength and sum of the rows from each on: what they can add at most decides whether the others are looked at.
  const strengths = new Float64Array(height + 1);
  const offsets = new Float64Array(height + 1);
  for (let row = height - 1; row >= 0; row--) {
    let [part, sum] = [0, 0];
    for (let i = row * width; i < (row + 1) * width; i++) {
      part += (centred[i] as number) ** 2;
      sum += centred[i] as number;
    }
    strengths[row] = (strengths[row + 1] as number) + part;
    offsets[row] = (offsets[row + 1] as number) + sum;
  }
  return (x, y) => {
    if (!mayFit(x, y)) return undefined;
    const sum = sums.of(x, y, width, height);
    const around = squares.of(x, y, width, height) - (sum * sum) / count;
    if (around < leastSpread) return undefined;
    const spread = Math.sqrt(around);
    const enough = needed * strength * spread;
    let common = 0;
    for (let row = 0; row < height; row++) {
      let at = (y + row) * screenWidth + x;
      for (let i = row * width; i < (row + 1) * width; i++)
        common += (centred[i] as number) * (screen[at++] as number);
      const left = height - row - 1;
      if (row % rowsBetweenLooks !== rowsBetweenLooks - 1 || left === 0) continue;
      const part = sums.of(x, y + row + 1, width, left);
      const middle = part / (width * left);
      const energy = Math.max(0, squares.of(x, y + row + 1, width, left) - part * middle);
      const ahead =
        Math.sqrt((strengths[row + 1] as number) * energy) + middle * (offsets[row + 1] as number);
      if (common + ahead < enough) return undefined;
    }
    const likeness = common / (strength * spread);
    return likeness >= needed ? 1 - Math.min(1, likeness) : undefined;
  };
}

/** The values less their mean, and how strong they are then. */
function centre(values: Float64Array): { readonly centred: Float64Array; readonly strength: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  return { centred, strength: Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0)) };
}

/** Squares of 2 ** so many pixels across become one where a picture is looked at roughly; 0 for one that is too small for that. */
const blockBitsFor = (width: number, height: number): number => {
  const side = Math.min(width, height);
  return side >= 40 ? 3 : side >= 16 ? 2 : 0;
};
/** So much less likeness is enough for a second look. */
const coarseSlack = 0.2;

/**
 * Whether a place is alike when squares of pixels are taken as one. The squares are those of the screen, so the picture is cut into them
 * in each of the ways in which it can lie on them: where it is, they are the same. All places of a row are looked at together.
 */
function coarseTest(
  template: Uint8Array,
  width: number,
  height: number,
  screen: Sums,
  screenWidth: number,
  screenHeight: number,
  needed: number,
): (x: number, y: number) => boolean {
  const own = new Sums(template, width, height);
  const least = Math.max(0, needed - coarseSlack);
  const cutsOf = (bits: number) =>
    Array.from({ length: 1 << (2 * bits) }, (_, phase) => {
      const block = 1 << bits;
      const cut = blockSums(own, width, height, phase & (block - 1), phase >> bits, block);
      const { centred, strength } = centre(cut.values);
      // What is fine enough to vanish says nothing.
      const isFine = strength / (block * block) / Math.sqrt(centred.length) < leastContrast;
      return { ...cut, centred, enough: isFine ? undefined : (least * strength) ** 2 };
    });
  let bits = blockBitsFor(width, height);
  if (bits === 0) return () => true;
  let cuts = cutsOf(bits);
  // A fine pattern needs smaller squares.
  while (bits > 2 && cuts.filter(({ enough }) => enough === undefined).length > cuts.length / 4)
    cuts = cutsOf(--bits);
  const block = 1 << bits;
  const blocks = blockSums(screen, screenWidth, screenHeight, 0, 0, block);
  const squares = blocks.values.map((value) => value * value);
  const places = screenWidth - width + 1;
  const common = new Float64Array(blocks.width);
  const sum = new Float64Array(blocks.width);
  const energy = new Float64Array(blocks.width);

  const fitsIn = (y: number): Uint8Array => {
    const fits = new Uint8Array(places);
    const down = -y & (block - 1);
    for (let across = 0; across < block; across++) {
      const cut = cuts[(down << bits) | across] as (typeof cuts)[number];
      // The square with which the first place that is cut in this way begins, and the place.
      const first = across === 0 ? 0 : 1;
      const start = first * block - across;
      const columns = Math.floor((places - 1 - start) / block) + 1;
      if (columns <= 0) continue;
      if (cut.enough === undefined) {
        for (let n = 0, x = start; n < columns; n++, x += block) fits[x] = 1;
        continue;
      }
      const { width: cells, height: rows, centred, enough } = cut;
      common.fill(0, 0, columns);
      sum.fill(0, 0, columns);
      energy.fill(0, 0, columns);
      for (let row = 0, i = 0; row < rows; row++) {
        const line = (((y + down) >> bits) + row) * blocks.width + first;
        // The first sum of a row of squares, and then one comes and one goes.
        let [part, power] = [0, 0];
        for (let n = 0, at = line; n < cells - 1; n++, at++) {
          part += blocks.values[at] as number;
          power += squares[at] as number;
        }
        for (let n = 0, at = line; n < columns; n++, at++) {
          part += blocks.values[at + cells - 1] as number;
          power += squares[at + cells - 1] as number;
          sum[n] = (sum[n] as number) + part;
          energy[n] = (energy[n] as number) + power;
          part -= blocks.values[at] as number;
          power -= squares[at] as number;
        }
        for (let cell = 0; cell < cells; cell++, i++) {
          const factor = centred[i] as number;
          for (let n = 0, at = line + cell; n < columns; n++, at++)
            common[n] = (common[n] as number) + factor * (blocks.values[at] as number);
        }
      }
      const count = cells * rows;
      for (let n = 0, x = start; n < columns; n++, x += block) {
        const around = (energy[n] as number) - ((sum[n] as number) * (sum[n] as number)) / count;
        const likeness = common[n] as number;
        if (around > 0 && likeness >= 0 && likeness * likeness >= enough * around) fits[x] = 1;
      }
    }
    return fits;
  };

  const known: Uint8Array[] = [];
  return (x, y) => {
    known[y] ??= fitsIn(y);
    return known[y]?.[x] === 1;
  };
}

/** The sums of the whole squares of a picture from an offset on. */
function blockSums(
  sums: Sums,
  width: number,
  height: number,
  left: number,
  top: number,
  block: number,
): { readonly width: number; readonly height: number; readonly values: Float64Array } {
  const [across, down] = [Math.floor((width - left) / block), Math.floor((height - top) / block)];
  const values = new Float64Array(across * down);
  for (let y = 0, i = 0; y < down; y++) {
    for (let x = 0; x < across; x++) values[i++] = sums.of(left + x * block, top + y * block, block, block);
  }
  return { width: across, height: down, values };
}

function brightness({ width, height, pixels }: Bitmap): Uint8Array {
  const grey = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < grey.length; i++, at += 4)
    grey[i] =
      (77 * (pixels[at] as number) + 150 * (pixels[at + 1] as number) + 29 * (pixels[at + 2] as number)) >> 8;
  return grey;
}

/** The part of a picture inside an area that lies in it. */
export function cutOut({ width, pixels }: Bitmap, area: Rectangle): Bitmap {
  const part = new Uint8Array(area.width * area.height * 4);
  for (let y = 0; y < area.height; y++) {
    const from = ((area.y + y) * width + area.x) * 4;
    part.set(pixels.subarray(from, from + area.width * 4), y * area.width * 4);
  }
  return { width: area.width, height: area.height, pixels: part };
}

/** An area moved. */
export const movedBy = (area: Rectangle, { x, y }: Point): Rectangle => ({
  ...area,
  x: area.x + x,
  y: area.y + y,
});
