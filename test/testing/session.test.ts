// A session of tests: which tests run, in which order, what stops them, and what is told of files that cannot be run.
import { describe, expect, it } from 'vitest';
import { header } from '../runtime/world.ts';
import { filesIn, oneTest, runTests } from './session.ts';

const two = [
  'SET Base TO 10',
  "FUNCTION 'First test' GLOBAL",
  '    SET Base TO Base + 1',
  '    CALL Check value: Base',
  'END FUNCTION',
  "FUNCTION 'Second test' GLOBAL",
  '    SET Base TO Base + 1',
  '    CALL Check value: Base',
  'END FUNCTION',
  'FUNCTION Check value',
  '    Test.ExpectEqual Actual: value Expected: 11',
  'END FUNCTION',
].join('\n');

describe('a session', () => {
  it('runs Main before each test, each with variables of its own; local subflows are shared, not tests', async () => {
    const { summary, messages } = await runTests({ 'a.test.robin': two });
    expect(summary).toEqual(['passed First test', 'passed Second test']);
    expect(messages.map(({ kind }) => kind)).toEqual([
      'file',
      'started',
      'ended',
      'started',
      'ended',
      'done',
    ]);
    expect(messages[0]).toMatchObject({
      tests: [
        { name: 'First test', line: 2 },
        { name: 'Second test', line: 6 },
      ],
    });
    expect(messages.at(-1)).toEqual({ kind: 'done', passed: 2, failed: 0, canceled: false });
  });

  it('names the line in a shared subflow at which a test failed', async () => {
    const { summary } = await runTests({ 'a.test.robin': two.replace('Base TO 10', 'Base TO 9') });
    expect(summary[0]).toMatch(/^failed First test at 11: TestExpectationFailed/);
  });

  it('runs the chosen tests, and those with a text in their name', async () => {
    const { path } = filesIn({ 'b.test.robin': two });
    const files = [{ path: path('b.test.robin'), tests: ['second TEST'] }];
    expect((await runTests({}, { files })).summary).toEqual(['passed Second test']);
    const all = [{ path: path('b.test.robin') }];
    expect((await runTests({}, { files: all, filter: 'FIRST' })).summary).toEqual(['passed First test']);
    const gone = [{ path: path('b.test.robin'), tests: ['third'] }];
    expect((await runTests({}, { files: gone })).summary).toEqual([
      expect.stringMatching(/^1: TestNotFound: There is no test "third"/),
    ]);
  });

  it.each([
    ['SET a TO', /^1: TestFileHasErrors: /],
    ['FUNCTION A GLOBAL\nEND FUNCTION\nFUNCTION a GLOBAL\nEND FUNCTION', /^3: TestFileHasErrors: .*a/i],
    ['FUNCTION A GLOBAL\nTest.ExpectSame A: 1\nEND FUNCTION', /^2: TestFileHasErrors: .*Test\.ExpectSame/],
    ['FUNCTION A GLOBAL\nTest.ExpectEqual Actual: 1\nEND FUNCTION', /^2: TestFileHasErrors: .*Expected/],
    ['SET a TO 1\nFUNCTION A\nEND FUNCTION', /^1: TestFileEmpty: /],
    ['', /^1: TestFileEmpty: /],
  ])('says why no test of a file can run: %j', async (text, problem) => {
    const { summary, messages } = await runTests({ 'a.test.robin': text });
    expect(summary).toEqual([expect.stringMatching(problem)]);
    expect(messages.at(-1)).toMatchObject({ passed: 0, failed: 1 });
  });

  it('says so when there is no such file, and goes on with the others', async () => {
    const { path } = filesIn({ 'b.test.robin': two });
    const files = [{ path: path('none.test.robin') }, { path: path('b.test.robin') }];
    expect((await runTests({}, { files })).summary).toEqual([
      expect.stringMatching(/^1: TestFlowNotFound: /),
      'passed First test',
      'passed Second test',
    ]);
  });

  it('takes names with quotes and backslashes in them', async () => {
    const { summary } = await runTests({
      'a.test.robin': "FUNCTION 'It\\'s a \\\\ name' GLOBAL\nSET a TO 1\nEND FUNCTION",
    });
    expect(summary).toEqual(["passed It's a \\ name"]);
  });

  it('tells of errors of the test itself with their line', async () => {
    const { summary } = await runTests({ 'a.test.robin': oneTest('SET a TO 1 / 0') });
    expect(summary).toEqual([expect.stringMatching(/^failed it at 2: DivisionByZero/)]);
  });
});

