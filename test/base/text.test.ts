// Lines and offsets agree with splitting the text at LF, CRLF and CR.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LineIndex } from '../../src/base/text.ts';

it('gives each offset the line and column that splitting gives', () => {
  const text = fc.array(fc.constantFrom('a', '😀', '\n', '\r', '\r\n', 'bc')).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (value) => {
      const index = new LineIndex(value);
      const lines = value.split(/\r\n|\n|\r/);
      expect(index.lineCount).toBe(lines.length);
      for (let offset = 0; offset <= value.length; offset++) {
        const position = index.position(offset);
        expect(index.offset(position)).toBe(offset);
        // Between CR and LF the offset still belongs to the line that they end.
        expect(position.line).toBe(
          value
            .slice(0, offset)
            .replace(/\r$/, value[offset] === '\n' ? '' : '\r')
            .split(/\r\n|\n|\r/).length - 1,
        );
      }
    }),
  );
});

it.each([
  ['ab\ncd', 0, 9, 2],
  ['ab\r\ncd', 0, 4, 2],
  ['ab\rcd', 0, 3, 2],
  ['ab\ncd', 1, 9, 5],
  ['ab\ncd', 7, 1, 4],
])(
  'takes a character behind the end of a line for that end: %j at %i:%i',
  (text, line, character, offset) => {
    expect(new LineIndex(text).offset({ line, character })).toBe(offset);
  },
);

it('knows the lines after an edit as well as from the text itself', () => {
  const parts = fc.array(fc.constantFrom('a', '\n', '\r', '\r\n', 'bc')).map((found) => found.join(''));
  fc.assert(
    fc.property(parts, parts, fc.nat(), fc.nat(), (before, inserted, from, length) => {
      const start = from % (before.length + 1);
      const end = Math.min(before.length, start + (length % 4));
      const after = before.slice(0, start) + inserted + before.slice(end);
      const index = new LineIndex(before).edited(after, start, end, start + inserted.length);
      const expected = new LineIndex(after);
      expect(index.length).toBe(after.length);
      expect(index.lineCount).toBe(expected.lineCount);
      for (let offset = 0; offset <= after.length; offset++) {
        expect(index.position(offset)).toEqual(expected.position(offset));
      }
    }),
    { numRuns: 500 },
  );
});
