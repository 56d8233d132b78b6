// Our own Remote Desktop client: FreeRDP on a screen nobody sees. It keeps a session connected; what becomes of the session is seen in
// the process table and the log of its manager, not here.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '../../dataFolder.ts';
import type { SessionOptions } from '../host.ts';
import { plainEnvironment, until } from './commands.ts';

export interface ClientStart {
  readonly folder: string;
  readonly port: number;
  readonly fingerprint: string;
  readonly screen: { readonly display: string; readonly authority: string };
  readonly user: string;
  readonly password: string;
  readonly options: SessionOptions;
}

export class Client {
  readonly #process: ChildProcess;
  readonly #said: string;
  #ended = false;
  #exit = '';

  /** Connects. The password goes through standard input; the rest stands in a file, so that arguments say nothing of anybody. */
  constructor({ folder, port, fingerprint, screen, user, password, options }: ClientStart) {
    const file = join(folder, 'client.rdp');
    writePrivateFile(
      file,
      [
        `full address:s:127.0.0.1:${port}`,
        `username:s:${user}`,
        `desktopwidth:i:${options.width}`,
        `desktopheight:i:${options.height}`,
        '',
      ].join('\n'),
    );
    const home = join(folder, 'client');
    mkdirSync(home, { recursive: true, mode: 0o700 });
    this.#said = join(folder, 'client.log');
    const output = openSync(this.#said, 'w', 0o600);
    try {
      this.#process = spawn(
        'xfreerdp',
        [
          file,
          '/from-stdin:force',
          `/cert:fingerprint:sha256:${fingerprint}`,
          '/sec:tls',
          '/log-level:ERROR',
          '-clipboard',
        ],
        {
          detached: true, // it keeps its session connected when the agent is restarted
          stdio: ['pipe', output, output],
          cwd: '/',
          env: {
            ...plainEnvironment,
            HOME: home,
            XDG_CONFIG_HOME: home,
            DISPLAY: screen.display,
            XAUTHORITY: screen.authority,
          },
        },
      );
    } finally {
      closeSync(output);
    }
    const { pid } = this.#process;
    const end = (how: unknown) => {
      this.#ended = true;
      this.#exit = `FreeRDP ended: ${how instanceof Error ? how.message : how}`;
      if (pid !== undefined) clearSharedMemory(pid);
    };
    this.#process.once('error', end).once('exit', (code, signal) => end(code ?? signal));
    this.#process.unref();
    this.#process.stdin?.on('error', () => {}).end(`${password}\n`);
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
        ?.replace(/^.*\]( - )?/, '') ?? '';
    return /ERR(?:CONNECT|INFO)_\w+/.exec(said)?.[0] ?? (last === '' ? this.#exit : last);
  }

  async end(): Promise<void> {
    this.#process.kill('SIGTERM');
    await until(500, () => (this.#ended ? true : undefined));
    this.#process.kill('SIGKILL');
    await until(500, () => (this.#ended ? true : undefined));
  }
}

/** FreeRDP leaves a file in shared memory when it is ended from outside. */
function clearSharedMemory(pid: number): void {
  const name = `com.freerdp.xfreerdp.tsmf_${pid.toString(16).toUpperCase().padStart(16, '0')}`;
  rmSync(join('/dev/shm', name), { force: true });
}
