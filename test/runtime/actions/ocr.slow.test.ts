// The OCR actions on pictures drawn here. Slow: every recognition starts the engine in a thread of its own.
import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { ocrActions } from '../../../src/runtime/actions/ocr/index.ts';
import { everything, prepare } from '../../../src/runtime/actions/ocr/picture.ts';
import { type Picture, png } from '../../../src/runtime/actions/pdf/images.ts';
import type { Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});

const run = (variant: string, given: Record<string, Value> = {}, context = contextIn(folder)) =>
  runAction(
    ocrActions,
    `OCR.ExtractTextWithOCR.ExtractText${variant}`,
    { ImageFile: 'a.png', ...given },
    context,
  );
const text = async (variant: string, given: Record<string, Value> = {}) =>
  (await run(variant, given)).outputs?.OcrText;

/** Letters of five by seven dots. */
const letters: Record<string, readonly string[]> = {
  T: ['#####', '  #  ', '  #  ', '  #  ', '  #  ', '  #  ', '  #  '],
  O: [' ### ', '#   #', '#   #', '#   #', '#   #', '#   #', ' ### '],
  A: ['  #  ', ' # # ', '#   #', '#   #', '#####', '#   #', '#   #'],
  L: ['#    ', '#    ', '#    ', '#    ', '#    ', '#    ', '#####'],
  E: ['#####', '#    ', '#    ', '#### ', '#    ', '#    ', '#####'],
  ' ': [],
};

/** Black words on white, one line each; a dot of a letter is `dot` pixels wide. */
function drawn(lines: readonly string[], dot: number): Picture {
  const margin = 5 * dot;
  const width = Math.max(...lines.map((line) => line.length)) * 6 * dot + 2 * margin;
  const height = lines.length * 12 * dot + 2 * margin;
  const pixels = new Uint8Array(width * height).fill(255);
  lines.forEach((line, row) => {
    [...line].forEach((letter, place) => {
      letters[letter]?.forEach((dots, y) => {
        [...dots].forEach((ink, x) => {
          if (ink !== '#') return;
          const left = margin + (place * 6 + x) * dot;
          const top = margin + (row * 12 + y) * dot;
          for (let line = top; line < top + dot; line++)
            pixels.fill(0, line * width + left, line * width + left + dot);
        });
      });
    });
  });
  return { width, height, channels: 1, pixels };
}
const put = (name: string, picture: Picture) => writeFile(join(folder, name), png(picture));

/** The picture as BMP, which the engine decodes in another way. */
function bmp({ width, height, pixels }: Picture): Buffer {
  const stride = (width * 3 + 3) & ~3;
  const file = Buffer.alloc(54 + stride * height);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      file.fill(
        pixels[y * width + x] as number,
        54 + (height - 1 - y) * stride + x * 3,
        54 + (height - 1 - y) * stride + x * 3 + 3,
      );
    }
  }
  return file;
}

const data = join(
  import.meta.dirname,
  '../../../node_modules/@tesseract.js-data/eng/4.0.0_best_int/eng.traineddata.gz',
);

describe('reading', () => {
  test('a file', async () => {
    await put('a.png', drawn(['TOTAL', 'LATE TOLL'], 5));
    expect(await text('FromFileWithTesseract')).toBe('TOTAL\r\nLATE TOLL');
    await writeFile(join(folder, 'a.bmp'), bmp(drawn(['TOTAL'], 5)));
    expect(await text('FromFileWithTesseract', { ImageFile: 'a.bmp' })).toBe('TOTAL');
  });

  test('a part of a file, enlarged', async () => {
    await put('a.png', drawn(['TOTAL', 'LATE TOLL'], 3));
    // The second line begins behind the margin and the first line.
    const second = { Y1: 3 * 14, ImageWidthMultiplier: 2, ImageHeightMultiplier: 2 };
    expect(await text('FromRegionOfFileWithTesseract', second)).toBe('LATE TOLL');
    expect(
      await text('FromRegionOfFileWithTesseract', {
        X2: 3 * 30,
        Y1: 3 * 14,
        ImageWidthMultiplier: 2,
        ImageHeightMultiplier: 2,
      }),
    ).toBe('LATE');
  });

  test('with language data from a folder, packed or not', async () => {
    await put('a.png', drawn(['TOTAL'], 5));
    await mkdir(join(folder, 'packed'));
    await mkdir(join(folder, 'plain'));
    await copyFile(data, join(folder, 'packed/own.traineddata.gz'));
    await writeFile(join(folder, 'plain/own.traineddata'), gunzipSync(await readFile(data)));
    for (const LanguageDataPath of ['packed', 'plain']) {
      const given = { LanguageAbbreviation: 'own', LanguageDataPath };
      expect(await text('FromFileWithCustomTesseract', given)).toBe('TOTAL');
    }
    const given = { LanguageAbbreviation: 'own', LanguageDataPath: 'plain', X1: 5, Y2: 70 };
    expect(await text('FromRegionOfFileWithCustomTesseract', given)).toBe('TOTAL');
  });

  test('a picture without text', async () => {
    await put('a.png', { width: 60, height: 60, channels: 1, pixels: new Uint8Array(3600).fill(255) });
    expect(await text('FromFileWithTesseract')).toBe('');
  });

  test('ends with the run', async () => {
    await put(
      'a.png',
      drawn(
        Array.from({ length: 40 }, () => 'LATE TOTAL TEA LATE TOTAL TEA'),
        4,
      ),
    );
    const controller = new AbortController();
    const work = run('FromFileWithTesseract', {}, contextIn(folder, { signal: controller.signal }));
    setTimeout(() => controller.abort(new Error('stopped')), 1500);
    const start = Date.now();
    await expect(work).rejects.toThrow('stopped');
    expect(Date.now() - start).toBeLessThan(2500);
  });
});

