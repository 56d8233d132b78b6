// The flow monitor and the run history: what they say, what their buttons do, and that figures are right.
import { expect, it } from 'vitest';
import { figuresOf, middle } from '../../src/extension/runDetails/history.ts';
import { detailCommandIds, monitorViewId } from '../../src/extension/runDetails/names.ts';
import type { Run } from '../../src/protocol/run.ts';
import type { FakePage } from '../fakes/vscode.ts';
import { Window } from './harness.ts';
import { pageText } from './pageText.ts';

const text = 'WAIT 1';

/** A run that has ended already. */
async function ended(window: Window, id: string, ms: number, more: Partial<Run> = {}): Promise<void> {
  const { agent, clock } = window;
  agent.queue(id, 'archive', {}, text);
  await clock.advance(500);
  agent.change(id, { state: 'Running', startedAt: clock.now() });
  await clock.advance(ms);
  agent.change(id, { state: 'Succeeded', endedAt: clock.now(), ...more });
}

it('shows all running flows with place, progress and buttons, and copies errors with one click', async () => {
  const window = await Window.connected();
  const { agent, vscode, clock } = window;
  const page = (vscode.webViews.get(monitorViewId) as { open(): FakePage }).open();
  await window.settle();
  const frames = [pageText(page)];
  await ended(window, 'aaaa-1', 10_000);
  await ended(window, 'bbbb-2', 20_000);
  const error = { code: 'FileNotFoundError', message: '<b>gone</b>', nextStep: 'Look.', line: 1 };
  await ended(window, 'cccc-3', 1_000, { state: 'Failed', error });
  agent.queue('dddd-4', 'archive', {}, text);
  agent.change('dddd-4', {
    state: 'Running',
    startedAt: clock.now(),
    position: { subflow: 'Copy', line: 7, action: 'File.Copy' },
  });
  agent.queue('eeee-5', '[x](command:y)', { requestedBy: '<i>me</i>' });
  agent.change('eeee-5', { state: 'Paused', startedAt: clock.now() });
  agent.queue('ffff-6', 'orders');
  await clock.advance(6_000);
  frames.push(pageText(page));
  expect(page.badge?.value).toBe(2);
  await expect(frames.join('\n\n')).toMatchFileSnapshot('golden/flow-monitor.txt');

  page.press('pauseRun', 'dddd-4');
  page.press('stopRunSafely', 'dddd-4');
  page.press('stopRun', 'eeee-5');
  page.press('copyErrorDetails', 'cccc-3');
  await window.settle();
  expect(agent.called('runs.pause')).toEqual([{ runId: 'dddd-4' }]);
  expect(agent.called('runs.safeStop')).toEqual([{ runId: 'dddd-4' }]);
  expect(agent.called('runs.stop')).toEqual([{ runId: 'eeee-5' }]);
  expect(vscode.clipboard).toContain('Message: <b>gone</b>');

  page.turn(false);
  await window.settle();
  const sent = page.sent.length;
  await clock.advance(5_000);
  expect(page.sent.length).toBe(sent);

  agent.drop(1006);
  page.turn(true);
  page.say({ kind: 'ready' });
  await window.settle();
  expect(pageText(page)).toContain('The connection to the agent was lost');
});

it('shows success rates, waits and run times per flow and machine, as drawing and as table', async () => {
  const window = await Window.connected();
  const { vscode } = window;
  await ended(window, 'aaaa-1', 10_000);
  await ended(window, 'bbbb-2', 20_000);
  await ended(window, 'cccc-3', 1_000, { state: 'Failed', machine: 'm-2' });
  await ended(window, 'dddd-4', 90_000, { state: 'Canceled' });
  await vscode.run(detailCommandIds.showHistory);
  const page = vscode.pages[0] as FakePage;
  page.say({ kind: 'ready' });
  await window.settle();
  await expect(pageText(page)).toMatchFileSnapshot('golden/run-history.txt');

  page.press('openRun', 'bbbb-2');
  await window.settle();
  expect(vscode.pages).toHaveLength(2);
  await ended(window, 'eeee-5', 10);
  await window.clock.advance(2_500);
  expect(pageText(page)).toContain('5 runs ended');
  await window.clock.advance(31 * 24 * 3_600_000);
  page.press('refresh');
  await window.settle();
  expect(pageText(page)).toContain('No run has ended in this time.');
  vscode.set('desktopFlows.history.days', 60);
  expect(pageText(page)).toContain('5 runs ended in the last 60 days');
});

it('takes the middle of waits and run times, and counts canceled runs neither way', () => {
  const run = (state: string, wait: number, took: number) =>
    ({ state, requestedAt: 0, startedAt: wait, endedAt: wait + took }) as unknown as Run;
  expect(
    figuresOf([run('Succeeded', 1, 10), run('Failed', 3, 30), run('Canceled', 5, 1_000)], () => 'x'),
  ).toEqual([{ name: 'x', runs: 3, succeeded: 1, failed: 1, wait: 3, run: 30 }]);
  expect(figuresOf([{ state: 'Skipped', requestedAt: 0 } as unknown as Run], () => 'x')[0]).toMatchObject({
    wait: undefined,
    run: undefined,
  });
  expect([middle([]), middle([4]), middle([1, 9, 3]), middle([1, 3])]).toEqual([undefined, 4, 3, 2]);
});
