// The Word actions on documents made here, part by part, as Word writes them.
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { beforeEach, describe, expect, test } from 'vitest';
import { png } from '../../../src/runtime/actions/pdf/images.ts';
import { wordActions } from '../../../src/runtime/actions/word/index.ts';
import type { Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});

const run = (id: string, given: Record<string, Value>, context = contextIn(folder)) =>
  runAction(wordActions, `Word.${id}`, given, context);
const launch = async (): Promise<Value> => (await run('LaunchWord.Launch', {})).outputs?.Instance ?? null;
const open = async (given: Record<string, Value> = {}): Promise<Value> =>
  (await run('LaunchWord.LaunchAndOpen', { Path: 'a.docx', ...given })).outputs?.Instance ?? null;
const read = async (Instance: Value): Promise<Value> =>
  (await run('ReadFromWord.Read', { Instance })).outputs?.WordData ?? null;
const replace = (
  Instance: Value,
  variant: string,
  TextToFind: string,
  TextToReplaceWith: string,
  more = {},
) => run(`FindAndReplaceWord.FindAndReplace${variant}`, { Instance, TextToFind, TextToReplaceWith, ...more });

const types = 'http://schemas.openxmlformats.org/package/2006/content-types';
const relationships = 'http://schemas.openxmlformats.org/package/2006/relationships';
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const wordprocessing = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';
const mainType = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml';

interface Made {
  readonly type?: string;
  /** Further parts, and further relationships of the main part: kind and target. */
  readonly parts?: Readonly<Record<string, string | Uint8Array>>;
  readonly related?: readonly (readonly [kind: string, target: string])[];
}

/** Parts of a document with this body. */
function partsOf(
  body: string,
  { type = mainType, parts = {}, related = [] }: Made = {},
): Record<string, Uint8Array> {
  const relation = (id: number, kind: string, target: string) =>
    `<Relationship Id="rId${id}" Type="${office}/${kind}" Target="${target}"/>`;
  const texts: Record<string, string | Uint8Array> = {
    '[Content_Types].xml': `<Types xmlns="${types}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="${type}"/></Types>`,
    '_rels/.rels': `<Relationships xmlns="${relationships}">${relation(1, 'officeDocument', 'word/document.xml')}</Relationships>`,
    'word/document.xml': `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<w:document xmlns:w="${wordprocessing}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:w14="urn:w14" mc:Ignorable="w14"><w:body>${body}<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:left="1440" w:right="1440"/></w:sectPr></w:body></w:document>`,
    'word/_rels/document.xml.rels': `<Relationships xmlns="${relationships}">${related.map(([kind, target], index) => relation(index + 1, kind, target)).join('')}</Relationships>`,
    ...parts,
  };
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, typeof text === 'string' ? strToU8(text) : text]),
  );
}
const put = (body: string, made: Made = {}, name = 'a.docx') =>
  writeFile(join(folder, name), zipSync(partsOf(body, made)));
const parts = async (name = 'a.docx') => unzipSync(await readFile(join(folder, name)));
/** The body as it was saved, without its page settings. */
async function body(name = 'a.docx'): Promise<string> {
  const xml = strFromU8((await parts(name))['word/document.xml'] as Uint8Array);
  return /<w:body>(.*)<w:sectPr>/s.exec(xml)?.[1] ?? xml;
}
/** Saves and returns the body. */
async function saved(Instance: Value): Promise<string> {
  await run('SaveWord.Save', { Instance });
  return await body();
}

const p = (...runs: string[]) => `<w:p>${runs.join('')}</w:p>`;
const r = (text: string, format = '') =>
  `<w:r>${format === '' ? '' : `<w:rPr>${format}</w:rPr>`}<w:t${text === text.trim() ? '' : ' xml:space="preserve"'}>${text}</w:t></w:r>`;
const bold = '<w:b/>';

