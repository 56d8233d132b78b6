// How long it takes to decide who runs next, and to write it down, by the length of the queue: with runs of many accounts, and where one
// account whose run is under way everywhere stands in front of everybody else.
import type { Database } from '../../src/orchestration/store/database.ts';
import { openFleetStore } from '../../src/orchestration/store/fleetStore.ts';
import type { Change } from '../../src/orchestration/store.ts';
import type { MachineFacts } from '../../src/protocol/fleet.ts';
import { change, facts, holderOf, request, server, turn } from '../../test/orchestration/store/contract.ts';
import { addGroup, runRequest } from './ours.ts';

export interface ClaimTimes {
  readonly queued: number;
  /** Milliseconds of each claim. */
  readonly many: readonly number[];
  readonly behindOne: readonly number[];
}

/** Claims from queues of each of `sizes`, which grow. Closes the database. */
export async function claimTimes(
  database: Database,
  sizes: readonly number[],
  samples: number,
): Promise<readonly ClaimTimes[]> {
  const store = openFleetStore(database, Number.POSITIVE_INFINITY);
  const commit = (...changes: Change[]) => store.commit(changes, Math.random);
  const group = async (id: string, machines: number, about: MachineFacts) => {
    const ids = await addGroup(store, id, machines, about.sessionLimit);
    for (const machine of ids) await store.heartbeat(machine, 'boot', about, [], Number.POSITIVE_INFINITY);
    return ids;
  };
  const desktops = await group('many', 16, facts());
  const servers = await group('one', 2, server);
  let next = 0;
  const fill = async (count: number, entry: (id: number) => Change) => {
    for (let i = 0; i < count; i += 1_000)
      await commit(...Array.from({ length: Math.min(1_000, count - i) }, () => entry(next++)));
  };
  /** One run starts; it ends after the clock has stopped. */
  const claim = async (queue: string, ...asking: string[]): Promise<number> => {
    const began = performance.now();
    const [outcome] = await commit(turn(queue, ...asking));
    const took = performance.now() - began;
    const [started, ...more] = outcome?.claims ?? [];
    if (started === undefined || more.length > 0) throw new Error('not one run was claimed');
    await commit(change(holderOf(started), 'Succeeded'));
    return took;
  };
  const busy = (id: number) => request(`b${id}`, 'one', { account: 'busy' });
  const found: ClaimTimes[] = [];
  let size = 0;
  for (const queued of sizes) {
    await fill(queued - size, (id) => runRequest(id, 'many'));
    await fill(queued - size, busy);
    // Its run is under way on both machines: everything in front has to wait.
    if (size === 0) await commit(turn('one', ...servers));
    size = queued;
    const many: number[] = [];
    const behindOne: number[] = [];
    for (let i = 0; i < samples; i++) {
      many.push(await claim('many', desktops[i % desktops.length] as string));
      await commit(runRequest(next++, 'one'));
      behindOne.push(await claim('one', ...servers));
    }
    // As long as it was.
    await fill(samples, (id) => runRequest(id, 'many'));
    found.push({ queued, many, behindOne });
  }
  await store.close();
  return found;
}
