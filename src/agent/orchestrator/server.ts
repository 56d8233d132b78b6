// One instance of an orchestrator for machine groups: puts database, queue, agents, clients and the door together, and takes them apart
// again in order. Keeps nothing but the key of the inputs: any number of instances work on one database.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../base/clock.ts';
import { DisposableStore } from '../../base/disposable.ts';
import { ProductError } from '../../base/error.ts';
import { orderedIds } from '../../base/identifiers.ts';
import { Log } from '../../base/log.ts';
import { Orchestrator } from '../../orchestration/orchestrator.ts';
import { Scheduler } from '../../orchestration/scheduler.ts';
import { defaultSettings, eras, type QueueSettings } from '../../orchestration/settings.ts';
import type { Database } from '../../orchestration/store/database.ts';
import { chooseEra, chosenEra, eraTopic } from '../../orchestration/store/era.ts';
import { openFleetStore } from '../../orchestration/store/fleetStore.ts';
import { openPostgresDatabase } from '../../orchestration/store/postgres.ts';
import { openScheduleStore } from '../../orchestration/store/schedules.ts';
import { postgresMigrations } from '../../orchestration/store/schema.ts';
import type { FleetStore } from '../../orchestration/store.ts';
import type { Era } from '../../protocol/fleet.ts';
import { agentPath, clientPath, pairMethods, pairPath } from '../../protocol/orchestrator.ts';
import { invalidRequest, RpcPeer } from '../../protocol/rpc.ts';
import { Client } from '../api.ts';
import { auditTrail } from '../auditTrail.ts';
import { parseReference } from '../credentials/references.ts';
import { dataFolderError, prepareDataFolder } from '../dataFolder.ts';
import { type Asker, demandOwner, demandUser, owns, queueOfMachine } from '../fleetAccess.ts';
import type { AccessMethods, FleetServices } from '../fleetApi.ts';
import { fleetNames, targetId, targetName } from '../fleetNames.ts';
import type { ClientTransport } from '../gate.ts';
import { logFile } from '../logFile.ts';
import { prepareRun } from '../runRequest.ts';
import { openVault, type Vault } from '../seal.ts';
import { Agents, checkVersion, notConnected } from './agents.ts';
import { type Door, openDoor } from './door.ts';
import { hashOf, type Principal, Registry } from './registry.ts';
import { Relay } from './relay.ts';
import { relayReach } from './relayReach.ts';

export interface OrchestratorServerOptions {
  /** `postgres://user@host:port/database`; its password is never shown. */
  readonly database: string;
  /** For the key of the inputs, which all instances share, and the log. */
  readonly dataFolder: string;
  readonly version: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly certificate?: string;
  readonly key?: string;
  readonly insecure?: boolean;
  readonly clock?: Clock;
  readonly settings?: Partial<QueueSettings>;
  /** Whose rules hold from now on, at all instances. Absent: as it was chosen before. */
  readonly era?: Era;
}

export interface OrchestratorServer {
  readonly instance: string;
  readonly address: string;
  readonly port: number;
  readonly log: Log;
  /** Lets everybody go, records what was under way, closes everything. Other instances go on. */
  stop(reason: string): Promise<void>;
}

/** Wrong codes from one address, and in all, before nobody is listened to for a while. */
const mostWrongCodes = 10;
const mostWrongCodesInAll = 100;
const wrongCodesMs = 10 * 60_000;
/** How often the database is asked for its time, and with that whether it answers. */
const lookMs = 2_000;
/** A database that failed, and has not answered for so long before, is away: agents are sent to another instance, which may see it. */
const awayMs = 3_000;
/** How often it is looked whether everybody may still be here: what was announced may not have been heard. */
const accessMs = 5_000;
/** Under which a text is sealed that shows whether an instance has the key of the others. */
const keyCheck = 'key of the inputs';

/** The database of an orchestrator with what is registered in it. Throws as `openPostgresDatabase`. */
export async function openRegistry(
  address: string,
  leaseMs: number,
): Promise<{ database: Database; store: FleetStore; registry: Registry }> {
  const database = await openPostgresDatabase({ address, migrations: postgresMigrations });
  const store = openFleetStore(database, leaseMs);
  return { database, store, registry: new Registry(database, store) };
}

/**
 * Starts an instance. Throws as `openPostgresDatabase` and `openDoor`, and `DataFolderUnusable`, `InputsKeyDamaged`, `InputsKeyOther`;
 * everything it had opened is then closed again.
 */
