// A debugging session as an editor sees it: where a run stops, what it shows, how it goes on. The messages themselves: golden.test.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from '../../src/language/syntax/parser.ts';
import { noRepositories } from '../../src/runtime/elements.ts';
import { header, World } from '../runtime/world.ts';
import { Editor, type EditorOptions, flowPath } from './editor.ts';

const open: Editor[] = [];
function edit(text: string, options?: EditorOptions): Editor {
  const editor = new Editor(text, options);
  open.push(editor);
  return editor;
}
afterEach(() => {
  for (const editor of open.splice(0)) {
    editor.run.stop('test over');
    editor.session.close();
  }
});

/** Moves by each of the requests, and gives the lines at which the run stood. */
async function lines(editor: Editor, commands: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  for (const command of commands) found.push((await editor.move(command)).line);
  return found;
}

const calls = `SET Total TO 0
SET Names TO ['Ann', 'Bob']
LOOP FOREACH Name IN Names
    CALL Greet
    SET Total TO Total + 1
END
CALL Add a: Total result=> Total
SET Done TO True
FUNCTION Greet GLOBAL
    SET Text TO $'''Hello %Name%'''
END FUNCTION
FUNCTION Add a, OUTPUT result
    SET b TO a * 2
    SET result TO b + 1
END FUNCTION
`;

describe('stepping', () => {
  it('goes over, into and out of subflows, row by row', async () => {
    const editor = edit(calls);
    await editor.start({ arguments: { stopOnEntry: true } });
    expect(await editor.stop()).toEqual({ reason: 'entry', line: 1 });
    expect(
      await lines(editor, [
        'next',
        'next',
        'next',
        'next',
        'next',
        'stepIn',
        'stepOut',
        'next',
        'stepIn',
        'next',
        'stepOut',
      ]),
    ).toEqual([2, 3, 4, 5, 4, 10, 5, 7, 13, 14, 8]);
    await editor.ask('continue', { threadId: 1 });
    expect((await editor.outcome).outcome).toBe('Succeeded');
    expect(await editor.event('exited')).toEqual({ exitCode: 0 });
    await editor.event('terminated');
  });

  it('goes into the rules of an action and out of them', async () => {
    const editor = edit(`SET a TO 1
File.Delete Files: 'Broken'
ON ERROR
    SET a TO 2
    SET a TO 3
END
BLOCK safe
ON BLOCK ERROR
    SET a TO 4
END
    File.Delete Files: 'Broken'
    SET a TO 5
END
SET a TO 6
`);
    await editor.start({ arguments: { stopOnEntry: true } });
    await editor.stop();
    expect(await lines(editor, ['next', 'next', 'next', 'next', 'next', 'next'])).toEqual([
      2, 4, 5, 11, 9, 14,
    ]);
  });

  it('goes into a flow that is run, and out of it', async () => {
    const head = header(['Sum'], ['Number']).replace("'Type': 'String', 'Is", "'Type': 'Numeric', 'Is");
    const child = `${head}SET x TO Number + 1\nSET Sum TO x\n`;
    const editor = edit(`SET a TO 1\nExternal.RunFlow FlowId: 'c1' @Number: a @Sum=> b\nSET c TO b\n`, {
      flows: (id) =>
        id === 'c1'
          ? { name: 'Child', folder: '/flows', file: parse(child), repositories: noRepositories }
          : undefined,
    });
    await editor.start({ arguments: { stopOnEntry: true } });
    await editor.stop();
    await editor.move('next');
    const inside = await editor.move('stepIn');
    const { stackFrames } = await editor.frames();
    expect(
      stackFrames.map(({ name, line, source, canRestart }) => [name, line, source?.path, canRestart]),
    ).toEqual([
      ['Main (Child)', inside.line, '/flows/Child.robin', true],
      ['Main', 2, flowPath, false],
    ]);
    expect(await editor.evaluate('Number')).toBe('1');
    expect((await editor.move('stepOut')).line).toBe(3);
    expect(await editor.evaluate('b')).toBe('2');
  });

  it('a flow that runs beside is a thread of its own', async () => {
    const editor = edit(
      `External.RunFlow FlowId: 'c1' WaitToComplete: False\nWAIT 1\nSET a TO 1\nWAIT 100\nSET b TO 1\n`,
      {
        flows: () => ({
          name: 'Child',
          folder: '/flows',
          file: parse('SET x TO 1\nWAIT 50\nSET y TO 2\n'),
          repositories: noRepositories,
        }),
      },
    );
    await editor.ask('initialize');
    await editor.ask('launch');
    await editor.ask('setBreakpoints', {
      source: { path: '/flows/Child.robin' },
      breakpoints: [{ line: 1 }],
    });
    await editor.ask('setBreakpoints', { source: { path: flowPath }, breakpoints: [{ line: 3 }] });
    await editor.ask('configurationDone');
    const stops = [await editor.event('stopped'), await editor.event('stopped')];
    expect(stops.map(({ threadId }) => threadId).sort()).toEqual([1, 2]);
    expect(await editor.ask('threads')).toEqual({
      threads: [
        { id: 1, name: 'Test' },
        { id: 2, name: 'Child' },
      ],
    });
    const line = async (threadId: number) =>
      (
        await editor.ask<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId })
      ).stackFrames.map((frame) => frame.line);
    expect([await line(1), await line(2)]).toEqual([[3], [1]]);
    await editor.ask('next', { threadId: 2 });
    expect(await editor.event('stopped')).toMatchObject({ threadId: 2 });
    expect([await line(1), await line(2)]).toEqual([[3], [2]]);
    await editor.ask('continue', { threadId: 2 });
    await editor.ask('continue', { threadId: 1 });
    expect((await editor.outcome).outcome).toBe('Succeeded');
    expect(editor.messages).toContainEqual(
      expect.objectContaining({ event: 'thread', body: { reason: 'exited', threadId: 2 } }),
    );
  });

  it('is asked for again and again: a key that is held down is told of 20 stops a second', async () => {
    const editor = edit('SET n TO 0\nLOOP FROM 1 TO 50\nSET n TO n + 1\nEND\n');
    await editor.start({ arguments: { stopOnEntry: true } });
    await editor.stop();
    const clock = editor.world.host.clock;
    const start = clock.monotonic();
    for (let i = 0; i < 40; i++) await editor.move('next');
    expect(clock.monotonic() - start).toBeGreaterThanOrEqual(40 * 50 - 50);
  });
});

