// The service of one machine: puts store, queue, workers and the door together, and takes them apart again in order.
import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { orderedIds } from '../base/identifiers.ts';
import { Log } from '../base/log.ts';
import { addressFile, findAgent } from '../launch/dataFolder.ts';
import { defaultSettings, type QueueSettings } from '../orchestration/rules.ts';
import { RunQueue, type WorkerHost } from '../orchestration/runQueue.ts';
import { openSqliteStore } from '../orchestration/sqlite.ts';
import { openWorkQueues, type SqliteWorkQueues } from '../orchestration/sqliteWorkQueues.ts';
import type { AgentAddress, Machine } from '../protocol/agent.ts';
import { type AgentServices, Client } from './api.ts';
import {
  dataFolderError,
  machineId,
  prepareDataFolder,
  workQueuesFile,
  writePrivateFile,
} from './dataFolder.ts';
import { openGate } from './gate.ts';
import { lockDataFolder } from './lock.ts';
import { logFile } from './logFile.ts';
import { openVault } from './seal.ts';
import { currentSession } from './session.ts';
import { workerLauncher } from './workerLauncher.ts';

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
  readonly launch?: WorkerHost['launch'];
}

export interface Agent {
  readonly address: AgentAddress;
  readonly log: Log;
  /** Resolves when the agent has ended, for whatever reason. */
  readonly stopped: Promise<void>;
  /** Claims nothing more, cancels what runs, closes everything. Queued runs stay for the next start. */
  stop(reason: string): Promise<void>;
}

/**
 * Starts an agent on a data folder. Throws `DataFolderUnusable`, `AgentDataFolderInUse`, `NodeTooOld`, `StoreDamaged`, `StoreTooNew`,
 * `StoreUnusable`, `DiskFull`, `InputsKeyDamaged`, `AgentPortInUse` or `AgentPortUnusable`; everything it had opened is then closed again.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { dataFolder, version, clock = systemClock } = options;
  const owned = new DisposableStore();
  try {
    prepareDataFolder(dataFolder);
    owned.add(lockDataFolder(dataFolder));
    const log = new Log('agent', () => clock.now(), [logFile(join(dataFolder, 'agent.log'))]);
    log.info('agent starts', { pid: process.pid, version, node: process.versions.node });
    const vault = openVault(dataFolder);
    const id = machineId(dataFolder);
    const store = openSqliteStore(join(dataFolder, 'runs.db'), id);
    owned.add({ dispose: () => store.close() });
    const session = currentSession(
      options.launch ??
        workerLauncher({ script: options.workerScript, vault, dataFolder, log: log.child('worker') }),
    );
    const machine: Machine = {
      id,
      name: hostname(),
      platform: `${process.platform} ${process.arch}`,
      agentVersion: version,
      user: session.account,
      slots: session.slots,
    };
    // The door first, then the queue: an agent that cannot be reached must not start runs.
    const clients = new Set<Client>();
    let admit: ((transport: ConstructorParameters<typeof Client>[0]) => void) | undefined;
    const token = randomBytes(32).toString('base64url');
    const gate = await openGate({
      port: options.port ?? 0,
      token,
      log: log.child('gate'),
      connected: (transport) => (admit ? admit(transport) : transport.close(1013, 'The agent is starting.')),
    });
    owned.add({ dispose: () => void gate.close('The agent could not start.') });
    const queue = await RunQueue.open({
      store,
      clock,
      workers: session,
      machineId: machine.id,
      settings: { ...defaultSettings, ...options.settings },
      log: log.child('queue'),
    });

    owned.add({ dispose: () => void queue.close() });

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
        await queue.close();
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
      const { queued, running } = await queue.counts();
      if (stopping || stays || queued + running > 0) return;
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

    let workQueues: SqliteWorkQueues | undefined;
    owned.add({ dispose: () => workQueues?.close() });
    const services: AgentServices = {
      workQueues: () => {
        workQueues ??= openWorkQueues(workQueuesFile(dataFolder), `agent ${id}`, clock, randomUUID);
        return workQueues;
      },
      queue,
      vault,
      log: log.child('api'),
      newId: orderedIds(() => clock.now()),
      machine: () => machine,
      status: async () => ({
        machine,
        pid: process.pid,
        port: gate.port,
        dataFolder,
        startedAt: address.startedAt,
        clients: clients.size,
        ...(await queue.counts()),
      }),
      stop: () => void stop('A client asked for it.'),
      stay: () => {
        stays = true;
        idleTimer?.dispose();
      },
      stopWhenIdle: (client) => {
        stopAskedBy = client;
        idleChanged();
      },
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
    owned.add(queue.onLoadChanged(idleChanged));
    writePrivateFile(addressFile(dataFolder), JSON.stringify(address));
    log.info('agent is ready', { port: gate.port });
    idleChanged();
    return { address, log, stopped, stop };
  } catch (error) {
    owned.dispose();
    throw dataFolderError(dataFolder, error);
  }
}
