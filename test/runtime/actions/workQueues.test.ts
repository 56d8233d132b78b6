// The WorkQueues actions over real files and the link between worker and agent: order, retries, errors, several runs at once.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { RunWorkQueues } from '../../../src/agent/runWorkQueues.ts';
import { LinkedWorkQueues } from '../../../src/agent/worker/linkedWorkQueues.ts';
import { openWorkQueues, SqliteWorkQueues } from '../../../src/orchestration/sqliteWorkQueues.ts';
import { fromWorker, toWorker } from '../../../src/protocol/worker.ts';
import type { ActionResult } from '../../../src/runtime/action.ts';
import { readFilter } from '../../../src/runtime/actions/workQueues/fetchXml.ts';
import { workQueuesActions } from '../../../src/runtime/actions/workQueues/index.ts';
import { ArgumentShape, CallArguments } from '../../../src/runtime/arguments.ts';
import { FlowDatetime, type InstanceValue, type Value } from '../../../src/runtime/values.ts';
import type { WorkItem } from '../../../src/runtime/workQueues.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const folder = temporaryFolder();
const opened: SqliteWorkQueues[] = [];
afterEach(() => {
  for (const queues of opened.splice(0)) queues.close();
});

/** As a worker uses them: every call and answer travels as JSON. */
function overLink(queues: SqliteWorkQueues): LinkedWorkQueues {
  const agent = new RunWorkQueues(() => queues);
  const linked = new LinkedWorkQueues((message) => {
    const said = fromWorker.parse(JSON.parse(JSON.stringify({ ...message, fence: 1 })));
    if (said.kind !== 'workQueues') throw new Error(said.kind);
    void agent.answer(said.id, said.call).then((answer) => {
      const heard = toWorker.parse(JSON.parse(JSON.stringify(answer)));
      if (heard.kind === 'workQueues') linked.answered(heard);
    });
  });
  return linked;
}

let count = 0;
/** One machine with the queue "Orders"; `run` makes another run on it. */
async function machine(maxRetries = 0) {
  const clock = new FakeClock();
  const path = join(await folder(), 'workQueues.db');
  const run = (ownClock = clock) => {
    const queues = openWorkQueues(path, `run ${++count}`, ownClock, () => `id-${++count}`);
    opened.push(queues);
    const context = contextIn('/flows', { workQueues: overLink(queues) });
    const act = (id: string, given: Record<string, Value>): Promise<ActionResult> =>
      runAction(workQueuesActions, `WorkQueues.${id}`, given, context);
    return {
      queues,
      act,
      add: (name: string, given: Record<string, Value> = {}) =>
        act('EnqueueWorkQueueItem.WithUniqueId', {
          WorkQueue: 'orders',
          Name: name,
          Value: `v-${name}`,
          ...given,
        }),
      /** The next item of the loop; undefined at its end. */
      async next(given: Record<string, Value> = {}): Promise<InstanceValue | undefined> {
        const id = 'MaxRetryCount' in given ? 'ProcessWorkQueueItemOverrideRetry' : 'ProcessWorkQueueItem';
        const { condition, outputs } = await act(`ProcessWorkQueueItem.${id}`, {
          WorkQueue: 'Orders',
          ...given,
        });
        return condition ? (outputs?.WorkQueueItem as InstanceValue) : undefined;
      },
      update: (item: Value, status: string, given: Record<string, Value> = {}) =>
        act('UpdateWorkQueueItem.UpdateWithProcessingNotes', {
          WorkQueueItem: item,
          Status: status,
          ...given,
        }),
      requeue: (item: Value, given: Record<string, Value> = {}) =>
        act('RequeueWorkQueueItem.RequeueWithProcessingNotes', {
          WorkQueueItem: item,
          DelayUntil: null,
          ...given,
        }),
    };
  };
  const first = run();
  const queue = await first.queues.addQueue('Orders', maxRetries);
  return { clock, path, run, queue, ...first };
}

const nameOf = (item: InstanceValue | undefined) => item?.properties.get('Name');
const later = (clock: FakeClock, ms: number): FlowDatetime => {
  const at = new Date(clock.now() + ms);
  return new FlowDatetime(clock.now() + ms - at.getTimezoneOffset() * 60_000);
};