export async function startOrchestrator(options: OrchestratorServerOptions): Promise<OrchestratorServer> {
  const { dataFolder, clock = systemClock, version } = options;
  const instance = randomUUID();
  const owned = new DisposableStore();
  let closeStore: (() => Promise<void>) | undefined;
  try {
    prepareDataFolder(dataFolder);
    const log = new Log('orchestrator', () => clock.now(), [logFile(join(dataFolder, 'orchestrator.log'))]);
    log.info('orchestrator starts', { pid: process.pid, version, instance });
    const vault = openVault(dataFolder);
    // What an era says is no matter of leases.
    const { leaseMs, sweepMs, heartbeatMs }: QueueSettings = { ...defaultSettings, ...options.settings };
    const { database, store, registry } = await openRegistry(options.database, leaseMs);
    closeStore = () => store.close();
    await checkKey(registry, vault, dataFolder);
    let watched: Agents | undefined;
    const there = await watchDatabase(registry, clock, log, owned, () =>
      watched?.sendAway('The database of this orchestrator does not answer.'),
    );
    const storeNow = there.now;
    const newId = orderedIds(storeNow);
    const audit = auditTrail(database, newId, log);
    const era = await followEra(options, database, store, log);
    if (options.era !== undefined) await audit.add(`orchestrator on ${hostname()}`, 'chose the era', era());
    const orchestrator = await Orchestrator.open({
      store,
      clock,
      chance: Math.random,
      get settings() {
        return { ...eras[era()], ...options.settings };
      },
      log: log.child('queue'),
    });
    owned.add({ dispose: () => void orchestrator.close() });
    const agents = new Agents({
      orchestrator,
      store,
      registry,
      vault,
      instance,
      heartbeatMs,
      log: log.child('agents'),
    });
    watched = agents;
    const relay = owned.add(
      new Relay({
        instance,
        agents,
        registry,
        onNotice: store.onNotice,
        clock,
        newId,
        log: log.child('relay'),
      }),
    );
    const schedules = openScheduleStore(database);
    const scheduler = Scheduler.start({
      store: schedules,
      clock,
      log: log.child('schedules'),
      enqueue: async (request) => {
        const { requestedBy, queue, flow } = request.run;
        await demandUser(askerOf(registry, requestedBy), queue, `the target of ${flow.name}`);
        return orchestrator.enqueue(request);
      },
      reseal: (scheduleId, runId, sealed) => vault.seal(runId, vault.open(scheduleId, sealed)),
      sweepMs,
    });
    owned.add({ dispose: () => void scheduler.close() });
    const fleet: FleetServices = {
      orchestrator,
      store,
      schedules,
      leaseMs,
      credentials: {
        put: (connectionId, password) =>
          registry.putCredential(connectionId, vault.seal(connectionId, { password })),
        remove: (connectionId) => registry.removeCredential(connectionId),
        claim: (reference) => parseReference(reference),
        test: async (connection) => {
          const sealed = await registry.credential(connection.id);
          const password = sealed && String(vault.open(connection.id, sealed).password);
          const asked = { connection, ...(password !== undefined && { password }) };
          for (const machine of await store.machines(leaseMs)) {
            if (!machine.online || queueOfMachine(machine) !== connection.queue) continue;
            try {
              const { ok, error } = await relay.ask(machine.id, 'connection.test', asked);
              return { machine: machine.name, ok, ...(error && { error }) };
            } catch (error) {
              // Another machine of the group may be there.
              if (!(error instanceof ProductError) || error.code !== 'MachineNotConnected') throw error;
            }
          }
          throw notConnected('of this connection');
        },
      },
      access: (asker) => accessMethods(asker, registry, store, leaseMs, audit),
      audit,
      era,
      machineChanged: ({ id }) => relay.changed(id),
      schedulesChanged: () => scheduler.wake(),
      newId,
      now: storeNow,
      prepare: (params, target, sealFor) => prepareRun(params, target, vault, sealFor),
    };

    let clients = 0;
    /** Open links by the hash of the token they were opened with. */
    const links = new Map<Client, string>();
    const serve = (principal: Principal, tokenHash: string, transport: ClientTransport) => {
      const debuggerName = `${instance} ${++clients}`;
      const client = new Client(transport, {
        orchestrator,
        fleet,
        vault,
        asker: askerOf(registry, principal.name),
        machine: () => ({
          id: instance,
          name: hostname(),
          platform: `${process.platform} ${process.arch}`,
          agentVersion: version,
          user: principal.name,
          slots: 0,
        }),
        newId,
        reach: (said) => relayReach(relay, debuggerName, said),
        onAccessChanged: registry.onAccessChanged,
        log: log.child('clients'),
      });
      links.set(client, tokenHash);
      client.onClose(() => links.delete(client));
    };
    const closeRevoked = async () => {
      if (links.size === 0) return;
      const valid = await registry.tokenHashes();
      for (const [client, tokenHash] of links)
        if (!valid.has(tokenHash)) client.close(4003, 'This token does not hold any more.');
    };
    const closeRevokedNow = () =>
      closeRevoked().catch((error: unknown) =>
        log.warn('it could not be seen whose token holds', { error: String(error) }),
      );
    owned.add(registry.onAccessChanged(() => void closeRevokedNow()));
    repeat(clock, accessMs, owned, closeRevokedNow);
    const pairing = pairingGuard(clock);
    const door: Door = await openDoor({
      ...options,
      log: log.child('door'),
      admit: async (path, secret, from) => {
        // At once, so that whoever asks goes on to another instance.
        if (!there.answers()) throw new Error('the database does not answer');
        if (path === pairPath)
          return (transport) => servePairing(transport, registry, pairing(from), audit, log);
        if (secret === undefined) return undefined;
        if (path === agentPath) {
          const machine = await store.machineWithKey(hashOf(secret));
          return machine === undefined ? undefined : (transport) => agents.admit(machine, transport);
        }
        const principal = path === clientPath ? await registry.principalOf(secret) : undefined;
        return principal && ((transport) => serve(principal, hashOf(secret), transport));
      },
    });
    log.info('orchestrator is ready', { address: door.address });

    let stopping: Promise<void> | undefined;
    return {
      instance,
      address: door.address,
      port: door.port,
      log,
      stop: (reason) => {
        stopping ??= (async () => {
          log.info('orchestrator stops', { reason });
          await scheduler.close();
          // Agents go to another instance before this one refuses anything.
          await door.close(reason);
          await orchestrator.close();
          owned.dispose();
          await store.close();
          log.info('orchestrator has stopped');
        })();
        return stopping;
      },
    };
  } catch (error) {
    owned.dispose();
    await closeStore?.();
    throw dataFolderError(dataFolder, error);
  }
}

