// Files: what is not understood stays byte for byte, what is written is a correct package, and what is wrong with a file is said.
import { access, chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readArchive } from '../../../src/runtime/actions/office/archive.ts';
import { Datatable, FlowDatetime, type Value } from '../../../src/runtime/values.ts';
import { errorOf } from './arguments.ts';
import {
  checkFile,
  excelIn,
  main,
  partsOf,
  sheetXml,
  stylesWith,
  workbookParts,
  writeParts,
  writeWorkbook,
} from './excelWorld.ts';
import { slowClock } from './slowClock.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const folder = temporaryFolder();

// ── A file with everything this agent does not understand ───────────────────────────────────────────────────────

const unknown = {
  'xl/vbaProject.bin': Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 1, 2, 3, 0, 255]),
  'xl/theme/theme1.xml':
    '<?xml version="1.0"?>\n<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" name="x"/>',
  'xl/media/image1.png': Buffer.from('89504e470d0a1a0a', 'hex'),
  'customXml/item1.xml': '<data  attribute = "kept" />',
  'docProps/app.xml':
    '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>',
};

const chart = `<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:chart><c:plotArea><c:ser><c:val><c:numRef><c:f>Data!$A$2:$A$4</c:f></c:numRef></c:val></c:ser></c:plotArea></c:chart></c:chartSpace>`;

/** Two sheets; the first with a drawing, comments and a table, the second untouched by every test. */
const richParts = () =>
  workbookParts({
    macros: true,
    settings: '<workbookPr codeName="ThisWorkbook"/><bookViews><workbookView activeTab="0"/></bookViews>',
    sheets: {
      Data: sheetXml(
        '<sheetPr codeName="S1"/><dimension ref="A1:C4"/><sheetViews><sheetView tabSelected="1" workbookViewId="0"><selection activeCell="B2" sqref="B2:C3"/></sheetView></sheetViews><cols><col min="1" max="2" width="20" customWidth="1"/></cols>',
        '<row r="1" ht="30" customHeight="1" x14ac:dyDescent="0.25" xmlns:x14ac="u"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>' +
          '<row r="2" spans="1:3"><c r="A2" s="1"><v>45322</v></c><c r="B2"><f>A2+1</f><v>45323</v></c><c r="C2" t="str"><f>"x"&amp;1</f><v>x1</v></c></row>' +
          '<row r="3"><c r="A3"><v>2</v></c><c r="B3"><f t="shared" ref="B3:B4" si="0">A3*2</f><v>4</v></c></row>' +
          '<row r="4"><c r="A4"><v>3</v></c><c r="B4"><f t="shared" si="0"/><v>6</v></c></row>',
        '<mergeCells count="1"><mergeCell ref="A6:B7"/></mergeCells><conditionalFormatting sqref="A2:A4"><cfRule type="expression" priority="1"><formula>$A2&gt;1</formula></cfRule></conditionalFormatting><dataValidations count="1"><dataValidation type="list" sqref="C3"><formula1>$A$2:$A$4</formula1></dataValidation></dataValidations><hyperlinks><hyperlink ref="A4" r:id="rId9"/></hyperlinks><drawing r:id="rId1"/>',
      ),
      Other: '<row r="1"><c r="A1"><v>1</v></c><c r="B1"  s="1" ><v>2</v></c></row>',
    },
    strings:
      '<si><t>Name</t></si><si><r><rPr><b/></rPr><t>Bold</t></r><r><t xml:space="preserve"> plain</t></r></si>',
    styles: stylesWith('yyyy-mm-dd'),
    workbook:
      '<definedNames><definedName name="Rate">Data!$A$3</definedName><definedName name="_xlnm.Print_Area" localSheetId="0">Data!$A$1:$C$4</definedName></definedNames><calcPr calcId="191029"/>',
    related: [
      ['vbaProject', 'vbaProject.bin'],
      ['theme', 'theme/theme1.xml'],
      ['calcChain', 'calcChain.xml'],
    ],
    sheetRelated: {
      Data: [
        ['rId1', 'drawing', '../drawings/drawing1.xml'],
        ['rId9', 'hyperlink', 'x'],
      ].map((one) => one as [string, string, string]),
    },
    overrides: [
      ['xl/calcChain.xml', 'application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml'],
      ['xl/charts/chart1.xml', 'application/vnd.openxmlformats-officedocument.drawingml.chart+xml'],
      ['xl/drawings/drawing1.xml', 'application/vnd.openxmlformats-officedocument.drawing+xml'],
    ],
    extra: {
      ...unknown,
      'xl/calcChain.xml': `<calcChain xmlns="${main}"><c r="B2" i="1"/></calcChain>`,
      'xl/charts/chart1.xml': chart,
      'xl/drawings/drawing1.xml':
        '<xdr:wsDr xmlns:xdr="u"><xdr:twoCellAnchor><xdr:from><xdr:col>4</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>5</xdr:row></xdr:from><xdr:to><xdr:col>8</xdr:col><xdr:row>15</xdr:row></xdr:to></xdr:twoCellAnchor></xdr:wsDr>',
    },
  });

