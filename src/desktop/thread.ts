// The Desktop as everybody but its thread sees it: calls go to a worker thread, because calls of Windows may block as long as the program
// they concern likes. A thread that is blocked for too long is abandoned and another started. Knows nothing of elements and windows.
import { Worker } from 'node:worker_threads';
import type { Desktop } from './desktop.ts';
import { DesktopError, type DesktopErrorCode } from './errors.ts';
import {
  type Failure,
  type FromThread,
  type RemoteMethod,
  refsPerThread,
  remoteMethods,
  type ThreadData,
  type ToThread,
} from './threadMessages.ts';

export interface DesktopOptions {
  /** The file that runs in the thread (`threadMain.ts`, or what it was bundled into). */
  readonly thread: string | URL;
  /** How long a native call may block the thread, in ms. What reads much (tables, trees) may take three times as long. */
  readonly limit?: number;
}

const usualLimit = 15_000;
const slowMethods: ReadonlySet<RemoteMethod> = new Set(['find', 'below', 'items', 'table']);

/** The Desktop of the session that this process is in. The thread starts with the first call and keeps no idle process alive. */
export function startDesktop(options: DesktopOptions): Desktop {
  const { call, release, dispose } = new ThreadedDesktop(options);
  const methods = remoteMethods.map((method) => [
    method,
    (...values: unknown[]) => call(method, values.slice(0, -1), values.at(-1) as AbortSignal),
  ]);
  return { ...(Object.fromEntries(methods) as Pick<Desktop, RemoteMethod>), release, dispose };
}

class ThreadedDesktop {
  readonly #options: DesktopOptions;
  #thread: DesktopThread | undefined;
  #threads = 0;
  #isDisposed = false;

  constructor(options: DesktopOptions) {
    this.#options = options;
  }

