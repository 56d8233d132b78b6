// A process in another session, used like one that Node has forked: its channel is a named pipe that only its user can open, and that only
// the very process is let into, with a token it has read from standard input. What it is told is the business of others.
import type { ChildProcess } from 'node:child_process';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Log } from '../../../base/log.ts';
import { closeHandle, type Handle } from '../../../win32/ffi.ts';
import { environmentOf, type StartedProcess, start } from '../../../win32/launch.ts';
import { inheritablePipeEnd, ServedPipe } from '../../../win32/pipes.ts';
import { Job } from '../../../win32/processes.ts';
import { tokenUser, withOwnToken } from '../../../win32/security.ts';
import { compiledIn } from '../../dataFolder.ts';
import { channelVariable } from '../../worker/channel.ts';
import { linesOf } from '../../worker/lines.ts';
import type { Launch } from '../host.ts';

const endLookMs = 50;
const tokenBytes = 32;

/** Who may open the channel: the agent's account everything, the user of the session read and write, nobody else anything. */
export const channelAccess = (agent: string, user: string): string =>
  `D:P(A;;GA;;;${agent})${user === agent ? '' : `(A;;GRGW;;;${user})`}`;

/**
 * Starts a program as the account of a primary token, on the desktop of its session. It and what it starts end when the agent does; what it
 * has started goes on when it ends by itself. Throws WindowsError.
 */
export function startChild(token: Handle, { program, args, environment }: Launch, log: Log): ChildProcess {
  const agent = withOwnToken(tokenUser);
  const name = `\\\\.\\pipe\\desktop-flows-${randomBytes(16).toString('hex')}`;
  const secret = randomBytes(tokenBytes).toString('hex');
  const opened: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(one: T): T => {
    opened.push(one);
    return one;
  };
  let errorsEnd: Handle = 0;
  try {
    const channel = keep(new ServedPipe(name, channelAccess(agent, tokenUser(token))));
    const errors = keep(new ServedPipe(`${name}-errors`, channelAccess(agent, agent)));
    errorsEnd = inheritablePipeEnd(errors.path);
    const job = keep(new Job());
    const variables = environmentOf(token);
    const started = start({
      file: program,
      args,
      token,
      environment: {
        ...variables,
        ...(variables.LOCALAPPDATA && compiledIn(join(variables.LOCALAPPDATA, 'Desktop Flows'))),
        ...environment,
        [channelVariable]: '1',
      },
      ...(variables.USERPROFILE === undefined ? {} : { folder: variables.USERPROFILE }),
      input: Buffer.from(JSON.stringify({ pipe: name, token: secret })),
      errors: errorsEnd,
      job,
    });
    const child = new SessionChild({ started, job, channel, errors, secret, log });
    return child as unknown as ChildProcess;
  } catch (error) {
    for (const one of opened) one.close();
    throw error;
  } finally {
    closeHandle(errorsEnd);
  }
}

/** The part of a ChildProcess that agents use. */
class SessionChild extends EventEmitter {
  readonly pid: number;
  readonly stdin = null;
  readonly stdout = null;
  readonly stderr: Readable;
  /** To end it ends everything it has started. */
  readonly endsTree = true;
  connected = true;
  killed = false;
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;
  readonly #started: StartedProcess;
  readonly #job: Job;
  readonly #channel: ServedPipe;
  readonly #secret: string;
  readonly #log: Log;
  readonly #ended = new AbortController();
  #waiting: string[] | undefined = [];
  #socket: Socket | undefined;

  constructor(parts: {
    readonly started: StartedProcess;
    readonly job: Job;
    readonly channel: ServedPipe;
    readonly errors: ServedPipe;
    readonly secret: string;
    readonly log: Log;
  }) {
    super();
    this.#started = parts.started;
    this.#job = parts.job;
    this.#channel = parts.channel;
    this.#secret = parts.secret;
    this.#log = parts.log;
    this.pid = parts.started.processId;
    this.stderr = parts.errors.stream().on('error', () => {});
    void this.#serve();
    void this.#watch();
  }

  send(message: unknown, ...others: unknown[]): boolean {
    const told = others.find((one) => typeof one === 'function') as
      | ((error: Error | null) => void)
      | undefined;
    const line = `${JSON.stringify(message)}\n`;
    if (!this.connected) {
      process.nextTick(() => told?.(new Error('the channel is closed')));
      return false;
    }
    if (this.#socket) return this.#socket.write(line, (error) => told?.(error ?? null));
    this.#waiting?.push(line);
    process.nextTick(() => told?.(null));
    return true;
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): boolean {
    if (this.exitCode !== null || this.signalCode !== null) return false;
    this.killed = true;
    this.#signal = signal;
    this.#job.terminate();
    return true;
  }
  #signal: NodeJS.Signals | undefined;

  /** Lets the process in, and nobody else: others are sent away until it comes. */
  async #serve(): Promise<void> {
    try {
      for (;;) {
        const client = await this.#channel.client(this.#ended.signal);
        if (client === this.pid) break;
        this.#log.warn('another process wanted the channel of a worker', { pid: this.pid, client });
        this.#channel.refuse();
      }
    } catch {
      this.#channel.close();
      return; // it has ended without having come
    }
    const socket = this.#channel.stream();
    let isKnown = false;
    const receive = linesOf((line) => {
      if (isKnown) {
        this.emit('message', JSON.parse(line), undefined);
        return;
      }
      isKnown = sameSecret(line, this.#secret);
      if (!isKnown) {
        this.#log.warn('a worker came with a wrong token', { pid: this.pid });
        this.kill('SIGKILL');
        socket.destroy();
        return;
      }
      for (const waiting of this.#waiting ?? []) socket.write(waiting);
      this.#waiting = undefined;
      this.#socket = socket;
    });
    socket.on('data', (bytes) => {
      try {
        receive(bytes);
      } catch (error) {
        this.#log.error('a worker sent something that is no message', {
          pid: this.pid,
          error: String(error),
        });
        this.kill('SIGKILL');
      }
    });
    socket.on('error', () => {}).once('close', () => this.#disconnected());
  }

  #disconnected(): void {
    if (!this.connected) return;
    this.connected = false;
    this.emit('disconnect');
  }

  async #watch(): Promise<void> {
    let code: number | undefined;
    while (code === undefined) {
      await new Promise((resolve) => setTimeout(resolve, endLookMs));
      code = this.#started.exitCode();
    }
    this.#started.close();
    if (this.#signal === undefined) this.#job.letGo();
    else this.#job.close();
    if (this.#signal === undefined) this.exitCode = code;
    else this.signalCode = this.#signal;
    this.emit('exit', this.exitCode, this.signalCode);
    const hasCome = this.#waiting === undefined;
    this.#ended.abort();
    if (!hasCome) this.#disconnected();
  }
}

function sameSecret(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
