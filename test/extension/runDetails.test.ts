// The page of a run: what it says at each moment, the log of any length, downloads, and that nothing foreign becomes markup.
import { expect, it } from 'vitest';
import { commandIds, contextKeys } from '../../src/extension/names.ts';
import { detailCommandIds } from '../../src/extension/runDetails/names.ts';
import { RunFile } from '../../src/extension/runDetails/runFile.ts';
import { phasesOf } from '../../src/extension/runDetails/story.ts';
import { documentOf } from '../../src/extension/runDetails/webPage.ts';
import type { FakePage } from '../fakes/vscode.ts';
import { sha256, Window } from './harness.ts';
import { pageText } from './pageText.ts';

const text = 'SET Count TO 0\nFile.Copy Files: a Destination: b';
const hostile = '<img src=x onerror=alert(1)>[a](command:x)\u202e\u001b[31m';

async function shown(window: Window, runId: string): Promise<FakePage> {
  await window.vscode.run(commandIds.showRun, { kind: 'run', runId });
  const page = window.vscode.pages.at(-1) as FakePage;
  page.say({ kind: 'ready' });
  await window.settle();
  return page;
}

it('tells a run from the request to its end', async () => {
  const window = await Window.connected();
  const { agent, vscode, clock } = window;
  vscode.open('/flows/archive.robin', text);
  agent.queue('aaaa-1111', 'archive', {
    inputs: { 'Inbox folder': 'data/inbox', Password: { $type: 'secured' } },
    flow: { name: 'archive', path: '/flows/archive.robin', hash: sha256(text) },
    resubmitOf: 'zzzz-0',
  });
  const page = await shown(window, 'aaaa-1111');
  const frames = [pageText(page)];
  await clock.advance(5_000);
  agent.change('aaaa-1111', { state: 'Starting' });
  await clock.advance(1_500);
  agent.change('aaaa-1111', { state: 'Running', startedAt: clock.now() });
  agent.lines('aaaa-1111', { line: 2, state: 'running', count: 0 });
  agent.actions(
    'aaaa-1111',
    { line: 1, action: 'SET', ms: 1 },
    { line: 3, action: 'File.Copy', ms: 40, flow: 'child' },
  );
  agent.emit({ kind: 'log', runId: 'aaaa-1111', level: 'warning', message: hostile, line: 1 });
  await window.settle();
  frames.push(pageText(page));
  const error = {
    code: 'FileNotFoundError',
    message: `${hostile}\nsecond line`,
    nextStep: 'Check the path.',
    line: 2,
    subflow: 'Main',
    action: 'File.Copy',
    screenshot: { width: 800, height: 600 },
  };
  agent.screenshots.set('aaaa-1111', 'iVBORw0KGgo=');
  agent.actions('aaaa-1111', { line: 2, action: 'File.Copy', ms: 10, outcome: 'failed', error });
  await clock.advance(3_000);
  agent.change('aaaa-1111', {
    state: 'Failed',
    endedAt: clock.now(),
    error,
    outputs: { Token: { $type: 'secured' }, Files: ['a', 'b'] },
  });
  agent.queue('bbbb-2222', 'archive', { resubmitOf: 'aaaa-1111' });
  await window.settle();
  frames.push(pageText(page));
  expect(page.last<{ png: string }>('picture')?.png).toBe('iVBORw0KGgo=');
  await expect(frames.join('\n\n')).toMatchFileSnapshot('golden/run-details.txt');

  page.press('copyErrorDetails');
  await window.settle();
  expect(vscode.clipboard).toContain('Code: FileNotFoundError');
  page.press('openLine', '2');
  await window.settle();
  expect(vscode.editors[0]?.selection?.start.line).toBe(1);
  page.press('openRun', 'bbbb-2222');
  await window.settle();
  expect(vscode.pages).toHaveLength(2);
  // What a page says is not trusted: other commands do not exist for it.
  page.press('workbench.action.quit');
  page.say({ kind: 'act', id: 7 });
  page.say(null);
  await window.settle();
  expect(vscode.executed.filter((command) => command.startsWith('workbench'))).toEqual([]);
});

it('shows a part of an error of a megabyte, and stays itself', async () => {
  const window = await Window.connected();
  const { agent, clock } = window;
  const error = {
    code: 'E',
    message: `${hostile.repeat(20)}${'x'.repeat(1_000_000)}`,
    nextStep: 'y'.repeat(9_999),
  };
  agent.queue('aaaa-1', hostile.repeat(50), {}, text);
  agent.change('aaaa-1', { state: 'Failed', startedAt: clock.now(), endedAt: clock.now(), error });
  agent.actions('aaaa-1', { line: 1, action: 'x'.repeat(9_999), outcome: 'failed', error });
  const page = await shown(window, 'aaaa-1');
  expect(pageText(page).length).toBeLessThan(40_000);
  expect(JSON.stringify(page.sent).length).toBeLessThan(400_000);
  expect(pageText(page)).not.toMatch(/[\u202e\u001b]/);
});

