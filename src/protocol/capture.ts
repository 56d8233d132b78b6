// Recording what a person does and pointing at UI elements, on the machine of the agent: its methods, and the channel between the agent
// and the process that captures. Types and validators only.
import * as z from 'zod/mini';

const rectangle = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });

/** A step of the recording as it is now: for people, and as the flow would have it. */
const row = z.object({ text: z.string(), statement: z.string() });
export type CaptureRow = z.infer<typeof row>;

const proposal = z.object({ selector: z.string(), matches: z.number() });

/** An element that somebody pointed at. */
const captured = z.object({
  /** As a UI element would be called, and its window. */
  name: z.string(),
  window: z.string(),
  facts: z.array(z.object({ name: z.string(), value: z.string() })),
  /** From the window inwards, the element last; each as a level of a selector would name it. */
  path: z.array(z.string()),
  windowSelector: z.string(),
  /** The best first. */
  proposals: z.array(proposal),
  /** To be pasted into a flow: adds the UI element. */
  text: z.string(),
});
export type CapturedForPeople = z.infer<typeof captured>;

export const captureEvent = z.discriminatedUnion('kind', [
  /** The rows from `from` on are these now, and there are no more. */
  z.object({ kind: z.literal('rows'), from: z.number(), rows: z.array(row) }),
  z.object({ kind: z.literal('state'), state: z.enum(['running', 'paused']) }),
  z.object({ kind: z.literal('pointed'), name: z.string(), rectangle }),
  z.object({ kind: z.literal('taken'), element: captured }),
  /** Nothing follows. `problem`: it did not end because somebody wanted it to. */
  z.object({ kind: z.literal('ended'), problem: z.optional(z.string()) }),
]);
export type CaptureEvent = z.infer<typeof captureEvent>;

const one = z.object({ captureId: z.string() });
const nothing = z.object({});
/** Whose windows are no part of it: the processes of whoever asks, with those that started them. */
const by = { processIds: z.array(z.int()).check(z.maxLength(20)) };
/** Selectors as text. Empty `element`: the window itself. */
const selectors = { window: z.string(), element: z.string() };

/** What the agent passes on to the process that captures; with the validators of both ends. */
export const captureMethods = {
  /** Records until `capture.stop`. Fails with `CaptureNotHere`, `CaptureRunning`, `CaptureFailed`. */
  'capture.start': { params: z.object(by), result: one },
  /** Lets a person point at elements until one is taken (Ctrl+click), Esc, or `capture.stop`. Fails as `capture.start`. */
  'capture.inspect': { params: z.object(by), result: one },
  /** Fails, as all below, with `CaptureNotFound`. */
  'capture.pause': { params: one, result: nothing },
  'capture.resume': { params: one, result: nothing },
  /** A comment at this place of the flow. */
  'capture.comment': { params: z.object({ captureId: z.string(), text: z.string() }), result: nothing },
  /** What happened behind number `after`; answers as soon as there is something, and after some seconds when there is nothing. */
  'capture.events': {
    params: z.object({ captureId: z.string(), after: z.number() }),
    result: z.object({ events: z.array(captureEvent), last: z.number() }),
  },
  /** Ends it. `text` is what was recorded, to be pasted into a flow whose variables are `taken`; it needs the sensitive `inputs`. */
  'capture.stop': {
    params: z.object({ captureId: z.string(), taken: z.array(z.string()) }),
    result: z.object({
      text: z.string(),
      steps: z.number(),
      inputs: z.array(z.object({ name: z.string(), externalName: z.string(), description: z.string() })),
    }),
  },
  /** What selectors find now; never fails for a selector that cannot be read: `problem` says why. Fails with `CaptureNotHere`. */
  'capture.validate': {
    params: z.object(selectors),
    result: z.object({
      count: z.number(),
      found: z.array(z.string()),
      /** How far the selector got: the level at which nothing fits, and what stands there. */
      partial: z.array(z.object({ level: z.string(), instead: z.array(z.string()) })),
      problem: z.optional(z.string()),
    }),
  },
  /** Frames around what selectors find, for some seconds. Fails with `CaptureNotHere`. */
  'capture.highlight': {
    params: z.object({ ...selectors, seconds: z.number().check(z.minimum(0.1), z.maximum(60)) }),
    result: z.object({ count: z.number() }),
  },
} as const;

export type CaptureMethod = keyof typeof captureMethods;
export type CaptureParams<M extends CaptureMethod> = z.infer<(typeof captureMethods)[M]['params']>;
export type CaptureResult<M extends CaptureMethod> = z.infer<(typeof captureMethods)[M]['result']>;

/** Agent → process that captures. */
export const toCapture = z.object({ id: z.number(), method: z.string(), params: z.unknown() });
export type ToCapture = z.infer<typeof toCapture>;

/** Process that captures → agent. */
export const fromCapture = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('result'), id: z.number(), value: z.unknown() }),
  z.object({
    kind: z.literal('failure'),
    id: z.number(),
    message: z.string(),
    code: z.string(),
    nextStep: z.string(),
  }),
  z.object({ kind: z.literal('event'), captureId: z.string(), event: captureEvent }),
]);
export type FromCapture = z.infer<typeof fromCapture>;