async function richFile(): Promise<string> {
  const parts = richParts();
  // The hyperlink leads out of the file.
  parts['xl/worksheets/_rels/sheet1.xml.rels'] = String(parts['xl/worksheets/_rels/sheet1.xml.rels']).replace(
    'Target="x"',
    'Target="https://example.com/?a=1&amp;b" TargetMode="External"',
  );
  parts['[Content_Types].xml'] = String(parts['[Content_Types].xml']).replace(
    '<Default Extension="bin"',
    '<Default Extension="png" ContentType="image/png"/><Default Extension="bin"',
  );
  return await writeParts(join(await folder(), 'rich.xlsm'), parts);
}

describe('a file with parts this agent does not know', () => {
  test('saved without a change has every part byte for byte', async () => {
    const path = await richFile();
    const before = await partsOf(path);
    const excel = excelIn(await folder());
    const book = await excel.open(path);
    expect((await book.all()).rows.length).toBe(4);
    await book.do('SaveExcel.Save');
    const after = await partsOf(path);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, bytes] of before) expect(after.get(name)?.equals(bytes), name).toBe(true);
  });

  test('after a write only the sheet, the texts and the workbook differ; charts, macros, formats and rich texts stay', async () => {
    const path = await richFile();
    const before = await partsOf(path);
    const book = await excelIn(await folder()).open(path);
    await book.write('A3', 7);
    await book.write('C4', 'new text');
    await book.do('CloseExcel.CloseAndSave');
    const after = await checkFile(path);
    const differing = [...before.keys()].filter(
      (name) => after.get(name)?.equals(before.get(name) as Buffer) !== true,
    );
    expect(differing.sort()).toEqual([
      '[Content_Types].xml',
      'xl/_rels/workbook.xml.rels',
      'xl/calcChain.xml',
      'xl/sharedStrings.xml',
      'xl/workbook.xml',
      'xl/worksheets/sheet1.xml',
    ]);
    expect(after.has('xl/calcChain.xml')).toBe(false);
    const sheet = after.get('xl/worksheets/sheet1.xml')?.toString() ?? '';
    // Values that depend on the change are up to date in the file, and Excel is told to compute everything once more.
    expect(sheet).toContain('<c r="B3"><f>A3*2</f><v>14</v></c>');
    expect(sheet).toContain('<c r="B4"><f>A4*2</f><v>6</v></c>');
    expect(sheet).toContain(
      '<row r="1" ht="30" customHeight="1" x14ac:dyDescent="0.25" xmlns:x14ac="u"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>',
    );
    expect(sheet).toContain('<c r="C4" t="s"><v>2</v></c>');
    expect(after.get('xl/workbook.xml')?.toString()).toContain(
      '<calcPr calcId="191029" fullCalcOnLoad="1"/>',
    );
    expect(after.get('xl/sharedStrings.xml')?.toString()).toContain(
      '<r><rPr><b/></rPr><t>Bold</t></r><r><t xml:space="preserve"> plain</t></r></si><si><t>new text</t></si></sst>',
    );
  });

  test('a row put in moves cells, formulas, merged cells, formats, links, pictures and charts', async () => {
    const path = await richFile();
    const book = await excelIn(await folder()).open(path);
    await book.do('InsertRow', { Index: 3 });
    expect(await book.formula('B5')).toBe('=A5*2');
    expect(await book.formula('B2')).toBe('=A2+1');
    await book.do('CloseExcel.CloseAndSave');
    const parts = await checkFile(path);
    const text = (name: string) => parts.get(name)?.toString() ?? '';
    const sheet = text('xl/worksheets/sheet1.xml');
    expect(sheet).toContain('<mergeCell ref="A7:B8"/>');
    expect(sheet).toContain(
      '<conditionalFormatting sqref="A2:A5"><cfRule type="expression" priority="1"><formula>$A2&gt;1</formula>',
    );
    expect(sheet).toContain('sqref="C4"><formula1>$A$2:$A$5</formula1>');
    expect(sheet).toContain('<hyperlink ref="A5" r:id="rId9"/>');
    expect(sheet).toContain('<dimension ref="A1:C5"/>');
    expect(text('xl/charts/chart1.xml')).toContain('<c:f>Data!$A$2:$A$5</c:f>');
    expect(text('xl/drawings/drawing1.xml')).toContain('<xdr:row>6</xdr:row></xdr:from>');
    expect(text('xl/workbook.xml')).toContain('<definedName name="Rate">Data!$A$4</definedName>');
    expect(text('xl/workbook.xml')).toContain('localSheetId="0">Data!$A$1:$C$5<');
    // A new row looks like the one above.
    expect(sheet).toContain('<row r="3"><c r="A3" s="1"/></row>');
  });

  test('a column taken out', async () => {
    const path = await richFile();
    const book = await excelIn(await folder()).open(path);
    await book.do('DeleteColumn', { Column: 'A' });
    expect(await book.formula('A2')).toBe('=#REF!+1');
    expect(await book.read('A2')).toBe('#REF!');
    expect(await book.read('A1')).toBe('Bold plain');
    await book.do('CloseExcel.CloseAndSave');
    const parts = await checkFile(path);
    const sheet = parts.get('xl/worksheets/sheet1.xml')?.toString() ?? '';
    expect(sheet).toContain('<col min="1" max="1" width="20" customWidth="1"/>');
    expect(sheet).toContain('<mergeCell ref="A6:A7"/>');
    expect(sheet).not.toContain('conditionalFormatting');
    expect(parts.get('xl/charts/chart1.xml')?.toString()).toContain('<c:f>Data!#REF!</c:f>');
  });

  test('saved as a workbook without macros has none, and says what it is', async () => {
    const path = await richFile();
    const target = join(await folder(), 'plain.xlsx');
    const book = await excelIn(await folder()).open(path);
    await book.saveAs(target);
    const parts = await checkFile(target);
    expect(parts.has('xl/vbaProject.bin')).toBe(false);
    expect(parts.get('[Content_Types].xml')?.toString()).toContain(
      'PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"',
    );
    expect(parts.get('xl/media/image1.png')).toEqual(unknown['xl/media/image1.png']);
    const again = await excelIn(await folder()).open(target);
    expect(await again.read('B3')).toBe(4);
  });
});

