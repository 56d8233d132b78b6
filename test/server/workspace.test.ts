// The open documents: edits arrive as an editor sends them, and every answer is about the newest text.
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { CancellationToken, LSPErrorCodes } from 'vscode-languageserver';
import { createConnection } from 'vscode-languageserver/node';
import { LineIndex } from '../../src/base/text.ts';
import { check } from '../../src/language/checks/check.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import { defaultSettings } from '../../src/server/settings.ts';
import { Workspace } from '../../src/server/workspace.ts';
import { FakeClock } from '../fakes/clock.ts';
import { Chance, edited, type SomeEdit, someEdit, someFlow } from '../language/flowText.ts';
import { difference } from '../language/sameTree.ts';

const uri = 'file:///flows/Test.robin';

let workspace: Workspace;
let clock: FakeClock;
let client: MessageConnection;
let version: number;

beforeEach(() => {
  const [toServer, toClient] = [new PassThrough(), new PassThrough()];
  const connection = createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient));
  clock = new FakeClock();
  workspace = new Workspace(connection, clock);
  connection.listen();
  client = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
  client.listen();
  version = 1;
});
afterEach(() => client.dispose());

/** Settles when the server has taken in what was sent. */
async function taken(): Promise<void> {
  await client
    .sendRequest('initialize', { processId: null, rootUri: null, capabilities: {} })
    .catch(() => {});
}

async function open(text: string, of = uri): Promise<void> {
  await client.sendNotification('textDocument/didOpen', {
    textDocument: { uri: of, languageId: 'robin', version, text },
  });
  await taken();
}

interface ContentChange {
  readonly range?: object;
  readonly text: string;
}

async function change(...contentChanges: ContentChange[]): Promise<void> {
  await client.sendNotification('textDocument/didChange', {
    textDocument: { uri, version: ++version },
    contentChanges,
  });
  await taken();
}

function asChange(text: string, edit: SomeEdit): ContentChange {
  const lines = new LineIndex(text);
  return { range: { start: lines.position(edit.start), end: lines.position(edit.end) }, text: edit.text };
}

const newest = (of = uri) => workspace.analysis(of, CancellationToken.None);

describe('an open document', () => {
  it('has the tree, the lines and the diagnostics of its newest text after any edits', async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const chance = new Chance(seed);
      let text = someFlow(chance);
      version = 1;
      await open(text);
      for (let step = 0; step < 8; step++) {
        // Sometimes nobody asks between two edits; sometimes one message brings several.
        const changes: ContentChange[] = [];
        for (let i = chance.below(3); i >= 0; i--) {
          const edit = someEdit(chance, text);
          changes.push(asChange(text, edit));
          text = edited(text, edit);
        }
        await change(...changes);
        if (chance.oneIn(3)) continue;
        const analysis = await newest();
        expect(analysis?.text).toBe(text);
        const expected = parse(text);
        expect(analysis && difference(analysis.file, expected), `seed ${seed}, step ${step}`).toBeUndefined();
        expect(analysis?.diagnostics).toEqual(check(expected));
        const lines = new LineIndex(text);
        for (let at = 0; at <= text.length; at += 7) {
          expect(analysis?.lines.position(at)).toEqual(lines.position(at));
        }
      }
    }
  });

  it.each([3, 40])('takes in %i edits from the bottom up in one message', async (count) => {
    const text = Array.from({ length: 50 }, (_, i) => `SET A${i} TO ${i}\r\n`).join('');
    await open(text);
    const before = (await newest())?.file.main[0];
    const edits = Array.from({ length: count }, (_, i) => ({
      start: text.indexOf(`A${49 - i}`),
      end: text.indexOf(`A${49 - i}`) + 1,
      text: 'Other',
    }));
    await change(...edits.map((edit) => asChange(text, edit)));
    const expected = edits.reduce(edited, text);
    const analysis = await newest();
    expect(analysis?.text).toBe(expected);
    expect(analysis && difference(analysis.file, parse(expected))).toBeUndefined();
    expect(analysis?.lines.lineCount).toBe(51);
    if (count === 3) expect(analysis?.file.main[0]).toBe(before);
  });

  it.each([3, 40])(
    'puts the later of two insertions at one place in front, also among %i edits',
    async (count) => {
      const text = Array.from({ length: 50 }, (_, i) => `SET A${i} TO ${i}\r\n`).join('');
      await open(text);
      const edits = Array.from({ length: count }, (_, i) => {
        const at = text.indexOf(`A${49 - i}`);
        return { start: at, end: at, text: 'X' };
      });
      const both = [
        ...edits,
        { start: 0, end: 0, text: '# one\r\n' },
        { start: 0, end: 0, text: '# two\r\n' },
      ];
      await change(...both.map((edit) => asChange(text, edit)));
      expect((await newest())?.text).toBe(both.reduce(edited, text));
      expect((await newest())?.text).toMatch(/^# two\r\n# one/);
    },
  );

  it('understands places behind the end of a line or of the text as those ends', async () => {
    await open('SET A TO 1\nSET B TO 2\n');
    await change({
      range: { start: { line: 0, character: 99 }, end: { line: 0, character: 99 } },
      text: '0',
    });
    expect((await newest())?.text).toBe('SET A TO 10\nSET B TO 2\n');
    await change({ range: { start: { line: 9, character: 9 }, end: { line: 9, character: 9 } }, text: '#' });
    expect((await newest())?.text).toBe('SET A TO 10\nSET B TO 2\n#');
  });

  it('may have any scheme', async () => {
    await open('CALL Nobody\n', 'untitled:Untitled-1');
    expect((await newest('untitled:Untitled-1'))?.diagnostics).toHaveLength(1);
    clock.advance(1_000);
    expect([...workspace.project.flows()]).toEqual([]);
  });

  it('is unknown before it is opened and after it is closed', async () => {
    expect(await newest()).toBeUndefined();
    await open('');
    expect((await newest())?.text).toBe('');
    await client.sendNotification('textDocument/didClose', { textDocument: { uri } });
    await taken();
    expect(await newest()).toBeUndefined();
  });
});

