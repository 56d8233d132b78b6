// Hover by marks in the text: the caret, and between «» the word that is explained.
import { describe, expect, it } from 'vitest';
import type { MarkupContent } from 'vscode-languageserver';
import type { Surroundings } from '../../../src/language/analysis/surroundings.ts';
import { hoverAt } from '../../../src/server/features/hover.ts';
import { marked } from '../marked.ts';

const surroundings: Surroundings = {
  screens: [{ name: 'Login', elements: ['User'] }],
  images: ['logo'],
  flow: () => ({
    name: 'Send *mail*',
    id: 'x',
    inputs: [
      {
        name: 'To',
        externalName: 'Receiver',
        type: 'Text',
        optional: false,
        sensitive: true,
        description: 'Who',
      },
    ],
    outputs: [],
    runs: [],
  }),
  circle: () => undefined,
};

/** The text of the hover; its range must be the marked one. */
function hover(source: string): string | undefined {
  const { analysis, caret, ranges, text } = marked(source, surroundings);
  const found = hoverAt(analysis, caret);
  if (found === null) return undefined;
  const { start, end } = found.range as NonNullable<typeof found.range>;
  const shown = text.slice(analysis.lines.offset(start), analysis.lines.offset(end));
  const [range] = ranges;
  if (range !== undefined) expect(shown).toBe(text.slice(range.start, range.end));
  return (found.contents as MarkupContent).value;
}

const secret =
  "@SENSITIVE: [P]\n@INPUT P : { 'Description': 'd', 'FriendlyName': 'Pass', 'Type': 'String', 'DefaultValue': 'Zebra-7319' }\n";

