// A program that is not ours: notepad is filled, saved through its dialog and closed, by each driver.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ElementFacts, ElementQuery } from '../../../src/desktop/desktop.ts';
import { startDesktop } from '../../../src/desktop/thread.ts';
import { isWine, temporaryFolder, until } from '../harness.ts';

const thread = new URL('../../../src/desktop/threadMain.ts', import.meta.url);
const { signal } = new AbortController();
const written = (text: string) => [{ name: 'written', text, levels: [] }];

for (const protocol of ['uia3', 'win32']) {
  test(`writes a file with notepad (${protocol})`, {
    skip: !isWine && 'Windows has another notepad',
  }, async () => {
    using folder = temporaryFolder('notepad');
    const desktop = startDesktop({ thread });
    const notepad = spawn('C:\\windows\\notepad.exe', [], { stdio: 'ignore' });
    const ended = new Promise((resolve) => notepad.once('exit', resolve));
    const find = (query: ElementQuery) =>
      until<ElementFacts>(JSON.stringify(query), async () => (await desktop.find(query, signal)).found?.[0]);
    try {
      const window = written(':desktop > window[Process="notepad"][Class="Notepad"]');
      const edit = await find({ window, selectors: written(' > *[Class="Edit"]'), protocol });
      assert.equal(edit.driver, protocol === 'uia3' ? 'uia' : 'win32');
      await desktop.change(edit.ref, { kind: 'setValue', text: 'first line\nsecond: żółć 😀' }, signal);
      assert.equal((await desktop.state(edit.ref, signal)).value, 'first line\r\nsecond: żółć 😀');
      await desktop.changeWindow(edit.window, { kind: 'focus' }, signal);
      await desktop.change(edit.ref, { kind: 'focus' }, signal);
      const [control, letterS] = [0x11, 0x53];
      await desktop.keys(
        [
          { kind: 'down', key: control },
          { kind: 'press', key: letterS },
          { kind: 'up', key: control },
        ],
        0,
        signal,
      );
      const dialog = written(':desktop > window[Process="notepad"][Class="#32770"]');
      const file = join(folder.path, 'written.txt');
      const name = await find({ window: dialog, selectors: written('edit[Enabled="True"]'), protocol });
      await desktop.change(name.ref, { kind: 'setValue', text: file }, signal);
      const encoding = await find({
        window: dialog,
        selectors: written('combo box[Name^="Encoding"]'),
        protocol,
      });
      const items = ['UTF-8'];
      await desktop.change(encoding.ref, { kind: 'selectItems', items, isRegularExpression: true }, signal);
      const save = await find({ window: dialog, selectors: written('button[IsDefault="True"]'), protocol });
      await desktop.change(save.ref, { kind: 'invoke' }, signal);
      await until('the file', () => existsSync(file) && readFileSync(file).length > 20);
      assert.match(readFileSync(file, 'utf8'), /second: żółć 😀/);
      await until('the dialog to close', async () =>
        (await desktop.windows(signal)).every(
          ({ className, processId }) => className !== '#32770' || processId !== notepad.pid,
        ),
      );
      await desktop.changeWindow(edit.window, { kind: 'close' }, signal);
      await ended;
    } finally {
      notepad.kill();
      await desktop.dispose();
    }
  });
}
