// Where a run may start, by the rows of the rules. A test is named by the row it shows.
import { describe, expect, test } from 'vitest';
import { type Candidate, place } from '../../src/orchestration/placement.ts';
import type { PlacementSettings } from '../../src/protocol/fleet.ts';
import { type MachineSpec, machine } from './fleet.ts';

const attended: Candidate = { account: 'ann', mode: 'attended' };
const unattended: Candidate = { account: 'ann', mode: 'unattended' };

/** `use ann`, `create`, `create without bot locked ours`, or `session Win10AlreadyHasActiveSession`. */
function placed(run: Candidate, spec: MachineSpec): string {
  const result = place(run, machine('PC', spec));
  if (result.kind === 'blocked')
    return `${result.blocker.cause} ${result.blocker.code}${result.removable ? ', later' : ''}`;
  const { session } = result;
  if (session.kind === 'use') return `use ${session.session}`;
  const cleared = (session.clear ?? []).map(
    ({ session: id, act, ask }) => `; ${ask ? 'ask ' : ''}${act} ${id}`,
  );
  if (session.kind === 'reuse') return `reuse ${session.session}${cleared.join('')}`;
  const first = session.signOutFirst === undefined ? '' : ` without ${session.signOutFirst}`;
  return `create${first}${session.keep ? ' and keep' : ''}${cleared.join('')}`;
}

type Row = readonly [rule: string, run: Candidate, spec: MachineSpec, expected: string];

describe('attended', () => {
  test.each<Row>([
    ['MODE-1: it uses the session of its user', attended, { sessions: ['ann'] }, 'use ann'],
    [
      'MODE-6: a locked session will not do',
      attended,
      { sessions: ['ann locked'] },
      'session AttendedUserSessionNotActive',
    ],
    [
      'MODE-6: nor a disconnected one',
      attended,
      { sessions: ['ann disconnected'] },
      'session AttendedUserSessionNotActive',
    ],
    ['MODE-6: nor that of somebody else', attended, { sessions: ['bob'] }, 'session AttendedUserNotLoggedIn'],
    ['MODE-6: without any session', attended, {}, 'session AttendedUserNotLoggedIn'],
    [
      'Q-12: an active one beside a disconnected one',
      attended,
      { edition: 'server', sessions: ['ann disconnected', 'ann'] },
      'use ann',
    ],
    [
      'MODE-4: sessions of others do not matter on Server',
      attended,
      { edition: 'server', sessions: ['bob', 'ann'] },
      'use ann',
    ],
    [
      'MODE-10: it may run as administrator',
      { ...attended, elevated: true },
      { sessions: ['ann'] },
      'use ann',
    ],
    [
      'CON-3: the account may be written in another form',
      { ...attended, account: '.\\Ann' },
      { sessions: ['ann'] },
      'use ann',
    ],
    ['CCY-5: it needs no unattended capacity', attended, { sessions: ['ann'], slots: 0 }, 'use ann'],
  ])('%s', (_, run, spec, expected) => expect(placed(run, spec)).toBe(expected));
});

test('MODE-1: unattended, where the agent makes no sessions, names what to start it with', () => {
  const here = machine('PC', { sessions: ['bob'] });
  const result = place(unattended, {
    ...here,
    ...(here.facts && { facts: { ...here.facts, makesSessions: false } }),
  });
  if (result.kind !== 'blocked') throw new Error('it would start');
  expect(result.blocker).toMatchObject({
    code: 'Win10AlreadyHasActiveSession',
    message: 'The agent of PC makes no sessions, and an unattended run needs one of its own.',
    nextStep: expect.stringContaining('dflow agent start --sessions client'),
  });
});

describe('unattended on a client edition', () => {
  test.each<Row>([
    ['MODE-1: it signs in by itself', unattended, {}, 'create'],
    [
      'MODE-2: a locked session of its user blocks',
      unattended,
      { sessions: ['ann locked'] },
      'session Win10AlreadyHasActiveSession',
    ],
    [
      'MODE-3: an active session of its user blocks',
      unattended,
      { sessions: ['ann'] },
      'session Win10AlreadyHasActiveSession',
    ],
    [
      'MODE-3: so does one of anybody else, in any state',
      unattended,
      { sessions: ['bob disconnected'] },
      'session Win10AlreadyHasActiveSession',
    ],
    [
      'SES-4: a locked session of its user is used again',
      unattended,
      { sessions: ['ann locked'], settings: { reuseSessions: true } },
      'reuse ann locked',
    ],
    [
      'SES-7: a disconnected one, too',
      unattended,
      { sessions: ['ann disconnected'], settings: { reuseSessions: true } },
      'reuse ann disconnected',
    ],
    [
      'SES-7: not one that somebody works in',
      unattended,
      { sessions: ['ann'], settings: { reuseSessions: true } },
      'session Win10AlreadyHasActiveSession',
    ],
    [
      'SES-5: none where a user may have several',
      unattended,
      { sessions: ['ann locked'], severalPerUser: true, settings: { reuseSessions: true } },
      'session Win10AlreadyHasActiveSession',
    ],
    [
      'SES-4: one that was kept for another account makes room',
      unattended,
      { sessions: ['bot locked ours'], settings: { reuseSessions: true } },
      'create without bot locked ours and keep',
    ],
    [
      'MODE-3: a kept one does not outweigh a person',
      unattended,
      { sessions: ['ann locked ours', 'bob'], settings: { reuseSessions: true } },
      'session Win10AlreadyHasActiveSession',
    ],
    [
      'Q-21: a session of ours that is being left passes',
      unattended,
      { sessions: ['bot active ours'] },
      'ours UIFlowAlreadyRunning',
    ],
  ])('%s', (_, run, spec, expected) => expect(placed(run, spec)).toBe(expected));
});