it('reads the log on from where it is, also after a page was out of sight and after a loss of the agent', async () => {
  const window = await Window.connected();
  const { agent, clock } = window;
  agent.eventsPerPage = 2;
  agent.queue('aaaa-1', 'archive', {}, text);
  agent.change('aaaa-1', { state: 'Running', startedAt: clock.now() });
  for (let line = 1; line <= 5; line++) agent.actions('aaaa-1', { line, action: 'WAIT' });
  const page = await shown(window, 'aaaa-1');
  const lines = () => pageText(page).match(/\| WAIT \|/g)?.length;
  expect(lines()).toBe(5);
  const logs = () =>
    page.sent.filter(({ kind, rows }) => kind === 'log' && (rows as unknown[]).length > 0).length;
  const before = logs();
  agent.actions('aaaa-1', { line: 6, action: 'WAIT' });
  await window.settle();
  expect([lines(), logs()]).toEqual([6, before + 1]);
  expect((page.last('log') as { from: number } | undefined)?.from).toBe(5);

  page.turn(false);
  agent.actions('aaaa-1', { line: 7, action: 'WAIT' });
  await window.settle();
  const silent = page.sent.length;
  await clock.advance(5_000);
  expect(page.sent.length).toBe(silent);
  page.turn(true);
  page.say({ kind: 'ready' });
  await window.settle();
  expect(lines()).toBe(7);

  agent.drop(1006);
  await window.settle();
  expect(pageText(page)).toContain('when last seen: the agent is not connected');
  agent.running = true;
  agent.actions('aaaa-1', { line: 8, action: 'WAIT' });
  await clock.advance(5_000);
  expect(lines()).toBe(8);
  expect(pageText(page)).not.toContain('not connected');
});

it('keeps 100,000 rows and drops only the oldest of more', () => {
  const file = new RunFile();
  const frame = (seq: number, count: number) => ({
    kind: 'actions' as const,
    seq,
    runId: 'r',
    at: 0,
    omitted: 1,
    actions: Array.from({ length: count }, (_, index) => ({
      line: index + 1,
      subflow: 'Main',
      action: 'File.Copy',
      at: 0,
      ms: 1,
      outcome: 'ok' as const,
    })),
  });
  for (let seq = 1; seq <= 100; seq++) file.take([frame(seq, 1_000)]);
  expect([file.rows.length, file.omitted, file.settled()]).toEqual([100_000, 100, 0]);
  expect(file.take([frame(100, 1_000)])).toBe(false);
  file.take([frame(101, 5)]);
  expect(file.settled()).toBe(100_000);
  for (let seq = 102; seq <= 220; seq++) file.take([frame(seq, 1_000)]);
  expect(file.rows.length).toBeLessThanOrEqual(200_000);
  expect(file.rows.length + file.omitted - 220).toBe(100_005 + 119_000);
  expect(file.settled()).toBe(0);
});

it('gives the phases of a run even when clocks were set back or nothing is known of it', () => {
  const run = { state: 'Succeeded', requestedAt: 1_000, startedAt: 4_000, endedAt: 9_000 } as never;
  expect(phasesOf(run, [], 9_999)).toEqual([
    { state: 'Queued', from: 1_000, to: 4_000 },
    { state: 'Running', from: 4_000, to: 9_000 },
  ]);
  const back = phasesOf(
    run,
    [
      { state: 'Queued', at: 1_000 },
      { state: 'Running', at: 500 },
      { state: 'Succeeded', at: 9_000 },
    ],
    9_999,
  );
  expect(back.map(({ from, to }) => to - from).every((span) => span >= 0)).toBe(true);
});

it('downloads as JSON and as HTML that runs nothing', async () => {
  const window = await Window.connected();
  const { agent, vscode, clock } = window;
  agent.queue('aaaa-1', `archive ${hostile}`, { inputs: { Password: { $type: 'secured' } } }, text);
  agent.change('aaaa-1', { state: 'Running', startedAt: clock.now() });
  agent.actions('aaaa-1', { line: 1, action: hostile });
  agent.change('aaaa-1', { state: 'Succeeded', endedAt: clock.now(), outputs: {} });
  await window.settle();
  const saved = async (form: string) => {
    void vscode.run(detailCommandIds.downloadRun, { kind: 'run', runId: 'aaaa-1' }, form);
    await window.settle();
    vscode.dialog.answer(vscode.api.Uri.file(`/out.${form}`));
    await window.settle();
    return vscode.written.get(`/out.${form}`) as string;
  };
  const json = JSON.parse(await saved('json'));
  expect(json).toMatchObject({
    format: 1,
    run: { id: 'aaaa-1', inputs: { Password: { $type: 'secured' } } },
    log: [{ line: 1 }],
  });
  const html = await saved('html');
  expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
  expect(html).not.toMatch(/<img|<script|onerror=alert\(1\)>/);
  expect(html).toContain("default-src 'none'");
});

it('has a document that loads nothing and runs only its own script', () => {
  const html = documentOf('x = "</script><!-- </SCRIPT>"', 'de"><b>', 'bm9uY2U=');
  expect(html).toContain('lang="en"');
  expect(html.match(/<\/script>/gi)).toHaveLength(1);
  expect(html).toContain(
    `content="default-src 'none'; script-src 'nonce-bm9uY2U='; style-src 'nonce-bm9uY2U='; img-src data:; base-uri 'none'; form-action 'none'"`,
  );
  expect(documentOf('', 'de').match(/nonce-[^']+/)?.[0]).not.toBe(
    documentOf('', 'de').match(/nonce-[^']+/)?.[0],
  );
});

it('offers the buttons of the run whose page is in front', async () => {
  const window = await Window.connected();
  const { agent, vscode, clock } = window;
  agent.queue('aaaa-1', 'archive', {}, text);
  agent.change('aaaa-1', { state: 'Running', startedAt: clock.now() });
  const page = await shown(window, 'aaaa-1');
  expect(vscode.contexts.get(contextKeys.shownRun)).toBe('run active begun running');
  await vscode.run(commandIds.pauseRun);
  expect(agent.called('runs.pause')).toEqual([{ runId: 'aaaa-1' }]);
  page.turn(false);
  await window.settle();
  expect(vscode.contexts.get(contextKeys.shownRun)).toBe('');
});