describe('reading', () => {
  test.each([
    ['paragraphs', p(r('One'), r(' line')) + p() + p(r('Äöü &amp; 世界')), 'One line\r\n\r\nÄöü & 世界'],
    [
      'tabs and breaks',
      p('<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:cr/></w:r>'),
      'a\tb\r\nc\r\n',
    ],
    ['a blank at the end that does not count', p('<w:r><w:t>a </w:t></w:r>', r('b ')), 'ab '],
    [
      'tables',
      `${p(r('before'))}<w:tbl><w:tr><w:tc>${p(r('a'))}${p(r('b'))}</w:tc><w:tc>${p(r('c'))}</w:tc></w:tr><w:tr><w:tc>${p()}</w:tc><w:tc>${p(r('d'))}</w:tc></w:tr></w:tbl>${p()}`,
      'before\r\na b\tc\r\n\td\r\n',
    ],
    [
      'links, insertions and controls, but nothing deleted or hidden',
      `${p(
        `<w:hyperlink>${r('link ')}</w:hyperlink>`,
        `<w:ins>${r('new ')}</w:ins>`,
        '<w:del><w:r><w:delText>old</w:delText></w:r></w:del>',
        '<w:r><w:instrText>PAGE</w:instrText></w:r>',
        `<w:sdt><w:sdtContent>${r('control')}</w:sdtContent></w:sdt>`,
        `<w:r><mc:AlternateContent><mc:Choice><w:drawing>${p(r('box'))}</w:drawing></mc:Choice><mc:Fallback>${p(r('box'))}</mc:Fallback></mc:AlternateContent></w:r>`,
      )}<w:sdt><w:sdtContent>${p(r('block'))}</w:sdtContent></w:sdt>`,
      'link new control\r\nblock',
    ],
  ])('%s', async (_, content, text) => {
    await put(content);
    expect(await read(await open())).toBe(text);
  });

  test('the text of a bookmark', async () => {
    await put(
      p(r('a '), '<w:bookmarkStart w:id="1" w:name="In"/>', r('b'), '<w:bookmarkEnd w:id="1"/>', r('c')) +
        '<w:bookmarkStart w:id="2" w:name="Around"/>' +
        p(r('d')) +
        p(r('e'), '<w:bookmarkEnd w:id="2"/>', r('f')),
    );
    const Instance = await open();
    const bookmark = async (Bookmark: string) =>
      (await run('ReadFromWord.ReadBookmark', { Instance, Bookmark })).outputs?.WordData;
    expect(await bookmark('in')).toBe('b');
    expect(await bookmark('Around')).toBe('d\r\ne');
    expect(await errorOf(bookmark('none'))).toBe(
      'ReadContentFromWordDocumentError: There is no bookmark "none" in "a.docx".',
    );
  });
});

