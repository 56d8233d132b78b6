// The System actions that deal with programs, processes and environment variables.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { basename, extname, join } from 'node:path';
import type { Shell, Start, WindowStyle } from '../../desktop/shell.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { eventually, onDesktop, onWindowsOnly } from './desktop.ts';
import { attempt, exists, isFile, mayRead, pathOf, requireFolder } from './fileSystem.ts';
import { onWindows, platformUnsupported, systemFolder } from './platform.ts';
import {
  execute,
  hasName,
  hasUser,
  type Program,
  type RunningProcess,
  runningProcesses,
  splitCommandLine,
  startDetached,
  TimedOut,
} from './processes.ts';

// ── Run application ─────────────────────────────────────────────────────────────────────────────────────────────

interface Application {
  /** A program, a document, a folder or a web address. */
  readonly path: string;
  readonly commandLine: string;
  /** Working folder; the flow's folder when none is given. */
  readonly folder: string;
  /** Member of System.ProcessWindowStyle. Only Windows lets a caller choose it. */
  readonly windowStyle: string;
}

async function applicationOf(args: ActionArguments, context: ActionContext): Promise<Application> {
  const folder = args.has('WorkingDirectory') ? pathOf(args, 'WorkingDirectory') : context.folder;
  await requireFolder(folder, 'ExecuteApplicationOrOpenFileError');
  const text = args.text('ApplicationPath').trim();
  if (text === '') throw notFound(text);
  const resolved = pathOf(args, 'ApplicationPath');
  // A bare name is looked for beside the flow first, then where the system keeps programs.
  const path = isAddress(text) || (!/[\\/]/.test(text) && !(await exists(resolved))) ? text : resolved;
  if (path === resolved && !(await exists(path))) throw notFound(path);
  return {
    path,
    commandLine: args.text('CommandLineArguments'),
    folder,
    windowStyle: args.member('WindowStyle'),
  };
}

const isAddress = (text: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(text);

function notFound(path: string): ActionError {
  return new ActionError(
    'FileOrApplicationNotFoundError',
    `The application or file "${path}" does not exist.`,
    'Check the path; give it in full when the application is not on the search path of this machine.',
  );
}

/** The program to start on systems other than Windows; what is no program is given to the opener of the desktop. Throws EACCES. */
async function programOf(application: Application): Promise<Program> {
  const { path, folder } = application;
  const isProgram =
    (await isFile(path)) &&
    (await access(path, constants.X_OK).then(
      () => true,
      () => false,
    ));
  if (!isProgram && (await isFile(path)) && !(await mayRead(path)))
    throw Object.assign(new Error(), { code: 'EACCES' });
  if (isProgram || !(isAddress(path) || path.includes('/'))) {
    return { file: path, args: splitCommandLine(application.commandLine), folder };
  }
  return { file: process.platform === 'darwin' ? 'open' : 'xdg-open', args: [path], folder };
}

/** Runs `work`; the system's errors become the documented ones. */
async function starting<T>(
  application: Application,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (signal.aborted || error instanceof TimedOut) throw error;
    if (code === 'ENOENT') {
      if (!isAddress(application.path) && !(await exists(application.path))) throw notFound(application.path);
      throw new ActionError(
        'ExecuteApplicationOrOpenFileError',
        `This machine has no program that runs or opens "${application.path}".`,
        'Install one, or give the program as application and the document as its command line argument.',
        { cause: error },
      );
    }
    const denied = code === 'EACCES' || code === 'EPERM';
    throw new ActionError(
      denied ? 'AccessDeniedForApplicationOrFileError' : 'ExecuteApplicationOrOpenFileError',
      `Cannot run "${application.path}": ${denied ? 'access is denied' : (error as Error).message}.`,
      denied
        ? 'Give the account that runs the flow the right to execute it.'
        : 'Try to start it by hand with the same account.',
      { cause: error },
    );
  }
}

async function runApplication(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const { shell, signal } = context;
  const application = await applicationOf(args, context);
  const pid = await starting(application, signal, async () => {
    if (shell === undefined) return await startDetached(await programOf(application));
    const started = await shell.start(startOf(application), signal);
    started?.close();
    // A program that runs already took the document over.
    return started?.id ?? 0;
  });
  return { outputs: { ProcessId: pid } };
}

const styles: Readonly<Record<string, WindowStyle>> = {
  Normal: 'normal',
  Hidden: 'hidden',
  Minimized: 'minimized',
  Maximized: 'maximized',
};

const startOf = ({ path, commandLine, folder, windowStyle }: Application): Start => ({
  path,
  commandLine,
  folder,
  style: styles[windowStyle] ?? 'normal',
});

