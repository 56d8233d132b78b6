// The Display actions: which question is asked, and what becomes of the answer.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { displayActions } from '../../../src/runtime/actions/display.ts';
import type { HostQuestion } from '../../../src/runtime/host.ts';
import {
  Datatable,
  type FileValue,
  FlowDatetime,
  type FolderValue,
  type Value,
} from '../../../src/runtime/values.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeHost, type Reaction } from '../../fakes/host.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const clock = () => new FakeClock({ start: new Date(2026, 0, 31, 14, 30, 0).getTime(), automatic: true });

/** Runs one action against scripted answers; gives its outputs and everything that was asked. */
async function play(
  id: string,
  given: Record<string, Value>,
  answers: readonly Reaction[],
  folder = '/flows',
) {
  const host = new FakeHost({ answers, clock: clock() });
  const context = contextIn(folder, { host });
  const { outputs = {} } = await runAction(displayActions, `Display.${id}`, given, context);
  return { outputs, asked: host.asked, secrets: context.secrets };
}
const ok = (...values: string[]): Reaction => ({ button: 'OK', values });
const cancel: Reaction = { button: 'Cancel', values: [] };

describe('message', () => {
  test.each<[Record<string, Value>, Partial<HostQuestion>]>([
    [
      { Title: 'T', Message: 'M' },
      { kind: 'message', title: 'T', message: 'M', options: ['OK'], preset: 'OK' },
    ],
    [
      { Buttons: 'YesNo', DefaultButton: 'Button2' },
      { options: ['Yes', 'No'], preset: 'No' },
    ],
    [
      { Buttons: 'OKCancel', DefaultButton: 'Button3' },
      { options: ['OK', 'Cancel'], preset: 'OK' },
    ],
    [
      { Buttons: 'YesNoCancel', Icon: 'Question' },
      { options: ['Yes', 'No', 'Cancel'], icon: 'question' },
    ],
    [
      { Buttons: 'AbortRetryIgnore', Icon: 'ErrorIcon' },
      { options: ['Abort', 'Retry', 'Ignore'], icon: 'error' },
    ],
    [
      { Buttons: 'RetryCancel', Icon: 'Warning' },
      { options: ['Retry', 'Cancel'], icon: 'warning' },
    ],
    [{ Icon: 'Information' }, { icon: 'info' }],
  ])('%j asks %j', async (given, question) => {
    const pressed = question.options?.at(-1) ?? 'OK';
    const { outputs, asked } = await play('ShowMessageDialog.ShowMessage', given, [
      { button: pressed, values: [] },
    ]);
    expect(outputs).toEqual({ ButtonPressed: pressed });
    expect(asked).toEqual([expect.objectContaining(question)]);
    expect(asked[0]).not.toHaveProperty('timeoutSeconds');
  });

  test('closes by itself when it is to', async () => {
    const given = { Title: 'T', Message: 'M', Timeout: 7 };
    const { asked } = await play('ShowMessageDialog.ShowMessageWithTimeout', given, [ok()]);
    expect(asked[0]?.timeoutSeconds).toBe(7);
  });

  test('a dialog nobody can see, or an answer that is none, is the documented error', async () => {
    const show = (answers: readonly Reaction[]) =>
      play('ShowMessageDialog.ShowMessage', { Title: 'T' }, answers);
    expect(await errorOf(show([]))).toMatch(/^DisplayMessageBoxError: The dialog "T" could not be shown: /);
    expect(await errorOf(show([{ button: 'Maybe', values: [] }]))).toMatch(
      /^DisplayMessageBoxError: .*"Maybe"/,
    );
  });

  test('a stopped run closes the dialog', async () => {
    const controller = new AbortController();
    const context = contextIn('/flows', {
      host: new FakeHost({ answers: ['never'] }),
      signal: controller.signal,
    });
    const work = runAction(displayActions, 'Display.ShowMessageDialog.ShowMessage', {}, context);
    controller.abort(new Error('the run was stopped'));
    await expect(work).rejects.toBe(controller.signal.reason);
  });
});

