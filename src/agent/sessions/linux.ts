// Sessions on Linux: real X sessions of real users, made with xrdp and FreeRDP on the loopback. It plays the machine that Windows is:
// which edition, how many sessions, which limits of time are its options. Sees the sessions of its own xrdp only, not those of the
// machine's display manager. Needs root.
import type { ChildProcess } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import { accountKey } from '../../orchestration/accounts.ts';
import type { SessionFacts } from '../../protocol/sessions.ts';
import { readIfPresent, writePrivateFile } from '../dataFolder.ts';
import type { Client } from './client.ts';
import type { Credential, HostFacts, Launch, SessionChange, SessionHost, SessionOptions } from './host.ts';
import { notStarted, startProcess } from './launching.ts';
import { accountOf, asAccount, findAccount, isPasswordLocked, type SystemAccount } from './linux/accounts.ts';
import { connectClient } from './linux/client.ts';
import { plainEnvironment, runCommand, runDaemon, until } from './linux/commands.ts';
import {
  type Desktop,
  desktopId,
  desktopsOf,
  displaySocket,
  isDisplay,
  stateOf,
  xServerProgram,
} from './linux/desktops.ts';
import {
  argumentsOf,
  connectedSockets,
  environmentOf,
  isAlive,
  linkOf,
  type Process,
  programOf,
  readProcess,
  readProcesses,
  sendSignal,
  userOf,
  wallClock,
} from './linux/processes.ts';
import { markVariable, Servers } from './linux/servers.ts';
import { type SignIn, signInOutcome, wasAsked } from './linux/signInLog.ts';
import { type Refusal, refusal, sessionNotFound } from './refusals.ts';
import { Turns } from './turns.ts';

export interface LinuxSessionsOptions {
  /** Settings, keys and logs of the servers; belongs to this host alone. */
  readonly folder: string;
  readonly edition: HostFacts['edition'];
  /** Most sessions at once; a client edition carries one whatever is said here. */
  readonly sessionLimit: number;
  readonly severalPerUser: boolean;
  /** Only its members may sign in, as with Remote Desktop Users; absent: everybody but root. */
  readonly group?: string;
  /** A session without keyboard and mouse of its client for so long is ended, in whole seconds. Absent: never. */
  readonly idleLimitMs?: number;
  /** A session is ended at this age. Absent: never. */
  readonly durationLimitMs?: number;
  readonly log: Log;
}

export interface LinuxSessionHost extends SessionHost {
  /** Signs everybody out and ends the servers. */
  stop(): Promise<void>;
}

type EndReason = Extract<SessionChange, { kind: 'ended' }>['reason'];
type Usable = Desktop & { readonly windowManager: Process };

/** Size of a session that is connected again and was not made by us. */
const defaultSize: SessionOptions = { width: 1920, height: 1080 };
const openMs = 30_000;
/** A window manager that lives so long will not end by itself. A script that starts it may stay, too, but as a rule it becomes it. */
const settleMs = 400;
const scriptSettleMs = 3_000;
const startScripts: ReadonlySet<string> = new Set(['startwm.sh', 'Xsession']);
const watchMs = 700;
const lockRetries = 5;
const lockAgainMs = 400;
/** A sign-in that the session manager was asked for goes on when its client has gone; PAM makes those wait that failed. */
const abandonedMs = 10_000;

/**
 * Starts the servers, or takes over those that an agent before us left in the folder, with their sessions.
 * Throws `SessionHostUnavailable` where xrdp, FreeRDP or the right to use them is missing.
 */
export async function startLinuxSessions(options: LinuxSessionsOptions): Promise<LinuxSessionHost> {
  const host = new LinuxSessions(options);
  await host.start();
  return host;
}

