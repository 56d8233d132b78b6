// The Workstation actions on the desktop of the session: screenshots, resolution, sounds, the lock, the screen saver, and clearing the
// desktop of windows.
import type { Desktop, Rectangle } from '../../desktop/desktop.ts';
import type { Shell } from '../../desktop/shell.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { type Failures, foregroundWindow, onDesktop, onWindowsOnly } from './desktop.ts';
import { isFile, pathOf } from './fileSystem.ts';
import { savePicture } from './image/pictures.ts';
import { platformUnsupported } from './platform.ts';

type Screen = Awaited<ReturnType<Desktop['screens']>>[number];

/** The screen of a number, counted from 1. Throws `code`. */
async function screenOf(
  args: ActionArguments,
  name: string,
  desktop: Desktop,
  code: string,
  signal: AbortSignal,
): Promise<Screen> {
  const number = args.integer(name);
  const screens = await desktop.screens(signal);
  const screen = screens[number - 1];
  if (screen !== undefined) return screen;
  throw new ActionError(
    code,
    `There is no screen ${number}; this session has ${screens.length}.`,
    'Screens are counted from 1.',
  );
}

// ── Screenshots ─────────────────────────────────────────────────────────────────────────────────────────────────

type Chosen = Rectangle | 'all' | { readonly window: number };

const subjects: Readonly<
  Record<string, (args: ActionArguments, desktop: Desktop, signal: AbortSignal) => Promise<Chosen>>
> = {
  TakeScreenshot: async () => 'all',
  TakeScreenshotOfPrimaryScreen: async (_, desktop, signal) =>
    (await desktop.screens(signal)).find(({ isPrimary }) => isPrimary)?.rectangle ?? 'all',
  TakeScreenshotOfScreen: async (args, desktop, signal) =>
    (await screenOf(args, 'ScreenToCapture', desktop, 'GetSpecifiedScreenError', signal)).rectangle,
  TakeScreenshotOfForegroundWindow: async (_, desktop, signal) => {
    const window = await foregroundWindow(desktop, signal);
    if (window !== undefined) return { window: window.handle };
    throw new ActionError(
      'TakeScreenshotError',
      'No window is in front.',
      'Focus the window before, or take a picture of the screen.',
    );
  },
};

const screenshots: readonly ActionDefinition[] = Object.entries(subjects).flatMap(([id, chosen]) =>
  ([false, true] as const).map((toFile) => ({
    id: `Workstation.TakeScreenshot.${id}${toFile ? 'AndSaveToFile' : ''}`,
    run: async (args: ActionArguments, context: ActionContext) => {
      const { signal } = context;
      const path = toFile ? pathOf(args, 'File') : undefined;
      const failures: Failures = { code: 'TakeScreenshotError' };
      const picture = await onDesktop(context, failures, 'No screenshot can be taken', async (desktop) =>
        desktop.capture(await chosen(args, desktop, signal), signal),
      );
      if (path !== undefined)
        await savePicture(path, args.member('ImageFormat'), picture, 'SaveScreenshotToFileError', signal);
      else
        await onDesktop(
          context,
          { code: 'SetScreenshotToClipboardError' },
          'The screenshot cannot be put on the clipboard',
          (desktop) => desktop.setClipboard({ picture }, signal),
        );
      return {};
    },
  })),
);

// ── Screens ─────────────────────────────────────────────────────────────────────────────────────────────────────

async function getResolution(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const failures: Failures = { code: 'GetScreenResolutionError' };
  const { rectangle, bitsPerPixel, frequency } = await onDesktop(
    context,
    failures,
    'The resolution of the screen cannot be read',
    (desktop) => screenOf(args, 'MonitorNumber', desktop, failures.code, context.signal),
  );
  return {
    outputs: {
      MonitorWidth: rectangle.width,
      MonitorHeight: rectangle.height,
      MonitorBitCount: bitsPerPixel,
      MonitorFrequency: frequency,
    },
  };
}

async function setResolution(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const failures: Failures = { code: 'SetScreenResolutionError' };
  const mode = {
    width: args.integer('MonitorWidth'),
    height: args.integer('MonitorHeight'),
    bitsPerPixel: args.integer('MonitorBitCount'),
    frequency: args.integer('MonitorFrequency'),
  };
  await onDesktop(context, failures, 'The resolution of the screen cannot be changed', async (desktop) => {
    await screenOf(args, 'MonitorNumber', desktop, failures.code, context.signal);
    await desktop.setResolution(args.integer('MonitorNumber') - 1, mode, context.signal);
  });
  return {};
}

