// `dflow agent start|status|stop|install|uninstall`: the agent of one data folder, from the command line.
import { ProductError } from '../base/error.ts';
import { isAlive } from '../launch/dataFolder.ts';
import { changeService } from '../launch/service.ts';
import type { AgentResult } from '../protocol/agent.ts';
import type { AgentLink } from '../protocol/link.ts';
import { type AgentAccess, type AgentStartOptions, agentScript, nodePath } from './access.ts';
import { counted, type Output } from './terminal.ts';
import { showSpan } from './times.ts';
import { exitCode } from './usage.ts';

/** Starts an agent that stays, unless one is running already. */
export async function startAgentCommand(
  access: AgentAccess,
  { port, sessions, sessionLimit, era }: Omit<AgentStartOptions, 'stay'>,
  out: Output,
): Promise<number> {
  const running = await access.find();
  if (running && (sessions !== undefined || era !== undefined)) {
    running.dispose();
    throw new ProductError(
      'AgentRunning',
      'The agent is already running: which sessions it makes and which era it follows is chosen at its start.',
      'Stop it first: dflow agent stop',
    );
  }
  const link = running ?? (await access.start({ port, stay: true, sessions, sessionLimit, era }));
  try {
    if (running) await link.call('agent.stay', {}); // a command may have started it only for itself
    const status = await link.call('agent.status', {});
    out.write(running ? 'The agent is already running.\n' : 'The agent is running now.\n');
    out.write(describeStatus(status));
    if (running && port !== undefined && port !== 0 && status.port !== port) {
      throw new ProductError(
        'AgentOtherPort',
        `The running agent listens on port ${status.port}, not ${port}.`,
        'Stop it first: dflow agent stop',
      );
    }
    return exitCode.ok;
  } finally {
    link.dispose();
  }
}

export async function agentStatus(access: AgentAccess, json: boolean, out: Output): Promise<number> {
  const link = await access.find();
  if (!link) {
    out.write(
      json
        ? `${JSON.stringify({ agent: 'stopped', dataFolder: access.dataFolder })}\n`
        : `No agent is running on ${access.dataFolder}.\n  Next: dflow agent start\n`,
    );
    return exitCode.agent;
  }
  try {
    const status = await link.call('agent.status', {});
    out.write(json ? `${JSON.stringify({ agent: 'running', ...status })}\n` : describeStatus(status));
    return exitCode.ok;
  } finally {
    link.dispose();
  }
}

export async function stopAgentCommand(access: AgentAccess, out: Output): Promise<number> {
  const link = await access.find();
  if (!link) {
    out.write(`No agent is running on ${access.dataFolder}.\n`);
    return exitCode.ok;
  }
  const { queued, pid } = await link.call('agent.status', {});
  await stopAgent(link, false);
  await ended(pid);
  out.write(`The agent has stopped.${queued > 0 ? ` ${queued} queued runs wait for its next start.` : ''}\n`);
  return exitCode.ok;
}

/** Sets the agent up as a service of Windows, or brings the one there is in line with this version; it runs afterwards. */
export async function installCommand(dataFolder: string | undefined, out: Output): Promise<number> {
  const {
    name,
    change,
    dataFolder: data,
  } = await changeService('install', {
    nodePath: nodePath(),
    agentScript,
    dataFolder,
  });
  out.write(
    `The service ${name} is ${change === 'installed' ? 'set up' : 'up to date'} and running, with its data in ${data}.\n`,
  );
  return exitCode.ok;
}

export async function uninstallCommand(dataFolder: string | undefined, out: Output): Promise<number> {
  const {
    name,
    change,
    dataFolder: data,
  } = await changeService('remove', {
    nodePath: nodePath(),
    agentScript,
    dataFolder,
  });
  out.write(
    change === 'removed'
      ? `The service ${name} is removed. Its data stays in ${data}.\n`
      : `There is no service ${name}.\n`,
  );
  return exitCode.ok;
}

/** Waits until the process is gone and its store is closed, 20 seconds at most. */
async function ended(pid: number): Promise<void> {
  for (let waited = 0; waited < 20_000 && isAlive(pid); waited += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Asks the agent to stop (`whenIdle`: only if nobody else needs it) and waits until the link ends. */
export async function stopAgent(link: AgentLink, whenIdle: boolean): Promise<void> {
  const closed = new Promise<void>((resolve) => link.onClose(() => resolve()));
  await link.call('agent.stop', { whenIdle });
  if (whenIdle) link.dispose(); // this link, too, keeps it from being idle
  await closed;
}

function describeStatus(status: AgentResult<'agent.status'>): string {
  return [
    `Agent ${status.machine.agentVersion} on ${status.machine.name} (${status.machine.platform}), up for ${showSpan(Date.now() - status.startedAt)}`,
    `  process ${status.pid}, port ${status.port}, data in ${status.dataFolder}`,
    `  ${status.running} running, ${status.queued} queued, ${counted(status.clients, 'client')}`,
    ...(status.recovered === undefined
      ? []
      : [`  ${status.recovered.code}: ${status.recovered.message}`, `  Next: ${status.recovered.nextStep}`]),
    '',
  ].join('\n');
}
