// Conversions between types, checked against the forms .NET gives, and against themselves.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNumber } from '../../src/language/syntax/numbers.ts';
import { wireValue } from '../../src/protocol/run.ts';
import {
  datetimeText,
  fromHostValue,
  parseDatetime,
  toHostValue,
  toText,
} from '../../src/runtime/convert.ts';
import { decimalText } from '../../src/runtime/dotnet/decimal.ts';
import type { HostValue } from '../../src/runtime/host.ts';
import { equal } from '../../src/runtime/operations.ts';
import { FlowDatetime, type Value } from '../../src/runtime/values.ts';

describe('numbers', () => {
  // What Decimal.ToString gives under the invariant culture; of a double, .NET's conversion keeps 15 digits.
  it.each([
    [0, '0'],
    [-0, '0'],
    [42, '42'],
    [-1.5, '-1.5'],
    [0.1 + 0.2, '0.3'],
    [1 / 3, '0.333333333333333'],
    [2 / 3, '0.666666666666667'],
    [123456.789, '123456.789'],
    [0.0001, '0.0001'],
    [0.00001, '0.00001'],
    [0.000012345, '0.000012345'],
    [1234567890123456, '1234567890123456'],
    [9007199254740991, '9007199254740991'],
    [1e16, '10000000000000000'],
    [1.5e20, '150000000000000000000'],
    [1e100, '1E+100'],
    [-2.5e-10, '-0.00000000025'],
    [123456789012345.6, '123456789012346'],
  ])('%d reads %s', (value, text) => {
    expect(decimalText(value)).toBe(text);
  });

  it('the text of a number spells that number, to 15 digits', () => {
    // The very largest doubles round up beyond the range, as they do on .NET.
    fc.assert(
      fc.property(fc.double({ min: -1e308, max: 1e308, noNaN: true }), (value) => {
        const back = parseNumber(decimalText(value)) ?? Number.NaN;
        expect(Math.abs(back - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) * 1e-14, 1e-28));
      }),
    );
  });

  it.each(['', ' ', 'abc', '1,5', '1 000', '0x10', '5 apples', '--1', '1e', '.', '1e999', 'Infinity', '٣'])(
    '%j spells no number',
    (text) => {
      expect(parseNumber(text)).toBeUndefined();
    },
  );

  it.each([
    [' 12 ', 12],
    ['+.5', 0.5],
    ['-3.', -3],
    ['1E3', 1000],
  ])('%j spells %d', (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });
});

describe('datetimes', () => {
  it.each([
    ['2026-01-31', '01/31/2026 00:00:00'],
    ['2026-1-5 9:05', '01/05/2026 09:05:00'],
    ['2026-01-31T23:59:58.123', '01/31/2026 23:59:58'],
    ['01/31/2026 10:00:00', '01/31/2026 10:00:00'],
    ['1/31/2026 1:05:09 PM', '01/31/2026 13:05:09'],
    ['1/31/2026 12:00 am', '01/31/2026 00:00:00'],
    ['2024-02-29', '02/29/2024 00:00:00'],
    ['2026-01-31 10:00:00.00+000', '01/31/2026 10:00:00'],
    ['0001-01-01', '01/01/0001 00:00:00'],
  ])('%s reads %s', (text, shown) => {
    const value = parseDatetime(text);
    expect(value && datetimeText(value)).toBe(shown);
  });

  it.each([
    '',
    '2026-02-29',
    '2026-13-01',
    '31/01/2026',
    '2026-01-31 25:00',
    '10:00',
    '2026-01-31 13:00 PM',
    'today',
  ])('%j is no datetime', (text) => {
    expect(parseDatetime(text)).toBeUndefined();
  });

  it('its text spells it, to the second', () => {
    const second = fc.integer({ min: -62_135_596_800, max: 253_402_300_799 });
    fc.assert(
      fc.property(second, (seconds) => {
        const value = new FlowDatetime(seconds * 1000);
        expect(parseDatetime(datetimeText(value))?.ticks).toBe(value.ticks);
      }),
    );
  });
});

it('plain data becomes a flow value and comes back unchanged', () => {
  const value = fc.letrec<{ value: HostValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant({ $type: 'datetime' as const, value: '2026-01-31T10:00:00.500' }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.uniqueArray(fc.string(), { maxLength: 3, selector: (key) => key.toLowerCase() }).chain((keys) =>
        fc.tuple(...keys.map(() => tie('value'))).map((values) => ({
          $type: 'object' as const,
          entries: Object.fromEntries(keys.map((key, i) => [key, values[i] as HostValue])),
        })),
      ),
      fc.array(tie('value'), { maxLength: 2 }).map((row) => ({
        $type: 'datatable' as const,
        columns: row.map((_, i) => `c${i}`),
        rows: [row],
      })),
    ),
  })).value;
  fc.assert(
    fc.property(value, (given) => {
      expect(JSON.stringify(toHostValue(fromHostValue(given)))).toBe(JSON.stringify(given));
    }),
  );
});

describe('a number from outside', () => {
  it.each([
    [0.30000000000000004, '0.30000000000000004'],
    [1234567890.1234567, '1234567890.1234567'],
    [-12345678901234568, '-12345678901234568'],
    [1e-7, '0.0000001'],
    [0.1, '0.1'],
    [1e300, '1E+300'],
  ])('%d keeps its digits, in texts and on its way back', (given, text) => {
    const value = fromHostValue(given);
    expect(toText(value)).toBe(text);
    expect(equal(value, text)).toBe(given < 1e29);
    expect(toHostValue(value)).toEqual(given);
  });

  it('is what its text spells, not what looks like it', () => {
    expect(equal(fromHostValue(0.30000000000000004), 0.3)).toBe(false);
    expect(equal(fromHostValue(0.3), 0.3)).toBe(true);
  });
});

it('a value nested deeper than others can read is cut, not passed on', () => {
  let nested: Value = 'x';
  for (let i = 0; i < 5_000; i++) nested = [nested];
  const text = JSON.stringify(wireValue.parse(toHostValue(nested)));
  expect(text).toContain('nested too deep');
  expect(text).not.toContain('"x"');
});
