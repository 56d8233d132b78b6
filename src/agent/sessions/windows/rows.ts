// What Windows says of its sessions, in the words of the product. Pure.
import { accountKey } from '../../../orchestration/accounts.ts';
import type { SessionFacts, SessionState } from '../../../protocol/sessions.ts';
import type { SessionRow } from '../../../win32/sessionLook.ts';
import type { SessionChange } from '../host.ts';
import type { SetUp } from './setUp.ts';

type EndReason = Extract<SessionChange, { kind: 'ended' }>['reason'];

/** Numbers of sessions are used again, moments of signing in are not. */
export const idOf = ({ sessionId, times }: SessionRow): string => `${sessionId}-${times.signedIn ?? 0}`;

/** Somebody is signed in. While Windows still makes the session it has no moment of signing in; a Windows that never says one has no times at all. */
export const isSignedIn = ({ user, times }: SessionRow): boolean =>
  user !== '' && (times.signedIn !== undefined || Object.keys(times).length === 0);

/** A session whose sign-in screen is shown to whoever has connected. */
export const isAtSignIn = ({ user, state }: SessionRow): boolean =>
  user === '' && (state === 'connected' || state === 'active' || state === 'connectQuery');

/** As connections name it: without the computer where it is one of its own accounts. `computer`: its NetBIOS name. */
export function accountOf({ domain, name }: { domain: string; name: string }, computer: string): string {
  const isLocal = domain === '' || domain.toLowerCase() === computer.toLowerCase();
  return accountKey(isLocal ? name : `${domain}\\${name}`, computer);
}

export function stateOf({ state, isLocked }: SessionRow): SessionState {
  switch (state) {
    case 'active':
    case 'shadow':
      return isLocked === true ? 'locked' : 'active';
    case 'disconnected':
    case 'idle':
      return 'disconnected';
    default:
      return 'connecting';
  }
}

/** `since`: for a Windows that does not say when they signed in. */
export function factsOf(
  row: SessionRow,
  { computer, ours, since }: { readonly computer: string; readonly ours: boolean; readonly since: number },
): SessionFacts {
  return {
    id: idOf(row),
    account: accountOf({ domain: row.domain, name: row.user }, computer),
    state: stateOf(row),
    // A disconnected session has neither a station nor a protocol any more.
    kind: ours || row.isRemote === true || row.state === 'disconnected' ? 'remote' : 'console',
    ours,
    since: row.times.signedIn ?? since,
  };
}

/** Windows looks at its limits about once a minute. */
const toleranceMs = 90_000;

/** Why a session has ended that was last seen as `row`: a limit where one was reached just now. */
export function endReason(
  { times }: SessionRow,
  { idleLimitMs, durationLimitMs }: Pick<SetUp, 'idleLimitMs' | 'durationLimitMs'>,
  now: number,
): EndReason {
  const isReached = (since: number | undefined, limit: number | undefined) => {
    if (since === undefined || limit === undefined) return false;
    const over = now - since - limit;
    return over > -2_000 && over < toleranceMs;
  };
  if (isReached(times.connected ?? times.signedIn, durationLimitMs)) return 'MaxRDSessionDurationReached';
  if (isReached(times.lastInput, idleLimitMs)) return 'SessionHasLoggedOffWithMaxIdleTime';
  return 'SessionHasLoggedOff';
}
