// What one orchestrator does with any sequence of requests, heartbeats, reports, wishes and time, against a model of it.
import { expect, it } from 'vitest';
import { seed } from '../seed.ts';
import { checkModel } from './simulation/model.ts';

it(`does what the model does, seed ${seed}`, async () => {
  expect((await checkModel(seed, 200)).counterexample).toBeUndefined();
});
