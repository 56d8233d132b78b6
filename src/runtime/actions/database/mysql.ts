// MySQL and MariaDB.
import type { Connection, ConnectionOptions, TypeCastField } from 'mysql2';
import type { Value } from '../../values.ts';
import { firstLine, tlsOptions } from '../network.ts';
import { binary, datetime, exactNumber, floatingNumber } from './cells.ts';
import { type Driver, type Result, StatementRefused } from './connection.ts';
import type { ServerTarget } from './connectionString.ts';

function cell(field: TypeCastField, next: () => unknown): Value {
  switch (field.type as string) {
    case 'LONGLONG':
    case 'DECIMAL':
    case 'NEWDECIMAL':
      return read(field.string(), exactNumber);
    case 'FLOAT':
    case 'DOUBLE':
      return read(field.string(), (text) => floatingNumber(Number(text)));
    case 'DATE':
    case 'NEWDATE':
    case 'DATETIME':
    case 'TIMESTAMP':
      return read(field.string(), datetime);
    case 'JSON':
      return field.string('utf8');
    case 'GEOMETRY':
      return read(field.buffer(), binary);
    case 'BIT':
      return read(field.buffer(), (bytes) =>
        field.length === 1 ? bytes[0] === 1 : exactNumber(BigInt(`0x${bytes.toString('hex')}`).toString()),
      );
    default: {
      const value = next();
      return value instanceof Uint8Array ? binary(value) : (value as Value);
    }
  }
}

function read<T>(text: T | null, convert: (text: T) => Value): Value {
  return text === null ? null : convert(text);
}

/** Opens a connection; `opened` receives what ends it. Throws what the server or the network says. */
export async function openMySql(target: ServerTarget, opened: (close: () => void) => void): Promise<Driver> {
  const { default: mysql } = await import('mysql2');
  const connect = async (ssl: ConnectionOptions['ssl'] | undefined): Promise<Connection> => {
    const connection = mysql.createConnection({
      host: target.host,
      port: target.port ?? 3306,
      user: target.user,
      password: target.password,
      database: target.database,
      multipleStatements: target.severalStatements,
      // Otherwise the server could ask for any file of this machine.
      flags: ['-LOCAL_FILES'],
      charset: 'utf8mb4',
      dateStrings: true,
      supportBigNumbers: true,
      jsonStrings: true,
      connectTimeout: 0,
      ...(ssl === undefined ? {} : { ssl }),
    } as ConnectionOptions);
    connection.on('error', () => {});
    opened(() => connection.destroy());
    await new Promise<void>((resolve, reject) =>
      connection.connect((error) => (error ? reject(error) : resolve())),
    );
    return connection;
  };
  const again = async (ssl: ConnectionOptions['ssl'] | undefined) =>
    new MySql(await connect(ssl), () => connect(ssl));
  if (target.security === 'off') return await again(undefined);
  try {
    return await again(tlsOptions(target.security !== 'verified') as NonNullable<ConnectionOptions['ssl']>);
  } catch (error) {
    if (target.security !== 'preferred' || (error as { code?: string }).code !== 'HANDSHAKE_NO_SSL_SUPPORT')
      throw error;
    return await again(undefined);
  }
}

class MySql implements Driver {
  readonly #connection: Connection;
  readonly #another: () => Promise<Connection>;
  #isClosed = false;

  /** `another` opens a second connection, by which a statement is cancelled. */
  constructor(connection: Connection, another: () => Promise<Connection>) {
    this.#connection = connection;
    this.#another = another;
    connection.on('error', () => {
      this.#isClosed = true;
    });
    connection.on('end', () => {
      this.#isClosed = true;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async run(statement: string, result: Result): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const query = this.#connection.query({ sql: statement, rowsAsArray: true, typeCast: cell as never });
      query.on('fields', (fields: { name: string }[] | undefined) => {
        if (fields !== undefined) result.begin(fields.map(({ name }) => name));
      });
      query.on('result', (row: unknown) => {
        if (Array.isArray(row)) result.add(row as Value[]);
      });
      query.on('error', (error) => reject(refusal(error)));
      query.on('end', () => resolve());
    });
  }

  cancel(): void {
    const { threadId } = this.#connection;
    this.#another().then(
      (connection) => {
        connection.query(`KILL QUERY ${threadId}`, () => connection.destroy());
      },
      // When it cannot be had, the connection is given up a little later anyway.
      () => {},
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#connection.destroy();
  }
}

function refusal(error: Error): Error {
  const { sqlState, fatal } = error as Error & { sqlState?: string; fatal?: boolean };
  return sqlState === undefined || fatal === true
    ? error
    : new StatementRefused(firstLine(error.message), { cause: error });
}
