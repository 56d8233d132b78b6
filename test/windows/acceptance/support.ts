// What the checks of the acceptance run share: facts of the machine, the way to say that it lacks something, PowerShell, and a program's
// window. Decides nothing.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Desktop, ElementFacts, ElementQuery } from '../../../src/desktop/desktop.ts';
import { startDesktop } from '../../../src/desktop/thread.ts';
import { isTokenElevated, withOwnToken } from '../../../src/win32/security.ts';
import { windowsVersion } from '../../../src/win32/system.ts';
import { isWine, until } from '../harness.ts';

export { until };

/** The machine lacks what a check needs; the message says what, as the object of "needs". */
export class NotHere extends Error {}

export interface Check {
  /** `part.what`. */
  readonly id: string;
  readonly title: string;
  readonly needs?: readonly ('administrator' | 'no administrator' | 'person')[];
  /** Rejects when it fails, with `NotHere` when it cannot be tried. Resolves with a remark for the report, if any. */
  run(context: { ask(question: string): Promise<boolean> }): Promise<string | undefined> | string | undefined;
}

export function machineFacts() {
  const { major, minor, build, product, edition } = windowsVersion();
  return {
    windows: `${major}.${minor}.${build} (${product}, edition ${edition})`,
    isElevated: withOwnToken(isTokenElevated),
    isWine,
  };
}

/** Runs a script in Windows PowerShell; gives what it printed. Throws NotHere where there is none that answers. */
export function powerShell(text: string): string {
  const { stdout, stderr, status } = spawnSync('powershell.exe', powerShellArguments(`'begin';${text}`), {
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (!stdout?.startsWith('begin')) throw new NotHere('Windows PowerShell');
  if (status !== 0) throw new Error(stderr.trim());
  return stdout.slice('begin'.length).trim();
}

/** Starts a script that goes on, such as one that shows a window. */
export function startPowerShell(text: string): ChildProcess {
  powerShell('');
  return spawn('powershell.exe', powerShellArguments(text), { stdio: 'ignore' });
}

function powerShellArguments(text: string): string[] {
  const encoded = Buffer.from(text, 'utf16le').toString('base64');
  return ['-NoProfile', '-NonInteractive', '-STA', '-EncodedCommand', encoded];
}

const { signal } = new AbortController();
const thread = new URL('../../../src/desktop/threadMain.ts', import.meta.url);
const written = (text: string) => [{ name: 'written', text, levels: [] }];

/** A desktop with short ways to what it does; ends with `work`. */
export async function onDesktop<T>(work: (tools: Tools) => Promise<T>): Promise<T> {
  const desktop = startDesktop({ thread });
  try {
    return await work(new Tools(desktop));
  } finally {
    await desktop.dispose();
  }
}

export class Tools {
  readonly desktop: Desktop;
  readonly signal = signal;
  constructor(desktop: Desktop) {
    this.desktop = desktop;
  }

  /** Waits for an element by its selectors; without `selector` for the window. Only UI Automation counts. */
  async find(window: string, selector?: string, ms = 15_000): Promise<ElementFacts> {
    const query: ElementQuery = {
      window: written(`:desktop > ${window}`),
      selectors: selector === undefined ? [] : written(selector),
      protocol: 'uia3',
    };
    let partial: unknown;
    const found = await until(
      `${window} ${selector ?? ''}`,
      async () => {
        const look = await this.desktop.find(query, signal);
        if (look.found === undefined) partial = look.partial;
        return look.found?.[0];
      },
      ms,
    ).catch((error: Error) => {
      throw new Error(`${error.message}; ${JSON.stringify(partial)}`);
    });
    if (found.driver !== 'uia') throw new Error(`${selector} was found by ${found.driver}`);
    return found;
  }
}
