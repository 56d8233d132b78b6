// Questions of flows: which dialog, which answer, and what happens when somebody else answers or nobody does.
import { expect, it } from 'vitest';
import { commandIds } from '../../src/extension/names.ts';
import type { Question } from '../../src/protocol/run.ts';
import { Window } from './harness.ts';

/** A window whose own flow `run-1` is running and asks `question`. */
async function asked(question: Partial<Question>): Promise<Window> {
  const window = await Window.connected();
  window.vscode.open('/flows/archive.robin', '');
  await window.vscode.run(commandIds.runFlow);
  window.agent.change('run-1', { state: 'Running', startedAt: window.clock.now() });
  ask(window, question);
  await window.settle();
  return window;
}

const ask = (window: Window, question: Partial<Question>) =>
  window.agent.emit({
    kind: 'question',
    runId: 'run-1',
    question: { id: 'q1', kind: 'message', title: 'Title', message: 'Message', ...question },
  });

async function reply(window: Window, choice: unknown): Promise<unknown> {
  window.vscode.dialog.answer(choice);
  await window.settle();
  return window.agent.called('runs.answer').at(-1)?.answer;
}

it.each<[string, Partial<Question>, string, unknown, unknown]>([
  [
    'message',
    { options: ['Yes', 'No'], preset: 'No', icon: 'warning' },
    'modal warning',
    'Yes',
    { button: 'Yes', values: [] },
  ],
  ['message without buttons', {}, 'modal info', 'OK', { button: 'OK', values: [] }],
  ['input', { kind: 'input', preset: 'x' }, 'input', 'typed', { button: 'OK', values: ['typed'] }],
  ['date', { kind: 'date' }, 'input', ' 2026-01-31 ', { button: 'OK', values: ['2026-01-31'] }],
  ['choice', { kind: 'choice', options: ['a', 'b'] }, 'pick', 'b', { button: 'OK', values: ['b'] }],
  [
    'choices',
    { kind: 'choices', options: ['a', 'b', 'c'] },
    'pick',
    ['a', 'c'],
    { button: 'OK', values: ['a', 'c'] },
  ],
  [
    'files',
    { kind: 'files' },
    'open',
    [{ fsPath: '/a' }, { fsPath: '/b' }],
    { button: 'OK', values: ['/a', '/b'] },
  ],
  ['newFile', { kind: 'newFile' }, 'save', { fsPath: '/new.csv' }, { button: 'OK', values: ['/new.csv'] }],
])('%s', async (_name, question, dialog, choice, expected) => {
  const window = await asked(question);
  expect(window.vscode.dialog.kind).toBe(dialog);
  expect(await reply(window, choice)).toEqual(expected);
  expect(window.vscode.dialogs).toEqual([]);
});

it('puts the default button first, masks a password, filters files by ending', async () => {
  expect((await asked({ options: ['Yes', 'No'], preset: 'No' })).vscode.dialog.items).toEqual(['No', 'Yes']);
  expect((await asked({ kind: 'password' })).vscode.dialog.options.password).toBe(true);
  expect((await asked({ kind: 'file', filter: '*.txt;*.csv' })).vscode.dialog.options.filters).toEqual({
    '*.txt;*.csv': ['txt', 'csv'],
    'All files': ['*'],
  });
});

it('proposes every entry that the flow has chosen beforehand', async () => {
  const entries = { options: ['a', 'b', 'c'], preset: 'a\nc' };
  expect((await asked({ kind: 'choices', ...entries })).vscode.dialog.options.picked).toEqual(['a', 'c']);
  expect((await asked({ kind: 'choice', ...entries, preset: 'b' })).vscode.dialog.options.picked).toEqual([
    'b',
  ]);
});

it('takes the dialog back when the question was answered elsewhere', async () => {
  const window = await asked({ kind: 'input' });
  window.agent.emit({ kind: 'answered', runId: 'run-1', questionId: 'q1', by: 'grace' });
  await window.settle();
  expect(window.vscode.dialogs).toEqual([]);
  expect(window.agent.called('runs.answer')).toEqual([]);
});

it('takes the dialog back when its run ends', async () => {
  const window = await asked({ kind: 'input' });
  window.agent.change('run-1', { state: 'Canceled', endedAt: window.clock.now() });
  await window.settle();
  expect(window.vscode.dialogs.filter(({ kind }) => kind === 'input')).toEqual([]);
});

it('keeps the question of a dialog that was closed, and opens it again on request', async () => {
  const window = await asked({ kind: 'input' });
  expect(await reply(window, undefined)).toBeUndefined();
  expect(window.vscode.dialog.text).toBe('archive still waits for an answer: Title');
  window.vscode.dialog.answer(undefined);
  await window.vscode.run(commandIds.answerQuestion);
  await window.settle();
  expect(window.vscode.dialog.kind).toBe('input');
  expect(await reply(window, 'late')).toEqual({ button: 'OK', values: ['late'] });
});

it('can cancel the original dialog, which is an answer too', async () => {
  const window = await asked({ kind: 'choice', options: ['a'] });
  await reply(window, undefined);
  expect(await reply(window, 'Cancel the Dialog')).toEqual({ button: 'Cancel', values: [] });
});

it('shows one dialog at a time and none twice', async () => {
  const window = await asked({ kind: 'input' });
  ask(window, { id: 'q2', kind: 'choice', options: ['a'] });
  await window.vscode.run(commandIds.answerQuestion);
  await window.settle();
  expect(window.vscode.dialogs.map(({ kind }) => kind)).toEqual(['input']);
  await reply(window, 'x');
  expect(window.vscode.dialogs.map(({ kind }) => kind)).toEqual(['pick']);
});

it('does not open by itself for the run of somebody else', async () => {
  const window = await Window.connected();
  window.agent.queue('other', 'orders', { state: 'Running', startedAt: 1 });
  window.agent.emit({
    kind: 'question',
    runId: 'other',
    question: { id: 'q', kind: 'input', title: '', message: 'Name?' },
  });
  await window.settle();
  expect(window.vscode.dialogs).toEqual([]);
  expect(window.vscode.statusBar).toContain('orders waits for your answer');
});

it('finds the open question of its own run again after the window was reloaded', async () => {
  const before = await asked({ kind: 'input' });
  before.dispose();
  const after = new Window();
  Object.assign(after, { agent: before.agent, memory: before.memory });
  after.activate();
  await after.settle();
  expect(after.vscode.dialog).toMatchObject({ kind: 'input', text: 'Message' });
});
