// The WorkQueues actions over the queues of this machine. One way of the product has no counterpart: "Add multiple work queue items"
// returns objects whose properties nobody documents, so it is left out.
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { describe } from '../../convert.ts';
import { FlowDatetime, InstanceValue, type Value } from '../../values.ts';
import type {
  NewWorkItem,
  WorkItem,
  WorkItemPriority,
  WorkItemStatus,
  WorkQueue,
  WorkQueues,
} from '../../workQueues.ts';
import { datetimeArgument, instanceArgument } from '../typed.ts';
import { readFilter } from './fetchXml.ts';

/** What a work queue item variable refers to. */
class ItemReference {
  readonly id: string;
  readonly queue: string;
  constructor({ id, queue }: WorkItem) {
    this.id = id;
    this.queue = queue;
  }
}

/** The loop of a run over one queue: the item it is at, and an IT exception that is held back while the item is tried again (rule WQ-8). */
interface Loop {
  readonly maxRetries: number;
  item: WorkItem | undefined;
  retries: number;
  again: boolean;
}

const loops = new WeakMap<WorkQueues, Map<string, Loop>>();

function loopsOf(queues: WorkQueues): Map<string, Loop> {
  let found = loops.get(queues);
  if (found === undefined) {
    found = new Map();
    loops.set(queues, found);
  }
  return found;
}

// ── Finding ─────────────────────────────────────────────────────────────────────────────────────────────────────

function queuesOf({ workQueues }: ActionContext): WorkQueues {
  if (workQueues !== undefined) return workQueues;
  throw new ActionError(
    'ActionFailed',
    'There are no work queues here.',
    'Work queues belong to an agent: run the flow through one.',
  );
}

async function queueOf(args: ActionArguments, queues: WorkQueues): Promise<WorkQueue> {
  const name = args.text('WorkQueue').trim();
  const queue = await queues.queue(name);
  if (queue !== undefined) return queue;
  throw new ActionError(
    'WorkQueueNotFoundError',
    `There is no work queue "${name}" on this machine.`,
    'Create it: dflow workqueue add NAME. A queue is found by its id or its name.',
  );
}

function referenceOf(args: ActionArguments): ItemReference {
  return instanceArgument(args, 'WorkQueueItem', ItemReference, 'a work queue item');
}

async function itemOf(args: ActionArguments, queues: WorkQueues): Promise<WorkItem> {
  const { id } = referenceOf(args);
  const item = await queues.item(id);
  if (item !== undefined) return item;
  throw new ActionError(
    'WorkQueueItemNotFoundError',
    'The work queue item no longer exists.',
    'It, or its queue, was deleted. Go on with the next item.',
  );
}

function requireActive({ name, state }: WorkQueue, code: string): void {
  if (state === 'active') return;
  throw new ActionError(
    code,
    `The work queue "${name}" is ${state}.`,
    'Let it go on: dflow workqueue resume NAME.',
  );
}

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** The wall clock of this machine at a moment. */
function wallClock(time: number | undefined): FlowDatetime | null {
  if (time === undefined) return null;
  const at = new Date(time);
  return FlowDatetime.of(
    at.getFullYear(),
    at.getMonth() + 1,
    at.getDate(),
    at.getHours(),
    at.getMinutes(),
    at.getSeconds(),
    at.getMilliseconds(),
  );
}

function timeArgument(args: ActionArguments, name: string): number | undefined {
  if (!args.has(name)) return undefined;
  const { fields } = datetimeArgument(args, name);
  return new Date(
    fields.getUTCFullYear(),
    fields.getUTCMonth(),
    fields.getUTCDate(),
    fields.getUTCHours(),
    fields.getUTCMinutes(),
    fields.getUTCSeconds(),
    fields.getUTCMilliseconds(),
  ).getTime();
}

/** `Value` and `CurrentRetryCount` are the product's names; the others say what they hold. */
function variableOf(item: WorkItem, retries = 0): InstanceValue {
  return new InstanceValue(
    'Work queue item',
    new ItemReference(item),
    new Map<string, Value>([
      ['Id', item.id],
      ['Name', item.name],
      ['Value', item.value],
      ['UniqueId', item.uniqueId],
      ['Status', item.status],
      ['Priority', item.priority],
      ['ProcessingNotes', item.notes],
      ['DelayUntil', wallClock(item.delayUntil)],
      ['ExpiryDate', wallClock(item.expiresAt)],
      ['CurrentRetryCount', retries],
    ]),
  );
}

