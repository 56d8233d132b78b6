// The command line's way to the agent of one data folder: find it, or start the one that was shipped beside this program.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { ProductError } from '../base/error.ts';
import { connectAgent } from '../launch/connect.ts';
import { defaultDataFolder, findAgent } from '../launch/dataFolder.ts';
import { startAgent } from '../launch/start.ts';
import type { AgentLink } from '../protocol/link.ts';
import { stopAgent } from './agent.ts';

/** An agent that a command started only for itself goes away by itself if the command dies. */
const idleExitSeconds = 30;

export interface AgentStartOptions {
  readonly port?: number | undefined;
  readonly stay: boolean;
  readonly sessions?: string | undefined;
  readonly sessionLimit?: number | undefined;
  readonly era?: string | undefined;
}

export interface AgentAccess {
  readonly dataFolder: string;
  /** The running agent, or undefined. Throws `AgentTokenWrong` or `ProtocolMismatch`. */
  find(): Promise<AgentLink | undefined>;
  /** Starts the agent (`stay`: until it is stopped) and connects. Throws what `startAgent` and `connectAgent` throw. */
  start(options: AgentStartOptions): Promise<AgentLink>;
}

export function agentAccess(dataFolder: string = defaultDataFolder()): AgentAccess {
  return {
    dataFolder,
    async find() {
      const address = findAgent(dataFolder);
      if (!address) return undefined;
      try {
        return await connectAgent(address, 'dflow');
      } catch (error) {
        // A killed agent leaves its address behind; its process number and port may be somebody else's by now.
        if (error instanceof ProductError && ['AgentNotRunning', 'AgentUnreachable'].includes(error.code))
          return undefined;
        throw error;
      }
    },
    async start({ port, stay, sessions, sessionLimit, era }) {
      const address = await startAgent({
        nodePath: nodePath(),
        agentScript,
        dataFolder,
        ...(port === undefined ? {} : { port }),
        sessions,
        sessionLimit,
        era,
        ...(stay ? {} : { idleExitSeconds }),
      });
      return connectAgent(address, 'dflow');
    },
  };
}

/** Codes of an agent that is just ending, or was gone before it could be reached: the next one may be a moment away. */
const passing: ReadonlySet<string> = new Set([
  'AgentDataFolderInUse',
  'AgentNotRunning',
  'AgentStopping',
  'AgentUnreachable',
  'LinkClosed',
]);
/** An agent that ends gives what runs a few seconds; much longer than that means a fault. */
const patienceMs = 20_000;
const pauseMs = 50;

/** What was asked of an agent, and the agent that did it. */
export interface Reached<T> {
  readonly link: AgentLink;
  readonly result: T;
  /** Ends the link; an agent that was started only for this ends with it, unless somebody else needs it by then. Never throws. */
  leave(): Promise<void>;
}

/**
 * Asks the agent of this machine, which is started for it where none runs. When that agent is just ending, because the command that had
 * started it has what it wanted, the next one is asked: `ask` may be called several times, and must be safe to repeat. Throws what `find`,
 * `start` and `ask` throw, and the reason of `signal`.
 */
export async function reachAgent<T>(
  access: AgentAccess,
  ask: (link: AgentLink) => Promise<T>,
  signal?: AbortSignal,
): Promise<Reached<T>> {
  const deadline = systemClock.monotonic() + patienceMs;
  for (;;) {
    let leave = async (): Promise<void> => {};
    try {
      const running = await access.find();
      const link = running ?? (await access.start({ stay: false }));
      leave = async () => {
        if (running) link.dispose();
        else await stopAgent(link, true).catch(() => {}); // it may be gone already
      };
      signal?.throwIfAborted();
      return { link, result: await ask(link), leave };
    } catch (error) {
      await leave();
      signal?.throwIfAborted();
      const passes = error instanceof ProductError && passing.has(error.code);
      if (!passes || systemClock.monotonic() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** The program that runs what the command line starts. */
export const nodePath = (): string =>
  process.env.DESKTOP_FLOWS_NODE ?? (existsSync(toolchainNode) ? toolchainNode : process.execPath);

/** In a checkout the agent runs on the Node that came with it, whatever Node runs the command line. */
const toolchainNode = join(
  typeof __dirname === 'string' ? join(__dirname, '..') : join(import.meta.dirname, '..', '..'),
  ...['node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node'],
);

/** Beside the bundle; in a checkout that runs from its sources, the agent's source. */
export const agentScript =
  typeof __dirname === 'string'
    ? join(__dirname, 'agent.cjs')
    : join(import.meta.dirname, '..', 'agent', 'main.ts');