describe('breakpoints', () => {
  const counting = `SET n TO 0

# nothing to do here
LOOP i FROM 1 TO 10
    SET n TO n + i
END
`;

  it('stand on the next row that can be carried out', async () => {
    const editor = edit(counting);
    await editor.ask('initialize');
    const { breakpoints } = await editor.ask<DebugProtocol.SetBreakpointsResponse['body']>('setBreakpoints', {
      source: { path: flowPath },
      breakpoints: [{ line: 2 }, { line: 5 }, { line: 6 }],
    });
    expect(breakpoints.map(({ verified, line, message }) => [verified, line, message])).toEqual([
      [true, 4, undefined],
      [true, 5, undefined],
      [false, 6, 'No action stands here or behind.'],
    ]);
    expect(
      await editor.ask('breakpointLocations', { source: { path: flowPath }, line: 1, endLine: 10 }),
    ).toEqual({ breakpoints: [{ line: 1 }, { line: 4 }, { line: 5 }] });
    await editor.ask('launch');
    await editor.ask('configurationDone');
    expect([await editor.stop(), await editor.move('continue')]).toEqual([
      { reason: 'breakpoint', line: 4 },
      { reason: 'breakpoint', line: 5 },
    ]);
  });

  it.each([
    [{ condition: 'i = 4' }, ['4']],
    [{ condition: '%i > 8%' }, ['9', '10']],
    [{ hitCondition: '3' }, ['3']],
    [{ hitCondition: '>=9' }, ['9', '10']],
    [{ hitCondition: '> 9' }, ['10']],
    [{ hitCondition: '<=2' }, ['1', '2']],
    [{ hitCondition: '%4' }, ['4', '8']],
    [{ condition: 'i MOD 2 = 0', hitCondition: '2' }, ['4']],
  ])('with the terms %j stop when i is %j', async (terms, wanted) => {
    const editor = edit(counting);
    await editor.start({ lines: [{ line: 5, ...terms }] });
    const found: string[] = [];
    for (const _ of wanted) {
      await editor.stop();
      found.push(await editor.evaluate('i'));
      await editor.ask('continue', { threadId: 1 });
    }
    expect(found).toEqual(wanted);
    expect((await editor.outcome).outcome).toBe('Succeeded');
  });

  it('with terms that cannot be read are not set, and say why', async () => {
    const editor = edit(counting);
    await editor.ask('initialize');
    const { breakpoints } = await editor.ask<DebugProtocol.SetBreakpointsResponse['body']>('setBreakpoints', {
      source: { path: flowPath },
      breakpoints: [
        { line: 5, condition: 'i = ' },
        { line: 5, hitCondition: 'often' },
        { line: 5, hitCondition: '0' },
        { line: 5, condition: 'j = 4' },
      ],
    });
    expect(breakpoints.map(({ verified, message }) => [verified, message])).toEqual([
      [false, expect.any(String)],
      [false, 'A hit count is a number from 1, or >=, >, <, <= or % and a number.'],
      [false, 'A hit count is a number from 1, or >=, >, <, <= or % and a number.'],
      [false, "There is no variable 'j' in this place."],
    ]);
  });

  it('whose condition has no answer do not stop, and say so once', async () => {
    const editor = edit(counting);
    await editor.start({ lines: [{ line: 5, condition: "i > 'x' AND i = 1" }] });
    await editor.outcome;
    const told = editor.messages.filter(
      (message) => message.type === 'event' && (message as DebugProtocol.Event).event === 'output',
    ) as DebugProtocol.OutputEvent[];
    expect(told.map(({ body }) => body.output)).toEqual([
      expect.stringContaining('The condition of a breakpoint cannot be answered'),
    ]);
  });

  it('that log write their message and do not stop', async () => {
    const editor = edit(counting);
    await editor.start({
      lines: [{ line: 5, logMessage: 'i is %i%, n is {n}; 100%% {of it}', hitCondition: '<3' }],
    });
    await editor.outcome;
    expect(await editor.event('output')).toEqual({
      category: 'console',
      output: 'i is 1, n is 0; 100% {of it}\n',
      source: { name: 'Test.robin', path: flowPath },
      line: 5,
    });
  });

  it('that log in a tight loop are told 200 lines at a time, and how many more there were', async () => {
    const editor = edit('SET n TO 0\nLOOP i FROM 1 TO 5000\nSET n TO i\nEND\n');
    await editor.start({ lines: [{ line: 3, logMessage: '{i}' }] });
    await editor.outcome;
    const told = editor.messages.filter((message) => JSON.stringify(message).includes('"output"'));
    expect(told.length).toBeLessThan(10);
    expect(JSON.stringify(told)).toContain('4799 more messages were left out');
  });

  it('on names stop at actions and at the first row of subflows', async () => {
    const editor = edit(`${calls.replace('SET Done TO True', "File.Delete Files: 'ok'")}`);
    await editor.ask('initialize');
    await editor.ask('launch');
    expect(
      await editor.ask('setFunctionBreakpoints', {
        breakpoints: [{ name: 'file.*' }, { name: 'Add' }, { name: 'Excel.*' }],
      }),
    ).toEqual({
      breakpoints: [
        { id: 1, verified: true },
        { id: 2, verified: true },
        { id: 3, verified: false, message: 'No action or subflow of this run has such a name.' },
      ],
    });
    await editor.ask('configurationDone');
    expect([await editor.stop(), await editor.move('continue')]).toEqual([
      { reason: 'function breakpoint', line: 13 },
      { reason: 'function breakpoint', line: 8 },
    ]);
  });

  it('on a subflow that begins with a block stop at the first row of the block', async () => {
    const editor = edit(
      'CALL Sub\nFUNCTION Sub GLOBAL\n**REGION r\nBLOCK b\nON BLOCK ERROR\nSET h TO 1\nEND\nSET a TO 1\nEND\nEND FUNCTION\n',
    );
    await editor.ask('initialize');
    await editor.ask('launch');
    await editor.ask('setFunctionBreakpoints', { breakpoints: [{ name: 'sub' }] });
    await editor.ask('configurationDone');
    expect(await editor.stop()).toEqual({ reason: 'function breakpoint', line: 8 });
  });

  it('on a variable stop behind the row that changed it', async () => {
    const editor = edit(
      `SET n TO 1\nSET m TO 1\nSET n TO 1\nSET L TO []\nLOOP i FROM 1 TO 2\n    SET n TO n * 2\n    Variables.AddItemToList Item: n List: L\nEND\nSET m TO 2\n`,
    );
    await editor.start({ lines: [2] });
    await editor.stop();
    const frameId = (await editor.frames()).stackFrames[0]?.id;
    const info = async (name: string) =>
      (await editor.ask<{ dataId: string }>('dataBreakpointInfo', { name, frameId })).dataId;
    const [n, list, i] = [await info('n'), await info('L'), await info('i')];
    await editor.ask('setDataBreakpoints', {
      breakpoints: [{ dataId: n }, { dataId: list, condition: 'L.Count = 2' }],
    });
    const stops: unknown[] = [
      await editor.move('continue'),
      await editor.move('continue'),
      await editor.move('continue'),
    ];
    expect(stops).toEqual([
      { reason: 'data breakpoint', line: 7 },
      { reason: 'data breakpoint', line: 7 },
      { reason: 'data breakpoint', line: 9 },
    ]);
    expect(
      await editor.ask('setDataBreakpoints', { breakpoints: [{ dataId: i }, { dataId: '9:9' }] }),
    ).toEqual({
      breakpoints: [
        { id: expect.any(Number), verified: true },
        { id: expect.any(Number), verified: false, message: 'There is no such variable in this run.' },
      ],
    });
    expect(JSON.stringify(editor.messages)).toContain('L was changed by line 7');
  });

  it('on a row and on a variable count both when they meet; a condition asks what the row saw that changed it', async () => {
    const editor = edit(`CALL Add x: 1 r=> a
SET b TO a
FUNCTION Add x, OUTPUT r
    SET r TO x + 1
    SET r TO r + 1
END FUNCTION
`);
    await editor.start({ lines: [2, 5] });
    expect((await editor.stop()).line).toBe(5);
    const { dataId } = await editor.ask('dataBreakpointInfo', { name: 'r' });
    const { breakpoints } = await editor.ask<DebugProtocol.SetDataBreakpointsResponse['body']>(
      'setDataBreakpoints',
      { breakpoints: [{ dataId, condition: 'r = 3' }] },
    );
    expect((await editor.move('continue')).line).toBe(2);
    const stopped = editor.messages.findLast(
      (message) => (message as DebugProtocol.Event).event === 'stopped',
    ) as DebugProtocol.StoppedEvent;
    expect(stopped.body).toMatchObject({
      reason: 'breakpoint',
      description: 'r was changed by line 5',
      hitBreakpointIds: [1, breakpoints[0]?.id],
    });
  });

  it('in a file that was changed meanwhile: the run says that it goes on with its own text', async () => {
    const editor = edit(counting);
    await editor.start({ arguments: { stopOnEntry: true } });
    await editor.stop();
    for (let i = 0; i < 2; i++)
      await editor.ask('setBreakpoints', {
        source: { path: flowPath },
        breakpoints: [],
        sourceModified: true,
      });
    const told = editor.messages.filter((message) => (message as DebugProtocol.Event).event === 'output');
    expect(told).toEqual([
      expect.objectContaining({
        body: expect.objectContaining({ output: expect.stringContaining('The file was changed.') }),
      }),
    ]);
  });

  it('of another file wait until a flow of that file is run', async () => {
    const editor = edit(`External.RunFlow FlowId: 'c1'\nSET c TO 1\n`, {
      flows: () => ({
        name: 'Child',
        folder: '/flows',
        file: parse('SET x TO 1\nSET y TO 2\n'),
        repositories: noRepositories,
      }),
    });
    await editor.ask('initialize');
    await editor.ask('launch');
    const { breakpoints } = await editor.ask<DebugProtocol.SetBreakpointsResponse['body']>('setBreakpoints', {
      source: { path: '/flows/Child.robin' },
      breakpoints: [{ line: 2 }],
    });
    expect(breakpoints[0]).toMatchObject({
      verified: false,
      message: expect.stringContaining('No flow of this run'),
    });
    await editor.ask('configurationDone');
    expect(await editor.stop()).toEqual({ reason: 'breakpoint', line: 2 });
    expect(JSON.stringify(editor.messages)).toContain(
      '"reason":"changed","breakpoint":{"id":1,"verified":true,"line":2}',
    );
  });
});

