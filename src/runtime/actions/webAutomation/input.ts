// What people do on a page: click, hover, type, choose. Each waits for its element; playwright waits until that can be used.
import type { Locator, Page } from 'playwright-core';
import { translatePattern } from '../../../base/dotnetPattern.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
} from '../../action.ts';
import { toNumber, toText } from '../../convert.ts';
import { LogicError } from '../../errors.ts';
import { pattern } from '../pattern.ts';
import { elementAction, type Handling, leastTime, onElement, tabOf } from './conduct.ts';
import { targetOf } from './locate.ts';
import { pageFunction } from './pageScript.ts';
import { lookEvery } from './tab.ts';
import { delay } from './waiting.ts';

// ── Mouse ───────────────────────────────────────────────────────────────────────────────────────────────────────

type MouseButton = 'left' | 'middle' | 'right';
const buttons: Readonly<Record<string, MouseButton>> = {
  MiddleClick: 'middle',
  RightClick: 'right',
  RightButtonDown: 'right',
  RightButtonUp: 'right',
};

function click(args: ActionArguments, page: Page): Handling<void> {
  const type = args.member('ClickType');
  if (!args.boolean('MouseClick')) return (locator, left) => pressed(locator, type, left());
  const button = buttons[type] ?? 'left';
  const clickCount = type === 'DoubleClick' ? 2 : 1;
  const point = args.member('MousePositionRelativeToElement');
  const [x, y] = [args.number('OffsetX'), args.number('OffsetY')];
  const isCentre = point === 'MiddleCenter' && x === 0 && y === 0;
  return async (locator, left) => {
    await page.bringToFront();
    // Another place may well belong to something else; the middle must be the element's own.
    if (isCentre) await locator.click({ trial: true, timeout: left() });
    const at = await placeOf(locator, point, x, y, left());
    await page.mouse.move(at.x, at.y);
    if (type.endsWith('Down')) await page.mouse.down({ button });
    else if (type.endsWith('Up')) await page.mouse.up({ button });
    else await page.mouse.click(at.x, at.y, { button, clickCount });
  };
}

/** A point of an element on the page, with an offset that may lead out of it. */
async function placeOf(
  locator: Locator,
  point: string,
  x: number,
  y: number,
  timeout: number,
): Promise<{ readonly x: number; readonly y: number }> {
  await locator.scrollIntoViewIfNeeded({ timeout });
  const box = await locator.boundingBox({ timeout });
  if (box === null) throw new Error('the element is not visible');
  const share = { Left: 0, Center: 0.5, Right: 1, Top: 0, Middle: 0.5, Bottom: 1 };
  const [, vertical = 'Middle', horizontal = 'Center'] =
    /^(Top|Middle|Bottom)(Left|Center|Right)$/.exec(point) ?? [];
  // The far edges belong to what comes next.
  const along = (length: number, part: number) => Math.min(length * part, Math.max(length - 1, 0));
  return {
    x: box.x + along(box.width, share[horizontal as keyof typeof share]) + x,
    y: box.y + along(box.height, share[vertical as keyof typeof share]) + y,
  };
}

/** A click without a mouse: the events of one, sent to the element whether it can be seen or not. */
async function pressed(locator: Locator, type: string, timeout: number): Promise<void> {
  await locator.evaluate(pageFunction<void>('press'), type, { timeout });
}

const mouseActions: readonly ActionDefinition[] = [
  ...elementAction('Click.Click', 'ClickUIElementError', (args, _, tab) => click(args, tab.page)),
  ...elementAction(
    'PressButton.PressButton',
    'ClickOnWebPageButtonError',
    () => (locator, left) => pressed(locator, 'LeftClick', left()),
  ),
  {
    id: 'WebAutomation.HoverOverElement',
    async run(args, context) {
      const code = 'HoverOverElementError';
      const tab = tabOf(args);
      const conduct = { code, missing: code, dialog: 'leave', pageSeconds: undefined } as const;
      await onElement(tab, targetOf(args, context, code), context, conduct, async (locator, left) => {
        await tab.page.bringToFront();
        await locator.hover({ timeout: left() });
      });
      return {};
    },
  },
];

