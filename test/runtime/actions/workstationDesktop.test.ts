// Workstation, System and Clipboard where there is a Windows desktop, played.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Shell, Start, StartedProcess } from '../../../src/desktop/shell.ts';
import { pingOutcome, systemActions } from '../../../src/runtime/actions/system.ts';
import { workstationActions } from '../../../src/runtime/actions/workstation.ts';
import type { Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { PlayedDesktop } from './playedDesktop.ts';
import { playedShell } from './playedShell.ts';

let folder: string;
let desktop: PlayedDesktop;
let done: string[];
let started: Start[];
/** What a start gives: an id, `late` for a process that does not end, undefined when another took over. */
let process_: number | 'late' | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dflow-workstation-'));
  desktop = new PlayedDesktop();
  desktop.screen = { width: 4, height: 2, pixels: new Uint8Array(32).fill(255) };
  desktop.window(1, { isForeground: true });
  done = [];
  started = [];
  process_ = 101;
});
afterEach(() => rm(folder, { recursive: true }));

const shell: Shell = {
  ...playedShell,
  async start(what): Promise<StartedProcess | undefined> {
    started.push(what);
    if (process_ === undefined) return undefined;
    const isLate = process_ === 'late';
    return {
      id: isLate ? 9 : (process_ as number),
      ended: async () => (isLate ? undefined : 3),
      close: () => done.push('closed'),
    };
  },
  print: async (path) => void done.push(`print ${path}`),
  defaultPrinter: async () => 'Laser',
  setDefaultPrinter: async (name) => void done.push(`printer ${name}`),
  emptyRecycleBin: async () => void done.push('emptied'),
  playSound: async (sound) => void done.push(`sound ${JSON.stringify(sound)}`),
  screenSaver: async (act) => void done.push(`saver ${act}`),
};

const run = (id: string, given: Record<string, Value> = {}, isWindows = true) =>
  runAction(
    [...workstationActions, ...systemActions],
    id,
    given,
    contextIn(folder, isWindows ? { desktop, shell } : { desktop }),
  );

test('screenshots of all screens, one, the window in front; to the clipboard and to files', async () => {
  const take = (id: string, given: Record<string, Value> = {}) =>
    run(`Workstation.TakeScreenshot.TakeScreenshot${id}`, given);
  await take('');
  await take('OfPrimaryScreen');
  await take('OfScreen', { ScreenToCapture: 1 });
  await take('OfForegroundWindow');
  expect(desktop.done.filter((line) => line.startsWith('capture'))).toEqual([
    'capture all',
    'capture {"x":0,"y":0,"width":4,"height":2}',
    'capture {"x":0,"y":0,"width":4,"height":2}',
    'capture {"window":1}',
  ]);
  expect(desktop.done.filter((line) => line === 'clipboard picture')).toHaveLength(4);
  const starts = { Bmp: 'BM', Gif: 'GIF89a', Jpg: '\xff\xd8\xff', Png: '\x89PNG', Tiff: 'II*' };
  for (const [ImageFormat, head] of Object.entries(starts)) {
    await take('AndSaveToFile', { File: `shot.${ImageFormat}`, ImageFormat });
    const file = await readFile(join(folder, `shot.${ImageFormat}`));
    expect(file.toString('latin1', 0, head.length)).toBe(head);
  }
  expect(await errorOf(take('OfScreen', { ScreenToCapture: 2 }))).toMatch(
    /^GetSpecifiedScreenError: There is no screen 2; this session has 1/,
  );
  expect(await errorOf(take('AndSaveToFile', { File: 'no/such/folder.png' }))).toMatch(
    /^SaveScreenshotToFileError: Cannot save the picture as/,
  );
});

test('the resolution of a screen', async () => {
  expect((await run('Workstation.GetScreenResolution', { MonitorNumber: 1 })).outputs).toEqual({
    MonitorWidth: 4,
    MonitorHeight: 2,
    MonitorBitCount: 32,
    MonitorFrequency: 60,
  });
  const mode = { MonitorWidth: 1280, MonitorHeight: 800, MonitorBitCount: 32, MonitorFrequency: 60 };
  await run('Workstation.SetScreenResolution', { MonitorNumber: 1, ...mode });
  expect(desktop.done).toEqual(['screen 0 1280x800']);
});

test('the desktop is shown and what was minimised restored, from back to front', async () => {
  desktop.window(2);
  desktop.window(3, { state: 'minimized' });
  desktop.window(4, { isVisible: false });
  await run('Workstation.ShowDesktop');
  desktop.windowList = desktop.windowList.map((window) => ({ ...window, state: 'minimized' }));
  await run('Workstation.ShowDesktop', { DesktopOperation: 'Hide' });
  expect(desktop.done).toEqual([
    'window 1 state {"state":"minimized"}',
    'window 2 state {"state":"minimized"}',
    'window 2 state {"state":"restored"}',
    'window 1 state {"state":"restored"}',
  ]);
});

