// The era whose rules hold, kept in the database of the store: every orchestrator on it follows the same one.
import { type Era, era } from '../../protocol/fleet.ts';
import { defaultEra } from '../settings.ts';
import type { Database } from './database.ts';

/** Told to the other orchestrators when somebody chose. */
export const eraTopic = 'era chosen';

/** The one that was chosen last; the default where nobody chose. */
export function chosenEra(db: Database): Promise<Era> {
  return db.read(async (sql) => {
    const [row] = await sql.all(`SELECT value FROM setting WHERE name = 'era'`);
    return era.safeParse(row?.value).data ?? defaultEra;
  });
}

/** Holds for requests that come from then on; a run that waits keeps the time it was given. */
export async function chooseEra(db: Database, chosen: Era): Promise<void> {
  await db.transaction((sql) =>
    sql.run(
      `INSERT INTO setting (name, value) VALUES ('era', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      chosen,
    ),
  );
  await db.announce(eraTopic);
}
