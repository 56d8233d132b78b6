// A failed run in the Problems view: there while it is true, gone as soon as it may not be any more.
import { expect, it } from 'vitest';
import { commandIds } from '../../src/extension/names.ts';
import { Window } from './harness.ts';

const text = ['SET Tries TO 1', '    File.Delete Files: Old', 'SET Done TO True'].join('\n');
const path = '/flows/archive.robin';
const error = {
  code: 'DirectoryNotFoundError',
  message: 'The folder "/nowhere" does not exist.',
  nextStep: 'Check the path.',
  file: path,
  line: 2,
  subflow: 'Main',
  action: 'File.Delete',
};
const problem = `${path}:2 Desktop Flows run: DirectoryNotFoundError: The folder "/nowhere" does not exist. Check the path.`;

async function failedRun() {
  const window = await Window.connected();
  const document = window.vscode.open(path, text);
  await window.vscode.run(commandIds.runFlow);
  window.agent.change('run-1', { state: 'Running', startedAt: window.clock.now() });
  window.agent.change('run-1', { state: 'Failed', endedAt: window.clock.now(), error });
  await window.settle();
  return { window, document, ...window };
}

it('stands at its line, which is brought into sight', async () => {
  const { vscode } = await failedRun();
  expect(vscode.problems).toEqual([problem]);
  expect(vscode.editors[0]?.revealed).toEqual([1]);
});

it('moves with its line, goes with an edit of that line, and is back when the edit is undone', async () => {
  const { window, vscode, document } = await failedRun();
  vscode.edit(document, 0, 0, 0, 0, '# first\n');
  await window.settle();
  expect(vscode.problems).toEqual([problem.replace(':2 ', ':3 ')]);
  vscode.edit(document, 2, 4, 2, 4, 'x');
  await window.settle();
  expect(vscode.problems).toEqual([]);
  vscode.edit(document, 2, 4, 2, 5, '');
  await window.settle();
  expect(vscode.problems).toHaveLength(1);
});

it('goes with the next run', async () => {
  const { window, vscode, agent } = await failedRun();
  await vscode.run(commandIds.resubmitRun, { kind: 'run', runId: 'run-1' });
  agent.change('run-2', { state: 'Running', startedAt: window.clock.now() });
  await window.settle();
  expect(vscode.problems).toEqual([]);
});

it('goes with Clear Run Status', async () => {
  const { window, vscode } = await failedRun();
  await vscode.run(commandIds.clearRunStatus);
  await window.settle();
  expect(vscode.problems).toEqual([]);
});

it('goes with its document, and is not guessed for a text that is not the one that ran', async () => {
  const { window, vscode, document } = await failedRun();
  vscode.close(document);
  expect(vscode.problems).toEqual([]);
  const other = vscode.open(path, `# changed elsewhere\n${text}`);
  await window.settle();
  expect(vscode.problems).toEqual([]);
  vscode.close(other);
  vscode.open(path, text);
  await window.settle();
  expect(vscode.problems).toEqual([problem]);
});

it('is not made of a run that succeeded or was canceled', async () => {
  const { window, vscode, agent } = await failedRun();
  for (const state of ['Succeeded', 'Canceled'] as const) {
    const { id } = agent.queue(state, 'archive', { startedAt: window.clock.now() }, text);
    agent.change(id, { state, endedAt: window.clock.now(), error });
    await window.settle();
    expect(vscode.problems).toEqual([]);
  }
});
