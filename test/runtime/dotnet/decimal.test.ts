// Decimal arithmetic and number texts. Expectations follow .NET's decimal type and its formats F and N.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Culture, cultures } from '../../../src/runtime/dotnet/culture.ts';
import {
  addDecimals,
  decimalPart,
  formatNumber,
  parseDecimal,
  roundDecimal,
} from '../../../src/runtime/dotnet/decimal.ts';

const english = cultures['en-US'];

describe('formatNumber', () => {
  it.each([
    [1234.567, 2, true, '1,234.57'],
    [1234, 1, true, '1,234.0'],
    [-1234.56, 3, true, '-1,234.560'],
    [1234.567, 2, false, '1234.57'],
    [-1234.56, 4, false, '-1234.5600'],
    [0, 2, true, '0.00'],
    [-0.001, 2, true, '0.00'],
    [0.5, 0, false, '1'],
    [1.5, 0, false, '2'],
    [2.5, 0, false, '3'],
    [-2.5, 0, false, '-3'],
    [2.675, 2, false, '2.68'],
    [1.005, 2, false, '1.01'],
    [0.1, 20, false, '0.10000000000000000000'],
    [999.995, 2, true, '1,000.00'],
    [999, 0, true, '999'],
    [1000, 0, true, '1,000'],
    [123456789, 0, true, '123,456,789'],
    [1e21, 0, true, '1,000,000,000,000,000,000,000'],
    [1.5e-7, 7, false, '0.0000002'],
    [12345.6789, 0, true, '12,346'],
  ])('%d with %d places, grouped %s: %s', (value, places, grouped, text) => {
    expect(formatNumber(value, places, grouped, english)).toBe(text);
  });

  it('uses the separators and group sizes of its culture', () => {
    const other: Culture = { ...english, decimalSeparator: ',', groupSeparator: '.', groupSizes: [3, 2] };
    expect(formatNumber(12345678.5, 1, true, other)).toBe('1.23.45.678,5');
    expect(parseDecimal('1.23.45.678,5', other)).toBe(12345678.5);
  });
});

describe('parseDecimal', () => {
  it.each([
    ['5', 5],
    ['-5', -5],
    ['+5', 5],
    ['5-', -5],
    [' 1 234.5 ', 1234.5],
    ['1,234.5', 1234.5],
    ['1,2,3', 123],
    ['12,34', 1234],
    ['.5', 0.5],
    ['5.', 5],
    ['- 7', -7],
    ['007', 7],
    ['1\u00a0000', 1000],
    ['\t42\r\n', 42],
    ['-0', 0],
    ['79228162514264337593543950334', 7.922816251426434e28],
  ])('%j is %d', (text, value) => {
    const parsed = parseDecimal(text, english);
    if (value > 1e28) expect(parsed).toBeUndefined();
    else expect(parsed).toBe(value);
  });

  it.each([
    '',
    ' ',
    '-',
    '.',
    ',',
    ',5',
    'abc',
    '5a',
    '1.2.3',
    '1e3',
    '$5',
    '(5)',
    '5%',
    '--5',
    '-5-',
    '0x10',
    '½',
    '١',
  ])('%j is no number', (text) => {
    expect(parseDecimal(text, english)).toBeUndefined();
  });

  it('reads back what formatNumber writes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e12, max: 1e12 }),
        fc.integer({ min: 0, max: 3 }),
        fc.boolean(),
        (whole, places, grouped) => {
          const value = whole / 10 ** places;
          expect(parseDecimal(formatNumber(value, places, grouped, english), english)).toBe(
            value === 0 ? 0 : value,
          );
        },
      ),
    );
  });
});

describe('arithmetic', () => {
  it.each([
    [0.1, 0.2, 0.3],
    [1.1, 2.2, 3.3],
    [0.7, 0.1, 0.8],
    [-0.1, 0.1, 0],
    [1e20, 1, 1e20],
    [2 ** 53 - 1, -1, 2 ** 53 - 2],
    [1e-7, 2e-7, 3e-7],
    [4.35, 100, 104.35],
  ])('%d + %d = %d', (a, b, sum) => {
    expect(addDecimals(a, b)).toBe(sum);
  });

  it.each([
    [2.34567, 3, 2.346],
    [2.5, 0, 3],
    [-2.5, 0, -3],
    [1.005, 2, 1.01],
    [7, 3, 7],
    [1e-9, 3, 0],
    [12345.5, 0, 12346],
  ])('%d rounded to %d places is %d', (value, places, rounded) => {
    expect(roundDecimal(value, places)).toBe(rounded);
  });

  it.each([
    [2.14, 0.14],
    [-2.14, -0.14],
    [5, 0],
    [0.75, 0.75],
    [1e21, 0],
  ])('the decimal part of %d is %d', (value, part) => {
    expect(decimalPart(value)).toBe(part);
  });

  it('steps of a hundredth never drift', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (steps) => {
        let sum = 0;
        for (let step = 0; step < steps; step++) sum = addDecimals(sum, 0.01);
        expect(sum).toBe(steps / 100);
      }),
    );
  });
});
