// The vocabulary of machines, machine groups, connections and placement that every process shares. Plain data that survives JSON.
import * as z from 'zod/mini';
import { logLevels, runMode, runPriority } from './run.ts';
import { sessionFacts, sessionKinds, sessionStates } from './sessions.ts';

/** Of a machine, group, connection or schedule: one line that reads as it is written. */
export const name = z
  .string()
  .check(
    z.trim(),
    z.minLength(1),
    z.maxLength(100),
    z.regex(/^[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u, 'no line breaks and control characters'),
  );

/** Which notifications people get of attended runs in their session: none, of those that fail, or of everything that happens to them. */
export const notificationSettings = ['off', 'failures', 'all'] as const;
export type NotificationSetting = (typeof notificationSettings)[number];

/** What an owner may set on a machine or on a group. A machine that joins a group takes the group's (rule SES-6) and keeps them when it leaves. */
export const placementSettings = z.object({
  /** Nothing new starts; what runs goes on (rules MNT-1, MNT-2). */
  maintenance: z.boolean(),
  /** At its end an unattended run locks its session instead of signing it out, and a later one may use it again (rule SES-4). */
  reuseSessions: z.boolean(),
  /** Whether a run that a session of a person keeps waiting lets the next one go first (rule Q-14). `auto`: where a machine carries several sessions. */
  extendedPrioritization: z.enum(['auto', 'on', 'off']),
  /** Which of several eligible machines of a group gets a run (rule GRP-3; `leastLoaded` is ours). */
  allocation: z.enum(['random', 'leastLoaded']),
  /**
   * What is done about a session of a person that keeps an unattended run from starting. `wait`: nothing, as in the product. Who works at
   * the machine itself is asked whatever is said here, except by `signOutConsole`.
   */
  sessionPolicy: z.enum(['wait', 'ask', 'disconnect', 'signOut', 'signOutConsole']),
  /** What runs write down at least (rule RUN-7). `asked`, also when absent: what each asks for, or else everything. */
  logLevel: z.optional(z.enum(['asked', ...logLevels])),
  /** When they do (rule RUN-5); absent: always. */
  log: z.optional(z.enum(['always', 'onFailure', 'never'])),
  /** Whether runs that fail take a picture of their desktop (rule RUN-4); absent: yes. */
  screenshots: z.optional(z.boolean()),
  /** Absent: all. */
  notifications: z.optional(z.enum(notificationSettings)),
});
export type PlacementSettings = z.infer<typeof placementSettings>;

/** What an agent says about its machine, with every heartbeat. */
export const machineFacts = z.object({
  platform: z.string(),
  agentVersion: z.string(),
  /** What the computer calls itself, as in `MACHINE\user`; absent: as the machine is named. */
  host: z.optional(z.string()),
  /** Client editions of Windows carry one session, Server editions several (rules MODE-3, MODE-4, C10, CCY-1). */
  edition: z.enum(['client', 'server']),
  /** Most sessions signed in at once, as the system is set up (rules CCY-2, CCY-4). */
  sessionLimit: z.number(),
  /** A user may have several sessions: none can be reused then (rule SES-5). */
  severalPerUser: z.boolean(),
  /** False: the agent was started without sessions of its own, and carries attended runs only. */
  makesSessions: z.optional(z.boolean()),
  /** All sessions; absent when the agent may not look (`UIFlowServiceNoRdpPermissions`). */
  sessions: z.optional(z.array(sessionFacts)),
  /** Accounts in whose session somebody records or tests a flow right now (rule CCY-3). */
  recording: z.array(z.string()),
});
export type MachineFacts = z.infer<typeof machineFacts>;

export const machineRecord = z.object({
  id: z.string(),
  /** Unique. */
  name: z.string(),
  description: z.string(),
  /** Whose queue it works on: a group, or absent for its own. */
  group: z.optional(z.string()),
  settings: placementSettings,
  /** How many unattended runs it may carry at once: the allocated capacity, 0 to 10 (rule CCY-5). */
  unattendedSlots: z.number(),
  facts: z.optional(machineFacts),
  /** A heartbeat came within the lease (rule TS-9). */
  online: z.boolean(),
  /** Wall-clock milliseconds of the store; absent: never. */
  seenAt: z.optional(z.number()),
  owner: z.string(),
});
export type MachineRecord = z.infer<typeof machineRecord>;

export const groupRecord = z.object({
  id: z.string(),
  /** Unique. */
  name: z.string(),
  description: z.string(),
  settings: placementSettings,
  owner: z.string(),
});
export type GroupRecord = z.infer<typeof groupRecord>;

/** A target with a Windows account and its credential, made once and used by many runs (rules TRG-3, CON-2). The credential itself never travels. */
export const connectionRecord = z.object({
  id: z.string(),
  /** Unique. */
  name: z.string(),
  /** Machine or group whose queue its runs wait in. */
  queue: z.string(),
  /** As it was typed, in one of the forms of rule CON-3. */
  account: z.string(),
  credential: z.discriminatedUnion('kind', [
    /** Kept sealed by the agents that need it. */
    z.object({ kind: z.literal('sealed') }),
    /** Looked up on the machine when a run starts (rule CON-10). */
    z.object({ kind: z.literal('reference'), reference: z.string() }),
    /** Attended only: the session of the user who is signed in. */
    z.object({ kind: z.literal('none') }),
  ]),
  /** False once its target is gone or has joined a group (rule CON-14). */
  usable: z.boolean(),
  owner: z.string(),
});
export type ConnectionRecord = z.infer<typeof connectionRecord>;

/** The year of the documentation whose rules hold where its versions disagree: how long runs wait and may take, and whether there is priority. */
export const era = z.enum(['2020', '2021', '2024', '2025']);
export type Era = z.infer<typeof era>;

/** Who did what to whom. `queue`: the machine or group it was done to; absent: to none, or to all. */
export const auditLine = z.object({
  /** Wall-clock milliseconds of the store. */
  at: z.number(),
  who: z.string(),
  what: z.string(),
  subject: z.string(),
  queue: z.optional(z.string()),
});
export type AuditLine = z.infer<typeof auditLine>;

/** `owner` and `coowner`: everything; `user`: start runs, see their own (rules C4, GRP-5, GRP-7). */
export const role = z.enum(['owner', 'coowner', 'user']);
export type Role = z.infer<typeof role>;

/**
 * Why a run does not start on a machine, by who can change that.
 * `ours`: runs of our own hold what it needs; it waits (rule Q-21). `machine`: offline or in maintenance; it waits (rules Q-10, MNT-2).
 * `session`: sessions of people are in the way, or missing; it fails or is skipped (rules ). `setup`: never, as things are.
 */
export const blocker = z.object({
  cause: z.enum(['ours', 'machine', 'session', 'setup']),
  /** A code of the product where it has one. */
  code: z.string(),
  /** One sentence: the fact that blocks. */
  message: z.string(),
  /** Who can remove it: `nobody needs to` for what passes by itself. */
  who: z.string(),
  /** What they do. */
  nextStep: z.string(),
  machine: z.optional(z.string()),
  /** The run that holds what this one needs. */
  run: z.optional(z.string()),
});
export type Blocker = z.infer<typeof blocker>;

/** What is done about a session of a person first, as long as it still is in `state` and of `sort`. `ask`: only when the person agrees. */
export const clearing = z.object({
  session: z.string(),
  state: z.enum(sessionStates),
  sort: z.enum(sessionKinds),
  act: z.enum(['disconnect', 'signOut']),
  ask: z.boolean(),
});
export type Clearing = z.infer<typeof clearing>;

/**
 * The session a run would get. `create` may have to end one that was only kept for reuse; `keep`: its session is locked at the end of the
 * run, and not signed out (rule SES-4). `clear`: what the session policy of the machine has to remove first.
 */
export const sessionPlan = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('use'), session: z.string() }),
  z.object({ kind: z.literal('reuse'), session: z.string(), clear: z.optional(z.array(clearing)) }),
  z.object({
    kind: z.literal('create'),
    signOutFirst: z.optional(z.string()),
    keep: z.optional(z.literal(true)),
    clear: z.optional(z.array(clearing)),
  }),
]);
export type SessionPlan = z.infer<typeof sessionPlan>;

/** What somebody asks about, or has queued. */
export const placementRequest = z.object({
  queue: z.string(),
  account: z.string(),
  mode: runMode,
  priority: runPriority,
  /** The flow automates a program that runs as administrator (rules MODE-10, MODE-12). */
  elevated: z.optional(z.boolean()),
});
export type PlacementRequest = z.infer<typeof placementRequest>;

/** Where and when a run would start, or the one fact that keeps it from starting. */
export const verdict = z.discriminatedUnion('kind', [
  /** `machines`: every one that would take it, by name. `session`: on the first of them. */
  z.object({ kind: z.literal('starts'), machines: z.array(z.string()), session: sessionPlan }),
  /** `position`: 1 = next to run (rule Q-4). `forecast`: milliseconds from now, with what it rests on; absent when nothing can be said. */
  z.object({
    kind: z.literal('waits'),
    blocker,
    position: z.number(),
    expiresAt: z.number(),
    forecast: z.optional(z.object({ inMs: z.number(), because: z.string() })),
  }),
  z.object({ kind: z.literal('fails'), blocker }),
]);
export type Verdict = z.infer<typeof verdict>;
