// Only one agent at a time uses a data folder. The lock belongs to the process: the system releases it however the process ends.
import { join } from 'node:path';
import type { Disposable } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import { findAgent } from '../launch/dataFolder.ts';
import { sqliteModule } from '../orchestration/sqliteFile.ts';

/** An agent that is just ending gets this long to let go. */
const waitMs = 1_500;

/** Holds the data folder until disposed. Throws `AgentDataFolderInUse` naming the other agent's process and port, or `NodeTooOld`. */
export function lockDataFolder(dataFolder: string): Disposable {
  // An open exclusive transaction on an otherwise empty SQLite file is an advisory file lock that works the same on every system.
  const { DatabaseSync } = sqliteModule();
  const file = new DatabaseSync(join(dataFolder, 'agent.lock'), { timeout: waitMs });
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode !== 5 /* SQLITE_BUSY */) throw error;
    const other = findAgent(dataFolder);
    throw new ProductError(
      'AgentDataFolderInUse',
      `Another agent already uses the data folder ${dataFolder}${other ? ` (process ${other.pid}, port ${other.port})` : ''}.`,
      'Use that agent, stop it with `dflow agent stop`, or set DESKTOP_FLOWS_HOME to another folder.',
      { cause: error },
    );
  }
  return { dispose: () => file.close() };
}
