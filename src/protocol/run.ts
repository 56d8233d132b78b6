// The vocabulary of runs that every process shares. Plain data that survives JSON; the only behaviour is the order of the queue.
import * as z from 'zod/mini';

/** A run that waits is `Queued`; the first one of its queue is the next to run (rules Q-4, C3). `Lost`: the worker or its agent died without a final record. */
export const runStates = [
  'Queued',
  'Starting',
  'Running',
  'Paused',
  'Succeeded',
  'Failed',
  'Canceled',
  'TimedOut',
  'Skipped',
  'Lost',
] as const;
export type RunState = (typeof runStates)[number];

const terminal: ReadonlySet<RunState> = new Set([
  'Succeeded',
  'Failed',
  'Canceled',
  'TimedOut',
  'Skipped',
  'Lost',
]);
export const isTerminal = (state: RunState): boolean => terminal.has(state);

/**
 * A flow value as it travels: text, number, Boolean, `null` (blank), list, or an object with `$type`:
 * `{$type:'object', entries:{…}}`, `{$type:'number', value:'12345678901234567890'}` (more digits than JSON's numbers keep), `{$type:'datetime', value:'2026-01-31T10:00:00'}`, `{$type:'datatable', columns:[…], rows:[[…]]}`,
 * `{$type:'secured'}` (a value that must not be shown), `{$type:'other', text:'…'}` (shown only).
 */
export type WireValue =
  | string
  | number
  | boolean
  | null
  | readonly WireValue[]
  | { readonly $type: 'object'; readonly entries: { readonly [key: string]: WireValue } }
  | { readonly $type: 'number'; readonly value: string }
  | { readonly $type: 'datetime'; readonly value: string }
  | {
      readonly $type: 'datatable';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly WireValue[])[];
    }
  | { readonly $type: 'secured' }
  | { readonly $type: 'other'; readonly text: string };

export const secured: WireValue = { $type: 'secured' };

export const wireValue: z.ZodMiniType<WireValue> = z.lazy(() =>
  z.union([
    z.string(),
    z.number(),
    z.boolean(),
    z.null(),
    z.array(wireValue),
    z.object({ $type: z.literal('object'), entries: z.lazy(() => wireValues) }),
    z.object({ $type: z.literal('number'), value: z.string() }),
    z.object({ $type: z.literal('datetime'), value: z.string() }),
    z.object({
      $type: z.literal('datatable'),
      columns: z.array(z.string()),
      rows: z.array(z.array(wireValue)),
    }),
    z.object({ $type: z.literal('secured') }),
    z.object({ $type: z.literal('other'), text: z.string() }),
  ]),
);

/** Wire values by name. A record of the library would lose the name `__proto__`, which a property of an object may have. */
export const wireValues: z.ZodMiniType<Record<string, WireValue>> = z.custom<Record<string, WireValue>>(
  (given) =>
    typeof given === 'object' &&
    given !== null &&
    !Array.isArray(given) &&
    Object.values(given).every((value) => wireValue.safeParse(value).success),
);

/**
 * A file a flow needs besides its own text: a repository, or a flow that it runs. `path` as in the flow's folder, with `/`. `ids`, of
 * flows only: by which `FlowId`s the flows of this run call it.
 */
export const companion = z.object({
  path: z.string(),
  text: z.string(),
  ids: z.optional(z.array(z.string())),
});
export type Companion = z.infer<typeof companion>;

/** Every request says which: there is no default (rule ACT-3). */
export const runMode = z.enum(['attended', 'unattended']);
export const runPriority = z.enum(['normal', 'high']);
export type RunPriority = z.infer<typeof runPriority>;

/**
 * How much a run writes down of its actions and messages, the most first (rule RUN-7). `full`: everything. `debug`: without loops, calls
 * and waits. `custom`: messages of the flow, and errors. `warning`: the same without information. `error`: errors that nobody handled.
 */
