// A million events of fleets in trouble without a broken promise, a thousand machines among them; and the proof that a mistake would
// have been noticed: each one that is planted is found.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { seed } from '../../seed.ts';
import { type Finding, plant, planted, search } from './planted.ts';
import { simulate } from './simulate.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'planted-'));
const findings: string[] = [];

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  console.log(
    `planted | found by the simulation (invariant, events) | found by the model, where it was asked (stories)\n${findings.join('\n')}`,
  );
});

it(`keeps every promise over 1,000,000 events from seed ${seed}`, { timeout: 900_000 }, async () => {
  const { failed, steps, looks } = await simulate(seed, 1_000_000);
  expect(failed).toBeUndefined();
  expect(steps).toBeGreaterThanOrEqual(1_000_000);
  for (const [invariant, count] of Object.entries(looks)) expect(count, invariant).toBeGreaterThan(0);
});

it.each(planted)('finds: $name', { timeout: 180_000 }, async (mistake) => {
  const copy = join(folder, 'copy');
  plant(mistake, root, copy);
  const { simulation, model }: Finding = await search(copy, seed, mistake);
  findings.push(
    `${mistake.name} | ${simulation ? `${simulation.invariant}, ${simulation.steps}` : 'no'} | ${model ? model.stories : 'no'}`,
  );
  expect(simulation ?? model, 'nobody noticed').toBeDefined();
});
