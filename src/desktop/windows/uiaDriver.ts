// Elements by UI Automation. Windows are listed by their handles, so that a program that hangs stops nothing but looks into its own
// windows; each level of a selector is one search with the values that are needed brought along. What a selector matches is decided in
// match.ts.
import { Accessible } from '../../win32/accessible.ts';
import type { Com } from '../../win32/com.ts';
import { failedWith, results } from '../../win32/errors.ts';
import type { Handle } from '../../win32/ffi.ts';
import { propertyIds } from '../../win32/interfaces.ts';
import {
  type Automation,
  Element,
  elementsOf,
  type Pattern,
  type PatternName,
  type PropertyName,
  scopes,
  type Walker,
} from '../../win32/uiAutomation.ts';
import * as windows from '../../win32/windows.ts';
import { controlTypes, firstControlType, tagKey } from '../controls.ts';
import type { ElementChange, ElementFacts, ElementState, ItemFacts, Point, Rectangle } from '../desktop.ts';
import type { Driver } from '../driver.ts';
import { DesktopError } from '../errors.ts';
import type { SelectorLevel } from '../selector.ts';
import { baseClass } from './controls.ts';
import {
  chosenItems,
  disabled,
  noItem,
  readOnly,
  settle,
  spokenOf,
  truth,
  unsupported,
  windowNotFound,
} from './elements.ts';
import { chooseFromMenu, menuKey } from './menus.ts';
import { Searches } from './searches.ts';
import { visibleWindows } from './win32Driver.ts';

/** An element, or a window of which the element is not yet asked for. */
export class UiaNode {
  /** Of a top-level window that was listed; 0 otherwise. */
  readonly handle: Handle;
  /** Values that came along with it. */
  readonly cached: ReadonlySet<PropertyName>;
  element: Element | undefined;

  constructor(element: Element | undefined, handle: Handle, cached: ReadonlySet<PropertyName>) {
    this.element = element;
    this.handle = handle;
    this.cached = cached;
  }
}

const nothingCached: ReadonlySet<PropertyName> = new Set();

/** What selectors and people call properties, by their names in UI Automation. */
const propertiesByName: Readonly<Record<string, PropertyName>> = {
  name: 'name',
  id: 'automationId',
  class: 'className',
  processid: 'processId',
  process: 'processId',
  enabled: 'isEnabled',
  visible: 'isOffscreen',
  password: 'isPassword',
  selected: 'selectionItemIsSelected',
  expanded: 'expandCollapseExpandCollapseState',
  toggled: 'toggleToggleState',
  checked: 'toggleToggleState',
  isdefault: 'legacyIAccessibleState',
  readonly: 'valueIsReadOnly',
  handle: 'nativeWindowHandle',
  type: 'controlType',
  ...Object.fromEntries(Object.keys(propertyIds).map((name) => [name.toLowerCase(), name as PropertyName])),
};

/** How far one walks from an element up to its window. */
const depthLimit = 64;
/** Columns and rows that are read of a table at most: a grid may say it has any number. */
const cellLimit = 200_000;
/** How long a menu may take to open, in ms. */
const menuLimit = 2000;

const itemTypes: ReadonlySet<string> = new Set([
  'list item',
  'tree item',
  'tab item',
  'data item',
  'menu item',
]);

export class UiaDriver implements Driver<UiaNode> {
  readonly kind = 'uia';
  readonly #automation: Automation;
  readonly #processName: (id: number) => string;
  readonly #searches: Searches;
  #walker: Walker | undefined;
  /** Given out, not kept. */
  readonly #loose = new Set<UiaNode>();

  /** `processName`: file name without ending of the program with an id. The driver owns `automation`. */
  constructor(automation: Automation, processName: (id: number) => string) {
    this.#automation = automation;
    this.#processName = processName;
    this.#searches = new Searches(automation);
  }

