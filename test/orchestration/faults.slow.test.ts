// A short form of scripts/faults.ts: real processes, killed and starved at random. Nothing that was acknowledged is lost, nothing runs
// twice, everything ends.
import { describe, expect, it } from 'vitest';
import { initdb, postgres } from '../runtime/servers/postgres.ts';
import { available } from '../runtime/servers/server.ts';
import { embeddedTrial, fleetTrial, report, type TrialResult } from './faults/trial.ts';

const options = { rounds: 10, seed: Math.floor(Math.random() * 1_000_000), say: () => {} };

function check(name: string, result: TrialResult): void {
  console.log(`seed ${options.seed}: ${report(name, result)}`);
  const { lost, doubled, unfinished, untrue, miscounted, submitted, acknowledged, skipped } = result;
  expect({ lost, doubled, unfinished, untrue, miscounted }).toEqual({
    lost: [],
    doubled: [],
    unfinished: [],
    untrue: [],
    miscounted: 0,
  });
  expect(acknowledged).toBeGreaterThan(submitted / 2);
  expect(result.states.Succeeded).toBeGreaterThan(0);
  if (process.env.CI === 'true') expect(skipped).toEqual([]);
}

describe.skipIf(process.platform !== 'linux')('runs under real faults', () => {
  it('of a machine with a SQLite file are neither lost nor doubled', { timeout: 120_000 }, async () => {
    check('SQLite', await embeddedTrial(options));
  });

  it.skipIf(!available('PostgreSQL', [initdb, postgres]))(
    'of a fleet over PostgreSQL are neither lost nor doubled',
    { timeout: 180_000 },
    async () => {
      check('PostgreSQL', await fleetTrial(options));
    },
  );
});
