// Run DOS command with the real command interpreter of this system.
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { onWindows } from '../../../src/runtime/actions/platform.ts';
import { scriptingActions } from '../../../src/runtime/actions/scripting.ts';
import type { Value } from '../../../src/runtime/values.ts';
import { FakeHost } from '../../fakes/host.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { isAlive, until } from './processProbe.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});

const run = (
  variant: string,
  command: string,
  given: Record<string, Value> = {},
  signal = new AbortController().signal,
) =>
  runAction(
    scriptingActions,
    `Scripting.RunDOSCommand.${variant}`,
    { DOSCommandOrApplication: command, ...given },
    contextIn(folder, { signal, host: new FakeHost({ clock: systemClock }) }),
  );
const outputs = async (command: string, given: Record<string, Value> = {}) =>
  (await run('RunDOSCommand', command, given)).outputs ?? {};

/** A command that runs `code` in this test's Node. */
async function node(code: string): Promise<string> {
  await writeFile(join(folder, 'script.cjs'), code);
  return `"${process.execPath}" "${join(folder, 'script.cjs')}"`;
}
const content = (name: string) => readFile(join(folder, name), 'utf8').catch(() => undefined);

test('output, error output and exit code come back', async () => {
  const result = await outputs('echo out && echo err 1>&2 && exit 3');
  expect(result.StandardOutput).toMatch(/^out ?\r?\n$/);
  expect(result.StandardError).toMatch(/^err ?\r?\n$/);
  expect(result.ExitCode).toBe(3);
});

test('a failing command is a result, not an error', async () => {
  const result = await outputs('no-such-command-at-all');
  expect(result.ExitCode).not.toBe(0);
  expect(result.StandardError).toContain('no-such-command-at-all');
});

test('runs in the flow’s folder, or in the one it is given', async () => {
  await mkdir(join(folder, 'sub'));
  const command = await node('process.stdout.write(process.cwd())');
  expect((await outputs(command)).StandardOutput).toBe(folder);
  expect((await outputs(command, { WorkingDirectory: 'sub' })).StandardOutput).toBe(join(folder, 'sub'));
});

test('a large output arrives whole', async () => {
  const command = await node("process.stdout.write('0123456789'.repeat(500_000))");
  expect((await outputs(command)).StandardOutput).toBe('0123456789'.repeat(500_000));
});

test('a command that wants input gets none and goes on', async () => {
  const command = await node("process.stdin.on('end', () => console.log('end of input')).resume()");
  expect((await outputs(command)).StandardOutput).toMatch(/^end of input/);
});

test.runIf(!onWindows)('what is left in the background does not hold the flow', async () => {
  const result = await outputs('sleep 30 & echo $!');
  const pid = Number(result.StandardOutput);
  expect(isAlive(pid)).toBe(true);
  process.kill(pid, 'SIGKILL');
});

test.runIf(!onWindows)('a command ended by a signal has the exit code shells give it', async () => {
  expect((await outputs('kill -9 $$')).ExitCode).toBe(137);
});

test('the output is read in the encoding the flow names', async () => {
  const bytes = async (hex: string) => await node(`process.stdout.write(Buffer.from('${hex}', 'hex'))`);
  for (const [Encoding, hex, text] of [
    ['ibm850', '849481', 'äöü'],
    ['utf_8', 'c3a4', 'ä'],
    ['windows_1252', '80', '€'],
  ] as const) {
    const result = await run('RunDOSCommandWithCodePage', await bytes(hex), { Encoding });
    expect(result.outputs?.StandardOutput).toBe(text);
  }
  const unknown = run('RunDOSCommandWithCodePage', 'echo x', { Encoding: 'IBM037' });
  expect(await errorOf(unknown)).toMatch(
    /^ExecuteCommandOrConsoleApplicationError: .*IBM037 is not supported/,
  );
});

describe('time and stop', () => {
  const tree = `
    const { spawn } = require('child_process');
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'inherit' });
    require('fs').writeFileSync('pids.txt', process.pid + ' ' + child.pid);
    setTimeout(() => {}, 60_000);`;
  const pids = async () => (await until(() => content('pids.txt'))).split(' ').map(Number);
  const gone = async () => {
    const all = await pids();
    await until(async () => all.every((pid) => !isAlive(pid)) || undefined);
  };

  test('after the timeout everything the command started is ended', async () => {
    const work = run('RunDOSCommandAndFailOnTimeout', await node(tree), { Timeout: 1 });
    expect(await errorOf(work)).toBe(
      'RunScriptInAllottedTimeError: The command did not end within 1 seconds and was stopped.',
    );
    await gone();
  });

  test('in time nothing fails; -1 waits for ever', async () => {
    for (const Timeout of [30, -1]) {
      const result = await run('RunDOSCommandWithCodePageAndFailOnTimeout', 'echo done', { Timeout });
      expect(result.outputs?.StandardOutput).toContain('done');
    }
  });

  test('when the run stops everything is ended at once', async () => {
    const controller = new AbortController();
    const work = run('RunDOSCommand', await node(tree), {}, controller.signal);
    await pids();
    const start = performance.now();
    controller.abort(new Error('the run was stopped'));
    await expect(work).rejects.toBe(controller.signal.reason);
    expect(performance.now() - start).toBeLessThan(5_000);
    await gone();
  });

  test('when the worker exits, its commands end with it', async () => {
    const actions = new URL('../../../src/runtime/actions/processes.ts', import.meta.url).href;
    const clock = new URL('../../../src/base/clock.ts', import.meta.url).href;
    await writeFile(join(folder, 'script.cjs'), tree);
    await writeFile(
      join(folder, 'worker.mjs'),
      `import { execute } from '${actions}'; import { systemClock as clock } from '${clock}';
       const program = { file: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(join(folder, 'script.cjs'))}], folder: process.cwd() };
       execute(program, { capture: true, signal: new AbortController().signal, clock });
       const { existsSync } = await import('node:fs');
       setInterval(() => existsSync('pids.txt') && process.exit(0), 20);`,
    );
    const worker = spawnSync(toolchainNode(), ['worker.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(worker.stderr).toBe('');
    await gone();
  });
});

/** The Node that runs TypeScript sources as they are. */
function toolchainNode(): string {
  return join(
    import.meta.dirname,
    '..',
    '..',
    '..',
    'node_modules',
    'node',
    'bin',
    onWindows ? 'node.exe' : 'node',
  );
}

test.each<[string, Record<string, Value>, RegExp]>([
  ['', {}, /^ExecuteCommandOrConsoleApplicationError: The command is empty/],
  [
    'echo x',
    { WorkingDirectory: 'nowhere' },
    /^ExecuteCommandOrConsoleApplicationError: .*nowhere" does not exist/,
  ],
])('%j %j fails with %s', async (command, given, message) => {
  expect(await errorOf(run('RunDOSCommand', command, given))).toMatch(message);
});
