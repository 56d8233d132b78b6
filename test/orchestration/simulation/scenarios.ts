// The fleets that stories are told about, each with its own trouble.
import type { MachineSpec } from './machine.ts';
import type { Scenario } from './story.ts';

const minute = 60_000;

function machine(id: string, changes: Partial<MachineSpec> = {}): MachineSpec {
  const isServer = changes.edition === 'server';
  return {
    id,
    edition: 'client',
    sessionLimit: isServer ? 4 : 1,
    severalPerUser: false,
    slots: isServer ? 3 : 1,
    people: [],
    ...changes,
  };
}

const trouble: Scenario['trouble'] = {
  loss: 0.02,
  duplicate: 0.02,
  delay: 0.05,
  slowStore: 0.05,
  diskFull: 0.002,
  cutAfterCommit: 0.002,
  crashAfterCommit: 0.0003,
  notice: 0.01,
  launch: 0.02,
  stubborn: 0.2,
  workerCrash: 0.05,
  hang: 0.02,
  neverStarts: 0.02,
  sessionEnds: 0.003,
  noView: 0.003,
  giveBack: 0.05,
};

const incidents: Scenario['incidents'] = {
  machineCrash: 6 * minute,
  agentCrash: 5 * minute,
  sleep: 10 * minute,
  partition: 5 * minute,
  skew: 10 * minute,
  storeClock: 60 * minute,
  controlCrash: 7 * minute,
  settings: 4 * minute,
  capacity: 6 * minute,
  membership: 3 * minute,
  peopleAct: minute,
};

const office: Scenario = {
  name: 'office',
  machines: [
    machine('m1', { people: ['ann'] }),
    machine('m2', { people: ['ben', 'cy'] }),
    machine('m3', { edition: 'server', people: ['ann', 'dee'] }),
    machine('m4', { edition: 'server', severalPerUser: true, people: ['eve'] }),
    machine('m5'),
    machine('m6'),
  ],
  groups: { g1: ['m3', 'm4'], g2: ['m5', 'm6'] },
  controls: 2,
  robots: ['bot1', 'bot2', 'bot3', 'bot4', 'bot5'],
  mixed: true,
  settings: { queueWaitMs: 15 * minute, queueLimit: 40, keepRuns: 2_000, requestsPerMinute: 5 },
  placement: {},
  requestMs: 8_000,
  questionMs: 32_000,
  runMs: 40_000,
  frameMs: 8_000,
  crowd: 0,
  trouble,
  incidents,
  steps: 20_000,
};

/** One user with thousands of runs, and others who must not starve behind them. */
const crowd: Scenario = {
  ...office,
  name: 'crowd',
  machines: [
    machine('m1', { edition: 'server', sessionLimit: 6, slots: 5 }),
    machine('m2', { edition: 'server', sessionLimit: 3, slots: 3 }),
    machine('m3', { edition: 'server', sessionLimit: 4, slots: 4 }),
  ],
  groups: { g1: ['m1', 'm2', 'm3'] },
  mixed: false,
  robots: ['bot1', 'bot2', 'bot3', 'bot4', 'bot5', 'bot6', 'bot7', 'bot8'],
  settings: { queueWaitMs: 30 * minute, queueLimit: 10_000, keepRuns: 3_000 },
  placement: { reuseSessions: true },
  requestMs: 6_000,
  questionMs: 24_000,
  runMs: 10_000,
  crowd: 2_000,
  steps: 20_000,
};

/** Many short runs, few machines, everything goes wrong much more often. */
const storm: Scenario = {
  ...office,
  name: 'storm',
  settings: { queueWaitMs: 3 * minute, queueLimit: 25, keepRuns: 1_000, leaseMs: 30_000, heartbeatMs: 8_000 },
  requestMs: 2_500,
  questionMs: 10_000,
  runMs: 8_000,
  frameMs: 3_000,
  trouble: {
    ...trouble,
    loss: 0.08,
    duplicate: 0.08,
    delay: 0.15,
    slowStore: 0.2,
    diskFull: 0.01,
    cutAfterCommit: 0.01,
    crashAfterCommit: 0.002,
    giveBack: 0.1,
  },
  incidents: Object.fromEntries(Object.entries(incidents).map(([kind, ms]) => [kind, ms / 2])),
};

/** More is requested than ever can run, by everybody: most of it waits far back and gives up there. */
const backlog: Scenario = {
  ...crowd,
  name: 'backlog',
  machines: [
    machine('m1', { edition: 'server', sessionLimit: 5, slots: 4 }),
    machine('m2', { edition: 'server', sessionLimit: 5, slots: 4 }),
  ],
  groups: { g1: ['m1', 'm2'] },
  controls: 1,
  settings: { queueWaitMs: 6 * minute, queueLimit: 2_000, keepRuns: 3_000 },
  requestMs: 700,
  questionMs: 10_000,
  runMs: 20_000,
  crowd: 500,
  incidents: { settings: minute / 6, agentCrash: 3 * minute, machineCrash: 6 * minute },
  steps: 10_000,
};

/** Little to do: whoever missed something is reminded of it by nobody. */
const quiet: Scenario = {
  ...office,
  name: 'quiet',
  machines: [machine('m1', { people: ['ann'] }), machine('m2', { edition: 'server' })],
  groups: {},
  requestMs: 2 * minute,
  questionMs: 5 * minute,
  runMs: 10_000,
  trouble: { ...trouble, cutAfterCommit: 0.05, notice: 0.1 },
  incidents: {
    machineCrash: 60 * minute,
    agentCrash: 30 * minute,
    partition: 10 * minute,
    controlCrash: 30 * minute,
  },
  steps: 10_000,
};

/** People who ask all the time why their runs wait, while orchestrators come and go. */
const curious: Scenario = {
  ...office,
  name: 'curious',
  machines: [machine('m1'), machine('m2'), machine('m3'), machine('m4')],
  groups: {},
  requestMs: 2_500,
  questionMs: 400,
  runMs: 7_000,
  incidents: { controlCrash: minute / 2, agentCrash: 2 * minute, peopleAct: minute },
  steps: 10_000,
};

/** A fleet of a thousand. */
const thousand: Scenario = {
  ...office,
  name: 'thousand',
  machines: Array.from({ length: 1_000 }, (_, index) => {
    const people = index % 10 === 3 ? [`person${index}`] : [];
    return machine(`m${String(index).padStart(4, '0')}`, {
      edition: index % 4 === 0 ? 'server' : 'client',
      people,
    });
  }),
  groups: Object.fromEntries(
    Array.from({ length: 60 }, (_, group) => [
      `g${group}`,
      Array.from({ length: 10 }, (_, index) => `m${String(group * 10 + index).padStart(4, '0')}`),
    ]),
  ),
  robots: Array.from({ length: 40 }, (_, index) => `bot${index}`),
  settings: {
    queueWaitMs: 4 * minute,
    queueLimit: 40,
    keepRuns: 20_000,
    sweepMs: 20_000,
    heartbeatMs: 20_000,
  },
  requestMs: 100,
  questionMs: 400,
  runMs: 30_000,
  frameMs: 15_000,
  incidents: {
    machineCrash: 3_000,
    agentCrash: 3_000,
    sleep: 5_000,
    partition: 3_000,
    skew: 5_000,
    controlCrash: 2 * minute,
    settings: 5_000,
    capacity: 5_000,
    membership: 5_000,
    peopleAct: 1_000,
  },
  steps: 90_000,
};

/** In the order in which stories are told. */
export const scenarios: readonly Scenario[] = [office, storm, crowd, quiet, curious, backlog, thousand];
