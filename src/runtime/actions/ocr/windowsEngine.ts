// The OCR engine that is part of Windows 10 and newer, which Windows PowerShell can reach. The languages are those whose language packs
// are installed on the machine.
import { ActionError } from '../../action.ts';
import { onWindows } from '../platform.ts';
import { powershell, powershellText } from '../windows.ts';
import { engineError, type Reading, ReadingError } from './engine.ts';

/** Member of WindowsOcrLanguage → language tag. */
const tags: Readonly<Record<string, string>> = {
  ChineseSimplified: 'zh-Hans',
  ChineseTraditional: 'zh-Hant',
  Czech: 'cs',
  Danish: 'da',
  Dutch: 'nl',
  English: 'en',
  Finnish: 'fi',
  French: 'fr',
  German: 'de',
  Greek: 'el',
  Hungarian: 'hu',
  Italian: 'it',
  Japanese: 'ja',
  Korean: 'ko',
  Norwegian: 'nb',
  Polish: 'pl',
  Portuguese: 'pt',
  Romanian: 'ro',
  Russian: 'ru',
  SerbianCyrillic: 'sr-Cyrl',
  SerbianLatin: 'sr-Latn',
  Slovak: 'sk',
  Spanish: 'es',
  Swedish: 'sv',
  Turkish: 'tr',
};

/**
 * Throws ReadingError for the picture; ActionError `SelectedWindowsLanguagePackIsntInstalledOnMachineError`, and `CreateOCREngineError`
 * where there is no such engine.
 */
export async function readWithWindows(
  image: Uint8Array,
  language: string,
  signal: AbortSignal,
): Promise<Reading> {
  if (!onWindows) {
    throw engineError(
      `The OCR engine of Windows is not there: this machine runs ${process.platform}.`,
      'Use the Tesseract engine, or run the flow on Windows 10 or newer.',
    );
  }
  const tag = tags[language] ?? 'en';
  let answer: string;
  try {
    answer = await powershell(readingScript(image, tag), signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw engineError(
        'The OCR engine of Windows cannot be reached: there is no Windows PowerShell.',
        'Use the Tesseract engine.',
        error,
      );
    }
    throw new ReadingError((error as Error).message, { cause: error });
  }
  return readingIn(answer, language);
}

/** What PowerShell is told: the picture as Base64, and to print a JSON list of lines of `[text, x, y, width, height]`, or nothing without the language. */
export function readingScript(image: Uint8Array, tag: string): string {
  const wait = (operation: string, type: string) =>
    `$(& $await (${operation}) ([${type}, Windows.Foundation, ContentType = WindowsRuntime]))`;
  const load = (type: string, assembly: string) =>
    `$null = [${type}, ${assembly}, ContentType = WindowsRuntime]`;
  const statements = [
    'Add-Type -AssemblyName System.Runtime.WindowsRuntime',
    load('Windows.Media.Ocr.OcrEngine', 'Windows.Foundation'),
    load('Windows.Graphics.Imaging.BitmapDecoder', 'Windows.Foundation'),
    load('Windows.Globalization.Language', 'Windows.Foundation'),
    "$asTask = ([WindowsRuntimeSystemExtensions].GetMethods() | Where-Object { $_.Name -eq 'AsTask' -and $_.GetParameters().Count -eq 1 -and $_.GetParameters()[0].ParameterType.Name -eq 'IAsyncOperation`1' })[0]",
    '$await = { param($operation, $type) $task = $asTask.MakeGenericMethod($type).Invoke($null, @($operation)); $task.Wait() | Out-Null; $task.Result }',
    `$engine = [Windows.Media.Ocr.OcrEngine]::TryCreateFromLanguage((New-Object Windows.Globalization.Language ${powershellText(tag)}))`,
    "if ($engine -eq $null) { return '' }",
    `$stream = [IO.WindowsRuntimeStreamExtensions]::AsRandomAccessStream((New-Object IO.MemoryStream (,[Convert]::FromBase64String('${Buffer.from(image).toString('base64')}'))))`,
    `$decoder = ${wait('[Windows.Graphics.Imaging.BitmapDecoder]::CreateAsync($stream)', 'Windows.Graphics.Imaging.BitmapDecoder')}`,
    `$bitmap = ${wait('$decoder.GetSoftwareBitmapAsync()', 'Windows.Graphics.Imaging.SoftwareBitmap')}`,
    `$found = ${wait('$engine.RecognizeAsync($bitmap)', 'Windows.Media.Ocr.OcrResult')}`,
    '$lines = @($found.Lines | ForEach-Object { ,@($_.Words | ForEach-Object { ,@($_.Text, [int]$_.BoundingRect.X, [int]$_.BoundingRect.Y, [int]$_.BoundingRect.Width, [int]$_.BoundingRect.Height) }) })',
    'ConvertTo-Json @{ lines = $lines } -Depth 5 -Compress',
  ];
  return `& { ${statements.join('; ')} }`;
}

/** Reads what `readingScript` printed. */
export function readingIn(answer: string, language: string): Reading {
  if (answer.trim() === '') {
    throw new ActionError(
      'SelectedWindowsLanguagePackIsntInstalledOnMachineError',
      `The language pack for ${language} is not installed on this machine.`,
      'Add the language in the settings of Windows, with "Optical character recognition", or choose another one.',
    );
  }
  const { lines } = JSON.parse(answer) as {
    readonly lines: readonly (readonly [string, number, number, number, number][])[];
  };
  return {
    text: lines.map((line) => line.map(([text]) => text).join(' ')).join('\n'),
    words: lines.flatMap((line, index) =>
      line.map(([text, x, y, width, height]) => ({
        text,
        line: String(index),
        place: { x, y, width, height },
      })),
    ),
  };
}