describe('files as other programs write them', () => {
  test('names with a prefix, no texts table, no references, single quotes, inline texts', async () => {
    const path = await writeWorkbook(join(await folder(), 'prefixed.xlsx'), {
      sheets: {
        Data: `<x:worksheet xmlns:x="${main}"><x:sheetData><x:row><x:c t='inlineStr'><x:is><x:t>in &amp; line</x:t></x:is></x:c><x:c><x:v>2</x:v></x:c></x:row><x:row r='5'><x:c r='C5'><x:f>B1*2</x:f></x:c></x:row></x:sheetData></x:worksheet>`,
      },
    });
    const book = await excelIn(await folder()).open(path);
    expect([await book.read('A1'), await book.read('B1'), await book.read('C5')]).toEqual([
      'in & line',
      2,
      4,
    ]);
    await book.write('A2', ' spaced ');
    await book.do('CloseExcel.CloseAndSave');
    const sheet = (await checkFile(path)).get('xl/worksheets/sheet1.xml')?.toString() ?? '';
    expect(sheet).toContain(
      '<x:c r="A2" t="inlineStr"><x:is><x:t xml:space="preserve"> spaced </x:t></x:is></x:c>',
    );
    expect(sheet).toContain('<x:c r="C5"><x:f>B1*2</x:f><x:v>4</x:v></x:c>');
  });

  test('UTF-16 parts', async () => {
    const parts = workbookParts({ sheets: { Täb: '<row r="1"><c r="A1"><v>5</v></c></row>' } });
    for (const name of ['xl/worksheets/sheet1.xml', 'xl/workbook.xml']) {
      const text = String(parts[name]).replace('encoding="UTF-8"', 'encoding="UTF-16"');
      parts[name] = Buffer.from(`\ufeff${text}`, 'utf16le');
    }
    const book = await excelIn(await folder()).open(
      await writeParts(join(await folder(), 'wide.xlsx'), parts),
    );
    expect(await book.read('A1')).toBe(5);
    expect((await book.do('GetAllWorksheets')).Worksheets).toEqual(['Täb']);
  });

  test('all kinds of cells', async () => {
    const path = await writeWorkbook(join(await folder(), 'kinds.xlsx'), {
      strings:
        '<si><t xml:space="preserve"> a_x000D_\nb </t></si><si/><si><t>x</t><rPh sb="0" eb="1"><t>y</t></rPh></si><si><t>_x005F_x0041_</t></si>',
      styles: stylesWith('yyyy-mm-dd', '0.0%', '[h]:mm'),
      sheets: {
        Data: `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c></row><row r="2"><c r="A2" t="b"><v>1</v></c><c r="B2" t="e"><v>#N/A</v></c><c r="C2" t="d"><v>2024-01-31T12:00:00</v></c><c r="D2" s="1"><v>45322.5</v></c></row><row r="3"><c r="A3" s="2"><v>0.125</v></c><c r="B3" s="3"><v>1.5</v></c><c r="C3"><v>1E-3</v></c><c r="D3" s="1"/></row><row r="4" hidden="1"><c r="A4" t="str"><f>"q"</f><v>q</v></c><c r="B4"><v></v></c></row>`,
      },
    });
    const book = await excelIn(await folder()).open(path);
    const typed = await book.all();
    expect(typed.rows).toEqual([
      [' a\r\nb ', '', 'x', '_x0041_'],
      [true, '#N/A', 45322.5, FlowDatetime.of(2024, 1, 31, 12)],
      [0.125, FlowDatetime.of(1900, 1, 1, 12), 0.001, null],
      ['q', null, null, null],
    ]);
    expect((await book.all({ GetCellContentsMode: 'FormattedTextValues' })).rows.slice(1)).toEqual([
      ['TRUE', '#N/A', '45322.5', '2024-01-31'],
      ['12.5%', '36:00', '0.001', ''],
      ['q', '', '', ''],
    ]);
    expect((await book.all({ GetCellContentsMode: 'PlainText' })).rows[1]).toEqual([
      'True',
      '#N/A',
      '45322.5',
      '01/31/2024 12:00:00',
    ]);
    expect((await book.all({ ReadAsText: true })).rows[2]?.[0]).toBe('0.125');
  });

  test('the date system of 1904', async () => {
    const path = await writeWorkbook(join(await folder(), 'mac.xlsx'), {
      settings: '<workbookPr date1904="1"/>',
      styles: stylesWith('yyyy-mm-dd'),
      sheets: { Data: '<row r="1"><c r="A1" s="1"><v>43860</v></c></row>' },
    });
    const book = await excelIn(await folder()).open(path);
    expect(await book.read('A1')).toEqual(FlowDatetime.of(2024, 1, 31));
    expect(await book.read('A1', 'FormattedTextValues')).toBe('2024-01-31');
    await book.write('A2', FlowDatetime.of(2024, 1, 31, 6));
    await book.write('A3', '=YEAR(A1)&"-"&TEXT(A2,"m/d h")');
    expect(await book.read('A2')).toEqual(FlowDatetime.of(2024, 1, 31, 6));
    expect(await book.read('A3')).toBe('2024-1/31 6');
  });

  test('old values are shown until a cell they depend on is changed, on whichever sheet', async () => {
    const path = await writeWorkbook(join(await folder(), 'cached.xlsx'), {
      workbook: '<definedNames><definedName name="Base">Data!$A$1</definedName></definedNames>',
      sheets: {
        Data: '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>A1*100</f><v>999</v></c><c r="C1"><f>CUBEVALUE(A9)</f><v>5</v></c></row><row r="2"><c r="A2"><f t="array" ref="A2:B2">A1:B1+1</f><v>2</v></c><c r="B2"><v>1000</v></c></row>',
        Sum: '<row r="1"><c r="A1"><f>SUM(Data!A1:B1)+Base</f><v>1000</v></c><c r="A2"/></row>'.replace(
          '<c r="A2"/>',
          '',
        ),
      },
    });
    const book = await excelIn(await folder()).open(path);
    expect([await book.read('B1'), await book.read('C1'), await book.read('B2')]).toEqual([999, 5, 1000]);
    await book.write('A1', 2);
    expect([
      await book.read('B1'),
      await book.read('C1'),
      await book.read('A2'),
      await book.read('B2'),
    ]).toEqual([200, 5, 3, 201]);
    await book.do('SetActiveWorksheet.ActivateWorksheetByName', { Name: 'SUM' });
    expect(await book.read('A1')).toBe(204);
    await book.do('CloseExcel.CloseAndSave');
    const parts = await checkFile(path);
    expect(parts.get('xl/worksheets/sheet2.xml')?.toString()).toContain('<v>204</v>');
    expect(parts.get('xl/worksheets/sheet1.xml')?.toString()).toContain(
      '<f t="array" ref="A2:B2">A1:B1+1</f><v>3</v></c><c r="B2"><v>201</v>',
    );
    // What could not be computed, but did not have to be, keeps its value.
    expect(parts.get('xl/worksheets/sheet1.xml')?.toString()).toContain('<f>CUBEVALUE(A9)</f><v>5</v>');
  });

  test('a value that cannot be computed is left out of the file', async () => {
    const path = await writeWorkbook(join(await folder(), 'stale.xlsx'), {
      sheets: { Data: '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>CUBEVALUE(A1)</f><v>5</v></c></row>' },
    });
    const book = await excelIn(await folder()).open(path);
    await book.write('A1', 2);
    expect(await errorOf(book.read('B1'))).toContain('CUBEVALUE');
    await book.do('CloseExcel.CloseAndSave');
    expect((await checkFile(path)).get('xl/worksheets/sheet1.xml')?.toString()).toContain(
      '<c r="B1"><f>CUBEVALUE(A1)</f></c>',
    );
  });
});