describe('writing', () => {
  const write = (Instance: Value, where: string, Text: string, more: Record<string, Value> = {}) =>
    run(`WriteToWord.Write${where}`, { Instance, Text, ...more });

  test('at start and end, formatted like what is there', async () => {
    await put(p('<w:pPr><w:jc w:val="left"/></w:pPr>', r('middle', bold)));
    const Instance = await open();
    expect(await write(Instance, 'StartOfDocument', 'start ')).toEqual({});
    await write(Instance, 'EndOfDocument', ' end');
    expect(await saved(Instance)).toBe(
      p('<w:pPr><w:jc w:val="left"/></w:pPr>', r('start ', bold), r('middle', bold), r(' end', bold)),
    );
  });

  test('lines become paragraphs, tabs tabs', async () => {
    await put(`<w:p w14:paraId="1"><w:pPr><w:jc w:val="left"/><w:sectPr/></w:pPr>${r('old', bold)}</w:p>`);
    const Instance = await open();
    await write(Instance, 'StartOfDocument', 'one\ttab\r\n\r\ntwo ');
    expect(await saved(Instance)).toBe(
      p(
        '<w:pPr><w:jc w:val="left"/></w:pPr>',
        `<w:r><w:rPr>${bold}</w:rPr><w:t>one</w:t><w:tab/><w:t>tab</w:t></w:r>`,
      ) +
        p('<w:pPr><w:jc w:val="left"/></w:pPr>') +
        `<w:p w14:paraId="1"><w:pPr><w:jc w:val="left"/><w:sectPr/></w:pPr>${r('two ', bold)}${r('old', bold)}</w:p>`,
    );
    expect(await read(Instance)).toBe('one\ttab\r\n\r\ntwo old');
  });

  test('the new line comes in front of the text', async () => {
    const Instance = await launch();
    await write(Instance, 'EndOfDocument', 'one');
    await write(Instance, 'EndOfDocument', 'two', { AppendNewLine: true });
    await write(Instance, 'StartOfDocument', 'zero', { AppendNewLine: true });
    expect(await read(Instance)).toBe('\r\nzeroone\r\ntwo');
  });

  test('beside a bookmark, which stays what it was', async () => {
    await put(
      p(r('a'), '<w:bookmarkStart w:id="1" w:name="In"/>', r('b'), '<w:bookmarkEnd w:id="1"/>', r('c')) +
        '<w:bookmarkStart w:id="2" w:name="Around"/>' +
        p(r('d')) +
        '<w:bookmarkEnd w:id="2"/>' +
        p(r('e')),
    );
    const Instance = await open();
    await write(Instance, 'StartOfBookmark', '1', { Bookmark: 'In' });
    await write(Instance, 'EndOfBookmark', '2\n3', { Bookmark: 'In' });
    await write(Instance, 'StartOfBookmark', '4', { Bookmark: 'around' });
    await write(Instance, 'EndOfBookmark', '5', { Bookmark: 'around' });
    expect(await read(Instance)).toBe('a1b2\r\n3c\r\n4d5\r\ne');
    const bookmark = (await run('ReadFromWord.ReadBookmark', { Instance, Bookmark: 'In' })).outputs;
    expect(bookmark).toEqual({ WordData: 'b' });
  });

  test('into a document without a paragraph, or with a table at its start', async () => {
    await put('');
    const empty = await open();
    await write(empty, 'EndOfDocument', 'text');
    expect(await saved(empty)).toBe(p(r('text')));
    await put(`<w:tbl><w:tr><w:tc>${p(r('cell'))}</w:tc></w:tr></w:tbl>`);
    const table = await open();
    await write(table, 'StartOfDocument', 'first ');
    await write(table, 'EndOfDocument', 'last');
    expect(await read(table)).toBe('first cell\r\nlast');
  });

  test('errors', async () => {
    const Instance = await launch();
    const code = 'WriteOperationOnWordDocumentInstanceError';
    expect(await errorOf(write(Instance, 'StartOfBookmark', 'x', { Bookmark: 'no' }))).toBe(
      `${code}: There is no bookmark "no" in the new document.`,
    );
    expect(await errorOf(write(Instance, 'EndOfDocument', 'a\x01b'))).toMatch(
      new RegExp(`^${code}: The text has control characters`),
    );
  });
});

