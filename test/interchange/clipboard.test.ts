// Copying for the designer and pasting from it. `«…»` marks the selected lines, `<|>` the caret.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineIndex } from '../../src/base/text.ts';
import { marker, readAttachment } from '../../src/interchange/attachment.ts';
import { copyForDesigner } from '../../src/interchange/copy.ts';
import type { Repositories } from '../../src/interchange/flowLines.ts';
import { pasteFromDesigner } from '../../src/interchange/paste.ts';
import { readElements, readImages } from '../../src/interchange/repository.ts';
import { applyEdits } from '../../src/language/edits/edit.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import { unmarked } from '../server/marked.ts';
import { elementsText, imagesText, screen } from './repositoryTexts.ts';

const nothing: Repositories = { elements: undefined, images: undefined };
const notes = screen('Notes', { elements: [{ name: 'Save' }, { name: 'Open' }] });
const mail = screen('Mail', { elements: [{ name: 'Send' }] });
const both: Repositories = {
  elements: elementsText(notes, mail),
  images: imagesText({ name: 'Logo' }, { name: 'Banner' }),
};

function copy(source: string, repositories: Repositories = nothing) {
  const { text, ranges, carets } = unmarked(source);
  const lines = new LineIndex(text);
  const [range] = ranges;
  return copyForDesigner(
    parse(text),
    range === undefined
      ? { bodyAt: lines.lineOf(carets[0] ?? 0) }
      : { from: lines.lineOf(range.start), to: lines.lineOf(range.end) },
    repositories,
  );
}

function paste(source: string, text: string, repositories: Repositories = nothing) {
  const flow = unmarked(source);
  const result = pasteFromDesigner(parse(flow.text), flow.caret, text, repositories);
  return { ...result, flow: applyEdits(flow.text, result.edits) };
}

/** Names of the screens with their elements, then the images. */
function contents(repositories: Repositories): string[] {
  const { screens } = readElements(repositories.elements ?? '{"Screens":[]}');
  const { images } = readImages(repositories.images ?? '{"Images":[]}');
  return [
    ...screens.map(({ name, elements }) => `${name}: ${elements.map((element) => element.name).join(', ')}`),
    ...images.map(({ name }) => name),
  ];
}

const attachmentOf = (text: string): Repositories => {
  const json = parse(text).attachment?.json;
  return json === undefined ? nothing : readAttachment(json);
};

