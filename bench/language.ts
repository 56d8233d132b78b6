// What a person waits for in the editor: `npm run bench`. Drives the real server, a process of its own, as an editor does: types into a
// flow of 10,000 lines, and opens a folder of 2,000 flows. Parsing is compared with other parsers first (parse.ts).
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { machine, percentile, verdict } from './figures.ts';
import { benchFlow, benchWorkspace, type FlowShape } from './flows.ts';
import { compareParsers } from './parse.ts';
import { type Health, healthRequest } from './server.ts';

const lines = 10_000;
const flows = 2_000;

/** An editor with one server. */
class Editor {
  readonly #server: ChildProcess;
  readonly #link: MessageConnection;

  constructor() {
    this.#server = spawn(process.execPath, [join(import.meta.dirname, 'server.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const { stdin, stdout } = this.#server;
    if (stdin === null || stdout === null) throw new Error('The server has no streams.');
    this.#link = createMessageConnection(new StreamMessageReader(stdout), new StreamMessageWriter(stdin));
    this.#link.onNotification('window/logMessage', ({ message }) => console.error(message));
    this.#link.onRequest('client/registerCapability', () => null);
    this.#link.onRequest('workspace/diagnostic/refresh', () => null);
    this.#link.listen();
  }

  async start(folder?: string): Promise<void> {
    await this.ask('initialize', {
      processId: null,
      rootUri: null,
      workspaceFolders: folder === undefined ? null : [{ uri: pathToFileURL(folder).href, name: 'bench' }],
      capabilities: {
        workspace: { diagnostics: { refreshSupport: true } },
        textDocument: {
          diagnostic: {},
          completion: { completionItem: { snippetSupport: true } },
          semanticTokens: {
            requests: { full: { delta: true }, range: true },
            tokenTypes: [],
            tokenModifiers: [],
            formats: ['relative'],
          },
        },
      },
    });
    await this.tell('initialized', {});
  }

  ask<T>(method: string, params: object): Promise<T> {
    return this.#link.sendRequest<T>(method, params);
  }

  tell(method: string, params: object): Promise<void> {
    return this.#link.sendNotification(method, params);
  }

  health(): Promise<Health> {
    return this.ask<Health>(healthRequest, {});
  }

  async stop(): Promise<void> {
    await this.ask('shutdown', {}).catch(() => {});
    this.#link.dispose();
    this.#server.kill();
  }
}

/** Milliseconds that `action` takes. */
async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

function report(name: string, times: readonly number[], goal: number): void {
  const at = (share: number) => percentile(times, share).toFixed(1).padStart(6);
  console.log(
    `  ${name.padEnd(46)} p50 ${at(0.5)} ms  p95 ${at(0.95)} ms  longest ${at(1)} ms  (p95, ${verdict(percentile(times, 0.95), goal, 'ms')})`,
  );
}

/** What is typed, key by key, on lines of its own. */
const typed = [
  "SET Shown TO $'''%Total% of %Limit%'''",
  'IF Total > Limit * 2 THEN',
  'END',
  '# a remark',
  'CALL Report',
].join('\r\n');

