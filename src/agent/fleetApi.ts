// The methods of protocol/fleetMethods.ts over an orchestrator and its store: who may ask, what is meant by a name, what changes. Places
// nothing and starts nothing; knows no link.
import { ProductError } from '../base/error.ts';
import { checkAccount } from '../orchestration/accounts.ts';
import type { Orchestrator, RunTarget } from '../orchestration/orchestrator.ts';
import type { NewSchedule, ScheduledRequest, ScheduleStore } from '../orchestration/scheduler.ts';
import { timesOf } from '../orchestration/schedules.ts';
import { defaultPlacement } from '../orchestration/settings.ts';
import type { FleetStore } from '../orchestration/store.ts';
import { type AgentParams, agentMethods } from '../protocol/agent.ts';
import type {
  AuditLine,
  ConnectionRecord,
  Era,
  GroupRecord,
  MachineRecord,
  PlacementSettings,
  Role,
} from '../protocol/fleet.ts';
import type { FleetMethod, FleetParams, FleetResult } from '../protocol/fleetMethods.ts';
import { invalidRequest } from '../protocol/rpc.ts';
import type { Run, RunPriority } from '../protocol/run.ts';
import {
  type Asker,
  demandOwner,
  demandRun,
  demandUser,
  nameOf,
  owns,
  queueOfMachine,
  type Roles,
  seesRun,
} from './fleetAccess.ts';
import { type FleetNames, fleetNames, type Target, targetId, targetName } from './fleetNames.ts';

/** Roles and pairing codes of an orchestrator that serves many users. */
export type AccessMethods = Pick<FleetHandlers, 'access.list' | 'access.set' | 'pairing.new'>;

export interface FleetServices {
  readonly orchestrator: Orchestrator;
  readonly store: FleetStore;
  readonly schedules: ScheduleStore;
  readonly leaseMs: number;
  /** Keeps passwords sealed, and looks references up. */
  readonly credentials: {
    /** On disk when it resolves. Throws when it cannot be kept. */
    put(connectionId: string, password: string): void | Promise<void>;
    remove(connectionId: string): void | Promise<void>;
    /** Throws `ReferenceInvalid`, `ReferenceNotAllowed`. */
    claim(reference: string): unknown;
    /** Tries to sign in on a machine of its target; runs nothing. */
    test(connection: ConnectionRecord): Promise<FleetResult<'connections.test'>>;
  };
  /** The machine that this program is the agent of, if it is one: the queue it works on, and the account its attended runs execute under. */
  readonly own?: { readonly machineId: string; readonly account: string; queue(): string };
  /** Absent where there is one user only. */
  readonly access?: (asker: Asker) => AccessMethods;
  /** Who did what to whom, kept for good. */
  readonly audit: {
    /** On disk when it resolves, where it could be kept. */
    add(who: string, what: string, subject: string, queue?: string): Promise<void>;
    /** The newest first; of one machine or group, or all. */
    lines(limit: number, queue: string | undefined): Promise<readonly AuditLine[]>;
  };
  /** Whose rules hold. */
  era(): Era;
  /** Name, queue or settings of a machine are different now, or it is gone. */
  machineChanged(machine: MachineRecord): void;
  schedulesChanged(): void;
  newId(): string;
  /** Wall-clock milliseconds. */
  now(): number;
  /** As `runs.enqueue` prepares it. */
  prepare(params: AgentParams<'runs.enqueue'>, target: RunTarget, sealFor: string): ScheduledRequest;
}

export type FleetHandlers = {
  [M in FleetMethod]: (params: FleetParams<M>) => Promise<FleetResult<M>>;
};

/** What somebody may ask for, with its answers. */
export class FleetApi {
  readonly #services: FleetServices;
  readonly #asker: Asker;
  readonly #names: FleetNames;
  readonly methods: FleetHandlers;

