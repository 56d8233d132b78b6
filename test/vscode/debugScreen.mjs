// A debug session as a person has it: breakpoints, steps, variables, an error that is mended while the run stands on it, and a run
// that is attached to.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, until } from './checks.ts';

const secret = 'Kiwi-5521-basalt';

export async function lookAtDebugging(workbench, server, checks) {
  const { page } = workbench;
  // Each step of a session is a few requests there and back: more than others when the machine is busy.
  const check = (name, body) => checks.check(name, body, 120_000);
  const text = readFileSync(join(server.workspace, 'debugging', 'Orders.robin'), 'utf8');
  const lineOf = (needle) => text.slice(0, text.indexOf(needle)).split('\n').length;

  const variables = () =>
    page
      .locator('.debug-variables .monaco-list-row')
      .evaluateAll((found) => found.map((row) => (row.textContent ?? '').replace(/\s+/g, ' ')));
  /** Opens a group of the variables view, such as `Variables`. */
  const open = async (group) => {
    const row = page
      .locator('.debug-variables .monaco-list-row', { hasText: new RegExp(`^${group}$`) })
      .first();
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) === 'false') await row.click();
  };
  const variable = (pattern, group = 'Variables') =>
    until(`a variable like ${pattern}`, async () => {
      const found = (await variables()).find((each) => pattern.test(each));
      if (found === undefined) await open(group);
      return found;
    });
  const inputs = 'Inputs and outputs';
  /** Waits until the run stands at a line. */
  const standsAt = (needle) =>
    until(
      `the run to stand at "${needle}"`,
      async () => {
        const stack = await page.locator('.debug-call-stack .monaco-list-row').allInnerTexts();
        return stack.some((each) => each.includes(`${lineOf(needle)}:`));
      },
      45_000,
    );
  const breakpointAt = async (needle) => {
    await workbench.goTo(lineOf(needle), 1);
    await workbench.command('Debug: Toggle Breakpoint');
  };
  /** A breakpoint with a condition or a message: `kind` is the title of its command, `mark` the class of its sign. */
  const specialBreakpoint = async (needle, kind, words, mark) => {
    await workbench.goTo(lineOf(needle), 1);
    await workbench.command(kind);
    await page.locator('.breakpoint-widget .monaco-editor.focused').waitFor();
    await page.keyboard.type(words);
    await page.keyboard.press('Enter');
    await page.locator('.zone-widget-container.breakpoint-widget').waitFor({ state: 'hidden' });
    // The focus goes back to the text a moment later, and would close a palette that is open by then.
    await page.locator(`.editor-instance .${mark}`).waitFor();
    await page.locator('.editor-instance > .monaco-editor.focused').waitFor();
  };
  const console_ = async () => (await page.locator('.repl .monaco-list-row').allInnerTexts()).join('\n');
  const evaluate = async (words) => {
    await workbench.command('Debug Console: Focus on Debug Console View');
    await page.keyboard.type(words);
    await page.keyboard.press('Enter');
  };

  await check('F5 without launch.json asks for inputs; typing the sensitive one is hidden', async () => {
    await workbench.openFile('Orders.robin');
    await breakpointAt('SET Orders TO');
    await specialBreakpoint(
      '    CALL Add',
      'Debug: Add Conditional Breakpoint',
      'Order = 30',
      'codicon-debug-breakpoint-conditional',
    );
    await specialBreakpoint(
      'SET ListFile',
      'Debug: Add Logpoint',
      'The sum is {Sum}, the key {Token}',
      'codicon-debug-breakpoint-log',
    );
    await workbench.picture('breakpoints');
    await workbench.watchFor(secret);
    await page.keyboard.press('F5');
    const first = await workbench.inputBox('Customer');
    expect(!first.hidden, 'the customer is hidden while typing');
    await workbench.enter('Ada');
    const second = await workbench.inputBox('Key of the shop');
    expect(second.hidden, 'the key can be read while typing');
    await workbench.enter(secret);
  });

  await check(
    'the run stops at a breakpoint; a sensitive variable and what follows from it is masked',
    async () => {
      await standsAt('SET Orders TO');
      // Room for the variables.
      const pane = await page.locator('.pane-body.debug-variables').boundingBox();
      await page.mouse.move(pane.x + 100, pane.y + pane.height);
      await page.mouse.down();
      await page.mouse.move(pane.x + 100, pane.y + pane.height + 130, { steps: 5 });
      await page.mouse.up();
      const token = await variable(/^Token/);
      expect(token.includes('••••'), `Token is shown as ${token}`);
      const key = await variable(/^ApiKey/, inputs);
      expect(key.includes('••••'), `ApiKey is shown as ${key}`);
      expect((await variable(/^Customer/, inputs)).includes('Ada'), 'Customer is not shown');
      await workbench.picture('debug-stopped');
    },
  );

  await check('a conditional breakpoint stops in the third round', async () => {
    await page.keyboard.press('F5');
    await standsAt('    CALL Add');
    await variable(/^Order\b.*30/);
    await variable(/^Sum\b.*19/);
    await workbench.picture('debug-condition');
  });

  await check('step into a subflow shows its own variables and the way there', async () => {
    await page.keyboard.press('F11');
    await standsAt('    SET Result TO');
    await variable(/^Amount.*30/, 'Subflow Add');
    const stack = await page.locator('.debug-call-stack .monaco-list-row').allInnerTexts();
    expect(
      stack.some((each) => /Add/.test(each)) && stack.some((each) => /Main/.test(each)),
      `the call stack is ${stack.join(' | ')}`,
    );
    await workbench.picture('debug-subflow');
    await page.keyboard.press('Shift+F11');
    await until(
      'the run back in Main',
      async () => !(await variables()).some((each) => /^Amount/.test(each)),
    );
  });

  await check('a hover shows the value of a variable', async () => {
    const name = page
      .locator('.editor-group-container.active .view-line')
      .filter({ hasText: /^SET.Sum.TO.0/ })
      .locator('span', { hasText: /^Sum$/ })
      .last();
    const hover = page.locator('.debug-hover-widget:visible').first();
    await page.locator('.debug-toolbar .codicon-debug-continue').waitFor();
    await page.locator('.debug-top-stack-frame-line').first().waitFor();
    // The editor asks once when the mouse comes to rest on a character, and no more while it was on no other one in between.
    let character = 0;
    const shown = await until(
      'the hover',
      async () => {
        const box = await name.boundingBox();
        await page.mouse.move(box.x + 4, box.y + 200);
        await page.waitForTimeout(300);
        const x = box.x + (box.width * (0.5 + (character++ % 3))) / 3;
        await page.mouse.move(x, box.y + box.height / 2, { steps: 4 });
        // On a busy machine the answer takes its time, and moving the mouse would begin anew.
        await hover.waitFor({ timeout: 10_000 });
        return hover.innerText();
      },
      150_000,
    );
    expect(/19|49/.test(shown), `the hover shows ${shown}`);
    await workbench.picture('debug-hover', { hovering: true });
  });

  await check(
    'the run pauses on an error that nothing handles; a log point has written, masked',
    async () => {
      await page.keyboard.press('F5');
      await standsAt('File.ReadTextFromFile');
      const told = await workbench.widget('.exception-widget');
      expect(/FileNotFoundError/.test(told), `the error is told as ${told}`);
      const said = await until('the log point', async () => {
        await workbench.command('Debug Console: Focus on Debug Console View');
        const out = await console_();
        return out.includes('The sum is 49') && out;
      });
      expect(said.includes('the key ••••'), `the log point wrote ${said}`);
      await workbench.picture('debug-error');
    },
  );

  await check('a variable is corrected and the failed action repeated', async () => {
    await variable(/^ListFile/);
    const row = page.locator('.debug-variables .monaco-list-row', { hasText: 'ListFile' }).first();
    await row.dblclick();
    const input = page.locator('.debug-variables .inputbox input, .debug-variables input').first();
    await input.waitFor();
    await input.fill("'Orders.robin'");
    await page.keyboard.press('Enter');
    await variable(/^ListFile.*Orders\.robin/);
    await workbench.picture('debug-set-variable');
    await breakpointAt('SET Report TO');
    await workbench.command('Desktop Flows: Repeat Failed Action');
    await standsAt('SET Report TO');
    await variable(/^List\b.*ConnectionString/);
    await workbench.picture('debug-repeated');
  });

  await check('Show Value History tells what a variable was at each row', async () => {
    const row = page.locator('.debug-variables .monaco-list-row', { hasText: /^Sum/ }).first();
    const entry = '.context-view .action-label:has-text("Show Value History")';
    await workbench.ask(() => row.click({ button: 'right' }), entry);
    await page.locator(entry).click();
    await until('the values', async () => (await workbench.picks()).length >= 4);
    const values = await workbench.picks();
    expect(values.slice(0, 4).join(' ') === '49 19 12 0', `the history is ${values.join(', ')}`);
    await workbench.picture('debug-history');
    await workbench.escape();
  });

  await check('the debug console evaluates expressions, masked', async () => {
    await evaluate('Sum + 1');
    await until('50 in the console', async () => (await console_()).includes('50'));
    await evaluate('Token');
    await until('the mask in the console', async () => /Token[\s\S]*••••/.test(await console_()));
    await workbench.picture('debug-console');
  });

  await check('the run goes on to its end, and its lines carry their state as always', async () => {
    await page.keyboard.press('F5');
    await workbench.notification('Orders');
    const notes = await until('notes behind lines', async () => {
      const found = await workbench.lineNotes();
      return Object.keys(found).length > 5 && found;
    });
    const call = lineOf('    CALL Add');
    expect(/✓.*×3/.test(notes[call] ?? ''), `line ${call} says ${notes[call]}`);
    await workbench.picture('debug-ended');
    await workbench.clearNotifications();
    await workbench.command('Remove All Breakpoints');
    await workbench.command('View: Hide Panel');
  });

  await check('the sensitive value was never on the screen', async () => {
    const seen = await workbench.seenSecrets();
    expect(seen.length === 0, `on the screen: ${seen.join('; ')}`);
    const kept = [...(await workbench.storedInBrowser(secret)), ...server.filesContaining(secret)];
    expect(kept.length === 0, `kept in: ${kept.join(', ')}`);
  });

  await check('a debugger is attached to a run that is under way, and leaves it running', async () => {
    await workbench.command('View: Show Desktop Flows');
    await workbench.openFile('patience.robin');
    await workbench.command('Desktop Flows: Run Flow');
    await workbench.rowInTree('Run Queue', /patience.*Running/);
    const row = page
      .locator('.pane')
      .filter({ has: page.locator('.pane-header[aria-label^="Run Queue"]') })
      .locator('.monaco-list-row', { hasText: 'patience' })
      .first();
    const entry = '.context-view .action-label:has-text("Attach Debugger to Run")';
    await workbench.ask(() => row.click({ button: 'right' }), entry);
    // A menu takes no clicks in the moment in which it opens.
    await workbench.ask(() => page.locator(entry).click(), '.debug-toolbar');
    await workbench.command('Debug: Pause');
    // The focus goes to the row at which it stopped, and would close a palette that is open by then.
    await page.locator('.debug-toolbar .codicon-debug-continue').waitFor();
    await page.locator('.debug-top-stack-frame-line').first().waitFor();
    await workbench.command('View: Show Run and Debug');
    await variable(/^Steps.*\d/);
    await workbench.picture('debug-attached');
    await page.keyboard.press('Shift+F5');
    await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    await workbench.command('View: Show Desktop Flows');
    await workbench.rowInTree('Run Queue', /patience.*Running/);
    await workbench.pressInTree('Run Queue', 'patience', 'Stop');
    await workbench.rowInTree('Run Queue', /patience.*Canceled/);
    await workbench.clearNotifications();
  });
}