  windows(): readonly UiaNode[] {
    return visibleWindows().map((handle) => this.#window(handle));
  }

  window(handle: number): UiaNode {
    if (!windows.windowExists(handle)) throw windowNotFound(handle);
    return this.#window(handle);
  }

  below(
    node: UiaNode,
    scope: 'children' | 'all',
    level?: SelectorLevel,
    wanted: 'matching' | 'alike' = 'matching',
  ): readonly UiaNode[] {
    const filter = wanted === 'matching' ? level : undefined;
    const search = this.#searches.of(filter, searchedProperties(filter));
    const { condition, request, properties } = search;
    const all = this.#element(node).findAll(
      scope === 'children' ? scopes.children : scopes.descendants,
      condition,
      request,
    );
    return all.map((element) => this.#give(new UiaNode(element, 0, properties)));
  }

  tags(node: UiaNode): readonly string[] {
    // UI Automation calls some top-level windows panes.
    if (node.handle !== 0) return ['window', 'pane'];
    const type = controlTypes[Number(this.#value(node, 'controlType')) - firstControlType];
    return type === undefined ? ['custom'] : [type];
  }

  key(node: UiaNode): string {
    return this.#element(node).runtimeId.join('.');
  }

  property(node: UiaNode, name: string): string | undefined {
    if (node.handle !== 0) {
      const known = windowProperty(node.handle, name);
      if (known !== undefined) return known;
    }
    switch (name) {
      case 'process':
        return this.#processName(
          node.handle === 0 ? Number(this.#value(node, 'processId')) : windows.ownerOf(node.handle).processId,
        );
      case 'visible':
        return truth(this.#value(node, 'isOffscreen') !== true);
      case 'controltype':
      case 'type':
        return this.tags(node)[0];
      case 'expanded': {
        const state = this.#value(node, 'expandCollapseExpandCollapseState');
        return typeof state === 'number' && state < 3 ? truth(state > 0) : undefined;
      }
      case 'toggled':
      case 'checked': {
        const state = this.#value(node, 'toggleToggleState');
        return typeof state === 'number' ? (['False', 'True', 'Mixed'] as const)[state] : undefined;
      }
      case 'isdefault': {
        const isDefault = 0x100;
        const state = this.#value(node, 'legacyIAccessibleState');
        return typeof state === 'number' ? truth((state & isDefault) !== 0) : undefined;
      }
      case 'value':
      case 'text': {
        const { value, text } = this.state(node);
        return name === 'value' ? value : text;
      }
    }
    const property = propertiesByName[name];
    if (property === undefined) return undefined;
    if (/value$/i.test(property) && this.#value(node, 'isPassword') === true) return undefined;
    return asText(this.#value(node, property));
  }

  facts(node: UiaNode): Omit<ElementFacts, 'ref'> {
    const element = this.#element(node);
    const facts = element.facts();
    const type = node.handle === 0 ? facts.controlType : undefined;
    return {
      driver: 'uia',
      tag: type === undefined ? 'window' : (tagsByType.get(type.toLowerCase()) ?? 'custom'),
      name: facts.name,
      className: facts.className,
      automationId: facts.automationId,
      processId: facts.processId,
      window: node.handle || this.#windowOf(element, facts.nativeWindow),
      rectangle: facts.rectangle,
      isEnabled: facts.isEnabled,
      isOnScreen: !facts.isOffscreen && facts.rectangle.width > 0 && facts.rectangle.height > 0,
      isFocused: facts.hasFocus,
      isPassword: facts.isPassword,
    };
  }

  parent(node: UiaNode): UiaNode | undefined {
    if (node.handle !== 0) return undefined;
    const element = this.#element(node);
    const own = element.nativeWindow;
    if (own !== 0 && !windows.isChild(own)) return undefined;
    const parent = this.#up(element);
    return parent === undefined ? undefined : this.#give(new UiaNode(parent, 0, nothingCached));
  }

  elementAt(place: Point | 'focus'): UiaNode | undefined {
    const element = place === 'focus' ? this.#automation.focused() : this.#automation.fromPoint(place);
    return element === undefined ? undefined : this.#give(new UiaNode(element, 0, nothingCached));
  }

  rectangle(node: UiaNode): Rectangle {
    return this.#element(node).rectangle;
  }

  /** Providers that answer coarsely give something the element is in for a point of it, or a frame or label that takes no clicks. */
  contains(node: UiaNode, other: UiaNode): boolean {
    if (this.#isWithin(other, node) || this.#isWithin(node, other)) return true;
    const passive = ['group', 'text', 'image'].includes(this.tags(other)[0] ?? '');
    return passive && this.facts(other).window === this.facts(node).window;
  }

  state(node: UiaNode): ElementState {
    const element = this.#element(node);
    if (element.isPassword) return { text: '' };
    const value =
      element.withPattern('value', (pattern) => pattern.call('get_CurrentValue')) ??
      element.withPattern('rangeValue', (pattern) => String(pattern.call('get_CurrentValue')));
    const toggle = element.withPattern('toggle', (pattern) => pattern.call('get_CurrentToggleState'));
    const isSelected = element.withPattern('selectionItem', (pattern) =>
      pattern.call('get_CurrentIsSelected'),
    );
    const expanded = element.withPattern('expandCollapse', (pattern) =>
      pattern.call('get_CurrentExpandCollapseState'),
    );
    const leaf = 3;
    return {
      ...(value !== undefined && { value }),
      text: documentText(element) ?? (value === undefined || value === '' ? element.name : value),
      ...(toggle !== undefined && { isOn: toggle === 2 ? 'mixed' : toggle === 1 }),
      ...(isSelected !== undefined && { isSelected }),
      ...(expanded !== undefined && expanded !== leaf && { isExpanded: expanded > 0 }),
    };
  }

  items(node: UiaNode): readonly ItemFacts[] {
    return this.#withItems(node, (items) =>
      items.map((item) => ({
        text: item.name,
        isSelected:
          item.withPattern('selectionItem', (pattern) => pattern.call('get_CurrentIsSelected')) ?? false,
        isEnabled: item.isEnabled,
      })),
    );
  }

  table(node: UiaNode): ReturnType<Driver['table']> {
    const element = this.#element(node);
    const rows = element.withPattern('grid', cellsOf);
    if (rows !== undefined) return { header: headerOf(element), rows };
    return {
      header: undefined,
      rows: this.#withItems(node, (items) => items.map((item) => rowOf(item, this.#searches))),
    };
  }

  change(node: UiaNode, change: ElementChange): void {
    const element = this.#element(node);
    if (change.kind !== 'focus' && change.kind !== 'scrollIntoView' && !element.isEnabled)
      throw disabled(this.#spoken(node));
    const isDone = this.#changeElement(node, element, change);
    if (!isDone) throw unsupported(this.#spoken(node), reasons[change.kind]);
  }

  keep(node: UiaNode): void {
    this.#loose.delete(node);
  }

  sweep(): void {
    for (const node of this.#loose) node.element?.release();
    this.#loose.clear();
  }

  release(node: UiaNode): void {
    node.element?.release();
  }

  dispose(): void {
    this.sweep();
    this.#searches.release();
    this.#walker?.release();
    this.#automation.release();
  }

  // ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────

  #window(handle: Handle): UiaNode {
    return this.#give(new UiaNode(undefined, handle, nothingCached));
  }

  #give(node: UiaNode): UiaNode {
    this.#loose.add(node);
    return node;
  }

  #element(node: UiaNode): Element {
    if (node.element !== undefined) return node.element;
    if (windows.isHung(node.handle)) {
      throw new DesktopError(
        'TargetNotResponding',
        `The window "${windows.titleOf(node.handle)}" does not respond.`,
        'Look at the program: it may be busy, or wait for an answer in a window of its own.',
      );
    }
    node.element = this.#automation.fromWindow(node.handle);
    if (node.element === undefined) throw windowNotFound(node.handle);
    return node.element;
  }

  #value(node: UiaNode, name: PropertyName): unknown {
    const element = this.#element(node);
    return element.property(name, node.cached.has(name));
  }

  #up(element: Element): Element | undefined {
    this.#walker ??= this.#automation.rawWalker();
    return this.#walker.parent(element);
  }

  /** The top-level window that an element is in; 0 when it is in none. */
  #windowOf(element: Element, own: Handle): Handle {
    if (own !== 0) return windows.rootOf(own);
    let found = 0;
    this.#climb(element, (parent) => {
      const handle = parent.nativeWindow;
      if (handle !== 0) found = windows.rootOf(handle);
      return found !== 0;
    });
    return found;
  }

  /** Goes up, the parent first, until `isDone`. */
  #climb(element: Element, isDone: (parent: Element) => boolean): boolean {
    let current: Element | undefined = this.#up(element);
    for (let depth = 0; current !== undefined && depth < depthLimit; depth++) {
      if (isDone(current)) {
        current.release();
        return true;
      }
      const next = this.#up(current);
      current.release();
      current = next;
    }
    current?.release();
    return false;
  }

