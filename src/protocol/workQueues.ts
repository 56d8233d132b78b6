// Work queues and their items, as they are kept and as clients of an agent see them. Types and validators only.
import * as z from 'zod/mini';

export const workQueueRecord = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(['active', 'paused', 'stopped']),
  /** How often an item that failed with an IT exception is given to its loop again. */
  maxRetries: z.number(),
});
export type WorkQueueRecord = z.infer<typeof workQueueRecord>;

/** Times are wall-clock milliseconds. */
export const workItemRecord = z.object({
  id: z.string(),
  queue: z.string(),
  name: z.string(),
  value: z.string(),
  uniqueId: z.string(),
  status: z.enum([
    'Queued',
    'Processing',
    'Processed',
    'OnHold',
    'GenericException',
    'ITException',
    'BusinessException',
    'DeadLetter',
    'ProcessingTimeout',
  ]),
  priority: z.enum(['High', 'Normal', 'Low']),
  notes: z.string(),
  createdAt: z.number(),
  delayUntil: z.optional(z.number()),
  expiresAt: z.optional(z.number()),
});
export type WorkItemRecord = z.infer<typeof workItemRecord>;
