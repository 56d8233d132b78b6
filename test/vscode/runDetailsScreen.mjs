// What a person sees of runs: status behind lines, the page of a run, history and flow monitor, in light, dark and high contrast; and
// the page's log with 100,000 rows in the browser that shows it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentOf } from '../../src/extension/runDetails/webPage.ts';
import { expect, until } from './checks.ts';

const secret = 'Mango-8802-slate';
/** Name of the theme, and the class of the window that shows it. */
const themes = {
  light: ['Light Modern', 'vs'],
  dark: ['Dark Modern', 'vs-dark'],
  contrast: ['Dark High Contrast', 'hc-black'],
};

export async function lookAtRunDetails(workbench, server, checks, { browser, extension }) {
  const { page } = workbench;
  const check = (name, body) => checks.check(name, body, 120_000);
  const lineOf = (file, text) =>
    readFileSync(join(server.workspace, file), 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text)) + 1;
  const queueRow = (flow, state) =>
    until(`${flow} to be ${state} in the Run Queue`, async () =>
      (await workbench.tree('Run Queue')).find((row) => row.startsWith(flow))?.includes(state),
    );
  /** The document inside the web page of which `text` stands in the heading. */
  const webPage = (heading) =>
    until(`the page "${heading}"`, async () => {
      for (const frame of page.frames()) {
        const title = await frame
          .locator('h1')
          .first()
          .innerText({ timeout: 500 })
          .catch(() => '');
        if (title === heading && (await frame.locator('main').isVisible())) return frame;
      }
      return undefined;
    });
  const bodyText = (frame) => frame.locator('main').innerText();
  const setTheme = async (theme) => {
    const [label, mark] = themes[theme];
    await workbench.command('Preferences: Color Theme');
    // The list shows only what is near the theme that is chosen.
    await page.keyboard.type(label);
    await workbench.pick(label);
    await page.locator(`.monaco-workbench.${mark}`).waitFor();
    // Web pages get their colours a moment later.
    await page.waitForTimeout(500);
  };
  const inThemes = async (name) => {
    for (const theme of Object.keys(themes)) {
      await setTheme(theme);
      await workbench.picture(`${name}-${theme}`);
    }
    await setTheme('light');
  };
  const showRun = async (flow) => {
    await workbench.command('View: Show Desktop Flows');
    const row = page
      .locator('.pane')
      .filter({ has: page.locator('.pane-header[aria-label^="Run Queue"]') })
      .locator('.monaco-list-row', { hasText: flow })
      .first();
    const entry = '.context-view .action-label:text-is("Show Run")';
    await workbench.ask(() => row.click({ button: 'right' }), entry);
    await page.locator(entry).click();
    return webPage(flow);
  };

  await check('a line tells its values on hover, the sensitive one as {}', async () => {
    await workbench.openFile('greet.robin');
    await workbench.command('View: Show Desktop Flows');
    await workbench.openFile('greet.robin');
    await workbench.watchFor(secret);
    await workbench.command('Desktop Flows: Run Flow');
    await workbench.answerInputs({ 'Name of the guest': 'Ada', 'Password of the guest': secret });
    await workbench.dialog('Shall Ada come in?');
    await workbench.pressInDialog('Yes');
    await queueRow('greet', 'Succeeded');
    await workbench.clearNotifications();
    await until('notes behind lines', async () => Object.keys(await workbench.lineNotes()).length > 6);
    const hoverAt = async (text) => {
      await workbench.goTo(lineOf('greet.robin', text), 1);
      return workbench.ask(() => workbench.command('Show or Focus Hover'), '.monaco-hover .hover-contents');
    };
    const told = await until('the value in the hover', async () => {
      const text = await hoverAt('Hello');
      await workbench.picture('inline-hover');
      await page.keyboard.press('Escape');
      return /\(input\)/.test(text) && text;
    });
    expect(/=\s+Ada\s+\(input\)/.test(told), `the hover does not tell the guest: ${told}`);
    await inThemes('inline');
  });

  await check('inline status is switched off and on by a command', async () => {
    await workbench.openFile('greet.robin');
    await workbench.command('Desktop Flows: Show or Hide Run Status behind Lines');
    await until('no notes', async () => Object.keys(await workbench.lineNotes()).length === 0, 45_000);
    await workbench.command('Desktop Flows: Show or Hide Run Status behind Lines');
    await until('notes again', async () => Object.keys(await workbench.lineNotes()).length > 6, 45_000);
  });

  await check('the page of a run tells it from the request to its end, masked', async () => {
    const frame = await showRun('greet');
    const text = await until('the log', async () => {
      const found = await bodyText(frame);
      return found.includes('The card says') && found;
    });
    expect(/Password of the guest\s+\{\}/.test(text), `the sensitive input is not {}:\n${text}`);
    expect(text.includes('The card says ••••'), `what follows from it is not masked:\n${text}`);
    expect(text.includes('Waiting in the queue'), `no timeline:\n${text}`);
    await accessible(frame);
    await inThemes('run-details');
    await frame.locator('.rows').scrollIntoViewIfNeeded();
    await workbench.picture('run-details-log');
    const seen = await workbench.seenSecrets();
    expect(seen.length === 0, `the sensitive value was on the screen: ${seen.join('; ')}`);
    expect(!(await frame.content()).includes(secret), 'the page holds the sensitive value');
    return `${text.split('\n').length} lines of text`;
  });

  await check('its log is filtered by level and searched, and a row opens its line', async () => {
    const frame = await webPage('greet');
    const rows = () => frame.locator('.window .row').count();
    const all = await rows();
    await frame.locator('select').selectOption('2');
    await until('fewer rows', async () => (await rows()) < all);
    await frame.locator('select').selectOption('0');
    await frame.locator('input[type=search]').fill('card says');
    await until('one row', async () => (await rows()) === 1);
    await workbench.picture('run-details-search');
    await frame.locator('.window .row button').first().click();
    await until('the flow in front', async () =>
      page.locator('.tab.active[data-resource-name="greet.robin"]').count(),
    );
  });

  await check('the page of a failed run shows error, copies it, and opens the line', async () => {
    await workbench.openFile('missing-file.robin');
    await workbench.command('Desktop Flows: Run Flow');
    await queueRow('missing-file', 'Failed');
    await workbench.clearNotifications();
    const frame = await showRun('missing-file');
    const text = await bodyText(frame);
    expect(text.includes('DirectoryNotFoundError') && text.includes('Next step'), `no error:\n${text}`);
    await accessible(frame);
    await inThemes('run-failed');
    await frame.locator('button', { hasText: 'Copy Error Details' }).click();
    await until('the confirmation', async () =>
      (await workbench.statusBar()).includes('Error details copied'),
    );
    await frame.locator('button', { hasText: 'Open at Line' }).click();
    await until('the flow in front', async () =>
      page.locator('.tab.active[data-resource-name="missing-file.robin"]').count(),
    );
  });

  await check('a running flow is watched, paused and stopped in the flow monitor', async () => {
    await workbench.openFile('patience.robin');
    await workbench.command('Desktop Flows: Run Flow');
    await queueRow('patience', 'Running');
    await workbench.command('Desktop Flows: Show Flow Monitor');
    const frame = await webPage('Flow monitor');
    await until('the running flow', async () => /patience[\s\S]*Subflow\s+Main/.test(await bodyText(frame)));
    await accessible(frame);
    await inThemes('monitor');
    await frame.locator('button', { hasText: /^Pause$/ }).click();
    await queueRow('patience', 'Paused');
    await until('Paused in the monitor', async () => (await bodyText(frame)).includes('Paused'));
    await frame.locator('button', { hasText: /^Resume$/ }).click();
    await queueRow('patience', 'Running');
    const details = await showRun('patience');
    await workbench.picture('run-details-live');
    await until('a growing log', async () => (await details.locator('.window .row').count()) > 3);
    await workbench.command('Desktop Flows: Show Flow Monitor');
    const again = await webPage('Flow monitor');
    await again.locator('button', { hasText: /^Stop$/ }).click();
    await queueRow('patience', 'Canceled');
    await until('its end on its page', async () => (await bodyText(details)).includes('Canceled after'));
    await workbench.clearNotifications();
    await workbench.command('View: Hide Panel');
  });

  await check(
    'an agent that is killed in mid-run: page and monitor tell the truth again without a click',
    async () => {
      await workbench.openFile('patience.robin');
      await workbench.command('Desktop Flows: Run Flow');
      await queueRow('patience', 'Running');
      const details = await showRun('patience');
      await workbench.command('Desktop Flows: Show Flow Monitor');
      const monitor = await webPage('Flow monitor');
      await until('the running flow', async () => (await bodyText(monitor)).includes('1 flow running'));
      process.kill(JSON.parse(readFileSync(join(server.home, 'agent.json'), 'utf8')).pid, 'SIGKILL');
      const start = performance.now();
      await until('Lost on the page', async () => /^Lost/m.test(await bodyText(details)), 30_000);
      await until('no flow in the monitor', async () =>
        (await bodyText(monitor)).includes('No flow is running.'),
      );
      const seconds = (performance.now() - start) / 1_000;
      await workbench.picture('agent-killed');
      await workbench.clearNotifications();
      await workbench.command('View: Hide Panel');
      return `${seconds.toFixed(1)} s after the kill`;
    },
  );

  await check('the history shows success rate, wait and run time as drawing and as table', async () => {
    await workbench.command('Desktop Flows: Show Run History');
    const frame = await webPage('Run history');
    const text = await until('the runs', async () => {
      const found = await bodyText(frame);
      return found.includes('Success rate') && found;
    });
    for (const word of ['greet', 'missing-file', 'Per machine', 'The same as a table'])
      expect(text.includes(word), `the history does not show ${word}:\n${text}`);
    await accessible(frame);
    await inThemes('history');
    await workbench.command('View: Close All Editors');
  });

  await check('a log of 100,000 rows is painted, filtered and searched at once', () =>
    longLog(browser, join(extension, 'dist', 'page.cjs')),
  );
}

