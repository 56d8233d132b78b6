// One run from outside: inputs and outputs, secrets, records and line status, stop and pause.
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import type { HostValue } from '../../src/runtime/host.ts';
import { createRun, type FlowRun } from '../../src/runtime/run.ts';
import { FakeClock, settle } from '../fakes/clock.ts';
import { FakeHost } from '../fakes/host.ts';
import { header, World } from './world.ts';

const nobody = { actionEnded: () => {} };

function realTime(text: string) {
  const host = new FakeHost({ clock: systemClock });
  return createRun({
    flow: parse(text),
    name: 'tight',
    folder: '/flows',
    inputs: {},
    host,
    observer: nobody,
  });
}

/** A run whose clock each `SET n TO n + 1` of it moves on by `msEach`, and how many of them it has carried out. */
function timedByStatements(text: string, msEach: number) {
  let run: FlowRun | undefined;
  const done = () => Number(run?.variables.get('n') ?? 0);
  class StatementClock extends FakeClock {
    override monotonic(): number {
      return done() * msEach;
    }
  }
  run = new World(new FakeHost({ clock: new StatementClock() })).run(text);
  return { run, done };
}

const later = (ms: number) =>
  new Promise<number>((resolve) => setTimeout(() => resolve(performance.now()), ms));

describe('inputs and outputs', () => {
  const flow = `
@INPUT Count : { 'Description': '', 'FriendlyName': 'How many', 'Type': 'Numeric', 'IsOptional': False }
@INPUT Note : { 'Description': '', 'FriendlyName': 'Note', 'Type': 'String', 'IsOptional': True }
@INPUT Names : { 'Description': '', 'FriendlyName': 'Names', 'Type': 'List', 'IsOptional': True, 'DefaultValue': ['Ann'] }
@OUTPUT Total : { 'Description': '', 'FriendlyName': 'The total', 'Type': 'Numeric' }
@OUTPUT Text : { 'Description': '', 'FriendlyName': 'Text', 'Type': 'String' }
SET Total TO Count * 2 + Names.Count
SET Text TO $'''%IsBlank(Note)% %Names[0]%'''
`;

  it('are known outside by their external names; defaults and optional inputs are filled in', async () => {
    const outcome = await new World().run(flow, { 'How many': 5 }).start();
    expect(outcome).toEqual({ outcome: 'Succeeded', outputs: { 'The total': 11, Text: 'True Ann' } });
  });

  it('a missing input is refused before anything runs', () => {
    expect(() => new World().run(flow)).toThrow(expect.objectContaining({ code: 'InputMissing' }));
  });

  it('every kind of value survives the way in and out', async () => {
    const value: HostValue = {
      $type: 'object',
      entries: {
        text: 'a',
        number: 1.5,
        yes: true,
        nothing: null,
        list: [1, ['b']],
        when: { $type: 'datetime', value: '2026-01-31T10:00:00' },
        table: { $type: 'datatable', columns: ['A', 'B'], rows: [[1, 'x']] },
        __proto__x: 'kept',
      },
    };
    const text = `
@INPUT Given : { 'Description': '', 'FriendlyName': 'Given', 'Type': 'CustomObject', 'IsOptional': False }
@OUTPUT Back : { 'Description': '', 'FriendlyName': 'Back', 'Type': 'CustomObject' }
SET Back TO Given
`;
    const outcome = await new World().run(text, { Given: value }).start();
    expect(outcome.outputs).toEqual({ Back: value });
  });

  it('a number with more digits than JSON keeps travels as text', async () => {
    const outcome = await new World().run(`${header(['r'])}SET r TO 12345678901234567890`).start();
    expect(outcome.outputs).toEqual({ r: { $type: 'number', value: '12345678901234567890' } });
  });
});

