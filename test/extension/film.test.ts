// What a person sees while runs go by: the Run Queue, the editor and the status bar as text, frame by frame, against golden files
// in golden/. After an intended change run `vitest -u` and read the difference.
import { expect, it } from 'vitest';
import { commandIds, viewIds } from '../../src/extension/names.ts';
import { detailCommandIds } from '../../src/extension/runDetails/names.ts';
import type { FakeDocument } from '../fakes/vscode.ts';
import { Window } from './harness.ts';

const text = [
  'SET Count TO 0',
  'Folder.GetFiles Folder: Inbox Files=> Files',
  'LOOP FOREACH File IN Files',
  '    File.Copy Files: File Destination: Target',
  'END',
].join('\n');

class Film {
  readonly #window: Window;
  readonly #document: FakeDocument;
  readonly #frames: string[] = [];

  constructor(window: Window, document: FakeDocument) {
    this.#window = window;
    this.#document = document;
  }

  async frame(caption: string): Promise<void> {
    await this.#window.settle();
    const { vscode } = this.#window;
    const redrawn = await vscode.takeRedrawn(viewIds.runQueue);
    this.#frames.push(
      [
        `### ${caption}`,
        `redrawn: ${redrawn.join(', ') || 'nothing'}`,
        await vscode.renderTree(viewIds.runQueue),
        '---',
        vscode.renderEditor(this.#document),
        '---',
        vscode.statusBar,
      ].join('\n'),
    );
  }

  get text(): string {
    return `${this.#frames.join('\n\n')}\n`;
  }
}

it('shows a queue at work: next to run, running, failed, lost, resubmitted', async () => {
  const window = await Window.connected();
  const { agent, vscode, clock } = window;
  const document = vscode.open('/flows/archive.robin', text);
  const film = new Film(window, document);
  await film.frame('nothing has run');

  agent.queue('aaaa-1', 'archive', {}, text);
  await film.frame('a run is queued');

  agent.queue('bbbb-2', 'orders', { priority: 'high', requestedAt: clock.now() + 1 });
  agent.queue('cccc-3', 'invoices', { requestedAt: clock.now() + 2 });
  await film.frame('two more; the one with high priority goes first');

  agent.change('aaaa-1', { state: 'Starting' });
  await film.frame('starting');

  agent.change('aaaa-1', {
    state: 'Running',
    startedAt: clock.now(),
    position: { subflow: 'Main', line: 2, action: 'Folder.GetFiles' },
  });
  agent.lines('aaaa-1', { line: 1, ms: 0.2 }, { line: 2, state: 'running', count: 0 });
  await film.frame('running');

  await clock.advance(3_000);
  agent.lines(
    'aaaa-1',
    { line: 2, ms: 3_012 },
    { line: 3, count: 40, ms: 8 },
    { line: 4, state: 'running', count: 39, ms: 3_400 },
  );
  await film.frame('the same run, later: only what changed is redrawn');

  agent.emit({
    kind: 'question',
    runId: 'aaaa-1',
    question: {
      id: 'q1',
      kind: 'message',
      title: 'Overwrite?',
      message: 'It exists.',
      options: ['Yes', 'No'],
    },
  });
  await film.frame('the flow asks (another window requested it, so nothing opens here)');

  agent.emit({ kind: 'answered', runId: 'aaaa-1', questionId: 'q1', by: 'ada' });
  const error = {
    code: 'FileNotFoundError',
    message: 'The file a\u202eb.csv\nwas not found.',
    nextStep: 'Check the path.',
    file: '/flows/archive.robin',
    line: 4,
    subflow: 'Main',
    action: 'File.Copy',
  };
  agent.lines('aaaa-1', { line: 4, state: 'failed', count: 40, ms: 3_500, error });
  agent.change('aaaa-1', { state: 'Failed', endedAt: clock.now(), error });
  await film.frame('it failed');

  agent.change('bbbb-2', { state: 'Running', startedAt: clock.now() });
  agent.change('bbbb-2', { state: 'Lost', endedAt: clock.now() + 500 });
  await film.frame('another run was lost');

  const resubmitted = agent.queue('dddd-4', 'archive', { resubmitOf: 'aaaa-1' }, text);
  agent.change('cccc-3', { state: 'Canceled', endedAt: clock.now() });
  agent.change(resubmitted.id, { state: 'Running', startedAt: clock.now() });
  agent.lines(
    'dddd-4',
    { line: 1, ms: 1 },
    { line: 2, ms: 12 },
    { line: 4, state: 'handled', count: 2, ms: 7, error },
  );
  agent.change(resubmitted.id, { state: 'Succeeded', endedAt: clock.now() + 65_000, outputs: {} });
  await film.frame('the failed run was resubmitted and succeeded');

  agent.queue('eeee-5', 'archive', {}, text);
  agent.change('eeee-5', { state: 'Running', startedAt: clock.now() });
  agent.lines('eeee-5', { line: 1, ms: 1 }, { line: 2, state: 'running', count: 0 });
  await vscode.run(commandIds.stopRun);
  await film.frame('one more run was stopped: where it was stays visible');

  vscode.edit(document, 1, 0, 1, 0, '# a new first step\nWAIT 1\n');
  vscode.edit(document, 2, 4, 2, 6, '12');
  await film.frame('the text was edited: what is known moves along and is dimmed');

  await vscode.run(commandIds.clearRunStatus);
  await film.frame('cleared');

  await expect(film.text).toMatchFileSnapshot('golden/queue-at-work.txt');
});

