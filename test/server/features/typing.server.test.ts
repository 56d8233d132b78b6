// Completion, signature help, hover and inlay hints through a real server over streams: capabilities and shapes.
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import {
  type CompletionItem,
  type CompletionList,
  createConnection,
  type Hover,
  type InlayHint,
  type SignatureHelp,
} from 'vscode-languageserver/node';
import { serve } from '../../../src/server/connection.ts';

const uri = 'file:///flows/Main.robin';
const textDocument = { uri };
const text = "SET Total TO 1\nSET Sum TO Total + 1\nText.Trim Text: $'''x''' \nread te\n";

let link: MessageConnection;
let capabilities: Record<string, unknown>;
const logged: string[] = [];
const ask = <T>(method: string, params: object) => link.sendRequest<T>(method, params);
const at = (line: number, character: number) => ({ textDocument, position: { line, character } });

beforeAll(async () => {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  serve(createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)));
  link = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
  link.onNotification('window/logMessage', ({ message }) => void logged.push(message));
  link.listen();
  const result = await ask<{ capabilities: Record<string, unknown> }>('initialize', {
    processId: null,
    rootUri: null,
    capabilities: {
      textDocument: {
        completion: {
          completionItem: { snippetSupport: true },
          completionList: { itemDefaults: ['editRange'] },
        },
      },
    },
  });
  capabilities = result.capabilities;
  await link.sendNotification('initialized', {});
  await link.sendNotification('textDocument/didOpen', {
    textDocument: { uri, languageId: 'robin', version: 1, text },
  });
});
afterAll(() => {
  link.dispose();
  expect(logged).toEqual([]);
});

describe('the server', () => {
  it('offers help with typing', () => {
    expect(capabilities).toMatchObject({
      completionProvider: {
        resolveProvider: true,
        triggerCharacters: expect.arrayContaining(['.', '%', '[']),
      },
      signatureHelpProvider: { triggerCharacters: expect.arrayContaining([':', '(']) },
      hoverProvider: true,
      inlayHintProvider: { resolveProvider: true },
    });
  });

  it('completes half-written lines and explains the chosen item', async () => {
    const list = await ask<CompletionList>('textDocument/completion', at(3, 7));
    expect(list.isIncomplete).toBe(false);
    expect(list.itemDefaults?.editRange).toEqual({
      start: { line: 3, character: 0 },
      end: { line: 3, character: 7 },
    });
    const item = list.items.find(({ label }) => label === 'File.ReadTextFromFile.ReadText') as CompletionItem;
    expect(item).toMatchObject({ insertTextFormat: 2, labelDetails: { description: 'Read text from file' } });
    const explained = await ask<CompletionItem>('completionItem/resolve', item);
    expect(explained.documentation).toMatchObject({
      kind: 'markdown',
      value: expect.stringContaining('Encoding'),
    });
  });

  it('shows signatures, hovers and hints', async () => {
    const help = await ask<SignatureHelp>('textDocument/signatureHelp', at(2, 16));
    expect(help.signatures[0]?.label).toMatch(/^Text\.Trim \[Text: Text\]/);
    expect(help.activeParameter).toBe(0);
    const hover = await ask<Hover>('textDocument/hover', at(1, 13));
    expect(hover).toMatchObject({
      contents: { kind: 'markdown', value: expect.stringContaining('**Total** · variable: Number') },
      range: { start: { line: 1, character: 11 }, end: { line: 1, character: 16 } },
    });
    const [hint] = await ask<InlayHint[]>('textDocument/inlayHint', {
      textDocument,
      range: { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } },
    });
    expect(hint).toMatchObject({
      position: { line: 1, character: 7 },
      kind: 1,
      label: [{ value: ': Number' }],
    });
    const resolved = await ask<InlayHint>('inlayHint/resolve', hint as InlayHint);
    expect(resolved.tooltip).toMatchObject({ value: expect.stringContaining('**Sum**') });
  });
});
