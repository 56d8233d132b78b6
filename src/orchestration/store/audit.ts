// What people did to machines, groups, connections, schedules and tokens: kept for good in the database of the store. Knows nothing of
// who may read it.
import type { AuditLine } from '../../protocol/fleet.ts';
import type { Database } from './database.ts';

export type NewAuditLine = Omit<AuditLine, 'at'> & { readonly id: string };

/** Takes a line down, at the time of the database. */
export async function keepAudit(
  db: Database,
  { id, who, what, subject, queue }: NewAuditLine,
): Promise<void> {
  await db.transaction((sql, now) =>
    sql.run(
      'INSERT INTO audit (id, at, who, what, subject, queue) VALUES (?, ?, ?, ?, ?, ?)',
      id,
      now,
      who,
      what,
      subject,
      queue ?? null,
    ),
  );
}

/** The newest lines first: those of one machine or group, or all. */
export function auditLines(
  db: Database,
  limit: number,
  queue: string | undefined,
): Promise<readonly AuditLine[]> {
  return db.read(async (sql) => {
    const rows =
      queue === undefined
        ? await sql.all('SELECT * FROM audit ORDER BY at DESC, id DESC LIMIT ?', limit)
        : await sql.all(
            'SELECT * FROM audit WHERE queue = ? ORDER BY at DESC, id DESC LIMIT ?',
            queue,
            limit,
          );
    return rows.map((row) => ({
      at: Number(row.at),
      who: String(row.who),
      what: String(row.what),
      subject: String(row.subject),
      ...(row.queue !== null && { queue: String(row.queue) }),
    }));
  });
}
