// How fast the run queue is, beside known job queues on this machine in one run: graphile-worker and pg-boss on the same PostgreSQL,
// BullMQ on Redis; then how long claims take by the length of the queue, and what 1,000 machines cost. `npm run bench -- queue`, with
// `--quick` for a look and `--full` up to a million. All databases flush every commit; rounds of all subjects take turns, because the
// machine is not the same from minute to minute. Figures of one run compare with each other, not with those of another day.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../src/base/clock.ts';
import type { Database } from '../src/orchestration/store/database.ts';
import { openPostgresDatabase } from '../src/orchestration/store/postgres.ts';
import { postgresMigrations, sqliteMigrations } from '../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../src/orchestration/store/sqlite.ts';
import { machine, median, percentile } from './figures.ts';
import { claimTimes } from './queue/claims.ts';
import { fleetFigures } from './queue/fleet.ts';
import { ours } from './queue/ours.ts';
import { installPeers, openPeer, startPostgres, startRedis } from './queue/servers.ts';
import { enqueueing, payload, perSecond, type Subject, starting, working } from './queue/subject.ts';

const quick = process.argv.includes('--quick');
const full = process.argv.includes('--full');
const rounds = quick ? 1 : 3;
const samples = quick ? 40 : 100;
const backlog = quick ? 5_000 : 100_000;
const claims = quick ? 40 : 300;
const sizes = [1_000, 10_000, ...(quick ? [] : [100_000]), ...(full ? [1_000_000] : [])];
const fleetSeconds = quick ? 3 : full ? 30 : 10;
/** Workers, and jobs of one round that they begin. */
const widths = new Map([1, 4, 16].map((width) => [width, (quick ? 100 : 250) * Math.min(width, 6)]));

type Name = 'embedded' | 'server' | 'graphile' | 'pgboss' | 'bullmq';
const titles: Readonly<Record<Name, string>> = {
  embedded: 'ours, SQLite',
  server: 'ours, PostgreSQL',
  graphile: 'graphile-worker',
  pgboss: 'pg-boss',
  bullmq: 'BullMQ',
};
/** Figures of all rounds. */
const table = new Map<string, Map<Name, number[]>>();
const goals: string[][] = [];
const loads: number[] = [];
const folder = mkdtempSync(join(tmpdir(), 'dflow-bench-'));
const began = performance.now();
let files = 0;
let next = 1_000_000;
const taken = (count: number): number => {
  next += count;
  return next - count;
};

