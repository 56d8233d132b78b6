// A real server driven over streams, as an editor does it.
import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { createConnection, type DocumentSymbol, ErrorCodes } from 'vscode-languageserver/node';
import type { Clock } from '../../src/base/clock.ts';
import type { FlowRequestResult } from '../../src/protocol/editor.ts';
import { serve } from '../../src/server/connection.ts';
import { FakeClock, settle } from '../fakes/clock.ts';

const uri = 'file:///flows/Pay%20invoices.robin';
const textDocument = { uri };

const flow = `@SENSITIVE: [Password]
@INPUT Folder : { 'Description': 'Where to look', 'FriendlyName': 'Invoice folder', 'Type': 'String', 'IsOptional': False, 'DefaultValue': '' }
@INPUT Password : { 'Description': '', 'FriendlyName': 'Password', 'Type': 'String', 'IsOptional': False, 'DefaultValue': '' }
@OUTPUT Total : { 'Description': '', 'FriendlyName': 'Total', 'Type': 'Numeric' }
SET Total TO 0
**REGION Read
LOOP FOREACH Name IN [$'''a''', $'''b''']
    IF Name = $'''a''' THEN
        File.ReadTextFromFile.ReadText File: Name Encoding: File.TextFileEncoding.UTF8 Content=> Content
    ELSE
        CALL Note
    END
END
**ENDREGION
LABEL Finish

FUNCTION Note GLOBAL
    Logging.LogMessage Message: $'''one''' LogLevel: Logging.LogLevel.InfoLevel
END FUNCTION
`;

/** A client connected to a server of its own, both in this process. */
class Client {
  readonly #link: MessageConnection;
  readonly logged: string[] = [];
  readonly pushed: { uri: string; version?: number; diagnostics: { code: string }[] }[] = [];

  constructor(clock?: Clock) {
    const toServer = new PassThrough();
    const toClient = new PassThrough();
    serve(createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)), clock);
    this.#link = createMessageConnection(
      new StreamMessageReader(toClient),
      new StreamMessageWriter(toServer),
    );
    this.#link.onNotification('window/logMessage', ({ message }) => void this.logged.push(message));
    this.#link.onNotification('textDocument/publishDiagnostics', (params) => void this.pushed.push(params));
    this.#link.listen();
  }

  async initialise(textDocumentCapabilities: object = { diagnostic: {} }) {
    const result = await this.request<{ capabilities: Record<string, unknown> }>('initialize', {
      processId: null,
      rootUri: null,
      capabilities: { textDocument: textDocumentCapabilities },
    });
    await this.notify('initialized', {});
    return result.capabilities;
  }

  request<T>(method: string, params?: object): Promise<T> {
    return this.#link.sendRequest<T>(method, params);
  }
  notify(method: string, params: object) {
    return this.#link.sendNotification(method, params);
  }

  open(text: string, version = 1) {
    return this.notify('textDocument/didOpen', {
      textDocument: { uri, languageId: 'robin', version, text },
    });
  }
  replace(text: string, version: number) {
    return this.notify('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges: [{ text }],
    });
  }
  pull(previousResultId?: string) {
    return this.request<Report>('textDocument/diagnostic', { textDocument, previousResultId });
  }

  dispose() {
    this.#link.dispose();
  }
}

interface Report {
  kind: 'full' | 'unchanged';
  resultId: string;
  items: {
    code: string;
    severity: number;
    source: string;
    message: string;
    range: { start: { line: number; character: number }; end: { line: number; character: number } };
  }[];
}

let client: Client;
afterEach(() => client.dispose());

