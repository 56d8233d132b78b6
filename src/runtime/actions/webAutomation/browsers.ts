// Chrome and Edge on this machine: where the program is, which profile flows use, how it is started, and where a running one can be
// reached. Every browser is reached over its DevTools port on this machine's own address; nothing here talks to pages.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { ActionError } from '../../action.ts';
import { onWindows, systemFolder } from '../platform.ts';

export type BrowserKind = 'chrome' | 'edge';

export const browserNames: Readonly<Record<BrowserKind, string>> = {
  chrome: 'Chrome',
  edge: 'Microsoft Edge',
};

/** Environment variables that name another program file. */
const programVariables: Readonly<Record<BrowserKind, string>> = {
  chrome: 'DESKTOP_FLOWS_CHROME',
  edge: 'DESKTOP_FLOWS_EDGE',
};

/** A browser that can be spoken to: the address of its DevTools. */
export interface Endpoint {
  readonly port: number;
  /** `ws://127.0.0.1:<port>/devtools/browser/<id>` */
  readonly url: string;
  /** It has no window; nobody could use it after the flow. */
  readonly isHeadless: boolean;
  readonly kind: BrowserKind;
}

// ── Finding the program ─────────────────────────────────────────────────────────────────────────────────────────

const linuxNames: Readonly<Record<BrowserKind, readonly string[]>> = {
  chrome: ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser'],
  edge: ['microsoft-edge', 'microsoft-edge-stable'],
};

/** A program to start, and whether it is another browser than the flow asks for. */
export interface BrowserProgram {
  readonly file: string;
  readonly isSubstitute: boolean;
}

/**
 * The program file of a browser. On Linux, where Edge is rare, another browser built on Chromium stands in for it. `code` is the error
 * name when there is none.
 */
export async function findBrowser(kind: BrowserKind, code: string): Promise<BrowserProgram> {
  const named = process.env[programVariables[kind]];
  if (named) {
    if (existsSync(named)) return { file: named, isSubstitute: false };
    throw new ActionError(
      code,
      `The browser ${named} does not exist.`,
      `Correct the environment variable ${programVariables[kind]}.`,
    );
  }
  const file = await installed(kind);
  if (file !== undefined) return { file, isSubstitute: false };
  const other = kind === 'edge' && process.platform === 'linux' ? await installed('chrome') : undefined;
  if (other !== undefined) return { file: other, isSubstitute: true };
  throw new ActionError(
    code,
    `${browserNames[kind]} is not installed on this machine.`,
    `Install it, or set the environment variable ${programVariables[kind]} to a browser that is built on Chromium.`,
  );
}

