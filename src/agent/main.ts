// The agent process: `agent [--data-folder PATH] [--port N] [--idle-exit SECONDS] [--sessions client|server|none] [--session-limit N]
// [--era YEAR]`. Says on standard output, as one line of JSON, either how it can be reached or why it cannot run, and nothing else.
import { dirname, extname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { asProductError, ProductError } from '../base/error.ts';
import { productVersion } from '../base/version.ts';
import { defaultDataFolder } from '../launch/dataFolder.ts';
import { era } from '../protocol/fleet.ts';
import { type AgentOptions, startAgent } from './agent.ts';

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
  const options = readArguments();
  const agent = await startAgent({
    ...options,
    version: productVersion,
    workerScript:
      extname(script) === '.ts'
        ? join(dirname(script), 'worker', 'main.ts')
        : join(dirname(script), 'worker.cjs'),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      setTimeout(() => process.exit(1), stopMs).unref();
      void agent.stop(`The agent was ended by ${signal}.`);
    });
  }
  // It still ends the process: the state of a program after a fault of its own cannot be trusted, and the next start recovers.
  process.on('uncaughtExceptionMonitor', (error) =>
    agent.log.error('the agent ends by a fault of its own', { error: String(error.stack) }),
  );
  const { pid, port } = agent.address;
  process.stdout.write(`${JSON.stringify({ ready: { pid, port } })}\n`);
  await agent.stopped;
  process.exit(0);
}

function readArguments(): Pick<AgentOptions, 'dataFolder' | 'port' | 'idleExitSeconds' | 'sessions' | 'era'> {
  let values: {
    'data-folder'?: string;
    port?: string;
    'idle-exit'?: string;
    sessions?: string;
    'session-limit'?: string;
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
  return {
    ...(chosen !== undefined && { era: chosen }),
    dataFolder: resolve(values['data-folder'] ?? defaultDataFolder()),
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
