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
import { defaultSettings, type QueueSettings } from '../../orchestration/settings.ts';
import type { Database } from '../../orchestration/store/database.ts';
import { openFleetStore } from '../../orchestration/store/fleetStore.ts';
import { openPostgresDatabase } from '../../orchestration/store/postgres.ts';
import { openScheduleStore } from '../../orchestration/store/schedules.ts';
import { postgresMigrations } from '../../orchestration/store/schema.ts';
import type { FleetStore } from '../../orchestration/store.ts';
import { agentPath, clientPath, pairMethods, pairPath } from '../../protocol/orchestrator.ts';
import { invalidRequest, RpcPeer } from '../../protocol/rpc.ts';
import { parseReference } from '../credentials/references.ts';
import { dataFolderError, prepareDataFolder } from '../dataFolder.ts';
import { type Asker, demandOwner, owns, queueOfMachine } from '../fleetAccess.ts';
import type { AccessMethods, FleetServices } from '../fleetApi.ts';
import { fleetNames, targetId } from '../fleetNames.ts';
import type { ClientTransport } from '../gate.ts';
import { logFile } from '../logFile.ts';
import { prepareRun } from '../runRequest.ts';
import { openVault, type Vault } from '../seal.ts';
import { Agents, checkVersion, notConnected } from './agents.ts';
import { OrchestratorClient } from './clients.ts';
import { type Door, openDoor } from './door.ts';
import { hashOf, type Principal, Registry } from './registry.ts';
import { Relay } from './relay.ts';

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
/** How often the clock of the database is looked at. */
const clockMs = 60_000;
/** Under which a text is sealed that shows whether an instance has the key of the others. */
const keyCheck = 'key of the inputs';

/** The database of an orchestrator with what is registered in it. Throws as `openPostgresDatabase`. */
export async function openRegistry(
  address: string,
  leaseMs: number,
): Promise<{ database: Database; store: FleetStore; registry: Registry }> {
  const database = await openPostgresDatabase({ address, migrations: postgresMigrations });
  try {
    const store = openFleetStore(database, leaseMs);
    return { database, store, registry: await Registry.open(database, store) };
  } catch (error) {
    await database.close();
    throw error;
  }
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
    const settings: QueueSettings = { ...defaultSettings, ...options.settings };
    const { database, store, registry } = await openRegistry(options.database, settings.leaseMs);
    closeStore = () => store.close();
    await checkKey(registry, vault, dataFolder);
    const storeNow = await followClock(registry, clock, log, owned);
    const newId = orderedIds(storeNow);
    const orchestrator = await Orchestrator.open({
      store,
      clock,
      chance: Math.random,
      settings,
      log: log.child('queue'),
    });
    owned.add({ dispose: () => void orchestrator.close() });
    const agents = new Agents({
      orchestrator,
      store,
      registry,
      vault,
      instance,
      heartbeatMs: settings.heartbeatMs,
      storeNow,
      log: log.child('agents'),
    });
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
      enqueue: (request) => orchestrator.enqueue(request),
      reseal: (scheduleId, runId, sealed) => vault.seal(runId, vault.open(scheduleId, sealed)),
      sweepMs: settings.sweepMs,
    });
    owned.add({ dispose: () => void scheduler.close() });
    const fleet: FleetServices = {
      orchestrator,
      store,
      schedules,
      leaseMs: settings.leaseMs,
      credentials: {
        put: (connectionId, password) =>
          registry.putCredential(connectionId, vault.seal(connectionId, { password })),
        remove: (connectionId) => registry.removeCredential(connectionId),
        claim: (reference) => parseReference(reference),
        test: async (connection) => {
          const there = (await store.machines(settings.leaseMs)).find(
            (machine) => machine.online && queueOfMachine(machine) === connection.queue,
          );
          if (there === undefined) throw notConnected('of this connection');
          const sealed = await registry.credential(connection.id);
          const password = sealed && String(vault.open(connection.id, sealed).password);
          const { ok, error } = await relay.ask(there.id, 'connection.test', {
            connection,
            ...(password !== undefined && { password }),
          });
          return { machine: there.name, ok, ...(error && { error }) };
        },
      },
      access: (asker) => accessMethods(asker, registry, store, settings.leaseMs),
      audit: (who, what, subject) => {
        log.info('audit', { who, what, subject });
        registry
          .audit(newId(), who, what, subject)
          .catch((error: unknown) => log.error('an audit line could not be kept', { error: String(error) }));
      },
      machineChanged: ({ id }) => relay.changed(id),
      schedulesChanged: () => scheduler.wake(),
      newId,
      now: storeNow,
      prepare: (params, target, sealFor) => prepareRun(params, target, vault, sealFor),
    };

    let clients = 0;
    const serve = (principal: Principal, transport: ClientTransport) =>
      new OrchestratorClient(transport, {
        orchestrator,
        fleet,
        relay,
        vault,
        asker: { principal: principal.name, roleOf: (queue) => registry.roleOf(principal.name, queue) },
        debugger: `${instance} ${++clients}`,
        machine: {
          id: instance,
          name: hostname(),
          platform: `${process.platform} ${process.arch}`,
          agentVersion: version,
          user: principal.name,
          slots: 0,
        },
        newId,
        log: log.child('clients'),
      });
    const pairing = pairingGuard(clock);
    const door: Door = await openDoor({
      ...options,
      log: log.child('door'),
      admit: async (path, secret, from) => {
        if (path === pairPath) return (transport) => servePairing(transport, registry, pairing(from), log);
        if (secret === undefined) return undefined;
        if (path === agentPath) {
          const machine = await store.machineWithKey(hashOf(secret));
          return machine === undefined ? undefined : (transport) => agents.admit(machine, transport);
        }
        const principal = path === clientPath ? await registry.principalOf(secret) : undefined;
        return principal && ((transport) => void serve(principal, transport));
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

/** The clock of the database, as far as it is from ours. */
async function followClock(
  registry: Registry,
  clock: Clock,
  log: Log,
  owned: DisposableStore,
): Promise<() => number> {
  let base = 0;
  const look = async () => {
    const before = clock.monotonic();
    const now = await registry.now();
    base = now - (before + clock.monotonic()) / 2;
  };
  await look();
  let timer = clock.after(clockMs, () => again());
  const again = () => {
    look().catch((error: unknown) =>
      log.warn('the clock of the database was not seen', { error: String(error) }),
    );
    timer = clock.after(clockMs, () => again());
  };
  owned.add({ dispose: () => timer.dispose() });
  return () => Math.round(base + clock.monotonic());
}

function accessMethods(asker: Asker, registry: Registry, store: FleetStore, leaseMs: number): AccessMethods {
  const names = fleetNames(store, leaseMs);
  return {
    'access.list': async ({ queue: asked }) => {
      const queue = targetId(await names.target(asked));
      await demandOwner(asker, queue, 'Seeing who has access');
      return { access: await registry.access(queue) };
    },
    'access.set': async ({ queue: asked, principal, role }) => {
      const queue = targetId(await names.target(asked));
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
      return registry.newPairing(asker.principal);
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

function servePairing(transport: ClientTransport, registry: Registry, attempts: Attempts, log: Log): void {
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
        const id = await registry.pair(code, machine);
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