async function installed(kind: BrowserKind): Promise<string | undefined> {
  if (onWindows) {
    const path =
      kind === 'chrome'
        ? 'Google\\Chrome\\Application\\chrome.exe'
        : 'Microsoft\\Edge\\Application\\msedge.exe';
    const { ProgramFiles, LOCALAPPDATA } = process.env;
    const known = [ProgramFiles, process.env['ProgramFiles(x86)'], LOCALAPPDATA]
      .filter((folder) => folder !== undefined && folder !== '')
      .map((folder) => join(folder as string, path));
    return known.find((file) => existsSync(file)) ?? (await registeredProgram(path.replace(/^.*\\/, '')));
  }
  if (process.platform === 'darwin') {
    const name = kind === 'chrome' ? 'Google Chrome' : 'Microsoft Edge';
    return ['/Applications', join(homedir(), 'Applications')]
      .map((folder) => join(folder, `${name}.app`, 'Contents', 'MacOS', name))
      .find((file) => existsSync(file));
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return linuxNames[kind]
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((file) => existsSync(file));
}

/** Where Windows has registered a program: installations in unusual places. */
async function registeredProgram(name: string): Promise<string | undefined> {
  for (const hive of ['HKCU', 'HKLM']) {
    const key = `${hive}\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\App Paths\\${name}`;
    try {
      const { stdout } = await promisify(execFile)(join(systemFolder(), 'reg.exe'), ['query', key, '/ve']);
      const file = registryValue(stdout);
      if (file !== undefined && existsSync(file)) return file;
    } catch {
      // Not registered there.
    }
  }
  return undefined;
}

/** The value in the output of `reg query … /ve`, without its quotes. */
export function registryValue(output: string): string | undefined {
  return /\sREG_(?:EXPAND_)?SZ\s+(.+?)\s*$/m.exec(output)?.[1]?.replace(/^"|"$/g, '');
}

// ── Profiles ────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The profile that flows use: one per account and browser, beside the agent's own data, apart from the profile people browse with
 * (browsers refuse a DevTools port on that one).
 */
export function profileFolder(kind: BrowserKind): string {
  return join(dataFolder(), 'browsers', kind);
}

/** The agent's data folder, see launch/dataFolder.ts, which this layer does not import. */
function dataFolder(): string {
  const { DESKTOP_FLOWS_HOME, LOCALAPPDATA, XDG_DATA_HOME } = process.env;
  if (DESKTOP_FLOWS_HOME) return DESKTOP_FLOWS_HOME;
  if (onWindows) return join(LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'Desktop Flows');
  if (process.platform === 'darwin')
    return join(homedir(), 'Library', 'Application Support', 'Desktop Flows');
  return join(XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'desktop-flows');
}

/** Folders of the profiles people browse with. */
function ownProfiles(kind: BrowserKind): string[] {
  if (onWindows) {
    const path = kind === 'chrome' ? ['Google', 'Chrome', 'User Data'] : ['Microsoft', 'Edge', 'User Data'];
    return [join(process.env.LOCALAPPDATA ?? '', ...path)];
  }
  if (process.platform === 'darwin') {
    const support = join(homedir(), 'Library', 'Application Support');
    return [kind === 'chrome' ? join(support, 'Google', 'Chrome') : join(support, 'Microsoft Edge')];
  }
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), '.config');
  return (kind === 'chrome' ? ['google-chrome', 'chromium'] : ['microsoft-edge']).map((name) =>
    join(config, name),
  );
}

// ── Browsers that run ───────────────────────────────────────────────────────────────────────────────────────────

/** The port that people are told to use for a browser of their own. */
export const usualPort = 9222;

/** The browsers of a kind that can be reached, most likely first: the one of flows, then the person's own. */
export async function runningBrowsers(kind: BrowserKind, signal: AbortSignal): Promise<Endpoint[]> {
  const found: Endpoint[] = [];
  const add = (endpoint: Endpoint | undefined) => {
    if (endpoint !== undefined && !found.some(({ url }) => url === endpoint.url)) found.push(endpoint);
  };
  for (const profile of [profileFolder(kind), ...ownProfiles(kind)])
    add(await endpointOf(profile, kind, signal));
  const usual = await endpointAt(usualPort, signal);
  if (usual?.kind === kind) add(usual);
  return found;
}

/** The browser that runs on a profile and has a DevTools port; it has the kind of the profile. */
export async function endpointOf(
  profile: string,
  kind: BrowserKind,
  signal: AbortSignal,
): Promise<Endpoint | undefined> {
  const written = await readFile(join(profile, 'DevToolsActivePort'), 'utf8').catch(() => '');
  const [port, path] = written.split(/\r?\n/);
  if (!port || !path) return undefined;
  const endpoint = await endpointAt(Number(port), signal);
  // The file may be older than whatever uses the port now.
  return endpoint?.url.endsWith(path) ? { ...endpoint, kind } : undefined;
}

/** A browser on this machine answers as soon as a busy machine lets it, or not at all (ms). */
const answerTime = 5_000;

