// Number formats, dates and entered texts, as Excel has them. Every expectation was checked against LibreOffice or Excel's documentation.
import { describe, expect, test } from 'vitest';
import {
  areaName,
  columnName,
  columnNumber,
  parseArea,
} from '../../../src/runtime/actions/excel/addresses.ts';
import { datetimeToSerial, serialToDatetime } from '../../../src/runtime/actions/excel/dates.ts';
import { readEntry } from '../../../src/runtime/actions/excel/entry.ts';
import { formatValue, generalText, isDateFormat } from '../../../src/runtime/actions/excel/numberFormat.ts';
import { datetimeText } from '../../../src/runtime/convert.ts';
import { FlowDatetime } from '../../../src/runtime/values.ts';

test('columns have letters and numbers', () => {
  expect([1, 26, 27, 28, 702, 703, 16384].map(columnName)).toEqual([
    'A',
    'Z',
    'AA',
    'AB',
    'ZZ',
    'AAA',
    'XFD',
  ]);
  expect(['a', 'Z', 'aa', 'ZZ', 'XFD', 'XFE', '', 'A1'].map(columnNumber)).toEqual([
    1, 26, 27, 702, 16384, 0, 0, 0,
  ]);
});

test.each([
  ['B2', 'B2'],
  ['$c$9:a1', 'A1:C9'],
  ['A:B', 'A1:B1048576'],
  ['3:4', 'A3:XFD4'],
  ['A0', undefined],
  ['A1048577', undefined],
  ['Name', undefined],
  ['A', undefined],
  ['7', undefined],
])('the range %s', (text, name) => {
  const area = parseArea(text);
  expect(area && areaName(area)).toBe(name);
});

test.each<[number | string, string, string]>([
  [1234.5, 'General', '1234.5'],
  [1234.5, '0', '1235'],
  [1234.5, '0.00', '1234.50'],
  [1234567.891, '#,##0.00', '1,234,567.89'],
  [0, '#,##0', '0'],
  [0.5, '#', '1'],
  [0.2, '#.##', '.2'],
  [5, '000', '005'],
  [-5, '000', '-005'],
  [0.256, '0%', '26%'],
  [0.256, '0.0%', '25.6%'],
  [12345, '0.00E+00', '1.23E+04'],
  [0.00012, '0.00E+00', '1.20E-04'],
  [123456, '##0.0E+0', '123.5E+3'],
  [-3.5, '0.0;(0.0)', '(3.5)'],
  [-3.5, '#,##0.00_);(#,##0.00)', '(3.50)'],
  [3.5, '#,##0.00_);(#,##0.00)', '3.50 '],
  [0, '0;-0;"zero"', 'zero'],
  ['word', '0;-0;0;"<"@">"', '<word>'],
  ['word', '0.00', 'word'],
  [7, '@', '7'],
  [5, '[>=10]"big";[<10]"small"', 'small'],
  [12, '[>=10]"big";[<10]"small"', 'big'],
  [-3, '[<0]"minus "0;0', 'minus 3'],
  [-0.001, '# ?/?', '0    '],
  [1234567, '#,##0,', '1,235'],
  [1234567, '0.0,,"M"', '1.2M'],
  [5.25, '# ?/?', '5 1/4'],
  [0.333, '# ??/??', '  1/3 '],
  [1.5, '[$€-407] 0.00', '€ 1.50'],
  [3, '"Nr. "0', 'Nr. 3'],
  [3, '0\\x', '3x'],
  [5551234, '000-0000', '555-1234'],
  [2.005, '0.00', '2.01'],
  [1.005, '0.00', '1.01'],
  [1e21, '0', '1000000000000000000000'],
  [45322, 'yyyy-mm-dd', '2024-01-31'],
  [45322, 'd/m/yy', '31/1/24'],
  [45322, 'dddd, d mmmm yyyy', 'Wednesday, 31 January 2024'],
  [45322, 'ddd mmm', 'Wed Jan'],
  [45322.573, 'm/d/yyyy h:mm', '1/31/2024 13:45'],
  [45322.573, 'h:mm AM/PM', '1:45 PM'],
  [0.9999, 'hh:mm:ss', '23:59:51'],
  [1.5, '[h]:mm', '36:00'],
  [0.5, 'mm:ss', '00:00'],
  [45322.5731, 'hh:mm:ss', '13:45:16'],
  [0.0000116, 'ss.000', '01.002'],
  [60, 'd mmm yyyy', '29 Feb 1900'],
  [1, 'd mmm yyyy', '1 Jan 1900'],
  [-1, 'd mmm yyyy', '########'],
  [1234.5, '"$"#,##0.00', '$1,234.50'],
  [-1234.5, '"$"#,##0.00_);[Red]("$"#,##0.00)', '($1,234.50)'],
])('%j as %s is %j', (value, format, text) => {
  expect(formatValue(value, format)).toBe(text);
});