describe('input', () => {
  test('text with a default value', async () => {
    const { outputs, asked, secrets } = await play('InputDialog', { Title: 'T', DefaultValue: 'x' }, [
      ok('typed'),
    ]);
    expect(outputs).toEqual({ UserInput: 'typed', ButtonPressed: 'OK' });
    expect(asked).toEqual([{ kind: 'input', title: 'T', message: '', preset: 'x' }]);
    expect(secrets).toEqual([]);
  });

  test('several lines', async () => {
    const { asked } = await play('InputDialog', { InputType: 'Multiline' }, [ok('a\nb')]);
    expect(asked[0]).toMatchObject({ kind: 'input', multiline: true });
  });

  test('cancelled gives an empty text', async () => {
    const { outputs } = await play('InputDialog', { DefaultValue: 'x' }, [cancel]);
    expect(outputs).toEqual({ UserInput: '', ButtonPressed: 'Cancel' });
  });

  test('a password is a secret, its default never leaves, and an empty answer stands for it', async () => {
    const given = { InputType: 'Password', DefaultValue: 'old-pw' };
    const typed = await play('InputDialog', given, [ok('hunter2')]);
    expect(typed.outputs).toEqual({ UserInput: 'hunter2', ButtonPressed: 'OK' });
    expect(typed.secrets).toEqual(['old-pw', 'hunter2']);
    expect(JSON.stringify(typed.asked)).not.toContain('old-pw');
    expect(typed.asked[0]?.kind).toBe('password');
    expect((await play('InputDialog', given, [ok('')])).outputs.UserInput).toBe('old-pw');
    expect((await play('InputDialog', given, [cancel])).outputs.UserInput).toBe('');
  });
});

describe('dates', () => {
  test.each<[Record<string, Value>, string, string, FlowDatetime]>([
    [{}, '2026-01-31', '2024-02-29', FlowDatetime.of(2024, 2, 29)],
    [{}, '2026-01-31', '2024-02-29 10:00', FlowDatetime.of(2024, 2, 29)],
    [
      { DateDialogFormat: 'DateAndTime' },
      '2026-01-31 14:30:00',
      '2024-02-29T10:11:12',
      FlowDatetime.of(2024, 2, 29, 10, 11, 12),
    ],
    [
      { DefaultValue: FlowDatetime.of(2020, 5, 6, 7) },
      '2020-05-06',
      '2020-05-06',
      FlowDatetime.of(2020, 5, 6),
    ],
  ])('%j proposes %s and reads %s', async (given, preset, answer, SelectedDate) => {
    const { outputs, asked } = await play('SelectDateDialog.SelectDate', given, [ok(answer)]);
    expect(outputs).toEqual({ SelectedDate, ButtonPressed: 'OK' });
    expect(asked).toEqual([{ kind: 'date', title: '', message: '', preset }]);
  });

  test('what is no date is asked for again, with the form to use', async () => {
    const { outputs, asked } = await play('SelectDateDialog.SelectDate', { Message: 'When?' }, [
      ok('2024-02-30'),
      ok(''),
      ok('2024-03-01'),
    ]);
    expect(outputs.SelectedDate).toEqual(FlowDatetime.of(2024, 3, 1));
    expect(asked.map((question) => question.message)).toEqual([
      'When?',
      'When?\nWrite the date as 2026-01-31.',
      'When?\nWrite the date as 2026-01-31.',
    ]);
  });

  test('a range is two questions; cancelling one cancels both', async () => {
    const done = await play('SelectDateDialog.SelectDateRange', { Message: 'Stay' }, [
      ok('2024-01-01'),
      ok('2024-01-05'),
    ]);
    expect(done.outputs).toEqual({
      SelectedDate: FlowDatetime.of(2024, 1, 1),
      SecondSelectedDate: FlowDatetime.of(2024, 1, 5),
      ButtonPressed: 'OK',
    });
    expect(done.asked.map((question) => question.message)).toEqual([
      'Stay (first date)',
      'Stay (second date)',
    ]);
    const nothing = { SelectedDate: null, SecondSelectedDate: null, ButtonPressed: 'Cancel' };
    expect((await play('SelectDateDialog.SelectDateRange', {}, [cancel])).outputs).toEqual(nothing);
    expect((await play('SelectDateDialog.SelectDateRange', {}, [ok('2024-01-01'), cancel])).outputs).toEqual(
      nothing,
    );
  });
});