describe('unattended on Windows Server', () => {
  const server = (spec: MachineSpec): MachineSpec => ({ edition: 'server', ...spec });
  test.each<Row>([
    [
      'MODE-4: other users may be signed in',
      unattended,
      server({ sessions: ['bob', 'eve locked'] }),
      'create',
    ],
    [
      'MODE-4: its own user may not: active',
      unattended,
      server({ sessions: ['ann'] }),
      'session SessionExistsForTheUserWhenUnattended',
    ],
    [
      'MODE-4: locked',
      unattended,
      server({ sessions: ['ann locked'] }),
      'session UnattendedUserSessionLocked',
    ],
    [
      'MODE-4: disconnected',
      unattended,
      server({ sessions: ['ann disconnected'] }),
      'session UnattendedUserSessionDisconnected',
    ],
    [
      'MODE-5: all sessions are taken by people',
      unattended,
      server({ sessions: ['bob', 'eve'], sessionLimit: 2 }),
      'session TooManyActiveSessions',
    ],
    [
      'Q-21: some of them by us',
      unattended,
      server({ sessions: ['bob', 'bot ours'], sessionLimit: 2, runs: ['bot unattended@bot ours'] }),
      'ours UIFlowAlreadyRunning',
    ],
    [
      'SES-4: a kept one makes room',
      unattended,
      server({ sessions: ['bob', 'bot locked ours'], sessionLimit: 2 }),
      'create without bot locked ours',
    ],
    [
      'SES-4: its own kept one is used again',
      unattended,
      server({ sessions: ['bob', 'ann locked ours'], settings: { reuseSessions: true } }),
      'reuse ann locked ours',
    ],
    [
      'CCY-2: sessions on their way count',
      unattended,
      server({ sessions: ['bob'], sessionLimit: 2, runs: ['bot unattended'] }),
      'ours UIFlowAlreadyRunning',
    ],
    [
      'CCY-5: as many as were allocated',
      unattended,
      server({ slots: 1, runs: ['bot unattended'] }),
      'ours UIFlowAlreadyRunning',
    ],
    [
      'CCY-5: ten at most, whatever was allocated',
      unattended,
      server({ slots: 50, sessionLimit: 50, runs: [...'abcdefghij'].map((name) => `${name} unattended`) }),
      'ours UIFlowAlreadyRunning',
    ],
    [
      'CCY-5: attended runs take none',
      unattended,
      server({ slots: 1, sessions: ['bob'], runs: ['bob@bob'] }),
      'create',
    ],
  ])('%s', (_, run, spec, expected) => expect(placed(run, spec)).toBe(expected));
});

