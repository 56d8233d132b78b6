// Real processes hurt at random, and what became of the runs: a fleet over PostgreSQL, and one machine over a SQLite file. The seed gives
// the order of the faults; what they hit is up to the system.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRegistry } from '../../../src/agent/orchestrator/server.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { asProductError } from '../../../src/base/error.ts';
import { orderedIds } from '../../../src/base/identifiers.ts';
import { connectOrchestrator } from '../../../src/launch/orchestrator.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import type { AgentLink } from '../../../src/protocol/link.ts';
import { isTerminal, type RunState } from '../../../src/protocol/run.ts';
import type { ServerSetup } from '../../agent/orchestrator/serverProcess.ts';
import { freePort } from '../../runtime/servers/server.ts';
import { Chance } from '../simulation/chance.ts';
import type { AgentSetup } from './agentProcess.ts';
import { Cluster, smallDisk } from './cluster.ts';
import type { EmbeddedSetup, ToEmbedded } from './embeddedProcess.ts';

export interface TrialOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface TrialResult {
  /** Fault → how often. */
  readonly faults: Readonly<Record<string, number>>;
  /** What was not tried, and what it would need. */
  readonly skipped: readonly string[];
  readonly submitted: number;
  /** Of which somebody was told that they are on disk. */
  readonly acknowledged: number;
  /** Acknowledged, and nowhere. */
  readonly lost: readonly string[];
  /** Whose worker began twice. No run is given back here, so nothing excuses that. */
  readonly doubled: readonly string[];
  /** Known, and without an end although all faults have stopped. */
  readonly unfinished: readonly string[];
  /** Recorded as done by a worker that did not do it; or done, and of no run. */
  readonly untrue: readonly string[];
  /** Numbers of events that were given and are not there, and runs that a queue counts as waiting and that do not wait. */
  readonly miscounted: number;
  /** How the runs ended. */
  readonly states: Readonly<Record<string, number>>;
  /** Refusals that somebody who asked for a run was told of. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const here = import.meta.dirname;
const newId = orderedIds(Date.now);
/** Answers that take longer do not come. */
const answerMs = 4_000;
const endMs = 120_000;
const settings = {
  queueLimit: 1_000_000,
  requestsPerMinute: 1_000_000,
  keepRuns: 1_000_000,
  heartbeatMs: 500,
  leaseMs: 6_000,
  sweepMs: 500,
  stopGraceMs: 500,
};

function counted(): { readonly counts: Record<string, number>; add(name: string): void } {
  const counts: Record<string, number> = {};
  return {
    counts,
    add: (name) => {
      counts[name] = (counts[name] ?? 0) + 1;
    },
  };
}

/** A process that is started again whenever it is gone. */
class Slot {
  readonly #script: string;
  readonly #setup: () => object;
  readonly #ready: (child: ChildProcess) => void;
  #child: ChildProcess | undefined;
  #starting: Promise<void> | undefined;

  /** `ready`: of each new life, before `start` resolves. */
  constructor(script: string, setup: () => object, ready: (child: ChildProcess) => void = () => {}) {
    this.#script = script;
    this.#setup = setup;
    this.#ready = ready;
  }

  get child(): ChildProcess | undefined {
    return this.#child;
  }

  /** Resolves when it has said its first word. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    for (let tries = 0; ; tries++) {
      if (this.#child !== undefined) return;
      const child = fork(this.#script, [JSON.stringify(this.#setup())], {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      this.#child = child;
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-2_000);
      });
      child.on('error', () => {});
      child.once('exit', () => {
        if (this.#child === child) this.#child = undefined;
      });
      const isReady = await Promise.race([
        once(child, 'message').then(() => true),
        once(child, 'exit').then(() => false),
      ]);
      if (isReady) {
        this.#ready(child);
        return;
      }
      if (tries > 100) throw new Error(`${this.#script} does not start: ${said}`);
      await sleep(200);
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await ended;
    this.#child = undefined;
  }

  send(message: unknown): void {
    const child = this.#child;
    if (child?.connected === true) child.send(message as object, () => {});
  }
}

/** A fault, how often it comes against others, and what it does; false: it cannot be done here. */
type Kind = readonly [name: string, weight: number, act: () => unknown];

function drawn(kinds: readonly Kind[], chance: Chance): readonly [name: string, act: () => unknown] {
  let left = chance.next() * kinds.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight, act] of kinds) {
    left -= weight;
    if (left < 0) return [name, act];
  }
  throw new Error('no fault was drawn');
}

