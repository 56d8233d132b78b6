// A PostgreSQL that can be hurt: killed, its disk filled, its network cut, its clock moved. On a disk and in a network namespace of its
// own where this account may make them.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { initdb, postgres } from '../../runtime/servers/postgres.ts';
import { account, findProgram, freePort, runAs, serverFolder } from '../../runtime/servers/server.ts';

const ip = findProgram('ip', ['/usr/sbin', '/sbin']);
const setpriv = findProgram('setpriv');
const startMs = 60_000;
/** Enough for the rows of a trial and the logs of a few crashes. */
const diskBytes = 400 * 1024 * 1024;

export const isInstalled = initdb !== undefined && postgres !== undefined;

const attempt = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/** A disk of its own for a folder; undefined where this account may not mount one. */
export function smallDisk(
  folder: string,
  bytes: number,
): { fill(): void; free(): void; unmount(): void } | undefined {
  const owner = account === undefined ? '' : `,uid=${account.uid},gid=${account.gid}`;
  const options = `size=${bytes},mode=0700${owner}`;
  if (process.platform !== 'linux' || !attempt('mount', '-t', 'tmpfs', '-o', options, 'none', folder))
    return undefined;
  const filler = join(folder, 'filler');
  const unmount = () => {
    process.removeListener('exit', unmount);
    attempt('umount', '-l', folder);
  };
  process.once('exit', unmount);
  return {
    // As much as there is.
    fill: () => void spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'], { stdio: 'ignore' }),
    free: () => rmSync(filler, { force: true }),
    unmount,
  };
}

/** A network namespace that hangs on one cable; undefined where this account may not make one. */
function ownNetwork():
  | { name: string; host: string; cable(state: 'up' | 'down'): void; remove(): void }
  | undefined {
  if (ip === undefined || setpriv === undefined) return undefined;
  const name = `dffault${process.pid}`;
  const [outer, inner] = [`dfo${process.pid}`, `dfi${process.pid}`];
  const net = `10.${214 + (process.pid % 20)}.${process.pid % 251}`;
  const steps = [
    ['netns', 'add', name],
    ['link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', name],
    ['addr', 'add', `${net}.1/24`, 'dev', outer],
    ['link', 'set', outer, 'up'],
    ['-n', name, 'addr', 'add', `${net}.2/24`, 'dev', inner],
    ['-n', name, 'link', 'set', inner, 'up'],
    ['-n', name, 'link', 'set', 'lo', 'up'],
  ];
  const remove = () => {
    attempt(ip, 'link', 'del', outer);
    attempt(ip, 'netns', 'del', name);
  };
  if (!steps.every((step) => attempt(ip, ...step))) {
    remove();
    return undefined;
  }
  return {
    name,
    host: `${net}.2`,
    cable: (state) => void attempt(ip, '-n', name, 'link', 'set', inner, state),
    remove,
  };
}

export class Cluster {
  readonly #folder = serverFolder();
  readonly #disk = smallDisk(this.#folder, diskBytes);
  readonly #network = ownNetwork();
  readonly #data = join(this.#folder, 'data');
  #port = 0;
  #server: ChildProcess | undefined;
  #starting: Promise<void> | undefined;
  #closed = false;
  /** Its last words. */
  #said = '';

  /** What cannot be done to it here, and what that would need. */
  get impossible(): readonly string[] {
    return [
      ...(this.#disk === undefined
        ? ['a full disk of the database needs the right to mount one (root on Linux)']
        : []),
      ...(this.#network === undefined
        ? ['a cut of the network needs namespaces (root on Linux, iproute2)']
        : []),
    ];
  }

  get address(): string {
    return `postgres://robin:robin@${this.#host}:${this.#port}/postgres`;
  }

