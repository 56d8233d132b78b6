// A Windows computer that is played: accounts with passwords, sessions with stations and moments as its terminal services tell them, a
// server of Remote Desktop that takes its time and shows its sign-in screen where it has to. Programs are started by what the test gives.
import type { ChildProcess } from 'node:child_process';
import { hostname } from 'node:os';
import { refusalIn } from '../../../src/agent/sessions/client.ts';
import { notStarted } from '../../../src/agent/sessions/launching.ts';
import type { Computer, Connection } from '../../../src/agent/sessions/windows/computer.ts';
import type { SetUp } from '../../../src/agent/sessions/windows/setUp.ts';
import { WindowsError } from '../../../src/win32/errors.ts';
import type { SessionRow } from '../../../src/win32/sessionLook.ts';
import type { Start } from './fakeHost.ts';

export interface PlayedOptions {
  /** By name in lower case. `says`: what FreeRDP says instead of letting them in; `prompts`: the sign-in screen asks for more. */
  readonly accounts: Readonly<
    Record<string, { readonly password: string; readonly says?: string; readonly prompts?: boolean }>
  >;
  readonly start: Start;
  /** How long a sign-in takes, and the desktop after it. */
  readonly signInMs?: number;
  readonly desktopMs?: number;
  readonly setUp?: Partial<SetUp>;
}

interface PlayedSession {
  sessionId: number;
  state: SessionRow['state'];
  user: string;
  station: string;
  isLocked: boolean;
  readonly times: { signedIn?: number; connected?: number; lastInput?: number };
  readyAt: number;
  programs: Set<ChildProcess>;
  client: PlayedConnection | undefined;
}

export class PlayedComputer implements Computer {
  readonly name = hostname().toUpperCase();
  readonly #options: PlayedOptions;
  readonly #sessions: PlayedSession[] = [];
  #count = 1;
  /** Who was connected, and with what; in order. */
  readonly connections: { readonly user: string; readonly folder: string }[] = [];
  set: SetUp;
  /** What the next act of this name does instead. */
  readonly played = new Map<'lock' | 'disconnect' | 'signOut' | 'sessions', () => unknown>();
  answer: boolean | undefined;
  trouble: string | undefined;

  constructor(options: PlayedOptions) {
    this.#options = options;
    this.set = {
      edition: 'server',
      sessionLimit: 3,
      severalPerUser: false,
      remoteDesktop: 'on',
      port: 3389,
      thumbprints: [],
      hasNotice: false,
      idleLimitMs: undefined,
      durationLimitMs: undefined,
      ...options.setUp,
    };
  }

  problem(): string | undefined {
    return this.trouble;
  }

  setUp(): SetUp {
    return this.set;
  }

