// Claims at their machine where answers are late: what the simulation found, each as one short story of the real runner.
import { expect, it } from 'vitest';
import { beyond, Runner, type WorkerReport } from '../../../src/agent/runner.ts';
import { Log } from '../../../src/base/log.ts';
import { defaultSettings } from '../../../src/orchestration/settings.ts';
import type { Claim } from '../../../src/orchestration/store.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';

const claim = (id: string, account: string, fence = 1): Claim => ({
  run: {
    id,
    flow: { name: 'F', path: '/F', hash: 'h' },
    queue: 'm1',
    machine: 'm1',
    mode: 'unattended',
    priority: 'normal',
    state: 'Starting',
    requestedBy: 'ann',
    requestedAt: 0,
    expiresAt: 1,
    inputs: {},
  },
  account,
  fence,
  flowText: '',
  companions: [],
  sealedInputs: new Uint8Array(),
});

/** A runner whose orchestrator says what the test says. */
async function machine() {
  const clock = new FakeClock();
  const launched: { id: string; report: (report: WorkerReport) => void; killed: number }[] = [];
  const said = { held: [] as Claim[], taken: true, reports: [] as string[], launching: Promise.resolve() };
  const worker = { stop() {}, pause() {}, resume() {}, safeStop() {}, answer() {}, debug() {} };
  const runner = new Runner({
    link: {
      attach: () => ({ dispose() {} }),
      heartbeat: async (_boot, _facts, holding) => {
        const held = said.held.map(({ run, fence }) => ({ runId: run.id, fence }));
        const untold = new Set(beyond(held, holding).map(({ runId }) => runId));
        return { held, told: said.held.filter(({ run }) => untold.has(run.id)), rebooted: false };
      },
      async report({ kind, ...change }) {
        said.reports.push('change' in change ? change.change.state : kind);
        if (said.reports.at(-1) === 'Lost') said.held = [];
        return said.taken;
      },
    },
    workers: {
      facts: async () => ({
        platform: '',
        agentVersion: '',
        edition: 'server',
        sessionLimit: 5,
        severalPerUser: false,
        recording: [],
      }),
      async launch({ run }, report) {
        await said.launching;
        const entry = { id: run.id, report, killed: 0 };
        launched.push(entry);
        const kill = () => {
          entry.killed += 1;
          report({ kind: 'exited', how: 'was killed' });
        };
        return { worker: { ...worker, kill }, session: 's1' };
      },
    },
    clock,
    boot: 'b1',
    settings: defaultSettings,
    log: new Log('test', () => 0),
  });
  return { runner, launched, said, clock };
}

const finished = { kind: 'finished', fence: 1, outcome: 'Succeeded', outputs: {} } as const;

it('does not begin a claim again that an answer still speaks of after its end', async () => {
  const { runner, launched, said } = await machine();
  await runner.start();
  runner.take([claim('r1', 'ann')]);
  await settle();
  launched[0]?.report(finished);
  launched[0]?.report({ kind: 'exited', how: 'ended' });
  await settle();
  said.held = [claim('r1', 'ann')];
  runner.beat();
  await settle();
  expect(launched.map(({ id }) => id)).toEqual(['r1']);
  // Given back and claimed anew, it is another claim.
  said.held = [claim('r1', 'ann', 3)];
  runner.beat();
  await settle();
  expect(launched.length).toBe(2);
});

it('lets an account work once at a time, also while its last worker still ends', async () => {
  const { runner, launched, said } = await machine();
  await runner.start();
  runner.take([claim('r1', 'ann')]);
  await settle();
  runner.take([claim('r2', '.\\ANN'), claim('r3', 'ben')]);
  await settle();
  expect(launched.map(({ id }) => id)).toEqual(['r1', 'r3']);
  said.held = [claim('r2', '.\\ANN'), claim('r3', 'ben')];
  launched[0]?.report(finished);
  launched[0]?.report({ kind: 'exited', how: 'ended' });
  await settle();
  expect(launched.map(({ id }) => id)).toEqual(['r1', 'r3', 'r2']);
});

it('ends a worker at once whose report is refused, and one that comes too late', async () => {
  const { runner, launched, said } = await machine();
  await runner.start();
  said.taken = false;
  runner.take([claim('r1', 'ann')]);
  await settle();
  launched[0]?.report({ kind: 'started', fence: 1 });
  await settle();
  expect(launched[0]?.killed).toBe(1);
  expect(runner.size).toBe(0);

  let ready = () => {};
  said.launching = new Promise((resolve) => {
    ready = resolve;
  });
  runner.take([claim('r2', 'ann')]);
  runner.beat();
  await settle();
  ready();
  await settle();
  expect(launched[1]?.killed).toBe(1);
});

it('settles what a former life left behind before it asks for work, however often it has to begin', async () => {
  const { runner, launched, said } = await machine();
  said.held = [claim('r1', 'ann')];
  runner.beat();
  await runner.start();
  await settle();
  expect(launched).toEqual([]);
  expect(said.reports).toContain('Lost');
});
