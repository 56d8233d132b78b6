// The agent as a Windows service: set up and removed, and the process that Windows starts for it. What the agent does is decided by
// agent.ts; this file only tells Windows about it.
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { ProductError } from '../base/error.ts';
import { productVersion } from '../base/version.ts';
import type { ServiceState } from '../protocol/service.ts';
import { WindowsError, win32 } from '../win32/errors.ts';
import { setSecurity } from '../win32/security.ts';
import {
  controlService,
  installEventSource,
  installService,
  removeEventSource,
  removeService,
  reportEvent,
  runService,
  serviceStatus,
  startService,
} from '../win32/services.ts';
import type { Agent } from './agent.ts';
import { prepareDataFolder } from './dataFolder.ts';

/** Name in the event log. */
const eventSource = 'Desktop Flows';
/** Started again after a failure: at once, then with more patience; counted anew after a day without one. */
const recovery = { delays: [1_000, 5_000, 60_000], resetSeconds: 86_400 } as const;
/** A service that is asked to stop lets its runs end; Windows waits as long as it says that it goes on. */
const stopMs = 60_000;

/** Where the service keeps its data: readable by the system and administrators only. */
export function serviceDataFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.ProgramData || 'C:\\ProgramData', 'Desktop Flows');
}

/**
 * Sets the service up (or brings the one there is in line with this program: an upgrade or a repair), and starts it. `program` and `script`
 * are what Windows runs. Throws `ServiceNotAllowed` without elevation, `ServiceFailed` otherwise.
 */
export async function setUpService(
  name: string,
  { program, script, dataFolder }: { program: string; script: string; dataFolder: string },
): Promise<ServiceState> {
  return explained(name, 'set up', async () => {
    await stopped(name);
    const placed = placeSafely(program, script);
    prepareDataFolder(dataFolder);
    setSecurity(dataFolder, 'file', 'D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)');
    const done = installService({
      name,
      displayName: 'Desktop Flows agent',
      description: 'Runs desktop flows on this computer, for Visual Studio Code, dflow and orchestrators.',
      command: [placed.program, placed.script, '--service', name, '--data-folder', dataFolder]
        .map(quoted)
        .join(' '),
      start: 'delayed',
      recovery,
    });
    installEventSource(eventSource);
    startService(name);
    await reached(name, 'running');
    return { name, change: done, dataFolder };
  });
}

/**
 * Windows' own folder for programs is what only administrators can change; a program that lies elsewhere is copied there, so that nobody
 * else decides what the service runs. Gives where it lies.
 */
function placeSafely(program: string, script: string): { program: string; script: string } {
  const safe = process.env.ProgramW6432 || process.env.ProgramFiles || 'C:\\Program Files';
  const isInside = (path: string) => !/^(\.\.|[a-z]:)/i.test(relative(safe, path));
  if (isInside(program) && isInside(script)) return { program, script };
  const folder = join(safe, 'Desktop Flows', `service ${productVersion}`);
  for (const other of [folder, ...servicesOfOtherVersions(dirname(folder))])
    rmSync(other, { recursive: true, force: true, maxRetries: 10 });
  const from = dirname(dirname(script));
  for (const part of ['dist', 'bin']) cpSync(join(from, part), join(folder, part), { recursive: true });
  cpSync(program, join(folder, basename(program)));
  return { program: join(folder, basename(program)), script: join(folder, relative(from, script)) };
}

function servicesOfOtherVersions(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith('service '))
      .map((name) => join(folder, name));
  } catch {
    return []; // the first one
  }
}

/** Stops the service and removes it. Its data stays. Throws as `setUpService`. */
export async function takeServiceDown(name: string, dataFolder: string): Promise<ServiceState> {
  return explained(name, 'removed', async () => {
    await stopped(name);
    const wasThere = removeService(name);
    removeEventSource(eventSource);
    return { name, change: wasThere ? 'removed' : 'absent', dataFolder };
  });
}

/** Is the service until Windows stops it; `start` makes its agent. Rejects when the agent ends by itself, so that Windows restarts it. */
export async function beService(name: string, start: () => Promise<Agent>): Promise<void> {
  let agent: Agent | undefined;
  let isStopping = false;
  const note = (kind: 'information' | 'error', id: number, text: string) => {
    try {
      reportEvent(eventSource, kind, id, text);
    } catch {
      // Without an event log there is agent.log.
    }
  };
  await runService(name, {
    async started() {
      agent = await start();
      note('information', 1, `The agent is running, process ${process.pid}.`);
      void agent.stopped.then(() => {
        if (isStopping) return;
        note('error', 3, 'The agent ended by itself.');
        // Without a word to Windows, which takes it for a failure and starts the service again.
        process.exit(1);
      });
    },
    async stop(reason) {
      isStopping = true;
      await agent?.stop(reason === 'shutdown' ? 'The computer shuts down.' : 'The service was stopped.');
      note('information', 2, 'The agent has stopped.');
    },
    sessionChanged(event, sessionId) {
      agent?.log.info('a session changed', { event, sessionId });
      agent?.sessionHappened();
    },
    failed: (error) => {
      agent?.log.error('the service failed', { error: String(error) });
      note('error', 4, `The agent could not do what Windows asked: ${(error as Error).message}`);
    },
  });
}

async function stopped(name: string): Promise<void> {
  const state = serviceStatus(name)?.state;
  if (state === undefined || state === 'stopped') return;
  if (state !== 'stopping') controlService(name, 'stop');
  await reached(name, 'stopped');
}

/** A service that was just started may still be called stopped, one that failed stays so. */
const settleMs = 5_000;

async function reached(name: string, state: 'running' | 'stopped'): Promise<void> {
  let stoppedFor = 0;
  for (let waited = 0; waited < stopMs && stoppedFor < settleMs; waited += 100) {
    const now = serviceStatus(name)?.state;
    if (now === state || (state === 'stopped' && now === undefined)) return;
    stoppedFor = now === 'stopped' ? stoppedFor + 100 : 0;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new ProductError(
    'ServiceFailed',
    `The service ${name} is not ${state} after it was asked to be.`,
    `Look for it in the event log under ${eventSource}, and in agent.log in its data folder.`,
  );
}

async function explained<T>(name: string, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof WindowsError)) throw error;
    if (error.number === win32.accessDenied)
      throw new ProductError(
        'ServiceNotAllowed',
        `The service ${name} cannot be ${what}: this needs an administrator.`,
        'Open a terminal as administrator and try again.',
        { cause: error },
      );
    throw new ProductError(
      'ServiceFailed',
      `The service ${name} cannot be ${what}. ${error.message}`,
      error.nextStep,
      {
        cause: error,
      },
    );
  }
}

function quoted(part: string): string {
  return /[\s"]/.test(part) ? `"${part}"` : part;
}
