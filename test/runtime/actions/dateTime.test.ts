// The DateTime actions: arguments → outputs or error. The clock is the fake host's.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateTimeActions } from '../../../src/runtime/actions/dateTime.ts';
import { parseDatetime } from '../../../src/runtime/convert.ts';
import { FlowDatetime, type Value } from '../../../src/runtime/values.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeHost } from '../../fakes/host.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';

type Arguments = Readonly<Record<string, Value>>;

const moment = Date.UTC(2024, 2, 9, 23, 30, 15, 250);
const context = contextIn('/flows', { host: new FakeHost({ clock: new FakeClock({ start: moment }) }) });
const run = (id: string, given: Arguments) => runAction(dateTimeActions, `DateTime.${id}`, given, context);
const date = (text: string) => parseDatetime(text) as FlowDatetime;
const iso = (value: Value | undefined) => (value as FlowDatetime).fields.toISOString().slice(0, -1);

describe('Add to datetime', () => {
  it.each([
    ['2024-01-31T10:00:00', 90, 'Seconds', '2024-01-31T10:01:30.000'],
    ['2024-01-31T10:00:00', -61, 'Minutes', '2024-01-31T08:59:00.000'],
    ['2024-01-31T10:00:00', 14, 'Hours', '2024-02-01T00:00:00.000'],
    ['2024-02-28T10:00:00', 2, 'Days', '2024-03-01T10:00:00.000'],
    ['2024-01-31T10:00:00', 1, 'Months', '2024-02-29T10:00:00.000'],
    ['2024-03-31T10:00:00', -1, 'Months', '2024-02-29T10:00:00.000'],
    ['2024-01-31T10:00:00', -13, 'Months', '2022-12-31T10:00:00.000'],
    ['2024-02-29T10:00:00', 1, 'Years', '2025-02-28T10:00:00.000'],
    ['2024-02-29T10:00:00', -4, 'years', '2020-02-29T10:00:00.000'],
    ['0001-01-31T00:00:00', 1, 'Months', '0001-02-28T00:00:00.000'],
    ['9999-12-31T00:00:00', 86399, 'Seconds', '9999-12-31T23:59:59.000'],
  ])('%s plus %d %s is %s', async (start, TimeToAdd, TimeUnit, expected) => {
    const result = await run('Add', { DateTime: date(start), TimeToAdd, TimeUnit });
    expect(iso(result.outputs?.ResultedDate)).toBe(expected);
  });

  it('adds days by default and reads a date in a text', async () => {
    const result = await run('Add', { DateTime: '2024-02-28', TimeToAdd: '2' });
    expect(iso(result.outputs?.ResultedDate)).toBe('2024-03-01T00:00:00.000');
  });

  it.each([
    ['9999-12-31T00:00:00', 1, 'Days'],
    ['0001-01-01T00:00:00', -1, 'Seconds'],
    ['9999-12-01T00:00:00', 1, 'Months'],
    ['0001-01-01T00:00:00', -1, 'Years'],
  ])('%s plus %d %s is out of range', async (start, TimeToAdd, TimeUnit) => {
    expect(await errorOf(run('Add', { DateTime: date(start), TimeToAdd, TimeUnit }))).toMatch(
      /^ActionFailed: /,
    );
  });

  it('refuses what is no date', async () => {
    const given = { DateTime: '31/12/2024', TimeToAdd: 1 };
    expect(await errorOf(run('Add', given))).toMatch(/^InvalidArgument: .*"DateTime"/);
  });

  it('is undone by Subtract dates', async () => {
    const ticks = fc.integer({ min: Date.UTC(1, 0, 1), max: Date.UTC(5000, 0, 1) });
    const units = fc.constantFrom('Seconds', 'Minutes', 'Hours', 'Days');
    await fc.assert(
      fc.asyncProperty(
        ticks,
        fc.integer({ min: 0, max: 100_000 }),
        units,
        async (start, TimeToAdd, TimeUnit) => {
          const SubstractDate = new FlowDatetime(start);
          const added = await run('Add', { DateTime: SubstractDate, TimeToAdd, TimeUnit });
          const FromDate = added.outputs?.ResultedDate as FlowDatetime;
          const difference = await run('Subtract', { FromDate, SubstractDate, TimeUnit });
          expect(difference.outputs?.TimeDifference).toBe(TimeToAdd);
        },
      ),
    );
  });
});

