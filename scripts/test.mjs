// `npm test`: every suite whose parts are present, each missing one named with the command that gets it, and one closing line.
// `npm test -- fast` runs one step. With CI=true everything is provisioned and a skipped step counts as failed.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root, runTool, setUp } from './setup.mjs';

const ci = process.env.CI === 'true';
const only = process.argv.slice(2);
let passed = 0;
let failed = 0;

setUp();
mkdirSync(join(root, 'out'), { recursive: true });

/** One step; `run` gives the numbers of passed and failed tests, or undefined when it was skipped (and has said why). */
const steps = {
  style: () => tool(['node_modules/@biomejs/biome/bin/biome', 'check', '.']),
  types: () => tool(['node_modules/typescript/bin/tsc', '-p', '.']),
  fast: () => vitest('fast'),
  slow: async () => {
    await build();
    servers();
    return vitest('slow');
  },
  windows: () => windows(),
  vscode: () => vscode(),
};

for (const [name, run] of Object.entries(steps)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const started = performance.now();
  console.log(`\n── ${name} ${'─'.repeat(70 - name.length)}`);
  let result;
  try {
    result = await run();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    result = { passed: 0, failed: 1 };
  }
  if (result === undefined && ci) result = { passed: 0, failed: 1 };
  if (result) {
    passed += result.passed;
    failed += result.failed;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    result ? `${name}: ${result.failed === 0 ? 'ok' : 'FAILED'} (${seconds} s)` : `${name}: skipped`,
  );
}

console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function tool(args) {
  const ok = runTool(args) === 0;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
}

/** Says which servers the slow tests will miss; those suites are then skipped. */
function servers() {
  const code = runTool(['scripts/provision-servers.mjs', ...(ci ? [] : ['--check'])]);
  if (code !== 0 && ci) throw new Error('servers for the slow tests cannot be had');
  const sessions = runTool(['scripts/provision-sessions.mjs', ...(ci ? [] : ['--check'])]);
  if (sessions !== 0 && ci) throw new Error('what makes sessions for the slow tests cannot be had');
}

function vitest(project) {
  const report = join(root, 'out', `vitest-${project}.json`);
  rmSync(report, { force: true });
  const args = [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const code = runTool(['node_modules/vitest/vitest.mjs', ...args]);
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  // A suite that breaks before its first test, or a skipped test on CI, must not look like success.
  const broken = numFailedTests > 0 ? numFailedTests : numFailedTestSuites > 0 || code !== 0 ? 1 : 0;
  return { passed: numPassedTests, failed: broken + (ci ? numPendingTests : 0) };
}

function vscode() {
  const provision = runTool(['scripts/provision-vscode.mjs', ...(ci ? [] : ['--check'])]);
  if (provision !== 0) {
    if (!ci)
      console.log(
        'skipped: needs a VS Code server and Chromium, get them with: node scripts/provision-vscode.mjs',
      );
    return undefined;
  }
  const report = join(root, 'out', 'vscode.json');
  rmSync(report, { force: true });
  const code = runTool(['scripts/test-vscode.mjs']);
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  return { passed: counts.passed, failed: code !== 0 && counts.failed === 0 ? 1 : counts.failed };
}

/** The suites that Windows' own node.exe runs. What only Windows itself can show is no failure here: the acceptance run shows it. */
function windows() {
  const provision = runTool(['scripts/provision-windows.mjs', ...(ci ? [] : ['--check'])]);
  if (provision !== 0) return undefined;
  const report = join(root, 'out', 'windows.json');
  rmSync(report, { force: true });
  const code = runTool(['scripts/test-windows.mjs']);
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  return { passed: counts.passed, failed: code !== 0 && counts.failed === 0 ? 1 : counts.failed };
}
