// BullMQ over a Redis that flushes every change to disk before it answers, as the databases of the others do.
import { Queue, Worker } from 'bullmq';

export async function open({ redisPort }) {
  const connection = { host: '127.0.0.1', port: redisPort, maxRetriesPerRequest: null };
  const name = `job${process.hrtime.bigint()}`;
  const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } });
  return {
    // Jobs with a priority come after those without: all have one.
    enqueue: (id, payload, urgent) => queue.add('job', { id, payload }, { priority: urgent ? 1 : 2 }),
    async enqueueMany(from, count, payload) {
      const jobs = Array.from({ length: count }, (_, i) => ({
        name: 'job',
        data: { id: from + i, payload },
        opts: { priority: 2 },
      }));
      for (let i = 0; i < count; i += 1_000) await queue.addBulk(jobs.slice(i, i + 1_000));
    },
    async work(concurrency, started) {
      const worker = new Worker(name, async ({ data }) => started(data.id), { connection, concurrency });
      await worker.waitUntilReady();
      return () => worker.close();
    },
    close: () => queue.close(),
  };
}
