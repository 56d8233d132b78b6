// What only Windows itself can answer: settings and folders of the signed-in user. One PowerShell call per question,
// answers of settings are remembered. On other systems the functions give that system's equivalent and start nothing.
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
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

const codePageKey = 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Nls\\CodePage';
const settings = new Map<string, Promise<string>>();

function setting(expression: string, signal: AbortSignal): Promise<string> {
  let value = settings.get(expression);
  if (value === undefined) {
    value = powershell(expression, signal);
    // A failure is not remembered: the next action asks again.
    value.catch(() => settings.delete(expression));
    settings.set(expression, value);
  }
  return value;
}

/** The code page of texts ("ANSI"); UTF-8 where there is no such setting. */
export async function textCodePage(signal: AbortSignal): Promise<number> {
  return onWindows ? Number(await setting(`(Get-ItemProperty '${codePageKey}').ACP`, signal)) : 65001;
}

/** The code page of console programs ("OEM"); UTF-8 where there is no such setting. */
export async function consoleCodePage(signal: AbortSignal): Promise<number> {
  return onWindows ? Number(await setting(`(Get-ItemProperty '${codePageKey}').OEMCP`, signal)) : 65001;
}

/** The list separator of the regional settings. Elsewhere: `;` where the decimal separator is a comma, else `,`. */
export async function listSeparator(signal: AbortSignal): Promise<string> {
  if (onWindows) return await setting('(Get-Culture).TextInfo.ListSeparator', signal);
  const parts = new Intl.NumberFormat().formatToParts(1.5);
  return parts.some((part) => part.type === 'decimal' && part.value === ',') ? ';' : ',';
}