describe('a test that does not end', () => {
  const endless = 'SET a TO 1\nLOOP WHILE (a) = (1)\n    SET a TO 1\nEND\n';
  const files = {
    'loop.robin': endless,
    'wait.robin': 'WAIT 3600\n',
    'a.test.robin': [
      "FUNCTION 'loops' GLOBAL",
      "Test.RunFlow FlowPath: $'''loop.robin'''",
      'END FUNCTION',
      "FUNCTION 'waits' GLOBAL",
      'Test.SetTimeout Seconds: 0.2',
      "Test.RunFlow FlowPath: $'''wait.robin'''",
      'END FUNCTION',
      "FUNCTION 'loops itself' GLOBAL",
      ...endless.trimEnd().split('\n'),
      'END FUNCTION',
      "FUNCTION 'is fine' GLOBAL",
      'END FUNCTION',
    ].join('\n'),
  };

  it('is stopped when its time is over; the others run', async () => {
    const { summary } = await runTests(files, { timeoutSeconds: 0.5 });
    expect(summary).toEqual([
      'failed loops at 1: TestTimedOut: The test did not end within 0.5 seconds.',
      'failed waits at 4: TestTimedOut: The test did not end within 0.2 seconds.',
      'failed loops itself at 8: TestTimedOut: The test did not end within 0.5 seconds.',
      'passed is fine',
    ]);
  });

  it('is canceled with all that come after it', async () => {
    const { summary, messages } = await runTests(files, {
      started: (session, { kind }) => {
        if (kind === 'started') setTimeout(() => session.cancel(), 100);
      },
    });
    expect(summary).toEqual(['canceled loops']);
    expect(messages.at(-1)).toEqual({ kind: 'done', passed: 0, failed: 0, canceled: true });
  });
});

describe('coverage', () => {
  it('counts the rows of flows under test by subflow, over all tests, and of the flows that they run', async () => {
    const { messages, path } = await runTests(
      {
        'f.robin': [
          header(['R'], ['Name']).trimEnd(),
          "IF Name = $'''a''' THEN",
          '    SET R TO 1',
          'ELSE',
          '    CALL Other',
          'END',
          'FUNCTION Other GLOBAL',
          '    SET R TO 2',
          '    EXIT FUNCTION',
          '    SET R TO 3',
          'END FUNCTION',
          'FUNCTION Never GLOBAL',
          '    SET R TO 4',
          'END FUNCTION',
          '',
        ].join('\n'),
        'a.test.robin': oneTest(
          "Test.RunFlow FlowPath: $'''f.robin''' @Name: $'''b'''",
          "Test.RunFlow FlowPath: $'''f.robin''' @Name: $'''c'''",
        ),
      },
      { coverage: true },
    );
    const first = header(['R'], ['Name']).trimEnd().split('\n').length + 1;
    expect(messages.find(({ kind }) => kind === 'coverage')).toEqual({
      kind: 'coverage',
      flows: [
        {
          path: path('f.robin'),
          subflows: [
            {
              name: 'Main',
              line: first,
              count: 2,
              rows: [
                { line: first, count: 2 },
                { line: first + 1, count: 0 },
                { line: first + 3, count: 2 },
              ],
            },
            {
              name: 'Other',
              line: first + 5,
              count: 2,
              rows: [
                { line: first + 6, count: 2 },
                { line: first + 7, count: 2 },
                { line: first + 8, count: 0 },
              ],
            },
            {
              name: 'Never',
              line: first + 10,
              count: 0,
              rows: [{ line: first + 11, count: 0 }],
            },
          ],
        },
      ],
    });
  });
});
