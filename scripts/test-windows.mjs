// Runs `test/windows/**/*.windows.test.ts` with Windows' own node.exe: on Linux each file on a Wine machine and an X display of its own, as
// many side by side as there are processors; on Windows one after another on the desktop that is there.
//   node scripts/test-windows.mjs [part of a file's name …] [--name=PATTERN] [--limit=SECONDS] [--keep] [--serial]
// --name: only tests that match; --limit: per file (180); --keep: leaves the machines' folders; --serial: one file at a time.
// Writes out/windows.json. Exit codes: 0 all passed, 1 something failed, 3 what it needs is not there (says how to get it).
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { CannotProvision, skippedExitCode } from './provision-vscode.mjs';
import { provision } from './provision-windows.mjs';
import { root, setUp, toolchainNode } from './setup.mjs';
import { startDisplay } from './windows/display.mjs';
import { startMachine, windowsPath } from './windows/machine.mjs';
import { makePackages } from './windows/package.mjs';
import { buildPrograms } from './windows/programs.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string' },
    limit: { type: 'string', default: '180' },
    keep: { type: 'boolean', default: false },
    serial: { type: 'boolean', default: false },
  },
});
const isWindows = process.platform === 'win32';
const limit = Number(options.limit) * 1000;

/** What a file gets to know: where the test programs are. */
const programsVariable = 'DESKTOP_FLOWS_TEST_PROGRAMS';

// A clone that nothing was installed in; any other is left as it is.
if (!existsSync(join(root, 'node_modules', 'koffi'))) setUp();
try {
  if (!isWindows) await provision({ install: false });
} catch (error) {
  if (!(error instanceof CannotProvision)) throw error;
  console.log(`skipped: ${error.message}`);
  process.exit(skippedExitCode);
}

const started = performance.now();
const files = testFiles().filter(
  (file) => positionals.length === 0 || positionals.some((part) => file.includes(part.split('/').join(sep))),
);
if (files.length === 0) {
  console.log(`no file under test/windows/ has ${positionals.join(' or ')} in its name`);
  process.exit(1);
}
// Only suites of what is built need a build; they say so by naming the folder.
const texts = files.map((file) => readFileSync(join(root, file), 'utf8'));
// Packages are made on Linux; on Windows those that were are tested.
if (!isWindows && texts.some((text) => text.includes('(out/windows/)')))
  await makePackages(['installer', 'single']);
else if (texts.some((text) => text.includes('(dist/)'))) await build();
const programs = buildPrograms();
const results = [];
const waiting = [...files];
const lines = options.serial || isWindows ? 1 : availableParallelism();
await Promise.all(
  Array.from({ length: lines }, async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await (isWindows ? runHere(file) : runOnMachine(file));
      results.push(result);
      show(result);
    }
  }),
);

const total = (outcome) => results.reduce((sum, result) => sum + result[outcome], 0);
const counts = { passed: total('passed'), failed: total('failed'), skipped: total('skipped') };
console.log(
  `\nWindows: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} need Windows itself; ${files.length} files, ${((performance.now() - started) / 1000).toFixed(1)} s`,
);
mkdirSync(join(root, 'out'), { recursive: true });
writeFileSync(join(root, 'out', 'windows.json'), JSON.stringify({ ...counts, files: results }, null, 2));
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;

function testFiles() {
  return readdirSync(join(root, 'test', 'windows'), { recursive: true })
    .filter((name) => name.endsWith('.windows.test.ts'))
    .map((name) => join('test', 'windows', name))
    .sort();
}

function nodeArguments(file, report, path) {
  return [
    '--no-warnings',
    `--test-reporter=${isWindows ? pathToFileURL(join(root, 'scripts/windows/reporter.mjs')) : `file:///Z:${encodeURI(join(root, 'scripts/windows/reporter.mjs'))}`}`,
    `--test-reporter-destination=${path(report)}`,
    ...(options.name === undefined ? [] : [`--test-name-pattern=${options.name}`]),
    path(join(root, file)),
  ];
}

async function runOnMachine(file) {
  const begun = performance.now();
  const display = await startDisplay();
  try {
    const machine = await startMachine({ display: display.name, keep: options.keep });
    try {
      const report = join(machine.folder, 'outputs', 'report.jsonl');
      const { ended } = machine.node(nodeArguments(file, report, windowsPath), {
        limit,
        env: { [programsVariable]: 'C:\\programs' },
      });
      const { code, text } = await ended;
      return result(file, begun, code, text, report, options.keep ? machine.folder : undefined);
    } finally {
      machine.stop();
    }
  } finally {
    await display.stop();
  }
}

async function runHere(file) {
  const begun = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'desktop-flows-windows-'));
  try {
    const report = join(folder, 'report.jsonl');
    const output = join(folder, 'output.txt');
    const out = openSync(output, 'w');
    const child = spawn(
      toolchainNode,
      nodeArguments(file, report, (path) => path),
      {
        cwd: root,
        stdio: ['ignore', out, out],
        env: { ...process.env, [programsVariable]: programs },
      },
    );
    const code = await new Promise((resolve) => {
      const late = setTimeout(() => child.kill(), limit);
      child.once('exit', (exitCode, signal) => {
        clearTimeout(late);
        resolve(signal === null ? exitCode : null);
      });
    });
    return result(file, begun, code, readFileSync(output, 'utf8'), report);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** What became of a file; one that ended early, or in which nothing ran, has failed whatever its tests said. */
function result(file, begun, code, output, report, folder) {
  const events = existsSync(report)
    ? readFileSync(report, 'utf8')
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => JSON.parse(line))
    : [];
  const tests = events.filter(({ isSuite, diagnostic }) => !isSuite && diagnostic === undefined);
  const words = events.flatMap(({ diagnostic }) => diagnostic ?? []);
  const count = (outcome) => tests.filter((test) => test.outcome === outcome).length;
  const failures = tests.filter(({ outcome }) => outcome === 'failed');
  const whole =
    code === null
      ? `did not end within ${limit / 1000} s`
      : code !== 0 && failures.length === 0
        ? `ended with code ${code} after ${tests.length} tests`
        : tests.length === 0 && options.name === undefined
          ? 'has no test'
          : undefined;
  return {
    file: file.split(sep).join('/'),
    seconds: (performance.now() - begun) / 1000,
    passed: count('passed'),
    skipped: count('skipped'),
    failed: failures.length + (whole === undefined ? 0 : 1),
    whole,
    failures: failures.map(({ name, line, message }) => ({ name, line, message })),
    skips: tests.filter(({ outcome }) => outcome === 'skipped').map(({ name, reason }) => ({ name, reason })),
    output: failures.length > 0 || whole !== undefined ? [...words, output].join('\n') : undefined,
    folder,
  };
}

function show({ file, seconds, passed, skipped, failed, whole, failures, output, folder }) {
  const parts = [
    `${passed} passed`,
    ...(failed > 0 ? [`${failed} FAILED`] : []),
    ...(skipped > 0 ? [`${skipped} need Windows itself`] : []),
  ];
  console.log(`${failed > 0 ? '✗' : '✓'} ${file}: ${parts.join(', ')} (${seconds.toFixed(1)} s)`);
  for (const { name, line, message } of failures)
    console.log(`  ✗ ${name} (line ${line})\n${indented(message)}`);
  if (whole !== undefined) console.log(`  ✗ the file ${whole}`);
  if (output?.trim()) console.log(`  output:\n${indented(output.trim().split('\n').slice(-40).join('\n'))}`);
  if (folder !== undefined) console.log(`  machine: ${folder}`);
}

function indented(text) {
  return text.replace(/^/gm, '      ');
}
