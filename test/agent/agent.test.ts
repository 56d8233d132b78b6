// The service as its clients meet it: door, methods, events, end. Real sockets and store; the workers do what the test says.
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Agent, type AgentOptions, startAgent } from '../../src/agent/agent.ts';
import { connectAgent } from '../../src/launch/connect.ts';
import { addressFile, defaultDataFolder, findAgent } from '../../src/launch/dataFolder.ts';
import { agentAddress, maxFlowBytes } from '../../src/protocol/agent.ts';
import type { AgentLink } from '../../src/protocol/link.ts';
import type { RunEvent } from '../../src/protocol/run.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeWorkerHost } from './runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-agent-'));
const agents: Agent[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.stop('test over')));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let folders = 0;
async function agentWith(options: Partial<AgentOptions> = {}) {
  const workers = new FakeWorkerHost();
  const dataFolder = options.dataFolder ?? join(folder, String(++folders));
  const agent = await startAgent({
    dataFolder,
    version: '1.2.3',
    workerScript: 'none',
    settings: { stopGraceMs: 50 },
    launch: workers.start,
    ...options,
  });
  agents.push(agent);
  return { agent, workers, dataFolder };
}

const connect = (agent: Agent) => connectAgent(agent.address, 'test');

const flowText = `@SENSITIVE: [Password]
@INPUT Name : { 'Description': '', 'FriendlyName': 'Customer name', 'Type': 'String', 'IsOptional': False }
@INPUT Password : { 'Description': '', 'FriendlyName': 'Password', 'Type': 'String', 'IsOptional': False }
SET Greeting TO $'''Hello %Name%'''
`;

function enqueue(
  link: AgentLink,
  changes: { text?: string; inputs?: Record<string, string> } = {},
  debug = false,
) {
  return link.call('runs.enqueue', {
    flow: { name: 'Greet', path: '/flows/Greet.robin', text: changes.text ?? flowText },
    inputs: changes.inputs ?? { 'Customer name': 'Ann', Password: 'tell-nobody' },
    mode: 'attended',
    priority: 'normal',
    requestedBy: 'test',
    debug,
  });
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('the door', () => {
  it('greets who knows the token, and tells what it is', async () => {
    const { agent } = await agentWith();
    const link = await connect(agent);
    expect(link.agent).toMatchObject({
      pid: process.pid,
      machine: { agentVersion: '1.2.3', slots: 1 },
      lastSeq: 0,
    });
  });

  it.each([
    ['a wrong token', { authorization: `Bearer ${'x'.repeat(43)}` }, 401],
    ['a shorter token', { authorization: 'Bearer x' }, 401],
    ['no token', {}, 401],
    ['the token from a web page', { origin: 'http://localhost', authorization: 'good' }, 403],
    ['the token under another host name', { host: 'evil.example:80', authorization: 'good' }, 403],
  ])('refuses %s', async (_what, headers: Record<string, string>, status) => {
    const { agent } = await agentWith();
    if (headers.authorization === 'good')
      headers = { ...headers, authorization: `Bearer ${agent.address.token}` };
    const socket = new WebSocket(`ws://127.0.0.1:${agent.address.port}/`, { headers });
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(status);
  });

  it('is known to a shell as AgentTokenWrong, and without agent as AgentNotRunning', async () => {
    const { agent } = await agentWith();
    const { port } = agent.address;
    await expect(connectAgent({ port, token: 'wrong' }, 'test')).rejects.toMatchObject({
      code: 'AgentTokenWrong',
    });
    await agent.stop('now');
    await expect(connectAgent({ port, token: 'wrong' }, 'test')).rejects.toMatchObject({
      code: 'AgentNotRunning',
    });
  });

  it('answers a browser with an explanation instead of a page', async () => {
    const { agent } = await agentWith();
    const response = await fetch(`http://127.0.0.1:${agent.address.port}/`);
    expect(response.status).toBe(426);
  });

  it('on a port in use is AgentPortInUse, and everything is released again', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const dataFolder = join(folder, 'port-in-use');
    await expect(agentWith({ dataFolder, port })).rejects.toMatchObject({
      code: 'AgentPortInUse',
      message: expect.stringContaining(String(port)),
    });
    other.close();
    await agentWith({ dataFolder });
  });

  it.each([
    [
      'a request before hello',
      '{"jsonrpc":"2.0","id":1,"method":"agent.status","params":{}}',
      'InvalidRequest',
    ],
    ['an unknown method', '{"jsonrpc":"2.0","id":1,"method":"runs.explode","params":{}}', 'MethodNotFound'],
    [
      'another shape',
      '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":"one"}}',
      'InvalidRequest',
    ],
    [
      'another protocol',
      '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":77,"client":"old"}}',
      'ProtocolMismatch',
    ],
    ['a prototype’s method', '{"jsonrpc":"2.0","id":1,"method":"toString","params":{}}', 'MethodNotFound'],
  ])('answers %s with its code', async (_what, text, code) => {
    const { agent } = await agentWith();
    const socket = new WebSocket(`ws://127.0.0.1:${agent.address.port}/`, {
      headers: { authorization: `Bearer ${agent.address.token}` },
    });
    await once(socket, 'open');
    socket.send(text);
    const [data] = await once(socket, 'message');
    expect(JSON.parse(String(data))).toMatchObject({ id: 1, error: { data: { code } } });
    socket.close();
  });
});

