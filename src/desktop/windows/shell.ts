// The shell of Windows: programs and documents as a double click opens them, printers, sounds, recycle bin, screen saver; what it says of
// texts, folders, variables and services. Calls that can take long run beside the main thread. Knows nothing of actions.
import { setTimeout as wait } from 'node:timers/promises';
import { WindowsError } from '../../win32/errors.ts';
import { addressOf, readLong, wide, writeLong } from '../../win32/ffi.ts';
import { mousePosition, moveMouse } from '../../win32/input.ts';
import { StartedProcess as NativeProcess } from '../../win32/launch.ts';
import { kernel32, shell32 } from '../../win32/prototypes.ts';
import { deleteValue, readValue, writeValue } from '../../win32/registry.ts';
import { controlService, serviceStatus, startService } from '../../win32/services.ts';
import * as system from '../../win32/system.ts';
import { DesktopError } from '../errors.ts';
import type { ServiceChange, ServiceState, Shell, Start, StartedProcess, WindowStyle } from '../shell.ts';
import { asDesktopError } from './failures.ts';

const showCommands: Readonly<Record<WindowStyle, number>> = {
  hidden: 0,
  normal: 1,
  minimized: 2,
  maximized: 3,
};

/** Answers of ShellExecute up to 32 are failures; these have a name in Node. */
const errorNames: Readonly<Record<number, string>> = { 2: 'ENOENT', 3: 'ENOENT', 5: 'EACCES', 31: 'ENOENT' };

/** Layout of SHELLEXECUTEINFO on 64 bits. */
const at = { mask: 4, verb: 16, file: 24, parameters: 32, folder: 40, show: 48, answer: 56, process: 104 };
const infoSize = 112;
const noCloseProcess = 0x40;
const noAsync = 0x100;
const noUi = 0x400;

/** The process handle; 0 when none was started. Rejects with an Error that has Node's `code` for what it knows. */
async function execute(verb: string | undefined, what: Start): Promise<number> {
  const info = Buffer.alloc(infoSize);
  info.writeUInt32LE(infoSize, 0);
  info.writeUInt32LE(noCloseProcess | noAsync | noUi, at.mask);
  // Windows reads them while the call is under way: they live until its end.
  const texts = [
    [at.verb, verb],
    [at.file, what.path],
    [at.parameters, what.commandLine],
    [at.folder, what.folder],
  ] as const;
  const held = texts.flatMap(([offset, text]) => {
    if (text === undefined || text === '') return [];
    const bytes = wide(text);
    writeLong(info, addressOf(bytes), offset);
    return [bytes];
  });
  info.writeInt32LE(showCommands[what.style], at.show);
  const done = await shell32.ShellExecuteExW.async(info);
  held.length = 0;
  const answer = readLong(info, at.answer);
  if (done !== 0 && (answer === 0 || answer > 32)) return readLong(info, at.process);
  throw Object.assign(new Error(`Windows answers ${answer} (ShellExecuteEx)`), {
    code: errorNames[answer],
  });
}

function started(handle: number): StartedProcess {
  const native = new NativeProcess(handle, kernel32.GetProcessId(handle));
  return {
    id: native.processId,
    async ended(ms, signal) {
      const limit = ms === undefined ? undefined : AbortSignal.timeout(ms);
      try {
        return await native.ended(limit === undefined ? signal : AbortSignal.any([signal, limit]));
      } catch (error) {
        if (!signal.aborted && limit?.aborted === true) return undefined;
        throw error;
      }
    },
    close: () => native.close(),
  };
}

/** Runs `work`; its failures are DesktopErrors. */
async function attempt<T>(signal: AbortSignal, work: () => T | Promise<T>): Promise<T> {
  signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    throw asDesktopError(error);
  }
}

const systemSounds = {
  asterisk: 'SystemAsterisk',
  beep: 'SystemDefault',
  exclamation: 'SystemExclamation',
  hand: 'SystemHand',
  question: 'SystemQuestion',
} as const;

// ── Settings ────────────────────────────────────────────────────────────────────────────────────────────────────

/** What `work` gives. What Windows refuses is an Error with Node's `code` where there is one, its message without a full stop. */
function answered<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof WindowsError)) throw error;
    throw Object.assign(new Error(error.message.replace(/\.$/, ''), { cause: error }), {
      code: errorNames[error.number],
    });
  }
}

/** .NET's names of special folders → the known folders of Windows. */
const specialFolders: Readonly<Record<string, string>> = {
  Programs: 'A77F5D77-2E2B-44C3-A6A2-ABA601054A51',
  Personal: 'FDD39AD0-238F-46AF-ADB4-6C85480369C7',
  Favorites: '1777F761-68AD-4D8A-87BD-30B759FA33DD',
  Startup: 'B97D20BB-F46A-4C97-BA10-5E3608430854',
  Recent: 'AE50C081-EBD2-438A-8655-8A092E34987A',
  SendTo: '8983036C-27C0-404B-8F08-102D10DCFD74',
  StartMenu: '625B53C3-AB48-4EC1-BA1F-A1EF4146FC19',
  MyMusic: '4BD8D571-6D19-48D3-BE97-422220080E43',
  DesktopDirectory: 'B4BFCC3A-DB2C-424C-B029-7FE99A87C641',
  Templates: 'A63293E8-664E-48DB-A079-DF759E0509F7',
  ApplicationData: '3EB685DB-65F9-4CF6-A03A-E3EF65729F3D',
  LocalApplicationData: 'F1B32785-6FBA-4FCF-9D55-7B8E7F157091',
  InternetCache: '352481E8-33BE-4251-BA85-6007CAEDCF9D',
  Cookies: '2B0F765D-C0E9-4171-908E-08A611B84FF6',
  History: 'D9DC8A3B-B784-432E-A781-5A1130A75963',
  CommonApplicationData: '62AB5D82-FDC1-4DC3-A9DD-070D1D495D97',
  System: '1AC14E77-02E7-4E5D-B744-2EB1AE5198B7',
  ProgramFiles: '905E63B6-C1BF-494E-B29C-65B732D3D21A',
  MyPictures: '33E28130-4E1E-4676-835A-98395C3BC3BB',
  CommonProgramFiles: 'F7F1ED05-9F6D-47A2-AAAE-29D317C6F066',
};

