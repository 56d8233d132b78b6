// Refactorings by in-text marks: the selection is `«…»` or the caret `<|>`; each offer is shown with the text it makes.
import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../../src/language/edits/edit.ts';
import { refactorings } from '../../../src/language/edits/extract.ts';
import { marked } from '../../server/marked.ts';

function offersOf(source: string): Map<string, string> {
  const { analysis, carets, ranges, text } = marked(source);
  const range = ranges[0] ?? { start: carets[0] as number, end: carets[0] as number };
  return new Map(
    refactorings(analysis.model, range).map(({ title, edits }) => [title, applyEdits(text, edits)]),
  );
}

const input = (name: string, type: string, value: string, optional = 'False') =>
  `@INPUT ${name} : { 'Description': '', 'FriendlyName': '${name}', 'Type': '${type}', 'IsOptional': ${optional}, 'DefaultValue': ${value} } \n`;
const output = (name: string, type = 'String') =>
  `@OUTPUT ${name} : { 'Description': '', 'FriendlyName': '${name}', 'Type': '${type}' } \n`;

describe('extract', () => {
  test('offers a literal at the caret as an input, here or everywhere, and as a variable', () => {
    const source = [
      'LOOP FROM 1 TO 2',
      "    File.Delete Files: $'''C:\\\\t<|>emp'''",
      'END',
      'FUNCTION f a',
      "    SET b TO 'C:\\\\temp'",
      'END FUNCTION',
      '',
    ].join('\n');
    const offers = offersOf(source);
    const text = source.replace('<|>', '');
    const head = input('Files', 'String', "'C:\\\\temp'");
    expect([...offers.keys()]).toEqual([
      'Extract to input “Files”',
      'Extract to input “Files” in all 2 places',
      'Extract to variable “Files”',
    ]);
    expect(offers.get('Extract to input “Files”')).toBe(head + text.replace("$'''C:\\\\temp'''", 'Files'));
    expect(offers.get('Extract to input “Files” in all 2 places')).toBe(
      head + text.replace("$'''C:\\\\temp'''", 'Files').replace("'C:\\\\temp'", 'GLOBAL.Files'),
    );
    expect(offers.get('Extract to variable “Files”')).toBe(
      text
        .replace('    File.Delete', () => "    SET Files TO $'''C:\\\\temp'''\n    File.Delete")
        .replace("Files: $'''C:\\\\temp'''", 'Files: Files'),
    );
  });

  test('chooses a name that nothing else has', () => {
    expect([...offersOf('SET Input TO <|>5\nSET Value TO 1').keys()]).toEqual([
      'Extract to input “InputValue”',
      'Extract to variable “Value2”',
    ]);
    expect([...offersOf('Text.Trim Text: <|>5').keys()][0]).toBe('Extract to input “TextValue”');
  });

  test.each([
    ['SET A TO «-5»', input('InputValue', 'Numeric', '-5')],
    ['SET A TO «True»', input('InputValue', 'Bool', 'True')],
    ["SET A TO «''»", input('InputValue', 'String', "''", 'True')],
  ])('gives the input of %s the type and default of the literal', (source, head) => {
    expect(offersOf(source).get('Extract to input “InputValue”')).toBe(`${head}SET A TO InputValue`);
  });

  test('offers a computed expression as a variable only, above the annotations of its statement', () => {
    const offers = offersOf("@@source: 'x'\nText.Trim Text: A + « B[0].Count » TrimmedText=> C\n");
    expect(offers).toEqual(
      new Map([
        [
          'Extract to variable “TextValue”',
          "SET TextValue TO B[0].Count\n@@source: 'x'\nText.Trim Text: A +  TextValue  TrimmedText=> C\n",
        ],
      ]),
    );
  });

  test('takes a stretch out of a text, and an expression out of an interpolation', () => {
    const part = offersOf("SET A TO $'''C:\\\\«temp»\\\\%B%'''");
    expect(part.get('Extract to input “InputValue”')).toBe(
      `${input('InputValue', 'String', "'temp'")}SET A TO $'''C:\\\\%InputValue%\\\\%B%'''`,
    );
    const inner = offersOf("SET A TO $'''%«Row['x']»%'''");
    expect(inner.get('Extract to variable “Value”')).toBe("SET Value TO Row['x']\nSET A TO $'''%Value%'''");
  });

  test.each([
    ['part of an escape', "SET A TO $'''C:\\«\\x»'''"],
    ['the name of a UI element', "UIAutomation.Click Control: appmask['W<|>indow']['B']"],
    ['the id of a flow', "External.RunFlow FlowId: 'e0b<|>1'"],
    ['a choice', 'A.B Encoding: «File.TextFileEncoding.UTF8»'],
    ['what receives a value', "SET «A['x']» TO B"],
    ['half an expression', 'SET A TO «B +» C'],
    ['an encrypted text', "A.B Text: «P'AQ=='»"],
    ['a head line', "@INPUT X : { 'Ty<|>pe': 'String' }"],
  ])('offers nothing for %s', (_, source) => {
    expect([...offersOf(source).keys()]).toEqual([]);
  });

  test.each([
    ['LOOP WHILE (A) < («10»)\nEND'],
    ['IF A THEN\nELSE IF B = «10» THEN\nEND'],
    ['SWITCH A\nCASE = «10»\nEND'],
    ['CALL f\nON ERROR REPEAT «10» TIMES WAIT 1\nEND'],
  ])('sets no variable above a line where it would not run or not run again: %j', (source) => {
    expect([...offersOf(source).keys()].filter((title) => title.includes('variable'))).toEqual([]);
  });
});

