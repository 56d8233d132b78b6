// What a person sees of a run in a terminal, as text.
import { describe, expect, it } from 'vitest';
import { describeError, type Output, RunDisplay, showDuration, showValue } from '../../src/cli/terminal.ts';
import type { Run, RunEvent } from '../../src/protocol/run.ts';

function screen(isTTY: boolean): Output & { text: string } {
  return {
    text: '',
    isTTY,
    columns: 80,
    colors: false,
    write(text) {
      this.text += text;
    },
  };
}

const base: Run = {
  id: 'r1',
  flow: { name: 'invoices', path: 'invoices.robin', hash: 'h' },
  queue: 'machine-1',
  machine: 'machine-1',
  mode: 'attended',
  priority: 'normal',
  state: 'Queued',
  requestedBy: 'dflow',
  requestedAt: 1000,
  expiresAt: 9_000_000,
  inputs: {},
};
let seq = 0;
const at = { runId: 'r1', at: 0 };
const runEvent = (change: Partial<Run>): RunEvent => ({
  ...at,
  seq: ++seq,
  kind: 'run',
  run: { ...base, ...change },
});
const actions = (...list: [number, string, number, ('ok' | 'failed' | 'handled')?][]): RunEvent => ({
  ...at,
  seq: ++seq,
  kind: 'actions',
  omitted: 0,
  actions: list.map(([line, action, ms, outcome = 'ok']) => ({
    line,
    subflow: 'Main',
    action,
    at: 0,
    ms,
    outcome,
    ...(outcome === 'ok' ? {} : { error: { code: 'FileNotFoundError', message: 'no a.txt' } }),
  })),
});

describe('a run in a pipe', () => {
  it('names the flow of an action when another flow runs it, and does not fold it with its own', () => {
    const out = screen(false);
    const display = new RunDisplay(
      out,
      10,
      () => 'desk-7',
      () => 0,
    );
    const record = { line: 2, subflow: 'Main', action: 'SET', at: 0, ms: 1, outcome: 'ok' as const };
    display.event({
      ...at,
      seq: ++seq,
      kind: 'actions',
      omitted: 0,
      actions: [{ ...record, flow: 'Child' }, record],
    });
    display.end({ ...base, state: 'Succeeded', startedAt: 1000, endedAt: 2000 }, 'x.robin');
    expect(
      out.text
        .split('\n')
        .slice(0, 2)
        .map((line) => line.trim().split(/\s+/).slice(0, 3)),
    ).toEqual([
      ['✓', 'Child/Main:2', 'SET'],
      ['✓', 'Main:2', 'SET'],
    ]);
  });

  it('is one line per action, a loop of one action folded, the outputs last', () => {
    const out = screen(false);
    const display = new RunDisplay(
      out,
      10,
      () => 'desk-7',
      () => 0,
    );
    display.event(runEvent({ state: 'Running', startedAt: 1000 }));
    display.event(actions([3, 'Folder.GetFiles', 12.4]));
    display.event(actions([5, 'Text.ToNumber', 0.2], [5, 'Text.ToNumber', 0.3]));
    display.event({ ...at, seq: ++seq, kind: 'log', level: 'warning', message: 'approved with ••••' });
    display.event(actions([6, 'File.ReadText', 3, 'handled']));
    display.end(
      {
        ...base,
        state: 'Succeeded',
        startedAt: 1000,
        endedAt: 2500,
        outputs: { Total: 12.5, Token: { $type: 'secured' } },
      },
      'invoices.robin',
    );
    expect(out.text).toBe(
      [
        'invoices is running on desk-7',
        '  ✓ Main:3               Folder.GetFiles 12 ms',
        '  ✓ Main:5               Text.ToNumber ×2 <1 ms',
        '  warning: approved with ••••',
        '  ↷ Main:6               File.ReadText 3 ms  FileNotFoundError: no a.txt',
        '',
        '✓ Succeeded in 1.5 s',
        '  Total  12.5',
        '  Token  {}',
        '',
      ].join('\n'),
    );
  });

  it('names file, line, action, code and next step when it fails', () => {
    const out = screen(false);
    const display = new RunDisplay(
      out,
      10,
      () => 'desk-7',
      () => 0,
    );
    const error = {
      code: 'FileNotFoundError',
      message: 'There is no file a.txt.',
      nextStep: 'Check the path.',
      line: 6,
      subflow: 'Main',
      action: 'File.ReadTextFromFile.ReadText',
    };
    display.end({ ...base, state: 'Failed', startedAt: 1000, endedAt: 1200, error }, 'flows/a.robin');
    expect(out.text).toBe(
      '\n✗ Failed after 0.2 s\nflows/a.robin:6: FileNotFoundError: There is no file a.txt. (Main, File.ReadTextFromFile.ReadText)\n  Next: Check the path.\n',
    );
    expect(describeError({ code: 'WorkerLost', message: 'Gone.', nextStep: 'Resubmit.' }, 'a.robin')).toBe(
      'WorkerLost: Gone.\n  Next: Resubmit.\n',
    );
  });
});

it('never passes control characters of a flow on to the terminal', () => {
  const out = screen(false);
  const display = new RunDisplay(
    out,
    1,
    () => 'desk-7',
    () => 0,
  );
  display.event({
    ...at,
    seq: ++seq,
    kind: 'log',
    level: 'info',
    message: 'two\r\nlines \u001b]0;title\u0007',
  });
  expect(out.text).toBe('  info: two\n    lines \ufffd]0;title\ufffd\n');
});

describe('a run on a terminal', () => {
  it('keeps a progress line at the bottom that never exceeds the width and is gone at the end', () => {
    const out = screen(true);
    const display = new RunDisplay(
      out,
      4,
      () => 'desk-7',
      () => 500,
    );
    display.event(
      runEvent({
        state: 'Running',
        startedAt: 1000,
        position: {
          subflow: 'Main',
          line: 3,
          action: 'File.CopyAVeryLongActionNameThatWouldNotFitOnOneLineOfThisTerminalAtAll',
        },
      }),
    );
    display.event({
      ...at,
      seq: ++seq,
      kind: 'lines',
      lines: [{ line: 3, subflow: 'Main', state: 'ok', count: 1, ms: 1 }],
    });
    const bars = out.text.split('\r\u001b[2K').map((part) => part.split('\n').at(-1) as string);
    expect(bars.at(-1)).toContain('1/4 lines · 0.0 s · Running Main:3');
    for (const bar of bars) expect(bar.length).toBeLessThan(80);
    display.end({ ...base, state: 'Succeeded', startedAt: 1000, endedAt: 2000 }, 'a.robin');
    expect(out.text.split('\r\u001b[2K').at(-1)).toBe('\n✓ Succeeded in 1.0 s\n');
  });
});

it.each([
  [0.2, '<1 ms'],
  [12.3, '12 ms'],
  [999.4, '999 ms'],
  [3400, '3.4 s'],
])('shows %f ms as %s', (ms, text) => expect(showDuration(ms)).toBe(text));

it.each([
  [null, '(blank)'],
  [true, 'true'],
  [['a', 1], '[a, 1]'],
  [{ $type: 'object', entries: { a: 1 } }, '{ a: 1 }'],
  [{ $type: 'datatable', columns: ['A', 'B'], rows: [[1, 2]] }, 'table of 1 rows: A, B'],
  [{ $type: 'datetime', value: '2026-01-31T10:00:00' }, '2026-01-31T10:00:00'],
] as const)('shows a value as text: %j', (value, text) => expect(showValue(value)).toBe(text));