describe('a flow that cannot run', () => {
  it('is refused with its first error, by line', () => {
    expect(() => new World().run(`${header(['r'])}SET r TO 1\nIF r = 1 THEN\n`)).toThrow(
      expect.objectContaining({ code: 'FlowHasErrors', message: expect.stringContaining('Line 5:') }),
    );
  });

  it('an action that a version of the agent lacks is named when it is reached', async () => {
    const world = new World();
    const flow = parse(`${header([])}File.Delete Files: 'x'\nON ERROR\nEND\n`);
    const run = createRun({
      flow,
      name: 't',
      folder: '/',
      inputs: {},
      host: world.host,
      observer: nobody,
      actions: new Map(),
    });
    const { error } = await run.start();
    expect(error).toMatchObject({
      code: 'UnsupportedAction',
      line: 3,
      message: expect.stringContaining('File.Delete'),
    });
  });

  // In a longer piece of a flow a missing name forbids nothing: it may exist elsewhere.
  it.each([
    ['GOTO Nowhere', 'LabelOutOfReach'],
    ['CALL Nothing', 'SubflowNotFound'],
    ['SET a TO unknown', 'VariableNotAssigned'],
  ])('a fragment fails when it reaches %s', async (line, code) => {
    const { error } = await new World().run(`SET x TO '${'.'.repeat(200)}'\n${line}`).start();
    expect(error).toMatchObject({ code, line: 2 });
  });

  it('the error says what, where and what next', async () => {
    const { error } = await new World()
      .run(`${header([])}CALL Work\nFUNCTION Work GLOBAL\nSET x TO 1 / 0\nEND FUNCTION`)
      .start();
    expect(error).toEqual({
      code: 'DivisionByZero',
      message: '1 is divided by zero.',
      nextStep: expect.stringMatching(/\w/),
      line: 5,
      subflow: 'Work',
      action: 'SET',
    });
  });
});

