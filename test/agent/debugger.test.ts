// A debugger in the worker: how a run waits for it, goes on without it, and what passes over the worker's channel.
import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, it } from 'vitest';
import { WorkerRun } from '../../src/agent/worker/host.ts';
import { NoPicture } from '../../src/agent/worker/screen.ts';
import { type FromWorker, fromWorker } from '../../src/protocol/worker.ts';
import { FakeClock, settle } from '../fakes/clock.ts';

const flow = "SET Path TO 'x'\nSET Number TO 1\nSET Number TO Number + 1\n";

const noPicture = async () => {
  throw new NoPicture('a test has no desktop');
};

function work(debug: boolean, text = flow) {
  const clock = new FakeClock();
  const said: FromWorker[] = [];
  const run = new WorkerRun(
    async (message) => {
      said.push(fromWorker.parse(JSON.parse(JSON.stringify(message))));
    },
    clock,
    noPicture,
  );
  const start = () =>
    run.receive({
      kind: 'start',
      fence: 5,
      flow: { name: 'F', path: '/flows/F.robin', text, companions: [] },
      inputs: {},
      logging: {},
      debug,
    });
  let seq = 0;
  const ask = async (command: string, args?: object) => {
    const number = ++seq;
    const message = { type: 'request', seq: number, command, ...(args && { arguments: args }) };
    await run.receive({ kind: 'debug', message });
    await settle();
    return told().find(
      (each): each is DebugProtocol.Response =>
        each.type === 'response' && (each as DebugProtocol.Response).request_seq === number,
    ) as DebugProtocol.Response;
  };
  const told = () =>
    said.flatMap((message) =>
      message.kind === 'debug' ? [message.message as DebugProtocol.ProtocolMessage] : [],
    );
  const events = () =>
    told().flatMap((message) => (message.type === 'event' ? [(message as DebugProtocol.Event).event] : []));
  const finished = () => said.find((message) => message.kind === 'finished');
  return { run, clock, said, start, ask, events, finished };
}

describe('a run that was started for a debugger', () => {
  it('begins when the debugger says so, stops where it wants, and tells it of the end', async () => {
    const worker = work(true);
    const ended = worker.start();
    await worker.clock.advance(5_000);
    expect(worker.said.map(({ kind }) => kind)).toEqual(['started']);
    expect((await worker.ask('initialize')).success).toBe(true);
    await worker.ask('launch');
    await worker.ask('setBreakpoints', { source: { path: '/flows/F.robin' }, breakpoints: [{ line: 3 }] });
    await worker.clock.advance(120_000);
    expect(worker.finished()).toBeUndefined();
    await worker.ask('configurationDone');
    await worker.clock.advance(1_000);
    expect(worker.events()).toEqual(['initialized', 'stopped']);
    // People see that the run stands still.
    expect(worker.said).toContainEqual({ kind: 'halted', fence: 5, isHalted: true });
    expect((await worker.ask('evaluate', { expression: 'Number' })).body).toMatchObject({ result: '1' });
    await worker.ask('continue', { threadId: 1 });
    await ended;
    expect(worker.events()).toEqual(['initialized', 'stopped', 'exited', 'terminated']);
    expect(worker.finished()).toMatchObject({ outcome: 'Succeeded' });
    expect(worker.said.at(-1)?.kind).toBe('finished');
  });

  it('hears messages that were faster than the run', async () => {
    const worker = work(true);
    const early = [worker.ask('initialize'), worker.ask('launch'), worker.ask('configurationDone')];
    await worker.start();
    await Promise.all(early);
    expect(worker.finished()).toMatchObject({ outcome: 'Succeeded' });
    expect(worker.events()).toEqual(['initialized', 'exited', 'terminated']);
  });

  it('ends when none comes within a minute, and when it leaves before the flow began', async () => {
    const alone = work(true);
    const ended = alone.start();
    await alone.clock.advance(61_000);
    await ended;
    expect(alone.finished()).toMatchObject({
      outcome: 'Canceled',
      error: { message: 'No debugger came within 60 seconds.' },
    });
    const left = work(true);
    const endedToo = left.start();
    await left.ask('initialize');
    await left.run.receive({ kind: 'debug', message: null });
    await endedToo;
    expect(left.finished()).toMatchObject({ outcome: 'Canceled' });
    // It was nowhere yet.
    expect(left.finished()).not.toHaveProperty('error.line');
  });

  it('can be stopped while it waits', async () => {
    const worker = work(true);
    const ended = worker.start();
    await settle();
    await worker.run.receive({ kind: 'stop' });
    await ended;
    expect(worker.finished()).toMatchObject({ outcome: 'Canceled' });
  });
});

describe('any run', () => {
  it('goes on when its debugger leaves, and takes another one', async () => {
    const worker = work(false, 'WAIT 60\nWAIT 60\nWAIT 60\n');
    const ended = worker.start();
    await settle();
    await worker.ask('initialize');
    await worker.ask('attach', { stopOnEntry: true });
    await worker.ask('configurationDone');
    await worker.clock.advance(61_000);
    expect(worker.events()).toContain('stopped');
    await worker.run.receive({ kind: 'debug', message: null });
    await worker.clock.advance(30_000);
    expect((await worker.ask('threads')).success).toBe(true);
    await worker.ask('initialize');
    await worker.ask('attach');
    await worker.ask('configurationDone');
    await worker.ask('pause', { threadId: 1 });
    await worker.clock.advance(61_000);
    expect(worker.events().filter((event) => event === 'stopped')).toHaveLength(2);
    await worker.ask('disconnect');
    await worker.clock.advance(61_000);
    await ended;
    expect(worker.finished()).toMatchObject({ outcome: 'Succeeded' });
  });

  it('survives nonsense', async () => {
    const worker = work(false, 'WAIT 60\n');
    const ended = worker.start();
    await settle();
    for (const message of [17, 'x', [], { type: 'request' }, { type: 'request', seq: 1, command: 'next' }])
      await worker.run.receive({ kind: 'debug', message });
    await worker.clock.advance(61_000);
    await ended;
    expect(worker.finished()).toMatchObject({ outcome: 'Succeeded' });
  });
});
