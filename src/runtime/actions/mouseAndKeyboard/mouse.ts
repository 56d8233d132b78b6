// The mouse by coordinates: where it is, moving and clicking it, and waiting for what it looks like.
import type { Desktop, Point } from '../../../desktop/desktop.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { clickHere, delay, type Failures, foregroundWindow, movementMs, onDesktop } from '../desktop.ts';

/** The upper left corner of the window in front. Throws `code` when none is. */
async function windowCorner(desktop: Desktop, context: ActionContext, code: string): Promise<Point> {
  const window = await foregroundWindow(desktop, context.signal);
  if (window !== undefined) return window.rectangle;
  throw new ActionError(
    code,
    'No window is in front that the position could be relative to.',
    'Focus a window first.',
  );
}

async function position(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const failures: Failures = {
    code: 'ActionFailed',
    noScreen: 'RetrieveMousePositionInNonInteractiveModeError',
  };
  const place = await onDesktop(context, failures, 'The mouse position cannot be read', async (desktop) => {
    const { x, y } = await desktop.mousePosition(context.signal);
    if (args.member('RelativeTo') === 'Screen') return { x, y };
    const corner = await windowCorner(desktop, context, failures.code);
    return { x: x - corner.x, y: y - corner.y };
  });
  return { outputs: { X: place.x, Y: place.y } };
}

async function wantedPlace(
  args: ActionArguments,
  context: ActionContext,
  desktop: Desktop,
  code: string,
): Promise<Point> {
  const [x, y] = [args.integer('X'), args.integer('Y')];
  const relativeTo = args.member('RelativeTo');
  if (relativeTo === 'Screen') return { x, y };
  const from =
    relativeTo === 'ActiveWindow'
      ? await windowCorner(desktop, context, code)
      : await desktop.mousePosition(context.signal);
  return { x: from.x + x, y: from.y + y };
}

const style = (args: ActionArguments): number => movementMs[args.member('MovementStyle')] ?? 0;

async function move(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const failures: Failures = { code: 'MoveMouseError', noScreen: 'MoveMouseInNonInteractiveModeError' };
  await onDesktop(context, failures, 'The mouse cannot be moved', async (desktop) => {
    const to = await wantedPlace(args, context, desktop, failures.code);
    await desktop.moveMouse(to, style(args), context.signal);
  });
  return {};
}

async function click(args: ActionArguments, context: ActionContext, moves: boolean): Promise<ActionResult> {
  const failures: Failures = {
    code: 'SendMouseClickError',
    noScreen: 'SendMouseClickInNonInteractiveModeError',
  };
  const clickType = args.member('ClickType');
  const wait = Math.max(0, args.integer('MillisecondsDelay'));
  await onDesktop(context, failures, 'The mouse click cannot be sent', async (desktop) => {
    if (moves) {
      const to = await wantedPlace(args, context, desktop, failures.code);
      await demandOnScreen(desktop, to, context.signal);
      await desktop.moveMouse(to, style(args), context.signal);
    }
    if (wait > 0) await delay(context, wait);
    await clickHere(desktop, clickType, context);
  });
  return {};
}

async function demandOnScreen(desktop: Desktop, { x, y }: Point, signal: AbortSignal): Promise<void> {
  const screens = await desktop.screens(signal);
  const isInside = screens.some(
    ({ rectangle: at }) => x >= at.x && y >= at.y && x < at.x + at.width && y < at.y + at.height,
  );
  if (isInside) return;
  throw new ActionError(
    'MouseClickOutOfScreenBoundsError',
    `The place ${x}, ${y} is on no screen.`,
    'Check the coordinates, and whether they are meant to be relative to a window.',
  );
}

/** The interpreter asks again and again. */
const looksLike = (isWanted: boolean) => async (args: ActionArguments, context: ActionContext) => {
  const wanted = args.member('MousePointerState').toLowerCase();
  const cursor = await onDesktop(
    context,
    { code: 'ActionFailed' },
    'The mouse pointer cannot be looked at',
    (desktop) => desktop.cursor(context.signal),
  );
  return { condition: (cursor.toLowerCase() === wanted) === isWanted };
};

export const mouseActions: readonly ActionDefinition[] = [
  { id: 'MouseAndKeyboard.GetMousePosition', run: position },
  { id: 'MouseAndKeyboard.MoveMouse', run: move },
  {
    id: 'MouseAndKeyboard.SendMouseClick.Click',
    run: (args, context) => click(args, context, false),
  },
  {
    id: 'MouseAndKeyboard.SendMouseClick.ClickAt',
    run: (args, context) => click(args, context, true),
  },
  { id: 'MouseAndKeyboard.WaitForMouse.WaitForMouseToBecome', run: looksLike(true) },
  { id: 'MouseAndKeyboard.WaitForMouse.WaitForMouseToBecomeDifferentThan', run: looksLike(false) },
];