describe('secrets', () => {
  const secret = 'hunter2-öß"x';
  const sensitive = (lines: string, outputs: string[] = ['Out']) =>
    header(outputs, ['Password'], ['Password']) + lines;

  /** Everything that leaves a run, as one text. */
  async function everything(
    lines: string,
    answers: ConstructorParameters<typeof FakeHost>[0] = {},
  ): Promise<string> {
    const world = new World(new FakeHost(answers));
    const run = world.run(sensitive(lines), { Password: secret });
    const outcome = await run.start();
    return JSON.stringify([outcome, world.records, run.changedLines(), world.host.asked, world.host.logged]);
  }

  it.each([
    ['an output computed from one', "SET Out TO $'''x%Password%x'''"],
    ['a log message', "Logging.LogMessage Message: $'''the password is %Password%'''"],
    ['a log message of a changed form', 'Logging.LogMessage Message: Password.ToUpper'],
    ['a log message of a part', 'SET Part TO Password.Trimmed\nLogging.LogMessage Message: Part + Part'],
    ['a list', 'SET L TO [Password, [Password]]\nLogging.LogMessage Message: L'],
    ['an object', "SET O TO { 'p': Password }\nLogging.LogMessage Message: $'''%O%'''"],
    [
      'a list that an action filled',
      'Variables.CreateNewList List=> L\nVariables.AddItemToList Item: Password List: L\nLogging.LogMessage Message: L',
    ],
    ['the error of an action', 'File.Delete Files: Password'],
    ['a logic error that quotes it', 'SET Out TO Password * 2'],
    ['a logic error that quotes a changed form', 'SET Out TO Password.ToUpper * 2'],
    [
      'a custom error',
      "FlowControl.ThrowCustomError CustomErrorCode: Password CustomErrorMessage: $'''bad %Password%'''",
    ],
    ['the message of EXIT', "EXIT Code: 1 ErrorMessage: $'''bad %Password.ToUpper%'''"],
    [
      'an error read with ERROR =>',
      'File.Delete Files: Password\nON ERROR\nEND\nERROR => e\nLogging.LogMessage Message: e.Message\nSET Out TO e.ErrorDetails',
    ],
    [
      'a local subflow',
      "CALL S a: Password b=> Out\nFUNCTION S a, OUTPUT b\nSET b TO a + '!'\nLogging.LogMessage Message: b\nEND FUNCTION",
    ],
  ])('never leave: %s', async (_, lines) => {
    const text = await everything(lines);
    for (const form of [secret, secret.toUpperCase(), JSON.stringify(secret).slice(1, -1)])
      expect(text).not.toContain(form);
  });

  it('a question is masked too', async () => {
    const answers = [{ button: 'OK', values: [] }];
    const lines =
      "Display.ShowMessageDialog.ShowMessage Title: 'T' Message: $'''It is %Password%''' Buttons: Display.Buttons.OK";
    expect(await everything(lines, { answers })).toContain('It is ••••');
  });

  it('can be chosen from a list without being shown, each by the name it is shown under', async () => {
    const lines = `SET L TO [Password, $'''%Password.ToUpper%''']
Display.SelectFromListDialog.SelectFromList Title: '' Message: '' List: L IsTopMost: False AllowEmpty: False SelectedItem=> S SelectedIndex=> I
IF S = Password.ToUpper THEN
    WAIT 1
END`;
    const world = new World(new FakeHost({ answers: [{ button: 'OK', values: ['•••• (2)'] }] }));
    const run = world.run(sensitive(lines, []), { Password: secret });
    expect(await run.start()).toMatchObject({ outcome: 'Succeeded' });
    expect(world.host.asked.map(({ options }) => options)).toEqual([['••••', '•••• (2)']]);
    expect(world.records.map(({ action }) => action)).toContain('WAIT');
  });

  it('a piece of a path given as one is masked, and a date in each form', async () => {
    const world = new World();
    const flow = `@SENSITIVE: [Folder, Day]
@INPUT Folder : { 'Description': '', 'FriendlyName': 'Folder', 'Type': 'String', 'IsOptional': False }
@INPUT Day : { 'Description': '', 'FriendlyName': 'Day', 'Type': 'DateTime', 'IsOptional': False }
Logging.LogMessage Message: 'in project-x there is 2026-01-31T10:00:00, that is 01/31/2026 10:00:00'
`;
    await world.run(flow, { Folder: '/home/project-x', Day: '2026-01-31 10:00' }).start();
    expect(world.host.logged.map(({ message }) => message)).toEqual(['in •••• there is ••••, that is ••••']);
  });

  it('an output that depends on one is secured, any other one is not', async () => {
    const lines = 'SET Out TO Password.Length\nSET Free TO 5';
    const outcome = await new World().run(sensitive(lines, ['Out', 'Free']), { Password: secret }).start();
    expect(outcome.outputs).toEqual({ Out: { $type: 'secured' }, Free: 5 });
  });

  it('numbers are kept as well', async () => {
    const world = new World();
    const text = `${header([], [], ['Pin'])}SET Pin TO 4711 * 2\nLogging.LogMessage Message: $'''Pin %Pin%'''`;
    await world.run(text).start();
    expect(world.host.logged).toEqual([{ level: 'info', message: 'Pin ••••' }]);
  });
});

