// The errors that only Windows can give, over a shell of Windows that is played.
import { expect, test } from 'vitest';
import type { ServiceState, Shell } from '../../../src/desktop/shell.ts';
import { servicesActions } from '../../../src/runtime/actions/services.ts';
import { systemActions } from '../../../src/runtime/actions/system.ts';
import type { Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { playedShell } from './playedShell.ts';

/** The state of every service; changes are refused. */
let state: ServiceState | undefined;
const denied = () => Object.assign(new Error('Access is denied'), { code: 'EACCES' });
const shell: Shell = {
  ...playedShell,
  serviceState: () => state,
  changeService: () => Promise.reject(denied()),
  setEnvironmentVariable: () => Promise.reject(denied()),
  environmentVariable() {
    throw denied();
  },
};

const errorOfRun = (id: string, given: Record<string, Value>) =>
  errorOf(runAction([...servicesActions, ...systemActions], id, given, contextIn('/', { shell })));

test.each<[string, ServiceState | undefined, string]>([
  ['Start', 'stopped', 'StartServiceError: The service "x" could not be started: Access is denied.'],
  ['Stop', 'running', 'StopServiceError: The service "x" could not be stopped: Access is denied.'],
  ['Pause', 'running', 'PauseServiceError: The service "x" could not be paused: Access is denied.'],
  ['Resume', 'paused', 'ResumeServiceError: The service "x" could not be resumed: Access is denied.'],
  ['Pause', 'stopped', 'ServiceIsntRunningError: The service "x" is not running.'],
  ['Resume', undefined, 'ServiceNotFoundError: There is no service "x".'],
])('%s a service that is %j', async (id, current, message) => {
  state = current;
  expect(await errorOfRun(`Services.${id}`, { ServiceName: 'x' })).toBe(message);
});

test.each<[string, Record<string, Value>, string]>([
  ['SetEnvironmentVariable', { Value: 'v', Type: 'System' }, 'InsufficientPermissionsError: Cannot change'],
  ['SetEnvironmentVariable', { Value: 'v' }, 'SetEnvironmentVariableValueError: Cannot change'],
  ['DeleteEnvironmentVariable', { Type: 'System' }, 'InsufficientPermissionsError: Cannot change'],
  ['DeleteEnvironmentVariable', {}, 'DeleteEnvironmentVariableError: Cannot change'],
  ['GetEnvironmentVariable.GetEnvironmentVariableFromScope', {}, 'InsufficientPermissionsError: Cannot read'],
])('%s %j without the right to it', async (id, given, message) => {
  expect(await errorOfRun(`System.${id}`, { Name: 'DFLOW_X', ...given })).toBe(
    `${message} environment variable "DFLOW_X": access is denied.`,
  );
});

test('changes the store of Windows, and what the flow starts from then on', async () => {
  const stored: unknown[] = [];
  const keeping = {
    ...playedShell,
    setEnvironmentVariable: async (...change: unknown[]) => void stored.push(change),
    environmentVariable: (scope: string, name: string) => `${name} of ${scope}`,
  } satisfies Shell;
  const run = (id: string, given: Record<string, Value>) =>
    runAction(
      systemActions,
      `System.${id}`,
      { Name: 'DFLOW_X', ...given },
      contextIn('/', { shell: keeping }),
    );
  await run('SetEnvironmentVariable', { Value: 'v', Type: 'System' });
  expect(process.env.DFLOW_X).toBe('v');
  await run('DeleteEnvironmentVariable', {});
  expect(process.env.DFLOW_X).toBeUndefined();
  expect(stored).toEqual([
    ['system', 'DFLOW_X', 'v'],
    ['user', 'DFLOW_X', undefined],
  ]);
  const { outputs } = await run('GetEnvironmentVariable.GetEnvironmentVariableFromScope', {
    Scope: 'System',
  });
  expect(outputs).toEqual({ Value: 'DFLOW_X of system' });
});
