// The vocabulary of schedules that every process shares. Checks shapes only: what a schedule means, and whether its times make sense,
// is in orchestration/schedules.ts.
import * as z from 'zod/mini';

/**
 * When runs are started. Times of day are those of `timeZone` (an IANA name): a time that a change of the clock skips is taken at the
 * first moment after the gap, one that comes twice is taken once, the first time.
 */
export const scheduleSpec = z.object({
  times: z.discriminatedUnion('kind', [
    /** `at`: wall-clock milliseconds. */
    z.object({ kind: z.literal('once'), at: z.number() }),
    /** Every `seconds` (whole, at least 1), counted from `from`; changes of the clock do not matter. */
    z.object({ kind: z.literal('interval'), seconds: z.number(), from: z.number() }),
    /** Five fields (minute, hour, day, month, weekday), or six with seconds in front. */
    z.object({ kind: z.literal('cron'), expression: z.string() }),
  ]),
  timeZone: z.string(),
  /** Days of `timeZone` on which nothing is started: weekdays (0 = Sunday) and dates (`2026-12-25`). */
  except: z.optional(z.object({ weekdays: z.array(z.number()), dates: z.array(z.string()) })),
  /** Nothing before and after; wall-clock milliseconds. */
  from: z.optional(z.number()),
  until: z.optional(z.number()),
  /** What becomes of times that passed while no orchestrator ran: nothing, one run for all of them, or one run for each (the last 100). */
  missed: z.enum(['skip', 'one', 'all']),
});
export type ScheduleSpec = z.infer<typeof scheduleSpec>;

export const scheduleRecord = z.object({
  id: z.string(),
  /** Unique. */
  name: z.string(),
  flow: z.string(),
  queue: z.string(),
  spec: scheduleSpec,
  enabled: z.boolean(),
  /** Wall-clock milliseconds; absent when it is disabled or no time is left. */
  nextAt: z.optional(z.number()),
  owner: z.string(),
});
export type ScheduleRecord = z.infer<typeof scheduleRecord>;

/** One time of a schedule. `run`: what it started; `note`: why it did not. Neither: it is being started. */
export const firingRecord = z.object({
  dueAt: z.number(),
  firedAt: z.number(),
  run: z.optional(z.string()),
  note: z.optional(z.string()),
});
export type FiringRecord = z.infer<typeof firingRecord>;
