// What a person sees of the language features in a real window. Each check leaves a picture; whether the answers themselves are
// right is checked through the API in host/language.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, until } from './checks.ts';

const file = 'Pay invoices.robin';

export async function lookAtLanguage(workbench, server, checks) {
  const { page } = workbench;
  const text = readFileSync(join(server.workspace, 'language', 'Pay invoices', file), 'utf8');
  /** 1-based line and column just behind `needle`, which is looked for from `after` on. */
  const behind = (needle, after = '') => {
    const end = text.indexOf(needle, text.indexOf(after)) + needle.length;
    const before = text.slice(0, end).split('\n');
    return [before.length, (before.at(-1) ?? '').length + 1];
  };
  const type = (words) => page.keyboard.type(words, { delay: 20 });
  /** A check that edits: whatever came of it, the file is as before for the next one. */
  const editing = (name, body) =>
    checks.check(name, async () => {
      try {
        return await body();
      } finally {
        await page.keyboard.press('Escape');
        await workbench.command('File: Revert File');
      }
    });
  /** The text of the editor without what hints write between the words. */
  const code = async () =>
    (await workbench.editorText()).replace(/: (Number|Text|File|List\S*)(?= TO| IN)/g, '');

  await checks.check('an open flow: semantic colours, inlay hints, Run and references above it', async () => {
    await workbench.openFile(file);
    await until('the code lens', async () =>
      (await workbench.widget('.codelens-decoration')).includes('Run'),
    );
    await page.locator('.codelens-decoration', { hasText: 'reference' }).first().waitFor();
    await workbench.picture('language-open');
  });

  await checks.check('the Flow view lists inputs, outputs, variables and what is sensitive', async () => {
    await workbench.command('View: Show Desktop Flows');
    await workbench.widenSideBar(160);
    await workbench.rowInTree('Flow', /Password.*sensitive/);
    await workbench.rowInTree('Flow', /Login.*sensitive \(inherited\)/);
    await workbench.picture('flow-view');
  });

  await editing('an input is added with a few answers', async () => {
    await workbench.openFile(file);
    await workbench.command('Desktop Flows: Add Input');
    await workbench.inputBox('Name of the variable');
    await workbench.enter('Since');
    await workbench.pick('Type');
    await workbench.pick('Number');
    await workbench.picture('add-input');
    await workbench.pick('Done');
    await until('the new line', async () => (await workbench.editorText()).includes('@INPUT Since'));
    await workbench.rowInTree('Flow', /Since.*Number/);
  });

  await editing('completion finds an action by the words people use', async () => {
    await workbench.goTo(...behind('SET Total TO 0'));
    await page.keyboard.press('Enter');
    await type('readtext');
    await until('the suggestion', async () =>
      (await workbench.widget('.suggest-widget')).includes('ReadText'),
    );
    await workbench.picture('completion-action');
    await page.keyboard.press('Enter');
    await until('the inserted action', async () =>
      (await workbench.editorText()).includes('File.ReadTextFromFile'),
    );
    await workbench.picture('completion-inserted');
  });

  await editing('completion in an argument offers its choices', async () => {
    await workbench.goTo(...behind('Folder.SortBy.NoSort'));
    for (let i = 0; i < 'NoSort'.length; i++) await page.keyboard.press('Backspace');
    await page.keyboard.press('Control+Space');
    await until('the choices', async () =>
      (await workbench.widget('.suggest-widget')).includes('CreationTime'),
    );
    await workbench.picture('completion-enum');
  });

  await checks.check('signature help shows the arguments of an action', async () => {
    await workbench.goTo(...behind('IncrementValue: '));
    const hints = await workbench.ask(
      () => workbench.command('Trigger Parameter Hints'),
      '.parameter-hints-widget',
    );
    expect(hints.includes('IncrementValue'), `shown is ${hints}`);
    await workbench.picture('signature-help');
    await page.keyboard.press('Escape');
  });

  await checks.check('hover tells why a variable is sensitive', async () => {
    await workbench.goTo(...behind('SET Log'));
    await workbench.command('Show or Focus Hover');
    await until('the reason', async () =>
      /sensitive because/i.test(await workbench.widget('.monaco-resizable-hover .monaco-hover')),
    );
    await workbench.picture('hover-sensitive');
    await page.keyboard.press('Escape');
  });

  await checks.check('hover documents an action', async () => {
    await workbench.goTo(...behind('Folder.GetFi'));
    await workbench.command('Show or Focus Hover');
    await until('the description', async () =>
      (await workbench.widget('.monaco-resizable-hover .monaco-hover')).includes('Lists the files'),
    );
    await workbench.picture('hover-action');
    await page.keyboard.press('Escape');
  });

  await checks.check('quick fixes for a paste the designer would drop', async () => {
    await workbench.openFile('rejected.robin');
    await workbench.goTo(2, 15);
    await workbench.widget('.squiggly-error');
    const offered = await workbench.ask(() => page.keyboard.press('Control+.'), '.action-widget');
    await workbench.picture('quick-fix');
    await page.keyboard.press('Escape');
    expect(/fix|remove|write/i.test(offered), `offered are ${offered}`);
  });

  await editing('fix all mends what can be mended safely', async () => {
    await workbench.openFile('rejected.robin');
    await workbench.command('Fix All');
    await until('the mended quote', async () => (await workbench.editorText()).includes("It\\'s done"));
    await workbench.picture('fixed');
  });

  await editing('formatting tidies a flow up', async () => {
    await workbench.openFile('untidy.robin');
    await workbench.command('Format Document');
    await until('the formatted text', async () => (await code()).includes('    SET Other TO total + 1'));
    await workbench.picture('formatted');
  });

  await editing('the end of a block indents itself while typing', async () => {
    await workbench.openFile('untidy.robin');
    await workbench.goTo(6, 4);
    await page.keyboard.press('Enter');
    await type('LOOP i FROM 1 TO 3 STEP 1');
    await page.keyboard.press('Enter');
    await type('SET x TO i');
    await page.keyboard.press('Enter');
    await type('END');
    await until('the dedented END', async () => /\n {4}SET x TO i\nEND/.test(await code()));
    await workbench.picture('on-type');
  });

  await checks.check('references are shown in place', async () => {
    await workbench.openFile(file);
    await workbench.goTo(...behind('SET Tot'));
    await workbench.ask(
      () => workbench.command('Peek References'),
      '.reference-zone-widget .ref-tree .monaco-list-row',
    );
    await workbench.picture('references');
    await page.keyboard.press('Escape');
  });

  await checks.check('linked keywords light up together', async () => {
    await workbench.goTo(...behind('ON ER'));
    // The editor asks when the cursor moves, and not again when it was busy then.
    let steps = 0;
    await until(
      'the highlights',
      async () => {
        if ((await page.locator('.wordHighlightText, .wordHighlight').count()) > 1) return true;
        await page.keyboard.press(steps++ % 2 === 0 ? 'ArrowLeft' : 'ArrowRight');
        return false;
      },
      20_000,
      1_000,
    );
    await workbench.picture('linked-keywords');
  });

  await editing('rename asks for a name in place and says why one is not possible', async () => {
    await workbench.goTo(...behind('SET Tot'));
    await workbench.renameTo('Next');
    await until('the refusal', async () =>
      /reserved/i.test(await workbench.widget('.monaco-editor-overlaymessage, .notification-list-item')),
    );
    await workbench.picture('rename-refused');
    await workbench.command('Notifications: Clear All Notifications');
    await workbench.goTo(...behind('SET Tot'));
    await workbench.renameTo('Paid');
    await until('the new name', async () => (await code()).includes('SET Paid TO 0'));
    await workbench.picture('renamed');
  });

  await checks.check('the call hierarchy shows who calls whom, across flows', async () => {
    await workbench.goTo(...behind('CALL Ent'));
    await workbench.ask(() => workbench.command('Peek Call Hierarchy'), '.call-hierarchy .monaco-list-row');
    await workbench.picture('call-hierarchy');
    await page.keyboard.press('Escape');
  });

  await checks.check('Go to Symbol in Workspace finds subflows of other files', async () => {
    await page.keyboard.press('Control+T');
    await workbench.type('#Enter');
    await until('Enter', async () => (await workbench.picks()).some((name) => name.includes('Enter')));
    await workbench.picture('workspace-symbols');
    await workbench.escape();
  });

  await checks.check('Copy for the Designer warns before a paste that would be dropped', async () => {
    await workbench.openFile('rejected.robin');
    await workbench.command('Desktop Flows: Copy for the Designer');
    await workbench.dialog('would drop this paste');
    await workbench.picture('copy-rejected');
    await workbench.pressInDialog('Cancel');
  });
}
