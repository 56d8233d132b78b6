// What the actions on processes say when the system does not list its processes.
import { expect, test, vi } from 'vitest';
import { systemActions } from '../../../src/runtime/actions/system.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  readdir: async () => {
    throw new Error('the list is closed');
  },
}));

test
  .skipIf(process.platform !== 'linux')
  .each([
    'IfProcess.ProcessIsRunning',
    'IfProcess.ProcessIsNotRunning',
    'IfProcess.ProcessWithNameIsRunning',
    'IfProcess.ProcessWithNameIsNotRunning',
    'WaitForProcess.ProcessToStart',
    'WaitForProcess.ProcessToStop',
    'WaitForProcess.ProcessWithNameToStart',
    'WaitForProcess.ProcessWithNameToStop',
  ])('%s', async (id) => {
  const given = { ProcessName: 'x', ...(id.includes('WithName') && { ProcessUser: 'y' }) };
  expect(await errorOf(runAction(systemActions, `System.${id}`, given, contextIn('/')))).toBe(
    'RetrieveListOfProcessesError: Cannot list the running processes: the list is closed.',
  );
});