describe('find and replace', () => {
  test('across runs, keeping all other formats', async () => {
    await put(
      p(r('Dear {{na'), r('me', bold), r('}}, dear {{name}}!')) +
        p(`<w:hyperlink>${r('{{NAME}}')}</w:hyperlink>`, '<w:r><w:tab/></w:r>'),
    );
    const Instance = await open();
    await replace(Instance, 'AllWithoutWildcards', '{{name}}', 'Ägnes & Söhne');
    expect(await saved(Instance)).toBe(
      p(r('Dear Ägnes &amp; Söhne'), `<w:r><w:rPr>${bold}</w:rPr></w:r>`, r(', dear Ägnes &amp; Söhne!')) +
        p(`<w:hyperlink>${r('Ägnes &amp; Söhne')}</w:hyperlink>`, '<w:r><w:tab/></w:r>'),
    );
  });

  test.each([
    ['Single', 'a', 'X', {}, 'Xb aB ab'],
    ['AllWithoutWildcards', 'ab', 'X', {}, 'X X X'],
    ['AllWithoutWildcards', 'ab', 'X', { MatchCase: true }, 'X aB X'],
    ['AllWithoutWildcards', 'b', 'X', { MatchEntireWord: true }, 'ab aB ab'],
    ['AllWithoutWildcards', 'ab', 'X', { MatchEntireWord: true, MatchCase: true }, 'X aB X'],
    ['AllWithoutWildcards', 'none', 'X', {}, 'ab aB ab'],
    ['AllWithoutWildcards', ' ', '', {}, 'abaBab'],
    ['AllWithoutWildcards', 'ab', '[^&]^t.', {}, '[ab]\t. [aB]\t. [ab]\t.'],
    ['Single', ' ', '^p', {}, 'ab\r\naB ab'],
    ['Single', 'b a', '1\r\n2^l3', {}, 'a1\r\n2\r\n3B ab'],
    ['AllWildcards', '<a?>', 'X', {}, 'X X X'],
    ['AllWildcards', '[!a-z ]', 'X', {}, 'ab aX ab'],
    ['AllWildcards', '(a)([bB])', '\\2\\1', {}, 'ba Ba ba'],
    ['AllWildcards', 'a*B', 'X', {}, 'X ab'],
    ['AllWildcards', '[ab]{2}', 'X', {}, 'X aB X'],
    ['AllWildcards', '[aB]@ ', '-', {}, 'ab -ab'],
    ['SingleWildcards', 'b>', 'X', {}, 'aX aB ab'],
  ])('%s %j by %j (%j)', async (variant, find, replacement, more, expected) => {
    await put(p(r('a'), r('b a'), r('B ab')));
    const Instance = await open();
    await replace(Instance, variant, find, replacement, more);
    expect(await read(Instance)).toBe(expected);
    await run('SaveWord.Save', { Instance });
    expect(await read(await open())).toBe(expected);
  });

  test('tabs, breaks and blanks that do not count are places too', async () => {
    await put(p('<w:r><w:t> a </w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r>'));
    const Instance = await open();
    await replace(Instance, 'AllWithoutWildcards', 'a^tb', 'x');
    await replace(Instance, 'AllWithoutWildcards', '^lc', ' y');
    expect(await read(Instance)).toBe('x y');
  });

  test.each([
    ['AllWithoutWildcards', '', 'x', 'the text to find is empty'],
    ['AllWildcards', '', 'x', 'the text to find is empty'],
    ['Single', 'a^p', 'x', 'the code "^p" is not supported there'],
    ['Single', 'a', '^c', 'the code "^c" is not supported there'],
    ['AllWildcards', '(a', 'x', 'it is no valid pattern'],
    ['AllWildcards', 'a{x}', 'x', '"{" has no counterpart'],
    ['SingleWildcards', '[]', 'x', '"[]" has no characters in it'],
  ])('ReplaceTextInWordDocumentError: %s %j', async (variant, find, replacement, message) => {
    expect(await errorOf(replace(await launch(), variant, find, replacement))).toBe(
      `ReplaceTextInWordDocumentError: This text cannot be searched for or put in its place: ${message}.`,
    );
  });

  test('a text no document can hold', async () => {
    expect(await errorOf(replace(await launch(), 'Single', 'a', '\x00'))).toMatch(
      /^ReplaceTextInWordDocumentError: The text has control characters/,
    );
  });
});

