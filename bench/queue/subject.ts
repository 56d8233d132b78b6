// What bench/queue.ts asks of a queue under test, and how it is measured. Knows none of them.
import { setTimeout as pause } from 'node:timers/promises';

/** A queue under test. `started` is called when the work of a job begins; the job is completed when that has ended. */
export interface Subject {
  /** An urgent job goes before all others. */
  enqueue(id: number, payload: string, urgent: boolean): Promise<unknown>;
  enqueueMany(from: number, count: number, payload: string): Promise<unknown>;
  /** `idle`: for few jobs that are to begin soon. Resolves to what ends it. */
  work(concurrency: number, started: (id: number) => unknown, idle: boolean): Promise<() => Promise<unknown>>;
  close(): Promise<unknown>;
}

export const payload = 'x'.repeat(300);
const busyMs = 5;
const slots = 4;

export const perSecond = (count: number, began: number): number =>
  (count / (performance.now() - began)) * 1_000;

/** Jobs taken per second from so many callers, each of which waits for its answer. */
export async function enqueueing(
  subject: Subject,
  callers: number,
  from: number,
  jobs: number,
): Promise<number> {
  const began = performance.now();
  let left = jobs;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (left > 0) await subject.enqueue(from + --left, payload, false);
    }),
  );
  return perSecond(jobs, began);
}

/** Jobs started and completed per second, one after the other per worker. */
export async function working(subject: Subject, workers: number, jobs: number): Promise<number> {
  let begun = 0;
  let began = 0;
  const { promise, resolve } = Promise.withResolvers<number>();
  const stop = await subject.work(
    workers,
    () => {
      // As many more have begun as can be under way: those in between are over. The first ones warm up.
      if (++begun === workers) began = performance.now();
      if (begun === workers + jobs) resolve(perSecond(jobs, began));
    },
    false,
  );
  const rate = await promise;
  await stop();
  return rate;
}

/** Milliseconds from request to start, of one request after the other: on idle workers, or urgent before others that keep them busy. */
export async function starting(
  subject: Subject,
  from: number,
  samples: number,
  busy: boolean,
): Promise<number[]> {
  const requested = new Map<number, number>();
  const times: number[] = [];
  const stop = await subject.work(
    slots,
    (id) => {
      const at = requested.get(id);
      if (at === undefined) return pause(busyMs);
      times.push(performance.now() - at);
    },
    !busy,
  );
  await pause(300);
  for (let i = 0; i < samples; i++) {
    requested.set(from + i, performance.now());
    await subject.enqueue(from + i, payload, busy);
    await pause(15);
  }
  while (times.length < samples) await pause(20);
  await stop();
  return times;
}
