// What an agent answers and announces: JSON-RPC 2.0 over one WebSocket, one JSON text per frame.
// The token travels in the `Authorization: Bearer` header of the upgrade request, never in an address.
// Types and validators only.
import * as z from 'zod/mini';
import { captureMethods } from './capture.ts';
import { fleetMethods, runTarget } from './fleetMethods.ts';
import { membershipMethods } from './orchestrator.ts';
import {
  answer,
  companion,
  run,
  runError,
  runEvent,
  runLogging,
  runMode,
  runPriority,
  wireValues,
} from './run.ts';
import { workItemRecord, workQueueRecord } from './workQueues.ts';

/** Raised when a message changes incompatibly; `hello` names both sides' numbers when they differ. */
export const protocolVersion = 1;

/** A flow with its dependencies may have 16 MB (rule ACT-9); a frame carries one flow and its inputs as JSON. */
export const maxFlowBytes = 16 * 1024 * 1024;
export const maxFrameBytes = 40 * 1024 * 1024;

/** A run may be given 30 days. The product’s API stops at 24 hours (conflict C8); flows that wait for people take longer. */
export const maxTimeoutSeconds = 30 * 24 * 60 * 60;

/** Characters of a work queue's name. */
export const maxQueueName = 200;

const machine = z.object({
  id: z.string(),
  name: z.string(),
  platform: z.string(),
  agentVersion: z.string(),
  /** Windows (or other system) account that runs attended flows. */
  user: z.string(),
  slots: z.number(),
});
export type Machine = z.infer<typeof machine>;

const runId = z.object({ runId: z.string() });
/**
 * The identifier of a new run, chosen by who requests it. A request that is made again with it, because the link ended before the answer
 * came, is answered with the run that exists: it never runs twice. Absent: the agent chooses.
 */
const newRunId = z.optional(z.uuidv7());
const one = z.object({ run });

