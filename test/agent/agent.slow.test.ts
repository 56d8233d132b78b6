// The agent as people use it: real processes, real flows, real kills. Everything runs from the sources.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { connectAgent } from '../../src/launch/connect.ts';
import { findAgent } from '../../src/launch/dataFolder.ts';
import { openAgent, startAgent } from '../../src/launch/start.ts';
import type { AgentLink } from '../../src/protocol/link.ts';
import {
  type Companion,
  isTerminal,
  type Run,
  type RunEvent,
  type WireValue,
} from '../../src/protocol/run.ts';

const agentScript = join(import.meta.dirname, '..', '..', 'src', 'agent', 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'dflow-slow-'));
const isLinux = process.platform === 'linux';
let folders = 0;
const newFolder = () => join(folder, `data-${++folders}`);

const processes: ChildProcess[] = [];
afterEach(async () => {
  for (const child of processes.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface RunningAgent {
  readonly child: ChildProcess;
  readonly dataFolder: string;
  readonly link: AgentLink;
  readonly events: RunEvent[];
  /** Everything the process said. */
  output(): string;
}

/** An agent process of this test, with a link that is told every event. */
async function start(dataFolder = newFolder(), args: readonly string[] = []): Promise<RunningAgent> {
  const child = spawn(process.execPath, [agentScript, '--data-folder', dataFolder, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  processes.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  await until(() => output.includes('\n') || child.exitCode !== null);
  const address = findAgent(dataFolder);
  if (!address) throw new Error(`no agent: ${output}`);
  const link = await connectAgent(address, 'test');
  const events: RunEvent[] = [];
  link.onEvent((event) => events.push(event));
  await link.call('subscribe', { after: 0 });
  return { child, dataFolder, link, events, output: () => output };
}

async function until(condition: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  for (const end = Date.now() + ms; !(await condition()); ) {
    if (Date.now() > end) throw new Error(`still waiting for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function enqueue(
  { link }: RunningAgent,
  text: string,
  inputs: Record<string, WireValue> = {},
  more: { readonly companions?: Companion[]; readonly timeoutSeconds?: number } = {},
): Promise<string> {
  const { companions, ...rest } = more;
  const flow = { name: 'Test', path: join(folder, 'Test.robin'), text, ...(companions && { companions }) };
  const { run } = await link.call('runs.enqueue', {
    flow,
    inputs,
    ...rest,
    mode: 'attended',
    priority: 'normal',
    requestedBy: 'test',
  });
  return run.id;
}

const get = async ({ link }: RunningAgent, runId: string): Promise<Run> =>
  (await link.call('runs.get', { runId })).run;

async function ended(agent: RunningAgent, runId: string, ms?: number): Promise<Run> {
  await until(
    () =>
      agent.events.some(
        (event) => event.kind === 'run' && event.runId === runId && isTerminal(event.run.state),
      ),
    ms,
  );
  return get(agent, runId);
}

/** Waits until the flow itself has reported a line. */
async function begun(agent: RunningAgent, runId: string): Promise<void> {
  const of = () => agent.events.filter((event) => event.runId === runId);
  await until(() =>
    of().some((event) => event.kind === 'lines' || (event.kind === 'run' && isTerminal(event.run.state))),
  );
  expect(await get(agent, runId)).toMatchObject({ state: 'Running' });
}

/** Process number of the worker of a run, from the agent's log. */
function workerOf({ dataFolder }: RunningAgent, runId: string): number {
  const match = new RegExp(`worker started runId=${runId} pid=(\\d+)`).exec(
    readFileSync(join(dataFolder, 'agent.log'), 'utf8'),
  );
  return Number(match?.[1]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const sum = `@SENSITIVE: []
@INPUT First : { 'Description': '', 'FriendlyName': 'First number', 'Type': 'Number', 'IsOptional': False }
@OUTPUT Sum : { 'Description': '', 'FriendlyName': 'Sum', 'Type': 'Number' }
SET Sum TO First + 2
`;
const endless = `SET Count TO 0
LOOP WHILE (1) = (1)
    SET Count TO Count + 1
    WAIT 0.05
END
`;

describe('a run', () => {
  it('takes inputs, gives outputs, and is kept over a restart', async () => {
    const agent = await start();
    const id = await enqueue(agent, sum, { 'First number': 40 });
    expect(await ended(agent, id)).toMatchObject({
      state: 'Succeeded',
      inputs: { 'First number': 40 },
      outputs: { Sum: 42 },
    });
    const { events } = await agent.link.call('runs.events', { runId: id, after: 0 });
    expect(events).toEqual(agent.events);
    const states = events.flatMap((event) => (event.kind === 'run' ? [event.run.state] : []));
    expect([...new Set(states)]).toEqual(['Queued', 'Starting', 'Running', 'Succeeded']);
    expect(
      events.some(
        (event) =>
          event.kind === 'lines' && event.lines.some((line) => line.line === 4 && line.state === 'ok'),
      ),
    ).toBe(true);

    agent.child.kill('SIGTERM');
    expect(await once(agent.child, 'exit')).toEqual([0, null]);
    expect(findAgent(agent.dataFolder)).toBeUndefined();
    const next = await start(agent.dataFolder);
    expect(await get(next, id)).toMatchObject({ state: 'Succeeded', outputs: { Sum: 42 } });
  });

  it('that fails names line, action and code', async () => {
    const agent = await start();
    const id = await enqueue(
      agent,
      `SET X TO 1\nFile.ReadTextFromFile.ReadText File: $'''/no/such/file''' Encoding: File.TextFileEncoding.UTF8 Content=> Content\n`,
    );
    expect(await ended(agent, id)).toMatchObject({
      state: 'Failed',
      error: {
        code: expect.stringMatching(/^[A-Z]\w+$/),
        line: 2,
        subflow: 'Main',
        action: expect.stringContaining('File.ReadTextFromFile'),
      },
    });
  });

  it('asks people, takes the first answer and goes on with it', async () => {
    const agent = await start();
    const id = await enqueue(
      agent,
      `@SENSITIVE: []
@OUTPUT Chosen : { 'Description': '', 'FriendlyName': 'Chosen', 'Type': 'String' }
Display.ShowMessageDialog.ShowMessage Title: $'''Go on?''' Message: $'''Really?''' Icon: Display.Icon.Question Buttons: Display.Buttons.YesNo DefaultButton: Display.DefaultButton.Button1 IsTopMost: False ButtonPressed=> Chosen
`,
    );
    await until(() => agent.events.some((event) => event.kind === 'question'));
    const asked = agent.events.find((event) => event.kind === 'question');
    if (asked?.kind !== 'question') throw new Error('no question');
    expect(asked.question).toMatchObject({
      kind: 'message',
      title: 'Go on?',
      message: 'Really?',
      options: ['Yes', 'No'],
    });
    const answer = {
      runId: id,
      questionId: asked.question.id,
      answer: { button: 'No', values: [] },
      by: 'test',
    };
    await agent.link.call('runs.answer', answer);
    await expect(agent.link.call('runs.answer', answer)).rejects.toMatchObject({ code: 'QuestionNotFound' });
    expect(await ended(agent, id)).toMatchObject({ state: 'Succeeded', outputs: { Chosen: 'No' } });
  });

  it('is stopped when asked', async () => {
    const agent = await start();
    const id = await enqueue(agent, endless);
    await begun(agent, id);
    const worker = workerOf(agent, id);
    await agent.link.call('runs.stop', { runId: id });
    expect(await ended(agent, id, 3_000)).toMatchObject({ state: 'Canceled' });
    await until(() => !isAlive(worker));
  });

  it.skipIf(process.platform === 'win32')(
    'whose command does not end is stopped with the command',
    async () => {
      const agent = await start();
      const id = await enqueue(
        agent,
        `System.RunDOSCommand DOSCommandOrApplication: $'''sleep 4711''' StandardOutput=> Out\n`,
      );
      await begun(agent, id);
      await agent.link.call('runs.stop', { runId: id });
      expect(await ended(agent, id, 12_000)).toMatchObject({ state: 'Canceled' });
      if (isLinux)
        expect(commandLines().filter((line) => line.includes('4711') && !line.includes('vitest'))).toEqual(
          [],
        );
    },
  );

  it('whose worker is killed is Lost, with the place, and can be resubmitted', async () => {
    const agent = await start();
    const id = await enqueue(agent, endless);
    await begun(agent, id);
    process.kill(workerOf(agent, id), 'SIGKILL');
    const lost = await ended(agent, id);
    expect(lost).toMatchObject({
      state: 'Lost',
      error: { code: 'WorkerLost', subflow: 'Main', line: expect.any(Number) },
    });
    if (process.platform !== 'win32') expect(lost.error?.message).toContain('SIGKILL');

    const { run } = await agent.link.call('runs.resubmit', { runId: id, requestedBy: 'test' });
    expect(run.resubmitOf).toBe(id);
    await begun(agent, run.id);
    await agent.link.call('runs.stop', { runId: run.id });
    expect(await ended(agent, run.id)).toMatchObject({ state: 'Canceled' });
  });

  it('in a tight loop reports at most 20 times a second and lets nothing grow', async () => {
    const agent = await start();
    const id = await enqueue(
      agent,
      `SET Count TO 0\nLOOP WHILE (1) = (1)\n    Variables.IncreaseVariable Value: Count IncrementValue: 1\nEND\n`,
    );
    await begun(agent, id);
    const [from, started] = [agent.events.length, Date.now()];
    const before = isLinux ? memoryMB(workerOf(agent, id)) : 0;
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const seconds = (Date.now() - started) / 1_000;
    const events = agent.events.slice(from);
    expect(events.filter((event) => event.kind === 'lines').length / seconds).toBeLessThanOrEqual(21);
    for (const event of events)
      if (event.kind === 'actions') expect(event.actions.length).toBeLessThanOrEqual(200);
    expect(events.some((event) => event.kind === 'actions' && event.omitted > 1_000)).toBe(true);
    if (isLinux) expect(memoryMB(workerOf(agent, id)) - before).toBeLessThan(60);
    await agent.link.call('runs.stop', { runId: id });
    expect(await ended(agent, id)).toMatchObject({ state: 'Canceled' });
  });
});

describe('a flow that runs another', () => {
  const child = {
    path: 'parts/Child.robin',
    ids: ['guid-1'],
    text: `@SENSITIVE: []
@INPUT Number : { 'Description': '', 'FriendlyName': 'Number', 'Type': 'Numeric', 'IsOptional': False }
@OUTPUT Twice : { 'Description': '', 'FriendlyName': 'Twice', 'Type': 'Numeric' }
SET Twice TO Number * 2
Logging.LogMessage Message: $'''twice %Number%''' LogLevel: Logging.LogLevel.InfoLevel
`,
  };
  const parent = `@SENSITIVE: []
@OUTPUT Result : { 'Description': '', 'FriendlyName': 'Result', 'Type': 'Numeric' }
@@flowname: 'Child'
External.RunFlow FlowId: 'GUID-1' @Number: 21 @Twice=> Result
`;

  it('takes it along, tells its lines under its name, and has it again when it is resubmitted', async () => {
    const agent = await start();
    const id = await enqueue(agent, parent, {}, { companions: [child] });
    expect(await ended(agent, id)).toMatchObject({ state: 'Succeeded', outputs: { Result: 42 } });
    const { events } = await agent.link.call('runs.events', { runId: id, after: 0 });
    expect(events.filter(({ kind }) => kind === 'log')).toMatchObject([
      { message: 'twice 21', flow: 'Child', line: 5, subflow: 'Main' },
    ]);
    const lines = events.flatMap((event) => (event.kind === 'lines' ? event.lines : []));
    expect(lines.some(({ flow, line, state }) => flow === 'Child' && line === 4 && state === 'ok')).toBe(
      true,
    );
    const { run } = await agent.link.call('runs.resubmit', { runId: id, requestedBy: 'test' });
    expect(await ended(agent, run.id)).toMatchObject({ state: 'Succeeded', outputs: { Result: 42 } });
  });

  it('is not accepted without it, nor in a circle, nor with an error in it', async () => {
    const agent = await start();
    await expect(enqueue(agent, parent)).rejects.toMatchObject({ code: 'CalledFlowNotFound' });
    const circle = { ...child, text: parent };
    await expect(enqueue(agent, parent, {}, { companions: [circle] })).rejects.toMatchObject({
      code: 'FlowCircle',
    });
    const wrong = { ...child, text: 'SET X TO\n' };
    await expect(enqueue(agent, parent, {}, { companions: [wrong] })).rejects.toMatchObject({
      code: 'FlowHasErrors',
      message: expect.stringContaining('parts/Child.robin:1'),
    });
    const large = { path: 'imageRepo.imgrepo', text: 'x'.repeat(17 * 1024 * 1024) };
    await expect(enqueue(agent, parent, {}, { companions: [child, large] })).rejects.toMatchObject({
      code: 'FlowTooLarge',
      message: expect.stringContaining('imageRepo.imgrepo'),
    });
  });
});

describe('control', () => {
  const ways: readonly (readonly [string, string])[] = [
    ['a tight loop', 'SET Count TO 0\nLOOP WHILE (1) = (1)\n    SET Count TO Count + 1\nEND\n'],
    ['a wait', 'WAIT 1000\n'],
    [
      'a script',
      `Scripting.RunDOSCommand.RunDOSCommand DOSCommandOrApplication: $'''${isLinux ? 'sleep 1000' : 'ping -n 1000 localhost'}''' StandardOutput=> O StandardError=> E ExitCode=> C\n`,
    ],
    [
      'one action that never ends',
      "WAIT 0.15\nSET T TO 'a'\nLOOP I FROM 1 TO 12\n    SET T TO T + T\nEND\nSET T TO T + 'b'\nText.ParseText.RegexParseForFirstOccurrence Text: T TextToFind: $'''(a+)+$''' StartingPosition: 0 IgnoreCase: False Match=> M\n",
    ],
  ];
  it.each(ways)('%s is stopped within a second and a little', async (_, text) => {
    const agent = await start();
    const id = await enqueue(agent, text);
    await begun(agent, id);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const since = performance.now();
    await agent.link.call('runs.stop', { runId: id });
    expect(await ended(agent, id)).toMatchObject({ state: 'Canceled' });
    expect(performance.now() - since).toBeLessThan(1_300);
  });

  it('a run is paused, stands still, and goes on', async () => {
    const agent = await start();
    const id = await enqueue(agent, endless);
    await begun(agent, id);
    await agent.link.call('runs.pause', { runId: id });
    await until(async () => (await get(agent, id)).state === 'Paused');
    const counted = () => agent.events.filter(({ kind, runId }) => kind === 'lines' && runId === id).length;
    const before = counted();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(counted()).toBe(before);
    await agent.link.call('runs.resume', { runId: id });
    await until(async () => (await get(agent, id)).state === 'Running' && counted() > before);
    await agent.link.call('runs.pause', { runId: id });
    await until(async () => (await get(agent, id)).state === 'Paused');
    await agent.link.call('runs.stop', { runId: id });
    expect(await ended(agent, id)).toMatchObject({ state: 'Canceled' });
  });

  it('a run that takes longer than it may is TimedOut', async () => {
    const agent = await start();
    const id = await enqueue(agent, endless, {}, { timeoutSeconds: 1 });
    expect(await ended(agent, id)).toMatchObject({
      state: 'TimedOut',
      error: { code: 'DesktopFlowsActionTimeout', action: expect.any(String), line: expect.any(Number) },
    });
  });

  it('a safe stop lets the flow clean up', async () => {
    const agent = await start();
    const id = await enqueue(
      agent,
      `@SENSITIVE: []
@OUTPUT State : { 'Description': '', 'FriendlyName': 'State', 'Type': 'String' }
LOOP WHILE (1) = (1)
    WAIT 0.05
    IF (FlowControl.IfSafeStop ShouldStop: True) THEN
        SET State TO 'clean'
    END
END
`,
    );
    await begun(agent, id);
    await agent.link.call('runs.safeStop', { runId: id });
    expect(await ended(agent, id)).toMatchObject({ state: 'Succeeded', outputs: { State: 'clean' } });
  });
});

describe('a work queue', () => {
  const worker = `LOOP WHILE (WorkQueues.ProcessWorkQueueItem.ProcessWorkQueueItem WorkQueue: 'Orders' WorkQueueItem=> Item)
    SET Value TO Item.Value
    IF Value = 'wait' THEN
        WAIT 1000
    END
    WorkQueues.UpdateWorkQueueItem.UpdateWithProcessingNotes WorkQueueItem: Item Status: WorkQueues.WorkQueueItemStatus.Processed ProcessingResult: $'''did %Value%'''
END
`;

  it('is made at the agent, filled and emptied by flows; a stopped run leaves its item in processing', async () => {
    const agent = await start();
    const { queue } = await agent.link.call('workQueues.add', { name: 'Orders', maxRetries: 0 });
    await expect(agent.link.call('workQueues.add', { name: 'orders', maxRetries: 0 })).rejects.toMatchObject({
      code: 'WorkQueueExists',
    });
    const fill = await enqueue(
      agent,
      `LOOP FOREACH Value IN ['one', 'wait', 'two']
    WorkQueues.EnqueueWorkQueueItem.WithoutUniqueId WorkQueue: '${queue.id}' Status: WorkQueues.WorkQueueItemEnqueueStatus.Queued Priority: WorkQueues.WorkQueueItemPriority.Normal Name: Value Value: Value
END
`,
    );
    expect(await ended(agent, fill)).toMatchObject({ state: 'Succeeded' });
    const first = await enqueue(agent, worker);
    await begun(agent, first);
    const items = async () => (await agent.link.call('workQueues.items', { queue: 'Orders' })).items;
    await until(async () => (await items())[1]?.status === 'Processing');
    await agent.link.call('runs.stop', { runId: first });
    await ended(agent, first);
    const second = await enqueue(agent, worker);
    expect(await ended(agent, second)).toMatchObject({ state: 'Succeeded' });
    expect((await items()).map(({ value, status, notes }) => [value, status, notes])).toEqual([
      ['one', 'Processed', 'did one'],
      ['wait', 'Processing', ''],
      ['two', 'Processed', 'did two'],
    ]);
    const { queues } = await agent.link.call('workQueues.list', {});
    expect(queues).toMatchObject([
      { name: 'Orders', state: 'active', items: { Processed: 2, Processing: 1 } },
    ]);
    await expect(agent.link.call('workQueues.items', { queue: 'none' })).rejects.toMatchObject({
      code: 'WorkQueueNotFound',
    });
  });
});

describe('an agent that is killed', () => {
  it('takes its worker along, loses no queued run, and its successor runs them in order', async () => {
    const agent = await start();
    const running = await enqueue(agent, endless);
    const waiting: string[] = [];
    for (let i = 0; i < 5; i++) waiting.push(await enqueue(agent, sum, { 'First number': i }));
    await begun(agent, running);
    const worker = workerOf(agent, running);
    agent.child.kill('SIGKILL');
    await until(() => !isAlive(worker), 5_000);

    const next = await start(agent.dataFolder);
    for (const [i, id] of waiting.entries())
      expect(await ended(next, id)).toMatchObject({ state: 'Succeeded', outputs: { Sum: i + 2 } });
    expect(await get(next, running)).toMatchObject({ state: 'Lost', error: { code: 'AgentRestarted' } });
    const starts = next.events.flatMap((event) =>
      event.kind === 'run' && event.run.state === 'Starting' ? [event.runId] : [],
    );
    expect(starts).toEqual([running, ...waiting]);
    expect(next.events.map((event) => event.seq)).toEqual(next.events.map((_, i) => i + 1));
  });

  it('while requests come in keeps every run that it acknowledged', async () => {
    const agent = await start();
    await enqueue(agent, endless);
    const acknowledged: string[] = [];
    const flood = (async () => {
      for (;;) acknowledged.push(await enqueue(agent, sum, { 'First number': 1 }));
    })().catch(() => {});
    await until(() => acknowledged.length > 40);
    agent.child.kill('SIGKILL');
    await flood;
    const next = await start(agent.dataFolder);
    const { runs } = await next.link.call('runs.list', { limit: 1_000 });
    const kept = runs.map((run) => run.id);
    expect(acknowledged.filter((id) => !kept.includes(id))).toEqual([]);
  });
});

describe('an agent that is told to end', () => {
  it('cancels what runs, keeps what waits and ends with exit code 0', async () => {
    const agent = await start();
    const running = await enqueue(agent, endless);
    const waiting = await enqueue(agent, sum, { 'First number': 1 });
    await begun(agent, running);
    agent.child.kill('SIGTERM');
    expect(await once(agent.child, 'exit')).toEqual([0, null]);
    const next = await start(agent.dataFolder);
    expect(await get(next, running)).toMatchObject({ state: 'Canceled', error: { code: 'AgentStopping' } });
    expect(await ended(next, waiting)).toMatchObject({ state: 'Succeeded' });
  });
});

describe('starting', () => {
  it('a second agent on the same folder ends with AgentDataFolderInUse and the first goes on', async () => {
    const agent = await start();
    const second = spawn(process.execPath, [agentScript, '--data-folder', agent.dataFolder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = await once(second.stdout, 'data');
    expect(await once(second, 'exit')).toEqual([1, null]);
    const { error } = JSON.parse(String(said));
    expect(error.code).toBe('AgentDataFolderInUse');
    expect(error.message).toContain(`process ${agent.child.pid}`);
    expect(await agent.link.call('agent.status', {})).toMatchObject({ pid: agent.child.pid });
  });

  it('on a port in use tells the shell AgentPortInUse', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const options = { nodePath: process.execPath, agentScript, dataFolder: newFolder(), port };
    await expect(startAgent(options)).rejects.toMatchObject({
      code: 'AgentPortInUse',
      message: expect.stringContaining(String(port)),
    });
    other.close();
  });

  it.each([
    ['a program that does not exist', { nodePath: '/no/such/node' }],
    ['a script that does not exist', { agentScript: '/no/such/agent.ts' }],
  ])('with %s tells the shell AgentNotStarted', async (_what, wrong) => {
    const options = { nodePath: process.execPath, agentScript, dataFolder: newFolder(), ...wrong };
    await expect(startAgent(options)).rejects.toMatchObject({ code: 'AgentNotStarted' });
  });

  it('by several shells at once gives all of them one agent, which ends when nobody needs it', async () => {
    const options = { nodePath: process.execPath, agentScript, dataFolder: newFolder(), idleExitSeconds: 1 };
    const links = await Promise.all(Array.from({ length: 4 }, () => openAgent(options, 'test')));
    const pids = new Set(links.map((link) => link.agent.pid));
    expect(pids.size).toBe(1);
    const [pid] = pids;
    for (const link of links) link.dispose();
    await until(() => !isAlive(pid as number));
  });
});

describe('a secret', () => {
  it.skipIf(!isLinux)(
    'is found nowhere: not in the data folder, the output, the arguments or the environment',
    async () => {
      const secret = 'Zebra-9 "quoted" \\ ümlaut';
      const agent = await start();
      const id = await enqueue(
        agent,
        `@SENSITIVE: [Password]
@INPUT Password : { 'Description': '', 'FriendlyName': 'Password', 'Type': 'String', 'IsOptional': False }
@INPUT Name : { 'Description': '', 'FriendlyName': 'Name', 'Type': 'String', 'IsOptional': False }
@OUTPUT Login : { 'Description': '', 'FriendlyName': 'Login', 'Type': 'String' }
SET Login TO $'''%Name%:%Password%'''
Logging.LogMessage Message: $'''The password is %Password%''' LogLevel: Logging.LogLevel.InfoLevel
BLOCK Try
ON BLOCK ERROR
END
    File.ReadTextFromFile.ReadText File: $'''/no/such/%Password%''' Encoding: File.TextFileEncoding.UTF8 Content=> Content
END
Display.ShowMessageDialog.ShowMessage Title: $'''%Password%''' Message: $'''%Login%''' Icon: Display.Icon.None Buttons: Display.Buttons.OK DefaultButton: Display.DefaultButton.Button1 IsTopMost: False ButtonPressed=> Pressed
EXIT Code: 1 ErrorMessage: $'''failed for %Login%'''
`,
        { Password: secret, Name: 'Ann' },
      );
      await until(() =>
        agent.events.some(
          (event) => event.kind === 'question' || (event.kind === 'run' && isTerminal(event.run.state)),
        ),
      );
      const during = [
        ...commandLines(),
        ...environments([agent.child.pid as number, workerOf(agent, id)]),
      ].join('\n');
      const asked = agent.events.find((event) => event.kind === 'question');
      if (asked?.kind === 'question') {
        await agent.link.call('runs.answer', {
          runId: id,
          questionId: asked.question.id,
          answer: { button: 'OK', values: [] },
          by: 'test',
        });
      }
      const run = await ended(agent, id);
      expect(run).toMatchObject({
        state: 'Failed',
        inputs: { Password: { $type: 'secured' }, Name: 'Ann' },
        error: { message: expect.stringContaining('••••') },
      });
      const { run: again } = await agent.link.call('runs.resubmit', { runId: id, requestedBy: 'test' });
      await until(() => agent.events.some((event) => event.kind === 'question' && event.runId === again.id));
      await agent.link.call('runs.stop', { runId: again.id });
      await ended(agent, again.id);

      const everything = [
        during,
        agent.output(),
        JSON.stringify(agent.events),
        ...filesIn(agent.dataFolder),
      ].join('\n');
      agent.child.kill('SIGTERM');
      await once(agent.child, 'exit');
      const afterwards = [everything, agent.output(), ...filesIn(agent.dataFolder)].join('\n');
      expect(
        agent.events.some((event) => event.kind === 'log' && event.message.includes('••••')),
        'the flow did log it',
      ).toBe(true);
      for (const form of [
        secret,
        'Zebra-9',
        JSON.stringify(secret).slice(1, -1),
        encodeURIComponent(secret),
        Buffer.from(secret).toString('base64'),
      ]) {
        expect(afterwards.includes(form), form).toBe(false);
      }
      expect(filesIn(agent.dataFolder).join('')).toContain('LogMessage');
    },
  );
});

describe('a full queue', () => {
  it('refuses the next run with QueueFull and keeps its five hundred', async () => {
    const agent = await start();
    const running = await enqueue(agent, endless);
    await begun(agent, running);
    for (let i = 0; i < 500; i++) await enqueue(agent, sum, { 'First number': i });
    await expect(enqueue(agent, sum, { 'First number': 0 })).rejects.toMatchObject({ code: 'QueueFull' });
    expect(await agent.link.call('agent.status', {})).toMatchObject({ running: 1, queued: 500 });
  });
});

/** Content of every file of a folder, byte for byte. */
function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString('latin1'));
}

/** Arguments of all processes of this machine (Linux). */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readProc(`/proc/${pid}/cmdline`));
}

const environments = (pids: readonly number[]): string[] =>
  pids.map((pid) => readProc(`/proc/${pid}/environ`));

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}

const memoryMB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readProc(`/proc/${pid}/status`))?.[1]) / 1024;
