// Messages of the Debug Adapter Protocol as they come in: whatever it is, it is read or refused, never trusted.
import { DebugError } from '../runtime/debug/errors.ts';

export interface Request {
  readonly seq: number;
  readonly command: string;
  readonly arguments: Arguments;
}

/** Reads a request; undefined when it is none. */
export function readRequest(message: unknown): Request | undefined {
  if (!isRecord(message)) return undefined;
  const { type, seq, command, arguments: given } = message;
  if (type !== 'request' || typeof seq !== 'number' || typeof command !== 'string') return undefined;
  return { seq, command, arguments: new Arguments(isRecord(given) ? given : {}) };
}

/** The number of a message that is no request, for the answer that says so. */
export function seqOf(message: unknown): number {
  return isRecord(message) && typeof message.seq === 'number' ? message.seq : 0;
}

/** The arguments of a request; its numbers are integers. Each getter throws DebugError `RequestWrong` when the value is missing or of another type. */
export class Arguments {
  readonly #given: Readonly<Record<string, unknown>>;

  constructor(given: Readonly<Record<string, unknown>>) {
    this.#given = given;
  }

  number(name: string): number {
    return this.#of(name, 'number', this.#given[name]);
  }
  text(name: string): string {
    return this.#of(name, 'string', this.#given[name]);
  }
  maybeNumber(name: string): number | undefined {
    return this.#maybe(name, 'number');
  }
  maybeText(name: string): string | undefined {
    return this.#maybe(name, 'string');
  }
  maybeFlag(name: string): boolean | undefined {
    return this.#maybe(name, 'boolean');
  }
  /** The objects of a list; none when it is absent. */
  list(name: string): Arguments[] {
    const value = this.#given[name] ?? [];
    if (!Array.isArray(value)) throw wrong(name);
    return value.map((item) => {
      if (!isRecord(item)) throw wrong(name);
      return new Arguments(item);
    });
  }
  texts(name: string): string[] {
    const value = this.#given[name] ?? [];
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw wrong(name);
    return value;
  }
  object(name: string): Arguments {
    const value = this.#given[name];
    if (!isRecord(value)) throw wrong(name);
    return new Arguments(value);
  }

  #maybe<K extends keyof Types>(name: string, type: K): Types[K] | undefined {
    const value = this.#given[name];
    return value === undefined || value === null ? undefined : this.#of(name, type, value);
  }

  #of<K extends keyof Types>(name: string, type: K, value: unknown): Types[K] {
    if (typeof value !== type || (type === 'number' && !Number.isSafeInteger(value))) throw wrong(name);
    return value as Types[K];
  }
}

interface Types {
  readonly number: number;
  readonly string: string;
  readonly boolean: boolean;
}

function wrong(name: string): DebugError {
  return new DebugError(
    'RequestWrong',
    `The argument '${name.slice(0, 50)}' of the request is missing or of the wrong type.`,
    'Use editor and agent of the same version.',
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