describe('the data folder', () => {
  it('holds the address for its owner only while the agent runs', async () => {
    const { agent, dataFolder } = await agentWith();
    expect(agentAddress.parse(JSON.parse(readFileSync(addressFile(dataFolder), 'utf8')))).toEqual(
      agent.address,
    );
    expect(findAgent(dataFolder)).toEqual(agent.address);
    if (process.platform !== 'win32') {
      expect(statSync(addressFile(dataFolder)).mode & 0o777).toBe(0o600);
      expect(statSync(dataFolder).mode & 0o777).toBe(0o700);
    }
    await agent.stop('now');
    expect(existsSync(addressFile(dataFolder))).toBe(false);
  });

  it('belongs to one agent', async () => {
    const { agent, dataFolder } = await agentWith();
    await expect(agentWith({ dataFolder })).rejects.toMatchObject({
      code: 'AgentDataFolderInUse',
      message: expect.stringMatching(new RegExp(`process ${process.pid}, port ${agent.address.port}`)),
    });
    await agent.stop('now');
    await agentWith({ dataFolder });
  });

  it.each([
    ['a dead process', JSON.stringify({ pid: 2 ** 22 + 1, port: 1, token: 't', version: '1', startedAt: 0 })],
    ['half a file', '{"pid": 12'],
    ['something else', '[]'],
  ])('with the address of %s counts as free', (_what, content) => {
    const dataFolder = mkdtempSync(join(folder, 'stale-'));
    writeFileSync(addressFile(dataFolder), content);
    expect(findAgent(dataFolder)).toBeUndefined();
  });

  it('lies where the system keeps such data, or where DESKTOP_FLOWS_HOME says', () => {
    expect(defaultDataFolder({ DESKTOP_FLOWS_HOME: '/elsewhere' }, 'linux')).toBe('/elsewhere');
    expect(defaultDataFolder({ XDG_DATA_HOME: '/xdg' }, 'linux')).toBe(join('/xdg', 'desktop-flows'));
    expect(defaultDataFolder({ LOCALAPPDATA: 'C:\\Local' }, 'win32')).toBe(
      join('C:\\Local', 'Desktop Flows'),
    );
    expect(defaultDataFolder({}, 'darwin')).toMatch(/Library.Application Support.Desktop Flows$/);
    vi.stubEnv('HOME', '').stubEnv('USERPROFILE', '');
    expect(isAbsolute(defaultDataFolder({}, 'linux'))).toBe(true);
    vi.unstubAllEnvs();
  });

  it.each([
    ['a lock that is no such file', 'agent.lock', 'StoreDamaged'],
    ['an address that cannot be written', 'agent.json.new/x', 'DataFolderUnusable'],
  ])('with %s says so', async (_what, name, code) => {
    const dataFolder = mkdtempSync(join(folder, 'unusable-'));
    mkdirSync(dirname(join(dataFolder, name)), { recursive: true });
    writeFileSync(join(dataFolder, name), 'x'.repeat(5_000));
    await expect(agentWith({ dataFolder })).rejects.toMatchObject({ code });
    rmSync(join(dataFolder, name.split('/')[0] as string), { recursive: true });
    await agentWith({ dataFolder });
  });

  it('that cannot be made is DataFolderUnusable', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    await expect(agentWith({ dataFolder: join(file, 'data') })).rejects.toMatchObject({
      code: 'DataFolderUnusable',
    });
  });
});