describe('copying for the designer', () => {
  it('takes whole statements, at the left margin, with CRLF', () => {
    expect(copy("IF A = 1 THEN\n    «SET B TO 1\n    SET C TO $'''two\n  lines'''»\nEND\n").text).toBe(
      "SET B TO 1\r\nSET C TO $'''two\r\n  lines'''\r\n",
    );
  });

  it('takes all of a statement that the selection cuts', () => {
    const whole = 'IF A = 1 THEN\r\n    SET B TO 1\r\nELSE\r\n    SET B TO 2\r\nEND\r\n';
    expect(copy('SET Z TO 0\nIF A = 1 THEN\n    «SET B TO 1\nELSE»\n    SET B TO 2\nEND\n').text).toBe(whole);
    expect(copy('SET Z TO 0\nIF A = 1 THEN\n    SET B TO 1\nELSE\n    SET B TO 2\n«END»\n').text).toBe(whole);
  });

  it('keeps an action with the rules for its errors and its description lines', () => {
    const action =
      "@@source: 'Recorder'\r\nFile.Delete Files: A\r\nON ERROR\r\n    SET Failed TO True\r\nEND\r\n";
    expect(copy(`«${action.replaceAll('\r\n', '\n').trimEnd()}»\nSET Z TO 0\n`).text).toBe(action);
    expect(
      copy("@@source: 'Recorder'\nFile.Delete Files: A\n«ON ERROR»\n    SET Failed TO True\nEND\n").text,
    ).toBe(action);
  });

  it('takes comments of the selection along, and nothing but comments when there is nothing else', () => {
    expect(copy('«# why\n\nSET A TO 1\n# after»\nSET B TO 2\n').text).toBe(
      '# why\r\n\r\nSET A TO 1\r\n# after\r\n',
    );
    expect(copy('SET A TO 1\n«# only this»\n').text).toBe('# only this\r\n');
    expect(copy('SET A TO 1\n«\n»\n')).toMatchObject({
      text: '',
      notes: ['There is nothing to copy: select rows of one subflow.'],
    });
  });

  it('takes the body that the caret stands in, without the head of the flow and without FUNCTION', () => {
    const flow = (main: string, sub: string) =>
      `@@Type: 'Local'\n@SENSITIVE: []\n@INPUT In : { 'Type': 'String' }\nSET A TO 1${main}\n\nFUNCTION Sub In, OUTPUT Out\n    @SENSITIVE: [In]\n    SET B TO 1${sub}\nEND FUNCTION\n`;
    expect(copy(flow('<|>', '')).text).toBe('SET A TO 1\r\n');
    expect(copy(flow('', '<|>')).text).toBe('SET B TO 1\r\n');
    expect(
      copy('SET A TO 1<|>\nFUNCTION f GLOBAL\n    SET B TO 1\nEND FUNCTION\nSET C TO 1\n'),
    ).toMatchObject({
      text: 'SET A TO 1\r\nSET C TO 1\r\n',
      lines: [0, 4],
    });
  });

  it('attaches exactly the elements and images in use, in the order of the repository, as they are written', () => {
    const { text, notes: said } = copy(
      "«UIAutomation.Click.Click Element: appmask['Mail']['Send']\nDISABLE UIAutomation.Click.Click Element: appmask['notes']['OPEN']\nIF (UIAutomation.IfImage.Exists Images: [imgrepo['Banner']]) THEN\nEND»\n",
      both,
    );
    expect(said).toEqual([]);
    expect(contents(attachmentOf(text))).toEqual(['Notes: Open', 'Mail: Send', 'Banner']);
    expect(attachmentOf(text).elements).toBe(
      elementsText({ ...notes, Controls: notes.Controls.filter(({ Name }) => Name === 'Open') }, mail),
    );
    expect(text).toContain(`END\r\n\r\n${marker}\r\n\r\n{\r\n  "ControlRepositorySymbols": [`);
    expect(text.endsWith('}\r\n')).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  it('says the machine of the flow as its head does', () => {
    const { text } = copy(
      "@@DisplayName: 'Computador'\n@SENSITIVE: []\nUIAutomation.Click.Click Element: appmask['Mail']<|>\n",
      both,
    );
    expect(text).toContain('"DisplayName": "Computador"');
    expect(contents(attachmentOf(text))).toEqual(['Mail: ']);
  });

  it('names what is in no repository', () => {
    const { text, notes: said } = copy(
      "«UIAutomation.Click.Click Element: appmask['Notes']['Gone']\nUIAutomation.Click.Click Element: appmask['Nowhere']['Gone']»",
      both,
    );
    expect(said).toEqual([
      'Not in the repositories of this flow, and so not in the copied text: the screen “Nowhere”, the UI element “Gone” of “Notes”.',
    ]);
    expect(contents(attachmentOf(text))).toEqual(['Notes: ']);
  });

  it('takes elements from the attachment of a copied text that has no repositories beside it', () => {
    const copied = copy("«UIAutomation.Click.Click Element: appmask['Mail']['Send']»\n", both).text;
    expect(copy(`«${copied}»`).text).toBe(copied);
  });
});

describe('pasting from the designer', () => {
  const rows = "SET A TO 1\r\nIF A = 1 THEN\r\n    SET B TO $'''x\r\n y'''\r\nEND\r\n";

  it.each([
    [
      'on a blank line',
      'SET Z TO 0\n    <|>\nSET Y TO 0\n',
      "SET Z TO 0\n    SET A TO 1\n    IF A = 1 THEN\n        SET B TO $'''x\r\n y'''\n    END\nSET Y TO 0\n",
    ],
    [
      'in front of a row',
      'IF Q THEN\n    <|>SET Y TO 0\nEND\n',
      "IF Q THEN\n    SET A TO 1\n    IF A = 1 THEN\n        SET B TO $'''x\r\n y'''\n    END\n    SET Y TO 0\nEND\n",
    ],
    [
      'behind a row that opens a block',
      'IF Q THEN<|>\nEND\n',
      "IF Q THEN\n    SET A TO 1\n    IF A = 1 THEN\n        SET B TO $'''x\r\n y'''\n    END\nEND\n",
    ],
    [
      'at the end of a text without a line end',
      'SET Z TO 0<|>',
      "SET Z TO 0\r\nSET A TO 1\r\nIF A = 1 THEN\r\n    SET B TO $'''x\r\n y'''\r\nEND",
    ],
    [
      'into an empty document',
      '<|>',
      "SET A TO 1\r\nIF A = 1 THEN\r\n    SET B TO $'''x\r\n y'''\r\nEND\r\n",
    ],
  ])('puts statements %s', (_where, source, expected) => expect(paste(source, rows).flow).toBe(expected));

  it('never tears apart an action and its error rules, a description line, a literal or the head', () => {
    const row = 'SET N TO 1\n';
    expect(paste('File.Delete Files: A<|>\nON ERROR\nEND\nSET Y TO 0\n', row).flow).toBe(
      'File.Delete Files: A\nON ERROR\nEND\nSET N TO 1\nSET Y TO 0\n',
    );
    expect(paste("@@source: 'x'\n<|>File.Delete Files: A\n", row).flow).toBe(
      "SET N TO 1\n@@source: 'x'\nFile.Delete Files: A\n",
    );
    expect(paste("SET A TO $'''x\n<|>y'''\nSET B TO 1\n", row).flow).toBe(
      "SET A TO $'''x\ny'''\nSET N TO 1\nSET B TO 1\n",
    );
    expect(paste("@@Type<|>: 'Local'\n@SENSITIVE: []\nSET B TO 1\n", row).flow).toBe(
      "@@Type: 'Local'\n@SENSITIVE: []\nSET N TO 1\nSET B TO 1\n",
    );
    expect(paste('SWITCH A<|>\n    CASE = 1\nEND\n', row).flow).toBe(
      'SET N TO 1\nSWITCH A\n    CASE = 1\nEND\n',
    );
  });

  it('adds subflows at the end, and gives those another name whose name is taken', () => {
    const pasted = paste(
      'CALL Sub<|>\nFUNCTION Sub GLOBAL\n    SET A TO 1\nEND FUNCTION\n',
      "CALL Sub\r\nFUNCTION Sub GLOBAL\r\n    SET A TO 2\r\n    CALL 'Other one'\r\nEND FUNCTION\r\nFUNCTION 'Other one' GLOBAL\r\nEND FUNCTION\r\n",
    );
    expect(pasted.flow).toBe(
      "CALL Sub\nCALL Sub_2\nFUNCTION Sub GLOBAL\n    SET A TO 1\nEND FUNCTION\nFUNCTION Sub_2 GLOBAL\n    SET A TO 2\n    CALL 'Other one'\nEND FUNCTION\nFUNCTION 'Other one' GLOBAL\nEND FUNCTION\n",
    );
    expect(pasted.notes).toEqual([
      'The subflow “Sub” was renamed to “Sub_2”: there is another one of that name.',
    ]);
    expect(paste(`${pasted.flow}<|>`, 'FUNCTION Sub GLOBAL\r\nSET A TO 1\r\nEND FUNCTION\r\n').flow).toBe(
      pasted.flow,
    );
  });

  const click = "UIAutomation.Click.Click Element: appmask['Notes']['Save']\n";
  const from = (...screens: ReturnType<typeof screen>[]) =>
    copy(`«${click}UIAutomation.Click.Click Element: imgrepo['Logo']»\n`, {
      elements: elementsText(...screens),
      images: imagesText({ name: 'Logo', id: 'other', picture: 'other picture' }),
    }).text;

  it('makes the repositories when there are none', () => {
    const { elements, images } = paste('<|>', from(notes));
    expect(contents({ elements, images })).toEqual(['Notes: Save', 'Logo']);
    expect(elements).toBe(elementsText({ ...notes, Controls: notes.Controls.slice(0, 1) }));
  });

  it('uses again what is there, and changes no character of the files then', () => {
    const {
      flow,
      elements,
      images,
      notes: said,
    } = paste('<|>', from(notes), {
      elements: elementsText(mail, notes),
      images: imagesText({ name: 'Logo', id: 'other' }),
    });
    expect([elements, images, said]).toEqual([undefined, undefined, []]);
    expect(flow).toContain(click.trim());
  });

  it('adds an element to a screen that is there, and touches nothing else', () => {
    const present = elementsText(mail, { ...notes, Controls: notes.Controls.slice(1) });
    const { elements } = paste('<|>', from(notes), { ...nothing, elements: present });
    expect(elements).toBe(
      elementsText(mail, { ...notes, Controls: [...notes.Controls.slice(1), ...notes.Controls.slice(0, 1)] }),
    );
    const onLinux = paste('<|>', from(notes), { ...nothing, elements: present.replaceAll('\r\n', '\n') });
    expect(onLinux.elements).toBe(elements?.replaceAll('\r\n', '\n'));
  });

  it('renames what has the name of something else, in the repository and in the pasted rows', () => {
    const other = screen('Notes', { id: 'another', process: 'other', elements: [{ name: 'Save' }] });
    const {
      flow,
      elements,
      images,
      notes: said,
    } = paste('<|>', from(notes), {
      elements: elementsText(other),
      images: imagesText({ name: 'Logo' }),
    });
    expect(contents({ elements, images })).toEqual(['Notes: Save', 'Notes_2: Save', 'Logo', 'Logo_2']);
    expect(flow).toContain("appmask['Notes_2']['Save']");
    expect(flow).toContain("imgrepo['Logo_2']");
    expect(said).toEqual(['The screen “Notes” is “Notes_2” here.', 'The image “Logo” is “Logo_2” here.']);

    const sameScreen = screen('Notes', { elements: [{ name: 'Save', id: 'another', find: 'Save as…' }] });
    const second = paste('<|>', from(notes), { ...nothing, elements: elementsText(sameScreen) });
    expect(contents({ ...nothing, elements: second.elements })).toEqual(['Notes: Save, Save_2']);
    expect(second.flow).toContain("appmask['Notes']['Save_2']");
  });

  it('follows an element that was renamed here since: its id is the same', () => {
    const renamed = screen("The 'notes'", {
      id: 'id of Notes',
      elements: [{ name: 'Keep', id: 'id of Notes/Save' }],
    });
    const { flow, elements } = paste('<|>', from(notes), { ...nothing, elements: elementsText(renamed) });
    expect(elements).toBeUndefined();
    expect(flow).toContain("appmask['The \\'notes\\'']['Keep']");
  });

  it('takes the rows of a text whose attachment is cut off, and says so', () => {
    const whole = copy("«UIAutomation.Click UIElement: appmask['Notes']['Save']»", both).text;
    for (const cut of [whole.trimEnd().length - 1, whole.indexOf('"Screens') + 40, whole.indexOf('{') + 1]) {
      const { flow, elements, notes: said } = paste('<|>', whole.slice(0, cut));
      expect(flow.trim()).toBe("UIAutomation.Click UIElement: appmask['Notes']['Save']");
      expect(elements === undefined).toBe(cut !== whole.trimEnd().length - 1);
      expect(said).toEqual([expect.stringContaining('cut off')]);
    }
    expect(paste('<|>', `WAIT 1\r\n\r\n${marker}\r\n`).notes).toEqual([]);
  });

  it('leaves a damaged repository alone and says so', () => {
    const { elements, notes: said } = paste('<|>', from(notes), { ...nothing, elements: '{ "Screens": [' });
    expect(elements).toBeUndefined();
    expect(said).toEqual([
      'controlRepo.appmask is damaged, so nothing was added to it. Correct it and paste again.',
    ]);
  });
});

describe('copy and paste', () => {
  const name = fc.constantFrom('Save', "It's", 'a\\b', 'Ünï "q"', 'x%y');
  const plainRows: string[][] = [
    ['SET A TO 1'],
    ["SET B TO $'''one\ntwo'''"],
    ['# comment'],
    ['WAIT 1'],
    ["@@source: 'x'", 'File.Delete Files: A', 'ON ERROR', '    SET A TO 2', 'END'],
  ];
  const block = fc.letrec<{ rows: string[]; row: string[] }>((tie) => ({
    row: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(...plainRows),
      name.map((element) => [
        `UIAutomation.Click.Click Element: appmask['Notes']['${element.replace(/[\\']/g, '\\$&')}']`,
      ]),
      tie('rows').map((rows) => ['IF A = 1 THEN', ...rows.map((row) => `    ${row}`), 'END']),
      tie('rows').map((rows) => [
        'BLOCK ',
        'ON BLOCK ERROR all',
        'END',
        ...rows.map((row) => `    ${row}`),
        'END',
      ]),
    ),
    rows: fc.array(tie('row'), { minLength: 1, maxLength: 4 }).map((rows) => rows.flat()),
  })).rows;

  it('keep the rows and their elements, whatever is copied', () => {
    fc.assert(
      fc.property(block, (rows) => {
        const elements = elementsText(
          mail,
          screen('Notes', {
            elements: ['Save', "It's", 'a\\b', 'Ünï "q"', 'x%y'].map((each) => ({ name: each })),
          }),
        );
        const flow = `${rows.join('\n')}\n`;
        const copied = copyForDesigner(parse(flow), { bodyAt: 0 }, { elements, images: undefined });
        const pasted = pasteFromDesigner(parse(''), 0, copied.text, nothing);
        const again = applyEdits('', pasted.edits);
        const second = copyForDesigner(
          parse(again),
          { bodyAt: 0 },
          { elements: pasted.elements, images: pasted.images },
        );
        expect(copied.notes).toEqual([]);
        expect(again).toBe(flow.replaceAll('\n', '\r\n'));
        expect(second.text).toBe(copied.text);
      }),
      { numRuns: 150 },
    );
  });

  it('of any text neither fail nor lose a row of the flow', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            'IF A THEN',
            'END',
            'ON ERROR',
            'BLOCK',
            'SET A TO 1',
            "SET B TO $'''",
            'FUNCTION f GLOBAL',
            'END FUNCTION',
            '@INPUT A : { }',
            "@@x: 'y'",
            '',
            marker,
            '{"ControlRepositorySymbols":[{"Repository":"{"}]}',
          ),
          { maxLength: 12 },
        ),
        fc.nat(),
        (lines, at) => {
          const text = lines.join('\n');
          const { edits } = pasteFromDesigner(
            parse(text),
            at % (text.length + 1),
            'SET New TO 1\r\n',
            nothing,
          );
          expect(edits.every(({ start, end }) => text.slice(start, end).trim() === '')).toBe(true);
          copyForDesigner(parse(text), { from: at % 12, to: (at % 12) + 2 }, nothing);
          pasteFromDesigner(parse('SET A TO 1\n'), 0, text, nothing);
        },
      ),
    );
  });
});