describe('the session policy', () => {
  const server = (spec: MachineSpec): MachineSpec => ({ edition: 'server', ...spec });
  const policy = (sessionPolicy: PlacementSettings['sessionPolicy'], more = {}): MachineSpec => ({
    settings: { sessionPolicy, ...more },
  });
  test.each<Row>([
    [
      'MODE-3: wait changes nothing',
      unattended,
      { sessions: ['bob'], ...policy('wait') },
      'session Win10AlreadyHasActiveSession',
    ],
    [
      'MODE-3: everybody on a client edition has to go',
      unattended,
      { sessions: ['bob', 'eve locked'], ...policy('signOut') },
      'create; signOut bob; signOut eve locked',
    ],
    [
      'MODE-3: one who is not there cannot be asked, and then nobody is',
      unattended,
      { sessions: ['bob', 'eve locked'], ...policy('ask') },
      'session Win10AlreadyHasActiveSession, later',
    ],
    [
      'MODE-3: to disconnect is not enough on a client edition',
      unattended,
      { sessions: ['bob'], ...policy('disconnect') },
      'session Win10AlreadyHasActiveSession',
    ],
    [
      'SES-4: but it is for the own session where sessions are reused',
      unattended,
      { sessions: ['ann'], ...policy('disconnect', { reuseSessions: true }) },
      'reuse ann; disconnect ann',
    ],
    [
      'SES-5: not where a user may have several',
      unattended,
      { sessions: ['ann'], severalPerUser: true, ...policy('disconnect', { reuseSessions: true }) },
      'session Win10AlreadyHasActiveSession',
    ],
    [
      'SES-4: a kept session is used again once the people are gone',
      unattended,
      { sessions: ['ann locked ours', 'bob'], ...policy('signOut', { reuseSessions: true }) },
      'reuse ann locked ours; signOut bob',
    ],
    [
      'Q-21: not while a session of ours is in use',
      unattended,
      { sessions: ['bob', 'bot active ours'], ...policy('signOut') },
      'session Win10AlreadyHasActiveSession',
    ],
    [
      'MODE-4: the own session on Server',
      unattended,
      server({ sessions: ['ann disconnected', 'bob'], ...policy('signOut') }),
      'create; signOut ann disconnected',
    ],
    [
      'MODE-4: its person is asked',
      unattended,
      server({ sessions: ['ann'], ...policy('ask') }),
      'create; ask signOut ann',
    ],
    [
      'MODE-4: and asked for less where sessions are reused',
      unattended,
      server({ sessions: ['ann'], ...policy('ask', { reuseSessions: true }) }),
      'reuse ann; ask disconnect ann',
    ],
    [
      'MODE-5: of many the one whose person loses least',
      unattended,
      server({ sessions: ['bob', 'eve disconnected', 'joe locked'], sessionLimit: 3, ...policy('signOut') }),
      'create; signOut eve disconnected',
    ],
    [
      'MODE-5: one who can be asked, not one who is away',
      unattended,
      server({ sessions: ['bob', 'eve disconnected'], sessionLimit: 2, ...policy('ask') }),
      'create; ask signOut bob',
    ],
    [
      'Q-21: nobody is signed out where a run of ours will end',
      unattended,
      server({
        sessions: ['bob', 'bot ours'],
        sessionLimit: 2,
        runs: ['bot unattended@bot ours'],
        ...policy('signOut'),
      }),
      'ours UIFlowAlreadyRunning',
    ],
    [
      'MODE-6: it is nothing for attended runs',
      attended,
      { sessions: ['bob'], ...policy('signOut') },
      'session AttendedUserNotLoggedIn',
    ],
    [
      'SES-4: a new session is kept where sessions are reused',
      unattended,
      policy('wait', { reuseSessions: true }),
      'create and keep',
    ],
  ])('%s', (_, run, spec, expected) => expect(placed(run, spec)).toBe(expected));

  test('SES-13: who has not agreed is told of, and left alone for a while', () => {
    const state = machine('PC', { sessions: ['bob'], ...policy('ask') });
    const facts = state.facts as NonNullable<typeof state.facts>;
    const sessions = facts.sessions?.map((each) => ({ ...each, declined: true })) ?? [];
    expect(place(unattended, { ...state, facts: { ...facts, sessions } })).toMatchObject({
      removable: true,
      blocker: { nextStep: expect.stringContaining('bob was asked to leave and has not agreed') },
    });
  });
});

describe('any run', () => {
  test.each<Row>([
    [
      'CCY-3: one run per account and machine',
      attended,
      { edition: 'server', sessions: ['ann'], runs: ['ann@ann'] },
      'ours UIFlowAlreadyRunning',
    ],
    [
      'CCY-3: whatever form the account is written in',
      { ...unattended, account: 'PC\\ann' },
      { edition: 'server', runs: ['ANN unattended'] },
      'ours UIFlowAlreadyRunning',
    ],
    [
      'CCY-3: also with the name of a computer that is named otherwise here',
      { ...unattended, account: 'HOST\\ann' },
      { edition: 'server', host: 'host', runs: ['ANN unattended'] },
      'ours UIFlowAlreadyRunning',
    ],
    [
      'CCY-3: a recording counts',
      attended,
      { sessions: ['ann'], recording: ['ann'] },
      'ours LocalPlaybackOrRecordingOngoing',
    ],
    [
      'CCY-1: one run at a time on a client edition',
      attended,
      { sessions: ['ann'], runs: ['bot unattended'] },
      'ours UIFlowAlreadyRunning',
    ],
    [
      'MODE-10: unattended never as administrator',
      { ...unattended, elevated: true },
      {},
      'setup UnattendedElevated',
    ],
    ['LIC-1: unattended needs capacity', unattended, { slots: 0 }, 'setup UnattendedNoAddon'],
    ['Q-10: offline', unattended, { online: false }, 'machine NoListenerConnected'],
    ['Q-10: never seen', unattended, { never: true }, 'machine NoListenerConnected'],
    [
      'MNT-1: in maintenance',
      attended,
      { sessions: ['ann'], settings: { maintenance: true } },
      'machine MachineInMaintenance',
    ],
    [
      'SES-3: sessions that the agent may not see',
      attended,
      { sessions: 'hidden' },
      'setup UIFlowServiceNoRdpPermissions',
    ],
  ])('%s', (_, run, spec, expected) => expect(placed(run, spec)).toBe(expected));

  test('CCY-1: on a client edition the same run is not told twice why', () => {
    const result = place(attended, machine('PC', { sessions: ['ann'], runs: ['bob unattended'] }));
    expect(result).toMatchObject({ blocker: { run: 'run of bob', machine: 'PC' }, ofAccount: false });
  });
});
