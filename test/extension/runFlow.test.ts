// "Run Flow" as a person meets it: inputs one by one, secrets that leave no trace, and every reason why a flow does not run.
import { describe, expect, it } from 'vitest';
import { ProductError } from '../../src/base/error.ts';
import { commandIds } from '../../src/extension/names.ts';
import type { FlowParameterInfo } from '../../src/protocol/editor.ts';
import { Window } from './harness.ts';

const secret = 'hunter2-swordfish';

const input = (externalName: string, more: Partial<FlowParameterInfo> = {}): FlowParameterInfo => ({
  name: externalName.replaceAll(' ', ''),
  externalName,
  description: '',
  type: 'Text',
  optional: false,
  sensitive: false,
  line: 0,
  ...more,
});

async function windowWith(...inputs: FlowParameterInfo[]): Promise<Window> {
  const window = new Window();
  window.flow = { ...window.flow, inputs };
  window.activate();
  await window.settle();
  window.vscode.open('/flows/archive.robin', 'SET a TO 1');
  return window;
}

async function start(window: Window): Promise<void> {
  void window.vscode.run(commandIds.runFlow);
  await window.settle();
}

const box = (window: Window) => window.vscode.inputBox;

describe('inputs', () => {
  it('are asked by their external names, step by step, checked against their type, and sent as typed', async () => {
    const window = await windowWith(
      input('Inbox folder', { description: 'Where documents arrive', defaultValue: 'data/inbox' }),
      input('Minimum amount', { type: 'Number', optional: true }),
      input('Keep originals', { type: 'Boolean', defaultValue: false }),
      input('Rows', { type: 'Datatable', optional: true }),
    );
    await start(window);
    expect([
      box(window).title,
      box(window).step,
      box(window).totalSteps,
      box(window).value,
      box(window).prompt,
    ]).toEqual(['archive: Inbox folder', 1, 4, 'data/inbox', 'Where documents arrive · Text']);
    box(window).type('').accept();
    expect(box(window).validationMessage).toBe('"Inbox folder" needs a value.');
    box(window).type('in').accept();
    await window.settle();

    box(window).type('12,5').accept();
    expect(box(window).validationMessage).toBe('Expected: Number, such as 5 or -2.5.');
    box(window).back();
    await window.settle();
    expect([box(window).title, box(window).value]).toEqual(['archive: Inbox folder', 'in']);
    box(window).accept();
    await window.settle();
    box(window).type('12.5').accept();
    await window.settle();

    expect(window.vscode.quickPick.activeItems.map(({ label }) => label)).toEqual(['False']);
    window.vscode.quickPick.choose('True');
    await window.settle();
    box(window).accept(); // optional, left empty
    await window.settle();

    const [sent] = window.agent.called('runs.enqueue');
    expect(sent).toMatchObject({
      flow: { name: 'archive', path: '/flows/archive.robin', text: 'SET a TO 1' },
      inputs: { 'Inbox folder': 'in', 'Minimum amount': '12.5', 'Keep originals': true },
      mode: 'attended',
      priority: 'normal',
    });
    expect(Object.keys(sent?.inputs as object)).not.toContain('Rows');
  });

  it('offer the last answers again, per flow', async () => {
    const window = await windowWith(input('City', { defaultValue: 'Bonn' }));
    await start(window);
    box(window).type('Ulm').accept();
    await window.settle();
    await start(window);
    expect(box(window).value).toBe('Ulm');
  });

  it('mask a sensitive value and leave no trace of it in memory, log, diagnostics or messages', async () => {
    const window = await windowWith(
      input('Password', { sensitive: true }),
      input('City', { optional: true }),
    );
    await start(window);
    expect([box(window).password, box(window).value]).toEqual([true, '']);
    expect(box(window).prompt).toBe('Text · sensitive: masked, kept sealed on this machine');
    box(window).type(secret).accept();
    await window.settle();
    box(window).accept();
    await window.settle();
    expect(window.agent.called('runs.enqueue')[0]?.inputs).toEqual({ Password: secret });

    // Even when an error repeats it.
    window.agent.drop(1006);
    window.agent.failures.push(new ProductError('AgentUnreachable', `broken near ${secret}`, 'x'));
    await window.clock.advance(5_000);
    await window.vscode.run(commandIds.exportDiagnostics);
    const report = window.vscode.editors[0]?.document.getText() ?? '';
    expect(report).toContain('broken near ••••');
    const traces = [report, JSON.stringify([...window.memory.values]), window.vscode.output.join('\n')];
    for (const trace of traces) expect(trace).not.toContain(secret);

    await start(window);
    expect(box(window).value).toBe('');
  });

  it('leave a sensitive default in the flow: it is meant by an empty answer', async () => {
    const window = await windowWith(
      input('Password', { sensitive: true, defaultValue: { $type: 'secured' } }),
      input('Strict', { sensitive: true, type: 'Boolean', defaultValue: { $type: 'secured' } }),
    );
    await start(window);
    expect([box(window).value, box(window).prompt]).toEqual([
      '',
      "Text · sensitive: masked, kept sealed on this machine · leave empty for the flow's default",
    ]);
    box(window).accept();
    await window.settle();
    expect(window.vscode.quickPick.activeItems.map(({ label }) => label)).toEqual(['Leave empty']);
    window.vscode.quickPick.choose('Leave empty');
    await window.settle();
    expect(window.agent.called('runs.enqueue')[0]?.inputs).toEqual({});
  });

  it('end everything on Escape: nothing is remembered, nothing runs', async () => {
    const window = await windowWith(input('A'), input('B'));
    await start(window);
    box(window).type('1').accept();
    await window.settle();
    box(window).hide();
    await window.settle();
    expect(window.agent.called('runs.enqueue')).toEqual([]);
    expect(window.memory.keys()).toEqual([]);
  });
});

