// The actions that go to an element with the mouse: click, hover, drag and drop, and elements of the desktop and the taskbar.
import type { Desktop, ElementChange, ElementFacts, Point } from '../../../desktop/desktop.ts';
import type { ActionArguments, ActionContext, ActionDefinition, ActionResult } from '../../action.ts';
import {
  bringToFront,
  clickHere,
  delay,
  eventually,
  type Failures,
  isDesktopError,
  lookEvery,
  onDesktop,
  placeIn,
} from '../desktop.ts';
import { keyCodes } from '../mouseAndKeyboard/keyNames.ts';
import { elementValue, onElement, targetOf } from './target.ts';

/** So long (ms) the mouse stays over an element that is hovered, and takes from one to the other when it drags. */
const hoverMs = 300;
const dragMs = 400;

export interface Place {
  readonly position: string;
  readonly offset: Point;
}

export const middle: Place = { position: 'MiddleCenter', offset: { x: 0, y: 0 } };

/** Puts the mouse where a click hits the element, as soon as one would; its window comes to the front before. */
export async function pointAt(
  desktop: Desktop,
  element: ElementFacts,
  at: Place,
  context: ActionContext,
  left: () => number,
): Promise<void> {
  await bringToFront(desktop, element.window, context.signal);
  await desktop.moveMouse(await readyPoint(desktop, element, at, context, left), 0, context.signal);
}

async function readyPoint(
  desktop: Desktop,
  { ref }: ElementFacts,
  at: Place,
  context: ActionContext,
  left: () => number,
): Promise<Point> {
  for (;;) {
    try {
      return await desktop.clickPoint(ref, at, context.signal);
    } catch (error) {
      if (!isDesktopError(error, 'ElementNotReady') || left() === 0) throw error;
    }
    await delay(context, Math.min(lookEvery, left()));
  }
}

/** Clicks the element as a person does. */
export async function clickElement(
  desktop: Desktop,
  element: ElementFacts,
  context: ActionContext,
  left: () => number,
  clickType = 'LeftClick',
  at: Place = middle,
): Promise<void> {
  await pointAt(desktop, element, at, context, left);
  await clickHere(desktop, clickType, context);
}

/** Changes the element without the mouse; clicks it when it has no way to do that. */
export async function changeOrClick(
  desktop: Desktop,
  element: ElementFacts,
  change: ElementChange,
  context: ActionContext,
  left: () => number,
): Promise<void> {
  try {
    await desktop.change(element.ref, change, context.signal);
  } catch (error) {
    if (!isDesktopError(error, 'PatternNotSupported')) throw error;
    await clickElement(desktop, element, context, left);
  }
}

/** So long (seconds) a program gets to really move the focus. */
const focusSeconds = 1;

/** Gives the element the focus, by a click where there is no other way, and waits until it has it: keys go where the focus is. */
export async function focusElement(
  desktop: Desktop,
  element: ElementFacts,
  context: ActionContext,
  left: () => number,
): Promise<void> {
  const { signal } = context;
  await bringToFront(desktop, element.window, signal);
  if ((await desktop.facts(element.ref, signal)).isFocused) return;
  await changeOrClick(desktop, element, { kind: 'focus' }, context, left);
  // Some elements pass it on to one inside of them: then there is nothing to wait for.
  await eventually(
    context,
    focusSeconds,
    async () => (await desktop.facts(element.ref, signal)).isFocused || undefined,
  );
}

/** Does something with the element in the argument `name`. Throws `failures.code` when it is not there. */
export async function withElement<T>(
  args: ActionArguments,
  context: ActionContext,
  name: string,
  failures: Failures,
  doing: (target: string) => string,
  handling: (desktop: Desktop, element: ElementFacts, left: () => number) => Promise<T>,
): Promise<T> {
  const target = targetOf(args, context, name, failures.code);
  return await onDesktop(context, failures, doing(`"${target.name}"`), (desktop) =>
    onElement(desktop, target, context, failures.code, (element, left) => handling(desktop, element, left)),
  );
}

async function click(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const at: Place = {
    position: args.member('MousePositionRelativeToElement'),
    offset: { x: args.integer('OffsetX'), y: args.integer('OffsetY') },
  };
  const clickType = args.member('ClickType');
  await withElement(
    args,
    context,
    'Element',
    { code: 'ClickError' },
    (name) => `${name} cannot be clicked`,
    (desktop, element, left) => clickElement(desktop, element, context, left, clickType, at),
  );
  return {};
}

