// Only one agent at a time uses a data folder. The lock belongs to the process: the system releases it however the process ends.
import { join } from 'node:path';
import type { Disposable } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import { findAgent } from '../launch/dataFolder.ts';
import { guarded, sqliteModule } from '../orchestration/sqliteFile.ts';

/** An agent that is just ending gets this long to let go. */
const waitMs = 1_500;

/**
 * Holds the data folder until disposed. Throws `AgentDataFolderInUse` naming the other agent's process and port, `NodeTooOld`, or
 * `StoreUnusable`, `StoreDamaged` or `DiskFull` for the lock file.
 */
export function lockDataFolder(dataFolder: string): Disposable {
  // An open exclusive transaction on an otherwise empty SQLite file is an advisory file lock that works the same on every system.
  const { DatabaseSync } = sqliteModule();
  const path = join(dataFolder, 'agent.lock');
  return guarded(path, 'lock file', () => {
    const file = new DatabaseSync(path, { timeout: waitMs });
    try {
      file.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      file.close();
      throw (error as { errcode?: number }).errcode === 5 /* SQLITE_BUSY */
        ? inUse(dataFolder, error)
        : error;
    }
    return { dispose: () => file.close() };
  });
}

function inUse(dataFolder: string, cause: unknown): ProductError {
  const other = findAgent(dataFolder);
  return new ProductError(
    'AgentDataFolderInUse',
    `Another agent already uses the data folder ${dataFolder}${other ? ` (process ${other.pid}, port ${other.port})` : ''}.`,
    'Use that agent, stop it with `dflow agent stop`, or set DESKTOP_FLOWS_HOME to another folder.',
    { cause },
  );
}
