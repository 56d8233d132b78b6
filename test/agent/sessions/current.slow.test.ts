// Programs in the session the agent is in.
import { currentSessionHost } from '../../../src/agent/sessions/current.ts';
import type { SessionFacts } from '../../../src/protocol/sessions.ts';
import { anyHost } from './contract.ts';

anyHost(async () => {
  const host = currentSessionHost();
  const [session] = await host.list();
  return { host, session: session as SessionFacts, node: process.execPath };
});