interface Deed {
  readonly kind: string;
  readonly run: string;
}

function deedsIn(file: string): readonly Deed[] {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Nobody did anything.
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [kind = '', run = ''] = line.split(' ');
      return { kind, run };
    });
}

function judged(
  states: ReadonlyMap<string, string>,
  acknowledged: ReadonlySet<string>,
  deeds: readonly Deed[],
): Pick<TrialResult, 'lost' | 'doubled' | 'unfinished' | 'untrue' | 'states' | 'acknowledged'> {
  const begins = new Map<string, number>();
  const ends = new Set<string>();
  for (const { kind, run } of deeds) {
    if (kind === 'begin') begins.set(run, (begins.get(run) ?? 0) + 1);
    else ends.add(run);
  }
  const of = counted();
  for (const state of states.values()) of.add(state);
  return {
    acknowledged: acknowledged.size,
    lost: [...acknowledged].filter((id) => !states.has(id)),
    doubled: [...begins].filter(([, count]) => count > 1).map(([id]) => id),
    unfinished: [...states].filter(([, state]) => !isTerminal(state as RunState)).map(([id]) => id),
    untrue: [
      ...[...states].filter(([id, state]) => state === 'Succeeded' && !ends.has(id)).map(([id]) => id),
      ...[...begins.keys()].filter((id) => !states.has(id)),
    ],
    states: of.counts,
  };
}

