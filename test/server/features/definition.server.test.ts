// The navigation requests through a real server over streams: capabilities, shapes, refusals.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import {
  type CallHierarchyItem,
  type CodeLens,
  createConnection,
  type WorkspaceEdit,
} from 'vscode-languageserver/node';
import { serve } from '../../../src/server/connection.ts';

const uri = 'file:///flows/Main.robin';
const textDocument = { uri };
const text =
  "SET Total TO 1\nCALL Note\nSET B TO $'''%Total% https://a.example'''\nFUNCTION Note GLOBAL\nEND FUNCTION\n";

let link: MessageConnection;
let capabilities: Record<string, unknown>;
const ask = <T>(method: string, params: object) => link.sendRequest<T>(method, params);

/** A server of its own, in this process, with the folder open (null: none). */
async function start(folder: string | null) {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  serve(createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)));
  link = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
  link.listen();
  const result = await ask<{ capabilities: Record<string, unknown> }>('initialize', {
    processId: null,
    rootUri: null,
    workspaceFolders: folder === null ? null : [{ uri: folder, name: 'flows' }],
    capabilities: {
      textDocument: { definition: { linkSupport: true } },
      workspace: {
        workspaceFolders: true,
        workspaceEdit: { documentChanges: true, resourceOperations: ['rename'] },
      },
    },
  });
  capabilities = result.capabilities;
  await link.sendNotification('initialized', {});
}

const open = (uri: string, text: string) =>
  link.sendNotification('textDocument/didOpen', {
    textDocument: { uri, languageId: 'robin', version: 7, text },
  });

const at = (line: number, character: number) => ({ textDocument, position: { line, character } });
const range = (line: number, from: number, to: number) => ({
  start: { line, character: from },
  end: { line, character: to },
});

describe('the server, for one flow', () => {
  beforeAll(async () => {
    await start(null);
    await open(uri, text);
  });
  afterAll(() => link.dispose());

  it('offers all of navigation', () => {
    expect(capabilities).toMatchObject({
      callHierarchyProvider: true,
      codeLensProvider: { resolveProvider: true },
      declarationProvider: true,
      definitionProvider: true,
      documentHighlightProvider: true,
      documentLinkProvider: {},
      referencesProvider: true,
      renameProvider: { prepareProvider: true },
      workspaceSymbolProvider: true,
    });
    const { workspace } = capabilities as { workspace: { fileOperations: { willRename: object } } };
    expect(workspace.fileOperations.willRename).toMatchObject({
      filters: [{ pattern: { matches: 'file' } }, { pattern: { matches: 'folder' } }],
    });
  });

  it('leads to definitions by links, to declarations by places', async () => {
    const target = range(0, 4, 9);
    expect(await ask('textDocument/definition', at(2, 14))).toEqual([
      {
        targetUri: uri,
        targetRange: target,
        targetSelectionRange: target,
        originSelectionRange: range(2, 14, 19),
      },
    ]);
    expect(await ask('textDocument/declaration', at(2, 14))).toEqual([{ uri, range: target }]);
  });

  it('finds references and highlights', async () => {
    const params = { ...at(0, 5), context: { includeDeclaration: true } };
    expect(await ask('textDocument/references', params)).toEqual([
      { uri, range: range(0, 4, 9) },
      { uri, range: range(2, 14, 19) },
    ]);
    expect(await ask('textDocument/documentHighlight', at(3, 0))).toEqual([
      { range: range(3, 0, 8), kind: 1 },
      { range: range(4, 0, 12), kind: 1 },
    ]);
  });

  it('renames, and says why it does not', async () => {
    expect(await ask('textDocument/prepareRename', at(0, 5))).toEqual({
      range: range(0, 4, 9),
      placeholder: 'Total',
    });
    expect(await ask('textDocument/rename', { ...at(0, 5), newName: 'Sum' })).toEqual({
      documentChanges: [
        {
          textDocument: { uri, version: 7 },
          edits: [
            { range: range(0, 4, 9), newText: 'Sum' },
            { range: range(2, 14, 19), newText: 'Sum' },
          ],
        },
      ],
    });
    await expect(ask('textDocument/rename', { ...at(0, 5), newName: 'B' })).rejects.toThrow(
      'There is already a variable “B” (line 3)',
    );
    expect(await ask('textDocument/prepareRename', at(0, 0))).toBeNull();
  });

  it('resolves lenses, links, calls and files', async () => {
    const lenses = await ask<CodeLens[]>('textDocument/codeLens', { textDocument });
    expect(lenses.map(({ command }) => command?.title)).toEqual(['▶ Run', 'Debug', undefined]);
    const resolved = await ask<CodeLens>('codeLens/resolve', lenses[2] as CodeLens);
    expect(resolved.command?.title).toBe('1 reference');
    expect(await ask('textDocument/documentLink', { textDocument })).toEqual([
      { range: range(2, 21, 38), target: 'https://a.example' },
    ]);
    const [item] = await ask<CallHierarchyItem[]>('textDocument/prepareCallHierarchy', at(1, 6));
    expect(item).toMatchObject({ name: 'Note', uri });
    expect(await ask('callHierarchy/incomingCalls', { item })).toMatchObject([{ from: { name: 'Main' } }]);
    expect(await ask('callHierarchy/outgoingCalls', { item })).toEqual([]);
    expect(await ask('workspace/symbol', { query: 'x' })).toEqual([]);
    const files = [{ oldUri: uri, newUri: 'file:///flows/Other.robin' }];
    expect(await ask('workspace/willRenameFiles', { files })).toBeNull();
  });
});

