// Flows that run flows: values in and out, errors, secrets, lines, flows beside each other, safe stop, stop and pause.
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/language/syntax/parser.ts';
import type { ActionDefinition } from '../../src/runtime/action.ts';
import { actionTable } from '../../src/runtime/actions/index.ts';
import { noRepositories } from '../../src/runtime/elements.ts';
import type { Execution, RunnableFlow } from '../../src/runtime/flowTree.ts';
import type { HostValue, LineSnapshot } from '../../src/runtime/host.ts';
import { createRun, type FlowRun } from '../../src/runtime/run.ts';
import { InstanceValue } from '../../src/runtime/values.ts';
import { FakeHost } from '../fakes/host.ts';
import type { ActionRecord } from './world.ts';

interface Parameter {
  readonly name: string;
  readonly friendly?: string;
  readonly type?: string;
  readonly optional?: boolean;
  readonly defaultValue?: string;
}

function head(inputs: readonly Parameter[], outputs: readonly Parameter[], sensitive = ''): string {
  const fields = ({ name, friendly = name, type = 'String' }: Parameter) =>
    `'Description': '', 'FriendlyName': '${friendly}', 'Type': '${type}'`;
  return [
    "@@ConnectionString: ''",
    `@SENSITIVE: [${sensitive}]`,
    ...inputs.map(
      (input) =>
        `@INPUT ${input.name} : { ${fields(input)}, 'IsOptional': ${input.optional ? 'True' : 'False'}${input.defaultValue === undefined ? '' : `, 'DefaultValue': ${input.defaultValue}`} }`,
    ),
    ...outputs.map((output) => `@OUTPUT ${output.name} : { ${fields(output)} }`),
    '',
  ].join('\n');
}

