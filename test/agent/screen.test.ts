// Pictures of a desktop without one: the file that is written, its size, and what is said where there can be none. Of real X servers:
// screen.slow.test.ts.
import { describe, expect, it } from 'vitest';
import { NoPicture, pictureOf, smallEnough } from '../../src/agent/worker/screen.ts';
import type { Bitmap } from '../../src/desktop/desktop.ts';
import { decodePng } from '../../src/desktop/png.ts';

function screen(
  width: number,
  height: number,
  colour: (x: number, y: number, channel: number) => number,
): Bitmap {
  const pixels = new Uint8Array(width * height * 4).fill(255);
  for (let index = 0; index < pixels.length; index++) {
    const pixel = index >> 2;
    if (index % 4 < 3) pixels[index] = colour(pixel % width, Math.floor(pixel / width), index % 4);
  }
  return { width, height, pixels };
}

describe('a picture', () => {
  it.each([
    [1, 1],
    [3, 2],
    [640, 7],
  ])('of %i × %i pixels has every one of them', (width, height) => {
    const given = screen(width, height, (x, y, channel) => (x * 7 + y * 31 + channel * 101) & 255);
    const { width: w, height: h, pixels } = decodePng(smallEnough(given).png);
    expect([w, h]).toEqual([width, height]);
    expect(Buffer.from(pixels).equals(given.pixels)).toBe(true);
  });

  it('that would be too large is halved until it fits, and keeps its colours', () => {
    let state = 1;
    const noise = screen(256, 101, (_x, _y, channel) => {
      state = Math.imul(state, 1_664_525) + 1_013_904_223;
      return channel === 0 ? 200 : state >>> 24;
    });
    const { width, height, png } = smallEnough(noise, 10_000);
    expect([width, height]).toEqual([64, 25]);
    expect(png.length).toBeLessThanOrEqual(10_000);
    const small = decodePng(png);
    expect(small.width).toBe(64);
    expect(new Set(small.pixels.filter((_, index) => index % 4 === 0))).toEqual(new Set([200]));
    const mean =
      small.pixels.filter((_, index) => index % 4 === 1).reduce((sum, each) => sum + each, 0) / 1_600;
    expect(mean).toBeGreaterThan(115);
    expect(mean).toBeLessThan(140);
  });
});

describe('no picture', () => {
  it.each<[NodeJS.Platform, NodeJS.ProcessEnv, string]>([
    ['linux', {}, 'the run has no desktop'],
    ['linux', { DISPLAY: ':0', XDG_SESSION_TYPE: 'wayland' }, 'Wayland'],
    ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, 'Wayland'],
    ['linux', { DISPLAY: 'elsewhere:10.0' }, 'elsewhere:10.0 is on another machine'],
    ['linux', { DISPLAY: ':65000' }, 'the display :65000 could not be read'],
    ['darwin', { DISPLAY: ':0' }, 'cannot take one on darwin'],
  ])('is said on %s with %j', async (platform, environment, reason) => {
    const error = await pictureOf(platform, environment)().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NoPicture);
    expect((error as NoPicture).message).toContain(reason);
  });
});
