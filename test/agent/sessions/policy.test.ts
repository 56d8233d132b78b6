// What is done to sessions of people that are in the way of a run: the decisions as tables, the acts on a fake clock.
import type { ChildProcess } from 'node:child_process';
import { describe, expect, it, test } from 'vitest';
import {
  type Ask,
  type ClearOptions,
  clearTheWay,
  dialogIn,
  type LeaveAnswer,
  leavingOf,
  linuxDialogs,
  nextStep,
  type SessionAct,
} from '../../../src/agent/sessions/policy.ts';
import type { Clearing, SessionPlan } from '../../../src/protocol/fleet.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';
import { session } from '../../orchestration/fleet.ts';
import { codeOf, never } from './contract.ts';
import { FakeProcess, FakeSessionHost } from './fakeHost.ts';

const run = { runId: 'r1', flow: 'Invoices' };

function clearingOf(text: string, id = 'bob'): Clearing {
  const { state, kind } = session(text);
  return {
    session: id,
    state,
    sort: kind,
    act: text.includes('disconnecting') ? 'disconnect' : 'signOut',
    ask: text.includes('asked'),
  };
}

describe('the next step against a session', () => {
  test.each<readonly [plan: string, now: string | undefined, hasAgreed: boolean, expected: string]>([
    ['bob', undefined, false, 'gone'],
    ['bob', 'bob', false, 'signOut'],
    ['bob', 'bob locked', false, 'changed'],
    ['bob locked', 'bob', false, 'changed'],
    ['bob', 'bob console', false, 'changed'],
    ['bob', 'bob ours', false, 'changed'],
    ['bob disconnecting', 'bob', false, 'disconnect'],
    ['bob disconnecting', 'bob locked', false, 'gone'],
    ['bob disconnecting', 'bob disconnected', false, 'gone'],
    ['bob disconnecting', 'bob connecting', false, 'changed'],
    ['bob asked', 'bob', false, 'ask'],
    ['bob asked', 'bob', true, 'signOut'],
    ['bob asked', undefined, false, 'gone'],
    ['bob asked', 'bob locked', true, 'changed'],
    ['bob console asked', 'bob console', false, 'ask'],
  ])('%s, now %s, agreed %s: %s', (plan, now, hasAgreed, expected) => {
    const facts = now === undefined ? undefined : session(now, 'bob');
    expect(nextStep(clearingOf(plan), facts, hasAgreed)).toBe(expected);
  });
});

describe('how a session is left', () => {
  const reuse: SessionPlan = { kind: 'reuse', session: 's' };
  test.each<readonly [plan: SessionPlan, first: string | undefined, expected: string]>([
    [{ kind: 'use', session: 's' }, 'ann', 'stay'],
    [{ kind: 'create' }, undefined, 'signOut'],
    [{ kind: 'create', keep: true }, undefined, 'lock'],
    [reuse, 'ann locked ours', 'lock'],
    [reuse, 'ann disconnected ours', 'lock'],
    [reuse, 'ann locked', 'lock'],
    [reuse, 'ann disconnected', 'disconnect'],
  ])('%j of %s: %s', (plan, first, expected) => {
    expect(leavingOf(plan, first === undefined ? undefined : session(first))).toBe(expected);
  });
});

/** People who are signed in, and what they answer after so many milliseconds; absent: nothing. */
function people(answers: Readonly<Record<string, { after: number; agreed: boolean }>> = {}) {
  const clock = new FakeClock();
  const host = new FakeSessionHost({ clock, accounts: {}, start: () => Promise.reject(new Error('unused')) });
  const acts: SessionAct[] = [];
  const open = new Set<string>();
  const ask: Ask = ({ account }, _, signal) =>
    new Promise<LeaveAnswer>((resolve, reject) => {
      open.add(account);
      const answer = answers[account];
      signal.addEventListener('abort', () => {
        open.delete(account);
        reject(signal.reason);
      });
      if (answer)
        clock.after(answer.after, () => {
          open.delete(account);
          resolve({ agreed: answer.agreed, by: account });
        });
    });
  const options: ClearOptions = { host, clock, ask, answerMs: 60_000, audit: (act) => acts.push(act) };
  return {
    clock,
    host,
    acts,
    open,
    options,
    said: () => acts.map(({ act, account }) => `${act} ${account}`),
  };
}