describe('a flow is not run', () => {
  it('when it has problems: they are shown', async () => {
    const window = await windowWith();
    window.flow = {
      ...window.flow,
      blocking: [
        { code: 'X1', message: 'END is missing.', line: 0 },
        { code: 'X2', message: 'y', line: 0 },
      ],
    };
    await start(window);
    expect(window.vscode.dialog.text).toBe('archive was not run: 2 problems. Line 1: END is missing.');
    window.vscode.dialog.answer('Show Problems');
    await window.settle();
    expect(window.vscode.executed).toContain('workbench.actions.view.problems');
    expect(window.agent.opened).toBe(0);
  });

  it('in a workspace that is not trusted', async () => {
    const window = await windowWith();
    window.vscode.isTrusted = false;
    await start(window);
    expect(window.vscode.dialog.text).toMatch(/needs a trusted workspace/);
    window.vscode.dialog.answer('Manage Workspace Trust');
    await window.settle();
    expect(window.vscode.executed).toContain('workbench.trust.manage');
    expect(window.languageCalls).not.toContain('flow');
  });

  it('when it cannot be saved', async () => {
    const window = await windowWith();
    const document = window.vscode.documents[0];
    if (document) Object.assign(document, { isDirty: true, canSave: false });
    await start(window);
    expect(window.vscode.dialog.text).toMatch(/could not be saved/);
  });

  it('when the agent cannot be started: code and next step are shown', async () => {
    const window = await windowWith();
    const failure = new ProductError(
      'AgentNotStarted',
      'The agent could not be started: it ended with exit code 1.',
      'Read agent.log.',
    );
    window.agent.failures.push(failure, failure);
    await start(window);
    expect(window.vscode.dialog).toMatchObject({
      kind: 'error',
      text: 'The agent could not be started: it ended with exit code 1. Read agent.log. (AgentNotStarted)',
    });
  });
});

it('a run counts as requested only when it is remembered: a window that closes then still knows its runs', async () => {
  const window = await windowWith();
  let written = () => {};
  window.memory.busy = new Promise((resolve) => {
    written = resolve;
  });
  await start(window);
  expect(window.agent.called('runs.enqueue')).toHaveLength(1);
  const reported = () => window.vscode.output.some((line) => line.includes('run requested'));
  expect(reported()).toBe(false);
  written();
  await window.settle();
  expect([reported(), window.memory.get('desktopFlows.requestedRuns')]).toEqual([true, ['run-1']]);
});

describe('the end of a run', () => {
  it('is announced in the window that requested it, with the next actions', async () => {
    const window = await windowWith();
    await start(window);
    const { agent, vscode, clock } = window;
    agent.change('run-1', { state: 'Running', startedAt: clock.now() });
    await clock.advance(1_200);
    agent.change('run-1', {
      state: 'Failed',
      endedAt: clock.now(),
      error: { code: 'E', message: 'm', nextStep: 'n', line: 1 },
    });
    expect(vscode.dialog).toMatchObject({
      kind: 'error',
      items: ['Open Line', 'Show Run', 'Resubmit', 'Copy Details'],
    });
    expect(vscode.dialog.text).toBe('archive failed after 1.2 s: E at line 1: m n');
    vscode.dialog.answer('Resubmit');
    await window.settle();
    agent.change('run-2', { state: 'Running', startedAt: clock.now() });
    agent.change('run-2', {
      state: 'Succeeded',
      endedAt: clock.now() + 12,
      outputs: { Files: 3, Token: { $type: 'secured' } },
    });
    expect(vscode.dialog.text).toBe('archive succeeded in 12 ms. Files = 3, Token = {}');
  });

  it('is not announced for the runs of others, nor against the setting', async () => {
    const window = await windowWith();
    const { agent, vscode, clock } = window;
    agent.running = true;
    await vscode.run(commandIds.startAgent);
    agent.queue('other', 'orders');
    agent.change('other', { state: 'Failed', endedAt: clock.now() });
    vscode.settings.set('desktopFlows.notifications', 'failures');
    await start(window);
    agent.change('run-2', { state: 'Succeeded', startedAt: 1, endedAt: 2 });
    expect(vscode.dialogs).toEqual([]);
    await start(window);
    const error = { code: 'WorkerLost', message: 'Its process ended.', nextStep: 'Resubmit it.' };
    agent.change('run-3', { state: 'Lost', startedAt: 1, endedAt: 2, error });
    expect(vscode.dialog).toMatchObject({
      kind: 'warning',
      text: 'archive was lost after 1 ms: WorkerLost: Its process ended. Resubmit it.',
    });
  });
});