describe('Subtract dates', () => {
  it.each([
    ['2024-03-01T12:00:00', '2024-02-28T00:00:00', 'Days', 2.5],
    ['2024-02-28T00:00:00', '2024-03-01T12:00:00', 'Days', -2.5],
    ['2024-01-01T01:30:00', '2024-01-01T00:00:00', 'Hours', 1.5],
    ['2024-01-01T00:01:30', '2024-01-01T00:00:00', 'Minutes', 1.5],
    ['2024-01-01T00:00:00.250', '2024-01-01T00:00:00', 'Seconds', 0.25],
  ])('%s minus %s in %3$s is %4$d', async (from, subtracted, TimeUnit, TimeDifference) => {
    const result = await run('Subtract', { FromDate: date(from), SubstractDate: date(subtracted), TimeUnit });
    expect(result).toEqual({ outputs: { TimeDifference } });
  });
});

describe('Get current date and time', () => {
  it.each<[variant: string, given: Arguments, expected: string]>([
    ['Windows', {}, '2024-03-09T23:30:15.250'],
    ['Windows', { TimeZoneLocation: 'TokyoStandardTime' }, '2024-03-10T08:30:15.250'],
    [
      'Windows',
      { TimeZoneLocation: 'TokyoStandardTime', DateTimeFormat: 'DateOnly' },
      '2024-03-10T00:00:00.000',
    ],
    ['Windows', { TimeZoneLocation: 'NewfoundlandStandardTime' }, '2024-03-09T20:00:15.250'],
    ['CustomTimeZone', { CustomTimeZone: 'India Standard Time' }, '2024-03-10T05:00:15.250'],
    ['CustomOffset', { CustomOffset: -5.5 }, '2024-03-09T18:00:15.250'],
    ['CustomOffset', { CustomOffset: 2, DateTimeFormat: 'DateOnly' }, '2024-03-10T00:00:00.000'],
    ['Current', {}, '2024-03-10T01:30:15.250'],
    ['Current', { Offset: 'America/New_York' }, '2024-03-09T18:30:15.250'],
  ])('%s %j → %s', async (variant, given, expected) => {
    const result = await run(`GetCurrentDateTime.${variant}`, given);
    expect(iso(result.outputs?.CurrentDateTime)).toBe(expected);
  });

  it('shows the clock of this machine', async () => {
    const here = new Date(moment);
    const result = await run('GetCurrentDateTime.Local', {});
    const expected = FlowDatetime.of(
      here.getFullYear(),
      here.getMonth() + 1,
      here.getDate(),
      here.getHours(),
      here.getMinutes(),
      here.getSeconds(),
      here.getMilliseconds(),
    );
    expect(result).toEqual({ outputs: { CurrentDateTime: expected } });
    const day = await run('GetCurrentDateTime.Local', { DateTimeFormat: 'DateOnly' });
    expect(iso(day.outputs?.CurrentDateTime)).toBe(`${iso(expected).slice(0, 10)}T00:00:00.000`);
  });

  it.each<[variant: string, given: Arguments, code: string]>([
    ['CustomTimeZone', { CustomTimeZone: 'Mars Standard Time' }, 'GetCurrentDateTimeError'],
    ['CustomOffset', { CustomOffset: 15 }, 'GetCurrentDateTimeError'],
    ['Current', { Offset: 'Europe/Atlantis' }, 'CountryOrRegionNotFoundError'],
  ])('%s %j → %s', async (variant, given, code) => {
    expect(await errorOf(run(`GetCurrentDateTime.${variant}`, given))).toMatch(new RegExp(`^${code}: .`));
  });
});
