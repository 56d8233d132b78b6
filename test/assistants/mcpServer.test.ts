// The MCP server as a client meets it: what it says of itself, tools that read, and changes that nobody is surprised by.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serveMcp } from '../../src/assistants/mcpServer.ts';
import type { Hands } from '../../src/assistants/tool.ts';
import { Emitter } from '../../src/base/event.ts';
import { CliHands } from '../../src/cli/mcp.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'desktop-flows-mcp-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const flow = [
  '@SENSITIVE: [Pin]',
  "@INPUT Name : { 'Description': '', 'FriendlyName': 'Guest', 'Type': 'String', 'IsOptional': True, 'DefaultValue': '' }",
  "@INPUT Pin : { 'Description': '', 'FriendlyName': 'Pin code', 'Type': 'String', 'IsOptional': True, 'DefaultValue': '2817-1815' }",
  'SET Greeting TO Name',
].join('\n');

/** A client: sends, and answers what it is asked. */
function client({
  capabilities = {},
  allowChanges = false,
  elicit = {} as object,
  call = {} as Hands['call'] | object,
} = {}) {
  const toServer = new Emitter<string>();
  const waiting = new Map<number, (message: { result?: unknown; error?: unknown }) => void>();
  const asked: string[] = [];
  let next = 1;
  const hands = new CliHands(folder, { dataFolder: folder } as never);
  if (typeof call === 'function') Object.assign(hands, { call });
  serveMcp(
    {
      send: (text) => {
        const message = JSON.parse(text);
        if (message.method === 'elicitation/create') {
          asked.push(message.params.message);
          queueMicrotask(() =>
            toServer.fire(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: elicit })),
          );
        } else waiting.get(message.id)?.(message);
      },
      close: () => {},
      onMessage: toServer.event,
      onClose: new Emitter<never>().event,
    },
    hands,
    { version: '1.2.3', allowChanges },
  );
  const request = (method: string, params: unknown) =>
    new Promise<{ result?: never; error?: { code: number; message: string } }>((done) => {
      waiting.set(next, done as never);
      toServer.fire(JSON.stringify({ jsonrpc: '2.0', id: next++, method, params }));
    });
  const start = () => request('initialize', { protocolVersion: '2025-03-26', capabilities, clientInfo: {} });
  const use = async (name: string, args: object = {}) => {
    const { result, error } = (await request('tools/call', { name, arguments: args })) as {
      result?: { isError?: boolean; content: { text: string }[] };
      error?: { message: string };
    };
    return `${result?.isError ? 'failed: ' : ''}${result?.content[0]?.text ?? error?.message}`;
  };
  return { request, start, use, asked };
}

it('says who it is in a version of the protocol that the client speaks, and lists described tools', async () => {
  const { request, start } = client();
  expect((await start()).result).toMatchObject({
    protocolVersion: '2025-03-26',
    capabilities: { tools: {} },
    serverInfo: { name: 'desktop-flows', version: '1.2.3' },
  });
  const { result } = (await request('tools/list', {})) as { result?: { tools: never[] } };
  const tools = (result?.tools ?? []) as {
    name: string;
    description: string;
    inputSchema: { type: string };
    annotations: { readOnlyHint: boolean };
  }[];
  expect(tools.filter(({ annotations }) => !annotations.readOnlyHint).map(({ name }) => name)).toEqual([
    'edit_flow',
    'enqueue_run',
  ]);
  for (const { name, description, inputSchema } of tools) {
    expect(name).toMatch(/^[a-z_]+$/);
    expect(description.length).toBeGreaterThan(40);
    expect(inputSchema.type).toBe('object');
  }
  expect((await request('prompts/list', {})).error?.code).toBe(-32601);
});

it('finds and describes actions as the designer writes them', async () => {
  const { start, use } = client();
  await start();
  expect((await use('find_actions', { words: 'copy file' })).split('\n')[0]).toMatch(/^File\.Copy/);
  const told = await use('describe_action', { id: 'File.Copy' });
  expect(told).toContain('Form: File.Copy Files:');
  expect(told).toMatch(/IfFileExists.*One of File\.IfExists\./);
  expect(await use('describe_action', { id: 'File.Fly' })).toMatch(/^failed: ActionUnknown/);
  expect(await use('find_actions', { words: 7 })).toMatch(/^failed: InvalidRequest/);
});

