// What somebody is told who asks why a run has not started: one test per documented blocker, and the forecast.
import { describe, expect, test } from 'vitest';
import { decide, type QueuedRun } from '../../src/orchestration/rules.ts';
import { verdictOn } from '../../src/orchestration/verdict.ts';
import type { Verdict } from '../../src/protocol/fleet.ts';
import { type MachineSpec, machine, queue, waiting } from './fleet.ts';

const minute = 60_000;
const takes = (ms: number) => () => ms;
const never = () => undefined;

function on(spec: MachineSpec, run: Partial<QueuedRun> = {}, before: readonly QueuedRun[] = []): Verdict {
  const asked = waiting('asked', { requestedAt: 1_000_000, ...run });
  return verdictOn(asked, queue([machine('PC', spec)], [...before, asked]), 0, never);
}

/** `waits: code` with the place, or what else. */
function told(verdict: Verdict): string {
  if (verdict.kind === 'starts') return `starts on ${verdict.machines.join()} (${verdict.session.kind})`;
  if (verdict.kind === 'fails') return `fails: ${verdict.blocker.code}`;
  return `waits as number ${verdict.position}: ${verdict.blocker.code}`;
}

describe('the one fact that blocks', () => {
  const attended = { mode: 'attended' } as const;
  test.each<readonly [what: string, spec: MachineSpec, run: Partial<QueuedRun>, expected: string]>([
    ['nothing', {}, {}, 'starts on PC (create)'],
    [
      'nothing, in a session that is kept',
      { sessions: ['ann locked'], settings: { reuseSessions: true } },
      {},
      'starts on PC (reuse)',
    ],
    [
      'a person who is in the way and will be asked',
      { sessions: ['bob'], settings: { sessionPolicy: 'ask' } },
      {},
      'starts on PC (create)',
    ],
    [
      'a person who is in the way and cannot be asked now',
      { sessions: ['bob locked'], settings: { sessionPolicy: 'ask' } },
      {},
      'waits as number 1: Win10AlreadyHasActiveSession',
    ],
    ['the machine is offline', { online: false }, {}, 'waits as number 1: NoListenerConnected'],
    ['maintenance', { settings: { maintenance: true } }, {}, 'waits as number 1: MachineInMaintenance'],
    [
      'a run of ours on a client edition',
      { runs: ['bob unattended'] },
      {},
      'waits as number 1: UIFlowAlreadyRunning',
    ],
    [
      'a run of the same account',
      { edition: 'server', runs: ['ann unattended'] },
      {},
      'waits as number 1: UIFlowAlreadyRunning',
    ],
    [
      'all slots taken',
      { edition: 'server', slots: 1, runs: ['bob unattended'] },
      {},
      'waits as number 1: UIFlowAlreadyRunning',
    ],
    [
      'somebody records',
      { edition: 'server', recording: ['ann'] },
      {},
      'waits as number 1: LocalPlaybackOrRecordingOngoing',
    ],
    [
      'a session of a person on a client edition',
      { sessions: ['bob'] },
      {},
      'fails: Win10AlreadyHasActiveSession',
    ],
    [
      'the account is signed in on Server',
      { edition: 'server', sessions: ['ann'] },
      {},
      'waits as number 1: SessionExistsForTheUserWhenUnattended',
    ],
    [
      '… and its session is locked',
      { edition: 'server', sessions: ['ann locked'] },
      {},
      'waits as number 1: UnattendedUserSessionLocked',
    ],
    [
      '… or disconnected',
      { edition: 'server', sessions: ['ann disconnected'] },
      {},
      'waits as number 1: UnattendedUserSessionDisconnected',
    ],
    [
      'all sessions taken by people',
      { edition: 'server', sessionLimit: 2, sessions: ['bob', 'eve'] },
      {},
      'waits as number 1: TooManyActiveSessions',
    ],
    ['the user is not signed in', {}, attended, 'fails: AttendedUserNotLoggedIn'],
    [
      'the user locked the session',
      { sessions: ['ann locked'] },
      attended,
      'fails: AttendedUserSessionNotActive',
    ],
    ['unattended as administrator', {}, { elevated: true }, 'fails: UnattendedElevated'],
    ['no capacity', { slots: 0 }, {}, 'fails: UnattendedNoAddon'],
    ['sessions that cannot be seen', { sessions: 'hidden' }, {}, 'fails: UIFlowServiceNoRdpPermissions'],
  ])('%s', (_, spec, run, expected) => expect(told(on(spec, run))).toBe(expected));

  test('others are before it', () => {
    const before = [waiting('one', { account: 'bob' }), waiting('two', { account: 'eve' })];
    const verdict = on({}, {}, before);
    expect(told(verdict)).toBe('waits as number 3: BehindInQueue');
    expect(verdict).toMatchObject({ blocker: { run: 'one', message: expect.stringContaining('2 runs') } });
  });

  test('what is behind it does not matter', () => {
    expect(told(on({}, {}, [waiting('later', { requestedAt: 2_000_000 })]))).toBe('starts on PC (create)');
  });

  test('an empty group', () => {
    const run = waiting('asked');
    const state = { id: 'g', name: 'g', kind: 'group', machines: [], queued: [run] } as const;
    expect(told(verdictOn(run, state, 0, never))).toBe('fails: GroupIsEmpty');
  });

  test('each blocker names who can remove it and how', () => {
    const verdict = on({ online: false });
    expect(verdict).toMatchObject({
      blocker: { who: 'somebody at PC', nextStep: expect.stringContaining('Switch') },
    });
  });
});

