// The Windows computer as the session host uses it: one function for each thing that Windows does. An interface, so that a played computer
// can stand in for it; and the real one, which decides nothing.

import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProductError } from '../../../base/error.ts';
import type { Log } from '../../../base/log.ts';
import { WindowsError, win32 } from '../../../win32/errors.ts';
import { closeHandle, type Handle } from '../../../win32/ffi.ts';
import { start } from '../../../win32/launch.ts';
import { processes, processSession, terminate } from '../../../win32/processes.ts';
import { keyNames, readValue } from '../../../win32/registry.ts';
import { elevationType, enablePrivilege, linkedToken, primaryToken } from '../../../win32/security.ts';
import { serviceStatus } from '../../../win32/services.ts';
import {
  askSession,
  cutSession,
  endSession,
  findAccount,
  lookAtSessions,
  type SessionRow,
} from '../../../win32/sessionLook.ts';
import { sessionToken } from '../../../win32/sessions.ts';
import { windowsVersion } from '../../../win32/system.ts';
import { Client, type ClientStart } from '../client.ts';
import { computerName } from '../computerName.ts';
import type { Launch } from '../host.ts';
import { notStarted } from '../launching.ts';
import { startChild } from './child.ts';
import { findClient, readSetUp, type SetUp } from './setUp.ts';

/** A connection that a client of ours keeps. */
export type Connection = Pick<Client, 'hasEnded' | 'lastWords' | 'refusal' | 'end'>;

export interface Computer {
  /** NetBIOS name: the domain of its own accounts. */
  readonly name: string;
  /** Why it cannot be used; undefined when it can. */
  problem(): string | undefined;
  setUp(): SetUp;
  /** Sessions that can be signed in to, with or without somebody. Throws WindowsError when they cannot be listed. */
  sessions(): Promise<readonly SessionRow[]>;
  /** Undefined when nobody knows the account. */
  findAccount(text: string): Promise<{ readonly domain: string; readonly name: string } | undefined>;
  /** Whether programs can be started in a session: its own have been. */
  isReady(sessionId: number): boolean;
  /** Throws `SessionHostUnavailable` without FreeRDP. */
  connect(start: Pick<ClientStart, 'user' | 'password' | 'options' | 'folder'>): Connection;
  /** Undefined when nobody is signed in to the session. Throws `WorkerNotStarted`. */
  launch(sessionId: number, launch: Launch): Promise<ChildProcess | undefined>;
  /** Asks the session to lock; it does so a moment later. */
  lock(sessionId: number): void;
  /** Each asks for it and does not wait until it has happened. */
  disconnect(sessionId: number): Promise<void>;
  signOut(sessionId: number): Promise<void>;
  /** Ends what is left in a session that does not end by itself. */
  endPrograms(sessionId: number): void;
  /** Undefined when nobody answers in time, or it cannot be shown. */
  ask(
    sessionId: number,
    question: { readonly title: string; readonly text: string; readonly seconds: number },
  ): Promise<boolean | undefined>;
}

/** Another address than that of the console session: Windows refuses a session from it to itself. */
const loopback = '127.0.0.2';
const hklm = 'HKEY_LOCAL_MACHINE';
/** What a session consists of; it ends when these are left alone. */
const systemPrograms = new Set([
  'csrss.exe',
  'winlogon.exe',
  'dwm.exe',
  'fontdrvhost.exe',
  'logonui.exe',
  'wininit.exe',
]);

/** The computer this process runs on. `wanted`: most sessions that it is to carry. */
export function thisComputer(wanted: number, log: Log): Computer {
  const version = windowsVersion();
  const registry = {
    value: (path: string, name: string) => readValue(hklm, path, name),
    keys: (path: string) => keyNames(hklm, path),
  };
  const setUp = () => {
    const found = readSetUp(version, registry, wanted);
    return serviceStatus('TermService')?.state === 'running'
      ? found
      : { ...found, remoteDesktop: 'off' as const };
  };
  const name = computerName();
  return {
    name,
    problem: () =>
      enablePrivilege('SeTcbPrivilege') ? undefined : 'the agent does not run as a service of the system',
    setUp,
    sessions: lookAtSessions,
    findAccount,
    isReady: (sessionId) => {
      const shell = shellName(registry.value);
      return processes().some(
        (one) => one.name.toLowerCase() === shell && processSession(one.processId) === sessionId,
      );
    },
    connect({ folder, ...start }) {
      const program = findClient(process.execPath, process.env, existsSync);
      if (program === undefined)
        throw new ProductError(
          'SessionHostUnavailable',
          'Sessions cannot be made on this machine: the Remote Desktop client FreeRDP is missing.',
          `Put FreeRDP for Windows into ${join(process.execPath, '..', 'freerdp')} or into Program Files\\FreeRDP.`,
        );
      const { port, thumbprints } = setUp();
      const { SystemRoot = 'C:\\Windows' } = process.env;
      const home = join(folder, 'client');
      return new Client({
        ...start,
        folder,
        program,
        address: `${loopback}:${port}`,
        fingerprints: thumbprints.map((value) => ({ hash: 'sha1', value })),
        security: 'nla',
        // Nothing of the agent's own environment: it may hold what is not meant for others.
        environment: {
          SystemRoot,
          PATH: `${SystemRoot}\\System32;${SystemRoot}`,
          TEMP: home,
          TMP: home,
          USERPROFILE: home,
          APPDATA: home,
          LOCALAPPDATA: home,
        },
      });
    },
    async launch(sessionId, launch) {
      const token = workerToken(sessionId);
      if (token === undefined) return undefined;
      try {
        return startChild(token, launch, log);
      } catch (error) {
        if (error instanceof WindowsError) throw notStarted(launch.program, error.message, error);
        throw error;
      } finally {
        closeHandle(token);
      }
    },
    lock(sessionId) {
      const token = workerToken(sessionId);
      if (token === undefined) return;
      const { SystemRoot = 'C:\\Windows' } = process.env;
      const file = join(SystemRoot, 'System32', 'rundll32.exe');
      try {
        start({ file, args: ['user32.dll,LockWorkStation'], token }).close();
      } finally {
        closeHandle(token);
      }
    },
    disconnect: cutSession,
    signOut: endSession,
    endPrograms(sessionId) {
      for (const one of processes()) {
        if (systemPrograms.has(one.name.toLowerCase()) || processSession(one.processId) !== sessionId)
          continue;
        try {
          terminate(one.processId);
        } catch (error) {
          if (!(error instanceof WindowsError) || error.number !== win32.accessDenied) throw error;
        }
      }
    },
    ask: askSession,
  };
}

/**
 * A token to start a worker with, to be closed; undefined while nobody is signed in. Never that of an administrator's full rights where
 * there is one without (rule MODE-10).
 */
function workerToken(sessionId: number): Handle | undefined {
  const token = sessionToken(sessionId);
  if (token === undefined) return undefined;
  try {
    if (elevationType(token) !== 'full') return primaryToken(token);
    const plain = linkedToken(token);
    try {
      return primaryToken(plain);
    } finally {
      closeHandle(plain);
    }
  } finally {
    closeHandle(token);
  }
}

/** File name of the program that is the desktop of a user, in lower case. */
function shellName(value: (path: string, name: string) => { readonly value: unknown } | undefined): string {
  const set = value('SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon', 'Shell')?.value;
  const first = typeof set === 'string' ? set.split(',')[0]?.trim() : undefined;
  const file = /^"([^"]+)"/.exec(first ?? '')?.[1] ?? first?.split(' ')[0];
  return (file?.split('\\').at(-1) || 'explorer.exe').toLowerCase();
}