async function endpointAt(port: number, signal: AbortSignal): Promise<Endpoint | undefined> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/json/version`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerTime)]),
    });
    const about = (await answer.json()) as Partial<Record<string, string>>;
    const path = /\/devtools\/browser\/.+$/.exec(about.webSocketDebuggerUrl ?? '')?.[0];
    if (path === undefined) return undefined;
    return {
      port,
      url: `ws://127.0.0.1:${port}${path}`,
      isHeadless: (about['User-Agent'] ?? '').includes('Headless'),
      kind: /^Edg/.test(about.Browser ?? '') ? 'edge' : 'chrome',
    };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** The ids of a browser's tabs, the one that was used last first. */
export async function tabIds({ port }: Endpoint, signal: AbortSignal): Promise<string[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/json/list`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerTime)]),
  });
  const targets = (await answer.json()) as { readonly id: string; readonly type: string }[];
  return targets.filter(({ type }) => type === 'page').map(({ id }) => id);
}

// ── Starting ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Whether a browser can open a window here. */
export const hasScreen = (): boolean =>
  process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

/** Browsers without a window must not outlive this process: nobody could close them. */
const headless = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of headless) child.kill('SIGKILL');
});

/**
 * Starts a browser on a profile and waits until it can be reached. With a window it is on its own from then on: it outlives this
 * process and whoever kills its process group. `wait` ends a moment of waiting, `isOver` says that there was enough of it.
 */
export async function startBrowser(
  kind: BrowserKind,
  program: string,
  profile: string,
  options: {
    readonly code: string;
    readonly signal: AbortSignal;
    readonly wait: () => Promise<void>;
    readonly isOver: () => boolean;
  },
): Promise<Endpoint> {
  const { code, signal } = options;
  const isHeadless = !hasScreen();
  try {
    await mkdir(profile, { recursive: true, mode: 0o700 });
    await rm(join(profile, 'DevToolsActivePort'), { force: true });
  } catch (error) {
    throw new ActionError(
      code,
      `The browser profile ${profile} cannot be used (${(error as Error).message}).`,
      'Make the folder writable for your account.',
      { cause: error },
    );
  }
  let ended: string | undefined;
  const child = spawn(program, commandLine(profile, isHeadless), {
    stdio: 'ignore',
    detached: !isHeadless,
  });
  if (isHeadless) headless.add(child);
  child.once('error', (error) => {
    ended ??= error.message;
  });
  child.once('exit', (status, killedBy) => {
    headless.delete(child);
    ended ??= killedBy ? `it was ended by ${killedBy}` : `it ended with code ${status}`;
  });
  child.unref();
  for (;;) {
    const endpoint = await endpointOf(profile, kind, signal);
    if (endpoint !== undefined) return endpoint;
    if (ended !== undefined || options.isOver()) break;
    await options.wait();
  }
  if (ended === undefined) child.kill('SIGKILL');
  throw new ActionError(
    code,
    `${browserNames[kind]} (${program}) was started but cannot be reached: ${ended ?? 'it did not get ready in time'}.`,
    `If a window of the profile ${profile} is open already, close it; then see whether the browser starts by hand.`,
  );
}

function commandLine(profile: string, isHeadless: boolean): string[] {
  return [
    `--user-data-dir=${profile}`,
    // A port of the browser's choice, for this machine only.
    '--remote-debugging-port=0',
    '--remote-debugging-address=127.0.0.1',
    '--no-first-run',
    '--no-default-browser-check',
    '--hide-crash-restore-bubble',
    // Windows that are covered or in the background go on working.
    '--disable-background-timer-throttling',
    '--disable-backgrounding-occluded-windows',
    '--disable-renderer-backgrounding',
    ...(isHeadless ? ['--headless=new', '--window-size=1280,800'] : []),
    // Chromium refuses its sandbox to the root account, which only containers work with.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    // Containers have little shared memory.
    ...(process.platform === 'linux' ? ['--disable-dev-shm-usage'] : []),
    'about:blank',
  ];
}
