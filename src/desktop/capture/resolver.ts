// From a place on the screen to an element as a flow finds it again: its window, the way to it, and selectors that were tried on the spot.
// Asks the Desktop only; when and for what is decided in session.ts.
import type {
  Desktop,
  ElementFacts,
  ElementQuery,
  PartialMatch,
  Point,
  Rectangle,
  WindowFacts,
} from '../desktop.ts';
import type { ElementSelector, SelectorLevel } from '../selector.ts';
import type { CapturedElement, CapturedWindow } from './events.ts';
import {
  capturedLevel,
  joined,
  type Matches,
  type PathPart,
  type Proposal,
  proposeSelectors,
  windowConditions,
} from './selectors.ts';

/** An element that was found. `ref` belongs to whoever asked, who releases it. */
export interface Resolved {
  readonly element: CapturedElement;
  readonly facts: ElementFacts;
  /** From the window inwards, the element last. */
  readonly path: readonly ElementFacts[];
  readonly proposals: readonly Proposal[];
}

/** What a selector finds now. */
export interface Validation {
  readonly count: number;
  readonly found: readonly ElementFacts[];
  readonly partial: readonly PartialMatch[];
}

/** Parts of these belong to what they are in. */
const wholeTags: ReadonlySet<string> = new Set([
  ...['button', 'check box', 'radio button', 'list item', 'tab item', 'menu item', 'tree item'],
  ...['hyperlink', 'split button', 'header item'],
]);
const partTags: ReadonlySet<string> = new Set(['text', 'image']);
const listOfComboClass = 'combolbox';
const menuClass = '#32768';

export class Resolver {
  readonly #desktop: Desktop;
  readonly #signal: AbortSignal;
  /** The drop-down list that was pointed at last: its open list is a window of its own in old programs. */
  #lastDropDown: CapturedElement | undefined;

  constructor(desktop: Desktop, signal: AbortSignal) {
    this.#desktop = desktop;
    this.#signal = signal;
  }

  /** Undefined when nothing is there, or in a window of one of the processes in `ignored`. `limit`: how many selectors are wanted. */
  async at(
    place: Point | 'focus',
    ignored: ReadonlySet<number>,
    limit = 1,
  ): Promise<Resolved | 'ignored' | undefined> {
    const first = await this.#desktop.elementAt(place, this.#signal);
    if (first === undefined) return undefined;
    const hit = typeof place === 'string' ? first : await this.#insideGroup(first, place);
    const chain = await this.#desktop.ancestors(hit.ref, this.#signal);
    const held = [hit.ref, ...chain.map(({ ref }) => ref)];
    try {
      if (ignored.has(hit.processId)) return 'ignored';
      const resolved = await this.#resolve(chain, limit);
      if (resolved === undefined) return undefined;
      const { ref } = resolved.facts;
      held.splice(held.lastIndexOf(ref), 1);
      return resolved;
    } finally {
      this.#desktop.release(held);
    }
  }