describe('formulas of programs that do not compute', () => {
  const cells =
    '<row r="1"><c r="A1"><v>2</v></c><c r="B1"><f>A1*3</f><v/></c><c r="C1"><f>B1&amp;"x"</f><v></v></c><c r="D1" t="str"><f>""</f><v></v></c></row>';

  test('a value that is empty in the file is computed', async () => {
    const path = await writeWorkbook(join(await folder(), 'book.xlsx'), { sheets: { Data: cells } });
    const book = await excelIn(await folder()).open(path);
    expect((await book.all()).rows).toEqual([[2, 6, '6x', '']]);
  });

  test('what the file asks to compute when it is opened is computed; what cannot be keeps its value', async () => {
    const path = await writeWorkbook(join(await folder(), 'book.xlsx'), {
      sheets: {
        Data:
          '<row r="1"><c r="A1"><v>2</v></c><c r="B1"><f>A1*3</f><v>0</v></c><c r="C1"><f>NOSUCH(A1)</f><v>9</v></c><c r="D1"><f>C1+B1</f><v>0</v></c></row>' +
          '<row r="2"><c r="A2"><v>3</v></c><c r="B2"><f t="array" ref="B2:C2">A1:A2</f><v>0</v></c><c r="C2"><v>0</v></c></row>',
      },
      workbook: '<calcPr calcId="124519" fullCalcOnLoad="1"/>',
    });
    const book = await excelIn(await folder()).open(path);
    expect((await book.all()).rows).toEqual([
      [2, 6, 9, 15],
      [3, 2, 2, null],
    ]);
    await book.write('A1', 5);
    expect(await book.read('B1')).toBe(15);
    expect(await errorOf(book.read('C1'))).toContain('cannot be computed here');
  });
});

