// From the argument of an action to an element on the page: which selectors are meant, waiting until one of them finds something, and
// saying how far each got when none does.
import type { ElementHandle, Frame, Locator } from 'playwright-core';
import { type ActionArguments, type ActionContext, ActionError } from '../../action.ts';
import { describe } from '../../convert.ts';
import type { ElementSelector, UiElement } from '../../elements.ts';
import { RepositoryValue } from '../../values.ts';
import { pageFunction } from './pageScript.ts';
import { elementPaths, type SelectorPath, type Step, textPaths } from './selector.ts';
import { elementSeconds, lookEvery, type Tab } from './tab.ts';
import { Deadline, delay } from './waiting.ts';

/** What an action is to find. */
export interface Target {
  /** As people know it: the element's name, or the selector. */
  readonly name: string;
  /** In the order in which they are tried. */
  readonly paths: readonly SelectorPath[];
}

/** An element, found. `part` is the last part of its path, `frame` where that was found. */
export interface Found {
  readonly frame: Frame;
  readonly locator: Locator;
  readonly part: SelectorPath['parts'][number];
}

/** The target in an argument: a UI element, or a CSS selector as text. Throws `InvalidArgument`, and `code` for an unknown element. */
export function targetOf(
  args: ActionArguments,
  context: ActionContext,
  code: string,
  name = 'Control',
): Target {
  const value = args.value(name);
  if (typeof value === 'string' && value.trim() !== '') {
    return { name: value, paths: textPaths(value) };
  }
  if (!(value instanceof RepositoryValue) || value.typeName !== 'UI element') {
    throw new ActionError(
      'InvalidArgument',
      `${describe(value)} cannot be used for the argument "${name}", which expects a UI element or a CSS selector.`,
      'Choose a UI element of a web page, or give its CSS selector as text.',
    );
  }
  const element = context.repositories.element(value.path);
  if (element === undefined) {
    throw new ActionError(
      code,
      `There is no UI element "${value.path.join(' > ')}" beside this flow.`,
      'Put the file controlRepo.appmask of the flow in its folder, or give a CSS selector as text.',
    );
  }
  return { name: element.name, paths: pathsOf(element, value, code) };
}

function pathsOf(element: UiElement, { texts }: RepositoryValue, code: string): SelectorPath[] {
  if (element.selectors.length === 0) {
    throw new ActionError(
      code,
      `The UI element "${element.name}" has no selector that could be used.`,
      'Switch on one of its selectors, and give it one that is no picture.',
    );
  }
  const filled = (text: string) => texts?.get(text) ?? text;
  return element.selectors.flatMap((selector) => elementPaths(fill(selector, filled)));
}

/** A selector with the values of its variables. */
function fill(selector: ElementSelector, filled: (text: string) => string): ElementSelector {
  return {
    name: selector.name,
    text: selector.text === undefined ? undefined : filled(selector.text),
    levels: selector.levels.map((level) => ({
      ...level,
      ordinal: level.ordinal === undefined ? undefined : filled(level.ordinal),
      attributes: level.attributes.map((attribute) => ({ ...attribute, value: filled(attribute.value) })),
    })),
  };
}

// ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The element as the page is now; the first one that can be seen when several match. Undefined when there is none. */
export async function look(tab: Tab, target: Target): Promise<Found | undefined> {
  for (const path of target.paths) {
    for (const frame of await framesOf(tab, path)) {
      const part = path.parts.at(-1) ?? [];
      const all = frame.locator(selectorText(tab, part));
      const count = await quietly(all.count(), 0);
      if (count === 0) continue;
      const first = count === 1 ? 0 : await quietly(all.evaluateAll(pageFunction<number>('firstVisible')), 0);
      return { frame, locator: all.nth(first), part };
    }
  }
  return undefined;
}

/** Looks again until the element is there. Throws `code` after `seconds`, with the way that got farthest. */
export async function find(
  tab: Tab,
  target: Target,
  context: ActionContext,
  code: string,
  seconds: number = elementSeconds,
): Promise<Found> {
  const deadline = new Deadline(context.host.clock, Math.min(seconds, elementSeconds));
  for (;;) {
    const found = await look(tab, target);
    if (found !== undefined) return found;
    if (deadline.isOver) break;
    await delay(context, lookEvery);
  }
  throw await notFound(tab, target, code);
}

