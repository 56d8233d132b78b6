// The Scripting actions that hand a script to its interpreter: PowerShell, Python, JavaScript and VBScript. A script is a file in a
// folder of its own, for this account only, as long as it runs. What the interpreters differ in from the product's: docs/actions.md.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { decodeCodePage } from './codePages.ts';
import { isFile, isFolder } from './fileSystem.ts';
import { onWindows, platformUnsupported, systemFolder } from './platform.ts';
import { type Execution, execute, type Program, TimedOut } from './processes.ts';
import { consoleCodePage } from './windows.ts';

/** How the script in `file` is run. Several ways are tried in turn when an interpreter is not installed. */
interface Way {
  readonly program: Program;
  /** The code page of what it writes; UTF-8 when absent. */
  readonly page?: number;
}

interface Script {
  readonly content: string | Uint8Array;
  readonly fileName: string;
  /** Error when the script cannot be run. */
  readonly code: string;
  /** For people: `PowerShell`. */
  readonly interpreter: string;
  /** Further files beside the script, by name. */
  readonly beside?: Readonly<Record<string, string>>;
  /** `file`: the script; `folder`: what it is in. */
  ways(file: string, folder: string): readonly Way[];
}

async function run(
  script: Script,
  seconds: number | undefined,
  { signal, host }: ActionContext,
): Promise<ActionResult> {
  const folder = await mkdtemp(join(tmpdir(), 'dflow-script-'));
  try {
    const file = join(folder, script.fileName);
    await writeFile(file, script.content, { mode: 0o600 });
    for (const [name, text] of Object.entries(script.beside ?? {}))
      await writeFile(join(folder, name), text, { mode: 0o600 });
    const ways = script.ways(file, folder);
    for (const { program, page = 65001 } of ways) {
      let done: Execution;
      try {
        done = await execute(program, { capture: true, timeoutSeconds: seconds, signal, clock: host.clock });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        throw scriptError(error, script, seconds, signal);
      }
      return {
        outputs: {
          ScriptOutput: decodeCodePage(done.output, page),
          ScriptError: decodeCodePage(done.errorOutput, page),
        },
      };
    }
    throw new ActionError(
      script.code,
      `${script.interpreter} is not installed on this machine, or not on the search path of the agent.`,
      `Install it and start the agent again. It looked for ${ways.map(({ program }) => program.file).join(', ')}.`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The script is not repeated in the message: it may hold a password. */
function scriptError(
  error: unknown,
  { interpreter, code }: Script,
  seconds: number | undefined,
  signal: AbortSignal,
): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof TimedOut) return outOfTime('script', seconds);
  return new ActionError(
    code,
    `The script could not be run by ${interpreter}: ${(error as Error).message}.`,
    'Let it write less, or into a file; or try it in a console of the account that runs the flow.',
    { cause: error },
  );
}

/** The error of a script or command that was stopped after `seconds`. */
export function outOfTime(what: 'script' | 'command', seconds: number | undefined): ActionError {
  return new ActionError(
    'RunScriptInAllottedTimeError',
    `The ${what} did not end within ${seconds} seconds and was stopped.`,
    `Allow more time, or check whether the ${what} waits for input.`,
  );
}

/** The argument `Timeout` in seconds; a limit of less than 0 is none. */
export function secondsOf(args: ActionArguments): number | undefined {
  const seconds = args.integer('Timeout');
  return seconds < 0 ? undefined : seconds;
}

// ── PowerShell ──────────────────────────────────────────────────────────────────────────────────────────────────

function powershellScript(args: ActionArguments, { folder }: ActionContext): Script {
  return {
    // Windows PowerShell reads a script without this mark in the code page of the system.
    content: `\ufeff${args.text('Script')}`,
    fileName: 'script.ps1',
    code: 'RunPowerShellScriptError',
    interpreter: 'PowerShell',
    ways(file) {
      const command = `[Console]::OutputEncoding = [Text.Encoding]::UTF8; & '${file.replaceAll("'", "''")}'`;
      const options = ['-NoProfile', '-NonInteractive'];
      if (!onWindows) return [{ program: { file: 'pwsh', args: [...options, '-Command', command], folder } }];
      const program = join(systemFolder(), 'WindowsPowerShell', 'v1.0', 'powershell.exe');
      const line = `${options.join(' ')} -ExecutionPolicy Bypass -Command "${command}"`;
      return [{ program: { file: program, args: [line], folder } }];
    },
  };
}

// ── Windows Script Host ─────────────────────────────────────────────────────────────────────────────────────────

/** `cscript` for both of its languages. It reads UTF-16. */
async function windowsScript(
  text: string,
  engine: 'VBScript' | 'JScript',
  { folder, signal }: ActionContext,
): Promise<Script> {
  const page = await consoleCodePage(signal);
  return {
    content: Buffer.from(`\ufeff${text}`, 'utf16le'),
    fileName: engine === 'VBScript' ? 'script.vbs' : 'script.js',
    code: 'ActionFailed',
    interpreter: 'Windows Script Host',
    ways: (file) => [
      {
        program: {
          file: join(systemFolder(), 'cscript.exe'),
          args: [`//NoLogo //E:${engine} "${file}"`],
          folder,
        },
        page,
      },
    ],
  };
}

async function runVbScript(
  args: ActionArguments,
  context: ActionContext,
  id: string,
  seconds: number | undefined,
): Promise<ActionResult> {
  if (!onWindows) throw platformUnsupported(id, 'Windows Script Host, a part of Windows');
  return run(await windowsScript(args.text('VBScriptCode'), 'VBScript', context), seconds, context);
}

/** What scripts for Windows Script Host use besides the language. ActiveX objects exist on Windows only. */
const scriptHost = `'use strict';
const fs = require('node:fs');
const text = (values) => values.map(String).join(' ');
const stream = (number) => ({
  Write: (value) => void fs.writeSync(number, String(value)),
  WriteLine: (value = '') => void fs.writeSync(number, String(value) + '\\n'),
});
globalThis.WScript = {
  Echo: (...values) => void fs.writeSync(1, text(values) + '\\n'),
  Quit: (code = 0) => process.exit(code),
  Sleep: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  StdOut: stream(1),
  StdErr: stream(2),
};
globalThis.ActiveXObject = function ActiveXObject(name) {
  throw new Error('ActiveX objects such as ' + name + ' exist on Windows only.');
};
`;

async function runJavascript(
  args: ActionArguments,
  context: ActionContext,
  seconds: number | undefined,
): Promise<ActionResult> {
  const text = args.text('JavascriptCode');
  if (onWindows) return run(await windowsScript(text, 'JScript', context), seconds, context);
  const script: Script = {
    content: text,
    fileName: 'script.cjs',
    code: 'ActionFailed',
    interpreter: 'Node',
    beside: { 'scriptHost.cjs': scriptHost },
    ways: (file, own) => [
      {
        program: {
          file: process.execPath,
          args: ['--require', join(own, 'scriptHost.cjs'), file],
          folder: context.folder,
          // Where the agent runs in VS Code's own program, this makes it a plain Node.
          environment: { ELECTRON_RUN_AS_NODE: '1' },
        },
      },
    ],
  };
  return run(script, seconds, context);
}

// ── Python ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** `commands`: the names of the interpreter, the likeliest first. */
async function runPython(
  args: ActionArguments,
  context: ActionContext,
  commands: readonly string[],
  interpreter: string,
): Promise<ActionResult> {
  const modules = args.has('ModuleFolderPaths') ? args.paths('ModuleFolderPaths') : [];
  for (const folder of modules) if (!(await isFolder(folder))) throw missing(folder);
  const before = process.env.PYTHONPATH;
  const environment = {
    PYTHONIOENCODING: 'utf-8',
    PYTHONUTF8: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    ...(modules.length > 0 && {
      PYTHONPATH: [...modules, ...(before === undefined ? [] : [before])].join(delimiter),
    }),
  };
  const script: Script = {
    content: args.text('PythonCode'),
    fileName: 'script.py',
    code: 'RunPythonScriptError',
    interpreter,
    ways: (file) =>
      commands.map((command) => ({
        program: {
          file: command,
          args: onWindows ? [`"${file}"`] : [file],
          folder: context.folder,
          environment,
        },
      })),
  };
  return run(script, undefined, context);
}

/** The interpreter in the folder that the flow names, or the file it names itself. */
async function pythonAt(path: string): Promise<readonly string[]> {
  if (await isFile(path)) return [path];
  if (!(await isFolder(path))) throw missing(path);
  const names = onWindows ? ['python.exe'] : ['python3', 'python', 'bin/python3', 'bin/python'];
  return names.map((name) => join(path, name));
}

function missing(folder: string): ActionError {
  return new ActionError(
    'DirectoryNotFoundError',
    `The folder "${folder}" does not exist.`,
    'Check the path.',
  );
}

// ── Table ───────────────────────────────────────────────────────────────────────────────────────────────────────

const python3 = onWindows ? ['python.exe', 'py.exe'] : ['python3', 'python'];
const python2 = onWindows ? ['python2.exe'] : ['python2', 'python2.7'];

type Timed = readonly [suffix: string, seconds: (args: ActionArguments) => number | undefined];
const timed: readonly Timed[] = [
  ['', () => undefined],
  ['AndFailOnTimeout', secondsOf],
];

export const scriptFileActions: readonly ActionDefinition[] = [
  ...timed.flatMap(([suffix, seconds]): ActionDefinition[] => [
    {
      id: `Scripting.RunPowershellScript.RunScript${suffix}`,
      run: (args, context) => run(powershellScript(args, context), seconds(args), context),
    },
    {
      id: `Scripting.RunVBScript.RunVBScript${suffix}`,
      run: (args, context) =>
        runVbScript(args, context, `Scripting.RunVBScript.RunVBScript${suffix}`, seconds(args)),
    },
    {
      id: `Scripting.RunJavascript.RunJavascript${suffix}`,
      run: (args, context) => runJavascript(args, context, seconds(args)),
    },
  ]),
  {
    id: 'Scripting.RunPythonScript.RunPythonScript34',
    run: (args, context) => runPython(args, context, python3, 'Python 3'),
  },
  {
    id: 'Scripting.RunPythonScript.RunPythonScriptCPython',
    run: async (args, context) => runPython(args, context, await pythonAt(args.path('PythonPath')), 'Python'),
  },
  {
    id: 'Scripting.RunPythonScript.RunPythonScript',
    run: (args, context) => runPython(args, context, python2, 'Python 2'),
  },
];
