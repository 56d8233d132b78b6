// What a flow asks, as real windows, answered by the drivers of the Desktop as a person would: by mouse, keyboard and controls.
import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Desktop, ElementFacts, WindowFacts } from '../../src/desktop/desktop.ts';
import { type Answer, type Question, questionsIn } from '../../src/desktop/questions.ts';
import { startDesktop } from '../../src/desktop/thread.ts';
import { temporaryFolder, until } from './harness.ts';

const source = (name: string) => new URL(`../../src/desktop/${name}`, import.meta.url);
const ask = questionsIn(source('windows/questionThread.ts'));
const { signal } = new AbortController();
const key = { tab: 9, enter: 13, escape: 27, space: 32, down: 40 } as const;

let desktop: Desktop;
before(() => {
  desktop = startDesktop({ thread: source('threadMain.ts') });
});
after(() => desktop.dispose());

const press = (...keys: readonly number[]) =>
  desktop.keys(
    keys.map((one) => ({ kind: 'press', key: one }) as const),
    20,
    signal,
  );
const write = (text: string) =>
  desktop.keys(
    [...text].map((character) => ({ kind: 'character', character }) as const),
    5,
    signal,
  );

async function windowOf(title: string): Promise<WindowFacts> {
  const found = await until(`the window ${title}`, async () =>
    (await desktop.windows(signal)).find((one) => one.title === title && one.isVisible && one.isForeground),
  );
  // The focus follows the window.
  await new Promise((resolve) => setTimeout(resolve, 150));
  return found;
}

async function element(title: string, selector: string): Promise<ElementFacts> {
  const written = (text: string) => [{ name: 'written', text, levels: [] }];
  return until(`${selector} in ${title}`, async () => {
    const query = { window: written(`:desktop > window[Name="${title}"]`), protocol: 'win32' };
    return (await desktop.find({ ...query, selectors: written(selector) }, signal)).found?.[0];
  });
}

/** Shows a question, has `act` answer its window, and gives what came back. */
async function answered(question: Question, act: (title: string) => Promise<void>): Promise<Answer> {
  const answer = ask(question, signal);
  answer.catch(() => undefined);
  await windowOf(question.title);
  await act(question.title);
  return answer;
}

test('a message: its buttons by mouse, by keyboard, and the default one', async () => {
  const message = { kind: 'message', message: 'Geht das?\nIt does, and more.', icon: 'question' } as const;
  const yesNo = { ...message, title: 'Yes or no', options: ['Yes', 'No'], preset: 'No' };
  assert.deepEqual(await answered(yesNo, () => press(key.enter)), { button: 'No', values: [] });
  assert.deepEqual(
    await answered(yesNo, async (title) => {
      const text = await element(title, 'text[Id="100"]');
      assert.equal(text.name, 'Geht das?\nIt does, and more.');
      const yes = await element(title, 'button[Name="Yes"]');
      await desktop.moveMouse(
        await desktop.clickPoint(yes.ref, { position: 'Center', offset: { x: 0, y: 0 } }, signal),
        0,
        signal,
      );
      await desktop.mouseButton('left', 'click', signal);
    }),
    { button: 'Yes', values: [] },
  );
  // Neither is a way out: Escape changes nothing.
  assert.deepEqual(
    await answered(yesNo, async () => {
      await press(key.escape);
      await press(key.tab, key.space);
    }),
    { button: 'Yes', values: [] },
  );
  const three = { ...message, title: 'Three', options: ['Yes', 'No', 'Cancel'] };
  assert.equal((await answered(three, () => press(key.escape))).button, 'Cancel');
  const one = { ...message, title: 'Only one' };
  assert.equal(
    (
      await answered(one, async (title) =>
        desktop.changeWindow((await windowOf(title)).handle, { kind: 'close' }, signal),
      )
    ).button,
    'OK',
  );
});

test('a text, lines, and a password that nothing can read', async () => {
  const text = { kind: 'input', title: 'Name', message: 'Your name', preset: 'Ada' } as const;
  assert.deepEqual(
    await answered(text, async (title) => {
      const edit = await element(title, 'edit[Id="101"]');
      assert.equal((await desktop.state(edit.ref, signal)).value, 'Ada');
      await write('Zoë 😀');
      await press(key.enter);
    }),
    { button: 'OK', values: ['Zoë 😀'] },
  );
  assert.deepEqual(await answered(text, () => press(key.escape)), { button: 'Cancel', values: [] });
  const lines = { ...text, title: 'Lines', multiline: true, preset: 'a\nb' };
  assert.deepEqual(
    await answered(lines, async (title) => {
      await desktop.change((await element(title, 'button[Name="OK"]')).ref, { kind: 'invoke' }, signal);
    }),
    { button: 'OK', values: ['a\r\nb'] },
  );
  assert.deepEqual(
    await answered({ kind: 'password', title: 'Password', message: 'For the bank' }, async (title) => {
      const edit = await element(title, 'edit[Id="101"]');
      assert.ok(edit.isPassword);
      await write('s€cret');
      assert.equal((await desktop.state(edit.ref, signal)).value, undefined);
      await press(key.enter);
    }),
    { button: 'OK', values: ['s€cret'] },
  );
});

