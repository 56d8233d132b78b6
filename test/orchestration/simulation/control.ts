// One orchestrator of a story, as a program: opened over the shared database, asked by agents and people, crashed, opened again.
import type { Disposable } from '../../../src/base/disposable.ts';
import { Log } from '../../../src/base/log.ts';
import { Orchestrator } from '../../../src/orchestration/orchestrator.ts';
import type { Database } from '../../../src/orchestration/store/database.ts';
import type { Change, FleetStore, Holder } from '../../../src/orchestration/store.ts';
import type { MachineFacts } from '../../../src/protocol/fleet.ts';
import { openStore } from './database.ts';
import type { Link } from './link.ts';
import type { Machine } from './machine.ts';
import type { Story } from './story.ts';

export class Control {
  readonly id: string;
  readonly #story: Story;
  readonly #database: Database;
  readonly #attached = new Map<string, { readonly link: Link; attachment: Disposable }>();
  #orchestrator: Orchestrator | undefined;
  #store: FleetStore | undefined;
  isAlive = false;
  /** Counts its lives. */
  generation = 0;
  lastHeard = 0;

  constructor(story: Story, id: string, database: Database) {
    this.#story = story;
    this.id = id;
    this.#database = database;
  }

  get store(): FleetStore {
    return this.#store as FleetStore;
  }

  get orchestrator(): Orchestrator {
    return this.#orchestrator as Orchestrator;
  }

  open(): void {
    if (this.isAlive || this.#opening) return;
    this.#opening = true;
    this.generation += 1;
    const { generation } = this;
    const isThis = () => this.generation === generation;
    const { time, chance, settings, watch } = this.#story;
    this.#store = openStore(this.#story, this.#database, isThis, () => this.crash());
    const clock = time.clock(this.id, isThis, () => this.#story.storeSkew);
    const log = new Log(this.id, () => time.now);
    Orchestrator.open({ store: this.#store, clock, chance: chance.next, settings, log }).then(
      (orchestrator) => {
        this.#opening = false;
        this.#orchestrator = orchestrator;
        this.isAlive = true;
        this.#story.disturbed();
        this.lastHeard = orchestrator.lastSeq;
        orchestrator.onEvents((events) => {
          if (!isThis()) return;
          for (const event of events) {
            this.lastHeard = watch.heard(this.id, this.lastHeard, event);
            this.#story.heard(event);
          }
        });
      },
      () => {
        this.#opening = false;
        this.generation += 1;
        time.after(2_000, `open ${this.id}`, () => this.open());
      },
    );
  }
  #opening = false;

  crash(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.generation += 1;
    this.#story.disturbed();
    const { time, chance } = this.#story;
    for (const { link } of this.#attached.values())
      time.after(chance.around(2_000), 'server gone', () => link.lost(this));
    this.#attached.clear();
    time.after(chance.around(20_000), `open ${this.id}`, () => this.open());
  }

  // ── what agents say ───────────────────────────────────────────────────────────────────────────────────────────

  attach(machine: Machine, link: Link): void {
    const queue = this.#story.queueOf(machine.id);
    const attachment = this.orchestrator.attach(machine.id, queue, link.port);
    this.#attached.set(machine.id, { link, attachment });
  }

  detach(machineId: string, link: Link): void {
    const entry = this.#attached.get(machineId);
    if (entry?.link !== link) return;
    entry.attachment.dispose();
    this.#attached.delete(machineId);
  }

  /** A machine works on another queue from now on. */
  moved(machine: Machine): void {
    const entry = this.#attached.get(machine.id);
    if (entry !== undefined && this.isAlive) this.attach(machine, entry.link);
  }

  heartbeat(machineId: string, boot: string, facts: MachineFacts, holding: readonly Holder[]) {
    return this.orchestrator.heartbeat(machineId, boot, facts, holding);
  }

  report(change: Extract<Change, { kind: 'change' | 'append' | 'giveBack' }>): Promise<boolean> {
    return this.orchestrator.report(change);
  }
}
