// `dflow mcp` as a client starts it: the built command line, one JSON text per line, a real agent, a real run.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const work = mkdtempSync(join(tmpdir(), 'desktop-flows-mcp-'));
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 5 }));

const dflow = (...args: string[]) =>
  spawn(process.execPath, [join(root, 'bin', 'dflow.cjs'), ...args], {
    env: { ...process.env, DESKTOP_FLOWS_HOME: join(work, 'home') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });

it('finds an action, writes a flow, runs it and reads its log; nothing but messages is on its output', async () => {
  const server = dflow('mcp', '--root', work, '--allow-changes');
  const answers = new Map<number, (message: { result: never }) => void>();
  const strays: string[] = [];
  createInterface({ input: server.stdout }).on('line', (line) => {
    try {
      const message = JSON.parse(line);
      answers.get(message.id)?.(message);
    } catch {
      strays.push(line);
    }
  });
  let id = 0;
  const request = (method: string, params: object) =>
    new Promise<{ result: { content: { text: string }[] } }>((done) => {
      answers.set(++id, done as never);
      server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  const use = async (name: string, args: object) =>
    (await request('tools/call', { name, arguments: args })).result.content[0]?.text ?? '';

  await request('initialize', { protocolVersion: '2025-06-18', capabilities: {} });
  expect(await use('find_actions', { words: 'increase variable' })).toContain('Variables.IncreaseVariable');
  const text = 'SET Count TO 1\nVariables.IncreaseVariable Value: Count IncrementValue: 1\n';
  expect(await use('check_text', { path: 'count.robin', text })).not.toContain(' error ');
  expect(await use('edit_flow', { path: 'count.robin', text })).toContain('was written');
  const [, runId] = /run (\S+)\./.exec(await use('enqueue_run', { path: 'count.robin' })) as RegExpExecArray;
  await expect.poll(() => use('get_run', { runId }), { timeout: 30_000 }).toContain('"state": "Succeeded"');
  expect(await use('run_log', { runId })).toContain('line 2 Variables.IncreaseVariable ok');
  expect(await use('list_runs', {})).toContain('count: Succeeded');
  expect(await use('list_machines', {})).toMatch(/online, 0 running, 0 queued/);

  writeFileSync(join(work, 'notes.txt'), 'x');
  expect(await use('check_flow', { path: 'notes.txt' })).toMatch(/^PathOutside/);
  const ended = new Promise((done) => server.once('exit', done));
  server.stdin.end();
  expect(await ended).toBe(0);
  expect(strays).toEqual([]);
  await new Promise((done) => dflow('agent', 'stop').once('exit', done));
});
