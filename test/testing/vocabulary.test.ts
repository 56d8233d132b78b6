// What tests of flows can say, and what they are told when something is not so.
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { header } from '../runtime/world.ts';
import { oneTest, runTests } from './session.ts';

const flow = [
  ...header(['Total'], ['Name']).trimEnd().split('\n'),
  'SET Total TO 1',
  "File.ReadTextFromFile.ReadText File: $'''in.txt''' Encoding: File.TextFileEncoding.UTF8 Content=> Content",
  "SET Greeting TO $'''Hello %Name%, %Content%'''",
  "Logging.LogMessage Message: $'''%Greeting%!''' LogLevel: Logging.LogLevel.WarningLevel",
  'CALL Add a: 2 sum=> Total',
  'FUNCTION Add a, OUTPUT sum',
  '    SET sum TO a + 1',
  'END FUNCTION',
  'FUNCTION Twice GLOBAL',
  '    SET Total TO Total * 2',
  'END FUNCTION',
  '',
].join('\n');
const mockRead = "Test.MockAction ActionId: $'''File.ReadTextFromFile.ReadText''' @Content: $'''welcome'''";
const run = "Test.RunFlow FlowPath: $'''f.robin''' @Name: $'''Ada'''";

const one = async (...rows: string[]) =>
  (await runTests({ 'f.robin': flow, 'a.test.robin': oneTest(...rows) })).ended[0];

