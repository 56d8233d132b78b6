// Debugging as VS Code sees it: from F5 to a session, the relay between both ends, and the commands beyond the protocol.

import { describe, expect, it } from 'vitest';
import type * as api from 'vscode';
import { commandIds, contextKeys } from '../../src/extension/names.ts';
import type { FlowParameterInfo } from '../../src/protocol/editor.ts';
import { Window } from './harness.ts';

const secret = 'hunter2-swordfish';
const input = (externalName: string, sensitive: boolean): FlowParameterInfo => ({
  name: externalName,
  externalName,
  description: '',
  type: 'Text',
  optional: false,
  sensitive,
  line: 0,
});

async function windowWith(...inputs: FlowParameterInfo[]): Promise<Window> {
  const window = new Window();
  window.agent.running = true;
  window.flow = { ...window.flow, inputs };
  window.activate();
  await window.settle();
  window.vscode.open('/flows/archive.robin', 'SET Total TO 1\nSET b TO Total + Item.Name');
  return window;
}

const launch = { type: 'desktop-flow', request: 'launch', name: 'x', program: '/flows/archive.robin' };

/** What VS Code does with a configuration before it starts a session. */
async function resolved(window: Window, configuration: object): Promise<api.DebugConfiguration | undefined> {
  const provider = window.vscode.debugConfigurations as Required<api.DebugConfigurationProvider>;
  const first = await provider.resolveDebugConfiguration(undefined, configuration as never);
  if (!first) return undefined;
  const second = provider.resolveDebugConfigurationWithSubstitutedVariables(undefined, first);
  await window.settle();
  return (await second) ?? undefined;
}

interface Session {
  readonly adapter: api.DebugAdapter;
  /** What the adapter sent, in short: `response launch`, `event terminated`. */
  readonly sent: string[];
  readonly messages: Record<string, unknown>[];
  send(command: string, args?: object): void;
}

async function started(window: Window, configuration: api.DebugConfiguration): Promise<Session> {
  const session = window.vscode.showSession(configuration);
  const descriptor = (await window.vscode.debugAdapters?.createDebugAdapterDescriptor(
    session as never,
    undefined,
  )) as unknown as { implementation: api.DebugAdapter };
  const adapter = descriptor.implementation;
  const sent: string[] = [];
  const messages: Record<string, unknown>[] = [];
  adapter.onDidSendMessage((message) => {
    const { type, command, event } = message as Record<string, unknown>;
    sent.push(`${type} ${command ?? event}`);
    messages.push(message as Record<string, unknown>);
  });
  let seq = 0;
  return {
    adapter,
    sent,
    messages,
    send: (command, args) =>
      adapter.handleMessage({
        seq: ++seq,
        type: 'request',
        command,
        ...(args && { arguments: args }),
      } as never),
  };
}

const relayed = (window: Window) =>
  window.agent
    .called('runs.debug')
    .map(({ message }) => (message as { command?: string } | null)?.command ?? null);

