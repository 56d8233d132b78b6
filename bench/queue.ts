// How fast the run queue is, beside known job queues on this machine in one run: graphile-worker and pg-boss on the same PostgreSQL,
// BullMQ on Redis. `npm run bench -- queue`. The peers are installed once into a cache of the user; where they or a server are missing,
// a line says so. All databases flush every commit. Figures of one run compare with each other, not with those of another day.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../src/base/clock.ts';
import { Log } from '../src/base/log.ts';
import { Orchestrator } from '../src/orchestration/orchestrator.ts';
import { defaultPlacement, defaultSettings } from '../src/orchestration/settings.ts';
import type { Database } from '../src/orchestration/store/database.ts';
import { openFleetStore } from '../src/orchestration/store/fleetStore.ts';
import { openPostgresDatabase } from '../src/orchestration/store/postgres.ts';
import { postgresMigrations, sqliteMigrations } from '../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../src/orchestration/store/sqlite.ts';
import type { Claim } from '../src/orchestration/store.ts';
import { facts, request } from '../test/orchestration/store/contract.ts';
import { initdb, postgres } from '../test/runtime/servers/postgres.ts';
import {
  findProgram,
  freePort,
  type Running,
  runAs,
  serverFolder,
  startServer,
} from '../test/runtime/servers/server.ts';
import { machine, median, percentile } from './figures.ts';

/** A queue under test. `started` is called when the work of a job begins; the job is completed when that returns. */
interface Subject {
  readonly name: string;
  enqueue(id: number, payload: string): Promise<unknown>;
  enqueueMany(from: number, count: number, payload: string): Promise<unknown>;
  /** `idle`: for few jobs that are to begin soon. Resolves to what ends it. */
  work(concurrency: number, started: (id: number) => void, idle: boolean): Promise<() => Promise<unknown>>;
  close(): Promise<unknown>;
}

const payload = 'x'.repeat(300);
const quick = process.argv.includes('--quick');
const jobs = quick ? 500 : 2_000;
const backlog = quick ? 5_000 : 100_000;
const widths = [1, 4, 16];
const samples = quick ? 60 : 200;

