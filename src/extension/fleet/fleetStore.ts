// What this window knows about one agent or orchestrator: its machines, groups and connections, its clock, and (as a source of the run
// store) its runs. A projection that can be made anew at any time; knows neither VS Code nor the link.
import { Emitter } from '../../base/event.ts';
import type { ConnectionRecord, Era, GroupRecord, MachineRecord } from '../../protocol/fleet.ts';
import type { Run, RunEvent } from '../../protocol/run.ts';
import type { RunSource } from '../runs.ts';

export type ListedMachine = MachineRecord & { readonly queued: number; readonly running: number };
export type ListedGroup = GroupRecord & {
  readonly queued: number;
  readonly running: number;
  readonly machines: readonly string[];
};

/** What a server answered about itself, at one time. */
export interface FleetLists {
  readonly machines: readonly ListedMachine[];
  readonly groups: readonly ListedGroup[];
  readonly connections: readonly ConnectionRecord[];
  readonly era: Era;
}

/** `items`: rows that look different now, by the id of their machine, group or connection. `structure`: some appeared, left or moved. */
export type FleetChange =
  | { readonly kind: 'items'; readonly ids: readonly string[] }
  | { readonly kind: 'structure' };

/** A machine or group whose queue runs wait in. */
export interface Queue {
  readonly id: string;
  readonly name: string;
  readonly kind: 'machine' | 'group';
}

const nothing: FleetLists = { machines: [], groups: [], connections: [], era: '2021' };
/** What a server said last may be this old: within it, clocks count as equal. */
const clockTolerance = 30_000;

export class FleetStore {
  readonly runs: RunSource;
  readonly #changes = new Emitter<FleetChange>();
  #lists = nothing;
  #known = false;
  /** How far the server's clock is ahead of ours, at least; undefined before it told a time. */
  #ahead: number | undefined;

  readonly onDidChange = this.#changes.event;

  constructor(runs: RunSource) {
    this.runs = runs;
  }

  get lists(): FleetLists {
    return this.#lists;
  }

  /** False until the server told of its machines. */
  get isKnown(): boolean {
    return this.#known;
  }

  /** Takes in one event, which `now` (our wall clock) says arrived just now. See RunSource.apply. */
  apply(event: RunEvent, now: number): 'applied' | 'old' | 'gap' {
    this.#heard(event.at, now);
    return this.runs.apply(event);
  }

  /** Takes in lists that arrived at `now`. Announces what differs. */
  update(lists: FleetLists, now: number): void {
    for (const { online, seenAt } of lists.machines)
      if (online && seenAt !== undefined) this.#heard(seenAt, now);
    const before = this.#lists;
    const first = !this.#known;
    this.#lists = lists;
    this.#known = true;
    if (first || shapeOf(before) !== shapeOf(lists)) {
      this.#changes.fire({ kind: 'structure' });
      return;
    }
    const ids = [
      ...changed(before.machines, lists.machines),
      ...changed(before.groups, lists.groups),
      ...changed(before.connections, lists.connections),
    ];
    if (ids.length > 0) this.#changes.fire({ kind: 'items', ids });
  }

  /** Forgets everything but runs: another server answers now. */
  forgetLists(): void {
    this.#lists = nothing;
    this.#known = false;
    this.#ahead = undefined;
    this.#changes.fire({ kind: 'structure' });
  }

  /** The server's wall clock when ours says `now`: its times are compared with this, never with ours. */
  serverTime(now: number): number {
    return this.#ahead === undefined || Math.abs(this.#ahead) < clockTolerance ? now : now + this.#ahead;
  }

  /** In which runs can wait: groups, and the machines that are in none; by name. And those that only runs tell of. */
  queues(): readonly Queue[] {
    const { machines, groups } = this.#lists;
    const listed: Queue[] = [
      ...groups.map(({ id, name }): Queue => ({ id, name, kind: 'group' })),
      ...machines
        .filter(({ group }) => group === undefined)
        .map(({ id, name }): Queue => ({ id, name, kind: 'machine' })),
    ].sort((a, b) => a.name.localeCompare(b.name));
    const ids = new Set(listed.map(({ id }) => id));
    for (const id of this.runs.queues()) {
      if (ids.has(id) || this.runs.queued(id).length + this.runs.running(id).length === 0) continue;
      listed.push({ id, name: this.nameOf(id) ?? 'a machine that is gone', kind: 'machine' });
    }
    return listed;
  }

  machine(id: string): ListedMachine | undefined {
    return this.#lists.machines.find((machine) => machine.id === id);
  }

  group(id: string): ListedGroup | undefined {
    return this.#lists.groups.find((group) => group.id === id);
  }

  connection(id: string): ConnectionRecord | undefined {
    return this.#lists.connections.find((connection) => connection.id === id);
  }

  /** Of a machine or group. */
  nameOf(id: string): string | undefined {
    return (this.machine(id) ?? this.group(id))?.name;
  }

  /** Runs that a machine carries now. */
  runsOn(machineId: string): readonly Run[] {
    const queue = this.machine(machineId)?.group ?? machineId;
    return this.runs.running(queue).filter(({ machine }) => machine === machineId);
  }

  /** A time that the server has seen: its clock has come at least as far. */
  #heard(at: number, now: number): void {
    this.#ahead = Math.max(this.#ahead ?? Number.NEGATIVE_INFINITY, at - now);
  }
}

/** Which machines, groups and connections there are, and where they belong. */
function shapeOf({ machines, groups, connections }: FleetLists): string {
  return JSON.stringify([
    machines.map(({ id, name, group, facts }) => [
      id,
      name,
      group,
      facts?.sessions?.map((session) => session.id),
    ]),
    groups.map(({ id, name }) => [id, name]),
    connections.map(({ id, name, queue }) => [id, name, queue]),
  ]);
}

/** Ids of those that look different. When a machine was last heard of does not show while it is online. */
function changed<T extends { readonly id: string }>(before: readonly T[], after: readonly T[]): string[] {
  const looks = (item: T) =>
    JSON.stringify('online' in item && item.online === true ? { ...item, seenAt: 0 } : item);
  const old = new Map(before.map((item) => [item.id, looks(item)]));
  return after.filter((item) => old.get(item.id) !== looks(item)).map(({ id }) => id);
}
