// What the tests of the Excel actions share: files made of parts, a short way to call actions, and strict checks of what was written.
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { expect } from 'vitest';
import { excelActions } from '../../../src/runtime/actions/excel/index.ts';
import {
  type PartContent,
  readArchive,
  unpack,
  writeArchive,
} from '../../../src/runtime/actions/office/archive.ts';
import { parseXml } from '../../../src/runtime/actions/office/xml.ts';
import type { Datatable, InstanceValue, Value } from '../../../src/runtime/values.ts';
import { contextIn, runAction } from './arguments.ts';

export const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const types = 'application/vnd.openxmlformats-officedocument.spreadsheetml.';

/** An Excel world in a folder: `call` runs an action by its id without `Excel.` and gives its outputs. */
export function excelIn(folder: string, options: Parameters<typeof contextIn>[1] = {}) {
  const context = contextIn(folder, options);
  const call = async (
    id: string,
    given: Readonly<Record<string, Value>> = {},
  ): Promise<Record<string, Value>> =>
    ({ ...(await runAction(excelActions, `Excel.${id}`, given, context)).outputs }) as Record<string, Value>;
  const book = (Instance: Value) => ({
    instance: Instance as InstanceValue,
    do: (id: string, given: Readonly<Record<string, Value>> = {}) => call(id, { Instance, ...given }),
    write: async (cell: string, Value: Value) => {
      const [, Column = '', Row = ''] = /^([A-Z]+)(\d+)$/.exec(cell) ?? [];
      await call('WriteToExcel.WriteCell', { Instance, Value, Column, Row: Number(Row) });
    },
    read: async (cell: string, GetCellContentsMode = 'TypedValues') => {
      const [, StartColumn = '', StartRow = ''] = /^([A-Z]+)(\d+)$/.exec(cell) ?? [];
      return (
        await call('ReadFromExcel.ReadCell', {
          Instance,
          StartColumn,
          StartRow: Number(StartRow),
          GetCellContentsMode,
        })
      ).CellValue as Value;
    },
    formula: async (cell: string) => {
      const [, Column = '', Row = ''] = /^([A-Z]+)(\d+)$/.exec(cell) ?? [];
      return (
        await call('ReadCellFormula.ReadFormulaFromCellCoordinates', { Instance, Column, Row: Number(Row) })
      ).CellFormula;
    },
    all: async (given: Readonly<Record<string, Value>> = {}) =>
      (await call('ReadFromExcel.ReadAllCells', { Instance, ...given })).RangeValue as Datatable,
    saveAs: (DocumentPath: string) => call('SaveExcel.SaveAs', { Instance, DocumentPath }),
  });
  return {
    context,
    call,
    blank: async () => book((await call('LaunchExcel.LaunchUnderExistingProcess')).Instance as Value),
    open: async (Path: string, given: Readonly<Record<string, Value>> = {}) =>
      book((await call('LaunchExcel.LaunchAndOpen', { Path, ...given })).Instance as Value),
    book,
  };
}

// ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

export interface WorkbookParts {
  /** Content of `<sheetData>` by sheet name, or the whole document when it starts with `<`… `worksheet`. */
  readonly sheets: Readonly<Record<string, string>>;
  readonly strings?: string;
  readonly styles?: string;
  /** Behind `<sheets>` in the workbook. */
  readonly workbook?: string;
  /** In front of `<sheets>`. */
  readonly settings?: string;
  readonly extra?: Readonly<Record<string, string | Buffer>>;
  /** `[part, content type]` */
  readonly overrides?: readonly (readonly [string, string])[];
  /** Relationships of the workbook besides sheets, styles and texts: `[kind, target]`. */
  readonly related?: readonly (readonly [string, string])[];
  /** Relationships of sheets by name: `[id, kind, target]`. */
  readonly sheetRelated?: Readonly<Record<string, readonly (readonly [string, string, string])[]>>;
  readonly macros?: boolean;
}

