// Quick fixes: for each, a flow before and after. `«…»` marks what the fixed diagnostic covers.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowModel } from '../../../src/language/analysis/model.ts';
import { check } from '../../../src/language/checks/check.ts';
import { verdictOf } from '../../../src/language/diagnostics.ts';
import { applyEdits } from '../../../src/language/edits/edit.ts';
import { fixAll, fixesFor } from '../../../src/language/edits/fixes.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

interface Case {
  readonly code: string;
  readonly title: string;
  readonly before: string;
  readonly after: string;
}

/** Cases of safe fixes: `fixAll` does the same. */
const safeCases: readonly Case[] = [
  {
    code: 'BarePercent',
    title: 'Remove the percent signs',
    before: 'SET A TO 2 * «%»A + 1%',
    after: 'SET A TO 2 * (A + 1)',
  },
  {
    code: 'BarePercent',
    title: 'Remove the percent signs',
    before: "IF «%»O['a b'].c% = 5 THEN\nEND\nSET O TO {{ }}",
    after: "IF O['a b'].c = 5 THEN\nEND\nSET O TO {{ }}",
  },
  {
    code: 'DoubleQuotes',
    title: "Put the text in $'''…'''",
    before: 'SET A TO «"»it\'s \\"%A%\\""',
    after: "SET A TO $'''it\\'s \\\"%A%\\\"'''",
  },
  {
    code: 'DoubleQuotes',
    title: "Put the text in $'''…'''",
    before: 'SET A TO «"»100%"',
    after: "SET A TO $'''100%%'''",
  },
  {
    code: 'BareQuote',
    title: "Write \\' for every quote in this text",
    before: "SET A TO $'''Joe«'»s and %A['b']%''s'''",
    after: "SET A TO $'''Joe\\'s and %A['b']%\\'\\'s'''",
  },
  {
    code: 'LonePercent',
    title: 'Write %% for the percent sign',
    before: "SET A TO $'''100«%» done'''",
    after: "SET A TO $'''100%% done'''",
  },
  {
    code: 'BackslashBeforeQuotes',
    title: 'Write two backslashes',
    before: "SET A TO $'''C:«\\'''»\nSET B TO A",
    after: "SET A TO $'''C:\\\\'''\nSET B TO A",
  },
  {
    code: 'ReservedWordAsProperty',
    title: "Write ['From']",
    before: "SET O TO { 'From': 1 }\nSET A TO $'''%O.«From»%'''",
    after: "SET O TO { 'From': 1 }\nSET A TO $'''%O['From']%'''",
  },
  {
    code: 'ReservedWordAsLabel',
    title: 'Put the name in quotes',
    before: "GOTO 'End'\nLABEL «End»",
    after: "GOTO 'End'\nLABEL 'End'",
  },
  {
    code: 'TwoStatements',
    title: 'Put it on a line of its own',
    before: 'IF 1 = 1 THEN\r\n    SET A TO 1 «SET» B TO A\r\nEND',
    after: 'IF 1 = 1 THEN\r\n    SET A TO 1\r\n    SET B TO A\r\nEND',
  },
  { code: 'SlashComment', title: 'Start the comment with #', before: '«/»/ note', after: '# note' },
  { code: 'RegionWithoutStars', title: 'Write **REGION', before: '«region» a', after: '**REGION a' },
  { code: 'RegionWithoutStars', title: 'Write **ENDREGION', before: '«END REGION»', after: '**ENDREGION' },
  { code: 'ExpectedKeyword', title: 'Add THEN', before: 'IF 1 = 1«»\nEND', after: 'IF 1 = 1 THEN\nEND' },
  {
    code: 'EndWithWord',
    title: 'Write END alone',
    before: 'IF 1 = 1 THEN\nEND «IF»',
    after: 'IF 1 = 1 THEN\nEND',
  },
  {
    code: 'UnknownStatement',
    title: 'Write EXIT LOOP',
    before: 'LOOP FROM 1 TO 2\n    «break»\nEND',
    after: 'LOOP FROM 1 TO 2\n    EXIT LOOP\nEND',
  },
  {
    code: 'ElseIfAction',
    title: 'Put IF inside ELSE',
    before: "IF 1 = 2 THEN\n«ELSE IF (File.IfFile.Exists File: 'a') THEN»\nELSE\n    SET A TO 1\nEND",
    after:
      "IF 1 = 2 THEN\nELSE\n    IF (File.IfFile.Exists File: 'a') THEN\nELSE\n    SET A TO 1\n    END\nEND",
  },
  {
    code: 'EnumNotQualified',
    title: 'Write Text.CaseOption.UpperCase',
    before: "Text.ChangeCase Text: 'a' NewCase: «uppercase» Result=> A",
    after: "Text.ChangeCase Text: 'a' NewCase: Text.CaseOption.UpperCase Result=> A",
  },
  {
    code: 'ActionRemoved',
    title: 'Use the newer id',
    before: "«Text.Replace» Text: 'a' TextToFind: 'a' ReplaceWith: 'b' Result=> A",
    after: "Text.Replace.ReplaceText Text: 'a' TextToFind: 'a' ReplaceWith: 'b' Result=> A",
  },
  {
    code: 'NameSpelling',
    title: 'Write “Total” everywhere',
    before: "SET Total TO 1\nSET A TO «total» + $'''%TOTAL%'''",
    after: "SET Total TO 1\nSET A TO Total + $'''%Total%'''",
  },
  {
    code: 'SuppressionUnused',
    title: 'Remove it from the comment',
    before: "# dflow-ignore «NameSpelling», HardCodedPath\nSET A TO 'C:\\a'",
    after: "# dflow-ignore HardCodedPath\nSET A TO 'C:\\a'",
  },
  {
    code: 'SuppressionUnused',
    title: 'Remove the comment',
    before: 'SET A TO 1 # dflow-ignore «HardCodedPath»: why',
    after: 'SET A TO 1',
  },
];

