// The errors that only Windows can give, with an answer of our own in place of PowerShell's; see windows.test.ts for what is sent to it.
import { beforeEach, expect, test, vi } from 'vitest';
import { servicesActions } from '../../../src/runtime/actions/services.ts';
import { systemActions } from '../../../src/runtime/actions/system.ts';
import type { Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';

/** What PowerShell answers: the state of every service, or for a change an error. */
let state = 'Running';
vi.mock('../../../src/runtime/actions/platform.ts', async (original) => ({
  ...(await original<typeof import('../../../src/runtime/actions/platform.ts')>()),
  onWindows: true,
}));
vi.mock('../../../src/runtime/actions/windows.ts', async (original) => ({
  ...(await original<typeof import('../../../src/runtime/actions/windows.ts')>()),
  powershell: async (expression: string) => {
    if (/\.Status$/.test(expression)) return state;
    throw Object.assign(new Error('Access is denied'), { code: 'EACCES' });
  },
}));
beforeEach(() => {
  state = 'Running';
});

const errorOfRun = (id: string, given: Record<string, Value>) =>
  errorOf(runAction([...servicesActions, ...systemActions], id, given, contextIn('/')));

test.each([
  ['Start', 'Stopped', 'StartServiceError: The service "x" could not be started: Access is denied.'],
  ['Stop', 'Running', 'StopServiceError: The service "x" could not be stopped: Access is denied.'],
  ['Pause', 'Running', 'PauseServiceError: The service "x" could not be paused: Access is denied.'],
  ['Resume', 'Paused', 'ResumeServiceError: The service "x" could not be resumed: Access is denied.'],
  ['Pause', 'Stopped', 'ServiceIsntRunningError: The service "x" is not running.'],
  ['Resume', '', 'ServiceNotFoundError: There is no service "x".'],
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
