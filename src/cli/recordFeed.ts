// The events of a capture as they happen, and the person at the terminal who ends it. Shows nothing.
import { createInterface } from 'node:readline';
import type { CaptureEvent } from '../protocol/capture.ts';
import type { AgentLink } from '../protocol/link.ts';

/** Calls `happened` for every event until the capture has ended. Rejects when the link ends. */
export async function feed(
  link: AgentLink,
  captureId: string,
  happened: (event: CaptureEvent) => void,
): Promise<void> {
  for (let after = 0; ; ) {
    const { events, last } = await link.call('capture.events', { captureId, after });
    for (const event of events) {
      happened(event);
      if (event.kind === 'ended') return;
    }
    after = last;
  }
}

/** Whose windows are no part of a capture: this program's and those of the terminal it runs in. */
export const ownProcesses = (): { readonly processIds: number[] } => ({
  processIds: [process.pid, process.ppid],
});

/**
 * What is typed, line by line; resolves at an empty line, Ctrl+C and, unless a person types, the end of the standard input, or when
 * `ended` does.
 */
export function lines(typed: (line: string) => void, ended: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const reader = createInterface({ input: process.stdin });
    const done = () => {
      reader.close();
      process.stdin.unref?.();
      process.off('SIGINT', done);
      process.off('SIGTERM', done);
      resolve();
    };
    reader.on('line', (line) => (line.trim() === '' ? done() : typed(line.trim())));
    reader.on('close', done);
    process.on('SIGINT', done);
    process.on('SIGTERM', done);
    void ended.then(done, done);
  });
}
