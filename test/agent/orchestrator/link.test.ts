// A machine and its orchestrators over a network that loses, delays, reorders and doubles, with crashes on both sides.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { isFinal, Journal } from '../../../src/agent/orchestrator/journal.ts';
import { ProductError } from '../../../src/base/error.ts';
import { isTerminal } from '../../../src/protocol/run.ts';
import { seed } from '../../seed.ts';
import { nextId, request } from '../runs.ts';
import { Fleet, orchestratorVault } from './fleetOf.ts';
import { calm } from './network.ts';

const fleets: Fleet[] = [];
const open = async (
  addresses: readonly string[] = ['a'],
  chance: () => number = () => 0.5,
): Promise<Fleet> => {
  const fleet = new Fleet(chance);
  fleets.push(fleet);
  await fleet.open(addresses);
  return fleet;
};
afterEach(async () => {
  for (const fleet of fleets.splice(0)) await fleet.close();
});

const asked = (changes: Parameters<typeof request>[0] = {}) => {
  const id = nextId();
  return request({ id, sealedInputs: orchestratorVault.seal(id, { Name: id }), ...changes });
};

/** Numbers from a seed: the same every time. */
function chances(from: number): () => number {
  let state = from | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A run whose worker has begun. */
async function running(fleet: Fleet) {
  const agent = fleet.agent ?? fleet.startAgent(['a', 'b']);
  await fleet.clock.advance(1_000);
  await fleet.settle();
  const run = await fleet.orchestrator.enqueue(asked());
  await fleet.settle();
  const worker = agent.host.last;
  worker.begin();
  await fleet.settle();
  return { agent, run, worker };
}

describe('a machine with an orchestrator elsewhere', () => {
  it('runs what it is given, with inputs that were sealed for it, and reports the end', async () => {
    const fleet = await open();
    const { run, worker } = await running(fleet);
    expect((await fleet.store.get(run.id))?.state).toBe('Running');
    worker.finish();
    await fleet.settle();
    expect(await fleet.store.get(run.id)).toMatchObject({
      state: 'Succeeded',
      machine: 'm1',
      outputs: { Sum: 3 },
    });
    expect(fleet.deeds.inputs.get(run.id)).toEqual({ Name: run.id });
  });

  it('goes on while no orchestrator is there, and tells it later', async () => {
    const fleet = await open();
    const { run, worker } = await running(fleet);
    const begun = fleet.clock.now();
    await fleet.down('a');
    await fleet.clock.advance(10_000);
    worker.finish();
    await fleet.settle();
    await fleet.clock.advance(20_000);
    expect((await fleet.store.get(run.id))?.state).toBe('Running');
    await fleet.up('a');
    await fleet.clock.advance(15_000);
    await fleet.settle();
    const { state, startedAt, endedAt = 0 } = (await fleet.store.get(run.id)) ?? {};
    expect({ state, startedAt }).toEqual({ state: 'Succeeded', startedAt: begun });
    expect(endedAt).toBeGreaterThanOrEqual(begun + 10_000);
    expect(endedAt).toBeLessThanOrEqual(fleet.clock.now());

    expect(fleet.agent?.link.unanswered).toBe(0);
  });

  it('loses no end of a run when it crashes before the orchestrator heard of it', async () => {
    const fleet = await open();
    const { agent, run, worker } = await running(fleet);
    await fleet.down('a');
    worker.finish();
    await fleet.settle();
    agent.crash();
    await fleet.up('a');
    fleet.startAgent(['a']);
    await fleet.settle();
    await fleet.clock.advance(1_000);
    await fleet.settle();
    expect((await fleet.store.get(run.id))?.state).toBe('Succeeded');
  });

  it('calls Lost what it was running when it crashed, and runs it no second time', async () => {
    const fleet = await open();
    const { agent, run } = await running(fleet);
    agent.crash();
    fleet.startAgent(['a']);
    await fleet.settle();
    await fleet.clock.advance(20_000);
    await fleet.settle();
    expect(await fleet.store.get(run.id)).toMatchObject({ state: 'Lost', error: { code: 'AgentRestarted' } });
    expect(fleet.deeds.launched.get(run.id)).toBe(1);
  });

  it('ends a run that became Lost while it was away for longer than its lease', async () => {
    const fleet = await open();
    const { run, worker } = await running(fleet);
    fleet.network.down('a');
    await fleet.clock.advance(fleet.settings.leaseMs + 10_000);
    expect((await fleet.store.get(run.id))?.state).toBe('Lost');
    expect(worker.alive).toBe(true);
    fleet.network.serve('a', (transport) => fleet.agentsOf('a').admit('m1', transport));
    await fleet.clock.advance(20_000);
    await fleet.settle();
    expect(worker.heard).toContain('kill');
    expect((await fleet.store.get(run.id))?.state).toBe('Lost');
    // And it takes the next one.
    const next = await fleet.orchestrator.enqueue(asked());
    await fleet.clock.advance(15_000);
    await fleet.settle();
    expect((await fleet.store.get(next.id))?.state).toBe('Starting');
  });

  it('keeps the lease of a run whose end the store cannot take yet', async () => {
    const fleet = await open();
    const { run, worker } = await running(fleet);
    const { orchestrator } = fleet;
    const report = orchestrator.report.bind(orchestrator);
    orchestrator.report = () =>
      Promise.reject(new ProductError('DiskFull', 'The disk is full.', 'Free some.'));
    worker.finish();
    await fleet.clock.advance(3 * fleet.settings.leaseMs);
    expect((await fleet.store.get(run.id))?.state).toBe('Running');
    orchestrator.report = report;
    await fleet.clock.advance(2_000);
    await fleet.settle();
    expect((await fleet.store.get(run.id))?.state).toBe('Succeeded');
  });

  it('gets with its next heartbeat a claim whose message was lost', async () => {
    const fleet = await open();
    fleet.startAgent(['a']);
    await fleet.settle();
    fleet.network.faults = { ...calm, loss: 1 };
    const run = await fleet.orchestrator.enqueue(asked());
    await fleet.settle();
    expect(fleet.deeds.launched.size).toBe(0);
    expect((await fleet.store.get(run.id))?.state).toBe('Starting');
    fleet.network.faults = calm;
    await fleet.clock.advance(2_000);
    await fleet.settle();
    expect(fleet.deeds.launched.get(run.id)).toBe(1);
  });

  it('sends the picture of a failed run, once, also over a bad network', async () => {
    const fleet = await open();
    const { run, worker } = await running(fleet);
    const png = Buffer.alloc(1_000_000, 7).toString('base64');
    fleet.network.cut();
    worker.say({ kind: 'screenshot', ...worker.fence, width: 4, height: 3, png });
    await fleet.clock.advance(3_000);
    await fleet.settle();
    worker.finish('Failed');
    await fleet.settle();
    const events = await fleet.store.events(0, 1e8, run.id);
    expect(events.filter(({ kind }) => kind === 'screenshot')).toMatchObject([{ width: 4, height: 3, png }]);
    expect((await fleet.store.get(run.id))?.state).toBe('Failed');
  });

  it('goes to the next orchestrator when its own dies', async () => {
    const fleet = await open(['a', 'b'], () => 0);
    const { run, worker } = await running(fleet);
    await fleet.down('a');
    await fleet.clock.advance(2_000);
    await fleet.settle();
    expect(fleet.agentsOf('b').size).toBe(1);
    worker.finish();
    await fleet.settle();
    expect((await fleet.store.get(run.id))?.state).toBe('Succeeded');
  });

  it('ends a run that somebody stops, also when the word was lost', async () => {
    const fleet = await open();
    const { run, worker } = await running(fleet);
    fleet.network.cut();
    await fleet.orchestrator.stop(run.id);
    await fleet.clock.advance(3_000);
    await fleet.settle();
    expect(worker.heard).toContain('stop');
    worker.finish('Canceled');
    await fleet.settle();
    expect(await fleet.store.get(run.id)).toMatchObject({ state: 'Canceled', error: { code: 'RunStopped' } });
  });

  it('cannot report about a run of another machine', async () => {
    const fleet = await open();
    await fleet.store.putMachine({
      id: 'm2',
      name: 'PC2',
      description: '',
      owner: 'ann',
      unattendedSlots: 1,
    });
    const { agent } = await running(fleet);
    fleet.orchestrator.attach('m2', 'm2', { take: () => {}, end: () => {} });
    await fleet.store.heartbeat('m2', 'b', await agent.host.facts(), [], fleet.settings.leaseMs);
    const other = await fleet.orchestrator.enqueue(asked({ queue: 'm2' }));
    await fleet.settle();
    expect((await fleet.store.get(other.id))?.machine).toBe('m2');
    const holder = { runId: other.id, fence: 1, report: 1 };
    await agent.link.report({ kind: 'change', holder, change: { state: 'Failed' }, before: [] });
    await fleet.settle();
    expect((await fleet.store.get(other.id))?.state).toBe('Starting');
    expect(agent.link.unanswered).toBe(0);
  });

  it('leaves the end of a run out of nothing but what does not fit', async () => {
    const fleet = await open();
    const { run, worker } = await running(fleet);
    worker.say({
      kind: 'finished',
      ...worker.fence,
      outcome: 'Succeeded',
      outputs: { Huge: 'x'.repeat(41 * 1024 * 1024) },
    });
    await fleet.settle();
    const ended = await fleet.store.get(run.id);
    expect(ended?.state).toBe('Succeeded');
    expect(ended?.outputs).toBeUndefined();
  });

  it('lets people pause, answer and debug its runs over the link', async () => {
    const fleet = await open();
    const { run, worker } = await running(fleet);
    const agents = fleet.agentsOf('a');
    expect(await agents.ask('m1', 'run.tell', { runId: run.id, wish: 'pause' })).toEqual({ done: true });
    expect(await agents.ask('m1', 'run.tell', { runId: 'other', wish: 'pause' })).toEqual({ done: false });
    expect(worker.heard).toEqual(['pause']);
    await expect(
      agents.ask('m1', 'run.answer', {
        runId: run.id,
        questionId: 'q',
        answer: { button: 'OK', values: [] },
        by: 'ann',
      }),
    ).rejects.toMatchObject({ code: 'QuestionNotFound' });
    const heard: unknown[] = [];
    agents.onDebug((message) => heard.push(message));
    await agents.ask('m1', 'run.debug', { runId: run.id, message: { seq: 1 }, debugger: 'a 1' });
    await expect(
      agents.ask('m1', 'run.debug', { runId: run.id, message: { seq: 1 }, debugger: 'a 2' }),
    ).rejects.toMatchObject({ code: 'DebuggerAttached' });
    worker.say({ kind: 'debug', ...worker.fence, message: { seq: 2 } });
    await fleet.settle();
    fleet.network.cut();
    await fleet.settle();
    expect(worker.debugged).toEqual([{ seq: 1 }, null]);
    expect(heard).toEqual([
      { runId: run.id, message: { seq: 2 }, debugger: 'a 1' },
      { runId: run.id, message: null, debugger: 'a 1' },
    ]);
    expect(agents.ask('m1', 'run.tell', { runId: run.id, wish: 'pause' })).toBeUndefined();
  });
});

describe('faults at random', () => {
  /** One machine, two instances, many runs; returns what must hold. */
  async function story(from: number): Promise<void> {
    const chance = chances(from);
    const fleet = await open(['a', 'b'], chance);
    const ids: string[] = [];
    /** Run → messages of its flow. */
    const said = new Map<string, number>();
    const addresses = ['a', 'b'];
    fleet.startAgent(addresses);
    const work = () => {
      for (const worker of fleet.agent?.host.alive ?? []) {
        const { id } = worker.claim.run;
        const luck = chance();
        if (luck < 0.3) worker.begin();
        else if (luck < 0.5) {
          const at = (said.get(id) ?? 0) + 1;
          said.set(id, at);
          const logs = [{ at: 0, level: 'info', message: `${at}`, line: 1, subflow: 'Main' } as const];
          const position = { subflow: 'Main', line: 1, action: 'X' };
          worker.say({ kind: 'frame', ...worker.fence, position, lines: [], actions: [], omitted: 0, logs });
        } else if (luck < 0.7) {
          worker.begin();
          worker.finish();
        } else if (luck < 0.75) worker.die('was killed by signal SIGKILL');
      }
    };
    for (let step = 0; step < 60; step++) {
      fleet.network.faults = {
        loss: chance() * 0.1,
        double: chance() * 0.3,
        delay: Math.floor(chance() * 6),
      };
      const luck = chance();
      const address = chance() < 0.5 ? 'a' : 'b';
      if (luck < 0.4) {
        const up = addresses.find((known) => fleet.isUp(known));
        if (up !== undefined) ids.push((await fleet.orchestrator.enqueue(asked())).id);
      } else if (luck < 0.5) fleet.network.cut();
      else if (luck < 0.6) {
        if (fleet.isUp(address)) await fleet.down(address);
        else await fleet.up(address);
      } else if (luck < 0.65) {
        fleet.agent?.crash();
      } else if (fleet.agent === undefined) fleet.startAgent(addresses);
      work();
      await fleet.settle(Math.floor(chance() * 4));
      await fleet.clock.advance(Math.floor(chance() * 4_000));
    }
    // Faults stop; then everything must end.
    fleet.network.faults = calm;
    for (const address of addresses) if (!fleet.isUp(address)) await fleet.up(address);
    if (fleet.agent === undefined) fleet.startAgent(addresses);
    for (let i = 0; i < 400; i++) {
      const runs = await Promise.all(ids.map((id) => fleet.store.get(id)));
      if (runs.every((run) => run !== undefined && isTerminal(run.state))) break;
      for (const worker of fleet.agent?.host.alive ?? []) {
        worker.begin();
        worker.finish();
      }
      await fleet.clock.advance(2_000);
    }
    await fleet.clock.advance(20_000);
    for (const id of ids) {
      const run = await fleet.store.get(id);
      expect(isTerminal(run?.state ?? 'Queued'), `${id} is ${run?.state}`).toBe(true);
      expect(fleet.deeds.launched.get(id) ?? 0, `${id} was started more than once`).toBeLessThanOrEqual(1);
      if (run?.state === 'Succeeded') expect(fleet.deeds.launched.get(id)).toBe(1);
      const events = await fleet.store.events(0, 1e9, id);
      const states = events.flatMap((event) => (event.kind === 'run' ? [event.run.state] : []));
      expect(
        states.filter((state) => isTerminal(state)),
        id,
      ).toHaveLength(1);
      // What its flow said, in order: of a run that came to its end nothing is missing, of none anything is double.
      const messages = events.flatMap((event) => (event.kind === 'log' ? [Number(event.message)] : []));
      const expected = Array.from({ length: said.get(id) ?? 0 }, (_, index) => index + 1);
      expect(messages, id).toEqual(
        run?.state === 'Succeeded' ? expected : expected.slice(0, messages.length),
      );
    }
    expect(fleet.agent?.link.unanswered).toBe(0);
    await fleet.close();
    fleets.length = 0;
  }

  it('runs nothing twice, loses nothing, ends everything', async () => {
    await fc.assert(fc.asyncProperty(fc.integer(), story), { seed, numRuns: 15 });
  }, 60_000);
});

describe('the journal', () => {
  const report = (runId: string, state: 'Running' | 'Succeeded', number: number) =>
    ({ kind: 'change', holder: { runId, fence: 1, report: number }, change: { state }, before: [] }) as const;

  it('has after a crash what was not answered, in order, and nothing that was half written', async () => {
    const fleet = await open([]);
    const path = join(fleet.folder, 'journal');
    const journal = Journal.open(path);
    const first = journal.add(report('1', 'Running', 1), 5);
    const second = journal.add(report('1', 'Succeeded', 2), 6);
    const third = journal.add(report('2', 'Running', 1), 7);
    journal.done(first.number);
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"number":9,"at":8,"rep`);
    const again = Journal.open(path);
    expect(again.pending).toEqual([second, third]);
    expect(again.add(report('3', 'Running', 1), 9).number).toBeGreaterThan(third.number);
    again.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is empty when all is answered, and stays small while one entry is open', async () => {
    const fleet = await open([]);
    const path = join(fleet.folder, 'journal');
    const journal = Journal.open(path);
    const open1 = journal.add(report('0', 'Running', 1), 0);
    const large = { kind: 'append', holder: { runId: '1', fence: 1 }, announce: false } as const;
    for (let i = 0; i < 20; i++) {
      const bodies = [{ kind: 'log', level: 'info', message: 'x'.repeat(1_000_000) }] as const;
      journal.done(journal.add({ ...large, bodies }, i).number);
    }
    expect(statSync(path).size).toBeLessThan(10_000_000);
    journal.done(open1.number);
    expect(statSync(path).size).toBe(0);
    expect(existsSync(path)).toBe(true);
    expect(isFinal(report('1', 'Succeeded', 1))).toBe(true);
    journal.close();
  });
});
