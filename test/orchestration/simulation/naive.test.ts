// The rules of the bystander and those of the product, side by side over random machines: also for what no story tells of.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { look, type QueuedRun } from '../../../src/orchestration/rules.ts';
import type { MachineFacts, PlacementSettings } from '../../../src/protocol/fleet.ts';
import type { Run } from '../../../src/protocol/run.ts';
import type { SessionFacts } from '../../../src/protocol/sessions.ts';
import { fateIn, type SeenMachine, type SeenRun } from './naive.ts';

const leaseMs = 60_000;
const now = 1_000_000;
const people = ['ann', 'ben', 'cy'];
const personOf = (account: string) => account.replace(/^(\.|local)\\/, '').toLowerCase();
const someone = fc.constantFrom(...people, '.\\ANN');
const rarely = fc.integer({ min: 0, max: 9 }).map((luck) => luck === 0);

const someSettings: fc.Arbitrary<PlacementSettings> = fc.record({
  maintenance: rarely,
  reuseSessions: fc.boolean(),
  extendedPrioritization: fc.constant('off'),
  allocation: fc.constant('random'),
  sessionPolicy: fc.constantFrom('wait', 'ask', 'disconnect', 'signOut', 'signOutConsole'),
});
const someSession = fc.record({
  account: someone,
  state: fc.constantFrom('active', 'locked', 'disconnected', 'connecting'),
  kind: fc.constantFrom('console', 'remote'),
  ours: fc.boolean(),
  declined: fc.boolean(),
  since: fc.nat(3),
});
const someRun = fc.record({
  account: someone,
  mode: fc.constantFrom('attended', 'unattended'),
  elevated: rarely,
  /** Which of the sessions of its machine it has, or makes room with. */
  session: fc.option(fc.nat(3)),
  signsOut: fc.option(fc.nat(3)),
});
const someMachine = fc.record({
  edition: fc.constantFrom('client', 'server'),
  sessionLimit: fc.integer({ min: 1, max: 4 }),
  severalPerUser: rarely,
  slots: fc.integer({ min: 0, max: 3 }),
  heard: fc.constantFrom(0, 0, 0, leaseMs - 1, leaseMs, undefined),
  hidden: rarely,
  recording: fc.array(someone, { maxLength: 1 }),
  sessions: fc.array(someSession, { maxLength: 4 }),
  runs: fc.array(someRun, { maxLength: 2 }),
});
type Drawn<Source> = Source extends fc.Arbitrary<infer Value> ? Value : never;

const run = (id: string, { account, mode, elevated }: Drawn<typeof someRun>): SeenRun => ({
  run: { id, mode, ...(elevated && { elevated }) } as unknown as Run,
  account,
  person: personOf(account),
  fence: 1,
  report: 0,
  leaseUntil: undefined,
  told: false,
  makesRoom: undefined,
  givenBack: 0,
  begun: [],
  truly: undefined,
  ending: false,
});

/** One machine as either of them sees it. */
function both(spec: Drawn<typeof someMachine>, index: number, settings: PlacementSettings) {
  const id = `m${index}`;
  const sessions = spec.sessions.map((session, at): SessionFacts => ({ ...session, id: `s${at}` }));
  const facts: MachineFacts = {
    platform: '',
    agentVersion: '',
    edition: spec.edition,
    sessionLimit: spec.sessionLimit,
    severalPerUser: spec.severalPerUser,
    recording: spec.recording,
    ...(!spec.hidden && { sessions }),
  };
  const active = spec.runs.map((each, at) => {
    const seen = run(`${id} ${at}`, each);
    const session = each.session === null ? undefined : sessions[each.session]?.id;
    const signsOut = each.signsOut === null ? undefined : sessions[each.signsOut]?.id;
    return { ...seen, run: { ...seen.run, ...(session && { session }) }, makesRoom: signsOut };
  });
  const seen: SeenMachine = {
    id,
    name: id,
    queue: 'g',
    seenAt: spec.heard === undefined ? undefined : now - spec.heard,
    facts: spec.heard === undefined ? undefined : facts,
    factsText: '',
    slots: spec.slots,
    runs: new Map(active.map((each) => [each.run.id, each])),
  };
  const state = {
    id,
    name: id,
    online: spec.heard !== undefined && spec.heard < leaseMs,
    settings,
    unattendedSlots: spec.slots,
    ...(spec.heard !== undefined && { facts }),
    runs: active.map(({ run: { id: runId, mode, session }, account, makesRoom }) => ({
      id: runId,
      flow: 'F',
      account,
      mode,
      ...(session !== undefined && { session }),
      ...(makesRoom !== undefined && { signsOut: makesRoom }),
    })),
  };
  return { seen, state };
}

it('agree on what becomes of a run on any machines, and on which of them it may start', () => {
  const found = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.array(someMachine, { maxLength: 3 }),
      someSettings,
      someRun,
      (machines, settings, drawn) => {
        const pairs = machines.map((spec, index) => both(spec, index, settings));
        const candidate = run('r', drawn);
        const fate = fateIn(
          candidate,
          pairs.map(({ seen }) => seen),
          settings,
          { now, leaseMs, personOf },
        );
        found.set(fate.to, (found.get(fate.to) ?? 0) + 1);
        const outlook = look(
          { ...candidate.run, account: candidate.account, flow: 'F' } as unknown as QueuedRun,
          pairs.map(({ state }) => state),
        );
        const naive = {
          kind: ['start', 'clear'].includes(fate.to)
            ? 'start'
            : ['session', 'setup'].includes(fate.to)
              ? 'fail'
              : 'wait',
          places: ['start', 'clear'].includes(fate.to) ? fate.places.map(({ id }) => id) : [],
          isCleared: fate.to === 'clear',
          ofAccount: ['start', 'clear'].includes(fate.to) ? undefined : fate.ofAccount,
        };
        const places = outlook.kind === 'start' ? outlook.places : [];
        expect({
          kind: outlook.kind,
          places: places.map(({ machine }) => machine.id),
          isCleared: places.some(({ session }) => session.kind !== 'use' && session.clear !== undefined),
          ofAccount: outlook.kind === 'start' ? undefined : outlook.ofAccount,
        }).toEqual(naive);
      },
    ),
    { numRuns: 3_000 },
  );
  // Everything that can become of a run has been looked at.
  expect([...found.keys()].sort()).toEqual([
    'clear',
    'later',
    'machine',
    'ours',
    'session',
    'setup',
    'start',
  ]);
});
