// Notifications as the agent decides them: what is said when, to which session, and what becomes of the process that says it.
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Notifications } from '../../../src/agent/notifications/notifications.ts';
import { Commands, menuOf, noticeOf, tipOf } from '../../../src/agent/notifications/texts.ts';
import { Log } from '../../../src/base/log.ts';
import type { Claim, RunChange } from '../../../src/orchestration/store.ts';
import type { NotificationSetting } from '../../../src/protocol/fleet.ts';
import type { FromNotifier, ToNotifier } from '../../../src/protocol/notifications.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';

const error = { code: 'FileNotFound', message: 'There is no file a.txt.', nextStep: 'Make it.' };
const failed: RunChange = { state: 'Failed', error };
const running: RunChange = { state: 'Running' };

class FakeNotifier extends EventEmitter {
  readonly stderr = undefined;
  readonly heard: ToNotifier[] = [];
  killed = false;
  send(message: ToNotifier): void {
    this.heard.push(message);
  }
  say(message: FromNotifier): void {
    this.emit('message', message);
  }
  kill(): void {
    this.killed = true;
  }
  get texts(): readonly string[] {
    return this.heard.flatMap((one) =>
      one.kind === 'notice' ? [`${one.notice.title}: ${one.notice.text}`] : [],
    );
  }
  get runs(): readonly string[] | undefined {
    const last = this.heard.findLast((one) => one.kind === 'runs');
    return last?.kind === 'runs' ? last.runs.map(({ flow, state }) => `${flow} ${state}`) : undefined;
  }
}

function open() {
  const clock = new FakeClock();
  const started: { readonly session: string; readonly notifier: FakeNotifier }[] = [];
  const set: { setting: NotificationSetting; fails: boolean } = { setting: 'all', fails: false };
  const notifications = new Notifications({
    host: {
      async launch(session) {
        if (set.fails) throw new Error('no such session');
        const notifier = new FakeNotifier();
        started.push({ session, notifier });
        return notifier as unknown as ChildProcess;
      },
    },
    program: 'node',
    script: 'notifier.cjs',
    setting: async () => set.setting,
    logFolder: 'C:\\data',
    clock,
    log: new Log('test', () => clock.now(), []),
  });
  const wishes: string[] = [];
  const driver = {
    tell: (runId: string, wish: string) => wishes.push(`${wish} ${runId}`) > 0,
    end: (runId: string, { state }: { state: string }) => void wishes.push(`${state} ${runId}`),
  };
  const hear = async (flow: string, change: RunChange, session = 'one') => {
    const plan = { kind: 'use', session };
    notifications.heard(
      { run: { id: flow, flow: { name: flow } }, session: plan } as unknown as Claim,
      change,
      driver,
    );
    await settle();
  };
  return {
    clock,
    started,
    set,
    notifications,
    wishes,
    hear,
    last: () => started.at(-1)?.notifier as FakeNotifier,
  };
}

