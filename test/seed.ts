// The seed of all random tests. A commit gets the same verdict each time it is checked (`CI=true`): one fixed seed.
// Everywhere else each run tries a new one. TEST_SEED repeats a run; a failing test prints the seed it used.
import fc from 'fast-check';

/** 0 ≤ seed < 1,000,000,000 */
export const seed = Number(
  process.env.TEST_SEED ?? (process.env.CI === 'true' ? 14_142_135 : Date.now() % 1_000_000_000),
);

fc.configureGlobal({ seed });
