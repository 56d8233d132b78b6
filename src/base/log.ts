// Structured log: an always-on ring of the last lines plus sinks. Everything passes the redactor first.
import { Redactor } from './redact.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogLine {
  /** Wall clock, milliseconds. */
  readonly at: number;
  readonly level: LogLevel;
  readonly channel: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type LogSink = (line: LogLine) => void;

export class Log {
  readonly #ring: LogLine[];
  readonly #sinks: LogSink[];
  readonly #channel: string;
  readonly #now: () => number;
  readonly redactor: Redactor;

  constructor(
    channel: string,
    now: () => number,
    sinks: LogSink[] = [],
    redactor = new Redactor(),
    ring: LogLine[] = [],
  ) {
    this.#channel = channel;
    this.#now = now;
    this.#sinks = sinks;
    this.redactor = redactor;
    this.#ring = ring;
  }

  /** A log of another channel that shares ring, sinks and redactor. */
  child(channel: string): Log {
    return new Log(channel, this.#now, this.#sinks, this.redactor, this.#ring);
  }

  debug(message: string, fields: Record<string, unknown> = {}): void {
    this.#write('debug', message, fields);
  }
  info(message: string, fields: Record<string, unknown> = {}): void {
    this.#write('info', message, fields);
  }
  warn(message: string, fields: Record<string, unknown> = {}): void {
    this.#write('warn', message, fields);
  }
  error(message: string, fields: Record<string, unknown> = {}): void {
    this.#write('error', message, fields);
  }

  /** The last 500 lines, oldest first. */
  recent(): readonly LogLine[] {
    return this.#ring;
  }

  #write(level: LogLevel, message: string, fields: Record<string, unknown>): void {
    const line: LogLine = {
      at: this.#now(),
      level,
      channel: this.#channel,
      message: this.redactor.text(message),
      fields: this.redactor.value(fields),
    };
    this.#ring.push(line);
    if (this.#ring.length > 500) this.#ring.shift();
    for (const sink of this.#sinks) sink(line);
  }
}

/** One line of text: time, level, channel, message, then `key=value` fields. */
export function formatLogLine(line: LogLine): string {
  const fields = Object.entries(line.fields)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
  return `${new Date(line.at).toISOString()} ${line.level.padEnd(5)} ${line.channel}: ${line.message}${fields}`;
}
