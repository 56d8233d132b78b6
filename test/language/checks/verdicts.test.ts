// What the designer does with a few pasted lines: takes them, takes them with errors in the rows, or drops them all.
import { describe, expect, test } from 'vitest';
import { check } from '../../../src/language/checks/check.ts';
import { verdictOf } from '../../../src/language/diagnostics.ts';
import { firstUnobservedWord, reservedWords } from '../../../src/language/syntax/keywords.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

const verdict = (text: string) => verdictOf(check(parse(text)));

/** Words that the designer refuses as names. */
const refused = reservedWords.slice(0, firstUnobservedWord);

describe.each(refused)('the reserved word %s', (word) => {
  const spelled = word[0] + word.slice(1).toLowerCase();
  const object = `SET O TO { '${spelled}': 1 }\n`;

  test.each([
    ['as a variable', `SET ${spelled} TO 1\n`],
    ['in any letter case', `SET ${word.toLowerCase()} TO 1\n`],
    ...(word === 'TRUE' || word === 'FALSE' ? [] : [['as a value', `SET A TO [${spelled}]\n`]]),
    ['as an output', `Text.ToNumber Text: '1' Number=> ${spelled}\n`],
    ['as a loop variable', `LOOP FOREACH ${spelled} IN [1]\nEND\n`],
    ['as an index variable', `LOOP ${spelled} FROM 1 TO 2\nEND\n`],
    ['behind a dot', `${object}SET A TO O.${spelled}\n`],
    ['behind a dot in a text', `${object}SET A TO $'''%O.${spelled}%'''\n`],
    ['as a property that is set', `${object}SET O.${spelled} TO 2\n`],
    ['as a label without quotes', `LABEL ${spelled}\n`],
  ])('%s drops the paste', (_, text) => {
    expect(verdict(text)).toBe('rejected');
  });

  test.each([
    ['as a key', object],
    ['in brackets', `${object}SET A TO O['${spelled}']\n`],
    ['as a label in quotes', `LABEL '${spelled}'\nGOTO '${spelled}'\n`],
    ['in a text', `SET A TO $'''${spelled}'''\n`],
    ['in a comment', `# ${spelled}\n`],
    ['as a part of a name', `SET ${spelled}1 TO 1\n`],
  ])('%s is fine', (_, text) => {
    expect(verdict(text)).toBe('clean');
  });
});

const families: Readonly<
  Record<string, Readonly<Record<'clean' | 'errors' | 'rejected', readonly string[]>>>
