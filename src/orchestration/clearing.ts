// What a machine may do about a session of a person that keeps an unattended run from starting: its setting `sessionPolicy`, as a pure
// function. Says what, never whether the run may start without it (placement.ts); the agent does it (agent/sessions/policy.ts).
import type { Clearing, PlacementSettings } from '../protocol/fleet.ts';
import type { SessionFacts } from '../protocol/sessions.ts';

/**
 * `clear`: this is done first, and the run gets its session then. `later`: nothing can be done now, but the policy may remove it, so the
 * run waits. `never`: the policy does not help, and the run fares as without one (rules ).
 */
export type Means =
  | { readonly kind: 'clear'; readonly clearing: Clearing }
  | { readonly kind: 'later'; readonly because: 'declined' | 'away' | 'signingIn' }
  | { readonly kind: 'never' };

const never: Means = { kind: 'never' };

/**
 * What `policy` allows against `session`, which is none of ours. `canReuse`: the run could use the session itself once nobody works in it
 * (rule SES-4); only then is it enough to disconnect it, because a disconnected session blocks like any other (rules MODE-3, MODE-4).
 * Who works at the machine itself is asked, unless the policy names the console in words.
 */
export function meansAgainst(
  session: SessionFacts,
  policy: PlacementSettings['sessionPolicy'],
  canReuse: boolean,
): Means {
  const { id, state, kind, declined } = session;
  const isActive = state === 'active';
  if (policy === 'wait' || (policy === 'disconnect' && !(canReuse && (isActive || state === 'connecting'))))
    return never;
  if (state === 'connecting') return { kind: 'later', because: 'signingIn' };
  const asks = policy === 'ask' || (isActive && kind === 'console' && policy !== 'signOutConsole');
  if (asks && !isActive) return { kind: 'later', because: 'away' };
  if (asks && declined === true) return { kind: 'later', because: 'declined' };
  const isEnough = policy === 'disconnect' || (asks && canReuse);
  return {
    kind: 'clear',
    clearing: { session: id, state, sort: kind, act: isEnough ? 'disconnect' : 'signOut', ask: asks },
  };
}

/** Rank of a session by what its person loses when it goes: first those that nobody works in. */
export const harmOf = ({ state, kind }: SessionFacts): number =>
  ['disconnected', 'locked', 'connecting', 'active'].indexOf(state) + (kind === 'console' ? 0.5 : 0);