describe('what is wrong with a file', () => {
  const opening = async (name: string, content: string | Buffer): Promise<string> => {
    const place = await folder();
    await writeFile(join(place, name), content);
    return await errorOf(excelIn(place).open(name));
  };
  const openingParts = async (change: (parts: Record<string, string | Buffer>) => void): Promise<string> => {
    const parts = workbookParts({
      sheets: { Data: '<row r="1"><c r="A1"><v>1</v></c></row>' },
      strings: '<si><t>a</t></si>',
    });
    change(parts);
    const place = await folder();
    await writeParts(join(place, 'book.xlsx'), parts);
    const excel = excelIn(place);
    return await errorOf(excel.open('book.xlsx').then((book) => book.all()));
  };

  test('missing, a folder, empty, no workbook', async () => {
    const place = await folder();
    expect(await errorOf(excelIn(place).open('none.xlsx'))).toBe(
      `OpenExcelDocumentError: The file "${join(place, 'none.xlsx')}" does not exist.`,
    );
    expect(await errorOf(excelIn(place).open('no/none.xlsx'))).toContain(
      'OpenExcelDocumentError: The folder',
    );
    await mkdir(join(place, 'f.xlsx'));
    expect(await errorOf(excelIn(place).open('f.xlsx'))).toContain('is a folder, not a file');
    expect(await opening('empty.xlsx', '')).toContain('is empty');
    expect(await opening('text.pdf', '%PDF')).toContain('is no workbook');
    expect(await opening('zeros.xlsx', Buffer.alloc(5000))).toContain('is no workbook');
  });

  test('texts and pages under the name of a workbook', async () => {
    expect(await opening('text.xlsx', 'a\tb\n1\t2\n')).toContain('is a text, not a workbook');
    for (const page of ['<html><table/></html>', '\ufeff\n<?xml version="1.0"?><Workbook/>'])
      expect(await opening('page.xls', page)).toContain('is a page of HTML or XML, not a workbook');
  });

  test('older files and encrypted ones are told apart', async () => {
    const container = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(1000)]);
    expect(await opening('old.xls', container)).toContain('is a file of Excel 97-2003 (.xls)');
    expect(
      await opening('secret.xlsx', Buffer.concat([container, Buffer.from('EncryptedPackage', 'utf16le')])),
    ).toContain('is protected by a password');
  });

  test('cut off, changed, or made to fill the memory', async () => {
    const place = await folder();
    const path = await writeWorkbook(join(place, 'book.xlsx'), {
      sheets: { Data: `<row r="1"><c r="A1"><v>${'1'.repeat(300)}</v></c></row>` },
    });
    const bytes = await readFile(path);
    expect(await opening('cut.xlsx', bytes.subarray(0, bytes.length - 30))).toContain('its end is cut off');
    const flipped = Buffer.from(bytes);
    const at = flipped.indexOf('xl/workbook.xml') + 40;
    flipped[at] = (flipped[at] as number) ^ 0xff;
    expect(await opening('flipped.xlsx', flipped)).toMatch(/cannot be unpacked|has changed bytes/);
    expect(
      await openingParts((parts) => (parts['xl/worksheets/sheet1.xml'] = Buffer.alloc(80 * 1024 * 1024))),
    ).toContain('unpacks to more than this agent accepts');
  });

  test('parts that are missing or broken', async () => {
    const text = (parts: Record<string, string | Buffer>, name: string, from: string, to: string) => {
      expect(parts[name]).toContain(from);
      parts[name] = String(parts[name]).replace(from, to);
    };
    const sheet = 'xl/worksheets/sheet1.xml';
    expect(await openingParts((parts) => delete parts['xl/workbook.xml'])).toContain(
      'the part xl/workbook.xml is missing',
    );
    expect(await openingParts((parts) => delete parts[sheet])).toContain('the worksheet "Data" is missing');
    expect(await openingParts((parts) => delete parts['[Content_Types].xml'])).toContain(
      'is a zip file, but no workbook',
    );
    expect(await openingParts((parts) => delete parts['_rels/.rels'])).toContain(
      'does not say which part is the workbook',
    );
    expect(
      await openingParts((parts) => {
        parts['META-INF/manifest.xml'] = '<a/>';
        delete parts['[Content_Types].xml'];
      }),
    ).toContain('OpenDocument');
    expect(
      await openingParts((parts) =>
        text(
          parts,
          '[Content_Types].xml',
          'spreadsheetml.sheet.main+xml',
          'wordprocessingml.document.main+xml',
        ),
      ),
    ).toContain('It is a file of Word, not a workbook.');
    expect(
      await openingParts((parts) =>
        text(
          parts,
          '[Content_Types].xml',
          'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml',
          'application/vnd.ms-excel.sheet.binary.macroEnabled.main',
        ),
      ),
    ).toContain('It is an Excel binary workbook (.xlsb)');
    expect(await openingParts((parts) => text(parts, 'xl/workbook.xml', '</workbook>', ''))).toContain(
      'is no valid XML',
    );
    expect(await openingParts((parts) => text(parts, sheet, '</sheetData>', ''))).toContain('is cut off');
    expect(await openingParts((parts) => text(parts, sheet, '</c>', ''))).toContain(
      'a cell of row 1 never ends',
    );
    expect(await openingParts((parts) => text(parts, sheet, '<v>1</v>', '<v>x</v>'))).toContain(
      'row 1 has a number "x"',
    );
    expect(await openingParts((parts) => text(parts, sheet, '<c r="A1">', '<c r="A1" t="s">'))).toContain(
      'refers to a text that is not there',
    );
    expect(await openingParts((parts) => text(parts, sheet, '<c r="A1">', '<c r="A1" t="zz">'))).toContain(
      'unknown type "zz"',
    );
    expect(
      await openingParts((parts) => text(parts, sheet, '<row r="1">', '<row r="1"/><row r="1">')),
    ).toContain('out of order at row 1');
    expect(await openingParts((parts) => text(parts, sheet, '<row r="1">', '<row r="9999999">'))).toContain(
      'out of order',
    );
    expect(await openingParts((parts) => text(parts, sheet, '</c>', '</c><c r="A1"/>'))).toContain(
      'cells of row 1 are out of order',
    );
    expect(await openingParts((parts) => text(parts, sheet, '<row', '<table/><row'))).toContain(
      'something other than rows',
    );
    expect(await openingParts((parts) => text(parts, 'xl/sharedStrings.xml', '</si>', ''))).toContain(
      'table of its texts is cut off',
    );
    expect(await openingParts((parts) => text(parts, sheet, 'UTF-8', 'Shift_JIS'))).toContain(
      'encoding shift_jis',
    );
    expect(
      await openingParts((parts) => (parts['xl/workbook.xml'] = `<!DOCTYPE x>${parts['xl/workbook.xml']}`)),
    ).toContain('is no valid XML');
  });

  test('the ending does not go with the content', async () => {
    const place = await folder();
    const path = await writeWorkbook(join(place, 'book.xlsx'), { sheets: { Data: '' } });
    await copyFile(path, join(place, 'book.xlsm'));
    expect(await errorOf(excelIn(place).open('book.xlsm'))).toContain(
      'is a .xlsx file with the ending .xlsm',
    );
    await copyFile(path, join(place, 'book.xls'));
    expect(await (await excelIn(place).open('book.xls')).read('A1')).toBeNull();
  });

  test('protected against changes by a password', async () => {
    const path = await writeWorkbook(join(await folder(), 'book.xlsx'), {
      settings:
        '<fileSharing userName="x" algorithmName="SHA-512" hashValue="a" saltValue="b" spinCount="1"/>',
      sheets: { Data: '<row r="1"><c r="A1"><v>1</v></c></row>' },
    });
    const excel = excelIn(await folder());
    expect(await errorOf(excel.open(path))).toContain('protected against changes by a password');
    expect(await (await excel.open(path, { ReadOnly: true })).read('A1')).toBe(1);
  });
});

