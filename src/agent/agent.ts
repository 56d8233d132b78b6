// The service of one machine: puts store, queue, workers and the door together, and takes them apart again in order.
import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import { orderedIds } from '../base/identifiers.ts';
import { Log } from '../base/log.ts';
import { addressFile, findAgent } from '../launch/dataFolder.ts';
import { agentStopping, Orchestrator } from '../orchestration/orchestrator.ts';
import { Scheduler } from '../orchestration/scheduler.ts';
import { eras, type QueueSettings } from '../orchestration/settings.ts';
import { openWorkQueues, type SqliteWorkQueues } from '../orchestration/sqliteWorkQueues.ts';
import { takeOver } from '../orchestration/store/adopt.ts';
import { chooseEra, chosenEra } from '../orchestration/store/era.ts';
import { openFleetStore } from '../orchestration/store/fleetStore.ts';
import { openScheduleStore } from '../orchestration/store/schedules.ts';
import { sqliteMigrations } from '../orchestration/store/schema.ts';
import { openSqliteDatabase } from '../orchestration/store/sqlite.ts';
import type { RunEnding } from '../orchestration/store.ts';
import type { AgentAddress, Machine } from '../protocol/agent.ts';
import type { ConnectionRecord, Era } from '../protocol/fleet.ts';
import type { RunError } from '../protocol/run.ts';
import type { OwnSessions } from '../protocol/sessions.ts';
import { type ApiServices, Client, type MethodsOf, type OwnMethod } from './api.ts';
import { auditTrail } from './auditTrail.ts';
import { Captures, captureRefusal, captureScript } from './capture.ts';
import { openCredentialStore, tryCredential } from './credentials/credentialStore.ts';
import { systemProtection } from './credentials/protection.ts';
import { References } from './credentials/references.ts';
import {
  dataFolderError,
  machineId,
  prepareDataFolder,
  workQueuesFile,
  writePrivateFile,
} from './dataFolder.ts';
import { embeddedLink } from './embeddedLink.ts';
import { soleUser } from './fleetAccess.ts';
import type { FleetServices } from './fleetApi.ts';
import { openGate } from './gate.ts';
import { lockDataFolder } from './lock.ts';
import { logFile } from './logFile.ts';
import { notifierScript, openNotifications } from './notifications/notifications.ts';
import { Membership } from './orchestrator/membership.ts';
import { shareHost } from './orchestrator/sharedHost.ts';
import { ownReach } from './reach.ts';
import { Runner } from './runner.ts';
import { prepareRun } from './runRequest.ts';
import { openVault } from './seal.ts';
import type { Credential } from './sessions/host.ts';
import { chosenSessions, openSessions } from './sessions/machine.ts';
import type { Launch } from './workerLauncher.ts';
import { workQueueMethods } from './workQueueMethods.ts';

/** A sign-in that takes longer is not one that a run could wait for. */
const connectionTestMs = 90_000;

export interface AgentOptions {
  readonly dataFolder: string;
  readonly version: string;
  /** Script of the worker processes. */
  readonly workerScript: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Ends the agent after this time without clients and runs. Absent: it stays. */
  readonly idleExitSeconds?: number;
  readonly clock?: Clock;
  readonly settings?: Partial<QueueSettings>;
  /** Instead of real worker processes. */
  readonly launch?: Launch;
  /** Sessions of their own for unattended runs; `none`: the agent's session only. Absent: as it was at the last start. */
  readonly sessions?: OwnSessions | 'none';
  /** Whose rules hold for its own queue. Absent: as it was chosen before. */
  readonly era?: Era;
}

export interface Agent {
  readonly address: AgentAddress;
  readonly log: Log;
  /** Resolves when the agent has ended, for whatever reason. */
  readonly stopped: Promise<void>;
  /** Claims nothing more, cancels what runs, closes everything. Queued runs stay for the next start. */
  stop(reason: string): Promise<void>;
  /** The system has told that something happened to a session of this machine: it is looked at now. */
  sessionHappened(): void;
}