const otherCases: readonly Case[] = [
  {
    code: 'UnterminatedText',
    title: "Close the text with '''",
    before: "SET A TO «$'''abc»\nSET B TO A",
    after: "SET A TO $'''abc'''\nSET B TO A",
  },
  {
    code: 'UnterminatedComment',
    title: 'Make it a comment of one line',
    before: '«/#» note\nSET A TO 1',
    after: '# note\nSET A TO 1',
  },
  {
    code: 'NameStartsWithDigit',
    title: 'Rename it to _1st',
    before: 'SET «1st» TO 1',
    after: 'SET _1st TO 1',
  },
  {
    code: 'ReservedWordAsName',
    title: 'Rename it to StepValue2',
    before: "SET StepValue TO 1\nSET «Step» TO StepValue\nSET A TO $'''%step%'''",
    after: "SET StepValue TO 1\nSET StepValue2 TO StepValue\nSET A TO $'''%StepValue2%'''",
  },
  {
    code: 'UnknownStatement',
    title: 'Write SET Count TO …',
    before: '«var» Count = 5',
    after: 'SET Count TO 5',
  },
  { code: 'ExpectedKeyword', title: 'Write TO', before: 'SET A «=» 5', after: 'SET A TO 5' },
  {
    code: 'UnexpectedText',
    title: 'Remove the rest of the line',
    before: 'WAIT 5 «seconds»',
    after: 'WAIT 5',
  },
  {
    code: 'DuplicateArgument',
    title: 'Remove the second one',
    before: "Logging.LogMessage Message: 'a' «Message»: 'b' LogLevel: Logging.LogLevel.InfoLevel",
    after: "Logging.LogMessage Message: 'a' LogLevel: Logging.LogLevel.InfoLevel",
  },
  {
    code: 'MissingEnd',
    title: 'Write END where it ends',
    before: '«LOOP FROM 1 TO 2»\n    SET A TO 1\n\n    SET B TO A\nSET C TO B',
    after: 'LOOP FROM 1 TO 2\n    SET A TO 1\n\n    SET B TO A\nEND\nSET C TO B',
  },
  { code: 'StrayEnd', title: 'Remove this line', before: 'SET A TO 1\n«END»', after: 'SET A TO 1' },
  {
    code: 'OnErrorGoto',
    title: 'Put GOTO on the next line',
    before: "LABEL a\nText.ToNumber Text: 'a' Number=> N\nON ERROR «GOTO» a\nEND",
    after: "LABEL a\nText.ToNumber Text: 'a' Number=> N\nON ERROR\n    GOTO a\nEND",
  },
  {
    code: 'MissingEndFunction',
    title: 'Write END FUNCTION at its end',
    before: 'CALL a\nFUNCTION «a» GLOBAL\n    SET A TO 1\n',
    after: 'CALL a\nFUNCTION a GLOBAL\n    SET A TO 1\nEND FUNCTION\n',
  },
  {
    code: 'MetaWithoutStatement',
    title: 'Remove this line',
    before: "SET A TO 1\n«@@source: 'Recorder'»\n",
    after: 'SET A TO 1\n',
  },
  {
    code: 'ActionUnknown',
    title: 'Change to “Text.ChangeCase”',
    before: "«Text.ChangCase» Text: 'a' NewCase: Text.CaseOption.UpperCase Result=> A",
    after: "Text.ChangeCase Text: 'a' NewCase: Text.CaseOption.UpperCase Result=> A",
  },
  {
    code: 'ArgumentUnknown',
    title: 'Remove “Extra”',
    before: "Text.ChangeCase Text: 'a' «Extra»: 1 NewCase: Text.CaseOption.UpperCase",
    after: "Text.ChangeCase Text: 'a' NewCase: Text.CaseOption.UpperCase",
  },
  {
    code: 'ArgumentMissing',
    title: 'Add “Folder”',
    before: '«Folder.GetFiles» _',
    after: "Folder.GetFiles Folder: $''''''",
  },
  {
    code: 'EnumTypeWrong',
    title: 'Change to “Logging.LogLevel.InfoLevel”',
    before: "Logging.LogMessage Message: 'a' LogLevel: «Text.CaseOption.InfoLevel»",
    after: "Logging.LogMessage Message: 'a' LogLevel: Logging.LogLevel.InfoLevel",
  },
  {
    code: 'VariableUnknown',
    title: 'Change to “Total”',
    before: "SET Total TO 1\nSET A TO $'''%«Totl»%'''",
    after: "SET Total TO 1\nSET A TO $'''%Total%'''",
  },
  {
    code: 'VariableUnknown',
    title: 'Create the variable “Missing” above',
    before: 'IF 1 = 1 THEN\n    SET A TO «Missing»\nEND',
    after: "SET Missing TO $''''''\nIF 1 = 1 THEN\n    SET A TO Missing\nEND",
  },
  {
    code: 'VariableUnknown',
    title: 'Write %% for the percent signs',
    before: "SET A TO $'''50%«off»% today'''",
    after: "SET A TO $'''50%%off%% today'''",
  },
  {
    code: 'SubflowUnknown',
    title: 'Create the subflow “Do it”',
    before: "CALL «'Do it'» A: 1 B=> C\n",
    after: "CALL 'Do it' A: 1 B=> C\n\nFUNCTION 'Do it' A, OUTPUT B\n@SENSITIVE: []\nEND FUNCTION\n",
  },
  {
    code: 'LabelUnknown',
    title: 'Create the label “Done” at the end',
    before: 'IF 1 = 1 THEN\n    GOTO «Done»\nEND',
    after: 'IF 1 = 1 THEN\n    GOTO Done\nEND\nLABEL Done',
  },
  {
    code: 'FunctionPasted',
    title: 'Keep only the lines inside',
    before: 'FUNCTION «a» GLOBAL\n    SET A TO 1\nEND FUNCTION\n',
    after: '    SET A TO 1\n',
  },
  {
    code: 'ExitSubflowInMain',
    title: 'Stop the flow with EXIT',
    before: '«EXIT FUNCTION»',
    after: 'EXIT Code: 0',
  },
  {
    code: 'DefaultUnfit',
    title: 'Write 0',
    before:
      "@INPUT A : { 'Description': '', 'FriendlyName': 'A', 'Type': 'Numeric', 'IsOptional': False, 'DefaultValue': «'x'» }",
    after:
      "@INPUT A : { 'Description': '', 'FriendlyName': 'A', 'Type': 'Numeric', 'IsOptional': False, 'DefaultValue': 0 }",
  },
  {
    code: 'UnusedVariable',
    title: 'Remove “Spare”',
    before: '@SENSITIVE: []\nSET «Spare» TO 1\nWAIT 1\nSET Spare TO 2',
    after: '@SENSITIVE: []\nWAIT 1',
  },
  {
    code: 'UnusedSubflow',
    title: 'Remove the subflow',
    before: 'WAIT 1\nFUNCTION «a» GLOBAL\nEND FUNCTION\n',
    after: 'WAIT 1\n',
  },
  {
    code: 'DisabledCode',
    title: 'Enable them',
    before: '«DISABLE WAIT 1\n    DISABLE WAIT 2»',
    after: 'WAIT 1\n    WAIT 2',
  },
  {
    code: 'EmptyHandler',
    title: 'Pass the error on',
    before: "Text.ToNumber Text: 'a' Number=> N\n«ON ERROR»\nEND",
    after: "Text.ToNumber Text: 'a' Number=> N\nON ERROR\n    THROW ERROR\nEND",
  },
  {
    code: 'WaitWithoutTimeout',
    title: 'Wait 30 seconds at most',
    before: "«WAIT» (File.WaitForFile.Created File: 'a')",
    after: "WAIT (File.WaitForFile.Created File: 'a') FOR 30",
  },
  {
    code: 'WaitWithoutTimeout',
    title: 'Ignore “WaitWithoutTimeout” here',
    before: "    @@source: 'Recorder'\n    «WAIT» (File.WaitForFile.Created File: 'a')",
    after:
      "    # dflow-ignore WaitWithoutTimeout\n    @@source: 'Recorder'\n    WAIT (File.WaitForFile.Created File: 'a')",
  },
  {
    code: 'HardCodedPath',
    title: 'Ignore “HardCodedPath” here',
    before: "# dflow-ignore NameSpelling\nSET A TO [$'''\n''', «'C:\\a'»]",
    after: "# dflow-ignore HardCodedPath, NameSpelling\nSET A TO [$'''\n''', 'C:\\a']",
  },
  {
    code: 'HardCodedPath',
    title: 'Ignore “HardCodedPath” in this file',
    before: "\ufeffSET A TO «'C:\\a'»",
    after: "\ufeff# dflow-ignore-file HardCodedPath\nSET A TO 'C:\\a'",
  },
];

