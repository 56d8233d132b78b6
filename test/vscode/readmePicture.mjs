// Makes media/readme.png, the picture of the README: a real window after real runs of the samples.
// Run it after a change of what a person sees: node test/vscode/readmePicture.mjs (Linux; packages the vsix first).
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provision } from '../../scripts/provision-vscode.mjs';
import { root, runTool, setUp, toolchainNode } from '../../scripts/setup.mjs';

/** A README is also read on slow lines. */
const maxBytes = 250 * 1024;
const picture = join(root, 'media', 'readme.png');

setUp();
// checks.ts can only be loaded by the toolchain's Node.
if (process.execPath === toolchainNode) await main();
else process.exitCode = runTool([join(root, 'test', 'vscode', 'readmePicture.mjs')]);

async function main() {
  const tools = provision();
  if (runTool(['scripts/package.mjs']) !== 0) throw new Error('the vsix could not be made');
  const { CodeServer } = await import('./codeServer.mjs');
  const { launchBrowser, Workbench } = await import('./workbench.mjs');
  const browser = await launchBrowser(tools);
  const pictures = mkdtempSync(join(tmpdir(), 'desktop-flows-picture-'));
  const server = new CodeServer(tools, join(root, 'samples'), {
    'desktopFlows.notifications': 'off',
    'editor.stickyScroll.enabled': false,
    'breadcrumbs.enabled': false,
    'editor.occurrencesHighlight': 'off',
    'editor.renderLineHighlight': 'none',
    'workbench.layoutControl.enabled': false,
    'workbench.navigationControl.enabled': false,
  });
  try {
    const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    await server.install(join(root, 'out', `${name}-${version}.vsix`));
    await server.start();
    const workbench = await Workbench.open(browser, server, pictures, {
      width: 1400,
      height: 860,
    });
    await stage(workbench);
    save(await workbench.picture('readme'));
  } finally {
    await browser.close();
    await server.dispose();
    rmSync(pictures, { recursive: true, force: true });
  }
  const { size } = statSync(picture);
  console.log(`${picture}: ${(size / 1024).toFixed(0)} KB`);
  if (size > maxBytes) throw new Error(`the picture is larger than ${maxBytes / 1024} KB`);
}

/** Keeps the picture, smaller when pngquant is there to make it so. */
function save(shot) {
  const { status } = spawnSync('pngquant', ['--force', '--quality', '90-100', '--output', picture, shot]);
  if (status !== 0) copyFileSync(shot, picture);
}

/** Runs of every kind in the queue, and the sample of the README in front. */
async function stage(workbench) {
  const { until } = await import('./checks.ts');
  const orders = (token) => ({
    'Order folder': 'data/orders',
    Outbox: 'carrier/outbox',
    'Pause in seconds': '600',
    'Access token': token,
  });
  await workbench.page.locator('.activitybar [aria-label="Desktop Flows"]').first().click();
  await run(workbench, 'send-orders', orders('demo:2020-01-01'), 'Failed');
  await run(workbench, 'archive-files', { 'Customer number': '4711' }, 'Succeeded');
  await run(workbench, 'send-orders', orders('demo:2099-01-01'), 'Running');
  await workbench.pressInTree('Run Queue', 'send-orders', 'Stop');
  await workbench.rowInTree('Run Queue', /send-orders.*Canceled/);
  await run(workbench, 'consolidate-invoices', { 'Approval code': 'A-4711' }, 'Succeeded');
  await run(workbench, 'send-orders', orders('demo:2099-01-01'), 'Running');
  await run(workbench, 'archive-files', { 'Customer number': '4711' }, 'Next to run');
  await workbench.widenSideBar(90);
  await workbench.command('View: Close All Editors');
  await workbench.openFile('consolidate-invoices.robin');
  await workbench.scrollToLine(28);
  await until('notes behind lines', async () => Object.keys(await workbench.lineNotes()).length > 8);
}

/** Runs a sample: the named inputs as given, the others as the flow presets them; waits for `state` in its row. */
async function run(workbench, flow, inputs, state) {
  await workbench.openFile(`${flow}.robin`);
  await workbench.command('Desktop Flows: Run Flow');
  await workbench.answerInputs(inputs);
  await workbench.rowInTree('Run Queue', new RegExp(`${flow}.*${state}`));
}
