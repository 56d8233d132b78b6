// Connection strings and cells: what needs no database.
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../../src/runtime/action.ts';
import { datetime, exactNumber, floatingNumber } from '../../../src/runtime/actions/database/cells.ts';
import {
  parseConnectionString,
  targetOf,
  withoutPassword,
} from '../../../src/runtime/actions/database/connectionString.ts';
import { sqlServerCell } from '../../../src/runtime/actions/database/sqlServer.ts';
import { toText } from '../../../src/runtime/convert.ts';
import { FlowDecimal } from '../../../src/runtime/values.ts';

const settings = (text: string) => Object.fromEntries(parseConnectionString(text));
const target = (text: string) => targetOf(parseConnectionString(text));
function refusal(text: string): string {
  try {
    target(text);
  } catch (error) {
    if (error instanceof ActionError) return `${error.code}: ${error.message} → ${error.nextStep}`;
    throw error;
  }
  return 'accepted';
}

describe('a connection string is read', () => {
  it.each<[string, Record<string, string>]>([
    ['', {}],
    [';; ', {}],
    ['Server=a;Database=b', { server: 'a', database: 'b' }],
    [' Server = a ; Initial  Catalog= b c ;', { server: 'a', 'initial catalog': 'b c' }],
    ['Pwd="a;b""c"', { pwd: 'a;b"c' }],
    ["Pwd='a;b''c' ;X=1", { pwd: "a;b'c", x: '1' }],
    ['Pwd={a;b}}c"};X=1', { pwd: 'a;b}c"', x: '1' }],
    ['Pwd=;X=', { pwd: '', x: '' }],
    ['Pwd=a=b==;X=1', { pwd: 'a=b==', x: '1' }],
    ["Pwd=it's", { pwd: "it's" }],
    ['a==b=c', { 'a=b': 'c' }],
    ['Server=a;Server=b', { server: 'b' }],
    ['Driver={SQLite3};Database=a;Database=b', { driver: 'SQLite3', database: 'a' }],
    ['Extended Properties="Excel 12.0 Xml;HDR=YES";', { 'extended properties': 'Excel 12.0 Xml;HDR=YES' }],
  ])('%j', (text, found) => {
    expect(settings(text)).toEqual(found);
  });

  it.each(['Server', 'Server=a;Pwd="open', 'Pwd={open', "Pwd='a'b", '=x'])(
    'or refused without showing it: %j',
    (text) => {
      expect(refusal(text)).toMatch(
        /^InvalidConnectionStringError: Setting \d of the connection string cannot be read/,
      );
    },
  );

  it('and shown without its password', () => {
    const shown = withoutPassword(parseConnectionString('Driver={A};Pwd=s3;c3=x;Password={y;}'));
    expect(shown).not.toMatch(/s3|y/);
    expect(withoutPassword(parseConnectionString('Server=a;x={;}'))).toBe('server=a;x={;}');
  });
});

