// What the tests of the commands over machines, groups, connections, queues, runs and schedules share: an agent in this process whose
// workers do what the test says, and a command line to it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { type Agent, startAgent } from '../../src/agent/agent.ts';
import { asProductError } from '../../src/base/error.ts';
import { connectionCommands } from '../../src/cli/connection.ts';
import { groupCommands } from '../../src/cli/group.ts';
import { machineCommands } from '../../src/cli/machine.ts';
import { queueCommands } from '../../src/cli/queue.ts';
import { runsCommands } from '../../src/cli/runs.ts';
import { scheduleCommands } from '../../src/cli/schedule.ts';
import { type Options, runSubcommand } from '../../src/cli/subcommands.ts';
import { connectAgent } from '../../src/launch/connect.ts';
import type { AgentLink } from '../../src/protocol/link.ts';
import type { RunLogging } from '../../src/protocol/run.ts';
import { FakeWorkerHost } from '../agent/runs.ts';
import { type Written, written } from './output.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-fleet-'));
const opened: Fleet[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ agent }) => agent.stop('test over')));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const verbs = {
  machine: machineCommands,
  group: groupCommands,
  connection: connectionCommands,
  queue: queueCommands,
  runs: runsCommands,
  schedule: scheduleCommands,
};

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Fleet {
  readonly agent: Agent;
  readonly workers: FakeWorkerHost;
  readonly dataFolder: string;
  /** `line`: verb and words, names with blanks in quotes. Never rejects: what the command throws is in `err`, as the command line shows it. */
  dflow(line: string, options?: Options, terminal?: Partial<Written>): Promise<Answer>;
  /** The only line of JSON of a command that must not fail. */
  json(line: string, options?: Options): Promise<unknown>;
  link(): Promise<AgentLink>;
  /** What the person types, or the standard input holds, when a secret is asked for. */
  secret: string;
}

let folders = 0;

/** A new agent, on a new data folder unless one is named. There its machine is called PC, so that answers are the same everywhere. */
export async function fleet(dataFolder?: string): Promise<Fleet> {
  const made = await open(dataFolder ?? join(folder, String(++folders)));
  if (dataFolder !== undefined) return made;
  const link = await made.link();
  await link.call('machines.set', { machine: link.agent.machine.id, name: 'PC' });
  link.dispose();
  return made;
}

async function open(dataFolder: string): Promise<Fleet> {
  const workers = new FakeWorkerHost();
  const agent = await startAgent({
    dataFolder,
    version: '1.2.3',
    workerScript: 'none',
    settings: { stopGraceMs: 50 },
    launch: workers.start,
  });
  const access = {
    dataFolder,
    find: () => connectAgent(agent.address, 'test').catch(() => undefined),
    start: () => Promise.reject(new Error('an agent is there already')),
  };
  const made: Fleet = {
    agent,
    workers,
    dataFolder,
    secret: '',
    link: () => connectAgent(agent.address, 'test'),
    async dflow(line, options = {}, terminal = {}) {
      const out = Object.assign(written(), terminal);
      const err = written();
      const [verb = '', ...words] = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(
        ([, quoted, plain]) => quoted ?? plain ?? '',
      );
      const context = { access, out, err, presets: {}, readSecret: async () => made.secret };
      const usual = verb === 'queue' ? 'list' : undefined;
      try {
        const commands = verbs[verb as keyof typeof verbs];
        const code = await runSubcommand(verb, commands, words, options, context, usual);
        return { code, out: out.text, err: err.text };
      } catch (error) {
        const { code, message, nextStep } = asProductError(error);
        return { code: 2, out: out.text, err: `${err.text}${code}: ${message}\n  Next: ${nextStep}\n` };
      }
    },
    async json(line, options) {
      const { code, out, err } = await made.dflow(line, { ...options, json: true });
      if (code !== 0) throw new Error(err);
      return JSON.parse(out);
    },
  };
  opened.push(made);
  return made;
}

/** Requests a run of a flow of one line; it waits behind others. */
export async function requestRun(
  from: Fleet,
  name: string,
  changes: {
    readonly priority?: 'high';
    readonly queue?: string;
    readonly inputs?: Record<string, string>;
    readonly logging?: RunLogging;
  } = {},
): Promise<string> {
  const link = await from.link();
  try {
    const { run } = await link.call('runs.enqueue', {
      flow: { name, path: `/flows/${name}.robin`, text: flowText },
      mode: 'attended',
      priority: 'normal',
      requestedBy: 'test',
      inputs: {},
      ...changes,
    });
    return run.id;
  } finally {
    link.dispose();
  }
}

export const flowText = `@INPUT Name : { 'Description': '', 'FriendlyName': 'Customer name', 'Type': 'String', 'IsOptional': True }
SET Greeting TO $'''Hello %Name%'''
`;

/** What differs from run to run replaced: identifiers, moments, spans, the user and the system. */
export function stable(text: string): string {
  const ids = new Map<string, string>();
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
      if (!ids.has(id)) ids.set(id, `id-${ids.size + 1}`);
      return ids.get(id) as string;
    })
    .replace(/\b1[5-9]\d{11}\b/g, '0')
    .replace(/"(account|owner)":"[^"]*"/g, '"$1":"user"')
    .replace(/"platform":"[^"]*"/g, '"platform":"system"')
    .replace(/"host":"[^"]*"/g, '"host":"pc"')
    .replace(/"hash":"[0-9a-f]*"/g, '"hash":"hash"');
}
