// The Workstation actions: printers, through Windows or CUPS, and the recycle bin; what shows, locks or takes a picture of the desktop is
// in workstationDesktop.ts.
import { readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { isFile, isFolder, mayRead, pathOf } from './fileSystem.ts';
import { platformUnsupported } from './platform.ts';
import { execute } from './processes.ts';
import { desktopWorkstationActions } from './workstationDesktop.ts';

/** Runs a program of CUPS. Throws an Error with what it says. */
async function cups(
  action: string,
  file: string,
  args: readonly string[],
  { signal, host }: ActionContext,
): Promise<string> {
  try {
    const { exitCode, output, errorOutput } = await execute(
      { file, args, folder: '/', environment: { LC_ALL: 'C' } },
      { capture: true, signal, clock: host.clock },
    );
    if (exitCode !== 0)
      throw new Error(errorOutput.toString('utf8').trim() || `${file} ended with ${exitCode}`);
    return output.toString('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw platformUnsupported(action, 'Windows or CUPS (lp, lpstat, lpoptions)');
  }
}

async function guarded<T>(
  code: string,
  what: string,
  { signal }: ActionContext,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ActionError) throw error;
    throw new ActionError(
      code,
      `${what}: ${(error as Error).message}.`,
      'Check the printers of this machine, and that the account that runs the flow may use them.',
      { cause: error },
    );
  }
}

async function defaultPrinter(context: ActionContext): Promise<ActionResult> {
  const code = 'GetDefaultPrinterError';
  const name = await guarded(code, 'The default printer cannot be read', context, async () => {
    if (context.shell !== undefined) return context.shell.defaultPrinter(context.signal);
    const text = await cups('Workstation.GetDefaultPrinter', 'lpstat', ['-d'], context);
    return /^system default destination: (.+)$/m.exec(text)?.[1]?.trim() ?? '';
  });
  if (name !== '') return { outputs: { PrinterName: name } };
  throw new ActionError(code, 'This machine has no default printer.', 'Set one with "Set default printer".');
}

async function setDefaultPrinter(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const name = args.text('PrinterName').trim();
  const code = 'SetDefaultPrinterError';
  if (name === '')
    throw new ActionError(code, 'The name of the printer is empty.', 'Give the name of a printer.');
  await guarded(code, `"${name}" cannot be made the default printer`, context, async () => {
    if (context.shell !== undefined) return context.shell.setDefaultPrinter(name, context.signal);
    // `lpoptions` takes any name.
    await cups('Workstation.SetDefaultPrinter', 'lpstat', ['-p', name], context);
    return cups('Workstation.SetDefaultPrinter', 'lpoptions', ['-d', name], context);
  });
  return {};
}

async function printDocument(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const path = pathOf(args, 'DocumentPath');
  if (!(await isFile(path))) {
    throw new ActionError(
      'DocumentNotFoundError',
      `The document "${path}" does not exist.`,
      'Check the path.',
    );
  }
  if (!(await mayRead(path))) {
    throw new ActionError(
      'AccessDeniedForDocumentError',
      `"${path}" cannot be printed: access is denied.`,
      'Give the account that runs the flow the right to read it.',
    );
  }
  await guarded('PrintDocumentError', `"${path}" cannot be printed`, context, async () => {
    if (context.shell !== undefined) await context.shell.print(path, context.signal);
    else await cups('Workstation.PrintDocument', 'lp', ['--', path], context);
  });
  return {};
}

/** Where desktops that follow the rules of freedesktop.org keep what was deleted. */
const trash = () => join(process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'Trash');

async function emptyRecycleBin(context: ActionContext): Promise<ActionResult> {
  const { shell, signal } = context;
  if (shell !== undefined) {
    await guarded('ActionFailed', 'The recycle bin cannot be emptied', context, () =>
      shell.emptyRecycleBin(signal),
    );
    return {};
  }
  if (process.platform !== 'linux')
    throw platformUnsupported('Workstation.EmptyRecycleBin', 'Windows or Linux');
  for (const part of ['files', 'info', 'expunged']) {
    const folder = join(trash(), part);
    if (!(await isFolder(folder))) continue;
    for (const name of await readdir(folder)) {
      context.signal.throwIfAborted();
      await guarded('ActionFailed', 'The recycle bin cannot be emptied', context, () =>
        rm(join(folder, name), { recursive: true, force: true }),
      );
    }
  }
  return {};
}

export const workstationActions: readonly ActionDefinition[] = [
  { id: 'Workstation.GetDefaultPrinter', run: (_, context) => defaultPrinter(context) },
  { id: 'Workstation.SetDefaultPrinter', run: setDefaultPrinter },
  { id: 'Workstation.PrintDocument', run: printDocument },
  { id: 'Workstation.EmptyRecycleBin', run: (_, context) => emptyRecycleBin(context) },
  ...desktopWorkstationActions,
];
