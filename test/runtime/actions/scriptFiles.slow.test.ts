// Scripts with the real interpreters of this machine; those that it has not, by the error that says so.
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { onWindows } from '../../../src/runtime/actions/platform.ts';
import { scriptingActions } from '../../../src/runtime/actions/scripting.ts';
import type { Value } from '../../../src/runtime/values.ts';
import { FakeHost } from '../../fakes/host.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { isAlive, until } from './processProbe.ts';
import { temporaryFolder } from './temporaryFolder.ts';
import { restoringEnvironment, withTools } from './toolFolder.ts';

restoringEnvironment();
const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});

const run = (id: string, given: Record<string, Value>, signal = new AbortController().signal) =>
  runAction(
    scriptingActions,
    `Scripting.${id}`,
    given,
    contextIn(folder, { signal, host: new FakeHost({ clock: systemClock }) }),
  );
const python = (code: string, given: Record<string, Value> = {}) =>
  run('RunPythonScript.RunPythonScript34', { PythonCode: code, ...given });
const javascript = (code: string) => run('RunJavascript.RunJavascript', { JavascriptCode: code });
const isInstalled = (command: string) => spawnSync(command, ['--version']).status === 0;

describe('Python', () => {
  it('gives output and error output, in the folder of the flow', async () => {
    const { outputs } = await python(
      'import os, sys\nprint("grün", os.getcwd())\nsys.stderr.write("schlecht")\n',
    );
    expect(outputs?.ScriptOutput).toMatch(/^grün /);
    expect(String(outputs?.ScriptOutput).trim()).toBe(`grün ${folder}`);
    expect(outputs?.ScriptError).toBe('schlecht');
  });

  it('finds modules in the folders it is given', async () => {
    await mkdir(join(folder, 'mods'));
    await writeFile(join(folder, 'mods', 'answer.py'), 'VALUE = 42\n');
    const given = { ModuleFolderPaths: ['mods'] };
    expect((await python('import answer\nprint(answer.VALUE)', given)).outputs?.ScriptOutput).toMatch(
      /^42\r?\n$/,
    );
    expect(await errorOf(python('', { ModuleFolderPaths: ['none'] }))).toMatch(
      /^DirectoryNotFoundError: The folder ".*none" does not exist\.$/,
    );
  });

  it('tells what is wrong with a script in its error output', async () => {
    const { outputs } = await python('nonsense(');
    expect(outputs?.ScriptOutput).toBe('');
    expect(outputs?.ScriptError).toContain('SyntaxError');
  });

  it('is taken from the folder the flow names', async () => {
    const where = spawnSync(
      onWindows ? 'python.exe' : 'python3',
      ['-c', 'import sys; print(sys.executable)'],
      {
        encoding: 'utf8',
      },
    ).stdout.trim();
    const given = { PythonPath: join(where, '..'), PythonCode: 'print(6 * 7)' };
    expect((await run('RunPythonScript.RunPythonScriptCPython', given)).outputs?.ScriptOutput).toMatch(/^42/);
    const file = await run('RunPythonScript.RunPythonScriptCPython', { ...given, PythonPath: where });
    expect(file.outputs?.ScriptOutput).toMatch(/^42/);
    expect(
      await errorOf(run('RunPythonScript.RunPythonScriptCPython', { ...given, PythonPath: folder })),
    ).toMatch(/^RunPythonScriptError: Python is not installed/);
    expect(
      await errorOf(
        run('RunPythonScript.RunPythonScriptCPython', { ...given, PythonPath: join(folder, 'none') }),
      ),
    ).toMatch(/^DirectoryNotFoundError/);
  });

  it.skipIf(onWindows)('says when it is not installed', async () => {
    await withTools(folder, {}, true);
    expect(await errorOf(python('print(1)'))).toBe(
      'RunPythonScriptError: Python 3 is not installed on this machine, or not on the search path of the agent.',
    );
    expect(await errorOf(run('RunPythonScript.RunPythonScript', { PythonCode: 'print 1' }))).toMatch(
      /^RunPythonScriptError: Python 2 is not installed/,
    );
  });

  it('that writes without end is stopped with bounded memory', async () => {
    const before = process.memoryUsage().rss;
    expect(
      await errorOf(python('import sys\nline = "x" * 1023 + "\\n"\nwhile True: sys.stdout.write(line)')),
    ).toBe(
      'RunPythonScriptError: The script could not be run by Python 3: it wrote more than 64 MB of output.',
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  });
});

describe('JavaScript', () => {
  it('writes with WScript', async () => {
    const { outputs } = await javascript(
      'var parts = [1, "zwei"]; WScript.Echo(parts[0], parts[1]); WScript.StdErr.Write("e"); WScript.Quit(3);',
    );
    expect(outputs).toEqual({ ScriptOutput: onWindows ? '1 zwei\r\n' : '1 zwei\n', ScriptError: 'e' });
  });

  it.skipIf(onWindows)('has no ActiveX objects elsewhere, and says so', async () => {
    expect(
      (await javascript('new ActiveXObject("Scripting.FileSystemObject")')).outputs?.ScriptError,
    ).toContain('ActiveX objects such as Scripting.FileSystemObject exist on Windows only.');
  });

  it('that takes too long is stopped, and its file is gone', async () => {
    const given = { JavascriptCode: 'for (;;) {}', Timeout: 1 };
    expect(await errorOf(run('RunJavascript.RunJavascriptAndFailOnTimeout', given))).toBe(
      'RunScriptInAllottedTimeError: The script did not end within 1 seconds and was stopped.',
    );
    const left = (await readdir(tmpdir())).filter((name) => name.startsWith('dflow-script-'));
    expect(left).toEqual([]);
  });

  it('is stopped with the run within a second', async () => {
    const stop = new AbortController();
    const pidFile = join(folder, 'pid').replaceAll('\\', '/');
    const code = `require('node:fs').writeFileSync('${pidFile}', String(process.pid)); for (;;) {}`;
    if (onWindows) return;
    const work = run('RunJavascript.RunJavascript', { JavascriptCode: code }, stop.signal);
    work.catch(() => {});
    const pid = Number(await until(() => readFile(pidFile, 'utf8').catch(() => undefined)));
    const since = Date.now();
    stop.abort(new Error('stopped'));
    await expect(work).rejects.toThrow('stopped');
    await until(async () => !isAlive(pid) || undefined);
    expect(Date.now() - since).toBeLessThan(5_000); // a busy machine is no failure
  });
});

describe('PowerShell', () => {
  it('runs where it is installed, and else says that it is not', async () => {
    const work = run('RunPowershellScript.RunScript', { Script: 'Write-Output "grün $(6 * 7)"' });
    if (onWindows || isInstalled('pwsh'))
      expect((await work).outputs?.ScriptOutput).toMatch(/^grün 42\r?\n$/);
    else expect(await errorOf(work)).toMatch(/^RunPowerShellScriptError: PowerShell is not installed/);
  });

  it.skipIf(onWindows)('is given the script as a file, whatever is in it', async () => {
    // Stands for PowerShell: says how it was called, and what is in the file that it is to run.
    await withTools(folder, {
      pwsh: `echo "$1 $2 $3"; file=$(echo "$4" | sed "s/.*& '//; s/'$//"); cat "$file"`,
    });
    const Script = "Write-Host 'it''s'\n$x = \"1\"";
    const { outputs } = await run('RunPowershellScript.RunScriptAndFailOnTimeout', { Script, Timeout: 20 });
    expect(String(outputs?.ScriptOutput).replace('\ufeff', '')).toBe(
      `-NoProfile -NonInteractive -Command\n${Script}`,
    );
  });
});

describe.skipIf(onWindows)('VBScript', () => {
  it('needs Windows, and says so with its name', async () => {
    expect(await errorOf(run('RunVBScript.RunVBScript', { VBScriptCode: 'WScript.Echo 1' }))).toMatch(
      /^PlatformUnsupported: Scripting\.RunVBScript\.RunVBScript needs Windows Script Host/,
    );
  });
});
