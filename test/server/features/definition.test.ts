// Go to definition and declaration of everything that has a name; the places are marked in the texts.
import { describe, expect, it } from 'vitest';
import { declarationsAt, definitionsAt } from '../../../src/server/features/definition.ts';
import type { OtherFiles } from '../../../src/server/features/otherFiles.ts';
import { rangeOf } from '../../../src/server/features/range.ts';
import { analysed, marked, unmarked } from '../marked.ts';
import { folder, otherFiles } from './otherFiles.ts';

const alone = otherFiles({});

/** The range around `<|>` is the name under the caret; all others are where it leads to, in this order. */
async function expectTargets(source: string, find = definitionsAt) {
  const { analysis, caret, ranges } = marked(source);
  const origin = ranges.find(({ start, end }) => start <= caret && caret <= end);
  const targets = ranges.filter((range) => range !== origin);
  const links = await find(analysis, caret, alone);
  expect(links.map(({ targetSelectionRange }) => targetSelectionRange)).toEqual(
    targets.map((target) => rangeOf(analysis, target)),
  );
  for (const link of links) {
    expect(link.targetUri).toBe(analysis.uri);
    expect(link.originSelectionRange).toEqual(origin && rangeOf(analysis, origin));
  }
}

describe('go to definition', () => {
  it.each([
    ['a variable', 'SET «Total» TO 2\nSET B TO «<|>Total» + 1'],
    ['an input', "@INPUT «File» : { 'Description': '', 'FriendlyName': 'File' }\nSET B TO «Fi<|>le»"],
    ['an interpolated variable', "SET «Total» TO 2\nSET B TO $'''is %«To<|>tal»%!'''"],
    ['a variable of another letter case', 'SET «Total» TO 2\nSET B TO «TOTAL<|>»'],
    ['an output', 'Text.Trim Text: 1 TrimmedText=> «Short»\nSET B TO «Sho<|>rt».Length'],
    ['a loop variable', 'LOOP FOREACH «Item» IN All\n  SET B TO «<|>Item»\nEND'],
    [
      'a shared variable from a local subflow',
      'SET «A» TO 1\nFUNCTION f A\nSET A TO GLOBAL.«<|>A»\nEND FUNCTION',
    ],
    ['an input of a local subflow', 'SET A TO 1\nFUNCTION f «A»\nSET B TO «<|>A»\nEND FUNCTION'],
    ['a subflow', "CALL '«Get <|>All»'\nFUNCTION '«Get All»' GLOBAL\nEND FUNCTION"],
    ['an argument of a subflow', 'CALL Add «first<|>»: 1\nFUNCTION Add «first», OUTPUT sum\nEND FUNCTION'],
    ['an output of a subflow', 'CALL Add «su<|>m»=> T\nFUNCTION Add first, OUTPUT «sum»\nEND FUNCTION'],
    ['a label', "GOTO '«<|>Exit»'\nLABEL '«Exit»'\nFUNCTION f GLOBAL\nLABEL 'Exit'\nEND FUNCTION"],
    [
      'a custom error',
      "BLOCK\nON BLOCK ERROR '«E 1»' IsUserDefinedErrorCode: True\nEND\nFlowControl.ThrowCustomError CustomErrorCode: $'''«E<|> 1»''' CustomErrorMessage: $'''no'''\nEND",
    ],
    ['a word in Power Fx', 'SET «Total» TO 1\nSET B TO $fx\'="Total" & «<|>Total».Total\''],
    ['an assignment leads to the first one', 'SET «Total» TO 1\nSET «To<|>tal» TO 2'],
    ['a keyword leads nowhere', 'S<|>ET A TO 1'],
    ['an action leads nowhere', 'Text.Tr<|>im Text: A'],
    ['a text leads nowhere', "SET A TO 1\nSET B TO $'''A<|>'''"],
  ])('%s', (_, source) => expectTargets(source));

  it('the declaration of a variable is not its producer', () =>
    expectTargets("@INPUT «A» : { 'FriendlyName': 'A' }\nSET A TO 2\nSET B TO «A<|>»", declarationsAt));

  it('shows the whole subflow that a call leads to', async () => {
    const { analysis, caret, ranges } = marked('CALL <|>f\n«FUNCTION f GLOBAL\nEND FUNCTION»');
    const [link] = await definitionsAt(analysis, caret, alone);
    expect(link?.targetRange).toEqual(ranges[0] && rangeOf(analysis, ranges[0]));
  });
});