describe('a request for a run', () => {
  it('is on disk before it is answered, without its secrets', async () => {
    const { agent, workers } = await agentWith();
    const link = await connect(agent);
    const { run } = await enqueue(link);
    expect(run).toMatchObject({
      state: 'Queued',
      inputs: { 'Customer name': 'Ann', Password: { $type: 'secured' } },
    });
    await until(() => workers.workers.length === 1);
    expect(workers.last.claim.run.id).toBe(run.id);
    expect(await link.call('runs.list', { limit: 10 })).toMatchObject({
      runs: [{ id: run.id, state: 'Starting' }],
    });
  });

  it.each([
    ['an input too few', { inputs: { Password: 'tell-nobody' } }, 'InputMissing'],
    [
      'an input too many',
      { inputs: { 'Customer name': 'A', Password: 'tell-nobody', Nickname: 'tell-nobody' } },
      'InputUnknown',
    ],
    ['a syntax error', { text: 'IF THEN tell-nobody' }, 'FlowHasErrors'],
    [
      'too many megabytes',
      { text: `${flowText}# ${'tell-nobody'.repeat(maxFlowBytes / 11)}` },
      'FlowTooLarge',
    ],
  ])('with %s is refused with its code, and nothing of it is kept', async (_what, changes, code) => {
    const { agent, dataFolder } = await agentWith();
    const link = await connect(agent);
    const error = await enqueue(link, changes).catch((each) => each);
    expect(error).toMatchObject({ code, nextStep: expect.stringMatching(/.+/) });
    expect(await link.call('runs.list', { limit: 10 })).toMatchObject({ runs: [] });
    if (code !== 'FlowHasErrors')
      expect(`${error.message} ${readFileSync(join(dataFolder, 'agent.log'))}`).not.toContain('tell-nobody');
  });

  it('that is made again with its id is the same run', async () => {
    const { agent, workers } = await agentWith();
    const link = await connect(agent);
    const request = {
      id: '0190a000-0000-7000-8000-000000000001',
      flow: { name: 'Greet', path: '/flows/Greet.robin', text: 'SET A TO 1\n' },
      inputs: {},
      mode: 'attended',
      priority: 'normal',
      requestedBy: 'test',
    } as const;
    const { run } = await link.call('runs.enqueue', request);
    expect(run.id).toBe(request.id);
    expect((await link.call('runs.enqueue', request)).run.id).toBe(run.id);
    await until(() => workers.workers.length === 1);
    workers.last.begin();
    workers.last.finish();
    expect((await link.call('runs.list', { limit: 10 })).runs).toHaveLength(1);
    const again = { runId: run.id, id: '0190a000-0000-7000-8000-000000000002', requestedBy: 'test' };
    await expect
      .poll(async () => (await link.call('runs.get', { runId: run.id })).run.state)
      .toBe('Succeeded');
    for (let i = 0; i < 2; i++)
      expect((await link.call('runs.resubmit', again)).run).toMatchObject({
        id: again.id,
        resubmitOf: run.id,
      });
    await expect(link.call('runs.enqueue', { ...request, id: '../../x' })).rejects.toMatchObject({
      code: 'InvalidRequest',
    });
  });

  it('whose text was lost with a damaged store is not run again without it', async () => {
    const { agent, dataFolder } = await agentWith();
    const { run } = await enqueue(await connect(agent));
    await agent.stop('now');
    const db = new DatabaseSync(join(dataFolder, 'runs.db'));
    db.exec(
      `INSERT INTO flow (hash, text) VALUES ('lost', ''); UPDATE run SET flow = 'lost', state = 'Lost'`,
    );
    db.close();
    rmSync(join(dataFolder, 'runs.db.recovery'), { recursive: true, force: true });
    const { agent: again } = await agentWith({ dataFolder });
    const link = await connect(again);
    for (const inputs of [undefined, { Name: 'x' }])
      await expect(
        link.call('runs.resubmit', { runId: run.id, requestedBy: 'test', ...(inputs && { inputs }) }),
      ).rejects.toMatchObject({ code: 'FlowTextLost' });
  });

  it('keeps the order of requests', async () => {
    const { agent, workers } = await agentWith();
    const link = await connect(agent);
    const runs = await Promise.all(Array.from({ length: 20 }, () => enqueue(link)));
    for (let i = 0; i < 20; i++) {
      await until(() => workers.workers.length === i + 1);
      workers.last.begin();
      workers.last.finish();
    }
    expect(workers.workers.map((worker) => worker.claim.run.id)).toEqual(runs.map(({ run }) => run.id));
  });
});

