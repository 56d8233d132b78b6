// From the arguments of an action to a window or an element: which selectors are meant, waiting until one of them finds something, and
// saying how far each got when none does.
import type {
  Desktop,
  ElementFacts,
  ElementQuery,
  PartialMatch,
  WindowFacts,
} from '../../../desktop/desktop.ts';
import { parseSelectorText } from '../../../desktop/selectorText.ts';
import { type ActionArguments, type ActionContext, ActionError } from '../../action.ts';
import { describe } from '../../convert.ts';
import type { ElementSelector, UiElement } from '../../elements.ts';
import { InstanceValue, RepositoryValue } from '../../values.ts';
import { Deadline, delay, type Failures, findSeconds, isDesktopError, lookEvery } from '../desktop.ts';

// ── Elements ────────────────────────────────────────────────────────────────────────────────────────────────────

/** What an action is to find. */
export interface Target {
  /** As people know it. */
  readonly name: string;
  readonly query: ElementQuery;
}

/** What an instance of an element refers to: the element as it was when an action found it. */
class ElementInstance {
  readonly target: Target;
  constructor(target: Target) {
    this.target = target;
  }
}

/** A UI element as a value of the flow. */
export const elementValue = (target: Target): InstanceValue =>
  new InstanceValue('UI element', new ElementInstance(target));

/** The element in an argument. Throws `InvalidArgument`, and `code` for an element that the flow does not have. */
export function targetOf(args: ActionArguments, context: ActionContext, name: string, code: string): Target {
  const value = args.value(name);
  if (value instanceof InstanceValue && value.resource instanceof ElementInstance)
    return value.resource.target;
  if (!(value instanceof RepositoryValue) || value.typeName !== 'UI element') {
    throw new ActionError(
      'InvalidArgument',
      `${describe(value)} cannot be used for the argument "${name}", which expects a UI element.`,
      'Choose a UI element of a window.',
    );
  }
  const element = context.repositories.element(value.path);
  if (element === undefined) {
    throw new ActionError(
      code,
      `There is no UI element "${value.path.join(' > ')}" beside this flow.`,
      'Put the file controlRepo.appmask of the flow in its folder.',
    );
  }
  const filled = (text: string) => value.texts?.get(text) ?? text;
  const selectors = (one: UiElement) => one.selectors.map((selector) => fill(selector, filled));
  if (element.selectors.length === 0) {
    throw new ActionError(
      code,
      `The UI element "${element.name}" has no selector that could be used.`,
      'Switch on one of its selectors, and give it one that is no picture.',
    );
  }
  const { screen, protocol } = element;
  return {
    name: value.path.join(' > '),
    query: {
      window: screen === undefined ? selectors(element) : selectors(screen),
      selectors: screen === undefined ? [] : selectors(element),
      ...(protocol !== undefined && { protocol }),
    },
  };
}

/** A selector with the values of its variables. Text is taken apart first, so that a value with a quote stays a value. */
export function fill(selector: ElementSelector, filled: (text: string) => string): ElementSelector {
  const { name, text } = selector;
  const levels = text === undefined ? selector.levels : parseSelectorText(text);
  return {
    name,
    text: undefined,
    levels: levels.map((level) => ({
      ...level,
      ordinal: level.ordinal === undefined ? undefined : filled(level.ordinal),
      attributes: level.attributes.map((attribute) => ({ ...attribute, value: filled(attribute.value) })),
    })),
  };
}

/** The first element that matches now, with its ref for whoever asks, or how far the selectors got. */
export async function lookFor(
  desktop: Desktop,
  { query }: Target,
  signal: AbortSignal,
): Promise<ElementFacts | readonly PartialMatch[]> {
  const look = await desktop.find(query, signal);
  if (look.found === undefined) return look.partial;
  const [first, ...others] = look.found;
  desktop.release(others.map(({ ref }) => ref));
  return first ?? [];
}

export const isFound = (look: ElementFacts | readonly PartialMatch[]): look is ElementFacts => 'ref' in look;

/** True when the element is there now. */
export async function isThere(desktop: Desktop, target: Target, signal: AbortSignal): Promise<boolean> {
  const look = await lookFor(desktop, target, signal);
  if (!isFound(look)) return false;
  desktop.release([look.ref]);
  return true;
}

/** What is done with an element. `left` is the time that is left for it (ms). */
export type Handling<T> = (element: ElementFacts, left: () => number) => Promise<T>;

/**
 * Waits for the element and does something with it; one that goes away meanwhile is looked for again. Throws `code` with the way that
 * got farthest when it is not there in time.
 */
export async function onElement<T>(
  desktop: Desktop,
  target: Target,
  context: ActionContext,
  code: string,
  handling: Handling<T>,
): Promise<T> {
  const { signal, host } = context;
  const deadline = new Deadline(host.clock, findSeconds);
  for (;;) {
    const look = await lookFor(desktop, target, signal);
    if (isFound(look)) {
      try {
        return await handling(look, () => deadline.left);
      } catch (error) {
        if (!isDesktopError(error, 'ElementGone') || deadline.isOver) throw error;
      } finally {
        desktop.release([look.ref]);
      }
    } else if (deadline.isOver) throw notFound(target, look, code);
    await delay(context, lookEvery);
  }
}