const loadBefore = loadavg()[0] as number;
const sampling = setInterval(() => loads.push(loadavg()[0] as number), 1_000);
sampling.unref();
console.log(machine());
const peers = installPeers();
const postgres = await startPostgres();
const redis = peers === undefined ? undefined : await startRedis();
const embedded = () => openSqliteDatabase(join(folder, `${++files}.db`), sqliteMigrations, systemClock);
const shared = async (address: string) => openPostgresDatabase({ address, migrations: postgresMigrations });
try {
  const subjects = new Map<Name, () => Promise<Subject>>([['embedded', async () => ours(embedded())]]);
  if (postgres !== undefined) {
    subjects.set('server', async () => ours(await shared(await postgres.create())));
    if (peers !== undefined)
      for (const name of ['graphile', 'pgboss'] as const)
        subjects.set(name, async () => openPeer(peers, name, { postgres: await postgres.create() }));
  }
  if (redis !== undefined && peers !== undefined)
    subjects.set('bullmq', async () => openPeer(peers, 'bullmq', { redisPort: redis.port }));

  const naked: number[] = [];
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`);
    naked.push(nakedCommits());
    for (const [name, open] of subjects) await shortQueue(name, open);
  }
  await longQueues(subjects);
  printTable(naked);
  judge();
  say('claims');
  await judgeClaims('ours, SQLite', embedded());
  if (postgres !== undefined) await judgeClaims('ours, PostgreSQL', await shared(await postgres.create()));
  printClaimsAndGoals();
  if (postgres !== undefined) {
    say('1,000 machines');
    printFleet(await fleetFigures(postgres, fleetSeconds, 50));
  }
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  console.log(
    `\nLoad of this machine (${cpus().length} cores): ${loadBefore.toFixed(1)} before; with the bench ${median(loads).toFixed(1)} in the median, ${Math.max(...loads).toFixed(1)} at most. ${minutes} minutes.`,
  );
} finally {
  clearInterval(sampling);
  await redis?.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Progress, where somebody looks on. */
function say(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`… ${what}\n`);
}

function note(row: string, name: Name, figures: readonly number[]): void {
  const cells = table.get(row) ?? new Map<Name, number[]>();
  table.set(row, cells);
  cells.set(name, [...(cells.get(name) ?? []), ...figures]);
}

async function shortQueue(name: Name, open: () => Promise<Subject>): Promise<void> {
  const subject = await open();
  for (const [callers, jobs] of widths)
    note(rowName('enqueue', callers), name, [await enqueueing(subject, callers, taken(jobs), jobs)]);
  // Some more begin while the workers start and stop.
  await subject.enqueueMany(taken(1_000), 1_000, payload);
  for (const [workers, jobs] of widths)
    note(rowName('work', workers, 0), name, [await working(subject, workers, jobs)]);
  await subject.close();
  const idle = await open();
  note(rowName('start', 0), name, await starting(idle, taken(samples), samples, false));
  await idle.close();
}

async function longQueues(subjects: ReadonlyMap<Name, () => Promise<Subject>>): Promise<void> {
  const all = [...widths.values()].reduce((sum, jobs) => sum + jobs, 0);
  const count = backlog + all * rounds + 5_000;
  const opened: (readonly [Name, Subject])[] = [];
  for (const [name, open] of subjects) {
    say(`${backlog.toLocaleString('en')} queued: ${titles[name]}`);
    const subject = await open();
    await subject.enqueueMany(taken(count), count, payload);
    opened.push([name, subject]);
  }
  for (let round = 0; round < rounds; round++)
    for (const [name, subject] of opened)
      for (const [workers, jobs] of widths)
        note(rowName('work', workers, backlog), name, [await working(subject, workers, jobs)]);
  for (const [name, subject] of opened) {
    note(rowName('start', backlog), name, await starting(subject, taken(samples), samples, true));
    await subject.close();
  }
}

function rowName(what: 'enqueue' | 'work' | 'start', count: number, queued = 0): string {
  const waiting = (n: number) => `${n.toLocaleString('en')} queued`;
  if (what === 'enqueue') return `enqueue/s, c=${count}`;
  if (what === 'work') return `start→complete/s, c=${count}, ${waiting(queued)}`;
  return `enqueue→start ms, ${waiting(count)}`;
}

/** Commits per second of one row each, with nothing around them: what the disk gives one caller. */
function nakedCommits(): number {
  const db = new DatabaseSync(join(folder, `${++files}.db`));
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE job (id INTEGER PRIMARY KEY, payload TEXT) STRICT',
  );
  const insert = db.prepare('INSERT INTO job (payload) VALUES (?)');
  const count = 500;
  const since = performance.now();
  for (let i = 0; i < count; i++) insert.run(payload);
  const rate = perSecond(count, since);
  db.close();
  return rate;
}

// ── goals ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** At least (`≥`) or less than (`<`, `≤`) so much. */
function goal(
  what: string,
  value: number | undefined,
  sign: '≥' | '<' | '≤',
  limit: number | undefined,
): void {
  if (value === undefined || limit === undefined) return;
  const reached = sign === '≥' ? value >= limit : sign === '<' ? value < limit : value <= limit;
  goals.push([what, figure(value), `${sign} ${figure(limit)}`, reached ? 'reached' : 'NOT REACHED']);
}

function judge(): void {
  const rate = (row: string, name: Name) => {
    const found = table.get(row)?.get(name);
    return found && median(found);
  };
  const times = (value: number | undefined, share: number) => value && value * share;
  for (const queued of [0, backlog]) {
    const row = rowName('start', queued);
    for (const peer of ['graphile', 'pgboss'] as const)
      goal(
        `${row}, p50: ours on PostgreSQL below ${titles[peer]}`,
        rate(row, 'server'),
        '<',
        rate(row, peer),
      );
    for (const workers of widths.keys()) {
      const working = rowName('work', workers, queued);
      goal(`${working}: ours on PostgreSQL ≥ pg-boss`, rate(working, 'server'), '≥', rate(working, 'pgboss'));
      if (workers === 16)
        goal(
          `${working}: ours on PostgreSQL ≥ 0.6 × graphile-worker`,
          rate(working, 'server'),
          '≥',
          times(rate(working, 'graphile'), 0.6),
        );
    }
    goal(
      `${rowName('work', 16, queued)}: embedded, with events`,
      rate(rowName('work', 16, queued), 'embedded'),
      '≥',
      2_400,
    );
  }
  goal(`${rowName('enqueue', 16)}: embedded, durable`, rate(rowName('enqueue', 16), 'embedded'), '≥', 5_000);
}

async function judgeClaims(title: string, database: Database): Promise<void> {
  for (const { queued, many, behindOne } of await claimTimes(database, sizes, claims))
    for (const [what, times] of [
      ['many accounts', many],
      ['behind one busy account', behindOne],
    ] as const)
      goal(
        `claim ms p99, ${title}, ${queued.toLocaleString('en')} queued, ${what} (p50 ${figure(median(times))})`,
        percentile(times, 0.99),
        '≤',
        5,
      );
}

// ── printing ────────────────────────────────────────────────────────────────────────────────────────────────────────

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);
}

function printTable(naked: readonly number[]): void {
  const names = [...new Set([...table.values()].flatMap((cells) => [...cells.keys()]))];
  const peers = (['graphile', 'pgboss'] as const).filter((peer) => names.includes(peer));
  const rows = [['', ...names.map((name) => titles[name]), ...peers.map((peer) => `÷ ${titles[peer]}`)]];
  for (const [row, cells] of table) {
    const isTime = row.includes(' ms');
    const own = cells.get('server');
    rows.push([
      row,
      ...names.map((name) => {
        const found = cells.get(name);
        if (found === undefined) return '';
        // Of rates, the worst round; of times, the slowest of a hundred.
        return `${figure(median(found))} (${figure(isTime ? percentile(found, 0.99) : Math.min(...found))})`;
      }),
      ...peers.map((peer) => {
        const theirs = cells.get(peer);
        return own && theirs ? (median(own) / median(theirs)).toFixed(2) : '';
      }),
    ]);
  }
  console.log(
    `\nRates: median of ${rounds} rounds (worst round); times: p50 (p99) of ${samples} a round. c: callers or workers. The last columns: ours on PostgreSQL as a multiple of that peer.`,
  );
  console.log('With a queue behind them, the requests timed are urgent ones while four workers are busy.\n');
  print(rows);
  console.log(
    `\nOne row per commit and nothing else, SQLite on this disk, one caller: ${figure(median(naked))}/s; a request to ours does that and all its rules ask.`,
  );
}

function printClaimsAndGoals(): void {
  console.log('\nGoals\n');
  print([['', 'measured', 'goal', ''], ...goals]);
  const missed = goals.filter(([, , , reached]) => reached !== 'reached').length;
  console.log(`\n${goals.length - missed} of ${goals.length} goals reached.`);
}

function printFleet(figures: Awaited<ReturnType<typeof fleetFigures>>): void {
  const percent = (share: number | undefined) =>
    share === undefined ? '?' : `${(share * 100).toFixed(0)} %`;
  console.log(
    '\n1,000 machines in 20 groups on one PostgreSQL, each beating every 15 s. Processor time as shares of one core; the orchestrator’s has the machines in it.\n',
  );
  print([
    ['', 'seconds', 'queries/s', 'orchestrator', 'PostgreSQL', 'runs', 'enqueue→start ms p50', 'p95', 'p99'],
    ...figures.map(({ name, seconds, queriesPerSecond, orchestratorCpu, databaseCpu, starts }) => [
      name,
      seconds.toFixed(1),
      figure(queriesPerSecond),
      percent(orchestratorCpu),
      percent(databaseCpu),
      String(starts.length),
      ...[0.5, 0.95, 0.99].map((share) => (starts.length === 0 ? '' : figure(percentile(starts, share)))),
    ]),
  ]);
}

/** Columns of their own width; figures stand right. */
function print(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] as readonly string[]).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of rows)
    console.log(
      row
        .map((text, i) => (i === 0 ? text.padEnd(widths[i] as number) : text.padStart(widths[i] as number)))
        .join('  '),
    );
}
