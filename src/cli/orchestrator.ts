// `dflow orchestrator`: starts the orchestrator process, and keeps how this account reaches one. `dflow agent pair|unpair`: brings the machine
// into its groups, and out again.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProductError } from '../base/error.ts';
import {
  connectOrchestrator,
  forgetOrchestrator,
  orchestratorAddress,
  savedOrchestrator,
  saveOrchestrator,
} from '../launch/orchestrator.ts';
import type { AgentResult } from '../protocol/agent.ts';
import { type AgentAccess, nodePath, reachAgent } from './access.ts';
import type { Context } from './subcommands.ts';
import type { Output } from './terminal.ts';
import { exitCode } from './usage.ts';

/** Beside the bundle; in a checkout that runs from its sources, the orchestrator's source. */
const script =
  typeof __dirname === 'string'
    ? join(__dirname, 'orchestrator.cjs')
    : join(import.meta.dirname, '..', 'agent', 'orchestrator', 'main.ts');

/** Runs the orchestrator process with these arguments until it ends; returns its exit code. Throws `OrchestratorNotStarted`. */
export function serve(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(nodePath(), [script, ...args], { stdio: 'inherit' });
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, pass);
    const over = () => {
      for (const signal of signals) process.off(signal, pass);
    };
    child.once('error', (error) => {
      over();
      reject(
        new ProductError(
          'OrchestratorNotStarted',
          `The orchestrator could not be started (${error.message}).`,
          'Check the installation of Desktop Flows.',
          { cause: error },
        ),
      );
    });
    child.once('exit', (code, signal) => {
      over();
      resolve(signal === null ? (code ?? exitCode.agent) : exitCode.canceled);
    });
  });
}

/**
 * Tries an address with a token that the person types, and keeps both for `--orchestrator`. Throws as `connectOrchestrator`, and
 * `InputCanceled`.
 */
export async function login(
  address: string,
  options: { readonly certificates: string | undefined; readonly insecure: boolean },
  { access, out, readSecret }: Context,
): Promise<number> {
  const place = orchestratorAddress(address, options.insecure);
  const dial = {
    address: place,
    ...(options.certificates !== undefined && { certificates: readCertificates(options.certificates) }),
    ...(options.insecure && { insecure: true }),
  };
  const token = (await readSecret('Token: ')).trim();
  const link = await connectOrchestrator({ ...dial, secret: token }, 'dflow');
  const { user } = link.agent.machine;
  link.dispose();
  saveOrchestrator(access.dataFolder, { ...dial, token });
  out.write(`Signed in at ${place} as ${user}. Commands with --orchestrator go there.\n`);
  return exitCode.ok;
}

/** A code with which one machine can be registered. Throws `AccessDenied`. */
export async function showCode(access: AgentAccess, json: boolean, out: Output): Promise<number> {
  const link = await access.start({ stay: false });
  const result = await link.call('pairing.new', {}).finally(() => link.dispose());
  const { code, expiresAt } = result;
  out.write(
    json
      ? `${JSON.stringify(result)}\n`
      : `${code}\n  Next: on the machine, before ${new Date(expiresAt).toLocaleTimeString()}: dflow agent pair ADDRESS ${code}\n`,
  );
  return exitCode.ok;
}

/** Who may do what with a machine or group; `given`: somebody gets a role there, or loses it (`none`). Throws as `access.list` and `access.set`. */
export async function showAccess(
  queue: string,
  given: { readonly principal: string; readonly role: 'owner' | 'coowner' | 'user' | 'none' } | undefined,
  access: AgentAccess,
  json: boolean,
  out: Output,
): Promise<number> {
  const link = await access.start({ stay: false });
  const list: AgentResult<'access.list'>['access'] = [];
  try {
    if (given !== undefined) {
      const { principal, role } = given;
      await link.call('access.set', { queue, principal, ...(role !== 'none' && { role }) });
    }
    list.push(...(await link.call('access.list', { queue })).access);
  } finally {
    link.dispose();
  }
  out.write(
    json
      ? `${JSON.stringify(list)}\n`
      : list.map(({ principal, role }) => `${role}\t${principal}\n`).join(''),
  );
  return exitCode.ok;
}

export function logout({ access, out }: Context): number {
  forgetOrchestrator(access.dataFolder);
  out.write('Signed out.\n');
  return exitCode.ok;
}

/** The orchestrator of `dflow orchestrator login`, in place of the agent of this machine. Each use throws `OrchestratorUnknown`, and as `connectOrchestrator`. */
export function orchestratorAccess(dataFolder: string): AgentAccess {
  const open = async () => {
    const known = savedOrchestrator(dataFolder);
    if (known === undefined) throw unknown();
    const { token, ...dial } = known;
    return connectOrchestrator({ ...dial, secret: token }, 'dflow');
  };
  return { dataFolder, find: open, start: open };
}

/** Registers this machine. Throws as `agent.pair`. */
export async function pair(
  addresses: readonly string[],
  code: string,
  options: {
    readonly name: string | undefined;
    readonly description: string | undefined;
    readonly certificates: string | undefined;
    readonly insecure: boolean;
  },
  access: AgentAccess,
  out: Output,
): Promise<number> {
  const { name, description, certificates, insecure } = options;
  const { link, result } = await reachAgent(access, (reached) =>
    reached.call('agent.pair', {
      addresses: [...addresses],
      code,
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      ...(certificates !== undefined && { certificates: readCertificates(certificates) }),
      ...(insecure && { insecure }),
    }),
  );
  // A machine that is to get work needs an agent that stays.
  await link.call('agent.stay', {});
  link.dispose();
  out.write(`This machine is registered as ${result.name} (${result.machine}) and waits for work.\n`);
  return exitCode.ok;
}

/** Takes this machine out of its orchestrator. Throws as `agent.unpair`. */
export async function unpair(access: AgentAccess, out: Output): Promise<number> {
  const { result, leave } = await reachAgent(access, (link) => link.call('agent.unpair', {}));
  await leave();
  out.write(
    result.told
      ? 'This machine is no longer registered.\n'
      : 'This machine asks for no work any more. Its orchestrator could not be reached and still lists it.\n  Next: dflow machine remove, there\n',
  );
  return exitCode.ok;
}

function unknown(): ProductError {
  return new ProductError(
    'OrchestratorUnknown',
    'This account has not signed in to an orchestrator.',
    'dflow orchestrator login wss://HOST:PORT',
  );
}

function readCertificates(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch {
    // The same as one that holds something else.
  }
  throw new ProductError(
    'CertificateUnusable',
    `${path} is no readable file with certificates (PEM).`,
    'Give the file with the certificate that the orchestrator shows, or that of its authority.',
  );
}
