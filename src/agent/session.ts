// Where the runs of this machine execute. Today the session of the user who started the agent; it carries one run at a time.
import { userInfo } from 'node:os';
import type { WorkerHost } from '../orchestration/runQueue.ts';

/** The user's own session. `launch` starts worker processes as children of the agent, hence in its session. */
export function currentSession(launch: WorkerHost['launch']): WorkerHost {
  return { account: currentAccount(), slots: 1, launch };
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