const joined = (before: string, added: string): string =>
  before === '' || added === '' ? before + added : `${before}\n${added}`;

// ── Adding ──────────────────────────────────────────────────────────────────────────────────────────────────────

async function add(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const queues = queuesOf(context);
  const queue = await queueOf(args, queues);
  if (queue.state === 'stopped') requireActive(queue, 'AddItemIntoWorkQueueError');
  const item: NewWorkItem = {
    name: args.text('Name'),
    value: args.text('Value'),
    uniqueId: args.text('UniqueId').trim(),
    priority: args.member('Priority') as WorkItemPriority,
    status: args.member('Status') === 'Paused' ? 'OnHold' : 'Queued',
    notes: args.text('ProcessingResult'),
    delayUntil: timeArgument(args, 'DelayUntil'),
    expiresAt: timeArgument(args, 'ExpiryDate'),
  };
  const added = await queues.add(queue.id, item);
  if (added !== undefined) return { outputs: { WorkQueueItem: variableOf(added) } };
  if (!args.boolean('ThrowOnDuplicateWorkQueueItem')) return {};
  throw new ActionError(
    'AddItemIntoWorkQueueError',
    `The work queue "${queue.name}" has an item with the unique id "${item.uniqueId}" already.`,
    'Give another id, or none, or let the action pass over items that are there.',
  );
}

// ── Processing ──────────────────────────────────────────────────────────────────────────────────────────────────

async function next(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const queues = queuesOf(context);
  const queue = await queueOf(args, queues);
  requireActive(queue, 'WorkQueuePausedOrStoppedError');
  const open = loopsOf(queues);
  const before = open.get(queue.id);
  if (before?.item !== undefined && before.again) {
    before.again = false;
    return { condition: true, outputs: { WorkQueueItem: variableOf(before.item, before.retries) } };
  }
  const filter = args.has('FilterRows') ? await readFilter(args.text('FilterRows')) : undefined;
  const item = await queues.take(queue.id, filter);
  if (item === undefined) {
    open.delete(queue.id);
    return { condition: false };
  }
  const maxRetries = args.has('MaxRetryCount') ? args.integer('MaxRetryCount') : queue.maxRetries;
  open.set(queue.id, { maxRetries, item, retries: 0, again: false });
  return { condition: true, outputs: { WorkQueueItem: variableOf(item) } };
}

async function update(args: ActionArguments, context: ActionContext, clear: boolean): Promise<ActionResult> {
  const queues = queuesOf(context);
  const item = await itemOf(args, queues);
  const code = 'UpdateWorkQueueItemError';
  if (item.status === 'OnHold') {
    throw new ActionError(
      'WorkQueueItemOnHoldError',
      `The work queue item "${item.name}" is on hold.`,
      'Somebody put it on hold meanwhile: go on with the next item.',
    );
  }
  if (args.has('InputValue')) {
    throw new ActionError(
      code,
      'The input of a work queue item cannot be changed while it is processed.',
      'Leave InputValue empty, or write it into the processing notes.',
    );
  }
  const status = statusArgument(args);
  const notes = clear ? '' : joined(item.notes, args.text('ProcessingResult'));
  const loop = loopsOf(queues).get(item.queue);
  const isCurrent = loop?.item?.id === item.id;
  if (status === 'ITException' && loop !== undefined && isCurrent && loop.retries < loop.maxRetries) {
    // Held back: the loop gives the item again.
    loop.retries++;
    loop.again = true;
    return {};
  }
  if (loop !== undefined && isCurrent && status !== undefined) loop.item = undefined;
  if (status !== undefined && item.status !== 'Processing') throw notAllowed(item, status, code);
  await changed(queues, item, { notes, ...(status !== undefined && { status }) }, code);
  return {};
}

/** Undefined: the status stays. */
function statusArgument(args: ActionArguments): WorkItemStatus | undefined {
  const known = ['Processed', 'GenericException', 'ITException', 'BusinessException', 'ProcessingTimeout'];
  const status = args.has('Status') ? args.member('Status') : 'Processed';
  if (status === 'Unchanged') return undefined;
  if (known.includes(status)) return status as WorkItemStatus;
  throw new ActionError(
    'InvalidArgument',
    `${describe(args.value('Status'))} is no status that an item can be given.`,
    `Give one of ${known.join(', ')}.`,
  );
}