/** The page by itself, as the browser of VS Code shows it. */
async function longLog(browser, script) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  try {
    await page.addInitScript(() => {
      globalThis.said = [];
      globalThis.acquireVsCodeApi = () => ({ postMessage: (message) => globalThis.said.push(message) });
    });
    await page.route('http://page.test/', (route) =>
      route.fulfill({ contentType: 'text/html', body: documentOf(readFileSync(script, 'utf8'), 'en') }),
    );
    await page.goto('http://page.test/');
    const figures = await page.evaluate(async () => {
      const say = (message) => globalThis.dispatchEvent(new MessageEvent('message', { data: message }));
      const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      say({
        kind: 'words',
        log: {
          level: 'Show',
          levels: ['0', '1', '2', '3', '4'],
          search: 'Search',
          shown: '{0} of {1}',
          none: 'None',
          follow: 'Follow',
          columns: ['Time', 'Line', 'Action', 'Duration', 'Result'],
          openLine: 'Open {0}',
        },
      });
      say({
        kind: 'model',
        model: {
          title: 'Long',
          actions: [],
          sections: [{ id: 'log', title: 'Log', blocks: [{ kind: 'log', label: 'Log' }] }],
        },
      });
      const rows = Array.from({ length: 100_000 }, (_, index) => ({
        rank: index % 100 === 0 ? 4 : 0,
        tone: 'plain',
        time: '10:00:00.000',
        place: `line ${index + 1}`,
        line: index + 1,
        what: 'File.Copy',
        took: '1 ms',
        text: `<img src=x onerror="globalThis.broken=1"> row ${index}`,
      }));
      const timed = async (action) => {
        const start = performance.now();
        await action();
        await painted();
        return Math.round(performance.now() - start);
      };
      const take = await timed(() => {
        for (let from = 0; from < rows.length; from += 5_000)
          say({ kind: 'log', from, rows: rows.slice(from, from + 5_000) });
      });
      const elements = () => document.querySelectorAll('.window .row').length;
      const last = document.querySelector('.window .row:last-child')?.textContent;
      const counts = [elements()];
      const search = document.querySelector('input[type=search]');
      const searching = await timed(() => {
        search.value = 'row 99999';
        search.dispatchEvent(new Event('input'));
      });
      counts.push(elements());
      const filtering = await timed(() => {
        search.value = '';
        search.dispatchEvent(new Event('input'));
        const level = document.querySelector('select');
        level.value = '4';
        level.dispatchEvent(new Event('change'));
      });
      const told = document.querySelector('.told').textContent;
      const scrolling = await timed(() => {
        document.querySelector('.rows').scrollTop = 10_000;
      });
      return { take, searching, filtering, scrolling, counts, last, told, broken: globalThis.broken };
    });
    expect(figures.last?.includes('row 99999'), `the end is not in sight: ${figures.last}`);
    expect(figures.counts[0] < 100 && figures.counts[1] === 1, `elements: ${figures.counts}`);
    expect(figures.told === '1000 of 100000', `the filter tells ${figures.told}`);
    expect(figures.broken === undefined, 'foreign text became markup');
    for (const what of ['searching', 'filtering', 'scrolling'])
      expect(figures[what] < 500, `${what} took ${figures[what]} ms`);
    await accessible(page);
    return `taken in ${figures.take} ms, searched in ${figures.searching} ms, filtered in ${figures.filtering} ms`;
  } finally {
    await page.close();
  }
}

