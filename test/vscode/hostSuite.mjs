// Runs test/vscode/host/suite.ts inside the extension host of a VS Code server, against the installed vsix.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { until } from './checks.ts';
import { CodeServer } from './codeServer.mjs';
import { workbenchAddress } from './workbench.mjs';

const folder = import.meta.dirname;
/** The whole suite; each check has its own, shorter limit. */
const limit = 240_000;

/** Bundles the suite to one CommonJS file that an extension host can load. */
export async function buildHostSuite(outfile) {
  await build({
    entryPoints: [join(folder, 'host', 'suite.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode'],
    logLevel: 'warning',
  });
}

/** Runs it; prints what it reports; returns `{passed, failed}`. */
export async function hostSuite({ tools, browser, vsix }) {
  console.log('\nInside the extension host');
  const server = new CodeServer(tools, join(folder, 'workspace'));
  try {
    const extension = await server.install(vsix);
    const tests = server.file('suite.cjs');
    const report = server.file('report.json');
    await buildHostSuite(tests);
    await server.start({ env: { DESKTOP_FLOWS_REPORT: report }, tests: true });
    const page = await browser.newPage();
    await page.goto(workbenchAddress(server, { extension, tests }));
    try {
      await until('the report of the suite', () => existsSync(report), limit, 200);
    } catch (error) {
      console.log(`  ✗ the suite reports\n      ${error.message}\n${server.logs()}`);
      return { passed: 0, failed: 1 };
    } finally {
      await page.close();
    }
    const { passed, failed, lines } = JSON.parse(readFileSync(report, 'utf8'));
    console.log(lines.join('\n'));
    if (failed > 0) console.log(server.logs());
    return { passed, failed };
  } finally {
    await server.dispose();
  }
}
