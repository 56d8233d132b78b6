// The deterministic simulation from the command line: node scripts/simulate.ts --seed N --steps M. With --scenario it tells that one
// story alone, with --log event by event: how a failing one is looked at. Ends with 1 when something happened that must not.
import { parseArgs } from 'node:util';
import { simulate, story } from '../test/orchestration/simulation/simulate.ts';
import type { Report } from '../test/orchestration/simulation/story.ts';
import { invariants } from '../test/orchestration/simulation/watch.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '100000' },
    scenario: { type: 'string' },
    log: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const steps = Number(values.steps);
const began = performance.now();

const told = ({ scenario, seed, steps, lasted, hash, violation }: Report): void => {
  const what = `${scenario}, seed ${seed}: ${steps} events in ${(lasted / 60_000).toFixed(0)} simulated minutes`;
  console.log(`${violation ? 'FAILED' : 'ok'}  ${what}, ${hash.slice(0, 16)}`);
  if (violation) console.log(`  ${violation.invariant}: ${violation.detail}`);
};

if (values.scenario !== undefined) {
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
