// What a worker reports about its run, with the real interpreter on a clock that moves when the test says.
import { describe, expect, it } from 'vitest';
import { WorkerRun } from '../../src/agent/worker/host.ts';
import type { WireValue } from '../../src/protocol/run.ts';
import { type FromWorker, fromWorker } from '../../src/protocol/worker.ts';
import { FakeClock, settle } from '../fakes/clock.ts';

type Kind<K extends FromWorker['kind']> = Extract<FromWorker, { kind: K }>;

/** A worker that was given `text`, and everything it has said. `slow` messages take until `release` is called. */
function work(text: string, inputs: Record<string, WireValue> = {}) {
  const clock = new FakeClock();
  const said: FromWorker[] = [];
  let held: (() => void)[] | undefined;
  const run = new WorkerRun((message) => {
    said.push(fromWorker.parse(JSON.parse(JSON.stringify(message))));
    return new Promise((resolve) => (held ? held.push(resolve) : resolve()));
  }, clock);
  const ended = run.receive({
    kind: 'start',
    runId: 'r',
    fence: 5,
    dataFolder: '/nowhere',
    flow: { name: 'F', path: '', text, companions: [] },
    inputs,
    debug: false,
  });
  const all = <K extends FromWorker['kind']>(kind: K) =>
    said.filter((message): message is Kind<K> => message.kind === kind);
  return {
    run,
    clock,
    said,
    ended,
    all,
    hold: () => {
      held = [];
    },
    release: () => {
      const waiting = held ?? [];
      held = undefined;
      for (const resolve of waiting) resolve();
    },
  };
}

describe('a worker', () => {
  it('begins, reports and ends, each message under the fence of its claim', async () => {
    const { said, ended } = work('SET X TO 1\nSET Y TO X + 1\n');
    await ended;
    expect(said.map((message) => message.kind)).toEqual(['started', 'frame', 'finished']);
    expect(said.every((message) => message.kind === 'ready' || message.fence === 5)).toBe(true);
    expect(said[1]).toMatchObject({
      lines: [
        { line: 1, state: 'ok', count: 1 },
        { line: 2, state: 'ok', count: 1 },
      ],
      omitted: 0,
    });
    expect(said[2]).toMatchObject({ outcome: 'Succeeded', outputs: {} });
  });

  it('tells the place and the code of a failure', async () => {
    const { ended, all } = work('SET X TO 1\nSET Y TO X / 0\n');
    await ended;
    expect(all('finished')[0]).toMatchObject({
      outcome: 'Failed',
      error: { line: 2, subflow: 'Main', code: expect.any(String) },
    });
  });

  it('reports nothing while nothing happens', async () => {
    const { clock, ended, all } = work('WAIT 60\n');
    await clock.advance(59_000);
    expect(all('frame').length).toBe(1);
    await clock.advance(2_000);
    await ended;
    expect(all('frame').length).toBe(2);
  });

  it('sends at most 20 frames a second at first, one a second in the long run, with at most 200 actions each', async () => {
    const { clock, run, ended, all } = work('LOOP I FROM 1 TO 100000000 STEP 1\n    WAIT 0.001\nEND\n');
    await clock.advance(1_000);
    expect(all('frame').length).toBeLessThanOrEqual(20);
    expect(all('frame').length).toBeGreaterThan(10);
    const early = all('frame').length;
    await clock.advance(19_000);
    expect(all('frame').length - early).toBeLessThan(300);
    for (const frame of all('frame')) expect(frame.actions.length).toBeLessThanOrEqual(200);
    await run.receive({ kind: 'stop' });
    await clock.advance(10);
    await ended;
    expect(all('finished')[0]).toMatchObject({ outcome: 'Canceled' });
  }, 30_000);

  it('waits with the next frame until the last has left, and counts what it cannot keep', async () => {
    const { clock, run, all, hold, release } = work('LOOP I FROM 1 TO 100000 STEP 1\n    WAIT 0.001\nEND\n');
    await clock.advance(100);
    hold();
    await clock.advance(2_000);
    const blocked = all('frame').length;
    await clock.advance(1_000);
    expect(all('frame').length).toBe(blocked);
    release();
    await clock.advance(200);
    const next = all('frame')[blocked];
    expect(next?.actions.length).toBe(200);
    expect(next?.omitted).toBeGreaterThan(100);
    await run.receive({ kind: 'stop' });
    await clock.advance(10);
  });

  it('loses no message of a flood: a frame that is full leaves early', async () => {
    const { ended, all } = work(
      `LOOP I FROM 1 TO 5000 STEP 1\n    Logging.LogMessage Message: $'''line %I%''' LogLevel: Logging.LogLevel.InfoLevel\nEND\n`,
    );
    await ended;
    const logs = all('frame').flatMap((frame) => frame.logs);
    expect(logs.map((log) => log.message)).toEqual(Array.from({ length: 5000 }, (_, i) => `line ${i + 1}`));
    for (const frame of all('frame')) expect(frame.logs.length).toBeLessThanOrEqual(500);
  });

  it('stopped before the flow began does nothing of it', async () => {
    const clock = new FakeClock();
    const said: FromWorker[] = [];
    const run = new WorkerRun(async (message) => void said.push(message), clock);
    await run.receive({ kind: 'stop' });
    await run.receive({
      kind: 'start',
      runId: 'r',
      fence: 1,
      dataFolder: '/nowhere',
      flow: { name: 'F', path: '', text: 'SET X TO 1\n', companions: [] },
      inputs: {},
      debug: false,
    });
    expect(said.at(-1)).toMatchObject({ kind: 'finished', outcome: 'Canceled' });
    expect(said.some((message) => message.kind === 'frame')).toBe(false);
  });

  it('gives a flow that cannot run its code', async () => {
    const { run, ended, all } = work('IF THEN\n');
    await ended.catch((error) => run.fail(error));
    expect(all('finished')[0]).toMatchObject({ outcome: 'Failed', error: { code: 'FlowHasErrors' } });
  });
});

