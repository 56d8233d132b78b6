// The Database actions against real databases: PostgreSQL, MariaDB and SQLite, and what stands in for a SQL Server that cannot be had.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { databaseActions } from '../../../src/runtime/actions/database/index.ts';
import { toText } from '../../../src/runtime/convert.ts';
import {
  type Datatable,
  FlowDatetime,
  FlowDecimal,
  type InstanceValue,
  type Value,
} from '../../../src/runtime/values.ts';
import { FakeHost } from '../../fakes/host.ts';
import { openssl } from '../servers/certificate.ts';
import { mariadbd, mariadbInstall, startMariaDb } from '../servers/mariadb.ts';
import { initdb, postgres, startPostgres } from '../servers/postgres.ts';
import { available, freePort, type Running } from '../servers/server.ts';
import { startSqlServerStandIn } from '../servers/sqlServerStandIn.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { isAlive, until } from './processProbe.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const folder = temporaryFolder();
const password = 'p;w{ö}"d';

const inFolder = (path: string, signal?: AbortSignal) =>
  contextIn(path, {
    host: new FakeHost({ clock: systemClock }),
    ...(signal === undefined ? {} : { signal }),
  });

async function ask(
  ConnectionString: string,
  Statement: string,
  more: Record<string, Value> = {},
  context = inFolder('/'),
): Promise<Datatable> {
  const given = { ConnectionString, Statement, ...more };
  const { outputs } = await runAction(
    databaseActions,
    'Database.ExecuteSqlStatement.ConnectAndExecute',
    given,
    context,
  );
  expect(context.secrets).toEqual(ConnectionString.includes('Pwd') ? [expect.any(String)] : []);
  return outputs?.Result as Datatable;
}

async function connect(ConnectionString: string, context = inFolder('/')) {
  const { outputs } = await runAction(
    databaseActions,
    'Database.Connect.Connect',
    { ConnectionString },
    context,
  );
  const Connection = outputs?.Connection as InstanceValue;
  return {
    Connection,
    context,
    property: (name: string) => Connection.properties.get(name),
    async run(Statement: string, more: Record<string, Value> = {}): Promise<Datatable> {
      const given = { Connection, Statement, ...more };
      const result = await runAction(databaseActions, 'Database.ExecuteSqlStatement.Execute', given, context);
      return result.outputs?.Result as Datatable;
    },
    close: () => runAction(databaseActions, 'Database.Close', { Connection }, context),
  };
}

const shown = (table: Datatable) =>
  table.rows.map((row) => row.map((cell) => (cell instanceof FlowDatetime ? toText(cell) : cell)));

/** Runs `statement` until it is stopped after `ms`; gives how long the stop took. */
async function stopWithin(connection: string, statement: string, ms: number): Promise<number> {
  const stop = new AbortController();
  let stopped = 0;
  setTimeout(() => {
    stopped = performance.now();
    stop.abort(new Error('stopped'));
  }, ms);
  await expect(ask(connection, statement, {}, inFolder('/', stop.signal))).rejects.toThrow('stopped');
  return performance.now() - stopped;
}

const braced = `{${password.replaceAll('}', '}}')}}`;