describe('errors', () => {
  const failing = `SET Path TO 'Broken'
File.Delete Files: Path
ON ERROR Other
    SET a TO 1
END
SET b TO 2
`;

  it.each([
    ['unhandled', failing, 2],
    ['unhandled', "File.Delete Files: 'Broken'\nON ERROR REPEAT 2 TIMES WAIT 1\nEND\n", 1],
    ['all', "File.Delete Files: 'Broken'\nON ERROR\nEND\n", 1],
    ['all', "BLOCK b\nON BLOCK ERROR\nEND\nFile.Delete Files: 'Broken'\nEND\n", 4],
    ['logic', 'LOOP i FROM 1 TO 2\nSET a TO 1 / 0\nEND\n', 2],
    ['logic', 'BLOCK b\nON BLOCK ERROR all\nEND\nLOOP i FROM 1 TO 2\nSET a TO 1 / 0\nEND\nEND\n', 5],
    ['all', 'CALL Sub\nFUNCTION Sub GLOBAL\nIF a > 1 THEN\nSET a TO 1\nEND\nEND FUNCTION\n', 3],
    ['unhandled', "BLOCK b\nON BLOCK ERROR\nTHROW ERROR\nEND\nFile.Delete Files: 'Broken'\nEND\n", 5],
  ])('of the filter %s stop in %j', async (filter, text, line) => {
    const editor = edit(text);
    await editor.start({ filters: [filter] });
    expect(await editor.stop()).toMatchObject({ reason: 'exception', line });
    await editor.ask('continue', { threadId: 1 });
    await editor.outcome;
    expect(editor.messages.filter((message) => JSON.stringify(message).includes('"stopped"'))).toHaveLength(
      1,
    );
  });

  it.each([
    ['unhandled', "File.Delete Files: 'Broken'\nON ERROR\nEND\n"],
    ['unhandled', "File.Delete Files: 'Broken*1'\nON ERROR REPEAT 2 TIMES WAIT 1\nEND\n"],
    [
      'unhandled',
      'BLOCK b\nON BLOCK ERROR all\nEND\nCALL Sub\nEND\nFUNCTION Sub GLOBAL\nSET a TO 1 / 0\nEND FUNCTION\n',
    ],
    ['logic', "File.Delete Files: 'Broken'\nON ERROR\nEND\n"],
  ])('that the filter %s does not mean do not stop: %j', async (filter, text) => {
    const editor = edit(text);
    await editor.start({ filters: [filter] });
    expect((await editor.outcome).outcome).toBe('Succeeded');
    expect(JSON.stringify(editor.messages)).not.toContain('"stopped"');
  });

  it('of given names stop', async () => {
    const editor = edit(
      "File.Delete Files: 'Missing'\nON ERROR\nEND\nFile.Delete Files: 'Broken'\nON ERROR\nEND\n",
    );
    await editor.ask('initialize');
    await editor.ask('launch');
    expect(
      await editor.ask('setExceptionBreakpoints', {
        filters: ['code', 'nonsense'],
        filterOptions: [{ filterId: 'code', condition: 'Other, bro*' }],
      }),
    ).toEqual({
      breakpoints: [
        { verified: false, message: 'Name the errors, such as FileNotFoundError.' },
        { verified: false, message: 'There is no such filter.' },
        { verified: true },
      ],
    });
    await editor.ask('configurationDone');
    expect(await editor.stop()).toEqual({ reason: 'exception', line: 4, text: 'Broken: Broken happened' });
  });

  it.each([true, false])('are explained, repaired and repeated (attached: %s)', async (attach) => {
    const editor = edit(failing, attach ? { attach: 'before' } : {});
    await editor.start({ filters: ['unhandled'], command: attach ? 'attach' : 'launch' });
    await editor.stop();
    expect(await editor.ask('exceptionInfo', { threadId: 1 })).toMatchObject({
      exceptionId: 'Broken',
      breakMode: 'unhandled',
      description: expect.stringContaining('The action can be repeated or skipped.'),
    });
    expect((await editor.scopes())['Last error']).toMatchObject({ Code: "'Broken'", Line: '2' });
    expect(await editor.evaluate("SET Path TO 'ok'", 'repl')).toBe("'ok'");
    await editor.ask('repeatAction', { threadId: 1 });
    expect((await editor.outcome).outcome).toBe('Succeeded');
    expect(editor.world.calls).toBe(2);
  });

  it('are left out, and the run stops behind them', async () => {
    const editor = edit(failing, { attach: 'before' });
    await editor.start({ filters: ['all'], command: 'attach' });
    await editor.stop();
    expect(await editor.move('skipAction')).toEqual({ reason: 'step', line: 6 });
  });

  it.each([
    'SET x TO 1 / zero',
    'IF 1 / zero > 0 THEN\nEND',
    'SWITCH 1 / zero\nCASE = 1\nEND',
    'WAIT 1 / zero',
    'LOOP i FROM 1 / zero TO 1\nEND',
    'LOOP WHILE 1 / zero > 5\nEND',
    'CALL Sub x: 1 / zero',
    "EXIT Code: 1 / zero ErrorMessage: ''",
    "LOOP j FROM 1 TO 1\nSET x TO 1 / zero\nFile.Delete Files: 'ok'\nEND",
  ])(
    'of the statement %j are repeated once their reason is gone, also in an attached run',
    async (statement) => {
      const editor = edit(`SET zero TO 0\n${statement}\nFUNCTION Sub x\nSET y TO x\nEND FUNCTION\n`, {
        attach: 'before',
      });
      await editor.start({ filters: ['all'], command: 'attach' });
      expect((await editor.stop()).reason).toBe('exception');
      await editor.evaluate('SET zero TO 1', 'repl');
      await editor.ask('repeatAction', { threadId: 1 });
      const { outcome, error } = await editor.outcome;
      // EXIT with a code other than 0 fails the flow by itself.
      expect(error?.code ?? outcome).toBe(statement.startsWith('EXIT') ? 'FlowStopped' : 'Succeeded');
    },
  );

  it('in a loop that only computes cannot be repeated in an attached run, but in a launched one', async () => {
    const text = 'SET zero TO 0\nLOOP i FROM 1 TO 3\nSET x TO 1 / zero\nEND\n';
    const attached = edit(text, { attach: 'before' });
    await attached.start({ filters: ['all'], command: 'attach' });
    await attached.stop();
    await expect(attached.ask('repeatAction', { threadId: 1 })).rejects.toThrow('NotRepeatable');
    const launched = edit(text);
    await launched.start({ filters: ['all'] });
    await launched.stop();
    await launched.evaluate('SET zero TO 2', 'repl');
    await launched.ask('repeatAction', { threadId: 1 });
    expect((await launched.outcome).outcome).toBe('Succeeded');
  });

  it('cannot be repeated where there is none', async () => {
    const editor = edit(failing);
    await editor.start({ lines: [1] });
    await editor.stop();
    await expect(editor.ask('repeatAction', { threadId: 1 })).rejects.toThrow('NotOnError');
    await expect(editor.ask('exceptionInfo', { threadId: 1 })).rejects.toThrow('NotOnError');
  });
});

