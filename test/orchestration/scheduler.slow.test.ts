// Two orchestrators over one real PostgreSQL, killed again and again: each time of each schedule is fired exactly once.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/orchestration/store/database.ts';
import { openFleetStore } from '../../src/orchestration/store/fleetStore.ts';
import { openPostgresDatabase } from '../../src/orchestration/store/postgres.ts';
import { openScheduleStore, runIdOf } from '../../src/orchestration/store/schedules.ts';
import { postgresMigrations } from '../../src/orchestration/store/schema.ts';
import { initdb, postgres, startPostgres } from '../runtime/servers/postgres.ts';
import { available, findProgram, type Running } from '../runtime/servers/server.ts';
import { addQueue, every, schedule } from './schedulesOf.ts';

const program = join(import.meta.dirname, 'schedulerProcess.ts');
const openssl = findProgram('openssl');
const schedulesAtOnce = 8;
const rounds = 40;

describe.skipIf(!available('PostgreSQL and openssl', [initdb, postgres, openssl]))(
  'schedulers over PostgreSQL',
  () => {
    let server: Running;
    let address: string;
    let database: Database;

    beforeAll(async () => {
      server = await startPostgres('a password');
      address = `postgres://robin:a%20password@127.0.0.1:${server.port}/postgres`;
      database = await openPostgresDatabase({ address, migrations: postgresMigrations });
    });
    afterAll(async () => {
      await database?.close();
      await server?.stop();
    });

    async function start(behaviour: string): Promise<ChildProcess> {
      const child = fork(program, [address, behaviour], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      await Promise.race([once(child, 'message'), once(child, 'exit')]);
      return child;
    }

    async function end(child: ChildProcess): Promise<void> {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }

    it('keep their firings there as in a file', async () => {
      const schedules = openScheduleStore(database);
      const day = 24 * 60 * 60_000;
      const from = Date.now() - 10 * day;
      const made = await schedules.add(
        schedule('kept', every(3_600, from, { missed: 'skip' }), { name: 'Kept schedule' }),
      );
      await expect(
        schedules.add(schedule('other', every(1, from), { name: 'KEPT Schedule' })),
      ).rejects.toMatchObject({
        code: 'NameTaken',
      });
      expect(await schedules.get('KEPT Schedule')).toEqual(made);
      // Further away than it should be, as after a clock that was wrong.
      await database.transaction((sql) => sql.run('UPDATE schedule SET next_at = next_at + ?', 1_000 * day));
      await schedules.reckon();
      expect(await schedules.get('kept')).toEqual(made);
      await database.transaction(async (sql) => {
        await sql.run(
          `INSERT INTO firing SELECT 'kept', CAST(? AS BIGINT) + n * 60000, 0, 'r', NULL FROM generate_series(1, 1200) AS n`,
          from,
        );
        await sql.run(`INSERT INTO firing VALUES ('kept', ?, ?, NULL, NULL)`, from, Date.now() - 20_000);
        await sql.run(`INSERT INTO firing VALUES ('kept', ?, ?, NULL, NULL)`, from - 1, Date.now() - 2 * day);
      });
      // The first is missed by now, of the second nobody knows.
      expect(await schedules.unsettled()).toEqual([]);
      const oldest = (await schedules.firings('kept', 9_999)).slice(-2).map(({ note }) => note);
      expect(oldest).toEqual([expect.stringMatching(/^Missed/), expect.stringContaining('not known')]);
      await schedules.settle([
        { scheduleId: 'kept', dueAt: from, note: 'half a \ud83d\0 character' },
        { scheduleId: 'kept', dueAt: from + 60_000, note: 'too late' },
      ]);
      const [, first, second] = (await schedules.firings('kept', 9_999)).slice(-3).reverse();
      expect([first?.note, second?.run, second?.note]).toEqual(['half a \ufffd character', 'r', undefined]);
      expect(await schedules.prune()).toBe(202);
      await schedules.remove('kept SCHEDULE');
      expect(await database.transaction((sql) => sql.all('SELECT count(*) AS n FROM firing'))).toEqual([
        { n: 0 },
      ]);
    });

    it('fire each time exactly once, however often they are killed', { timeout: 180_000 }, async () => {
      const store = openFleetStore(database, 60_000);
      const schedules = openScheduleStore(database);
      await addQueue(store);
      const began = Math.floor(Date.now() / 1_000) * 1_000;
      for (let i = 0; i < schedulesAtOnce; i++)
        await schedules.add(schedule(`s${i}`, every(1 + (i % 2), began + i * 37, { missed: 'all' })));

      const behaviours = ['well', 'dies before', 'dies after'];
      const children = [await start('well'), await start('dies after')];
      let killed = 0;
      for (let round = 0; round < rounds; round++) {
        await sleep(50 + Math.random() * 450);
        const which = Math.random() < 0.5 ? 0 : 1;
        await end(children[which] as ChildProcess);
        killed++;
        children[which] = await start(behaviours[round % behaviours.length] as string);
      }
      for (const child of children) await end(child);
      // What the last ones left open, somebody else takes over; then nothing more comes.
      for (let i = 0; i < schedulesAtOnce; i++)
        await schedules.change(`s${i}`, {
          spec: every(1 + (i % 2), began + i * 37, { missed: 'all', until: Date.now() + 3_000 }),
        });
      const last = await start('well');
      await expect.poll(() => openFirings(database), { timeout: 60_000, interval: 500 }).toEqual([]);
      await sleep(3_500);
      await end(last);

      let fired = 0;
      for (let i = 0; i < schedulesAtOnce; i++) {
        const firings = [...(await schedules.firings(`s${i}`, 100_000))].reverse();
        const steps = firings.slice(1).map(({ dueAt }, index) => dueAt - (firings[index]?.dueAt ?? 0));
        // What passed before the change of the schedule and after the last kill is forgotten with the change: one gap at most.
        const step = (1 + (i % 2)) * 1_000;
        expect(steps.filter((gap) => gap !== step).length).toBeLessThanOrEqual(1);
        for (const { dueAt, run, note } of firings) {
          expect(note).toBeUndefined();
          expect(run).toBe(runIdOf(`s${i}`, dueAt));
        }
        fired += firings.length;
      }
      const [{ runs } = { runs: 0 }] = (await database.transaction((sql) =>
        sql.all('SELECT count(*) AS runs FROM run'),
      )) as readonly { runs: number }[];
      expect(runs).toBe(fired);
      console.log(`${fired} times fired, ${runs} runs, ${killed} orchestrators killed`);
      expect(fired).toBeGreaterThan(schedulesAtOnce * 10);
    });
  },
);

const openFirings = (database: Database) =>
  database.transaction((sql) =>
    sql.all('SELECT schedule, due_at FROM firing WHERE run IS NULL AND note IS NULL'),
  );