describe('hover', () => {
  it.each<[string, string, (string | RegExp)[]]>([
    [
      'an action',
      "«File.Read<|>TextFromFile.ReadText» File: 'x' Content=> C",
      [
        '**Read text from file** · Action',
        /`File` \| File \| \*\*required\*\*/,
        /`Encoding` .* `UTF8`/,
        '`Content` Text',
        '`FileNotFoundError`',
        '[Documentation](https://learn.microsoft.com/',
      ],
    ],
    ['an action this agent lacks', '«AWS.Attach<|>Volume» _', ['This agent cannot carry it out.']],
    [
      'an older id',
      '«Display.Show<|>Message» Title: 1',
      ['An older name of `Display.ShowMessageDialog.ShowMessage`'],
    ],
    [
      'an argument',
      "File.ReadTextFromFile.ReadText «Fi<|>le»: 'x'",
      ['argument `File` of Read text from file', 'required'],
    ],
    [
      'an output',
      'File.ReadTextFromFile.ReadText «Con<|>tent»=> C',
      ['output `Content` of Read text from file'],
    ],
    [
      'a member of an enum',
      'SET A TO «File.TextFile<|>Encoding.UTF8»',
      ['`File.TextFileEncoding.UTF8`', 'DefaultEncoding, **UTF8**, Unicode'],
    ],
    [
      'a variable with its type and where it comes from',
      "SET A TO 'x'\nIF B THEN\nSET A TO 'y'\nEND\nSET C TO «<|>A»",
      [
        '**A** · variable: Text',
        '[line 1](file:///flows/Test.robin#L1): SET',
        '[line 3](file:///flows/Test.robin#L3)',
      ],
    ],
    [
      'an output as a variable',
      'Folder.GetFiles Folder: x Files=> Fs\nSET B TO «<|>Fs»',
      [': List of File', '`Files` of Get files in folder'],
    ],
    [
      'inherited sensitivity',
      `${secret}SET A TO P\nSET B TO A\nSET C TO «B<|>»`,
      ['Sensitive because line 4: SET B ← line 3: SET A ← P is declared sensitive'],
    ],
    [
      'an input',
      `${secret}SET A TO «<|>P»`,
      ['**P** · input of the flow: Text', 'known to callers as Pass', 'sensitive'],
    ],
    [
      'an input where it is declared',
      secret.replace('@INPUT P', '@INPUT «<|>P»'),
      ['input of the flow: Text'],
    ],
    ['a property', "SET A TO 'x'\nSET B TO A.«Len<|>gth»", ['`Length`: Number · property of Text']],
    ['a property in a text', "SET A TO 'x'\nSET B TO $'''%A.«Len<|>gth»%'''", ['property of Text']],
    ['a function', "IF «Cont<|>ains»(A, 'b') THEN\nEND", ['Contains(text, searchFor, [ignoreCase])']],
    [
      'a statement',
      '«LOOP FOR<|>EACH» x IN y\nEND',
      ['**For each** · LOOP FOREACH', 'LOOP FOREACH Item IN List'],
    ],
    ['a clause', 'IF A THEN\n«EL<|>SE»\nEND', ['**Else**']],
    [
      'a subflow with the comment above it',
      '# Adds *all* up.\nFUNCTION F a, OUTPUT b\nEND FUNCTION\nCALL «<|>F» a: 1',
      ['**F** · local subflow', 'Adds \\*all\\* up.', 'Inputs: `a`', 'Outputs: `b`', 'Called once.'],
    ],
    ['a label', 'LABEL A\nGOTO «<|>A»', ['**A** · label', '[line 1]', 'One GOTO jumps to it.']],
    ['a UI element', "SET A TO appmask['Login']['«Us<|>er»']", ['UI element of the screen Login']],
    ['a UI element that is not there', "SET A TO appmask['Login']['«Us<|>r»']", ['not in the repository']],
    ['an image', "SET A TO imgrepo['«lo<|>go»']", ['**logo** · image']],
    ['a called flow', "External.RunFlow FlowId: '«<|>x»'", ['**Send \\*mail\\*** · flow', 'Receiver: Text']],
    [
      'an input of a called flow',
      "External.RunFlow FlowId: 'x' @«<|>To»: 1",
      ['**Receiver** · input `To`', 'required, sensitive', 'Who'],
    ],
    [
      'an error',
      'File.ReadTextFromFile.ReadText File: x\nON ERROR «FileNot<|>FoundError»\nEND',
      ['File not found'],
    ],
    ['a text with escapes', "SET A TO $'''«it\\'s 5<|> %% »'''", ["it's 5 % "]],
    ['a note', "@@«flow<|>name»: 'x'\nExternal.RunFlow FlowId: 'x'", ['**@@flowname**']],
  ])('explains %s', (_, source, expected) => {
    const text = hover(source);
    for (const part of expected)
      expect(text).toMatch(part instanceof RegExp ? part : new RegExp(escaped(part)));
  });

  it.each([
    ['a comment', '# File.<|>Copy'],
    ['a text without escapes', "SET A TO $'''pl<|>ain'''"],
    ['an empty line', 'SET A TO 1\n<|>\n'],
    ['a sign', 'SET A TO 1 <|>+ 2'],
  ])('says nothing about %s', (_, source) => {
    expect(hover(source)).toBeUndefined();
  });

  it('never shows a secret', () => {
    expect(hover(`${secret}SET A TO <|>P`)).not.toContain('Zebra');
    expect(hover(secret.replace('@INPUT P', '@INPUT <|>P'))).not.toContain('Zebra');
    expect(hover("SET A TO P'AQAA<|>NCMnd8'\n")).toMatch(/^🔒 Encrypted text(?!.*AQAA)/);
  });

  it('shows what people wrote as it is, not as Markdown', () => {
    const description = '[click](https://bad.example) `x` <b> | # 1';
    const source = `@INPUT A : { 'Description': '${description}', 'FriendlyName': 'A', 'Type': 'String', 'DefaultValue': 'a|\`b' }\nSET B TO <|>A`;
    const text = hover(source);
    expect(text).toContain('\\[click\\](https\\://bad.example) \\`x\\` \\<b\\> \\| # 1');
    expect(text).toContain('`` "a¦`b" ``');
  });
});

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