class LinuxSessions implements LinuxSessionHost {
  readonly kind = 'linux';
  readonly #options: LinuxSessionsOptions;
  readonly #facts: HostFacts;
  readonly #servers: Servers;
  readonly #changes = new Emitter<SessionChange>();
  readonly onChange = this.#changes.event;
  /** Sessions we made, and their size; kept in the folder, because sessions outlive the agent. */
  #ours: Record<string, SessionOptions> = {};
  /** What the last look saw. */
  #known = new Map<string, { readonly facts: SessionFacts; readonly desktop: Desktop }>();
  readonly #reasons = new Map<string, EndReason>();
  /** Sessions that a limit ends just now. */
  readonly #ending = new Set<string>();
  readonly #names = new Map<number, SystemAccount>();
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;
  #looks: Promise<unknown> = Promise.resolve();
  /** Sign-ins one after the other: the session manager works that way too, and its log belongs to one attempt at a time. */
  readonly #signIns = new Turns();

  constructor(options: LinuxSessionsOptions) {
    this.#options = options;
    const { edition, severalPerUser } = options;
    this.#facts = { edition, sessionLimit: edition === 'client' ? 1 : options.sessionLimit, severalPerUser };
    this.#servers = new Servers({
      folder: options.folder,
      sessionLimit: this.#facts.sessionLimit,
      severalPerUser,
      group: options.group,
      idleLimitSeconds: Math.ceil((options.idleLimitMs ?? 0) / 1000),
      log: options.log,
    });
  }

  async start(): Promise<void> {
    await this.#servers.start(() => this.#endMarked());
    this.#ours = JSON.parse(readIfPresent(this.#oursFile)?.toString('utf8') ?? '{}');
    await this.#look();
    for (const id of Object.keys(this.#ours)) if (!this.#known.has(id)) this.#keepOurs(id, undefined);
    this.#watch();
  }

  #watch(): void {
    this.#timer = setTimeout(async () => {
      await this.#inBackground(this.#look());
      if (!this.#isDisposed) this.#watch();
    }, watchMs).unref();
  }

  async facts(): Promise<HostFacts> {
    return this.#facts;
  }

  async list(): Promise<readonly SessionFacts[]> {
    await this.#look();
    return [...this.#known.values()].map(({ facts }) => facts);
  }

  open(credential: Credential, options: SessionOptions, signal: AbortSignal): Promise<SessionFacts> {
    return this.#oneByOne(signal, async (after) => {
      const account = await this.#accountFor(credential);
      if (this.#facts.edition === 'client' && this.#desktops().length > 0)
        throw this.#refusal('limit', account);
      if (!this.#facts.severalPerUser && this.#desktops().some(({ uid }) => uid === account.uid))
        throw this.#refusal('exists', account);
      return this.#signIn({ account, credential, options, signal, after });
    });
  }

  reuse(sessionId: string, credential: Credential, signal: AbortSignal): Promise<SessionFacts> {
    return this.#oneByOne(signal, async (after) => {
      const old = this.#find(sessionId);
      const account = await this.#accountFor(credential);
      if (account.uid !== old.uid) throw this.#refusal('password', account);
      const { state } = await this.#factsOf(old);
      // Where users have several sessions nobody can say which one a sign-in leads to; and nobody is pushed out of a session in use.
      if (this.#facts.severalPerUser || state === 'active' || state === 'connecting')
        throw this.#refusal('exists', account);
      const options = this.#ours[old.id] ?? defaultSize;
      const desktop = await this.#signIn({ account, credential, options, signal, after, old });
      await this.#unlock(desktop);
      return desktop;
    });
  }

  async launch(sessionId: string, { program, args, environment }: Launch): Promise<ChildProcess> {
    const { desktop, account } = await this.#withAccount(sessionId);
    const child = await startProcess({
      command: 'setpriv',
      args: [...asAccount(account), 'sh', '-c', becomeProgram, 'sh', program, ...args],
      environment: plainEnvironment,
      input: exportsOf({ ...environmentOf(desktop.windowManager.pid), ...environment }),
      folder: account.home,
    });
    // setpriv becomes the shell, and that the program; until then they may still fail to.
    const became = await until(5_000, () => {
      if (child.exitCode !== null || child.signalCode !== null) return 'ended';
      const now = argumentsOf(child.pid as number);
      return now.length === 0 || now.includes(becomeProgram) ? undefined : 'runs';
    });
    if (became === 'runs') return child;
    child.kill('SIGKILL');
    let words = '';
    for await (const text of child.stderr?.setEncoding('utf8') ?? []) words += text;
    throw notStarted(program, words.trim().replace(/^(setpriv|sh: \d+: exec): /, '') || 'it ended at once');
  }

  async lock(sessionId: string): Promise<void> {
    const { desktop, account } = await this.#withAccount(sessionId);
    if (this.#lockers(desktop).length > 0) return;
    // Ends as soon as the screen is locked, and goes on in the background.
    const start = () =>
      runDaemon(
        'setpriv',
        [...asAccount(account), 'i3lock', '--color=202020', '--ignore-empty-password'],
        this.#screenEnvironment(desktop, account),
      );
    // A desktop that is just starting, or a menu that is being closed, holds keyboard and mouse for a moment.
    let code = await start();
    for (let again = 0; code !== 0 && again < lockRetries; again++) {
      await delay(lockAgainMs);
      code = await start();
    }
    if (code !== 0)
      throw new ProductError(
        'SessionNotLocked',
        `The session ${sessionId} of ${account.name} could not be locked: something in it holds keyboard or mouse.`,
        'Close menus and dialogs that wait for a key, or sign the session out instead.',
      );
    await this.#look();
  }

  async disconnect(sessionId: string): Promise<void> {
    const { desktop, account } = await this.#withAccount(sessionId);
    const isCut = () => (isConnected(desktop) ? undefined : true);
    if (!isCut()) {
      await runCommand(
        'setpriv',
        [...asAccount(account), 'xrdp-dis'],
        this.#screenEnvironment(desktop, account),
      );
      if (!(await until(2_000, isCut)))
        throw new ProductError(
          'SessionNotDisconnected',
          `The session ${sessionId} of ${account.name} could not be disconnected: something has cut it off from its server.`,
          'Sign the session out instead.',
        );
    }
    await this.#look();
  }

  async signOut(sessionId: string): Promise<void> {
    const desktop = this.#desktops().find(({ id }) => id === sessionId);
    if (desktop) await this.#end(desktop);
    await this.#look();
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#changes.dispose();
  }

  async stop(): Promise<void> {
    this.dispose();
    await this.#signIns.over();
    await Promise.all(this.#desktops().map((desktop) => this.#end(desktop)));
    await this.#endMarked();
    await this.#looks;
    await this.#servers.stop();
  }

  // --- Signing in ---

  /** `work` gets what to call when its place can be given to the next one only after something else has ended. */
  #oneByOne(
    signal: AbortSignal,
    work: (after: (cleared: Promise<void>) => void) => Promise<Desktop>,
  ): Promise<SessionFacts> {
    return this.#signIns.take(signal, async (after) => {
      const { id } = await work(after);
      await this.#look();
      const known = this.#known.get(id);
      if (known === undefined) throw sessionNotFound(id);
      return known.facts;
    });
  }

  async #accountFor({ account: name, password }: Credential): Promise<SystemAccount> {
    if (!this.#servers.isUp()) throw this.#refusal('off', { name, home: '' });
    const account = await findAccount(name);
    // A line break would be the end of the password on the way to the client, and what follows a second answer.
    if (account === undefined || /[\r\n\0]/.test(password) || password === '')
      throw this.#refusal('password', account ?? { name, home: '' });
    if (account.uid === 0) throw this.#refusal('root', account);
    if (!statSync(account.home, { throwIfNoEntry: false })?.isDirectory())
      throw this.#refusal('noHome', account);
    return account;
  }

  async #signIn(attempt: {
    readonly account: SystemAccount;
    readonly credential: Credential;
    readonly options: SessionOptions;
    readonly signal: AbortSignal;
    readonly after: (cleared: Promise<void>) => void;
    /** The session that is to be connected again; absent: a new one. */
    readonly old?: Desktop;
  }): Promise<Desktop> {
    const { account, credential, options, signal, after, old } = attempt;
    const screen = await this.#servers.screen();
    const logged = sizeOf(this.#servers.managerLog);
    const log = () => readFrom(this.#servers.managerLog, logged);
    const outcome = () => signInOutcome(log(), account.name);
    const others = this.#children();
    signal.throwIfAborted();
    const client = connectClient({
      folder: this.#options.folder,
      port: this.#servers.port,
      fingerprint: this.#servers.fingerprint,
      screen,
      user: account.name,
      password: credential.password,
      options,
    });
    try {
      return await this.#signedIn({ account, options, client, outcome, signal, old });
    } catch (error) {
      // Not waited for here: who has canceled shall not wait for a sign-in that PAM delays.
      const isNew = (pid: number) => !others.includes(pid);
      const isOver = () => !wasAsked(log()) && !this.#children().some(isNew);
      const cleared = this.#inBackground(
        this.#abandon(account, client, () => outcome() ?? (isOver() ? 'over' : undefined), isNew),
      );
      after(cleared);
      await Promise.race([cleared, delay(800)]);
      throw error;
    }
  }

  async #signedIn(attempt: {
    readonly account: SystemAccount;
    readonly options: SessionOptions;
    readonly client: Client;
    readonly outcome: () => SignIn | undefined;
    readonly signal: AbortSignal;
    readonly old: Desktop | undefined;
  }): Promise<Desktop> {
    const { account, options, client, outcome, signal, old } = attempt;
    const end = performance.now() + openMs;
    let leader: Process | undefined;
    let settled: { readonly name: string; readonly since: number } | undefined;
    for (;;) {
      await delay(50, undefined, { signal }).catch(() => signal.throwIfAborted());
      const now = outcome();
      if (now?.kind === 'refused') throw await this.#refused(now.because, account);
      if (!this.#servers.isUp()) throw this.#refusal('off', account);
      if (now?.kind === 'session') {
        if (leader === undefined) {
          leader = readProcess(now.leader);
          if (leader?.parent !== this.#servers.manager.pid)
            throw this.#refusal(leader ? 'unseen' : 'died', account);
          if (old === undefined && !now.isNew) throw this.#refusal('exists', account);
          if (old !== undefined && old.leader.pid !== leader.pid) throw sessionNotFound(old.id);
          if (old === undefined) this.#keepOurs(desktopId(now.display, leader), options);
        } else if (!isAlive(leader)) throw this.#refusal('died', account);
        const desktop = this.#desktops().find(
          (one) => one.leader.pid === leader?.pid && one.uid === account.uid,
        );
        if (desktop?.windowManager && isConnected(desktop)) {
          const { name } = desktop.windowManager;
          if (settled?.name !== name) settled = { name, since: performance.now() };
          const enough = startScripts.has(name) ? scriptSettleMs : settleMs;
          if (performance.now() - settled.since >= enough) return desktop;
        }
      }
      if (client.hasEnded) {
        await delay(100); // what it was told may be in the log only now
        const last = outcome();
        if (last?.kind === 'refused') throw await this.#refused(last.because, account);
        const why = this.#servers.isUp() ? (client.refusal() ?? 'died') : 'off';
        throw this.#refusal(why, account, client.lastWords());
      }
      if (performance.now() > end) throw this.#refusal('slow', account);
    }
  }

  async #refused(
    because: Extract<SignIn, { kind: 'refused' }>['because'],
    account: SystemAccount,
  ): Promise<ProductError> {
    const locked = because === 'password' && (await isPasswordLocked(account.name));
    return this.#refusal(locked ? 'locked' : because, account);
  }

  /** Ends an attempt and whatever new session comes out of it: one that was there before, or belongs to somebody else, is none. */
  async #abandon(
    account: SystemAccount,
    client: Client,
    outcome: () => SignIn | 'over' | undefined,
    isNew: (pid: number) => boolean,
  ): Promise<void> {
    await client.end();
    const result = await until(abandonedMs, outcome);
    if (result === undefined || result === 'over' || result.kind !== 'session') return;
    const leader = readProcess(result.leader);
    if (leader?.parent !== this.#servers.manager.pid || !isNew(leader.pid)) return;
    if (this.#desktops().some((one) => one.leader.pid === leader.pid && one.uid !== account.uid)) return;
    this.#keepOurs(desktopId(result.display, leader), undefined);
    // Half made, it has no window manager whose end would end it. Its leader must not start another part meanwhile.
    sendSignal(leader, 'SIGSTOP');
    const parts = readProcesses().filter(({ parent }) => parent === leader.pid);
    for (const part of parts)
      sendSignal(part, programOf(part.pid) === xServerProgram ? 'SIGTERM' : 'SIGKILL');
    sendSignal(leader, 'SIGKILL');
    await until(500, () => (parts.some(isAlive) ? undefined : true));
    const inside = readProcesses().filter(
      (one) => userOf(one.pid) === account.uid && this.#isIn(one, result.display),
    );
    for (const part of [...parts, ...inside]) sendSignal(part, 'SIGKILL');
    await until(500, () => (isAlive(leader) ? undefined : true));
    removeSockets(result.display);
  }

  #refusal(why: Refusal, { name, home }: Pick<SystemAccount, 'name' | 'home'>, words = ''): ProductError {
    const { edition, sessionLimit } = this.#facts;
    return refusal(why, { user: name, home, edition, sessionLimit, words });
  }

  // --- Looking ---

  #desktops(): readonly Desktop[] {
    return desktopsOf(readProcesses(), this.#servers.manager.pid, { userOf, argumentsOf, programOf });
  }

  /** Processes of the servers: one for each client, one for each session. */
  #children(): readonly number[] {
    const parents = [this.#servers.server.pid, this.#servers.manager.pid];
    return readProcesses().flatMap((one) => (parents.includes(one.parent) ? [one.pid] : []));
  }

  #find(sessionId: string): Desktop {
    const desktop = this.#desktops().find(({ id }) => id === sessionId);
    if (desktop === undefined) throw sessionNotFound(sessionId);
    return desktop;
  }

  async #withAccount(
    sessionId: string,
  ): Promise<{ readonly desktop: Usable; readonly account: SystemAccount }> {
    const desktop = this.#find(sessionId);
    const account = await this.#account(desktop.uid);
    const { windowManager } = desktop;
    if (account === undefined || windowManager === undefined) throw sessionNotFound(sessionId);
    return { desktop: { ...desktop, windowManager }, account };
  }

  async #account(uid: number): Promise<SystemAccount | undefined> {
    const known = this.#names.get(uid) ?? (await accountOf(uid));
    if (known) this.#names.set(uid, known);
    return known;
  }

  async #factsOf(desktop: Desktop): Promise<SessionFacts> {
    const account = await this.#account(desktop.uid);
    return {
      id: desktop.id,
      account: accountKey(account?.name ?? `user ${desktop.uid}`, hostname()),
      state: stateOf(desktop, connectedNow(), this.#lockers(desktop).length > 0),
      kind: 'remote',
      ours: desktop.id in this.#ours,
      since: wallClock(desktop.leader.started),
    };
  }

  /**
   * Compares what is there with what was, says what changed, and ends what has reached a limit. Looks never overlap, and none that
   * began before it was asked for is the answer.
   */
  #look(): Promise<void> {
    const look = this.#looks.then(() => this.#lookNow());
    this.#looks = look.catch(() => {});
    return look;
  }

  /** For what nobody waits for: a failure is logged, and what it was about is tried again at the next look. */
  async #inBackground(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#options.log.error('watching sessions failed', { reason: (error as Error).message });
    }
  }

  async #lookNow(): Promise<void> {
    const desktops = isAlive(this.#servers.manager) ? this.#desktops() : [];
    const before = this.#known;
    const now = new Map<string, { readonly facts: SessionFacts; readonly desktop: Desktop }>();
    for (const desktop of desktops) {
      const known = before.get(desktop.id);
      const facts = await this.#factsOf(desktop);
      // A start in ticks gives another millisecond every time it is asked.
      now.set(desktop.id, { facts: known ? { ...facts, since: known.facts.since } : facts, desktop });
    }
    this.#known = now;
    for (const [id, { facts }] of now) {
      const was = before.get(id)?.facts.state ?? 'connecting';
      if (was !== facts.state) this.#changes.fire({ kind: 'changed', session: facts, was });
    }
    for (const [id, { facts, desktop }] of before) {
      if (now.has(id)) continue;
      // What was started in it may not need its X server, and would go on in a session that is none.
      for (const left of this.#inside(desktop)) sendSignal(left, 'SIGKILL');
      this.#keepOurs(id, undefined);
      const reason = this.#reasons.get(id) ?? 'SessionHasLoggedOff';
      this.#reasons.delete(id);
      this.#options.log.info('session ended', { session: id, account: facts.account, reason });
      this.#changes.fire({ kind: 'ended', session: facts, reason });
    }
    for (const { facts, desktop } of now.values()) this.#enforceLimits(facts, desktop);
  }

  #enforceLimits({ id, since, state }: SessionFacts, desktop: Desktop): void {
    if (this.#ending.has(id)) return;
    const { durationLimitMs, idleLimitMs } = this.#options;
    const isOver = durationLimitMs !== undefined && Date.now() - since >= durationLimitMs;
    if (isOver) this.#reasons.set(id, 'MaxRDSessionDurationReached');
    else if (idleLimitMs !== undefined && state === 'disconnected' && wasIdle(desktop))
      this.#reasons.set(id, 'SessionHasLoggedOffWithMaxIdleTime');
    else return;
    this.#ending.add(id);
    void this.#inBackground(this.#end(desktop).finally(() => this.#ending.delete(id)));
  }

  // --- Inside a session ---

  /** What programs of ours need to reach the screen. Nothing that the user could have put there: the first of them starts as root. */
  #screenEnvironment(
    { windowManager, display }: Usable,
    { name, home }: SystemAccount,
  ): Record<string, string> {
    const { XAUTHORITY } = environmentOf(windowManager.pid);
    return {
      ...plainEnvironment,
      HOME: home,
      USER: name,
      LOGNAME: name,
      DISPLAY: `:${display}`,
      ...(XAUTHORITY === undefined ? {} : { XAUTHORITY }),
      [markVariable]: this.#servers.mark,
    };
  }

  #lockers(desktop: Desktop): readonly Process[] {
    return readProcesses().filter(
      (one) => one.name === 'i3lock' && userOf(one.pid) === desktop.uid && this.#isIn(one, desktop.display),
    );
  }

  async #unlock(desktop: Desktop): Promise<void> {
    const lockers = this.#lockers(desktop);
    for (const locker of lockers) sendSignal(locker, 'SIGTERM');
    await until(1_000, () => (lockers.some(isAlive) ? undefined : true));
    for (const locker of lockers) sendSignal(locker, 'SIGKILL');
  }

  #isIn({ pid }: Process, display: number): boolean {
    const environment = environmentOf(pid);
    return environment[markVariable] === this.#servers.mark && isDisplay(environment.DISPLAY, display);
  }

  /** Programs in a session, without the parts that make it one. A later session may have the same display. */
  #inside(desktop: Desktop): readonly Process[] {
    const processes = readProcesses();
    const next = processes.find(
      ({ pid, started }) =>
        started > desktop.xServer.started &&
        programOf(pid) === xServerProgram &&
        argumentsOf(pid)[1] === `:${desktop.display}`,
    );
    const parts = new Set([desktop.leader.pid, desktop.xServer.pid]);
    return processes.filter(
      (one) =>
        !parts.has(one.pid) &&
        one.name !== 'xrdp-chansrv' &&
        one.started >= desktop.leader.started &&
        (next === undefined || one.started < next.started) &&
        userOf(one.pid) === desktop.uid &&
        this.#isIn(one, desktop.display),
    );
  }

  /** Signs out: the end of the window manager ends the session; what does not end with it is ended. */
  async #end(desktop: Desktop): Promise<void> {
    for (const one of this.#inside(desktop)) sendSignal(one, 'SIGTERM');
    if (desktop.windowManager) sendSignal(desktop.windowManager, 'SIGTERM');
    await until(2_000, () =>
      isAlive(desktop.leader) || this.#inside(desktop).length > 0 ? undefined : true,
    );
    for (const one of this.#inside(desktop)) sendSignal(one, 'SIGKILL');
    if (desktop.windowManager) sendSignal(desktop.windowManager, 'SIGKILL');
    if (await until(2_000, () => (isAlive(desktop.leader) ? undefined : true))) return;
    this.#options.log.warn('a session did not end by itself', { session: desktop.id });
    sendSignal(desktop.xServer, 'SIGTERM');
    await until(500, () => (isAlive(desktop.xServer) ? undefined : true));
    for (const part of [desktop.xServer, desktop.leader]) sendSignal(part, 'SIGKILL');
    await until(500, () => (isAlive(desktop.leader) ? undefined : true));
    removeSockets(desktop.display);
  }

  /** Ends everything that carries our mark, whatever became of the session manager that started it. */
  async #endMarked(): Promise<void> {
    const find = () =>
      readProcesses().filter(
        ({ pid }) => pid !== process.pid && environmentOf(pid)[markVariable] === this.#servers.mark,
      );
    const left = find();
    const displays = left.flatMap(({ pid }) =>
      programOf(pid) === xServerProgram ? [Number(argumentsOf(pid)[1]?.slice(1))] : [],
    );
    for (const one of left) sendSignal(one, 'SIGTERM');
    await until(2_000, () => (find().length > 0 ? undefined : true));
    for (const one of find()) sendSignal(one, 'SIGKILL');
    for (const display of displays) removeSockets(display);
    rmSync(this.#oursFile, { force: true });
    if (left.length > 0) this.#options.log.warn('ended what a former agent left', { processes: left.length });
  }

  get #oursFile(): string {
    return join(this.#options.folder, 'ours.json');
  }

  #keepOurs(id: string, size: SessionOptions | undefined): void {
    const { [id]: _, ...others } = this.#ours;
    this.#ours = size === undefined ? others : { ...others, [id]: size };
    writePrivateFile(this.#oursFile, JSON.stringify(this.#ours));
  }
}

