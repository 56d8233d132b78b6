// The work queues of the machine as a run sees them: every call goes to the agent, because the account of the run may have no access to
// the file they are kept in. Keeps nothing.
import { ProductError } from '../../base/error.ts';
import type { FromWorker, ToWorker, WorkQueueCall } from '../../protocol/worker.ts';
import type { WorkItemRecord, WorkQueueRecord } from '../../protocol/workQueues.ts';
import type { WorkQueues } from '../../runtime/workQueues.ts';

type Answered = Extract<ToWorker, { kind: 'workQueues' }>;

export class LinkedWorkQueues implements WorkQueues {
  readonly #send: (message: Omit<Extract<FromWorker, { kind: 'workQueues' }>, 'fence'>) => void;
  readonly #open = new Map<number, (answer: Answered) => void>();
  #calls = 0;

  constructor(send: (message: Omit<Extract<FromWorker, { kind: 'workQueues' }>, 'fence'>) => void) {
    this.#send = send;
  }

  /** The agent's answer to a call. */
  answered(answer: Answered): void {
    this.#open.get(answer.id)?.(answer);
    this.#open.delete(answer.id);
  }

  #call<T>(call: WorkQueueCall): Promise<T> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#open.set(id, ({ result, error }) => {
        if (error) reject(new ProductError(error.code, error.message, error.nextStep));
        else resolve(result as T);
      });
      this.#send({ kind: 'workQueues', id, call });
    });
  }

  readonly queue: WorkQueues['queue'] = (idOrName) =>
    this.#call<WorkQueueRecord | undefined>({ method: 'queue', idOrName });
  readonly add: WorkQueues['add'] = (queue, item) =>
    this.#call<WorkItemRecord | undefined>({ method: 'add', queue, item });
  readonly take: WorkQueues['take'] = async (queue, wanted) => {
    if (wanted === undefined) return this.#call<WorkItemRecord | undefined>({ method: 'take', queue });
    // The filter is the flow's. Others may be faster with all that it lets through: then it looks again.
    for (;;) {
      const among = wanted(await this.#call<WorkItemRecord[]>({ method: 'queued', queue })).map(
        ({ id }) => id,
      );
      if (among.length === 0) return undefined;
      const taken = await this.#call<WorkItemRecord | undefined>({ method: 'take', queue, among });
      if (taken !== undefined) return taken;
    }
  };
  readonly item: WorkQueues['item'] = (id) => this.#call<WorkItemRecord | undefined>({ method: 'item', id });
  readonly items: WorkQueues['items'] = (queue) => this.#call<WorkItemRecord[]>({ method: 'items', queue });
  readonly change: WorkQueues['change'] = (id, change) =>
    this.#call<WorkItemRecord | undefined>({
      method: 'change',
      id,
      // JSON knows no undefined: what is taken away travels as null.
      change: {
        ...change,
        ...('delayUntil' in change && { delayUntil: change.delayUntil ?? null }),
        ...('expiresAt' in change && { expiresAt: change.expiresAt ?? null }),
      },
    });
}