  /** The frame of a group may lie over what it surrounds without being its parent: what is meant is in it. */
  async #insideGroup(hit: ElementFacts, place: Point): Promise<ElementFacts> {
    if (hit.tag !== 'group') return hit;
    const [self, parent, ...others] = await this.#desktop.ancestors(hit.ref, this.#signal);
    const near = parent === undefined ? [] : await this.#desktop.below(parent.ref, 2, this.#signal);
    const size = ({ rectangle }: ElementFacts) => rectangle.width * rectangle.height;
    const inside = near
      .filter(
        (one) =>
          one.isOnScreen && one.tag !== 'group' && encloses(one.rectangle, place) && size(one) < size(hit),
      )
      .sort((a, b) => size(a) - size(b))[0];
    const kept = inside ?? hit;
    const all = [hit, self, parent, ...others, ...near];
    this.#desktop.release(all.flatMap((one) => (one === undefined || one === kept ? [] : [one.ref])));
    return kept;
  }

  /** A window as a flow finds it again; undefined when it is gone. */
  async window(
    handle: number,
  ): Promise<{ readonly captured: CapturedWindow; readonly facts: WindowFacts } | undefined> {
    const facts = (await this.#desktop.windows(this.#signal)).find((one) => one.handle === handle);
    if (facts === undefined) return undefined;
    const top = await this.#desktop.elementAt({ window: handle }, this.#signal);
    if (top === undefined) return undefined;
    try {
      return { captured: await this.#captureWindow(facts, top), facts };
    } finally {
      this.#desktop.release([top.ref]);
    }
  }

  /** What a captured element shows; undefined when it is gone or shows nothing. */
  async shown({ window, levels, driver }: CapturedElement): Promise<string | undefined> {
    const selectors = [{ name: '', text: undefined, levels: joined(levels.map(({ used }) => used)) }];
    const protocol = driver === 'win32' ? 'win32' : 'uia3';
    const inside = window.handle;
    const { found } = await this.#desktop.find({ window: [], selectors, inside, protocol }, this.#signal);
    const [first] = found ?? [];
    if (first === undefined) return undefined;
    try {
      return (await this.#desktop.state(first.ref, this.#signal)).value;
    } finally {
      this.#desktop.release((found ?? []).map(({ ref }) => ref));
    }
  }

  /** Tries a selector. Throws `InvalidSelector`. */
  async validate(query: ElementQuery): Promise<Validation> {
    const look = await this.#desktop.find(query, this.#signal);
    if (look.found === undefined) return { count: 0, found: [], partial: look.partial };
    this.#desktop.release(look.found.map(({ ref }) => ref));
    return { count: look.found.length, found: look.found, partial: [] };
  }

  async #resolve(chain: readonly ElementFacts[], limit: number): Promise<Resolved | undefined> {
    const whole = wholeOf(chain);
    const top = whole.at(-1);
    const [facts] = whole;
    if (facts === undefined || top === undefined) return undefined;
    const path = whole.slice(0, -1).reverse();
    const isMenu = facts.tag === 'menu item';
    // The window of an open menu is gone when the menu is.
    const owner =
      isMenu && top.className === menuClass
        ? (await this.#desktop.windows(this.#signal)).find(({ isForeground }) => isForeground)?.handle
        : facts.window;
    const known = owner === undefined ? undefined : await this.#windowOf(owner, top);
    if (known === undefined) return undefined;
    const own = {
      window: known,
      driver: facts.driver,
      tag: facts.tag,
      name: facts.name,
      rectangle: facts.rectangle,
    };
    const base = { ...own, isPassword: facts.isPassword };
    const full = { facts, path: [top, ...path] };
    if (isMenu) {
      const entries = path.filter(({ tag }) => tag === 'menu item');
      const menu = entries.map(({ name }) => name);
      const levels = entries.map((part) => capturedLevel(part, namedLevel(part)));
      return { ...full, element: { ...base, levels, menu }, proposals: [] };
    }
    const combo = path.findIndex(({ tag }) => tag === 'combo box');
    if (facts.tag === 'list item' && combo >= 0) {
      const list = await this.#element(path.slice(0, combo + 1), base, known, 1);
      return {
        ...full,
        element: { ...base, levels: list.element.levels, dropDown: list.element },
        proposals: [],
      };
    }
    const isOpenList = whole.some(({ className }) => className.toLowerCase() === listOfComboClass);
    if (isOpenList && this.#lastDropDown !== undefined) {
      const dropDown = this.#lastDropDown;
      // Some lists do not say which item is where: what was chosen is seen afterwards.
      const name = facts.tag === 'list item' ? facts.name : '';
      const { window, levels } = dropDown;
      return { ...full, element: { ...base, name, window, levels, dropDown }, proposals: [] };
    }
    const { element, proposals } = await this.#element(path, base, known, limit);
    this.#lastDropDown = element.tag === 'combo box' ? element : undefined;
    return { ...full, element, proposals };
  }

  async #element(
    path: readonly ElementFacts[],
    base: Omit<CapturedElement, 'levels'>,
    window: CapturedWindow,
    limit: number,
  ): Promise<{ readonly element: CapturedElement; readonly proposals: readonly Proposal[] }> {
    const target = path.at(-1);
    if (target === undefined) return { element: { ...base, levels: [] }, proposals: [] };
    const proposals = await proposeSelectors(
      path,
      (levels) => this.#match(levels, window.handle, target),
      limit,
    );
    // A way that leads nowhere is better than none: people see it and can change it.
    const used = proposals[0]?.used ?? path.map((part) => namedLevel(part));
    const { tag, name, rectangle, isPassword } = target;
    const levels = path.map((part, index) => capturedLevel(part, used[index]));
    return { element: { ...base, window, tag, name, rectangle, isPassword, levels }, proposals };
  }

  async #match(levels: readonly SelectorLevel[], window: number, target: ElementFacts): Promise<Matches> {
    const selectors: ElementSelector[] = [{ name: '', text: undefined, levels }];
    const protocol = target.driver === 'win32' ? 'win32' : 'uia3';
    const { found } = await this.#desktop.find(
      { window: [], selectors, inside: window, protocol },
      this.#signal,
    );
    if (found === undefined) return { count: 0, position: undefined };
    this.#desktop.release(found.map(({ ref }) => ref));
    const position = found.findIndex((one) => isOne(one, target));
    return { count: found.length, position: position < 0 ? undefined : position };
  }

  async #windowOf(handle: number, top: ElementFacts): Promise<CapturedWindow | undefined> {
    const facts = (await this.#desktop.windows(this.#signal)).find((one) => one.handle === handle);
    return facts === undefined ? undefined : this.#captureWindow(facts, top);
  }

  async #captureWindow(facts: WindowFacts, top: ElementFacts): Promise<CapturedWindow> {
    const { handle, title, process, className } = facts;
    const isTop = top.window === handle && top.tag !== 'menu';
    const part: PathPart = { tag: isTop ? top.tag : 'window', name: title, className, automationId: '' };
    const attributes = windowConditions(title, process, className);
    const level: SelectorLevel = { element: part.tag, isDirect: false, attributes, ordinal: undefined };
    const classed = className === '' ? [] : [{ name: 'Class', operator: 'EqualTo', value: className }];
    const hasClass = attributes.some(({ name }) => name === 'Class');
    let used = level;
    for (const one of hasClass ? [level] : [level, { ...level, attributes: [...attributes, ...classed] }]) {
      const selectors = [{ name: '', text: undefined, levels: [one] }];
      const look = await this.#desktop.find({ window: selectors, selectors: [] }, this.#signal);
      const found = look.found ?? [];
      this.#desktop.release(found.map(({ ref }) => ref));
      used = one;
      if (found.length === 1) break;
      const position = found.findIndex(({ window }) => window === handle);
      if (position > 0) used = { ...one, ordinal: String(position) };
    }
    return { handle, title, process, levels: [capturedLevel(part, used, process)] };
  }
}

/** The chain from the element on that a person means who points at its first part. */
function wholeOf(chain: readonly ElementFacts[]): readonly ElementFacts[] {
  const [first, parent] = chain;
  if (first === undefined || parent === undefined) return chain;
  if (partTags.has(first.tag) && wholeTags.has(parent.tag)) return chain.slice(1);
  if (first.tag === 'button' && parent.tag === 'combo box') return chain.slice(1);
  return chain;
}

const encloses = ({ x, y, width, height }: Rectangle, point: Point): boolean =>
  point.x >= x && point.y >= y && point.x < x + width && point.y < y + height;

const namedLevel = (part: PathPart): SelectorLevel => ({
  element: part.tag,
  isDirect: false,
  attributes: part.name === '' ? [] : [{ name: 'Name', operator: 'EqualTo', value: part.name }],
  ordinal: undefined,
});

/** Nothing else has all of this in common. */
function isOne(one: ElementFacts, other: ElementFacts): boolean {
  const [a, b] = [one.rectangle, other.rectangle];
  return (
    one.tag === other.tag &&
    one.name === other.name &&
    one.className === other.className &&
    one.automationId === other.automationId &&
    a.x === b.x &&
    a.y === b.y &&
    a.width === b.width &&
    a.height === b.height
  );
}