describe('going on elsewhere', () => {
  const text = `SET a TO 1
SET b TO 2
IF a = 1 THEN
    SET c TO 3
ELSE
    SET c TO 4
END
LOOP i FROM 1 TO 3
    SET d TO i
    SET e TO i
END
SET f TO 6
CALL Sub x: 5
FUNCTION Sub x
    SET y TO x
    SET z TO y
END FUNCTION
`;
  async function jump(editor: Editor, line: number) {
    const { targets } = await editor.ask<{ targets: DebugProtocol.GotoTarget[] }>('gotoTargets', {
      source: { path: flowPath },
      line,
    });
    if (targets[0] === undefined) return undefined;
    return editor.move('goto', { targetId: targets[0].id });
  }

  it('jumps to rows of the same list and of those around it, not into loops', async () => {
    const editor = edit(text);
    await editor.start({ lines: [2, 10] });
    await editor.stop();
    expect(await jump(editor, 6)).toEqual({ reason: 'goto', line: 6 });
    expect(await jump(editor, 9)).toBeUndefined();
    expect(await jump(editor, 15)).toBeUndefined();
    expect(await jump(editor, 1)).toEqual({ reason: 'goto', line: 1 });
    expect(await jump(editor, 4)).toEqual({ reason: 'goto', line: 4 });
    expect(await editor.move('continue')).toEqual({ reason: 'breakpoint', line: 10 });
    expect(await jump(editor, 9)).toEqual({ reason: 'goto', line: 9 });
    expect(await jump(editor, 12)).toEqual({ reason: 'goto', line: 12 });
    await editor.ask('continue', { threadId: 1 });
    const { outcome } = await editor.outcome;
    expect(outcome).toBe('Succeeded');
    expect(editor.run.variables.get('c')).toBe(3);
    expect(editor.run.variables.get('e')).toBeUndefined();
  });

  it('jumps away from an error, and out of blocks and rules', async () => {
    const editor = edit(`BLOCK b
ON BLOCK ERROR
    SET a TO 1
    SET a TO 2
END
    LOOP i FROM 1 TO 3
        File.Delete Files: 'Broken'
        ON ERROR
            SET c TO 1
        END
    END
END
SET done TO True
`);
    await editor.start({ filters: ['all'], lines: [9] });
    await editor.stop();
    expect(await jump(editor, 7)).toEqual({ reason: 'goto', line: 7 });
    expect(await editor.move('continue')).toMatchObject({ reason: 'exception', line: 7 });
    expect(await editor.move('continue')).toMatchObject({ reason: 'breakpoint', line: 9 });
    expect(await jump(editor, 6)).toEqual({ reason: 'goto', line: 6 });
    expect(await jump(editor, 13)).toEqual({ reason: 'goto', line: 13 });
  });

  it('jumps to an error block and begins at one, not into it', async () => {
    const flow = 'SET a TO 1\nBLOCK b\nON BLOCK ERROR all\nEND\nSET c TO 1\nEND\nSET d TO 1\n';
    const editor = edit(flow);
    await editor.start({ arguments: { startLine: 2, stopOnEntry: true } });
    expect(await editor.stop()).toEqual({ reason: 'entry', line: 5 });
    await editor.move('next');
    const targets = async (line: number) =>
      (await editor.ask<{ targets: { id: number }[] }>('gotoTargets', { source: { path: flowPath }, line }))
        .targets;
    expect(await targets(5)).toEqual([]);
    const [block] = await targets(2);
    expect(await editor.move('goto', { targetId: block?.id })).toEqual({ reason: 'goto', line: 5 });
    expect((await editor.move('next')).line).toBe(7);
  });

  it('leaves out a row that has not begun', async () => {
    const editor = edit(text);
    await editor.start({ lines: [3, 16] });
    await editor.stop();
    expect(await editor.move('skipAction')).toEqual({ reason: 'step', line: 8 });
    expect(await editor.move('continue')).toEqual({ reason: 'breakpoint', line: 16 });
    await editor.ask('skipAction', { threadId: 1 });
    expect((await editor.outcome).outcome).toBe('Succeeded');
  });

  it('begins at a row of Main', async () => {
    const editor = edit(text);
    await editor.start({ arguments: { startLine: 12 }, lines: [2, 15] });
    expect(await editor.stop()).toEqual({ reason: 'breakpoint', line: 15 });
    expect(editor.run.variables.get('a')).toBeUndefined();
    expect(editor.run.variables.get('f')).toBe(6);
  });

  it('cannot begin inside a loop', async () => {
    const editor = edit(text);
    await expect(editor.start({ arguments: { startLine: 9 } })).rejects.toThrow('JumpImpossible');
  });

  it.each([true, false])('restarts subflows and Main (attached: %s)', async (attach) => {
    const editor = edit(text, attach ? { attach: 'before' } : {});
    await editor.start({ lines: [16], command: attach ? 'attach' : 'launch' });
    await editor.stop();
    const { stackFrames } = await editor.frames();
    await editor.evaluate('SET y TO 7', 'repl');
    await editor.ask('restartFrame', { frameId: stackFrames[0]?.id });
    expect(await editor.stop()).toEqual({ reason: 'restart', line: 15 });
    expect((await editor.scopes())['Subflow Sub']).toEqual({
      x: '5',
      y: '(no value yet)',
      z: '(no value yet)',
    });
    const main = (await editor.frames()).stackFrames[1];
    await editor.ask('restartFrame', { frameId: main?.id });
    expect(await editor.stop()).toEqual({ reason: 'restart', line: 1 });
    expect(await editor.evaluate('f')).toBe('6');
    expect(await editor.move('continue')).toEqual({ reason: 'breakpoint', line: 16 });
  });

  it('needs a run that was started in the debugger', async () => {
    const editor = edit(text, { attach: 'before' });
    await editor.start({ lines: [2], command: 'attach' });
    await editor.stop();
    await expect(jump(editor, 6)).rejects.toThrow('This run was not started in the debugger');
    await expect(editor.ask('skipAction', { threadId: 1 })).rejects.toThrow('JumpImpossible');
  });
});

