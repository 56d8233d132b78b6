// The connection to the agent: what survives a lost link, who starts an agent and who does not.
import { expect, it } from 'vitest';
import { ProductError } from '../../src/base/error.ts';
import { commandIds, viewIds } from '../../src/extension/names.ts';
import { Window } from './harness.ts';

const machines = (window: Window) => window.vscode.renderTree(viewIds.machines);
/** What was called for the runs; machines are listed beside. */
const methods = (window: Window) =>
  window.agent.calls
    .map(({ method }) => method)
    .filter((method) => !/^(machines|groups|connections)\./.test(method));

it('asks for a list once, and after a loss only for what it missed', async () => {
  const window = await Window.connected();
  const { agent } = window;
  agent.queue('a', 'archive');
  agent.drop(1001, 'restarting');
  agent.running = true;
  agent.change('a', { state: 'Running', startedAt: window.clock.now() });
  agent.calls.length = 0;
  await window.clock.advance(1_000);
  expect(methods(window)).toEqual(['subscribe', 'agent.status']);
  expect(agent.called('subscribe')).toEqual([{ after: 1 }]);
  expect(await window.vscode.renderTree(viewIds.runQueue)).toContain('archive  Running');
});

it('reads the list again when the events it missed are gone', async () => {
  const window = await Window.connected();
  const { agent } = window;
  agent.queue('a', 'archive');
  agent.drop(1001);
  agent.running = true;
  agent.change('a', { state: 'Running', startedAt: 1 });
  agent.change('a', { state: 'Failed', endedAt: 2 });
  agent.events = agent.events.slice(-1);
  agent.calls.length = 0;
  await window.clock.advance(1_000);
  expect(methods(window).slice(0, 4)).toEqual(['subscribe', 'runs.list', 'queue.list', 'subscribe']);
  expect(await window.vscode.renderTree(viewIds.runQueue)).toContain('archive  Failed');
});

it('heals a hole in the events of a living link', async () => {
  const window = await Window.connected();
  const { agent } = window;
  agent.queue('a', 'archive');
  agent.events.push({ kind: 'log', seq: 2, at: 0, runId: 'a', level: 'info', message: 'lost on the way' });
  agent.change('a', { state: 'Running', startedAt: 1 });
  await window.settle();
  expect(agent.called('subscribe').at(-1)).toEqual({ after: 3 });
  expect(await window.vscode.renderTree(viewIds.runQueue)).toContain('archive  Running');
});

it('forgets what it knew when another agent answers', async () => {
  const window = await Window.connected();
  const { agent } = window;
  agent.queue('a', 'archive');
  agent.drop(1001);
  agent.machineId = 'm-2';
  agent.runs.length = 0;
  agent.queue('b', 'orders');
  agent.queue('c', 'invoices');
  agent.running = true;
  await window.clock.advance(1_000);
  const queue = await window.vscode.renderTree(viewIds.runQueue);
  expect([queue.includes('archive'), queue.includes('orders'), queue.includes('invoices')]).toEqual([
    false,
    true,
    true,
  ]);
});

it('forgets what it knew when the data folder was emptied', async () => {
  const window = await Window.connected();
  const { agent } = window;
  agent.queue('a', 'archive');
  agent.drop(1001);
  agent.events = [];
  agent.runs.length = 0;
  agent.running = true;
  await window.clock.advance(1_000);
  expect(await window.vscode.renderTree(viewIds.runQueue)).toBe('');
});

it('starts a killed agent again when runs were left unfinished, within five seconds', async () => {
  const window = await Window.connected();
  window.agent.queue('a', 'archive');
  window.agent.drop(1006);
  expect(await machines(window)).toBe(
    '[sync~spin] This machine  Connection lost, trying again (1) · 0 running, 1 queued when last seen  {machine own}',
  );
  await window.clock.advance(5_000);
  expect([window.agent.opened, await machines(window)]).toEqual([
    1,
    '[vm-active] DESK-7  Connected · 0 running, 1 queued  {machine own stoppable}',
  ]);
});

