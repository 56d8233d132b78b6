// What people install on Windows (out/windows/): the installer with its service, and the single-file program. Installed, killed, upgraded,
// repaired and removed, with the programs' own node.exe and koffi.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { serviceSetUp, serviceStatus, startService } from '../../src/win32/services.ts';
import { isWine, temporaryFolder, until } from './harness.ts';

const packages = join(import.meta.dirname, '..', '..', 'out', 'windows');
const named = (ending: string) => {
  const name = readdirSync(packages).find((one) => one.endsWith(ending));
  assert.ok(name, `out/windows has a file that ends with ${ending}`);
  return join(packages, name);
};
const folder = temporaryFolder('package');
const place = join(process.env.ProgramW6432 ?? 'C:\\Program Files', 'Desktop Flows');
const data = join(process.env.ProgramData ?? 'C:\\ProgramData', 'Desktop Flows');
const service = 'DesktopFlows';
const flow = join(folder.path, 'sum.robin');
writeFileSync(
  flow,
  "@OUTPUT Sum : { 'Description': '', 'FriendlyName': 'The sum', 'Type': 'Numeric' }\nSET Sum TO 2 + 3\n",
);
after(() => folder[Symbol.dispose]());

/** Runs a program without anything of the tests in its environment. */
function run(program: string, args: readonly string[]): Promise<{ code: number | null; out: string }> {
  const { NODE_OPTIONS: _options, DESKTOP_FLOWS_KOFFI: _koffi, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, cwd: folder.path, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out }));
  });
}
const dflow = (...args: string[]) =>
  run(join(place, 'node.exe'), [join(place, 'bin', 'dflow.cjs'), ...args, '--data', data]);
const processOfAgent = (): number => JSON.parse(readFileSync(join(data, 'agent.json'), 'utf8')).pid;
const isRunning = () => serviceStatus(service)?.state === 'running';

test('the installer sets the service up: it runs, starts with the computer, and takes runs', async () => {
  const { code, out } = await run(named('setup-x64.exe'), ['/S']);
  assert.equal(code, 0, out);
  assert.ok(isRunning());
  const setUp = serviceSetUp(service);
  assert.match(JSON.stringify(setUp), /--service DesktopFlows/);
  const done = await dflow('run', flow);
  assert.equal(done.code, 0, done.out);
  assert.match(done.out, /The sum\s+5/);
});

test('a service that is killed runs again, and knows its runs', async () => {
  const pid = processOfAgent();
  process.kill(pid, 'SIGKILL');
  await until('the service to be down', () => !isRunning(), 20_000);
  // Wine's service manager has no recovery: what Windows does by itself is done here.
  if (isWine) startService(service);
  await until('the service to run again', isRunning, 30_000);
  await until('another process', () => processOfAgent() !== pid, 20_000);
  const { out } = await dflow('runs', 'list');
  assert.match(out, /sum/);
});

test('installing over it upgrades in place: the service runs the new files, data stays, old files go', async () => {
  const machine = readFileSync(join(data, 'machine-id'), 'utf8');
  const pid = processOfAgent();
  writeFileSync(join(place, 'dist', 'leftOver.cjs'), '');
  writeFileSync(join(place, 'dist', 'agent.cjs'), 'damaged', { flag: 'w' });
  const { code, out } = await run(named('setup-x64.exe'), ['/S']);
  assert.equal(code, 0, out);
  assert.ok(isRunning());
  assert.notEqual(processOfAgent(), pid);
  assert.equal(existsSync(join(place, 'dist', 'leftOver.cjs')), false);
  assert.equal(readFileSync(join(data, 'machine-id'), 'utf8'), machine);
  assert.match((await dflow('runs', 'list')).out, /sum/);
});

test('uninstalling leaves no service, no program and no process; the data stays', async () => {
  const pid = processOfAgent();
  const { code, out } = await run(join(place, 'uninstall.exe'), ['/S']);
  assert.equal(code, 0, out);
  // It goes on as a copy of itself.
  await until('the program to be gone', () => !existsSync(place), 60_000);
  assert.equal(serviceStatus(service), undefined);
  assert.throws(() => process.kill(pid, 0));
  assert.ok(existsSync(join(data, 'runs.db')));
});

test('the single-file program runs flows, from a path with spaces and letters beyond ASCII', async () => {
  const own = join(folder.path, 'Własny folder');
  mkdirSync(own);
  const program = join(own, 'dflow.exe');
  copyFileSync(named('0-x64.exe'), program);
  const version = await run(program, ['--version']);
  assert.match(version.out, /^\d+\.\d+\.\d+\s*$/);
  const done = await run(program, ['run', flow]);
  assert.equal(done.code, 0, done.out);
  assert.match(done.out, /The sum\s+5/);
});

test('the single-file program makes itself a service from a place that only administrators can change', async () => {
  const program = join(folder.path, 'Własny folder', 'dflow.exe');
  const installed = await run(program, ['agent', 'install']);
  assert.equal(installed.code, 0, installed.out);
  assert.ok(isRunning());
  assert.match(JSON.stringify(serviceSetUp(service)), /Program Files/);
  const done = await run(program, ['run', flow, '--data', data]);
  assert.equal(done.code, 0, done.out);
  const removed = await run(program, ['agent', 'uninstall']);
  assert.equal(removed.code, 0, removed.out);
  assert.equal(serviceStatus(service), undefined);
});
