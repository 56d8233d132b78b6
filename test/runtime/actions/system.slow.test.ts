// The System actions with real programs. They are small scripts for this test's own Node, so that they run on every system.
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { onWindows } from '../../../src/runtime/actions/platform.ts';
import { systemActions } from '../../../src/runtime/actions/system.ts';
import type { Value } from '../../../src/runtime/values.ts';
import { FakeHost } from '../../fakes/host.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { isAlive, isKnown, until } from './processProbe.ts';
import { temporaryFolder } from './temporaryFolder.ts';
import { unprivileged } from './unprivileged.ts';

const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});

const run = (id: string, given: Record<string, Value>, signal = new AbortController().signal) =>
  runAction(
    systemActions,
    `System.${id}`,
    given,
    contextIn(folder, { signal, host: new FakeHost({ clock: systemClock }) }),
  );
const outputs = async (id: string, given: Record<string, Value>) => (await run(id, given)).outputs ?? {};
const content = (name: string) => readFile(join(folder, name), 'utf8').catch(() => undefined);

/** Writes a script; gives the arguments that run it. */
async function script(name: string, code: string): Promise<Record<string, Value>> {
  await writeFile(join(folder, name), code);
  return { ApplicationPath: process.execPath, CommandLineArguments: `"${join(folder, name)}"` };
}

/** Starts a process that lives until the test ends; `pid` is its own word for itself. */
async function startSleeper(): Promise<number> {
  const application = await script(
    'sleeper.cjs',
    "require('fs').writeFileSync('pid.txt', String(process.pid)); setTimeout(() => {}, 60_000);",
  );
  const { ProcessId } = await outputs('RunApplication.RunApplication', application);
  onTestFinished(() => {
    if (isAlive(ProcessId as number)) process.kill(ProcessId as number, 'SIGKILL');
  });
  expect(await until(() => content('pid.txt'))).toBe(String(ProcessId));
  return ProcessId as number;
}

describe('run application', () => {
  test('continues at once; arguments and working folder arrive', async () => {
    await mkdir(join(folder, 'work'));
    const application = await script(
      'report.cjs',
      "require('fs').writeFileSync('done.txt', JSON.stringify(process.argv.slice(2)));",
    );
    const { ProcessId } = await outputs('RunApplication.RunApplication', {
      ...application,
      CommandLineArguments: `${application.CommandLineArguments} plain "with blank" "say \\"hi\\""`,
      WorkingDirectory: 'work',
    });
    expect(ProcessId).toBeGreaterThan(0);
    expect(await until(() => content('work/done.txt'))).toBe('["plain","with blank","say \\"hi\\""]');
  });

  test('waits for the end and gives the exit code', async () => {
    const application = await script('exit.cjs', 'setTimeout(() => process.exit(7), 50)');
    const result = await outputs('RunApplication.RunApplicationAndWaitToComplete', application);
    expect(result).toEqual({ ProcessId: expect.any(Number), ExitCode: 7 });
    expect(isAlive(result.ProcessId as number)).toBe(false);
  });

  test('a timeout leaves the application running and says so', async () => {
    const application = await script(
      'long.cjs',
      "require('fs').writeFileSync('pid.txt', String(process.pid)); setTimeout(() => {}, 60_000);",
    );
    const work = run('RunApplication.RunApplicationAndWaitToComplete', { ...application, Timeout: 1 });
    expect(await errorOf(work)).toMatch(
      /^TimeoutError: .* did not complete within 1 seconds and is still running\.$/,
    );
    const pid = Number(await content('pid.txt'));
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });

  test('when the run stops, the application and what it started are ended', async () => {
    const application = await script(
      'parent.cjs',
      `const child = require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' });
       require('fs').writeFileSync('pids.txt', process.pid + ' ' + child.pid); setTimeout(() => {}, 60_000);`,
    );
    const controller = new AbortController();
    const work = run('RunApplication.RunApplicationAndWaitToComplete', application, controller.signal);
    const pids = (await until(() => content('pids.txt'))).split(' ').map(Number);
    const start = performance.now();
    controller.abort(new Error('the run was stopped'));
    await expect(work).rejects.toBe(controller.signal.reason);
    expect(performance.now() - start).toBeLessThan(5_000);
    await until(async () => pids.every((pid) => !isAlive(pid)) || undefined);
  });

  test.skipIf(onWindows)('what may not be read is not opened either', async () => {
    await writeFile(join(folder, 'secret.txt'), '');
    await chmod(folder, 0o755);
    await chmod(join(folder, 'secret.txt'), 0);
    for (const id of ['RunApplication', 'RunApplicationAndWaitToComplete']) {
      const work = () => errorOf(run(`RunApplication.${id}`, { ApplicationPath: 'secret.txt' }));
      expect(await unprivileged(work)).toMatch(
        /^AccessDeniedForApplicationOrFileError: Cannot run ".*secret\.txt": access is denied\.$/,
      );
    }
  });

  test.each<[Record<string, Value>, RegExp]>([
    [
      { ApplicationPath: './no-such-program' },
      /^FileOrApplicationNotFoundError: .*no-such-program" does not exist\.$/,
    ],
    [{ ApplicationPath: 'no-such-program-anywhere' }, /^FileOrApplicationNotFoundError: /],
    [{ ApplicationPath: '' }, /^FileOrApplicationNotFoundError: /],
    [
      { ApplicationPath: 'x', WorkingDirectory: 'nowhere' },
      /^ExecuteApplicationOrOpenFileError: .*nowhere" does not exist\.$/,
    ],
  ])('%j fails with %s', async (given, message) => {
    expect(await errorOf(run('RunApplication.RunApplication', given))).toMatch(message);
    expect(await errorOf(run('RunApplication.RunApplicationAndWaitToComplete', given))).toMatch(message);
  });
});

