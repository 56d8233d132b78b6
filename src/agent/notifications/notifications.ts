// Tells people what the attended runs in their sessions do: one process per session shows it (main.ts), from the first run there until a
// moment after the last. What is shown and what becomes of a wish is decided here; how a run ends is the runner's.
import type { ChildProcess } from 'node:child_process';
import { dirname, extname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Disposable } from '../../base/disposable.ts';
import { asProductError } from '../../base/error.ts';
import type { Log } from '../../base/log.ts';
import { stoppedError } from '../../orchestration/rules.ts';
import type { Claim, RunChange } from '../../orchestration/store.ts';
import type { NotificationSetting } from '../../protocol/fleet.ts';
import {
  type FromNotifier,
  fromNotifier,
  type Notice,
  type NotifiedRun,
  type ToNotifier,
} from '../../protocol/notifications.ts';
import { processSession } from '../../win32/processes.ts';
import type { Runner } from '../runner.ts';
import type { SessionHost } from '../sessions/host.ts';
import { noticeOf } from './texts.ts';

export interface NotificationsOptions {
  readonly host: Pick<SessionHost, 'launch'>;
  /** A Node that every account may run, and `notifier.cjs` or its source. */
  readonly program: string;
  readonly script: string;
  /** What the owner of the machine wants, asked at each change. */
  readonly setting: () => Promise<NotificationSetting>;
  /** Where people can read what the agent wrote down; absent: they may not. */
  readonly logFolder: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whoever drives a run. */
export type Driver = Pick<Runner, 'tell' | 'end'>;

/** The icon stays so long after the last run: people read its last notification. */
const lingerMs = 60_000;
/** A process that is asked to end and does not is ended after this. */
const endMs = 5_000;
/** One that ended without being asked is started again, at most so often in so long a time. */
const mostStarts = 3;
const startsMs = 600_000;
/** Notifications that wait until their process is there. */
const mostWaiting = 20;

/** The program that shows notifications, beside that of the workers. */
export const notifierScript = (workerScript: string): string =>
  extname(workerScript) === '.ts'
    ? join(dirname(workerScript), '..', 'notifications', 'main.ts')
    : join(dirname(workerScript), 'notifier.cjs');

/** Undefined where there is nobody to be told: other systems than Windows, and the session of its services, which has number 0. */
export function openNotifications({
  host,
  dataFolder,
  ...options
}: Omit<NotificationsOptions, 'host' | 'logFolder'> & {
  readonly host: SessionHost;
  readonly dataFolder: string;
}): Notifications | undefined {
  if (process.platform !== 'win32') return undefined;
  const isOwn = host.kind === 'current';
  if (isOwn && processSession(process.pid) === 0) return undefined;
  // The folder of a service is closed to everybody else.
  return new Notifications({ ...options, host, logFolder: isOwn ? dataFolder : undefined });
}

export class Notifications implements Disposable {
  readonly #options: NotificationsOptions;
  readonly #sessions = new Map<string, Session>();
  #tail: Promise<void> = Promise.resolve();
  #isDisposed = false;

  constructor(options: NotificationsOptions) {
    this.#options = options;
  }

  /** A run has changed. Only attended ones concern a person, who is signed in to their session. */
  heard({ run, session: plan }: Claim, change: RunChange, driver: Driver): void {
    if (plan?.kind !== 'use') return;
    const { session: id } = plan;
    this.#tail = this.#tail.then(async () => {
      try {
        const setting = await this.#options.setting();
        if (this.#isDisposed) return;
        let session = this.#sessions.get(id);
        if (session === undefined) {
          session = new Session(id, this.#options);
          this.#sessions.set(id, session);
        }
        session.heard(setting, { id: run.id, flow: run.flow.name }, change, driver);
      } catch (error) {
        this.#options.log.error('a person could not be told of a run', { error: String(error) });
      }
    });
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const session of this.#sessions.values()) session.end();
  }
}

class Session {
  readonly #id: string;
  readonly #options: NotificationsOptions;
  readonly #runs = new Map<string, { readonly run: NotifiedRun; readonly driver: Driver }>();
  /** Notices for a process that is not there yet. */
  readonly #waiting: Notice[] = [];
  /** When its process was started, on the monotonic clock. */
  #starts: number[] = [];
  #process: ChildProcess | undefined;
  #isStarting = false;
  #isReady = false;
  /** The person wants nothing more of it, as long as this agent lives. */
  #isLeft = false;
  #lingering: Disposable | undefined;

