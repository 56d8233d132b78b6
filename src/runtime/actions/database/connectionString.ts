// Connection strings of OLE DB and ODBC: how they are written, and which database they mean to this agent. Connects to nothing.
import { ActionError } from '../../action.ts';

/** How a connection is secured. `preferred`: when the server can; `required`: whoever answers; `verified`: the certificate is checked. */
export type Security = 'off' | 'preferred' | 'required' | 'verified';

export interface ServerTarget {
  readonly kind: 'PostgreSQL' | 'MySQL' | 'SQL Server';
  readonly host: string;
  /** Undefined for the usual one. */
  readonly port: number | undefined;
  /** Name of one of several SQL Servers on a machine. */
  readonly instance: string | undefined;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly security: Security;
  /** Seconds. */
  readonly connectTimeout: number;
  /** MySQL takes several statements at once only when asked to. */
  readonly severalStatements: boolean;
}

export interface FileTarget {
  readonly kind: 'SQLite';
  /** As written; `:memory:` for a database that lives as long as its connection. */
  readonly file: string;
}

export type Target = ServerTarget | FileTarget;

/** Seconds to connect in when the string says nothing, as with the original drivers. */
const defaultConnectTimeout = 15;

function invalid(message: string, nextStep: string): ActionError {
  return new ActionError('InvalidConnectionStringError', message, nextStep);
}

/**
 * The settings of a connection string by lower-cased keyword. Values may stand in `"`, `'` (doubled inside) or braces (`}}` inside).
 * Of a keyword that stands twice the first counts with ODBC (`Driver`), else the last. Throws `InvalidConnectionStringError`, which
 * never shows the string.
 */
export function parseConnectionString(text: string): Map<string, string> {
  const found: [key: string, value: string][] = [];
  const part =
    /[\s;]*(?:([^=;]+(?:==[^=;]*)*)=(?!=)\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|\{((?:[^}]|\}\})*)\}|([^;"'{][^;]*)|)\s*(?:;|$)|$)/y;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) {
      throw invalid(
        `Setting ${found.length + 1} of the connection string cannot be read.`,
        'Write keyword=value; and put a value with a semicolon or quotes into braces or quotes, with those inside doubled.',
      );
    }
    const [, key, double, single, braced, plain] = match;
    if (key === undefined) break;
    const value =
      double?.replaceAll('""', '"') ??
      single?.replaceAll("''", "'") ??
      braced?.replaceAll('}}', '}') ??
      (plain ?? '').trim();
    found.push([key.trim().toLowerCase().replaceAll('==', '=').replace(/\s+/g, ' '), value]);
  }
  const isOdbc = found.some(([key]) => key === 'driver');
  const settings = new Map<string, string>();
  for (const [key, value] of found) if (!isOdbc || !settings.has(key)) settings.set(key, value);
  return settings;
}

const passwordKeys = ['password', 'pwd'];

/** The password in the settings, or an empty text. */
export function passwordIn(settings: ReadonlyMap<string, string>): string {
  return first(settings, passwordKeys) ?? '';
}

/** The connection string without its password, for people to see. */
export function withoutPassword(settings: ReadonlyMap<string, string>): string {
  return [...settings]
    .filter(([key]) => !passwordKeys.includes(key))
    .map(
      ([key, value]) =>
        `${key}=${/[;{}"']|^\s|\s$/.test(value) ? `{${value.replaceAll('}', '}}')}}` : value}`,
    )
    .join(';');
}

