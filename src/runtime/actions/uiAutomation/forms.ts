// Filling in a window: buttons, text fields, check boxes, radio buttons, lists, tabs, menus and trees.
import type { Desktop, ElementFacts, KeyStroke } from '../../../desktop/desktop.ts';
import type { SelectorLevel } from '../../../desktop/selector.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { parseNumeric, toText } from '../../convert.ts';
import { nearest } from '../../dotnet/decimal.ts';
import {
  bringToFront,
  eventually,
  type Failures,
  findSeconds,
  isDesktopError,
  onDesktop,
} from '../desktop.ts';
import { keyCodes } from '../mouseAndKeyboard/keyNames.ts';
import { strokesOfText } from '../mouseAndKeyboard/keys.ts';
import { pattern } from '../pattern.ts';
import { changeOrClick, clickElement, focusElement, withElement } from './pointing.ts';
import { isFound, lookFor, onElement, type Target, targetOf } from './target.ts';

/** An action on one element without outputs. */
function elementAction(
  id: string,
  argument: string,
  code: string,
  doing: (name: string) => string,
  handling: (
    args: ActionArguments,
    context: ActionContext,
    desktop: Desktop,
    element: ElementFacts,
    left: () => number,
  ) => Promise<void>,
): ActionDefinition {
  return {
    id: `UIAutomation.${id}`,
    run: async (args, context) => {
      await withElement(args, context, argument, { code }, doing, (desktop, element, left) =>
        handling(args, context, desktop, element, left),
      );
      return {};
    },
  };
}

// ── Text fields ─────────────────────────────────────────────────────────────────────────────────────────────────

const cannotWrite = (name: string) => `${name} cannot be filled in`;

/** The keys that select everything in a text field (old ones do not know Ctrl+A), and that go to its end. */
const selectAll: readonly KeyStroke[] = [
  { kind: 'down', key: keyCodes.control },
  { kind: 'press', key: keyCodes.home, isExtended: true },
  { kind: 'down', key: keyCodes.shift },
  { kind: 'press', key: keyCodes.end, isExtended: true },
  { kind: 'up', key: keyCodes.shift },
  { kind: 'up', key: keyCodes.control },
];
const goToEnd: readonly KeyStroke[] = [
  { kind: 'down', key: keyCodes.control },
  { kind: 'press', key: keyCodes.end, isExtended: true },
  { kind: 'up', key: keyCodes.control },
];
const erase: readonly KeyStroke[] = [{ kind: 'press', key: keyCodes.delete, isExtended: true }];

const populate = elementAction(
  'PopulateTextField.PopulateTextField',
  'TextField',
  'WriteInTextboxError',
  cannotWrite,
  async (args, context, desktop, element, left) => {
    const { signal } = context;
    const clickType = args.member('ClickType');
    if (clickType === 'None') {
      await focusElement(desktop, element, context, left);
    } else {
      const type = clickType === 'DoubleClick' ? 'DoubleClick' : 'LeftClick';
      await clickElement(desktop, element, context, left, type);
    }
    const before = args.member('Mode') === 'Append' ? goToEnd : [...selectAll, ...erase];
    await desktop.keys([...before, ...strokesOfText(args.text('Text'))], 0, signal);
  },
);

const simulatePopulate = elementAction(
  'PopulateTextField.SimulatePopulateTextField',
  'TextField',
  'WriteInTextboxError',
  cannotWrite,
  async (args, { signal }, desktop, { ref, isPassword }) => {
    const text = args.text('Text');
    if (args.member('Mode') !== 'Append')
      return await desktop.change(ref, { kind: 'setValue', text }, signal);
    if (isPassword) {
      throw new ActionError(
        'WriteInTextboxError',
        'Nothing can be appended to a password field without typing: what it holds is never read.',
        'Switch off "Simulate action", or replace the text.',
      );
    }
    const { value, text: shown } = await desktop.state(ref, signal);
    await desktop.change(ref, { kind: 'setValue', text: (value ?? shown) + text }, signal);
  },
);

