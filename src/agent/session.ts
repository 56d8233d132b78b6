// The session that the agent itself is in, as the place where runs execute: that of the user who started it. Attended runs use it; an
// unattended one would need a session of its own, which only a session host can make (agent/sessions/).
import { userInfo } from 'node:os';
import type { MachineFacts } from '../protocol/fleet.ts';
import type { WorkerHost } from './runner.ts';
import { computerName } from './sessions/computerName.ts';
import type { Launch } from './workerLauncher.ts';

/** Identifier of the one session there is. */
const own = 'current';

/** `launch` starts worker processes as children of the agent, hence in its session. */
export function currentSession(
  launch: Launch,
  agentVersion: string,
  since: number,
): WorkerHost & { readonly account: string } {
  const account = currentAccount();
  const facts: MachineFacts = {
    platform: `${process.platform} ${process.arch}`,
    agentVersion,
    host: computerName(),
    edition: 'client',
    makesSessions: false,
    sessionLimit: 1,
    severalPerUser: false,
    sessions: [{ id: own, account, state: 'active', kind: 'console', ours: false, since }],
    recording: [],
  };
  return {
    account,
    facts: async () => facts,
    launch: async (claim, report, debug) => ({ worker: launch(claim, report, debug), session: own }),
  };
}

function currentAccount(env: NodeJS.ProcessEnv = process.env): string {
  let name: string;
  try {
    name = userInfo().username;
  } catch {
    name = env.USERNAME ?? env.USER ?? `user ${process.getuid?.() ?? 'unknown'}`; // an account without an entry in the user database
  }
  return env.USERDOMAIN ? `${env.USERDOMAIN}\\${name}` : name;
}
