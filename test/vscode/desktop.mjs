// Runs the extension-host suite in a desktop VS Code of its own, where one can be downloaded (Windows, macOS, Linux with a
// display). Takes the extension from this clone, freshly built. Started by `node scripts/test-vscode.mjs --desktop`.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { build } from '../../scripts/build.mjs';
import { CannotProvision } from '../../scripts/provision-vscode.mjs';
import { root } from '../../scripts/setup.mjs';
import { endAgent } from './codeServer.mjs';
import { buildHostSuite } from './hostSuite.mjs';

/** Prints what the suite reports; returns `{passed, failed}`. Throws CannotProvision where there is no VS Code to be had. */
export async function desktopSuite() {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    throw new CannotProvision(
      'needs a display, get it with: xvfb-run -a node scripts/test-vscode.mjs --desktop',
    );
  }
  const vscodeExecutablePath = await download();
  await build();
  const folder = mkdtempSync(join(tmpdir(), 'desktop-flows-vscode-'));
  const home = join(folder, 'home');
  const report = join(folder, 'report.json');
  try {
    const extensionTestsPath = join(folder, 'suite.cjs');
    await buildHostSuite(extensionTestsPath);
    const workspace = join(folder, 'workspace');
    cpSync(join(import.meta.dirname, 'workspace'), workspace, { recursive: true });
    await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: root,
      extensionTestsPath,
      extensionTestsEnv: { DESKTOP_FLOWS_HOME: home, DESKTOP_FLOWS_REPORT: report },
      launchArgs: [
        workspace,
        '--disable-workspace-trust',
        `--user-data-dir=${join(folder, 'data')}`,
        `--extensions-dir=${join(folder, 'extensions')}`,
      ],
    }).catch((error) => {
      if (!existsSync(report)) throw error; // else the report tells more than its exit code
    });
    const { passed, failed, lines } = JSON.parse(readFileSync(report, 'utf8'));
    console.log(lines.join('\n'));
    return { passed, failed };
  } finally {
    await endAgent(home);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Path of the VS Code to test with, downloaded once and kept in .vscode-test/. */
async function download() {
  try {
    return await downloadAndUnzipVSCode(process.env.DESKTOP_FLOWS_VSCODE || 'stable');
  } catch (error) {
    throw new CannotProvision(
      `needs VS Code (${error instanceof Error ? error.message : error}), get it with access to https://update.code.visualstudio.com`,
    );
  }
}