describe.skipIf(!available('PostgreSQL and openssl', [initdb, postgres, openssl]))('PostgreSQL', () => {
  let server: Running;
  let base = '';
  beforeAll(async () => {
    server = await startPostgres(password);
    base = `Driver={PostgreSQL Unicode};Server=127.0.0.1;Port=${server.port};Database=postgres;Uid=robin`;
  });
  afterAll(() => server.stop());
  const db = () => `${base};Pwd=${braced}`;

  it('gives rows as a table of typed values', async () => {
    const table = await ask(
      db(),
      `SELECT 1::int AS i, 9007199254740993::bigint AS big, 12.50::numeric AS n, 12345678901234567.89::numeric AS m, 1.5::float8 AS f,
        true AS b, 'Grüße 😀'::text AS t, NULL::text AS nothing, DATE '2026-01-31' AS d, TIMESTAMP '2026-01-31 10:20:30.5' AS ts,
        '\\x00ff41'::bytea AS bin, '{"a": [1]}'::jsonb AS j, ARRAY[1,2] AS a, TIME '09:30' AS tm, 'infinity'::timestamp AS inf`,
    );
    expect(table.columns).toEqual([
      'i',
      'big',
      'n',
      'm',
      'f',
      'b',
      't',
      'nothing',
      'd',
      'ts',
      'bin',
      'j',
      'a',
      'tm',
      'inf',
    ]);
    expect(shown(table)).toEqual([
      [
        1,
        new FlowDecimal(9007199254740993n, 0),
        12.5,
        new FlowDecimal(1234567890123456789n, 2),
        1.5,
        true,
        'Grüße 😀',
        null,
        '01/31/2026 00:00:00',
        '01/31/2026 10:20:30',
        '\u0000ÿA',
        '{"a": [1]}',
        '{1,2}',
        '09:30:00',
        'infinity',
      ],
    ]);
  });

  it('gives points in time in the zone of this machine', async () => {
    const table = await ask(db(), "SET TIME ZONE '+05:30'; SELECT TIMESTAMPTZ '2026-07-01 12:00:00+00'");
    const at = new Date(Date.UTC(2026, 6, 1, 12));
    const [[found]] = table.rows as [[FlowDatetime]];
    expect(found.fields.getUTCHours()).toBe(at.getHours());
  });

  it('gives columns of their own to equal and missing names', async () => {
    expect((await ask(db(), 'SELECT 1 AS a, 2 AS a, 3 AS "A", 4')).columns).toEqual([
      'a',
      'a1',
      'A2',
      '?column?',
    ]);
  });

  it('gives the first result that has columns, or an empty table', async () => {
    expect(
      (await ask(db(), 'CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1); SELECT a FROM t; SELECT 2'))
        .rows,
    ).toEqual([[1]]);
    expect(await ask(db(), 'SELECT 1 AS a WHERE false; SELECT 2 AS b')).toMatchObject({
      columns: ['a'],
      rows: [],
    });
    expect(await ask(db(), 'CREATE TEMP TABLE t (a int)')).toMatchObject({ columns: [], rows: [] });
    expect(await ask(db(), '')).toMatchObject({ columns: [], rows: [] });
  });

  it('keeps a session, with transactions, until it is closed', async () => {
    const session = await connect(db());
    expect(session.property('IsClosed')).toBe(false);
    expect(session.property('ConnectionString')).toContain('uid=robin');
    expect(session.property('ConnectionString')).not.toContain('ö');
    await session.run('CREATE TABLE kept (a int)');
    await session.run('BEGIN');
    await session.run('INSERT INTO kept VALUES (1)');
    expect((await ask(db(), 'SELECT * FROM kept')).rows).toEqual([]);
    expect(await errorOf(session.run('SELECT * FROM nowhere'))).toMatch(
      /^ErrorInSQLStatementError: The database refused the statement: relation "nowhere" does not exist \(at character 15\)\.$/,
    );
    await session.run('ROLLBACK');
    await session.run('INSERT INTO kept VALUES (2)');
    await session.close();
    expect(session.property('IsClosed')).toBe(true);
    expect(await errorOf(session.run('SELECT 1'))).toBe(
      'ConnectToDataSourceError: The SQL connection is closed.',
    );
    await session.close();
    expect((await ask(db(), 'SELECT * FROM kept')).rows).toEqual([[2]]);
  });

  it('ends its sessions with the run', async () => {
    const session = await connect(`${db()};Application=x`);
    const [[pid]] = (await session.run('SELECT pg_backend_pid()')).rows as [[number]];
    await session.context.close();
    await expect
      .poll(async () => (await ask(db(), `SELECT 1 FROM pg_stat_activity WHERE pid = ${pid}`)).rows.length)
      .toBe(0);
  });

  it('cancels a statement that takes too long, and goes on', async () => {
    const session = await connect(db());
    const started = performance.now();
    expect(await errorOf(session.run('SELECT pg_sleep(30)', { Timeout: 1 }))).toMatch(
      /^ErrorInSQLStatementError: .*within 1 seconds; it was cancelled/,
    );
    expect(performance.now() - started).toBeLessThan(2_000);
    expect((await session.run('SELECT 5')).rows).toEqual([[5]]);
    await session.close();
  });

  it('cancels at the server when the run stops', async () => {
    expect(await stopWithin(db(), "SELECT 'marked by a test', pg_sleep(30)", 300)).toBeLessThan(5_000); // a busy machine is no failure
    const running =
      "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%marked by' || ' a test%'";
    await expect.poll(async () => (await ask(db(), running)).rows.length).toBe(0);
  });

  it('refuses a result that is too large, and goes on', async () => {
    const session = await connect(db());
    expect(await errorOf(session.run('SELECT generate_series(1, 100000000)'))).toMatch(
      /^ErrorInSQLStatementError: .*larger than 1,000,000 rows/,
    );
    expect(await errorOf(session.run("SELECT repeat('x', 10000000) FROM generate_series(1, 1000)"))).toMatch(
      /larger than/,
    );
    expect((await session.run('SELECT 5')).rows).toEqual([[5]]);
    await session.close();
    expect((await ask(db(), 'SELECT generate_series(1, 1000000)')).rows.length).toBe(1_000_000);
  });

  it('tells a session that broke off', async () => {
    const session = await connect(db());
    expect(await errorOf(session.run('SELECT pg_terminate_backend(pg_backend_pid())'))).toMatch(
      /^(ConnectToDataSource|ErrorInSQLStatement)Error/,
    );
    expect(await errorOf(session.run('SELECT 1'))).toMatch(/^ConnectToDataSourceError/);
    expect(session.property('IsClosed')).toBe(true);
  });

  it.each([
    ['a wrong password', () => `${base};Pwd=wr0ng-one`, /password authentication failed for user "robin"/],
    [
      'a missing database',
      () => db().replace('Database=postgres', 'Database=nowhere'),
      /database "nowhere" does not exist/,
    ],
    ['a refused connection', () => db().replace(/Port=\d+/, 'Port=1'), /nothing accepts connections there/],
    ['an unknown host', () => db().replace('127.0.0.1', 'nobody.invalid'), /no machine of this name/],
    ['a certificate nobody trusts', () => `${db()};SSLMode=verify-full`, /self-signed/],
  ])('fails with %s', async (_, connection, message) => {
    const error = await errorOf(ask(connection(), 'SELECT 1'));
    expect(error).toMatch(/^ConnectToDataSourceError: Cannot connect to the PostgreSQL database on/);
    expect(error).toMatch(message);
    expect(error).not.toMatch(/wr0ng|p;w/);
  });

  it.each([
    ['', true],
    ['require', true],
    ['disable', false],
  ])('is reached with SSLMode=%s', async (mode, secured) => {
    const connection = mode === '' ? db() : `${db()};SSLMode=${mode}`;
    expect((await ask(connection, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')).rows).toEqual([
      [secured],
    ]);
  });

  it('gives up on a server that says nothing', async () => {
    const silent = net.createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as net.AddressInfo;
    const started = performance.now();
    const connection = `Driver={PostgreSQL Unicode};Server=127.0.0.1;Port=${port};Uid=a;Pwd=bcd;Connection Timeout=1`;
    expect(await errorOf(ask(connection, 'SELECT 1'))).toMatch(
      /^ConnectToDataSourceError: .*no answer within 1 seconds/,
    );
    expect(await stopWithin(connection.replace('Timeout=1', 'Timeout=30'), 'SELECT 1', 100)).toBeLessThan(
      500,
    );
    expect(performance.now() - started).toBeLessThan(2_500);
    silent.close();
  });
});

describe.skipIf(!available('MariaDB', [mariadbd, mariadbInstall]))('MariaDB', () => {
  let server: Running;
  let base = '';
  beforeAll(async () => {
    server = await startMariaDb(password);
    base = `Driver={MySQL ODBC 8.0 Unicode Driver};Server=127.0.0.1;Port=${server.port};Database=test;Uid=robin`;
  });
  afterAll(() => server.stop());
  const db = () => `${base};Pwd=${braced}`;

  it('gives rows as a table of typed values', async () => {
    const session = await connect(db());
    await session.run(
      `CREATE TABLE t (i INT, big BIGINT UNSIGNED, n DECIMAL(20,2), f DOUBLE, bit1 BIT(1), bit9 BIT(9), t TEXT, d DATE, ts DATETIME(3), tm TIME,
        bin VARBINARY(10), j JSON, y YEAR, z DATETIME)`,
    );
    await session.run("SET sql_mode = ''");
    await session.run(
      `INSERT INTO t VALUES (1, 18446744073709551615, 12.50, 1.5, b'1', b'100000001', 'Grüße 😀', '2026-01-31', '2026-01-31 10:20:30.5', '09:30',
        x'00ff41', '{"a":1}', 2026, '0000-00-00'), (NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)`,
    );
    expect(shown(await session.run('SELECT * FROM t'))).toEqual([
      [
        1,
        new FlowDecimal(18446744073709551615n, 0),
        12.5,
        1.5,
        true,
        257,
        'Grüße 😀',
        '01/31/2026 00:00:00',
        '01/31/2026 10:20:30',
        '09:30:00',
        '\u0000ÿA',
        '{"a":1}',
        2026,
        '0000-00-00 00:00:00',
      ],
      Array(14).fill(null),
    ]);
    await session.run(
      'CREATE PROCEDURE two() BEGIN INSERT INTO t (i) VALUES (7); SELECT 1 AS a; SELECT 2 AS b; END',
    );
    expect(await session.run('CALL two()')).toMatchObject({ columns: ['a'], rows: [[1]] });
    expect(await session.run('UPDATE t SET i = 2')).toMatchObject({ columns: [], rows: [] });
    await session.close();
  });

  it('takes several statements only when the connection string says so', async () => {
    expect(await errorOf(ask(db(), 'SELECT 1; SELECT 2'))).toMatch(/^ErrorInSQLStatementError: .*SQL syntax/);
    expect((await ask(`${db()};Option=67108864`, 'SET @a = 4; SELECT @a; SELECT 2')).rows).toEqual([[4]]);
  });

  it('cancels a statement that takes too long, and goes on', async () => {
    const session = await connect(db());
    const started = performance.now();
    expect(
      await errorOf(
        session.run(
          'SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c',
          { Timeout: 1 },
        ),
      ),
    ).toMatch(/^ErrorInSQLStatementError: .*within 1 seconds/);
    expect(performance.now() - started).toBeLessThan(2_500);
    expect((await session.run('SELECT 5')).rows).toEqual([[5]]);
    await session.close();
  });

  it('cancels at the server when the run stops', async () => {
    expect(await stopWithin(db(), "SELECT 'marked by a test', SLEEP(30)", 300)).toBeLessThan(5_000); // a busy machine is no failure
    const running =
      "SELECT 1 FROM information_schema.processlist WHERE info LIKE CONCAT('%marked by', ' a test%')";
    await expect.poll(async () => (await ask(db(), running)).rows.length).toBe(0);
  });

  it('refuses a result that is too large, and goes on', async () => {
    const session = await connect(db());
    expect(await errorOf(session.run('SELECT seq FROM seq_1_to_50000000'))).toMatch(
      /^ErrorInSQLStatementError: .*larger than 1,000,000 rows/,
    );
    expect((await session.run('SELECT 5')).rows).toEqual([[5]]);
    await session.close();
  });

  it.each([
    ['a wrong password', () => `${base};Pwd=wr0ng-one`, /Access denied for user 'robin'/],
    [
      'a missing database',
      () => db().replace('Database=test', 'Database=nowhere'),
      /Unknown database 'nowhere'/,
    ],
    ['a refused connection', () => db().replace(/Port=\d+/, 'Port=1'), /nothing accepts connections there/],
    ['a server without TLS', () => `${db()};SSLMODE=REQUIRED`, /secure connection/],
  ])('fails with %s', async (_, connection, message) => {
    const error = await errorOf(ask(connection(), 'SELECT 1'));
    expect(error).toMatch(/^ConnectToDataSourceError: Cannot connect to the MySQL database on/);
    expect(error).toMatch(message);
    expect(error).not.toMatch(/wr0ng|p;w/);
  });
});

describe('SQLite', () => {
  const db = 'Driver={SQLite3 ODBC Driver};Database=data.db';

  it('makes a file and gives its rows as a table of typed values', async () => {
    const path = await folder();
    const session = await connect(db, inFolder(path));
    await session.run(
      `-- several statements, one with semicolons inside
       CREATE TABLE t (i INTEGER, f REAL, t TEXT, b BLOB, d DATETIME, yes BOOLEAN, big INTEGER);
       CREATE TRIGGER more AFTER INSERT ON t WHEN new.i < 2 BEGIN INSERT INTO t (i) VALUES (new.i + 1); END; /* end */`,
    );
    await session.run(
      "INSERT INTO t VALUES (1, 1.5, 'Grüße; 😀', x'00ff41', '2026-01-31 10:20:30', 1, 9223372036854775807);",
    );
    expect(shown(await session.run('SELECT * FROM t; SELECT 2'))).toEqual([
      [
        1,
        1.5,
        'Grüße; 😀',
        '\u0000ÿA',
        '01/31/2026 10:20:30',
        true,
        new FlowDecimal(9223372036854775807n, 0),
      ],
      [2, null, null, null, null, null, null],
    ]);
    await session.close();
    expect((await ask(db, 'SELECT count(*) AS n FROM t', {}, inFolder(path))).rows).toEqual([[2]]);
    expect(await ask(db, '  -- nothing\n;', {}, inFolder(path))).toMatchObject({ columns: [], rows: [] });
  });

  it('keeps transactions, and undoes the one that was open', async () => {
    const path = await folder();
    const session = await connect(db, inFolder(path));
    await session.run('CREATE TABLE t (i); BEGIN; INSERT INTO t VALUES (1)');
    await session.context.close();
    expect((await ask(db, 'SELECT * FROM t', {}, inFolder(path))).rows).toEqual([]);
  });

  const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';

  it('leaves no process behind when the one of the run is killed', async () => {
    const module = new URL('../../../src/runtime/actions/database/sqlite.ts', import.meta.url).href;
    const code = `
      import processes from 'node:child_process';
      import { syncBuiltinESMExports } from 'node:module';
      import { openSqlite } from ${JSON.stringify(module)};
      const { spawn } = processes;
      let child;
      processes.spawn = (...given) => (child = spawn(...given));
      syncBuiltinESMExports();
      const driver = await openSqlite(':memory:', () => {});
      driver.run(${JSON.stringify(endless)}, { begin() {}, add() {} });
      console.log(child.pid);`;
    const run = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(String((await once(run.stdout, 'data'))[0]));
    expect(isAlive(pid)).toBe(true);
    run.kill('SIGKILL');
    await until(async () => (isAlive(pid) ? undefined : true));
  }, 20_000);

  it('stops in the middle of a statement', async () => {
    const memory = 'Driver={SQLite3};Database=:memory:';
    expect(await stopWithin(memory, endless, 300)).toBeLessThan(5_000); // a busy machine is no failure
    const session = await connect(memory);
    expect(await errorOf(session.run(endless, { Timeout: 1 }))).toMatch(
      /^ErrorInSQLStatementError: .*within 1 seconds/,
    );
    expect(session.property('IsClosed')).toBe(true);
  });

  it('refuses a result that is too large', async () => {
    const rows =
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000000) SELECT i FROM n';
    expect(await errorOf(ask('Driver={SQLite3};Database=:memory:', rows))).toMatch(
      /larger than 1,000,000 rows/,
    );
  });

  it('tells errors of statements and files that are no databases', async () => {
    const path = await folder();
    await writeFile(
      join(path, 'data.db'),
      'this is a text file and no database, whatever its name says'.repeat(20),
    );
    expect(await errorOf(ask(db, 'SELECT * FROM t', {}, inFolder(path)))).toMatch(/file is not a database/);
    expect(await errorOf(ask('Driver={SQLite3};Database=:memory:', 'SELEC 1'))).toMatch(
      /^ErrorInSQLStatementError: .*syntax error/,
    );
    expect(await errorOf(ask(`Driver={SQLite3};Database=${path}/no/data.db`, 'SELECT 1'))).toMatch(
      /^ConnectToDataSourceError: Cannot connect to the SQLite database .*unable to open database file/,
    );
  });
});

