// The work queues of the machine for one run: carries out the calls of its worker, whose account may have no access to the file. Opened
// at the first call: most flows never make one.
import { asProductError } from '../base/error.ts';
import type { SqliteWorkQueues } from '../orchestration/sqliteWorkQueues.ts';
import type { ToWorker, WorkQueueCall } from '../protocol/worker.ts';

type Answered = Extract<ToWorker, { kind: 'workQueues' }>;

export class RunWorkQueues {
  readonly #open: () => SqliteWorkQueues;
  #queues: SqliteWorkQueues | undefined;
  #isOver = false;

  constructor(open: () => SqliteWorkQueues) {
    this.#open = open;
  }

  /** Never rejects: what went wrong is the answer. */
  async answer(id: number, call: WorkQueueCall): Promise<Answered> {
    try {
      if (this.#isOver) throw new Error('The run is over.');
      this.#queues ??= this.#open();
      const result = await carryOut(call, this.#queues);
      return { kind: 'workQueues', id, ...(result !== undefined && { result }) };
    } catch (error) {
      const { code, message, nextStep } = asProductError(error);
      return { kind: 'workQueues', id, error: { code, message, nextStep } };
    }
  }

  /** The run is over: it reported its end, or (`died`) its process is gone without that. */
  close(died: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      if (died) this.#queues?.abandon();
      else this.#queues?.close();
    } catch {
      // The leases of what was left in processing end by themselves; how the flow ended must not depend on it.
    }
  }
}

async function carryOut(call: WorkQueueCall, queues: SqliteWorkQueues): Promise<unknown> {
  switch (call.method) {
    case 'queue':
      return queues.queue(call.idOrName);
    case 'add':
      return queues.add(call.queue, call.item);
    case 'queued': {
      let found: readonly unknown[] = [];
      await queues.take(call.queue, (queued) => {
        found = queued;
        return [];
      });
      return found;
    }
    case 'take': {
      const { queue, among } = call;
      if (among === undefined) return queues.take(queue);
      return queues.take(queue, (queued) => {
        const byId = new Map(queued.map((item) => [item.id, item]));
        return among.flatMap((id) => byId.get(id) ?? []);
      });
    }
    case 'item':
      return queues.item(call.id);
    case 'items':
      return queues.items(call.queue);
    case 'change': {
      const { status, notes, delayUntil, expiresAt } = call.change;
      return queues.change(call.id, {
        ...(status !== undefined && { status }),
        ...(notes !== undefined && { notes }),
        ...(delayUntil !== undefined && { delayUntil: delayUntil ?? undefined }),
        ...(expiresAt !== undefined && { expiresAt: expiresAt ?? undefined }),
      });
    }
  }
}
