// References to credentials that are kept elsewhere and looked up on this machine each time a run needs them (rule CON-10):
// `env:NAME`, `file:/path`, `command:/path/program argument "another one"`. Keeps none of what it finds, but the variables it took out
// of the environment. Never repeats a reference that it cannot read: somebody may have typed a password there.
import { spawn } from 'node:child_process';
import { isAbsolute, parse } from 'node:path';
import { ProductError } from '../../base/error.ts';
import { mostSecretBytes, readPrivateFile } from './privateFile.ts';

export type Reference =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly program: string; readonly args: readonly string[] };

const longestReference = 1_000;
const commandMs = 10_000;
/** A program that has ended may have left another one behind that keeps its output open. */
const drainMs = 500;

/** Throws `ReferenceInvalid`. */
export function parseReference(text: string): Reference {
  const [, kind, rest = ''] = /^(env|file|command):(.+)$/su.exec(text) ?? [];
  if (text.length > longestReference || /[\p{Cc}]/u.test(text)) throw invalid();
  if (kind === 'env' && /^[A-Za-z_]\w*$/.test(rest)) return { kind, name: rest };
  if (kind === 'file' && isAbsolute(rest)) return { kind, path: rest };
  if (kind === 'command') {
    const words = wordsOf(rest);
    const [program = '', ...args] = words ?? [];
    if (isAbsolute(program)) return { kind, program, args };
  }
  throw invalid();
}

/** Words between blanks; one in double quotes may have blanks. Nothing else means anything: there is no shell. */
function wordsOf(text: string): string[] | undefined {
  if (!/^\s*(?:(?:"[^"]*"|[^\s"]+)(?:\s+|$))+$/.test(text)) return undefined;
  return [...text.matchAll(/"([^"]*)"|([^\s"]+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

export interface ReferenceOptions {
  /** `process.env`: variables that are used here are taken out of it, so that no program that is started later inherits them. */
  readonly environment: NodeJS.ProcessEnv;
  /**
   * Whether the owner of this machine lets connections use a reference. Who may make connections decides what is asked for here, with
   * the rights of the agent, which may be more than theirs.
   */
  readonly isAllowed: (reference: Reference) => boolean;
}

export class References {
  readonly #options: ReferenceOptions;
  readonly #taken = new Map<string, string>();

  constructor(options: ReferenceOptions) {
    this.#options = options;
  }

  /**
   * Takes note of a reference before anybody needs it: a variable leaves the environment now. Throws `ReferenceInvalid`,
   * `ReferenceNotAllowed`.
   */
  claim(text: string): Reference {
    const reference = parseReference(text);
    if (!this.#options.isAllowed(reference)) {
      throw new ProductError(
        'ReferenceNotAllowed',
        `This machine does not let connections use ${shown(reference)}.`,
        'Ask the owner of the machine to allow it, or enter the password itself.',
      );
    }
    if (reference.kind === 'env') this.#take(reference.name);
    return reference;
  }

  /**
   * The secret itself. `signal` gives up waiting for a command. Throws as `claim`, and `ReferenceNotFound`, `ReferenceExposed`,
   * `ReferenceFailed`.
   */
  async resolve(text: string, signal?: AbortSignal): Promise<string> {
    const reference = this.claim(text);
    switch (reference.kind) {
      case 'env': {
        const value = this.#taken.get(reference.name);
        if (value === undefined) throw notFound(reference, 'is not set where the agent was started');
        return value;
      }
      case 'file':
        return textOf(readSecret(reference), reference);
      case 'command':
        return textOf(await this.#ask(reference, signal), reference);
    }
  }

  #take(name: string): void {
    const value = this.#options.environment[name];
    if (typeof value !== 'string') return;
    this.#taken.set(name, value);
    delete this.#options.environment[name];
  }

