// Who may do what with machines, groups, connections and runs (rules GRP-5, GRP-7). Roles are given; an act that is refused has changed
// nothing.
import { ProductError } from '../base/error.ts';
import type { MachineRecord, Role } from '../protocol/fleet.ts';
import type { Run } from '../protocol/run.ts';

/** What somebody may do with a queue; undefined: nothing. The empty queue: with everything that there is. */
export type Roles = (queue: string) => Role | undefined;

/** Who asks. */
export interface Asker {
  /** Owner of what they make, and named in the audit. */
  readonly principal: string;
  /** There is nobody else: the shell says on whose behalf it asks. */
  readonly isAlone: boolean;
  roleOf(queue: string): Promise<Role | undefined>;
  /** As `roleOf`, for all queues, as it is now. */
  roles(): Promise<Roles>;
}

/** The user of an agent that serves one user only: everything in its data folder is theirs. */
export const soleUser = (principal: string): Asker => ({
  principal,
  isAlone: true,
  roleOf: async () => 'owner',
  roles: async () => () => 'owner',
});

/** Under which name it is recorded who asked: `said` counts only where nobody has proved who he is. */
export const nameOf = (asker: Asker, said: string): string => (asker.isAlone ? said : asker.principal);

/** Permissions of a group hold for its members (rule GRP-5). */
export const queueOfMachine = ({ id, group }: MachineRecord): string => group ?? id;

export const owns = (role: Role | undefined): boolean => role === 'owner' || role === 'coowner';

/** Throws `AccessDenied` unless the asker may change the machine or group. `what`: as in "Maintenance of SRV-1". */
export async function demandOwner(asker: Asker, queue: string, what: string): Promise<void> {
  if (owns(await asker.roleOf(queue))) return;
  throw new ProductError(
    'AccessDenied',
    `${what} is for owners and co-owners, and ${asker.principal} is neither.`,
    'Ask an owner to do it, or to make you a co-owner.',
  );
}

/** Throws `AccessDenied` unless the asker may start runs there. */
export async function demandUser(asker: Asker, queue: string, name: string): Promise<void> {
  if ((await asker.roleOf(queue)) !== undefined) return;
  throw new ProductError(
    'AccessDenied',
    `${asker.principal} may not start runs on ${name}.`,
    'Ask an owner of the machine or group for access.',
  );
}

/** Users see and steer their own runs; owners those of all. `role`: that of the asker in the queue of the run. */
export const seesRun = (
  { principal }: Asker,
  role: Role | undefined,
  requestedBy: Run['requestedBy'],
): boolean => owns(role) || (role === 'user' && requestedBy === principal);

/** Throws `AccessDenied` for somebody else's run. */
export async function demandRun(asker: Asker, run: Run): Promise<void> {
  if (seesRun(asker, await asker.roleOf(run.queue), run.requestedBy)) return;
  throw new ProductError(
    'AccessDenied',
    `The run of ${run.flow.name} is somebody else's.`,
    'Ask whoever requested it, or an owner of its machine or group.',
  );
}