describe('an analysis', () => {
  it('is made once a version, and is the same for everybody', async () => {
    await open('SET A TO 1\n');
    const [one, other] = await Promise.all([newest(), newest()]);
    expect(one).toBeDefined();
    expect(other).toBe(one);
  });

  it('of an older version gives its text, but no tree', async () => {
    await open('SET A TO 1\n');
    const old = await newest();
    await change({ text: 'SET B TO 1\n' });
    expect(old?.text).toBe('SET A TO 1\n');
    for (const ask of [
      () => old?.file,
      () => old?.model,
      () => old?.diagnostics,
      () => old?.mustBeNewest(),
    ]) {
      expect(ask).toThrow(expect.objectContaining({ code: LSPErrorCodes.ContentModified }));
    }
  });

  it('that was asked for before an edit is not made any more', async () => {
    await open('SET A TO 1\n');
    await newest();
    const asked = new Promise((resolve) => {
      const subscription = workspace.onDidChange(() => {
        subscription.dispose();
        resolve(newest().catch((error) => error.code));
      });
    });
    const edits = ['SET D TO 1\n', 'SET E TO 1\n'].map((text) =>
      client.sendNotification('textDocument/didChange', {
        textDocument: { uri, version: ++version },
        contentChanges: [{ text }],
      }),
    );
    await Promise.all(edits);
    expect(await asked).toBe(LSPErrorCodes.ContentModified);
    expect((await newest())?.text).toBe('SET E TO 1\n');
  });

  it('is not made for a request that was cancelled', async () => {
    await open('SET A TO 1\n');
    const cancelled = { ...CancellationToken.None, isCancellationRequested: true };
    await expect(workspace.analysis(uri, cancelled)).rejects.toMatchObject({
      code: LSPErrorCodes.RequestCancelled,
    });
  });

  it('is understood step by step, unless an edit or a cancellation has come', async () => {
    await open('SET A TO 1\n');
    const analysis = await newest();
    await analysis?.understand(CancellationToken.None);
    expect(analysis?.diagnostics).toBeDefined();
    await change({ text: 'SET B TO 1\n' });
    const next = await newest();
    const cancelled = { ...CancellationToken.None, isCancellationRequested: true };
    await expect(next?.understand(cancelled)).rejects.toMatchObject({ code: LSPErrorCodes.RequestCancelled });
    await change({ text: 'SET C TO 1\n' });
    await expect(next?.understand(CancellationToken.None)).rejects.toMatchObject({
      code: LSPErrorCodes.ContentModified,
    });
  });

  it('is made anew, with the same tree, when the severity of a rule changes', async () => {
    await open('LOOP WHILE True\nEND\n');
    const before = await newest();
    const reconsidered: string[] = [];
    workspace.onDidReconsider((uris) => reconsidered.push(...uris));
    workspace.useSettings({ ...defaultSettings });
    expect(await newest()).toBe(before);
    workspace.useSettings({ ...defaultSettings, rules: { EndlessLoop: 'off' } });
    expect(reconsidered).toEqual([uri]);
    const now = await newest();
    expect(now?.id).not.toBe(before?.id);
    expect(now?.file).toBe(before?.file);
  });
});
