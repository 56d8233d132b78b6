// Work queues as the actions that use them need them. Keeping the items is done elsewhere. Times are wall-clock milliseconds.

/** Rule WQ-1 of the run rules names them; an item that waits for a person is `OnHold`. */
export type WorkItemStatus =
  | 'Queued'
  | 'Processing'
  | 'Processed'
  | 'OnHold'
  | 'GenericException'
  | 'ITException'
  | 'BusinessException'
  | 'DeadLetter'
  | 'ProcessingTimeout';

export type WorkItemPriority = 'High' | 'Normal' | 'Low';

export interface WorkQueue {
  readonly id: string;
  readonly name: string;
  readonly state: 'active' | 'paused' | 'stopped';
  /** How often an item that failed with an IT exception is given to its loop again. */
  readonly maxRetries: number;
}

export interface WorkItem {
  readonly id: string;
  /** Id of its queue. */
  readonly queue: string;
  readonly name: string;
  readonly value: string;
  /** No other item of the queue has it. */
  readonly uniqueId: string;
  readonly status: WorkItemStatus;
  readonly priority: WorkItemPriority;
  readonly notes: string;
  readonly createdAt: number;
  /** It is not processed before this time. */
  readonly delayUntil?: number | undefined;
  /** Nor after this one. */
  readonly expiresAt?: number | undefined;
}

/** `uniqueId` is made up when it is empty. */
export type NewWorkItem = Pick<
  WorkItem,
  'name' | 'value' | 'uniqueId' | 'priority' | 'notes' | 'delayUntil' | 'expiresAt'
> & { readonly status: 'Queued' | 'OnHold' };

export type WorkItemChange = Partial<Pick<WorkItem, 'status' | 'notes' | 'delayUntil' | 'expiresAt'>>;

/** The queues of this machine as one run sees them. An item that the run was given stays its own until the run changes its status or ends. */
export interface WorkQueues {
  /** By id or name, in any letter case. */
  queue(idOrName: string): Promise<WorkQueue | undefined>;
  /** Undefined when the queue has an item with this unique id already. */
  add(queue: string, item: NewWorkItem): Promise<WorkItem | undefined>;
  /**
   * Gives the run the next queued item: the most urgent one, of those the oldest, none that is delayed or expired (rule WQ-3). `wanted`
   * puts the queued items that a filter lets through in its own order; order, delay and expiry do not count then.
   */
  take(
    queue: string,
    wanted?: (queued: readonly WorkItem[]) => readonly WorkItem[],
  ): Promise<WorkItem | undefined>;
  item(id: string): Promise<WorkItem | undefined>;
  /** Oldest first. */
  items(queue: string): Promise<WorkItem[]>;
  /** Undefined when the item is gone, or is being processed by another run. An item that gets another status than `Processing` is given up. */
  change(id: string, change: WorkItemChange): Promise<WorkItem | undefined>;
}