/**
 * Starts an agent on a data folder. Throws `DataFolderUnusable`, `AgentDataFolderInUse`, `NodeTooOld`, `StoreDamaged`, `StoreTooNew`,
 * `StoreUnusable`, `DiskFull`, `InputsKeyDamaged`, `AgentPortInUse` or `AgentPortUnusable`; everything it had opened is then closed again.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { dataFolder, version, clock = systemClock } = options;
  const owned = new DisposableStore();
  let closed: Promise<void> | undefined;
  try {
    prepareDataFolder(dataFolder);
    owned.add(lockDataFolder(dataFolder));
    const log = new Log('agent', () => clock.now(), [logFile(join(dataFolder, 'agent.log'))]);
    log.info('agent starts', { pid: process.pid, version, node: process.versions.node });
    const vault = openVault(dataFolder, systemProtection('key of inputs'));
    const id = machineId(dataFolder);
    let recovered: ProductError | undefined;
    const noticed = (told: ProductError) => {
      recovered = told;
      log.error('the run store was damaged', { code: told.code, message: told.message });
    };
    const file = join(dataFolder, 'runs.db');
    const database = openSqliteDatabase(file, sqliteMigrations, clock, noticed, log.child('store'));
    // The orchestrator is in the same process: no lease can run out while it lives, not even over a night of sleep.
    const store = openFleetStore(database, Number.POSITIVE_INFINITY);
    const closeStore = (): Promise<void> => {
      closed ??= store.close();
      return closed;
    };
    owned.add({ dispose: () => void closeStore() });
    const newId = orderedIds(() => clock.now());
    const audit = auditTrail(database, newId, log);
    if (recovered !== undefined)
      await audit.add(itself, 'recovered the damaged run store', recovered.message, id);
    if (options.era !== undefined) {
      await chooseEra(database, options.era);
      await audit.add(itself, 'chose the era', options.era, id);
    }
    const era = await chosenEra(database);
    // Who may make connections here is the owner of the machine.
    const references = new References({ environment: process.env, isAllowed: () => true });
    const credentials = openCredentialStore(dataFolder, references);
    // Who makes connections at an orchestrator may not start programs here.
    const lentCredentials = openCredentialStore(
      dataFolder,
      new References({
        environment: process.env,
        isAllowed: ({ kind }) => kind !== 'command',
      }),
    );
    const signIn = async (credential: Credential, signal: AbortSignal) => {
      const { id: opened } = await session.host.open(credential, { width: 1024, height: 768 }, signal);
      await session.host.signOut(opened);
    };
    let membership: Membership | undefined;
    const clients = new Set<Client>();
    const session = await openSessions({
      own: chosenSessions(dataFolder, options.sessions),
      dataFolder,
      agentVersion: version,
      workerScript: options.workerScript,
      launch: options.launch,
      vault,
      isEditorAt: (runId) => [...clients].some((client) => client.asksFor(runId)),
      credentialOf: async (claim, signal) => {
        const connection = (await store.connections()).find((one) => one.id === claim.run.connection);
        if (connection !== undefined) return credentials.resolve(connection, signal);
        const lent = await membership?.link?.credential(claim, signal);
        if (lent?.connection !== undefined && lent.password !== undefined)
          return { account: lent.connection.account, password: lent.password };
        if (lent?.connection !== undefined) return lentCredentials.resolve(lent.connection, signal);
        throw new ProductError(
          'CredentialMissing',
          `The run of ${claim.run.flow.name} came without a connection: there is no account to sign in with.`,
          'Request it through a connection: dflow connection list',
        );
      },
      audit: ({ act, account, flow, runId, detail }) =>
        void audit.add(
          itself,
          `${act}: the session of a person`,
          `${account}, for ${flow} ${runId}${detail === undefined ? '' : ` (${detail})`}`,
          id,
        ),
      clock,
      log: log.child('worker'),
    });
    owned.add({ dispose: () => void session.close() });
    const known = (await store.machines(Number.POSITIVE_INFINITY)).find((other) => other.id === id);
    let machine: Machine = {
      id,
      // Its user may have given it another name.
      name: known === undefined || known.name === id ? hostname() : known.name,
      platform: `${process.platform} ${process.arch}`,
      agentVersion: version,
      user: session.account,
      slots: 1,
    };
    // The door first, then the queue: an agent that cannot be reached must not start runs.
    let admit: ((transport: ConstructorParameters<typeof Client>[0]) => void) | undefined;
    const token = randomBytes(32).toString('base64url');
    const gate = await openGate({
      port: options.port ?? 0,
      token,
      log: log.child('gate'),
      connected: (transport) => (admit ? admit(transport) : transport.close(1013, 'The agent is starting.')),
    });
    owned.add({ dispose: () => void gate.close('The agent could not start.') });
    const settings = { ...eras[era], ...options.settings };
    await takeOver(
      database,
      {
        id,
        name: machine.name,
        description: known?.description ?? '',
        owner: session.account,
        unattendedSlots: 1,
      },
      (own) => store.putMachine(own),
    );
    const orchestrator = await Orchestrator.open({
      store,
      clock,
      chance: Math.random,
      settings: { ...settings, leaseMs: Number.POSITIVE_INFINITY },
      log: log.child('queue'),
    });
    owned.add({ dispose: () => void orchestrator.close() });
    const link = embeddedLink(orchestrator, id, known?.group);
    const [own, fleets] = shareHost(session.workers);
    const notifications = openNotifications({
      host: session.host,
      program: process.execPath,
      script: notifierScript(options.workerScript),
      setting: async () => {
        const here = (await store.machines(Number.POSITIVE_INFINITY)).find((one) => one.id === id);
        return here?.settings.notifications ?? 'all';
      },
      dataFolder,
      clock,
      log: log.child('notifications'),
    });
    if (notifications !== undefined) owned.add(notifications);
    const runner: Runner = new Runner({
      link,
      workers: own,
      clock,
      boot: randomUUID(),
      settings,
      told: (claim, change) => notifications?.heard(claim, change, runner),
      log: log.child('runner'),
    });
    await runner.start();
    owned.add(own.onFreed(() => runner.beat()));
    const joined = Membership.open({
      dataFolder,
      workers: fleets,
      vault,
      agentVersion: version,
      clock,
      settings,
      testConnection: (connection, password) =>
        tryCredential(
          async (signal) =>
            password === undefined
              ? lentCredentials.resolve(connection, signal)
              : { account: connection.account, password },
          signIn,
          AbortSignal.timeout(connectionTestMs),
        ),
      told: (claim, change, of) => notifications?.heard(claim, change, of),
      log: log.child('membership'),
    });
    membership = joined;
    owned.add(fleets.onFreed(() => joined.beat()));
    if (session.workers.onChange)
      owned.add(
        session.workers.onChange(() => {
          runner.beat();
          joined.beat();
        }),
      );
    owned.add({
      dispose: () => void joined.close({ state: 'Canceled', error: runError(agentStopping()) }),
    });
    const schedules = openScheduleStore(database);
    let scheduler: Scheduler | undefined;

    const address: AgentAddress = {
      pid: process.pid,
      port: gate.port,
      token,
      version,
      startedAt: clock.now(),
    };
    let stopping: Promise<void> | undefined;
    /** The client that asked to stop when idle. */
    let stopAskedBy: Client | undefined;
    let stays = false;
    let idleTimer: Disposable | undefined;
    let ended: () => void = () => {};
    const stopped = new Promise<void>((resolve) => {
      ended = resolve;
    });

    const stop = (reason: string): Promise<void> => {
      stopping ??= (async () => {
        log.info('agent stops', { reason });
        idleTimer?.dispose();
        if (findAgent(dataFolder)?.pid === process.pid) rmSync(addressFile(dataFolder), { force: true });
        orchestrator.refuse();
        await scheduler?.close();
        const ending = { state: 'Canceled', error: runError(agentStopping()) } as const;
        await Promise.all([runner.close(ending), joined.close(ending)]);
        await session.close();
        await orchestrator.close();
        await closeStore();
        await gate.close(reason);
        log.info('agent has stopped');
        owned.dispose();
        ended();
      })();
      return stopping;
    };

    /** Looks again whether anybody or anything still needs this agent. */
    const idleChanged = (): void => {
      idleTimer?.dispose();
      if (!stopping)
        endIfIdle().catch((error: unknown) =>
          log.error('the agent could not tell whether it is needed', { error: String(error) }),
        );
    };
    const endIfIdle = async (): Promise<void> => {
      const { queued, running } = await orchestrator.counts();
      // A machine of an orchestrator is there for others.
      if (stopping || stays || queued + running > 0 || joined.machine !== undefined) return;
      // Nobody else would start its runs.
      if ((await schedules.list()).some(({ nextAt }) => nextAt !== undefined)) return;
      if (stopping) return;
      const others = clients.size - (stopAskedBy && clients.has(stopAskedBy) ? 1 : 0);
      if (stopAskedBy && others === 0) await stop('A client asked for it, and nothing was left to do.');
      else if (options.idleExitSeconds !== undefined && clients.size === 0) {
        idleTimer?.dispose();
        idleTimer = clock.after(
          options.idleExitSeconds * 1_000,
          () => void stop('Nobody needed it any more.'),
        );
      }
    };

    const fleet: FleetServices = {
      orchestrator,
      store,
      schedules,
      leaseMs: Number.POSITIVE_INFINITY,
      credentials: {
        put: (connectionId, password) => credentials.put(connectionId, password),
        remove: (connectionId) => credentials.remove(connectionId),
        claim: (reference) => references.claim(reference),
        test: async (connection: ConnectionRecord) => ({
          machine: machine.name,
          ...(await tryCredential(
            (signal) => credentials.resolve(connection, signal),
            signIn,
            AbortSignal.timeout(connectionTestMs),
          )),
        }),
      },
      own: { machineId: id, account: session.account, queue: () => link.queue },
      audit,
      era: () => era,
      machineChanged: (changed) => {
        if (changed.id !== id) return;
        machine = { ...machine, name: changed.name };
        link.workOn(changed.group ?? id);
      },
      schedulesChanged: () => {
        scheduler?.wake();
        idleChanged();
      },
      newId,
      now: () => clock.now(),
      prepare: (params, target, sealFor) => prepareRun(params, target, vault, sealFor),
    };
    let workQueues: SqliteWorkQueues | undefined;
    owned.add({ dispose: () => workQueues?.close() });
    const captures = owned.add(
      new Captures({
        script: captureScript(options.workerScript),
        log: log.child('capture'),
        clock,
        refusal: captureRefusal,
      }),
    );
    const ownMethods = (client: Client): MethodsOf<OwnMethod> => ({
      ...workQueueMethods(() => {
        workQueues ??= openWorkQueues(workQueuesFile(dataFolder), `agent ${id}`, clock, randomUUID);
        return workQueues;
      }),
      ...captures.methods,
      'connections.rekey': async () => {
        const done = credentials.changeKey();
        const { sealed, unreadable } = done;
        const rest = unreadable === 0 ? '' : `, ${unreadable} cannot be opened`;
        await audit.add(session.account, 'changed the key of the passwords', `${sealed} sealed${rest}`, id);
        return done;
      },
      'agent.stop': ({ whenIdle }) => {
        log.info('the agent is to stop', { whenIdle, client: client.name });
        // After the answer has left.
        setImmediate(() => {
          if (!whenIdle) void stop('A client asked for it.');
          else {
            stopAskedBy = client;
            idleChanged();
          }
        });
        return {};
      },
      'agent.stay': () => {
        stays = true;
        idleTimer?.dispose();
        return {};
      },
      'agent.pair': (params) => joined.pair(params),
      'agent.unpair': () => joined.unpair(agentLeft()),
      'agent.status': async () => ({
        machine,
        pid: process.pid,
        port: gate.port,
        dataFolder,
        startedAt: address.startedAt,
        clients: clients.size,
        ...(recovered !== undefined && { recovered: runError(recovered) }),
        ...(await orchestrator.counts()),
      }),
    });
    const services: ApiServices = {
      orchestrator,
      fleet,
      asker: soleUser(session.account),
      vault,
      log: log.child('api'),
      newId,
      machine: () => machine,
      reach: (said) => ownReach(runner, said),
      own: ownMethods,
    };
    admit = (transport) => {
      const client = new Client(transport, services);
      clients.add(client);
      idleChanged();
      client.onClose(() => {
        clients.delete(client);
        idleChanged();
      });
    };
    owned.add(orchestrator.onLoadChanged(idleChanged));
    owned.add(runner.onChange(idleChanged));
    owned.add(joined.onChange(idleChanged));
    writePrivateFile(addressFile(dataFolder), JSON.stringify(address));
    // The last step: an agent that cannot be reached must not start runs.
    scheduler = Scheduler.start({
      store: schedules,
      clock,
      log: log.child('schedules'),
      enqueue: (request) => orchestrator.enqueue(request),
      reseal: (scheduleId, runId, sealed) => vault.seal(runId, vault.open(scheduleId, sealed)),
      sweepMs: settings.sweepMs,
    });
    log.info('agent is ready', { port: gate.port });
    idleChanged();
    return { address, log, stopped, stop, sessionHappened: session.happened };
  } catch (error) {
    owned.dispose();
    await closed?.catch(() => {}); // the next start needs the file
    throw dataFolderError(dataFolder, error);
  }
}

/** In the audit: what nobody asked for. */
const itself = 'the agent';

/** How runs of an orchestrator end whose machine leaves it. */
function agentLeft(): RunEnding {
  return {
    state: 'Canceled',
    error: {
      code: 'MachineLeft',
      message: 'The machine of this run was taken out of the orchestrator.',
      nextStep: 'Resubmit the run: another machine gets it.',
    },
  };
}

function runError({ code, message, nextStep }: ProductError): RunError {
  return { code, message, nextStep };
}