describe('notifications', () => {
  it('begin with the first run of a session, wait for their process, and end a moment after the last run', async () => {
    const { hear, started, last, clock } = open();
    await hear('Pay', running);
    expect(started.map(({ session }) => session)).toEqual(['one']);
    expect(last().heard).toEqual([]);
    last().say({ kind: 'ready' });
    expect(last().runs).toEqual(['Pay Running']);
    await hear('Pay', { state: 'Paused' });
    expect(last().runs).toEqual(['Pay Paused']);
    await hear('Pay', running);
    await hear('Pay', failed);
    expect(last().texts).toEqual([
      'Pay: The flow runs.',
      'Pay: The flow is paused.',
      'Pay: The flow goes on.',
      'Pay: The flow has failed. There is no file a.txt. Make it.',
    ]);
    expect(last().runs).toEqual([]);
    await clock.advance(59_000);
    expect(last().heard).not.toContainEqual({ kind: 'end' });
    await clock.advance(1_000);
    expect(last().heard.at(-1)).toEqual({ kind: 'end' });
    expect(last().killed).toBe(false);
    await clock.advance(5_000);
    expect(last().killed).toBe(true);
    last().emit('exit', 1, null);
    expect(started).toHaveLength(1);
    await hear('Again', running);
    expect(started).toHaveLength(2);
  });

  it('go to the session of the run only, and never to one that nobody sits at', async () => {
    const { hear, notifications, started } = open();
    await hear('Pay', running, 'one');
    await hear('Bill', running, 'two');
    started[0]?.notifier.say({ kind: 'ready' });
    started[1]?.notifier.say({ kind: 'ready' });
    expect(started.map(({ session, notifier }) => [session, notifier.runs])).toEqual([
      ['one', ['Pay Running']],
      ['two', ['Bill Running']],
    ]);
    const unattended = {
      run: { id: 'x', flow: { name: 'x' } },
      session: { kind: 'open' },
    } as unknown as Claim;
    notifications.heard(unattended, failed, { tell: () => true, end: () => {} });
    await settle();
    expect(started).toHaveLength(2);
  });

  it('are of failures only, or none, where the owner of the machine wants that', async () => {
    const { hear, set, started, last } = open();
    set.setting = 'failures';
    await hear('Pay', running);
    await hear('Pay', { state: 'Succeeded' });
    expect(started).toHaveLength(0);
    await hear('Bill', running);
    await hear('Bill', failed);
    last().say({ kind: 'ready' });
    expect(last().texts).toEqual(['Bill: The flow has failed. There is no file a.txt. Make it.']);
    set.setting = 'off';
    await hear('Bill', failed);
    expect(last().heard.at(-1)).toEqual({ kind: 'end' });
    await hear('Third', failed);
    expect(started).toHaveLength(1);
  });

  it('pass wishes on to whoever drives the run, and none for a run that has ended', async () => {
    const { hear, last, wishes } = open();
    await hear('Pay', running);
    last().say({ kind: 'ready' });
    for (const wish of ['pause', 'resume', 'safeStop', 'stop'] as const)
      last().say({ kind: 'wish', runId: 'Pay', wish });
    expect(wishes).toEqual(['pause Pay', 'resume Pay', 'safeStop Pay', 'Canceled Pay']);
    await hear('Pay', { state: 'Canceled' });
    last().say({ kind: 'wish', runId: 'Pay', wish: 'stop' });
    last().say({ kind: 'wish', runId: 'of somebody else', wish: 'stop' });
    expect(wishes).toHaveLength(4);
  });

  it('start a process again that was killed, but not for ever', async () => {
    const { hear, started, last, clock } = open();
    await hear('Pay', running);
    for (let death = 0; death < 5; death++) {
      last().say({ kind: 'ready' });
      last().emit('exit', null, 'SIGKILL');
      await settle();
    }
    expect(started).toHaveLength(3);
    await clock.advance(600_000);
    await hear('Pay', { state: 'Paused' });
    last().say({ kind: 'ready' });
    expect(started).toHaveLength(4);
    expect(last().runs).toEqual(['Pay Paused']);
  });

  it('end for good when the person leaves them, and with the agent', async () => {
    const { hear, last, started, notifications } = open();
    await hear('Pay', running);
    await hear('Bill', running, 'two');
    const [first] = started;
    first?.notifier.say({ kind: 'ready' });
    first?.notifier.say({ kind: 'leave' });
    expect(first?.notifier.heard.at(-1)).toEqual({ kind: 'end' });
    await hear('Pay', failed);
    expect(started).toHaveLength(2);
    notifications.dispose();
    expect(last().heard.at(-1)).toEqual({ kind: 'end' });
  });

  it('fail without harm where no process can be started, or one says what was not agreed', async () => {
    const { hear, set, last, started } = open();
    set.fails = true;
    await hear('Pay', running);
    expect(started).toHaveLength(0);
    set.fails = false;
    await hear('Pay', failed);
    last().emit('message', { kind: 'wish', runId: 'Pay', wish: 'format the disk' });
    expect(last().killed).toBe(true);
  });
});

describe('what is said', () => {
  it('of each end', () => {
    const text = (change: RunChange) => noticeOf('all', 'Pay', 'Running', change);
    expect(text({ state: 'Succeeded' })).toEqual({
      title: 'Pay',
      text: 'The flow has succeeded.',
      isFailure: false,
    });
    expect(text({ state: 'Canceled', error: { ...error, message: 'Stopped by request.' } })).toMatchObject({
      text: 'The flow was stopped. Stopped by request.',
      isFailure: false,
    });
    expect(text({ state: 'TimedOut', error })).toMatchObject({
      text: 'The flow has taken too long. There is no file a.txt. Make it.',
      isFailure: true,
    });
    expect(text({ state: 'Lost' })).toMatchObject({ text: 'The flow has failed.', isFailure: true });
    expect(text({ state: 'Running' })).toBeUndefined();
  });

  it('beside the icon', () => {
    const run = (flow: string, state: 'Running' | 'Paused') => ({ id: flow, flow, state });
    expect(tipOf([])).toBe('Desktop Flows: no flow runs');
    expect(tipOf([run('Pay', 'Paused')])).toBe('Desktop Flows: Pay (paused)');
    expect(tipOf([run('Pay', 'Running'), run('B', 'Paused')])).toBe(
      'Desktop Flows: Pay and 1 more (running)',
    );
  });

  it('by the menu, whose numbers keep their meaning when runs come and go', () => {
    const commands = new Commands();
    const run = (id: string, state: 'Running' | 'Paused') => ({ id, flow: `Flow ${id}`, state });
    const before = menuOf([run('a', 'Running'), run('b', 'Paused')], true, commands);
    expect(before.map(({ text }) => text)).toEqual([
      'Flow a (running)',
      'Flow b (paused)',
      undefined,
      'Open log folder',
      'Exit notifications',
    ]);
    const stopB = before[1]?.items?.[2]?.command as number;
    menuOf([run('c', 'Running'), run('b', 'Running')], false, commands);
    expect(commands.commandOf(stopB)).toEqual({ runId: 'b', wish: 'stop' });
    expect(commands.commandOf(before[0]?.items?.[0]?.command as number)).toEqual({
      runId: 'a',
      wish: 'pause',
    });
    expect(commands.commandOf(before.at(-1)?.command as number)).toBe('leave');
    for (const number of [0, 3, 15, 400]) expect(commands.commandOf(number)).toBeUndefined();
    expect(menuOf([], false, commands).map(({ text }) => text)).toEqual([
      'No flow runs',
      undefined,
      'Exit notifications',
    ]);
  });
});