describe('a variable', () => {
  test('becomes an output, an input or sensitive', () => {
    const source = 'SET To<|>tal TO 5\nCALL f\n\nFUNCTION f GLOBAL\n    SET B TO Total\nEND FUNCTION\n';
    const text = source.replace('<|>', '');
    const offers = offersOf(source);
    expect([...offers.keys()]).toEqual([
      'Make “Total” an output',
      'Turn “Total” into an input',
      'Mark “Total” as sensitive',
    ]);
    expect(offers.get('Make “Total” an output')).toMatch(/^@OUTPUT Total : \{ .* \} \nSET Total TO 5\n/);
    expect(offers.get('Turn “Total” into an input')).toBe(
      input('Total', 'Numeric', '5') + text.replace('SET Total TO 5\n', ''),
    );
    expect(offers.get('Mark “Total” as sensitive')).toBe(`@SENSITIVE: [Total]\n${text}`);
  });

  test.each([
    ['it gets its value in a branch', 'IF A THEN\nSET Total TO 5\nEND\nSET B TO To<|>tal'],
    ['it gets another value later', 'SET Total TO 5\nSET To<|>tal TO 6'],
    ['it was read before', 'SET B TO Total\nSET To<|>tal TO 5'],
    ['its value is computed', 'SET To<|>tal TO A + 1'],
  ])('is no input when %s', (_, source) => {
    expect([...offersOf(source).keys()]).not.toContain('Turn “Total” into an input');
  });

  test('that is sensitive, an input or local gets only what fits', () => {
    expect(offersOf("@SENSITIVE: [A]\n@INPUT A : { 'Type': 'String' }\nSET B TO <|>A\n")).toEqual(
      new Map([
        ['Remove the sensitive mark of “A”', "@SENSITIVE: []\n@INPUT A : { 'Type': 'String' }\nSET B TO A\n"],
      ]),
    );
    expect(offersOf('FUNCTION f a\nSET b TO <|>a\nEND FUNCTION')).toEqual(
      new Map([['Mark “a” as sensitive', 'FUNCTION f a\n    @SENSITIVE: [a]\nSET b TO a\nEND FUNCTION']]),
    );
    expect(offersOf('FUNCTION f a\nSET b TO GLOBAL.<|>c\nEND FUNCTION').get('Make “c” an output')).toBe(
      `${output('c')}FUNCTION f a\nSET b TO GLOBAL.c\nEND FUNCTION`,
    );
  });

  test('gets no offer that its name does not allow, and keeps the others', () => {
    expect([...offersOf('SET O<|>N TO 5').keys()]).toEqual(['Mark “ON” as sensitive']);
    const asked = "@INPUT A : { 'FriendlyName': 'Total', 'Type': 'String' }\n";
    expect([...offersOf(`${asked}SET To<|>tal TO 5`).keys()]).toEqual([
      'Make “Total” an output',
      'Mark “Total” as sensitive',
    ]);
    expect([...offersOf(`${asked}Text.Trim Total: <|>5`).keys()][0]).toBe('Extract to input “Total2”');
  });

  test('that is none gets nothing', () => {
    expect(offersOf("UIAutomation.Click Control: app<|>mask['W']").size).toBe(0);
    expect(offersOf('CALL <|>f\nFUNCTION f GLOBAL\nEND FUNCTION').size).toBe(0);
    expect(offersOf('# Tot<|>al').size).toBe(0);
  });
});
