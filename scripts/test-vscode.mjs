// The end-to-end suites in a real VS Code. On Linux: installs the vsix into a fresh VS Code server, runs the suite inside its
// extension host, then the one that looks at the screen through a browser; pictures go to out/screenshots/. Elsewhere, or with
// `--desktop`: downloads a desktop VS Code and runs the suite inside its extension host.
// The numbers are also left in out/vscode.json. Exit codes: 0 passed, 1 failed, 3 skipped (the last line says what is missing).
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CannotProvision, provision, skippedExitCode } from './provision-vscode.mjs';
import { root, runTool, setUp, toolchainNode } from './setup.mjs';

setUp();
// The suites are TypeScript that only the toolchain's Node can load. It knows itself by its real path, also where `node_modules` is a link.
process.exitCode =
  realpathSync(process.execPath) === realpathSync(toolchainNode)
    ? await main()
    : runTool([join(root, 'scripts', 'test-vscode.mjs'), ...process.argv.slice(2)]);

async function main() {
  const desktop = process.platform !== 'linux' || process.argv.includes('--desktop');
  try {
    const { passed, failed } = await (desktop ? inDesktop() : inServer());
    mkdirSync(join(root, 'out'), { recursive: true });
    writeFileSync(join(root, 'out', 'vscode.json'), JSON.stringify({ passed, failed }));
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof CannotProvision)) throw error;
    console.log(`skipped: ${error.message}`);
    return skippedExitCode;
  }
}

async function inDesktop() {
  const { desktopSuite } = await import('../test/vscode/desktop.mjs');
  return desktopSuite();
}

async function inServer() {
  const tools = provision();
  if (runTool(['scripts/package.mjs']) !== 0) {
    console.log('The vsix could not be made: see above.');
    return { passed: 0, failed: 1 };
  }
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const vsix = join(root, 'out', `${name}-${version}.vsix`);
  const pictures = join(root, 'out', 'screenshots');
  rmSync(pictures, { recursive: true, force: true });
  const { launchBrowser } = await import('../test/vscode/workbench.mjs');
  const { hostSuite } = await import('../test/vscode/hostSuite.mjs');
  const { screenSuite } = await import('../test/vscode/screenSuite.mjs');

  const browser = await launchBrowser(tools);
  try {
    let passed = 0;
    let failed = 0;
    for (const suite of [hostSuite, screenSuite]) {
      const result = await suite({ tools, browser, vsix, pictures });
      passed += result.passed;
      failed += result.failed;
    }
    return { passed, failed };
  } finally {
    await browser.close();
  }
}
