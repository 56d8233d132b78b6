// Debugging across real processes: a link, the agent, the worker of a run, and back.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { afterAll, expect, it } from 'vitest';
import { connectAgent } from '../../src/launch/connect.ts';
import { findAgent } from '../../src/launch/dataFolder.ts';
import type { AgentLink } from '../../src/protocol/link.ts';
import type { Run } from '../../src/protocol/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-debug-'));
let agent: ChildProcess | undefined;
afterAll(async () => {
  if (agent !== undefined && agent.exitCode === null) {
    agent.kill('SIGTERM');
    await once(agent, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

async function until<T>(find: () => T | undefined, ms = 20_000): Promise<T> {
  for (const end = Date.now() + ms; ; ) {
    const found = find();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`still waiting for ${find}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function link(): Promise<AgentLink> {
  if (agent === undefined) {
    const script = join(import.meta.dirname, '..', '..', 'src', 'agent', 'main.ts');
    agent = spawn(process.execPath, [script, '--data-folder', folder], { stdio: 'ignore' });
    await until(() => findAgent(folder));
  }
  return connectAgent(findAgent(folder) as never, 'test');
}

/** A debugger of one run over a link. */
function debug(of: AgentLink, runId: string) {
  const told: (DebugProtocol.ProtocolMessage | null)[] = [];
  of.onDebug(({ message }) => told.push(message as DebugProtocol.ProtocolMessage | null));
  let seq = 0;
  const ask = async (command: string, args?: object): Promise<DebugProtocol.Response> => {
    const number = ++seq;
    await of.call('runs.debug', {
      runId,
      message: { type: 'request', seq: number, command, arguments: args },
    });
    return until(() =>
      told.find(
        (message): message is DebugProtocol.Response =>
          message?.type === 'response' && (message as DebugProtocol.Response).request_seq === number,
      ),
    );
  };
  const events = (event: string) =>
    told.filter((message) => message?.type === 'event' && (message as DebugProtocol.Event).event === event);
  return { told, ask, events };
}

const enqueue = async (of: AgentLink, text: string, forDebugger: boolean): Promise<Run> =>
  (
    await of.call('runs.enqueue', {
      flow: { name: 'F', path: '/flows/F.robin', text },
      inputs: {},
      mode: 'attended',
      priority: 'normal',
      requestedBy: 'test',
      debug: forDebugger,
    })
  ).run;

const state = async (of: AgentLink, runId: string) => (await of.call('runs.get', { runId })).run.state;
async function reaches(of: AgentLink, runId: string, wanted: string): Promise<void> {
  for (const end = Date.now() + 20_000; (await state(of, runId)) !== wanted; ) {
    if (Date.now() > end) throw new Error(`the run is ${await state(of, runId)}, not ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

it('a run is started, stopped at a breakpoint, shown as paused, changed and finished', async () => {
  const own = await link();
  const { id } = await enqueue(own, 'SET a TO 1\nSET b TO a + 1\nSET c TO b\n', true);
  await reaches(own, id, 'Running');
  const { told, ask, events } = debug(own, id);
  await ask('initialize');
  await ask('launch');
  await ask('setBreakpoints', { source: { path: '/flows/F.robin' }, breakpoints: [{ line: 2 }] });
  await ask('configurationDone');
  await until(() => events('stopped')[0]);
  await reaches(own, id, 'Paused');
  expect((await ask('evaluate', { expression: 'SET a TO 41', context: 'repl' })).success).toBe(true);
  await ask('next', { threadId: 1 });
  await until(() => events('stopped')[1]);
  expect((await ask('evaluate', { expression: 'b' })).body.result).toBe('42');
  await ask('continue', { threadId: 1 });
  await until(() => (told.at(-1) === null ? true : undefined));
  expect(events('terminated')).toHaveLength(1);
  await reaches(own, id, 'Succeeded');
});

it('a running run is attached to, paused in a tight loop, and goes on when the link ends', async () => {
  const [own, other] = [await link(), await link()];
  const { id } = await enqueue(own, 'SET n TO 0\nLOOP WHILE n < 1000000000000\nSET n TO n + 1\nEND\n', false);
  await reaches(own, id, 'Running');
  const { ask, events } = debug(other, id);
  await ask('initialize');
  await ask('attach');
  await ask('configurationDone');
  await ask('pause', { threadId: 1 });
  await until(() => events('stopped')[0]);
  await reaches(own, id, 'Paused');
  await expect(own.call('runs.debug', { runId: id, message: { seq: 1 } })).rejects.toMatchObject({
    code: 'DebuggerAttached',
  });
  other.dispose();
  await reaches(own, id, 'Running');
  await own.call('runs.stop', { runId: id });
  await reaches(own, id, 'Canceled');
});
