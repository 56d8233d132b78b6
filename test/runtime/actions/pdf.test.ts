// The PDF actions on files made here. The library that makes them also writes for the actions; another one reads.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { degrees, PDFDocument, type PDFFont, type PDFPage, rgb, StandardFonts } from '@cantoo/pdf-lib';
import { beforeEach, describe, expect, test } from 'vitest';
import { pdfActions } from '../../../src/runtime/actions/pdf/index.ts';
import type { CustomObject, Datatable, FileValue, Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});

const run = (id: string, given: Record<string, Value>, context = contextIn(folder)) =>
  runAction(pdfActions, `Pdf.${id}`, given, context);
const outputs = async (id: string, given: Record<string, Value>): Promise<Record<string, Value>> => ({
  ...(await run(id, given)).outputs,
});
const text = async (given: Record<string, Value> = {}, suffix = '') =>
  (await outputs(`ExtractTextFromPDF.ExtractText${suffix}`, { PDFFile: 'a.pdf', ...given })).ExtractedText;

/** Makes a file with one page per function. */
async function put(
  name: string,
  draw: readonly ((page: PDFPage, font: PDFFont) => void | Promise<void>)[],
  password?: string,
): Promise<void> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  for (const one of draw) await one(pdf.addPage([400, 300]), font);
  if (password !== undefined) pdf.encrypt({ userPassword: password, ownerPassword: `${password}-owner` });
  await writeFile(join(folder, name), await pdf.save());
}
const write = (page: PDFPage, font: PDFFont, words: string, x: number, y: number) =>
  page.drawText(words, { x, y, size: 10, font });
const says = (words: string) => (page: PDFPage, font: PDFFont) => write(page, font, words, 50, 200);

describe('text', () => {
  beforeEach(() =>
    put(
      'a.pdf',
      ['first', 'second', 'third'].map((word) => says(`The ${word} page`)),
    ),
  );

  test('of all pages, of one, of some', async () => {
    expect(await text()).toBe('The first page\r\nThe second page\r\nThe third page');
    expect(await text({ PageNumber: 2 }, 'FromPage')).toBe('The second page');
    expect(await text({ FromPageNumber: 2, ToPageNumber: 3 }, 'FromPageRange')).toBe(
      'The second page\r\nThe third page',
    );
  });

  test('keeps lines, and columns and gaps when asked to', async () => {
    await put('a.pdf', [
      (page, font) => {
        write(page, font, 'Item', 50, 200);
        write(page, font, 'Price', 200, 200);
        write(page, font, 'Apples, red', 50, 186);
        write(page, font, '12.50', 200, 186);
        write(page, font, 'Total', 50, 120);
        page.drawText('aside', { x: 380, y: 50, size: 10, font, rotate: degrees(90) });
      },
    ]);
    expect(await text()).toBe('Item Price\r\nApples, red 12.50\r\nTotal\r\naside');
    const lines = String(await text({ DetectLayout: true })).split('\r\n');
    expect(lines.map((line) => line.replace(/ +/g, ' '))).toEqual([
      'Item Price',
      'Apples, red 12.50',
      '',
      'Total',
    ]);
    expect(lines[0]?.indexOf('Price')).toBe(lines[1]?.indexOf('12.50'));
    expect(lines[0]?.indexOf('Price')).toBeGreaterThan(25);
  });

  test('reads turned pages as they are shown', async () => {
    await put('a.pdf', [
      (page, font) => {
        page.setRotation(degrees(90));
        page.drawText('turned', { x: 50, y: 50, size: 10, font, rotate: degrees(90) });
      },
    ]);
    expect(await text({ DetectLayout: true })).toBe('turned');
  });

  test('of a page without any', async () => {
    await put('a.pdf', [() => {}]);
    expect(await text()).toBe('');
    expect(await text({ DetectLayout: true })).toBe('');
  });

  test('a password opens the file, and is a secret', async () => {
    await put('a.pdf', [says('hidden')], 'geheim');
    const context = contextIn(folder);
    const given = { PDFFile: 'a.pdf', Password: 'geheim' };
    const result = await run('ExtractTextFromPDF.ExtractText', given, context);
    expect(result.outputs).toEqual({ ExtractedText: 'hidden' });
    expect(context.secrets).toEqual(['geheim']);
  });
});