describe('texts opened as Excel opens them', () => {
  const reading = async (name: string, content: string | Buffer) => {
    const place = await folder();
    await writeFile(join(place, name), content);
    return (await (await excelIn(place).open(name)).all()).rows;
  };

  test('blank lines are rows, and quotes that fit nowhere belong to their field', async () => {
    expect(await reading('a.csv', '\ufeffä,b\r\n\r\n"1,5";007, "x"\r\n"a""b"c,"open\n,d')).toEqual([
      ['ä', 'b'],
      [null, null],
      ['1,5;007', ' "x"'],
      ['a"bc', 'open\n,d'],
    ]);
    expect(await reading('a.txt', 'x\t007\n\ty,z')).toEqual([
      ['x', 7],
      [null, 'y,z'],
    ]);
  });

  test('more than a worksheet holds is refused', async () => {
    const place = await folder();
    const excel = excelIn(place);
    await writeFile(join(place, 'rows.csv'), '\n'.repeat(1_048_577));
    expect(await errorOf(excel.open('rows.csv'))).toContain('more than the 1,048,576 rows');
    await writeFile(join(place, 'columns.csv'), ','.repeat(16_384));
    expect(await errorOf(excel.open('columns.csv'))).toContain('16,384 columns of a worksheet');
  });

  test('a large one is saved as it was read', async () => {
    const place = await folder();
    const lines = Array.from({ length: 30_000 }, (_, row) => `${row},text ${row % 7},"a, b"\r\n`).join('');
    await writeFile(join(place, 'a.csv'), lines);
    const book = await excelIn(place).open('a.csv');
    await book.saveAs('b.csv');
    expect(await readFile(join(place, 'b.csv'), 'utf8')).toBe(lines);
  });
});

