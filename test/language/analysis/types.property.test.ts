// Types and assignment against an oracle that goes every way: equal where ways only branch, loop and fail; never narrower elsewhere.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Binding } from '../../../src/language/analysis/binder.ts';
import { type Assignment, Types } from '../../../src/language/analysis/types.ts';
import { parse } from '../../../src/language/syntax/parser.ts';
import { anyText } from '../robinText.ts';
import { type Program, programs, runEveryWay, write } from './everyWay.ts';

/** For each read that some way leads to: what the oracle found, and what the analysis says. */
function compare(program: Program) {
  const { text, lines } = write(program);
  const binding = new Binding(parse(text));
  const types = new Types(binding);
  return [...runEveryWay(program)].map(([piece, seen]) => {
    const line = lines.get(piece) as number;
    const statement = binding.statements.find((candidate) => candidate.line === line);
    const use = binding
      .usesIn(statement as NonNullable<typeof statement>)
      .find(({ role }) => role === 'read') as NonNullable<ReturnType<typeof binding.usesIn>[number]>;
    return {
      line: `${line + 1}: ${text.split('\n')[line]}`,
      found: [...seen].filter((type) => type === 'N' || type === 'T').sort(),
      // A copy of a variable without a value has a value of no type.
      known: !seen.has('?'),
      assigned: (seen.has('-') ? (seen.size > 1 ? 'sometimes' : 'never') : 'always') as Assignment,
      types: types
        .typesAt(use)
        .map((type) => type.name.charAt(0))
        .sort(),
      assignment: types.assignmentAt(use),
    };
  });
}

test('branches, loops, error rules and blocks: exactly what every way shows', () => {
  fc.assert(
    fc.property(programs({ jumps: false, calls: false, resuming: false }), (program) => {
      for (const { line, found, types, assigned, assignment } of compare(program)) {
        expect({ line, types, assignment }).toEqual({ line, types: found, assignment: assigned });
      }
    }),
    { numRuns: 1500 },
  );
});

test.each([
  ['jumps', { jumps: true, calls: false, resuming: false }],
  ['calls', { jumps: false, calls: true, resuming: false }],
  ['blocks that go on in their middle', { jumps: false, calls: false, resuming: true }],
  ['all of them', { jumps: true, calls: true, resuming: true }],
])('%s: nothing that a way shows is missing', (_, shape) => {
  fc.assert(
    fc.property(programs(shape), (program) => {
      for (const { line, found, types, assigned, assignment } of compare(program)) {
        const missing = found.filter((type) => !types.includes(type));
        expect({ line, missing }).toEqual({ line, missing: [] });
        // Saying less is allowed, saying something else is not.
        expect([assigned, 'sometimes', 'unknown']).toContain(assignment);
      }
    }),
    { numRuns: 800 },
  );
});

test('any text: every question has an answer', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const binding = new Binding(parse(text));
      const types = new Types(binding);
      for (const use of binding.uses) {
        types.typesAt(use);
        types.assignmentAt(use);
        expect(types.producersOf(use).every(({ symbol }) => symbol === use.symbol)).toBe(true);
        if (use.statement !== undefined) types.typesBefore(use.statement, use.symbol);
      }
      for (const { first, last } of types.unreachable()) expect(first.start).toBeLessThanOrEqual(last.start);
    }),
    { numRuns: 500 },
  );
});
