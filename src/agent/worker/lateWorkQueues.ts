// The work queues of a run, opened when its flow asks for one for the first time: most flows never do.
import type { WorkQueues } from '../../runtime/workQueues.ts';

export interface OpenWorkQueues extends WorkQueues {
  close(): void;
}

export class LateWorkQueues implements OpenWorkQueues {
  readonly #open: () => OpenWorkQueues;
  #queues: OpenWorkQueues | undefined;

  constructor(open: () => OpenWorkQueues) {
    this.#open = open;
  }

  get #opened(): OpenWorkQueues {
    this.#queues ??= this.#open();
    return this.#queues;
  }

  readonly queue: WorkQueues['queue'] = async (idOrName) => this.#opened.queue(idOrName);
  readonly add: WorkQueues['add'] = async (queue, item) => this.#opened.add(queue, item);
  readonly take: WorkQueues['take'] = async (queue, wanted) => this.#opened.take(queue, wanted);
  readonly item: WorkQueues['item'] = async (id) => this.#opened.item(id);
  readonly items: WorkQueues['items'] = async (queue) => this.#opened.items(queue);
  readonly change: WorkQueues['change'] = async (id, change) => this.#opened.change(id, change);

  close(): void {
    try {
      this.#queues?.close();
    } catch {
      // The lease of what was left in processing ends by itself; how the flow ended must not depend on it.
    }
  }
}
