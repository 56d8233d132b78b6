// The audit as the services of this process use it: what cannot be kept is at least in the log, and undoes nothing.
import type { Log } from '../base/log.ts';
import { auditLines, keepAudit } from '../orchestration/store/audit.ts';
import type { Database } from '../orchestration/store/database.ts';
import type { FleetServices } from './fleetApi.ts';

export function auditTrail(database: Database, newId: () => string, log: Log): FleetServices['audit'] {
  return {
    async add(who, what, subject, queue) {
      try {
        await keepAudit(database, { id: newId(), who, what, subject, ...(queue !== undefined && { queue }) });
      } catch (error) {
        log.error('an audit line could not be kept', { who, what, subject, error: String(error) });
      }
    },
    lines: (limit, queue) => auditLines(database, limit, queue),
  };
}