describe('the language server', () => {
  it('serves a session from initialise to shutdown', async () => {
    client = new Client();
    expect(await client.initialise()).toMatchObject({
      positionEncoding: 'utf-16',
      diagnosticProvider: { interFileDependencies: false, workspaceDiagnostics: false },
      foldingRangeProvider: true,
    });

    await client.open(flow.replace('CALL Note', 'CALL Nobody'));
    const first = await client.pull();
    const line = flow.split('\n').findIndex((text) => text.includes('CALL Note'));
    const errors = ({ items }: Report) => items.filter(({ severity }) => severity === 1);
    expect(errors(first).map(({ source, range }) => [source, range.start.line])).toEqual([
      ['Desktop Flows', line],
    ]);
    expect(errors(first)[0]?.message).toContain('Nobody');

    expect(await client.pull(first.resultId)).toEqual({ kind: 'unchanged', resultId: first.resultId });

    await client.notify('textDocument/didChange', {
      textDocument: { uri, version: 2 },
      contentChanges: [
        { range: { start: { line, character: 13 }, end: { line, character: 19 } }, text: 'Note' },
      ],
    });
    const second = await client.pull(first.resultId);
    expect(second.kind).toBe('full');
    expect(second.resultId).not.toBe(first.resultId);
    expect(errors(second)).toEqual([]);

    await client.request('shutdown');
    expect(client.logged).toEqual([]);
  });

  it('never mistakes a reopened document for the one the client remembers', async () => {
    client = new Client();
    await client.initialise();
    await client.open('CALL Nobody\n');
    const before = await client.pull();
    expect(before.items).toHaveLength(1);
    await client.notify('textDocument/didClose', { textDocument });
    expect(await client.pull(before.resultId)).toMatchObject({ kind: 'full', items: [] });
    await client.open('SET A TO 1\n');
    expect(await client.pull(before.resultId)).toMatchObject({ kind: 'full', items: [] });
  });

  it('counts columns in UTF-16 code units', async () => {
    client = new Client();
    await client.initialise();
    const line = "SET Text TO $'''🎈 %Missing%'''";
    await client.open(`SET A TO $'''🎈🎈'''\n${line}\n`);
    const [item] = (await client.pull()).items;
    const start = line.indexOf('Missing');
    expect(item?.range).toEqual({
      start: { line: 1, character: start },
      end: { line: 1, character: start + 'Missing'.length },
    });
  });

  it('outlines inputs, outputs, subflows, regions, blocks, labels and actions', async () => {
    client = new Client();
    await client.initialise();
    await client.open(flow);
    const symbols = await client.request<DocumentSymbol[]>('textDocument/documentSymbol', { textDocument });
    expect(drawn(symbols)).toEqual([
      'Invoice folder: input, Text',
      'Password: input, Text, sensitive',
      'Total: output, Number',
      'Main',
      '  Read',
      "    LOOP FOREACH Name IN [$'''a''', $'''b''']",
      "      IF Name = $'''a'''",
      '        File.ReadTextFromFile.ReadText: ⇒ Content',
      '        ELSE',
      '          CALL Note',
      '  Finish',
      'Note',
      '  Logging.LogMessage',
    ]);
    expect(badRanges(symbols)).toEqual([]);
  });

  it('folds subflows, regions and blocks up to the line before the one that closes them', async () => {
    client = new Client();
    await client.initialise();
    await client.open(flow);
    const ranges = await client.request<{ startLine: number; endLine: number }[]>(
      'textDocument/foldingRange',
      {
        textDocument,
      },
    );
    const lines = flow.split('\n');
    expect(
      ranges.map(({ startLine, endLine }) => [lines[startLine]?.trim(), lines[endLine]?.trim()]),
    ).toEqual([
      ['@SENSITIVE: [Password]', lines[3]],
      ['**REGION Read', '**ENDREGION'],
      ["LOOP FOREACH Name IN [$'''a''', $'''b''']", 'END'],
      [
        "IF Name = $'''a''' THEN",
        'File.ReadTextFromFile.ReadText File: Name Encoding: File.TextFileEncoding.UTF8 Content=> Content',
      ],
      ['ELSE', 'CALL Note'],
      ['FUNCTION Note GLOBAL', "Logging.LogMessage Message: $'''one''' LogLevel: Logging.LogLevel.InfoLevel"],
    ]);
  });

  it('tells the extension what it needs to run a document', async () => {
    client = new Client();
    await client.initialise();
    await client.open(flow);
    const result = await client.request<FlowRequestResult>('desktopFlows/flow', { uri });
    expect(result).toMatchObject({
      name: 'Pay invoices',
      inputs: [
        {
          name: 'Folder',
          externalName: 'Invoice folder',
          type: 'Text',
          optional: false,
          sensitive: false,
          line: 1,
        },
        { name: 'Password', externalName: 'Password', sensitive: true, line: 2 },
      ],
      outputs: [{ name: 'Total', type: 'Number' }],
      blocking: [],
      companions: [],
      hash: createHash('sha256').update(flow, 'utf8').digest('hex'),
    });

    const secret = flow.replace(
      "'FriendlyName': 'Password', 'Type': 'String', 'IsOptional': False, 'DefaultValue': ''",
      "'FriendlyName': 'Password', 'Type': 'String', 'IsOptional': False, 'DefaultValue': 'Zebra-7319'",
    );
    await client.replace(secret, 2);
    const { inputs } = await client.request<FlowRequestResult>('desktopFlows/flow', { uri });
    expect(inputs[1]?.defaultValue, 'that there is a default, but not which').toEqual({ $type: 'secured' });

    await client.replace(flow.replace('CALL Note', 'CALL Nobody'), 3);
    const { blocking } = await client.request<FlowRequestResult>('desktopFlows/flow', { uri });
    expect(blocking).toMatchObject([{ line: 10, message: expect.stringContaining('Nobody') }]);
    await client.replace(`${flow}External.RunFlow FlowId: 'nobody-has-it'\n`, 4);
    await expect(client.request('desktopFlows/flow', { uri })).rejects.toMatchObject({
      message: expect.stringContaining('nobody-has-it'),
      data: { code: 'CalledFlowNotFound' },
    });
    await expect(client.request('desktopFlows/flow', { uri: 'file:///gone.robin' })).rejects.toMatchObject({
      data: { code: 'DocumentNotOpen', nextStep: expect.stringContaining('Open the document') },
    });
  });

  it('pushes diagnostics to clients that cannot pull, and clears them on close', async () => {
    client = new Client();
    await client.initialise({});
    await client.open('CALL Nobody\n', 7);
    await expect.poll(() => client.pushed.at(-1)).toMatchObject({ uri, version: 7, diagnostics: [{}] });
    await client.notify('textDocument/didClose', { textDocument });
    await expect.poll(() => client.pushed.at(-1)).toMatchObject({ uri, diagnostics: [] });
  });

  it('goes on when a document changes while its diagnostics are about to be pushed', async () => {
    const clock = new FakeClock();
    client = new Client(clock);
    await client.initialise({});
    await client.open('CALL Nobody\n', 1);
    await client.request('textDocument/foldingRange', { textDocument });
    // The change arrives a little later each time, once while the server is at work.
    for (let version = 2; version < 12; version++) {
      void client.replace(`${'CALL Nobody\n'.repeat(version)}`, version);
      for (let turn = 2; turn < version; turn++) await settle();
      void clock.advance(200);
      await client.request('textDocument/foldingRange', { textDocument });
    }
    await clock.advance(200);
    await expect.poll(() => client.pushed.at(-1)?.version).toBe(11);
    expect(client.pushed.at(-1)?.diagnostics).toHaveLength(11);
    expect(client.logged).toEqual([]);
  });

  it('answers nothing but an error once it was told to shut down', async () => {
    client = new Client();
    await client.initialise();
    await client.open(flow);
    await client.request('shutdown');
    await expect(client.pull()).rejects.toMatchObject({ code: ErrorCodes.InvalidRequest });
    await expect(client.request('desktopFlows/flow', { uri })).rejects.toMatchObject({
      code: ErrorCodes.InvalidRequest,
    });
    expect(client.logged).toEqual([]);
  });

  it('gives back a code lens that needs nothing more', async () => {
    client = new Client();
    await client.initialise();
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
    const lens = { range, command: { title: 'Run', command: 'run' } };
    expect(await client.request('codeLens/resolve', lens)).toEqual(lens);
  });

  it.each([
    ['untitled:Untitled-1', 'Untitled-1'],
    ['git:/flows/Pay%20all.robin?%7B%22ref%22%3A%22~%22%7D', 'Pay all'],
    ['file://server/share/F.pad', 'F'],
    ['file:///bad%ZZ.robin', 'bad%ZZ'],
  ])('serves the document %s', async (uri, name) => {
    client = new Client();
    await client.initialise();
    await client.notify('textDocument/didOpen', {
      textDocument: { uri, languageId: 'robin', version: 1, text: flow },
    });
    expect(await client.request('desktopFlows/flow', { uri })).toMatchObject({ name });
    const textDocument = { uri };
    expect(await client.request('textDocument/documentLink', { textDocument })).toEqual([]);
    expect(await client.request('desktopFlows/copyForDesigner', { uri, line: 4 })).toMatchObject({
      text: expect.stringContaining('SET Total TO 0'),
    });
    expect(client.logged).toEqual([]);
  });

  it('says one clear thing about a document over 16 MB', async () => {
    client = new Client();
    await client.initialise();
    await client.open(`CALL Nobody\n${'# ä\n'.repeat(3_400_000)}`);
    expect((await client.pull()).items.map(({ code, severity }) => [code, severity])).toEqual([
      ['FlowTooLarge', 1],
    ]);
    expect(await client.request('textDocument/documentSymbol', { textDocument })).toEqual([]);
    const { blocking } = await client.request<FlowRequestResult>('desktopFlows/flow', { uri });
    expect(blocking.map(({ code }) => code)).toEqual(['FlowTooLarge']);
  });

  it('shows at most 1,000 problems, the gravest first, and says how many are missing', async () => {
    client = new Client();
    await client.initialise();
    await client.open('Nothing.Here _\n'.repeat(1500));
    const { items } = await client.pull();
    expect(items).toHaveLength(1000);
    expect(items.at(-1)).toMatchObject({
      code: 'TooManyProblems',
      message: expect.stringMatching(/^501 more/),
    });
  });

  it.each([
    [
      'random bytes',
      Array.from({ length: 20_000 }, (_, i) => String.fromCharCode((i * 7919) % 65_536)).join(''),
    ],
    ['only quotes', `'''"'\`${"$'''%".repeat(3000)}`],
    ['very deep nesting', 'IF 1 = 1 THEN\n'.repeat(5000)],
    ['very deep brackets', `SET A TO ${'('.repeat(20_000)}`],
    ['one long line', `SET A TO ${'1 + '.repeat(50_000)}1`],
    [
      'unclosed everything',
      'FUNCTION\nBLOCK\nON BLOCK ERROR\nLOOP FOREACH\nSWITCH\nCASE\nIF (\n**REGION\n/# never',
    ],
  ])('survives %s', async (_, text) => {
    client = new Client();
    await client.initialise();
    await client.open(text);
    await client.pull();
    const symbols = await client.request<DocumentSymbol[]>('textDocument/documentSymbol', { textDocument });
    expect(badRanges(symbols)).toEqual([]);
    await client.request('textDocument/foldingRange', { textDocument });
    await client.request('desktopFlows/flow', { uri });
    expect(client.logged).toEqual([]);
    await client.replace('SET A TO 1\n', 2);
    expect((await client.pull()).items).toEqual([]);
  });
});

/** The outline as text, one line a symbol. */
function drawn(symbols: readonly DocumentSymbol[], indent = ''): string[] {
  return symbols.flatMap(({ name, detail, children }) => [
    `${indent}${name}${detail ? `: ${detail}` : ''}`,
    ...drawn(children ?? [], `${indent}  `),
  ]);
}

/** Names of the symbols an editor would refuse: an empty name, or a selection outside the range. */
function badRanges(symbols: readonly DocumentSymbol[]): string[] {
  const at = ({ line, character }: { line: number; character: number }) => line * 1e6 + character;
  return symbols.flatMap(({ name, range, selectionRange, children }) => [
    ...(name === '' || at(selectionRange.start) < at(range.start) || at(selectionRange.end) > at(range.end)
      ? [name]
      : []),
    ...badRanges(children ?? []),
  ]);
}
