// The whole path as a person feels it: node bench/whole.ts (with the Node of the toolchain, after npm run build).
// Peers in the same run: an npm script that does nothing, and a Node process that runs the same loop in plain JavaScript.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'bench-whole-'));
const rounds = 7;
const statements = 10_000;

/** Runs a command to its end. `first` = milliseconds until its output matched `mark`, `ms` = until it ended. */
function run(
  command: string,
  args: string[],
  mark?: RegExp,
): Promise<{ ms: number; first: number; out: string }> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, DESKTOP_FLOWS_HOME: join(work, 'home') },
    });
    let out = '';
    let first = Number.NaN;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (mark && Number.isNaN(first) && mark.test(out)) first = performance.now() - started;
    });
    child.on('close', (code) => {
      if (code === 0) resolve({ ms: performance.now() - started, first, out });
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}`));
    });
  });
}

function report(name: string, values: number[], baseline?: number[]): void {
  const at = (list: number[], share: number) =>
    [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))] as number;
  const ratio = baseline ? `, ${(at(values, 0.5) / at(baseline, 0.5)).toFixed(1)}× the peer` : '';
  console.log(
    `${name}: median ${at(values, 0.5).toFixed(0)} ms, p95 ${at(values, 0.95).toFixed(0)} ms${ratio}`,
  );
}

async function measure(times: number, action: () => Promise<number>): Promise<number[]> {
  await action(); // warm-up
  const values: number[] = [];
  for (let i = 0; i < times; i++) values.push(await action());
  return values;
}

try {
  writeFileSync(
    join(work, 'loop.robin'),
    `LOOP Index FROM 1 TO ${statements / 4}\n    SET A TO Index * 2\n    IF A > 3 THEN\n        SET B TO A - 1\n    END\n    SET C TO A + 1\nEND\n`,
  );
  writeFileSync(
    join(work, 'loop.cjs'),
    `let a, b, c; for (let i = 1; i <= ${statements / 4}; i++) { a = i * 2; if (a > 3) b = a - 1; c = a + 1; } console.log(a, b, c);`,
  );

  const nothing = await measure(rounds, async () => (await run('npm', ['exec', '--', 'node', '-e', '0'])).ms);
  report('peer: npm starts an empty Node script', nothing);
  report(
    'npm start until the first action is shown',
    await measure(rounds, async () => (await run('npm', ['start', '--silent'], / ✓ /)).first),
    nothing,
  );
  report(
    'npm start until its end',
    await measure(rounds, async () => (await run('npm', ['start', '--silent'])).ms),
    nothing,
  );

  const plain = await measure(rounds, async () => (await run(process.execPath, [join(work, 'loop.cjs')])).ms);
  report(`peer: Node runs ${statements} statements of plain JavaScript`, plain);
  await run(process.execPath, ['bin/dflow.cjs', 'agent', 'start']);
  const whole: number[] = [];
  const inRun = await measure(rounds, async () => {
    const { ms, out } = await run(process.execPath, [
      'bin/dflow.cjs',
      'run',
      join(work, 'loop.robin'),
      '--json',
    ]);
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { run: last } = events.filter((event) => event.kind === 'run').at(-1);
    whole.push(ms);
    return last.endedAt - last.startedAt;
  });
  report(`dflow run of ${statements} statements, command to exit`, whole.slice(1), plain);
  report('  of it, from the start of the flow to its end', inRun);
} finally {
  await run(process.execPath, ['bin/dflow.cjs', 'agent', 'stop']).catch(() => {});
  rmSync(work, { recursive: true, force: true });
}