export const logLevels = ['full', 'debug', 'custom', 'warning', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** `keep`: when it is written down (rule RUN-5). `screenshot`: whether a failed run takes a picture of its desktop (rule RUN-4). Absent: everything. */
export const runLogging = z.object({
  level: z.optional(z.enum(logLevels)),
  keep: z.optional(z.enum(['always', 'onFailure', 'never'])),
  screenshot: z.optional(z.boolean()),
});
export type RunLogging = z.infer<typeof runLogging>;

/** Why a run did not succeed. `line` is 1-based. Redacted before it is built. */
export const runError = z.object({
  code: z.string(),
  message: z.string(),
  nextStep: z.string(),
  line: z.optional(z.number()),
  subflow: z.optional(z.string()),
  action: z.optional(z.string()),
  /** The picture of the desktop when it failed: its size in pixels (`runs.screenshot` gives it), or why there is none. */
  screenshot: z.optional(
    z.union([z.object({ width: z.number(), height: z.number() }), z.object({ none: z.string() })]),
  ),
});
export type RunError = z.infer<typeof runError>;

/** Where a run is. `line` is 1-based. `flow`: name of a flow that the run's flow runs; absent for the run's flow itself. */
export const runPosition = z.object({
  subflow: z.string(),
  line: z.number(),
  action: z.string(),
  flow: z.optional(z.string()),
});
export type RunPosition = z.infer<typeof runPosition>;

/** Instead of a `hash`: the text of the flow was lost with a damaged store. */
export const lostFlow = 'lost';

/** One run as everybody sees it. Times are wall-clock milliseconds of the agent. Sensitive inputs and outputs are `{$type:'secured'}`. */
export const run = z.object({
  id: z.string(),
  /** `name`: file name without ending; `path`: as the requester named it; `hash`: SHA-256 of the flow's text. */
  flow: z.object({ name: z.string(), path: z.string(), hash: z.string() }),
  /** The machine or group in whose queue it was put. */
  queue: z.string(),
  /** The machine that got it; absent while it waits. */
  machine: z.optional(z.string()),
  /** The Windows session it got. */
  session: z.optional(z.string()),
  connection: z.optional(z.string()),
  /** It automates a program that runs as administrator. */
  elevated: z.optional(z.boolean()),
  mode: runMode,
  priority: runPriority,
  state: z.enum(runStates),
  requestedBy: z.string(),
  requestedAt: z.number(),
  /** Set while a run was moved to the top: the later the move, the earlier it runs. */
  movedToTopAt: z.optional(z.number()),
  /** When a queued run gives up waiting. */
  expiresAt: z.number(),
  logging: z.optional(runLogging),
  /** How long it may run (rule ACT-5); absent: as long as it takes. */
  timeoutSeconds: z.optional(z.number()),
  startedAt: z.optional(z.number()),
  endedAt: z.optional(z.number()),
  inputs: wireValues,
  outputs: z.optional(wireValues),
  error: z.optional(runError),
  resubmitOf: z.optional(z.string()),
  position: z.optional(runPosition),
});
export type Run = z.infer<typeof run>;

/** State of one line, cumulative since the run started, so that the latest frame is all a reader needs. `flow` as in `runPosition`. */
export const lineStatus = z.object({
  flow: z.optional(z.string()),
  line: z.number(),
  subflow: z.string(),
  state: z.enum(['running', 'ok', 'failed', 'handled']),
  count: z.number(),
  /** Total milliseconds spent on this line. For lines run more than a few hundred times it is estimated from a sample. */
  ms: z.number(),
  error: z.optional(z.object({ code: z.string(), message: z.string() })),
});
export type LineStatus = z.infer<typeof lineStatus>;

/** One executed action, for logs. `at` is wall-clock milliseconds. `flow` as in `runPosition`. */
export const actionRecord = z.object({
  flow: z.optional(z.string()),
  line: z.number(),
  subflow: z.string(),
  action: z.string(),
  at: z.number(),
  ms: z.number(),
  outcome: z.enum(['ok', 'failed', 'handled']),
  error: z.optional(z.object({ code: z.string(), message: z.string() })),
});
export type ActionRecord = z.infer<typeof actionRecord>;

/** Whether a level keeps an action. A statement of the language is no action of a module, and its name has no point. */
export function keepsAction(
  level: LogLevel,
  { action, outcome }: Pick<ActionRecord, 'action' | 'outcome'>,
): boolean {
  if (outcome === 'failed') return true;
  if (outcome === 'handled') return level !== 'error';
  return level === 'full' || (level === 'debug' && action.includes('.'));
}

/** Whether a level keeps a message of the flow. */
export const keepsMessage = (level: LogLevel, of: 'info' | 'warning' | 'error'): boolean =>
  of === 'error' || (of === 'warning' ? level !== 'error' : level !== 'warning' && level !== 'error');

/** What a flow asks a person (the Display actions). Texts are redacted. `timeoutSeconds`: closes by itself. */
export const question = z.object({
  id: z.string(),
  kind: z.enum([
    'message',
    'input',
    'password',
    'choice',
    'choices',
    'date',
    'file',
    'files',
    'folder',
    'newFile',
  ]),
  title: z.string(),
  message: z.string(),
  icon: z.optional(z.enum(['info', 'question', 'warning', 'error'])),
  /** `message`: the buttons; `choice`/`choices`: the entries. */
  options: z.optional(z.array(z.string())),
  /** Text preset, or the default button or entry; of `choices` the entries, one a line. */
  preset: z.optional(z.string()),
  multiline: z.optional(z.boolean()),
  filter: z.optional(z.string()),
  timeoutSeconds: z.optional(z.number()),
  isTopMost: z.optional(z.boolean()),
  /** A window on the machine asks it too: who has nobody to ask leaves it to that. */
  isShown: z.optional(z.boolean()),
});
export type Question = z.infer<typeof question>;

/** `button` as in the flow's result (`OK`, `Cancel`, `Yes` …); `values` holds the text, the chosen entries or the chosen paths. */
export const answer = z.object({ button: z.string(), values: z.array(z.string()) });
export type Answer = z.infer<typeof answer>;

const eventBase = { seq: z.number(), runId: z.string(), at: z.number() };
/**
 * `seq` numbers all events of one agent without gaps from 1. `run`: the record changed (state, position in the flow, outputs, error).
 * `lines`: status of lines that changed. `actions`: executed actions in order; `omitted` says how many more there were in this frame.
 * `log`: a message of the flow. `screenshot`: the desktop of a run that failed; `png` in Base64, absent where events are sent to clients. `question` / `answered`: a person is asked / has answered (or the dialog closed by itself).
 */
export const runEvent = z.discriminatedUnion('kind', [
  z.object({ ...eventBase, kind: z.literal('run'), run }),
  z.object({ ...eventBase, kind: z.literal('lines'), lines: z.array(lineStatus) }),
  z.object({ ...eventBase, kind: z.literal('actions'), actions: z.array(actionRecord), omitted: z.number() }),
  z.object({
    ...eventBase,
    kind: z.literal('log'),
    level: z.enum(['info', 'warning', 'error']),
    message: z.string(),
    line: z.optional(z.number()),
    subflow: z.optional(z.string()),
    flow: z.optional(z.string()),
  }),
  z.object({
    ...eventBase,
    kind: z.literal('screenshot'),
    width: z.number(),
    height: z.number(),
    png: z.optional(z.string()),
  }),
  z.object({ ...eventBase, kind: z.literal('question'), question }),
  z.object({ ...eventBase, kind: z.literal('answered'), questionId: z.string(), by: z.string() }),
]);
export type RunEvent = z.infer<typeof runEvent>;

/** What decides a run's place in its queue. */
export type QueuePlace = Pick<Run, 'id' | 'priority' | 'requestedAt' | 'movedToTopAt'>;

/** The order of a run queue: latest move to top, then priority, then request time (run-queue rule Q-2); ties by id. Negative = `a` first. */
export function compareQueued(a: QueuePlace, b: QueuePlace): number {
  return (
    (b.movedToTopAt ?? 0) - (a.movedToTopAt ?? 0) ||
    (a.priority === b.priority ? 0 : a.priority === 'high' ? -1 : 1) ||
    a.requestedAt - b.requestedAt ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}