describe('items', () => {
  it('come in the order of their priority, then of their age, and are gone then', async () => {
    const { add, next, update } = await machine();
    for (const [name, priority] of [
      ['a', 'Normal'],
      ['b', 'Low'],
      ['c', 'High'],
      ['d', 'Normal'],
    ] as const)
      await add(name, { Priority: priority });
    const names: unknown[] = [];
    for (let item = await next(); item !== undefined; item = await next()) {
      names.push(nameOf(item));
      await update(item, 'Processed');
    }
    expect(names).toEqual(['c', 'a', 'd', 'b']);
  });

  it('wait until their time and are not given out after it', async () => {
    const { clock, add, next, update } = await machine();
    await add('late', { DelayUntil: later(clock, 60_000) });
    await add('short', { ExpiryDate: later(clock, 30_000) });
    await add('held', { Status: 'Paused' });
    expect(nameOf(await next())).toBe('short');
    await add('gone', { ExpiryDate: later(clock, 30_000) });
    await clock.advance(60_000);
    const item = (await next()) as InstanceValue;
    expect(nameOf(item)).toBe('late');
    await update(item, 'Processed');
    expect(await next()).toBeUndefined();
  });

  it('have what they were added with, and an id of their own when none is given', async () => {
    const { clock, act, next } = await machine();
    const { outputs } = await act('EnqueueWorkQueueItem.WithoutUniqueId', {
      WorkQueue: 'ORDERS',
      Name: 'Order 7',
      Value: '{"total": 3}',
      Priority: 'High',
      ProcessingResult: 'first',
      ExpiryDate: later(clock, 1_000),
    });
    const item = (await next()) as InstanceValue;
    expect(item.properties.get('Id')).toBe(
      (outputs?.WorkQueueItem as InstanceValue | undefined)?.properties.get('Id'),
    );
    expect(Object.fromEntries(item.properties)).toMatchObject({
      Name: 'Order 7',
      Value: '{"total": 3}',
      Priority: 'High',
      Status: 'Processing',
      ProcessingNotes: 'first',
      UniqueId: expect.stringMatching(/^system-/),
      ExpiryDate: later(clock, 1_000),
      DelayUntil: null,
      CurrentRetryCount: 0,
    });
  });

  it('have a unique id in their queue', async () => {
    const { add } = await machine();
    await add('a', { UniqueId: 'order-7' });
    expect(await errorOf(add('b', { UniqueId: 'order-7' }))).toBe(
      'AddItemIntoWorkQueueError: The work queue "Orders" has an item with the unique id "order-7" already.',
    );
    expect(await add('b', { UniqueId: 'order-7', ThrowOnDuplicateWorkQueueItem: false })).toEqual({});
  });

  it('collect notes, unless these are cleared', async () => {
    const { act, add, next, update, queues, queue } = await machine();
    await add('a', { ProcessingResult: 'one' });
    const item = (await next()) as InstanceValue;
    await act('UpdateProcessingNotes.WithProcessingNotes', { WorkQueueItem: item, ProcessingNotes: 'two' });
    await update(item, 'Unchanged', { ProcessingResult: 'three' });
    expect(await queues.items(queue.id)).toMatchObject([{ notes: 'one\ntwo\nthree', status: 'Processing' }]);
    // The catalog does not know the arguments of this form; they are those of the other one.
    const clear = workQueuesActions.find(({ id }) => id.endsWith('.ClearProcessingNotes'));
    const shape = new ArgumentShape('x', undefined, ['WorkQueueItem'], [false]);
    await clear?.run(new CallArguments(shape, [item], '/'), contextIn('/', { workQueues: queues }));
    expect(await queues.items(queue.id)).toMatchObject([{ notes: '' }]);
  });
});

describe('a loop', () => {
  it('gives an item that failed with an IT exception again, as often as its queue says, and tells nobody until then', async () => {
    const { add, next, update, queues, queue } = await machine(2);
    await add('a');
    await add('b');
    const seen: unknown[] = [];
    for (let item = await next(); item !== undefined; item = await next()) {
      seen.push([nameOf(item), item.properties.get('CurrentRetryCount')]);
      await update(item, nameOf(item) === 'a' ? 'ITException' : 'Processed', { ProcessingResult: 'x' });
      if (seen.length < 3)
        expect((await queues.items(queue.id))[0]).toMatchObject({ status: 'Processing', notes: '' });
    }
    expect(seen).toEqual([
      ['a', 0],
      ['a', 1],
      ['a', 2],
      ['b', 0],
    ]);
    expect(await queues.items(queue.id)).toMatchObject([
      { status: 'ITException', notes: 'x' },
      { status: 'Processed' },
    ]);
  });

  it('follows its own number of retries, and ends them with another status', async () => {
    const { add, next, update, queues, queue } = await machine(9);
    await add('a');
    await add('b');
    for (
      let item = await next({ MaxRetryCount: 0 });
      item !== undefined;
      item = await next({ MaxRetryCount: 0 })
    )
      await update(item, 'ITException');
    expect((await queues.items(queue.id)).map(({ status }) => status)).toEqual([
      'ITException',
      'ITException',
    ]);
    await add('c');
    const item = (await next()) as InstanceValue;
    await update(item, 'ITException');
    await update(item, 'BusinessException');
    expect(await next()).toBeUndefined();
    expect((await queues.items(queue.id)).at(-1)?.status).toBe('BusinessException');
  });

  it('follows a filter instead of order, delay and expiry', async () => {
    const { clock, add, next } = await machine();
    await add('a', { Priority: 'High' });
    await add('b', { Priority: 'Low', DelayUntil: later(clock, 60_000) });
    const filter = '<filter><condition attribute="priority" operator="eq" value="300"/></filter>';
    expect(nameOf(await next({ FilterRows: filter }))).toBe('b');
    expect(await next({ FilterRows: filter })).toBeUndefined();
  });
});

