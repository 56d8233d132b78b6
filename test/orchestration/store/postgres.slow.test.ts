// The store over a real PostgreSQL: the contract, and what only a database has that others share.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../src/orchestration/store/database.ts';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import { openPostgresDatabase } from '../../../src/orchestration/store/postgres.ts';
import { postgresMigrations } from '../../../src/orchestration/store/schema.ts';
import { initdb, postgres } from '../../runtime/servers/postgres.ts';
import { available } from '../../runtime/servers/server.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { request, storeContract } from './contract.ts';
import { lineTo } from './silence.ts';

const rejected = (code: string) => expect.objectContaining({ code });

describe.skipIf(!available('PostgreSQL and openssl', [initdb, postgres]))('PostgreSQL', () => {
  let cluster: Cluster;
  const names = new Map<Database, string>();

  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.stop());

  async function open(name?: string): Promise<Database> {
    const database = name ?? (await cluster.create());
    const opened = await cluster.open(database);
    names.set(opened, database);
    return opened;
  }
  const again = (database: Database) => open(names.get(database) as string);

  storeContract('a cluster of its own', { open, again, later: (ms) => delay(ms + 2), leaseMs: 1_000 });

  it('tells the others of a change, and not the one who made it', async () => {
    const first = await open();
    const second = await again(first);
    const heard: string[] = [];
    first.onNotice((topic) => heard.push(`first ${topic}`));
    second.onNotice((topic) => heard.push(`second ${topic}`));
    await Promise.all(['a', 'a', 'b'].map((topic) => first.announce(topic)));
    await second.announce('c');
    await expect.poll(() => [...new Set(heard)].sort()).toEqual(['first c', 'second a', 'second b']);
    await first.close();
    await second.close();
  });

  it('looks at everything again after its link broke', async () => {
    const database = await open();
    const heard: string[] = [];
    database.onNotice((topic) => heard.push(topic));
    const name = names.get(database) as string;
    await cluster.query(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
    );
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(['']);
    const store = openFleetStore(database, 1_000);
    expect((await store.marks()).lastSeq).toBe(0);
    await store.close();
  });

  it('brings an empty database up to date once, however many come at the same time', async () => {
    const name = await cluster.create();
    const opened = await Promise.all([1, 2, 3].map(() => open(name)));
    expect(await cluster.query(name, 'SELECT version FROM store_version')).toEqual([
      { version: postgresMigrations.length },
    ]);
    for (const database of opened) await database.close();
  });

  it('refuses a database of a newer version, of another owner, or none, without showing the password', async () => {
    const name = await cluster.create();
    await (await open(name)).close();
    await cluster.query(name, 'UPDATE store_version SET version = 99');
    const connect = (address: string) => openPostgresDatabase({ address, migrations: postgresMigrations });
    await expect(connect(cluster.address(name))).rejects.toEqual(rejected('StoreTooNew'));
    await expect(connect(cluster.address('nowhere'))).rejects.toEqual(rejected('DatabaseRefused'));
    const wrong = cluster.address(name).replace(':store@', ':secret-password@');
    const refused = await connect(wrong).catch((error: unknown) => error);
    expect(refused).toEqual(rejected('DatabaseRefused'));
    expect(JSON.stringify(refused) + String(refused)).not.toContain('secret-password');
    const nobody = cluster.address(name).replace(/:\d+\//, ':1/');
    await expect(connect(nobody)).rejects.toEqual(rejected('DatabaseUnreachable'));
  });

  it('lets one of two have a name, and one of two identifiers that come at once', async () => {
    const first = openFleetStore(await open(), 60_000);
    const names2 = await Promise.allSettled(
      ['1', '2', '3'].map((id) =>
        first.putMachine({ id, name: 'PC', description: '', owner: 'me', unattendedSlots: 1 }),
      ),
    );
    expect(names2.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    for (const result of names2)
      if (result.status === 'rejected') expect(result.reason).toEqual(rejected('NameTaken'));
    const [machine] = await first.machines(60_000);
    await first.putGroup({
      id: 'g',
      name: 'g',
      description: '',
      owner: 'me',
      settings: (machine as NonNullable<typeof machine>).settings,
    });
    // The same run for two queues, in two transactions at once.
    const outcomes = await Promise.all(
      [machine?.id as string, 'g'].map((queue) => first.commit([request('r', queue)], () => 0)),
    );
    expect(outcomes.flat().map(({ done }) => done)).toEqual([true, true]);
    expect(await first.counts()).toEqual({ queued: 1, running: 0 });
    expect((await first.marks()).lastSeq).toBe(1);
    await first.close();
  });

  it('gives up all connections with the first that falls silent, and goes on with new ones within ten seconds', async () => {
    const address = cluster.address(await cluster.create());
    const line = await lineTo(Number(new URL(address).port));
    const database = await openPostgresDatabase({
      address: address.replace(/:\d+\//, `:${line.port}/`),
      migrations: postgresMigrations,
      connections: 4,
    });
    const heard: string[] = [];
    database.onNotice((topic) => heard.push(topic));
    const ask = () => database.transaction((sql) => sql.all('SELECT 1 AS one'));
    await Promise.all([1, 2, 3, 4].map(() => database.transaction((sql) => sql.all('SELECT pg_sleep(0.2)'))));
    line.silence();
    const before = Date.now();
    await expect(ask()).rejects.toEqual(rejected('DatabaseUnreachable'));
    // None of the other three, which are as dead as that one.
    expect(await ask()).toEqual([{ one: 1 }]);
    expect(Date.now() - before).toBeLessThan(8_000);
    await expect.poll(() => heard, { timeout: 2_000 }).toEqual(['']);
    expect(Date.now() - before).toBeLessThan(10_000);
    await database.close();
    await line.close();
  }, 30_000);

  it('frees what somebody had locked who was cut off, before the others give up', async () => {
    const name = await cluster.create();
    const address = cluster.address(name);
    const line = await lineTo(Number(new URL(address).port));
    const far = await openPostgresDatabase({
      address: address.replace(/:\d+\//, `:${line.port}/`),
      migrations: postgresMigrations,
    });
    const near = await open(name);
    const lock = `SELECT name FROM counter WHERE name = 'lastSeq'{for update}`;
    let locked = () => {};
    const isLocked = new Promise<void>((resolve) => {
      locked = resolve;
    });
    const cut = far.transaction(async (sql) => {
      await sql.all(lock);
      line.silence(true);
      locked();
      await delay(100);
      await sql.all('SELECT 1');
    });
    const lost = expect(cut).rejects.toEqual(rejected('DatabaseUnreachable'));
    await isLocked;
    const before = Date.now();
    expect(await near.transaction((sql) => sql.all(lock))).toHaveLength(1);
    expect(Date.now() - before).toBeLessThan(5_000);
    await lost;
    await Promise.all([far.close(), near.close(), line.close()]);
  }, 30_000);
});
