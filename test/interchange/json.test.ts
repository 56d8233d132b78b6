// JSON with places: every value is where the tree says it is, for any JSON; and a damaged text gives what stands before the damage.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { items, type JsonNode, member, readJson, stringValue } from '../../src/interchange/json.ts';

function asValue(text: string, node: JsonNode): unknown {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries(node.members.map(({ name, value }) => [name, asValue(text, value)]));
    case 'array':
      return node.items.map((item) => asValue(text, item));
    case 'string':
      return stringValue(text, node);
    case 'word':
      return JSON.parse(text.slice(node.start, node.end));
  }
}

describe('JSON with places', () => {
  it('reads any JSON as JavaScript does, and every place holds its value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
        // A member called __proto__ means something else to JavaScript than to JSON.
        const text = JSON.stringify(value, undefined, indent).replaceAll('__proto__', 'proto');
        const { root, problem } = readJson(text);
        expect(problem).toBeUndefined();
        expect(asValue(text, root as JsonNode)).toEqual(JSON.parse(text));
        expect(text.slice(root?.start, root?.end)).toBe(text);
      }),
    );
  });

  it('gives what stands before a damage, and says where that is', () => {
    const text = '{"a": [1, {"b": "x"}, 2';
    const { root, problem } = readJson(text);
    expect(problem).toEqual({ message: 'The JSON text ends too early.', offset: text.length });
    expect(items(member(root, 'a')).map((node) => text.slice(node.start, node.end))).toEqual([
      '1',
      '{"b": "x"}',
      '2',
    ]);
  });

  it.each([
    '',
    '{',
    '{"a"',
    '{"a":}',
    '{"a" 1}',
    '[1 2]',
    '[1,]',
    '"never closed \\"',
    'nothing here!',
    '[]]',
    '\u0000',
  ])('never throws: %j', (text) => expect(readJson(text).problem).toBeDefined());

  it('needs no stack for deep nesting', () => {
    expect(readJson('['.repeat(200_000)).problem?.offset).toBe(200_000);
    expect(readJson('['.repeat(200_000) + ']'.repeat(200_000)).problem).toBeUndefined();
  });
});
