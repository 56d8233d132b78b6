// PostgreSQL.
import net from 'node:net';
import type { Client, ClientConfig } from 'pg';
import { localTime } from '../../dotnet/timeZone.ts';
import type { Value } from '../../values.ts';
import { firstLine, tlsOptions } from '../network.ts';
import { binary, datetime, exactNumber, floatingNumber } from './cells.ts';
import { type Driver, type Result, StatementRefused } from './connection.ts';
import type { ServerTarget } from './connectionString.ts';

/** Readers of a cell's text by the number of its type; other types stay text. */
const readers: Readonly<Record<number, (text: string) => Value>> = {
  16: (text) => text === 't',
  17: bytea,
  20: exactNumber,
  21: Number,
  23: Number,
  26: Number,
  700: floating,
  701: floating,
  1082: datetime,
  1114: datetime,
  1184: instant,
  1700: exactNumber,
};

function floating(text: string): Value {
  return floatingNumber(Number(text));
}

/** The hexadecimal form; the older one with octal escapes stays as it is. */
function bytea(text: string): Value {
  return text.startsWith('\\x') ? binary(Buffer.from(text.slice(2), 'hex')) : text;
}

/** A point in time, in the time zone of this machine. */
function instant(text: string): Value {
  const at = /^\d{4}-\d\d-\d\d \d/.test(text)
    ? Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'))
    : Number.NaN;
  return Number.isNaN(at) ? text : localTime(at);
}

const types = { getTypeParser: (oid: number) => readers[oid] ?? ((text: string) => text) };

/** Opens a connection; `opened` receives what ends it, as soon as there is something to end. Throws what the server or the network says. */
export async function openPostgres(
  target: ServerTarget,
  opened: (close: () => void) => void,
): Promise<Driver> {
  const { default: pg } = await import('pg');
  const connect = async (ssl: NonNullable<ClientConfig['ssl']>): Promise<Client> => {
    const client = new pg.Client({
      host: target.host,
      port: target.port ?? 5432,
      user: target.user,
      password: target.password,
      database: target.database || target.user,
      application_name: 'Desktop Flows',
      // Never from the environment of whoever started the agent.
      options: '',
      ssl,
    });
    // A connection that breaks while nothing runs is noticed at the next statement.
    client.on('error', () => {});
    opened(() => destroy(client));
    await client.connect();
    return client;
  };
  if (target.security === 'off') return new Postgres(await connect(false), target);
  try {
    return new Postgres(await connect(tlsOptions(target.security !== 'verified')), target);
  } catch (error) {
    const isRefused = error instanceof Error && error.message.includes('does not support SSL');
    if (target.security !== 'preferred' || !isRefused) throw error;
    return new Postgres(await connect(false), target);
  }
}

/** The socket below a client. */
function socketOf(client: Client): net.Socket {
  return (client as unknown as { connection: { stream: net.Socket } }).connection.stream;
}

function destroy(client: Client): void {
  socketOf(client).destroy();
}

interface RowDescription {
  readonly fields: readonly { readonly name: string }[];
}

class Postgres implements Driver {
  readonly #client: Client;
  readonly #target: ServerTarget;
  #isClosed = false;

  constructor(client: Client, target: ServerTarget) {
    this.#client = client;
    this.#target = target;
    client.once('end', () => {
      this.#isClosed = true;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async run(statement: string, result: Result): Promise<void> {
    const { default: pg } = await import('pg');
    const query = new pg.Query<Value[]>({ text: statement, rowMode: 'array', types } as never);
    // There is no event for the columns of a result, and one without rows would go unnoticed.
    const described = query as unknown as { handleRowDescription(message: RowDescription): void };
    const describe = described.handleRowDescription.bind(query);
    described.handleRowDescription = (message) => {
      describe(message);
      result.begin(message.fields.map(({ name }) => name));
    };
    await new Promise<void>((resolve, reject) => {
      query.on('row', (row) => result.add(row as unknown as Value[]));
      query.on('end', () => resolve());
      query.on('error', (error) => reject(refusal(error)));
      this.#client.query(query);
    });
  }

  /** The way the protocol has for it: a second connection that names the first. */
  cancel(): void {
    const { processID, secretKey } = this.#client as unknown as { processID: number; secretKey: number };
    const request = Buffer.alloc(16);
    request.writeInt32BE(16, 0);
    request.writeInt32BE(80_877_102, 4);
    request.writeInt32BE(processID, 8);
    request.writeInt32BE(secretKey, 12);
    const socket = net.connect({ host: this.#target.host, port: this.#target.port ?? 5432 });
    // When it cannot be had, the connection is given up a little later anyway.
    socket.on('error', () => {});
    socket.end(request);
  }

  close(): void {
    this.#isClosed = true;
    this.#client.end().catch(() => {});
    // The farewell is written; an answer is not waited for.
    setImmediate(() => destroy(this.#client));
  }
}

function refusal(error: Error): Error {
  const { severity, position } = error as Error & { severity?: string; position?: string };
  if (severity === undefined) return error;
  const where = position === undefined ? '' : ` (at character ${position})`;
  return new StatementRefused(firstLine(error.message) + where, { cause: error });
}
