// What can be set about run queues, with the values of the product's documentation. Where its versions disagree, an era names the choice.
import type { Era, PlacementSettings } from '../protocol/fleet.ts';

const minute = 60_000;
const hour = 60 * minute;

export interface QueueSettings {
  /** Most runs that may wait in one queue (rules Q-18, C2). */
  readonly queueLimit: number;
  /** How long a run may wait, from its request, also while its machine is offline (rules Q-9, C1, C5). */
  readonly queueWaitMs: number;
  /** `requested`: by request time alone, there is no priority and nothing is moved (rule Q-3). `priority`: as rule Q-2 says. */
  readonly order: 'priority' | 'requested';
  /** How long a run may take whose request says nothing about it (rule C8); absent: as long as it takes. */
  readonly runTimeoutSeconds?: number;
  /** Most runs one connection may request within a minute: 70 (rule TRG-8). */
  readonly requestsPerMinute: number;
  /** A machine that was not heard of for this long is offline, and its runs are lost. */
  readonly leaseMs: number;
  /** How often an agent says that it is there, and which runs it has. */
  readonly heartbeatMs: number;
  /** How long a stopped run may take to end by itself before its processes are killed: a stop takes effect within a second. */
  readonly stopGraceMs: number;
  /** How long a new worker may take until the flow begins. */
  readonly startTimeoutMs: number;
  /** How often expired runs and leases are looked for and a failed turn is tried again. */
  readonly sweepMs: number;
  /** Finished runs kept with their events: at most this many … */
  readonly keepRuns: number;
  /** … and none that ended longer ago than this. */
  readonly keepMs: number;
}

const common: Omit<QueueSettings, 'queueWaitMs' | 'order'> = {
  queueLimit: 500,
  requestsPerMinute: 70,
  leaseMs: 60_000,
  heartbeatMs: 15_000,
  stopGraceMs: 800,
  startTimeoutMs: 60_000,
  sweepMs: 5_000,
  keepRuns: 500,
  keepMs: 30 * 24 * hour,
};

/**
 * Settings by era (rules C1, C2, C8, Q-3). The limit of 500 waiting runs, which only 2025 states, holds in all of them: without one, a
 * mistake fills the disk.
 */
export const eras: Readonly<Record<Era, QueueSettings>> = {
  '2020': { ...common, queueWaitMs: 30 * minute, order: 'requested' },
  '2021': { ...common, queueWaitMs: 3 * hour, order: 'priority' },
  '2024': { ...common, queueWaitMs: 6 * hour, order: 'priority', runTimeoutSeconds: (3 * hour) / 1_000 },
  '2025': { ...common, queueWaitMs: 12 * hour, order: 'priority', runTimeoutSeconds: (3 * hour) / 1_000 },
};

/** What holds where nobody chose: the era of three hours. */
export const defaultEra: Era = '2021';
export const defaultSettings: QueueSettings = eras[defaultEra];

/** What a new machine or group begins with: the product's own defaults, and never an act against a person's session. */
export const defaultPlacement: PlacementSettings = {
  maintenance: false,
  reuseSessions: false,
  extendedPrioritization: 'auto',
  allocation: 'random',
  sessionPolicy: 'wait',
};