describe('lists', () => {
  test.each<[Value, string[]]>([
    [
      ['red', 2, true],
      ['red', '2', 'True'],
    ],
    ['red\r\ngreen\n\nblue\n', ['red', 'green', 'blue']],
    [
      new Datatable(
        ['c', 'd'],
        [
          ['red', 1],
          ['blue', 2],
        ],
      ),
      ['red', 'blue'],
    ],
  ])('the entries of %j are %j', async (List, options) => {
    const { asked } = await play('SelectFromListDialog.SelectFromList', { List }, [cancel]);
    expect(asked[0]).toEqual({ kind: 'choice', title: '', message: '', options });
  });

  test.each<[string, Record<string, Value>, Reaction[], Record<string, Value>]>([
    ['one', {}, [ok('b')], { SelectedItem: 'b', SelectedIndex: 1, ButtonPressed: 'OK' }],
    [
      'asks again until an entry is chosen',
      {},
      [ok(), ok('x'), ok('a')],
      { SelectedItem: 'a', SelectedIndex: 0, ButtonPressed: 'OK' },
    ],
    [
      'none, when that is allowed',
      { AllowEmpty: true },
      [ok()],
      { SelectedItem: '', SelectedIndex: -1, ButtonPressed: 'OK' },
    ],
    ['cancelled', {}, [cancel], { SelectedItem: '', SelectedIndex: -1, ButtonPressed: 'Cancel' }],
  ])('%s', async (_, given, answers, expected) => {
    const { outputs } = await play(
      'SelectFromListDialog.SelectFromList',
      { List: ['a', 'b'], ...given },
      answers,
    );
    expect(outputs).toEqual(expected);
  });

  test('a value of one’s own', async () => {
    const own = await play('SelectFromListDialog.SelectFromListOrInsertValue', { List: ['a', 'b'] }, [
      ok(''),
      ok('mine'),
    ]);
    expect(own.outputs).toEqual({ SelectedItem: 'mine', SelectedIndex: -1, ButtonPressed: 'OK' });
    expect(own.asked[0]).toMatchObject({ kind: 'input', options: ['a', 'b'] });
    const listed = await play('SelectFromListDialog.SelectFromListOrInsertValue', { List: ['a', 'b'] }, [
      ok('b'),
    ]);
    expect(listed.outputs.SelectedIndex).toBe(1);
  });

  test.each<[string, Record<string, Value>, Reaction[], Record<string, Value>]>([
    [
      'several',
      {},
      [ok('c', 'a')],
      { SelectedItems: ['c', 'a'], SelectedIndexes: [2, 0], ButtonPressed: 'OK' },
    ],
    [
      'at least one',
      {},
      [ok(), ok('x'), ok('b')],
      { SelectedItems: ['b'], SelectedIndexes: [1], ButtonPressed: 'OK' },
    ],
    [
      'none, when that is allowed',
      { AllowEmpty: true },
      [ok()],
      { SelectedItems: [], SelectedIndexes: [], ButtonPressed: 'OK' },
    ],
    ['cancelled', {}, [cancel], { SelectedItems: [], SelectedIndexes: [], ButtonPressed: 'Cancel' }],
  ])('%s', async (_, given, answers, expected) => {
    const all = { List: ['a', 'b', 'c'], ...given };
    const { outputs } = await play('SelectFromListDialog.SelectItemsFromList', all, answers);
    expect(outputs).toEqual(expected);
  });

  test('entries marked with a plus are preselected, and the plus is not part of them', async () => {
    const List = ['+a', 'b', '+c'];
    const marked = { List, PreSelectItemsWithPlus: true };
    const { asked, outputs } = await play('SelectFromListDialog.SelectItemsFromList', marked, [ok('a')]);
    expect(asked[0]).toMatchObject({ kind: 'choices', options: ['a', 'b', 'c'], preset: 'a\nc' });
    expect(outputs.SelectedItems).toEqual(['a']);
    expect(
      (await play('SelectFromListDialog.SelectItemsFromList', { List }, [cancel])).asked[0]?.options,
    ).toEqual(List);
  });
});

