// The plans SQLite makes for our statements, and that their cost does not grow with the queue. Counts, not times: those are in bench/.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqliteDialect, translate } from '../../../src/orchestration/store/database.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { costs, growing, pinned, type Statement, type Story, tellStory } from './plans.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-plans-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('SQLite', () => {
  const path = join(folder, 'plans.db');
  let story: Story;
  let file: DatabaseSync;
  const many = 30_000;

  beforeAll(async () => {
    story = await tellStory(
      openSqliteDatabase(path, sqliteMigrations, new FakeClock()),
      many,
      async () => {},
    );
    file = new DatabaseSync(path);
  }, 60_000);
  afterAll(() => file.close());

  const planOf = ({ text, values }: Statement): string[] =>
    file
      .prepare(`EXPLAIN QUERY PLAN ${translate(text, sqliteDialect)}`)
      .all(...values)
      .map(({ detail }) => String(detail));

  it('never reads through a table that grows, nor sorts one', () => {
    const found = [...story].flatMap(([step, statements]) =>
      statements.flatMap((statement) =>
        planOf(statement)
          .filter((line) => {
            const [, verb, table] = /^(SCAN|SEARCH) (\w+)/.exec(line) ?? [];
            // In the order of an index, for a page of it.
            if (verb === 'SCAN' && /LIMIT/.test(statement.text) && / USING (COVERING )?INDEX/.test(line))
              return false;
            return (
              (verb === 'SCAN' && growing.includes(table as string)) || /TEMP B-TREE FOR ORDER BY/.test(line)
            );
          })
          .map((line) => `${step}: ${line} — ${statement.text}`),
      ),
    );
    expect(
      found.filter((line) => !/ORDER BY (expires_at, id|companion\.|machine\.id|id)/.test(line)),
    ).toEqual([]);
  });

  it.each(pinned)('serves %s, %s, from the index %s', (step, part, index) => {
    const statements = story.get(step)?.filter(({ text }) => part.test(text)) ?? [];
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements)
      expect(planOf(statement).join('\n')).toMatch(new RegExp(`INDEX ${index}( |$)`, 'm'));
  });

  it('costs the same however long the queue is, one busy user in front of all', async () => {
    const few = await tellStory(
      openSqliteDatabase(':memory:', sqliteMigrations, new FakeClock()),
      1_000,
      async () => {},
    );
    expect(costs(story)).toEqual(costs(few));
    expect(costs(few)['worst turn']?.[0]).toBeLessThanOrEqual(20);
    expect(costs(few)['worst turn']?.[1]).toBeLessThanOrEqual(300);
  });
});
