// A program: looks for a mistake in the sources beside it, by stories with ever more events, those of the scenario it is given first, and
// where they find nothing by the model, from the seed it is given. Prints what it found.
import { checkModel } from './model.ts';
import type { Finding } from './planted.ts';
import { type KeptSeed, story } from './simulate.ts';

const seed = Number(process.argv[2]);
const likely = process.argv[3];

/** Much trouble in little time first; then what needs time. */
const rounds = [
  { scenario: 'storm', steps: 3_000, times: 4 },
  { scenario: 'office', steps: 5_000, times: 3 },
  { scenario: 'quiet', steps: 5_000, times: 2 },
  { scenario: 'curious', steps: 5_000, times: 2 },
  { scenario: 'crowd', steps: 6_000, times: 2 },
  { scenario: 'backlog', steps: 8_000, times: 3 },
  { scenario: 'storm', steps: 10_000, times: 8 },
  { scenario: 'quiet', steps: 10_000, times: 4 },
  { scenario: 'curious', steps: 10_000, times: 4 },
  { scenario: 'backlog', steps: 16_000, times: 4 },
  { scenario: 'office', steps: 20_000, times: 8 },
  { scenario: 'storm', steps: 20_000, times: 8 },
];

async function bySimulation(): Promise<Finding['simulation']> {
  let steps = 0;
  const inOrder = [
    ...rounds.filter(({ scenario }) => scenario === likely),
    ...rounds.filter(({ scenario }) => scenario !== likely),
  ];
  const attempts: KeptSeed[] = inOrder.flatMap(({ scenario, steps, times }) =>
    Array.from({ length: times }, (_, index) => ({ scenario, steps, seed: seed + index })),
  );
  for (const attempt of attempts) {
    const report = await story(attempt).tell();
    steps += report.steps;
    if (report.violation) return { invariant: report.violation.invariant, seed: attempt.seed, steps };
  }
  return undefined;
}

async function byModel(): Promise<Finding['model']> {
  const { stories, counterexample } = await checkModel(seed, 400);
  return counterexample === undefined ? undefined : { stories, counterexample };
}

const simulation = await bySimulation();
const finding: Finding = { simulation, model: simulation ? undefined : await byModel() };
console.log(JSON.stringify(finding));
process.exit(0);
