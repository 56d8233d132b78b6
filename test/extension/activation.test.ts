// Activation: what exists at once, and what waits until somebody needs it.
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ProductError } from '../../src/base/error.ts';
import {
  commandIds,
  fleetCommandIds,
  hiddenCommandIds,
  hiddenFleetCommandIds,
  viewIds,
} from '../../src/extension/names.ts';
import { detailCommandIds } from '../../src/extension/runDetails/names.ts';
import { Window } from './harness.ts';

it('registers commands and views at once and touches neither agent nor language server', () => {
  const window = new Window();
  window.vscode.open('/flows/archive.robin', 'SET a TO 1');
  window.activate();
  expect([...window.vscode.commands.keys()].sort()).toEqual(
    [commandIds, hiddenCommandIds, detailCommandIds, fleetCommandIds, hiddenFleetCommandIds]
      .flatMap((ids) => Object.values<string>(ids))
      .sort(),
  );
  expect([...window.vscode.trees.keys()]).toEqual(Object.values(viewIds));
  expect(window.agent.attached + window.agent.opened + window.languageCalls.length).toBe(0);
});

it('finds the icons of line status where it expects them', () => {
  const window = new Window();
  window.activate();
  expect(window.vscode.gutterIcons).toHaveLength(6);
  for (const icon of window.vscode.gutterIcons) expect(existsSync(icon), icon).toBe(true);
});

it('then starts the language server for an open flow, and looks for an agent without starting one', async () => {
  const window = new Window();
  window.vscode.open('/flows/archive.robin', 'SET a TO 1');
  window.activate();
  await window.settle();
  expect(window.languageCalls).toEqual(['start']);
  expect([window.agent.attached, window.agent.opened]).toEqual([1, 0]);
  expect(window.vscode.contexts.get('desktopFlows.agentState')).toBe('notStarted');
  expect(await window.vscode.renderTree(viewIds.machines)).toBe('');
  expect(window.vscode.statusBar).toBe(
    '$(vm-outline) Desktop Flows: agent not started | Desktop Flows: the agent is not started; it starts when you run a flow',
  );
});

it('leaves the language server alone until a flow is opened', async () => {
  const window = new Window();
  window.activate();
  await window.settle();
  expect(window.languageCalls).toEqual([]);
  window.vscode.open('/flows/archive.robin', '');
  expect(window.languageCalls).toEqual(['start']);
});

it('finds an agent that somebody else starts, but looks for it only while a view is open', async () => {
  const window = new Window();
  window.activate();
  await window.clock.advance(60_000);
  expect(window.agent.attached).toBe(1);
  window.vscode.setVisible(viewIds.machines, true);
  await window.clock.advance(6_000);
  expect(window.agent.attached).toBe(3);
  window.agent.running = true;
  await window.clock.advance(5_000);
  expect(await window.vscode.renderTree(viewIds.machines)).toBe(
    '[vm-active] DESK-7  Connected · 0 running, 0 queued  {machine own stoppable}',
  );
});

it('says why the agent cannot be reached, and what to do', async () => {
  const window = new Window();
  window.agent.failures.push(
    new ProductError(
      'NodeTooOld',
      'Node 22.15 cannot keep the run queue safely.',
      'Set desktopFlows.agent.nodePath.',
    ),
  );
  window.activate();
  await window.settle();
  await window.vscode.run(commandIds.startAgent);
  expect(window.agent.opened).toBe(1);
  expect(await window.vscode.renderTree(viewIds.machines)).toContain('DESK-7');

  window.agent.drop(1001);
  window.agent.failures.push(
    ...Array.from(
      { length: 9 },
      () => new ProductError('AgentUnreachable', 'Port 1 is closed.', 'Check the port.'),
    ),
  );
  await window.clock.advance(120_000);
  expect(await window.vscode.renderTree(viewIds.machines)).toBe(
    [
      '[error] This machine  Agent failed · AgentUnreachable  {machine own startable}',
      '  [info] Port 1 is closed.',
      '  [lightbulb] Check the port.',
    ].join('\n'),
  );
  expect(window.vscode.statusBar).toContain('Desktop Flows: agent cannot be reached');
});

it('explains itself when a command cannot do anything', async () => {
  const window = await Window.connected();
  window.vscode.open('/notes.txt', 'not a flow', 'plaintext');
  const said: string[] = [];
  for (const id of [
    commandIds.stopRun,
    commandIds.stopRunSafely,
    commandIds.pauseRun,
    commandIds.resumeRun,
    commandIds.resubmitRun,
    commandIds.showRun,
    commandIds.openFailingLine,
    commandIds.copyErrorDetails,
    commandIds.answerQuestion,
    commandIds.clearRunStatus,
    commandIds.startAgent,
    commandIds.runFlow,
  ]) {
    void window.vscode.run(id);
    await window.settle();
    said.push(window.vscode.dialog.text);
    window.vscode.dialog.answer(undefined);
  }
  expect(said).toEqual([
    'Nothing is running or queued.',
    'Nothing is running.',
    'Nothing is running that could be paused.',
    'No run is paused.',
    'No run has ended yet: there is nothing to resubmit.',
    'This window knows no runs yet. Run a flow, or start the agent to see its earlier runs.',
    'No run failed at a line.',
    'No run has an error.',
    'No flow is waiting for an answer.',
    'The active editor shows no run status.',
    'The agent is running already.',
    '"notes.txt" is not a flow. Open a .robin file and run it from there.',
  ]);
});

it('pauses a run, lets it go on and asks it to stop safely, only where that applies', async () => {
  const window = await Window.connected();
  const { agent, vscode, clock } = window;
  agent.queue('aaaa-1', 'archive');
  const row = { kind: 'run', runId: 'aaaa-1' };
  const flags = async () => /archive.*\{(.*)\}/.exec(await vscode.renderTree(viewIds.runQueue))?.[1];
  await window.settle();
  expect(await flags()).toBe('run active queued');
  void vscode.run(commandIds.pauseRun, row);
  await window.settle();
  expect(vscode.dialog.text).toBe('archive cannot be paused: Next to run.');
  vscode.dialog.answer(undefined);

  agent.change('aaaa-1', { state: 'Running', startedAt: clock.now() });
  await window.settle();
  expect(await flags()).toBe('run active begun running');
  // The only one that runs needs no choice.
  await vscode.run(commandIds.pauseRun);
  await window.settle();
  expect(await flags()).toBe('run active begun paused');
  await clock.advance(1_000);
  expect(vscode.statusBar).toBe('$(debug-pause) archive · paused | Desktop Flows: archive is paused');
  await vscode.run(commandIds.stopRunSafely, row);
  await vscode.run(commandIds.resumeRun, row);
  await window.settle();
  expect(await flags()).toBe('run active begun running');
  void vscode.run(commandIds.resumeRun, row);
  await window.settle();
  expect(vscode.dialog.text).toMatch(/^archive is not paused: Running/);
  vscode.dialog.answer(undefined);
  expect(
    agent.calls.map(({ method }) => method).filter((method) => /pause|resume|safe/i.test(method)),
  ).toEqual(['runs.pause', 'runs.safeStop', 'runs.resume']);
});