  get #host(): string {
    return this.#network?.host ?? '127.0.0.1';
  }

  async open(): Promise<void> {
    process.once('exit', this.#remove);
    mkdirSync(this.#data);
    const secret = join(this.#folder, 'secret');
    writeFileSync(secret, 'robin');
    if (account !== undefined)
      for (const path of [this.#data, secret]) chownSync(path, account.uid, account.gid);
    // biome-ignore format: one option per word
    runAs(initdb as string, ['-D', this.#data, '-U', 'robin', '-A', 'trust', `--pwfile=${secret}`, '-E', 'UTF8', '--locale=C', '--no-sync', '--wal-segsize=4'], this.#folder);
    writeFileSync(join(this.#data, 'pg_hba.conf'), 'host all all all scram-sha-256\n');
    this.#port = await freePort();
    await this.start();
    // Found before the one of the system: the clock of the database can be moved while it works.
    await this.query(`CREATE SCHEMA moved; CREATE TABLE moved.hand (by interval); INSERT INTO moved.hand VALUES ('0');
      CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
        'SELECT pg_catalog.clock_timestamp() + (SELECT by FROM moved.hand)';
      ALTER DATABASE postgres SET search_path = public, moved, pg_catalog`);
  }

  async query(statement: string): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client({
      connectionString: this.address,
      connectionTimeoutMillis: 2_000,
      query_timeout: 30_000,
    });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Runs when it resolves, whatever happened to it before. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    const deadline = Date.now() + startMs;
    while (!(await this.#accepts())) {
      if (this.#closed) return;
      if (Date.now() > deadline) throw new Error(`PostgreSQL does not start again: ${this.#said}`);
      if (this.#server === undefined) this.#spawn();
      await sleep(50);
    }
  }

  #spawn(): void {
    const options = {
      port: this.#port,
      listen_addresses: this.#host,
      unix_socket_directories: '',
      shared_buffers: '16MB',
      max_connections: 60,
      max_wal_size: '64MB',
      log_min_messages: 'fatal',
    };
    const args = [
      ...['-D', this.#data],
      ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ];
    const inside = this.#network && [
      ...[ip as string, 'netns', 'exec', this.#network.name],
      ...(account === undefined
        ? []
        : [setpriv as string, `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups']),
    ];
    const [program = '', ...rest] = [...(inside ?? []), postgres as string, ...args];
    const server = spawn(program, rest, {
      cwd: this.#folder,
      env: { ...process.env, HOME: this.#folder, TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(inside === undefined && account),
    });
    server.stderr?.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-2_000);
    });
    this.#server = server;
    server.once('exit', () => {
      if (this.#server === server) this.#server = undefined;
    });
  }

  /** `ip netns exec` and `setpriv` become what they start: the child is the postmaster. */
  get #postmaster(): number | undefined {
    return this.#server?.pid;
  }

  /** The whole of it: at once (`immediate` as pg_ctl would, `kill -9` without a word), or one of its servers, which ends all others. */
  async kill(how: 'immediate' | 'postmaster' | 'backend', chance: () => number): Promise<void> {
    const postmaster = this.#postmaster;
    if (postmaster === undefined) return;
    if (how === 'backend') {
      const children = childrenOf(postmaster);
      const victim = children[Math.floor(chance() * children.length)];
      if (victim !== undefined && this.#postmaster === postmaster) signal(victim, 'SIGKILL');
      return;
    }
    const server = this.#server as ChildProcess;
    const ended = server.exitCode !== null || server.signalCode !== null ? undefined : once(server, 'exit');
    server.kill(how === 'immediate' ? 'SIGQUIT' : 'SIGKILL');
    await ended;
    if (how === 'postmaster') {
      // Its servers notice by themselves, in a moment.
      for (let i = 0; i < 100 && (await this.#accepts()); i++) await sleep(20);
    }
  }

  /** Nothing more can be written for so long. False: impossible here. */
  async fillDisk(ms: number, meanwhile: () => void): Promise<boolean> {
    if (this.#disk === undefined) return false;
    this.#disk.fill();
    meanwhile();
    await sleep(ms);
    this.#disk.free();
    return true;
  }

  /** Nothing comes through for so long; nobody is told. False: impossible here. */
  async cutNetwork(ms: number, meanwhile: () => void): Promise<boolean> {
    if (this.#network === undefined) return false;
    this.#network.cable('down');
    meanwhile();
    await sleep(ms);
    this.#network.cable('up');
    return true;
  }

  moveClock(bySeconds: number): Promise<unknown> {
    return this.query(`UPDATE moved.hand SET by = by + interval '${bySeconds} seconds'`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.kill('immediate', () => 0);
    process.removeListener('exit', this.#remove);
    this.#remove();
  }

  readonly #remove = (): void => {
    this.#server?.kill('SIGKILL');
    this.#disk?.unmount();
    this.#network?.remove();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  };

  #accepts(): Promise<boolean> {
    return this.query('SELECT 1').then(
      () => true,
      () => false,
    );
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}
