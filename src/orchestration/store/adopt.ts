// A store that belongs to one machine alone, in the data folder of its agent.
import type { NewMachine } from '../store.ts';
import type { Database } from './database.ts';
import { isActive } from './schema.ts';

/**
 * Puts in the machine whose store it is. Unfinished runs of machines with another identifier become its own: that identifier was lost
 * with its file, and they would wait for ever.
 */
export async function takeOver(
  database: Database,
  machine: NewMachine,
  put: (machine: NewMachine) => Promise<void>,
): Promise<void> {
  const { id } = machine;
  // Its name is free again for the one that follows.
  await database.transaction((sql) =>
    sql.run(`UPDATE queue SET name = id WHERE kind = 'machine' AND id <> ?`, id),
  );
  await put(machine);
  await database.transaction(async (sql) => {
    await sql.run(
      `UPDATE run SET machine = ? WHERE ${isActive} AND machine <> ?
         AND lane NOT IN (SELECT lane FROM run WHERE ${isActive} AND machine = ?)`,
      id,
      id,
      id,
    );
    // What waits for a group stays there.
    await sql.run(
      `UPDATE run SET queue = (SELECT queue FROM machine WHERE id = ?) WHERE state = 'Queued'
         AND queue IN (SELECT id FROM queue WHERE kind = 'machine' AND id <> ?)`,
      id,
      id,
    );
    await sql.run(
      `UPDATE queue SET waiting = (SELECT count(*) FROM run WHERE run.queue = queue.id AND run.state = 'Queued')`,
    );
    await sql.run('DELETE FROM machine WHERE id <> ?', id);
  });
}
