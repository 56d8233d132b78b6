// The vocabulary of Windows sessions that every process shares.
import * as z from 'zod/mini';

/** `locked`: signed in, screen locked. `disconnected`: signed in, nobody connected. `connecting`: being made. */
export const sessionStates = ['active', 'locked', 'disconnected', 'connecting'] as const;
export type SessionState = (typeof sessionStates)[number];

/** `console`: somebody sits at the machine; `remote`: it came by Remote Desktop. */
export const sessionKinds = ['console', 'remote'] as const;

/** One Windows session of a machine. `id` is unique on its machine while the session lives. */
export const sessionFacts = z.object({
  id: z.string(),
  /** Normalised: see `sameAccount` in orchestration/accounts.ts. */
  account: z.string(),
  state: z.enum(sessionStates),
  kind: z.enum(sessionKinds),
  /** The agent made it for its runs. */
  ours: z.boolean(),
  /** Wall-clock milliseconds of its sign-in. */
  since: z.number(),
  /** Its person was asked to leave it to a run and has not agreed; asked again later. */
  declined: z.optional(z.boolean()),
});
export type SessionFacts = z.infer<typeof sessionFacts>;

/** Sessions of their own for unattended runs, as on the edition of Windows that a machine plays; a client carries one. */
export const ownSessions = z.object({
  edition: z.enum(['client', 'server']),
  sessionLimit: z.int().check(z.minimum(1)),
});
export type OwnSessions = z.infer<typeof ownSessions>;