function unmarked(before: string) {
  const start = before.indexOf('«');
  const end = before.indexOf('»') - 1;
  const text = before.replace(/[«»]/g, '');
  const model = new FlowModel(parse(text));
  return { model, text, start, end, diagnostics: check(model) };
}

describe.each([...safeCases, ...otherCases])('$code: $title', ({ code, title, before, after }) => {
  const { model, text, start, end, diagnostics } = unmarked(before);
  const diagnostic = diagnostics.find((found) => found.code === code && found.start === start);

  test('says where it applies, and does what it says', () => {
    expect(diagnostic, JSON.stringify(diagnostics)).toMatchObject({ start, end });
    if (diagnostic === undefined) return;
    const fix = fixesFor(model, diagnostic).find((offered) => offered.title === title);
    expect(applyEdits(text, fix?.edits ?? [])).toBe(after);
    const still = check(parse(after)).filter((found) => found.code === code);
    expect(still.length).toBeLessThan(diagnostics.filter((found) => found.code === code).length);
  });
});

test.each(safeCases)('$code is fixed without asking', ({ code, before }) => {
  const { model, text, diagnostics } = unmarked(before);
  const fixed = applyEdits(text, fixAll(model, diagnostics));
  expect(check(parse(fixed)).filter((found) => found.code === code && found.start === 0)).toEqual([]);
  expect(fixed).not.toBe(text);
});