describe('clearing the way', () => {
  it('does what the plan says, with a line for the audit, and nothing to anybody else', async () => {
    const { host, acts, options } = people();
    const [bob, eve, joe] = ['bob', 'eve', 'joe'].map((name) => host.signedIn(name));
    const outcome = await clearTheWay(
      [clearingOf('bob', bob?.id), clearingOf('eve disconnecting', eve?.id)],
      run,
      options,
      never,
    );
    expect(outcome).toEqual({ kind: 'cleared' });
    expect(host.acts).toEqual([`signOut ${bob?.id}`, `disconnect ${eve?.id}`]);
    expect((await host.list()).map(({ account, state }) => `${account} ${state}`)).toEqual([
      'eve disconnected',
      'joe active',
    ]);
    expect(joe?.account).toBe('joe');
    expect(acts).toEqual([
      {
        act: 'signedOut',
        session: bob?.id,
        account: 'bob',
        ...run,
        detail: 'was active; what was open in it is closed',
      },
      {
        act: 'disconnected',
        session: eve?.id,
        account: 'eve',
        ...run,
        detail: 'was active; what is open in it stays',
      },
    ]);
  });

  it('signs out who agrees', async () => {
    const { clock, host, options, said } = people({ bob: { after: 20_000, agreed: true } });
    const { id } = host.signedIn('bob');
    const outcome = clearTheWay([clearingOf('bob asked', id)], run, options, never);
    await clock.advance(19_000);
    expect(host.acts).toEqual([]);
    await clock.advance(1_000);
    expect(await outcome).toEqual({ kind: 'cleared' });
    expect(said()).toEqual(['asked bob', 'agreed bob', 'signedOut bob']);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['says no', { bob: { after: 5_000, agreed: false } }, 'declined bob'],
    ['says nothing within the time', {}, 'noAnswer bob'],
    ['agrees too late', { bob: { after: 60_001, agreed: true } }, 'noAnswer bob'],
  ])('leaves alone who %s', async (_, answers, expected) => {
    const { clock, host, options, open, said } = people(answers);
    const { id } = host.signedIn('bob');
    const outcome = clearTheWay([clearingOf('bob asked', id)], run, options, never);
    await clock.advance(60_000);
    expect(await outcome).toEqual({ kind: 'declined', sessions: [id] });
    await clock.advance(10_000);
    expect(said()).toEqual(['asked bob', expected]);
    expect(host.acts).toEqual([]);
    expect([...open]).toEqual([]);
  });

  it('hears no yes that comes after the time is over', async () => {
    const { clock, host, options } = people();
    const { id } = host.signedIn('bob');
    const late = (): Promise<LeaveAnswer> =>
      new Promise((resolve) => clock.after(61_000, () => resolve({ agreed: true, by: 'bob' })));
    const outcome = clearTheWay([clearingOf('bob asked', id)], run, { ...options, ask: late }, never);
    await clock.advance(62_000);
    expect(await outcome).toEqual({ kind: 'declined', sessions: [id] });
  });

  it('asks all before it touches any', async () => {
    const { clock, host, options, said } = people({
      bob: { after: 1_000, agreed: true },
      eve: { after: 1_000, agreed: false },
    });
    const [bob, eve] = ['bob', 'eve'].map((name) => host.signedIn(name).id);
    const plan = [clearingOf('bob asked', bob), clearingOf('eve asked', eve)];
    const outcome = clearTheWay(plan, run, options, never);
    await clock.advance(2_000);
    expect(await outcome).toEqual({ kind: 'declined', sessions: [eve] });
    expect(host.acts).toEqual([]);
    expect(said()).toEqual(['asked bob', 'agreed bob', 'asked eve', 'declined eve']);
  });

  it('takes it for an answer when they sign out by themselves', async () => {
    const { clock, host, options, said } = people();
    const { id } = host.signedIn('bob');
    const outcome = clearTheWay([clearingOf('bob asked', id)], run, options, never);
    await settle();
    await host.end(id, 'SessionHasLoggedOff');
    await clock.advance(60_000);
    expect(await outcome).toEqual({ kind: 'cleared' });
    expect(said()).toEqual(['asked bob', 'noAnswer bob']);
  });

  it('touches nothing that has changed, not even after a yes', async () => {
    const { clock, host, options } = people({ bob: { after: 1_000, agreed: true } });
    const bob = host.signedIn('bob').id;
    const eve = host.signedIn('eve', { state: 'disconnected' }).id;
    host.become(eve, 'active');
    expect(await clearTheWay([clearingOf('eve disconnected', eve)], run, options, never)).toEqual({
      kind: 'changed',
      session: eve,
    });
    const outcome = clearTheWay([clearingOf('bob asked', bob)], run, options, never);
    await settle();
    host.become(bob, 'locked');
    await clock.advance(1_000);
    expect(await outcome).toEqual({ kind: 'changed', session: bob });
    expect(host.acts).toEqual([]);
  });

  it('takes its question back when the run is canceled', async () => {
    const { clock, host, options, open } = people({ bob: { after: 2_000, agreed: true } });
    const { id } = host.signedIn('bob');
    const abort = new AbortController();
    const outcome = clearTheWay([clearingOf('bob asked', id)], run, options, abort.signal);
    outcome.catch(() => {});
    await settle();
    expect([...open]).toEqual(['bob']);
    abort.abort(new Error('canceled'));
    await expect(outcome).rejects.toThrow('canceled');
    expect([...open]).toEqual([]);
    await clock.advance(3_000);
    expect(host.acts).toEqual([]);
  });

  it('says in the audit what could not be done', async () => {
    const { host, options, acts } = people();
    const { id } = host.signedIn('bob');
    host.failures.set('signOut', Object.assign(new Error('no'), { code: 'EPERM' }));
    expect(await codeOf(clearTheWay([clearingOf('bob', id)], run, options, never))).toBe('EPERM');
    expect(acts).toMatchObject([{ act: 'failed', account: 'bob', detail: 'signOut: InternalError' }]);
  });
});

