// `dflow workqueue`: the work queues of this machine, made and looked at. Their items are added and processed by flows.
import type { AgentLink } from '../protocol/link.ts';
import type { WorkItemRecord } from '../protocol/workQueues.ts';
import { type AgentAccess, reachAgent } from './access.ts';
import { counted, type Output, printable } from './terminal.ts';
import { exitCode } from './usage.ts';

/** One queue a line with the number of its items in each status. */
export function listWorkQueues(access: AgentAccess, json: boolean, out: Output): Promise<number> {
  return withAgent(access, async (link) => {
    const { queues } = await link.call('workQueues.list', {});
    if (json) out.write(`${JSON.stringify(queues)}\n`);
    else if (queues.length === 0) out.write('There are no work queues. Make one: dflow workqueue add NAME\n');
    else
      for (const { id, name, state, items } of queues) {
        const counts = Object.entries(items).map(([status, count]) => `${count} ${status}`);
        out.write(`${printable(name)}  ${id}  ${state}  ${counts.join(', ') || 'empty'}\n`);
      }
  });
}

export function addWorkQueue(
  name: string,
  maxRetries: number,
  access: AgentAccess,
  out: Output,
): Promise<number> {
  return withAgent(access, async (link) => {
    const { queue } = await link.call('workQueues.add', { name, maxRetries });
    out.write(`${queue.id}\n`);
  });
}

/** The items of a queue, oldest first. `name` may be its id. */
export function showWorkQueue(
  name: string,
  access: AgentAccess,
  json: boolean,
  out: Output,
): Promise<number> {
  return withAgent(access, async (link) => {
    const { items, more } = await link.call('workQueues.items', { queue: name });
    if (json) for (const item of items) out.write(`${JSON.stringify(item)}\n`);
    else {
      for (const item of items) out.write(describe(item));
      out.write(`${counted(items.length, 'item')}${more > 0 ? ` and ${more} more` : ''}\n`);
    }
  });
}

export function setWorkQueueState(
  name: string,
  state: 'active' | 'paused' | 'stopped',
  access: AgentAccess,
  out: Output,
): Promise<number> {
  return withAgent(access, async (link) => {
    const { queue } = await link.call('workQueues.setState', { queue: name, state });
    out.write(`${printable(queue.name)} is ${queue.state}.\n`);
  });
}

function describe({ id, name, status, priority, uniqueId, notes }: WorkItemRecord): string {
  const [note = ''] = notes.split('\n').slice(-1);
  return `${id}  ${status.padEnd(10)}  ${priority.padEnd(6)}  ${printable(name)}  ${printable(uniqueId)}${note === '' ? '' : `  ${printable(note)}`}\n`;
}

/** With the agent of this machine, started for this where none runs. */
async function withAgent(access: AgentAccess, work: (link: AgentLink) => Promise<void>): Promise<number> {
  const { leave } = await reachAgent(access, work);
  await leave();
  return exitCode.ok;
}
