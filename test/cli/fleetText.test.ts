// Tables, moments and spans as the command line writes and reads them.
import { describe, expect, it } from 'vitest';
import { describeVerdict } from '../../src/cli/queue.ts';
import { facts, table, widthOf } from '../../src/cli/table.ts';
import {
  readMoment,
  readSpan,
  showExactSpan,
  showMoment,
  showRelative,
  showSpan,
} from '../../src/cli/times.ts';
import { written } from './output.ts';

const terminal = (columns: number) => Object.assign(written(), { isTTY: true, columns });
const columns = [
  { title: 'NAME', value: (row: readonly string[]) => row[0] as string, shrinks: true },
  { title: 'N', value: (row: readonly string[]) => row[1] as string, right: true, drops: true },
  { title: 'NOTE', value: (row: readonly string[]) => row[2] as string, shrinks: true },
];

describe('a table', () => {
  const rows = [
    ['short', '7', ''],
    ['a name of some length', '1200', 'and a note that is longer still'],
  ];

  it('lines its columns up, and leaves empty ones out', () => {
    expect(table(rows, columns, written())).toBe(
      'NAME                      N  NOTE\nshort                     7\na name of some length  1200  and a note that is longer still\n',
    );
    expect(table([['a', '', '']], columns, written())).toBe('NAME\na\n');
    expect(table([], columns, written())).toBe('\n');
  });

  it.each([120, 60, 40, 30, 20])('fits a terminal of %i columns', (width) => {
    for (const line of table(rows, columns, terminal(width)).split('\n'))
      expect(widthOf(line)).toBeLessThan(width);
  });

  it('shortens the widest first, and drops what it cannot shorten last', () => {
    expect(table(rows, columns, terminal(40)).split('\n')[2]).toBe('a name of some…  1200  and a note that…');
    expect(table(rows, columns, terminal(18)).split('\n')[2]).toBe('a name…  and a n…');
  });

  it('keeps what steers a terminal out, and knows wide letters', () => {
    expect(table([['a\u001b[2J\nb', '', '']], columns, written())).toBe('NAME\na\ufffd[2J b\n');
    expect(widthOf('日本')).toBe(4);
    expect(widthOf('e\u0301')).toBe(1);
    expect(table([['日本語の名前です', '1', '']], columns, terminal(14)).split('\n')[1]).toBe(
      '日本語の…   1',
    );
  });

  it('of facts goes on under itself', () => {
    expect(
      facts(
        [
          ['because', 'one two three four five six'],
          ['none', undefined],
        ],
        terminal(33),
      ),
    ).toBe('  because  one two three four\n           five six\n');
  });
});

describe('a moment', () => {
  it.each([
    ['2026-12-24T08:00', 'Europe/Berlin', '2026-12-24T07:00:00Z'],
    ['2026-12-24 08:00:30', 'UTC', '2026-12-24T08:00:30Z'],
    ['2026-07-24', 'America/New_York', '2026-07-24T04:00:00Z'],
    ['2026-12-24T08:00+02:00', 'Asia/Tokyo', '2026-12-24T06:00:00Z'],
    ['2026-12-24T08:00Z', 'Asia/Tokyo', '2026-12-24T08:00:00Z'],
    // Skipped by the change to summer time: as much later. Comes twice: the first one.
    ['2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T01:30:00Z'],
    ['2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00Z'],
  ])('%s in %s', (text, zone, moment) => {
    expect(new Date(readMoment(text, zone) as number).toISOString().replace('.000', '')).toBe(moment);
  });

  it.each(['', 'now', '2026-13-01', '2026-02-30', '2026-01-01T24:00', '2026-01-01T10:60', '1.1.2026'])(
    'is not %j',
    (text) => expect(readMoment(text, 'UTC')).toBeUndefined(),
  );

  it('needs a time zone that there is', () => {
    expect(readMoment('2026-01-01', 'Europe/Nowhere')).toBeUndefined();
    expect(showMoment(Date.UTC(2026, 6, 1, 12), 'Asia/Kolkata')).toBe('2026-07-01 17:30:00');
  });
});

describe('a span', () => {
  it.each([
    ['90s', 90],
    ['30m', 1_800],
    ['2H', 7_200],
    ['1d', 86_400],
    ['PT1H30M', 5_400],
    ['P1DT1S', 86_401],
    ['P2W', 1_209_600],
  ])('%s', (text, seconds) => expect(readSpan(text)).toBe(seconds));

  it.each(['', 'P', 'PT', '5', '-5s', '1.5h', '1y', 'PT1D'])('is not %j', (text) =>
    expect(readSpan(text)).toBeUndefined(),
  );

  it.each([
    [400, 'moments'],
    [42_000, '42 s'],
    [120_000, '2 min'],
    [12_000_000, '3 h 20 min'],
    [3 * 86_400_000, '3 d'],
  ])('of %i ms is %s', (ms, text) => expect(showSpan(ms)).toBe(text));

  it.each([
    [1, '1 s'],
    [90, '1 min 30 s'],
    [51 * 3_600, '2 d 3 h'],
    [86_461, '1 d 1 min 1 s'],
  ])('of %i seconds that was set is %s', (seconds, text) => expect(showExactSpan(seconds)).toBe(text));

  it('before and after now', () => {
    expect(showRelative(60_000 * 5, 0)).toBe('in 5 min');
    expect(showRelative(0, 60_000 * 5)).toBe('5 min ago');
    expect(showRelative(100, 0)).toBe('now');
  });
});

it('a verdict tells when it would start, and on what that rests', () => {
  const blocker = {
    cause: 'ours',
    code: 'BehindInQueue',
    message: '2 runs are before it in the run queue of Robots; the next to run is Import.',
    who: 'nobody needs to',
    nextStep: 'It starts in its turn.',
  } as const;
  const waits = { kind: 'waits', blocker, position: 3, expiresAt: 3 * 3_600_000 } as const;
  const show = (forecast?: { inMs: number; because: string }) =>
    describeVerdict(
      { ...waits, ...(forecast && { forecast }) },
      { flow: 'Report', queue: 'Robots', isQueued: true },
      written(),
      0,
    );
  expect(show({ inMs: 240_000, because: '1 running and 2 waiting before it' })).toMatch(
    /^Report waits in the run queue of Robots \(position 3\)\.\n[\s\S]* {2}forecast +in about 4 min \(1 running and 2 waiting before it\)\n {2}gives up +\S+ \S+ \(in 3 h\)\n$/,
  );
  expect(show()).toContain('unknown: a flow before it has never run to its end');
  expect(
    describeVerdict(
      { kind: 'starts', machines: ['A', 'B'], session: { kind: 'reuse', session: '1' } },
      { flow: 'Report', queue: 'Robots', isQueued: true },
      written(),
    ),
  ).toBe('Report starts any moment on A or B.\n  session  one that was kept from an earlier run\n');
});
