// Names in texts of Power Fx: where they stand, and which of them certainly mean a variable.
import { expect, it } from 'vitest';
import { namesInPowerFx } from '../../../src/language/analysis/powerFx.ts';
import { unmarked } from '../../server/marked.ts';

// `«…»` is the variable A; `«…?»` may be a column as well.
it.each([
  ['an expression', "$fx'=«A» + b * (-«a»)'"],
  ['a longer word', "$fx'=AB + BA + A1 + _A'"],
  ['a text', '$fx\'="A" & «A» & """A"\''],
  ['an interpolated text', '$fx\'=$"A {«A» & "A"} {{A}} A" & «A»\''],
  ['a property, a function, a field', "$fx'=x.A + A(1) + {A: «A»}.A'"],
  ['a comment', "$fx'=«A» // A\n+ «A» /* A */ + «A»'"],
  ['a name in quotes', "$fx'=\\'«A»\\' + \\'A b\\' + \\'it\\'\\'s A\\''"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how Power Fx writes it
  ['a literal text', '$fx\'A ${«A»} $${A} ${If(«A», "}A", «A»)} A\''],
  ['rows of a table', "$fx'=Filter(«A», «A?» > «A?») + «A»'"],
  ['an argument of another function', "$fx'=If(«A», «A», Len(«A»))'"],
  ['a name for a row', "$fx'=ForAll(«A» As «A?», 1)'"],
  ['a column of an outer table', "$fx'=T[@«A?»] + [@«A?»]'"],
  ['nothing closed', '$fx\'=(«A» + {"A'],
])('%s', (_, source) => {
  const doubtful = source.replaceAll('?»', '»');
  const { text, ranges } = unmarked(doubtful);
  const certain = [...source.matchAll(/(\??)»/g)].map((found) => found[1] === '');
  const literal = { start: 0, end: text.endsWith("'") ? text.length : text.length + 1 };
  expect(namesInPowerFx(text, literal, 'a')).toEqual(
    ranges.map(({ start, end }, i) => ({ start, end, certain: certain[i] })),
  );
});
