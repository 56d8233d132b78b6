// Generated code does what docs/semantics.md says: random flows give the same variables, errors and executions per row as the plain
// evaluation in oracle.ts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/language/checks/check.ts';
import { isBlocking } from '../../src/language/diagnostics.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import { toHostValue } from '../../src/runtime/convert.ts';
import { oracle } from './oracle.ts';
import { expressionText, programText, programVariables } from './programs.ts';
import { header, vectors, World } from './world.ts';

interface Seen {
  readonly outputs: unknown;
  readonly error: unknown;
  readonly counts: Readonly<Record<number, number>>;
}

async function compiled(text: string): Promise<Seen> {
  const run = new World().run(text);
  const { outputs, error } = await run.start();
  return {
    outputs,
    error: error && { code: error.code, line: error.line, subflow: error.subflow, message: error.message },
    counts: Object.fromEntries(run.changedLines().map(({ line, count }) => [line, count])),
  };
}

function plainly(text: string, names: readonly string[]): Seen {
  const outcome = oracle(parse(text), new World().actions);
  return {
    outputs:
      outcome.error === undefined
        ? Object.fromEntries(
            names.map((name) => [name, toHostValue(outcome.variables.get(name.toLowerCase()) ?? null)]),
          )
        : {},
    error: outcome.error,
    counts: Object.fromEntries(outcome.counts),
  };
}

async function expectSame(text: string, names: readonly string[]): Promise<void> {
  expect(await compiled(text)).toEqual(plainly(text, names));
}

const names = [...programVariables];

describe('generated code and the plain evaluation agree', () => {
  it('on random flows', async () => {
    let refused = 0;
    let ended = 0;
    await fc.assert(
      fc.asyncProperty(programText, async (lines) => {
        const text = header(names) + lines;
        if (check(parse(text), { blockingOnly: true }).some(isBlocking)) {
          refused++;
          return;
        }
        ended++;
        await expectSame(text, names);
      }),
      { numRuns: 400 },
    );
    // A generator whose flows are refused would prove nothing.
    expect(refused).toBeLessThan(ended / 4);
  });

  it('on random expressions over hostile values', async () => {
    let refused = 0;
    let ended = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(expressionText, { minLength: 1, maxLength: 6 }), async (expressions) => {
        // Each in a block of its own, so that one error does not hide the rest.
        const blocks = expressions.flatMap((expression, i) => [
          'BLOCK',
          'ON BLOCK ERROR all',
          'END',
          `    SET r${i} TO ${expression}`,
          'END',
          'ERROR => e Reset: True',
          `SET e${i} TO e.ErrorDetails`,
        ]);
        const start = [
          "SET a TO 'Abc'",
          'SET b TO 2.5',
          'SET L TO [1, [2, 3]]',
          "SET T TO { ^['A'], [1] }",
          "SET O TO { 'k': 1 }",
          "SET n TO '7'",
        ];
        const results = expressions.flatMap((_, i) => [`r${i}`, `e${i}`]);
        const text = header(results) + [...start, ...blocks].join('\n');
        if (check(parse(text), { blockingOnly: true }).some(isBlocking)) {
          refused++;
          return;
        }
        ended++;
        await expectSame(text, results);
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeLessThan(ended);
  });
});

// The oracle itself is held to the vectors, as far as they need no waiting and no real time.
describe.each(vectors())('the plain evaluation: %s', (_, cases) => {
  const synchronous = cases.filter(
    ({ refused, flow, error }) =>
      refused === undefined &&
      !flow.some((line) => /^\s*WAIT |External\./.test(line)) &&
      error?.code !== 'RecursionTooDeep',
  );
  it.each(synchronous.map((vector) => [vector.rule, vector] as const))('%s', (_, vector) => {
    const head = header(Object.keys(vector.outputs ?? { r: null }));
    const offset = head.split('\n').length - 1;
    const seen = plainly(head + vector.flow.join('\n'), Object.keys(vector.outputs ?? {}));
    if (vector.error === undefined) expect(seen.error).toBeUndefined();
    else expect(seen.error).toMatchObject({ code: vector.error.code, line: vector.error.line + offset });
  });
});
