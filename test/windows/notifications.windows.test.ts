// The icon of attended machines, from the agent as it is built (dist/): what a person chooses reaches the run, and its process lives and
// dies as it is to.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { isRunning, terminate } from '../../src/win32/processes.ts';
import { className, ownerOf, postMessage, titleOf, topLevelWindows } from '../../src/win32/windows.ts';
import { temporaryFolder, until } from './harness.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = temporaryFolder('notifications');
const home = join(folder.path, 'agent data');
const command = 0x111;
/** As the menu gives them: the first run, then the second … */
const numberOf = (run: number, wish: 'pause' | 'resume' | 'safeStop' | 'stop') =>
  16 + run * 4 + ['pause', 'resume', 'safeStop', 'stop'].indexOf(wish);
const leave = 2;

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(root, 'bin', 'dflow.cjs'), ...args], {
    cwd: folder.path,
    env: { ...process.env, DESKTOP_FLOWS_HOME: home, DESKTOP_FLOWS_NODE: process.execPath },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
function dflow(...args: readonly string[]): Promise<{ readonly code: number | null; readonly out: string }> {
  const child = start(args);
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out })));
}

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly flow: { readonly name: string };
}
async function newest(): Promise<Listed | undefined> {
  const { code, out } = await dflow('runs', 'list', '--json');
  if (code !== 0) return undefined; // no agent runs
  return out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line): Listed[] => JSON.parse(line))[0];
}
const reaches = (flow: string, state: string) =>
  until(
    `${flow} to be ${state}`,
    async () => {
      const run = await newest();
      return run?.flow.name === flow && run.state === state;
    },
    20_000,
  );

const icon = () => topLevelWindows().find((window) => titleOf(window) === 'Desktop Flows notifications');
const iconThere = () => until('the icon', icon, 20_000);
const log = () => readFileSync(join(home, 'agent.log'), 'utf8');
const shown = (flow: string) =>
  log()
    .split('\n')
    .filter((line) => line.includes('a notification') && line.includes(flow));

before(async () => {
  for (const name of ['first', 'second', 'third'])
    writeFileSync(join(folder.path, `${name}.robin`), 'LOOP WHILE (1) = (1)\n    WAIT 0.05\nEND\n');
  writeFileSync(
    join(folder.path, 'broken.robin'),
    "File.Delete Files: $'''C:\\\\nowhere\\\\nothing.txt'''\n",
  );
  const { code, out } = await dflow('agent', 'start');
  assert.equal(code, 0, out);
});
// One that failed leaves nothing to those after it.
afterEach(async () => {
  const run = await newest();
  if (run?.state === 'Running' || run?.state === 'Paused') await dflow('runs', 'stop', run.id);
});
after(async () => {
  await dflow('agent', 'stop');
  folder[Symbol.dispose]();
});

test('there is no icon before something runs; then its menu pauses, resumes and stops the run', async () => {
  assert.equal(icon(), undefined);
  const run = dflow('run', 'first.robin');
  const window = await iconThere();
  await reaches('first', 'Running');
  postMessage(window, command, numberOf(0, 'pause'), 0);
  await reaches('first', 'Paused');
  postMessage(window, command, numberOf(0, 'resume'), 0);
  await reaches('first', 'Running');
  postMessage(window, command, numberOf(0, 'stop'), 0);
  await reaches('first', 'Canceled');
  await run;
  // Began, paused, went on, stopped.
  await until('the notifications', () => shown('first').length === 4);
});

test('an icon that is killed comes again, and its menu still works', async () => {
  const run = dflow('run', 'second.robin');
  await reaches('second', 'Running');
  const before = await iconThere();
  const process = ownerOf(before).processId;
  terminate(process);
  const window = await until(
    'another icon',
    () => {
      const found = icon();
      return found !== undefined && ownerOf(found).processId !== process && found;
    },
    20_000,
  );
  // It knows the runs a moment after its window is there.
  await until(
    'second to be Canceled',
    async () => {
      postMessage(window, command, numberOf(0, 'stop'), 0);
      return (await newest())?.state === 'Canceled';
    },
    20_000,
  );
  await run;
});

test('with notifications of failures there is none of a run that succeeds, and one that says why another failed', async () => {
  const { out: name } = await dflow('machine', 'list', '--json');
  const machine = JSON.parse(name.trim().split('\n')[0] as string);
  const set = await dflow(
    'machine',
    'set',
    (Array.isArray(machine) ? machine[0] : machine).name,
    '--notifications',
    'failures',
  );
  assert.equal(set.code, 0, set.out);
  await dflow('run', 'broken.robin');
  await until('the notification', () => shown('broken').length === 1);
  const back = await dflow(
    'machine',
    'set',
    (Array.isArray(machine) ? machine[0] : machine).name,
    '--notifications',
    'all',
  );
  assert.equal(back.code, 0, back.out);
});

test('the icon goes with an agent that is killed, also while its menu is open', async () => {
  const run = dflow('run', 'third.robin');
  await reaches('third', 'Running');
  const window = await iconThere();
  const process = ownerOf(window).processId;
  const [iconMessage, contextMenu, menuClass] = [0x8001, 0x7b, '#32768'];
  postMessage(window, iconMessage, 0, contextMenu);
  await until('the menu', () =>
    topLevelWindows().some((one) => className(one) === menuClass && ownerOf(one).processId === process),
  );
  const { out } = await dflow('agent', 'status', '--json');
  terminate(JSON.parse(out).pid);
  await until('its process to end', () => !isRunning(process));
  assert.equal(icon(), undefined);
  await run;
});

test('a person who leaves notifications sees none until the agent is started again', async () => {
  assert.equal((await dflow('agent', 'start')).code, 0);
  const run = dflow('run', 'third.robin');
  await reaches('third', 'Running');
  const window = await iconThere();
  const process = ownerOf(window).processId;
  postMessage(window, command, leave, 0);
  await until('its process to end', () => !isRunning(process));
  const { id } = (await newest()) as Listed;
  await dflow('runs', 'pause', id);
  await reaches('third', 'Paused');
  assert.equal(icon(), undefined);
  await dflow('runs', 'stop', id);
  await run;
});