describe('variables', () => {
  const text = `${header(['Result'], ['Name'])}SET List TO [1, 'two', [3, 4], { 'k': 'v' }]
SET Table TO { ^['A', 'B'], [1, 'x'], [2, 'y'] }
SET Object TO { 'a b': 1, 'n': { 'm': [1] } }
SET When TO d"2026-01-31 10:20:30"
SET Text TO 'It\\'s\\\\here'
SET Yes TO True
SET Nothing TO Blank()
SET Number TO 0.5
CALL Local x: Name
FUNCTION Local x
    SET y TO x
END FUNCTION
`;
  const lineOf = (row: string) => text.split('\n').findIndex((line) => line.includes(row)) + 1;
  const stopped = async (name = 'Ann') => {
    const editor = edit(text, { inputs: { Name: name } });
    await editor.start({ lines: [lineOf('CALL Local')] });
    await editor.stop();
    return editor;
  };

  it('are shown by scope, as literals of the language', async () => {
    const editor = await stopped();
    await editor.ask('setBreakpoints', {
      source: { path: flowPath },
      breakpoints: [{ line: lineOf('SET y') }],
    });
    await editor.move('continue');
    expect(await editor.scopes()).toEqual({
      'Subflow Local': { x: "'Ann'", y: '(no value yet)' },
      'Inputs and outputs': { Name: "'Ann'", Result: '(no value yet)' },
      Variables: {
        List: "[1, 'two', [3, 4], { 'k': 'v' }]",
        Table: 'Datatable, 2 rows × 2 columns',
        Object: "{ 'a b': 1, 'n': { 'm': List, 1 item } }",
        When: 'd"2026-01-31 10:20:30"',
        Text: "'It\\'s\\\\here'",
        Yes: 'True',
        Nothing: 'Blank()',
        Number: '0.5',
      },
    });
    expect(Object.keys(await editor.scopes(1))).toEqual(['Inputs and outputs', 'Variables']);
  });

  it('open into their parts, page by page', async () => {
    const editor = edit(
      "SET L TO []\nLOOP i FROM 1 TO 3000\nSET L TO L + [i]\nEND\nSET T TO { ^['A b'], ['x'] }\nSET e TO 1\n",
    );
    await editor.start({ lines: [6] });
    await editor.stop();
    type Body = DebugProtocol.EvaluateResponse['body'];
    const list = await editor.ask<Body>('evaluate', { expression: 'L' });
    expect(list).toMatchObject({ result: 'List, 3,000 items: [1, 2, 3, 4, 5, …]', indexedVariables: 3000 });
    const page = async (start?: number, count?: number) =>
      (
        await editor.ask<DebugProtocol.VariablesResponse['body']>('variables', {
          variablesReference: list.variablesReference,
          filter: 'indexed',
          start,
          count,
        })
      ).variables;
    expect((await page(2998, 100)).map(({ name, value }) => [name, value])).toEqual([
      ['[2998]', '2999'],
      ['[2999]', '3000'],
    ]);
    expect(await page()).toHaveLength(1000);
    const table = await editor.ask<Body>('evaluate', { expression: 'T' });
    const rows = await editor.ask<DebugProtocol.VariablesResponse['body']>('variables', table as never);
    expect(rows.variables).toMatchObject([
      { name: '[0]', value: "Datarow ['x']", namedVariables: 1, evaluateName: 'T[0]' },
    ]);
    const cells = await editor.ask<DebugProtocol.VariablesResponse['body']>(
      'variables',
      rows.variables[0] as never,
    );
    expect(cells.variables).toMatchObject([{ name: 'A b', value: "'x'", evaluateName: 'T[0][0]' }]);
    expect(
      await editor.ask('setVariable', {
        variablesReference: rows.variables[0]?.variablesReference,
        name: 'A b',
        value: "'y' + 1",
      }),
    ).toMatchObject({ value: "'y1'" });
    expect(await editor.evaluate("T[0]['A b']")).toBe("'y1'");
  });

  it('are set by expressions, and tell why they cannot be', async () => {
    const editor = await stopped();
    const frameId = (await editor.frames()).stackFrames[0]?.id;
    const set = (expression: string, value: string) =>
      editor.ask('setExpression', { frameId, expression, value });
    expect(await set('List', 'List + [1]')).toMatchObject({
      value: "[1, 'two', [3, 4], { 'k': 'v' }, 1]",
    });
    await set('Name', "'Bob'");
    expect(await editor.evaluate('Name')).toBe("'Bob'");
    await expect(set('Name', 'Bob')).rejects.toThrow('VariableUnknown');
    await expect(set('Name', "'Bob")).rejects.toThrow('ExpressionWrong');
    await expect(set('Unheard', '1')).rejects.toThrow('VariableUnknown');
    await expect(set('Name.Length', '1')).rejects.toThrow('IncompatibleTypes');
  });

  it('are evaluated without effect, except for SET in the console', async () => {
    const editor = await stopped();
    expect(await editor.evaluate("$'''%Name%!'''", 'hover')).toBe("'Ann!'");
    expect(await editor.evaluate('%List[1]%')).toBe("'two'");
    await expect(editor.evaluate('SET Name TO 1', 'watch')).rejects.toThrow('ExpressionWrong');
    await expect(editor.evaluate('SET Name TO 1', 'hover')).rejects.toThrow('ExpressionWrong');
    expect(await editor.evaluate('SET Name TO Name + 1', 'repl')).toBe("'Ann1'");
    await expect(editor.evaluate('File.Delete Files: Name', 'repl')).rejects.toThrow('ExpressionWrong');
    await expect(editor.evaluate('SET a TO 1\nSET b TO 2', 'repl')).rejects.toThrow('ExpressionWrong');
    expect(editor.world.calls).toBe(0);
  });

  it('are copied in full', async () => {
    const editor = await stopped('x'.repeat(5_000));
    expect(await editor.evaluate('Name')).toHaveLength(200);
    expect(await editor.evaluate('Name', 'clipboard')).toHaveLength(5_000);
  });

  it('are completed, with the properties of what they hold', async () => {
    const editor = await stopped();
    const labels = async (text: string) =>
      (
        await editor.ask<DebugProtocol.CompletionsResponse['body']>('completions', {
          text,
          column: text.length + 1,
        })
      ).targets.map(({ label }) => label);
    expect(await labels('Na')).toEqual(['Name']);
    expect(await labels('Li')).toEqual(['List']);
    expect(await labels('1 + Object.n.')).toContain('m');
    expect(await labels('When.Ye')).toEqual(['Year']);
    expect(await labels('List.')).toContain('Count');
    expect(await labels('IsE')).toEqual(['IsEmpty']);
    expect(await labels('S')).toContain('SET');
    expect(await labels('Unheard.')).toEqual([]);
  });

  it('have a history: what they were at each row', async () => {
    const editor = edit(
      'SET n TO 1\nLOOP i FROM 1 TO 2\nSET n TO n * 2\nEND\nCALL Local x: n\nSET m TO n\nFUNCTION Local x\nSET y TO x\nEND FUNCTION\n',
    );
    await editor.start({ lines: [6] });
    await editor.stop();
    const { entries, omitted } = await editor.ask<{
      entries: { line: number; value: string }[];
      omitted: number;
    }>('valueHistory', { name: 'n' });
    expect([entries.map(({ line, value }) => [line, value]), omitted]).toEqual([
      [
        [1, '1'],
        [3, '2'],
        [3, '4'],
      ],
      0,
    ]);
    const i = await editor.ask<{ entries: { line: number; value: string }[] }>('valueHistory', {
      name: 'i',
      count: 1,
    });
    expect(i).toMatchObject({ entries: [{ line: 2, value: '2' }], omitted: 1 });
    const { stackFrames } = await editor.frames();
    const { scopes } = await editor.ask<DebugProtocol.ScopesResponse['body']>('scopes', {
      frameId: stackFrames[0]?.id,
    });
    const { variables } = await editor.ask<DebugProtocol.VariablesResponse['body']>(
      'variables',
      scopes.at(-1) as never,
    );
    expect(variables.map(({ name, value }) => [name, value])).toEqual([
      ['n', '4 (3 known)'],
      ['i', '2 (2 known)'],
    ]);
    await expect(editor.ask('valueHistory', { name: 'Unheard' })).rejects.toThrow('VariableUnknown');
  });
});

