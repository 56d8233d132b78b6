// What an editor sees of the scheduling: answers about texts that are gone, and when it is asked to look again.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { LSPErrorCodes } from 'vscode-languageserver';
import { createConnection } from 'vscode-languageserver/node';
import { serve } from '../../src/server/connection.ts';

let folder: string;
let client: MessageConnection;
let refreshes: number;
let watched: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'workspace-'));
  const [toServer, toClient] = [new PassThrough(), new PassThrough()];
  serve(createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)));
  client = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
  refreshes = 0;
  watched = [];
  client.onRequest('workspace/diagnostic/refresh', () => {
    refreshes++;
    return null;
  });
  client.onRequest('client/registerCapability', ({ registrations }) => {
    for (const { registerOptions } of registrations) {
      watched.push(
        ...(registerOptions?.watchers ?? []).map((watcher: { globPattern: string }) => watcher.globPattern),
      );
    }
    return null;
  });
  client.listen();
});
afterEach(async () => {
  client.dispose();
  await rm(folder, { recursive: true });
});

const uriOf = (name: string) => pathToFileURL(join(folder, name)).href;

async function start(): Promise<void> {
  await client.sendRequest('initialize', {
    processId: null,
    rootUri: null,
    workspaceFolders: [{ uri: pathToFileURL(folder).href, name: 'test' }],
    capabilities: {
      workspace: {
        diagnostics: { refreshSupport: true },
        didChangeWatchedFiles: { dynamicRegistration: true },
        workspaceFolders: true,
      },
      textDocument: { diagnostic: {} },
    },
  });
  await client.sendNotification('initialized', {});
}

async function open(name: string, text: string): Promise<void> {
  const textDocument = { uri: uriOf(name), languageId: 'robin', version: 1, text };
  await client.sendNotification('textDocument/didOpen', { textDocument });
}

const replace = (name: string, text: string, version: number) =>
  client.sendNotification('textDocument/didChange', {
    textDocument: { uri: uriOf(name), version },
    contentChanges: [{ text }],
  });

const pull = (name: string) =>
  client.sendRequest<{ items: { code: string }[] }>('textDocument/diagnostic', {
    textDocument: { uri: uriOf(name) },
  });
const codes = async (name: string) => (await pull(name)).items.map(({ code }) => code);

it('tells the editor to ask again when the text has changed since it asked for diagnostics', async () => {
  await start();
  await open('A.robin', 'CALL Nobody\n');
  await pull('A.robin');
  const [, asked] = await Promise.allSettled([
    replace('A.robin', 'CALL Somebody\n', 2),
    pull('A.robin'),
    replace('A.robin', 'SET A TO 1\n', 3),
  ]);
  // Anything else would clear what the editor shows.
  expect(asked).toMatchObject({
    status: 'rejected',
    reason: { code: LSPErrorCodes.ServerCancelled, data: { retriggerRequest: true } },
  });
});

it('asks for a new look only when what a flow needs of another has changed', async () => {
  const callee = (input: string) =>
    `@INPUT ${input} : { 'Type': 'String', 'IsOptional': True }\nSET A TO ${input}\n`;
  await writeFile(join(folder, 'Pay.robin'), callee('Who'));
  await start();
  await client.sendRequest('workspace/symbol', { query: '' });
  expect(watched.some((pattern) => pattern.includes('robin'))).toBe(true);
  await open('Main.robin', "External.RunFlow FlowId: 'Pay' @Who: 'x'\nSET A TO 1\n");
  expect(await codes('Main.robin')).not.toContain('RunInputUnknown');

  await writeFile(join(folder, 'Pay.robin'), `${callee('Who')}SET B TO 2\n`);
  await client.sendNotification('workspace/didChangeWatchedFiles', {
    changes: [{ uri: uriOf('Pay.robin'), type: 2 }],
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(refreshes).toBe(0);

  await writeFile(join(folder, 'Pay.robin'), callee('Whom'));
  await client.sendNotification('workspace/didChangeWatchedFiles', {
    changes: [{ uri: uriOf('Pay.robin'), type: 2 }],
  });
  await expect.poll(() => refreshes).toBe(1);
  expect(await codes('Main.robin')).toContain('RunInputUnknown');
});
