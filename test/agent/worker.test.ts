// What a worker reports about its run, with the real interpreter on a clock that moves when the test says.
import { describe, expect, it } from 'vitest';
import { WorkerRun } from '../../src/agent/worker/host.ts';
import { NoPicture, type TakePicture } from '../../src/agent/worker/screen.ts';
import type { System } from '../../src/agent/worker/system.ts';
import type { Answer, Ask, Question } from '../../src/desktop/questions.ts';
import type { LogLevel, RunLogging, WireValue } from '../../src/protocol/run.ts';
import { type FromWorker, fromWorker } from '../../src/protocol/worker.ts';
import { FakeClock, settle } from '../fakes/clock.ts';

type Kind<K extends FromWorker['kind']> = Extract<FromWorker, { kind: K }>;

const noPicture: TakePicture = async () => {
  throw new NoPicture('the test has no desktop');
};

/** A worker that was given `text`, and everything it has said. `slow` messages take until `release` is called. */
function work(
  text: string,
  inputs: Record<string, WireValue> = {},
  logging: RunLogging = {},
  takePicture = noPicture,
  system: System = {},
) {
  const clock = new FakeClock();
  const said: FromWorker[] = [];
  let held: (() => void)[] | undefined;
  const run = new WorkerRun(
    (message) => {
      said.push(fromWorker.parse(JSON.parse(JSON.stringify(message))));
      return new Promise((resolve) => (held ? held.push(resolve) : resolve()));
    },
    clock,
    takePicture,
    system,
  );
  const ended = run.receive({
    kind: 'start',
    fence: 5,
    flow: { name: 'F', path: '', text, companions: [] },
    inputs,
    logging,
    debug: false,
    showsQuestions: system.ask !== undefined,
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
    const run = new WorkerRun(async (message) => void said.push(message), clock, noPicture);
    await run.receive({ kind: 'stop' });
    await run.receive({
      kind: 'start',
      fence: 1,
      flow: { name: 'F', path: '', text: 'SET X TO 1\n', companions: [] },
      inputs: {},
      logging: {},
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

describe('the log of a run', () => {
  const flow = `LOOP I FROM 1 TO 2 STEP 1
    Text.ChangeCase Text: $'''a''' NewCase: Text.CaseOption.UpperCase Result=> Upper
END
Logging.LogMessage Message: $'''note''' LogLevel: Logging.LogLevel.InfoLevel
Logging.LogMessage Message: $'''care''' LogLevel: Logging.LogLevel.WarningLevel
Logging.LogMessage Message: $'''alas''' LogLevel: Logging.LogLevel.ErrorLevel
BLOCK Try
ON BLOCK ERROR
    SET Missing TO 1
END
    File.ReadTextFromFile.ReadText File: $'''/nowhere/a''' Encoding: File.TextFileEncoding.UTF8 Content=> Text
END
File.ReadTextFromFile.ReadText File: $'''/nowhere/b''' Encoding: File.TextFileEncoding.UTF8 Content=> Text
`;
  const written = async (logging: RunLogging, text = flow) => {
    const { ended, all } = work(text, {}, logging);
    await ended;
    const frames = all('frame');
    return [
      ...frames.flatMap(({ actions }) =>
        actions.map(({ action, outcome }) => `${action.split('.')[0]} ${outcome}`),
      ),
      ...frames.flatMap(({ logs }) => logs.map(({ message }) => message)),
      ...frames.flatMap(({ omitted }) => (omitted > 0 ? [`${omitted} omitted`] : [])),
    ];
  };

  it.each<[LogLevel | undefined, string]>([
    [
      undefined,
      'Text ok, Text ok, LOOP ok, Logging ok, Logging ok, Logging ok, File handled, File failed, note, care, alas',
    ],
    [
      'debug',
      'Text ok, Text ok, Logging ok, Logging ok, Logging ok, File handled, File failed, note, care, alas',
    ],
    ['custom', 'File handled, File failed, note, care, alas'],
    ['warning', 'File handled, File failed, care, alas'],
    ['error', 'File failed, alas'],
  ])('RUN-7: at level %s it holds what that says', async (level, expected) => {
    expect((await written(level === undefined ? {} : { level })).join(', ')).toBe(expected);
  });

  it('RUN-5: it is kept of runs that fail alone, whole and in order, where that was set', async () => {
    expect(await written({ keep: 'onFailure' })).toEqual(await written({}));
    expect(await written({ keep: 'onFailure' }, 'WAIT 0\n')).toEqual([]);
    const long = await written(
      { keep: 'onFailure' },
      'LOOP I FROM 1 TO 3000 STEP 1\n    WAIT 0\nEND\nSET X TO 1 / 0\n',
    );
    expect(long.filter((entry) => entry === 'WAIT ok')).toHaveLength(3_000);
  });

  it('RUN-5: it is kept of no run where that was set, and its lines are known all the same', async () => {
    expect(await written({ keep: 'never' })).toEqual([]);
    const { ended, all } = work(flow, {}, { keep: 'never' });
    await ended;
    expect(all('frame').flatMap(({ lines }) => lines)).toContainEqual(
      expect.objectContaining({ line: 2, count: 2 }),
    );
  });
});

describe('a picture of the desktop', () => {
  const failing = 'SET X TO 1 / 0\n';
  const taken: TakePicture = async () => ({ width: 3, height: 2, png: Uint8Array.of(1, 2, 3) });
  const shown = async (text: string, logging: RunLogging = {}, takePicture = taken, inputs = {}) => {
    const { ended, all } = work(text, inputs, logging, takePicture);
    await ended;
    return { pictures: all('screenshot'), told: all('finished')[0]?.error?.screenshot };
  };

  it('RUN-4: it is taken when a flow fails, and only then', async () => {
    expect(await shown(failing)).toMatchObject({
      pictures: [{ width: 3, height: 2, png: 'AQID' }],
      told: { width: 3, height: 2 },
    });
    expect(await shown('SET X TO 1\n')).toEqual({ pictures: [], told: undefined });
  });

  it('is not taken where it was switched off, and nobody is told why', async () => {
    expect(await shown(failing, { screenshot: false })).toEqual({ pictures: [], told: undefined });
  });

  it('is never taken of a flow that knows a secret: it cannot be masked', async () => {
    const text = `@SENSITIVE: [Key]
@INPUT Key : { 'Description': '', 'FriendlyName': 'Key', 'Type': 'String' }
${failing}`;
    const { pictures, told } = await shown(text, {}, taken, { Key: 'hunter2hunter2' });
    expect(pictures).toEqual([]);
    expect(told).toEqual({ none: expect.stringContaining('sensitive') });
  });

  it('that cannot be taken is told with its reason, and changes nothing else', async () => {
    expect(await shown(failing, {}, noPicture)).toEqual({
      pictures: [],
      told: { none: 'the test has no desktop' },
    });
    const broken: TakePicture = async () => {
      throw new Error('secret detail');
    };
    expect(await shown(failing, {}, broken)).toEqual({
      pictures: [],
      told: { none: 'it could not be taken' },
    });
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

  it('is shown in the session where nobody else is sure to answer: whoever is first is heard', async () => {
    const shown: { question: Question; signal: AbortSignal; answer: (answer: Answer) => void }[] = [];
    const ask: Ask = (question, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        shown.push({ question, signal, answer: resolve });
      });
    const first = work(timed, {}, {}, noPicture, { ask });
    await first.clock.advance(100);
    expect(first.all('question')[0]?.question).toMatchObject({ kind: 'message', isShown: true });
    expect(shown[0]?.question).toMatchObject({ title: 'T', options: ['Yes', 'No'], preset: 'No' });
    shown[0]?.answer({ button: 'Yes', values: [] });
    await first.ended;
    expect(first.all('withdrawn')).toHaveLength(1);
    expect(first.all('finished')[0]).toMatchObject({ outputs: { Pressed: 'Yes' } });

    const second = work(timed, {}, {}, noPicture, { ask });
    await second.clock.advance(100);
    const questionId = second.all('question')[0]?.question.id as string;
    expect(shown[1]?.signal.aborted).toBe(false);
    await second.run.receive({ kind: 'answer', questionId, answer: { button: 'Yes', values: [] } });
    await second.ended;
    expect(shown[1]?.signal.aborted).toBe(true);
    expect(second.all('withdrawn')).toEqual([]);

    const third = work(timed, {}, {}, noPicture, { ask });
    await third.clock.advance(31_000);
    await third.ended;
    expect(shown[2]?.signal.aborted).toBe(true);
    expect(third.all('finished')[0]).toMatchObject({ outputs: { Pressed: 'No' } });
  });

  it('that cannot be shown there waits for others, and the log says why', async () => {
    const ask: Ask = async () => {
      throw new Error('there is no desktop');
    };
    const { clock, run, ended, all } = work(timed, {}, {}, noPicture, { ask });
    await clock.advance(100);
    const questionId = all('question')[0]?.question.id as string;
    await run.receive({ kind: 'answer', questionId, answer: { button: 'Yes', values: [] } });
    await ended;
    expect(all('finished')[0]).toMatchObject({ outputs: { Pressed: 'Yes' } });
    expect(all('frame').flatMap(({ logs }) => logs)).toMatchObject([
      { level: 'warning', message: expect.stringContaining('there is no desktop') },
    ]);
  });
});