describe('the past', () => {
  it('is walked back and forth over recorded values; effects are named, not undone', async () => {
    const editor = edit(
      "SET n TO 1\nFile.Delete Files: 'ok'\nSET n TO 2\nCALL Sub x: n\nSET n TO 3\nFUNCTION Sub x\nSET y TO x + 1\nSET y TO y + 1\nEND FUNCTION\n",
    );
    await editor.start({ lines: [5] });
    await editor.stop();
    expect(await lines(editor, ['stepBack', 'stepBack'])).toEqual([8, 7]);
    expect((await editor.scopes())['Subflow Sub']).toEqual({ x: '2', y: '(no value yet)' });
    expect((await editor.frames()).stackFrames.map(({ name, line }) => [name, line])).toEqual([
      ['Sub', 7],
      ['Main', 4],
    ]);
    expect(await editor.evaluate('x')).toBe('2');
    await expect(editor.evaluate('x + 1')).rejects.toThrow('OnlyThePast');
    await expect(editor.evaluate('SET x TO 1', 'repl')).rejects.toThrow();
    expect(await lines(editor, ['stepBack', 'stepBack', 'stepBack'])).toEqual([4, 3, 2]);
    expect(await editor.evaluate('n')).toBe('1');
    expect(JSON.stringify(editor.messages)).toContain(
      'Stepped back over File.Delete in line 2: what it did is not undone.',
    );
    expect(await lines(editor, ['next', 'stepIn'])).toEqual([3, 4]);
    expect(await lines(editor, ['reverseContinue'])).toEqual([1]);
    await expect(editor.ask('stepBack', { threadId: 1 })).rejects.toThrow('NoFurtherBack');
    await editor.ask('continue', { threadId: 1 });
    expect((await editor.outcome).outcome).toBe('Succeeded');
    expect(editor.run.variables.get('n')).toBe(3);
    expect(editor.world.calls).toBe(1);
  });
});