it('tells the whole story of a run on its page, with secured values hidden', async () => {
  const window = await Window.connected();
  const { agent, vscode, clock } = window;
  vscode.open('/flows/archive.robin', text);
  const run = agent.queue(
    'aaaa-1111-2222',
    'archive',
    {
      inputs: {
        'Inbox folder': 'data/inbox',
        Password: { $type: 'secured' },
        Keep: true,
        When: { $type: 'datetime', value: '2026-01-31T10:00:00' },
      },
    },
    text,
  );
  await clock.advance(5_000);
  agent.change(run.id, {
    state: 'Running',
    startedAt: clock.now(),
    position: { subflow: 'Copy', line: 4, action: 'File.Copy' },
  });
  agent.lines(run.id, { line: 1, ms: 1 }, { line: 4, subflow: 'Copy', state: 'running', count: 2, ms: 20 });
  agent.actions(
    run.id,
    { line: 1, action: 'SET', ms: 1 },
    { line: 4, subflow: 'Copy', action: 'File.Copy', ms: 10 },
  );
  await window.settle();
  await vscode.run(detailCommandIds.showRunAsText, { kind: 'run', runId: run.id });
  const page = vscode.api.window.activeTextEditor?.document.uri as unknown as { scheme: string };
  const running = vscode.page(page);

  agent.emit({
    kind: 'log',
    runId: run.id,
    level: 'warning',
    message: 'x stays in the inbox',
    line: 5,
    subflow: 'Main',
  });
  const error = {
    code: 'FileNotFoundError',
    message: 'The file was not found.',
    nextStep: 'Check the path.',
    file: '/flows/archive.robin',
    line: 4,
    subflow: 'Copy',
    action: 'File.Copy',
  };
  agent.lines(run.id, { line: 4, subflow: 'Copy', state: 'failed', count: 3, ms: 30, error });
  agent.actions(run.id, { line: 4, subflow: 'Copy', action: 'File.Copy', ms: 10, outcome: 'failed', error });
  await clock.advance(2_500);
  agent.change(run.id, {
    state: 'Failed',
    endedAt: clock.now(),
    error,
    outputs: { Token: { $type: 'secured' }, Files: ['a', 'b'] },
  });
  await window.settle();

  await expect(`${running}\n\n${vscode.page(page)}`).toMatchFileSnapshot('golden/run-page.txt');

  const document = (await vscode.api.workspace.openTextDocument(page as never)) as never as FakeDocument;
  document.setText(vscode.page(page));
  const links = vscode.linkProvider?.provideDocumentLinks(document as never, {} as never) as {
    target: { toString(): string };
  }[];
  expect(links.map(({ target }) => String(target))).toEqual([
    'file:///flows/archive.robin',
    'file:///flows/archive.robin#L4',
  ]);

  await vscode.run(commandIds.copyErrorDetails);
  expect(vscode.clipboard).toContain('Where: /flows/archive.robin:4, subflow Copy');
  await vscode.run(commandIds.openFailingLine);
  const opened = vscode.editors[0];
  expect([opened?.document.uri.path, opened?.selection?.start.line]).toEqual(['/flows/archive.robin', 3]);
});

it('renders hostile names as text', async () => {
  const window = await Window.connected();
  const { agent, vscode } = window;
  const name = '[click](command:workbench.action.quit) <b>$(bug)</b>\u202e\n**x**';
  agent.queue('aaaa-1', name, { requestedBy: '[me](command:x)' });
  await window.settle();
  const { provider } = vscode.trees.get(viewIds.runQueue) as NonNullable<ReturnType<typeof vscode.trees.get>>;
  const [group] = (await provider.getChildren(undefined)) as unknown[];
  const [node] = (await provider.getChildren(group)) as unknown[];
  const row = await provider.getTreeItem(node);
  // The tooltip may be made when it is asked for.
  const token = { isCancellationRequested: false } as Parameters<
    NonNullable<typeof provider.resolveTreeItem>
  >[2];
  const item = (await provider.resolveTreeItem?.(row, node, token)) ?? row;
  expect(item.label).toBe('[click](command:workbench.action.quit) <b>$(bug)</b> **x**');
  const { value, isTrusted, supportHtml, supportThemeIcons } = item.tooltip as {
    value: string;
    isTrusted?: boolean;
    supportHtml?: boolean;
    supportThemeIcons?: boolean;
  };
  expect(value).not.toMatch(/(^|[^\\])\]\(command/);
  expect([isTrusted, supportHtml, supportThemeIcons]).toEqual([undefined, undefined, undefined]);
});
