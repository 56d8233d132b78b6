// SQL Server.
import type { Connection, ConnectionConfiguration } from 'tedious';
import { ActionError } from '../../action.ts';
import { localTime } from '../../dotnet/timeZone.ts';
import { FlowDatetime, type Value } from '../../values.ts';
import { firstLine, trustedAuthorities } from '../network.ts';
import { binary, exactNumber, floatingNumber } from './cells.ts';
import { type Driver, type Result, StatementRefused } from './connection.ts';
import type { ServerTarget } from './connectionString.ts';

/** From here on the driver, which reads decimals as floating-point numbers, has lost digits of the whole part. */
const inexact = 10 ** 15;

/** What the driver knows of a column. */
interface Column {
  readonly colName: string;
  readonly dataLength?: number | undefined;
  readonly type: { readonly name: string };
}

/**
 * A cell as the driver reads it → a value. Dates are wall-clock times in the UTC fields of a Date, except those with an offset. Throws
 * `ErrorInSQLStatementError` for a decimal number that the driver cannot read exactly to the decimal point.
 */
export function sqlServerCell(value: unknown, { colName, dataLength, type: { name: type } }: Column): Value {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) {
    if (type.startsWith('DateTimeOffset')) return localTime(value.getTime());
    return type.startsWith('Time')
      ? value
          .toISOString()
          .slice(11, -1)
          .replace(/\.000$/, '')
      : new FlowDatetime(value.getTime());
  }
  if (value instanceof Uint8Array) return binary(value);
  if (typeof value === 'bigint' || type === 'BigInt') return exactNumber(String(value));
  if (typeof value === 'number') {
    const isDecimal = /^(?:Decimal|Numeric|Money)/.test(type);
    if (isDecimal && Math.abs(value) >= inexact) throw tooManyDigits(colName);
    // A number of 32 bits has 7 digits; the others come from its conversion to 64.
    const isShort = type === 'Real' || (type === 'FloatN' && dataLength === 4);
    return floatingNumber(isShort ? Number(value.toPrecision(7)) : value);
  }
  return value as Value;
}

function tooManyDigits(column: string): ActionError {
  return new ActionError(
    'ErrorInSQLStatementError',
    `The column "${column}" holds a decimal number with more digits than can be read from SQL Server.`,
    'Let the statement convert it: CAST(… AS varchar(40)), or AS bigint for a whole number.',
  );
}

/** Opens a connection; `opened` receives what ends it. Throws what the server or the network says. */
export async function openSqlServer(
  target: ServerTarget,
  opened: (close: () => void) => void,
): Promise<Driver> {
  const { default: tedious } = await import('tedious');
  const authorities = target.security === 'off' ? undefined : trustedAuthorities();
  const configuration: ConnectionConfiguration = {
    server: target.host,
    authentication: { type: 'default', options: { userName: target.user, password: target.password } },
    options: {
      ...(target.instance !== undefined && target.port === undefined
        ? { instanceName: target.instance }
        : { port: target.port ?? 1433 }),
      ...(target.database === '' ? {} : { database: target.database }),
      encrypt: target.security !== 'off',
      trustServerCertificate: target.security !== 'verified',
      ...(authorities === undefined ? {} : { cryptoCredentialsDetails: { ca: [...authorities] } }),
      appName: 'Desktop Flows',
      // The action has a time limit of its own; a timer cannot be longer.
      connectTimeout: 2 ** 31 - 1,
      requestTimeout: 0,
      useUTC: true,
      rowCollectionOnRequestCompletion: false,
    },
  };
  const connection = new tedious.Connection(configuration);
  connection.on('error', () => {});
  opened(() => connection.close());
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
  return new SqlServer(connection, tedious.Request);
}

class SqlServer implements Driver {
  readonly #connection: Connection;
  readonly #Request: typeof import('tedious').Request;
  #isClosed = false;

  constructor(connection: Connection, request: typeof import('tedious').Request) {
    this.#connection = connection;
    this.#Request = request;
    connection.on('end', () => {
      this.#isClosed = true;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async run(statement: string, result: Result): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const request = new this.#Request(statement, (error) =>
        error === undefined || error === null ? resolve() : reject(refusal(error)),
      );
      request.on('columnMetadata', (columns) =>
        result.begin((columns as readonly Column[]).map(({ colName }) => colName)),
      );
      request.on('row', (columns) => {
        try {
          result.add(
            (columns as readonly { value: unknown; metadata: Column }[]).map(({ value, metadata }) =>
              sqlServerCell(value, metadata),
            ),
          );
        } catch (error) {
          // The connection is busy until the statement has ended, which whoever hears of this sees to.
          reject(error);
        }
      });
      this.#connection.execSqlBatch(request);
    });
  }

  cancel(): void {
    this.#connection.cancel();
  }

  close(): void {
    this.#isClosed = true;
    this.#connection.close();
  }
}

function refusal(error: Error): Error {
  // Errors of the server have a number; those of the connection have not.
  return (error as { number?: number }).number === undefined
    ? error
    : new StatementRefused(firstLine(error.message), { cause: error });
}
