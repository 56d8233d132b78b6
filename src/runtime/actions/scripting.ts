// The Scripting actions: "Run DOS command" in its four variants, and those that run a script (see scriptFiles.ts).
import { join } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { codePageOf, decodeCodePage } from './codePages.ts';
import { pathOf, requireFolder } from './fileSystem.ts';
import { onWindows, systemFolder } from './platform.ts';
import { type Execution, execute, type Program, TimedOut } from './processes.ts';
import { outOfTime, scriptFileActions, secondsOf } from './scriptFiles.ts';
import { consoleCodePage } from './windows.ts';

const cannot = 'ExecuteCommandOrConsoleApplicationError';

/**
 * How a command line is run: by `cmd.exe` on Windows (`page` sets the code page of its console first), by `/bin/sh`
 * elsewhere. There is no DOS there, so a flow that is to run everywhere uses commands both know.
 */
export function commandProgram(
  command: string,
  folder: string,
  page: number | undefined,
  windows: boolean,
): Program {
  if (!windows) return { file: '/bin/sh', args: ['-c', command], folder };
  const line = page === undefined ? command : `chcp ${page} >nul & ${command}`;
  return { file: join(systemFolder(), 'cmd.exe'), args: [`/d /s /c "${line}"`], folder };
}

async function runCommand(
  args: ActionArguments,
  context: ActionContext,
  variant: { readonly timeout: boolean; readonly codePage: boolean },
): Promise<ActionResult> {
  const { signal, host } = context;
  const command = args.text('DOSCommandOrApplication');
  if (command.trim() === '')
    throw new ActionError(cannot, 'The command is empty.', 'Give the command to run.');
  const folder = args.has('WorkingDirectory') ? pathOf(args, 'WorkingDirectory') : context.folder;
  await requireFolder(folder, cannot);
  const page = variant.codePage ? requiredPage(args.member('Encoding')) : undefined;
  const seconds = variant.timeout ? secondsOf(args) : undefined;
  const program = commandProgram(command, folder, page, onWindows);
  const done = await execute(program, {
    capture: true,
    timeoutSeconds: seconds,
    signal,
    clock: host.clock,
  }).catch((error) => {
    throw commandError(error, seconds, signal);
  });
  return { outputs: outputsOf(done, page ?? (await consoleCodePage(signal))) };
}

function outputsOf(done: Execution, page: number): NonNullable<ActionResult['outputs']> {
  return {
    StandardOutput: decodeCodePage(done.output, page),
    StandardError: decodeCodePage(done.errorOutput, page),
    ExitCode: done.exitCode,
  };
}

function requiredPage(member: string): number {
  const page = codePageOf(member);
  if (page !== undefined) return page;
  throw new ActionError(
    cannot,
    `The encoding ${member} is not supported by this agent.`,
    'Choose utf_8 or one of the windows, ibm or iso encodings.',
  );
}

/** The command itself is not repeated in the message: it may hold a password. */
function commandError(error: unknown, seconds: number | undefined, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof TimedOut) return outOfTime('command', seconds);
  return new ActionError(
    cannot,
    `The command could not be run: ${(error as Error).message}.`,
    'Try the command in a console of the account that runs the flow.',
    { cause: error },
  );
}

const variants: readonly (readonly [name: string, timeout: boolean, codePage: boolean])[] = [
  ['RunDOSCommand', false, false],
  ['RunDOSCommandAndFailOnTimeout', true, false],
  ['RunDOSCommandWithCodePage', false, true],
  ['RunDOSCommandWithCodePageAndFailOnTimeout', true, true],
];

export const scriptingActions: readonly ActionDefinition[] = [
  ...variants.map(
    ([name, timeout, codePage]): ActionDefinition => ({
      id: `Scripting.RunDOSCommand.${name}`,
      run: (args, context) => runCommand(args, context, { timeout, codePage }),
    }),
  ),
  ...scriptFileActions,
];
