// Lets the agent's program set up or remove its Windows service, for shells that have no way into Windows of their own.
import { spawn } from 'node:child_process';
import * as z from 'zod/mini';
import { ProductError } from '../base/error.ts';
import { type ServiceState, serviceState } from '../protocol/service.ts';

const outcome = z.union([
  z.object({ service: serviceState }),
  z.object({ error: z.object({ code: z.string(), message: z.string(), nextStep: z.string() }) }),
]);

export const serviceName = 'DesktopFlows';

/** Throws `ServiceNotHere` on other systems, `ServiceNotAllowed`, `ServiceFailed`. Without `dataFolder`: the usual one of the service. */
export function changeService(
  what: 'install' | 'remove',
  {
    nodePath,
    agentScript,
    dataFolder,
  }: { nodePath: string; agentScript: string; dataFolder?: string | undefined },
): Promise<ServiceState> {
  if (process.platform !== 'win32')
    return Promise.reject(
      new ProductError(
        'ServiceNotHere',
        'The agent is a service on Windows only.',
        'Start it with: dflow agent start',
      ),
    );
  const args = [agentScript, `--${what}-service`, serviceName];
  if (dataFolder !== undefined) args.push('--data-folder', dataFolder);
  return new Promise((resolve, reject) => {
    const child = spawn(nodePath, args, { windowsHide: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let words = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-2_000);
    });
    child.once('error', (error) => reject(failed(error.message)));
    child.once('close', (code) => {
      try {
        const result = outcome.parse(JSON.parse(said));
        if ('service' in result) resolve(result.service);
        else reject(new ProductError(result.error.code, result.error.message, result.error.nextStep));
      } catch {
        reject(failed(`its program ended with exit code ${code}. ${words.trim()}`));
      }
    });
  });
}

function failed(why: string): ProductError {
  return new ProductError(
    'ServiceFailed',
    `The service ${serviceName} cannot be changed: ${why}`,
    'Look for it in the event log under Desktop Flows, and in agent.log in its data folder.',
  );
}