describe('images', () => {
  const picture = png({ width: 192, height: 96, channels: 1, pixels: new Uint8Array(192 * 96) });
  const insert = (Instance: Value, where: string, more: Record<string, Value> = {}) =>
    run(`InsertImageToWord.InsertImage${where}FromFile`, { Instance, Path: 'i.png', ...more });
  const order = async (Instance: Value) =>
    (await saved(Instance))
      .replace(/<w:drawing>.*?<\/w:drawing>/g, '#')
      .replace(/<\/w:p>/g, '|')
      .replace(/<[^>]*>/g, '');

  test('at all places, with part, relationship, type and size', async () => {
    await put(
      p(
        r('a needle b Needle'),
        '<w:bookmarkStart w:id="1" w:name="Mark"/>',
        r('c'),
        '<w:bookmarkEnd w:id="1"/>',
      ) + p(r('d')),
    );
    await writeFile(join(folder, 'i.png'), picture);
    const Instance = await open();
    expect(await insert(Instance, 'DocumentStart')).toEqual({});
    await insert(Instance, 'DocumentEnd');
    await insert(Instance, 'BookmarkStart', { Bookmark: 'mark' });
    await insert(Instance, 'BookmarkEnd', { Bookmark: 'mark' });
    await insert(Instance, 'StartOfText', { TextToFind: 'needle' });
    await insert(Instance, 'EndOfText', { TextToFind: 'NEEDLE' });
    expect(await order(Instance)).toBe('#a #needle# b #Needle##c#|d#|');
    const made = await parts();
    const media = Object.keys(made).filter((name) => name.startsWith('word/media/'));
    expect(media.sort()).toEqual([1, 2, 3, 4, 5, 6].map((number) => `word/media/image${number}.png`));
    expect(Buffer.from(made['word/media/image1.png'] as Uint8Array)).toEqual(picture);
    const text = (name: string) => strFromU8(made[name] as Uint8Array);
    expect(text('[Content_Types].xml')).toMatch(/"\/word\/media\/image1\.png" ContentType="image\/png"/);
    const ids = [...text('word/document.xml').matchAll(/r:embed="(\w+)"/g)].map((match) => match[1]);
    for (const id of ids) expect(text('word/_rels/document.xml.rels')).toContain(`Id="${id}"`);
    const numbers = [...text('word/document.xml').matchAll(/docPr id="(\d+)"/g)].map((match) => match[1]);
    expect(new Set(numbers).size).toBe(8);
    // 192 pixels at 96 to the inch.
    expect(text('word/document.xml')).toContain('<wp:extent cx="1828800" cy="914400"/>');
  });

  test('is made as small as the page demands', async () => {
    await put(p());
    await writeFile(
      join(folder, 'i.png'),
      png({ width: 1920, height: 960, channels: 1, pixels: new Uint8Array(1920 * 960) }),
    );
    const Instance = await open();
    await insert(Instance, 'DocumentEnd');
    expect(await saved(Instance)).toContain('<wp:extent cx="5731510" cy="2865755"/>');
  });

  test.each([
    ['GIF', Buffer.from('GIF89a\x60\x00\x30\x00', 'latin1'), 'cx="914400" cy="457200"', 'gif'],
    [
      'BMP',
      Buffer.concat([Buffer.from('BM'), Buffer.alloc(16), Buffer.from([96, 0, 0, 0, 208, 255, 255, 255])]),
      'cx="914400" cy="457200"',
      'bmp',
    ],
    [
      'JPEG of 192 dots per inch',
      Buffer.from('ffd8ffe000104a46494600010101' + '00c000c0' + '0000' + 'ffc0000b080030006001011100', 'hex'),
      'cx="457200" cy="228600"',
      'jpeg',
    ],
  ])('%s', async (_, bytes, extent, ending) => {
    await put(p());
    await writeFile(join(folder, 'i.png'), bytes);
    const Instance = await open();
    await insert(Instance, 'DocumentEnd');
    expect(await saved(Instance)).toContain(extent);
    expect(Object.keys(await parts())).toContain(`word/media/image1.${ending}`);
  });

  test('InsertImageError', async () => {
    const Instance = await launch();
    const error = (where: string, more = {}) => errorOf(insert(Instance, where, more));
    expect(await error('DocumentEnd')).toMatch(/^InsertImageError: Cannot read image file/);
    await writeFile(join(folder, 'i.png'), 'no image');
    expect(await error('DocumentEnd')).toMatch(/^InsertImageError: ".*i\.png" is not an image in the format/);
    await writeFile(join(folder, 'i.png'), picture);
    expect(await error('BookmarkEnd', { Bookmark: 'no' })).toMatch(
      /^InsertImageError: There is no bookmark "no"/,
    );
    expect(await error('StartOfText', { TextToFind: 'no' })).toMatch(
      /^InsertImageError: The text "no" is not in the new document/,
    );
    expect(await error('EndOfText', { TextToFind: '' })).toMatch(
      /^InsertImageError: .*the text to find is empty/,
    );
  });
});