it('checks files and texts, only flows and only in its folder', async () => {
  writeFileSync(join(folder, 'greet.robin'), flow);
  const { start, use } = client();
  await start();
  expect(await use('check_text', { path: 'greet.robin', text: 'File.Fly To: 1' })).toMatch(/^1:1 error /);
  expect(await use('check_flow', { path: 'greet.robin' })).not.toContain(' error ');
  for (const path of ['../x.robin', '/etc/passwd', 'notes.txt', ''])
    expect(await use('check_flow', { path })).toMatch(/^failed: (PathOutside|InvalidRequest)/);
});

it('writes a flow only after a person agreed, and never one that the designer would refuse', async () => {
  const file = join(folder, 'greet.robin');
  writeFileSync(file, flow);
  const text = `${flow}\nSET Other TO 1`;
  const dumb = client();
  await dumb.start();
  expect(await dumb.use('edit_flow', { path: 'greet.robin', text })).toMatch(/^failed: CannotConfirm/);

  const refusing = client({ capabilities: { elicitation: {} }, elicit: { action: 'decline' } });
  await refusing.start();
  expect(await refusing.use('edit_flow', { path: 'greet.robin', text })).toMatch(/^failed: NotConfirmed/);
  expect(refusing.asked).toEqual(['Replace the text of greet.robin? 1 lines are new, 0 go.']);
  expect(readFileSync(file, 'utf8')).toBe(flow);

  const agreeing = client({
    capabilities: { elicitation: {} },
    elicit: { action: 'accept', content: { agree: true } },
  });
  await agreeing.start();
  expect(await agreeing.use('edit_flow', { path: 'greet.robin', text: 'File.Fly To: 1' })).toMatch(
    /^failed: FlowHasErrors/,
  );
  expect(await agreeing.use('edit_flow', { path: 'greet.robin', text })).toMatch(/^greet\.robin was written/);
  expect(readFileSync(file, 'utf8')).toBe(text);
  await agreeing.use('edit_flow', { path: 'new.robin', text: 'SET A TO 1' });
  expect(agreeing.asked.at(-1)).toBe('Make the flow new.robin with 1 lines?');
});

it('runs a flow only after a person agreed, and takes no sensitive value', async () => {
  writeFileSync(join(folder, 'greet.robin'), flow);
  const calls: [string, Record<string, unknown>][] = [];
  const call = async (method: string, params: Record<string, unknown>) => {
    calls.push([method, params]);
    return method === 'runs.enqueue' ? { run: { id: 'r-1' } } : { runs: [] };
  };
  const { start, use, asked } = client({
    call: call as never,
    capabilities: { elicitation: {} },
    elicit: { action: 'accept', content: { agree: true } },
  });
  await start();
  expect(await use('enqueue_run', { path: 'greet.robin', inputs: { 'pin CODE': '1234' } })).toMatch(
    /^failed: SensitiveInput/,
  );
  expect(calls).toEqual([]);
  expect(await use('enqueue_run', { path: 'greet.robin', inputs: { Guest: 'Ada' } })).toBe(
    'Queued as run r-1.',
  );
  expect(asked).toEqual(['Run greet (greet.robin) attended on this machine? Inputs: Guest = "Ada"']);
  expect(calls[0]?.[1]).toMatchObject({
    mode: 'attended',
    inputs: { Guest: 'Ada' },
    requestedBy: 'assistant',
    flow: { name: 'greet', text: flow },
  });
  expect(await use('list_runs', {})).toBe('No run fits.');
});

it('reads the log of a run page by page, at a level, the last rows of it', async () => {
  const action = (line: number, outcome: string) => ({
    line,
    subflow: 'Main',
    action: 'File.Copy',
    at: 0,
    ms: 1,
    outcome,
  });
  const pages = [
    { seq: 1, kind: 'actions', omitted: 0, actions: [action(1, 'ok'), action(2, 'failed')] },
    { seq: 2, kind: 'log', level: 'warning', message: 'low', line: 3 },
  ];
  const call = async (_: string, { after }: { after: number }) => ({
    events: pages.filter(({ seq }) => seq === after + 1),
  });
  const { start, use } = client({ call: call as never });
  await start();
  expect(await use('run_log', { runId: 'r' })).toBe(
    'line 1 File.Copy ok 1 ms\nline 2 File.Copy failed 1 ms\nline 3 warning: low',
  );
  expect(await use('run_log', { runId: 'r', level: 'warning', last: 1 })).toBe('line 3 warning: low');
});
