// What a person sees of tests for flows: the Test Explorer, a failure in the text with both values, and the rows that ran.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, until } from './checks.ts';

export async function lookAtTests(workbench, server, checks) {
  const { page } = workbench;
  const rows = () =>
    page
      .locator('.test-explorer-tree .monaco-list-row')
      .evaluateAll((found) => found.map((row) => row.getAttribute('aria-label') ?? ''));
  const row = (text) =>
    until(`a row like ${text} in the Test Explorer`, async () =>
      (await rows()).find((each) => text.test(each)),
    );

  await checks.check('the Test Explorer lists tests without running anything', async () => {
    await workbench.openFile('Discount.test.robin');
    // The view is there once the extension has found tests: they can be run from their first line then.
    await page.locator('.testing-run-glyph').first().waitFor();
    await workbench.command('Testing: Focus on Test Explorer View');
    await row(/Discount\.test\.robin/);
    await page.locator('.test-explorer-tree .monaco-list-row').first().click();
    await page.keyboard.press('ArrowRight');
    await row(/a small amount has no discount/);
    await row(/a large amount has five percent/);
    const ran = (await rows()).filter((each) => /passed|failed/i.test(each));
    expect(ran.length === 0, `nothing was run yet, but: ${ran.join('; ')}`);
    const problems = await page.locator('.editor-group-container.active .squiggly-error').count();
    expect(problems === 0, 'the actions of tests are underlined');
    await workbench.picture('tests-listed');
  });

  await checks.check('one test passes, one fails; the failure shows both values at its line', async () => {
    await workbench.command('Test: Run All Tests');
    await row(/a small amount has no discount.*passed/i);
    await row(/a large amount has five percent.*failed/i);
    const text = readFileSync(join(server.workspace, 'testing', 'Discount.test.robin'), 'utf8');
    const line = text.split('\n').findIndex((each) => each.includes('1910')) + 1;
    await workbench.openFile('Discount.test.robin');
    await workbench.goTo(line, 1);
    const shown = await workbench.ask(
      () => workbench.command('Test: Peek Output'),
      '.test-output-peek, .zone-widget',
    );
    expect(/The total/.test(shown), `the peek does not tell the failure: ${shown}`);
    await until('both values', async () => {
      const peek = await page.locator('.zone-widget .view-lines').allInnerTexts();
      return peek.join('\n').includes('1910') && peek.join('\n').includes('1900');
    });
    await workbench.picture('test-failed');
    await page.keyboard.press('Escape');
  });

  await checks.check('a run with coverage shows which rows ran', async () => {
    await workbench.openFile('Discount.robin');
    await workbench.command('Test: Run All Tests with Coverage');
    await workbench.openFile('Discount.robin');
    await until('marks of rows that ran', () =>
      page.locator('.editor-group-container.active .coverage-deco-gutter').count(),
    );
    await workbench.picture('test-coverage');
    await workbench.command('View: Show Explorer');
  });
}