/** A timeout of 0 waits for ever. When it is over the application is left running. */
async function runToCompletion(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const { shell, signal } = context;
  const { clock } = context.host;
  const application = await applicationOf(args, context);
  const seconds = args.integer('Timeout');
  const timeoutSeconds = seconds > 0 ? seconds : undefined;
  try {
    const done = await starting(application, signal, async () =>
      shell !== undefined
        ? await completeInShell(shell, application, timeoutSeconds, signal)
        : await execute(await programOf(application), {
            capture: false,
            timeoutSeconds,
            leaveRunning: true,
            signal,
            clock,
          }),
    );
    return { outputs: { ProcessId: done.pid, ExitCode: done.exitCode } };
  } catch (error) {
    if (!(error instanceof TimedOut)) throw error;
    throw new ActionError(
      'TimeoutError',
      `"${application.path}" did not complete within ${seconds} seconds and is still running.`,
      'Allow more time, or end it with "Terminate process".',
    );
  }
}

async function completeInShell(
  shell: Shell,
  application: Application,
  timeoutSeconds: number | undefined,
  signal: AbortSignal,
): Promise<{ pid: number; exitCode: number }> {
  const started = await shell.start(startOf(application), signal);
  if (started === undefined) return { pid: 0, exitCode: 0 };
  try {
    const exitCode = await started.ended(
      timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
      signal,
    );
    if (exitCode === undefined) throw new TimedOut('it did not end in time');
    return { pid: started.id, exitCode };
  } finally {
    started.close();
  }
}

// ── Waiting for its window ──────────────────────────────────────────────────────────────────────────────────────

const windowError = 'RetrieveApplicationMainWindowHandleError';

/** A timeout of 0 waits for ever. A program that only hands over to another of its name (as one of the store does) is followed. */
async function runAndWaitToLoad(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const { shell, signal } = context;
  if (shell === undefined) throw platformUnsupported('System.RunApplication', 'Windows');
  const application = await applicationOf(args, context);
  const seconds = Math.max(0, args.integer('Timeout'));
  const doing = `The window of "${application.path}" cannot be waited for`;
  return await onDesktop(context, { code: windowError }, doing, async (desktop) => {
    const before = new Set((await desktop.windows(signal)).map(({ handle }) => handle));
    const started = await starting(application, signal, () => shell.start(startOf(application), signal));
    const name = basename(application.path, extname(application.path)).toLowerCase();
    try {
      const window = await eventually(
        context,
        seconds === 0 ? Number.POSITIVE_INFINITY : seconds,
        async () => {
          const open = (await desktop.windows(signal)).filter(
            ({ isVisible, title }) => isVisible && title !== '',
          );
          return (
            open.find(({ processId }) => processId === started?.id) ??
            open.find(({ handle, process }) => !before.has(handle) && process.toLowerCase() === name)
          );
        },
      );
      if (window !== undefined)
        return { outputs: { WindowHandle: window.handle, ProcessId: window.processId } };
    } finally {
      started?.close();
    }
    throw new ActionError(
      windowError,
      `"${application.path}" showed no window within ${seconds} seconds.`,
      'Allow more time, or use "Run application" without waiting when it has none.',
    );
  });
}

// ── Ping ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `PingResult` as .NET names it. The time is 0 when there was no answer. */
async function ping(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const host = args.text('HostName').trim();
  const ms = Math.max(1, args.integer('Timeout'));
  if (host === '' || !/^[^\s-][^\s]*$/.test(host))
    throw pingFailure(host, 'it is no name or address of a machine');
  const file = onWindows ? join(systemFolder(), 'ping.exe') : 'ping';
  const command = onWindows
    ? ['-n', '1', '-w', String(ms), host]
    : process.platform === 'darwin'
      ? ['-c', '1', '-W', String(ms), host]
      : ['-c', '1', '-W', String(Math.ceil(ms / 1000)), host];
  const { signal } = context;
  try {
    const { exitCode, output, errorOutput } = await execute(
      { file, args: command, folder: onWindows ? systemFolder() : '/', environment: { LC_ALL: 'C' } },
      { capture: true, timeoutSeconds: Math.ceil(ms / 1000) + 5, signal, clock: context.host.clock },
    );
    return {
      outputs: pingOutcome(host, exitCode, output.toString('latin1'), errorOutput.toString('latin1')),
    };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ActionError) throw error;
    if (error instanceof TimedOut) return { outputs: { PingResult: 'TimedOut', RoundTripTime: 0 } };
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw platformUnsupported('System.Ping', 'the program ping');
    throw pingFailure(host, (error as Error).message, error);
  }
}