/** The frames that the last part of a path is to be searched in. */
async function framesOf(tab: Tab, path: SelectorPath): Promise<Frame[]> {
  let frames = [tab.page.mainFrame()];
  for (const part of path.parts.slice(0, -1)) frames = await framesIn(tab, frames, part);
  return frames;
}

async function framesIn(
  tab: Tab,
  frames: readonly Frame[],
  part: SelectorPath['parts'][number],
): Promise<Frame[]> {
  const found: Frame[] = [];
  for (const frame of frames) {
    const handles: ElementHandle[] = await quietly(
      frame.locator(selectorText(tab, part)).elementHandles(),
      [],
    );
    for (const handle of handles) {
      const content = await quietly(handle.contentFrame(), null);
      if (content !== null) found.push(content);
    }
  }
  return found;
}

const selectorText = (tab: Tab, part: SelectorPath['parts'][number]): string =>
  `${tab.connection.engine}=${encodeURIComponent(JSON.stringify(part))}`;

/** What a page that is just being replaced cannot answer counts as nothing there. A selector the browser refuses is an error. */
async function quietly<T>(work: Promise<T>, nothing: T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const refused = /'([^']*)' is not a valid selector/.exec((error as Error).message);
    if (refused === null) return nothing;
    throw new ActionError(
      'InvalidArgument',
      `The browser does not accept "${refused[1]}" as a selector.`,
      'Correct the selector.',
      { cause: error },
    );
  }
}

// ── Not found ───────────────────────────────────────────────────────────────────────────────────────────────────

async function notFound(tab: Tab, target: Target, code: string): Promise<ActionError> {
  const tried = [...new Set(target.paths.map(({ text }) => `"${text}"`))].join(', then ');
  const subject = target.paths.some(({ text }) => text === target.name)
    ? 'Nothing'
    : `The UI element "${target.name}"`;
  const reports = await Promise.all(target.paths.map((path) => reached(tab, path)));
  const best = reports.reduce((a, b) => (b.steps > a.steps ? b : a), { steps: -1, text: '' });
  return new ActionError(
    code,
    `${subject} ${subject === 'Nothing' ? `was found for ${tried}` : `was not found by ${tried}`} on ${await tab.description()}.${best.text}`,
    'See whether the page is the right one and shows the element at this point; then capture the element again or correct its selector.',
  );
}

/** How many of its steps a path can be followed, and what stands there. */
async function reached(
  tab: Tab,
  path: SelectorPath,
): Promise<{ readonly steps: number; readonly text: string }> {
  let frames = [tab.page.mainFrame()];
  const followed: Step[] = [];
  for (const [index, part] of path.parts.entries()) {
    const [steps = []] = part;
    for (let count = 1; count <= steps.length; count++) {
      const step = steps[count - 1] as Step;
      let matches = 0;
      for (const frame of frames)
        matches += await quietly(frame.locator(selectorText(tab, [steps.slice(0, count)])).count(), 0);
      if (matches === 0) {
        const inFrame = count === 1 && index > 0 ? ' in that frame' : '';
        return { steps: followed.length, text: gap(followed, step, inFrame) };
      }
      followed.push(step);
    }
    if (index === path.parts.length - 1) break;
    frames = await framesIn(tab, frames, part);
  }
  return { steps: followed.length, text: '' };
}

function gap(followed: readonly Step[], missing: Step, place: string): string {
  if (followed.length === 0) return ` The page has no ${missing.text}.`;
  const signs = { descendant: ' ', child: ' > ', next: ' + ', following: ' ~ ' };
  const way = followed.map((step, index) => (index === 0 ? '' : signs[step.from]) + step.text).join('');
  const relation = { descendant: 'inside', child: 'directly below', next: 'next to', following: 'behind' }[
    missing.from
  ];
  return ` It has ${way}, but no ${missing.text}${place || ` ${relation} it`}.`;
}