async function typing(shape: FlowShape): Promise<void> {
  const editor = new Editor();
  await editor.start();
  const uri = `file:///bench/${shape}.robin`;
  const textDocument = { uri };
  const text = benchFlow(lines, shape);
  const rows = text.split('\r\n');
  await editor.tell('textDocument/didOpen', { textDocument: { uri, languageId: 'robin', version: 1, text } });
  const opened = await timed(() => editor.ask('textDocument/diagnostic', { textDocument }));
  await editor.ask('textDocument/semanticTokens/full', { textDocument });
  const { longestBlock: openBlock } = await editor.health();
  let version = 1;
  let resultId = '';
  let tokensId = (
    await editor.ask<{ resultId?: string }>('textDocument/semanticTokens/full', { textDocument })
  ).resultId;
  const type = (line: number, character: number, inserted: string) =>
    editor.tell('textDocument/didChange', {
      textDocument: { uri, version: ++version },
      contentChanges: [{ range: { start: { line, character }, end: { line, character } }, text: inserted }],
    });
  const [diagnostics, completion, tokens]: [number[], number[], number[]] = [[], [], []];
  // At the start of the statements, in the middle, near the end; a line of its own each time.
  const indent = shape === 'plain' ? '' : '    ';
  const places = [16, Math.floor(rows.length / 2), rows.length - 40].map((from) =>
    rows.findIndex((row, index) => index >= from && row.startsWith(`${indent}SET `)),
  );
  for (const [round, place] of [places[0], ...places].entries()) {
    let line = place as number;
    let character = 0;
    await type(line, 0, `${indent}\r\n`);
    character = indent.length;
    for (const key of typed.split(/(\r\n|)/).filter((part) => part !== '')) {
      await type(line, character, key === '\r\n' ? `\r\n${indent}` : key);
      if (key === '\r\n') {
        line++;
        character = indent.length;
      } else character += key.length;
      const position = { line, character };
      // An editor asks for a completion first, then for the colours, and for diagnostics when nothing else is to do.
      if (version % 2 === 0) {
        completion.push(await timed(() => editor.ask('textDocument/completion', { textDocument, position })));
      }
      diagnostics.push(
        await timed(async () => {
          const previousResultId = resultId;
          const found = await editor.ask<{ resultId: string }>('textDocument/diagnostic', {
            textDocument,
            previousResultId,
          });
          resultId = found.resultId;
        }),
      );
      tokens.push(
        await timed(async () => {
          const previousResultId = tokensId;
          const found = await editor.ask<{ resultId?: string }>('textDocument/semanticTokens/full/delta', {
            textDocument,
            previousResultId,
          });
          tokensId = found.resultId;
        }),
      );
    }
    if (round === 0) {
      // That was the warm-up.
      for (const times of [diagnostics, completion, tokens]) times.length = 0;
      await editor.health();
    }
  }
  const { longestBlock, p99Block, resident } = await editor.health();
  const size = (Buffer.byteLength(text) / 1e6).toFixed(2);
  console.log(
    `typing into ${rows.length.toLocaleString('en')} lines (${size} MB), ${shape === 'plain' ? 'one after the other' : `nearly all in one ${shape}`}; ${diagnostics.length} keystrokes`,
  );
  report('keystroke → fresh diagnostics', diagnostics, 16);
  report('keystroke → completion list', completion, 10);
  report('semantic tokens, changes only', tokens, 5);
  console.log(
    `  the server's loop: longest block ${longestBlock.toFixed(1)} ms (${verdict(longestBlock, 20, 'ms')}), p99 ${p99Block.toFixed(1)} ms; ${resident.toFixed(0)} MB resident`,
  );
  console.log(
    `  cold: opened and checked after ${opened.toFixed(0)} ms, longest block ${openBlock.toFixed(0)} ms (a first parse and check are not cut into pieces)\n`,
  );
  await editor.stop();
}

async function opening(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-language-'));
  try {
    let bytes = 0;
    let rows = 0;
    for (const [path, text] of benchWorkspace(flows)) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      bytes += Buffer.byteLength(text);
      if (path.endsWith('.robin')) rows += text.split('\n').length;
    }
    const times: number[] = [];
    let worst: Health = { longestBlock: 0, p99Block: 0, resident: 0, mostResident: 0 };
    for (let round = 0; round < 3; round++) {
      const editor = new Editor();
      await editor.start(folder);
      times.push(await timed(() => editor.ask('workspace/symbol', { query: 'Report' })));
      const health = await editor.health();
      worst = {
        longestBlock: Math.max(worst.longestBlock, health.longestBlock),
        p99Block: Math.max(worst.p99Block, health.p99Block),
        resident: Math.max(worst.resident, health.resident),
        mostResident: Math.max(worst.mostResident, health.mostResident),
      };
      await editor.stop();
    }
    const slowest = Math.max(...times) / 1000;
    console.log(
      `a folder of ${flows.toLocaleString('en')} flows (${rows.toLocaleString('en')} lines, ${(bytes / 1e6).toFixed(0)} MB), ${times.length} cold servers`,
    );
    console.log(`  indexed after ${slowest.toFixed(2)} s at most (${verdict(slowest, 5, 's')})`);
    console.log(
      `  ${worst.mostResident.toFixed(0)} MB resident at the peak (${verdict(worst.mostResident, 300, 'MB')}), ${worst.resident.toFixed(0)} MB afterwards`,
    );
    console.log(
      `  the server's loop meanwhile: longest block ${worst.longestBlock.toFixed(1)} ms (${verdict(worst.longestBlock, 20, 'ms')}), p99 ${worst.p99Block.toFixed(1)} ms`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

console.log(`${machine()}\n`);
compareParsers();
for (const shape of ['plain', 'loop', 'subflow'] as const) await typing(shape);
await opening();
