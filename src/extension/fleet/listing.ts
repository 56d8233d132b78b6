// Reads the lists of one server again and again: when something changed, and at most one reading at a time, however slow its answers are.
import type { Link } from '../localAgent.ts';
import type { FleetLists } from './fleetStore.ts';

/** Rejects with a ProductError. */
export async function fleetLists(link: Pick<Link, 'call'>): Promise<FleetLists> {
  const [{ machines, era }, { groups }, { connections }] = await Promise.all([
    link.call('machines.list', {}),
    link.call('groups.list', {}),
    link.call('connections.list', {}),
  ]);
  return { machines, groups, connections, era };
}

/** One reading at a time; a wish that comes meanwhile is one more reading afterwards. */
export class SingleFlight {
  readonly #work: () => Promise<void>;
  #running: Promise<void> | undefined;
  #again = false;

  /** `work` never rejects. */
  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  run(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#loop().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #loop(): Promise<void> {
    do {
      this.#again = false;
      await this.#work();
    } while (this.#again);
  }
}