/** `main` runs the others by their name as FlowId. `opened` are instances that the test action `File.Delete` opens. */
function world(main: string, flows: Readonly<Record<string, string>> = {}) {
  const host = new FakeHost();
  const records: ActionRecord[] = [];
  const closed: string[] = [];
  const began: Execution[] = [];
  const runnable = new Map(
    Object.entries(flows).map(([name, text]): [string, RunnableFlow] => [
      name.toLowerCase(),
      { name, folder: `/flows/${name}`, file: parse(text), repositories: noRepositories },
    ]),
  );
  const open: ActionDefinition = {
    id: 'File.GetPathPart',
    run(args, context) {
      const name = args.text('File');
      context.own(() => void closed.push(name));
      return { outputs: { RootPath: new InstanceValue('Thing', { name }), Directory: context.folder } };
    },
  };
  const hang: ActionDefinition = {
    id: 'File.Delete',
    run: (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  };
  const run: FlowRun = createRun({
    flow: parse(main),
    name: 'Main',
    folder: '/flows',
    inputs: {},
    host,
    actions: new Map([...actionTable, [open.id.toLowerCase(), open], [hang.id.toLowerCase(), hang]]),
    observer: { actionEnded: (record) => records.push(record) },
    flows: (id) => runnable.get(id.toLowerCase()),
    began: (execution) => began.push(execution),
  });
  return { run, host, records, closed, began };
}

async function outputsOf(main: string, flows: Readonly<Record<string, string>>) {
  const { outcome, outputs, error } = await world(main, flows).run.start();
  if (outcome !== 'Succeeded') throw new Error(`${error?.code}: ${error?.message}`);
  return outputs;
}

const returns = (...names: readonly string[]) =>
  head(
    [],
    names.map((name) => ({ name })),
  );

describe('values', () => {
  const child = `${head(
    [
      { name: 'Input_Count', friendly: 'Count', type: 'Numeric' },
      { name: 'Input_Name', optional: true, defaultValue: "'nobody'" },
      { name: 'Input_List', type: 'List', optional: true },
    ],
    [{ name: 'Output_Text', friendly: 'Text' }, { name: 'Output_Sum', type: 'Numeric' }, { name: 'Unset' }],
  )}SET Output_Sum TO Input_Count + 1
SET Output_Text TO $'''%Input_Name% %Input_Count%'''
Variables.AddItemToList Item: 9 List: Input_List
`;

  it('go in by variable or external name and are converted, and come back', async () => {
    const main = `${returns('A', 'B', 'C', 'L')}SET L TO [1]
SET C TO 'kept'
@@flowname: 'child'
External.RunFlow FlowId: 'Child' @Input_Count: '41' @input_name: 'Ann' @Input_List: L @Output_Text=> A @output_sum=> B
External.RunFlow FlowId: 'child' @Count: 1 @Text=> A @Unset=> C
`;
    expect(await outputsOf(main, { Child: child })).toEqual({ A: 'nobody 1', B: 42, C: null, L: [1] });
  });

  it('keep what was opened by the child open for the parent until the run ends', async () => {
    const opening = `${head([], [{ name: 'Thing' }, { name: 'Folder' }])}File.GetPathPart File: 'browser' RootPath=> Thing Directory=> Folder\n`;
    const main = `${returns('F')}External.RunFlow FlowId: 'Opening' @Thing=> T @Folder=> F\nDateTime.GetCurrentDateTime.Local DateTimeFormat: DateTime.DateTimeFormat.DateAndTime CurrentDateTime=> Now\n`;
    const { run, closed, records } = world(main, { Opening: opening });
    const closedDuring: string[][] = [];
    const { outputs } = await run.start();
    closedDuring.push([...closed]);
    expect(outputs).toEqual({ F: '/flows/Opening' });
    expect(records.map(({ flow, line, action }) => [flow, line, action])).toEqual([
      ['Opening', 5, 'File.GetPathPart'],
      [undefined, 4, 'External.RunFlow'],
      [undefined, 5, 'DateTime.GetCurrentDateTime.Local'],
    ]);
    expect(closed).toEqual(['browser']);
  });

  it.each([
    [
      `@Input_Count: 'x'`,
      `'x' cannot be used for the input "Count" of the flow "Child", which expects a value of type Number.`,
    ],
    [
      `@Input_Count: 1 @Input_List: 2`,
      `'2' cannot be used for the input "Input_List" of the flow "Child", which expects a value of type List.`,
    ],
    [`@Input_Count: 1 @Nothing: 2`, 'The flow "Child" has no input "Nothing".'],
    ['', 'The flow "Child" needs a value for its input "Count" (Number).'],
  ])('are refused: %s', async (args, message) => {
    const { error } = await world(`External.RunFlow FlowId: 'Child' ${args}\n`, { Child: child }).run.start();
    expect(error).toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(message),
      line: 1,
    });
  });
});

describe('errors', () => {
  const failing =
    "SET X TO 1\nFlowControl.ThrowCustomError CustomErrorCode: 'Own' CustomErrorMessage: 'no luck'\n";

  it('of a child are errors of the action, by the name of the product', async () => {
    const main = `${returns('Seen')}External.RunFlow FlowId: 'Child'
ON ERROR RunDesktopFlowError
    SET Code TO 'by name'
END
ERROR => E Reset: True
SET Seen TO $'''%Code%: %E.Message%'''
`;
    expect(await outputsOf(main, { Child: failing })).toEqual({
      Seen: 'by name: The flow "Child" failed at line 2 of Main (FlowControl.ThrowCustomError): Own: no luck',
    });
  });

  it('that nobody handles fail the run at the line that runs the flow', async () => {
    const { run, records } = world("SET A TO 1\nExternal.RunFlow FlowId: 'Child'\n", { Child: failing });
    expect(await run.start()).toMatchObject({
      outcome: 'Failed',
      error: { code: 'RunDesktopFlowError', line: 2, subflow: 'Main', action: 'External.RunFlow' },
    });
    expect(records.map(({ flow, line, outcome }) => [flow, line, outcome])).toEqual([
      ['Child', 2, 'failed'],
      [undefined, 2, 'failed'],
    ]);
  });

  it('are also an EXIT with a message, not one without', async () => {
    const { error } = await world("External.RunFlow FlowId: 'C'\n", {
      C: "EXIT Code: 3 ErrorMessage: 'enough'\n",
    }).run.start();
    expect(error?.message).toBe('The flow "C" failed at line 1 of Main (EXIT): FlowStopped: enough');
    const child = `${returns('R')}SET R TO 'half'\nEXIT Code: 0\nSET R TO 'all'\n`;
    expect(await outputsOf(`${returns('R')}External.RunFlow FlowId: 'C' @R=> R\n`, { C: child })).toEqual({
      R: 'half',
    });
  });

  it('say when the flow was not taken along, and when a flow would run itself', async () => {
    const missing = await world("SET I TO 'none'\nExternal.RunFlow FlowId: I\n").run.start();
    expect(missing.error).toMatchObject({
      code: 'RunDesktopFlowError',
      message: expect.stringContaining('none'),
    });
    const self = await world("External.RunFlow FlowId: 'A'\n", {
      A: "External.RunFlow FlowId: 'B'\n",
      B: "External.RunFlow FlowId: 'A'\n",
    }).run.start();
    expect(self.error?.message).toContain('"A" cannot run now: it is one of the flows that led here.');
  });
});