test.runIf(process.platform === 'linux')(
  'a document goes to the opener of the desktop, if there is one',
  async () => {
    await writeFile(join(folder, 'letter.txt'), 'Dear all');
    await mkdir(join(folder, 'bin'));
    const path = process.env.PATH;
    onTestFinished(() => {
      process.env.PATH = path;
    });
    process.env.PATH = join(folder, 'bin');
    for (const ApplicationPath of ['letter.txt', '.', 'https://example.com/']) {
      expect(await errorOf(run('RunApplication.RunApplication', { ApplicationPath }))).toMatch(
        /^ExecuteApplicationOrOpenFileError: This machine has no program that runs or opens /,
      );
    }
    await writeFile(join(folder, 'bin', 'xdg-open'), '#!/bin/sh\nprintf %s "$1" > opened.txt\n', {
      mode: 0o755,
    });
    await run('RunApplication.RunApplicationAndWaitToComplete', { ApplicationPath: 'letter.txt' });
    expect(await content('opened.txt')).toBe(join(folder, 'letter.txt'));
  },
);

describe('processes', () => {
  test('a process is found by its name in any letter case, with .exe or without', async () => {
    await startSleeper();
    const name = basename(process.execPath)
      .replace(/\.exe$/i, '')
      .toUpperCase();
    for (const ProcessName of [name, `${name}.exe`]) {
      expect(await run('IfProcess.ProcessIsRunning', { ProcessName })).toEqual({ condition: true });
      expect(await run('IfProcess.ProcessIsNotRunning', { ProcessName })).toEqual({ condition: false });
      expect(await run('WaitForProcess.ProcessToStart', { ProcessName })).toEqual({ condition: true });
      expect(await run('WaitForProcess.ProcessToStop', { ProcessName })).toEqual({ condition: false });
    }
    const ProcessName = 'no-such-process';
    expect(await run('IfProcess.ProcessIsRunning', { ProcessName })).toEqual({ condition: false });
    expect(await run('WaitForProcess.ProcessToStop', { ProcessName })).toEqual({ condition: true });
  });

  test('terminate by id; a second time there is nothing to end', async () => {
    const ProcessId = await startSleeper();
    await run('TerminateProcess.TerminateProcessById', { ProcessId });
    await until(async () => !isKnown(ProcessId) || undefined);
    const again = run('TerminateProcess.TerminateProcessById', { ProcessId });
    expect(await errorOf(again)).toBe(
      `ProcessWithSpecifiedIdNotRunningError: No process with the id ${ProcessId} is running.`,
    );
  });

  test.runIf(!onWindows)('only processes of one user, where the flow names one', async () => {
    const ProcessId = await startSleeper();
    const ProcessName = basename(process.execPath);
    const [own, other] = [userInfo().username, 'nobody-at-all'];
    const holds = async (id: string, ProcessUser: string) =>
      (await run(id, { ProcessName, ProcessUser })).condition;
    expect(await holds('IfProcess.ProcessWithNameIsRunning', own.toUpperCase())).toBe(true);
    expect(await holds('IfProcess.ProcessWithNameIsRunning', other)).toBe(false);
    expect(await holds('IfProcess.ProcessWithNameIsNotRunning', other)).toBe(true);
    expect(await holds('WaitForProcess.ProcessWithNameToStart', own)).toBe(true);
    expect(await holds('WaitForProcess.ProcessWithNameToStop', other)).toBe(true);
    const terminate = (ProcessUser: string) =>
      run('TerminateProcess.TerminateProcessByIdWithUserName', { ProcessId, ProcessUser });
    expect(await errorOf(terminate(other))).toMatch(/^ProcessWithSpecifiedIdNotRunningError/);
    await run('TerminateProcess.TerminateProcessByNameWithUserName', { ProcessName, ProcessUser: other });
    expect(isAlive(ProcessId)).toBe(true);
    await terminate(own);
    await until(async () => !isKnown(ProcessId) || undefined);
  });

  test('a flow cannot end its own process', async () => {
    const work = run('TerminateProcess.TerminateProcessById', { ProcessId: process.pid });
    expect(await errorOf(work)).toMatch(/^TerminateProcessError: .*it runs this flow\.$/);
  });

  test.runIf(process.platform === 'linux')(
    'terminate by name, also beyond the 15 characters the system keeps',
    async () => {
      // A program with a name nobody else has: this Node under another name.
      const program = join(folder, 'dflow-test-program-with-a-long-name');
      await symlink(process.execPath, program);
      const given = { ApplicationPath: program, CommandLineArguments: '-e "setTimeout(() => {}, 60_000)"' };
      const { ProcessId } = await outputs('RunApplication.RunApplication', given);
      const ProcessName = basename(program).toUpperCase();
      await until(
        async () => (await run('IfProcess.ProcessIsRunning', { ProcessName })).condition || undefined,
      );
      await run('TerminateProcess.TerminateProcessByName', { ProcessName: 'dflow-test-prog' });
      expect(isAlive(ProcessId as number)).toBe(true);
      await run('TerminateProcess.TerminateProcessByName', { ProcessName });
      await until(async () => !isAlive(ProcessId as number) || undefined);
      await run('TerminateProcess.TerminateProcessByName', { ProcessName });
    },
  );
});