describe('when it will start', () => {
  const asked = waiting('asked', { requestedAt: 1_000_000 });
  const forecast = (
    spec: MachineSpec,
    before: readonly QueuedRun[],
    expected: (flow: string) => number | undefined,
    now = 0,
  ) => {
    const verdict = verdictOn(asked, queue([machine('PC', spec)], [...before, asked]), now, expected);
    return verdict.kind === 'waits' ? verdict.forecast?.inMs : verdict.kind;
  };

  test('after what runs, less what it has run', () => {
    expect(forecast({ runs: ['bob unattended'] }, [], takes(10 * minute), 4 * minute)).toBe(6 * minute);
  });
  test('after what runs and what waits', () => {
    expect(
      forecast({ runs: ['bob unattended'] }, [waiting('x', { account: 'eve' })], takes(10 * minute)),
    ).toBe(20 * minute);
  });
  test('sooner on several slots', () => {
    const before = [waiting('x', { account: 'eve' })];
    expect(
      forecast(
        { edition: 'server', slots: 2, runs: ['b unattended', 'c unattended'] },
        before,
        takes(10 * minute),
      ),
    ).toBe(10 * minute);
  });
  test('at once where what runs has taken longer than ever', () => {
    expect(forecast({ runs: ['bob unattended'] }, [], takes(minute), 4 * minute)).toBe(0);
  });

  test('a free slot is of no use while the account is taken', () => {
    const server = { edition: 'server', slots: 5, runs: ['ann unattended'] } as const;
    expect(forecast(server, [], takes(10 * minute), 4 * minute)).toBe(6 * minute);
    const before = [waiting('x'), waiting('y', { account: 'eve' })];
    expect(forecast(server, before, takes(10 * minute), 4 * minute)).toBe(16 * minute);
  });
  test('nothing is said about a flow that never ran, nor of a machine that is offline', () => {
    expect(forecast({ runs: ['bob unattended'] }, [], never)).toBeUndefined();
    expect(forecast({ online: false, runs: ['bob unattended'] }, [], takes(minute))).toBeUndefined();
  });
});

test('what the verdict says is what the rules then do', () => {
  const specs: MachineSpec[] = [];
  for (const edition of ['client', 'server'] as const)
    for (const sessions of [[], ['ann'], ['ann locked'], ['bob'], ['ann locked ours'], ['bob', 'eve']])
      for (const reuseSessions of [false, true])
        for (const runs of [[], ['bob unattended'], ['ann unattended']])
          for (const extendedPrioritization of ['auto', 'off', 'on'] as const)
            specs.push({
              edition,
              sessions,
              sessionLimit: 2,
              runs,
              settings: { reuseSessions, extendedPrioritization },
            });
  for (const spec of specs)
    for (const mode of ['attended', 'unattended'] as const) {
      const asked = waiting('asked', { mode });
      const state = queue([machine('PC', spec)], [asked]);
      const decision = decide(state, new Set(['PC']), 0, () => 0)[0]?.kind ?? 'waits';
      const said = verdictOn(asked, state, 0, never).kind;
      expect({ spec, said }).toEqual({
        spec,
        said: { start: 'starts', fail: 'fails', expire: 'expires', waits: 'waits' }[decision],
      });
    }
});
