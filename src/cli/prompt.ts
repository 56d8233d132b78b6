// Asks the person at the terminal: lines, and masked lines that never reach the screen.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { ProductError } from '../base/error.ts';

/** Can a person answer here? */
export const isInteractive = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** One line from the person; `masked` echoes nothing. Throws ProductError `InputCanceled` on Ctrl+C or Ctrl+D. */
export async function askLine(
  prompt: string,
  options: { masked?: boolean; signal?: AbortSignal } = {},
): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input: process.stdin,
    output: options.masked ? silent : process.stderr,
    terminal: true,
  });
  if (options.masked) process.stderr.write(prompt);
  const canceled = new Promise<never>((_resolve, reject) => {
    lines.once('close', () =>
      reject(
        new ProductError(
          'InputCanceled',
          'No input was given.',
          'Run the command again and answer the question.',
        ),
      ),
    );
    lines.once('SIGINT', () => lines.close());
  });
  canceled.catch(() => {}); // closing after an answer is no failure
  try {
    const question = options.signal
      ? lines.question(options.masked ? '' : prompt, { signal: options.signal })
      : lines.question(options.masked ? '' : prompt);
    return await Promise.race([question, canceled]);
  } finally {
    lines.close();
    if (options.masked) process.stderr.write('\n');
  }
}

/** A secret that the person types unseen, or the first line of the standard input where nobody can. Throws ProductError `InputCanceled`. */
export async function readSecret(prompt: string): Promise<string> {
  if (isInteractive()) return askLine(prompt, { masked: true });
  let text: string;
  try {
    text = readFileSync(0, 'utf8');
  } catch {
    return ''; // closed, or without anything to read
  }
  return text.replace(/^\ufeff/, '').split(/\r?\n/, 1)[0] as string;
}