/** What the program said, in any language: an answer has its time in milliseconds. Throws `CompletePingActionError` for an unknown machine. */
export function pingOutcome(
  host: string,
  exitCode: number,
  output: string,
  errorOutput: string,
): { readonly PingResult: string; readonly RoundTripTime: number } {
  const time = /[=<]\s*(\d+(?:[.,]\d+)?)\s*ms/i.exec(output)?.[1];
  if (exitCode === 0 && time !== undefined)
    return { PingResult: 'Success', RoundTripTime: Math.round(Number(time.replace(',', '.'))) };
  if (/unreachable/i.test(output)) return { PingResult: 'DestinationHostUnreachable', RoundTripTime: 0 };
  // Windows and others name the address they wait for before the answer; without one the name is unknown.
  if (exitCode !== 0 && (exitCode === 2 || !/\[?\d+\.\d+\.\d+\.\d+|:[0-9a-f]*:/i.test(output)))
    throw pingFailure(host, errorOutput.trim().split(/\r?\n/, 1)[0] || 'there is no machine of this name');
  return { PingResult: 'TimedOut', RoundTripTime: 0 };
}

function pingFailure(host: string, what: string, cause?: unknown): ActionError {
  return new ActionError(
    'CompletePingActionError',
    `"${host}" cannot be pinged: ${what}.`,
    'Check the name of the machine and the network.',
    { cause },
  );
}

// ── Processes ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Those of one user where the flow names one. */
async function processesOf(args: ActionArguments, signal: AbortSignal): Promise<RunningProcess[]> {
  const user = args.has('ProcessUser') ? args.text('ProcessUser') : undefined;
  try {
    const found = await runningProcesses(signal, user !== undefined);
    return user === undefined ? found : found.filter((running) => hasUser(running, user));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new ActionError(
      'RetrieveListOfProcessesError',
      `Cannot list the running processes: ${(error as Error).message}.`,
      'Check that the account that runs the flow may list processes.',
      { cause: error },
    );
  }
}

async function processesNamed(args: ActionArguments, signal: AbortSignal): Promise<RunningProcess[]> {
  const name = args.text('ProcessName');
  return (await processesOf(args, signal)).filter((running) => hasName(running, name));
}

const isRunning = async (args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> => ({
  condition: (await processesNamed(args, signal)).length > 0,
});
const isNotRunning = async (args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> => ({
  condition: (await processesNamed(args, signal)).length === 0,
});

async function terminateById(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const pid = args.integer('ProcessId');
  // The process of another user that got this number meanwhile is not meant.
  const isMeant =
    !args.has('ProcessUser') || (await processesOf(args, signal)).some((running) => running.pid === pid);
  if (pid <= 0 || !isMeant || !terminate(pid)) {
    throw new ActionError(
      'ProcessWithSpecifiedIdNotRunningError',
      `No process with the id ${pid} is running.`,
      'Take the id from "Run application", or terminate the process by its name.',
    );
  }
  return {};
}

/** Ends all processes of that name; none is no error. */
async function terminateByName(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  for (const { pid } of await processesNamed(args, signal)) {
    if (!isOurs(pid)) terminate(pid);
  }
  return {};
}

/** The process of this run and the agent above it: a flow that ends every `node` must not end itself. */
const isOurs = (pid: number): boolean => pid === process.pid || pid === process.ppid;

/** False when there is no such process. */
function terminate(pid: number): boolean {
  const reason = isOurs(pid) ? 'it runs this flow' : kill(pid);
  if (reason === undefined) return true;
  if (reason === 'ESRCH') return false;
  throw new ActionError(
    'TerminateProcessError',
    `Cannot terminate the process ${pid}: ${reason === 'EPERM' ? 'it belongs to another user or to the system' : reason}.`,
    'Run the flow with an account that may end this process.',
  );
}

/** Undefined when it worked, else the system's error code. */
function kill(pid: number): string | undefined {
  try {
    process.kill(pid, 'SIGKILL');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}

// ── Environment variables ───────────────────────────────────────────────────────────────────────────────────────
// Windows keeps variables per user and per system. Other systems have no such store: there a variable is set, read and
// deleted for the rest of the run and the programs it starts.

/** What Windows sets for every program and flows rely on, where the system is another one and has no variable of this name. */
const windowsVariables: Readonly<Record<string, () => string>> = {
  COMPUTERNAME: hostname,
  USERNAME: () => userInfo().username,
  USERPROFILE: homedir,
  TEMP: tmpdir,
  TMP: tmpdir,
};

const windowsVariable = (name: string): string | undefined =>
  onWindows ? undefined : windowsVariables[name.toUpperCase()]?.();

/** The name as a variable of this process has it: as on Windows in any letter case, the exact one first; the given one for a new variable. */
function ownName(name: string): string {
  if (process.env[name] !== undefined) return name;
  const wanted = name.toLowerCase();
  return Object.keys(process.env).find((key) => key.toLowerCase() === wanted) ?? name;
}

/** Member of System.EnvironmentVariableType → the store of Windows. */
const store = (member: string) => (member === 'System' ? 'system' : 'user');

async function getVariable(
  name: string,
  scope: string | undefined,
  { shell, signal }: ActionContext,
): Promise<ActionResult> {
  const stored =
    shell !== undefined && scope !== undefined
      ? await attempt('InsufficientPermissionsError', 'read environment variable', name, signal, async () =>
          shell.environmentVariable(store(scope), name),
        )
      : (process.env[ownName(name)] ?? windowsVariable(name));
  // An empty variable and none are the same on Windows.
  if (stored !== undefined && stored !== '') return { outputs: { Value: stored } };
  throw new ActionError(
    'EnvironmentVariableNotFoundError',
    `The environment variable "${name}" does not exist.`,
    'Check the name and the scope, and whether the agent was started after the variable was set.',
  );
}

async function setVariable(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const name = args.text('Name');
  const value = args.text('Value');
  requireVariableName(name, 'SetEnvironmentVariableValueError');
  if (value.includes('\0')) {
    throw new ActionError(
      'SetEnvironmentVariableValueError',
      `The environment variable "${name}" cannot hold a text with the character U+0000.`,
      'Remove that character first.',
    );
  }
  await changeVariable(name, value, args.member('Type'), 'SetEnvironmentVariableValueError', context);
  process.env[ownName(name)] = value;
  return {};
}

async function deleteVariable(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const name = args.text('Name');
  requireVariableName(name, 'DeleteEnvironmentVariableError');
  await changeVariable(name, undefined, args.member('Type'), 'DeleteEnvironmentVariableError', context);
  delete process.env[ownName(name)];
  return {};
}

/** Changes the store of Windows; without a value the variable is deleted. */
async function changeVariable(
  name: string,
  value: string | undefined,
  scope: string,
  code: string,
  { shell, signal }: ActionContext,
): Promise<void> {
  if (shell === undefined) return;
  await attempt(
    scope === 'System' ? 'InsufficientPermissionsError' : code,
    'change environment variable',
    name,
    signal,
    () => shell.setEnvironmentVariable(store(scope), name, value),
  );
}

function requireVariableName(name: string, code: string): void {
  if (name !== '' && !/[=\0]/.test(name)) return;
  throw new ActionError(
    code,
    `"${name}" cannot be the name of an environment variable.`,
    'Give a name without the character =.',
  );
}

export const systemActions: readonly ActionDefinition[] = [
  { id: 'System.RunApplication.RunApplication', run: runApplication },
  { id: 'System.RunApplication.RunApplicationAndWaitToComplete', run: runToCompletion },
  ...onWindowsOnly([{ id: 'System.RunApplication.RunApplicationAndWaitToLoad', run: runAndWaitToLoad }]),
  { id: 'System.Ping', run: ping },
  { id: 'System.IfProcess.ProcessIsRunning', run: isRunning },
  { id: 'System.IfProcess.ProcessIsNotRunning', run: isNotRunning },
  { id: 'System.WaitForProcess.ProcessToStart', run: isRunning },
  { id: 'System.WaitForProcess.ProcessToStop', run: isNotRunning },
  { id: 'System.TerminateProcess.TerminateProcessById', run: terminateById },
  { id: 'System.TerminateProcess.TerminateProcessByName', run: terminateByName },
  { id: 'System.IfProcess.ProcessWithNameIsRunning', run: isRunning },
  { id: 'System.IfProcess.ProcessWithNameIsNotRunning', run: isNotRunning },
  { id: 'System.WaitForProcess.ProcessWithNameToStart', run: isRunning },
  { id: 'System.WaitForProcess.ProcessWithNameToStop', run: isNotRunning },
  { id: 'System.TerminateProcess.TerminateProcessByIdWithUserName', run: terminateById },
  { id: 'System.TerminateProcess.TerminateProcessByNameWithUserName', run: terminateByName },
  {
    id: 'System.GetEnvironmentVariable.GetEnvironmentVariable',
    run: (args, context) => getVariable(args.text('Name'), undefined, context),
  },
  {
    id: 'System.GetEnvironmentVariable.GetEnvironmentVariableFromScope',
    run: (args, context) => getVariable(args.text('Name'), args.member('Scope'), context),
  },
  { id: 'System.SetEnvironmentVariable', run: setVariable },
  { id: 'System.DeleteEnvironmentVariable', run: deleteVariable },
];
