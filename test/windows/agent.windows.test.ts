// The command line and the agent as they are built (dist/), under Windows' own node.exe: real agent, real workers, real files; killed
// where it hurts.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { securityOf } from '../../src/win32/security.ts';
import { onlyWindows, temporaryFolder, until } from './harness.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = temporaryFolder('agent');
// A path with spaces and letters beyond ASCII, outside the profile's own place for data.
const home = join('C:\\', 'Datən ü', 'agent data');
const secret = 'S3cret-zebra-9917';

const greeting = `@SENSITIVE: [Code]
@INPUT Name : { 'Description': '', 'FriendlyName': 'Name', 'Type': 'String', 'IsOptional': False, 'DefaultValue': '' }
@INPUT Code : { 'Description': '', 'FriendlyName': 'Code', 'Type': 'String', 'IsOptional': False, 'DefaultValue': '' }
@OUTPUT Greeting : { 'Description': '', 'FriendlyName': 'Greeting', 'Type': 'String' }
@OUTPUT Length : { 'Description': '', 'FriendlyName': 'Length', 'Type': 'Numeric' }
SET Greeting TO $'''Hello %Name%'''
SET Length TO Code.Length
Folder.Create FolderPath: $'''.''' FolderName: Greeting Folder=> Made
`;
const long = 'LOOP WHILE (1) = (1)\n    WAIT 0.05\nEND\n';

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(root, 'bin', 'dflow.cjs'), ...args], {
    cwd: folder.path,
    env: { ...process.env, DESKTOP_FLOWS_HOME: home, DESKTOP_FLOWS_NODE: process.execPath },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function ended(child: ChildProcess): Promise<Result> {
  return new Promise((resolve) => {
    let out = '';
    let err = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

function dflow(args: readonly string[], stdin = ''): Promise<Result> {
  const child = start(args);
  const result = ended(child);
  child.stdin?.end(stdin);
  return result;
}

interface Status {
  readonly pid: number;
  readonly running: number;
  readonly queued: number;
}
async function status(): Promise<Status> {
  return JSON.parse((await dflow(['agent', 'status', '--json'])).out);
}

interface QueuedRun {
  readonly id: string;
  readonly state: string;
  readonly flow: { readonly name: string };
}
/** Every run the agent knows, with its state. */
async function runs(): Promise<QueuedRun[]> {
  const { out } = await dflow(['runs', 'list', '--json']);
  return out
    .trim()
    .split('\n')
    .flatMap((line) => JSON.parse(line));
}
const stateOf = async (name: string) => (await runs()).find((run) => run.flow.name === name)?.state;

/** Process of the worker that was started last. */
function lastWorker(): number {
  const lines = readFileSync(join(home, 'agent.log'), 'utf8').split('\n');
  const line = lines.findLast((one) => one.includes('worker started')) ?? '{}';
  return Number(/pid=(\d+)/.exec(line)?.[1]);
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

before(async () => {
  writeFileSync(join(folder.path, 'greeting.robin'), greeting);
  for (const name of ['first', 'second', 'third'])
    writeFileSync(join(folder.path, `${name}.robin`), name === 'second' ? 'SET A TO 1\n' : long);
  mkdirSync(join(home, '..'), { recursive: true });
  const { code, err } = await dflow(['agent', 'start']);
  assert.equal(code, 0, err);
});
after(async () => {
  await dflow(['agent', 'stop']);
  folder[Symbol.dispose]();
});

test('a flow with inputs runs in a worker and gives its outputs; the sensitive one stays inside', async () => {
  const { code, out, err } = await dflow(
    ['run', 'greeting.robin', '--inputs', '-'],
    JSON.stringify({ Name: 'Łódź', Code: secret }),
  );
  assert.equal(`${code} ${err}`, '0 ', out);
  assert.match(out, /Greeting\s+Hello Łódź/);
  assert.match(out, /Length\s+\{\}/, 'what was computed from it is shown as secured');
  assert.ok(!out.includes(secret));
  assert.ok(existsSync(join(folder.path, 'Hello Łódź')));
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === 'agent.lock') continue;
    assert.ok(!readFileSync(join(entry.parentPath, entry.name)).includes(secret), entry.name);
  }
});

test('nobody but the account, the system and administrators has rights on the data', {
  skip: onlyWindows('accessControl'),
}, () => {
  const descriptor = securityOf(home, 'file');
  const entries = [...descriptor.matchAll(/\((A|D);([^;]*);[^;]*;;;([^)]+)\)/g)];
  assert.equal(entries.length, 3, descriptor);
  assert.ok(!/;;;(WD|BU|AU|S-1-1-0)\)/.test(descriptor), descriptor);
});

test('a worker that is killed leaves its run Lost, and the agent goes on', async () => {
  const running = ended(start(['run', 'third.robin', '--json']));
  await until('the run', async () => (await stateOf('third')) === 'Running', 20_000);
  process.kill(lastWorker(), 'SIGKILL');
  const { code } = await running;
  assert.notEqual(code, 0);
  assert.equal(await stateOf('third'), 'Lost');
  assert.equal((await dflow(['run', 'second.robin'])).code, 0);
});

test('an agent that is killed in mid-run loses nothing: its worker ends, the run is Lost, what waited runs', async () => {
  const first = ended(start(['run', 'first.robin', '--json']));
  await until('the first run', async () => (await stateOf('first')) === 'Running', 20_000);
  const worker = lastWorker();
  const { pid } = await status();
  const before = (await runs()).length;
  const second = ended(start(['run', 'second.robin', '--json']));
  await until('the second to wait', async () => (await runs()).length === before + 1, 20_000);
  process.kill(pid, 'SIGKILL');
  await Promise.all([first, second]);
  await until('the worker to end', () => isGone(worker), 20_000);

  assert.equal((await dflow(['agent', 'start'])).code, 0);
  assert.notEqual((await status()).pid, pid);
  assert.equal(await stateOf('first'), 'Lost');
  await until(
    'the run that waited',
    async () =>
      (await runs()).filter(({ flow }) => flow.name === 'second').every(({ state }) => state === 'Succeeded'),
    20_000,
  );
  assert.equal((await runs()).length, before + 1);
});

test('stopping leaves no process and no address', async () => {
  const { pid } = await status();
  assert.equal((await dflow(['agent', 'stop'])).code, 0);
  await until('the agent to be gone', () => isGone(pid));
  assert.equal(existsSync(join(home, 'agent.json')), false);
});
