// What `dflow test` writes: lines for people, JUnit XML that every reader accepts, coverage as a table and as lcov.
import { DOMParser, onErrorStopParsing } from '@xmldom/xmldom';
import { describe, expect, it } from 'vitest';
import { coverageTable, junitReport, lcovReport, TestDisplay } from '../../src/cli/testReport.ts';
import type { EndedTest, FlowCoverage, TestFileReport } from '../../src/protocol/testing.ts';
import { written } from './output.ts';

const path = '/home/ada/flows/a.test.robin';
const file: TestFileReport = {
  kind: 'file',
  path,
  tests: [
    { name: 'greets', line: 2 },
    { name: 'fails', line: 5 },
  ],
};
const passed: EndedTest = { kind: 'ended', path, test: 'greets', outcome: 'passed', ms: 12.4, logs: [] };
const nasty = 'a <b> & "c" \u0007 \ud800 ]]> é';
const failed: EndedTest = {
  ...passed,
  test: nasty,
  outcome: 'failed',
  ms: 1234,
  logs: [{ level: 'warning', message: 'two\nlines' }],
  failure: {
    code: 'TestFlowFailed',
    message: `The flow failed: ${nasty}`,
    nextStep: 'Look there.',
    place: { path, line: 6 },
    expected: 'one',
    actual: 'two',
    flow: { path: '/home/ada/flows/f.robin', line: 9, subflow: 'Main', action: 'File.Delete' },
  },
};

describe('for people', () => {
  it('a test is a line; a failure has its place, both values, the place in the flow and what was logged', () => {
    const out = written();
    const display = new TestDisplay(out, '/home/ada/flows');
    for (const message of [file, passed, failed, { kind: 'done', passed: 1, failed: 1, canceled: false }])
      display.message(message as EndedTest);
    expect(out.text).toBe(
      [
        '',
        'a.test.robin',
        '  ✓ greets 12 ms',
        '  ✗ a <b> & "c" \ufffd \ud800 ]]> é 1.2 s',
        '      a.test.robin:6: TestFlowFailed: The flow failed: a <b> & "c" \ufffd \ud800 ]]> é',
        '      expected: one',
        '      actual:   two',
        '      at f.robin:9 (Main, File.Delete)',
        '      Next: Look there.',
        '      warning: two',
        '    lines',
        '',
        '1 failed, 1 passed',
        '',
      ].join('\n'),
    );
  });

  it('a file that cannot run says why, once', () => {
    const out = written();
    const { failure } = failed;
    new TestDisplay(out, '/home').message({ ...file, ...(failure && { problem: failure }) });
    expect(out.text).toContain('  ✗ 2 tests not run\n      ada/flows/a.test.robin:6: TestFlowFailed: ');
  });
});

describe('JUnit', () => {
  const read = (text: string) =>
    new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, 'text/xml');

  it('is XML, whatever the names and messages hold', () => {
    const problem = { ...(failed.failure as NonNullable<EndedTest['failure']>), code: 'TestFileHasErrors' };
    const other = { ...file, path: '/home/ada/b.test.robin', problem };
    const canceled: EndedTest = { ...passed, test: 'late', outcome: 'canceled' };
    const text = junitReport([file, other], [passed, failed, canceled], '/home/ada');
    const document = read(text);
    const [suites] = document.getElementsByTagName('testsuites');
    expect(['tests', 'failures', 'errors', 'time'].map((name) => suites?.getAttribute(name))).toEqual([
      '4',
      '1',
      '1',
      '1.259',
    ]);
    const cases = [...document.getElementsByTagName('testcase')];
    expect(cases.map((each) => each.getAttribute('name'))).toEqual([
      'greets',
      'a <b> & "c" \ufffd \ufffd ]]> é',
      'late',
      '(file)',
    ]);
    expect(cases.map((each) => each.getAttribute('classname'))).toEqual([
      'flows/a.test.robin',
      'flows/a.test.robin',
      'flows/a.test.robin',
      'b.test.robin',
    ]);
    expect(cases[1]?.getElementsByTagName('failure')[0]?.textContent).toBe(
      [
        'flows/a.test.robin:6: TestFlowFailed: The flow failed: a <b> & "c" \ufffd \ufffd ]]> é',
        'expected: one',
        'actual:   two',
        'at flows/f.robin:9 (Main, File.Delete)',
        'Next: Look there.',
      ].join('\n'),
    );
    expect(cases[1]?.getElementsByTagName('system-out')[0]?.textContent).toBe('warning: two\nlines');
    expect(cases[2]?.getElementsByTagName('skipped')).toHaveLength(1);
    expect(cases[3]?.getElementsByTagName('error')[0]?.getAttribute('type')).toBe('TestFileHasErrors');
  });

  it('is whole also without tests', () => {
    expect(read(junitReport([], [], '/')).getElementsByTagName('testsuites')).toHaveLength(1);
  });
});

describe('coverage', () => {
  const flows: FlowCoverage[] = [
    {
      path: '/w/f.robin',
      subflows: [
        {
          name: 'Main',
          line: 3,
          count: 2,
          rows: [3, 4, 5, 7, 9].map((line) => ({ line, count: line < 4 ? 2 : line === 7 ? 1 : 0 })),
        },
        { name: 'Get, all', line: 11, count: 0, rows: [{ line: 12, count: 0 }] },
      ],
    },
  ];

  it('is a table of flows and subflows with the lines that did not run', () => {
    expect(coverageTable(flows, '/w')).toBe(
      [
        '',
        '                rows  not executed',
        'f.robin     2/6 33 %',
        '  Main      2/5 40 %  4-5, 9',
        '  Get, all   0/1 0 %  12',
        'all         2/6 33 %',
        '',
      ].join('\n'),
    );
    expect(coverageTable([], '/w')).toContain('0/0 -');
  });

  it('is lcov', () => {
    expect(lcovReport(flows, '/w')).toBe(
      [
        'TN:',
        'SF:f.robin',
        'FN:3,Main',
        'FN:11,Get  all',
        'FNDA:2,Main',
        'FNDA:0,Get  all',
        'FNF:2',
        'FNH:1',
        'DA:3,2',
        'DA:4,0',
        'DA:5,0',
        'DA:7,1',
        'DA:9,0',
        'DA:12,0',
        'LF:6',
        'LH:2',
        'end_of_record',
        '',
      ].join('\n'),
    );
  });
});