> = {
  'percent signs': {
    clean: [
      "SET A TO $'''%1 + 1%'''",
      "SET A TO $'''100%% sure'''",
      "SET A TO $'''%'%'%'''",
      "SET A TO $'''%''%'''",
      "SET A TO $'''a\\%b'''",
      "SET N TO 1\nSET A TO $'''%N%%N%'''",
      "SET N TO 1\nSET A TO $'''%N%%%'''",
      "SET A TO '100%'",
    ],
    errors: ["SET A TO $'''10%of% it'''", "SET A TO $'''%TEMP%\\\\a'''"],
    rejected: [
      'SET N TO 1\nSET A TO %N%',
      'SET N TO 1\nIF %N% > 1 THEN\nEND',
      'SET N TO 1\nWAIT %N%',
      'SET N TO 1\nLOOP i FROM 1 TO %N%\nEND',
      "Text.Trim Text: %'a'%",
      "Text.ToNumber Text: '1' Number=> %N%",
      'SET A TO 7 % 2',
      "SET A TO $'''100% sure'''",
      "SET A TO $'''%'''",
      "SET A TO $'''100%%%'''",
      "SET N TO 1\nSET A TO $'''C:\\%N%'''",
    ],
  },
  'quotes and backslashes': {
    clean: [
      "SET A TO $'''it\\'s \\\"so\\\"'''",
      "SET A TO $'''a \"b\"'''",
      "SET A TO $'''C:\\\\'''",
      "SET A TO $'''\\d+\\.\\n'''",
      "SET A TO $'''\\\\\\\\server\\\\x'''",
      "SET A TO 'it\\'s'",
      "SET A TO '''{ \"a\": 1 }'''",
      "SET A TO $''''''",
    ],
    errors: [],
    rejected: [
      "SET A TO $'''it's'''",
      "SET A TO $'''it''s'''",
      "SET A TO $'''{'a': 1}'''",
      "SET A TO $'''C:\\'''",
      'SET A TO "a"',
      'SET A TO $"a"',
      "SET A TO $'a'",
      "SET A TO 'a",
      "SET A TO $'''a",
      "SET A TO 'it''s'",
    ],
  },
  'texts of several lines': {
    clean: ["SET A TO $'''a\nEND\n# b\nIF x THEN\n@@c\n'''", "SET A TO $'''a\r\nb'''\rSET B TO A"],
    errors: [],
    rejected: ["SET A TO $'''a\nJoe's'''", "Text.Trim Text: 'a'\n    TrimOption: Text.TrimOption.Both"],
  },
  'literals and operators': {
    clean: [
      'SET A TO -1.5E3',
      "SET A TO [1, [2], $'''a''']",
      "SET A TO { ^['a', 'b'], [1, 2] }",
      "SET A TO { ['a'], ['b'] }",
      'SET A TO { }',
      'SET A TO {{ }}',
      "SET A TO { 'a': { 'b': [] } }",
      'SET A TO (1 + 2) * 3 mod 2 = 1 OR NOT(True) AND 1 <> 2',
      "SET A TO 'a' + 1",
      'SET A TO [1, 2]\nSET B TO A[A.Count - 1]\nSET B TO A[-1]',
    ],
    errors: [],
    rejected: [
      'SET A TO 1 == 1',
      'SET A TO 1 != 1',
      'SET A TO 1 && 1',
      'SET A TO 2 ^ 3',
      'SET A TO .5',
      'SET A TO (1',
      'SET A TO [1, 2',
      "SET A TO { 'a' 1 }",
      'SET A TO',
      'SET A TO 1;',
      'SET A += 1',
    ],
  },
  names: {
    clean: ['SET Größe TO 1\nSET B TO grÖße', 'SET 値 TO 1', 'SET _a1 TO 1', `SET ${'a'.repeat(200)} TO 1`],
    errors: ['SET A TO B', 'SET A TO null', 'SET A TO Clipboard.GetText', 'DISABLE SET A TO 1\nSET B TO A'],
    rejected: ['SET 1a TO 1', 'SET a b TO 1', 'SET a-b TO 1', 'SET $a TO 1', 'a = 1', 'SET a = 1'],
  },
  properties: {
    clean: [
      "SET S TO 'a'\nSET A TO S.toupper",
      'SET L TO [1]\nSET A TO L.Count',
      "SET T TO { ^['a'], [1] }\nSET A TO T.RowsCount",
      "SET T TO { ^['a'], [1] }\nSET R TO T[0]\nSET A TO R.ColumnsCount",
      "SET O TO { 'a': 1 }\nSET A TO O.anything",
      "Text.ToNumber Text: '1' Number=> A\nSET A TO [1]\nSET B TO A.Count",
    ],
    errors: [
      'SET L TO [1]\nSET A TO L.Length',
      "SET S TO 'a'\nSET A TO $'''%S.Count%'''",
      "SET T TO { ^['a'], [1] }\nSET A TO T.Count",
      'SET N TO 1\nSET A TO N.Length',
      "Text.ToNumber Text: '1' Number=> A\nSET B TO A.Count",
      'ERROR => E\nSET A TO E.Text',
    ],
    rejected: ["SET S TO 'a'\nSET A TO S.ToUpper()", "SET S TO 'a'\nSET A TO S.1"],
  },
  conditions: {
    clean: [
      'IF 1 = 1 THEN\nELSE IF 1 = 2 THEN\nELSE\nEND',
      "IF (File.IfFile.Exists File: 'a') THEN\nEND",
      "IF (1) = ('a') THEN\nEND",
      "IF Contains('ab', 'a') AND IsEmpty('') THEN\nEND",
      "WAIT (File.WaitForFile.Created File: 'a') FOR 5",
      "LOOP WHILE (File.IfFile.Exists File: 'a')\nEND",
    ],
    errors: [
      "IF Contains('a') THEN\nEND",
      "IF IsNumber('a') THEN\nEND",
      "IF (File.IfFile.Gone File: 'a') THEN\nEND",
    ],
    rejected: [
      "IF 1 = 2 THEN\nELSE IF (File.IfFile.Exists File: 'a') THEN\nEND",
      "IF File.IfFile.Exists File: 'a' THEN\nEND",
      "IF NOT (File.IfFile.Exists File: 'a') THEN\nEND",
      "IF 'ab' Contains 'a' THEN\nEND",
      'IF 1 = 1\nEND',
      'IF 1 = 1 THEN',
      'IF 1 = 1 THEN\nEND IF',
      'IF 1 = 1 THEN\nELSEIF 1 = 2 THEN\nEND',
      'IF 1 = 1 THEN SET A TO 1\nEND',
    ],
  },
  'loops and cases': {
    clean: [
      'LOOP FROM 1 TO 3\n    NEXT LOOP\nEND',
      'LOOP i FROM 3 TO 1 STEP -1\n    EXIT LOOP\nEND',
      "SWITCH 'a'\n    CASE = 'a'\n    CASE <> 'b'\n    DEFAULT\nEND",
    ],
    errors: ["SWITCH 'a'\n    CASE IsNotEmpty\nEND", 'EXIT LOOP', 'LOOP FOREACH x IN Missing\nEND'],
    rejected: [
      "SWITCH 'a'\n    CASE Contains 'b'\nEND",
      "SWITCH 'a'\n    SET A TO 1\nEND",
      'LOOP 3 TIMES\nEND',
      'LOOP i FROM 1 TO 3 BY 2\nEND',
      'WHILE True\nEND',
      'FOR EACH x IN [1]\nEND',
    ],
  },
  'error rules': {
    clean: [
      "Text.ToNumber Text: 'a' Number=> N\nON ERROR REPEAT 2 TIMES WAIT 1\nON ERROR\n    SET N TO 0\n    THROW ERROR\nEND",
      'BLOCK a\nON BLOCK ERROR all\n    SET A TO 1\n    NEXT ACTION\nEND\nEND',
      "BLOCK 'a b'\nON BLOCK ERROR\n    GOTO Done\nEND\nEND\nLABEL Done",
    ],
    errors: [
      'BLOCK a\nON BLOCK ERROR\n    WAIT 1\nEND\nEND',
      "BLOCK a\nON BLOCK ERROR\n    Text.ToNumber Text: 'a' Number=> N\nEND\nEND",
      "Text.ToNumber Text: 'a' Number=> N\nON ERROR\n    CALL Missing\nEND",
      'BLOCK a\nON BLOCK ERROR REPEAT 2 TIMES WAIT 1\nEND\nEND',
      'THROW ERROR',
    ],
    rejected: [
      'BLOCK a\nON BLOCK ERROR\n    IF 1 = 1 THEN\n    END\nEND\nEND',
      'BLOCK a\nON BLOCK ERROR\n    LOOP WHILE True\n    END\nEND\nEND',
      "Text.ToNumber Text: 'a' Number=> N\nON ERROR\n    SWITCH 1\n    CASE = 1\n    END\nEND",
      "Text.ToNumber Text: 'a' Number=> N\nON ERROR GOTO Done\nEND\nLABEL Done",
      'SET A TO 1\nON ERROR\nEND',
    ],
  },
  actions: {
    clean: [
      "clipboard.SETTEXT text:'a'",
      "Text.ToNumber Text :'1' Number =>N",
      'Clipboard.Clear _',
      "Text.GetSubtext.GetSubtext Text: 'abc' CharacterPosition: '1' NumberOfChars: $'''x''' Subtext=> S",
      "Text.ChangeCase Text: 'a' NewCase: text.caseoption.UPPERCASE Result=> R",
      "Folder.GetFiles Folder: 'a'",
      'Variables.AddItemToList Item: 1 List: Created\nSET A TO Created.Count',
    ],
    errors: [
      "Clipboard.Fill Text: 'a'",
      "Nothing.Here Text: 'a'",
      "Clipboard.SetText Text: 'a' Text: 'b'",
      "Clipboard.SetText Text: 'a' Other: 'b'",
      'Clipboard.SetText',
      "Text.ToNumber Text: '1' Value=> N",
      "Text.ToNumber Text: '1' Number=> N Number=> M",
      "Text.ChangeCase Text: 'a' NewCase: UpperCase Result=> R",
      "Text.ChangeCase Text: 'a' NewCase: Text.CaseOption.Shouting Result=> R",
      "Text.ChangeCase Text: 'a' NewCase: Text.TrimOption.Both Result=> R",
      "Text.ChangeCase Text: 'a' NewCase: Text.CaseKind.UpperCase Result=> R",
      'CALL Missing A: 1',
      'GOTO Missing',
      "UIAutomation.Click.Click Element: appmask['a']['b']",
    ],
    rejected: [
      "Clipboard.SetText 'a'",
      "Clipboard.SetText(Text: 'a')",
      "Clipboard.SetText Text 'a'",
      "Clipboard.SetText Text: 'a', Other: 1",
      "SetText Text: 'a'",
      "Clipboard.SetText Text: 'a' Clipboard.Clear _",
    ],
  },
  lines: {
    clean: [
      '\n\n  SET A TO 1   \n\t\n',
      'SET A TO 1 # note',
      '/# a\n' + "it's %x% #/\nSET A TO 1",
      '# 100% "x" \' \\',
      '**REGION a\nSET A TO 1\n**ENDREGION',
      'DISABLE IF nonsense THEN ((\nSET A TO 1',
      "@@source: 'Recorder'\nWAIT 1",
      '# [ControlRepository][PowerAutomateDesktop]\n\n{"ControlRepositorySymbols":[]}',
    ],
    errors: ['EXIT FUNCTION'],
    rejected: [
      'SET A TO 1 SET B TO 2',
      '// note',
      'REM note',
      'REGION a',
      'END REGION',
      "@@source: 'Recorder'\nSET A TO 1",
      "SET A TO 1\n@@source: 'Recorder'",
      'FUNCTION a GLOBAL\n    SET A TO 1\nEND FUNCTION',
      'END FUNCTION',
      'END',
    ],
  },
};

