// The orchestrator process: `orchestrator --database ADDRESS | --database-file FILE [options]` serves, `orchestrator token …` gives and takes
// tokens. Says on standard output what a person needs, and failures as one line `code: message` with the next step.
import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { asProductError, ProductError } from '../../base/error.ts';
import { orderedIds } from '../../base/identifiers.ts';
import { productVersion } from '../../base/version.ts';
import { defaultDataFolder } from '../../launch/dataFolder.ts';
import { wrongOption } from '../../launch/options.ts';
import { defaultSettings } from '../../orchestration/settings.ts';
import { keepAudit } from '../../orchestration/store/audit.ts';
import { type Era, era, role } from '../../protocol/fleet.ts';
import { readPrivateFile } from '../credentials/privateFile.ts';
import { openRegistry, startOrchestrator } from './server.ts';

const usualPort = 7420;
/** A stop that takes longer has a fault: the process must end all the same. */
const stopMs = 15_000;

const knownOptions = {
  database: { type: 'string' },
  'database-file': { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  certificate: { type: 'string' },
  key: { type: 'string' },
  insecure: { type: 'boolean' },
  data: { type: 'string' },
  role: { type: 'string' },
  era: { type: 'string' },
} as const;

main(process.argv.slice(2)).catch((error: unknown) => {
  const { code, message, nextStep } = asProductError(error);
  process.stderr.write(`${code}: ${message}\n  Next: ${nextStep}\n`, () =>
    process.exit(code === 'UsageWrong' ? 2 : 3),
  );
});

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(args);
  const database = databaseAddress(values.database, values['database-file']);
  if (positionals[0] === 'token') return token(positionals.slice(1), values.role, database);
  if (positionals.length > 0) throw usage('dflow orchestrator takes options, or token new, list or remove.');
  if ((values.certificate === undefined) !== (values.key === undefined))
    throw usage('--certificate and --key go together.');
  const server = await startOrchestrator({
    database,
    dataFolder: resolve(values.data ?? defaultDataFolder(), values.data === undefined ? 'orchestrator' : ''),
    version: productVersion,
    host: values.host ?? '127.0.0.1',
    port: readPort(values.port),
    ...(values.certificate !== undefined && { certificate: values.certificate }),
    ...(values.key !== undefined && { key: values.key }),
    ...(values.insecure === true && { insecure: true }),
    ...(values.era !== undefined && { era: readEra(values.era) }),
  });
  process.stdout.write(`The orchestrator listens on ${server.address} (instance ${server.instance}).\n`);
  process.on('uncaughtExceptionMonitor', (error) =>
    server.log.error('the orchestrator ends by a fault of its own', { error: String(error.stack) }),
  );
  const signal = await new Promise<string>((stopped) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stopped(name));
  });
  setTimeout(() => process.exit(1), stopMs).unref();
  await server.stop(`The orchestrator was ended by ${signal}.`);
  process.exit(0);
}

async function token(
  [what, name, ...rest]: readonly string[],
  asked: string | undefined,
  address: string,
): Promise<void> {
  if (rest.length > 0) throw usage('dflow orchestrator token takes new NAME, list or remove NAME.');
  const given = asked === undefined ? undefined : role.safeParse(asked).data;
  if (asked !== undefined && (given === undefined || what !== 'new'))
    throw usage('--role is owner, coowner or user, for token new.');
  if (name !== undefined && !/^[^\s\p{Cc}][^\p{Cc}]{0,99}$/u.test(name))
    throw usage('The name for a token has up to 100 characters.');
  const { database, store, registry } = await openRegistry(address, defaultSettings.leaseMs);
  const id = orderedIds(Date.now)();
  const who = `${userInfo().username} on ${hostname()}`;
  try {
    if (what === 'new' && name !== undefined) {
      const made = await registry.newToken(name, given);
      const subject = given === undefined ? name : `${name}: ${given} everywhere`;
      await keepAudit(database, { id, who, what: 'made a token', subject });
      // The only time anybody sees it.
      process.stdout.write(`${made}\n`);
    } else if (what === 'list' && name === undefined) {
      for (const principal of await registry.principals())
        process.stdout.write(`${principal.name}\t${principal.role ?? '-'}\n`);
    } else if (what === 'remove' && name !== undefined) {
      await registry.removeToken(name);
      await keepAudit(database, { id, who, what: 'removed a token', subject: name });
    } else throw usage('dflow orchestrator token takes new NAME, list or remove NAME.');
  } finally {
    await store.close();
  }
}

/** A password in an argument would be readable by every program of this machine. */
function databaseAddress(argument: string | undefined, file: string | undefined): string {
  if ((argument === undefined) === (file === undefined))
    throw usage('dflow orchestrator takes --database ADDRESS or --database-file FILE.');
  if (file !== undefined) {
    const read = readPrivateFile(resolve(file));
    const address = read.kind === 'read' ? read.bytes.toString('utf8').trim() : '';
    if (isAddress(address)) return address;
    const why =
      read.kind === 'read'
        ? 'it has no address of a PostgreSQL database'
        : read.kind === 'exposed'
          ? read.who
          : read.kind === 'missing'
            ? 'it is not there'
            : read.why;
    throw new ProductError(
      'DatabaseFileUnusable',
      `The file ${file} with the address of the database cannot be used: ${why}.`,
      'Write the address (postgres://user:password@host:port/database) into a file that only you can read (mode 0600).',
    );
  }
  const address = argument as string;
  if (!isAddress(address))
    throw usage('--database is an address such as postgres://user@host:port/database.');
  if (new URL(address).password !== '') {
    // Whoever looked at the list of programs in this moment has seen it.
    process.title = 'dflow';
    throw new ProductError(
      'DatabasePasswordVisible',
      'The address of the database has a password, and every program of this machine can read arguments.',
      'Give the password with PGPASSWORD, ~/.pgpass or --database-file, and change it.',
    );
  }
  return address;
}

function isAddress(text: string): boolean {
  return URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol);
}

function readArguments(args: readonly string[]) {
  const wrong = wrongOption(args, knownOptions);
  if (wrong !== undefined) throw usage(wrong.message);
  return parseArgs({ args: [...args], allowPositionals: true, options: knownOptions });
}

function readEra(text: string): Era {
  const chosen = era.safeParse(text).data;
  if (chosen !== undefined) return chosen;
  throw usage(`--era is one of ${era.options.join(', ')}.`);
}

function readPort(text: string | undefined): number {
  if (text === undefined) return usualPort;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw usage('--port is a number from 0 to 65535.');
}

function usage(message: string): ProductError {
  return new ProductError('UsageWrong', message, 'See dflow --help.');
}
