// The other end of thread.ts: carries out calls one by one as they come, cancels them, answers pings.
import type { MessagePort } from 'node:worker_threads';
import { CodedError } from '../base/error.ts';
import type { Desktop } from './desktop.ts';
import { DesktopError } from './errors.ts';
import type { Failure, FromThread, ToThread } from './threadMessages.ts';

/** Serves until it is told to dispose. `translate` turns errors of Windows into those of the Desktop. */
export function serveDesktop(
  port: MessagePort,
  desktop: Desktop,
  translate: (error: unknown) => unknown = (error) => error,
): void {
  const running = new Map<number, AbortController>();
  const send = (message: FromThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'ping':
        return send({ kind: 'pong' });
      case 'cancel':
        running.get(message.id)?.abort();
        return;
      case 'release':
        desktop.release(message.refs);
        return;
      case 'dispose':
        for (const controller of running.values()) controller.abort();
        void desktop.dispose().finally(() => port.close());
        return;
      case 'call':
        void carryOut(message);
    }
  });

  async function carryOut({ id, method, args }: ToThread & { kind: 'call' }): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const call = desktop[method] as (...values: unknown[]) => Promise<unknown>;
      const value = await call.call(desktop, ...args, controller.signal);
      send({ kind: 'result', id, value }, buffersOf(value));
    } catch (error) {
      send({ kind: 'failure', id, failure: failureOf(translate(error)) });
    } finally {
      running.delete(id);
    }
  }
}

/** Pictures are handed over, not copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (typeof value !== 'object' || value === null || !('pixels' in value)) return [];
  const { pixels } = value;
  if (!(pixels instanceof Uint8Array) || !(pixels.buffer instanceof ArrayBuffer)) return [];
  // Part of Node's pool of small buffers cannot be given away.
  return pixels.byteLength === pixels.buffer.byteLength ? [pixels.buffer] : [];
}

function failureOf(error: unknown): Failure {
  if (error instanceof DesktopError)
    return { code: error.code, message: error.message, nextStep: error.nextStep };
  if (error instanceof CodedError)
    return { code: undefined, message: error.message, nextStep: error.nextStep };
  return {
    code: undefined,
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    nextStep: '',
  };
}