describe('go to definition in other files', () => {
  const elements =
    '{"Screens":[{"Controls":[{"Name":"Other"},{"Name":"Button \\"OK\\""}],"Name":"Window"}],"Version":1}';
  const images = '{"Folders":[{"Images":[{"Name":"Logo"}]}],"Images":[]}';
  const imports = "IMPORT 'c.appmask' AS appmask\nIMPORT 'i.imgrepo' AS imgrepo\n";
  const called = "@INPUT Where : { 'FriendlyName': 'Folder' }\n@OUTPUT Folder : { 'FriendlyName': 'Sum' }\n";

  const use = `${imports}UIAutomation.Click.Click UiElement: appmask['<|>Window']['But<|>ton "OK"']
IF (Image.IfImage.Exists Images: [imgrepo['Lo<|>go']]) THEN
END
@@flowname: 'Pay inv<|>oice'
External.RunFlow FlowId: 'AB-<|>12' @Fol<|>der: 1 @Su<|>m=> Total
`;
  const { text, carets } = unmarked(use);
  const files = otherFiles(
    { 'Main.robin': text, 'c.appmask': elements, 'i.imgrepo': images, 'Pay invoice.robin': called },
    { 'Pay invoice': 'ab-12' },
  );

  /** File name and text under the range of the only target. */
  async function leadsTo(caret: number | undefined, project: OtherFiles = files) {
    const links = await definitionsAt(
      analysed(text, undefined, `${folder}Main.robin`),
      caret as number,
      project,
    );
    return Promise.all(
      links.map(async ({ targetUri, targetSelectionRange: { start, end } }) => {
        const target = (await project.text(targetUri)) ?? '';
        return [
          targetUri.slice(folder.length),
          target.split('\n')[start.line]?.slice(start.character, end.character),
        ];
      }),
    );
  }

  it.each([
    ['a screen', 0, ['c.appmask', 'Window']],
    ['a UI element', 1, ['c.appmask', 'Button \\"OK\\"']],
    ['an image', 2, ['i.imgrepo', 'Logo']],
    ['the name of a called flow', 3, ['Pay invoice.robin', '']],
    ['the id of a called flow', 4, ['Pay invoice.robin', '']],
    ['an input of a called flow, by its external name', 5, ['Pay invoice.robin', 'Where']],
    ['an output of a called flow', 6, ['Pay invoice.robin', 'Folder']],
  ])('%s', async (_, caret, target) => {
    expect(await leadsTo(carets[caret])).toEqual([target]);
  });

  it('finds nothing when the files are not there', async () => {
    expect(await leadsTo(carets[1], otherFiles({ 'Main.robin': text }))).toEqual([]);
    expect(await leadsTo(carets[4], otherFiles({ 'Main.robin': text }))).toEqual([]);
  });

  it('finds a UI element in the attachment of the same text', async () => {
    const json = JSON.stringify({
      ControlRepositorySymbols: [
        { IgnoreImagesOnSerialization: false, Repository: elements, Name: 'appmask' },
      ],
    });
    const source = `Click.Click UiElement: appmask['Window']['Button "OK<|>"']\n\n# [ControlRepository][PowerAutomateDesktop]\n\n${json}`;
    const { analysis, caret } = marked(source);
    const [link] = await definitionsAt(analysis, caret, alone);
    const { start, end } = link?.targetSelectionRange ?? rangeOf(analysis, { start: 0, end: 0 });
    expect(analysis.text.slice(analysis.lines.offset(start), analysis.lines.offset(end))).toBe(
      'Button \\\\\\"OK\\\\\\"',
    );
  });
});