// ── Text fields ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Between two keys of emulated typing (ms): pages that react to each key keep up. */
const keyDelay = 5;

/** Gives a field the keys, as soon as the page lets it have them: what is hidden gets none, and another field must not get them. */
async function focus(locator: Locator, context: ActionContext, left: () => number): Promise<void> {
  for (;;) {
    await locator.focus({ timeout: left() });
    if (await locator.evaluate(pageFunction<boolean>('hasFocus'), undefined)) return;
    if (left() <= leastTime) {
      throw new ActionError(
        'WriteOnTextFieldError',
        'The text field cannot be typed into: it is hidden, or the page does not let it have the focus.',
        'See what the page shows at this point, or switch "Emulate typing" off.',
      );
    }
    await delay(context, lookEvery);
  }
}

function populate(
  args: ActionArguments,
  context: ActionContext,
  page: Page,
  usesKeyboard: boolean,
): Handling<void> {
  const text = args.text('Text');
  const replaces = args.member('Mode') === 'Replace';
  const types = usesKeyboard || args.boolean('EmulateTyping');
  const unfocuses = args.boolean('UnfocusAfterPopulate');
  return async (locator, left) => {
    const kind = await locator.evaluate(pageFunction<string>('fieldKind'), undefined, {
      timeout: left(),
    });
    if (kind === 'none') {
      throw new ActionError(
        'WriteOnTextFieldError',
        'The element is no text field: nothing can be written on it.',
        'Capture the text field itself.',
      );
    }
    if (kind === 'readonly') {
      throw new ActionError(
        'WriteOnTextFieldError',
        'The text field is disabled or read-only.',
        'See what the page expects before this field can be filled.',
      );
    }
    const isTyped = types && kind !== 'picker';
    if (!isTyped && kind !== 'select') {
      const before = replaces ? '' : await locator.evaluate(pageFunction<string>('seen'), undefined);
      await locator.evaluate(pageFunction<void>('setValue'), `${before}${text}`, {
        timeout: left(),
      });
    } else if (usesKeyboard) {
      await page.bringToFront();
      await locator.click({ timeout: left() });
      await place(locator, page, kind, replaces);
      await page.keyboard.type(text, { delay: keyDelay });
    } else {
      await focus(locator, context, left);
      await place(locator, page, kind, replaces);
      await page.keyboard.type(text);
    }
    if (unfocuses) await locator.evaluate(pageFunction<void>('blur'), undefined, { timeout: left() });
  };
}

/** Puts the caret where typing is to begin: everything selected, or behind the text. */
async function place(locator: Locator, page: Page, kind: string, replaces: boolean): Promise<void> {
  if (kind === 'select') return;
  const isEmpty = await locator.evaluate(pageFunction<boolean>('placeCaret'), replaces);
  if (replaces && !isEmpty) await page.keyboard.press('Delete');
}

const textActions: readonly ActionDefinition[] = [false, true].flatMap((usesKeyboard) =>
  elementAction(
    'PopulateTextField.PopulateTextField',
    'WriteOnTextFieldError',
    (args, context, tab) => populate(args, context, tab.page, usesKeyboard),
    usesKeyboard ? 'UsePhysicalKeyboard' : '',
  ),
);

const focusActions = elementAction(
  'Focus.Focus',
  'SetInputFocusOnWebPageTextFieldError',
  () => (locator, left) => locator.focus({ timeout: left() }),
);

// ── Boxes, buttons, lists ───────────────────────────────────────────────────────────────────────────────────────

function check(type: 'checkbox' | 'radio', state: boolean, code: string): Handling<void> {
  return async (locator, left) => {
    const outcome = await locator.evaluate(
      pageFunction<string>('check'),
      { type, state },
      {
        timeout: left(),
      },
    );
    if (outcome === 'done') return;
    const name = type === 'radio' ? 'radio button' : 'check box';
    const reasons: Readonly<Record<string, string>> = {
      none: `the element is no ${name}, and neither holds nor labels exactly one`,
      disabled: `the ${name} is disabled`,
      unchanged: `the page did not let the ${name} change`,
    };
    throw new ActionError(
      code,
      `The state could not be set: ${reasons[outcome]}.`,
      'See what the page shows at this point, or capture the element again.',
    );
  };
}

