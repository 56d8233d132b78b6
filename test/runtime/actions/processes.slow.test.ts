// What becomes of programs when the process that started them is killed and can do nothing about it any more.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { onWindows } from '../../../src/runtime/actions/platform.ts';
import { isAlive, until } from './processProbe.ts';

const processes = JSON.stringify(join(import.meta.dirname, '../../../src/runtime/actions/processes.ts'));

/** Starts a process that runs `script`, and resolves with it and the numbers it prints in its first line. */
async function starter(script: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return { child, pids: String(line).trim().split(' ').map(Number) };
}

it.skipIf(onWindows)('programs that were waited for end with a killed process, others live on', async () => {
  const { child, pids } = await starter(`
    import { converse, startDetached } from ${processes};
    const sleep = { file: '/bin/sleep', args: ['1000'], folder: '/' };
    const ended = await converse(sleep);
    const talk = await converse(sleep);
    const last = await converse(sleep);
    ended.kill();
    await new Promise((resolve) => ended.child.once('close', resolve));
    const free = await startDetached(sleep);
    console.log(talk.child.pid, last.child.pid, free);
    setInterval(() => {}, 1000);
  `);
  const [talk, last, free] = pids as [number, number, number];
  try {
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    child.kill('SIGKILL');
    await until(async () => (!isAlive(talk) && !isAlive(last)) || undefined);
    expect(isAlive(free)).toBe(true);
  } finally {
    child.kill('SIGKILL');
    for (const pid of [talk, last, free]) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
});

it('a process that owned programs ends by itself', async () => {
  const { child } = await starter(`
    import { converse } from ${processes};
    const program = { file: process.execPath, args: [${onWindows ? "'-e 0'" : "'-e', '0'"}], folder: process.cwd() };
    const { child } = await converse(program);
    child.once('close', () => console.log(0));
  `);
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  expect(code).toBe(0);
});