async function simulateClick(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  await withElement(
    args,
    context,
    'Element',
    { code: 'ClickError' },
    (name) => `A click on ${name} cannot be simulated`,
    (desktop, { ref }) => desktop.change(ref, { kind: 'invoke' }, context.signal),
  );
  return {};
}

async function hover(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  await withElement(
    args,
    context,
    'Element',
    { code: 'HoverOverElementError' },
    (name) => `The mouse cannot be moved over ${name}`,
    async (desktop, element, left) => {
      await pointAt(desktop, element, middle, context, left);
      await delay(context, hoverMs);
    },
  );
  return {};
}

async function dragAndDrop(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const { signal } = context;
  const failures: Failures = { code: 'DragAndDropError' };
  const place = (end: 'Down' | 'Up'): Place => ({
    position: args.member(`RectangleEdgePointForMouse${end}`),
    offset: { x: args.integer(`Mouse${end}OffsetX`), y: args.integer(`Mouse${end}OffsetY`) },
  });
  const [noSource, noTarget] = ['UIElementToDragNotFoundError', 'DropTargetUIElementNotFoundError'] as const;
  const from = targetOf(args, context, 'ControlToDrag', noSource);
  const to = targetOf(args, context, 'ControlToDropOver', noTarget);
  const button = args.member('ClickType') === 'RightClick' ? 'right' : 'left';
  await onDesktop(context, failures, `"${from.name}" cannot be dragged to "${to.name}"`, (desktop) =>
    onElement(desktop, from, context, noSource, async (dragged, left) => {
      await pointAt(desktop, dragged, place('Down'), context, left);
      await desktop.mouseButton(button, 'down', signal);
      try {
        // What is dragged may hide the target, and a window may only come up while it is held: its own place says where it is.
        const end = await onElement(desktop, to, context, noTarget, async ({ rectangle }) =>
          placeIn(rectangle, place('Up').position, place('Up').offset),
        );
        await desktop.moveMouse(end, dragMs, signal);
        await delay(context, hoverMs);
      } finally {
        await desktop.mouseButton(button, 'up', new AbortController().signal);
      }
    }),
  );
  return {};
}

/** Elements of the desktop and the taskbar. A click on a program of the taskbar with Shift held starts it anew. */
async function useDesktop(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const clickType = args.member('ClickType');
  const isNew = clickType === 'LeftClick' && args.boolean('LaunchNewApplication');
  const { signal } = context;
  await withElement(
    args,
    context,
    'Control',
    { code: 'TaskbarOperationError' },
    (name) => `${name} cannot be clicked`,
    async (desktop, element, left) => {
      const at = await readyPoint(desktop, element, middle, context, left);
      await desktop.moveMouse(at, 0, signal);
      const window = (await desktop.windows(signal)).find(({ handle }) => handle === element.window);
      const shift = { key: keyCodes.shift } as const;
      const isHeld = isNew && window?.className === 'Shell_TrayWnd' && element.tag === 'button';
      if (isHeld) await desktop.keys([{ kind: 'down', ...shift }], 0, signal);
      try {
        await clickHere(desktop, clickType, context);
      } finally {
        if (isHeld) await desktop.keys([{ kind: 'up', ...shift }], 0, new AbortController().signal);
      }
    },
  );
  return {};
}

/** Remembers what the element is, once it is there. */
async function getElement(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const target = targetOf(args, context, 'Control', 'ActionFailed');
  await withElement(
    args,
    context,
    'Control',
    { code: 'ActionFailed' },
    (name) => `${name} cannot be found`,
    async () => {},
  );
  return { outputs: { UIControl: elementValue(target) } };
}

export const pointingActions: readonly ActionDefinition[] = [
  { id: 'UIAutomation.Click.Click', run: click },
  { id: 'UIAutomation.Click.SimulateClick', run: simulateClick },
  { id: 'UIAutomation.HoverOnElement', run: hover },
  { id: 'UIAutomation.DragAndDropElement', run: dragAndDrop },
  { id: 'UIAutomation.UseDesktop', run: useDesktop },
  { id: 'UIAutomation.GetUIControl', run: getElement },
];