async function requeue(args: ActionArguments, context: ActionContext, clear: boolean): Promise<ActionResult> {
  const queues = queuesOf(context);
  const item = await itemOf(args, queues);
  const code = 'RequeueWorkQueueItemError';
  if (item.status === 'Queued') throw notAllowed(item, 'Queued', code);
  const expiresAt = timeArgument(args, 'ExpiryDate');
  await changed(
    queues,
    item,
    {
      status: 'Queued',
      delayUntil: timeArgument(args, 'DelayUntil'),
      ...(expiresAt !== undefined && { expiresAt }),
      notes: clear ? '' : joined(item.notes, args.text('ProcessingResult')),
    },
    code,
  );
  const loop = loopsOf(queues).get(item.queue);
  if (loop?.item?.id === item.id) loop.item = undefined;
  return {};
}

async function changeNotes(
  args: ActionArguments,
  context: ActionContext,
  clear: boolean,
): Promise<ActionResult> {
  const queues = queuesOf(context);
  const item = await itemOf(args, queues);
  const notes = clear ? '' : joined(item.notes, args.text('ProcessingNotes'));
  await changed(queues, item, { notes }, 'AppendProcessingResultsError');
  return {};
}

async function changed(
  queues: WorkQueues,
  item: WorkItem,
  change: Parameters<WorkQueues['change']>[1],
  code: string,
): Promise<void> {
  if ((await queues.change(item.id, change)) !== undefined) return;
  throw new ActionError(
    code,
    `The work queue item "${item.name}" is being processed by another run.`,
    'This run was away for too long, or the item was never given to it: go on with the next item.',
  );
}

function notAllowed(item: WorkItem, status: WorkItemStatus, code: string): ActionError {
  return new ActionError(
    code,
    `The work queue item "${item.name}" is ${item.status}; it cannot become ${status}.`,
    'Only an item that is being processed can be finished, and only one that is not queued can be put back.',
  );
}

async function list(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const queues = queuesOf(context);
  const queue = await queueOf(args, queues).catch((error: unknown) => {
    if (args.boolean('ThrowIfWorkQueueNotFound')) throw error;
    return undefined;
  });
  const filter = await readFilter(args.text('FilterRows'));
  const items = queue === undefined ? [] : filter(await queues.items(queue.id));
  const rows = Math.max(0, args.integer('RowsToReturn'));
  return { outputs: { WorkQueueItems: items.slice(0, rows).map((item) => variableOf(item)) } };
}

export const workQueuesActions: readonly ActionDefinition[] = [
  { id: 'WorkQueues.EnqueueWorkQueueItem.WithoutUniqueId', run: add },
  { id: 'WorkQueues.EnqueueWorkQueueItem.WithUniqueId', run: add },
  { id: 'WorkQueues.ProcessWorkQueueItem.ProcessWorkQueueItem', run: next },
  { id: 'WorkQueues.ProcessWorkQueueItem.ProcessWorkQueueItemOverrideRetry', run: next },
  {
    id: 'WorkQueues.UpdateWorkQueueItem.UpdateWithProcessingNotes',
    run: (args, context) => update(args, context, false),
  },
  {
    id: 'WorkQueues.UpdateWorkQueueItem.UpdateAndClearProcessingNotes',
    run: (args, context) => update(args, context, true),
  },
  {
    id: 'WorkQueues.RequeueWorkQueueItem.RequeueWithProcessingNotes',
    run: (args, context) => requeue(args, context, false),
  },
  {
    id: 'WorkQueues.RequeueWorkQueueItem.RequeueAndClearProcessingNotes',
    run: (args, context) => requeue(args, context, true),
  },
  {
    id: 'WorkQueues.UpdateProcessingNotes.WithProcessingNotes',
    run: (args, context) => changeNotes(args, context, false),
  },
  {
    id: 'WorkQueues.UpdateProcessingNotes.ClearProcessingNotes',
    run: (args, context) => changeNotes(args, context, true),
  },
  { id: 'WorkQueues.GetWorkQueueItems', run: list },
];
