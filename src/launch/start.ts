// Starts an agent on this machine for a shell and waits until it can be reached.
import { spawn } from 'node:child_process';
import * as z from 'zod/mini';
import { ProductError } from '../base/error.ts';
import type { AgentAddress } from '../protocol/agent.ts';
import type { AgentLink } from '../protocol/link.ts';
import { connectAgent } from './connect.ts';
import { findAgent } from './dataFolder.ts';

export interface AgentStart {
  /** The Node (or an Electron together with `ELECTRON_RUN_AS_NODE` in `env`) that runs the agent and its workers. */
  readonly nodePath: string;
  /** `agent.cjs`, with `worker.cjs` beside it. */
  readonly agentScript: string;
  readonly dataFolder: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** The agent ends after this many seconds without clients and runs. Absent: it stays. */
  readonly idleExitSeconds?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** `client`, `server` or `none`: sessions of their own for unattended runs, as on that edition. Absent: as at its last start. */
  readonly sessions?: string | undefined;
  readonly sessionLimit?: number | undefined;
  /** Whose rules hold for its queue (`Era`). Absent: as at its last start. */
  readonly era?: string | undefined;
}

const readyMs = 20_000;
const outcome = z.union([
  z.object({ ready: z.object({ pid: z.number(), port: z.number() }) }),
  z.object({ error: z.object({ code: z.string(), message: z.string(), nextStep: z.string() }) }),
]);

/**
 * Starts an agent that outlives this process, and gives its address. When another shell was faster, gives that agent's address.
 * Throws the agent's own error (`AgentPortInUse`, `NodeTooOld`, `StoreDamaged` …) or `AgentNotStarted`.
 */
export async function startAgent(start: AgentStart): Promise<AgentAddress> {
  for (let attempt = 1; ; attempt++) {
    const result = await launch(start);
    const faster = result instanceof ProductError && result.code === 'AgentDataFolderInUse';
    if (result instanceof ProductError && !faster) throw result;
    // The faster agent holds the data folder a moment before it can be reached, and an ending one a moment after.
    for (let waited = 0; waited <= 1_000; waited += 50) {
      const address = findAgent(start.dataFolder);
      if (address && (faster || address.pid === (result as number))) return address;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (attempt === 4) throw faster ? result : notStarted('it was ready but left no address', '');
  }
}

/** A link to the agent of the data folder, which is started when none runs. Throws as `startAgent` and `connectAgent`. */
export async function openAgent(start: AgentStart, client: string): Promise<AgentLink> {
  const running = findAgent(start.dataFolder);
  if (running) {
    try {
      return await connectAgent(running, client);
    } catch (error) {
      // The address was left by a killed agent whose process number lives on elsewhere, or that agent is just ending.
      if (
        !(error instanceof ProductError) ||
        !['AgentNotRunning', 'AgentTokenWrong', 'AgentUnreachable'].includes(error.code)
      )
        throw error;
    }
  }
  return connectAgent(await startAgent(start), client);
}

/** Process number of the agent that is ready, or why it is not. */
function launch(start: AgentStart): Promise<number | ProductError> {
  const args = [start.agentScript, '--data-folder', start.dataFolder];
  if (start.port) args.push('--port', String(start.port));
  if (start.sessions !== undefined) args.push('--sessions', start.sessions);
  if (start.sessionLimit !== undefined) args.push('--session-limit', String(start.sessionLimit));
  if (start.era !== undefined) args.push('--era', start.era);
  if (start.idleExitSeconds !== undefined) args.push('--idle-exit', String(start.idleExitSeconds));
  return new Promise((resolve) => {
    const child = spawn(start.nodePath, args, {
      detached: true,
      windowsHide: true,
      env: start.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      settle(notStarted(`it was not ready after ${readyMs / 1000} seconds`, err));
    }, readyMs);
    const settle = (result: number | ProductError) => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      resolve(result);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.includes('\n')) settle(readOutcome(out.slice(0, out.indexOf('\n')), err));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err = (err + text).slice(-2_000);
    });
    child.once('error', (error) =>
      settle(notStarted(`${start.nodePath} cannot be started (${error.message})`, '')),
    );
    child.once('close', (code, signal) =>
      settle(notStarted(`it ended with ${signal ?? `exit code ${code}`}`, err)),
    );
  });
}

function readOutcome(line: string, err: string): number | ProductError {
  try {
    const said = outcome.parse(JSON.parse(line));
    return 'ready' in said
      ? said.ready.pid
      : new ProductError(said.error.code, said.error.message, said.error.nextStep);
  } catch {
    return notStarted(`it said "${line.slice(0, 200)}"`, err);
  }
}

function notStarted(why: string, err: string): ProductError {
  const said = err.trim();
  return new ProductError(
    'AgentNotStarted',
    `The agent could not be started: ${why}.${said ? ` It reported: ${said}` : ''}`,
    'Read agent.log in the data folder, or start the agent by hand with `dflow agent start`.',
  );
}
