// Starts the runs of schedules when they are due. Several orchestrators may do so over one store: each time is fired once, whoever is
// first. Which times are due says schedules.ts; knows no database, and no queue beyond `enqueue`.
import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { asProductError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import type { FiringRecord, ScheduleRecord, ScheduleSpec } from '../protocol/schedules.ts';
import type { RunRequest } from './orchestrator.ts';

/** What a schedule starts: the flow as it was when the schedule was made, its inputs sealed for the schedule. */
export type ScheduledRequest = Omit<RunRequest, 'run'> & { readonly run: Omit<RunRequest['run'], 'id'> };

export interface NewSchedule {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly spec: ScheduleSpec;
  readonly enabled: boolean;
  readonly request: ScheduledRequest;
}

/** A time that has been taken down and whose run is to be queued. `runId` follows from schedule and time. */
export interface OpenFiring {
  readonly scheduleId: string;
  readonly dueAt: number;
  readonly runId: string;
  readonly request: ScheduledRequest;
}

/** What became of it: `run` was queued, or it was not, and why. */
export type FiringResult = Pick<OpenFiring, 'scheduleId' | 'dueAt'> &
  ({ readonly run: string } | { readonly note: string });

/** Each method is one transaction, and the clock of the store gives the time. A schedule is named by its identifier or its name. */
export interface ScheduleStore {
  /** Throws `NameTaken`, `ScheduleInvalid`. */
  add(schedule: NewSchedule): Promise<ScheduleRecord>;
  /** What is not named stays. Times that are due are forgotten when the times change, or it was disabled. Throws as `add`, and `ScheduleNotFound`. */
  change(
    schedule: string,
    change: Partial<Pick<NewSchedule, 'name' | 'spec' | 'enabled' | 'request'>>,
  ): Promise<ScheduleRecord>;
  /** With what is known of its firings. Throws `ScheduleNotFound`. */
  remove(schedule: string): Promise<void>;
  /** Throws `ScheduleNotFound`. */
  get(schedule: string): Promise<ScheduleRecord>;
  /** By name. */
  list(): Promise<readonly ScheduleRecord[]>;
  /** Newest first. Throws `ScheduleNotFound`. */
  firings(schedule: string, limit: number): Promise<readonly FiringRecord[]>;

  /** Takes down what is due of some schedules and moves them on. `next`: when the next one is due, which may be now. */
  fire(): Promise<{
    readonly now: number;
    readonly opened: readonly OpenFiring[];
    readonly next: number | undefined;
  }>;
  /** Firings that somebody took down and did not settle, because he died or the store failed him. */
  unsettled(): Promise<readonly OpenFiring[]>;
  settle(results: readonly FiringResult[]): Promise<void>;
  /** Brings schedules back whose next time is further away than it should be: the clock was set back. */
  reckon(): Promise<void>;
  /** Deletes old firings. Returns how many. */
  prune(): Promise<number>;
}

export interface SchedulerOptions {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly log: Log;
  /** As `Orchestrator.enqueue`: the same `id` again is the same run. */
  readonly enqueue: (request: RunRequest) => Promise<unknown>;
  /** Seals for a run what was sealed for its schedule. */
  readonly reseal: (scheduleId: string, runId: string, sealedInputs: Uint8Array) => Uint8Array;
  /** How often it looks at the clock of the store and for what others left undone. */
  readonly sweepMs: number;
}

/** A clock that lost more than this against the time that passed was set back. */
const setBackMs = 1_000;
const hourMs = 60 * 60_000;

/** Refusals that pass: the firing stays open and is tried again. */
const passing: ReadonlySet<string> = new Set([
  'AgentStopping',
  'DatabaseRefused',
  'DatabaseUnreachable',
  'DiskFull',
  'StoreUnusable',
]);

export class Scheduler {
  readonly #options: SchedulerOptions;
  #timer: Disposable | undefined;
  #looking: Promise<void> | undefined;
  #isAsked = false;
  #isClosed = false;
  /** What both clocks said when they were last looked at. */
  #seen: { readonly store: number; readonly monotonic: number } | undefined;
  #pruneDue = 0;

  private constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  static start(options: SchedulerOptions): Scheduler {
    const scheduler = new Scheduler(options);
    scheduler.wake();
    return scheduler;
  }

  /** Looks now: a schedule was added or changed here. */
  wake(): void {
    if (this.#isClosed) return;
    this.#isAsked = true;
    this.#timer?.dispose();
    this.#looking ??= this.#look();
  }

  /** Fires nothing more; resolves when what was under way is settled. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.dispose();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { clock, sweepMs, log } = this.#options;
    let waitMs = sweepMs;
    while (this.#isAsked && !this.#isClosed) {
      this.#isAsked = false;
      try {
        waitMs = await this.#fire();
      } catch (error) {
        waitMs = sweepMs;
        const { code, message } = asProductError(error);
        log.error('schedules could not be looked at; it is tried again', { code, message });
      }
    }
    // Together, so that nobody who wakes it comes in between.
    this.#looking = undefined;
    if (!this.#isClosed) this.#timer = clock.after(waitMs, () => this.wake());
  }

  /** Fires all that is due. Returns after how many milliseconds to look again. */
  async #fire(): Promise<number> {
    const { store, clock, sweepMs } = this.#options;
    for (;;) {
      const { now, opened, next } = await store.fire();
      const isSetBack = this.#isSetBack(now);
      if (isSetBack) await store.reckon();
      await this.#start(opened);
      if (isSetBack || (next !== undefined && next <= now)) continue;
      while (await this.#start(await store.unsettled()));
      if (clock.monotonic() >= this.#pruneDue) {
        this.#pruneDue = clock.monotonic() + hourMs;
        await store.prune();
      }
      if (next === undefined) return sweepMs;
      const passed = clock.monotonic() - (this.#seen?.monotonic ?? 0);
      return Math.min(sweepMs, Math.max(0, next - now - passed));
    }
  }

  /** Whether the clock of the store went back since it was last looked at; true at first, when nobody knows. */
  #isSetBack(now: number): boolean {
    const monotonic = this.#options.clock.monotonic();
    const last = this.#seen;
    this.#seen = { store: now, monotonic };
    return last === undefined || now - last.store < monotonic - last.monotonic - setBackMs;
  }

  /** Whether there was something to start, and all of it is settled. */
  async #start(opened: readonly OpenFiring[]): Promise<boolean> {
    if (opened.length === 0) return false;
    const results = await Promise.all(opened.map((firing) => this.#enqueue(firing)));
    const settled = results.filter((result) => result !== undefined);
    await this.#options.store.settle(settled);
    return settled.length === opened.length;
  }

  async #enqueue({ scheduleId, dueAt, runId, request }: OpenFiring): Promise<FiringResult | undefined> {
    const { enqueue, reseal, log } = this.#options;
    try {
      const sealedInputs = reseal(scheduleId, runId, request.sealedInputs);
      await enqueue({ ...request, run: { ...request.run, id: runId }, sealedInputs });
      return { scheduleId, dueAt, run: runId };
    } catch (error) {
      const { code, message } = asProductError(error);
      log.warn('a schedule could not start its run', { schedule: scheduleId, code, message });
      return passing.has(code) ? undefined : { scheduleId, dueAt, note: `${code}: ${message}` };
    }
  }
}