  #isWithin(inner: UiaNode, outer: UiaNode): boolean {
    const wanted = this.key(outer);
    if (this.key(inner) === wanted) return true;
    return this.#climb(this.#element(inner), (parent) => parent.runtimeId.join('.') === wanted);
  }

  #spoken(node: UiaNode): string {
    return spokenOf(this.tags(node)[0] ?? '', this.property(node, 'name') ?? '');
  }

  /** The items of a list, tree, tab …; a closed drop-down list is opened for that and closed again. */
  #withItems<T>(node: UiaNode, use: (items: readonly Element[]) => T): T {
    const element = this.#element(node);
    let items = this.#itemElements(element);
    const collapsed = 0;
    const isOpened =
      items.length === 0 &&
      (element.withPattern('expandCollapse', (pattern) => {
        if (pattern.call('get_CurrentExpandCollapseState') !== collapsed) return false;
        pattern.call('Expand');
        settle(() => {
          items = this.#itemElements(element);
          return items.length > 0;
        });
        return true;
      }) ??
        false);
    try {
      if (items.length === 0 && !isOpened && !element.has('selection') && !element.has('itemContainer'))
        throw unsupported(this.#spoken(node), 'has no items');
      return use(items);
    } finally {
      for (const item of items) item.release();
      if (isOpened) expand(element, false);
    }
  }

  #itemElements(element: Element): Element[] {
    const { condition, request } = this.#searches.of(undefined, ['controlType']);
    const items: Element[] = [];
    for (const one of element.findAll(scopes.descendants, condition, request)) {
      const type = controlTypes[Number(one.property('controlType', true)) - firstControlType] ?? '';
      if (itemTypes.has(type)) items.push(one);
      else one.release();
    }
    return items;
  }

  // ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────

  /** False when the element has nothing that does it. */
  #changeElement(node: UiaNode, element: Element, change: ElementChange): boolean {
    switch (change.kind) {
      case 'invoke':
        return invoke(element);
      case 'focus':
        element.setFocus();
        return true;
      case 'scrollIntoView':
        return (
          did(element, 'virtualizedItem', (pattern) => pattern.call('Realize')) ||
          did(element, 'scrollItem', (pattern) => pattern.call('ScrollIntoView'))
        );
      case 'setValue':
        return this.#setValue(node, element, change.text);
      case 'toggle':
        return toggle(element, change.isOn);
      case 'select':
        return select(element);
      case 'expand':
      case 'collapse':
        return expand(element, change.kind === 'expand');
      case 'selectItems':
        this.#selectItems(node, change.items, change.isRegularExpression);
        return true;
      case 'menu':
        this.#chooseFromMenu(node, change.path);
        return true;
    }
  }

  #setValue(node: UiaNode, element: Element, text: string): boolean {
    const asValue = element.withPattern('value', (pattern) => {
      if (pattern.call('get_CurrentIsReadOnly')) throw readOnly(this.#spoken(node));
      // Windows' own edits know no other line breaks; the provider hands on what it is given.
      const isWindowsEdit = element.nativeWindow !== 0 && baseClass(element.nativeWindow) === 'edit';
      pattern.call('SetValue', isWindowsEdit ? text.replace(/\r?\n/g, '\r\n') : text);
      return true;
    });
    if (asValue) return true;
    const number = Number(text);
    if (text.trim() !== '' && Number.isFinite(number)) {
      const asNumber = element.withPattern('rangeValue', (pattern) => {
        if (pattern.call('get_CurrentIsReadOnly')) throw readOnly(this.#spoken(node));
        pattern.call('SetValue', number);
        return true;
      });
      if (asNumber) return true;
    }
    return (
      did(element, 'legacyIAccessible', (pattern) => pattern.call('SetValue', text)) ||
      withAccessible(element, (accessible) => {
        accessible.setValue(text);
        return true;
      })
    );
  }

  #selectItems(node: UiaNode, wanted: readonly (string | number)[], isRegularExpression: boolean): void {
    const spoken = this.#spoken(node);
    this.#withItems(node, (items) => {
      const chosen = chosenItems(
        items.map((item) => item.name),
        wanted,
        isRegularExpression,
        spoken,
      ).flatMap((index) => items[index] ?? []);
      const [first, ...others] = chosen;
      const several = this.#element(node).withPattern('selection', (pattern) =>
        pattern.call('get_CurrentCanSelectMultiple'),
      );
      if (others.length > 0 && several !== true) throw unsupported(spoken, 'lets only one item be selected');
      if (first === undefined) {
        for (const item of items) {
          did(item, 'selectionItem', (pattern) => {
            if (pattern.call('get_CurrentIsSelected')) pattern.call('RemoveFromSelection');
          });
        }
      } else if (!select(first) && !invoke(first))
        throw unsupported(spoken, 'has items that cannot be selected');
      for (const item of others) did(item, 'selectionItem', (pattern) => pattern.call('AddToSelection'));
    });
  }

  /** Menus of Windows' own kind without opening them; others item by item. */
  #chooseFromMenu(node: UiaNode, path: readonly string[]): void {
    const handle = this.facts(node).window;
    try {
      chooseFromMenu(handle, path);
      return;
    } catch (error) {
      if (!(error instanceof DesktopError && error.code === 'PatternNotSupported')) throw error;
    }
    let opened: Element | undefined;
    try {
      for (const [depth, text] of path.entries()) {
        const item = this.#menuItem(node, handle, text, opened);
        if (item === undefined) throw noItem('The menu', text);
        opened?.release();
        opened = item;
        const isLast = depth === path.length - 1;
        const isDone = isLast ? invoke(item) : expand(item, true) || invoke(item);
        if (!isDone)
          throw unsupported(`The item "${text}" of the menu`, 'cannot be chosen without the mouse');
      }
    } finally {
      opened?.release();
    }
  }

  /** An item below the one that was opened, or in a menu that popped up elsewhere. */
  #menuItem(node: UiaNode, window: Handle, text: string, opened: Element | undefined): Element | undefined {
    let found: Element | undefined;
    settle(() => {
      const roots = opened === undefined ? [this.#element(node)] : [opened, ...this.#popups(window)];
      try {
        for (const root of roots) {
          for (const item of this.#itemElements(root)) {
            if (found === undefined && menuKey(item.name) === menuKey(text)) found = item;
            else item.release();
          }
          if (found !== undefined) return true;
        }
        return opened === undefined;
      } finally {
        for (const root of roots) if (root !== opened && root !== node.element) root.release();
      }
    }, menuLimit);
    return found;
  }

  /** Windows of the same program in front: menus are windows of their own. */
  #popups(window: Handle): Element[] {
    const { processId } = windows.ownerOf(window);
    return visibleWindows()
      .filter((handle) => handle === window || windows.ownerOf(handle).processId === processId)
      .flatMap((handle) => this.#automation.fromWindow(handle) ?? []);
  }
}