// ── Windows out of the way ──────────────────────────────────────────────────────────────────────────────────────

/** The windows that "Show desktop" minimised on the desktop of a run, to be restored. */
const minimised = new WeakMap<Desktop, readonly number[]>();

async function showDesktop(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const { signal } = context;
  const isShown = args.member('DesktopOperation') === 'Show';
  await onDesktop(context, { code: 'ActionFailed' }, 'The desktop cannot be shown', async (desktop) => {
    const windows = (await desktop.windows(signal)).filter(
      ({ isVisible, title }) => isVisible && title !== '',
    );
    if (isShown) {
      const open = windows.filter(({ state }) => state !== 'minimized').map(({ handle }) => handle);
      for (const handle of open)
        await desktop.changeWindow(handle, { kind: 'state', state: 'minimized' }, signal);
      minimised.set(desktop, open);
      return;
    }
    // Without a "Show" before, everything that is minimised is meant. From back to front, so that their order stays.
    const known = minimised.get(desktop);
    const meant = windows.filter(
      ({ handle, state }) => state === 'minimized' && (known === undefined || known.includes(handle)),
    );
    for (const { handle } of meant.toReversed())
      await desktop.changeWindow(handle, { kind: 'state', state: 'restored' }, signal);
    minimised.delete(desktop);
  });
  return {};
}

async function lock(context: ActionContext): Promise<ActionResult> {
  const failures: Failures = { code: 'LockComputerError', noScreen: 'LockComputerInNonInteractiveModeError' };
  await onDesktop(context, failures, 'The session cannot be locked', (desktop) =>
    desktop.lock(context.signal),
  );
  return {};
}

// ── Sounds and screen saver ─────────────────────────────────────────────────────────────────────────────────────

async function inShell(
  context: ActionContext,
  action: string,
  code: string,
  doing: string,
  work: (shell: Shell) => Promise<void>,
): Promise<ActionResult> {
  const { shell, signal } = context;
  if (shell === undefined) throw platformUnsupported(action, 'Windows');
  try {
    await work(shell);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new ActionError(
      code,
      `${doing}: ${(error as Error).message}`,
      'Check whether the session has what it takes: a sound device, a screen saver.',
      { cause: error },
    );
  }
  return {};
}

async function playFile(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const file = pathOf(args, 'WavFile');
  if (!(await isFile(file))) {
    throw new ActionError('FindSoundFileError', `The sound "${file}" does not exist.`, 'Check the path.');
  }
  return await inShell(
    context,
    'Workstation.PlaySound',
    'InvalidSoundFileError',
    `The sound "${file}" cannot be played`,
    (shell) => shell.playSound({ file }, context.signal),
  );
}

const systemSounds = ['asterisk', 'beep', 'exclamation', 'hand', 'question'] as const;
const saverActs = { Enable: 'enable', Disabled: 'disable', Start: 'start', Stop: 'stop' } as const;

export const desktopWorkstationActions: readonly ActionDefinition[] = onWindowsOnly([
  ...screenshots,
  { id: 'Workstation.GetScreenResolution', run: getResolution },
  { id: 'Workstation.SetScreenResolution', run: setResolution },
  { id: 'Workstation.ShowDesktop', run: showDesktop },
  { id: 'Workstation.LockWorkstation', run: (_, context) => lock(context) },
  { id: 'Workstation.PlaySound.PlaySound', run: playFile },
  {
    id: 'Workstation.PlaySound.PlaySystemSound',
    run: (args, context) => {
      const wanted = args.member('SystemSound').toLowerCase();
      const system = systemSounds.find((name) => name === wanted) ?? 'beep';
      return inShell(
        context,
        'Workstation.PlaySound',
        'ActionFailed',
        'The sound cannot be played',
        (shell) => shell.playSound({ system }, context.signal),
      );
    },
  },
  {
    id: 'Workstation.ControlScreenSaver',
    run: (args, context) => {
      const act = saverActs[args.member('ScreenSaverAction') as keyof typeof saverActs];
      return inShell(
        context,
        'Workstation.ControlScreenSaver',
        'ActionFailed',
        'The screen saver cannot be controlled',
        (shell) => shell.screenSaver(act, context.signal),
      );
    },
  },
]);