function first(settings: ReadonlyMap<string, string>, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = settings.get(key);
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

/** Names of drivers and providers, as far as they are typical, and what they lead to. */
const drivers: readonly (readonly [name: RegExp, kind: Target['kind']])[] = [
  [/postgre|pgnp|psqlodbc/i, 'PostgreSQL'],
  [/mysql|mariadb/i, 'MySQL'],
  [/sqlite/i, 'SQLite'],
  [/^sqloledb|^msoledbsql|^sqlncli|sql server|sql native client|freetds/i, 'SQL Server'],
];
const foreign: readonly (readonly [name: RegExp, what: string, next: string])[] = [
  [
    /\.ace\.oledb|\.jet\.oledb|access|excel|text driver|dbase/i,
    'Excel, Access and text files cannot be read as a database here',
    'Read a workbook with the Excel actions and a text file with "Read from CSV file", or run the flow on the original.',
  ],
  [/ora|oracle/i, 'Oracle is not supported', 'Use another way to the data, or run the flow on the original.'],
];

/**
 * The database the settings mean. Throws `InvalidConnectionStringError` when this agent cannot connect in that way; the message names
 * the driver and the way out.
 */
export function targetOf(settings: ReadonlyMap<string, string>): Target {
  for (const key of ['dsn', 'filedsn', 'file name']) {
    if (settings.has(key)) {
      throw invalid(
        `The connection string refers to "${settings.get(key)}", a data source that is set up on some machine.`,
        'Write its settings into the connection string: Driver, Server, Port, Database, Uid and Pwd.',
      );
    }
  }
  const provider = settings.get('provider') ?? '';
  const nested = /^msdasql/i.test(provider) ? (settings.get('extended properties') ?? '') : '';
  if (nested !== '')
    return targetOf(new Map([...settings, ...parseConnectionString(nested), ['provider', '']]));
  const named = settings.get('driver') ?? (/^msdasql/i.test(provider) ? '' : provider);
  if (named === '') {
    throw invalid(
      'The connection string names neither a driver nor a provider.',
      'Begin it with Driver={PostgreSQL Unicode}, Driver={MySQL ODBC 8.0 Unicode Driver}, Driver={ODBC Driver 18 for SQL Server} or Driver={SQLite3 ODBC Driver}.',
    );
  }
  const kind = drivers.find(([name]) => name.test(named))?.[1];
  if (kind === undefined) {
    const [, what, next] = foreign.find(([name]) => name.test(named)) ?? [
      undefined,
      'This agent knows no such driver',
      'It connects to PostgreSQL, MySQL, MariaDB, SQL Server and SQLite.',
    ];
    throw invalid(`The connection string names "${named}". ${what}.`, next);
  }
  return kind === 'SQLite' ? fileTarget(settings) : serverTarget(kind, named, settings);
}

function fileTarget(settings: ReadonlyMap<string, string>): FileTarget {
  const file = first(settings, ['database', 'data source', 'dbq']);
  if (file !== undefined) return { kind: 'SQLite', file };
  throw invalid('The connection string names no database file.', 'Add Database= with the path of the file.');
}

function serverTarget(
  kind: ServerTarget['kind'],
  driver: string,
  settings: ReadonlyMap<string, string>,
): ServerTarget {
  if (/^(?:yes|true|sspi|1)$/i.test(first(settings, ['trusted_connection', 'integrated security']) ?? '')) {
    throw invalid(
      'The connection string signs in with the Windows account of whoever runs the flow, which this agent cannot do.',
      'Give user and password (Uid, Pwd) instead of Trusted_Connection or Integrated Security.',
    );
  }
  if (settings.has('authentication') && !/^sqlpassword$/i.test(settings.get('authentication') as string)) {
    throw invalid(
      `The connection string signs in by "${settings.get('authentication')}", which this agent cannot do.`,
      'Give user and password of the database (Uid, Pwd).',
    );
  }
  const written = first(settings, [
    'server',
    'servername',
    'data source',
    'host',
    'address',
    'addr',
    'network address',
  ]);
  if (written === undefined)
    throw invalid('The connection string names no server.', 'Add Server= with its address.');
  // `tcp:host\instance,port`, `.` and `(local)` for this machine.
  const place = /^(?:tcp:)?\s*(\[[^\]]+\]|[^\\,]+?)\s*(?:\\([^,]*))?(?:,\s*(\d+))?\s*$/i.exec(written);
  const host = place?.[1]?.replace(/^\[|\]$/g, '');
  if (host === undefined || /^\(localdb\)|^np:|^lpc:/i.test(host)) {
    throw invalid(
      `The server "${written}" cannot be reached over the network.`,
      'Give a host name, as in Server=host,1433.',
    );
  }
  const port = settings.get('port') ?? place?.[3];
  if (port !== undefined && port !== '' && !(Number(port) > 0 && Number(port) < 65_536)) {
    throw invalid(`"${port}" is no port.`, 'Give a number from 1 to 65535.');
  }
  const seconds = Number(
    first(settings, [
      'connect timeout',
      'connection timeout',
      'connecttimeout',
      'logintimeout',
      'connect_timeout',
    ]) ?? defaultConnectTimeout,
  );
  return {
    kind,
    host: host === '.' || host.toLowerCase() === '(local)' ? 'localhost' : host,
    port: port === undefined || port === '' ? undefined : Number(port),
    instance: place?.[2] || undefined,
    database: first(settings, ['database', 'initial catalog', 'db']) ?? '',
    user: first(settings, ['uid', 'user id', 'user', 'username', 'user name']) ?? '',
    password: passwordIn(settings),
    security: kind === 'SQL Server' ? sqlServerSecurity(driver, settings) : securityOf(settings),
    connectTimeout: Number.isFinite(seconds) && seconds >= 0 ? seconds : defaultConnectTimeout,
    severalStatements:
      (Number(settings.get('option') ?? 0) & 67_108_864) !== 0 || settings.get('multi_statements') === '1',
  };
}

/** `SSLMode` of the drivers for PostgreSQL and MySQL. */
function securityOf(settings: ReadonlyMap<string, string>): Security {
  const mode = (first(settings, ['sslmode', 'ssl mode']) ?? 'prefer').toLowerCase().replace('_', '-');
  const known: Readonly<Record<string, Security>> = {
    disable: 'off',
    disabled: 'off',
    none: 'off',
    allow: 'preferred',
    prefer: 'preferred',
    preferred: 'preferred',
    require: 'required',
    required: 'required',
    'verify-ca': 'verified',
    'verify-full': 'verified',
    'verify-identity': 'verified',
    verifyca: 'verified',
    verifyfull: 'verified',
  };
  const security = known[mode];
  if (security !== undefined) return security;
  throw invalid(`"${mode}" is no SSL mode.`, 'Use disable, prefer, require, verify-ca or verify-full.');
}

/** `Encrypt` and `TrustServerCertificate`; drivers from 2022 on encrypt unless told not to. */
function sqlServerSecurity(driver: string, settings: ReadonlyMap<string, string>): Security {
  const isNew = /driver 1[89] for sql server|^msoledbsql19/i.test(driver);
  const encrypt = first(settings, ['encrypt', 'use encryption for data']) ?? (isNew ? 'yes' : 'no');
  if (/^(?:no|false|optional|0)$/i.test(encrypt)) return 'off';
  const trust = first(settings, ['trustservercertificate', 'trust server certificate']) ?? 'no';
  return /^(?:yes|true|1)$/i.test(trust) ? 'required' : 'verified';
}