describe('files and folders', () => {
  const temporary = temporaryFolder();
  let folder: string;
  beforeEach(async () => {
    folder = await temporary();
    await writeFile(join(folder, 'a.txt'), 'a');
    await mkdir(join(folder, 'sub'));
  });
  const path = (value: Value | undefined) => (value as FileValue | FolderValue).path;

  test('a file: title, filter and first folder are passed on; a relative answer is meant from the flow', async () => {
    const given = { Title: 'T', FileFilter: '*.txt', InitialDirectory: 'sub' };
    const { outputs, asked } = await play('SelectFileDialog.SelectFile', given, [ok('a.txt')], folder);
    expect(path(outputs.SelectedFile)).toBe(join(folder, 'a.txt'));
    expect((outputs.SelectedFile as FileValue).properties.get('Size')).toBe(1);
    expect(asked).toEqual([
      { kind: 'file', title: 'T', message: '', filter: '*.txt', preset: join(folder, 'sub') },
    ]);
  });

  test('a file that must exist is asked for until it does', async () => {
    const answers = [ok('no.txt'), ok(), ok('sub'), ok('a.txt')];
    const { outputs, asked } = await play(
      'SelectFileDialog.SelectFile',
      { CheckIfFileExists: true },
      answers,
      folder,
    );
    expect(path(outputs.SelectedFile)).toBe(join(folder, 'a.txt'));
    expect(asked).toHaveLength(4);
    const free = await play('SelectFileDialog.SelectFile', {}, [ok('no.txt')], folder);
    expect((free.outputs.SelectedFile as FileValue).properties.get('Exists')).toBe(false);
  });

  test('several files', async () => {
    const { outputs, asked } = await play('SelectFileDialog.SelectFiles', {}, [ok('a.txt', 'b.txt')], folder);
    expect((outputs.SelectedFiles as Value[]).map(path)).toEqual([
      join(folder, 'a.txt'),
      join(folder, 'b.txt'),
    ]);
    expect(asked[0]?.kind).toBe('files');
  });

  test('a folder', async () => {
    const { outputs, asked } = await play(
      'SelectFolder',
      { Description: 'D' },
      [ok('a.txt'), ok('sub')],
      folder,
    );
    expect(path(outputs.SelectedFolder)).toBe(join(folder, 'sub'));
    expect(asked[1]).toMatchObject({ kind: 'folder', title: 'D', message: 'Choose a folder that exists.' });
  });

  test('cancelled dialogs give empty values', async () => {
    expect((await play('SelectFileDialog.SelectFile', {}, [cancel])).outputs).toEqual({
      SelectedFile: '',
      ButtonPressed: 'Cancel',
    });
    expect((await play('SelectFileDialog.SelectFiles', {}, [cancel])).outputs).toEqual({
      SelectedFiles: [],
      ButtonPressed: 'Cancel',
    });
    expect((await play('SelectFolder', {}, [cancel])).outputs).toEqual({
      SelectedFolder: '',
      ButtonPressed: 'Cancel',
    });
  });
});
