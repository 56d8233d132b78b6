// The session the agent itself is in: attended runs, and every run of an agent that is no service. It can look at nothing but itself,
// makes no session, and does not end, lock or disconnect the one it lives in.
import { userInfo } from 'node:os';
import { toDisposable } from '../../base/disposable.ts';
import { ProductError } from '../../base/error.ts';
import { accountKey } from '../../orchestration/accounts.ts';
import type { SessionFacts } from '../../protocol/sessions.ts';
import { computerName } from './computerName.ts';
import type { SessionHost } from './host.ts';
import { startProcess } from './launching.ts';

const id = 'current';

/** The user's own session. It counts as the only one of its machine: what it cannot see it cannot promise. */
export function currentSessionHost(): SessionHost {
  const session: SessionFacts = {
    id,
    account: currentAccount(),
    state: 'active',
    kind: 'console',
    ours: false,
    since: Math.round(performance.timeOrigin),
  };
  const refuse = async (act: string): Promise<never> => {
    throw new ProductError(
      'SessionsNotSupported',
      `This agent works in the session of ${session.account} only and cannot ${act}.`,
      'Run the flow attended, or on a machine whose agent is set up as a service that makes its own sessions.',
    );
  };
  return {
    kind: 'current',
    facts: async () => ({ edition: 'client', sessionLimit: 1, severalPerUser: false }),
    list: async () => [session],
    open: () => refuse('sign anybody in'),
    reuse: () => refuse('reconnect or unlock a session'),
    async launch(sessionId, { program, args, environment }) {
      if (sessionId !== id)
        throw new ProductError(
          'SessionNotFound',
          `This agent knows no session ${sessionId}: it works in its own only.`,
          'Start the run again; it gets the session that is there then.',
        );
      return startProcess({ command: program, args, environment: { ...process.env, ...environment } });
    },
    lock: () => refuse('lock its screen'),
    disconnect: () => refuse('disconnect it'),
    signOut: () => refuse('sign anybody out'),
    // It ends with the agent, so nobody is left to be told.
    onChange: () => toDisposable(() => {}),
    dispose: () => {},
  };
}

function currentAccount(): string {
  const { USERDOMAIN, USERNAME, USER } = process.env;
  let name: string;
  try {
    name = userInfo().username;
  } catch {
    name = USERNAME ?? USER ?? `user ${process.getuid?.() ?? 'unknown'}`; // an account without an entry in the user database
  }
  return accountKey(USERDOMAIN ? `${USERDOMAIN}\\${name}` : name, computerName());
}