const relationships = (list: readonly (readonly [id: string, kind: string, target: string])[]): string =>
  `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${list
    .map(([id, kind, target]) => `<Relationship Id="${id}" Type="${office}/${kind}" Target="${target}"/>`)
    .join('')}</Relationships>`;

/** The parts of a workbook file, by name. */
export function workbookParts(given: WorkbookParts): Record<string, string | Buffer> {
  const names = Object.keys(given.sheets);
  const parts: Record<string, string | Buffer> = {
    '[Content_Types].xml': `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/><Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/><Override PartName="/xl/workbook.xml" ContentType="${given.macros ? 'application/vnd.ms-excel.sheet.macroEnabled.main+xml' : `${types}sheet.main+xml`}"/>${names.map((_, at) => `<Override PartName="/xl/worksheets/sheet${at + 1}.xml" ContentType="${types}worksheet+xml"/>`).join('')}${given.styles ? `<Override PartName="/xl/styles.xml" ContentType="${types}styles+xml"/>` : ''}${given.strings ? `<Override PartName="/xl/sharedStrings.xml" ContentType="${types}sharedStrings+xml"/>` : ''}${(given.overrides ?? []).map(([part, type]) => `<Override PartName="/${part}" ContentType="${type}"/>`).join('')}</Types>`,
    '_rels/.rels': relationships([['rId1', 'officeDocument', 'xl/workbook.xml']]),
    'xl/workbook.xml': `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<workbook xmlns="${main}" xmlns:r="${office}">${given.settings ?? ''}<sheets>${names.map((name, at) => `<sheet name="${name}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`).join('')}</sheets>${given.workbook ?? ''}</workbook>`,
    'xl/_rels/workbook.xml.rels': relationships([
      ...names.map((_, at) => [`rId${at + 1}`, 'worksheet', `worksheets/sheet${at + 1}.xml`] as const),
      ...(given.styles ? [['rId101', 'styles', 'styles.xml'] as const] : []),
      ...(given.strings ? [['rId102', 'sharedStrings', 'sharedStrings.xml'] as const] : []),
      ...(given.related ?? []).map(([kind, target], at) => [`rId${201 + at}`, kind, target] as const),
    ]),
  };
  for (const [at, [name, content]] of Object.entries(given.sheets).entries()) {
    parts[`xl/worksheets/sheet${at + 1}.xml`] = content.includes('worksheet')
      ? content
      : `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<worksheet xmlns="${main}" xmlns:r="${office}"><sheetData>${content}</sheetData></worksheet>`;
    const related = given.sheetRelated?.[name];
    if (related !== undefined) parts[`xl/worksheets/_rels/sheet${at + 1}.xml.rels`] = relationships(related);
  }
  if (given.styles) parts['xl/styles.xml'] = `<styleSheet xmlns="${main}">${given.styles}</styleSheet>`;
  if (given.strings)
    parts['xl/sharedStrings.xml'] = `<sst xmlns="${main}" count="9" uniqueCount="9">${given.strings}</sst>`;
  return { ...parts, ...given.extra };
}

export async function writeParts(
  path: string,
  parts: Readonly<Record<string, PartContent>>,
): Promise<string> {
  await writeArchive(path, Object.entries(parts), new AbortController().signal);
  return path;
}

export async function writeWorkbook(path: string, given: WorkbookParts): Promise<string> {
  return await writeParts(path, workbookParts(given));
}

/** A worksheet with settings in front of and behind its cells. */
export const sheetXml = (before: string, cells: string, after: string): string =>
  `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<worksheet xmlns="${main}" xmlns:r="${office}">${before}<sheetData>${cells}</sheetData>${after}</worksheet>`;

/** Styles with these number formats: style 0 is General, then one per format. */
export const stylesWith = (...formats: readonly string[]): string =>
  `<numFmts count="${formats.length}">${formats.map((code, at) => `<numFmt numFmtId="${164 + at}" formatCode="${code.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"/>`).join('')}</numFmts><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders><cellXfs count="${formats.length + 1}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>${formats.map((_, at) => `<xf numFmtId="${164 + at}" fontId="0" fillId="0" borderId="0" applyNumberFormat="1"/>`).join('')}</cellXfs>`;

