// References of everything that has a name, within one file and across files.
import { describe, expect, it } from 'vitest';
import { rangeOf } from '../../../src/server/features/range.ts';
import { referencesAt } from '../../../src/server/features/references.ts';
import { analysed, marked, unmarked } from '../marked.ts';
import { folder, otherFiles } from './otherFiles.ts';

const alone = otherFiles({});

describe('references in one flow', () => {
  it.each([
    [
      'a variable',
      'SET «A» TO «A<|>»\nFUNCTION f GLOBAL\nSET B TO «A»\nEND FUNCTION\nSET «a»[«A»] TO 1',
      true,
    ],
    ['a variable without its first assignment', 'SET A TO «A<|>»\nSET «A» TO 1', false],
    ['an input without its declaration', "@INPUT A : { 'FriendlyName': 'A' }\nSET «A<|>» TO 1", false],
    ['a subflow', 'CALL «f»\nFUNCTION «<|>f» GLOBAL\nEND FUNCTION', true],
    ['a subflow without its declaration', 'CALL «f»\nFUNCTION <|>f GLOBAL\nEND FUNCTION', false],
    ['a label', "LABEL «x»\nGOTO '«<|>x»'", true],
    ['an action', '«Text.<|>Trim» Text: 1\n«text.trim» Text: 2\nText.Trim.Other Text: 1', true],
    ['a choice', 'A.B L: «Logging.LogLevel.<|>InfoLevel»\nA.B L: [«Logging.LogLevel.InfoLevel»]', true],
  ])('%s', async (_, source, includeDeclaration) => {
    const { analysis, caret, ranges } = marked(source);
    const found = await referencesAt(analysis, caret, includeDeclaration, alone);
    expect(found).toEqual(ranges.map((range) => ({ uri: analysis.uri, range: rangeOf(analysis, range) })));
  });
});

describe('references across files', () => {
  const imports = "IMPORT 'c.appmask' AS appmask\nIMPORT 'i.imgrepo' AS imgrepo\n";
  const here = unmarked(
    `${imports}A.B X: appmask['S<|>']['E<|>'] Y: imgrepo['I<|>']\nExternal.RunFlow FlowId: 'ab<|>'`,
  );
  const files = otherFiles(
    {
      'Here.robin': here.text,
      'There.robin': `${imports}A.B X: appmask['S']['E'] Y: imgrepo['I'] Z: appmask['T']['E']\nExternal.RunFlow FlowId: 'AB'\nExternal.RunFlow FlowId: 'cd'`,
      'Stranger.robin': "IMPORT 'other.appmask' AS appmask\nA.B X: appmask['S']['E']",
      'Called.robin': '',
      'c.appmask': '{"Screens":[{"Name":"S","Controls":[{"Name":"E"}]}]}',
      'i.imgrepo': '{"Images":[{"Name":"I"}]}',
    },
    { Called: 'ab' },
  );

  it.each([
    ['a screen', 0, ['Here.robin:2', 'There.robin:2'], ['c.appmask:0']],
    ['a UI element', 1, ['Here.robin:2', 'There.robin:2'], ['c.appmask:0']],
    ['an image', 2, ['Here.robin:2', 'There.robin:2'], ['i.imgrepo:0']],
    ['a called flow', 3, ['Here.robin:3', 'There.robin:3'], []],
  ])('%s', async (_, caret, uses, declarations) => {
    const analysis = analysed(here.text, undefined, `${folder}Here.robin`);
    const found = async (includeDeclaration: boolean) =>
      (await referencesAt(analysis, here.carets[caret] as number, includeDeclaration, files)).map(
        ({ uri, range }) => `${uri.slice(folder.length)}:${range.start.line}`,
      );
    expect(await found(false)).toEqual(uses);
    expect(await found(true)).toEqual([...uses, ...declarations]);
  });
});
