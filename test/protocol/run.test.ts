// Values on the wire: what a flow may name its properties survives, and what is no value is refused.
import { expect, test } from 'vitest';
import { wireValue, wireValues } from '../../src/protocol/run.ts';

test.each(['__proto__', 'constructor', 'hasOwnProperty', ''])('a property may be called %j', (name) => {
  const text = `{"$type":"object","entries":{${JSON.stringify(name)}:{"$type":"object","entries":{${JSON.stringify(name)}:1}}}}`;
  expect(JSON.stringify(wireValue.parse(JSON.parse(text)))).toBe(text);
  expect(JSON.stringify(wireValues.parse({ v: JSON.parse(text) }))).toBe(`{"v":${text}}`);
});

test.each([
  { $type: 'object', entries: { a: { $type: 'object', entries: { b: undefined } } } },
  { $type: 'object', entries: [] },
  { $type: 'object', entries: null },
  { $type: 'object' },
  { $type: 'object', entries: { a: { $type: 'none' } } },
])('%j is no value', (value) => {
  expect(wireValue.safeParse(value).success).toBe(false);
  expect(wireValues.safeParse({ value }).success).toBe(false);
});
