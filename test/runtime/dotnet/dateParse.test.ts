// Reading dates as .NET does: freely (DateTime.Parse, en-US) and by a format (DateTime.ParseExact).
import { describe, expect, it } from 'vitest';
import { type Culture, cultures } from '../../../src/runtime/dotnet/culture.ts';
import { DateFormatError, formatDatetime } from '../../../src/runtime/dotnet/dateFormat.ts';
import { parseDatetime, parseDatetimeExact } from '../../../src/runtime/dotnet/dateParse.ts';
import { localTime } from '../../../src/runtime/dotnet/timeZone.ts';
import { FlowDatetime } from '../../../src/runtime/values.ts';

const english = cultures['en-US'];
const now = FlowDatetime.of(2024, 8, 20, 15, 30);
const shown = (value: FlowDatetime | undefined): string | undefined =>
  value && formatDatetime(value, 'yyyy-MM-dd HH:mm:ss.FFF', cultures.invariant);

describe('free text', () => {
  it.each([
    // Numbers in the order of the culture
    ['6/15/2009', '2009-06-15 00:00:00'],
    ['06/15/2009', '2009-06-15 00:00:00'],
    ['6-15-2009', '2009-06-15 00:00:00'],
    ['6.15.2009', '2009-06-15 00:00:00'],
    [' 6/15/2009 ', '2009-06-15 00:00:00'],
    ['6/15/09', '2009-06-15 00:00:00'],
    ['1/2/49', '2049-01-02 00:00:00'],
    ['1/2/50', '1950-01-02 00:00:00'],
    ['6/15', '2024-06-15 00:00:00'],
    ['6/2009', '2009-06-01 00:00:00'],
    ['2009/6', '2009-06-01 00:00:00'],
    ['2009-06', '2009-06-01 00:00:00'],
    ['2/29/2024', '2024-02-29 00:00:00'],
    // ISO 8601 and its relatives
    ['2009-06-15', '2009-06-15 00:00:00'],
    ['2009/06/15', '2009-06-15 00:00:00'],
    ['2009-6-5', '2009-06-05 00:00:00'],
    ['2009-06-15T13:45:30', '2009-06-15 13:45:30'],
    ['2009-06-15 13:45', '2009-06-15 13:45:00'],
    ['2009-06-15T13:45:30.617', '2009-06-15 13:45:30.617'],
    ['2009-06-15T13:45:30.6170000', '2009-06-15 13:45:30.617'],
    ['2009-06-15 13:45:30.5', '2009-06-15 13:45:30.5'],
    // Month names
    ['June 15, 2009', '2009-06-15 00:00:00'],
    ['Jun 15 2009', '2009-06-15 00:00:00'],
    ['15 June 2009', '2009-06-15 00:00:00'],
    ['15-Jun-2009', '2009-06-15 00:00:00'],
    ['15-jun-09', '2009-06-15 00:00:00'],
    ['JUNE 15 2009', '2009-06-15 00:00:00'],
    ['2009 June 15', '2009-06-15 00:00:00'],
    ['June 2009', '2009-06-01 00:00:00'],
    ['June 15', '2024-06-15 00:00:00'],
    ['15 June', '2024-06-15 00:00:00'],
    ['Monday, June 15, 2009', '2009-06-15 00:00:00'],
    ['Mon, 15 Jun 2009', '2009-06-15 00:00:00'],
    // Times
    ['6/15/2009 1:45 PM', '2009-06-15 13:45:00'],
    ['6/15/2009 1:45:30 PM', '2009-06-15 13:45:30'],
    ['6/15/2009 12:00 AM', '2009-06-15 00:00:00'],
    ['6/15/2009 12:00 PM', '2009-06-15 12:00:00'],
    ['6/15/2009 1PM', '2009-06-15 13:00:00'],
    ['1:45 pm 6/15/2009', '2009-06-15 13:45:00'],
    ['Monday, June 15, 2009 1:45:30 PM', '2009-06-15 13:45:30'],
    ['13:45', '2024-08-20 13:45:00'],
    ['13:45:30', '2024-08-20 13:45:30'],
    ['1 PM', '2024-08-20 13:00:00'],
  ])('%j is %s', (text, expected) => {
    expect(shown(parseDatetime(text, english, now))).toBe(expected);
  });

  it.each([
    '',
    'soon',
    '2009',
    '15',
    '20090615',
    '15/06/2009',
    '2/30/2009',
    '2/29/2023',
    '13/13/2009',
    '0/1/2009',
    '6/15/0000',
    '25:00',
    '13:60',
    '13:45 PM',
    '6/15/2009 1:45:61 PM',
    'Tuesday, June 15, 2009',
    'June 31, 2009',
    'June June 2009',
    '1/2/3/4',
    '6//15//2009',
    'on 6/15/2009',
    '6/15/2009 1:45 XM',
    '6/15/2009 +25:00',
  ])('%j is no date', (text) => {
    expect(parseDatetime(text, english, now)).toBeUndefined();
  });

  it.each([
    ['2009-06-15T13:45:30Z', Date.UTC(2009, 5, 15, 13, 45, 30)],
    ['2009-06-15T13:45:30.617Z', Date.UTC(2009, 5, 15, 13, 45, 30, 617)],
    ['2009-06-15T13:45:30+02:00', Date.UTC(2009, 5, 15, 11, 45, 30)],
    ['2009-06-15 13:45:30 -0500', Date.UTC(2009, 5, 15, 18, 45, 30)],
    ['Mon, 15 Jun 2009 20:45:30 GMT', Date.UTC(2009, 5, 15, 20, 45, 30)],
    ['2009-06-15 20:45:30Z', Date.UTC(2009, 5, 15, 20, 45, 30)],
  ])('%j is converted to the time of this machine', (text, moment) => {
    expect(parseDatetime(text, english, now)?.ticks).toBe(localTime(moment).ticks);
  });

  it('puts day and month in the order of the culture', () => {
    const dayFirst: Culture = { ...english, shortDate: 'dd/MM/yyyy' };
    expect(shown(parseDatetime('15/06/2009', dayFirst, now))).toBe('2009-06-15 00:00:00');
    expect(shown(parseDatetime('1/2', dayFirst, now))).toBe('2024-02-01 00:00:00');
    expect(parseDatetime('06/15/2009', dayFirst, now)).toBeUndefined();
  });
});

