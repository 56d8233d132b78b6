// Words that an engine read, looking for text among them, and what the engine of Windows is asked and answers.
import { expect, test } from 'vitest';
import { readingIn, readingScript } from '../../../src/runtime/actions/ocr/windowsEngine.ts';
import { findText, wordsOf } from '../../../src/runtime/actions/ocr/words.ts';
import { powershellScript } from '../../../src/runtime/actions/windows.ts';
import { NetRegex } from '../../../src/runtime/dotnet/regex.ts';

const table = [
  '1\t1\t0\t0\t0\t0\t0\t0\t200\t100\t-1\t',
  '4\t1\t1\t1\t1\t0\t10\t10\t100\t12\t-1\t',
  '5\t1\t1\t1\t1\t1\t10\t10\t40\t12\t96.5\tTotal',
  '5\t1\t1\t1\t1\t2\t55\t11\t30\t14\t95.1\tamount:',
  '5\t1\t1\t1\t1\t3\t90\t10\t20\t12\t80\t42',
  '5\t1\t1\t1\t2\t1\t10\t40\t40\t12\t96\ttotal',
  '5\t1\t1\t1\t2\t2\t60\t40\t40\t12\t96\t ',
  '',
].join('\n');
const words = wordsOf(table);

test('the words of the engine’s table', () => {
  expect(words.map(({ text, line }) => [text, line])).toEqual([
    ['Total', '1.1.1.1'],
    ['amount:', '1.1.1.1'],
    ['42', '1.1.1.1'],
    ['total', '1.1.1.2'],
  ]);
  expect(words[1]?.place).toEqual({ x: 55, y: 11, width: 30, height: 14 });
});

test('text is found in any letter case, across words, not across lines', () => {
  expect(findText(words, 'TOTAL').map(({ x, y }) => [x, y])).toEqual([
    [10, 10],
    [10, 40],
  ]);
  expect(findText(words, 'total   amount')).toEqual([{ x: 10, y: 10, width: 75, height: 15 }]);
  expect(findText(words, 'al am')).toHaveLength(1);
  expect(findText(words, '42 total')).toEqual([]);
  expect(findText(words, '')).toEqual([]);
});

test('an expression is found as it says', () => {
  const expression = (text: string) => new NetRegex(text, { ignoreCase: false });
  expect(findText(words, expression('t[a-z]+'))).toHaveLength(2);
  expect(findText(words, expression('^total$'))).toEqual([{ x: 10, y: 40, width: 40, height: 12 }]);
  expect(findText(words, expression('x*'))).toEqual([]);
});

test('the engine of Windows is asked on one line of ASCII', () => {
  const script = powershellScript(readingScript(Buffer.from('picture'), 'zh-Hans'));
  expect(script).toMatch(/^[\x20-\x7e]+\n\n$/);
  expect(script).toContain(Buffer.from('picture').toString('base64'));
});

test('its answer', () => {
  const answer = JSON.stringify({
    lines: [
      [
        ['Hello', 1, 2, 30, 10],
        ['world', 40, 2, 30, 10],
      ],
      [['Bye', 1, 20, 20, 10]],
    ],
  });
  const { text, words: found } = readingIn(answer, 'English');
  expect(text).toBe('Hello world\nBye');
  expect(findText(found, 'hello world')).toEqual([{ x: 1, y: 2, width: 69, height: 10 }]);
  expect(() => readingIn('', 'Greek')).toThrow('The language pack for Greek is not installed');
});