/** All instances open what one of them has sealed. Throws `InputsKeyOther`. */
async function checkKey(registry: Registry, vault: Vault, dataFolder: string): Promise<void> {
  const sealed = await registry.firstCredential(keyCheck, vault.seal(keyCheck, {}));
  try {
    vault.open(keyCheck, sealed);
  } catch (error) {
    throw new ProductError(
      'InputsKeyOther',
      `The key in ${dataFolder} is not the one that the other instances of this orchestrator use.`,
      'Copy inputs.key from the data folder of one of them to this one, readable by the owner only.',
      { cause: error },
    );
  }
}

const askerOf = (registry: Registry, principal: string): Asker => ({
  principal,
  isAlone: false,
  roleOf: (queue) => registry.roleOf(principal, queue),
  roles: () => registry.roles(principal),
});

/** Does something again and again, each time so long after it was done, until the end of the server. */
function repeat(clock: Clock, ms: number, owned: DisposableStore, act: () => Promise<void>): void {
  let isOver = false;
  let timer = clock.after(ms, () => again());
  const again = (): void => {
    void act().finally(() => {
      if (!isOver) timer = clock.after(ms, () => again());
    });
  };
  owned.add({
    dispose: () => {
      isOver = true;
      timer.dispose();
    },
  });
}

/** The clock of the database, as far as it is from ours, and whether it answers; `away`: it has not for `awayMs`. */
async function watchDatabase(
  registry: Registry,
  clock: Clock,
  log: Log,
  owned: DisposableStore,
  away: () => void,
): Promise<{ now(): number; answers(): boolean }> {
  let base = 0;
  let answered = clock.monotonic();
  let isAway = false;
  const look = async () => {
    const before = clock.monotonic();
    const now = await registry.now();
    answered = clock.monotonic();
    isAway = false;
    base = now - (before + answered) / 2;
  };
  await look();
  repeat(clock, lookMs, owned, () =>
    look().catch((error: unknown) => {
      log.warn('the database does not answer', { error: String(error) });
      if (clock.monotonic() - answered < awayMs) return;
      isAway = true;
      away();
    }),
  );
  return { now: () => Math.round(base + clock.monotonic()), answers: () => !isAway };
}

