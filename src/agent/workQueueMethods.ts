// The work queues of this machine as its clients ask for them. Keeps nothing.
import { ProductError } from '../base/error.ts';
import type { SqliteWorkQueues } from '../orchestration/sqliteWorkQueues.ts';
import type { WorkQueueRecord } from '../protocol/workQueues.ts';
import type { MethodsOf, OwnMethod } from './api.ts';

/** One answer carries about this much. */
const pageBytes = 8 * 1024 * 1024;

/** `open`: the store, opened at the first call. */
export function workQueueMethods(
  open: () => SqliteWorkQueues,
): MethodsOf<Extract<OwnMethod, `workQueues.${string}`>> {
  const found = async (idOrName: string): Promise<WorkQueueRecord> => {
    const queue = await open().queue(idOrName);
    if (queue !== undefined) return queue;
    throw new ProductError(
      'WorkQueueNotFound',
      `There is no work queue "${idOrName.slice(0, 100)}" on this machine.`,
      'See which there are: dflow workqueue list',
    );
  };
  return {
    'workQueues.list': async () => ({ queues: await open().queues() }),
    'workQueues.add': async ({ name, maxRetries }) => ({ queue: await open().addQueue(name, maxRetries) }),
    'workQueues.setState': async ({ queue, state }) => {
      const { id } = await found(queue);
      await open().setState(id, state);
      return { queue: await found(id) };
    },
    'workQueues.items': async ({ queue }) => {
      const { id } = await found(queue);
      const all = await open().items(id);
      let used = 0;
      const items = all.filter((item) => {
        used += item.value.length + item.notes.length + item.name.length;
        return used <= pageBytes;
      });
      return { items, more: all.length - items.length };
    },
  };
}