const focusField = elementAction(
  'FocusTextField',
  'TextField',
  'SetInputFocusInWindowTextBoxError',
  (name) => `${name} cannot be focused`,
  async (_, context, desktop, element, left) => {
    const { signal } = context;
    await bringToFront(desktop, element.window, signal);
    try {
      await desktop.change(element.ref, { kind: 'scrollIntoView' }, signal);
    } catch (error) {
      if (!isDesktopError(error, 'PatternNotSupported')) throw error;
    }
    await focusElement(desktop, element, context, left);
  },
);

// ── Buttons ─────────────────────────────────────────────────────────────────────────────────────────────────────

const pressButton = elementAction(
  'PressButton',
  'Button',
  'PressButtonError',
  (name) => `${name} cannot be pressed`,
  async (args, context, desktop, element, left) => {
    if (args.boolean('Simulate')) await desktop.change(element.ref, { kind: 'invoke' }, context.signal);
    else await clickElement(desktop, element, context, left);
  },
);

const setCheckbox = elementAction(
  'SetCheckboxState',
  'Checkbox',
  'SetCheckboxStateError',
  (name) => `${name} cannot be set`,
  async (args, context, desktop, element, left) => {
    const isOn = args.member('CheckboxState') === 'Checked';
    await bringToFront(desktop, element.window, context.signal);
    if ((await desktop.state(element.ref, context.signal)).isOn === isOn) return;
    await changeOrClick(desktop, element, { kind: 'toggle', isOn }, context, left);
  },
);

/** Selecting is all that can be done with it. */
const selecting = (id: string, argument: string, code: string): ActionDefinition =>
  elementAction(
    id,
    argument,
    code,
    (name) => `${name} cannot be selected`,
    async (_, context, desktop, element, left) => {
      await bringToFront(desktop, element.window, context.signal);
      await changeOrClick(desktop, element, { kind: 'select' }, context, left);
    },
  );

// ── Lists ───────────────────────────────────────────────────────────────────────────────────────────────────────

const listError = 'SelectSpecifiedOptionsInDropDownListError';

/** The options as the flow gives them: a list, or one a line. */
function options(args: ActionArguments, name: string): string[] {
  const value = args.value(name);
  const given = Array.isArray(value) ? value.map(toText) : toText(value).split(/\r\n|\n|\r/);
  return given.filter((text) => text !== '');
}

/** Counted from 1, as people count; the desktop counts from 0. */
function indices(args: ActionArguments): number[] {
  return options(args, 'OptionsIndeces')
    .flatMap((line) => line.split(/[,;\s]+/))
    .filter((text) => text !== '')
    .map((text) => {
      const number = parseNumeric(text);
      const index = number === undefined ? Number.NaN : nearest(number);
      if (Number.isInteger(index) && index >= 1) return index - 1;
      throw new ActionError(
        listError,
        `"${text}" is not the number of an option.`,
        'Options are counted from 1.',
      );
    });
}

const dropDown = (
  variant: string,
  items: (args: ActionArguments) => readonly (string | number)[],
  isRegularExpression: (args: ActionArguments) => boolean = () => false,
): ActionDefinition =>
  elementAction(
    `SetDropDownListValueInWindow.${variant}`,
    'DropDownList',
    listError,
    (name) => `The options of ${name} cannot be selected`,
    (args, { signal }, desktop, { ref }) =>
      desktop.change(
        ref,
        { kind: 'selectItems', items: items(args), isRegularExpression: isRegularExpression(args) },
        signal,
      ),
  );

// ── Menus ───────────────────────────────────────────────────────────────────────────────────────────────────────

const isMenuItem = ({ element }: SelectorLevel): boolean => /^menu ?item$/i.test(element);

/** The names of the menu entries on the way of a selector, undefined when one of them goes by something else. */
function menuPath({ query }: Target): string[] | undefined {
  for (const { levels } of query.selectors) {
    const names = levels
      .filter(isMenuItem)
      .map(({ attributes }) =>
        attributes.find(({ name, operator }) => /^name$/i.test(name) && /^equal/i.test(operator)),
      );
    if (names.length > 0 && names.every((name) => name !== undefined))
      return names.map((name) => name?.value ?? '');
  }
  return undefined;
}

