// The plans PostgreSQL makes for our statements while it has not counted the rows, and when it has; and that their cost does not grow.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresDialect, translate } from '../../../src/orchestration/store/database.ts';
import { planning } from '../../../src/orchestration/store/postgres.ts';
import { initdb, postgres } from '../../runtime/servers/postgres.ts';
import { available } from '../../runtime/servers/server.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { costs, growing, pinned, type Statement, type Story, tellStory } from './plans.ts';

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Node[];
}

const all = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(all)];

describe.skipIf(!available('PostgreSQL and openssl', [initdb, postgres]))('PostgreSQL', () => {
  let cluster: Cluster;
  let client: pg.Client;
  let story: Story;
  let few: Story;
  const many = 100_000;

  beforeAll(async () => {
    cluster = await startCluster();
    const name = await cluster.create();
    story = await tellStory(await cluster.open(name), many, async () => {});
    few = await tellStory(await cluster.open(await cluster.create()), 1_000, async () => {});
    client = new pg.Client({ connectionString: cluster.address(name) });
    await client.connect();
    await client.query(planning);
  }, 240_000);
  afterAll(async () => {
    await client.end();
    await cluster.stop();
  });

  async function nodesOf({ text, values }: Statement, more = '', by = client): Promise<Node[]> {
    const { rows } = await by.query({
      text: `EXPLAIN (FORMAT JSON${more}) ${translate(text, postgresDialect)}`,
      values: [...values],
    });
    return all((rows[0] as { 'QUERY PLAN': { Plan: Node }[] })['QUERY PLAN'][0]?.Plan as Node);
  }

  async function expectGoodPlans(): Promise<void> {
    const found: string[] = [];
    for (const [step, statements] of story)
      for (const statement of statements)
        for (const node of await nodesOf(statement))
          if (/Seq Scan/.test(node['Node Type']) && growing.includes(node['Relation Name'] ?? ''))
            found.push(`${step}: ${node['Node Type']} of ${node['Relation Name']} — ${statement.text}`);
    expect(found).toEqual([]);
    for (const [step, part, index] of pinned)
      for (const statement of story.get(step)?.filter(({ text }) => part.test(text)) ?? [])
        expect(
          (await nodesOf(statement)).map((node) => node['Index Name']),
          `${step} ${part}`,
        ).toContain(index);
  }

  async function rowsLookedAt(): Promise<number> {
    const reads = story.get('worst turn')?.filter(({ text }) => /^\s*(SELECT|WITH)/.test(text)) ?? [];
    let looked = 0;
    for (const statement of reads)
      for (const node of await nodesOf(statement, ', ANALYZE')) {
        if (!/Scan/.test(node['Node Type']) || !growing.includes(node['Relation Name'] ?? '')) continue;
        const rows = (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0);
        looked += rows * (node['Actual Loops'] ?? 1);
      }
    return looked;
  }

  it('looks at few rows to find the one that may start behind 100,000, counted or not', async () => {
    const notCounted = await rowsLookedAt();
    await client.query('ANALYZE');
    const counted = await rowsLookedAt();
    for (const looked of [notCounted, counted]) {
      expect(looked).toBeGreaterThan(100);
      expect(looked).toBeLessThan(600);
    }
  });

  /** A plan made for an empty table is kept while it fills. */
  it('plans by keys while there are no rows yet', async () => {
    const empty = await cluster.create();
    await (await cluster.open(empty)).close();
    const first = new pg.Client({ connectionString: cluster.address(empty) });
    await first.connect();
    try {
      await first.query(planning);
      const found: string[] = [];
      for (const step of ['heartbeat', 'enqueue', 'worst turn', 'reports', 'giveBack', 'cancel', 'expiry'])
        for (const statement of story.get(step) ?? [])
          for (const node of await nodesOf(statement, '', first))
            if (
              node['Relation Name'] === 'run' &&
              node['Index Cond'] === undefined &&
              /Scan/.test(node['Node Type'])
            )
              found.push(`${step}: ${node['Node Type']} by ${node['Index Name']} — ${statement.text}`);
      expect(found).toEqual([]);
    } finally {
      await first.end();
    }
  });

  it('uses the indexes', async () => {
    await expectGoodPlans();
  });

  it('costs the same however long the queue is, one busy user in front of all', () => {
    expect(costs(story)).toEqual(costs(few));
    expect(costs(few)['worst turn']?.[0]).toBeLessThanOrEqual(20);
    expect(costs(few)['worst turn']?.[1]).toBeLessThanOrEqual(300);
  });
});
