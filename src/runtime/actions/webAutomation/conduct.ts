// What the actions of this module share: reading the arguments every one of them has, and doing something with an element of the page.
import type { Locator } from 'playwright-core';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { instanceArgument } from '../typed.ts';
import { find, type Target, targetOf } from './locate.ts';
import { type Conduct, type DialogRule, elementSeconds, reasonOf, Tab } from './tab.ts';
import { Deadline } from './waiting.ts';

/** The error name of an action that finds no element, where the documentation has one for it. */
export const notFoundCode = 'ElementWithSpecifiedCSSSelectorNotFoundError';

/** The four ways in which most actions come; the designer builds the id from its questions about page and dialog. */
const variants = ['', 'CloseDialog', 'PressDialogButton', 'NoWait'] as const;

/**
 * Definitions of the variants of an action: `base`, `baseCloseDialog`, `basePressDialogButton`, `baseNoWait`, each with `suffix` behind it.
 * `failure` is the error name when the page or the browser is the trouble.
 */
export function inVariants(
  base: string,
  failure: string,
  run: (args: ActionArguments, context: ActionContext, conduct: Conduct) => Promise<ActionResult>,
  suffix = '',
): ActionDefinition[] {
  return variants.map((variant) => ({
    id: `WebAutomation.${base}${variant}${suffix}`,
    run: (args, context) =>
      run(args, context, {
        code: failure,
        dialog: dialogRule(variant, args),
        pageSeconds: variant === 'NoWait' ? undefined : seconds(args, 'WaitForPageToLoadTimeout'),
      }),
  }));
}

function dialogRule(variant: (typeof variants)[number], args: ActionArguments): DialogRule {
  if (variant === 'CloseDialog') return 'close';
  return variant === 'PressDialogButton' ? { press: args.text('DialogButton') } : 'leave';
}

/** A time limit in seconds. Throws `InvalidArgument` for a negative one. */
export function seconds(args: ActionArguments, name: string): number {
  const value = args.number(name);
  if (value >= 0) return value;
  throw new ActionError(
    'InvalidArgument',
    `The argument "${name}" is ${value} seconds.`,
    'Give 0 or more seconds.',
  );
}

export const tabOf = (args: ActionArguments): Tab =>
  instanceArgument(args, 'BrowserInstance', Tab, 'a web browser instance');

/** An element that was found gets this much time even when the time for it is over (ms). */
export const leastTime = 500;

/** What can be done with an element that was found. `left` is the time for it (ms). */
export type Handling<T> = (locator: Locator, left: () => number) => Promise<T>;

/**
 * Finds the element of an action and does something with it; an element that the page replaces meanwhile is looked for again. Throws
 * `missing` when it is not there in time and `conduct.code` with the reason when it cannot be done.
 */
export async function onElement<T>(
  tab: Tab,
  target: Target,
  context: ActionContext,
  conduct: Conduct & { readonly missing: string },
  handling: Handling<T>,
): Promise<T | undefined> {
  const limit = Math.min(conduct.pageSeconds ?? elementSeconds, elementSeconds);
  return await tab.perform(context, conduct, async () => {
    const deadline = new Deadline(context.host.clock, limit);
    for (;;) {
      const { locator } = await find(tab, target, context, conduct.missing, deadline.left / 1000);
      try {
        // The browser itself waits until the element can be used.
        return await handling(locator, () => Math.max(deadline.left, leastTime));
      } catch (error) {
        if (error instanceof ActionError) throw error;
        if (!isReplaced(error) || deadline.isOver) throw failed(error, target, conduct.code);
      }
    }
  });
}

const isReplaced = (error: unknown): boolean =>
  /not attached|detached|context was destroyed|navigated/i.test((error as Error).message);

function failed(error: unknown, target: Target, code: string): ActionError {
  return new ActionError(
    code,
    `"${target.name}" was found, but the action could not be carried out: ${reasonOf(error)}.`,
    'See what the page shows at this point: the element may be hidden, covered or disabled.',
    { cause: error },
  );
}

/** An action on one element in its four variants, with the documented error for a missing element. */
export function elementAction<T>(
  base: string,
  failure: string,
  handling: (args: ActionArguments, context: ActionContext, tab: Tab) => Handling<T>,
  suffix = '',
): ActionDefinition[] {
  return inVariants(
    base,
    failure,
    async (args, context, conduct) => {
      const tab = tabOf(args);
      const target = targetOf(args, context, notFoundCode);
      await onElement(
        tab,
        target,
        context,
        { ...conduct, missing: notFoundCode },
        handling(args, context, tab),
      );
      return {};
    },
    suffix,
  );
}