describe('several runs', () => {
  it('get different items, and cannot change those of others', async () => {
    const { run, add } = await machine();
    const [one, two] = [run(), run()];
    for (let n = 0; n < 20; n++) await add(`item ${n}`);
    const taken = new Set<unknown>();
    for (let n = 0; n < 10; n++) {
      const [a, b] = await Promise.all([one.next(), two.next()]);
      taken.add(nameOf(a)).add(nameOf(b));
      if (n === 0) {
        expect(await errorOf(two.update(a as InstanceValue, 'Processed'))).toMatch(
          /^UpdateWorkQueueItemError/,
        );
      }
      await one.update(a as InstanceValue, 'Processed');
      await two.update(b as InstanceValue, 'Processed');
    }
    expect(taken.size).toBe(20);
  });

  it('keep their items when the file cannot be written for a moment', async () => {
    const { clock, run, add, path, queue } = await machine();
    await add('a');
    // It does not wait for others, as the queues of a run do for some seconds.
    const slow = new SqliteWorkQueues(new DatabaseSync(path), path, 'slow', clock, () => 'none');
    opened.push(slow);
    await slow.take(queue.id);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    await clock.advance(15_000);
    other.exec('ROLLBACK');
    other.close();
    await clock.advance(50_000);
    expect(await run().next()).toBeUndefined();
  });

  it('get the item of a run that died, but not of one that only takes long or ended without a word', async () => {
    const { clock, run, add, queues, queue } = await machine();
    await add('a');
    const slow = run();
    expect(nameOf(await slow.next())).toBe('a');
    await clock.advance(10 * 60_000);
    expect(await run().next()).toBeUndefined();
    opened.splice(opened.indexOf(slow.queues), 1);
    slow.queues.close();
    await clock.advance(10 * 60_000);
    expect(await run().next()).toBeUndefined();
    expect((await queues.items(queue.id))[0]?.status).toBe('Processing');

    // A process that died renews nothing: its clock stands still.
    await add('b');
    const dead = run(new FakeClock({ start: clock.now() }));
    const item = (await dead.next()) as InstanceValue;
    expect(nameOf(item)).toBe('b');
    await clock.advance(59_000);
    expect(await run().next()).toBeUndefined();
    await clock.advance(2_000);
    expect(nameOf(await run().next())).toBe('b');
    expect(await errorOf(dead.update(item, 'Processed'))).toBe(
      'UpdateWorkQueueItemError: The work queue item "b" is being processed by another run.',
    );
  });
});

