// What an orchestrator answers about machines, machine groups, connections, queues and schedules. Types and validators only. Wherever a
// machine, group, connection or schedule is asked for, its identifier or its name will do.
import * as z from 'zod/mini';
import {
  auditLine,
  connectionRecord,
  era,
  groupRecord,
  machineRecord,
  name,
  placementSettings,
  role,
  verdict,
} from './fleet.ts';
import { run, runMode, runPriority } from './run.ts';
import { firingRecord, scheduleRecord, scheduleSpec } from './schedules.ts';

const runId = z.object({ runId: z.string() });
const one = z.object({ run });
const nothing = z.object({});
const text = z.string().check(z.maxLength(1_000));
/** Fields that are not named stay as they are. */
const settings = z.partial(placementSettings);
const loads = { queued: z.number(), running: z.number() };

/** Where a run is to wait, and under which account it will execute: one of the two, or neither for the own user on the agent's own machine. */
export const runTarget = {
  /** Its target and its account. */
  connection: z.optional(z.string()),
  /** A machine or group; the run is the own user's then. */
  queue: z.optional(z.string()),
};

/** Method → parameters and result, beside those of protocol/agent.ts. Each fails with `AccessDenied` where the role of the asker does not do. */
export const fleetMethods = {
  /** By name, with what waits and runs; all that the asker has to do with, or one. `era`: whose rules hold for all of them. Fails with `MachineNotFound`. */
  'machines.list': {
    params: z.object({ machine: z.optional(z.string()) }),
    result: z.object({ machines: z.array(z.extend(machineRecord, loads)), era }),
  },
  /** Fails with `MachineNotFound`, `NameTaken`, `MachineInGroup` (its group's settings hold). */
  'machines.set': {
    params: z.object({
      machine: z.string(),
      name: z.optional(name),
      description: z.optional(text),
      settings: z.optional(settings),
      /** The allocated unattended capacity (rule CCY-5). */
      unattendedSlots: z.optional(z.int().check(z.minimum(0), z.maximum(10))),
    }),
    result: z.object({ machine: machineRecord }),
  },
  /** Its agent is refused from then on. Fails with `MachineNotFound`, `QueueNotEmpty`, `OwnMachine`. */
  'machines.remove': { params: z.object({ machine: z.string() }), result: nothing },
  'groups.list': {
    params: nothing,
    result: z.object({
      groups: z.array(z.extend(groupRecord, { ...loads, machines: z.array(z.string()) })),
    }),
  },
  /** Makes a group, or changes one. Fails with `NameTaken`. */
  'groups.put': {
    params: z.object({
      group: z.optional(z.string()),
      name: z.optional(name),
      description: z.optional(text),
      settings: z.optional(settings),
    }),
    result: z.object({ group: groupRecord }),
  },
  /** Fails with `XrmMachineGroupNotFound`, `QueueNotEmpty`. */
  'groups.remove': { params: z.object({ group: z.string() }), result: nothing },
  /** Connections to the machine itself cannot be used any more (rule CON-14). Fails with `MachineNotFound`, `XrmMachineGroupNotFound`, `GroupFull`, `QueueNotEmpty`. */
  'groups.join': { params: z.object({ group: z.string(), machine: z.string() }), result: nothing },
  /** The machine keeps the settings of the group (rule SES-6). Fails with `MachineNotFound`. */
  'groups.leave': { params: z.object({ machine: z.string() }), result: nothing },
  'connections.list': { params: nothing, result: z.object({ connections: z.array(connectionRecord) }) },
  /**
   * Makes a connection, or changes one; `target`: a machine or a group. A password is sealed before the answer; without one, and without
   * `reference`, only attended runs can use it. Whoever changes the account gives its password again; an empty one takes it away. Fails
   * with `NameTaken`, `MachineNotFound`, `MachineInGroup`, `ConnectionNotFound`, `AccountInvalid`, `PasswordMissing`, `ReferenceInvalid`.
   */
  'connections.put': {
    params: z.object({
      connection: z.optional(z.string()),
      name: z.optional(name),
      target: z.optional(z.string()),
      account: z.optional(z.string()),
      password: z.optional(z.string()),
      reference: z.optional(z.string()),
    }),
    result: z.object({ connection: connectionRecord }),
  },
  /** Fails with `ConnectionNotFound`, and with `QueueNotEmpty` while runs wait that use it. */
  'connections.remove': { params: z.object({ connection: z.string() }), result: nothing },
  /** Tries the credential on a machine of its target, without running anything. `error`: the code it failed with. */
  'connections.test': {
    params: z.object({ connection: z.string() }),
    result: z.object({
      machine: z.string(),
      ok: z.boolean(),
      error: z.optional(z.object({ code: z.string(), message: z.string(), nextStep: z.string() })),
    }),
  },
  /**
   * Runs that wait, in the order in which they will be looked at (the first is next to run), and runs that hold a place. `queue` absent:
   * of every queue, one after the other. At most `limit` that wait.
   */
  'queue.list': {
    params: z.object({ queue: z.optional(z.string()), limit: z.number() }),
    result: z.object({ waiting: z.array(run), running: z.array(run) }),
  },
  /** Why a waiting run has not started, and when it will. Fails with `RunNotFound`, `RunNotQueued`. */
  'queue.why': { params: runId, result: z.object({ verdict, run }) },
  /** Whether a run would start that nobody has requested yet. `queue`: where it would wait. Fails as `runs.enqueue` where the target will not do. */
  'queue.verdict': {
    params: z.object({
      ...runTarget,
      flow: z.string(),
      mode: runMode,
      priority: runPriority,
      elevated: z.optional(z.boolean()),
    }),
    result: z.object({ verdict, queue: z.object({ id: z.string(), name: z.string() }), account: z.string() }),
  },
  /** Rules. Fail with `RunNotFound`, `RunNotQueued`. */
  'runs.prioritize': { params: z.object({ runId: z.string(), priority: runPriority }), result: one },
  'runs.moveToTop': { params: runId, result: one },
  'runs.moveBack': { params: runId, result: one },
  'schedules.list': { params: nothing, result: z.object({ schedules: z.array(scheduleRecord) }) },
  /** Makes a schedule, or changes one. The flow and its inputs are kept as they are now. Fails with `NameTaken`, `ScheduleInvalid`, `ScheduleNotFound`, and as `runs.enqueue`. */
  'schedules.put': {
    params: z.object({
      schedule: z.optional(z.string()),
      name: z.optional(name),
      spec: z.optional(scheduleSpec),
      enabled: z.optional(z.boolean()),
      /** Parameters of `runs.enqueue`. */
      request: z.optional(z.unknown()),
    }),
    result: z.object({ schedule: scheduleRecord }),
  },
  /** Fails with `ScheduleNotFound`. */
  'schedules.remove': { params: z.object({ schedule: z.string() }), result: nothing },
  /** What became of the last times, newest first. Fails with `ScheduleNotFound`. */
  'schedules.firings': {
    params: z.object({ schedule: z.string(), limit: z.number() }),
    result: z.object({ firings: z.array(firingRecord) }),
  },
  /** Its next times, in wall-clock milliseconds, whether it is enabled or not. Fails with `ScheduleNotFound`. */
  'schedules.next': {
    params: z.object({ schedule: z.string(), count: z.int().check(z.minimum(1), z.maximum(1_000)) }),
    result: z.object({ times: z.array(z.number()) }),
  },
  /** Who may do what with a machine or group (rules GRP-5, GRP-7). Fails with `MachineNotFound`. */
  'access.list': {
    params: z.object({ queue: z.string() }),
    result: z.object({ access: z.array(z.object({ principal: z.string(), role })) }),
  },
  /** `role` absent: takes the access away. */
  'access.set': {
    params: z.object({ queue: z.string(), principal: z.string(), role: z.optional(role) }),
    result: nothing,
  },
  /** The newest lines first: of one machine or group for its owners, of all for those of the whole orchestrator. Fails with `MachineNotFound`. */
  'audit.list': {
    params: z.object({ queue: z.optional(z.string()), limit: z.int().check(z.minimum(1), z.maximum(1_000)) }),
    result: z.object({ lines: z.array(auditLine) }),
  },
  /** A code with which one agent can register one machine, once, within ten minutes. */
  'pairing.new': { params: nothing, result: z.object({ code: z.string(), expiresAt: z.number() }) },
} as const;

export type FleetMethod = keyof typeof fleetMethods;
export type FleetParams<M extends FleetMethod> = z.infer<(typeof fleetMethods)[M]['params']>;
export type FleetResult<M extends FleetMethod> = z.infer<(typeof fleetMethods)[M]['result']>;
