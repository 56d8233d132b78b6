// Sessions on Windows: found and watched through its terminal services, made by a Remote Desktop client of ours on the loopback, which
// is the same as on Linux. Edition, limits and right are those of the computer. What Windows does is behind windows/computer.ts.
// Needs the rights of the system: the agent as a service.
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import { parseAccount } from '../../orchestration/accounts.ts';
import type { SessionFacts } from '../../protocol/sessions.ts';
import type { SessionRow } from '../../win32/sessionLook.ts';
import { readIfPresent, writePrivateFile } from '../dataFolder.ts';
import type { Credential, HostFacts, Launch, SessionChange, SessionHost, SessionOptions } from './host.ts';
import type { Ask } from './policy.ts';
import { type Refusal, refusal, sessionNotFound } from './refusals.ts';
import { Turns } from './turns.ts';
import { type Computer, type Connection, thisComputer } from './windows/computer.ts';
import { accountOf, endReason, factsOf, idOf, isAtSignIn, isSignedIn, stateOf } from './windows/rows.ts';

export interface WindowsSessionsOptions {
  /** Settings and words of its clients, and which sessions it has made; belongs to this host alone. */
  readonly folder: string;
  /** Most sessions at once that the agent is to use; the computer may carry less. */
  readonly sessionLimit: number;
  readonly log: Log;
  /** Played in tests; the one this runs on without. */
  readonly computer?: Computer;
}

export interface WindowsSessionHost extends SessionHost {
  /** Windows has told that something happened to a session: looked at now, instead of a moment later. */
  happened(): void;
  /** Asks the person of a session by a message of Windows itself. A question cannot be taken back: it goes when its time is over. */
  readonly ask: Ask;
}

/** A session, and who it is of. */
interface Known {
  readonly facts: SessionFacts;
  readonly row: SessionRow;
}

/** Size of a session that is connected again and was not made by us. */
const defaultSize: SessionOptions = { width: 1920, height: 1080 };
/** The first sign-in of a user on a machine makes the profile, which takes its time. */
const openMs = 90_000;
const stepMs = 100;
const watchMs = 1_200;
/** As long as a screen for signing in that asks for more is not taken for one that only takes its time. */
const promptMs = 20_000;
/** A desktop that has started is settled after so long. */
const settleMs = 400;
/** A sign-in that goes on when its client has gone, and one that has left no trace. */
const abandonedMs = 10_000;
const quietMs = 1_000;
const lockMs = 5_000;
const cutMs = 5_000;
/** Programs that keep a session from ending get so long. */
const politeMs = 15_000;
const endMs = 15_000;
/** The services behind the sessions answer within this time, or never. */
const answerMs = 10_000;

/** Throws `SessionHostUnavailable` where the agent may not do it. */
export async function startWindowsSessions(options: WindowsSessionsOptions): Promise<WindowsSessionHost> {
  if (options.computer === undefined && process.platform !== 'win32')
    throw unavailable('this is not Windows');
  const computer = options.computer ?? thisComputer(options.sessionLimit, options.log);
  const problem = computer.problem();
  if (problem !== undefined) throw unavailable(problem);
  const host = new WindowsSessions(options, computer);
  await host.start();
  return host;
}

class WindowsSessions implements WindowsSessionHost {
  readonly kind = 'windows';
  readonly #options: WindowsSessionsOptions;
  readonly #computer: Computer;
  readonly #changes = new Emitter<SessionChange>();
  readonly onChange = this.#changes.event;
  /** Sessions we made, and their size; kept in the folder, because sessions outlive the agent. */
  #ours: Record<string, SessionOptions> = {};
  /** What the last look saw. */
  #known = new Map<string, Known>();
  #looks: Promise<unknown> = Promise.resolve();
  readonly #signIns = new Turns();
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;
  #clients = 0;

  constructor(options: WindowsSessionsOptions, computer: Computer) {
    this.#options = options;
    this.#computer = computer;
  }

