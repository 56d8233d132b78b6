// A debugger that only watches changes nothing: the rules of the language and random flows give the same outputs, errors, lines and
// records with one attached, and compiled so that it could jump.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/language/checks/check.ts';
import { isBlocking } from '../../src/language/diagnostics.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import { createRun } from '../../src/runtime/run.ts';
import { programText, programVariables } from './programs.ts';
import { header, vectors, World } from './world.ts';

type Form = 'plain' | 'watched' | 'jumps' | 'every row';

/** All that can be seen of a run. */
async function seen(text: string, form: Form): Promise<unknown> {
  const world = new World();
  const run = createRun({
    flow: parse(text),
    name: 'test',
    folder: '/flows',
    jumps: form === 'jumps' || form === 'every row',
    inputs: {},
    host: world.host,
    actions: world.actions,
    observer: { actionEnded: (record) => world.records.push(record) },
  });
  if (form !== 'plain') {
    run.debugger.attach({
      // Stops at every row, and goes on at once.
      stopped: (thread) => void Promise.resolve().then(() => run.debugger.step(thread, 'into')),
      continued: () => {},
      threadStarted: () => {},
      threadEnded: () => {},
      output: () => {},
      breakpointChanged: () => {},
    });
  }
  if (form === 'every row') {
    run.debugger.setErrorFilters({ all: true, unhandled: true, logic: true, codes: [] });
    run.debugger.stopOnEntry(true);
  }
  const outcome = await run.start();
  return {
    outcome,
    calls: world.calls,
    lines: run
      .changedLines()
      .map(({ line, subflow, state, count, error }) => ({ line, subflow, state, count, error })),
    records: world.records.map(({ line, action, outcome: how, error }) => ({ line, action, how, error })),
    seconds: Math.round(world.host.clock.monotonic()),
  };
}

async function expectSame(text: string): Promise<void> {
  const plain = await seen(text, 'plain');
  expect(await seen(text, 'watched')).toEqual(plain);
  expect(await seen(text, 'jumps')).toEqual(plain);
  expect(await seen(text, 'every row')).toEqual(plain);
}

const isRunnable = (text: string) => !check(parse(text), { blockingOnly: true }).some(isBlocking);

describe.each(vectors())('%s', (_, cases) => {
  const runnable = cases
    .map((vector) => header(Object.keys(vector.outputs ?? { r: null })) + vector.flow.join('\n'))
    .filter(isRunnable);
  it('are the same under a debugger', async () => {
    for (const text of runnable) await expectSame(text);
  });
});

it('random flows are the same under a debugger', async () => {
  let ran = 0;
  await fc.assert(
    fc.asyncProperty(programText, async (lines) => {
      const text = header(programVariables) + lines;
      if (!isRunnable(text)) return;
      ran++;
      await expectSame(text);
    }),
    { numRuns: 100 },
  );
  expect(ran).toBeGreaterThan(20);
});