/** Two orchestrators and three agents over one PostgreSQL. */
export async function fleetTrial({ rounds, seed, say }: TrialOptions): Promise<TrialResult> {
  const chance = new Chance(seed);
  const folder = mkdtempSync(join(tmpdir(), 'dflow-faults-'));
  const deeds = join(folder, 'deeds');
  const cluster = new Cluster();
  const slots: Slot[] = [];
  const links = new Map<string, Promise<AgentLink>>();
  const began = Date.now();
  try {
    await cluster.open();
    const ports = [await freePort(), await freePort()];
    const addresses = ports.map((port) => `ws://127.0.0.1:${port}`);
    let isCalm = true;
    const orchestrators = ports.map(
      (port) =>
        new Slot(
          join(here, '..', '..', 'agent', 'orchestrator', 'serverProcess.ts'),
          (): ServerSetup => ({
            database: cluster.address,
            dataFolder: join(folder, 'orchestrator'),
            host: '127.0.0.1',
            port,
            settings,
            // Now and then between what is on disk and the word about it.
            diesUntold: isCalm ? 0 : 0.002,
          }),
        ),
    );
    slots.push(...orchestrators);
    await orchestrators[0]?.start();
    await orchestrators[1]?.start();
    const { store, registry } = await openRegistry(cluster.address, settings.leaseMs);
    const secret = await registry.newToken('owner', 'owner');
    await store.close();

    const linkTo = (address: string): Promise<AgentLink> => {
      let link = links.get(address);
      if (link === undefined) {
        link = connectOrchestrator({ address, secret }, 'faults');
        links.set(address, link);
        link.then(
          ({ onClose }) => onClose(() => drop(address)),
          () => drop(address),
        );
      }
      return link;
    };
    const drop = (address: string) => {
      const link = links.get(address);
      links.delete(address);
      link?.then(
        (open) => open.dispose(),
        () => {},
      );
    };

    const owner = await linkTo(addresses[0] as string);
    await owner.call('groups.put', { name: 'Fleet' });
    const agents: Slot[] = [];
    for (const number of [1, 2, 3]) {
      const dataFolder = join(folder, `machine-${number}`);
      mkdirSync(dataFolder);
      const { code } = await owner.call('pairing.new', {});
      let pair: AgentSetup['pair'] = { addresses, code, name: `PC-${number}` };
      const agent = new Slot(
        join(here, 'agentProcess.ts'),
        (): AgentSetup => ({ dataFolder, deeds, ...(pair && { pair }) }),
      );
      await agent.start();
      // Only its first life is paired.
      pair = undefined;
      agents.push(agent);
      slots.push(agent);
      await owner.call('groups.join', { group: 'Fleet', machine: `PC-${number}` });
    }
    const accounts = ['ann', 'bob', 'cid', 'dan'];
    for (const account of accounts)
      await owner.call('connections.put', { name: account, target: 'Fleet', account, password: 'x' });

    const faults = counted();
    const refusals = counted();
    const submitted: string[] = [];
    const acknowledged = new Set<string>();
    const pending = new Set<Promise<void>>();
    const submit = (text: string): void => {
      const id = newId();
      submitted.push(id);
      const connection = accounts[chance.between(0, accounts.length - 1)] as string;
      // Some give up after the first failure, and never learn what became of it.
      const givesUp = chance.hit(0.1);
      const first = chance.between(0, 1);
      const one = (async () => {
        for (let tries = first; ; tries++) {
          const address = addresses[tries % addresses.length] as string;
          try {
            const link = await within(linkTo(address));
            await within(
              link.call('runs.enqueue', {
                id,
                flow: { name: 'Short', path: 'Short.robin', text },
                inputs: {},
                mode: 'unattended',
                priority: 'normal',
                requestedBy: 'faults',
                connection,
              }),
            );
            acknowledged.add(id);
            return;
          } catch (error) {
            refusals.add(error instanceof TooSlow ? 'no answer' : asProductError(error).code);
            if (error instanceof TooSlow) drop(address);
            if (givesUp) return;
            await sleep(100);
          }
        }
      })();
      pending.add(one);
      void one.finally(() => pending.delete(one));
    };

    const submitSome = (): void => {
      for (let count = chance.between(1, 5); count > 0; count--)
        submit(`WAIT ${(chance.next() * 0.3).toFixed(2)}`);
    };

    const healing = new Set<Promise<unknown>>();
    const heal = (work: Promise<unknown>) => {
      const done = work.finally(() => healing.delete(done));
      healing.add(done);
      done.catch(() => {});
    };
    const killed = async (slot: Slot) => {
      await slot.kill();
      const pause = chance.between(0, 500);
      heal(sleep(pause).then(() => slot.start()));
    };
    const database = async (how: 'immediate' | 'postmaster' | 'backend') => {
      await cluster.kill(how, chance.next);
      heal(sleep(chance.between(0, 300)).then(() => cluster.start()));
    };
    const any = <T>(from: readonly T[]): T => from[chance.between(0, from.length - 1)] as T;
    const kinds: readonly Kind[] = [
      ['kill -9 of an orchestrator', 4, () => killed(any(orchestrators))],
      ['kill -9 of an agent', 4, () => killed(any(agents))],
      ['kill -9 of a worker', 4, () => any(agents).send('killWorker')],
      ['immediate stop of PostgreSQL', 2, () => database('immediate')],
      ['kill -9 of the postmaster', 1, () => database('postmaster')],
      ['kill -9 of one of its servers', 2, () => database('backend')],
      ['disk full', 1, () => cluster.fillDisk(chance.between(100, 1_000), submitSome)],
      ['network cut', 2, () => cluster.cutNetwork(chance.between(50, 2_000), submitSome)],
      [
        'clock of the database moved',
        1,
        () => cluster.moveClock(any([-600, -30, -5, 5, 30, 600])).catch(() => false),
      ],
    ];

    isCalm = false;
    for (let round = 1; round <= rounds; round++) {
      submitSome();
      await sleep(chance.between(0, 250));
      const [name, act] = drawn(kinds, chance);
      if ((await act()) !== false) faults.add(name);
      // A world in which nothing works at all shows nothing.
      while (healing.size > 2 || pending.size > 60)
        await Promise.race([...healing, ...pending, sleep(1_000)]);
      // One that killed itself.
      for (const slot of slots) if (slot.child === undefined) heal(slot.start());
      if (round % 20 === 0)
        say(`round ${round}: ${submitted.length} runs submitted, ${acknowledged.size} acknowledged`);
    }

    isCalm = true;
    await Promise.all(healing);
    await cluster.start();
    // Those that began while it was not calm may still kill themselves.
    for (const orchestrator of orchestrators) await orchestrator.kill();
    for (const slot of slots) await slot.start();
    await Promise.all(pending);
    const deadline = Date.now() + endMs;
    let states: ReadonlyMap<string, string>;
    do {
      await sleep(300);
      const rows = await cluster.query('SELECT id, state FROM run');
      states = new Map(rows.map(({ id, state }) => [String(id), String(state)]));
    } while ([...states.values()].some((state) => !isTerminal(state as RunState)) && Date.now() < deadline);
    return {
      faults: faults.counts,
      skipped: cluster.impossible,
      submitted: submitted.length,
      ...judged(states, acknowledged, deedsIn(deeds)),
      miscounted: Number((await cluster.query(`SELECT (${miscounted}) AS n`))[0]?.n),
      refusals: refusals.counts,
      seconds: (Date.now() - began) / 1_000,
    };
  } finally {
    for (const link of links.values()) void link.then((open) => open.dispose()).catch(() => {});
    await Promise.all(slots.map((slot) => slot.kill()));
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One machine that has its orchestrator in its own process, over a SQLite file. */
export async function embeddedTrial({ rounds, seed, say }: TrialOptions): Promise<TrialResult> {
  const chance = new Chance(seed);
  const folder = mkdtempSync(join(tmpdir(), 'dflow-faults-'));
  const deeds = join(folder, 'deeds');
  const diskFolder = join(folder, 'disk');
  mkdirSync(diskFolder);
  const disk = smallDisk(diskFolder, 64 * 1024 * 1024);
  const file = join(diskFolder, 'runs.db');
  let offset = 0;
  const began = Date.now();
  const refusals = counted();
  const faults = counted();
  const acknowledged = new Set<string>();
  const texts = new Map<string, string>();
  const isSettled = (id: string) => acknowledged.has(id);
  const slot = new Slot(
    join(here, 'embeddedProcess.ts'),
    (): EmbeddedSetup => ({ file, deeds, settings, offset }),
    (child) => {
      child.on('message', (said: { queued?: string; refused?: string; code?: string }) => {
        if (said.queued !== undefined) acknowledged.add(said.queued);
        else if (said.code !== undefined) refusals.add(said.code);
      });
      // Whoever was not answered asks again.
      for (const [id, text] of texts) if (!isSettled(id)) send({ enqueue: id, text });
    },
  );
  const send = (message: ToEmbedded) => slot.send(message);
  const submitSome = (): void => {
    for (let count = chance.between(1, 5); count > 0; count--) {
      const id = newId();
      const text = `WAIT ${(chance.next() * 0.2).toFixed(2)}`;
      texts.set(id, text);
      send({ enqueue: id, text });
    }
  };
  try {
    await slot.start();
    const kinds: readonly Kind[] = [
      ['kill -9 of the orchestrator with its agent', 6, () => slot.kill()],
      ['kill -9 of a worker', 4, () => send('killWorker')],
      [
        'disk full',
        2,
        async () => {
          if (disk === undefined) return false;
          disk.fill();
          submitSome();
          await sleep(chance.between(50, 600));
          if (chance.hit(0.3)) await slot.kill();
          disk.free();
          return true;
        },
      ],
      [
        'clock moved',
        2,
        () => {
          offset += [-7_200_000, -60_000, -1_000, 1_000, 60_000, 7_200_000][chance.between(0, 5)] as number;
          send({ offset });
        },
      ],
    ];
    for (let round = 1; round <= rounds; round++) {
      submitSome();
      await sleep(chance.between(0, 150));
      const [name, act] = drawn(kinds, chance);
      if ((await act()) !== false) faults.add(name);
      await slot.start();
      if (round % 20 === 0)
        say(`round ${round}: ${texts.size} runs submitted, ${acknowledged.size} acknowledged`);
    }
    const deadline = Date.now() + endMs;
    let states = new Map<string, string>();
    let miscounts = 0;
    let isOver = false;
    while (!isOver && Date.now() < deadline) {
      for (const [id, text] of texts) if (!isSettled(id)) send({ enqueue: id, text });
      await sleep(500);
      const ended = deedsIn(deeds).length;
      await sleep(500);
      // Quiet: its file may be read without it.
      if (deedsIn(deeds).length !== ended || ![...texts.keys()].every(isSettled)) continue;
      await slot.kill();
      ({ states, miscounts } = await readFile(file));
      isOver = [...states.values()].every((state) => isTerminal(state as RunState));
      if (!isOver) await slot.start();
    }
    return {
      faults: faults.counts,
      skipped:
        disk === undefined ? ['a full disk of the file needs the right to mount one (root on Linux)'] : [],
      submitted: texts.size,
      ...judged(states, acknowledged, deedsIn(deeds)),
      miscounted: miscounts,
      refusals: refusals.counts,
      seconds: (Date.now() - began) / 1_000,
    };
  } finally {
    await slot.kill();
    disk?.unmount();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The numbers of events have no gaps, none of them is deleted here; and a queue counts what waits in it. */
const miscounted = `SELECT (SELECT value FROM counter WHERE name = 'lastSeq') - (SELECT count(*) FROM event)
  + (SELECT sum(abs(waiting - (SELECT count(*) FROM run WHERE run.queue = queue.id AND run.state = 'Queued'))) FROM queue)`;

async function readFile(file: string): Promise<{ states: Map<string, string>; miscounts: number }> {
  const database = openSqliteDatabase(file, sqliteMigrations, systemClock);
  try {
    return await database.read(async (sql) => ({
      states: new Map(
        (await sql.all('SELECT id, state FROM run')).map(({ id, state }) => [String(id), String(state)]),
      ),
      miscounts: Number((await sql.all(`SELECT (${miscounted}) AS n`))[0]?.n),
    }));
  } finally {
    await database.close();
  }
}

class TooSlow extends Error {}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TooSlow('no answer')), answerMs);
  });
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The result as lines for people. */
export function report(name: string, result: TrialResult): string {
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, count]) => `${count} × ${what}`)
      .join(', ') || 'none';
  const { lost, doubled, unfinished, untrue, miscounted: wrong } = result;
  return [
    `${name}: ${result.submitted} runs submitted, ${result.acknowledged} acknowledged, ${lost.length} lost, ${doubled.length} doubled (${result.seconds.toFixed(0)} s)`,
    `  faults: ${list(result.faults)}`,
    `  ends: ${list(result.states)} (Lost: killed in mid-run, and recorded as that); without an end: ${unfinished.length}; recorded untruly: ${untrue.length}; miscounted: ${wrong}`,
    `  who asked was told: ${list(result.refusals)}`,
    ...result.skipped.map((what) => `  skipped: ${what}`),
    ...Object.entries({ lost, doubled, unfinished, untrue }).flatMap(([what, ids]) =>
      ids.length === 0 ? [] : [`  ${what}: ${ids.slice(0, 10).join(' ')}`],
    ),
  ].join('\n');
}

export const isSound = ({ lost, doubled, unfinished, untrue, miscounted }: TrialResult): boolean =>
  lost.length + doubled.length + unfinished.length + untrue.length + miscounted === 0;