describe('secrets', () => {
  const secret = 'Zebra-7319';

  it('stay secret in a child that does not know of them, and so does what it makes of them', async () => {
    const child = `${head([{ name: 'In' }], [{ name: 'Out' }])}Text.ChangeCase Text: In NewCase: Text.CaseOption.UpperCase Result=> Out
Logging.LogMessage Message: $'''got %In% and %Out%''' LogLevel: Logging.LogLevel.InfoLevel
FlowControl.ThrowCustomError CustomErrorCode: 'Own' CustomErrorMessage: Out
ON ERROR
END
`;
    const main = `${head([], [{ name: 'R' }], 'P')}SET P TO '${secret}'\nExternal.RunFlow FlowId: 'C' @In: P @Out=> R\n`;
    const { run, host, records } = world(main, { C: child });
    const { outputs } = await run.start();
    expect(outputs).toEqual({ R: { $type: 'secured' } });
    const told = JSON.stringify([host.logged, records, run.changedLines()]).toLowerCase();
    expect(told).not.toContain(secret.toLowerCase());
    expect(told).toContain('got •••• and ••••');
  });

  it('of a child stay secret in its parent, also what the parent makes of them', async () => {
    const child = `${head([], [{ name: 'Password', friendly: 'Pass word' }], 'Password')}SET Password TO '${secret}'\n`;
    const main = `${returns('Direct', 'Made')}External.RunFlow FlowId: 'C' @Password=> Direct
Text.ChangeCase Text: Direct NewCase: Text.CaseOption.UpperCase Result=> Made
Logging.LogMessage Message: Made LogLevel: Logging.LogLevel.InfoLevel
`;
    const { run, host } = world(main, { C: child });
    const { outputs } = await run.start();
    expect(outputs).toEqual({ Direct: { $type: 'secured' }, Made: { $type: 'secured' } });
    expect(host.logged.map(({ message }) => message)).toEqual(['••••']);
  });
});

describe('lines', () => {
  it('of a child are told under its name, cumulative over all its executions', async () => {
    const main = "LOOP I FROM 1 TO 3\n    External.RunFlow FlowId: 'C'\nEND\n";
    const { run } = world(main, { C: 'SET A TO 1\nSET B TO 2\n' });
    const told: LineSnapshot[] = [];
    await run.start();
    told.push(...run.changedLines());
    expect(
      told.filter(({ flow }) => flow === 'C').map(({ line, count, state }) => [line, count, state]),
    ).toEqual([
      [1, 3, 'ok'],
      [2, 3, 'ok'],
    ]);
    expect(run.changedLines()).toEqual([]);
  });
});