describe('environment variables', () => {
  const Name = 'DFLOW_TEST_VARIABLE';

  test.runIf(!onWindows)('set, read, seen by programs, deleted', async () => {
    onTestFinished(() => {
      delete process.env[Name];
    });
    const missing =
      /^EnvironmentVariableNotFoundError: The environment variable "DFLOW_TEST_VARIABLE" does not exist\.$/;
    expect(await errorOf(run('GetEnvironmentVariable.GetEnvironmentVariable', { Name }))).toMatch(missing);
    await run('SetEnvironmentVariable', { Name, Value: 'a b=c' });
    expect(await outputs('GetEnvironmentVariable.GetEnvironmentVariable', { Name })).toEqual({
      Value: 'a b=c',
    });
    const scoped = { Name, Scope: 'System' };
    expect(await outputs('GetEnvironmentVariable.GetEnvironmentVariableFromScope', scoped)).toEqual({
      Value: 'a b=c',
    });
    const application = await script(
      'env.cjs',
      `require('fs').writeFileSync('env.txt', process.env.${Name})`,
    );
    await run('RunApplication.RunApplicationAndWaitToComplete', application);
    expect(await content('env.txt')).toBe('a b=c');
    // In any letter case, as on Windows.
    const other = Name.toLowerCase();
    await run('SetEnvironmentVariable', { Name: other, Value: 'other' });
    for (const one of [Name, other]) {
      const { Value } = await outputs('GetEnvironmentVariable.GetEnvironmentVariable', { Name: one });
      expect(Value).toBe('other');
    }
    await run('DeleteEnvironmentVariable', { Name: other });
    expect(await errorOf(run('GetEnvironmentVariable.GetEnvironmentVariable', { Name }))).toMatch(missing);
  });

  test.runIf(!onWindows)('what Windows sets for every program is there on other systems', async () => {
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const read = async (Name: string) =>
      (await outputs('GetEnvironmentVariable.GetEnvironmentVariable', { Name })).Value;
    for (const name of ['COMPUTERNAME', 'USERNAME', 'TEMP']) vi.stubEnv(name, undefined);
    expect(await read('COMPUTERNAME')).toBe(hostname());
    expect(await read('UserName')).toBe(userInfo().username);
    expect(await read('TEMP')).toBe(tmpdir());
    vi.stubEnv('TEMP', '/elsewhere');
    expect(await read('TEMP')).toBe('/elsewhere');
  });

  test.each([
    [
      'SetEnvironmentVariable',
      { Name: 'a=b', Value: 'x' },
      /^SetEnvironmentVariableValueError: "a=b" cannot be/,
    ],
    [
      'SetEnvironmentVariable',
      { Name: 'a', Value: 'x\0y' },
      /^SetEnvironmentVariableValueError: .*cannot hold a text with the character U\+0000/,
    ],
    ['DeleteEnvironmentVariable', { Name: '' }, /^DeleteEnvironmentVariableError: /],
  ])('%s %j fails with %s', async (id, given, message) => {
    expect(await errorOf(run(id, given))).toMatch(message);
  });
});