describe('records and lines', () => {
  it('actions, calls, waits and loops are reported as they end, with their outcome', async () => {
    const world = new World();
    const text = `SET a TO 0
LOOP FROM 1 TO 2
    File.Delete Files: 'Broken*1'
    ON ERROR
    END
END
CALL S
WAIT 2
File.Delete Files: 'Fatal'
FUNCTION S GLOBAL
    SET a TO 1
END FUNCTION`;
    await world.run(header([]) + text).start();
    const at = world.host.clock.now() - 2000;
    expect(world.records.map(({ line, action, outcome, ms }) => [line - 2, action, outcome, ms])).toEqual([
      [3, 'File.Delete', 'handled', 0],
      [3, 'File.Delete', 'ok', 0],
      [2, 'LOOP', 'ok', 0],
      [7, 'CALL S', 'ok', 0],
      [8, 'WAIT', 'ok', 2000],
      [9, 'File.Delete', 'failed', 0],
    ]);
    expect(world.records[4]).toMatchObject({ at, subflow: 'Main' });
    expect(world.records[5]?.error).toEqual({ code: 'Fatal', message: 'Fatal happened' });
  });

  it('a failure also ends the calls and loops around it', async () => {
    const world = new World();
    const run = world.run(
      `${header([])}CALL S\nFUNCTION S GLOBAL\nLOOP FROM 1 TO 2\nSET x TO 1 / 0\nEND\nEND FUNCTION`,
    );
    await run.start();
    expect(run.changedLines().map(({ line, state, error }) => [line - 2, state, error?.code])).toEqual([
      [1, 'failed', 'DivisionByZero'],
      [3, 'failed', 'DivisionByZero'],
      [4, 'failed', 'DivisionByZero'],
    ]);
    expect(world.records.map((record) => [record.action, record.outcome])).toEqual([
      ['LOOP', 'failed'],
      ['CALL S', 'failed'],
    ]);
  });

  it('ten thousand statements leave one snapshot per line, told once', async () => {
    const world = new World();
    const run = world.run(
      `${header(['n'])}SET n TO 0\nLOOP i FROM 1 TO 5000\nSET n TO n + i\nFile.Delete Files: 'ok'\nEND`,
    );
    const outcome = await run.start();
    expect(outcome.outputs).toEqual({ n: 12_502_500 });
    expect(run.changedLines().map(({ line, count, state }) => [line - 3, count, state])).toEqual([
      [1, 1, 'ok'],
      [2, 1, 'ok'],
      [3, 5000, 'ok'],
      [4, 5000, 'ok'],
    ]);
    expect(run.changedLines()).toEqual([]);
  });

  it('an action that is a condition is reported by its own name', async () => {
    const world = new World();
    await world.run(`${header([])}IF (File.IfFile.Exists File: 'yes') THEN\nEND`).start();
    expect(world.records.map(({ line, action, outcome }) => [line - 2, action, outcome])).toEqual([
      [1, 'File.IfFile.Exists', 'ok'],
    ]);
  });

  it('durations of hot lines are extrapolated from the executions that were measured', async () => {
    const { run } = timedByStatements('SET n TO 0\nLOOP FROM 1 TO 3000\nSET n TO n + 1\nEND', 0.001);
    await run.start();
    const line = run.changedLines().find((each) => each.line === 3);
    expect(line).toMatchObject({ count: 3000 });
    expect(line?.ms).toBeCloseTo(3, 1);
  });

  it('a waiting run shows its line as running, and only what changed', async () => {
    const clock = new FakeClock();
    const run = new World(new FakeHost({ clock })).run(`${header([])}SET a TO 1\nWAIT 5\nSET a TO 2`);
    const ended = run.start();
    await settle();
    expect(run.position()).toEqual({ subflow: 'Main', line: 4, action: 'WAIT' });
    expect(run.changedLines().map(({ line, state }) => [line, state])).toEqual([
      [3, 'ok'],
      [4, 'running'],
    ]);
    await clock.advance(5000);
    expect((await ended).outcome).toBe('Succeeded');
    expect(run.changedLines()).toEqual([
      { line: 4, subflow: 'Main', state: 'ok', count: 1, ms: 5000 },
      { line: 5, subflow: 'Main', state: 'ok', count: 1, ms: 0 },
    ]);
  });
});

