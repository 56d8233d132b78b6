// Orchestrators, agents and clients as processes of a test, over a PostgreSQL of its own.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRegistry } from '../../../src/agent/orchestrator/server.ts';
import { orderedIds } from '../../../src/base/identifiers.ts';
import { connectOrchestrator } from '../../../src/launch/orchestrator.ts';
import type { AgentLink } from '../../../src/protocol/link.ts';
import type { PairRequest } from '../../../src/protocol/orchestrator.ts';
import { isTerminal, type Run } from '../../../src/protocol/run.ts';
import { startPostgres } from '../../runtime/servers/postgres.ts';
import { freePort, type Running } from '../../runtime/servers/server.ts';
import type { MemberSetup } from './memberProcess.ts';
import type { ServerSetup } from './serverProcess.ts';

const here = import.meta.dirname;
export const newRunId = orderedIds(Date.now);

export interface Child {
  readonly process: ChildProcess;
  /** What it said when it was ready. */
  readonly said: Readonly<Record<string, unknown>>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'fleet-slow-'));
  readonly deeds = join(this.folder, 'deeds');
  readonly #children = new Set<Child>();
  readonly #links = new Set<AgentLink>();
  #postgres: Running | undefined;
  #folders = 0;
  database = '';

  async open(): Promise<void> {
    this.#postgres = await startPostgres('store');
    this.database = `postgres://robin:store@127.0.0.1:${this.#postgres.port}/postgres`;
  }

  /** A process; `around` names a program that starts it, as `ip netns exec`. */
  async start(script: string, setup: object, around: readonly string[] = []): Promise<Child> {
    const [program, ...rest] = around;
    const child = fork(join(here, script), [JSON.stringify(setup)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      ...(program !== undefined && { execPath: program, execArgv: [...rest, process.execPath] }),
    });
    const said = await Promise.race([
      once(child, 'message').then(([message]) => message as Child['said']),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`))),
    ]);
    const started: Child = {
      process: child,
      said,
      kill: async (signal = 'SIGKILL') => {
        this.#children.delete(started);
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        child.kill(signal);
        await ended;
      },
    };
    this.#children.add(started);
    return started;
  }

  async serve(
    setup: Partial<ServerSetup> & { readonly port: number },
    around: readonly string[] = [],
  ): Promise<Child & { readonly address: string }> {
    const child = await this.start(
      'serverProcess.ts',
      {
        database: this.database,
        dataFolder: join(this.folder, 'orchestrator'),
        host: '127.0.0.1',
        ...setup,
        settings: {
          queueLimit: 100_000,
          requestsPerMinute: 100_000,
          heartbeatMs: 1_000,
          leaseMs: 20_000,
          sweepMs: 500,
          ...setup.settings,
        },
      },
      around,
    );
    return Object.assign(child, { address: String(child.said.address) });
  }

  /** A new machine, or with its `dataFolder` one that was there before. */
  async member(
    setup: { readonly dataFolder?: string; readonly pair?: PairRequest },
    around: readonly string[] = [],
  ): Promise<Child & { readonly dataFolder: string }> {
    const dataFolder = setup.dataFolder ?? join(this.folder, `machine-${++this.#folders}`);
    mkdirSync(dataFolder, { recursive: true });
    const member: MemberSetup = { ...setup, dataFolder, deeds: this.deeds };
    return Object.assign(await this.start('memberProcess.ts', member, around), { dataFolder });
  }

  async token(name: string, role?: 'owner' | 'coowner' | 'user'): Promise<string> {
    const { store, registry } = await openRegistry(this.database, 60_000);
    try {
      return await registry.newToken(name, role);
    } finally {
      await store.close();
    }
  }

  async connect(address: string, secret: string, insecure = false): Promise<AgentLink> {
    const link = await connectOrchestrator({ address, secret, insecure }, 'test');
    this.#links.add(link);
    return link;
  }

  /** What workers did: lines of words. */
  deedsOf(kind: string): readonly string[][] {
    let text = '';
    try {
      text = readFileSync(this.deeds, 'utf8');
    } catch {
      // nobody did anything yet
    }
    return text
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([word]) => word === kind);
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.dispose();
    await Promise.all([...this.#children].map((child) => child.kill()));
    await this.#postgres?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export { freePort };

export function flow(text: string): { name: string; path: string; text: string } {
  return { name: 'Short', path: 'Short.robin', text };
}

/** A request for the machines of connection `ann`. */
export function requestOf(text: string, connection = 'ann') {
  return {
    id: newRunId(),
    flow: flow(text),
    inputs: {},
    mode: 'unattended',
    priority: 'normal',
    requestedBy: 'somebody else',
    connection,
  } as const;
}

/** A machine group with these machines, and a connection to it with account `ann`. */
export async function groupOf(link: AgentLink, machines: readonly string[], account = 'ann'): Promise<void> {
  await link.call('groups.put', { name: 'Fleet' });
  for (const machine of machines) await link.call('groups.join', { group: 'Fleet', machine });
  await link.call('connections.put', {
    name: 'ann',
    target: 'Fleet',
    account,
    password: 'the password of ann',
  });
}

export async function until(what: () => boolean | Promise<boolean>, ms = 15_000, every = 50): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await what())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what.toString()}`);
    await sleep(every);
  }
}

/** The run when it is in this state, or has ended in another. */
export async function reached(
  link: AgentLink,
  runId: string,
  state: Run['state'],
  ms = 15_000,
): Promise<Run> {
  let run: Run | undefined;
  await until(async () => {
    ({ run } = await link.call('runs.get', { runId }));
    return run.state === state || isTerminal(run.state);
  }, ms);
  return run as Run;
}
