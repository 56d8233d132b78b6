// Writing dates by .NET format strings. Expectations are the examples of .NET's reference pages on standard and custom
// date and time formats (2009-06-15T13:45:30.6170000 there) and the tables of format letters on them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Culture, cultures } from '../../../src/runtime/dotnet/culture.ts';
import { DateFormatError, formatDatetime } from '../../../src/runtime/dotnet/dateFormat.ts';
import { parseDatetimeExact } from '../../../src/runtime/dotnet/dateParse.ts';
import { FlowDatetime } from '../../../src/runtime/values.ts';

const afternoon = FlowDatetime.of(2009, 6, 15, 13, 45, 30, 617);
const morning = FlowDatetime.of(2009, 6, 5, 1, 5, 9, 50);
const midnight = FlowDatetime.of(1, 1, 1);
const turnOfYear = FlowDatetime.of(1900, 12, 31, 0, 0, 0);

const vectors: readonly [
  format: string,
  value: FlowDatetime,
  culture: 'invariant' | 'en-US',
  text: string,
][] = [
  // Standard formats
  ['d', afternoon, 'en-US', '6/15/2009'],
  ['d', afternoon, 'invariant', '06/15/2009'],
  ['D', afternoon, 'en-US', 'Monday, June 15, 2009'],
  ['D', afternoon, 'invariant', 'Monday, 15 June 2009'],
  ['f', afternoon, 'en-US', 'Monday, June 15, 2009 1:45 PM'],
  ['F', afternoon, 'en-US', 'Monday, June 15, 2009 1:45:30 PM'],
  ['F', afternoon, 'invariant', 'Monday, 15 June 2009 13:45:30'],
  ['g', afternoon, 'en-US', '6/15/2009 1:45 PM'],
  ['g', afternoon, 'invariant', '06/15/2009 13:45'],
  ['G', afternoon, 'en-US', '6/15/2009 1:45:30 PM'],
  ['G', afternoon, 'invariant', '06/15/2009 13:45:30'],
  ['', afternoon, 'en-US', '6/15/2009 1:45:30 PM'],
  ['m', afternoon, 'en-US', 'June 15'],
  ['M', afternoon, 'invariant', 'June 15'],
  ['o', afternoon, 'en-US', '2009-06-15T13:45:30.6170000'],
  ['O', midnight, 'en-US', '0001-01-01T00:00:00.0000000'],
  ['r', afternoon, 'en-US', 'Mon, 15 Jun 2009 13:45:30 GMT'],
  ['R', morning, 'en-US', 'Fri, 05 Jun 2009 01:05:09 GMT'],
  ['s', afternoon, 'en-US', '2009-06-15T13:45:30'],
  ['t', afternoon, 'en-US', '1:45 PM'],
  ['t', afternoon, 'invariant', '13:45'],
  ['T', afternoon, 'en-US', '1:45:30 PM'],
  ['T', afternoon, 'invariant', '13:45:30'],
  ['u', afternoon, 'en-US', '2009-06-15 13:45:30Z'],
  ['y', afternoon, 'en-US', 'June 2009'],
  ['Y', afternoon, 'invariant', '2009 June'],
  // Day
  ['%d', afternoon, 'en-US', '15'],
  ['d ', morning, 'en-US', '5 '],
  ['dd', morning, 'en-US', '05'],
  ['ddd', afternoon, 'en-US', 'Mon'],
  ['dddd', afternoon, 'en-US', 'Monday'],
  ['dddddd', afternoon, 'en-US', 'Monday'],
  // Month
  ['%M', afternoon, 'en-US', '6'],
  ['MM', afternoon, 'en-US', '06'],
  ['MMM', afternoon, 'en-US', 'Jun'],
  ['MMMM', afternoon, 'en-US', 'June'],
  ['MMMM', turnOfYear, 'en-US', 'December'],
  // Year
  ['%y', afternoon, 'en-US', '9'],
  ['yy', afternoon, 'en-US', '09'],
  ['yyy', afternoon, 'en-US', '2009'],
  ['yyyy', afternoon, 'en-US', '2009'],
  ['yyyyy', afternoon, 'en-US', '02009'],
  ['%y', midnight, 'en-US', '1'],
  ['yy', midnight, 'en-US', '01'],
  ['yyy', midnight, 'en-US', '001'],
  ['yyyy', midnight, 'en-US', '0001'],
  ['yyyyy', midnight, 'en-US', '00001'],
  ['%y', turnOfYear, 'en-US', '0'],
  ['yy', turnOfYear, 'en-US', '00'],
  // Hour
  ['%h', afternoon, 'en-US', '1'],
  ['hh', afternoon, 'en-US', '01'],
  ['%h', midnight, 'en-US', '12'],
  ['hhhh', afternoon, 'en-US', '01'],
  ['%H', afternoon, 'en-US', '13'],
  ['%H', morning, 'en-US', '1'],
  ['HH', morning, 'en-US', '01'],
  ['HH', midnight, 'en-US', '00'],
  // Minute and second
  ['%m', morning, 'en-US', '5'],
  ['mm', morning, 'en-US', '05'],
  ['%s', morning, 'en-US', '9'],
  ['ss', morning, 'en-US', '09'],
  // Fractions of a second
  ['%f', afternoon, 'en-US', '6'],
  ['ff', afternoon, 'en-US', '61'],
  ['fff', afternoon, 'en-US', '617'],
  ['ffff', afternoon, 'en-US', '6170'],
  ['fffffff', afternoon, 'en-US', '6170000'],
  ['%F', afternoon, 'en-US', '6'],
  ['FFF', afternoon, 'en-US', '617'],
  ['FFFFFFF', afternoon, 'en-US', '617'],
  ['FFF', morning, 'en-US', '05'],
  ['%F', midnight, 'en-US', ''],
  ['ss.FFF', midnight, 'en-US', '00'],
  ['ss.FFF', afternoon, 'en-US', '30.617'],
  ['ss.fff', midnight, 'en-US', '00.000'],
  // Halves of the day, era, zone
  ['%t', afternoon, 'en-US', 'P'],
  ['tt', afternoon, 'en-US', 'PM'],
  ['tt', morning, 'invariant', 'AM'],
  ['%g', afternoon, 'en-US', 'A.D.'],
  ['%K', afternoon, 'en-US', ''],
  // Separators, quotes, escapes, letters without a meaning
  ['dd/MM/yyyy', afternoon, 'en-US', '15/06/2009'],
  ['HH:mm', afternoon, 'en-US', '13:45'],
  ['yyyy-MM-dd', afternoon, 'en-US', '2009-06-15'],
  ['yyyyMMdd_HHmmss', afternoon, 'en-US', '20090615_134530'],
  ['dd.MM.yy', afternoon, 'en-US', '15.06.09'],
  ["h 'h' m 'm'", afternoon, 'en-US', '1 h 45 m'],
  ['h "h" m "min"', afternoon, 'en-US', '1 h 45 min'],
  ['h \\h', afternoon, 'en-US', '1 h'],
  ['\\d\\d', afternoon, 'en-US', 'dd'],
  ["'it\\'s' yyyy", afternoon, 'en-US', "it's 2009"],
  ['%dd', morning, 'en-US', '55'],
  ['dddd dd MMMM', afternoon, 'en-US', 'Monday 15 June'],
  ['dd/MM/yyyy - hh:mm', afternoon, 'en-US', '15/06/2009 - 01:45'],
  ['MM\\/dd\\/yyyy', afternoon, 'en-US', '06/15/2009'],
  ['yyyy年M月', afternoon, 'en-US', '2009年6月'],
  ['hh:mm:ss.fff tt', afternoon, 'en-US', '01:45:30.617 PM'],
];

