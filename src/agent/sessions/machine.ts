// Which sessions the runs of this machine execute in: the one the agent itself is in, or sessions of their own. Makes none itself.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { ProductError } from '../../base/error.ts';
import type { Log } from '../../base/log.ts';
import type { Claim } from '../../orchestration/store.ts';
import { type OwnSessions, ownSessions } from '../../protocol/sessions.ts';
import { readIfPresent, writePrivateFile } from '../dataFolder.ts';
import type { Vault } from '../seal.ts';
import { currentSession } from '../session.ts';
import { type Launch, workerLauncher, workerTalk } from '../workerLauncher.ts';
import { currentSessionHost } from './current.ts';
import type { Credential, SessionHost } from './host.ts';
import { startLinuxSessions } from './linux.ts';
import { type Ask, type Audit, dialogIn, linuxDialogs } from './policy.ts';
import { startWindowsSessions } from './windows.ts';
import { type SessionWorkers, sessionWorkers } from './workers.ts';

const chosenFile = (dataFolder: string): string => join(dataFolder, 'sessions.json');

/** Whether an earlier start has chosen which sessions it makes, or none. */
export const hasChosenSessions = (dataFolder: string): boolean => existsSync(chosenFile(dataFolder));

/** What was chosen at this start, or at an earlier one: whoever starts the agent again need not know. Throws `SessionsUnreadable`. */
export function chosenSessions(
  dataFolder: string,
  chosen: OwnSessions | 'none' | undefined,
): OwnSessions | undefined {
  const file = chosenFile(dataFolder);
  if (chosen !== undefined) {
    writePrivateFile(file, JSON.stringify(chosen));
    return chosen === 'none' ? undefined : chosen;
  }
  const text = readIfPresent(file)?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    const known: unknown = JSON.parse(text);
    return known === 'none' ? undefined : ownSessions.parse(known);
  } catch (cause) {
    throw new ProductError(
      'SessionsUnreadable',
      `The file ${file} does not say which sessions this machine makes.`,
      'Say it again: dflow agent start --sessions client, server or none.',
      { cause },
    );
  }
}

export interface MachineSessionsOptions {
  readonly own: OwnSessions | undefined;
  readonly dataFolder: string;
  readonly agentVersion: string;
  readonly workerScript: string;
  /** Instead of real worker processes in the agent's session. */
  readonly launch: Launch | undefined;
  readonly vault: Vault;
  readonly isEditorAt?: ((runId: string) => boolean) | undefined;
  /** Account and password of the connection of a claim. */
  readonly credentialOf: (claim: Claim, signal: AbortSignal) => Promise<Credential>;
  /** What the session policy did. */
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Log;
}

export interface MachineSessions {
  /** Of the agent itself. */
  readonly account: string;
  readonly workers: Pick<SessionWorkers, 'facts' | 'launch'> & Partial<Pick<SessionWorkers, 'onChange'>>;
  readonly host: SessionHost;
  /** The system has told that something happened to a session. */
  readonly happened: () => void;
  /** After the last run: leaves the sessions as they are to be left. */
  close(): Promise<void>;
}

/** Pixels of a new session: what most programs are made for (rule SES-8). */
const screen = { width: 1920, height: 1080 };
/** How long a person has for an answer, and how long one who did not agree is left alone. */
const answerMs = 60_000;
const askAgainMs = 600_000;

/** Throws `SessionHostUnavailable` where sessions of their own were asked for and cannot be had. */
export async function openSessions(options: MachineSessionsOptions): Promise<MachineSessions> {
  const { own, dataFolder, agentVersion, workerScript, vault, clock, log, isEditorAt } = options;
  const launch =
    options.launch ?? workerLauncher({ script: workerScript, vault, dataFolder, log, isEditorAt });
  const current = currentSession(launch, agentVersion, clock.now());
  if (own === undefined) {
    const host = currentSessionHost();
    return {
      account: current.account,
      workers: current,
      host,
      happened: () => {},
      close: async () => host.dispose(),
    };
  }
  const { host, ask, stop, happened } = await ownSessionHost(
    own,
    join(dataFolder, 'sessions'),
    log.child('sessions'),
  );
  const workers = sessionWorkers({
    host,
    agentVersion,
    program: process.execPath,
    script: workerScript,
    talk: (claim) => workerTalk({ vault, dataFolder, log, isEditorAt }, claim),
    credentialOf: options.credentialOf,
    screen,
    recording: () => [],
    ask,
    answerMs,
    askAgainMs,
    audit: options.audit,
    clock,
    log: log.child('sessions'),
  });
  return {
    account: current.account,
    workers,
    host,
    happened,
    async close() {
      await workers.close();
      // Sessions that were kept outlive the agent; without any there is nothing to keep servers for.
      const kept = await host.list().catch(() => [undefined]);
      if (kept.length === 0) await stop();
      else host.dispose();
    },
  };
}

async function ownSessionHost(
  { edition, sessionLimit }: OwnSessions,
  folder: string,
  log: Log,
): Promise<{
  readonly host: SessionHost;
  readonly ask: Ask;
  readonly stop: () => Promise<void>;
  readonly happened: () => void;
}> {
  switch (process.platform) {
    case 'linux': {
      const host = await startLinuxSessions({ folder, edition, sessionLimit, severalPerUser: false, log });
      return { host, ask: dialogIn(host, linuxDialogs), stop: () => host.stop(), happened: () => {} };
    }
    case 'win32': {
      // The edition is that of the computer, whatever was asked for.
      const host = await startWindowsSessions({ folder, sessionLimit, log });
      return { host, ask: host.ask, stop: async () => host.dispose(), happened: () => host.happened() };
    }
    default:
      throw new ProductError(
        'SessionHostUnavailable',
        `Sessions of their own cannot be made on ${process.platform}.`,
        'Start the agent without --sessions: attended runs use the session of the agent.',
      );
  }
}