it('does not start an agent that somebody stopped on purpose, nor a dead one without work', async () => {
  for (const [code, work] of [
    [1001, true],
    [1006, false],
  ] as const) {
    const window = await Window.connected();
    if (work) window.agent.queue('a', 'archive');
    window.agent.drop(code);
    await window.clock.advance(120_000);
    expect([window.agent.opened, window.vscode.contexts.get('desktopFlows.agentState')]).toEqual([
      0,
      'notStarted',
    ]);
  }
});

it('stops the agent on request, after a question when runs are in progress', async () => {
  const window = await Window.connected();
  window.agent.queue('a', 'archive', { state: 'Running', startedAt: 1 });
  void window.vscode.run(commandIds.stopAgent);
  await window.settle();
  expect(window.vscode.dialog.text).toMatch(
    /^Stop the agent\? One run is in progress and will be canceled\./,
  );
  window.vscode.dialog.answer('Stop Agent');
  await window.clock.advance(60_000);
  expect(window.vscode.contexts.get('desktopFlows.agentState')).toBe('notStarted');
  expect(window.agent.opened).toBe(0);
});

it('does what Start Agent says while it is still trying to reconnect', async () => {
  const window = await Window.connected();
  window.agent.drop(1006);
  await window.vscode.run(commandIds.startAgent);
  expect([window.agent.opened, window.vscode.contexts.get('desktopFlows.agentState')]).toEqual([
    1,
    'connected',
  ]);
  await window.clock.advance(60_000);
  expect(window.agent.attached).toBe(1);
});

it('shows why a start failed, and recovers with the next one', async () => {
  const window = new Window();
  window.activate();
  await window.settle();
  window.agent.failures.push(
    new ProductError('NodeTooOld', 'Node 22.15 is too old.', 'Set desktopFlows.agent.nodePath.'),
  );
  void window.vscode.run(commandIds.startAgent);
  await window.settle();
  expect(window.vscode.dialog.text).toBe(
    'Node 22.15 is too old. Set desktopFlows.agent.nodePath. (NodeTooOld)',
  );
  expect(window.vscode.contexts.get('desktopFlows.agentState')).toBe('failed');
  await window.vscode.run(commandIds.startAgent);
  expect(await machines(window)).toContain('Connected');
});

it('asks only once for what a run did before the window listened', async () => {
  const window = new Window();
  const { agent } = window;
  agent.queue('a', 'archive', { state: 'Running', startedAt: 1 }, 'SET a TO 1');
  agent.lines('a', { line: 1, ms: 5 });
  agent.running = true;
  window.activate();
  const document = window.vscode.open('/flows/archive.robin', 'SET a TO 1');
  await window.settle();
  await window.settle();
  expect(window.vscode.renderEditor(document)).toBe(
    'SET a TO 1    ✓ 5 ms (editorCodeLens.foreground, ok.svg)',
  );
  expect(agent.called('runs.events')).toEqual([
    { runId: 'a', after: 0 },
    { runId: 'a', after: 2 },
  ]);
});

it('reads the earlier events of a run page by page, and goes on with the next link when one is lost', async () => {
  const window = new Window();
  const { agent } = window;
  const text = 'SET a TO 1\nSET b TO 2\nSET c TO 3';
  agent.queue('a', 'archive', { state: 'Running', startedAt: 1 }, text);
  for (const line of [1, 2, 3]) agent.lines('a', { line, ms: 5 });
  agent.running = true;
  agent.eventsPerPage = 1;
  window.activate();
  const document = window.vscode.open('/flows/archive.robin', text);
  agent.lostAfterPages = 2;
  await window.settle();
  expect(window.vscode.renderEditor(document)).toBe(text);
  agent.running = true;
  await window.clock.advance(1_000);
  expect(window.vscode.renderEditor(document).match(/✓ 5 ms/g)).toHaveLength(3);
});