const reasons: Readonly<Record<ElementChange['kind'], string>> = {
  invoke: 'cannot be pressed without the mouse',
  focus: 'does not take the keyboard focus',
  scrollIntoView: 'cannot be scrolled into view',
  setValue: 'has no text that can be set',
  toggle: 'cannot be ticked or unticked',
  select: 'is nothing that can be selected',
  expand: 'cannot be opened',
  collapse: 'cannot be closed',
  selectItems: 'has no items that can be selected',
  menu: 'has no menu',
};

const tagsByType: ReadonlyMap<string, string> = new Map(controlTypes.map((type) => [tagKey(type), type]));

/** Values that the conditions of a level and messages about it need. */
function searchedProperties(level: SelectorLevel | undefined): readonly PropertyName[] {
  const asked = (level?.attributes ?? []).flatMap(({ name }) => propertiesByName[name.toLowerCase()] ?? []);
  return level === undefined
    ? ['controlType', 'name', 'automationId', 'className']
    : [...new Set<PropertyName>(['controlType', ...asked])];
}

/** What a window is known to be without asking its program. */
function windowProperty(handle: Handle, name: string): string | undefined {
  switch (name) {
    case 'name':
      return windows.titleOf(handle);
    case 'class':
      return windows.className(handle);
    case 'enabled':
      return truth(windows.isEnabled(handle));
    case 'visible':
      return truth(windows.isVisible(handle));
    case 'handle':
      return String(handle);
    case 'processid':
      return String(windows.ownerOf(handle).processId);
    default:
      return undefined;
  }
}

