// The Database actions. Connection strings are understood in connectionString.ts; each kind of database has a file of its own. The
// variants for Oracle's own client library are left out.
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
} from '../../action.ts';
import { resolvePath } from '../../arguments.ts';
import { type Datatable, InstanceValue, type Value } from '../../values.ts';
import { networkFailure, patiently } from '../network.ts';
import { instanceArgument } from '../typed.ts';
import { type Driver, execute } from './connection.ts';
import { parseConnectionString, passwordIn, targetOf, withoutPassword } from './connectionString.ts';

/** An open connection as a flow holds it. */
class SqlConnection {
  readonly driver: Driver;
  readonly properties: Map<string, Value>;
  /** The run need not close it any more. */
  readonly release: () => void;

  constructor(driver: Driver, properties: Map<string, Value>, release: () => void) {
    this.driver = driver;
    this.properties = properties;
    this.release = release;
  }

  close(): void {
    this.driver.close();
    this.properties.set('IsClosed', true);
    this.release();
  }
}

/** Connects as the argument `ConnectionString` says. Throws `InvalidConnectionStringError` or `ConnectToDataSourceError`. */
async function connect(
  args: ActionArguments,
  context: ActionContext,
): Promise<{ driver: Driver; shown: string }> {
  const settings = parseConnectionString(args.text('ConnectionString'));
  const password = passwordIn(settings);
  if (password !== '') context.addSecret(password);
  const target = targetOf(settings);
  let close = () => {};
  const opened = (how: () => void) => {
    close = how;
  };
  const open = async (): Promise<Driver> => {
    switch (target.kind) {
      case 'PostgreSQL':
        return await (await import('./postgres.ts')).openPostgres(target, opened);
      case 'MySQL':
        return await (await import('./mysql.ts')).openMySql(target, opened);
      case 'SQL Server':
        return await (await import('./sqlServer.ts')).openSqlServer(target, opened);
      case 'SQLite': {
        const file = target.file === ':memory:' ? target.file : resolvePath(context.folder, target.file);
        return await (await import('./sqlite.ts')).openSqlite(file, opened);
      }
    }
  };
  const patience = {
    clock: context.host.clock,
    signal: context.signal,
    seconds: target.kind === 'SQLite' ? 0 : target.connectTimeout,
  };
  try {
    const driver = await patiently(patience, () => close(), open);
    return { driver, shown: withoutPassword(settings) };
  } catch (error) {
    close();
    const place = target.kind === 'SQLite' ? `"${target.file}"` : `on "${target.host}"`;
    throw networkFailure(
      'ConnectToDataSourceError',
      `Cannot connect to the ${target.kind} database ${place}`,
      error,
      context.signal,
      'Check server, database, user and password in the connection string.',
    );
  }
}

async function run(driver: Driver, args: ActionArguments, context: ActionContext): Promise<Datatable> {
  return await execute(driver, args.text('Statement'), {
    clock: context.host.clock,
    signal: context.signal,
    seconds: Math.max(0, args.number('Timeout')),
  });
}

const connectionOf = (args: ActionArguments): SqlConnection =>
  instanceArgument(args, 'Connection', SqlConnection, 'an SQL connection');

export const databaseActions: readonly ActionDefinition[] = [
  {
    id: 'Database.Connect.Connect',
    async run(args, context) {
      const { driver, shown } = await connect(args, context);
      const properties = new Map<string, Value>([
        ['ConnectionString', shown],
        ['IsClosed', false],
      ]);
      const connection = new SqlConnection(
        driver,
        properties,
        context.own(() => driver.close()),
      );
      return { outputs: { Connection: new InstanceValue('SQL connection', connection, properties) } };
    },
  },
  {
    id: 'Database.ExecuteSqlStatement.ConnectAndExecute',
    async run(args, context) {
      const { driver } = await connect(args, context);
      const release = context.own(() => driver.close());
      try {
        return { outputs: { Result: await run(driver, args, context) } };
      } finally {
        driver.close();
        release();
      }
    },
  },
  {
    id: 'Database.ExecuteSqlStatement.Execute',
    async run(args, context) {
      const connection = connectionOf(args);
      const closed = (cause?: unknown) =>
        new ActionError(
          'ConnectToDataSourceError',
          'The SQL connection is closed.',
          'Open it again with "Open SQL connection" before this action.',
          { cause },
        );
      if (connection.driver.isClosed) throw closed();
      try {
        return { outputs: { Result: await run(connection.driver, args, context) } };
      } finally {
        if (connection.driver.isClosed) connection.close();
      }
    },
  },
  {
    id: 'Database.Close',
    run(args) {
      connectionOf(args).close();
      return {};
    },
  },
];
