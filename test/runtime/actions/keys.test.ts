// The notation of "Send keys": what is pressed, and that no text is typed otherwise than it stands there.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  KeysError,
  parseKeys,
  parseShortcut,
  strokesOfText,
} from '../../../src/runtime/actions/mouseAndKeyboard/keys.ts';
import { spelled } from './playedDesktop.ts';

test.each([
  ['', ''],
  ['aB€', 'a B €'],
  ['a\r\nb\tc', 'a d b 9 c'],
  ['{Enter}{Return}', 'd d'],
  ['{ESCAPE}', '1b'],
  ['{Down}', '28e'],
  ['{Tab:3}', '9 9 9'],
  ['{Tab: 2}x', '9 9 x'],
  ['{Tab:0}', ''],
  ['{A}{1}{€}', '41 31 €'],
  ['{F12}{NumPad1}{D0}', '7b 61 30'],
  ['{{}{}}', '{ }'],
  ['{Control}({C})', '+11 43 -11'],
  ['{LControlKey}(c)', '+a2 43 -a2'],
  ['{Shift}({Up})', '+10 26e -10'],
  ['{Control}{Shift}({End})', '+11 +10 23e -10 -11'],
  ['{Control}({Shift}({End})x)', '+11 +10 23e -10 58 -11'],
  ['{Control}({A}{C})', '+11 41 43 -11'],
  ['{Shift}(é)', '+10 é! -10'],
  ['{Control}({)})', '+11 )! -11'],
  ['{Alt}({D}){Delete}x', '+12 44 -12 2ee x'],
  ['{LControlKey}{NumPad1}', 'a2 61'],
  ['{LWin}', '5be'],
  ['{Control}{Enter}', '11 d'],
  ['{Shift:2}', '10 10'],
  ['{Apps}oo{Return}', '5de o o d'],
  ['f(x)', 'f ( x )'],
])('%j presses %j', (text, strokes) => {
  expect(spelled(parseKeys(text))).toBe(strokes);
});

test.each([
  ['ab{Foo}', 'At character 3 there is no key of that name.'],
  ['{Enter', 'At character 1 the { there is never closed; a brace itself is written {{}.'],
  ['a}', 'At character 2 there is a } without a { before it; a brace itself is written {}}.'],
  ['{Control}({C}', 'At character 10 the ( there is never closed.'],
  ['{Tab:99999}', 'At character 1 a key can be repeated 10000 times at most.'],
  ['{}', 'At character 1 there is no key of that name.'],
])('%j is refused', (text, message) => {
  expect(() => parseKeys(text)).toThrow(new KeysError(message));
});

test('as hardware keys, characters are typed by the keys of the layout', () => {
  expect(spelled(parseKeys('a{Enter}', true))).toBe('a! d');
});

describe('any text', () => {
  it('is typed as it stands there when braces are doubled', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const escaped = text.replace(/[{}]/g, (brace) => `{${brace}}`);
        expect(parseKeys(escaped)).toEqual(strokesOfText(text));
      }),
    );
  });

  it('gives keys or an error that does not repeat it, and what is held is let go', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '(',
      ')',
      'Control',
      'Tab',
      ':',
      '3',
      'x',
      '{Shift}(',
      '{{}',
      'pass',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        try {
          const down: number[] = [];
          for (const stroke of parseKeys(pieces.join(''))) {
            if (stroke.kind === 'down') down.push(stroke.key);
            if (stroke.kind === 'up') expect(down.pop()).toBe(stroke.key);
          }
          expect(down).toEqual([]);
        } catch (error) {
          if (!(error instanceof KeysError)) throw error;
          expect(error.message).not.toContain('pass');
        }
      }),
    );
  });
});

test.each([
  ['Ctrl+A', ['control'], 0x41],
  ['Ctrl + Shift + F5', ['control', 'shift'], 0x74],
  ['win+alt+1', ['windows', 'alt'], 0x31],
  ['F1', [], 0x70],
])('the shortcut %j', (text, modifiers, key) => {
  expect(parseShortcut(text)).toEqual({ modifiers, key });
});

test.each(['', 'Ctrl', 'Ctrl+', 'Foo+A', 'A+B'])('%j is no shortcut', (text) => {
  expect(parseShortcut(text)).toBeUndefined();
});
