// Sessions that exist in memory only: accounts with passwords, people who sign in, lock and leave, sign-ins that take as long as a test
// says. It passes the contract of all hosts (fakeHost.slow.test.ts). Programs are started by what the test gives.
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { hostname } from 'node:os';
import type {
  Credential,
  HostFacts,
  Launch,
  SessionChange,
  SessionHost,
  SessionOptions,
} from '../../../src/agent/sessions/host.ts';
import { startProcess } from '../../../src/agent/sessions/launching.ts';
import { refusal, sessionNotFound } from '../../../src/agent/sessions/refusals.ts';
import type { Clock } from '../../../src/base/clock.ts';
import { Emitter } from '../../../src/base/event.ts';
import { accountKey, parseAccount } from '../../../src/orchestration/accounts.ts';
import type { SessionFacts } from '../../../src/protocol/sessions.ts';

export type Start = (account: string, launch: Launch) => Promise<ChildProcess>;

export interface FakeHostOptions extends Partial<HostFacts> {
  readonly clock: Clock;
  /** Passwords by account. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly start: Start;
  /** How long a sign-in takes. */
  readonly openMs?: number;
}

type Session = SessionFacts & { readonly programs: Set<ChildProcess> };

export class FakeSessionHost implements SessionHost {
  kind: SessionHost['kind'] = 'linux';
  readonly #options: FakeHostOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #changes = new Emitter<SessionChange>();
  readonly onChange = this.#changes.event;
  #count = 0;
  /** What was done to sessions, in order. */
  readonly acts: string[] = [];
  /** Thrown by the act of this name, once. */
  readonly failures = new Map<string, Error>();

  constructor(options: FakeHostOptions) {
    this.#options = options;
  }

  async facts(): Promise<HostFacts> {
    const { edition = 'server', severalPerUser = false, sessionLimit = 3 } = this.#options;
    return { edition, sessionLimit: edition === 'client' ? 1 : sessionLimit, severalPerUser };
  }