/** Method → parameters and result, with those of fleetMethods.ts. Unknown fields are ignored; an unknown method is answered with `MethodNotFound`. */
export const agentMethods = {
  /** First call on a link. Fails with `ProtocolMismatch`. */
  hello: {
    params: z.object({ protocol: z.number(), client: z.string() }),
    result: z.object({
      protocol: z.number(),
      pid: z.number(),
      machine,
      lastSeq: z.number(),
    }),
  },
  /** Puts a run into the queue; answered after it is on disk. Inputs go by external name; the flow says which are sensitive. Fails with `FlowTooLarge`, `FlowHasErrors`, `CalledFlowNotFound`, `CalledFlowAmbiguous`, `FlowCircle`, `TooManyCalledFlows`, `InputMissing`, `InputUnknown`, `InputTwice`, `InputType`, `InputsTooLarge`, `QueueFull`, `AgentStopping`; where a target is named, with `ConnectionNotFound`, `ConnectionUnusable`, `ConnectionNeeded`, `CredentialMissing`, `MachineNotFound`, `NameAmbiguous`, `MachineInGroup`, `AccessDenied`, `DesktopFlowsActionThrottled`. */
  'runs.enqueue': {
    params: z.object({
      id: newRunId,
      ...runTarget,
      /** It automates a program that runs as administrator (rules MODE-10, MODE-12). */
      elevated: z.optional(z.boolean()),
      flow: z.object({
        name: z.string(),
        path: z.string(),
        text: z.string(),
        companions: z.optional(z.array(companion)),
      }),
      inputs: wireValues,
      mode: runMode,
      priority: runPriority,
      /** For an agent, which has one user; an orchestrator records the name of the token. The same wherever somebody says who he is. */
      requestedBy: z.string(),
      /** How long the flow may run, from its first statement on; not with `debug`. Absent: as long as it takes. */
      timeoutSeconds: z.optional(z.int().check(z.minimum(1), z.maximum(maxTimeoutSeconds))),
      logging: z.optional(z.pick(runLogging, { level: true, screenshot: true })),
      /** Wait for a debugger before the first statement. */
      debug: z.optional(z.boolean()),
    }),
    result: one,
  },
  /** Newest first. A list that gets large shows long outputs of its older runs in part: `runs.get` has them whole. */
  'runs.list': {
    params: z.object({ limit: z.number() }),
    result: z.object({ runs: z.array(run), lastSeq: z.number() }),
  },
  /** Fails with `RunNotFound`. */
  'runs.get': { params: runId, result: one },
  /** The kept events of one run in order, about 8 MB of them: ask again after the last one until none comes. Fails with `RunNotFound`. */
  'runs.events': {
    params: z.object({ runId: z.string(), after: z.number() }),
    result: z.object({ events: z.array(runEvent) }),
  },
  /** The desktop of a run when it failed, as a PNG in Base64. Fails with `RunNotFound`, `ScreenshotNotFound`. */
  'runs.screenshot': {
    params: runId,
    result: z.object({ width: z.number(), height: z.number(), png: z.string() }),
  },
  /** Cancels a queued run at once; asks a running one to stop and kills its worker if it does not within a few seconds. A finished run is left as it is. */
  'runs.stop': { params: runId, result: one },
  /** Asks the flow to end at its next "If safe stop requested"; without one it just goes on. Fails with `RunNotFound`, `RunNotActive`. */
  'runs.safeStop': { params: runId, result: one },
  /** The flow stands still before its next statement; its state is then `Paused`. Fails with `RunNotFound`, `RunNotActive`. */
  'runs.pause': { params: runId, result: one },
  /** Goes on after `runs.pause`. Fails with `RunNotFound`, `RunNotActive`. */
  'runs.resume': { params: runId, result: one },
  /** A new run of the same flow text, pointing at the old one; on the same target with the same inputs, unless others are named. `inputs`: those that change, by external name. Fails with `RunNotFound`, `RunNotFinished`, `InputsUnreadable`, and as `runs.enqueue`. */
  'runs.resubmit': {
    params: z.object({
      id: newRunId,
      ...runTarget,
      runId: z.string(),
      requestedBy: z.string(),
      priority: z.optional(runPriority),
      inputs: z.optional(wireValues),
    }),
    result: one,
  },
  /** Fails with `QuestionNotFound` when somebody else was faster. */
  'runs.answer': {
    params: z.object({ runId: z.string(), questionId: z.string(), answer, by: z.string() }),
    result: z.object({}),
  },
  /** A message of the Debug Adapter Protocol to the worker of a running run; the first one attaches this link, `null` detaches it, and so does its end. Answers come as `debug` notifications. Fails with `RunNotFound`, `RunNotActive`, `DebuggerAttached` when another link is attached. */
  'runs.debug': { params: z.object({ runId: z.string(), message: z.unknown() }), result: z.object({}) },
  /** The work queues of the machine by name, with the number of their items in each status. */
  'workQueues.list': {
    params: z.object({}),
    result: z.object({
      queues: z.array(z.extend(workQueueRecord, { items: z.record(z.string(), z.number()) })),
    }),
  },
  /** Makes a work queue. Fails with `WorkQueueExists`. */
  'workQueues.add': {
    params: z.object({
      name: z.string().check(z.trim(), z.minLength(1), z.maxLength(maxQueueName)),
      maxRetries: z.int().check(z.minimum(0), z.maximum(1_000)),
    }),
    result: z.object({ queue: workQueueRecord }),
  },
  /** Fails with `WorkQueueNotFound`. */
  'workQueues.setState': {
    params: z.object({ queue: z.string(), state: workQueueRecord.shape.state }),
    result: z.object({ queue: workQueueRecord }),
  },
  /** The oldest items of a queue, 8 MB at most; `more`: how many others there are. Fails with `WorkQueueNotFound`. */
  'workQueues.items': {
    params: z.object({ queue: z.string() }),
    result: z.object({ items: z.array(workItemRecord), more: z.number() }),
  },
  /** Seals the passwords on this machine with a new key; those that cannot be opened stay as they are. Fails with `CredentialKeyMissing`, `CredentialKeyDamaged`, `CredentialKeyExposed`. */
  'connections.rekey': {
    params: z.object({}),
    result: z.object({ sealed: z.number(), unreadable: z.number() }),
  },
  /** From now on the link gets an `event` notification per event; first, those after `after`. `complete` is false when older ones are gone, or when this agent has not come as far as `after`: read `runs.list` again. */
  subscribe: {
    params: z.object({ after: z.number() }),
    result: z.object({ lastSeq: z.number(), complete: z.boolean() }),
  },
  /** Stops the agent; running runs are canceled, queued ones stay. With `whenIdle`, only once nothing runs or waits and no other client is connected. */
  'agent.stop': { params: z.object({ whenIdle: z.boolean() }), result: z.object({}) },
  /** The agent stays until it is stopped, also one that a command had started only for itself. */
  'agent.stay': { params: z.object({}), result: z.object({}) },
  /** Counts for status displays. */
  'agent.status': {
    params: z.object({}),
    result: z.object({
      machine,
      pid: z.number(),
      port: z.number(),
      dataFolder: z.string(),
      startedAt: z.number(),
      running: z.number(),
      queued: z.number(),
      clients: z.number(),
      /** The run store was damaged when this agent started: what was saved of it, and where the old file is. */
      recovered: z.optional(runError),
    }),
  },
  ...fleetMethods,
  ...membershipMethods,
  ...captureMethods,
} as const;

export type AgentMethod = keyof typeof agentMethods;
export type AgentParams<M extends AgentMethod> = z.infer<(typeof agentMethods)[M]['params']>;
export type AgentResult<M extends AgentMethod> = z.infer<(typeof agentMethods)[M]['result']>;

/** Agent → client notification. */
export const agentEvent = z.object({ event: runEvent });

/** Agent → the link whose debugger is attached. `null`: the run has ended. */
export const debugMessage = z.object({ runId: z.string(), message: z.unknown() });

/** `data` of a JSON-RPC error: the product's code and next step. */
export const agentErrorData = z.object({ code: z.string(), nextStep: z.string() });

/** Content of `agent.json` in the data folder (readable by its owner only): how to reach the running agent. */
export const agentAddress = z.object({
  pid: z.number(),
  port: z.number(),
  token: z.string(),
  version: z.string(),
  startedAt: z.number(),
});
export type AgentAddress = z.infer<typeof agentAddress>;
