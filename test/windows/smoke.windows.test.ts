// That the ground holds on which the Windows suites stand: node.exe, koffi, the test program, a display.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import koffi from 'koffi';
import { startTestProgram, until } from './harness.ts';

test('node.exe is that of Windows, and calls Windows', () => {
  assert.equal(process.platform, 'win32');
  const currentProcess = koffi.load('kernel32.dll').func('uint32_t GetCurrentProcessId()');
  assert.equal(currentProcess(), process.pid);
});

test('koffi loads in a worker thread', async () => {
  const source =
    "import('koffi').then(({default: koffi}) => require('node:worker_threads').parentPort.postMessage(koffi.load('kernel32.dll').func('uint32_t GetCurrentThreadId()')()))";
  const thread = new Worker(source, { eval: true });
  const id = await new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
  assert.ok(Number(id) > 0);
  await thread.terminate();
});

test('the test program shows a window of the title it was given, and logs', async () => {
  await using program = await startTestProgram({ title: 'Smoke śmoke' });
  const findWindow = koffi.load('user32.dll').func('uintptr_t FindWindowW(str16 class, str16 title)');
  await until('its window', () => Number(findWindow('TestWindow', program.title)) !== 0);
  assert.deepEqual(program.log(), ['ready']);
});