  /** Runs the program without a shell and without input. What it says on its second output is read by nobody: it may hold a secret. */
  #ask(reference: Extract<Reference, { kind: 'command' }>, signal: AbortSignal | undefined): Promise<Buffer> {
    const { program, args } = reference;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const child = spawn(program, args, {
        cwd: parse(program).root,
        env: this.#options.environment,
        stdio: ['ignore', 'pipe', 'ignore'],
        windowsHide: true,
        // A group of its own, so that what it started ends with it.
        detached: process.platform !== 'win32',
      });
      const chunks: Buffer[] = [];
      let length = 0;
      let drain: NodeJS.Timeout | undefined;
      const finish = (done: () => void, isKilled: boolean): void => {
        clearTimeout(limit);
        clearTimeout(drain);
        signal?.removeEventListener('abort', abort);
        child.removeAllListeners();
        child.on('error', () => {});
        child.stdout.destroy();
        if (isKilled) killAll(child.pid, () => child.kill('SIGKILL'));
        done();
      };
      const fail = (why: string): void => finish(() => reject(failed(reference, why)), true);
      const abort = (): void => finish(() => reject(signal?.reason), true);
      const limit = setTimeout(
        () => fail(`did not answer within ${commandMs / 1_000} seconds and was ended`),
        commandMs,
      );
      signal?.addEventListener('abort', abort, { once: true });
      child.stdout.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > mostSecretBytes) fail(`printed more than ${mostSecretBytes} bytes and was ended`);
      });
      const ended = (code: number | null, by: NodeJS.Signals | null): void => {
        if (code === 0) finish(() => resolve(Buffer.concat(chunks)), false);
        else fail(by === null ? `ended with exit code ${code}` : `was ended by ${by}`);
      };
      child.on('error', (error: NodeJS.ErrnoException) =>
        finish(
          () =>
            reject(
              error.code === 'ENOENT'
                ? notFound(reference, 'does not exist')
                : failed(reference, `could not be started (${error.code})`),
            ),
          false,
        ),
      );
      child.on('exit', (code, by) => {
        drain = setTimeout(() => ended(code, by), drainMs);
      });
      child.on('close', ended);
    });
  }
}

function killAll(pid: number | undefined, killOne: () => void): void {
  try {
    if (pid === undefined || process.platform === 'win32') killOne();
    else process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function readSecret(reference: Extract<Reference, { kind: 'file' }>): Buffer {
  const file = readPrivateFile(reference.path);
  switch (file.kind) {
    case 'read':
      return file.bytes;
    case 'missing':
      throw notFound(reference, 'does not exist');
    case 'exposed':
      throw new ProductError(
        'ReferenceExposed',
        `${capital(shown(reference))} keeps no secret: ${file.who}.`,
        'Give it to the account of the agent and take the rights of all others away (`chmod 600`), then change the password: others may have read it.',
      );
    case 'unreadable':
      throw failed(reference, `cannot be read (${file.why})`);
  }
}

/** Without the line end that editors and programs add. */
function textOf(bytes: Buffer, reference: Reference): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw failed(reference, 'does not give text in UTF-8');
  }
}

/** Without the arguments of a command, among which may be secrets. */
function shown(reference: Reference): string {
  switch (reference.kind) {
    case 'env':
      return `the environment variable ${reference.name}`;
    case 'file':
      return `the file ${reference.path}`;
    case 'command':
      return `the program ${reference.program}`;
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function invalid(): ProductError {
  return new ProductError(
    'ReferenceInvalid',
    'The reference to a credential cannot be read. It is not repeated here, in case it is a password.',
    'Write env:NAME, file:/full/path, or command:/full/path/program with its arguments (in double quotes where they have blanks), 1,000 characters at most.',
  );
}

function notFound(reference: Reference, what: string): ProductError {
  return new ProductError(
    'ReferenceNotFound',
    `${capital(shown(reference))}, which a connection names for its password, ${what} on this machine.`,
    'Set it up on this machine, or correct the reference of the connection. A variable must be set where the agent is started.',
  );
}

function failed(reference: Reference, what: string): ProductError {
  return new ProductError(
    'ReferenceFailed',
    `${capital(shown(reference))}, which a connection names for its password, ${what}.`,
    'Try it under the account of the agent, on this machine.',
  );
}
