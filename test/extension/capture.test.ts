// Recording from VS Code with an agent that is played: what is written where, and when nothing is.
import { expect, it } from 'vitest';
import { Recorder, type RecorderServices } from '../../src/extension/capture/recorder.ts';
import { RecordingView } from '../../src/extension/capture/view.ts';
import type { CaptureEvent } from '../../src/protocol/capture.ts';

function played(steps: number) {
  const told: string[] = [];
  const pasted: unknown[] = [];
  const declared: unknown[] = [];
  const calls: string[] = [];
  const said: CaptureEvent[][] = [];
  let heard: (() => void) | undefined;
  const tell = (...events: CaptureEvent[]) => {
    said.push(events);
    heard?.();
  };
  const document = { languageId: 'robin', uri: { toString: () => 'file:///a.robin' }, lineCount: 3 };
  class EventEmitter {
    readonly #listeners: ((value: unknown) => void)[] = [];
    readonly event = (listener: (value: unknown) => void) => {
      this.#listeners.push(listener);
      return { dispose() {} };
    };
    fire(value: unknown) {
      for (const listener of this.#listeners) listener(value);
    }
    dispose() {}
  }
  const services = {
    vscode: {
      EventEmitter,
      TreeItem: class {
        readonly label: string;
        constructor(label: string) {
          this.label = label;
        }
      },
      window: {
        activeTextEditor: { document, selection: { active: { line: 7, character: 2 } } },
        showInformationMessage: (text: string) => told.push(text),
      },
      workspace: { openTextDocument: async () => document },
      commands: { executeCommand: async () => {} },
    },
    agent: {
      async call(method: string, params: { after?: number }) {
        calls.push(method);
        if (method === 'capture.start') return { captureId: 'c' };
        if (method === 'capture.events') {
          if (said.length === 0) await new Promise<void>((resolve) => (heard = resolve));
          return { events: said.shift(), last: (params.after ?? 0) + 1 };
        }
        if (method === 'capture.stop') tell({ kind: 'ended' });
        const input = { name: 'Password', externalName: 'Password', description: '' };
        return { text: 'recorded', steps, inputs: steps > 0 ? [input] : [] };
      },
    },
    language: {
      ask: async (method: string, params: unknown) => {
        if (method === 'desktopFlows/flowContents') return { inputs: [], outputs: [], variables: [] };
        declared.push(params);
        return { version: 1, edits: [] };
      },
    },
    head: { apply: async () => {} },
    interchange: { paste: async (...what: unknown[]) => pasted.push(what.slice(1)) },
    failed: (error: unknown) => told.push(String(error)),
  };
  return { services: services as unknown as RecorderServices, told, pasted, declared, calls, tell };
}

it('shows the steps as they come, writes them where the cursor was, and declares the sensitive inputs', async () => {
  const { services, told, pasted, declared, tell } = played(2);
  const recorder = new Recorder(services);
  const view = new RecordingView(services.vscode, recorder);
  await recorder.start();
  expect(recorder.state).toBe('recording');
  tell({ kind: 'rows', from: 0, rows: [{ text: 'Click A', statement: 'x' }] });
  await new Promise(setImmediate);
  tell(
    { kind: 'rows', from: 0, rows: [{ text: 'Double-click A', statement: 'y' }] },
    { kind: 'state', state: 'paused' },
  );
  await new Promise(setImmediate);
  expect(view.getChildren().map((row) => view.getTreeItem(row).label)).toEqual(['Double-click A']);
  expect(recorder.state).toBe('paused');
  await recorder.stop();
  // The flow has become shorter than it was.
  expect(pasted).toEqual([[{ line: 2, character: 0 }, 'recorded']]);
  expect(declared).toMatchObject([
    { edit: { kind: 'addParameter', direction: 'input', parameter: { name: 'Password', sensitive: true } } },
  ]);
  expect(told[0]).toContain('2 recorded steps are in the flow.');
  expect([recorder.state, recorder.rows]).toEqual([undefined, []]);
});

it('writes nothing when nothing was recorded, and says so; a second one does not begin', async () => {
  const { services, told, pasted, calls } = played(0);
  const recorder = new Recorder(services);
  await recorder.start();
  await recorder.start();
  expect(calls.filter((method) => method === 'capture.start')).toHaveLength(1);
  await recorder.stop();
  await recorder.stop();
  expect(pasted).toEqual([]);
  expect(told).toEqual([
    'Actions are being recorded already.',
    'Nothing was recorded, and nothing is changed.',
    'Nothing is being recorded. Run "Record Actions…" in a flow first.',
  ]);
});