describe('a flow under test', () => {
  it('gets its inputs, gives outputs and variables by any letter case, and is really run', async () => {
    const { summary } = await runTests({
      'f.robin': flow,
      'in.txt': 'from disk',
      'a.test.robin': oneTest(
        `${run} @Total=> Total @greeting=> Greeting`,
        'Test.ExpectEqual Actual: Total Expected: 3',
        "Test.ExpectEqual Actual: Greeting Expected: $'''Hello Ada, from disk'''",
      ),
    });
    expect(summary).toEqual(['passed it']);
  });

  it('that fails fails the test, with the place in the flow', async () => {
    const ended = await one(run);
    expect(ended).toMatchObject({
      outcome: 'failed',
      failure: {
        code: 'TestFlowFailed',
        message: expect.stringContaining('FileNotFoundError'),
        place: { line: 2 },
        flow: { line: 6, subflow: 'Main', action: 'File.ReadTextFromFile.ReadText' },
      },
    });
  });

  it('may be expected to fail, with a certain error', async () => {
    const { summary } = await runTests({
      'f.robin': flow,
      'a.test.robin': [
        "FUNCTION 'right' GLOBAL",
        `${run} ExpectedError: $'''filenotfounderror''' ErrorMessage=> M ErrorLine=> L`,
        'Test.ExpectEqual Actual: L Expected: 6',
        "Test.ExpectContains Actual: M Expected: $'''in.txt'''",
        'END FUNCTION',
        "FUNCTION 'other' GLOBAL",
        `${run} ExpectedError: $'''AccessDenied'''`,
        'END FUNCTION',
        "FUNCTION 'none' GLOBAL",
        mockRead,
        `${run} ExpectedError: $'''FileNotFoundError'''`,
        'END FUNCTION',
      ].join('\n'),
    });
    expect(summary).toEqual([
      'passed right',
      expect.stringMatching(
        /^failed other at 7: TestExpectationFailed: Expected the error AccessDenied, but the flow failed with another: FileNotFoundError/,
      ),
      'failed none at 11: TestExpectationFailed: Expected the error FileNotFoundError, but the flow succeeded.',
    ]);
  });

  it.each([
    ["Test.RunFlow FlowPath: $'''f.robin'''", 'InputMissing', /"Name"/],
    [`${run} @Nmae: 1`, 'InputUnknown', /Nmae/],
    [`${run} @Totl=> X`, 'TestNameUnknown', /no output or variable "Totl"/],
    ["Test.RunFlow FlowPath: $'''g.robin'''", 'TestFlowNotFound', /g\.robin/],
    [
      "Test.CallSubflow FlowPath: $'''f.robin''' SubflowName: $'''Ad'''",
      'TestSubflowNotFound',
      /no subflow "Ad"/,
    ],
    [
      "Test.CallSubflow FlowPath: $'''f.robin''' SubflowName: $'''Add''' @b: 1",
      'TestNameUnknown',
      /no input, and the flow no variable, "b"/,
    ],
    ["Test.MockAction ActionId: $'''File.ReadTxt'''", 'TestActionUnknown', /File\.ReadTxt/],
    [
      "Test.MockAction ActionId: $'''File.ReadTextFromFile.ReadText''' @Contnt: 1",
      'TestNameUnknown',
      /no output "Contnt"/,
    ],
    [
      "Test.GetCalls ActionId: $'''File.Delete''' Calls=> C",
      'TestActionNotMocked',
      /does not mock File\.Delete/,
    ],
    ['Test.SetTimeout Seconds: 0', 'InvalidArgument', /cannot take 0 seconds/],
    ["Test.Fail Message: $'''not yet'''", 'TestFailed', /^not yet$/],
  ])('names what is wrong: %s', async (row, code, message) => {
    expect((await one(row))?.failure).toMatchObject({
      code,
      message: expect.stringMatching(message),
      nextStep: expect.stringMatching(/\w/),
      place: { line: 2 },
    });
  });

  it('with an error in it is not run, and its line is named', async () => {
    const { summary } = await runTests({
      'f.robin': "SET a TO 1\nFile.Explode File: $'''x'''\n",
      'a.test.robin': oneTest("Test.RunFlow FlowPath: $'''f.robin'''"),
    });
    expect(summary).toEqual([
      expect.stringMatching(/^failed it at 2: FlowHasErrors: .*Line 2:.*File\.Explode/),
    ]);
  });

  it('runs the flows that it runs, and those may be mocked away', async () => {
    const files = {
      'main.robin': [
        header(['R']).trimEnd(),
        "@@flowname: 'inner'",
        "External.RunFlow FlowId: '5b2d3f40-0000-4000-8000-000000000001' @In: 20 @Out=> R",
        '',
      ].join('\n'),
      'inner.robin': [header(['Out'], ['In']).trimEnd(), "SET Out TO $'''%In%!'''", ''].join('\n'),
    };
    const { summary } = await runTests({
      ...files,
      'a.test.robin': [
        "FUNCTION 'real' GLOBAL",
        "Test.RunFlow FlowPath: $'''main.robin''' @R=> R",
        "Test.ExpectEqual Actual: R Expected: $'''20!'''",
        'END FUNCTION',
        "FUNCTION 'mocked' GLOBAL",
        "Test.MockAction ActionId: $'''External.RunFlow''' @Out: 7",
        "Test.RunFlow FlowPath: $'''main.robin''' @R=> R",
        'Test.ExpectEqual Actual: R Expected: 7',
        'END FUNCTION',
      ].join('\n'),
    });
    expect(summary).toEqual(['passed real', 'passed mocked']);
  });
});

describe('one subflow', () => {
  it('is called without Main: a local one with inputs and outputs, a global one with variables', async () => {
    const { summary } = await runTests({
      'f.robin': flow,
      'a.test.robin': oneTest(
        "Test.CallSubflow FlowPath: $'''f.robin''' SubflowName: $'''add''' @A: 41 @Sum=> Sum",
        'Test.ExpectEqual Actual: Sum Expected: 42',
        "Test.CallSubflow FlowPath: $'''f.robin''' SubflowName: $'''Twice''' @Total: 4 @Total=> Total",
        'Test.ExpectEqual Actual: Total Expected: 8',
        "Test.ExpectCalls ActionId: $'''File.ReadTextFromFile.ReadText''' Count: 0",
      ),
    });
    expect(summary).toEqual(['passed it']);
  });

  it('gets values of every type, and changes none of the test', async () => {
    const { summary } = await runTests({
      'f.robin': [
        'FUNCTION Grow items, row, OUTPUT count',
        '    Variables.AddItemToList Item: row.name List: items NewList=> items',
        '    SET count TO items.Count',
        'END FUNCTION',
      ].join('\n'),
      'a.test.robin': oneTest(
        'SET Items TO [1, 2]',
        "SET Row TO { 'name': 'x' }",
        "Test.CallSubflow FlowPath: $'''f.robin''' SubflowName: $'''Grow''' @items: Items @row: Row @count=> Count",
        'Test.ExpectEqual Actual: Count Expected: 3',
        'Test.ExpectEqual Actual: Items Expected: [1, 2]',
      ),
    });
    expect(summary).toEqual(['passed it']);
  });
});

