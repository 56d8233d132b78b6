// A Remote Desktop client of ours that keeps a session connected: FreeRDP, whose command line and words are the same on every system.
// What becomes of the session is seen elsewhere. The password goes through standard input; the rest stands in a file, so that arguments
// say nothing of anybody.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writePrivateFile } from '../dataFolder.ts';
import type { SessionOptions } from './host.ts';
import type { Refusal } from './refusals.ts';

export interface ClientStart {
  readonly program: string;
  /** For its settings and words; belongs to this client alone. */
  readonly folder: string;
  /** `host:port`. */
  readonly address: string;
  /** Fingerprints of the only certificates it trusts: name of the hash, and its value as hexadecimal pairs with colons. */
  readonly fingerprints: readonly { readonly hash: 'sha1' | 'sha256'; readonly value: string }[];
  /** `nla`: the password is proven before there is a session. */
  readonly security: 'tls' | 'nla';
  readonly user: string;
  readonly password: string;
  readonly options: SessionOptions;
  readonly environment: Readonly<Record<string, string>>;
}

/** What FreeRDP reads from its file. */
export const clientSettings = ({
  address,
  user,
  options,
}: Pick<ClientStart, 'address' | 'user' | 'options'>): string =>
  [
    `full address:s:${address}`,
    `username:s:${user}`,
    `desktopwidth:i:${options.width}`,
    `desktopheight:i:${options.height}`,
    '',
  ].join('\n');

/** Without a fingerprint it trusts what the system trusts, and nothing else. */
export const clientArguments = (
  file: string,
  { fingerprints, security }: Pick<ClientStart, 'fingerprints' | 'security'>,
): readonly string[] => [
  file,
  '/from-stdin:force',
  fingerprints.length === 0
    ? '/cert:deny'
    : `/cert:${fingerprints.map(({ hash, value }) => `fingerprint:${hash}:${value}`).join(',')}`,
  `/sec:${security}`,
  '/log-level:ERROR',
  '-clipboard',
];

export class Client {
  readonly #process: ChildProcess;
  readonly #said: string;
  #ended = false;
  #code: number | undefined;
  #exit = '';

  constructor(start: ClientStart) {
    const { folder } = start;
    const file = join(folder, 'client.rdp');
    writePrivateFile(file, clientSettings(start));
    mkdirSync(join(folder, 'client'), { recursive: true, mode: 0o700 });
    this.#said = join(folder, 'client.log');
    const output = openSync(this.#said, 'w', 0o600);
    try {
      this.#process = spawn(start.program, [...clientArguments(file, start)], {
        detached: true, // it keeps its session connected when the agent is restarted
        stdio: ['pipe', output, output],
        cwd: process.platform === 'win32' ? folder : '/',
        env: { ...start.environment },
        windowsHide: true,
      });
    } finally {
      closeSync(output);
    }
    const end = (how: unknown) => {
      this.#ended = true;
      if (typeof how === 'number') this.#code = how;
      this.#exit = `FreeRDP ended: ${how instanceof Error ? how.message : how}`;
    };
    this.#process.once('error', end).once('exit', (code, signal) => end(code ?? signal));
    this.#process.unref();
    this.#process.stdin?.on('error', () => {}).end(`${start.password}\n`);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Called once, when it has ended; at once when it has already. */
  onEnd(ended: () => void): void {
    if (this.#ended) ended();
    else this.#process.once('exit', ended);
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** What FreeRDP says about its end, for people: a code, else its last words. */
  lastWords(): string {
    const said = readFileSync(this.#said, 'utf8');
    const last =
      said
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/^.*\]( - )?/, '')
        .trim() ?? '';
    return nameIn(said) ?? (last === '' ? this.#exit : last);
  }

  /** Why the machine refused, as far as FreeRDP's end tells; undefined when it does not. */
  refusal(): Refusal | undefined {
    return refusalIn(this.#ended ? readFileSync(this.#said, 'utf8') : '', this.#code);
  }

  async end(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#within(500);
    this.#process.kill('SIGKILL');
    await this.#within(500);
  }

  async #within(ms: number): Promise<void> {
    for (const end = performance.now() + ms; !this.#ended && performance.now() < end; ) await delay(20);
  }
}

/** The name of FreeRDP's last error in what it said. */
const nameIn = (said: string): string | undefined => said.match(/ERR(?:CONNECT|INFO)_\w+/g)?.at(-1);

/** Pure. What FreeRDP said, and its exit code, which only some of its programs give. */
export function refusalIn(said: string, code: number | undefined): Refusal | undefined {
  const name = nameIn(said)?.replace(/^ERR(?:CONNECT|INFO)_/, '') ?? names[code ?? -1] ?? '';
  if (/^LICENSE_/.test(name)) return 'licence';
  return refusals[name];
}

/** By the names of FreeRDP's errors, without their kind. What says nothing of a reason is not in it. */
const refusals: Readonly<Record<string, Refusal>> = {
  LOGON_FAILURE: 'password',
  WRONG_PASSWORD: 'password',
  AUTHENTICATION_FAILED: 'password',
  NO_OR_MISSING_CREDENTIALS: 'password',
  ACCOUNT_LOCKED_OUT: 'locked',
  ACCOUNT_EXPIRED: 'expired',
  ACCOUNT_DISABLED: 'disabled',
  CLIENT_REVOKED: 'disabled',
  PASSWORD_EXPIRED: 'newPassword',
  PASSWORD_CERTAINLY_EXPIRED: 'newPassword',
  PASSWORD_MUST_CHANGE: 'newPassword',
  LOGON_TYPE_NOT_GRANTED: 'right',
  INSUFFICIENT_PRIVILEGES: 'right',
  SERVER_INSUFFICIENT_PRIVILEGES: 'right',
  ACCESS_DENIED: 'right',
  ACCOUNT_RESTRICTION: 'restricted',
  CONNECT_FAILED: 'off',
  SERVER_DENIED_CONNECTION: 'off',
  TLS_CONNECT_FAILED: 'certificate',
  SERVER_FRESH_CREDENTIALS_REQUIRED: 'prompt',
};

/** Exit codes of FreeRDP's programs for X and SDL; the one for Windows' own windows says nothing by its code. */
const names: Readonly<Record<number, string>> = {
  7: 'SERVER_DENIED_CONNECTION',
  9: 'SERVER_INSUFFICIENT_PRIVILEGES',
  10: 'SERVER_FRESH_CREDENTIALS_REQUIRED',
  17: 'LICENSE_NO_LICENSE_SERVER',
  18: 'LICENSE_NO_LICENSE',
  26: 'LICENSE_NO_REMOTE_CONNECTIONS',
  132: 'AUTHENTICATION_FAILED',
  134: 'LOGON_FAILURE',
  135: 'ACCOUNT_LOCKED_OUT',
  141: 'CONNECT_FAILED',
  143: 'TLS_CONNECT_FAILED',
  144: 'INSUFFICIENT_PRIVILEGES',
  148: 'PASSWORD_EXPIRED',
  149: 'PASSWORD_MUST_CHANGE',
  151: 'ACCOUNT_DISABLED',
  152: 'PASSWORD_CERTAINLY_EXPIRED',
  153: 'CLIENT_REVOKED',
  154: 'WRONG_PASSWORD',
  155: 'ACCESS_DENIED',
  156: 'ACCOUNT_RESTRICTION',
  157: 'ACCOUNT_EXPIRED',
  158: 'LOGON_TYPE_NOT_GRANTED',
  159: 'NO_OR_MISSING_CREDENTIALS',
};
