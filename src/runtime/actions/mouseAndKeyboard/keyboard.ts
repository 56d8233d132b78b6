// Send keys in its four variants, keys that are held, lock keys, the keyboard layout, shortcut keys, and keeping people's input out.
import type { Desktop } from '../../../desktop/desktop.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { toText } from '../../convert.ts';
import { bringToFront, type Failures, foregroundWindow, onDesktop } from '../desktop.ts';
import { focusElement } from '../uiAutomation/pointing.ts';
import { findWindow, onElement, targetOf, windowOf } from '../uiAutomation/target.ts';
import { keyCodes } from './keyNames.ts';
import { KeysError, type Modifier, parseKeys, parseShortcut } from './keys.ts';

// ── Send keys ───────────────────────────────────────────────────────────────────────────────────────────────────

const sendFailures: Failures = {
  code: 'SendKeystrokesError',
  noScreen: 'SendKeystrokesInNonInteractiveModeError',
};

/** Puts what the keys are for in front. Throws the errors of the action. */
type Focus = (args: ActionArguments, context: ActionContext, desktop: Desktop) => Promise<void>;

const whatIsInFront: Focus = async (_, { signal }, desktop) => {
  if ((await foregroundWindow(desktop, signal)) !== undefined) return;
  throw new ActionError(
    'ThereIsntActiveApplicationToSendKeystrokesToError',
    'No window is in front that could get the keys.',
    'Focus a window first, or say in the action which one is meant.',
  );
};

const element: Focus = async (args, context, desktop) => {
  const { code } = sendFailures;
  const target = targetOf(args, context, 'Control', code);
  await onElement(desktop, target, context, code, async (found, left) => {
    // A window as such gets the keys wherever its focus is.
    if (target.query.selectors.length === 0) await bringToFront(desktop, found.window, context.signal);
    else await focusElement(desktop, found, context, left);
  });
};

const windowIn =
  (mode: 'ByInstanceOrHandle' | 'ByTitleClass'): Focus =>
  async (args, context, desktop) => {
    const target = windowOf(mode, args, context, sendFailures.code);
    const { handle } = await findWindow(desktop, target, context, sendFailures);
    await bringToFront(desktop, handle, context.signal);
  };

const sending = (variant: string, focus: Focus): ActionDefinition => ({
  id: `MouseAndKeyboard.SendKeys.FocusAndSendKeys${variant}`,
  run: async (args, context) => {
    const strokes = keysIn(args.text('TextToSend'), args.boolean('SendTextAsHardwareKeys'));
    const msBetween = Math.max(0, args.integer('DelayBetweenKeystrokes'));
    await onDesktop(context, sendFailures, 'The keys cannot be sent', async (desktop) => {
      await focus(args, context, desktop);
      await desktop.keys(strokes, msBetween, context.signal);
    });
    return {};
  },
});

function keysIn(text: string, asKeys: boolean): ReturnType<typeof parseKeys> {
  try {
    return parseKeys(text, asKeys);
  } catch (error) {
    if (!(error instanceof KeysError)) throw error;
    throw new ActionError(
      'TextToSendDoesntRepresentValidKeystrokesError',
      `The text to send has no meaning as keys: ${error.message}`,
      'Write special keys as {Enter} or {Tab:3}, held ones as {Control}({C}), and a brace itself as {{} or {}}.',
    );
  }
}

// ── Keys that are held, and lock keys ───────────────────────────────────────────────────────────────────────────

const holdable = [
  ['Control', keyCodes.control],
  ['Alt', keyCodes.alt],
  ['Shift', keyCodes.shift],
  ['Win', keyCodes.windows],
] as const;

/** What is still held when the run ends is let go. */
async function holdKeys(
  args: ActionArguments,
  context: ActionContext,
  kind: 'down' | 'up',
): Promise<ActionResult> {
  const chosen = holdable.filter(([name]) => args.boolean(name)).map(([, key]) => key);
  const strokes = (act: 'down' | 'up') => chosen.map((key) => ({ kind: act, key }));
  const failures: Failures = { code: 'ActionFailed', noScreen: 'PressOrReleaseKeyInNonInteractiveModeError' };
  await onDesktop(context, failures, 'The keys cannot be pressed or released', async (desktop) => {
    await desktop.keys(strokes(kind), 0, context.signal);
    if (kind === 'down') context.own(() => desktop.keys(strokes('up'), 0, new AbortController().signal));
  });
  return {};
}

const lockKeys: Readonly<Record<string, number>> = {
  CapsLock: keyCodes.capsLock,
  NumLock: keyCodes.numLock,
  ScrollLock: keyCodes.scrollLock,
};

async function setKeyState(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const key = lockKeys[args.member('Key')] ?? keyCodes.capsLock;
  const isWanted = args.member('State') === 'ModeOn';
  const failures: Failures = { code: 'ActionFailed', noScreen: 'SetKeyStateInNonInteractiveModeError' };
  await onDesktop(context, failures, 'The state of the key cannot be changed', async (desktop) => {
    const { isLocked } = await desktop.keyState(key, context.signal);
    if (isLocked !== isWanted) await desktop.keys([{ kind: 'press', key }], 0, context.signal);
  });
  return {};
}