describe('SQL Server (a stand-in for the sign-in only)', () => {
  const db = (port: number) =>
    `Driver={ODBC Driver 17 for SQL Server};Server=127.0.0.1,${port};Database=d;UID=sa;PWD=s3cret-one`;

  it('is asked to sign in with user and database, and its refusal is told', async () => {
    const standIn = await startSqlServerStandIn();
    const error = await errorOf(ask(db(standIn.port).replace('PWD', 'Pwd'), 'SELECT 1'));
    expect(error).toBe(
      'ConnectToDataSourceError: Cannot connect to the SQL Server database on "127.0.0.1": Login failed for user \'sa\'.',
    );
    expect(standIn.signIns).toEqual([{ user: 'sa', database: 'd', program: 'Desktop Flows' }]);
    standIn.close();
  });

  it('is told when nothing answers', async () => {
    expect(await errorOf(ask(db(await freePort()).replace('PWD', 'Pwd'), 'SELECT 1'))).toMatch(
      /nothing accepts connections there/,
    );
  });
});

it('a value that is no connection is refused', async () => {
  const given = { Connection: 'x', Statement: 'SELECT 1' };
  expect(
    await errorOf(runAction(databaseActions, 'Database.ExecuteSqlStatement.Execute', given, inFolder('/'))),
  ).toMatch(/^InvalidArgument: .*an SQL connection/);
});
