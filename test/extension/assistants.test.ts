// The tools of language models in the editor: declared as they are, confirmed where they change something, blind to secrets.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { schemaOf } from '../../src/assistants/tool.ts';
import { toolsFor } from '../../src/assistants/tools.ts';
import { assistantIds } from '../../src/extension/runDetails/names.ts';
import { Window } from './harness.ts';

const { contributes } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));

async function use(window: Window, name: string, input: object) {
  const tool = window.vscode.languageModelTools.get(`${assistantIds.toolPrefix}${name}`);
  const prepared = await tool?.prepareInvocation?.({ input } as never, {} as never);
  const result = await tool?.invoke({ input } as never, {} as never);
  const [part] = (result as unknown as { content: { value: string }[] }).content;
  return { question: prepared?.confirmationMessages?.message, text: part?.value };
}

it('are declared in the manifest exactly as they are', async () => {
  const window = await Window.connected();
  const tools = toolsFor({} as never);
  expect([...window.vscode.languageModelTools.keys()]).toEqual(
    contributes.languageModelTools.map(({ name }: { name: string }) => name),
  );
  expect(
    contributes.languageModelTools.map(
      ({ modelDescription, inputSchema }: { modelDescription: string; inputSchema: object }) => [
        modelDescription,
        inputSchema,
      ],
    ),
  ).toEqual(tools.map((tool) => [tool.description, JSON.parse(JSON.stringify(schemaOf(tool)))]));
  expect(contributes.mcpServerDefinitionProviders.map(({ id }: { id: string }) => id)).toEqual([
    assistantIds.mcpProvider,
  ]);
});

it('read runs without a question, and run a flow only with one', async () => {
  const window = await Window.connected();
  const { agent, vscode } = window;
  vscode.folders = ['/flows'];
  vscode.open('/flows/archive.robin', 'WAIT 1');
  window.flow = {
    name: 'archive',
    inputs: [
      {
        name: 'Pin',
        externalName: 'Pin code',
        description: '',
        type: 'Text',
        optional: true,
        sensitive: true,
        line: 0,
      },
    ],
    outputs: [],
    blocking: [],
    companions: [],
    hash: '',
  };
  agent.queue('aaaa-1', 'orders');
  const listed = await use(window, 'list_runs', {});
  expect(listed.question).toBeUndefined();
  expect(listed.text).toMatch(/^aaaa-1 orders: Queued/);
  const ran = await use(window, 'enqueue_run', { path: 'archive.robin' });
  expect(ran.question).toBe('Run archive (archive.robin) attended on this machine?');
  expect(ran.text).toBe('Queued as run run-2.');
  expect(
    (await use(window, 'enqueue_run', { path: 'archive.robin', inputs: { 'pin code': '1' } })).text,
  ).toMatch(/^SensitiveInput/);
  expect((await use(window, 'check_flow', { path: '/etc/x.robin' })).text).toMatch(/^PathOutside/);
  vscode.isTrusted = false;
  expect((await use(window, 'enqueue_run', { path: 'archive.robin' })).text).toMatch(/^WorkspaceNotTrusted/);
  expect(agent.called('runs.enqueue')).toHaveLength(1);
});

it('offers the MCP server for each folder of a trusted workspace', async () => {
  const window = await Window.connected();
  const { vscode } = window;
  vscode.folders = ['/flows', '/more'];
  const servers = () =>
    vscode.mcpServers?.provideMcpServerDefinitions({} as never) as unknown as { args: string[] }[];
  for (const { args } of servers()) expect(existsSync(args[0] as string)).toBe(true);
  expect(servers().map(({ args }) => args.slice(1))).toEqual([
    ['mcp', '--root', '/flows'],
    ['mcp', '--root', '/more'],
  ]);
  vscode.isTrusted = false;
  expect(servers()).toEqual([]);
});
