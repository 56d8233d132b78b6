// A program: looks for a mistake in the sources beside it, by stories with ever more events and by the model, and prints what it found.
import { checkModel } from './model.ts';
import type { Finding } from './planted.ts';
import seeds from './seeds.json' with { type: 'json' };
import { type KeptSeed, story } from './simulate.ts';

async function bySimulation(): Promise<Finding['simulation']> {
  let steps = 0;
  const attempts: KeptSeed[] = [
    ...(seeds as KeptSeed[]),
    ...[1, 2, 3, 4].map((seed) => ({ scenario: 'storm', seed, steps: 5_000 })),
    ...[1, 2].map((seed) => ({ scenario: 'office', seed, steps: 10_000 })),
    ...[1, 2].map((seed) => ({ scenario: 'crowd', seed, steps: 6_000 })),
    ...[5, 6, 7, 8, 9, 10, 11, 12, 13, 14].map((seed) => ({ scenario: 'storm', seed, steps: 8_000 })),
    ...[3, 4, 5, 6, 7, 8].map((seed) => ({ scenario: 'office', seed, steps: 20_000 })),
  ];
  for (const attempt of attempts) {
    const report = await story(attempt).tell();
    steps += report.steps;
    if (report.violation) return { invariant: report.violation.invariant, seed: attempt.seed, steps };
  }
  return undefined;
}

async function byModel(): Promise<Finding['model']> {
  const { stories, counterexample } = await checkModel(1, 400);
  return counterexample === undefined ? undefined : { stories, counterexample };
}

const finding: Finding = { simulation: await bySimulation(), model: await byModel() };
console.log(JSON.stringify(finding));
process.exit(0);