describe('files', () => {
  test('a new document is one that opens', async () => {
    const Instance = await launch();
    await run('WriteToWord.WriteEndOfDocument', { Instance, Text: 'hello' });
    expect(await run('CloseWord.CloseAndSaveAs', { Instance, DocumentPath: 'new.docx' })).toEqual({});
    expect(await read(await open({ Path: 'new.docx' }))).toBe('hello');
  });

  test('every part nobody touched stays as it was, byte for byte', async () => {
    const custom = {
      'custom/data.bin': new Uint8Array([0, 1, 2, 255]),
      'word/fontTable.xml': '<x  a = "1"\n/>',
    };
    await put(p(r('a')), { parts: custom });
    const before = await parts();
    const Instance = await open();
    await replace(Instance, 'Single', 'a', 'b');
    await run('SaveWord.SaveAs', { Instance, DocumentPath: 'b.docx', DocumentFormat: 'DOCX' });
    const after = await parts('b.docx');
    expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
    for (const name of Object.keys(before)) {
      if (name !== 'word/document.xml') expect(after[name]).toEqual(before[name]);
    }
    const text = strFromU8(after['word/document.xml'] as Uint8Array);
    expect(text.replace('>b<', '>a<')).toBe(
      strFromU8(before['word/document.xml'] as Uint8Array).replace('\r', ''),
    );
    expect(await read(await open())).toBe('a');
    // Save as moves the instance to the new file.
    await replace(Instance, 'Single', 'b', 'c');
    await run('SaveWord.Save', { Instance });
    expect(await read(await open({ Path: 'b.docx' }))).toBe('c');
  });

  test.each([
    ['FromExtension', 'b.docm', 'application/vnd.ms-word.document.macroEnabled.main+xml'],
    [
      'FromExtension',
      'b.DOTX',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml',
    ],
    ['DOTM', 'b.dotm', 'application/vnd.ms-word.template.macroEnabledTemplate.main+xml'],
    ['DOCX', 'b.anything', mainType],
  ])('saves as %s (%s)', async (DocumentFormat, DocumentPath, type) => {
    await put(p(r('a')));
    await run('SaveWord.SaveAs', { Instance: await open(), DocumentPath, DocumentFormat });
    expect(strFromU8((await parts(DocumentPath))['[Content_Types].xml'] as Uint8Array)).toContain(
      `ContentType="${type}"`,
    );
    expect(await read(await open({ Path: DocumentPath }))).toBe('a');
  });

  test('saves text', async () => {
    await put(p(r('ä')) + p(r('b')));
    await run('SaveWord.SaveAs', { Instance: await open(), DocumentPath: 'b.txt' });
    expect(await readFile(join(folder, 'b.txt'), 'utf8')).toBe('ä\r\nb\r\n');
    await run('SaveWord.SaveAs', {
      Instance: await open(),
      DocumentPath: 'u.txt',
      DocumentFormat: 'UnicodeText',
    });
    expect(await readFile(join(folder, 'u.txt'), 'utf16le')).toBe('\ufeffä\r\nb\r\n');
  });

  test('closes with and without saving, also at the end of the run', async () => {
    await put(p(r('a')));
    for (const [variant, expected] of [
      ['Close', 'a'],
      ['CloseAndSave', 'b'],
    ] as const) {
      const Instance = await open();
      await replace(Instance, 'Single', 'a', 'b');
      await run(`CloseWord.${variant}`, { Instance });
      expect(await read(await open())).toBe(expected);
      expect(await errorOf(run(`CloseWord.${variant}`, { Instance }))).toBe(
        'CloseWordError: The Word instance of "a.docx" is closed.',
      );
    }
    const context = contextIn(folder);
    const Instance = (await run('LaunchWord.Launch', {}, context)).outputs?.Instance ?? null;
    await context.close();
    expect(await errorOf(read(Instance))).toMatch(
      /^WordInstanceOrWordDocumentNotInitializedError: .*is closed/,
    );
  });

  test('attaches to a document of the same run', async () => {
    await put(p(r('a')));
    const context = contextIn(folder);
    const first = (await run('LaunchWord.LaunchAndOpen', { Path: 'a.docx' }, context)).outputs
      ?.Instance as Value;
    for (const DocumentName of ['A.docx', join(folder, 'a.docx')]) {
      const Instance = (await run('Attach', { DocumentName }, context)).outputs?.Instance as Value;
      await run('WriteToWord.WriteEndOfDocument', { Instance, Text: '!' });
    }
    expect(await read(first)).toBe('a!!');
    await context.close();
    expect(await errorOf(run('Attach', { DocumentName: 'a.docx' }, context))).toMatch(
      /^SpecifiedWordDocumentNotFoundError: /,
    );
  });

  test('a document for reading only', async () => {
    const code = 'OperationCannotBePerformedOnReadOnlyDocumentError';
    const settings = {
      parts: {
        'word/settings.xml': `<w:settings xmlns:w="${wordprocessing}"><w:writeProtection w:recommended="1"/></w:settings>`,
      },
      related: [['settings', 'settings.xml']] as const,
    };
    for (const [made, ReadOnly] of [
      [{}, true],
      [settings, false],
    ] as const) {
      await put(p(r('a')), made);
      await writeFile(
        join(folder, 'i.png'),
        png({ width: 1, height: 1, channels: 1, pixels: new Uint8Array(1) }),
      );
      const Instance = await open({ ReadOnly });
      for (const [id, given] of [
        ['SaveWord.Save', {}],
        ['SaveWord.SaveAs', { DocumentPath: 'a.docx' }],
        ['CloseWord.CloseAndSave', {}],
        ['CloseWord.CloseAndSaveAs', { DocumentPath: 'a.docx' }],
        ['WriteToWord.WriteEndOfDocument', { Text: 'x' }],
        ['InsertImageToWord.InsertImageDocumentEndFromFile', { Path: 'i.png' }],
        ['FindAndReplaceWord.FindAndReplaceSingle', { TextToFind: 'a', TextToReplaceWith: 'b' }],
      ] as const) {
        expect(await errorOf(run(id, { Instance, ...given }))).toBe(
          `${code}: "a.docx" is open for reading only.`,
        );
      }
      await run('SaveWord.SaveAs', { Instance, DocumentPath: 'copy.docx' });
      expect(await read(Instance)).toBe('a');
    }
  });
});

