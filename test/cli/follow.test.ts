// A command and agents that come and go: the run is submitted once, whatever happens before it was accepted.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { type Agent, startAgent } from '../../src/agent/agent.ts';
import { ProductError } from '../../src/base/error.ts';
import { type AgentAccess, reachAgent } from '../../src/cli/access.ts';
import { submitAndFollow } from '../../src/cli/follow.ts';
import { connectAgent } from '../../src/launch/connect.ts';
import type { AgentLink } from '../../src/protocol/link.ts';
import { FakeWorkerHost } from '../agent/runs.ts';
import { written } from './output.ts';

const dataFolder = mkdtempSync(join(tmpdir(), 'dflow-follow-'));
const workers = new FakeWorkerHost();
const agents: Agent[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.stop('test over')));
});
afterAll(() => rmSync(dataFolder, { recursive: true, force: true }));

async function newAgent(): Promise<Agent> {
  const agent = await startAgent({
    dataFolder,
    version: '1.2.3',
    workerScript: 'none',
    settings: { stopGraceMs: 50 },
    launch: workers.start,
  });
  agents.push(agent);
  return agent;
}

/** Starts an agent in this process for each command that finds none. */
function access(): AgentAccess & { started: number } {
  let current: Agent | undefined;
  return {
    dataFolder,
    started: 0,
    async find() {
      return current && connectAgent(current.address, 'test').catch(() => undefined);
    },
    async start() {
      this.started++;
      current = await newAgent();
      return connectAgent(current.address, 'test');
    },
  };
}

const enqueue = async (link: AgentLink, id: string) =>
  (
    await link.call('runs.enqueue', {
      id,
      flow: { name: 'Set', path: '/flows/Set.robin', text: 'SET A TO 1\n' },
      inputs: {},
      mode: 'attended',
      priority: 'normal',
      requestedBy: 'test',
    })
  ).run;

const gone = (code: string) => new ProductError(code, 'gone', 'again');

/** Lets every run that a worker gets begin and finish. */
function runAll(): { stop(): void; readonly ids: string[] } {
  const ids: string[] = [];
  const timer = setInterval(() => {
    for (const worker of workers.workers.splice(0)) {
      ids.push(worker.claim.run.id);
      worker.begin();
      worker.finish();
    }
  }, 5);
  return { ids, stop: () => clearInterval(timer) };
}

describe('submitting a run', () => {
  it.each(['AgentStopping', 'LinkClosed', 'AgentNotRunning', 'AgentDataFolderInUse'])(
    'goes to the next agent when the first one says %s, and runs once',
    async (code) => {
      const all = runAll();
      const ids: string[] = [];
      let calls = 0;
      const submit = async (link: AgentLink, id: string) => {
        ids.push(id);
        // The link ends after the agent took the run and before it said so.
        if (code === 'LinkClosed' && calls === 0) await enqueue(link, id);
        if (calls++ === 0) throw gone(code);
        return enqueue(link, id);
      };
      const out = written();
      const agent = access();
      expect(await submitAndFollow(agent, { submit, lines: 1, json: true }, out)).toBe(0);
      all.stop();
      expect(calls).toBe(2);
      expect(new Set(ids).size).toBe(1);
      expect(all.ids).toEqual(ids.slice(0, 1));
      const events = out.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(events[0]).toMatchObject({ kind: 'run', run: { state: 'Queued', id: ids[0] } });
      expect(events.at(-1)).toMatchObject({ kind: 'result', state: 'Succeeded', runId: ids[0] });
    },
  );

  it('is refused at once for what the next agent would refuse, too', async () => {
    let calls = 0;
    const submit = () => {
      calls++;
      return Promise.reject(gone('QueueFull'));
    };
    const following = submitAndFollow(access(), { submit, lines: 1, json: false }, written());
    await expect(following).rejects.toMatchObject({ code: 'QueueFull' });
    expect(calls).toBe(1);
  });

  it('stops with 130 when Ctrl+C comes before there is a run', async () => {
    const listeners = process.listenerCount('SIGINT');
    const submit = () => {
      process.emit('SIGINT');
      return Promise.reject(gone('AgentStopping'));
    };
    expect(await submitAndFollow(access(), { submit, lines: 1, json: false }, written())).toBe(130);
    expect(process.listenerCount('SIGINT')).toBe(listeners);
  });

  it('stops the run when Ctrl+C comes while it is submitted', async () => {
    const submit = (link: AgentLink, id: string) => {
      process.emit('SIGTERM');
      return enqueue(link, id);
    };
    const following = submitAndFollow(access(), { submit, lines: 1, json: false }, written());
    await vi.waitFor(() => expect(workers.workers.length).toBe(1));
    const [worker] = workers.workers.splice(0);
    worker?.begin();
    await vi.waitFor(() => expect(worker?.heard).toContain('stop'));
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    process.emit('SIGINT');
    expect(exit, 'the second one does not wait').toHaveBeenCalledWith(130);
    exit.mockRestore();
    worker?.finish('Canceled');
    expect(await following).toBe(130);
  });

  it('says once that the run waits for others', async () => {
    const out = written();
    const agent = access();
    const link = await agent.start({ stay: false });
    await enqueue(link, '0190a000-0000-7000-8000-000000000001');
    await vi.waitFor(() => expect(workers.workers.length).toBe(1));
    const following = submitAndFollow(agent, { submit: enqueue, lines: 1, json: false }, out);
    await vi.waitFor(
      () =>
        expect(out.text).toMatch(
          /^Waiting in the run queue\. Why, and until when: dflow queue why [0-9a-f]{12}\n$/,
        ),
      3_000,
    );
    const all = runAll();
    expect(await following).toBe(0);
    all.stop();
    expect(out.text.match(/Waiting/g)).toHaveLength(1);
  });
});

describe('an agent that is asked', () => {
  it('ends with the command that started it, and only with that one', async () => {
    const agent = access();
    const first = await reachAgent(agent, (link) => link.call('agent.status', {}));
    const second = await reachAgent(agent, (link) => link.call('agent.status', {}));
    expect(agent.started).toBe(1);
    await second.leave();
    expect(await Promise.race([agents[0]?.stopped.then(() => 'ended'), 'still there'])).toBe('still there');
    await first.leave();
    await agents[0]?.stopped;
  });
});
