// A PostgreSQL of its own for tests of the store, and databases in it.
import pg from 'pg';
import type { Database } from '../../../src/orchestration/store/database.ts';
import { openPostgresDatabase } from '../../../src/orchestration/store/postgres.ts';
import { postgresMigrations } from '../../../src/orchestration/store/schema.ts';
import { startPostgres } from '../../runtime/servers/postgres.ts';

const password = 'store';

export interface Cluster {
  address(database: string): string;
  /** Runs one statement outside the store. */
  query(database: string, statement: string): Promise<readonly Record<string, unknown>[]>;
  /** A new database without tables; returns its name. */
  create(): Promise<string>;
  open(database: string): Promise<Database>;
  stop(): Promise<void>;
}

export async function startCluster(): Promise<Cluster> {
  const server = await startPostgres(password);
  let databases = 0;
  const address = (database: string) => `postgres://robin:${password}@127.0.0.1:${server.port}/${database}`;
  const query = async (database: string, statement: string) => {
    const client = new pg.Client({ connectionString: address(database) });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    address,
    query,
    create: async () => {
      const name = `store${++databases}`;
      await query('postgres', `CREATE DATABASE ${name}`);
      return name;
    },
    open: (database) =>
      openPostgresDatabase({ address: address(database), migrations: postgresMigrations, connections: 4 }),
    stop: () => server.stop(),
  };
}
