// Which sessions the runs of this machine execute in: the one the agent itself is in, or sessions of their own. Makes none itself.
import { rmSync } from 'node:fs';
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
import { type Audit, dialogIn, linuxDialogs } from './policy.ts';
import { type SessionWorkers, sessionWorkers } from './workers.ts';

/** What was chosen at this start, or at an earlier one: whoever starts the agent again need not know. Throws `SessionsUnreadable`. */
export function chosenSessions(
  dataFolder: string,
  chosen: OwnSessions | 'none' | undefined,
): OwnSessions | undefined {
  const file = join(dataFolder, 'sessions.json');
  if (chosen === 'none') {
    rmSync(file, { force: true });
    return undefined;
  }
  if (chosen !== undefined) {
    writePrivateFile(file, JSON.stringify(chosen));
    return chosen;
  }
  const text = readIfPresent(file)?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    return ownSessions.parse(JSON.parse(text));
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
  const { own, dataFolder, agentVersion, workerScript, vault, clock, log } = options;
  const launch = options.launch ?? workerLauncher({ script: workerScript, vault, dataFolder, log });
  const current = currentSession(launch, agentVersion, clock.now());
  if (own === undefined) {
    const host = currentSessionHost();
    return { account: current.account, workers: current, host, close: async () => host.dispose() };
  }
  if (process.platform !== 'linux') {
    throw new ProductError(
      'SessionHostUnavailable',
      `Sessions of their own cannot be made on ${process.platform} yet.`,
      'Start the agent without --sessions: attended runs use the session of the agent.',
    );
  }
  const host = await startLinuxSessions({
    folder: join(dataFolder, 'sessions'),
    edition: own.edition,
    sessionLimit: own.sessionLimit,
    severalPerUser: false,
    log: log.child('sessions'),
  });
  const workers = sessionWorkers({
    host,
    agentVersion,
    program: process.execPath,
    script: workerScript,
    talk: (claim) => workerTalk({ vault, dataFolder, log }, claim),
    credentialOf: options.credentialOf,
    screen,
    recording: () => [],
    ask: dialogIn(host, linuxDialogs),
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
    async close() {
      await workers.close();
      // Sessions that were kept outlive the agent; without any there is nothing to keep the servers for.
      const kept = await host.list().catch(() => [undefined]);
      if (kept.length === 0) await host.stop();
      else host.dispose();
    },
  };
}