describe('a stop in the middle of long work', () => {
  slowClock();
  // Made once: what a stopped action leaves is still a workbook for the next one.
  let book: ReturnType<ReturnType<typeof excelIn>['book']>;
  beforeAll(async () => {
    book = await excelIn(await folder()).blank();
    await book.write(
      'A1',
      Array.from({ length: 2_000 }, (_, row) => [row % 977, `text ${row % 1013}`, `=A${row + 1}*2`]),
    );
  });

  test.each<[string, Readonly<Record<string, Value>>]>([
    ['SortCellsFromExcel.SortWorksheet', { SortParameters: new Datatable(['c', 'd'], [['B', 'desc']]) }],
    ['InsertColumn', { Column: 'A' }],
    ['InsertRow', { Index: 1 }],
    ['RenameWorksheet.RenameWorksheetWithIndex', { Index: 1, NewName: 'Renamed' }],
    ['CopyCellsFromExcel.CopyAllCells', {}],
    ['ClearCellsFromExcel.ClearCells', { StartColumn: 'A', StartRow: 1, EndColumn: 'C', EndRow: 2_000 }],
    [
      'GetEmptyCellFromExcel.GetEmptyCellsAbsoluteRangeAllEmptyCells',
      { StartColumn: 'A', StartRow: 1, EndColumn: 'XFD', EndRow: 2_000 },
    ],
    ['FindAndReplace.FindAndReplaceAll', { TextToFind: 'e', TextToReplaceWith: 'x' }],
    ['SaveExcel.SaveAs', { DocumentPath: 'a.csv' }],
  ])('%s', async (id, given) => {
    const stop = new AbortController();
    const excel = excelIn(await folder(), { signal: stop.signal });
    const work = excel.book(book.instance).do(id, given);
    setTimeout(() => stop.abort(new Error('stopped')), 0);
    await expect(work).rejects.toThrow('stopped');
  });
});