test.each([
  [0.1 + 0.2, '0.3'],
  [1 / 3, '0.333333333'],
  [12345678901, '12345678901'],
  [123456789012, '1.23457E+11'],
  [0.00001, '0.00001'],
  [0.0000000001, '1E-10'],
  [-2.5, '-2.5'],
  [1e300, '1E+300'],
])('%d reads %s under General', (value, text) => {
  expect(generalText(value)).toBe(text);
});

test('formats that show dates are told from those that do not', () => {
  const formats = [
    'm/d/yyyy',
    'h:mm',
    '[h]:mm',
    'mm:ss.0',
    'General',
    '0.00',
    '"day" 0',
    '[Red]0',
    '[$-409]d-mmm',
    '0 \\d',
    '@',
  ];
  expect(formats.map(isDateFormat)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    true,
    false,
    false,
  ]);
});

describe('dates', () => {
  test.each([
    [1, false, '01/01/1900 00:00:00'],
    [59, false, '02/28/1900 00:00:00'],
    [60, false, '02/28/1900 00:00:00'],
    [61, false, '03/01/1900 00:00:00'],
    [0.5, false, '12/30/1899 12:00:00'],
    [45322.25, false, '01/31/2024 06:00:00'],
    [0, true, '01/01/1904 00:00:00'],
    [43860, true, '01/31/2024 00:00:00'],
  ])('number %d (1904: %s) is %s', (serial, date1904, text) => {
    expect(datetimeText(serialToDatetime(serial, date1904))).toBe(text);
  });

  test('go back to the same number', () => {
    for (const serial of [1, 2, 59, 61, 0.25, 45322.5, 2_958_465]) {
      expect(datetimeToSerial(serialToDatetime(serial, false), false)).toBe(serial);
      expect(datetimeToSerial(serialToDatetime(serial, true), true)).toBe(serial);
    }
    expect(datetimeToSerial(FlowDatetime.of(1899, 12, 29), false)).toBeUndefined();
    expect(datetimeToSerial(FlowDatetime.of(1903, 12, 31), true)).toBeUndefined();
  });
});

test.each<[string, unknown, (number | string | undefined)?]>([
  ['12', 12],
  ['-1.5', -1.5],
  ['1,234', 1234, 3],
  ['1,234.5', 1234.5, 4],
  ['1,23', '1,23'],
  ['5%', 0.05, 9],
  ['2.5%', 0.025, 10],
  ['$3.50', 3.5, 8],
  ['(4)', -4],
  ['1e3', 1000, 11],
  ['007', 7],
  ['TRUE', true],
  ['false', false],
  ['1/31/2024', 45322, 14],
  ['2024-01-31', 45322, 14],
  ['31-Jan-2024', 45322, 14],
  ['January 31, 2024', 45322, 14],
  ['1/31/2024 13:30', 45322.5625, 22],
  ['13:30', 0.5625, 20],
  ['1:30 PM', 0.5625, 18],
  ['13:30:30', 0.562847222222222, 21],
  ['31/1/2024', '31/1/2024'],
  ['2/30/2024', '2/30/2024'],
  ['word', 'word'],
  [' spaced ', ' spaced '],
  ["'007", '007'],
  ['12 apples', '12 apples'],
  ['1.2.3', '1.2.3'],
  ['--5', '--5'],
  ['+49 170', '+49 170'],
  ['NaN', 'NaN'],
])('entering %j gives %j', (text, value, format) => {
  const entry = readEntry(text, false);
  const found = entry.kind === 'formula' ? entry.text : entry.value;
  if (typeof value === 'number') expect(found).toBeCloseTo(value, 12);
  else expect(found).toBe(value);
  expect(entry.kind === 'value' ? entry.format : undefined).toBe(format);
});

test('an entered formula, an error and a date of the 1904 system', () => {
  expect(readEntry('=A1+1', false)).toEqual({ kind: 'formula', text: 'A1+1' });
  expect(readEntry('=', false)).toEqual({ kind: 'text', value: '=' });
  expect(readEntry('#n/a', false)).toMatchObject({ kind: 'value', value: { code: '#N/A' } });
  expect(readEntry('1/31/2024', true)).toMatchObject({ value: 43860 });
});