function asText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return truth(value);
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** Text of documents and edits that have more than a value; without the final line break that some add. */
function documentText(element: Element): string | undefined {
  return element.withPattern('text', (pattern) => {
    const range = pattern.call('get_DocumentRange');
    if (range === undefined) return undefined;
    try {
      return range.call('GetText', -1);
    } finally {
      range.release();
    }
  });
}

function cellsOf(grid: Com<'IUIAutomationGridPattern'>): string[][] {
  const rows = grid.call('get_CurrentRowCount');
  const columns = grid.call('get_CurrentColumnCount');
  const limited = Math.min(rows, Math.ceil(cellLimit / Math.max(1, columns)));
  return Array.from({ length: limited }, (_, row) =>
    Array.from({ length: columns }, (_, column) => {
      const found = grid.call('GetItem', row, column);
      if (found === undefined) return '';
      const cell = new Element(found);
      try {
        return cell.withPattern('value', (pattern) => pattern.call('get_CurrentValue')) || cell.name;
      } finally {
        cell.release();
      }
    }),
  );
}

function headerOf(element: Element): string[] | undefined {
  const headers = element.withPattern('table', (pattern) => {
    const found = elementsOf(pattern.call('GetCurrentColumnHeaders'));
    const names = found.map((header) => header.name);
    for (const header of found) header.release();
    return names;
  });
  return headers === undefined || headers.length === 0 ? undefined : headers;
}

