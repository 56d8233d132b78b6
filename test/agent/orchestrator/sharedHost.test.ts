// Two askers for the workers of one machine: never two runs of one account at a time.
import { expect, it } from 'vitest';
import { shareHost } from '../../../src/agent/orchestrator/sharedHost.ts';
import type { Claim } from '../../../src/orchestration/store.ts';
import { settle } from '../../fakes/clock.ts';
import { FakeWorkerHost } from '../runs.ts';

const claim = (id: string, account: string) => ({ run: { id }, account, fence: 1 }) as Claim;
const signal = new AbortController().signal;

it('shows each asker the accounts of the other as taken, and lets it wait for them', async () => {
  const host = new FakeWorkerHost();
  const [own, fleet] = shareHost(host);
  let freed = 0;
  fleet.onFreed(() => freed++);
  await own.launch(claim('1', 'PC\\Ann'), () => {}, false, signal);
  expect((await own.facts()).recording).toEqual([]);
  expect((await fleet.facts()).recording).toEqual(['PC\\Ann']);

  const second = fleet.launch(claim('2', 'pc\\ann'), () => {}, false, signal);
  const third = fleet.launch(claim('3', 'bob'), () => {}, false, signal);
  await third;
  await settle();
  expect(host.workers.map(({ claim: { run } }) => run.id)).toEqual(['1', '3']);
  host.workers[0]?.die('ended with exit code 0');
  await second;
  expect(host.workers.map(({ claim: { run } }) => run.id)).toEqual(['1', '3', '2']);
  expect(freed).toBe(1);
  expect((await own.facts()).recording).toEqual(['bob', 'pc\\ann']);
});

it('frees an account whose worker could not be started, and waits no longer than the run', async () => {
  const host = new FakeWorkerHost();
  const [own, fleet] = shareHost(host);
  host.failure = new Error('no session');
  await expect(own.launch(claim('1', 'ann'), () => {}, false, signal)).rejects.toThrow('no session');
  host.failure = undefined;
  await fleet.launch(claim('2', 'ann'), () => {}, false, signal);
  const stopped = new AbortController();
  const waiting = own.launch(claim('3', 'ann'), () => {}, false, stopped.signal);
  stopped.abort(new Error('somebody stopped it'));
  await expect(waiting).rejects.toThrow('somebody stopped it');
  expect(host.workers).toHaveLength(1);
});