describe('the server, for a folder', () => {
  let folder: string;
  const uriOf = (name: string) => `${pathToFileURL(folder).href}/${name}`;
  const files: Readonly<Record<string, string>> = {
    'Main.robin': `IMPORT 'c.appmask' AS appmask
UIAutomation.Click.Click UiElement: appmask['Window']['OK']
@@flowname: 'Pay'
External.RunFlow FlowId: 'Pay' @Folder: 'x'
`,
    'Pay.robin': `IMPORT 'c.appmask' AS appmask
@INPUT Where : { 'FriendlyName': 'Folder' }
UIAutomation.Click.Click UiElement: appmask['Window']['OK']
`,
    'c.appmask': '{"Screens":[{"Name":"Window","Controls":[{"Name":"OK"}]}]}',
  };
  const onMain = (line: number, character: number) => ({
    textDocument: { uri: uriOf('Main.robin') },
    position: { line, character },
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navigation-'));
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    await start(pathToFileURL(folder).href);
    await open(uriOf('Main.robin'), files['Main.robin'] as string);
  });
  afterAll(async () => {
    link.dispose();
    await rm(folder, { recursive: true });
  });

  it('finds what stands in other files', async () => {
    // Workspace symbols wait for the index.
    expect(await ask('workspace/symbol', { query: 'wher' })).toMatchObject([
      { name: 'Where', containerName: 'Pay', location: { uri: uriOf('Pay.robin') } },
    ]);
    expect(await ask('textDocument/definition', onMain(1, 56))).toMatchObject([
      { targetUri: uriOf('c.appmask'), targetSelectionRange: range(0, 50, 52) },
    ]);
    expect(await ask('textDocument/definition', onMain(3, 34))).toMatchObject([
      { targetUri: uriOf('Pay.robin'), targetSelectionRange: range(1, 7, 12) },
    ]);
    const params = { ...onMain(1, 56), context: { includeDeclaration: true } };
    expect(await ask<{ uri: string }[]>('textDocument/references', params)).toMatchObject([
      { uri: uriOf('Main.robin') },
      { uri: uriOf('Pay.robin') },
      { uri: uriOf('c.appmask') },
    ]);
    expect(
      await ask('textDocument/documentLink', { textDocument: { uri: uriOf('Main.robin') } }),
    ).toMatchObject([
      { target: uriOf('c.appmask') },
      { target: uriOf('Pay.robin') },
      { target: uriOf('Pay.robin') },
    ]);
  });

  it('renames there too', async () => {
    const renamed = await ask<WorkspaceEdit>('textDocument/rename', { ...onMain(1, 56), newName: 'Save' });
    expect(renamed.documentChanges).toMatchObject([
      { textDocument: { uri: uriOf('Main.robin'), version: 7 }, edits: [{ newText: "'Save'" }] },
      { textDocument: { uri: uriOf('c.appmask'), version: null }, edits: [{ newText: 'Save' }] },
      { textDocument: { uri: uriOf('Pay.robin'), version: null }, edits: [{ newText: "'Save'" }] },
    ]);
    const moved = [{ oldUri: uriOf('Pay.robin'), newUri: uriOf('Pay%20all.robin') }];
    const updated = await ask<WorkspaceEdit>('workspace/willRenameFiles', { files: moved });
    expect(updated.documentChanges).toMatchObject([
      {
        textDocument: { uri: uriOf('Main.robin') },
        edits: [{ newText: "'Pay all'" }, { newText: "'Pay all'" }],
      },
    ]);
  });
});
