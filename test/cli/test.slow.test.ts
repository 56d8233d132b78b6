// `dflow test` as a program: the real process that runs tests, exit codes, files that are written, and what ends it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runTests } from '../../src/launch/tester.ts';
import type { FromTester } from '../../src/protocol/testing.ts';
import { folderWith } from './output.ts';

const root = join(import.meta.dirname, '..', '..');
const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const dflow = join(root, 'bin', 'dflow.cjs');

const flow =
  "@@ConnectionString: ''\n@OUTPUT R : { 'FriendlyName': 'R' }\nSET R TO 1\nIF R = 2 THEN\n    SET R TO 3\nEND\n";
const test = (expected: number, name = 'gives one') =>
  `FUNCTION '${name}' GLOBAL\nTest.RunFlow FlowPath: $'''f.robin''' @R=> R\nTest.ExpectEqual Actual: R Expected: ${expected}\nEND FUNCTION\n`;

function start(folder: string, ...args: string[]): ChildProcess {
  return spawn(node, [dflow, 'test', ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', DESKTOP_FLOWS_NODE: node },
  });
}

async function run(folder: string, ...args: string[]) {
  const child = start(folder, ...args);
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

describe('dflow test', () => {
  it('runs all tests below the folder and ends with 0 when they pass', async () => {
    const { folder } = folderWith({ 'f.robin': flow, 'f.test.robin': test(1), 'no/tests.robin': flow });
    const { code, out } = await run(folder);
    expect([code, out.replace(/\d+ ms/g, 'n ms').replace('<1 ms', 'n ms')]).toEqual([
      0,
      '\nf.test.robin\n  ✓ gives one n ms\n\n1 passed\n',
    ]);
  });

  it('ends with 1 when one fails; writes JUnit, coverage and lcov', async () => {
    const { folder, read } = folderWith({
      'f.robin': flow,
      'f.test.robin': test(1) + test(2, 'gives two'),
    });
    const { code, out } = await run(folder, '.', '--coverage', '--junit', 'j.xml', '--lcov', 'l.info');
    expect(code).toBe(1);
    expect(out).toContain('f.test.robin:7: TestExpectationFailed: Expected 2, but got 1.');
    expect(out).toContain('Main   2/3 66 %  5');
    expect(read('j.xml')).toContain('<testcase name="gives two"');
    expect(read('l.info')).toContain('DA:5,0');
  });

  it('speaks JSON lines to programs', async () => {
    const { folder } = folderWith({ 'f.robin': flow, 'f.test.robin': test(1) });
    const { out } = await run(folder, '--json', 'f.test.robin');
    const kinds = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as FromTester).kind);
    expect(kinds).toEqual(['file', 'started', 'ended', 'done']);
  });

  it.each([
    [['none.test.robin'], 'FlowNotFound'],
    [['f.robin'], 'NoTestsFound'],
    [['empty'], 'NoTestsFound'],
    [['--filter', 'nothing has this'], 'NoTestsFound'],
    [['--timeout', 'soon'], 'UsageWrong'],
    [['--priority', 'high'], 'UsageWrong'],
    [['--junit', join('gone', 'j.xml')], 'FileNotWritable'],
  ])('ends with 2 for %j', async (args, expected) => {
    const { folder } = folderWith({ 'f.robin': flow, 'f.test.robin': test(1), 'empty/x.txt': '' });
    const { code, err } = await run(folder, ...args);
    expect([code, err.split(':')[0]]).toEqual([2, expected]);
  });

  it('stops with 130 on Ctrl+C, with everything that a flow started', async () => {
    const { folder, path } = folderWith({
      'f.robin':
        "Scripting.RunDOSCommand.RunDOSCommand DOSCommandOrApplication: $'''sleep 3 && echo late > late.txt''' WorkingDirectory: $''''''\n",
      'f.test.robin': "FUNCTION 'sleeps' GLOBAL\nTest.RunFlow FlowPath: $'''f.robin'''\nEND FUNCTION\n",
    });
    const child = start(folder, '--json');
    let out = '';
    child.stdout?.setEncoding('utf8');
    await new Promise<void>((resolve) => {
      child.stdout?.on('data', (text: string) => {
        out += text;
        if (out.includes('"started"')) resolve();
      });
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const ended = once(child, 'close');
    const before = performance.now();
    child.kill('SIGINT');
    const [code] = await ended;
    expect(code).toBe(130);
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(out).toContain('"canceled":true');
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(existsSync(path('late.txt'))).toBe(false);
  });
});

describe('the process that runs tests', () => {
  const script = join(root, 'dist', 'tester.cjs');
  const request = (path: string, timeoutSeconds = 20) => ({
    kind: 'run' as const,
    files: [{ path }],
    coverage: false,
    timeoutSeconds,
  });

  it('that hangs in a single step is ended, and the test named', async () => {
    // A regular expression that backtracks for years.
    const { path } = folderWith({
      'f.test.robin': [
        "FUNCTION 'hangs' GLOBAL",
        "Text.ParseText.RegexParseForFirstOccurrence Text: $'''aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!''' TextToFind: $'''^(a+)+$''' StartingPosition: 0 IgnoreCase: False OccurrencePosition=> P",
        'END FUNCTION',
        "FUNCTION 'after' GLOBAL",
        'END FUNCTION',
      ].join('\n'),
    });
    const messages: FromTester[] = [];
    await runTests(
      { nodePath: node, script },
      request(path('f.test.robin'), 1),
      (message) => messages.push(message),
      new AbortController().signal,
    );
    expect(messages.slice(-2)).toMatchObject([
      { kind: 'ended', test: 'hangs', outcome: 'failed', failure: { code: 'TestTimedOut' } },
      { kind: 'done', passed: 0, failed: 1, canceled: false },
    ]);
  });

  it('that cannot be started, or ends before its time, is told of', async () => {
    const { path } = folderWith({ 'f.test.robin': test(1), 'x.cjs': 'process.exit(3)' });
    const never = new AbortController().signal;
    await expect(
      runTests({ nodePath: path('no-node'), script }, request(path('f.test.robin')), () => {}, never),
    ).rejects.toMatchObject({ code: 'TesterNotStarted' });
    await expect(
      runTests({ nodePath: node, script: path('x.cjs') }, request(path('f.test.robin')), () => {}, never),
    ).rejects.toMatchObject({ code: 'TesterEnded' });
  });
});