/** The unpacked parts of a file. */
export async function partsOf(path: string): Promise<Map<string, Buffer>> {
  const parts = new Map<string, Buffer>();
  for (const [name, part] of readArchive(await readFile(path))) parts.set(name, await unpack(part));
  return parts;
}

/**
 * Checks a written file as strictly as Excel does: every XML part well-formed, every part with a content type, relationships that lead
 * somewhere, rows and cells in order, styles and texts that exist, every shared text once. Returns its parts.
 */
export async function checkFile(path: string): Promise<Map<string, Buffer>> {
  const parts = await partsOf(path);
  const text = (name: string) => (parts.get(name) as Buffer).toString('utf8');
  for (const [name, bytes] of parts) if (/\.(?:xml|rels)$/.test(name)) parseXml(bytes.toString('utf8'));
  const contentTypes = parseXml(text('[Content_Types].xml')).root;
  const overrides = contentTypes.all('Override').map((one) => one.get('PartName') ?? '');
  expect(overrides.filter((name) => !parts.has(name.slice(1)))).toEqual([]);
  expect(new Set(overrides).size).toBe(overrides.length);
  const endings = contentTypes.all('Default').map((one) => one.get('Extension'));
  for (const name of parts.keys()) {
    if (name === '[Content_Types].xml') continue;
    expect(
      overrides.includes(`/${name}`) || endings.includes(name.split('.').at(-1)),
      `${name} has no type`,
    ).toBe(true);
  }
  for (const name of parts.keys()) {
    if (!name.endsWith('.rels')) continue;
    const folder = posix.dirname(posix.dirname(name));
    const ids = new Set<string>();
    for (const one of parseXml(text(name)).root.all('Relationship')) {
      expect(ids.has(one.get('Id') ?? '')).toBe(false);
      ids.add(one.get('Id') ?? '');
      if (one.get('TargetMode') === 'External') continue;
      const target = one.get('Target') ?? '';
      const leads = target.startsWith('/')
        ? target.slice(1)
        : posix.join(folder === '.' ? '' : folder, target);
      expect(parts.has(leads), `${name} leads to ${leads}`).toBe(true);
    }
  }
  const strings = parts.has('xl/sharedStrings.xml') ? parseXml(text('xl/sharedStrings.xml')).root : undefined;
  const items = strings?.all('si') ?? [];
  const plain = items.filter((one) => one.child('r') === undefined).map((one) => one.child('t')?.text);
  expect(new Set(plain).size).toBe(plain.length);
  if (strings?.get('uniqueCount') !== undefined && strings.get('count') === undefined)
    expect(Number(strings.get('uniqueCount'))).toBe(items.length);
  const formats = parts.has('xl/styles.xml')
    ? (parseXml(text('xl/styles.xml')).root.child('cellXfs')?.all('xf').length ?? 0)
    : 1;
  for (const name of parts.keys()) {
    if (!/worksheets\/[^/]+\.xml$/.test(name)) continue;
    let lastRow = 0;
    for (const row of parseXml(text(name)).root.child('sheetData')?.all('row') ?? []) {
      expect(Number(row.get('r'))).toBeGreaterThan(lastRow);
      lastRow = Number(row.get('r'));
      let lastColumn = 0;
      for (const cell of row.all('c')) {
        const [, letters = '', digits = ''] = /^([A-Z]+)(\d+)$/.exec(cell.get('r') ?? '') ?? [];
        expect(Number(digits)).toBe(lastRow);
        const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
        expect(column).toBeGreaterThan(lastColumn);
        lastColumn = column;
        expect(Number(cell.get('s') ?? 0)).toBeLessThan(Math.max(formats, 1));
        if (cell.get('t') === 's') expect(items[Number(cell.child('v')?.text)]).toBeDefined();
      }
    }
  }
  return parts;
}
