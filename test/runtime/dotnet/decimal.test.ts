// Decimal arithmetic and number texts. Expectations follow .NET's decimal type and its formats F and N.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Culture, cultures } from '../../../src/runtime/dotnet/culture.ts';
import {
  addDecimals,
  compareDecimals,
  decimalPart,
  decimalRemainder,
  decimalText,
  divideDecimals,
  formatNumber,
  multiplyDecimals,
  negateDecimal,
  parseDecimal,
  readDecimal,
  roundDecimal,
} from '../../../src/runtime/dotnet/decimal.ts';
import { FlowDecimal, type Numeric } from '../../../src/runtime/values.ts';

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
  ])('%j is %d', (text, value) => {
    expect(parseDecimal(text, english)).toBe(value);
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
    '79228162514264337593543950336',
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

/** A decimal of the exact digits: the way of the test, without any of the shortcuts. */
const exact = (text: string): Numeric => readDecimal(text) as Numeric;
const told = (value: Numeric | undefined) => (value === undefined ? 'too large' : decimalText(value));

// Expectations from System.Decimal: 96 bits of digits, up to 28 places, halves of a result to the even digit.
describe('System.Decimal', () => {
  it.each([
    ['1', '/', '3', '0.3333333333333333333333333333'],
    ['2', '/', '3', '0.6666666666666666666666666667'],
    ['10', '/', '3', '3.3333333333333333333333333333'],
    ['100', '/', '3', '33.333333333333333333333333333'],
    ['-1', '/', '7', '-0.1428571428571428571428571429'],
    ['0.3333333333333333333333333333', '*', '3', '0.9999999999999999999999999999'],
    ['7', '/', '2', '3.5'],
    ['1', '/', '8', '0.125'],
    ['9007199254740993', '+', '1', '9007199254740994'],
    ['9007199254740991', '+', '2', '9007199254740993'],
    ['12345678901234567890', '*', '1', '12345678901234567890'],
    ['12345678901234567890', '-', '12345678901234567889', '1'],
    ['999999999999999', '+', '0.01', '999999999999999.01'],
    ['100000', '+', '0.00000000000001', '100000.00000000000001'],
    ['1000000000000.1', '-', '1000000000000', '0.1'],
    ['79228162514264337593543950335', '+', '0', '79228162514264337593543950335'],
    ['79228162514264337593543950335', '+', '1', 'too large'],
    ['79228162514264337593543950335', '*', '10', 'too large'],
    ['1e28', '/', '0.01', 'too large'],
    ['0.0000000000000000000000000001', '/', '2', '0'],
    ['0.0000000000000000000000000003', '/', '2', '0.0000000000000000000000000002'],
    ['1', 'MOD', '0.1', '0'],
    ['0.7', 'MOD', '0.2', '0.1'],
    ['-7', 'MOD', '3', '-1'],
    ['12345678901234567890', 'MOD', '7', '1'],
    ['2432902008176640000', '*', '21', '51090942171709440000'],
    ['1.1', '*', '1.1', '1.21'],
    ['0.07', '*', '100', '7'],
    ['1.005', '*', '1000', '1005'],
  ])('%s %s %s = %s', (a, operator, b, result) => {
    const compute = { '+': addDecimals, '*': multiplyDecimals, '/': divideDecimals, MOD: decimalRemainder };
    const value =
      operator === '-'
        ? addDecimals(exact(a), negateDecimal(exact(b)))
        : compute[operator as keyof typeof compute](exact(a), exact(b));
    expect(told(value)).toBe(result);
  });

  it.each([
    ['12345678901234567890', '12345678901234567890'],
    ['-0.00000000000000000001', '-0.00000000000000000001'],
    ['1.2345678901234567890123456789', '1.2345678901234567890123456789'],
    ['1.23456789012345678901234567891', '1.2345678901234567890123456789'],
    ['0.00000000000000000000000000005', '0'],
    ['0.00000000000000000000000000015', '0.0000000000000000000000000002'],
    ['1.50', '1.5'],
    ['1e20', '100000000000000000000'],
    ['1E-5', '0.00001'],
    ['79228162514264337593543950336', 'too large'],
    ['1e29', 'too large'],
    ['1e999999', 'too large'],
    ['1e-999999', '0'],
    ['0e999999', '0'],
  ])('%s reads %s', (text, shown) => {
    expect(told(readDecimal(text))).toBe(shown);
  });

  it('has one form for each number, a plain one where that keeps all digits', () => {
    for (const text of ['5', '0.1', '123456789012345', '9007199254740991', '1e20', '1.5'])
      expect(exact(text)).toBeTypeOf('number');
    for (const text of ['9007199254740993', '0.1234567890123456', '12345678901234567890'])
      expect(exact(text)).toBeInstanceOf(FlowDecimal);
  });

  // The shortcuts over JavaScript numbers give what whole-number arithmetic over all digits gives.
  const few = fc
    .tuple(fc.integer({ min: -1e15 + 1, max: 1e15 - 1 }), fc.integer({ min: 0, max: 17 }))
    .map(([digits, places]) => [digits, places] as const);
  const text = ([digits, places]: readonly [number, number]) => `${digits}e-${places}`;
  const big = ([digits, places]: readonly [number, number], at: number) =>
    BigInt(digits) * 10n ** BigInt(at - places);
  const same = (value: Numeric | undefined, digits: bigint, places: number) =>
    expect(told(value)).toBe(told(readDecimal(`${digits}e-${places}`)));

  it('adds, subtracts and compares as whole numbers do', () => {
    fc.assert(
      fc.property(few, few, (a, b) => {
        const [x, y] = [exact(text(a)), exact(text(b))];
        same(addDecimals(x, y), big(a, 17) + big(b, 17), 17);
        same(addDecimals(x, negateDecimal(y)), big(a, 17) - big(b, 17), 17);
        const order = big(a, 17) - big(b, 17);
        expect(Math.sign(compareDecimals(x, y))).toBe(order < 0n ? -1 : order > 0n ? 1 : 0);
      }),
    );
  });

  it('multiplies and takes remainders as whole numbers do', () => {
    fc.assert(
      fc.property(few, few, (a, b) => {
        const [x, y] = [exact(text(a)), exact(text(b))];
        same(multiplyDecimals(x, y), BigInt(a[0]) * BigInt(b[0]), a[1] + b[1]);
        if (b[0] !== 0) same(decimalRemainder(x, y), big(a, 17) % big(b, 17), 17);
      }),
    );
  });

  it('divides to the nearest last digit', () => {
    fc.assert(
      fc.property(few, few, (a, b) => {
        if (b[0] === 0) return;
        const quotient = divideDecimals(exact(text(a)), exact(text(b)));
        // Enough digits of the quotient that reading them rounds as the quotient does.
        const digits = (big(a, 17) * 10n ** 60n) / big(b, 17);
        same(quotient, digits, 60);
      }),
    );
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 96n) + 1n, max: 2n ** 96n - 1n }),
        fc.integer({ min: 0, max: 28 }),
        (digits, places) => {
          const value = readDecimal(`${digits}e-${places}`) as Numeric;
          expect(readDecimal(decimalText(value))).toEqual(value);
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
        let sum: Numeric | undefined = 0;
        for (let step = 0; step < steps; step++) sum = addDecimals(sum ?? Number.NaN, 0.01);
        expect(sum).toBe(steps / 100);
      }),
    );
  });
});
