// What the queue's tests share: requests, a worker host whose workers do what the test says, a queue on a fake clock.
import { Log } from '../../src/base/log.ts';
import { defaultSettings, type QueueSettings } from '../../src/orchestration/rules.ts';
import {
  RunQueue,
  type RunRequest,
  type Worker,
  type WorkerHost,
  type WorkerReport,
} from '../../src/orchestration/runQueue.ts';
import type { Claim, NewRun, RunStore } from '../../src/orchestration/store.ts';
import type { Answer, Run, RunEvent } from '../../src/protocol/run.ts';
import { FakeClock } from '../fakes/clock.ts';

let count = 0;
export const nextId = (): string => `run-${String(++count).padStart(8, '0')}`;

export function request(changes: Partial<RunRequest> = {}): RunRequest {
  return {
    id: nextId(),
    flow: { name: 'Sample', path: '/flows/Sample.robin', hash: 'hash-of-sample' },
    flowText: 'SET X TO 1',
    companions: [],
    inputs: { Name: 'Ann', Password: { $type: 'secured' } },
    sealedInputs: new Uint8Array([1, 2, 3]),
    mode: 'attended',
    priority: 'normal',
    requestedBy: 'test',
    ...changes,
  };
}

export function newRun(now: number, changes: Partial<Run> & { account?: string } = {}): NewRun {
  const { flowText, companions, sealedInputs, ...shown } = request();
  const { account = 'ann', ...run } = changes;
  return {
    run: {
      ...shown,
      machine: 'm1',
      state: 'Queued',
      requestedAt: now,
      expiresAt: now + defaultSettings.queueWaitMs,
      ...run,
    },
    account,
    flowText,
    companions,
    sealedInputs,
  };
}

/** One launched worker under the control of a test. */
export class FakeWorker implements Worker {
  readonly claim: Claim;
  readonly #report: (report: WorkerReport) => void;
  readonly heard: string[] = [];
  readonly answers: { readonly questionId: string; readonly answer: Answer }[] = [];
  /** What its debugger sent. */
  readonly debugged: unknown[] = [];
  /** It was to wait for a debugger. */
  readonly waits: boolean;
  alive = true;

  constructor(claim: Claim, report: (report: WorkerReport) => void, waits = false) {
    this.claim = claim;
    this.#report = report;
    this.waits = waits;
  }

  get fence(): { readonly fence: number } {
    return { fence: this.claim.fence };
  }
  say(report: WorkerReport): void {
    if (this.alive) this.#report(report);
  }
  begin(): void {
    this.say({ kind: 'ready' });
    this.say({ kind: 'started', ...this.fence });
  }
  finish(outcome: 'Succeeded' | 'Failed' | 'Canceled' = 'Succeeded'): void {
    this.say({ kind: 'finished', ...this.fence, outcome, outputs: { Sum: 3 } });
    this.die('ended with exit code 0');
  }
  die(how: string): void {
    this.say({ kind: 'exited', how });
    this.alive = false;
  }
  stop(): void {
    this.heard.push('stop');
  }
  pause(): void {
    this.heard.push('pause');
  }
  resume(): void {
    this.heard.push('resume');
  }
  safeStop(): void {
    this.heard.push('safeStop');
  }
  kill(): void {
    this.heard.push('kill');
    this.die('was killed by signal SIGKILL');
  }
  answer(questionId: string, answer: Answer): void {
    this.answers.push({ questionId, answer });
  }
  debug(message: unknown): void {
    this.debugged.push(message);
  }
}

export class FakeWorkerHost implements WorkerHost {
  readonly account: string = 'ann';
  readonly slots: number = 1;
  readonly workers: FakeWorker[] = [];
  failure: Error | undefined;

  launch(claim: Claim, report: (report: WorkerReport) => void, debug = false): FakeWorker {
    if (this.failure) throw this.failure;
    const worker = new FakeWorker(claim, report, debug);
    this.workers.push(worker);
    return worker;
  }
  get last(): FakeWorker {
    return this.workers.at(-1) as FakeWorker;
  }
}

export interface Fixture {
  readonly queue: RunQueue;
  readonly clock: FakeClock;
  readonly workers: FakeWorkerHost;
  readonly events: RunEvent[];
}

export async function openQueue(
  store: RunStore,
  options: {
    readonly clock?: FakeClock;
    readonly workers?: FakeWorkerHost;
    readonly settings?: Partial<QueueSettings>;
  } = {},
): Promise<Fixture> {
  const { clock = new FakeClock(), workers = new FakeWorkerHost() } = options;
  const settings = { ...defaultSettings, ...options.settings };
  const queue = await RunQueue.open({
    store,
    clock,
    workers,
    machineId: 'm1',
    settings,
    log: new Log('test', () => clock.now()),
  });
  const events: RunEvent[] = [];
  queue.onEvents((batch) => events.push(...batch));
  return { queue, clock, workers, events };
}
