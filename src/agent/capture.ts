// Recording and pointing at elements, asked of the agent: starts the process that does it, one at a time, keeps its events until somebody
// fetches them, and ends it when nobody needs it. Knows nothing of windows.
import { type ChildProcess, fork } from 'node:child_process';
import { dirname, extname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import {
  type CaptureEvent,
  type CaptureMethod,
  type CaptureParams,
  type CaptureResult,
  captureMethods,
  fromCapture,
  type ToCapture,
} from '../protocol/capture.ts';
import { processSession } from '../win32/processes.ts';

export interface CaptureOptions {
  /** `capture.cjs`, or the source file in tests. */
  readonly script: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Why nobody can be recorded here; undefined when they can. */
  readonly refusal: () => string | undefined;
}

export type CaptureMethods = {
  readonly [M in CaptureMethod]: (params: CaptureParams<M>) => Promise<CaptureResult<M>>;
};

/** The program that captures, beside that of the workers. */
export function captureScript(workerScript: string): string {
  const isSource = extname(workerScript) === '.ts';
  return isSource
    ? join(dirname(workerScript), '..', 'captureMain.ts')
    : join(dirname(workerScript), 'capture.cjs');
}

/** Nobody sits at the session of services, which is number 0. */
export function captureRefusal(): string | undefined {
  if (process.platform !== 'win32')
    return `Windows programs can be recorded and pointed at on Windows only; this agent runs on ${process.platform}.`;
  if (processSession(process.pid) === 0)
    return 'This agent runs as a service of Windows, which has no desktop that a person could be recorded on.';
  return undefined;
}

/** How long the process may take for an answer, in ms: a program that hangs may hold it for some seconds. */
const answerMs = 30_000;
/** How long somebody who asks for events waits when there are none. */
const eventsMs = 10_000;
/** A capture whose events nobody fetches for this long is over: whoever wanted it has gone. */
const abandonedMs = 60_000;
/** How long the process stays when nothing is captured: the next validation of a selector is quick. */
const idleMs = 60_000;

interface Capture {
  readonly id: string;
  readonly events: CaptureEvent[];
  isOver: boolean;
  readonly waiting: Set<() => void>;
  watch: Disposable | undefined;
}

export class Captures implements Disposable {
  readonly #options: CaptureOptions;
  #process: CaptureProcess | undefined;
  #starting: Promise<CaptureProcess> | undefined;
  #capture: Capture | undefined;
  #isBeginning = false;
  #idle: Disposable | undefined;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** For every client of this agent. */
  readonly methods: CaptureMethods = {
    'capture.start': (params) => this.#begin('capture.start', params),
    'capture.inspect': (params) => this.#begin('capture.inspect', params),
    'capture.pause': (params) => this.#about('capture.pause', params),
    'capture.resume': (params) => this.#about('capture.resume', params),
    'capture.comment': (params) => this.#about('capture.comment', params),
    'capture.stop': async (params) => {
      const result = await this.#about('capture.stop', params);
      this.#over(params.captureId);
      return result;
    },
    'capture.events': ({ captureId, after }) => this.#events(captureId, after),
    'capture.validate': (params) => this.#ask('capture.validate', params),
    'capture.highlight': (params) => this.#ask('capture.highlight', params),
  };

  dispose(): void {
    this.#idle?.dispose();
    this.#capture?.watch?.dispose();
    this.#process?.end();
  }

  async #begin<M extends 'capture.start' | 'capture.inspect'>(
    method: M,
    params: CaptureParams<M>,
  ): Promise<CaptureResult<M>> {
    if (this.#isBeginning || this.#capture?.isOver === false) {
      throw new ProductError(
        'CaptureRunning',
        'Something is being recorded on this machine already, or somebody points at an element.',
        'End that first: stop the recording, or press Esc.',
      );
    }
    this.#isBeginning = true;
    try {
      const result = await this.#ask(method, params);
      this.#capture ??= newCapture(result.captureId);
      if (this.#capture.id !== result.captureId) this.#capture = newCapture(result.captureId);
      this.#keepWatch(this.#capture);
      this.#options.log.info('a capture began', { method });
      return result;
    } finally {
      this.#isBeginning = false;
    }
  }

  async #about<M extends CaptureMethod>(
    method: M,
    params: CaptureParams<M> & { readonly captureId: string },
  ): Promise<CaptureResult<M>> {
    this.#captureOf(params.captureId);
    return this.#ask(method, params);
  }

  async #events(captureId: string, after: number): Promise<CaptureResult<'capture.events'>> {
    const capture = this.#captureOf(captureId);
    this.#keepWatch(capture);
    if (capture.events.length <= after && !capture.isOver) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.clock.after(eventsMs, done);
        capture.waiting.add(done);
        function done() {
          capture.waiting.delete(done);
          timer.dispose();
          resolve();
        }
      });
    }
    return { events: capture.events.slice(after), last: capture.events.length };
  }

  #captureOf(captureId: string): Capture {
    if (this.#capture?.id === captureId) return this.#capture;
    throw new ProductError('CaptureNotFound', 'This recording has ended.', 'Start a new one.');
  }

  async #ask<M extends CaptureMethod>(method: M, params: CaptureParams<M>): Promise<CaptureResult<M>> {
    const refusal = this.#options.refusal();
    if (refusal !== undefined) {
      throw new ProductError(
        'CaptureNotHere',
        refusal,
        'Record with the agent of the person who is signed in at a Windows desktop: `dflow agent start` there, not as a service.',
      );
    }
    this.#idle?.dispose();
    const process = this.#process ?? (await this.#started());
    try {
      const result = captureMethods[method].result.parse(await process.call(method, params));
      return result as CaptureResult<M>;
    } finally {
      this.#mayRest();
    }
  }

  #mayRest(): void {
    this.#idle?.dispose();
    if (this.#capture?.isOver === false || this.#process === undefined) return;
    this.#idle = this.#options.clock.after(idleMs, () => this.#process?.end());
  }

  #started(): Promise<CaptureProcess> {
    this.#starting ??= CaptureProcess.start(this.#options, {
      event: (captureId, event) => this.#told(captureId, event),
      ended: (how) => {
        this.#process = undefined;
        const capture = this.#capture;
        if (capture?.isOver === false) {
          this.#told(capture.id, { kind: 'ended', problem: `The process that records ${how}.` });
        }
      },
    })
      .then((process) => {
        this.#process = process;
        return process;
      })
      .finally(() => {
        this.#starting = undefined;
      });
    return this.#starting;
  }

  #told(captureId: string, event: CaptureEvent): void {
    // Its first event comes before the answer with its id.
    if (this.#capture?.id !== captureId) {
      if (!this.#isBeginning) return;
      this.#capture = newCapture(captureId);
    }
    this.#capture.events.push(event);
    if (event.kind === 'ended') this.#over(captureId);
    for (const done of [...this.#capture.waiting]) done();
  }

  #over(captureId: string): void {
    const capture = this.#capture;
    if (capture?.id !== captureId || capture.isOver) return;
    capture.isOver = true;
    capture.watch?.dispose();
    for (const done of [...capture.waiting]) done();
    this.#mayRest();
  }

  #keepWatch(capture: Capture): void {
    capture.watch?.dispose();
    if (capture.isOver) return;
    capture.watch = this.#options.clock.after(abandonedMs, () => {
      if (capture.waiting.size > 0) return this.#keepWatch(capture);
      this.#options.log.warn('a capture was abandoned', {});
      this.#process?.end();
    });
  }
}