describe('tables', () => {
  const tables = async (given: Record<string, Value> = {}, suffix = '') =>
    (
      (await outputs(`ExtractTablesFromPDF.ExtractTables${suffix}`, { PDFFile: 'a.pdf', ...given }))
        .ExtractedPDFTables as CustomObject[]
    ).map((info) => {
      const table = info.get('DataTable') as Datatable;
      return {
        columns: table.columns,
        rows: table.rows,
        place: ['TableStartingPage', 'TableEndingPage', 'TableOrderInPage'].map((name) => info.get(name)),
      };
    });
  const aligned =
    (rows: readonly (readonly string[])[], top = 200) =>
    (page: PDFPage, font: PDFFont) => {
      rows.forEach((row, index) => {
        row.forEach((cell, column) => {
          if (cell !== '') write(page, font, cell, 50 + column * 110, top - index * 14);
        });
      });
    };
  /** The same, in a grid of lines or of thin rectangles. */
  const ruled =
    (rows: readonly (readonly string[])[], asRectangles = false) =>
    (page: PDFPage, font: PDFFont) => {
      const width = rows[0]?.length ?? 0;
      const line = (x: number, y: number, toX: number, toY: number) => {
        const color = rgb(0, 0, 0);
        if (asRectangles)
          page.drawRectangle({ x, y, width: Math.max(toX - x, 0.5), height: Math.max(toY - y, 0.5), color });
        else page.drawLine({ start: { x, y }, end: { x: toX, y: toY }, color });
      };
      for (let row = 0; row <= rows.length; row++) line(45, 214 - row * 20, 45 + width * 110, 214 - row * 20);
      for (let column = 0; column <= width; column++)
        line(45 + column * 110, 214 - rows.length * 20, 45 + column * 110, 214);
      rows.forEach((row, index) => {
        row.forEach((cell, column) => {
          if (cell !== '') write(page, font, cell, 50 + column * 110, 200 - index * 20);
        });
      });
    };
  const rows = [
    ['Name', 'Amount', 'Date'],
    ['Apples', '12.50', '2024-05-06'],
    ['Pears', '', '2024-05-07'],
  ];

  test.each([
    ['in the same columns', aligned(rows)],
    ['in a grid of lines', ruled(rows)],
    ['in a grid of thin rectangles', ruled(rows, true)],
  ])('%s', async (_, draw) => {
    await put('a.pdf', [
      (page, font) => {
        write(page, font, 'A title above the table that is no part of it', 50, 260);
        draw(page, font);
        write(page, font, 'And a sentence below.', 50, 60);
      },
    ]);
    expect(await tables()).toEqual([{ columns: rows[0], rows: rows.slice(1), place: [1, 1, 1] }]);
    expect(await tables({ SetFirstRowAsHeader: false })).toEqual([
      { columns: ['Column1', 'Column2', 'Column3'], rows, place: [1, 1, 1] },
    ]);
  });

  test('a cell may have several lines, and be empty, in a grid', async () => {
    await put('a.pdf', [
      (page, font) => {
        ruled([
          ['A', ''],
          ['', 'D'],
        ])(page, font);
        page.drawText('two', { x: 50, y: 187, size: 6, font });
        page.drawText('lines', { x: 50, y: 179, size: 6, font });
      },
    ]);
    expect(await tables()).toEqual([
      { columns: ['A', 'Column2'], rows: [['two lines', 'D']], place: [1, 1, 1] },
    ]);
  });

  test('words that stand close to each other on both sides of a line', async () => {
    await put('a.pdf', [
      (page, font) => {
        ruled([
          ['', '', 'C'],
          ['', '', '3'],
        ])(page, font);
        write(page, font, 'A wide title', 100, 200);
        write(page, font, 'Amount', 157, 200);
        write(page, font, 'Pears, green', 93, 180);
        write(page, font, '12', 157, 180);
      },
    ]);
    expect(await tables()).toMatchObject([
      { columns: ['A wide title', 'Amount', 'C'], rows: [['Pears, green', '12', '3']] },
    ]);
  });

  test('names that are there twice get a number', async () => {
    await put('a.pdf', [
      ruled([
        ['A', 'A', ''],
        ['1', '2', '3'],
      ]),
    ]);
    expect((await tables())[0]?.columns).toEqual(['A', 'A_2', 'Column3']);
  });

  test('that go on over page ends are joined, without their repeated header', async () => {
    const more = [rows[0] as string[], ['Plums', '1', '2024-05-08']];
    await put('a.pdf', [ruled(rows), ruled(more), ruled([['x', 'y']])]);
    expect(await tables()).toEqual([
      { columns: rows[0], rows: [...rows.slice(1), more[1]], place: [1, 2, 1] },
      { columns: ['x', 'y'], rows: [], place: [3, 3, 1] },
    ]);
    expect((await tables({ MultiPageTables: false })).map(({ place }) => place)).toEqual([
      [1, 1, 1],
      [2, 2, 1],
      [3, 3, 1],
    ]);
    expect(await tables({ PageNumber: 2 }, 'FromPage')).toMatchObject([{ place: [2, 2, 1] }]);
    expect(await tables({ FromPageNumber: 2, ToPageNumber: 3 }, 'FromPageRange')).toHaveLength(2);
  });

  test('text in sentences, in two columns, or in a frame is no table', async () => {
    const sentence = 'a sentence of prose that goes on for a while, then';
    await put('a.pdf', [
      (page, font) => {
        for (let line = 0; line < 5; line++) {
          page.drawText(sentence, { x: 10, y: 280 - line * 10, size: 6, font });
          page.drawText(sentence, { x: 210, y: 280 - line * 10, size: 6, font });
        }
        page.drawRectangle({
          x: 40,
          y: 40,
          width: 200,
          height: 100,
          borderWidth: 1,
          borderColor: rgb(0, 0, 0),
        });
        write(page, font, 'framed', 60, 90);
      },
    ]);
    expect(await tables()).toEqual([]);
  });

  test('several on a page come in order', async () => {
    await put('a.pdf', [
      (page, font) => {
        aligned(rows, 280)(page, font);
        aligned(
          [
            ['a', 'b', 'c'],
            ['d', 'e', 'f'],
          ],
          120,
        )(page, font);
      },
    ]);
    expect((await tables()).map(({ columns, place }) => [columns[0], ...place])).toEqual([
      ['Name', 1, 1, 1],
      ['a', 1, 1, 2],
    ]);
  });
});

