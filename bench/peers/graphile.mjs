// graphile-worker, as its documentation says: one pool, jobs announced by LISTEN/NOTIFY, completion of each job by itself.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

const quiet = { logger: new Logger(() => () => {}) };

export async function open({ postgres }) {
  const pgPool = new pg.Pool({ connectionString: postgres, max: 24 });
  pgPool.on('error', () => {});
  pgPool.on('connect', (client) => client.on('error', () => {}));
  const utils = await makeWorkerUtils({ pgPool, ...quiet });
  await utils.migrate();
  return {
    enqueue: (id, payload, urgent) => utils.addJob('job', { id, payload }, { priority: urgent ? -1 : 0 }),
    async enqueueMany(from, count, payload) {
      const jobs = Array.from({ length: count }, (_, i) => ({
        identifier: 'job',
        payload: { id: from + i, payload },
      }));
      for (let i = 0; i < count; i += 1_000) await utils.addJobs(jobs.slice(i, i + 1_000));
    },
    async work(concurrency, started) {
      const taskList = { job: async ({ id }) => started(id) };
      const runner = await run({ pgPool, concurrency, taskList, noHandleSignals: true, ...quiet });
      return () => runner.stop();
    },
    async close() {
      await utils.release();
      await pgPool.end();
    },
  };
}