const newCapture = (id: string): Capture => ({
  id,
  events: [],
  isOver: false,
  waiting: new Set(),
  watch: undefined,
});

interface Listener {
  event(captureId: string, event: CaptureEvent): void;
  ended(how: string): void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: ProductError): void;
}

/** The process, until it ends. */
class CaptureProcess {
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  static start(options: CaptureOptions, listener: Listener): Promise<CaptureProcess> {
    return new Promise((resolve, reject) => {
      const child = fork(options.script, [], {
        execArgv: [],
        // It has no console, and must not open one over what is recorded.
        windowsHide: true,
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      });
      const process = new CaptureProcess(child, options.clock);
      let isReady = false;
      const ended = (how: string) => {
        for (const { reject } of process.#pending.values()) reject(captureFailed(how));
        process.#pending.clear();
        options.log.info('the process that captures ended', { how });
        if (isReady) listener.ended(how);
        else reject(captureFailed(how));
      };
      child.once('error', (error) => ended(`could not be started (${error.message})`));
      child.once('exit', (code, signal) =>
        ended(signal ? `was killed by signal ${signal}` : `ended with exit code ${code}`),
      );
      child.on('message', (message) => {
        const parsed = fromCapture.safeParse(message);
        if (!parsed.success) return void child.kill();
        const { data } = parsed;
        if (data.kind === 'event') return listener.event(data.captureId, data.event);
        if (data.kind === 'ready') {
          isReady = true;
          return resolve(process);
        }
        const pending = process.#pending.get(data.id);
        process.#pending.delete(data.id);
        if (data.kind === 'result') pending?.resolve(data.value);
        else pending?.reject(new ProductError(data.code, data.message, data.nextStep));
      });
    });
  }

  private constructor(child: ChildProcess, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
  }

  call(method: string, params: unknown): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(answerMs, () => {
        this.#pending.delete(id);
        reject(captureFailed('does not answer'));
        this.end();
      });
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          timer.dispose();
          settle(value);
        };
      this.#pending.set(id, { resolve: settled(resolve), reject: settled(reject) });
      this.#child.send({ id, method, params } satisfies ToCapture, () => {}); // a failure shows as its end
    });
  }

  end(): void {
    this.#child.kill();
  }
}

const captureFailed = (how: string): ProductError =>
  new ProductError(
    'CaptureFailed',
    `The process that records ${how}.`,
    'Start again. When it happens repeatedly, report it with the exported diagnostics.',
  );