const stateActions: readonly ActionDefinition[] = [
  ...elementAction('SetCheckboxState.SetCheckboxState', 'SetStateOfCheckboxError', (args) =>
    check('checkbox', args.member('State') === 'Checked', 'SetStateOfCheckboxError'),
  ),
  ...elementAction('SelectRadioButton.SelectRadioButton', 'SelectRadioButtonError', () =>
    check('radio', true, 'SelectRadioButtonError'),
  ),
];

const listError = 'SetSelectedOptionError';

interface Choice {
  readonly indexes?: readonly number[];
  readonly names?: readonly string[];
  /** JavaScript sources, one for each name. */
  readonly expressions?: readonly string[];
}

interface ChoiceOutcome {
  readonly missing: readonly string[];
  readonly known: readonly string[];
  readonly tooMany?: boolean;
  readonly notList?: boolean;
}

/** Options may be filled in by the page after the list is there: they are waited for. */
function choose(choice: Choice, context: ActionContext): Handling<void> {
  return async (locator, left) => {
    for (;;) {
      const outcome = await locator.evaluate(pageFunction<ChoiceOutcome>('options'), choice, {
        timeout: left(),
      });
      if (outcome.notList === true)
        throw listFailure('The element is no drop-down list of HTML.', 'Click it and its entries instead.');
      if (outcome.tooMany === true)
        throw listFailure(
          'The list takes one option only.',
          'Give a single option, or an expression that fits one.',
        );
      if (outcome.missing.length === 0) return;
      if (left() <= leastTime) {
        const known = outcome.known.slice(0, 30).map((name) => `"${name}"`);
        throw listFailure(
          `The list has no option ${outcome.missing.map((name) => `"${name}"`).join(', ')}.`,
          `It has ${known.length === 0 ? 'no options' : known.join(', ')}.`,
        );
      }
      await delay(context, lookEvery);
    }
  };
}

const listFailure = (message: string, nextStep: string): ActionError =>
  new ActionError(listError, message, nextStep);

/** One value or a list of them. */
function several(args: ActionArguments, name: string): string[] {
  const value = args.value(name);
  return (Array.isArray(value) ? value : [value]).map(toText);
}

function indexes(args: ActionArguments): number[] {
  const value = args.value('OptionsIndeces');
  return (Array.isArray(value) ? value : [value]).map((item) => {
    try {
      const index = toNumber(item);
      if (Number.isInteger(index) && index > 0) return index;
    } catch (error) {
      if (!(error instanceof LogicError)) throw error;
    }
    throw new ActionError(
      'InvalidArgument',
      `"${toText(item)}" is no number of an option.`,
      'Give whole numbers; the first option has the number 1.',
    );
  });
}

function byName(args: ActionArguments): Choice {
  const names = several(args, 'OptionNames');
  if (!args.boolean('UseRegularExpression')) return { names };
  for (const name of names) pattern(name, false);
  return { names, expressions: names.map((name) => translatePattern(name).source) };
}

const listActions: readonly ActionDefinition[] = [
  ...elementAction('SetDropDownListValue.SetDropDownListValueByName', listError, (args, context) =>
    choose(byName(args), context),
  ),
  ...elementAction('SetDropDownListValue.SetDropDownListValueByIndex', listError, (args, context) =>
    choose({ indexes: indexes(args) }, context),
  ),
  ...elementAction('SetDropDownListValue.ClearDropDownListValue', listError, (_, context) =>
    choose({}, context),
  ),
];

export const inputActions: readonly ActionDefinition[] = [
  ...mouseActions,
  ...textActions,
  ...focusActions,
  ...stateActions,
  ...listActions,
];
