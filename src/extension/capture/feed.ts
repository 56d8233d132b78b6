// The events of a capture as they happen, for whoever shows them.
import type { CaptureEvent } from '../../protocol/capture.ts';
import type { AgentConnection } from '../agents.ts';

/** Calls `happened` for every event until the capture has ended. Rejects with what the agent refuses with. */
export async function followCapture(
  agent: Pick<AgentConnection, 'call'>,
  captureId: string,
  happened: (event: CaptureEvent) => void,
): Promise<void> {
  for (let after = 0; ; ) {
    const { events, last } = await agent.call('capture.events', { captureId, after });
    for (const event of events) {
      happened(event);
      if (event.kind === 'ended') return;
    }
    after = last;
  }
}

/** The windows of VS Code are no part of a capture. */
export const ownProcesses = (): { readonly processIds: number[] } => ({
  processIds: [process.pid, process.ppid],
});