const cultureOf = (name: 'invariant' | 'en-US'): Culture => cultures[name];

describe('formatDatetime', () => {
  it.each(vectors)('%j of %o in %s is %j', (format, value, culture, text) => {
    expect(formatDatetime(value, format, cultureOf(culture))).toBe(text);
  });

  it.each([
    ['x', 'no standard'],
    ['j', 'no standard'],
    ['%', 'no standard'],
    ['%%', "'%' must be followed"],
    ['yyyy%', "'%' must be followed"],
    ["'open", 'never closed'],
    ['yyyy\\', 'lone backslash'],
    ['ffffffff', 'seven decimals'],
    ['FFFFFFFF', 'seven decimals'],
  ])('refuses the format %j: %s', (format, reason) => {
    expect(() => formatDatetime(afternoon, format, cultures.invariant)).toThrow(DateFormatError);
    expect(() => formatDatetime(afternoon, format, cultures.invariant)).toThrow(reason);
  });

  it('writes the offset of this machine at that moment', () => {
    const minutes = -new Date(2009, 5, 15, 13, 45, 30).getTimezoneOffset();
    const sign = minutes < 0 ? '-' : '+';
    const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
    const two = (number: number) => String(number).padStart(2, '0');
    const written = (format: string) => formatDatetime(afternoon, format, cultures.invariant);
    expect(written('%z')).toBe(`${sign}${hours}`);
    expect(written('zz')).toBe(`${sign}${two(hours)}`);
    expect(written('zzz')).toBe(`${sign}${two(hours)}:${two(rest)}`);
    const utc = new Date(2009, 5, 15, 13, 45, 30).toISOString().slice(0, 10).split('-');
    expect(written('U')).toContain(`, ${utc[2]} June ${utc[0]}`);
  });

  it('uses the separators and names of its culture', () => {
    const other: Culture = {
      ...cultures.invariant,
      dateSeparator: '.',
      timeSeparator: 'h',
      am: 'vorm.',
      shortDate: 'dd/MM/yyyy',
    };
    expect(formatDatetime(morning, 'd', other)).toBe('05.06.2009');
    expect(formatDatetime(morning, 'H:mm tt t', other)).toBe('1h05 vorm. v');
    expect(formatDatetime(morning, 's', other), 'the sortable format is the same everywhere').toBe(
      '2009-06-05T01:05:09',
    );
  });

  it('is read back exactly by the same format', () => {
    const instants = fc
      .integer({ min: Date.UTC(1950, 0, 1), max: Date.UTC(2049, 11, 31, 23, 59, 59, 999) })
      .map((ticks) => new FlowDatetime(ticks));
    const formats = fc.constantFrom(
      'o',
      'yyyy-MM-dd HH:mm:ss.fff',
      'yyyyMMddHHmmssfff',
      'dddd, d MMMM yyyy h:m:s.FFF tt',
      'ddd dd MMM yy hh:mm:ss.fff t',
      "'at' H 'o''clock' mm ss fff, M/d/yyyy",
    );
    fc.assert(
      fc.property(
        instants,
        formats,
        fc.constantFrom<Culture>(cultures.invariant, cultures['en-US']),
        (value, format, culture) => {
          const text = formatDatetime(value, format, culture);
          expect(parseDatetimeExact(text, format, culture, midnight)?.ticks).toBe(value.ticks);
        },
      ),
    );
  });
});
