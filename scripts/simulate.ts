// The deterministic simulation from the command line: node scripts/simulate.ts --seed N --steps M. With --scenario it tells that one
// story alone, with --log event by event: how a failing one is looked at. With --planted it puts mistakes into copies of the sources, one at a
// time, and tells whether and how each is found. Ends with 1 when something happened that must not.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plant, planted, search } from '../test/orchestration/simulation/planted.ts';
import { scenarios } from '../test/orchestration/simulation/scenarios.ts';
import { simulate, story } from '../test/orchestration/simulation/simulate.ts';
import type { Report } from '../test/orchestration/simulation/story.ts';
import { invariants } from '../test/orchestration/simulation/watch.ts';
import { readOptions } from './support/options.ts';

const values = readOptions(
  'node scripts/simulate.ts [--seed N] [--steps M] [--scenario NAME [--log]] [--planted PART-OF-A-NAME]',
  {
    seed: { number: 1 },
    steps: { number: 100_000 },
    scenario: { text: true },
    log: { flag: true },
    planted: { text: true },
  },
);
const { seed, steps } = values;
const began = performance.now();

const told = ({ scenario, seed, steps, lasted, hash, violation }: Report): void => {
  const what = `${scenario}, seed ${seed}: ${steps} events in ${(lasted / 60_000).toFixed(0)} simulated minutes`;
  console.log(`${violation ? 'FAILED' : 'ok'}  ${what}, ${hash.slice(0, 16)}`);
  if (violation) console.log(`  ${violation.invariant}: ${violation.detail}`);
};

if (values.planted !== undefined) {
  const wanted = planted.filter(({ name }) => name.includes(values.planted as string));
  if (wanted.length === 0) {
    console.error(
      `No planted mistake has "${values.planted}" in its name:\n${planted.map(({ name }) => name).join('\n')}`,
    );
    process.exit(2);
  }
  const folder = mkdtempSync(join(tmpdir(), 'planted-'));
  for (const mistake of wanted) {
    plant(mistake, join(import.meta.dirname, '..'), join(folder, 'copy'));
    const { simulation, model } = await search(join(folder, 'copy'), seed, mistake);
    if (simulation)
      console.log(`found    ${mistake.name}: ${simulation.invariant}, after ${simulation.steps} events`);
    else if (model) console.log(`found    ${mistake.name}: by the model, after ${model.stories} stories`);
    else console.log(`MISSED   ${mistake.name}`);
    if (!simulation && !model) process.exitCode = 1;
  }
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}

if (values.scenario !== undefined) {
  if (!scenarios.some(({ name }) => name === values.scenario)) {
    console.error(
      `There is no scenario "${values.scenario}": ${scenarios.map(({ name }) => name).join(', ')}`,
    );
    process.exit(2);
  }
  const log = values.log ? (line: string) => console.log(line) : undefined;
  const report = await story({ scenario: values.scenario, seed, steps }, log).tell();
  told(report);
  console.log(report.happened);
  process.exit(report.violation ? 1 : 0);
}

const { stories, steps: delivered, machineTime, looks, happened, failed } = await simulate(seed, steps, told);
const seconds = (performance.now() - began) / 1_000;
console.log(
  `\n${delivered} events in ${stories} stories, ${Math.round(machineTime / 3_600_000)} machine hours, ${seconds.toFixed(0)} s (${Math.round(delivered / seconds)} events/s)`,
);
console.log(
  Object.entries(happened)
    .map(([what, count]) => `${what} ${count}`)
    .join(', '),
);
console.log('\ninvariant    checked');
for (const [name, text] of Object.entries(invariants))
  console.log(`${name.padEnd(10)} ${String(looks[name] ?? 0).padStart(10)}  ${text}`);
if (failed?.violation) {
  console.log(`\nVIOLATED ${failed.violation.invariant}: ${failed.violation.detail}`);
  console.log(`again: --scenario ${failed.scenario} --seed ${failed.seed} --steps ${failed.steps} --log`);
}
process.exit(failed ? 1 : 0);
