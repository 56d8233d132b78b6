// What the editor gets when it copies for the designer, pastes from it, and handles solutions. The texts themselves: test/interchange.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeZip } from '../../../src/interchange/zip.ts';
import { compare, copied, pack, pasted, unpack } from '../../../src/server/features/interchange.ts';
import { elementsText, screen } from '../../interchange/repositoryTexts.ts';
import { solutionParts } from '../../interchange/solutionParts.ts';
import { marked } from '../marked.ts';

const elements = elementsText(screen('Window', { elements: [{ name: 'Save' }] }));
const uris = { elements: 'file:///flows/controlRepo.appmask', images: 'file:///flows/imageRepo.imgrepo' };
const click = "UIAutomation.Click.Click Element: appmask['Window']['Save']";

describe('copy for the designer', () => {
  it('takes the lines asked for, or the body of a line, or Main', () => {
    const { analysis } = marked(
      'SET A TO 1\nSET B TO 2\nFUNCTION Sub GLOBAL\n    SET C TO 3\nEND FUNCTION\n',
    );
    const text = (params: Parameters<typeof copied>[1]) =>
      copied(analysis, params, { elements: undefined, images: undefined }).text;
    expect(text({ lines: { from: 1, to: 1 } })).toBe('SET B TO 2\r\n');
    expect(text({ line: 3 })).toBe('SET C TO 3\r\n');
    expect(text({})).toBe('SET A TO 1\r\nSET B TO 2\r\n');
  });

  it('names the line of the document at which the designer would drop the paste', () => {
    const { analysis } = marked(
      "SET A TO %x%\nIF A = 1 THEN\n    SET B TO $'''\ntwo'''\n    SET C TO %y%\nEND\n",
    );
    const result = copied(
      analysis,
      { lines: { from: 2, to: 4 } },
      { elements: undefined, images: undefined },
    );
    expect(result.rejected.map(({ code, line }) => [code, line])).toEqual([['BarePercent', 4]]);
  });
});

describe('paste from the designer', () => {
  const text = copied(marked(`${click}\n`).analysis, {}, { elements, images: undefined }).text;

  it('answers with the edits of the flow and the new repository files', () => {
    const { analysis } = marked('IF A = 1 THEN\n\nEND\n');
    const nothing = { elements: undefined, images: undefined };
    const result = pasted(analysis, { position: { line: 1, character: 0 }, text }, { ...nothing, uris });
    expect(result.edits).toEqual([
      {
        range: { start: { line: 1, character: 0 }, end: { line: 1, character: 0 } },
        newText: `    ${click}`,
      },
    ]);
    expect(result.files).toEqual([{ uri: uris.elements, text: elements }]);
    expect(result.notes).toEqual([]);
    expect(
      pasted(analysis, { position: { line: 1, character: 0 }, text }, { elements, images: undefined, uris })
        .files,
    ).toEqual([]);
  });

  it('says that a document that is no file has no place for UI elements', () => {
    const { analysis } = marked('');
    const result = pasted(
      analysis,
      { position: { line: 0, character: 0 }, text },
      { elements: undefined, images: undefined, uris: undefined },
    );
    expect(result.files).toEqual([]);
    expect(result.notes).toEqual([expect.stringContaining('Save the flow and paste again.')]);
  });
});

describe('solutions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'solutions-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const archive = join(folder, 'a.zip');
  const bytes = writeZip(
    solutionParts({ id: 'aaaaaaaa-0000-0000-0000-000000000001', name: 'Invoices', text: 'SET A TO 1\r\n' }),
  );

  it('become a folder and an archive again; only an edited flow is named', () => {
    writeFileSync(archive, bytes);
    const work = join(folder, 'work');
    const flow = join(work, 'Invoices', 'Invoices.robin');
    expect(unpack({ archive, folder: work })).toEqual({
      flows: [{ name: 'Invoices', path: flow }],
      notes: [],
    });
    expect(pack({ folder: work, archive: join(folder, 'b.zip') })).toEqual({ changed: [], notes: [] });
    expect(new Uint8Array(readFileSync(join(folder, 'b.zip')))).toEqual(bytes);
    writeFileSync(flow, 'SET A TO 2\r\n');
    expect(pack({ folder: work, archive: join(folder, 'b.zip') }).changed).toEqual(['Invoices']);
    expect(() => unpack({ archive, folder: work })).toThrow(`${work} is not empty.`);
  });

  it('leave what was there when a file cannot be written or read', () => {
    const target = join(folder, 'taken.zip');
    mkdirSync(target);
    expect(() => pack({ folder: join(folder, 'work'), archive: target })).toThrow(
      `${target} cannot be written`,
    );
    expect(existsSync(`${target}.new`)).toBe(false);
    expect(() => unpack({ archive: join(folder, 'absent.zip'), folder: join(folder, 'new') })).toThrow(
      'cannot be read (ENOENT)',
    );
    expect(existsSync(join(folder, 'new'))).toBe(false);
    const archive = join(folder, 'a.zip');
    expect(() => unpack({ archive, folder: archive })).toThrow(`${archive} is a file, not a folder.`);
  });
});

it('compares two texts of a flow', () => {
  expect(compare({ before: 'SET A TO 1', after: 'set a to 2' })).toEqual({
    changes: ['~ Main line 1: SET A TO 1 → set a to 2'],
  });
});