describe('what to debug', () => {
  it('is the flow in front when F5 is pressed without launch.json, and nothing else', async () => {
    const window = await windowWith();
    expect(await resolved(window, {})).toMatchObject({ ...launch, name: 'Debug Flow' });
    window.vscode.open('/notes.txt', '', 'plaintext');
    expect(await resolved(window, {})).toBeUndefined();
  });

  it('asks for inputs as Run Flow does; sensitive ones are hidden and in no configuration', async () => {
    const window = await windowWith(input('City', false), input('Password', true), input('Year', false));
    const provider = window.vscode.debugConfigurations as Required<api.DebugConfigurationProvider>;
    const pending = provider.resolveDebugConfigurationWithSubstitutedVariables(undefined, {
      ...launch,
      inputs: { Year: 2026 },
    });
    await window.settle();
    window.vscode.inputBox.type('Ulm').accept();
    await window.settle();
    expect([window.vscode.inputBox.title, window.vscode.inputBox.password]).toEqual([
      'archive: Password',
      true,
    ]);
    window.vscode.inputBox.type(secret).accept();
    await window.settle();
    const configuration = (await pending) as api.DebugConfiguration;
    expect(JSON.stringify(configuration)).not.toMatch(/hunter2|Ulm|2026/);

    await started(window, configuration);
    expect(window.agent.called('runs.enqueue')[0]).toMatchObject({
      inputs: { City: 'Ulm', Password: secret, Year: 2026 },
      debug: true,
      mode: 'attended',
    });
    const traces = [JSON.stringify([...window.memory.values]), window.vscode.output.join('\n')];
    for (const trace of traces) expect(trace).not.toContain(secret);
  });

  it('is a plain run without a debugger', async () => {
    const window = await windowWith();
    expect(await resolved(window, { ...launch, noDebug: true, mode: 'unattended' })).toBeUndefined();
    const [request] = window.agent.called('runs.enqueue');
    expect(request).toMatchObject({ mode: 'unattended' });
    expect(request).not.toHaveProperty('debug');
  });

  it('is told when it cannot be debugged', async () => {
    const window = await windowWith();
    window.flow = { ...window.flow, blocking: [{ code: 'X', message: 'No such action.', line: 1 }] };
    const provider = window.vscode.debugConfigurations as Required<api.DebugConfigurationProvider>;
    const pending = provider.resolveDebugConfigurationWithSubstitutedVariables(undefined, launch);
    await window.settle();
    expect(window.vscode.dialog.text).toBe('archive was not run: 1 problem. Line 2: No such action.');
    window.vscode.dialog.answer(undefined);
    expect(await pending).toBeUndefined();
  });

  it('asks for inputs again when VS Code starts a session once more', async () => {
    const window = await windowWith(input('City', false));
    const pending = resolved(window, launch);
    await window.settle();
    window.vscode.inputBox.accept();
    window.vscode.inputBox.type('Ulm').accept();
    const configuration = (await pending) as api.DebugConfiguration;
    await started(window, configuration);
    const again = started(window, configuration);
    await window.settle();
    expect(window.vscode.inputBox.value).toBe('Ulm');
    window.vscode.inputBox.accept();
    await again;
    expect(window.agent.called('runs.enqueue')).toHaveLength(2);
  });
});

describe('the relay', () => {
  async function session(): Promise<[Window, Session]> {
    const window = await windowWith();
    const opened = await started(window, (await resolved(window, launch)) as api.DebugConfiguration);
    return [window, opened];
  }

  it('keeps requests until the run has a worker, then passes everything on in order, both ways', async () => {
    const [window, { send, sent, messages }] = await session();
    send('initialize');
    send('launch');
    await window.settle();
    expect(relayed(window)).toEqual([]);
    window.agent.change('run-1', { state: 'Starting' });
    window.agent.change('run-1', { state: 'Running', startedAt: window.clock.now() });
    send('setBreakpoints');
    await window.settle();
    expect(relayed(window)).toEqual(['initialize', 'launch', 'setBreakpoints']);
    window.agent.debug('run-1', {
      type: 'response',
      seq: 1,
      request_seq: 1,
      command: 'initialize',
      success: true,
    });
    window.agent.debug('run-2', { type: 'event', seq: 1, event: 'stopped' });
    window.agent.debug('run-1', { type: 'event', seq: 2, event: 'initialized' });
    expect(sent).toEqual(['response initialize', 'event initialized']);
    expect(messages[0]).toMatchObject({ request_seq: 1, success: true });
  });

  it('ends the session with the run', async () => {
    const [window, { sent, send, messages, adapter }] = await session();
    window.agent.change('run-1', { state: 'Running' });
    window.agent.debug('run-1', null);
    send('threads');
    expect(sent).toEqual(['event terminated', 'response threads']);
    expect(messages[1]).toMatchObject({ success: false, message: 'The run has ended.' });
    adapter.dispose();
    await window.settle();
    expect(relayed(window)).toEqual([]);
  });

  it('stops a run that has not begun when the session is ended, and answers itself', async () => {
    const [window, { send, sent, messages }] = await session();
    send('initialize');
    send('disconnect', { terminateDebuggee: true });
    await window.settle();
    expect(window.agent.called('runs.stop')).toEqual([{ runId: 'run-1' }]);
    expect(sent).toEqual(['response disconnect', 'response initialize', 'event terminated']);
    expect(messages[0]).toMatchObject({ success: true, request_seq: 2 });
  });

  it('ends when the run ends before it began, with its reason', async () => {
    const [window, { send, sent, messages }] = await session();
    send('initialize');
    window.agent.change('run-1', {
      state: 'Failed',
      endedAt: window.clock.now(),
      error: { code: 'X', message: 'No worker.', nextStep: 'y' },
    });
    expect(sent).toEqual(['response initialize', 'event output', 'event terminated']);
    expect(messages[0]).toMatchObject({ success: false, message: 'No worker.' });
  });

  it('ends when the link to the agent is lost; a request that cannot be passed on is refused', async () => {
    const [window, { send, sent }] = await session();
    window.agent.change('run-1', { state: 'Running' });
    window.agent.lostAfterCalls = 0;
    send('threads');
    await window.settle();
    expect(sent).toContain('event terminated');
  });

  it('leaves the run alone when it was attached to it: it goes on', async () => {
    const window = await windowWith();
    window.agent.queue('r-9', 'orders', { state: 'Running', startedAt: 1 });
    await window.settle();
    const configuration = await resolved(window, { type: 'desktop-flow', request: 'attach', name: 'a' });
    expect(configuration).toMatchObject({ runId: 'r-9' });
    const { adapter, send } = await started(window, configuration as api.DebugConfiguration);
    send('initialize');
    await window.settle();
    adapter.dispose();
    await window.settle();
    expect(relayed(window)).toEqual(['initialize', null]);
    expect(window.agent.called('runs.stop')).toEqual([]);
  });

  it('attaches to the run that the person picks, and says so when nothing runs', async () => {
    const window = await windowWith();
    const attach = { type: 'desktop-flow', request: 'attach', name: 'a' };
    const none = resolved(window, attach);
    await window.settle();
    expect(window.vscode.dialog.text).toMatch(/^Nothing is running/);
    window.vscode.dialog.answer(undefined);
    expect(await none).toBeUndefined();
    window.agent.queue('r-1', 'orders', { state: 'Running', startedAt: 1 });
    window.agent.queue('r-2', 'invoices', { state: 'Running', startedAt: 2 });
    window.agent.queue('r-3', 'waits');
    const provider = window.vscode.debugConfigurations as Required<api.DebugConfigurationProvider>;
    const picked = provider.resolveDebugConfigurationWithSubstitutedVariables(undefined, attach);
    await window.settle();
    expect(window.vscode.dialog.items).toEqual(['orders', 'invoices']);
    window.vscode.dialog.answer('invoices');
    expect(await picked).toMatchObject({ runId: 'r-2' });
  });
});

