// pg-boss: throughput by loops of `fetch` and `complete`, which are its fastest way that keeps jobs apart; latency by `work` with notices.
import { PgBoss } from 'pg-boss';

export async function open({ postgres }) {
  const boss = new PgBoss({ connectionString: postgres, max: 24, useListenNotify: true });
  boss.on('error', () => {});
  await boss.start();
  await boss.createQueue('job', { notify: true });
  return {
    enqueue: (id, payload, urgent) => boss.send('job', { id, payload }, { priority: urgent ? 1 : 0 }),
    async enqueueMany(from, count, payload) {
      const jobs = Array.from({ length: count }, (_, i) => ({ data: { id: from + i, payload } }));
      for (let i = 0; i < count; i += 1_000) await boss.insert('job', jobs.slice(i, i + 1_000));
    },
    async work(concurrency, started, idle) {
      if (idle) {
        const options = { batchSize: 1, localConcurrency: concurrency };
        await boss.work('job', options, async ([job]) => started(job.data.id));
        return () => boss.offWork('job');
      }
      let over = false;
      const loops = Array.from({ length: concurrency }, async () => {
        while (!over) {
          const [job] = await boss.fetch('job');
          if (job === undefined) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            continue;
          }
          await started(job.data.id);
          await boss.complete('job', job.id);
        }
      });
      return async () => {
        over = true;
        await Promise.all(loops);
      };
    },
    close: () => boss.stop({ graceful: false }),
  };
}