  readonly call = async (
    method: RemoteMethod,
    args: readonly unknown[],
    signal: AbortSignal,
  ): Promise<unknown> => {
    signal.throwIfAborted();
    if (this.#isDisposed) throw disposed();
    const [first] = args;
    const isRef = refMethods.has(method);
    if (this.#thread?.isLost) this.#thread = undefined;
    // A ref of a thread that was abandoned means nothing to the one after it.
    const current = this.#thread === undefined ? this.#threads : this.#threads - 1;
    if (isRef && Math.floor(Number(first) / refsPerThread) !== current) throw elementGone();
    this.#thread ??= new DesktopThread(this.#options, this.#threads++ * refsPerThread);
    return await this.#thread.call(method, args, signal);
  };

  readonly release = (refs: readonly number[]): void => {
    if (this.#thread?.isLost === false) this.#thread.send({ kind: 'release', refs });
  };

  readonly dispose = async (): Promise<void> => {
    this.#isDisposed = true;
    await this.#thread?.dispose();
  };
}

/** Their first argument is a ref. */
const refMethods: ReadonlySet<RemoteMethod> = new Set([
  'facts',
  'state',
  'property',
  'change',
  'below',
  'ancestors',
  'items',
  'table',
  'clickPoint',
]);

interface Pending {
  readonly method: RemoteMethod;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One thread, until it ends, is given up or disposed of. */
class DesktopThread {
  readonly #worker: Worker;
  readonly #limit: number;
  readonly #pending = new Map<number, Pending>();
  /** When the thread was last heard of, or had nothing to do; of `performance.now()`. */
  #heardAt = 0;
  #isPinged = false;
  #watch: NodeJS.Timeout | undefined;
  #lastId = 0;
  isLost = false;

  constructor({ thread, limit = usualLimit }: DesktopOptions, firstRef: number) {
    this.#limit = limit;
    this.#worker = new Worker(thread, { workerData: { firstRef } satisfies ThreadData, name: 'desktop' });
    this.#worker.unref();
    this.#worker.on('message', (message: FromThread) => this.#receive(message));
    this.#worker.on('error', (error) => {
      this.#lose(
        new DesktopError(
          'DesktopNotAvailable',
          `The thread that drives windows broke down: ${error.message}`,
          'Try again. When it happens repeatedly, report it with the exported diagnostics.',
        ),
      );
    });
    this.#worker.on('exit', () => this.#lose(disposed()));
  }

  call(method: RemoteMethod, args: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#settle(id);
        this.send({ kind: 'cancel', id });
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      const done = () => signal.removeEventListener('abort', abort);
      this.#pending.set(id, {
        method,
        resolve: (value) => {
          done();
          resolve(value);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      if (this.#pending.size === 1) this.#startWatch();
      this.send({ kind: 'call', id, method, args });
    });
  }

  send(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  async dispose(): Promise<void> {
    this.#lose(disposed());
    this.send({ kind: 'dispose' });
    // What the thread holds is given back by it; a blocked one is not waited for.
    const ended = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    const patience = 1000;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience);
    });
    this.#worker.ref();
    await Promise.race([ended, tooLong]);
    clearTimeout(timer);
    this.#worker.unref();
    void this.#worker.terminate();
  }

  #receive(message: FromThread): void {
    this.#heardAt = performance.now();
    this.#isPinged = false;
    if (message.kind === 'pong') return;
    const pending = this.#settle(message.id);
    if (message.kind === 'failure') pending?.reject(errorOf(message.failure));
    else if (pending !== undefined) pending.resolve(message.value);
    // Nobody is left to release what a cancelled call found.
    else this.send({ kind: 'release', refs: refsIn(message.value) });
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#stopWatch();
    return pending;
  }

  #startWatch(): void {
    this.#worker.ref();
    this.#heardAt = performance.now();
    this.#isPinged = false;
    this.#watch = setInterval(() => this.#look(), this.#limit / 8);
  }

  #stopWatch(): void {
    clearInterval(this.#watch);
    this.#worker.unref();
  }

  /** A call may be under way for hours (a hot key that is waited for): blocked is who does not answer a ping. */
  #look(): void {
    const silence = performance.now() - this.#heardAt;
    const isSlow = [...this.#pending.values()].some(({ method }) => slowMethods.has(method));
    const limit = isSlow ? 3 * this.#limit : this.#limit;
    if (silence >= limit * (7 / 8)) {
      if (this.#isPinged) this.#giveUp();
    } else if (silence >= limit / 4 && !this.#isPinged) {
      this.#isPinged = true;
      this.send({ kind: 'ping' });
    }
  }

  #giveUp(): void {
    this.#lose(
      new DesktopError(
        'TargetNotResponding',
        'The program that the action is about does not respond.',
        'Look at the program: it may be busy, or wait for an answer in a window of its own. Elements found before must be looked for again.',
      ),
    );
    // It ends as soon as the native call comes back.
    void this.#worker.terminate();
  }

  #lose(error: DesktopError): void {
    if (this.isLost) return;
    this.isLost = true;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#stopWatch();
    for (const { reject } of pending) reject(error);
  }
}

function errorOf({ code, message, nextStep }: Failure): Error {
  return code === undefined
    ? new Error(message)
    : new DesktopError(code satisfies DesktopErrorCode, message, nextStep);
}

/** The refs of elements in the result of a call. */
function refsIn(value: unknown): number[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('ref' in value && typeof value.ref === 'number') return [value.ref];
  const inside = 'found' in value ? value.found : value;
  return Array.isArray(inside) ? inside.flatMap((one) => refsIn(one)) : [];
}

function elementGone(): DesktopError {
  return new DesktopError(
    'ElementGone',
    'The element belongs to a look that was given up because a program did not respond.',
    'Look for the element again.',
  );
}

function disposed(): DesktopError {
  return new DesktopError(
    'DesktopNotAvailable',
    'The windows of this session are no longer driven: the run has ended.',
    'Start the run again.',
  );
}