describe('images', () => {
  /** Width, height, channels and pixels of a PNG file as the action writes them. */
  async function pixels(name: string): Promise<number[]> {
    const file = await readFile(join(folder, name));
    expect(file.subarray(1, 4).toString()).toBe('PNG');
    const [width, height, type] = [file.readUInt32BE(16), file.readUInt32BE(20), file[25] as number];
    const data = file.indexOf('IDAT');
    const rows = inflateSync(file.subarray(data + 4, data + 4 + file.readUInt32BE(data - 4)));
    return [width, height, { 0: 1, 2: 3, 6: 4 }[type] ?? 0, ...rows];
  }
  // One pixel, green, half seen through.
  const green = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const picture = async (page: PDFPage) => {
    const image = await page.doc.embedPng(green);
    page.drawImage(image, { x: 10, y: 10, width: 50, height: 50 });
    page.drawImage(image, { x: 100, y: 10, width: 50, height: 50 });
  };

  test('are saved as PNG files, each once', async () => {
    await put('a.pdf', [picture, says('no picture'), picture]);
    await mkdir(join(folder, 'out'));
    const given = { PDFFile: 'a.pdf', ImagesName: 'Bild', ImagesFolder: 'out' };
    expect(await run('ExtractImagesFromPDF.ExtractImages', given)).toEqual({});
    expect((await readdir(join(folder, 'out'))).sort()).toEqual(['Bild_1.png', 'Bild_2.png']);
    expect(await pixels('out/Bild_1.png')).toEqual([1, 1, 4, 0, 0, 255, 0, 127]);
    await run('ExtractImagesFromPDF.ExtractImagesFromPage', { ...given, PageNumber: 3, ImagesName: 'p' });
    await run('ExtractImagesFromPDF.ExtractImagesFromPageRange', {
      ...given,
      FromPageNumber: 1,
      ToPageNumber: 2,
      ImagesName: 'r',
    });
    expect((await readdir(join(folder, 'out'))).sort()).toEqual([
      'Bild_1.png',
      'Bild_2.png',
      'p_1.png',
      'r_1.png',
    ]);
  });

  test('errors', async () => {
    await put('a.pdf', [picture]);
    const error = (given: Record<string, Value>) =>
      errorOf(
        run('ExtractImagesFromPDF.ExtractImages', {
          PDFFile: 'a.pdf',
          ImagesName: 'x',
          ImagesFolder: '.',
          ...given,
        }),
      );
    expect(await error({ ImagesFolder: 'no' })).toMatch(/^FolderNotFoundError: /);
    expect(await error({ ImagesName: '../x' })).toMatch(/^ExtractImagesError: .*not a valid name/);
    await mkdir(join(folder, 'x_1.png'));
    expect(await error({})).toMatch(/^ExtractImagesError: Cannot write image/);
  });
});