describe('a dialog', () => {
  const question = {
    title: 'T',
    message: 'M',
    agree: 'Sign out',
    refuse: 'Not now',
    seconds: 60,
  };
  const bob = session('bob');
  function shown(isThere: (path: string) => boolean) {
    const child = new FakeProcess();
    const started: string[][] = [];
    const ask = dialogIn(
      {
        launch: async (_, { program, args }) => {
          started.push([program, ...args]);
          return child as unknown as ChildProcess;
        },
      },
      linuxDialogs,
      isThere,
    );
    return { child, started, ask };
  }

  it.each([
    ['/usr/bin/zenity', 0, true],
    ['/usr/bin/zenity', 1, false],
    ['/usr/bin/zenity', 5, false],
    ['/usr/bin/xmessage', 11, true],
    ['/usr/bin/xmessage', 10, false],
    ['/usr/bin/xmessage', 1, false],
    ['/usr/bin/xmessage', 0, false],
  ])('%s that ends with %d: %s', async (program, code, agreed) => {
    const { child, started, ask } = shown((path) => path === program);
    const answer = ask(bob, question, never);
    await settle();
    child.end(code);
    expect(await answer).toEqual({ agreed, by: 'bob' });
    expect(started[0]?.[0]).toBe(program);
    expect(started[0]?.join(' ')).toContain('60');
  });

  it('that is killed is a no', async () => {
    const { child, ask } = shown(() => true);
    const answer = ask(bob, question, never);
    await settle();
    child.kill('SIGTERM');
    expect(await answer).toEqual({ agreed: false, by: 'bob' });
  });

  it('goes away with its question', async () => {
    const { child, ask } = shown(() => true);
    const abort = new AbortController();
    const answer = ask(bob, question, abort.signal);
    answer.catch(() => {});
    await settle();
    abort.abort(new Error('over'));
    await expect(answer).rejects.toThrow('over');
    expect(child.signalCode).toBe('SIGKILL');
  });

  it('cannot be shown without a program for it, or in a session that has gone', async () => {
    expect(await shown(() => false).ask(bob, question, never)).toBeUndefined();
    const gone = dialogIn({ launch: () => Promise.reject(new Error('gone')) }, linuxDialogs, () => true);
    expect(await gone(bob, question, never)).toBeUndefined();
  });
});