  async list(): Promise<readonly SessionFacts[]> {
    return [...this.#sessions.values()].map(({ programs: _, ...facts }) => facts);
  }

  async open(credential: Credential, _: SessionOptions, signal: AbortSignal): Promise<SessionFacts> {
    const account = this.#signIn(credential);
    const { edition, sessionLimit, severalPerUser } = await this.facts();
    this.#failIfTold('open');
    const own = [...this.#sessions.values()].some((one) => one.account === account);
    if (own && !severalPerUser && edition === 'server') throw this.#refusal('exists', account);
    if (this.#sessions.size >= sessionLimit) throw this.#refusal('limit', account);
    await this.#wait(signal);
    return this.signedIn(account, { kind: 'remote', ours: true });
  }

  async reuse(sessionId: string, credential: Credential, signal: AbortSignal): Promise<SessionFacts> {
    const session = this.#find(sessionId);
    const account = this.#signIn(credential);
    this.#failIfTold('reuse');
    if (account !== session.account) throw this.#refusal('password', account);
    if (session.state === 'active') throw this.#refusal('exists', account);
    await this.#wait(signal);
    this.acts.push(`reuse ${sessionId}`);
    return this.become(sessionId, 'active');
  }

  async launch(sessionId: string, launch: Launch): Promise<ChildProcess> {
    const { programs, account } = this.#find(sessionId);
    this.#failIfTold('launch');
    const child = await this.#options.start(account, launch);
    programs.add(child);
    child.once('exit', () => programs.delete(child));
    return child;
  }

  async lock(sessionId: string): Promise<void> {
    if (this.#find(sessionId).state === 'disconnected') return;
    this.#failIfTold('lock');
    this.acts.push(`lock ${sessionId}`);
    this.become(sessionId, 'locked');
  }

  async disconnect(sessionId: string): Promise<void> {
    this.#find(sessionId);
    this.#failIfTold('disconnect');
    this.acts.push(`disconnect ${sessionId}`);
    this.become(sessionId, 'disconnected');
  }

  async signOut(sessionId: string): Promise<void> {
    this.#failIfTold('signOut');
    if (!this.#sessions.has(sessionId)) return;
    this.acts.push(`signOut ${sessionId}`);
    await this.end(sessionId, 'SessionHasLoggedOff');
  }

  dispose(): void {
    this.#changes.dispose();
  }

  // ── people and policies ──

  /** Somebody has signed in. */
  signedIn(account: string, how: Partial<SessionFacts> = {}): SessionFacts {
    const id = `${account.replace(/^.*\\/, '')}-${++this.#count}`;
    const session: Session = {
      id,
      account: accountKey(account, hostname()),
      state: 'active',
      kind: 'remote',
      ours: false,
      since: Math.round(this.#options.clock.now()),
      ...how,
      programs: new Set(),
    };
    this.#sessions.set(id, session);
    const { programs: _, ...facts } = session;
    this.#changes.fire({ kind: 'changed', session: facts, was: 'connecting' });
    return facts;
  }

  become(sessionId: string, state: SessionFacts['state']): SessionFacts {
    const session = this.#find(sessionId);
    const { programs: _, ...facts } = { ...session, state };
    this.#sessions.set(sessionId, { ...session, state });
    if (session.state !== state) this.#changes.fire({ kind: 'changed', session: facts, was: session.state });
    return facts;
  }

  /** What runs inside ends first, as on a real machine; the change is told afterwards. */
  async end(
    sessionId: string,
    reason: Extract<SessionChange, { kind: 'ended' }>['reason'],
    toldAfterMs = 0,
  ): Promise<void> {
    const { programs, ...facts } = this.#find(sessionId);
    this.#sessions.delete(sessionId);
    const ends = [...programs].map(
      (child) => new Promise<void>((resolve) => child.once('exit', () => resolve())),
    );
    for (const child of programs) child.kill('SIGKILL');
    await Promise.all(ends);
    const tell = () => this.#changes.fire({ kind: 'ended', session: facts, reason });
    if (toldAfterMs > 0) this.#options.clock.after(toldAfterMs, tell);
    else tell();
  }

  #find(sessionId: string): Session {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) throw sessionNotFound(sessionId);
    return session;
  }

  #signIn({ account, password }: Credential): string {
    const parsed = parseAccount(account, hostname());
    const user = parsed?.user.toLowerCase() ?? '';
    const known = parsed?.authority === undefined && this.#options.accounts[user];
    if (typeof known !== 'string' || known !== password) throw this.#refusal('password', account);
    return accountKey(user, hostname());
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const over = (done: () => void) => {
        timer.dispose();
        signal.removeEventListener('abort', abort);
        done();
      };
      const abort = () => over(() => reject(signal.reason));
      const timer = this.#options.clock.after(this.#options.openMs ?? 0, () => over(resolve));
      signal.addEventListener('abort', abort);
      if (signal.aborted) abort();
    });
  }

  #failIfTold(act: string): void {
    const failure = this.failures.get(act);
    this.failures.delete(act);
    if (failure) throw failure;
  }

  #refusal(why: Parameters<typeof refusal>[0], user: string) {
    const { edition = 'server', sessionLimit = 3 } = this.#options;
    return refusal(why, { user, edition, sessionLimit, home: '', words: '' });
  }
}

/** A process in name only. */
export class FakeProcess extends EventEmitter {
  exitCode: number | null = null;
  signalCode: string | null = null;

  kill(signal: string): boolean {
    if (this.exitCode === null && this.signalCode === null) {
      this.signalCode = signal;
      queueMicrotask(() => this.emit('exit', null, signal));
    }
    return true;
  }

  end(code: number): void {
    if (this.exitCode !== null || this.signalCode !== null) return;
    this.exitCode = code;
    queueMicrotask(() => this.emit('exit', code, null));
  }
}

/** Starts a real process that believes to be somebody else's. */
export const believing: Start = (account, { program, args, environment }) => {
  const pretend = `import os from 'node:os'; os.userInfo = () => ({ username: ${JSON.stringify(account)} });`;
  return startProcess({
    command: program,
    args,
    environment: {
      ...process.env,
      ...environment,
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(pretend)}`,
    },
  });
};