describe('by a format', () => {
  it.each([
    ['15/06/2009', 'dd/MM/yyyy', '2009-06-15 00:00:00'],
    ['5/6/2009', 'd/M/yyyy', '2009-06-05 00:00:00'],
    ['15/06/2009', 'd/M/yyyy', '2009-06-15 00:00:00'],
    ['20090615', 'yyyyMMdd', '2009-06-15 00:00:00'],
    ['20090615134530', 'yyyyMMddHHmmss', '2009-06-15 13:45:30'],
    ['15.06.09', 'dd.MM.yy', '2009-06-15 00:00:00'],
    ['15 Jun 2009', 'd MMM yyyy', '2009-06-15 00:00:00'],
    ['15 june 2009', 'd MMMM yyyy', '2009-06-15 00:00:00'],
    ['Mon 15', 'ddd dd', '2024-01-15 00:00:00'],
    ['Monday, 15 June 2009', 'dddd, d MMMM yyyy', '2009-06-15 00:00:00'],
    ['2009-06-15 01:45 PM', 'yyyy-MM-dd hh:mm tt', '2009-06-15 13:45:00'],
    ['2009-06-15 1:45 P', 'yyyy-MM-dd h:mm t', '2009-06-15 13:45:00'],
    ['2009-06-15 12:05', 'yyyy-MM-dd hh:mm', '2009-06-15 00:05:00'],
    ['13:45', 'HH:mm', '2024-08-20 13:45:00'],
    ['2009', 'yyyy', '2009-01-01 00:00:00'],
    ['June 2009', 'MMMM yyyy', '2009-06-01 00:00:00'],
    ['06-15', 'MM-dd', '2024-06-15 00:00:00'],
    ['13:45:30.617', 'HH:mm:ss.fff', '2024-08-20 13:45:30.617'],
    ['13:45:30', 'HH:mm:ss.FFF', '2024-08-20 13:45:30'],
    ['13:45:30.6', 'HH:mm:ss.FFF', '2024-08-20 13:45:30.6'],
    ["at 13 o'clock", "'at' HH \"o'clock\"", '2024-08-20 13:00:00'],
    ['2009-06-15T13:45:30', 's', '2009-06-15 13:45:30'],
    ['2009-06-15T13:45:30.6170000', 'o', '2009-06-15 13:45:30.617'],
    ['6/15/2009', 'd', '2009-06-15 00:00:00'],
    ['6/15/2009 1:45 PM', 'g', '2009-06-15 13:45:00'],
    ['Mon, 15 Jun 2009 13:45:30 GMT', 'r', '2009-06-15 13:45:30'],
    ['A.D. 2009', 'g yyyy', '2009-01-01 00:00:00'],
    // What does not fit
    ['15/6/2009', 'dd/MM/yyyy', undefined],
    ['2009-06-15 ', 'yyyy-MM-dd', undefined],
    ['2009-06-15', 'yyyy/MM/dd', undefined],
    ['06/15/2009', 'dd/MM/yyyy', undefined],
    ['30/02/2009', 'dd/MM/yyyy', undefined],
    ['13:45', 'hh:mm', undefined],
    ['Tue 15/06/2009', 'ddd dd/MM/yyyy', undefined],
    ['15 15/06/2009', 'dd dd/MM/yyyy', '2009-06-15 00:00:00'],
    ['14 15/06/2009', 'dd dd/MM/yyyy', undefined],
    ['13:45:30.61', 'HH:mm:ss.fff', undefined],
    ['09-06-15', 'yyyy-MM-dd', undefined],
    ['', 'yyyy', undefined],
  ])('%j as %j is %s', (text, format, expected) => {
    expect(shown(parseDatetimeExact(text, format, english, now))).toBe(expected);
  });

  it('converts a written offset to the time of this machine', () => {
    const moment = Date.UTC(2009, 5, 15, 11, 45);
    for (const [text, format] of [
      ['2009-06-15 13:45 +02:00', 'yyyy-MM-dd HH:mm zzz'],
      ['2009-06-15 13:45 +2', 'yyyy-MM-dd HH:mm z'],
      ['2009-06-15T11:45Z', "yyyy-MM-dd'T'HH:mmK"],
      ['2009-06-15T13:45+02:00', "yyyy-MM-dd'T'HH:mmK"],
    ] as const) {
      expect(parseDatetimeExact(text, format, english, now)?.ticks, text).toBe(localTime(moment).ticks);
    }
  });

  it('refuses a format that is none, whatever the text', () => {
    expect(() => parseDatetimeExact('x', 'j', english, now)).toThrow(DateFormatError);
    expect(() => parseDatetimeExact('x', "'open", english, now)).toThrow(DateFormatError);
  });
});
