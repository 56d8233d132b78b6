// The parts of WebAutomation that need no browser.
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../../src/runtime/action.ts';
import { registryValue } from '../../../src/runtime/actions/webAutomation/browsers.ts';
import { addressOf } from '../../../src/runtime/actions/webAutomation/navigate.ts';
import { encodeBmp, encodeGif, encodeTiff } from '../../../src/runtime/actions/webAutomation/picture.ts';
import { relativeSteps, textPaths } from '../../../src/runtime/actions/webAutomation/selector.ts';

describe('addresses', () => {
  it.each([
    ['https://example.com/a b?x=1', 'https://example.com/a%20b?x=1'],
    [' www.example.com ', 'http://www.example.com/'],
    ['localhost:8080/x', 'http://localhost:8080/x'],
    ['C:\\Sites\\my page.html', 'file:///C:/Sites/my%20page.html'],
    ['/srv/page.html', 'file:///srv/page.html'],
    ['about:blank', 'about:blank'],
    ['chrome://downloads', 'chrome://downloads'],
  ])('completes %s', (written, expected) => {
    expect(addressOf(written)).toBe(expected);
  });
});

describe('selectors', () => {
  const outline = (text: string) =>
    textPaths(text).map(({ parts }) =>
      parts.map((part) =>
        part.map((steps) => steps.map(({ from, css, filters }) => [from, css, ...filters])),
      ),
    );

  it('are cut where a frame begins', () => {
    expect(outline('html > frameset > frame:eq(1) > html > body')).toEqual([
      [
        [
          [
            ['descendant', 'html'],
            ['child', 'frameset'],
            ['child', 'frame', { kind: 'eq', index: 1 }],
          ],
        ],
        [
          [
            ['descendant', 'html'],
            ['child', 'body'],
          ],
        ],
      ],
    ]);
    expect(outline('#a > html a, b')).toHaveLength(2);
  });

  it('keep what a page understands and take the rest over', () => {
    expect(
      outline(`a#x.y[href^=/a][Title="it's \\"x\\""]:not(.z):nth-child(2):contains( b ):visible + b ~ c`),
    ).toEqual([
      [
        [
          [
            [
              'descendant',
              `a#x.y[href^="/a"][Title="it's \\"x\\""]:nth-child(2)`,
              { kind: 'not', steps: [[{ text: '.z', from: 'descendant', css: '*.z', filters: [] }]] },
              { kind: 'contains', text: 'b' },
              { kind: 'is', what: 'visible' },
            ],
            ['next', 'b'],
            ['following', 'c'],
          ],
        ],
      ],
    ]);
  });

  it('may be empty where they start at an element', () => {
    expect(relativeSteps(' ')).toEqual([]);
  });

  it.each(['', 'a >', 'a[', 'a[b="c]', 'a:eq(x)', 'a:has(b', 'a)', '#', '//a'])('refuse "%s"', (text) => {
    expect(() => textPaths(text)).toThrow(ActionError);
  });
});

it('reads where Windows has registered a browser', () => {
  const output =
    '\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\…\\chrome.exe\r\n    (Standard)    REG_SZ    "D:\\My Apps\\chrome.exe"\r\n\r\n';
  expect(registryValue(output)).toBe('D:\\My Apps\\chrome.exe');
  expect(registryValue('ERROR: The system was unable to find the specified registry key')).toBeUndefined();
});

describe('pictures', () => {
  // Every colour of the palette, more than one code table of them.
  const width = 97;
  const height = 89;
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => ((i * 7919) % 6) * 51);

  it('have their rows in the order of BMP', () => {
    const bmp = encodeBmp({ width: 1, height: 2, rgb: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    expect([...bmp.subarray(54)]).toEqual([6, 5, 4, 0, 3, 2, 1, 0]);
  });

  it('keep their pixels in TIFF', () => {
    const tiff = encodeTiff({ width, height, rgb });
    expect(tiff.subarray(tiff.length - rgb.length).equals(rgb)).toBe(true);
  });

  it('keep the colours of the palette in GIF', () => {
    const gif = encodeGif({ width, height, rgb });
    const palette = gif.subarray(13, 13 + 768);
    const colours = decodeLzw(gif.subarray(13 + 768 + 11), width * height);
    const found = colours.flatMap((colour) => [...palette.subarray(colour * 3, colour * 3 + 3)]);
    expect(Buffer.from(found).equals(Buffer.from(rgb))).toBe(true);
  });
});

/** The colours in the blocks of a GIF, read the way the format is described. */
function decodeLzw(blocks: Buffer, count: number): number[] {
  const bytes: number[] = [];
  for (let at = 0; blocks[at] !== 0; at += 1 + (blocks[at] as number))
    bytes.push(...blocks.subarray(at + 1, at + 1 + (blocks[at] as number)));
  let bit = 0;
  const code = (size: number) => {
    let value = 0;
    for (let i = 0; i < size; i++, bit++) value |= (((bytes[bit >> 3] as number) >> (bit & 7)) & 1) << i;
    return value;
  };
  const colours: number[] = [];
  let table: number[][] = [];
  let size = 9;
  let previous: number[] | undefined;
  while (colours.length < count) {
    const next = code(size);
    if (next === 257) break;
    if (next === 256) {
      table = Array.from({ length: 258 }, (_, i) => (i < 256 ? [i] : []));
      size = 9;
      previous = undefined;
      continue;
    }
    const entry = table[next] ?? [...(previous as number[]), (previous as number[])[0] as number];
    colours.push(...entry);
    if (previous !== undefined && table.length < 4096) table.push([...previous, entry[0] as number]);
    if (table.length === 1 << size && size < 12) size++;
    previous = entry;
  }
  return colours;
}