/** The texts in an item, or its own when there is nothing in it. */
function rowOf(item: Element, searches: Searches): string[] {
  const { condition, request } = searches.of(undefined, ['name']);
  const parts = item.findAll(scopes.children, condition, request);
  try {
    return parts.length === 0 ? [item.name] : parts.map((part) => String(part.property('name', true) ?? ''));
  } finally {
    for (const part of parts) part.release();
  }
}

/** False when the element does not have the pattern. */
function did<P extends PatternName>(element: Element, name: P, use: (pattern: Pattern<P>) => void): boolean {
  const isThere = element.withPattern(name, (pattern) => {
    use(pattern);
    return true;
  });
  return isThere ?? false;
}

function invoke(element: Element): boolean {
  try {
    if (did(element, 'invoke', (pattern) => pattern.call('Invoke'))) return true;
  } catch (error) {
    // Some providers come back only when the dialog that was opened is closed again.
    if (failedWith(error, results.timeout)) return true;
    throw error;
  }
  const hasAction = element.withPattern('legacyIAccessible', (pattern) => {
    if (pattern.call('get_CurrentDefaultAction') === '') return false;
    pattern.call('DoDefaultAction');
    return true;
  });
  if (hasAction) return true;
  return withAccessible(element, (accessible) => {
    if (accessible.defaultAction === '') return false;
    accessible.doDefaultAction();
    return true;
  });
}

function select(element: Element): boolean {
  const takeFocusAndSelection = 3;
  return (
    did(element, 'selectionItem', (pattern) => pattern.call('Select')) ||
    did(element, 'legacyIAccessible', (pattern) => pattern.call('Select', takeFocusAndSelection))
  );
}

function expand(element: Element, isExpanded: boolean): boolean {
  return did(element, 'expandCollapse', (pattern) => pattern.call(isExpanded ? 'Expand' : 'Collapse'));
}

/** A third state may lie between; what does not get there is not changed by toggling. */
function toggle(element: Element, isOn: boolean): boolean {
  const wanted = isOn ? 1 : 0;
  const isThere = element.withPattern('toggle', (pattern) => {
    const state = () => pattern.call('get_CurrentToggleState');
    for (let step = 0; step < 3 && state() !== wanted; step++) {
      const before = state();
      pattern.call('Toggle');
      settle(() => state() !== before);
    }
    return state() === wanted;
  });
  if (isThere !== undefined) return isThere;
  return isOn && did(element, 'selectionItem', (pattern) => pattern.call('Select'));
}

/** The older interface of a control that has a window of its own, for what UI Automation does not offer. */
function withAccessible(element: Element, use: (accessible: Accessible) => boolean): boolean {
  const handle = element.nativeWindow;
  if (handle === 0) return false;
  const accessible = Accessible.fromWindow(handle);
  if (accessible === undefined) return false;
  try {
    return use(accessible);
  } catch (error) {
    if (failedWith(error, results.notImplemented)) return false;
    throw error;
  } finally {
    accessible.release();
  }
}