describe('errors', () => {
  it('are found in any letter case, of any language', async () => {
    const { queues } = await machine();
    const { id } = await queues.addQueue('Übung', 0);
    for (const name of ['übung', 'ÜBUNG', id.toUpperCase()]) expect((await queues.queue(name))?.id).toBe(id);
    await expect(queues.addQueue('ÜBUNG', 0)).rejects.toThrow('There is a work queue "ÜBUNG" already.');
  });

  it('name the queue that is not there or does not go on', async () => {
    const { act, next, add, queues, queue } = await machine();
    expect(await errorOf(act('ProcessWorkQueueItem.ProcessWorkQueueItem', { WorkQueue: 'Nothing' }))).toBe(
      'WorkQueueNotFoundError: There is no work queue "Nothing" on this machine.',
    );
    await queues.setState(queue.id, 'paused');
    expect(await errorOf(next())).toBe('WorkQueuePausedOrStoppedError: The work queue "Orders" is paused.');
    await add('still taken');
    await queues.setState(queue.id, 'stopped');
    expect(await errorOf(add('a'))).toBe('AddItemIntoWorkQueueError: The work queue "Orders" is stopped.');
  });

  it('follow the moves that a status may make', async () => {
    const { add, next, update, requeue, queues } = await machine();
    await add('a');
    const item = (await next()) as InstanceValue;
    await update(item, 'Processed');
    expect(await errorOf(update(item, 'GenericException'))).toBe(
      'UpdateWorkQueueItemError: The work queue item "a" is Processed; it cannot become GenericException.',
    );
    await requeue(item, { ProcessingResult: 'again' });
    expect(await errorOf(requeue(item))).toMatch(/^RequeueWorkQueueItemError: .* is Queued/);
    await queues.change(String(item.properties.get('Id')), { status: 'OnHold' });
    expect(await errorOf(update(item, 'Processed'))).toBe(
      'WorkQueueItemOnHoldError: The work queue item "a" is on hold.',
    );
    expect(await errorOf(update('a', 'Processed'))).toMatch(/^InvalidArgument: .*a work queue item/);
    expect(await errorOf(update(item, 'Queued'))).toMatch(/^WorkQueueItemOnHoldError/);
  });

  it('name what is wrong with a filter', async () => {
    const { next } = await machine();
    expect(await errorOf(next({ FilterRows: '<filter' }))).toMatch(
      /^InvalidFetchXMLError: The filter cannot be used: /,
    );
    expect(
      await errorOf(
        next({ FilterRows: '<filter><condition attribute="color" operator="eq" value="1"/></filter>' }),
      ),
    ).toMatch(/attribute="color" is not known/);
    expect(
      await errorOf(
        next({ FilterRows: '<filter><condition attribute="name" operator="contains" value="1"/></filter>' }),
      ),
    ).toMatch(/operator="contains" is not supported/);
    expect(
      await errorOf(next({ FilterRows: '<fetch><entity name="x"><link-entity/></entity></fetch>' })),
    ).toMatch(/<link-entity> is not supported/);
  });

  it('say where there are no work queues', async () => {
    const work = runAction(
      workQueuesActions,
      'WorkQueues.ProcessWorkQueueItem.ProcessWorkQueueItem',
      { WorkQueue: 'x' },
      contextIn('/flows'),
    );
    expect(await errorOf(work)).toBe('ActionFailed: There are no work queues here.');
  });
});

describe('a pattern of a filter', () => {
  const matches = async (name: string, pattern: string) => {
    const filter = await readFilter(
      `<filter><condition attribute="name" operator="like" value="${pattern}"/></filter>`,
    );
    return filter([{ name } as WorkItem]).length === 1;
  };

  it.each([
    ['Invoice 12', 'invoice%', true],
    ['Invoice 12', '%12', true],
    ['Invoice 12', '%o%e%', true],
    ['Invoice 12', 'invoice _2', true],
    ['Invoice 12', 'invoice', false],
    ['Invoice 12', '%1', false],
    ['aab', '%ab', true],
    ['', '%', true],
    ['', '_', false],
    ['100% a+b', '100% a+b', true],
    ['axb', 'a.b', false],
    ['two\nlines', 'two%lines', true],
  ])('%j is like %j: %s', async (name, pattern, expected) => {
    expect(await matches(name, pattern)).toBe(expected);
  });

  it('with many gaps is decided at once', async () => {
    const started = performance.now();
    expect(await matches('a'.repeat(20_000), `${'%a'.repeat(12)}%b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('a list of items', () => {
  it('follows conditions, order and number', async () => {
    const { act, add } = await machine();
    for (const name of ['Ant', 'bee', 'cat', 'cow'])
      await add(name, { Priority: name === 'cat' ? 'High' : 'Low' });
    const names = async (filter: string, rows = 5000) => {
      const given = { WorkQueue: 'Orders', FilterRows: filter, RowsToReturn: rows };
      const { outputs } = await act('GetWorkQueueItems', given);
      return (outputs?.WorkQueueItems as InstanceValue[] | undefined)?.map(nameOf);
    };
    const condition = (text: string) => `<filter><condition ${text}/></filter>`;
    expect(await names(condition('attribute="name" operator="like" value="c%"'))).toEqual(['cat', 'cow']);
    expect(await names(condition('attribute="name" operator="eq" value="BEE"'))).toEqual(['bee']);
    expect(await names(condition('attribute="delayuntil" operator="null"'), 2)).toEqual(['Ant', 'bee']);
    expect(
      await names(
        '<fetch><entity name="workqueueitem"><attribute name="name"/><filter type="or"><condition attribute="priority" operator="lt" value="200"/><condition attribute="name" operator="in"><value>ant</value><value>cow</value></condition></filter><order attribute="name" descending="true"/></entity></fetch>',
      ),
    ).toEqual(['cow', 'cat', 'Ant']);
    const missing = { WorkQueue: 'none', FilterRows: '<filter/>' };
    expect(await errorOf(act('GetWorkQueueItems', missing))).toMatch(/^WorkQueueNotFoundError/);
    expect((await act('GetWorkQueueItems', { ...missing, ThrowIfWorkQueueNotFound: false })).outputs).toEqual(
      {
        WorkQueueItems: [],
      },
    );
  });
});