  async sessions(): Promise<readonly SessionRow[]> {
    await this.#play('sessions');
    return this.#sessions.map(({ sessionId, state, user, station, isLocked, times }) => ({
      sessionId,
      state,
      station,
      user,
      domain: user === '' ? '' : this.name,
      isRemote: station.startsWith('RDP-Tcp#'),
      isLocked,
      times: { ...times },
    }));
  }

  async findAccount(text: string): Promise<{ domain: string; name: string } | undefined> {
    const [domain, name] = text.split('\\');
    if (domain?.toUpperCase() !== this.name || name === undefined) return undefined;
    return name.toLowerCase() in this.#options.accounts ? { domain: this.name, name } : undefined;
  }

  isReady(sessionId: number): boolean {
    return performance.now() >= (this.#find(sessionId)?.readyAt ?? Number.POSITIVE_INFINITY);
  }

  connect({ user, password, folder }: { user: string; password: string; folder: string }): Connection {
    this.connections.push({ user, folder });
    const connection = new PlayedConnection();
    const name = (user.split('\\')[1] as string).toLowerCase();
    const account = this.#options.accounts[name];
    setTimeout(() => {
      if (connection.hasEnded) return;
      if (account === undefined || account.password !== password)
        return connection.fail('[ERROR][com.freerdp.core] - ERRCONNECT_LOGON_FAILURE [0x00020014]');
      if (account.says !== undefined) return connection.fail(account.says);
      this.#signIn(name, account.prompts === true || this.set.hasNotice, connection);
    }, this.#options.signInMs ?? 0);
    return connection;
  }

  #signIn(user: string, isAsked: boolean, connection: PlayedConnection): void {
    const old = this.#sessions.find((one) => one.user === user);
    if (old !== undefined) {
      old.client?.fail('ERRINFO_DISCONNECTED_BY_OTHER_CONNECTION [0x00010005]');
      this.#attach(old, connection);
      return;
    }
    const session: PlayedSession = {
      sessionId: ++this.#count,
      state: 'connected',
      user: '',
      station: '',
      isLocked: false,
      times: { connected: Date.now() },
      readyAt: Number.POSITIVE_INFINITY,
      programs: new Set(),
      client: undefined,
    };
    this.#sessions.push(session);
    this.#attach(session, connection);
    if (isAsked) {
      connection.onEnd = () => this.#remove(session);
      return;
    }
    session.user = user;
    // As Windows does: the name is there a moment before the time is.
    setTimeout(() => {
      session.times.signedIn = Date.now();
      session.readyAt = performance.now() + (this.#options.desktopMs ?? 0);
    }, 20);
  }

  #attach(session: PlayedSession, connection: PlayedConnection): void {
    session.state = 'active';
    session.isLocked = false;
    session.station = `RDP-Tcp#${session.sessionId}`;
    session.times.connected = Date.now();
    session.client = connection;
    connection.onEnd = () => {
      if (session.client !== connection) return;
      session.client = undefined;
      session.state = 'disconnected';
      session.station = '';
    };
  }

  async launch(
    sessionId: number,
    launch: Parameters<Computer['launch']>[1],
  ): Promise<ChildProcess | undefined> {
    const session = this.#find(sessionId);
    if (session === undefined) return undefined;
    const child = await this.#options.start(session.user, launch).catch((error: Error) => {
      throw notStarted(launch.program, error.message, error);
    });
    session.programs.add(child);
    return child;
  }

  lock(sessionId: number): void {
    if (this.played.has('lock')) return void this.#play('lock');
    setTimeout(() => {
      const session = this.#find(sessionId);
      if (session) session.isLocked = true;
    }, 30);
  }

  async disconnect(sessionId: number): Promise<void> {
    if (await this.#play('disconnect')) return;
    setTimeout(
      () => this.#find(sessionId)?.client?.fail('ERRINFO_RPC_INITIATED_DISCONNECT [0x00010001]'),
      30,
    );
  }

  async signOut(sessionId: number): Promise<void> {
    if (await this.#play('signOut')) return;
    const session = this.#find(sessionId);
    if (session) await this.end(sessionId);
  }

  endPrograms(sessionId: number): void {
    void this.end(sessionId);
  }

  async ask(): Promise<boolean | undefined> {
    return this.answer;
  }

  // --- What people do ---

  /** Somebody signs in at the console. */
  signedInAtConsole(user: string): number {
    const sessionId = ++this.#count;
    const now = Date.now();
    this.#sessions.push({
      sessionId,
      state: 'active',
      user,
      station: 'Console',
      isLocked: false,
      times: { connected: now, signedIn: now },
      readyAt: 0,
      programs: new Set(),
      client: undefined,
    });
    return sessionId;
  }

  change(sessionId: number, change: Partial<Pick<PlayedSession, 'state' | 'isLocked'>>): void {
    Object.assign(this.#find(sessionId) as PlayedSession, change);
  }

  async end(sessionId: number): Promise<void> {
    const session = this.#find(sessionId);
    if (session === undefined) return;
    const ends = [...session.programs]
      .filter((child) => child.exitCode === null && child.signalCode === null)
      .map((child) => new Promise<void>((resolve) => child.once('exit', () => resolve())));
    for (const child of session.programs) child.kill('SIGKILL');
    await Promise.all(ends);
    this.#remove(session);
  }

  #remove(session: PlayedSession): void {
    const index = this.#sessions.indexOf(session);
    if (index >= 0) this.#sessions.splice(index, 1);
    session.client?.fail('ERRINFO_LOGOFF_BY_USER [0x0001000C]');
  }

  #find(sessionId: number): PlayedSession | undefined {
    return this.#sessions.find((one) => one.sessionId === sessionId);
  }

  async #play(act: 'lock' | 'disconnect' | 'signOut' | 'sessions'): Promise<boolean> {
    const instead = this.played.get(act);
    if (instead === undefined) return false;
    await instead();
    return true;
  }
}

class PlayedConnection implements Connection {
  hasEnded = false;
  onEnd: () => void = () => {};
  #said = '';

  fail(said: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.#said = said;
    this.onEnd();
  }

  lastWords(): string {
    return this.#said;
  }

  refusal() {
    return refusalIn(this.#said, undefined);
  }

  async end(): Promise<void> {
    this.fail('');
  }
}

/** What Windows says when this account may not look. */
export const accessDenied = () =>
  new WindowsError('WindowsCallFailed', 'WTSEnumerateSessions', 5, false, 'Access is denied (5).');
