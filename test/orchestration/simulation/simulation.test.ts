// Short stories of a fleet in trouble, with every save; the long ones are in simulation.slow.test.ts. A failure names scenario and seed:
// node scripts/simulate.ts --scenario S --seed N --steps M --log
import { expect, it } from 'vitest';
import { seed } from '../../seed.ts';
import seeds from './seeds.json' with { type: 'json' };
import { type KeptSeed, story } from './simulate.ts';

for (const [scenario, steps] of [
  ['office', 8_000],
  ['storm', 8_000],
] as const) {
  it(`keeps every promise while everything goes wrong: ${scenario}, seed ${seed}`, async () => {
    const report = await story({ scenario, seed, steps }).tell();
    expect(report.violation).toBeUndefined();
    expect(report.happened.started).toBeGreaterThan(10);
  });
}

it('tells the same story when it gets the same seed', async () => {
  const tell = () => story({ scenario: 'storm', seed, steps: 1_500 }).tell();
  expect((await tell()).hash).toBe((await tell()).hash);
  expect((await story({ scenario: 'storm', seed: seed + 1, steps: 1_500 }).tell()).hash).not.toBe(
    (await tell()).hash,
  );
});

it.each(seeds as KeptSeed[])('$scenario, seed $seed, went wrong once', async (kept) => {
  expect((await story(kept).tell()).violation).toBeUndefined();
});