describe('errors', () => {
  const error = (variant: string, given: Record<string, Value> = {}) => errorOf(run(variant, given));
  const custom = { LanguageAbbreviation: 'eng', LanguageDataPath: '.' };

  test('ImageFileNotFoundError', async () => {
    await mkdir(join(folder, 'dir.png'));
    for (const variant of ['FromFileWithTesseract', 'FromRegionOfFileWithTesseract']) {
      expect(await error(variant)).toMatch(/^ImageFileNotFoundError: The file ".*a\.png" does not exist/);
      expect(await error(variant, { ImageFile: 'dir.png' })).toMatch(/^ImageFileNotFoundError: .*folder/);
    }
    expect(await error('FromFileWithCustomTesseract', custom)).toMatch(/^ImageFileNotFoundError: /);
  });

  test('CreateOCREngineError and DataPathFolderNotFoundError', async () => {
    await put('a.png', drawn(['TOTAL'], 5));
    expect(await error('FromFileWithTesseract', { Language: 'German' })).toBe(
      'CreateOCREngineError: The data for German is not part of this agent; it brings English only.',
    );
    expect(await error('FromFileWithCustomTesseract', { ...custom, LanguageDataPath: 'no' })).toMatch(
      /^DataPathFolderNotFoundError: /,
    );
    expect(await error('FromFileWithCustomTesseract', custom)).toMatch(
      /^CreateOCREngineError: There is no file ".*eng\.traineddata"\.$/,
    );
    for (const LanguageAbbreviation of ['../eng', '', 'eng+', 'a b']) {
      expect(await error('FromFileWithCustomTesseract', { ...custom, LanguageAbbreviation })).toMatch(
        /^CreateOCREngineError: ".*" is no abbreviation of a language\.$/,
      );
    }
    await writeFile(join(folder, 'eng.traineddata'), 'no language at all');
    expect(await error('FromFileWithCustomTesseract', custom)).toMatch(
      /^CreateOCREngineError: The language data in ".*eng\.traineddata" cannot be used/,
    );
  });

  test('ExtractTextWithOCRError', async () => {
    await writeFile(join(folder, 'a.png'), 'This is no picture.');
    expect(await error('FromFileWithTesseract')).toMatch(
      /^ExtractTextWithOCRError: The text of ".*a\.png" cannot be read/,
    );
    await writeFile(join(folder, 'a.png'), '');
    expect(await error('FromFileWithTesseract')).toMatch(/cannot be read: it is empty\.$/);
    await put('a.png', drawn(['TOTAL'], 5));
    await truncate(join(folder, 'a.png'), 60);
    expect(await error('FromFileWithTesseract')).toMatch(/^ExtractTextWithOCRError: /);
    await writeFile(join(folder, 'a.bmp'), bmp(drawn(['TOTAL'], 2)));
    expect(await error('FromFileWithTesseract', { ImageFile: 'a.bmp', ImageWidthMultiplier: 2 })).toMatch(
      /^ExtractTextWithOCRError: .*only PNG and JPEG pictures can be cut or enlarged\.$/,
    );
    expect(await error('FromFileWithTesseract', { ImageFile: 'a.bmp', ImageHeightMultiplier: 0 })).toBe(
      'ExtractTextWithOCRError: A picture cannot be enlarged 0 times.',
    );
    await put('a.png', drawn(['TOTAL'], 1));
    for (const region of [{ X1: -1 }, { X2: 1000 }, { X1: 5, X2: 5 }, { Y1: 9, Y2: 3 }, { Y2: 23 }]) {
      expect(await error('FromRegionOfFileWithTesseract', region)).toMatch(
        /^ExtractTextWithOCRError: .*the picture is 40 × 22 pixels large, and the area is not inside of it\.$/,
      );
    }
    // The system lists this file, but nobody can read its start.
    if (process.platform === 'linux') {
      expect(await error('FromFileWithTesseract', { ImageFile: '/proc/self/mem' })).toMatch(
        /^ExtractTextWithOCRError: Cannot read image file/,
      );
    }
  });

  test('a picture that would be too large', async () => {
    const picture = png({ width: 1100, height: 1000, channels: 1, pixels: new Uint8Array(1_100_000) });
    await expect(prepare(picture, everything, 10, 10, new AbortController().signal)).rejects.toThrow(
      'more than 100,000,000 pixels',
    );
  });
});