describe('mocks', () => {
  it('answer one after the other, fail as they are told, and remember what they were given', async () => {
    const { summary } = await runTests({
      'f.robin': [
        header(['All']).trimEnd(),
        "SET All TO $''''''",
        'LOOP i FROM 1 TO 3',
        "    File.ReadTextFromFile.ReadText File: $'''%i%.txt''' Encoding: File.TextFileEncoding.UTF8 Content=> C",
        '        ON ERROR FileNotFoundError',
        "            SET C TO $'''none'''",
        '        END',
        "    SET All TO $'''%All%%C% '''",
        'END',
        '',
      ].join('\n'),
      'a.test.robin': oneTest(
        "Test.MockAction ActionId: $'''file.readtextfromfile.readtext''' @content: $'''one''' Times: 1",
        "Test.MockAction ActionId: $'''File.ReadTextFromFile.ReadText''' ErrorName: $'''FileNotFoundError''' Times: 1",
        "Test.MockAction ActionId: $'''File.ReadTextFromFile.ReadText''' @Content: $'''replaced'''",
        "Test.MockAction ActionId: $'''File.ReadTextFromFile.ReadText''' @Content: $'''rest'''",
        "Test.RunFlow FlowPath: $'''f.robin''' @All=> All",
        "Test.ExpectEqual Actual: All Expected: $'''one none rest '''",
        "Test.ExpectCalls ActionId: $'''File.ReadTextFromFile.ReadText''' Count: 3",
        "Test.GetCalls ActionId: $'''File.ReadTextFromFile.ReadText''' Calls=> Calls",
        "Test.ExpectEqual Actual: Calls[2].File Expected: $'''3.txt'''",
        'Test.ExpectEqual Actual: Calls.Count Expected: 3',
      ),
    });
    expect(summary).toEqual(['passed it']);
  });

  it('answer conditions and waits', async () => {
    const { summary } = await runTests({
      'f.robin': [
        header(['R']).trimEnd(),
        "IF (File.IfFile.DoesNotExist File: $'''a''') THEN",
        '    SET R TO 1',
        'ELSE',
        '    SET R TO 2',
        'END',
        "WAIT (File.WaitForFile.Created File: $'''b''')",
        '',
      ].join('\n'),
      'a.test.robin': oneTest(
        "Test.MockAction ActionId: $'''File.IfFile.DoesNotExist''' Result: False",
        "Test.MockAction ActionId: $'''File.WaitForFile.Created'''",
        "Test.RunFlow FlowPath: $'''f.robin''' @R=> R",
        'Test.ExpectEqual Actual: R Expected: 2',
      ),
    });
    expect(summary).toEqual(['passed it']);
  });

  it('used up fail the test, also when the flow handles it', async () => {
    const { summary } = await runTests({
      'f.robin': [
        'LOOP i FROM 1 TO 2',
        "    File.Delete Files: $'''x'''",
        '        ON ERROR',
        '        END',
        'END',
      ].join('\n'),
      'a.test.robin': oneTest(
        "Test.MockAction ActionId: $'''File.Delete''' Times: 1",
        "Test.RunFlow FlowPath: $'''f.robin'''",
      ),
    });
    expect(summary).toEqual([
      'failed it at 3: TestMockUsedUp: File.Delete was called 2 times, but its mocks answer 1 calls only.',
    ]);
  });

  it('let flows with actions that no agent here carries out run; without a mock they fail when they are reached', async () => {
    const files = {
      'f.robin': [
        header(['R']).trimEnd(),
        'SET R TO 1',
        'IF R = 2 THEN',
        "    MouseAndKeyboard.SendKeys.FocusAndSendKeys TextToSend: $'''{Enter}''' DelayBetweenKeystrokes: 10 SendTextAsHardwareKeys: False",
        'END',
        "UIAutomation.FocusWindow.FocusByTitleClass Title: $'''Notepad''' Class: $''''''",
        'SET R TO 3',
        '',
      ].join('\n'),
    };
    const { summary } = await runTests({
      ...files,
      'a.test.robin': [
        "FUNCTION 'mocked' GLOBAL",
        "Test.MockAction ActionId: $'''UIAutomation.FocusWindow.FocusByTitleClass'''",
        "Test.RunFlow FlowPath: $'''f.robin''' @R=> R",
        'Test.ExpectEqual Actual: R Expected: 3',
        'END FUNCTION',
        "FUNCTION 'not mocked' GLOBAL",
        "Test.RunFlow FlowPath: $'''f.robin'''",
        'END FUNCTION',
      ].join('\n'),
    });
    expect(summary).toEqual([
      'passed mocked',
      expect.stringMatching(/^failed not mocked at 7: TestActionNotMocked: UIAutomation\.FocusWindow/),
    ]);
  });

  it('are needed for all that reaches out in strict mode', async () => {
    const report = await runTests({
      'f.robin': [
        "Logging.LogMessage Message: $'''inside''' LogLevel: Logging.LogLevel.InfoLevel",
        "File.WriteText File: $'''out.txt''' TextToWrite: $'''x''' AppendNewLine: False IfFileExists: File.IfFileExists.Overwrite Encoding: File.FileEncoding.UTF8",
      ].join('\n'),
      'a.test.robin': [
        'Test.UseStrictMode _',
        "FUNCTION 'not mocked' GLOBAL",
        "Test.RunFlow FlowPath: $'''f.robin'''",
        'END FUNCTION',
        "FUNCTION 'mocked' GLOBAL",
        "Test.MockAction ActionId: $'''File.WriteText'''",
        "Test.RunFlow FlowPath: $'''f.robin'''",
        "Test.ExpectLogged Text: $'''inside'''",
        'END FUNCTION',
      ].join('\n'),
    });
    expect(report.summary).toEqual([
      expect.stringMatching(
        /^failed not mocked at 3: TestActionNotMocked: File\.WriteText reaches out of the flow/,
      ),
      'passed mocked',
    ]);
    expect(existsSync(report.path('out.txt'))).toBe(false);
  });
});

