// What the tests of runs share: requests, a worker host whose workers do what the test says, an orchestrator with the runner of one
// machine on a fake clock.

import { embeddedLink } from '../../src/agent/embeddedLink.ts';
import { Runner, type Worker, type WorkerHost, type WorkerReport } from '../../src/agent/runner.ts';
import { Log } from '../../src/base/log.ts';
import { agentStopping, Orchestrator, type RunRequest } from '../../src/orchestration/orchestrator.ts';
import { defaultSettings, type QueueSettings } from '../../src/orchestration/settings.ts';
import { openFleetStore } from '../../src/orchestration/store/fleetStore.ts';
import { sqliteMigrations } from '../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../src/orchestration/store/sqlite.ts';
import type { Claim, FleetStore } from '../../src/orchestration/store.ts';
import type { MachineFacts } from '../../src/protocol/fleet.ts';
import type { Answer, RunEvent } from '../../src/protocol/run.ts';
import { FakeClock } from '../fakes/clock.ts';

let count = 0;
export const nextId = (): string => `run-${String(++count).padStart(8, '0')}`;

type RequestChanges = Partial<RunRequest['run']> & Partial<Omit<RunRequest, 'run'>>;

export function request(changes: RequestChanges = {}): RunRequest {
  const { account, flowText, companions, sealedInputs, ...run } = changes;
  return {
    run: {
      id: nextId(),
      flow: { name: 'Sample', path: '/flows/Sample.robin', hash: 'hash-of-sample' },
      queue: 'm1',
      inputs: { Name: 'Ann', Password: { $type: 'secured' } },
      mode: 'attended',
      priority: 'normal',
      requestedBy: 'test',
      ...run,
    },
    account: account ?? 'ann',
    flowText: flowText ?? 'SET X TO 1',
    companions: companions ?? [],
    sealedInputs: sealedInputs ?? new Uint8Array([1, 2, 3]),
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
  readonly workers: FakeWorker[] = [];
  failure: Error | undefined;

  facts(): Promise<MachineFacts> {
    return Promise.resolve({
      platform: 'test',
      agentVersion: '1',
      edition: 'client',
      sessionLimit: 1,
      severalPerUser: false,
      sessions: [{ id: 'current', account: 'ann', state: 'active', kind: 'console', ours: false, since: 0 }],
      recording: [],
    });
  }

  async launch(
    claim: Claim,
    report: (report: WorkerReport) => void,
    debug = false,
  ): Promise<{ worker: FakeWorker; session: string }> {
    return { worker: this.start(claim, report, debug), session: 'current' };
  }

  readonly start = (claim: Claim, report: (report: WorkerReport) => void, debug: boolean): FakeWorker => {
    if (this.failure) throw this.failure;
    const worker = new FakeWorker(claim, report, debug);
    this.workers.push(worker);
    return worker;
  };

  get last(): FakeWorker {
    return this.workers.at(-1) as FakeWorker;
  }
}

export const memoryStore = (clock: FakeClock): FleetStore =>
  openFleetStore(openSqliteDatabase(':memory:', sqliteMigrations, clock), Number.POSITIVE_INFINITY);

export interface Fixture {
  readonly orchestrator: Orchestrator;
  readonly runner: Runner;
  readonly store: FleetStore;
  readonly clock: FakeClock;
  readonly workers: FakeWorkerHost;
  readonly events: RunEvent[];
  /** As an agent closes them. */
  close(): Promise<void>;
}

let boots = 0;

export async function openMachine(
  options: {
    readonly store?: FleetStore;
    readonly clock?: FakeClock;
    readonly workers?: FakeWorkerHost;
    readonly settings?: Partial<QueueSettings>;
  } = {},
): Promise<Fixture> {
  const { clock = new FakeClock(), workers = new FakeWorkerHost() } = options;
  const store = options.store ?? memoryStore(clock);
  const settings = { ...defaultSettings, leaseMs: Number.POSITIVE_INFINITY, ...options.settings };
  const log = new Log('test', () => clock.now());
  await store.putMachine({ id: 'm1', name: 'PC', description: '', owner: 'ann', unattendedSlots: 1 });
  const orchestrator = await Orchestrator.open({ store, clock, chance: () => 0, settings, log });
  const events: RunEvent[] = [];
  orchestrator.onEvents((batch) => events.push(...batch));
  const runner = new Runner({
    link: embeddedLink(orchestrator, 'm1'),
    workers,
    clock,
    boot: `boot ${++boots}`,
    settings,
    log,
  });
  await runner.start();
  const close = async () => {
    const { code, message, nextStep } = agentStopping();
    orchestrator.refuse();
    await runner.close({ state: 'Canceled', error: { code, message, nextStep } });
    await orchestrator.close();
  };
  return { orchestrator, runner, store, clock, workers, events, close };
}
