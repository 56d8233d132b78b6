// A Linux machine for tests of sessions: accounts that are made for a test and removed after it, a Node that all of them may run, and
// hosts with folders of their own. Needs root and what scripts/provision-sessions.mjs brings.
import { execFileSync, fork, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credential } from '../../../src/agent/sessions/host.ts';
import {
  type LinuxSessionHost,
  type LinuxSessionsOptions,
  startLinuxSessions,
} from '../../../src/agent/sessions/linux.ts';
import { Log, type LogLine } from '../../../src/base/log.ts';
import type { SessionFacts } from '../../../src/protocol/sessions.ts';

/** Whether sessions can be made here; says what is missing and how to get it, because such a suite is skipped. On CI it fails instead. */
export function canMakeSessions(): boolean {
  const script = join(import.meta.dirname, '..', '..', '..', 'scripts', 'provision-sessions.mjs');
  const { status, stdout } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  if (status !== 0) console.log(stdout.replaceAll(/^missing:/gm, 'skipped: needs').trimEnd());
  return status === 0 || process.env.CI === 'true';
}

const prefix = 'dflowt';

export class LinuxMachine {
  readonly folder = mkdtempSync(join(tmpdir(), 'dflow-sessions-'));
  readonly node = join(this.folder, 'node');
  readonly log: LogLine[] = [];
  readonly #hosts = new Set<LinuxSessionHost>();
  readonly #accounts: string[] = [];
  readonly #groups: string[] = [];
  #folders = 0;

  constructor() {
    removeLeft('passwd', removeAccount);
    removeLeft('group', removeGroup);
    // The one that runs this test may lie where nobody else may look.
    chmodSync(this.folder, 0o711);
    copyFileSync(process.execPath, this.node);
    chmodSync(this.node, 0o755);
  }

  /** A new account with a home, and what makes passwords difficult in its own. */
  account(...options: string[]): Credential {
    const account = `${prefix}${process.pid}n${this.#accounts.length}`;
    execFileSync('useradd', ['--create-home', '--shell', '/bin/sh', ...options, account]);
    this.#accounts.push(account);
    const password = `ä $%1'"\\ ${randomBytes(6).toString('hex')}`;
    execFileSync('chpasswd', { input: `${account}:${password}\n` });
    return { account, password };
  }

  /** A new group without members. */
  group(): string {
    const group = `${prefix}${process.pid}g${this.#groups.length}`;
    execFileSync('groupadd', [group]);
    this.#groups.push(group);
    return group;
  }

  newFolder(): string {
    return join(this.folder, `host${++this.#folders}`);
  }

  async host(options: Partial<LinuxSessionsOptions> = {}): Promise<LinuxSessionHost> {
    const log = new Log('sessions', Date.now, [(line) => this.log.push(line)]);
    const host = await startLinuxSessions({
      folder: this.newFolder(),
      edition: 'server',
      sessionLimit: 3,
      severalPerUser: false,
      log,
      ...options,
    });
    this.#hosts.add(host);
    return host;
  }

  /** An agent's process with a host in it, which signs somebody in and is killed then. `starter` becomes that process. */
  async killedAfterOpening(
    options: Omit<LinuxSessionsOptions, 'log'>,
    credential: Credential,
    starter: readonly string[] = [],
  ): Promise<SessionFacts> {
    const [execPath, ...execArgv] = [...starter, process.execPath];
    const child = fork(join(import.meta.dirname, 'hostProcess.ts'), { execPath, execArgv });
    try {
      child.send({ options, credential });
      const [answer] = await once(child, 'message', { signal: AbortSignal.timeout(40_000) });
      if (answer.session === undefined) throw new Error(answer.error);
      return answer.session;
    } finally {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
  }

  /** Where nothing may be mounted there is one host at a time. */
  async stopHosts(): Promise<void> {
    for (const host of this.#hosts) {
      this.#hosts.delete(host);
      await host.stop();
    }
  }

  async remove(): Promise<void> {
    await this.stopHosts();
    for (const account of this.#accounts) removeAccount(account);
    for (const group of this.#groups) removeGroup(group);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function removeAccount(account: string): void {
  spawnSync('userdel', ['--force', '--remove', account], { stdio: 'ignore' });
}

function removeGroup(group: string): void {
  spawnSync('groupdel', [group], { stdio: 'ignore' });
}

/** What a test left that was killed. */
function removeLeft(file: 'passwd' | 'group', remove: (name: string) => void): void {
  for (const line of readFileSync(join('/etc', file), 'utf8').split('\n')) {
    const [, name, pid] = new RegExp(`^(${prefix}(\\d+)[gn]\\d+):`).exec(line) ?? [];
    if (name !== undefined && (Number(pid) === process.pid || !existsSync(`/proc/${pid}`))) remove(name);
  }
}
