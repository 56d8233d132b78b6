// A process with a session host in it, to be killed: signs in whom its parent names, and tells what came of it.

import type { Credential } from '../../../src/agent/sessions/host.ts';
import { type LinuxSessionsOptions, startLinuxSessions } from '../../../src/agent/sessions/linux.ts';
import { Log } from '../../../src/base/log.ts';

process.once(
  'message',
  async ({ options, credential }: { options: LinuxSessionsOptions; credential: Credential }) => {
    try {
      const host = await startLinuxSessions({ ...options, log: new Log('sessions', Date.now, []) });
      const size = { width: 1024, height: 768 };
      const session = await host.open(credential, size, new AbortController().signal);
      process.send?.({ session });
    } catch (error) {
      process.send?.({ error: String(error) });
    }
  },
);