// ── Layout, input of people ─────────────────────────────────────────────────────────────────────────────────────

async function getLayout(context: ActionContext): Promise<ActionResult> {
  const failures: Failures = { code: 'KeyboardIdentifierNotFoundError' };
  const layout = await onDesktop(context, failures, 'The keyboard layout cannot be read', (desktop) =>
    desktop.keyboardLayout(context.signal),
  );
  return { outputs: { KeyboardLayoutId: layout } };
}

async function setLayout(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const layout = args.integer('KeyboardLayoutId');
  await onDesktop(context, { code: 'ActionFailed' }, 'The keyboard layout cannot be changed', (desktop) =>
    desktop.setKeyboardLayout(layout, context.signal),
  );
  return {};
}

/** Input that is kept out when the run ends is let in again. */
async function blockInput(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const isBlocked = args.boolean('BlockIt');
  const failures: Failures = {
    code: 'BlockUnblockInputError',
    noScreen: 'BlockUnblockUserInputInNonInteractiveModeError',
  };
  await onDesktop(context, failures, 'Mouse and keyboard cannot be kept out', async (desktop) => {
    await desktop.blockInput(isBlocked, context.signal);
    if (isBlocked) context.own(() => desktop.blockInput(false, new AbortController().signal));
  });
  return {};
}

// ── Shortcut keys ───────────────────────────────────────────────────────────────────────────────────────────────

const shortcutError = 'ShortcutKeyFailedToRegisterError';

/** Waits for the first of the combinations; the number of the one that was pressed counts from 1, and is 0 when the time is over. */
async function waitForShortcut(
  args: ActionArguments,
  context: ActionContext,
  seconds: number | undefined,
): Promise<ActionResult> {
  const value = args.value('InputKeys');
  const shortcuts = (Array.isArray(value) ? value.map(toText) : shortcutTexts(toText(value))).map(shortcutOf);
  const given = new AbortController();
  const signal = AbortSignal.any([context.signal, given.signal]);
  const timer =
    seconds === undefined ? undefined : context.host.clock.after(seconds * 1000, () => given.abort());
  try {
    const pressed = await onDesktop(
      context,
      { code: shortcutError },
      'The shortcut key cannot be waited for',
      (desktop) =>
        Promise.race(
          shortcuts.map(async ({ modifiers, key }, index) => {
            await desktop.hotKey(modifiers, key, signal);
            return index + 1;
          }),
        ),
    );
    return { outputs: { IndexOfShortcutKeyPressed: pressed } };
  } catch (error) {
    if (context.signal.aborted || !given.signal.aborted) throw error;
    return { outputs: { IndexOfShortcutKeyPressed: 0 } };
  } finally {
    timer?.dispose();
    given.abort();
  }
}

/** The default of the catalog is a list as text. */
const shortcutTexts = (text: string): string[] =>
  text
    .replace(/^\[|\]$/g, '')
    .split(/[\n,]/)
    .map((one) => one.trim().replace(/^'|'$/g, ''));

function shortcutOf(text: string): { readonly modifiers: readonly Modifier[]; readonly key: number } {
  const shortcut = parseShortcut(text);
  if (shortcut !== undefined) return shortcut;
  throw new ActionError(
    shortcutError,
    `"${text}" is no combination of keys.`,
    'Write modifiers and one key, such as Ctrl + Shift + A.',
  );
}

export const keyboardActions: readonly ActionDefinition[] = [
  sending('', whatIsInFront),
  sending('ByControl', element),
  sending('ByInstanceOrHandle', windowIn('ByInstanceOrHandle')),
  sending('ByTitleClass', windowIn('ByTitleClass')),
  {
    id: 'MouseAndKeyboard.PressReleaseKey.PressKey',
    run: (args, context) => holdKeys(args, context, 'down'),
  },
  {
    id: 'MouseAndKeyboard.PressReleaseKey.ReleaseKey',
    run: (args, context) => holdKeys(args, context, 'up'),
  },
  { id: 'MouseAndKeyboard.SetKeyState', run: setKeyState },
  { id: 'MouseAndKeyboard.GetKeyboardLayout', run: (_, context) => getLayout(context) },
  { id: 'MouseAndKeyboard.SetKeyboardLayout', run: setLayout },
  { id: 'MouseAndKeyboard.BlockInput', run: blockInput },
  {
    id: 'MouseAndKeyboard.WaitForShortcutKey.WaitForShortcutKey',
    run: (args, context) => waitForShortcut(args, context, undefined),
  },
  {
    id: 'MouseAndKeyboard.WaitForShortcutKey.WaitForShortcutKeyAndProceedOnTimeout',
    run: (args, context) => waitForShortcut(args, context, Math.max(0, args.number('ContinueAfter'))),
  },
];