describe('the database it means', () => {
  it.each([
    [
      'Driver={PostgreSQL Unicode(x64)};Server=db;Port=5433;Database=d;Uid=u;Pwd=p;SSLmode=require',
      {
        kind: 'PostgreSQL',
        host: 'db',
        port: 5433,
        database: 'd',
        user: 'u',
        password: 'p',
        security: 'required',
      },
    ],
    [
      'Driver={PostgreSQL ANSI};Servername=db;Username=u',
      { kind: 'PostgreSQL', port: undefined, security: 'preferred', connectTimeout: 15 },
    ],
    [
      'Provider=PGNP.1;Data Source=db;Initial Catalog=d;User ID=u;Password=p',
      { kind: 'PostgreSQL', host: 'db', database: 'd', user: 'u', password: 'p' },
    ],
    [
      'DRIVER={MySQL ODBC 8.0 Unicode Driver};SERVER=db;USER=u;PASSWORD=p;OPTION=67108867;SSLMODE=VERIFY_CA',
      { kind: 'MySQL', user: 'u', severalStatements: true, security: 'verified' },
    ],
    [
      'Driver=MariaDB ODBC 3.1 Driver;Server=db;Option=3;SSLMode=DISABLED',
      { kind: 'MySQL', severalStatements: false, security: 'off' },
    ],
    [
      'Provider=SQLOLEDB;Data Source=db\\SQLEXPRESS;Initial Catalog=d;User Id=sa;Password=p',
      { kind: 'SQL Server', host: 'db', instance: 'SQLEXPRESS', port: undefined, security: 'off' },
    ],
    [
      'Provider=MSOLEDBSQL;Server=tcp:db.example,1444;Database=d;UID=sa;PWD=p;Encrypt=Yes',
      { kind: 'SQL Server', host: 'db.example', port: 1444, security: 'verified' },
    ],
    [
      'Driver={ODBC Driver 18 for SQL Server};Server=.;UID=sa;PWD=p;TrustServerCertificate=yes;Connection Timeout=5',
      { host: 'localhost', security: 'required', connectTimeout: 5 },
    ],
    ['Driver={SQL Server};Server=(local);UID=sa;PWD=p', { host: 'localhost', security: 'off' }],
    ['Driver={SQL Server};Server=[::1];UID=sa', { host: '::1' }],
    [
      'Provider=MSDASQL;Extended Properties="Driver={PostgreSQL Unicode};Server=db;Uid=u"',
      { kind: 'PostgreSQL', host: 'db' },
    ],
    ['Driver={SQLite3 ODBC Driver};Database=C:\\data\\a.db;', { kind: 'SQLite', file: 'C:\\data\\a.db' }],
  ])('%s', (text, expected) => {
    expect(target(text)).toMatchObject(expected);
  });

  it.each([
    ['Server=db;Database=d', /names neither a driver nor a provider.*Driver={PostgreSQL/],
    [
      'Provider=Microsoft.ACE.OLEDB.12.0;Data Source=C:\\a.xlsx;Extended Properties="Excel 12.0 Xml;HDR=YES"',
      /names "Microsoft.ACE.OLEDB.12.0". Excel, Access and text files.*Excel actions/,
    ],
    ['Driver={Microsoft Access Driver (*.mdb, *.accdb)};Dbq=a.accdb', /Access Driver.*cannot be read/],
    ['Provider=OraOLEDB.Oracle;Data Source=x', /Oracle is not supported/],
    ['Driver={IBM DB2};Server=x', /"IBM DB2". This agent knows no such driver.*PostgreSQL, MySQL/],
    ['DSN=Accounts;Pwd=s3cret', /refers to "Accounts".*Driver, Server/],
    ['Provider=MSDASQL;DSN=Accounts', /refers to "Accounts"/],
    ['Driver={SQL Server};Server=db;Trusted_Connection=yes', /Windows account.*Uid, Pwd/],
    ['Provider=SQLOLEDB;Data Source=db;Integrated Security=SSPI', /Windows account/],
    [
      'Driver={ODBC Driver 18 for SQL Server};Server=db;Authentication=ActiveDirectoryInteractive',
      /ActiveDirectoryInteractive/,
    ],
    ['Driver={SQL Server};UID=sa', /names no server/],
    ['Driver={SQL Server};Server=(localdb)\\x;UID=sa', /cannot be reached over the network/],
    ['Driver={PostgreSQL Unicode};Server=db;Port=99999', /is no port/],
    ['Driver={PostgreSQL Unicode};Server=db;SSLmode=maybe', /"maybe" is no SSL mode/],
    ['Driver={SQLite3}', /names no database file/],
  ])('is not to be had: %s', (text, message) => {
    expect(refusal(text)).toMatch(message);
    expect(refusal(text)).toMatch(/^InvalidConnectionStringError/);
    expect(refusal(text)).not.toContain('s3cret');
  });
});

const column = (name: string, dataLength?: number) => ({
  colName: 'amount',
  dataLength,
  type: { name },
});

describe('cells', () => {
  it.each([
    [exactNumber('42'), 42],
    [exactNumber('-9007199254740991'), -9007199254740991],
    [exactNumber('9223372036854775807'), new FlowDecimal(9223372036854775807n, 0)],
    [exactNumber('12.50'), 12.5],
    [exactNumber('-0.00'), 0],
    [exactNumber('-0.000123456789012345'), -0.000123456789012345],
    [exactNumber('12345678901234567.890'), new FlowDecimal(1234567890123456789n, 2)],
    [exactNumber('1234567890123456789012345678'), new FlowDecimal(1234567890123456789012345678n, 0)],
    [exactNumber('12345678901234567890123456789'), '12345678901234567890123456789'],
    [exactNumber('0.12345678901234567890123456789'), '0.12345678901234567890123456789'],
    [exactNumber('NaN'), 'NaN'],
    [exactNumber('-Infinity'), '-Infinity'],
    [floatingNumber(0.1 + 0.2), 0.3],
    [floatingNumber(Number.POSITIVE_INFINITY), 'Infinity'],
    [datetime('0000-00-00 00:00:00'), '0000-00-00 00:00:00'],
    [datetime('infinity'), 'infinity'],
    [sqlServerCell('9223372036854775807', column('BigInt')), new FlowDecimal(9223372036854775807n, 0)],
    [sqlServerCell('12', column('BigInt')), 12],
    [sqlServerCell(null, column('Int')), null],
    [sqlServerCell(Math.fround(0.1), column('Real')), 0.1],
    [sqlServerCell(Math.fround(0.1), column('FloatN', 4)), 0.1],
    [sqlServerCell(0.1 + 0.2, column('FloatN', 8)), 0.3],
    [sqlServerCell(9_999_999_999_999.98, column('MoneyN', 8)), 9_999_999_999_999.98],
    [sqlServerCell(1e15, column('FloatN', 8)), 1e15],
    [sqlServerCell(Buffer.from([0, 255]), column('VarBinary')), '\u0000ÿ'],
    [sqlServerCell(new Date(Date.UTC(1970, 0, 1, 9, 30)), column('Time')), '09:30:00'],
  ])('number %# is what the database wrote', (found, expected) => {
    expect(found).toStrictEqual(expected);
  });

  it.each(['DecimalN', 'NumericN', 'Money', 'MoneyN'])('%s of SQL Server is exact or refused', (type) => {
    expect(() => sqlServerCell(1e15, column(type))).toThrow(
      expect.objectContaining({
        code: 'ErrorInSQLStatementError',
        message: expect.stringContaining('"amount"'),
      }),
    );
  });

  it('dates are wall-clock times', () => {
    expect(toText(datetime('2026-01-31 10:20:30.5'))).toBe('01/31/2026 10:20:30');
    expect(toText(datetime('2026-01-31'))).toBe('01/31/2026 00:00:00');
    expect(toText(sqlServerCell(new Date(Date.UTC(2026, 0, 31, 10)), column('DateTime2')))).toBe(
      '01/31/2026 10:00:00',
    );
  });
});
