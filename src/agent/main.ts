// The agent process: `agent [--data-folder PATH] [--port N] [--idle-exit SECONDS] [--sessions client|server|none] [--session-limit N]
// [--era YEAR]`. Says on standard output, as one line of JSON, either how it can be reached or why it cannot run, and nothing else. On
// Windows also `--service NAME` (Windows started it as that service), `--install-service NAME` and `--remove-service NAME`, which answer so.
import { dirname, extname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { asProductError, ProductError } from '../base/error.ts';
import { productVersion } from '../base/version.ts';
import { defaultDataFolder } from '../launch/dataFolder.ts';
import { era } from '../protocol/fleet.ts';
import { type Agent, type AgentOptions, startAgent } from './agent.ts';
import { beService, serviceDataFolder, setUpService, takeServiceDown } from './service.ts';
import { hasChosenSessions } from './sessions/machine.ts';

/** A stop that takes longer than a run's grace time and its record has a fault: the process must end all the same. */
const stopMs = 15_000;

/** Most sessions at once on Windows Server where nobody says otherwise: the most unattended runs a machine carries (rule CCY-5). */
const usualLimit = 10;

// The shell that started the agent may have gone: what cannot be written to it is not worth an end.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

main().catch((error: unknown) => {
  const { code, message, nextStep } = asProductError(error);
  process.stdout.write(`${JSON.stringify({ error: { code, message, nextStep } })}\n`, () => process.exit(1));
});

async function main(): Promise<void> {
  const script = resolve(process.argv[1] as string);
  const { service, ...options } = readArguments();
  if (service !== undefined && service.what !== 'run') {
    const { name, dataFolder } = service;
    const done =
      service.what === 'install'
        ? await setUpService(name, { program: process.execPath, script, dataFolder })
        : await takeServiceDown(name, dataFolder);
    process.stdout.write(`${JSON.stringify({ service: done })}\n`);
    return;
  }
  const start = () => startWith(script, service === undefined ? options : withSessions(options));
  if (service !== undefined) {
    await beService(service.name, start);
    process.exit(0);
  }
  const agent = await start();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      setTimeout(() => process.exit(1), stopMs).unref();
      void agent.stop(`The agent was ended by ${signal}.`);
    });
  }
  const { pid, port } = agent.address;
  process.stdout.write(`${JSON.stringify({ ready: { pid, port } })}\n`);
  await agent.stopped;
  process.exit(0);
}

async function startWith(script: string, options: Omit<Arguments, 'service'>): Promise<Agent> {
  const agent = await startAgent({
    ...options,
    version: productVersion,
    workerScript:
      extname(script) === '.ts'
        ? join(dirname(script), 'worker', 'main.ts')
        : join(dirname(script), 'worker.cjs'),
  });
  // It still ends the process: the state of a program after a fault of its own cannot be trusted, and the next start recovers.
  process.on('uncaughtExceptionMonitor', (error) =>
    agent.log.error('the agent ends by a fault of its own', { error: String(error.stack) }),
  );
  return agent;
}

type Arguments = Pick<AgentOptions, 'dataFolder' | 'port' | 'idleExitSeconds' | 'sessions' | 'era'> & {
  readonly service?: {
    readonly what: 'run' | 'install' | 'remove';
    readonly name: string;
    readonly dataFolder: string;
  };
};

function readArguments(): Arguments {
  let values: {
    'data-folder'?: string;
    port?: string;
    'idle-exit'?: string;
    sessions?: string;
    'session-limit'?: string;
    service?: string;
    'install-service'?: string;
    'remove-service'?: string;
    era?: string;
  };
  try {
    ({ values } = parseArgs({
      options: {
        'data-folder': { type: 'string' },
        port: { type: 'string' },
        'idle-exit': { type: 'string' },
        sessions: { type: 'string' },
        'session-limit': { type: 'string' },
        service: { type: 'string' },
        'install-service': { type: 'string' },
        'remove-service': { type: 'string' },
        era: { type: 'string' },
      },
    }));
  } catch (error) {
    throw wrongArguments((error as Error).message);
  }
  const port = wholeNumber('--port', values.port, 65_535);
  const idleExitSeconds = wholeNumber('--idle-exit', values['idle-exit'], 1_000_000);
  const chosen = era.safeParse(values.era).data;
  if (values.era !== undefined && chosen === undefined)
    throw wrongArguments(`--era takes ${era.options.join(', ')}, not "${values.era}"`);
  const names = {
    run: values.service,
    install: values['install-service'],
    remove: values['remove-service'],
  } as const;
  const [what, name] = Object.entries(names).find(([, value]) => value !== undefined) ?? [];
  const usualFolder = name === undefined ? defaultDataFolder() : serviceDataFolder();
  const dataFolder = resolve(values['data-folder'] ?? usualFolder);
  return {
    ...(chosen !== undefined && { era: chosen }),
    dataFolder,
    ...(name !== undefined && { service: { what: what as keyof typeof names, name, dataFolder } }),
    ...(port !== undefined && { port }),
    ...(idleExitSeconds !== undefined && { idleExitSeconds }),
    ...sessionsOf(values.sessions, values['session-limit']),
  };
}

function sessionsOf(kind: string | undefined, limit: string | undefined): Pick<AgentOptions, 'sessions'> {
  const sessionLimit = wholeNumber('--session-limit', limit, 1_000) ?? usualLimit;
  switch (kind) {
    case undefined:
      return {};
    case 'none':
      return { sessions: 'none' };
    case 'client':
      return { sessions: { edition: 'client', sessionLimit: 1 } };
    case 'server':
      return { sessions: { edition: 'server', sessionLimit } };
    default:
      throw wrongArguments(`--sessions takes client, server or none, not "${kind}"`);
  }
}

/** A service has no desktop of its own: it makes sessions, unless something else was chosen now or before. */
function withSessions(options: Omit<Arguments, 'service'>): Omit<Arguments, 'service'> {
  const isChosen = options.sessions !== undefined || hasChosenSessions(options.dataFolder);
  return isChosen ? options : { ...options, sessions: { edition: 'server', sessionLimit: usualLimit } };
}

function wholeNumber(name: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= max) return value;
  throw wrongArguments(`${name} takes a whole number up to ${max}, not "${text}"`);
}

function wrongArguments(why: string): ProductError {
  return new ProductError(
    'AgentArguments',
    `The agent was started with wrong arguments: ${why}.`,
    'Use agent [--data-folder PATH] [--port N] [--idle-exit SECONDS].',
  );
}
