// What only Windows itself can answer: settings of texts, and what nothing but PowerShell can be asked for. On other systems the functions
// give that system's equivalent and start nothing.
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import type { TextSettings } from '../../desktop/shell.ts';
import { onWindows, systemFolder } from './platform.ts';
import { execute } from './processes.ts';

/** `text` as a PowerShell expression of plain ASCII that yields exactly this text, whatever it contains. */
export function powershellText(text: string): string {
  return `[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('${Buffer.from(text, 'utf8').toString('base64')}'))`;
}

/**
 * Result of a PowerShell expression, as text. The script travels over standard input, so that no value of a flow appears
 * on a command line. Throws an Error with the message of Windows, its `code` as Node spells it (`ENOENT`, `EACCES`) where
 * there is one; when the run stops, everything the expression started is killed and the signal's reason thrown.
 */
export async function powershell(expression: string, signal: AbortSignal): Promise<string> {
  const folder = systemFolder();
  const file = join(folder, 'WindowsPowerShell', 'v1.0', 'powershell.exe');
  const { output } = await execute(
    { file, args: ['-NoProfile -NonInteractive -Command -'], folder },
    { capture: true, input: powershellScript(expression), signal, clock: systemClock },
  );
  return powershellResult(output.toString('latin1'));
}

/** The script `powershell` sends: one line that prints `ok` or `error`, the error number of Windows, and the Base64 of the result or message. */
export function powershellScript(expression: string): string {
  const print = (word: string, code: string, text: string) =>
    `[Console]::Out.WriteLine('${word} ' + [int](${code}) + ' ' + [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes([string](${text}))))`;
  const attempt = `$result = ${expression}; ${print('ok', '0', '$result')}`;
  const handler = `$e = $_.Exception.GetBaseException(); ${print('error', '$e.NativeErrorCode', '$e.Message')}`;
  return `$ErrorActionPreference = 'Stop'; try { ${attempt} } catch { ${handler} }\n\n`;
}

/** Error numbers of Windows (Win32) → Node's names. */
const errorNames: Readonly<Record<string, string>> = { 2: 'ENOENT', 3: 'ENOENT', 5: 'EACCES' };

/** Reads what `powershellScript` printed. Throws an Error with the message, also when there is no result at all. */
export function powershellResult(output: string): string {
  const answer = /^(ok|error) (\d+) ([A-Za-z0-9+/=]*)\s*$/m.exec(output);
  if (answer === null) throw new Error('Windows PowerShell gave no answer');
  const text = Buffer.from(answer[3] as string, 'base64').toString('utf8');
  if (answer[1] === 'ok') return text;
  throw Object.assign(new Error(text), { code: errorNames[answer[2] as string] });
}

const codePageKey = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Nls\\CodePage';
const regionKey = 'HKCU\\Control Panel\\International';
const settings = new Map<string, Promise<string>>();
let ask: (() => TextSettings) | undefined;
let answer: TextSettings | undefined;

/** Tells who knows the settings of texts in this process; they are asked once. Without, a program of Windows is. */
export function textSettingsFrom(source: () => TextSettings): void {
  ask = source;
  answer = undefined;
}

function textSettings(): TextSettings | undefined {
  answer ??= ask?.();
  return answer;
}

/** A text of the registry, for processes that may do without the library that calls Windows: tests of flows in the editor. */
function setting(key: string, name: string, signal: AbortSignal): Promise<string> {
  const asked = `${key}\\${name}`;
  let value = settings.get(asked);
  if (value === undefined) {
    value = registryText(key, name, signal);
    // A failure is not remembered: the next action asks again.
    value.catch(() => settings.delete(asked));
    settings.set(asked, value);
  }
  return value;
}

async function registryText(key: string, name: string, signal: AbortSignal): Promise<string> {
  const folder = systemFolder();
  const { output } = await execute(
    { file: join(folder, 'reg.exe'), args: [`query "${key}" /v ${name}`], folder },
    { capture: true, signal, clock: systemClock },
  );
  return registryValue(output.toString('latin1'), name);
}

/** Reads what `reg query` printed: a line with name, type and value. Throws an Error when there is none. */
export function registryValue(output: string, name: string): string {
  const line = output.split(/\r?\n/).find((one) => one.trim().startsWith(`${name} `));
  const value = line === undefined ? undefined : /\sREG_\w+\s{4}(.*)$/.exec(line)?.[1];
  if (value === undefined) throw new Error(`Windows has no setting ${name}`);
  return value;
}

/** The code page of texts ("ANSI"); UTF-8 where there is no such setting. */
export async function textCodePage(signal: AbortSignal): Promise<number> {
  if (!onWindows) return 65001;
  return textSettings()?.textCodePage ?? Number(await setting(codePageKey, 'ACP', signal));
}

/** The code page of console programs ("OEM"); UTF-8 where there is no such setting. */
export async function consoleCodePage(signal: AbortSignal): Promise<number> {
  if (!onWindows) return 65001;
  return textSettings()?.consoleCodePage ?? Number(await setting(codePageKey, 'OEMCP', signal));
}

/** The list separator of the regional settings. Elsewhere: `;` where the decimal separator is a comma, else `,`. */
export async function listSeparator(signal: AbortSignal): Promise<string> {
  if (onWindows) return textSettings()?.listSeparator ?? (await setting(regionKey, 'sList', signal));
  const parts = new Intl.NumberFormat().formatToParts(1.5);
  return parts.some((part) => part.type === 'decimal' && part.value === ',') ? ';' : ',';
}