describe('events', () => {
  it('reach every subscriber once and in order, also one that comes back', async () => {
    const { agent, workers } = await agentWith();
    const [watcher, visitor] = [await connect(agent), await connect(agent)];
    const [all, some]: [RunEvent[], RunEvent[]] = [[], []];
    watcher.onEvent((event) => all.push(event));
    visitor.onEvent((event) => some.push(event));
    expect(await watcher.call('subscribe', { after: 0 })).toEqual({ lastSeq: 0, complete: true });
    await visitor.call('subscribe', { after: 0 });
    const { run } = await enqueue(watcher);
    await until(() => workers.workers.length === 1 && some.length >= 2);
    workers.last.begin();
    const frame = (i: number) => ({
      kind: 'frame' as const,
      ...workers.last.fence,
      lines: [],
      actions: [],
      omitted: i + 1,
      logs: [],
    });
    for (let i = 0; i < 50; i++) workers.last.say(frame(i));
    visitor.dispose();
    for (let i = 50; i < 100; i++) workers.last.say(frame(i));
    const back = await connect(agent);
    back.onEvent((event) => some.push(event));
    await back.call('subscribe', { after: some.at(-1)?.seq ?? 0 });
    workers.last.finish();
    const over = (events: RunEvent[]) =>
      events.some((event) => event.kind === 'run' && event.run.state === 'Succeeded');
    await until(() => over(all) && over(some));
    expect(all.map((event) => event.seq)).toEqual(Array.from({ length: 104 }, (_, i) => i + 1));
    expect(some).toEqual(all);
    expect((await watcher.call('runs.events', { runId: run.id, after: 0 })).events).toEqual(all);
  });

  it('wait in the store for a client that does not read, instead of in memory', async () => {
    const { agent, workers } = await agentWith();
    const link = await connect(agent);
    const { run } = await enqueue(link);
    await until(() => workers.workers.length === 1);
    workers.last.begin();
    const socket = new WebSocket(`ws://127.0.0.1:${agent.address.port}/`, {
      headers: { authorization: `Bearer ${agent.address.token}` },
    });
    await once(socket, 'open');
    const seen: number[] = [];
    socket.on('message', (data) => {
      const { params } = JSON.parse(String(data));
      if (params) seen.push(params.event.seq);
    });
    socket.send('{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"client":"slow"}}');
    socket.send('{"jsonrpc":"2.0","id":2,"method":"subscribe","params":{"after":0}}');
    await until(() => seen.length > 0);
    socket.pause();
    const before = process.memoryUsage();
    const logs = Array.from({ length: 100 }, () => ({
      at: 0,
      level: 'info' as const,
      message: 'x'.repeat(4_000),
      line: 1,
      subflow: 'Main',
    }));
    for (let i = 0; i < 100; i++) {
      workers.last.say({ kind: 'frame', ...workers.last.fence, lines: [], actions: [], omitted: 0, logs });
      await new Promise((resolve) => setImmediate(resolve));
    }
    const after = process.memoryUsage();
    const used = (m: NodeJS.MemoryUsage) => m.external + m.arrayBuffers;
    expect((used(after) - used(before)) / 1e6, '40 MB of events were written').toBeLessThan(20);
    socket.resume();
    await until(() => seen.length >= 10_003);
    expect(seen).toEqual(seen.map((_, i) => i + 1));
    socket.close();
    await link.call('runs.stop', { runId: run.id });
  }, 20_000);
});

describe('a debugger', () => {
  it('speaks with the worker of a run, one at a time, until it leaves or the run ends', async () => {
    const { agent, workers } = await agentWith();
    const [link, other] = [await connect(agent), await connect(agent)];
    const heard: unknown[] = [];
    link.onDebug((message) => heard.push(message));
    other.onDebug(() => expect.unreachable('it is not attached'));
    const send = (message: unknown, from = link) => from.call('runs.debug', { runId: run.id, message });
    const { run } = await enqueue(link, {}, true);
    await until(() => workers.workers.length === 1);
    expect(workers.last.waits).toBe(true);
    workers.last.begin();
    await send({ seq: 1 });
    await expect(send({ seq: 1 }, other)).rejects.toMatchObject({ code: 'DebuggerAttached' });
    workers.last.say({ kind: 'debug', ...workers.last.fence, message: { seq: 2 } });
    workers.last.say({ kind: 'debug', fence: 99, message: 'of an older claim' });
    await until(() => heard.length === 1);
    await send(null);
    await send({ seq: 1 }, other);
    other.dispose();
    await until(() => workers.last.debugged.length === 4);
    await send({ seq: 3 });
    workers.last.finish();
    await until(() => heard.length === 2);
    expect(heard).toEqual([
      { runId: run.id, message: { seq: 2 } },
      { runId: run.id, message: null },
    ]);
    expect(workers.last.debugged).toEqual([{ seq: 1 }, null, { seq: 1 }, null, { seq: 3 }]);
    await expect(send({ seq: 4 })).rejects.toMatchObject({ code: 'RunNotActive' });
    await send(null);
  });

  it('has to wait for a queued run, and is told of an unknown one', async () => {
    const { agent } = await agentWith();
    const link = await connect(agent);
    await enqueue(link);
    const { run } = await enqueue(link);
    const message = { seq: 1 };
    await expect(link.call('runs.debug', { runId: run.id, message })).rejects.toMatchObject({
      code: 'RunNotActive',
    });
    await expect(link.call('runs.debug', { runId: 'none', message })).rejects.toMatchObject({
      code: 'RunNotFound',
    });
  });
});

