// The Test Explorer as VS Code asks it: which tests there are without running any, what becomes of a run, where failures show.
import { describe, expect, it } from 'vitest';
import { ProductError } from '../../src/base/error.ts';
import type { FromTester, TestRequest } from '../../src/protocol/testing.ts';
import type { FakeTestController, FakeTestItem } from '../fakes/vscode.ts';
import { Window } from './harness.ts';

const path = '/flows/a.test.robin';
const text =
  "FUNCTION 'greets' GLOBAL\nEND FUNCTION\nFUNCTION helper\nEND FUNCTION\nFUNCTION Fails GLOBAL\nEND FUNCTION\n";

async function windowWith(files: Readonly<Record<string, string>>): Promise<[Window, FakeTestController]> {
  const window = new Window();
  for (const [name, content] of Object.entries(files)) window.vscode.files.set(name, content);
  window.activate();
  await window.settle();
  return [window, window.vscode.testControllers[0] as FakeTestController];
}

/** `a.test.robin: greets 0-1, Fails 4-5`. */
const listed = (controller: FakeTestController): string[] =>
  [...controller.items].map(
    ([, { label, children, error }]) =>
      `${label}: ${error ?? [...children].map(([, { label: name, range }]) => `${name} ${range?.start.line}-${range?.end.line}`).join(', ')}`,
  );

const discovered = async (files: Readonly<Record<string, string>>) => {
  const [window, controller] = await windowWith(files);
  await controller.resolveHandler?.(undefined);
  return [window, controller] as const;
};

const token = () => {
  const listeners: (() => void)[] = [];
  return {
    onCancellationRequested: (listener: () => void) => {
      listeners.push(listener);
      return { dispose: () => undefined };
    },
    cancel: () => {
      for (const listener of listeners) listener();
    },
  };
};

describe('discovery', () => {
  it('reads files of tests when the Test Explorer is opened, and asks for nothing before', async () => {
    const [window, controller] = await windowWith({ [path]: text });
    expect([listed(controller), window.languageCalls]).toEqual([[], []]);
    await controller.resolveHandler?.(undefined);
    expect(listed(controller)).toEqual(['a.test.robin: greets 0-1, Fails 4-5']);
  });

  it('follows typing in an open file, and keeps the item of a test that stays', async () => {
    const [window, controller] = await discovered({ [path]: text });
    const item = [...controller.items][0]?.[1] as FakeTestItem;
    const greets = [...item.children][0]?.[1];
    const document = window.vscode.open(path, text);
    window.vscode.edit(document, 0, 0, 0, 0, '# first\n');
    expect(listed(controller)).toEqual(['a.test.robin: greets 0-1, Fails 4-5']);
    await window.settle();
    expect(listed(controller)).toEqual(['a.test.robin: greets 1-2, Fails 5-6']);
    expect([...item.children][0]?.[1]).toBe(greets);
  });

  it('sees a file that is opened, created or deleted; other flows are none of its business', async () => {
    const [window, controller] = await windowWith({});
    window.vscode.open('/flows/b.test.robin', text);
    window.vscode.open('/flows/plain.robin', text);
    await window.settle();
    expect(listed(controller)).toEqual(['b.test.robin: greets 0-1, Fails 4-5']);
    const [watcher] = window.vscode.watchers;
    window.vscode.files.set(path, text);
    const uri = window.vscode.api.Uri.file(path);
    watcher?.create.fire(uri as never);
    await window.settle();
    expect(listed(controller)).toHaveLength(2);
    watcher?.delete.fire(uri as never);
    expect(listed(controller)).toHaveLength(1);
  });

  it('says on the file why it cannot be read', async () => {
    const [window, controller] = await discovered({ [path]: text });
    window.vscode.files.delete(path);
    await controller.resolveHandler?.([...controller.items][0]?.[1] as FakeTestItem);
    expect(listed(controller)).toEqual([`a.test.robin: there is no ${path}`]);
  });
});