test('what needs a decision is not decided', () => {
  for (const { before } of otherCases) {
    const { model, diagnostics } = unmarked(before);
    const chosen = diagnostics.filter(
      ({ code }) => code === otherCases.find((c) => c.before === before)?.code,
    );
    expect(fixAll(model, chosen), before).toEqual([]);
  }
});

test('many mistakes are repaired at once', () => {
  const text = `// start\nIF %A% = "x" THEN\n    SET A TO $'''100%''' SET B TO A\nEND IF\nSET A TO 1\n`;
  const model = new FlowModel(parse(text));
  const once = applyEdits(text, fixAll(model, check(model)));
  const second = new FlowModel(parse(once));
  const twice = applyEdits(once, fixAll(second, check(second)));
  expect(twice).toBe(
    "# start\nIF A = $'''x''' THEN\n    SET A TO $'''100%%'''\n    SET B TO A\nEND\nSET A TO 1\n",
  );
  expect(verdictOf(check(parse(twice)))).toBe('clean');
});

test('fixing all never adds to what the designer objects to', () => {
  const folder = new URL('../../fixtures/check/', import.meta.url);
  const flows = [
    ...readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8')),
    ...[...safeCases, ...otherCases].map(({ before }) => before.replace(/[«»]/g, '')),
  ];
  const pieces = fc.constantFrom(
    '%',
    "'",
    '"',
    "'''",
    '\\',
    ' SET A TO 1',
    '\n',
    'END',
    'ELSE IF (',
    'From',
    '//',
  );
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(12), pieces), { maxLength: 6 });
  const objections = (text: string) =>
    check(parse(text), { blockingOnly: true }).filter(({ severity }) => severity !== 'unsupported').length;
  fc.assert(
    fc.property(fc.constantFrom(...flows), changes, (flow, mutations) => {
      const text = mutations.reduce((rest, [at, length, piece]) => {
        const from = at % (rest.length + 1);
        return rest.slice(0, from) + piece + rest.slice(from + length);
      }, flow);
      const model = new FlowModel(parse(text));
      const diagnostics = check(model);
      for (const diagnostic of diagnostics) {
        for (const { edits } of fixesFor(model, diagnostic)) {
          for (const edit of edits) {
            expect(edit.start).toBeLessThanOrEqual(edit.end);
            expect(edit.end).toBeLessThanOrEqual(text.length);
          }
        }
      }
      const fixed = applyEdits(text, fixAll(model, diagnostics));
      expect(objections(fixed)).toBeLessThanOrEqual(objections(text));
    }),
    { numRuns: 150 },
  );
});