test('one or several of a list, or something else', async () => {
  const options = ['Äpfel', 'Birnen', 'Kirschen'];
  const one = { kind: 'choice', title: 'One', message: 'Which?', options, preset: 'Äpfel' } as const;
  assert.deepEqual(await answered(one, () => press(key.down, key.enter)), {
    button: 'OK',
    values: ['Birnen'],
  });
  const many = { ...one, kind: 'choices', title: 'Many', preset: 'Äpfel\nKirschen' } as const;
  assert.deepEqual(await answered(many, () => press(key.enter)), {
    button: 'OK',
    values: ['Äpfel', 'Kirschen'],
  });
  assert.deepEqual(
    await answered(many, async (title) => {
      const list = await element(title, 'list[Id="101"]');
      await desktop.change(
        list.ref,
        { kind: 'selectItems', items: ['Birnen'], isRegularExpression: false },
        signal,
      );
      await press(key.enter);
    }),
    { button: 'OK', values: ['Birnen'] },
  );
  const free = { kind: 'input', title: 'Free', message: 'Which?', options } as const;
  assert.deepEqual(
    await answered(free, async () => {
      await write('Quitten');
      await press(key.enter);
    }),
    { button: 'OK', values: ['Quitten'] },
  );
});

test('a date, with and without a time', async () => {
  const date = { kind: 'date', title: 'Day', message: 'When?', preset: '2026-03-09' } as const;
  assert.deepEqual(await answered(date, () => press(key.enter)), { button: 'OK', values: ['2026-03-09'] });
  const time = { ...date, title: 'Moment', preset: '2026-03-09 14:05:06' };
  assert.deepEqual(await answered(time, () => press(key.enter)), {
    button: 'OK',
    values: ['2026-03-09 14:05:06'],
  });
});

test('a file by the dialog of the system', async () => {
  using folder = temporaryFolder('choose');
  writeFileSync(join(folder.path, 'größe.txt'), '1');
  const file = { kind: 'file', title: 'Pick it', message: '', preset: folder.path, filter: '*.txt' } as const;
  assert.deepEqual(
    await answered(file, async () => {
      await write('größe.txt');
      await press(key.enter);
    }),
    { button: 'OK', values: [join(folder.path, 'größe.txt')] },
  );
  assert.deepEqual(await answered({ ...file, kind: 'files', title: 'Pick some' }, () => press(key.escape)), {
    button: 'Cancel',
    values: [],
  });
});

test('a folder by the dialog of the system', async () => {
  // Wine's dialog does not show folders that are hidden.
  const folder = mkdtempSync(join(homedir(), 'choose ü '));
  const answer = ask({ kind: 'folder', title: 'Where to', message: '', preset: folder }, signal);
  const own = process.pid;
  const shown = await until('the dialog', async () =>
    (await desktop.windows(signal)).find((one) => one.processId === own && one.isVisible && one.title !== ''),
  );
  // It goes to the folder once it stands.
  await new Promise((resolve) => setTimeout(resolve, 700));
  await until('the folder', async () => {
    await desktop.changeWindow(shown.handle, { kind: 'focus' }, signal);
    const ok = await desktop.find(
      {
        window: [],
        inside: shown.handle,
        selectors: [{ name: 'written', text: 'button[Id="1"]', levels: [] }],
        protocol: 'win32',
      },
      signal,
    );
    if (ok.found?.[0]?.isEnabled !== true) return false;
    await desktop.change(ok.found[0].ref, { kind: 'invoke' }, signal);
    return true;
  });
  assert.deepEqual(await answer, { button: 'OK', values: [folder] });
  rmdirSync(folder);
});

test('stays on top where that is wanted, and goes away when it is taken back', async () => {
  for (const question of [
    { kind: 'message', title: 'Taken back', message: 'x', isTopMost: true },
    { kind: 'file', title: 'File taken back', message: '', isTopMost: true },
  ] as const) {
    const stop = new AbortController();
    const answer = ask(question, stop.signal);
    await windowOf(question.title);
    stop.abort(new Error('the run stopped'));
    await assert.rejects(answer, { message: 'the run stopped' });
    await until('the window to go', async () =>
      (await desktop.windows(signal)).every(({ title }) => title !== question.title),
    );
  }
});