const codePageKey = 'SYSTEM\\CurrentControlSet\\Control\\Nls\\CodePage';
/** From the registry: what a process is told may be its own. */
function codePage(name: 'ACP' | 'OEMCP'): number {
  const stored = readValue('HKEY_LOCAL_MACHINE', codePageKey, name);
  const page = stored?.kind === 'text' ? Number(stored.value) : 0;
  return page > 0 ? page : system.codePages()[name === 'ACP' ? 'text' : 'console'];
}

const variablesOf = {
  user: ['HKEY_CURRENT_USER', 'Environment'],
  system: ['HKEY_LOCAL_MACHINE', 'SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment'],
} as const;

function environmentVariable(scope: 'user' | 'system', name: string): string | undefined {
  const [hive, path] = variablesOf[scope];
  const stored = readValue(hive, path, name);
  if (stored?.kind === 'expandable') return system.expandVariables(stored.value);
  return stored?.kind === 'text' ? stored.value : undefined;
}

async function setEnvironmentVariable(
  scope: 'user' | 'system',
  name: string,
  value: string | undefined,
): Promise<void> {
  const [hive, path] = variablesOf[scope];
  answered(() => {
    if (value === undefined) return deleteValue(hive, path, name);
    // One with variables in it, such as Path, goes on filling them in.
    const kind = readValue(hive, path, name)?.kind === 'expandable' ? 'expandable' : 'text';
    return writeValue(hive, path, name, { kind, value });
  });
  await system.announceSettingChange('Environment');
}

const serviceStates: Readonly<Record<string, ServiceState>> = {
  running: 'running',
  paused: 'paused',
  stopped: 'stopped',
};
/** What a change ends in, and how long a service may take for it and how often it is asked, in ms. */
const changedStates = { start: 'running', resume: 'running', stop: 'stopped', pause: 'paused' } as const;
const serviceLimit = 60_000;
const servicePeriod = 50;

const serviceState = (name: string): ServiceState | undefined => {
  const status = serviceStatus(name);
  return status && (serviceStates[status.state] ?? 'changing');
};

async function changeService(name: string, change: ServiceChange, signal: AbortSignal): Promise<void> {
  if (change === 'start') {
    const failed = await startService(name).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    answered(() => {
      if (failed !== undefined) throw failed.error;
    });
  } else answered(() => controlService(name, change === 'resume' ? 'continue' : change));
  const end = performance.now() + serviceLimit;
  for (;;) {
    const state = answered(() => serviceState(name));
    if (state === changedStates[change]) return;
    const status = answered(() => serviceStatus(name));
    if (status === undefined || (status.state === 'stopped' && change !== 'stop'))
      throw new Error(`it stopped at once, with the number ${status?.exitCode ?? 0}`);
    if (performance.now() > end)
      throw new Error(`it is still ${status.state} after ${serviceLimit / 1000} seconds`);
    await wait(servicePeriod, undefined, { signal });
  }
}

/** For Windows only: the first call loads its libraries. */
export function windowsShell(): Shell {
  return {
    async start(what, signal) {
      signal.throwIfAborted();
      const handle = await execute(undefined, what);
      return handle === 0 ? undefined : started(handle);
    },
    async print(path, signal) {
      signal.throwIfAborted();
      const handle = await execute('print', { path, commandLine: '', folder: '', style: 'minimized' });
      if (handle !== 0) started(handle).close();
    },
    defaultPrinter: (signal) => attempt(signal, () => system.defaultPrinter() ?? ''),
    setDefaultPrinter: (name, signal) => attempt(signal, () => system.setDefaultPrinter(name)),
    emptyRecycleBin: (signal) => attempt(signal, system.emptyRecycleBin),
    playSound: (sound, signal) =>
      attempt(signal, async () => {
        if ('system' in sound) return system.playSystemSound(systemSounds[sound.system]);
        const stop = () => system.stopSound();
        signal.addEventListener('abort', stop, { once: true });
        try {
          if (await system.playSoundFileToEnd(sound.file)) return;
        } finally {
          signal.removeEventListener('abort', stop);
        }
        throw new DesktopError(
          'WindowsCallFailed',
          'It is no WAV file, or there is no sound device.',
          'Play the file in another program to see which.',
        );
      }),
    screenSaver: (act, signal) =>
      attempt(signal, () => {
        if (act === 'enable' || act === 'disable') return system.enableScreenSaver(act === 'enable');
        if (act === 'start') return system.startScreenSaver();
        if (!system.isScreenSaverRunning()) return;
        // It ends as soon as the mouse moves.
        const { x, y } = mousePosition();
        moveMouse({ x: x === 0 ? 20 : 0, y });
        moveMouse({ x, y });
      }),
    textSettings: () => ({
      textCodePage: codePage('ACP'),
      consoleCodePage: codePage('OEMCP'),
      listSeparator: system.listSeparator(),
    }),
    specialFolder(name) {
      const id = specialFolders[name];
      return id === undefined ? undefined : answered(() => system.knownFolder(id));
    },
    environmentVariable: (scope, name) => answered(() => environmentVariable(scope, name)),
    setEnvironmentVariable,
    serviceState: (name) => answered(() => serviceState(name)),
    changeService,
  };
}