test('the lock, sounds, the screen saver, printers and the recycle bin', async () => {
  const file = join(folder, 'a.wav');
  await writeFile(file, 'RIFF');
  await run('Workstation.LockWorkstation');
  await run('Workstation.PlaySound.PlaySound', { WavFile: 'a.wav' });
  await run('Workstation.PlaySound.PlaySystemSound', { SystemSound: 'Hand' });
  await run('Workstation.ControlScreenSaver', { ScreenSaverAction: 'Disabled' });
  await run('Workstation.SetDefaultPrinter', { PrinterName: 'Ink' });
  await run('Workstation.PrintDocument', { DocumentPath: 'a.wav' });
  await run('Workstation.EmptyRecycleBin');
  expect(desktop.done).toEqual(['locked']);
  expect(done).toEqual([
    `sound ${JSON.stringify({ file })}`,
    'sound {"system":"hand"}',
    'saver disable',
    'printer Ink',
    `print ${file}`,
    'emptied',
  ]);
  expect((await run('Workstation.GetDefaultPrinter')).outputs).toEqual({ PrinterName: 'Laser' });
  expect(await errorOf(run('Workstation.PlaySound.PlaySound', { WavFile: 'b.wav' }))).toMatch(
    /^FindSoundFileError: /,
  );
  expect(await errorOf(run('Workstation.ControlScreenSaver', {}, false))).toMatch(/^PlatformUnsupported: /);
});

test('programs are started by the shell of Windows', async () => {
  const given = { ApplicationPath: 'tool.exe', CommandLineArguments: '-a "b c"', WindowStyle: 'Maximized' };
  expect((await run('System.RunApplication.RunApplication', given)).outputs).toEqual({ ProcessId: 101 });
  expect(started).toEqual([{ path: 'tool.exe', commandLine: '-a "b c"', folder, style: 'maximized' }]);
  const complete = (Timeout: number) =>
    run('System.RunApplication.RunApplicationAndWaitToComplete', { ...given, Timeout });
  expect((await complete(0)).outputs).toEqual({ ProcessId: 101, ExitCode: 3 });
  process_ = 'late';
  expect(await errorOf(complete(2))).toMatch(/^TimeoutError: "tool.exe" did not complete within 2 seconds/);
  process_ = undefined;
  expect((await complete(0)).outputs).toEqual({ ProcessId: 0, ExitCode: 0 });
  expect(done).toEqual(['closed', 'closed', 'closed']);
});

test('the window of a program is waited for: its own, or that of one it hands over to', async () => {
  const load = (Timeout = 5) =>
    run('System.RunApplication.RunApplicationAndWaitToLoad', { ApplicationPath: 'played.exe', Timeout });
  expect((await load()).outputs).toEqual({ WindowHandle: 1, ProcessId: 101 });
  process_ = 55;
  expect(await errorOf(load())).toMatch(
    /^RetrieveApplicationMainWindowHandleError: "played.exe" showed no window within 5 seconds/,
  );
  const { windows } = desktop;
  let looks = 0;
  desktop.windows = async () => {
    if (++looks === 3) desktop.window(6);
    return await windows.call(desktop);
  };
  expect((await load()).outputs).toEqual({ WindowHandle: 6, ProcessId: 106 });
});

test.each([
  [0, '64 bytes from 1.2.3.4: icmp_seq=1 ttl=64 time=12.6 ms', 'Success', 13],
  [0, 'Antwort von 1.2.3.4: Bytes=32 Zeit<1ms TTL=128', 'Success', 1],
  [0, 'Reply from 10.0.0.1: Destination host unreachable.', 'DestinationHostUnreachable', 0],
  [1, 'PING x (1.2.3.4) 56(84) bytes of data.\n1 packets transmitted, 0 received', 'TimedOut', 0],
])('ping ended with %i: %s', (exitCode, output, PingResult, RoundTripTime) => {
  expect(pingOutcome('x', exitCode, output, '')).toEqual({ PingResult, RoundTripTime });
});

test('ping of an unknown machine', async () => {
  const failing = async () => pingOutcome('x', 2, '', 'ping: x: Name or service not known\n');
  expect(await errorOf(failing())).toBe(
    'CompletePingActionError: "x" cannot be pinged: ping: x: Name or service not known.',
  );
  expect(await errorOf(run('System.Ping', { HostName: '-f x' }))).toMatch(/^CompletePingActionError: /);
});