describe.each(Object.entries(families))('%s', (_, verdicts) => {
  test.each(Object.entries(verdicts).flatMap(([want, texts]) => texts.map((text) => [want, text] as const)))(
    '%s: %j',
    (want, text) => {
      expect(verdict(`${text}\n`)).toBe(want);
    },
  );
});

describe('names that a text does not contain', () => {
  const missing = 'SET A TO Missing\nCALL Missing\nGOTO Missing\nEXIT FUNCTION\n';
  const more = Array.from({ length: 12 }, (_, i) => `SET Number${i} TO ${i}\n`).join('');

  test('are errors in a few lines, and in a flow with a head', () => {
    expect(verdict(missing)).toBe('errors');
    expect(verdict(`@SENSITIVE: []\n${more}${missing}`)).toBe('errors');
    expect(verdict(`${more}${missing}FUNCTION a GLOBAL\nEND FUNCTION\n`)).toBe('errors');
  });

  test('may stand elsewhere in the flow a longer text was copied from', () => {
    expect(verdict(more + missing)).toBe('clean');
    expect(verdict(`FUNCTION a GLOBAL\n${more}${missing}END FUNCTION\n`)).toBe('clean');
    expect(verdict('CALL First\nCALL Second\n')).toBe('clean');
    expect(verdict(`${missing}\n# [ControlRepository][PowerAutomateDesktop]\n\n{}`)).toBe('clean');
    const hints = check(parse(`${more}${missing}${missing}`)).filter(
      ({ severity, rule }) => severity === 'hint' && !rule,
    );
    expect(hints.map(({ code }) => code)).toEqual(['VariableUnknown', 'SubflowUnknown', 'LabelUnknown']);
  });

  test('a subflow as the designer copies it is no paste among actions', () => {
    expect(verdict('\nFUNCTION a GLOBAL\nEND FUNCTION\n')).toBe('clean');
    expect(verdict(`FUNCTION a GLOBAL\n${more}END FUNCTION\n`)).toBe('clean');
  });
});
