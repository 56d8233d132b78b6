// Services of the system: those of Windows through its service manager, those of Linux through systemd. Other systems have none here,
// and systemd cannot pause one.
import type { ServiceState, Shell } from '../../desktop/shell.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { agentNeeded, onWindows, platformUnsupported } from './platform.ts';
import { execute } from './processes.ts';

/** What a service does now; undefined: there is none of that name. */
type State = ServiceState | undefined;
type Change = 'Start' | 'Stop' | 'Pause' | 'Resume';

interface Services {
  state(name: string): Promise<State>;
  change(name: string, change: Change): Promise<void>;
}

function windowsServices(shell: Shell, signal: AbortSignal): Services {
  return {
    state: async (name) => shell.serviceState(name),
    change: (name, change) => shell.changeService(name, change.toLowerCase() as Lowercase<Change>, signal),
  };
}

const systemctl = 'systemctl';

function systemdServices({ signal, host }: ActionContext, action: string): Services {
  const unsupported = () => platformUnsupported(action, 'Windows or systemd');
  const run = async (args: readonly string[]) => {
    try {
      const done = await execute(
        { file: systemctl, args, folder: '/', environment: { LC_ALL: 'C' } },
        { capture: true, signal, clock: host.clock },
      );
      // The program may be there without the service manager, as in a container.
      if (/not been booted with systemd/.test(done.errorOutput.toString('utf8'))) throw unsupported();
      return done;
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? unsupported() : error;
    }
  };
  return {
    async state(name) {
      const { output, errorOutput, exitCode } = await run([
        'show',
        '--property=LoadState,ActiveState',
        '--',
        name,
      ]);
      if (exitCode !== 0) throw new Error(errorOutput.toString('utf8').trim());
      const property = (key: string) =>
        new RegExp(`^${key}=(.*)$`, 'm').exec(output.toString('utf8'))?.[1] ?? '';
      if (property('LoadState') === 'not-found') return undefined;
      switch (property('ActiveState')) {
        case 'active':
        case 'reloading':
          return 'running';
        case 'inactive':
        case 'failed':
          return 'stopped';
        default:
          return 'changing';
      }
    },
    async change(name, change) {
      const { exitCode, errorOutput } = await run(['--no-ask-password', change.toLowerCase(), '--', name]);
      if (exitCode !== 0)
        throw new Error(errorOutput.toString('utf8').trim() || `systemctl ended with exit code ${exitCode}`);
    },
  };
}

function servicesOf(context: ActionContext, action: string): Services {
  const { shell, signal } = context;
  if (shell !== undefined) return windowsServices(shell, signal);
  if (onWindows) throw agentNeeded(action);
  if (process.platform === 'linux') return systemdServices(context, action);
  throw platformUnsupported(action, 'Windows or systemd');
}

async function stateOf(
  args: ActionArguments,
  argument: string,
  context: ActionContext,
  action: string,
): Promise<State> {
  const name = args.text(argument).trim();
  if (name === '') return undefined;
  try {
    return await servicesOf(context, action).state(name);
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    if (error instanceof ActionError) throw error;
    throw new ActionError(
      'ActionFailed',
      `The state of the service "${name}" cannot be read: ${(error as Error).message}.`,
      'Check that the account that runs the flow may ask the service manager.',
      { cause: error },
    );
  }
}

function condition(id: string, holds: (state: State) => boolean): ActionDefinition {
  return {
    id,
    run: async (args, context) => ({ condition: holds(await stateOf(args, 'Service', context, id)) }),
  };
}

/** What must hold before a change, with its error, and the error of the change itself. */
const changes: Readonly<Record<Change, { readonly failed: string; readonly doing: string }>> = {
  Start: { failed: 'StartServiceError', doing: 'started' },
  Stop: { failed: 'StopServiceError', doing: 'stopped' },
  Pause: { failed: 'PauseServiceError', doing: 'paused' },
  Resume: { failed: 'ResumeServiceError', doing: 'resumed' },
};

async function change(kind: Change, args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const id = `Services.${kind}`;
  if (context.shell === undefined && !onWindows && (kind === 'Pause' || kind === 'Resume'))
    throw platformUnsupported(id, 'Windows');
  const name = args.text('ServiceName').trim();
  const state = await stateOf(args, 'ServiceName', context, id);
  if (state === undefined) {
    throw new ActionError(
      'ServiceNotFoundError',
      `There is no service "${name}".`,
      'Check the name: it is the short one, not the one that is shown.',
    );
  }
  if (kind === 'Start' && state === 'running') {
    throw new ActionError(
      'ServiceAlreadyRunningError',
      `The service "${name}" is running already.`,
      'Test with "If service" first.',
    );
  }
  if (kind !== 'Start' && state === 'stopped') {
    throw new ActionError(
      'ServiceIsntRunningError',
      `The service "${name}" is not running.`,
      'Test with "If service" first.',
    );
  }
  const { failed, doing } = changes[kind];
  try {
    await servicesOf(context, id).change(name, kind);
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    if (error instanceof ActionError) throw error;
    throw new ActionError(
      failed,
      `The service "${name}" could not be ${doing}: ${(error as Error).message}.`,
      'Run the flow with an account that may control the service.',
      { cause: error },
    );
  }
  return {};
}

export const servicesActions: readonly ActionDefinition[] = [
  condition('Services.IfService.IsInstalled', (state) => state !== undefined),
  condition('Services.IfService.IsNotInstalled', (state) => state === undefined),
  condition('Services.IfService.IsRunning', (state) => state === 'running'),
  condition('Services.IfService.IsPaused', (state) => state === 'paused'),
  condition('Services.IfService.IsStopped', (state) => state === 'stopped'),
  condition('Services.WaitForService.Started', (state) => state === 'running'),
  condition('Services.WaitForService.Paused', (state) => state === 'paused'),
  condition('Services.WaitForService.Stopped', (state) => state === 'stopped'),
  { id: 'Services.Start', run: (args, context) => change('Start', args, context) },
  { id: 'Services.Stop', run: (args, context) => change('Stop', args, context) },
  { id: 'Services.Pause', run: (args, context) => change('Pause', args, context) },
  { id: 'Services.Resume', run: (args, context) => change('Resume', args, context) },
];