describe('a question', () => {
  const timed = `@OUTPUT Pressed : { 'Description': '', 'FriendlyName': 'Pressed', 'Type': 'String' }
Display.ShowMessageDialog.ShowMessageWithTimeout Title: $'''T''' Message: $'''M''' Icon: Display.Icon.None Buttons: Display.Buttons.YesNo DefaultButton: Display.DefaultButton.Button2 IsTopMost: False Timeout: 30 ButtonPressed=> Pressed
`;

  it('closes by itself with the default button, and is withdrawn', async () => {
    const { clock, ended, all } = work(timed);
    await clock.advance(29_000);
    expect(all('question')).toHaveLength(1);
    expect(all('withdrawn')).toEqual([]);
    await clock.advance(2_000);
    await ended;
    expect(all('withdrawn')).toMatchObject([{ questionId: all('question')[0]?.question.id }]);
    expect(all('finished')[0]).toMatchObject({ outcome: 'Succeeded', outputs: { Pressed: 'No' } });
  });

  it('that was answered is not withdrawn', async () => {
    const { clock, run, ended, all } = work(timed);
    await clock.advance(100);
    await run.receive({
      kind: 'answer',
      questionId: all('question')[0]?.question.id as string,
      answer: { button: 'Yes', values: [] },
    });
    await clock.advance(100_000);
    await ended;
    expect(all('withdrawn')).toEqual([]);
    expect(all('finished')[0]).toMatchObject({ outputs: { Pressed: 'Yes' } });
  });

  it('is withdrawn when the run is stopped', async () => {
    const { clock, run, ended, all } = work(timed);
    await clock.advance(100);
    await run.receive({ kind: 'stop' });
    await settle();
    await ended;
    expect(all('withdrawn')).toHaveLength(1);
    expect(all('finished')[0]).toMatchObject({ outcome: 'Canceled' });
  });
});