  constructor(id: string, options: NotificationsOptions) {
    this.#id = id;
    this.#options = options;
  }

  heard(
    setting: NotificationSetting,
    { id, flow }: Pick<NotifiedRun, 'id' | 'flow'>,
    change: RunChange,
    driver: Driver,
  ): void {
    const { state } = change;
    const notice = noticeOf(setting, flow, this.#runs.get(id)?.run.state, change);
    if (state === 'Running' || state === 'Paused') this.#runs.set(id, { run: { id, flow, state }, driver });
    else this.#runs.delete(id);
    if (setting === 'off' || this.#isLeft) {
      this.end();
      return;
    }
    if (notice !== undefined) {
      this.#waiting.push(notice);
      if (this.#waiting.length > mostWaiting) this.#waiting.shift();
    }
    // Somebody who is told of failures only sees no icon before there is one.
    if (this.#process === undefined && this.#waiting.length > 0) void this.#start();
    this.#tell();
  }

  end(): void {
    this.#lingering?.dispose();
    const child = this.#process;
    if (child === undefined) return;
    this.#forget();
    this.#waiting.length = 0;
    send(child, { kind: 'end' });
    const late = this.#options.clock.after(endMs, () => child.kill());
    child.once('exit', () => late.dispose());
  }

  #forget(): void {
    this.#process = undefined;
    this.#isReady = false;
  }

  #tell(): void {
    this.#lingering?.dispose();
    const { clock, logFolder } = this.#options;
    if (this.#process === undefined || !this.#isReady) return;
    const runs = [...this.#runs.values()].map(({ run }) => run);
    send(this.#process, { kind: 'runs', runs, ...(logFolder !== undefined && { logFolder }) });
    for (const notice of this.#waiting.splice(0)) send(this.#process, { kind: 'notice', notice });
    if (runs.length === 0) this.#lingering = clock.after(lingerMs, () => this.end());
  }

  async #start(): Promise<void> {
    const { host, program, script, clock, log } = this.#options;
    const now = clock.monotonic();
    this.#starts = this.#starts.filter((at) => now - at < startsMs);
    if (this.#isStarting || this.#starts.length >= mostStarts) return;
    this.#starts.push(now);
    this.#isStarting = true;
    try {
      const child = await host.launch(this.#id, { program, args: [script], environment: {} });
      this.#process = child;
      this.#listen(child);
      log.info('notifications are shown', { session: this.#id, pid: child.pid });
    } catch (error) {
      const { code, message } = asProductError(error);
      log.warn('no notifications can be shown', { session: this.#id, code, message });
    } finally {
      this.#isStarting = false;
    }
    if (this.#isLeft) this.end();
  }

  #listen(child: ChildProcess): void {
    const { log } = this.#options;
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-500);
    });
    child.on('error', () => {}); // shows as its end
    child.on('message', (message) => {
      const { data } = fromNotifier.safeParse(message);
      if (data === undefined) child.kill();
      else if (this.#process === child) this.#said(data);
    });
    child.once('exit', (code, signal) => {
      if (this.#process !== child) return;
      log.warn('the process that shows notifications ended', { session: this.#id, code, signal, words });
      this.#forget();
      if (this.#runs.size > 0) void this.#start();
    });
  }

  #said(message: FromNotifier): void {
    const { log } = this.#options;
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        this.#tell();
        break;
      case 'shown':
        log.info('a notification', { title: message.title, isShown: message.isShown });
        break;
      case 'leave':
        log.info('a person left the notifications', { session: this.#id });
        this.#isLeft = true;
        this.end();
        break;
      case 'wish': {
        const { runId, wish } = message;
        const driver = this.#runs.get(runId)?.driver;
        log.info('a run is told something', { runId, wish, by: `the person in session ${this.#id}` });
        if (wish === 'stop') driver?.end(runId, { state: 'Canceled', error: stoppedError() });
        else driver?.tell(runId, wish);
      }
    }
  }
}

function send(child: ChildProcess, message: ToNotifier): void {
  child.send(message, () => {}); // a failure shows as its end
}
