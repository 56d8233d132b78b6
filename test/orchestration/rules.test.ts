// Which run starts where, which waits, which fails: by the rows of the rules. A test is named by the row it shows.
import { describe, expect, test } from 'vitest';
import { type Decision, decide, type QueueState } from '../../src/orchestration/rules.ts';
import { machine, queue, waiting } from './fleet.ts';

const all = (state: QueueState): Set<string> => new Set(state.machines.map(({ id }) => id));
const first = () => 0;

function decided(
  state: QueueState,
  asking: Iterable<string> = all(state),
  chance: () => number = first,
  now = 0,
): string[] {
  return decide(state, new Set(asking), now, chance).map(told);
}

function told(decision: Decision): string {
  if (decision.kind === 'start') return `${decision.runId} on ${decision.machine}`;
  return decision.kind === 'expire'
    ? `${decision.runId} expires`
    : `${decision.runId} fails: ${decision.blocker.code}`;
}

const server = (name: string, spec = {}) => machine(name, { edition: 'server', ...spec });

describe('order', () => {
  test('Q-1: over the accounts of all users', () => {
    expect(
      decided(
        queue([machine('PC')], [waiting('late', { account: 'ann' }), waiting('later', { account: 'bob' })]),
      ),
    ).toEqual(['late on PC']);
  });
  test('Q-2: the latest move to the top, then priority, then request time', () => {
    const runs = [
      waiting('d'),
      waiting('c', { priority: 'high' }),
      waiting('b', { movedToTopAt: 5 }),
      waiting('a', { movedToTopAt: 6 }),
    ].map((run, index) => ({ ...run, account: `u${index}` }));
    expect(decided(queue([server('S')], runs))).toEqual(['a on S', 'b on S', 'c on S', 'd on S']);
  });
  test('Q-7: undone, priority and request time count again', () => {
    const moved = waiting('first', { account: 'u1' });
    expect(
      decided(queue([machine('PC')], [moved, waiting('high', { account: 'u2', priority: 'high' })])),
    ).toEqual(['high on PC']);
  });
  test('Q-9: a run past its time expires and does not start', () => {
    expect(
      decided(queue([machine('PC')], [waiting('a', { expiresAt: 100 }), waiting('b')]), ['PC'], first, 100),
    ).toEqual(['a expires', 'b on PC']);
  });
});

describe('a machine of its own', () => {
  test('CCY-1: one at a time on a client edition', () => {
    expect(
      decided(queue([machine('PC')], [waiting('a', { account: 'u1' }), waiting('b', { account: 'u2' })])),
    ).toEqual(['a on PC']);
  });
  test('CCY-2: on Server as many as its slots', () => {
    const runs = ['a', 'b', 'c'].map((id) => waiting(id, { account: id }));
    expect(decided(queue([server('S', { slots: 2 })], runs))).toEqual(['a on S', 'b on S']);
  });
  test('CCY-3: never two of one account', () => {
    expect(decided(queue([server('S')], [waiting('a'), waiting('b')]))).toEqual(['a on S']);
  });
  test('Q-10: offline, everything waits', () => {
    expect(
      decided(queue([machine('PC', { online: false })], [waiting('a'), waiting('b', { account: 'bob' })])),
    ).toEqual([]);
  });
  test('MNT-2: in maintenance, everything waits', () => {
    expect(decided(queue([machine('PC', { settings: { maintenance: true } })], [waiting('a')]))).toEqual([]);
  });
  test('Q-13: a session of a person in the way fails the run at once', () => {
    expect(decided(queue([machine('PC', { sessions: ['bob'] })], [waiting('a')]))).toEqual([
      'a fails: Win10AlreadyHasActiveSession',
    ]);
  });
  test('Q-12: so does a missing one for an attended run, and the next one goes', () => {
    const state = queue(
      [machine('PC', { sessions: ['bob'] })],
      [waiting('a', { mode: 'attended' }), waiting('b', { mode: 'attended', account: 'bob' })],
    );
    expect(decided(state)).toEqual(['a fails: AttendedUserNotLoggedIn', 'b on PC']);
  });
  test('Q-21: a slot that our own runs hold means waiting', () => {
    expect(decided(queue([machine('PC', { runs: ['bot unattended'] })], [waiting('a')]))).toEqual([]);
  });
  test('MODE-10: what never will do fails', () => {
    expect(decided(queue([machine('PC')], [waiting('a', { elevated: true }), waiting('b')]))).toEqual([
      'a fails: UnattendedElevated',
      'b on PC',
    ]);
  });
});

