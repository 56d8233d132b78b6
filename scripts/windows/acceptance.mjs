// The acceptance run on a real Windows machine: the suites of test/windows/ natively, then what Wine cannot show, and a report.
//   npm run acceptance:windows -- [--interactive] [--no-suites] [--only=PART …] [--output=FOLDER]
// Asks nobody anything and leaves the machine as it was, unless --interactive: then a person is asked to look, unlock or confirm, and
// sessions are opened. What needs administrator rights runs when this is started with them. Writes acceptance.json and acceptance.md
// (out/acceptance/). Exit codes: 0 nothing failed, 1 something failed, 2 wrong options, 3 this is no Windows.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../setup.mjs';

const { values: options } = readOptions();
if (process.platform !== 'win32') {
  console.error('The acceptance run is for Windows. Here, npm test runs the same suites under Wine.');
  process.exit(3);
}

/** What a check may need of a machine, in words. */
const wants = {
  administrator: 'administrator rights (start the terminal as administrator)',
  'no administrator': 'a start without administrator rights',
  person: '--interactive, with a person in front of the machine',
};

const folder = options.output ?? join(root, 'out', 'acceptance');
mkdirSync(folder, { recursive: true });
const { checks } = await import('../../test/windows/acceptance/checks.ts');
const { machineFacts, NotHere } = await import('../../test/windows/acceptance/support.ts');
const facts = {
  ...machineFacts(),
  release: release(),
  node: process.version,
  processors: availableParallelism(),
  memoryGb: Math.round(totalmem() / 2 ** 30),
};
const begun = new Date();
const results = [];
// What the checks install and run is what is built; under Wine, where nothing can be built, they try none of that.
if (!facts.isWine) await (await import('../build.mjs')).build();
if (!options['no-suites']) suites();
for (const check of checks) {
  if (options.only?.length > 0 && !options.only.some((part) => check.id.includes(part))) continue;
  await perform(check);
}
report();

function readOptions() {
  try {
    return parseArgs({
      options: {
        interactive: { type: 'boolean', default: false },
        'no-suites': { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
        output: { type: 'string' },
      },
    });
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

/** Every test of the suites is a result of its own: what is skipped on Windows says what it would need. */
function suites() {
  const file = join(root, 'out', 'windows.json');
  rmSync(file, { force: true });
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/test-windows.mjs')], {
    cwd: root,
    stdio: 'inherit',
  });
  const title = 'the suites of test/windows/';
  if (!existsSync(file)) {
    const needs = 'the compiler gcc of MinGW-w64, on the path';
    const hasCompiler = spawnSync('gcc', ['--version'], { stdio: 'ignore' }).status === 0;
    add(
      hasCompiler
        ? { id: 'suites', title, outcome: 'failed', message: `scripts/test-windows.mjs ended with ${status}` }
        : { id: 'suites', title, outcome: 'not here', needs },
    );
    return;
  }
  for (const one of JSON.parse(readFileSync(file, 'utf8')).files) {
    const id = one.file.replace('test/windows/', '').replace('.windows.test.ts', '');
    if (one.passed > 0) add({ id, title: `${one.passed} tests`, outcome: 'passed', seconds: one.seconds });
    for (const { name, message } of one.failures)
      add({ id, title: name, outcome: 'failed', message: message.split('\n')[0] });
    if (one.whole !== undefined) add({ id, title: 'the file', outcome: 'failed', message: one.whole });
    for (const { name, reason } of one.skips)
      add({ id, title: name, outcome: 'not here', needs: reason ?? 'something that this machine lacks' });
  }
}

async function perform({ id, title, needs = [], run }) {
  const lacking = needs.find((one) => !has(one));
  if (lacking !== undefined) return add({ id, title, outcome: 'not here', needs: wants[lacking] });
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    const message = await run({ ask });
    add({ id, title, outcome: 'passed', seconds: seconds(), ...(message && { message }) });
  } catch (error) {
    add(
      error instanceof NotHere
        ? { id, title, outcome: 'not here', needs: error.message, seconds: seconds() }
        : { id, title, outcome: 'failed', message: String(error?.message ?? error), seconds: seconds() },
    );
  }
}

function has(need) {
  return {
    administrator: facts.isElevated,
    'no administrator': !facts.isElevated,
    person: options.interactive,
  }[need];
}

/** Shows a question and waits for y or n. */
async function ask(question) {
  const { createInterface } = await import('node:readline/promises');
  const line = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y/i.test(await line.question(`${question} [y/n] `));
  } finally {
    line.close();
  }
}

function add(result) {
  results.push(result);
  const { outcome, id, title, needs, message } = result;
  const mark = { passed: '✓', failed: '✗', 'not here': '–' }[outcome];
  console.log(`${mark} ${id}: ${title}${needs ? ` (needs ${needs})` : ''}${message ? ` (${message})` : ''}`);
}

function report() {
  const count = (outcome) => results.filter((result) => result.outcome === outcome).length;
  const totals = { passed: count('passed'), failed: count('failed'), notHere: count('not here') };
  const seconds = (Date.now() - begun.getTime()) / 1000;
  const whole = { begun: begun.toISOString(), seconds, machine: facts, totals, results };
  writeFileSync(join(folder, 'acceptance.json'), `${JSON.stringify(whole, null, 2)}\n`);
  const cell = (text) =>
    String(text ?? '')
      .replaceAll('|', '\\|')
      .replace(/\s*\n\s*/g, ' ');
  const rows = results.map(
    ({ id, title, outcome, needs, message }) =>
      `| ${cell(id)} | ${cell(title)} | ${outcome === 'not here' ? 'not on this machine' : outcome} | ${cell(needs ? `needs ${needs}` : message)} |`,
  );
  writeFileSync(
    join(folder, 'acceptance.md'),
    [
      '# Acceptance run on Windows',
      '',
      ...Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`),
      `- begun: ${begun.toISOString()}, ${seconds.toFixed(0)} s`,
      '',
      `**${totals.passed} passed, ${totals.failed} failed, ${totals.notHere} not on this machine**`,
      '',
      '| check | what | outcome | |',
      '|---|---|---|---|',
      ...rows,
      '',
    ].join('\n'),
  );
  console.log(
    `\n${totals.passed} passed, ${totals.failed} failed, ${totals.notHere} not on this machine: ${folder}`,
  );
  process.exitCode = totals.failed === 0 ? 0 : 1;
}