describe('a flow beside the one that was started', () => {
  const endless = 'LOOP WHILE (1) = (1)\n    WAIT 1\nEND\n';

  it('runs on while the other goes on, and is stopped when that ends', async () => {
    const main = `${returns('A')}External.RunFlow FlowId: 'Side' WaitToComplete: False @Out=> A\nWAIT 3\nSET A TO 'done'\n`;
    const { run, records, began } = world(main, { Side: endless });
    expect(await run.start()).toMatchObject({ outcome: 'Succeeded', outputs: { A: 'done' } });
    expect(began.map(({ flow, parent }) => [flow.name, parent?.flow.name])).toEqual([
      ['Main', undefined],
      ['Side', 'Main'],
    ]);
    expect(records.filter(({ flow }) => flow === 'Side').length).toBeGreaterThan(1);
  });

  it('may be one only, and only of the flow that was started', async () => {
    const twice = "External.RunFlow FlowId: 'Side' WaitToComplete: False\n".repeat(2);
    const second = await world(twice, { Side: endless }).run.start();
    expect(second.error).toMatchObject({ code: 'RunDesktopFlowError', line: 2 });
    const deep = await world("External.RunFlow FlowId: 'C'\n", {
      C: "External.RunFlow FlowId: 'Side' WaitToComplete: False\n",
      Side: endless,
    }).run.start();
    expect(deep.error?.message).toContain('"C" cannot run "Side" beside itself');
  });

  it('that fails tells so and does not end the other', async () => {
    const main = "External.RunFlow FlowId: 'Side' WaitToComplete: False\nWAIT 1\n";
    const { run, host } = world(main, {
      Side: "FlowControl.ThrowCustomError CustomErrorCode: 'X' CustomErrorMessage: 'Y'\n",
    });
    expect((await run.start()).outcome).toBe('Succeeded');
    expect(host.logged).toEqual([
      {
        level: 'error',
        message: 'The flow "Side" failed at line 1 of Main (FlowControl.ThrowCustomError): X: Y',
      },
    ]);
  });
});

describe('control', () => {
  it('stops a child in the middle of an action', async () => {
    const { run } = world("External.RunFlow FlowId: 'C'\n", { C: "File.Delete Files: 'x'\n" });
    const ended = run.start();
    await new Promise((resolve) => setImmediate(resolve));
    expect(run.position()).toEqual({ flow: 'C', subflow: 'Main', line: 1, action: 'File.Delete' });
    run.stop('enough');
    expect(await ended).toMatchObject({
      outcome: 'Canceled',
      error: { code: 'RunStopped', message: 'enough', line: 1 },
    });
  });

  it('pauses a child as well', async () => {
    const { run } = world("External.RunFlow FlowId: 'C'\n", {
      C: 'LOOP WHILE (1) = (1)\n    SET A TO 1\nEND\n',
    });
    const ended = run.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    run.pause();
    await new Promise((resolve) => setTimeout(resolve, 20));
    run.changedLines();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(run.changedLines()).toEqual([]);
    run.resume();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(run.changedLines()).not.toEqual([]);
    run.stop('enough');
    await ended;
  });
});

describe('safe stop', () => {
  const looping = (stop: string) => `${returns('Seen', 'After')}SET Rounds TO 0
SET Seen TO ''
LOOP WHILE (1) = (1)
    SET Rounds TO Rounds + 1
    IF (FlowControl.IfSafeStop ShouldStop: ${stop}) THEN
        SET Seen TO 'cleaned up'
    END
    IF Seen = 'cleaned up' THEN
        SET After TO 'went on'
        EXIT LOOP
    END
END
`;
  const ask = async (main: string, flows: Readonly<Record<string, string>> = {}) => {
    const { run } = world(main, flows);
    const ended = run.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    run.requestSafeStop();
    return (await ended) as { outcome: string; outputs: Record<string, HostValue> };
  };

  it('carries out the block and ends the flow well', async () => {
    expect(await ask(looping('True'))).toEqual({
      outcome: 'Succeeded',
      outputs: { Seen: 'cleaned up', After: null },
    });
  });

  it('goes on after the block when the flow is not to end there', async () => {
    expect((await ask(looping('False'))).outputs).toEqual({ Seen: 'cleaned up', After: 'went on' });
  });

  it('ends the flow that asks; its parent goes on to its own checkpoint', async () => {
    const main = `${returns('Seen', 'Own')}External.RunFlow FlowId: 'C' @Seen=> Seen
IF (FlowControl.IfSafeStop ShouldStop: True) THEN
    SET Own TO 'too'
END
SET Own TO 'never'
`;
    expect((await ask(main, { C: looping('True') })).outputs).toEqual({ Seen: 'cleaned up', Own: 'too' });
  });
});
