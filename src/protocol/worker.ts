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
  runPosition,
  wireValues,
} from './run.ts';

/** Agent → worker. `fence` identifies this claim of the run; the worker repeats it in every message. */
export const toWorker = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    runId: z.string(),
    fence: z.number(),
    /** Of the agent; the work queues are there. */
    dataFolder: z.string(),
    flow: z.object({ name: z.string(), path: z.string(), text: z.string(), companions: z.array(companion) }),
    /** By external name. */
    inputs: wireValues,
    /** Wait for a debugger before the first statement. */
    debug: z.boolean(),
  }),
  z.object({ kind: z.literal('stop') }),
  z.object({ kind: z.literal('pause') }),
  z.object({ kind: z.literal('resume') }),
  /** The flow ends at its next "If safe stop requested". */
  z.object({ kind: z.literal('safeStop') }),
  /** A message of the Debug Adapter Protocol from the one debugger that is attached; `null` when it left. */
  z.object({ kind: z.literal('debug'), message: z.unknown() }),
  z.object({ kind: z.literal('answer'), questionId: z.string(), answer }),
]);
export type ToWorker = z.infer<typeof toWorker>;

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
  /** A message of the Debug Adapter Protocol for the debugger that is attached; masked like everything else. */
  z.object({ kind: z.literal('debug'), fence: z.number(), message: z.unknown() }),
  z.object({ kind: z.literal('question'), fence: z.number(), question }),
  z.object({ kind: z.literal('withdrawn'), fence: z.number(), questionId: z.string() }),
  z.object({
    kind: z.literal('finished'),
    fence: z.number(),
    outcome: z.enum(['Succeeded', 'Failed', 'Canceled']),
    outputs: wireValues,
    error: z.optional(runError),
  }),
]);
export type FromWorker = z.infer<typeof fromWorker>;