describe('a run of tests', () => {
  const failure = {
    code: 'TestFlowFailed',
    message: 'The flow failed: FileNotFoundError: gone',
    nextStep: 'Check the path.',
    place: { path, line: 6 },
    flow: { path: '/flows/f.robin', line: 9, subflow: 'Main', action: 'File.Delete' },
  };
  const ended = (test: string, more: object): FromTester =>
    ({ kind: 'ended', path, test, outcome: 'passed', ms: 5, logs: [], ...more }) as FromTester;

  async function run(
    messages: readonly FromTester[],
    request: object = {},
    profile = 0,
  ): Promise<[TestRequest, FakeTestController]> {
    const [window, controller] = await discovered({ [path]: text });
    let asked: TestRequest | undefined;
    window.tester = async (wanted, told) => {
      asked = wanted;
      for (const message of messages) told(message);
    };
    await controller.profiles[profile]?.run(request, token());
    return [asked as TestRequest, controller];
  }

  it('runs all tests, and shows what became of each as it happens', async () => {
    const [asked, { said }] = await run([
      { kind: 'file', path, tests: [] },
      { kind: 'started', path, test: 'greets', timeoutSeconds: 60 },
      ended('greets', { logs: [{ level: 'info', message: 'hello' }] }),
      { kind: 'started', path, test: 'Fails', timeoutSeconds: 60 },
      ended('Fails', { outcome: 'failed', failure }),
      { kind: 'done', passed: 1, failed: 1, canceled: false },
    ]);
    expect(asked).toEqual({
      kind: 'run',
      files: [{ path, tests: ['greets', 'Fails'] }],
      coverage: false,
      timeoutSeconds: 60,
    });
    expect(said).toEqual([
      'enqueued greets',
      'enqueued Fails',
      'started greets',
      'output info: hello',
      'output ✓ greets (5 ms)',
      'passed greets',
      'started Fails',
      'output ✗ Fails (5 ms)\r\n  The flow failed: FileNotFoundError: gone (TestFlowFailed)\r\n  Check the path.',
      'failed Fails',
      'end',
    ]);
  });

  it('shows a failure in the test and in the flow, and compared values side by side', async () => {
    const compared = { ...failure, flow: undefined, expected: 'a', actual: 'b' };
    const [, { messages }] = await run([
      ended('greets', { outcome: 'failed', failure }),
      ended('Fails', { outcome: 'failed', failure: compared }),
    ]);
    expect(
      messages.map(({ message, location, expectedOutput, actualOutput }) => [
        message.split('\n')[0],
        `${location?.uri.path}:${location?.range.start.line}`,
        expectedOutput,
        actualOutput,
      ]),
    ).toEqual([
      [`${failure.message} (TestFlowFailed)`, `${path}:5`, undefined, undefined],
      [`${failure.message} (Main, File.Delete)`, '/flows/f.robin:8', undefined, undefined],
      [`${failure.message} (TestFlowFailed)`, `${path}:5`, 'a', 'b'],
    ]);
  });

  it('runs the chosen ones without the excluded ones', async () => {
    const [window, controller] = await discovered({ [path]: text });
    const file = [...controller.items][0]?.[1] as FakeTestItem;
    const [greets, fails] = [...file.children].map(([, item]) => item);
    const asked: TestRequest[] = [];
    window.tester = async (wanted) => void asked.push(wanted);
    await controller.profiles[0]?.run({ include: [fails] }, token());
    await controller.profiles[0]?.run({ include: [file], exclude: [fails] }, token());
    await controller.profiles[0]?.run({ include: [greets], exclude: [greets] }, token());
    expect(asked.map(({ files }) => files)).toEqual([
      [{ path, tests: ['Fails'] }],
      [{ path, tests: ['greets'] }],
    ]);
  });

  it('marks all tests of a file that cannot run, with the reason at its place', async () => {
    const problem = { ...failure, code: 'TestFileHasErrors', flow: undefined };
    const [, { said, messages }] = await run([{ kind: 'file', path, tests: [], problem }]);
    expect(said.filter((line) => line.startsWith('errored'))).toEqual(['errored greets', 'errored Fails']);
    expect(messages[0]?.location?.range.start.line).toBe(5);
  });

  it('gives coverage by row and subflow', async () => {
    const flow = {
      path: '/flows/f.robin',
      subflows: [
        {
          name: 'Main',
          line: 2,
          count: 1,
          rows: [
            { line: 2, count: 1 },
            { line: 3, count: 0 },
          ],
        },
      ],
    };
    const [asked, controller] = await run([{ kind: 'coverage', flows: [flow] }], {}, 1);
    expect(asked.coverage).toBe(true);
    const [file] = controller.covered;
    const details = await controller.profiles[1]?.loadDetailedCoverage?.({}, file as object);
    expect(details).toEqual([
      expect.objectContaining({ name: 'Main', executed: 1, location: { line: 1, character: 0 } }),
      expect.objectContaining({ executed: 1, location: { line: 1, character: 0 } }),
      expect.objectContaining({ executed: 0, location: { line: 2, character: 0 } }),
    ]);
  });

  it('is canceled', async () => {
    const [window, controller] = await discovered({ [path]: text });
    const person = token();
    window.tester = (_, told, signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          told(ended('greets', { outcome: 'canceled' }));
          resolve();
        }),
      );
    const running = controller.profiles[0]?.run({}, person);
    await window.settle();
    person.cancel();
    await running;
    expect(controller.said.slice(-2)).toEqual(['skipped greets', 'end']);
  });

  it('tells a failure of ours, and ends', async () => {
    const [window, controller] = await discovered({ [path]: text });
    window.tester = () => Promise.reject(new ProductError('TesterEnded', 'It ended.', 'Try again.'));
    await controller.profiles[0]?.run({}, token());
    expect([window.vscode.dialog.text, controller.said.at(-1)]).toEqual([
      'It ended. Try again. (TesterEnded)',
      'end',
    ]);
  });

  it('does not run in a workspace that is not trusted', async () => {
    const [window, controller] = await discovered({ [path]: text });
    window.vscode.isTrusted = false;
    void controller.profiles[0]?.run({}, token());
    await window.settle();
    expect([window.vscode.dialog.text, controller.said]).toEqual([
      'Running tests of flows needs a trusted workspace: a flow can do everything you can.',
      [],
    ]);
  });
});
