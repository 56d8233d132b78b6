// Finds machines, groups and connections by identifier or name, and says which ones there are when there is none of that name. Decides
// nothing about who may use them.
import { ProductError } from '../base/error.ts';
import { nearest } from '../language/nearest.ts';
import type { FleetStore } from '../orchestration/store.ts';
import type { ConnectionRecord, GroupRecord, MachineRecord } from '../protocol/fleet.ts';

/** Most names that a message lists. */
const mostListed = 8;
const longestShown = 100;

/** A machine or group as the place where runs wait. */
export type Target =
  | { readonly kind: 'machine'; readonly machine: MachineRecord }
  | { readonly kind: 'group'; readonly group: GroupRecord };

export const targetId = (target: Target): string =>
  target.kind === 'machine' ? target.machine.id : target.group.id;
export const targetName = (target: Target): string =>
  target.kind === 'machine' ? target.machine.name : target.group.name;

export interface FleetNames {
  /** Throws `MachineNotFound`. */
  machine(idOrName: string): Promise<MachineRecord>;
  /** Throws `XrmMachineGroupNotFound`. */
  group(idOrName: string): Promise<GroupRecord>;
  /** Throws `MachineNotFound`, and `NameAmbiguous` when a machine and a group have the name. */
  target(idOrName: string): Promise<Target>;
  /** Throws `ConnectionNotFound`. */
  connection(idOrName: string): Promise<ConnectionRecord>;
}

export function fleetNames(store: FleetStore, leaseMs: number): FleetNames {
  return {
    async machine(asked) {
      const all = await store.machines(leaseMs);
      const [found] = named(asked, all);
      if (found !== undefined) return found;
      throw unknown('MachineNotFound', 'machine', asked, all, 'List them: `dflow machine list`.');
    },
    async group(asked) {
      const all = await store.groups();
      const [found] = named(asked, all);
      if (found !== undefined) return found;
      throw unknown('XrmMachineGroupNotFound', 'machine group', asked, all, 'List them: `dflow group list`.');
    },
    async target(asked) {
      const [machines, groups] = await Promise.all([store.machines(leaseMs), store.groups()]);
      const found: Target[] = [
        ...named(asked, machines).map((machine): Target => ({ kind: 'machine', machine })),
        ...named(asked, groups).map((group): Target => ({ kind: 'group', group })),
      ];
      const [first, second] = found;
      if (first !== undefined && second === undefined) return first;
      if (first !== undefined) {
        throw new ProductError(
          'NameAmbiguous',
          `${targetName(first)} is the name of a machine and of a machine group.`,
          `Give the identifier: ${found.map((target) => `${targetId(target)} is the ${target.kind}`).join(', ')}.`,
        );
      }
      throw unknown(
        'MachineNotFound',
        'machine or machine group',
        asked,
        [...machines, ...groups],
        'List them: `dflow machine list`, `dflow group list`.',
      );
    },
    async connection(asked) {
      const all = await store.connections();
      const [found] = named(asked, all);
      if (found === undefined) {
        throw unknown(
          'ConnectionNotFound',
          'connection',
          asked,
          all,
          'List them: `dflow connection list`; make one: `dflow connection add`.',
        );
      }
      const { sealed: _, ...connection } = found;
      return connection;
    },
  };
}

/** The one with this identifier, else those with this name. */
function named<T extends { readonly id: string; readonly name: string }>(
  asked: string,
  all: readonly T[],
): readonly T[] {
  const byId = all.find(({ id }) => id === asked);
  if (byId !== undefined) return [byId];
  const name = asked.trim().toLowerCase();
  return all.filter((item) => item.name.toLowerCase() === name);
}

function unknown(
  code: string,
  what: string,
  asked: string,
  all: readonly { readonly name: string }[],
  nextStep: string,
): ProductError {
  const names = all.map(({ name }) => name);
  const near = nearest(asked, names);
  const others = names.length - mostListed;
  const known =
    names.length === 0
      ? 'There is none yet.'
      : near !== undefined
        ? `Do you mean ${near}?`
        : `There is ${names.slice(0, mostListed).join(', ')}${others > 0 ? ` and ${others} more` : ''}.`;
  return new ProductError(code, `There is no ${what} ${asked.slice(0, longestShown)}. ${known}`, nextStep);
}
