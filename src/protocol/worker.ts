// What passes between the agent and the worker of one run, over the worker's private IPC channel.
// The flow and its inputs (secrets included) travel here and only here: never in arguments, environment or files.
import * as z from 'zod/mini';
import {
  actionRecord,
  answer,
  companion,
  lineStatus,
  question,
  runError,
  runLogging,
  runPosition,
  wireValues,
} from './run.ts';
import { workItemRecord } from './workQueues.ts';

/** Agent → worker. `fence` identifies this claim of the run; the worker repeats it in every message. */
export const toWorker = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    fence: z.number(),
    flow: z.object({ name: z.string(), path: z.string(), text: z.string(), companions: z.array(companion) }),
    /** By external name. */
    inputs: wireValues,
    logging: runLogging,
    /** Wait for a debugger before the first statement. */
    debug: z.boolean(),
    /** Nobody else is sure to answer its questions: they are shown in the session of the worker where that is possible. */
    showsQuestions: z.optional(z.boolean()),
  }),
  z.object({ kind: z.literal('stop') }),
  z.object({ kind: z.literal('pause') }),
  z.object({ kind: z.literal('resume') }),
  /** The flow ends at its next "If safe stop requested". */
  z.object({ kind: z.literal('safeStop') }),
  /** A message of the Debug Adapter Protocol from the one debugger that is attached; `null` when it left. */
  z.object({ kind: z.literal('debug'), message: z.unknown() }),
  z.object({ kind: z.literal('answer'), questionId: z.string(), answer }),
  /** What a call of the worker to the work queues gave; neither: nothing was found. */
  z.object({
    kind: z.literal('workQueues'),
    id: z.number(),
    result: z.optional(z.unknown()),
    error: z.optional(z.object({ code: z.string(), message: z.string(), nextStep: z.string() })),
  }),
]);
export type ToWorker = z.infer<typeof toWorker>;

const { id: _id, queue: _queue, createdAt: _createdAt, ...itemFields } = workItemRecord.shape;
const optionalTime = z.optional(z.nullable(z.number()));

/**
 * A call to the work queues of the machine, as in runtime/workQueues.ts. `queued`: the items that a filter may choose from; `take` then
 * names those it lets through, in its order. A time that is `null` is taken away.
 */
export const workQueueCall = z.discriminatedUnion('method', [
  z.object({ method: z.literal('queue'), idOrName: z.string() }),
  z.object({ method: z.literal('add'), queue: z.string(), item: z.object(itemFields) }),
  z.object({ method: z.literal('queued'), queue: z.string() }),
  z.object({ method: z.literal('take'), queue: z.string(), among: z.optional(z.array(z.string())) }),
  z.object({ method: z.literal('item'), id: z.string() }),
  z.object({ method: z.literal('items'), queue: z.string() }),
  z.object({
    method: z.literal('change'),
    id: z.string(),
    change: z.object({
      status: z.optional(workItemRecord.shape.status),
      notes: z.optional(z.string()),
      delayUntil: optionalTime,
      expiresAt: optionalTime,
    }),
  }),
]);
export type WorkQueueCall = z.infer<typeof workQueueCall>;

/** Worker → agent. Everything was redacted by the interpreter before it is sent. `frame` is sent at most 20 times a second. */
export const fromWorker = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('started'), fence: z.number() }),
  /** The flow stands still, by request or at a place where a debugger stopped it, or goes on. */
  z.object({ kind: z.literal('halted'), fence: z.number(), isHalted: z.boolean() }),
  z.object({
    kind: z.literal('frame'),
    fence: z.number(),
    position: z.optional(runPosition),
    lines: z.array(lineStatus),
    actions: z.array(actionRecord),
    omitted: z.number(),
    logs: z.array(
      z.object({
        at: z.number(),
        level: z.enum(['info', 'warning', 'error']),
        message: z.string(),
        line: z.number(),
        subflow: z.string(),
        flow: z.optional(z.string()),
      }),
    ),
  }),
  /** The desktop when the flow failed, in Base64; before `finished`. */
  z.object({
    kind: z.literal('screenshot'),
    fence: z.number(),
    width: z.number(),
    height: z.number(),
    png: z.string(),
  }),
  /** A message of the Debug Adapter Protocol for the debugger that is attached; masked like everything else. */
  z.object({ kind: z.literal('debug'), fence: z.number(), message: z.unknown() }),
  z.object({ kind: z.literal('question'), fence: z.number(), question }),
  z.object({ kind: z.literal('withdrawn'), fence: z.number(), questionId: z.string() }),
  /** Values of items are the flow's own, and are not masked. */
  z.object({ kind: z.literal('workQueues'), fence: z.number(), id: z.number(), call: workQueueCall }),
  z.object({
    kind: z.literal('finished'),
    fence: z.number(),
    outcome: z.enum(['Succeeded', 'Failed', 'Canceled']),
    outputs: wireValues,
    error: z.optional(runError),
  }),
]);
export type FromWorker = z.infer<typeof fromWorker>;
