// Get, focus, show, hide, move, resize and close windows.
import type { WindowChange, WindowFacts } from '../../../desktop/desktop.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { CustomObject, type Value } from '../../values.ts';
import { bringToFront, type Failures, findSeconds, foregroundWindow, onDesktop } from '../desktop.ts';
import {
  findWindow,
  type Target,
  targetOf,
  windowByElement,
  windowModes,
  windowOf,
  windowValue,
} from './target.ts';
import { textIn } from './text.ts';

/** `base` and `variant` as in `FocusWindow.Focus`, which comes in the three modes. */
function changing(
  base: string,
  variant: string,
  code: string,
  what: string,
  change: (args: ActionArguments) => WindowChange,
): ActionDefinition[] {
  const failures: Failures = {
    code,
    noWindow: 'WindowNotFoundError',
    noScreen: 'PerformWindowRelatedActionInNoninteractiveModeError',
  };
  return windowModes.map((mode) => ({
    id: `UIAutomation.${base}.${variant}${mode}`,
    run: async (args, context) => {
      const target = windowOf(mode, args, context, 'WindowNotFoundError');
      const wanted = change(args);
      await onDesktop(context, failures, `${target.name} cannot be ${what}`, async (desktop) => {
        const { handle } = await findWindow(desktop, target, context, failures);
        await desktop.changeWindow(handle, wanted, context.signal);
      });
      return {};
    },
  }));
}

const states = { Restored: 'restored', Minimized: 'minimized', Maximized: 'maximized' } as const;

function size(args: ActionArguments, name: string): number {
  const value = args.integer(name);
  if (value >= 0) return value;
  throw new ActionError(
    'ResizeWindowError',
    `A window cannot be ${value} pixels large.`,
    'Give width and height in pixels.',
  );
}

async function getWindow(
  args: ActionArguments,
  context: ActionContext,
  seconds: number,
): Promise<ActionResult> {
  const failures: Failures = { code: 'GetWindowError' };
  const target = windowByElement(targetOf(args, context, 'Control', failures.code));
  const { handle } = await onDesktop(context, failures, `${target.name} cannot be found`, async (desktop) => {
    const window = await findWindow(desktop, target, context, failures, seconds);
    if (args.boolean('BringWindowToFront')) await bringToFront(desktop, window.handle, context.signal);
    return window;
  });
  return { outputs: { WindowInstance: windowValue(handle) } };
}

async function getForeground(context: ActionContext): Promise<ActionResult> {
  const failures: Failures = { code: 'GetWindowError' };
  const window = await onDesktop(context, failures, 'The window in front cannot be found', (desktop) =>
    foregroundWindow(desktop, context.signal),
  );
  if (window === undefined) {
    throw new ActionError(failures.code, 'No window is in front.', 'Focus a window before this action.');
  }
  return { outputs: { WindowTitle: window.title, WindowInstance: windowValue(window.handle) } };
}

async function details(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const failures: Failures = { code: 'RetrievePropertyOfWindowError' };
  const element: Target = targetOf(args, context, 'Window', failures.code);
  const target = windowByElement(element);
  const wanted = args.member('ExtractionOperation');
  const property = await onDesktop(
    context,
    failures,
    `The details of ${target.name.toLowerCase()} cannot be read`,
    async (desktop): Promise<Value> => {
      const window = await findWindow(desktop, target, context, failures);
      if (args.boolean('BringToFront')) await bringToFront(desktop, window.handle, context.signal);
      if (wanted === 'Text') return (await textIn(desktop, window.handle, context.signal)).join('\r\n');
      return propertyOf(window, wanted);
    },
  );
  return { outputs: { Property: property } };
}

function propertyOf({ title, rectangle, process }: WindowFacts, wanted: string): Value {
  if (wanted === 'ProcessName') return process;
  if (wanted !== 'Bounds') return title;
  const { x, y, width, height } = rectangle;
  return new CustomObject([
    ['X', x],
    ['Y', y],
    ['Width', width],
    ['Height', height],
  ]);
}

export const windowActions: readonly ActionDefinition[] = [
  {
    id: 'UIAutomation.GetWindow.Get',
    run: (args, context) => getWindow(args, context, findSeconds),
  },
  {
    id: 'UIAutomation.GetWindow.GetUseTimeout',
    run: (args, context) => getWindow(args, context, Math.max(0, args.number('Timeout'))),
  },
  { id: 'UIAutomation.GetWindow.GetForegroundWindow', run: (_, context) => getForeground(context) },
  { id: 'UIAutomation.GetWindowDetails', run: details },
  ...changing('FocusWindow', 'Focus', 'FocusWindowError', 'focused', () => ({ kind: 'focus' })),
  ...changing('SetWindowState', 'SetState', 'SetWindowStateError', 'changed', (args) => ({
    kind: 'state',
    state: states[args.member('State') as keyof typeof states],
  })),
  ...changing(
    'SetWindowVisibility',
    'SetVisibility',
    'SetWindowVisibilityError',
    'shown or hidden',
    (args) => ({
      kind: 'visibility',
      isVisible: args.member('Visibility') === 'Visible',
    }),
  ),
  ...changing('MoveWindow', 'Move', 'MoveWindowError', 'moved', (args) => ({
    kind: 'move',
    to: { x: args.integer('X'), y: args.integer('Y') },
  })),
  ...changing('ResizeWindow', 'Resize', 'ResizeWindowError', 'resized', (args) => ({
    kind: 'resize',
    width: size(args, 'Width'),
    height: size(args, 'Height'),
  })),
  ...changing('CloseWindow', 'Close', 'CloseWindowError', 'closed', () => ({ kind: 'close' })),
];