describe('new files', () => {
  const words = ['one', 'two', 'three', 'four'];
  beforeEach(() => put('a.pdf', words.map(says)));
  const pagesOf = async (name: string) => String(await text({ PDFFile: name })).split('\r\n');
  const extract = (PageSelection: string, more: Record<string, Value> = {}) =>
    outputs('ExtractPages', { PDFFile: 'a.pdf', PageSelection, ExtractedPDFPath: 'new.pdf', ...more });
  const merge = (PDFFiles: Value, more: Record<string, Value> = {}) =>
    outputs('MergeFiles', { PDFFiles, MergedPDFPath: 'new.pdf', ...more });

  test.each([
    ['2', ['two']],
    ['1,3', ['one', 'three']],
    ['3 - 4 , 1', ['three', 'four', 'one']],
    ['2;2', ['two', 'two']],
  ])('the pages %s', async (selection, expected) => {
    const { ExtractedPDFFile } = await extract(selection);
    expect((ExtractedPDFFile as FileValue).path).toBe(join(folder, 'new.pdf'));
    expect(await pagesOf('new.pdf')).toEqual(expected);
  });

  test('merged files keep their order', async () => {
    await put('b.pdf', [says('five')]);
    const { MergedPDF } = await merge(['b.pdf', 'a.pdf']);
    expect((MergedPDF as FileValue).properties.get('Exists')).toBe(true);
    expect(await pagesOf('new.pdf')).toEqual(['five', ...words]);
    await merge('"a.pdf", "b.pdf"', { IfFileExists: 'Overwrite' });
    expect(await pagesOf('new.pdf')).toEqual([...words, 'five']);
  });

  test.each([
    ['Overwrite', 'new.pdf', ['two']],
    ['DoNotModifyFiles', 'new.pdf', ['old']],
    ['AddSequentialSuffix', 'new (2).pdf', ['old']],
  ])('%s when the file exists', async (IfFileExists, name, kept) => {
    await put('new.pdf', [says('old')]);
    const { ExtractedPDFFile } = await extract('2', { IfFileExists });
    expect(basename((ExtractedPDFFile as FileValue).path)).toBe(name);
    expect(await pagesOf('new.pdf')).toEqual(kept);
    expect((await readdir(folder)).length).toBe(name === 'new.pdf' ? 2 : 3);
  });

  test('passwords in the order of the files', async () => {
    await put('p.pdf', [says('hidden')], 'eins');
    await put('q.pdf', [says('secret')], 'zwei,drei');
    const context = contextIn(folder);
    const given = {
      PDFFiles: ['p.pdf', 'a.pdf', 'q.pdf'],
      MergedPDFPath: 'new.pdf',
      Passwords: 'eins||zwei,drei',
      PasswordDelimiter: '|',
    };
    await run('MergeFiles', given, context);
    expect(context.secrets).toEqual(['eins||zwei,drei', 'eins', 'zwei,drei']);
    expect(await pagesOf('new.pdf')).toEqual(['hidden', ...words, 'secret']);
    await extract('1', { PDFFile: 'p.pdf', Password: 'eins', IfFileExists: 'Overwrite' });
    expect(await pagesOf('new.pdf')).toEqual(['hidden']);
    expect(await errorOf(merge(['a.pdf', 'p.pdf'], { Passwords: ',zwei' }))).toBe(
      `InvalidPasswordError: The password for "${join(folder, 'p.pdf')}" is wrong.`,
    );
    expect(await errorOf(merge(['p.pdf']))).toBe(
      `InvalidPasswordError: "${join(folder, 'p.pdf')}" is protected with a password.`,
    );
    expect(await errorOf(extract('1', { PDFFile: 'p.pdf', Password: 'no' }))).toMatch(
      /^InvalidPasswordError: /,
    );
  });

  test.each(['', 'x', '0', '3-2', '1-', '-1', '1,,2', '1-99999999'])(
    'InvalidPageSelectionError: %j',
    async (selection) => {
      expect(await errorOf(extract(selection))).toBe(
        `InvalidPageSelectionError: "${selection}" is no selection of pages.`,
      );
    },
  );

  test('other errors', async () => {
    expect(await errorOf(extract('4,5'))).toBe(
      `PageOutOfBoundsError: "${join(folder, 'a.pdf')}" has 4 pages; there is no page 5.`,
    );
    expect(await errorOf(extract('1', { ExtractedPDFPath: 'no/new.pdf' }))).toMatch(
      /^ExtractNewPDFError: Cannot write PDF file/,
    );
    expect(await errorOf(merge('a.pdf', { MergedPDFPath: 'no/new.pdf' }))).toMatch(
      /^MergePDFFilesError: Cannot write PDF file/,
    );
    expect(await errorOf(merge([]))).toBe('MergePDFFilesError: There are no files to merge.');
    expect((await readdir(folder)).sort()).toEqual(['a.pdf']);
  });
});

