// When the agent or the language server fails: each failure is told in terms of what a person in VS Code can change, with the
// way there.
import { expect, it } from 'vitest';
import { ProductError } from '../../src/base/error.ts';
import { inTermsOfSettings } from '../../src/extension/localAgent.ts';
import { commandIds, viewIds } from '../../src/extension/names.ts';
import { detailCommandIds } from '../../src/extension/runDetails/names.ts';
import { Window } from './harness.ts';

const tooOld = new ProductError(
  'NodeTooOld',
  'The agent cannot run on Node 22.15.1: its SQLite can damage the run store.',
  'Use Node 22.22.3 or later, or 24.15 or later.',
);
const nextStep = (error: ProductError, nodePath: string) =>
  (inTermsOfSettings(error, nodePath, '/data') as ProductError).nextStep;

it('an old Node: names the setting, and whose Node it was', () => {
  expect(nextStep(tooOld, '')).toBe(
    'VS Code runs the agent on the Node inside itself unless the setting desktopFlows.agent.nodePath names another. Set it to the path of Node 22.22.3 or later, or 24.15 or later.',
  );
  expect(nextStep(tooOld, '/opt/node20')).toBe(
    'The setting desktopFlows.agent.nodePath names this Node (/opt/node20). Set it to the path of Node 22.22.3 or later, or 24.15 or later.',
  );
});

it('a Node or a data folder that cannot be used: names the setting only when it can be the reason', () => {
  const notStarted = new ProductError('AgentNotStarted', 'It ended with exit code 1.', 'Read agent.log.');
  expect(nextStep(notStarted, '')).toBe('Read agent.log.');
  expect(nextStep(notStarted, '/gone/node')).toMatch(
    /desktopFlows\.agent\.nodePath, which names \/gone\/node/,
  );
  const unusable = new ProductError('DataFolderUnusable', 'It cannot be written.', 'Set DESKTOP_FLOWS_HOME.');
  expect(nextStep(unusable, '')).toBe(
    'Make /data writable, or name another folder in the setting desktopFlows.dataFolder.',
  );
  const other = new Error('not ours');
  expect(inTermsOfSettings(other, '', '')).toBe(other);
});

it('a next step that names a setting opens it, from the message and from the Machines view', async () => {
  const window = new Window();
  window.activate();
  await window.settle();
  const { vscode, agent } = window;
  agent.failures.push(inTermsOfSettings(tooOld, '', '') as ProductError);
  void vscode.run(commandIds.startAgent);
  await window.settle();
  expect(vscode.dialog.items).toEqual(['Open Setting', 'Show Log']);
  vscode.dialog.answer('Open Setting');
  await window.settle();
  expect(vscode.executed).toContain('workbench.action.openSettings @id:desktopFlows.agent.nodePath');

  const { provider } = vscode.trees.get(viewIds.machines) as NonNullable<ReturnType<typeof vscode.trees.get>>;
  const [machine] = (await provider.getChildren(undefined)) as unknown[];
  const rows = (await provider.getChildren(machine)) as unknown[];
  const commands = await Promise.all(rows.map(async (row) => (await provider.getTreeItem(row)).command));
  expect(commands).toEqual([
    undefined,
    {
      title: 'Open Setting',
      command: 'workbench.action.openSettings',
      arguments: [{ query: '@id:desktopFlows.agent.nodePath' }],
    },
  ]);
});

it('a language server that crashed too often: says what is missing and restarts it', async () => {
  const window = await Window.connected();
  window.languageGaveUp();
  expect(window.vscode.dialog).toMatchObject({
    kind: 'error',
    items: ['Restart Language Server', 'Show Log'],
  });
  window.vscode.dialog.answer('Restart Language Server');
  await window.settle();
  expect(window.languageCalls).toEqual(['restart']);
});

it('an agent that is gone while the page of a run is open: the page says that it shows the past', async () => {
  const window = await Window.connected();
  const { agent, vscode } = window;
  const run = agent.queue('aaaa-1', 'archive');
  agent.change(run.id, { state: 'Running', startedAt: window.clock.now() });
  await vscode.run(detailCommandIds.showRunAsText, { kind: 'run', runId: run.id });
  const page = vscode.api.window.activeTextEditor?.document.uri as unknown as { scheme: string };
  expect(vscode.page(page)).toContain('State: Running\n');
  agent.drop(1001);
  expect(vscode.page(page)).toContain('State: Running when last seen (the agent is not connected)\n');
});

it('the buttons above the page of a run are those that its state allows', async () => {
  const window = await Window.connected();
  const { agent, vscode } = window;
  const flags = () => vscode.contexts.get('desktopFlows.shownRun');
  const run = agent.queue('aaaa-1', 'archive');
  await vscode.run(detailCommandIds.showRunAsText, { kind: 'run', runId: run.id });
  await window.settle();
  expect(flags()).toBe('run active queued');
  const error = { code: 'E', message: 'm', nextStep: 'n', line: 1 };
  agent.change(run.id, { state: 'Failed', error });
  await window.settle();
  expect(flags()).toBe('run finished error line');
  vscode.open('/flows/archive.robin', '');
  await window.settle();
  expect(flags()).toBe('');
});