/** Entries of a closed menu are in no window: the way to them is opened entry by entry. */
async function selectMenuOption(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const { signal } = context;
  const failures: Failures = { code: 'SelectOptionError' };
  const target = targetOf(args, context, 'Control', failures.code);
  const path = menuPath(target);
  await onDesktop(context, failures, `"${target.name}" cannot be selected`, async (desktop) => {
    const now = await lookFor(desktop, target, signal);
    if (isFound(now)) desktop.release([now.ref]);
    if (!isFound(now) && path !== undefined) {
      const owner: Target = { ...target, query: { ...target.query, selectors: [] } };
      const isDone = await onElement(desktop, owner, context, failures.code, async (window) => {
        await bringToFront(desktop, window.window, signal);
        try {
          await desktop.change(window.ref, { kind: 'menu', path }, signal);
          return true;
        } catch (error) {
          if (!isDesktopError(error, 'PatternNotSupported')) throw error;
          return false;
        }
      });
      if (isDone) return;
      for (const part of opened(target))
        await onElement(desktop, part, context, failures.code, (element, left) =>
          changeOrClick(desktop, element, { kind: 'expand' }, context, left),
        );
    }
    await onElement(desktop, target, context, failures.code, (element, left) =>
      changeOrClick(desktop, element, { kind: 'invoke' }, context, left),
    );
  });
  return {};
}

/** The entries that are to be opened before, outermost first. */
function opened(target: Target): Target[] {
  const selector = target.query.selectors.find(({ levels }) => levels.some(isMenuItem));
  const levels = selector?.levels ?? [];
  const ends = levels.flatMap((level, index) => (isMenuItem(level) ? [index] : [])).slice(0, -1);
  return ends.map((end) => ({
    name: target.name,
    query: {
      ...target.query,
      selectors: [{ name: selector?.name ?? '', text: undefined, levels: levels.slice(0, end + 1) }],
    },
  }));
}

// ── Trees ───────────────────────────────────────────────────────────────────────────────────────────────────────

const treeError = 'SetTreeNodeToSpecifiedStateError';

const expandTreeNode = elementAction(
  'ExpandCollapseTreeNode',
  'Control',
  treeError,
  (name) => `The node of ${name} cannot be expanded or collapsed`,
  async (args, context, desktop, element) => {
    const { signal } = context;
    const kind = args.member('Operation') === 'Collapse' ? 'collapse' : 'expand';
    const path = args
      .text('FoldersPath')
      .split('\\')
      .filter((name) => name !== '');
    let node = element;
    const refs: number[] = [];
    try {
      for (const [depth, name] of path.entries()) {
        // What a node holds may only be there when it was opened.
        if (depth > 0) await desktop.change(node.ref, { kind: 'expand' }, signal);
        const fits = nodeTest(name, args.boolean('UseRegex'));
        const above = node.ref;
        const next = await eventually(context, depth === 0 ? 0 : findSeconds, async () => {
          const children = await desktop.below(above, 1, signal);
          const found = children.find((child) => fits(child.name));
          desktop.release(children.filter((child) => child !== found).map(({ ref }) => ref));
          return found;
        });
        if (next === undefined) {
          throw new ActionError(
            treeError,
            `There is no node "${name}"${depth === 0 ? '' : ` in "${path.slice(0, depth).join('\\')}"`}.`,
            'Write the names of the nodes from the outside in, with \\ between them.',
          );
        }
        refs.push(next.ref);
        node = next;
      }
      await desktop.change(node.ref, { kind }, signal);
    } finally {
      desktop.release(refs);
    }
  },
);

function nodeTest(name: string, isPattern: boolean): (text: string) => boolean {
  if (!isPattern) return (text) => text.toLowerCase() === name.toLowerCase();
  const expression = pattern(name, false);
  return (text) => expression.first(text) !== undefined;
}

export const formActions: readonly ActionDefinition[] = [
  populate,
  simulatePopulate,
  focusField,
  pressButton,
  setCheckbox,
  selecting('SelectRadioButton', 'RadioButton', 'SelectRadioButtonUIElementError'),
  selecting('SelectTab', 'Tab', 'SelectingTabError'),
  dropDown('ClearDropDownListValue', () => []),
  dropDown(
    'SetDropDownListValueByName',
    (args) => options(args, 'OptionsNames'),
    (args) => args.boolean('UseRegularExpressions'),
  ),
  dropDown('SetDropDownListValueByIndex', indices),
  { id: 'UIAutomation.SelectMenuOption', run: selectMenuOption },
  expandTreeNode,
];