describe('expectations', () => {
  it.each([
    ['Test.ExpectEqual Actual: 1 Expected: 2', /^Expected 2, but got 1\.$/, '2', '1'],
    [
      "Test.ExpectEqual Actual: [1, 'a'] Expected: ['1', 'b'] Message: $'''Items.'''",
      /^Items: Expected \["1", "b"\], but got \[1, "a"\]\.$/,
      '["1", "b"]',
      '[1, "a"]',
    ],
    ['Test.ExpectTrue Condition: 1 = 2', /^The condition does not hold\.$/, undefined, undefined],
    [
      "Test.ExpectContains Actual: $'''abc''' Expected: $'''x'''",
      /^'abc' does not contain 'x'\.$/,
      'x',
      'abc',
    ],
    ["Test.ExpectLogged Text: $'''x'''", /^Nothing was logged\.$/, 'x', ''],
    [
      "Test.ExpectCalls ActionId: $'''File.Delete''' Count: 2",
      /^File\.Delete was called never, expected 2 times\.$/,
      '2',
      '0',
    ],
  ])('%s', async (row, message, expected, actual) => {
    expect((await one(row))?.failure).toEqual({
      code: 'TestExpectationFailed',
      message: expect.stringMatching(message),
      nextStep: expect.any(String),
      place: { path: expect.any(String), line: 2 },
      ...(expected !== undefined && { expected, actual }),
    });
  });

  it('show values that read alike with their types', async () => {
    expect((await one("Test.ExpectEqual Actual: ['1'] Expected: [[1]]"))?.failure).toMatchObject({
      expected: expect.stringContaining('1'),
    });
    expect((await one("Test.ExpectEqual Actual: $'''''' Expected: { }"))?.failure?.expected).not.toBe('');
  });

  it('fail the test also when an error rule of the test takes the error', async () => {
    const ended = await one(
      'Test.ExpectEqual Actual: 1 Expected: 2',
      '    ON ERROR',
      '    END',
      'SET x TO 1',
    );
    expect(ended).toMatchObject({ outcome: 'failed', failure: { place: { line: 2 } } });
  });
});