describe('saving', () => {
  test('a workbook without a file, a read-only one, a closed one', async () => {
    const place = await folder();
    const excel = excelIn(place);
    const book = await excel.blank();
    expect(await errorOf(book.do('SaveExcel.Save'))).toContain(
      'SaveExcelDocumentError: The workbook is new and has no file yet.',
    );
    await book.saveAs('a.xlsx');
    await book.do('CloseExcel.Close');
    expect(await errorOf(book.read('A1'))).toBe(
      'ReadCellValuesError: The Excel instance with "a.xlsx" was closed.',
    );
    const locked = await excel.open('a.xlsx', { ReadOnly: true });
    expect(await errorOf(locked.do('SaveExcel.Save'))).toContain('was opened as read-only');
    await locked.do('CloseExcel.CloseAndSaveAs', { DocumentPath: 'b.xlsx' });
    await checkFile(join(place, 'b.xlsx'));
    await chmod(join(place, 'b.xlsx'), 0o444);
    expect(await errorOf((await excel.open('b.xlsx')).do('CloseExcel.CloseAndSave'))).toContain(
      'write-protected',
    );
  });

  test('a place where nothing can be written leaves nothing behind', async () => {
    const place = await folder();
    const excel = excelIn(place);
    const book = await excel.blank();
    expect(await errorOf(book.saveAs('none/a.xlsx'))).toContain('SaveExcelDocumentError: The folder');
    await mkdir(join(place, 'taken.xlsx'));
    expect(await errorOf(book.saveAs('taken.xlsx'))).toContain(
      'SaveExcelDocumentError: Cannot save workbook',
    );
    expect(await readdir(place)).toEqual(['taken.xlsx']);
  });

  test('a stop while a large sheet is written leaves the old file, whole', async () => {
    const place = await folder();
    const stop = new AbortController();
    const excel = excelIn(place, { signal: stop.signal });
    const book = await excel.blank();
    await book.write('A1', 'old');
    await book.saveAs('a.xlsx');
    const before = await readFile(join(place, 'a.xlsx'));
    await book.write(
      'A1',
      new Datatable(
        ['a'],
        Array.from({ length: 50_000 }, (_, row) => [`text ${row}`, row, row / 7]),
      ),
    );
    const saving = book.do('SaveExcel.Save');
    setTimeout(() => stop.abort(new Error('stopped')), 20);
    await expect(saving).rejects.toThrow('stopped');
    expect(await readFile(join(place, 'a.xlsx'))).toEqual(before);
    expect(await readdir(place)).toEqual(['a.xlsx']);
  });

  test('formats by name and by ending', async () => {
    const place = await folder();
    const excel = excelIn(place);
    const book = await excel.blank();
    await book.write('A1', [
      ['a', 'b,c'],
      ['1', '12.5%'],
    ]);
    const as = (DocumentPath: string, DocumentFormat = 'FromExtension') =>
      book.do('SaveExcel.SaveAs', { DocumentPath, DocumentFormat });
    await as('one', 'OpenXmlWorkbook');
    await as('two');
    await as('three 1.5');
    await as('four.xltm');
    await as('five.csv');
    await as('six.txt', 'UnicodeText');
    expect((await readdir(place)).sort()).toEqual([
      'five.csv',
      'four.xltm',
      'one.xlsx',
      'six.txt',
      'three 1.5.xlsx',
      'two.xlsx',
    ]);
    expect(await readFile(join(place, 'five.csv'), 'latin1')).toMatch(/a,"b,c"\r\n1,12\.50%\r\n$/);
    expect((await readFile(join(place, 'six.txt'))).toString('utf16le')).toBe(
      '\ufeffa\tb,c\r\n1\t12.50%\r\n',
    );
    for (const [path, format, message] of [
      ['x.xls', 'FromExtension', 'Workbooks cannot be saved as .xls'],
      ['x.xlsb', 'FromExtension', 'saved as .xlsb'],
      ['x.xls', 'Excel8', 'The document format Excel8 is not supported'],
      ['x.ods', 'OpenDocumentSpreadsheet', 'is not supported'],
      ['x.xlsm', 'OpenXmlWorkbook', 'does not go with the ending of "x.xlsm"'],
    ] as const) {
      expect(await errorOf(as(path, format))).toContain(message);
    }
    expect(await errorOf(book.do('SaveExcel.SaveAs', { DocumentPath: 'x.xml', XmlMapName: 'm' }))).toContain(
      'XML map',
    );
    const csv = await excel.open('five.csv');
    expect((await csv.all()).rows).toEqual([
      ['a', 'b,c'],
      [1, 0.125],
    ]);
    await csv.write('A2', 2);
    await csv.do('CloseExcel.CloseAndSave');
    expect(await readFile(join(place, 'five.csv'), 'latin1')).toMatch(/\r\n2,12\.50%\r\n$/);
  });

  test('what a flow writes is the same file every time', async () => {
    const place = await folder();
    for (const name of ['a.xlsx', 'b.xlsx']) {
      const book = await excelIn(place).blank();
      await book.write('A1', 'same');
      await book.saveAs(name);
    }
    expect(await readFile(join(place, 'a.xlsx'))).toEqual(await readFile(join(place, 'b.xlsx')));
    await access(join(place, 'a.xlsx'));
    expect(readArchive(await readFile(join(place, 'a.xlsx'))).size).toBe(7);
  });
});