describe('who may go first', () => {
  const off = { settings: { extendedPrioritization: 'off' } } as const;
  test('Q-11: without extended prioritization nobody looks past the first', () => {
    const state = queue(
      [server('S', { ...off, runs: ['ann unattended'] })],
      [waiting('a'), waiting('b', { account: 'bob' })],
    );
    expect(decided(state)).toEqual([]);
  });
  test('Q-14: with it, the next one of another account goes', () => {
    const state = queue(
      [server('S', { runs: ['ann unattended'] })],
      [waiting('a'), waiting('a2'), waiting('b', { account: 'bob' })],
    );
    expect(decided(state)).toEqual(['b on S']);
  });
  test('Q-14: a session of a person no longer fails the run: it is passed over', () => {
    const state = queue(
      [server('S', { sessions: ['ann'] })],
      [waiting('a'), waiting('b', { account: 'bob' })],
    );
    expect(decided(state)).toEqual(['b on S']);
  });
  test('Q-14: only for reasons of sessions, not where slots are full', () => {
    const state = queue(
      [server('S', { slots: 1, sessions: ['bob'], runs: ['bot unattended'] })],
      [waiting('a'), waiting('b', { mode: 'attended', account: 'bob' })],
    );
    expect(decided(state)).toEqual([]);
  });
  test('Q-14: by itself only where a machine carries several sessions', () => {
    const state = queue([machine('PC', { sessions: ['bob'] })], [waiting('a')]);
    expect(decided(state)).toEqual(['a fails: Win10AlreadyHasActiveSession']);
    const on = queue(
      [machine('PC', { sessions: ['bob'], settings: { extendedPrioritization: 'on' } })],
      [waiting('a'), waiting('b', { mode: 'attended', account: 'bob' })],
    );
    expect(decided(on)).toEqual(['b on PC']);
  });
});

describe('a machine group', () => {
  const runs = (count: number) =>
    Array.from({ length: count }, (_, index) => waiting(`r${index}`, { account: `u${index}` }));
  test('GRP-3: random among the eligible machines', () => {
    const state = queue([machine('A'), machine('B'), machine('C')], runs(1));
    expect(decided(state, all(state), () => 0.5)).toEqual(['r0 on B']);
    expect(decided(state, all(state), () => 0.99)).toEqual(['r0 on C']);
  });
  test('GRP-3: or the one with the fewest runs', () => {
    const settings = { allocation: 'leastLoaded' } as const;
    const state = queue(
      [server('A', { settings, runs: ['x unattended'] }), server('B', { settings })],
      runs(3),
    );
    expect(decided(state)).toEqual(['r0 on B', 'r1 on A', 'r2 on B']);
  });
  test('GRP-3: an empty group', () => {
    expect(decided({ id: 'g', name: 'g', kind: 'group', machines: [], queued: runs(1) })).toEqual([
      'r0 fails: GroupIsEmpty',
    ]);
  });
  test('MNT-2: a member in maintenance is passed over', () => {
    expect(
      decided(queue([machine('A', { settings: { maintenance: true } }), machine('B')], runs(1))),
    ).toEqual(['r0 on B']);
  });
  test('GRP-2: an offline member costs nothing', () => {
    expect(decided(queue([machine('A', { online: false }), machine('B')], runs(1)))).toEqual(['r0 on B']);
  });
  test('Q-12: sessions in the way on one, the other offline: it waits', () => {
    expect(
      decided(queue([machine('A', { sessions: ['bob'] }), machine('B', { online: false })], runs(1))),
    ).toEqual([]);
  });
  test('Q-13: sessions in the way on all: it fails', () => {
    expect(
      decided(queue([machine('A', { sessions: ['bob'] }), machine('B', { sessions: ['eve'] })], runs(1))),
    ).toEqual(['r0 fails: Win10AlreadyHasActiveSession']);
  });
  test('Q-4: a machine that does not ask leaves the next to run where it is', () => {
    const state = queue([machine('A', { sessions: ['bob'] }), machine('B')], runs(2));
    expect(decided(state, ['A'])).toEqual([]);
    expect(decided(state, ['B'])).toEqual(['r0 on B']);
  });
});

describe('the session policy of a machine', () => {
  const away = { sessions: ['bob locked'], settings: { sessionPolicy: 'ask' as const } };
  test('Q-13: a run that it can make room for starts, and does not fail', () => {
    const pc = machine('PC', { sessions: ['bob'], settings: { sessionPolicy: 'signOut' } });
    expect(decide(queue([pc], [waiting('a')]), new Set(['PC']), 0, first)).toEqual([
      {
        kind: 'start',
        runId: 'a',
        machine: 'PC',
        session: {
          kind: 'create',
          clear: [{ session: 'bob', state: 'active', sort: 'remote', act: 'signOut', ask: false }],
        },
      },
    ]);
  });
  test('Q-13: one that it may make room for later waits, and what is behind it waits for it (Q-11)', () => {
    const queued = [waiting('a'), waiting('b', { account: 'bob', mode: 'attended' })];
    expect(decided(queue([machine('PC', away)], queued))).toEqual([]);
    expect(decided(queue([machine('PC', { sessions: ['bob locked'] })], queued))).toEqual([
      'a fails: Win10AlreadyHasActiveSession',
      'b fails: AttendedUserSessionNotActive',
    ]);
  });
  test('Q-14: with extended prioritization the next one goes first', () => {
    const spec = { sessions: ['ann locked'], settings: { sessionPolicy: 'ask' as const } };
    expect(decided(queue([server('S', spec)], [waiting('a'), waiting('b', { account: 'bob' })]))).toEqual([
      'b on S',
    ]);
  });
  test('GRP-3: nobody has to go on one machine while another is free', () => {
    const busy = machine('A', { sessions: ['bob'], settings: { sessionPolicy: 'signOut' } });
    expect(decided(queue([busy, machine('B')], [waiting('a')]))).toEqual(['a on B']);
    expect(decided(queue([busy, machine('B', { sessions: ['eve'] })], [waiting('a')]))).toEqual(['a on A']);
  });
  test('GRP-3: one machine that may make room is enough to wait for', () => {
    const machines = [machine('A', { sessions: ['eve'] }), machine('B', away)];
    expect(decided(queue(machines, [waiting('a')]))).toEqual([]);
  });
});
