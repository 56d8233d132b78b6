// Hurts real orchestrators, agents, workers and databases at random and says what became of the runs:
// node scripts/faults.ts [--rounds N] [--seed N] [--store postgres|sqlite]. Needs PostgreSQL; a full disk and a cut of the network need root.
import { isInstalled } from '../test/orchestration/faults/cluster.ts';
import { embeddedTrial, fleetTrial, isSound, report } from '../test/orchestration/faults/trial.ts';
import { readOptions } from './support/options.ts';

const values = readOptions('node scripts/faults.ts [--rounds N] [--seed N] [--store postgres|sqlite]', {
  rounds: { number: 200 },
  seed: { number: 1 },
  store: { text: true },
});
const options = { rounds: values.rounds, seed: values.seed, say: console.log };
const trials = [
  ['sqlite', 'One machine over a SQLite file', embeddedTrial],
  ['postgres', 'Two orchestrators and three agents over PostgreSQL', fleetTrial],
] as const;

if (values.store !== undefined && !trials.some(([store]) => store === values.store)) {
  console.error(`--store takes ${trials.map(([store]) => store).join(' or ')}, not "${values.store}".`);
  process.exit(2);
}

// Mounts and namespaces go with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
console.log(`${options.rounds} rounds for each store, seed ${options.seed}`);
for (const [store, name, trial] of trials) {
  if (values.store !== undefined && values.store !== store) continue;
  if (store === 'postgres' && !isInstalled) {
    console.log('skipped: needs PostgreSQL, get it with: node scripts/provision-servers.mjs');
    continue;
  }
  const result = await trial(options);
  console.log(report(name, result));
  if (!isSound(result)) process.exitCode = 1;
}