describe('the end', () => {
  it('comes on request, with the answer before it', async () => {
    const { agent } = await agentWith();
    const link = await connect(agent);
    const closed = new Promise((resolve) => link.onClose(resolve));
    await link.call('agent.stop', { whenIdle: false });
    expect(await closed).toMatchObject({ code: 1001 });
    await agent.stopped;
  });

  it('when idle waits for the last run and for other clients', async () => {
    const { agent, workers } = await agentWith();
    const [link, other] = [await connect(agent), await connect(agent)];
    await enqueue(link);
    await link.call('agent.stop', { whenIdle: true });
    await until(() => workers.workers.length === 1);
    workers.last.begin();
    workers.last.finish();
    await until(() => !workers.last.alive);
    expect(await link.call('agent.status', {})).toMatchObject({ running: 0, clients: 2 });
    other.dispose();
    await agent.stopped;
  });

  it('does not come by itself once somebody wants the agent to stay', async () => {
    const clock = new FakeClock();
    const { agent } = await agentWith({ clock, idleExitSeconds: 30 });
    const [link, other] = [await connect(agent), await connect(agent)];
    await other.call('agent.stop', { whenIdle: true });
    await link.call('agent.stay', {});
    other.dispose();
    link.dispose();
    const ended = agent.stopped.then(() => 'ended');
    await new Promise((resolve) => setTimeout(resolve, 50));
    clock.advance(60_000);
    expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50, 'stays'))])).toBe(
      'stays',
    );
  });

  it('comes by itself after a time without clients and runs, not before', async () => {
    const clock = new FakeClock();
    const { agent, workers } = await agentWith({ clock, idleExitSeconds: 60 });
    let ended = false;
    void agent.stopped.then(() => {
      ended = true;
    });
    const link = await connect(agent);
    await enqueue(link);
    await until(() => workers.workers.length === 1);
    workers.last.begin();
    await clock.advance(1);
    link.dispose();
    await clock.advance(120_000);
    expect(ended, 'a run goes on').toBe(false);
    workers.last.finish();
    await clock.advance(59_000);
    expect(ended).toBe(false);
    await clock.advance(2_000);
    await agent.stopped;
  });
});

describe('what was chosen and what went wrong', () => {
  it('follows the era that was chosen last, also after the next start', async () => {
    const { agent, dataFolder } = await agentWith({ era: '2024' });
    await agent.stop('next');
    const { agent: again, workers } = await agentWith({ dataFolder });
    const link = await connect(again);
    expect((await link.call('machines.list', {})).era).toBe('2024');
    const { run } = await enqueue(link);
    expect(run.expiresAt - run.requestedAt).toBe(6 * 60 * 60_000);
    expect(run.timeoutSeconds).toBe(3 * 60 * 60);
    await until(() => workers.workers.length === 1);
    const { lines } = await link.call('audit.list', { limit: 10 });
    expect(lines).toMatchObject([{ who: 'the agent', what: 'chose the era', subject: '2024' }]);
    await again.stop('next');
    const { agent: other } = await agentWith({ dataFolder, era: '2020' });
    const later = await connect(other);
    expect((await later.call('machines.list', {})).era).toBe('2020');
  });

  it('tells people, not only the log, that the run store was damaged', async () => {
    const { agent, dataFolder } = await agentWith();
    await agent.stop('now');
    writeFileSync(join(dataFolder, 'runs.db'), 'no database. '.repeat(1_000));
    const { agent: again } = await agentWith({ dataFolder });
    const link = await connect(again);
    expect((await link.call('agent.status', {})).recovered).toMatchObject({ code: 'StoreRecovered' });
    expect((await link.call('audit.list', { limit: 1 })).lines).toMatchObject([
      { what: 'recovered the damaged run store', subject: expect.stringContaining('runs.db.damaged-') },
    ]);
  });
});
