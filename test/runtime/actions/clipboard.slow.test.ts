// The clipboard through programs that stand for those of a graphical session, and the one of a run where there is none.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ActionContext } from '../../../src/runtime/action.ts';
import { clipboardActions } from '../../../src/runtime/actions/clipboard.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';
import { restoringEnvironment, withTools } from './toolFolder.ts';

restoringEnvironment();
const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
  delete process.env.DISPLAY;
  delete process.env.WAYLAND_DISPLAY;
});

const act = (id: string, context: ActionContext, given = {}) =>
  runAction(clipboardActions, `Clipboard.${id}`, given, context);
const text = async (context: ActionContext) => (await act('GetText', context)).outputs?.Text;

describe.skipIf(process.platform === 'win32' || process.platform === 'darwin')(
  'without a graphical session',
  () => {
    it('a run has a clipboard of its own', async () => {
      const context = contextIn(folder);
      expect(await text(context)).toBe('');
      await act('SetText', context, { Text: 'grün\n2' });
      expect(await text(context)).toBe('grün\n2');
      await act('Clear', context);
      expect(await text(context)).toBe('');
      await act('SetText', context, { Text: 'left behind' });
      await context.close();
      expect(await text(contextIn(folder))).toBe('');
    });

    it('so it has where no program for the clipboard is installed', async () => {
      process.env.DISPLAY = ':7';
      await withTools(folder, {}, true);
      const context = contextIn(folder);
      await act('SetText', context, { Text: 'own' });
      expect(await text(context)).toBe('own');
      await context.close();
    });
  },
);

describe.skipIf(process.platform === 'win32' || process.platform === 'darwin')(
  'in a graphical session',
  () => {
    const store = () => join(folder, 'clipboard');

    it('the text goes to the clipboard of the session and comes from there', async () => {
      process.env.DISPLAY = ':7';
      await withTools(folder, {
        xclip: `if [ "$3" = -in ]; then /bin/cat > ${store()}; else /bin/cat ${store()}; fi`,
      });
      const context = contextIn(folder);
      // Like an empty selection: the program fails.
      expect(await text(context)).toBe('');
      await act('SetText', context, { Text: 'grün\n2' });
      expect(await readFile(store(), 'utf8')).toBe('grün\n2');
      expect(await text(context)).toBe('grün\n2');
      await act('Clear', context);
      expect(await readFile(store(), 'utf8')).toBe('');
    });

    it('errors have the names of the product', async () => {
      process.env.WAYLAND_DISPLAY = 'wayland-7';
      await withTools(folder, { 'wl-copy': 'exit 1' });
      expect(await errorOf(act('SetText', contextIn(folder), { Text: 'x' }))).toBe(
        'SetClipboardContentsError: The clipboard could not be changed: wl-copy ended with exit code 1.',
      );
      await withTools(folder, { 'wl-paste': 'exec /bin/cat /dev/zero' });
      expect(await errorOf(act('GetText', contextIn(folder)))).toMatch(
        /^RetrieveClipboardContentsError: .*more than 64 MB/,
      );
      expect(await errorOf(act('Clear', contextIn(folder)))).toBe(
        'ActionFailed: The clipboard could not be changed: wl-copy ended with exit code 1.',
      );
    });
  },
);
