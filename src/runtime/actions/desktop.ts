// What the actions on windows, mouse, keyboard and screen share: the desktop of the run, its errors as those of the action, and waiting
// for what is to come.
import type { Desktop, MouseButton, Point, Rectangle, WindowFacts } from '../../desktop/desktop.ts';
import { DesktopError } from '../../desktop/errors.ts';
import { type ActionContext, type ActionDefinition, ActionError } from '../action.ts';
import { Deadline, delay } from './webAutomation/waiting.ts';

export { Deadline, delay } from './webAutomation/waiting.ts';

/** So long an action waits for the window or element it is about. */
export const findSeconds = 10;
/** Between two looks (ms). */
export const lookEvery = 100;

/** The error names of an action. */
export interface Failures {
  /** Whatever has no name of its own. */
  readonly code: string;
  /** The window is not there. */
  readonly noWindow?: string;
  /** There is no screen to work on: the session is locked or disconnected. */
  readonly noScreen?: string;
}

/** `work` on the desktop of the run. Throws the errors of the action; `doing` begins their messages: `The window cannot be moved`. */
export async function onDesktop<T>(
  context: ActionContext,
  failures: Failures,
  doing: string,
  work: (desktop: Desktop) => Promise<T>,
): Promise<T> {
  try {
    return await work(await context.desktop());
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    throw error instanceof DesktopError ? translated(error, failures, doing) : error;
  }
}

function translated(error: DesktopError, failures: Failures, doing: string): ActionError {
  const code =
    error.code === 'WindowNotFound'
      ? failures.noWindow
      : error.code === 'ScreenNotAvailable' || error.code === 'DesktopNotAvailable'
        ? failures.noScreen
        : undefined;
  return new ActionError(code ?? failures.code, `${doing}: ${error.message}`, error.nextStep, {
    cause: error,
  });
}

export const isDesktopError = (error: unknown, ...codes: readonly DesktopError['code'][]): boolean =>
  error instanceof DesktopError && codes.includes(error.code);

/** Looks until there is something; undefined when the time is over. Looks at least once. */
export async function eventually<T>(
  context: ActionContext,
  seconds: number,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = new Deadline(context.host.clock, seconds);
  for (;;) {
    const found = await look();
    if (found !== undefined || deadline.isOver) return found;
    await delay(context, Math.min(lookEvery, deadline.left));
  }
}

/** The window in front; undefined when none is. */
export async function foregroundWindow(
  desktop: Desktop,
  signal: AbortSignal,
): Promise<WindowFacts | undefined> {
  return (await desktop.windows(signal)).find(({ isForeground }) => isForeground);
}

/** Makes the window the one in front, unless it is. */
export async function bringToFront(desktop: Desktop, handle: number, signal: AbortSignal): Promise<void> {
  if ((await foregroundWindow(desktop, signal))?.handle === handle) return;
  await desktop.changeWindow(handle, { kind: 'focus' }, signal);
}

/** The members of the click types of all modules. */
const clicks: Readonly<Record<string, readonly [MouseButton, 'click' | 'double' | 'down' | 'up']>> = {
  LeftClick: ['left', 'click'],
  RightClick: ['right', 'click'],
  MiddleClick: ['middle', 'click'],
  DoubleClick: ['left', 'double'],
  LeftButtonDown: ['left', 'down'],
  LeftButtonUp: ['left', 'up'],
  RightButtonDown: ['right', 'down'],
  RightButtonUp: ['right', 'up'],
};

/** Clicks where the mouse is. A button that is still down when the run ends is let go. */
export async function clickHere(desktop: Desktop, clickType: string, context: ActionContext): Promise<void> {
  const [button, act] = clicks[clickType] ?? (['left', 'click'] as const);
  await desktop.mouseButton(button, act, context.signal);
  if (act === 'down') context.own(() => desktop.mouseButton(button, 'up', new AbortController().signal));
}

/** A place of a rectangle by its name in the designer: `TopLeft` … `MiddleCenter` … `BottomRight`, moved by an offset. */
export function placeIn({ x, y, width, height }: Rectangle, position: string, offset: Point): Point {
  const across = /Left$/.test(position) ? 0 : /Right$/.test(position) ? 1 : 0.5;
  const down = /^Top/.test(position) ? 0 : /^Bottom/.test(position) ? 1 : 0.5;
  return {
    x: Math.round(x + across * Math.max(0, width - 1)) + offset.x,
    y: Math.round(y + down * Math.max(0, height - 1)) + offset.y,
  };
}

/** How long the mouse is on its way (ms), by movement style. */
export const movementMs: Readonly<Record<string, number>> = {
  Instant: 0,
  AnimateSlow: 1_500,
  AnimateNormal: 800,
  AnimateFast: 300,
};

/** Marks definitions as those of a Windows desktop. */
export const onWindowsOnly = (definitions: readonly ActionDefinition[]): ActionDefinition[] =>
  definitions.map((definition) => ({ ...definition, needs: 'windows' }));