const connectedNow = (): ReadonlySet<string> => connectedSockets(readFileSync('/proc/net/unix', 'utf8'));
const isConnected = ({ display }: Desktop): boolean => connectedNow().has(displaySocket(display));

/** Whether the X server itself cut the last connection, because nothing came from its client for so long. */
function wasIdle({ xServer, display }: Desktop): boolean {
  // Through the descriptor of the X server: what a user puts in its place is not what is read.
  for (let number = 3; number < 64; number++) {
    const path = `/proc/${xServer.pid}/fd/${number}`;
    if (!linkOf(path)?.endsWith(`.xorgxrdp.${display}.log`)) continue;
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = fstatSync(file);
      const tail = Buffer.alloc(Math.min(size, 16_384));
      readSync(file, tail, 0, tail.length, size - tail.length);
      const text = tail.toString('latin1');
      return text.lastIndexOf('disconnected idle session') > text.lastIndexOf('engaging idle timer');
    } finally {
      closeSync(file);
    }
  }
  return false;
}

/** Becomes the program with the environment that it reads first: arguments can be seen by everybody. */
const becomeProgram = 'eval "$(cat)" && exec "$@" </dev/null';

/** An environment as commands of a shell. What no shell can name is left out. */
const exportsOf = (environment: Readonly<Record<string, string>>): string =>
  Object.entries(environment)
    .filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join('');

/** A display whose X server was killed counts as in use as long as these are there. */
function removeSockets(display: number): void {
  const sockets = [
    'display',
    'disconnect_display',
    'chansrv_socket',
    'chansrv_audio_out_socket',
    'chansrv_audio_in_socket',
  ];
  for (const path of [
    ...sockets.map((name) => `/run/xrdp/sockdir/xrdp_${name}_${display}`),
    `/run/xrdp/sockdir/xrdpapi_${display}`,
    `/tmp/.X11-unix/X${display}`,
    `/tmp/.X${display}-lock`,
  ])
    rmSync(path, { force: true });
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** The end of a file; it may be long by the time. */
function readFrom(path: string, start: number): string {
  const file = openSync(path, 'r');
  try {
    const data = Buffer.alloc(Math.max(0, fstatSync(file).size - start));
    return data.subarray(0, readSync(file, data, 0, data.length, start)).toString('utf8');
  } finally {
    closeSync(file);
  }
}
