// What the system a worker runs on offers to actions beside Node: its desktop and shell. Starts nothing before an action asks.
import { join } from 'node:path';
import type { Desktop } from '../../desktop/desktop.ts';
import { type Ask, questionsIn } from '../../desktop/questions.ts';
import type { Shell } from '../../desktop/shell.ts';
import { startDesktop } from '../../desktop/thread.ts';
import { windowsShell } from '../../desktop/windows/shell.ts';
import { textSettingsFrom } from '../../runtime/actions/windows.ts';

/** Folder of this file; a bundle has none. */
const here: string | undefined = import.meta.dirname;
const entry = (bundle: string, source: string): string =>
  here === undefined ? join(__dirname, bundle) : join(here, '../../desktop', source);
const thread = entry('desktop.cjs', 'threadMain.ts');
const questions = entry('question.cjs', 'windows/questionThread.ts');

export interface System {
  /** Asks the person at this session by windows. */
  readonly ask?: Ask;
  /** The desktop of this session, the same at each call. */
  readonly desktop?: () => Promise<Desktop>;
  readonly shell?: Shell;
}

export function systemOf(platform: NodeJS.Platform): System {
  if (platform !== 'win32') return {};
  let desktop: Desktop | undefined;
  const shell = windowsShell();
  textSettingsFrom(shell.textSettings);
  return {
    desktop: async () => {
      desktop ??= startDesktop({ thread });
      return desktop;
    },
    shell,
    ask: questionsIn(questions),
  };
}