function notFound({ name }: Target, partial: readonly PartialMatch[], code: string): ActionError {
  const best = partial.reduce<PartialMatch | undefined>(
    (most, one) => (most === undefined || one.failedAt > most.failedAt ? one : most),
    undefined,
  );
  return new ActionError(
    code,
    `The UI element "${name}" was not found within ${findSeconds} seconds.${best === undefined ? '' : ` ${reached(best)}`}`,
    best?.isWindow === true
      ? 'See which windows are open at this point: the program may still start, or its title may be another one.'
      : 'See what the window shows at this point; if it looks right, capture the element anew or loosen its selector.',
  );
}

/** How far the selector that got furthest led, and what stands where it goes on. */
function reached({ isWindow, failedAt, level, selector, instead }: PartialMatch): string {
  const there = instead.length === 0 ? '' : ` There is ${instead.join(', ')}.`;
  if (isWindow === true) return `No window fits ${level} (selector "${selector}").${there}`;
  const before =
    failedAt === 0
      ? 'Its window is there'
      : `Its window is there and level${failedAt === 1 ? ' 1 fits' : `s 1 to ${failedAt} fit`}`;
  return `${before}, but nothing fits level ${failedAt + 1} of its selector "${selector}": ${level}.${there}`;
}

// ── Windows ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A window that an action is about. */
export interface WindowTarget {
  /** For messages: `The window "Notepad"`. */
  readonly name: string;
  /** As it is now; undefined when there is none. */
  look(desktop: Desktop, signal: AbortSignal): Promise<WindowFacts | undefined>;
}

/** How an action is told its window, by the end of its id. */
export type WindowMode = '' | 'ByInstanceOrHandle' | 'ByTitleClass';
export const windowModes: readonly WindowMode[] = ['', 'ByInstanceOrHandle', 'ByTitleClass'];

/** Throws `InvalidArgument`, and `code` for a UI element that the flow does not have. `name`: the argument with the UI element. */
export function windowOf(
  mode: WindowMode,
  args: ActionArguments,
  context: ActionContext,
  code: string,
  name = 'Window',
): WindowTarget {
  if (mode === 'ByTitleClass') return windowByTitle(args.text('Title'), args.text('Class'));
  if (mode === 'ByInstanceOrHandle') return windowByHandle(handleOf(args));
  return windowByElement(targetOf(args, context, name, code));
}

export function windowByElement(target: Target): WindowTarget {
  return {
    name: `The window "${target.name}"`,
    async look(desktop, signal) {
      const found = await lookFor(desktop, target, signal);
      if (!isFound(found)) return undefined;
      desktop.release([found.ref]);
      return (await desktop.windows(signal)).find(({ handle }) => handle === found.window);
    },
  };
}

export const windowByHandle = (wanted: number): WindowTarget => ({
  name: `The window with the handle ${wanted}`,
  look: async (desktop, signal) => (await desktop.windows(signal)).find(({ handle }) => handle === wanted),
});

/** `*` and `?` stand for any text and any character, in any letter case. What can be seen comes before what is hidden. */
export function windowByTitle(title: string, className: string): WindowTarget {
  if (title === '' && className === '') {
    throw new ActionError(
      'InvalidArgument',
      'Neither the title nor the class of the window is given.',
      'Give one of them; * and ? may stand for parts of it.',
    );
  }
  const [hasTitle, hasClass] = [matcher(title), matcher(className)];
  const described = [title && `the title "${title}"`, className && `the class "${className}"`];
  return {
    name: `The window with ${described.filter(Boolean).join(' and ')}`,
    async look(desktop, signal) {
      const fitting = (await desktop.windows(signal)).filter(
        (window) => hasTitle(window.title) && hasClass(window.className),
      );
      return fitting.find(({ isVisible }) => isVisible) ?? fitting[0];
    },
  };
}

/** Empty text fits everything. */
function matcher(pattern: string): (text: string) => boolean {
  if (pattern === '') return () => true;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 'isu');
  return (text) => expression.test(text);
}

/** A window instance, or the number of one. */
class WindowInstance {
  readonly handle: number;
  constructor(handle: number) {
    this.handle = handle;
  }
}

/** The window as a value of the flow, with its `Handle`. */
export const windowValue = (handle: number): InstanceValue =>
  new InstanceValue('Window', new WindowInstance(handle), new Map([['Handle', handle]]));

/** Throws `InvalidArgument`. */
export function handleOf(args: ActionArguments, name = 'WindowInstance'): number {
  const value = args.value(name);
  if (!(value instanceof InstanceValue)) return args.integer(name);
  if (value.resource instanceof WindowInstance) return value.resource.handle;
  throw new ActionError(
    'InvalidArgument',
    `The ${value.typeName} in the argument "${name}" has no window that could be found by it.`,
    'Find the window by its title, with "Get window" or as "By title and/or class".',
  );
}

/** Waits for the window. Throws `failures.noWindow` when it is not there in time. */
export async function findWindow(
  desktop: Desktop,
  target: WindowTarget,
  context: ActionContext,
  failures: Failures,
  seconds: number = findSeconds,
): Promise<WindowFacts> {
  const deadline = new Deadline(context.host.clock, seconds);
  for (;;) {
    const window = await target.look(desktop, context.signal);
    if (window !== undefined) return window;
    if (deadline.isOver) {
      throw new ActionError(
        failures.noWindow ?? failures.code,
        `${target.name} was not found within ${seconds} seconds.`,
        'See which windows are open at this point; titles often change with what a window shows: * stands for any text.',
      );
    }
    await delay(context, Math.min(lookEvery, deadline.left));
  }
}