describe('commands', () => {
  it('start sessions: on a flow, at a row, on a run of the Run Queue', async () => {
    const window = await windowWith();
    window.agent.queue('r-1', 'orders', { state: 'Running', startedAt: 1 });
    await window.settle();
    await window.vscode.run(commandIds.debugFlow, 'file:///flows/other.robin');
    const editor = window.vscode.editors[0] as unknown as { selection: unknown };
    editor.selection = { active: { line: 1, character: 0 } };
    await window.vscode.run(commandIds.runFromHere);
    await window.vscode.run(commandIds.attachToRun, { kind: 'run', runId: 'r-1' });
    await window.vscode.run(commandIds.attachToRun);
    expect(window.vscode.debugged).toEqual([
      { type: 'desktop-flow', request: 'launch', name: 'Debug Flow', program: '/flows/other.robin' },
      {
        type: 'desktop-flow',
        request: 'launch',
        name: 'Debug Flow',
        program: '/flows/archive.robin',
        startLine: 2,
      },
      { type: 'desktop-flow', request: 'attach', name: 'Attach to orders', runId: 'r-1' },
      { type: 'desktop-flow', request: 'attach', name: 'Attach to Run' },
    ]);
  });

  it('repeat and skip are offered while the session in front is stopped on an error', async () => {
    const window = await windowWith();
    const onError = () => window.vscode.contexts.get(contextKeys.stoppedOnError);
    const { send } = await started(window, (await resolved(window, launch)) as api.DebugConfiguration);
    window.agent.change('run-1', { state: 'Running' });
    window.agent.debug('run-1', { type: 'event', event: 'stopped', body: { reason: 'breakpoint' } });
    expect(onError()).toBe(false);
    window.agent.debug('run-1', { type: 'event', event: 'stopped', body: { reason: 'exception' } });
    expect(onError()).toBe(true);
    const answer = (command: string, success: boolean) =>
      window.agent.debug('run-1', { type: 'response', seq: 9, request_seq: 1, command, success });
    send('stepBack');
    answer('stepBack', false);
    expect(onError()).toBe(true);
    send('continue');
    answer('continue', true);
    expect(onError()).toBe(false);
    window.agent.debug('run-1', { type: 'event', event: 'stopped', body: { reason: 'exception' } });
    window.agent.debug('run-1', null);
    expect(onError()).toBe(false);
  });

  it('make their requests of the session in front, and say why they cannot', async () => {
    const window = await windowWith();
    void window.vscode.run(commandIds.repeatFailedAction);
    await window.settle();
    expect(window.vscode.dialog.text).toMatch(/^No flow is being debugged\./);
    window.vscode.dialog.answer(undefined);
    const session = window.vscode.showSession({}, { skipAction: new Error('The run is not stopped.') });
    await window.vscode.run(commandIds.repeatFailedAction);
    void window.vscode.run(commandIds.skipFailedAction);
    await window.settle();
    expect(window.vscode.dialog.text).toMatch(/^The run is not stopped\. .* \(DebugRequestRefused\)$/);
    expect(session.requests).toEqual([
      ['repeatAction', { threadId: 1 }],
      ['skipAction', { threadId: 1 }],
    ]);
  });

  it('Show Value History lists what a variable was, newest first, and goes to the row', async () => {
    const window = await windowWith();
    const entry = { subflow: 'Main', action: 'SET' };
    const session = window.vscode.showSession(
      {},
      {
        valueHistory: {
          name: 'Total',
          omitted: 2,
          entries: [
            { ...entry, step: 0, line: 0, value: '0' },
            { ...entry, step: 4, line: 2, value: '••••' },
          ],
        },
      },
    );
    void window.vscode.run(commandIds.showValueHistory, {
      container: { name: 'Variables' },
      variable: { name: 'Total', evaluateName: 'Total' },
    });
    await window.settle();
    expect(session.requests).toEqual([['valueHistory', { name: 'Total', frameId: 7 }]]);
    expect([window.vscode.dialog.text, window.vscode.dialog.items]).toEqual([
      'Values of Total (2 older ones left out)',
      ['••••', '0'],
    ]);
    window.vscode.dialog.answer('••••');
    await window.settle();
    expect(window.vscode.editors[0]?.selection?.start).toEqual({ line: 1, character: 0 });
  });
});

