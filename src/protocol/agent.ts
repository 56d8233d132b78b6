// What an agent answers and announces: JSON-RPC 2.0 over one WebSocket, one JSON text per frame.
// The token travels in the `Authorization: Bearer` header of the upgrade request, never in an address.
// Types and validators only.
import * as z from 'zod/mini';
import { answer, run, runEvent, runMode, runPriority, wireValue } from './run.ts';

/** Raised when a message changes incompatibly; `hello` names both sides' numbers when they differ. */
export const protocolVersion = 1;

/** A flow with its dependencies may have 16 MB (rule ACT-9); a frame carries one flow and its inputs as JSON. */
export const maxFlowBytes = 16 * 1024 * 1024;
export const maxFrameBytes = 40 * 1024 * 1024;

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
const one = z.object({ run });

/** Method → parameters and result. Unknown fields are ignored; an unknown method is answered with `MethodNotFound`. */
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
  /** Puts a run into the queue; answered after it is on disk. Inputs go by external name; the flow says which are sensitive. Fails with `FlowTooLarge`, `FlowHasErrors`, `InputMissing`, `InputUnknown`, `InputTwice`, `InputType`, `QueueFull`, `AgentStopping`. */
  'runs.enqueue': {
    params: z.object({
      flow: z.object({ name: z.string(), path: z.string(), text: z.string() }),
      inputs: z.record(z.string(), wireValue),
      mode: runMode,
      priority: runPriority,
      requestedBy: z.string(),
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
  /** Cancels a queued run at once; asks a running one to stop and kills its worker if it does not within a few seconds. A finished run is left as it is. */
  'runs.stop': { params: runId, result: one },
  /** A new run of the same flow text and inputs, pointing at the old one. Fails with `RunNotFound`, `RunNotFinished`, `InputsUnreadable`, and as `runs.enqueue`. */
  'runs.resubmit': { params: z.object({ runId: z.string(), requestedBy: z.string() }), result: one },
  /** Fails with `QuestionNotFound` when somebody else was faster. */
  'runs.answer': {
    params: z.object({ runId: z.string(), questionId: z.string(), answer, by: z.string() }),
    result: z.object({}),
  },
  /** From now on the link gets an `event` notification per event; first, those after `after`. `complete` is false when older ones are gone, or when this agent has not come as far as `after`: read `runs.list` again. */
  subscribe: {
    params: z.object({ after: z.number() }),
    result: z.object({ lastSeq: z.number(), complete: z.boolean() }),
  },
  /** Stops the agent; running runs are canceled, queued ones stay. With `whenIdle`, only once nothing runs or waits and no other client is connected. */
  'agent.stop': { params: z.object({ whenIdle: z.boolean() }), result: z.object({}) },
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
    }),
  },
} as const;

export type AgentMethod = keyof typeof agentMethods;
export type AgentParams<M extends AgentMethod> = z.infer<(typeof agentMethods)[M]['params']>;
export type AgentResult<M extends AgentMethod> = z.infer<(typeof agentMethods)[M]['result']>;

/** Agent → client notification. */
export const agentEvent = z.object({ event: runEvent });

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