it('back in the present a run that stands on an error says so again', async () => {
  const editor = edit("SET a TO 1\nFile.Delete Files: 'Broken'\n");
  await editor.start({ filters: ['all'] });
  expect(await editor.stop()).toMatchObject({ reason: 'exception', line: 2 });
  expect(await editor.move('stepBack')).toEqual({ reason: 'step', line: 1 });
  expect(await editor.move('next')).toMatchObject({ reason: 'exception', line: 2 });
});

describe('secrets', () => {
  const text = `${header(['Out'], ['Password', 'Name'], ['Password'])}SET Copy TO Password
SET Long TO Password.Length
SET Open TO 'the word is sesame7 of course'
SET Out TO Name
`;
  const stopped = async () => {
    const editor = edit(text, { inputs: { Password: 'sesame7', Name: 'Ann' } });
    await editor.start({ lines: [text.split('\n').indexOf('SET Out TO Name') + 1] });
    await editor.stop();
    return editor;
  };

  it('are masked in every view, with all that was made of them', async () => {
    const editor = await stopped();
    const scopes = await editor.scopes();
    expect(scopes.Variables).toEqual({ Copy: '••••', Long: '••••', Open: "'the word is •••• of course'" });
    expect(scopes['Inputs and outputs']).toMatchObject({ Password: '••••', Name: "'Ann'" });
    for (const expression of [
      'Password',
      'Copy',
      'Password.Length + 1',
      "Password = 'sesame7'",
      'IsEmpty(Copy)',
      "$'''%Password%'''",
      '[Password]',
      "$fx'=Password'",
      "$fx'=Len(Copy)'",
      "$fx'=Upper(Copy)'",
    ])
      for (const context of ['watch', 'hover', 'repl', 'clipboard'])
        expect(await editor.evaluate(expression, context)).toBe('••••');
    await editor.ask('valueHistory', { name: 'Copy' });
    await editor.ask('setVariable', {
      variablesReference: (
        await editor.ask<DebugProtocol.ScopesResponse['body']>('scopes', {
          frameId: (await editor.frames()).stackFrames[0]?.id,
        })
      ).scopes[0]?.variablesReference,
      name: 'Name',
      value: "'x sesame7 y'",
    });
    await editor.move('stepBack');
    await editor.scopes();
    expect(editor.messages.filter((message) => JSON.stringify(message).includes('sesame7'))).toEqual([]);
    expect(JSON.stringify(editor.messages)).not.toContain('"value":"7"');
  });

  it('can be set, and stay masked; nothing made of them gets into the open', async () => {
    const editor = await stopped();
    expect(await editor.evaluate("SET Password TO 'another9'", 'repl')).toBe('••••');
    expect(editor.run.variables.get('Password')).toBe('another9');
    expect(await editor.evaluate("'is it another9?'")).toBe("'is it ••••?'");
    await expect(editor.evaluate('SET Name TO Password', 'repl')).rejects.toThrow('SecretWouldShow');
    await expect(editor.evaluate('SET Name TO Password.Length', 'repl')).rejects.toThrow('SecretWouldShow');
    expect(await editor.evaluate('SET Copy TO Password', 'repl')).toBe('••••');
  });

  it('are not guessed by conditions, nor logged', async () => {
    const editor = edit(text, { inputs: { Password: 'sesame7', Name: 'Ann' } });
    await editor.ask('initialize');
    await editor.ask('launch');
    const line = text.split('\n').indexOf('SET Out TO Name') + 1;
    const { breakpoints } = await editor.ask<DebugProtocol.SetBreakpointsResponse['body']>('setBreakpoints', {
      source: { path: flowPath },
      breakpoints: [
        { line, condition: "Copy = 'sesame7'" },
        { line, logMessage: '{Password} {Long} {Open}' },
      ],
    });
    expect(breakpoints[0]).toMatchObject({ verified: false, message: expect.stringContaining('sensitive') });
    await editor.ask('configurationDone');
    await editor.outcome;
    expect(await editor.event('output')).toMatchObject({ output: '•••• •••• the word is •••• of course\n' });
    expect(JSON.stringify(editor.messages)).not.toContain('sesame7');
  });
});