describe('values in the text', () => {
  it('are asked for each variable of a row once, down to where the run stands', async () => {
    const window = await windowWith();
    window.contents = {
      ...window.contents,
      variables: ['total', 'Item', 'Name', 'Text'].map((name) => ({
        name,
        sensitivity: 'none' as const,
        line: 0,
        character: 0,
        uses: 1,
      })),
    };
    const document = window.vscode.open(
      '/flows/b.robin',
      "# Total\nText.Trim Text: Total Name=> Item\nSET Total TO Total + Item.Name\nSET x TO $'''Item: %Total%'''\nSET Item TO 1",
    );
    const { Range } = window.vscode.api;
    const values = await window.vscode.inlineValues?.provideInlineValues(
      document as never,
      new Range(0, 0, 4, 0),
      { frameId: 1, stoppedLocation: new Range(3, 0, 3, 0) },
      {} as never,
    );
    expect(
      (values as unknown as { range: api.Range; variableName: string }[]).map(
        ({ range, variableName }) => `${range.start.line}:${range.start.character} ${variableName}`,
      ),
    ).toEqual(['1:16 Total', '1:29 Item', '2:4 Total', '2:21 Item', '3:20 Total']);
  });

  it('of a hover are those of the name under the mouse, with what stands before it', async () => {
    const window = await windowWith();
    const document = window.vscode.open('/flows/b.robin', "SET b TO Item.Name[0] + $'''%Total%''' File: x");
    const at = (character: number) =>
      (
        window.vscode.expressions?.provideEvaluatableExpression(
          document as never,
          new window.vscode.api.Position(0, character),
          {} as never,
        ) as api.EvaluatableExpression | undefined
      )?.expression;
    expect([at(10), at(15), at(19), at(31), at(40), at(7)]).toEqual([
      'Item',
      'Item.Name',
      'Item.Name[0]',
      'Total',
      undefined,
      'TO',
    ]);
  });
});
