// Machines, queues and connections as a person uses them: the agent of this machine, an orchestrator over PostgreSQL, a second machine;
// all real, and some of them killed while runs are under way.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, groupOf, requestOf, Stage } from '../agent/orchestrator/processes.ts';
import { initdb, postgres } from '../runtime/servers/postgres.ts';
import { available, findProgram } from '../runtime/servers/server.ts';
import { expect, until } from './checks.ts';

const password = 'Walnut-2208-granite';
const house = 'Flows of the house';

export async function lookAtFleet(workbench, server, checks) {
  if (!available('PostgreSQL and openssl', [initdb, postgres, findProgram('openssl')])) return;
  const stage = new Stage();
  try {
    await look(workbench, server, checks, stage);
  } finally {
    await stage.close();
  }
}

async function look(workbench, server, checks, stage) {
  const { page } = workbench;
  // Several processes come and go, on a machine that may be busy.
  const check = (name, body) => checks.check(name, body, 120_000);
  const pane = (title) =>
    page.locator('.pane').filter({ has: page.locator(`.pane-header[aria-label^="${title}"]`) });
  /** The rows of a view: `label description`. */
  const rows = (title) =>
    pane(title)
      .locator('.monaco-list-row')
      .evaluateAll((found) =>
        found.map((row) =>
          ['.label-name', '.label-description']
            .map((part) => row.querySelector(part)?.textContent ?? '')
            .join(' ')
            .replace(/\s+/g, ' '),
        ),
      );
  const row = (title, pattern) =>
    until(`a row like ${pattern} in ${title}`, async () =>
      (await rows(title)).find((text) => pattern.test(text)),
    );
  const machines = (pattern) => row('Machines', pattern);
  const queue = (pattern) => row('Run Queue', pattern);
  const port = await freePort();
  let orchestrator;
  let link;
  let token;
  let runs = [];

  await check('an orchestrator is added by address and token; the token is never on the screen', async () => {
    await stage.open();
    orchestrator = await stage.serve({ port });
    token = await stage.token('olga', 'owner');
    link = await stage.connect(orchestrator.address, token);
    await workbench.command('View: Show Desktop Flows');
    await workbench.command('Desktop Flows: Start Agent');
    await machines(/Connected/);
    // Room for the two views.
    await workbench.widenSideBar(260);
    await pane('Flow').locator('.pane-header').click();
    await workbench.watchFor(token);
    await workbench.command('Desktop Flows: Add Orchestrator…');
    await workbench.inputBox('Its address');
    await workbench.enter(orchestrator.address);
    const box = await workbench.inputBox('Your token');
    expect(box.hidden, 'the token can be read while typing');
    await workbench.picture('fleet-token');
    await workbench.enter(token);
    await workbench.inputBox('What it is called');
    await workbench.enter(house);
    await machines(/Flows of the house Connected · no machine yet/);
    await workbench.picture('fleet-orchestrator');
    const seen = await workbench.seenSecrets();
    expect(seen.length === 0, `on the screen: ${seen.join('; ')}`);
    const kept = server.filesContaining(token);
    expect(kept.length === 0, `kept in: ${kept.join(', ')}`);
  });

  await check('this machine is registered with a pairing code, a second one joins a group', async () => {
    const { code } = await link.call('pairing.new', {});
    await workbench.command('Desktop Flows: Register This Machine with an Orchestrator…');
    await workbench.inputBox('Addresses of the orchestrator');
    await workbench.enter(orchestrator.address);
    await workbench.inputBox('The pairing code');
    await workbench.enter(code);
    await workbench.inputBox('What this machine is called there');
    await workbench.enter('DESK-7');
    await machines(/^DESK-7 Online/);
    const second = await link.call('pairing.new', {});
    await stage.member({ pair: { addresses: [orchestrator.address], code: second.code, name: 'PRESS-2' } });
    await groupOf(link, ['PRESS-2']);
    await machines(/^Fleet 1 of 1 online/);
    await machines(/^PRESS-2 Online · 0 of \d+ slots used/);
    await workbench.picture('fleet-machines');
  });

  await check('a flow is run on a group: target, mode, account, terms', async () => {
    await workbench.openFile('shift.robin');
    await workbench.command('Desktop Flows: Run on a Machine…');
    await until('the targets', async () => (await workbench.picks()).includes('Fleet'));
    await workbench.picture('fleet-where');
    await workbench.pick('Fleet');
    await until('the modes', async () => (await workbench.picks()).includes('Unattended'));
    await workbench.picture('fleet-how');
    await workbench.pick('Unattended');
    await until('the accounts', async () => (await workbench.picks()).includes('ann'));
    await workbench.pick('ann');
    await until('the terms', async () => (await workbench.picks()).some((label) => /Timeout/.test(label)));
    await workbench.picture('fleet-terms');
    await workbench.pick('Run');
    await queue(/^shift Running/);
    await machines(/^PRESS-2 Online · 1 of/);
  });

  await check('what waits is shown with its place and why; the order is changed from the rows', async () => {
    for (const name of ['archive', 'orders', 'invoices', 'stock']) {
      const request = requestOf('WAIT 60');
      const { run } = await link.call('runs.enqueue', { ...request, flow: { ...request.flow, name } });
      runs = [...runs, run.id];
    }
    await queue(/^archive Next to run · waits for/);
    await queue(/^stock Position 4/);
    await workbench.pressInTree('Run Queue', 'invoices', 'Move to Top');
    await queue(/^invoices Next to run · moved to the top/);
    await workbench.pressInTree('Run Queue', 'invoices', 'Undo Move');
    await queue(/^archive Next to run/);
    await link.call('runs.prioritize', { runId: runs[3], priority: 'high' });
    await queue(/^stock Next to run · high priority/);
    await workbench.picture('fleet-queue');
  });

  await check('a row that is dropped on the first one is the next to run', async () => {
    const box = (text) =>
      pane('Run Queue').locator('.monaco-list-row', { hasText: text }).first().boundingBox();
    const from = await box(/^orders/);
    const to = await box(/^stock/);
    await page.mouse.move(from.x + 60, from.y + from.height / 2);
    await page.mouse.down();
    await page.mouse.move(from.x + 60, from.y - 5, { steps: 5 });
    await page.mouse.move(to.x + 60, to.y + to.height / 2, { steps: 10 });
    await page.waitForTimeout(300);
    await page.mouse.up();
    await queue(/^orders Next to run · moved to the top/);
  });

  await check('"Why does it wait?" says the reason and when it gives up', async () => {
    await workbench.selectInTree('Run Queue', 'orders');
    await workbench.command('Desktop Flows: Why Does It Wait?');
    await workbench.pick('orders');
    const text = await workbench.dialog('orders waits');
    expect(/gives up waiting in \d/.test(text), `the dialog says ${text}`);
    await workbench.picture('fleet-why');
    await page.keyboard.press('Escape');
  });

  await check('maintenance stops new runs; "Why can nothing run here?" names it', async () => {
    await link.call('groups.put', { group: 'Fleet', settings: { maintenance: true } });
    await machines(/^Fleet Maintenance/);
    await workbench.command('Desktop Flows: Why Can Nothing Run Here?');
    await workbench.pick('Fleet');
    const found = await until('the findings', async () => {
      const lines = (await workbench.picks()).join('\n');
      return /is in maintenance/.test(lines) && lines;
    });
    expect(/is reached/.test(found), `the findings are ${found}`);
    await workbench.picture('fleet-diagnosis');
    await workbench.escape();
    await link.call('groups.put', { group: 'Fleet', settings: { maintenance: false } });
    await machines(/^Fleet 1 of 1 online/);
  });

  await check('a connection is added with a password that is hidden, sealed and in no file', async () => {
    await workbench.watchFor(password);
    await workbench.command('Desktop Flows: Add Connection…');
    await until('the targets', async () => (await workbench.picks()).length >= 3);
    await page
      .locator('.quick-input-widget:visible .monaco-list-row', { hasText: /DESK-7.*Flows of the house/s })
      .click();
    await workbench.inputBox('The Windows account');
    await workbench.enter('house\\bot');
    await workbench.pick('Type the password');
    const box = await workbench.inputBox('The password of');
    expect(box.hidden, 'the password can be read while typing');
    await workbench.enter(password);
    await workbench.inputBox('What the connection is called');
    await workbench.enter('bot');
    await workbench.notification('bot is there');
    await workbench.pressInNotification('bot is there', 'Test');
    const told = await workbench.notification(/bot (is good|failed)/, 60_000);
    await workbench.picture('fleet-connection');
    const seen = await workbench.seenSecrets();
    expect(seen.length === 0, `on the screen: ${seen.join('; ')}`);
    const kept = server.filesContaining(password);
    expect(kept.length === 0, `kept in: ${kept.join(', ')}`);
    await workbench.clearNotifications();
    return told.replace(/\s+/g, ' ').slice(0, 80);
  });

  await check('the agent is killed in mid-run: the views are right again within five seconds', async () => {
    await workbench.openFile('patience.robin');
    await workbench.command('Desktop Flows: Run Flow');
    await queue(/^patience Running/);
    const { pid } = JSON.parse(readFileSync(join(server.home, 'agent.json'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    const start = performance.now();
    await until('the run to be lost', async () =>
      (await rows('Run Queue')).some((text) => /^patience Lost/.test(text)),
    );
    await machines(/Connected · 0 running/);
    const took = (performance.now() - start) / 1_000;
    expect(took < 5, `it took ${took.toFixed(1)} s`);
    await workbench.picture('fleet-agent-killed');
    await workbench.clearNotifications();
    return `${took.toFixed(1)} s`;
  });

  await check(
    'the orchestrator is killed and comes back: what was known stays, and is right again',
    async () => {
      await orchestrator.kill();
      await machines(/^Flows of the house Connection lost, trying again/);
      await queue(/^Flows of the house Connection lost/);
      await queue(/^orders/);
      await workbench.picture('fleet-away');
      orchestrator = await stage.serve({ port });
      const start = performance.now();
      await machines(/^Flows of the house \d of 2 machines online/);
      const took = (performance.now() - start) / 1_000;
      expect(took < 5, `it took ${took.toFixed(1)} s`);
      link = await stage.connect(orchestrator.address, token);
      await link.call('runs.stop', { runId: runs[0] });
      await queue(/^archive Canceled/);
      return `${took.toFixed(1)} s`;
    },
  );

  await check('a token that is taken away shows what to do', async () => {
    // A new token for the same name makes the old one worthless.
    token = await stage.token('olga', 'owner');
    await machines(/^Flows of the house OrchestratorRefused/);
    await workbench.picture('fleet-refused');
    await workbench.command('Desktop Flows: Replace Token…');
    await workbench.inputBox('Your new token');
    await workbench.enter(token);
    await machines(/^Flows of the house \d of 2 machines online/);
  });

  await check('the rows are spoken with their state', async () => {
    const spoken = [
      ...(await workbench.spokenTree('Machines')),
      ...(await workbench.spokenTree('Run Queue')),
    ].join('\n');
    for (const words of [
      /Machine PRESS-2: Online/,
      /Orchestrator Flows of the house/,
      /Machine group Fleet/,
      /orders, Queued/,
    ])
      expect(words.test(spoken), `a screen reader is not told ${words}:\n${spoken}`);
  });

  await check('and all of it is there in dark and high contrast', async () => {
    for (const [theme, name] of [
      ['Default Dark Modern', 'dark'],
      ['Default High Contrast', 'contrast'],
    ]) {
      wear(server, theme);
      await page
        .locator(name === 'dark' ? '.monaco-workbench.vs-dark' : '.monaco-workbench.hc-black')
        .waitFor({ timeout: 20_000 });
      await page.waitForTimeout(500);
      await workbench.picture(`fleet-${name}`);
    }
    wear(server, 'Default Light Modern');
    await page.locator('.monaco-workbench.vs').waitFor({ timeout: 20_000 });
  });

  await check(
    'the orchestrator is removed from the window, and this machine from the orchestrator',
    async () => {
      await workbench.command('Desktop Flows: Remove Orchestrator');
      await workbench.dialog('Remove Flows of the house');
      await workbench.pressInDialog('Remove');
      await until('no orchestrator', async () =>
        (await rows('Machines')).every((text) => !text.includes(house)),
      );
      await workbench.command('Desktop Flows: Take This Machine out of Its Orchestrator');
      await workbench.dialog('Take this machine out');
      await workbench.pressInDialog('Take Out');
      await workbench.notification('belongs to no orchestrator');
      await workbench.clearNotifications();
    },
  );
}

/** Another colour theme, as a person who changes the settings. */
function wear(server, theme) {
  const file = join(server.serverData, 'data', 'Machine', 'settings.json');
  const settings = JSON.parse(readFileSync(file, 'utf8'));
  for (const scope of ['User', 'Machine'])
    writeFileSync(
      join(server.serverData, 'data', scope, 'settings.json'),
      JSON.stringify({ ...settings, 'workbench.colorTheme': theme }),
    );
}
