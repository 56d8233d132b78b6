// What passes between the agent and the process that shows notifications in a person's session, over its private channel. Types and
// validators only. Nothing of what a flow works with travels here: names of flows, states, and the errors that runs show everywhere.
import * as z from 'zod/mini';

/** A run that a person may act on. */
const notifiedRun = z.object({
  id: z.string(),
  flow: z.string(),
  state: z.enum(['Running', 'Paused']),
});
export type NotifiedRun = z.infer<typeof notifiedRun>;

const notice = z.object({ title: z.string(), text: z.string(), isFailure: z.boolean() });
export type Notice = z.infer<typeof notice>;

export const wishes = ['pause', 'resume', 'safeStop', 'stop'] as const;
export type Wish = (typeof wishes)[number];

/** Agent → notifier. */
export const toNotifier = z.discriminatedUnion('kind', [
  /** All runs that there are now. `logFolder`: where the person can read what the agent wrote down. */
  z.object({ kind: z.literal('runs'), runs: z.array(notifiedRun), logFolder: z.optional(z.string()) }),
  z.object({ kind: z.literal('notice'), notice }),
  /** It is not needed any more. */
  z.object({ kind: z.literal('end') }),
]);
export type ToNotifier = z.infer<typeof toNotifier>;

/** Notifier → agent, which decides what becomes of it. */
export const fromNotifier = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('wish'), runId: z.string(), wish: z.enum(wishes) }),
  /** `isShown`: the shell took it; people may have switched notifications off there. */
  z.object({ kind: z.literal('shown'), title: z.string(), isShown: z.boolean() }),
  /** The person wants no more of it. */
  z.object({ kind: z.literal('leave') }),
]);
export type FromNotifier = z.infer<typeof fromNotifier>;
