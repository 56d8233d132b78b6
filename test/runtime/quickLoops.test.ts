// A loop that only computes also has a form without hooks, which runs once its statements have been measured. Here it runs from the first
// round on, and must give what the form with hooks gives.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { check } from '../../src/language/checks/check.ts';
import { isBlocking } from '../../src/language/diagnostics.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import type * as Compile from '../../src/runtime/compile.ts';
import { programText, programVariables } from './programs.ts';
import { header, vectors, World } from './world.ts';

type Form = 'hooks' | 'quick' | 'chosen';
let form: Form = 'chosen';
/** Loops that have a quick form. */
let found = 0;

vi.mock('../../src/runtime/compile.ts', async (original) => {
  const real = (await original()) as typeof Compile;
  return {
    ...real,
    compile: (...args: Parameters<typeof Compile.compile>) => {
      const compiled = real.compile(...args);
      const choice = /if \(k\[0\] === 0\)/g;
      found += compiled.source.match(choice)?.length ?? 0;
      if (form === 'chosen') return compiled;
      return { ...compiled, source: compiled.source.replace(choice, `if (${form === 'quick'})`) };
    },
  };
});

/** All that can be seen of a run, apart from its durations. */
async function seen(text: string, how: Form): Promise<unknown> {
  form = how;
  const world = new World();
  const run = world.run(text);
  const outcome = await run.start();
  return {
    outcome,
    lines: run
      .changedLines()
      .map(({ line, subflow, state, count, error }) => ({ line, subflow, state, count, error })),
    records: world.records.map(({ line, action, outcome: result, error }) => ({
      line,
      action,
      result,
      error,
    })),
  };
}

async function expectSame(text: string): Promise<void> {
  const expected = await seen(text, 'hooks');
  expect(await seen(text, 'quick')).toEqual(expected);
  expect(await seen(text, 'chosen')).toEqual(expected);
}

describe('the form of a loop without hooks', () => {
  it('is that of random flows', async () => {
    const before = found;
    await fc.assert(
      fc.asyncProperty(programText, async (lines) => {
        const text = header([...programVariables]) + lines;
        if (check(parse(text), { blockingOnly: true }).some(isBlocking)) return;
        await expectSame(text);
      }),
      { numRuns: 80 },
    );
    expect(found - before).toBeGreaterThan(40);
  });

  it('lets the event loop have its turn in the middle, and loses no round', async () => {
    const rounds = 5000;
    const expected = { outcome: 'Succeeded', outputs: { s: (rounds * (rounds + 1)) / 2 } };
    const head = header(['s']);
    const list = `[${Array.from({ length: rounds }, (_, i) => i + 1).join(', ')}]`;
    for (const loop of [
      `LOOP i FROM 1 TO ${rounds}`,
      `LOOP i FROM ${rounds} TO 1 STEP -1`,
      `LOOP FOREACH i IN ${list}`,
      `SET n TO 0\nLOOP WHILE n < ${rounds}\nSET n TO n + 1\nSET i TO n`,
    ]) {
      const text = `${head}SET s TO 0\n${loop}\nSET s TO s + i\nEND\n`;
      expect(await seen(text, 'quick')).toMatchObject({ outcome: expected });
    }
  });

  it('is left by GOTO, EXIT LOOP, EXIT FUNCTION and errors', async () => {
    await expectSame(
      `${header(['r'])}SET r TO []\nCALL S\nSET r TO r + ['back']\nLOOP FOREACH x IN [1, 2, 3]\nIF x = 2 THEN\nGOTO out\nEND\nSET r TO r + [x]\nEND\nLABEL out\n` +
        `BLOCK\nON BLOCK ERROR all\nSET r TO r + ['failed']\nEND\nLOOP i FROM 1 TO 9\nSWITCH i\nCASE = 2\nNEXT LOOP\nCASE > 4\nSET r TO r + [1 / 0]\nDEFAULT\nSET r TO r + [i]\nEND\nEND\nEND\nERROR => e\nSET r TO r + [e.Location]\n` +
        `FUNCTION S GLOBAL\nLOOP FROM 1 TO 3\nSET r TO r + ['S']\nEXIT FUNCTION\nEND\nEND FUNCTION\n`,
    );
  });
});

describe.each(vectors())('without hooks: %s', (_, cases) => {
  const started = cases.filter(
    ({ refused, flow }) => refused === undefined && flow.some((line) => /LOOP/.test(line)),
  );
  it(`all ${started.length} flows with loops`, async () => {
    for (const { flow, outputs } of started)
      await expectSame(header(Object.keys(outputs ?? { r: null })) + flow.join('\n'));
  });
});