const folder = mkdtempSync(join(tmpdir(), 'dflow-bench-'));
const servers: Running[] = [];
try {
  console.log(machine());
  const peers = cached();
  const database = await startDatabase();
  const redisPort = await startRedis();
  const subjects: (() => Promise<Subject>)[] = [
    () =>
      ours(
        'ours, embedded (SQLite)',
        openSqliteDatabase(join(folder, `${Date.now()}.db`), sqliteMigrations, systemClock),
      ),
  ];
  if (database !== undefined) {
    subjects.push(async () =>
      ours(
        'ours, PostgreSQL',
        await openPostgresDatabase({ address: await database(), migrations: postgresMigrations }),
      ),
    );
    if (peers !== undefined)
      for (const name of ['graphile', 'pgboss'])
        subjects.push(async () => (await load(peers, name))({ postgres: await database() }));
  }
  if (redisPort !== undefined && peers !== undefined)
    subjects.push(async () => (await load(peers, 'bullmq'))({ redisPort }));
  console.log(
    [
      '',
      'enqueue/s c=1',
      'c=16',
      ...[0, backlog].flatMap((queued) => widths.map((c) => `done/s c=${c} q=${queued}`)),
      'start ms p50',
      'p99',
    ].join(' | '),
  );
  for (const open of subjects) console.log((await figures(open)).join(' | '));
} finally {
  for (const server of servers) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function figures(open: () => Promise<Subject>): Promise<readonly string[]> {
  let subject = await open();
  let next = 1_000_000;
  const row = [subject.name];
  for (const c of [1, 16]) {
    const began = performance.now();
    let left = c === 1 ? jobs / 2 : jobs;
    await Promise.all(
      Array.from({ length: c }, async () => {
        while (left-- > 0) await subject.enqueue(next++, payload);
      }),
    );
    row.push(perSecond(c === 1 ? jobs / 2 : jobs, began));
  }
  for (const queued of [0, backlog]) {
    await subject.close();
    subject = await open();
    // Some more begin while the workers stop.
    const count = queued + jobs * widths.length + 2_000;
    await subject.enqueueMany(next, count, payload);
    next += count;
    for (const c of widths) row.push(await throughput(subject, c));
  }
  await subject.close();
  subject = await open();
  const times = await latency(subject, next);
  row.push(median(times).toFixed(2), percentile(times, 0.99).toFixed(2));
  await subject.close();
  return row;
}

function perSecond(count: number, began: number): string {
  return String(Math.round((count / (performance.now() - began)) * 1_000));
}

/** Jobs begun, one after the other per worker, until `jobs` of them are over. */
async function throughput(subject: Subject, concurrency: number): Promise<string> {
  let begun = 0;
  let enough = () => {};
  const all = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const began = performance.now();
  const stop = await subject.work(
    concurrency,
    () => {
      // As many more have begun as can be under way: the first `jobs` are over.
      if (++begun === jobs) enough();
    },
    false,
  );
  await all;
  const rate = perSecond(jobs, began);
  await stop();
  return rate;
}

async function latency(subject: Subject, from: number): Promise<number[]> {
  const requested = new Map<number, number>();
  const times: number[] = [];
  const stop = await subject.work(
    4,
    (id) => void times.push(performance.now() - (requested.get(id) as number)),
    true,
  );
  await pause(300);
  for (let i = 0; i < samples; i++) {
    requested.set(from + i, performance.now());
    await subject.enqueue(from + i, payload);
    await pause(15);
  }
  while (times.length < samples) await pause(20);
  await stop();
  return times;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The orchestrator with a group of machines of one session each, fifty accounts, every rule in force; each run starts, runs and ends. */
async function ours(name: string, database: Database): Promise<Subject> {
  const store = openFleetStore(database, Number.POSITIVE_INFINITY);
  const settings = {
    ...defaultSettings,
    queueLimit: Number.MAX_SAFE_INTEGER,
    leaseMs: Number.POSITIVE_INFINITY,
  };
  const log = new Log('bench', () => 0, []);
  const orchestrator = await Orchestrator.open({
    store,
    clock: systemClock,
    chance: Math.random,
    settings,
    log,
  });
  orchestrator.onEvents(() => {});
  const queue = `g${Date.now()}`;
  const machines = Array.from({ length: 16 }, (_, i) => `${queue}m${i}`);
  await store.putGroup({
    id: queue,
    name: queue,
    description: '',
    owner: 'bench',
    settings: defaultPlacement,
  });
  for (const id of machines) {
    await store.putMachine({ id, name: id, description: '', owner: 'bench', unattendedSlots: 1 });
    await store.setMembership(id, queue);
    await orchestrator.heartbeat(id, 'boot', facts(), []);
  }
  const entry = (id: number) =>
    request(`r${id}`, queue, { account: `u${id % 50}`, run: { inputs: { Text: payload } } });
  return {
    name,
    enqueue(id) {
      const { run, ...rest } = entry(id).entry;
      return orchestrator.enqueue({ ...rest, run });
    },
    async enqueueMany(from, count) {
      const all = Array.from({ length: count }, (_, i) => entry(from + i));
      for (let i = 0; i < count; i += 1_000) await store.commit(all.slice(i, i + 1_000), Math.random);
    },
    async work(concurrency, started) {
      let under = 0;
      let over = () => {};
      const one = async ({ run, fence }: Claim) => {
        under++;
        started(Number(run.id.slice(1)));
        const holder = { runId: run.id, fence };
        const at = systemClock.now();
        await orchestrator.report({
          kind: 'change',
          holder,
          change: { state: 'Running', startedAt: at },
          before: [],
        });
        await orchestrator.report({
          kind: 'change',
          holder,
          change: { state: 'Succeeded', endedAt: at },
          before: [],
        });
        if (--under === 0) over();
      };
      const links = machines.slice(0, concurrency).map((id) =>
        orchestrator.attach(id, queue, {
          take: (claims) => claims.forEach((claim) => void one(claim)),
          end() {},
        }),
      );
      return async () => {
        for (const link of links) link.dispose();
        if (under > 0)
          await new Promise<void>((resolve) => {
            over = resolve;
          });
      };
    },
    async close() {
      await orchestrator.close();
      await store.close();
    },
  };
}

/** PostgreSQL with its own settings but the memory; gives the address of a new database. */
async function startDatabase(): Promise<(() => Promise<string>) | undefined> {
  if (initdb === undefined || postgres === undefined)
    return missing('PostgreSQL', 'node scripts/provision-servers.mjs');
  const home = serverFolder();
  const data = join(home, 'data');
  runAs(initdb, ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C'], home);
  const port = await freePort();
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '512MB',
    max_wal_size: '4GB',
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  servers.push(await startServer(postgres, ['-D', data, ...options], home, port, 'SIGINT'));
  let databases = 0;
  const { default: pg } = await import('pg');
  return async () => {
    const client = new pg.Client({ connectionString: `postgres://bench@127.0.0.1:${port}/postgres` });
    await client.connect();
    const name = `bench${++databases}`;
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    return `postgres://bench@127.0.0.1:${port}/${name}`;
  };
}

async function startRedis(): Promise<number | undefined> {
  const program = findProgram('redis-server');
  if (program === undefined) return missing('Redis', 'apt-get install redis-server');
  const home = serverFolder();
  const port = await freePort();
  const options = [
    '--bind',
    '127.0.0.1',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
    '--save',
    '',
    '--dir',
    home,
  ];
  servers.push(await startServer(program, ['--port', String(port), ...options], home, port));
  return port;
}

/** The folder with the peers of bench/peers/package-lock.json, installed when it is not there. */
function cached(): string | undefined {
  const source = join(import.meta.dirname, 'peers');
  const lock = readFileSync(join(source, 'package-lock.json'));
  const version = createHash('sha256').update(lock).digest('hex').slice(0, 16);
  const cache = join(
    process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
    'desktop-flows',
    `bench-${version}`,
  );
  mkdirSync(cache, { recursive: true });
  for (const file of readdirSync(source)) copyFileSync(join(source, file), join(cache, file));
  if (existsSync(join(cache, 'node_modules', '.package-lock.json'))) return cache;
  console.log(`Installing the peers into ${cache} …`);
  const { status } = spawnSync(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: cache,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    },
  );
  return status === 0 ? cache : missing('the peers', 'npm install in bench/peers, with a network');
}

async function load(cache: string, name: string): Promise<(servers: object) => Promise<Subject>> {
  const module = (await import(pathToFileURL(join(cache, `${name}.mjs`)).href)) as {
    open: (servers: object) => Promise<Subject>;
  };
  return module.open;
}

function missing(what: string, how: string): undefined {
  console.log(`skipped: needs ${what}, get it with: ${how}`);
}