describe('files that are no good', () => {
  const readers = [
    ['ExtractTextFromPDF.ExtractText', {}, 'ExtractTextError'],
    ['ExtractTablesFromPDF.ExtractTables', {}, 'ExtractTablesError'],
    ['ExtractImagesFromPDF.ExtractImages', { ImagesName: 'x', ImagesFolder: '.' }, 'ExtractImagesError'],
    ['ExtractPages', { PageSelection: '1', ExtractedPDFPath: 'new.pdf' }, 'ExtractNewPDFError'],
    ['MergeFiles', { MergedPDFPath: 'new.pdf' }, 'MergePDFFilesError'],
  ] as const;

  test.each(readers)('%s', async (id, given, code) => {
    const error = (file: string) =>
      errorOf(run(id, { ...given, [id === 'MergeFiles' ? 'PDFFiles' : 'PDFFile']: file }));
    await put('good.pdf', [says('x')]);
    const good = await readFile(join(folder, 'good.pdf'));
    await writeFile(join(folder, 'text.pdf'), 'This is not a PDF file.');
    await writeFile(join(folder, 'empty.pdf'), '');
    await writeFile(join(folder, 'half.pdf'), good.subarray(0, good.length / 2));
    await writeFile(join(folder, 'claims.pdf'), '%PDF-1.7\nnothing else\n%%EOF\n');
    await mkdir(join(folder, 'dir.pdf'));
    for (const name of ['text.pdf', 'empty.pdf', 'half.pdf', 'claims.pdf']) {
      expect(await error(name)).toMatch(
        new RegExp(`^${code}: ".*${name}" (is not a PDF file|cannot be read as PDF)`),
      );
    }
    expect(await error('no.pdf')).toMatch(/^PDFFileNotFoundError: The file ".*no\.pdf" does not exist\.$/);
    expect(await error('dir.pdf')).toMatch(/^PDFFileNotFoundError: .*folder/);
    await put('locked.pdf', [says('x')], 'geheim');
    expect(await error('locked.pdf')).toMatch(
      /^InvalidPasswordError: ".*locked\.pdf" is protected with a password\.$/,
    );
    // The system lists this file, but nobody can read its start.
    if (process.platform === 'linux')
      expect(await error('/proc/self/mem')).toMatch(new RegExp(`^${code}: Cannot read PDF file`));
  });

  test.each([
    ['FromPage', { PageNumber: 2 }, 'page 2 is not one of them'],
    ['FromPage', { PageNumber: 0 }, 'page 0 is not one of them'],
    ['FromPageRange', { FromPageNumber: 1, ToPageNumber: 9 }, 'page 9 is not one of them'],
    ['FromPageRange', { FromPageNumber: 2, ToPageNumber: 1 }, 'in the wrong order'],
  ])('pages that are not there: %s %j', async (suffix, pages, message) => {
    await put('a.pdf', [says('x')]);
    for (const [id, given, code] of readers.slice(0, 3)) {
      expect(await errorOf(run(`${id}${suffix}`, { PDFFile: 'a.pdf', ...given, ...pages }))).toMatch(
        new RegExp(`^${code}: .*${message}`),
      );
    }
  });

  test('reading stops between pages', async () => {
    await put(
      'a.pdf',
      Array.from({ length: 300 }, () => says('page')),
    );
    const controller = new AbortController();
    const work = run(
      'ExtractTextFromPDF.ExtractText',
      { PDFFile: 'a.pdf' },
      contextIn(folder, { signal: controller.signal }),
    );
    setTimeout(() => controller.abort(new Error('stopped')), 20);
    await expect(work).rejects.toThrow('stopped');
  });
});