/** Violations of accessibility rules on a page, by axe where it is installed; by rules of our own in any case. */
async function accessible(frame) {
  const own = await frame.evaluate(() => {
    const problems = [];
    const name = (element) =>
      element.getAttribute('aria-label') ||
      element.textContent.trim() ||
      element.closest('label')?.textContent.trim();
    for (const element of document.querySelectorAll('button, input, select'))
      if (!name(element)) problems.push(`no name: ${element.outerHTML}`);
    for (const element of document.querySelectorAll('svg[role=img], figure'))
      if (!element.getAttribute('aria-label')) problems.push('a drawing without words');
    for (const image of document.querySelectorAll('img'))
      if (!image.alt) problems.push('a picture without words');
    for (const id of [...document.querySelectorAll('[id]')].map((element) => element.id))
      if (document.querySelectorAll(`[id="${CSS.escape(id)}"]`).length > 1) problems.push(`twice: ${id}`);
    for (const table of document.querySelectorAll('table'))
      if (!table.caption?.textContent || !table.querySelector('th[scope=col]'))
        problems.push('a table without caption or headings');
    if (!document.documentElement.lang || document.querySelectorAll('h1').length !== 1)
      problems.push('no language, or not one main heading');
    for (const element of document.querySelectorAll('*')) {
      const { overflowX, overflowY } = getComputedStyle(element);
      const scrolls =
        (/auto|scroll/.test(overflowX) && element.scrollWidth > element.clientWidth + 1) ||
        (/auto|scroll/.test(overflowY) && element.scrollHeight > element.clientHeight + 1);
      if (
        scrolls &&
        element.tabIndex < 0 &&
        element !== document.scrollingElement &&
        element !== document.body &&
        !element.querySelector('button, [tabindex]')
      )
        problems.push(`scrolls but not by keyboard: ${element.className}`);
    }
    return problems;
  });
  expect(own.length === 0, own.join('\n'));
  let source;
  try {
    source = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
  } catch {
    return; // axe-core is not among the dependencies
  }
  await frame.evaluate(source);
  const found = await frame.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
  expect(found.length === 0, `axe found:\n${found.join('\n')}`);
}
