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