describe('time', () => {
  it('takes no time with a fake clock, and the flow sees it pass', async () => {
    const before = performance.now();
    const { summary } = await runTests({
      'f.robin': [
        header(['Before', 'After']).trimEnd(),
        'DateTime.GetCurrentDateTime.Local DateTimeFormat: DateTime.DateTimeFormat.DateAndTime CurrentDateTime=> Before',
        'WAIT 3600',
        'WAIT 7200',
        'DateTime.GetCurrentDateTime.Local DateTimeFormat: DateTime.DateTimeFormat.DateAndTime CurrentDateTime=> After',
        '',
      ].join('\n'),
      'a.test.robin': oneTest(
        "Test.UseFakeClock Now: $'''2026-01-31 10:00'''",
        "Test.RunFlow FlowPath: $'''f.robin''' @Before=> Before @After=> After",
        "Test.ExpectEqual Actual: $'''%Before%''' Expected: $'''01/31/2026 10:00:00'''",
        "Test.ExpectEqual Actual: $'''%After%''' Expected: $'''01/31/2026 13:00:00'''",
      ),
    });
    expect(summary).toEqual(['passed it']);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('passes as it does while a real action is carried out', async () => {
    const { summary } = await runTests({
      'g.robin': [
        header(['Out']).trimEnd(),
        "Scripting.RunDOSCommand.RunDOSCommandAndFailOnTimeout DOSCommandOrApplication: $'''sleep 0.3 && echo done''' WorkingDirectory: $'''''' Timeout: 20 StandardOutput=> Out",
        '',
      ].join('\n'),
      'a.test.robin': oneTest(
        'Test.UseFakeClock _',
        "Test.RunFlow FlowPath: $'''g.robin''' @Out=> Out",
        "Test.ExpectContains Actual: Out Expected: $'''done'''",
      ),
    });
    expect(summary).toEqual(['passed it']);
  });
});

describe('secrets', () => {
  it('of the flow are masked in everything that is told of the test', async () => {
    const secret = 'swordfish-77';
    const report = await runTests({
      'f.robin': [
        header(['Out'], ['Password'], ['Password']).trimEnd(),
        "SET Out TO $'''key %Password%'''",
        "Logging.LogMessage Message: $'''with %Password%''' LogLevel: Logging.LogLevel.InfoLevel",
        '',
      ].join('\n'),
      'a.test.robin': oneTest(
        `Test.RunFlow FlowPath: $'''f.robin''' @Password: $'''${secret}''' @Out=> Out`,
        'Logging.LogMessage Message: Out LogLevel: Logging.LogLevel.InfoLevel',
        "Test.ExpectEqual Actual: Out Expected: $'''other'''",
      ),
    });
    expect(report.ended[0]).toMatchObject({
      outcome: 'failed',
      failure: { actual: expect.stringContaining('••••') },
      logs: [{ message: 'with ••••' }, { message: '••••' }],
    });
    expect(JSON.stringify(report.messages)).not.toContain(secret);
  });
});