/** The era that was chosen last, by whichever instance. */
async function followEra(
  { era: chosen }: OrchestratorServerOptions,
  database: Database,
  store: FleetStore,
  log: Log,
): Promise<() => Era> {
  if (chosen !== undefined) await chooseEra(database, chosen);
  let era = await chosenEra(database);
  store.onNotice((topic) => {
    if (topic !== '' && topic !== eraTopic) return;
    chosenEra(database).then(
      (found) => {
        if (found !== era) log.info('other rules hold', { era: found });
        era = found;
      },
      (error: unknown) => log.warn('the era could not be read', { error: String(error) }),
    );
  });
  return () => era;
}

function accessMethods(
  asker: Asker,
  registry: Registry,
  store: FleetStore,
  leaseMs: number,
  audit: FleetServices['audit'],
): AccessMethods {
  const names = fleetNames(store, leaseMs);
  return {
    'access.list': async ({ queue: asked }) => {
      const queue = targetId(await names.target(asked));
      await demandOwner(asker, queue, 'Seeing who has access');
      return { access: await registry.access(queue) };
    },
    'access.set': async ({ queue: asked, principal, role }) => {
      const target = await names.target(asked);
      const queue = targetId(target);
      await demandOwner(asker, queue, 'Giving access');
      // Co-owners do everything but make co-owners (rule GRP-7).
      if (role !== undefined && role !== 'user' && (await asker.roleOf(queue)) !== 'owner') {
        throw new ProductError(
          'AccessDenied',
          'Only an owner makes others owners or co-owners.',
          'Ask an owner to do it.',
        );
      }
      await registry.setAccess(queue, principal, role);
      const name = targetName(target);
      if (role === undefined)
        await audit.add(asker.principal, 'took access away', `${principal}: ${name}`, queue);
      else await audit.add(asker.principal, 'gave access', `${principal}: ${role} of ${name}`, queue);
      return {};
    },
    'pairing.new': async () => {
      // Of no queue yet: only a role that holds everywhere will do.
      if (!owns(await asker.roleOf(''))) {
        throw new ProductError(
          'AccessDenied',
          'Registering machines is for owners and co-owners of the whole orchestrator.',
          'Ask one of them for a pairing code.',
        );
      }
      const made = await registry.newPairing(asker.principal);
      await audit.add(asker.principal, 'made a pairing code', 'good once, for ten minutes');
      return made;
    },
  };
}

/** Counts wrong codes by the address they come from. */
interface Attempts {
  /** Throws `PairingAttempts`. */
  demand(): void;
  wrong(): void;
}

function pairingGuard(clock: Clock): (from: string) => Attempts {
  let wrong: { readonly from: string; readonly at: number }[] = [];
  return (from) => ({
    demand() {
      wrong = wrong.filter(({ at }) => clock.monotonic() - at < wrongCodesMs);
      const here = wrong.filter((attempt) => attempt.from === from).length;
      if (here < mostWrongCodes && wrong.length < mostWrongCodesInAll) return;
      throw new ProductError(
        'PairingAttempts',
        'Too many wrong pairing codes were tried.',
        'Wait ten minutes, then pair with a new code.',
      );
    },
    wrong: () => void wrong.push({ from, at: clock.monotonic() }),
  });
}

function servePairing(
  transport: ClientTransport,
  registry: Registry,
  attempts: Attempts,
  audit: FleetServices['audit'],
  log: Log,
): void {
  const { params: shape } = pairMethods.pair;
  const peer = new RpcPeer(transport, {
    notification: () => {},
    request: async (method, params) => {
      const parsed = shape.safeParse(params);
      if (method !== 'pair' || !parsed.success) {
        attempts.wrong();
        if (!parsed.success) throw invalidRequest('request pair', parsed.error);
        throw new ProductError('MethodNotFound', 'Whoever has no key can only pair.', 'Call pair.');
      }
      const { protocol, code, ...machine } = parsed.data;
      checkVersion(protocol);
      attempts.demand();
      try {
        const { id, owner } = await registry.pair(code, machine);
        await audit.add(owner, 'registered the machine by a code', machine.name, id);
        log.info('a machine was registered', { machine: id, name: machine.name });
        return { machine: id };
      } catch (error) {
        if (error instanceof ProductError && error.code === 'PairingCodeInvalid') attempts.wrong();
        throw error;
      }
    },
  });
  // Whoever says nothing is not kept.
  const late = setTimeout(() => peer.close(4000, 'no pairing'), 30_000);
  peer.onClose(() => clearTimeout(late));
}
