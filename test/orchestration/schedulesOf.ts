// What the tests of the scheduler share: a queue, a flow and schedules in one line each.
import type { NewSchedule, ScheduledRequest } from '../../src/orchestration/scheduler.ts';
import { defaultPlacement } from '../../src/orchestration/settings.ts';
import type { FleetStore } from '../../src/orchestration/store.ts';
import type { ScheduleSpec } from '../../src/protocol/schedules.ts';

/** A group without machines: what is put into its queue stays there. */
export const queueId = 'the-queue';

/** The queue of a group with one machine, which is offline: what is requested waits. */
export async function addQueue(store: FleetStore): Promise<void> {
  await store.putGroup({
    id: queueId,
    name: 'Robots',
    description: '',
    owner: 'ann',
    settings: defaultPlacement,
  });
  await store.putMachine({ id: 'm', name: 'PC', description: '', owner: 'ann', unattendedSlots: 1 });
  await store.setMembership('m', queueId);
}

export function request(queue = queueId): ScheduledRequest {
  return {
    run: {
      flow: { name: 'Invoices', path: '/flows/Invoices.robin', hash: 'hash of the flow' },
      queue,
      mode: 'unattended',
      priority: 'normal',
      requestedBy: 'ann',
      inputs: { Month: 'May' },
    },
    account: 'bot',
    flowText: 'SET A TO 1',
    companions: [{ path: 'ui.json', text: '{}' }],
    sealedInputs: new Uint8Array([1, 2, 3]),
  };
}

export function every(seconds: number, from: number, more: Partial<ScheduleSpec> = {}): ScheduleSpec {
  return { times: { kind: 'interval', seconds, from }, timeZone: 'UTC', missed: 'skip', ...more };
}

export function schedule(id: string, spec: ScheduleSpec, changes: Partial<NewSchedule> = {}): NewSchedule {
  return { id, name: `Schedule ${id}`, owner: 'ann', enabled: true, spec, request: request(), ...changes };
}