describe('errors', () => {
  test('something else than a Word instance', async () => {
    const code = 'WordInstanceOrWordDocumentNotInitializedError';
    for (const { id } of wordActions) {
      const name = id.slice('Word.'.length);
      if (/^(LaunchWord|Attach|CloseWord)/.test(name)) continue;
      const given: Record<string, Value> = { Instance: 'text' };
      if (/Bookmark/.test(name)) given.Bookmark = 'x';
      if (/^WriteToWord/.test(name)) given.Text = 'x';
      if (/Image/.test(name)) given.Path = 'x';
      if (/OfText|FindAndReplace/.test(name)) given.TextToFind = 'x';
      if (/FindAndReplace/.test(name)) given.TextToReplaceWith = 'x';
      if (/SaveAs/.test(name)) given.DocumentPath = 'x';
      expect(await errorOf(run(name, given))).toBe(
        `${code}: There is no Word instance in the argument "Instance".`,
      );
    }
  });

  test('WordDocumentWasNotFoundError', async () => {
    await mkdir(join(folder, 'dir.docx'));
    expect(await errorOf(open())).toMatch(
      /^WordDocumentWasNotFoundError: The document ".*a\.docx" does not exist\.$/,
    );
    expect(await errorOf(open({ Path: 'dir.docx' }))).toMatch(/^WordDocumentWasNotFoundError: .*folder/);
  });

  test.each([
    ['text', 'no document', 'not a Word document; only the formats since Word 2007'],
    ['an older document', Buffer.from('d0cf11e0a1b11ae1000000', 'hex'), 'is an older Word document'],
    [
      'an encrypted one',
      Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.from('EncryptedPackage', 'utf16le')]),
      'is protected with a password',
    ],
    ['RTF', '{\\rtf1 x}', 'is an RTF document'],
    ['nothing', '', 'not a Word document'],
    ['a damaged archive', 'PK\x03\x04 and then nothing', 'is damaged'],
    [
      'a workbook',
      Buffer.from(
        zipSync(
          partsOf(p(), {
            type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml',
          }),
        ),
      ),
      'but no Word document',
    ],
    [
      'one that is nested to exhaust the stack',
      Buffer.from(zipSync(partsOf(`${'<w:sdt>'.repeat(1000)}${p()}${'</w:sdt>'.repeat(1000)}`))),
      'its parts are nested more than 400 deep',
    ],
    [
      'one that is not XML',
      Buffer.from(zipSync(partsOf('<w:p>'))),
      'is damaged: line 2 of its text is no valid XML',
    ],
  ])('OpenExistingWordDocumentError: %s', async (_, content, message) => {
    await writeFile(join(folder, 'a.docx'), content);
    const error = await errorOf(open());
    expect(error).toMatch(/^OpenExistingWordDocumentError: /);
    expect(error).toContain(message);
    expect(error).not.toMatch(/workbook|Excel/);
  });

  test('a file that is write-protected on disk, or open in Word, is not replaced', async () => {
    await put(p());
    const open1 = await open();
    await writeFile(join(folder, '~$a.docx'), '');
    expect(await errorOf(run('SaveWord.Save', { Instance: open1 }))).toMatch(
      /^SaveWordError: ".*" is open in another program/,
    );
    await chmod(join(folder, 'a.docx'), 0o444);
    expect(await errorOf(run('SaveWord.Save', { Instance: await open() }))).toMatch(
      /^OperationCannotBePerformedOnReadOnlyDocumentError: /,
    );
  });

  test('passwords are secrets', async () => {
    await put(p());
    const context = contextIn(folder);
    await run(
      'LaunchWord.LaunchAndOpen',
      { Path: 'a.docx', ReadProtectionPassword: 'eins', WriteProtectionPassword: 'zwei' },
      context,
    );
    expect(context.secrets).toEqual(['eins', 'zwei']);
  });

  test('SaveWordError', async () => {
    const Instance = await launch();
    const saveAs = (DocumentPath: string, DocumentFormat = 'FromExtension') =>
      errorOf(run('SaveWord.SaveAs', { Instance, DocumentPath, DocumentFormat }));
    expect(await errorOf(run('SaveWord.Save', { Instance }))).toBe(
      'SaveWordError: The new document has no file yet.',
    );
    expect(await errorOf(run('CloseWord.CloseAndSave', { Instance }))).toMatch(/^SaveWordError: /);
    expect(await saveAs('no/a.docx')).toMatch(/^SaveWordError: The folder ".*" does not exist/);
    expect(await saveAs('a.pdf')).toBe(
      'SaveWordError: A document cannot be saved as a file that ends in ".pdf" without Word.',
    );
    for (const format of ['PDF', 'DOC', 'RTF', 'ODT', 'WebPage', 'XPS', 'StrictOpenXMLDocument', 'DOSText']) {
      expect(await saveAs('a.docx', format)).toBe(
        `SaveWordError: A document cannot be saved as ${format} without Word.`,
      );
    }
    await mkdir(join(folder, 'dir.docx'));
    expect(await saveAs('dir.docx')).toMatch(/^SaveWordError: Cannot save document/);
    expect((await readdir(folder)).sort()).toEqual(['dir.docx']);
    await put(
      p(),
      {
        type: 'application/vnd.ms-word.document.macroEnabled.main+xml',
        parts: { 'word/vbaProject.bin': strToU8('x') },
        related: [['vbaProject', 'vbaProject.bin']],
      },
      'm.docm',
    );
    const macros = await open({ Path: 'm.docm' });
    expect(await errorOf(run('SaveWord.SaveAs', { Instance: macros, DocumentPath: 'm.docx' }))).toBe(
      'SaveWordError: "m.docm" has macros, which a file of the format DOCX cannot hold.',
    );
    await run('SaveWord.Save', { Instance: macros });
    expect(Object.keys(await parts('m.docm'))).toContain('word/vbaProject.bin');
  });
});