describe('coming and going', () => {
  const endless = 'SET n TO 0\nLOOP WHILE True\nSET n TO n + 1\nEND\n';

  it('attaches to a running run, pauses it, and leaves it running', async () => {
    const editor = edit(endless, { attach: 'running', world: new World() });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await editor.start({ command: 'attach' });
    await editor.ask('pause', { threadId: 1 });
    expect(await editor.stop()).toEqual({ reason: 'pause', line: 3 });
    const n = Number(await editor.evaluate('n'));
    expect(n).toBeGreaterThan(0);
    await editor.ask('disconnect');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(editor.run.variables.get('n')).toBeGreaterThan(n);
  });

  it('finds a run that another debugger left standing on an error, and repairs it', async () => {
    const editor = edit("SET Path TO 'Broken'\nFile.Delete Files: Path\n", { attach: 'before' });
    await editor.start({ command: 'attach', filters: ['unhandled'] });
    await editor.stop();
    await editor.ask('disconnect', { suspendDebuggee: true });
    editor.again();
    await editor.start({ command: 'attach' });
    expect(await editor.stop()).toMatchObject({ reason: 'exception', line: 2 });
    await editor.evaluate("SET Path TO 'ok'", 'repl');
    await editor.ask('repeatAction', { threadId: 1 });
    expect((await editor.outcome).outcome).toBe('Succeeded');
  });

  it('shows a run that was paused by somebody else, and lets it go on', async () => {
    const editor = edit(endless, { attach: 'running' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    editor.run.pause();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await editor.start({ command: 'attach' });
    expect(await editor.stop()).toMatchObject({ reason: 'pause' });
    expect(await editor.move('next')).toMatchObject({ reason: 'step', line: 3 });
    editor.run.pause();
    await editor.ask('continue', { threadId: 1 });
    expect(await editor.stop()).toMatchObject({ reason: 'pause' });
    editor.run.resume();
    await editor.event('continued');
  });

  it('a run that stands at a breakpoint goes on when it is resumed from elsewhere', async () => {
    const editor = edit(endless, { attach: 'running' });
    await editor.start({ command: 'attach', lines: [3] });
    expect((await editor.stop()).line).toBe(3);
    editor.run.resume();
    await editor.event('continued');
    // The breakpoint is still there.
    expect((await editor.stop()).line).toBe(3);
  });

  it('a run that was left standing goes on when it is resumed, past breakpoints of an editor that is gone', async () => {
    const editor = edit(endless, { attach: 'running' });
    await editor.start({ command: 'attach', lines: [3] });
    await editor.stop();
    await editor.ask('disconnect', { suspendDebuggee: true });
    editor.run.resume();
    const before = Number(editor.run.variables.get('n'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(Number(editor.run.variables.get('n'))).toBeGreaterThan(before + 5);
  });

  it('ends a run that it started, also before and while it stands still', async () => {
    const standing = edit(endless);
    await standing.start({ lines: [3] });
    await standing.stop();
    await standing.ask('terminate');
    expect((await standing.outcome).outcome).toBe('Canceled');
    await standing.event('terminated');
    const waiting = edit(endless);
    await waiting.ask('initialize');
    await waiting.ask('disconnect');
    expect((await waiting.outcome).outcome).toBe('Canceled');
    const lost = edit(endless);
    await lost.ask('initialize');
    lost.session.close();
    expect((await lost.outcome).outcome).toBe('Canceled');
  });

  it('pauses and stops a loop without rows', async () => {
    const editor = edit('LOOP WHILE True\nEND\n', { attach: 'running' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await editor.start({ command: 'attach' });
    await editor.ask('pause', { threadId: 1 });
    expect(await editor.stop()).toEqual({ reason: 'pause', line: 1 });
    editor.run.stop('enough');
    expect((await editor.outcome).outcome).toBe('Canceled');
  });
});

describe('requests that make no sense', () => {
  it.each([
    null,
    17,
    'text',
    [],
    {},
    { type: 'event', seq: 3 },
    { type: 'request', seq: 'x', command: 'threads' },
    { type: 'request', seq: 1, command: 'toString' },
    { type: 'request', seq: 1, command: 'setBreakpoints', arguments: { source: 5 } },
    {
      type: 'request',
      seq: 1,
      command: 'setBreakpoints',
      arguments: { source: {}, breakpoints: [{ line: 'x' }] },
    },
    {
      type: 'request',
      seq: 1,
      command: 'setBreakpoints',
      arguments: { source: {}, breakpoints: [{ line: Number.NaN }] },
    },
    { type: 'request', seq: 1, command: 'variables', arguments: { variablesReference: 99 } },
    { type: 'request', seq: 1, command: 'pause', arguments: { threadId: 1.5 } },
    { type: 'request', seq: 1, command: 'stackTrace', arguments: { threadId: 7 } },
    { type: 'request', seq: 1, command: 'next', arguments: { threadId: 1 } },
    { type: 'request', seq: 1, command: 'evaluate', arguments: { expression: '1' } },
    { type: 'request', seq: 1, command: 'goto', arguments: { threadId: 1, targetId: 5 } },
    { type: 'request', seq: 1, command: 'restartFrame' },
  ])('are refused: %j', (message) => {
    const editor = edit('SET a TO 1\n');
    editor.session.receive({ type: 'request', seq: 0, command: 'initialize' });
    const before = editor.messages.length;
    editor.session.receive(message);
    const said = editor.messages.slice(before) as DebugProtocol.Response[];
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({
      type: 'response',
      success: false,
      message: expect.stringMatching(/^[A-Z]\w+$/),
    });
  });
});

it('docs/errors.md explains every code a debugger refuses with, and no other', () => {
  const root = join(import.meta.dirname, '..', '..');
  const used = new Set<string>();
  for (const folder of ['src/debug', 'src/runtime/debug'])
    for (const file of readdirSync(join(root, folder)))
      for (const [, code] of readFileSync(join(root, folder, file), 'utf8').matchAll(
        /new DebugError\(\s*'(\w+)'/g,
      ))
        used.add(code as string);
  const [, section = ''] = readFileSync(join(root, 'docs', 'errors.md'), 'utf8').split(/^## Debugger$/m);
  const explained = [...(section.split(/^## /m)[0] as string).matchAll(/^\| `(\w+)`/gm)].map(
    ([, code]) => code,
  );
  expect([...used].sort()).toEqual(explained.sort());
});