  constructor(services: FleetServices, asker: Asker) {
    this.#services = services;
    this.#asker = asker;
    this.#names = fleetNames(services.store, services.leaseMs);
    this.methods = {
      ...this.#machineMethods(),
      ...this.#groupMethods(),
      ...this.#connectionMethods(),
      ...this.#queueMethods(),
      ...this.#scheduleMethods(),
      'audit.list': (params) => this.#auditLines(params),
      ...(services.access?.(asker) ?? this.#soleUserMethods()),
    };
  }

  /**
   * Where a run is to wait and which account it gets. Throws `ConnectionNotFound`, `ConnectionUnusable`, `ConnectionNeeded`,
   * `CredentialMissing`, `MachineNotFound`, `NameAmbiguous`, `MachineInGroup`, `AccessDenied`, `InvalidRequest`.
   */
  async target(
    given: { readonly connection?: string | undefined; readonly queue?: string | undefined },
    mode: Run['mode'],
  ): Promise<RunTarget> {
    const { own } = this.#services;
    if (given.connection !== undefined) {
      if (given.queue !== undefined) {
        throw new ProductError(
          'InvalidRequest',
          'The request names a connection and a machine or group; a connection has its own.',
          'Name one of the two.',
        );
      }
      const connection = await this.#names.connection(given.connection);
      await this.#demandConnection(connection);
      return usableFor(connection, mode);
    }
    if (given.queue === undefined) {
      if (own === undefined) throw connectionNeeded('a machine that is not named');
      await demandUser(this.#asker, own.queue(), 'this machine');
      return { queue: own.queue(), account: own.account };
    }
    const target = await this.#openTarget(given.queue);
    const queue = targetId(target);
    await demandUser(this.#asker, queue, targetName(target));
    // On the own machine its own user is signed in, and its placement says the rest.
    if (own === undefined || (mode === 'unattended' && queue !== own.queue()))
      throw connectionNeeded(targetName(target));
    return { queue, account: own.account };
  }

  /** Throws `RunNotFound`, `AccessDenied`. */
  async run(runId: string): Promise<Run> {
    const run = await this.#services.orchestrator.get(runId);
    await demandRun(this.#asker, run);
    return run;
  }

  /** A machine or group that takes runs. Throws `MachineInGroup`. */
  async #openTarget(idOrName: string): Promise<Target> {
    const target = await this.#names.target(idOrName);
    if (target.kind === 'machine' && target.machine.group !== undefined) {
      const group = (await this.#services.store.groups()).find(({ id }) => id === target.machine.group);
      throw new ProductError(
        'MachineInGroup',
        `${target.machine.name} is in the machine group ${group?.name ?? target.machine.group} and works only for that.`,
        'Name the group, or take the machine out of it first.',
      );
    }
    return target;
  }

  #audit(what: string, subject: string, queue?: string): Promise<void> {
    return this.#services.audit.add(this.#asker.principal, what, subject, queue);
  }

  /** Tells the agents of these machines that something about them has changed. */
  async #announce(isConcerned: (machine: MachineRecord) => boolean): Promise<void> {
    const { store, leaseMs, machineChanged } = this.#services;
    const machines = (await store.machines(leaseMs)).filter(isConcerned);
    for (const machine of machines) machineChanged(machine);
    for (const queue of new Set(machines.map(queueOfMachine))) await store.announce(queue);
  }

  // ── machines ──────────────────────────────────────────────────────────────────────────────────────────────────

  #machineMethods() {
    const { store, leaseMs, own, machineChanged, era } = this.#services;
    return {
      'machines.list': async ({ machine: asked }) => {
        const all = asked === undefined ? await store.machines(leaseMs) : [await this.#names.machine(asked)];
        const [named] = all;
        if (asked !== undefined && named !== undefined)
          await demandUser(this.#asker, queueOfMachine(named), named.name);
        const [roles, { queued, running }] = await Promise.all([this.#asker.roles(), store.loads()]);
        const machines = all
          .filter((machine) => roles(queueOfMachine(machine)) !== undefined)
          .map((machine) => ({
            ...machine,
            queued: queued.get(queueOfMachine(machine)) ?? 0,
            running: running.get(machine.id) ?? 0,
          }));
        return { machines, era: era() };
      },
      'machines.set': async ({ machine: asked, settings, ...change }) => {
        const machine = await this.#names.machine(asked);
        await demandOwner(this.#asker, queueOfMachine(machine), `Changing the machine ${machine.name}`);
        await store.setMachine(machine.id, {
          ...definedOnly(change),
          ...(settings !== undefined && { settings: merged(machine.settings, settings) }),
        });
        await this.#audit(
          'changed the machine',
          described(machine.name, { ...change, ...settings }),
          machine.id,
        );
        await this.#announce(({ id }) => id === machine.id);
        return { machine: await this.#names.machine(machine.id) };
      },
      'machines.remove': async ({ machine: asked }) => {
        const machine = await this.#names.machine(asked);
        await demandOwner(this.#asker, queueOfMachine(machine), `Removing the machine ${machine.name}`);
        if (machine.id === own?.machineId) {
          throw new ProductError(
            'OwnMachine',
            `${machine.name} is the machine of this agent, which cannot do without it.`,
            'Stop the agent (`dflow agent stop`) if nothing shall run here.',
          );
        }
        await store.removeMachine(machine.id);
        machineChanged(machine);
        await this.#audit('removed the machine', machine.name, machine.id);
        return {};
      },
    } satisfies Partial<FleetHandlers>;
  }

  // ── groups ────────────────────────────────────────────────────────────────────────────────────────────────────

  #groupMethods() {
    const { store, leaseMs, newId } = this.#services;
    return {
      'groups.list': async () => {
        const [machines, groups, roles, { queued, running }] = await Promise.all([
          store.machines(leaseMs),
          store.groups(),
          this.#asker.roles(),
          store.loads(),
        ]);
        return {
          groups: groups
            .filter(({ id }) => roles(id) !== undefined)
            .map((group) => {
              const members = machines.filter((machine) => machine.group === group.id);
              return {
                ...group,
                queued: queued.get(group.id) ?? 0,
                running: members.reduce((sum, { id }) => sum + (running.get(id) ?? 0), 0),
                machines: members.map(({ name }) => name),
              };
            }),
        };
      },
      'groups.put': async ({ group: asked, name, description, settings }) => {
        const before = asked === undefined ? undefined : await this.#names.group(asked);
        if (before !== undefined) {
          await demandOwner(this.#asker, before.id, `Changing the machine group ${before.name}`);
        }
        const group: GroupRecord = {
          id: before?.id ?? newId(),
          name: needed(name ?? before?.name, 'A new machine group', 'name'),
          description: description ?? before?.description ?? '',
          settings: merged(before?.settings ?? defaultPlacement, settings ?? {}),
          owner: before?.owner ?? this.#asker.principal,
        };
        await store.putGroup(group);
        await this.#audit(
          before === undefined ? 'made the machine group' : 'changed the machine group',
          described(before?.name ?? group.name, { name, description, ...settings }),
          group.id,
        );
        await this.#announce((machine) => machine.group === group.id);
        return { group };
      },
      'groups.remove': async ({ group: asked }) => {
        const group = await this.#names.group(asked);
        await demandOwner(this.#asker, group.id, `Removing the machine group ${group.name}`);
        const members = (await store.machines(leaseMs)).filter((machine) => machine.group === group.id);
        await store.removeGroup(group.id);
        await this.#audit('removed the machine group', group.name, group.id);
        await this.#announce(({ id }) => members.some((member) => member.id === id));
        return {};
      },
      'groups.join': async ({ group: asked, machine: named }) => {
        const group = await this.#names.group(asked);
        const machine = await this.#names.machine(named);
        await demandOwner(this.#asker, group.id, `Adding machines to ${group.name}`);
        await demandOwner(this.#asker, queueOfMachine(machine), `Adding ${machine.name} to a group`);
        if (machine.group !== undefined && machine.group !== group.id) {
          const other = (await store.groups()).find(({ id }) => id === machine.group);
          throw new ProductError(
            'MachineInGroup',
            `${machine.name} is in the machine group ${other?.name ?? machine.group}; a machine is in one group at most.`,
            `Take it out first: \`dflow group leave ${machine.name}\`.`,
          );
        }
        await store.setMembership(machine.id, group.id);
        await this.#audit('added a machine to the group', `${machine.name} → ${group.name}`, group.id);
        await this.#announce(({ id }) => id === machine.id);
        return {};
      },
      'groups.leave': async ({ machine: named }) => {
        const machine = await this.#names.machine(named);
        await demandOwner(this.#asker, queueOfMachine(machine), `Taking ${machine.name} out of its group`);
        await store.setMembership(machine.id, undefined);
        await this.#audit('took a machine out of its group', machine.name, queueOfMachine(machine));
        await this.#announce(({ id }) => id === machine.id);
        return {};
      },
    } satisfies Partial<FleetHandlers>;
  }

  // ── connections ───────────────────────────────────────────────────────────────────────────────────────────────

  #connectionMethods() {
    const { store, credentials } = this.#services;
    return {
      'connections.list': async () => {
        const [all, roles] = await Promise.all([store.connections(), this.#asker.roles()]);
        const connections: ConnectionRecord[] = [];
        for (const { sealed: _, ...connection } of all)
          if (this.#mayUse(connection, roles(connection.queue))) connections.push(connection);
        return { connections };
      },
      'connections.put': async (params) => ({ connection: await this.#putConnection(params) }),
      'connections.remove': async ({ connection: asked }) => {
        const connection = await this.#names.connection(asked);
        await this.#demandConnection(connection);
        const waiting = (await store.waiting(connection.queue, mostRead)).filter(
          (run) => run.connection === connection.id,
        );
        if (waiting.length > 0) {
          throw new ProductError(
            'QueueNotEmpty',
            `${waiting.length === 1 ? 'One run that waits uses' : `${waiting.length} runs that wait use`} the connection ${connection.name}.`,
            'Wait for their end, or cancel them first (`dflow queue cancel`).',
          );
        }
        await store.removeConnection(connection.id);
        await credentials.remove(connection.id);
        await this.#audit('removed the connection', connection.name, connection.queue);
        return {};
      },
      'connections.test': async ({ connection: asked }) => {
        const connection = await this.#names.connection(asked);
        await this.#demandConnection(connection);
        const result = await credentials.test(connection);
        await this.#audit(
          'tested the connection',
          `${connection.name} on ${result.machine}: ${result.error?.code ?? 'good'}`,
          connection.queue,
        );
        return result;
      },
    } satisfies Partial<FleetHandlers>;
  }

  async #putConnection(params: FleetParams<'connections.put'>): Promise<ConnectionRecord> {
    const { store, credentials, newId } = this.#services;
    const before =
      params.connection === undefined ? undefined : await this.#names.connection(params.connection);
    if (before !== undefined) await this.#demandConnection(before);
    const target = params.target === undefined ? undefined : await this.#openTarget(params.target);
    if (target !== undefined) await demandUser(this.#asker, targetId(target), targetName(target));
    const account = (params.account ?? before?.account)?.trim();
    if (params.account !== undefined) checkAccount(params.account);
    const { password, reference } = params;
    if (password !== undefined && reference !== undefined) {
      throw new ProductError(
        'InvalidRequest',
        'A connection has a password or a reference to one, not both.',
        'Give one of the two.',
      );
    }
    if (
      before?.credential.kind === 'sealed' &&
      account !== before.account &&
      password === undefined &&
      reference === undefined
    ) {
      throw new ProductError(
        'PasswordMissing',
        `The connection ${before.name} has the password of ${before.account}, which is not that of ${account}.`,
        'Give the password of the new account as well.',
      );
    }
    if (reference !== undefined) credentials.claim(reference);
    const connection: ConnectionRecord = {
      id: before?.id ?? newId(),
      name: needed(params.name ?? before?.name, 'A new connection', 'name'),
      queue: needed(target ? targetId(target) : before?.queue, 'A new connection', 'target'),
      account: needed(account, 'A new connection', 'account'),
      credential:
        reference !== undefined
          ? { kind: 'reference', reference }
          : password === undefined
            ? (before?.credential ?? { kind: 'none' })
            : { kind: password === '' ? 'none' : 'sealed' },
      usable: target !== undefined || before?.usable === true,
      owner: before?.owner ?? this.#asker.principal,
    };
    // A new connection must never be there without its password.
    if (before === undefined && password) await credentials.put(connection.id, password);
    try {
      await store.putConnection(connection, undefined);
    } catch (error) {
      if (before === undefined) await credentials.remove(connection.id);
      throw error;
    }
    if (before !== undefined && password) await credentials.put(connection.id, password);
    if (before?.credential.kind === 'sealed' && connection.credential.kind !== 'sealed')
      await credentials.remove(connection.id);
    await this.#audit(
      before === undefined ? 'made the connection' : 'changed the connection',
      described(before?.name ?? connection.name, {
        name: params.name,
        target: target && targetName(target),
        account: params.account,
        credential:
          password === undefined && reference === undefined ? undefined : connection.credential.kind,
      }),
      connection.queue,
    );
    return connection;
  }

  /** Connections and schedules: `role` is that of the asker in their queue. */
  #mayUse({ owner }: { readonly owner: string }, role: Role | undefined): boolean {
    return owner === this.#asker.principal || owns(role);
  }

  async #demandConnection(connection: ConnectionRecord): Promise<void> {
    if (this.#mayUse(connection, await this.#asker.roleOf(connection.queue))) return;
    throw new ProductError(
      'AccessDenied',
      `The connection ${connection.name} belongs to ${connection.owner}.`,
      'Make a connection of your own, or ask its owner.',
    );
  }

  // ── queues ────────────────────────────────────────────────────────────────────────────────────────────────────

  #queueMethods() {
    const { orchestrator, store } = this.#services;
    const change =
      <P extends { readonly runId: string }>(
        what: (params: P) => string,
        apply: (params: P) => Promise<Run>,
      ) =>
      async (params: P) => {
        const before = await orchestrator.get(params.runId);
        await demandOwner(this.#asker, before.queue, 'Changing the order of a queue');
        const run = await apply(params);
        await this.#audit(what(params), `${run.flow.name} ${run.id}`, run.queue);
        return { run };
      };
    return {
      'queue.list': async ({ queue, limit }) => {
        const [roles, active] = await Promise.all([this.#asker.roles(), store.active()]);
        const queues = await this.#queues(queue, roles);
        const sees = (run: Run) => seesRun(this.#asker, roles(run.queue), run.requestedBy);
        const waiting: Run[] = [];
        const most = Math.min(Math.max(0, Math.floor(limit)), mostRead);
        for (const id of queues) {
          if (waiting.length >= most) break;
          waiting.push(...(await store.waiting(id, most - waiting.length)).filter(sees));
        }
        const asked = new Set(queue === undefined ? [] : queues);
        return {
          waiting,
          running: active.filter((run) => (queue === undefined || asked.has(run.queue)) && sees(run)),
        };
      },
      'queue.why': async ({ runId }) => {
        const run = await this.run(runId);
        return { verdict: await orchestrator.why(runId), run };
      },
      'queue.verdict': async ({ connection, queue: asked, flow, mode, priority, elevated }) => {
        const { queue, account } = await this.target({ connection, queue: asked }, mode);
        const verdict = await orchestrator.verdict(
          { queue, account, mode, priority, ...(elevated === true && { elevated }) },
          flow,
        );
        const name = targetName(await this.#names.target(queue));
        return { verdict, queue: { id: queue, name }, account };
      },
      'runs.prioritize': change(
        ({ priority }: { runId: string; priority: RunPriority }) => `gave a run ${priority} priority`,
        ({ runId, priority }) => orchestrator.prioritize(runId, priority),
      ),
      'runs.moveToTop': change(
        () => 'moved a run to the top',
        ({ runId }: { runId: string }) => orchestrator.moveToTop(runId),
      ),
      'runs.moveBack': change(
        () => 'moved a run back from the top',
        ({ runId }: { runId: string }) => orchestrator.moveBack(runId),
      ),
    } satisfies Partial<FleetHandlers>;
  }

  /** Identifiers of the queue asked for, or of all that runs wait in and the asker has to do with. */
  async #queues(asked: string | undefined, roles: Roles): Promise<readonly string[]> {
    const { store, leaseMs } = this.#services;
    if (asked !== undefined) {
      const target = await this.#names.target(asked);
      const queue = target.kind === 'machine' ? queueOfMachine(target.machine) : target.group.id;
      await demandUser(this.#asker, queue, targetName(target));
      return [queue];
    }
    const [machines, groups, { queued }] = await Promise.all([
      store.machines(leaseMs),
      store.groups(),
      store.loads(),
    ]);
    return [...machines, ...groups]
      .map(({ id }) => id)
      .filter((id) => queued.has(id) && roles(id) !== undefined);
  }

  // ── schedules ─────────────────────────────────────────────────────────────────────────────────────────────────

  #scheduleMethods() {
    const { schedules, schedulesChanged } = this.#services;
    return {
      'schedules.list': async () => {
        const [all, roles] = await Promise.all([schedules.list(), this.#asker.roles()]);
        return { schedules: all.filter((schedule) => this.#mayUse(schedule, roles(schedule.queue))) };
      },
      'schedules.put': async (params) => {
        const before = params.schedule === undefined ? undefined : await this.#schedule(params.schedule);
        const id = before?.id ?? this.#services.newId();
        const request = params.request === undefined ? undefined : await this.#scheduled(params.request, id);
        const change = definedOnly({
          name: params.name,
          spec: params.spec,
          enabled: params.enabled,
          request,
        });
        const schedule =
          before !== undefined
            ? await schedules.change(id, change)
            : await schedules.add({
                id,
                owner: this.#asker.principal,
                enabled: params.enabled ?? true,
                name: needed(params.name, 'A new schedule', 'name'),
                spec: needed(params.spec, 'A new schedule', 'spec'),
                request: needed(request, 'A new schedule', 'request'),
              } satisfies NewSchedule);
        await this.#audit(
          before === undefined ? 'made the schedule' : 'changed the schedule',
          described(before?.name ?? schedule.name, {
            name: params.name,
            times: params.spec && JSON.stringify(params.spec.times),
            enabled: params.enabled,
            flow: request?.run.flow.name,
          }),
          schedule.queue,
        );
        schedulesChanged();
        return { schedule };
      },
      'schedules.remove': async ({ schedule: asked }) => {
        const schedule = await this.#schedule(asked);
        await schedules.remove(schedule.id);
        await this.#audit('removed the schedule', schedule.name, schedule.queue);
        schedulesChanged();
        return {};
      },
      'schedules.firings': async ({ schedule: asked, limit }) => {
        const { id } = await this.#schedule(asked);
        const most = Math.min(Math.max(1, Math.floor(limit)), 1_000);
        return { firings: [...(await schedules.firings(id, most))] };
      },
      'schedules.next': async ({ schedule: asked, count }) => {
        const times = timesOf((await this.#schedule(asked)).spec);
        const found: number[] = [];
        let time = times.next(this.#services.now());
        for (; time !== undefined && found.length < count; time = times.next(time)) found.push(time);
        return { times: found };
      },
    } satisfies Partial<FleetHandlers>;
  }

  async #schedule(idOrName: string) {
    const schedule = await this.#services.schedules.get(idOrName);
    if (this.#mayUse(schedule, await this.#asker.roleOf(schedule.queue))) return schedule;
    throw new ProductError(
      'AccessDenied',
      `The schedule ${schedule.name} belongs to ${schedule.owner}.`,
      'Make a schedule of your own, or ask its owner.',
    );
  }

  async #scheduled(given: unknown, scheduleId: string): Promise<ScheduledRequest> {
    const parsed = agentMethods['runs.enqueue'].params.safeParse(given);
    if (!parsed.success) throw invalidRequest('the request of a schedule', parsed.error);
    const target = await this.target(parsed.data, parsed.data.mode);
    const requestedBy = nameOf(this.#asker, parsed.data.requestedBy);
    return this.#services.prepare({ ...parsed.data, requestedBy }, target, scheduleId);
  }

  // ── audit ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async #auditLines({ queue: asked, limit }: FleetParams<'audit.list'>): Promise<FleetResult<'audit.list'>> {
    const { audit } = this.#services;
    if (asked === undefined) {
      await demandOwner(this.#asker, '', 'The audit of everything');
      return { lines: [...(await audit.lines(limit, undefined))] };
    }
    const target = await this.#names.target(asked);
    const queue = target.kind === 'machine' ? queueOfMachine(target.machine) : target.group.id;
    await demandOwner(this.#asker, queue, `The audit of ${targetName(target)}`);
    return { lines: [...(await audit.lines(limit, targetId(target)))] };
  }

  // ── one user ──────────────────────────────────────────────────────────────────────────────────────────────────

  #soleUserMethods(): AccessMethods {
    const orchestratorNeeded = async (): Promise<never> => {
      throw new ProductError(
        'OrchestratorNeeded',
        'This agent serves its own user and its own machine only.',
        'Start an orchestrator for several users or machines: `dflow orchestrator`.',
      );
    };
    return {
      'access.list': async ({ queue }) => {
        await this.#names.target(queue);
        return { access: [{ principal: this.#asker.principal, role: 'owner' }] };
      },
      'access.set': orchestratorNeeded,
      'pairing.new': orchestratorNeeded,
    };
  }
}

/** More waiting runs than these are not looked at for one answer. */
const mostRead = 10_000;

/** Throws `ConnectionUnusable`, `CredentialMissing`. */
function usableFor(connection: ConnectionRecord, mode: Run['mode']): RunTarget {
  const { id, name, queue, account, usable, credential } = connection;
  if (!usable) {
    throw new ProductError(
      'ConnectionUnusable',
      `The machine or group of the connection ${name} is gone, or has joined a machine group.`,
      `Give it another target: \`dflow connection set "${name}" --target NAME\`.`,
    );
  }
  if (mode === 'unattended' && credential.kind === 'none') {
    throw new ProductError(
      'CredentialMissing',
      `The connection ${name} has no password, so it does for attended runs only.`,
      `Give it one: \`dflow connection set "${name}" --password\`.`,
    );
  }
  return { queue, account, connection: id };
}

function connectionNeeded(where: string): ProductError {
  return new ProductError(
    'ConnectionNeeded',
    `Nobody is signed in for this run on ${where}: it needs a connection, which has an account and its password.`,
    'Make one (`dflow connection add`) and name it with the request.',
  );
}

/** Settings with some of them changed. */
function merged(
  before: PlacementSettings,
  change: { readonly [K in keyof PlacementSettings]?: PlacementSettings[K] | undefined },
): PlacementSettings {
  return { ...before, ...definedOnly(change) };
}

/** Without fields that are there and undefined. */
function definedOnly<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function needed<T>(value: T | undefined, what: string, field: string): T {
  if (value !== undefined) return value;
  throw new ProductError('InvalidRequest', `${what} needs "${field}".`, `Give "${field}" as well.`);
}

/** `SRV-1: maintenance=true`; nothing secret gets here. */
function described(name: string, changes: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(changes).flatMap(([key, value]) =>
    value === undefined || (key === 'name' && value === name) ? [] : [`${key}=${String(value)}`],
  );
  return parts.length === 0 ? name : `${name}: ${parts.join(', ')}`;
}