  async start(): Promise<void> {
    mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
    try {
      rmSync(this.#clientsFolder, { recursive: true, force: true });
    } catch {
      // One of a former agent still runs and keeps its session.
    }
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

  happened(): void {
    if (!this.#isDisposed) void this.#inBackground(this.#look());
  }

  async facts(): Promise<HostFacts> {
    const { edition, sessionLimit, severalPerUser } = this.#computer.setUp();
    return { edition, sessionLimit, severalPerUser };
  }

  async list(): Promise<readonly SessionFacts[]> {
    await this.#look();
    return [...this.#known.values()].map(({ facts }) => facts);
  }

  open(credential: Credential, options: SessionOptions, signal: AbortSignal): Promise<SessionFacts> {
    return this.#signIns.take(signal, async (after) => {
      const user = await this.#userOf(credential);
      const { edition, sessionLimit, severalPerUser } = this.#computer.setUp();
      const there = (await this.#rows()).filter(isSignedIn);
      if (edition === 'client' && there.length > 0) throw this.#refusal('limit', user.shown);
      if (!severalPerUser && there.some((row) => this.#isOf(row, user)))
        throw this.#refusal('exists', user.shown);
      if (there.length >= sessionLimit) throw this.#refusal('limit', user.shown);
      return this.#factsAfter(await this.#signIn({ user, credential, options, signal, after }));
    });
  }

  reuse(sessionId: string, credential: Credential, signal: AbortSignal): Promise<SessionFacts> {
    return this.#signIns.take(signal, async (after) => {
      const old = await this.#find(sessionId);
      const user = await this.#userOf(credential);
      if (!this.#isOf(old, user)) throw this.#refusal('password', user.shown);
      const state = stateOf(old);
      // Where users have several sessions nobody can say which one a sign-in leads to; and nobody is pushed out of a session in use.
      if (this.#computer.setUp().severalPerUser || state === 'active' || state === 'connecting')
        throw this.#refusal('exists', user.shown);
      const options = this.#ours[sessionId] ?? defaultSize;
      return this.#factsAfter(await this.#signIn({ user, credential, options, signal, after, old }));
    });
  }

  async launch(sessionId: string, launch: Launch): Promise<ChildProcess> {
    const row = await this.#find(sessionId);
    const child = await this.#computer.launch(row.sessionId, launch);
    if (child === undefined) throw sessionNotFound(sessionId);
    return child;
  }

  async lock(sessionId: string): Promise<void> {
    const row = await this.#find(sessionId);
    if (stateOf(row) !== 'active') return;
    this.#computer.lock(row.sessionId);
    const isDone = await this.#reached(
      lockMs,
      sessionId,
      (now) => now === undefined || stateOf(now) !== 'active',
    );
    await this.#look();
    if (!isDone)
      throw new ProductError(
        'SessionNotLocked',
        `The session ${sessionId} of ${row.user} could not be locked: something in it, or a policy, does not let it.`,
        'Allow locking on this machine (policy "Remove Lock Computer"), or sign the session out instead.',
      );
  }

  async disconnect(sessionId: string): Promise<void> {
    const row = await this.#find(sessionId);
    if (stateOf(row) === 'disconnected') return;
    await this.#computer.disconnect(row.sessionId);
    const isDone = await this.#reached(
      cutMs,
      sessionId,
      (now) => now === undefined || stateOf(now) === 'disconnected',
    );
    await this.#look();
    if (!isDone)
      throw new ProductError(
        'SessionNotDisconnected',
        `The session ${sessionId} of ${row.user} could not be disconnected.`,
        'Sign the session out instead.',
      );
  }

  async signOut(sessionId: string): Promise<void> {
    const row = (await this.#rows()).find((one) => isSignedIn(one) && idOf(one) === sessionId);
    if (row !== undefined) await this.#end(row);
    await this.#look();
  }

  readonly ask: Ask = async (session, { title, message, agree, seconds }, signal) => {
    const row = this.#known.get(session.id)?.row;
    if (row === undefined) return undefined;
    const text = `${message}\n\nYes means: ${agree}.`;
    const answer = this.#computer.ask(row.sessionId, { title, text, seconds });
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    try {
      const agreed = await Promise.race([answer, aborted.promise]);
      return agreed === undefined ? undefined : { agreed, by: session.account };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  };

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#changes.dispose();
  }

  // --- Signing in ---

  /** The account as Windows writes it. Throws `RDPIsNotEnabled`, `SessionCreationInvalidCredentials`. */
  async #userOf({ account, password }: Credential): Promise<User> {
    if (this.#computer.setUp().remoteDesktop === 'off') throw this.#refusal('off', account);
    const parsed = parseAccount(account, this.#computer.name);
    // A line break would be the end of the password on the way to the client, and what follows a second answer.
    if (parsed === undefined || /[\r\n\0]/.test(password) || password === '')
      throw this.#refusal('password', account);
    const asked = parsed.authority === undefined ? `${this.#computer.name}\\${parsed.user}` : account.trim();
    const found = await within(answerMs, this.#computer.findAccount(asked), 'finding an account');
    if (found === undefined) throw this.#refusal('password', account);
    return { domain: found.domain, name: found.name, shown: account.trim() };
  }

  #isOf(row: SessionRow, user: User): boolean {
    const { name } = this.#computer;
    return accountOf({ domain: row.domain, name: row.user }, name) === accountOf(user, name);
  }

  async #signIn(attempt: Omit<Attempt, 'client' | 'before'>): Promise<string> {
    const { user, credential, options, signal, after } = attempt;
    const before = new Set((await this.#rows()).map(keyOf));
    signal.throwIfAborted();
    const folder = join(this.#clientsFolder, `${process.pid}-${++this.#clients}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const client = this.#computer.connect({
      folder,
      user: `${user.domain}\\${user.name}`,
      password: credential.password,
      options,
    });
    try {
      return await this.#signedIn({ ...attempt, client, before });
    } catch (error) {
      // Not waited for here: who has canceled shall not wait for a sign-in that goes on.
      const cleared = this.#inBackground(this.#abandon(user, client, before));
      after(cleared);
      await Promise.race([cleared, delay(800)]);
      throw error;
    }
  }

  /** Watches what becomes of an attempt; gives the id of the session that can be used. */
  async #signedIn({ user, options, signal, old, client, before }: Attempt): Promise<string> {
    const began = performance.now();
    let settled: { readonly id: string; readonly since: number } | undefined;
    let promptSince: number | undefined;
    for (;;) {
      await delay(stepMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      const rows = await this.#rows();
      const id = old === undefined ? undefined : idOf(old);
      const row = rows.find((one) =>
        id === undefined
          ? !before.has(keyOf(one)) && isSignedIn(one) && this.#isOf(one, user)
          : isSignedIn(one) && idOf(one) === id,
      );
      if (old !== undefined && row === undefined) throw sessionNotFound(id as string);
      if (row !== undefined && old === undefined) this.#keepOurs(idOf(row), options);
      if (row !== undefined && stateOf(row) === 'active' && this.#computer.isReady(row.sessionId)) {
        if (settled?.id !== idOf(row)) settled = { id: idOf(row), since: performance.now() };
        if (performance.now() - settled.since >= settleMs) return settled.id;
      } else settled = undefined;
      if (client.hasEnded) throw this.#refusal(client.refusal() ?? 'died', user.shown, client.lastWords());
      const isAsked = row === undefined && rows.some((one) => !before.has(keyOf(one)) && isAtSignIn(one));
      promptSince = isAsked ? (promptSince ?? performance.now()) : undefined;
      if (promptSince !== undefined && performance.now() - promptSince >= promptMs)
        throw this.#refusal(this.#computer.setUp().hasNotice ? 'notice' : 'prompt', user.shown);
      if (performance.now() - began >= openMs) throw this.#refusal('slow', user.shown);
    }
  }

  /** Ends an attempt and whatever new session of its user comes out of it. */
  async #abandon(user: User, client: Connection, before: ReadonlySet<string>): Promise<void> {
    await client.end();
    const began = performance.now();
    let quietSince = began;
    while (performance.now() - began < abandonedMs && performance.now() - quietSince < quietMs) {
      const rows = (await this.#rows()).filter((one) => !before.has(keyOf(one)));
      const own = rows.filter((one) => one.user !== '' && this.#isOf(one, user));
      for (const row of own) await this.#end(row);
      if (own.length > 0 || rows.some(({ user }) => user === '')) quietSince = performance.now();
      await delay(stepMs);
    }
    await this.#look();
  }

  async #factsAfter(id: string): Promise<SessionFacts> {
    await this.#look();
    const known = this.#known.get(id);
    if (known === undefined) throw sessionNotFound(id);
    return known.facts;
  }

  #refusal(why: Refusal, user: string, words = ''): ProductError {
    const { edition, sessionLimit } = this.#computer.setUp();
    return refusal(why, { user, home: '', edition, sessionLimit, words });
  }

  // --- Looking ---

  async #rows(): Promise<readonly SessionRow[]> {
    try {
      return await within(answerMs, this.#computer.sessions(), 'listing the sessions');
    } catch (cause) {
      if (cause instanceof ProductError) throw cause;
      throw new ProductError(
        'UIFlowServiceNoRdpPermissions',
        `The agent may not see the sessions of this machine (${(cause as Error).message}).`,
        'Run the agent as a service of the system, or add its account to Remote Desktop Users.',
        { cause },
      );
    }
  }

  async #find(sessionId: string): Promise<SessionRow> {
    const row = (await this.#rows()).find((one) => isSignedIn(one) && idOf(one) === sessionId);
    if (row === undefined) throw sessionNotFound(sessionId);
    return row;
  }

  /** Whether a session is, within the time, as `isDone` wants it; undefined when it has ended. */
  async #reached(
    ms: number,
    sessionId: string,
    isDone: (row: SessionRow | undefined) => boolean,
  ): Promise<boolean> {
    for (const end = performance.now() + ms; ; await delay(stepMs)) {
      if (isDone((await this.#rows()).find((one) => isSignedIn(one) && idOf(one) === sessionId))) return true;
      if (performance.now() >= end) return false;
    }
  }

  async #end(row: SessionRow): Promise<void> {
    const isGone = (now: readonly SessionRow[]) =>
      !now.some((one) => one.sessionId === row.sessionId && one.user !== '');
    await this.#computer.signOut(row.sessionId);
    for (const [ms, last] of [
      [politeMs, false],
      [endMs, true],
    ] as const) {
      for (const end = performance.now() + ms; performance.now() < end; await delay(stepMs))
        if (isGone(await this.#rows())) return;
      this.#options.log.warn('a session did not end by itself', { session: idOf(row), user: row.user });
      if (!last) this.#computer.endPrograms(row.sessionId);
    }
  }

  /** Compares what is there with what was, and says what changed. Looks never overlap. */
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
    const before = this.#known;
    const now = new Map<string, Known>();
    for (const row of (await this.#rows()).filter(isSignedIn)) {
      const id = idOf(row);
      const known = before.get(id);
      const facts = factsOf(row, {
        computer: this.#computer.name,
        ours: id in this.#ours,
        since: known?.facts.since ?? Date.now(),
      });
      // A disconnected session does not say any more where it came from.
      const kind = known !== undefined && facts.state === 'disconnected' ? known.facts.kind : facts.kind;
      now.set(id, { facts: { ...facts, kind }, row });
    }
    this.#known = now;
    for (const [id, { facts }] of now) {
      const was = before.get(id)?.facts.state ?? 'connecting';
      if (was !== facts.state) this.#changes.fire({ kind: 'changed', session: facts, was });
    }
    for (const [id, { facts, row }] of before) {
      if (now.has(id)) continue;
      this.#keepOurs(id, undefined);
      const reason = endReason(row, this.#computer.setUp(), Date.now());
      this.#options.log.info('session ended', { session: id, account: facts.account, reason });
      this.#changes.fire({ kind: 'ended', session: facts, reason });
    }
  }

  get #clientsFolder(): string {
    return join(this.#options.folder, 'clients');
  }

  get #oursFile(): string {
    return join(this.#options.folder, 'ours.json');
  }

  #keepOurs(id: string, size: SessionOptions | undefined): void {
    if (size === undefined ? !(id in this.#ours) : id in this.#ours) return;
    const { [id]: _, ...others } = this.#ours;
    this.#ours = size === undefined ? others : { ...others, [id]: size };
    writePrivateFile(this.#oursFile, JSON.stringify(this.#ours));
  }
}

interface User {
  readonly domain: string;
  readonly name: string;
  /** As the connection has it. */
  readonly shown: string;
}

interface Attempt {
  readonly user: User;
  readonly credential: Credential;
  readonly options: SessionOptions;
  readonly signal: AbortSignal;
  readonly after: (cleared: Promise<void>) => void;
  /** The session that is to be connected again; absent: a new one. */
  readonly old?: SessionRow;
  readonly client: Connection;
  /** Sessions that were there before. */
  readonly before: ReadonlySet<string>;
}

/** A session without anybody has no moment of signing in: it is another one as soon as somebody is in it. */
const keyOf = (row: SessionRow): string => `${row.sessionId} ${row.user === '' ? '' : idOf(row)}`;

async function within<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(unavailable(`Windows does not answer (${what} took more than ${ms / 1_000} seconds)`)),
    ms,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(reason: string): ProductError {
  return new ProductError(
    'SessionHostUnavailable',
    `Sessions cannot be made on this machine: ${reason}.`,
    'Set the agent up as a service (dflow agent install), or let it work in the session of its user.',
  );
}
