// If window, If window contains, and the waits of the same names.
import type { Desktop } from '../../../desktop/desktop.ts';
import type { ActionArguments, ActionContext, ActionDefinition, ActionResult } from '../../action.ts';
import { eventually, type Failures, findSeconds, onDesktop } from '../desktop.ts';
import { isFound, isThere, lookFor, targetOf, windowByElement, windowModes, windowOf } from './target.ts';
import { textIn } from './text.ts';

/** A question about the desktop as it is now. */
type Question = (desktop: Desktop, signal: AbortSignal) => Promise<boolean>;

/** A condition is asked again for a while before it does not hold, unless the flow wants the answer at once. */
async function answer(
  args: ActionArguments,
  context: ActionContext,
  failures: Failures,
  question: Question,
): Promise<ActionResult> {
  const seconds = args.has('InstantCheck') && args.boolean('InstantCheck') ? 0 : findSeconds;
  return await onDesktop(context, failures, 'The condition cannot be checked', async (desktop) => {
    const holds = async () => (await question(desktop, context.signal)) || undefined;
    return { condition: (await eventually(context, seconds, holds)) === true };
  });
}

/** The interpreter asks a wait again and again. */
const ask = (context: ActionContext, failures: Failures, question: Question): Promise<ActionResult> =>
  onDesktop(context, failures, 'The window cannot be waited for', async (desktop) => ({
    condition: await question(desktop, context.signal),
  }));

// ── Windows ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The part of the id of If, that of Wait, and what is asked of a window. */
const aboutWindows = [
  ['IsOpen', 'ToOpen', 'isOpen', true],
  ['IsNotOpen', 'ToClose', 'isOpen', false],
  ['IsFocused', 'ToBecomeFocused', 'isFocused', true],
  ['IsNotFocused', 'ToLoseFocus', 'isFocused', false],
] as const;

const ifFailures: Failures = { code: 'ActionFailed' };
const waitFailures: Failures = {
  code: 'WaitForWindowError',
  noScreen: 'PerformWindowRelatedActionInNoninteractiveModeError',
};

const windowConditions: readonly ActionDefinition[] = aboutWindows.flatMap(([ifId, waitId, what, wanted]) =>
  windowModes.flatMap((mode): ActionDefinition[] => {
    const question =
      (args: ActionArguments, context: ActionContext, code: string): Question =>
      async (desktop, signal) => {
        const window = await windowOf(mode, args, context, code).look(desktop, signal);
        const isOpen = window?.isVisible === true;
        return (what === 'isOpen' ? isOpen : isOpen && window.isForeground) === wanted;
      };
    return [
      {
        id: `UIAutomation.IfWindow.${ifId}${mode}`,
        run: (args, context) => answer(args, context, ifFailures, question(args, context, ifFailures.code)),
      },
      {
        id: `UIAutomation.WaitForWindow.${waitId}${mode}`,
        run: async (args, context) => {
          const result = await ask(context, waitFailures, question(args, context, waitFailures.code));
          if (result.condition === true && waitId === 'ToOpen' && args.boolean('FocusWindow')) {
            const target = windowOf(mode, args, context, waitFailures.code);
            const failures = { ...waitFailures, code: 'FocusWindowError' };
            await onDesktop(context, failures, `${target.name} cannot be focused`, async (desktop) => {
              const window = await target.look(desktop, context.signal);
              if (window !== undefined)
                await desktop.changeWindow(window.handle, { kind: 'focus' }, context.signal);
            });
          }
          return result;
        },
      },
    ];
  }),
);

// ── What is in them ─────────────────────────────────────────────────────────────────────────────────────────────

type Asking = (args: ActionArguments, context: ActionContext, code: string) => Question;

const containsElement: Asking = (args, context, code) => {
  const target = targetOf(args, context, 'Element', code);
  return (desktop, signal) => isThere(desktop, target, signal);
};

const containsElementInState: Asking = (args, context, code) => {
  const target = targetOf(args, context, 'Element', code);
  const wanted = args.member('State') === 'Enabled';
  return async (desktop, signal) => {
    const found = await lookFor(desktop, target, signal);
    if (!isFound(found)) return false;
    desktop.release([found.ref]);
    return found.isEnabled === wanted;
  };
};

/** In any letter case, as people look for a text. */
const containsText: Asking = (args, context, code) => {
  const target = windowByElement(targetOf(args, context, 'Window', code));
  const wanted = args.text('Text').toLowerCase();
  return async (desktop, signal) => {
    const window = await target.look(desktop, signal);
    if (window === undefined) return false;
    const texts = await textIn(desktop, window.handle, signal);
    return [window.title, ...texts].some((text) => text.toLowerCase().includes(wanted));
  };
};

const not =
  (asking: Asking): Asking =>
  (args, context, code) => {
    const question = asking(args, context, code);
    return async (desktop, signal) => !(await question(desktop, signal));
  };

const contents = [
  ['ContainsElement', 'ContainElement', containsElement],
  ['ContainsElementInState', 'ContainElementInState', containsElementInState],
  ['DoesNotContainElement', 'NotContainElement', not(containsElement)],
  ['ContainsText', 'ContainText', containsText],
  ['DoesNotContainText', 'NotContainText', not(containsText)],
] as const;

const contentFailures: Failures = { code: 'WaitForWindowContentError' };

const contentConditions: readonly ActionDefinition[] = contents.flatMap(([ifId, waitId, asking]) => [
  {
    id: `UIAutomation.IfWindowContains.Window${ifId}`,
    run: (args, context) => answer(args, context, ifFailures, asking(args, context, ifFailures.code)),
  },
  {
    id: `UIAutomation.WaitForWindowContent.WindowTo${waitId}`,
    run: (args, context) => ask(context, contentFailures, asking(args, context, contentFailures.code)),
  },
]);

export const conditionActions: readonly ActionDefinition[] = [...windowConditions, ...contentConditions];
