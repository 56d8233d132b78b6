// The servers and packages that the queue bench needs: PostgreSQL and Redis of its own, which flush every commit, and the peers, installed
// once into a cache of the user. Where one is missing, a line says so.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { initdb, postgres } from '../../test/runtime/servers/postgres.ts';
import {
  findProgram,
  freePort,
  type Running,
  runAs,
  serverFolder,
  startServer,
} from '../../test/runtime/servers/server.ts';
import type { Subject } from './subject.ts';

export interface PostgresServer {
  /** A new database; gives its address. */
  create(): Promise<string>;
  stop(): Promise<void>;
  /** Milliseconds of processor time its processes have taken; undefined where only Linux would tell. */
  cpu(): number | undefined;
}

/** PostgreSQL with its own settings but the memory. */
export async function startPostgres(): Promise<PostgresServer | undefined> {
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
  const server = await startServer(postgres, ['-D', data, ...options], home, port, 'SIGINT');
  const [pid = ''] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  const { default: pg } = await import('pg');
  const ask = async (statement: string) => {
    const client = new pg.Client({ connectionString: `postgres://bench@127.0.0.1:${port}/postgres` });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  // It accepts connections before it is ready.
  for (let tries = 0; ; tries++) {
    try {
      await ask('SELECT 1');
      break;
    } catch (error) {
      if (tries === 100) throw error;
      await pause(50);
    }
  }
  let databases = 0;
  return {
    stop: () => server.stop(),
    cpu: () => cpuOf(pid),
    create: async () => {
      const name = `bench${++databases}`;
      await ask(`CREATE DATABASE ${name}`);
      return `postgres://bench@127.0.0.1:${port}/${name}`;
    },
  };
}

/** Of a process and those it started, also those that have ended. */
function cpuOf(pid: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  let ticks = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const [, parent, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // Fields 14 to 17: user and system, of itself and of its children that have ended.
      const used = fields.slice(9, entry === pid ? 13 : 11).map(Number);
      if (entry === pid || parent === pid) for (const count of used) ticks += count;
    } catch {
      // It ended meanwhile.
    }
  }
  return ticks * 10;
}

export async function startRedis(): Promise<Running | undefined> {
  const program = findProgram('redis-server');
  if (program === undefined) return missing('Redis', 'apt-get install redis-server');
  const home = serverFolder();
  const port = await freePort();
  // biome-ignore format: one option per word
  const options = ['--bind', '127.0.0.1', '--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--dir', home];
  return startServer(program, ['--port', String(port), ...options], home, port);
}

/** The folder with the peers of bench/peers/package-lock.json, installed when it is not there. */
export function installPeers(): string | undefined {
  const source = join(dirname(import.meta.dirname), 'peers');
  const lock = readFileSync(join(source, 'package-lock.json'));
  const version = createHash('sha256').update(lock).digest('hex').slice(0, 16);
  const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const cache = join(caches, 'desktop-flows', `bench-${version}`);
  mkdirSync(cache, { recursive: true });
  for (const file of readdirSync(source)) {
    rmSync(join(cache, file), { force: true });
    copyFileSync(join(source, file), join(cache, file));
  }
  if (existsSync(join(cache, 'node_modules', '.package-lock.json'))) return cache;
  console.log(`Installing the peers into ${cache} …`);
  const { status } = spawnSync(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: cache, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' },
  );
  return status === 0
    ? cache
    : missing('graphile-worker, pg-boss and BullMQ', 'a network; they are installed by npm');
}

export async function openPeer(cache: string, name: string, servers: object): Promise<Subject> {
  const module = (await import(pathToFileURL(join(cache, `${name}.mjs`)).href)) as {
    open: (servers: object) => Promise<Subject>;
  };
  return module.open(servers);
}

function missing(what: string, how: string): undefined {
  console.log(`skipped: needs ${what}, get it with: ${how}`);
}
