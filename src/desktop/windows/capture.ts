// Hears people on the Windows desktop of this process: the thread with the hooks, and what a capture asks of Windows besides elements.
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { doubleClickTime } from '../../win32/input.ts';
import { commandLine, processes, processFile, startTime } from '../../win32/processes.ts';
import { sendMessage } from '../../win32/windows.ts';
import type { CaptureSystem, HeardInput } from '../capture/session.ts';
import { DesktopError } from '../errors.ts';
import type { CaptureThreadData, FromCaptureThread, ToCaptureThread } from './captureThreadMessages.ts';

const nonClientHit = 0x84;
const frameParts: Readonly<Record<number, 'close' | 'minimize' | 'maximize' | 'caption'>> = {
  2: 'caption',
  8: 'minimize',
  9: 'maximize',
  20: 'close',
};

/** `frame` shows rectangles on the screen. */
export function captureSystem(frame: CaptureSystem['frame']): CaptureSystem {
  return {
    frameAt(window, { x, y }) {
      try {
        const place = ((y & 0xffff) << 16) | (x & 0xffff);
        return frameParts[Number(sendMessage(window, nonClientHit, 0, place))];
      } catch {
        // It hangs or is gone; then nothing is known of it.
        return undefined;
      }
    },
    doubleClickTime: doubleClickTime(),
    program(processId) {
      const startedAt = startTime(processId);
      const path = processFile(processId);
      if (startedAt === undefined || path === undefined) return undefined;
      const given = /^\s*(?:"[^"]*"|\S+)\s*(.*)$/s.exec(commandLine(processId) ?? '')?.[1]?.trim() ?? '';
      return { startedAt, path, hasArguments: given !== '' };
    },
    frame,
    now: Date.now,
    wait: (ms) => wait(ms),
  };
}

export interface Hearing {
  /** Shows frames around rectangles, until the next call. */
  frame: CaptureSystem['frame'];
  end(): Promise<void>;
}

/**
 * Hears until `end`. `thread`: the file of captureThread. `heard` calls `found` when what was heard may reach its program. Throws
 * `DesktopNotAvailable` when the hooks cannot be set.
 */
export async function hear(
  thread: string | URL,
  what: CaptureThreadData['what'],
  heard: (input: HeardInput, found: () => void) => void,
): Promise<Hearing> {
  const marks = new SharedArrayBuffer(4);
  const mark = new Int32Array(marks);
  const worker = new Worker(thread, {
    workerData: { what, found: marks } satisfies CaptureThreadData,
    name: 'capture',
  });
  const send = (message: ToCaptureThread) => worker.postMessage(message);
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    worker.once('error', (error) =>
      reject(
        new DesktopError(
          'DesktopNotAvailable',
          `Mouse and keyboard of this session cannot be heard: ${error.message}`,
          'Start the agent in the session of the person whose actions are to be recorded.',
        ),
      ),
    );
    worker.on('message', (message: FromCaptureThread) => {
      if (message.kind === 'ready') return resolve();
      heard(message.input, () => {
        if (Atomics.load(mark, 0) >= message.id) return;
        Atomics.store(mark, 0, message.id);
        Atomics.notify(mark, 0);
      });
    });
  });
  return {
    frame: (rectangles) => send({ kind: 'frame', rectangles }),
    async end() {
      send({ kind: 'end' });
      const patience = 1000;
      await Promise.race([ended, wait(patience)]);
      await worker.terminate();
    },
  };
}

/** The processes from one up to the one that started it all, without the shell of Windows: whose windows belong to a command line. */
export function processChain(processId: number): number[] {
  const all = new Map(processes().map((one) => [one.processId, one]));
  const chain: number[] = [];
  for (let at = all.get(processId); at !== undefined; at = all.get(at.parentId)) {
    if (chain.includes(at.processId) || /^explorer\.exe$/i.test(at.name)) break;
    chain.push(at.processId);
  }
  return chain;
}
