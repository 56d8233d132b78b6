// The agent that owns sessions, as it is built (dist/): its workers run in the session of their user, started by Windows' own calls, and
// speak on a channel of their own. Killed where it hurts. The service around it: package.windows.test.ts.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isRunning, processSession, terminate } from '../../src/win32/processes.ts';
import { consoleSession } from '../../src/win32/sessions.ts';
import { temporaryFolder, until } from './harness.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = temporaryFolder('service');
const home = join(folder.path, 'data');
const secret = 'S3cret-okapi-4711';

const asking = `@SENSITIVE: [Code]
@INPUT Code : { 'Description': '', 'FriendlyName': 'Code', 'Type': 'String', 'IsOptional': False, 'DefaultValue': '' }
@OUTPUT Length : { 'Description': '', 'FriendlyName': 'Length', 'Type': 'Numeric' }
@OUTPUT Whose : { 'Description': '', 'FriendlyName': 'Whose', 'Type': 'String' }
SET Length TO Code.Length
System.GetEnvironmentVariable.GetEnvironmentVariable Name: $'''USERNAME''' Value=> Whose
`;

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(root, 'bin', 'dflow.cjs'), ...args], {
    cwd: folder.path,
    env: { ...process.env, DESKTOP_FLOWS_HOME: home, DESKTOP_FLOWS_NODE: process.execPath },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

async function dflow(args: readonly string[], stdin = '') {
  const child = start(args);
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  child.stdin?.end(stdin);
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, out };
}

const log = () => readFileSync(join(home, 'agent.log'), 'utf8');
const lastWorker = () =>
  Number(
    /pid=(\d+)/.exec(
      log()
        .split('\n')
        .findLast((one) => one.includes('worker started')) ?? '',
    )?.[1],
  );
const agent = () => JSON.parse(readFileSync(join(home, 'agent.json'), 'utf8')).pid as number;

before(async () => {
  writeFileSync(join(folder.path, 'asking.robin'), asking);
  writeFileSync(join(folder.path, 'long.robin'), 'LOOP WHILE (1) = (1)\n    WAIT 0.05\nEND\n');
  const { code, out } = await dflow(['agent', 'start', '--sessions', 'client']);
  assert.equal(code, 0, out);
});
after(async () => {
  await dflow(['agent', 'stop']);
  folder[Symbol.dispose]();
});

test('an attended run has its worker in the session of its user, with its inputs, and gives its outputs', async () => {
  const { code, out } = await dflow(
    ['run', 'asking.robin', '--inputs', '-'],
    JSON.stringify({ Code: secret }),
  );
  assert.equal(code, 0, out);
  assert.match(out, /Length\s+\{\}/);
  assert.match(out, new RegExp(`Whose\\s+${process.env.USERNAME}`, 'i'));
  assert.doesNotMatch(`${out}${log()}`, new RegExp(secret));
  assert.match(log(), /worker ended.*exit code 0/);
});

async function running() {
  const before = existsSync(join(home, 'agent.log')) ? lastWorker() : 0;
  const run = dflow(['run', 'long.robin']);
  await until('its worker', () => lastWorker() !== before && isRunning(lastWorker()), 20_000);
  return { run, worker: lastWorker() };
}

test('a worker is in the session that is shown, and its run is Lost when it is killed', async () => {
  const { run, worker } = await running();
  assert.equal(processSession(worker), consoleSession());
  terminate(worker);
  const { code, out } = await run;
  assert.notEqual(code, 0);
  assert.match(out, /Lost|lost/);
});

test('a run is canceled, and its worker is gone', async () => {
  const { run, worker } = await running();
  const { out } = await dflow(['runs', 'list', '--json']);
  const { id } = out
    .trim()
    .split('\n')
    .flatMap((line) => JSON.parse(line))
    .find(({ state }: { state: string }) => state === 'Running');
  assert.equal((await dflow(['queue', 'cancel', id])).code, 0);
  await run;
  await until('the worker to end', () => !isRunning(worker));
});

test('workers end with an agent that is killed, and the next one goes on', async () => {
  const { run, worker } = await running();
  terminate(agent());
  await until('the worker to end', () => !isRunning(worker));
  await run;
  assert.equal((await dflow(['agent', 'start'])).code, 0);
  const { code, out } = await dflow(
    ['run', 'asking.robin', '--inputs', '-'],
    JSON.stringify({ Code: secret }),
  );
  assert.equal(code, 0, out);
});
