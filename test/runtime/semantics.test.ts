// The meaning of the language, as data: test/semantics/*.json. Each vector is one rule, its evidence and a flow that shows it.
import { describe, expect, it } from 'vitest';
import { header, type Vector, vectors, World } from './world.ts';

describe.each(vectors())('%s', (_, cases) => {
  it.each(cases.map((vector) => [vector.rule, vector] as const))('%s', async (_, vector) => {
    await show(vector);
  });
});

async function show(vector: Vector): Promise<void> {
  const head = header(Object.keys(vector.outputs ?? { r: null }));
  const offset = head.split('\n').length - 1;
  const world = new World();
  const start = () => world.run(head + vector.flow.join('\n'));
  if (vector.refused !== undefined) {
    expect(start).toThrow(new RegExp(`Line ${vector.refused.line + offset}:`));
    return;
  }
  const outcome = await start().start();
  const { error } = outcome;
  expect({
    outputs: outcome.outputs,
    ...(error && { error: { ...error, line: error.line - offset } }),
    ...(vector.seconds !== undefined && { seconds: Math.round(world.host.clock.monotonic()) / 1000 }),
    ...(vector.calls !== undefined && { calls: world.calls }),
  }).toEqual({
    outputs: vector.outputs ?? {},
    ...(vector.error && { error: expect.objectContaining(vector.error) }),
    ...(vector.seconds !== undefined && { seconds: vector.seconds }),
    ...(vector.calls !== undefined && { calls: vector.calls }),
  });
}
