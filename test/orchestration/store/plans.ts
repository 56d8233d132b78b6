// What the tests of query plans share: a story with one busy user in front of everybody, and every statement it needed.
import { expect } from 'vitest';
import type { Database, Row, Sql, Value } from '../../../src/orchestration/store/database.ts';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import { change, group, holderOf, request, server, turn } from './contract.ts';

export interface Statement {
  readonly text: string;
  readonly values: readonly Value[];
  readonly rows: number;
}

/** The database, with a note of every statement that is sent to it. */
export function recording(database: Database): { database: Database; statements: Statement[] } {
  const statements: Statement[] = [];
  const noted = (sql: Sql): Sql => ({
    all: async (text, ...values) => {
      const rows: readonly Row[] = await sql.all(text, ...values);
      statements.push({ text, values, rows: rows.length });
      return rows;
    },
    run: async (text, ...values) => {
      const rows = await sql.run(text, ...values);
      statements.push({ text, values, rows });
      return rows;
    },
    send: (text, ...values) => {
      statements.push({ text, values, rows: 0 });
      sql.send(text, ...values);
    },
  });
  return {
    statements,
    database: {
      dialect: database.dialect,
      onNotice: database.onNotice,
      transaction: (work) => database.transaction((sql, now) => work(noted(sql), now)),
      read: (work) => database.read((sql) => work(noted(sql))),
      announce: (topic) => database.announce(topic),
      close: () => database.close(),
    },
  };
}

/** Steps of the story, each with what it sent. */
export type Story = ReadonlyMap<string, readonly Statement[]>;

/**
 * One account has `runs` waiting in front of two others, in a group of two machines with room for more accounts. `settled` is called
 * when they are there. The numbers of statements and rows of each step may not depend on `runs`.
 */
export async function tellStory(real: Database, runs: number, settled: () => Promise<void>): Promise<Story> {
  const { database, statements } = recording(real);
  const store = openFleetStore(database, 60_000);
  const commit = (...changes: Parameters<typeof store.commit>[0]) => store.commit(changes, () => 0);
  const story = new Map<string, readonly Statement[]>();
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    statements.length = 0;
    const result = await work();
    story.set(name, [...statements]);
    return result;
  };
  await store.putGroup(group('g'));
  for (const id of ['m1', 'm2']) {
    await store.putMachine({ id, name: id, description: '', owner: 'me', unattendedSlots: 10 });
    await store.setMembership(id, 'g');
  }
  for (let i = 0; i < runs; i += 1_000)
    await commit(
      ...Array.from({ length: 1_000 }, (_, j) => request(`busy${i + j}`, 'g', { account: 'busy' })),
    );
  await settled();
  const beat = () =>
    Promise.all(
      ['m1', 'm2'].map((id) => store.heartbeat(id, 'b', server, [{ runId: 'busy0', fence: 1 }], 60_000)),
    );
  await step('heartbeat', beat);
  const [first] = await commit(turn('g', 'm1', 'm2'));
  const claims = first?.claims ?? [];
  // One on each machine: from now on, everything in sight waits for its account.
  expect(claims).toHaveLength(2);
  await step('enqueue', () =>
    commit(
      request('ann', 'g', { account: 'ann', run: { connection: 'c' } }),
      request('ben', 'g', { account: 'ben' }),
    ),
  );
  await beat();
  const [wide] = await step('worst turn', () => commit(turn('g', 'm1', 'm2')));
  expect(wide?.claims.map(({ run }) => run.id)).toEqual(['ann', 'ben']);
  await step('blocked turn', () => commit(turn('g', 'm1', 'm2')));
  const [one] = claims;
  if (one === undefined) throw new Error('nothing was claimed');
  await step('reports', () =>
    commit(
      change(holderOf(one), 'Running', { startedAgo: 0 }),
      { kind: 'append', holder: holderOf(one), bodies: [{ kind: 'lines', lines: [] }], announce: false },
      change(holderOf(one), 'Succeeded'),
    ),
  );
  await step('giveBack', () => commit({ kind: 'giveBack', holder: { runId: 'ann', fence: 1 } }));
  await step('moveToTop', () => commit({ kind: 'moveToTop', runId: 'ann' }));
  await step('cancel', () =>
    commit({ kind: 'cancel', runId: 'ann', error: { code: 'RunStopped', message: '', nextStep: '' } }),
  );
  await step('expiry', () => commit(turn('g')));
  await step('sweep', () => store.sweep(() => ({ code: 'MachineLost', message: '', nextStep: '' })));
  await step('prune', () => store.prune(0, 1e15));
  await step('events', () => store.events(10, 1_000));
  await step('events of a run', () => store.events(0, 1_000, 'ben'));
  await step('waiting', () => store.waiting('g', 20));
  await step('list', () => store.list(20));
  return story;
}

/** Tables that grow with what people do. */
export const growing = ['run', 'event', 'flow', 'companion'];

/** Which index serves which statement: its beginning or a part of it, and the index. */
export const pinned: readonly (readonly [step: string, part: RegExp, index: string])[] = [
  ['worst turn', /UNION ALL SELECT \* FROM/, 'run_queue'],
  ['worst turn', /UNION ALL SELECT \* FROM/, 'run_exclusive'],
  ['worst turn', /WITH RECURSIVE lane/, 'run_lane'],
  ['enqueue', /SELECT connection, count/, 'run_connection'],
  ['moveToTop', /SELECT moved_to_top_at/, 'run_queue'],
  ['expiry', /expires_at <= \?/, 'run_expiry'],
  ['sweep', /lease_until <= \?/, 'run_lease'],
  ['sweep', /SELECT queue/, 'run_expiry'],
  ['prune', /ORDER BY ended_at DESC/, 'run_finished'],
  ['prune', /\(ended_at, id\) <=/, 'run_finished'],
  ['events of a run', /FROM event WHERE run/, 'event_run'],
  ['waiting', /ORDER BY/, 'run_queue'],
  ['list', /ORDER BY/, 'run_recent'],
];

/** Statements and rows of every step. */
export const costs = (story: Story): Record<string, readonly [statements: number, rows: number]> =>
  Object.fromEntries(
    [...story].map(([name, statements]) => [
      name,
      [statements.length, statements.reduce((sum, { rows }) => sum + rows, 0)],
    ]),
  );