describe('stop and pause', () => {
  const tight = 'SET n TO 0\nLOOP WHILE 1 = 1\nSET n TO n + 1\nEND';
  const jumping = 'SET n TO 0\nLABEL again\nSET n TO n + 1\nGOTO again';
  // The promise is 10 ms; the rest is for a machine that is busy with other tests, and so is a second and third attempt.
  const promptly = 60;
  const soonest = async (attempt: () => Promise<number>): Promise<number> => {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3 && best >= promptly; i++) best = Math.min(best, await attempt());
    return best;
  };

  it.each([
    ['a loop', tight],
    ['a loop without statements', 'LOOP WHILE 1 = 1\nEND'],
    ['jumps', jumping],
    [
      'endless retries',
      "File.IfFile.Exists File: ''\nON ERROR\nREPEAT ACTION\nEND".replace(
        'File.IfFile.Exists File',
        'File.Delete Files',
      ),
    ],
    [
      'a loop inside a block that catches everything',
      `BLOCK\nON BLOCK ERROR all\nREPEAT BLOCK\nEND\n${tight}\nEND`,
    ],
  ])('stop ends %s at once', async (_, lines) => {
    const ms = await soonest(async () => {
      const run = realTime(lines);
      const ended = run.start();
      const asked = await later(30);
      run.stop('enough');
      const error = { code: 'RunStopped', message: 'enough' };
      expect(await ended).toMatchObject({ outcome: 'Canceled', error });
      return performance.now() - asked;
    });
    expect(ms).toBeLessThan(promptly);
  });

  it('the event loop has its turn in a tight loop', async () => {
    const ms = await soonest(async () => {
      const run = realTime(tight);
      const ended = run.start();
      const started = performance.now();
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      const taken = performance.now() - started;
      run.stop('enough');
      await ended;
      return taken;
    });
    expect(ms).toBeLessThan(promptly);
  });

  const sets = (count: number) => 'SET n TO n + 1\n'.repeat(count);
  it.each([
    ['of one row', `LOOP WHILE True\n${sets(1)}END`, 0.001],
    ['of many rows', `LOOP WHILE True\n${sets(3_000)}END`, 0.001],
    ['of slow rows', `LOOP WHILE True\n${sets(2)}END`, 1],
    [
      'that was fast and becomes slow',
      `LOOP WHILE n < 100000\n${sets(1)}END\nLOOP WHILE True\n${sets(1_000)}END`,
      0.002,
    ],
    [
      'of calls that call again',
      `LOOP WHILE True\nCALL Deep level: 0\nEND
FUNCTION Deep level
SET GLOBAL.n TO GLOBAL.n + 1
IF level < 100 THEN
CALL Deep level: level + 1
CALL Deep level: level + 1
END
END FUNCTION`,
      0.01,
    ],
  ])('a loop %s keeps the event loop waiting for less than 10 ms', async (_, lines, msEach) => {
    const { run, done } = timedByStatements(`SET n TO 0\n${lines}`, msEach);
    const ended = run.start();
    let longest = 0;
    let before = 0;
    for (let turn = 0; turn < 300; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      const now = done();
      // Time itself begins to move with the first statement.
      if (before > 0) longest = Math.max(longest, (now - before) * msEach);
      before = now;
    }
    run.stop('enough');
    await ended;
    expect(before).toBeGreaterThan(300);
    expect(longest).toBeLessThan(10);
  });

  it('pause holds a tight loop, resume lets it go on', async () => {
    const run = realTime(tight);
    const ended = run.start();
    await later(20);
    run.pause();
    await later(20);
    run.changedLines();
    await later(20);
    expect(run.changedLines()).toEqual([]);
    run.resume();
    await later(20);
    expect(run.changedLines().map(({ line }) => line)).toEqual([3]);
    run.stop('enough');
    expect((await ended).outcome).toBe('Canceled');
  });

  it('stop ends a paused run', async () => {
    const run = realTime(tight);
    const ended = run.start();
    await later(10);
    run.pause();
    await later(10);
    run.stop('enough');
    expect((await ended).outcome).toBe('Canceled');
  });

  it('stop ends a WAIT and an open question', async () => {
    for (const lines of [
      'WAIT 3600',
      "Display.ShowMessageDialog.ShowMessage Title: 'T' Message: 'M' Buttons: Display.Buttons.OK",
    ]) {
      const world = new World(new FakeHost({ clock: new FakeClock(), answers: ['never'] }));
      const run = world.run(header([]) + lines);
      const ended = run.start();
      await settle();
      run.stop('enough');
      expect((await ended).outcome).toBe('Canceled');
    }
  });

  it('a run that is stopped before it starts does nothing', async () => {
    const world = new World();
    const run = world.run(`${header([])}File.Delete Files: 'ok'`);
    run.stop('too late');
    expect((await run.start()).outcome).toBe('Canceled');
    expect(world.calls).toBe(0);
  });
});
